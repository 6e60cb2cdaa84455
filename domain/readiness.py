"""考前自检: whether a sitting may begin, as far as recording it goes, and afterwards whether its footage is there.

The two codes and their names are those by which exam authorities report recording, for each sitting and room:
考前录像计划覆盖 (1 已完全覆盖, -1 未设置录像计划, -2 未完全覆盖) and 考后录像存储覆盖 (1, -2). A code says what was
found and not how grave it is; whether it is *go* needs every check to be answered. What nobody looked at is never go.
Not here: what each check looks at (``records.readiness``), and how it is said (``records.readiness_words``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from hashlib import sha256
from typing import Any

from domain.law import Verdict, fold
from domain.people import Actor
from domain.register import Kind
from domain.timeline import Interval, rfc3339

FORM = "kaojian-readiness/1"
_GO = frozenset({Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE})


class PlanCover(IntEnum):
    """考前录像计划覆盖: whether the recording plan covers the exam plan."""

    COVERED = 1
    NOT_SET = -1
    NOT_COVERED = -2

    @property
    def zh(self) -> str:
        return _PLAN_WORDS[self][0]

    @property
    def en(self) -> str:
        return _PLAN_WORDS[self][1]


class SaveCover(IntEnum):
    """考后录像存储覆盖: whether what was stored covers the exam plan."""

    COVERED = 1
    NOT_COVERED = -2

    @property
    def zh(self) -> str:
        return _SAVE_WORDS[self][0]

    @property
    def en(self) -> str:
        return _SAVE_WORDS[self][1]


_PLAN_WORDS = {
    PlanCover.COVERED: ("已完全覆盖", "fully covered"),
    PlanCover.NOT_SET: ("未设置录像计划", "no recording plan"),
    PlanCover.NOT_COVERED: ("未完全覆盖", "not fully covered"),
}
_SAVE_WORDS = {
    SaveCover.COVERED: ("已完全覆盖", "fully covered"),
    SaveCover.NOT_COVERED: ("未完全覆盖", "not fully covered"),
}


def plan_cover_of(rooms: Sequence[PlanCover]) -> PlanCover:
    """The code of a sitting by those of its rooms: without a plan is only a sitting none of whose rooms has one."""
    kinds = set(rooms)
    return kinds.pop() if len(kinds) == 1 else PlanCover.NOT_COVERED


class Item(StrEnum):
    """自检项目: what is checked, in the order in which it is told."""

    PLAN = "plan"
    TRIAL = "trial"
    PICTURE = "picture"
    REFERENCE = "reference"
    STATION = "station"
    DENSITY = "density"
    NO_FILMING = "no_filming"
    CAMERA_CLOCK = "camera_clock"
    HOST_CLOCK = "host_clock"
    DISK = "disk"
    STORE = "store"
    SECOND_COPY = "second_copy"
    SIGNS = "signs"
    NOTICE = "notice"
    EQUIPMENT = "equipment"
    TOOLS = "tools"
    MATERIALS = "materials"

    @property
    def zh(self) -> str:
        return _ITEM_WORDS[self][0]

    @property
    def en(self) -> str:
        return _ITEM_WORDS[self][1]


_ITEM_WORDS = {
    Item.PLAN: ("录像计划", "recording plan"),
    Item.TRIAL: ("试录", "trial recording"),
    Item.PICTURE: ("分辨率与帧率", "picture size and rate"),
    Item.REFERENCE: ("画面与基准比对", "picture against its reference"),
    Item.STATION: ("工位可见", "station in view"),
    Item.DENSITY: ("工位像素密度", "density at the station"),
    Item.NO_FILMING: ("禁摄区", "no-filming area"),
    Item.CAMERA_CLOCK: ("摄像机时钟", "camera clock"),
    Item.HOST_CLOCK: ("主机时钟", "host clock"),
    Item.DISK: ("磁盘余量", "disk forecast"),
    Item.STORE: ("对象存储与锁定", "object store and lock"),
    Item.SECOND_COPY: ("第二副本", "second copy"),
    Item.SIGNS: ("标识", "signs"),
    Item.NOTICE: ("监控提示", "notice of filming"),
    Item.EQUIPMENT: ("设备完好", "equipment in order"),
    Item.TOOLS: ("工卡量具", "tools and gauges"),
    Item.MATERIALS: ("原材料", "materials"),
}

CONFIRMED = (Item.SIGNS, Item.NOTICE, Item.EQUIPMENT, Item.TOOLS, Item.MATERIALS)
"""What no machine sees: a person confirms it in each room (clause 六(二))."""

MAY_NOT_APPLY = (Item.TOOLS, Item.MATERIALS)
"""What a subject may need none of; who says so says why."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one item. ``room`` is "" for what concerns the whole sitting; ``subject`` names a camera, a
    station, a disk or a store. ``do_zh`` and ``do_en`` say what to do, empty where nothing is to be done.
    """

    item: Item
    verdict: Verdict
    zh: str
    en: str
    do_zh: str = ""
    do_en: str = ""
    room: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class RoomReadiness:
    """One room: its code, and what was found in it."""

    room: str
    code: PlanCover
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The check of one sitting as things stood at ``made``. ``checks`` concern all of its rooms.

    ``site_sha256`` is of the set-up that was looked at; ``trial`` the number and span of the trial, None without any.
    """

    batch: str
    sitting: int
    site: str
    site_sha256: str
    made: datetime
    trial: tuple[int, Interval] | None
    rooms: tuple[RoomReadiness, ...]
    checks: tuple[Check, ...]

    @property
    def code(self) -> PlanCover:
        """考前录像计划覆盖 of the sitting; one without rooms has no plan."""
        return plan_cover_of([each.code for each in self.rooms]) if self.rooms else PlanCover.NOT_SET

    @property
    def all_checks(self) -> tuple[Check, ...]:
        return (*(check for room in self.rooms for check in room.checks), *self.checks)

    @property
    def verdict(self) -> Verdict:
        """All checks folded; nothing checked is unknown."""
        found = fold(check.verdict for check in self.all_checks)
        return Verdict.UNKNOWN if found is Verdict.NOT_APPLICABLE else found

    @property
    def go(self) -> bool:
        """Whether the sitting may begin: covered, and every check answered, with warnings at most."""
        return self.code is PlanCover.COVERED and is_go(check.verdict for check in self.all_checks)


def is_go(verdicts: Iterable[Verdict]) -> bool:
    """Whether none of them fails, is unknown or still open, and some one says that it is well."""
    found = set(verdicts)
    return found <= _GO and not found <= {Verdict.NOT_APPLICABLE}


@dataclass(frozen=True, slots=True)
class Trial:
    """试录: that all cameras of a sitting are recorded for a while before it, as somebody ordered it.

    ``site_sha256`` is of the set-up that it was ordered for: what was changed since was not tried.
    """

    number: int
    batch: str
    sitting: int
    site_sha256: str
    interval: Interval
    ordered: datetime
    actor: Actor


@dataclass(frozen=True, slots=True)
class Confirmation:
    """That somebody saw one of ``CONFIRMED`` in a room, or takes back that they did.

    Who takes back and says in a ``note`` what is wrong, or which stations are ``lacking`` it, refutes it; without
    that nobody knows. ``applies`` is False where the room needs nothing of that sort, with the reason as the note.
    """

    batch: str
    sitting: int
    room: str
    item: Item
    stands: bool
    at: datetime
    actor: Actor
    applies: bool = True
    lacking: tuple[str, ...] = ()
    note: str = ""

    @property
    def refutes(self) -> bool:
        """Whether somebody looked, and it was not so."""
        return not self.stands and bool(self.note or self.lacking)


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody said with a confirmation: it belongs to the one of that room and item made at that instant."""

    batch: str
    sitting: int
    room: str
    item: Item
    at: datetime
    applies: bool = True
    lacking: tuple[str, ...] = ()
    note: str = ""


REMARKS = Kind("confirmation_remark", Remark)
"""By ``batch/sitting/room/item``."""


def with_remark(confirmation: Confirmation, remark: Remark | None) -> Confirmation:
    """A confirmation with what was said with it; a remark of an earlier one is none of its own."""
    if remark is None or remark.at != confirmation.at:
        return confirmation
    return replace(confirmation, applies=remark.applies, lacking=remark.lacking, note=remark.note)


@dataclass(frozen=True, slots=True)
class Signed:
    """签署: a readiness record as somebody signed it. ``content`` is the exact text whose SHA-256 is ``digest``.

    ``journal`` is the number of the entry of the journal that holds the digest, and is chained and signed.
    """

    number: int
    batch: str
    sitting: int
    at: datetime
    actor: Actor
    digest: str
    content: str
    journal: int

    @property
    def intact(self) -> bool:
        """Whether the content is what was signed, as far as the digest beside it tells."""
        return sha256(self.content.encode()).hexdigest() == self.digest

    @property
    def told(self) -> Mapping[str, Any]:
        """The content. Raises ValueError where it is none."""
        found = json.loads(self.content)
        if not isinstance(found, dict) or found.get("form") != FORM:
            raise ValueError(f"readiness record {self.number} is not of the form {FORM}")
        return found


class Standing(StrEnum):
    """How a sitting stands to its check when it is opened."""

    GO = "go"
    IN_SPITE = "in_spite"  # signed although it was no go, with a reason
    OUTDATED = "outdated"  # signed too long before the opening
    OTHER_SETUP = "other_setup"  # the set-up was changed after it was signed
    ALTERED = "altered"  # what lies there is not what was signed
    MISSING = "missing"  # nobody signed any

    @property
    def zh(self) -> str:
        return _STANDING_WORDS[self][0]

    @property
    def en(self) -> str:
        return _STANDING_WORDS[self][1]

    @property
    def counts(self) -> bool:
        """Whether the code of the record may be told for the sitting."""
        return self in {Standing.GO, Standing.IN_SPITE}


_STANDING_WORDS = {
    Standing.GO: ("自检合格并已签署", "checked, go, and signed"),
    Standing.IN_SPITE: ("自检未通过，说明原因后签署", "checked, no go, signed with a reason"),
    Standing.OUTDATED: ("未自检：签署已过期", "not checked: what was signed had lapsed"),
    Standing.OTHER_SETUP: ("未自检：签署后设置有变更", "not checked: the set-up was changed after signing"),
    Standing.ALTERED: ("自检记录与签署内容不符", "the record of the check is not what was signed"),
    Standing.MISSING: ("未自检", "not checked"),
}


def standing(signed: Signed | None, begins: datetime, site_sha256: str | None, *, borne_out: bool) -> Standing:
    """How a sitting that begins at an instant stands to the last record signed for it before then.

    ``site_sha256`` is of the set-up that it rests on; ``borne_out`` says whether the journal has what was signed.
    Only what the content itself says counts: the columns beside it are for finding it.
    """
    if signed is None:
        return Standing.MISSING
    basis = _basis(signed) if signed.intact and borne_out else None
    if basis is None:
        return Standing.ALTERED
    if begins > basis.good_until:
        return Standing.OUTDATED
    if basis.site_sha256 != site_sha256:
        return Standing.OTHER_SETUP
    return Standing.GO if basis.go else Standing.IN_SPITE


@dataclass(frozen=True, slots=True)
class _Basis:
    good_until: datetime
    site_sha256: str
    go: bool


def _basis(signed: Signed) -> _Basis | None:
    """What of a record decides whether it counts; None where it is none of ours, or of another sitting."""
    try:
        told = signed.told
        if (told["batch"], told["sitting"]) != (signed.batch, signed.sitting):
            return None
        go = told["go"] is True and told["code"] == PlanCover.COVERED
        return _Basis(datetime.fromisoformat(told["good_until"]), str(told["site_sha256"]), go)
    except (ValueError, KeyError, TypeError):
        return None


def content_of(found: Readiness, actor: Actor, at: datetime, good_for: timedelta, reason: str) -> dict[str, Any]:
    """What is signed: all that was found, by whom, why where it was no go, and until when it counts."""
    return {
        "form": FORM,
        **to_json(found),
        "signed": rfc3339(at),
        "signer": actor.name,
        "door": actor.door.value,
        "reason": reason,
        "good_until": rfc3339(at + good_for),
    }


def to_json(found: Readiness) -> dict[str, Any]:
    """A check as plain values for ``json.dumps``."""
    trial = None
    if found.trial is not None:
        number, span = found.trial
        trial = {"number": number, "start": rfc3339(span.start), "end": rfc3339(span.end)}
    return {
        "batch": found.batch,
        "sitting": found.sitting,
        "site": found.site,
        "site_sha256": found.site_sha256,
        "made": rfc3339(found.made),
        "trial": trial,
        "go": found.go,
        "code": int(found.code),
        "code_zh": found.code.zh,
        "code_en": found.code.en,
        "rooms": [
            {
                "room": room.room,
                "code": int(room.code),
                "code_zh": room.code.zh,
                "code_en": room.code.en,
                "checks": [_check_json(check) for check in room.checks],
            }
            for room in found.rooms
        ],
        "checks": [_check_json(check) for check in found.checks],
    }


def _check_json(check: Check) -> dict[str, str]:
    return {
        "item": check.item.value,
        "room": check.room,
        "subject": check.subject,
        "verdict": check.verdict.value,
        "zh": check.zh,
        "en": check.en,
        "do_zh": check.do_zh,
        "do_en": check.do_en,
    }
