"""The API over a real database and real files."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from analysis.report import sitting_report
from analysis.report_json import to_json
from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.evidence import CameraEvent, CameraState, Cause, Copy, EndReason, Outage, Place, Recorder, Run
from domain.host_clock import HostClock, ServerDate
from domain.timeline import Interval, rfc3339
from storage.database import connect
from storage.errors import DatabaseUnavailable
from tests.dashboard.exam import (
    BATCH,
    FPS,
    PACK,
    SITE,
    START,
    UNPLUGGED,
    WINDOW,
    Exam,
    add_segment,
    hold_exam,
    lose,
)
from tests.dashboard.serving import client, footage_addresses
from tests.fakes.notary import NOTARY


@contextmanager
def client_of(exam: Exam) -> Iterator[httpx.Client]:
    """A client of a dashboard of its own, without a built page."""
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None)
    with client(app) as talking:
        yield talking


MINUTE = timedelta(minutes=1)
SPAN = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end)}


def test_the_status_tells_how_webhooks_are_served(exam: Exam) -> None:
    exam.database.alarms.begin("duty-room")
    exam.database.alarms.refused("duty-room", WINDOW.start, "应答 500 answered 500")
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None, webhooks=("duty-room",))
    with client(app) as talking:
        (found,) = talking.get("/api/v1/status").json()["webhooks"]
    failing = {"failing_since": rfc3339(WINDOW.start), "reason": "应答 500 answered 500"}
    assert found == {"name": "duty-room", "waiting": 0, "parked": 0, **failing}


def test_the_schedule_says_when_and_where_and_nothing_of_what_was_seen(api: httpx.Client) -> None:
    (batch,) = api.get("/api/v1/schedule").json()
    assert batch.keys() == {"id", "project", "site_name", "county", "sittings"}
    first, second = batch["sittings"]
    times = {"number", "state", "planned_start", "planned_end", "actual_start", "actual_end"}
    assert first.keys() == second.keys() == times | {"rooms"}
    assert (batch["id"], first["rooms"]) == (BATCH, [room.name for room in SITE.rooms])
    assert [(each["number"], each["state"]) for each in batch["sittings"]] == [(1, "closed"), (2, "planned")]


def test_the_list_has_batches_with_the_state_and_verdict_of_their_sittings(api: httpx.Client) -> None:
    batches = api.get("/api/v1/batches").json()
    assert [batch["id"] for batch in batches] == [BATCH]
    assert (batches[0]["site_name"], batches[0]["county"]) == (SITE.name, SITE.county)
    assert [(each["number"], each["state"], each["verdict"]) for each in batches[0]["sittings"]] == [
        (1, "closed", "fail"),
        (2, "planned", "pending"),
    ]
    assert batches[0]["sittings"][0]["actual_start"] == "2026-05-01T01:00:00.000Z"


def test_the_report_served_is_the_report_of_the_analysis(api: httpx.Client, exam: Exam) -> None:
    served = api.get(f"/api/v1/batches/{BATCH}/sittings/1/report").json()
    made = to_json(sitting_report(exam.database, BATCH, 1, PACK, exam.clock.now()))
    assert served == made
    assert [gap["cause"] for gap in served["cameras"][0]["gaps"]] == ["camera_disconnected"]
    whole = api.get(f"/api/v1/batches/{BATCH}/report").json()
    assert whole["sittings"][0] == made


def test_a_sitting_tells_which_camera_sees_which_station_and_no_camera_address(api: httpx.Client) -> None:
    answer = api.get(f"/api/v1/batches/{BATCH}/sittings/1")
    rooms = answer.json()["rooms"]
    assert [room["name"] for room in rooms] == [room.name for room in SITE.rooms]
    assert rooms[0]["cameras"][2] == {"id": "A-cam-3", "sees": ["A02", "A03"], "panoramic": True}
    assert "rtsp" not in answer.text


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/batches/nothing/report", "urn:kaojian:problem:unknown-batch"),
        ("/batches/nothing/sittings/1", "urn:kaojian:problem:unknown-batch"),
        (f"/batches/{BATCH}/sittings/9/report", "urn:kaojian:problem:unknown-sitting"),
        (f"/batches/{BATCH}/sittings/9/report.html", "urn:kaojian:problem:unknown-sitting"),
        ("/footage/nothing/init.mp4", "urn:kaojian:problem:unknown"),
        ("/no/such/route", "about:blank"),
    ],
)
def test_what_is_not_there_is_a_problem_with_status_404(api: httpx.Client, path: str, problem: str) -> None:
    answer = api.get(f"/api/v1{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == problem
    assert answer.json()["status"] == 404


@pytest.mark.parametrize("number", ["0", "abc", "99999"])
def test_a_number_that_is_none_is_a_problem_that_names_the_field(api: httpx.Client, number: str) -> None:
    answer = api.get(f"/api/v1/batches/{BATCH}/sittings/{number}/report")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == "path.number"


def test_a_database_that_does_not_answer_is_a_problem_with_status_503(
    exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DatabaseUnavailable("the database does not answer")

    monkeypatch.setattr(exam.database, "ping", refuse)
    with client_of(exam) as api:
        answer = api.get("/api/v1/health")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:kaojian:problem:database-unavailable")


def test_the_playlist_has_each_segment_with_its_own_head_and_clock(api: httpx.Client, exam: Exam) -> None:
    answer = api.get("/api/v1/cameras/A-cam-1/playlist.m3u8", params=SPAN)
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    segments = exam.segments("A-cam-1")
    lines = answer.text.splitlines()
    assert lines[0] == "#EXTM3U"
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in lines
    assert lines[-1] == "#EXT-X-ENDLIST"
    times = [line.split(":", 1)[1] for line in lines if line.startswith("#EXT-X-PROGRAM-DATE-TIME")]
    assert times == [rfc3339(segment.interval.start) for segment in segments]
    assert rfc3339(UNPLUGGED.end) in times
    lengths = [float(line[8:-1]) for line in lines if line.startswith("#EXTINF")]
    assert lengths == [segment.interval.seconds for segment in segments]
    assert lines.count("#EXT-X-DISCONTINUITY") == len(segments) - 1
    assert sum(line.endswith("/media.m4s") for line in lines) == len(segments)
    assert not any(segment.key.rpartition("/")[2] in answer.text for segment in segments), "no key reaches a browser"


def test_head_and_pictures_together_are_the_file_and_decode_in_full(api: httpx.Client, exam: Exam) -> None:
    segment = exam.segments("B-cam-3")[1]
    address = footage_addresses(api, exam, "B-cam-3")[segment.key]
    head, media = api.get(f"{address}/init.mp4"), api.get(f"{address}/media.m4s")
    assert (head.status_code, media.status_code) == (200, 200)
    assert head.content + media.content == (exam.spool / segment.key).read_bytes()
    assert "no-store" in media.headers["cache-control"]
    with av.open(io.BytesIO(head.content + media.content), "r") as container:
        assert len(list(container.decode(video=0))) == segment.frames


def test_a_segment_is_saved_as_the_file_it_is_under_a_name_that_tells_camera_and_time(
    api: httpx.Client, exam: Exam
) -> None:
    segment = exam.segments("B-cam-3")[1]
    answer = api.get(f"{footage_addresses(api, exam, 'B-cam-3')[segment.key]}/file.mp4")
    assert hashlib.sha256(answer.content).hexdigest() == segment.sha256
    name = "B-cam-3-" + segment.key.rpartition("/")[2]
    assert answer.headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-99", 0, 99), ("bytes=100-", 100, None), ("bytes=-50", -50, None)]
)
def test_a_byte_range_of_the_pictures_is_served(
    api: httpx.Client, exam: Exam, asked: str, first: int, last: int | None
) -> None:
    segment = exam.segments("B-cam-3")[1]
    whole = (exam.spool / segment.key).read_bytes()[segment.init_size_bytes :]
    address = footage_addresses(api, exam, "B-cam-3")[segment.key]
    answer = api.get(f"{address}/media.m4s", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == whole[first : None if last is None else last + 1]
    begin = first % len(whole)
    end = len(whole) - 1 if last is None else last
    assert answer.headers["content-range"] == f"bytes {begin}-{end}/{len(whole)}"


def test_a_byte_range_beyond_the_end_is_refused_with_the_size(api: httpx.Client, exam: Exam) -> None:
    segment = exam.segments("B-cam-3")[1]
    address = footage_addresses(api, exam, "B-cam-3")[segment.key]
    answer = api.get(f"{address}/media.m4s", headers={"Range": "bytes=999999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{segment.size_bytes - segment.init_size_bytes}"


@pytest.mark.parametrize(
    "span",
    [
        {"start": SPAN["end"], "end": SPAN["start"]},
        {**SPAN, "start": "2026-05-01T09:00:00"},
        {**SPAN, "start": "0001-01-01T00:00:00+08:00"},
        {**SPAN, "start": "0002-01-16T07:20:01Z"},
        {**SPAN, "end": "9999-12-31T23:59:59-01:00"},
    ],
)
def test_an_impossible_span_is_refused(api: httpx.Client, span: dict[str, str]) -> None:
    address = "/api/v1/cameras/A-cam-1/playlist.m3u8"
    answer = api.get(address, params=span)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:kaojian:problem:impossible-span")
    # Who is refused for another reason leaves an entry that can be read again.
    assert api.get(address, params=span, headers={"Cookie": ""}).status_code == 401
    assert api.get("/api/v1/viewings").status_code == 200


def test_an_unknown_camera_and_a_camera_without_footage_are_told_apart(api: httpx.Client) -> None:
    unknown = api.get("/api/v1/cameras/cam-x/playlist.m3u8", params=SPAN)
    assert unknown.json()["type"] == "urn:kaojian:problem:unknown-camera"
    later = {"start": rfc3339(WINDOW.end + timedelta(days=1)), "end": rfc3339(WINDOW.end + timedelta(days=2))}
    empty = api.get("/api/v1/cameras/A-cam-1/playlist.m3u8", params=later)
    assert (empty.status_code, empty.json()["type"]) == (404, "urn:kaojian:problem:no-footage")


@pytest.fixture
def own_exam(tmp_path: Path) -> Iterator[Exam]:
    """An exam that a test may harm."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    yield hold_exam(database, tmp_path / "spool")
    database.close()


def test_a_segment_that_is_gone_is_left_out_of_the_playlist(own_exam: Exam) -> None:
    lost = own_exam.segments("A-cam-2")[2]
    lose(own_exam, lost)
    with client_of(own_exam) as api:
        playlist = api.get("/api/v1/cameras/A-cam-2/playlist.m3u8", params=SPAN).text
    times = re.findall("PROGRAM-DATE-TIME:(.*)", playlist)
    assert times == [rfc3339(each.interval.start) for each in own_exam.segments("A-cam-2") if each != lost]


def test_what_two_recorders_recorded_is_played_from_one_at_a_time_and_every_piece_decodes(own_exam: Exam) -> None:
    """A second recorder began late and has what the first lost: its file is cut where it is needed."""
    begins, ends = UNPLUGGED.start - timedelta(seconds=4), UNPLUGGED.end + timedelta(seconds=4)
    own_exam.database.evidence.begin_recorder(Recorder("recorder-2", "b", begins, ends, ends))
    own_exam.database.evidence.begin_run(Run("run-b", "A-cam-1", "recorder-2", begins))
    own_exam.database.evidence.end_run("run-b", ends, EndReason.NOT_NEEDED)
    add_segment(own_exam, "A-cam-1", "run-b", Interval(begins, ends), name="-b")
    with client_of(own_exam) as api:
        report = api.get(f"/api/v1/batches/{BATCH}/sittings/1/report").json()
        lines = api.get("/api/v1/cameras/A-cam-1/playlist.m3u8", params=SPAN).text.splitlines()
        starts = lines.index(f"#EXT-X-PROGRAM-DATE-TIME:{rfc3339(UNPLUGGED.start)}")
        at = next(number for number in range(starts, len(lines)) if lines[number].endswith("/media.m4s"))
        cut = lines[at - 1]
        length, first = map(int, cut.partition(":")[2].split("@"))
        span = {"Range": f"bytes={first}-{first + length - 1}"}
        head = api.get(lines[at].replace("media.m4s", "init.mp4")).content
        media = api.get(lines[at], headers=span).content
        refused = [api.get(lines[at], headers=each) for each in ({"Range": f"bytes={first - 1}-{first}"}, {})]
    assert {(each.status_code, each.json()["type"]) for each in refused} == {(404, "urn:kaojian:problem:unknown")}
    (camera,) = [each for each in report["cameras"] if each["camera"] == "A-cam-1"]
    assert camera["gaps"] == []
    assert [each["recorder"] for each in camera["sources"]] == ["exam-host", "b", "exam-host"]
    assert camera["sources"][1]["start"] == rfc3339(UNPLUGGED.start)
    assert camera["sources"][1]["end"] == rfc3339(ends)
    times = [line.partition(":")[2] for line in lines[:at] if line.startswith("#EXT-X-PROGRAM-DATE-TIME")]
    assert times[-1] == rfc3339(UNPLUGGED.start)  # its key frames are a second apart
    with av.open(io.BytesIO(head + media), "r") as video:
        assert len(list(video.decode(video=0))) == (ends - UNPLUGGED.start).total_seconds() * FPS


def test_footage_is_served_from_the_object_store_when_the_spool_is_gone(own_exam: Exam) -> None:
    segment = own_exam.segments("A-cam-2")[0]
    whole = (own_exam.spool / segment.key).read_bytes()
    shutil.rmtree(own_exam.spool)
    with client_of(own_exam) as api:
        address = footage_addresses(api, own_exam, "A-cam-2")[segment.key]
        assert api.get(f"{address}/media.m4s").content == whole[segment.init_size_bytes :]
        own_exam.objects.down = True
        refused = api.get(f"{address}/media.m4s")
    assert segment.key.rpartition("/")[2] not in refused.text
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:kaojian:problem:no-copy-answers")


def test_status_after_the_exam_shows_the_recorder_stopped_and_cameras_idle(api: httpx.Client) -> None:
    status = api.get("/api/v1/status").json()
    assert [(each["host"], each["alive"]) for each in status["recorders"]] == [("exam-host", False)]
    assert {each["state"] for each in status["cameras"]} == {"idle"}
    assert all(each["last_frame"] for each in status["cameras"])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Exam]:
    """An exam in progress, which every camera sees."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    yield hold_exam(database, tmp_path / "spool", closed=False)
    database.close()


def test_status_in_mid_exam_shows_recording_and_a_dead_recorder_as_outage(running: Exam) -> None:
    with client_of(running) as api:
        during = api.get("/api/v1/status").json()
        assert {each["state"] for each in during["cameras"]} == {"recording"}
        assert api.get("/api/v1/batches").json()[0]["sittings"][0]["verdict"] == "pending"
        running.clock.advance(60)
        after = api.get("/api/v1/status").json()
    assert {(each["state"], each["outage"]["cause"]) for each in after["cameras"]} == {("outage", "recorder_stopped")}
    assert after["nvrs"] == []  # it is the recorder that is gone


def test_status_says_where_a_camera_is_and_which_stations_go_dark_with_it(running: Exam) -> None:
    with client_of(running) as api:
        status = api.get("/api/v1/status")
    (camera,) = [each for each in status.json()["cameras"] if each["camera"] == "B-cam-3"]
    told = {name: camera[name] for name in ("site", "site_name", "room", "room_name", "sees", "nvr", "channel")}
    assert camera["clock_offset_s"] == 0.4
    assert told == {
        "site": SITE.id,
        "site_name": SITE.name,
        "room": "B",
        "room_name": SITE.rooms[1].name,
        "sees": ["B02", "B03"],
        "nvr": "nvr-B",
        "channel": 3,
    }
    assert "rtsp" not in status.text


def test_status_tells_an_nvr_that_is_gone_once_and_its_cameras_with_their_connections(running: Exam) -> None:
    for number in (1, 2, 3):
        lose_camera(running, f"B-cam-{number}", number)
    with client_of(running) as api:
        status = api.get("/api/v1/status").json()
    (nvr,) = status["nvrs"]
    assert nvr == {
        "nvr": "nvr-B",
        "site": SITE.id,
        "site_name": SITE.name,
        "since": rfc3339(START + timedelta(seconds=3)),
        "cause": "camera_disconnected",
        "connection": "lost",
        "cameras": ["B-cam-1", "B-cam-2", "B-cam-3"],
    }
    said = {each["camera"]: each["connection"] for each in status["cameras"]}
    assert said["B-cam-2"] == {
        "state": "lost",
        "since": rfc3339(START + timedelta(seconds=2)),
        "detail": "connection reset",
        "changes": 1,
    }
    assert said["A-cam-2"] is None  # nothing was told of it yet


def lose_camera(exam: Exam, camera: str, second: int) -> None:
    """The connection is reset so many seconds after the bell."""
    at, evidence = START + timedelta(seconds=second), exam.database.evidence
    evidence.open_outage(
        Outage(camera, camera, at, None, Cause.CAMERA_DISCONNECTED, "connection reset", "recorder-1")
    )
    evidence.add_event(CameraEvent(camera, camera, "recorder-1", at, CameraState.LOST, "connection reset"))


def test_status_tells_how_far_the_clock_of_each_recording_host_is_proven(running: Exam) -> None:
    evidence, now = running.database.evidence, running.clock.now()
    evidence.begin_recorder(Recorder("worker-2", "exam-host", now, now, reads_clock=True))
    evidence.begin_recorder(Recorder("new", "new-host", now, now, reads_clock=True))
    evidence.begin_recorder(Recorder("old", "old-host", now, now))
    late = ServerDate("ntp.example:80", 7.5, 0.6, independent=True)
    evidence.add_clock_reading(HostClock("worker-2", now, server=late))
    with client_of(running) as api:
        clocks = api.get("/api/v1/status").json()["host_clocks"]
    assert clocks == [
        {
            "host": "exam-host",
            "at": rfc3339(now),
            "state": "off",
            "synchronised": False,
            "by": "server",
            "offset_s": 7.5,
            "error_s": 0.6,
        },
        dict.fromkeys(clocks[1]) | {"host": "new-host"},
    ]


def test_a_camera_whose_clock_drifts_is_told_with_its_rate_and_one_seen_for_too_short_is_not(running: Exam) -> None:
    evidence, now = running.database.evidence, running.clock.now()
    evidence.begin_run(Run("run-d", "A-cam-1", "recorder-1", now - timedelta(hours=2)))
    known = running.segments("A-cam-1")[0]
    for minute in range(1, 101):
        start = now - timedelta(minutes=minute)
        drifted_s = 0.1 - 50e-6 * 60 * minute if minute <= 60 else 9.0  # another rate before the last hour
        segment = replace(
            known, key=f"d-{minute}", run="run-d", interval=Interval(start, start + MINUTE), clock_offset_s=drifted_s
        )
        copy = Copy(segment.key, Place.SPOOL, "/spool", start, segment.size_bytes, segment.sha256)
        evidence.add_segment(segment, copy)
    with client_of(running) as api:
        (told,) = api.get("/api/v1/status/drifts").json()
    assert told["camera"] == "A-cam-1"
    assert told["drift_ppm"] == pytest.approx(50, abs=1)
    assert told["low_ppm"] <= told["drift_ppm"] <= told["high_ppm"]


def test_status_names_the_cameras_of_a_dead_worker_while_another_lives(running: Exam) -> None:
    running.clock.advance(60)
    database, now = running.database, running.clock.now()
    database.evidence.begin_recorder(Recorder("worker-2", "exam-host", now, now))
    database.evidence.begin_run(Run("run-w", "A-cam-2", "worker-2", now))
    database.evidence.open_outage(Outage("out-w", "A-cam-3", now, None, Cause.NO_DATA, "silent", "worker-2"))
    with client_of(running) as api:
        status = api.get("/api/v1/status").json()
    told = {each["camera"]: each["outage"] and each["outage"]["cause"] for each in status["cameras"]}
    assert [each["id"] for each in status["recorders"]] == ["worker-2"]
    assert told.pop("A-cam-2") is None
    assert told.pop("A-cam-3") == "no_data"
    assert set(told.values()) == {"recorder_stopped"}


def test_health_answers(api: httpx.Client) -> None:
    assert api.get("/api/v1/health").json()["status"] == "ok"


def test_the_page_is_served_for_its_own_addresses_and_files_as_they_are(api: httpx.Client) -> None:
    for path in ("/", "/batches", f"/batches/{BATCH}/sittings/1"):
        answer = api.get(path)
        assert (answer.status_code, "page" in answer.text) == (200, True)
    asset = api.get("/assets/app-1.js")
    assert (asset.text, "immutable" in asset.headers["cache-control"]) == ("1", True)
    plain = api.get("/assets/app-1.js", headers={"Accept-Encoding": "identity"})
    assert [each.headers.get("content-encoding") for each in (asset, plain)] == ["gzip", None]
    assert plain.text == asset.text
    assert plain.headers["content-type"] == asset.headers["content-type"]
    assert api.get("/assets/gone.js").status_code == 404


@pytest.mark.parametrize("path", ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"])
def test_no_file_outside_the_built_page_is_served(api: httpx.Client, path: str) -> None:
    assert "not for you" not in api.get(path).text


def test_without_a_built_page_the_address_says_what_to_do(exam: Exam) -> None:
    with client_of(exam) as api:
        answer = api.get("/")
    assert answer.status_code == 404
    assert "make" in answer.json()["detail"]


def without_examples(told: Any) -> Any:
    """A description without what it makes up."""
    if isinstance(told, list):
        return [without_examples(each) for each in told]
    if isinstance(told, dict):
        return {name: without_examples(each) for name, each in told.items() if name not in ("example", "examples")}
    return told


def test_the_description_of_the_api_is_served_and_names_no_foreign_address(api: httpx.Client) -> None:
    document = api.get("/api/v1/openapi.json").json()
    assert "/api/v1/batches/{batch}/sittings/{number}/report" in document["paths"]
    assert "://" not in json.dumps(without_examples(document))
