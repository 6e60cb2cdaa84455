"""The server alone: a client that reads too slowly costs itself the stream and nobody else."""

from __future__ import annotations

import asyncio

from ingest.simulator.server import RtspServer, ServerSettings
from tests.ingest.simulator.raw_client import RawClient


class SilentStream:
    """A stream whose pictures the test sends by hand."""

    def description(self) -> str:
        return "v=0\r\n"

    def begins(self) -> int:
        return 0


def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on() -> None:
    async def watch() -> tuple[int, int]:
        server = RtspServer(ServerSettings("/live", longest_backlog_bytes=300_000), SilentStream())
        await server.listen()
        url = f"rtsp://127.0.0.1:{server.port}/live"
        pieces, kept = [bytes(60_000)] * 5, [False] * 5
        async with RawClient(url) as lazy, RawClient(url) as client:
            await lazy.play()
            await client.play()
            sent = 0
            async with asyncio.timeout(20):
                while len(server.sessions) == 2:
                    server.send(pieces, True, sent, kept)
                    sent += 1
                    await client.listen_for(1)
            received = len(client.pictures())
        server.vanish()
        return sent, received

    sent, received = asyncio.run(watch())
    assert sent > 1
    assert received == sent * 5
