"""An exam that is about to begin, and cameras that play units of a test's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from config.rule_pack import load as load_rule_pack
from dashboard.access.tickets import LiveTickets
from dashboard.api.backing import LivePort
from dashboard.app import create_app
from dashboard.live import showing
from dashboard.live.app import create_live_app
from dashboard.live.door import Door, Pages
from dashboard.live.pulls import Pulls
from dashboard.live.showing import Showing
from domain.people import Account, Reach, Role, Scope
from domain.places import Camera, Sitting, Transport
from domain.viewings import Deed, Viewing
from ingest.recorder import Assignment
from ingest.source import Source
from records.schedule import Needs
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import TOKEN, Exam, log_in, plan_exam
from tests.dashboard.live.watching import Tile, live_served
from tests.dashboard.serving import served
from tests.fakes.notary import SIGNER
from tests.fakes.source import FakeSource
from tests.ingest.pictures import unit

PAGES_PORT = 8000
ORIGIN = f"http://127.0.0.1:{PAGES_PORT}"
CAMERA = "A-cam-1"


@dataclass
class Hall:
    """The exam with its pages and its live pictures. ``lacking`` are cameras that recording has not."""

    exam: Exam
    address: str = ""
    pages: str = ""
    showing: Showing | None = None
    live: FastAPI | None = None
    tickets: LiveTickets = field(default_factory=lambda: LiveTickets(LiveTickets.new_key()))
    lacking: set[str] = field(default_factory=set)
    sources: list[Source] = field(default_factory=list)
    tiles: list[Tile] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)
    pictures: int = 30
    pause_s: float = 0.005

    def open(self, _: Assignment) -> Source:
        found = FakeSource(self.exam.clock, [unit(number) for number in range(self.pictures)], self.pause_s)
        self.sources.append(found)
        return found

    def account(self, name: str, role: Role, *names: str) -> Account:
        reach = role.reach
        made = Account(name, role, Scope(reach, frozenset(names)), self.exam.clock.now(), must_change=False)
        log_in(self.exam, made, name)
        return made

    def ticket(self, token: str = TOKEN, camera: str = CAMERA) -> httpx.Response:
        headers = {"Origin": self.pages, "Cookie": f"kaojian_session={token}"}
        return httpx.post(f"{self.pages}/api/v1/live/{camera}", headers=headers, timeout=30)

    def path(self, token: str = TOKEN, camera: str = CAMERA) -> str:
        answer = self.ticket(token, camera)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["path"]
        return found

    def tile(
        self, path: str | None = None, token: str | None = TOKEN, origin: str | None = ORIGIN, **more: str
    ) -> Tile:
        found = Tile(self.address, self.path() if path is None else path, token, origin, more)
        self.tiles.append(found)
        return found

    def written(self, *deeds: Deed) -> list[Viewing]:
        """What the record of viewings holds of these deeds, oldest first."""
        kept = self.exam.database.viewings.latest(1000)
        return [each.viewing for each in reversed(kept) if each.viewing.deed in deeds]


def reached(_: Sitting, camera: Camera) -> tuple[Assignment, int]:
    return Assignment(camera.id, "b", "f", camera.url, None, Transport.TCP), 0


def names(router: APIRouter) -> set[str]:
    """Of all routes, those of routers inside it too."""
    found = set[str]()
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        found |= {route.name} if inner is None else names(inner)  # type: ignore[attr-defined]
    return found


@pytest.fixture
def hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    monkeypatch.setattr(showing, "RECHECK_S", 0.2)
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    exam = plan_exam(database, tmp_path / "spool")
    supervisor = Account("supervisor", Role.CITY_SUPERVISOR, Scope(Reach.CITY), exam.clock.now(), must_change=False)
    log_in(exam, supervisor, TOKEN)
    made = Hall(exam)
    app = create_app(
        database, exam.archive, load_rule_pack, exam.clock, None, live_port=LivePort(made.tickets, PAGES_PORT + 1)
    )

    def needed(_: datetime) -> Needs:
        return Needs(frozenset(made.lacking), frozenset(made.lacking))

    door = Door(replace(app.state.backing), made.tickets, Pages(PAGES_PORT))
    live = create_live_app(door, Pulls(made.open, exam.clock), reached, needed, exam.clock)
    made.live, made.showing = live, live.state.showing
    made.routes = names(live.router)
    with served(app) as pages, live_served(live) as address:
        made.pages, made.address = pages, address
        yield made
        for tile in made.tiles:
            tile.close()
    database.close()
