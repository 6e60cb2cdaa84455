"""Withholdings of footage of a 禁摄区, what was decided on them, and what was destroyed by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0031"
down_revision = "0030"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "withholdings",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        *_order(),
        sa.PrimaryKeyConstraint("number", name="pk_withholdings"),
    )
    op.create_index("ix_withholdings_camera", "withholdings", ["camera"])
    op.create_table(
        "withholding_ends",
        sa.Column("withholding", SERIAL, autoincrement=False, nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        *_order(),
        _of_one("withholding_ends"),
        sa.PrimaryKeyConstraint("withholding", name="pk_withholding_ends"),
    )
    op.create_table(
        "withholding_decisions",
        sa.Column("withholding", SERIAL, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        *_order(),
        sa.Column("role", sa.Text(), nullable=False),
        _of_one("withholding_decisions"),
        sa.PrimaryKeyConstraint("withholding", "number", name="pk_withholding_decisions"),
    )
    op.create_table(
        "withholding_papers",
        sa.Column("withholding", SERIAL, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("paper", sa.Text(), nullable=False),
        _of_one("withholding_papers"),
        sa.PrimaryKeyConstraint("withholding", "number", name="pk_withholding_papers"),
    )
    for table in ("withholdings", "withholding_ends", "withholding_decisions", "withholding_papers"):
        for act in ("DELETE", "UPDATE"):
            refuse(act, table)


def _of_one(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["withholding"], ["withholdings.number"], name=f"fk_{table}_withholding_withholdings"
    )


def _order() -> list[sa.Column[str] | sa.Column[int]]:
    return [
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
    ]
