"""Logging in at the page: nothing is shown before, what was wanted comes up after, and the way out closes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import cv2
import httpx
import numpy as np
import pyotp
import pytest
from playwright.sync_api import Browser, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts, login
from dashboard.access.accounts import Wanted
from dashboard.app import create_app
from domain.people import Role
from storage.archive import Archive
from storage.database import connect
from tests.dashboard.exam import TESTER
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock

NEW = "朝霞 over the Bei river"


@dataclass(frozen=True, slots=True)
class Door:
    """A dashboard without exams: its address, the first password of ``chen``, an officer, and that of ``admin``, an
    administrator, who has to have a second factor and has changed theirs.
    """

    where: str
    first: str
    password: str
    clock: FakeClock


@pytest.fixture
def door(browser: Browser, tmp_path: Path) -> Iterator[Door]:
    database, clock = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY), FakeClock()
    archive = Archive(database.evidence, MemoryObjects(clock=clock), tmp_path, lambda _: clock.now(), clock)
    first = accounts.add(database, Wanted("chen", Role.CITY_OFFICER), TESTER, clock)
    wanted = Wanted("admin", Role.CITY_ADMINISTRATOR, must_change=False)
    password = accounts.add(database, wanted, TESTER, clock)
    with_factor = frozenset({Role.CITY_ADMINISTRATOR})
    with served(create_app(database, archive, load_rule_pack, clock, DIST, with_factor=with_factor)) as where:
        yield Door(where, first, password, clock)
    database.close()


def test_a_person_logs_in_changes_the_first_password_and_logs_out(open_page: OpenPage, door: Door) -> None:
    first = door.first
    page = open_page(door.where + "/batches", strict=False, token=None)
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


def scanned(picture: bytes) -> str:
    """What a telephone reads in a picture of the screen."""
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(image)
    return text


def test_a_second_factor_is_scanned_from_the_page_and_asked_for_at_the_next_login(
    open_page: OpenPage, door: Door
) -> None:
    page = open_page(door.where + "/status", strict=False, token=None)

    def log_in() -> None:
        form = page.locator("[data-login]")
        form.get_by_label("账户名").fill("admin")
        form.get_by_label("密码").fill(door.password)
        form.get_by_role("button").click()

    def code() -> str:
        return pyotp.TOTP(secret).at(door.clock.now())

    log_in()
    enrol = page.locator("[data-enrol]")
    expect(enrol.locator("img")).to_be_visible()
    address = urlsplit(scanned(enrol.locator("img").screenshot()))
    (secret,) = parse_qs(address.query)["secret"]
    assert (address.netloc, address.path) == ("totp", "/Kaojian:admin")
    assert enrol.locator("code").inner_text().replace(" ", "") == secret
    enrol.get_by_label("输入应用显示的 6 位数字").fill("000000")
    enrol.get_by_role("button").click()
    expect(enrol.get_by_role("alert")).to_have_text("口令不正确或已用过，请等待下一个口令。")
    enrol.get_by_label("输入应用显示的 6 位数字").fill(code())
    enrol.get_by_role("button").click()
    recovery = page.locator("[data-recovery] code")
    expect(recovery).to_have_count(10)
    spare = recovery.first.inner_text()
    page.get_by_role("button", name="已妥善保管").click()
    page.locator("[data-account] a").click()
    expect(page.locator("[data-factor]")).to_contain_text("已启用，剩余 10 个恢复码。")
    page.get_by_role("button", name="退出").click()
    log_in()
    second = page.locator("[data-code]")
    second.get_by_label("动态口令").fill(code())
    second.get_by_role("button", name="继续").click()
    expect(second.get_by_role("alert")).to_be_visible()  # it was used to confirm the factor
    second.get_by_label("动态口令").fill(spare)
    second.get_by_role("button", name="继续").click()
    expect(page.locator("[data-factor]")).to_contain_text("已启用，剩余 9 个恢复码。")


def test_a_session_that_was_forgotten_elsewhere_is_ended_from_here_for_the_password(
    open_page: OpenPage, door: Door
) -> None:
    elsewhere = httpx.Client(base_url=door.where, headers={"Origin": door.where})
    credentials = {"name": "chen", "password": door.first}
    elsewhere.post("/api/v1/session", json=credentials)
    changed = elsewhere.post("/api/v1/session/password", json={"old": door.first, "new": NEW})
    assert changed.json()["account"]["name"] == "chen"
    page = open_page(door.where + "/account", strict=False, token=None)
    form = page.locator("[data-login]")
    form.get_by_label("账户名").fill("chen")
    form.get_by_label("密码").fill(NEW)
    form.get_by_role("button").click()
    sessions = page.locator("[data-sessions]")
    expect(sessions.locator("tbody tr")).to_have_count(2)
    expect(sessions).to_contain_text("当前会话")
    door.clock.advance(login.FRESH.total_seconds())
    sessions.get_by_role("button", name="结束", exact=True).click()
    proof = page.locator("[data-proof]")
    proof.get_by_label("请再次输入密码").fill("a wrong one")
    proof.get_by_role("button").click()
    expect(proof.get_by_role("alert")).to_have_text("账户名与密码不符，或账户已停用。")
    assert elsewhere.get("/api/v1/batches").status_code == 200
    proof.get_by_label("请再次输入密码").fill(NEW)
    proof.get_by_role("button").click()
    expect(sessions.locator("tbody tr")).to_have_count(1)
    assert elsewhere.get("/api/v1/batches").status_code == 401
    elsewhere.close()


def test_a_password_is_changed_when_one_likes_and_a_common_one_is_refused(open_page: OpenPage, door: Door) -> None:
    page = open_page(door.where + "/account", strict=False, token=None)
    form = page.locator("[data-login]")
    form.get_by_label("账户名").fill("chen")
    form.get_by_label("密码").fill(door.first)
    form.get_by_role("button").click()
    change = page.locator("[data-password]")
    expect(change.get_by_role("heading")).to_have_text("请先修改初始密码")

    def give(old: str, new: str) -> None:
        change.get_by_label("当前密码").fill(old)
        for label in ("新密码", "再次输入新密码"):
            change.get_by_label(label, exact=True).fill(new)
        change.get_by_role("button", name="修改密码").click()

    give(door.first, "Kaojian@2026!!")
    expect(change.get_by_role("alert")).to_contain_text("太容易被猜到")
    give(door.first, NEW)
    page.locator("[data-own-password]").get_by_role("button", name="修改密码").click()
    expect(change.get_by_role("heading")).to_have_text("修改密码")
    give(NEW, f"{NEW} at night")
    expect(page.locator("[data-own-password]")).to_be_visible()
