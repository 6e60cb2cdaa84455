"""The command view at the page: what needs somebody first, in counties, sites and rooms, and on to where it is."""

from __future__ import annotations

from playwright.sync_api import expect

from domain.people import Account, Reach, Role, Scope
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, SITE, Exam, log_in
from tests.dashboard.test_situation import stand, told
from tests.e2e.conftest import OpenPage
from tests.e2e.test_batch import look


def test_an_inspector_sees_what_is_wrong_and_goes_there(open_page: OpenPage, running_exam: tuple[Exam, str]) -> None:
    exam, where = running_exam
    enrol(exam, marked=False)
    page = open_page(where)
    page.locator("[data-command-link]").click()
    expect(page.locator("[data-alarms]")).to_contain_text("报警服务从未运行")
    stand(exam, told("camera/A-cam-1", SITE.id, "A-cam-1"), told("clock/host-1", ""))
    expect(page.locator("[data-alarms] li")).to_have_count(2)  # by itself
    expect(page.locator("[data-alarms]")).not_to_contain_text("从未运行")
    site = page.locator(f"[data-site='{SITE.id}']")
    expect(site.locator("[data-room='A']")).to_have_attribute("data-tone", "alarm")
    expect(site.locator("[data-room='A']")).to_contain_text("摄像机失联")
    expect(site.locator("[data-room='B']")).to_have_attribute("data-tone", "recording")
    expect(site).to_contain_text("签到 2/3")
    expect(page.locator("[data-figure='open']")).to_contain_text("1/2")
    look(page, "command")
    page.get_by_role("button", name="English").click()
    expect(site).to_contain_text("Signed in 2/3")
    look(page, "command")
    page.set_viewport_size({"width": 1920, "height": 1080})
    look(page, "command")
    page.locator("[data-kind='camera_lost']").get_by_role("link").click()
    expect(page).to_have_url(f"{where}/batches/{BATCH}/sittings/1")


def test_a_scope_without_sites_says_so(open_page: OpenPage, running_exam: tuple[Exam, str]) -> None:
    exam, where = running_exam
    scope = Scope(Reach.COUNTY, frozenset({"曲江区"}))
    log_in(exam, Account("qu", Role.COUNTY_SUPERVISOR, scope, exam.clock.now(), must_change=False), "held by qu")
    page = open_page(f"{where}/command", token="held by qu")
    expect(page.locator("main")).to_contain_text("您的权限内没有定点考场")
