"""What was promised: sites and batches as revisions, and the sittings that rest on them.

A revision is never changed. It is valid from its instant until the next one of the same site or batch; a sitting
keeps, from the moment it is opened, the two revisions valid then. Not here: whether a set-up makes sense (records).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeVar

import sqlalchemy as sa

from domain.expected import Expectation, FrozenExpectation
from domain.people import Actor
from domain.phases import Mark
from domain.places import Batch, Site, Sitting
from storage.database import documents, expectations, tables
from storage.database.actors import actor_row
from storage.database.connection import Engine, insert_once
from storage.errors import (
    AlreadyClosed,
    AlreadyOpen,
    CameraBelongsElsewhere,
    NotOpen,
    RevisedMeanwhile,
    SetupChanged,
    UnknownBatch,
    UnknownSite,
    UnknownSitting,
)

_Thing = TypeVar("_Thing")

# Made once: recorders ask for all sittings every second, and making this costs more than asking it.
_PLANS, _PLACES = tables.revisions.alias("plans"), tables.revisions.alias("places")
_OPENED = (
    sa.select(tables.sittings, _PLANS.c.document.label("batch_document"), _PLACES.c.document.label("site_document"))
    .join(_PLANS, _PLANS.c.id == tables.sittings.c.batch_revision)
    .join(_PLACES, _PLACES.c.id == tables.sittings.c.site_revision)
)
_SEALED = (
    sa.select(tables.sitting_marks.c.batch, tables.sitting_marks.c.sitting, tables.sitting_marks.c.at)
    .where(tables.sitting_marks.c.mark == Mark.SEALED.value)
    .order_by(tables.sitting_marks.c.id)
)


class _Kind(StrEnum):
    SITE = "site"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class FrozenRevisions:
    """The SHA-256 of the documents of the site and of the batch that a sitting rests on."""

    site: str
    batch: str


@dataclass(frozen=True, slots=True)
class SiteRevision:
    """Which document of a site stands, since when, and by whom it was applied."""

    sha256: str
    valid_from: datetime
    by: str


class Setup:
    """The set-up aggregate of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def apply_site(self, site: Site, actor: Actor, at: datetime, *, follows: str | None = None) -> bool:
        """Make this the site's set-up from ``at`` on. False if it already is: then nothing is written.

        ``follows`` is the SHA-256 of the revision that it was made from, where that matters.

        Raises CameraBelongsElsewhere if a camera's id is in use at another site, now or by a sitting not closed;
        RevisedMeanwhile where another revision than the one that it follows stands.
        """
        revision = _revision_row(_Kind.SITE, site.id, documents.site_text(site), actor, at)
        with self._engine.writing() as connection:
            _hold_revisions(connection)
            if follows is not None:
                _refuse_overtaken(connection, site.id, follows)
            _refuse_foreign_cameras(connection, site)
            return _write_revision(connection, revision)

    def apply_batch(self, batch: Batch, actor: Actor, at: datetime) -> bool:
        """Make this the batch's plan from ``at`` on. False if it already is. Raises UnknownSite."""
        revision = _revision_row(_Kind.BATCH, batch.id, documents.batch_text(batch), actor, at)
        with self._engine.writing() as connection:
            _hold_revisions(connection)
            if _revision(connection, _Kind.SITE, batch.site) is None:
                raise UnknownSite(f"batch {batch.id} names site {batch.site}, not set up; apply the site first")
            return _write_revision(connection, revision)

    def sites(self, at: datetime | None = None) -> list[Site]:
        """All sites by id, as the latest revision has them, or as they were valid at an instant."""
        with self._engine.reading() as connection:
            return _documents(connection, _Kind.SITE, documents.site_of, at)

    def site(self, site_id: str, at: datetime | None = None) -> Site | None:
        """One site, as the latest revision has it, or as it was valid at an instant."""
        with self._engine.reading() as connection:
            revision = _revision(connection, _Kind.SITE, site_id, at)
            return None if revision is None else documents.site_of(revision.document)

    def site_sha256(self, site_id: str) -> str | None:
        """The SHA-256 of the document of a site's latest revision."""
        with self._engine.reading() as connection:
            revision = _revision(connection, _Kind.SITE, site_id)
            return None if revision is None else revision.sha256

    def site_revisions(self) -> dict[str, SiteRevision]:
        """By the id of each site: which revision of it stands."""
        table = tables.revisions
        query = sa.select(table).where(table.c.id.in_(_valid(_Kind.SITE, None)))
        with self._engine.reading() as connection:
            return {row.key: SiteRevision(row.sha256, row.valid_from, row.actor) for row in connection.execute(query)}

    def batches(self) -> list[Batch]:
        """All batches by id, as the latest revisions have them."""
        with self._engine.reading() as connection:
            return _documents(connection, _Kind.BATCH, documents.batch_of)

    def batch(self, batch_id: str) -> Batch | None:
        """One batch, as the latest revision has it."""
        with self._engine.reading() as connection:
            revision = _revision(connection, _Kind.BATCH, batch_id)
            return None if revision is None else documents.batch_of(revision.document)

    def sitting(self, batch_id: str, number: int) -> Sitting | None:
        """One sitting as it stands: on its frozen revisions once it was opened, on the latest ones before."""
        return next((sitting for sitting in self.sittings(batch_id) if sitting.plan.number == number), None)

    def sittings(self, batch_id: str | None = None) -> list[Sitting]:
        """All sittings, or those of one batch, by batch and number; each as ``sitting`` tells it.

        A sitting that was opened stays in the answer even if a later revision of its batch drops it.
        """
        with self._engine.reading() as connection:
            opened = _opened_sittings(connection, batch_id)
            sealed = _sealed(connection, batch_id)
            planned = list(_planned(connection, batch_id))
        known = {(sitting.batch.id, sitting.plan.number): sitting for sitting in opened}
        for batch, site in planned:
            for plan in batch.sittings:
                known.setdefault((batch.id, plan.number), Sitting(batch, plan, site))
        return [replace(known[key], sealed=sealed[key]) if key in sealed else known[key] for key in sorted(known)]

    def frozen(self, batch_id: str) -> dict[int, FrozenRevisions]:
        """By the number of each sitting of a batch that was opened: what it was opened with."""
        table = tables.sittings
        plans, places = tables.revisions.alias("plans"), tables.revisions.alias("places")
        query = (
            sa.select(table.c.number, places.c.sha256.label("site"), plans.c.sha256.label("batch"))
            .join(plans, plans.c.id == table.c.batch_revision)
            .join(places, places.c.id == table.c.site_revision)
            .where(table.c.batch == batch_id)
        )
        with self._engine.reading() as connection:
            return {row.number: FrozenRevisions(row.site, row.batch) for row in connection.execute(query)}

    def valid(self, batch_id: str, number: int, at: datetime) -> Sitting:
        """A sitting on the revisions of its batch and site that would be frozen if it opened at an instant.

        Raises UnknownBatch, UnknownSitting, UnknownSite.
        """
        with self._engine.reading() as connection:
            plan, place = _valid_revisions(connection, batch_id, number, at)
        batch = documents.batch_of(plan.document)
        return Sitting(batch, batch.sitting(number), documents.site_of(place.document))

    def expectation(self, batch_id: str, number: int) -> FrozenExpectation | None:
        """What must be seen of a sitting, as it was kept when it opened; None where nothing was."""
        with self._engine.reading() as connection:
            return expectations.frozen(connection, batch_id, number)

    def open_sitting(
        self,
        batch_id: str,
        number: int,
        opened: datetime,
        actual_start: datetime,
        *,
        expected: tuple[Sitting, Expectation] | None = None,
    ) -> None:
        """Open a sitting: freeze the revisions of its batch and site that are valid at ``opened``.

        ``expected`` is the sitting as ``valid`` gave it and what must be seen of it, which is frozen too; without it
        nothing of the kind is kept. Raises UnknownBatch, UnknownSitting, UnknownSite, AlreadyOpen; SetupChanged
        where it was made of another set-up than is frozen: then nothing was written.
        """
        with self._engine.writing() as connection:
            _hold_revisions(connection)
            plan, place = _valid_revisions(connection, batch_id, number, opened)
            row = {
                "batch": batch_id,
                "number": number,
                "batch_revision": plan.id,
                "site_revision": place.id,
                "opened": opened,
                "actual_start": actual_start,
            }
            if not insert_once(connection, tables.sittings, row):
                raise AlreadyOpen(f"sitting {number} of batch {batch_id} was opened before")
            if expected is not None:
                made_of, expectation = expected
                frozen = documents.batch_of(plan.document), documents.site_of(place.document)
                if frozen != (made_of.batch, made_of.site):
                    raise SetupChanged(
                        f"sitting {number} of batch {batch_id} was not opened: its set-up was changed meanwhile; "
                        "try again"
                    )
                row = expectations.row_of(batch_id, number, opened, expectation)
                connection.execute(sa.insert(tables.expectations).values(row))

    def close_sitting(self, batch_id: str, number: int, closed: datetime, actual_end: datetime) -> None:
        """Close an open sitting. Raises UnknownBatch, UnknownSitting, NotOpen, AlreadyClosed."""
        table = tables.sittings
        this = sa.and_(table.c.batch == batch_id, table.c.number == number)
        with self._engine.writing() as connection:
            row = connection.execute(sa.select(table.c.closed).where(this).with_for_update()).first()
            if row is None:
                _valid_revisions(connection, batch_id, number, None)
                raise NotOpen(f"sitting {number} of batch {batch_id} was never opened")
            if row.closed is not None:
                raise AlreadyClosed(f"sitting {number} of batch {batch_id} was closed at {row.closed.isoformat()}")
            connection.execute(sa.update(table).where(this).values(closed=closed, actual_end=actual_end))


def _hold_revisions(connection: sa.Connection) -> None:
    """Let nobody else write revisions until this transaction ends; SQLite's single writer needs no more."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("LOCK TABLE revisions IN SHARE ROW EXCLUSIVE MODE"))


def _revision_row(kind: _Kind, key: str, document: str, actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "key": key,
        "valid_from": at,
        "sha256": sha256(document.encode()).hexdigest(),
        **actor_row(actor),
        "document": document,
    }


def _write_revision(connection: sa.Connection, row: dict[str, Any]) -> bool:
    """Write the revision unless it says what the latest one says. True if it was written."""
    latest = _revision(connection, _Kind(row["kind"]), row["key"])
    if latest is not None and latest.sha256 == row["sha256"]:
        return False
    connection.execute(sa.insert(tables.revisions).values(row))
    return True


def _refuse_overtaken(connection: sa.Connection, site_id: str, follows: str) -> None:
    latest = _revision(connection, _Kind.SITE, site_id)
    if latest is None or latest.sha256 != follows:
        raise RevisedMeanwhile(
            f"the set-up of site {site_id} was changed meanwhile 设置已被他人修改: load it anew, and change that"
        )


def _refuse_foreign_cameras(connection: sa.Connection, site: Site) -> None:
    ours = {camera.id for room in site.rooms for camera in room.cameras}
    for other in (*_documents(connection, _Kind.SITE, documents.site_of), *_sites_in_use(connection)):
        if other.id == site.id:
            continue
        for camera in (camera for room in other.rooms for camera in room.cameras):
            if camera.id in ours:
                raise CameraBelongsElsewhere(
                    f"camera {camera.id} belongs to site {other.id}; give the camera of site {site.id} another id"
                )


def _sites_in_use(connection: sa.Connection) -> Iterable[Site]:
    """The frozen sites of sittings that were opened and not yet closed."""
    held = sa.select(tables.sittings.c.site_revision).where(tables.sittings.c.closed.is_(None))
    rows = connection.execute(sa.select(tables.revisions.c.document).where(tables.revisions.c.id.in_(held)))
    return [documents.site_of(row.document) for row in rows]


def _valid(kind: _Kind, at: datetime | None) -> sa.Select[Any]:
    """The ids of the valid revision of every key: the last one written among those valid from ``at`` or before.

    The last written, not the one with the latest ``valid_from``: the order of acts holds even if a clock stepped.
    """
    table = tables.revisions
    query = sa.select(sa.func.max(table.c.id)).where(table.c.kind == kind.value).group_by(table.c.key)
    return query if at is None else query.where(table.c.valid_from <= at)


@lru_cache(maxsize=8)  # recorders ask for those of now, every second
def _documents_valid(kind: _Kind, at: datetime | None) -> sa.Select[Any]:
    table = tables.revisions
    return sa.select(table.c.document).where(table.c.id.in_(_valid(kind, at))).order_by(table.c.key)


def _documents(
    connection: sa.Connection, kind: _Kind, read: Callable[[str], _Thing], at: datetime | None = None
) -> list[_Thing]:
    return [read(row.document) for row in connection.execute(_documents_valid(kind, at))]


def _revision(connection: sa.Connection, kind: _Kind, key: str, at: datetime | None = None) -> sa.Row[Any] | None:
    table = tables.revisions
    query = sa.select(table).where(table.c.id.in_(_valid(kind, at).where(table.c.key == key)))
    return connection.execute(query).first()


def _valid_revisions(
    connection: sa.Connection, batch_id: str, number: int, at: datetime | None
) -> tuple[sa.Row[Any], sa.Row[Any]]:
    """The revisions of a sitting's batch and site. Raises UnknownBatch, UnknownSitting, UnknownSite."""
    plan = _revision(connection, _Kind.BATCH, batch_id, at)
    if plan is None:
        raise UnknownBatch(f"there is no batch {batch_id}; apply it first")
    batch = documents.batch_of(plan.document)
    if number not in {sitting.number for sitting in batch.sittings}:
        raise UnknownSitting(f"batch {batch_id} has no sitting {number}")
    place = _revision(connection, _Kind.SITE, batch.site, at)
    if place is None:
        raise UnknownSite(f"site {batch.site} of batch {batch_id} was not set up at that time")
    return plan, place


def _planned(connection: sa.Connection, batch_id: str | None) -> Iterator[tuple[Batch, Site]]:
    """All batches with their sites, or the one of that id, as the latest revisions have them."""
    if batch_id is None:
        sites = {site.id: site for site in _documents(connection, _Kind.SITE, documents.site_of)}
        yield from ((each, sites[each.site]) for each in _documents(connection, _Kind.BATCH, documents.batch_of))
        return
    plan = _revision(connection, _Kind.BATCH, batch_id)
    batch = None if plan is None else documents.batch_of(plan.document)
    place = None if batch is None else _revision(connection, _Kind.SITE, batch.site)
    if batch is not None and place is not None:
        yield batch, documents.site_of(place.document)


def _opened_sittings(connection: sa.Connection, batch_id: str | None) -> list[Sitting]:
    query = _OPENED if batch_id is None else _OPENED.where(tables.sittings.c.batch == batch_id)
    return [_sitting(row) for row in connection.execute(query)]


def _sealed(connection: sa.Connection, batch_id: str | None) -> dict[tuple[str, int], datetime]:
    """When the papers of sittings were sealed, by the last mark of each, where that was not taken back."""
    query = _SEALED if batch_id is None else _SEALED.where(tables.sitting_marks.c.batch == batch_id)
    last = {(row.batch, row.sitting): row.at for row in connection.execute(query)}
    return {key: at for key, at in last.items() if at is not None}


def _sitting(row: sa.Row[Any]) -> Sitting:
    batch = documents.batch_of(row.batch_document)
    return Sitting(
        batch=batch,
        plan=batch.sitting(row.number),
        site=documents.site_of(row.site_document),
        opened=row.opened,
        actual_start=row.actual_start,
        actual_end=row.actual_end,
        closed=row.closed,
    )
