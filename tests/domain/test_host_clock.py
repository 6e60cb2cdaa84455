"""What a reading of the host's clock proves, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.host_clock import (
    LIMIT_S,
    CameraClocks,
    ClockState,
    HostClock,
    NtpState,
    ServerDate,
    Witness,
    camera_clocks,
    judge_clock,
)

AT = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
KEPT = NtpState(0.0001, 0.02, 0.001, unsynchronised_flag=False)
FREE = NtpState(0.0, 16.0, 16.0, unsynchronised_flag=True)
NEAR, FAR = ServerDate("s3:9000", 0.3, 0.51, True), ServerDate("s3:9000", 40.0, 0.51, True)
TOGETHER, APART = CameraClocks(6, 6, 0.05, 0.1), CameraClocks(6, 6, 30.0, 0.1)


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
    assert judged(cameras=camera_clocks(offsets)) == (ClockState.UNWITNESSED, None)


def test_one_camera_far_off_does_not_spoil_the_word_of_the_others() -> None:
    found = camera_clocks([0.1, 0.2, 0.3, 3600.0])
    assert found is not None
    assert (found.told, found.agreeing) == (4, 3)
    assert found.spread_s == pytest.approx(0.1)
    assert judged(cameras=found) == (ClockState.SYNCHRONISED, Witness.CAMERAS)


def test_cameras_that_are_ahead_show_a_host_that_is_behind() -> None:
    found = camera_clocks([10.0, 10.1, 10.2])
    assert found is not None
    assert found.offset_s == pytest.approx(-10.1)


def test_two_halves_that_contradict_agree_with_nobody() -> None:
    found = camera_clocks([-5.0, -5.0, 5.0, 5.0])
    assert found == CameraClocks(4, 0, 0.0, 5.0)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=9))
def test_whatever_cameras_say_the_bound_holds_every_one_that_agrees(offsets: list[float]) -> None:
    found = camera_clocks(offsets)
    assert found is not None
    assert found.agreeing <= found.told == len(offsets)
    assert found.spread_s >= 0
    near = [offset for offset in offsets if abs(-offset - found.offset_s) <= found.spread_s + 1e-9]
    assert len(near) >= found.agreeing


def test_only_proof_is_told_as_yes_or_no() -> None:
    said = [judge_clock(HostClock("r1", AT, ntp, server)) for ntp, server in ((KEPT, None), (None, FAR), (KEPT, FAR))]
    assert [each.synchronised for each in said] == [True, False, None]
    assert judge_clock(HostClock("r1", AT)).synchronised is None
