"""The folder of secrets as it is kept: set one, seal those that lie in the clear, change the key.

Each step leaves a state that can be read: files are replaced whole, and a key is dropped only when nothing wants it
any more. Whoever is stopped in the middle runs the same command again. Not here: reading (``config.secrets``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from config.errors import KeyMissing
from config.private_files import write_private
from config.sealing import Ring, is_sealed, seal
from config.secrets import NAME_PATTERN, KeySource, Secrets, parsed, read_private, refuse_name


class Vault:
    """All secrets of one folder, and the key that they are sealed with."""

    def __init__(self, folder: Path, keys: KeySource) -> None:
        self._folder = folder
        self._keys = keys
        self._secrets = Secrets(folder, {}, keys)

    def names(self) -> list[str]:
        """All secrets that lie in the folder, by name."""
        try:
            return sorted(each.name for each in self._folder.iterdir() if NAME_PATTERN.fullmatch(each.name))
        except FileNotFoundError:
            return []

    def in_the_clear(self) -> list[str]:
        """Those that lie there as they are. Raises SecretError."""
        return [name for name in self.names() if not is_sealed(self._read(name))]

    def put(self, name: str, secret: str) -> None:
        """Seal a secret, ``user:password``, in the place of what was there. Raises SecretError, OSError."""
        refuse_name(name)
        text = secret.rstrip("\r\n")
        parsed(text, f"the secret {name}")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            self._write(name, seal(name, text, self._ring()))

    def seal_all(self) -> list[str]:
        """Seal what lies in the clear; the names of those. Nothing is changed where one is malformed.

        Raises SecretError, OSError.
        """
        with self._alone():
            names = self.in_the_clear()
            texts = {name: self._read(name).rstrip("\r\n") for name in names}
            for name, text in texts.items():
                parsed(text, f"file {self._folder / name}")
            if texts:
                ring = self._ring()
                for name, text in texts.items():
                    self._write(name, seal(name, text, ring))
            return names

    def rekey(self) -> int:
        """Seal everything that is sealed with a fresh key and forget the old one; how many secrets that were.

        1. Everything must open. 2. The fresh key is put before the old ones. 3. Each secret is sealed anew.
        4. The old keys are dropped. Raises SecretError, OSError.
        """
        with self._alone():
            names = [name for name in self.names() if is_sealed(self._read(name))]
            texts = {name: self._secrets.text(name) for name in names}
            old = self._keys.ring() if names else Ring(())
            fresh = Ring.new(old.keys)
            self._keys.keep(fresh)
            for name, text in texts.items():
                self._write(name, seal(name, text, fresh))
            self._keys.keep(Ring(fresh.keys[:1]))
            return len(names)

    def _ring(self) -> Ring:
        """The key that is there, or a first one; never another one beside secrets that want the old one."""
        try:
            return self._keys.ring()
        except KeyMissing:
            if self._keys.exists() or any(is_sealed(self._read(name)) for name in self.names()):
                raise
        ring = Ring.new()
        self._keys.keep(ring)
        return ring

    def _read(self, name: str) -> str:
        return read_private(self._folder / name, name)

    def _write(self, name: str, text: str) -> None:
        write_private(self._folder / name, text.encode())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One command at a time (flock(2)); who only reads waits for nobody."""
        if not self._folder.is_dir():
            yield
            return
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            flock(handle, LOCK_EX)
            yield
        finally:
            os.close(handle)
