"""Head-room is what cameras were measured to need against what a spool has, and says from when it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.evidence import Copy, Place, Recorder, Run, Segment
from domain.places import Sitting
from domain.timeline import Interval
from records.declaration import parse
from records.headroom import Headroom, Rate, Spools, foresee, headrooms, measure, remedy, told
from records.setup import apply
from storage.database import Database, connect
from storage.spool_marker import MARKER, Marker
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.setups import ACTOR, START, WHOLE

HOUR = timedelta(hours=1)
EMPTY = Headroom("first", Path("/spool"), 0, 100_000_000_000, 0, None, 0, None, ())
RATES = {"sg-001-c1": Rate(1e6, True), "sg-001-c2": Rate(5e5, False)}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Sitting 1: camera c1, 9:00 to 10:30; sitting 2: c1 and c2, 11:00 to 12:00, lead 10 min, tail 90 s."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.sqlite3'}", NOTARY)
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=1)))
    database.evidence.begin_recorder(Recorder("r", "host", START, START))
    database.evidence.begin_run(Run("run", "sg-001-c1", "r", START))
    yield database
    database.close()


def _close(database: Database, spool: Path, minute: int, size_bytes: int, *, kept: bool = False) -> None:
    """A row of a file of one minute; its bytes are nowhere."""
    start = START - 24 * HOUR + timedelta(minutes=minute)
    span = Interval(start, start + timedelta(minutes=1))
    key = f"s/b/sg-001-c1/{minute}.mp4"
    segment = Segment(key, "sg-001-c1", "b", "run", span, 9, size_bytes, "ab", 4, "avc1", 16, 16, 0, 0.0, None)
    copy = Copy(key, Place.SPOOL, str(spool), span.end, size_bytes, "ab", device="host:1:2", spool="spool-1")
    database.evidence.add_segment(segment, copy)
    if kept:
        database.evidence.add_copy(replace(copy, place=Place.S3, target="bucket", version_id="v", spool=""))


def _sittings(database: Database) -> list[Sitting]:
    return database.setup.sittings()


def test_each_sitting_costs_its_window_and_each_camera_its_rate(database: Database) -> None:
    first, second = _sittings(database)
    room = foresee([first, second], RATES, EMPTY, START - HOUR)
    assert room.needed_bytes == round(first.window.seconds * 1e6 + second.window.seconds * 1.5e6)
    assert (room.full, room.short_bytes, room.sittings, room.until) == (None, 0, 2, second.window.end)
    assert room.unmeasured == ("sg-001-c2",)
    assert remedy(room) == ""


def test_what_is_over_costs_nothing_more(database: Database) -> None:
    first, _ = _sittings(database)
    room = foresee([first], RATES, EMPTY, first.window.end - timedelta(seconds=10))
    assert room.needed_bytes == 10_000_000


def test_a_camera_that_two_sittings_want_at_once_is_counted_once(database: Database) -> None:
    first, _ = _sittings(database)
    again = replace(first, plan=replace(first.plan, number=9))
    assert foresee([first, again], RATES, EMPTY, START - HOUR).needed_bytes == round(first.window.seconds * 1e6)


def test_a_spool_that_runs_short_says_by_how_much_and_from_when(database: Database) -> None:
    first, second = _sittings(database)
    need = round((first.window.end - START).total_seconds() * 1e6)
    room = foresee(
        [first, second], RATES, replace(EMPTY, free_bytes=need + 90_000_000, evictable_bytes=60_000_000), START
    )
    assert room.full == second.window.start + timedelta(seconds=100)
    assert room.short_bytes == round(second.window.seconds * 1.5e6) - 150_000_000
    assert "6.3 GB SHORT 空间不足, full at 2026-05-01 10:51" in told(room)
    assert remedy(room).startswith("free 6.3 GB on the disk of /spool before 2026-05-01 10:51")


def test_a_spool_inside_its_reserve_is_full_at_once(database: Database) -> None:
    first, _ = _sittings(database)
    assert foresee([first], RATES, replace(EMPTY, free_bytes=-1), START).full == START


def test_a_camera_is_measured_by_its_newest_files_and_expected_where_it_has_none(
    database: Database, tmp_path: Path
) -> None:
    _close(database, tmp_path, 0, 1 << 40)
    for minute in range(1, 21):
        _close(database, tmp_path, minute, 6000 * minute)
    rates = measure(database.evidence, {"sg-001-c1", "sg-001-c2"}, 800.0)
    assert rates == {"sg-001-c1": Rate(1050.0, True), "sg-001-c2": Rate(100.0, False)}


def test_what_may_be_evicted_counts_only_where_room_is_missing_and_only_with_a_store(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / MARKER).write_bytes(Marker("spool-1").data())
    _close(database, tmp_path, 0, 60_000)
    _close(database, tmp_path, 1, 60_000, kept=True)
    full = Spools([tmp_path, tmp_path / "away" / "second"], reserve_bytes=1 << 60)
    (first, second) = headrooms(database, full, START - HOUR, evicts=True)
    assert (first.evictable_bytes, second.evictable_bytes) == (60_000, 0)
    assert first.short_bytes == first.needed_bytes - first.free_bytes - 60_000
    assert headrooms(database, full, START - HOUR, evicts=False)[0].evictable_bytes == 0
    assert headrooms(database, Spools([tmp_path]), START - HOUR, evicts=True)[0].evictable_bytes == 0


def test_without_a_coming_sitting_nothing_is_short(database: Database, tmp_path: Path) -> None:
    (room,) = headrooms(database, Spools([tmp_path], reserve_bytes=1 << 60), START + 24 * HOUR, evicts=True)
    assert (room.sittings, room.short_bytes, room.full) == (0, 0, None)
    assert "no sitting is planned" in told(room)
