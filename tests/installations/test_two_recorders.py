"""Two recorders of the same camera: two names, two spools, one database; killed one at a time, then both."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.evidence import Cause
from domain.law import Verdict
from domain.timeline import Interval
from ingest.simulator.camera import CameraSettings
from tests.installations.installation import Installation, sleep_until, wait_for

EDGE = timedelta(seconds=1.5)


@pytest.fixture
def spools(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """Two folders, on two devices where this machine has them."""
    memory = Path("/dev/shm")  # noqa: S108 - another device is what is asked for, and the folder is made exclusively
    other = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path))
    yield {"a": tmp_path / "spool", "b": other}
    shutil.rmtree(other)


@pytest.mark.timeout(150)
def test_a_second_recorder_closes_the_gaps_of_the_first_and_only_the_loss_of_both_is_one(
    tmp_path: Path, spools: dict[str, Path]
) -> None:
    with Installation(tmp_path) as installation:
        url = installation.cameras.start(
            CameraSettings("k1", "ROOM 301", ("A-01",), width=640, height=360, bits_per_second=800_000)
        )
        running = {name: _start(installation, name, folder) for name, folder in spools.items()}
        installation.start("analysis")
        bell = installation.apply({"k1": {"url": url, "sees": ["A-01"]}}, lead_s=2, exam_s=32, tail_s=2)
        installation.open(bell)
        sleep_until(bell + timedelta(seconds=5, milliseconds=300))
        alone = _kill(running["a"])
        sleep_until(bell + timedelta(seconds=8))
        running["a"] = _start(installation, "a", spools["a"])
        first_back = wait_for(lambda: _first_run_after(installation, alone))
        sleep_until(max(bell + timedelta(seconds=18), first_back + timedelta(seconds=3)))
        both = min(_kill(process) for process in running.values())
        sleep_until(both + timedelta(seconds=3))
        for name, folder in spools.items():
            _start(installation, name, folder)
        back = wait_for(lambda: _first_run_after(installation, both))
        installation.close(bell + timedelta(seconds=32))
        sleep_until(bell + timedelta(seconds=34))
        report = installation.settled_report()

        (camera,), (station,) = report.cameras, report.stations
        (gap,) = camera.gaps
        assert gap.cause is Cause.RECORDER_STOPPED
        assert [each.recorder for each in gap.recorders] == ["a", "b"]
        assert abs(gap.interval.start - both) <= EDGE
        assert abs(gap.interval.end - back) <= EDGE
        assert [each.cause for each in station.gaps] == [Cause.RECORDER_STOPPED]

        recorded = {each.recorder: each.recorded_ms for each in camera.recorders}
        assert recorded["a"] < camera.recorded_ms
        assert recorded["b"] <= camera.recorded_ms
        assert {each.recorder for each in camera.sources} <= {"a", "b"}
        shown = [each for each in camera.sources if alone + EDGE in each.interval]
        assert [each.recorder for each in shown] == ["b"]

        separate = spools["a"].stat().st_dev != spools["b"].stat().st_dev
        clause = next(each for each in report.clauses if each.id == "C6.2-2")
        if separate:
            assert 0 < camera.backed_up_ms <= recorded["a"]
            assert camera.backup_lag_ms is not None
            assert camera.backup_lag_ms > 0
            assert "on 2 separate devices, at the latest" in clause.en
        else:
            assert (camera.backed_up_ms, camera.backup_lag_ms) == (0, None)
        assert clause.verdict is Verdict.PENDING  # what one recorder has alone is not backed up, and no store is set

        keys = [each.key for each in installation.database.evidence.segments("k1", report.window)]
        assert {key.rpartition("-")[2] for key in keys} == {"a.mp4", "b.mp4"}
        assert "Conflicting" not in installation.log


def _start(installation: Installation, name: str, spool: Path) -> subprocess.Popen[bytes]:
    return installation.start("ingest", KAOJIAN_RECORDER=name, KAOJIAN_SPOOL_DIR=str(spool))


def _kill(process: subprocess.Popen[bytes]) -> datetime:
    killed = datetime.now(UTC)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return killed


def _first_run_after(installation: Installation, instant: datetime) -> datetime | None:
    window = Interval(instant, instant + timedelta(minutes=5))
    found = installation.database.evidence.runs("k1", window)
    return min((run.started for run in found if run.started > instant), default=None)
