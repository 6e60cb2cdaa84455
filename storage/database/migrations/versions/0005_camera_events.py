"""What states cameras came into."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0005"
down_revision = "0004"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "camera_events",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("recorder", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["recorder"], ["recorders.id"], name="fk_camera_events_recorder_recorders"),
        sa.PrimaryKeyConstraint("number", name="pk_camera_events"),
    )
    op.create_index("uq_camera_events_id", "camera_events", ["id"], unique=True)
    op.create_index("ix_camera_events_camera_number", "camera_events", ["camera", "number"])
    op.create_index("ix_camera_events_at", "camera_events", ["at"])
    for act in ("DELETE", "UPDATE"):
        refuse(act, "camera_events")
