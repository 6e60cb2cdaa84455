"""An inspector's morning at the pages of a whole service: from the login over the wall, where the product's own rule
raises an alarm, to the gap, its cause, the picture before it, and a finding that points at it.

Not here: each page with all that it can do, which its own test has.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.access import accounts, factors
from dashboard.access.accounts import Wanted
from domain.evidence import Cause
from domain.people import Role
from domain.timeline import Interval, SystemClock
from ingest.simulator.camera import CameraSettings
from ingest.simulator.faults import Stall
from records import supervision
from storage.sealing import Sealer
from tests.e2e.conftest import OpenPage
from tests.e2e.test_batch import look
from tests.e2e.test_page import wait_until_plays
from tests.e2e.test_wall import wait_until_live
from tests.installations.installation import ACTOR, BATCH, Installation, wait_for
from tests.supervised import person

INSPECTOR, SITTING = "inspector", f"/batches/{BATCH}/sittings/1"
CAMERAS = {"k1": ("A-01",), "k2": ("A-02",)}
STALL_S = 25


@dataclass(frozen=True, slots=True)
class Morning:
    """A service at work on an exam that runs; what the inspector knows, and where the pages are."""

    installation: Installation
    where: str
    password: str
    codes: pyotp.TOTP


@pytest.fixture
def morning(browser: Browser, tmp_path: Path) -> Iterator[Morning]:
    pages, live = free_ports(2)
    hurried = tmp_path / "webhooks.yaml"
    hurried.write_text("settle_seconds: 3\n")  # the least that the rule takes for a loss
    told = {
        "KAOJIAN_HTTP_PORT": str(pages),
        "KAOJIAN_LIVE_PORT": str(live),
        "KAOJIAN_WEBHOOKS_FILE": str(hurried),
        "KAOJIAN_SECOND_FACTOR": Role.CITY_SUPERVISOR,
        "KAOJIAN_STALL_SECONDS": "1",
        "KAOJIAN_INGEST_WORKERS": "1",
    }
    with Installation(tmp_path) as installation:
        urls = {name: installation.cameras.start(camera(name)) for name in CAMERAS}
        for role in ("dashboard", "live", "analysis", "ingest"):
            installation.start(role, **told)
        password, codes = inspector(installation)
        where = f"http://127.0.0.1:{pages}"
        wait_for(lambda: answers(where), within_s=90)
        cameras = {name: {"url": urls[name], "sees": sees} for name, sees in CAMERAS.items()}
        installation.open(installation.apply(cameras, lead_s=2, exam_s=90, tail_s=2))
        yield Morning(installation, where, password, codes)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        bound = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in bound:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in bound]


def camera(name: str) -> CameraSettings:
    return CameraSettings(name, "ROOM 301", CAMERAS[name], width=1280, height=720, bits_per_second=800_000)


def answers(where: str) -> bool:
    try:
        return httpx.get(f"{where}/api/v1/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def inspector(installation: Installation) -> tuple[str, pyotp.TOTP]:
    """A supervisor of the city with a telephone, whose badge is on record: the password, and what makes the codes."""
    database, clock = installation.database, SystemClock()
    password = accounts.add(database, Wanted(INSPECTOR, Role.CITY_SUPERVISOR, must_change=False), ACTOR, clock)
    sealer = Sealer.kept(installation.root / "secrets" / "factors.key")
    codes = pyotp.TOTP(factors.begin(database, sealer, clock, INSPECTOR).secret)
    earlier = codes.at(clock.now() - timedelta(seconds=codes.interval))  # the one of now is still to be asked for
    factors.confirm(database, sealer, clock, INSPECTOR, earlier)
    badge = person("d-1", account=INSPECTOR, valid_from=date.min, valid_to=date.max)
    supervision.add_supervisor(database, "d-1", badge, ACTOR, clock.now())
    return password, codes


def log_in(page: Page, morning: Morning) -> list[str]:
    """With the password and a code; from then on nothing may go wrong unheard: what the console complained of."""
    form = page.locator("[data-login]")
    form.get_by_label("账户名").fill(INSPECTOR)
    form.get_by_label("密码").fill(morning.password)
    form.get_by_role("button").click()
    second = page.locator("[data-code]")
    second.get_by_label("动态口令").fill(morning.codes.now())
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("warning", "error") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    second.get_by_role("button", name="继续").click()
    expect(page.locator("[data-account]")).to_contain_text(INSPECTOR)
    return complaints


@pytest.mark.timeout(180)
def test_an_inspector_goes_from_an_alarm_to_a_finding_with_the_picture_before_the_gap(
    open_page: OpenPage, morning: Morning
) -> None:
    page = open_page(morning.where + "/wall", strict=False, token=None)
    complaints = log_in(page, morning)
    wait_until_live(page, *CAMERAS)
    stall = morning.installation.cameras.play("k1", Stall(STALL_S))
    stalled = datetime.now(UTC)
    tile = page.locator("[data-tile=k1]")
    expect(tile.locator("[data-tile-alarm]")).to_have_text("摄像机失联")
    expect(page.locator("[data-tile=k2]")).to_have_attribute("data-reason", "live")
    look(page, "morning-wall")

    page.locator("[data-command-link]").click()
    alarm = page.locator("[data-alarms] [data-kind=camera_lost]")
    expect(alarm).to_contain_text("k1")
    look(page, "morning-command")
    alarm.get_by_role("link").click()

    expect(page).to_have_url(morning.where + SITTING)
    silent = page.locator("[data-gap-table] tbody tr", has_text="有连接无画面")
    gap = silent.filter(has_text="工位 A-01")
    expect(gap).to_have_count(1)
    expect(silent.filter(has_text="工位 A-02")).to_have_count(0)
    gap.get_by_role("button").click()
    wait_until_plays(page)
    look(page, "morning-sitting")
    page.locator("[data-into-finding]").click()

    expect(page).to_have_url(re.compile("/patrol"))
    expect(page.locator("[data-handed]")).to_contain_text("k1")
    page.locator("[data-begin-reason]").fill("画面中断")
    page.locator("[data-begin]").click()
    form = page.locator("[data-finding-form]")
    form.locator("[data-finding-text]").fill("A-01 工位画面中断，未见处置")
    form.locator("[data-enter-finding]").click()
    found = page.locator("[data-found]", has_text="未见处置").locator("[data-frame=k1]")
    found.locator("[data-show-frame]").click()
    expect(found.locator("img")).to_have_js_property("naturalWidth", 320)
    look(page, "morning-patrol")
    assert complaints == []
    stall.cancel()

    visit = supervision.visit(morning.installation.database, f"{BATCH}/1").value
    assert visit is not None
    (told,) = visit.found
    (shown,) = told.frames
    assert (shown.camera, told.text) == ("k1", "A-01 工位画面中断，未见处置")
    assert stalled - timedelta(seconds=15) < shown.at < stalled, "of the footage before the gap"
    lost = morning.installation.database.evidence.outages(
        "k1", Interval(stalled, stalled + timedelta(seconds=STALL_S))
    )
    assert [each.cause for each in lost] == [Cause.NO_DATA]
