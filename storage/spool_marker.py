"""How a folder shows that it is a spool and which one: its marker file, and the device that it lies on.

Whoever looks for a file must first know whether it looks into the spool at all: the folder of another host, or one
whose disk is not mounted, has lost nothing. Not here: making and checking the marker (``ingest.spool``).
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

MARKER = ".kaojian-spool"


def device_of(folder: Path) -> str:
    """``host:major:minor`` of the device that a folder lies on, as ``Copy.device`` holds it. Raises OSError."""
    number = folder.stat().st_dev
    return f"{socket.gethostname()}:{os.major(number)}:{os.minor(number)}"


def is_there(root: Path, device: str) -> bool:
    """Whether that folder is, here and now, the spool that lies on ``device``; an unknown device ("") never is."""
    try:
        with (root / MARKER).open("rb") as file:
            file.read(1)
        return device == device_of(root)
    except OSError:
        return False
