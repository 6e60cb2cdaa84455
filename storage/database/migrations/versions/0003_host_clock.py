"""Readings of the host's clock, and which recorders write them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Recorders of before this version wrote no reading, and nothing is concluded from that.
    op.add_column("recorders", sa.Column("reads_clock", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "host_clock",
        sa.Column("recorder", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ntp_offset_s", sa.Double(), nullable=True),
        sa.Column("ntp_max_error_s", sa.Double(), nullable=True),
        sa.Column("ntp_estimated_error_s", sa.Double(), nullable=True),
        sa.Column("ntp_unsynchronised_flag", sa.Boolean(), nullable=True),
        sa.Column("server", sa.Text(), nullable=True),
        sa.Column("server_offset_s", sa.Double(), nullable=True),
        sa.Column("server_error_s", sa.Double(), nullable=True),
        sa.Column("server_independent", sa.Boolean(), nullable=True),
        sa.Column("cameras_told", sa.Integer(), nullable=True),
        sa.Column("cameras_agreeing", sa.Integer(), nullable=True),
        sa.Column("cameras_offset_s", sa.Double(), nullable=True),
        sa.Column("cameras_spread_s", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["recorder"], ["recorders.id"], name="fk_host_clock_recorder_recorders"),
        sa.PrimaryKeyConstraint("recorder", "at", name="pk_host_clock"),
    )
    op.create_index("ix_host_clock_at", "host_clock", ["at"])
    for act in ("DELETE", "UPDATE"):
        refuse(act, "host_clock")
