"""Pictures of a hall: a function of seed and time, noisy as a camera's, and changed by what is done to the camera."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.simulator.hall.clips import EMPTY_S, exam_script, rendered_clips
from ingest.simulator.hall.examples import example_hall, patrol, small_hall, with_size
from ingest.simulator.hall.filming import NOISE_SIGMA, Filming, Hall
from ingest.simulator.hall.optics import Optics
from ingest.simulator.hall.script import (
    Cast,
    Defocused,
    Event,
    Exposed,
    Frozen,
    LensCovered,
    Looped,
    Script,
    Sitting,
    Turned,
    Walk,
    seats_taken,
)

SIZE = (320, 180)
PLAN = with_size(small_hall(4), *SIZE)


def filmed(*events: Event, seed: int = 5) -> Filming:
    return Filming(Hall(PLAN, Script((*seats_taken(PLAN), *events)), seed), "A-01")


def test_a_picture_is_a_function_of_seed_and_time_whatever_was_asked_for_before() -> None:
    first, second = filmed(), filmed()
    second.picture(300.0)
    assert np.array_equal(first.picture(42.0), second.picture(42.0))
    assert not np.array_equal(first.picture(42.0), first.picture(44.0))
    assert not np.array_equal(first.picture(42.0), filmed(seed=6).picture(42.0))


def test_two_pictures_of_one_thing_differ_by_the_noise_of_two() -> None:
    """Of a lens covered by something flat, so that vibration and daylight change nothing."""
    filming = filmed(LensCovered(camera="A-01"))
    first, second = (filming.picture(at_s).astype(float) for at_s in (0.0, 0.5))
    assert np.std(first - second) == pytest.approx(NOISE_SIGMA * np.sqrt(2), rel=0.1)
    assert abs((first - second).mean()) < 1


def test_people_move_and_everything_else_stays() -> None:
    filming = filmed()
    change = np.abs(filming.scene(0.0).astype(int) - filming.scene(6.0)).max(axis=2) > 25
    assert 0.001 < change.mean() < 0.1


def test_somebody_sitting_still_moves_far_less_than_others_in_ten_minutes() -> None:
    still, restless = (
        Filming(Hall(PLAN, Script((Sitting(station="04", still=still),)), 5), "A-01") for still in (True, False)
    )
    times = np.arange(0, 600, 20.0)
    changes = [
        np.mean([np.abs(f.scene(a).astype(int) - f.scene(b)).mean() for a, b in pairwise(times)])
        for f in (still, restless)
    ]
    assert changes[0] < 0.2 * changes[1]


def test_a_frozen_camera_shows_one_picture_and_a_looped_one_its_last_seconds_again() -> None:
    frozen = filmed(Frozen(camera="A-01", start_s=10, end_s=30))
    assert np.array_equal(frozen.picture(10.0), frozen.picture(28.0))
    assert not np.array_equal(frozen.picture(28.0), frozen.picture(30.0))
    looped = filmed(Looped(camera="A-01", start_s=20, span_s=8))
    assert np.array_equal(looped.picture(21.0), looped.picture(29.0))
    assert np.array_equal(looped.picture(21.0), filmed().picture(13.0))


@pytest.mark.parametrize(
    ("event", "least", "most"),
    [
        (Exposed(camera="A-01", level=0.3), 0.2, 0.4),
        (Exposed(camera="A-01", level=2.5), 1.2, 2.5),
        (LensCovered(camera="A-01"), 0.1, 0.6),
        (Turned(camera="A-01", pan=8), 0.7, 1.3),
    ],
)
def test_what_is_done_to_a_camera_shows_in_its_picture(event: Event, least: float, most: float) -> None:
    whole, changed = filmed().picture(3.0).astype(float), filmed(event).picture(3.0).astype(float)
    assert least < changed.mean() / whole.mean() < most
    assert np.abs(changed - whole).mean() > 5


def test_a_defocused_picture_has_lost_its_fine_detail_and_not_its_brightness() -> None:
    whole, soft = filmed().scene(3.0).astype(float), filmed(Defocused(camera="A-01", sigma=0.01)).picture(3.0)
    assert soft.mean() == pytest.approx(whole.mean(), rel=0.15)
    blocks = [np.abs(np.diff(np.asarray(image, float)[8:168:8, 8:312:8], axis=0)).mean() for image in (whole, soft)]
    assert blocks[1] < 0.8 * blocks[0]


def test_a_camera_that_hangs_nowhere_is_refused_with_those_that_do() -> None:
    with pytest.raises(LookupError, match=r"A-09.*A-01"):
        Filming(Hall(PLAN), "A-09")


@given(st.floats(0, 500), st.floats(0.01, 5))
def test_somebody_walking_is_never_further_than_they_can_have_walked(at_s: float, later_s: float) -> None:
    plan = example_hall()
    walk = Walk(who="invigilator", path=patrol(plan), closed=True)
    cast, optics = Cast(plan, Script((walk,)), 1), Optics(plan.mountings[0])
    [before], [after] = (cast.at(when, optics) for when in (at_s, at_s + later_s))
    assert np.hypot(after.place[0] - before.place[0], after.place[1] - before.place[1]) <= 1.1 * later_s + 0.16


def test_who_walks_a_path_once_is_gone_when_it_ends() -> None:
    walk = Walk(who="visitor", path=((1.0, 1.0), (3.0, 1.0)), start_s=5, speed=1.0)
    cast, optics = Cast(PLAN, Script((walk,)), 1), Optics(PLAN.mountings[0])
    assert [len(cast.at(at_s, optics)) for at_s in (4.0, 5.0, 6.9, 7.5)] == [0, 1, 1, 0]


def test_clips_fill_the_hours_with_every_camera_in_turn_and_open_with_an_empty_room() -> None:
    clips = list(rendered_clips(0.125, 3, step_s=10.0, size=SIZE, longest_s=300))
    assert [clip.camera for clip in clips] == ["H-01", "H-02"]
    assert sum(len(clip.instants) for clip in clips) == 45
    [first, *_] = clips
    at_s, picture, truth = next(first.shots())
    assert (at_s, picture.shape) == (0.0, (180, 320, 3))
    assert not truth.people
    assert not any(told.occupied for told in first.filming.truth(EMPTY_S - 1).stations)
    assert sum(told.occupied for told in first.filming.truth(300.0).stations) > 25


def test_an_exam_is_tampered_with_one_deed_after_another_and_the_same_seed_plans_the_same() -> None:
    script = exam_script(PLAN, "A-01", 4, 7200.0)
    assert script == exam_script(PLAN, "A-01", 4, 7200.0)
    people = (Sitting, Walk)
    deeds = [event for event in script.events if not isinstance(event, people) and type(event).__name__ != "Standing"]
    assert len({type(deed) for deed in deeds}) >= 8
    assert all(before.end_s + 90 < after.start_s for before, after in pairwise(deeds))
