"""Pictures of every page, in both languages on two screens: ``python -m tests.e2e.screenshots FOLDER``.

1. The demonstration runs as a process of its own; what it prints tells the accounts and where the pages are.
2. While its exam runs, the pages that show what happens now are taken.
3. When its page is served for good, all the others are, each as the role that works with it.

``--keep FOLDER`` writes those of the README there, too, small. Not here: what a page must show (its own test has it).
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import cv2
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from kaojian.demo import BATCH, SCRIPT, SITE
from tests.e2e.conftest import CHROMIUM

SCREENS = ((1366, 768), (1920, 1080))
LANGUAGES = {"zh": "中文", "en": "English"}
KEPT_BYTES, KEPT_HEIGHT = 150_000, 1480
SETTLES_MS = 700

Act = Callable[[Page], None]

ACCOUNT = re.compile(r"^  (demo-[a-z0-9-]+) +(\S+)  \S")
WHERE = re.compile(r"^the page: (http://\S+)")
SERVED = "Ctrl-C"
FIRST_FAULT = "{1}: {2} for".format(*SCRIPT[0])
"""By what it prints one knows where the pages are, who may come in, that its exam runs, and that it is over."""


def nothing(_: Page) -> None:
    """A page that shows all it has by itself."""


@dataclass(frozen=True, slots=True)
class View:
    """A page as ``who`` sees it, nobody where that is empty, once ``act`` was done there; all of it where it is
    ``whole``, else what is in sight. What is ``kept`` is shown by the README.
    """

    name: str
    who: str
    path: str
    act: Act = nothing
    whole: bool = True
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the pages are, who may come in, and where pictures go."""

    browser: Browser
    where: str
    folder: Path
    keep: Path | None
    passwords: dict[str, str] = field(default_factory=dict)


# --- What is done at a page before it is taken ----------------------------------------------------------------------


def click(*selectors: str) -> Act:
    def act(page: Page) -> None:
        for each in selectors:
            page.locator(each).first.click()

    return act


def play(page: Page) -> None:
    page.locator("[data-gap-table] tbody button").first.click()
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    page.wait_for_timeout(1500)
    page.evaluate("document.querySelector('video').pause()")


def play_together(page: Page) -> None:
    page.locator("[data-sync-open]").click()
    page.wait_for_function("() => [...document.querySelectorAll('video')].some(each => each.readyState >= 2)")
    page.wait_for_timeout(1500)
    page.keyboard.press(" ")


def show_wall(page: Page) -> None:
    page.locator("[data-wall] .el-radio-button").nth(2).click()
    page.wait_for_function("() => document.querySelectorAll('[data-reason=live]').length >= 6")


def find(page: Page) -> None:
    page.locator("[data-by]").select_option("ticket")
    page.locator("[data-text]").fill("D002")
    page.locator("[data-find] button[type=submit]").click()
    page.locator("[data-stay]").first.wait_for()


def visit(page: Page) -> None:
    """A visit begins at the first view of it, and is there at the others."""
    page.locator("[data-patrol]").wait_for()
    if page.locator("[data-visit]").count() == 0:
        page.locator("[data-new-visit]").click()
        page.locator("[data-begin-batch]").select_option(BATCH)
        page.locator("[data-way=online]").check()
        page.locator("[data-begin-reason]").fill("画面中断")
        page.locator("[data-begin]").click()
        form = page.locator("[data-finding-form]")
        form.locator("[data-finding-text]").fill("A-03 工位画面中断 8 秒")
        form.locator("[data-enter-finding]").click()
        page.locator("[data-found]").wait_for()
    else:
        page.locator("[data-visit]").first.click()
        page.locator("[data-sheet]").wait_for()


ADMINISTRATOR, OFFICER, SUPERVISOR = "demo-city-administrator", "demo-city-officer", "demo-city-supervisor"
OPERATOR, AUDITOR, EXAMINER = "demo-site-operator", "demo-auditor", "demo-examiner"
SITTING, ROOM = f"/batches/{BATCH}/sittings/1", f"/sites/{SITE}/303"

RUNNING = (
    View("wall", SUPERVISOR, "/wall", show_wall, whole=False, kept=True),
    View("command", SUPERVISOR, "/command", kept=True),
    View("day-open", OPERATOR, "/day"),
)
"""What shows most while an exam runs."""

OVER = (
    View("login", "", "/"),
    View("receipt", "", "/receipt"),
    View("missing", SUPERVISOR, "/nowhere"),
    View("batches", SUPERVISOR, "/batches"),
    View("batch", OFFICER, f"/batches/{BATCH}"),
    View("sitting", SUPERVISOR, SITTING, kept=True),
    View("sitting-playing", SUPERVISOR, SITTING, play, whole=False),
    View("sitting-together", SUPERVISOR, SITTING, play_together, whole=False),
    View("report", SUPERVISOR, f"/api/v1{SITTING}/report.html"),
    View("retrieval", SUPERVISOR, "/retrieval", find),
    View("patrol", SUPERVISOR, "/patrol", visit),
    View("day-closed", OPERATOR, "/day"),
    View("sites", OFFICER, "/sites"),
    View("sites-room", OFFICER, ROOM, kept=True),
    View("sites-plan", OFFICER, ROOM, click("[data-edit-plan]")),
    View("sites-camera", OFFICER, ROOM, click("[data-add]")),
    View("operations", ADMINISTRATOR, "/operations"),
    View("operations-records", AUDITOR, "/operations"),
    View("operations-accounts", ADMINISTRATOR, "/operations", click("[data-tab=accounts]")),
    View("status", SUPERVISOR, "/status"),
    View("permits", SUPERVISOR, "/permits"),
    View("suspicions", OFFICER, "/suspicions"),
    View("disposals", OFFICER, "/disposals"),
    View("schedule", EXAMINER, "/schedule"),
    View("account", OPERATOR, "/account"),
)
"""What there is to see of an exam that is over."""


# --- Taking ---------------------------------------------------------------------------------------------------------


def take(stage: Stage, views: Iterable[View]) -> int:
    """Every view on every screen in both languages; who comes in does so once. A view that fails is told, and the
    others are taken. How many failed.
    """
    failed = 0
    for who, theirs in groupby(sorted(views, key=lambda each: each.who), key=lambda each: each.who):
        with entered(stage, who) as page:
            for view in theirs:
                try:
                    for language in LANGUAGES:
                        shoot(stage, page, view, language)
                except PlaywrightError as error:
                    failed += 1
                    sys.stderr.write(f"{view.name}: {error}\n")
    return failed


@contextmanager
def entered(stage: Stage, who: str) -> Iterator[Page]:
    """The pages, once somebody has come in."""
    with stage.browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai") as context:
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(stage.where)
        if who:
            page.locator("input[name=name]").fill(who)
            page.locator("input[name=password]").fill(stage.passwords[who])
            page.locator("[data-login] button[type=submit]").click()
            page.locator("[data-account]").wait_for()
        yield page


def shoot(stage: Stage, page: Page, view: View, language: str) -> None:
    """A view in a language, on every screen."""
    paper = view.path.endswith(".html")
    page.set_viewport_size({"width": SCREENS[0][0], "height": SCREENS[0][1]})
    page.goto(stage.where + view.path + (f"?lang={language}" if paper else ""))
    if not paper:
        page.get_by_role("button", name=LANGUAGES[language], exact=True).click()
    view.act(page)
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("() => !document.querySelector('.el-loading-mask')")
        page.wait_for_timeout(SETTLES_MS)
        file = stage.folder / f"{view.name}-{width}-{language}.png"
        page.screenshot(path=file, full_page=view.whole)
        if stage.keep is not None and view.kept and width == SCREENS[0][0]:
            keep(file, stage.keep / f"{view.name}.{language}.webp")


def keep(file: Path, small: Path) -> None:
    """The upper part of a picture, as small as it must be and no worse than that."""
    whole = cv2.imread(str(file))
    assert whole is not None
    picture = whole[:KEPT_HEIGHT]
    for quality in range(90, 20, -10):
        _, data = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if len(data) <= KEPT_BYTES:
            small.write_bytes(data.tobytes())
            return
    raise SystemExit(f"{file} is more than {KEPT_BYTES} bytes at any quality; take less of that page")


# --- The demonstration ----------------------------------------------------------------------------------------------


@contextmanager
def demonstrated() -> Iterator[Iterator[str]]:
    """What the demonstration prints, line by line, in a folder that is gone with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        told = {"KAOJIAN_DATA_DIR": folder, "KAOJIAN_HTTP_PORT": str(port), "PYTHONUNBUFFERED": "1"}
        ours = {name: value for name, value in os.environ.items() if not name.startswith("KAOJIAN_")}
        command = [sys.executable, "-m", "kaojian", "demo"]
        with subprocess.Popen(command, env=ours | told, stdout=subprocess.PIPE, text=True) as demo:
            assert demo.stdout is not None
            try:
                yield iter(demo.stdout)
            finally:
                demo.terminate()


def main() -> int:
    """Run the demonstration and take all; how many views failed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, help="where the pictures go")
    asked.add_argument("--keep", type=Path, help="where those of the README go")
    given = asked.parse_args()
    for each in (given.folder, given.keep or given.folder):
        each.mkdir(parents=True, exist_ok=True)
    failed = 0
    with sync_playwright() as playwright, demonstrated() as lines:
        arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        with playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as browser:
            stage = Stage(browser, "", given.folder, given.keep)
            for line in lines:
                sys.stdout.write(line)
                if found := WHERE.match(line):
                    stage = replace(stage, where=found[1])
                elif account := ACCOUNT.match(line):
                    stage.passwords[account[1]] = account[2]
                elif FIRST_FAULT in line:
                    failed += take(stage, RUNNING)
                elif line.startswith(SERVED):
                    failed += take(stage, OVER)
                    return failed
    raise SystemExit("the demonstration ended before its pages could be looked at: see above")


if __name__ == "__main__":
    sys.exit(main())
