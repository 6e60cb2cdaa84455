"""Looking for footage: who finds what, what is told where there is none, and that no look-up reads a whole table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from config.rule_pack import load
from domain.certificates import CERTIFICATES, HOLDINGS, Certificate, Holding, Revocation
from domain.evidence import Cause
from domain.gate import EXITS, Exit, ExitKind, TakenExit
from domain.register import Draft
from domain.retrieval import By, NoStay, masked_name
from domain.roll import CANDIDATES, LEAVINGS, SEATS, SIGN_INS
from domain.timeline import Interval
from records import roll
from records.errors import RetrievalRefused
from records.retrieval import Found, Question, Within, find, record_lines
from records.roll import Desk
from storage.database import Database
from tests.analysis.ledgers import at
from tests.fakes.time import FakeClock
from tests.records.examined import AFTER, examined, planned
from tests.records.rolls import BATCH, NUMBERS, OFFICER, number, said
from tests.records.setups import ACTOR

EVERYWHERE = Within({BATCH}.__contains__, lambda: [BATCH])
NOWHERE = Within(lambda _: False, list)
SECOND = replace(OFFICER, name="account:zheng")
OF_THE_SETUP = {"SCAN sittings", "SCAN sitting_marks"}
"""What is read as a whole where a place and a time are asked for without a batch: which sittings there were then."""
EXAM = Interval(at(1800), at(4500))


@pytest.fixture
def kept(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    examined(database, clock, tmp_path)
    return database


def look(database: Database, within: Within = EVERYWHERE, **asked: Any) -> Found:
    return find(database, Question(**asked), within, load, AFTER, numbers=lambda: NUMBERS, eye=None)


def certificate(database: Database, number_: str, ticket: str = "T001", **more: Any) -> None:
    """Put a certificate on record as issuing does."""
    value = Certificate(
        number_, BATCH, ticket, "GD1", "中式面点制作", "", (), at(0).date(), AFTER, "candidate", "decision", **more
    )
    drafts: list[Draft[Any]] = [
        Draft(CERTIFICATES, number_, value, BATCH, "sg-001"),
        Draft(HOLDINGS, f"{BATCH}/{ticket}", Holding(number_), BATCH, "sg-001"),
    ]
    database.register.enter("tests", BATCH, drafts, ACTOR, AFTER)


def test_what_lies_outside_is_as_if_it_were_nowhere_whatever_it_is_looked_for_by(kept: Database) -> None:
    certificate(kept, "C-1")
    asked: list[dict[str, Any]] = [
        {"certificate": "C-1"},
        {"certificate": "C-1", "batch": BATCH},
        {"ticket": "T001"},
        {"ticket": "T001", "batch": BATCH},
        {"name": "考生1", "batch": BATCH},
        {"number": number(1)},
        {"batch": BATCH},
        {"station": "A-01", "at": at(2000)},
    ]
    for each in asked:
        by = Question(**each).by
        assert look(kept, NOWHERE, **each) == Found(by), each
    assert look(kept, certificate="C-2") == Found(By.CERTIFICATE)
    assert look(kept, certificate="C-1", batch="other") == Found(By.CERTIFICATE)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "give a certificate"),
        ({"certificate": "C-1", "ticket": "T001"}, "one thing at a time"),
        ({"name": "考生1"}, "within one batch"),
        ({"site": "sg-001"}, "give a certificate"),
        ({"at": at(0)}, "give a certificate"),
        ({"site": "sg-001", "span": Interval(at(0), at(0) + timedelta(days=32))}, "31 days at most"),
    ],
)
def test_what_finds_nothing_by_itself_is_refused_with_what_does(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(RetrievalRefused, match=told):
        _ = Question(**asked).by


def test_a_certificate_leads_to_the_stay_and_to_every_second_that_is_missing_of_it(kept: Database) -> None:
    certificate(kept, "C-1")
    (person,) = look(kept, certificate="C-1").people
    assert (person.ticket, [each.certificate.number for each in person.certificates]) == ("T001", ["C-1"])
    assert "考生" not in person.name and person.name.endswith("*")
    (stay,) = person.stays
    (span,) = stay.spans
    assert (stay.station, stay.cameras, span.interval) == ("A-01", ("wide", "near"), EXAM)
    assert (span.verdict.value, list(span.covered), sum(each.interval.seconds for each in span.gaps)) == (
        "fail",
        [],
        EXAM.seconds,
    )
    assert {gap.cause for gap in span.gaps} == {Cause.RECORDER_STOPPED}


def test_a_candidate_is_found_by_ticket_name_and_number_and_nobody_else_is(kept: Database) -> None:
    by_ticket = look(kept, ticket="T002").people
    (entry,) = [each for each in kept.register.standing(CANDIDATES, batch=BATCH) if each.thing.ticket == "T002"]
    assert [each.ticket for each in by_ticket] == ["T002"]
    assert look(kept, name=entry.thing.name, batch=BATCH).people == by_ticket
    assert look(kept, number=f" {number(2).lower()} ").people == by_ticket
    assert look(kept, name=entry.thing.name[:1], batch=BATCH).people == ()
    assert look(kept, number=number(9)).people == ()
    with pytest.raises(RetrievalRefused, match="cannot be looked for here"):
        find(kept, Question(number=number(2)), EVERYWHERE, load, AFTER)


def test_a_change_of_station_gives_two_stays_which_meet(kept: Database) -> None:
    roll.change_station(Desk(kept, ACTOR, AFTER), BATCH, 1, "T002", "A-03", why="设备故障", said=said(at(3000)))
    (person,) = look(kept, ticket="T002").people
    assert [(each.station, each.spans[0].interval) for each in person.stays] == [
        ("A-02", Interval(EXAM.start, at(3000))),
        ("A-03", Interval(at(3000), EXAM.end)),
    ]
    (only,) = look(kept, ticket="T002", station="A-03").people
    assert [each.station for each in only.stays] == ["A-03"]
    (early,) = look(kept, ticket="T002", at=at(2500)).people
    assert [each.station for each in early.stays] == ["A-02"]
    (near,) = look(kept, ticket="T002", camera="near").people
    assert near.stays == ()


def test_who_left_early_has_a_stay_that_ends_there(kept: Database) -> None:
    roll.leave(Desk(kept, ACTOR, AFTER), BATCH, 1, "T001", said=said(at(4000)))
    assert kept.register.standing(LEAVINGS, batch=BATCH)
    (person,) = look(kept, ticket="T001").people
    assert person.stays[0].spans[0].interval == Interval(EXAM.start, at(4000))


def test_who_signed_in_and_left_before_the_exam_has_no_time_at_a_station_and_that_is_said(kept: Database) -> None:
    (signed,) = (each.thing for each in kept.register.standing(SIGN_INS, batch=BATCH) if each.thing.ticket == "T001")
    assert signed.at < EXAM.start - timedelta(seconds=1)
    roll.leave(Desk(kept, ACTOR, AFTER), BATCH, 1, "T001", said=said(EXAM.start - timedelta(seconds=1)))
    (person,) = look(kept, ticket="T001").people
    assert (person.stays, [(each.station, each.why) for each in person.wanting]) == ((), [("A-01", NoStay.NO_TIME)])


def test_who_did_not_come_and_whose_coming_nobody_wrote_down_are_told_apart(
    database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    planned(database, clock, tmp_path)
    (before,) = look(database, ticket="T003").people
    assert [(each.sitting, each.station, each.why) for each in before.wanting] == [(1, "A-03", NoStay.NOT_SIGNED_IN)]
    roll.mark_absent(Desk(database, ACTOR, AFTER), BATCH, 1, "T003", said=said(at(1900)))
    (after,) = look(database, ticket="T003").people
    assert (after.stays, [each.why for each in after.wanting]) == ((), [NoStay.ABSENT])


def test_numbers_that_a_candidate_had_before_lead_to_the_same_stays_and_say_that_they_do_not_count(
    kept: Database,
) -> None:
    certificate(kept, "C-1", revoked=Revocation(AFTER, "信息有误"))
    certificate(kept, "C-2", again="换发")
    old, new = look(kept, certificate="C-1").people, look(kept, certificate="C-2").people
    assert old == new
    assert [(each.certificate.number, each.certificate.stands, each.replaced) for each in old[0].certificates] == [
        ("C-1", False, True),
        ("C-2", True, False),
    ]


def test_what_was_examined_again_is_found_and_told_as_superseded(kept: Database) -> None:
    first = kept.setup.batch(BATCH)
    assert first is not None
    again = replace(
        first.sittings[0],
        number=2,
        planned_start=first.sittings[0].planned_start + timedelta(hours=3),
        planned_end=first.sittings[0].planned_end + timedelta(hours=3),
    )
    kept.setup.apply_batch(replace(first, sittings=(*first.sittings, again)), ACTOR, AFTER)
    (seat,) = [each for each in kept.register.standing(SEATS, batch=BATCH) if each.thing.ticket == "T002"]
    signed = kept.register.find(SIGN_INS, f"{BATCH}/1/T002")
    assert signed is not None
    taken = Exit(ExitKind.REEXAMINE, "实操", f"{BATCH}/1/A-02", OFFICER, SECOND, AFTER, "停电", ("document:9号",))
    drafts: list[Draft[Any]] = [
        Draft(EXITS, f"{BATCH}/T002/1", TakenExit(BATCH, "T002", taken), BATCH),
        Draft(SEATS, f"{BATCH}/T002/2/实操", replace(seat.thing, sitting=2), BATCH, "sg-001", seat.mark),
        Draft(SIGN_INS, f"{BATCH}/2/T002", replace(signed.thing, sitting=2), BATCH, "sg-001", signed.mark),
    ]
    kept.register.enter("tests", BATCH, drafts, ACTOR, AFTER)
    (person,) = look(kept, ticket="T002").people
    assert [(each.sitting.plan.number, each.superseded) for each in person.stays] == [(1, True), (2, False)]


def test_a_place_and_a_time_find_the_stations_of_the_sittings_that_they_touch(kept: Database) -> None:
    found = look(kept, batch=BATCH)
    assert [each.station for each in found.stays] == ["A-01", "A-02", "A-03"]
    asked = Interval(at(2000), at(2060))
    (one,) = look(kept, site="韶关示范考场", room="一号考场", station="A-02", span=asked).stays
    assert [each.interval for each in one.spans] == [asked]
    assert [each.station for each in look(kept, camera="near", at=at(2000)).stays] == ["A-01"]
    for nothing in ({"room": "r9"}, {"sitting": 7}, {"at": at(90_000)}, {"station": "A-09"}):
        assert look(kept, batch=BATCH, **nothing).stays == (), nothing


def test_what_is_written_down_of_a_look_up_names_no_person_and_no_document(kept: Database) -> None:
    (entry,) = [each for each in kept.register.standing(CANDIDATES, batch=BATCH) if each.thing.ticket == "T002"]
    by_name, by_number = {"name": entry.thing.name, "batch": BATCH}, {"number": number(2)}
    for asked, line in (
        (by_name, "find name: T002"),
        (by_number, "find number: T002"),
        ({"ticket": "T002"}, "find ticket T002: T002"),
        ({"batch": BATCH, "station": "A-01", "at": at(2000)}, "find place A-01 2026-05-01T01:33:20.000Z: found"),
    ):
        assert record_lines(Question(**asked), look(kept, **asked)) == {BATCH: line}
        assert entry.thing.name not in repr(Question(**asked)) and number(2) not in repr(Question(**asked))
    nothing: dict[str, Any] = {"certificate": "C-9"}
    assert record_lines(Question(**nothing), look(kept, **nothing)) == {"": "find certificate C-9: nothing"}


def test_a_name_is_masked_but_for_its_first_character() -> None:
    assert [masked_name(each) for each in ("", "李", "李明", "欧阳小明")] == ["", "*", "李*", "欧***"]


def test_every_look_up_goes_by_an_index(kept: Database, tmp_path: Path) -> None:
    certificate(kept, "C-1")
    for asked in (
        {"certificate": "C-1"},
        {"ticket": "T001"},
        {"name": "考生1", "batch": BATCH},
        {"number": number(1)},
        {"batch": BATCH, "station": "A-01", "at": at(2000)},
        {"camera": "near", "at": at(2000)},
    ):
        with _asked() as statements:
            look(kept, **asked)
        assert statements
        for statement, parameters in statements:
            scanned = _scanned(tmp_path / "kaojian.sqlite3", statement, parameters)
            assert set(scanned) <= (set() if "batch" in asked or "camera" not in asked else OF_THE_SETUP), statement


@contextmanager
def _asked() -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def listen(*told: Any) -> None:
        if told[2].lstrip().startswith(("SELECT", "WITH")):
            found.append((told[2], told[3]))

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)


def _scanned(file: Path, statement: str, parameters: Any) -> list[str]:
    """The steps of a plan that read a whole table."""
    with closing(sqlite3.connect(file)) as connection:
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    return [step for step in steps if step.startswith("SCAN") and "INDEX" not in step]
