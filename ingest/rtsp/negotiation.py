"""What is said before the first picture: connect, OPTIONS, DESCRIBE, SETUP of pictures, of sound if asked (RFC 2326).

Not here: PLAY and what comes after it (``client``).
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from ingest.rtsp.address import Address, parse_address
from ingest.rtsp.auth import Login
from ingest.rtsp.connection import Connection
from ingest.rtsp.datagrams import DatagramPair
from ingest.rtsp.messages import Answer, parameters
from ingest.rtsp.sdp import (
    SoundTrack,
    VideoTrack,
    audio_codecs,
    base_url,
    control_url,
    sound_track,
    video_track,
)
from ingest.rtsp.wire import MalformedMessage, NoVideoTrack, StreamEnded, WireError
from ingest.source import CameraRefused, CameraUnreachable, UnsupportedStream

_DEFAULT_SESSION_S: Final = 60.0  # RFC 2326 12.37
_SOUND_ANSWER_S: Final = 1.0  # pictures do not wait longer for sound

_ADVICE = {
    401: "check the user name and password of its secret",
    403: "give this user the right to watch, or allow this computer's address",
    404: "check the path of its address",
    453: "it serves as many viewers as it can; close other players or raise its limit",
    454: "it lost the connection's state; if this comes back, restart the camera",
    461: "it does not send this way; set its transport to tcp",
    503: "it is busy; close other players or restart the camera",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, in seconds.

    ``connect_s`` for a TCP connection, ``answer_s`` for each answer, ``picture_s`` for the next picture (the first
    one after PLAY included; longer for a camera that sends few of them, see ``client.Patience``), ``key_s`` for the
    first key frame with its parameter sets: encoders that call themselves smart send one every 12 to 40 s.
    ``redirects``: how many of them are followed, 0 to connect to nothing but the address that was given.
    """

    connect_s: float = 3.0
    answer_s: float = 3.0
    picture_s: float = 3.0
    key_s: float = 45.0
    redirects: int = 2


@dataclass(frozen=True, slots=True)
class AgreedSound:
    """The sound track that was set up beside the pictures, and the way in which it comes."""

    track: SoundTrack
    channels: tuple[int, int]
    datagrams: DatagramPair | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What camera and client have agreed on; only PLAY is missing.

    ``control`` is the URL of the whole presentation, ``channels`` those of RTP and RTCP in the connection,
    ``datagrams`` the sockets instead where UDP was agreed on.
    """

    address: Address
    connection: Connection
    track: VideoTrack
    control: str
    channels: tuple[int, int]
    datagrams: DatagramPair | None
    session_s: float
    keep_alive: str  # the method for it
    audio: tuple[str, ...] = ()  # what sound is offered
    sound_asked: bool = False  # whether its track was asked for
    sound: AgreedSound | None = None  # what of it was given

    async def ask(self, method: str, headers: dict[str, str], limit_s: float) -> Answer:
        """One question about the whole presentation. Raises as ``errors_of`` says."""
        with errors_of(self.address):
            answer = await asked(self.connection, self.address, (method, self.control), headers, limit_s)
            return accepted(method, self.address, answer)

    async def close(self) -> None:
        if self.datagrams is not None:
            self.datagrams.close()
        if self.sound is not None and self.sound.datagrams is not None:
            self.sound.datagrams.close()
        await self.connection.close()


@dataclass(slots=True)
class _Described:
    """A connection whose camera has said what it has."""

    address: Address
    connection: Connection
    answer: Answer
    public: frozenset[str]


async def negotiate(
    address: Address, login: Login | None, udp: bool, limits: Limits, *, sound: bool = False
) -> Agreement:
    """Everything up to SETUP. Raises CameraUnreachable, CameraRefused or UnsupportedStream; then nothing is open.

    Only with ``sound`` is a sound track set up; where the camera has none that can be recorded, or does not give it,
    the pictures come alone.
    """
    first_host = address.host
    for _ in range(limits.redirects + 1):
        # A redirection to another host must not fish for the password.
        connection = await _connected(address, login, address.host == first_host, limits.connect_s)
        agreed = False
        try:
            with errors_of(address):
                described = await _described(address, connection, limits.answer_s)
                if described.answer.status not in (301, 302):
                    agreement = await _set_up(described, udp, limits.answer_s, sound)
                    agreed = True
                    return agreement
                address = _redirected(address, described.answer)
        finally:
            if not agreed:
                await connection.close()
    raise CameraRefused(f"{address.where}: more than {limits.redirects} redirections; give its final address")


@contextmanager
def errors_of(address: Address) -> Iterator[None]:
    """Say what is wrong with received bytes as an error of this camera, before its stream is established."""
    try:
        yield
    except NoVideoTrack as error:
        raise UnsupportedStream(
            f"{address.where} offers {error}, which cannot be recorded; set its encoder to H.264 or H.265"
        ) from error
    except StreamEnded as error:
        raise CameraUnreachable(f"{address.where}: {error} before it sent a picture; check the camera") from error
    except WireError as error:
        raise CameraRefused(f"{address.where}: {error}; is this an RTSP camera?") from error


async def _connected(address: Address, login: Login | None, basic_allowed: bool, limit_s: float) -> Connection:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limit_s):
            _, connection = await loop.create_connection(
                lambda: Connection(login, basic_allowed), address.host, address.port
            )
            return connection
    except TimeoutError:
        reason = f"no answer within {limit_s:g} s"
    except (OSError, UnicodeError) as error:
        reason = _plain(error)
    raise CameraUnreachable(f"no connection to {address.where}: {reason}; check its power, cable and address")


def _plain(error: OSError | UnicodeError) -> str:
    """What the system says, without the numbers that asyncio adds."""
    if isinstance(error, OSError) and not isinstance(error, socket.gaierror) and error.errno:
        return os.strerror(error.errno).lower()
    return (getattr(error, "strerror", None) or str(error)).lower()


async def asked(
    connection: Connection, address: Address, request: tuple[str, str], headers: dict[str, str], limit_s: float
) -> Answer:
    """The answer to ``request`` (method and URL), whatever it says. Raises CameraUnreachable when none comes."""
    method, url = request
    try:
        return await connection.ask(method, url, headers, limit_s)
    except TimeoutError:
        raise CameraUnreachable(
            f"{address.where}: no answer to {method} within {limit_s:g} s; "
            "check that this is the camera's RTSP port, or restart it"
        ) from None


async def _described(address: Address, connection: Connection, limit_s: float) -> _Described:
    """The answer to DESCRIBE: a description or a redirection."""
    options = await asked(connection, address, ("OPTIONS", address.url), {}, limit_s)
    public = ",".join(options.headers.all("Public")).upper().split(",")
    answer = await asked(connection, address, ("DESCRIBE", address.url), {"Accept": "application/sdp"}, limit_s)
    if answer.status not in (301, 302):
        accepted("DESCRIBE", address, answer)
    return _Described(address, connection, answer, frozenset(method.strip() for method in public))


def _redirected(address: Address, answer: Answer) -> Address:
    try:
        return parse_address(answer.headers.first("Location") or "")
    except MalformedMessage as error:
        raise CameraRefused(f"{address.where}: redirects to nowhere; check its address") from error


async def _set_up(described: _Described, udp: bool, limit_s: float, with_sound: bool) -> Agreement:
    """SETUP of the tracks that are recorded."""
    address, connection, headers = described.address, described.connection, described.answer.headers
    track = video_track(described.answer.body)
    base = base_url(address, headers.first("Content-Base"), headers.first("Content-Location"))
    request = ("SETUP", control_url(address, base, track.control))
    datagrams, answer = None, None
    if udp:
        datagrams, answer = await _set_up_udp(connection, address, request, limit_s)
    if answer is None:
        wanted = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        answer = accepted("SETUP", address, await asked(connection, address, request, wanted, limit_s))
    session = answer.headers.first("Session") or ""
    connection.session = session.partition(";")[0].strip() or None
    transport = parameters(answer.headers.first("Transport") or "")
    channels = _number_pair(transport.get("interleaved", "")) or (0, 1)
    offered = sound_track(described.answer.body) if with_sound else None
    with ExitStack() as undo:
        if datagrams is not None:
            undo.callback(datagrams.close)
        sound = await _set_up_sound(described, base, offered, channels, datagrams is not None) if offered else None
        undo.pop_all()
    return Agreement(
        address=address,
        connection=connection,
        track=track,
        control=control_url(address, base, track.session_control),
        channels=channels,
        datagrams=datagrams,
        session_s=_timeout_s(session),
        keep_alive="GET_PARAMETER" if "GET_PARAMETER" in described.public else "OPTIONS",
        audio=audio_codecs(described.answer.body),
        sound_asked=offered is not None,
        sound=sound,
    )


async def _set_up_sound(
    described: _Described, base: str, track: SoundTrack, taken: tuple[int, int], udp: bool
) -> AgreedSound | None:
    """SETUP of the sound track in the same way as the pictures'; None where the camera says no.

    A camera that does not answer in time, or hangs up over it, is left to PLAY to find out.
    """
    address, connection = described.address, described.connection
    request = ("SETUP", control_url(address, base, track.control))
    try:
        if udp:
            datagrams, _ = await _set_up_udp(connection, address, request, _SOUND_ANSWER_S)
            return AgreedSound(track, taken, datagrams) if datagrams is not None else None
        first = max(taken) + 1
        wanted = {"Transport": f"RTP/AVP/TCP;unicast;interleaved={first}-{first + 1}"}
        answer = accepted("SETUP", address, await asked(connection, address, request, wanted, _SOUND_ANSWER_S))
    except (CameraRefused, CameraUnreachable, WireError):
        return None
    given = _number_pair(parameters(answer.headers.first("Transport") or "").get("interleaved", ""))
    channels = given or (first, first + 1)
    return AgreedSound(track, channels, None) if not set(channels) & set(taken) else None


async def _set_up_udp(
    connection: Connection, address: Address, request: tuple[str, str], limit_s: float
) -> tuple[DatagramPair | None, Answer | None]:
    """Agree on UDP; nothing where the camera answers 461, Unsupported Transport."""
    local, peer = connection.local_and_peer_host()
    try:
        datagrams = DatagramPair(local)
    except OSError as error:
        raise CameraUnreachable(f"{address.where}: {error}; set its transport to tcp") from error
    agreed = False
    try:
        wanted = {"Transport": f"RTP/AVP;unicast;client_port={datagrams.port}-{datagrams.port + 1}"}
        answer = await asked(connection, address, request, wanted, limit_s)
        if answer.status == 461:
            return None, None
        transport = parameters(accepted("SETUP", address, answer).headers.first("Transport") or "")
        agreed = True
    finally:
        if not agreed:
            datagrams.close()
    datagrams.senders = frozenset((peer, transport.get("source", peer)))
    server_ports = _number_pair(transport.get("server_port", ""))
    datagrams.reports_to = (peer, server_ports[1]) if server_ports is not None else None
    return datagrams, answer


def _timeout_s(session: str) -> float:
    """The session's timeout, at least 2 s."""
    text = parameters(session).get("timeout", "")
    return max(2.0, float(text)) if re.fullmatch(r"[0-9]{1,6}", text) else _DEFAULT_SESSION_S


def accepted(method: str, address: Address, answer: Answer) -> Answer:
    """The answer, if it is a yes. Raises CameraRefused."""
    if 200 <= answer.status < 300:
        return answer
    reason = re.sub(r"[^\x20-\x7e]", "?", answer.reason)[:60]
    advice = _ADVICE.get(answer.status, "look into the camera's log")
    raise CameraRefused(f"{address.where}: refused {method} with {answer.status} {reason}".rstrip() + f"; {advice}")


def _number_pair(text: str) -> tuple[int, int] | None:
    """Two numbers of a Transport parameter, ``4-5`` or ``4`` (then the next one follows)."""
    found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", text.strip())
    if found is None:
        return None
    first = int(found[1])
    return first, int(found[2]) if found[2] else first + 1
