"""A real Chromium on a real server over a whole exam. Skipped, by name, where a browser or fonts are absent."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from config.rule_pack import load as load_rule_pack
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from storage.database import connect
from tests.dashboard.exam import TOKEN, Exam, hold_exam
from tests.dashboard.serving import served
from tests.fakes.hashing import cheap_hashing
from tests.fakes.notary import NOTARY

__all__ = ["cheap_hashing"]

DIST = Path(__file__).parents[2] / "dashboard" / "web" / "dist"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "chromium-browser"))), None)
"""The first is the same browser without its windows: a third less work for the same pages."""

VIOLATION = "policy forbids"
TELL_VIOLATIONS = f"""addEventListener('securitypolicyviolation', event =>
    console.warn('{VIOLATION}', event.effectiveDirective, event.blockedURI, event.sourceFile, event.sample))"""
"""Has a page say on its console what its content security policy kept it from."""

LOADS_MS = 30_000
"""How fast a busy machine shows a page is no matter of tests."""

OpenPage = Callable[..., Page]


def _chinese_fonts() -> bool:
    if shutil.which("fc-list") is None:
        return False
    listed = subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium: the one that Playwright would download cannot be had from a package registry."""
    if CHROMIUM is None:
        pytest.skip("a browser is absent: apt-get install chromium-headless-shell")
    if not _chinese_fonts():
        pytest.skip("Chinese fonts are absent: apt-get install fonts-noto-cjk")
    if not (DIST / "index.html").is_file():
        pytest.skip("the page is not built: npm --prefix dashboard/web run build")
    arguments = ["--disable-dev-shm-usage", "--disable-gpu"]  # none here: it would be emulated
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    expect.set_options(timeout=LOADS_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over an exam that is over."""
    folder = tmp_path_factory.mktemp("exam")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, folder / "spool")
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield where
    database.close()


@pytest.fixture
def running_exam(browser: Browser, tmp_path: Path) -> Iterator[tuple[Exam, str]]:
    """A dashboard over an exam that still runs."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool", closed=False)
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield exam, where
    database.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages of a reader far from Shaoguan; at the end no page may have logged an error.

    Nor may any page, or paper opened from it, have tried what its policy forbids, also where errors are expected.
    """
    complaints: list[str] = []
    forbidden: list[str] = []
    with ExitStack() as contexts:

        def opened(
            where: str, *, width: int = 1366, height: int = 768, strict: bool = True, token: str | None = TOKEN
        ) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height}, timezone_id="America/New_York", locale="zh-CN"
            )
            contexts.callback(context.close)
            context.set_default_timeout(20_000)
            context.add_init_script(TELL_VIOLATIONS)
            context.on("console", lambda said: forbidden.append(said.text) if VIOLATION in said.text else None)
            if token is not None:
                address = "{0.scheme}://{0.netloc}".format(urlsplit(where))
                context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
            page = context.new_page()
            if strict:
                page.on("console", lambda said: complaints.append(said.text) if said.type != "log" else None)
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
            page.goto(where)
            return page

        yield opened
        shown = [each for each in complaints if "ERR_ABORTED" not in each and not each.startswith("failed: ")]
        assert shown == []
        assert forbidden == []
