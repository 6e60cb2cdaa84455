"""Films: every picture of the files at its instant, any byte range alike, and what other players make of them."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.timeline import Interval
from storage.media import (
    TIMESCALE,
    Codec,
    Film,
    Ledger,
    Line,
    Sample,
    Sound,
    SoundCodec,
    SoundFormat,
    SoundLedger,
    SoundSample,
    Wanted,
    filmed,
    fragment,
    init_segment,
    joined,
    read_index,
    take,
    ticks_of,
)
from tests.storage.coded_video import Coded, at_any_pace, encode, encode_h265, encode_jpeg

NINE = datetime(2026, 5, 1, 1, 0, 0, 123456, tzinfo=UTC)
EVER = Interval(NINE - timedelta(hours=1), NINE + timedelta(hours=10))
GROUP = 10
REORDERED = (("preset", "medium"), ("bf", "2"), ("b-adapt", "0"))
G711 = SoundFormat(SoundCodec.ALAW, 8000, 1)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def file(coded: Coded, start: datetime, *, pace: float = 1.0, heard: bool = False) -> bytes:
    """As the recorder writes it, a fragment for each group. ``pace``: how much longer a picture takes by the host's
    clock than by the camera's. ``heard``: with a second's worth of sound for each second."""
    samples = coded.samples()
    delay = samples[0].composition_offset
    samples = [replace(each, composition_offset=each.composition_offset - delay) for each in samples]
    parts = [init_segment(coded.format, G711 if heard else None)]
    for number, first in enumerate(range(0, len(samples), GROUP)):
        media = first * TIMESCALE // coded.fps
        captured = start + timedelta(seconds=first / coded.fps * pace)
        said = _said(number) if heard else None
        group = samples[first : first + GROUP]
        parts.append(
            fragment(number + 1, media, group, captured, Ledger(0, 0.0, None), codec=coded.codec, sound=said)
        )
    return b"".join(parts)


def _said(number: int) -> Sound:
    """0.4 s of sound in pieces of 20 ms, none of which is like another."""
    pieces = [SoundSample(bytes([number % 200 + 1, piece + 1]) * 80, 160) for piece in range(20)]
    return Sound(number * 3200, pieces, SoundLedger(timedelta(seconds=0.4) * (number + 1), 0))


def made(files: Sequence[bytes], span: Interval = EVER, *, sound: bool = False, lines: Sequence[Line] = ()) -> Film:
    found = (take(number, read_index(io.BytesIO(data)), span) for number, data in enumerate(files))
    takes = joined([each for each in found if each is not None])
    digests = [hashlib.sha256(data).hexdigest() for data in files]
    return filmed(Wanted(takes, digests, "title 标题", json.dumps({"a": 1}), lines, sound))


def rendered(of: Film, files: Sequence[bytes], first: int = 0, last: int | None = None) -> bytes:
    last = of.size_bytes - 1 if last is None else last
    return b"".join(
        part.data or files[part.source][part.offset : part.offset + part.size] for part in of.where(first, last)
    )


def nals_of(sample: bytes, codec: Codec) -> list[bytes]:
    """What is in a sample but parameter sets."""
    if codec is Codec.JPEG:
        return [sample]
    found, at = [], 0
    while at < len(sample):
        length = int.from_bytes(sample[at : at + 4], "big")
        found.append(sample[at + 4 : at + 4 + length])
        at += 4 + length
    sets = {7, 8} if codec is Codec.H264 else {32, 33, 34}
    return [nal for nal in found if (nal[0] & 0x1F if codec is Codec.H264 else nal[0] >> 1 & 0x3F) not in sets]


def digests(nals: Sequence[bytes]) -> list[str]:
    return [hashlib.sha256(nal).hexdigest() for nal in nals]


def slices(data: bytes, codec: Codec) -> list[str]:
    """The hash of every NAL unit but parameter sets, as libav reads the film."""
    with av.open(io.BytesIO(data), "r") as container:
        packets = [bytes(each) for each in container.demux(container.streams.video[0]) if each.size]
    return digests([nal for packet in packets for nal in nals_of(packet, codec)])


def stored_slices(files: Sequence[bytes], codec: Codec) -> list[str]:
    found: list[bytes] = []
    for data in files:
        for part in read_index(io.BytesIO(data)).fragments:
            for at in part.samples:
                found += nals_of(data[at.offset : at.offset + at.size], codec)
    return digests(found)


def shown_at(data: bytes) -> list[Fraction]:
    """When libav shows each picture that it decodes, in seconds from the film's start."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = container.decode(container.streams.video[0])
        return [frame.pts * frame.time_base for frame in frames if frame.pts is not None and frame.time_base]


def told_instants(files: Sequence[bytes]) -> list[datetime]:
    """When each picture is shown by what its file says, sorted."""
    found = []
    for data in files:
        for part in read_index(io.BytesIO(data)).fragments:
            at = 0
            for each in part.samples:
                ticks = at + each.composition_offset
                found.append(part.captured + timedelta(seconds=ticks / TIMESCALE))
                at += each.duration
    return sorted(found)


KINDS = {
    "H.264": encode(frames=20),
    "H.264 with B frames": encode(frames=20, options=REORDERED),
    "H.265": encode_h265(frames=20),
    "H.265 with B frames": encode_h265(frames=20, parameters="bframes=2:b-adapt=0"),
    "JPEG": encode_jpeg(frames=20),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_slice_is_there_and_every_picture_at_its_instant_also_behind_a_gap(kind: str) -> None:
    coded = KINDS[kind]
    files = [file(coded, NINE), file(coded, after(0.8), pace=1.19), file(coded, after(7.5))]
    of = made(files)
    data = rendered(of, files)
    assert slices(data, coded.codec) == stored_slices(files, coded.codec)
    wanted = [(instant - NINE).total_seconds() for instant in told_instants(files)]
    assert shown_at(data) == pytest.approx(wanted, abs=0.0009)
    assert of.pictures == 60


def test_ffprobe_finds_the_gap_the_length_and_what_the_film_says_of_itself(tmp_path: Path) -> None:
    files = [file(KINDS["H.264"], NINE), file(KINDS["H.264"], after(7.5))]
    path = tmp_path / "film.mp4"
    path.write_bytes(rendered(made(files, lines=[Line(ticks_of(NINE), "九点")]), files))
    asked = ["ffprobe", "-v", "warning", "-of", "json", "-show_format", "-show_streams", "-show_packets"]
    ran = subprocess.run([*asked, str(path)], capture_output=True, check=True, text=True)
    assert ran.stderr == ""
    said = json.loads(ran.stdout)
    assert said["format"]["tags"]["title"] == "title 标题"
    assert json.loads(said["format"]["tags"]["comment"]) == {"a": 1}
    assert said["format"]["tags"]["creation_time"] == "2026-05-01T01:00:00.000000Z"
    assert float(said["format"]["duration"]) == pytest.approx(8.3, abs=0.001)
    assert [each["codec_name"] for each in said["streams"]] == ["h264", "mov_text"]
    times = [float(each["pts_time"]) for each in said["packets"] if each["codec_type"] == "video"]
    steps = [later - before for before, later in pairwise(times)]
    assert max(steps) == pytest.approx(7.5 - 0.76, abs=0.001)


def test_parameter_sets_that_change_in_the_middle_decode_behind_the_change() -> None:
    files = [
        file(encode(frames=20), NINE),
        file(encode(640, 368, 20, "main"), after(0.8)),
        file(encode(frames=20), after(1.6)),
    ]
    data = rendered(made(files), files)
    assert slices(data, Codec.H264) == stored_slices(files, Codec.H264)
    with av.open(io.BytesIO(data), "r") as container:
        widths = [frame.width for frame in container.decode(container.streams.video[0])]
    assert widths == [320] * 20 + [640] * 20 + [320] * 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_span_begins_with_the_key_frame_before_it_and_shows_nothing_behind_its_end(kind: str) -> None:
    files = [file(KINDS[kind], NINE), file(KINDS[kind], after(0.8))]
    of = made(files, Interval(after(0.5), after(1.3)))
    times = shown_at(rendered(of, files))
    ends = (of.ends - ticks_of(NINE)) / TIMESCALE
    begins = (of.begins - ticks_of(NINE)) / TIMESCALE
    first = 0.48 if kind == "JPEG" else 0.4
    assert begins == pytest.approx(first, abs=0.001)
    assert times[0] == 0
    assert 1.3 - 3 / 25 <= begins + float(times[-1]) < 1.3
    assert ends == pytest.approx(1.3, abs=0.001)


def test_a_span_without_pictures_gives_no_take() -> None:
    index = read_index(io.BytesIO(file(KINDS["H.264"], NINE)))
    assert take(0, index, Interval(after(5), after(6))) is None
    assert take(0, index, Interval(after(-5), NINE)) is None
    with pytest.raises(ValueError, match="without pictures"):
        filmed(Wanted([], [], "", ""))


def test_where_two_files_overlap_the_later_one_goes_on_and_time_never_runs_back() -> None:
    for coded in KINDS.values():
        files = [file(coded, NINE), file(coded, after(0.5))]
        times = shown_at(rendered(made(files), files))
        assert times == sorted(set(times))
        assert float(times[-1]) == pytest.approx(0.5 + 0.76, abs=0.001)


def test_a_key_frame_that_ends_one_file_and_begins_the_next_is_shown_once() -> None:
    coded = encode_h265(frames=20)
    units, ticks = coded.samples(), TIMESCALE // 25
    first = [replace(each, composition_offset=0) for each in units[:10]]
    last = replace(units[10], composition_offset=0, duration=1)
    before = init_segment(coded.format) + fragment(1, 0, [*first, last], NINE, Ledger(0, 0.0, None), codec=Codec.H265)
    behind = init_segment(coded.format) + fragment(
        1, 0, units[10:], NINE + timedelta(seconds=10 * ticks / TIMESCALE), Ledger(0, 0.0, None), codec=Codec.H265
    )
    files = [before, behind]
    assert len(shown_at(rendered(made(files), files))) == 20


def test_sound_lies_beside_the_pictures_and_keeps_the_gap() -> None:
    files = [file(KINDS["H.264"], NINE, heard=True), file(KINDS["H.264"], after(3), heard=True)]
    data = rendered(made(files, sound=True), files)
    with av.open(io.BytesIO(data), "r") as container:
        packets = [each for each in container.demux(container.streams.audio[0]) if each.size]
        assert [bytes(each) for each in packets] == [
            sample.data for _ in files for number in (0, 1) for sample in _said(number).samples
        ]
        starts = [float(each.pts * each.time_base) for each in packets if each.pts is not None]
    assert starts[:3] == pytest.approx([0, 0.02, 0.04], abs=0.0002)
    assert starts[40] == pytest.approx(3, abs=0.0002)
    assert slices(data, Codec.H264) == stored_slices(files, Codec.H264)
    silent = rendered(made(files), files)
    with av.open(io.BytesIO(silent), "r") as container:
        assert not container.streams.audio


def test_sound_that_begins_later_than_the_pictures_begins_later_in_the_film() -> None:
    files = [file(KINDS["H.264"], NINE), file(KINDS["H.264"], after(0.8), heard=True)]
    with av.open(io.BytesIO(rendered(made(files, sound=True), files)), "r") as container:
        first = next(each for each in container.demux(container.streams.audio[0]) if each.size)
    assert first.pts is not None
    assert float(first.pts * first.time_base) == pytest.approx(0.8, abs=0.0002)


PLAIN = [file(encode(frames=20), NINE, heard=True), file(encode(640, 368, 20), after(4), heard=True)]
WHOLE = made(PLAIN, sound=True, lines=[Line(ticks_of(after(number)), f"{number}") for number in range(5)])
BYTES = rendered(WHOLE, PLAIN)


@at_any_pace
@given(st.integers(0, len(BYTES) - 1), st.integers(0, len(BYTES) - 1))
def test_any_byte_range_is_that_of_the_whole_film(one: int, other: int) -> None:
    first, last = sorted((one, other))
    assert rendered(WHOLE, PLAIN, first, last) == BYTES[first : last + 1]


def test_the_digest_tells_films_apart_that_differ_in_anything() -> None:
    assert len(BYTES) == WHOLE.size_bytes
    films = [made(PLAIN), made(PLAIN, sound=True), made(PLAIN[:1]), made(PLAIN[1:]), made([PLAIN[1], PLAIN[0]])]
    films.append(made(PLAIN, lines=[Line(ticks_of(NINE), "x")]))
    changed = bytes([*PLAIN[0][:-1], PLAIN[0][-1] ^ 1])
    films.append(made([changed, PLAIN[1]]))
    assert len({each.digest for each in films}) == len(films)
    assert made(PLAIN).digest == made(PLAIN).digest


def test_beyond_four_gigabytes_offsets_have_64_bits() -> None:
    """No such file is made: only its index, of a picture a second for hours."""
    data = file(encode_jpeg(frames=20), NINE)
    index = read_index(io.BytesIO(data))
    large = replace(
        index,
        fragments=tuple(
            replace(
                each,
                samples=tuple(replace(of, size=500_000_000, offset=10**9 * n) for n, of in enumerate(each.samples)),
            )
            for each in index.fragments
        ),
    )
    found = take(0, large, EVER)
    assert found is not None
    of = filmed(Wanted([found], ["00"], "", ""))
    assert of.size_bytes > 2**32
    assert b"co64" in of.head and b"stco" not in of.head
    assert of.head.endswith(b"\0\0\0\1mdat" + (of.size_bytes - len(of.head) + 16).to_bytes(8, "big"))
    last = list(of.where(of.size_bytes - 10, of.size_bytes - 1))
    assert [(part.source, part.size) for part in last] == [(0, 10)]


def test_a_take_of_samples_is_what_its_file_says_to_the_tick() -> None:
    coded = encode(frames=20)
    whole = take(0, read_index(io.BytesIO(file(coded, NINE))), EVER)
    assert whole is not None
    assert [whole.shown(at) - ticks_of(NINE) for at in range(20)] == [
        pytest.approx(at * 3600, abs=1) for at in range(20)
    ]
    assert isinstance(coded.samples()[0], Sample)


def test_fragments_that_tell_earlier_instants_than_those_before_them_still_give_rising_times() -> None:
    """The run clock may put right at once what it had too late."""
    for coded in KINDS.values():
        files = [file(coded, NINE, pace=0.4)]
        times = shown_at(rendered(made(files), files))
        assert len(times) == 20
        assert times == sorted(set(times))
