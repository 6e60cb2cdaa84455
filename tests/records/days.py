"""A batch with its norm, a panel and candidates in their seats, for the tests of the day's papers. Not tests."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.exam_papers import HandOver, Printing, Stage
from domain.panels import Dispatch, Member
from domain.register import Draft
from domain.timeline import Clock
from records import exam_papers, grounds_file
from records.grounds import enter
from records.panels import DISPATCHES
from records.roll import Desk
from storage.database import Database
from tests.records.grounds import CATALOGUE, INSTITUTIONS, NORM
from tests.records.rolls import BATCH, BEFORE, OFFICER, row, set_up, take_in
from tests.records.setups import ACTOR, START

WITH_WRITTEN = NORM.replace(
    "      - {name: 实操,", "      - {name: 笔试, method: written, duration_min: 45}\n      - {name: 实操,"
)
DIGEST = "ab" * 32
PARCEL = "SJ-0001"


def later(minutes: float) -> datetime:
    """So many minutes after the planned start of the first sitting."""
    return START + timedelta(minutes=minutes)


def prepare(database: Database, clock: Clock) -> None:
    """Two candidates seated for 实操 in sitting 1, a third without a seat; a panel of three; the norm."""
    set_up(database, clock)
    declared = grounds_file.parse(INSTITUTIONS + WITH_WRITTEN + CATALOGUE, "grounds.yaml")
    enter(declared, database, ACTOR, BEFORE)
    take_in(database, row(1), row(2, station="A-02"), row(3, "", ""))
    sent = Dispatch(BATCH, 1, (Member("ex-1", leader=True), Member("ex-2"), Member("ex-3")), by_centre=True)
    database.register.enter(
        "import_panels", "panel.yaml", [Draft(DISPATCHES, f"{BATCH}/1", sent, BATCH, "sg-001")], ACTOR, BEFORE
    )


def desk_at(database: Database, now: datetime) -> Desk:
    return Desk(database, OFFICER, now)


def printing(**other: object) -> Printing:
    told = {
        "batch": BATCH,
        "parcel": PARCEL,
        "sitting": 1,
        "subject": "实操",
        "at": later(-3 * 24 * 60),
        "by": "市中心",
        "by_centre": True,
        "seal": "F-1",
        "copies": 2,
    }
    return Printing(**(told | other))  # type: ignore[arg-type]


WAY: dict[Stage, tuple[float, str, str]] = {
    Stage.FETCHED: (-2 * 24 * 60, "市中心", "押运员1"),
    Stage.CARRIED: (-2 * 24 * 60 + 60, "押运员1", "考场试卷室"),
    Stage.KEPT: (-60, "考场试卷室", "ex-1"),
    Stage.COLLECTED: (91, "ex-2", "ex-1"),
    Stage.SEALED: (95, "ex-1", "考场试卷室"),
    Stage.FILED: (24 * 60, "考场试卷室", "考核机构档案室"),
}
"""When, from whom and to whom a parcel goes, in minutes after the start."""


def handed(stage: Stage, **other: object) -> HandOver:
    minutes, giver, taker = WAY[stage]
    seal = "F-2" if stage in {Stage.SEALED, Stage.FILED} else "F-1"
    told = {
        "batch": BATCH,
        "parcel": PARCEL,
        "stage": stage,
        "at": later(minutes),
        "given_by": giver,
        "taken_by": taker,
        "seal": "" if stage is Stage.COLLECTED else seal,
        "intact": None if stage is Stage.COLLECTED else True,
    }
    return HandOver(**(told | other))  # type: ignore[arg-type]


def whole_chain(desk: Desk, until: Stage = Stage.FILED) -> None:
    """All that is entered of a parcel up to a stage."""
    exam_papers.print_parcel(desk, printing())
    for stage in WAY:
        exam_papers.hand_over(desk, handed(stage))
        if stage is until:
            return
