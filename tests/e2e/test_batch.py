"""A batch at the page: what is wrong at a glance, clauses, candidates, and two people who let one past the gate."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.access.login import FRESH
from dashboard.app import create_app
from domain.clauses import CLAUSES
from domain.gate import EXITS, ISSUE_DECISIONS
from domain.people import Account, Reach, Role, Scope
from storage.database import connect
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, SITE, TESTER, TOKEN, Exam, hold_exam, log_in
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_page import ON_SCREENS, overflow, violations
from tests.fakes.notary import NOTARY

AT = f"/batches/{BATCH}"
SHOTS = os.environ.get("KAOJIAN_TEST_SHOTS")
"""A folder for pictures of the page, for who wants to look at it."""

ADMINISTRATOR, EXAMINER, AUDITOR = "held by an administrator", "held by an examiner", "held by an auditor"
DOCUMENT, WHY = "韶技服〔2026〕9号", "摄像机断线八秒，督导员在场"


@dataclass(frozen=True, slots=True)
class Office:
    """A dashboard over an exam with three candidates, and the passwords of two people."""

    exam: Exam
    where: str
    passwords: dict[str, str]


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    enrol(exam)
    for name, role, scope, token in (
        ("guan", Role.CITY_ADMINISTRATOR, Scope(Reach.CITY), ADMINISTRATOR),
        ("kao", Role.EXAMINER, Scope(Reach.BATCHES, frozenset({BATCH})), EXAMINER),
        ("shen", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({BATCH})), AUDITOR),
    ):
        log_in(exam, Account(name, role, scope, exam.clock.now(), must_change=False), token)
    passwords = {
        name: accounts.add(database, Wanted(name, role, must_change=False), TESTER, exam.clock)
        for name, role in (("officer", Role.CITY_OFFICER), ("second", Role.CITY_SUPERVISOR))
    }
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield Office(exam, where, passwords)
    database.close()


def come_in(open_page: OpenPage, office: Office, name: str, path: str) -> Page:
    page = open_page(office.where + path, strict=False, token=None)
    login = page.locator("[data-login]")
    login.get_by_label("账户名").fill(name)
    login.get_by_label("密码").fill(office.passwords[name])
    login.get_by_role("button").click()
    expect(page.locator("[data-account]")).to_be_visible()
    return page


def unfold(page: Page, ticket: str) -> Locator:
    page.locator(f"[data-case='{ticket}']").get_by_role("button").click()
    return page.locator(f"[data-detail='{ticket}']")


def look(page: Page, name: str) -> None:
    """Nothing sticks out or is cut off, and nothing is inaccessible; and a picture, where they are wanted."""
    if SHOTS:
        language = page.locator("html").get_attribute("lang")
        page.screenshot(path=f"{SHOTS}/{name}-{page.evaluate('innerWidth')}-{language}.png", full_page=True)
    assert overflow(page) == 0
    assert cut_off(page) == []
    assert violations(page) == []


def cut_off(page: Page) -> list[str]:
    """Parts of the page's main area that are wider inside than they are."""
    script = """() => [...document.querySelectorAll('main td, main th, main button, main dd, main li, main select')]
        .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
        .map(each => each.outerHTML.slice(0, 200))"""
    return [str(each) for each in page.evaluate(script)]


def test_from_the_list_to_what_is_wrong_with_a_batch_to_the_footage_of_a_candidate(
    open_page: OpenPage, office: Office
) -> None:
    page = open_page(office.where)
    page.get_by_role("link", name=BATCH).click()
    expect(page).to_have_url(office.where + AT)
    for word in ("中式面点制作", SITE.name, SITE.county, "SG-2022-08-10"):
        expect(page.locator("[data-batch-head]")).to_contain_text(word)
    expect(page.locator("[data-failing] button")).to_have_text(["C6.2-3 全过程录像", "C6.2-4 无死角"])

    clauses = page.locator("[data-clause]")
    named = clauses.evaluate_all("all => all.map(each => each.dataset.clause)")
    assert sorted(named) == sorted(clause.id for clause in CLAUSES), "every row of the notice stands on the page"
    total = clauses.count()
    expect(page.locator("[data-clauses] .section").first).to_have_text("一、定位与范畴")
    page.get_by_role("button", name=re.compile("只看未符合")).click()
    unmet = page.locator("[data-clause] [data-verdict]")
    assert set(unmet.all_inner_texts()) == {"不符合", "无法判定", "待办"}
    assert 0 < unmet.count() < total
    bar = page.get_by_role("group", name="按判定筛选")
    bar.get_by_role("button", name=re.compile("^不符合")).click()
    expect(clauses).to_have_count(2)
    page.locator("[data-failing] button").first.click()
    expect(clauses).to_have_count(total)
    unfolded = page.locator("[data-unfolded='C6.2-3']")
    expect(unfolded).to_be_in_viewport()
    expect(unfolded.locator("[data-verdict]")).to_have_text(["不符合", "待办"])
    expect(unfolded.get_by_role("link", name="第 1 场报告")).to_have_attribute("href", f"{AT}/sittings/1")
    page.locator("[data-clause='C6.5-3']").get_by_role("button").click()
    expect(page.locator("[data-unfolded='C6.5-3']")).to_contain_text(f"score/{BATCH}/T001/实操@1")

    page.locator("[data-glance]").get_by_role("button", name=re.compile("待核")).click()
    expect(page.locator("[data-case]")).to_have_count(1)
    page.reload()
    expect(page.locator("[data-case] [data-proposal]")).to_have_text(["待核", "可制证", "不予制证"])
    held = page.locator("[data-case='T001']")
    expect(held).to_contain_text("摄像机断线")
    held.get_by_role("link", name="第 1 场 · 工位 A01").click()
    expect(page).to_have_url(f"{office.where}{AT}/sittings/1?station=A01")
    expect(page.locator(".timeline")).to_be_in_viewport()
    page.locator(".crumbs").get_by_role("link", name=BATCH).click()
    expect(page.locator("[data-batch-head]")).to_be_visible()


def test_an_officer_takes_an_exit_a_supervisor_confirms_it_and_the_officer_decides(
    open_page: OpenPage, office: Office
) -> None:
    register = office.exam.database.register
    officer = come_in(open_page, office, "officer", f"{AT}?tab=candidates")
    detail = unfold(officer, "T001")
    expect(detail).to_contain_text("待核期间不能作制证决定")
    expect(detail.locator("[data-decide]")).to_have_count(0)
    form = detail.locator("[data-take-exit]")
    form.get_by_label("另有摄像机可见").check()
    form.get_by_label("可见该工位的摄像机").select_option("A-cam-1")  # the one that was gone
    form.get_by_label("理由").fill(WHY)
    form.get_by_role("button", name="提出", exact=True).click()
    expect(form.get_by_role("alert")).to_have_text("该摄像机在缺失时段没有可用录像")
    assert register.standing(EXITS, batch=BATCH) == []
    look(officer, "exit-form")
    form.get_by_label("市中心书面决定认可").check()
    form.get_by_label("书面决定的文号").fill(DOCUMENT)
    form.get_by_role("button", name="提出", exact=True).click()
    expect(detail.get_by_role("status")).to_have_text("已提出，待另一人复核。")
    expect(detail.locator("[data-exits]")).to_contain_text("由您提出，须由另一人复核")
    expect(detail.get_by_role("button", name="复核确认")).to_have_count(0)
    expect(officer.locator("[data-case='T001'] [data-proposal]")).to_have_text("待核")

    second = come_in(open_page, office, "second", AT)
    second.locator("[data-glance]").get_by_role("button", name="出口待复核 1").click()
    detail = unfold(second, "T001")
    expect(detail.locator("[data-exits]")).to_contain_text(DOCUMENT)
    look(second, "to-confirm")
    office.exam.clock.advance(FRESH.total_seconds())
    detail.get_by_role("button", name="复核确认").click()
    proof = detail.locator("[data-proof]")
    proof.get_by_label("请再次输入密码").fill(office.passwords["second"])
    proof.get_by_role("button", name="继续").click()
    expect(detail.locator("[data-second]")).to_have_text("second")
    expect(second.locator("[data-case='T001'] [data-proposal]")).to_have_text("可制证")
    expect(detail.locator("[data-take-exit]")).to_have_count(0)
    expect(second.locator("[data-decide]")).to_have_count(0)  # a supervisor decides nothing

    officer.reload()
    detail = unfold(officer, "T001")
    expect(detail.locator("[data-exits]")).to_contain_text("second")
    detail.get_by_role("button", name="决定不予制证").click()
    expect(detail.get_by_role("alert")).to_have_text("请填写理由。")
    detail.get_by_role("button", name="决定制证").click()
    decision = officer.locator("[data-case='T001'] [data-decision]")
    expect(decision).to_contain_text("决定制证")
    expect(detail.get_by_role("button", name="决定制证")).to_have_count(0)
    look(officer, "decided")
    detail = unfold(officer, "T003")
    expect(detail.get_by_role("button", name="决定制证")).to_have_count(0)
    detail.get_by_role("button", name="决定不予制证").click()
    expect(officer.locator("[data-case='T003'] [data-decision]")).to_contain_text("决定不予制证")
    made = {each.thing.ticket: each.thing.issue for each in register.standing(ISSUE_DECISIONS, batch=BATCH)}
    assert made == {"T001": True, "T003": False}


def test_who_only_looks_finds_no_act_and_who_may_not_look_finds_no_page(open_page: OpenPage, office: Office) -> None:
    page = open_page(f"{office.where}{AT}?tab=candidates", token=AUDITOR)
    detail = unfold(page, "T001")
    expect(detail).to_contain_text("摄像机断线")
    assert detail.locator("form, button").count() == 0

    page = open_page(office.where + AT, token=ADMINISTRATOR)
    expect(page).to_have_url(office.where + "/batches")
    expect(page.locator("tr", has_text=BATCH).first).to_be_visible()
    expect(page.get_by_role("link", name=BATCH)).to_have_count(0)
    page = open_page(office.where + AT, token=EXAMINER)
    expect(page).to_have_url(office.where + "/schedule")
    expect(page.locator("[data-batch-head]")).to_have_count(0)


def test_a_batch_that_is_not_there_or_cannot_be_loaded_says_so(open_page: OpenPage, office: Office) -> None:
    page = open_page(f"{office.where}/batches/SG-0000", strict=False)
    expect(page.locator("main")).to_contain_text("没有该批次，或不在您的管辖范围内。")
    page = open_page(office.where, strict=False)
    page.route("**/clauses", lambda route: route.abort())
    page.goto(office.where + AT)
    expect(page.locator("main")).to_contain_text("数据未能取得。")
    page.unroute("**/clauses")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("[data-clauses]")).to_be_visible()


@ON_SCREENS
def test_nothing_is_cut_off_every_text_has_contrast_and_keys_do_what_the_mouse_does(
    open_page: OpenPage, office: Office, width: int, height: int, language: str
) -> None:
    page = open_page(office.where + AT, width=width, height=height, token=TOKEN)
    page.get_by_role("button", name=language).click()
    expect(page.locator("[data-clauses]")).to_be_visible()
    assert page.locator("[data-failing]").bounding_box()["y"] < height / 2  # type: ignore[index]
    fold = page.locator("[data-clause='C6.2-4']").get_by_role("button")
    fold.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-unfolded='C6.2-4']")).to_be_visible()
    look(page, "clauses")
    check_language(page)
    page.get_by_role("tab").first.press("ArrowRight")
    page.locator("[data-case='T001']").get_by_role("button").press("Enter")
    form = page.locator("[data-take-exit]")
    form.get_by_role("radio").first.check()
    expect(form.get_by_role("combobox")).to_be_visible()
    look(page, "candidates")
    check_language(page)


def check_language(page: Page) -> None:
    """In English nothing but names is Chinese."""
    if page.locator("html").get_attribute("lang") == "en":
        said = re.findall(r"[\u4e00-\u9fff]+", page.locator("main").inner_text())
        names = f"中式面点制作 {SITE.name} {SITE.county} 实操"
        assert set(said) <= set(re.findall(r"[\u4e00-\u9fff]+", names))
