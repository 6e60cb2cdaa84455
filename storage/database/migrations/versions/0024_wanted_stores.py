"""In how many object stores a segment is to lie, and an index of those that lie in some of them only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("segments", sa.Column("wanted_s3", sa.Integer(), server_default=sa.text("1"), nullable=False))
    where = sa.text("copies_s3 > 0 AND copies_s3 < wanted_s3 AND disposed IS NULL")
    name = "ix_segments_in_too_few_stores"
    op.create_index(name, "segments", ["begins", "key"], sqlite_where=where, postgresql_where=where)
