"""What a WHEP viewer offers and what it is answered (SDP: RFC 8866, JSEP: RFC 9429, H.264: RFC 6184). Pure.

Of an offer only what we use is read, and bounded; its ICE candidates are not: a viewer comes to us, and nothing is
ever sent to an address because an offer names it. One video part is answered, the first that wants to receive; all
others (sound, data) are declined. Not here: HTTP (``whep``), and which addresses and keys are ours (``peers``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

MOST_BYTES: Final = 64 << 10
PLAYOUT_DELAY: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
_MOST_PARTS: Final = 32
_TOKEN: Final = re.compile(r"[!-~]{1,64}")
_MEDIA: Final = re.compile(r"(audio|video|application|text|message) \d{1,5} ([A-Z/]{3,32}) ([!-~]+)( [!-~]+)*")
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")  # ice-char of RFC 8839 5.4
_FINGERPRINT: Final = re.compile(r"(sha-256|sha-384|sha-512) ((?:[0-9A-F]{2}:){31,63}[0-9A-F]{2})", re.IGNORECASE)
_RECEIVES: Final = frozenset({"recvonly", "sendrecv"})
_DIRECTIONS: Final = frozenset({"recvonly", "sendrecv", "sendonly", "inactive"})
_FEEDBACK: Final = ("nack", "nack pli", "ccm fir")


class MalformedOffer(Exception):
    """It cannot be read, or lacks what every viewer of ours needs."""


@dataclass(frozen=True, slots=True)
class Coding:
    """H.264 as a viewer takes it; ``profile`` is profile_idc and constraints, ``feedback`` what it reports."""

    payload_type: int
    profile: bytes
    feedback: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One media description: its first line without "m=", how it may be declined, and its name."""

    kind: str
    protocol: str
    format: str
    mid: str
    bundled: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody wants to see. ``video`` is the index of the part that is answered; ``at_once`` the number of the
    header extension PLAYOUT_DELAY, None for a viewer that does not know it.
    """

    parts: tuple[Part, ...]
    video: int
    codings: tuple[Coding, ...]
    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    at_once: int | None = None


@dataclass(frozen=True, slots=True)
class Local:
    """Our side: ICE credentials, the certificate's fingerprint (sha-256), and (address, port) to come to."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class _Section:
    """The lines of one part, or of the session, that matter here; attributes by name."""

    line: str = ""
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> Iterator[str]:
        return (value for each, value in self.attributes if each == name)

    def one(self, name: str) -> str | None:
        return next(self.all(name), None)


def read(sdp: str) -> Offer:
    """Raises MalformedOffer."""
    session, *sections = _sections(sdp)
    if not 1 <= len(sections) <= _MOST_PARTS:
        raise MalformedOffer("an offer has between one and 32 media descriptions")
    bundled = set(" ".join(each[7:] for each in session.all("group") if each.startswith("BUNDLE ")).split())
    parts = tuple(_part(each, bundled) for each in sections)
    wanted = [index for index, each in enumerate(sections) if parts[index].kind == "video" and _receives(each)]
    if not wanted:
        raise MalformedOffer("the offer wants no video: a=recvonly is missing")
    video = sections[wanted[0]]
    # What a part does not say itself the session says for all; in a bundle some say it with the first part only.
    told = [video, session, *(each for part, each in zip(parts, sections, strict=True) if part.bundled)]
    if "rtcp-mux" not in {name for name, _ in video.attributes}:
        raise MalformedOffer("the offer lacks a=rtcp-mux: sound and reports would need ports of their own")
    setup = next((value for each in told if (value := each.one("setup"))), "actpass")
    if setup not in ("actpass", "passive"):
        raise MalformedOffer("the offer's a=setup has to be actpass (RFC 9725 4.2)")
    ufrag, password = (_credential(told, name) for name in ("ice-ufrag", "ice-pwd"))
    fingerprints = next(filter(None, map(_fingerprints, told)), ())
    if not fingerprints:
        raise MalformedOffer("the offer has no fingerprint that is known here (sha-256)")
    codings, at_once = tuple(_codings(video)), _number_of(video, PLAYOUT_DELAY)
    return Offer(parts, wanted[0], codings, ufrag, password, fingerprints[:4], at_once)


def chosen(offer: Offer, codec: str) -> Coding | None:
    """How pictures of a codec (RFC 6381) may be sent to whoever offers that; None where they take none like these.

    Levels are not compared: browsers offer 3.1 whatever they decode, and allow another one in return.
    """
    wanted = _kind(bytes.fromhex(codec.removeprefix("avc1."))[:2]) if codec.startswith("avc1.") else ""
    fitting = [each for each in offer.codings if wanted in _DECODES.get(_kind(each.profile), ())]
    return min(fitting, key=lambda each: list(_DECODES).index(_kind(each.profile)), default=None)


def answer(offer: Offer, coding: Coding, codec: str, local: Local, ssrc: int) -> str:
    """The answer: pictures of that codec, from us alone."""
    video = offer.parts[offer.video]
    lines = ["v=0", f"o=- {ssrc} 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if video.bundled:
        lines.append(f"a=group:BUNDLE {video.mid}")
    for index, part in enumerate(offer.parts):
        lines += _shown(offer, coding, codec, local, ssrc) if index == offer.video else _declined(part)
    return "\r\n".join((*lines, ""))


def _shown(offer: Offer, coding: Coding, codec: str, local: Local, ssrc: int) -> Iterator[str]:
    part, kind, (host, port) = offer.parts[offer.video], coding.payload_type, local.candidates[0]
    level = codec[-2:]
    yield f"m=video {port} {part.protocol} {kind}"
    yield f"c=IN {'IP6' if ':' in host else 'IP4'} {host}"
    yield from (f"a=mid:{part.mid}",) if part.mid else ()
    yield from ("a=sendonly", "a=rtcp-mux", f"a=rtpmap:{kind} H264/90000")
    yield from (f"a=rtcp-fb:{kind} {each}" for each in coding.feedback)
    profile = f"{coding.profile.hex()}{level}"
    yield f"a=fmtp:{kind} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}"
    yield from () if offer.at_once is None else (f"a=extmap:{offer.at_once} {PLAYOUT_DELAY}",)
    yield from ("a=msid:camera picture", f"a=ssrc:{ssrc} cname:camera")
    yield from (f"a=ice-ufrag:{local.ufrag}", f"a=ice-pwd:{local.password}")
    yield from (f"a=fingerprint:sha-256 {local.fingerprint}", "a=setup:active")
    for number, (address, at) in enumerate(local.candidates):
        priority = (126 << 24) + ((65535 - number) << 8) + 255  # RFC 8445 5.1.2.1: host candidates, in that order
        yield f"a=candidate:{number + 1} 1 udp {priority} {address} {at} typ host"
    yield "a=end-of-candidates"


def _declined(part: Part) -> Iterator[str]:
    """RFC 3264 6: port 0."""
    yield f"m={part.kind} 0 {part.protocol} {part.format}"
    yield "c=IN IP4 0.0.0.0"
    yield from (f"a=mid:{part.mid}",) if part.mid else ()
    yield "a=inactive"


def _sections(sdp: str) -> list[_Section]:
    found = [_Section()]
    for line in sdp.splitlines():
        if line.startswith("m="):
            found.append(_Section(line[2:].strip()))
        elif line.startswith("a="):
            name, _, value = line[2:].strip().partition(":")
            found[-1].attributes.append((name, value))
    return found


def _part(section: _Section, bundled: set[str]) -> Part:
    match, mid = _MEDIA.fullmatch(section.line), section.one("mid") or ""
    if match is None or (mid and not _TOKEN.fullmatch(mid)):
        raise MalformedOffer("a media description that is none (RFC 8866 5.14)")
    return Part(match[1], match[2], match[3], mid, mid in bundled)


def _receives(section: _Section) -> bool:
    said = [name for name, _ in section.attributes if name in _DIRECTIONS]
    return not said or said[0] in _RECEIVES  # RFC 8866 6.7.1: sendrecv where nothing is said


def _credential(told: Sequence[_Section], name: str) -> str:
    found = next((value for each in told if (value := each.one(name))), "")
    if not _CREDENTIAL.fullmatch(found):
        raise MalformedOffer(f"the offer has no {name}")
    return found


def _number_of(video: _Section, extension: str) -> int | None:
    """The number of a header extension (RFC 8285 5), as far as it fits the one-byte form."""
    for value in video.all("extmap"):
        number, _, name = value.partition(" ")
        number = number.partition("/")[0]
        if name == extension and re.fullmatch(r"\d{1,2}", number) and 1 <= int(number) <= 14:
            return int(number)
    return None


def _fingerprints(section: _Section) -> tuple[tuple[str, str], ...]:
    found = (_FINGERPRINT.fullmatch(value) for value in section.all("fingerprint"))
    return tuple((match[1].lower(), match[2].upper()) for match in found if match)


def _codings(video: _Section) -> Iterator[Coding]:
    """H.264 that may be cut into fragments (packetization-mode 1)."""
    parameters = {kind: text for kind, _, text in (each.partition(" ") for each in video.all("fmtp"))}
    feedback = [each.partition(" ")[::2] for each in video.all("rtcp-fb")]
    for value in video.all("rtpmap"):
        number, _, name = value.partition(" ")
        if name.upper() != "H264/90000" or not re.fullmatch(r"\d{1,3}", number) or not 35 <= int(number) <= 127:
            continue
        pairs = (each.strip().partition("=")[::2] for each in parameters.get(number, "").split(";"))
        said = {key.lower(): each for key, each in pairs}
        profile = said.get("profile-level-id", "42000a")
        if said.get("packetization-mode") != "1" or not re.fullmatch(r"[0-9A-Fa-f]{6}", profile):
            continue
        reports = tuple(each for each in _FEEDBACK if (number, each) in feedback or ("*", each) in feedback)
        yield Coding(int(number), bytes.fromhex(profile)[:2], reports)


def _kind(profile: bytes) -> str:
    """The profile (RFC 6184 8.1, table 5), "" where it is another one."""
    idc, constraints = profile
    constrained = bool(constraints & 0x40)
    match idc:
        case 0x42:
            return "constrained baseline" if constrained else "baseline"
        case 0x4D:
            return "constrained baseline" if constraints & 0x80 else "main"
        case 0x58:
            return "constrained baseline" if constraints & 0xC0 == 0xC0 else ""
        case 0x64:
            return "constrained high" if constraints & 0x0C == 0x0C else "high"
        case 0xF4:
            return "high 4:4:4"
    return ""


_DECODES: Final[dict[str, frozenset[str]]] = {
    "constrained baseline": frozenset({"constrained baseline"}),
    "baseline": frozenset({"constrained baseline", "baseline"}),
    "main": frozenset({"constrained baseline", "main"}),
    "constrained high": frozenset({"constrained baseline", "constrained high"}),
    "high": frozenset({"constrained baseline", "main", "constrained high", "high"}),
    "high 4:4:4": frozenset({"constrained baseline", "main", "constrained high", "high"}),
}
"""What a decoder of each profile takes (ITU-T H.264 A.2), the least first: Chromium offers no High but the last."""
