"""The network side of a simulated camera: an RTSP 1.0 server for one video track, and one of sound, over TCP and UDP.

It keeps sessions and sends what it is given; it knows no pictures, no faults and no time but the instants handed
to it. Everything runs on one asyncio loop and nothing waits for a client: one that reads too slowly is dropped.
Source: RFC 2326; its session ends with the connection that made it, as in most cameras.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

import structlog

from ingest.packets import (
    HEADER_BYTES,
    ReceiverReport,
    goodbye,
    receiver_reports,
    rtp_header,
    sender_report,
)
from ingest.simulator.rtsp_text import Authentication, Gate, MalformedRequest, Request, RequestReader, answer
from ingest.simulator.sound import CodedSound

log = structlog.get_logger(__name__)

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How one camera meets its clients. ``path`` starts with a slash; without a username it asks for none."""

    path: str
    host: str = "127.0.0.1"
    port: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    authentication: Authentication = Authentication.DIGEST_MD5
    max_sessions: int | None = None
    session_timeout_s: int = 60
    longest_backlog_bytes: int = 4 << 20
    mtu: int = 1400
    starts_at_key: bool = True
    refuses_sound: bool = False


class Stream(Protocol):
    """What the server asks of the camera behind it."""

    def description(self) -> str:
        """The SDP."""

    def begins(self) -> int:
        """A client starts to play: see to a key frame. The RTP time (90 kHz, no offset) of the next picture."""


class _Outlet(Protocol):
    """The way of a session's packets to its client."""

    def send(self, packets: Sequence[bytes]) -> None: ...

    def send_report(self, report: bytes) -> None: ...

    def close(self) -> None: ...


class _Nowhere:
    """For the pictures of a client that has asked for sound alone."""

    def send(self, packets: Sequence[bytes]) -> None: ...

    def send_report(self, report: bytes) -> None: ...

    def close(self) -> None: ...


class _Interleaved:
    """Packets inside the RTSP connection (RFC 2326 10.12). Drops a client whose backlog grows too long."""

    def __init__(self, transport: asyncio.Transport, channels: tuple[int, int], longest: int) -> None:
        self._transport, self._channels, self._longest = transport, channels, longest

    def send(self, packets: Sequence[bytes]) -> None:
        self._write(b"".join(self._framed(self._channels[0], packet) for packet in packets))

    def send_report(self, report: bytes) -> None:
        self._write(self._framed(self._channels[1], report))

    def close(self) -> None:
        """Nothing of its own to close."""

    @staticmethod
    def _framed(channel: int, packet: bytes) -> bytes:
        return bytes((0x24, channel)) + len(packet).to_bytes(2, "big") + packet

    def _write(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self._longest:
            log.warning("simulator.slow_client_dropped", backlog=self._transport.get_write_buffer_size())
            self._transport.abort()


class _Datagrams(asyncio.DatagramProtocol):
    """Reads receiver reports; errors of a client that went away mean nothing here."""

    def __init__(self, read: Callable[[bytes], None] | None = None) -> None:
        self._read = read

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if self._read is not None:
            self._read(data)

    def error_received(self, exc: Exception) -> None:
        """ICMP port unreachable: the client is gone, its connection will tell."""


class _UdpPair:
    """A pair of sockets, RTP on an even port and RTCP on the next one (RFC 3550 11)."""

    def __init__(self, rtp: asyncio.DatagramTransport, rtcp: asyncio.DatagramTransport, port: int) -> None:
        self._rtp, self._rtcp, self.port = rtp, rtcp, port
        self._to: tuple[tuple[str, int], tuple[str, int]] | None = None

    @classmethod
    async def bound(cls, host: str, read: Callable[[bytes], None]) -> _UdpPair:
        loop = asyncio.get_running_loop()
        for _ in range(50):
            rtp, _protocol = await loop.create_datagram_endpoint(_Datagrams, local_addr=(host, 0))
            port: int = rtp.get_extra_info("sockname")[1]
            if port % 2 == 0:
                try:
                    rtcp, _reader = await loop.create_datagram_endpoint(
                        lambda: _Datagrams(read), local_addr=(host, port + 1)
                    )
                except OSError:
                    rtp.close()
                    continue
                return cls(rtp, rtcp, port)
            rtp.close()
        raise OSError("no pair of UDP ports is free")

    def aim(self, host: str, ports: tuple[int, int]) -> None:
        self._to = ((host, ports[0]), (host, ports[1]))

    def send(self, packets: Sequence[bytes]) -> None:
        if self._to is not None and not self._rtp.is_closing():
            for packet in packets:
                self._rtp.sendto(packet, self._to[0])

    def send_report(self, report: bytes) -> None:
        if self._to is not None and not self._rtcp.is_closing():
            self._rtcp.sendto(report, self._to[1])

    def close(self) -> None:
        self._rtp.close()
        self._rtcp.close()


class _Sending(NamedTuple):
    """Packets on their way out, and who is told once they went."""

    packets: list[bytes]
    is_report: bool
    sent: Callable[[], None]


class SoundTrack:
    """The sound of one session: as every RTP stream with an SSRC, sequence numbers and an origin of its own."""

    def __init__(self, outlet: _Outlet) -> None:
        self.outlet = outlet
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._origin = secrets.randbits(32)
        self._packets = self._octets = 0

    def send(self, sound: CodedSound, number: int) -> None:
        payload = sound.payload(number)
        self.outlet.send([sound.header(self._sequence, self._origin + number * sound.samples, self._ssrc) + payload])
        self._packets += 1
        self._octets += len(payload)
        self._sequence = (self._sequence + 1) & 0xFFFF

    def send_report(self, wall: datetime, rtp_time: int) -> None:
        time = self._origin + rtp_time
        self.outlet.send_report(sender_report(self._ssrc, wall, time, self._packets, self._octets))


class Session:
    """One client's stream: its own SSRC, sequence numbers and RTP origin (RFC 3550 5.1)."""

    def __init__(self, outlet: _Outlet, now: float) -> None:
        self.id = secrets.token_hex(8)
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)
        self.origin = secrets.randbits(32)
        self.outlet = outlet
        self.sound: SoundTrack | None = None
        self.seen = now
        self.playing = False
        self.waits_for_key = False
        self.reported = False
        self.report: ReceiverReport | None = None
        self._packets = self._octets = 0
        self._held: list[_Sending] | None = None
        self._delay_s = 0.0
        self._late: deque[_Sending] = deque()
        self._late_until = 0.0  # event loop time

    def send(
        self,
        pieces: Sequence[bytes],
        rtp_time: int,
        lost: Sequence[bool],
        sent: Callable[[], None],
    ) -> None:
        """One access unit; a lost packet takes its sequence number with it. ``sent`` is called once it went out."""
        packets = []
        for index, (piece, gone) in enumerate(zip(pieces, lost, strict=True)):
            if not gone:
                marker = index == len(pieces) - 1
                packets.append(rtp_header(self.sequence, self.origin + rtp_time, self.ssrc, marker) + piece)
                self._octets += len(piece)
            self.sequence = (self.sequence + 1) & 0xFFFF
        self._packets += len(packets)
        self._pass_on(_Sending(packets, False, sent))

    def send_report(self, wall: datetime, rtp_time: int) -> None:
        report = sender_report(self.ssrc, wall, self.origin + rtp_time, self._packets, self._octets)
        self.reported = True
        self._pass_on(_Sending([report], True, _nobody))

    def hold(self) -> None:
        """Keep packets back from now on."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Send all that was kept back."""
        held, self._held = self._held, None
        for sending in held or ():
            self._pass_on(sending)

    def delay(self, seconds: float) -> None:
        """Send packets so much later from now on, in their order."""
        self._delay_s = seconds

    def read_report(self, datagram: bytes, now: float) -> None:
        self.seen = now
        self.report = next(iter(receiver_reports(datagram, self.ssrc)), self.report)

    def _pass_on(self, sending: _Sending) -> None:
        if self._held is not None:
            self._held.append(sending)
        elif self._delay_s or self._late:
            loop = asyncio.get_running_loop()
            self._late_until = max(self._late_until, loop.time() + self._delay_s)
            self._late.append(sending)
            loop.call_at(self._late_until, self._send_late)
        else:
            self._send_now(sending)

    def _send_late(self) -> None:
        sending = self._late.popleft()
        if self.playing:  # else its connection has ended meanwhile
            self._send_now(sending)

    def _send_now(self, sending: _Sending) -> None:
        if sending.is_report:
            self.outlet.send_report(sending.packets[0])
        elif sending.packets:
            self.outlet.send(sending.packets)
        sending.sent()


def _nobody() -> None:
    """Nobody is told."""


class RtspServer:
    """Listens, keeps the sessions of all connections, and sends each access unit to those that play."""

    def __init__(self, settings: ServerSettings, stream: Stream, sound: CodedSound | None = None) -> None:
        self.settings, self.stream, self.sound = settings, stream, sound
        self.port = settings.port
        self.sessions: dict[str, Session] = {}
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._beside: list[RtspServer] = []
        self._holding = False
        self._delay_s = 0.0
        self.set_up_sound = 0  # how often its track was set up

    async def listen(self) -> None:
        """Open the port; the first time it may be any, later it is the same again."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Connection(self), self.settings.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]
            for each in self._beside:
                each.port = self.port

    def share(self, other: RtspServer) -> None:
        """Serve another stream at this port, by its path; to be called before ``listen``. Logins are this one's."""
        self._beside.append(other)

    def serving(self, path: str) -> RtspServer:
        """Whose a path is; this one's where it is nobody's."""
        return next((each for each in self._beside if f"{path}/".startswith(f"{each.settings.path}/")), self)

    def vanish(self) -> None:
        """Close the port and every connection at once, without a word, as a pulled plug does."""
        for each in self._beside:
            each.vanish()
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.abort()

    def farewell(self) -> None:
        """Tell every client that its stream ends (RTCP BYE)."""
        for session in self._playing():
            session.outlet.send_report(goodbye(session.ssrc))

    @property
    def watched(self) -> bool:
        return any(session.playing for session in self.sessions.values())

    @property
    def full(self) -> bool:
        return self.settings.max_sessions is not None and len(self.sessions) >= self.settings.max_sessions

    def send(
        self,
        pieces: Sequence[bytes],
        key: bool,
        rtp_time: int,
        lost: Sequence[bool],
        sent: Callable[[str], None] = lambda _: None,
    ) -> bool:
        """One access unit as payloads to everybody; whether anybody was there to get it.

        ``sent`` is told the session when the packets went out, which is later where they are held.
        """
        reached = False
        for session in self._playing():
            if session.waits_for_key and not key:
                continue
            session.waits_for_key = False
            session.send(pieces, rtp_time, lost, partial(sent, session.id))
            reached = True
        return reached

    def report(self, wall: datetime, rtp_time: int, only_first: bool) -> None:
        """A sender report to everybody who has had a picture; ``only_first``: to those without one so far."""
        for session in self._playing():
            if not session.waits_for_key and not (only_first and session.reported):
                session.send_report(wall, rtp_time)

    def send_sound(self, sound: CodedSound, number: int) -> None:
        """One frame of sound to everybody who set up its track."""
        for session in self._playing():
            if session.sound is not None:
                session.sound.send(sound, number)

    def report_sound(self, wall: datetime, rtp_time: int) -> None:
        for session in self._playing():
            if session.sound is not None:
                session.sound.send_report(wall, rtp_time)

    def wait_for_key(self) -> None:
        """Start every stream again at a key frame."""
        for session in self.sessions.values():
            session.waits_for_key = True

    def hold(self) -> None:
        self._holding = True
        for session in self.sessions.values():
            session.hold()

    def release(self) -> None:
        self._holding = False
        for session in list(self.sessions.values()):
            session.release()

    def delay(self, seconds: float) -> None:
        self._delay_s = seconds
        for session in self.sessions.values():
            session.delay(seconds)

    def drop_silent(self, now: float) -> None:
        """Close connections whose session has not been heard of within its timeout."""
        for connection in list(self._connections):
            connection.drop_silent(now - self.settings.session_timeout_s)

    def joined(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def left(self, connection: _Connection) -> None:
        self._connections.discard(connection)

    def admit(self, session: Session) -> None:
        self.sessions[session.id] = session
        if self._holding:
            session.hold()
        session.delay(self._delay_s)

    def dismiss(self, session: Session) -> None:
        self.sessions.pop(session.id, None)
        session.playing = False
        session.outlet.close()
        if session.sound is not None:
            session.sound.outlet.close()

    def _playing(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.playing]


class _Connection(asyncio.Protocol):
    """One RTSP connection and the sessions that it made."""

    def __init__(self, server: RtspServer) -> None:
        self._server = self._listening = server
        settings = server.settings
        self._gate = Gate(settings.username, settings.password, settings.authentication)
        self._reader = RequestReader()
        self._sessions: dict[str, Session] = {}
        self._channels: dict[int, Session] = {}
        self._serving: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[Request] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (what create_server hands over)
        self._transport = transport
        self._server.joined(self)
        self._serving = self._loop.create_task(self._serve())

    def connection_lost(self, exc: Exception | None) -> None:
        if self._serving is not None:
            self._serving.cancel()
        for session in self._sessions.values():
            self._server.dismiss(session)
        self._sessions.clear()
        self._server.left(self)

    def data_received(self, data: bytes) -> None:
        try:
            items = self._reader.feed(data)
        except MalformedRequest:
            self._answer(400, "0")
            self.abort()
            return
        for item in items:
            if isinstance(item, Request):
                self._queue.put_nowait(item)
            elif (session := self._channels.get(item.channel)) is not None:
                session.read_report(item.packet, self._loop.time())

    def abort(self) -> None:
        """Close without a word."""
        if self._transport is not None:
            self._transport.abort()
        self.connection_lost(None)

    def drop_silent(self, since: float) -> None:
        if any(session.seen < since for session in self._sessions.values()):
            log.info("simulator.session_timed_out", path=self._server.settings.path)
            self.abort()

    async def _serve(self) -> None:
        """Answer requests one after the other."""
        while True:
            request = await self._queue.get()
            await self._obey(request)

    async def _obey(self, request: Request) -> None:
        sequence = request.headers.get("cseq", "0")
        self._turn_to(self._listening.serving(_path(request.uri)))
        if request.method == "OPTIONS":
            self._touch(request)
            self._answer(200, sequence, {"Public": _METHODS})
        elif not self._gate.admits(request):
            self._answer(401, sequence, {"WWW-Authenticate": self._gate.challenge()})
        elif not self._ours(request.uri):
            self._answer(404, sequence)
        elif request.method == "DESCRIBE":
            headers = {"Content-Base": f"{self._base()}/", "Content-Type": "application/sdp"}
            self._answer(200, sequence, headers, self._server.stream.description())
        elif request.method == "SETUP":
            await self._set_up(request, sequence)
        elif request.method in ("PLAY", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN", "PAUSE"):
            self._obey_in_session(request, sequence)
        else:
            self._answer(501, sequence, {"Allow": _METHODS})

    def _turn_to(self, server: RtspServer) -> None:
        """To the stream that is asked for; once there is a session, that stays its stream."""
        if server is not self._server and not self._sessions:
            self._server.left(self)
            self._server = server
            server.joined(self)

    def _obey_in_session(self, request: Request, sequence: str) -> None:
        session = self._touch(request)
        if session is None:
            if "session" not in request.headers and request.method.endswith("_PARAMETER"):
                self._answer(200, sequence)
            else:
                self._answer(454, sequence)
        elif request.method == "PLAY":
            self._play(session, sequence)
        elif request.method == "TEARDOWN":
            self._sessions.pop(session.id)
            self._server.dismiss(session)
            self._answer(200, sequence)
        elif request.method == "PAUSE":
            self._answer(455, sequence, {"Allow": _METHODS})
        else:
            self._answer(200, sequence, {"Session": session.id})

    async def _set_up(self, request: Request, sequence: str) -> None:
        is_sound = self._is_sound(request.uri)
        sound_of = self._touch(request) if is_sound else None
        if is_sound and self._server.settings.refuses_sound:
            self._answer(459, sequence)
            return
        if self._server.full and sound_of is None:
            self._answer(453, sequence)
            return
        if is_sound and sound_of is None:
            sound_of = self._admit(_Nowhere(), None)
        transport = request.headers.get("transport", "")
        for offer in transport.split(","):
            if offer.strip().upper().startswith("RTP/AVP/TCP"):
                self._set_up_interleaved(offer, sequence, sound_of)
                return
            if (ports := re.search(r"client_port=(\d+)(?:-(\d+))?", offer)) and "multicast" not in offer:
                rtp, rtcp = int(ports[1]), int(ports[2] or int(ports[1]) + 1)
                if 0 < rtp < 1 << 16 and 0 < rtcp < 1 << 16:
                    await self._set_up_datagrams((rtp, rtcp), sequence, sound_of)
                    return
        self._answer(461, sequence)

    def _set_up_interleaved(self, offer: str, sequence: str, sound_of: Session | None) -> None:
        wanted = re.search(r"interleaved=(\d+)-(\d+)", offer)
        channels = (int(wanted[1]) & 0xFF, int(wanted[2]) & 0xFF) if wanted else (0, 1)
        if self._transport is None or channels[1] in self._channels:
            self._answer(461, sequence)
            return
        outlet = _Interleaved(self._transport, channels, self._server.settings.longest_backlog_bytes)
        session = self._admit(outlet, sound_of)
        self._channels[channels[1]] = session
        way = f"RTP/AVP/TCP;unicast;interleaved={channels[0]}-{channels[1]};ssrc={session.ssrc:08X}"
        self._answer(200, sequence, {"Transport": way, **self._session_header(session)})

    async def _set_up_datagrams(self, ports: tuple[int, int], sequence: str, sound_of: Session | None) -> None:
        holder: list[Session] = []

        def read(datagram: bytes) -> None:
            for session in holder:
                session.read_report(datagram, self._loop.time())

        try:
            pair = await _UdpPair.bound(self._server.settings.host, read)
        except OSError:
            self._answer(453, sequence)
            return
        peer = self._transport.get_extra_info("peername") if self._transport is not None else None
        if peer is None or self._transport is None or self._transport.is_closing():
            pair.close()
            return
        pair.aim(peer[0], ports)
        session = self._admit(pair, sound_of)
        holder.append(session)
        way = f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]};server_port={pair.port}-{pair.port + 1}"
        self._answer(200, sequence, {"Transport": f"{way};ssrc={session.ssrc:08X}", **self._session_header(session)})

    def _admit(self, outlet: _Outlet, sound_of: Session | None) -> Session:
        if sound_of is not None:
            sound_of.sound = SoundTrack(outlet)
            self._server.set_up_sound += 1
            return sound_of
        session = Session(outlet, self._loop.time())
        self._sessions[session.id] = session
        self._server.admit(session)
        return session

    def _play(self, session: Session, sequence: str) -> None:
        rtp_time = (session.origin + self._server.stream.begins()) & 0xFFFFFFFF
        info = f"url={self._base()}/track1;seq={session.sequence};rtptime={rtp_time}"
        headers = {"Session": session.id, "Range": "npt=now-", "RTP-Info": info}
        self._answer(200, sequence, headers)
        if not session.playing:
            session.playing = True
            session.waits_for_key = self._server.settings.starts_at_key

    def _touch(self, request: Request) -> Session | None:
        """The session that a request names, which is alive by that."""
        session = self._sessions.get(request.headers.get("session", "").partition(";")[0].strip())
        if session is not None:
            session.seen = self._loop.time()
        return session

    def _session_header(self, session: Session) -> dict[str, str]:
        return {"Session": f"{session.id};timeout={self._server.settings.session_timeout_s}"}

    def _ours(self, uri: str) -> bool:
        path, ours = _path(uri), self._server.settings.path
        return path in (ours, f"{ours}/track1") or self._is_sound(uri)

    def _is_sound(self, uri: str) -> bool:
        return self._server.sound is not None and _path(uri) == f"{self._server.settings.path}/track2"

    def _base(self) -> str:
        settings = self._server.settings
        return f"rtsp://{settings.host}:{self._server.port}{settings.path}"

    def _answer(self, status: int, sequence: str, headers: dict[str, str] | None = None, body: str = "") -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer(status, sequence, headers, body))


def _path(uri: str) -> str:
    return re.sub(r"^rtsp://[^/]*", "", uri).partition("?")[0].rstrip("/")


def payload_limit(settings: ServerSettings) -> int:
    """Bytes of payload that fit into one RTP packet."""
    return settings.mtu - HEADER_BYTES
