"""Accounts that are linked to the subjects of an identity provider, and what it vouched for, each time once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.database.triggers import refuse

revision = "0020"
down_revision = "0019"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("factor_proved", sa.Boolean(), nullable=True))
    op.create_table(
        "identities",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("linked", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_identities_account_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
    )
    standing = sa.text("ended IS NULL")
    for name, columns in (("account", ["account"]), ("subject", ["issuer", "subject"])):
        op.create_index(
            f"uq_identities_{name}",
            "identities",
            columns,
            unique=True,
            sqlite_where=standing,
            postgresql_where=standing,
        )
    op.create_table(
        "provider_logins",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_provider_logins_account_accounts"),
        sa.PrimaryKeyConstraint("nonce", name="pk_provider_logins"),
    )
    refuse("DELETE", "identities")
    for act in ("DELETE", "UPDATE"):
        refuse(act, "provider_logins")
