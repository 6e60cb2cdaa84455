"""What was measured in pictures, and what it was measured against: looks of segments, references of cameras.

A segment is looked at once by each version of the analysis against each reference; what an earlier version saw stays.
Whoever writes a look marks its segment with version and reference, so that what still waits is found in an index. A
look is *owed* to a segment whose looks were lost (rebuilt from the object store) or could not be made.
Looks and references are only ever added; the database refuses anything else. Not here: measuring (``analysis``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.evidence import Segment
from domain.pictures import Look, Reference
from domain.timeline import Interval
from storage.database import evidence_rows as words
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.connection import Engine, insert_once
from storage.database.samples import packed, unpacked
from storage.database.withholdings import is_withheld
from storage.errors import UnknownRow

_KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WantedLook:
    """By which version and against which reference ("" for none) a camera's segments that begin in a span are to be
    looked at.
    """

    batch: str
    camera: str
    begins: Interval
    version: int
    reference: str


MOST_FAILURES = 3
"""How often looking at a segment may fail before nobody tries any more."""


@dataclass(frozen=True, slots=True)
class Owed:
    """How many segments wait to be looked at, and how many nobody could look at and nobody tries to any more."""

    waiting: int
    given_up: int


class Looks:
    """The looks of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # Looks

    def add(self, look: Look) -> bool:
        """Write a look and mark its segment; False where that version has looked against that reference before.

        The first one stands, whatever the other says: two machines may differ in the last digits of a measurement.
        Raises UnknownRow for an unknown segment.
        """
        row = {
            "segment": look.segment,
            "version": look.version,
            "reference": look.reference,
            "made": look.made,
            "samples": packed(look.samples),
        }
        table = tables.segments
        mark = (
            sa.update(table)
            .where(table.c.key == look.segment)
            .values(looked=_mark(look.version, look.reference), owed=None)
        )
        with self._engine.writing() as connection:
            if connection.execute(mark.returning(table.c.key)).first() is None:
                raise UnknownRow(f"no segment {look.segment} was ever written")
            return insert_once(connection, tables.looks, row)

    def of(self, keys: Sequence[str], reference: str) -> dict[str, Look]:
        """The look of the newest version at each of these segments against a reference; others are not in the answer.

        ``""`` asks for what was measured without any.
        """
        table, found = tables.looks, dict[str, sa.Row[Any]]()
        with self._engine.reading() as connection:
            for first in range(0, len(keys), _KEYS_AT_ONCE):
                some = keys[first : first + _KEYS_AT_ONCE]
                of_these = sa.and_(table.c.segment.in_(some), table.c.reference == reference)
                for row in connection.execute(sa.select(table).where(of_these).order_by(table.c.version)):
                    found[row.segment] = row
        return {key: _look(row) for key, row in found.items()}

    def newest(self, keys: Sequence[str], reference: str) -> dict[str, int]:
        """The newest version that looked at each of these segments against a reference, without what it saw."""
        table, found = tables.looks, dict[str, int]()
        newest = sa.func.max(table.c.version).label("version")
        with self._engine.reading() as connection:
            for first in range(0, len(keys), _KEYS_AT_ONCE):
                these = sa.and_(
                    table.c.segment.in_(keys[first : first + _KEYS_AT_ONCE]), table.c.reference == reference
                )
                query = sa.select(table.c.segment, newest).where(these).group_by(table.c.segment)
                found.update({row.segment: row.version for row in connection.execute(query)})
        return found

    def looked_at(self, keys: Sequence[str], version: int, reference: str) -> set[str]:
        """Those of these segments that a version has looked at against a reference."""
        table, found = tables.looks, set[str]()
        with self._engine.reading() as connection:
            for first in range(0, len(keys), _KEYS_AT_ONCE):
                these = table.c.segment.in_(keys[first : first + _KEYS_AT_ONCE])
                by = sa.and_(table.c.version == version, table.c.reference == reference)
                found.update(connection.scalars(sa.select(table.c.segment).where(these, by)))
        return found

    def versions(self, key: str) -> list[tuple[int, str]]:
        """Version and reference of every look at a segment, in the order in which they were written."""
        table = tables.looks
        query = sa.select(table.c.version, table.c.reference).where(table.c.segment == key).order_by(table.c.id)
        with self._engine.reading() as connection:
            return [(row.version, row.reference) for row in connection.execute(query)]

    def waiting(self, wanted: WantedLook, limit: int) -> list[Segment]:
        """Segments that were opened, and last looked at by another version, against another reference, or by nobody;
        so many at most, oldest first. None that is withheld.
        """
        table = tables.segments
        query = sa.select(table).where(
            table.c.batch == wanted.batch,
            table.c.camera == wanted.camera,
            table.c.begins >= wanted.begins.start,
            table.c.begins < wanted.begins.end,
            table.c.observations > 0,
            table.c.looked != _mark(wanted.version, wanted.reference),
            sa.or_(table.c.owed.is_(None), table.c.owed < MOST_FAILURES),
            ~is_withheld(),
        )
        with self._engine.reading() as connection:
            rows = connection.execute(query.order_by(table.c.begins, table.c.key).limit(limit))
            return [words.segment(row) for row in rows]

    def failed(self, key: str) -> int:
        """Write down that looking at a segment failed, so that a look is owed to it; how often it did by now.

        Raises UnknownRow.
        """
        table = tables.segments
        more = sa.update(table).where(table.c.key == key).values(owed=sa.func.coalesce(table.c.owed, 0) + 1)
        with self._engine.writing() as connection:
            owed = connection.scalar(more.returning(table.c.owed))
        if owed is None:
            raise UnknownRow(f"no segment {key} was ever written")
        return int(owed)

    def owed(self, limit: int) -> list[Segment]:
        """Segments that a look is owed to and at which it did not fail too often; so many at most, oldest first. None
        that is withheld.
        """
        table = tables.segments
        query = sa.select(table).where(tables.OWED_A_LOOK, table.c.owed < MOST_FAILURES, ~is_withheld())
        with self._engine.reading() as connection:
            rows = connection.execute(query.order_by(table.c.begins, table.c.key).limit(limit))
            return [words.segment(row) for row in rows]

    def owing(self, camera: str, begins: Interval) -> set[str]:
        """The keys of a camera's segments that begin in a span and that a look is owed to, also after it failed for
        good: of what they show nobody knows.
        """
        table = tables.segments
        query = sa.select(table.c.key).where(
            tables.OWED_A_LOOK,
            table.c.camera == camera,
            table.c.begins >= begins.start,
            table.c.begins < begins.end,
        )
        with self._engine.reading() as connection:
            return set(connection.scalars(query))

    def count_owed(self, limit: int) -> Owed:
        """How many segments a look is owed to, each counted up to ``limit``."""
        table = tables.segments
        found = []
        for which in (table.c.owed < MOST_FAILURES, table.c.owed >= MOST_FAILURES):
            owed = sa.select(table.c.key).where(tables.OWED_A_LOOK, which, ~is_withheld())
            some = owed.limit(limit).subquery()
            with self._engine.reading() as connection:
                found.append(int(connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0))
        return Owed(*found)

    # References

    def add_reference(self, reference: Reference) -> bool:
        """Write a reference; False where the camera has the same one already, and then nothing is written."""
        row = {
            "id": reference.id,
            "camera": reference.camera,
            "valid_from": reference.valid_from,
            **actor_row(reference.actor),
            "begins": reference.interval.start,
            "ends": reference.interval.end,
            "segments": json.dumps(reference.segments),
            "calibration": reference.calibration,
        }
        with self._engine.writing() as connection:
            return insert_once(connection, tables.picture_references, row)

    def reference(self, camera: str, at: datetime) -> Reference | None:
        """The reference of a camera that was made last among those valid from ``at`` or before."""
        table = tables.picture_references
        query = sa.select(table).where(table.c.camera == camera, table.c.valid_from <= at)
        with self._engine.reading() as connection:
            row = connection.execute(query.order_by(table.c.number.desc()).limit(1)).first()
        return None if row is None else _reference(row)

    def reference_id(self, camera: str, at: datetime) -> str:
        """The id of that reference, without reading its calibration; ``""`` where there is none."""
        table = tables.picture_references
        query = sa.select(table.c.id).where(table.c.camera == camera, table.c.valid_from <= at)
        with self._engine.reading() as connection:
            return connection.scalar(query.order_by(table.c.number.desc()).limit(1)) or ""

    def calibration(self, camera: str, reference: str) -> bytes:
        """What pictures are measured against, by the camera and the id of its reference. Raises UnknownRow."""
        table = tables.picture_references
        query = sa.select(table.c.calibration).where(table.c.camera == camera, table.c.id == reference)
        with self._engine.reading() as connection:
            found = connection.scalar(query)
        if found is None:
            raise UnknownRow(f"camera {camera} has no reference {reference}")
        return bytes(found)

    def references(self, camera: str) -> list[Reference]:
        """All references of a camera, in the order in which they were made."""
        table = tables.picture_references
        query = sa.select(table).where(table.c.camera == camera).order_by(table.c.number)
        with self._engine.reading() as connection:
            return [_reference(row) for row in connection.execute(query)]


def _mark(version: int, reference: str) -> str:
    return f"{version} {reference}"


def _look(row: sa.Row[Any]) -> Look:
    return Look(row.segment, row.version, row.reference, row.made, unpacked(row.samples))


def _reference(row: sa.Row[Any]) -> Reference:
    return Reference(
        id=row.id,
        camera=row.camera,
        valid_from=row.valid_from,
        actor=actor_of(row._mapping),
        interval=Interval(row.begins, row.ends),
        segments=tuple(json.loads(row.segments)),
        calibration=row.calibration,
    )
