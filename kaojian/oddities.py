"""Suspicions 疑点 for the command line. No rules of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pydantic_core import to_jsonable_python
from rich.table import Table

from config import rule_pack
from config.settings import Settings
from domain.suspicions import NAMES
from domain.timeline import rfc3339
from records.suspicions import NOT_LOOKED_FOR, Found, suspicions_of
from storage.database import Database
from storage.errors import UnknownBatch

_UNFED_ZH = "、".join(NAMES[each][0] for each in NOT_LOOKED_FOR)
_UNFED_EN = ", ".join(NAMES[each][1] for each in NOT_LOOKED_FOR)
NOTE = (
    f"疑点只供人查看，不影响判定与制证；人员在位尚未保存，未查：{_UNFED_ZH}\n"
    f"for a person to look into, no verdict rests on it; presence is not kept yet, so not looked for: {_UNFED_EN}"
)


def of(settings: Settings, database: Database, now: datetime, batch: str | None) -> tuple[Found, ...]:
    """All, or what tells of one batch. Raises UnknownBatch, ConfigError, DatabaseUnavailable."""
    if batch is not None and database.setup.batch(batch) is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    packs = partial(rule_pack.load, folder=settings.rule_packs_dir)
    found = suspicions_of(database, now, rule_packs=packs)
    return tuple(each for each in found if batch is None or batch in each.batches)


def as_json(found: Sequence[Found], made: datetime) -> dict[str, Any]:
    """For programs: each with what it is about and what it rests on."""
    return {
        "made": rfc3339(made),
        "suspicions": [to_jsonable_python(each) for each in found],
        "not_looked_for": [each.value for each in NOT_LOOKED_FOR],
    }


def table(found: Sequence[Found]) -> Table:
    """One line for each, by sort."""
    shown = Table(title=f"疑点 suspicions: {len(found)}")
    for title in ("类别", "sort", "批次 batches", "说明", "says"):
        shown.add_column(title, overflow="fold")
    for each in found:
        shown.add_row(*NAMES[each.sort], "\n".join(each.batches), each.zh, each.en)
    return shown
