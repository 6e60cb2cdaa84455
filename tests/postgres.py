"""A throw-away PostgreSQL server for tests, from the binaries that the system already has. Not for production."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
from psycopg import sql

_PATIENCE_S = 60
# What a crash of the machine would lose is of no concern here; what a crash of the server would lose is.
_SETTINGS = ("fsync=off", "full_page_writes=off", "listen_addresses=", "max_connections=50")


def postgres_binaries() -> Path | None:
    """The folder of the newest server binaries on this machine, or None."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("postgres")
    found = [Path(on_path).parent] if on_path else []
    return next((folder for folder in (*reversed(folders), *found) if (folder / "initdb").exists()), None)


class PostgresServer:
    """One server with its own folder, reached through a socket in that folder, so that no port can clash.

    The server refuses to run as root; root lends it to ``postgres`` or, where there is none, to ``nobody``.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._user = _user_to_lend() if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="kaojian-pg-"))
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        self._data = self._folder / "data"
        self._log = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Lay the folder out and start the server on it."""
        how = ("-U", "kaojian", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        if self._spawn("initdb", "-D", self._data, *how).wait(_PATIENCE_S) != 0:
            raise RuntimeError(self._log.read_text())
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        self._process = self._spawn("postgres", "-D", self._data, "-k", self._folder, *settings)
        self._wait()

    def stop(self) -> None:
        """Stop the server at once, connections or not."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_PATIENCE_S)
            self._process = None

    def remove(self) -> None:
        """Stop the server and throw away what it holds."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> str:
        """The address of a new, empty place for tables: a schema of its own, a tenth of a database's cost."""
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://kaojian@/postgres?host={self._folder}&options=-csearch_path%3D{name}"

    def size_bytes(self) -> int:
        """What all tables and indexes weigh."""
        with psycopg.connect(self._conninfo("postgres")) as connection:
            row = connection.execute("SELECT pg_database_size('postgres')").fetchone()
        return int(row[0]) if row is not None else 0

    def _conninfo(self, name: str) -> str:
        return f"host={self._folder} user=kaojian dbname={name}"

    def _spawn(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        lent = self._user
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [self._binaries / program, *arguments],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                user=None if lent is None else lent.pw_uid,
                group=None if lent is None else lent.pw_gid,
                extra_groups=None if lent is None else [],
            )

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self._log.read_text()) from None
                time.sleep(0.05)
            else:
                return


def _user_to_lend() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
