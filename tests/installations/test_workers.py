"""Cameras spread over several recorder processes: one is killed, their parent is killed, their number changes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.evidence import Cause, EndReason, Run
from domain.timeline import Interval
from ingest.shard import Shard
from ingest.simulator.camera import CameraSettings
from tests.installations.installation import Installation, end, sleep_until, wait_for

BACK_WITHIN = timedelta(seconds=2.0)
FRAGMENT_AND_KEY_FRAME = timedelta(seconds=2.0)  # unflushed before the kill, undecodable after it
CAMERAS = {0: "c2", 1: "c1"}  # by the part of two that owns them


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path) as opened:
        yield opened


def _cameras(installation: Installation) -> dict[str, dict[str, object]]:
    for part, camera in CAMERAS.items():
        assert Shard(part, 2).owns(camera)
    return {
        camera: {
            "url": installation.cameras.start(
                CameraSettings(id=camera, room="301", stations=(), gop=15, bits_per_second=800_000)
            ),
            "sees": [f"S-{camera}"],
        }
        for camera in CAMERAS.values()
    }


def _pids(installation: Installation) -> dict[str, int]:
    """The process of each part, in its newest life."""
    lines = [json.loads(line) for line in installation.log.splitlines() if line.startswith("{")]
    return {line["part"]: line["pid"] for line in lines if line["event"] == "recorder_started"}


def _runs(installation: Installation, camera: str) -> list[Run]:
    now = datetime.now(UTC)
    return installation.database.evidence.runs(camera, Interval(now - timedelta(hours=1), now + timedelta(hours=1)))


@pytest.mark.timeout(120)
def test_a_killed_worker_is_back_within_two_seconds_and_the_other_never_notices(installation: Installation) -> None:
    setup = _cameras(installation)
    recorder = installation.start("ingest")
    installation.start("analysis")
    bell = installation.apply(setup, lead_s=2, exam_s=12, tail_s=2)
    installation.open(bell)
    sleep_until(bell + timedelta(seconds=5, milliseconds=300))
    killed = datetime.now(UTC)
    os.kill(_pids(installation)["1/2"], signal.SIGKILL)
    installation.close(bell + timedelta(seconds=12))
    sleep_until(bell + timedelta(seconds=14))
    report = installation.settled_report()
    gaps = {camera.camera: camera.gaps for camera in report.cameras}
    assert gaps["c1"] == ()
    assert len(_runs(installation, "c1")) == 1
    (gap,) = gaps["c2"]
    assert gap.cause is Cause.RECORDER_STOPPED
    assert killed - timedelta(seconds=1.2) <= gap.interval.start <= killed
    assert gap.interval.end - killed <= BACK_WITHIN + FRAGMENT_AND_KEY_FRAME
    first, second = _runs(installation, "c2")
    assert first.end_reason is EndReason.RECORDER_KILLED
    lives = {each.id: each for each in installation.database.evidence.recorders()}
    assert lives[second.recorder].started - killed < BACK_WITHIN
    assert lives[first.recorder].ended is not None
    end(recorder)
    assert recorder.returncode == 0
    assert all(each.ended is not None for each in installation.database.evidence.recorders())


@pytest.mark.timeout(120)
def test_no_worker_outlives_a_killed_parent_and_another_number_of_workers_loses_nothing(
    installation: Installation,
) -> None:
    setup = _cameras(installation)
    recorder = installation.start("ingest", KAOJIAN_INGEST_WORKERS="2")
    installation.apply(setup, lead_s=0, exam_s=600, tail_s=0, in_s=1)
    wait_for(lambda: all(list(installation.spool.rglob(f"{camera}/*.mp4")) for camera in setup))
    pids = _pids(installation)
    recorder.send_signal(signal.SIGKILL)
    recorder.wait()
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()))
    left = set(installation.spool.rglob("*.open"))
    assert left
    killed = datetime.now(UTC)
    second = installation.start("ingest", KAOJIAN_INGEST_WORKERS="3")
    wait_for(lambda: all(_runs(installation, camera)[-1].started > killed for camera in setup))
    assert not left & set(installation.spool.rglob("*.open"))
    for camera in setup:
        first, _second = _runs(installation, camera)
        assert first.end_reason is EndReason.RECORDER_KILLED
    end(second)
    keys = {str(path.relative_to(installation.spool)) for path in installation.spool.rglob("*.mp4")}
    assert all(installation.database.evidence.segment(key) is not None for key in keys)
    assert list(installation.spool.rglob("*.open")) == []
