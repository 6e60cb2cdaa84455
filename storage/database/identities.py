"""Who an identity provider vouches for, and as which account they come in. Not here: what the provider says.

A standing link is of one account and one subject of one issuer; both are linked once at most. Nothing is deleted: a
link is ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from domain.people import Account
from storage.database import tables
from storage.database.accounts import EndReason, account_of, end_sessions
from storage.database.connection import Engine, insert_once
from storage.errors import IdentityTaken, UnknownAccount


@dataclass(frozen=True, slots=True)
class Identity:
    """账户绑定: an account, and the subject by whom an issuer knows the same person."""

    account: str
    issuer: str
    subject: str
    linked: datetime


class Identities:
    """The links of one database. All methods raise DatabaseUnavailable when it does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def link(self, identity: Identity, *, keep_password: bool) -> None:
        """Let somebody come in by a provider; without a password from then on, where it is not kept.

        Raises IdentityTaken, UnknownAccount.
        """
        row = {
            "account": identity.account,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "linked": identity.linked,
        }
        accounts = tables.accounts
        with self._engine.writing() as connection:
            held = connection.execute(sa.select(accounts.c.name).where(accounts.c.name == identity.account)).first()
            if held is None:
                raise UnknownAccount(f"there is no account {identity.account}; `kaojian user list` shows all")
            if not insert_once(connection, tables.identities, row):
                raise IdentityTaken(
                    f"{identity.account}, or the subject {identity.subject}, is linked already; "
                    "`kaojian user list` shows to whom, `kaojian user unlink` ends it"
                )
            if not keep_password:
                gone = sa.update(accounts).where(accounts.c.name == identity.account)
                connection.execute(gone.values(password_hash="", must_change=False))
                end_sessions(connection, identity.account, identity.linked, EndReason.PASSWORD_CHANGED)

    def end(self, account: str, at: datetime) -> bool:
        """End the link of an account and all its sessions; False where it has none."""
        table = tables.identities
        standing = sa.and_(table.c.account == account, table.c.ended.is_(None))
        with self._engine.writing() as connection:
            if connection.execute(sa.update(table).where(standing).values(ended=at)).rowcount == 0:
                return False
            end_sessions(connection, account, at, EndReason.UNLINKED)
            return True

    def all(self) -> list[Identity]:
        """The standing links, by account."""
        table = tables.identities
        query = sa.select(table).where(table.c.ended.is_(None)).order_by(table.c.account)
        with self._engine.reading() as connection:
            return [Identity(row.account, row.issuer, row.subject, row.linked) for row in connection.execute(query)]

    def account(self, issuer: str, subject: str) -> Account | None:
        """The account that a subject is linked to, a closed one too."""
        table = tables.identities
        query = (
            sa.select(tables.accounts)
            .join(table, table.c.account == tables.accounts.c.name)
            .where(table.c.issuer == issuer, table.c.subject == subject, table.c.ended.is_(None))
        )
        with self._engine.reading() as connection:
            row = connection.execute(query).first()
            return None if row is None else account_of(connection, row)

    def take(self, nonce_digest: str, account: str, at: datetime) -> bool:
        """Whether what a provider said under this nonce was not used yet; from now on it is. Raises UnknownRow."""
        row = {"nonce": nonce_digest, "account": account, "at": at}
        with self._engine.writing() as connection:
            return insert_once(connection, tables.provider_logins, row)
