"""The optional extra, really run: in a process of its own, in an environment of its own, on real weights and footage.

Skipped where that environment was not made (``ultralytics_environment``) or weights and footage are not there.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import cv2
import pytest

from analysis.people.boxes import overlaps, rows_of
from analysis.people.opening import Form, Model, Runtime, open_detector
from domain.presence import Box
from tests.analysis.people.ultralytics_environment import PYTHON
from tests.house.rules import ROOT
from tests.vision import pictures, vision_file

CHILD = """
import json, sys
import torchvision_cpu  # operators that torchvision lacks without CUDA
import cv2
from pathlib import Path
from analysis.people.opening import Form, Model, open_detector

weights, *pictures = sys.argv[1:]
model = Model("yolo11n", Form.PYTORCH, Path(weights).read_bytes(), may_unpickle=True)
detector = open_detector(model, side=320)
found = detector.detect([cv2.imread(each) for each in pictures])
boxes = [[[box.left, box.top, box.right, box.bottom, box.score] for box in each] for each in found]
print(json.dumps({"name": detector.name, "people": boxes}))
"""


@pytest.mark.timeout(170)
def test_ultralytics_finds_whom_our_own_decoder_finds_with_the_same_weights(tmp_path: Path) -> None:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is not there; see tests/analysis/people/ultralytics_environment.py")
    weights, ours = vision_file("weights/yolo11n_deq.pt"), vision_file("weights/yolo11n_deq.onnx")
    shown = [*pictures("classroom.gif", every=20), *pictures("one-by-one-person-detection.mp4", every=500)]
    files = [tmp_path / f"{number}.png" for number in range(len(shown))]
    for file, picture in zip(files, shown, strict=True):
        cv2.imwrite(str(file), picture)
    environment = {"PYTHONPATH": f"{vision_file('torchvision_cpu.py').parent}:{ROOT}", "HOME": str(tmp_path)}
    command = [str(PYTHON), "-c", CHILD, str(weights), *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["name"] == "yolo11n (320), ultralytics cpu" or said["name"].endswith("cuda:0")
    own = open_detector(Model("own", Form.ONNX, ours.read_bytes()), runtimes=[Runtime.OPENVINO], side=320)
    people = [[Box(*box) for box in each if box[4] > 0.5] for each in said["people"]]
    assert sum(map(len, people)) >= 10
    for theirs, mine in zip(people, own.detect(shown), strict=True):
        assert len(theirs) == sum(box.score > 0.5 for box in mine)
        if theirs:
            assert (overlaps(rows_of(tuple(theirs))[0], rows_of(mine)[0]).max(axis=1) > 0.8).all()
