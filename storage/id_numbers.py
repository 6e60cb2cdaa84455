"""Numbers of people's documents at rest: sealed, and found by a mark, with a key that is not in the database.

The *mark* is HMAC-SHA-256 (RFC 2104) of the number, under a key derived from the oldest key of the file: equal
numbers have equal marks, and who has only the database can neither open a number nor try all numbers against its
mark. A number is sealed for its mark and opens for no other. The file is one of its own beside the other keys, made
with the first number; where it is lost, or another one lies there, nothing is made in its place. Not here: what is
entered (``domain.roll``).
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from pathlib import Path

from config.errors import SecretError
from config.sealing import Ring
from domain.register import Draft
from domain.roll import NUMBERS_KEYS, NumbersKey
from storage import key_files
from storage.database import Database
from storage.errors import KeyRefused
from storage.sealing import Sealer

_PURPOSE = b"kaojian mark of a document's number 1"
_THE_ONE = "1"


class IdNumbers:
    """The key. ``id`` tells it from others and nothing of it."""

    def __init__(self, ring: Ring) -> None:
        self.id = ring.ids()[-1]
        self._sealer = Sealer(ring)
        self._marking = hmac.digest(ring.keys[-1], _PURPOSE, "sha256")

    @classmethod
    def new(cls) -> IdNumbers:
        """A key that is kept nowhere."""
        return cls(Ring.new())

    @classmethod
    def kept(cls, file: Path, database: Database) -> IdNumbers:
        """The key in a file, which is made if this database holds no number yet. Raises KeyRefused, OSError."""
        known = database.register.find(NUMBERS_KEYS, _THE_ONE)
        if known is not None and not file.exists():
            raise KeyRefused(
                f"{file} is not there, and the database holds numbers of documents that only it opens; "
                "bring back the one of your backup"
            )
        held = key_files.kept(file, lambda: Ring.new().text().encode())
        try:
            found = cls(Ring.parse(held.decode("ascii"), str(file)))
        except (SecretError, UnicodeDecodeError) as error:
            raise KeyRefused(f"{file} holds no key; bring back the one of your backup") from error
        if known is not None and known.value != NumbersKey(found.id):
            raise KeyRefused(
                f"{file} is not the key that this database's numbers were sealed with; "
                "bring back the one of your backup"
            )
        return found

    @property
    def draft(self) -> Draft[NumbersKey]:
        """What is entered with the first number, so that no other key is ever made beside it."""
        return Draft(NUMBERS_KEYS, _THE_ONE, NumbersKey(self.id))

    def mark(self, document: str, number: str) -> str:
        """What a number of a sort of document is found by: 64 hexadecimal digits."""
        return hmac.new(self._marking, f"{document}\0{number}".encode(), sha256).hexdigest()

    def seal(self, number: str, mark: str) -> str:
        """The number as text that says nothing."""
        return self._sealer.seal(number, mark)

    def open(self, sealed: str, mark: str) -> str:
        """The number that was sealed for that mark. Raises KeyRefused."""
        return self._sealer.open(sealed, mark)
