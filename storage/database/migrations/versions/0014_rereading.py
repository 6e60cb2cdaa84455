"""When each copy was last read again and when it is due, and which ones were found lost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0014"
down_revision = "0013"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("copies", sa.Column("reread", sa.BigInteger(), nullable=True))
    op.add_column("copies", sa.Column("due", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.execute("UPDATE copies SET due = verified + 86400000000")  # a day in microseconds
    where = sa.text("removed IS NULL")
    op.create_index("ix_copies_due", "copies", ["due", "id"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "lost_copies",
        sa.Column("copy", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["copy"], ["copies.id"], name="fk_lost_copies_copy_copies"),
        sa.PrimaryKeyConstraint("copy", name="pk_lost_copies"),
    )
    op.create_index("ix_lost_copies_at", "lost_copies", ["at"])
    for act in ("DELETE", "UPDATE"):
        refuse(act, "lost_copies")
