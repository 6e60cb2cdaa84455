"""Session descriptions (RFC 4566): which track to record and by which URL to ask for it (RFC 2326, C.1). Pure.

Lenient where cameras are careless (unknown lines, missing session lines), strict about what will be recorded:
H.264 with a 90 kHz clock in single-NAL or non-interleaved packets (RFC 6184, packetization-mode 0 and 1).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.rtsp.address import Address
from ingest.rtsp.wire import MalformedSdp, NoVideoTrack

_STATIC_NAMES = {"26": "JPEG", "31": "H261", "32": "MPV", "33": "MP2T", "34": "H263"}  # RFC 3551, table 5
_RTP_PROFILES = ("RTP/AVP", "RTP/AVPF", "RTP/AVP/TCP", "RTP/AVP/UDP")


@dataclass(slots=True)
class _Media:
    """One m= section while it is read."""

    kind: str
    profile: str
    payload_types: list[str]
    control: str = ""
    codecs: dict[str, str] = field(default_factory=dict)  # payload type -> "H264/90000"
    formats: dict[str, str] = field(default_factory=dict)  # payload type -> fmtp parameters

    def codec(self, payload_type: str) -> str:
        name = self.codecs.get(payload_type) or _STATIC_NAMES.get(payload_type)
        return name or f"payload type {payload_type}"


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The track to record. ``control`` and ``session_control`` are as the camera wrote them, '' where absent."""

    payload_type: int
    control: str
    session_control: str
    parameter_sets: tuple[bytes, ...] = ()  # NAL units from sprop-parameter-sets (RFC 6184 8.1)


def video_track(description: bytes) -> VideoTrack:
    """The first H.264 track of a session description.

    Raises MalformedSdp when it is none, NoVideoTrack when it offers nothing that can be recorded.
    """
    session_control, sections = _sections(description)
    for media in sections:
        for payload_type in media.payload_types:
            if _recordable(media, payload_type):
                sets = _parameter_sets(media.formats.get(payload_type, ""))
                return VideoTrack(int(payload_type), media.control, session_control, sets)
    raise NoVideoTrack(_what_was_offered(sections))


def _recordable(media: _Media, payload_type: str) -> bool:
    codec = media.codecs.get(payload_type, "").upper()
    mode = re.search(r"packetization-mode\s*=\s*(\d+)", media.formats.get(payload_type, ""))
    return (
        media.kind == "video"
        and media.profile.upper() in _RTP_PROFILES
        and re.fullmatch(r"H264/90000(/1)?", codec) is not None
        and (mode is None or mode[1] in ("0", "1"))
        and re.fullmatch(r"[0-9]{1,3}", payload_type) is not None
        and int(payload_type) < 128
    )


def _what_was_offered(sections: Iterable[_Media]) -> str:
    video = [
        media.codec(payload_type) + ("" if media.profile.upper() in _RTP_PROFILES else f" over {media.profile}")
        for media in sections
        if media.kind == "video"
        for payload_type in media.payload_types
    ]
    if not video:
        return "no video track at all"
    return ", ".join(re.sub(r"[^\x21-\x7e ]", "?", name)[:60] for name in video[:8])


def _sections(description: bytes) -> tuple[str, list[_Media]]:
    """The session's control attribute and all m= sections."""
    session_control = ""
    sections: list[_Media] = []
    lines = description.decode("utf-8", "replace").splitlines()
    if not any(line.startswith(("v=", "m=")) for line in lines):
        raise MalformedSdp("the answer to DESCRIBE is no session description")
    for line in lines:
        if line.startswith("m="):
            sections.append(_media(line[2:]))
        elif line.startswith("a=control:"):
            if sections:
                sections[-1].control = line[10:].strip()
            else:
                session_control = line[10:].strip()
        elif sections:
            _read_attribute(sections[-1], line)
    return session_control, sections


def _media(value: str) -> _Media:
    words = value.split()
    if len(words) < 4:
        raise MalformedSdp("a media line without port, profile and format")
    return _Media(kind=words[0].lower(), profile=words[2], payload_types=words[3:])


def _read_attribute(media: _Media, line: str) -> None:
    name, _, value = line.partition(":")
    payload_type, _, rest = value.strip().partition(" ")
    if name == "a=rtpmap":
        media.codecs[payload_type] = rest.strip()
    elif name == "a=fmtp":
        media.formats[payload_type] = rest.strip()


def _parameter_sets(fmtp: str) -> tuple[bytes, ...]:
    """The NAL units of sprop-parameter-sets; those that are no base64 are left out, the stream will bring them."""
    found = re.search(r"sprop-parameter-sets\s*=\s*([A-Za-z0-9+/=,]*)", fmtp)
    sets: list[bytes] = []
    for text in found[1].split(",") if found else ():
        try:
            nal = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            continue
        if nal:
            sets.append(nal)
    return tuple(sets)


def base_url(address: Address, content_base: str | None, content_location: str | None) -> str:
    """Against what relative control URLs are read (RFC 2326 C.1.1), at the address that we connected to."""
    return address.rebased(content_base or content_location or address.url)


def control_url(address: Address, base: str, control: str) -> str:
    """The URL to ask for: ``control`` itself where it is a URL, else ``base`` with ``control`` behind it.

    Cameras mean "behind", not RFC 3986 resolution: ``rtsp://camera/live?channel=1`` and ``trackID=0`` is
    ``rtsp://camera/live?channel=1/trackID=0``; the common players do so, and cameras are tested with those.
    """
    if control in ("", "*"):
        return base
    if control.lower().startswith("rtsp:"):
        return address.rebased(control)
    return f"{base.rstrip('/')}/{control.lstrip('/')}"
