"""What the kernel says of its own clock, by adjtimex(2). Reads only: nothing here can set a clock."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

from domain.host_clock import NtpState

_STA_UNSYNC = 0x0040  # <sys/timex.h>
_STA_NANO = 0x2000  # the offset is in nanoseconds, not microseconds


class Timex(ctypes.Structure):
    """``struct timex`` of <sys/timex.h>, as far as it is read here; the rest is room for what the kernel writes."""

    _fields_ = (
        ("modes", ctypes.c_uint),  # 0: set nothing
        ("offset", ctypes.c_long),  # what the kernel still adds to its clock
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # µs
        ("esterror", ctypes.c_long),  # µs
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def kernel_clock(adjtimex: Callable[[Timex], int] | None = None) -> NtpState | None:
    """The kernel's account of its clock; needs no rights. None where it cannot be asked."""
    timex = Timex()
    try:
        state = (adjtimex or _adjtimex)(timex)
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    unit_s = 1e-9 if timex.status & _STA_NANO else 1e-6
    return NtpState(
        offset_s=-timex.offset * unit_s,
        max_error_s=timex.maxerror / 1e6,
        estimated_error_s=timex.esterror / 1e6,
        unsynchronised_flag=bool(timex.status & _STA_UNSYNC),
    )


def _adjtimex(timex: Timex) -> int:
    if not sys.platform.startswith("linux"):
        raise OSError("adjtimex is a call of Linux")
    return int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex)))
