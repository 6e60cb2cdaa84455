"""The check before a sitting over the API: who may do what, and what is answered."""

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
from domain.people import Account, Reach, Role, Scope
from storage.archive import Archive
from storage.database import connect
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY
from tests.records.setups import START
from tests.records.tried import BATCH, Tried

SITTING = f"/api/v1/batches/{BATCH}/sittings/1"
OPERATOR, ELSEWHERE, SUPERVISOR, EXAMINER = "operator", "operator-of-another-site", "supervisor", "examiner"
ACCOUNTS = (
    (OPERATOR, Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({"sg-001"}))),
    (ELSEWHERE, Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({"sg-002"}))),
    (SUPERVISOR, Role.CITY_SUPERVISOR, Scope(Reach.CITY)),
    (EXAMINER, Role.EXAMINER, Scope(Reach.BATCHES, frozenset({BATCH}))),
)


@dataclass
class Office:
    """A dashboard over a sitting that has not begun; everybody has a session of the token that is their name."""

    tried: Tried
    talking: httpx.Client

    def said(self, method: str, who: str, path: str, **told: Any) -> httpx.Response:
        headers = {"Cookie": f"{COOKIE}={who}"}
        return self.talking.request(method, f"{SITTING}/{path}", headers=headers, json=told or None)

    def kind(self, method: str, who: str, path: str, **told: Any) -> tuple[int, str]:
        answer = self.said(method, who, path, **told)
        return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One for all of these tests, which go on where the one before ended."""
    folder: Path = tmp_path_factory.mktemp("office")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    tried = Tried(database, folder / "spool")
    for name, role, scope in ACCOUNTS:
        database.accounts.add(Account(name, role, scope, tried.clock.now(), must_change=False), "no hash")
        database.accounts.succeed(name, hashlib.sha256(name.encode()).hexdigest(), tried.clock.now())
    archive = Archive(database.evidence, None, folder / "spool", lambda _: START, tried.clock)
    app = create_app(database, archive, load_rule_pack, tried.clock, None, means=tried.means)
    with client(app, None) as talking:
        yield Office(tried, talking)
    database.close()


def test_only_who_runs_the_site_orders_a_trial_confirms_and_signs(office: Office) -> None:
    acts: tuple[tuple[str, dict[str, Any]], ...] = (
        ("trial", {}),
        ("readiness/confirmations", {"room": "r301", "items": ["signs"]}),
        ("readiness/signature", {"reason": "why not"}),
    )
    for path, told in acts:
        assert office.kind("POST", SUPERVISOR, path, **told) == (403, "not-allowed")
        assert office.kind("POST", EXAMINER, path, **told) == (403, "not-allowed")
        assert office.kind("POST", ELSEWHERE, path, **told) == (404, "unknown-batch")
    assert office.kind("GET", EXAMINER, "readiness") == (403, "not-allowed")
    assert office.tried.database.readiness.last_trial(BATCH, 1) is None
    assert office.tried.database.readiness.confirmations(BATCH, 1) == {}
    assert office.tried.database.readiness.signed(BATCH, 1) == []


def test_what_is_no_go_says_what_to_do_and_is_signed_with_a_reason_only(office: Office) -> None:
    found = office.said("GET", SUPERVISOR, "readiness").json()
    assert (found["go"], found["code"], found["code_zh"], found["signed"]) == (False, -2, "未完全覆盖", None)
    trial = next(each for each in found["rooms"][0]["checks"] if each["item"] == "trial")
    assert (trial["verdict"], bool(trial["do_zh"] and trial["do_en"])) == ("unknown", True)
    assert office.kind("POST", OPERATOR, "readiness/signature", reason="") == (422, "no-go")


def test_a_trial_is_ordered_once_at_a_time(office: Office) -> None:
    answer = office.said("POST", OPERATOR, "trial")
    assert answer.status_code == 201, answer.text
    assert office.kind("POST", OPERATOR, "trial") == (409, "trial-refused")
    trial = office.tried.database.readiness.last_trial(BATCH, 1)
    assert trial is not None
    assert (trial.number, trial.actor.name) == (answer.json()["number"], f"account:{OPERATOR}")
    office.tried.passes(70)
    office.tried.records(trial)
    office.tried.passes(10)


def test_what_a_machine_sees_is_for_nobody_to_confirm(office: Office) -> None:
    refused = office.kind("POST", OPERATOR, "readiness/confirmations", room="r301", items=["disk"])
    assert refused == (422, "invalid-request")
    refused = office.kind("POST", OPERATOR, "readiness/confirmations", room="r302", items=["signs"])
    assert refused == (422, "nothing-to-confirm")
    seen = ["signs", "notice", "equipment"]
    answer = office.said("POST", OPERATOR, "readiness/confirmations", room="r301", items=seen)
    assert (answer.status_code, answer.json()["go"]) == (200, False), answer.text
    none = {"room": "r301", "items": ["tools", "materials"], "applies": False}
    assert office.kind("POST", OPERATOR, "readiness/confirmations", **none) == (422, "reason-needed")
    answer = office.said("POST", OPERATOR, "readiness/confirmations", **none, note="笔试科目")
    assert (answer.status_code, answer.json()["go"]) == (200, True), answer.text


def test_signing_asks_for_a_fresh_password_and_is_answered_with_the_record(office: Office) -> None:
    office.tried.passes(FRESH.total_seconds() + 1)
    assert office.kind("POST", OPERATOR, "readiness/signature") == (403, "proof-needed")
    office.tried.database.accounts.succeed(
        OPERATOR, hashlib.sha256(b"another login").hexdigest(), office.tried.clock.now()
    )
    answer = office.said("POST", "another login", "readiness/signature", reason="")
    assert answer.status_code == 201, answer.text
    signed = answer.json()["signed"]
    assert (signed["go"], signed["standing"], signed["signer"]) == (True, "go", f"account:{OPERATOR}")
    kept = office.tried.database.readiness.last_signed(BATCH, 1)
    assert kept is not None
    assert kept.digest == signed["digest"]
    report = office.said("GET", SUPERVISOR, "report").json()
    assert (report["plan_cover"]["code"], report["plan_cover"]["standing"]) == (1, "go")
    assert report["save_cover"] == {"code": None, "rooms": [{"room": "r301", "code": None}]}
