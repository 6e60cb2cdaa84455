"""The page as it is for those who see no report, and what everybody sees after the glass was broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts, glass
from dashboard.app import create_app
from domain.people import Account, Reach, Role, Scope
from storage.database import connect
from tests.dashboard.exam import BATCH, SITE, TESTER, TOKEN, Exam, hold_exam, log_in
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.fakes.notary import NOTARY

EXAMINER = "held by an examiner"


@dataclass(frozen=True, slots=True)
class Place:
    """A dashboard over an exam, and an examiner of its batch beside the supervisor."""

    exam: Exam
    where: str


@pytest.fixture
def place(browser: Browser, tmp_path: Path) -> Iterator[Place]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    scope = Scope(Reach.BATCHES, frozenset({BATCH}))
    log_in(exam, Account("kao", Role.EXAMINER, scope, exam.clock.now(), must_change=False), EXAMINER)
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield Place(exam, where)
    database.close()


def asked_of(page: Page) -> set[str]:
    """The addresses of the API that the page asks for while it is loaded anew."""
    asked: set[str] = set()
    page.on(
        "request", lambda request: asked.add(request.url.partition("/api/v1/")[2]) if "/api/" in request.url else None
    )
    page.reload(wait_until="networkidle")
    return asked


@pytest.mark.parametrize("path", ["/", "/batches", "/status", f"/batches/{BATCH}/sittings/1"])
def test_an_examiner_finds_the_schedule_wherever_they_go_and_the_page_asks_for_nothing_else(
    open_page: OpenPage, place: Place, path: str
) -> None:
    page = open_page(place.where + path, token=EXAMINER)
    table = page.locator("[data-schedule]")
    for words in (BATCH, SITE.name, "中式面点一号考场、中式面点二号考场", "第 2 场", "已结束"):
        expect(table).to_contain_text(words)
    expect(page).to_have_url(f"{place.where}/schedule")
    expect(page.get_by_role("navigation").get_by_role("link")).to_have_text(["考试安排"])
    assert asked_of(page) == {"session", "schedule"}
    page.get_by_role("button", name="English").click()
    expect(table.get_by_role("heading")).to_have_text("Schedule")
    page.locator("[data-account] a").click()
    expect(page.locator("[data-factor]")).to_be_visible()


def test_everybody_is_told_that_the_glass_was_broken_while_it_is_and_after(open_page: OpenPage, place: Place) -> None:
    pages = [open_page(place.where + "/", token=token) for token in (TOKEN, EXAMINER)]
    for page in pages:
        expect(page.locator("[data-account]")).to_be_visible()
        expect(page.locator("[data-glass]")).to_have_count(0)
    wanted = glass.Wanted("值班人员手机遗失，无人可以登录")
    account, _ = glass.break_glass(place.exam.database, place.exam.clock, TESTER, wanted)
    for page in pages:
        page.reload()
        strip = page.locator("[data-glass] p.open")
        expect(strip).to_contain_text(f"紧急进入账户 {account.name}（市级管理员）正在使用")
        expect(strip).to_contain_text(f"由 {TESTER.name} 开启，事由：{wanted.reason}")
    accounts.disable(place.exam.database, account.name, TESTER, place.exam.clock)
    for page in pages:
        page.reload()
        expect(page.locator("[data-glass] p")).to_contain_text("曾启用紧急进入账户")
        expect(page.locator("[data-glass] p.open")).to_have_count(0)
