"""Writing down who looked at footage: the entry, its signature, and its seal in a file outside the database.

1. The entry is signed and committed in the database. 2. Its seal is appended to the file and synced. Only then may
footage be shown. A process that dies between the two leaves one entry without a seal, which is signed all the same.
Not here: what a viewing is (``domain.viewings``), the seals of days (``storage.viewing_days``), and the check
(``storage.viewing_check``).
"""

from __future__ import annotations

import os
from pathlib import Path

from domain.viewings import Viewing
from storage.database.viewings import Viewings
from storage.errors import SealRefused
from storage.signing import Signer

SEALS = "seals"
"""The name of the file of seals in its folder."""


class ViewingRecord:
    """See the module. ``folder`` holds the file of seals; without one, database and signature are all there is."""

    def __init__(self, viewings: Viewings, signer: Signer, folder: Path | None) -> None:
        self._viewings = viewings
        self._signer = signer
        self._folder = folder

    def add(self, viewing: Viewing) -> None:
        """Write one viewing down, durably. Raises DatabaseUnavailable, SealRefused: then nothing may be shown."""
        seal = self._viewings.add(viewing, self._signer.sign)
        if self._folder is None:
            return
        # A line begins with its own end of line: what a power cut left of the one before stays a line of its own.
        line = f"\n{seal.number} {seal.digest}\n".encode()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = os.open(self._folder / SEALS, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, line)
                os.fdatasync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise SealRefused(
                f"{self._folder / SEALS} cannot be written ({error.strerror}), and footage is shown only where "
                "that is written down; make room there or let the service write it"
            ) from error
