"""Brings what was signed of a site's batches into the object store, under the same lock as their footage.

Links go by number and digest and documents by their hash, so that the name says what lies there and hiding it behind
a delete marker hides nothing. What is there already is left alone, so that this may be repeated. Not here: the
database, which has it all first (``storage.database.closings``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.chain import Seal
from storage.database import Closings
from storage.manifest.form import written
from storage.manifest.keys import published
from storage.objects import Objects

PREFIX = ".manifests/"
"""Where they lie; no segment's key begins with a dot."""

KEYS_PREFIX = ".keys/"
"""Where the public keys lie, one state of their list after the other: without them nobody could check the links of an
installation of which nothing is left but its store."""

_LINK = re.compile(r"\.manifests/([^/]+)/(\d{6,})-([0-9a-f]{64})\.json")


def keep(closings: Closings, site: str, objects: Objects) -> int:
    """Store what is not there yet; how many were stored. Raises as ``Objects.put``, OSError, DatabaseUnavailable."""
    there = objects.keys(f"{PREFIX}{site}/")
    stored = 0
    with TemporaryDirectory(prefix="kaojian-") as folder:
        head = closings.head(site)
        if head is not None:  # put again even where it lies there: locked as long as the last manifest it vouches for
            data = written(published(closings))
            file = Path(folder) / "keys"
            file.write_bytes(data)
            objects.put(keys_key(data), file, sha256(data).hexdigest(), head.retained_until)
        for key, data, until in _signed(closings, site):
            if key in there:
                continue
            file = Path(folder) / "signed"
            file.write_bytes(data)
            objects.put(key, file, sha256(data).hexdigest(), until)
            stored += 1
    return stored


def keys_key(data: bytes) -> str:
    """Under which key a state of the list of public keys lies."""
    return f"{KEYS_PREFIX}{sha256(data).hexdigest()}.json"


def links_in(objects: Objects) -> dict[str, dict[Seal, str]]:
    """By site, every link in the store by its number and digest: its key. Raises as ``Objects.keys``."""
    found: dict[str, dict[Seal, str]] = {}
    for key in sorted(objects.keys(PREFIX)):
        if match := _LINK.fullmatch(key):
            found.setdefault(match[1], {})[Seal(int(match[2]), match[3])] = key
    return found


def heads_in(objects: Objects) -> dict[str, list[Seal]]:
    """By site, the last links in the store: more than one of a number where a chain was forked. Raises as above."""
    found = {}
    for site, links in links_in(objects).items():
        last = max(seal.number for seal in links)
        found[site] = [seal for seal in links if seal.number == last]
    return found


def missing(closings: Closings, site: str, objects: Objects) -> list[str]:
    """Keys of what was signed of a site and is not there. Raises as ``Objects.keys``, DatabaseUnavailable."""
    there = objects.keys(f"{PREFIX}{site}/")
    return [key for key, _, _ in _signed(closings, site) if key not in there]


def _signed(closings: Closings, site: str) -> Iterator[tuple[str, bytes, datetime]]:
    """Documents first: a link in the store names nothing that is not there."""
    for document in closings.documents(site):
        yield f"{PREFIX}{site}/documents/{document.sha256}.json", document.data, document.retained_until
    for link in closings.links(site):
        yield f"{PREFIX}{site}/{link.number:06d}-{link.digest}.json", link.data, link.retained_until
