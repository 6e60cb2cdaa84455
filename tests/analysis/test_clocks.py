"""Which footage a host's readings vouch for, and how fast a camera's clock drifts."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.clocks import Drift, HostClockFacts, HostFootage, camera_drift, host_clocks
from domain.evidence import Segment
from domain.host_clock import CameraClocks, ClockState, HostClock, ServerDate, Witness
from domain.timeline import IntervalSet
from tests.analysis.ledgers import at, segment, span
from tests.fakes.witnesses import FREE, KEPT

HOUR = IntervalSet([span(0, 3600)])
COMMON = CameraClocks(6, 6, 0.1, 0.2)
OFF = ServerDate("s3:9000", 90.0, 0.5, independent=True)


def kept(*seconds: float) -> list[HostClock]:
    return [HostClock("r1", at(second), KEPT) for second in seconds]


def free(*seconds: float) -> list[HostClock]:
    return [HostClock("r1", at(second), FREE) for second in seconds]


def judged(
    readings: Iterable[HostClock], recorded: IntervalSet = HOUR, steps: Iterable[float] = ()
) -> HostClockFacts:
    (found,) = host_clocks([HostFootage("exam-host", {"cam-1": recorded}, tuple(map(at, steps)), tuple(readings))])
    assert found.in_doubt == found.unproven  # nobody else recorded
    return found


def test_a_host_read_each_minute_is_proven_throughout() -> None:
    found = judged(kept(*range(-60, 3660, 60)))
    assert found.state is ClockState.SYNCHRONISED
    assert not found.unproven
    assert found.by is Witness.NTP
    assert found.error_s == pytest.approx(0.02)


def test_footage_without_any_reading_is_unproven_as_a_whole() -> None:
    found = judged([])
    assert (found.state, found.unread, found.unproven, found.by) == (ClockState.UNWITNESSED, True, HOUR, None)


def test_a_reading_speaks_for_three_minutes_and_no_longer() -> None:
    found = judged(kept(*range(0, 1260, 60), *range(2400, 3660, 60)))
    assert found.unproven == IntervalSet([span(1380, 2220)])
    assert found.unread


def test_silence_between_two_good_readings_is_no_doubt_but_a_long_one_is() -> None:
    assert not judged([*kept(0, 300), *free(60, 120, 180, 240)], IntervalSet([span(0, 300)])).unproven
    found = judged([*kept(0), *free(*range(60, 3660, 60))])
    assert (found.state, found.unread) == (ClockState.UNWITNESSED, False)
    assert found.unproven == IntervalSet([span(180, 3600)])


def test_a_reading_that_proves_the_clock_off_is_believed_up_to_halfway_to_its_neighbours() -> None:
    bad = HostClock("r1", at(120), FREE, OFF)
    found = judged([*kept(0, 60, 180, 240), bad], IntervalSet([span(0, 240)]))
    assert found.state is ClockState.OFF
    assert found.unproven == IntervalSet([span(90, 150)])


def test_no_reading_speaks_across_a_step_of_the_clock() -> None:
    recorded = IntervalSet([span(0, 100), span(110, 300)])
    found = judged(kept(112), recorded, steps=[100, 110])
    assert found.unproven == IntervalSet([span(0, 100), span(292, 300)])
    back = judged(kept(112), IntervalSet([span(0, 300)]), steps=[105, 200])
    assert back.unproven == IntervalSet([span(0, 105), span(200, 300)])


def test_the_weakest_witness_that_was_needed_is_named_with_its_error() -> None:
    cameras = HostClock("r1", at(300), FREE, cameras=COMMON)
    found = judged([*kept(0), cameras], IntervalSet([span(0, 400)]))
    assert (found.state, found.by) == (ClockState.SYNCHRONISED, Witness.CAMERAS)
    assert found.error_s == pytest.approx(0.3)


def footage(host: str, readings: Iterable[HostClock], **recorded: IntervalSet) -> HostFootage:
    return HostFootage(host, recorded, (), tuple(readings))


def test_a_doubted_host_counts_only_where_no_proven_one_covers() -> None:
    proven = footage("good", kept(*range(0, 1260, 60)), cam=IntervalSet([span(0, 1000)]))
    doubted = footage("bad", free(0, 60), cam=IntervalSet([span(900, 1200)]))
    good, bad = sorted(host_clocks([doubted, proven]), key=lambda each: each.host != "good")
    assert (good.unproven, good.in_doubt) == (IntervalSet(), IntervalSet())
    assert bad.unproven == IntervalSet([span(900, 1200)])
    assert bad.in_doubt == IntervalSet([span(1000, 1200)])


def test_a_proven_host_vouches_for_the_cameras_that_it_records_and_for_no_other() -> None:
    proven = footage("good", kept(*range(0, 660, 60)), cam_1=IntervalSet([span(0, 600)]))
    doubted = footage("bad", [], cam_1=IntervalSet([span(0, 600)]), cam_2=IntervalSet([span(100, 200)]))
    bad, _ = host_clocks([doubted, proven])
    assert bad.in_doubt == IntervalSet([span(100, 200)])


def test_two_doubted_hosts_do_not_vouch_for_each_other() -> None:
    both = IntervalSet([span(0, 600)])
    found = host_clocks([footage(host, free(0), cam=both) for host in ("one", "two")])
    assert [each.in_doubt for each in found] == [both, both]


def test_what_one_host_could_prove_once_is_no_doubt_of_the_other_then() -> None:
    both = IntervalSet([span(0, 1000)])
    early, late = host_clocks([footage("early", kept(0), cam=both), footage("late", kept(1000), cam=both)])
    assert early.in_doubt == late.in_doubt == IntervalSet([span(180, 820)])


@given(
    st.lists(st.tuples(st.integers(-300, 900), st.sampled_from(["kept", "free", "off"])), max_size=12),
    st.lists(st.integers(0, 600), max_size=3),
)
def test_what_is_proven_lies_near_a_good_reading_and_nothing_is_lost(
    said: list[tuple[int, str]], steps: list[int]
) -> None:
    make = {"kept": kept, "free": free, "off": lambda second: [HostClock("r1", at(second), FREE, OFF)]}
    recorded = IntervalSet([span(0, 600)])
    found = judged([one for second, kind in said for one in make[kind](second)], recorded, steps)
    proven = recorded - found.unproven
    good = IntervalSet(span(second - 180, second + 180) for second, kind in said if kind == "kept")
    assert not proven - good
    assert (proven | found.unproven) == recorded
    assert bool(found.unproven) == (found.state is not ClockState.SYNCHRONISED)


def segments(
    ppm: float, *, count: int = 60, noise_s: float = 0.02, seed: int = 1, run: str = "run-1", start: float = 0.0
) -> list[Segment]:
    """A minute each, of a camera whose clock drifts."""
    noise = random.Random(seed)
    return [
        segment(
            start + 60 * n,
            start + 60 * (n + 1),
            run=run,
            clock_offset_s=0.5 + ppm * 1e-6 * 60 * n + noise.uniform(-noise_s, noise_s),
        )
        for n in range(count)
    ]


def drift(of: Iterable[Segment]) -> Drift:
    found = camera_drift(of)
    assert found is not None
    return found


@pytest.mark.parametrize("ppm", [-400.0, -20.0, 0.0, 20.0, 150.0])
def test_a_drift_is_found_within_its_own_bounds(ppm: float) -> None:
    found = drift(segments(ppm))
    assert found.low_ppm <= ppm <= found.high_ppm
    assert found.ppm == pytest.approx(ppm, abs=5)


def test_wild_offsets_do_not_move_it() -> None:
    wild = [replace(each, clock_offset_s=99.0) if n % 5 == 0 else each for n, each in enumerate(segments(30))]
    assert drift(wild).ppm == pytest.approx(30, abs=15)


def test_a_clock_set_anew_between_two_runs_is_no_drift() -> None:
    before, after = segments(10), segments(10, run="run-2", start=3600, seed=2)
    moved = [replace(each, clock_offset_s=(each.clock_offset_s or 0) - 40) for each in after]
    assert drift([*before, *moved]).ppm == pytest.approx(10, abs=5)


@pytest.mark.parametrize("few", [segments(500, count=5), segments(500, count=10)[:9], [], segments(5, count=1)])
def test_too_few_offsets_or_too_short_a_time_tell_nothing(few: list[Segment]) -> None:
    assert camera_drift(few) is None


def test_a_camera_that_tells_no_time_has_no_drift() -> None:
    assert camera_drift([replace(each, clock_offset_s=None) for each in segments(50)]) is None


def test_noise_alone_never_looks_like_a_drift_beyond_its_error() -> None:
    found = drift(segments(0, count=12, noise_s=0.2))
    assert found.least_ppm < 100
    assert found.error_ppm > 50


def test_the_bounds_hold_the_truth_in_about_nineteen_of_twenty_cases() -> None:
    held = sum(
        found.low_ppm <= 40 <= found.high_ppm
        for seed in range(200)
        for found in [drift(segments(40, count=30, seed=seed))]
    )
    assert held >= 180


def test_a_whole_day_of_short_segments_is_answered_as_well() -> None:
    found = drift(segments(80, count=4000))
    assert found.ppm == pytest.approx(80, abs=1)
