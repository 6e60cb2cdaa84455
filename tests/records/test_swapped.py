"""A camera swapped for one at another address while a sitting is open: what must be seen stays, the way changes.

The new address counts from the instant at which it was set up, and only where the camera shows by the set-up what it
showed when the sitting opened: footage of another place is never taken for that of this one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis.report import sitting_report
from config.rule_pack import load
from config.secrets import Secrets
from domain.evidence import Cause, EndReason, Observation, Recorder, SegmentState
from domain.places import Camera, Sitting, standing_in
from domain.timeline import Interval
from ingest.bookkeeper import Bookkeeper
from ingest.recorder import Assignment, CameraRecorder, Cutting
from ingest.source import AccessUnit, CameraUnreachable, ConnectionLost, Source
from ingest.spool import Spool
from records import sites
from records.conduct import close_sitting, open_sitting
from records.declaration import parse
from records.schedule import Schedule
from records.setup import apply
from storage.database import Database, connect
from tests.fakes.notary import NOTARY
from tests.fakes.source import Act, FakeSource
from tests.fakes.time import FakeClock
from tests.ingest.pictures import unit
from tests.records.setups import ACTOR, PLANNED, ROOMY, START

SITE, ROOM, CAMERA, BATCH = "sg-001", "r301", "sg-001-c1", "2026-0501"
OLD, NEW = "rtsp://127.0.0.1:8554/stream", "rtsp://127.0.0.1:8599/spare"


@dataclass
class Morning:
    """A database in which the first sitting was opened a minute ago."""

    database: Database
    clock: FakeClock
    schedule: Schedule

    @property
    def sitting(self) -> Sitting:
        found = self.database.setup.sitting(BATCH, 1)
        assert found is not None
        return found

    @property
    def camera(self) -> Camera:
        site = self.database.setup.site(SITE)
        assert site is not None
        return next(each for each in site.room(ROOM).cameras if each.id == CAMERA)

    def assignment(self) -> Assignment:
        return next(each for each in self.schedule.wanted(self.clock.now()) if each.camera == CAMERA)

    def change(self, edit: sites.Edit, room: str = ROOM) -> sites.Change:
        follows = self.database.setup.site_sha256(SITE) or ""
        return sites.change(self.database, SITE, [room], edit, follows=follows, actor=ACTOR, clock=self.clock)

    def swap(self, **other: Any) -> sites.Change:
        return self.change(sites.with_camera(ROOM, replace(self.camera, url=NEW, **other)))


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    clock = FakeClock(START - timedelta(days=2))
    apply(parse(PLANNED, "exam.yaml"), database, ACTOR, clock)
    clock.step(timedelta(days=2).total_seconds())
    open_sitting(database, BATCH, 1, ACTOR, clock, disk=ROOMY)
    clock.step(60)
    yield Morning(database, clock, Schedule(database, Secrets(tmp_path, {}), timedelta(seconds=5)))
    database.close()


@pytest.mark.parametrize(
    "other",
    [
        {"sees": ("A-01",)},
        {"panoramic": False},
    ],
    ids=["sees less", "not the whole room"],
)
def test_what_shows_less_than_it_did_is_not_recorded_in_its_place(morning: Morning, other: dict[str, object]) -> None:
    made = morning.swap(**other)
    assert (made.new, morning.assignment().url) == (True, OLD)
    assert [(each.number, each.keeps, each.readdressed) for each in made.sittings] == [
        (1, True, False),
        (2, False, False),
    ]


def test_what_hangs_elsewhere_or_in_another_room_or_was_taken_away_is_not_either(morning: Morning) -> None:
    site = morning.database.setup.site(SITE)
    assert site is not None
    plan = site.room(ROOM).plan
    assert plan is not None
    hung = tuple(replace(each, pan=each.pan + 5) if each.camera == CAMERA else each for each in plan.mountings)
    morning.change(sites.with_plan(ROOM, replace(plan, mountings=hung)))
    morning.swap()
    assert morning.assignment().url == OLD
    morning.change(sites.with_plan(ROOM, plan))
    assert morning.assignment().url == NEW
    spare = replace(morning.camera, sees=())
    morning.change(sites.without_camera(ROOM, CAMERA))
    assert morning.assignment().url == OLD
    morning.change(sites.with_camera("r302", spare), "r302")
    assert morning.assignment().url == OLD


def test_the_new_address_counts_at_once_and_all_that_was_frozen_stays(morning: Morning) -> None:
    before, expected = morning.sitting, morning.database.setup.expectation(BATCH, 1)
    made = morning.swap(secret="spare")
    assert [(each.number, each.keeps, each.readdressed) for each in made.sittings] == [
        (1, True, True),
        (2, False, False),
    ]
    assert morning.assignment().url == NEW
    assert (morning.assignment().batch, morning.assignment().folder) == (BATCH, f"{SITE}/{BATCH}/{CAMERA}")
    reached, _ = morning.schedule.reached(morning.sitting, next(morning.sitting.cameras()))
    assert reached.url == NEW
    assert (morning.sitting, morning.database.setup.expectation(BATCH, 1)) == (before, expected)
    again = morning.swap(secret="spare")
    assert (again.new, [each.readdressed for each in again.sittings]) == (False, [False, False])


def test_the_tail_of_a_closed_sitting_is_recorded_there_too(morning: Morning) -> None:
    morning.swap()
    close_sitting(morning.database, BATCH, 1, ACTOR, morning.clock)
    assert morning.assignment().url == NEW


def test_a_camera_that_sees_more_stands_in_and_one_of_another_set_up_does_not(morning: Morning) -> None:
    site = morning.database.setup.site(SITE)
    assert site is not None
    seeing = next(each for each in site.room("r302").cameras)
    assert standing_in(seeing, site, site) == seeing
    assert standing_in(replace(seeing, id="sg-001-c7"), site, site) is None
    less = replace(seeing, sees=())
    frozen = replace(site, rooms=(site.rooms[0], replace(site.rooms[1], cameras=(less,))))
    assert standing_in(less, frozen, site) == seeing
    assert standing_in(seeing, site, frozen) is None


# --- From the pictures to the report ---


def units(start: int, end: int) -> list[Act]:
    return [unit(number, start=START + timedelta(seconds=60)) for number in range(start, end)]


class Swapped:
    """A connection during which, before its picture of that number or before its first, something happens."""

    def __init__(self, source: Source, number: int | None, happens: Callable[[], None]) -> None:
        self._source, self._number, self._happens = source, number, happens

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        taken = 0
        async with aclosing(self._source.units()) as units:
            async for each in units:
                if taken == self._number:
                    self._happens()
                taken += 1
                yield each


def recorded(morning: Morning, folder: Path, *scripts: list[Act], swapped_at: tuple[int, int]) -> list[str]:
    """Record these connections one after another; the addresses they were made to. ``swapped_at`` is the connection,
    and the picture of it, before which the camera is set up at its new address.
    """
    asked: list[str] = []
    opened = asyncio.Event()

    def swap() -> None:
        morning.swap()
        recorder.assignment = morning.assignment()  # as the supervisor does every second

    def open_source(assignment: Assignment) -> Source:
        number = len(asked)
        asked.append(assignment.url)
        if len(asked) == len(scripts):
            opened.set()
        if swapped_at == (number, 0):
            swap()
        script = scripts[number] if number < len(scripts) else ()
        at = swapped_at[1] if swapped_at[0] == number and swapped_at[1] else None
        return Swapped(FakeSource(morning.clock, script), at, swap)

    async def play() -> None:
        task = asyncio.create_task(recorder.run())
        await opened.wait()
        for _ in range(2 * sum(map(len, scripts)) + 10):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    book = Bookkeeper(Spool(folder / "spool", 0), morning.database.evidence, morning.clock)
    recorder = CameraRecorder(
        recorder="r1",
        assignment=morning.assignment(),
        open_source=open_source,
        book=book,
        cutting=Cutting(4.0, 1.0),
        clock=morning.clock,
    )
    morning.database.evidence.begin_recorder(Recorder("r1", "host", START, START))
    asyncio.run(play())
    book.finish()
    return asked


def test_both_runs_are_the_cameras_and_the_gap_between_is_told_with_its_cause(
    morning: Morning, tmp_path: Path
) -> None:
    dead: list[Act] = [CameraUnreachable("no route")]
    before: list[Act] = [*units(0, 75), ConnectionLost("closed")]
    asked = recorded(morning, tmp_path, before, dead, units(195, 300), swapped_at=(1, 0))
    assert asked == [OLD, OLD, NEW]
    told_of_the_gap(morning)


def test_an_old_camera_that_still_sends_is_left_for_the_new_one_from_the_instant_of_the_change(
    morning: Morning, tmp_path: Path
) -> None:
    asked = recorded(morning, tmp_path, units(0, 150), units(195, 300), swapped_at=(0, 75))
    assert asked == [OLD, NEW]
    told_of_the_gap(morning, "摄像机已改用新地址")


def told_of_the_gap(morning: Morning, why: str = "") -> None:
    """Of the fifth to the thirteenth second, in rows and in the report of the camera that was always expected."""
    begun, evidence = START + timedelta(seconds=60), morning.database.evidence
    gap = Interval(begun + timedelta(seconds=5), begun + timedelta(seconds=13))
    window = Interval(START, START + timedelta(minutes=5))
    first, second = evidence.runs(CAMERA, window)
    assert (first.ended, first.end_reason, second.started) == (gap.start, EndReason.CAMERA_DISCONNECTED, gap.end)
    (outage,) = evidence.outages(CAMERA, window)
    assert (outage.start, outage.end, outage.cause) == (gap.start, gap.end, Cause.CAMERA_DISCONNECTED)
    assert why in (outage.detail or "")
    assert "127.0.0.1" not in (outage.detail or "")
    for segment in evidence.segments(CAMERA, window):
        evidence.add_observation(Observation(segment.key, segment.interval.end, SegmentState.OK, segment.frames))
    morning.clock.advance(60)
    report = sitting_report(morning.database, BATCH, 1, load("SG-2022-08-10"), morning.clock.now())
    (station,) = [each for each in report.stations if each.station == "A-01"]
    assert [each.cause for each in station.gaps if each.interval == gap] == [Cause.CAMERA_DISCONNECTED]
    assert station.covered_ms == (5 + 7) * 1000
