"""Checking the record of viewings, where it is kept or in a copy that was taken away.

A copy is a folder: ``entries.jsonl``, the file of seals and the seals of days. Who checks it needs nothing but the
public keys that they believe, and no network. Not here: the rules of the chain (``domain.viewings``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.viewings import Break, Chained, Entry, Fault, Seal, check_chain
from storage.database.viewings import Viewings
from storage.errors import CopyRefused
from storage.objects import NoSuchObject, Objects
from storage.signing import is_signed
from storage.viewing_days import DAYS, PREFIX, names_in, names_under, read_day
from storage.viewing_record import SEALS

ENTRIES = "entries.jsonl"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. ``days`` seals of days were compared; ``stored`` of them lay in the object store."""

    chain: Chained
    days: int
    stored: int


@dataclass(frozen=True, slots=True)
class Vouchers:
    """What vouches for a record besides its own entries. ``folder`` holds seals and days, ``keys`` are believed.

    ``also`` is a seal that somebody kept on paper.
    """

    folder: Path
    keys: Collection[str]
    objects: Objects | None = None
    also: Seal | None = None


def check(viewings: Viewings, by: Vouchers) -> Checked:
    """Check the record in the database.

    Raises DatabaseUnavailable, every error of ``storage.objects`` but NoSuchObject, OSError for the folder.
    """
    return _checked(viewings.entries(), by)


def check_copy(by: Vouchers) -> Checked:
    """Check the copy in the folder of ``by``. Raises CopyRefused, OSError."""
    return _checked(_copied(by.folder / ENTRIES), by)


def take_copy(viewings: Viewings, by: Vouchers, into: Path) -> int:
    """Copy the record with what vouches for it into a new folder; how many entries. Raises as ``check``, OSError."""
    (into / DAYS).mkdir(parents=True)
    for name, content in _days(by):  # of two with one name, the one under lock is the last
        (into / DAYS / name).write_bytes(content or b"")
    # The seals first: an entry that comes in meanwhile is then one without a seal, and not one that is missing.
    (into / SEALS).write_bytes(_file(by.folder / SEALS) or b"")
    lines = 0
    with (into / ENTRIES).open("x", encoding="utf-8", errors="surrogatepass") as writing:
        for each in viewings.entries():
            lines += 1
            line = {
                "number": each.number,
                "fields": dict(each.fields),
                "previous": each.previous,
                "digest": each.digest,
                "signature": each.signature,
            }
            writing.write(json.dumps(line, ensure_ascii=False, default=repr) + "\n")
    return lines


def _checked(entries: Iterable[Entry], by: Vouchers) -> Checked:
    written = _file(by.folder / SEALS)
    days = [read_day(name, content, by.keys) for name, content in _days(by)]
    seals = [*_seals(written or b""), *(day.seal for day in days), *([by.also] if by.also is not None else [])]
    chain = check_chain(entries, seals, lambda entry: _is_ours(entry, by.keys))
    chain.faults += [Fault(day.seal.number, Break.SEAL_NOT_SIGNED) for day in days if not day.sound]
    if chain.count and written is None:
        chain.faults.append(Fault(chain.count, Break.SEALS_GONE))
    stored = 0 if by.objects is None else len(names_under(by.objects))
    return Checked(chain, len({day.name for day in days}), stored)


def _is_ours(entry: Entry, keys: Iterable[str]) -> bool:
    return any(is_signed(str(entry.digest).encode(), entry.signature, key) for key in keys)


def _days(by: Vouchers) -> list[tuple[str, bytes | None]]:
    """Name and content of every seal of a day, those of the object store besides those of the folder."""
    found: list[tuple[str, bytes | None]] = [
        (name, _file(by.folder / DAYS / name)) for name in names_in(by.folder / DAYS)
    ]
    if by.objects is not None:
        found += [(name, _stored(by.objects, name)) for name in sorted(names_under(by.objects))]
    return found


def _stored(objects: Objects, name: str) -> bytes | None:
    try:
        return objects.read(PREFIX + name)
    except NoSuchObject:
        return None


def _file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _seals(written: bytes) -> Iterator[Seal]:
    """The seals of the file. What is no whole seal was cut off by a power failure, and vouches for nothing."""
    for line in written.decode("ascii", "replace").splitlines():
        seal = Seal.parse(line)
        if seal is not None:
            yield seal


def _copied(path: Path) -> Iterator[Entry]:
    with path.open(encoding="utf-8", errors="surrogatepass") as lines:
        for number, line in enumerate(lines, 1):
            try:
                told = json.loads(line)
                fields = dict(told["fields"])
                yield Entry(int(told["number"]), fields, told["previous"], told["digest"], told["signature"])
            except (ValueError, KeyError, TypeError) as error:
                raise CopyRefused(f"{path}:{number} is no entry of a record of viewings ({error})") from error
