"""One stream as a whole: the gate before the first key frame, the short cut, the camera's clock, the reports."""

from __future__ import annotations

import random
import struct
from datetime import UTC, datetime, timedelta

import pytest

from ingest.rtsp.codings import H264
from ingest.rtsp.reception import Reception
from ingest.rtsp.rtp import Arrival
from ingest.rtsp.sdp import VideoTrack
from ingest.rtsp.wire import StreamEnded
from ingest.source import AccessUnit
from tests.fakes.rtsp_server import KEY_SLICE, PPS, SLICE, SPS, SSRC, Packetizer

NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
NOON_NTP = 3_986_596_800 << 32
TRACK = VideoTrack(96, "", "", H264)


def at(seconds: float) -> Arrival:
    return Arrival(NOON + timedelta(seconds=seconds), seconds)


def received(reception: Reception, packets: list[bytes]) -> list[AccessUnit]:
    return [unit for packet in packets for unit in reception.receive(packet, at(0))]


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


def test_losses_are_counted_with_the_next_unit() -> None:
    made, reception = Packetizer(), Reception(TRACK, 1)
    packets = made.unit([SPS, PPS, KEY_SLICE], 0) + made.unit([SLICE], 3600) + made.unit([SLICE], 7200)
    del packets[3]
    assert [unit.lost_packets for unit in received(reception, packets)] == [0, 1]


@pytest.mark.parametrize("datagrams", [False, True])
def test_the_short_cut_for_middle_fragments_changes_nothing(datagrams: bool) -> None:
    generator = random.Random(5)
    slices = [bytes((0x65 if number == 0 else 0x61, 0x88)) + generator.randbytes(5000) for number in range(20)]
    made = Packetizer()
    packets = made.unit([SPS, PPS], 0, marker=False) + [
        packet for number, nal in enumerate(slices) for packet in made.fragments(nal, number * 3600, 9)
    ]
    units = received(Reception(TRACK, 1, datagrams), packets)
    assert [unit.nals[-1] for unit in units] == slices
    del packets[40]
    del packets[95:97]
    units = received(Reception(TRACK, 1, datagrams), packets)
    assert [(unit.damaged, unit.lost_packets) for unit in units if unit.lost_packets] == [(True, 1), (True, 2)]
    assert all(unit.nals[-1] in slices for unit in units if not unit.damaged)


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
