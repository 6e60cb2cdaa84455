"""Pictures as fragments: what a decoder gets is what the camera sent, and media time never jumps."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import pairwise

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.live.fragments import Fragments, MediaClock, NotShown
from storage.media import Codec, VideoFormat
from tests.ingest.pictures import FPS, GOP, TICKS, unit, video_format


def test_fragments_are_decoded_by_a_player_that_we_did_not_write() -> None:
    fragments, data, shown = Fragments(), b"", 0
    for number in range(2 * GOP):
        head, picture = fragments.take(unit(number))
        assert (head is not None) == (number == 0)
        assert picture is not None
        assert picture.key == (number % GOP == 0)
        data += (head.data if head is not None else b"") + picture.fragment
        assert picture.framed.endswith(picture.fragment)
    with av.open(io.BytesIO(data), "r") as film:
        stream = film.streams.video[0]
        pictures = list(film.decode(stream))
        shown = len(pictures)
        times = [float((picture.pts or 0) * stream.time_base) for picture in pictures]  # type: ignore[operator]
    assert shown == 2 * GOP
    assert times == pytest.approx([number / FPS for number in range(2 * GOP)])


def test_another_format_or_another_connection_comes_with_a_head_and_goes_on_in_time() -> None:
    fragments = Fragments()
    fragments.take(unit(0))
    assert fragments.take(unit(1))[0] is None
    fragments.restart()
    head, _ = fragments.take(unit(0, rtp_shift=10**9))
    assert head is not None
    assert head.codec == video_format().codec_string
    assert (head.width, head.height) == (320, 192)


def test_what_is_not_h264_is_not_shown_and_nothing_but_parameters_is_no_picture() -> None:
    with pytest.raises(NotShown, match="jpeg"):
        Fragments().take(replace(unit(0), format=VideoFormat(Codec.JPEG, 320, 192)))
    sets = tuple(nal for nal in unit(0).nals if nal[0] & 31 in (7, 8))
    head, picture = Fragments().take(replace(unit(0), nals=sets))
    assert head is not None
    assert picture is None


def test_a_damaged_key_frame_is_none_to_begin_with() -> None:
    _, picture = Fragments().take(unit(0, damaged=True))
    assert picture is not None
    assert not picture.key


@given(st.lists(st.integers(-400_000, 400_000), min_size=1, max_size=80), st.sampled_from([None, 0.5, 15.0, 25.0]))
def test_media_time_rises_and_never_jumps_by_more_than_two_pictures(steps: list[int], fps: float | None) -> None:
    clock, stamp = MediaClock(), 1_000_000
    clock.restart(fps, 0)
    times = [clock.push(stamp)]
    for step in steps:
        stamp += step
        times.append(clock.push(stamp))
    assert times[0].decode == 0
    for before, after in pairwise(times):
        assert before.decode < after.decode <= before.decode + 2 * before.duration
        assert after.duration >= 1


@given(st.integers(1, 16).flatmap(lambda depth: st.tuples(st.just(depth), st.integers(1, 6))))
def test_pictures_coded_in_another_order_are_decoded_in_order_and_shown_at_their_own_times(
    given_: tuple[int, int],
) -> None:
    depth, groups = given_
    shown = [0] + [1 + base * (depth + 1) + place for base in range(groups) for place in (depth, *range(depth))]
    clock = MediaClock()
    clock.restart(25.0, depth)
    stamps = [clock.push(number * 3600) for number in shown]
    decoded = [each.decode for each in stamps]
    assert decoded == sorted(set(decoded))
    presented = [each.decode + each.offset for each in stamps]
    first = presented[0] - shown[0] * 3600
    assert [time - first for time in presented] == [number * 3600 for number in shown]


def test_a_camera_that_slows_down_is_followed_within_a_few_pictures() -> None:
    clock = MediaClock()
    clock.restart(25.0, 0)
    stamp = 0
    for _ in range(10):
        stamp += 3600
        clock.push(stamp)
    for _ in range(10):
        stamp += 45_000
        latest = clock.push(stamp)
    assert latest.duration == 45_000
    assert TICKS == 90_000 // FPS
