"""Viewers over WebRTC for benchmarks: protocol clients in one process, who take packets and throw them away.

Nothing is decrypted or decoded: how many packets came and how many are missing stands in the clear in their headers
(RFC 3711 3.1). Each reports once a second, as browsers do. Two ways to ask: WHEP, and Janus's own over HTTP.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import struct
import time
import urllib.request
from typing import Any
from unittest import mock

import aioice.ice
from aiortc import (
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.sdp import candidate_from_sdp

from dashboard.live.peers import new_certificate

_CERTIFICATE = new_certificate()
_H264 = """\
a=rtpmap:96 H264/90000
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=PROFILE
"""


class WebRtcViewer:
    """One connection; what it got. ``address`` is the one of this host that it comes from."""

    def __init__(self, address: str, *, asks: bool) -> None:
        """``asks`` says that it makes the offer."""
        self._address = address
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._gatherer._connection.ice_controlling = asks
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [_CERTIFICATE])
        self._asks = asks
        self._ssrc = 0
        self.packets = self.missing = self.size_bytes = 0
        self.first_s: float | None = None
        self.began = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def sdp(self, direction: str, setup: str, profile: str, number: int = 96, mid: str = "0") -> str:
        """Our side, as an offer or an answer."""
        with mock.patch.object(aioice.ice, "get_host_addresses", lambda **_: [self._address]):
            await self._gatherer.gather()
        ours = self._gatherer.getLocalParameters()
        (sha256,) = [
            each.value for each in self._dtls.getLocalParameters().fingerprints if each.algorithm == "sha-256"
        ]
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mid}"]
        lines += [f"m=video 9 UDP/TLS/RTP/SAVPF {number}", "c=IN IP4 127.0.0.1", f"a=mid:{mid}", f"a={direction}"]
        lines += ["a=rtcp-mux", *_H264.replace("PROFILE", profile).replace(":96", f":{number}").splitlines()]
        lines += [f"a=ice-ufrag:{ours.usernameFragment}", f"a=ice-pwd:{ours.password}"]
        lines += [f"a=fingerprint:sha-256 {sha256}", f"a=setup:{setup}"]
        for each in self._gatherer._connection.local_candidates:
            lines.append(f"a=candidate:{each.to_sdp()}")
        return "\r\n".join((*lines, "a=end-of-candidates", ""))

    async def watch(self, theirs: str, begun: float) -> None:
        """Connect to whoever said that, and take until cancelled."""
        said = dict(re.findall(r"^a=(ice-ufrag|ice-pwd|setup):(\S+)", theirs, re.MULTILINE))
        print_of = re.search(r"^a=fingerprint:(\S+) (\S+)", theirs, re.MULTILINE)
        assert print_of is not None  # noqa: S101 (every WebRTC description has one)
        for each in dict.fromkeys(re.findall(r"^a=candidate:(.+?)\r?$", theirs, re.MULTILINE)):
            if " udp " in each.lower() and ":" not in each.split()[4]:
                await self._ice.addRemoteCandidate(candidate_from_sdp(each))
        await self._ice.addRemoteCandidate(None)
        self._dtls._set_role("client" if said["setup"] == "passive" or not self._asks else "server")
        await self._ice.start(RTCIceParameters(usernameFragment=said["ice-ufrag"], password=said["ice-pwd"]))
        fingerprint = RTCDtlsFingerprint(print_of[1].lower(), print_of[2].upper())
        await self._dtls.start(RTCDtlsParameters(fingerprints=[fingerprint]))
        if self._dtls.state != "connected":
            raise ConnectionError(f"ICE is {self._ice.state}, DTLS {self._dtls.state}")
        pump: Any = self._dtls._task
        pump.cancel()
        reporting = asyncio.create_task(self._report())
        try:
            await self._take(begun)
        finally:
            reporting.cancel()
            await self._ice.stop()

    async def _take(self, begun: float) -> None:
        expected: int | None = None
        while True:
            data = await self._ice._recv()
            if not 128 <= data[0] < 192 or 192 <= data[1] <= 223:
                continue  # not RTP (RFC 7983, RFC 5761 4)
            if self.first_s is None:
                self.first_s = time.monotonic() - begun
            number, self._ssrc = struct.unpack_from(">H4xI", data, 2)
            if expected is not None and (number - expected) % 65536 < 1 << 15:
                self.missing += (number - expected) % 65536
            expected = (number + 1) % 65536
            self.packets += 1
            self.size_bytes += len(data)
            self.began.set()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1)
            block = struct.pack(">IIIIII", self._ssrc, 0, 0, 0, 0, 0)
            report = struct.pack(">BBHI", 0x81, 201, 7, 1) + block
            await self._ice._send(self._dtls._tx_srtp.protect_rtcp(report))


async def by_whep(url: str, profile: str) -> WebRtcViewer:
    """A viewer who watches already, in tasks of its own."""
    begun = time.monotonic()
    viewer = WebRtcViewer("127.0.0.1", asks=True)
    offer = await viewer.sdp("recvonly", "actpass", profile)
    answer = await asyncio.to_thread(_posted, url, offer.encode(), "application/sdp")
    viewer.tasks.append(asyncio.create_task(viewer.watch(answer, begun)))
    return viewer


async def by_janus(api: str, address: str, profile: str) -> WebRtcViewer:
    """The same of Janus's streaming plugin, mount point 1: it offers, we answer."""
    begun = time.monotonic()
    numbers = itertools.count()

    def say(where: str, **words: Any) -> Any:
        told = {"transaction": str(next(numbers)), **words}
        return json.loads(_posted(where, json.dumps(told).encode(), "application/json"))

    def events(session: str) -> Any:
        with urllib.request.urlopen(f"{session}?maxev=1", timeout=60) as heard:  # noqa: S310 (loopback, our process)
            return json.loads(heard.read())

    def offered() -> tuple[str, str, str]:
        session = f"{api}/{say(api, janus='create')['data']['id']}"
        handle = f"{session}/{say(session, janus='attach', plugin='janus.plugin.streaming')['data']['id']}"
        say(handle, janus="message", body={"request": "watch", "id": 1})
        while "jsep" not in (event := events(session)):
            continue
        return session, handle, event["jsep"]["sdp"]

    session, handle, offer = await asyncio.to_thread(offered)
    number = re.search(r"^m=video \d+ \S+ (\d+)", offer, re.MULTILINE)
    mid = re.search(r"^a=mid:(\S+)", offer, re.MULTILINE)
    viewer = WebRtcViewer(address, asks=False)
    answer = await viewer.sdp("recvonly", "active", profile, int(number[1]) if number else 96, mid[1] if mid else "0")
    jsep = {"type": "answer", "sdp": answer}
    await asyncio.to_thread(say, handle, janus="message", body={"request": "start"}, jsep=jsep)
    viewer.tasks.append(asyncio.create_task(viewer.watch(offer, begun)))
    viewer.tasks.append(asyncio.create_task(_keep_alive(say, session)))
    return viewer


async def _keep_alive(say: Any, session: str) -> None:
    while True:
        await asyncio.sleep(20)
        await asyncio.to_thread(say, session, janus="keepalive")


def _posted(where: str, body: bytes, kind: str) -> str:
    asked = urllib.request.Request(where, body, {"Content-Type": kind})  # noqa: S310 (loopback, our process)
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
        return str(answer.read().decode())
