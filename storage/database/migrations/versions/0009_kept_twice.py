"""An index of what lies both in a spool and in the object store, oldest first: what may make room in a full spool."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    where = sa.text("copies_spool > 0 AND copies_s3 > 0")
    op.create_index(
        "ix_segments_kept_twice", "segments", ["begins", "key"], sqlite_where=where, postgresql_where=where
    )
