"""调看记录: who looked at which footage, and who was refused it. Not here: what holds the record together
(``domain.chain``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.people import Actor
from domain.timeline import Interval


class Deed(StrEnum):
    """What somebody did, or wanted to do, with footage, or with a permit to watch it."""

    OPEN = "open"  # asked what there is of a camera between two instants, to play it
    FETCH = "fetch"  # was sent pictures, in playing or after a jump
    SAVE = "save"  # took a whole file away
    FIND = "find"  # looked up where somebody, or a place and time, is to be seen
    LIVE = "live"  # began to watch a camera live, or was refused it
    LEAVE = "leave"  # watched it no longer; the span is how long they did
    SNAPSHOT = "snapshot"  # named an instant of what they were shown live; its picture stays in the footage alone
    ENTER = "enter"  # had an emergency account made; what was looked at with it follows
    ASK = "ask"  # asked for a permit
    APPROVE = "approve"
    DECLINE = "decline"
    END = "end"  # took an approval back
    WITHDRAW = "withdraw"  # wanted no permit any more


SHOWN = "shown"
"""The outcome of a deed with footage that was not refused; else the outcome is the name of the refusal."""

DONE = "done"
"""The outcome of a deed with a permit that was not refused."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """One deed. Empty text is what is not known; ``span`` is the time of the footage, not of the deed.

    ``source`` is the network address it came from, ``session`` the id of the login session, ``purpose`` the viewer's
    own words, or the reason of a decision. ``permit`` is the id of the one that it was done under, or done with.
    """

    at: datetime
    actor: Actor
    role: str
    deed: Deed
    outcome: str
    camera: str = ""
    batch: str = ""
    span: Interval | None = None
    key: str = ""
    source: str = ""
    session: str = ""
    purpose: str = ""
    permit: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A viewing as it is told to people, with its place in the record."""

    number: int
    viewing: Viewing
    digest: str
