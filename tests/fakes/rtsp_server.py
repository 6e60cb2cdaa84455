"""An RTSP camera that plays a script: for what odd cameras say and send, and real ones cannot be made to."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from ingest.rtsp.messages import Answer, Frame, Headers, Request, StreamParser, frame

SPS = bytes.fromhex("6742c00dda0506684000000300400000 0c83c50aa8".replace(" ", ""))  # 320x192
WIDER_SPS = bytes.fromhex("6742c028da01e0089f961000000300100000030320f1832a")  # 1920x1080
PPS = bytes.fromhex("68ce3c80")
KEY_SLICE = b"\x65\x88" + b"key" * 40
SLICE = b"\x61\x9a" + b"other" * 10
SSRC = 0x5EED

H265_KEY_SLICE = b"\x26\x01\xaf" + b"key" * 40  # IDR_W_RADL
H265_SLICE = b"\x02\x01\xd0" + b"other" * 10  # TRAIL_R
# VPS, SPS and PPS by libx265, of 320x192 and of 1920x1080
H265_SETS = (
    bytes.fromhex("40010c01ffff01600000030090000003000003003cba0240"),
    bytes.fromhex("42010101600000030090000003000003003ca00a080c165ba4a4c2e68080000003008000000c84"),
    bytes.fromhex("4401c073c189"),
)
WIDER_H265_SETS = (
    bytes.fromhex("40010c01ffff016000000300900000030000030078ba0240"),
    bytes.fromhex("420101016000000300900000030000030078a003c0801107cb96e92930b9a02000000300200000030321"),
    bytes.fromhex("4401c073c189"),
)


H264_SDP = (
    "v=0\r\ns=camera\r\na=control:*\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=1\r\n"
)


class Packetizer:
    """RTP packets of one stream, with sequence numbers that run on."""

    def __init__(self, sequence: int = 65_500, ssrc: int = SSRC) -> None:
        self.sequence = sequence
        self.ssrc = ssrc

    def packet(self, payload: bytes, timestamp: int, marker: bool = False, payload_type: int = 96) -> bytes:
        kind = payload_type | (0x80 if marker else 0)
        header = struct.pack("!BBHII", 0x80, kind, self.sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self.ssrc)
        self.sequence += 1
        return header + payload

    def unit(self, nals: Sequence[bytes], timestamp: int, marker: bool = True) -> list[bytes]:
        """Each NAL unit in a packet of its own, the marker on the last."""
        last = len(nals) - 1
        return [self.packet(nal, timestamp, marker and at == last) for at, nal in enumerate(nals)]

    def fragments(self, nal: bytes, timestamp: int, pieces: int, marker: bool = True) -> list[bytes]:
        """One NAL unit in FU-A pieces (RFC 6184 5.8)."""
        size = -(-(len(nal) - 1) // pieces)
        parts = [nal[at : at + size] for at in range(1, len(nal), size)]
        found = []
        for number, part in enumerate(parts):
            first, last = number == 0, number == len(parts) - 1
            head = bytes((nal[0] & 0xE0 | 28, (0x80 if first else 0) | (0x40 if last else 0) | nal[0] & 0x1F))
            found.append(self.packet(head + part, timestamp, marker and last))
        return found


def pictures(count: int, start: int = 0, marker: bool = True) -> list[bytes]:
    """RTP packets of a key frame with its parameter sets and of pictures after it, at 25 per second."""
    made = Packetizer()
    packets = made.unit([SPS, PPS, KEY_SLICE], start, marker)
    for number in range(1, count):
        packets += made.unit([SLICE + bytes((number % 250 + 1,))], start + number * 3600, marker)
    return packets


def frames(packets: Iterable[bytes], channel: int = 0) -> bytes:
    return b"".join(frame(channel, packet) for packet in packets)


def h265_fragments(nal: bytes, pieces: int) -> list[bytes]:
    """One H.265 NAL unit as FU payloads (RFC 7798 4.4.3)."""
    size = -(-(len(nal) - 2) // pieces)
    parts = [nal[at : at + size] for at in range(2, len(nal), size)]
    flags = [0x80, *[0] * (len(parts) - 2), 0x40]
    head = bytes((nal[0] & 0x81 | 49 << 1, nal[1]))
    return [head + bytes((flag | nal[0] >> 1,)) + part for flag, part in zip(flags, parts, strict=True)]


@dataclass
class Script:
    """How a camera answers. ``answers`` overrides an answer by method; ``silent`` methods get none."""

    sdp: str = H264_SDP
    describe_headers: Sequence[tuple[str, str]] = ()
    transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1"
    session: str = "12345678"
    public: str = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"
    stream: bytes = b""  # sent right behind the answer to PLAY
    hang_up: bool = False  # after the stream
    answers: dict[str, Callable[[Request], Answer | None]] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    raw: bytes | None = None  # sent instead of any answer

    def answer(self, request: Request) -> Answer | None:
        """None: go on as usual."""
        override = self.answers.get(request.method)
        answer = override(request) if override is not None else None
        return answer if answer is not None else self._usual(request)

    def _usual(self, request: Request) -> Answer:
        match request.method:
            case "OPTIONS":
                return Answer(200, "OK", Headers([("Public", self.public)]))
            case "DESCRIBE":
                return Answer(200, "OK", Headers(self.describe_headers), self.sdp.encode())
            case "SETUP":
                return Answer(200, "OK", Headers([("Transport", self.transport), ("Session", self.session)]))
            case _:
                return Answer(200, "OK")


class FakeRtspServer:
    """Listens on a free port of 127.0.0.1 and keeps what it was asked and sent; an async context manager."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self.answers: list[Answer] = []
        self.frames: list[Frame] = []
        self.heard = asyncio.Event()  # set by everything that comes in
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/live"

    def asked(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    async def __aenter__(self) -> FakeRtspServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        parser = StreamParser()
        try:
            while data := await reader.read(65536):
                for event in parser.feed(data):
                    if await self._hear(event, writer):
                        return
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _hear(self, event: Frame | Answer | Request, writer: asyncio.StreamWriter) -> bool:
        """Whether to hang up."""
        self.heard.set()
        if isinstance(event, Frame):
            self.frames.append(event)
            return False
        if isinstance(event, Answer):
            self.answers.append(event)
            return False
        self.requests.append(event)
        if event.method in self.script.silent:
            return False
        if self.script.raw is not None:
            writer.write(self.script.raw)
            return False
        answer = self.script.answer(event)
        assert answer is not None
        number = ("CSeq", event.headers.first("CSeq") or "0")
        sent = Answer(answer.status, answer.reason, Headers([number, *answer.headers]), answer.body)
        writer.write(sent.encode())
        if event.method == "PLAY" and answer.status == 200:
            writer.write(self.script.stream)
            await writer.drain()
            return self.script.hang_up
        return False
