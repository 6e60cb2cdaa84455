"""`kaojian find` and `export --mp4 --certificate`: a candidate's own time, told, taken and written down."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from config.settings import load
from domain.certificates import CERTIFICATES, HOLDINGS, Certificate, Holding
from domain.register import Draft
from domain.roll import (
    CANDIDATES,
    SEATS,
    SIGN_INS,
    STATION_CHANGES,
    Candidate,
    Document,
    IdCheck,
    Seat,
    SignIn,
    StationChange,
)
from domain.timeline import Interval, rfc3339
from kaojian.notary import notary_of
from storage.database import connect
from tests.closed_batches import EXAM, FIRST, FPS, SITE, START, TESTER, ClosedBatches
from tests.kaojian.conftest import Command
from tests.kaojian.test_films import pictures, site

__all__ = ["site"]

NUMBER, NAME, SUBJECT = "4402002026000001", "考生甲", "实操"
MOVED = START + EXAM / 2
ROOM = SITE.rooms[0]


@pytest.fixture
def certified(site: ClosedBatches) -> ClosedBatches:
    """One candidate who came to A1, went on at A2 in the middle, and has a certificate."""
    signed = SignIn(FIRST, 1, "T001", True, START, IdCheck.CARD, "签到处", ROOM.id, "A1")
    moved = StationChange(FIRST, 1, "T001", MOVED, ROOM.id, "A2", "设备故障", "签到处")
    certificate = Certificate(NUMBER, FIRST, "T001", "GD1", "x", "", (), START.date(), START + EXAM, "c", "d")
    things: list[tuple[Any, str, Any]] = [
        (CANDIDATES, "T001", Candidate(FIRST, "T001", NAME, Document.OTHER, "sealed", (SUBJECT,))),
        (SEATS, "T001/1/x", Seat(FIRST, "T001", 1, ROOM.id, "A1", SUBJECT)),
        (SIGN_INS, "1/T001", signed),
        (STATION_CHANGES, "1/T001/1", moved),
        (HOLDINGS, "T001", Holding(NUMBER)),
    ]
    drafts = [Draft(kind, f"{FIRST}/{key}", value, FIRST, SITE.id, "mark") for kind, key, value in things]
    drafts.append(Draft(CERTIFICATES, NUMBER, certificate, FIRST, SITE.id, "mark"))
    settings = load()
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        database.register.enter("tests", FIRST, drafts, TESTER, START)
    return site


def lines(site: ClosedBatches, count: int = 1) -> list[tuple[str, str, str]]:
    latest = [each.viewing for each in site.database.viewings.latest(count)]
    return [(each.deed.value, each.role, each.purpose) for each in latest]


def test_nothing_found_is_said_and_written_down_and_ends_with_1(kaojian: Command, certified: ClosedBatches) -> None:
    done = kaojian("find", "--certificate", "X-1")
    assert (done.code, done.out.count("nothing found")) == (1, 1)
    assert lines(certified) == [("find", "local", "find certificate X-1: nothing")]
    assert kaojian("find").code == 1
    assert "one thing at a time" in kaojian("find", "--certificate", NUMBER, "--ticket", "T001").err
    assert kaojian("find", "--ticket", "T001", "--from", rfc3339(START)).code == 2
    backwards = ("--from", rfc3339(START + EXAM), "--to", rfc3339(START))
    assert kaojian("find", "--ticket", "T001", *backwards).code == 2


def test_a_certificate_tells_stations_times_gaps_and_how_to_take_the_films(
    kaojian: Command, certified: ClosedBatches
) -> None:
    done = kaojian("find", "--certificate", NUMBER)
    assert done.code == 0, done.err
    for word in (
        f"证书 certificate {NUMBER}",
        f"{SITE.name} {ROOM.name} 工位 station A1, {SUBJECT}",
        "工位 station A2",
        "断档 gap 2026-05-01 09:00:04.000 .. 09:00:06.000: 摄像机断线 camera disconnected",
        f"kaojian export {FIRST} FOLDER --mp4 --ticket T001",
    ):
        assert word in done.out, done.out
    assert NAME not in done.out
    assert lines(certified) == [("find", "local", f"find certificate {NUMBER}: T001")]


def test_a_name_is_found_in_its_batch_and_stands_in_no_record(kaojian: Command, certified: ClosedBatches) -> None:
    told = json.loads(kaojian("find", "--name", NAME, "--batch", FIRST, "--json").out)
    (person,) = told["people"]
    assert (person["candidate"], person["name"]) == ("T001", "考**")
    assert [each["station"] for each in person["stays"]] == ["A1", "A2"]
    assert lines(certified) == [("find", "local", "find name: T001")]
    assert NAME not in str(certified.database.viewings.latest(9))


def test_a_station_and_an_instant_find_the_sitting(kaojian: Command, certified: ClosedBatches) -> None:
    asked = ("find", "--station", "A2", "--site", SITE.name, "--at", rfc3339(START), "--json")
    (stay,) = json.loads(kaojian(*asked).out)["stays"]
    assert (stay["sitting"], stay["station"], stay["room_name"]) == (1, "A2", ROOM.name)


@pytest.mark.parametrize("words", [("--certificate", NUMBER), ("--ticket", "T001")])
def test_films_are_of_the_cameras_that_saw_the_candidate_and_of_their_own_time(
    kaojian: Command, certified: ClosedBatches, tmp_path: Path, words: tuple[str, str]
) -> None:
    done = kaojian("export", FIRST, str(tmp_path / "films"), "--mp4", *words)
    assert done.code == 0, done.err
    found = {path.name: pictures(path) for path in (tmp_path / "films").iterdir()}
    half = Interval(START, MOVED).seconds
    cameras = {station: [c.id for c in ROOM.cameras if station in c.sees] for station in ("A1", "A2")}
    expected = {
        f"{FIRST}-第1场-{ROOM.name}-{camera}-{at}.mp4"
        for station, at in (("A1", "20260501T090000"), ("A2", "20260501T090006"))
        for camera in cameras[station]
    }
    assert set(found) == expected
    assert max(found.values()) == half * FPS  # and one of them lacks what the camera missed
    deeds = [deed for deed, _, _ in lines(certified, 4)]
    assert deeds.count("save") == len(expected)
    assert "find" in deeds


def test_no_film_is_made_of_who_is_not_in_the_batch_nor_beside_another_wish(
    kaojian: Command, certified: ClosedBatches, tmp_path: Path
) -> None:
    folder = str(tmp_path / "films")
    done = kaojian("export", FIRST, folder, "--mp4", "--certificate", "X-1")
    assert (done.code, Path(folder).exists()) == (1, False)
    assert kaojian("export", FIRST, folder, "--mp4", "--ticket", "T001", "--camera", "c1").code == 2
    assert kaojian("export", FIRST, folder, "--ticket", "T001").code == 2
