"""Simulated cameras that show a hall: the burnt-in line stays, faults show, and the truth says what they took."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.simulator.drill import description_from_json, read_truth, run_site
from ingest.simulator.errors import BadDescription, FaultNotPossible
from ingest.simulator.faults import Cover, Defocus, Dim, FreezePicture, PlayedFault, Turn
from ingest.simulator.hall.staged import StagedScene
from ingest.simulator.scene import LensFault, read_frame_number

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
HALL: dict[str, Any] = {
    "id": "A-01", "room": "ROOM 301", "width": 640, "height": 360, "fps": 10, "hall": "small",
}  # fmt: skip


@cache
def scene() -> StagedScene:
    return StagedScene("ROOM 301  /  A-01", (640, 360), "small", "A-01", 0)


def seen(number: int, lens: tuple[LensFault, ...] = ()) -> NDArray[np.uint8]:
    scene().prepare(lens)
    frame = scene().render(number, number / 10, NOON, lens)
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420), np.uint8)


@pytest.mark.parametrize(
    "lens",
    [(), (Cover(1, station="04"),), (Turn(1, pan=12),), (Defocus(1),), (Cover(1, share=0.5), Dim(1)), (Cover(1),)],
)
def test_the_frame_number_can_be_read_whatever_is_wrong_with_the_camera(lens: tuple[LensFault, ...]) -> None:
    assert read_frame_number(seen(70, lens)) == 70
    if lens:
        assert np.abs(seen(70)[20:].astype(int) - seen(70, lens)[20:]).mean() > 1


def test_a_cloth_over_a_station_takes_that_station_and_a_half_covered_lens_that_half() -> None:
    [taken] = scene().meaning(Cover(1, station="04"))
    assert (taken.station, taken.state, taken.seen) == ("04", "obstructed", 0.0)
    assert {each.station for each in scene().meaning(Cover(1))} == {"01", "02", "03", "04"}
    assert "01" not in {each.station for each in scene().meaning(Cover(1, share=0.5))}
    assert not scene().meaning(Turn(1, pan=2))


def test_a_hall_is_empty_until_the_candidates_come_and_stays_so_where_they_are_absent() -> None:
    waiting = StagedScene("ROOM 301  /  A-01", (640, 360), "small", "A-01", 0, empty_s=30, absent=("02",))
    before, after = (waiting._filming.truth(at_s) for at_s in (29.0, 31.0))
    assert before.people == ()
    assert {each.station for each in after.stations if each.occupied} == {"01", "03", "04"}
    assert "02" not in {each.station for each in after.people}


def test_what_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(BadDescription, match="no hall 'huge'; there are example, small"):
        StagedScene("ROOM 301", (640, 360), "huge", "A-01", 0)
    with pytest.raises(BadDescription, match="nothing hangs at 'B-07'; there are A-01, A-02"):
        StagedScene("ROOM 301", (640, 360), "small", "B-07", 0)
    with pytest.raises(FaultNotPossible, match="no station '09'"):
        scene().prepare([Cover(1, station="09")])
    with pytest.raises(BadDescription, match="a hall or a file"):
        CameraSettings("A-01", "ROOM 301", hall="small", file=Path("film.mp4"))


def test_a_camera_without_a_hall_is_not_turned_and_no_station_of_it_covered() -> None:
    async def play() -> None:
        camera = SimulatedCamera(CameraSettings("A-01", "ROOM 301", ("01",), width=320, height=180))
        for fault in (Turn(1), Cover(1, station="01")):
            with pytest.raises(FaultNotPossible, match="shows no hall"):
                await camera.play(fault)

    asyncio.run(play())


def test_faults_of_a_hall_are_played_by_schedule_and_command_and_the_truth_names_the_stations(tmp_path: Path) -> None:
    document = {
        "cameras": [HALL],
        "faults": [{"at_s": 0.0, "camera": "A-01", "fault": "cover", "station": "04", "seconds": 0.2}],
        "truth": str(tmp_path / "truth.jsonl"),
    }
    said: list[dict[str, Any]] = []

    async def drill() -> list[PlayedFault]:
        stop = asyncio.Event()

        def tell(line: str) -> None:
            said.append(json.loads(line))
            if sum("played" in one for one in said) == 3:
                stop.set()

        async def commands() -> Any:
            yield '{"camera": "A-01", "fault": "turn", "pan": 60, "seconds": 0.2}\n'
            yield '{"camera": "A-01", "fault": "freeze_picture", "seconds": 0.2}\n'
            yield '{"camera": "A-01", "fault": "cover", "station": "77", "seconds": 0.2}\n'

        async with asyncio.timeout(60):
            return await run_site(description_from_json(document), stop, commands=commands(), tell=tell)

    truth = {type(played.fault): played for played in asyncio.run(drill())}
    assert [taken.station for taken in truth[Cover].stations] == ["04"]
    assert {taken.state for taken in truth[Turn].stations} == {"obstructed"}
    assert not truth[FreezePicture].stations
    assert any("no station '77'" in one.get("error", "") for one in said)
    written = {type(played.fault): played for played in read_truth(tmp_path / "truth.jsonl")}
    assert {kind: played.stations for kind, played in written.items()} == {
        kind: played.stations for kind, played in truth.items()
    }


def test_a_scheduled_fault_that_its_camera_cannot_show_ends_the_drill_before_it_begins() -> None:
    document = {
        "cameras": [{key: value for key, value in HALL.items() if key != "hall"}],
        "faults": [{"at_s": 5, "camera": "A-01", "fault": "turn", "seconds": 1}],
    }
    with pytest.raises(FaultNotPossible, match="shows no hall"):
        asyncio.run(run_site(description_from_json(document), asyncio.Event(), tell=lambda line: None))
