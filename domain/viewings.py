"""调看记录: who looked at which footage, as entries that a chain of hashes holds together, and what breaks the chain.

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
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from domain.people import Actor
from domain.timeline import Interval

FORM = "kaojian-viewing-1"
"""Stands in every digest: a later form of the entries cannot be taken for this one."""

BEFORE_THE_FIRST = "0" * 64
_SEAL = re.compile(r"([1-9][0-9]{0,17})[ :]([0-9a-f]{64})")

Fields = Mapping[str, object]


class Deed(StrEnum):
    """What somebody did, or wanted to do, with footage, or with a permit to watch it."""

    OPEN = "open"  # asked what there is of a camera between two instants, to play it
    FETCH = "fetch"  # was sent pictures, in playing or after a jump
    SAVE = "save"  # took a whole file away
    ASK = "ask"  # asked for a permit
    APPROVE = "approve"
    DECLINE = "decline"
    END = "end"  # took an approval back
    WITHDRAW = "withdraw"  # wanted no permit any more


SHOWN = "shown"
"""The outcome of a deed with footage that was not refused; else the outcome is the name of the refusal."""

DONE = "done"
"""The outcome of a deed with a permit that was not refused."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """One deed. Empty text is what is not known; ``span`` is the time of the footage, not of the deed.

    ``source`` is the network address it came from, ``session`` the id of the login session, ``purpose`` the viewer's
    own words, or the reason of a decision. ``permit`` is the id of the one that it was done under, or done with.
    """

    at: datetime
    actor: Actor
    role: str
    deed: Deed
    outcome: str
    camera: str = ""
    batch: str = ""
    span: Interval | None = None
    key: str = ""
    source: str = ""
    session: str = ""
    purpose: str = ""
    permit: str = ""


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
    """A viewing as it is kept: its fields as the plain values of the row, whatever somebody has made of them.

    ``signature`` is that of the digest.
    """

    number: int
    fields: Fields
    previous: str
    digest: str
    signature: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A viewing as it is told to people, with its place in the record."""

    number: int
    viewing: Viewing
    digest: str


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
    """What the check of a chain found. ``unsealed`` entries hang together but no seal vouches for them."""

    count: int = 0
    head: Seal | None = None
    unsealed: int = 0
    faults: list[Fault] = field(default_factory=list)


def digest_of(number: int, fields: Fields, previous: str) -> str:
    """SHA-256 over the canonical JSON of an entry: sorted names, no white space, UTF-8."""
    body = {"form": FORM, "number": number, "fields": dict(fields), "previous": previous}
    # What a column of ours never holds, such as bytes that somebody put there, is written so that it fits nothing.
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def check_chain(entries: Iterable[Entry], seals: Iterable[Seal], signed: Callable[[Entry], bool]) -> Chained:
    """Check all entries of a record, by number, against each other and against seals.

    1. The numbers are 1, 2, 3 ... without a hole.
    2. Each entry names the digest of the one before it.
    3. Each digest is that of the entry's fields as they stand now.
    4. Each digest is signed, by ``signed``.
    5. Each seal names an entry that is there, with the digest it has.
    """
    sealed: dict[int, set[str]] = {}
    for seal in seals:
        sealed.setdefault(seal.number, set()).add(seal.digest)
    found = Chained()
    expected, previous = 1, BEFORE_THE_FIRST
    for entry in entries:
        found.faults += _faults(entry, expected, previous)
        if not signed(entry):
            found.faults.append(Fault(entry.number, Break.NOT_SIGNED))
        kept = sealed.pop(entry.number, None)
        if kept is None:
            found.unsealed += 1
        elif kept != {entry.digest}:
            found.faults.append(Fault(entry.number, Break.NOT_AS_SEALED))
        expected, previous = entry.number + 1, entry.digest
        found.count += 1
        found.head = Seal(entry.number, entry.digest)
    # What is sealed and was not among the entries: cut off at the end, or taken out of the middle.
    told = {fault.number for fault in found.faults if fault.what is Break.MISSING}
    found.faults += [Fault(number, Break.MISSING) for number in sorted(sealed.keys() - told)]
    return found


def _faults(entry: Entry, expected: int, previous: str) -> Iterator[Fault]:
    if entry.number != expected:
        yield Fault(expected, Break.MISSING)
    if entry.previous != previous:
        yield Fault(entry.number, Break.OUT_OF_PLACE)
    if entry.digest != digest_of(entry.number, entry.fields, entry.previous):
        yield Fault(entry.number, Break.CHANGED)
