"""How the spools of this host stand: there, away, another recorder's; and how far the second is behind the first.

Reads only. The lag of a file is the time between the instants at which its copies in the two spools were verified;
the files looked at are the newest of each camera. Not here: what a report says of copies on separate devices, C6.2-2
(``analysis.backup``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from domain.evidence import Copy, Place
from ingest.spool import not_ours
from storage.database.evidence import Evidence
from storage.spool_marker import MARKER, device_of, read_marker

_NEWEST = 20  # files of each camera


class SpoolState(StrEnum):
    """What is found at the folder of a spool."""

    THERE = "there"
    NEW = "new"  # nothing was ever written there
    AWAY = "away"  # files were written there, and the folder has no marker: its disk is not mounted
    FOREIGN = "foreign"  # it belongs to another recorder
    BROKEN = "broken"  # its disk does not answer
    SHARED = "shared"  # it is there, on the same device as the first one: both fail as one


@dataclass(frozen=True, slots=True)
class SpoolStanding:
    """One spool. ``id`` is that of its marker, or the one that rows know where it is away; "" where there is none.

    ``detail`` says what is wrong and ``remedy`` what to do, empty where nothing is.
    """

    folder: Path
    state: SpoolState
    id: str = ""
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class SecondCopies:
    """How far the second spool is behind, by the newest files of each camera.

    ``greatest_lag`` and its ``camera`` are None where no file lies in both; ``waiting`` files lie in the first only,
    the first of them since ``waiting_since``.
    """

    greatest_lag: timedelta | None = None
    camera: str | None = None
    waiting: int = 0
    waiting_since: datetime | None = None


def look(evidence: Evidence, folders: Sequence[Path], owner: str) -> list[SpoolStanding]:
    """Each of these spools of the recorder of that name. Raises DatabaseUnavailable."""
    found: list[SpoolStanding] = []
    for folder in folders:
        known = evidence.newest_copies(str(folder), owner, 1)
        standing = _look_at(folder, known[0].spool if known else None, owner)
        if found and standing.state is SpoolState.THERE and _on_one_device(found[0], standing):
            said = f"{folder} and {found[0].folder} lie on one device, and fail as one"
            standing = SpoolStanding(folder, SpoolState.SHARED, standing.id, said, "put it on a disk of its own")
        found.append(standing)
    return found


def second_copies(
    evidence: Evidence, first: SpoolStanding, second: SpoolStanding, cameras: Iterable[str]
) -> SecondCopies:
    """How far ``second`` is behind ``first``. Raises DatabaseUnavailable."""
    lags: list[tuple[timedelta, str]] = []
    waiting: list[datetime] = []
    newest = {segment.key: segment.camera for each in cameras for segment in evidence.newest_segments(each, _NEWEST)}
    for key, copies in evidence.copies(list(newest)).items():
        here, there = _verified(copies, first), _verified(copies, second)
        if here is not None and there is not None:
            lags.append((abs(there - here), newest[key]))
        elif here is not None:
            waiting.append(here)
    greatest, camera = max(lags, default=(None, None))
    return SecondCopies(greatest, camera, len(waiting), min(waiting, default=None))


def _look_at(folder: Path, known: str | None, owner: str) -> SpoolStanding:
    """``known`` is the id that the newest row of the folder has, None where there is no row."""
    try:
        marker = read_marker(folder)
    except OSError as error:
        said = f"{folder / MARKER}: {error.strerror or error}"
        return SpoolStanding(folder, SpoolState.BROKEN, known or "", said, "mend its disk")
    if marker is None and known is None:
        return SpoolStanding(folder, SpoolState.NEW)
    if marker is None:
        said = f"{folder} has no {MARKER}, but recordings were written there: its disk is not mounted"
        return SpoolStanding(folder, SpoolState.AWAY, known or "", said, "mount it")
    if marker.recorder not in {"", owner}:
        return SpoolStanding(folder, SpoolState.FOREIGN, marker.id, *not_ours(folder, marker, owner))
    return SpoolStanding(folder, SpoolState.THERE, marker.id)


def _on_one_device(one: SpoolStanding, other: SpoolStanding) -> bool:
    try:
        return device_of(one.folder) == device_of(other.folder)
    except OSError:
        return False


def _verified(copies: Iterable[Copy], spool: SpoolStanding) -> datetime | None:
    """When the file was first known to lie there; what was removed since did lie there."""
    there = [each.verified for each in copies if each.place is Place.SPOOL and _lies_in(each, spool)]
    return min(there, default=None)


def _lies_in(copy: Copy, spool: SpoolStanding) -> bool:
    return copy.target == str(spool.folder) and copy.spool == spool.id
