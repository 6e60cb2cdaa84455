"""The one door to the database: opens an engine, brings the schema up to date, hands out transactions.

Everything that SQLAlchemy or a driver raises becomes a StorageError here. Not here: what is asked of the database.

SQLite is opened so that several processes may write at once: write-ahead log, every commit synced
(synchronous=FULL), and a write takes the write lock when it begins (BEGIN IMMEDIATE), so that it waits its turn
instead of failing half-way when it wants to go from reading to writing (sqlite.org/lang_transaction.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from storage.errors import DatabaseUnavailable, RowRefused, SchemaUnknown, UnknownRow

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK_WAIT_S = 20
_CONNECT_WAIT_S = 5
_MIGRATION_LOCK = 0x4B414F4A  # an arbitrary number of ours for pg_advisory_xact_lock
_WRITES = "kaojian_writes"
_NEVER_TAKEN = (sa.exc.DataError, sa.exc.NoResultFound, sa.exc.MultipleResultsFound, OverflowError, UnicodeError)
"""What no trying again mends: a number too large, text that the database has no bytes for (NUL in PostgreSQL)."""

_MIGRATIONS = Path(__file__).with_name("migrations")


class Engine:
    """Transactions on one database. Safe to share between threads; each process opens its own."""

    def __init__(self, url: str) -> None:
        self._url = _understood(url)
        self._where = self._url.render_as_string(hide_password=True)
        with self._wrapped():
            self._engine = self._created()

    def __str__(self) -> str:
        """The address without its password."""
        return self._where

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads. Raises DatabaseUnavailable."""
        with self._wrapped(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that may write; committed and synced when the block ends, else undone as a whole.

        Raises UnknownRow where a row refers to one that was never written, RowRefused where it breaks another rule
        of the schema or holds what the database has no form for, DatabaseUnavailable for the rest.
        """
        with self._wrapped(), self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection

    def migrate(self) -> None:
        """Bring the schema to this version, one process at a time. Raises SchemaUnknown, DatabaseUnavailable.

        Alembic is loaded only where there is something to do: a recorder that died must be back in an instant.
        """
        if self._is_up_to_date():
            return
        from alembic import command  # noqa: PLC0415 (see above)
        from alembic.script.revision import ResolutionError  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        try:
            with self.writing() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
                command.upgrade(migrations(connection), "head")
        except (CommandError, ResolutionError) as error:
            raise SchemaUnknown(
                f"the database {self._where} was written by another version of Kaojian ({error}); "
                "run that version or a later one"
            ) from error

    def _is_up_to_date(self) -> bool:
        """Whether the database says that it is of the last of our migrations, which their numbers order."""
        return self.revision() == newest_revision()

    def revision(self) -> str | None:
        """The migration that the database says it is of; None where it has no schema of ours.

        Raises DatabaseUnavailable.
        """
        with self.reading() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            versions = sa.table("alembic_version", sa.column("version_num"))
            found = connection.scalars(sa.select(versions.c.version_num)).all()
            return str(found[0]) if len(found) == 1 else None

    def has_tables(self) -> bool:
        """Whether anything at all lies in it, ours or not. Raises DatabaseUnavailable."""
        with self.reading() as connection:
            return bool(sa.inspect(connection).get_table_names())

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def _created(self) -> sa.Engine:
        if self._url.get_backend_name() == "sqlite":
            _make_folder(self._url)
            engine = sa.create_engine(self._url, connect_args={"timeout": _LOCK_WAIT_S})
            sa.event.listen(engine, "connect", _prepare_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
            return engine
        return sa.create_engine(self._url, pool_pre_ping=True, connect_args={"connect_timeout": _CONNECT_WAIT_S})

    @contextmanager
    def _wrapped(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.IntegrityError as error:
            if _is_foreign_key(error.orig):
                raise UnknownRow(f"a row refers to one that was never written: {_first_line(error.orig)}") from error
            raise RowRefused(f"the database {self._where} refused a row: {_first_line(error.orig)}") from error
        except _NEVER_TAKEN as error:
            raise RowRefused(
                f"the database {self._where} cannot hold a value: {_first_line(_cause(error))}"
            ) from error
        except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
            if type(error) is sa.exc.StatementError:  # not the driver's word: a value was refused on its way there
                raise RowRefused(f"the database {self._where} cannot hold a value: {_first_line(error)}") from error
            raise DatabaseUnavailable(
                f"the database {self._where} cannot be used ({_first_line(_cause(error))}); {self._remedy()}"
            ) from error

    def _remedy(self) -> str:
        if self._url.get_backend_name() == "sqlite":
            return "check that its folder can be written, that the disk has room and that no other program locks it"
        return "check that the server runs, that it can be reached from here, and the address, user and password"


def newest_revision() -> str:
    """The last migration of this version; their numbers order them."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def understood(url: str) -> URL:
    """The address in its parts. Raises DatabaseUnavailable."""
    return _understood(url)


def file_of(url: str) -> Path | None:
    """The file of a database; None for one on a server. Raises DatabaseUnavailable."""
    parsed = _understood(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database is None or parsed.database.startswith("file:"):
        return None
    return Path(parsed.database).absolute()


def folder_of(url: str) -> Path | None:
    """The folder that a database's file lies in; None for one on a server. Raises DatabaseUnavailable."""
    file = file_of(url)
    return None if file is None else file.parent


def insert_once(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless a unique index holds its like already. True if it was inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key.columns)).first() is not None


def count_from(connection: sa.Connection, column: sa.Column[int]) -> None:
    """Number further rows from the highest there is, after one was written with the number that it had elsewhere.

    SQLite does so by itself.
    """
    if connection.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(column.table.name, column.name)
        highest = sa.select(sa.func.max(column)).scalar_subquery()
        connection.execute(sa.select(sa.func.setval(sequence, highest)))


def migrations(connection: sa.Connection) -> Config:
    """Alembic's configuration, built here because the product has no alembic.ini, bound to one connection."""
    from alembic.config import Config  # noqa: PLC0415 (see Engine.migrate)

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _understood(url: str) -> URL:
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseUnavailable(
            "the database address cannot be read; write sqlite:////folder/file.db or "
            "postgresql+psycopg://user:password@host/name"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise DatabaseUnavailable(f"{backend} is not supported as a database; use sqlite or postgresql+psycopg")
    if parsed.database in (None, "", ":memory:"):
        raise DatabaseUnavailable("a database in memory keeps nothing; name a file: sqlite:////folder/file.db")
    return parsed


def _make_folder(url: URL) -> None:
    if url.database is not None and not url.database.startswith("file:"):
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself; _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_LOCK_WAIT_S * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _is_foreign_key(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY
    return getattr(error, "sqlstate", None) == "23503"  # PostgreSQL, appendix A: foreign_key_violation


def _cause(error: Exception) -> object:
    """What the driver said, where it was the driver."""
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
