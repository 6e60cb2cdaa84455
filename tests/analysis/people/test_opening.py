"""Detectors on both runtimes: small networks written by hand, what is refused and why; nothing is unpickled."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tomllib
from math import log
from pathlib import Path

import numpy as np
import pytest

from analysis.people import onnx_network, opening, openvino_network
from analysis.people.errors import ModelRefused, RuntimeMissing
from analysis.people.networks import GPU_AT_ONCE
from analysis.people.opening import Form, Model, Runtime, open_detector
from tests.fakes.onnx_file import constant_network, yolox_answer
from tests.house.rules import ROOT

SIDE = 64
BOTH = pytest.mark.parametrize("runtime", [Runtime.OPENVINO, Runtime.ONNX])


def network(*answers: np.ndarray[tuple[int, ...], np.dtype[np.float32]], **rest: object) -> Model:
    return Model("made", Form.ONNX, constant_network(answers, **rest))  # type: ignore[arg-type]


def one_person() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Around the middle of cell 9 of the first grid of 8 x 8: the second row, the second column."""
    return yolox_answer(SIDE, [(9, 0.5, 0.5, log(2), log(3))])


@BOTH
def test_a_network_finds_people_in_pixels_of_each_picture(runtime: Runtime) -> None:
    detector = open_detector(network(one_person()), runtimes=[runtime])
    assert detector.side == SIDE
    assert detector.name.startswith("made (yolox 64), ")
    shown = [np.zeros((*size, 3), np.uint8) for size in ((64, 64), (128, 100), (20, 16), (20, 64))]
    found = detector.detect(shown)
    places = [[round(edge, 3) for edge in (box.left, box.top, box.right, box.bottom)] for (box,) in found]
    assert places[0] == [4, 0, 20, 24]
    assert places[1] == [8, 0, 40, 48]
    assert places[2] == [1.333, 0, 6.667, 8]  # was enlarged, three times
    assert places[3] == [4, 0, 20, 20]  # ends with the picture
    assert [round(box.score, 3) for (box,) in found] == [0.75] * 4
    assert detector.detect([]) == []


@BOTH
def test_a_size_that_a_network_leaves_open_can_be_asked_for(runtime: Runtime) -> None:
    model = network(yolox_answer(96, []), shape=("batch", 3, "height", "width"))
    assert open_detector(model, runtimes=[runtime], side=96).side == 96


@BOTH
@pytest.mark.parametrize(
    ("model", "found"),
    [
        (network(np.zeros((1, 10), np.float32)), "1 x 10"),
        (network(yolox_answer(96, [])), "1 x 189 x 85"),  # of another size than its input
        (network(one_person(), shape=(1, 64, 64, 3)), "1 x 64 x 64 x 3"),
        (network(one_person(), shape=(1, 3, 64, 96)), "1 x 3 x 64 x 96"),
        (network(one_person(), shape=(1, 3, 60, 60)), "60 x 60"),
        (network(one_person(), shape=(1, 3, 64)), "1 x 3 x 64"),
        (network(one_person(), inputs=2), "2 inputs"),
    ],
)
def test_a_network_of_another_shape_is_refused_with_what_was_found(
    runtime: Runtime, model: Model, found: str
) -> None:
    with pytest.raises(ModelRefused) as refused:
        open_detector(model, runtimes=[runtime])
    assert found in str(refused.value)
    assert "needed" in str(refused.value)


@BOTH
def test_a_size_that_a_network_was_not_made_for_is_refused(runtime: Runtime) -> None:
    """ONNX Runtime cannot give it one, and what OpenVINO makes of it answers as if it were of the old size."""
    with pytest.raises(ModelRefused, match="320 x 320"):
        open_detector(network(one_person()), runtimes=[runtime], side=320)


@BOTH
@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"\x80\x04}", constant_network([np.zeros(3, np.float32)])[:80]]
)
def test_a_file_that_is_no_network_is_refused_in_words(runtime: Runtime, content: bytes) -> None:
    with pytest.raises(ModelRefused):
        open_detector(Model("spoilt", Form.ONNX, content), runtimes=[runtime])


class Opened:
    """Unpickling it writes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.trace,)


def test_a_file_of_pytorch_is_never_opened_unless_the_operator_allowed_it(tmp_path: Path) -> None:
    trace = tmp_path / "opened"
    content = pickle.dumps(Opened(trace))
    with pytest.raises(ModelRefused, match="runs whatever code is in it"):
        open_detector(Model("m", Form.PYTORCH, content))
    for runtime in (Runtime.OPENVINO, Runtime.ONNX):
        with pytest.raises(ModelRefused):
            open_detector(Model("m", Form.ONNX, content), runtimes=[runtime])
    assert not trace.exists()


def test_the_product_without_the_extra_says_how_to_come_by_it() -> None:
    with pytest.raises(RuntimeMissing, match=r"AGPL-3\.0"):
        open_detector(Model("m", Form.PYTORCH, b"", may_unpickle=True))


def test_what_is_said_to_be_installed_is_what_the_project_tries() -> None:
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert [openvino_network.INSTALL.split()[-1]] == pins["openvino"]
    assert [onnx_network.INSTALL.split()[-1]] == pins["onnx"]
    assert {*pins["openvino"], *pins["onnx"]} <= {*pins["dev"]}
    assert "ultralytics" not in str(pins["dev"])


def test_a_gpu_is_taken_where_there_is_one() -> None:
    assert openvino_network.place(["CPU", "GPU.0", "GPU.1"]) == ("GPU.0", GPU_AT_ONCE)
    assert openvino_network.place(["CPU", "NPU"]) == ("CPU", 1)


def test_the_first_runtime_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise RuntimeMissing("OpenVINO is not installed")

    assert "OpenVINO" in open_detector(network(one_person())).name
    monkeypatch.setattr(openvino_network, "load", missing)
    assert "ONNX Runtime" in open_detector(network(one_person())).name
    monkeypatch.setattr(onnx_network, "load", missing)
    with pytest.raises(RuntimeMissing, match="OpenVINO is not installed; or: OpenVINO is not installed"):
        open_detector(network(one_person()))
    assert not opening.installed()[Runtime.OPENVINO]


def test_openvino_is_loaded_without_what_reports_usage() -> None:
    """In a process of its own: what was loaded before must not decide it."""
    code = (
        "import sys\nfrom analysis.people import openvino_network\nopenvino_network.load()\n"
        "print([name for name, found in sys.modules.items() if name.startswith('openvino_telemetry') and found])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
