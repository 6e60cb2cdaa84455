"""How the installation stands: its parts, what waits, disks, object stores, what the planned exams need, backups.

No person and nothing of any exam is in the answer. Not here: who records what (``dashboard.api.status``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from itertools import zip_longest
from pathlib import Path

from fastapi import APIRouter, Response

from config.errors import ConfigError
from config.version import VERSION
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import NO_STORE
from dashboard.api.operations_shapes import (
    BackupState,
    ForecastShape,
    LostCopies,
    Operations,
    PartCheck,
    QueuesShape,
    SpoolSpace,
    StoreShape,
    UnseenSpoolShape,
    YearForecast,
)
from dashboard.api.problems import RESPONSES
from dashboard.api.status import webhook_status
from dashboard.installation import YEARS
from domain.health import Check, CheckState, Part
from ingest.set_aside import SetAside
from ingest.spool import Spool, SpoolError
from records import backups
from records.capacity import Planned
from records.errors import NotReady
from records.headroom import Headroom, headrooms
from records.queues import COUNT_UP_TO, LOST_WITHIN, Queues, queues

router = APIRouter(tags=["operations"], responses=RESPONSES)

_WORST_FIRST = (CheckState.FAIL, CheckState.UNKNOWN, CheckState.NOTE, CheckState.OK)


@router.get("/operations")
def operations(backed: Backed, response: Response) -> Operations:
    """How the installation stands. Looks at what costs next to nothing to look at; `kaojian doctor` tries the rest.

    What waits is counted up to ``counted_up_to``; object stores are asked for two seconds each.
    """
    response.headers.update(NO_STORE)
    now, database = backed.clock.now(), backed.database
    plan = _planned(backed)
    keeps = backed.archive.keeps
    return Operations(
        at=now,
        version=VERSION,
        database="PostgreSQL" if str(database).startswith("postgresql") else "SQLite",
        checks=_checks(backed, now),
        counted_up_to=COUNT_UP_TO,
        queues=_queues(backed, queues(database, now, stores_objects=keeps)),
        webhooks=tuple(map(webhook_status, database.alarms.receivers(backed.measured.webhooks))),
        spools=tuple(_spools(backed, headrooms(database, backed.measured.spools, now, evicts=keeps), plan)),
        stores=tuple(_stores(backed)),
        forecast=None if plan is None else _forecast(plan),
        backup=_backup(backed, now),
    )


def _checks(backed: Backing, now: datetime) -> tuple[PartCheck, ...]:
    """The worst first; what stands equally, in the order it was looked at. The object stores are asked elsewhere."""
    found: list[Check] = sorted(backed.installation.checks(now), key=lambda each: _WORST_FIRST.index(each.state))
    return tuple(
        PartCheck(part=each.part, state=each.state, said=each.said, remedy=each.remedy)
        for each in found
        if each.part is not Part.GLASS  # it names people; whoever is logged in is told of it anyway
    )


def _queues(backed: Backing, found: Queues) -> QueuesShape:
    return QueuesShape(
        analysis=found.analysis,
        look=found.look,
        given_up=found.given_up,
        store=found.s3,
        second_store=found.second if found.s3 is not None else None,
        reread=found.reread,
        rows_set_aside=_set_aside(backed),
        lost=LostCopies(
            count=len(found.lost),
            within_days=LOST_WITHIN.days,
            newest=found.lost[0].at if found.lost else None,
            places=tuple(sorted({f"{each.copy.place} {each.copy.target}" for each in found.lost})),
        ),
        unseen=tuple(
            UnseenSpoolShape(folder=each.target, device=each.device, segments=each.segments) for each in found.unseen
        ),
    )


def _set_aside(backed: Backing) -> int | None:
    """None where a spool cannot be read: nobody knows then."""
    spools = [Spool(folder, 0) for folder in backed.measured.spools.folders]
    try:
        return len(SetAside(spools).waiting())
    except (SpoolError, OSError):
        return None


def _spools(backed: Backing, rooms: list[Headroom], plan: Planned | None) -> Iterator[SpoolSpace]:
    """Each spool of this host; of one whose disk does not answer, that it does not."""
    peak = plan.forecast.peak_bytes_per_s if plan is not None else 0
    found = {room.folder: room for room in rooms}
    for folder in backed.measured.spools.folders:
        room = found.get(folder)
        free = None if room is None else max(0, room.free_bytes)
        yield SpoolSpace(
            folder=str(folder),
            size_bytes=_size_of(folder),
            free_bytes=free,
            reserve_bytes=backed.measured.spools.reserve_bytes,
            hours_left=round(free / peak / 3600, 1) if free is not None and peak else None,
            needed_bytes=None if room is None else room.needed_bytes,
            short_bytes=None if room is None else room.short_bytes,
            full_at=None if room is None else room.full,
            until=None if room is None else room.until,
        )


def _size_of(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).total
    except OSError:
        return None


def _stores(backed: Backing) -> Iterator[StoreShape]:
    """Each bucket: whether it answers this process, and what its uploader found last, where one runs here."""
    told = {each.second: each for each in backed.installation.stores()}
    for second, probe in zip_longest((False, True), backed.measured.stores):
        if probe is None:
            continue
        last = told.get(bool(second))
        yield StoreShape(
            bucket=probe.bucket,
            second=bool(second),
            answers=probe.answers(),
            told_at=None if last is None else last.at,
            lost=None if last is None else last.lost,
            unlocked=None if last is None else last.unlocked,
        )


def _planned(backed: Backing) -> Planned | None:
    """None where nothing is set up, or a rule pack does not say how long footage is kept: a check tells of that."""
    try:
        return backed.installation.planned(YEARS)
    except (NotReady, ConfigError):
        return None


def _forecast(plan: Planned) -> ForecastShape:
    found = plan.forecast
    years = zip(found.kept_bytes, found.database_bytes, strict=True)
    return ForecastShape(
        cameras=found.declared.cameras,
        unmeasured=found.declared.unmeasured,
        day_bytes=round(found.declared.day_bytes),
        year_bytes=round(found.declared.year_bytes),
        retention_years=plan.retention_years,
        stores=found.stores,
        spool_bytes=found.spool_bytes,
        peak_bytes_per_s=found.peak_bytes_per_s,
        upload_bytes_per_s=found.upload_bytes_per_s,
        catch_up_bytes_per_s=found.catch_up_bytes_per_s,
        reread_bytes_per_s=found.reread_bytes_per_s,
        reread_set_bytes_per_s=plan.reread_bytes_per_s,
        years=tuple(
            YearForecast(year=year, store_bytes=kept, database_bytes=rows)
            for year, (kept, rows) in enumerate(years, 1)
        ),
    )


def _backup(backed: Backing, now: datetime) -> BackupState:
    newest = backups.newest(backed.database)
    return BackupState(newest=newest, stale=backups.is_stale(newest, now))
