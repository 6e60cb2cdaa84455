"""RTSP 1.0 as text: requests cut out of a byte stream, answers written, Digest checked, the SDP composed.

Pure; no socket and no state but the reader's rest of bytes. Sources: RFC 2326 (RTSP), RFC 2617 and RFC 7616
(Digest), RFC 4566 (SDP), RFC 6184 8.2.1 (H.264 in SDP), RFC 7798 7.1 (H.265 in SDP).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ingest.packets import CLOCK_RATE, PAYLOAD_TYPE

_LONGEST_HEAD = 16_384
_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    501: "Not Implemented",
}


class MalformedRequest(Exception):
    """Bytes that are no RTSP; the connection cannot go on."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are lower case."""

    method: str
    uri: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A packet inside the RTSP connection (RFC 2326 10.12)."""

    channel: int
    packet: bytes


class RequestReader:
    """Cuts a byte stream into requests and interleaved packets."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Request | Interleaved]:
        """Everything that is complete now. Raises MalformedRequest."""
        self._rest += data
        found: list[Request | Interleaved] = []
        while (item := self._next()) is not None:
            found.append(item)
        return found

    def _next(self) -> Request | Interleaved | None:
        self._rest = self._rest if self._rest[:1] == b"$" else self._rest.lstrip(b"\r\n")
        if self._rest[:1] == b"$":
            size = 4 + int.from_bytes(self._rest[2:4], "big")
            if len(self._rest) < max(size, 4):
                return None
            packet, self._rest = self._rest[:size], self._rest[size:]
            return Interleaved(packet[1], packet[4:])
        head, separator, body = self._rest.partition(b"\r\n\r\n")
        if not separator:
            if len(head) > _LONGEST_HEAD:
                raise MalformedRequest("a request without an end")
            return None
        request = _parsed(head)
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_HEAD:
            raise MalformedRequest("a body of unknown length")
        if len(body) < int(length):
            return None
        self._rest = body[int(length) :]
        return request


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    words = first.split()
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise MalformedRequest("not an RTSP request line")
    pairs = (line.partition(":") for line in lines)
    return Request(words[0], words[1], {name.strip().lower(): value.strip() for name, _, value in pairs})


def answer(status: int, sequence: str, headers: Mapping[str, str] | None = None, body: str = "") -> bytes:
    """A response; ``sequence`` is the request's CSeq."""
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {sequence}", "Server: Kaojian camera simulator"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Authentication(StrEnum):
    """How a camera asks for its password."""

    DIGEST_MD5 = "digest_md5"  # RFC 2617 without qop, as most cameras do
    DIGEST_SHA256 = "digest_sha256"  # RFC 7616 with qop
    BASIC = "basic"


class Gate:
    """Checks the credentials of one connection; without a username everybody may pass."""

    def __init__(self, username: str | None, password: str | None, scheme: Authentication) -> None:
        self._username, self._password, self._scheme = username, password or "", scheme
        self._realm = "Kaojian simulated camera"
        self._nonce = secrets.token_hex(16)

    def challenge(self) -> str:
        """The value of WWW-Authenticate."""
        if self._scheme is Authentication.BASIC:
            return f'Basic realm="{self._realm}"'
        challenge = f'Digest realm="{self._realm}", nonce="{self._nonce}"'
        if self._scheme is Authentication.DIGEST_SHA256:
            challenge += ', algorithm=SHA-256, qop="auth"'
        return challenge

    def admits(self, request: Request) -> bool:
        """Whether the request carries the right credentials."""
        if self._username is None:
            return True
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if self._scheme is Authentication.BASIC:
            expected = base64.b64encode(f"{self._username}:{self._password}".encode()).decode()
            return scheme.lower() == "basic" and hmac.compare_digest(rest.strip().encode(), expected.encode())
        if scheme.lower() != "digest":
            return False
        given = {match[1].lower(): match[2] or match[3] for match in _PARAMETER.finditer(rest)}
        if given.get("username") != self._username or given.get("nonce") != self._nonce:
            return False
        algorithm = "sha256" if self._scheme is Authentication.DIGEST_SHA256 else "md5"
        expected = digest_response(algorithm, request.method, self._password, {**given, "realm": self._realm})
        return hmac.compare_digest(given.get("response", "").lower().encode(), expected.encode())


def digest_response(algorithm: str, method: str, password: str, given: Mapping[str, str]) -> str:
    """The response that belongs to a client's parameters (RFC 2617 3.2.2.1; RFC 7616 3.4.1)."""

    def hashed(*parts: str) -> str:
        return hashlib.new(algorithm, ":".join(parts).encode()).hexdigest()

    who = hashed(given.get("username", ""), given.get("realm", ""), password)
    what = hashed(method, given.get("uri", ""))
    nonce = given.get("nonce", "")
    if "qop" in given:
        return hashed(who, nonce, given.get("nc", ""), given.get("cnonce", ""), given["qop"], what)
    return hashed(who, nonce, what)


_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


def session_description(*, title: str, host: str, codec: str, sets: tuple[bytes, ...], fps: float) -> str:
    """The SDP of one video track. With a codec other than H264 and H265 it offers that name and no parameters."""
    lines = [
        "v=0",
        f"o=- {secrets.randbits(31)} 1 IN IP4 {host}",
        f"s={title}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {codec}/{CLOCK_RATE}",
    ]
    encoded = [base64.b64encode(nal).decode() for nal in sets]
    if codec == "H264":
        profile = f"profile-level-id={sets[0][1:4].hex().upper()}"
        lines.append(f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;{profile};sprop-parameter-sets={','.join(encoded)}")
    elif codec == "H265":
        named = zip(("sprop-vps", "sprop-sps", "sprop-pps"), encoded, strict=True)
        lines.append(f"a=fmtp:{PAYLOAD_TYPE} {'; '.join(f'{name}={value}' for name, value in named)}")
    lines += [f"a=framerate:{fps:g}", "a=control:track1"]
    return "\r\n".join(lines) + "\r\n"
