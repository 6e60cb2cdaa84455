"""The tables: what is kept, in which column, under which index. Not here: queries, and the way a schema grew.

Rows are never deleted (triggers of the first migration refuse it); what is gone gets a tombstone. Words from
closed lists (causes, places ...) are plain text, so that a longer list needs no migration; ``domain`` checks them
when rows are read. ``migrations`` is compared with this module in the tests: the two must not drift apart.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from domain.evidence import TRIALS
from domain.timeline import MICROSECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NaiveInstant(DontWrapMixin, ValueError):
    """A datetime without time zone was to be stored: a time without zone is no evidence."""


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970-01-01T00:00:00Z, exact. Raises NaiveInstant."""
    if instant.tzinfo is None:
        raise NaiveInstant(f"{instant.isoformat()} has no time zone and is not stored")
    return (instant - _EPOCH) // MICROSECOND


def instant(value_us: int) -> datetime:
    """The aware UTC instant that many microseconds after 1970-01-01T00:00:00Z."""
    return _EPOCH + timedelta(microseconds=value_us)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as an integer of microseconds: exact, sortable, the same in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        return None if value is None else instant(int(value))


# SQLite numbers rows by itself only where the type is exactly INTEGER (sqlite.org/autoinc.html).
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_ZERO: sa.ColumnElement[int] = sa.literal_column("0")


def actor_columns() -> list[sa.Column[Any]]:
    """Who acted, as ``storage.database.actors`` writes and reads it."""
    return [
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("on_behalf_of", sa.Text),
    ]


def chain_columns() -> tuple[sa.Column[str], ...]:
    """What holds the entries of a record together, besides their numbers."""
    return (
        sa.Column("previous", sa.Text, nullable=False),  # the digest of the entry before
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),  # of the digest
    )


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

recorders = sa.Table(
    "recorders",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("started", Instant, nullable=False),
    sa.Column("seen", Instant, nullable=False),
    sa.Column("ended", Instant),
    sa.Column("reads_clock", sa.Boolean, nullable=False, server_default=sa.false()),
)
sa.Index("ix_recorders_started", recorders.c.started)

host_clock = sa.Table(
    "host_clock",
    metadata,
    sa.Column("recorder", sa.Text, sa.ForeignKey("recorders.id"), primary_key=True),
    sa.Column("at", Instant, primary_key=True, autoincrement=False),
    # One group of columns for each witness, all empty where it said nothing.
    sa.Column("ntp_offset_s", sa.Double),
    sa.Column("ntp_max_error_s", sa.Double),
    sa.Column("ntp_estimated_error_s", sa.Double),
    sa.Column("ntp_unsynchronised_flag", sa.Boolean),
    sa.Column("server", sa.Text),
    sa.Column("server_offset_s", sa.Double),
    sa.Column("server_error_s", sa.Double),
    sa.Column("server_independent", sa.Boolean),
    sa.Column("cameras_told", sa.Integer),
    sa.Column("cameras_agreeing", sa.Integer),
    sa.Column("cameras_offset_s", sa.Double),
    sa.Column("cameras_spread_s", sa.Double),
    sa.Column("cameras_each", sa.Text),  # JSON: offset by address; empty where only the sum was written down
)
sa.Index("ix_host_clock_at", host_clock.c.at)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("recorder", sa.Text, sa.ForeignKey("recorders.id"), nullable=False),
    sa.Column("started", Instant, nullable=False),
    sa.Column("ended", Instant),
    sa.Column("end_reason", sa.Text),
)
sa.Index("ix_runs_camera_started", runs.c.camera, runs.c.started)
sa.Index("ix_runs_open", runs.c.started, sqlite_where=runs.c.ended.is_(None), postgresql_where=runs.c.ended.is_(None))

segments = sa.Table(
    "segments",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("run", sa.Text, sa.ForeignKey("runs.id"), nullable=False),
    sa.Column("begins", Instant, nullable=False),
    sa.Column("ends", Instant, nullable=False),
    sa.Column("length_us", sa.BigInteger, nullable=False),  # ends - begins: bounds the search for overlaps
    sa.Column("frames", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("init_size_bytes", sa.BigInteger, nullable=False),
    sa.Column("codec", sa.Text, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("lost_packets", sa.BigInteger, nullable=False),
    sa.Column("delayed_s", sa.Double, nullable=False),
    sa.Column("clock_offset_s", sa.Double),
    # How many rows of copies (not removed) and observations stand for this segment, kept in the same transaction,
    # so that "what is still to be uploaded or looked at" costs what is left to do, not what was ever recorded.
    sa.Column("copies_spool", sa.Integer, nullable=False),
    sa.Column("copies_s3", sa.Integer, nullable=False),
    sa.Column("wanted_s3", sa.Integer, nullable=False, server_default=sa.text("1")),  # how many stores are to have it
    sa.Column("observations", sa.Integer, nullable=False),
    sa.Column("disposed", sa.BigInteger),  # the disposal list that ordered it to go; NULL while none has
    sa.Column("looked", sa.Text, nullable=False, server_default=sa.text("''")),  # by which analysis last, "" by none
    sa.Column("owed", sa.Integer),  # NULL where no look is owed to it; else how often looking at it failed
)
sa.Index("ix_segments_camera_begins", segments.c.camera, segments.c.begins)
sa.Index("ix_segments_camera_length_us", segments.c.camera, segments.c.length_us)
sa.Index("ix_segments_batch_key", segments.c.batch, segments.c.key)
sa.Index(  # what waits for a look is found in it alone
    "ix_segments_batch_camera_begins",
    segments.c.batch,
    segments.c.camera,
    segments.c.begins,
    segments.c.looked,
    segments.c.observations,
    segments.c.key,
)

# The zero is part of the text of index and query alike: a bound parameter would keep SQLite from seeing that the
# query asks for exactly the rows of the partial index (sqlite.org/partialindex.html).
NOT_DISPOSED = segments.c.disposed.is_(None)
IN_SPOOL = segments.c.copies_spool > _ZERO
IN_S3 = segments.c.copies_s3 > _ZERO
WITHOUT_SPOOL_COPY = sa.and_(segments.c.copies_spool == _ZERO, NOT_DISPOSED)  # what went by order is not missed
OF_TRIALS = segments.c.batch == sa.literal_column(f"'{TRIALS}'")
OF_EXAMS = segments.c.batch != sa.literal_column(f"'{TRIALS}'")
WITHOUT_S3_COPY = sa.and_(segments.c.copies_s3 == _ZERO, NOT_DISPOSED, OF_EXAMS)  # a trial's is never stored there
IN_TOO_FEW_STORES = sa.and_(IN_S3, segments.c.copies_s3 < segments.c.wanted_s3, NOT_DISPOSED)
WITHOUT_OBSERVATION = segments.c.observations == _ZERO
OWED_A_LOOK = segments.c.owed.is_not(None)
for _name, _where in (
    ("ix_segments_without_spool_copy", WITHOUT_SPOOL_COPY),
    ("ix_segments_without_s3_copy", WITHOUT_S3_COPY),
    ("ix_segments_in_too_few_stores", IN_TOO_FEW_STORES),
    ("ix_segments_without_observation", WITHOUT_OBSERVATION),
    ("ix_segments_owed_a_look", OWED_A_LOOK),
):
    sa.Index(_name, segments.c.begins, segments.c.key, sqlite_where=_where, postgresql_where=_where)

sa.Index(
    "ix_segments_kept_twice",
    segments.c.begins,
    segments.c.key,
    sqlite_where=sa.and_(IN_SPOOL, IN_S3),
    postgresql_where=sa.and_(IN_SPOOL, IN_S3),
)

copies = sa.Table(
    "copies",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("segment", sa.Text, sa.ForeignKey("segments.key"), nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("verified", Instant, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("version_id", sa.Text, nullable=False),  # "" where the place has no versions: NULLs are never equal
    sa.Column("locked_until", Instant),
    sa.Column("removed", Instant),
    sa.Column("device", sa.Text, nullable=False, server_default=sa.text("''")),  # "" where nobody asked
    sa.Column("spool", sa.Text, nullable=False, server_default=sa.text("''")),  # as device
    sa.Column("reread", Instant),  # when its bytes were last found right, after they were first read back
    sa.Column("due", Instant, nullable=False, server_default=sa.text("0")),  # when they are to be read again
)
sa.Index("ix_copies_segment", copies.c.segment)
sa.Index(
    "ix_copies_due",
    copies.c.due,
    copies.c.id,
    sqlite_where=copies.c.removed.is_(None),
    postgresql_where=copies.c.removed.is_(None),
)
sa.Index(
    "uq_copies_standing",
    copies.c.segment,
    copies.c.place,
    copies.c.target,
    copies.c.version_id,
    copies.c.spool,
    unique=True,
    sqlite_where=copies.c.removed.is_(None),
    postgresql_where=copies.c.removed.is_(None),
)

lost_copies = sa.Table(
    "lost_copies",
    metadata,
    sa.Column("copy", Serial, sa.ForeignKey("copies.id"), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
)
sa.Index("ix_lost_copies_at", lost_copies.c.at)

outages = sa.Table(
    "outages",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("begins", Instant, nullable=False),
    sa.Column("ends", Instant),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("recorder", sa.Text, sa.ForeignKey("recorders.id")),  # NULL where it was not written down yet
)
sa.Index("ix_outages_camera_begins", outages.c.camera, outages.c.begins)
sa.Index("ix_outages_ends", outages.c.ends)
sa.Index(
    "ix_outages_open",
    outages.c.begins,
    sqlite_where=outages.c.ends.is_(None),
    postgresql_where=outages.c.ends.is_(None),
)

camera_events = sa.Table(
    "camera_events",
    metadata,
    sa.Column("number", Serial, primary_key=True),  # the order in which they were written, for those who follow
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("recorder", sa.Text, sa.ForeignKey("recorders.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Column("dark_s", sa.Double),
)
sa.Index("uq_camera_events_id", camera_events.c.id, unique=True)
sa.Index("ix_camera_events_camera_number", camera_events.c.camera, camera_events.c.number)
sa.Index("ix_camera_events_at", camera_events.c.at)
sa.Index(
    "ix_camera_events_recorder_camera_number",
    camera_events.c.recorder,
    camera_events.c.camera,
    camera_events.c.number,
)

observations = sa.Table(
    "observations",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("segment", sa.Text, sa.ForeignKey("segments.key"), nullable=False),
    sa.Column("made", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("frames_decoded", sa.BigInteger, nullable=False),
    sa.Column("bad", sa.Text, nullable=False),  # JSON: [[start, end], ...] in microseconds since the epoch
    sa.Column("detail", sa.Text, nullable=False),
)
sa.Index("ix_observations_segment_made", observations.c.segment, observations.c.made)

looks = sa.Table(
    "looks",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("segment", sa.Text, sa.ForeignKey("segments.key"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),  # the id of one, "" for none: NULLs are never equal
    sa.Column("made", Instant, nullable=False),
    sa.Column("samples", sa.LargeBinary, nullable=False),  # as storage.database.samples packs them
)
sa.Index("uq_looks_segment", looks.c.segment, looks.c.reference, looks.c.version, unique=True)

picture_references = sa.Table(
    "picture_references",
    metadata,
    sa.Column("number", Serial, primary_key=True),  # the order in which they were made
    sa.Column("id", sa.Text, nullable=False),  # SHA-256 of the calibration
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("valid_from", Instant, nullable=False),
    *actor_columns(),
    sa.Column("begins", Instant, nullable=False),  # of the footage that it was made of
    sa.Column("ends", Instant, nullable=False),
    sa.Column("segments", sa.Text, nullable=False),  # a JSON list of keys
    sa.Column("calibration", sa.LargeBinary, nullable=False),
)
sa.Index("uq_picture_references_camera_id", picture_references.c.camera, picture_references.c.id, unique=True)
sa.Index("ix_picture_references_camera_number", picture_references.c.camera, picture_references.c.number)

revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),  # of the document's UTF-8 bytes, hex
    *actor_columns(),
    sa.Column("document", sa.Text, nullable=False),  # JSON with sorted keys: equal set-ups are equal bytes
)
sa.Index("ix_revisions_kind_key_id", revisions.c.kind, revisions.c.key, revisions.c.id)

sittings = sa.Table(
    "sittings",
    metadata,
    sa.Column("batch", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("batch_revision", Serial, sa.ForeignKey("revisions.id"), nullable=False),
    sa.Column("site_revision", Serial, sa.ForeignKey("revisions.id"), nullable=False),
    sa.Column("opened", Instant, nullable=False),
    sa.Column("actual_start", Instant, nullable=False),
    sa.Column("closed", Instant),
    sa.Column("actual_end", Instant),
)

expectations = sa.Table(
    "expectations",
    metadata,
    sa.Column("batch", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("made", Instant, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),  # of the document's UTF-8 bytes, hex
    sa.Column("document", sa.Text, nullable=False),  # JSON, as storage.database.expectations writes it
    sa.ForeignKeyConstraint(["batch", "number"], ["sittings.batch", "sittings.number"]),
)

sitting_marks = sa.Table(
    "sitting_marks",
    metadata,
    sa.Column("id", Serial, primary_key=True),  # the order in which they were written: the last of a mark holds
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("sitting", sa.Integer, nullable=False),
    sa.Column("mark", sa.Text, nullable=False),
    sa.Column("at", Instant),  # NULL takes an earlier entry back
    sa.Column("written", Instant, nullable=False),
    *actor_columns(),
    sa.Column("reason", sa.Text, nullable=False),
)
sa.Index("ix_sitting_marks_batch_sitting", sitting_marks.c.batch, sitting_marks.c.sitting, sitting_marks.c.mark)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("number", Serial, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a hole
    sa.Column("at", Instant, nullable=False),
    *actor_columns(),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    *chain_columns(),
)
sa.Index("ix_journal_subject_number", journal.c.subject, journal.c.number)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),  # a JSON list of what the role's reach names
    sa.Column("created", Instant, nullable=False),
    sa.Column("expires", Instant),
    sa.Column("disabled", Instant),
    sa.Column("password_hash", sa.Text, nullable=False),  # empty where nobody comes in by a password
    sa.Column("must_change", sa.Boolean, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # the SHA-256 of the token, which is nowhere but with its holder
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("began", Instant, nullable=False),
    sa.Column("seen", Instant, nullable=False),
    sa.Column("ended", Instant),
    sa.Column("end_reason", sa.Text),
    sa.Column("proved", Instant),  # when its holder last proved who they are; else it was when the session began
    sa.Column("factor_proved", sa.Boolean),  # true where a provider vouched for a second factor
)
sa.Index(
    "ix_sessions_open",
    sessions.c.account,
    sqlite_where=sessions.c.ended.is_(None),
    postgresql_where=sessions.c.ended.is_(None),
)

login_attempts = sa.Table(
    "login_attempts",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("known", sa.Boolean, nullable=False),
    sa.Column("succeeded", sa.Boolean, nullable=False),
)
sa.Index("ix_login_attempts_name_id", login_attempts.c.name, login_attempts.c.id)

half_logins = sa.Table(
    "half_logins",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # the SHA-256 of a token that opens nothing but the second step
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("began", Instant, nullable=False),
    sa.Column("ended", Instant),
)
sa.Index(
    "ix_half_logins_open",
    half_logins.c.account,
    sqlite_where=half_logins.c.ended.is_(None),
    postgresql_where=half_logins.c.ended.is_(None),
)

factors = sa.Table(
    "factors",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("secret", sa.Text, nullable=False),  # sealed with a key that is not in the database
    sa.Column("begun", Instant, nullable=False),
    sa.Column("confirmed", Instant),
    sa.Column("removed", Instant),
    sa.Column("last_step", sa.BigInteger),  # of the last code that was taken; none up to it is taken again
)
sa.Index(
    "uq_factors_standing",
    factors.c.account,
    unique=True,
    sqlite_where=factors.c.removed.is_(None),
    postgresql_where=factors.c.removed.is_(None),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("factor", sa.BigInteger, sa.ForeignKey("factors.id"), nullable=False),
    sa.Column("used", Instant),
)
sa.Index("ix_recovery_codes_factor", recovery_codes.c.factor)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),  # a name for people; it opens nothing
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # the SHA-256 of the token, which is nowhere but with its holder
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("acts", sa.Text, nullable=False),  # a JSON list of what it may
    sa.Column("created", Instant, nullable=False),
    sa.Column("expires", Instant, nullable=False),
    sa.Column("revoked", Instant),
    sa.Column("used", Instant),  # last, to the minute
)
sa.Index("uq_api_tokens_digest", api_tokens.c.digest, unique=True)
sa.Index("ix_api_tokens_account", api_tokens.c.account)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("linked", Instant, nullable=False),
    sa.Column("ended", Instant),
)
for _name, _columns in (
    ("account", [identities.c.account]),
    ("subject", [identities.c.issuer, identities.c.subject]),
):
    sa.Index(
        f"uq_identities_{_name}",
        *_columns,
        unique=True,
        sqlite_where=identities.c.ended.is_(None),
        postgresql_where=identities.c.ended.is_(None),
    )

provider_logins = sa.Table(
    "provider_logins",
    metadata,
    sa.Column("nonce", sa.Text, primary_key=True),  # the SHA-256 of what was asked of the provider under, once
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("at", Instant, nullable=False),
)

recusals = sa.Table(
    "recusals",
    metadata,
    sa.Column("id", Serial, primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("recused", sa.Boolean, nullable=False),  # false where a recusal was lifted; the last row counts
)
sa.Index("ix_recusals_account_id", recusals.c.account, recusals.c.id)

broken_glass = sa.Table(
    "broken_glass",
    metadata,
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), primary_key=True),
    sa.Column("opened", Instant, nullable=False),
    *actor_columns(),
    sa.Column("reason", sa.Text, nullable=False),
)

permits = sa.Table(
    "permits",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),  # as somebody wrote it, and so the camera
    sa.Column("camera", sa.Text, nullable=False),  # "" for all of the batch
    sa.Column("begins", Instant, nullable=False),
    sa.Column("ends", Instant, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("asked", Instant, nullable=False),
    sa.Column("wanted_until", Instant, nullable=False),
)
sa.Index("ix_permits_account_asked", permits.c.account, permits.c.asked)
sa.Index("ix_permits_asked", permits.c.asked)

permit_decisions = sa.Table(
    "permit_decisions",
    metadata,
    sa.Column("permit", sa.Text, sa.ForeignKey("permits.id"), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("until", Instant),
)

viewings = sa.Table(
    "viewings",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a hole
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("deed", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("begins", Instant),
    sa.Column("ends", Instant),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("session", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("permit", sa.Text, nullable=False, server_default=""),
    *chain_columns(),
)
sa.Index("ix_viewings_actor_at", viewings.c.actor, viewings.c.at)
sa.Index("ix_viewings_batch_number", viewings.c.batch, viewings.c.number)
sa.Index(
    "ix_viewings_permit",
    viewings.c.permit,
    sqlite_where=viewings.c.permit != "",
    postgresql_where=viewings.c.permit != "",
)

alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("number", Serial, primary_key=True),  # the order in which they are sent
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),  # "" for what concerns the whole installation
    sa.Column("at", Instant, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON, the same for every attempt
)
sa.Index("uq_alarms_id", alarms.c.id, unique=True)

alarm_rules = sa.Table(
    "alarm_rules",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),  # whoever goes on from an older one is refused
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("looked", Instant, nullable=False),
    sa.Column("known", sa.Text, nullable=False),  # JSON of the rule's own
)

alarm_receivers = sa.Table(
    "alarm_receivers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),  # all alarms up to this number are dealt with
    sa.Column("parked", sa.BigInteger, nullable=False),
    sa.Column("parked_last", sa.Text, nullable=False),
    sa.Column("failing_since", Instant),
    sa.Column("reason", sa.Text, nullable=False),
)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ...: each took over
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("valid_from", Instant, nullable=False),
    sa.Column("endorsement", sa.Text),  # the signature of the key before; NULL for the first
    sa.Column("signature", sa.Text, nullable=False),
)
sa.Index("uq_signing_keys_key", signing_keys.c.key, unique=True)

closings = sa.Table(
    "closings",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a hole
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("signed_at", Instant, nullable=False),
    sa.Column("retained_until", Instant, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the link's bytes
    sa.Column("segments_root", sa.Text, nullable=False),
    sa.Column("manifest", sa.Text, sa.ForeignKey("closing_documents.sha256"), nullable=False),
    sa.Column("link", sa.Text, nullable=False),  # the signed bytes
)
sa.Index("ix_closings_batch_number", closings.c.batch, closings.c.number)

link_stamps = sa.Table(
    "link_stamps",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("stamped_at", Instant, nullable=False),  # by the authority's clock
    sa.Column("stamp", sa.LargeBinary, nullable=False),  # as it came (RFC 3161, DER)
    sa.ForeignKeyConstraint(["site", "number"], ["closings.site", "closings.number"]),
)

closing_documents = sa.Table(
    "closing_documents",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("retained_until", Instant, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
sa.Index("ix_closing_documents_site", closing_documents.c.site)


def _order() -> list[sa.Column[Any]]:
    """Who ordered it, when and why."""
    return [
        sa.Column("at", Instant, nullable=False),
        *actor_columns(),
        sa.Column("reason", sa.Text, nullable=False),
    ]


holds = sa.Table(
    "holds",
    metadata,
    sa.Column("number", Serial, primary_key=True),
    sa.Column("batch", sa.Text, nullable=False),
    *_order(),
)
sa.Index("ix_holds_batch", holds.c.batch)

hold_liftings = sa.Table(
    "hold_liftings",
    metadata,
    sa.Column("hold", Serial, sa.ForeignKey("holds.number"), primary_key=True, autoincrement=False),
    *_order(),
)

disposals = sa.Table(
    "disposals",
    metadata,
    sa.Column("number", Serial, primary_key=True),
    *_order(),
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the content
    sa.Column("content", sa.Text, nullable=False),  # canonical JSON: all that is to go
)

disposal_batches = sa.Table(
    "disposal_batches",
    metadata,
    sa.Column("disposal", Serial, sa.ForeignKey("disposals.number"), primary_key=True, autoincrement=False),
    sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ...: the order of the list
    sa.Column("batch", sa.Text, nullable=False),
)
sa.Index("ix_disposal_batches_batch", disposal_batches.c.batch)

disposal_decisions = sa.Table(
    "disposal_decisions",
    metadata,
    sa.Column("disposal", Serial, sa.ForeignKey("disposals.number"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3
    sa.Column("what", sa.Text, nullable=False),
    *_order(),
    sa.Column("role", sa.Text),  # NULL where no account decided
)

disposal_papers = sa.Table(
    "disposal_papers",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a hole
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("disposal", Serial, sa.ForeignKey("disposals.number"), nullable=False),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("signed_at", Instant, nullable=False),
    sa.Column("retained_until", Instant, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the paper's bytes
    sa.Column("paper", sa.Text, nullable=False),  # the signed bytes
)
sa.Index(
    "uq_disposal_papers_disposal_batch_kind",
    disposal_papers.c.disposal,
    disposal_papers.c.batch,
    disposal_papers.c.kind,
    unique=True,
)
sa.Index("ix_disposal_papers_batch", disposal_papers.c.batch)

withholdings = sa.Table(
    "withholdings",
    metadata,
    sa.Column("number", Serial, primary_key=True),
    sa.Column("camera", sa.Text, nullable=False),
    sa.Column("begins", Instant, nullable=False),
    sa.Column("ends", Instant),  # NULL where it goes on until further notice
    *_order(),
)
sa.Index("ix_withholdings_camera", withholdings.c.camera)

withholding_ends = sa.Table(
    "withholding_ends",
    metadata,
    sa.Column("withholding", Serial, sa.ForeignKey("withholdings.number"), primary_key=True, autoincrement=False),
    sa.Column("ends", Instant, nullable=False),
    *_order(),
)

withholding_decisions = sa.Table(
    "withholding_decisions",
    metadata,
    sa.Column("withholding", Serial, sa.ForeignKey("withholdings.number"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3
    sa.Column("what", sa.Text, nullable=False),
    *_order(),
    sa.Column("role", sa.Text, nullable=False),
)

withholding_papers = sa.Table(
    "withholding_papers",
    metadata,
    sa.Column("withholding", Serial, sa.ForeignKey("withholdings.number"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a hole
    sa.Column("signed_at", Instant, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the paper's bytes
    sa.Column("paper", sa.Text, nullable=False),  # the signed bytes
)

register = sa.Table(
    "register",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without a hole
    sa.Column("batch", sa.Text, nullable=False),  # "" for what belongs to none; so with site and mark
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("mark", sa.Text, nullable=False),
    *_order(),
    sa.Column("act", sa.BigInteger, nullable=False),  # the journal's entry that it came with
    sa.Column("sha256", sa.Text, nullable=False),  # of the document's UTF-8 bytes, hex
    sa.Column("document", sa.Text, nullable=False),  # JSON with sorted keys; null for what was taken back
)
sa.Index("ix_register_batch_kind", register.c.batch, register.c.kind)
sa.Index("ix_register_site_kind", register.c.site, register.c.kind)
sa.Index("ix_register_mark_kind", register.c.mark, register.c.kind)
sa.Index("ix_register_act", register.c.act)
trials = sa.Table(
    "trials",
    metadata,
    sa.Column("number", Serial, primary_key=True),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("sitting", sa.Integer, nullable=False),
    sa.Column("site_sha256", sa.Text, nullable=False),  # of the set-up that it was ordered for
    sa.Column("begins", Instant, nullable=False),
    sa.Column("ends", Instant, nullable=False),
    sa.Column("at", Instant, nullable=False),
    *actor_columns(),
)
sa.Index("ix_trials_batch_sitting", trials.c.batch, trials.c.sitting)
sa.Index("ix_trials_ends", trials.c.ends)

confirmations = sa.Table(
    "confirmations",
    metadata,
    sa.Column("number", Serial, primary_key=True),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("sitting", sa.Integer, nullable=False),
    sa.Column("room", sa.Text, nullable=False),
    sa.Column("item", sa.Text, nullable=False),
    sa.Column("stands", sa.Boolean, nullable=False),  # false where it was taken back; the last row counts
    sa.Column("at", Instant, nullable=False),
    *actor_columns(),
)
sa.Index("ix_confirmations_batch_sitting", confirmations.c.batch, confirmations.c.sitting)

readiness = sa.Table(
    "readiness",
    metadata,
    sa.Column("number", Serial, primary_key=True),
    sa.Column("batch", sa.Text, nullable=False),
    sa.Column("sitting", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    *actor_columns(),
    sa.Column("digest", sa.Text, nullable=False),  # SHA-256 of the content
    sa.Column("content", sa.Text, nullable=False),  # canonical JSON: all that was found, and who signed it why
    sa.Column("journal", sa.BigInteger, sa.ForeignKey("journal.number"), nullable=False),  # the entry that signs it
)
sa.Index("ix_readiness_batch_sitting", readiness.c.batch, readiness.c.sitting)
