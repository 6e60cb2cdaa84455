"""New databases for tests without running all migrations for each: the first one is migrated, the others are copies.

What is copied was made by the migrations themselves, so a test that compares a new database with the tables in the
code compares what they made. A database that holds anything is migrated as ever, and so is every one that another
process opens. Not here: tests of single migrations, which begin with an older database.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL

from storage.database.connection import Engine
from tests.postgres import postgres_binaries

_OF_PSQL = re.compile(r"^\\.*$", re.MULTILINE)


@contextmanager
def made_once(folder: Path) -> Iterator[None]:
    """Until the block ends, in this process. ``folder`` is where the first ones are kept."""
    migrate, scripts = Engine.migrate, dict[str, str]()

    def copy_or_migrate(engine: Engine) -> None:
        if engine._url.get_backend_name() == "sqlite":
            _copy_file(engine, folder / "migrated.db")
        else:
            _run_script(engine, scripts)
        migrate(engine)

    def _copy_file(engine: Engine, first: Path) -> None:
        new = Path(str(engine._url.database))
        if new.exists():
            return
        if not first.exists():
            making = Engine(f"sqlite:///{first}.{uuid.uuid4().hex}")
            migrate(making)
            making.close()
            Path(str(making._url.database)).rename(first)
        whole = new.with_name(f".{uuid.uuid4().hex}")
        shutil.copyfile(first, whole)
        try:
            os.link(whole, new)  # whole or not at all, whoever else opens it first
        except FileExistsError:
            pass
        finally:
            whole.unlink()

    def _run_script(engine: Engine, scripts: dict[str, str]) -> None:
        schema, server = _schema(engine._url), str(engine._url.query.get("host"))
        if schema is None or engine.has_tables():
            return
        if server not in scripts:
            migrate(engine)
            scripts[server] = _dumped(engine._url, schema)
            return
        with psycopg.connect(_conninfo(engine._url), autocommit=True) as connection:
            connection.execute(scripts[server].replace("{schema}", schema).encode())

    Engine.migrate = copy_or_migrate  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        Engine.migrate = migrate  # type: ignore[method-assign]


def _schema(url: URL) -> str | None:
    """The test's own schema; None for a database that is a test's as a whole."""
    found = re.search(r"search_path=(test_[0-9a-f]{32})", str(url.query.get("options", "")))
    return found.group(1) if found else None


def _conninfo(url: URL) -> str:
    return f"host={url.query['host']} user={url.username} dbname={url.database}"


def _dumped(url: URL, schema: str) -> str:
    """The statements that make what lies in the schema, with ``{schema}`` for its name."""
    binaries = postgres_binaries()
    assert binaries is not None
    command = [str(binaries / "pg_dump"), "-n", schema, "--inserts", "--no-owner", _conninfo(url)]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return _OF_PSQL.sub("", text).replace(f"CREATE SCHEMA {schema};", "").replace(schema, "{schema}")
