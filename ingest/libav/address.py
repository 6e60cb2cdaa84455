"""What can be opened through libav: addresses by scheme, what libav is told about each, how they are named. Pure.

Passwords hide in addresses; ``where`` shows none, and no text of libav itself is ever repeated, since it quotes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from domain.places import SCHEMES, Transport, scheme_of
from ingest.source import UnsupportedStream

_RTSP: Final = frozenset({"rtsp", "rtsps"})
_HTTP: Final = frozenset({"http", "https"})
_RTMP: Final = frozenset({"rtmp", "rtmps"})
_SECRET_IN_PATH = re.compile(r"(?i)\b(user(?:name)?|usr|pass(?:word|wd)?|pwd|auth|token)=[^/;&]*")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f]")
_UDP_BUFFER_BYTES: Final = 2 << 20  # the burst of a large key frame


class Login(Protocol):
    """A user name and a password."""

    @property
    def username(self) -> str: ...

    @property
    def password(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Target:
    """One stream as libav is asked for it. ``name`` holds the credentials, ``where`` is for people and logs."""

    scheme: str
    where: str
    name: str = field(repr=False)
    options: dict[str, str]

    @property
    def is_file(self) -> bool:
        return self.scheme == "file"


def target(url: str, login: Login | None, transport: Transport, answer_s: float) -> Target:
    """The stream at ``url``, which may be the path of a file. ``login`` wins over one in the address.

    ``answer_s`` is how long libav waits for the other side. Raises UnsupportedStream.
    """
    if "://" not in url:
        return _file(Path(url))
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UnsupportedStream("the address cannot be read; write it like rtsps://192.0.2.10/stream1") from None
    scheme = scheme_of(url)
    if scheme not in SCHEMES:
        known = ", ".join(SCHEMES)
        raise UnsupportedStream(f"{scheme}:// cannot be recorded by the libav of this installation; use {known}")
    if scheme == "file":
        return _file(Path(unquote(parts.path)))
    if not host or _UNPRINTABLE.search(url.strip()):
        raise UnsupportedStream(f"the address names no host; write it like {scheme}://192.0.2.10/stream1")
    shown_host = f"[{host}]" if ":" in host else host
    authority = shown_host if port is None else f"{shown_host}:{port}"
    name, password = parts.username, parts.password
    if login is not None:
        name, password = quote(login.username, safe=""), quote(login.password, safe="")
    signed_on = authority if name is None else f"{name}:{password or ''}@{authority}"
    path = _UNPRINTABLE.sub("", _SECRET_IN_PATH.sub(r"\1=***", parts.path))[:120]
    opened = urlunsplit((scheme, signed_on, parts.path, parts.query, ""))
    return Target(scheme, f"{scheme}://{authority}{path}", opened, _options(scheme, transport, answer_s))


def _file(path: Path) -> Target:
    return Target("file", str(path), f"file:{path}", {**_COMMON, "protocol_whitelist": "file"})


_COMMON: Final = {
    "fpsprobesize": "0",
    "analyzeduration": "2000000",
}  # or a second and more is held back to guess a rate


def _options(scheme: str, transport: Transport, answer_s: float) -> dict[str, str]:
    """What libav is told. Never ``fflags=nobuffer``: it loses the first key frame."""
    wait_us = str(round(answer_s * 1_000_000))
    if scheme in _RTSP:
        # Sound and metadata are never asked for: with them libav would also bend RTP time to the camera's clock.
        by = "udp+tcp" if transport is Transport.UDP and scheme == "rtsp" else "tcp"
        only_video = {"allowed_media_types": "video", "buffer_size": str(_UDP_BUFFER_BYTES)}
        return {**_COMMON, **_TLS, **only_video, "rtsp_transport": by, "timeout": wait_us}
    if scheme in _HTTP:
        return {**_COMMON, **_TLS, "rw_timeout": wait_us, "protocol_whitelist": "http,https,tcp,tls,crypto,httpproxy"}
    return {**_COMMON, **_TLS, "rw_timeout": wait_us, "rtmp_live": "live"}


_TLS: Final = {"tls_verify": "0"}  # cameras sign their own certificates (docs/decisions/0014-two-engines.md)
