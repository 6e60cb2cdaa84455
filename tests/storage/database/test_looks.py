"""The contract of looks and references, on every database, and of the bytes that samples are kept in."""

from __future__ import annotations

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence import Observation, SegmentState
from domain.pictures import Look, Reference, Sample, StationSample
from domain.timeline import MICROSECOND
from storage.database import Database
from storage.database.looks import MOST_FAILURES, Owed, WantedLook
from storage.database.samples import packed, unpacked
from storage.errors import RowRefused, UnknownRow
from tests.storage.coded_video import at_any_pace
from tests.storage.database.examples import ACTOR, NINE, after, begin, segment, span, store

ONE, TWO, LATER = segment(0, 60), segment(60, 120), segment(7200, 7260)
ALL_DAY = WantedLook("batch-1", "cam-1", span(0, 86_400), 3, "reference-1")


def sample(at_s: float, **also: object) -> Sample:
    stations = (StationSample("A1", 25, 3), StationSample("A2", 0, 0))
    told: dict[str, object] = {"change": 0.1 + 0.2, "shift": -0.015, "inliers": 120, "stations": stations}
    return Sample(after(at_s), 1280, 720, 101.3, 0.0001, 45.25, **(told | also))  # type: ignore[arg-type]


def look(of: str = ONE.key, version: int = 3, reference: str = "reference-1", count: int = 30) -> Look:
    return Look(of, version, reference, after(70), tuple(sample(2 * number) for number in range(count)))


def reference(name: str, valid_s: float, camera: str = "cam-1") -> Reference:
    return Reference(name, camera, after(valid_s), ACTOR, span(0, 20), (ONE.key,), b"\x00calibration\xff")


@pytest.fixture
def kept(database: Database) -> Database:
    begin(database)
    store(database, ONE, TWO, LATER)
    for one in (ONE, TWO, LATER):
        database.evidence.add_observation(Observation(one.key, after(70), SegmentState.OK, 900))
    return database


def waiting(database: Database, wanted: WantedLook = ALL_DAY) -> list[str]:
    return [one.key for one in database.looks.waiting(wanted, 10)]


def test_a_look_comes_back_as_it_was_written(kept: Database) -> None:
    assert kept.looks.add(look())
    assert kept.looks.of([ONE.key, TWO.key], "reference-1") == {ONE.key: look()}


def test_a_second_look_of_the_same_version_and_reference_changes_nothing(kept: Database) -> None:
    kept.looks.add(look())
    assert not kept.looks.add(look())
    assert not kept.looks.add(replace(look(count=2), made=after(99)))
    assert kept.looks.of([ONE.key], "reference-1") == {ONE.key: look()}
    assert kept.looks.versions(ONE.key) == [(3, "reference-1")]


def test_two_workers_at_once_write_one_look(kept: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda _: kept.looks.add(look()), range(8)))
    assert written.count(True) == 1
    assert kept.looks.versions(ONE.key) == [(3, "reference-1")]


def test_a_new_version_is_told_and_the_old_look_stays(kept: Database) -> None:
    kept.looks.add(look(version=4, count=4))
    kept.looks.add(look(version=3))
    assert kept.looks.of([ONE.key], "reference-1") == {ONE.key: look(version=4, count=4)}
    assert kept.looks.newest([ONE.key, TWO.key], "reference-1") == {ONE.key: 4}
    assert kept.looks.versions(ONE.key) == [(4, "reference-1"), (3, "reference-1")]


def test_a_look_against_another_reference_is_another_look(kept: Database) -> None:
    kept.looks.add(look(reference=""))
    kept.looks.add(look())
    assert kept.looks.of([ONE.key], "")[ONE.key].reference == ""
    assert kept.looks.of([ONE.key], "reference-2") == {}


def test_a_segment_in_which_nothing_was_to_be_seen_has_a_look_without_samples(kept: Database) -> None:
    kept.looks.add(look(count=0))
    assert kept.looks.of([ONE.key], "reference-1") == {ONE.key: look(count=0)}


def test_a_look_at_a_segment_nobody_wrote_is_refused(kept: Database) -> None:
    with pytest.raises(UnknownRow):
        kept.looks.add(look(of="site-1/batch-1/cam-1/never.mp4"))


def test_what_waits_is_what_this_version_has_not_measured_against_this_reference(kept: Database) -> None:
    assert waiting(kept) == [ONE.key, TWO.key, LATER.key]
    kept.looks.add(look())
    kept.looks.add(look(TWO.key, reference=""))
    assert waiting(kept) == [TWO.key, LATER.key]
    assert waiting(kept, replace(ALL_DAY, begins=span(0, 60))) == []
    assert kept.looks.looked_at([ONE.key, TWO.key], 3, "reference-1") == {ONE.key}
    assert waiting(kept, replace(ALL_DAY, version=4)) == [ONE.key, TWO.key, LATER.key]
    assert waiting(kept, replace(ALL_DAY, camera="cam-2")) == []
    assert waiting(kept, replace(ALL_DAY, batch="batch-2")) == []
    assert len(kept.looks.waiting(ALL_DAY, 1)) == 1


def test_a_segment_nobody_opened_does_not_wait_for_a_look_of_its_own(database: Database) -> None:
    begin(database)
    store(database, ONE)
    assert waiting(database) == []


def test_a_look_that_somebody_else_wrote_first_waits_no_more(kept: Database) -> None:
    kept.looks.add(look())
    kept.looks.add(look(version=4))
    assert ONE.key in waiting(kept), "another version looked last"
    assert not kept.looks.add(look())
    assert ONE.key not in waiting(kept)


def test_a_look_that_failed_is_owed_until_one_succeeds(kept: Database) -> None:
    assert [kept.looks.failed(TWO.key), kept.looks.failed(TWO.key)] == [1, 2]
    assert kept.looks.owed(9) == [TWO]
    assert kept.looks.owing("cam-1", span(0, 86_400)) == {TWO.key}
    assert kept.looks.count_owed(9) == Owed(1, 0)
    kept.looks.add(look(TWO.key))
    assert (kept.looks.owed(9), kept.looks.count_owed(9)) == ([], Owed(0, 0))
    assert kept.looks.owing("cam-1", span(0, 86_400)) == set()


def test_a_look_that_failed_too_often_is_tried_no_more_and_still_owed(kept: Database) -> None:
    for _ in range(MOST_FAILURES):
        kept.looks.failed(ONE.key)
    assert kept.looks.owed(9) == []
    assert waiting(kept) == [TWO.key, LATER.key], "another reference or version does not begin anew"
    assert kept.looks.owing("cam-1", span(0, 60)) == {ONE.key}
    assert kept.looks.owing("cam-2", span(0, 60)) == set()
    assert kept.looks.count_owed(9) == Owed(0, 1)
    with pytest.raises(UnknownRow):
        kept.looks.failed("never")


def test_a_reference_comes_back_as_it_was_written_and_a_repeat_changes_nothing(database: Database) -> None:
    assert database.looks.add_reference(reference("one", 0))
    assert not database.looks.add_reference(reference("one", 50))
    assert database.looks.references("cam-1") == [reference("one", 0)]


def test_a_sitting_rests_on_the_newest_reference_of_its_opening(database: Database) -> None:
    for made in (reference("one", 0), reference("two", 100), reference("other", 50, camera="cam-2")):
        database.looks.add_reference(made)
    found = [database.looks.reference_id("cam-1", after(at)) for at in (-1, 0, 99.9, 100, 9999)]
    assert found == ["", "one", "one", "two", "two"]
    assert database.looks.reference("cam-1", after(60)) == reference("one", 0)
    assert database.looks.reference("cam-1", after(-1)) is None
    assert database.looks.calibration("cam-1", "two") == b"\x00calibration\xff"
    with pytest.raises(UnknownRow):
        database.looks.calibration("cam-2", "two")


# -- the bytes of samples ---------------------------------------------------------------------------------------

numbers = st.floats(allow_nan=False, allow_infinity=False)
instants = st.integers(-(10**15), 10**15).map(lambda microseconds: NINE + microseconds * MICROSECOND)
names = st.sampled_from(["A-01", "一号工位", "B"])
samples = st.lists(
    st.builds(
        Sample,
        at=instants,
        width=st.integers(1, 8192),
        height=st.integers(1, 8192),
        brightness=numbers,
        clipped=numbers,
        contrast=numbers,
        change=st.none() | numbers,
        survival=st.none() | numbers,
        sharpness=st.none() | numbers,
        brightness_ratio=st.none() | numbers,
        shift=st.none() | numbers,
        rotation=st.none() | numbers,
        inliers=st.none() | st.integers(0, 5000),
        stations=st.lists(st.builds(StationSample, names, st.integers(0, 100), st.integers(0, 100)), max_size=3).map(
            tuple
        ),
    ),
    max_size=8,
)


@at_any_pace
@given(samples)
def test_samples_come_back_as_they_were_packed(given_samples: list[Sample]) -> None:
    assert unpacked(packed(given_samples)) == tuple(given_samples)


def test_a_number_that_is_none_is_refused_before_it_is_kept() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        packed([sample(0, brightness_ratio=float("nan"))])


def test_samples_of_a_later_layout_are_refused_and_not_guessed_at() -> None:
    later = zlib.compress(json.dumps({"layout": 3}).encode())
    with pytest.raises(RowRefused, match="later version"):
        unpacked(later)


def test_samples_of_the_first_layout_are_read_without_what_nobody_needs_of_them() -> None:
    told = sample(0, stations=(StationSample("A1", 25, 3, 7, 2),), signature=b"", coded=b"")
    text = zlib.decompress(packed([told])).replace(b'"layout":2', b'"layout":1').replace(b'7,2,""', b"7,2,4")
    assert unpacked(zlib.compress(text)) == (told,)


def test_four_hours_of_twelve_cameras_take_less_than_forty_five_megabytes() -> None:
    random = Random(1)

    def unrest() -> bytes:
        return bytes(min(254, int(random.expovariate(0.1))) for _ in range(25))

    minute = [
        replace(
            sample(2 * number),
            at=after(2 * number) + number * MICROSECOND,
            brightness=random.gauss(100, 5),
            contrast=random.gauss(40, 2),
            change=random.random(),
            survival=random.random(),
            sharpness=random.random(),
            brightness_ratio=random.random(),
            shift=random.random() / 100,
            rotation=random.random(),
            inliers=random.randrange(500),
            stations=tuple(StationSample(f"A-{each:02d}", 25, 0, (1 << 25) - 1, 0, unrest()) for each in range(6)),
            signature=b"".join(
                (4000 + 100 * cell + round(random.gauss(0, 15))).to_bytes(2, "big") for cell in range(192)
            ),
            coded=random.randbytes(8),
            rate=25.0,
        )
        for number in range(30)
    ]
    assert len(packed(minute)) * 12 * 4 * 60 < 45e6


def test_no_field_of_a_sample_is_left_out() -> None:
    """A field that is added to a sample and not to its bytes would be lost without a word."""
    told = sample(
        0, stations=(StationSample("A1", 25, 3, 1, 2, bytes(range(25))),), signature=b"\x01", coded=b"\x02", rate=25.0
    )
    filled = replace(told, survival=0.5, sharpness=0.5, brightness_ratio=0.5, rotation=0.5)
    (back,) = unpacked(packed([filled]))
    for field in fields(Sample):
        assert getattr(filled, field.name) != field.default, f"fill {field.name} here"
        assert getattr(back, field.name) == getattr(filled, field.name)
    for field in fields(StationSample):
        assert getattr(back.stations[0], field.name) == getattr(filled.stations[0], field.name) != field.default
