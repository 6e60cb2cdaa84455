"""Clock and segmenter against schedules nobody would think of: every instant is accounted for, every file reads."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.evidence import Cause
from domain.timeline import Interval, IntervalSet
from ingest.clock import BACKWARDS_S, ENVELOPE_S, FAR_S, WARM_UP_S, RunClock
from ingest.segmenter import COUNT_JUMP_S, LONGEST_STEP_S, Closed, Event, Fragment, Hole, Opened, Segmenter
from ingest.source import AccessUnit
from storage.media import TIMESCALE, read_index
from tests.fakes.time import NOON
from tests.ingest.pictures import encoded, video_format

_RATE = 15
_MOST_LATE_S = 2.5


@dataclass(frozen=True)
class Step:
    """What happens before and with one picture."""

    late_s: float = 0.0
    silence_s: float = 0.0  # the camera takes nothing, its RTP time goes on
    standstill_s: float = 0.0  # the camera takes nothing, its RTP time stands still
    rtp_jump_s: float = 0.0  # RTP time jumps, the pictures go on
    lost: int = 0
    damaged: bool = False
    key: bool = False


@dataclass
class Run:
    """What a schedule became."""

    arrivals: list[datetime]
    instants: list[datetime]
    started: datetime
    ended: datetime
    accounted: datetime
    files: list[tuple[bytes, Closed]]
    holes: list[Hole]
    opened: list[Opened]
    fragments: list[Fragment]


def _units(steps: list[Step]) -> list[AccessUnit]:
    key_nals, other_nals = encoded()[0], encoded()[1]
    found: list[AccessUnit] = []
    wall_s = media_s = arrived_s = 0.0
    for number, step in enumerate(steps):
        if number:
            wall_s += 1 / _RATE + step.silence_s + step.standstill_s
            media_s += 1 / _RATE + step.silence_s + step.rtp_jump_s
        arrived_s = max(arrived_s, wall_s + step.late_s)
        key = step.key or number == 0
        found.append(
            AccessUnit(
                nals=key_nals if key else other_nals,
                key=key,
                rtp_time=(1 << 33) + round(media_s * TIMESCALE),
                arrived=NOON + timedelta(seconds=arrived_s),
                arrived_monotonic=1000 + arrived_s,
                format=video_format(),
                lost_packets=step.lost if number else 0,
                damaged=step.damaged and number > 0,
            )
        )
    return found


def _record(units: list[AccessUnit], segment_s: float, fragment_s: float) -> Run:
    clock, segmenter = RunClock(), Segmenter(segment_s, fragment_s)
    held = [unit for unit in units if unit.arrived_monotonic - units[0].arrived_monotonic < WARM_UP_S]
    clock.warm_up([(unit.rtp_time, unit.arrived, unit.arrived_monotonic) for unit in held])
    instants: list[datetime] = []
    events: list[Event] = []
    for unit in units:
        stamp = clock.stamp(unit.rtp_time, unit.arrived, unit.arrived_monotonic)
        instants.append(stamp.instant)
        events += segmenter.take(unit, stamp)
    events += segmenter.end()
    ended, accounted = segmenter.recorded_until, segmenter.accounted_until
    assert ended is not None
    assert accounted is not None
    run = Run([unit.arrived for unit in units], instants, instants[0], ended, accounted, [], [], [], [])
    data = b""
    for event in events:
        match event:
            case Opened():
                assert data == b""
                run.opened.append(event)
                data = event.head
            case Fragment():
                assert data != b""
                run.fragments.append(event)
                data += event.data
            case Closed():
                run.files.append((data, event))
                data = b""
            case Hole():
                run.holes.append(event)
    assert data == b""
    return run


_steps = st.builds(
    Step,
    late_s=st.sampled_from((0.0, 0.0, 0.0, 0.0, 0.0, 0.02, 0.3, 1.0, _MOST_LATE_S)),
    silence_s=st.sampled_from((0.0,) * 20 + (0.5, 1.4, 1.6, 2.9)),
    standstill_s=st.sampled_from((0.0,) * 30 + (0.4, 1.0, 2.0)),
    rtp_jump_s=st.sampled_from((0.0,) * 40 + (-3600.0, -2.0, 5.0, 3600.0)),
    lost=st.sampled_from((0,) * 20 + (1, 7)),
    damaged=st.sampled_from((False,) * 20 + (True,)),
    key=st.sampled_from((False,) * 9 + (True,)),
)
_schedules = st.lists(_steps, min_size=2, max_size=150)


@settings(deadline=None, max_examples=50)
@given(_schedules, st.sampled_from((1.0, 4.0, 60.0)), st.sampled_from((0.2, 1.0)))
def test_every_instant_of_a_run_is_covered_or_told(schedule: list[Step], segment_s: float, fragment_s: float) -> None:
    units = _units(schedule)
    run = _record(units, segment_s, fragment_s)
    for (before, after), (one, two) in zip(pairwise(run.instants), pairwise(units), strict=True):
        assert before < after or 0 < one.rtp_time - two.rtp_time <= BACKWARDS_S * TIMESCALE  # as of a B frame
    told = IntervalSet([*(facts.interval for _, facts in run.files), *(hole.interval for hole in run.holes)])
    missing = told.complement(Interval(run.started, max(run.ended, run.accounted)))
    assert missing == IntervalSet(), missing
    assert run.files[0][1].interval.start == run.started
    assert run.files[-1][1].interval.end == run.ended


@settings(deadline=None, max_examples=50)
@given(_schedules, st.sampled_from((1.0, 4.0, 60.0)), st.sampled_from((0.2, 1.0)))
def test_every_file_reads_back_as_its_facts_say(schedule: list[Step], segment_s: float, fragment_s: float) -> None:
    units = _units(schedule)
    run = _record(units, segment_s, fragment_s)
    for (data, facts), opened in zip(run.files, run.opened, strict=True):
        index = read_index(io.BytesIO(data))
        assert not index.torn
        assert (index.frames, index.init_size_bytes) == (facts.frames, facts.init_size_bytes)
        assert index.fragments[0].samples[0].key
        assert index.fragments[-1].ledger == facts.ledger
        assert index.span is not None
        assert abs(index.span.start - opened.first) < timedelta(microseconds=100)
        assert abs(index.span.end - facts.interval.end) <= 2 * timedelta(
            seconds=COUNT_JUMP_S
        )  # by the camera's clock
    assert sum(facts.frames for _, facts in run.files) == sum(not unit.damaged for unit in units)
    assert sum(facts.ledger.lost_packets for _, facts in run.files) == sum(unit.lost_packets for unit in units)
    for (_, before), (_, after) in pairwise(run.files):
        assert before.interval.end <= after.interval.start


@settings(deadline=None, max_examples=50)
@given(_schedules)
@example([Step(late_s=0.02 if n % 3 else 0.0, lost=int(n == 20), key=n == 34) for n in range(60)])
@example([Step(), Step(silence_s=2.9, lost=1, key=True), Step(lost=7), Step(key=True)])
def test_the_pictures_of_a_loss_lie_in_the_file_exactly_where_the_loss_is_told(schedule: list[Step]) -> None:
    """Or some of them would be found undecodable outside of it, where nothing explains that."""
    units = _units(schedule)
    run = _record(units, 4.0, 1.0)
    told = [fragment.captured for data, _ in run.files for fragment in read_index(io.BytesIO(data)).fragments]
    kept = [instant for unit, instant in zip(units, run.instants, strict=True) if not unit.damaged]
    for hole in run.holes:
        if hole.cause is Cause.PACKET_LOSS and hole.interval.end < run.accounted:
            doubtful = next(instant for instant in kept if instant >= hole.interval.start)
            assert _nearest(told, hole.interval.end) < timedelta(microseconds=100)
            assert _nearest(told, doubtful) < timedelta(microseconds=100)


def _nearest(instants: list[datetime], to: datetime) -> timedelta:
    return min(abs(instant - to) for instant in instants)


@settings(deadline=None, max_examples=50)
@given(_schedules)
@example([Step(), Step(), Step(silence_s=1.4, rtp_jump_s=-2.0, damaged=True)])
def test_nothing_is_told_missing_that_lies_ahead_of_what_was_seen(schedule: list[Step]) -> None:
    """However RTP time jumps: a hole ends where pictures go on, hardly later than the last one came."""
    run = _record(_units(schedule), 4.0, 1.0)
    slack = timedelta(seconds=FAR_S + LONGEST_STEP_S + 0.0015 * len(schedule))  # the last picture's own length in it
    for hole in run.holes:
        assert hole.interval.start >= run.started
        assert hole.interval.end <= run.arrivals[-1] + slack


@settings(deadline=None, max_examples=50)
@given(st.lists(_steps.map(lambda step: replace(step, lost=0, damaged=False)), min_size=2, max_size=150))
def test_no_hole_is_told_where_the_wall_clock_has_no_room_for_it(schedule: list[Step]) -> None:
    """Pictures that only came late, or whose RTP time jumped, are no hole: one needs a pause of the camera."""
    paused = max(step.silence_s + step.standstill_s for step in schedule[1:])
    late = max(step.late_s for step in schedule)
    jumped = any(step.rtp_jump_s for step in schedule)
    if any(step.rtp_jump_s for step in schedule[: round(WARM_UP_S * _RATE) + 1]):
        return  # looks like a key frame that the camera had kept
    run = _record(_units(schedule), 4.0, 1.0)
    if paused + (late if jumped else 0) + 1 / _RATE < LONGEST_STEP_S and not _shifts(schedule):
        assert [hole.interval.seconds for hole in run.holes] == []


def _shifts(schedule: list[Step]) -> bool:
    """Whether no picture comes in time for as long as the clock remembers: late and still then look alike."""
    if sum(step.standstill_s for step in schedule) > LONGEST_STEP_S / 2:
        return True
    wall_s = arrived_s = in_time_s = longest_s = 0.0
    for number, step in enumerate(schedule):
        wall_s += (1 / _RATE + step.silence_s + step.standstill_s) if number else 0.0
        arrived_s = max(arrived_s, wall_s + step.late_s)
        longest_s = max(longest_s, arrived_s - in_time_s)
        in_time_s = arrived_s if arrived_s <= wall_s + 0.02 else in_time_s
    return longest_s > ENVELOPE_S - 0.1


def test_rtp_time_that_jumps_at_the_start_of_a_run_does_not_move_its_beginning() -> None:
    schedule = [Step(key=n % _RATE == 0, rtp_jump_s=3600.0 if n == 2 else 0.0) for n in range(100)]
    run = _record(_units(schedule), 4.0, 1.0)
    assert run.holes == []
    assert abs(run.started - NOON) < timedelta(milliseconds=5)


def test_rtp_time_that_begins_anew_further_back_is_no_hole() -> None:
    schedule = [Step(key=n % _RATE == 0, rtp_jump_s=-100.0 if n == 100 else 0.0) for n in range(300)]
    run = _record(_units(schedule), 4.0, 1.0)
    assert run.holes == []
    for instant, arrival in zip(run.instants, run.arrivals, strict=True):
        assert abs(instant - arrival) < timedelta(milliseconds=5)


def test_a_standstill_is_told_once_and_with_its_length() -> None:
    schedule = [Step(key=n % _RATE == 0, standstill_s=2.0 if n == 150 else 0.0) for n in range(400)]
    run = _record(_units(schedule), 60.0, 1.0)
    (hole,) = run.holes
    assert hole.cause is Cause.NO_DATA
    assert abs(hole.interval.seconds - 2.0) < 0.1
    assert abs((hole.interval.start - NOON).total_seconds() - 10.0) < 0.1


def test_a_delay_that_grows_for_good_by_less_than_a_hole_is_none() -> None:
    schedule = [Step(key=n % _RATE == 0, late_s=0.4 if n > 150 else 0.0) for n in range(400)]
    assert _record(_units(schedule), 60.0, 1.0).holes == []


def test_loss_without_an_intact_key_frame_is_told_to_the_last_picture_that_came() -> None:
    schedule = [Step(key=n % _RATE == 0, lost=int(n > 60), damaged=n > 60) for n in range(300)]
    run = _record(_units(schedule), 4.0, 1.0)
    (hole,) = run.holes
    assert hole.cause is Cause.PACKET_LOSS
    assert abs((hole.interval.start - NOON).total_seconds() - 61 / _RATE) < 0.01
    assert abs((hole.interval.end - NOON).total_seconds() - 300 / _RATE) < 0.01
    assert run.ended == hole.interval.start
    assert run.accounted == hole.interval.end
