"""A batch from its plan to its marks, as people put it on record; made-up people, and footage as facts. Not tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import yaml

from analysis.facts import SittingFacts
from domain.evidence import Outage
from domain.grounds import Method
from domain.panels import Attendance
from domain.people import Account, Actor, Door, Reach, Role, Scope
from domain.roll import IdCheck
from records import declaration, grounds, grounds_file, panels, roll, scores
from records.roll import Desk, Shown
from records.scores import Mark, Place
from records.setup import apply
from storage.database import Database
from tests.analysis.ledgers import at
from tests.analysis.test_judge import NEAR, WIDE, camera, facts
from tests.fakes.time import FakeClock
from tests.records.grounds import GROUNDS, NORM
from tests.records.rolls import BATCH, BEFORE, NUMBERS, OFFICER, days, number, row, said, take_in
from tests.records.setups import ACTOR, ROOMY

SET_UP = """\
sites:
  - id: sg-001
    name: 韶关示范考场
    county: 浈江区
    rooms:
      - id: R1
        name: 一号考场
        stations: [A-01, A-02, A-03]
        cameras:
          - {id: wide, url: "rtsp://127.0.0.1:8554/wide", panoramic: true, sees: [A-01, A-02, A-03]}
          - {id: near, url: "rtsp://127.0.0.1:8554/near", sees: [A-01]}
batches:
  - id: 2026-0501
    site: sg-001
    project: 中式面点制作
    rule_pack: SG-2022-08-10
    sittings:
      - number: 1
        rooms: [R1]
        planned_start: 2026-05-01T09:30:00+08:00
        planned_end: 2026-05-01T10:15:00+08:00
"""
"""The room, the window and the exam of ``tests.analysis.test_judge``: 09:00, 09:30 to 10:15, 10:30."""

PRACTICAL = """\
norms:
  - id: norm-1
    project: 中式面点制作
    published: 2019-06-01
    subjects: [{name: 实操, method: practical, duration_min: 45}]
"""
PANEL = ("ex-1", "ex-2", "ex-3")
LEADER = Actor("account:ex-1", Door.API)
SCORER = Actor("account:ex-2", Door.API)
OPERATOR = Actor("account:deng", Door.API)
ACCOUNTS = {"liu": Role.CITY_OFFICER, "deng": Role.SITE_OPERATOR, "ex-1": Role.EXAMINER, "ex-2": Role.EXAMINER}
AFTER = at(5400 + 3600)  # an hour after the window
TICKETS = ("T001", "T002", "T003")


def planned(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    """Set-up, grounds, an approved roster of three and a panel of three: all that is there before the day."""
    apply(declaration.parse(SET_UP, "exam.yaml"), database, ACTOR, clock, ROOMY)
    for name, role in ACCOUNTS.items():
        names = {Reach.BATCHES: {BATCH}, Reach.SITE: {"sg-001"}}.get(role.reach, set())
        scope = Scope(role.reach, frozenset(names))
        database.accounts.add(Account(name, role, scope, BEFORE, must_change=False), "hash")
    file = grounds_file.parse(GROUNDS.replace(NORM, PRACTICAL), "grounds.yaml")
    grounds.enter(file, database, ACTOR, BEFORE)
    take_in(database, row(1, station="A-01"), row(2, station="A-02"), row(3, station="A-03"))
    early = Desk(database, OFFICER, days(9))
    site = replace(early, actor=OPERATOR)
    roll.make_plan(site, BATCH, said(days(0)))
    roll.review_first(site, BATCH, said(days(1)))
    roll.submit(site, BATCH, said(days(1)))
    roll.decide(early, BATCH, 1, said(days(2)), accepted=TICKETS, declined={})
    roll.give_feedback(early, BATCH, 1, said(days(3)))
    panels.import_file(database, _panel(tmp_path), OFFICER, days(4))


def _panel(folder: Path) -> Path:
    term = {"valid_from": "2024-01-01", "valid_until": "2026-12-31"}
    people = [
        {
            "id": id_,
            "qualifications": [{"project": "中式面点制作", "number": f"Q-{id_}", **term}],
            "badges": [{"number": f"B-{id_}", **term}],
        }
        for id_ in PANEL
    ]
    members = [{"examiner": id_, "leader": id_ == "ex-1"} for id_ in PANEL]
    order = {"batch": BATCH, "sitting": 1, "by_centre": True, "members": members}
    path = folder / "panel.yaml"
    path.write_text(yaml.safe_dump({"examiners": people, "dispatches": [order]}, allow_unicode=True))
    return path


def held(database: Database, *, absent: Sequence[str] = ("T003",)) -> None:
    """The day: the panel comes, candidates sign in with their documents, and whoever does not is absent."""
    desk = Desk(database, ACTOR, AFTER)
    for id_ in PANEL:
        there = Attendance(BATCH, 1, id_, "R1", at(600), badge=f"B-{id_}", leads=id_ == "ex-1")
        panels.arrive(database, there, ACTOR, AFTER)
    for place, ticket in enumerate(TICKETS, start=1):
        if ticket in absent:
            roll.mark_absent(desk, BATCH, 1, ticket, said=said(at(1900)))
        else:
            showed = Shown(IdCheck.TYPED, number=number(place))
            roll.sign_in(desk, NUMBERS, BATCH, 1, ticket, showed=showed, said=said(at(1200)))


def marked(database: Database, **marks: str) -> None:
    """Marks by ticket, given, signed and confirmed while the panel was there."""
    for ticket, value in marks.items():
        place = Place(BATCH, ticket, "实操")
        given = Mark(Decimal(value), Method.PRACTICAL, "ex-2")
        scores.give(database, place, given, SCORER, at(4600), full_mark=100)
        scores.sign(database, place, SCORER, at(4700))
        scores.confirm(database, place, LEADER, at(4800))


def examined(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    """All of it: two of three came, and both passed."""
    planned(database, clock, tmp_path)
    held(database)
    marked(database, T001="88.5", T002="60")
    clock.advance((AFTER - clock.now()).total_seconds())


def filmed(*lost: Outage, seen_by_near: bool = True) -> dict[int, SittingFacts]:
    """What the footage of the sitting says, with gaps of the camera that sees all; the other one shows A-01 all the
    time, whether or not the site says that it does.
    """
    near = NEAR if seen_by_near else replace(NEAR, sees=())
    return {1: facts(camera(WIDE, lost), camera(near))}
