"""litestream as a child of the service: started, started again when it dies, ended with it; told nothing too much."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from config.settings import Settings, load
from kaojian import replica
from kaojian.replica import keep_replicating, litestream_of, replicated
from storage.litestream import LitestreamFailed

PROGRAM = """#!{python}
import json, os, sys, time
with open("{told}", "a") as told:
    told.write(json.dumps([os.getpid(), sys.argv[1:], dict(os.environ)]) + "\\n")
print("level=WARN msg=slow", flush=True)
time.sleep(600 if {lasts} else 0)
"""


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in {"ENDPOINT": "127.0.0.1:1", "ACCESS_KEY": "kaojian", "SECRET_KEY": "hunter2"}.items():
        monkeypatch.setenv(f"KAOJIAN_S3_{name}", value)
    monkeypatch.setenv("KAOJIAN_LITESTREAM", "true")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/bundle.pem")
    monkeypatch.setattr(replica, "LOOK_S", 0.02)
    monkeypatch.setattr(replica, "FIRST_PAUSE_S", 0.02)
    found = load()
    found.data_dir.mkdir()
    return found


def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, lasts: bool) -> Callable[[], list[list[object]]]:
    """A program of that name comes first on PATH; what it was started with."""
    told, program = tmp_path / "told", tmp_path / "bin" / "litestream"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, told=told, lasts=lasts))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return lambda: [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []


def wait_for(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_child_that_dies_is_started_again_and_ends_with_the_service(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = installed(tmp_path, monkeypatch, lasts=True)
    with capture_logs() as logged, replicated(settings):
        wait_for(starts)
        os.kill(int(str(starts()[0][0])), signal.SIGKILL)
        wait_for(lambda: len(starts()) == 2)
        pid = int(str(starts()[1][0]))
        assert is_there(pid)
    assert not is_there(pid)
    events = [line["event"] for line in logged]
    assert events.count("litestream_ended") == 1
    assert {"event": "litestream_says", "line": "level=WARN msg=slow", "log_level": "warning"} in logged


def test_its_keys_stand_neither_on_its_command_line_nor_in_its_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = installed(tmp_path, monkeypatch, lasts=True)
    with replicated(settings):
        wait_for(starts)
    _, arguments, environment = starts()[0]
    assert "hunter2" not in str(arguments)
    file = settings.data_dir / "litestream.json"
    assert "hunter2" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert isinstance(environment, dict)
    assert environment["LITESTREAM_SECRET_ACCESS_KEY"] == "hunter2"
    assert not {"AWS_CA_BUNDLE", "KAOJIAN_S3_SECRET_KEY"} & environment.keys()


def test_one_that_ends_at_once_is_tried_again_and_told_each_time(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = installed(tmp_path, monkeypatch, lasts=False)
    stop = threading.Event()
    with capture_logs() as logged:
        thread = threading.Thread(target=keep_replicating, args=(settings, stop))
        thread.start()
        wait_for(lambda: len(starts()) >= 2)
        stop.set()
        thread.join()
    assert [line["event"] for line in logged].count("litestream_ended") >= 1


def test_without_the_program_or_what_it_copies_the_reason_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    stop = threading.Event()
    stop.wait = lambda _=None: bool(stop.set()) or True  # type: ignore[method-assign, assignment, func-returns-value]
    with capture_logs() as logged:
        keep_replicating(settings, stop)
    assert [line["event"] for line in logged] == ["litestream_not_started"]
    assert "litestream is not installed" in logged[0]["reason"]
    monkeypatch.setenv("KAOJIAN_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x")
    with pytest.raises(LitestreamFailed, match="SQLite"):
        litestream_of(load())


def test_nothing_is_started_where_it_is_not_enabled(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = installed(tmp_path, monkeypatch, lasts=True)
    monkeypatch.delenv("KAOJIAN_LITESTREAM")
    with replicated(load()):
        assert "litestream" not in {thread.name for thread in threading.enumerate()}
    assert starts() == []
