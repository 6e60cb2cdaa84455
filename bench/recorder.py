"""The recorder as the role ``ingest`` wires it, on fixed cameras: a process of its own, to be measured.

Usage: python -m bench.recorder FOLDER SEGMENT_S URL... Writes the spool and a SQLite database below FOLDER; ends in
order on SIGTERM, and then tells in ``fragments.json`` when each fragment was kept. Not here: the archive's thread and
the schedule of sittings.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from domain.places import Transport
from domain.timeline import Clock, SystemClock
from ingest.recorder import Assignment, Cutting
from ingest.relay.server import Relay
from ingest.rtsp.client import RtspSource
from ingest.spool import Spool, SpoolFile
from ingest.supervisor import Supervisor, collect_rarely
from storage.database import Database, connect
from storage.media.layout import PRFT, from_ntp


def database_url(folder: Path) -> str:
    """Where the recorder of this folder keeps its rows."""
    return f"sqlite:///{folder.absolute()}/kaojian.db"


class TimedSpool(Spool):
    """Notes of each fragment its file, the instant of its first picture, and when its bytes were kept (Unix s)."""

    def __init__(self, root: Path, clock: Clock) -> None:
        super().__init__(root, 0)
        self.fragments: list[tuple[str, float, float]] = []
        self._clock = clock

    def create(self, key: str) -> SpoolFile:
        file = super().create(key)
        append = file.append

        def timed(data: bytes) -> None:
            append(data)
            if data[4:8] == b"prft":
                _, _, seconds, fraction, _ = PRFT.unpack_from(data, 8)
                first = from_ntp(seconds, fraction).timestamp()
                self.fragments.append((key, first, self._clock.now().timestamp()))

        file.append = timed  # type: ignore[method-assign]
        return file


async def record(folder: Path, segment_s: float, urls: Sequence[str], database: Database) -> None:
    """Record all ``urls`` until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    assignments = [
        Assignment(f"c{number}", "bench", f"site/bench/c{number}", url, None, Transport.TCP)
        for number, url in enumerate(urls)
    ]
    clock = SystemClock()
    spool = TimedSpool(folder / "spool", clock)
    supervisor = Supervisor(
        wanted=lambda _: assignments,
        open_source=lambda assignment: RtspSource(assignment.url, assignment.credentials, assignment.transport),
        evidence=database.evidence,
        spool=spool,
        cutting=Cutting(segment_s),
        clock=clock,
        relay=Relay(folder / "live"),
    )
    await supervisor.run(stop)
    (folder / "fragments.json").write_text(json.dumps(spool.fragments))


def main(folder: Path, segment_s: float, urls: Sequence[str]) -> None:
    collect_rarely()
    database = connect(database_url(folder))
    try:
        asyncio.run(record(folder, segment_s, urls, database))
    finally:
        database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
