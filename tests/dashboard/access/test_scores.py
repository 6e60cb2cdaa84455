"""Marks over the API: an examiner gives and signs, the leader confirms, a program hands in and signs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import tokens
from dashboard.access.table import Act
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.panels import Dispatch, Member
from domain.people import Account, Role, Scope
from domain.register import Draft
from records.panels import DISPATCHES
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import BATCH, TESTER, Exam, log_in, plan_exam
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER

SCORES = f"/api/v1/batches/{BATCH}/scores"
PLACE = {"candidate": "00017", "subject": "实操"}
MARK = {**PLACE, "method": "practical", "value": "59.5"}


@dataclass
class Panel:
    """An exam that is served, with two examiners who were sent to it; ``ex-1`` leads."""

    exam: Exam
    talking: httpx.Client
    accounts: dict[str, Account] = field(default_factory=dict)

    def person(self, name: str, role: Role = Role.EXAMINER, batch: str = BATCH) -> dict[str, str]:
        scope = Scope(role.reach, frozenset({batch}) if role is Role.EXAMINER else frozenset())
        self.accounts[name] = Account(name, role, scope, self.exam.clock.now(), False)
        log_in(self.exam, self.accounts[name], name)
        return {"Cookie": f"{COOKIE}={name}"}

    def send(self, what: str, body: dict[str, str], who: dict[str, str]) -> httpx.Response:
        return self.talking.post(f"{SCORES}{what}", json=body, headers=who)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    folder: Path = tmp_path_factory.mktemp("scores")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        exam = plan_exam(database, folder / "spool")
        sent = Dispatch(BATCH, 1, (Member("ex-1", leader=True), Member("ex-2")), by_centre=True)
        draft = Draft(DISPATCHES, f"{BATCH}/1", sent, batch=BATCH)
        exam.database.register.enter("import_panels", "panel.yaml", [draft], TESTER, exam.clock.now())
        with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
            yield Panel(exam, talking)


def test_a_mark_goes_from_the_examiner_to_the_leader_and_a_change_takes_its_signatures(panel: Panel) -> None:
    second, leader = panel.person("ex-2"), panel.person("ex-1")
    assert panel.send("", MARK, second).json()["scorer"] == "ex-2"
    assert panel.send("/signature", PLACE, leader).status_code == 422
    assert panel.send("/confirmation", PLACE, leader).json()["type"].endswith("score-refused")
    assert panel.send("/signature", PLACE, second).json()["signed"]["by"] == "ex-2"
    assert panel.send("/confirmation", PLACE, second).json()["type"].endswith("not-of-the-panel")
    assert panel.send("/confirmation", PLACE, leader).json()["confirmed"]["value"] == "59.5"
    unsaid = panel.send("", {**MARK, "value": "60"}, second)
    assert (unsaid.status_code, unsaid.json()["type"].endswith("reason-needed")) == (422, True)
    changed = panel.send("", {**MARK, "value": "60", "reason": "漏记一项"}, second).json()
    assert (changed["value"], changed["signed"], changed["confirmed"], changed["revision"]) == ("60", None, None, 4)
    listed = panel.talking.get(SCORES, headers=second).json()
    assert [(each["candidate"], each["value"]) for each in listed] == [("00017", "60")]


@pytest.mark.parametrize("value", ["100.5", "缺考", "-1", "1e2", "59.555", " 60", "NaN", ""])
def test_what_is_no_mark_is_refused_and_nothing_is_entered(panel: Panel, value: str) -> None:
    who = panel.person(f"ex-v{len(panel.accounts)}")
    answer = panel.send("", {**MARK, "candidate": "00099", "value": value}, who)
    assert answer.status_code == 422
    assert "00099" not in {each["candidate"] for each in panel.talking.get(SCORES, headers=who).json()}


def test_an_examiner_of_another_batch_finds_nothing_there(panel: Panel) -> None:
    other = panel.person("ex-other", batch="SG-OTHER")
    assert panel.send("", MARK, other).status_code == 404
    assert panel.talking.get(SCORES, headers=other).status_code == 404


def test_an_officer_reads_marks_and_gives_none(panel: Panel) -> None:
    officer = panel.person("wu", Role.CITY_OFFICER)
    assert panel.talking.get(SCORES, headers=officer).status_code == 200
    assert panel.send("", MARK, officer).status_code == 403


def test_a_program_hands_marks_in_with_an_examiners_token_and_signs_none(panel: Panel) -> None:
    panel.person("ex-3")
    wanted = tokens.Wanted("机考系统", frozenset({Act.SCORE}), days=1)
    _, secret = tokens.add(panel.exam.database, panel.accounts["ex-3"], wanted, TESTER, panel.exam.clock)
    program = {"Authorization": f"Bearer {secret}"}
    mine = {**MARK, "candidate": "00018"}
    assert panel.send("", mine, program).status_code == 200
    signed = panel.send("/signature", {**PLACE, "candidate": "00018"}, program)
    assert (signed.status_code, signed.json()["type"].endswith("not-allowed")) == (403, True)
