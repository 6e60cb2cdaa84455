"""How the installation stands, over the API: to whom it is told, what it says, and what it never says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.table import MAY, Act
from dashboard.app import create_app
from dashboard.installation import Installation
from domain.evidence import Place
from domain.health import Check, CheckState, Part
from domain.people import Role
from records import backups
from records.capacity import Planned, by_numbers, forecast
from records.headroom import Spools
from storage.store_state import StoreState
from tests.dashboard.exam import BATCH, SITE, TESTER, Exam
from tests.dashboard.serving import client, coming, problem

ADDRESS = "/api/v1/operations"
CHECKS = (
    Check(Part.CLOCK, CheckState.OK, "kept in step"),
    Check(Part.BACKUP, CheckState.NOTE, "none yet", "run: kaojian backup"),
    Check(Part.GLASS, CheckState.NOTE, "GLASS BROKEN by local:wu"),
    Check(Part.DISK, CheckState.FAIL, "/spool: 1 GiB free", "make room there"),
    Check(Part.TLS, CheckState.UNKNOWN, "?"),
)
PLAN = Planned(
    forecast(
        by_numbers(32, 4_000_000, 8, 100),
        years=5,
        retention_years=3,
        segment_s=60,
        reread_days=90,
        reserve_bytes=5 << 30,
        stores=2,
    ),
    3,
    (),
    20_000_000,
)


@pytest.fixture
def api(exam: Exam, tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "spool").mkdir()
    lost = StoreState(exam.clock.now(), "the store answers nothing", None)
    installation = Installation(checks=lambda _: CHECKS, planned=lambda _: PLAN, stores=lambda: (lost,))
    spools = Spools([tmp_path / "spool"], reserve_bytes=1 << 20)
    app = create_app(
        exam.database, exam.archive, load_rule_pack, exam.clock, None, spools=spools, installation=installation
    )
    with client(app, None) as talking:
        yield talking


def told(api: httpx.Client, exam: Exam, role: Role = Role.CITY_OFFICER) -> Any:
    answer = api.get(ADDRESS, headers=coming(exam, role))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json()


@pytest.mark.parametrize("role", list(Role))
def test_it_is_told_to_the_city_and_to_nobody_else(api: httpx.Client, exam: Exam, role: Role) -> None:
    names = {"county": [SITE.county], "site": [SITE.id], "batches": [BATCH]}.get(role.reach.value, [])
    answer = api.get(ADDRESS, headers=coming(exam, role, *names))
    if role in MAY[Act.HEALTH]:
        assert answer.status_code == 200
    else:
        assert problem(answer) == (403, "not-allowed")


def test_nobody_is_told_without_a_session(api: httpx.Client) -> None:
    assert problem(api.get(ADDRESS)) == (401, "not-logged-in")


def test_the_worst_comes_first_and_who_broke_the_glass_is_not_told_here(api: httpx.Client, exam: Exam) -> None:
    found = told(api, exam)
    assert [(each["part"], each["state"]) for each in found["checks"]] == [
        ("disk", "fail"),
        ("tls", "unknown"),
        ("backup", "note"),
        ("clock", "ok"),
    ]
    assert found["checks"][0]["remedy"] == "make room there"
    assert "local:wu" not in str(found)


def test_nothing_of_any_exam_or_person_is_in_it(api: httpx.Client, exam: Exam) -> None:
    text = str(told(api, exam))
    for word in (BATCH, SITE.name, "A-cam-1", "supervisor", "rtsp://", "argon2"):
        assert word not in text


def test_the_numbers_are_those_of_the_queues_the_plan_and_the_disk(api: httpx.Client, exam: Exam) -> None:
    found = told(api, exam)
    assert found["queues"]["store"] == exam.database.evidence.count_without_copy(Place.S3, 1000)
    assert found["queues"]["lost"] == {"count": 0, "within_days": 30, "newest": None, "places": []}
    assert found["queues"]["rows_set_aside"] == 0
    assert found["backup"] == {"newest": None, "stale": True}
    (store,) = found["stores"]
    assert (store["answers"], store["second"], store["lost"]) == (True, False, "the store answers nothing")
    plan = found["forecast"]
    assert [each["year"] for each in plan["years"]] == [1, 2, 3, 4, 5]
    assert plan["years"][2]["store_bytes"] == plan["years"][4]["store_bytes"] == 3 * plan["year_bytes"]
    assert plan["upload_bytes_per_s"] == 2 * plan["peak_bytes_per_s"]
    (spool,) = found["spools"]
    hours = spool["free_bytes"] / plan["peak_bytes_per_s"] / 3600
    assert spool["hours_left"] == pytest.approx(hours, abs=0.06)


def test_a_spool_whose_disk_does_not_answer_is_shown_as_such_and_no_number_made_up(
    exam: Exam, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object) -> None:
        raise OSError(5, "Input/output error")

    spools = Spools([tmp_path / "spool"])
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None, spools=spools)
    monkeypatch.setattr("shutil.disk_usage", gone)
    with client(app, None) as talking:
        found = told(talking, exam)
    (spool,) = found["spools"]
    assert [spool[name] for name in ("size_bytes", "free_bytes", "hours_left", "needed_bytes")] == [None] * 4
    assert found["forecast"] is None  # nobody said how this installation is set up


def test_a_backup_is_old_after_two_days(api: httpx.Client, exam: Exam) -> None:
    at = exam.clock.now()
    exam.database.journal.record(at - timedelta(days=3), TESTER, "back_up", backups.SUBJECT, "1 bytes")
    assert told(api, exam)["backup"]["stale"]
    exam.database.journal.record(at, TESTER, "back_up", backups.SUBJECT, "1 bytes")
    assert not told(api, exam)["backup"]["stale"]
