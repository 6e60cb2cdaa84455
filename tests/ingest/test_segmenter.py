"""Cutting a run: nothing lost at a cut, every hole told, files that read back as they were written."""

from __future__ import annotations

import io
import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from domain.evidence import Cause
from domain.timeline import Interval, IntervalSet
from ingest.clock import WARM_UP_S, RunClock, Stamp
from ingest.segmenter import SYNC_SHARE, Closed, Event, Fragment, Hole, Opened, Segmenter
from ingest.source import AccessUnit
from storage.media import FileIndex, read_index
from tests.fakes.time import NOON
from tests.ingest.pictures import FPS, GOP, unit


@dataclass
class Recorded:
    """What a run became: whole files with their facts, and holes."""

    files: list[tuple[bytes, Closed]] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    fragments: list[Fragment] = field(default_factory=list)

    def index(self, number: int) -> FileIndex:
        return read_index(io.BytesIO(self.files[number][0]))


def record(units: Iterable[AccessUnit], segment_s: float = 4.0) -> Recorded:
    recorded, data = Recorded(), b""
    clock, segmenter = RunClock(), Segmenter(segment_s, 1.0)

    def carry_out(events: list[Event]) -> None:
        nonlocal data
        for event in events:
            match event:
                case Opened():
                    data = event.head
                case Fragment():
                    data += event.data
                    recorded.fragments.append(event)
                case Closed():
                    recorded.files.append((data, event))
                case Hole():
                    recorded.holes.append(event)

    taken = list(units)
    warm_up(clock, taken)
    for item in taken:
        carry_out(segmenter.take(item, clock.stamp(item.rtp_time, item.arrived, item.arrived_monotonic)))
    carry_out(segmenter.end())
    return recorded


def warm_up(clock: RunClock, units: Sequence[AccessUnit]) -> list[AccessUnit]:
    """Let a run's first pictures teach its clock, as the recorder does before it stamps any; those pictures."""
    warm = [each for each in units if each.arrived_monotonic - units[0].arrived_monotonic <= WARM_UP_S]
    clock.warm_up([(each.rtp_time, each.arrived, each.arrived_monotonic) for each in warm])
    return warm


def _at(number: int) -> timedelta:
    return timedelta(seconds=number / FPS)


def test_files_follow_each_other_without_a_hole_and_hold_every_picture() -> None:
    recorded = record(unit(n) for n in range(20 * FPS))
    assert recorded.holes == []
    assert sum(facts.frames for _, facts in recorded.files) == 20 * FPS
    for (_, before), (_, after) in zip(recorded.files, recorded.files[1:], strict=False):
        assert before.interval.end == after.interval.start
    assert recorded.files[0][1].interval.start == NOON
    assert recorded.files[-1][1].interval.end - NOON == timedelta(seconds=20)


def test_a_file_reads_back_as_it_was_written() -> None:
    recorded = record(unit(n) for n in range(10 * FPS))
    for number, (_, facts) in enumerate(recorded.files):
        index = recorded.index(number)
        assert not index.torn
        assert index.frames == facts.frames
        assert index.init_size_bytes == facts.init_size_bytes
        assert index.span is not None
        assert abs((index.span.start - facts.interval.start).total_seconds()) < 0.0001
        assert abs((index.span.end - facts.interval.end).total_seconds()) < 0.0001
        assert index.fragments[0].samples[0].key


def test_no_fragment_is_longer_than_a_second_less_what_its_sync_may_take() -> None:
    recorded = record(unit(n) for n in range(10 * FPS))
    for number in range(len(recorded.files)):
        for fragment in recorded.index(number).fragments:
            assert sum(sample.duration for sample in fragment.samples) <= 90_000 * (1 - SYNC_SHARE)


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("jitter_s", [0.0, 0.06])
def test_every_picture_is_handed_on_within_a_second_of_its_arrival_with_time_left_for_the_sync(
    every: int, jitter_s: float
) -> None:
    chance = random.Random(7)
    units = [unit(n, late_s=chance.uniform(0, jitter_s)) for n in range(0, 20 * FPS, every)]
    clock, segmenter, waiting = RunClock(), Segmenter(6.0, 1.0), deque[AccessUnit]()
    warm = warm_up(clock, units)
    for number, each in enumerate(units):
        now = max(each.arrived_monotonic, warm[-1].arrived_monotonic)  # the first ones are held until then
        waiting.append(each)
        for event in segmenter.take(each, clock.stamp(each.rtp_time, each.arrived, each.arrived_monotonic)):
            if isinstance(event, Fragment):
                assert now - waiting[0].arrived_monotonic <= 1 - SYNC_SHARE + 2 * jitter_s
                waiting = deque([each])  # it ended the fragment, and is the first of the next
        assert now - waiting[0].arrived_monotonic <= 1 - SYNC_SHARE + 2 * jitter_s, number


def test_pictures_that_come_late_do_not_make_a_fragment_wait_for_the_time_that_they_show() -> None:
    units = [unit(n, late_s=min(3.0, n / FPS)) for n in range(4 * FPS)]  # at half their pace for three seconds
    clock, segmenter, since, waits = RunClock(), Segmenter(60.0, 1.0), units[0].arrived_monotonic, []
    for each in units:
        events = segmenter.take(each, clock.stamp(each.rtp_time, each.arrived, each.arrived_monotonic))
        if any(isinstance(event, Fragment) for event in events):
            waits.append(each.arrived_monotonic - since)
            since = each.arrived_monotonic
    assert max(waits) <= 1 - SYNC_SHARE / 2


def test_long_files_without_key_frames_go_on_until_one_comes() -> None:
    units = [unit(n) for n in range(10 * GOP)]
    sparse = [u for n, u in enumerate(units) if n == 0 or not u.key or n >= 8 * GOP]
    recorded = record(sparse, segment_s=2.0)
    assert recorded.files[0][1].interval.seconds > 7.9


def test_a_jump_of_rtp_time_is_a_hole_without_data() -> None:
    stalled = [unit(n) for n in (*range(5 * FPS), *range(11 * FPS, 16 * FPS))]
    recorded = record(stalled)
    (hole,) = recorded.holes
    assert hole.cause is Cause.NO_DATA
    assert abs((hole.interval.start - NOON - _at(5 * FPS)).total_seconds()) < 0.01
    assert abs((hole.interval.end - NOON - _at(11 * FPS)).total_seconds()) < 0.01
    assert sum(facts.frames for _, facts in recorded.files) == 10 * FPS


def test_lost_packets_uncover_time_up_to_the_next_key_frame() -> None:
    lost_at = 3 * GOP + 4
    units = [unit(n, lost_packets=2 if n == lost_at else 0, damaged=n == lost_at) for n in range(6 * GOP)]
    recorded = record(units)
    (hole,) = recorded.holes
    assert hole.cause is Cause.PACKET_LOSS
    assert abs((hole.interval.start - NOON - _at(lost_at)).total_seconds()) < 0.01
    assert abs((hole.interval.end - NOON - _at(4 * GOP)).total_seconds()) < 0.01
    assert sum(facts.ledger.lost_packets for _, facts in recorded.files) == 2
    assert sum(facts.frames for _, facts in recorded.files) == 6 * GOP - 1


@pytest.mark.parametrize(("missing", "holes_s"), [(0, []), (1, [1 / FPS + 0.005])])
def test_packets_lost_before_a_whole_key_frame_uncover_only_what_a_picture_is_missing_of(
    missing: int, holes_s: list[float]
) -> None:
    """Those before it may have held its parameter sets, and pictures are never quite as far apart as usual."""
    key, segmenter, found = 4 * GOP, Segmenter(60.0, 1.0), list[Hole]()
    for number in [*range(key - missing), *range(key, 5 * GOP)]:
        late = timedelta(milliseconds=5 if number >= key else 0)
        stamp = Stamp(NOON + _at(number) + late, 0.0)
        events = segmenter.take(unit(number, lost_packets=int(number == key)), stamp)
        found += [event for event in events if isinstance(event, Hole)]
    assert [hole.interval.seconds for hole in found] == pytest.approx(holes_s, abs=1e-5)


def test_loss_that_lasts_to_the_end_of_the_run_is_told_to_its_end() -> None:
    units = [unit(n, lost_packets=1 if n == 20 else 0, damaged=n == 20) for n in range(28)]
    (hole,) = record(units).holes
    assert abs((hole.interval.end - NOON - _at(28)).total_seconds()) < 0.01


def test_a_file_cut_behind_any_fragment_tells_of_every_loss_that_it_shows() -> None:
    lost = {3 * GOP + 4, 5 * GOP - 1, 7 * GOP, 9 * GOP + 2}
    units = [unit(n, lost_packets=int(n in lost), damaged=n in lost) for n in range(10 * GOP)]
    recorded = record(units, segment_s=60.0)
    losses = IntervalSet(hole.interval for hole in recorded.holes)
    assert len(losses) == len(lost)
    data, _ = recorded.files[0]
    for fragment in recorded.index(0).fragments:
        cut = read_index(io.BytesIO(data[: fragment.offset + fragment.size]))
        assert cut.span is not None
        shown = IntervalSet([cut.span])
        assert IntervalSet(span for span, _ in cut.missing) & shown == losses & shown


def test_a_run_tells_nothing_missing_of_time_that_the_run_before_it_shows() -> None:
    shown_until, clock, events = NOON + _at(8), RunClock(), []
    segmenter = Segmenter(60.0, 1.0, told_until=shown_until)
    for n in range(2 * GOP):
        each = unit(n, lost_packets=int(n == 5), damaged=n == 5)
        events += segmenter.take(each, clock.stamp(each.rtp_time, each.arrived, each.arrived_monotonic))
    (hole,) = [event for event in events if isinstance(event, Hole)]
    assert hole.interval.start == shown_until


def test_pictures_that_come_late_make_no_hole_and_show_their_delay() -> None:
    held = [unit(n, late_s=max(0.0, 8.0 - n / FPS) if 6 * FPS <= n < 8 * FPS else 0.0) for n in range(15 * FPS)]
    recorded = record(held, segment_s=60)
    assert recorded.holes == []
    assert 1.9 < recorded.files[0][1].ledger.delayed_s < 2.1
    assert recorded.files[0][1].interval == Interval(NOON, NOON + timedelta(seconds=15))


def test_a_slow_camera_of_one_picture_a_second_has_no_holes() -> None:
    slow = [unit(n) for n in range(0, 120 * FPS, FPS)]
    assert record(slow).holes == []


def test_a_slow_camera_with_a_key_frame_every_half_minute_gives_longer_files_and_no_hole() -> None:
    every_second = [unit(n) for n in range(0, 300 * FPS, FPS)]
    smart = [replace(u, key=number % 30 == 0) for number, u in enumerate(every_second)]
    recorded = record(smart, segment_s=20.0)
    assert recorded.holes == []
    assert {round(facts.interval.seconds) for _, facts in recorded.files} == {30}
    assert sum(facts.frames for _, facts in recorded.files) == 300


def test_a_rate_that_falls_to_one_picture_a_second_and_rises_again_makes_no_hole() -> None:
    quick, slow = range(20 * FPS), range(20 * FPS, 60 * FPS, FPS)
    recorded = record(unit(n) for n in (*quick, *slow, *range(60 * FPS, 70 * FPS)))
    assert recorded.holes == []
    assert recorded.files[-1][1].interval.end - NOON == timedelta(seconds=70)


def test_the_cameras_own_clock_is_measured_against_the_hosts() -> None:
    recorded = record(unit(n, camera_ahead_s=2.5) for n in range(3 * FPS))
    offset = recorded.files[0][1].ledger.clock_offset_s
    assert offset is not None
    assert abs(offset - 2.5) < 0.001
