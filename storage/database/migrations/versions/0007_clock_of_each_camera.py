"""What each camera said of the host's clock, so that several processes of one host can be heard together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Readings of before this version keep their sum only.
    op.add_column("host_clock", sa.Column("cameras_each", sa.Text(), nullable=True))
