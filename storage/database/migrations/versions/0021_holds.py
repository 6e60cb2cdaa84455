"""Holds of batches and what lifted them, never to be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0021"
down_revision = "0020"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        *_decision(),
        sa.PrimaryKeyConstraint("number", name="pk_holds"),
    )
    op.create_index("ix_holds_batch", "holds", ["batch"])
    op.create_table(
        "hold_liftings",
        sa.Column("hold", SERIAL, autoincrement=False, nullable=False),
        *_decision(),
        sa.ForeignKeyConstraint(["hold"], ["holds.number"], name="fk_hold_liftings_hold_holds"),
        sa.PrimaryKeyConstraint("hold", name="pk_hold_liftings"),
    )
    for table in ("holds", "hold_liftings"):
        for act in ("DELETE", "UPDATE"):
            refuse(act, table)


def _decision() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
    ]
