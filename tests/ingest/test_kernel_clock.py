"""The kernel's account of its clock, from kernels of all kinds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.host_clock import NtpState
from ingest.kernel_clock import Timex, kernel_clock

UNSYNC, NANO = 0x0040, 0x2000


def kernel(returns: int, **said: int) -> Callable[[Timex], int]:
    """A kernel that says this; it refuses to be set."""

    def adjtimex(timex: Timex) -> int:
        assert timex.modes == 0
        for name, value in said.items():
            setattr(timex, name, value)
        return returns

    return adjtimex


def test_a_clock_that_a_daemon_keeps_is_told_in_seconds_host_minus_reference() -> None:
    said = kernel_clock(kernel(0, offset=1500, maxerror=31_000, esterror=250))
    assert said == NtpState(-0.0015, 0.031, 0.00025, unsynchronised_flag=False)


def test_a_kernel_that_counts_nanoseconds_means_the_same() -> None:
    said = kernel_clock(kernel(0, offset=-1_500_000, maxerror=31_000, status=NANO))
    assert said is not None
    assert said.offset_s == pytest.approx(0.0015)


def test_a_clock_that_nobody_keeps_is_told_with_its_bound_and_its_flag() -> None:
    said = kernel_clock(kernel(5, maxerror=16_000_000, esterror=16_000_000, status=UNSYNC))
    assert said == NtpState(0.0, 16.0, 16.0, unsynchronised_flag=True)


def test_a_kernel_that_refuses_or_has_no_such_call_says_nothing() -> None:
    def missing(_: Timex) -> int:
        raise AttributeError("adjtimex")

    assert kernel_clock(kernel(-1)) is None
    assert kernel_clock(missing) is None


def test_this_very_kernel_is_asked_without_rights_and_left_as_it_was() -> None:
    said, again = kernel_clock(), kernel_clock()
    assert said is not None
    assert again is not None
    assert said.max_error_s >= 0
    assert said.unsynchronised_flag == again.unsynchronised_flag
