"""How far and how soon footage was backed up: on how many separate devices each covered part lies, and since when.

Pure. A device is what fails as one (``Copy.device``); two copies on one device count once, two recorders' segments
of the same time on two devices count as two. Not here: what a clause makes of it (``analysis.judge``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from analysis.coverage import MILLISECOND, Proof
from domain.evidence import Copy
from domain.timeline import Interval, IntervalSet


@dataclass(frozen=True, slots=True)
class Backup:
    """The covered time of one camera that lies on enough separate devices, and the greatest lag within it.

    The lag of a part is the instant when its last copy that was needed had been verified, less the part's start.
    ``greatest_lag`` is None where nothing is backed up.
    """

    covered: IntervalSet
    backed_up: IntervalSet
    greatest_lag: timedelta | None

    @property
    def whole(self) -> bool:
        """Whether all covered time is backed up."""
        return self.backed_up == self.covered


def devices(copies: Iterable[Copy]) -> dict[str, datetime]:
    """The separate devices that copies lie on now, each with the instant from which it held one.

    A copy whose device nobody wrote down is told apart by its kind of place alone, and not counted beside a known
    device of that kind: it may be the same.
    """
    kept = [copy for copy in copies if copy.removed is None]
    known = {copy.place for copy in kept if copy.device}
    found: dict[str, datetime] = {}
    for copy in kept:
        if copy.device or copy.place not in known:
            name = copy.device or copy.place.value
            found[name] = min(found.get(name, copy.verified), copy.verified)
    return found


def camera_backup(
    covered: IntervalSet, proofs: Sequence[Proof], copies: Mapping[str, Sequence[Copy]], wanted: int
) -> Backup:
    """Which of ``covered`` lies on ``wanted`` separate devices, by the segments that prove it."""
    held: list[tuple[Interval, str, datetime]] = []
    for proof in proofs:
        places = devices(copies.get(proof.segment.key, ()))
        held += [(span, name, since) for span in proof.spans for name, since in places.items()]
    parts: list[Interval] = []
    greatest: timedelta | None = None
    for part, since in _enough(held, wanted):
        parts.append(part)
        greatest = max(greatest or timedelta(), since - part.start)
    backed = IntervalSet(parts) & covered
    seams = IntervalSet(span for span in covered - backed if span.end - span.start <= MILLISECOND)
    return Backup(covered, backed | (seams if backed else IntervalSet()), greatest)


def _enough(held: Sequence[tuple[Interval, str, datetime]], wanted: int) -> Iterable[tuple[Interval, datetime]]:
    """The parts between two edges that lie on enough devices, each with the instant from which they did."""
    edges = sorted({edge for span, _, _ in held for edge in (span.start, span.end)})
    waiting = sorted(held, key=lambda each: each[0].start, reverse=True)
    active: list[tuple[Interval, str, datetime]] = []
    for start, end in pairwise(edges):
        active = [each for each in active if each[0].end > start]
        while waiting and waiting[-1][0].start <= start:
            active.append(waiting.pop())
        first: dict[str, datetime] = {}
        for _, name, since in active:
            first[name] = min(first.get(name, since), since)
        if len(first) >= wanted:
            yield Interval(start, end), sorted(first.values())[wanted - 1]
