"""The one door to detectors: opens a model's bytes with whatever of the optional packages is installed.

ONNX files run on OpenVINO, or else on ONNX Runtime; files of PyTorch on ultralytics, and only where that is allowed.
The bytes were compared with their hash by whoever hands them in; no file is opened by its name here. Not here: where
models are kept (``storage.model_files``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from analysis.people import onnx_network, openvino_network, ultralytics_detector
from analysis.people.detector import Detector
from analysis.people.errors import ModelRefused, RuntimeMissing
from analysis.people.networks import Network, NetworkDetector


class Form(StrEnum):
    """How a model is written down, by the end of its file's name."""

    ONNX = "onnx"
    PYTORCH = "pt"


class Runtime(StrEnum):
    """The optional packages, in the order in which they are taken."""

    OPENVINO = "openvino"
    ONNX = "onnxruntime"
    ULTRALYTICS = "ultralytics"


RUNS: dict[Form, tuple[Runtime, ...]] = {
    Form.ONNX: (Runtime.OPENVINO, Runtime.ONNX),
    Form.PYTORCH: (Runtime.ULTRALYTICS,),
}
"""Which packages can run what."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model's bytes. ``may_unpickle``: an operator allowed to run the code that a file of PyTorch holds."""

    name: str
    form: Form
    content: bytes
    may_unpickle: bool = False


def open_detector(
    model: Model, *, runtimes: Sequence[Runtime] = tuple(Runtime), side: int | None = None, threads: int = 1
) -> Detector:
    """The first of ``runtimes`` that is installed and fits the model's form, on a GPU where it finds one.

    ``side`` is for networks that take any size. ``threads`` are those of the CPU: one, so that hosts of many cameras
    share their processors by processes. Raises ModelRefused; RuntimeMissing where none is installed.
    """
    if model.form is Form.PYTORCH and not model.may_unpickle:
        raise ModelRefused(
            f"{model.name} is a file of PyTorch, and opening it runs whatever code is in it; use ONNX, or allow it "
            "for this file if you trust its author"
        )
    missing = []
    for runtime in (runtime for runtime in RUNS[model.form] if runtime in runtimes):
        try:
            return _opened(model, runtime, side, threads)
        except RuntimeMissing as error:
            missing.append(str(error))
    raise RuntimeMissing("; or: ".join(missing) or f"nothing that was allowed runs a .{model.form} file")


def installed() -> dict[Runtime, bool]:
    """Which of the packages can be loaded."""
    loads: dict[Runtime, Callable[[], object]] = {
        Runtime.OPENVINO: openvino_network.load,
        Runtime.ONNX: onnx_network.load,
        Runtime.ULTRALYTICS: ultralytics_detector.load,
    }
    return {runtime: _loads(load) for runtime, load in loads.items()}


def _opened(model: Model, runtime: Runtime, side: int | None, threads: int) -> Detector:
    network: Network
    match runtime:
        case Runtime.ULTRALYTICS:
            return ultralytics_detector.UltralyticsDetector(model.name, model.content, side, threads)
        case Runtime.OPENVINO:
            network = openvino_network.OpenvinoNetwork(model.content, side, threads)
        case Runtime.ONNX:
            network = onnx_network.OnnxNetwork(model.content, side, threads)
    return NetworkDetector(model.name, network)


def _loads(load: Callable[[], object]) -> bool:
    try:
        load()
    except RuntimeMissing:
        return False
    return True
