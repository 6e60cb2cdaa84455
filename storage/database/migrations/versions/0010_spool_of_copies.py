"""In which spool a copy lies, by the id of its marker: two hosts may have a spool at the same path.

Empty where nobody asked; the recorder that wrote such copies says at its next start that they are in its spool.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_STANDING = ["segment", "place", "target", "version_id"]


def upgrade() -> None:
    op.add_column("copies", sa.Column("spool", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.drop_index("uq_copies_standing", "copies")
    where = sa.text("removed IS NULL")
    op.create_index(
        "uq_copies_standing",
        "copies",
        [*_STANDING, "spool"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
