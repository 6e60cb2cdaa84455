"""The operations page: an administrator makes an account and closes it, a supervisor reads who did it and checks the
records, and what is failing comes first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.rule_pack import load as load_rule_pack
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from dashboard.installation import Installation
from domain.health import Check, CheckState, Part
from domain.people import Account, Reach, Role, Scope
from records.capacity import Planned, by_numbers, forecast
from records.headroom import Spools
from storage.audit.checking import Vouchers, check
from storage.audit.notary import Notary
from storage.database import connect
from storage.store_state import StoreState
from tests.dashboard.exam import SITE, Exam, log_in, plan_exam
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_page import overflow, violations
from tests.fakes.notary import SIGNER

SHOTS = os.environ.get("KAOJIAN_TEST_SHOTS")
"""A folder for pictures of the page, for who wants to look at it."""

CHECKS = (
    Check(Part.CLOCK, CheckState.OK, "kept in step, at most 0.020 s off"),
    Check(Part.DISK, CheckState.FAIL, "/var/spool: 3.1 GiB free, 5.0 GiB kept in reserve", "make room there"),
    Check(Part.BACKUP, CheckState.NOTE, "there is no recovery key, so none is made", "run: kaojian backup --new-key"),
    Check(Part.RULE_PACKS, CheckState.OK, "SG-2022-08-10"),
)
PLAN = Planned(
    forecast(
        replace(by_numbers(48, 4_000_000, 8, 60), unmeasured=12),
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


@dataclass(frozen=True, slots=True)
class Office:
    exam: Exam
    where: str


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    exam = plan_exam(database, tmp_path / "spool")
    by = Vouchers(tmp_path, [SIGNER.public])
    told = StoreState(exam.clock.now(), None, None)
    installation = Installation(
        lambda _: CHECKS, lambda _: PLAN, lambda: (told,), lambda: [check(rows, by) for rows in database.records]
    )
    app = create_app(
        database,
        exam.archive,
        load_rule_pack,
        exam.clock,
        DIST,
        spools=Spools([tmp_path / "spool"], reserve_bytes=5 << 20),
        installation=installation,
    )
    for name, role in (("guan", Role.CITY_ADMINISTRATOR), ("wu", Role.CITY_SUPERVISOR), ("cao", Role.SITE_OPERATOR)):
        names = frozenset({SITE.id}) if role.reach is Reach.SITE else frozenset[str]()
        log_in(exam, Account(name, role, Scope(role.reach, names), exam.clock.now(), False), name)
    with served(app) as where:
        yield Office(exam, where)
    database.close()


def look(page: Page, name: str) -> None:
    """Nothing sticks out, and nothing is inaccessible, in either language; and a picture, where they are wanted."""
    for language in ("English", "中文"):
        page.get_by_role("button", name=language, exact=True).click()
        assert overflow(page) == 0
        assert violations(page) == []
        if SHOTS:
            for width, height in ((1366, 768), (1920, 1080)):
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=f"{SHOTS}/{name}-{width}-{language}.png", full_page=True)
            page.set_viewport_size({"width": 1366, "height": 768})


def test_an_administrator_makes_and_closes_an_account_and_a_supervisor_reads_of_it(
    open_page: OpenPage, office: Office
) -> None:
    page = open_page(f"{office.where}/batches", token="guan")
    page.locator("[data-more]").click()
    page.locator("[data-operations-link]").click()
    health = page.locator("[data-health]")
    expect(health.locator("[data-check]").first).to_have_attribute("data-check", "disk")
    expect(health).to_contain_text("清理该磁盘或换用更大的磁盘")
    expect(page.locator("[data-year]")).to_have_count(5)
    look(page, "operations")

    page.locator("[data-tab=stands]").press("ArrowRight")
    accounts = page.locator("[data-accounts]")
    expect(accounts.locator("tbody tr")).to_have_count(len(office.exam.database.accounts.all()))
    form = page.locator("[data-add-account]")
    form.get_by_label("账户名").fill("lin")
    form.locator("[data-sees]").select_option(SITE.id)
    form.get_by_role("button", name="新建账户").click()
    shown = page.locator("[data-first-password]")
    expect(shown).to_contain_text("账户 lin 的初始密码：")
    look(page, "accounts")
    shown.get_by_role("button").click()
    expect(shown).to_have_count(0)

    row = accounts.locator("tr", has_text="lin").first
    row.locator("[data-act=disable]").click()
    dialog = page.locator("[data-act-dialog]")
    expect(dialog).to_contain_text("永久停用账户 lin")
    look_at_dialog(page)
    dialog.get_by_role("button", name="停用").click()
    expect(row.locator("[data-standing]")).to_have_text("已停用")

    page.context.add_cookies([{"name": COOKIE, "value": "wu", "url": office.where}])
    page.goto(f"{office.where}/operations")
    page.locator("[data-tab=records]").click()
    acts = page.locator("[data-acts]")
    expect(acts).to_contain_text("停用账户")
    page.locator("[data-records]").get_by_label("何人").fill("nobody")
    page.locator("[data-records]").get_by_role("button", name="查询").click()
    expect(acts).to_contain_text("没有符合条件的记录")
    page.locator("[data-records]").get_by_label("何人").fill("guan")
    page.keyboard.press("Enter")
    expect(acts.locator("tbody tr")).to_have_count(2)
    page.locator("[data-check-chain]").click()
    expect(page.locator("[data-sound=true]")).to_have_count(2)
    look(page, "records")
    page.locator("[data-viewings]").click()
    expect(page.locator("[data-viewing-entries]")).to_contain_text("没有符合条件的记录")

    page.context.add_cookies([{"name": COOKIE, "value": "cao", "url": office.where}])
    page.goto(f"{office.where}/operations")
    expect(page.locator("[data-no-permission]")).to_contain_text("您的角色没有运维权限")


def look_at_dialog(page: Page) -> None:
    assert violations(page) == []
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/account-dialog.png")
