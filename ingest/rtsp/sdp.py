"""Session descriptions (RFC 4566): which tracks to record and by which URL to ask for it (RFC 2326, C.1). Pure.

Lenient where cameras are careless (unknown lines, missing session lines), strict about what will be recorded:
H.264 with a 90 kHz clock in single-NAL or non-interleaved packets (RFC 6184, packetization-mode 0 and 1), H.265 with
the same clock in packets of decoding order (RFC 7798, sprop-max-don-diff 0).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ingest.rtsp.address import Address
from ingest.rtsp.codings import H264, H265, Coding
from ingest.rtsp.wire import MalformedSdp, NoVideoTrack
from storage.media import MediaError, SoundCodec, SoundFormat

_STATIC_NAMES = {"26": "JPEG", "31": "H261", "32": "MPV", "33": "MP2T", "34": "H263"}  # RFC 3551, table 5
_STATIC_SOUND = {"0": "PCMU/8000", "8": "PCMA/8000"}  # RFC 3551, table 4
_G711 = {"PCMU": SoundCodec.ULAW, "PCMA": SoundCodec.ALAW}
_CODINGS = {"H264": H264, "H265": H265}
# RFC 6184 8.1: one list for all; RFC 7798 7.1: one for each kind
_SPROP = {"H264": ("sprop-parameter-sets",), "H265": ("sprop-vps", "sprop-sps", "sprop-pps")}
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
        names = _STATIC_SOUND if self.kind == "audio" else _STATIC_NAMES
        name = self.codecs.get(payload_type) or names.get(payload_type)
        return name or f"payload type {payload_type}"


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The track to record. ``control`` and ``session_control`` are as the camera wrote them, '' where absent."""

    payload_type: int
    control: str
    session_control: str
    coding: Coding
    parameter_sets: tuple[bytes, ...] = ()  # NAL units from the sprop parameters


def video_track(description: bytes) -> VideoTrack:
    """The first H.264 or H.265 track of a session description, in the camera's order of preference.

    Raises MalformedSdp when it is none, NoVideoTrack when it offers nothing that can be recorded.
    """
    session_control, sections = _sections(description)
    for media in sections:
        for payload_type in media.payload_types:
            coding = _recordable(media, payload_type)
            if coding is not None:
                sets = _parameter_sets(media.formats.get(payload_type, ""), coding)
                return VideoTrack(int(payload_type), media.control, session_control, coding, sets)
    raise NoVideoTrack(_what_was_offered(sections))


def audio_codecs(description: bytes) -> tuple[str, ...]:
    """The codecs of the sound that is offered beside the pictures. Raises MalformedSdp."""
    _, sections = _sections(description)
    offered = (media.codec(kind) for media in sections if media.kind == "audio" for kind in media.payload_types[:1])
    return tuple(re.sub(r"[^\x21-\x7e ]", "?", name)[:60] for name in offered)


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The sound that can be recorded. The lengths are those of the fields of an AU header (RFC 3640 4.1), in bits;
    0 for G.711, which has none (RFC 3551 4.5.14)."""

    payload_type: int
    control: str
    format: SoundFormat
    size_bits: int = 0
    index_bits: int = 0
    index_delta_bits: int = 0


def sound_track(description: bytes) -> SoundTrack | None:
    """The first G.711 or AAC track (RFC 3551, RFC 3640) of a session description, None where there is none to record.

    Raises MalformedSdp.
    """
    _, sections = _sections(description)
    for media in sections:
        if media.kind == "audio" and media.profile.upper() in _RTP_PROFILES:
            for payload_type in media.payload_types:
                if re.fullmatch(r"[0-9]{1,3}", payload_type) and int(payload_type) < 128:
                    found = _sound(media, payload_type)
                    if found is not None:
                        return found
    return None


def _sound(media: _Media, payload_type: str) -> SoundTrack | None:
    coding = re.fullmatch(r"([A-Z0-9-]+)/(\d{1,6})(?:/(\d))?", media.codec(payload_type).upper())
    if coding is None:
        return None
    name, rate = coding[1], int(coding[2])
    try:
        if name in _G711:
            sound = SoundFormat(_G711[name], rate, int(coding[3] or 1))
            return SoundTrack(int(payload_type), media.control, sound)
        if name == "MPEG4-GENERIC":
            return _aac(media, payload_type, rate)
    except MediaError:
        return None
    return None


def _aac(media: _Media, payload_type: str, rate: int) -> SoundTrack | None:
    """AAC in AAC-hbr packets or alike (RFC 3640 3.3.6), in the order of decoding, sizes told."""
    fmtp = media.formats.get(payload_type, "")
    found = re.search(r"(?i)\bconfig\s*=\s*((?:[0-9a-f]{2})+)\b", fmtp)
    size, index, delta = (_number(fmtp, f"(?i:{name}length)") for name in ("size", "index", "indexdelta"))
    if found is None or not 1 <= size <= 16 or max(index, delta) > 16:
        return None
    sound = replace(SoundFormat.from_aac(bytes.fromhex(found[1])), rate=rate)
    return SoundTrack(int(payload_type), media.control, sound, size, index, delta)


def _recordable(media: _Media, payload_type: str) -> Coding | None:
    """How to read this payload type; None where it cannot be recorded."""
    codec = re.fullmatch(r"(H26[45])/90000(/1)?", media.codecs.get(payload_type, "").upper())
    if (
        codec is None
        or media.kind != "video"
        or media.profile.upper() not in _RTP_PROFILES
        or re.fullmatch(r"[0-9]{1,3}", payload_type) is None
        or int(payload_type) >= 128
    ):
        return None
    fmtp = media.formats.get(payload_type, "")
    reordered = {
        "H264": _number(fmtp, "packetization-mode") > 1,
        "H265": _number(fmtp, "sprop-max-don-diff") > 0,  # then each unit has a number that tells its place
    }
    return None if reordered[codec[1]] else _CODINGS[codec[1]]


def _number(fmtp: str, name: str) -> int:
    """The value of a parameter, 0 where there is none."""
    found = re.search(rf"{name}\s*=\s*(\d{{1,9}})", fmtp)
    return int(found[1]) if found else 0


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


def _parameter_sets(fmtp: str, coding: Coding) -> tuple[bytes, ...]:
    """The NAL units of the sprop parameters; those that are no base64 are left out, the stream will bring them."""
    sets: list[bytes] = []
    for name in _SPROP[coding.name]:
        found = re.search(rf"{name}\s*=\s*([A-Za-z0-9+/=,]*)", fmtp)
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
