"""Puts the parts of a checked backup in their places on a machine that has nothing yet: whole or not at all.

1. Nothing lies in any of the places, but for files with the very same bytes, which a killed restore had placed.
2. A database of a later version is refused, an older one is brought to this version's schema: SQLite before anything
   is placed.
3. Files are written one by one, each whole, synced and readable by its owner only.
4. The database comes last, in one step; until then the same restore may be called again.

What fails before the last step takes back what it placed. Not here: what the object store knows beyond the backup
(``storage.backup.comparing``).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config.private_files import write_private
from storage.backup.contents import (
    BESIDE_DATABASE,
    CONTENTS,
    DATABASES,
    KEYS,
    SECRETS,
    SECRETS_KEY,
    BackupContents,
    RestoreRefused,
)
from storage.database import connect, snapshots


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie on this machine, by its settings."""

    data_dir: Path
    secrets_dir: Path
    secrets_key_file: Path
    database_url: str

    def of(self, path: str) -> Path:
        """Where a part of a backup goes, the database aside."""
        if path == SECRETS_KEY:
            return self.secrets_key_file
        if path.startswith(SECRETS):
            return self.secrets_dir / path.removeprefix(SECRETS)
        if path.startswith(BESIDE_DATABASE):
            return self.data_dir / path
        raise ValueError(f"{path} has no place of its own")


def refuse_what_is_there(places: Places, contents: BackupContents) -> None:
    """Raises RestoreRefused, SchemaUnknown, DatabaseUnavailable."""
    snapshots.refuse_newer(contents.schema, "the backup")
    if snapshots.kind_of(places.database_url).value != contents.database:
        raise RestoreRefused(
            f"the backup holds a database of {contents.database}, and KAOJIAN_DATABASE_URL names another kind; set "
            "it to an empty one of that kind"
        )
    if left := snapshots.leftovers(places.database_url):
        raise RestoreRefused(
            f"{left[0]} belongs to a database that is not there, and would get into the restored one; move it away"
        )
    if snapshots.has_tables(places.database_url):
        raise RestoreRefused(
            "the database of this machine is not empty, and a restore overwrites nothing; move it away, or name an "
            "empty one in KAOJIAN_DATABASE_URL"
        )


def place(folder: Path, contents: BackupContents, places: Places) -> list[Path]:
    """Put what ``open_backup`` checked in ``folder`` in its places: the files that were written, the database aside.

    ``folder`` lies on the disk of the database. Raises RestoreRefused, SchemaUnknown, DatabaseUnavailable, OSError.
    """
    refuse_what_is_there(places, contents)
    wanted = {
        places.of(part.path): (folder / part.path).read_bytes()
        for part in contents.parts
        if part.path not in {CONTENTS, KEYS, *DATABASES.values()}
    }
    missing = [path for path, data in wanted.items() if not _stands(path, data)]
    database = folder / DATABASES[contents.database]
    if contents.database == snapshots.Kind.SQLITE:
        snapshots.migrate_file(database)
    placed: list[Path] = []
    try:
        for path in missing:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, wanted[path])
            placed.append(path)
        snapshots.restore(places.database_url, database)
    except BaseException:
        for path in placed:
            with suppress(OSError):
                path.unlink()
        raise
    connect(places.database_url).close()  # PostgreSQL gets this version's schema once it is there
    return placed


def _stands(path: Path, data: bytes) -> bool:
    """Whether a file is there already as it is to be. Raises RestoreRefused where another one is, OSError."""
    try:
        there = path.read_bytes()
    except FileNotFoundError:
        return False
    if there != data:
        raise RestoreRefused(
            f"{path} is there with other content than in the backup, and a restore overwrites nothing; move it away"
        )
    return True
