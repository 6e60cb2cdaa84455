"""The recorder as the role ``ingest`` wires it, on fixed cameras: a process of its own, to be measured.

Usage: python -m bench.recorder FOLDER SEGMENT_S URL... Writes the spool and a SQLite database below FOLDER; ends in
order on SIGTERM. Not here: the archive's thread and the schedule of sittings.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from domain.places import Transport
from domain.timeline import SystemClock
from ingest.recorder import Assignment, Cutting
from ingest.relay.server import Relay
from ingest.rtsp.client import RtspSource
from ingest.spool import Spool
from ingest.supervisor import Supervisor
from storage.database import Database, connect


def database_url(folder: Path) -> str:
    """Where the recorder of this folder keeps its rows."""
    return f"sqlite:///{folder.absolute()}/kaojian.db"


async def record(folder: Path, segment_s: float, urls: Sequence[str], database: Database) -> None:
    """Record all ``urls`` until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    assignments = [
        Assignment(f"c{number}", "bench", f"site/bench/c{number}", url, None, Transport.TCP)
        for number, url in enumerate(urls)
    ]
    supervisor = Supervisor(
        wanted=lambda _: assignments,
        open_source=lambda assignment: RtspSource(assignment.url, assignment.credentials, assignment.transport),
        evidence=database.evidence,
        spool=Spool(folder / "spool", 0),
        cutting=Cutting(segment_s),
        clock=SystemClock(),
        relay=Relay(folder / "live"),
    )
    await supervisor.run(stop)


def main(folder: Path, segment_s: float, urls: Sequence[str]) -> None:
    database = connect(database_url(folder))
    try:
        asyncio.run(record(folder, segment_s, urls, database))
    finally:
        database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
