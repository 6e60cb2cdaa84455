"""A report with pictures: the right ones, for those who may take footage away, and never unwritten."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from analysis.report import SittingReport, batch_report, sitting_report
from analysis.stills import MOST, Moment, Scene, planned, scenes, taken
from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.evidence import Cause, Gap
from domain.people import Account, Reach, Role, Scope
from domain.pictures import Fault, FaultSpan
from domain.timeline import Interval
from domain.viewings import SHOWN, Deed, Viewing
from storage.database import connect
from tests.dashboard.exam import BATCH, FPS, PACK, SILENT, START, UNPLUGGED, WINDOW, Exam, hold_exam, log_in
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY

REPORT = f"/api/v1/batches/{BATCH}/sittings/1/report"
JPEG = re.compile(r'<img src="data:image/jpeg;base64,([^"]+)"')


@pytest.fixture
def report(exam: Exam) -> SittingReport:
    return sitting_report(exam.database, BATCH, 1, PACK, exam.clock.now())


@pytest.fixture(scope="module")
def anybody(exam: Exam) -> Iterator[httpx.Client]:
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
        yield talking


def coming(exam: Exam, role: Role) -> dict[str, str]:
    name = f"{role}-s{len(exam.database.accounts.all())}"
    log_in(exam, Account(name, role, Scope(role.reach), exam.clock.now(), False), name)
    return {"Cookie": f"kaojian_session={name}"}


def written(exam: Exam, since: int) -> list[Viewing]:
    return [each.viewing for each in reversed(exam.database.viewings.latest(100)) if each.number > since]


def number(exam: Exam) -> int:
    found = exam.database.viewings.head()
    return 0 if found is None else found.number


class TestScenes:
    def test_are_the_longest_spans_in_the_order_of_time(self, report: SittingReport) -> None:
        both = [
            Scene(1, "A", "A-cam-1", UNPLUGGED, cause=Cause.CAMERA_DISCONNECTED),
            Scene(1, "B", "B-cam-2", SILENT, cause=Cause.NO_DATA),
        ]
        assert scenes(report) == tuple(both)
        assert scenes(report, most=1) == (both[0],)

    def test_are_bounded_over_a_whole_batch(self, report: SittingReport, exam: Exam) -> None:
        seconds = [
            Interval(START + timedelta(seconds=2 * n), START + timedelta(seconds=2 * n + 1)) for n in range(30)
        ]
        gaps = tuple(Gap(span, Cause.NO_DATA) for span in seconds)
        torn = replace(report, cameras=tuple(replace(camera, gaps=gaps) for camera in report.cameras))
        whole = replace(batch_report(exam.database, BATCH, PACK, exam.clock.now()), sittings=(torn, torn))
        assert len(scenes(whole)) == MOST

    def test_leave_out_faults_that_clauses_of_their_own_judge(self, report: SittingReport) -> None:
        faults = tuple(FaultSpan(fault, SILENT, 0.1, 0.2) for fault in (Fault.WRONG_RATE, Fault.COVERED))
        looked = replace(report, cameras=(replace(report.cameras[1], faults=faults),))
        assert [scene.fault for scene in scenes(looked)] == [Fault.COVERED]


class TestStills:
    def test_of_a_gap_are_the_last_picture_before_it_and_the_first_one_after(
        self, exam: Exam, report: SittingReport
    ) -> None:
        stills = taken(planned(exam.database.evidence, report, scenes(report)[:1]), exam.archive.opened)
        assert [(still.shot.moment, still.shown) for still in stills] == [
            (Moment.BEFORE, UNPLUGGED.start - timedelta(seconds=1 / FPS)),
            (Moment.AFTER, UNPLUGGED.end),
        ]
        for still in stills:
            picture = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert picture is not None and picture.shape == (180, 320, 3)
            assert len(still.jpeg) < 40_000

    def test_of_a_fault_are_taken_from_beyond_its_edges_and_from_within(
        self, exam: Exam, report: SittingReport
    ) -> None:
        span = Interval(START + timedelta(seconds=5), START + timedelta(seconds=15))
        shots = planned(exam.database.evidence, report, [Scene(1, "A", "A-cam-2", span, fault=Fault.COVERED)])
        frame = timedelta(seconds=1 / FPS)
        assert [still.shown for still in taken(shots, exam.archive.opened)] == [
            START + timedelta(seconds=4) - frame, START + timedelta(seconds=10) - frame, START + timedelta(seconds=16)
        ]  # fmt: skip

    def test_show_no_footage_of_another_batch_or_sitting(self, exam: Exam, report: SittingReport) -> None:
        other = replace(report, batch="SG-OTHER")
        assert {shot.segment for shot in planned(exam.database.evidence, other, scenes(report))} == {None}
        assert planned(exam.database.evidence, report, [replace(scenes(report)[0], sitting=2)]) == ()


def test_a_report_with_pictures_shows_them_and_is_written_down_as_footage_taken_away(
    exam: Exam, anybody: httpx.Client
) -> None:
    headers, before = coming(exam, Role.CITY_SUPERVISOR), number(exam)
    answer = anybody.get(f"{REPORT}.html", params={"pictures": True}, headers=headers)
    assert answer.status_code == 200
    assert "img-src data:" in answer.headers["content-security-policy"]
    pictures = JPEG.findall(answer.text)
    assert len(pictures) == 4
    assert all(b64decode(each).startswith(b"\xff\xd8") for each in pictures)
    assert "之前 2026-05-01 09:00:19.933" in answer.text
    assert "断档与画面异常共 2 段" in answer.text
    found = written(exam, before)
    assert [(each.deed, each.outcome, each.camera, each.batch) for each in found] == [
        (Deed.SAVE, SHOWN, "A-cam-1", BATCH), (Deed.SAVE, SHOWN, "B-cam-2", BATCH)
    ]  # fmt: skip
    assert all(each.span is not None and each.span.overlaps(WINDOW) for each in found)
    printed = anybody.get(f"{REPORT}.pdf", params={"pictures": True, "lang": "en"}, headers=headers)
    assert printed.content.startswith(b"%PDF")
    assert printed.content.count(b"/DCTDecode") >= 4


def test_without_being_asked_a_report_shows_none_says_where_and_is_no_viewing(
    exam: Exam, anybody: httpx.Client
) -> None:
    headers, before = coming(exam, Role.CITY_ADMINISTRATOR), number(exam)
    answer = anybody.get(f"{REPORT}.html", headers=headers)
    assert JPEG.findall(answer.text) == []
    assert "本报告不含画面" in answer.text
    assert "img-src" not in answer.headers["content-security-policy"]
    assert written(exam, before) == []


@pytest.mark.parametrize(
    ("role", "outcome"), [(Role.CITY_ADMINISTRATOR, "not-allowed"), (Role.CITY_OFFICER, "purpose-needed")]
)
def test_who_may_take_no_footage_away_or_says_not_why_gets_none_and_is_written_down(
    exam: Exam, anybody: httpx.Client, role: Role, outcome: str
) -> None:
    for form in ("html", "pdf"):
        headers, before = coming(exam, role), number(exam)
        answer = anybody.get(f"{REPORT}.{form}", params={"pictures": "true"}, headers=headers)
        assert answer.json()["type"] == f"urn:kaojian:problem:{outcome}"
        (found,) = written(exam, before)
        assert (found.deed, found.outcome, found.batch) == (Deed.SAVE, outcome, BATCH)


def test_nobody_gets_pictures_of_a_sitting_that_is_not_closed(tmp_path: Path) -> None:
    """Papers are secret until then, also for those who are on duty there."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool", closed=False)
    app = create_app(database, exam.archive, load_rule_pack, exam.clock, None)
    log_in(exam, Account("site", Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({"sg-001"})), START, False), "site")
    with client(app, None) as talking:
        for token in ("site", "held by the supervisor of the city"):
            before = number(exam)
            headers = {"Cookie": f"kaojian_session={token}"}
            answer = talking.get(f"{REPORT}.html", params={"pictures": True}, headers=headers)
            assert answer.json()["type"] == "urn:kaojian:problem:held-back"
            assert [each.outcome for each in written(exam, before)] == ["held-back"]
            assert talking.get(f"{REPORT}.html", headers=headers).status_code == 200
    database.close()


def test_a_file_that_cannot_be_read_leaves_its_place_empty_and_the_report_whole(
    exam: Exam, report: SittingReport
) -> None:
    shots = planned(exam.database.evidence, report, scenes(report))
    gone = replace(shots[0].segment, key="sg-001/none.mp4", sha256="0" * 64) if shots[0].segment else None
    stills = taken([replace(shots[0], segment=gone), replace(shots[1], segment=None)], exam.archive.opened)
    assert [(still.jpeg, still.shown) for still in stills] == [(b"", None), (b"", None)]
