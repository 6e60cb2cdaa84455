"""How a folder shows that it is a spool, which one and whose: its marker file, and the device that it lies on.

Whoever looks for a file must first know whether it looks into the spool at all: the folder of another host, or one
whose disk is not mounted, has lost nothing. A marker is two lines: the id of the spool, and the name of the recorder
that it belongs to; the second is missing in those of a recorder that has no name, the first in those that a person
made. Not here: making and checking the marker (``ingest.spool``).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

MARKER = ".kaojian-spool"
_LONGEST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Marker:
    """What a marker says; an empty string is what it does not say."""

    id: str
    recorder: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Marker:
        """From the bytes of its file."""
        lines = [line.strip() for line in data.decode(errors="replace").splitlines()]
        return cls(*[*lines, "", ""][:2])

    def data(self) -> bytes:
        """The bytes of its file."""
        return f"{self.id}\n{self.recorder}\n".encode()


def read_marker(root: Path) -> Marker | None:
    """The marker of a folder; None where there is none. Raises OSError."""
    try:
        with (root / MARKER).open("rb") as file:
            return Marker.parse(file.read(_LONGEST_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None


def device_of(folder: Path) -> str:
    """``host:major:minor`` of the device that a folder lies on, as ``Copy.device`` holds it. Raises OSError."""
    number = folder.stat().st_dev
    return f"{socket.gethostname()}:{os.major(number)}:{os.minor(number)}"


def is_there(root: Path, device: str, spool: str = "") -> bool:
    """Whether that folder is, here and now, the spool of that id; where none is known, the one on ``device``.

    An unknown device ("") never is.
    """
    try:
        marker = read_marker(root)
        if marker is None:
            return False
        return marker.id == spool if spool else device == device_of(root)
    except OSError:
        return False
