"""What states cameras came into."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

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
    postgres = op.get_bind().dialect.name == "postgresql"
    for act in ("DELETE", "UPDATE"):
        _refuse(act, "camera_events", postgres=postgres)


def _refuse(act: str, table: str, *, postgres: bool) -> None:
    name = f"{table}_refuse_{act.lower()}"
    if postgres:
        op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()")
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed this way'); END"
        )
