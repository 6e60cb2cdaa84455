"""Crops at stations and tiles: everything that must be looked at is, at the picture's own detail, and counts once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.people.boxes import ENLARGED
from analysis.people.crops import Window, search, station_windows, tile_windows
from domain.pictures import Region
from domain.presence import Box
from tests.fakes.detector import FakeDetector, painted

shares = st.floats(0, 1)


def region(name: str, left: float, top: float, right: float, bottom: float) -> Region:
    return Region(name, ((left, top), (right, top), (right, bottom), (left, bottom)))


@st.composite
def some_regions(draw: st.DrawFn) -> list[Region]:
    found = []
    for number in range(draw(st.integers(1, 8))):
        (left, right), (top, bottom) = (sorted((draw(shares), draw(shares))) for _ in range(2))
        found.append(region(f"s{number}", left, top, right, bottom))
    return found


@given(some_regions(), st.integers(40, 1920), st.integers(40, 1080), st.sampled_from([320, 416]))
def test_each_station_lies_whole_in_a_window_and_each_window_in_the_picture(
    regions: list[Region], width: int, height: int, side: int
) -> None:
    windows = station_windows(regions, width, height, side)
    assert 1 <= len(windows) <= len(regions)
    for window in windows:
        assert 0 <= window.left < window.right <= width
        assert 0 <= window.top < window.bottom <= height
    for each in regions:
        xs, ys = [x * width for x, _ in each.corners], [y * height for _, y in each.corners]
        assert any(
            window.left <= min(xs) and max(xs) <= window.right and window.top <= min(ys) and max(ys) <= window.bottom
            for window in windows
        )


@given(some_regions(), st.integers(420, 1920), st.integers(420, 1080))
def test_a_window_is_never_smaller_than_what_is_looked_at_anyway(
    regions: list[Region], width: int, height: int
) -> None:
    least = 416 // ENLARGED
    assert all(min(each.width, each.height) >= least for each in station_windows(regions, width, height, 416))


def test_stations_side_by_side_are_looked_at_together_and_far_ones_apart() -> None:
    near, beside, far = (region("a", 0, 0, 0.03, 0.1), region("b", 0.03, 0, 0.05, 0.1), region("c", 0.8, 0.8, 1, 1))
    assert len(station_windows([near, beside], 1920, 1080, 416)) == 1
    assert len(station_windows([far, near, beside], 1920, 1080, 416)) == 2


@given(st.integers(1, 4000), st.integers(1, 3000), st.sampled_from([320, 416, 640]))
def test_tiles_cover_every_pixel_and_repeat_a_quarter(width: int, height: int, side: int) -> None:
    tiles = tile_windows(width, height, side)
    rows = sorted({(tile.top, tile.bottom) for tile in tiles})
    columns = sorted({(tile.left, tile.right) for tile in tiles})
    assert len(tiles) == len(rows) * len(columns)
    for spans, whole in ((columns, width), (rows, height)):
        assert spans[0][0] == 0
        assert spans[-1][1] == whole
        for (_, end), (start, _) in pairwise(spans):
            assert end - start >= side // 4


@st.composite
def some_people(draw: st.DrawFn, width: int, height: int) -> list[Box]:
    """People who stand apart, none wider than what tiles repeat."""
    found: list[Box] = []
    for _ in range(draw(st.integers(0, 8))):
        left, top = draw(st.integers(0, width - 20)), draw(st.integers(0, height - 40))
        box = Box(left, top, left + draw(st.integers(8, 20)), top + draw(st.integers(16, 40)), 0.9)
        if all(_apart(box, other) for other in found):
            found.append(box)
    return found


def _apart(one: Box, other: Box) -> bool:
    return one.right < other.left or other.right < one.left or one.bottom < other.top or other.bottom < one.top


@settings(max_examples=60)
@given(some_people(700, 500))
def test_everybody_is_found_in_tiles_once_and_where_they_are(people: list[Box]) -> None:
    picture = painted(700, 500, people)
    (found,) = search(FakeDetector(), [(picture, tile_windows(700, 500, 200))])
    assert sorted(_place(box) for box in found) == sorted(_place(box) for box in people)


def _place(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def test_pictures_of_several_cameras_go_to_the_detector_at_once_and_come_back_apart() -> None:
    people = [[Box(100, 50, 120, 90, 0.9)], [], [Box(300, 10, 330, 60, 0.9), Box(10, 10, 30, 60, 0.9)]]
    detector = FakeDetector()
    looks = [(painted(400, 200, each), tile_windows(400, 200, 160)) for each in people]
    found = search(detector, looks)
    assert [sorted(map(_place, each)) for each in found] == [sorted(map(_place, each)) for each in people]
    assert len(detector.given) == sum(len(windows) for _, windows in looks)
    assert set(detector.given) == {(160, 160)}


def test_a_small_person_before_a_large_one_is_not_taken_for_a_part_of_it() -> None:
    windows = (Window(0, 0, 200, 200), Window(150, 0, 350, 200))

    class Two(FakeDetector):
        def detect(self, pictures: object) -> list[tuple[Box, ...]]:
            return [(Box(20, 10, 120, 190, 0.9), Box(60, 60, 90, 180, 0.8)), ()]

    (found,) = search(Two(), [(painted(400, 200, []), windows)])
    assert len(found) == 2


def test_the_part_of_a_person_that_a_border_left_goes_even_if_it_scores_more() -> None:
    windows = (Window(0, 0, 200, 200), Window(100, 0, 300, 200))

    class Cut(FakeDetector):
        def detect(self, pictures: object) -> list[tuple[Box, ...]]:
            return [(Box(160, 20, 200, 180, 0.95),), (Box(60, 20, 140, 180, 0.7),)]

    (found,) = search(Cut(), [(painted(400, 200, []), windows)])
    assert [_place(box) for box in found] == [(160, 20, 240, 180)]
