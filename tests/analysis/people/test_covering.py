"""What is blurred of pictures between two that were searched: nobody who was found shows a head in between."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.people.blurring import head_window, parts_blurred
from analysis.people.covering import HELD_S, SEARCHED_EVERY_S, SPEED, Known, Searched, parts, searched
from analysis.people.crops import Window
from analysis.people.opening import Form, Model, open_detector
from domain.presence import Box
from tests.fakes.detector import FakeDetector, painted
from tests.vision import pictures, vision_file

WIDTH, HEIGHT = 1000, 600
WHOLE = (Window(0, 0, WIDTH, HEIGHT),)


def person(left: float, top: float = 100.0) -> Box:
    return Box(left, top, left + 100, top + 300, 0.9)


def head(box: Box) -> Window:
    found = head_window(box, WIDTH, HEIGHT)
    assert found is not None
    return found


def covers(found: tuple[Window, ...], part: Window) -> bool:
    shown = np.zeros((HEIGHT, WIDTH), bool)
    for each in found:
        each.cut(shown)[:] = True
    return bool(part.cut(shown).all())


def at(second: float, *people: Box) -> Searched:
    return Searched(second, people)


def test_whoever_sits_is_covered_at_every_instant_and_the_rest_of_the_picture_is_not() -> None:
    one, other = person(400), person(420)
    for share in (0.0, 0.3, 0.7, 1.0):
        found = parts(share / 2, Known(at(0, one)), at(0.5, other), WIDTH, HEIGHT)
        between = Box(400 + 20 * share, 100, 500 + 20 * share, 400, 0.9)
        assert covers(found, head(between))
        assert not covers(found, Window(400, 350, 520, 400)), "hands and table are to be seen"
        assert not covers(found, Window(0, 0, 200, 600))


@pytest.mark.parametrize("seen_first", [True, False])
def test_who_walks_in_or_out_is_covered_as_far_as_a_brisk_walk_takes_them(seen_first: bool) -> None:
    with_them, without = at(0.0 if seen_first else 0.5, person(500)), at(0.5 if seen_first else 0.0)
    before, after = (with_them, without) if seen_first else (without, with_them)
    for at_s in (0.0, 0.1, 0.25, 0.4, 0.5):
        gone = SPEED * 100 * abs(at_s - with_them.at_s)
        found = parts(at_s, Known(before), after, WIDTH, HEIGHT)
        assert covers(found, head(person(500 - gone))) and covers(found, head(person(500 + gone)))


def test_who_is_missed_for_a_while_stays_covered_and_who_left_is_let_go() -> None:
    known = Known(at(0, person(400)))
    missed = 1
    while missed * SEARCHED_EVERY_S <= HELD_S:
        searching = at(missed * SEARCHED_EVERY_S)
        assert covers(parts(searching.at_s, known, searching, WIDTH, HEIGHT), head(person(400)))
        known, missed = known.after(searching), missed + 1
    known = known.after(at(missed * SEARCHED_EVERY_S))
    later = at((missed + 1) * SEARCHED_EVERY_S)
    assert parts(later.at_s, known.after(later), later, WIDTH, HEIGHT) == ()


def test_who_is_found_again_is_no_longer_covered_at_their_old_place_besides() -> None:
    known = Known(at(0, person(400))).after(at(0.5)).after(at(1.0, person(405)))
    assert known.missing == ()


@pytest.mark.parametrize("first", [True, False])
def test_between_a_picture_that_could_not_be_searched_and_another_all_is_covered(first: bool) -> None:
    unknown, known = Searched(0.0 if first else 0.5, None), at(0.5 if first else 0.0, person(400))
    before, after = (unknown, known) if first else (known, unknown)
    assert parts(0.25, Known(before), after, WIDTH, HEIGHT) == WHOLE


def test_after_a_picture_that_could_not_be_searched_who_was_there_is_still_covered() -> None:
    known = Known(at(0, person(400))).after(Searched(0.5, None)).after(at(1.0))
    assert covers(parts(1.2, known, at(1.5), WIDTH, HEIGHT), head(person(400)))


def test_a_dark_picture_and_one_that_shows_nothing_are_not_searched() -> None:
    people = [person(400)]
    assert searched(FakeDetector(), (painted(WIDTH, HEIGHT, people) // 8), 0).people is None
    assert searched(FakeDetector(), painted(WIDTH, HEIGHT, []), 0).people is None
    lit = painted(WIDTH, HEIGHT, people)
    lit[:, :200] = 200
    (found,) = searched(FakeDetector(), lit, 0).people or ()
    assert (found.left, found.top) == (400, 100)


def test_with_real_weights_the_head_of_whoever_is_at_the_table_is_blurred_in_each_picture() -> None:
    """Six people use one table in turn; by the labels somebody is there in all of these pictures."""
    model = Model("yolox", Form.ONNX, vision_file("weights/yolox_nano.onnx").read_bytes())
    pytest.importorskip("openvino")
    detector = open_detector(model)
    known: Known | None = None
    changed = []
    for number, picture in enumerate(pictures("one-by-one-person-detection.mp4", 5)):
        if not 60 <= number < 64:
            continue
        found = searched(detector, picture, number / 2)
        hidden = parts(number / 2, known or Known(found), found, picture.shape[1], picture.shape[0])
        blurred = parts_blurred(picture, hidden)
        assert (blurred != picture).any(), f"nobody was found in picture {number}"
        changed.append(float((blurred != picture).any(axis=2).mean()))
        known = Known(found) if known is None else known.after(found)
    assert max(changed) < 0.5, "the table is still to be seen"
