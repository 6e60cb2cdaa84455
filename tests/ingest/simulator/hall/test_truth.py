"""The truth about rendered pictures, held against rays tried one by one and against what was put there on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from domain.pictures import Fault
from domain.plan import Mounting, Obstacle, RoomPlan, Target, Volume
from ingest.simulator.hall.covers import volume_points
from ingest.simulator.hall.examples import example_hall, small_hall, with_size
from ingest.simulator.hall.figures import Body
from ingest.simulator.hall.filming import Filming, Hall
from ingest.simulator.hall.furnishing import furnished
from ingest.simulator.hall.optics import Optics
from ingest.simulator.hall.script import (
    Board,
    Cast,
    Cloth,
    Defocused,
    Event,
    Exposed,
    Frozen,
    LensCovered,
    Looped,
    Passing,
    Script,
    Sitting,
    Standing,
    Turned,
    Walk,
    seats_taken,
)
from ingest.simulator.hall.surfaces import Floats, Surface
from ingest.simulator.hall.truth import PictureTruth, State, StationTruth

SIZE = (320, 180)


def filmed(*events: Event, camera: str = "A-01", stations: int = 4) -> Filming:
    return Filming(Hall(with_size(small_hall(stations), *SIZE), Script(events), 5), camera)


def of(truth: PictureTruth, station: str) -> StationTruth:
    return next(each for each in truth.stations if each.station == station)


@cache
def bare() -> Filming:
    return filmed()


def random_room(seed: int) -> RoomPlan:
    """Stations, obstacles and a camera anywhere."""
    random = np.random.default_rng(seed)
    stations, obstacles = [], []
    for number in range(3):
        x, y = random.uniform(1.5, 8.5), random.uniform(1.5, 6.5)
        outline = ((x - 0.7, y + 0.6), (x + 0.7, y + 0.6), (x + 0.7, y - 0.6), (x - 0.7, y - 0.6))
        stations.append(Volume(Target.STATION, f"S{number}", outline, 0.75, 1.35))
    for number in range(4):
        x, y, side = random.uniform(2, 8), random.uniform(2, 6), random.uniform(0.1, 0.6)
        outline = ((x, y), (x + side, y), (x + side, y + 0.8), (x, y + 0.8))
        obstacles.append(Obstacle(f"P{number}", outline, random.uniform(1.2, 3.0)))
    pan, tilt = random.uniform(20, 70), random.uniform(10, 30)
    mounting = Mounting("A-01", 0.3, 0.3, random.uniform(2.2, 2.9), pan, tilt, 90, *SIZE)
    room = ((0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0))
    return RoomPlan(room, 3.0, tuple(obstacles), tuple(stations), (mounting,))


@pytest.mark.parametrize("seed", range(2))
def test_shares_are_those_that_rays_tried_one_by_one_give(seed: int) -> None:
    plan = random_room(seed)
    script = Script(tuple(seats_taken(plan)))
    truth = Filming(Hall(plan, script, seed), "A-01").truth(10.0)
    optics = Optics(plan.mountings[0])
    cast = Cast(plan, script, seed)
    bodies = [cast.body(pose) for pose in cast.at(10.0, optics)]
    differences = []
    for volume in plan.volumes:
        out, room, people = _tried(optics, furnished(plan, seed), bodies, volume)
        told = of(truth, volume.id)
        assert told.out_of_frame == pytest.approx(out)
        assert told.hidden_by_room == pytest.approx(room)
        differences.append(abs(told.hidden_by_people - people))
    assert max(differences) < 0.08  # people are told by pixels, which are 2 to 5 cm wide there
    assert np.mean(differences) < 0.03


def _tried(
    optics: Optics, surfaces: Sequence[Surface], bodies: Sequence[Body], volume: Volume
) -> tuple[float, float, float]:
    """Shares out of frame, behind the room and behind people, by stepping along the line to each point."""
    out = room = people = 0
    points = volume_points(volume)
    others = [surface for surface in surfaces if surface.owner != volume.id and surface.corners is None]
    prisms = [surface for surface in surfaces if surface.corners is not None and len(surface.corners) == 4]
    for point in points:
        _, _, framed = optics.project(point[None])
        if not framed[0]:
            out += 1
        elif any(_crosses(optics.centre, point, surface) for surface in (*others, *prisms)):
            room += 1
        elif any(_runs_through(optics.centre, point, body) for body in bodies):
            people += 1
    return out / len(points), room / len(points), people / len(points)


def _crosses(lens: Floats, point: Floats, surface: Surface) -> bool:
    """Whether the two ends lie on different sides of the plane, and the line passes inside all four edges."""
    corners = surface.outline_points()
    before, behind = ((end - corners[0]) @ surface.normal for end in (lens, point))
    if before * behind >= 0:
        return False
    way = point - lens
    sides = [np.dot(way, np.cross(corners[k] - lens, corners[(k + 1) % 4] - lens)) for k in range(4)]
    return all(side >= 0 for side in sides) or all(side <= 0 for side in sides)


def _runs_through(lens: Floats, point: Floats, body: Body) -> bool:
    steps = lens + np.linspace(0.02, 0.9999, 400)[:, None] * (point - lens)
    for start, end, radius in zip(body.starts, body.ends, body.radii, strict=True):
        way = end - start
        share = np.clip((steps - start) @ way / max(way @ way, 1e-12), 0, 1)
        if (np.linalg.norm(steps - (start + share[:, None] * way), axis=1) < radius).any():
            return True
    return False


def test_every_station_of_the_small_hall_is_planned_to_be_seen_by_both_cameras_or_nearly() -> None:
    for camera in ("A-01", "A-02"):
        planned = filmed(camera=camera, stations=6).planned
        assert sum(share > 0.8 for share in planned.values()) >= 4
    assert all(share > 0.5 for share in bare().planned.values())


def test_the_blind_spots_of_the_large_hall_are_blind_for_every_camera_and_no_other_station_is() -> None:
    hall = Hall(with_size(example_hall(), *SIZE))
    planned = [Filming(hall, camera).planned for camera in hall.cameras()]
    best = {station: max(shares[station] for shares in planned) for station in planned[0]}
    assert len(best) == 36
    assert {station for station, share in best.items() if share < 0.5} == {"E-35", "E-36"}
    assert min(share for station, share in best.items() if station not in {"E-35", "E-36"}) > 0.9
    assert planned[0]["E-14"] < 0.5 < planned[1]["E-14"]


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_a_board_hides_its_share_of_the_station_from_its_camera(share: float) -> None:
    told = of(filmed(Board(station="04", camera="A-01", share=share)).truth(0.0), "04")
    assert told.hidden_by_cover == pytest.approx(share, abs=0.1)
    assert told.state is State.OBSTRUCTED


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_a_cloth_hides_what_it_lies_on_from_every_camera_and_from_some_what_stands_behind_it(share: float) -> None:
    for camera in ("A-01", "A-02"):
        told = of(filmed(Cloth(station="04", share=share), camera=camera).truth(0.0), "04")
        assert told.hidden_by_cover >= min(share, told.planned) - 0.01
        assert told.state is State.OBSTRUCTED


def test_shares_add_up_and_people_alone_obstruct_nothing() -> None:
    hall = with_size(small_hall(4), *SIZE)
    truth = filmed(*seats_taken(hall), Passing(camera="A-01", start_s=0, end_s=10)).truth(5.0)
    for told in truth.stations:
        assert told.seen >= 0
        assert told.state is State.VISIBLE
        assert told.occupied
    assert max(told.hidden_by_people for told in truth.stations) > 0.3


def test_a_half_covered_lens_hides_what_lies_in_that_half() -> None:
    whole, half = bare().truth(0.0), filmed(LensCovered(camera="A-01", share=0.5)).truth(0.0)
    lost = {told.station for told in half.stations if told.state is State.OBSTRUCTED}
    assert "03" in lost  # at the left of the picture
    assert "01" not in lost
    assert Fault.COVERED not in half.faults
    assert whole.faults == frozenset()


def test_a_camera_that_was_turned_far_loses_stations_out_of_its_frame() -> None:
    truth = filmed(Turned(camera="A-01", pan=45)).truth(0.0)
    lost = [told for told in truth.stations if told.out_of_frame > 0.5]
    assert lost
    assert all(told.state is State.OBSTRUCTED for told in lost)
    assert truth.faults == {Fault.MOVED}


def test_what_is_wrong_with_the_whole_picture_is_named_as_the_analysis_names_it() -> None:
    cases: list[tuple[Event, Fault]] = [
        (LensCovered(camera="A-01"), Fault.COVERED),
        (Defocused(camera="A-01"), Fault.DEFOCUSED),
        (Exposed(camera="A-01", level=0.3), Fault.DIM),
        (Exposed(camera="", level=0.03), Fault.BLACK),
        (Exposed(camera="A-01", level=3.0), Fault.OVEREXPOSED),
        (Frozen(camera="A-01"), Fault.FROZEN),
        (Looped(camera="A-01"), Fault.LOOPED),
    ]
    for event, fault in cases:
        assert filmed(event).truth(20.0).faults == {fault}
    assert filmed(Frozen(camera="A-02")).truth(20.0).faults == frozenset()


def test_somebody_standing_free_has_a_box_from_head_to_foot_and_all_of_them_is_visible() -> None:
    walk = Walk(who="invigilator", path=((4.0, 2.2), (4.0, 0.4)), speed=0.1)
    filming = filmed(walk, stations=3)
    [person] = filming.truth(0.0).people
    optics = Optics(filming.mounting)
    pixels, _, _ = optics.project(np.array([[4.0, 2.2, 0.0], [4.0, 2.2, 1.72]]))
    foot, head = pixels[:, 1]
    assert person.who == "invigilator"
    assert person.station == ""
    assert person.box[3] == pytest.approx(foot, abs=8)
    assert person.box[1] == pytest.approx(head, abs=8)
    assert person.visible > 0.95


def test_somebody_behind_a_board_is_told_with_the_share_that_is_still_visible() -> None:
    sitting = Sitting(station="04")
    [free] = filmed(sitting).truth(0.0).people
    [behind] = filmed(sitting, Board(station="04", camera="A-01", share=0.5)).truth(0.0).people
    assert behind.visible < 0.8 * free.visible
    assert not filmed(sitting, Cloth(station="04")).truth(0.0).people


def test_a_station_is_occupied_while_somebody_sits_or_stands_there() -> None:
    events = (Sitting(station="02", start_s=10, end_s=20), Standing(station="02", start_s=12, end_s=14))
    filming = filmed(*events)
    assert [of(filming.truth(at_s), "02").occupied for at_s in (9, 10, 13, 19, 20)] == [
        False,
        True,
        True,
        True,
        False,
    ]
