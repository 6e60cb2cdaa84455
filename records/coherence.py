"""Whether the parts of a declaration fit each other: ids, references, times.

Looks at the file as it was written, tolerant of parts that break the schema, so that both kinds of problem are
listed at once. Not here: the form of single fields (``records.declaration``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from config.documents import Document, FieldPath
from config.errors import Problem
from domain.places import Site
from domain.timeline import utc
from records import room_plan

_LONGEST_SITTING = timedelta(days=1)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True)
class _Node:
    """One part of the file, with its place in it."""

    field: FieldPath
    value: Any

    def child(self, name: str) -> _Node:
        value = self.value.get(name) if isinstance(self.value, dict) else None
        return _Node((*self.field, name), value)

    def items(self, name: str) -> list[_Node]:
        """The entries of a list below; none where there is no list."""
        child = self.child(name)
        values = child.value if isinstance(child.value, list) else []
        return [_Node((*child.field, index), value) for index, value in enumerate(values)]

    @property
    def text(self) -> str | None:
        return self.value if isinstance(self.value, str) else None

    @property
    def instant(self) -> datetime | None:
        try:
            found = instant(self.value)
            return utc(found) if found is not None else None
        except ValueError:
            return None


_Said = Iterator[tuple[_Node, str]]
_Rooms = Mapping[str, Collection[str]]
"""The stations of each room of a site, by its id."""


def instant(value: object) -> datetime | None:
    """The instant a text names, or None when it is no date and time. Raises ValueError for a day that is none."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value.strip()):
        return None
    return datetime.fromisoformat(value.strip())


def problems(document: Document, known_sites: Mapping[str, Site], rule_packs: Container[str]) -> list[Problem]:
    """Everything in the file that contradicts itself or names what is not there."""
    root = _Node((), document.value)
    sites, batches = root.items("sites"), root.items("batches")
    said = [*_sites(sites), *_batches(batches, _rooms(sites, known_sites), rule_packs)]
    if isinstance(document.value, dict) and not sites and not batches:
        said.append((root, "declares nothing: it has neither sites nor batches"))
    return [document.problem(node.field, message) for node, message in said]


def _sites(sites: list[_Node]) -> _Said:
    yield from _repeated((site.child("id") for site in sites), "site")
    rooms = [room for site in sites for room in site.items("rooms")]
    cameras = [camera for room in rooms for camera in room.items("cameras")]
    yield from _repeated((camera.child("id") for camera in cameras), "camera")
    for site in sites:
        yield from _repeated((room.child("id") for room in site.items("rooms")), "room")
        yield from _repeated((each for room in site.items("rooms") for each in room.items("stations")), "station")
    yield from _repeated((nvr.child("id") for site in sites for nvr in site.items("nvrs")), "nvr")
    for site in sites:
        yield from _reached(site)
    for room in rooms:
        yield from _views(room)
        yield from _plan(room)


def _reached(site: _Node) -> _Said:
    """Every camera has an address: its own, or a channel of an nvr of its site that names the path of its streams."""
    nvrs = {nvr.child("id").text: nvr for nvr in site.items("nvrs")}
    taken: set[tuple[str, str]] = set()
    for camera in (camera for room in site.items("rooms") for camera in room.items("cameras")):
        name, channel, has_url = camera.child("nvr"), camera.child("channel"), camera.child("url").value is not None
        if name.value is None:
            if channel.value is not None:
                yield channel, "is the channel of no nvr; name the nvr"
            if not has_url:
                yield camera, "has no address: give its url, or nvr and channel"
        elif name.text is not None and name.text not in nvrs:
            yield name, f"the site has no nvr {name.text}"
        elif channel.value is None and not has_url:
            yield camera, "has no address: give its channel at the nvr, or its url"
        elif name.text is not None:
            if not has_url and nvrs[name.text].child("path").value is None:
                yield name, f"nvr {name.text} has no path, so this camera needs a url"
            place = (name.text, str(channel.value))
            if channel.value is not None and place in taken:
                yield channel, f"channel {channel.value} of nvr {name.text} is listed twice"
            taken.add(place)


def _views(room: _Node) -> _Said:
    stations = _texts(room.items("stations"))
    for camera in room.items("cameras"):
        named = [seen.child("station") if isinstance(seen.value, dict) else seen for seen in camera.items("sees")]
        yield from _repeated(iter(named), "station")
        for seen in named:
            if seen.text is not None and seen.text not in stations:
                yield seen, f"the room has no station {seen.text}"


def _plan(room: _Node) -> _Said:
    """A plan shows the stations and cameras of its room, each where it can be."""
    plan = room.child("plan")
    cameras = _texts([camera.child("id") for camera in room.items("cameras")])
    for what, known in (("station", _texts(room.items("stations"))), ("camera", cameras)):
        for each in plan.items(f"{what}s"):
            name = each.child("id")
            if name.text is not None and name.text not in known:
                yield name, f"the room has no {what} {name.text}"
    for field, message in room_plan.contradictions(plan.value):
        yield _Node((*plan.field, *field), None), message


def _batches(batches: list[_Node], rooms: Mapping[str, _Rooms], rule_packs: Container[str]) -> _Said:
    yield from _repeated((batch.child("id") for batch in batches), "batch")
    for batch in batches:
        site, pack = batch.child("site"), batch.child("rule_pack")
        if site.text is not None and site.text not in rooms:
            yield site, f"there is no site {site.text}, neither in this file nor set up before"
        if pack.text is not None and pack.text not in rule_packs:
            yield pack, f"there is no rule pack {pack.text}"
        sittings = batch.items("sittings")
        yield from _repeated((sitting.child("number") for sitting in sittings), "sitting")
        for sitting in sittings:
            yield from _repeated(iter(sitting.items("rooms")), "room")
            if site.text is not None and site.text in rooms:
                yield from _unknown_rooms(sitting, site.text, rooms[site.text])
                yield from _unknown_stations(sitting, rooms[site.text])
            yield from _times(sitting)
            yield from _own_times(sitting)
        yield from _overlaps(sittings)


def _unknown_rooms(sitting: _Node, site: str, rooms: Container[str]) -> _Said:
    for room in sitting.items("rooms"):
        if room.text is not None and room.text not in rooms:
            yield room, f"site {site} has no room {room.text}"


def _unknown_stations(sitting: _Node, rooms: _Rooms) -> _Said:
    """Own times are those of stations in the rooms of the sitting."""
    used = _texts(sitting.items("rooms"))
    stations = {station for room in used for station in rooms.get(room, ())}
    for each in sitting.items("stations"):
        name = each.child("station")
        if name.text is not None and name.text not in stations:
            yield name, f"there is no station {name.text} in the rooms of the sitting"


def _own_times(sitting: _Node) -> _Said:
    """Each within the planned sitting, and no two of a station at once: one candidate works there at a time."""
    begin, finish = sitting.child("planned_start").instant, sitting.child("planned_end").instant
    taken: dict[str, list[tuple[datetime, datetime]]] = {}
    for each in sitting.items("stations"):
        start, end = each.child("start").instant, each.child("end").instant
        if start is None or end is None:
            continue
        if end <= start:
            yield each.child("end"), "the station's time ends before it starts: end must be after start"
            continue
        if (begin is not None and start < begin) or (finish is not None and end > finish):
            yield each, "lies outside the planned sitting; plan the sitting longer, or the station's time within it"
        name = each.child("station").text
        if name is None:
            continue
        if any(start < other_end and other_start < end for other_start, other_end in taken.get(name, ())):
            yield each, f"overlaps another time of station {name}"
        taken.setdefault(name, []).append((start, end))


def _times(sitting: _Node) -> _Said:
    for kind in ("planned", "actual"):
        end = sitting.child(f"{kind}_end")
        start_at, end_at = sitting.child(f"{kind}_start").instant, end.instant
        if start_at is None or end_at is None:
            continue
        if end_at <= start_at:
            yield end, f"the sitting ends before it starts: {kind}_end must be after {kind}_start"
        elif end_at - start_at > _LONGEST_SITTING:
            yield end, "a sitting lasts 24 hours at most; write one sitting for each day"


def _overlaps(sittings: list[_Node]) -> _Said:
    """Two sittings of one batch cannot be planned in one room at one time; lead and tail may overlap."""
    for one, other in combinations(sittings, 2):
        shared = _texts(one.items("rooms")) & _texts(other.items("rooms"))
        spans = [(node.child("planned_start").instant, node.child("planned_end").instant) for node in (one, other)]
        (start, end), (other_start, other_end) = spans
        if not shared or start is None or end is None or other_start is None or other_end is None:
            continue
        if start < other_end and other_start < end and start < end and other_start < other_end:
            number = one.child("number").text
            yield other, f"overlaps sitting {number} in room {', '.join(sorted(shared))}"


def _rooms(sites: list[_Node], known_sites: Mapping[str, Site]) -> dict[str, _Rooms]:
    """Rooms by site id; what the file says of a site replaces what was known."""
    found: dict[str, _Rooms] = {
        site.id: {room.id: {station.id for station in room.stations} for room in site.rooms}
        for site in known_sites.values()
    }
    for site in sites:
        name = site.child("id").text
        if name is not None:
            named = ((room.child("id").text, _texts(room.items("stations"))) for room in site.items("rooms"))
            found[name] = {room: stations for room, stations in named if room is not None}
    return found


def _texts(nodes: list[_Node]) -> set[str]:
    return {node.text for node in nodes if node.text is not None}


def _repeated(nodes: Iterator[_Node], what: str) -> _Said:
    seen: set[str] = set()
    for node in nodes:
        if node.text is None:
            continue
        if node.text in seen:
            yield node, f"{what} {node.text} is listed twice"
        seen.add(node.text)
