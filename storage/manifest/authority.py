"""Asks a time stamp authority over HTTP (RFC 3161, 3.4), and keeps what it says of links.

Whatever the authority does, asking ends after some seconds, and nothing but a stamp that holds is kept: judged by the
certificates of the settings, of this link, in answer to this request. A link that was not stamped is stamped later,
and the stamp then tells that later time. Not here: what makes a stamp hold (``storage.manifest.stamps``).

    StorageError
    └── AuthoritySilent   the authority does not answer, too late, too much, or with an error; try again later
"""

from __future__ import annotations

import threading
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from storage.database import Closings
from storage.database.closings import KeptLink, KeptStamp
from storage.errors import StorageError
from storage.manifest.stamps import MAX_STAMP_BYTES, Roots, Stamp, StampRefused, judge, refuse_before, wanted

ANSWER_S = 10.0
"""How long an authority may take, from the first byte that is sent to the last one that comes."""


class AuthoritySilent(StorageError):
    """The authority gave no stamp: it does not answer, takes too long, or says no. Nothing is known of the link."""


class Authority(Protocol):
    """Who stamps."""

    def stamp(self, message: bytes) -> tuple[bytes, Stamp]:
        """A stamp of these bytes, made now, and what it says. Raises AuthoritySilent, StampRefused, RootsRefused."""


class HttpAuthority:
    """An authority at an address, believed by the certificates in a file, which is read anew each time. Safe to share
    between threads.
    """

    def __init__(self, url: str, roots: Path, answer_s: float = ANSWER_S) -> None:
        self._url = url
        self._roots = roots
        self._answer_s = answer_s
        self._name = urlsplit(url).netloc
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=answer_s, read=answer_s))

    def stamp(self, message: bytes) -> tuple[bytes, Stamp]:
        roots, asked = Roots.read([self._roots]), wanted(message)
        data = self._answered(asked.data)
        try:
            return data, judge(data, message, roots, asked.nonce)
        except StampRefused as error:
            raise StampRefused(f"{self._name} sent a time stamp that does not hold: {error}") from error

    def _answered(self, request: bytes) -> bytes:
        """In a thread of its own: an answer that drips in would outlast every time-out of a connection."""
        found: list[bytes] = []
        failed: list[AuthoritySilent] = []

        def ask() -> None:
            try:
                found.append(self._post(request))
            except AuthoritySilent as error:
                failed.append(error)

        thread = threading.Thread(target=ask, name="time-stamp", daemon=True)
        thread.start()
        thread.join(self._answer_s)
        if failed:
            raise failed[0]
        if not found:
            raise AuthoritySilent(f"{self._name} did not answer within {self._answer_s:g} s")
        return found[0]

    def _post(self, request: bytes) -> bytes:
        try:
            answer = self._pool.request(
                "POST",
                self._url,
                body=request,
                headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
                preload_content=False,
                redirect=False,
            )
            try:
                if answer.status != 200:
                    raise AuthoritySilent(f"{self._name} answered {answer.status} instead of a time stamp")
                data = answer.read(MAX_STAMP_BYTES + 1)
            finally:
                answer.close()
        except (HTTPError, OSError, ValueError) as error:
            raise AuthoritySilent(f"{self._name} does not answer: {type(error).__name__}") from error
        if len(data) > MAX_STAMP_BYTES:
            raise AuthoritySilent(f"{self._name} answered more than {MAX_STAMP_BYTES} bytes, which is no time stamp")
        return bytes(data)


def stamp_link(closings: Closings, link: KeptLink, authority: Authority) -> KeptStamp:
    """Have a link stamped, and keep that. Raises as ``Authority.stamp``, DatabaseUnavailable.

    A stamp that is before the link by more than the tolerance is not kept: it could never be checked, and one that is
    fetched when the clocks have passed that instant can.
    """
    data, stamp = authority.stamp(link.data)
    refuse_before(stamp, link.signed_at)
    kept = KeptStamp(link.site, link.number, sha256(data).hexdigest(), stamp.time, link.retained_until, data)
    return closings.add_stamp(kept)


def stamp_missing(closings: Closings, authority: Authority, site: str | None = None) -> list[KeptStamp]:
    """Have every link stamped that is not yet, of one site or of all; the newest first, which vouches for all before.

    Raises as ``stamp_link`` at the first that is not stamped; those before it are kept.
    """
    return [stamp_link(closings, link, authority) for link in closings.unstamped(site)]
