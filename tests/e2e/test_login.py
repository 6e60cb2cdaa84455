"""Logging in at the page: nothing is shown before, what was wanted comes up after, and the way out closes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.app import create_app
from domain.people import Role
from storage.archive import Archive
from storage.database import connect
from tests.dashboard.exam import TESTER
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock

NEW = "朝霞 over the Bei river"


@pytest.fixture
def door(browser: Browser, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A dashboard without exams; its address, and the first password of ``chen``."""
    database, clock = connect(f"sqlite:///{tmp_path / 'kaojian.db'}"), FakeClock()
    archive = Archive(database.evidence, MemoryObjects(clock=clock), tmp_path, lambda _: clock.now(), clock)
    first = accounts.add(database, Wanted("chen", Role.CITY_OFFICER), TESTER, clock)
    with served(create_app(database, archive, load_rule_pack, clock, DIST)) as where:
        yield where, first
    database.close()


def test_a_person_logs_in_changes_the_first_password_and_logs_out(open_page: OpenPage, door: tuple[str, str]) -> None:
    where, first = door
    page = open_page(where + "/batches", strict=False, token=None)
    form = page.locator("[data-login]")
    expect(form.get_by_role("heading")).to_have_text("登录")
    expect(page.locator(".el-table")).to_have_count(0)
    form.get_by_label("账户名").fill("chen")
    form.get_by_label("密码").fill("a wrong one")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_have_text("账户名与密码不符，或账户已停用。")
    page.get_by_role("button", name="English").click()
    expect(form.get_by_role("alert")).to_have_count(1)
    form.get_by_label("Password").fill(first)
    form.get_by_role("button").click()
    change = page.locator("[data-password]")
    change.get_by_label("Current password").fill(first)
    for label in ("New password", "New password again"):
        change.get_by_label(label, exact=True).fill(NEW)
    change.get_by_role("button").click()
    expect(page.locator("h2")).to_have_text("Batches")
    expect(page.locator("[data-account]")).to_contain_text("chen")
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.get_by_role("button", name="Log out").click()
    expect(form).to_be_visible()
    page.reload()
    expect(form).to_be_visible()
