"""One stream as a whole: the gate before the first key frame, the short cut, the camera's clock, the reports."""

from __future__ import annotations

import random
import struct
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest

from ingest.rtsp.codings import H264, H265, Coding
from ingest.rtsp.messages import StreamParser, frame
from ingest.rtsp.reception import Reception
from ingest.rtsp.rtp import Arrival
from ingest.rtsp.sdp import VideoTrack
from ingest.rtsp.wire import StreamEnded
from ingest.source import AccessUnit
from tests.fakes.rtsp_server import (
    H265_KEY_SLICE,
    H265_SETS,
    H265_SLICE,
    KEY_SLICE,
    PPS,
    SLICE,
    SPS,
    SSRC,
    Packetizer,
    h265_fragments,
)

NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
NOON_NTP = 3_986_596_800 << 32
TRACK = VideoTrack(96, "", "", H264)


def at(seconds: float) -> Arrival:
    return Arrival(NOON + timedelta(seconds=seconds), seconds)


def received(reception: Reception, packets: list[bytes]) -> list[AccessUnit]:
    return [unit for packet in packets for unit in reception.receive(packet, at(0))]


def long_slices(generator: random.Random, coding: Coding) -> tuple[list[bytes], list[bytes]]:
    """The packets of 20 pictures of one slice in 9 fragments each, and these slices."""
    made = Packetizer()
    kinds = (H265_KEY_SLICE, H265_SLICE) if coding is H265 else (KEY_SLICE, SLICE)
    sets = H265_SETS if coding is H265 else (SPS, PPS)
    begin = coding.header_bytes + 1
    slices = [kinds[number > 0][:begin] + generator.randbytes(5000).replace(b"\0", b"\1") for number in range(20)]
    packets = [made.packet(nal, 0) for nal in sets]
    for number, nal in enumerate(slices):
        if coding is H264:
            packets += made.fragments(nal, number * 3600, 9)
        else:
            pieces = h265_fragments(nal, 9)
            packets += [made.packet(piece, number * 3600, at == 8) for at, piece in enumerate(pieces)]
    return packets, slices


def received_frames(reception: Reception, stream: bytes, piece: int) -> list[AccessUnit]:
    """What comes out of a stream of frames that is read in pieces."""
    units: deque[AccessUnit] = deque()
    parser = StreamParser(lambda buffer, at: reception.receive_frames(buffer, at, at_noon, units))
    at_noon = at(0)
    for begin in range(0, len(stream), piece):
        assert parser.feed(stream[begin : begin + piece]) == []
    return list(units)


def sender_report(ntp: int, timestamp: int, ssrc: int = SSRC) -> bytes:
    return struct.pack("!BBHIQIII", 0x80, 200, 6, ssrc, ntp, timestamp, 0, 0)


def test_nothing_comes_out_before_the_first_whole_key_frame() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1)
    early = made.unit([SPS, PPS, SLICE], 0) + made.fragments(KEY_SLICE, 3600, 3)[:-1] + made.unit([SLICE], 7200)
    made.sequence += 5
    assert received(reception, early) == []
    assert reception.pictures == 3
    [unit] = received(reception, made.unit([SPS, PPS, KEY_SLICE], 10_800))
    assert unit.key
    assert unit.lost_packets == 0


def test_the_first_unit_tells_when_the_pictures_before_it_came_and_no_other_does() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1)
    early = [*made.unit([SPS, PPS, SLICE], 0), *made.unit([SLICE], 3600)]
    units = [unit for second, packet in enumerate(early) for unit in reception.receive(packet, at(second))]
    assert units == []
    [first] = received(reception, made.unit([KEY_SLICE], 7200))
    [second] = received(reception, made.unit([SLICE], 10_800))
    came = [number for number, packet in enumerate(early) if packet[1] & 0x80]  # the marker ends a picture
    assert first.earlier == ((first.rtp_time - 7200, came[0]), (first.rtp_time - 3600, came[1]))
    assert second.earlier == ()
    assert (first.keyless_s, second.keyless_s) == (7200 / 90_000, 0)


def test_losses_are_counted_with_the_next_unit() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1)
    packets = made.unit([SPS, PPS, KEY_SLICE], 0) + made.unit([SLICE], 3600) + made.unit([SLICE], 7200)
    del packets[3]
    assert [unit.lost_packets for unit in received(reception, packets)] == [0, 1]


@pytest.mark.parametrize("coding", [H264, H265])
@pytest.mark.parametrize("piece", [1, 700, 5_000, 1 << 20])
def test_frames_taken_together_give_what_single_packets_give(coding: Coding, piece: int) -> None:
    generator = random.Random(5)
    packets, slices = long_slices(generator, coding)
    report = sender_report(NOON_NTP, 3600 * 7)
    packets.insert(30, report)
    whole = [unit.nals[-1] for unit in received(Reception(VideoTrack(96, "", "", coding), 1), packets)]
    assert whole == slices
    doubled, late = packets[60], packets[70]
    del packets[40]
    del packets[95:97]
    packets[60:60] = [doubled]
    packets[80:80] = [late]
    one_by_one, together = (Reception(VideoTrack(96, "", "", coding), 1) for _ in range(2))
    expected = received(one_by_one, packets)
    assert {(unit.damaged, unit.lost_packets) for unit in expected if unit.lost_packets} == {(True, 1), (True, 2)}
    stream = b"".join(frame(1 if packet is report else 0, packet) for packet in packets)
    assert received_frames(together, stream, piece) == expected
    assert together.packets == one_by_one.packets
    assert together.receiver_report(9.0) == one_by_one.receiver_report(9.0)


@pytest.mark.parametrize("datagrams", [False, True])
def test_fragments_become_the_slices_they_were(datagrams: bool) -> None:
    packets, slices = long_slices(random.Random(7), H264)
    units = received(Reception(TRACK, 1, datagrams), packets)
    assert [unit.nals[-1] for unit in units] == slices


def test_frames_of_other_channels_are_passed_over() -> None:
    packets, slices = long_slices(random.Random(9), H264)
    stream = b"".join(frame(6, packet) + frame(2, packet) for packet in packets)
    units = received_frames(Reception(TRACK, 1, channels=(6, 7)), stream, 4000)
    assert [unit.nals[-1] for unit in units] == slices


def test_camera_time_is_carried_on_from_the_latest_sender_report() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1)
    start = 2**32 - 90_000
    [first] = received(reception, made.unit([SPS, PPS, KEY_SLICE], start))
    assert first.camera_time is None
    reception.receive(sender_report(NOON_NTP, start), at(0.1))
    reception.receive(sender_report(0, 5, ssrc=99), at(0.1))
    [second] = received(reception, made.unit([SLICE], start + 180_000))
    assert second.camera_time == NOON + timedelta(seconds=2)
    assert second.rtp_time - first.rtp_time == 180_000


def test_a_camera_that_tells_only_its_uptime_has_no_camera_time() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1)
    reception.receive(sender_report(3600 << 32, 0), at(0))
    [unit] = received(reception, made.unit([SPS, PPS, KEY_SLICE], 0))
    assert unit.camera_time is None


def test_stray_packets_are_dropped_and_counted() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1, datagrams=True)
    stray = Packetizer(ssrc=4).packet(SLICE, 0)
    metadata = Packetizer().packet(SLICE, 0, payload_type=107)
    packets = made.unit([SPS, PPS, KEY_SLICE], 0)
    assert len(received(reception, [b"", b"junk", metadata, packets[0], stray, *packets[1:]])) == 1
    assert reception.dropped == 4


def test_goodbye_of_another_source_is_not_ours() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1)
    received(reception, made.unit([SPS, PPS, KEY_SLICE], 0))
    reception.receive(struct.pack("!BBHI", 0x81, 203, 1, 99), at(0))
    with pytest.raises(StreamEnded):
        reception.receive(struct.pack("!BBHI", 0x81, 203, 1, SSRC), at(0))


def test_reports_tell_what_was_lost_since_the_last_one() -> None:
    made, reception = Packetizer(sequence=100), Reception(TRACK, 0xAB)
    assert reception.receiver_report(0.0) is None
    packets = [packet for number in range(8) for packet in made.unit([SLICE], number * 3600)]
    del packets[2], packets[3]
    received(reception, packets)
    reception.receive(sender_report(NOON_NTP | 0x8000_0000, 0), at(1.0))
    report = reception.receiver_report(3.0)
    assert report is not None
    own, source, lost, highest, _, last, delay = struct.unpack_from("!IIIIIII", report, 4)
    assert (own, source, lost, highest) == (0xAB, SSRC, (64 << 24) | 2, 107)
    assert (last, delay) == ((NOON_NTP >> 16) & 0xFFFF_0000 | 0x8000, 2 << 16)
    again = reception.receiver_report(4.0)
    assert again is not None
    assert struct.unpack_from("!I", again, 12) == (2,)
