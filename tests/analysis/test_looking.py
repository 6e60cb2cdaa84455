"""Which segments are looked at, against what, and that the worker does each look once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from analysis.coverage import divided
from analysis.decoding import LOOK_RESTING_S, DecodingWorker
from analysis.eye import Eye
from analysis.facts import CameraFacts
from analysis.ledgers import camera_ledger
from analysis.looking import LOOK_AGAIN_S, Looking
from analysis.sights import sight_of
from analysis.views import camera_view
from domain.evidence import Place, Segment, SegmentState
from domain.people import Actor, Door
from domain.pictures import Reference
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station
from domain.timeline import IntervalSet
from storage.database import Looks
from storage.database.looks import Owed, WantedLook
from tests.analysis.footage import Cabinet
from tests.analysis.ledgers import at, span
from tests.fakes import eye

ACTOR = Actor("local:exam", Door.COMMAND_LINE)
ROOM = Room("R1", "一号考场", (Station("A-01"),), (Camera("cam-1", "rtsp://cam", ("A-01",)),))
PLAN = SittingPlan(1, ("R1",), at(600), at(1200), timedelta(minutes=10), timedelta(minutes=5))


@pytest.fixture(autouse=True)
def _planned(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 1000)
    setup = cabinet.database.setup
    setup.apply_site(Site("site", "考点", "浈江区", (ROOM,)), ACTOR, at(-9000))
    setup.apply_batch(Batch("batch", "site", "中式烹调", "SG-2022-08-10", (PLAN,)), ACTOR, at(-9000))


def refer(cabinet: Cabinet, name: str, valid_s: float, stations: bytes = b"A-01") -> None:
    reference = Reference(name, "cam-1", at(valid_s), ACTOR, span(-100, -80), (), stations)
    cabinet.database.looks.add_reference(reference)


def worker(cabinet: Cabinet, sees: Eye = eye.EYE) -> DecodingWorker:
    looking = Looking(cabinet.database, sees, cabinet.clock)
    return DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock, looking=looking)


def versions(cabinet: Cabinet, segment: Segment) -> list[tuple[int, str]]:
    return cabinet.database.looks.versions(segment.key)


def state(cabinet: Cabinet, segment: Segment) -> SegmentState:
    return cabinet.database.evidence.observations([segment.key])[segment.key].state


def test_a_segment_is_observed_and_looked_at_in_one_pass(cabinet: Cabinet) -> None:
    refer(cabinet, "reference", -60)
    segment = cabinet.segment(0, frames=160)
    assert worker(cabinet).observe_pending(9) == 1
    assert state(cabinet, segment) is SegmentState.OK
    look = cabinet.database.looks.of([segment.key], "reference")[segment.key]
    assert [sample.at for sample in look.samples] == [at(0), at(2), at(4), at(6)]
    assert {each.station for sample in look.samples for each in sample.stations} == {"A-01"}
    assert look.made == cabinet.clock.now()


def test_without_a_reference_pictures_are_measured_against_nothing(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    worker(cabinet).observe_pending(9)
    assert versions(cabinet, segment) == [(1, "")]
    assert worker(cabinet).look_again(9) == 0, "nothing to look again against"


def test_a_worker_without_eyes_looks_at_nothing(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    blind = DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock)
    assert (blind.observe_pending(9), blind.look_again(9), versions(cabinet, segment)) == (1, 0, [])


def test_footage_of_the_lead_is_looked_at_again_when_the_sitting_opens_with_another_reference(
    cabinet: Cabinet,
) -> None:
    first, second = cabinet.segment(0), cabinet.segment(60)
    looker = worker(cabinet)
    looker.observe_pending(9)
    refer(cabinet, "reference", 500)
    cabinet.database.setup.open_sitting("batch", 1, at(600), at(600))
    refer(cabinet, "too late", 700)
    cabinet.clock.advance(LOOK_AGAIN_S)
    assert looker.look_again(9) == 2
    assert versions(cabinet, first) == versions(cabinet, second) == [(1, ""), (1, "reference")]
    cabinet.clock.advance(LOOK_AGAIN_S)
    assert looker.look_again(9) == 0, "each once"


def test_an_opened_sitting_stays_with_the_reference_it_opened_with(cabinet: Cabinet) -> None:
    refer(cabinet, "reference", -60)
    cabinet.database.setup.open_sitting("batch", 1, at(600), at(600))
    refer(cabinet, "newer", 650, b"A-01,B-01")
    segment = cabinet.segment(700)
    worker(cabinet).observe_pending(9)
    assert versions(cabinet, segment) == [(1, "reference")]


def test_a_new_version_of_the_eye_looks_again_and_keeps_the_old_look(cabinet: Cabinet) -> None:
    refer(cabinet, "reference", -60)
    segment = cabinet.segment(0)
    worker(cabinet).observe_pending(9)
    newer = worker(cabinet, replace(eye.EYE, version=2))
    assert newer.look_again(9) == 1
    assert versions(cabinet, segment) == [(1, "reference"), (2, "reference")]


def test_two_workers_at_once_make_one_look(cabinet: Cabinet) -> None:
    refer(cabinet, "reference", -60)
    segment = cabinet.segment(0)
    one, other = worker(cabinet), worker(cabinet)
    pending = cabinet.database.evidence.segments_without_observation(9)
    assert pending == [segment]
    one.observe_pending(9)
    cabinet.database.looks.add(cabinet.database.looks.of([segment.key], "reference")[segment.key])
    other.observe_pending(9)
    assert versions(cabinet, segment) == [(1, "reference")]


def test_a_look_that_fails_leaves_the_observation_is_told_once_and_tried_again_later(cabinet: Cabinet) -> None:
    refer(cabinet, "reference", -60)
    segment = cabinet.segment(0, frames=160)
    clumsy = worker(cabinet, replace(eye.EYE, measure=eye.stumble))
    with capture_logs() as logs:
        assert clumsy.observe_pending(9) == 1
        assert clumsy.look_again(9) == 0, "it rests"
        cabinet.clock.advance(LOOK_RESTING_S + LOOK_AGAIN_S)
        clumsy.observe_pending(9)
        assert clumsy.look_again(9) == 1
    assert [line["event"] for line in logs] == ["look_failed"]
    assert logs[0]["reason"] == "RuntimeError: stumbled"
    assert (state(cabinet, segment), versions(cabinet, segment)) == (SegmentState.OK, [])
    assert worker(cabinet).look_again(9) == 1
    assert versions(cabinet, segment) == [(1, "reference")]


def test_a_look_that_always_fails_is_given_up_and_never_counts_as_usable(cabinet: Cabinet) -> None:
    """Without a reference, so that nothing else would make anybody doubt."""
    segment = cabinet.segment(0, frames=160)
    clumsy = worker(cabinet, replace(eye.EYE, measure=eye.stumble))
    with capture_logs() as logs:
        clumsy.observe_pending(9)
        for _ in range(5):
            cabinet.clock.advance(LOOK_RESTING_S + LOOK_AGAIN_S)
            clumsy.observe_pending(9)
            clumsy.look_again(9)
    assert [line["event"] for line in logs] == ["look_failed", "look_given_up"]
    assert cabinet.database.looks.count_owed(9) == Owed(0, 1)
    assert worker(cabinet).look_again(9) == 0
    ledger = camera_ledger(cabinet.database.evidence, "cam-1", span(0, 6))
    coverage, _ = divided(ledger, span(0, 6), at(5000))
    facts = CameraFacts(ROOM.cameras[0], "R1", coverage, ())
    seen = sight_of(cabinet.database.looks, eye.EYE, facts, ledger, at(5000))
    view = camera_view("cam-1", coverage, seen.sight, compared=False, owed=seen.owed)
    assert view.doubtful == IntervalSet([span(0, 6)])
    assert segment.interval.start == at(0)


def test_numbers_that_are_none_are_no_look(cabinet: Cabinet) -> None:
    def blank(pictures: object, calibration: bytes | None) -> list[object]:
        return [replace(sample, brightness=float("nan")) for sample in eye.measure(pictures, calibration)]  # type: ignore[arg-type]

    segment = cabinet.segment(0)
    with capture_logs() as logs:
        assert worker(cabinet, replace(eye.EYE, measure=blank)).observe_pending(9) == 1  # type: ignore[arg-type]
    assert [line["event"] for line in logs] == ["look_failed"]
    assert versions(cabinet, segment) == []


def test_of_a_segment_that_is_missing_nothing_was_seen_and_it_waits_no_more(cabinet: Cabinet) -> None:
    refer(cabinet, "reference", -60)
    segment = cabinet.segment(0)
    cabinet.database.evidence.tombstone_copy(segment.key, Place.SPOOL, str(cabinet.folder), cabinet.clock.now())
    looker = worker(cabinet)
    assert looker.observe_pending(9) == 1
    assert state(cabinet, segment) is SegmentState.MISSING
    assert cabinet.database.looks.of([segment.key], "reference")[segment.key].samples == ()
    assert looker.look_again(9) == 0


def test_a_segment_in_the_object_store_alone_is_sent_to_the_hands_as_bytes(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0, frames=160)
    cabinet.archive.keep(segment)
    cabinet.path(segment).unlink()
    assert worker(cabinet).observe_pending(9) == 1
    assert len(cabinet.database.looks.of([segment.key], "")[segment.key].samples) == 4


def test_a_sitting_that_is_long_over_and_looked_at_is_asked_for_no_more(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    refer(cabinet, "reference", -60)
    setup = cabinet.database.setup
    setup.open_sitting("batch", 1, at(600), at(600))
    setup.close_sitting("batch", 1, at(1200), at(1200))
    segment = cabinet.segment(700)
    cabinet.clock.advance(2 * 3600)
    looker = worker(cabinet)
    looker.observe_pending(9)
    asked: list[WantedLook] = []
    waiting = Looks.waiting

    def counted(looks: Looks, wanted: WantedLook, limit: int) -> list[Segment]:
        asked.append(wanted)
        return waiting(looks, wanted, limit)

    monkeypatch.setattr(Looks, "waiting", counted)
    for _ in range(3):
        cabinet.clock.advance(LOOK_AGAIN_S)
        assert looker.look_again(9) == 0
    assert len(asked) == 1
    assert versions(cabinet, segment) == [(1, "reference")]


def test_a_round_looks_again_when_nothing_is_left_to_open(cabinet: Cabinet) -> None:
    segment = cabinet.segment(0)
    DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock).observe_pending(9)
    refer(cabinet, "reference", -60)
    worker(cabinet).round()
    assert versions(cabinet, segment) == [(1, "reference")]
