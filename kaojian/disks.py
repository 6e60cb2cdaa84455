"""Which disks of this installation hold what: its spools, and those that carry ballast.

Not here: taking ballast and giving it up (``ingest.ballast``), and whether there is room (``records.headroom``).
"""

from __future__ import annotations

import socket
from pathlib import Path

from config.settings import Settings
from ingest.ballast import Ballast
from records.headroom import Spools
from storage.database import folder_of
from storage.spool_marker import MARKER


def spools_of(settings: Settings) -> Spools:
    """The spools of this host."""
    owner = recorder_name(settings)
    return Spools(settings.spool_dirs, settings.min_free_bytes, settings.expected_bit_rate, owner)


def recorder_name(settings: Settings) -> str:
    """What the recorder of this host goes by in all its lives, and what its spools' markers say."""
    return settings.recorder or socket.gethostname()


def ballast(settings: Settings) -> Ballast:
    """On the disks of state, database and spools; a spool's only while it is mounted, as its marker shows."""

    def folders() -> list[Path]:
        state = [settings.data_dir, folder_of(settings.database_url)]
        mounted = [folder for folder in settings.spool_dirs if (folder / MARKER).exists()]
        return [folder for folder in (*state, *mounted) if folder is not None]

    return Ballast(folders, settings.ballast_bytes)
