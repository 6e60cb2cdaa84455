"""A viewer by WHEP on aiortc, on loopback only: another sender's receiver, which decodes what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import aioice.ice
import httpx
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av.video.frame import VideoFrame


@dataclass
class Watched:
    """What came: the answer to the offer, and decoded pictures."""

    answer: httpx.Response
    connection: RTCPeerConnection
    pictures: list[VideoFrame] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, count: int) -> None:
        """Until so many pictures were decoded."""
        async with asyncio.timeout(20):
            while len(self.pictures) < count:
                self.enough.clear()
                await self.enough.wait()


def loopback(**_: Any) -> list[str]:
    return ["127.0.0.1"]


async def an_offer(connection: RTCPeerConnection) -> str:
    connection.addTransceiver("video", direction="recvonly")
    with mock.patch.object(aioice.ice, "get_host_addresses", loopback):
        await connection.setLocalDescription(await connection.createOffer())
    offered: str = connection.localDescription.sdp
    return offered


@asynccontextmanager
async def watching(url: str, headers: Mapping[str, str]) -> AsyncIterator[Watched]:
    """Offer, take the answer, and decode until the block ends; does not say goodbye over HTTP."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    async with httpx.AsyncClient(timeout=30) as client:
        offer = await an_offer(connection)
        answer = await client.post(url, content=offer, headers={"Content-Type": "application/sdp", **headers})
    watched = Watched(answer, connection)
    tasks: list[asyncio.Task[None]] = []

    @connection.on("track")
    def taken(track: Any) -> None:
        async def take() -> None:
            with suppress(MediaStreamError):
                while True:
                    watched.pictures.append(await track.recv())
                    watched.enough.set()

        if track.kind == "video":
            tasks.append(asyncio.create_task(take()))

    try:
        if answer.status_code == 201:
            await connection.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        yield watched
    finally:
        await connection.close()
        await asyncio.gather(*tasks, return_exceptions=True)
