"""RTP and RTCP packets, the order they come in, and the clocks they carry."""

from __future__ import annotations

import random
import struct
from datetime import UTC, datetime

import pytest

from ingest.rtsp.rtp import (
    Arrival,
    Goodbye,
    ReceptionReport,
    ReorderBuffer,
    RtpPacket,
    SenderReport,
    SequenceTracker,
    TimestampUnwrapper,
    is_rtcp,
    parse_rtcp,
    parse_rtp,
    receiver_report,
)
from ingest.rtsp.wire import MalformedPacket

NOW = Arrival(datetime(2026, 5, 1, 4, 0, tzinfo=UTC), 0.0)
SENDER_REPORT = struct.pack("!BBHIQIII", 0x80, 200, 6, 7, (3_986_596_800 << 32) | (1 << 31), 90_000, 10, 1000)


def packet(sequence: int, timestamp: int = 0) -> RtpPacket:
    return RtpPacket(96, False, sequence & 0xFFFF, timestamp, 7, b"x")


def test_a_plain_packet_is_read() -> None:
    assert parse_rtp(struct.pack("!BBHII", 0x80, 0xE0, 65535, 2**32 - 1, 7) + b"video") == RtpPacket(
        96, True, 65535, 2**32 - 1, 7, b"video"
    )


def test_contributing_sources_extension_and_padding_are_taken_off() -> None:
    head = struct.pack("!BBHII", 0xB2, 96, 1, 2, 3) + b"csrccsrc" + struct.pack("!HH", 0xBEDE, 1) + b"exte"
    assert parse_rtp(head + b"video" + b"\x00\x00\x03").payload == b"video"


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x80" * 11,
        b"\x40" + bytes(11),
        b"\x8f" + bytes(11),
        b"\x90" + bytes(11),
        b"\x90" + bytes(13) + b"\xff\xff",
        b"\xa0" + bytes(12),
        b"\xa0" + bytes(11) + b"\xff",
    ],
)
def test_packets_that_are_shorter_than_they_say_are_malformed(damaged: bytes) -> None:
    with pytest.raises(MalformedPacket):
        parse_rtp(damaged)


def test_losses_are_counted_across_the_wrap_of_sequence_numbers() -> None:
    tracker = SequenceTracker()
    assert [tracker.accept(number & 0xFFFF) for number in (65533, 65534, 65537, 65538, 65541)] == [0, 0, 2, 0, 2]
    assert (tracker.received, tracker.lost, tracker.highest) == (5, 4, 65541)


def test_duplicates_and_late_packets_are_dropped_and_counted() -> None:
    tracker = SequenceTracker()
    assert [tracker.accept(number) for number in (10, 10, 12, 11, 13)] == [0, -1, 1, -1, 0]
    assert (tracker.lost, tracker.unusable) == (1, 2)


def test_a_camera_that_begins_to_count_anew_is_followed_after_two_packets() -> None:
    tracker = SequenceTracker()
    assert [tracker.accept(number) for number in (40_000, 40_001, 5, 6, 7)] == [0, 0, -1, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_datagrams_that_overtook_each_other_come_out_in_order(seed: int) -> None:
    numbers = list(range(65_400, 65_700))
    shuffled = sorted(numbers, key=lambda number: number + random.Random(seed * 1000 + number).uniform(0, 8))
    shuffled.remove(65_400)
    buffer, out = ReorderBuffer(), []
    for number in [65_400, *shuffled]:
        out += [held.sequence for held, _ in buffer.push(packet(number), NOW)]
    assert out == [number & 0xFFFF for number in numbers]


def test_a_lost_datagram_is_given_up_by_count_or_by_time() -> None:
    buffer = ReorderBuffer(most_packets=4)
    counted = [len(buffer.push(packet(number), NOW)) for number in (0, 2, 3, 4, 5, 6)]
    assert counted == [1, 0, 0, 0, 0, 5]
    buffer = ReorderBuffer(most_ticks=9000)
    timed = [len(buffer.push(packet(number, number * 3000), NOW)) for number in (0, 2, 3, 4, 5, 6)]
    assert timed == [1, 0, 0, 0, 0, 5]


def test_datagrams_of_a_new_count_are_not_held_back() -> None:
    buffer = ReorderBuffer()
    for number in (50_000, 50_002):
        buffer.push(packet(number), NOW)
    assert [held.sequence for held, _ in buffer.push(packet(7), NOW)] == [50_002, 7]
    assert [held.sequence for held, _ in buffer.push(packet(8), NOW)] == [8]


def test_rtp_time_runs_on_past_its_wrap_and_may_step_back() -> None:
    unwrapper = TimestampUnwrapper()
    found = [unwrapper.unwrap(stamp & 0xFFFFFFFF) for stamp in (2**32 - 3600, 2**32, 2**32 - 1800, 2**32 + 3600)]
    assert [time - found[0] for time in found] == [0, 3600, 1800, 7200]
    assert TimestampUnwrapper().unwrap(0) >= 0


def test_a_sender_report_ties_rtp_time_to_the_camera_s_clock() -> None:
    assert is_rtcp(SENDER_REPORT)
    [report] = parse_rtcp(SENDER_REPORT)
    assert isinstance(report, SenderReport)
    assert report.rtp_timestamp == 90_000
    assert report.instant == datetime(2026, 5, 1, 4, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("ntp", [0, 86_400 << 32])
def test_a_camera_without_a_wall_clock_tells_no_time(ntp: int) -> None:
    assert SenderReport(1, ntp, 0).instant is None


def test_a_compound_packet_is_read_to_its_end() -> None:
    description = struct.pack("!BBHI", 0x81, 202, 2, 7) + b"\x01\x01a\x00"
    goodbye = struct.pack("!BBHI", 0x81, 203, 1, 7)
    assert parse_rtcp(SENDER_REPORT + description + goodbye)[1:] == [Goodbye((7,))]


@pytest.mark.parametrize(
    "damaged", [b"\x80", SENDER_REPORT[:-4], b"\x80\xc8\x00\x00", b"\x81\xcb\x00\x00", b"\x00" * 8]
)
def test_damaged_control_packets_are_malformed(damaged: bytes) -> None:
    with pytest.raises(MalformedPacket):
        parse_rtcp(damaged)


def test_a_receiver_report_says_what_was_lost() -> None:
    report = ReceptionReport(7, 0.25, 12, 70_000, 33, last_report_ntp=0x1111_2222_3333_4444, delay_s=1.5)
    sent = receiver_report(9, report)
    assert len(sent) % 4 == 0
    assert parse_rtcp(sent) == []
    fields = struct.unpack_from("!BBHIIIIIII", sent)
    assert fields == (0x81, 201, 7, 9, 7, (64 << 24) | 12, 70_000, 33, 0x2222_3333, 3 << 15)
