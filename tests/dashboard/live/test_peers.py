"""What we lean on in aiortc and its parts, private ones among it: fails where another release has it no more."""

from __future__ import annotations

import asyncio
import inspect
import socket

import pytest
from aioice.ice import Connection, StunProtocol
from aiortc import RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RtpRouter
from aiortc.rtp import RtcpPacket, RtcpRrPacket

from dashboard.live.peers import NoPort, Peer, Place, _runs, new_certificate
from ingest.packets import goodbye, sender_report
from tests.fakes.time import NOON


class Hearer:
    def heard(self, fraction_lost: float) -> None:
        self.told = fraction_lost

    def lost(self, numbers: object) -> None: ...

    def wants_key_frame(self) -> None: ...


def test_the_private_parts_that_we_lean_on_are_there() -> None:
    async def act() -> None:
        gatherer = RTCIceGatherer(iceServers=[])
        connection = gatherer._connection
        assert isinstance(connection, Connection)
        assert (connection._protocols, connection._local_candidates) == ([], [])
        assert (connection._local_candidates_end, connection._nominated) == (False, {})
        assert connection.stun_server is connection.turn_server is None
        transport = RTCIceTransport(gatherer)
        dtls = RTCDtlsTransport(transport, [new_certificate()])
        assert isinstance(dtls._rtp_router, RtpRouter)
        assert dtls._tx_srtp is None
        assert (transport.state, dtls.state, transport.role) == ("new", "new", "controlled")

    asyncio.run(act())
    assert list(inspect.signature(StunProtocol).parameters) == ["receiver"]
    assert list(inspect.signature(RtpRouter.register_sender).parameters) == ["self", "sender", "ssrc"]


def test_reports_of_a_viewer_reach_who_sends() -> None:
    async def act() -> None:
        hearer = Hearer()
        peer = Peer(new_certificate(), 7, hearer)
        peer._dtls._rtp_router.register_sender(peer, ssrc=7)
        block = bytes.fromhex("000000074000000100000000000000000000000000000000")
        (report,) = RtcpPacket.parse(bytes.fromhex("81c9000700000001") + block)
        assert isinstance(report, RtcpRrPacket)
        for each in peer._dtls._rtp_router.route_rtcp(report):
            await each._handle_rtcp_packet(report)
        assert hearer.told == 0.25
        await peer.close()

    asyncio.run(act())
    assert len(RtcpPacket.parse(sender_report(7, NOON, 1, 2, 3) + goodbye(7))) == 3


def test_packets_go_in_runs_of_one_size_or_one_by_one_where_the_kernel_cannot() -> None:
    sizes = [60, 1212, 1212, 1212, 300, 1212, 80, 90]
    packets = [bytes([number]) * size for number, size in enumerate(sizes)]
    runs = list(_runs(packets))
    assert [(size, len(alike)) for size, alike in runs] == [(60, 1), (1212, 4), (1212, 2), (90, 1)]
    assert [each for _, alike in runs for each in alike] == packets

    async def act() -> list[bytes]:
        peer = Peer(new_certificate(), 7, Hearer())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.bind(("127.0.0.1", 0))
            there.settimeout(5)
            await peer.bind(Place(), "127.0.0.1")
            for segments in (True, False):
                peer._segments = segments
                for size, alike in runs:
                    peer._write(size, alike, there.getsockname())
            found = [there.recv(2000) for _ in range(2 * len(packets))]
            await peer.close()
        return found

    assert asyncio.run(act()) == packets * 2


def test_only_the_address_and_the_ports_that_are_set_are_taken() -> None:
    async def act() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            peer = Peer(new_certificate(), 7, Hearer())
            with pytest.raises(NoPort, match="no free UDP port"):
                await peer.bind(Place("127.0.0.1", range(port, port + 1)), "")
            local = await peer.bind(Place(ports=range(1), announced=("192.0.2.7", "2001:db8::7")), "127.0.0.1")
            (bound,) = peer._connection._protocols
            assert bound.transport.get_extra_info("sockname")[0] == "127.0.0.1"
            number = bound.transport.get_extra_info("sockname")[1]
            assert local.candidates == (("192.0.2.7", number), ("2001:db8::7", number))
            await peer.close()
            mapped = Peer(new_certificate(), 7, Hearer())
            local = await mapped.bind(Place(), "::ffff:127.0.0.1")
            assert local.candidates[0][0] == "127.0.0.1"
            await mapped.close()
            with pytest.raises(NoPort, match="no IP address"):
                await Peer(new_certificate(), 7, Hearer()).bind(Place("localhost"), "")

    asyncio.run(act())
