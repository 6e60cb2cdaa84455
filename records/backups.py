"""Backups as acts: made, brought under lock, and written down with who made them.

1. The sealed file is made on this machine (``storage.backup.writing``).
2. It is brought into the object store under lock and read back.
3. Only then it is in the journal; the newest entry is what ``kaojian status``, the doctor and metrics go by.

Not here: which files belong to it, and when it is made (``kaojian.backup``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.people import Actor
from domain.timeline import Clock, rfc3339
from storage.backup import shelf
from storage.backup.shelf import Shelved
from storage.backup.writing import Files, Made, make
from storage.database import Database
from storage.objects import Objects
from storage.signing import Signer

SUBJECT = "backup"
"""What the journal calls backups that lie under lock; nothing else goes by that name."""

TOO_OLD = timedelta(days=2)
"""A newest backup that is older is told: a night was missed, and the next one too."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """With what backups are made. ``reserve_bytes`` are left to the recorder, ``folder`` is where they are made."""

    database_url: str
    folder: Path
    files: Files
    signer: Signer
    recipient: str
    software: str
    reserve_bytes: int


def save(database: Database, keeping: Keeping, target: Path, actor: Actor, clock: Clock) -> Made:
    """Make a backup as a file, for a disk that is carried away. Raises as ``make``, OSError."""
    made = _made(database, keeping, target, clock.now())
    detail = f"{made.sha256} {made.size_bytes} bytes"
    database.journal.record(clock.now(), actor, "save_backup", target.name, detail)
    return made


def bring_under_lock(
    database: Database, keeping: Keeping, objects: Objects, lock: timedelta, *, actor: Actor, clock: Clock
) -> tuple[Shelved, Made, datetime]:
    """Make a backup and bring it into the object store, in the order above: where it lies, and until when locked.

    Raises as ``make`` and ``Objects.put``: then the journal says nothing.
    """
    with TemporaryDirectory(prefix=".kaojian-backup-", dir=keeping.folder) as folder:
        made = _made(database, keeping, Path(folder) / "backup", clock.now())
        there, stored = shelf.put(objects, made, lock)
    detail = f"{there.key} {made.size_bytes} bytes, locked until {rfc3339(stored.locked_until)}"
    database.journal.record(clock.now(), actor, "back_up", SUBJECT, detail)
    return there, made, stored.locked_until


def newest(database: Database) -> datetime | None:
    """When the newest backup was brought under lock, as far as the journal knows. Raises DatabaseUnavailable."""
    found = database.journal.entries(1, subject=SUBJECT)
    return found[0].at if found else None


def is_stale(newest: datetime | None, now: datetime) -> bool:
    """Whether somebody should look at why there is no newer backup."""
    return newest is None or now - newest > TOO_OLD


def _made(database: Database, keeping: Keeping, target: Path, now: datetime) -> Made:
    return make(
        target,
        database_url=keeping.database_url,
        closings=database.closings,
        files=keeping.files,
        signer=keeping.signer,
        recipient=keeping.recipient,
        now=now,
        software=keeping.software,
        reserve_bytes=keeping.reserve_bytes,
    )
