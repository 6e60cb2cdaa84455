"""The records of viewings and of acts, put together from the settings: sealed each day while the dashboard serves,
copied and checked.

Not here: what a check compares (``storage.audit.checking``), and what entries are written with (``kaojian.notary``).
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from config.s3 import Duty
from config.settings import Settings
from domain.calendar import local_day
from domain.chain import Break, Record, Seal
from domain.timeline import Clock
from kaojian.beside import again_and_again, beside
from storage.audit.checking import Checked, Vouchers, take_copy
from storage.audit.days import DaySeals
from storage.database import Database
from storage.manifest.keys import kin_of
from storage.objects import Objects, S3Objects
from storage.signing import Signer

LOOK_S = 60.0
"""How often the day is looked at, and a store that was away is tried again."""

_AT_MOST = 20  # faults are told
_log = structlog.get_logger()

_CALLED = {Record.VIEWINGS: "viewings 调看记录", Record.JOURNAL: "journal 操作记录"}

_SAID = {
    Break.MISSING: "is missing 缺失",
    Break.CHANGED: "was changed after it was written 被改动",
    Break.OUT_OF_PLACE: "does not follow the one before it 次序不符",
    Break.NOT_SIGNED: "is not signed by a key that is believed 签名不符",
    Break.NOT_AS_SEALED: "is not the one that was sealed 与封记不符",
    Break.SEALS_GONE: "and those before: the file of seals is gone 封记文件缺失",
    Break.SEAL_NOT_SIGNED: "has a seal of its day that is damaged, hidden or not signed 日封不符",
}


@contextmanager
def sealed_daily(
    database: Database, folder: Path, signer: Signer, objects: Objects | None, clock: Clock
) -> Iterator[None]:
    """Seal all records at once and whenever a day begins, until the block ends. ``folder`` as in ``Notary``."""
    days = [DaySeals(each.name, folder, signer, objects) for each in database.records]
    with beside("day-seals", lambda stop: _keep_sealing(database, days, clock, stop)):
        yield


def _keep_sealing(database: Database, days: Sequence[DaySeals], clock: Clock, stop: threading.Event) -> None:
    """``days`` in the order of ``database.records``."""
    sealed, waits = None, True

    def look() -> None:
        nonlocal sealed, waits
        now = clock.now()
        if sealed != local_day(now):
            for rows, of_record in zip(database.records, days, strict=True):
                of_record.seal(rows.head(), now)
            sealed, waits = local_day(now), True
        if waits:
            for of_record in days:
                of_record.upload(now)
            waits = False

    again_and_again(look, stop, LOOK_S, failed="records_not_sealed", goes_on="records_sealed_again")


def objects_of(settings: Settings, duty: Duty = Duty.KEEP) -> Objects | None:
    """The object store, where there is one. Raises SecretError."""
    store = settings.s3_for(duty)
    return None if store is None else S3Objects(store)


def second_objects_of(settings: Settings, duty: Duty = Duty.KEEP) -> Objects | None:
    """The second object store, where there is one. Raises SecretError."""
    store = settings.s3_second_for(duty)
    return None if store is None else S3Objects(store)


def stores_of(settings: Settings, duty: Duty = Duty.KEEP) -> tuple[Objects, ...]:
    """All object stores, the first one first. Raises SecretError."""
    both = (objects_of(settings, duty), second_objects_of(settings, duty))
    return tuple(each for each in both if each is not None)


def vouchers(
    settings: Settings, database: Database, keys: Sequence[str] = (), also: Collection[tuple[Record, Seal]] = ()
) -> Vouchers:
    """What vouches for the records of this installation: its own key, those before it, and ``keys``.

    Raises KeyRefused, DatabaseUnavailable, OSError.
    """
    file = settings.signing_key_file
    own = kin_of(Signer.read(file).public, database.closings) if file.exists() else []
    return Vouchers(settings.data_dir, [*own, *keys], objects_of(settings, Duty.READ), also)


def copied(database: Database, by: Vouchers, into: Path) -> int:
    """Copy all records into a new folder: how many entries. Raises as ``storage.audit.checking.take_copy``."""
    into.mkdir(parents=True)
    return sum(take_copy(rows, by, into) for rows in database.records)


def told(found: Sequence[Checked], by: Vouchers) -> Iterator[str]:
    """What checks found, in lines for people."""
    for each in found:
        yield from _told(each, by)
    yield f"keys believed: {' '.join(by.keys) or 'none'}"


def _told(found: Checked, by: Vouchers) -> Iterator[str]:
    record, chain = found.record, found.chain
    for fault in chain.faults[:_AT_MOST]:
        yield f"{record}: entry {fault.number} {_SAID[fault.what]}"
    if len(chain.faults) > _AT_MOST:
        yield f"{record}: ... and {len(chain.faults) - _AT_MOST} more"
    yield f"{_CALLED[record]}: {chain.count} entries, {chain.unsealed} without a seal of their own"
    if chain.unsigned:
        yield f"  entries 1 to {chain.unsigned} are from before it was signed 签名之前"
    where = "no object store was asked" if by.objects is None else f"{found.stored} of them under lock"
    yield f"  days 日封: {found.days} sealed, {where}"
    yield "  no entry yet" if chain.head is None else f"  seal of the last entry: {record}:{chain.head}"


def paper_seal(text: str) -> tuple[Record, Seal] | None:
    """A seal as ``told`` prints it; None for anything else."""
    name, _, rest = text.strip().partition(":")
    seal = Seal.parse(rest)
    return None if seal is None or name not in set(Record) else (Record(name), seal)


def is_key(text: str) -> bool:
    """Whether a text is written as public keys are."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
