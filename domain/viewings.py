"""调看记录: who looked at which footage, and who was refused it. Not here: what holds the record together
(``domain.chain``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.people import Actor
from domain.timeline import Interval


class Deed(StrEnum):
    """What somebody did, or wanted to do, with footage."""

    OPEN = "open"  # asked what there is of a camera between two instants, to play it
    FETCH = "fetch"  # was sent pictures, in playing or after a jump
    SAVE = "save"  # took a whole file away
    ENTER = "enter"  # had an emergency account made; what was looked at with it follows


SHOWN = "shown"
"""The outcome of a deed that was not refused; else the outcome is the name of the refusal."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """One deed. Empty text is what is not known; ``span`` is the time of the footage, not of the deed.

    ``source`` is the network address it came from, ``session`` the id of the login session, ``purpose`` the viewer's
    own words.
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A viewing as it is told to people, with its place in the record."""

    number: int
    viewing: Viewing
    digest: str
