"""Runs ONNX files on OpenVINO (Apache-2.0): the fastest on CPUs, and on Intel's GPUs.

An optional package, imported when a network is loaded. Nothing is sent anywhere: the package that reports usage,
which comes along with it, is kept from being loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.people.errors import ModelRefused, RuntimeMissing
from analysis.people.layouts import Tensor
from analysis.people.networks import GPU_AT_ONCE, side_of

INSTALL = "pip install openvino==2026.4.1"


class OpenvinoNetwork:
    """A network on the GPU that OpenVINO finds, else on ``threads`` threads of the CPU."""

    def __init__(self, model: bytes, side: int | None, threads: int) -> None:
        """Raises RuntimeMissing, ModelRefused."""
        openvino = load()
        core = openvino.Core()
        device, self.at_once = place(core.available_devices)
        self.runtime = f"OpenVINO {device}"
        try:
            network = core.read_model(model=model)
            if len(network.inputs) != 1:
                raise ModelRefused(f"this network takes {len(network.inputs)} inputs; one is needed: pictures")
            self.side = side_of(_shape(network.inputs[0]), side, reshapes=True)
            network.reshape([self.at_once, 3, self.side, self.side])
            options = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1} if device == "CPU" else {}
            self._request = core.compile_model(network, device, options).create_infer_request()
            self._outputs = len(network.outputs)
        except RuntimeError as error:
            raise ModelRefused(f"OpenVINO cannot run this file: {_first_line(error)}") from error

    def run(self, packed: Tensor) -> list[Tensor]:
        count = len(packed)
        if count < self.at_once:  # its shape is fixed, which is what makes it fast
            packed = np.concatenate([packed, np.repeat(packed[-1:], self.at_once - count, axis=0)])
        self._request.infer([packed], share_inputs=True)
        return [np.asarray(self._request.get_output_tensor(number).data)[:count] for number in range(self._outputs)]


def place(devices: Sequence[str]) -> tuple[str, int]:
    """The device of these that a network runs on, and how many pictures it is given at a time."""
    gpus = [device for device in devices if device.startswith("GPU")]
    return (gpus[0], GPU_AT_ONCE) if gpus else ("CPU", 1)


def load() -> Any:
    """The package, without the one that reports usage. Raises RuntimeMissing."""
    if "openvino" not in sys.modules:
        # With this one kept from loading, openvino takes a stand-in of its own that does nothing.
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # how an import is made to fail
    try:
        import openvino  # noqa: PLC0415 - optional, and slow to load
    except ImportError as error:
        raise RuntimeMissing(f"OpenVINO is not installed ({error}); {INSTALL}") from error
    return openvino


def _shape(port: Any) -> list[int | None]:
    shape = port.partial_shape
    if shape.rank.is_dynamic:
        return []
    return [None if size.is_dynamic else size.get_length() for size in shape]


def _first_line(error: Exception) -> str:
    """What went wrong, without where in OpenVINO's sources."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in reversed(lines) if line), type(error).__name__)
