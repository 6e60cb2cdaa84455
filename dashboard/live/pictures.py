"""One picture of a camera as RTP payloads, and one viewer's stream of such packets (RFC 3550, RFC 6184). Pure.

Payloads are cut once for each picture, and only when somebody watches by WHEP; what differs from viewer to viewer is
the 12 bytes before them, and the encryption (``peers``). Not here: when they are sent (``packet_lines``).
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ingest.packets import payloads, rtp_header, sender_report

PAYLOAD_BYTES: Final = 1180
"""A payload with its headers, IPv6 and a tunnel's fits into 1,280 bytes, which every path carries (RFC 8200 5)."""

REMEMBERED: Final = 64
"""Pictures of which lost packets are sent again: two seconds and a half at 25 a second."""

_LEFT_OUT: Final = frozenset({7, 8, 9, 12})  # parameter sets, which the format knows; delimiters; filler
_SETTLED: Final = 1 << 16
_NO_DELAY: Final = struct.Struct(">HHB3s")
"""One extension in the one-byte form (RFC 8285 4.2): playout-delay, of which both the least and the most are 0."""


class Packets:
    """One picture, cut into payloads when the first viewer asks for them; to be shown at ``ticks`` (90 kHz)."""

    __slots__ = ("_made", "_units", "ticks")

    def __init__(self, units: Iterable[bytes], sets: Sequence[bytes], ticks: int, *, key: bool) -> None:
        """``units`` are its NAL units; ``sets`` the parameter sets, which go before a key frame."""
        slices = [each for each in units if each and each[0] & 0x1F not in _LEFT_OUT]
        self._units = [*sets, *slices] if key else slices
        self._made: tuple[bytes, ...] | None = None
        self.ticks = ticks

    @property
    def payloads(self) -> tuple[bytes, ...]:
        """The same bytes for everybody."""
        if self._made is None:
            self._made = tuple(payloads(self._units, PAYLOAD_BYTES))
            self._units = []
        return self._made


@dataclass(frozen=True, slots=True)
class _Sent:
    """One picture that a viewer was sent, from the first of its packets on."""

    first: int
    time: int
    payloads: Sequence[bytes]


class Stream:
    """One viewer's packets: numbers without holes, whatever was left out, and stamps that only rise."""

    def __init__(self, ssrc: int, payload_type: int, first: int, at_once: int | None = None) -> None:
        """``first`` is the number of the first packet (16 bits). ``at_once`` is the number of the header extension by
        which a browser is told to show pictures as soon as they are decoded, where it takes that.
        """
        self.ssrc = ssrc
        self._payload_type = payload_type
        self._extension = b"" if at_once is None else _NO_DELAY.pack(0xBEDE, 1, at_once << 4 | 2, b"")
        self._next = first % _SETTLED
        self._time = -1
        self._sent: deque[_Sent] = deque(maxlen=REMEMBERED)
        self._packets = self._octets = 0

    def packets(self, picture: Packets, ticks: int) -> list[bytes]:
        """A picture's packets, for somebody who is to see it at ``ticks``, or right after the one before."""
        self._time = max(self._time + 1, ticks)
        cut = picture.payloads
        self._sent.append(_Sent(self._next, self._time, cut))
        made = [self._packet(self._sent[-1], index) for index in range(len(cut))]
        self._next += len(cut)
        self._packets += len(cut)
        self._octets += sum(map(len, cut))
        return made

    def again(self, lost: Iterable[int]) -> list[bytes]:
        """The packets of these numbers (16 bits), as far as they are remembered."""
        found = []
        for number in lost:
            for each in reversed(self._sent):
                index = (number - each.first) % _SETTLED
                if index < len(each.payloads):
                    found.append(self._packet(each, index))
                    break
        return found

    def report(self, now: datetime) -> bytes | None:
        """A sender report: the newest picture was sent now. None before the first."""
        return None if self._time < 0 else sender_report(self.ssrc, now, self._time, self._packets, self._octets)

    def _packet(self, sent: _Sent, index: int) -> bytes:
        last = index == len(sent.payloads) - 1
        number = sent.first + index
        header = rtp_header(number, sent.time, self.ssrc, last, self._payload_type, extension=self._extension)
        return header + sent.payloads[index]
