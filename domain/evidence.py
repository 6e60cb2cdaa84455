"""What the recorder saw and what became of it: runs, segments, copies, outages, observations, coverage.

These are statements of fact with a time, never opinions; what a clause makes of them is ``domain.law``.
The rules by which causes are ranked and coverage is computed are in docs/time.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.timeline import Interval, IntervalSet


class Cause(StrEnum):
    """Why a second of a camera is not covered. A closed list; the order is the rank (docs/time.md).

    The rank answers: if several cameras that see a station fail for different causes, which one do we name?
    What people took away comes first, since nothing may hide it; then what the recorder itself failed at, before a
    camera or a cable; ``unexplained`` last.
    """

    WITHHELD = "withheld"
    DISK_FULL = "disk_full"
    RECORDER_STOPPED = "recorder_stopped"
    CLOCK_STEP = "clock_step"
    OVERFLOW = "overflow"
    SEGMENT_MISSING = "segment_missing"
    SEGMENT_DAMAGED = "segment_damaged"
    CAMERA_DISCONNECTED = "camera_disconnected"
    NO_DATA = "no_data"
    PACKET_LOSS = "packet_loss"
    NO_CAMERA = "no_camera"
    UNEXPLAINED = "unexplained"

    @property
    def rank(self) -> int:
        """0 is named first."""
        return list(Cause).index(self)

    @property
    def zh(self) -> str:
        """Its word on pages and papers and in findings."""
        return _CAUSE_WORDS[self][0]

    @property
    def en(self) -> str:
        """Its word in English, in lower case, as it stands within a sentence."""
        return _CAUSE_WORDS[self][1]


_CAUSE_WORDS = {
    Cause.WITHHELD: ("误摄扣留", "withheld as a no-filming area"),
    Cause.DISK_FULL: ("磁盘已满", "disk full"),
    Cause.RECORDER_STOPPED: ("录像服务未运行", "recorder not running"),
    Cause.CLOCK_STEP: ("主机时钟跳变", "host clock stepped"),
    Cause.OVERFLOW: ("写入不及", "could not be written in time"),
    Cause.SEGMENT_MISSING: ("录像文件缺失", "file missing"),
    Cause.SEGMENT_DAMAGED: ("录像文件损坏", "file damaged"),
    Cause.CAMERA_DISCONNECTED: ("摄像机断线", "camera disconnected"),
    Cause.NO_DATA: ("有连接无画面", "connected, no picture"),
    Cause.PACKET_LOSS: ("网络丢包", "packet loss"),
    Cause.NO_CAMERA: ("无摄像机", "no camera"),
    Cause.UNEXPLAINED: ("原因不明", "unexplained"),
}


class EndReason(StrEnum):
    """Why a run of a camera ended."""

    NOT_NEEDED = "not_needed"  # no sitting needs the camera any more
    CAMERA_DISCONNECTED = "camera_disconnected"  # the camera or the network closed the connection
    NO_DATA = "no_data"  # the connection stood, no picture came
    RECORDER_STOPPED = "recorder_stopped"  # the recorder was stopped in order
    RECORDER_KILLED = "recorder_killed"  # found open at the next start: the recorder had died
    CLOCK_STEP = "clock_step"  # the host's wall clock jumped
    FORMAT_CHANGED = "format_changed"  # resolution or parameter sets changed in a way a run cannot span
    DISK_FULL = "disk_full"
    OVERFLOW = "overflow"  # frames came faster than they could be written


@dataclass(frozen=True, slots=True)
class Run:
    """One unbroken connection of a camera, as one recorder process saw it. ``ended`` is None while it lasts."""

    id: str
    camera: str
    recorder: str
    started: datetime  # instant of the first recorded frame
    ended: datetime | None = None  # end of the last recorded frame (start plus its duration), never a file time
    end_reason: EndReason | None = None


@dataclass(frozen=True, slots=True)
class Recorder:
    """One life of a recorder process; ``seen`` is its last heartbeat, ``ended`` is set by an orderly stop.

    ``host`` is the name it goes by in every life: that of its host, or the one that its settings give it where
    several recorders record the same cameras. Lives of one name are one chain of evidence (docs/time.md).

    ``reads_clock`` says that it writes readings of its host's clock (``domain.host_clock``), so that one which is
    missing means something; older versions wrote none.
    """

    id: str
    host: str
    started: datetime
    seen: datetime
    ended: datetime | None = None
    reads_clock: bool = False


TRIALS = "_trials"
"""Stands in a key, and in a segment, where others name their batch. It is the id of none: ids begin otherwise."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One immutable, closed and synced fMP4 file of one camera. ``key`` is its only name, everywhere.

    ``key`` is ``site/batch/camera/<instant of the first frame, UTC, microseconds>.mp4``, with ``-<name>`` before the
    dot where the recorder was given a name; ``interval`` runs from the first frame to the end of the last one on the
    host's clock, and may have holes, which are Outages.
    """

    key: str
    camera: str
    batch: str
    run: str
    interval: Interval
    frames: int
    size_bytes: int
    sha256: str  # hex
    init_size_bytes: int  # length of ftyp + moov at the file's head
    codec: str  # RFC 6381, for example avc1.42c01f
    width: int
    height: int
    lost_packets: int  # RTP packets missing by sequence number (RFC 3550 6.4.1), within this segment
    delayed_s: float  # how late the most delayed frame arrived, against the least delayed of its run
    clock_offset_s: float | None  # camera minus host by RTCP sender reports; None: the camera tells no time

    @property
    def is_trial(self) -> bool:
        """Whether it was recorded for a trial 试录: never stored under a lock, never evidence of an exam."""
        return self.batch == TRIALS


class Place(StrEnum):
    """The kind of place a copy lies in."""

    SPOOL = "spool"  # a folder on a disk of the recorder
    S3 = "s3"  # an S3-compatible object store


@dataclass(frozen=True, slots=True)
class SpoolName:
    """Which spool: the folder that it lies in, and the id that its marker holds. Of two hosts only the ids differ."""

    root: str
    id: str


@dataclass(frozen=True, slots=True)
class Copy:
    """One place where a segment's bytes lie, written only after they were read back and compared.

    ``removed`` is the tombstone: rows are never deleted. For S3, ``version_id`` and ``locked_until`` are what the
    server answered when asked, not what was sent.

    ``device`` is what fails as one: for a spool ``host:major:minor`` of the device that its folder lies on, as the
    kernel numbers it (st_dev), for S3 the endpoint. Equal devices are one device whatever their targets; ``""`` is
    unknown, in rows that were written before anybody asked, and must not be counted as another one.

    ``spool`` is the id of the spool that it lies in, since two hosts may have one at the same path; ``""`` is unknown
    in the same way, and for S3.
    """

    segment: str  # Segment.key
    place: Place
    target: str  # spool: absolute root folder; S3: bucket name
    verified: datetime
    size_bytes: int
    sha256: str
    version_id: str | None = None
    locked_until: datetime | None = None
    removed: datetime | None = None
    device: str = ""
    spool: str = ""


REREAD_AFTER = timedelta(days=1)
"""A copy is first read again so long after it was stored: what was read back at once may have come from a cache."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A span in which a wanted camera gave a recorder nothing usable, with its cause. ``end`` is None while it lasts.

    ``recorder`` is the life that saw it (Recorder.id), None in rows from when nobody wrote it down: they take away
    the camera's footage whoever recorded it.
    """

    id: str
    camera: str
    start: datetime
    end: datetime | None
    cause: Cause
    detail: str = ""  # one sentence for people, no credentials
    recorder: str | None = None

    def interval(self, now: datetime) -> Interval | None:
        """The span up to its end, or up to ``now`` while it lasts; None when nothing has passed yet."""
        end = self.end if self.end is not None else now
        return Interval(self.start, end) if end > self.start else None


class CameraState(StrEnum):
    """How it stands between a recorder and a camera that it wants."""

    CONNECTING = "connecting"
    LIVE = "live"  # pictures come and are kept
    STALLED = "stalled"  # the connection stands, no picture comes
    LOST = "lost"  # no connection
    REFUSED = "refused"  # the camera says no, or offers nothing that can be recorded

    @property
    def zh(self) -> str:
        """Its word on pages."""
        return _STATE_WORDS[self]


_STATE_WORDS = {
    CameraState.CONNECTING: "连接中",
    CameraState.LIVE: "正常",
    CameraState.STALLED: "无画面",
    CameraState.LOST: "断线",
    CameraState.REFUSED: "被拒绝",
}


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """A camera came into a state. ``changes`` counts all since its last event: several where it changes too often.

    ``dark_s`` is set on a return to pictures: for how many seconds there had been none.
    """

    id: str
    camera: str
    recorder: str
    at: datetime
    state: CameraState
    detail: str = ""  # one sentence for people, no credentials
    changes: int = 1
    dark_s: float | None = None


class SegmentState(StrEnum):
    """What opening and decoding a segment showed."""

    OK = "ok"
    MISSING = "missing"  # no copy answers with the right bytes because none is there
    DAMAGED = "damaged"  # bytes differ from the hash, or do not decode


@dataclass(frozen=True, slots=True)
class Observation:
    """The result of opening one segment and decoding every frame of it.

    ``bad`` holds the spans that do not decode; for DAMAGED and MISSING without finer knowledge it is the whole
    segment. A later observation of the same segment replaces an earlier one in every judgement.
    """

    segment: str
    made: datetime
    state: SegmentState
    frames_decoded: int
    bad: tuple[Interval, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LostCopy:
    """A copy that was stored once and was not there, or with other bytes, when it was read again.

    ``state`` is MISSING or DAMAGED. Its row has a tombstone from then on, so that who keeps copies makes another one.
    """

    copy: Copy
    at: datetime
    state: SegmentState


@dataclass(frozen=True, slots=True)
class CameraCause:
    """Why one camera did not cover a gap."""

    camera: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class RecorderCause:
    """Why one of a camera's recorders did not cover a gap; ``recorder`` is its name (Recorder.host)."""

    recorder: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Gap:
    """A span of a window without usable footage.

    ``cameras`` is empty on a camera's own gap, ``recorders`` on a station's, and on one of a camera that a single
    recorder recorded.
    """

    interval: Interval
    cause: Cause
    cameras: tuple[CameraCause, ...] = ()
    recorders: tuple[RecorderCause, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """A partition of ``window`` into covered time and gaps with causes.

    Invariant (checked on construction): covered and gaps are disjoint and together are exactly the window.
    """

    window: Interval
    covered: IntervalSet
    gaps: tuple[Gap, ...] = field(default=())

    def __post_init__(self) -> None:
        holes = IntervalSet(gap.interval for gap in self.gaps)
        total = sum((gap.interval.end - gap.interval.start for gap in self.gaps), self.covered.length)
        whole = IntervalSet([self.window])
        if (self.covered | holes) != whole or total != whole.length:
            raise ValueError("coverage must be a partition of its window: covered and gaps overlap or leave a hole")
