"""Recorders by start: a look-up of footage asks for those that lived in a window, among all that there ever were."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_index("ix_recorders_started", "recorders", ["started"])
