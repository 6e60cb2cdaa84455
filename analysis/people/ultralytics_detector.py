"""Finds people with ``ultralytics`` (AGPL-3.0): an optional package that an operator installs on purpose.

For files of PyTorch (.pt), which are pickles: opening one runs whatever code its author put there. So one is opened
only where the operator allowed that for this very file. Never part of the default installation; see the decision on
the detector's licence.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.people.boxes import boxes_of
from analysis.people.detector import OVERLAP, POSSIBLE, Picture
from analysis.people.errors import ModelRefused, RuntimeMissing
from analysis.people.layouts import PERSON
from analysis.people.networks import DYNAMIC_SIDE, GPU_AT_ONCE
from domain.presence import Box

INSTALL = "it is AGPL-3.0, and how it is installed is in docs/operations.md, People at stations"


class UltralyticsDetector:
    """On CUDA where PyTorch has it, else on ``threads`` threads of the CPU. Pictures go in batches."""

    def __init__(self, model: str, content: bytes, side: int | None, threads: int) -> None:
        """``content``: of the .pt file, already compared with its hash. Raises RuntimeMissing, ModelRefused."""
        ultralytics, torch = load()
        cuda = torch.cuda.is_available()
        if not cuda:
            torch.set_num_threads(threads)
        self._device = "cuda:0" if cuda else "cpu"
        self._at_once = GPU_AT_ONCE if cuda else 1
        self.side = side or DYNAMIC_SIDE
        self.name = f"{model} ({self.side}), ultralytics {self._device}"
        with tempfile.TemporaryDirectory(prefix="kaojian-model-") as folder:
            # From a copy of ours: the file that was compared could be exchanged before it is opened.
            file = Path(folder) / "model.pt"
            file.write_bytes(content)
            self._model = ultralytics.YOLO(str(file), task="detect")
            self._names = dict(self._model.names)
        if str(self._names.get(PERSON, "")).lower() != "person":
            raise ModelRefused(
                f"class 0 of this model is {self._names.get(PERSON)!r}; needed is one whose class 0 is person"
            )

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Box, ...]]:
        found: list[tuple[Box, ...]] = []
        for start in range(0, len(pictures), self._at_once):
            results = self._model.predict(
                list(pictures[start : start + self._at_once]),
                imgsz=self.side,
                conf=POSSIBLE,
                iou=OVERLAP,
                classes=[PERSON],
                device=self._device,
                verbose=False,
            )
            found += [_boxes(result) for result in results]
        return found


def load() -> tuple[Any, Any]:
    """ultralytics and torch, told to keep to themselves: no reports, no packages installed. Raises RuntimeMissing."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_OFFLINE", "true")
    if "YOLO_CONFIG_DIR" not in os.environ:  # what it wants to remember goes with this process
        os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp(prefix="kaojian-ultralytics-")
        atexit.register(shutil.rmtree, os.environ["YOLO_CONFIG_DIR"], ignore_errors=True)
    try:
        import torch  # noqa: PLC0415 - optional, and slow to load
        import ultralytics  # noqa: PLC0415
    except ImportError as error:
        raise RuntimeMissing(f"ultralytics is not installed ({error}); {INSTALL}") from error
    return ultralytics, torch


def _boxes(result: Any) -> tuple[Box, ...]:
    rows = np.asarray(result.boxes.xyxy.cpu().numpy(), np.float32)
    scores = np.asarray(result.boxes.conf.cpu().numpy(), np.float32)
    order = np.argsort(-scores, kind="stable")
    return boxes_of(rows[order], scores[order])
