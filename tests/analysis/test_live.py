"""How cameras, NVRs and host clocks stand now, where several recorders speak of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analysis.live import NvrOut, Placed, Standing, host_clocks_now, living, nvrs_out, placed, standings
from domain.evidence import CameraEvent, CameraState, Cause, EndReason, Outage, Recorder, Run
from domain.host_clock import HostClock, Witness, camera_clocks, judge_clock
from domain.places import Batch, Camera, Room, Site, Sitting, SittingPlan, Station
from storage.database import Database, connect
from tests.fakes.witnesses import FREE, KEPT

NINE = datetime.fromisoformat("2026-05-01T09:00:00+08:00")


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Two recorders that began together, each with its own name."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.sqlite3'}")
    for name in ("a", "b"):
        database.evidence.begin_recorder(Recorder(name, f"host-{name}", NINE, NINE))
    yield database
    database.close()


def stands(database: Database, now: datetime, camera: str = "cam-1") -> Standing:
    lives = {recorder.id for recorder in living(database.evidence, now)}
    return standings(database.evidence, lives, [camera])[camera]


def test_an_outage_of_one_recorder_does_not_hide_that_another_records(database: Database) -> None:
    database.evidence.open_outage(Outage("o", "cam-1", after(1), None, Cause.DISK_FULL, "no room", "a"))
    run = Run("r", "cam-1", "b", after(2))
    database.evidence.begin_run(run)
    assert stands(database, after(3)) == Standing(run=run)


def test_a_run_whose_own_recorder_tells_of_an_outage_records_nothing(database: Database) -> None:
    outage = Outage("o", "cam-1", after(1), None, Cause.NO_DATA, "no key frame yet", "b")
    database.evidence.open_outage(outage)
    database.evidence.begin_run(Run("r", "cam-1", "b", after(2)))
    assert stands(database, after(3)) == Standing(outage=outage)


def test_where_both_are_out_the_best_ranked_cause_is_named_since_when_both_are(database: Database) -> None:
    database.evidence.open_outage(Outage("o", "cam-1", after(1), None, Cause.DISK_FULL, "no room", "a"))
    database.evidence.open_outage(Outage("p", "cam-1", after(2), None, Cause.NO_DATA, "silent", "b"))
    assert stands(database, after(3)).outage == Outage("o", "cam-1", after(2), None, Cause.DISK_FULL, "no room", "a")


def test_what_a_dead_recorder_left_open_counts_for_nothing(database: Database) -> None:
    database.evidence.begin_run(Run("r", "cam-1", "a", after(1)))
    database.evidence.open_outage(Outage("o", "cam-2", after(1), None, Cause.NO_DATA, "silent", "a"))
    database.evidence.add_event(CameraEvent("e", "cam-1", "a", after(1), CameraState.LIVE))
    database.evidence.heartbeat("b", after(10))
    assert [recorder.id for recorder in living(database.evidence, after(10))] == ["b"]
    assert stands(database, after(10)) == Standing()
    assert stands(database, after(10), "cam-2") == Standing()


def test_an_outage_of_an_unknown_recorder_is_every_recorders(database: Database) -> None:
    database.evidence.begin_run(Run("r", "cam-1", "a", after(1)))
    outage = Outage("o", "cam-1", after(1), None, Cause.NO_DATA, "silent")
    database.evidence.open_outage(outage)
    assert stands(database, after(2)) == Standing(outage=outage)
    assert stands(database, after(60)) == Standing()


def test_of_two_recorders_words_the_one_that_has_pictures_is_told(database: Database) -> None:
    live = CameraEvent("e", "cam-1", "a", after(1), CameraState.LIVE)
    lost = CameraEvent("f", "cam-1", "b", after(2), CameraState.LOST)
    for event in (live, lost):
        database.evidence.add_event(event)
    assert stands(database, after(3)).events == (lost, live)
    assert stands(database, after(3)).event == live


def test_a_run_that_ended_is_no_recording(database: Database) -> None:
    database.evidence.begin_run(Run("r", "cam-1", "a", after(1)))
    database.evidence.end_run("r", after(2), EndReason.NOT_NEEDED)
    assert stands(database, after(3)) == Standing()


LOST = Outage("o", "cam-1", NINE, None, Cause.CAMERA_DISCONNECTED, "connection reset", "a")


def _word(state: CameraState, seconds: float = 0.0, recorder: str = "a") -> CameraEvent:
    return CameraEvent(f"{recorder}-{seconds}", "cam-1", recorder, after(seconds), state, "its word")


def test_a_camera_that_is_recorded_is_called_live_whatever_was_told_of_it_last() -> None:
    standing = Standing(run=Run("r", "cam-1", "a", after(5)), events=(_word(CameraState.LOST, 2),))
    found = standing.connection
    assert found is not None
    assert (found.state, found.at, found.detail) == (CameraState.LIVE, after(5), "")


@pytest.mark.parametrize(
    ("cause", "state"), [(Cause.NO_DATA, CameraState.STALLED), (Cause.CAMERA_DISCONNECTED, CameraState.LOST)]
)
def test_a_camera_that_is_out_is_not_called_live_because_that_was_told_last(cause: Cause, state: CameraState) -> None:
    outage = replace(LOST, start=after(5), cause=cause)
    found = Standing(outage=outage, events=(_word(CameraState.LIVE, 2),)).connection
    assert found is not None
    assert (found.state, found.at, found.detail) == (state, after(5), "connection reset")


def test_a_word_that_run_and_outage_bear_out_is_told_as_it_is() -> None:
    refused = _word(CameraState.REFUSED, 2)
    assert Standing(outage=LOST, events=(refused,)).connection == refused
    assert Standing(outage=LOST).connection is None


FIRST = Camera("nvr-c1", "rtsp://127.0.0.1/1", ("A01",), nvr="nvr-1", channel=1)
SECOND = Camera("nvr-c2", "rtsp://127.0.0.1/2", ("A02",), nvr="nvr-1", channel=2)
ALONE = Camera("alone", "rtsp://127.0.0.2/1", ("A01", "A02"))
ROOM = Room("A", "room A", (Station("A01"), Station("A02")), (SECOND, FIRST, ALONE))
SITE = Site("sg-001", "site", "county", (ROOM,))
HOUR = timedelta(hours=1)


def _sitting(site: Site) -> Sitting:
    """From ten minutes before nine on."""
    plan = SittingPlan(1, ("A",), NINE, NINE + HOUR, timedelta(minutes=10), timedelta(minutes=10))
    return Sitting(Batch("batch", site.id, "project", "pack", (plan,)), plan, site)


def test_a_camera_is_placed_once_as_the_sitting_in_progress_knows_it() -> None:
    moved = replace(FIRST, sees=("A02",))
    sitting = _sitting(replace(SITE, rooms=(replace(ROOM, cameras=(moved,)),)))
    found = {
        each.camera.id: (each.camera, each.room.id, each.wanted) for each in placed([SITE], [sitting], after(60))
    }
    assert found == {
        "nvr-c1": (moved, "A", True),
        "nvr-c2": (SECOND, "A", False),
        "alone": (ALONE, "A", False),
    }
    assert not any(each.wanted for each in placed([SITE], [sitting], NINE - HOUR))


def test_cameras_are_placed_by_site_and_room() -> None:
    first = Room("0", "first", (Station("A01"),), (replace(ALONE, id="z"),))
    second = replace(ROOM, cameras=(replace(ALONE, id="y"),))
    sites = [SITE, Site("sg-000", "other", "county", (second, first))]
    assert [each.camera.id for each in placed(sites, [], NINE)] == ["z", "y", "nvr-c2", "nvr-c1", "alone"]


def _all_wanted(*cameras: Camera) -> list[Placed]:
    return [Placed(SITE, ROOM, each, wanted=True) for each in cameras]


def _lost(at_s: float, cause: Cause = Cause.CAMERA_DISCONNECTED, state: CameraState = CameraState.LOST) -> Standing:
    return Standing(outage=replace(LOST, start=after(at_s), cause=cause), events=(_word(state, at_s),))


RECORDED = Standing(run=Run("r", "cam", "a", NINE))


def test_an_nvr_of_which_every_wanted_camera_is_out_is_one_event_since_the_last_of_them_went() -> None:
    found = {"nvr-c1": _lost(3), "nvr-c2": _lost(5), "alone": RECORDED}
    assert nvrs_out(_all_wanted(SECOND, FIRST, ALONE), found) == [
        NvrOut(SITE, "nvr-1", after(5), Cause.CAMERA_DISCONNECTED, CameraState.LOST, (FIRST, SECOND))
    ]


def test_the_state_of_an_nvr_is_told_only_where_its_cameras_agree_and_its_cause_by_rank() -> None:
    found = {"nvr-c1": _lost(3, Cause.NO_DATA, CameraState.STALLED), "nvr-c2": _lost(5, state=CameraState.REFUSED)}
    (out,) = nvrs_out(_all_wanted(FIRST, SECOND), found)
    assert (out.state, out.cause) == (None, Cause.CAMERA_DISCONNECTED)


@pytest.mark.parametrize(
    "second",
    [RECORDED, Standing(), _lost(3, Cause.DISK_FULL)],
    ids=["recorded", "of no recorder", "out by our own fault"],
)
def test_one_camera_that_the_nvr_did_not_lose_clears_the_nvr(second: Standing) -> None:
    assert nvrs_out(_all_wanted(FIRST, SECOND), {"nvr-c1": _lost(3), "nvr-c2": second}) == []


def test_a_camera_alone_at_an_nvr_or_not_wanted_is_told_for_itself() -> None:
    found: Mapping[str, Standing] = {"nvr-c1": _lost(3), "nvr-c2": _lost(3)}
    assert nvrs_out(_all_wanted(FIRST), found) == []
    assert nvrs_out([*_all_wanted(FIRST), Placed(SITE, ROOM, SECOND, wanted=False)], found) == []


def test_nvrs_of_one_name_at_two_sites_are_two() -> None:
    elsewhere = Placed(replace(SITE, id="sg-002"), ROOM, SECOND, wanted=True)
    assert nvrs_out([*_all_wanted(FIRST), elsewhere], {"nvr-c1": _lost(3), "nvr-c2": _lost(3)}) == []


def _reads(database: Database, *readings: HostClock) -> dict[str, HostClock]:
    for reading in readings:
        database.evidence.add_clock_reading(reading)
    return host_clocks_now(database.evidence, after(60))


def test_a_hosts_clock_is_told_by_its_last_reading_in_which_anybody_said_anything(database: Database) -> None:
    kept, later = HostClock("a", after(0), KEPT), HostClock("a", after(60), FREE)
    assert _reads(database, kept, later) == {"host-a": kept}
    assert _reads(database, HostClock("b", after(60), FREE))["host-b"] == HostClock("b", after(60), FREE)


def test_processes_of_one_host_are_heard_together(database: Database) -> None:
    """Each hears too few cameras to tell a wrong one; three agree when all are heard."""
    database.evidence.begin_recorder(Recorder("a2", "host-a", NINE, NINE))
    two = camera_clocks({"10.0.0.1:554": 5.0, "10.0.0.2:554": 5.1})
    third = camera_clocks({"10.0.0.3:554": 5.2})
    found = _reads(database, HostClock("a", after(50), cameras=two), HostClock("a2", after(55), cameras=third))
    judged = judge_clock(found["host-a"])
    assert (judged.by, judged.offset_s) == (Witness.CAMERAS, 5.1)


def test_a_reading_of_long_ago_says_nothing_of_now(database: Database) -> None:
    assert _reads(database, HostClock("a", after(-600), KEPT)) == {}
