"""Head-room: whether the coming sittings fit into each spool, by the bit rates measured of their cameras.

A camera's rate is what its newest files weigh by their length; one that was never recorded is counted at the rate
that the settings expect, and named. A spool has room for what is free beyond its reserve and, where that is not
enough, for what eviction may remove because it lies in the object store now. What will be uploaded meanwhile counts
for nothing: nobody can promise it. A sitting counts from now, or from its lead, to the end of its window; a camera
that two want at once is counted once. Not here: making room (``ingest.eviction``), and refusing to open a sitting
(``records.conduct``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from pathlib import Path

from domain.calendar import SHANGHAI
from domain.evidence import SpoolName
from domain.places import Sitting
from domain.timeline import Interval, IntervalSet
from storage.database import Database, Evidence
from storage.spool_marker import read_marker

NAMES = ("first", "second")
EXPECTED_BIT_RATE = 4_000_000
"""In bit/s: a usual 1080p main stream."""

_NEWEST = 20  # files of a camera by which it is measured
_NAMED = 5  # so many cameras are named in a sentence
_EVICTABLE = 100_000  # so many files are looked at


@dataclass(frozen=True, slots=True)
class Spools:
    """The spools of this host, the first one first, as the settings have them; ``expected_bit_rate`` in bit/s.

    ``owner`` is the name of the recorder here.
    """

    folders: Sequence[Path] = ()
    reserve_bytes: int = 0
    expected_bit_rate: float = EXPECTED_BIT_RATE
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """What a camera needs, in bytes a second; ``measured`` or only expected."""

    bytes_per_s: float
    measured: bool


@dataclass(frozen=True, slots=True)
class Headroom:
    """One spool against the coming sittings. All sizes in bytes.

    ``free_bytes`` is what is free beyond the reserve, negative inside it; ``evictable_bytes`` is looked for only
    where that is not enough. ``full`` is the instant from which room is missing, None where it is enough.
    ``unmeasured`` are cameras counted at the expected rate.
    """

    spool: str
    folder: Path
    needed_bytes: int
    free_bytes: int
    evictable_bytes: int
    full: datetime | None
    sittings: int
    until: datetime | None
    unmeasured: tuple[str, ...]

    @property
    def short_bytes(self) -> int:
        """How much is missing; 0 where it is enough."""
        return max(0, self.needed_bytes - self.free_bytes - self.evictable_bytes) if self.sittings else 0


def _all(_sitting: Sitting) -> bool:
    return True


def headrooms(
    database: Database,
    spools: Spools,
    now: datetime,
    *,
    evicts: bool,
    counts: Callable[[Sitting], bool] = _all,
) -> list[Headroom]:
    """Each spool of this host whose disk answers; ``evicts`` where an object store is set, ``counts`` says which of
    the coming sittings are reckoned with.

    Raises DatabaseUnavailable.
    """
    coming = [
        each for each in database.setup.sittings() if each.closed is None and each.window.end > now and counts(each)
    ]
    cameras = {camera.id for sitting in coming for camera in sitting.cameras()}
    rates = measure(database.evidence, cameras, spools.expected_bit_rate)
    found = []
    for name, folder in zip(NAMES, spools.folders, strict=False):
        try:
            free = _free_bytes(folder) - spools.reserve_bytes
            marker = read_marker(folder)
        except OSError:
            continue  # told by who looks after disks
        forecast = foresee(coming, rates, Headroom(name, folder, 0, free, 0, None, 0, None, ()), now)
        if forecast.short_bytes and evicts and marker is not None:
            there = SpoolName(str(folder), marker.id)
            evictable = database.evidence.kept_twice_bytes(there, _EVICTABLE)
            forecast = foresee(coming, rates, replace(forecast, evictable_bytes=evictable), now)
        found.append(forecast)
    return found


def told(room: Headroom) -> str:
    """How it stands, in one sentence."""
    if not room.sittings or room.until is None:
        return f"{room.spool}: {_gb(room.free_bytes)} GB free beyond the reserve, and no sitting is planned"
    said = (
        f"{room.spool}: {room.sittings} coming sittings need {_gb(room.needed_bytes)} GB until {_local(room.until)}, "
        f"and {_gb(room.free_bytes)} GB are free beyond the reserve"
    )
    if room.evictable_bytes:
        said += f", {_gb(room.evictable_bytes)} GB more can be removed because the object store has them"
    if room.full is not None:
        said += f"; {_gb_up(room.short_bytes)} GB SHORT 空间不足, full at {_local(room.full)}"
    if room.unmeasured:
        some = ", ".join(room.unmeasured[:_NAMED]) + (" …" if len(room.unmeasured) > _NAMED else "")
        said += f" ({len(room.unmeasured)} cameras never recorded are counted as the settings expect: {some})"
    return said


def remedy(room: Headroom) -> str:
    """What to do; empty where nothing is to be done."""
    if room.full is None:
        return ""
    return (
        f"free {_gb_up(room.short_bytes)} GB on the disk of {room.folder} before {_local(room.full)}, take a larger "
        "disk, or see that uploads go faster than recording"
    )


def measure(evidence: Evidence, cameras: Collection[str], expected_bit_rate: float) -> dict[str, Rate]:
    """The rate of each camera. Raises DatabaseUnavailable."""
    rates = {}
    for camera in sorted(cameras):
        size_bytes, length = evidence.weight(camera, _NEWEST)
        seen = length > timedelta()
        rate = size_bytes / length.total_seconds() if seen else expected_bit_rate / 8
        rates[camera] = Rate(rate, seen)
    return rates


def foresee(sittings: Sequence[Sitting], rates: Mapping[str, Rate], room: Headroom, now: datetime) -> Headroom:
    """``room`` with what these sittings need of it from ``now`` on."""
    spans = wanted(sittings, now)
    left = float(room.free_bytes + room.evictable_bytes)
    needed, full = 0.0, None
    for span, cameras in steps(spans):
        rate = sum(rates[camera].bytes_per_s for camera in cameras)
        if full is None and needed + rate * span.seconds > left:
            full = span.start + timedelta(seconds=max(0.0, left - needed) / rate)
        needed += rate * span.seconds
    return replace(
        room,
        needed_bytes=round(needed),
        full=full,
        sittings=len(sittings),
        until=max((each.window.end for each in sittings), default=None),
        unmeasured=tuple(sorted(camera for camera in spans if not rates[camera].measured)),
    )


def wanted(sittings: Iterable[Sitting], now: datetime) -> dict[str, IntervalSet]:
    """When each camera is to be recorded."""
    found: dict[str, IntervalSet] = {}
    for sitting in sittings:
        start = max(now, sitting.window.start)
        if start < sitting.window.end:
            span = IntervalSet([Interval(start, sitting.window.end)])
            for camera in sitting.cameras():
                found[camera.id] = found.get(camera.id, IntervalSet()) | span
    return found


def steps(spans_of: Mapping[str, IntervalSet]) -> Iterator[tuple[Interval, list[str]]]:
    """Spans between which no camera begins or ends, in order, and who is recorded in each."""
    spans = [(span, camera) for camera, each in spans_of.items() for span in each]
    edges = sorted({edge for span, _ in spans for edge in (span.start, span.end)})
    for start, end in pairwise(edges):
        cameras = [camera for span, camera in spans if span.start <= start < span.end]
        if cameras:
            yield Interval(start, end), cameras


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f}"


def _gb_up(size_bytes: int) -> str:
    """Rounded up: who frees that much has freed enough."""
    return f"{ceil(size_bytes / 1e8) / 10:.1f}"


def _local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _free_bytes(folder: Path) -> int:
    """Of the disk that the folder lies on, or will lie on once it is made. Raises OSError."""
    standing = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(standing).free
