"""One consistent state of a whole database as a file, taken while others write, and a database made from such a file.

SQLite by its online backup (sqlite.org/backup.html, one step in one read transaction: with a write-ahead log nobody
waits for it); PostgreSQL by its own ``pg_dump`` and ``pg_restore``, of the server's version where that is installed
here, else from PATH. Passwords go to them in the environment, never on their command line, where every user sees it.
Not here: what else a backup holds (``storage.backup``).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL

from storage.database.connection import Engine, newest_revision, understood
from storage.errors import DatabaseUnavailable, SchemaUnknown

_Answer = TypeVar("_Answer")
_PROGRAMS = Path("/usr/lib/postgresql")  # Debian's place of each major version, beside the server


class Kind(StrEnum):
    """Which database a file is of, and comes back into."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def kind_of(url: str) -> Kind:
    """Raises DatabaseUnavailable."""
    return Kind(understood(url).get_backend_name())


def revision_of(url: str) -> str | None:
    """The migration that a database is of; None where nothing of ours lies there. Raises DatabaseUnavailable."""
    return _asked(url, Engine.revision) if _may_be_there(url) else None


def has_tables(url: str) -> bool:
    """Whether anything at all lies in a database; a missing file is not made. Raises DatabaseUnavailable."""
    return _asked(url, Engine.has_tables) if _may_be_there(url) else False


def refuse_newer(revision: str, what: str) -> None:
    """Raises SchemaUnknown where a schema was written by a later version than this one."""
    if revision > newest_revision():
        raise SchemaUnknown(
            f"{what} was written by a later version of Kaojian (schema {revision}, this one knows up to "
            f"{newest_revision()}); install that version or a later one"
        )


def leftovers(url: str) -> list[Path]:
    """Logs of a file of SQLite that is not there itself: SQLite would take them for its own."""
    parsed = understood(url)
    file = Path(parsed.database or "")
    if parsed.get_backend_name() != Kind.SQLITE or file.exists():
        return []
    beside = (file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))
    return [each for each in beside if each.exists()]


def size_bytes(url: str) -> int:
    """About how large a snapshot can become. Raises DatabaseUnavailable."""
    parsed = understood(url)
    if parsed.get_backend_name() == Kind.SQLITE:
        file = Path(parsed.database or "")
        parts = (file, file.with_name(f"{file.name}-wal"))
        return sum(part.stat().st_size for part in parts if part.exists())
    return _asked(url, _server_size)


def snapshot(url: str, into: Path) -> None:
    """Write the database as it stands at one instant into a new file, synced. Raises DatabaseUnavailable, OSError."""
    parsed = understood(url)
    if parsed.get_backend_name() == Kind.SQLITE:
        _copy_sqlite(Path(parsed.database or ""), into)
    else:
        schema = _asked(url, _schema)
        _run(parsed, "pg_dump", "--format=custom", f"--schema={_literally(schema)}", f"--file={into}")
    with into.open("rb") as file:
        os.fsync(file.fileno())


def migrate_file(file: Path) -> None:
    """Bring a snapshot of SQLite to this version's schema where it lies. Raises as ``Engine.migrate``."""
    engine = Engine(f"sqlite:///{file}")
    try:
        engine.migrate()
    finally:
        engine.close()


def restore(url: str, file: Path) -> None:
    """Fill an empty database from a snapshot of its kind, whole or not at all. Raises DatabaseUnavailable, OSError.

    SQLite: the snapshot is moved into its place, and has to lie on the same disk.
    """
    parsed = understood(url)
    if parsed.get_backend_name() == Kind.SQLITE:
        place = Path(parsed.database or "")
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)
        return
    listed = _run(parsed, "pg_restore", "--list", str(file), connects=False)
    # The schema itself is there already: a database never comes without one.
    wanted = "".join(f"{line}\n" for line in listed.splitlines() if " SCHEMA - " not in line)
    contents = file.with_name(f"{file.name}.list")
    contents.write_text(wanted, encoding="utf-8")
    how = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", f"--use-list={contents}")
    _run(parsed, "pg_restore", *how, str(file))


def _copy_sqlite(source: Path, into: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading:
            reading.execute("PRAGMA busy_timeout = 20000")
            with closing(sqlite3.connect(into)) as writing:
                reading.backup(writing)
                # A copy that is one file and no more: whoever opens it as a database makes a log again.
                writing.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"the database {source} cannot be copied: {error}") from error


def _run(url: URL, program: str, *arguments: str, connects: bool = True) -> str:
    """What a program of PostgreSQL says. Raises DatabaseUnavailable."""
    where = url.render_as_string(hide_password=True)
    command = [str(_program(url, program)), *arguments]
    if connects:
        command += [f"--dbname={_conninfo(url)}", "--no-password"]
    environment = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": url.password} if url.password else {})}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[0]
        raise DatabaseUnavailable(f"{program} of the database {where} failed: {said}")
    return done.stdout


def _program(url: URL, name: str) -> Path:
    """Of the server's own version where it is installed here: an older one refuses to copy a newer server."""
    version = _asked(url.render_as_string(hide_password=False), _major)
    beside = _PROGRAMS / str(version) / "bin" / name
    on_path = shutil.which(name)
    if beside.exists():
        return beside
    if on_path is None:
        raise DatabaseUnavailable(
            f"{name} is not installed here, and a database on PostgreSQL is copied with it; install "
            f"postgresql-client-{version} (Debian), or a client of that version or a later one"
        )
    return Path(on_path)


def _conninfo(url: URL) -> str:
    """For libpq, without the password."""
    return url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _literally(schema: str) -> str:
    """A schema's name as a pattern of pg_dump that means itself."""
    return '"' + schema.replace('"', '""') + '"'


def _may_be_there(url: str) -> bool:
    parsed = understood(url)
    return parsed.get_backend_name() != Kind.SQLITE or Path(parsed.database or "").exists()


def _asked(url: str, question: Callable[[Engine], _Answer]) -> _Answer:
    engine = Engine(url)
    try:
        return question(engine)
    finally:
        engine.close()


def _server_size(engine: Engine) -> int:
    with engine.reading() as connection:
        return int(connection.scalar(sa.select(sa.func.pg_database_size(sa.func.current_database()))) or 0)


def _schema(engine: Engine) -> str:
    with engine.reading() as connection:
        return str(connection.scalar(sa.select(sa.func.current_schema())))


def _major(engine: Engine) -> int:
    with engine.reading() as connection:
        info = connection.dialect.server_version_info
        return int(info[0]) if info else 0
