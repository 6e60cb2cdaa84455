"""The check before a sitting, put together from the settings, and shown in the terminal: `kaojian sitting check`.

Not here: what is checked and what it means (``records.readiness``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

from rich.table import Table
from rich.text import Text

from config.settings import Settings
from domain.law import Verdict
from domain.readiness import Check, PlanCover, Readiness
from domain.timeline import Clock, SystemClock
from kaojian.audit import stores_of
from kaojian.disks import spools_of
from records.readiness import Means
from records.readiness_rules import StoreFact
from storage.errors import StorageError
from storage.objects import Objects

REMEMBERED_S = 60.0
"""How long a store that was tried need not be tried again: each trial leaves an object under lock for a moment."""

_MARKS = {
    Verdict.PASS: ("✓", "green"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.NOT_APPLICABLE: ("-", "dim"),
    Verdict.FAIL: ("✗", "red"),
    Verdict.UNKNOWN: ("?", "red"),
    Verdict.PENDING: ("…", "red"),
}


def means(settings: Settings, clock: Clock | None = None) -> Means:
    """What checks need, by the settings. Raises SecretError where the key of a store is named and not there."""
    return Means(
        spools=spools_of(settings),
        stores=StoreTrial(stores_of(settings), clock or SystemClock()),
        trial=timedelta(seconds=settings.trial_s),
        run_up=timedelta(seconds=settings.run_up_seconds),
        good_for=timedelta(hours=settings.readiness_hours),
    )


class StoreTrial:
    """Tries each object store once a minute at most. Safe to share between threads."""

    def __init__(self, stores: Sequence[Objects], clock: Clock) -> None:
        self._stores = stores
        self._clock = clock
        self._lock = threading.Lock()
        self._found: tuple[StoreFact, ...] = ()
        self._tried: float | None = None

    def __call__(self) -> tuple[StoreFact, ...]:
        with self._lock:
            now = self._clock.monotonic()
            if self._tried is None or now - self._tried >= REMEMBERED_S:
                self._found = tuple(map(try_store, self._stores))
                self._tried = now
            return self._found


def try_store(objects: Objects) -> StoreFact:
    """Whether a store answers, and keeps what it locks."""
    try:
        tested = objects.self_test()
    except StorageError as error:
        return StoreFact(objects.target, reached=False, locks=None, detail=str(error))
    return StoreFact(objects.target, reached=True, locks=tested.ok, detail=tested.detail)


def shown(found: Readiness, *, zh: bool) -> Iterator[Table | Text]:
    """The whole check for people: what was found, room by room, what to do, and whether it is go."""
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("", *(("考场", "项目", "结果", "处理") if zh else ("Room", "Item", "Found", "To do"))):
        table.add_column(heading, overflow="fold")
    for room in found.rooms:
        for check in room.checks:
            _add(table, check, zh=zh)
    for check in found.checks:
        _add(table, check, zh=zh)
    yield table
    label = "考前录像计划覆盖：" if zh else "recording plan before the sitting: "
    by_room = ", ".join(f"{room.room} {_said(room.code, zh=zh)}" for room in found.rooms)
    yield Text(f"{label}{_said(found.code, zh=zh)}" + (f" ({by_room})" if by_room else ""))
    if found.go:
        yield Text("可以开考，请签署" if zh else "GO: the sitting may begin; sign it", style="bold green")
    else:
        yield Text("不可开考" if zh else "NO GO", style="bold red")


def _said(code: PlanCover, *, zh: bool) -> str:
    return f"{code.value} {code.zh if zh else code.en}"


def _add(table: Table, check: Check, *, zh: bool) -> None:
    mark, colour = _MARKS[check.verdict]
    item, said, to_do = (check.item.zh, check.zh, check.do_zh) if zh else (check.item.en, check.en, check.do_en)
    table.add_row(Text(mark, style=colour), check.room or "-", item, said, to_do)
