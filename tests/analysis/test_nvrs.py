"""Cameras of one NVR that are gone at once: one event and one remark, beside their own gaps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.facts import CameraFacts
from analysis.nvrs import nvr_events
from domain.evidence import Cause, Outage
from domain.law import Verdict
from tests.analysis.ledgers import span
from tests.analysis.test_judge import NEAR, WIDE, camera, clause, facts, lost

FIRST = replace(WIDE, nvr="nvr-1", channel=1)
SECOND = replace(NEAR, nvr="nvr-1", channel=2)


def _two(first: Outage, second: Outage) -> tuple[CameraFacts, CameraFacts]:
    return camera(FIRST, [first]), camera(SECOND, [second])


def test_cameras_of_an_nvr_that_go_at_once_are_one_event_until_the_first_is_back() -> None:
    (event,) = nvr_events(_two(lost(2000, 30), lost(2001.5, 20)))
    assert (event.nvr, event.cause, event.cameras) == ("nvr-1", Cause.CAMERA_DISCONNECTED, ("near", "wide"))
    assert event.interval == span(2000, 2021.5)


@pytest.mark.parametrize(
    "other",
    [lost(2003, 30), lost(2000, 30, Cause.NO_DATA), lost(2500, 1)],
    ids=["later", "of another cause", "elsewhere"],
)
def test_cameras_that_do_not_go_together_are_no_event(other: Outage) -> None:
    assert nvr_events(_two(lost(2000, 30), other)) == ()


def test_a_channel_that_stayed_says_that_the_nvr_did_too() -> None:
    assert nvr_events([*_two(lost(2000, 30), lost(2000, 30)), camera(replace(NEAR, id="c3", nvr="nvr-1"))]) == ()


@pytest.mark.parametrize("cause", [Cause.PACKET_LOSS, Cause.DISK_FULL, Cause.RECORDER_STOPPED])
def test_what_no_device_does_is_no_event_of_one(cause: Cause) -> None:
    assert nvr_events(_two(lost(2000, 30, cause), lost(2000, 30, cause))) == ()


def test_cameras_without_an_nvr_or_alone_at_one_have_no_event() -> None:
    assert nvr_events([camera(WIDE, [lost(2000, 30)]), camera(NEAR, [lost(2000, 30)])]) == ()
    assert nvr_events([camera(FIRST, [lost(2000, 30)]), camera(NEAR, [lost(2000, 30)])]) == ()


def test_two_events_of_one_nvr_are_told_in_their_order() -> None:
    twice = [lost(2000, 30), lost(3000, 10)]
    events = nvr_events([camera(FIRST, twice), camera(SECOND, twice)])
    assert [event.interval for event in events] == [span(2000, 2030), span(3000, 3010)]


def test_the_finding_names_the_nvr_once_and_the_gaps_are_judged_as_ever() -> None:
    found = clause(3, facts(*_two(lost(2000, 30), lost(2000, 30))))
    assert found.verdict is Verdict.FAIL
    assert found.zh.count("硬盘录像机nvr-1的2路摄像机自") == 1
    assert "all 2 cameras of nvr nvr-1 were gone at once" in found.en
    assert "beyond the tolerance" in found.en
