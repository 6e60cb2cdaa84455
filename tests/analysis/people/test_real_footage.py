"""Presence in real footage with real weights, against what people saw on contact sheets of the very same pictures.

Skipped where footage and weights are not there. The film of one table was sampled every two seconds; pictures in
which somebody only comes or goes carry no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import cv2
import numpy as np
import pytest

from analysis.people import openvino_network
from analysis.people.boxes import rows_of
from analysis.people.crops import search, station_windows, tile_windows
from analysis.people.detector import Detector
from analysis.people.opening import Form, Model, Runtime, open_detector
from analysis.people.presence import people_at, people_in, presence
from domain.pictures import Region
from domain.presence import Box, Occupancy, PeopleRange, PeopleSample
from tests.vision import pictures, vision_file

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
STEP = timedelta(seconds=2)
ONE_BY_ONE = "one-by-one-person-detection.mp4"  # 10 pictures a second
TABLE = Region("table", ((0.49, 0.0), (0.78, 0.0), (0.78, 1.0), (0.49, 1.0)))

AT_THE_TABLE = {*range(4, 10), *range(12, 22), *range(26, 35), *range(38, 43), *range(47, 60), *range(63, 68)}
COMING_OR_GOING = {3, 10, 22, 35, 43, 60, 62}  # in the picture, or a part of them, and not at the table
PICTURES = 70

WEIGHTS = [("yolox_nano.onnx", None), ("yolo11n_deq.onnx", 320)]
both_weights = pytest.mark.parametrize(("weights", "side"), WEIGHTS)


@cache
def detector(weights: str, side: int | None, runtime: Runtime = Runtime.OPENVINO) -> Detector:
    model = Model(weights, Form.ONNX, vision_file(f"weights/{weights}").read_bytes())
    return open_detector(model, runtimes=[runtime], side=side)


@cache
def samples(weights: str, side: int | None) -> Sequence[PeopleSample]:
    """Of the film of one table, by a crop around it."""
    found = []
    for number, picture in enumerate(pictures(ONE_BY_ONE, every=20)):
        height, width = picture.shape[:2]
        finder = detector(weights, side)
        (boxes,) = search(finder, [(picture, station_windows([TABLE], width, height, finder.side))])
        found.append(PeopleSample(START + number * STEP, width, height, boxes))
    return found


@both_weights
def test_each_picture_of_the_table_says_what_is_to_be_seen_on_it(weights: str, side: int | None) -> None:
    said = [people_at(sample, [TABLE]) for sample in samples(weights, side)]
    assert len(said) == PICTURES
    for number, found in enumerate(said):
        if number not in COMING_OR_GOING:
            present = int(number in AT_THE_TABLE)
            assert found == {"table": PeopleRange(present, present)}, number


@both_weights
def test_six_people_come_and_go_and_the_table_is_empty_in_between(weights: str, side: int | None) -> None:
    spans = presence(samples(weights, side), [TABLE]).stations
    assert [span.occupancy for span in spans] == [Occupancy.EMPTY, Occupancy.OCCUPIED] * 6 + [Occupancy.EMPTY]
    for number in set(range(PICTURES)) - COMING_OR_GOING:
        (now,) = (span.occupancy for span in spans if START + number * STEP in span.interval)
        assert now is (Occupancy.OCCUPIED if number in AT_THE_TABLE else Occupancy.EMPTY), number
    assert min(span.certainty for span in spans) > 0.6


@both_weights
def test_nobody_is_lost_where_a_picture_is_missing_or_was_not_searched(weights: str, side: int | None) -> None:
    """Every third picture gone: the states stay those of the whole film, except where somebody comes or goes."""
    whole = presence(samples(weights, side), [TABLE]).stations
    thin = [
        PeopleSample(each.at, each.width, each.height, None if number % 3 == 1 else each.boxes)
        for number, each in enumerate(samples(weights, side))
    ]
    spans = presence(thin, [TABLE]).stations
    for number in AT_THE_TABLE:
        neighbours = {number - 1, number + 1, number + 2}
        if neighbours <= AT_THE_TABLE and number - 2 in AT_THE_TABLE:
            at = START + number * STEP
            states = [next(each.occupancy for each in found if at in each.interval) for found in (whole, spans)]
            assert states[0] is states[1], number


def counted(weights: str, side: int | None, film: str, every: int, *, tiles: bool) -> list[PeopleRange]:
    finder, found = detector(weights, side), []
    for picture in pictures(film, every):
        height, width = picture.shape[:2]
        boxes: Sequence[Box]
        if tiles:
            (boxes,) = search(finder, [(picture, tile_windows(width, height, finder.side))])
        else:
            (boxes,) = finder.detect([picture])
        found.append(people_in(boxes))
    return found


@both_weights
@pytest.mark.parametrize("tiles", [True, False])
def test_four_people_sit_in_the_classroom_in_every_picture(weights: str, side: int | None, tiles: bool) -> None:
    found = counted(weights, side, "classroom.gif", 5, tiles=tiles)
    assert len(found) >= 8
    assert all(4 <= each.high <= 5 and each.low >= 4 for each in found), found


SEATS = ((286, 143, 351, 231), (222, 123, 260, 173), (47, 142, 113, 226), (111, 125, 156, 175))  # of the classroom


@both_weights
@pytest.mark.parametrize("smaller", [1, 2])
def test_crops_find_people_whom_a_squeezed_picture_loses(weights: str, side: int | None, smaller: int) -> None:
    """The classroom as a part of a picture of 1920 x 1080: those in front are 88 pixels tall, or 44."""
    (room,) = list(pictures("classroom.gif", every=1000))
    size = room.shape[1] // smaller, room.shape[0] // smaller
    whole = np.full((1080, 1920, 3), 90, np.uint8)
    whole[500 : 500 + size[1], 900 : 900 + size[0]] = cv2.resize(room, size, interpolation=cv2.INTER_AREA)
    regions = [seat(str(number), [edge / smaller for edge in edges]) for number, edges in enumerate(SEATS)]
    finder = detector(weights, side)
    (boxes,) = search(finder, [(whole, station_windows(regions, 1920, 1080, finder.side))])
    assert people_at(PeopleSample(START, 1920, 1080, boxes), regions) == {
        region.station: PeopleRange(1, 1) for region in regions
    }
    (squeezed,) = finder.detect([whole])
    assert people_in(squeezed).low < 4


def seat(name: str, edges: Sequence[float]) -> Region:
    left, right = ((900 + x) / 1920 for x in edges[::2])
    top, bottom = ((500 + y) / 1080 for y in edges[1::2])
    return Region(name, ((left, top), (right, top), (right, bottom), (left, bottom)))


def test_people_far_away_are_counted_in_tiles_within_one() -> None:
    """Pictures 0, 150, ... of pedestrians, 60 to 100 pixels tall. In the second one two stand one behind the other
    and nobody could say how many there are.
    """
    found = counted(*WEIGHTS[0], "vtest.avi", 150, tiles=True)
    for truth, each in zip((3, None, 6, 3, 6, 7), found, strict=True):
        if truth is not None:
            assert abs(each.low - truth) <= 1, (truth, each)
            assert each.high >= truth, (truth, each)


def test_many_pictures_at_once_are_the_same_as_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a GPU is given them, four at a time, the last time less than four."""
    weights = vision_file("weights/yolox_nano.onnx").read_bytes()
    shown = list(pictures("store-aisle-detection.gif", every=12))
    one = [open_detector(Model("m", Form.ONNX, weights)).detect([each])[0] for each in shown]
    monkeypatch.setattr(openvino_network, "place", lambda devices: ("CPU", 4))
    together = open_detector(Model("m", Form.ONNX, weights)).detect(shown)
    assert len(shown) % 4
    assert sum(map(len, one)) > 8
    for mine, theirs in zip(one, together, strict=True):
        assert rows_of(mine)[0] == pytest.approx(rows_of(theirs)[0], abs=0.5)


def test_both_runtimes_find_the_same_people() -> None:
    (picture,) = list(pictures("classroom.gif", every=1000))
    for weights, side in WEIGHTS:
        found = [
            detector(weights, side, runtime).detect([picture])[0] for runtime in (Runtime.OPENVINO, Runtime.ONNX)
        ]
        places = [sorted((round(box.left / 4), round(box.top / 4)) for box in each) for each in found]
        for one, other in zip(*places, strict=True):
            assert abs(one[0] - other[0]) <= 1
            assert abs(one[1] - other[1]) <= 1
