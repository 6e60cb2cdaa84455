"""Supervisors and visits on record: nothing that does not fit is entered, and what was said stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.supervision import (
    CHECKLIST,
    VISITS,
    Answer,
    Attendance,
    Basis,
    Found,
    Frame,
    Ground,
    Said,
    Severity,
    Way,
)
from records import supervision
from records.errors import DrawRefused, NoSuchDraw, RecordsError
from records.supervision import Beginning
from storage.database import Database
from storage.errors import RevisedMeanwhile, UnknownBatch
from tests.records.setups import START
from tests.supervised import FIRST, LOCAL, OVERSEER, SECOND, Office, person

FRAME = Frame("sg-001-c1", START + timedelta(minutes=5))


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def refused(step: Callable[[], object], told: str, office: Office) -> None:
    """The step is refused, and nothing of it is written."""
    before = office.database.journal.entries(1000)
    with pytest.raises(RecordsError, match=told):
        step()
    assert office.database.journal.entries(1000) == before


def begin(office: Office, *team: str, batch: str = FIRST, draw: str = "", reason: str = "", later: int = 0) -> str:
    now = office.at()
    attended = tuple(Attendance(key, f"GD-{key}") for key in team)
    told = Beginning(batch, Way.ON_SITE, attended, now + timedelta(minutes=later), draw, reason)
    return supervision.begin(office.database, told, OVERSEER, now, examiners={"d-4"} if reason else ()).key


def test_a_supervisor_without_name_badge_unit_or_days_is_not_entered(office: Office) -> None:
    for wrong, told in (
        (person("d-9", name=" "), "name is empty"),
        (person("d-9", badge=""), "badge is empty"),
        (person("d-9", unit=""), "unit is empty"),
        (person("d-9", valid_to=date(2025, 12, 31)), "before it begins"),
        (person("d-9", badge="GD-d-1"), "supervisor d-1 has that badge"),
    ):
        refused(
            lambda wrong=wrong: supervision.add_supervisor(office.database, "d-9", wrong, LOCAL, office.at()),  # type: ignore[misc]
            told,
            office,
        )
    refused(
        lambda: supervision.add_supervisor(office.database, "督导", person("x"), LOCAL, office.at()), "an id", office
    )


def test_a_recusal_names_what_is_there_and_ends_when_it_is_taken_back(office: Office) -> None:
    def recuse(who: str, of: str, ground: Ground | None = Ground.TEACHING) -> None:
        supervision.recuse(office.database, who, of, ground=ground, actor=LOCAL, at=office.at())

    refused(lambda: recuse("d-9", FIRST), "no supervisor d-9", office)
    refused(lambda: recuse("d-1", "nowhere"), "no site and no batch nowhere", office)
    refused(lambda: recuse("d-1", FIRST, None), "no recusal", office)
    recuse("d-1", FIRST)
    recuse("d-1", "sg-001")
    recuse("d-1", FIRST, None)
    pool = office.publish().pool.value
    assert pool is not None
    assert [each.of for each in pool.supervisors[0].barred] == ["sg-001"]


def test_a_visit_of_nobody_of_an_examiner_or_of_tomorrow_does_not_begin(office: Office) -> None:
    for team, told in (
        ((), "each once"),
        (("d-1", "d-1"), "each once"),
        (("d-9",), "no supervisor d-9"),
        (("d-1", "d-4"), "supervisor d-4 examines that batch"),
    ):
        refused(lambda team=team: begin(office, *team, reason="投诉"), told, office)  # type: ignore[misc]
    refused(lambda: begin(office, "d-1", reason="投诉", later=5), "and it is", office)
    refused(lambda: begin(office, "d-1"), "name the draw or say why", office)
    refused(lambda: begin(office, "d-1", reason=" "), "name the draw or say why", office)
    refused(lambda: begin(office, "d-1", draw="x", reason="投诉"), "not both", office)
    with pytest.raises(UnknownBatch):
        begin(office, "d-1", batch="nowhere", reason="投诉")


def test_a_visit_never_passes_for_drawn_when_it_was_not(office: Office) -> None:
    with pytest.raises(NoSuchDraw):
        begin(office, "d-1", draw="2026-05")
    office.publish()
    with pytest.raises(DrawRefused, match="not made yet"):
        begin(office, "d-1", draw="2026-05")
    office.now = START
    made = office.draw("again", reveal_by=START + timedelta(hours=1))
    (drawn,) = made.outcome.drawn
    other = SECOND if drawn.batch == FIRST else FIRST
    stranger = next(key for key in ("d-1", "d-2", "d-3") if key not in drawn.supervisors)
    refused(lambda: begin(office, *drawn.supervisors, batch=other, draw="again"), "has not drawn that batch", office)
    refused(lambda: begin(office, drawn.supervisors[0], batch=drawn.batch, draw="again"), "sends", office)
    refused(lambda: begin(office, drawn.supervisors[0], stranger, batch=drawn.batch, draw="again"), "sends", office)
    entry = office.visit(drawn.batch, *(Attendance(key, f"GD-{key}") for key in drawn.supervisors), draw="again")
    assert entry.value is not None
    assert (entry.key, entry.value.basis, entry.site) == (f"{drawn.batch}/1", Basis.DRAWN, "sg-001")
    early = Beginning(drawn.batch, Way.ON_SITE, entry.value.attended, made.outcome.at - timedelta(minutes=1), "again")
    refused(
        lambda: supervision.begin(office.database, early, OVERSEER, office.at()), "before the draw was made", office
    )


def test_a_visit_goes_its_way_once_and_only_forward(office: Office) -> None:
    office.now = START + timedelta(hours=1)
    key = office.visit().key
    database = office.database
    refused(lambda: office.feed_back(key), "has not ended", office)
    refused(lambda: office.publish_visit(key), "no feedback yet", office)
    refused(lambda: office.end(key), "nothing was said to on-time", office)
    office.answer(key)
    refused(
        lambda: supervision.end(database, key, office.now + timedelta(hours=1), OVERSEER, office.now),
        "and it is",
        office,
    )
    refused(lambda: supervision.end(database, key, START, OVERSEER, office.at()), "and began at", office)
    office.end(key)
    for step in (
        lambda: office.answer(key),
        lambda: office.end(key),
        lambda: supervision.find(database, key, Found(Severity.MINOR, "x"), OVERSEER, office.at()),
    ):
        refused(step, "it ended at", office)
    refused(lambda: supervision.feed_back(database, key, " ", OVERSEER, office.at()), "says something", office)
    office.feed_back(key)
    refused(lambda: office.feed_back(key), "stays as it was", office)
    office.publish_visit(key)
    refused(lambda: office.publish_visit(key), "it was published at", office)
    acts = [(each.act, each.subject) for each in database.journal.entries(5)]
    assert {subject for _, subject in acts} == {FIRST}
    assert [act for act, _ in acts] == [
        "publish_visit_of_batch",
        "feed_back_on_batch",
        "end_visit_of_batch",
        "answer_in_visit_of_batch",
        "begin_visit_of_batch",
    ]
    assert not any("督导d" in each.detail or "秩序" in each.detail for each in database.journal.entries(1000))


def test_an_answer_that_is_given_again_counts_and_the_old_one_stays_on_record(office: Office) -> None:
    office.now = START + timedelta(hours=1)
    key = office.visit().key
    office.answer(key)
    new = Answer("labels", Said.NO, "A-02 无工位号", (FRAME,))
    refused(
        lambda: supervision.answer(office.database, key, [Answer("x", Said.NO)], OVERSEER, office.at()),
        "no question x",
        office,
    )
    entry = supervision.answer(office.database, key, [new], OVERSEER, office.at())
    assert entry.value is not None
    assert [each.question for each in entry.value.answers] == [question.id for question in CHECKLIST]
    assert entry.value.answers[-1] == new
    before = office.database.register.history(VISITS, key)[-2].value
    assert before is not None
    assert before.answers[-1].said is Said.YES
    found = supervision.find(
        office.database, key, Found(Severity.MAJOR, "工位无标识", (FRAME,)), OVERSEER, office.at()
    )
    assert found.value is not None
    assert found.value.frames == (FRAME, FRAME)
    refused(
        lambda: supervision.find(office.database, key, Found(Severity.MAJOR, " "), OVERSEER, office.at()),
        "says what was found",
        office,
    )


def test_pictures_are_of_cameras_and_times_of_the_batch(office: Office) -> None:
    office.now = START + timedelta(minutes=10)
    key = office.visit().key
    for frame, told in (
        (Frame("sg-001-c9", FRAME.at), "has no camera sg-001-c9"),
        (replace(FRAME, at=START - timedelta(hours=2)), "no sitting of the batch uses"),
        (replace(FRAME, at=START + timedelta(minutes=30)), "no sitting of the batch uses"),  # not there yet
    ):
        refused(lambda frame=frame: office.answer(key, frame), told, office)  # type: ignore[misc]
    office.answer(key, FRAME)


def test_an_online_visit_ends_with_the_pictures_that_were_looked_at(office: Office) -> None:
    office.now = START + timedelta(hours=1)
    key = office.visit(way=Way.ONLINE).key
    office.answer(key)
    refused(lambda: office.end(key), "no picture is named", office)
    office.answer(key, FRAME)
    office.end(key)


def test_of_two_who_write_at_once_one_is_told_to_look_again(office: Office) -> None:
    office.now = START
    first = office.visit()
    assert office.visit().key == f"{FIRST}/2"
    assert first.value is not None
    with pytest.raises(RevisedMeanwhile):
        supervision._enter(
            office.database, first.key, first.value, 0, supervision._Act("begin_visit_of_batch", LOCAL, office.at())
        )
    refused(lambda: supervision.visit(office.database, "x/1"), "no visit x/1", office)
    assert [each.key for each in supervision.visits(office.database)] == [f"{FIRST}/1", f"{FIRST}/2"]
