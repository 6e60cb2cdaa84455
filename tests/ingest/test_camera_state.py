"""A camera's state: slow to speak of loss, one word for each change, and no flood from a flapping one."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.evidence import CameraState
from ingest.camera_state import FLAP_WINDOW, FLAPS, Happening, Told, Watch, after, begun
from tests.fakes.time import NOON

S = CameraState


def _play(*acts: tuple[float, Happening], watch: Watch | None = None) -> list[tuple[float, Told]]:
    watch = watch or begun(NOON)
    found = []
    for second, happening in acts:
        watch, told = after(watch, happening, NOON + timedelta(seconds=second))
        if told is not None:
            found.append((second, told))
    return found


def _states(*acts: tuple[float, Happening]) -> list[CameraState]:
    return [told.state for _, told in _play(*acts)]


def test_a_connection_that_breaks_and_is_back_within_a_second_is_never_told_as_lost() -> None:
    acts = ((1, Happening.PICTURES), (9, Happening.BREAK), (9.8, Happening.BREAK), (10, Happening.PICTURES))
    assert _states(*acts) == [S.LIVE, S.CONNECTING, S.LIVE]


def test_a_camera_is_lost_once_and_back_once_with_the_time_it_was_dark() -> None:
    acts = [
        (1.0, Happening.PICTURES),
        *((20 + n / 2, Happening.BREAK) for n in range(40)),
        (41.0, Happening.PICTURES),
    ]
    told = _play(*acts)
    assert [each.state for _, each in told] == [S.LIVE, S.CONNECTING, S.LOST, S.LIVE]
    assert told[2][0] == 22
    assert told[-1][1].dark == timedelta(seconds=21)


def test_a_connection_without_picture_is_stalled_and_lost_only_when_the_connection_goes_too() -> None:
    acts = ((1, Happening.PICTURES), (10, Happening.SILENCE), (11, Happening.NOTHING), (60, Happening.NOTHING))
    assert _states(*acts) == [S.LIVE, S.STALLED]
    assert _states(*acts, (61, Happening.BREAK)) == [S.LIVE, S.STALLED, S.LOST]


def test_a_refusal_is_told_at_once_and_stays_while_time_goes_by() -> None:
    acts = ((0.1, Happening.REFUSAL), (1, Happening.NOTHING), (5, Happening.REFUSAL), (6, Happening.PICTURES))
    assert _states(*acts) == [S.REFUSED, S.LIVE]


def test_a_camera_that_does_not_answer_at_all_is_lost_after_a_while() -> None:
    assert _states((0, Happening.NOTHING), (1, Happening.NOTHING), (3, Happening.NOTHING)) == [S.CONNECTING, S.LOST]


def test_a_flapping_camera_does_not_flood_and_every_change_is_counted() -> None:
    acts = [(n * 0.5, Happening.PICTURES if n % 2 else Happening.SILENCE) for n in range(1, 101)]
    told = _play(*acts, *((51 + n, Happening.NOTHING) for n in range(90)))
    assert len([second for second, _ in told if second < FLAP_WINDOW.total_seconds()]) == FLAPS
    assert len(told) == FLAPS + 1
    assert told[-1][1].state is S.STALLED
    assert sum(each.changes for _, each in told) == 101  # the first is the beginning itself


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from(Happening)), max_size=60))
def test_whatever_happens_no_window_holds_more_than_its_share_and_no_state_is_told_again_without_a_change(
    steps: list[tuple[float, Happening]],
) -> None:
    second, acts = 0.0, []
    for pause_s, happening in steps:
        second += pause_s
        acts.append((second, happening))
    told = _play(*acts)
    events = [each for _, each in told]
    assert all(one.state is not other.state or other.changes > 1 for one, other in pairwise(events))
    for start, _ in told:
        assert sum(start <= at < start + FLAP_WINDOW.total_seconds() for at, _ in told) <= FLAPS
