"""Accounts that were made by breaking the glass: by whom and why, never to be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "broken_glass",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_broken_glass_account_accounts"),
        sa.PrimaryKeyConstraint("account", name="pk_broken_glass"),
    )
    for act in ("DELETE", "UPDATE"):
        refuse(act, "broken_glass")
