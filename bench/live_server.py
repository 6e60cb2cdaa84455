"""What ``bench.live`` measures, as a process of its own: the role ``live`` with a door that lets everybody in, or a
bare TCP relay of the same camera. Prints its port; runs until it is told to stop.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import uvicorn

from dashboard.live.app import create_live_app
from dashboard.live.door import Pages
from dashboard.live.protocol import LiveProtocol
from dashboard.live.pulls import Pulls
from domain.places import Transport
from domain.timeline import SystemClock
from ingest.recorder import Assignment
from ingest.rtsp.client import RtspSource
from records.schedule import Needs


class OpenDoor:
    """Lets everybody in and writes nothing down: what rights cost is no matter of pictures."""

    pages = Pages(0)

    def admit(self, _: Any, camera: str, _ticket: str, *, shows: bool = True) -> Any:
        viewer = SimpleNamespace(session_id=str(id(object())))
        shown = SimpleNamespace(sitting=None, camera=SimpleNamespace(id=camera))
        return SimpleNamespace(viewer=viewer, shown=shown, at=datetime.now(UTC), camera=camera, shows=shows)

    def over(self, _: Any) -> None:
        return

    def gone(self, _: Any) -> list[Any]:
        return []


def live(listening: socket.socket, url: str) -> None:
    clock = SystemClock()

    def reach(*_: Any) -> tuple[Assignment, int]:
        return Assignment("c0", "b", "f", url, None, Transport.TCP), 0

    pulls = Pulls(lambda each: RtspSource(each.url, clock=clock), clock)
    door: Any = OpenDoor()
    app = create_live_app(door, pulls, reach, lambda _: Needs(), clock)
    uvicorn.Server(uvicorn.Config(app, log_level="error", ws=LiveProtocol)).run(sockets=[listening])


async def relay(listening: socket.socket, url: str) -> None:
    """Every picture to every connection as it came, with nothing beside it; who does not keep up is cut off."""
    viewers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        viewers.add(writer)
        with suppress(OSError):
            await reader.read()
        viewers.discard(writer)
        writer.close()

    await asyncio.start_server(serve, sock=listening)
    async for unit in RtspSource(url).units():
        data = b"".join(unit.nals)
        for writer in tuple(viewers):
            if writer.transport.get_write_buffer_size() < 8 << 20:
                writer.write(data)


def main() -> None:
    kind, url = sys.argv[1:]
    # Named as TCP, as the service's is: or asyncio leaves Nagle's algorithm on.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(256)
        print(listening.getsockname()[1], flush=True)
        if kind == "live":
            live(listening, url)
        else:
            asyncio.run(relay(listening, url))


if __name__ == "__main__":
    main()
