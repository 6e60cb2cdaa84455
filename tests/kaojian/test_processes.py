"""The processes of the service: started again at once when they die, stopped in order, never orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from kaojian.processes import Alone

ROOT = Path(__file__).resolve().parents[2]

FAMILY = """
    import os, signal, sys, time
    from pathlib import Path
    from kaojian.processes import Alone, Life, Member, StopSignals, keep, stop_event

    told = Path(sys.argv[1])

    def tell(*words):
        with told.open("a") as file:
            file.write(" ".join(str(word) for word in words) + "\\n")
"""


def _start(tmp_path: Path, script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(FAMILY) + textwrap.dedent(script), str(tmp_path / "told")],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _told(tmp_path: Path) -> list[list[str]]:
    file = tmp_path / "told"
    return [line.split() for line in file.read_text().splitlines()] if file.exists() else []


def _until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    return process.wait(30)


WORKER = """
    def work(life):
        stop = stop_event()
        tell("started", os.getpid(), life.id, *life.former)
        stop.wait()
        tell("stopped", os.getpid())
"""


def test_a_process_that_is_killed_is_back_and_knows_its_former_life(tmp_path: Path) -> None:
    family = _start(tmp_path, WORKER + "\n    keep([Member('a', work), Member('b', work)], StopSignals())")
    try:
        _until(lambda: len(_told(tmp_path)) == 2)
        (_, pid, life), (_, other, _) = _told(tmp_path)
        os.kill(int(pid), signal.SIGKILL)
        _until(lambda: len(_told(tmp_path)) == 3)
        assert _told(tmp_path)[2][3:] == [life]
        assert _lives(int(other))
    finally:
        assert _end(family) == 0
    said = [words[0] for words in _told(tmp_path)]
    assert said == ["started"] * 3 + ["stopped"] * 2


def test_nobody_outlives_a_parent_that_was_killed(tmp_path: Path) -> None:
    family = _start(tmp_path, WORKER + "\n    keep([Member('a', work), Member('b', work)], StopSignals())")
    _until(lambda: len(_told(tmp_path)) == 2)
    children = [int(words[1]) for words in _told(tmp_path)]
    family.send_signal(signal.SIGKILL)
    family.wait()
    _until(lambda: not any(_lives(child) for child in children))
    assert [words[0] for words in _told(tmp_path)] == ["started", "started"]


def test_what_comes_first_is_repeated_until_it_succeeds_and_only_then_the_others_start(tmp_path: Path) -> None:
    family = _start(
        tmp_path,
        WORKER
        + """
    def prepare(life):
        tell("prepared", len(life.former))
        if len(life.former) < 2:
            raise OSError("not yet")

    keep([Member('first', prepare, once=True), Member('a', work, after='first')], StopSignals(), (OSError,))
    """,
    )
    try:
        _until(lambda: len(_told(tmp_path)) == 4)
        assert [words[:2] for words in _told(tmp_path)[:3]] == [["prepared", str(n)] for n in range(3)]
        assert _told(tmp_path)[3][0] == "started"
    finally:
        assert _end(family) == 0


def test_a_process_that_dies_again_and_again_is_started_ever_more_slowly_and_never_given_up(tmp_path: Path) -> None:
    script = """
    def work(life):
        tell(time.monotonic())
        os._exit(3)

    keep([Member('a', work)], StopSignals())
    """
    family = _start(tmp_path, script)
    try:
        _until(lambda: len(_told(tmp_path)) == 5)
    finally:
        assert _end(family) == 0
    at = [float(words[0]) for words in _told(tmp_path)]
    pauses = [after - before for before, after in pairwise(at)]
    assert pauses[1] >= 0.5
    assert pauses[2] >= 1.0
    assert pauses[3] >= 2.0


def test_the_last_one_stops_after_the_others_have_ended(tmp_path: Path) -> None:
    script = """
    def slow(life):
        stop = stop_event()
        tell("slow")
        stop.wait()
        time.sleep(0.5)
        tell("slow ended")

    def last(life):
        stop = stop_event()
        tell("last")
        stop.wait()
        tell("last ended")

    keep([Member('last', last, last=True), Member('slow', slow)], StopSignals())
    """
    family = _start(tmp_path, script)
    _until(lambda: len(_told(tmp_path)) == 2)
    assert _end(family) == 0
    assert _told(tmp_path)[2:] == [["slow", "ended"], ["last", "ended"]]


def test_a_folder_has_one_family_at_a_time_and_is_free_when_its_last_process_is_gone(tmp_path: Path) -> None:
    script = """
    alone = Alone(told.parent / "spool")

    def work(life):
        tell("started", os.getpid())
        stop_event().wait()

    keep([Member('a', work, may_start=alone.taken)], StopSignals())
    """
    family = _start(tmp_path, script)
    _until(lambda: len(_told(tmp_path)) == 1)
    mine = Alone(tmp_path / "spool")
    assert not mine.taken()
    family.send_signal(signal.SIGKILL)
    family.wait()
    _until(mine.taken)
    assert not _lives(int(_told(tmp_path)[0][1]))
    assert mine.taken()


def test_a_recorder_loads_neither_judging_nor_pages() -> None:
    strangers = ("analysis", "dashboard", "storage.signing", "fastapi", "uvicorn", "alembic", "av", "numpy", "cv2")
    script = f"import sys, kaojian.recording; sys.exit(', '.join(set({strangers}) & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    assert not Alone(tmp_path / "closed" / "spool").taken()
