"""What pictures become that are coded anew, and whose age they have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest

from dashboard.live import recoding
from dashboard.live.recoding import FRUITLESS_PICTURES, Bounds, CodecMissing, Recoding, Undecodable, recode
from ingest.relay import wire
from ingest.relay.wire import LiveUnit
from ingest.source import AccessUnit
from storage.media import Codec, VideoFormat
from tests.dashboard.live import high_efficiency
from tests.dashboard.live.high_efficiency import FPS, HEIGHT, TICKS, WIDTH, as_film
from tests.fakes.time import NOON
from tests.ingest import pictures
from tests.storage.coded_video import encode_jpeg

SMALL = Bounds(96, 15)


def live(unit: AccessUnit) -> LiveUnit:
    return LiveUnit(unit.arrived, unit.rtp_time, unit.key, unit.damaged, unit.nals, unit.format)


def coded(count: int, bounds: Bounds = SMALL, b_pictures: int = 0, *, late: bool = False) -> list[AccessUnit]:
    made = Recoding(Codec.H265, bounds)
    units = (live(high_efficiency.unit(number, b_pictures=b_pictures)) for number in range(count))
    return [each for unit in units for each in made.take(unit, late=late)]


def test_h265_becomes_small_h264_that_every_viewer_takes_evenly_paced() -> None:
    found = coded(100)
    film = as_film(found)
    assert {(each.width, each.height) for each in film} == {(160, 96)}
    assert found[0].format.codec_string.startswith("avc1.42c0")  # Constrained Baseline
    assert found[0].format.reorder_depth == 0
    steps = {after.rtp_time - before.rtp_time for before, after in pairwise(found)}
    assert steps == {2 * TICKS}, "every other of 25 a second, as 15 are allowed"
    keys = [each.rtp_time for each in found if each.key]
    assert keys[0] == 0
    assert all(after - before <= 3 * 90_000 for before, after in pairwise(keys))
    assert len(keys) == 2


def test_nothing_is_made_larger_and_sizes_are_even() -> None:
    assert Bounds(480, 15).size(1920, 1080) == (854, 480)
    assert Bounds(480, 15).size(352, 288) == (352, 288)
    assert Bounds(145, 15).size(641, 361) == (258, 144)
    assert Bounds(480, 15).size(1080, 1920) == (270, 480)


@pytest.mark.parametrize("b_pictures", [0, 3])
def test_each_picture_has_the_arrival_and_the_time_of_the_one_that_it_was_made_of(b_pictures: int) -> None:
    """Pictures are as bright as their number, so that what was decoded at the end says which one it is."""
    found = coded(60, Bounds(HEIGHT, 30), b_pictures)
    film = as_film(found)
    assert len(found) > 50
    for unit, frame in zip(found, film, strict=True):
        number = round(float(frame.to_ndarray()[:HEIGHT].mean())) - 40
        assert abs(unit.rtp_time / TICKS - number) <= 1  # as exact as its brightness is
        assert unit.arrived - NOON == timedelta(seconds=unit.rtp_time / TICKS / FPS)
    assert all(after.rtp_time > before.rtp_time for before, after in pairwise(found))


def test_what_waits_is_caught_up_with_by_coding_a_quarter() -> None:
    assert len(coded(100, late=True)) == pytest.approx(len(coded(100)) / 4, abs=3)


def test_motion_jpeg_is_coded_anew_too() -> None:
    ((picture,),) = encode_jpeg(WIDTH, HEIGHT, 1).units
    made = Recoding(Codec.JPEG, SMALL)
    unit = LiveUnit(NOON, 0, True, False, (picture,), VideoFormat.from_jpeg(picture))
    found = [each for number in range(4) for each in made.take(replace(unit, rtp_time=number * 9000))]
    assert [(each.width, each.height) for each in as_film(found)] == [(160, 96)] * 4


def still(width: int, height: int, aspect: Fraction | None = None) -> LiveUnit:
    """One grey picture in H.265 that says nothing of its colours."""
    encoder: Any = av.CodecContext.create("libx265", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, "yuv420p", Fraction(1, FPS)
    encoder.framerate = Fraction(FPS)
    if aspect is not None:
        encoder.sample_aspect_ratio = aspect
    parameters = "log-level=none:bframes=0:pools=1:repeat-headers=1:annexb=1"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x265-params": parameters}
    grey = av.VideoFrame.from_ndarray(np.full((height * 3 // 2, width), 128, np.uint8), format="yuv420p")
    nals = pictures.nal_units(b"".join(bytes(each) for each in (*encoder.encode(grey), *encoder.encode())))
    sets = {nal[0] >> 1 & 0x3F: nal for nal in nals}
    return LiveUnit(NOON, 0, True, False, nals, VideoFormat.from_h265(sets[32], sets[33], sets[34]))


def test_pixels_that_are_wider_than_high_stay_so() -> None:
    (found,) = Recoding(Codec.H265, SMALL).take(still(352, 288, Fraction(12, 11)))
    assert found.format.pixel_aspect == (12, 11)


@pytest.mark.parametrize(("size", "colours"), [((1280, 720), 1), ((640, 480), 2)])
def test_colours_that_a_player_guesses_by_the_size_stay_those_of_the_camera(
    size: tuple[int, int], colours: int
) -> None:
    """Made smaller, a picture in high definition would pass for one of BT.601, and skin turn another colour."""
    (found,) = Recoding(Codec.H265, SMALL).take(still(*size))
    assert [int(each.colorspace) for each in as_film([found])] == [colours]


def test_pictures_of_which_nothing_can_be_made_are_given_up() -> None:
    made = Recoding(Codec.H265, SMALL)
    good = high_efficiency.unit(0)
    nonsense = LiveUnit(NOON, 0, True, False, (b"\x26\x01" + bytes(range(1, 200)),), good.format)
    with pytest.raises(Undecodable, match="50 pictures of h265"):
        for _ in range(FRUITLESS_PICTURES):
            assert list(made.take(nonsense)) == []
    made = Recoding(Codec.H265, SMALL)
    for number in range(200):  # as long as some are whole it goes on
        list(made.take(nonsense if number % 25 else live(good)))


def test_a_host_without_the_decoder_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(recoding._DECODERS, Codec.H265, "no such decoder")
    with pytest.raises(CodecMissing, match="no such decoder"):
        Recoding(Codec.H265, SMALL)


def test_pictures_of_another_size_are_another_format() -> None:
    """A camera that is set to another size in mid-stream: what comes out begins anew with a key frame."""
    made = Recoding(Codec.H264, Bounds(HEIGHT, 30))
    first = [each for number in range(4) for each in made.take(live(pictures.unit(number)))]
    made._bounds = SMALL
    second = [each for number in range(4, 8) for each in made.take(live(pictures.unit(number)))]
    assert (first[0].format.width, second[0].format.width) == (320, 160)
    assert second[0].key


def messages(stream: bytes) -> Iterator[tuple[wire.Kind, bytes]]:
    at = 0
    while at < len(stream):
        kind, length = wire.head(stream[at : at + wire.HEAD_BYTES])
        at += wire.HEAD_BYTES + length
        yield kind, stream[at - length : at]


def test_the_process_answers_every_picture_and_ends_with_what_it_hears() -> None:
    units = [high_efficiency.unit(number) for number in range(20)]
    heard = BytesIO(wire.format_message(units[0].format) + b"".join(map(wire.unit_message, units)) + b"\0\0")
    said = BytesIO()
    recode(heard, said, SMALL)
    kinds = [kind for kind, _ in messages(said.getvalue())]
    assert kinds.count(wire.Kind.SKIPPED) == 20
    assert kinds.count(wire.Kind.FORMAT) == 1
    arrivals: list[datetime] = [
        wire.unit_of(body, units[0].format).arrived
        for kind, body in messages(said.getvalue())
        if kind is wire.Kind.UNIT
    ]
    assert arrivals
    assert arrivals == sorted(arrivals)
    assert set(arrivals) <= {each.arrived for each in units}
