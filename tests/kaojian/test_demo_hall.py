"""The drawn hall of the demonstration is a good one: what its report tells is what is played, and nothing besides."""

from __future__ import annotations

import json

from analysis.expected import expectation
from config.rule_pack import load
from domain.places import Room
from domain.plan import Target
from kaojian import demo_hall
from records.declaration import parse

RULES = load("SG-2022-08-10")


def hall() -> Room:
    """As the demonstration sets it up."""
    room = demo_hall.room({camera: f"rtsp://127.0.0.1:8554/{camera}" for camera in demo_hall.HANGING}, RULES)
    site = {"id": "sg-demo", "name": "示范", "county": "浈江区", "rooms": [room]}
    return parse(json.dumps({"sites": [site]}), "demo.yaml").sites[0].rooms[0]


def test_by_its_plan_every_place_of_the_hall_is_seen_at_its_level_and_enough_of_its_floor() -> None:
    found = expectation([hall()], RULES)
    assert [place.id for place in found.places if place.lack is not None] == []
    assert {place.target for place in found.places} == set(Target)
    (floor,) = found.rooms
    assert floor.floor_share is not None
    assert floor.floor_share >= floor.needed_share
    assert (floor.stations_not_drawn, floor.cameras_not_drawn) == ((), ())


def test_the_station_that_is_covered_is_seen_by_one_camera_alone() -> None:
    covered = next(place for place in expectation([hall()], RULES).places if place.id == demo_hall.COVERED)
    assert covered.cameras == ("c7",)
