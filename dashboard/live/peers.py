"""One viewer's WebRTC connection, on aiortc: ICE, DTLS and SRTP. Nothing else knows aiortc and its private parts.

aiortc's own sender makes every packet anew for every viewer, in a coroutine for each; here a packet that is ready is
encrypted with the viewer's key and written to the socket, which aiortc offers no public way to do. What we lean on is
told by ``tests/dashboard/live/test_peers.py``, which fails where another release has it no more:

- ``RTCIceGatherer._connection``, an ``aioice.Connection`` with ``_protocols``, ``_local_candidates``,
  ``_local_candidates_end`` and ``_nominated``: our socket instead of one for every address of this host;
- ``RTCDtlsTransport._rtp_router`` (whom RTCP is handed to) and ``_tx_srtp`` (a ``pylibsrtp.Session``).

We are always the side that is come to: no candidate of a viewer is used, so no offer can make us send anywhere, and
no STUN server is asked. Not here: what is sent when (``packet_lines``), and SDP (``offers``).
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Final, Protocol

import pylibsrtp
from aioice.candidate import Candidate, candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
)

from dashboard.live.offers import Local, Offer
from ingest.packets import goodbye

CONNECT_S: Final = 15.0
"""How long a viewer may take from the answer to the first packet."""

_UDP_SEGMENT: Final = 103  # linux/udp.h
_SIZE: Final = struct.Struct("=H")


class NoPort(Exception):
    """No UDP port is free, or the address is not one of this host."""


class PeerLost(Exception):
    """The viewer never came, or went."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where viewers come to over UDP: ``host`` is bound, the address that a request came to where it is empty, and
    ``announced`` told to viewers, what is bound where it is empty. ``ports`` are tried in any order; 0 is any that is
    free.
    """

    host: str = ""
    ports: range = range(1)
    announced: tuple[str, ...] = ()


class Hearer(Protocol):
    """Who is told what a viewer reports."""

    def heard(self, fraction_lost: float) -> None: ...

    def lost(self, numbers: Iterable[int]) -> None: ...

    def wants_key_frame(self) -> None: ...


def new_certificate() -> RTCCertificate:
    """Ours for DTLS, signed by itself: a viewer believes it by the fingerprint in the answer. One for a process."""
    return RTCCertificate.generateCertificate()


class Peer:
    """One connection; all of it from one asyncio loop. A ``Way`` once it is connected."""

    def __init__(self, certificate: RTCCertificate, ssrc: int, hearer: Hearer) -> None:
        self._ssrc = ssrc
        self._hearer = hearer
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        self._connection: Any = self._gatherer._connection
        self._socket: socket.socket | None = None
        self._segments = True
        self._gone = asyncio.Event()
        self._srtp: pylibsrtp.Session | None = None
        for each in (self._ice, self._dtls):
            each.on("statechange", self._looked_at)

    async def bind(self, place: Place, came_to: str) -> Local:
        """Take a port; what the viewer is told of it. ``came_to`` is the address that its request came to.

        Raises NoPort.
        """
        host = place.host or _plain(came_to)
        self._socket = bound = _socket(host, place.ports)
        _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: StunProtocol(self._connection), sock=bound
        )
        port = bound.getsockname()[1]
        protocol.local_candidate = Candidate(
            candidate_foundation("host", "udp", host), 1, "udp", candidate_priority(1, "host"), host, port, "host"
        )
        self._connection._protocols.append(protocol)
        self._connection._local_candidates.append(protocol.local_candidate)
        self._connection._local_candidates_end = True
        ours, (sha256,) = self._gatherer.getLocalParameters(), self._fingerprints()
        announced = tuple((each, port) for each in place.announced or (host,))
        return Local(str(ours.usernameFragment), str(ours.password), sha256, announced)

    async def connect(self, offer: Offer) -> None:
        """Wait for the viewer to come. Raises PeerLost."""
        self._dtls._rtp_router.register_sender(self, ssrc=self._ssrc)
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._ice.start(RTCIceParameters(usernameFragment=offer.ufrag, password=offer.password))
                if self._ice.state == "completed":
                    theirs = [RTCDtlsFingerprint(*each) for each in offer.fingerprints]
                    await self._dtls.start(RTCDtlsParameters(fingerprints=theirs))
        except (TimeoutError, ConnectionError) as error:
            raise PeerLost("nobody came to the address that was answered") from error
        if self._dtls.state != "connected":
            raise PeerLost(f"ICE is {self._ice.state}, DTLS {self._dtls.state}")
        self._srtp = self._dtls._tx_srtp

    async def gone(self) -> None:
        """Waits until the viewer has gone: it said so, or does not answer any more (RFC 7675)."""
        await self._gone.wait()

    async def close(self) -> None:
        """Give the port back."""
        self.report(goodbye(self._ssrc))
        self._srtp = None
        with suppress(ConnectionError):
            await self._dtls.stop()
        await self._ice.stop()

    # A ``Way``.

    def send(self, packets: Sequence[bytes]) -> None:
        """RTP packets, encrypted for this viewer; lost where the network card takes nothing, or nobody is there."""
        pair, srtp = self._connection._nominated.get(1), self._srtp
        if pair is None or srtp is None:
            return
        if pair.protocol.transport.is_closing():
            return
        ready = list(map(srtp.protect, packets))
        with suppress(OSError):  # what a network card does not take now is lost, as on any network
            for size, alike in _runs(ready):
                self._write(size, alike, pair.remote_addr)

    def _write(self, size: int, alike: Sequence[bytes], address: tuple[str, int]) -> None:
        """Packets of one size, the last of which may be shorter: in one call of the kernel where it cuts them itself
        (UDP_SEGMENT, Linux 4.18), which is cheaper than as many calls by far. Raises OSError.
        """
        bound = self._socket
        if bound is not None and len(alike) > 1 and self._segments:
            try:
                bound.sendmsg([b"".join(alike)], [(socket.IPPROTO_UDP, _UDP_SEGMENT, _SIZE.pack(size))], 0, address)
            except BlockingIOError:
                raise
            except OSError:
                self._segments = False  # this kernel or network card cannot
            else:
                return
        for each in alike:
            if bound is not None:
                bound.sendto(each, address)

    def report(self, compound: bytes) -> None:
        """RTCP packets, as ``send``."""
        pair = self._connection._nominated.get(1)
        if pair is not None and self._srtp is not None and not pair.protocol.transport.is_closing():
            pair.protocol.transport.sendto(self._srtp.protect_rtcp(compound), pair.remote_addr)

    # What aiortc calls.

    async def _handle_rtcp_packet(self, packet: object) -> None:
        match packet:
            case RtcpRrPacket() | RtcpSrPacket():
                for each in packet.reports:
                    if each.ssrc == self._ssrc:
                        self._hearer.heard(each.fraction_lost / 256)
            case RtcpRtpfbPacket(fmt=fmt) if fmt == RTCP_RTPFB_NACK:
                self._hearer.lost(packet.lost)
            case RtcpPsfbPacket(fmt=fmt) if fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
                self._hearer.wants_key_frame()
            case _:
                pass

    def _looked_at(self) -> None:
        if {self._ice.state, self._dtls.state} & {"failed", "closed"}:
            self._gone.set()

    def _fingerprints(self) -> list[str]:
        found = self._dtls.getLocalParameters().fingerprints
        return [each.value for each in found if each.algorithm == "sha-256"]


def _plain(address: str) -> str:
    """An IPv4 address that came in over a socket of IPv6 (RFC 4291 2.5.5.2) as the browser knows it."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return address if mapped is None else str(mapped)


def _runs(packets: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    """In order, as many together as are of one size, and one more that is shorter."""
    at = 0
    while at < len(packets):
        size, end = len(packets[at]), at + 1
        while end < len(packets) and len(packets[end]) == size:
            end += 1
        end += end < len(packets) and len(packets[end]) < size
        yield size, packets[at:end]
        at = end


def _socket(host: str, ports: range) -> socket.socket:
    """Bound to one of the ports. Raises NoPort."""
    try:
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    except ValueError as error:
        raise NoPort(f"{host} is no IP address") from error
    failure: OSError | None = None
    for port in random.sample(ports, len(ports)):
        made = socket.socket(family, socket.SOCK_DGRAM)
        try:
            made.setblocking(False)
            made.bind((host, port))
        except OSError as error:
            made.close()
            failure = error
        else:
            return made
    raise NoPort(f"{host} has no free UDP port from {ports.start} to {ports.stop - 1}: {failure}")
