"""Packets as libav gives them, with its gaps and habits, become the access units that were coded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.libav.pictures import Assembler, Packet
from ingest.source import AccessUnit
from storage.media import Codec, MediaError
from tests.fakes.time import NOON
from tests.storage.coded_video import Coded, at_any_pace, encode, encode_h265, encode_jpeg

TICK = Fraction(1, 90_000)
STEP = 3600
CODED = encode(frames=20)
START = b"\0\0\0\1"


def byte_stream(nals: Sequence[bytes]) -> bytes:
    return b"".join(START + nal for nal in nals)


def packet(number: int, *, stamp: int | None = 0, coded: Coded = CODED) -> Packet:
    """Picture ``number`` of a clip as a byte stream; ``stamp`` is its time in ticks, None for none."""
    nals = coded.units[number % len(coded.units)]
    data = nals[0] if coded.codec is Codec.JPEG else byte_stream(nals)
    arrived = NOON + timedelta(seconds=number / 25)
    return Packet(data, stamp, stamp, STEP, TICK, arrived, 1000.0 + number / 25)


def stream(count: int, first: int = 0) -> list[Packet]:
    return [packet(number, stamp=first + number * STEP) for number in range(count)]


def assembled(packets: Sequence[Packet], assembler: Assembler | None = None) -> list[AccessUnit]:
    assembler = assembler or Assembler(Codec.H264, b"")
    return [unit for each in packets for unit in assembler.take(each)]


@pytest.mark.parametrize("unstamped", [1, 2, 5])
def test_pictures_without_a_stamp_are_kept_and_stamped_back_from_the_first_that_has_one(unstamped: int) -> None:
    packets = stream(10, first=500_000)
    packets[:unstamped] = [replace(each, pts=None, dts=None) for each in packets[:unstamped]]
    units = assembled(packets)
    assert units[0].key
    assert [unit.rtp_time for unit in units] == [500_000 + number * STEP for number in range(10)]
    assert [unit.nals for unit in units] == list(CODED.units[:10])
    assert [unit.arrived for unit in units] == [each.arrived for each in packets]


def test_a_picture_without_stamp_and_duration_is_taken_for_one_of_twenty_five_a_second() -> None:
    first, second = stream(2, first=500_000)
    units = assembled([replace(first, pts=None, dts=None, duration=0), replace(second, duration=0)])
    assert [unit.rtp_time for unit in units] == [500_000, 500_000 + STEP]


def test_a_stream_without_any_stamp_is_refused_and_not_gathered_without_end() -> None:
    assembler = Assembler(Codec.H264, b"")
    with pytest.raises(MediaError, match="without a time stamp"):
        for number in range(1000):
            assembler.take(packet(number, stamp=None))
    assert assembler.pictures < 300


def test_the_empty_packet_at_the_end_is_no_picture() -> None:
    assembler = Assembler(Codec.H264, b"")
    found = assembled(stream(3), assembler)
    empty = Packet(b"", None, None, 0, TICK, NOON, 1001.0)
    assert (len(found), list(assembler.take(empty)), assembler.pictures) == (3, [], 3)


@pytest.mark.parametrize("wrap", [2**32, 2**33], ids=["rtp", "mpeg-ts"])
def test_a_counter_that_begins_again_goes_on_each_time(wrap: int) -> None:
    before = wrap - 5 * STEP
    packets = [packet(number, stamp=(before + number * STEP) % wrap) for number in range(10)]
    found = [unit.rtp_time for unit in assembled([*packets, *packets])]  # the time between is lost
    assert found[:10] == [before + number * STEP for number in range(10)]
    assert found[10:] == [wrap + before + number * STEP for number in range(10)]


@at_any_pace
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 30 * 90_000), min_size=1, max_size=8))
def test_time_that_runs_on_by_less_than_a_minute_is_told_exactly_wherever_it_wraps(
    first: int, steps: list[int]
) -> None:
    true = [first]
    for step in steps:
        true.append(true[-1] + step)
    packets = [packet(number, stamp=ticks % 2**32) for number, ticks in enumerate(true)]
    assert [unit.rtp_time for unit in assembled(packets)] == true


def test_a_fall_that_is_no_wrap_is_told_as_it_is() -> None:
    packets = [packet(0, stamp=50_000_000), packet(1, stamp=1_000_000)]
    assert [unit.rtp_time for unit in assembled(packets)] == [50_000_000, 1_000_000]


def test_stamps_of_another_base_become_ticks() -> None:
    packets = [
        replace(packet(number), pts=number * 40 + 80, dts=number * 40, time_base=Fraction(1, 1000))
        for number in range(3)
    ]
    assert [unit.rtp_time for unit in assembled(packets)] == [7200, 10800, 14400]


def test_pictures_coded_out_of_order_have_the_times_at_which_they_are_shown_also_where_the_counter_begins_again() -> (
    None
):
    places = [0, 4, 2, 1, 3, 8, 6, 5, 7]
    first = 2**32 - 5 * STEP
    packets = [
        replace(packet(number, stamp=first + number * STEP), pts=first + (place + 2) * STEP)
        for number, place in enumerate(places)
    ]
    wrapped = [replace(each, pts=(each.pts or 0) % 2**32, dts=(each.dts or 0) % 2**32) for each in packets]
    for given_packets in (packets, wrapped):
        assert [unit.rtp_time for unit in assembled(given_packets)] == [
            first + (place + 2) * STEP for place in places
        ]


def test_the_cameras_clock_is_told_once_its_first_report_came() -> None:
    told = datetime(2026, 5, 1, 4, 0, 7, 250_000, tzinfo=UTC)
    first, second = stream(2)
    micros = round(told.timestamp() * 1_000_000)
    assert [unit.camera_time for unit in assembled([first, replace(second, camera_us=micros)])] == [None, told]


def test_nothing_comes_before_the_first_whole_key_frame_and_the_wait_is_told() -> None:
    packets = [replace(each, corrupt=number == 10) for number, each in enumerate(stream(25))]
    assembler = Assembler(Codec.H264, b"")
    units = assembled(packets[1:], assembler)  # the key frames are 0, 10 (damaged) and 20
    assert [unit.key for unit in units] == [True, False, False, False, False]
    assert units[0].keyless_s == pytest.approx(19 / 25)
    assert units[0].earlier == tuple(
        (units[0].rtp_time - n * STEP, packets[20 - n].monotonic) for n in range(19, 0, -1)
    )
    assert units[1].earlier == ()
    assert assembler.pictures == 24


def test_what_libav_marks_as_corrupt_is_damaged() -> None:
    packets = [replace(each, corrupt=number == 3) for number, each in enumerate(stream(6))]
    assert [unit.damaged for unit in assembled(packets)] == [number == 3 for number in range(6)]


def test_pictures_that_carry_no_time_have_that_of_their_arrival() -> None:
    coded = encode_jpeg(frames=3)
    packets = [packet(number, stamp=number * 7, coded=coded) for number in range(3)]
    units = assembled(packets, Assembler(Codec.JPEG, b"", own_time=False))
    assert [unit.rtp_time for unit in units] == [round(each.monotonic * 90_000) for each in packets]
    assert all(unit.key for unit in units)


def test_fill_bytes_behind_a_jpeg_are_not_kept() -> None:
    coded = encode_jpeg(frames=1)
    filled = packet(0, coded=coded)
    (unit,) = assembled([replace(filled, data=filled.data + b"\0" * 7)], Assembler(Codec.JPEG, b""))
    assert unit.nals == coded.units[0]


def avcc(sets: dict[int, bytes], length_bytes: int) -> bytes:
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3.1.2)."""
    head = b"\x01" + sets[7][1:4] + bytes((0xFC | length_bytes - 1, 0xE1))
    return head + _sized(sets[7]) + b"\x01" + _sized(sets[8])


def hvcc(sets: dict[int, bytes], length_bytes: int) -> bytes:
    """HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 8.3.3.1.2)."""
    head = b"\x01" + sets[33][3:15] + b"\xf0\0\xfc\xfd\xf8\xf8\0\0" + bytes((0x0C | length_bytes - 1, len(sets)))
    return head + b"".join(bytes((kind,)) + b"\0\x01" + _sized(nal) for kind, nal in sorted(sets.items()))


def _sized(nal: bytes, length_bytes: int = 2) -> bytes:
    return len(nal).to_bytes(length_bytes, "big") + nal


def parameter_sets(coded: Coded) -> dict[int, bytes]:
    return {kind: coded.first(kind) for kind in ((32, 33, 34) if coded.codec is Codec.H265 else (7, 8))}


@pytest.mark.parametrize("length_bytes", [2, 4])
@pytest.mark.parametrize("coded", [CODED, encode_h265(frames=12)], ids=["h264", "h265"])
def test_framing_by_lengths_and_by_start_codes_give_the_same_slices_and_format(
    coded: Coded, length_bytes: int
) -> None:
    """In MP4 and FLV the parameter sets stand outside the pictures, in MPEG-TS and RTSP inside."""
    sets = parameter_sets(coded)
    kinds = set(sets)
    slices = [tuple(nal for nal in unit if coded.kind(nal) not in kinds) for unit in coded.units]
    configuration = (hvcc if coded.codec is Codec.H265 else avcc)(sets, length_bytes)
    boxed = [
        replace(packet(number, stamp=number * STEP), data=b"".join(_sized(nal, length_bytes) for nal in nals))
        for number, nals in enumerate(slices)
    ]
    by_lengths = assembled(boxed, Assembler(coded.codec, configuration))
    streamed = [packet(number, stamp=number * STEP, coded=coded) for number in range(len(coded.units))]
    by_start_codes = assembled(streamed, Assembler(coded.codec, b""))
    outside = [replace(each, data=byte_stream(nals)) for each, nals in zip(streamed, slices, strict=True)]
    apart = assembled(outside, Assembler(coded.codec, byte_stream(list(sets.values()))))
    assert [unit.nals for unit in by_lengths] == slices == [unit.nals for unit in apart]
    assert [unit.nals for unit in by_start_codes] == list(coded.units)
    assert [unit.key for unit in by_lengths] == [unit.key for unit in by_start_codes] == list(coded.keys)
    assert {unit.format for unit in by_lengths} == {unit.format for unit in by_start_codes} == {coded.format}


def test_a_new_configuration_holds_from_its_picture_on() -> None:
    wide = encode(640, 384, frames=2)
    assembler = Assembler(Codec.H264, avcc(parameter_sets(CODED), 4))
    boxed = [
        replace(packet(number, stamp=number * STEP), data=b"".join(_sized(nal, 4) for nal in nals if nal[0] & 31 < 6))
        for number, nals in enumerate((CODED.units[0], wide.units[0]))
    ]
    boxed[1] = replace(boxed[1], configuration=avcc(parameter_sets(wide), 4))
    assert [(unit.format.width, unit.format.height) for unit in assembled(boxed, assembler)] == [
        (320, 192),
        (640, 384),
    ]


@at_any_pace
@given(
    st.binary(max_size=60),
    st.integers(0, 60),
    st.sampled_from([CODED, encode_h265(frames=12)]),
    st.binary(max_size=80),
)
def test_no_configuration_and_no_picture_whatever_their_bytes_end_in_another_error(
    noise: bytes, cut: int, coded: Coded, data: bytes
) -> None:
    whole = (hvcc if coded.codec is Codec.H265 else avcc)(parameter_sets(coded), 4)
    for configuration in (noise, b"\x01" + noise, whole[:cut], whole[:cut] + noise):
        try:
            assembled(
                [replace(packet(0), data=data), packet(1, stamp=STEP, coded=coded)],
                Assembler(coded.codec, configuration),
            )
        except MediaError:
            continue
