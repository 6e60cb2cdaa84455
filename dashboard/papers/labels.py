"""Labels 工位号牌 that hang at stations: the number for people, and the same as a code for cameras (C6.2-1).

The code holds the number alone, so that it has few and large parts. Not here: how it is drawn
(``dashboard.papers.printing``) and read (``analysis.labels``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.papers.sheet import NotPrinted
from domain.places import Site


@dataclass(frozen=True, slots=True)
class Label:
    """One label: the station's number, and room and site in words."""

    number: str
    place: str


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a site or of one of its rooms, a page each."""

    site: str
    labels: tuple[Label, ...]
    made: datetime


def compose(site: Site, made: datetime, room: str = "") -> Labels:
    """The labels of a site's stations in the order of its set-up, or of one room's. Raises NotPrinted."""
    rooms = [each for each in site.rooms if room in ("", each.id)]
    labels = [Label(station.id, f"{site.name} {each.name}") for each in rooms for station in each.stations]
    if not labels:
        known = ", ".join(each.id for each in site.rooms) or "none"
        raise NotPrinted(f"site {site.id}: no station in room {room}; its rooms are {known} 没有可打印的工位")
    return Labels(site.id, tuple(labels), made)
