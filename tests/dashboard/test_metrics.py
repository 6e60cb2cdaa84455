"""Metrics over a real database, read back by the client library's own parser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.evidence import CameraEvent, CameraState, Cause, Outage, Recorder
from domain.host_clock import HostClock, ServerDate
from ingest.ballast import Ballast
from records.backups import SUBJECT
from records.headroom import Spools
from storage.database import connect
from storage.database.tables import metadata
from storage.errors import DatabaseUnavailable
from tests.dashboard.exam import START, TESTER, Exam, hold_exam
from tests.dashboard.serving import client, scraped
from tests.fakes.notary import NOTARY

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]

PROMISED = {
    "kaojian_backup_age_seconds",
    "kaojian_ballast_held",
    "kaojian_camera_bit_rate_bits_per_second",
    "kaojian_camera_clock_offset_seconds",
    "kaojian_camera_delayed_seconds",
    "kaojian_camera_last_picture_age_seconds",
    "kaojian_camera_lost_packets",
    "kaojian_camera_outage_today_seconds",
    "kaojian_camera_outages_today",
    "kaojian_camera_recorded",
    "kaojian_camera_state",
    "kaojian_camera_wanted",
    "kaojian_copies_due",
    "kaojian_copies_lost",
    "kaojian_database_up",
    "kaojian_glass_broken",
    "kaojian_host_clock_error_seconds",
    "kaojian_host_clock_offset_seconds",
    "kaojian_host_clock_state",
    "kaojian_object_store_up",
    "kaojian_recorder_heartbeat_age_seconds",
    "kaojian_rows_set_aside",
    "kaojian_segments_not_looked_at",
    "kaojian_segments_waiting_for_decoding",
    "kaojian_segments_waiting_for_looking",
    "kaojian_segments_waiting_for_second_store",
    "kaojian_segments_waiting_for_upload",
    "kaojian_spool_free_bytes",
    "kaojian_spool_mounted",
    "kaojian_spool_needed_bytes",
    "kaojian_spool_short_bytes",
    "kaojian_spool_size_bytes",
    "kaojian_webhook_failing_seconds",
    "kaojian_webhook_parked",
    "kaojian_webhook_waiting",
}


@pytest.fixture
def exam(tmp_path: Path) -> Iterator[Exam]:
    """In the middle of an exam: A-cam-1 was gone for a while and is back."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    yield hold_exam(database, tmp_path / "spool", closed=False)
    database.close()


@contextmanager
def client_of(exam: Exam) -> Iterator[httpx.Client]:
    spools = Spools([exam.spool, exam.spool / "gone"])
    ballast = Ballast(lambda: [exam.spool], 4096)
    app = create_app(
        exam.database,
        exam.archive,
        load_rule_pack,
        exam.clock,
        None,
        spools=spools,
        ballast=ballast,
        webhooks=("duty-room",),
    )
    with client(app) as talking:
        yield talking


def scrape(exam: Exam) -> tuple[str, Series]:
    with client_of(exam) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    return answer.text, found


def test_every_metric_of_the_manual_is_there_and_explained_and_no_other(exam: Exam) -> None:
    told, found = scrape(exam)
    exam.database.evidence.open_outage(
        Outage("o", "A-cam-2", exam.clock.now(), None, Cause.NO_DATA, "", "recorder-1")
    )
    state = CameraEvent("e", "A-cam-2", "recorder-1", exam.clock.now(), CameraState.STALLED)
    exam.database.evidence.add_event(state)
    exam.database.alarms.begin("duty-room")
    exam.database.journal.record(exam.clock.now(), TESTER, "back_up", SUBJECT)
    told, found = scrape(exam)
    assert {name for name, _ in found} == PROMISED
    assert {line.split()[2] for line in told.splitlines() if line.startswith("# HELP")} == PROMISED
    manual = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert {name for name in PROMISED if f"`{name}`" not in manual} == set()


def test_the_age_of_the_newest_backup_is_left_out_while_there_is_none(exam: Exam) -> None:
    assert ("kaojian_backup_age_seconds", ()) not in scrape(exam)[1]
    exam.database.journal.record(exam.clock.now(), TESTER, "save_backup", "disk.sealed")
    assert ("kaojian_backup_age_seconds", ()) not in scrape(exam)[1]  # that one lies under no lock
    exam.database.journal.record(exam.clock.now(), TESTER, "back_up", SUBJECT)
    exam.clock.advance(90)
    assert scrape(exam)[1]["kaojian_backup_age_seconds", ()] == 90


def test_a_camera_is_told_with_its_newest_file_and_its_state(exam: Exam) -> None:
    evidence = exam.database.evidence
    evidence.add_event(CameraEvent("e", "A-cam-2", "recorder-1", exam.clock.now(), CameraState.LIVE))
    last = evidence.last_segment("A-cam-2")
    assert last is not None
    exam.clock.advance(3)
    _, found = scrape(exam)
    camera = (("camera", "A-cam-2"),)
    age_s = (exam.clock.now() - last.interval.end).total_seconds()
    assert found["kaojian_camera_last_picture_age_seconds", camera] == age_s
    assert found["kaojian_camera_bit_rate_bits_per_second", camera] == 8 * last.size_bytes / last.interval.seconds
    assert found["kaojian_camera_clock_offset_seconds", camera] == 0.4
    assert found["kaojian_camera_delayed_seconds", camera] == 0.021
    assert found["kaojian_camera_lost_packets", camera] == 0
    assert (found["kaojian_camera_wanted", camera], found["kaojian_camera_recorded", camera]) == (1, 1)
    states = {
        state: found["kaojian_camera_state", (*camera, ("recorder", "exam-host"), ("state", state.value))]
        for state in CameraState
    }
    assert {state for state, value in states.items() if value} == {CameraState.LIVE}


def test_the_clock_of_a_host_is_told_by_whichever_of_its_processes_read_it_last(exam: Exam) -> None:
    now = exam.clock.now()
    exam.database.evidence.begin_recorder(Recorder("worker-2", "exam-host", now, now, reads_clock=True))
    late = ServerDate("ntp.example:80", 7.5, 0.6, independent=True)
    exam.database.evidence.add_clock_reading(HostClock("worker-2", now, server=late))
    _, found = scrape(exam)
    assert found["kaojian_host_clock_offset_seconds", (("recorder", "exam-host"),)] == 7.5
    assert found["kaojian_host_clock_state", (("recorder", "exam-host"), ("state", "off"))] == 1


def test_a_dead_recorder_leaves_a_growing_age_and_cameras_that_nobody_records(exam: Exam) -> None:
    exam.clock.advance(60)
    _, found = scrape(exam)
    (age_s,) = [value for (name, _), value in found.items() if name == "kaojian_recorder_heartbeat_age_seconds"]
    assert age_s == 60
    assert {value for (name, _), value in found.items() if name == "kaojian_camera_recorded"} == {0}
    assert {value for (name, _), value in found.items() if name == "kaojian_camera_wanted"} == {1}


def test_outages_are_added_up_by_cause_from_midnight_in_beijing_on(exam: Exam) -> None:
    midnight = START.replace(hour=0)
    spans = [(-600, -60), (-30, 20), (100, 130), (200, 210)]
    for number, (start, end) in enumerate(spans):
        at = [midnight + timedelta(seconds=seconds) for seconds in (start, end)]
        outage = Outage(f"o-{number}", "A-cam-2", at[0], at[1], Cause.NO_DATA, "", "recorder-1")
        exam.database.evidence.open_outage(outage)
    _, found = scrape(exam)
    labels = (("camera", "A-cam-2"), ("cause", "no_data"), ("recorder", "exam-host"))
    assert found["kaojian_camera_outage_today_seconds", labels] == 20 + 30 + 10
    assert found["kaojian_camera_outages_today", labels] == 3


def test_a_database_that_is_away_is_itself_a_metric(exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseUnavailable("the database does not answer")

    monkeypatch.setattr(exam.database.evidence, "open_recorders", refuse)
    _, found = scrape(exam)
    assert found["kaojian_database_up", ()] == 0
    assert found["kaojian_spool_free_bytes", (("spool", "first"),)] > 0
    assert not [name for name, _ in found if name.startswith("kaojian_camera")]


def test_an_object_store_that_is_away_is_told(exam: Exam) -> None:
    name = "kaojian_object_store_up", (("bucket", exam.objects.target),)
    assert scrape(exam)[1][name] == 1
    exam.objects.down = True
    assert scrape(exam)[1][name] == 0


def test_no_address_and_no_path_is_in_the_text(exam: Exam) -> None:
    told, _ = scrape(exam)
    assert "://" not in told
    assert str(exam.spool) not in told


def test_a_scrape_costs_the_same_after_many_files_outages_and_events_as_after_few(exam: Exam) -> None:
    """SQLite counts its own steps: looking at each of 30,000 rows more would take at least as many more."""
    before = _steps_of_a_scrape(exam)
    _add_old_segments(exam, 30_000)
    assert 0 < _steps_of_a_scrape(exam) < before + 3_000


def _steps_of_a_scrape(exam: Exam) -> int:
    """In instructions of SQLite's virtual machine."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 10
        return 0

    engine = exam.database._engine._engine

    def watch(connection: object, *_: object) -> None:
        connection.set_progress_handler(step, 10)  # type: ignore[attr-defined]

    sa.event.listen(engine, "checkout", watch)
    try:
        scrape(exam)
    finally:
        sa.event.remove(engine, "checkout", watch)
    return steps


def _add_old_segments(exam: Exam, count: int) -> None:
    """Files of long ago, decoded and stored, and as many outages and events."""
    engine = exam.database._engine._engine
    tables = metadata.tables
    with engine.begin() as connection:
        one = dict(connection.execute(sa.select(tables["segments"]).limit(1)).one()._mapping)
        outage = {"camera": "A-cam-1", "cause": "no_data", "detail": "", "recorder": "recorder-1"}
        event = {"camera": "A-cam-1", "recorder": "recorder-1", "state": "lost", "detail": "", "changes": 1}
        segments, outages, events = [], [], []
        for number in range(count):
            begins = one["begins"] - timedelta(days=30) + timedelta(seconds=number)
            ends = begins + timedelta(seconds=1)
            segments.append(one | {"key": f"old-{number}", "begins": begins, "ends": ends, "observations": 1})
            outages.append(outage | {"id": f"old-{number}", "begins": begins, "ends": ends})
            events.append(event | {"id": f"old-{number}", "at": begins})
        connection.execute(sa.insert(tables["segments"]), segments)
        connection.execute(sa.insert(tables["outages"]), outages)
        connection.execute(sa.insert(tables["camera_events"]), events)


@pytest.mark.parametrize(("comes_from", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.9", 404)])
def test_metrics_are_for_programs_on_this_machine_alone(exam: Exam, comes_from: str, status: int) -> None:
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None)
    answer = scraped(app, comes_from)
    assert (answer.status_code, "kaojian_camera" in answer.text) == (status, status == 200)
