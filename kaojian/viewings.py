"""The record of viewings, put together from the settings: sealed each day while the dashboard serves, and checked.

Not here: what a check compares (``storage.viewing_check``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from config.settings import Settings
from domain.calendar import local_day
from domain.timeline import Clock
from domain.viewings import Break, Seal
from storage.database import Database, Viewings
from storage.errors import StorageError
from storage.manifest.keys import kin_of
from storage.objects import Objects, S3Objects
from storage.signing import Signer
from storage.viewing_check import Checked, Vouchers
from storage.viewing_days import DaySeals

LOOK_S = 60.0
"""How often the day is looked at, and a store that was away is tried again."""

_AT_MOST = 20  # faults are told
_log = structlog.get_logger()

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
def sealed_daily(viewings: Viewings, days: DaySeals, clock: Clock) -> Iterator[None]:
    """Seal the record at once and whenever a day begins, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep_sealing, args=(viewings, days, clock, stop), name="day-seals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _keep_sealing(viewings: Viewings, days: DaySeals, clock: Clock, stop: threading.Event) -> None:
    sealed, waits, lost = None, True, False
    while not stop.is_set():
        now = clock.now()
        try:
            if sealed != local_day(now):
                days.seal(viewings.head(), now)
                sealed, waits = local_day(now), True
            if waits:
                days.upload(now)
                waits = False
            if lost:
                _log.info("viewings_sealed_again")
            lost = False
        except (StorageError, OSError) as error:
            if not lost:
                _log.warning("viewings_not_sealed", error=str(error))
            lost = True
        stop.wait(LOOK_S)


def objects_of(settings: Settings) -> Objects | None:
    """The object store, where there is one."""
    return None if settings.s3 is None else S3Objects(settings.s3)


def vouchers(settings: Settings, database: Database, keys: Sequence[str], also: Seal | None) -> Vouchers:
    """What vouches for the record of this installation: its own key, those before it, and ``keys``.

    Raises KeyRefused, DatabaseUnavailable, OSError.
    """
    file = settings.signing_key_file
    own = kin_of(Signer.read(file).public, database.closings) if file.exists() else []
    return Vouchers(settings.viewings_dir, [*own, *keys], objects_of(settings), also)


def told(found: Checked, by: Vouchers) -> Iterator[str]:
    """What a check found, in lines for people."""
    chain = found.chain
    for fault in chain.faults[:_AT_MOST]:
        yield f"entry {fault.number} {_SAID[fault.what]}"
    if len(chain.faults) > _AT_MOST:
        yield f"... and {len(chain.faults) - _AT_MOST} more"
    where = "no object store was asked" if by.objects is None else f"{found.stored} of them under lock"
    yield f"viewings 调看记录: {chain.count} entries, {chain.unsealed} without a seal of their own"
    yield f"days 日封: {found.days} sealed, {where}"
    yield f"keys believed: {' '.join(by.keys) or 'none'}"
    yield "no entry yet" if chain.head is None else f"seal of the last entry: {chain.head}"


def is_key(text: str) -> bool:
    """Whether a text is written as public keys are."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
