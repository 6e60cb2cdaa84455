"""Who looked at which footage, in a chain that is only ever added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "viewings",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("actor", "door", "role", "deed", "outcome")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("camera", "batch")),
        sa.Column("begins", sa.BigInteger(), nullable=True),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("key", "source", "session", "purpose")),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_viewings"),
    )
    op.create_index("ix_viewings_actor_at", "viewings", ["actor", "at"])
    op.create_index("ix_viewings_batch_number", "viewings", ["batch", "number"])
    for act in ("DELETE", "UPDATE"):
        refuse(act, "viewings")
