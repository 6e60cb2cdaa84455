"""What pictures show, divided: of one camera, of a station by footage and by view; and what the judge makes of it.

One station A-01 seen by two cameras with a region of it and a reference; A-02 by the wide one alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.coverage import station_coverage
from analysis.facts import CameraFacts, SittingFacts, StationFacts
from analysis.judge import findings, station_verdict
from analysis.views import CameraView, Division, camera_view, station_view
from config.rule_pack import load
from domain.evidence import Cause, Coverage, Gap
from domain.law import Finding, Verdict
from domain.pictures import Fault, FaultSpan, Sight, View, ViewSpan
from domain.places import Camera, Room, Station
from domain.timeline import Interval, IntervalSet
from tests.analysis.ledgers import at, span
from tests.storage.coded_video import at_any_pace

RULES = load("SG-2022-08-10")
WINDOW, EXAM = span(0, 5400), span(1800, 4500)
LOCK = datetime.fromisoformat("2029-05-02T00:00:00+08:00")
SEES = {"wide": ("A-01", "A-02"), "near": ("A-01",)}
WHOLE, NEVER = IntervalSet([WINDOW]), IntervalSet()


@dataclass(frozen=True)
class Shown:
    """One camera: what it recorded, and what its pictures show. Everything not said is as it should be."""

    recorded: IntervalSet = WHOLE
    faults: tuple[FaultSpan, ...] = ()
    obstructed: IntervalSet = NEVER  # every station that it sees
    hidden: IntervalSet = NEVER  # not verifiable
    suspected: IntervalSet = NEVER
    unverified: IntervalSet = NEVER
    unseen: IntervalSet = NEVER  # no sample speaks for it
    looked: bool = True
    compared: bool = True

    def coverage(self) -> Coverage:
        gaps = tuple(Gap(each, Cause.CAMERA_DISCONNECTED) for each in self.recorded.complement(WINDOW))
        return Coverage(WINDOW, self.recorded, gaps)

    def sight(self, stations: Iterable[str]) -> Sight | None:
        if not self.looked:
            return None
        seen = WHOLE - self.unseen
        parts = {
            View.OBSTRUCTED: seen & self.obstructed,
            View.NOT_VERIFIABLE: (seen & self.hidden) - self.obstructed,
            View.SUSPECTED: (seen & self.suspected) - self.obstructed - self.hidden,
            View.VISIBLE: seen - self.obstructed - self.hidden - self.suspected,
        }
        spans = [ViewSpan(name, view, each) for name in stations for view, part in parts.items() for each in part]
        return Sight(seen, self.faults, tuple(spans), self.unverified)

    def view(self, camera: str) -> CameraView:
        return camera_view(camera, self.coverage(), self.sight(SEES[camera]), compared=self.compared)

    def mended(self, better: IntervalSet) -> Shown:
        """The same with usable footage for that time, in which every station is visible."""
        return replace(
            self,
            recorded=self.recorded | better,
            faults=tuple(
                replace(each, interval=part) for each in self.faults for part in IntervalSet([each.interval]) - better
            ),
            obstructed=self.obstructed - better,
            hidden=self.hidden - better,
            suspected=self.suspected - better,
            unverified=self.unverified - better,
            unseen=self.unseen - better,
        )


def spans(*edges: tuple[float, float]) -> IntervalSet:
    return IntervalSet(span(*each) for each in edges)


def fault(which: Fault, *edges: tuple[float, float]) -> tuple[FaultSpan, ...]:
    return tuple(FaultSpan(which, span(*each), 3.0, 20.0) for each in edges)


def facts(shown: Mapping[str, Shown], regions: Mapping[str, Sequence[str]] | None = None) -> SittingFacts:
    """``regions``: the stations that a camera has a region of; those that it sees unless told otherwise."""
    views = {name: each.view(name) for name, each in shown.items()}
    cameras = tuple(
        CameraFacts(
            Camera(name, f"rtsp://{name}", SEES[name], panoramic=name == "wide"),
            "R1",
            shown[name].coverage(),
            (),
            view=views[name],
        )
        for name in shown
    )
    stations = []
    for station in ("A-01", "A-02"):
        seeing = [name for name in shown if station in SEES[name]]
        coverage = station_coverage({name: shown[name].coverage() for name in seeing}, WINDOW)
        drawn = [name for name in seeing if station in (regions or SEES).get(name, ())]
        seen = station_view(station, coverage, {name: views[name] for name in seeing}, drawn)
        stations.append(StationFacts(station, "R1", tuple(seeing), coverage, seen))
    room = Room("R1", "一号考场", (Station("A-01"), Station("A-02")), tuple(each.camera for each in cameras))
    return SittingFacts(WINDOW, EXAM, (room,), tuple(stations), cameras, LOCK)


def clause(number: int, case: SittingFacts) -> Finding:
    return next(found for found in findings(case, RULES) if found.id == f"C6.2-{number}")


def both(case: SittingFacts) -> tuple[Verdict, Verdict]:
    return clause(3, case).verdict, clause(4, case).verdict


class TestOneCamera:
    def test_a_fault_makes_recorded_time_unusable_and_never_missing(self) -> None:
        view = Shown(recorded=spans((0, 100)), faults=fault(Fault.BLACK, (50, 200))).view("near")
        assert view.unusable == spans((50, 100))
        assert view.usable == spans((0, 50))
        assert view.faults == fault(Fault.BLACK, (50, 100))

    def test_a_moved_camera_is_doubtful_until_it_is_checked_again(self) -> None:
        view = Shown(faults=fault(Fault.MOVED, (50, 5400))).view("near")
        assert (view.doubtful, view.unusable) == (spans((50, 5400)), IntervalSet())

    def test_a_fault_while_moved_is_a_fault(self) -> None:
        view = Shown(faults=fault(Fault.MOVED, (50, 100)) + fault(Fault.BLACK, (60, 70))).view("near")
        assert (view.unusable, view.doubtful) == (spans((60, 70)), spans((50, 60), (70, 100)))

    @pytest.mark.parametrize("which", [Fault.WRONG_SIZE, Fault.WRONG_RATE])
    def test_size_and_rate_are_judged_by_rules_of_their_own_and_listed_here(self, which: Fault) -> None:
        view = Shown(faults=fault(which, (50, 100))).view("near")
        assert view.usable == WHOLE
        assert view.faults == fault(which, (50, 100))

    def test_with_a_reference_what_nobody_looked_at_or_compared_is_doubtful(self) -> None:
        view = Shown(unseen=spans((0, 10)), unverified=spans((20, 30))).view("near")
        assert view.doubtful == spans((0, 10), (20, 30))
        assert Shown(looked=False).view("near").doubtful == WHOLE

    def test_without_a_reference_footage_counts_as_it_always_did_and_a_black_picture_does_not(self) -> None:
        assert Shown(looked=False, compared=False).view("near").usable == WHOLE
        assert Shown(unverified=WHOLE, compared=False).view("near").usable == WHOLE
        black = Shown(unverified=WHOLE, compared=False, faults=fault(Fault.BLACK, (5, 9))).view("near")
        assert black.unusable == spans((5, 9))

    def test_edges_are_rounded_to_milliseconds_as_those_of_coverage(self) -> None:
        view = Shown(faults=fault(Fault.BLACK, (1.0004, 2.0006))).view("near")
        assert view.unusable == spans((1, 2.001))

    def test_a_view_that_does_not_add_up_is_refused(self) -> None:
        with pytest.raises(ValueError, match="disjoint parts"):
            CameraView("near", spans((0, 10)), unusable=spans((5, 12)))
        with pytest.raises(ValueError, match="partition"):
            Division(span(0, 10), spans((0, 5)), spans((4, 10)), IntervalSet(), IntervalSet())


class TestVerdicts:
    def test_a_station_in_view_throughout_passes_and_the_sentence_says_what_was_checked(self) -> None:
        case = facts({"wide": Shown(), "near": Shown()})
        assert both(case) == (Verdict.PASS, Verdict.PASS)
        assert "画面内容已与基准画面核对，平面图视野未检查" in clause(4, case).zh
        assert "picture content was compared with reference pictures" in clause(4, case).en.lower()

    def test_stations_without_region_or_reference_are_named_as_not_checked(self) -> None:
        case = facts({"wide": Shown(compared=False), "near": Shown()})
        assert both(case) == (Verdict.PASS, Verdict.PASS)
        assert "工位A-02未登记画面区域或无基准画面，其画面内容未检查" in clause(4, case).zh

    def test_where_nobody_declared_anything_verdict_and_words_are_as_ever(self) -> None:
        case = facts({"wide": Shown(compared=False, looked=False)}, regions={})
        assert both(case) == (Verdict.PASS, Verdict.PASS)
        assert "平面图视野与画面内容未检查" in clause(4, case).zh

    def test_a_black_picture_fails_both_clauses_with_its_numbers_and_is_called_no_gap(self) -> None:
        case = facts({"wide": Shown(faults=fault(Fault.BLACK, (2000, 2060)))})
        assert both(case) == (Verdict.FAIL, Verdict.FAIL)
        assert clause(3, case).zh.startswith(
            "工位A-01、A-02自2026-05-01 09:33:20至09:34:20有录像但画面不可用60秒（摄像机wide黑屏），超出容许值"
        )
        assert clause(3, case).en.startswith(
            "Unusable picture of 60 s at stations A-01, A-02 from 2026-05-01 09:33:20 to 09:34:20 "
            "(camera wide: black), beyond the tolerance"
        )
        assert "断档" not in clause(3, case).zh

    def test_a_slow_camera_that_is_black_is_called_black(self) -> None:
        slow = fault(Fault.WRONG_RATE, (0, 5400))
        case = facts({"wide": Shown(faults=slow + fault(Fault.BLACK, (2000, 2060)))})
        assert "（摄像机wide黑屏），" in clause(3, case).zh
        assert clause(3, facts({"wide": Shown(faults=slow)})).verdict is Verdict.PASS

    def test_gaps_and_useless_pictures_share_one_tolerance(self) -> None:
        lost = WHOLE - spans((2000, 2006))
        assert both(facts({"wide": Shown(recorded=lost)}))[0] is Verdict.WARN
        black = Shown(recorded=lost, faults=fault(Fault.BLACK, (2006, 2012)))
        assert both(facts({"wide": black}))[0] is Verdict.FAIL

    def test_an_obstructed_station_fails_its_view_and_not_its_footage(self) -> None:
        case = facts({"wide": Shown(obstructed=spans((2000, 2040)))})
        assert both(case) == (Verdict.PASS, Verdict.FAIL)
        assert "工位A-01无有效画面40秒（自2026-05-01 09:33:20至09:34:00），其中40秒被遮挡" in clause(4, case).zh
        assert station_verdict(case.stations[0], case, RULES) is Verdict.FAIL

    def test_another_camera_that_shows_the_station_makes_it_a_warning(self) -> None:
        case = facts({"wide": Shown(), "near": Shown(obstructed=spans((2000, 2040)))})
        assert both(case) == (Verdict.PASS, Verdict.WARN)
        assert "摄像机near有40秒" in clause(4, case).zh
        assert "冗余丧失" in clause(4, case).zh

    def test_another_camera_of_which_nobody_declared_the_region_proves_no_view(self) -> None:
        case = facts({"wide": Shown(), "near": Shown(obstructed=spans((2000, 2040)))}, regions={"near": ("A-01",)})
        assert both(case) == (Verdict.PASS, Verdict.UNKNOWN)

    def test_a_station_that_cannot_be_told_is_unknown_and_never_a_pass(self) -> None:
        case = facts({"wide": Shown(hidden=spans((2000, 2040)))})
        assert both(case) == (Verdict.PASS, Verdict.UNKNOWN)
        assert "工位A-01是否可见有40秒" in clause(4, case).zh
        assert station_verdict(case.stations[0], case, RULES) is Verdict.UNKNOWN

    def test_what_would_be_tolerated_even_at_worst_is_a_warning(self) -> None:
        assert both(facts({"wide": Shown(hidden=spans((2000, 2009)))})) == (Verdict.PASS, Verdict.WARN)
        assert both(facts({"wide": Shown(hidden=spans((100, 900)))})) == (Verdict.PASS, Verdict.WARN), "before W2"

    def test_a_moved_camera_leaves_both_unknown_until_somebody_checks(self) -> None:
        case = facts({"wide": Shown(faults=fault(Fault.MOVED, (2000, 5400)))})
        assert both(case) == (Verdict.UNKNOWN, Verdict.UNKNOWN)
        assert "因摄像机wide机位移动、尚未复核" in clause(4, case).zh
        assert "camera wide moved and nobody has checked since" in clause(4, case).en

    def test_footage_that_nobody_looked_at_is_unknown_where_a_reference_was_declared(self) -> None:
        assert both(facts({"wide": Shown(looked=False)})) == (Verdict.UNKNOWN, Verdict.UNKNOWN)

    def test_a_panorama_that_shows_nothing_is_no_panorama(self) -> None:
        case = facts({"wide": Shown(faults=fault(Fault.COVERED, (0, 5400)))})
        assert "全景摄像机wide在本场次没有可用录像" in clause(2, case).zh

    @pytest.mark.parametrize(
        "doubt", [Shown(looked=False), Shown(faults=fault(Fault.MOVED, (0, 5400))), Shown(unseen=WHOLE)]
    )
    def test_whether_a_panorama_shows_anything_is_unknown_while_nobody_knows_of_any_part(self, doubt: Shown) -> None:
        found = clause(2, facts({"wide": doubt}))
        assert found.verdict is Verdict.UNKNOWN
        assert "无法判定是否拍到全景" in found.zh
        part = replace(doubt, recorded=WHOLE, faults=fault(Fault.MOVED, (10, 5400)), looked=True, unseen=NEVER)
        assert clause(2, facts({"wide": part})).verdict is Verdict.PASS


COVERED = spans((2000, 2040))


class TestSuspicion:
    """Of A-01, which both cameras see."""

    @pytest.mark.parametrize("doubt", [Shown(suspected=COVERED), Shown(hidden=COVERED)])
    def test_what_nobody_shows_is_a_doubt_however_many_suspect_it(self, doubt: Shown) -> None:
        assert both(facts({"wide": doubt})) == (Verdict.PASS, Verdict.UNKNOWN)
        assert both(facts({"wide": doubt, "near": Shown(suspected=COVERED)})) == (Verdict.PASS, Verdict.UNKNOWN)

    def test_what_one_camera_suspects_and_another_shows_is_an_obstruction(self) -> None:
        case = facts({"wide": Shown(suspected=COVERED), "near": Shown(obstructed=COVERED)})
        assert division(case).unusable == COVERED
        assert not division(case).doubtful

    @pytest.mark.parametrize("doubt", [Shown(hidden=COVERED), Shown(unseen=COVERED), Shown(unverified=COVERED)])
    def test_what_another_camera_cannot_tell_stays_a_doubt(self, doubt: Shown) -> None:
        assert division(facts({"wide": doubt, "near": Shown(obstructed=COVERED)})).doubtful == COVERED

    def test_what_one_camera_suspects_and_another_sees_is_seen(self) -> None:
        assert division(facts({"wide": Shown(suspected=COVERED), "near": Shown()})).good == WHOLE

    @pytest.mark.parametrize("which", [Fault.BLACK, Fault.MOVED])
    def test_a_camera_whose_picture_is_not_usable_settles_nothing(self, which: Fault) -> None:
        near = Shown(obstructed=COVERED, faults=fault(which, (2000, 2040)))
        assert division(facts({"wide": Shown(suspected=COVERED), "near": near})).doubtful == COVERED

    def test_what_a_moved_camera_suspects_stays_a_doubt(self) -> None:
        wide = Shown(suspected=COVERED, faults=fault(Fault.MOVED, (2000, 2040)))
        assert division(facts({"wide": wide, "near": Shown(obstructed=COVERED)})).doubtful == COVERED


def division(case: SittingFacts) -> Division:
    view = case.stations[0].view
    assert view is not None
    return view.view


# -- properties -------------------------------------------------------------------------------------------------

_SECONDS = st.integers(0, 5400)
sets = st.lists(st.tuples(_SECONDS, _SECONDS), max_size=3).map(
    lambda found: spans(*((min(pair), max(pair)) for pair in found if pair[0] != pair[1]))
)
faults = st.lists(
    st.tuples(st.sampled_from(list(Fault)), _SECONDS, st.integers(1, 900)).map(
        lambda told: FaultSpan(told[0], span(told[1], told[1] + told[2]), 1.0, 2.0)
    ),
    max_size=3,
).map(tuple)
cameras = st.builds(
    Shown,
    recorded=st.just(WHOLE) | sets.map(lambda lost: WHOLE - lost),
    faults=faults,
    obstructed=sets,
    hidden=sets,
    suspected=sets,
    unverified=sets,
    unseen=sets,
    looked=st.booleans(),
    compared=st.booleans(),
)
rooms = st.fixed_dictionaries({"wide": cameras, "near": cameras})
drawn = st.fixed_dictionaries(
    {"wide": st.sampled_from([(), ("A-01",), ("A-01", "A-02")]), "near": st.just(("A-01",))}
)

_WORSE = (Verdict.PASS, Verdict.WARN, Verdict.PENDING, Verdict.UNKNOWN, Verdict.FAIL)


@at_any_pace
@given(rooms, drawn)
def test_the_parts_of_every_station_add_up_to_the_window(
    shown: dict[str, Shown], regions: dict[str, tuple[str, ...]]
) -> None:
    for station in facts(shown, regions).stations:
        assert station.view is not None
        assert station.coverage is not None
        for division in (station.view.footage, station.view.view):  # partitions, by construction or not at all
            assert division.window == WINDOW
            assert division.missing == IntervalSet(gap.interval for gap in station.coverage.gaps)
        assert not station.view.view.good - station.view.footage.good, "what is in view is usable footage"


@at_any_pace
@given(rooms, drawn)
def test_no_pass_with_an_unknown(shown: dict[str, Shown], regions: dict[str, tuple[str, ...]]) -> None:
    case = facts(shown, regions)
    seen = [each.view for each in case.stations if each.view is not None]
    if any(each.footage.at_worst for each in seen):
        assert clause(3, case).verdict is not Verdict.PASS
    if any(each.view.at_worst for each in seen):
        assert clause(4, case).verdict is not Verdict.PASS


@at_any_pace
@given(rooms, drawn, st.sampled_from(["wide", "near"]), _SECONDS, st.integers(1, 2000))
def test_more_usable_footage_from_the_same_cameras_never_worsens_a_clause(
    shown: dict[str, Shown], regions: dict[str, tuple[str, ...]], camera: str, start: int, length: int
) -> None:
    better = IntervalSet([span(start, start + length)]).clipped(WINDOW)
    if not better:
        return
    before, after = facts(shown, regions), facts({**shown, camera: shown[camera].mended(better)}, regions)
    for number in (3, 4):
        worse = [_WORSE.index(clause(number, case).verdict) for case in (before, after)]
        assert worse[1] <= worse[0], (clause(number, before).zh, clause(number, after).zh)


@at_any_pace
@given(rooms)
def test_a_station_with_usable_footage_is_out_of_view_only_where_a_camera_shows_it_obstructed(
    shown: dict[str, Shown],
) -> None:
    case = facts(shown)
    views = {each.camera.id: each.view for each in case.cameras if each.view is not None}
    for station in case.stations:
        assert station.view is not None
        seen = [views[name] for name in station.view.compared]
        hiding = [each.usable & each.when(station.station, View.OBSTRUCTED) for each in seen]
        out = station.view.view.unusable & station.view.footage.good
        assert not out - IntervalSet(part for parts in hiding for part in parts)
        for each in seen:
            assert not out & each.usable & each.when(station.station, View.NOT_VERIFIABLE)


@at_any_pace
@given(rooms)
def test_without_regions_the_view_of_a_station_is_its_footage(shown: dict[str, Shown]) -> None:
    for station in facts(shown, {"none": ()}).stations:
        assert station.view is not None
        assert station.view.view == station.view.footage


def test_a_station_interval_is_never_counted_twice() -> None:
    case = facts({"wide": Shown(obstructed=spans((0, 100)), faults=fault(Fault.BLACK, (50, 150)))})
    view = case.stations[0].view
    assert view is not None
    assert view.view.unusable == spans((0, 150))
    assert view.obstructed_by("wide") == IntervalSet([Interval(at(0), at(50))])
