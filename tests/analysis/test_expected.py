"""What must be seen: made of rooms, plan and rule pack; and what the judge makes of it.

For the judge the room of ``test_views``: A-01 seen by two cameras, A-02 by the wide one alone; and a door that only
the near one shows large enough, a paper desk for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.expected import changed_since, core, expectation, place_facts
from analysis.facts import Holding, PlaceFacts, SittingFacts
from analysis.judge import place_verdict, station_verdict
from config.rule_pack import Phases, fingerprint
from domain.expected import (
    Basis,
    Expectation,
    ExpectedPlace,
    ExpectedRoom,
    ExpectedView,
    FrozenExpectation,
    Lack,
    Phase,
)
from domain.law import Verdict
from domain.pictures import Fault
from domain.places import Camera, Room, Station
from domain.plan import RoomPlan, Target, Volume
from domain.timeline import Interval, IntervalSet
from tests.analysis.floorplan.rooms import ROOM, box, camera, station
from tests.analysis.ledgers import at, segment, span
from tests.analysis.test_views import (
    _SECONDS,
    _WORSE,
    EXAM,
    RULES,
    WHOLE,
    WINDOW,
    Shown,
    both,
    clause,
    drawn,
    facts,
    fault,
    rooms,
    spans,
)

cheaply = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PHASES = {Phase.ENTRY: span(0, 1800), Phase.EXAM: EXAM, Phase.PAPERS: span(4500, 5400)}
NEAR_WALL = station("A-01", 2.0, 2.5)  # c1 hangs on the left wall with 960 px of focal length
FAR = station("A-02", 8.6, 2.5)
DOOR = Volume(Target.DOOR, "南门", box(2.2, 1.0, 0.6, 0.4), 1.3, 1.8)


def room_of(plan: RoomPlan | None, sees: Sequence[str] = ("A-01", "A-02")) -> Room:
    cameras = (Camera("c1", "rtsp://c1", tuple(sees), panoramic=True), Camera("c2", "rtsp://c2", ()))
    return Room("R1", "一号考场", (Station("A-01"), Station("A-02")), cameras, plan)


def planned(*volumes: Volume, sees: Sequence[str] = ("A-01", "A-02")) -> dict[str, ExpectedPlace]:
    plan = replace(ROOM, volumes=volumes, mountings=(camera("c1"),))
    return {place.id: place for place in expectation([room_of(plan, sees)], RULES).places}


class TestWhatIsExpected:
    def test_by_plan_a_station_is_to_be_seen_by_a_registered_camera_that_reaches_its_level(self) -> None:
        place = planned(NEAR_WALL, FAR)["A-01"]
        assert (place.basis, place.level, place.px_per_m, place.lack) == (Basis.PLAN, "recognise", 125, None)
        (view,) = place.views
        assert view.camera == "c1"
        assert view.px_per_m is not None
        assert view.px_per_m >= 125

    def test_a_station_too_far_away_is_expected_of_nobody_and_what_comes_nearest_is_kept(self) -> None:
        place = planned(NEAR_WALL, FAR)["A-02"]
        assert (place.views, place.lack) == ((), Lack.TOO_SMALL)
        assert place.best is not None
        assert place.best.camera == "c1"
        assert (place.best.px_per_m or 0) < 125

    def test_a_camera_that_reaches_a_station_and_is_not_registered_for_it_proves_nothing(self) -> None:
        place = planned(NEAR_WALL, sees=("A-02",))["A-01"]
        assert (place.views, place.lack) == ((), Lack.NOT_REGISTERED)
        assert place.best is not None
        assert place.best.camera == "c1"

    def test_of_doors_and_desks_the_plan_alone_says_who_sees_them(self) -> None:
        place = planned(NEAR_WALL, DOOR)["南门"]
        assert (place.target, place.basis, place.level) == (Target.DOOR, Basis.PLAN, "identify")
        assert place.cameras == ("c1",)
        assert place.phases == (Phase.ENTRY,)

    def test_without_a_plan_the_register_is_all_there_is_and_says_nothing_of_densities(self) -> None:
        found = expectation([room_of(None)], RULES)
        assert [(each.id, each.basis, each.views) for each in found.places] == [
            ("A-01", Basis.REGISTER, (ExpectedView("c1"),)),
            ("A-02", Basis.REGISTER, (ExpectedView("c1"),)),
            ("R1", Basis.REGISTER, (ExpectedView("c1"),)),
        ]
        assert not found.rooms[0].drawn

    def test_a_station_that_is_not_on_the_plan_goes_by_the_register_and_is_named(self) -> None:
        plan = replace(ROOM, volumes=(NEAR_WALL,), mountings=(camera("c1"),))
        found = expectation([room_of(plan)], RULES)
        assert [each.basis for each in found.places if each.target is Target.STATION] == [Basis.PLAN, Basis.REGISTER]
        assert found.rooms[0].stations_not_drawn == ("A-02",)
        assert found.rooms[0].cameras_not_drawn == ("c2",)

    def test_the_floor_of_a_room_is_kept_with_its_blind_part(self) -> None:
        plan = replace(ROOM, mountings=(camera("c1"),))
        (floor,) = expectation([room_of(plan)], RULES).rooms
        assert floor.drawn
        assert floor.floor_share is not None
        assert 0 < floor.floor_share < floor.needed_share
        assert (floor.blind_m2 or 0) > 0

    def test_a_room_is_to_be_seen_by_its_panoramic_cameras(self) -> None:
        plain = room_of(None)
        without = replace(plain, cameras=tuple(replace(each, panoramic=False) for each in plain.cameras))
        place = expectation([without], RULES).places[-1]
        assert (place.target, place.views, place.lack) == (Target.ROOM, (), Lack.NO_CAMERA)

    def test_figures_are_rounded_down_and_the_least_width_up(self) -> None:
        (view,) = planned(NEAR_WALL)["A-01"].views
        assert view.px_per_m is not None
        assert view.least_width is not None
        assert view.least_width < 1920
        assert view.least_width >= 1920 * 125 / (view.px_per_m + 0.1)


class TestOwnTimes:
    PLACE = ExpectedPlace(Target.STATION, "A-01", "R1", "recognise", "辨认", 125, tuple(Phase), Basis.REGISTER)

    def test_the_core_of_a_station_is_its_own_times(self) -> None:
        own = [span(2000, 2600), span(3000, 3600)]
        assert core(self.PLACE, EXAM, own) == IntervalSet(own)

    def test_without_any_it_is_the_whole_exam(self) -> None:
        assert core(self.PLACE, EXAM, ()) == IntervalSet([EXAM])

    def test_times_that_the_exam_did_not_keep_count_for_nothing(self) -> None:
        assert core(self.PLACE, EXAM, [span(1000, 2600), span(3000, 3600)]) == IntervalSet([EXAM])

    def test_a_place_that_need_not_be_seen_in_the_exam_has_no_core(self) -> None:
        assert not core(replace(self.PLACE, phases=(Phase.ENTRY,)), EXAM, ())


def test_what_was_changed_since_the_opening_is_told_by_name() -> None:
    made = expectation([room_of(None)], RULES)
    frozen = FrozenExpectation(made, "ab" * 32, at(0))
    assert changed_since(frozen, RULES) == ()
    assert changed_since(frozen, replace(RULES, longest_gap_s=20)) == ("rules",)
    assert changed_since(replace(frozen, expectation=replace(made, version=0)), RULES) == ("geometry",)


def test_the_fingerprint_is_of_all_numbers_and_phases_and_of_no_words() -> None:
    other = Phases({**RULES.phases.places, "door": ("W1", "W2")}, RULES.phases.origins)
    density = replace(RULES.density, floor_share=0.9)
    assert (
        len({fingerprint(each) for each in (RULES, replace(RULES, phases=other), replace(RULES, density=density))})
        == 3
    )
    assert fingerprint(replace(RULES, title_zh="另一个标题", origins={})) == fingerprint(RULES)


# -- the judge --------------------------------------------------------------------------------------------------


def place(target: Target, name: str, phases: Sequence[Phase], *cameras: str) -> ExpectedPlace:
    level = RULES.density.needs[target]
    views = tuple(ExpectedView(each, 200.0, 1.0, 800) for each in cameras)
    lack = None if views else Lack.TOO_SMALL
    best = None if views else ExpectedView("wide", 81.0, 1.0, 2000)
    return ExpectedPlace(
        target, name, "R1", level.id, level.zh, level.px_per_m, tuple(phases), Basis.PLAN, views, lack, best
    )


FIRST = place(Target.STATION, "A-01", tuple(Phase), "wide", "near")
SECOND = place(Target.STATION, "A-02", tuple(Phase), "wide")
ENTRANCE = place(Target.DOOR, "南门", [Phase.ENTRY], "near")
DESK = place(Target.PAPER_DESK, "试卷台", [Phase.ENTRY, Phase.PAPERS], "wide", "near")
ALL = replace(place(Target.ROOM, "R1", tuple(Phase), "wide"), views=(ExpectedView("wide"),))
FLOOR = ExpectedRoom("R1", "detect", "探测", 25, 0.95, 0.99, 0.3)


def expected(*places: ExpectedPlace, floor: ExpectedRoom = FLOOR) -> Expectation:
    found = places or (FIRST, SECOND, ENTRANCE, DESK, ALL)
    return Expectation(RULES.id, fingerprint(RULES), RULES.density.scale, 1, found, (floor,))


def held_to(
    wanted: Expectation,
    shown: Mapping[str, Shown],
    regions: Mapping[str, Sequence[str]] | None = None,
    times: Mapping[str, Sequence[Interval]] | None = None,
) -> SittingFacts:
    case = facts(shown, regions)
    places = place_facts(wanted, case.cameras, case.stations, PHASES, WINDOW, times=times)
    return replace(case, expected=wanted, places=places)


GOOD = {"wide": Shown(), "near": Shown()}


class TestNoDeadAngle:
    def test_every_place_seen_at_its_level_passes_and_the_sentence_says_what_was_checked(self) -> None:
        case = held_to(expected(), GOOD)
        assert both(case) == (Verdict.PASS, Verdict.PASS)
        assert "已按布点图核对考场R1的像素密度与死角" in clause(4, case).zh
        assert "未检查" not in clause(4, case).zh

    def test_a_station_that_no_camera_sees_at_its_level_fails_with_its_sentence(self) -> None:
        case = held_to(expected(FIRST, place(Target.STATION, "A-02", tuple(Phase)), ALL), GOOD)
        assert both(case) == (Verdict.PASS, Verdict.FAIL)
        assert clause(4, case).zh.startswith("工位A-02（wide仅81）按布点图无任一摄像机达到辨认（125 px/m）")
        assert clause(4, case).en.startswith(
            "By the floor plan no camera reaches recognise (125 px/m) at station A-02 (wide has 81)"
        )
        assert station_verdict(case.stations[1], case, RULES) is Verdict.FAIL
        assert station_verdict(case.stations[0], case, RULES) is Verdict.PASS

    def test_a_door_that_no_camera_sees_at_its_level_is_judged_by_its_phases(self) -> None:
        for phases, verdict in (((Phase.ENTRY,), Verdict.WARN), ((Phase.ENTRY, Phase.EXAM), Verdict.FAIL)):
            case = held_to(expected(FIRST, SECOND, place(Target.DOOR, "南门", phases), ALL), GOOD)
            assert clause(4, case).verdict is verdict
            assert "出入口南门（wide仅81）按布点图无任一摄像机达到识别（250 px/m）" in clause(4, case).zh

    def test_a_camera_that_is_not_registered_is_named_as_such(self) -> None:
        lacking = replace(place(Target.STATION, "A-02", tuple(Phase)), lack=Lack.NOT_REGISTERED)
        case = held_to(expected(FIRST, lacking), GOOD)
        assert "工位A-02（wide达到但未登记可见该工位）" in clause(4, case).zh

    def test_too_little_floor_fails_and_refers_to_the_plan(self) -> None:
        case = held_to(expected(floor=replace(FLOOR, floor_share=0.9012, blind_m2=6.5)), GOOD)
        assert clause(4, case).verdict is Verdict.FAIL
        assert "考场R1地面仅90.12%达到探测（25 px/m），应不低于95%（完全看不到的死角6.5平方米，见布点图）" in (
            clause(4, case).zh
        )

    def test_a_room_without_a_plan_is_never_a_pass_and_says_why(self) -> None:
        whole = replace(ALL, views=(ExpectedView("wide"),))
        register = [replace(each, basis=Basis.REGISTER) for each in (FIRST, SECOND, whole)]
        case = held_to(expected(*register, floor=replace(FLOOR, floor_share=None, blind_m2=None)), GOOD)
        assert clause(4, case).verdict is Verdict.WARN
        assert "考场R1无布点图，像素密度与死角未检查，仅据摄像机登记判定" in clause(4, case).zh
        assert {place_verdict(each, RULES) for each in case.places} == {Verdict.WARN}, "how large they are is unknown"
        assert station_verdict(case.stations[0], case, RULES) is Verdict.PASS, "of its footage all is known"

    def test_footage_of_a_camera_that_does_not_reach_the_level_does_not_close_a_gap(self) -> None:
        lost = Shown(recorded=WHOLE - spans((2000, 2060)))
        only_near = place(Target.STATION, "A-01", tuple(Phase), "near")
        assert both(held_to(expected(), {"wide": Shown(), "near": lost})) == (Verdict.PASS, Verdict.WARN)
        case = held_to(expected(only_near, SECOND, ALL), {"wide": Shown(), "near": lost})
        assert both(case) == (Verdict.PASS, Verdict.FAIL)
        assert "工位A-01无有效画面60秒" in clause(4, case).zh

    def test_one_camera_lost_while_another_sees_the_station_at_its_level_is_a_warning(self) -> None:
        case = held_to(expected(), {"wide": Shown(), "near": Shown(recorded=WHOLE - spans((2000, 2600)))})
        assert both(case) == (Verdict.PASS, Verdict.WARN)
        assert "冗余丧失" in clause(4, case).zh

    def test_a_lost_door_is_told_in_its_phase_only(self) -> None:
        before = held_to(expected(), {"wide": Shown(), "near": Shown(recorded=WHOLE - spans((1000, 1900)))})
        assert "出入口南门无有效画面800秒" in clause(4, before).zh
        assert clause(4, before).verdict is Verdict.WARN
        later = held_to(expected(), {"wide": Shown(), "near": Shown(recorded=WHOLE - spans((1900, 2900)))})
        assert "出入口" not in clause(4, later).zh

    def test_a_room_without_its_panoramic_view_in_the_exam_fails(self) -> None:
        case = held_to(expected(FIRST, ALL), {"wide": Shown(recorded=WHOLE - spans((2000, 2060))), "near": Shown()})
        assert clause(4, case).verdict is Verdict.FAIL
        assert "考场R1全场无有效画面60秒" in clause(4, case).zh

    def test_a_moved_camera_leaves_its_places_unknown(self) -> None:
        case = held_to(expected(ALL), {"wide": Shown(faults=fault(Fault.MOVED, (2000, 5400))), "near": Shown()})
        assert clause(4, case).verdict is Verdict.UNKNOWN
        assert "考场R1全场是否可见有3400秒" in clause(4, case).zh

    def test_pictures_with_too_few_pixels_for_the_level_are_no_view(self) -> None:
        case = facts(GOOD)
        small = [Holding(replace(segment(2000, 2100, camera="wide"), width=799), (), None)]
        cameras = tuple(
            replace(each, holdings=tuple(small)) if each.camera.id == "wide" else each for each in case.cameras
        )
        seen = place_facts(expected(), cameras, case.stations, PHASES, WINDOW)
        assert [place_verdict(each, RULES) for each in seen] == [
            Verdict.PASS,  # the near one shows A-01 and the desk all the same
            Verdict.FAIL,
            Verdict.PASS,
            Verdict.PASS,
            Verdict.PASS,  # of a room as a whole the floor says how large things are
        ]

    def test_pictures_that_are_smaller_than_drawn_leave_the_floor_in_doubt(self) -> None:
        case = held_to(expected(floor=replace(FLOOR, widths=(("wide", 1920),))), GOOD)
        small = Holding(replace(segment(2000, 2100, camera="wide"), width=1280), (), None)
        cameras = tuple(
            replace(each, holdings=(small,)) if each.camera.id == "wide" else each for each in case.cameras
        )
        assert "考场R1的摄像机wide所录画面小于布点图所画" in clause(4, replace(case, cameras=cameras)).zh
        assert clause(4, replace(case, cameras=cameras)).verdict is Verdict.WARN
        assert clause(4, case).verdict is Verdict.PASS

    def test_what_must_be_seen_that_lost_its_digest_is_unknown(self) -> None:
        case = replace(held_to(expected(), GOOD), intact=False)
        assert clause(4, case).verdict is Verdict.UNKNOWN
        assert "与其摘要不符" in clause(4, case).zh

    @pytest.mark.parametrize("what", ["rules", "geometry"])
    def test_a_change_since_the_opening_is_told(self, what: str) -> None:
        case = replace(held_to(expected(), GOOD), changed=(what,))
        assert clause(4, case).verdict is Verdict.WARN
        assert "在开考后改" in clause(4, case).zh


class TestOneAfterAnother:
    def test_a_gap_outside_a_station_s_own_times_is_a_warning_and_within_them_a_failure(self) -> None:
        lost = {"wide": Shown(recorded=WHOLE - spans((2000, 2060)))}
        wanted = expected(replace(FIRST, views=FIRST.views[:1], times=(span(3000, 3600),)))
        assert both(held_to(wanted, lost, regions={"wide": ()})) == (Verdict.FAIL, Verdict.WARN), "A-02 has none"
        inside = expected(replace(FIRST, views=FIRST.views[:1], times=(span(1900, 2600), span(3000, 3600))))
        assert both(held_to(inside, lost, regions={"wide": ()}))[1] is Verdict.FAIL

    def test_real_times_of_candidates_take_the_place_of_planned_ones(self) -> None:
        lost = {"wide": Shown(recorded=WHOLE - spans((2000, 2060)))}
        wanted = expected(replace(FIRST, views=FIRST.views[:1], times=(span(1900, 2600),)))
        case = held_to(wanted, lost, {"wide": ()}, times={"A-01": [span(3000, 3600)]})
        assert clause(4, case).verdict is Verdict.WARN

    def test_the_tolerance_is_a_share_of_the_own_times(self) -> None:
        wanted = expected(replace(FIRST, views=FIRST.views[:1], times=(span(1900, 2600),)))
        for seconds, verdict in ((3.5, Verdict.WARN), (3.501, Verdict.FAIL)):  # 0.5 % of 700 s
            lost = {"wide": Shown(recorded=WHOLE - spans((2000, 2000 + seconds)))}
            assert clause(4, held_to(wanted, lost, {"wide": ()})).verdict is verdict


# -- properties -------------------------------------------------------------------------------------------------

_TIMES = st.lists(st.tuples(_SECONDS, st.integers(60, 900)), max_size=2).map(
    lambda told: tuple(IntervalSet(span(start, start + length) for start, length in told))
)
_CAMERAS = st.sampled_from([(), ("wide",), ("near",), ("wide", "near")])


@st.composite
def expectations(draw: st.DrawFn) -> Expectation:
    stations = [
        replace(place(Target.STATION, name, tuple(Phase), *draw(cameras)), times=draw(_TIMES))
        for name, cameras in (("A-01", _CAMERAS), ("A-02", st.sampled_from([(), ("wide",)])))
    ]
    phases = draw(st.lists(st.sampled_from(list(Phase)), min_size=1, max_size=3, unique=True))
    floor = replace(FLOOR, floor_share=draw(st.sampled_from([None, 0.5, 1.0])))
    return expected(*stations, place(Target.DOOR, "南门", sorted(phases), *draw(_CAMERAS)), ALL, floor=floor)


@cheaply
@given(expectations(), rooms, drawn)
def test_the_parts_of_every_place_add_up_to_the_window(
    wanted: Expectation, shown: dict[str, Shown], regions: dict[str, tuple[str, ...]]
) -> None:
    for each in held_to(wanted, shown, regions).places:
        assert each.view is not None
        assert each.coverage is not None
        assert each.view.view.window == WINDOW  # a partition, by construction or not at all
        assert each.view.view.missing == IntervalSet(gap.interval for gap in each.coverage.gaps)
        assert not each.core - each.required, "what must not be lost must be seen"


def may_be_unseen(each: PlaceFacts) -> bool:
    return each.view is None or not each.place.views or bool(each.view.view.at_worst & each.required)


@cheaply
@given(expectations(), rooms, drawn)
def test_no_pass_while_any_place_may_be_unseen_or_a_room_is_not_drawn(
    wanted: Expectation, shown: dict[str, Shown], regions: dict[str, tuple[str, ...]]
) -> None:
    case = held_to(wanted, shown, regions)
    if any(may_be_unseen(each) for each in case.places) or not all(room.drawn for room in wanted.rooms):
        assert clause(4, case).verdict is not Verdict.PASS
    verdict = clause(4, case).verdict
    for each in case.places:
        assert _WORSE.index(place_verdict(each, RULES)) <= _WORSE.index(verdict), "a clause is no better than a place"


@cheaply
@given(expectations(), rooms, drawn, st.sampled_from(["wide", "near"]), st.tuples(_SECONDS, st.integers(1, 2000)))
def test_more_usable_footage_of_the_same_cameras_never_worsens_a_clause_or_a_place(
    wanted: Expectation,
    shown: dict[str, Shown],
    regions: dict[str, tuple[str, ...]],
    name: str,
    mended: tuple[int, int],
) -> None:
    better = IntervalSet([span(mended[0], sum(mended))]).clipped(WINDOW)
    if not better:
        return
    before = held_to(wanted, shown, regions)
    after = held_to(wanted, {**shown, name: shown[name].mended(better)}, regions)
    for number in (3, 4):
        worse = [_WORSE.index(clause(number, case).verdict) for case in (before, after)]
        assert worse[1] <= worse[0], (clause(number, before).zh, clause(number, after).zh)
    for was, now in zip(before.places, after.places, strict=True):
        assert _WORSE.index(place_verdict(now, RULES)) <= _WORSE.index(place_verdict(was, RULES))


@cheaply
@given(expectations(), rooms, drawn)
def test_a_camera_more_that_is_expected_never_worsens_a_place(
    wanted: Expectation, shown: dict[str, Shown], regions: dict[str, tuple[str, ...]]
) -> None:
    door = next(each for each in wanted.places if each.target is Target.DOOR)
    with_both = replace(door, views=place(Target.DOOR, "南门", (), "wide", "near").views, lack=None, best=None)
    more = replace(wanted, places=tuple(with_both if each is door else each for each in wanted.places))
    found = [
        next(each for each in held_to(which, shown, regions).places if each.place.target is Target.DOOR)
        for which in (wanted, more)
    ]
    assert _WORSE.index(place_verdict(found[1], RULES)) <= _WORSE.index(place_verdict(found[0], RULES))


def test_stations_without_an_expectation_are_judged_as_ever() -> None:
    case = facts(GOOD)
    assert both(case) == (Verdict.PASS, Verdict.PASS)
    assert [each.required for each in case.all_places] == [WHOLE, WHOLE]
    assert case.core("A-01") == IntervalSet([EXAM])
    assert all(each.core == IntervalSet([EXAM]) for each in case.all_places)


def test_an_exam_of_no_length_leaves_nothing_to_be_lost() -> None:
    case = facts(GOOD)
    places = place_facts(expected(), case.cameras, case.stations, {Phase.ENTRY: span(0, 1800)}, WINDOW)
    assert not any(each.core for each in places)
    assert timedelta(seconds=1800) == places[0].required.length
