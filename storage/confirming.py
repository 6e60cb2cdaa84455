"""Whether object stores hold a segment, proven at this moment, so that a spool could do without its own copy.

Not here: making room in a spool (``ingest.eviction``).

    StorageError
    └── Unconfirmed   the store does not hold the segment, whole and locked, as it was read back just now
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.evidence import Copy, Place, Segment
from storage.errors import StorageError
from storage.objects import BLOCK_BYTES, STORE_LOST, Objects


class Unconfirmed(StorageError):
    """Nobody may rely on the object store for this segment now. ``unreachable``: the store itself does not answer."""

    def __init__(self, message: str, *, unreachable: bool = False) -> None:
        super().__init__(message)
        self.unreachable = unreachable


@dataclass(frozen=True, slots=True)
class Confirmed:
    """In which stores a segment was found whole and locked just now, and of each other one why it was not."""

    copies: tuple[Copy, ...]
    doubts: tuple[Unconfirmed, ...]

    @property
    def refuted(self) -> bool:
        """Whether a store that answers does not hold it."""
        return any(not doubt.unreachable for doubt in self.doubts)

    @property
    def nobody_answers(self) -> bool:
        """Whether it says nothing of the segment: no store could be asked."""
        return not self.copies and not self.refuted


def confirm_in(stores: Sequence[Objects], segment: Segment, copies: Sequence[Copy], now: datetime) -> Confirmed:
    """``confirm`` for each of these stores."""
    found: list[Copy] = []
    doubts: list[Unconfirmed] = []
    for objects in stores:
        try:
            found.append(confirm(segment, copies, objects, now))
        except Unconfirmed as doubt:
            doubts.append(doubt)
    return Confirmed(tuple(found), tuple(doubts))


def confirm(segment: Segment, copies: Iterable[Copy], objects: Objects, now: datetime) -> Copy:
    """The copy of a segment in the object store, proven at this moment, so that another one is not needed to keep it.

    1. Take the copies that were stored there under a lock and not removed, of those that ``copies`` names.
    2. Ask the store whether that version is locked beyond ``now``.
    3. Read all of it back and compare size and hash with the segment's row.

    Raises Unconfirmed. A row alone is not enough: a server may have lost what it once gave back.
    """
    reason = "it was never stored there"
    for copy in copies:
        if copy.place is not Place.S3 or copy.removed is not None or copy.target != objects.target:
            continue
        if copy.locked_until is None:
            reason = "it was stored where no lock holds"
            continue
        try:
            wrong = _doubt(segment, copy, objects, now)
        except STORE_LOST as error:
            raise Unconfirmed(f"{segment.key} in {copy.target}: {error}", unreachable=True) from error
        except StorageError as error:
            wrong = str(error)
        if wrong is None:
            return copy
        reason = wrong
    raise Unconfirmed(f"{segment.key} in {objects.target}: {reason}")


def _doubt(segment: Segment, copy: Copy, objects: Objects, now: datetime) -> str | None:
    """Why a stored copy is not to be relied on; None where nothing is wrong."""
    locked_until = objects.stat(segment.key, copy.version_id).locked_until
    if locked_until is None or locked_until <= now:
        return "it is not locked"
    digest, size_bytes = hashlib.sha256(), 0
    while size_bytes < segment.size_bytes:
        length = min(BLOCK_BYTES, segment.size_bytes - size_bytes)
        block = objects.read(segment.key, size_bytes, length, copy.version_id)
        if len(block) != length:
            return "it is shorter than the segment"
        digest.update(block)
        size_bytes += length
    return None if digest.hexdigest() == segment.sha256 else "it has other bytes than the segment"
