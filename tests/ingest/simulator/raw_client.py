"""A small RTSP client for tests that shows every packet as it came. No recorder: it repairs and judges nothing."""

from __future__ import annotations

import asyncio
import hashlib
import re
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import av

from ingest.simulator.scene import read_frame_number


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Packet:
    channel: int
    data: bytes
    arrived: float  # monotonic, s

    @property
    def sequence(self) -> int:
        return int.from_bytes(self.data[2:4], "big")

    @property
    def time(self) -> int:
        return int.from_bytes(self.data[4:8], "big")


@dataclass(frozen=True)
class Report:
    """A sender report's NTP time as Unix seconds, and the RTP time of the same instant."""

    unix: float
    rtp_time: int


def numbers_in(stream: bytes) -> list[int | None]:
    """The frame numbers in the pictures of an H.264 byte stream."""
    decoder: Any = av.CodecContext.create("h264", "r")
    frames = [frame for packet in decoder.parse(stream) + decoder.parse(b"") for frame in decoder.decode(packet)]
    return [read_frame_number(frame.to_ndarray(format="bgr24")) for frame in frames + decoder.decode(None)]


class RawClient:
    """One connection. Digest MD5 without qop where a password is given."""

    def __init__(self, url: str, username: str = "", password: str = "") -> None:
        self.url, self._username, self._password = url, username, password
        self.session = ""
        self.packets: list[Packet] = []
        self._challenge: dict[str, str] = {}
        self._sequence = 0

    async def __aenter__(self) -> RawClient:
        parts = urlsplit(self.url)
        self.reader, self.writer = await asyncio.open_connection(parts.hostname, parts.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()

    async def ask(self, method: str, uri: str = "", **headers: str) -> Answer:
        """One request; a challenge is answered once."""
        reply = await self._ask_once(method, uri or self.url, headers)
        if reply.status == 401 and self._username and not self._challenge:
            challenge = reply.headers["www-authenticate"]
            self._challenge = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
            reply = await self._ask_once(method, uri or self.url, headers)
        return reply

    async def play(self) -> Answer:
        """DESCRIBE, SETUP over TCP and PLAY."""
        assert (await self.ask("DESCRIBE")).status == 200
        reply = await self.ask("SETUP", f"{self.url}/track1", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        assert reply.status == 200
        self.session = reply.headers["session"].partition(";")[0]
        return await self.ask("PLAY", Session=self.session)

    async def listen(self, seconds: float) -> bool:
        """Gather packets for that long; False when the camera closed the connection."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self._read_one()
        except TimeoutError:
            return True
        except (asyncio.IncompleteReadError, ConnectionError):
            return False

    async def listen_until(self, met: Callable[[], bool]) -> None:
        """Gather packets until the condition holds."""
        async with asyncio.timeout(60):
            while not met():
                await self._read_one()

    async def listen_for(self, frames: int) -> None:
        """Gather packets until that many more pictures are complete."""
        wanted = len(self.times()) + frames
        await self.listen_until(lambda: len(self.times()) >= wanted and self.packets[-1].data[1] & 0x80 != 0)

    def pictures(self) -> list[Packet]:
        return [packet for packet in self.packets if packet.channel == 0]

    def times(self) -> list[int]:
        """The RTP times of all pictures, in order."""
        return list(dict.fromkeys(packet.time for packet in self.pictures()))

    def reports(self) -> list[Report]:
        found = []
        for packet in self.packets:
            if packet.channel == 1 and packet.data[1] == 200:
                seconds, fraction, rtp_time = struct.unpack_from(">III", packet.data, 8)
                found.append(Report(seconds - 2_208_988_800 + fraction / 2**32, rtp_time))
        return found

    def frame_numbers(self) -> list[int | None]:
        """Decode all that came and read the numbers off the pictures."""
        return numbers_in(self.stream())

    def stream(self) -> bytes:
        """All NAL units as a byte stream (RFC 6184: single units, STAP-A and FU-A)."""
        out = bytearray()
        for packet in self.pictures():
            payload = packet.data[12:]
            kind = payload[0] & 0x1F
            if kind == 28:
                if payload[1] & 0x80:
                    out += b"\0\0\0\1" + bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
                out += payload[2:]
            elif kind == 24:
                at = 1
                while at < len(payload):
                    size = int.from_bytes(payload[at : at + 2], "big")
                    out += b"\0\0\0\1" + payload[at + 2 : at + 2 + size]
                    at += 2 + size
            else:
                out += b"\0\0\0\1" + payload
        return bytes(out)

    async def _ask_once(self, method: str, uri: str, headers: dict[str, str]) -> Answer:
        self._sequence += 1
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self._sequence}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self._challenge:
            lines.append(f"Authorization: {self._authorization(method, uri)}")
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(10):
            while (reply := await self._read_one()) is None:
                pass
        assert reply.headers["cseq"] == str(self._sequence)
        return reply

    def _authorization(self, method: str, uri: str) -> str:
        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        realm, nonce = self._challenge["realm"], self._challenge["nonce"]
        who, what = md5(f"{self._username}:{realm}:{self._password}"), md5(f"{method}:{uri}")
        fields = {"username": self._username, "realm": realm, "nonce": nonce, "uri": uri}
        fields["response"] = md5(f"{who}:{nonce}:{what}")
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items())

    async def _read_one(self) -> Answer | None:
        first = await self.reader.readexactly(1)
        if first == b"$":
            channel, size = struct.unpack(">BH", await self.reader.readexactly(3))
            packet = Packet(channel, await self.reader.readexactly(size), time.monotonic())
            self.packets.append(packet)
            return None
        head = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in pairs}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(status.split()[1]), headers, body.decode())
