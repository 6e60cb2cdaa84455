"""Faults in JSON, and the camera's clock that two of them set wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ingest.simulator.camera_clock import CameraClock
from ingest.simulator.errors import UnknownFault
from ingest.simulator.faults import (
    NAMES,
    Cover,
    Disconnect,
    Loop,
    PacketLoss,
    PlayedFault,
    StationShown,
    fault_from_json,
    fault_to_json,
    name_of,
)
from tests.fakes.time import NOON, FakeClock

NEEDED: dict[str, dict[str, float]] = {
    "packet_loss": {"rate": 0.1},
    "congestion": {"delay_s": 0.4},
    "clock_offset": {"offset_s": -3},
    "clock_drift": {"ppm": 50},
}


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_goes_to_json_and_back(name: str) -> None:
    fault = fault_from_json({"fault": name, "seconds": 8, **NEEDED.get(name, {})})
    assert name_of(fault) == name
    assert fault_from_json(fault_to_json(fault)) == fault


def test_the_truth_of_a_hall_goes_to_json_with_the_stations_that_were_lost() -> None:
    lost = (StationShown("04", "obstructed", 0.25),)
    played = PlayedFault("A-01", Cover(2, station="04"), NOON, NOON + timedelta(seconds=2), lost)
    assert played.to_json()["stations"] == [{"station": "04", "state": "obstructed", "seen": 0.25}]
    assert PlayedFault.from_json(played.to_json()) == played


def test_the_truth_goes_to_json_and_back() -> None:
    played = PlayedFault("A-01", PacketLoss(2, 0.1, 7), NOON, NOON + timedelta(seconds=2.001))
    assert PlayedFault.from_json(played.to_json()) == played


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"fault": "explode", "seconds": 1}, "no fault 'explode'"),
        ({"seconds": 1}, "no fault None"),
        ({"fault": "stall"}, "stall needs seconds"),
        ({"fault": "stall", "seconds": "long"}, "seconds must be a number"),
        ({"fault": "stall", "seconds": 0}, "more than 0"),
        ({"fault": "stall", "seconds": float("nan")}, "must be a number"),
        ({"fault": "packet_loss", "seconds": 1}, "needs rate"),
        ({"fault": "cover", "seconds": 1, "colour": 3}, "has no field colour"),
        ({"fault": "cover", "seconds": 1, "station": 3}, "station must be a name"),
        ({"fault": "cover", "seconds": 1, "share": 1.5}, "share must be more than 0 and at most 1"),
        ({"fault": "defocus", "seconds": 1, "sigma": 0}, "sigma must be more than 0"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_one_line(document: dict[str, Any], words: str) -> None:
    with pytest.raises(UnknownFault, match=words):
        fault_from_json(document)


def test_defaults_say_how_bad_a_fault_is() -> None:
    assert fault_from_json({"fault": "loop", "seconds": 9}) == Loop(9, span_s=3.0)
    assert fault_to_json(Disconnect(8)) == {"fault": "disconnect", "seconds": 8}


def test_a_cameras_clock_follows_the_host() -> None:
    host = FakeClock()
    clock = CameraClock(host)
    host.advance(10)
    assert clock.elapsed() == pytest.approx(10)
    assert clock.wall_at(clock.elapsed()) == host.now()
    assert clock.seconds_until(12.5) == pytest.approx(2.5)


def test_a_step_of_the_hosts_clock_does_not_reach_the_camera() -> None:
    host = FakeClock()
    clock = CameraClock(host)
    host.step(100)
    assert clock.wall_at(clock.elapsed()) == NOON


def test_an_offset_moves_the_time_of_day_alone() -> None:
    host = FakeClock()
    clock = CameraClock(host)
    clock.set_ahead(-40)
    host.advance(1)
    assert clock.elapsed() == pytest.approx(1)
    assert clock.wall_at(1) == NOON + timedelta(seconds=-39)


def test_a_standstill_stops_everything_but_the_time_of_day() -> None:
    host = FakeClock()
    clock = CameraClock(host)
    host.advance(10)
    clock.stand_still(3)
    host.advance(2)
    assert clock.elapsed() == pytest.approx(10)
    assert clock.seconds_until(10.5) == pytest.approx(1.5)
    host.advance(5)
    assert clock.elapsed() == pytest.approx(14)
    assert clock.wall_at(clock.elapsed()) == host.now()


def test_a_drift_moves_everything_and_only_the_time_of_day_is_set_right_again() -> None:
    host = FakeClock()
    clock = CameraClock(host)
    end = clock.drift(1000)
    host.advance(100)
    assert clock.elapsed() == pytest.approx(100.1)
    assert clock.wall_at(clock.elapsed()) == NOON + timedelta(seconds=100.1)
    end()
    host.advance(10)
    assert clock.elapsed() == pytest.approx(110.1)
    assert abs(clock.wall_at(clock.elapsed()) - host.now()) < timedelta(microseconds=10)
