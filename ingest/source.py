"""What a camera connection gives the recorder, whatever engine speaks to the camera.

A Source is opened once per run and yields access units in decoding order until the connection ends, which it
always tells by an exception of the tree below. It never reconnects and never touches disk or database.

    SourceError
    ├── CameraUnreachable   no TCP connection, or no answer in time
    ├── CameraRefused       the camera answered and said no (401, 403, 404, 453 ...)
    ├── UnsupportedStream   no video track that can be recorded (the message names what was offered)
    ├── ConnectionLost      an established stream was closed by the camera or the network
    └── NoPicture           the connection stands but no access unit came within the limit
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from storage.media import SoundFormat, VideoFormat


class SourceError(Exception):
    """Base of all endings of a source. The message is one line for people, without credentials."""


class CameraUnreachable(SourceError):
    """No connection could be made."""


class CameraRefused(SourceError):
    """The camera answered and refused: wrong password, unknown path, too many sessions."""


class UnsupportedStream(SourceError):
    """The camera offers nothing this engine can record."""


class ConnectionLost(SourceError):
    """An established connection ended."""


class NoPicture(SourceError):
    """The connection stands, but no picture came within the limit."""


@dataclass(frozen=True, slots=True)
class SoundFrame:
    """One frame of AAC or the samples of one packet of G.711.

    ``time`` counts samples (RTP ticks), unwrapped, from an origin of the run that is not that of the pictures;
    ``duration`` is in the same. ``arrived`` and ``camera_time`` are as those of an AccessUnit.
    """

    data: bytes
    time: int
    duration: int
    arrived: datetime
    arrived_monotonic: float
    camera_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The sound that came since the unit before, in order. It may be less than there was; nothing waits for it."""

    format: SoundFormat
    frames: tuple[SoundFrame, ...] = ()
    lost_packets: int = 0


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture as it came off the wire (H.264, H.265 or JPEG), before any decision about it.

    ``nals`` are NAL units without start codes or length prefixes, in order, parameter sets included where the
    camera sent them in band; units whose bytes are incomplete are left out and ``damaged`` is set. A JPEG
    picture is one unit.
    ``rtp_time`` counts 90 kHz ticks, unwrapped to 64 bits, from an arbitrary origin of the run, and says when the
    picture is shown (RFC 6184 5.1, RFC 7798 4.1): where pictures are coded in another order it goes up and down.
    ``arrived``/``arrived_monotonic`` are the host's wall clock (UTC) and monotonic clock (s) when the unit's last
    packet was read. ``lost_packets`` counts RTP packets missing by sequence number since the previous unit was
    yielded, inside this unit or before it. ``camera_time`` is the camera's own clock for this picture by its
    latest RTCP sender report (RFC 3550 6.4.1), None before the first report. ``keyless_s`` stands on the first unit
    of a connection only: for how long the camera had sent pictures by then that nothing can be made of, without a
    key frame. So does ``earlier``, the latest of them as (rtp_time, arrived_monotonic): they tell when pictures are
    taken.

    ``heard`` is None without sound to record, which is the rule; where there is some, the first unit of a connection
    has it, be it without frames.

    What an engine cannot know it does not guess: with libav ``lost_packets`` is 0, and ``damaged`` only what libav
    marks.
    """

    nals: tuple[bytes, ...]
    key: bool
    rtp_time: int
    arrived: datetime
    arrived_monotonic: float
    format: VideoFormat
    lost_packets: int = 0
    damaged: bool = False
    camera_time: datetime | None = None
    keyless_s: float = 0.0
    earlier: tuple[tuple[int, float], ...] = ()
    heard: Heard | None = None


MOST_EARLIER = 128
"""Pictures before the first unit that ``earlier`` tells of: some seconds of any camera."""


class Source(Protocol):
    """One connection to one camera."""

    def units(self) -> AsyncGenerator[AccessUnit, None]:
        """Connect and yield access units from the first key frame on.

        Ends only by raising a SourceError, or by the generator being closed, which tears the session down.
        """
