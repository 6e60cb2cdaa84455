"""The ingest role of the service on the ground of a drill: ``python -m kaojian.drill.ingest_process SWITCHES``.

Its settings are those of the environment, its processes those of the service (``kaojian.recording``).
"""

from __future__ import annotations

import sys
from pathlib import Path

from config import logs
from config import settings as settings_door
from config.errors import ConfigError
from kaojian import recording
from kaojian.drill.ground import FailingDisk, SteppedClock, Switches
from kaojian.processes import StopSignals, keep
from storage.errors import StorageError

BACKLOG_LIMIT_BYTES = 80_000
"""Some seconds of a few cameras' small pictures, so that a disk that stands still is noticed within a drill."""


def run(switches: Path) -> None:
    """Until SIGTERM or SIGINT."""
    settings = settings_door.load()
    logs.configure(settings.log_format, settings.log_level)
    commanded = Switches(switches)
    ground = recording.Ground(SteppedClock(commanded), FailingDisk(commanded), BACKLOG_LIMIT_BYTES)
    keep(recording.members(settings, ground), StopSignals(), expected=(ConfigError, StorageError, OSError))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
