"""Disposal lists with what was decided on them, the papers that are signed of them, and which segments went by one.

The indexes of what is still to be stored leave out what was disposed of: it lies nowhere, and is not to be stored.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0022"
down_revision = "0021"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("segments", sa.Column("disposed", sa.BigInteger(), nullable=True))
    for place in ("spool", "s3"):
        name, where = f"ix_segments_without_{place}_copy", sa.text(f"copies_{place} = 0 AND disposed IS NULL")
        op.drop_index(name, "segments")
        op.create_index(name, "segments", ["begins", "key"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "disposals",
        sa.Column("number", SERIAL, nullable=False),
        *_order(),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_disposals"),
    )
    op.create_table(
        "disposal_batches",
        sa.Column("disposal", SERIAL, autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        _of_a_list("disposal_batches"),
        sa.PrimaryKeyConstraint("disposal", "place", name="pk_disposal_batches"),
    )
    op.create_index("ix_disposal_batches_batch", "disposal_batches", ["batch"])
    op.create_table(
        "disposal_decisions",
        sa.Column("disposal", SERIAL, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        *_order(),
        sa.Column("role", sa.Text(), nullable=True),
        _of_a_list("disposal_decisions"),
        sa.PrimaryKeyConstraint("disposal", "number", name="pk_disposal_decisions"),
    )
    _papers()
    for table in ("disposals", "disposal_batches", "disposal_decisions", "disposal_papers"):
        for act in ("DELETE", "UPDATE"):
            refuse(act, table)


def _papers() -> None:
    op.create_table(
        "disposal_papers",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("disposal", SERIAL, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("retained_until", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        _of_a_list("disposal_papers"),
        sa.PrimaryKeyConstraint("site", "number", name="pk_disposal_papers"),
    )
    columns = ["disposal", "batch", "kind"]
    op.create_index("uq_disposal_papers_disposal_batch_kind", "disposal_papers", columns, unique=True)
    op.create_index("ix_disposal_papers_batch", "disposal_papers", ["batch"])


def _of_a_list(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["disposal"], ["disposals.number"], name=f"fk_{table}_disposal_disposals")


def _order() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
    ]
