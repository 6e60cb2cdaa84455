"""The seals of days: the last entry of a record, signed, in a file of its own and in the object store.

There it lies under a lock that nobody lifts through the store's interface, and its name says what it seals, so that
hiding it hides nothing. Not here: when a day is over (``kaojian.serve``), and comparing with the entries
(``storage.audit.checking``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from domain.calendar import local_day, retained_until
from domain.chain import Record, Seal, canonical
from domain.timeline import rfc3339
from storage.objects import Objects
from storage.signing import Signer, is_signed

DAYS = "days"
"""The name of the folder of the seals of days, beside the file of seals of a record."""

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([1-9][0-9]{0,17})-([0-9a-f]{64})\.json")


@dataclass(frozen=True, slots=True)
class DaySeal:
    """What was found of one seal: by its name, and whether its content says the same and is signed."""

    name: str
    seal: Seal
    sound: bool


class DaySeals:
    """See the module. One process at a time seals. ``folder`` holds a folder for each record; ``objects`` is None
    where there is no object store.
    """

    def __init__(self, record: Record, folder: Path, signer: Signer, objects: Objects | None) -> None:
        self._record = record
        self._folder = folder / record / DAYS
        self._signer = signer
        self._objects = objects

    def newest(self) -> tuple[date, Seal] | None:
        """The day and the seal of the newest one here; None where there is none. Raises OSError."""
        found = [each for name in names_in(self._folder) if (each := parsed(name)) is not None]
        return max(found, key=lambda each: (each[0], each[1].number), default=None)

    def seal(self, head: Seal | None, now: datetime) -> bool:
        """Seal the last entry, unless that was done already. Whether it was done now. Raises OSError."""
        newest = self.newest()
        if head is None or (newest is not None and newest[1] == head):
            return False
        day = local_day(now).isoformat()
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{day}-{head.number}-{head.digest}.json"
        draft = file.with_suffix(".draft")
        with draft.open("wb") as writing:
            writing.write(self._signed(day, head, now))
            writing.flush()
            os.fsync(writing.fileno())
        draft.rename(file)
        return True

    def upload(self, now: datetime) -> int:
        """Bring what is not there yet into the object store, locked as long as footage is. How many were brought.

        Raises OSError and every error of ``storage.objects`` but NoSuchObject.
        """
        if self._objects is None:
            return 0
        here = set(names_in(self._folder))
        missing = sorted(here - names_under(self._objects, self._record)) if here else []
        for name in missing:
            file = self._folder / name
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            self._objects.put(prefix_of(self._record) + name, file, digest, retained_until(local_day(now)))
        return len(missing)

    def _signed(self, day: str, head: Seal, now: datetime) -> bytes:
        body = {
            "form": self._record.day_form,
            "day": day,
            "number": head.number,
            "digest": head.digest,
            "sealed_at": rfc3339(now),
            "key": self._signer.public,
        }
        return canonical({**body, "signature": self._signer.sign(canonical(body))})


def prefix_of(record: Record) -> str:
    """Where a record's seals lie in the object store; no segment's key begins with a dot."""
    return f".{record}/"


def names_in(folder: Path) -> list[str]:
    """The names of the seals in a folder; none where it is not there. Raises OSError."""
    return sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)) if folder.is_dir() else []


def names_under(objects: Objects, record: Record) -> set[str]:
    """The names of a record's seals in the object store, also of hidden ones. Raises as ``Objects.keys``."""
    prefix = prefix_of(record)
    found = (key.removeprefix(prefix) for key in objects.keys(prefix))
    return {name for name in found if _NAME.fullmatch(name)}


def read_day(record: Record, name: str, content: bytes | None, keys: Iterable[str]) -> DaySeal:
    """What a record's seal of that name says. ``content`` is None where nobody gives it; ``keys`` are believed."""
    named = parsed(name)
    if named is None:
        raise ValueError(f"{name} is no name of a seal")
    day, seal = named
    try:
        told = json.loads(content or b"")
        signature = told.pop("signature")
        same = (told["form"], told["day"], told["number"], told["digest"]) == (
            record.day_form,
            day.isoformat(),
            seal.number,
            seal.digest,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return DaySeal(name, seal, sound=False)
    return DaySeal(name, seal, sound=same and any(is_signed(canonical(told), signature, key) for key in keys))


def parsed(name: str) -> tuple[date, Seal] | None:
    """Of which day the seal of that name is, and what it seals; None for a name that is none."""
    match = _NAME.fullmatch(name)
    try:
        return None if match is None else (date.fromisoformat(match[1]), Seal(int(match[2]), match[3]))
    except ValueError:
        return None  # a 30th of February
