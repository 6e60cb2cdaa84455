"""The command line against the table: every command is in it, and what acts leaves its actor in the journal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

from dashboard.access.table import COMMANDS, LOCAL, MAY, Act, may
from kaojian import cli
from kaojian.terminal import local_actor
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import END, START, journal


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[str]:
    """The words of every command of a tree."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words)
        return
    for name, each in inner.items():
        yield from leaves(each, (*words, name))


def test_the_table_names_every_command_and_nothing_else() -> None:
    there = list(leaves(typer.main.get_command(cli.app)))
    assert sorted(there) == sorted(COMMANDS)


def test_the_local_user_may_what_commands_do_and_nothing_else() -> None:
    assert {act for act, who in MAY.items() if LOCAL in who} == set(COMMANDS.values()) - {Act.ANYBODY}
    for act in (Act.WATCH, Act.WATCH_OPEN, Act.OWN_SESSION, Act.OWN_TOKENS, Act.SCHEDULE):
        assert not may(LOCAL, act), act


@pytest.mark.parametrize(
    ("words", "act"), [("footage watch", Act.WATCH), ("footage live", Act.WATCH_OPEN), ("forgotten", None)]
)
def test_a_command_that_the_table_does_not_allow_does_not_run(
    kaojian: Command, monkeypatch: pytest.MonkeyPatch, words: str, act: Act | None
) -> None:
    ran = []
    app, *_, last = typer.Typer(), *words.split()
    footage = typer.Typer()
    if " " in words:
        app.add_typer(footage, name="footage")

    @(footage if " " in words else app).command(last)
    def forbidden() -> None:
        ran.append(words)

    @app.command("status")
    def status() -> None:
        ran.append("status")

    cli.behind_the_door(app)
    monkeypatch.setattr(cli, "app", app)
    if act is not None:
        monkeypatch.setitem(COMMANDS, words, act)
    done = kaojian(*words.split())
    assert (done.code, ran, done.out) == (1, [], "")
    assert done.err == f"kaojian: nobody may run `{words}` here: dashboard.access.table does not allow it\n"
    assert kaojian("status").code == 0
    assert ran == ["status"]


@dataclass(frozen=True, slots=True)
class Deed:
    """A command that acts, and what it leaves in the journal, the newest entry first."""

    words: tuple[str, ...]
    act: str
    subject: str


ACTS = (
    Deed(("apply", "exam.yaml"), "apply_batch", "2026-0501"),
    Deed(("sitting", "confirm", "2026-0501", "1", "r301", "signs"), "confirm_sitting", "2026-0501/1"),
    Deed(("sitting", "sign", "2026-0501", "1", "--reason", "网络刚修好"), "check_sitting", "2026-0501/1"),
    Deed(("sitting", "open", "2026-0501", "1", *START), "open_sitting", "2026-0501/1"),
    Deed(("sitting", "mark", "2026-0501", "1", "read"), "mark_sitting", "2026-0501/1"),
    Deed(("sitting", "close", "2026-0501", "1", *END), "close_sitting", "2026-0501/1"),
    Deed(("hold", "set", "2026-0501", "--reason", "投诉调查"), "hold_batch", "2026-0501"),
    Deed(
        (
            "withhold",
            "begin",
            "sg-001-c1",
            "--from",
            "2026-05-01T09:00+08:00",
            "--until",
            "2026-05-01T09:10+08:00",
            "--reason",
            "拍到更衣区",
        ),
        "withhold_footage",
        "1",
    ),
    Deed(("hold", "lift", "1", "--reason", "调查结束"), "lift_hold_of_batch", "2026-0501"),
    Deed(("user", "add", "chen", "--role", "city_officer"), "add_account", "chen"),
    Deed(("user", "add", "board", "--role", "device", "--of", "sg-001"), "add_account", "board"),
    Deed(("user", "recuse", "chen", "2026-0501", "--reason", "女儿应考"), "recuse", "chen"),
    Deed(("user", "recuse", "chen", "2026-0501", "--reason", "缺考", "--lift"), "lift_recusal", "chen"),
    Deed(("user", "reset", "chen"), "reset_password", "chen"),
    Deed(("user", "log-out", "chen", "--reason", "手机遗失"), "end_sessions", "chen"),
    Deed(("token", "add", "board", "--for", "see", "--label", "考务大屏"), "add_token", "board"),
    Deed(("user", "disable", "chen"), "disable_account", "chen"),
    Deed(("secret", "set", "cam-c1"), "set_secret", "cam-c1"),
    Deed(("secret", "rekey"), "rekey_secrets", "secrets"),
    Deed(("tls", "kaojian.example.cn"), "make_certificate", ""),
    Deed(("tls", "--renew"), "renew_certificate", ""),
    Deed(("record", "copy", "taken"), "copy_records", "records"),
)
ELSEWHERE = {
    "user reset-factor", "user link", "user unlink", "token revoke",  # test_users
    "user break-glass", "secret encrypt",  # below
    "batch close", "export", "key rotate",  # test_closing
    "webhook test",  # test_webhooks
    "backup", "restore", "rebuild",  # test_backup, test_fire
    "disposal propose", "disposal carry-out",  # test_disposal
    "withhold end", "withhold destroy",  # test_withholding
    "models add", "models remove",  # test_detecting
    "reference make",  # test_references
    "sitting trial",  # test_readiness
    "grounds import",  # test_grounds
    "supervisor add", "supervisor recuse", "draw publish", "draw commit", "draw reveal",  # test_supervision
    "draw run", "draw replace", "visit begin", "visit answer", "visit find", "visit end",  # test_supervision
    "visit feedback", "visit publish",  # test_supervision
    "panel import", "panel arrive", "panel leave",  # test_panels
    "score import",  # test_score_files
    "scoring add", "scoring revoke",  # test_scoring
    "roster import", "roster export", "roster withdraw",  # test_roll
    "roll plan", "roll first-review", "roll submit", "roll review", "roll feedback",  # test_roll
    "roll signin", "roll absent", "roll move", "roll violation", "roll leave",  # test_roll
    "case decide",  # test_gate
    "find",  # test_finding
    "certificate deliver", "certificate count", "certificate spoil", "certificate issue",  # test_certificates
    "certificate imprint", "certificate reprint", "certificate revoke", "certificate query",  # test_certificates
    "certificate export", "certificate overlay", "claim import",  # test_certificates
    "papers print", "papers none", "papers hand", "papers package", "marking order",  # test_day
    "room-record write", "room-record incident", "room-record sign",  # test_day
    "dossier add", "dossier fetch", "dossier verify", "receipt make",  # test_dossiers
}  # fmt: skip
"""Whose entry another test looks at."""

NO_ENTRY = {
    "disposal list", "disposal show", "disposal verify", "room plan", "room labels",  # read, too
    "withhold list", "withhold show",  # read
    "status", "report", "plan", "check", "verify", "key show", "hold list", "user list", "token list",  # read
    "doctor", "camera test", "models try",  # try
    "models list", "reference list", "sitting check",  # read
    "grounds show", "grounds judge", "grounds form",  # read
    "panel show", "panel export", "panel profile", "score export", "score show", "score profile",  # read
    "supervisor list", "draw show", "visit show",  # read
    "draw verify",  # without a database
    "certificate ledger", "certificate show", "certificate profile", "claim show",  # read
    "papers show", "room-record show", "room-record print",  # read
    "dossier list", "dossier missing", "receipt print", "receipt check",  # read
    "roster show", "roster profile", "clauses", "case list", "suspicions", "scoring list",  # read
    "serve", "demo", "drill", "simulate",  # run what writes down its own acts
}  # fmt: skip


def test_each_act_at_the_command_line_is_in_the_journal_with_its_actor(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for deed in ACTS:
        monkeypatch.setattr("sys.stdin", io.StringIO("admin:hunter2\n"))
        before = journal(installation)
        done = kaojian(*deed.words)
        assert done.code == 0, done.err
        found = journal(installation)
        assert len(found) > len(before), deed
        subject = deed.subject or str(installation / "var" / "tls")
        assert found[0] == (deed.act, subject, local_actor()), deed
        assert "hunter2" not in str(found)
    told = {" ".join(deed.words[:2]) for deed in ACTS} | {deed.words[0] for deed in ACTS}
    assert set(COMMANDS) - told == ELSEWHERE | NO_ENTRY


def test_reading_at_the_command_line_leaves_no_entry_as_it_leaves_none_over_the_api(
    kaojian: Command, installation: Path
) -> None:
    kaojian("apply", "exam.yaml")
    before = journal(installation)
    reading = (
        ("status",),
        ("report", "2026-0501"),
        ("plan",),
        ("user", "list"),
        ("token", "list"),
        ("key", "show"),
        ("check",),
    )
    assert kaojian("sitting", "check", "2026-0501", "1").code == 1
    assert [kaojian(*words).code for words in reading] == [0] * len(reading)
    assert journal(installation) == before


def test_secrets_that_are_sealed_are_named_in_the_journal(kaojian: Command, installation: Path) -> None:
    folder = installation / "var" / "secrets"
    folder.mkdir(parents=True)
    (folder / "cam-c1").touch(0o600)
    (folder / "cam-c1").write_text("admin:hunter2\n")
    assert kaojian("secret", "encrypt").code == 0
    assert journal(installation)[0] == ("encrypt_secret", "cam-c1", local_actor())


def test_a_broken_glass_is_shown_by_status_and_doctor(kaojian: Command, installation: Path) -> None:
    assert "GLASS" not in kaojian("status").out
    done = kaojian("user", "break-glass", "--reason", "无人可以登录")
    assert done.code == 0, done.err
    name = done.out.split()[1].rstrip(",")
    assert name.startswith("emergency-")
    assert "ends by itself" in done.err
    assert journal(installation)[0] == ("break_glass", name, local_actor())
    shown = kaojian("status").out
    assert f"GLASS BROKEN 紧急进入: {name} (city_administrator 市级管理员) by {local_actor().name}" in shown
    assert "无人可以登录" in shown
    (told,) = json.loads(kaojian("status", "--json").out)["broken_glass"]
    assert (told["account"], told["open"], told["by"]) == (name, True, local_actor().name)
    assert f"kaojian user disable {name}" in " ".join(kaojian("doctor").out.split())
    again = kaojian("user", "break-glass", "--reason", "无人可以登录")
    assert (again.code, f"{name} is open" in again.err) == (1, True)
    assert kaojian("user", "disable", name).code == 0
    (told,) = json.loads(kaojian("status", "--json").out)["broken_glass"]
    assert told["open"] is False
