"""Real footage of a fixed camera: an empty room, and people who come to its table one by one.

The footage lies outside the project (KAOJIAN_VISION_DIR); without it these tests are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest

from analysis.calibration import Calibration, calibrate
from analysis.edges import Picture
from analysis.picture import measure
from analysis.sight import decide
from domain.pictures import Region, View
from domain.timeline import IntervalSet
from tests.analysis.rooms import boarded, timed

FOLDER = Path(os.environ.get("KAOJIAN_VISION_DIR", Path(__file__).resolve().parents[3] / "shared" / "vision"))
CLIP = FOLDER / "footage" / "one-by-one-person-detection.mp4"
TABLE = Region("1", ((0.46, 0.14), (0.72, 0.14), (0.72, 0.82), (0.46, 0.82)))
SCREEN = Region("2", ((0.0, 0.0), (0.26, 0.0), (0.26, 0.46), (0.0, 0.46)))

pytestmark = pytest.mark.skipif(not CLIP.is_file(), reason=f"no footage at {CLIP}; set KAOJIAN_VISION_DIR")


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    """One each second."""
    with av.open(str(CLIP), "r") as container:
        frames = enumerate(container.decode(video=0))
        return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for at, frame in frames if at % 10 == 0]


@pytest.fixture(scope="module")
def calibration(pictures: list[Picture]) -> Calibration:
    return calibrate(pictures[:6], [TABLE, SCREEN])


def test_people_at_a_table_are_neither_a_fault_nor_an_obstruction(
    pictures: list[Picture], calibration: Calibration
) -> None:
    sight = decide(measure(timed(pictures[::2]), calibration))
    assert sight.faults == ()
    assert sight.unverified == IntervalSet()
    assert {span.view for span in sight.stations if span.station == "2"} == {View.VISIBLE}
    assert View.OBSTRUCTED not in {span.view for span in sight.stations}


def test_a_board_that_stays_is_an_obstruction_while_people_come_and_go_elsewhere(
    pictures: list[Picture], calibration: Calibration
) -> None:
    scenes = [scene if at < 15 else boarded(scene, SCREEN, 0.5) for at, scene in enumerate(pictures[:100:2])]
    sight = decide(measure(timed(scenes), calibration))
    obstructed = [span.interval for span in sight.stations if (span.station, span.view) == ("2", View.OBSTRUCTED)]
    assert len(obstructed) == 1
    assert abs((obstructed[0].start - next(iter(sight.seen)).start).total_seconds() - 31.5) <= 2
    assert obstructed[0].end == next(iter(sight.seen)).end
