"""Each parser of bytes from outside, with golden bytes that it reads and the errors by which it may refuse others."""

from __future__ import annotations

import io
import zipfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle

from dashboard.live import offers
from dashboard.live.offers import Local, MalformedOffer
from domain.manifest import KEY_FORM, KeyStatement, Link, Manifest
from ingest.packets import sender_report
from ingest.rtsp.address import parse_address
from ingest.rtsp.auth import authorization, strongest_challenge
from ingest.rtsp.messages import Frame, StreamParser, skip_frames
from ingest.rtsp.reception import Reception
from ingest.rtsp.rtp import Arrival, is_rtcp, parse_rtcp, parse_rtp
from ingest.rtsp.sdp import VideoTrack, base_url, control_url, sound_track, video_track
from ingest.rtsp.sound import SoundReception
from ingest.rtsp.wire import WireError
from ingest.simulator.sound import CodedSound, coded
from ingest.source import AccessUnit
from storage.errors import KeyRefused
from storage.manifest.form import FormRefused, read, read_signed, signature_holds, signed, written
from storage.manifest.keys import KEYS_FORM, PublishedKey, PublishedKeys
from storage.manifest.stamps import Roots, StampRefused, judge
from storage.media import MediaError, SoundFormat, VideoFormat, read_index, without_sound
from storage.signing import Signer
from tests.dashboard.live.offered import OFFER
from tests.ingest.rtsp.watching import TestLogin
from tests.mutation.golden import Transcript
from tests.storage.manifest.test_form import LINK, MANIFEST
from tests.storage.manifest.test_golden import GOLDEN

START = datetime(2026, 5, 1, tzinfo=UTC)
AT_ONCE = Arrival(START, 1.0)
CHALLENGE = b'Digest realm="hall", nonce="abc", qop="auth,auth-int", algorithm=SHA-256, opaque="o", stale=true'
ADDRESS = b"rtsp://user:word@cam.example:554/path/trackID=1?query=1"
_PIECE_BYTES = 6_000


@dataclass(frozen=True, slots=True)
class Target:
    """A parser: what it reads whole, and how it is fed."""

    golden: Sequence[bytes]
    feed: Callable[[bytes], None]

    def reads(self, data: bytes) -> bool:
        """False where the parser refuses. Raises whatever else comes out of it: there must be nothing."""
        try:
            self.feed(data)
        except (WireError, MediaError, FormRefused, StampRefused, MalformedOffer):
            return False
        return True


def targets(transcripts: Mapping[str, Transcript], file: bytes, sounding: bytes) -> dict[str, Target]:
    """All parsers by name. ``transcripts`` are by codec."""
    found = {
        "address": Target([ADDRESS], _address),
        "login": Target([CHALLENGE, b'Basic realm="hall"'], _login),
        "file": Target(_files(file), _file),
        "file with sound": Target(_files(sounding), _file),
        "manifest": Target([written(MANIFEST)], _manifest),
        "link": Target([signed(Signer.new(), LINK)], _link),
        "published keys": Target([own_keys(Signer.new())], _keys),
        "time stamp": _stamp_target(),
        "offer by WHEP": Target([OFFER.encode()], _offer),
    }
    for coding in ("AAC", "PCMA"):
        sound = coded(coding)
        found[f"{coding} description"] = Target(["\r\n".join(["v=0", *sound.description()]).encode()], _sound)
        for name, datagrams in (("tcp", False), ("udp", True)):
            found[f"{coding} stream over {name}"] = Target(_sound_packets(sound), _Sound(sound, datagrams).feed)
    found["AAC configuration"] = Target([coded("AAC").configuration, b"\x14\x08"], _configured)
    for codec, heard in transcripts.items():
        found[f"{codec} description"] = Target([heard.description], _description)
        found[f"{codec} connection"] = Target(_pieces(heard.stream), _connection(heard.track))
        found[f"{codec} packet"] = Target(heard.packets, _packet)
        found[f"{codec} parameter sets"] = Target(_parameter_sets(heard), _formats(heard))
        for name, datagrams in (("tcp", False), ("udp", True)):
            found[f"{codec} stream over {name}"] = Target(heard.packets, _Stream(heard, datagrams).feed)
    return found


def own_keys(signer: Signer) -> bytes:
    """What an installation publishes that never changed its key."""
    statement = written(KeyStatement(KEY_FORM, signer.public, START, None))
    own = PublishedKey(signer.public, START, None, None, None, signer.sign(statement))
    return written(PublishedKeys(KEYS_FORM, (own,)))


def _manifest(data: bytes) -> None:
    assert written(read(Manifest, data)) == data


def _offer(data: bytes) -> None:
    offer, codec = offers.read(data.decode(errors="replace")), "avc1.42c01e"
    coding = offers.chosen(offer, codec)
    if coding is not None:
        local = Local("ufrag", "password", "AA", (("127.0.0.1", 21000),))
        assert offers.answer(offer, coding, codec, local, 1).isascii()


def _link(data: bytes) -> None:
    link, signature = read_signed(Link, data)
    assert link.number > 0 or not signature_holds(link, signature, link.key)


def _keys(data: bytes) -> None:
    read(PublishedKeys, data)
    with suppress(KeyRefused):  # of a right form, and then signed by nobody
        assert PublishedKeys.read(data).keys


def _stamp_target() -> Target:
    """Whatever is made of a stamp, it tells no other time and no other authority."""
    with zipfile.ZipFile(GOLDEN / "export-2.zip") as archive:
        (name,) = (each for each in archive.namelist() if each.startswith("stamps/000001-"))
        golden, link = archive.read(name), archive.read("chain/000001.json")
    roots = Roots.read([GOLDEN / "export-2-root.pem"])
    told = judge(golden, link, roots)

    def feed(data: bytes) -> None:
        assert judge(data, link, roots) == told

    return Target([golden], feed)


def _files(file: bytes) -> list[bytes]:
    """The whole file, and its head and fragments one by one behind a head that is whole."""
    index = read_index(io.BytesIO(file))
    head = file[: index.init_size_bytes]
    return [file, head, *(head + file[one.offset : one.offset + one.size] for one in index.fragments)]


def _pieces(stream: bytes) -> list[bytes]:
    """The answers, with the pictures behind them up to different lengths."""
    return [stream[: _PIECE_BYTES * count] for count in range(1, 6)]


def _parameter_sets(heard: Transcript) -> tuple[bytes, ...]:
    return heard.track.parameter_sets


def _address(data: bytes) -> None:
    parse_address(data.decode("utf-8", "replace"))


def _login(data: bytes) -> None:
    challenge = strongest_challenge([data.decode("utf-8", "replace")])
    authorization(challenge, TestLogin("a", "b"), "PLAY", "rtsp://cam/", count=1, cnonce="c")


def _description(data: bytes) -> None:
    camera = parse_address("rtsp://cam/live")
    track = video_track(data)
    assert 0 <= track.payload_type < 128
    assert control_url(camera, base_url(camera, None, None), track.control).startswith("rtsp://cam")


def _connection(track: VideoTrack) -> Callable[[bytes], None]:
    """Read frame by frame and where they lie: both ways must tell the same pictures and the same end."""

    def feed(data: bytes) -> None:
        one_by_one, plainly = _read_frame_by_frame(track, data)
        together, at_once = _read_where_they_lie(track, data)
        assert (together, repr(at_once)) == (one_by_one, repr(plainly))
        if plainly is not None:
            raise plainly

    return feed


Heard = tuple[list[AccessUnit], WireError | None]


def _read_frame_by_frame(track: VideoTrack, data: bytes) -> Heard:
    reception, units, parser = Reception(track, 1), list[AccessUnit](), StreamParser()
    frames = [event for piece in _halves(data) for event in parser.feed(piece) if isinstance(event, Frame)]
    try:
        for frame in frames:
            if frame.channel in (0, 1):
                units += reception.receive(frame.payload, AT_ONCE)
    except WireError as error:
        return units, error
    return units, parser.broken


def _read_where_they_lie(track: VideoTrack, data: bytes) -> Heard:
    reception, units = Reception(track, 1), deque[AccessUnit]()
    ended: list[WireError] = []

    def take_frames(buffer: bytes, at: int) -> int:
        if ended:
            return skip_frames(buffer, at)
        try:
            return reception.receive_frames(buffer, at, AT_ONCE, units)
        except WireError as error:
            ended.append(error)
            return skip_frames(buffer, at)

    parser = StreamParser(take_frames)
    for piece in _halves(data):
        parser.feed(piece)
    return list(units), ended[0] if ended else parser.broken


def _halves(data: bytes) -> tuple[bytes, bytes]:
    half = len(data) // 2
    return data[:half], data[half:]


def _packet(data: bytes) -> None:
    if is_rtcp(data):
        parse_rtcp(data)
    else:
        parse_rtp(data)


def _formats(heard: Transcript) -> Callable[[bytes], None]:
    """Each spoilt set stands in the place of the set that it was, beside the others as they were."""
    sets = heard.track.parameter_sets
    places = cycle(range(len(sets)))

    def feed(data: bytes) -> None:
        at = next(places)
        spoilt = [*sets[:at], data, *sets[at + 1 :]]
        made = VideoFormat.from_h264 if len(sets) == 2 else VideoFormat.from_h265
        made(*spoilt)

    return feed


class _Stream:
    """A stream in which every spoilt packet comes among whole ones; begun again when it ends."""

    def __init__(self, heard: Transcript, datagrams: bool) -> None:
        self._heard = heard
        self._datagrams = datagrams
        self._whole = cycle(heard.packets)
        self._number = 0
        self._reception = Reception(heard.track, 1, datagrams)

    def feed(self, data: bytes) -> None:
        for packet in (next(self._whole), data):
            self._number += 1
            moment = self._number / 1000
            try:
                for unit in self._reception.receive(packet, Arrival(START + timedelta(seconds=moment), moment)):
                    assert all(unit.nals)
            except WireError:
                self._reception = Reception(self._heard.track, 1, self._datagrams)
                raise
            self._reception.receiver_report(moment)


def _sound(data: bytes) -> None:
    sound_track(data)


def _configured(data: bytes) -> None:
    assert SoundFormat.from_aac(data).frame_ticks > 0


def _sound_packets(sound: CodedSound) -> list[bytes]:
    """Some packets with a report among them."""
    found = [sound.header(number, number * sound.samples, 7) + sound.payload(number) for number in range(12)]
    return [*found, sender_report(7, START, 0, 1, 1)]


class _Sound:
    """A track in which every spoilt packet comes among whole ones. It refuses nothing: it leaves out."""

    def __init__(self, sound: CodedSound, datagrams: bool) -> None:
        track = sound_track("\r\n".join(["v=0", *sound.description()]).encode())
        assert track is not None
        self._whole = cycle(_sound_packets(sound))
        self._reception = SoundReception(track, (2, 3), datagrams)
        self._number = 0

    def feed(self, data: bytes) -> None:
        for packet in (next(self._whole), data):
            self._number += 1
            moment = self._number / 1000
            self._reception.receive(packet, Arrival(START + timedelta(seconds=moment), moment))
        heard = self._reception.heard()
        assert heard.lost_packets >= 0
        assert all(frame.data and frame.duration > 0 for frame in heard.frames)


def _file(data: bytes) -> None:
    index = read_index(io.BytesIO(data))
    assert index.complete_bytes <= len(data)
    assert index.span is None or index.frames > 0
    assert index.sound is None or len(without_sound(data, 0, index)) == len(data)
