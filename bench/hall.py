"""Pictures of a rendered hall a second, beside OpenCV's warping of one picture of the same size, on one thread.

Three things are measured: the camera of a large hall with full noise, once while people are still being cast and
once when they are; the truth about its pictures; and a simulated camera of the small hall, drawn and coded, beside
the drawn scene that simulated cameras show otherwise.
Prints JSON lines, the last one with the goal, and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import cv2
import numpy as np

from ingest.simulator.encoder import Encoder
from ingest.simulator.hall.examples import example_hall, patrol
from ingest.simulator.hall.filming import Filming, Hall
from ingest.simulator.hall.script import Script, Walk, seats_taken
from ingest.simulator.hall.staged import StagedScene
from ingest.simulator.scene import Scene

SIZE = (1280, 720)
FPS = 15
GOALS = {"pictures_per_s": 20}
"""The least, for one core."""


def per_second(work: Callable[[int], object], count: int) -> float:
    """How often a second of processor time it can be done."""
    start = time.process_time()
    for number in range(count):
        work(number)
    return count / (time.process_time() - start)


def warped(count: int) -> float:
    """The peer: one picture of that size put through a homography again and again."""
    picture = np.random.default_rng(1).integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    matrix = np.array([[1.01, 0.02, -4.0], [0.01, 0.99, 2.0], [1e-5, 2e-5, 1.0]])
    return per_second(lambda _: cv2.warpPerspective(picture, matrix, SIZE), count)


def filmed(count: int) -> dict[str, float]:
    """The first camera of the large hall, a picture every two seconds."""
    plan = example_hall()
    walk = Walk(who="invigilator", path=patrol(plan), closed=True)
    filming = Filming(Hall(plan, Script((*seats_taken(plan), walk)), 1), plan.mountings[0].camera)
    start = time.process_time()
    filming.prepare(0.0)
    ready_s = time.process_time() - start
    cold = per_second(lambda number: filming.picture(2.0 * number), count)
    warm = per_second(lambda number: filming.picture(2.0 * number), count)
    truth = per_second(lambda number: filming.truth(2.0 * number), count)
    return {"ready_s": ready_s, "first_pictures_per_s": cold, "pictures_per_s": warm, "truths_per_s": truth}


def staged(count: int) -> dict[str, float]:
    """A simulated camera's picture, drawn and coded, of a hall and of the drawn scene, in milliseconds."""
    noon = datetime(2026, 5, 1, 4, tzinfo=UTC)
    names = ["01", "02", "03", "04"]
    scenes: dict[str, Scene | StagedScene] = {
        "drawn": Scene("ROOM 1", "A-01", names, *SIZE),
        "hall": StagedScene("ROOM 1  /  A-01", SIZE, "small", "A-01", 1),
    }
    told = {}
    for name, scene in scenes.items():
        encoder = Encoder(*SIZE, FPS, FPS, 2_000_000)

        def one(number: int, scene: Scene | StagedScene = scene, encoder: Encoder = encoder) -> object:
            return encoder.encode(scene.render(number, number / FPS, noon), number % FPS == 0)

        told[f"{name}_first_ms"] = 1000 / per_second(one, count)
        told[f"{name}_ms"] = 1000 / per_second(one, count)
    return {**told, "ratio_vs_drawn": told["hall_ms"] / told["drawn_ms"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=400)
    count = parser.parse_args().pictures
    cv2.setNumThreads(1)
    peer = warped(count)
    measured = filmed(count)
    print(json.dumps({"bench": "hall.staged", **_rounded(staged(count))}))
    line = {**_rounded(measured), "peer": "cv2.warpPerspective", "peer_per_s": round(peer, 1)}
    print(
        json.dumps(
            {"bench": "hall.filmed", **line, "ratio": round(measured["pictures_per_s"] / peer, 3), "goals": GOALS}
        )
    )


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}


if __name__ == "__main__":
    main()
