"""Permits to watch footage outside a scope, what was decided on them, and under which one something was watched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "permits",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "account", "role", "batch", "camera")),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("wanted_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_permits_account_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_permits"),
    )
    op.create_index("ix_permits_account_asked", "permits", ["account", "asked"])
    op.create_index("ix_permits_asked", "permits", ["asked"])
    op.create_table(
        "permit_decisions",
        sa.Column("permit", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "role", "reason")),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["permit"], ["permits.id"], name="fk_permit_decisions_permit_permits"),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_permit_decisions_account_accounts"),
        sa.PrimaryKeyConstraint("permit", "number", name="pk_permit_decisions"),
    )
    for table in ("permits", "permit_decisions"):
        for act in ("DELETE", "UPDATE"):
            refuse(act, table)
    op.add_column("viewings", sa.Column("permit", sa.Text(), nullable=False, server_default=""))
    under_one = sa.text("permit != ''")
    op.create_index("ix_viewings_permit", "viewings", ["permit"], sqlite_where=under_one, postgresql_where=under_one)
