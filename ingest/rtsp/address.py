"""A camera's rtsp:// address: where to connect, what to ask for, and how to name it to people. Pure.

Passwords hide in three places of such addresses (before the host, in the query, and with some makers in the
path); ``where`` shows none of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from ingest.rtsp.wire import MalformedMessage

DEFAULT_PORT = 554

_SECRET_IN_PATH = re.compile(r"(?i)\b(user(?:name)?|usr|pass(?:word|wd)?|pwd|auth|token)=[^/;&]*")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class UrlLogin:
    """A user name and password that stood in an address."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "UrlLogin(...)"


@dataclass(frozen=True, slots=True)
class Address:
    """One stream of one camera. ``resource`` is path and query as they stand in the request line."""

    host: str
    port: int
    resource: str
    login: UrlLogin | None = None

    def __repr__(self) -> str:
        return f"Address({self.where})"

    @property
    def url(self) -> str:
        """For the request line: never with credentials, the port only where it is not 554."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORT else f":{self.port}"
        return f"rtsp://{host}{port}{self.resource}"

    @property
    def where(self) -> str:
        """For people and logs: host:port/path, without query and credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = _SECRET_IN_PATH.sub(r"\1=***", self.resource.partition("?")[0])
        return f"{host}:{self.port}{_UNPRINTABLE.sub('', path)[:120]}"

    def rebased(self, url: str) -> str:
        """``url`` with the host and port that we connected to.

        A camera behind address translation names its inner address, which nobody outside reaches.
        """
        try:
            inner = parse_address(url)
        except MalformedMessage:
            return self.url
        return replace(self, resource=inner.resource).url


def parse_address(url: str) -> Address:
    """The parts of an rtsp:// URL. Raises MalformedMessage, whose text does not repeat the URL."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or DEFAULT_PORT
        host = parts.hostname or ""
    except ValueError:
        raise MalformedMessage("the address cannot be read; write it like rtsp://192.0.2.10:554/stream1") from None
    if parts.scheme.lower() != "rtsp" or not host or _UNPRINTABLE.search(url.strip()):
        raise MalformedMessage("the address is no rtsp:// URL; write it like rtsp://192.0.2.10:554/stream1")
    resource = parts.path + (f"?{parts.query}" if parts.query else "")
    login = None
    if parts.username is not None:
        login = UrlLogin(unquote(parts.username), unquote(parts.password or ""))
    return Address(host, port, resource, login)
