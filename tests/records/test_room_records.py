"""Records of rooms: what they cannot say, who signs them, and what a change costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.grounds import Method
from domain.panels import Attendance
from domain.people import Actor, Door
from domain.roll import IdCheck
from domain.room_record import (
    ROOM_RECORDS,
    Condition,
    Counts,
    Held,
    Incident,
    IncidentKind,
    RoomRecord,
    RoomSignature,
    VoidSheet,
)
from records import panels, roll, room_records
from records.errors import ImpossibleTime, NoReason, NoRoomRecord, NotOfThePanel, RoomRecordRefused
from records.roll import Desk, Shown
from records.room_records import Place
from storage.database import Database
from storage.errors import RevisedMeanwhile, UnknownBatch, UnknownSitting
from tests.fakes.time import FakeClock
from tests.records.days import desk_at, later, prepare
from tests.records.rolls import BATCH, BEFORE, NUMBERS, said
from tests.records.setups import ACTOR

PLACE = Place(BATCH, 1, "r301")
LATE = Incident(IncidentKind.LATE_START, later(10), "考生证件核验排队", "顺延开考", minutes=10)
RECORD = RoomRecord(
    BATCH,
    1,
    "r301",
    held=(Held("实操", Method.PRACTICAL),),
    void=(VoidSheet("T002", "污损换卷"),),
    incidents=(LATE,),
    equipment=Condition.GOOD,
    monitoring=Condition.FAULTY,
    all_left=later(88),
    note="无",
)


@pytest.fixture
def desk(database: Database, clock: FakeClock) -> Desk:
    """Two hours after the start; T001 came, T002 did not."""
    clock.step((BEFORE - clock.now()).total_seconds())
    prepare(database, clock)
    found = replace(desk_at(database, later(120)), actor=ACTOR)
    seen = Shown(IdCheck.COMPARED)
    roll.sign_in(found, NUMBERS, BATCH, 1, "T001", showed=seen, said=said(later(-5)))
    roll.mark_absent(found, BATCH, 1, "T002", said=said(later(1)))
    roll.note_violation(found, BATCH, 1, "T001", said=said(later(30)), what="交头接耳", handling="警告")
    return found


def test_a_record_is_written_signed_and_shown_with_what_the_roll_says(desk: Desk) -> None:
    room_records.write(desk, RECORD)
    room_records.sign(desk, PLACE, "ex-2", later(100))
    entry = room_records.sign(desk, PLACE, "ex-1", later(101))
    counts = Counts(2, 1, ("T002",))
    assert entry.thing.signatures == (
        RoomSignature("ex-2", False, later(100), counts),
        RoomSignature("ex-1", True, later(101), counts),
    )
    assert entry.thing.is_signed
    sheet = room_records.sheet_of(desk.database, PLACE)
    assert (sheet.record, sheet.counts, sheet.subjects) == (entry.thing, counts, ("实操",))
    assert [each.what for each in sheet.violations] == ["交头接耳"]
    assert sheet.changed_since == ()
    assert [each.key for each in room_records.records_of(desk.database, BATCH)] == [PLACE.key]
    acts = [each.act for each in desk.database.journal.entries(3)]
    assert acts == ["sign_room_record", "sign_room_record", "write_room_record"]


def test_the_same_again_changes_nothing(desk: Desk) -> None:
    room_records.write(desk, RECORD)
    room_records.sign(desk, PLACE, "ex-2", later(100))
    entries = len(desk.database.journal.entries())
    assert room_records.write(desk, RECORD).revision == 2
    assert room_records.sign(desk, PLACE, "ex-2", later(105)).revision == 2
    assert room_records.note_incident(desk, PLACE, LATE).revision == 2
    assert len(desk.database.journal.entries()) == entries


def test_a_signed_record_is_changed_with_a_reason_only_and_then_lacks_its_signatures(desk: Desk) -> None:
    room_records.write(desk, RECORD)
    room_records.write(desk, replace(RECORD, note="草稿可改"))
    room_records.sign(desk, PLACE, "ex-1", later(100))
    with pytest.raises(NoReason, match="is signed"):
        room_records.write(desk, RECORD)
    assert room_records.write(desk, RECORD, "备注有误").thing.signatures == ()
    history = desk.database.register.history(ROOM_RECORDS, PLACE.key)
    assert [len(entry.thing.signatures) for entry in history] == [0, 0, 1, 0]


def test_a_signature_keeps_the_numbers_that_were_signed(desk: Desk) -> None:
    room_records.write(desk, RECORD)
    room_records.sign(desk, PLACE, "ex-2", later(100))
    roll.sign_in(desk, NUMBERS, BATCH, 1, "T002", showed=Shown(IdCheck.COMPARED), said=said(later(2)))
    sheet = room_records.sheet_of(desk.database, PLACE)
    assert (sheet.counts.attended, sheet.changed_since) == (2, ("ex-2",))


def test_incidents_are_noted_one_by_one_in_the_order_of_their_times(desk: Desk) -> None:
    cut = Incident(IncidentKind.POWER_CUT, later(40), "片区停电", "启用备用电源", tickets=("T001",))
    room_records.note_incident(desk, PLACE, cut)
    found = room_records.note_incident(desk, PLACE, LATE)
    assert found.thing.incidents == (LATE, cut)


def test_who_leads_in_anothers_place_signs_as_the_leader(desk: Desk) -> None:
    told = Attendance(BATCH, 1, "ex-3", "r301", later(-30), leads=True)
    panels.arrive(desk.database, told, ACTOR, desk.now)
    room_records.write(desk, RECORD)
    assert room_records.sign(desk, PLACE, "ex-3").thing.signatures[0].leads


def test_under_an_account_everybody_signs_for_themselves(desk: Desk) -> None:
    room_records.write(desk, RECORD)
    at_the_page = replace(desk, actor=Actor("account:ex-2", Door.API))
    with pytest.raises(RoomRecordRefused, match="cannot sign for ex-1"):
        room_records.sign(at_the_page, PLACE, "ex-1")
    for other in (Actor("account:ex-2", Door.API, "account:x"), Actor("service:x", Door.API)):
        with pytest.raises(RoomRecordRefused):
            room_records.sign(replace(desk, actor=other), PLACE, "ex-2")
    assert room_records.sign(at_the_page, PLACE, "ex-2").thing.signatures[0].by == "ex-2"


def bent(**other: object) -> RoomRecord:
    return replace(RECORD, **other)  # type: ignore[arg-type]


def with_one(**other: object) -> RoomRecord:
    return bent(incidents=(replace(LATE, **other),))  # type: ignore[arg-type]


WRONG: dict[str, tuple[RoomRecord, type[Exception]]] = {
    "a batch that is not there": (bent(batch="no"), UnknownBatch),
    "a sitting that is not there": (bent(sitting=9), UnknownSitting),
    "a room of another sitting": (bent(room="r302"), RoomRecordRefused),
    "a void sheet without why": (bent(void=(VoidSheet("T001", " "),)), RoomRecordRefused),
    "a void sheet of nobody": (bent(void=(VoidSheet("T009", "x"),)), RoomRecordRefused),
    "an incident of nobody": (with_one(tickets=("T009",)), RoomRecordRefused),
    "an incident without what": (with_one(what=" "), RoomRecordRefused),
    "an incident that nobody handled": (with_one(handling=""), RoomRecordRefused),
    "a late start without minutes": (with_one(minutes=None), RoomRecordRefused),
    "an extension by nothing": (with_one(kind=IncidentKind.EXTENSION, minutes=0), RoomRecordRefused),
    "a postponement to nowhere": (with_one(kind=IncidentKind.POSTPONEMENT), RoomRecordRefused),
    "a postponement to before": (
        with_one(kind=IncidentKind.POSTPONEMENT, until=later(-60)),
        RoomRecordRefused,
    ),
    "an incident to come": (with_one(at=later(999)), ImpossibleTime),
    "a leaving to come": (bent(all_left=later(999)), ImpossibleTime),
    "one subject in two ways": (bent(held=(*RECORD.held, Held("实操", Method.WRITTEN))), RoomRecordRefused),
    "a novel": (bent(note="长" * 501), RoomRecordRefused),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_a_record_cannot_say_is_refused_and_nothing_is_entered(desk: Desk, what: str) -> None:
    told, error = WRONG[what]
    before = len(desk.database.journal.entries())
    with pytest.raises(error):
        room_records.write(desk, told)
    assert desk.database.register.revisions(ROOM_RECORDS) == []
    assert len(desk.database.journal.entries()) == before


UNSIGNED: dict[str, tuple[Callable[[Desk], object], type[Exception]]] = {
    "somebody who was not sent": (lambda d: room_records.sign(d, PLACE, "ex-9"), NotOfThePanel),
    "a room without a record": (lambda d: room_records.sign(d, Place(BATCH, 2, "r301"), "ex-1"), NotOfThePanel),
    "the future": (lambda d: room_records.sign(d, PLACE, "ex-1", later(121)), ImpossibleTime),
    "before what happened": (lambda d: room_records.sign(d, PLACE, "ex-1", later(9)), ImpossibleTime),
    "no such room": (lambda d: room_records.sign(d, Place(BATCH, 1, "r9"), "ex-1"), RoomRecordRefused),
}


@pytest.mark.parametrize("what", UNSIGNED)
def test_a_signature_that_cannot_be_is_refused(desk: Desk, what: str) -> None:
    room_records.write(desk, RECORD)
    act, error = UNSIGNED[what]
    with pytest.raises(error):
        act(desk)
    found = desk.database.register.find(ROOM_RECORDS, PLACE.key)
    assert found is not None
    assert found.thing.signatures == ()


def test_nothing_is_signed_that_nobody_wrote_and_nothing_comes_in_signed(desk: Desk) -> None:
    with pytest.raises(NoRoomRecord):
        room_records.sign(desk, PLACE, "ex-1")
    signature = RoomSignature("ex-1", True, later(60), Counts(0, 0))
    with pytest.raises(ValueError, match="without signatures"):
        room_records.write(desk, bent(signatures=(signature,)))
    assert room_records.sheet_of(desk.database, PLACE).record == RoomRecord(BATCH, 1, "r301")


def test_who_was_there_first_is_not_written_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = room_records.write(desk, RECORD)
    room_records.sign(desk, PLACE, "ex-1", later(100))
    monkeypatch.setattr(type(desk.database.register), "find", lambda *_: first)
    with pytest.raises(RevisedMeanwhile):
        room_records.write(replace(desk, now=desk.now + timedelta(minutes=1)), bent(note="晚到的改动"))
