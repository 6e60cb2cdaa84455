"""Named secrets: the user name and password behind a name that set-up files may hold.

A secret comes from the environment (``KAOJIAN_SECRET_CAM_C1`` for ``cam-c1``) or from the file of its name in the
secrets folder; both hold ``user:password``. Not here: which camera uses which secret (``domain.places``).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import SecretExposed, SecretMalformed, SecretMissing

ENVIRONMENT_PREFIX = "KAOJIAN_SECRET_"
NAME = r"[a-z0-9]+(-[a-z0-9]+)*"  # one to one with the names of environment variables
_NAME = re.compile(NAME)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password; printing it never shows the password."""

    username: str
    password: str = field(repr=False)


class Secrets:
    """Finds secrets by name, each time anew, so that a changed password needs no restart."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environ = os.environ if environ is None else environ

    def credentials(self, name: str) -> Credentials:
        """The credentials of that name. Raises SecretMissing, SecretExposed or SecretMalformed."""
        if not _NAME.fullmatch(name):
            raise SecretMalformed(f"secret name {name!r}: use lower-case letters, digits and single hyphens")
        variable = environment_name(name)
        if variable in self._environ:
            return _parsed(self._environ[variable], f"environment variable {variable}")
        path = self._folder / name
        return _parsed(self._read(name, path), f"file {path}")

    def _read(self, name: str, path: Path) -> str:
        try:
            with path.open(encoding="utf-8") as file:
                refuse_exposed(path, os.fstat(file.fileno()).st_mode)
                return file.read()
        except FileNotFoundError:
            raise SecretMissing(
                f"secret {name!r} is missing: set {environment_name(name)}=user:password, "
                f"or write user:password into {path} and run: chmod 600 {path}"
            ) from None
        except UnicodeDecodeError:
            raise SecretMalformed(f"file {path} is not UTF-8 text") from None
        except OSError as error:
            raise SecretMissing(f"secret {name!r}: {path} cannot be read: {error.strerror}") from None


def environment_name(name: str) -> str:
    """The environment variable that may hold the secret ``name``."""
    return ENVIRONMENT_PREFIX + name.upper().replace("-", "_")


def refuse_exposed(path: Path, mode: int) -> None:
    """Raises SecretExposed when group or others may read or write a file that holds a secret."""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretExposed(
            f"{path} holds a secret but others can open it (mode {stat.S_IMODE(mode):04o}); run: chmod 600 {path}"
        )


def _parsed(text: str, source: str) -> Credentials:
    username, colon, password = text.rstrip("\r\n").partition(":")
    if not colon or not username or "\n" in text.rstrip("\r\n"):
        raise SecretMalformed(f"{source} must hold one line: user:password")
    return Credentials(username, password)
