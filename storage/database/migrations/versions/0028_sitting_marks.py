"""Marks of sittings: when the papers were unsealed, and so on; and which segments a look is owed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0028"
down_revision = "0027"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sitting_marks",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("sitting", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=True),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sitting_marks"),
    )
    op.create_index("ix_sitting_marks_batch_sitting", "sitting_marks", ["batch", "sitting", "mark"])
    for act in ("DELETE", "UPDATE"):
        refuse(act, "sitting_marks")
    op.add_column("segments", sa.Column("owed", sa.Integer(), nullable=True))
    op.create_index(
        "ix_segments_owed_a_look",
        "segments",
        ["begins", "key"],
        sqlite_where=sa.text("owed IS NOT NULL"),
        postgresql_where=sa.text("owed IS NOT NULL"),
    )
