"""Sound off the wire: session descriptions, AU headers and packets in the wrong order, lost, or spoilt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ingest.packets import sender_report
from ingest.rtsp.rtp import Arrival
from ingest.rtsp.sdp import SoundTrack, sound_track
from ingest.rtsp.sound import SoundReception
from storage.media import SoundCodec, SoundFormat
from tests.fakes.time import NOON

HEAD = b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
AAC = (
    b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/1\r\na=control:track2\r\n"
    b"a=fmtp:97 mode=AAC-hbr; sizeLength=13; indexLength=3; indexDeltaLength=3; config=1408\r\n"
)
AT_ONCE = Arrival(NOON, 1.0)


def track() -> SoundTrack:
    found = sound_track(HEAD + AAC)
    assert found is not None
    return found


def packet(sequence: int, time: int, payload: bytes, *, kind: int = 97, marker: bool = True) -> bytes:
    head = bytes((0x80, kind | 0x80 * marker)) + sequence.to_bytes(2, "big") + time.to_bytes(4, "big")
    return head + (7).to_bytes(4, "big") + payload


def units(*sizes: int) -> bytes:
    return (16 * len(sizes)).to_bytes(2, "big") + b"".join((size << 3).to_bytes(2, "big") for size in sizes)


def test_aac_is_found_with_what_its_parameters_say() -> None:
    found = track()
    assert (found.payload_type, found.control) == (97, "track2")
    assert found.format == SoundFormat(SoundCodec.AAC, 16_000, 1, b"\x14\x08")
    assert (found.size_bits, found.index_bits, found.index_delta_bits) == (13, 3, 3)


@pytest.mark.parametrize(("number", "codec"), [(b"0", SoundCodec.ULAW), (b"8", SoundCodec.ALAW)])
def test_g711_needs_no_words_beyond_its_number(number: bytes, codec: SoundCodec) -> None:
    found = sound_track(HEAD + b"m=audio 0 RTP/AVP " + number + b"\r\n")
    assert found is not None
    assert found.format == SoundFormat(codec, 8_000, 1)


@pytest.mark.parametrize(
    "media",
    [
        b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n",
        b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/16000\r\n",
        AAC.replace(b"config=1408", b"config=zz"),
        AAC.replace(b"config=1408", b"config=FF08"),
        AAC.replace(b"sizeLength=13", b"sizeLength=0"),
        b"",
    ],
)
def test_sound_that_cannot_be_recorded_is_none(media: bytes) -> None:
    assert sound_track(HEAD + media) is None


def test_several_units_of_one_packet_follow_each_other_in_time() -> None:
    reception = SoundReception(track(), (2, 3))
    reception.receive(packet(1, 5_000, units(2, 3) + b"aabbb"), AT_ONCE)
    frames = reception.heard().frames
    assert [each.data for each in frames] == [b"aa", b"bbb"]
    assert [each.duration for each in frames] == [1024, 1024]
    assert frames[1].time - frames[0].time == 1024


def test_a_unit_in_pieces_comes_when_it_is_whole_and_never_with_a_piece_missing() -> None:
    reception = SoundReception(track(), (2, 3))
    reception.receive(packet(1, 0, units(6) + b"abc", marker=False), AT_ONCE)
    assert reception.heard().frames == ()
    reception.receive(packet(2, 0, units(6) + b"def"), AT_ONCE)
    assert [each.data for each in reception.heard().frames] == [b"abcdef"]
    reception.receive(packet(3, 1024, units(6) + b"abc", marker=False), AT_ONCE)
    reception.receive(packet(5, 2048, units(6) + b"def"), AT_ONCE)
    heard = reception.heard()
    assert (heard.frames, heard.lost_packets) == ((), 1)


def test_a_sender_report_gives_each_frame_the_time_of_the_cameras_clock() -> None:
    reception = SoundReception(track(), (2, 3))
    reception.receive(packet(1, 16_000, units(1) + b"a"), AT_ONCE)
    reception.receive(sender_report(7, NOON, 16_000, 1, 1), AT_ONCE)
    reception.receive(packet(2, 32_000, units(1) + b"b"), AT_ONCE)
    before, after = reception.heard().frames
    assert before.camera_time is None
    assert after.camera_time is not None
    assert abs(after.camera_time - NOON - timedelta(seconds=1)) < timedelta(milliseconds=1)


def test_datagrams_are_put_in_order_and_strangers_are_left_out() -> None:
    reception = SoundReception(track(), (2, 3), datagrams=True)
    for number in (1, 3, 2, 4):
        reception.receive(packet(number, number * 1024, units(1) + bytes((number,))), AT_ONCE)
    reception.receive(packet(5, 9, units(1) + b"x", kind=99), AT_ONCE)
    assert [each.data[0] for each in reception.heard().frames] == [1, 2, 3, 4]


def test_what_nobody_takes_does_not_grow_without_end() -> None:
    reception = SoundReception(track(), (2, 3))
    for number in range(3_000):
        reception.receive(packet(number, number * 1024, units(1) + b"a"), AT_ONCE)
    assert len(reception.heard().frames) == 1_000
