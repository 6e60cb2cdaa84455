"""The run clock: late is not lost, still is not late, and nothing is covered before it was seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.clock import ENVELOPE_S, FAR_S, WARM_UP_S, RunClock, Stamp, took_s
from tests.fakes.time import NOON

FPS = 25


def _play(pictures: list[tuple[float, float]], earlier: list[tuple[float, float]] | None = None) -> list[Stamp]:
    """Stamps of pictures given as (media time, arrival), both in seconds since NOON; ``earlier`` ones get none."""
    clock = RunClock()
    clock.warm_up(
        [
            (round(media_s * 90_000), NOON + timedelta(seconds=arrival_s), 500 + arrival_s)
            for media_s, arrival_s in pictures
            if arrival_s - pictures[0][1] <= WARM_UP_S
        ],
        [(round(media_s * 90_000), 500 + arrival_s) for media_s, arrival_s in earlier or ()],
    )
    return [
        clock.stamp(round(media_s * 90_000), NOON + timedelta(seconds=arrival_s), 500 + arrival_s)
        for media_s, arrival_s in pictures
    ]


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _off(stamp: Stamp, seconds: float) -> float:
    return abs((stamp.instant - _at(seconds)).total_seconds())


def test_pictures_in_time_are_stamped_with_their_arrival() -> None:
    stamps = _play([(n / FPS, n / FPS + 0.02) for n in range(200)])
    assert all(_off(stamp, n / FPS + 0.02) < 0.001 for n, stamp in enumerate(stamps))
    assert all(stamp.standstill is None for stamp in stamps)


def test_a_late_burst_keeps_its_place_in_time_and_is_reported_as_delay() -> None:
    held = [(n / FPS, max(n / FPS, 12.0) if 10 * FPS <= n < 12 * FPS else n / FPS) for n in range(20 * FPS)]
    stamps = _play(held)
    assert all(_off(stamp, n / FPS) < 0.001 for n, stamp in enumerate(stamps))
    assert 1.9 < max(stamp.delay_s for stamp in stamps) < 2.1
    assert all(stamp.standstill is None for stamp in stamps)


def test_rtp_time_that_stands_still_is_told_as_a_hole_of_the_right_length() -> None:
    still = [(n / FPS, n / FPS + (2.0 if n >= 10 * FPS else 0.0)) for n in range(30 * FPS)]
    holes = [stamp.standstill for stamp in _play(still) if stamp.standstill is not None]
    assert len(holes) == 1
    assert abs(holes[0].seconds - 2.0) < 0.05
    assert abs((holes[0].start - _at(10)).total_seconds()) <= 2 / FPS
    assert _off(_play(still)[-1], 30 - 1 / FPS + 2.0) < 0.05


def test_a_jump_of_rtp_time_with_the_wall_moves_the_instants_by_the_same() -> None:
    jump = [(n / FPS + (6.0 if n >= 100 else 0), n / FPS + (6.0 if n >= 100 else 0)) for n in range(200)]
    stamps = _play(jump)
    assert abs((stamps[100].instant - stamps[99].instant).total_seconds() - 6.04) < 0.001


def test_a_camera_that_claims_25_and_delivers_21_has_neither_phantom_nor_ghost_seconds() -> None:
    seconds = 600
    stamps = _play([(n / 25, n / 21) for n in range(21 * seconds)])
    assert all(stamp.standstill is None for stamp in stamps)
    assert _off(stamps[-1], seconds) < 1.0  # docs/time.md: envelope (4 s) times rate error (19 %)
    steps = [(b.instant - a.instant).total_seconds() for a, b in pairwise(stamps)]
    assert max(steps) < 0.1


def test_a_start_burst_is_stamped_with_the_time_its_pictures_were_taken() -> None:
    burst = [(n / FPS, 0.001 * n if n < 50 else (n - 50) / FPS + 0.05) for n in range(200)]
    for n, stamp in enumerate(_play(burst)):
        assert _off(stamp, (n - 50) / FPS + 0.05) < 0.005


def test_pictures_keep_their_usual_duration_when_the_network_jitters() -> None:
    jitter = [(n / FPS, n / FPS + 0.03 * (n * 7919 % 13) / 13) for n in range(500)]
    steps = [(after.instant - before.instant).total_seconds() for before, after in pairwise(_play(jitter))]
    assert all(abs(step - 1 / FPS) < 0.001 for step in steps)


def test_a_stepped_wall_clock_is_noticed_and_a_slewed_one_is_not() -> None:
    clock = RunClock()
    clock.stamp(0, NOON, 0.0)
    assert not clock.stepped(_at(3600 + 0.3), 3600.0)
    assert clock.stepped(_at(3600 + 5), 3600.0)
    assert clock.stepped(_at(3600 - 5), 3600.0)


@given(
    st.lists(st.floats(0, 2.5), min_size=5, max_size=80),
    st.floats(-0.0002, 0.0002),
)
def test_instants_rise_and_stay_within_the_delays_whatever_the_network_does(
    delays: list[float], drift: float
) -> None:
    arrivals: list[float] = []
    for n, delay in enumerate(delays):
        arrivals.append(max(arrivals[-1] if arrivals else 0.0, n / FPS + delay))
    stamps = _play([(n / FPS * (1 + drift), arrival) for n, arrival in enumerate(arrivals)])
    for before, after in pairwise(stamps):
        assert after.instant > before.instant
    for n, (stamp, arrival) in enumerate(zip(stamps, arrivals, strict=True)):
        assert stamp.instant <= _at(arrival) + timedelta(seconds=FAR_S, milliseconds=1.001 * n + 1)


def test_a_picture_that_comes_late_after_a_silence_longer_than_the_envelope_keeps_its_place_in_time() -> None:
    held = [(n / FPS, max(n / FPS, 17.0) if 10 * FPS <= n < 17 * FPS else n / FPS) for n in range(25 * FPS)]
    stamps = _play(held)
    assert all(_off(stamp, n / FPS) < 0.001 for n, stamp in enumerate(stamps))
    assert all(stamp.standstill is None for stamp in stamps)


def test_a_standstill_longer_than_the_envelope_is_told_with_its_length() -> None:
    still = [(n / FPS, n / FPS + (7.0 if n >= 10 * FPS else 0.0)) for n in range(30 * FPS)]
    (hole,) = [stamp.standstill for stamp in _play(still) if stamp.standstill is not None]
    assert abs(hole.seconds - 7.0) < 0.05
    assert abs((hole.start - _at(10)).total_seconds()) <= 2 / FPS


def test_a_camera_of_one_picture_a_second_is_stamped_with_its_arrivals() -> None:
    stamps = _play([(float(n), n + 0.02 * (n % 3)) for n in range(300)])
    assert all(_off(stamp, n) < 0.05 for n, stamp in enumerate(stamps))
    assert all(stamp.standstill is None for stamp in stamps)


_IN_TIME = [(n / FPS, n / FPS) for n in range(-2 * FPS, 0)]
"""What came before a run: two seconds of pictures, each as soon as it was taken."""


@given(st.lists(st.floats(0, 2.5), min_size=1, max_size=FPS))
def test_a_run_that_begins_with_late_pictures_lies_where_they_were_taken_by_those_before_it(
    delays: list[float],
) -> None:
    arrivals: list[float] = []
    for n, delay in enumerate(delays):
        arrivals.append(max(arrivals[-1] if arrivals else 0.0, n / FPS + delay))
    stamps = _play([(n / FPS, arrival) for n, arrival in enumerate(arrivals)], _IN_TIME)
    assert all(_off(stamp, n / FPS) < 0.001 for n, stamp in enumerate(stamps))
    assert all(stamp.standstill is None for stamp in stamps)


def test_what_came_before_a_run_counts_no_longer_than_the_envelope() -> None:
    earlier = [(n / FPS, n / FPS + (1.0 if n >= -4 * FPS else 0.0)) for n in range(-6 * FPS, 0)]
    stamps = _play([(n / FPS, n / FPS + 1.0) for n in range(10 * FPS)], earlier)
    assert all(_off(stamp, n / FPS + 1.0) < 0.001 for n, stamp in enumerate(stamps))
    assert all(stamp.standstill is None for stamp in stamps)


def test_pictures_of_another_count_before_a_run_say_nothing_about_it() -> None:
    for jump_s in (-3600.0, 20.0):
        counted_otherwise = [(media_s + jump_s, arrival_s) for media_s, arrival_s in _IN_TIME]
        stamps = _play([(n / FPS, n / FPS + 0.02) for n in range(100)], counted_otherwise)
        assert all(_off(stamp, n / FPS + 0.02) < 0.001 for n, stamp in enumerate(stamps))
        assert all(stamp.standstill is None for stamp in stamps)


def test_a_camera_that_stood_still_before_a_run_is_told_once_and_in_time() -> None:
    stood = [(media_s + 1.0, arrival_s) for media_s, arrival_s in _IN_TIME]
    stamps = _play([(n / FPS, n / FPS) for n in range(10 * FPS)], [*stood[: 2 * FPS - 1]])
    holes = [stamp.standstill for stamp in stamps if stamp.standstill is not None]
    assert [round(hole.seconds, 3) for hole in holes] == [1.0]
    assert holes[0].start <= _at(0)
    assert all(_off(stamp, n / FPS) < 0.001 for n, stamp in enumerate(stamps) if n > ENVELOPE_S * FPS)


def test_how_long_a_camera_took_is_told_by_its_own_clock_unless_that_was_set_anew() -> None:
    assert took_s((0, 7.0), (180_000, 12.0)) == 2.0  # the second came 3 s late
    assert took_s((0, 7.0), (-90_000, 12.0)) == 5.0
    assert took_s((0, 7.0), (90_000 * 3600, 12.0)) == 5.0
