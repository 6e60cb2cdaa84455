"""On which device a copy lies, so that two copies on one disk are never taken for two; empty where nobody asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("copies", sa.Column("device", sa.Text(), nullable=False, server_default=sa.text("''")))
