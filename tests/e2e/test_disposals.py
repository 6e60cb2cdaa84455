"""Footage disposed of at the page: proposed, approved by two people of two sides, gone, and told as gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.access.login import FRESH
from dashboard.app import create_app
from domain.people import Role
from storage.database import connect
from tests.closed_batches import FIRST, SECOND, TESTER
from tests.dashboard.serving import served
from tests.disposals import ExpiredBatches
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_page import click_lane, overflow, violations
from tests.fakes.notary import NOTARY

WHY = "保管期已满，已与档案室核对"
SHOTS = os.environ.get("KAOJIAN_TEST_SHOTS")
"""A folder for pictures of the page, for who wants to look at it."""


@dataclass(frozen=True, slots=True)
class Office:
    """A dashboard over expired batches, and the passwords of three people."""

    site: ExpiredBatches
    where: str
    passwords: dict[str, str]


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    site = ExpiredBatches(database, tmp_path / "spool")
    passwords = {
        name: accounts.add(database, Wanted(name, role, must_change=False), TESTER, site.clock)
        for name, role in (
            ("proposer", Role.CITY_OFFICER),
            ("officer", Role.CITY_OFFICER),
            ("supervisor", Role.CITY_SUPERVISOR),
        )
    }
    app = create_app(database, site.archive, load_rule_pack, site.clock, DIST, witnesses=site.witnesses)
    with served(app) as where:
        yield Office(site, where, passwords)
    database.close()


def log_in(open_page: OpenPage, office: Office, name: str) -> Page:
    page = open_page(office.where + "/disposals", strict=False, token=None)
    login = page.locator("[data-login]")
    login.get_by_label("账户名").fill(name)
    login.get_by_label("密码").fill(office.passwords[name])
    login.get_by_role("button").click()
    expect(page.locator("[data-lists]")).to_be_visible()
    return page


def look(page: Page, name: str) -> None:
    """Nothing sticks out, and nothing is inaccessible, in either language; and a picture, where they are wanted."""
    for language in ("English", "中文"):
        page.get_by_role("button", name=language, exact=True).click()
        assert violations(page) == []
        for width, height in ((1366, 768), (1920, 1080)):
            page.set_viewport_size({"width": width, "height": height})
            assert overflow(page) == 0
            if SHOTS:
                path = f"{SHOTS}/{name}-{width}-{'en' if language == 'English' else 'zh'}.png"
                page.screenshot(path=path, full_page=True)
        page.set_viewport_size({"width": 1366, "height": 768})


def test_a_list_goes_from_what_is_due_to_footage_that_is_told_as_gone(open_page: OpenPage, office: Office) -> None:
    site = office.site
    proposing = log_in(open_page, office, "proposer")
    due = proposing.locator("[data-due]")
    expect(due.locator("tbody tr")).to_have_count(2)
    expect(due).to_contain_text("无，可提出处置")
    look(proposing, "due")
    due.get_by_label(FIRST).check()
    due.get_by_label("处置理由").fill(WHY)
    due.get_by_role("button", name="提出处置").click()
    card = proposing.locator("[data-disposal]")
    expect(card.locator("[data-list-state]")).to_have_text("待两方批准")
    expect(card.get_by_role("button", name="批准", exact=True)).to_have_count(0)  # it is their own
    expect(due).to_contain_text("已列入另一份处置清单")

    first = log_in(open_page, office, "supervisor")
    expect(first.locator("[data-more] b")).to_have_text("1")
    expect(first.locator("[data-disposals-link] b")).to_have_text("1")
    first.locator("[data-lists]").get_by_role("button", name="查看").click()
    card = first.locator("[data-disposal]")
    expect(card).to_contain_text(site.database.disposals.latest()[0].digest)
    look(first, "list")
    card.get_by_role("button", name="不予批准").click()
    expect(card.get_by_role("alert")).to_contain_text("请填写理由")
    site.clock.advance(FRESH.total_seconds())
    card.get_by_role("button", name="批准", exact=True).click()
    expect(card.get_by_role("status")).to_have_text("批准前请再次输入密码。")
    card.get_by_label("请再次输入密码").fill(office.passwords["supervisor"])
    card.get_by_role("button", name="批准", exact=True).click()
    expect(card.locator("[data-list-state]")).to_have_text("一方已批准")
    expect(first.locator("[data-disposals-link] b")).to_have_count(0)

    second = log_in(open_page, office, "officer")
    second.locator("[data-lists]").get_by_role("button", name="查看").click()
    card = second.locator("[data-disposal]")
    card.get_by_role("button", name="批准", exact=True).click()
    expect(card.locator("[data-list-state]")).to_have_text("两方已批准")
    (listed,) = site.database.disposals.latest()
    site.carry_out(listed)
    second.reload()
    expect(second.locator("[data-lists] [data-state]")).to_have_text("处置完毕")
    second.locator("[data-lists]").get_by_role("button", name="查看").click()
    expect(card.locator("[data-paper]")).to_have_text([f"处置令 {FIRST}", f"销毁证明 {FIRST}"])
    expect(card).to_contain_text("已销毁")
    look(second, "done")
    with second.expect_download() as paper:
        card.locator("[data-paper]").last.click()
    assert paper.value.path().read_bytes() == site.database.disposals.papers("sg-001")[1].data
    assert site.in_store(SECOND) == set(site.footage(SECOND))

    first.goto(f"{office.where}/batches/{FIRST}/sittings/1")
    first.locator("canvas").first.wait_for()
    click_lane(first, "camera:c2", 8)
    expect(first.locator("[data-player]")).to_contain_text(f"录像已按处置清单 {listed.number} 于 2029-05-")


def test_a_list_is_declined_with_a_reason_that_everybody_reads(open_page: OpenPage, office: Office) -> None:
    office.site.propose(FIRST)
    page = log_in(open_page, office, "supervisor")
    page.locator("[data-lists]").get_by_role("button", name="查看").click()
    card = page.locator("[data-disposal]")
    card.get_by_label("意见").fill("审计尚未结束")
    card.get_by_role("button", name="不予批准").click()
    expect(card.locator("[data-list-state]")).to_have_text("未予批准")
    expect(page.locator("[data-lists]")).to_contain_text("审计尚未结束")
    expect(page.locator("[data-due]")).to_have_count(0)  # a supervisor proposes nothing
