"""The route that gives a film: what it tells, any range of it, who is written down, and what it refuses."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import av
import httpx
import pytest

from analysis import films
from analysis.films import Asked, FilmRefused, NothingToShow, Reel
from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.evidence import Cause, Place, Recorder, Run
from domain.timeline import Interval, rfc3339
from domain.viewings import Deed
from storage.archive import NoCopyAnswers
from storage.database import connect
from tests.dashboard.exam import BATCH, FPS, START, UNPLUGGED, WINDOW, Exam, add_segment, hold_exam
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY

SPAN = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end)}
ADDRESS = f"/api/v1/batches/{BATCH}/cameras/A-cam-1/film.mp4"
SECOND = timedelta(seconds=1)


def planned(exam: Exam, camera: str = "A-cam-1", span: Interval = WINDOW) -> Reel:
    asked = Asked(BATCH, camera, span)
    return films.plan(exam.database.evidence, exam.archive, asked, exam.clock.now(), lambda _: True)


def whole(exam: Exam, reel: Reel) -> bytes:
    return b"".join(reel.blocks(exam.archive))


def shown_at(data: bytes) -> list[float]:
    with av.open(io.BytesIO(data), "r") as container:
        return [frame.time for frame in container.decode(container.streams.video[0]) if frame.time is not None]


def lines_of(data: bytes) -> list[tuple[float, str]]:
    """The text of the film, with the seconds at which it begins."""
    with av.open(io.BytesIO(data), "r") as container:
        packets = [each for each in container.demux(container.streams.subtitles[0]) if each.size]
        return [
            (float(each.pts * each.time_base), bytes(each)[2:].decode()) for each in packets if each.pts is not None
        ]


def test_a_film_has_all_pictures_of_the_window_and_keeps_its_gap(api: httpx.Client, exam: Exam) -> None:
    answer = api.get(ADDRESS, params=SPAN)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    assert len(answer.content) == int(answer.headers["content-length"])
    assert (answer.headers["kaojian-start"], answer.headers["kaojian-end"]) == (SPAN["start"], SPAN["end"])
    assert answer.headers["kaojian-gaps"] == "1"
    times = shown_at(answer.content)
    gone = (UNPLUGGED.start - WINDOW.start).total_seconds(), (UNPLUGGED.end - WINDOW.start).total_seconds()
    seconds = WINDOW.seconds - (gone[1] - gone[0])
    assert len(times) == seconds * FPS
    assert times == pytest.approx(
        [at / FPS for at in range(round(WINDOW.seconds * FPS)) if not gone[0] <= at / FPS < gone[1]], abs=0.001
    )


def test_each_second_says_when_it_is_and_each_of_a_gap_why(api: httpx.Client) -> None:
    lines = dict(lines_of(api.get(ADDRESS, params=SPAN).content))
    assert lines[0.0] == "2026-05-01 08:59:50"
    assert lines[10.0] == "2026-05-01 09:00:00"
    gone = (UNPLUGGED.start - WINDOW.start).total_seconds()
    for at in range(8):
        assert lines[gone + at].partition("\n")[2] == "断档 gap: 摄像机断线 camera disconnected"
    assert "断档" not in lines[gone - 1] + lines[gone + 8]


def test_the_film_says_of_itself_what_it_is_of_and_its_name_is_as_the_room_was_called(api: httpx.Client) -> None:
    answer = api.get(ADDRESS, params=SPAN)
    name = unquote(answer.headers["content-disposition"].partition("''")[2])
    assert name == f"{BATCH}-第1场-中式面点一号考场-A-cam-1-20260501T085950.mp4"
    with av.open(io.BytesIO(answer.content), "r") as container:
        about = json.loads(container.metadata["comment"])
        assert container.metadata["title"] == "韶关市技师学院定点考场 中式面点一号考场 A-cam-1 第1场"
    assert (about["form"], about["batch"], about["camera"]) == ("kaojian-film-1", BATCH, "A-cam-1")
    assert about["gaps"] == [[rfc3339(UNPLUGGED.start), rfc3339(UNPLUGGED.end), "camera_disconnected"]]
    assert about["files"] > 1 and len(about["files_sha256"]) == 64


def test_a_download_goes_on_where_it_was_broken_off(api: httpx.Client) -> None:
    all_of_it = api.get(ADDRESS, params=SPAN)
    data, tag = all_of_it.content, all_of_it.headers["etag"]
    chance = random.Random(1)
    for _ in range(8):
        first = chance.randrange(len(data))
        last = chance.randrange(first, min(len(data), first + 300_000))
        part = api.get(ADDRESS, params=SPAN, headers={"Range": f"bytes={first}-{last}", "If-Range": tag})
        assert (part.status_code, part.headers["etag"]) == (206, tag)
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(data)}"
        assert part.content == data[first : last + 1]
    rest = api.get(ADDRESS, params=SPAN, headers={"Range": f"bytes={len(data) - 9}-"})
    assert rest.content == data[-9:]
    beyond = api.get(ADDRESS, params=SPAN, headers={"Range": f"bytes={len(data)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(data)}")


def test_a_part_of_another_film_is_never_joined_to_this_one(api: httpx.Client) -> None:
    asked = {"Range": "bytes=100-199", "If-Range": '"another"'}
    answer = api.get(ADDRESS, params=SPAN, headers=asked)
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"])


def test_each_request_that_gives_footage_is_written_down_as_taken_away(api: httpx.Client, exam: Exam) -> None:
    api.get(ADDRESS, params={**SPAN, "purpose": "复核"}, headers={"Range": "bytes=0-9"})
    kept = exam.database.viewings.latest(1)[0].viewing
    assert (kept.deed, kept.outcome, kept.camera, kept.batch) == (Deed.SAVE, "shown", "A-cam-1", BATCH)
    assert (kept.span, kept.purpose) == (WINDOW, "复核")


def test_a_span_without_footage_is_refused_in_words_and_written_down(api: httpx.Client, exam: Exam) -> None:
    days = {"start": rfc3339(WINDOW.end + timedelta(days=1)), "end": rfc3339(WINDOW.end + timedelta(days=1, hours=1))}
    answer = api.get(ADDRESS, params=days)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:kaojian:problem:no-footage")
    kept = exam.database.viewings.latest(1)[0].viewing
    assert (kept.outcome, kept.batch) == ("no-footage", BATCH)
    gap = {"start": rfc3339(UNPLUGGED.start + SECOND), "end": rfc3339(UNPLUGGED.end - SECOND)}
    assert api.get(ADDRESS, params=gap).status_code == 404


@pytest.mark.parametrize(
    ("span", "problem"),
    [
        ({**SPAN, "end": rfc3339(WINDOW.start + timedelta(hours=13))}, "film-refused"),
        ({"start": SPAN["end"], "end": SPAN["start"]}, "impossible-span"),
    ],
)
def test_a_span_that_no_film_can_have_is_refused(api: httpx.Client, span: dict[str, str], problem: str) -> None:
    answer = api.get(ADDRESS, params=span)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:kaojian:problem:{problem}")


@pytest.fixture
def own_exam(tmp_path: Path) -> Iterator[Exam]:
    """An exam that a test may harm."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    yield hold_exam(database, tmp_path / "spool")
    database.close()


def test_nobody_takes_a_film_of_a_sitting_that_is_not_closed(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool", closed=False)
    with client(create_app(database, exam.archive, load_rule_pack, exam.clock, None)) as talking:
        answer = talking.get(ADDRESS, params=SPAN)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:held-back")
    database.close()


def test_a_file_that_is_damaged_on_one_disk_comes_from_the_other_copy(own_exam: Exam) -> None:
    before = whole(own_exam, planned(own_exam))
    for segment in own_exam.segments("A-cam-1")[:3]:
        path = own_exam.spool / segment.key
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    assert whole(own_exam, planned(own_exam)) == before


def test_footage_of_which_no_copy_answers_is_never_left_out_in_silence(own_exam: Exam) -> None:
    segment = own_exam.segments("A-cam-1")[1]
    (own_exam.spool / segment.key).unlink()
    own_exam.objects.destroy(segment.key)
    with pytest.raises(NoCopyAnswers):
        planned(own_exam)


def test_where_two_recorders_recorded_the_film_shows_one_at_a_time_and_loses_nothing(own_exam: Exam) -> None:
    evidence = own_exam.database.evidence
    begun = WINDOW.start - timedelta(minutes=1)
    evidence.begin_recorder(Recorder("recorder-2", "second-host", begun, WINDOW.end + timedelta(minutes=1)))
    evidence.begin_run(Run("run-second", "A-cam-1", "recorder-2", UNPLUGGED.start - 3 * SECOND))
    other = Interval(UNPLUGGED.start - 3 * SECOND, UNPLUGGED.end + 4 * SECOND)
    add_segment(own_exam, "A-cam-1", "run-second", other, name="-second")
    reel = planned(own_exam)
    times = shown_at(whole(own_exam, reel))
    assert reel.gaps == ()
    assert times == pytest.approx([at / FPS for at in range(round(WINDOW.seconds * FPS))], abs=0.001)


def test_only_what_lies_inside_is_in_the_film_and_another_batch_is_not(exam: Exam) -> None:
    evidence, now = exam.database.evidence, exam.clock.now()
    first = exam.segments("A-cam-1")[2].key
    asked = Asked(BATCH, "A-cam-1", WINDOW)
    reel = films.plan(evidence, exam.archive, asked, now, lambda segment: segment.key == first)
    assert [segment.key for segment in reel.segments] == [first]
    with pytest.raises(NothingToShow):
        films.plan(evidence, exam.archive, replace(asked, batch="another"), now, lambda _: True)
    with pytest.raises(FilmRefused):
        films.plan(
            evidence, exam.archive, replace(asked, span=Interval(START, START + timedelta(hours=13))), now, bool
        )


def test_a_gap_without_pictures_has_its_cause_in_the_plan(exam: Exam) -> None:
    reel = planned(exam)
    assert [(gap.interval, gap.cause) for gap in reel.gaps] == [(UNPLUGGED, Cause.CAMERA_DISCONNECTED)]
    assert reel.span == WINDOW
    assert Place.SPOOL in {
        copy.place for copies in exam.database.evidence.copies([reel.segments[0].key]).values() for copy in copies
    }
