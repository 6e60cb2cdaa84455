"""Login by a real identity provider in a real browser: away to another site, and back into a session of ours.

The provider is at 127.0.0.1 and we are at localhost: two sites for a browser, so cookies are kept apart as they are
between two hosts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.oidc import OidcSettings
from config.rule_pack import load as load_rule_pack
from config.secrets import Secrets
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.access.provider import CALLBACK, Provider
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.people import Role
from domain.timeline import SystemClock
from storage.archive import Archive
from storage.database import Database, connect
from tests.dashboard.exam import TESTER
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.openid.server import CLIENT_ID, CLIENT_SECRET, real_provider


@dataclass(frozen=True, slots=True)
class Door:
    """A dashboard without exams, whose administrators have to have a second factor, and the provider at its side."""

    where: str
    issuer: str
    database: Database

    def link(self, name: str, subject: str, role: Role) -> None:
        clock = SystemClock()
        accounts.add(self.database, Wanted(name, role), TESTER, clock)
        accounts.link(self.database, name, self.issuer, subject, keep_password=False, actor=TESTER, clock=clock)


@pytest.fixture
def door(browser: Browser, tmp_path: Path) -> Iterator[Door]:
    database, clock = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY), SystemClock()
    archive = Archive(database.evidence, MemoryObjects(clock=clock), tmp_path, lambda _: clock.now(), clock)
    administrators = frozenset({Role.CITY_ADMINISTRATOR})
    app = create_app(database, archive, load_rule_pack, clock, DIST, with_factor=administrators)
    with served(app) as address:
        where = address.replace("127.0.0.1", "localhost")
        with real_provider(where + CALLBACK) as issuer:
            settings = OidcSettings(issuer, "oidc", "市人社认证", frozenset(), where)
            secrets = Secrets(tmp_path, {"KAOJIAN_SECRET_OIDC": f"{CLIENT_ID}:{CLIENT_SECRET}"})
            app.state.backing = replace(app.state.backing, provider=Provider(settings, secrets, clock))
            yield Door(where, issuer, database)
    database.close()


def at_the_provider(page: Page, name: str, button: str = "Sign in") -> None:
    page.get_by_label("Who are you?").fill(name)
    page.get_by_role("button", name=button).click()


def test_a_person_logs_in_by_the_provider_and_comes_back_to_the_page_that_was_wanted(
    open_page: OpenPage, door: Door
) -> None:
    door.link("chen", "chen@city", Role.CITY_SUPERVISOR)
    page = open_page(door.where + "/status", strict=False, token=None)
    page.get_by_role("button", name="通过市人社认证登录").click()
    at_the_provider(page, "chen@city")
    expect(page.locator("[data-account]")).to_contain_text("chen")
    assert page.url == door.where + "/status"
    cookies = {each["name"]: each for each in page.context.cookies(door.where)}
    assert set(cookies) == {"kaojian_session"}
    assert (cookies["kaojian_session"]["httpOnly"], cookies["kaojian_session"]["sameSite"]) == (True, "Strict")
    page.reload()
    expect(page.locator("[data-account]")).to_contain_text("chen")
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="退出市人社认证")).to_have_attribute(
        "href", f"{door.issuer}/session/end?client_id={CLIENT_ID}"
    )


def test_somebody_whom_no_account_is_linked_to_reads_what_to_tell_an_administrator(
    open_page: OpenPage, door: Door
) -> None:
    page = open_page(door.where + "/batches", token=None)
    page.get_by_role("button", name="通过市人社认证登录").click()
    at_the_provider(page, "<b>nobody</b>@city")
    told = page.locator("[data-login]").get_by_role("alert")
    expect(told).to_contain_text("您的身份尚未绑定本系统的有效账户")
    expect(told.locator("code")).to_have_text("<b>nobody</b>@city")
    page.reload()
    expect(page.get_by_role("button", name="通过市人社认证登录")).to_be_visible()
    expect(told).to_have_count(0)
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Log in by 市人社认证").click()  # the provider remembers
    expect(told).to_contain_text("No open account is linked to you.")


def test_an_administrator_without_a_password_proves_who_they_are_at_the_provider_to_set_up_a_second_factor(
    open_page: OpenPage, door: Door
) -> None:
    door.link("admin", "admin@city", Role.CITY_ADMINISTRATOR)
    page = open_page(door.where + "/batches", strict=False, token=None)
    page.get_by_role("button", name="通过市人社认证登录").click()
    at_the_provider(page, "admin@city")
    enrol = page.locator("[data-enrol]")
    expect(enrol.locator("img")).to_be_visible()
    (token,) = [each["value"] for each in page.context.cookies(door.where) if each["name"] == COOKIE]
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert door.database.accounts.vouch("admin", sha256(token.encode()).hexdigest(), an_hour_ago)
    page.reload()
    prove = enrol.get_by_role("button", name="通过市人社认证重新验证身份")
    expect(prove).to_be_visible()
    expect(enrol.locator("input")).to_have_count(0)
    prove.click()
    at_the_provider(page, "admin@city")  # who remembers them, and asks all the same
    expect(enrol.locator("img")).to_be_visible()
