"""What the object store knows beyond a database that was restored: nothing is rolled back without being told.

A database from a backup is as old as the backup. What was signed and stored since lies in the store under lock, by
names that say what it is, so that no byte has to be read to find it missing here. Not here: bringing it back
(``records.rebuilding``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.chain import Record, Seal
from storage.audit.days import names_under, parsed
from storage.database import Database
from storage.manifest import destruction, withheld
from storage.manifest.keeping import heads_in
from storage.objects import Listed, Objects


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A chain whose end in the store is not in the database. ``name`` is a site, or a record.

    ``here`` is the last one in the database, None where it has none; ``forked`` that the database has another one of
    that number: it is not an older state, it went on differently.
    """

    name: str
    stored: Seal
    here: Seal | None
    forked: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """Segments of a batch in the store that have no row."""

    batch: str
    segments: int


@dataclass(frozen=True, slots=True)
class Beyond:
    """All that the store has and the database has not."""

    sites: tuple[RolledBack, ...]
    records: tuple[RolledBack, ...]
    batches: tuple[Unknown, ...]
    papers: int  # of destruction, and statements of withholdings

    def __bool__(self) -> bool:
        return bool(self.sites or self.records or self.batches or self.papers)


def beyond(database: Database, objects: Objects) -> Beyond:
    """Compare a database with the object store. Raises DatabaseUnavailable, and as ``Objects.keys``."""
    sites, records = tuple(_sites(database, objects)), tuple(_records(database, objects))
    return Beyond(sites, records, tuple(_batches(database, objects)), _papers(database, objects))


def _sites(database: Database, objects: Objects) -> Iterator[RolledBack]:
    """By the ends of the chains: a link in the store names the one before it."""
    for site, stored in sorted(heads_in(objects).items()):
        links = {link.number: Seal(link.number, link.digest) for link in database.closings.links(site)}
        here = links[max(links)] if links else None
        for seal in stored:
            if links.get(seal.number) != seal:
                yield RolledBack(site, seal, here, forked=seal.number in links)


def _records(database: Database, objects: Objects) -> Iterator[RolledBack]:
    """By the newest sealed day. Entries that nobody sealed yet are not known to the store either."""
    for rows in database.records:
        stored = _newest(rows.name, objects)
        here = rows.head()
        if stored is None or (here is not None and here.number > stored.number):
            continue
        if here != stored:
            yield RolledBack(rows.name.value, stored, here, forked=here is not None and here.number == stored.number)


def _newest(record: Record, objects: Objects) -> Seal | None:
    seals = [each[1] for name in names_under(objects, record) if (each := parsed(name)) is not None]
    return max(seals, key=lambda seal: seal.number, default=None)


def _batches(database: Database, objects: Objects) -> Iterator[Unknown]:
    """What of each batch lies there without a row."""
    for batch, listed in stored_batches(objects):
        known = {segment.key for segment, _ in database.evidence.segments_of(batch)}
        if missing := len({each.key for each in listed} - known):
            yield Unknown(batch, missing)


def _papers(database: Database, objects: Objects) -> int:
    """How many papers lie there of which nothing is here."""
    papers = destruction.papers_in(objects)
    here = {site: {Seal(each.number, each.digest) for each in database.disposals.papers(site)} for site in papers}
    unknown = sum(len(stored.keys() - here[site]) for site, stored in papers.items())
    steps = {each.number: each.step for each in database.withholdings.all()}
    unknown += sum(each.number > steps.get(each.withholding, 0) for each in withheld.statements_in(objects))
    destroyed = withheld.certificates_in(objects)
    known = {
        paper.digest
        for number in {each.withholding for each in destroyed}
        for paper in database.withholdings.papers(number)
    }
    return unknown + sum(each.digest not in known for each in destroyed)


def stored_batches(objects: Objects) -> Iterator[tuple[str, list[Listed]]]:
    """Every batch of which segments lie in the store, with all their versions: by key, of one key the newest first.

    One batch at a time, so that no more than the keys of one are held in memory. Raises as ``Objects.versions``.
    """
    for site in objects.folders(""):
        for folder in () if site.startswith(".") else objects.folders(site):
            listed = [each for each in objects.versions(folder) if is_segment(each.key) and not each.marker]
            if listed:
                yield folder.split("/")[1], listed


def is_segment(key: str) -> bool:
    """Whether a key of the store is one of a segment: ``site/batch/camera/instant.mp4``."""
    return key.count("/") == 3 and key.endswith(".mp4") and not key.startswith(".")
