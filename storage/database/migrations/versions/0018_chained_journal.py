"""The journal as a chain. What is in it already is taken over in its order, with digests; nobody signed it then."""

from __future__ import annotations

import json
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import allow, refuse

revision = "0018"
down_revision = "0017"

FIELDS = ("at", "actor", "door", "on_behalf_of", "act", "subject", "detail")


def upgrade() -> None:
    op.drop_index("ix_journal_subject_id", "journal")
    op.execute("ALTER TABLE journal RENAME COLUMN id TO number")
    for name in ("previous", "digest", "signature"):
        op.add_column("journal", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''")))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE journal ALTER COLUMN number DROP DEFAULT")
        op.execute("DROP SEQUENCE journal_id_seq")
    op.create_index("ix_journal_subject_number", "journal", ["subject", "number"])
    allow("UPDATE", "journal")
    _chain()
    refuse("UPDATE", "journal")


def _chain() -> None:
    """Number the entries anew, 1, 2, 3 ... in the order of their old numbers, which may have holes."""
    connection, previous = op.get_bind(), "0" * 64
    columns = ("number", *FIELDS)
    journal = sa.table("journal", *(sa.column(name) for name in (*columns, "previous", "digest")))
    rows = connection.execute(sa.select(*(journal.c[name] for name in columns)).order_by(journal.c.number)).all()
    for number, row in enumerate(rows, 1):
        fields = {name: row._mapping[name] for name in FIELDS}
        body = {"form": "kaojian-act-1", "number": number, "fields": fields, "previous": previous}
        text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr)
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        # A new number is never above the old one, and those below are taken over already: none is in its way.
        values = {"number": number, "previous": previous, "digest": digest}
        connection.execute(sa.update(journal).where(journal.c.number == row.number).values(values))
        previous = digest
