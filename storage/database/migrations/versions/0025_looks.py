"""What was measured in the pictures of segments, the references it was measured against, and who looked last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0025"
down_revision = "0024"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("segments", sa.Column("looked", sa.Text(), nullable=False, server_default=sa.text("''")))
    columns = ["batch", "camera", "begins", "looked", "observations", "key"]
    op.create_index("ix_segments_batch_camera_begins", "segments", columns)
    op.create_table(
        "looks",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["segment"], ["segments.key"], name="fk_looks_segment_segments"),
        sa.PrimaryKeyConstraint("id", name="pk_looks"),
    )
    op.create_index("uq_looks_segment", "looks", ["segment", "reference", "version"], unique=True)
    op.create_table(
        "picture_references",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("segments", sa.Text(), nullable=False),
        sa.Column("calibration", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_picture_references"),
    )
    op.create_index("uq_picture_references_camera_id", "picture_references", ["camera", "id"], unique=True)
    op.create_index("ix_picture_references_camera_number", "picture_references", ["camera", "number"])
    for table in ("looks", "picture_references"):
        for act in ("DELETE", "UPDATE"):
            refuse(act, table)
