"""What samples mean over time: each fault, the three answers for a station, and what holds of any samples."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.calibration import calibrate
from analysis.picture import measure
from analysis.sight import DEFAULT, decide
from domain.pictures import Fault, Sample, Sight, StationSample, View
from domain.timeline import Interval, IntervalSet
from tests.analysis.rooms import BENCH, DESK, START, boarded, room, seated, shot, timed

ALL = (1 << 25) - 1
HALF = 0b00011_00011_00011_00011_00011
WORKTOP = 0b11111_11111_00000_00000_00000
"""The two lowest rows."""


def station(lost: int = 0, stirred: int = 0, comparable: int = ALL, name: str = "1") -> StationSample:
    dead = lost & comparable
    unrest = bytes(100 if stirred >> block & 1 else 3 for block in range(25))
    return StationSample(name, comparable.bit_count(), dead.bit_count(), comparable, dead, unrest)


GOOD = Sample(
    START,
    1920,
    1080,
    brightness=120,
    clipped=0.01,
    contrast=50,
    change=1.0,
    survival=0.9,
    sharpness=1.0,
    brightness_ratio=1.0,
    shift=0.001,
    rotation=0.0,
    stations=(station(),),
)
BAD: dict[Fault, Sample] = {
    Fault.BLACK: replace(GOOD, brightness=15, contrast=2, brightness_ratio=0.1, survival=0.0, sharpness=0.2),
    Fault.OVEREXPOSED: replace(GOOD, clipped=0.7, brightness=230, brightness_ratio=1.9, survival=0.3),
    Fault.DIM: replace(GOOD, brightness=40, brightness_ratio=0.33),
    Fault.COVERED: replace(GOOD, survival=0.1, inliers=0, sharpness=0.5),
    Fault.DEFOCUSED: replace(GOOD, sharpness=0.5, survival=0.7),
    Fault.MOVED: replace(GOOD, shift=0.05, inliers=80),
    Fault.FROZEN: replace(GOOD, change=0.0),
    Fault.WRONG_SIZE: replace(GOOD, width=640, survival=None, sharpness=None, stations=()),
    Fault.WRONG_RATE: replace(GOOD, rate=8.0),
}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def row(*samples: Sample) -> list[Sample]:
    """The samples, two seconds apart."""
    return [replace(sample, at=at(2 * number)) for number, sample in enumerate(samples)]


def views(sight: Sight, view: View, name: str = "1") -> IntervalSet:
    return IntervalSet(span.interval for span in sight.stations if (span.station, span.view) == (name, view))


class TestFaults:
    @pytest.mark.parametrize("fault", list(BAD))
    def test_a_fault_holds_from_the_first_sample_that_shows_it_to_the_last(self, fault: Fault) -> None:
        sight = decide(row(*[GOOD] * 10, *[BAD[fault]] * 10, *[GOOD] * 10), size=(1920, 1080))
        assert [(span.fault, span.interval) for span in sight.faults] == [(fault, Interval(at(19), at(39)))]

    @pytest.mark.parametrize("fault", [fault for fault in BAD if fault is not Fault.FROZEN])
    def test_one_sample_or_two_decide_nothing(self, fault: Fault) -> None:
        assert decide(row(*[GOOD] * 6, BAD[fault], BAD[fault], *[GOOD] * 6), size=(1920, 1080)).faults == ()

    def test_a_good_sample_among_bad_ones_does_not_end_a_fault(self) -> None:
        dim = BAD[Fault.DIM]
        sight = decide(row(*[GOOD] * 5, dim, dim, GOOD, dim, dim, *[GOOD] * 5))
        assert [span.interval for span in sight.faults] == [Interval(at(9), at(19))]

    def test_a_fault_tells_what_was_measured_and_which_limit_it_broke(self) -> None:
        (span,) = decide(row(*[BAD[Fault.DIM]] * 8)).faults
        assert (span.measured, span.limit) == (0.33, DEFAULT.dim)

    def test_a_far_displacement_that_no_points_support_is_a_cover_and_no_move(self) -> None:
        lost = replace(GOOD, survival=0.1, shift=0.4, inliers=6)
        assert {span.fault for span in decide(row(*[lost] * 8)).faults} == {Fault.COVERED}

    def test_no_station_is_seen_while_the_camera_is_moved(self) -> None:
        sight = decide(row(*[GOOD] * 8, *[BAD[Fault.MOVED]] * 8))
        assert views(sight, View.VISIBLE) == IntervalSet([Interval(at(-2.5), at(15))])
        assert views(sight, View.NOT_VERIFIABLE) == IntervalSet([Interval(at(15), at(32.5))])

    def test_a_low_rate_takes_nothing_from_the_stations(self) -> None:
        sight = decide(row(*[BAD[Fault.WRONG_RATE]] * 8))
        assert views(sight, View.NOT_VERIFIABLE) == IntervalSet()

    def test_without_an_expected_size_no_size_is_wrong(self) -> None:
        assert decide(row(*[BAD[Fault.WRONG_SIZE]] * 8)).faults == ()

    def test_a_room_too_still_to_tell_from_a_frozen_picture_is_unverified_and_not_frozen(self) -> None:
        still = replace(GOOD, change=0.01)
        sight = decide(row(*[GOOD] * 8, *[still] * 8))
        assert sight.faults == ()
        assert sight.unverified == IntervalSet([Interval(at(15), at(32.5))])

    def test_key_frames_that_jump_do_not_hide_a_frozen_picture(self) -> None:
        frozen, jump = BAD[Fault.FROZEN], replace(GOOD, change=0.5)
        sight = decide(row(*[frozen, frozen, jump] * 5, frozen))
        assert {span.fault for span in sight.faults} == {Fault.FROZEN}

    def test_time_that_was_compared_with_nothing_is_unverified(self) -> None:
        blind = replace(GOOD, survival=None, stations=())
        sight = decide(row(*[GOOD] * 5, *[blind] * 5), stations=["1"])
        assert sight.unverified == IntervalSet([Interval(at(9), at(20.5))])
        assert views(sight, View.NOT_VERIFIABLE) == sight.unverified


class TestReplays:
    def test_coded_pictures_that_come_again_in_their_order_are_a_replay(self) -> None:
        once = [replace(GOOD, coded=bytes([number])) for number in range(40)]
        sight = decide(row(*once, *once[10:30]))
        assert [(span.fault, span.interval) for span in sight.faults] == [(Fault.LOOPED, Interval(at(79), at(120.5)))]

    def test_coded_pictures_that_come_again_in_another_order_are_none(self) -> None:
        once = [replace(GOOD, coded=bytes([number])) for number in range(40)]
        assert decide(row(*once, *reversed(once))).faults == ()

    def test_the_same_coded_picture_over_and_over_is_no_replay(self) -> None:
        assert decide(row(*[replace(GOOD, coded=b"x")] * 40)).faults == ()

    def test_movement_that_repeats_after_a_while_is_a_replay(self) -> None:
        rng = np.random.default_rng(1)
        once = [replace(GOOD, signature=signature(rng.integers(60, 190, 192))) for _ in range(40)]
        sight = decide(row(*once, *once[5:30]))
        assert [span.fault for span in sight.faults] == [Fault.LOOPED]
        assert sight.faults[0].interval.start == at(81)  # the first change that repeats

    def test_movement_that_never_repeats_is_no_replay(self) -> None:
        rng = np.random.default_rng(2)
        samples = [replace(GOOD, signature=signature(rng.integers(60, 190, 192))) for _ in range(120)]
        assert decide(row(*samples)).faults == ()

    def test_somebody_who_only_sways_repeats_nothing(self) -> None:
        rng, pattern = np.random.default_rng(4), np.random.default_rng(5).integers(-20, 20, 192)
        samples = [replace(GOOD, signature=signature(120 + rng.uniform(-1, 1) * pattern)) for _ in range(400)]
        sight = decide(row(*samples))
        assert sight.faults == ()
        assert not sight.unverified

    def test_a_fan_that_turns_in_the_picture_is_doubted_and_no_replay(self) -> None:
        rng = np.random.default_rng(3)
        turn = [replace(GOOD, signature=signature(rng.integers(60, 190, 192))) for _ in range(3)]
        sight = decide(row(*turn * 20))
        assert sight.faults == ()
        assert sight.unverified


def signature(levels: NDArray[np.generic]) -> bytes:
    return (levels.astype(np.float64) * 256).astype(">u2").tobytes()


class TestStations:
    def test_somebody_seen_from_behind_moves_at_the_rim_and_is_no_obstruction(self) -> None:
        """What stands still in the middle of them and what moves beside it are one person."""
        back, rim = 0b00000_01110_01110_00000_00000, 0b01000_00000_00000_00000_00000
        still, moving = replace(GOOD, stations=(station(back),)), replace(GOOD, stations=(station(back, rim),))
        board = decide(row(*[GOOD] * 30, *[still] * 40, *[GOOD] * 10))
        person = decide(row(*[GOOD] * 30, *[still, still, still, moving] * 10, *[GOOD] * 10))
        assert views(board, View.OBSTRUCTED)
        assert not views(person, View.OBSTRUCTED)
        assert views(person, View.NOT_VERIFIABLE).seconds >= 70

    def test_what_dies_and_stays_still_is_an_obstruction_from_its_first_sample_on(self) -> None:
        sight = decide(row(*[GOOD] * 10, *[replace(GOOD, stations=(station(HALF),))] * 30))
        assert views(sight, View.VISIBLE) == IntervalSet([Interval(at(-2.5), at(19))])
        assert views(sight, View.OBSTRUCTED) == IntervalSet([Interval(at(19), at(80.5))])

    def test_what_ends_above_a_living_block_may_stand_behind_where_there_is_a_plan(self) -> None:
        """A board at the next station, seen over the worktop of this one."""
        behind = row(*[replace(GOOD, stations=(station(0b11111_00111),))] * 40)
        plain, drawn = decide(behind), decide(behind, (), {"1": WORKTOP})
        assert views(plain, View.OBSTRUCTED) == plain.seen
        assert views(drawn, View.NOT_VERIFIABLE) == drawn.seen
        less = row(*[replace(GOOD, stations=(station(0b00111_00111),))] * 40)
        plain, drawn = decide(less), decide(less, (), {"1": WORKTOP})
        assert views(plain, View.OBSTRUCTED) == plain.seen
        assert views(drawn, View.VISIBLE) == drawn.seen

    @pytest.mark.parametrize("worktop", [0, WORKTOP])
    @pytest.mark.parametrize("cover", [HALF, ~WORKTOP & ALL, WORKTOP | 0b11111, 0b00111_00111_00000_00000_00000])
    def test_what_hides_the_worktop_or_most_of_a_station_is_an_obstruction_with_any_plan(
        self, cover: int, worktop: int
    ) -> None:
        sight = decide(row(*[replace(GOOD, stations=(station(cover),))] * 40), (), {"1": worktop})
        assert views(sight, View.OBSTRUCTED) == sight.seen

    def test_a_worktop_of_too_few_blocks_or_with_something_still_on_it_tells_nothing(self) -> None:
        for worktop, dead in ((0b00111_00000_00000_00000_00000, 0), (WORKTOP, 0b11000_00000_00000_00000_00000)):
            samples = [replace(GOOD, stations=(station(dead | 0b01111_01111),))] * 40
            sight = decide(row(*samples), (), {"1": worktop})
            assert views(sight, View.VISIBLE) == IntervalSet()

    def test_who_moves_in_front_of_a_station_does_not_obstruct_it(self) -> None:
        person = [replace(GOOD, stations=(station(HALF, HALF if at % 3 else 0),)) for at in range(40)]
        sight = decide(row(*[GOOD] * 10, *person))
        assert views(sight, View.VISIBLE) == sight.seen

    def test_a_few_still_blocks_of_something_that_moves_are_undecided(self) -> None:
        few = 0b00000_00000_00000_00011_00111
        person = [replace(GOOD, stations=(station(few, 0b10 if at % 3 == 0 else 0),)) for at in range(60)]
        sight = decide(row(*person))
        assert views(sight, View.OBSTRUCTED) == IntervalSet()
        assert views(sight, View.NOT_VERIFIABLE) == sight.seen

    def test_who_passes_before_a_cover_now_and_then_takes_nothing_from_it(self) -> None:
        passing = [replace(GOOD, stations=(station(HALF, HALF if at % 10 < 3 else 0),)) for at in range(60)]
        assert views(decide(row(*passing)), View.OBSTRUCTED).seconds >= 110

    def test_a_cover_that_comes_where_somebody_was_is_not_there_before_they_have_gone(self) -> None:
        person = [replace(GOOD, stations=(station(HALF, HALF),)) for _ in range(20)]
        cover = [replace(GOOD, stations=(station(HALF),)) for _ in range(40)]
        (hidden,) = views(decide(row(*person, *cover)), View.OBSTRUCTED)
        assert at(40) - timedelta(seconds=5) <= hidden.start <= at(60)

    def test_in_a_noisy_picture_more_unrest_is_needed_to_be_somebody(self) -> None:
        noisy = replace(station(HALF), unrest=bytes([20] * 25))
        sight = decide(row(*[replace(GOOD, stations=(noisy,)) for _ in range(40)]))
        assert views(sight, View.OBSTRUCTED) == sight.seen

    def test_dead_blocks_whose_unrest_nobody_measured_are_neither_people_nor_an_obstruction(self) -> None:
        unmeasured = replace(station(HALF), unrest=b"")
        sight = decide(row(*[replace(GOOD, stations=(unmeasured,)) for _ in range(40)]))
        assert views(sight, View.NOT_VERIFIABLE) == sight.seen
        seen = replace(station(), unrest=b"")
        sight = decide(row(*[replace(GOOD, stations=(seen,)) for _ in range(40)]))
        assert views(sight, View.VISIBLE) == sight.seen

    def test_what_was_there_for_a_few_seconds_is_not_called_an_obstruction(self) -> None:
        sight = decide(row(*[GOOD] * 10, *[replace(GOOD, stations=(station(HALF),))] * 10, *[GOOD] * 10))
        assert views(sight, View.OBSTRUCTED) == IntervalSet()

    def test_still_blocks_too_many_for_a_person_and_too_few_to_be_sure_of_are_suspected(self) -> None:
        """Seven of 25 beside something that moves."""
        seven, rim = 0b00000_00000_00000_01111_00111, 0b00000_00000_00000_10000_00000
        moving = [replace(GOOD, stations=(station(seven, rim if at % 3 == 0 else 0),)) for at in range(60)]
        sight = decide(row(*moving))
        assert views(sight, View.SUSPECTED) == sight.seen

    @pytest.mark.parametrize(("blocks", "view"), [(21, View.SUSPECTED), (22, View.NOT_VERIFIABLE)])
    def test_of_a_small_station_more_than_half_of_which_is_gone_an_obstruction_is_suspected(
        self, blocks: int, view: View
    ) -> None:
        """Though it is somebody who moves, and in a larger station that is how it is told."""
        some, gone = (1 << blocks) - 1, (1 << (blocks * 7 // 10)) - 1
        moving = (station(gone, gone if at % 2 else 0, comparable=some) for at in range(40))
        sight = decide(row(*(replace(GOOD, stations=(each,)) for each in moving)))
        assert {span.view for span in sight.stations} == {view}

    def test_a_person_who_hides_almost_all_of_it_makes_it_unverifiable(self) -> None:
        most = ALL & ~0b111
        person = [replace(GOOD, stations=(station(most, most if at % 2 else 0),)) for at in range(40)]
        assert views(decide(row(*person)), View.VISIBLE) == IntervalSet()
        assert views(decide(row(*person)), View.OBSTRUCTED) == IntervalSet()

    def test_a_station_with_too_few_blocks_is_never_told(self) -> None:
        for lost in (0, 0b1111):
            sight = decide(row(*[replace(GOOD, stations=(station(lost, comparable=0b1111),))] * 30))
            assert views(sight, View.NOT_VERIFIABLE) == sight.seen

    def test_a_station_that_no_sample_tells_of_is_unverifiable(self) -> None:
        sight = decide(row(*[GOOD] * 5), stations=["9"])
        assert views(sight, View.NOT_VERIFIABLE, "9") == sight.seen

    def test_no_samples_show_nothing(self) -> None:
        assert decide([], ["1"]) == Sight(IntervalSet(), (), (), IntervalSet())

    def test_a_board_before_one_station_and_a_candidate_at_another_are_told_apart_in_pictures(self) -> None:
        rng = np.random.default_rng(5)
        calibration = calibrate([shot(room(), rng) for _ in range(3)], [DESK, BENCH])
        scenes = [
            seated(room() if at < 8 else boarded(room(), DESK, 0.6), BENCH, int(rng.integers(-9, 10)))
            for at in range(36)
        ]
        sight = decide(measure(timed([shot(scene, rng) for scene in scenes]), calibration))
        assert views(sight, View.OBSTRUCTED, "1") == IntervalSet([Interval(at(15), at(72.5))])
        assert views(sight, View.VISIBLE, "2") == sight.seen
        assert sight.faults == ()


masks = st.sampled_from([0, 0, 0, HALF, ALL, 0b10001, ALL & ~1])
any_station = st.builds(station, masks, masks, st.sampled_from([ALL, ALL, 0b1111]), st.sampled_from(["1", "2"]))
any_sample = st.builds(
    lambda sample, stations, seconds, digest: replace(
        sample,
        stations=tuple({each.station: each for each in stations}.values()),
        at=at(seconds),
        coded=digest,
    ),
    st.sampled_from([GOOD, GOOD, *BAD.values()]),
    st.lists(any_station, max_size=3),
    st.just(0.0),
    st.sampled_from([b"", b"a", b"b"]),
)


@st.composite
def footage(draw: st.DrawFn) -> list[Sample]:
    """Samples about two seconds apart, with pauses among them."""
    steps = draw(st.lists(st.sampled_from([2.0, 2.0, 2.0, 2.0, 1.9, 3.0, 7.0, 60.0]), max_size=60))
    drawn, when = [], 0.0
    for step in steps:
        when += step
        drawn.append(replace(draw(any_sample), at=at(when)))
    return drawn


class TestOfAnySamples:
    @given(footage())
    @settings(max_examples=60, deadline=None)
    def test_the_spans_of_each_station_are_a_partition_of_what_was_seen(self, samples: list[Sample]) -> None:
        sight = decide(samples, ["1"], size=(1920, 1080))
        for name in {"1", *(span.station for span in sight.stations)}:
            spans = [span.interval for span in sight.stations if span.station == name]
            assert sum((span.end - span.start for span in spans), timedelta()) == sight.seen.length
            assert IntervalSet(spans) == sight.seen
        assert sight.unusable - sight.seen == IntervalSet()
        assert sight.unverified - sight.seen == IntervalSet()

    @given(footage(), st.sampled_from([WORKTOP, HALF, ALL]))
    @settings(max_examples=40, deadline=None)
    def test_a_worktop_only_ever_speaks_for_the_station_whose_it_is(
        self, samples: list[Sample], worktop: int
    ) -> None:
        plain, drawn = decide(samples, ["1"]), decide(samples, ["1"], {"1": worktop})
        assert views(drawn, View.OBSTRUCTED) - views(plain, View.OBSTRUCTED) == IntervalSet()
        assert views(plain, View.VISIBLE) - views(drawn, View.VISIBLE) == IntervalSet()
        assert [span for span in plain.stations if span.station == "2"] == [
            span for span in drawn.stations if span.station == "2"
        ]
        assert (plain.faults, plain.seen, plain.unverified) == (drawn.faults, drawn.seen, drawn.unverified)

    @given(footage(), st.randoms(use_true_random=False))
    @settings(max_examples=40, deadline=None)
    def test_it_does_not_matter_how_samples_were_cut_into_segments(
        self, samples: list[Sample], random: Random
    ) -> None:
        shuffled = list(samples)
        random.shuffle(shuffled)
        assert decide(shuffled) == decide(samples)
        assert decide([*samples, *samples]) == decide(samples)

    @given(footage(), st.integers(0, 60))
    @settings(max_examples=60, deadline=None)
    def test_later_samples_change_nothing_of_what_was_decided_before_their_window(
        self, samples: list[Sample], count: int
    ) -> None:
        if not samples[:count]:
            return
        until = samples[:count][-1].at - DEFAULT.window
        if until <= at(-10):
            return
        before = Interval(at(-10), until)
        one, other = decide(samples[:count], ["1", "2"]), decide(samples, ["1", "2"])
        for fault in Fault:
            spans = [
                IntervalSet(span.interval for span in sight.faults if span.fault is fault).clipped(before)
                for sight in (one, other)
            ]
            assert spans[0] == spans[1]
        for view in View:
            for name in ("1", "2"):
                assert views(one, view, name).clipped(before) == views(other, view, name).clipped(before)
        assert one.seen.clipped(before) == other.seen.clipped(before)
        assert one.unverified.clipped(before) == other.unverified.clipped(before)
