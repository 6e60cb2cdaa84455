"""The database: one engine, one module per aggregate; rows and SQLAlchemy never leave this package.

SQLite by default, PostgreSQL by its address; nothing else differs for the caller.
"""

from __future__ import annotations

import sqlalchemy as sa

from storage.database.accounts import Accounts
from storage.database.alarms import Alarms
from storage.database.api_tokens import ApiTokens
from storage.database.closings import Closings
from storage.database.connection import Engine, folder_of
from storage.database.evidence import Evidence
from storage.database.factors import Factors
from storage.database.holds import Holds
from storage.database.journal import Journal, JournalEntry
from storage.database.setup import Setup
from storage.database.viewings import Viewings

__all__ = [
    "Accounts",
    "Alarms",
    "ApiTokens",
    "Closings",
    "Database",
    "Evidence",
    "Factors",
    "Holds",
    "Journal",
    "JournalEntry",
    "Setup",
    "Viewings",
    "connect",
    "folder_of",
]


class Database:
    """One open database with its aggregates. Safe to share between threads; each process connects for itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.evidence = Evidence(engine)
        self.setup = Setup(engine)
        self.journal = Journal(engine)
        self.accounts = Accounts(engine)
        self.factors = Factors(engine)
        self.api_tokens = ApiTokens(engine)
        self.viewings = Viewings(engine)
        self.alarms = Alarms(engine)
        self.closings = Closings(engine)
        self.holds = Holds(engine)

    def __str__(self) -> str:
        """The address without its password, for people."""
        return str(self._engine)

    def ping(self) -> None:
        """Ask the database one thing. Raises DatabaseUnavailable with what to do."""
        with self._engine.reading() as connection:
            connection.execute(sa.select(1))

    def close(self) -> None:
        """Give all connections back."""
        self._engine.close()


def connect(url: str) -> Database:
    """Open the database and bring its schema to this version.

    ``url`` is ``sqlite:////absolute/file.db`` (folders are made) or ``postgresql+psycopg://user:password@host/name``.
    Raises DatabaseUnavailable; SchemaUnknown if a later version of Kaojian has written it.
    """
    engine = Engine(url)
    try:
        engine.migrate()
    except BaseException:
        engine.close()
        raise
    return Database(engine)
