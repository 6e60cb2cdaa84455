"""Disposal lists over the API: two people of two sides, each with a fresh password; what is gone is told as gone."""

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
from dashboard.access import tokens
from dashboard.access.login import FRESH
from dashboard.access.table import GRANTABLE, MAY
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.people import Role
from domain.timeline import rfc3339
from records.errors import NotApproved
from storage.database import connect
from tests.closed_batches import EXAM, FIRST, SECOND, START, TESTER
from tests.dashboard.serving import client
from tests.disposals import OFFICER, SUPERVISOR, WHY, ExpiredBatches
from tests.fakes.notary import NOTARY
from tests.fakes.witnesses import FREE

LISTS = "/api/v1/disposals"
SECOND_OFFICER = "liu"


@dataclass
class Office:
    """A dashboard over expired batches; everybody has a session of the token that is their name."""

    site: ExpiredBatches
    talking: httpx.Client

    def said(self, method: str, who: str, path: str = "", **told: Any) -> httpx.Response:
        headers = {"Cookie": f"{COOKIE}={who}"}
        return self.talking.request(method, f"{LISTS}{path}", headers=headers, json=told or None)

    def log_in(self, who: str) -> None:
        digest = hashlib.sha256(who.encode()).hexdigest()
        self.site.database.accounts.succeed(who, digest, self.site.clock.now())

    def proposed(self, *batches: str, by: str = OFFICER) -> dict[str, Any]:
        answer = self.said("POST", by, batches=list(batches or (FIRST,)), reason=WHY)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def approve(self, who: str, listed: dict[str, Any], **told: Any) -> httpx.Response:
        return self.said("POST", who, f"/{listed['number']}/approval", digest=listed["digest"], **told)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    site = ExpiredBatches(database, tmp_path / "spool")
    site.add_account(SECOND_OFFICER, Role.CITY_OFFICER)
    app = create_app(database, site.archive, load_rule_pack, site.clock, None, witnesses=site.witnesses)
    with client(app, None) as talking:
        made = Office(site, talking)
        for who in (OFFICER, SUPERVISOR, SECOND_OFFICER):
            made.log_in(who)
        yield made
    database.close()


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_list_is_proposed_approved_by_two_and_carried_out_at_the_host_alone(office: Office) -> None:
    due = office.said("GET", SUPERVISOR, "/due").json()
    assert [(each["batch"], each["objections"]) for each in due] == [(FIRST, []), (SECOND, [])]
    listed = office.proposed()
    assert (listed["state"], listed["may_approve"], listed["may_decline"]) == ("proposed", False, True)
    (going,) = listed["contents"]
    assert (going["batch"], going["segments"], going["objections"]) == (FIRST, len(office.site.footage()), [])
    content = office.said("GET", SUPERVISOR, f"/{listed['number']}/content.json")
    assert hashlib.sha256(content.content).hexdigest() == listed["digest"]
    once = office.approve(SUPERVISOR, listed).json()
    assert (once["state"], once["may_approve"]) == ("approved_once", False)
    twice = office.approve(SECOND_OFFICER, listed, reason="与档案室核对无误").json()
    assert twice["state"] == "approved_twice"
    assert [(each["who"], each["role"], each["reason"]) for each in twice["decisions"]] == [
        (f"account:{SUPERVISOR}", "city_supervisor", ""),
        (f"account:{SECOND_OFFICER}", "city_officer", "与档案室核对无误"),
    ]
    site = office.site
    site.carry_out(site.database.disposals.find(listed["number"]))
    done = office.said("GET", OFFICER, f"/{listed['number']}").json()
    assert (done["state"], done["contents"][0]["destroyed"]) == ("carried_out", True)
    papers = office.said("GET", OFFICER, f"/{listed['number']}/papers").json()
    assert [each["kind"] for each in papers] == ["order", "certificate"]
    assert [hashlib.sha256(each["text"].encode()).hexdigest() for each in papers] == [
        each["digest"] for each in papers
    ]
    assert [each["number"] for each in office.said("GET", OFFICER).json()] == [listed["number"]]


def test_nobody_approves_alone_what_they_proposed_or_with_an_old_password(office: Office) -> None:
    listed = office.proposed()
    assert kind(office.approve(OFFICER, listed)) == (422, "decision-refused")
    assert office.approve(SUPERVISOR, listed).status_code == 200
    assert kind(office.approve(SUPERVISOR, listed)) == (422, "decision-refused")
    office.site.clock.advance(FRESH.total_seconds())
    assert kind(office.approve(SECOND_OFFICER, listed)) == (403, "proof-needed")
    with pytest.raises(NotApproved):
        office.site.carry_out(office.site.database.disposals.find(listed["number"]))
    assert office.site.in_store() == set(office.site.footage())


def test_what_was_not_seen_or_is_not_there_is_not_approved(office: Office) -> None:
    listed = office.proposed()
    other = {**listed, "digest": "0" * 64}
    assert kind(office.approve(SUPERVISOR, other)) == (422, "decision-refused")
    assert kind(office.approve(SUPERVISOR, {**listed, "number": 99})) == (404, "unknown-disposal")
    assert kind(office.said("GET", SUPERVISOR, "/x")) == (404, "unknown-disposal")
    assert kind(office.said("GET", SUPERVISOR, "/99999999999999999999")) == (404, "unknown-disposal")


def test_by_a_clock_that_nobody_vouches_for_nothing_is_proposed_or_approved(office: Office) -> None:
    listed = office.proposed()
    office.site.witnesses.said_ntp = FREE
    assert kind(office.approve(SUPERVISOR, listed)) == (422, "disposal-refused")
    answer = office.said("POST", OFFICER, batches=[SECOND], reason=WHY)
    assert kind(answer) == (422, "disposal-refused")
    assert "clock_unproven" in answer.json()["detail"]
    shown = office.said("GET", SUPERVISOR, f"/{listed['number']}").json()
    assert [each["what"] for each in shown["contents"][0]["objections"]] == ["clock_unproven"]


def test_a_declined_list_is_over_and_says_why(office: Office) -> None:
    listed = office.proposed()
    assert kind(office.said("POST", SUPERVISOR, f"/{listed['number']}/decline", reason="x")) == (
        422,
        "invalid-request",
    )
    answer = office.said("POST", SUPERVISOR, f"/{listed['number']}/decline", reason="审计尚未结束")
    assert (answer.status_code, answer.json()["state"]) == (200, "turned_down")
    assert kind(office.approve(SECOND_OFFICER, listed)) == (422, "decision-refused")


def test_who_is_recused_finds_no_list_of_the_batch_and_proposes_none(office: Office) -> None:
    listed = office.proposed(FIRST, SECOND)
    office.site.database.accounts.recuse(SUPERVISOR, SECOND, office.site.clock.now(), recused=True)
    assert office.said("GET", SUPERVISOR).json() == []
    for method, path in (("GET", ""), ("GET", "/papers"), ("GET", "/content.json"), ("POST", "/approval")):
        assert kind(office.said(method, SUPERVISOR, f"/{listed['number']}{path}")) == (404, "unknown-disposal")
    office.site.database.accounts.recuse(SECOND_OFFICER, SECOND, office.site.clock.now(), recused=True)
    assert kind(office.said("POST", SECOND_OFFICER, batches=[SECOND], reason=WHY)) == (404, "unknown-batch")
    assert SECOND not in str(office.said("GET", SECOND_OFFICER, "/due").json())


def test_no_token_approves_whatever_it_is_for(office: Office) -> None:
    listed, site = office.proposed(), office.site
    owner = next(each for each in site.database.accounts.all() if each.name == SUPERVISOR)
    granted = frozenset(act for act in GRANTABLE if owner.role in MAY[act])
    secret = tokens.add(site.database, owner, tokens.Wanted("x", granted), TESTER, site.clock)[1]
    for path in ("", "/due", f"/{listed['number']}"):
        answer = office.talking.get(f"{LISTS}{path}", headers={"Authorization": f"Bearer {secret}"})
        assert kind(answer) == (403, "not-allowed")
    answer = office.talking.post(
        f"{LISTS}/{listed['number']}/approval",
        headers={"Authorization": f"Bearer {secret}"},
        json={"digest": listed["digest"]},
    )
    assert kind(answer) == (403, "not-allowed")


def test_who_asks_for_footage_that_is_gone_is_told_by_which_list(office: Office) -> None:
    site = office.site
    span = {"start": rfc3339(START), "end": rfc3339(START + EXAM), "purpose": "复核成绩有疑"}
    cookie = {"Cookie": f"{COOKIE}={SUPERVISOR}"}
    address = "/api/v1/cameras/c2/playlist.m3u8"
    before = office.talking.get(address, params=span, headers=cookie)
    assert before.status_code == 200
    part = next(line for line in before.text.splitlines() if line.endswith("media.m4s"))
    listed = site.approved()
    site.carry_out(listed)
    told = f"已按处置清单 {listed.number} 于 {(site.clock.now() + timedelta(hours=8)).date()} 销毁"
    film = f"/api/v1/batches/{FIRST}/cameras/c2/film.mp4"
    for asked, params in ((address, span), (part, None), (part.replace("media.m4s", "file.mp4"), None), (film, span)):
        answer = office.talking.get(asked, params=params, headers=cookie)
        assert kind(answer) == (410, "disposed"), asked
        assert told in answer.json()["detail"]
    report = office.talking.get(f"/api/v1/batches/{FIRST}/sittings/1/report", headers=cookie)
    assert report.status_code == 200
    assert "segment_missing" not in report.text
