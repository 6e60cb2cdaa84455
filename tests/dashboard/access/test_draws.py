"""Draws over the API: one party of a draw has an account, with a password given lately, and sees what is public."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.login import FRESH
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain import draws
from domain.people import Account, Role, Scope
from records import drawing
from storage.archive import Archive
from storage.database import connect
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.supervised import DRAW, FIRST, LOCAL, OVERSEER, SECRETS, Office

DRAWS = "/api/v1/draws"


@dataclass
class Page:
    """A dashboard over a published pool; everybody has a session of the token that is their name."""

    office: Office
    clock: FakeClock
    talking: httpx.Client

    def said(self, method: str, who: str, path: str = "", **told: Any) -> httpx.Response:
        self.clock.step((self.office.at() - self.clock.now()).total_seconds())
        headers = {"Cookie": f"{COOKIE}={who}"}
        return self.talking.request(method, f"{DRAWS}{path}", headers=headers, json=told or None)

    def add(self, who: str, role: Role, *recused: str, of: frozenset[str] = frozenset()) -> None:
        accounts = self.office.database.accounts
        accounts.add(Account(who, role, Scope(role.reach, of), self.office.now, False), "no hash")
        for batch in recused:
            accounts.recuse(who, batch, self.office.now, recused=True)
        accounts.succeed(who, hashlib.sha256(who.encode()).hexdigest(), self.office.now)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    office = Office(database)
    office.publish()
    clock = FakeClock(office.now)
    archive = Archive(database.evidence, MemoryObjects(clock=clock), tmp_path, lambda _: office.now, clock)
    with client(create_app(database, archive, load_rule_pack, clock, None), None) as talking:
        made = Page(office, clock, talking)
        made.add("wu", Role.CITY_SUPERVISOR)
        made.add("chen", Role.CITY_OFFICER)
        yield made
    database.close()


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_draw_is_made_between_the_host_and_an_account_and_its_record_is_the_published_one(page: Page) -> None:
    office = page.office
    digest = hashlib.sha256(page.said("GET", "wu", f"/{DRAW}/pool.json").content).hexdigest()
    office.commit(LOCAL)
    mine = draws.commitment_of(digest, OVERSEER.name, SECRETS[OVERSEER])
    answer = page.said("POST", "wu", f"/{DRAW}/commitment", digest=mine)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    told = answer.json()
    assert [each["party"] for each in told["commitments"]] == [LOCAL.name, OVERSEER.name]
    assert (told["pool_digest"], told["batches"], told["drawn"], told["made"]) == (digest, 2, 1, None)
    office.reveal(LOCAL)
    assert kind(page.said("GET", "chen", f"/{DRAW}/record.json")) == (409, "draw-refused")
    told = page.said("POST", "wu", f"/{DRAW}/secret", secret=SECRETS[OVERSEER]).json()
    assert told["revealed"] == [LOCAL.name, OVERSEER.name]
    record = office.run()
    data = page.said("GET", "chen", f"/{DRAW}/record.json").content
    assert drawing.verify(data, pool_digest=digest) == record
    (listed,) = page.said("GET", "chen").json()
    assert (listed["name"], listed["made"] is not None, listed["failed"]) == (DRAW, True, False)


def test_what_a_party_may_not_do_is_told_and_nothing_is_written(page: Page) -> None:
    before = page.office.database.journal.entries(1000)
    secret = SECRETS[OVERSEER]
    assert kind(page.said("POST", "wu", f"/{DRAW}/secret", secret=secret)) == (409, "draw-refused")
    for wrong in ("", "AB" * 32, "1" * 63):
        answer = page.said("POST", "wu", f"/{DRAW}/commitment", digest=wrong)
        assert kind(answer) == (422, "invalid-request")
    assert kind(page.said("POST", "wu", "/june/commitment", digest="1" * 64)) == (404, "unknown-draw")
    page.clock.advance(FRESH.total_seconds())
    page.office.now = page.clock.now()
    assert kind(page.said("POST", "wu", f"/{DRAW}/commitment", digest="1" * 64)) == (403, "proof-needed")
    assert page.office.database.journal.entries(1000) == before


def test_who_is_recused_from_a_batch_of_the_pool_sees_nothing_of_the_draw(page: Page) -> None:
    page.add("liu", Role.CITY_OFFICER, FIRST)
    assert page.said("GET", "liu").json() == []
    for method, path, told in (
        ("GET", "pool.json", {}),
        ("GET", "record.json", {}),
        ("POST", "commitment", {"digest": "1" * 64}),
        ("POST", "secret", {"secret": "1" * 64}),
    ):
        assert kind(page.said(method, "liu", f"/{DRAW}/{path}", **told)) == (404, "unknown-draw")


def test_neither_site_nor_county_learns_of_a_draw(page: Page) -> None:
    page.add("zhou", Role.SITE_OPERATOR, of=frozenset({"sg-001"}))
    page.add("he", Role.COUNTY_SUPERVISOR, of=frozenset({"浈江区"}))
    for who in ("zhou", "he"):
        assert kind(page.said("GET", who)) == (403, "not-allowed")
        assert kind(page.said("GET", who, f"/{DRAW}/pool.json")) == (403, "not-allowed")
