"""The line to one viewer: what waits to be sent, bounded, and what is told where it does not keep up. No I/O.

Whoever shows never waits for a viewer: what a line cannot take is left out up to the next key frame, and the viewer
is told how many pictures that were. Words about the camera are never left out; of one kind the newest counts.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from dashboard.live import wire
from dashboard.live.fragments import Head, Shown
from dashboard.live.wire import Close, Opcode

MOST_WAITING: Final = 50
"""Pictures that may wait for one viewer, beside the ones it begins with: two seconds at 25 a second."""

MOST_WAITING_BYTES: Final = 4 << 20


class Condition(StrEnum):
    """How it stands between this host and a camera that is watched."""

    CONNECTING = "connecting"
    PLAYING = "playing"
    LOST = "lost"  # not reached, or lost
    STALLED = "stalled"  # the connection stands and no picture comes
    REFUSED = "refused"  # it said no: a wrong password, or no second connection
    NO_ROOM = "no_room"  # the sessions of its NVR are kept for recording
    YIELDED = "yielded"  # recording needs the camera and has it not, or not yet
    UNSUPPORTED = "unsupported"  # nothing that a browser can be relied on to show
    NO_CODER = "no_coder"  # the same, and as many cameras are coded anew as may be
    CODER_LOST = "coder_lost"  # what codes it anew ended, and is begun again
    NO_CODEC = "no_codec"  # this host cannot code it anew
    UNDECODABLE = "undecodable"  # what the camera sends cannot be decoded


class Why(StrEnum):
    """Why a viewer's line ends."""

    RIGHT_ENDED = "right_ended"  # the session, the account, or what the sitting allowed
    SILENT = "silent"  # nothing was heard of the viewer
    STOPPING = "stopping"  # the service stops
    NO_ROOM = "no_room"  # as many watch as may
    LOSSY = "lossy"  # by WHEP: the network loses too much of it
    OTHER_FORMAT = "other_format"  # by WHEP: the camera's pictures are coded in another way than was agreed on


_CODES = {
    Why.RIGHT_ENDED: Close.RIGHT_ENDED,
    Why.SILENT: Close.SILENT,
    Why.STOPPING: Close.GOING_AWAY,
    Why.NO_ROOM: Close.NO_ROOM,
}


def said(kind: str, **words: Any) -> bytes:
    """A text frame."""
    return wire.frame(Opcode.TEXT, json.dumps({"kind": kind, **words}, separators=(",", ":")).encode())


class Taker(Protocol):
    """What a pull shows pictures to: the line of one viewer, whichever way they travel."""

    @property
    def ended(self) -> Why | None: ...

    def begin(self, head: Head | None, past: Sequence[Shown], at: datetime) -> None:
        """Begin with what there is: all pictures since the newest key frame."""

    def head(self, head: Head, at: datetime) -> None:
        """Other pictures follow."""

    def show(self, shown: Shown) -> None:
        """The next picture."""

    def broken(self) -> None:
        """Pictures are missing: what comes next begins with a key frame."""

    def tell(self, kind: str, **words: Any) -> None:
        """A word that goes before all pictures."""

    def end(self, why: Why) -> None:
        """Nothing follows."""


class Line:
    """One viewer's. All of it from one asyncio loop; ``next`` is for one taker.

    Without ``pictures`` it is only told when each arrived, and its stamp: for a viewer that has the pictures by WHEP.
    With ``gather_s`` those that come within so many seconds are sent as one message, and words with them: what a
    viewer costs is mostly how often something is sent.
    """

    def __init__(self, *, pictures: bool = True, gather_s: float = 0.0) -> None:
        self._pictures = pictures
        self._gather_s = gather_s
        self._sent_at = -gather_s  # monotonic
        self._waiting: deque[Shown] = deque()
        self._waiting_bytes = 0
        self._words: dict[str, bytes] = {}
        self._heads: list[bytes] = []
        self._begins: bytes | None = None
        self._awaits_key, self._begun = True, False
        self._left_out = 0
        self._ended: Why | None = None
        self._said_why = False
        self._wake = asyncio.Event()

    @property
    def ended(self) -> Why | None:
        return self._ended

    def begin(self, head: Head | None, past: Sequence[Shown], at: datetime) -> None:
        """Begin with what there is: all pictures since the newest key frame, as one message."""
        if head is None or not self._pictures:
            return
        self.head(head, at)
        if past:
            fragments = b"".join(each.fragment for each in past)
            self._begins = wire.pictures_frame(fragments, len(past), past[-1].arrived, key=True, past=True)
            self._awaits_key, self._begun = False, True
        self._wake.set()

    def head(self, head: Head, at: datetime) -> None:
        """Other pictures follow; those that wait still are of the head before, and left out."""
        if not self._pictures:
            return
        self._drop()
        words = said("format", codec=head.codec, width=head.width, height=head.height)
        self._heads = [words, wire.head_frame(head.data, at)]
        self._begins, self._awaits_key = None, True
        self._wake.set()

    def show(self, shown: Shown) -> None:
        """The next picture, unless a key frame is waited for, or too much waits already."""
        if self._ended is not None:
            return
        if not self._pictures:
            self.tell("arrived", at=wire.microseconds(shown.arrived), stamp=shown.packets.ticks % (1 << 32))
            return
        full = len(self._waiting) >= MOST_WAITING or self._waiting_bytes > MOST_WAITING_BYTES
        if full and not self._awaits_key:
            self._drop()
            self._awaits_key = True
        if self._awaits_key and not shown.key:
            self._left_out += self._begun  # before its first picture nothing was left out for it
            return
        self._awaits_key, self._begun = False, True
        self._waiting.append(shown)
        self._waiting_bytes += len(shown.framed)
        self._wake.set()

    def broken(self) -> None:
        """Pictures are missing: what comes next begins with a key frame."""
        self._awaits_key = True

    def tell(self, kind: str, **words: Any) -> None:
        """A word that goes before all pictures."""
        self._words.pop(kind, None)
        self._words[kind] = said(kind, **words)
        self._wake.set()

    def end(self, why: Why) -> None:
        """Say why, and then nothing more."""
        if self._ended is None:
            self._ended = why
            self._wake.set()

    async def next(self) -> bytes | Close:
        """The next frame to send; a code once the line has ended and that was said."""
        while True:
            if self._gather_s and self._waiting and self._ended is None:
                await asyncio.sleep(self._sent_at + self._gather_s - time.monotonic())
            found = self._found()
            if found is not None:
                return found
            self._wake.clear()
            await self._wake.wait()

    def _found(self) -> bytes | Close | None:
        if self._ended is not None:
            code = _CODES.get(self._ended, Close.NORMAL) if self._said_why else None
            self._said_why = True
            return code or said("ended", why=self._ended)
        return self._word() or self._picture()

    def _word(self) -> bytes | None:
        if self._words:
            return self._words.pop(next(iter(self._words)))
        if self._heads:
            return self._heads.pop(0)
        return None

    def _picture(self) -> bytes | None:
        if self._begins is not None:
            begins, self._begins = self._begins, None
            return begins
        if self._left_out and self._waiting:
            count, self._left_out = self._left_out, 0
            return said("skipped", pictures=count)
        if self._waiting and not self._gather_s:
            shown = self._waiting.popleft()
            self._waiting_bytes -= len(shown.framed)
            return shown.framed
        return self._gathered() if self._waiting else None

    def _gathered(self) -> bytes:
        """All that wait: they are of one head."""
        shown = list(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        self._sent_at = time.monotonic()
        fragments = b"".join(each.fragment for each in shown)
        return wire.pictures_frame(fragments, len(shown), shown[-1].arrived, key=shown[0].key)

    def _drop(self) -> None:
        self._left_out += len(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
