"""How long a camera had been dark, and indexes for looks at how things stand now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("camera_events", sa.Column("dark_s", sa.Double()))
    op.create_index("ix_camera_events_recorder_camera_number", "camera_events", ["recorder", "camera", "number"])
    op.create_index("ix_outages_ends", "outages", ["ends"])
