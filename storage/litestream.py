"""litestream, a program of others that copies a database of SQLite into the object store a second after each change.

Beside the backup of the night, not in its place: what it stores is rows alone, as they are, neither sealed nor signed
nor under lock. Its keys go in the environment, never on its command line or into a file. Not here: when it runs, and
starting it again (``kaojian.replica``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from config.private_files import write_private
from config.s3 import S3Settings
from storage.errors import StorageError

PREFIX = ".litestream/"
"""Where the copy lies in the bucket; no segment's key begins with a dot."""

_ENDS_S = 10.0


class LitestreamFailed(StorageError):
    """The program is not installed, or says that something went wrong; the message is its own last line."""


class Litestream:
    """One database and its copy. ``folder`` is where its file of settings is written, which holds no secret."""

    def __init__(self, database: Path, s3: S3Settings, folder: Path) -> None:
        self._database = database
        self._s3 = s3
        self._settings = folder / "litestream.json"

    def start(self, before: Callable[[], None]) -> subprocess.Popen[str]:
        """The program at work; its lines come on standard output. ``before`` is done in the child before it begins.

        Raises LitestreamFailed, OSError.
        """
        self._write_settings()
        return subprocess.Popen(
            self._command("replicate", "-log-level", "warn"),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=before,  # noqa: PLW1509 (one call to the kernel, as for every child of the service)
        )

    def restore(self, into: Path) -> None:
        """Write the newest state of the copy into a new file. Raises LitestreamFailed, OSError."""
        self._write_settings()
        done = subprocess.run(
            self._command("restore", "-o", str(into), str(self._database)),
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not into.exists():
            said = (done.stderr or done.stdout).strip().splitlines()
            raise LitestreamFailed(
                f"litestream brought nothing back: {said[-1] if said else f'exit {done.returncode}'}"
            )

    def _command(self, act: str, *arguments: str) -> list[str]:
        return [str(_program()), act, "-config", str(self._settings), "-no-expand-env", *arguments]

    def _environment(self) -> dict[str, str]:
        """What it needs and no more; a bundle of authorities that others set makes it refuse plain HTTP servers.

        Go programs take the authorities that they trust from ``SSL_CERT_FILE``.
        """
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "SSL_CERT_FILE", "TZ") if name in os.environ}
        if self._s3.ca_file is not None:
            keep["SSL_CERT_FILE"] = str(self._s3.ca_file)
        keys = {
            "LITESTREAM_ACCESS_KEY_ID": self._s3.access_key,
            "LITESTREAM_SECRET_ACCESS_KEY": self._s3.secret_key,
        }
        return {**keep, **keys}

    def _write_settings(self) -> None:
        replica = {
            "type": "s3",
            "bucket": self._s3.bucket,
            "path": f"{PREFIX}{self._database.name}",
            "endpoint": f"{'https' if self._s3.secure else 'http'}://{self._s3.endpoint}",
            "region": self._s3.region,
            "force-path-style": True,
        }
        told = {"dbs": [{"path": str(self._database), "replica": replica}]}  # JSON is YAML
        write_private(self._settings, json.dumps(told, indent=2).encode())


def end(process: subprocess.Popen[str]) -> None:
    """Let it copy what it has, and end it."""
    process.terminate()
    try:
        process.wait(_ENDS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _program() -> Path:
    """On PATH, or beside the Python that runs us. Raises LitestreamFailed."""
    beside = Path(sys.executable).with_name("litestream")
    found = shutil.which("litestream") or (str(beside) if beside.exists() else None)
    if found is None:
        raise LitestreamFailed("litestream is not installed; install it, or unset KAOJIAN_LITESTREAM")
    return Path(found)
