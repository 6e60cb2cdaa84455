"""The two UDP sockets of one stream: RTP on an even port, RTCP on the next (RFC 3550 11).

Read in bursts straight from the sockets: one callback per wake-up, not one per datagram.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

_MOST_PER_WAKE_UP: Final = 256
_MOST_ATTEMPTS: Final = 50
_RECEIVE_BUFFER_BYTES: Final = 4 * 1024 * 1024  # a key frame comes as one burst; the kernel may grant less


class DatagramPair:
    """Sockets bound to a pair of free ports of ``local_host``. Raises OSError when there is none."""

    def __init__(self, local_host: str) -> None:
        self.on_packets: Callable[[list[bytes]], None] = lambda _: None
        self.senders: frozenset[str] = frozenset()  # the IP addresses that may send to us
        self.reports_to: tuple[str, int] | None = None
        self._buffer = memoryview(bytearray(65536))
        self._reading = False
        self._rtp, self._rtcp = _bound_pair(local_host)
        self.port: int = self._rtp.getsockname()[1]

    def resume(self) -> None:
        if not self._reading:
            self._reading = True
            loop = asyncio.get_running_loop()
            loop.add_reader(self._rtp, self._read, self._rtp)
            loop.add_reader(self._rtcp, self._read, self._rtcp)

    def pause(self) -> None:
        """Stop reading: what then does not fit the kernel's buffer is lost, and counted by its sequence numbers."""
        if self._reading:
            self._reading = False
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._rtp)
            loop.remove_reader(self._rtcp)

    def send_report(self, report: bytes) -> None:
        """Best effort: a report that does not get away is followed by the next one."""
        if self.reports_to is not None:
            with contextlib.suppress(OSError):
                self._rtcp.sendto(report, self.reports_to)

    def close(self) -> None:
        self.pause()
        self._rtp.close()
        self._rtcp.close()

    def _read(self, source: socket.socket) -> None:
        packets: list[bytes] = []
        for _ in range(_MOST_PER_WAKE_UP):
            try:
                size, sender = source.recvfrom_into(self._buffer)
            except OSError:  # nothing more to read; an ICMP answer to a report also ends up here
                break
            if sender[0] in self.senders:
                packets.append(bytes(self._buffer[:size]))
        if packets:
            self.on_packets(packets)


def _bound_pair(local_host: str) -> tuple[socket.socket, socket.socket]:
    for _ in range(_MOST_ATTEMPTS):
        first = _bound(local_host, 0)
        port = first.getsockname()[1]
        try:
            if port % 2 == 0:
                return first, _bound(local_host, port + 1)
            return _bound(local_host, port - 1), first
        except OSError:
            first.close()
    raise OSError("no two neighbouring UDP ports are free")


def _bound(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made
