"""The line to one viewer who watches by WHEP: what is sent when, bounded. No I/O: packets go to a ``Way``.

Nobody waits for a viewer, and no network takes a key frame at once without losing some of it: of a picture at most
BURST packets are sent together, the next PAUSE_S later. Where too much waits, pictures are left out up to the next
key frame. A viewer begins with all pictures since the newest key frame, stamped so that they are shown as fast as
they are decoded, and may ask for that again when it has lost its way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from dashboard.live.fragments import Head, Shown
from dashboard.live.lines import MOST_WAITING, Condition, Why
from dashboard.live.pictures import Packets, Stream

BURST: Final = 32
"""Packets that are sent together, 38 kB: a third of what a socket takes at the other end unless told otherwise, and
most pictures of 4 Mbit/s as a whole.
"""

PAUSE_S: Final = 0.002
"""Between two bursts: 150 Mbit/s at most."""

QUICK_TICKS: Final = 90
"""How far past pictures are apart: a millisecond."""

AGAIN_S: Final = 1.0
"""How often at most a viewer that lost its way begins again with the newest key frame."""

STALL_S: Final = 3.0
"""After so long without pictures nothing is held against a viewer that said nothing meanwhile."""

REPORT_S: Final = 1.0
MOST_AGAIN: Final = 200
"""Packets that are sent again in one second, at most."""

LOSSY: Final = 0.2
LOSSY_REPORTS: Final = 8
"""So many reports in a row of a fifth lost or more end it: the camera cannot send less, so the network is too narrow
(RFC 8083 asks for such an end)."""

_UNDER_WAY: Final = frozenset({Condition.CONNECTING, Condition.PLAYING})


class Way(Protocol):
    """To the viewer: encrypted and sent at once, or lost."""

    def send(self, packets: Sequence[bytes]) -> None: ...

    def report(self, compound: bytes) -> None: ...


class PacketLine:
    """One viewer's. All of it from one asyncio loop."""

    def __init__(self, again: Callable[[], None], now: Callable[[], datetime]) -> None:
        """``again`` has the pull begin anew with this line; ``now`` is the host's clock."""
        self._begin_again = again
        self._now = now
        self._way: Way | None = None
        self._stream: Stream | None = None
        self._waiting: deque[tuple[Packets, int]] = deque()
        self._cut: list[bytes] = []  # of the picture that is being sent
        self._pausing: asyncio.TimerHandle | None = None
        self._most = MOST_WAITING
        self._awaits_key = True
        self._head: Head | None = None
        self._condition = Condition.CONNECTING
        self._changed = asyncio.Event()
        self._ended: Why | None = None
        self._over = asyncio.Event()
        self._begun_at = self._reported_at = self._again_at = -1e9
        self._sent_again = self._lossy = 0
        self._heard_at = self._sent_at = 0.0

    # What the one who answers an offer asks.

    async def settled(self) -> Head | Condition:
        """How the camera's pictures are coded, or what is in their way."""
        while self._head is None and self._condition in _UNDER_WAY and self._ended is None:
            self._changed.clear()
            await self._changed.wait()
        return self._head or self._condition

    def open(self, way: Way, stream: Stream) -> None:
        """The viewer can be reached: what is shown from now on is sent."""
        self._way, self._stream = way, stream
        self._heard_at = self._sent_at = self._time()
        self._from_key_frame()

    async def over(self) -> Why:
        """Waits until it has ended."""
        await self._over.wait()
        return self._ended or Why.STOPPING

    def close(self) -> None:
        """Nothing is sent any more."""
        self._way = None
        self._drop()
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None

    @property
    def unanswered_s(self) -> float:
        """For how long the viewer has been sent pictures without a report of them."""
        return self._sent_at - self._heard_at

    # What a pull tells.

    @property
    def ended(self) -> Why | None:
        return self._ended

    def begin(self, head: Head | None, past: Sequence[Shown], at: datetime) -> None:
        """Begin with what there is: all pictures since the newest key frame."""
        if head is None:
            return
        self.head(head, at)
        if self._way is None or not past:
            return
        newest = past[-1].packets.ticks
        for before, each in enumerate(reversed(past)):
            self._waiting.appendleft((each.packets, newest - before * QUICK_TICKS))
        self._awaits_key, self._most = False, len(past) + MOST_WAITING
        self._go_on()

    def head(self, head: Head, _: datetime) -> None:
        """Other pictures follow; those that wait still are of the head before, and left out."""
        if self._head is not None and self._head.codec != head.codec:
            self.end(Why.OTHER_FORMAT)  # what was agreed on holds no more: the viewer asks anew
        self._head = head
        self._changed.set()
        self._drop()

    def show(self, shown: Shown) -> None:
        """The next picture, unless a key frame is waited for, or too much waits already."""
        if self._way is None or self._ended is not None:
            return
        if len(self._waiting) >= self._most and not self._awaits_key:
            self._drop()
        if self._awaits_key and not shown.key:
            return
        self._awaits_key = False
        self._waiting.append((shown.packets, shown.packets.ticks))
        self._go_on()

    def broken(self) -> None:
        """Pictures are missing: what comes next begins with a key frame."""
        self._awaits_key = True

    def tell(self, kind: str, **words: Any) -> None:
        """Words about the camera are for who answers; to a viewer by WHEP nothing is said."""
        if kind == "camera":
            self._condition = Condition(words["state"])
            self._changed.set()

    def end(self, why: Why) -> None:
        """Let the viewer go."""
        if self._ended is None:
            self._ended = why
            self._changed.set()
            self._over.set()

    # What a viewer says (``peers``).

    def heard(self, fraction_lost: float) -> None:
        """It reports how much was lost since its last report."""
        self._heard_at = self._time()
        self._lossy = self._lossy + 1 if fraction_lost >= LOSSY else 0
        if self._lossy >= LOSSY_REPORTS:
            self.end(Why.LOSSY)

    def lost(self, numbers: Iterable[int]) -> None:
        """It misses packets."""
        if self._way is None or self._stream is None:
            return
        if self._time() - self._again_at >= 1.0:
            self._again_at, self._sent_again = self._time(), 0
        found = self._stream.again(numbers)[: MOST_AGAIN - self._sent_again]
        self._sent_again += len(found)
        self._way.send(found)

    def wants_key_frame(self) -> None:
        """It cannot go on with what it has. A camera is not asked for a key frame: the newest is sent again."""
        if self._way is not None and self._time() - self._begun_at >= AGAIN_S:
            self._from_key_frame()

    # When packets go.

    def _from_key_frame(self) -> None:
        self._begun_at = self._time()
        self._begin_again()

    def _go_on(self) -> None:
        """Send what may be sent now, and come back for the rest."""
        if self._pausing is not None or self._way is None or self._stream is None:
            return
        burst, self._cut = self._cut[:BURST], self._cut[BURST:]
        while len(burst) < BURST and self._waiting:
            made, room = self._stream.packets(*self._waiting.popleft()), BURST - len(burst)
            burst, self._cut = burst + made[:room], made[room:]
        now = self._time()
        if burst:
            if now - self._sent_at > STALL_S:
                self._heard_at = now  # there was nothing to report
            self._sent_at = now
            self._way.send(burst)
        if now - self._reported_at >= REPORT_S and (report := self._stream.report(self._now())) is not None:
            self._reported_at = now
            self._way.report(report)
        if self._cut or self._waiting:
            self._pausing = asyncio.get_running_loop().call_later(PAUSE_S, self._paused)

    def _paused(self) -> None:
        self._pausing = None
        self._go_on()

    def _drop(self) -> None:
        """All but the rest of a picture that has begun."""
        self._waiting.clear()
        self._awaits_key = True

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()
