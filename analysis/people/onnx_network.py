"""Runs ONNX files on ONNX Runtime (MIT): smaller than OpenVINO, slower on CPUs, and on NVIDIA's GPUs.

An optional package, imported when a network is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.people.errors import ModelRefused, RuntimeMissing
from analysis.people.layouts import Tensor
from analysis.people.networks import GPU_AT_ONCE, side_of

INSTALL = "pip install onnxruntime==1.30.0"
_QUIET = 3  # errors only: warnings of the runtime are about how a file was exported


class OnnxNetwork:
    """A network on CUDA where the runtime has it, else on ``threads`` threads of the CPU."""

    def __init__(self, model: bytes, side: int | None, threads: int) -> None:
        """Raises RuntimeMissing, ModelRefused."""
        runtime = load()
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = _QUIET
        cuda = "CUDAExecutionProvider" in runtime.get_available_providers()
        providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if cuda else ["CPUExecutionProvider"]
        try:
            self._session = runtime.InferenceSession(model, options, providers)
        except _failures(runtime) as error:
            raise ModelRefused(f"ONNX Runtime cannot run this file: {error}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise ModelRefused(f"this network takes {len(inputs)} inputs; one is needed: pictures")
        self._input = inputs[0].name
        self.side = side_of(_sizes(inputs[0].shape), side)
        # A GPU that is there and cannot be used is told apart here: the runtime falls back by itself.
        gpu = self._session.get_providers()[0] == "CUDAExecutionProvider"
        self.runtime = f"ONNX Runtime {'CUDA' if gpu else 'CPU'}"
        self.at_once = GPU_AT_ONCE if gpu and not isinstance(inputs[0].shape[0], int) else 1

    def run(self, packed: Tensor) -> list[Tensor]:
        return [np.asarray(output, np.float32) for output in self._session.run(None, {self._input: packed})]


def load() -> Any:
    """The package. Raises RuntimeMissing."""
    try:
        import onnxruntime  # noqa: PLC0415 - optional, and slow to load
    except ImportError as error:
        raise RuntimeMissing(f"ONNX Runtime is not installed ({error}); {INSTALL}") from error
    return onnxruntime


def _sizes(shape: Sequence[object]) -> list[int | None]:
    """Names and gaps stand for sizes that are left open."""
    return [size if isinstance(size, int) and size > 0 else None for size in shape]


def _failures(runtime: Any) -> tuple[type[Exception], ...]:
    """What the runtime raises for files: a family without a base of its own."""
    bindings = runtime.capi.onnxruntime_pybind11_state
    names = (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NotImplemented",
        "RuntimeException",
    )
    return tuple(getattr(bindings, name) for name in names)
