"""Brings what was signed of a site's batches into the object store, under the same lock as their footage.

Links go by number and digest, documents and stamps by their hash, so that the name says what lies there and hiding it
behind a delete marker hides nothing. The public keys lie beside them, so that who has the store alone can check it
(``storage.manifest.stored``). What is there already is left alone, so that this may be repeated. Not here: the
database, which has it all first (``storage.database.closings``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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

WITHHOLDINGS = ".withholdings/"
"""Where statements of withholdings lie (``withheld``), with the keys again: one may come before any closing."""

_LINK = re.compile(r"\.manifests/([^/]+)/(\d{6,})-([0-9a-f]{64})\.json")
_KEYS = re.compile(r"(?:\.manifests/[^/]+|\.withholdings)/keys/\d{6,}-([0-9a-f]{64})\.json")
_STAMP = re.compile(r"\.manifests/([^/]+)/stamps/(\d{6,})-([0-9a-f]{64})\.tsr")


def link_key(site: str, number: int, digest: str) -> str:
    """Where a link of the chain lies in the store."""
    return f"{PREFIX}{site}/{number:06d}-{digest}.json"


def document_key(site: str, digest: str) -> str:
    """Where a manifest or a report lies in the store."""
    return f"{PREFIX}{site}/documents/{digest}.json"


def stamp_key(site: str, number: int, digest: str) -> str:
    """Where a stamp of a link lies in the store; ``digest`` is that of the stamp."""
    return f"{PREFIX}{site}/stamps/{number:06d}-{digest}.tsr"


def keys_key(site: str, number: int, digest: str) -> str:
    """Where the public keys lie in the store, as they were published when the link of that number was the last."""
    return f"{PREFIX}{site}/keys/{number:06d}-{digest}.json"


def keep(closings: Closings, site: str, objects: Objects) -> int:
    """Store what is not there yet; how many were stored. Raises as ``Objects.put``, OSError, DatabaseUnavailable."""
    return keep_all(objects, f"{PREFIX}{site}/", _signed(closings, site))


def keep_stamps(closings: Closings, site: str, objects: Objects) -> int:
    """The same of stamps alone, which come later than what they are of."""
    return keep_all(objects, f"{PREFIX}{site}/stamps/", _stamps(closings, site))


def keep_all(objects: Objects, prefix: str, things: Iterable[tuple[str, bytes, datetime]]) -> int:
    """Store of these what is not there yet, by key, bytes and the end of its lock, each read back: how many.

    All lie under ``prefix``. Raises as ``Objects.put``, OSError.
    """
    there = objects.keys(prefix)
    stored = 0
    with TemporaryDirectory(prefix="kaojian-") as folder:
        for key, data, until in things:
            if key in there:
                continue
            file = Path(folder) / "signed"
            file.write_bytes(data)
            objects.put(key, file, sha256(data).hexdigest(), until)
            stored += 1
    return stored


def links_in(objects: Objects) -> dict[str, dict[Seal, str]]:
    """By site, every link in the store by its number and digest: its key. Raises as ``Objects.keys``."""
    return _links(objects.keys(PREFIX))


def unknown_links(closings: Closings, site: str, objects: Objects) -> list[Seal]:
    """Links of a site in the store that the database does not have, in order: it is older than what was signed.

    Raises as ``Objects.keys``, DatabaseUnavailable.
    """
    here = {Seal(link.number, link.digest) for link in closings.links(site)}
    stored = _links(objects.keys(f"{PREFIX}{site}/")).get(site, {})
    return sorted(stored.keys() - here, key=lambda seal: (seal.number, seal.digest))


def _links(keys: Iterable[str]) -> dict[str, dict[Seal, str]]:
    found: dict[str, dict[Seal, str]] = {}
    for key in sorted(keys):
        if match := _LINK.fullmatch(key):
            found.setdefault(match[1], {})[Seal(int(match[2]), match[3])] = key
    return found


def key_lists_in(objects: Objects) -> dict[str, str]:
    """Every list of public keys in the store by its key: its SHA-256. Raises as ``Objects.keys``."""
    there = sorted(objects.keys(PREFIX) | objects.keys(WITHHOLDINGS))
    return {key: match[1] for key in there if (match := _KEYS.fullmatch(key))}


def stamps_in(objects: Objects, site: str) -> dict[str, tuple[int, str]]:
    """Every stamp of a site in the store by its key: the number of its link, and its SHA-256."""
    found = {}
    for key in sorted(objects.keys(f"{PREFIX}{site}/stamps/")):
        if match := _STAMP.fullmatch(key):
            found[key] = (int(match[2]), match[3])
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
        yield document_key(site, document.sha256), document.data, document.retained_until
    links = closings.links(site)
    for last in links[-1:]:  # with each link again, so that they are locked as long as it is
        keys = written(published(closings))
        yield keys_key(site, last.number, sha256(keys).hexdigest()), keys, last.retained_until
    for link in links:
        yield link_key(site, link.number, link.digest), link.data, link.retained_until
    yield from _stamps(closings, site)


def _stamps(closings: Closings, site: str) -> Iterator[tuple[str, bytes, datetime]]:
    for stamp in closings.stamps(site):
        yield stamp_key(site, stamp.number, stamp.sha256), stamp.data, stamp.retained_until
