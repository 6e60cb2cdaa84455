"""What a process needs to add to the records: the key that signs entries, and the files outside the database that
their seals go into.

1. The entry is signed and committed in the database (``storage.database.chained``). 2. Its seal is appended to the
file and synced. A process that dies between the two leaves one entry without a seal, which is signed all the same.
Not here: keys (``storage.signing``, which processes that write nothing down need not load), the seals of days
(``storage.audit.days``) and the check (``storage.audit.checking``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from domain.chain import Record, Seal
from storage.errors import SealRefused

SEALS = "seals"
"""The name of the file of seals in the folder of its record."""


class Signs(Protocol):
    """A private key."""

    def sign(self, data: bytes) -> str:
        """The signature of these bytes."""


@dataclass(frozen=True, slots=True)
class Notary:
    """See the module. ``folder`` holds a folder for each record; without one, database and signature are all there
    is.
    """

    signer: Signs
    folder: Path | None

    def keep(self, record: Record, seal: Seal) -> None:
        """Append a seal to the file of its record, durably. Raises SealRefused."""
        if self.folder is None:
            return
        # A line begins with its own end of line: what a power cut left of the one before stays a line of its own.
        line = f"\n{seal.number} {seal.digest}\n".encode()
        path = self.folder / record / SEALS
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, line)
                os.fdatasync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise SealRefused(
                f"{path} cannot be written ({error.strerror}); make room there or let the service write it"
            ) from error
