"""Named secrets: the user name and password behind a name that set-up files may hold.

A secret comes from the environment (``KAOJIAN_SECRET_CAM_C1`` for ``cam-c1``) or from the file of its name in the
secrets folder; both hold ``user:password``, the file as it is or sealed (``config.sealing``). Not here: who writes
these files (``config.vault``), and which camera uses which secret (``domain.places``).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import KeyMissing, SecretExposed, SecretMalformed, SecretMissing
from config.private_files import write_private
from config.sealing import Ring, is_sealed, unseal

ENVIRONMENT_PREFIX = "KAOJIAN_SECRET_"
NAME = r"[a-z0-9]+(-[a-z0-9]+)*"  # one to one with the names of environment variables
NAME_PATTERN = re.compile(NAME)
KEY_VARIABLE = "KAOJIAN_SECRETS_KEY"
KEY_FILE_VARIABLE = "KAOJIAN_SECRETS_KEY_FILE"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password; printing it never shows the password."""

    username: str
    password: str = field(repr=False)


class KeySource:
    """Where the key that seals secrets comes from: the environment where it is given there, else its file.

    Read each time anew, like the secrets themselves.
    """

    def __init__(self, file: Path, given: str = "", environ: Mapping[str, str] | None = None) -> None:
        self.file = file
        self._given = given
        self._environ = os.environ if environ is None else environ

    def ring(self) -> Ring:
        """The keys. Raises KeyMissing, SecretExposed."""
        if self._given:
            return Ring.parse(self._given, KEY_VARIABLE)
        try:
            with self.file.open(encoding="ascii") as file:
                if not self._from_systemd():
                    refuse_exposed(self.file, os.fstat(file.fileno()).st_mode)
                return Ring.parse(file.read(), str(self.file))
        except FileNotFoundError:
            raise KeyMissing(
                f"the key of sealed secrets is not there: bring {self.file} back, or name it in {KEY_FILE_VARIABLE}"
            ) from None
        except UnicodeDecodeError:
            raise KeyMissing(f"{self.file} is no key; bring back the one of your backup") from None
        except OSError as error:
            raise KeyMissing(f"the key {self.file} cannot be read: {error.strerror}") from None

    def exists(self) -> bool:
        """Whether there is something that should be a key."""
        return bool(self._given) or self.file.exists()

    def keep(self, ring: Ring) -> None:
        """Put these keys in the place of what was there. Raises KeyMissing, OSError."""
        if self._given or self._from_systemd():
            where = KEY_VARIABLE if self._given else str(self.file)
            raise KeyMissing(
                f"the key comes from {where}, which cannot be written from here: "
                f"put it into a file, name that in {KEY_FILE_VARIABLE}, and run the command again"
            )
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.file, ring.text().encode())

    def _from_systemd(self) -> bool:
        """Credentials of a service (systemd.exec(5)) are guarded by systemd, with modes that say something else."""
        folder = self._environ.get("CREDENTIALS_DIRECTORY", "")
        return bool(folder) and self.file.is_relative_to(folder)


class Secrets:
    """Finds secrets by name, each time anew, so that a changed password needs no restart."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None, keys: KeySource | None = None) -> None:
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._keys = keys

    def credentials(self, name: str) -> Credentials:
        """The credentials of that name. Raises SecretError."""
        refuse_name(name)
        variable = environment_name(name)
        if variable in self._environ:
            return parsed(self._environ[variable], f"environment variable {variable}")
        return parsed(self.text(name), f"file {self._folder / name}")

    def given(self, name: str) -> bool:
        """Whether the environment gives that secret, whatever lies in the folder."""
        return environment_name(name) in self._environ

    def text(self, name: str) -> str:
        """What the file of that name holds, opened where it was sealed. Raises SecretError."""
        path = self._folder / name
        held = read_private(path, name)
        if not is_sealed(held):
            return held
        try:
            return unseal(name, held, self._ring(), f"file {path}")
        except KeyMissing:
            # Between the two readings the key may have been changed, and the file with it.
            again = read_private(path, name)
            if again == held:
                raise
            return unseal(name, again, self._ring(), f"file {path}") if is_sealed(again) else again

    def _ring(self) -> Ring:
        if self._keys is None:
            raise KeyMissing("no key of sealed secrets is known here")
        return self._keys.ring()


def refuse_name(name: str) -> None:
    """Raises SecretMalformed for what is no name of a secret."""
    if not NAME_PATTERN.fullmatch(name):
        raise SecretMalformed(f"secret name {name!r}: use lower-case letters, digits and single hyphens")


def read_private(path: Path, name: str) -> str:
    """What the file of a secret holds. Raises SecretMissing, SecretExposed, SecretMalformed."""
    try:
        with path.open(encoding="utf-8") as file:
            refuse_exposed(path, os.fstat(file.fileno()).st_mode)
            return file.read()
    except FileNotFoundError:
        raise SecretMissing(
            f"secret {name!r} is missing: run: kaojian secret set {name}, or set "
            f"{environment_name(name)}=user:password, or write user:password into {path} and run: chmod 600 {path}"
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


def parsed(text: str, source: str) -> Credentials:
    """The credentials in what ``source`` holds. Raises SecretMalformed."""
    username, colon, password = text.rstrip("\r\n").partition(":")
    if not colon or not username or "\n" in text.rstrip("\r\n"):
        raise SecretMalformed(f"{source} must hold one line: user:password")
    return Credentials(username, password)
