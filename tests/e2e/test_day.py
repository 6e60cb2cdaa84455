"""An operator's exam day at the page: sign in one candidate, mark one absent, start, an incident, a move, close."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.access.login import FRESH
from dashboard.app import create_app
from domain.evidence import Cause, Outage, Recorder, Run
from domain.exam_papers import Printing
from domain.people import Account, Reach, Role, Scope
from domain.places import Batch, SittingPlan
from records import exam_papers, roster
from records.headroom import Spools
from records.readiness import Means
from records.roll import Desk
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import BATCH, PACK, SITE, START, TESTER, TOKEN, Exam, log_in, plan_exam
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_batch import look
from tests.fakes.notary import SIGNER
from tests.records.rolls import NUMBERS, number, row, text_of

OPERATOR, ELSEWHERE = "held by the operator", "held by an operator of another site"
SEATS = ("A01", "A02", "A03", "B01", "B02")
DAY = f"{BATCH}/1"


@dataclass(frozen=True, slots=True)
class Morning:
    """A dashboard twenty minutes before an exam, one camera of which is out; and the operator's password."""

    exam: Exam
    where: str
    password: str


@pytest.fixture
def morning(browser: Browser, tmp_path: Path) -> Iterator[Morning]:
    with closing(connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))) as database:
        exam = plan_exam(database, tmp_path)
        now, before = START - timedelta(minutes=20), START - timedelta(days=9)
        exam.clock.step((now - exam.clock.now()).total_seconds())
        lead, tail, afternoon = timedelta(minutes=30), timedelta(minutes=15), START + timedelta(hours=5)
        plans = (
            SittingPlan(1, ("A", "B"), START, START + timedelta(minutes=90), lead, tail),
            SittingPlan(2, ("A",), afternoon, afternoon + timedelta(hours=1), lead, tail),
        )
        database.setup.apply_batch(Batch(BATCH, SITE.id, "中式面点制作", PACK.id, plans), TESTER, before)
        seats = text_of(*(row(place, station=station) for place, station in enumerate(SEATS, 1)))
        roster.take_in(database, NUMBERS, BATCH, seats, "名册.csv", actor=TESTER, now=before)
        printed = Printing(BATCH, "SJ-0001", 1, "实操", before, "市中心", by_centre=True, seal="F-1", copies=5)
        exam_papers.print_parcel(Desk(database, TESTER, before), printed)
        record(exam)
        wanted = Wanted("deng", Role.SITE_OPERATOR, (SITE.id,), must_change=False)
        password = accounts.add(database, wanted, TESTER, exam.clock)
        database.accounts.succeed("deng", hashlib.sha256(OPERATOR.encode()).hexdigest(), now)
        log_in(exam, Account("supervisor", Role.CITY_SUPERVISOR, Scope(Reach.CITY), now, must_change=False), TOKEN)
        other = Scope(Reach.SITE, frozenset({"sg-002"}))
        log_in(exam, Account("elsewhere", Role.SITE_OPERATOR, other, now, must_change=False), ELSEWHERE)
        app = create_app(
            database,
            exam.archive,
            load_rule_pack,
            exam.clock,
            DIST,
            means=Means(Spools((tmp_path,))),
            numbers=lambda: NUMBERS,
        )
        with served(app) as where:
            yield Morning(exam, where, password)


def record(exam: Exam) -> None:
    """A recorder is at all cameras but one."""
    evidence, now = exam.database.evidence, exam.clock.now()
    evidence.begin_recorder(Recorder("recorder-1", "exam-host", now - timedelta(hours=1), now))
    for camera in (each.id for room in SITE.rooms for each in room.cameras):
        if camera == "B-cam-1":
            lost = Outage(f"out-{camera}", camera, now, None, Cause.CAMERA_DISCONNECTED, recorder="recorder-1")
            evidence.open_outage(lost)
        else:
            evidence.begin_run(Run(f"run-{camera}", camera, "recorder-1", now - timedelta(minutes=9)))


def pass_minutes(morning: Morning, minutes: float) -> None:
    morning.exam.clock.advance(minutes * 60)
    morning.exam.database.evidence.heartbeat("recorder-1", morning.exam.clock.now())


def take(page: Page, step: str) -> Locator:
    page.locator(f"[data-step='{step}']").click()
    return page.locator("[data-act-dialog]")


def test_an_operator_holds_an_exam_from_the_check_to_the_closing(open_page: OpenPage, morning: Morning) -> None:
    page = open_page(f"{morning.where}/day", strict=False, token=OPERATOR)
    sitting = page.locator(f"[data-sitting='{DAY}']")
    expect(page.locator("[data-day-link]")).to_have_text("考场当日")
    expect(page.locator("[data-choose]")).to_have_count(2)
    check = page.locator("[data-check]")
    expect(check).to_contain_text("没有设置对象存储")
    check.locator("[data-confirm-all]").first.click()
    expect(check.locator("[data-confirm-all]")).to_have_count(1)
    expect(page.locator("[data-next]")).to_contain_text("自检签署")
    look(page, "day-before")

    first, second = (page.locator(f"[data-candidate='{ticket}']") for ticket in ("T001", "T002"))
    first.locator("[data-sign-in]").click()
    expect(page.locator("[data-roll]").get_by_role("alert")).to_have_text("请先选择核验方式，再点签到")
    page.keyboard.press("Space")  # the focus is on the first way already
    first.locator("[data-sign-in]").press("Enter")
    expect(first.locator("[data-standing]")).to_contain_text("已签到 08:40")
    second.locator("[data-absent]").click()
    expect(second.locator("[data-standing]")).to_have_text("缺考")
    page.locator("[data-correct]").click()  # a slip of the hand
    expect(second.locator("[data-standing]")).to_contain_text("已签到")
    third = page.locator("[data-candidate='T003']")
    third.locator("[data-absent]").click()
    expect(third.locator("[data-standing]")).to_have_text("缺考")
    page.locator("[data-method='typed']").check()
    page.locator("[data-candidate='T004'] [data-sign-in]").click()
    typed = page.locator("[data-act-dialog]")
    typed.locator("[data-number]").fill("123")
    typed.locator("[data-number]").press("Enter")
    expect(typed.get_by_role("alert")).to_be_visible()
    look(page, "day-typed")
    typed.locator("[data-number]").fill(number(4))
    typed.locator("[data-number]").press("Enter")
    expect(page.locator("[data-candidate='T004'] [data-standing]")).to_contain_text("已签到")

    pass_minutes(morning, 21)
    page.reload()
    expect(page.locator("[data-next]")).to_contain_text("开考")
    opening = take(page, "start")
    expect(opening).to_contain_text("不能撤销")
    look(page, "day-start")
    opening.get_by_role("button", name="确认开考").click()
    expect(sitting).to_have_attribute("data-state", "open")
    expect(page.locator("[data-warnings]")).to_contain_text("考前自检")
    expect(page.locator("[data-step='start']")).to_contain_text("09:01")

    page.locator("[data-camera='B-cam-1']").get_by_role("button", name="记为异常").click()
    incident = page.locator("[data-act-dialog]")
    incident.locator("[data-handling]").fill("换上备用摄像机")
    page.keyboard.press("Escape")
    page.locator("[data-camera='B-cam-1']").get_by_role("button", name="记为异常").click()
    expect(incident.locator("[data-handling]")).to_have_value("换上备用摄像机")  # what was typed is there
    incident.get_by_role("button", name="记异常").click()
    page.locator("[data-tab='incidents']").click()
    expect(page.locator("[data-incidents]")).to_contain_text("摄像机 B-cam-1 无画面")
    first.locator("[data-more]").click()
    moving = page.locator("[data-act-dialog]")
    moving.locator("[data-station]").select_option("A03")
    moving.locator("[data-why]").fill("炉灶故障")
    moving.get_by_role("button", name="换工位").last.click()
    expect(first).to_contain_text("原工位 A01")
    page.locator("[data-tab='cameras']").click()
    look(page, "day-open")
    page.get_by_role("button", name="English").click()
    look(page, "day-open")
    page.set_viewport_size({"width": 1920, "height": 1080})
    look(page, "day-open")
    page.get_by_role("button", name="中文").click()
    page.set_viewport_size({"width": 1366, "height": 768})

    pass_minutes(morning, FRESH.total_seconds() / 60 + 1)
    ending = take(page, "close")
    ending.get_by_role("button", name="确认结束").click()
    proof = ending.locator("[data-proof]")
    proof.get_by_label("请再次输入密码").fill(morning.password)
    proof.get_by_role("button", name="继续").click()
    expect(sitting).to_have_attribute("data-state", "closed")
    look(page, "day-after")
    assert morning.exam.database.setup.sitting(BATCH, 1).closed is not None  # type: ignore[union-attr]


def test_who_has_no_sitting_today_is_told_and_who_runs_none_is_led_elsewhere(
    open_page: OpenPage, morning: Morning
) -> None:
    page = open_page(f"{morning.where}/day", token=ELSEWHERE)
    expect(page.locator("[data-day]")).to_contain_text("今天没有场次")
    look(page, "day-none")
    supervisor = open_page(f"{morning.where}/day")
    expect(supervisor).to_have_url(f"{morning.where}/batches")
    expect(supervisor.locator("[data-day-link]")).to_have_count(0)
