"""Brings what was signed and sealed from one object store into a second one, as it lies there: manifests, links,
keys, stamps, seals of records, papers of disposals and of withholdings, scans of dossiers, backups.

They are told by their keys, of which each is used once for one content. One goes so:

1. Its first version is read, whatever was put over it since, and with it until when it is locked.
2. It is put into the second store under the same lock, which reads it back and compares it.

Not here: footage, which goes into each store by itself (``storage.archive``), and whether any of it holds
(``storage.manifest``, ``storage.audit``): what was spoilt in the first store is spoilt in the second.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from domain.chain import Record
from domain.timeline import Clock
from storage import scans
from storage.audit.days import prefix_of
from storage.backup import shelf
from storage.errors import StorageError
from storage.manifest import destruction, keeping
from storage.objects import BLOCK_BYTES, Objects, first_version

PREFIXES = (
    keeping.PREFIX,
    keeping.WITHHOLDINGS,
    destruction.PREFIX,
    scans.PREFIX,
    shelf.PREFIX,
    *(prefix_of(record) for record in Record),
)
LOOK_S = 300.0
_log = structlog.get_logger()


class Mirror:
    """From ``source`` to ``target``, again and again."""

    def __init__(self, source: Objects, target: Objects, clock: Clock) -> None:
        self._source = source
        self._target = target
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set, once the object in hand is there. A store that is away is reported once."""
        lost = False
        while not stop.is_set():
            try:
                for key in self.bring():
                    _log.info("paper_mirrored", key=key, bucket=self._target.target)
                    if stop.is_set():
                        return
                lost = False
            except (StorageError, OSError) as error:
                if not lost:
                    _log.warning("papers_not_mirrored", bucket=self._target.target, error=str(error))
                lost = True
            stop.wait(LOOK_S)

    def bring(self) -> Iterator[str]:
        """Bring what the target lacks; the key of each, once it is there. What is locked no longer stays out.

        Raises the errors of ``storage.objects``, OSError.
        """
        for prefix in PREFIXES:
            for key in sorted(self._source.keys(prefix) - self._target.keys(prefix)):
                with TemporaryDirectory(prefix="kaojian-") as folder:
                    if self._bring(key, Path(folder) / "paper"):
                        yield key

    def _bring(self, key: str, file: Path) -> bool:
        version = first_version(self._source, key)
        stat, digest = self._source.stat(key, version), sha256()
        if stat.locked_until is None or stat.locked_until <= self._clock.now():
            return False
        with file.open("wb") as out:
            for offset in range(0, stat.size_bytes, BLOCK_BYTES):
                block = self._source.read(key, offset, min(BLOCK_BYTES, stat.size_bytes - offset), version)
                out.write(block)
                digest.update(block)
        self._target.put(key, file, digest.hexdigest(), stat.locked_until)
        return True
