"""What lies in a backup: its parts by path, and the signed list of them.

    contents.json        the signed list of all others, the last file of the archive
    keys.json            the public keys that signed and sign, as published; left out before the first closing
    database.sqlite3     one state of the database, or database.pgdump
    secrets/             the folder of secrets: the signing key, the key of second factors, sealed secrets
    secrets.key          the key that secrets are sealed with, where it lies in a file
    viewings/, journal/  the seals of the records, and those of days
    tls/                 certificates and their keys that ``kaojian tls`` made
    set-up/              rule packs, the file of webhooks, certificates from elsewhere, the file of settings and the
                         variables of the environment that are settings

The archive is a tar (POSIX.1-1988, gzip) inside the envelope. Not here: where each part comes from
(``storage.backup.writing``) and goes to (``storage.backup.restoring``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.errors import StorageError

CONTENTS_FORM = "kaojian-backup-1"
CONTENTS = "contents.json"
KEYS = "keys.json"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
SECRETS = "secrets/"
SECRETS_KEY = "secrets.key"
SIGNING_KEY = "secrets/signing.key"
BESIDE_DATABASE = ("viewings/", "journal/", "tls/", "set-up/")
SET_UP = "set-up/"


class BackupRefused(StorageError):
    """What was opened is not what was signed, or was signed by a key that nobody named."""


class BackupFailed(StorageError):
    """A backup cannot be made now; the message says why, and nothing is left of it."""


class RestoreRefused(StorageError):
    """Something lies where the backup would go; nothing was written."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file, by its path with forward slashes."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BackupContents:
    """The signed list. ``key`` signs it; ``schema`` is the migration that the database is of."""

    form: str
    made: datetime
    software: str
    key: str
    database: str
    schema: str
    parts: tuple[Part, ...]
