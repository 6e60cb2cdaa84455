"""Files of keys of this installation: each made once, by whoever needs it first, and read by nobody else.

Not here: what a key is good for (``storage.signing``, ``storage.sealing``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from storage.errors import KeyRefused


def kept(file: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds, which is made where it is not there yet. Raises KeyRefused, OSError."""
    if not file.exists():
        _write(file, make())
    return read(file)


def read(file: Path) -> bytes:
    """What a file that is there holds. Raises KeyRefused where others may open it, OSError."""
    if file.stat().st_mode & 0o077:
        raise KeyRefused(f"{file} can be read by others, and whoever has it has the key; chmod 600 it")
    return file.read_bytes()


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    made = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
        os.link(made, file)  # of two that begin at once, one is first, and its key stays
    except FileExistsError:
        pass
    finally:
        os.close(handle)
        made.unlink()
