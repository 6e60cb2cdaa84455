"""The register: what people put on record, in revisions that are only ever added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "register",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("act", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "revision", name="pk_register"),
    )
    op.create_index("ix_register_batch_kind", "register", ["batch", "kind"])
    op.create_index("ix_register_site_kind", "register", ["site", "kind"])
    op.create_index("ix_register_mark_kind", "register", ["mark", "kind"])
    op.create_index("ix_register_act", "register", ["act"])
    for act in ("DELETE", "UPDATE"):
        refuse(act, "register")
