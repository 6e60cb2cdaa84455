"""The database: one engine, one module per aggregate; rows and SQLAlchemy never leave this package.

SQLite by default, PostgreSQL by its address; nothing else differs for the caller.
"""

from __future__ import annotations

import sqlalchemy as sa

from storage.audit.notary import Notary
from storage.database.accounts import Accounts
from storage.database.alarms import Alarms
from storage.database.api_tokens import ApiTokens
from storage.database.broken_glass import BrokenGlasses
from storage.database.chained import ChainedRows
from storage.database.closings import Closings
from storage.database.connection import Engine, file_of, folder_of
from storage.database.disposals import Disposals
from storage.database.evidence import Evidence
from storage.database.factors import Factors
from storage.database.holds import Holds
from storage.database.identities import Identities
from storage.database.journal import Journal, JournalEntry
from storage.database.looks import Looks
from storage.database.marks import Marks
from storage.database.permits import Permits
from storage.database.readiness import Readinesses
from storage.database.register import Register
from storage.database.setup import Setup
from storage.database.viewings import Viewings
from storage.database.withholdings import Withholdings

__all__ = [
    "Accounts",
    "Alarms",
    "ApiTokens",
    "BrokenGlasses",
    "ChainedRows",
    "Closings",
    "Database",
    "Disposals",
    "Evidence",
    "Factors",
    "Holds",
    "Identities",
    "Journal",
    "JournalEntry",
    "Looks",
    "Marks",
    "Permits",
    "Readinesses",
    "Register",
    "Setup",
    "Viewings",
    "Withholdings",
    "connect",
    "file_of",
    "folder_of",
]


class Database:
    """One open database with its aggregates. Safe to share between threads; each process connects for itself.

    Without a ``notary`` it is read and given evidence, and takes no entry of a record: neither acts nor viewings.
    """

    def __init__(self, engine: Engine, notary: Notary | None = None) -> None:
        self._engine = engine
        self.evidence = Evidence(engine)
        self.looks = Looks(engine)
        self.marks = Marks(engine)
        self.setup = Setup(engine)
        self.journal = Journal(engine, notary)
        self.accounts = Accounts(engine)
        self.factors = Factors(engine)
        self.identities = Identities(engine)
        self.api_tokens = ApiTokens(engine)
        self.broken_glass = BrokenGlasses(engine, self.journal)
        self.viewings = Viewings(engine, notary)
        self.permits = Permits(engine)
        self.alarms = Alarms(engine)
        self.closings = Closings(engine)
        self.holds = Holds(engine)
        self.disposals = Disposals(engine, self.journal)
        self.withholdings = Withholdings(engine, self.journal)
        self.register = Register(engine, self.journal)
        self.readiness = Readinesses(engine, self.journal)

    @property
    def records(self) -> tuple[ChainedRows, ...]:
        """All that is kept as a chain."""
        return (self.viewings, self.journal)

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


def connect(url: str, notary: Notary | None = None) -> Database:
    """Open the database and bring its schema to this version; with a ``notary`` where acts or viewings are written
    down.

    ``url`` is ``sqlite:////absolute/file.db`` (folders are made) or ``postgresql+psycopg://user:password@host/name``.
    Raises DatabaseUnavailable; SchemaUnknown if a later version of Kaojian has written it.
    """
    engine = Engine(url)
    try:
        engine.migrate()
    except BaseException:
        engine.close()
        raise
    return Database(engine, notary)
