"""Secrets in the database, sealed with a key that is not in it, in the one form of ``config.sealing``.

What is sealed for one place opens in no other: whoever can write rows cannot move one person's secret to another.
The key is one of its own: that of camera secrets may be changed by a command that knows nothing of rows. Not here:
what is sealed, and where it lies.
"""

from __future__ import annotations

from pathlib import Path

from config.errors import SecretError
from config.sealing import Ring, seal, unseal
from storage import key_files
from storage.errors import KeyRefused


class Sealer:
    """A key. Safe to share between threads. A place is a name without spaces."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    @classmethod
    def new(cls) -> Sealer:
        """A key that is kept nowhere."""
        return cls(Ring.new())

    @classmethod
    def kept(cls, file: Path) -> Sealer:
        """The key in a file, which is made where it is not there yet. Raises KeyRefused, OSError."""
        held = key_files.kept(file, lambda: Ring.new().text().encode())
        try:
            return cls(Ring.parse(held.decode("ascii"), str(file)))
        except (SecretError, UnicodeDecodeError) as error:
            raise KeyRefused(f"{file} holds no key; bring back the one of your backup") from error

    def seal(self, secret: str, place: str) -> str:
        """The secret as text that says nothing, to be opened for the same place only."""
        return seal(place, secret, self._ring)

    def open(self, text: str, place: str) -> str:
        """What was sealed for that place. Raises KeyRefused where it was not, or with another key."""
        try:
            return unseal(place, text, self._ring, place)
        except SecretError as error:
            raise KeyRefused(
                f"the secret of {place} does not open with this installation's key; bring back that of your backup"
            ) from error
