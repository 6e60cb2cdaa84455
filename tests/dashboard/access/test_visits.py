"""Visits over the API: who enters is who is logged in, the record's rules hold, and nobody else learns of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.panels import Dispatch, Member
from domain.people import Account, Role, Scope
from domain.register import Draft
from domain.supervision import CHECKLIST
from domain.timeline import rfc3339
from records import supervision
from records.panels import DISPATCHES
from storage.archive import Archive
from storage.database import connect
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.records.setups import START
from tests.supervised import FIRST, LOCAL, SECOND, Office, person

VISIT = f"/batches/{FIRST}/visits/1"
BEGIN = {"way": "on_site", "attended": [{"supervisor": "d-1", "badge": "GD-d-1"}], "reason": "投诉"}
CAMERA = "sg-001-c1"
AT = START + timedelta(minutes=5)


@dataclass
class Page:
    """A dashboard over two batches; everybody has a session of the token that is their name."""

    office: Office
    clock: FakeClock
    talking: httpx.Client

    def said(self, method: str, path: str, told: Any = None, who: str = "wu") -> httpx.Response:
        self.clock.step((self.office.at() - self.clock.now()).total_seconds())
        headers = {"Cookie": f"{COOKIE}={who}"}
        return self.talking.request(method, f"/api/v1{path}", headers=headers, json=told)

    def done(self, path: str, told: Any = None) -> Any:
        answer = self.said("POST", path, told)
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()

    def add(self, who: str, role: Role, *recused: str, of: frozenset[str] = frozenset()) -> None:
        accounts = self.office.database.accounts
        accounts.add(Account(who, role, Scope(role.reach, of), self.office.now, False), "no hash")
        for batch in recused:
            accounts.recuse(who, batch, self.office.now, recused=True)
        accounts.succeed(who, hashlib.sha256(who.encode()).hexdigest(), self.office.now)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    office = Office(database, now=START + timedelta(minutes=10))
    supervision.add_supervisor(database, "d-1", person("d-1", account="wu"), LOCAL, office.at())
    clock = FakeClock(office.now)
    archive = Archive(database.evidence, MemoryObjects(clock=clock), tmp_path, lambda _: office.now, clock)
    with client(create_app(database, archive, load_rule_pack, clock, None), None) as talking:
        made = Page(office, clock, talking)
        made.add("wu", Role.CITY_SUPERVISOR)
        yield made
    database.close()


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def answers(*, but: int = 0) -> dict[str, Any]:
    said = [{"question": each.id, "said": "yes"} for each in CHECKLIST[but:]]
    return {"answers": said}


def test_a_visit_goes_from_its_beginning_to_its_publication_in_the_name_of_who_is_logged_in(page: Page) -> None:
    begun = page.done(f"/batches/{FIRST}/visits", BEGIN)
    assert (begun["number"], begun["own"], begun["basis"], begun["unanswered"]) == (1, True, "targeted", 17)
    sitting = begun["sittings"][0]
    assert CAMERA in [each["camera"] for each in sitting["cameras"]]
    told = {
        "question": "labels",
        "said": "no",
        "note": " 02 号未贴 ",
        "frames": [{"camera": CAMERA, "at": rfc3339(AT)}],
    }
    page.done(f"{VISIT}/answers", {"answers": [told]})
    assert kind(page.said("POST", f"{VISIT}/end", {})) == (422, "visit-refused")  # not all was answered
    page.done(f"{VISIT}/answers", {"answers": answers()["answers"][:-1]})
    finding = {"severity": "minor", "text": "02 号工位未贴标签", "frames": told["frames"]}
    found = page.done(f"{VISIT}/findings", finding)
    assert found["found"][0]["frames"] == [{"camera": CAMERA, "at": rfc3339(AT)}]
    assert [each["note"] for each in found["answers"] if each["question"] == "labels"] == ["02 号未贴"]
    assert kind(page.said("POST", f"{VISIT}/publication")) == (422, "visit-refused")  # the site hears it first
    ended = page.done(f"{VISIT}/end", {})
    assert ended["feedback_hours"] == 72
    (listed,) = page.said("GET", "/visits").json()["visits"]
    assert listed["due"] == rfc3339(page.clock.now() - timedelta(minutes=1) + timedelta(hours=72))
    page.done(f"{VISIT}/feedback", {"text": "现场秩序良好"})
    published = page.done(f"{VISIT}/publication")
    assert (published["feedback"]["text"], published["published"] is not None) == ("现场秩序良好", True)
    acts = [each for each in page.office.database.journal.entries(8) if each.subject == FIRST]
    assert len(acts) == 7
    assert {each.actor.name for each in acts} == {"account:wu"}


def test_what_does_not_hold_is_refused_with_its_reason_and_nothing_is_written(page: Page) -> None:
    page.done(f"/batches/{FIRST}/visits", BEGIN)
    before = page.office.database.journal.entries(1000)
    begin = f"/batches/{FIRST}/visits"
    late = rfc3339(page.clock.now() + timedelta(hours=1))
    for path, told, expected in (
        (begin, {**BEGIN, "reason": ""}, (422, "visit-refused")),
        (begin, {**BEGIN, "draw": "none", "reason": ""}, (404, "unknown-draw")),
        (begin, {**BEGIN, "begun": late}, (422, "visit-refused")),
        (begin, {**BEGIN, "attended": [{"supervisor": "nobody"}]}, (422, "visit-refused")),
        (begin, {**BEGIN, "attended": []}, (422, "invalid-request")),
        (f"{VISIT}/answers", {"answers": [{"question": "weather", "said": "yes"}]}, (422, "visit-refused")),
        (f"{VISIT}/findings", {"severity": "minor", "text": "  "}, (422, "visit-refused")),
        (
            f"{VISIT}/findings",
            {"severity": "minor", "text": "x", "frames": [{"camera": "other", "at": rfc3339(AT)}]},
            (422, "visit-refused"),
        ),
        (f"/batches/{FIRST}/visits/2/answers", answers(), (404, "unknown-visit")),
        (f"{VISIT}/feedback", {"text": "早"}, (422, "visit-refused")),
    ):
        assert kind(page.said("POST", path, told)) == expected, path
    assert page.office.database.journal.entries(1000) == before


def test_who_was_sent_to_examine_a_batch_does_not_supervise_it(page: Page) -> None:
    sent = Dispatch(FIRST, 1, (Member("d-1", leader=True),), by_centre=True)
    draft = Draft(DISPATCHES, f"{FIRST}/1", sent, batch=FIRST)
    page.office.database.register.enter("import_panel", FIRST, [draft], LOCAL, page.office.at())
    answer = page.said("POST", f"/batches/{FIRST}/visits", BEGIN)
    assert kind(answer) == (422, "visit-refused")
    assert "d-1 examines that batch" in answer.json()["detail"]
    assert page.said("POST", f"/batches/{SECOND}/visits", BEGIN).status_code == 201


def test_supervisors_are_named_by_id_and_those_whose_badge_has_run_out_are_not_offered(page: Page) -> None:
    over = person("d-9", badge="GD-9", valid_to=(START - timedelta(days=2)).date())
    supervision.add_supervisor(page.office.database, "d-9", over, LOCAL, page.office.at())
    answer = page.said("GET", "/visits")
    assert [each["id"] for each in answer.json()["supervisors"]] == ["d-1", "d-2", "d-3", "d-4"]
    assert [each["id"] for each in answer.json()["supervisors"] if each["own"]] == ["d-1"]
    assert "督导d-1" not in answer.text


def test_neither_who_is_visited_nor_who_is_recused_learns_of_a_visit(page: Page) -> None:
    page.done(f"/batches/{FIRST}/visits", BEGIN)
    page.add("zhou", Role.SITE_OPERATOR, of=frozenset({"sg-001"}))
    page.add("chen", Role.CITY_OFFICER)
    page.add("liu", Role.CITY_SUPERVISOR, FIRST)
    for who in ("zhou", "chen"):
        assert kind(page.said("GET", "/visits", who=who)) == (403, "not-allowed")
        assert kind(page.said("GET", VISIT, who=who)) == (403, "not-allowed")
    assert page.said("GET", "/visits", who="liu").json()["visits"] == []
    assert kind(page.said("GET", VISIT, who="liu")) == (404, "unknown-batch")
    assert kind(page.said("POST", f"{VISIT}/answers", answers(), who="liu")) == (404, "unknown-batch")
