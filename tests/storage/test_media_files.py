"""Files of ``storage.media``: what is written is read back, torn tails are cut off, damage is told."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.evidence import Cause
from domain.timeline import Interval
from storage.media import (
    TIMESCALE,
    BrokenFile,
    FileIndex,
    Ledger,
    MediaError,
    Missing,
    Sample,
    VideoFormat,
    fragment,
    init_segment,
    read_index,
)
from storage.media.layout import MISSING_UUID
from tests.storage.coded_video import BitWriter, at_any_pace

NINE = datetime(2026, 5, 1, 9, tzinfo=UTC)
QUIET = Ledger(0, 0.0, None)
VIDEO = VideoFormat.from_h264(
    BitWriter().put(66, 8).put(0xC0, 8).put(31, 8).ue(0, 0, 2, 1).put(0, 1).ue(79, 44).put(0b1100, 4).nal(0x67),
    BitWriter().ue(0, 0).put(0, 2).nal(0x68),
)
SLICE, KEY_SLICE, SEI = b"\x41\x9a\x01", b"\x65\x88\x84\x80", b"\x06\x05\x01\x2a\x80"


def read(data: bytes) -> FileIndex:
    return read_index(io.BytesIO(data))


@dataclass(frozen=True)
class Part:
    """The arguments of one call of ``fragment``."""

    sequence: int
    decode_time: int
    samples: tuple[Sample, ...]
    captured: datetime
    ledger: Ledger

    def written(self) -> bytes:
        return fragment(self.sequence, self.decode_time, self.samples, self.captured, self.ledger)


def second(number: int, frames: int = 4) -> bytes:
    """A plain fragment of one second that begins ``number`` seconds after nine."""
    samples = [Sample((KEY_SLICE if at == 0 else SLICE,), TIMESCALE // frames, at == 0) for at in range(frames)]
    return fragment(number + 1, number * TIMESCALE, samples, NINE + timedelta(seconds=number), QUIET)


kept_nals = st.builds(
    lambda head, rest: bytes([head]) + rest, st.sampled_from([0x41, 0x65, 0x06]), st.binary(max_size=40)
)
any_samples = st.builds(
    Sample,
    nals=st.lists(kept_nals, min_size=1, max_size=4).map(tuple),
    duration=st.one_of(st.integers(1, 10_000), st.integers(1, 2**32 - 1)),
    key=st.booleans(),
    composition_offset=st.integers(-(2**31), 2**31 - 1),
)
any_ledgers = st.builds(
    Ledger,
    lost_packets=st.integers(0, 2**64 - 1),
    delayed_s=st.floats(allow_nan=False, allow_infinity=False),
    clock_offset_s=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
any_instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def any_parts(draw: st.DrawFn) -> list[Part]:
    parts: list[Part] = []
    decode_time = draw(st.integers(0, 2**40))
    for sequence in range(1, draw(st.integers(1, 4)) + 1):
        samples = tuple(draw(st.lists(any_samples, min_size=1, max_size=5)))
        parts.append(Part(sequence, decode_time, samples, draw(any_instants), draw(any_ledgers)))
        hole = draw(st.sampled_from([0, 1, TIMESCALE, 3600 * TIMESCALE]))
        decode_time += sum(sample.duration for sample in samples) + hole
    return parts


@at_any_pace
@given(any_parts())
def test_what_is_written_is_read_back(parts: list[Part]) -> None:
    data = init_segment(VIDEO) + b"".join(part.written() for part in parts)
    index = read(data)
    assert (index.format, index.init_size_bytes, index.torn) == (VIDEO, len(init_segment(VIDEO)), False)
    assert index.complete_bytes == index.total_bytes == len(data)
    assert index.frames == sum(len(part.samples) for part in parts)
    for found, part in zip(index.fragments, parts, strict=True):
        assert data[found.offset : found.offset + found.size] == part.written()
        assert (found.sequence, found.decode_time) == (part.sequence, part.decode_time)
        assert (found.captured, found.ledger) == (part.captured, part.ledger)
        assert found.end_time == part.decode_time + sum(sample.duration for sample in part.samples)
        for place, sample in zip(found.samples, part.samples, strict=True):
            assert (place.duration, place.key) == (sample.duration, sample.key)
            assert place.composition_offset == sample.composition_offset
            stored = data[place.offset : place.offset + place.size]
            assert stored == b"".join(struct.pack(">I", len(nal)) + nal for nal in sample.nals)


def test_parameter_sets_and_delimiters_stay_out_of_the_samples() -> None:
    nals = (b"\x09\x10", VIDEO.sps, VIDEO.pps, SEI, KEY_SLICE, SLICE)
    data = init_segment(VIDEO) + fragment(1, 0, [Sample(nals, 3600, True)], NINE, QUIET)
    (sample,) = read(data).fragments[0].samples
    stored = data[sample.offset : sample.offset + sample.size]
    assert stored == b"".join(struct.pack(">I", len(nal)) + nal for nal in (SEI, KEY_SLICE, SLICE))


def test_the_span_runs_from_the_first_capture_to_the_end_of_the_last_sample_across_a_hole() -> None:
    data = init_segment(VIDEO) + second(0) + second(1) + second(9)
    index = read(data)
    assert index.span == Interval(NINE, NINE + timedelta(seconds=10))
    assert [item.interval.start for item in index.fragments] == [NINE + timedelta(seconds=at) for at in (0, 1, 9)]
    assert index.fragments[1].end_time == 2 * TIMESCALE
    assert index.fragments[2].decode_time == 9 * TIMESCALE


def test_a_guessed_last_duration_may_reach_over_the_next_fragment() -> None:
    long = fragment(1, 0, [Sample((KEY_SLICE,), 5000, True)], NINE, QUIET)
    following = fragment(2, 3600, [Sample((SLICE,), 3600, False)], NINE + timedelta(milliseconds=40), QUIET)
    assert read(init_segment(VIDEO) + long + following).frames == 2


def test_a_head_without_fragments_is_whole_and_has_no_span() -> None:
    index = read(init_segment(VIDEO))
    assert (index.fragments, index.span, index.frames, index.torn) == ((), None, 0, False)


def test_instants_after_the_turn_of_ntp_in_2036_are_read_back() -> None:
    turn = datetime(2036, 2, 7, 6, 28, 15, 999_999, tzinfo=UTC)
    for instant in (turn, turn + timedelta(microseconds=1), turn + timedelta(days=365, microseconds=123_457)):
        data = init_segment(VIDEO) + fragment(1, 0, [Sample((KEY_SLICE,), 1, True)], instant, QUIET)
        assert read(data).fragments[0].captured == instant


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"samples": ()}, "without samples"),
        ({"samples": (Sample((VIDEO.sps, VIDEO.pps), 3600, True),)}, "nothing but parameter sets"),
        ({"samples": (Sample((b"", KEY_SLICE), 0, True),)}, "duration"),
        ({"samples": (Sample((KEY_SLICE,), 2**32, True),)}, "duration"),
        ({"samples": (Sample((KEY_SLICE,), 1, True, 2**31),)}, "offset"),
        ({"sequence": 0}, "sequence"),
        ({"decode_time": -1}, "decode time"),
        ({"captured": datetime(2026, 5, 1)}, "time zone"),  # noqa: DTZ001
        ({"captured": datetime(1960, 1, 1, tzinfo=UTC)}, "NTP"),
        ({"captured": datetime(2200, 1, 1, tzinfo=UTC)}, "NTP"),
        ({"ledger": Ledger(-1, 0.0, None)}, "ledger"),
        ({"ledger": Ledger(0, float("nan"), None)}, "ledger"),
        ({"ledger": Ledger(0, 0.0, float("inf"))}, "ledger"),
    ],
)
def test_what_cannot_be_written_is_refused(changes: dict[str, object], says: str) -> None:
    sound = Part(1, 0, (Sample((KEY_SLICE,), 3600, True),), NINE, QUIET)
    assert sound.written()
    with pytest.raises(ValueError, match=says):
        replace(sound, **changes).written()  # type: ignore[arg-type]


WHOLE = init_segment(VIDEO) + second(0) + second(1) + second(2)


def test_a_tail_torn_at_any_byte_of_the_last_fragment_is_cut_off() -> None:
    last = len(WHOLE) - len(second(2))
    assert not read(WHOLE[:last]).torn
    for length in range(last + 1, len(WHOLE)):
        index = read(WHOLE[:length])
        assert (index.torn, index.complete_bytes, index.total_bytes) == (True, last, length)
        assert index.fragments == read(WHOLE).fragments[:2]


def test_a_file_torn_in_its_head_is_broken() -> None:
    for length in range(len(init_segment(VIDEO))):
        with pytest.raises(BrokenFile):
            read(WHOLE[:length])


def test_a_tail_of_zero_bytes_after_a_loss_of_power_is_cut_off() -> None:
    last = len(WHOLE) - len(second(2))
    mdat = WHOLE.rindex(b"mdat")
    for length in range(last, mdat + 4):
        index = read(WHOLE[:length] + bytes(8192))
        assert (index.torn, index.complete_bytes) == (True, last)


def test_damage_before_a_sound_tail_is_never_taken_for_a_torn_tail() -> None:
    start = WHOLE.index(b"tfhd")
    with pytest.raises(BrokenFile):
        read(WHOLE[:start] + bytes(20) + WHOLE[start + 20 :])


@settings(at_any_pace, max_examples=400)
@given(st.data())
def test_mutated_bytes_give_an_index_or_a_media_error(data: st.DataObject) -> None:
    mutated = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(mutated) - 1))
        mutated[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        index = read(bytes(mutated))
    except MediaError:
        return
    assert index.complete_bytes <= index.total_bytes
    assert index.span is None or index.span.seconds > 0
    for item in index.fragments:
        assert all(item.offset < place.offset < item.offset + item.size for place in item.samples)


def test_every_single_byte_set_to_an_extreme_gives_an_index_or_a_media_error() -> None:
    for at in range(len(WHOLE)):
        for value in (0, 1, 0x7F, 0xFF):
            try:
                read(WHOLE[:at] + bytes([value]) + WHOLE[at + 1 :])
            except MediaError:
                continue


@at_any_pace
@given(st.binary(max_size=200))
def test_garbage_is_a_broken_file(garbage: bytes) -> None:
    with pytest.raises(BrokenFile):
        read(garbage)


def with_largesize(box: bytes) -> bytes:
    return struct.pack(">I", 1) + box[4:8] + struct.pack(">Q", len(box) + 8) + box[8:]


def test_boxes_with_64_bit_sizes_are_read() -> None:
    plain = second(0)
    at = plain.rindex(b"mdat") - 4
    head = bytearray(plain[:at])
    data_offset = head.index(b"trun") + 12
    head[data_offset : data_offset + 4] = struct.pack(">i", struct.unpack_from(">i", head, data_offset)[0] + 8)
    index = read(init_segment(VIDEO) + bytes(head) + with_largesize(plain[at:]) + second(1))
    assert (index.frames, index.torn) == (8, False)
    assert index.fragments[0].samples[0].offset == index.init_size_bytes + at + 16


@pytest.mark.parametrize("size", [0, 2, 15, 2**64 - 1])
def test_a_64_bit_size_that_cannot_be_is_torn_or_broken(size: int) -> None:
    box = struct.pack(">I4sQ", 1, b"free", size) + b"rest"
    try:
        assert read(WHOLE + box).complete_bytes == len(WHOLE)
    except BrokenFile:
        assert size < 16


def test_foreign_boxes_are_stepped_over() -> None:
    foreign = struct.pack(">I4s16s", 24, b"uuid", b"somebody's else!")
    first, rest = second(0), second(1)
    prft = struct.unpack_from(">I", first)[0]
    index = read(init_segment(VIDEO) + foreign + first[:prft] + foreign + first[prft:] + rest + foreign)
    assert (index.frames, index.torn) == (8, False)
    assert index.fragments[0].ledger == QUIET


def test_a_ledger_of_a_later_version_or_none_at_all_is_no_ledger() -> None:
    plain = second(0)
    prft = struct.unpack_from(">I", plain)[0]
    ledger = struct.unpack_from(">I", plain, prft)[0]
    later = plain[: prft + 24] + b"\x02" + plain[prft + 25 :]
    assert read(init_segment(VIDEO) + later).fragments[0].ledger is None
    without = plain[:prft] + plain[prft + ledger :]
    assert read(init_segment(VIDEO) + without).fragments[0].ledger is None


def _telling(number: int, *missing: Missing) -> bytes:
    samples = [Sample((KEY_SLICE,), TIMESCALE, True)]
    captured = NINE + timedelta(seconds=number)
    return fragment(number + 1, number * TIMESCALE, samples, captured, QUIET, missing=missing)


def test_what_is_missing_is_told_to_its_end_or_to_that_of_the_file() -> None:
    from_s = [NINE + timedelta(seconds=at) for at in (0.5, 1.25, 1.75)]
    lasting = Missing(from_s[0], None, Cause.PACKET_LOSS)
    over = Missing(from_s[0], from_s[1], Cause.PACKET_LOSS)
    jump = Missing(from_s[1], from_s[2], Cause.NO_DATA)
    data = init_segment(VIDEO) + _telling(0, lasting)
    assert read(data).missing == ((Interval(from_s[0], NINE + timedelta(seconds=1)), Cause.PACKET_LOSS),)
    index = read(data + _telling(1, over, jump))
    assert [item.missing for item in index.fragments] == [(lasting,), (over, jump)]
    assert index.missing == (
        (Interval(from_s[0], from_s[1]), Cause.PACKET_LOSS),
        (Interval(from_s[1], from_s[2]), Cause.NO_DATA),
    )
    assert read(init_segment(VIDEO) + second(0)).missing == ()


@pytest.mark.parametrize("at", [0, 5, 7, 8])  # version, cause, whether it lasts, start
def test_missing_time_that_cannot_be_read_makes_a_broken_file_and_not_covered_time(at: int) -> None:
    data = bytearray(
        init_segment(VIDEO) + _telling(0, Missing(NINE, NINE + timedelta(seconds=0.5), Cause.PACKET_LOSS))
    )
    data[data.index(MISSING_UUID) + 16 + at] = 0xFF
    with pytest.raises(BrokenFile, match="missing time"):
        read(bytes(data))


def test_missing_time_of_another_cause_or_without_length_is_not_written() -> None:
    for wrong in (Missing(NINE, None, Cause.DISK_FULL), Missing(NINE, NINE, Cause.NO_DATA)):
        with pytest.raises(ValueError, match="missing time"):
            _telling(0, wrong)


def test_fragments_out_of_order_or_without_their_clock_are_broken() -> None:
    prft = struct.unpack_from(">I", second(0))[0]
    for tail in (second(1) + second(0), second(0) + second(0), second(0)[prft:]):
        with pytest.raises(BrokenFile):
            read(init_segment(VIDEO) + tail)


class NeverMedia(io.BytesIO):
    """A file that fails the test when a byte of an ``mdat`` payload is read."""

    def __init__(self, data: bytes, secret: list[range]) -> None:
        super().__init__(data)
        self._secret = secret

    def read(self, size: int | None = -1, /) -> bytes:
        at = self.tell()
        data = super().read(size)
        assert not any(at < part.stop and at + len(data) > part.start for part in self._secret)
        return data


def test_pictures_are_never_read() -> None:
    samples = [Sample((KEY_SLICE * 100,), 3600, True)]
    parts = [fragment(at + 1, at * 3600, samples, NINE + timedelta(seconds=at), QUIET) for at in range(3)]
    data = init_segment(VIDEO) + b"".join(parts)
    places = [item.samples[0] for item in read(data).fragments]
    secret = [range(place.offset, place.offset + place.size) for place in places]
    assert read_index(NeverMedia(data, secret)).frames == 3


class OneByteAtATime(io.BytesIO):
    """A stream that returns less than it was asked for, as unbuffered ones may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 1))


def test_streams_that_read_short_and_files_on_disk_give_the_same_index(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(WHOLE)
    with path.open("rb") as file:
        assert read_index(file) == read(WHOLE) == read_index(OneByteAtATime(WHOLE))


def test_a_box_that_claims_more_memory_than_any_fragment_needs_is_broken() -> None:
    head = second(0)[: struct.unpack_from(">I", second(0))[0]]
    huge = struct.pack(">I4s", 8 + 2**24 + 1, b"moof") + bytes(2**24) + b"\x01"
    with pytest.raises(BrokenFile, match="too large"):
        read(init_segment(VIDEO) + head + huge)
