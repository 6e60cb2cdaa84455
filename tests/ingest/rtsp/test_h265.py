"""Coded pictures out of RTP packets of H.265 (RFC 7798): what differs from H.264, and that the rest does not."""

from __future__ import annotations

import pytest

from ingest.rtsp.codings import H265
from ingest.rtsp.pictures import Depacketizer, Picture
from ingest.rtsp.reception import Reception
from ingest.rtsp.rtp import Arrival
from ingest.rtsp.sdp import VideoTrack
from ingest.rtsp.wire import MalformedVideo
from storage.media import Codec
from tests.fakes.rtsp_server import (
    H265_KEY_SLICE,
    H265_SETS,
    H265_SLICE,
    WIDER_H265_SETS,
    Packetizer,
    h265_fragments,
)
from tests.ingest.rtsp.test_pictures import NOON, pictures_of, without


def fragments(made: Packetizer, nal: bytes, timestamp: int, pieces: int) -> list[bytes]:
    parts = h265_fragments(nal, pieces)
    return [made.packet(part, timestamp, at == len(parts) - 1) for at, part in enumerate(parts)]


def aggregate(*nals: bytes) -> bytes:
    return b"\x60\x01" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def found_in(packets: list[bytes], *known: bytes) -> list[Picture]:
    return pictures_of(packets, Depacketizer(H265, known))


def test_single_units_aggregates_and_fragments_make_one_picture() -> None:
    made = Packetizer()
    sei = b"\x4e\x01\x05\x01\x2a\x80"
    packets = [made.packet(aggregate(*H265_SETS), 0), made.packet(sei, 0), *fragments(made, H265_KEY_SLICE, 0, 4)]
    [picture] = found_in(packets)
    assert picture.nals == (*H265_SETS, sei, H265_KEY_SLICE)
    assert (picture.key, picture.damaged) == (True, False)
    assert picture.format is not None
    assert (picture.format.codec, picture.format.width, picture.format.height) == (Codec.H265, 320, 192)


@pytest.mark.parametrize(
    ("kind", "key"), [(0, False), (1, False), (9, False), *((kind, True) for kind in range(16, 22))]
)
def test_pictures_to_start_at_are_key_frames(kind: int, key: bool) -> None:
    slice_of_kind = bytes((kind << 1, 1)) + H265_SLICE[2:]
    assert [picture.key for picture in found_in(Packetizer().unit([slice_of_kind], 0))] == [key]
    assert [picture.key for picture in found_in(fragments(Packetizer(), slice_of_kind, 0, 3))] == [key]


def test_a_fragment_that_is_lost_damages_its_picture_alone() -> None:
    made = Packetizer()
    packets = fragments(made, H265_KEY_SLICE, 0, 5) + made.unit([H265_SLICE], 3600)
    damaged, whole = found_in(without(packets, 2), *H265_SETS)
    assert (damaged.nals, damaged.damaged, damaged.lost_packets, damaged.key) == ((), True, 1, False)
    assert (whole.nals, whole.damaged, whole.lost_packets) == ((H265_SLICE,), False, 0)


def test_a_picture_whose_first_slice_is_lost_is_damaged() -> None:
    second_slice = b"\x02\x01\x50rest of the picture"  # first_slice_segment_in_pic_flag is 0
    made = Packetizer()
    packets = made.unit([H265_SLICE], 0) + made.unit([H265_SLICE, second_slice], 3600)
    assert found_in(without(packets, 1))[1].damaged
    assert not found_in(packets)[1].damaged


def test_a_change_of_any_parameter_set_changes_the_format_from_its_picture_on() -> None:
    made = Packetizer()
    packets = made.unit([H265_KEY_SLICE], 0) + made.unit([*WIDER_H265_SETS, H265_KEY_SLICE], 3600)
    formats = [picture.format for picture in found_in(packets, *H265_SETS)]
    assert [known.width for known in formats if known is not None] == [320, 1920]
    made = Packetizer()
    packets = made.unit([H265_KEY_SLICE], 0) + made.unit([WIDER_H265_SETS[0], H265_KEY_SLICE], 3600)
    formats = [picture.format for picture in found_in(packets, *H265_SETS)]
    assert [known.vps for known in formats if known is not None] == [H265_SETS[0], WIDER_H265_SETS[0]]


def test_without_one_of_the_three_sets_there_is_no_format() -> None:
    for missing in range(3):
        known = [nal for at, nal in enumerate(H265_SETS) if at != missing]
        assert [picture.format for picture in found_in(Packetizer().unit([H265_KEY_SLICE], 0), *known)] == [None]


def test_parameter_sets_that_cannot_be_read_end_the_stream() -> None:
    made = Packetizer()
    with pytest.raises(MalformedVideo):
        found_in(made.unit([H265_SETS[0], H265_SETS[1][:6], H265_SETS[2], H265_KEY_SLICE], 0))


@pytest.mark.parametrize(
    "payload",
    [b"\x62\x01", b"\x62\x01\x93", b"\x60\x01\x00\x09abc", b"\x62\x01\x01abc", b"\x64\x01abc", b"\x7e\x01abc"],
)
def test_payloads_that_cannot_be_read_damage_their_picture(payload: bytes) -> None:
    made = Packetizer()
    [picture] = found_in([made.packet(payload, 0), *made.unit([H265_SLICE], 0)])
    assert picture.damaged
    assert picture.nals == (H265_SLICE,)


@pytest.mark.parametrize("datagrams", [False, True])
def test_the_short_cut_for_the_middle_of_fragments_changes_nothing(datagrams: bool) -> None:
    made = Packetizer()
    packets = [made.packet(aggregate(*H265_SETS), 0), *fragments(made, H265_KEY_SLICE, 0, 20)]
    packets += fragments(made, H265_SLICE, 3600, 12)
    reception = Reception(VideoTrack(96, "", "", H265), 1, datagrams)
    units = [unit for packet in packets for unit in reception.receive(packet, Arrival(NOON, 1.0))]
    assert [unit.nals for unit in units] == [(*H265_SETS, H265_KEY_SLICE), (H265_SLICE,)]
    assert not any(unit.damaged for unit in units)
    assert units[1].format.codec is Codec.H265
