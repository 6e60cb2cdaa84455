"""Decoding real files: whole ones, broken ones, files that changed after they were closed, and lost ones."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from analysis.decoding import RESTING_S, DecodingWorker, observe, observe_pending
from domain.evidence import Place, SegmentState
from domain.timeline import Interval
from storage.archive import NoCopyAnswers
from storage.media import Codec
from tests.analysis.footage import FPS, Cabinet, broken, coded_video, emptied, shown_from_the_start
from tests.analysis.ledgers import span

# libav decodes the rest of a halved H.265 slice to whatever comes and gives no sign; without any data it gives one
DAMAGES = {Codec.H264: broken, Codec.H265: emptied}
PREDICTING = tuple(DAMAGES)  # whose pictures rest on those before


@pytest.fixture(autouse=True)
def _runs(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 1000)


def frames(start: int, end: int) -> Interval:
    return span(start / FPS, end / FPS)


@pytest.mark.parametrize("codec", Codec)
def test_every_frame_of_a_whole_segment_decodes(cabinet: Cabinet, codec: Codec) -> None:
    segment = cabinet.segment(0, codec=codec)
    observation = observe(cabinet.archive, segment, cabinet.clock)
    assert (observation.state, observation.frames_decoded, observation.bad) == (SegmentState.OK, 50, ())
    assert observation.made == cabinet.clock.now()


@pytest.mark.parametrize("codec", PREDICTING)
def test_pictures_that_come_out_of_the_decoder_late_and_in_another_order_all_count(
    cabinet: Cabinet, codec: Codec
) -> None:
    segment = cabinet.segment(0, reordered=True, codec=codec)
    observation = observe(cabinet.archive, segment, cabinet.clock)
    assert (observation.state, observation.frames_decoded) == (SegmentState.OK, 50)


@pytest.mark.parametrize("codec", PREDICTING)
def test_a_broken_picture_spoils_its_group_up_to_the_next_key_frame(cabinet: Cabinet, codec: Codec) -> None:
    segment = cabinet.segment(0, damage=DAMAGES[codec](13, 15, 32), codec=codec)
    observation = observe(cabinet.archive, segment, cabinet.clock)
    assert observation.state is SegmentState.DAMAGED
    assert observation.bad == (frames(13, 20), frames(32, 40))
    assert observation.frames_decoded < 50


@pytest.mark.parametrize("codec", PREDICTING)
def test_a_broken_b_frame_spoils_from_where_it_is_shown_and_not_from_where_it_lies(
    cabinet: Cabinet, codec: Codec
) -> None:
    shown = [
        place + sample.composition_offset * FPS // 90_000
        for place, sample in enumerate(shown_from_the_start(coded_video(50, True, codec)))
    ]
    number = next(place for place, when in enumerate(shown) if place > 10 and when < place)
    key = next(place for place in range(number, 50) if place % 10 == 0)
    assert shown[key] == key

    segment = cabinet.segment(0, reordered=True, damage=DAMAGES[codec](number), codec=codec)
    first, *_ = observe(cabinet.archive, segment, cabinet.clock).bad
    assert first == frames(min(shown[number:key]), key)


@pytest.mark.parametrize("codec", PREDICTING)
def test_a_broken_key_frame_spoils_its_whole_group(cabinet: Cabinet, codec: Codec) -> None:
    segment = cabinet.segment(0, damage=DAMAGES[codec](10), codec=codec)
    assert observe(cabinet.archive, segment, cabinet.clock).bad == (frames(10, 20),)


def test_a_broken_jpeg_spoils_nothing_but_itself(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0, damage=emptied(13, 32), codec=Codec.JPEG)
    observation = observe(cabinet.archive, segment, cabinet.clock)
    assert (observation.state, observation.frames_decoded) == (SegmentState.DAMAGED, 48)
    assert observation.bad == (frames(13, 14), frames(32, 33))


def test_a_break_in_the_last_group_reaches_to_the_end_of_the_segment(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0, damage=broken(45))
    assert observe(cabinet.archive, segment, cabinet.clock).bad == (frames(45, 50),)


def test_pictures_before_the_first_key_frame_do_not_decode(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0, damage=lambda samples: samples[4:], frames=50)
    assert observe(cabinet.archive, segment, cabinet.clock).state is SegmentState.DAMAGED


def test_frames_that_the_row_promises_and_the_file_has_not_are_damage(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0, damage=lambda samples: samples[:40])
    observation = observe(cabinet.archive, segment, cabinet.clock)
    assert (observation.state, observation.bad) == (SegmentState.DAMAGED, ())
    assert observation.detail == "holds 40 whole frames, its row says 50"


def test_a_file_that_is_no_video_is_damage(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    data = b"not a film"
    cabinet.path(segment).write_bytes(data)

    class Trusting:
        """An archive that does not compare, as if the row had been written for these bytes."""

        def opened(self, _segment: object) -> object:
            return cabinet.path(segment).open("rb")

    observation = observe(Trusting(), segment, cabinet.clock)  # type: ignore[arg-type]
    assert observation.state is SegmentState.DAMAGED
    assert observation.detail.startswith("cannot be indexed")


def test_one_flipped_bit_anywhere_is_damage(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    path = cabinet.path(segment)
    whole = path.read_bytes()
    for at in (0, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        observation = observe(cabinet.archive, segment, cabinet.clock)
        assert (observation.state, observation.bad) == (SegmentState.DAMAGED, ())


def test_a_truncated_file_is_damage(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    path = cabinet.path(segment)
    path.write_bytes(path.read_bytes()[:-1])
    assert observe(cabinet.archive, segment, cabinet.clock).state is SegmentState.DAMAGED


def test_a_deleted_file_is_missing(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    cabinet.path(segment).unlink()
    assert observe(cabinet.archive, segment, cabinet.clock).state is SegmentState.MISSING


def test_the_copy_in_the_object_store_stands_in_for_a_lost_or_damaged_file(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    cabinet.archive.keep(segment)
    cabinet.path(segment).write_bytes(b"")
    assert observe(cabinet.archive, segment, cabinet.clock).state is SegmentState.OK
    cabinet.path(segment).unlink()
    assert observe(cabinet.archive, segment, cabinet.clock).state is SegmentState.OK


def test_while_a_store_does_not_answer_nothing_is_known(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    cabinet.archive.keep(segment)
    cabinet.path(segment).unlink()
    cabinet.objects.down = True
    with pytest.raises(NoCopyAnswers):
        observe(cabinet.archive, segment, cabinet.clock)
    assert observe_pending(cabinet.database.evidence, cabinet.archive, cabinet.clock) == 0
    assert cabinet.database.evidence.observations([segment.key]) == {}


def test_a_spool_that_is_not_mounted_is_no_gap_and_its_footage_waits(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    evidence = cabinet.database.evidence
    disk = cabinet.folder.rename(cabinet.folder.with_name("unmounted"))
    cabinet.folder.mkdir()
    worker = DecodingWorker(evidence, cabinet.archive, cabinet.clock)
    with capture_logs() as logs:
        assert worker.observe_pending(1) == 0
    assert [(line["event"], "unreachable" in line["reason"]) for line in logs] == [("segment_unreadable", True)]
    assert evidence.observations([segment.key]) == {}
    cabinet.folder.rmdir()
    disk.rename(cabinet.folder)
    cabinet.clock.advance(RESTING_S)
    assert worker.observe_pending(1) == 1
    assert evidence.observations([segment.key])[segment.key].state is SegmentState.OK


def test_pending_segments_are_observed_once(cabinet: Cabinet) -> None:
    segments = [cabinet.segment(2 * number) for number in range(3)]
    evidence = cabinet.database.evidence
    assert observe_pending(evidence, cabinet.archive, cabinet.clock, 2) == 2
    assert observe_pending(evidence, cabinet.archive, cabinet.clock, 2) == 1
    assert observe_pending(evidence, cabinet.archive, cabinet.clock, 2) == 0
    assert {one.state for one in evidence.observations([one.key for one in segments]).values()} == {SegmentState.OK}


def test_an_unreadable_segment_does_not_hold_up_the_others(cabinet: Cabinet) -> None:
    first, second = cabinet.segment(0), cabinet.segment(2)
    cabinet.archive.keep(first)
    cabinet.path(first).unlink()
    cabinet.objects.down = True
    worker = DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock)
    assert worker.observe_pending(1) == 0
    assert worker.observe_pending(1) == 1
    cabinet.objects.down = False
    assert worker.observe_pending(1) == 0, "it still rests"
    cabinet.clock.advance(RESTING_S)
    assert worker.observe_pending(1) == 1
    assert len(cabinet.database.evidence.observations([first.key, second.key])) == 2


def test_a_segment_without_any_copy_left_is_missing(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    cabinet.database.evidence.tombstone_copy(segment.key, Place.SPOOL, str(cabinet.folder), cabinet.clock.now())
    assert observe(cabinet.archive, segment, cabinet.clock).state is SegmentState.MISSING


def test_the_loop_outlives_a_broken_round_and_ends_when_told(cabinet: Cabinet) -> None:
    cabinet.segment(0)
    worker = DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock, at_once=1)
    broken_worker = DecodingWorker(None, cabinet.archive, cabinet.clock)  # type: ignore[arg-type]
    first, second = broken_worker.round(), broken_worker.round()
    assert 0 < first < second
    assert worker.round() == 0.0, "there may be more to do"
    assert worker.round() > 0.0
    stop = threading.Event()
    stop.set()
    worker.run(stop)
