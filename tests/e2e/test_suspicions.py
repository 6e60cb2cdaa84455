"""Suspicions at the page: from the bar to what is odd, by sort and batch, and on to the batch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from domain.people import Account, Reach, Role, Scope
from storage.database import connect
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import SITE, Exam, hold_exam, log_in
from tests.dashboard.serving import served
from tests.dashboard.test_suspicions import OTHER, send_elsewhere
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_batch import look
from tests.fakes.notary import NOTARY

OPERATOR, AUDITOR = "held by an operator", "held by an auditor"


@pytest.fixture
def where(browser: Browser, tmp_path: Path) -> Iterator[str]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    enrol(exam)
    send_elsewhere(exam)
    for name, role, scope, token in (
        ("deng", Role.SITE_OPERATOR, Scope(Reach.SITE, frozenset({SITE.id})), OPERATOR),
        ("shen", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({OTHER})), AUDITOR),
    ):
        log_in(exam, Account(name, role, scope, exam.clock.now(), must_change=False), token)
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as address:
        yield address
    database.close()


def test_what_is_odd_is_found_filtered_followed_and_shown_to_who_looks_into_it_alone(
    open_page: OpenPage, where: str
) -> None:
    page = open_page(where)
    page.locator("[data-more]").click()
    page.locator("[data-suspicions-link]").click()
    expect(page.locator("[data-suspicions-link]")).not_to_be_visible()  # the menu closes behind one
    rows = page.locator("[data-suspicion]")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("考评员 ex-2 于")
    expect(page.locator("[data-not-looked-for]")).to_contain_text("有成绩而工位无人")
    rows.first.get_by_role("button", name="依据 2").click()
    expect(page.locator("[data-unfolded]")).to_contain_text(f"dispatch/{OTHER}/1@1")
    look(page, "suspicions")

    page.get_by_role("button", name=re.compile("^合格人数超出工位时间")).click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name=re.compile("^全部")).click()
    page.locator("[data-of-batch]").select_option(OTHER)
    expect(rows).to_have_count(1)
    expect(rows).to_have_attribute("data-suspicion", "two_places")
    page.get_by_role("button", name="English").click()
    expect(rows).to_contain_text("examiner ex-2 was at")
    page.locator("[data-of-batch]").select_option("")
    look(page, "suspicions")
    page.set_viewport_size({"width": 1920, "height": 1080})
    look(page, "suspicions")
    page.get_by_role("button", name="中文").click()
    look(page, "suspicions")
    rows.first.get_by_role("link", name=OTHER).click()
    expect(page).to_have_url(f"{where}/batches/{OTHER}")

    nothing = open_page(f"{where}/suspicions", token=AUDITOR)
    expect(nothing.locator("[data-suspicions]")).to_contain_text("没有发现疑点")
    operator = open_page(f"{where}/suspicions", token=OPERATOR)
    expect(operator).to_have_url(f"{where}/batches")
    expect(operator.locator("[data-suspicions-link]")).to_have_count(0)


def test_the_bar_has_room_for_all_its_ways_while_an_exam_runs(
    open_page: OpenPage, running_exam: tuple[Exam, str]
) -> None:
    page = open_page(f"{running_exam[1]}/suspicions")
    page.get_by_role("button", name="English").click()
    expect(page.locator("header")).to_contain_text("cameras")
    look(page, "bar")
    page.locator("[data-more]").press("Enter")
    expect(page.locator("[data-suspicions-link]")).to_be_visible()
    look(page, "bar-open")
    page.keyboard.press("Escape")
    expect(page.locator("[data-suspicions-link]")).not_to_be_visible()
