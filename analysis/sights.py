"""What cameras' pictures show, read from the looks that are kept: one Sight of a camera for a sitting.

A camera that several recorders recorded is decided recorder by recorder, and each speaks for the time in which its
footage is shown: the same picture kept twice is no replay. What was decided is remembered, since looks never change;
one more segment makes it anew. Not here: how it is decided (``analysis.eye``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from weakref import WeakKeyDictionary

from analysis.coverage import CameraLedger, Source, chains
from analysis.eye import Eye
from analysis.facts import CameraFacts
from domain.pictures import FaultSpan, Sight, ViewSpan
from domain.timeline import Interval, IntervalSet
from storage.database import Looks

_REMEMBERED = 400  # sights of one database: those of some sittings
_Span = TypeVar("_Span", FaultSpan, ViewSpan)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What of stations a camera is asked for."""

    stations: tuple[str, ...]
    worktops: tuple[tuple[str, int], ...]


_Key = tuple[Callable[..., Sight], str, tuple[tuple[str, int], ...], _Asked]
_KNOWN: WeakKeyDictionary[Looks, OrderedDict[_Key, Sight]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a camera's pictures. ``reference`` is the id of what they were compared with, "" for nothing;
    ``sight`` is None where nobody looked. A look is ``owed`` to that time: it was lost, or could not be made.
    """

    reference: str
    sight: Sight | None
    owed: IntervalSet


def sight_of(
    looks: Looks,
    eye: Eye,
    facts: CameraFacts,
    ledger: CameraLedger,
    at: datetime,
    *,
    worktops: Mapping[str, int] | None = None,
) -> Seen:
    """What a camera's segments show, against the reference that was valid ``at``. ``worktops`` has the blocks that
    show the worktop of a station, None where no plan says so. Raises DatabaseUnavailable.
    """
    camera = facts.camera
    reference = looks.reference_id(camera.id, at)
    asked = _Asked(tuple(region.station for region in camera.regions), tuple(sorted((worktops or {}).items())))
    found = {
        name: sight
        for name, chain in chains(ledger).items()
        if (sight := _decided(looks, eye, [each.key for each in chain.segments], reference, asked)) is not None
    }
    owed = _owed(looks, ledger)
    if len(found) < 2:
        return Seen(reference, next(iter(found.values()), None), owed)
    return Seen(reference, _together(found, facts.sources), owed)


def _owed(looks: Looks, ledger: CameraLedger) -> IntervalSet:
    """Where two recorders recorded, both of them have to have been looked at: whose footage is shown may change."""
    if not ledger.segments:
        return IntervalSet()
    starts = [each.interval.start for each in ledger.segments]
    keys = looks.owing(ledger.camera, Interval(min(starts), max(starts) + timedelta(microseconds=1)))
    return IntervalSet(each.interval for each in ledger.segments if each.key in keys)


def _decided(looks: Looks, eye: Eye, keys: Sequence[str], reference: str, asked: _Asked) -> Sight | None:
    versions = looks.newest(keys, reference)
    if not versions:
        return None
    known = _KNOWN.setdefault(looks, OrderedDict())
    key = (eye.decide, reference, tuple(sorted(versions.items())), asked)
    if key not in known:
        samples = [sample for look in looks.of(list(versions), reference).values() for sample in look.samples]
        known[key] = eye.decide(samples, asked.stations, dict(asked.worktops))
        while len(known) > _REMEMBERED:
            known.popitem(last=False)
    known.move_to_end(key)
    return known[key]


def _together(found: Mapping[str, Sight], sources: Iterable[Source]) -> Sight:
    """Each recorder's sight for the time in which its footage is shown."""
    shown = {name: IntervalSet(each.interval for each in sources if each.recorder == name) for name in found}
    parts = [_clipped(sight, shown[name]) for name, sight in found.items()]
    return Sight(
        seen=IntervalSet(span for part in parts for span in part.seen),
        faults=tuple(sorted((span for part in parts for span in part.faults), key=lambda span: span.interval)),
        stations=tuple(span for part in parts for span in part.stations),
        unverified=IntervalSet(span for part in parts for span in part.unverified),
    )


def _clipped(sight: Sight, within: IntervalSet) -> Sight:
    return Sight(
        sight.seen & within,
        tuple(_cut(sight.faults, within)),
        tuple(_cut(sight.stations, within)),
        sight.unverified & within,
    )


def _cut(spans: Iterable[_Span], within: IntervalSet) -> Iterator[_Span]:
    for each in spans:
        yield from (replace(each, interval=part) for part in within & IntervalSet([each.interval]))
