"""Closed batches: the links of each site's chain with their documents, the keys that signed them, and their segments'
index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("endorsement", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_signing_keys"),
    )
    op.create_index("uq_signing_keys_key", "signing_keys", ["key"], unique=True)
    op.create_table(
        "closing_documents",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("retained_until", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_closing_documents"),
    )
    op.create_index("ix_closing_documents_site", "closing_documents", ["site"])
    op.create_table(
        "closings",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("retained_until", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("digest", "segments_root", "manifest", "link")),
        sa.PrimaryKeyConstraint("site", "number", name="pk_closings"),
        sa.ForeignKeyConstraint(
            ["manifest"], ["closing_documents.sha256"], name="fk_closings_manifest_closing_documents"
        ),
    )
    op.create_index("ix_closings_batch_number", "closings", ["batch", "number"])
    op.create_index("ix_segments_batch_key", "segments", ["batch", "key"])
    for table in ("signing_keys", "closing_documents", "closings"):
        for act in ("DELETE", "UPDATE"):
            refuse(act, table)
