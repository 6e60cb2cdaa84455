"""What the pages tell of this installation, put together from its settings: the wiring of `/operations`.

Not here: what is looked at (``kaojian.doctor``), forecast (``kaojian.capacity``) or checked (``storage.audit``).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from config.settings import Settings
from dashboard.installation import Installation
from kaojian.audit import vouchers
from kaojian.capacity import planned
from kaojian.doctor import glance
from storage import store_state
from storage.audit.checking import Checked, check
from storage.database import Database
from storage.store_state import StoreState


def installation_of(settings: Settings, database: Database) -> Installation:
    """Everything is looked at anew whenever somebody asks."""
    return Installation(
        checks=partial(glance, settings, database),
        planned=partial(planned, settings, database, None),
        stores=partial(_stores, settings),
        records=partial(_records, settings, database),
    )


def _stores(settings: Settings) -> tuple[StoreState, ...]:
    return store_state.read(settings.data_dir) if settings.s3 is not None else ()


def _records(settings: Settings, database: Database) -> tuple[Checked, ...]:
    """By what is kept on this host: an object store that is away keeps nobody from looking."""
    by = replace(vouchers(settings, database), objects=None)
    return tuple(check(rows, by) for rows in database.records)
