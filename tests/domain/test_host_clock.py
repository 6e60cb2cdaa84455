"""What a reading of the host's clock proves, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.host_clock import (
    LIMIT_S,
    CameraClocks,
    CameraOffset,
    ClockState,
    HostClock,
    NtpState,
    ServerDate,
    Witness,
    camera_clocks,
    judge_clock,
    pooled,
)

AT = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
KEPT = NtpState(0.0001, 0.02, 0.001, unsynchronised_flag=False)
FREE = NtpState(0.0, 16.0, 16.0, unsynchronised_flag=True)
NEAR, FAR = ServerDate("s3:9000", 0.3, 0.51, True), ServerDate("s3:9000", 40.0, 0.51, True)
TOGETHER, APART = CameraClocks(6, 6, 0.05, 0.1), CameraClocks(6, 6, 30.0, 0.1)


def told(*offsets_s: float, first: int = 1) -> CameraClocks | None:
    """Cameras at cam1, cam2, …, each host minus camera."""
    return camera_clocks({f"cam{first + number}:554": offset for number, offset in enumerate(offsets_s)})


def judged(
    ntp: NtpState | None = None, server: ServerDate | None = None, cameras: CameraClocks | None = None
) -> tuple[ClockState, Witness | None]:
    found = judge_clock(HostClock("r1", AT, ntp, server, cameras))
    return found.state, found.by


@pytest.mark.parametrize(
    ("ntp", "server", "cameras", "state", "by"),
    [
        (KEPT, None, None, ClockState.SYNCHRONISED, Witness.NTP),
        (KEPT, NEAR, TOGETHER, ClockState.SYNCHRONISED, Witness.NTP),
        (KEPT, None, APART, ClockState.SYNCHRONISED, Witness.NTP),
        (KEPT, FAR, None, ClockState.DISPUTED, Witness.SERVER),
        (FREE, NEAR, APART, ClockState.SYNCHRONISED, Witness.SERVER),
        (None, FAR, TOGETHER, ClockState.OFF, Witness.SERVER),
        (FREE, None, TOGETHER, ClockState.SYNCHRONISED, Witness.CAMERAS),
        (None, None, APART, ClockState.DISPUTED, Witness.CAMERAS),
        (FREE, None, None, ClockState.UNWITNESSED, None),
        (None, None, None, ClockState.UNWITNESSED, None),
    ],
)
def test_the_best_witness_that_can_say_something_decides(
    ntp: NtpState | None,
    server: ServerDate | None,
    cameras: CameraClocks | None,
    state: ClockState,
    by: Witness | None,
) -> None:
    assert judged(ntp, server, cameras) == (state, by)


def test_a_server_on_this_very_host_is_no_witness_whatever_it_says() -> None:
    for offset_s in (0.0, 100.0):
        assert judged(FREE, ServerDate("127.0.0.1:8333", offset_s, 0.5, independent=False)) == (
            ClockState.UNWITNESSED,
            None,
        )


def test_a_daemon_that_leaves_the_kernel_s_flag_set_still_bounds_the_error() -> None:
    assert judged(NtpState(0.0, 0.03, 0.001, unsynchronised_flag=True))[0] is ClockState.SYNCHRONISED


def test_a_kernel_whose_bound_has_grown_beyond_the_limit_proves_nothing() -> None:
    assert judged(NtpState(0.0, LIMIT_S + 0.1, 0.001, unsynchronised_flag=False))[0] is ClockState.UNWITNESSED


def test_an_answer_too_slow_to_tell_proves_nothing_either_way() -> None:
    assert judged(None, ServerDate("s3:9000", 1.0, 5.0, independent=True)) == (ClockState.UNWITNESSED, None)


@pytest.mark.parametrize("offsets", [[], [0.0, 0.1], [0.0, 0.1, 9.0], [0.0, 0.1, 0.2, 50.0, -50.0, 99.0]])
def test_fewer_than_three_cameras_that_agree_or_no_majority_of_them_is_no_witness(offsets: list[float]) -> None:
    assert judged(cameras=told(*offsets)) == (ClockState.UNWITNESSED, None)


def test_one_camera_far_off_does_not_spoil_the_word_of_the_others() -> None:
    found = told(0.1, 0.2, 0.3, 3600.0)
    assert found is not None
    assert (found.told, found.agreeing) == (4, 3)
    assert found.spread_s == pytest.approx(0.1)
    assert judged(cameras=found) == (ClockState.SYNCHRONISED, Witness.CAMERAS)


def test_cameras_that_are_ahead_show_a_host_that_is_behind() -> None:
    found = told(-10.0, -10.1, -10.2)
    assert found is not None
    assert found.offset_s == pytest.approx(-10.1)
    assert found.each[0] == CameraOffset("cam1:554", -10.0)


def test_two_halves_that_contradict_agree_with_nobody() -> None:
    found = told(-5.0, -5.0, 5.0, 5.0)
    assert found is not None
    assert (found.told, found.agreeing, found.offset_s, found.spread_s) == (4, 0, 0.0, 5.0)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=9))
def test_whatever_cameras_say_the_bound_holds_every_one_that_agrees(offsets: list[float]) -> None:
    found = told(*offsets)
    assert found is not None
    assert found.agreeing <= found.told == len(offsets)
    assert found.spread_s >= 0
    near = [offset for offset in offsets if abs(offset - found.offset_s) <= found.spread_s + 1e-9]
    assert len(near) >= found.agreeing


def test_only_proof_is_told_as_yes_or_no() -> None:
    said = [judge_clock(HostClock("r1", AT, ntp, server)) for ntp, server in ((KEPT, None), (None, FAR), (KEPT, FAR))]
    assert [each.synchronised for each in said] == [True, False, None]
    assert judge_clock(HostClock("r1", AT)).synchronised is None


def read(second: float, *offsets_s: float, process: str = "r1", first: int = 1) -> HostClock:
    """A reading of one process that hears cam{first} and the next ones."""
    return HostClock(process, AT + timedelta(seconds=second), FREE, cameras=told(*offsets_s, first=first))


def words(readings: list[HostClock], steps: list[float] | None = None) -> list[ClockState]:
    changes = [AT + timedelta(seconds=each) for each in steps or []]
    return [judge_clock(each).state for each in pooled(readings, changes)]


def test_cameras_of_several_processes_vouch_for_their_host_together() -> None:
    readings = [read(0, 0.1, 0.2), read(30, 0.0, process="r2", first=3)]
    assert [judge_clock(each).state for each in readings] == [ClockState.UNWITNESSED] * 2
    assert words(readings) == [ClockState.SYNCHRONISED] * 2
    assert [each.cameras.told for each in pooled(readings) if each.cameras is not None] == [3, 3]


def test_a_camera_that_two_processes_hear_is_one_camera() -> None:
    assert words([read(0, 0.1, 0.2), read(1, 0.1, 0.2, process="r2")]) == [ClockState.UNWITNESSED] * 2


def test_a_majority_of_one_process_is_outvoted_by_the_cameras_of_the_others() -> None:
    readings = [read(0, 50.0, 50.0, 50.0), read(1, 0.0, 0.0, 0.0, 0.0, process="r2", first=4)]
    assert words(readings) == [ClockState.SYNCHRONISED] * 2


def test_of_a_camera_the_word_nearest_in_time_counts() -> None:
    readings = [read(-60, 30.0, 0.0), read(0, 0.0, 0.0), read(2, 0.0, process="r2", first=3)]
    assert words(readings)[1:] == [ClockState.SYNCHRONISED] * 2
    (last,) = [each.cameras for each in pooled(readings)[2:]]
    assert last == told(0.0, 0.0, 0.0)


@pytest.mark.parametrize(("apart_s", "steps"), [(91, []), (30, [10.0]), (30, [0.5, 20.0])])
def test_nobody_is_heard_from_too_long_ago_or_across_a_step_of_the_clock(apart_s: float, steps: list[float]) -> None:
    readings = [read(0, 0.1, 0.2), read(apart_s, 0.0, process="r2", first=3)]
    assert words(readings, steps) == [ClockState.UNWITNESSED] * 2


def test_a_process_without_a_camera_borrows_nobody_else_s() -> None:
    readings = [read(0, 0.1, 0.2, 0.3), read(1, process="r2")]
    assert words(readings) == [ClockState.SYNCHRONISED, ClockState.UNWITNESSED]


def test_a_reading_of_which_only_the_sum_was_kept_stands_as_it_is() -> None:
    old = HostClock("r1", AT, FREE, cameras=CameraClocks(2, 2, 0.1, 0.1))
    assert pooled([old, read(1, 0.1, process="r2")])[0] == old
    assert words([HostClock("r1", AT, FREE, cameras=TOGETHER), read(1, 0.1, process="r2")]) == [
        ClockState.SYNCHRONISED,
        ClockState.UNWITNESSED,
    ]
