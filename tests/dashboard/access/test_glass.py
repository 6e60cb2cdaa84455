"""Breaking the glass: what it must not be, then what it opens, for how long, and who hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts, glass
from dashboard.access.errors import AccountRefused
from dashboard.app import create_app
from domain.chain import Record
from domain.people import TOLD_FOR, Role
from domain.timeline import rfc3339
from storage.audit.checking import Vouchers, check
from storage.audit.notary import SEALS, Notary
from storage.database import connect
from storage.errors import GlassIsBroken, SealRefused
from storage.signing import Signer
from tests.dashboard.exam import TESTER, TOKEN, WINDOW, Exam, hold_exam
from tests.dashboard.serving import client

WANTED = glass.Wanted("值班人员手机遗失，无人可以登录")
SESSION = "/api/v1/session"
NEW = "朝霞 over the Bei river"
SIGNER = Signer.new()


@dataclass(frozen=True, slots=True)
class Night:
    """A dashboard whose administrators and supervisors have to have a second factor, and its record of viewings."""

    exam: Exam
    talking: httpx.Client
    folder: Path

    def break_glass(self, wanted: glass.Wanted = WANTED) -> tuple[str, str]:
        account, first = glass.break_glass(self.exam.database, self.exam.clock, TESTER, wanted)
        return account.name, first

    def enter(self, name: str, first: str) -> httpx.Response:
        """Come in and change the first password."""
        self.talking.cookies.clear()
        self.talking.post(SESSION, json={"name": name, "password": first})
        return self.talking.post(f"{SESSION}/password", json={"old": first, "new": NEW})


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    folder = tmp_path / "var"
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, folder))
    exam = hold_exam(database, tmp_path / "spool")
    app = create_app(database, exam.archive, load_rule_pack, exam.clock, None)
    with_factor = frozenset({Role.CITY_ADMINISTRATOR, Role.CITY_SUPERVISOR})
    app.state.backing = replace(app.state.backing, with_factor=with_factor)
    with client(app, None) as talking:
        yield Night(exam, talking, folder)
    database.close()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (replace(WANTED, reason=" x "), "4 to 200 characters"),
        (replace(WANTED, reason="x" * 201), "4 to 200 characters"),
        (replace(WANTED, reason="nobody\ncomes in"), "one line"),
        (replace(WANTED, hours=0), "1 to 4 hours"),
        (replace(WANTED, hours=5), "1 to 4 hours"),
        (replace(WANTED, role=Role.SITE_OPERATOR), "the whole city"),
        (replace(WANTED, role=Role.DEVICE), "the whole city"),
    ],
)
def test_without_a_reason_for_too_long_or_for_a_part_of_the_city_the_glass_stays_whole(
    night: Night, wrong: glass.Wanted, words: str
) -> None:
    before = night.exam.database.accounts.all()
    with pytest.raises(AccountRefused, match=words):
        night.break_glass(wrong)
    assert night.exam.database.accounts.all() == before
    assert night.exam.database.viewings.head() is None


def test_where_it_cannot_be_written_down_nobody_comes_in(night: Night) -> None:
    (night.folder / Record.VIEWINGS / SEALS).mkdir(parents=True)
    before = night.exam.database.accounts.all()
    with pytest.raises(SealRefused):
        night.break_glass()
    assert night.exam.database.accounts.all() == before


def test_it_opens_the_door_without_a_second_factor_and_ends_by_itself(night: Night) -> None:
    name, first = night.break_glass()
    assert first not in str(night.exam.database.journal.entries())
    entered = night.enter(name, first).json()["account"]
    assert (entered["must_enrol"], entered["role"]) == (False, "city_administrator")
    assert night.talking.get("/api/v1/status").status_code == 200
    night.talking.post("/api/v1/tokens", json={"label": "left behind", "acts": ["see"]}).raise_for_status()
    (token,) = night.exam.database.api_tokens.all(name)
    assert token.expires > night.exam.clock.now() + timedelta(hours=1)
    made = night.talking.post("/api/v1/tokens", json={"label": "left behind", "acts": ["see"]}).json()["secret"]
    bearer = {"Authorization": f"Bearer {made}"}
    assert night.talking.get("/api/v1/status", headers=bearer).status_code == 200
    for _ in range(6):  # in use all the time
        night.exam.clock.advance(599)
        assert night.talking.get("/api/v1/status").status_code == 200
    night.exam.clock.advance(6)
    assert night.talking.get("/api/v1/status").status_code == 401
    assert night.talking.get("/api/v1/status", headers=bearer).status_code == 401
    assert night.talking.post(SESSION, json={"name": name, "password": NEW}).status_code == 403


def test_an_account_of_that_role_that_was_not_made_so_still_needs_its_second_factor(night: Night) -> None:
    wanted = accounts.Wanted("chen", Role.CITY_ADMINISTRATOR, must_change=False)
    password = accounts.add(night.exam.database, wanted, TESTER, night.exam.clock)
    night.break_glass()
    entered = night.talking.post(SESSION, json={"name": "chen", "password": password}).json()["account"]
    assert entered["must_enrol"] is True


def test_a_second_one_is_refused_while_the_first_is_open_and_the_attempt_is_written_down(night: Night) -> None:
    name, _ = night.break_glass()
    night.exam.clock.advance(60)
    with pytest.raises(GlassIsBroken, match=f"kaojian user disable {name}"):
        night.break_glass()
    kept = [each.viewing for each in night.exam.database.viewings.latest(10)]
    assert [(each.deed.value, each.role, each.outcome) for each in kept] == [
        ("enter", "local", f"{name} is open"),
        ("enter", "local", "shown"),
    ]
    accounts.disable(night.exam.database, name, TESTER, night.exam.clock)
    other, _ = night.break_glass()
    assert other != name
    acts = [(entry.act, entry.subject) for entry in night.exam.database.journal.entries(3)]
    assert acts == [("break_glass", other), ("disable_account", name), ("break_glass", name)]


def test_every_receiver_of_alarms_is_told_at_once_in_both_languages(night: Night) -> None:
    night.exam.database.alarms.begin("duty-room")
    name, _ = night.break_glass()
    alarm = night.exam.database.alarms.next_alarm("duty-room")
    assert alarm is not None
    told = json.loads(alarm.body)
    assert (told["event"], told["step"], told["subject"]) == ("break_glass", "began", f"break_glass/{name}")
    assert (told["recorder"], told["cameras"], told["site"]) == (None, [], None)
    for words in ("紧急进入（发生）", name, "市级管理员", TESTER.name, WANTED.reason):
        assert words in told["text"]["zh"]
    for words in ("glass broken (began)", name, "city administrator", TESTER.name, WANTED.reason):
        assert words in told["text"]["en"]


def test_everybody_who_is_logged_in_is_told_while_it_is_open_and_for_a_week_after(night: Night) -> None:
    def told() -> list[dict[str, object]]:
        listed: list[dict[str, object]] = examiner.get(SESSION).json()["broken_glass"]
        return listed

    name, _ = night.break_glass()
    now, until = night.exam.clock.now(), night.exam.clock.now() + timedelta(hours=1)
    wanted = accounts.Wanted("kao", Role.EXAMINER, ("SG-2026-0501",), now + timedelta(days=99), must_change=False)
    password = accounts.add(night.exam.database, wanted, TESTER, night.exam.clock)
    examiner = night.talking
    assert told() == []  # nobody is logged in
    examiner.post(SESSION, json={"name": "kao", "password": password}).raise_for_status()
    expected = {
        "account": name,
        "role": "city_administrator",
        "opened": rfc3339(now),
        "until": rfc3339(until),
        "open": True,
        "by": TESTER.name,
        "reason": WANTED.reason,
    }
    assert told() == [expected]
    board = examiner.get("/api/v1/status", headers={"Cookie": f"kaojian_session={TOKEN}"})
    assert board.status_code == 403  # a supervisor without a second factor, here
    night.exam.clock.advance(3600)
    examiner.post(SESSION, json={"name": "kao", "password": password}).raise_for_status()
    assert told() == [expected | {"open": False}]
    night.exam.clock.advance(TOLD_FOR.total_seconds())
    examiner.post(SESSION, json={"name": "kao", "password": password}).raise_for_status()
    assert told() == []


def test_footage_that_is_watched_with_it_is_marked_in_the_record(night: Night) -> None:
    name, first = night.break_glass(replace(WANTED, role=Role.CITY_SUPERVISOR))
    night.enter(name, first)
    span = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end)}
    assert night.talking.get("/api/v1/cameras/A-cam-1/playlist.m3u8", params=span).status_code == 200
    assert night.talking.get("/api/v1/cameras/no-cam/playlist.m3u8", params=span).status_code == 404
    kept = [each.viewing for each in night.exam.database.viewings.latest(2)]
    assert {each.outcome for each in kept} == {"shown", "unknown-camera"}
    assert {(each.actor.name, each.role) for each in kept} == {(f"account:{name}", "break_glass:city_supervisor")}
    listed = night.talking.get("/api/v1/viewings").json()
    assert listed[0]["role"] == "break_glass:city_supervisor"
    assert (listed[-1]["deed"], listed[-1]["who"]) == ("enter", TESTER.name)
    assert WANTED.reason in listed[-1]["purpose"]
    for rows in night.exam.database.records:
        assert not check(rows, Vouchers(night.folder, [SIGNER.public])).chain.faults
