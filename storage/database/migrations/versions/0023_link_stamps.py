"""What an outside authority stamped of the links of closed batches, never to be changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "link_stamps",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site", "number"], ["closings.site", "closings.number"], name="fk_link_stamps_site_closings"
        ),
        sa.PrimaryKeyConstraint("site", "number", name="pk_link_stamps"),
    )
    for act in ("DELETE", "UPDATE"):
        refuse(act, "link_stamps")
