"""A record as entries that a chain of hashes holds together, and what breaks the chain.

Each entry's digest covers all of its fields and the digest before it, so that one that is changed, taken out, put in
or moved no longer fits. Whoever can write all entries can also compute all digests anew, but not sign them; and a
seal, which is an entry's number and digest kept elsewhere, tells what is missing at the end, and what was signed with
a key that was stolen. Not here: keys, and where entries and seals are kept (``storage``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

BEFORE_THE_FIRST = "0" * 64
_SEAL = re.compile(r"([1-9][0-9]{0,17})[ :]([0-9a-f]{64})")

Fields = Mapping[str, object]


class Record(StrEnum):
    """What is kept as a chain."""

    VIEWINGS = "viewings"  # 调看记录: who looked at which footage
    JOURNAL = "journal"  # 操作记录: who did what

    @property
    def entry_form(self) -> str:
        """Stands in the digest of each entry: an entry of one record, or of a later form, is none of another."""
        return {Record.VIEWINGS: "kaojian-viewing-1", Record.JOURNAL: "kaojian-act-1"}[self]

    @property
    def day_form(self) -> str:
        """Stands in each seal of a day."""
        return {Record.VIEWINGS: "kaojian-viewing-day-1", Record.JOURNAL: "kaojian-act-day-1"}[self]


@dataclass(frozen=True, slots=True)
class Seal:
    """An entry's number and digest, kept where the entries are not."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Seal | None:
        """From ``number:digest`` or ``number digest``; None for anything else."""
        match = _SEAL.fullmatch(text.strip())
        return None if match is None else cls(int(match[1]), match[2])


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is kept: its fields as the plain values of the row, whatever somebody has made of them.

    ``signature`` is that of the digest; empty in one that was taken over from before its record was signed.
    """

    number: int
    fields: Fields
    previous: str
    digest: str
    signature: str


class Break(StrEnum):
    """How an entry does not fit."""

    MISSING = "missing"
    CHANGED = "changed"
    OUT_OF_PLACE = "out_of_place"
    NOT_SIGNED = "not_signed"
    NOT_AS_SEALED = "not_as_sealed"
    SEALS_GONE = "seals_gone"  # the file of seals is not there
    SEAL_NOT_SIGNED = "seal_not_signed"  # the seal of a day is damaged, hidden or forged


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the chain is broken."""

    number: int
    what: Break


@dataclass(slots=True)
class Chained:
    """What the check of a chain found. ``unsigned`` entries were taken over from before the record was signed;
    ``unsealed`` ones are signed and hang together, but no seal vouches for them.
    """

    count: int = 0
    head: Seal | None = None
    unsigned: int = 0
    unsealed: int = 0
    faults: list[Fault] = field(default_factory=list)


def digest_of(form: str, number: int, fields: Fields, previous: str) -> str:
    """SHA-256 over the canonical JSON of an entry: sorted names, no white space, UTF-8."""
    body = {"form": form, "number": number, "fields": dict(fields), "previous": previous}
    # What a column of ours never holds, such as bytes that somebody put there, is written so that it fits nothing.
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_chain(
    record: Record,
    entries: Iterable[Entry],
    seals: Iterable[Seal],
    signed: Callable[[Entry], bool],
    *,
    taken_over: int = 0,
) -> Chained:
    """Check all entries of a record, by number, against each other and against seals.

    1. The numbers are 1, 2, 3 ... without a hole.
    2. Each entry names the digest of the one before it.
    3. Each digest is that of the entry's fields as they stand now.
    4. Each digest is signed, by ``signed``; without a signature are only the first entries, up to that number
       ``taken_over`` at most, and none after one that has a signature, which vouches for those before it.
    5. Each seal names an entry that is there, with the digest it has.
    """
    sealed: dict[int, set[str]] = {}
    for seal in seals:
        sealed.setdefault(seal.number, set()).add(seal.digest)
    found = Chained()
    expected, previous = 1, BEFORE_THE_FIRST
    for entry in entries:
        found.faults += _faults(record, entry, expected, previous)
        kept = sealed.pop(entry.number, None)
        if entry.signature == "" and found.unsigned == found.count and entry.number <= taken_over:
            found.unsigned += 1
        else:
            if not signed(entry):
                found.faults.append(Fault(entry.number, Break.NOT_SIGNED))
            found.unsealed += kept is None
        if kept is not None and kept != {entry.digest}:
            found.faults.append(Fault(entry.number, Break.NOT_AS_SEALED))
        expected, previous = entry.number + 1, entry.digest
        found.count += 1
        found.head = Seal(entry.number, entry.digest)
    # What is sealed and was not among the entries: cut off at the end, or taken out of the middle.
    told = {fault.number for fault in found.faults if fault.what is Break.MISSING}
    found.faults += [Fault(number, Break.MISSING) for number in sorted(sealed.keys() - told)]
    return found


def _faults(record: Record, entry: Entry, expected: int, previous: str) -> Iterator[Fault]:
    if entry.number != expected:
        yield Fault(expected, Break.MISSING)
    if entry.previous != previous:
        yield Fault(entry.number, Break.OUT_OF_PLACE)
    if entry.digest != digest_of(record.entry_form, entry.number, entry.fields, entry.previous):
        yield Fault(entry.number, Break.CHANGED)


def canonical(body: Mapping[str, object]) -> bytes:
    """The bytes that are signed: JSON in ASCII with sorted names and no white space; equal content is equal bytes."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
