"""A city with two batches of a site and four supervisors, and the steps of draws and visits, one minute apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from domain import draws
from domain.draws import Record
from domain.people import Actor, Door
from domain.register import Entry
from domain.supervision import CHECKLIST, Answer, Attendance, Frame, Said, Side, Supervisor, Visit, Way
from records import declaration, drawing, supervision
from records.drawing import Wanted
from records.supervision import Beginning
from storage.database import Database
from tests.records.setups import ACTOR, BATCH, SITE, START

FIRST, SECOND = "2026-0501", "2026-0502"
DRAW = "2026-05"
OFFICER, OVERSEER = Actor("account:chen", Door.API), Actor("account:wu", Door.API)
LOCAL, OTHER_LOCAL = ACTOR, Actor("local:root", Door.COMMAND_LINE)
SECRETS = {OFFICER: "11" * 32, OVERSEER: "22" * 32, LOCAL: "33" * 32}
PEOPLE = ("d-1", "d-2", "d-3", "d-4")
EXAM = START.date()
NEXT_DAY = BATCH.replace("2026-0501", "2026-0502").replace("2026-05-01T", "2026-05-02T").removeprefix("batches:\n")


def person(key: str, **more: Any) -> Supervisor:
    told: dict[str, Any] = {
        "name": f"督导{key}",
        "badge": f"GD-{key}",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "side": Side.EXTERNAL,
        "unit": "市技能中心",
    }
    return Supervisor(**{**told, **more})


@dataclass
class Office:
    """Over a database; ``now`` goes on by a minute with every step, from two days before the first exam."""

    database: Database
    now: datetime = START - timedelta(days=2)
    second: bool = True
    people: dict[str, Supervisor] = field(default_factory=lambda: {key: person(key) for key in PEOPLE})

    def __post_init__(self) -> None:
        declared = declaration.parse(SITE + BATCH + (NEXT_DAY if self.second else ""), "exam.yaml")
        for site in declared.sites:
            self.database.setup.apply_site(site, ACTOR, self.at())
        for batch in declared.batches:
            self.database.setup.apply_batch(batch, ACTOR, self.at())
        for key, told in self.people.items():
            supervision.add_supervisor(self.database, key, told, ACTOR, self.at())

    def at(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def publish(self, draw: str = DRAW, **more: Any) -> drawing.Standing:
        told: dict[str, Any] = {"first": EXAM, "last": EXAM + timedelta(days=30), "reveal_by": START, **more}
        return drawing.publish(self.database, Wanted(draw, **told), ACTOR, self.at())

    def commitment(self, actor: Actor, draw: str = DRAW) -> str:
        pool = drawing.standing(self.database, draw).pool.value
        assert pool is not None
        return draws.commitment_of(draws.digest_of(pool), actor.name, SECRETS[actor])

    def commit(self, *actors: Actor, draw: str = DRAW) -> None:
        for actor in actors:
            drawing.commit(self.database, draw, self.commitment(actor, draw), actor, self.at())

    def reveal(self, *actors: Actor, draw: str = DRAW) -> None:
        for actor in actors:
            drawing.reveal(self.database, draw, SECRETS[actor], actor, self.at())

    def run(self, draw: str = DRAW, **more: str) -> Record:
        return drawing.run(self.database, draw, ACTOR, self.at(), **more)

    def draw(self, draw: str = DRAW, **more: Any) -> Record:
        """All steps of a draw, one after the other."""
        self.publish(draw, **more)
        self.commit(OFFICER, OVERSEER, draw=draw)
        self.reveal(OFFICER, OVERSEER, draw=draw)
        return self.run(draw)

    def visit(self, batch: str = FIRST, *team: Attendance, way: Way = Way.ON_SITE, draw: str = "") -> Entry[Visit]:
        """A visit that began a minute ago; a targeted one where no draw is named."""
        attended = team or tuple(Attendance(key, self.people[key].badge) for key in PEOPLE[:2])
        reason = "" if draw else "投诉"
        told = Beginning(batch, way, attended, self.at(), draw, reason)
        return supervision.begin(self.database, told, OVERSEER, self.at())

    def answer(self, key: str, *frames: Frame) -> None:
        answers = [Answer(question.id, Said.YES, frames=frames) for question in CHECKLIST]
        supervision.answer(self.database, key, answers, OVERSEER, self.at())

    def end(self, key: str) -> datetime:
        ended = self.at()
        supervision.end(self.database, key, ended, OVERSEER, self.at())
        return ended

    def feed_back(self, key: str) -> None:
        supervision.feed_back(self.database, key, "现场秩序良好", OVERSEER, self.at())

    def publish_visit(self, key: str) -> None:
        supervision.publish(self.database, key, OVERSEER, self.at())

    def whole(self, batch: str = FIRST, *team: Attendance, draw: str = "") -> Entry[Visit]:
        """A visit from its beginning to its publication."""
        key = self.visit(batch, *team, draw=draw).key
        self.answer(key)
        self.end(key)
        self.feed_back(key)
        self.publish_visit(key)
        return supervision.visit(self.database, key)
