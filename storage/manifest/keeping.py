"""Brings what was signed of a site's batches into the object store, under the same lock as their footage.

Links go by number and digest, documents and stamps by their hash, so that the name says what lies there and hiding it
behind a delete marker hides nothing. What is there already is left alone, so that this may be repeated. Not here: the
database, which has it all first (``storage.database.closings``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from storage.database import Closings
from storage.objects import Objects

PREFIX = ".manifests/"
"""Where they lie; no segment's key begins with a dot."""


def keep(closings: Closings, site: str, objects: Objects) -> int:
    """Store what is not there yet; how many were stored. Raises as ``Objects.put``, OSError, DatabaseUnavailable."""
    there = objects.keys(f"{PREFIX}{site}/")
    stored = 0
    with TemporaryDirectory(prefix="kaojian-") as folder:
        for key, data, until in _signed(closings, site):
            if key in there:
                continue
            file = Path(folder) / "signed"
            file.write_bytes(data)
            objects.put(key, file, sha256(data).hexdigest(), until)
            stored += 1
    return stored


def _signed(closings: Closings, site: str) -> Iterator[tuple[str, bytes, datetime]]:
    """Documents first: a link in the store names nothing that is not there."""
    for document in closings.documents(site):
        yield f"{PREFIX}{site}/documents/{document.sha256}.json", document.data, document.retained_until
    for link in closings.links(site):
        yield f"{PREFIX}{site}/{link.number:06d}-{link.digest}.json", link.data, link.retained_until
    for stamp in closings.stamps(site):
        yield f"{PREFIX}{site}/stamps/{stamp.number:06d}-{stamp.sha256}.tsr", stamp.data, stamp.retained_until
