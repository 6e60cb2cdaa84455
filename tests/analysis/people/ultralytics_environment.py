"""Makes the environment in which ``ultralytics`` is tried: one of its own, because its licence is AGPL-3.0 and the
product's environment stays free of it and of PyTorch. Some 1.5 GB; done once, by hand:

    python -m tests.analysis.people.ultralytics_environment

KAOJIAN_ULTRALYTICS_ENV names its folder; by default it is in the user's cache. Where pip offers PyTorch for CPUs
only, torchvision's own operators do not load; replacements for them lie beside the footage.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("KAOJIAN_ULTRALYTICS_ENV") or Path.home() / ".cache" / "kaojian" / "ultralytics")
PYTHON = FOLDER / "bin" / "python"

_TORCH = ("torch==2.13.0",)
_ALONE = (  # without what they ask for: a graphical OpenCV, uploads, the CUDA libraries
    "torchvision==0.28.0",
    "ultralytics==8.4.190",
    "ultralytics-thop==2.2.3",
    "opencv-python-headless==4.14.0.94",
    "numpy==2.4.6",
    "matplotlib==3.11.2",
    "pillow==13.0.0",
    "polars==2.1.0",
    "psutil==7.2.2",
    "pyyaml==6.0.4",
    "requests==2.34.2",
    "scipy==1.17.1",
)


def make() -> None:
    """Raises CalledProcessError where pip fails."""
    subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, *_TORCH], check=True)
    subprocess.run([*pip, "--no-deps", *_ALONE], check=True)


if __name__ == "__main__":
    make()
