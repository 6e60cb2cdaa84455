"""Files that only their owner may read: written whole or not at all, also when the power fails in between.

Not here: what is in them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

PRIVATE = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Put ``content`` in the place of what was there: beside it first, synced, then by one rename. Raises OSError.

    The folder must be there. The file has mode 600 from its first byte on.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk keep which names a folder holds. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
