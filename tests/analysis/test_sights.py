"""A camera's sight read from its looks: by recorder, and decided once for as long as nothing new is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from analysis.coverage import divided, shown
from analysis.decoding import observe_pending
from analysis.facts import CameraFacts
from analysis.ledgers import camera_ledger
from analysis.sights import Seen, sight_of
from domain.evidence import EndReason, Recorder, Run, Segment
from domain.pictures import Look, Sample, Sight
from domain.places import Camera
from domain.timeline import IntervalSet
from tests.analysis.footage import Cabinet
from tests.analysis.ledgers import at, span
from tests.fakes import eye

WINDOW = span(0, 20)


class Deciding:
    """Notes what it was asked to decide on."""

    def __init__(self) -> None:
        self.asked: list[list[Sample]] = []
        self.worktops: list[Mapping[str, int] | None] = []

    def __call__(
        self, samples: Sequence[Sample], stations: Sequence[str], worktops: Mapping[str, int] | None = None
    ) -> Sight:
        self.asked.append(list(samples))
        self.worktops.append(worktops)
        return eye.decide(samples, stations)


def looked(cabinet: Cabinet, segment: Segment, brightness: float = 90.0) -> None:
    seconds = range(int(segment.interval.seconds))
    samples = tuple(
        Sample(segment.interval.start + (at(second) - at(0)), 320, 192, brightness, 0, 20, coded=b"same")
        for second in seconds
    )
    cabinet.database.looks.add(Look(segment.key, 1, "", at(50), samples))


def seen(cabinet: Cabinet, deciding: Deciding, worktops: Mapping[str, int] | None = None) -> Seen:
    ledger = camera_ledger(cabinet.database.evidence, "cam-1", WINDOW)
    coverage, recorded = divided(ledger, WINDOW, at(100))
    facts = CameraFacts(Camera("cam-1", "rtsp://1", ()), "R1", coverage, (), sources=shown(recorded))
    return sight_of(
        cabinet.database.looks, replace(eye.EYE, decide=deciding), facts, ledger, at(100), worktops=worktops
    )


def test_what_was_decided_is_remembered_until_another_segment_is_seen(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 20)
    looked(cabinet, cabinet.segment(0, frames=150))
    deciding = Deciding()
    first = seen(cabinet, deciding)
    assert seen(cabinet, deciding) == first
    assert len(deciding.asked) == 1
    looked(cabinet, cabinet.segment(6, frames=150))
    seen(cabinet, deciding)
    assert [len(samples) for samples in deciding.asked] == [6, 12]


def test_another_plan_is_another_question(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 20)
    looked(cabinet, cabinet.segment(0, frames=150))
    deciding = Deciding()
    for worktops in (None, {"1": 3}, {"1": 3}, {"1": 7}):
        seen(cabinet, deciding, worktops)
    assert deciding.worktops == [{}, {"1": 3}, {"1": 7}]


def test_where_nobody_looked_there_is_no_sight(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 20)
    cabinet.segment(0, frames=150)
    assert seen(cabinet, Deciding()) == Seen("", None, IntervalSet())


@pytest.fixture
def twice(cabinet: Cabinet) -> Cabinet:
    """Recorded by two hosts: by one from 0 to 12, by the other from 0.02 to 6.02, and there all is black."""
    evidence = cabinet.database.evidence
    for name in ("one", "other"):
        evidence.begin_recorder(Recorder(name, f"host {name}", at(0), at(20)))
        evidence.begin_run(Run(f"run of {name}", "cam-1", name, at(0)))
        evidence.end_run(f"run of {name}", at(20), EndReason.NOT_NEEDED)
    for start in (0, 6):
        looked(cabinet, cabinet.segment(start, frames=150, run="run of one"))
    looked(cabinet, cabinet.segment(0.02, frames=150, run="run of other"), brightness=0.0)
    return cabinet


def test_each_recorder_is_decided_by_itself_and_speaks_where_its_footage_is_shown(twice: Cabinet) -> None:
    observe_pending(twice.database.evidence, twice.archive, twice.clock)
    deciding = Deciding()
    found = seen(twice, deciding).sight
    assert sorted(len(samples) for samples in deciding.asked) == [6, 12]
    assert found is not None
    assert found.faults == (), "what is black is not what is shown"
    assert found.seen == IntervalSet([span(0, 12)])
