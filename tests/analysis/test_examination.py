"""The one pass over a file: pictures for the eye, and an observation that no eye can change."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest

from analysis.examination import LOOK_APART, Errand, examine, examine_open, pictures
from analysis.eye import Measure, Picture
from domain.evidence import Segment, SegmentState
from domain.pictures import Sample
from storage.media import Codec
from storage.media import Sample as Coded
from tests.analysis.footage import FPS, Cabinet, broken
from tests.analysis.ledgers import at
from tests.fakes import eye


@pytest.fixture(autouse=True)
def _runs(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 1000)


def errand(cabinet: Cabinet, segment: Segment, measure: Measure | None = eye.measure) -> Errand:
    return Errand(segment, cabinet.path(segment), at(5000), measure)


@pytest.mark.parametrize("codec", Codec)
def test_pictures_are_handed_on_two_seconds_apart_from_the_first_one_on(cabinet: Cabinet, codec: Codec) -> None:
    found = examine(errand(cabinet, cabinet.segment(0, frames=160, codec=codec)))
    assert found.samples is not None
    assert [sample.at for sample in found.samples] == [at(0), at(2), at(4), at(6)]
    assert {(sample.width, sample.height) for sample in found.samples} == {(320, 192)}
    assert found.observation.state is SegmentState.OK


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
def test_pictures_that_come_out_of_order_are_handed_on_in_the_order_they_are_shown(
    cabinet: Cabinet, codec: Codec
) -> None:
    found = examine(errand(cabinet, cabinet.segment(0, frames=160, codec=codec, reordered=True)))
    assert found.samples is not None
    assert [sample.at for sample in found.samples] == [at(0), at(2), at(4), at(6)]


def slowed(samples: list[Coded]) -> list[Coded]:
    """A picture each 0.7 s, a key frame each 7 s."""
    return [replace(sample, duration=63_000) for sample in samples]


def test_where_no_picture_falls_on_two_seconds_the_one_before_is_taken(cabinet: Cabinet) -> None:
    found = examine(errand(cabinet, cabinet.segment(0, frames=40, damage=slowed)))
    assert found.samples is not None
    instants = [sample.at for sample in found.samples]
    assert instants[:4] == [at(0), at(1.4), at(2.8), at(4.2)]
    assert max(after - before for before, after in pairwise(instants)) <= LOOK_APART
    assert {sample.rate for sample in found.samples} == {round(1 / 0.7, 3)}


def test_each_sample_tells_how_its_picture_was_coded_and_how_fast_pictures_came(cabinet: Cabinet) -> None:
    found = examine(errand(cabinet, cabinet.segment(0, frames=160)))
    assert found.samples is not None
    assert {len(sample.coded) for sample in found.samples} == {8}
    assert len({sample.coded for sample in found.samples}) == len(found.samples), "moving pictures"
    assert {sample.rate for sample in found.samples} == {float(FPS)}


@pytest.mark.parametrize("measure", [None, eye.measure, eye.stumble])
@pytest.mark.parametrize("damage", [None, broken(13, 32)])
def test_whoever_looks_the_observation_is_the_same(cabinet: Cabinet, measure: Measure | None, damage: object) -> None:
    segment = cabinet.segment(0, frames=160, damage=damage)  # type: ignore[arg-type]
    plain = examine(errand(cabinet, segment, None))
    found = examine(errand(cabinet, segment, measure))
    assert found.observation == plain.observation
    assert plain.samples is None
    assert plain.trouble == ""


def test_who_cannot_measure_is_told_and_leaves_no_samples(cabinet: Cabinet) -> None:
    found = examine(errand(cabinet, cabinet.segment(0, frames=160), eye.stumble))
    assert (found.samples, found.trouble) == (None, "RuntimeError: stumbled")
    assert found.observation.frames_decoded == 160


def test_who_stops_looking_early_does_not_end_the_pass(cabinet: Cabinet) -> None:
    def first(shown: Iterable[tuple[datetime, Picture]], calibration: bytes | None) -> list[Sample]:
        instant, picture = next(iter(shown))
        return list(eye.measure([(instant, picture)], calibration))

    found = examine(errand(cabinet, cabinet.segment(0, frames=160), first))
    assert found.samples is not None
    assert (len(found.samples), found.observation.frames_decoded) == (1, 160)


def test_of_a_damaged_file_what_decodes_is_looked_at(cabinet: Cabinet) -> None:
    found = examine(errand(cabinet, cabinet.segment(0, frames=160, damage=broken(*range(50, 60)))))
    assert found.observation.state is SegmentState.DAMAGED
    assert found.samples


def test_a_file_that_is_no_video_has_nothing_to_look_at_and_that_is_told(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    found = examine(Errand(segment, b"not a film", at(5000), eye.measure))
    assert (found.observation.state, found.samples) == (SegmentState.DAMAGED, ())


def test_a_file_that_cannot_be_read_raises_whoever_looks(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0, frames=160)
    data = cabinet.path(segment).read_bytes()

    class Failing(BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            if self.reads > 100:
                raise OSError("the disk is gone")
            return super().read(size)

    for measure in (None, eye.measure, eye.stumble):
        with pytest.raises(OSError, match="the disk is gone"):
            examine_open(Failing(data), Errand(segment, b"", at(5000), measure))


def test_an_errand_and_what_was_found_can_be_sent_to_another_process(cabinet: Cabinet) -> None:
    sent = errand(cabinet, cabinet.segment(0, frames=60))
    found = examine(pickle.loads(pickle.dumps(sent)))  # noqa: S301 (our own)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301
    as_bytes = Errand(sent.segment, cabinet.path(sent.segment).read_bytes(), sent.made, sent.measure)
    assert examine(as_bytes) == found


def test_pictures_for_a_reference_are_those_that_are_looked_at(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0, frames=160)
    with cabinet.path(segment).open("rb") as file:
        shown = list(pictures(file))
    assert [instant for instant, _ in shown] == [at(0), at(2), at(4), at(6)]
    assert {picture.dtype for _, picture in shown} == {np.dtype(np.uint8)}
