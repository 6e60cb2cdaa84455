"""Closed batches: the signed links of each site's chain, the documents that they name, the keys that signed, and what
an outside authority stamped of the links.

All of it is only ever added; the database refuses anything else. Bytes are kept as they were signed. Not here: what
they say and whether they hold (``storage.manifest``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database import tables
from storage.database.connection import Engine, insert_once
from storage.errors import UnknownRow

_CHAIN_LOCK = 0x4B41434C  # an arbitrary number of ours for pg_advisory_xact_lock


@dataclass(frozen=True, slots=True)
class KeptLink:
    """One link as it is kept: its signed bytes, and the SHA-256 of them and of the manifest that it names."""

    site: str
    number: int
    batch: str
    signed_at: datetime
    retained_until: datetime
    digest: str
    segments_root: str
    manifest: str
    data: bytes


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A public key and from when on it signs; ``endorsement`` is by the key before, None for the first."""

    key: str
    valid_from: datetime
    endorsement: str | None
    signature: str


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A manifest or a report, by its hash."""

    sha256: str
    retained_until: datetime
    data: bytes


@dataclass(frozen=True, slots=True)
class KeptStamp:
    """The stamp of a link, as it came; ``stamped_at`` is the authority's time, ``sha256`` that of the bytes."""

    site: str
    number: int
    sha256: str
    stamped_at: datetime
    retained_until: datetime
    data: bytes


class Closings:
    """The closings of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, site: str, make: Callable[[KeptLink | None], KeptLink], documents: Mapping[str, bytes]) -> KeptLink:
        """Add the next link of a site with its documents, whoever else closes.

        ``make`` is given the site's last link and makes the next one; what it raises undoes everything.
        """
        with self._engine.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))
            table = tables.closings
            newest = sa.select(table).where(table.c.site == site).order_by(table.c.number.desc()).limit(1)
            last = connection.execute(newest).first()
            link = make(None if last is None else _link(last))
            for digest, data in documents.items():
                row = {"sha256": digest, "site": site, "retained_until": link.retained_until, "text": data.decode()}
                insert_once(connection, tables.closing_documents, row)
            connection.execute(sa.insert(table).values(_link_row(link)))
        return link

    def sites(self) -> list[str]:
        """Sites of which a batch was closed, by id."""
        query = sa.select(tables.closings.c.site).distinct().order_by(tables.closings.c.site)
        return [row.site for row in self._rows(query)]

    def links(self, site: str) -> list[KeptLink]:
        """The chain of a site, by number."""
        table = tables.closings
        return [
            _link(row) for row in self._rows(sa.select(table).where(table.c.site == site).order_by(table.c.number))
        ]

    def head(self, site: str) -> KeptLink | None:
        """The last link of a site, None before its first closing."""
        table = tables.closings
        query = sa.select(table).where(table.c.site == site).order_by(table.c.number.desc()).limit(1)
        rows = self._rows(query)
        return _link(rows[0]) if rows else None

    def last_signed(self) -> list[datetime]:
        """When the link of any site that was signed last was, and the paper of a disposal; none before the first."""
        signed = (table.c.signed_at for table in (tables.closings, tables.disposal_papers))
        rows = (self._rows(sa.select(sa.func.max(at).label("at"))) for at in signed)
        return [row.at for (row,) in rows if row.at]

    def latest(self, batch: str) -> KeptLink | None:
        """The last link of a batch, None while it was never closed."""
        table = tables.closings
        query = sa.select(table).where(table.c.batch == batch).order_by(table.c.number.desc()).limit(1)
        rows = self._rows(query)
        return _link(rows[0]) if rows else None

    def document(self, digest: str) -> bytes:
        """The bytes of a manifest or report. Raises UnknownRow."""
        table = tables.closing_documents
        rows = self._rows(sa.select(table.c.text).where(table.c.sha256 == digest))
        if not rows:
            raise UnknownRow(f"no manifest or report {digest} was ever written")
        return bytes(rows[0].text.encode())

    def documents(self, site: str) -> list[KeptDocument]:
        """All manifests and reports of a site, without an order that means anything."""
        table = tables.closing_documents
        query = sa.select(table).where(table.c.site == site).order_by(table.c.sha256)
        return [KeptDocument(row.sha256, row.retained_until, row.text.encode()) for row in self._rows(query)]

    def stamps(self, site: str) -> list[KeptStamp]:
        """The stamps of a site's links, by number."""
        stamps, links = tables.link_stamps, tables.closings
        same = (links.c.site == stamps.c.site) & (links.c.number == stamps.c.number)
        query = sa.select(stamps, links.c.retained_until).join(links, same).where(stamps.c.site == site)
        return [
            KeptStamp(row.site, row.number, row.sha256, row.stamped_at, row.retained_until, bytes(row.stamp))
            for row in self._rows(query.order_by(stamps.c.number))
        ]

    def unstamped(self, site: str | None = None) -> list[KeptLink]:
        """The links without a stamp, of one site or of all, the newest first."""
        stamps, links = tables.link_stamps, tables.closings
        same = (links.c.site == stamps.c.site) & (links.c.number == stamps.c.number)
        query = sa.select(links).outerjoin(stamps, same).where(stamps.c.number.is_(None))
        if site is not None:
            query = query.where(links.c.site == site)
        return [_link(row) for row in self._rows(query.order_by(links.c.site, links.c.number.desc()))]

    def add_stamp(self, stamp: KeptStamp) -> KeptStamp:
        """Keep the stamp of a link; the one that is kept, which is an earlier one where somebody else was first."""
        row = {"site": stamp.site, "number": stamp.number, "sha256": stamp.sha256, "stamped_at": stamp.stamped_at}
        with self._engine.writing() as connection:
            insert_once(connection, tables.link_stamps, {**row, "stamp": stamp.data})
        return next(each for each in self.stamps(stamp.site) if each.number == stamp.number)

    def keys(self) -> list[KeptKey]:
        """The keys that signed and sign, in the order in which they took over."""
        table = tables.signing_keys
        return [
            KeptKey(row.key, row.valid_from, row.endorsement, row.signature)
            for row in self._rows(sa.select(table).order_by(table.c.number))
        ]

    def add_key(self, number: int, key: KeptKey) -> None:
        """Write down that a key takes over as the one of that number, from 1 on. Raises RowRefused where one has."""
        row = {"key": key.key, "valid_from": key.valid_from, "endorsement": key.endorsement}
        with self._engine.writing() as connection:
            connection.execute(
                sa.insert(tables.signing_keys).values({**row, "number": number, "signature": key.signature})
            )

    def _rows(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        with self._engine.reading() as connection:
            return list(connection.execute(query))


def _link_row(link: KeptLink) -> dict[str, Any]:
    return {
        "site": link.site,
        "number": link.number,
        "batch": link.batch,
        "signed_at": link.signed_at,
        "retained_until": link.retained_until,
        "digest": link.digest,
        "segments_root": link.segments_root,
        "manifest": link.manifest,
        "link": link.data.decode("ascii"),
    }


def _link(row: sa.Row[Any]) -> KeptLink:
    return KeptLink(
        site=row.site,
        number=row.number,
        batch=row.batch,
        signed_at=row.signed_at,
        retained_until=row.retained_until,
        digest=row.digest,
        segments_root=row.segments_root,
        manifest=row.manifest,
        data=row.link.encode("ascii"),
    )
