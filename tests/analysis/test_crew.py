"""A crew of processes: errands done beside this process, and what a process that dies takes with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from analysis.crew import Crew, HandsLost, OneHand
from analysis.decoding import RESTING_S, DecodingWorker
from analysis.examination import Errand, Examined, examine
from analysis.looking import Looking
from domain.evidence import Observation, SegmentState
from storage.database.looks import MOST_FAILURES
from tests.analysis.footage import Cabinet
from tests.analysis.ledgers import at, segment
from tests.fakes import eye

LIMIT_S = 12.0
"""Enough to decode two seconds on a busy host."""


@pytest.fixture
def errand(cabinet: Cabinet) -> Errand:
    cabinet.run("run-1", "cam-1", 0, 1000)
    one = cabinet.segment(0, frames=60)
    return Errand(one, cabinet.path(one), at(5000), eye.measure, b"A-01")


@pytest.fixture
def crew() -> Iterator[Crew]:
    with Crew(1) as found:
        yield found


def told_about_its_process(sent: Errand) -> Examined:
    """Module level: another process finds it by name."""
    detail = f"{os.getpid()} {os.nice(0)} {os.environ.get('BEGUN')}"
    return Examined(Observation(sent.segment.key, sent.made, SegmentState.OK, 0, (), detail))


def gone(sent: Errand) -> Examined:
    os._exit(9)


def noted(sent: Errand) -> Examined:
    """Says in which process it looks."""
    if sent.calibration is not None:
        Path(sent.calibration.decode()).write_text(str(os.getpid()), "utf-8")
    return examine(sent)


def begin() -> None:
    os.environ["BEGUN"] = "yes"


def test_a_crew_finds_what_one_hand_finds(crew: Crew, errand: Errand) -> None:
    found = crew.submit(errand).result()
    assert found == OneHand().submit(errand).result() == examine(errand)
    assert found.samples is not None
    assert [each.station for each in found.samples[0].stations] == ["A-01"]


def test_what_an_errand_raises_reaches_who_asks(crew: Crew, errand: Errand) -> None:
    nowhere = replace(errand, file=Path("/nowhere/at-all.mp4"))
    for hands in (crew, OneHand()):
        with pytest.raises(FileNotFoundError):
            hands.submit(nowhere).result()
    assert crew.submit(errand).result().samples


def test_members_are_other_processes_that_stand_back_and_are_prepared() -> None:
    sent = Errand(segment(0, 60), b"", at(0))
    with Crew(2, begin, told_about_its_process) as crew:
        told = [crew.submit(sent).result().observation.detail.split() for _ in range(2)]
    assert str(os.getpid()) not in {pid for pid, _, _ in told}
    assert {(int(nice) >= 10, begun) for _, nice, begun in told} == {(True, "yes")}


def test_a_process_that_dies_of_looking_costs_the_look_and_not_the_observation(crew: Crew, errand: Errand) -> None:
    with capture_logs() as logs:
        found = crew.submit(replace(errand, measure=eye.die)).result()
    assert (found.observation.state, found.observation.frames_decoded) == (SegmentState.OK, 60)
    assert (found.samples, found.trouble) == (None, "the process that looked at it died")
    assert [(line["event"], line["segment"]) for line in logs] == [("examiner_died", errand.segment.key)]
    assert crew.submit(errand).result().samples, "the crew goes on"


def test_looking_that_hangs_is_ended_with_its_process_and_costs_the_look_alone(
    cabinet: Cabinet, errand: Errand, tmp_path: Path
) -> None:
    where = tmp_path / "process"
    with Crew(1, work=noted, limit_s=LIMIT_S) as crew, capture_logs() as logs:
        found = crew.submit(replace(errand, measure=eye.hang, calibration=str(where).encode())).result()
    assert (found.observation.state, found.observation.frames_decoded) == (SegmentState.OK, 60)
    assert found.samples is None
    assert found.trouble == f"it was not done within {LIMIT_S:g} s"
    assert [(line["event"], line["segment"]) for line in logs] == [("examiner_hung", errand.segment.key)]
    with pytest.raises(ProcessLookupError):
        os.kill(int(where.read_text("utf-8")), 0)


def test_an_errand_that_kills_twice_is_given_up_and_told() -> None:
    sent = Errand(segment(0, 60), b"", at(0))
    with Crew(1, work=gone) as crew, pytest.raises(HandsLost, match="two processes"):
        crew.submit(sent).result()


def test_a_worker_with_a_crew_writes_what_one_hand_would(cabinet: Cabinet, crew: Crew) -> None:
    cabinet.run("run-1", "cam-1", 0, 1000)
    segments = [cabinet.segment(2 * number) for number in range(3)]
    looking = Looking(cabinet.database, eye.EYE, cabinet.clock)
    worker = DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock, hands=crew, looking=looking)
    assert worker.observe_pending(9) == 3
    found = cabinet.database.evidence.observations([each.key for each in segments])
    assert {each.state for each in found.values()} == {SegmentState.OK}
    assert all(cabinet.database.looks.versions(each.key) == [(1, "")] for each in segments)


def test_a_worker_outlives_an_errand_that_is_lost(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 1000)
    segment = cabinet.segment(0)
    with Crew(1, work=gone) as crew, capture_logs() as logs:
        worker = DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock, hands=crew)
        assert worker.observe_pending(9) == 0
        assert worker.observe_pending(9) == 0, "it rests"
    assert [line["event"] for line in logs] == ["examiner_died", "segment_unreadable"]
    assert cabinet.database.evidence.observations([segment.key]) == {}


class Lost:
    """Hands that no errand leaves alive."""

    size = 1

    def submit(self, errand: Errand) -> Future[Examined]:
        done: Future[Examined] = Future()
        done.set_exception(HandsLost("two processes in a row died or hung over it"))
        return done


def test_a_segment_that_no_process_survives_is_damaged_after_some_tries(cabinet: Cabinet) -> None:
    cabinet.run("run-1", "cam-1", 0, 1000)
    segment = cabinet.segment(0)
    worker = DecodingWorker(cabinet.database.evidence, cabinet.archive, cabinet.clock, hands=Lost())
    tried = []
    for _ in range(MOST_FAILURES):
        tried.append(worker.observe_pending(9))
        cabinet.clock.advance(RESTING_S + 1)
    assert tried == [0, 0, 1]
    found = cabinet.database.evidence.observations([segment.key])[segment.key]
    assert (found.state, found.frames_decoded) == (SegmentState.DAMAGED, 0)
    assert "no process could decode it, 3 times" in found.detail
    assert worker.observe_pending(9) == 0
