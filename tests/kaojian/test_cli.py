"""The command line: what it prints, where it prints it, and how it ends. No refusal shows a traceback."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from domain.people import Actor, Door
from storage.database import connect
from tests.kaojian.conftest import Command
from tests.records.setups import WHOLE

ROOT = Path(__file__).resolve().parents[2]
START = ("--start", "2026-05-01T09:00:00+08:00")
END = ("--end", "2026-05-01T10:30:00+08:00")


def journal(folder: Path) -> list[tuple[str, str, Actor]]:
    database = connect(f"sqlite:///{folder / 'var' / 'kaojian.sqlite3'}")
    entries = [(entry.act, entry.subject, entry.actor) for entry in database.journal.entries()]
    database.close()
    return entries


def test_a_file_is_applied_once_and_then_unchanged(kaojian: Command, installation: Path) -> None:
    first = kaojian("apply", "exam.yaml")
    assert (first.code, first.out, first.err) == (0, "applied    site sg-001\napplied    batch 2026-0501\n", "")
    again = kaojian("apply", "exam.yaml")
    assert (again.code, again.out) == (0, "unchanged  site sg-001\nunchanged  batch 2026-0501\n")
    assert len(journal(installation)) == 2


def test_the_command_line_acts_as_the_local_user(kaojian: Command, installation: Path) -> None:
    kaojian("apply", "exam.yaml")
    kaojian("sitting", "open", "2026-0501", "1", *START)
    user = f"local:{pwd.getpwuid(os.getuid()).pw_name}"
    act, subject, actor = journal(installation)[0]
    assert (act, subject, actor) == ("open_sitting", "2026-0501/1", Actor(user, Door.COMMAND_LINE))


def test_the_user_cannot_be_talked_into_another_name_by_the_environment(
    kaojian: Command, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "LOGNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "mallory")
    kaojian("apply", "exam.yaml")
    assert "mallory" not in str(journal(installation))


def test_every_problem_of_a_file_is_one_line_and_nothing_is_applied(kaojian: Command, installation: Path) -> None:
    text = WHOLE.replace("stations: [A-01, A-02]", "stations: [A-01, A-01]").replace("T10:30", "T08:30")
    (installation / "bad.yaml").write_text(text, encoding="utf-8")
    done = kaojian("apply", "bad.yaml")
    assert (done.code, done.out) == (1, "")
    lines = done.err.splitlines()
    assert lines[0] == "bad.yaml:8: sites[0].rooms[0].stations[1]: station A-01 is listed twice"
    assert lines[-1] == "kaojian: 3 problems; nothing was changed"
    assert journal(installation) == []


def test_the_schema_is_printed_without_a_database(kaojian: Command, installation: Path) -> None:
    done = kaojian("apply", "--schema")
    assert json.loads(done.out)["title"] == "Kaojian set-up"
    assert not (installation / "var").exists()


def test_a_sitting_is_opened_and_closed(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    opened = kaojian("sitting", "open", "2026-0501", "1", *START)
    assert (opened.code, opened.out) == (0, "sitting 1 of batch 2026-0501 is open, start 2026-05-01T01:00:00.000Z\n")
    closed = kaojian("sitting", "close", "2026-0501", "1", *END)
    assert closed.code == 0
    assert closed.out.endswith("end 2026-05-01T02:30:00.000Z; recording until 2026-05-01T02:45:00.000Z\n")


def test_doubts_are_notes_on_standard_error(kaojian: Command, installation: Path) -> None:
    text = WHOLE.replace("panoramic: true\n", "panoramic: false\n")
    (installation / "exam.yaml").write_text(text, encoding="utf-8")
    kaojian("apply", "exam.yaml")
    done = kaojian("sitting", "open", "2026-0501", "1", *START)
    assert done.code == 0
    assert done.err.splitlines(keepends=True)[1:] == [
        "note: room r301 has no panoramic camera (全景); the notice asks for one, 六（二）\n"
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sitting", "open", "none", "1"), "there is no batch none (there is: 2026-0501)"),
        (("sitting", "open", "2026-0501", "9"), "batch 2026-0501 has no sitting 9; it has 1, 2"),
        (("sitting", "close", "2026-0501", "1"), "was never opened"),
        (("sitting", "open", "2026-0501", "1", "--start", "2100-01-01T00:00:00Z"), "lies in the future"),
        (("report", "none"), "there is no batch none (there is: 2026-0501)"),
        (("report", "2026-0501", "--sitting", "9"), "batch 2026-0501 has no sitting 9"),
        (("report", "2026-0501", "--out", "no/such/folder.json"), "No such file or directory"),
        (("apply", "nowhere.yaml"), "nowhere.yaml:1: cannot be read: No such file or directory"),
        (("simulate", "nowhere.json"), "nowhere.json: No such file or directory"),
        (("simulate", "exam.yaml"), "exam.yaml: is not JSON"),
    ],
)
def test_each_refusal_is_one_clear_line_and_code_1(kaojian: Command, arguments: tuple[str, ...], said: str) -> None:
    kaojian("apply", "exam.yaml")
    done = kaojian(*arguments)
    assert done.code == 1
    assert done.out == ""
    assert said in done.err.splitlines()[0]
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("bogus",),
        ("apply",),
        ("sitting", "open", "2026-0501"),
        ("sitting", "open", "2026-0501", "zero"),
        ("sitting", "open", "2026-0501", "1", "--start", "9 o'clock"),
        ("sitting", "open", "2026-0501", "1", "--start", "2026-05-01T09:00:00"),
        ("report", "2026-0501", "--format", "docx"),
        ("serve", "--roles", "ingest,cooking"),
    ],
)
def test_wrong_use_ends_with_code_2(kaojian: Command, arguments: tuple[str, ...]) -> None:
    assert kaojian(*arguments).code == 2


def test_a_full_disk_refuses_to_open_a_sitting(kaojian: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    kaojian("apply", "exam.yaml")
    monkeypatch.setenv("KAOJIAN_MIN_FREE_BYTES", str(1 << 60))
    done = kaojian("sitting", "open", "2026-0501", "1", *START)
    assert done.code == 1
    assert "make room there" in done.err
    assert json.loads(kaojian("status", "--json").out)["sittings"][0]["opened"] is None


def test_an_address_that_others_can_reach_is_refused_by_every_command(
    kaojian: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAOJIAN_HTTP_HOST", "0.0.0.0")
    for arguments in (("status",), ("serve",), ("doctor",)):
        done = kaojian(*arguments)
        assert done.code == 1
        assert done.err.startswith("kaojian: KAOJIAN_HTTP_HOST: 0.0.0.0 can be reached from other machines")
        assert done.err.count("\n") == 1


def test_a_database_that_does_not_answer_is_one_line_without_its_password(
    kaojian: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAOJIAN_DATABASE_URL", "postgresql+psycopg://kaojian:hunter2@127.0.0.1:1/kaojian")
    done = kaojian("status")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "check that the server runs" in done.err
    assert "hunter2" not in done.err


def test_the_status_tells_sittings_and_cameras_to_people_and_programs(kaojian: Command) -> None:
    kaojian("apply", "exam.yaml")
    kaojian("sitting", "open", "2026-0501", "1", *START)
    told = json.loads(kaojian("status", "--json").out)
    assert [(each["sitting"], each["state"]) for each in told["sittings"]] == [(1, "open"), (2, "due")]
    assert told["sittings"][0]["actual"] == {"start": "2026-05-01T01:00:00.000Z", "end": None}
    assert {each["camera"]: each["state"] for each in told["cameras"]} == {
        "sg-001-c1": "not recorded",
        "sg-001-c2": "not recorded",
    }
    assert told["waiting"] == {"analysis": 0, "look": 0, "look_given_up": 0, "s3": None, "second_s3": 0}
    shown = kaojian("status").out
    for word in ("中式面点制作", "2026-05-01 09:00:00", "not recorded", "start it with: kaojian serve"):
        assert word in shown


def test_a_report_is_written_whole_as_json_or_html(kaojian: Command, installation: Path) -> None:
    kaojian("apply", "exam.yaml")
    kaojian("sitting", "open", "2026-0501", "1", *START)
    kaojian("sitting", "close", "2026-0501", "1", *END)
    one = json.loads(kaojian("report", "2026-0501", "--sitting", "1").out)
    assert (one["batch"], one["sitting"], one["rule_pack"]) == ("2026-0501", 1, "SG-2022-08-10")
    assert kaojian("report", "2026-0501", "--out", "batch.json").out == "written: batch.json\n"
    assert len(json.loads((installation / "batch.json").read_text(encoding="utf-8"))["sittings"]) == 2
    for lang, word in (("zh", "韶关示范考场"), ("en", "rule pack")):
        assert kaojian("report", "2026-0501", "--format", "html", "--lang", lang, "--out", "b.html").code == 0
        assert word.lower() in (installation / "b.html").read_text(encoding="utf-8").lower()
    assert sorted(path.suffix for path in installation.iterdir() if path.name.startswith(".")) == []


def test_the_module_runs_as_a_program_and_ends_with_its_code(installation: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "kaojian", "sitting", "close", "none", "1"]
    done = subprocess.run(command, env=environment, cwd=installation, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("kaojian: there is no batch none (there is: none)")


def test_simulated_cameras_run_until_they_are_told_to_stop(installation: Path) -> None:
    (installation / "site.json").write_text(
        json.dumps({"cameras": [{"id": "c1", "room": "r1", "width": 320, "height": 180}]}), encoding="utf-8"
    )
    command = [sys.executable, "-m", "kaojian", "simulate", "site.json"]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=installation,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["ready"][0]["url"].startswith("rtsp://127.0.0.1:")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_an_object_store_whose_locks_do_not_hold_is_served_only_where_somebody_says_so(
    kaojian: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("kaojian.serve.run", lambda settings, _roles: asked.append(settings.s3_allow_unlocked))
    for arguments in (["serve"], ["serve", "--allow-unlocked"]):
        assert kaojian(*arguments).code == 0
    assert asked == [False, True]
