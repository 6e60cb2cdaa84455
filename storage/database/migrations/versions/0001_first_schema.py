"""The first schema: evidence, set-up, journal, and triggers that keep rows from being deleted or rewritten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

NEVER_DELETED = (
    "recorders",
    "runs",
    "segments",
    "copies",
    "outages",
    "observations",
    "revisions",
    "sittings",
    "journal",
)
NEVER_CHANGED = ("observations", "revisions", "journal")


def upgrade() -> None:
    _create_recording()
    _create_segments()
    _create_set_up()
    _create_journal()
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'rows of % are never changed this way', TG_TABLE_NAME; END $$"
        )
    for act, tables in (("DELETE", NEVER_DELETED), ("UPDATE", NEVER_CHANGED)):
        for table in tables:
            refuse(act, table)


def _index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    part = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=part, postgresql_where=part)


def _create_recording() -> None:
    op.create_table(
        "recorders",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_recorders"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("recorder", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["recorder"], ["recorders.id"], name="fk_runs_recorder_recorders"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    _index("ix_runs_camera_started", "runs", ["camera", "started"])
    _index("ix_runs_open", "runs", ["started"], where="ended IS NULL")
    op.create_table(
        "outages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outages"),
    )
    _index("ix_outages_camera_begins", "outages", ["camera", "begins"])
    _index("ix_outages_open", "outages", ["begins"], where="ends IS NULL")


def _create_segments() -> None:
    op.create_table(
        "segments",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("begins", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("length_us", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("init_size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("lost_packets", sa.BigInteger(), nullable=False),
        sa.Column("delayed_s", sa.Double(), nullable=False),
        sa.Column("clock_offset_s", sa.Double(), nullable=True),
        sa.Column("copies_spool", sa.Integer(), nullable=False),
        sa.Column("copies_s3", sa.Integer(), nullable=False),
        sa.Column("observations", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_segments_run_runs"),
        sa.PrimaryKeyConstraint("key", name="pk_segments"),
    )
    _index("ix_segments_camera_begins", "segments", ["camera", "begins"])
    _index("ix_segments_camera_length_us", "segments", ["camera", "length_us"])
    _index("ix_segments_without_observation", "segments", ["begins", "key"], where="observations = 0")
    _index("ix_segments_without_s3_copy", "segments", ["begins", "key"], where="copies_s3 = 0")
    _index("ix_segments_without_spool_copy", "segments", ["begins", "key"], where="copies_spool = 0")
    op.create_table(
        "copies",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("verified", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("version_id", sa.Text(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["segment"], ["segments.key"], name="fk_copies_segment_segments"),
        sa.PrimaryKeyConstraint("id", name="pk_copies"),
    )
    _index("ix_copies_segment", "copies", ["segment"])
    _index(
        "uq_copies_standing",
        "copies",
        ["segment", "place", "target", "version_id"],
        where="removed IS NULL",
        unique=True,
    )
    op.create_table(
        "observations",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("frames_decoded", sa.BigInteger(), nullable=False),
        sa.Column("bad", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["segment"], ["segments.key"], name="fk_observations_segment_segments"),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
    )
    _index("ix_observations_segment_made", "observations", ["segment", "made"])


def _create_set_up() -> None:
    op.create_table(
        "revisions",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
    )
    _index("ix_revisions_kind_key_id", "revisions", ["kind", "key", "id"])
    op.create_table(
        "sittings",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("batch_revision", SERIAL, nullable=False),
        sa.Column("site_revision", SERIAL, nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("actual_start", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.Column("actual_end", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["batch_revision"], ["revisions.id"], name="fk_sittings_batch_revision_revisions"),
        sa.ForeignKeyConstraint(["site_revision"], ["revisions.id"], name="fk_sittings_site_revision_revisions"),
        sa.PrimaryKeyConstraint("batch", "number", name="pk_sittings"),
    )


def _create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    _index("ix_journal_subject_id", "journal", ["subject", "id"])
