"""Rows that the database refuses although it works: kept in files in the spool, told, tried again at each start.

A row is written by one act of ``storage.database.Evidence``. Where the database is away the act is simply repeated;
where it refuses for a reason that no waiting mends (a value that it cannot hold, a row that contradicts another one),
the row is set aside, and all others go on. One file for each, in the order of setting aside::

    .rows-set-aside/20260501T040000.000000Z-000001-1f0c….json
    {"at": …, "reason": …, "act": "open_outage", "arguments": [{"id": …, …}]}

Not here: which rows there are and when they are written (``ingest.bookkeeper``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from inspect import signature
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import uuid4

import structlog

from ingest.spool import Spool, SpoolError
from storage.database.evidence import Evidence
from storage.errors import DatabaseUnavailable, StorageError

_log = structlog.get_logger()

FOLDER = ".rows-set-aside"
REMEDY = (
    "mend what the reason says and restart the recorder, which tries them again; one that can never be written stays "
    f"in {FOLDER} of the spool until a person has read it and removes its file"
)
_ACTS = ("begin_run", "end_run", "add_segment", "open_outage", "close_outage", "add_event", "add_clock_reading")


@dataclass(frozen=True, slots=True)
class Row:
    """One act on the evidence: the name of its method, and what it is called with."""

    act: str
    arguments: tuple[object, ...]

    def write(self, evidence: Evidence) -> None:
        """Do it. Raises what the act raises."""
        getattr(evidence, self.act)(*self.arguments)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that waits in a spool. ``row`` is None where its file cannot be read; ``reason`` then says why."""

    name: str  # of its file, below the spool's root
    reason: str
    at: datetime | None = None
    row: Row | None = None


class SetAside:
    """The refused rows of these spools. A row is kept in the first spool that takes it."""

    def __init__(self, spools: Sequence[Spool]) -> None:
        self._spools = spools
        self._count = 0

    def keep(self, row: Row, reason: str, now: datetime) -> None:
        """Write it down, synced. Where no spool takes it the log has all of it."""
        self._count += 1
        name = f"{FOLDER}/{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{self._count:06}-{uuid4().hex}.json"
        told = {"at": now, "reason": reason, "act": row.act, "arguments": row.arguments}
        text = json.dumps(_plain(told), ensure_ascii=True)
        for spool in self._spools:
            try:
                spool.put(name, text.encode())
            except SpoolError as error:
                _log.error("spool_takes_no_row", spool=str(spool.root), reason=str(error))
            else:
                _log.error("row_set_aside", act=row.act, reason=reason, file=str(spool.root / name))
                return
        _log.error("row_lost", act=row.act, reason=reason, row=text)

    def waiting(self) -> list[Refused]:
        """All that wait, in order, in the spools that answer."""
        return [_read(spool, name) for spool in self._spools for name in _names(spool)]

    def retry(self, evidence: Evidence) -> tuple[int, int]:
        """Try all again, until a round writes none: how many were written, and how many still wait.

        Raises DatabaseUnavailable; what could be written is then no longer there.
        """
        written = 0
        while done := sum(self._retried(spool, name, evidence) for spool in self._spools for name in _names(spool)):
            written += done
        waiting = sum(len(_names(spool)) for spool in self._spools)
        if written or waiting:
            told = _log.error if waiting else _log.info
            told("rows_set_aside_tried", written=written, waiting=waiting)
        return written, waiting

    def _retried(self, spool: Spool, name: str, evidence: Evidence) -> bool:
        refused = _read(spool, name)
        if refused.row is None:
            return False
        try:
            refused.row.write(evidence)
            spool.remove(name)
        except DatabaseUnavailable:
            raise
        except (StorageError, SpoolError):
            return False
        return True


def _names(spool: Spool) -> list[str]:
    try:
        return spool.names(FOLDER)
    except SpoolError as error:
        _log.error("rows_set_aside_unreadable", spool=str(spool.root), reason=str(error))
        return []


def _read(spool: Spool, name: str) -> Refused:
    try:
        told = json.loads(b"".join(spool.blocks(name)))
        act = told["act"]
        if act not in _ACTS:
            raise ValueError(f"{act} is no act of the recorder")
        method = getattr(Evidence, act)
        types = get_type_hints(method)
        wanted = [types[each] for each in list(signature(method).parameters)[1:]]
        arguments = tuple(_made(kind, value) for kind, value in zip(wanted, told["arguments"], strict=True))
        return Refused(name, told["reason"], datetime.fromisoformat(told["at"]), Row(act, arguments))
    except (SpoolError, ValueError, KeyError, TypeError) as error:
        return Refused(name, f"its file cannot be read: {error}")


def _plain(value: Any) -> Any:
    """As JSON holds it."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _made(kind: Any, value: Any) -> Any:
    """A value of that type from what ``_plain`` made of it. Raises ValueError, KeyError, TypeError."""
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        (kind,) = (each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is tuple:
        return tuple(_made(get_args(kind)[0], each) for each in value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if is_dataclass(kind):
        types = get_type_hints(kind)
        return kind(**{name: _made(types[name], each) for name, each in value.items()})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return value
