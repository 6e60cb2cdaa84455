"""Trials, what people confirmed before a sitting, and signed go/no-go records, never to be changed. What a trial
recorded does not wait for the object store.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0027"
down_revision = "0026"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "trials",
        *_of_sitting(),
        sa.Column("site_sha256", sa.Text(), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        *_act(),
        sa.PrimaryKeyConstraint("number", name="pk_trials"),
    )
    op.create_index("ix_trials_ends", "trials", ["ends"])
    op.create_table(
        "confirmations",
        *_of_sitting(),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        *_act(),
        sa.PrimaryKeyConstraint("number", name="pk_confirmations"),
    )
    op.create_table(
        "readiness",
        *_of_sitting(),
        *_act(),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("journal", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["journal"], ["journal.number"], name="fk_readiness_journal_journal"),
        sa.PrimaryKeyConstraint("number", name="pk_readiness"),
    )
    for table in ("trials", "confirmations", "readiness"):
        op.create_index(f"ix_{table}_batch_sitting", table, ["batch", "sitting"])
        for act in ("DELETE", "UPDATE"):
            refuse(act, table)
    name, where = "ix_segments_without_s3_copy", sa.text("copies_s3 = 0 AND disposed IS NULL AND batch != '_trials'")
    op.drop_index(name, "segments")
    op.create_index(name, "segments", ["begins", "key"], sqlite_where=where, postgresql_where=where)


def _of_sitting() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("sitting", sa.Integer(), nullable=False),
    ]


def _act() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
    ]
