"""Coded pictures out of RTP packets, whole ones and damaged ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from ingest.rtsp.codings import H264
from ingest.rtsp.pictures import MAX_PICTURE_BYTES, Depacketizer, Picture
from ingest.rtsp.rtp import Arrival, SequenceTracker, parse_rtp
from ingest.rtsp.wire import MalformedVideo
from tests.fakes.rtsp_server import KEY_SLICE, PPS, SLICE, SPS, WIDER_SPS, Packetizer

NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)


def pictures_of(packets: Iterable[bytes], depacketizer: Depacketizer | None = None) -> list[Picture]:
    """What comes of packets that arrive one second after the other."""
    depacketizer, tracker = depacketizer or Depacketizer(H264), SequenceTracker()
    found: list[Picture] = []
    for second, raw in enumerate(packets):
        packet = parse_rtp(raw)
        found += depacketizer.push(packet, tracker.accept(packet.sequence), Arrival(NOON, float(second)))
    return found


def aggregate(*nals: bytes) -> bytes:
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def without(packets: list[bytes], *numbers: int) -> list[bytes]:
    return [packet for number, packet in enumerate(packets) if number not in numbers]


def test_single_units_aggregates_and_fragments_make_one_picture() -> None:
    made = Packetizer()
    [picture] = pictures_of([made.packet(aggregate(SPS, PPS), 0), *made.fragments(KEY_SLICE, 0, 4)])
    assert picture.nals == (SPS, PPS, KEY_SLICE)
    assert picture.key
    assert not picture.damaged
    assert picture.format is not None
    assert (picture.format.width, picture.format.height) == (320, 192)


def test_a_picture_has_arrived_with_its_own_last_packet() -> None:
    made = Packetizer()
    packets = made.fragments(KEY_SLICE, 0, 3) + made.unit([SLICE], 3600, marker=False) + made.unit([SLICE], 7200)
    assert [picture.arrived.monotonic for picture in pictures_of(packets)] == [2.0, 3.0, 4.0]


def test_a_fragment_that_is_lost_damages_its_picture_alone() -> None:
    made = Packetizer()
    packets = made.fragments(KEY_SLICE, 0, 5) + made.unit([SLICE], 3600)
    damaged, whole = pictures_of(without(packets, 2))
    assert (damaged.nals, damaged.damaged, damaged.lost_packets, damaged.key) == ((), True, 1, False)
    assert (whole.nals, whole.damaged, whole.lost_packets) == ((SLICE,), False, 0)


def test_a_lost_end_damages_the_picture_that_it_ended() -> None:
    made = Packetizer()
    packets = made.fragments(SLICE, 0, 4) + made.fragments(SLICE, 3600, 4)
    assert [(picture.damaged, picture.lost_packets) for picture in pictures_of(without(packets, 3))] == [
        (True, 1),
        (False, 0),
    ]


def test_a_lost_beginning_damages_the_picture_that_it_began() -> None:
    made = Packetizer()
    packets = made.unit([SLICE], 0) + made.fragments(SLICE, 3600, 4)
    assert [(picture.damaged, picture.lost_packets) for picture in pictures_of(without(packets, 1))] == [
        (False, 0),
        (True, 1),
    ]


def test_whole_pictures_that_are_lost_leave_the_next_one_whole() -> None:
    made = Packetizer()
    packets = [*made.unit([SLICE], 0), *made.unit([SLICE], 3600), *made.unit([SLICE], 7200)]
    assert [(picture.damaged, picture.lost_packets) for picture in pictures_of(without(packets, 1))] == [
        (False, 0),
        (False, 1),
    ]


def test_a_picture_whose_first_slice_is_lost_is_damaged() -> None:
    second_slice = b"\x61\x40rest of the picture"  # first_mb_in_slice is not 0
    made = Packetizer()
    packets = made.unit([SLICE], 0) + made.unit([SLICE, second_slice], 3600)
    assert pictures_of(without(packets, 1))[1].damaged


@pytest.mark.parametrize("lost", [0, 1])
def test_a_picture_is_whole_that_lost_only_a_parameter_set(lost: int) -> None:
    made = Packetizer()
    [picture] = pictures_of(without(made.unit([SPS, PPS, KEY_SLICE], 0), lost), Depacketizer(H264, (SPS, PPS)))
    assert (picture.key, picture.damaged) == (True, False)


def test_a_picture_that_lost_its_first_slice_behind_its_parameter_sets_is_damaged() -> None:
    second_slice = b"\x65\x40rest of the picture"  # first_mb_in_slice is not 0
    made = Packetizer()
    packets = made.unit([SPS, PPS, KEY_SLICE, second_slice], 0)
    assert [picture.damaged for picture in pictures_of(without(packets, 2))] == [True]
    fragments = [made.packet(SPS, 0), *made.fragments(KEY_SLICE, 0, 4)]
    assert [picture.damaged for picture in pictures_of(without(fragments, 1))] == [True]


def test_parameter_sets_with_a_marker_of_their_own_go_with_the_next_picture() -> None:
    made = Packetizer()
    packets = made.unit([SPS], 0) + made.unit([PPS], 0) + made.unit([KEY_SLICE], 40)
    [picture] = pictures_of(packets)
    assert picture.nals == (SPS, PPS, KEY_SLICE)
    assert picture.timestamp == 40


def test_fragments_without_an_end_bit_are_whole_when_nothing_is_missing() -> None:
    made = Packetizer()
    packets = made.fragments(KEY_SLICE, 0, 3)
    packets[-1] = packets[-1][:13] + bytes((packets[-1][13] & 0x1F,)) + packets[-1][14:]
    [picture] = pictures_of(packets)
    assert (picture.nals, picture.damaged) == ((KEY_SLICE,), False)


def test_start_codes_inside_a_unit_separate_units() -> None:
    made = Packetizer()
    together = b"\x00\x00\x00\x01".join((SPS, PPS, KEY_SLICE))
    assert pictures_of(made.unit([together], 0))[0].nals == (SPS, PPS, KEY_SLICE)


def test_of_several_picture_parameter_sets_the_first_describes_the_video() -> None:
    second = b"\x68" + bytes((0b01010111,)) + PPS[2:]  # pic_parameter_set_id 1
    made = Packetizer()
    [picture] = pictures_of(made.unit([SPS, second, PPS, second, KEY_SLICE], 0))
    assert picture.format is not None
    assert picture.format.pps == PPS


def test_a_new_sequence_parameter_set_changes_the_format_from_its_picture_on() -> None:
    made = Packetizer()
    packets = made.unit([KEY_SLICE], 0) + made.unit([WIDER_SPS, PPS, KEY_SLICE], 3600)
    formats = [picture.format for picture in pictures_of(packets, Depacketizer(H264, (SPS, PPS)))]
    assert [known.width for known in formats if known is not None] == [320, 1920]


def test_parameter_sets_that_cannot_be_read_end_the_stream() -> None:
    made = Packetizer()
    with pytest.raises(MalformedVideo):
        pictures_of(made.unit([SPS[:3], PPS, KEY_SLICE], 0))


@pytest.mark.parametrize("payload", [b"\x7c", b"\x7c\x85", b"\x78\x00\x09abc", b"\x7d\x85abc", b"\x79abc"])
def test_payloads_that_cannot_be_read_damage_their_picture(payload: bytes) -> None:
    made = Packetizer()
    [picture] = pictures_of([made.packet(payload, 0), *made.unit([SLICE], 0)])
    assert picture.damaged
    assert picture.nals == (SLICE,)


def test_a_picture_without_end_is_not_collected_for_ever() -> None:
    made, depacketizer = Packetizer(), Depacketizer(H264)
    big = made.packet(b"\x61" + bytes(60_000), 0)
    with pytest.raises(MalformedVideo, match="MiB"):
        pictures_of((big[:2] + (n & 0xFFFF).to_bytes(2, "big") + big[4:] for n in range(300)), depacketizer)
    assert MAX_PICTURE_BYTES < 300 * 60_000
