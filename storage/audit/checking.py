"""Checking the records, where they are kept or in a copy that was taken away.

A copy is a folder with one for each record: ``entries.jsonl``, the file of seals and the seals of days. Who checks it
needs nothing but the public keys that they believe, and no network. Not here: the rules of the chain
(``domain.chain``).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.chain import Break, Chained, Entry, Fault, Record, Seal, check_chain
from storage.audit.days import DAYS, DaySeal, names_in, names_under, prefix_of, read_day
from storage.audit.notary import SEALS
from storage.database import ChainedRows
from storage.errors import CopyRefused
from storage.objects import NoSuchObject, Objects
from storage.signing import is_signed

ENTRIES = "entries.jsonl"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of one record found. ``days`` seals of days were compared; ``stored`` of them lay in the object
    store.
    """

    record: Record
    chain: Chained
    days: int
    stored: int


@dataclass(frozen=True, slots=True)
class Vouchers:
    """What vouches for the records besides their own entries. ``folder`` holds a folder with seals and days for each,
    ``keys`` are believed.

    ``also`` are seals that somebody kept on paper.
    """

    folder: Path
    keys: Collection[str]
    objects: Objects | None = None
    also: Collection[tuple[Record, Seal]] = ()


def check(rows: ChainedRows, by: Vouchers) -> Checked:
    """Check a record in the database.

    Raises DatabaseUnavailable, every error of ``storage.objects`` but NoSuchObject, OSError for the folder.
    """
    return _checked(rows.name, rows.chain(), by)


def check_copy(record: Record, by: Vouchers) -> Checked:
    """Check the copy of a record in the folder of ``by``. Raises CopyRefused, OSError."""
    return _checked(record, _copied(by.folder / record / ENTRIES), by)


def take_copy(rows: ChainedRows, by: Vouchers, into: Path) -> int:
    """Copy a record with what vouches for it into a new folder; how many entries. Raises as ``check``, OSError."""
    record, target = rows.name, into / rows.name
    (target / DAYS).mkdir(parents=True)
    for name, content in _days(record, by):  # of two with one name, the one under lock is the last
        (target / DAYS / name).write_bytes(content or b"")
    # The seals first: an entry that comes in meanwhile is then one without a seal, and not one that is missing.
    (target / SEALS).write_bytes(_file(by.folder / record / SEALS) or b"")
    lines = 0
    with (target / ENTRIES).open("x", encoding="utf-8", errors="surrogatepass") as writing:
        for each in rows.chain():
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


def _checked(record: Record, entries: Iterable[Entry], by: Vouchers) -> Checked:
    written = _file(by.folder / record / SEALS)
    days = [read_day(record, name, content, by.keys) for name, content in _days(record, by)]
    seals = list(_seals(written or b""))
    on_paper = [seal for of, seal in by.also if of is record]
    every_seal = [*seals, *(day.seal for day in days), *on_paper]
    taken_over = _last_taken_over(seals, days) if record is Record.JOURNAL else 0
    chain = check_chain(record, entries, every_seal, lambda entry: _is_ours(entry, by.keys), taken_over=taken_over)
    chain.faults += [Fault(day.seal.number, Break.SEAL_NOT_SIGNED) for day in days if not day.sound]
    if chain.count > chain.unsigned and written is None:
        chain.faults.append(Fault(chain.count, Break.SEALS_GONE))
    stored = 0 if by.objects is None else len(names_under(by.objects, record))
    return Checked(record, chain, len({day.name for day in days}), stored)


def _last_taken_over(seals: Iterable[Seal], days: Iterable[DaySeal]) -> int:
    """The number of the last entry that may be from before its record was signed: none that has a seal of its own,
    and none after the first seal of a day. So nobody can take the signatures away to write the rest anew.
    """
    return min([*(seal.number - 1 for seal in seals), *(day.seal.number for day in days)], default=sys.maxsize)


def _is_ours(entry: Entry, keys: Iterable[str]) -> bool:
    return any(is_signed(str(entry.digest).encode(), entry.signature, key) for key in keys)


def _days(record: Record, by: Vouchers) -> list[tuple[str, bytes | None]]:
    """Name and content of every seal of a day, those of the object store besides those of the folder."""
    folder = by.folder / record / DAYS
    found: list[tuple[str, bytes | None]] = [(name, _file(folder / name)) for name in names_in(folder)]
    if by.objects is not None:
        prefix = prefix_of(record)
        found += [(name, _stored(by.objects, prefix + name)) for name in sorted(names_under(by.objects, record))]
    return found


def _stored(objects: Objects, key: str) -> bytes | None:
    try:
        return objects.read(key)
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
                raise CopyRefused(f"{path}:{number} is no entry of a record ({error})") from error
