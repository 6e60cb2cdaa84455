"""Which recorder saw an outage, so that one of two recorders of a camera takes away nothing of the other's footage.

Rows from before keep NULL: at the time, every camera had one recorder.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # In one statement: SQLite adds no constraint to a table that is there (sqlite.org/lang_altertable.html).
    op.execute(
        "ALTER TABLE outages ADD COLUMN recorder TEXT "
        "CONSTRAINT fk_outages_recorder_recorders REFERENCES recorders (id)"
    )
