"""Who is recused from which batch, in rows that are only ever added; the last one counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0012"
down_revision = "0011"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recusals",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_recusals_account_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_recusals"),
    )
    op.create_index("ix_recusals_account_id", "recusals", ["account", "id"])
    for act in ("DELETE", "UPDATE"):
        refuse(act, "recusals")
