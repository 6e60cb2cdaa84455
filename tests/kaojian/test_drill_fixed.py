"""The demonstration's report is held to what its cameras played: gaps by their causes, pictures by what they show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from analysis.report import CameraFault, CameraReport, SittingReport, StationReport, Unusable
from domain.evidence import Cause, Gap
from domain.law import Verdict
from domain.pictures import Fault, FaultSpan
from domain.timeline import Interval
from ingest.simulator.faults import Cover, Disconnect, PlayedFault, StationShown, Turn
from kaojian.drill.fixed import differences
from tests.fakes.time import NOON
from tests.kaojian.reports import sitting_report_of

HIDDEN = StationShown("01", "obstructed", 0.0)
VIEWS = {"01": ["c1", "c2"]}


def span(start_s: float, end_s: float) -> Interval:
    return Interval(NOON + timedelta(seconds=start_s), NOON + timedelta(seconds=end_s))


def played(camera: str, fault: Disconnect | Cover | Turn, start_s: float, *stations: StationShown) -> PlayedFault:
    at = span(start_s, start_s + fault.seconds)
    return PlayedFault(camera, fault, at.start, at.end, stations)


def camera(name: str, *gaps: Gap, faults: tuple[FaultSpan, ...] = ()) -> CameraReport:
    return CameraReport(name, "R", 0, 0, 0, 0.0, None, None, gaps, faults=faults)


def report(*cameras: CameraReport, unusable: tuple[Unusable, ...] = ()) -> SittingReport:
    station = StationReport("01", "R", Verdict.PASS, 0, (), unusable)
    return sitting_report_of(span(0, 100), cameras, (station,))


def moved(start_s: float, end_s: float) -> FaultSpan:
    return FaultSpan(Fault.MOVED, span(start_s, end_s), 0.09, 0.015)


def out_of_sight(start_s: float, end_s: float) -> Unusable:
    return Unusable(span(start_s, end_s), (CameraFault("c1", None),))


def test_what_was_played_and_told_with_near_edges_makes_no_difference() -> None:
    truth = [played("c1", Turn(16), 20), played("c2", Disconnect(8), 50)]
    gap = Gap(span(50.5, 58.9), Cause.CAMERA_DISCONNECTED)
    told = report(camera("c1", faults=(moved(22, 38.5),)), camera("c2", gap))
    assert differences(truth, told, VIEWS) == []


def test_a_turned_camera_that_nobody_noticed_is_a_difference() -> None:
    told = report(camera("c1"), camera("c2"))
    (line,) = differences([played("c1", Turn(16), 20)], told, VIEWS)
    assert line.startswith("camera c1: moved: played but not reported")


def test_a_fault_of_pictures_that_nobody_played_is_a_difference() -> None:
    dark = FaultSpan(Fault.BLACK, span(3, 9), 2.0, 40.0)
    told = report(camera("c1", faults=(dark, moved(20, 36))), camera("c2"))
    lines = differences([], told, VIEWS)
    assert [line.partition(":")[2].strip()[:24] for line in lines] == [
        "moved: reported but not ",
        "reported but not played:",
    ]


def test_an_edge_too_far_off_is_a_difference_twice() -> None:
    told = report(camera("c1", faults=(moved(20, 42),)), camera("c2"))
    assert len(differences([played("c1", Turn(16), 20)], told, VIEWS)) == 2


def test_at_the_edges_nobody_may_know_and_nothing_else_may_be_said() -> None:
    truth = [played(name, Cover(36, station="01"), 10, HIDDEN) for name in ("c1", "c2")]
    told = report(camera("c1"), camera("c2"), unusable=(out_of_sight(20, 40),))
    assert len(differences(truth, told, VIEWS)) == 2  # it is called visible for up to ten seconds
    (station,) = told.stations
    doubts = (span(9, 20), span(40, 47))
    assert differences(truth, replace(told, stations=(replace(station, unverified=doubts),)), VIEWS) == []
    brief = replace(station, unusable=(out_of_sight(20, 30),), unverified=(span(9, 20), span(30, 47)))
    assert len(differences(truth, replace(told, stations=(brief,)), VIEWS)) == 2  # mostly nobody knew


def test_a_station_is_out_of_sight_only_while_no_camera_shows_it() -> None:
    cloth = Cover(30, station="01")
    both = [played("c1", cloth, 10, HIDDEN), played("c2", cloth, 20, HIDDEN)]
    told = report(camera("c1"), camera("c2"), unusable=(out_of_sight(21, 39),))
    assert differences(both, told, VIEWS) == []
    (line,) = differences(both[:1], told, VIEWS)
    assert line.startswith("station 01: out of sight: reported but not played")
    (line,) = differences(both, replace(told, stations=(replace(told.stations[0], unusable=()),)), VIEWS)
    assert line.startswith("station 01: out of sight: played but not reported")
