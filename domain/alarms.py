"""What is told to programs of others: that something went wrong that somebody must look after, and that it is over;
and what people put on record, for systems that go on from there. Both are kept and sent in one way, as alarms.

Not here: when that is so (``records.losses``, ``records.lookout``, ``records.following``) and how it is sent
(``records.webhooks``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What went wrong, or was put on record. A closed list."""

    CAMERA_LOST = "camera_lost"
    NVR_LOST = "nvr_lost"  # all wanted cameras of a video recorder of the site at once
    RECORDER_LOST = "recorder_lost"
    SPOOL_LOW = "spool_low"
    SPOOL_FULL = "spool_full"
    SECOND_COPY_BEHIND = "second_copy_behind"
    CLOCK_UNSYNCHRONISED = "clock_unsynchronised"
    PICTURE_FAULT = "picture_fault"  # what a camera records now shows nothing, or not what it should
    VIEW_OBSTRUCTED = "view_obstructed"  # something stands before a station
    FOOTAGE_WITHHELD = "footage_withheld"  # as that of a no-filming area; both sides have not decided yet
    BREAK_GLASS = "break_glass"  # told to every receiver, whatever it wants to hear of

    ROSTER_APPROVED = "roster_approved"
    SITTING_OPENED = "sitting_opened"
    SITTING_CLOSED = "sitting_closed"
    SCORE_CHANGED = "score_changed"  # given, handed in, signed, or changed
    EXIT_TAKEN = "exit_taken"
    EXIT_CONFIRMED = "exit_confirmed"
    CERTIFICATE_DECIDED = "certificate_decided"

    @property
    def zh(self) -> str:
        """Its word in Chinese."""
        return _KINDS[self][0]

    @property
    def en(self) -> str:
        """Its word in English."""
        return _KINDS[self][1]


_KINDS = {
    Kind.CAMERA_LOST: ("摄像机失联", "camera lost"),
    Kind.NVR_LOST: ("硬盘录像机失联", "NVR lost"),
    Kind.RECORDER_LOST: ("录像服务停止", "recorder lost"),
    Kind.SPOOL_LOW: ("暂存盘空间不足", "spool nearly full"),
    Kind.SPOOL_FULL: ("暂存盘已满", "spool full"),
    Kind.SECOND_COPY_BEHIND: ("第二份录像滞后", "second copies behind"),
    Kind.CLOCK_UNSYNCHRONISED: ("主机时钟未同步", "host clock unsynchronised"),
    Kind.PICTURE_FAULT: ("画面异常", "picture fault"),
    Kind.VIEW_OBSTRUCTED: ("工位被遮挡", "station obstructed"),
    Kind.FOOTAGE_WITHHELD: ("录像误摄扣留待认定", "footage withheld, to be decided on"),
    Kind.BREAK_GLASS: ("紧急进入", "glass broken"),
    Kind.ROSTER_APPROVED: ("名册已反馈", "roster approved"),
    Kind.SITTING_OPENED: ("场次已开考", "sitting opened"),
    Kind.SITTING_CLOSED: ("场次已结束", "sitting closed"),
    Kind.SCORE_CHANGED: ("成绩有变动", "score given or changed"),
    Kind.EXIT_TAKEN: ("已提出认定", "exit taken"),
    Kind.EXIT_CONFIRMED: ("认定已复核", "exit confirmed"),
    Kind.CERTIFICATE_DECIDED: ("制证已决定", "certificate decided"),
}

RECORDS = frozenset(
    {
        *(Kind.ROSTER_APPROVED, Kind.SITTING_OPENED, Kind.SITTING_CLOSED, Kind.SCORE_CHANGED),
        *(Kind.EXIT_TAKEN, Kind.EXIT_CONFIRMED, Kind.CERTIFICATE_DECIDED),
    }
)
"""What people put on record. Only who asks for it is told."""

ALARMS = frozenset(Kind) - RECORDS
"""What went wrong."""


class Step(StrEnum):
    """How far it is with what went wrong."""

    BEGAN = "began"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"  # nobody needs it any more, as a camera after its sitting
    DONE = "done"  # it is on record; the one step of what people do

    @property
    def zh(self) -> str:
        """Its word in Chinese."""
        return {Step.BEGAN: "发生", Step.ENDED: "恢复", Step.WITHDRAWN: "不再需要", Step.DONE: "已登记"}[self]

    @property
    def en(self) -> str:
        """Its word in English."""
        words = {Step.BEGAN: "began", Step.ENDED: "over", Step.WITHDRAWN: "no longer needed", Step.DONE: "on record"}
        return words[self]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing to tell. ``body`` is what receivers get, JSON, written once, so that every attempt says the same.

    ``at`` is when it was written; ``site`` is empty for what concerns the whole installation. ``number`` is the order
    in which alarms were written, 0 before.
    """

    id: str
    kind: Kind
    step: Step
    site: str
    at: datetime
    body: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Receiver:
    """How far one address is served, by its name.

    All alarms up to the number ``position`` are dealt with, ``waiting`` are not. ``parked`` were never taken and are
    not tried any more, the last of them ``parked_last``. ``failing_since`` is the first refusal of those in a row
    that last, None while all is well; ``reason`` is the newest one, and never holds an address or a secret.
    """

    name: str
    position: int
    parked: int = 0
    parked_last: str = ""
    failing_since: datetime | None = None
    reason: str = ""
    waiting: int = 0
