"""The register: things that people put on record, as JSON documents in revisions that are only ever added.

Whatever is written together is one act of the journal, in the same transaction: the journal's entry ends in the
SHA-256 of what was written (``digest_of``), and the journal is chained and signed. So a document that is changed,
added or taken out afterwards is found by ``unlike_the_journal``. Not here: what may be entered (``records``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import groupby
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from domain.people import Actor
from domain.register import Draft, Entry, Kind
from storage.database import tables
from storage.database.actors import actor_of, actor_row
from storage.database.connection import Engine
from storage.database.journal import Journal
from storage.errors import RevisedMeanwhile

T = TypeVar("T")
_WITHDRAWN = "null"
_LONGEST_REVISION = 9  # digits
_AT_ONCE = 500  # keys of one question
_DIGEST = " sha256:"
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_LINE = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Named:
    """The SHA-256 of one revision's document, and the number of the last revision of its thing."""

    sha256: str
    last: int


class Register:
    """The register of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine, journal: Journal) -> None:
        self._engine = engine
        self._journal = journal

    def enter(
        self, act: str, subject: str, drafts: Sequence[Draft[Any]], actor: Actor, at: datetime, *, reason: str = ""
    ) -> list[Entry[Any]]:
        """Enter all of it as one act, or nothing; what each thing is afterwards, in the order of the drafts.

        A draft that says what the last revision says is left as it is; where that is so of all, nothing is written,
        not in the journal either. ``act`` and ``subject`` as in ``Journal.record``. Two drafts of one thing are a
        mistake of the caller (ValueError). Raises RevisedMeanwhile, KeyMissing, RowRefused.
        """
        if len({(draft.kind.name, draft.key) for draft in drafts}) != len(drafts):
            raise ValueError("one thing was to be entered twice in one act")
        documents = [_text(draft) for draft in drafts]
        with self._engine.writing() as connection:
            self._hold(connection)
            last = _last_of(connection, drafts)
            rows = [
                _next_row(draft, document, last.get((draft.kind.name, draft.key)))
                for draft, document in zip(drafts, documents, strict=True)
            ]
            new = [row for row in rows if row is not None]
            seal = None
            if new:
                detail = f"{len(new)} {'entry' if len(new) == 1 else 'entries'}{_DIGEST}{digest_of(new)}"
                told = f"{reason} · {detail}" if reason else detail
                seal = self._journal.insert(connection, at, actor, act, subject=subject, detail=told)
                common = {"at": at, "reason": reason, "act": seal.number, **actor_row(actor)}
                connection.execute(sa.insert(tables.register), [{**row, **common} for row in new])
        if seal is None:
            return [_entry(last[draft.kind.name, draft.key], draft.kind) for draft in drafts]
        self._journal.seal(seal)
        # Of thousands of drafts, reading each of them again would cost more than writing them did.
        said = {"at": _as_read(at), "actor": actor, "reason": reason, "act": seal.number}
        return [
            _entry(last[draft.kind.name, draft.key], draft.kind) if row is None else _entered(row, draft, said)
            for draft, row in zip(drafts, rows, strict=True)
        ]

    def find(self, kind: Kind[T], key: str) -> Entry[T] | None:
        """The thing of that key as it stands; None where there is none, or it was taken back."""
        found = self.history(kind, key)
        return found[-1] if found and found[-1].value is not None else None

    def history(self, kind: Kind[T], key: str) -> list[Entry[T]]:
        """All revisions of one thing, the first one first; empty for any text that names nothing."""
        if "\0" in key:  # PostgreSQL has no place for it, not in a question either
            return []
        columns = tables.register.c
        query = sa.select(tables.register).where(columns.kind == kind.name, columns.key == key)
        with self._engine.reading() as connection:
            return [_entry(row, kind) for row in connection.execute(query.order_by(columns.revision))]

    def all_of(self, kind: Kind[T], keys: Iterable[str]) -> list[Entry[T]]:
        """The things of these keys as they stand, by key; those that are not there, or were taken back, left out."""
        wanted = sorted({key for key in keys if "\0" not in key})
        columns = tables.register.c
        found: list[Entry[T]] = []
        with self._engine.reading() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                these = columns.key.in_(wanted[start : start + _AT_ONCE])
                query = _newest(sa.select(tables.register)).where(columns.kind == kind.name, these)
                query = query.where(columns.document != _WITHDRAWN).order_by(columns.key)
                found.extend(_entry(row, kind) for row in connection.execute(query))
        return found

    def standing(
        self, kind: Kind[T], *, batch: str | None = None, site: str | None = None, mark: str | None = None
    ) -> list[Entry[T]]:
        """All things of a kind as they stand, by key, without those that were taken back."""
        columns = tables.register.c
        query = _newest(sa.select(tables.register)).where(columns.kind == kind.name, columns.document != _WITHDRAWN)
        for column, wanted in ((columns.batch, batch), (columns.site, site), (columns.mark, mark)):
            if wanted is not None:
                query = query.where(column == wanted)
        with self._engine.reading() as connection:
            return [_entry(row, kind) for row in connection.execute(query.order_by(columns.key))]

    def revisions(self, kind: Kind[T], *, batch: str | None = None) -> list[Entry[T]]:
        """Every revision of every thing of a kind, of one batch if it is named, by key and revision."""
        columns = tables.register.c
        query = sa.select(tables.register).where(columns.kind == kind.name)
        if batch is not None:
            query = query.where(columns.batch == batch)
        with self._engine.reading() as connection:
            return [_entry(row, kind) for row in connection.execute(query.order_by(columns.key, columns.revision))]

    def acts_of(self, names: Iterable[str]) -> dict[str, int]:
        """The act that each entry came with, by the name of the entry; names of nothing in here are left out."""
        wanted = {name: parsed for name in names if (parsed := _parsed(name)) is not None}
        columns = tables.register.c
        found: dict[str, int] = {}
        keys = sorted({key for _, key, _ in wanted.values()})
        with self._engine.reading() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                query = sa.select(columns.kind, columns.key, columns.revision, columns.act)
                rows = connection.execute(query.where(columns.key.in_(keys[start : start + _AT_ONCE])))
                found.update((f"{row.kind}/{row.key}@{row.revision}", row.act) for row in rows)
        return {name: found[name] for name in wanted if name in found}

    def named(self, name: str) -> Named | None:
        """What lies there under the name of an entry (``Entry.name``), whatever its kind; None where nothing does.

        The SHA-256 is computed of the document that lies there, and not the one that its row claims.
        """
        parsed = _parsed(name)
        if parsed is None:
            return None
        kind, key, revision = parsed
        columns = tables.register.c
        query = sa.select(columns.revision, columns.document).where(columns.kind == kind, columns.key == key)
        with self._engine.reading() as connection:
            found = {row.revision: row.document for row in connection.execute(query)}
        document = found.get(revision)
        return None if document is None else Named(_sha256(document), max(found))

    def keys_of(self, kind: str, act: int) -> list[str]:
        """The keys of what was entered of a kind with the act of that number in the journal."""
        columns = tables.register.c
        query = sa.select(columns.key).where(columns.act == act, columns.kind == kind).order_by(columns.key)
        with self._engine.reading() as connection:
            return list(connection.scalars(query))

    def unlike_the_journal(self) -> Iterator[str]:
        """What lies in the register otherwise than the journal says, one line for people each.

        Only as good as the journal itself, whose chain and signatures are checked for themselves.
        """
        columns, journal = tables.register.c, tables.journal.c
        entered = sa.select(tables.register).order_by(columns.act, columns.kind, columns.key)
        acts = sa.select(journal.number, journal.detail).where(journal.detail.contains(_DIGEST, autoescape=True))
        with self._engine.reading() as connection:
            promised = {row.number: row.detail.rpartition(_DIGEST)[2] for row in connection.execute(acts)}
            for act, rows in groupby(connection.execute(entered), key=lambda row: row.act):
                found = [dict(row._mapping) for row in rows]
                names = ", ".join(f"{row['kind']}/{row['key']}@{row['revision']}" for row in found[:3])
                said = promised.pop(act, None)
                if said is None:
                    yield f"register: {names} came with act {act}, and the journal tells of no such act"
                elif said != digest_of(found) or any(_sha256(row["document"]) != row["sha256"] for row in found):
                    yield f"register: what was entered with act {act} is not what is there now: {names}"
        for act in promised:
            yield f"register: the journal tells of entries with act {act}, and none of them is there"

    def _hold(self, connection: sa.Connection) -> None:
        """Let nobody else enter anything until this transaction ends; SQLite's single writer needs no more."""
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE register IN SHARE ROW EXCLUSIVE MODE"))


def digest_of(rows: Iterable[dict[str, Any]]) -> str:
    """The SHA-256, in hex, of the rows of one act: a line of kind, key, revision, batch, site, mark and document's
    SHA-256 as a JSON array for each, sorted, in UTF-8.
    """
    told = ("kind", "key", "revision", "batch", "site", "mark", "sha256")
    lines = sorted(_LINE.encode([row[name] for name in told]) for row in rows)
    return _sha256("\n".join(lines))


def _parsed(name: str) -> tuple[str, str, int] | None:
    """Kind, key and revision of an entry's name (``Entry.name``); None for a text that is none."""
    kind, slash, rest = name.partition("/")
    key, at, revision = rest.rpartition("@")
    figures = revision.isascii() and revision.isdecimal() and len(revision) <= _LONGEST_REVISION
    if not (slash and at and figures) or "\0" in name:
        return None
    return kind, key, int(revision)


@cache
def _adapter(kind: Kind[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind.type)


def _text(draft: Draft[Any]) -> str:
    """The document: JSON with sorted keys, without what has its default. Equal things are equal text.

    Raises ValueError for a value that would not be read as it was written.
    """
    if draft.value is None:
        return _WITHDRAWN
    adapter = _adapter(draft.kind)
    plain = adapter.dump_python(draft.value, mode="json", exclude_defaults=True, warnings=False)
    text = _CANONICAL.encode(plain)
    try:
        same = adapter.validate_json(text) == draft.value
    except ValidationError:
        same = False
    if not same:
        raise ValueError(
            f"a {draft.kind.name} cannot be kept: {draft.key} would be read otherwise than it was written"
        )
    return text


def _next_row(draft: Draft[Any], document: str, last: sa.Row[Any] | None) -> dict[str, Any] | None:
    """The row of a new revision; None where the last one says the same. Raises RevisedMeanwhile."""
    revision = 0 if last is None else last.revision
    if draft.after is not None and draft.after != revision:
        raise RevisedMeanwhile(
            f"{draft.kind.name} {draft.key} was changed meanwhile: it is at revision {revision}, not {draft.after}; "
            "look at it again"
        )
    row = {
        "kind": draft.kind.name,
        "key": draft.key,
        "batch": draft.batch,
        "site": draft.site,
        "mark": draft.mark,
        "sha256": _sha256(document),
        "document": document,
    }
    same = last is not None and all(getattr(last, name) == value for name, value in row.items())
    withdrawn_before = last is None and document == _WITHDRAWN
    return None if same or withdrawn_before else {**row, "revision": revision + 1}


def _newest(query: sa.Select[Any]) -> sa.Select[Any]:
    """Only the last revision of each thing."""
    later = tables.register.alias("later")
    columns = tables.register.c
    follows = sa.and_(later.c.kind == columns.kind, later.c.key == columns.key, later.c.revision > columns.revision)
    return query.where(~sa.exists().where(follows))


def _last_of(connection: sa.Connection, drafts: Sequence[Draft[Any]]) -> dict[tuple[str, str], sa.Row[Any]]:
    columns = tables.register.c
    found: dict[tuple[str, str], sa.Row[Any]] = {}
    names = sorted((draft.kind.name, draft.key) for draft in drafts)
    for kind, group in groupby(names, key=lambda name: name[0]):
        keys = [key for _, key in group]
        for start in range(0, len(keys), _AT_ONCE):
            part = columns.key.in_(keys[start : start + _AT_ONCE])
            query = _newest(sa.select(tables.register)).where(columns.kind == kind, part)
            found.update(((row.kind, row.key), row) for row in connection.execute(query))
    return found


def _entry(row: sa.Row[Any], kind: Kind[T]) -> Entry[T]:
    value = None if row.document == _WITHDRAWN else _adapter(kind).validate_json(row.document)
    return Entry(
        kind=row.kind,
        key=row.key,
        revision=row.revision,
        value=value,
        batch=row.batch,
        site=row.site,
        mark=row.mark,
        at=row.at,
        actor=actor_of(row._mapping),
        reason=row.reason,
        act=row.act,
        sha256=row.sha256,
    )


def _entered(row: dict[str, Any], draft: Draft[T], said: dict[str, Any]) -> Entry[T]:
    """The entry of a row that was written just now, as it will be read. ``said`` is what the whole act says."""
    return Entry(
        kind=row["kind"],
        key=row["key"],
        revision=row["revision"],
        value=draft.value,
        batch=row["batch"],
        site=row["site"],
        mark=row["mark"],
        sha256=row["sha256"],
        **said,
    )


def _as_read(at: datetime) -> datetime:
    """An instant as the database gives it back: in UTC."""
    return tables.instant(tables.microseconds(at))


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
