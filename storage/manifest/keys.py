"""Whose signature holds when: the keys of an installation in the order in which they took over, as it publishes them.

Each key signs from its instant on until the next one takes over, and is judged by the instant at which it signed, so
that what an old key signed in its time holds for ever. A key that takes over is signed by itself and by the one
before it. So who believes any one of the keys believes all, and nobody else can add one. Not here: private keys and
signatures as such (``storage.signing``).
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from domain.manifest import KEY_FORM, KeyStatement
from domain.timeline import MICROSECOND, rfc3339
from storage.database import Closings
from storage.database.closings import KeptKey
from storage.errors import KeyRefused
from storage.manifest.form import FormRefused, read, signature_holds, written
from storage.signing import Signer

KEYS_FORM = "kaojian-keys-1"


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """One key. ``valid_until`` is when the next one took over; both signatures are of its KeyStatement."""

    key: str
    valid_from: datetime
    valid_until: datetime | None
    previous: str | None
    endorsement: str | None  # the signature of ``previous``
    signature: str  # its own

    @property
    def statement(self) -> KeyStatement:
        return KeyStatement(KEY_FORM, self.key, self.valid_from, self.previous)

    def signs_at(self, instant: datetime) -> bool:
        return self.valid_from <= instant and (self.valid_until is None or instant < self.valid_until)


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """The file that an installation publishes, and that lies in each export."""

    form: str
    keys: tuple[PublishedKey, ...]

    @classmethod
    def read(cls, data: bytes) -> PublishedKeys:
        """Raises KeyRefused where it is no such file, or its keys do not follow each other."""
        try:
            published = read(cls, data)
        except FormRefused as error:
            raise KeyRefused(f"no file of published keys: {error}") from None
        if published.form != KEYS_FORM:
            raise KeyRefused("no file of published keys")
        _refuse_a_break(published.keys)
        return published

    def is_believed(self, trusted: Collection[str]) -> bool:
        """Whether one of the keys is trusted, and so all of them are."""
        return any(each.key in trusted for each in self.keys)

    def holds(self, value: object, signature: str, key: str, at: datetime) -> bool:
        """Whether that key signed this value, at an instant at which it was the one that signs."""
        mine = next((each for each in self.keys if each.key == key), None)
        return mine is not None and mine.signs_at(at) and signature_holds(value, signature, key)


def published(closings: Closings) -> PublishedKeys:
    """The keys of an installation; none before its first closing. Raises DatabaseUnavailable."""
    kept = closings.keys()
    untils = [*(each.valid_from for each in kept[1:]), None][: len(kept)]
    before = [None, *(each.key for each in kept)]
    keys = (
        PublishedKey(each.key, each.valid_from, until, previous, each.endorsement, each.signature)
        for each, until, previous in zip(kept, untils, before[: len(kept)], strict=True)
    )
    return PublishedKeys(KEYS_FORM, tuple(keys))


def kin_of(key: str, closings: Closings) -> list[str]:
    """A key with all that handed over to it and that it handed over to; by itself where that is not proven.

    Raises DatabaseUnavailable.
    """
    told = published(closings)
    try:
        _refuse_a_break(told.keys)
    except KeyRefused:
        return [key]
    return [each.key for each in told.keys] if told.is_believed([key]) else [key]


def publish(closings: Closings, signer: Signer, now: datetime) -> None:
    """Make sure that the installation's key is the published one that signs; the very first is published here.

    Raises KeyRefused where another one is: it was taken over, or this host has not the installation's key.
    """
    kept = closings.keys()
    if kept and kept[-1].key != signer.public:
        raise KeyRefused(
            f"the key of this host is {signer.public}, and batches are signed with {kept[-1].key}: close them on the "
            "host that has that key, or bring it here"
        )
    if not kept:
        closings.add_key(1, _kept(signer, None, now))
    elif now < kept[-1].valid_from:
        raise KeyRefused(f"by this host's clock the key signs from {rfc3339(kept[-1].valid_from)} on only; set it")


def rotate(closings: Closings, file: Path, now: datetime) -> tuple[str, str]:
    """Let a new key take over from the one in the file: the old and the new public key.

    1. The new private key is written beside the file. 2. The takeover, signed by both keys, is written into the
    database. 3. The new key replaces the old one in the file, which is gone. Killed after 2, the next call goes on
    with 3. Raises KeyRefused, DatabaseUnavailable, OSError.
    """
    old, coming = Signer.read(file), file.with_name(f"{file.name}.coming")
    new = Signer.kept(coming)
    kept = closings.keys()
    if not kept or kept[-1].key != new.public:
        publish(closings, old, now if kept else now - MICROSECOND)  # one that was never published signed nothing yet
        kept = closings.keys()
        last = max([kept[-1].valid_from, *closings.last_signed()])
        if now <= last:
            raise KeyRefused(f"by this host's clock it is not yet {rfc3339(last)}, when the old key signed; set it")
        closings.add_key(len(kept) + 1, _kept(new, old, now))
    coming.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return old.public, new.public


def _kept(signer: Signer, before: Signer | None, now: datetime) -> KeptKey:
    statement = written(KeyStatement(KEY_FORM, signer.public, now, before.public if before is not None else None))
    endorsement = before.sign(statement) if before is not None else None
    return KeptKey(signer.public, now, endorsement, signer.sign(statement))


def _refuse_a_break(keys: tuple[PublishedKey, ...]) -> None:
    if not keys or (keys[0].previous, keys[0].endorsement) != (None, None) or keys[-1].valid_until is not None:
        raise KeyRefused("the first or the last of the published keys is missing")
    if len({each.key for each in keys}) < len(keys):
        raise KeyRefused("a key is published twice")
    for each in keys:
        if not signature_holds(each.statement, each.signature, each.key):
            raise KeyRefused(f"published key {each.key} is not signed by itself")
    for before, after in pairwise(keys):
        follows = after.previous == before.key and before.valid_until == after.valid_from > before.valid_from
        if not follows or not signature_holds(after.statement, after.endorsement or "", before.key):
            raise KeyRefused(f"published key {after.key} was not handed over to by {before.key}")
