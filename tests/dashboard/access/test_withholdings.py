"""误摄扣留 over the API: withheld by whoever sees it, shown to who decides alone, confirmed with a fresh password."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.login import FRESH
from dashboard.access.table import GRANTABLE, MAY, Act
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.disposal import SIDES
from domain.people import Account, Role, Scope
from domain.timeline import rfc3339
from storage.archive import NotKept
from storage.database import connect
from tests.closed_batches import FIRST, SITE, START
from tests.dashboard.serving import client
from tests.disposals import OFFICER, SUPERVISOR
from tests.fakes.notary import NOTARY
from tests.withheld import WHY, WINDOW, Site

OPERATOR, AUDITOR, STRANGER = "operator", "auditor", "stranger"
SPAN = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end), "purpose": "复核成绩有疑"}


@dataclass
class Office:
    """A dashboard over a held sitting; everybody has a session of the token that is their name."""

    site: Site
    talking: httpx.Client

    def said(self, method: str, who: str, path: str, **told: Any) -> httpx.Response:
        headers = {"Cookie": f"{COOKIE}={who}"}
        return self.talking.request(method, f"/api/v1{path}", headers=headers, json=told or None)

    def log_in(self, who: str) -> None:
        digest = hashlib.sha256(who.encode()).hexdigest()
        self.site.database.accounts.succeed(who, digest, self.site.clock.now())

    def withhold(self, who: str = OPERATOR, **told: Any) -> httpx.Response:
        given = {"start": rfc3339(WINDOW.start), "until": rfc3339(WINDOW.end), "reason": WHY} | told
        return self.said("POST", who, "/cameras/c1/withholdings", **given)

    def decline(self, number: int) -> httpx.Response:
        return self.said("POST", SUPERVISOR, f"/withholdings/{number}/decline", reason="不是更衣区")

    def playlist(self, who: str, camera: str = "c1") -> httpx.Response:
        return self.talking.get(
            f"/api/v1/cameras/{camera}/playlist.m3u8", params=SPAN, headers={"Cookie": f"{COOKIE}={who}"}
        )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for all: each test declines the withholdings that it made, but for the last one."""
    folder = tmp_path_factory.mktemp("office")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    site = Site(database, folder / "spool")
    site.hold(FIRST)
    for name, role, names in (
        (OPERATOR, Role.SITE_OPERATOR, {SITE.id}),
        (STRANGER, Role.SITE_OPERATOR, {"sg-002"}),
        (AUDITOR, Role.AUDITOR, {FIRST}),
    ):
        database.accounts.add(Account(name, role, Scope(role.reach, frozenset(names)), START, False), "no hash")
    app = create_app(database, site.archive, load_rule_pack, site.clock, None)
    with client(app, None) as talking:
        made = Office(site, talking)
        for who in (OFFICER, SUPERVISOR, OPERATOR, STRANGER, AUDITOR):
            made.log_in(who)
        yield made
    database.close()


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_a_withholding_is_in_force_with_its_answer_and_only_who_decides_is_shown_the_footage(office: Office) -> None:
    assert office.playlist(OPERATOR).status_code == 200
    opened = office.playlist(OPERATOR).text.split('URI="')[1].split('"')[0]
    answer = office.withhold()
    assert answer.status_code == 201, answer.text
    withholding = answer.json()
    assert (withholding["state"], withholding["files"], withholding["stored"]) == (
        "undecided",
        len(office.site.files()),
        0,
    )
    assert withholding["batches"] == [FIRST]
    with pytest.raises(NotKept):
        office.site.archive.keep(office.site.files()[0])
    for who in (OPERATOR, AUDITOR):
        assert kind(office.playlist(who)) == (403, "withheld")
        assert office.playlist(who, "c2").status_code == 200
    head = office.talking.get(
        opened, headers={"Cookie": f"{COOKIE}={OPERATOR}"}
    )  # an address from before the withholding
    assert kind(head) == (403, "withheld")
    film = f"/batches/{FIRST}/cameras/c1/film.mp4"
    asked = office.talking.get(f"/api/v1{film}", params=SPAN, headers={"Cookie": f"{COOKIE}={OFFICER}"})
    assert kind(asked) == (403, "withheld")  # nobody takes it away, not even who decides
    for who in (OFFICER, SUPERVISOR):
        shown = office.playlist(who)
        assert shown.status_code == 200
        address = shown.text.split('URI="')[1].split('"')[0]
        cookie = {"Cookie": f"{COOKIE}={who}"}
        assert office.talking.get(address, headers=cookie).status_code == 200
        media = office.talking.get(address.replace("init.mp4", "media.m4s"), headers=cookie)
        assert media.status_code == 200
        assert len(media.content) == int(media.headers["content-length"])
        saved = office.talking.get(address.replace("init.mp4", "file.mp4"), headers=cookie)
        assert kind(saved) == (403, "withheld")
    outcomes = {each.viewing.outcome for each in office.site.database.viewings.latest(99)}
    assert "withheld" in outcomes
    assert office.decline(withholding["number"]).status_code == 200


def test_a_declined_withholding_gives_the_footage_back_and_one_that_goes_on_is_ended(office: Office) -> None:
    number = office.withhold(until=None).json()["number"]
    ended = office.said(
        "POST", OPERATOR, f"/withholdings/{number}/end", until=rfc3339(WINDOW.end), reason="摄像机已转正"
    )
    assert ended.status_code == 200, ended.text
    assert ended.json()["until"] == rfc3339(WINDOW.end)
    declined = office.decline(number)
    assert declined.json()["state"] == "released"
    assert office.playlist(OPERATOR).status_code == 200


def test_outside_of_its_scope_nobody_sees_or_makes_a_withholding(office: Office) -> None:
    number = office.withhold().json()["number"]
    assert office.said("GET", STRANGER, "/withholdings").json() == []
    assert number in {each["number"] for each in office.said("GET", AUDITOR, "/withholdings").json()}
    assert kind(office.withhold(STRANGER)) == (404, "unknown-camera")
    ended = office.said("POST", STRANGER, f"/withholdings/{number}/end", until=SPAN["end"], reason="xxxxx")
    assert kind(ended) == (404, "unknown-withholding")
    assert kind(office.withhold(until=rfc3339(WINDOW.start))) == (422, "impossible-time")
    assert kind(office.withhold(until="2026-05-01T09:00:00")) == (422, "invalid-request")  # no zone
    assert office.decline(number).status_code == 200


def test_two_sides_decide_each_with_a_fresh_password(office: Office) -> None:
    number = office.withhold().json()["number"]
    for path in ("confirmation", "decline"):
        assert kind(office.said("POST", OPERATOR, f"/withholdings/{number}/{path}", reason="xxxxx")) == (
            403,
            "not-allowed",
        )
    once = office.said("POST", OFFICER, f"/withholdings/{number}/confirmation", reason="已看过录像")
    assert once.status_code == 200, once.text
    assert once.json()["state"] == "confirmed_once"
    again = office.said("POST", OFFICER, f"/withholdings/{number}/confirmation", reason="已看过录像")
    assert kind(again) == (422, "decision-refused")
    office.site.clock.advance(FRESH.total_seconds() + 1)
    old = office.said("POST", SUPERVISOR, f"/withholdings/{number}/confirmation", reason="已看过录像")
    assert kind(old) == (403, "proof-needed")
    session = hashlib.sha256(SUPERVISOR.encode()).hexdigest()
    office.site.database.accounts.vouch(SUPERVISOR, session, office.site.clock.now())
    twice = office.said("POST", SUPERVISOR, f"/withholdings/{number}/confirmation", reason="已看过录像")
    assert twice.json()["state"] == "confirmed"
    assert [each["role"] for each in twice.json()["decisions"]] == ["city_officer", "city_supervisor"]


def test_no_token_and_no_command_line_decides() -> None:
    assert not {Act.WITHHOLD, Act.APPROVE_DISPOSAL} & set(GRANTABLE)
    assert MAY[Act.APPROVE_DISPOSAL] == frozenset(SIDES)
