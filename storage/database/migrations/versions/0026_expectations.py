"""What must be seen of a sitting, as it was when the sitting opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "expectations",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch", "number"], ["sittings.batch", "sittings.number"], name="fk_expectations_batch_sittings"
        ),
        sa.PrimaryKeyConstraint("batch", "number", name="pk_expectations"),
    )
    for act in ("DELETE", "UPDATE"):
        refuse(act, "expectations")
