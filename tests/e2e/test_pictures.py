"""What the page shows of footage whose pictures are no good: a covered lens, a camera that was turned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from analysis.eye import VERSION
from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.phases import Mark, Marked
from domain.pictures import Look, Reference, Sample
from domain.room_record import Incident, IncidentKind
from domain.timeline import Interval
from records.roll import Desk
from records.room_records import Place, note_incident
from storage.database import connect
from tests.dashboard.exam import BATCH, START, TESTER, WINDOW, Exam, hold_exam
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_page import SITTING, click_lane, lane_position, overflow, violations, wait_until_plays
from tests.fakes.notary import NOTARY

GOOD = Sample(
    WINDOW.start, 1280, 720, brightness=120, clipped=0.01, contrast=50, change=1.0, survival=0.9, sharpness=1.0,
    brightness_ratio=1.0, shift=0.001, rotation=0.0,
)  # fmt: skip
COVERED = replace(GOOD, survival=0.1, inliers=0, sharpness=0.5)
TURNED = replace(GOOD, shift=0.05, inliers=80)


def look(exam: Exam, camera: str, bad: Sample, first_s: int, last_s: int) -> None:
    """Kept as if somebody had looked every two seconds, and found the camera bad for some of the window."""
    looks, made = exam.database.looks, WINDOW.start - timedelta(hours=1)
    of = Interval(made - timedelta(minutes=1), made)
    looks.add_reference(Reference(f"of {camera}", camera, made, TESTER, of, (), b"not asked for"))
    for segment in exam.segments(camera):
        samples = []
        for number in range(round(segment.interval.seconds / 2)):
            at = segment.interval.start + timedelta(seconds=2 * number)
            into = (at - WINDOW.start).total_seconds()
            samples.append(replace(bad if first_s <= into < last_s else GOOD, at=at))
        looks.add(Look(segment.key, VERSION, f"of {camera}", segment.interval.end, tuple(samples)))


@pytest.fixture(scope="module")
def looked_at(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over an exam in which A-cam-1 was covered, and B-cam-1 turned."""
    folder = tmp_path_factory.mktemp("looked-at")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, folder / "spool")
    look(exam, "A-cam-1", COVERED, 48, 64)
    look(exam, "B-cam-1", TURNED, 20, 40)
    for mark, at in ((Mark.OPENED, -8), (Mark.READ, -9), (Mark.STARTED, 0), (Mark.SEALED, 69)):
        marked = Marked(mark, START + timedelta(seconds=at), exam.clock.now(), TESTER)
        database.marks.add(BATCH, 1, marked)
    incident = Incident(IncidentKind.POWER_CUT, START + timedelta(seconds=20), "全楼停电", "等待来电")
    note_incident(Desk(database, TESTER, exam.clock.now()), Place(BATCH, 1, "B"), incident)
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield where
    database.close()


def told_at(page: Page, lane: str, seconds_into_window: float) -> Locator:
    """What the page tells of a lane under the pointer."""
    timeline = page.locator(".timeline")
    expect(timeline.locator("canvas")).to_be_visible()
    timeline.hover(position=lane_position(page, lane, seconds_into_window))
    return page.locator(".timeline > div", has=page.locator("svg"))


def fill(told: Locator) -> str:
    return str(told.locator("rect").evaluate("rect => getComputedStyle(rect).fill"))


def test_unusable_and_doubtful_time_have_colours_and_causes_of_their_own(open_page: OpenPage, looked_at: str) -> None:
    page = open_page(looked_at + SITTING)
    legend = page.locator(".legend")
    expect(legend).to_contain_text("有录像，画面不可用")
    expect(legend).to_contain_text("有录像，无法判定")
    covered = told_at(page, "station:A01", 56)
    expect(covered).to_contain_text("有录像，画面不可用")
    expect(covered).to_contain_text("摄像机 A-cam-1: 镜头遮挡")
    assert fill(covered) == "rgb(57, 73, 171)"
    turned = told_at(page, "station:B01", 30)
    expect(turned).to_contain_text("有录像，无法判定")
    expect(turned).to_contain_text("摄像机 B-cam-1: 机位移动")
    assert fill(turned) == "rgb(158, 157, 36)"
    good = told_at(page, "station:A01", 8)
    expect(good).not_to_contain_text("画面不可用")


def test_marks_stand_in_the_timeline_by_their_numbers_and_tell_an_odd_order(
    open_page: OpenPage, looked_at: str
) -> None:
    page = open_page(looked_at + SITTING)
    listed = page.locator("[data-marks] li")
    expect(listed).to_have_text(
        [
            re.compile(r"1\s*启封\s*08:59:52\s*顺序异常：晚于宣读"),
            re.compile(r"2\s*宣读\s*08:59:51"),
            re.compile(r"3\s*开考\s*09:00:00"),
            re.compile(r"4\s*封装\s*09:01:09"),
        ],
    )


def test_incidents_are_told_beside_the_timeline_by_their_letters(open_page: OpenPage, looked_at: str) -> None:
    page = open_page(looked_at + SITTING)
    listed = page.locator("[data-happened] li")
    expect(listed).to_have_text([re.compile(r"a\s*停电\s*09:00:20\s*中式面点二号考场 · 全楼停电 · 等待来电")])
    page.get_by_role("button", name="English").click()
    expect(listed).to_contain_text("Power cut")


def test_every_unusable_span_is_listed_and_can_be_watched(open_page: OpenPage, looked_at: str) -> None:
    page = open_page(looked_at + SITTING)
    page.get_by_role("tab", name="画面不可用明细").click()
    listed = page.locator("[data-unusable-table]")
    row = listed.locator("tr", has_text="工位 A01")
    expect(row).to_contain_text("A-cam-1: 镜头遮挡")
    expect(row).to_contain_text(re.compile(r"09:00:3\d\.000.*09:00:5\d\.000.*\d+\.0 秒"))
    expect(listed.locator("tr", has_text="摄像机 A-cam-1")).to_contain_text("测得 0.1，限值 0.55")
    expect(listed.locator("tr", has_text="工位 B01")).to_contain_text("B-cam-1: 机位移动")
    row.get_by_role("button", name="回放").click()
    wait_until_plays(page)
    expect(page.locator("[data-gap-notice]")).to_have_count(0)


def test_a_report_with_pictures_is_offered_to_who_may_take_footage_away(open_page: OpenPage, looked_at: str) -> None:
    page = open_page(looked_at + SITTING)
    offered = page.get_by_role("link", name="带截图的报告")
    expect(offered).to_be_visible()
    assert (offered.get_attribute("href") or "").endswith("/sittings/1/report.pdf?lang=zh&pictures=true")


def test_the_timeline_is_told_in_words_as_well(open_page: OpenPage, looked_at: str) -> None:
    page = open_page(looked_at + SITTING)
    page.get_by_role("button", name="English").click()
    page.get_by_role("tab", name="Timeline as a table").click()
    rows = page.locator("[data-span-table] tbody tr").filter(has_text="Station A01")
    told = [re.sub(r"\s+", " ", row.inner_text()) for row in rows.all()]
    assert [next(said for said in ("Gap", "unusable", "Footage") if said in text) for text in told] == [
        "Footage", "Gap", "Footage", "unusable", "Footage",
    ]  # fmt: skip
    assert "Camera A-cam-1: lens covered" in told[3]
    label = page.locator(".timeline").get_attribute("aria-label") or ""
    assert "Timeline as a table" in label


def test_pictures_that_are_no_good_are_told_without_running_over_the_side(
    open_page: OpenPage, looked_at: str
) -> None:
    page = open_page(looked_at + SITTING)
    page.get_by_role("button", name="English").click()
    expect(page.locator(".timeline canvas").first).to_be_visible()
    click_lane(page, "camera:A-cam-1", 56)
    wait_until_plays(page)
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert overflow(page) == 0
    assert violations(page) == []
