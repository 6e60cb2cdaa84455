"""Alarms of pictures: what the last look at a camera that is recorded now shows, and when that is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.evidence import CameraState, Copy, Place, Recorder, Run, Segment
from domain.pictures import Look, Reference, Sample, Sight, View, ViewSpan
from domain.timeline import Interval
from records.lookout import Lookout
from records.picture_sense import STALE, PictureSense
from storage.database import Database
from tests.fakes import eye
from tests.records.setups import ACTOR, START
from tests.records.test_declaration import bent
from tests.records.test_lookout import SETTLE, Site, steps
from tests.records.test_picture_regions import DRAWN

CAMERA = "sg-001-c1"


def decide(samples: Sequence[Sample], stations: Sequence[str], worktops: Mapping[str, int] | None = None) -> Sight:
    """Dark as ever; and of contrast 0 every station is obstructed."""
    sight = eye.decide(samples, stations)
    hidden = [
        ViewSpan(station, View.OBSTRUCTED, Interval(sample.at - eye.REACH, sample.at + eye.REACH))
        for station in stations
        for sample in samples
        if sample.contrast == 0
    ]
    return replace(sight, stations=tuple(hidden))


class Watched(Site):
    """A site whose pictures are looked at."""

    def looking(self, holder: str = "host") -> Lookout:
        self.seen = PictureSense(self.database, replace(eye.EYE, decide=decide))
        return Lookout(self.database, self.clock, holder, SETTLE, pictures=self.seen)

    def records(self, seconds: int, brightness: float = 90.0, contrast: float = 20.0, reference: str = "") -> Segment:
        """A segment that ends now was closed, opened and looked at."""
        end = self.clock.now()
        interval = Interval(end - timedelta(seconds=seconds), end)
        key = f"sg-001/2026-0501/{CAMERA}/{end:%H%M%S}.mp4"
        segment = Segment(
            key, CAMERA, "2026-0501", "run-1", interval, 10, 10, "ab" * 32, 1, "avc1", 640, 360, 0, 0.0, None
        )
        copy = Copy(key, Place.SPOOL, "/spool", end, 10, "ab" * 32)
        self.database.evidence.begin_run(Run("run-1", CAMERA, "life-1", START))
        self.database.evidence.add_segment(segment, copy)
        instants = [interval.start + timedelta(seconds=second) for second in range(0, seconds, 2)]
        samples = tuple(Sample(each, 640, 360, brightness, 0.0, contrast) for each in instants)
        self.database.looks.add(Look(key, 1, reference, end, samples))
        return segment


@pytest.fixture
def site(database: Database) -> Watched:
    found = Watched(database, bent("sees: [A-01, A-02]", DRAWN))
    found.says(CAMERA, CameraState.LIVE)
    assert found.passes(3) == []
    return found


def only(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    (body,) = bodies
    return body


def test_a_black_picture_is_told_soon_after_its_segment_was_looked_at_and_since_when(site: Watched) -> None:
    site.passes(60)
    segment = site.records(60, brightness=0.0)
    body = only(site.passes(20))
    assert (body["event"], body["step"], body["subject"]) == ("picture_fault", "began", f"picture/{CAMERA}")
    assert datetime.fromisoformat(body["since"]) == segment.interval.start - eye.REACH
    assert (body["camera"], body["stations"], body["batch"]) == (CAMERA, ["A-01", "A-02"], "2026-0501")
    assert "画面异常（发生）" in body["text"]["zh"] and "黑屏（测得 0，限值 40）" in body["text"]["zh"]
    assert "black (measured 0, limit 40)" in body["text"]["en"]
    assert body["cause"] is None


def test_it_is_over_when_a_later_look_shows_something_again(site: Watched) -> None:
    site.passes(60)
    site.records(60, brightness=0.0)
    assert steps(site.passes(60)) == [(f"picture/{CAMERA}", "began")]
    site.records(58)
    assert steps(site.passes(30)) == [(f"picture/{CAMERA}", "ended")]


def test_a_station_that_something_stands_before_is_told_by_its_name(site: Watched, database: Database) -> None:
    reference = Reference(
        "ref", CAMERA, START - timedelta(hours=2), ACTOR, Interval(START, site.clock.now()), (), b""
    )
    database.looks.add_reference(reference)
    site.passes(60)
    site.records(60, contrast=0.0, reference="ref")
    body = only(site.passes(20))
    assert (body["event"], body["subject"]) == ("view_obstructed", f"view/{CAMERA}/A-02")
    assert body["stations"] == ["A-02"], "of A-01 no region was drawn"
    assert "画面中的工位 A-02" in body["text"]["zh"] and "被遮挡" in body["text"]["zh"]


def test_good_pictures_and_pictures_nobody_looked_at_are_no_alarm(site: Watched) -> None:
    assert site.passes(40) == []
    site.records(30)
    assert site.passes(40) == []


def test_while_looks_are_old_nobody_can_tell_and_the_alarm_stands(site: Watched) -> None:
    site.passes(60)
    site.records(60, brightness=0.0)
    site.passes(20)
    assert steps(site.passes(int(STALE.total_seconds()) + 60)) == []
    assert {each.dark for each in site.seen(site.clock.now())} == {None}


def test_what_was_decided_is_not_decided_again_until_another_look_comes(site: Watched) -> None:
    asked = []

    def counting(
        samples: Sequence[Sample], stations: Sequence[str], worktops: Mapping[str, int] | None = None
    ) -> Sight:
        asked.append(len(samples))
        return decide(samples, stations)

    seen = PictureSense(site.database, replace(eye.EYE, decide=counting))
    site.records(20)
    for _ in range(3):
        list(seen(site.clock.now()))
    site.clock.advance(20)
    site.records(20)
    list(seen(site.clock.now()))
    assert asked == [10, 20]


def test_the_second_recorder_of_a_camera_is_not_mixed_in(site: Watched) -> None:
    asked = []

    def counting(
        samples: Sequence[Sample], stations: Sequence[str], worktops: Mapping[str, int] | None = None
    ) -> Sight:
        asked.append(len(samples))
        return decide(samples, stations)

    first = site.records(20)
    site.database.evidence.begin_recorder(Recorder("life-2", "other", START, START))
    site.database.evidence.begin_run(Run("run-2", CAMERA, "life-2", START))
    interval = Interval(first.interval.start - timedelta(seconds=1), first.interval.end)
    twin = replace(first, key="sg-001/2026-0501/c/twin.mp4", run="run-2", interval=interval)
    site.database.evidence.add_segment(twin, Copy(twin.key, Place.SPOOL, "/other", START, 10, "ab" * 32))
    site.database.looks.add(Look(twin.key, 1, "", START, (Sample(START, 1, 1, 0.0, 0.0, 1.0),)))
    list(PictureSense(site.database, replace(eye.EYE, decide=counting))(site.clock.now()))
    assert asked == [10]
