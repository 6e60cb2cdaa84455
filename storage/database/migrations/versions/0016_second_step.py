"""Second factors with their recovery codes, logins that wait for them, proofs of passwords, tokens of programs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0016"
down_revision = "0015"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("proved", sa.BigInteger(), nullable=True))
    _half_logins()
    _factors()
    _api_tokens()
    for table in ("half_logins", "factors", "recovery_codes", "api_tokens"):
        refuse("DELETE", table)


def _half_logins() -> None:
    op.create_table(
        "half_logins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_half_logins_account_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_half_logins"),
    )
    still_open = sa.text("ended IS NULL")
    op.create_index(
        "ix_half_logins_open", "half_logins", ["account"], sqlite_where=still_open, postgresql_where=still_open
    )


def _factors() -> None:
    op.create_table(
        "factors",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_factors_account_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
    )
    standing = sa.text("removed IS NULL")
    op.create_index(
        "uq_factors_standing", "factors", ["account"], unique=True, sqlite_where=standing, postgresql_where=standing
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("factor", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["factor"], ["factors.id"], name="fk_recovery_codes_factor_factors"),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_codes"),
    )
    op.create_index("ix_recovery_codes_factor", "recovery_codes", ["factor"])


def _api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("acts", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("revoked", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_api_tokens_account_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
    )
    op.create_index("uq_api_tokens_digest", "api_tokens", ["digest"], unique=True)
    op.create_index("ix_api_tokens_account", "api_tokens", ["account"])
