"""Footage of another body at the page: asked for, approved by a second person, watched; and the watermark over it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.access.accounts import Wanted
from dashboard.access.login import FRESH
from dashboard.app import create_app
from domain.people import Account, Reach, Role, Scope
from storage.database import connect
from tests.dashboard.exam import BATCH, TESTER, Exam, hold_exam, log_in
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_page import SITTING, click_lane, overflow, violations, wait_until_plays
from tests.fakes.notary import NOTARY

WHY = "核实考生投诉，比对两地操作"


@dataclass(frozen=True, slots=True)
class Office:
    """A dashboard. ``liang`` is of another county, ``zhou`` audits the batch; ``wen``, of the password, approves."""

    exam: Exam
    where: str
    password: str


@pytest.fixture(scope="module")
def office(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, folder / "spool")
    now = exam.clock.now()
    for held in (
        Account("liang", Role.COUNTY_SUPERVISOR, Scope(Reach.COUNTY, frozenset({"武江区"})), now, False),
        Account("zhou", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({BATCH})), now, False),
    ):
        log_in(exam, held, held.name)
    password = accounts.add(database, Wanted("wen", Role.CITY_SUPERVISOR, must_change=False), TESTER, exam.clock)
    with served(create_app(database, exam.archive, load_rule_pack, exam.clock, DIST)) as where:
        yield Office(exam, where, password)
    database.close()


def test_footage_of_another_body_is_asked_for_approved_by_a_second_person_and_watched(
    open_page: OpenPage, office: Office
) -> None:
    asking = open_page(office.where + SITTING, strict=False, token="liang")
    asking.locator("main").get_by_role("link", name="申请调阅").click()
    form = asking.locator("[data-ask]")
    expect(form.get_by_label("批次编号")).to_have_value(BATCH)
    form.get_by_label("摄像机编号").fill("A-cam-1")
    form.get_by_label("录像起始").fill("2026-05-01T09:00")
    form.get_by_label("录像结束").fill("2026-05-01T09:01")
    assert (form.get_by_label("希望可用至").input_value())[:10] == "2026-05-08"  # a week, by the service's clock
    form.get_by_label("调阅目的").fill("因故")
    form.get_by_role("button", name="提交申请").click()
    expect(asking.locator("[data-own] [data-state]")).to_have_count(0)  # the browser asks for five characters
    form.get_by_label("调阅目的").fill(WHY)
    form.get_by_role("button", name="提交申请").click()
    expect(asking.locator("[data-own] [data-state]")).to_have_text("待审批")

    approving = open_page(office.where + "/permits", strict=False, token=None)
    login = approving.locator("[data-login]")
    login.get_by_label("账户名").fill("wen")
    login.get_by_label("密码").fill(office.password)
    login.get_by_role("button").click()
    expect(approving.locator("[data-permits-link] b")).to_have_text("1")
    expect(approving.locator("[data-waiting] tbody")).to_contain_text(WHY)
    approving.locator("[data-waiting]").get_by_role("button", name="审批").click()
    card = approving.locator("[data-decide]")
    expect(card).to_contain_text("中式面点制作 · 韶关市技师学院定点考场")
    assert overflow(approving) == 0
    assert violations(approving) == []
    card.get_by_role("button", name="不予批准").click()
    expect(card.get_by_role("alert")).to_contain_text("请填写理由")
    office.exam.clock.advance(FRESH.total_seconds())
    card.get_by_role("button", name="批准", exact=True).click()
    expect(card.get_by_role("status")).to_have_text("批准前请再次输入密码。")
    card.get_by_label("请再次输入密码").fill(office.password)
    card.get_by_role("button", name="批准", exact=True).click()
    expect(approving.locator("[data-decided] [data-state]")).to_have_text("已批准")
    expect(approving.locator("[data-permits-link] b")).to_have_count(0)

    asking.reload()
    expect(asking.locator("[data-own]")).to_contain_text("批准 · wen")
    assert overflow(asking) == 0
    assert violations(asking) == []
    asking.get_by_role("link", name="观看").click()
    asking.get_by_role("button", name="A-cam-1").click()
    wait_until_plays(asking)
    expect(asking.locator("[data-player]")).not_to_contain_text("断档")
    assert overflow(asking) == 0
    assert violations(asking) == []
    found = office.exam.database.viewings.latest(1000)
    assert {each.viewing.permit for each in found if each.viewing.deed == "fetch"} == {found[0].viewing.permit}
    approving.locator("[data-decided]").get_by_role("button", name="终止").click()
    card.get_by_label("理由").fill("投诉已撤回")
    card.get_by_role("button", name="终止").click()
    expect(approving.locator("[data-decided] [data-state]")).to_have_text("已终止")
    asking.reload()
    expect(asking.locator("[data-permitted]")).to_contain_text("这份许可目前不能用于观看。")


def test_who_audits_says_why_once_for_a_sitting_and_that_is_kept(open_page: OpenPage, office: Office) -> None:
    page = open_page(office.where + SITTING, token="zhou")
    click_lane(page, "camera:A-cam-2", 20)
    asked = page.locator("[data-purpose]")
    expect(asked).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    asked.get_by_label("调阅目的").fill("抽查本批次评分过程")
    asked.get_by_role("button", name="继续").click()
    wait_until_plays(page)
    click_lane(page, "camera:A-cam-3", 30)
    expect(page.locator("[data-player]")).to_contain_text("A-cam-3")
    wait_until_plays(page)
    expect(asked).to_have_count(0)
    opened = [each.viewing for each in office.exam.database.viewings.latest(1000) if each.viewing.deed == "open"]
    mine = [each for each in opened if each.actor.name == "account:zhou"]
    assert {each.camera for each in mine} == {"A-cam-2", "A-cam-3"}
    assert {each.purpose for each in mine} == {"抽查本批次评分过程"}


def shot(page: Page) -> np.ndarray:
    """The picture of the player as a person, or a telephone before the screen, sees it."""
    whole = page.evaluate("document.fullscreenElement !== null")
    data = page.screenshot() if whole else page.locator("[data-screen]").screenshot()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def marked(page: Page) -> np.ndarray:
    """How much of each ninth of the picture is other than without the watermark: 3 rows of 3 shares."""
    show = "shown => document.querySelector('[data-watermark]').style.visibility = shown ? '' : 'hidden'"
    with_it = shot(page).astype(int)
    page.evaluate(show, False)
    without = shot(page).astype(int)
    page.evaluate(show, True)
    other = np.abs(with_it - without).max(axis=2) > 25
    rows = [np.array_split(row, 3, axis=1) for row in np.array_split(other, 3, axis=0)]
    return np.array([[part.mean() for part in row] for row in rows])


@pytest.mark.parametrize("ground", ["video", "white", "black"])
def test_name_and_time_lie_over_every_part_of_the_picture_also_on_the_full_screen(
    open_page: OpenPage, address: str, ground: str
) -> None:
    page = open_page(address + SITTING)
    click_lane(page, "camera:A-cam-2", 20)
    wait_until_plays(page)
    page.locator("video").evaluate("video => video.pause()")
    if ground != "video":
        page.locator("video").evaluate("video => video.style.visibility = 'hidden'")
        page.locator("[data-screen]").evaluate("(screen, colour) => screen.style.background = colour", ground)
    assert (marked(page) > 0.01).all()
    page.get_by_role("button", name="全屏").click()
    page.wait_for_function("() => document.fullscreenElement?.hasAttribute('data-screen')")
    page.wait_for_timeout(500)
    on_the_full_screen = marked(page)
    assert (on_the_full_screen > 0.01).all()
    assert (on_the_full_screen < 0.2).all(), "it would hide what is to be seen"
    page.get_by_role("button", name="退出全屏").click()
    page.wait_for_function("() => document.fullscreenElement === null")


def test_the_watermark_goes_with_the_time_and_the_video_never_fills_the_screen_without_it(
    open_page: OpenPage, address: str
) -> None:
    page = open_page(address + SITTING)
    click_lane(page, "camera:A-cam-2", 20)
    wait_until_plays(page)
    video = page.locator("video")
    video.evaluate("video => video.pause()")
    drawn = "canvas => canvas.toDataURL()"
    before = page.locator("[data-watermark]").evaluate(drawn)
    page.wait_for_timeout(1_200)
    assert page.locator("[data-watermark]").evaluate(drawn) != before
    video.dblclick(position={"x": 100, "y": 60})
    page.wait_for_function("() => document.fullscreenElement?.hasAttribute('data-screen')")
    page.get_by_role("button", name="退出全屏").click()
    page.wait_for_function("() => document.fullscreenElement === null")
    page.evaluate("document.querySelector('video').requestFullscreen().catch(() => undefined)")
    page.wait_for_timeout(800)
    assert page.evaluate("document.fullscreenElement?.tagName ?? ''") != "VIDEO"
