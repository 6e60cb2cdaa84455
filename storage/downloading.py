"""Brings one file from a server, for an operator who knows its hash beforehand.

Over https, or in the clear from this machine alone; redirections are followed under the same rule. Not here: what the
file must hash to, and where it goes (``storage.model_files``).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import urllib3

from config.oidc import is_loopback
from storage.errors import StorageError

BLOCK_BYTES = 1 << 20

_REDIRECTIONS = 5
_TIMEOUT = urllib3.Timeout(connect=10, read=60)


class DownloadFailed(StorageError):
    """The address is none to download from, or its server did not give the file."""


def refuse_address(url: str) -> None:
    """Raises DownloadFailed for what is no https address; http counts on loopback only."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise DownloadFailed(f"{shown(url)} is no https address, and in the clear only loopback is taken")
    if not parts.hostname or "@" in parts.netloc:
        raise DownloadFailed(f"{shown(url)} is no address: write https://host/path, without a user")


def shown(url: str) -> str:
    """An address for people and for records: without user, password and query, which may hold keys."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def blocks(url: str) -> Iterator[bytes]:
    """The bytes of the file at an address, as they come. Raises DownloadFailed."""
    pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)
    try:
        answer = _answer(pool, url)
        try:
            yield from answer.stream(BLOCK_BYTES, decode_content=False)
        finally:
            answer.release_conn()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise DownloadFailed(f"{shown(url)} cannot be downloaded: {type(error).__name__}") from error
    finally:
        pool.clear()


def _answer(pool: urllib3.PoolManager, url: str) -> urllib3.BaseHTTPResponse:
    for _ in range(_REDIRECTIONS + 1):
        refuse_address(url)
        headers = {"Accept-Encoding": "identity"}  # its hash is that of the file as it is
        answer = pool.request("GET", url, headers=headers, preload_content=False, redirect=False)
        if answer.status == 200:
            return answer
        target = answer.get_redirect_location()
        answer.drain_conn()
        answer.release_conn()
        if not target:
            raise DownloadFailed(f"{shown(url)}: the server answers {answer.status}")
        url = urljoin(url, target)
    raise DownloadFailed(f"{shown(url)}: redirected more than {_REDIRECTIONS} times")
