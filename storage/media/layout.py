"""What writing and reading agree on: time scale, the boxes of our own, instants as NTP timestamps, sample flags.

Nothing here touches a file.
"""

from __future__ import annotations

import math
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.evidence import Cause
from domain.timeline import MICROSECOND
from storage.media.errors import BrokenFile

TIMESCALE = 90_000  # ticks a second: RTP's clock for both codecs (RFC 6184, RFC 7798), so no time stamp is rounded
TRACK = 1
SOUND_TRACK = 2

# ISO/IEC 14496-12 8.8.3.1: sample_depends_on in bits 24-25, sample_is_non_sync_sample in bit 16
SYNC_SAMPLE = 0x0200_0000
NON_SYNC_SAMPLE = 0x0101_0000
NON_SYNC_BIT = 0x0001_0000

DEFAULT_BASE_IS_MOOF = 0x02_0000  # tfhd, 8.8.7.1
TRUN_FIELDS = 0x00_0F01  # 8.8.8.1: data offset; for each sample duration, size, flags and composition offset
TRUN_SAMPLE = struct.Struct(">IIIi")

SOUND_RUN_FIELDS = 0x00_0301  # 8.8.8.1: data offset; for each sample duration and size
SOUND_RUN_SAMPLE = struct.Struct(">II")

PRFT = struct.Struct(">IIIIQ")  # version and flags, track, NTP seconds, NTP fraction, media time (64 bits: version 1)
PRFT_VERSION_AND_FLAGS = 1 << 24 | 24  # 8.16.5: 24 = the time stamp is the instant of capture, consistently so

LEDGER_UUID = uuid.UUID("7f0c5b0e-52a5-4c7e-9d0b-6b616f6a6961").bytes
_LEDGER = struct.Struct(">IQdd")  # version and flags, lost packets, delay (s), clock offset (s)
_LEDGER_VERSION = 1
_HAS_CLOCK_OFFSET = 1

MISSING_UUID = uuid.UUID("1d4d2a0c-6a3f-4f5b-8f0e-6b616f6a6961").bytes
_MISSING_HEAD = struct.pack(">I", 1 << 24)  # version and flags
_MISSING = struct.Struct(">HHIIII")  # cause, whether it lasts; start and end, each as NTP seconds and fraction
_CAUSES = {1: Cause.PACKET_LOSS, 2: Cause.NO_DATA}
_CODES = {cause: code for code, cause in _CAUSES.items()}

SOUND_UUID = uuid.UUID("3c5f8e12-90ab-4a7d-8c3e-6b616f6a6961").bytes
_SOUND = struct.Struct(">IQQ")  # version and flags, kept (microseconds), lost packets

_ERA = datetime(1900, 1, 1, tzinfo=UTC)  # RFC 5905 6: NTP's era 0
_ERA_SECONDS = 2**32
_HALF_ERA = 2**31


@dataclass(frozen=True, slots=True)
class Ledger:
    """What went wrong on the way from the camera, cumulative within the file up to and with its fragment.

    ``lost_packets`` counts RTP packets missing by sequence number; ``delayed_s`` is how late the most delayed
    frame arrived; ``clock_offset_s`` is camera minus host, None where the camera tells no time.
    """

    lost_packets: int
    delayed_s: float
    clock_offset_s: float | None


def pack_ledger(ledger: Ledger) -> bytes:
    """Payload of the ledger's ``uuid`` box, after the 16 bytes of LEDGER_UUID. Raises ValueError."""
    offset = ledger.clock_offset_s
    numbers = (ledger.delayed_s, 0.0 if offset is None else offset)
    if not 0 <= ledger.lost_packets < 2**64 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"a ledger that cannot be written: {ledger}")
    flags = 0 if offset is None else _HAS_CLOCK_OFFSET
    return _LEDGER.pack(_LEDGER_VERSION << 24 | flags, ledger.lost_packets, *numbers)


def unpack_ledger(payload: bytes) -> Ledger | None:
    """The ledger of a payload, or None for a version of the future. Raises BrokenFile."""
    if len(payload) < 4:
        raise BrokenFile("a ledger box without version")
    if payload[0] != _LEDGER_VERSION:
        return None
    if len(payload) != _LEDGER.size:
        raise BrokenFile(f"a ledger of {len(payload)} bytes")
    head, lost, delayed, offset = _LEDGER.unpack(payload)
    if not math.isfinite(delayed) or not math.isfinite(offset):
        raise BrokenFile("a ledger with a number that is none")
    return Ledger(lost, delayed, offset if head & _HAS_CLOCK_OFFSET else None)


@dataclass(frozen=True, slots=True)
class Missing:
    """A span of a file's time that its pictures do not show, on the host's clock, with its cause.

    ``end`` is None while it lasts: up to the end of the fragment that tells it, and beyond.
    """

    start: datetime
    end: datetime | None
    cause: Cause


def pack_missing(missing: Sequence[Missing]) -> bytes:
    """Payload of the ``uuid`` box of what is missing, after the 16 bytes of MISSING_UUID. Raises ValueError."""
    entries = [_MISSING_HEAD]
    for each in missing:
        if each.cause not in _CODES or (each.end is not None and each.end <= each.start):
            raise ValueError(f"missing time that cannot be written: {each}")
        end = (0, 0) if each.end is None else to_ntp(each.end)
        entries.append(_MISSING.pack(_CODES[each.cause], each.end is None, *to_ntp(each.start), *end))
    return b"".join(entries)


def unpack_missing(payload: bytes) -> tuple[Missing, ...]:
    """The inverse of ``pack_missing``. Raises BrokenFile, also for what a later version wrote: to leave it out would
    be to call covered what is not."""
    head, entries = payload[: len(_MISSING_HEAD)], payload[len(_MISSING_HEAD) :]
    if head != _MISSING_HEAD or len(entries) % _MISSING.size:
        raise BrokenFile("a box of missing time that this version cannot read")
    return tuple(_missing(*entry) for entry in _MISSING.iter_unpack(entries))


def _missing(code: int, lasts: int, *stamps: int) -> Missing:
    start, end = from_ntp(*stamps[:2]), from_ntp(*stamps[2:])
    if code not in _CAUSES or lasts not in (0, 1) or not (lasts or start < end):
        raise BrokenFile(f"missing time of cause {code} from {start} to {end}")
    return Missing(start, None if lasts else end, _CAUSES[code])


@dataclass(frozen=True, slots=True)
class SoundLedger:
    """What there is of the sound, cumulative within the file up to and with its fragment.

    ``kept`` is how long the sound in it lasts; what that is less than the file's pictures, it lacks.
    ``lost_packets`` counts RTP packets of the sound missing by sequence number.
    """

    kept: timedelta
    lost_packets: int


def pack_sound_ledger(ledger: SoundLedger) -> bytes:
    """Payload of the sound's ``uuid`` box, after the 16 bytes of SOUND_UUID. Raises ValueError."""
    kept = ledger.kept // MICROSECOND
    if not 0 <= kept < 2**64 or not 0 <= ledger.lost_packets < 2**64:
        raise ValueError(f"a ledger of sound that cannot be written: {ledger}")
    return _SOUND.pack(1 << 24, kept, ledger.lost_packets)


def unpack_sound_ledger(payload: bytes) -> SoundLedger:
    """The inverse of ``pack_sound_ledger``. Raises BrokenFile."""
    if len(payload) != _SOUND.size or payload[:4] != bytes((1, 0, 0, 0)):
        raise BrokenFile("a box about sound that this version cannot read")
    _, kept, lost = _SOUND.unpack(payload)
    try:
        return SoundLedger(timedelta(microseconds=kept), lost)
    except OverflowError:
        raise BrokenFile(f"sound of {kept} microseconds") from None


def to_ntp(instant: datetime) -> tuple[int, int]:
    """Seconds and 2^-32 fractions of an aware instant from 1968 to 2104 (RFC 5905 6). Raises ValueError."""
    if instant.tzinfo is None:
        raise ValueError("an instant without time zone")
    microseconds = (instant - _ERA) // MICROSECOND
    seconds, rest = divmod(microseconds, 1_000_000)
    if not _HALF_ERA <= seconds < _HALF_ERA + _ERA_SECONDS:
        raise ValueError(f"{instant} cannot be told as an NTP timestamp")
    return seconds % _ERA_SECONDS, ((rest << 32) + 500_000) // 1_000_000


def from_ntp(seconds: int, fraction: int) -> datetime:
    """The inverse of ``to_ntp``, exact to the microsecond; small seconds lie after 2036 (RFC 4330 3)."""
    if seconds < _HALF_ERA:
        seconds += _ERA_SECONDS
    return _ERA + timedelta(seconds=seconds, microseconds=(fraction * 1_000_000 + _HALF_ERA) >> 32)


def ticks_to_time(ticks: int) -> timedelta:
    """A number of ticks as time, to the nearest microsecond."""
    return timedelta(microseconds=(ticks * 200 + 9) // 18)
