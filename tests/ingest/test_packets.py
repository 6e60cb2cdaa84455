"""RTP and RTCP as bytes."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ingest.packets import carries_picture, ntp_time, payloads, receiver_reports, rtp_header, sender_report
from tests.ingest.simulator.raw_client import Packet, RawClient

NALS = st.lists(
    st.tuples(st.sampled_from([0x67, 0x68, 0x06, 0x65, 0x41]), st.binary(min_size=1, max_size=900)), min_size=1
)


def rejoined(pieces: list[bytes]) -> bytes:
    client = RawClient("rtsp://unused/")
    client.packets = [Packet(0, bytes(12) + piece, 0.0) for piece in pieces]
    return client.stream()


@given(NALS, st.integers(60, 1400))
def test_any_access_unit_comes_out_of_its_packets_as_it_went_in(units: list[tuple[int, bytes]], limit: int) -> None:
    nals = [bytes([head]) + body for head, body in units]
    pieces = payloads(nals, limit)
    assert all(len(piece) <= limit for piece in pieces if piece[0] & 0x1F not in (7, 8))
    assert rejoined(pieces) == b"".join(b"\0\0\0\1" + nal for nal in nals)


def test_parameter_sets_share_one_packet() -> None:
    kinds = [piece[0] & 0x1F for piece in payloads([b"\x67abc", b"\x68d", b"\x65" + bytes(3000)], 1388)]
    assert kinds == [24, 28, 28, 28]


def test_only_slices_and_their_fragments_carry_picture() -> None:
    h264 = payloads([b"\x67a", b"\x68b", b"\x06c", b"\x65" + bytes(3000)], 1400)
    assert [carries_picture(piece) for piece in h264] == [False, False, True, True, True]
    h265 = payloads([b"\x40\x01a", b"\x42\x01b", b"\x44\x01c", b"\x26\x01" + bytes(3000)], 1400, "H265")
    assert [carries_picture(piece, "H265") for piece in h265] == [False, True, True, True]


def test_the_header_carries_marker_and_wrapped_numbers() -> None:
    header = rtp_header(0x1_0002, 0x1_0000_0003, 7, marker=True)
    assert struct.unpack(">BBHII", header) == (0x80, 0x80 | 96, 2, 3, 7)


def test_ntp_time_counts_from_1900() -> None:
    assert ntp_time(datetime(1970, 1, 1, 0, 0, 0, 500_000, UTC)) == 2_208_988_800 << 32 | 1 << 31


def test_a_sender_report_is_a_whole_number_of_words_and_says_what_it_was_told() -> None:
    report = sender_report(5, datetime(2026, 5, 1, tzinfo=UTC), 90_000, 12, 3400)
    length = struct.unpack_from(">H", report, 2)[0]
    assert (report[1], length) == (200, 6)
    assert struct.unpack_from(">IIII", report, 12)[1:] == (90_000, 12, 3400)
    description = report[28:]
    assert description[1] == 202 and 4 * (struct.unpack_from(">H", description, 2)[0] + 1) == len(description)


def test_a_receiver_report_about_us_is_read() -> None:
    block = struct.pack(">IIIIII", 5, 64 << 24 | 3, 70_000, 9, 0, 0)
    [report] = receiver_reports(struct.pack(">BBHI", 0x81, 201, 7, 99) + block, 5)
    assert (report.fraction_lost, report.lost, report.highest_sequence, report.jitter) == (0.25, 3, 70_000, 9)


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reading_of_reports(datagram: bytes) -> None:
    receiver_reports(datagram, 5)
