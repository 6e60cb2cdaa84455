"""A camera commissioned at the page, from nothing: added and tried over a real connection, its stations clicked in
its picture, drawn, calibrated, tried before the exam, and given a reference; then the exam's check says go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from analysis.decoding import DecodingWorker
from analysis.eye import EYE
from analysis.floorplan import optics
from analysis.looking import Looking
from config.rule_pack import load as load_rule_pack
from config.secrets import KeySource, Secrets
from config.vault import Vault
from dashboard.app import create_app
from domain.evidence import TRIALS, EndReason, Recorder, Run
from domain.host_clock import HostClock
from domain.people import Account, Reach, Role, Scope
from domain.places import Batch, Room
from domain.plan import Mounting
from ingest.simulator.camera import CameraSettings
from records.commissioning import Bench
from records.headroom import Spools
from records.readiness import Means
from storage.database import connect
from tests.dashboard.exam import BATCH, PACK, SITE, START, TESTER, Exam, add_segment, log_in, plan, plan_exam
from tests.dashboard.serving import served
from tests.e2e.conftest import DIST, OpenPage
from tests.e2e.test_batch import look
from tests.fakes.notary import NOTARY
from tests.fakes.witnesses import KEPT
from tests.records.tried import STORE
from tests.simulated import simulated

OFFICER, OPERATOR = "held by an officer", "held by an operator"
NAME, PASSWORD = "A-cam-9", "geheim und lang"
TRIAL = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Office:
    """The pages over a site three hours before its exam, and where a camera waits to be commissioned."""

    exam: Exam
    where: str
    camera: str

    @property
    def room(self) -> Room:
        site = self.exam.database.setup.site(SITE.id)
        assert site is not None
        return site.room("A")


@pytest.fixture(scope="module")
def office(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("sites")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    exam = plan_exam(database, folder / "spool")
    exam.clock.step((START - timedelta(hours=3) - exam.clock.now()).total_seconds())
    now = exam.clock.now()
    in_a = tuple(replace(plan(number, START + timedelta(hours=number - 1)), rooms=("A",)) for number in (1, 2))
    database.setup.apply_batch(Batch(BATCH, SITE.id, "中式面点制作", PACK.id, in_a), TESTER, now)
    database.evidence.begin_recorder(Recorder("recorder-1", "exam-host", now, now, reads_clock=True))
    people = {OFFICER: (Role.CITY_OFFICER, Reach.CITY, frozenset[str]())}
    people[OPERATOR] = (Role.SITE_OPERATOR, Reach.SITE, frozenset({SITE.id}))
    for number, (token, (role, reach, names)) in enumerate(people.items()):
        log_in(exam, Account(f"person-{number}", role, Scope(reach, names), now, must_change=False), token)
    keys = KeySource(folder / "secrets.key", environ={})
    vault, secrets = Vault(folder / "secrets", keys), Secrets(folder / "secrets", {}, keys)
    bench = Bench(database, secrets, vault, [ip_network("127.0.0.0/8")], exam.clock)
    disk = folder / "disk"
    disk.mkdir()
    means = Means(Spools((disk,)), stores=lambda: [STORE], trial=TRIAL)
    app = create_app(database, exam.archive, load_rule_pack, exam.clock, DIST, commissioning=bench, means=means)
    settings = CameraSettings(
        id="cam", room="hall", width=1280, height=720, username="looker", password=PASSWORD, report_interval_s=0.5
    )
    with simulated(settings) as camera, served(app) as where:
        yield Office(exam, where, camera.url)
    database.close()


def test_a_camera_is_commissioned_from_nothing_to_go(open_page: OpenPage, office: Office) -> None:
    page = open_page(office.where, token=OFFICER, strict=False)  # it is refused things on the way
    page.locator("[data-more]").click()
    page.locator("[data-sites-link]").click()
    expect(page.locator("[data-room-link='A']")).to_contain_text("3 工位 · 3 台摄像机")
    look(page, "sites")
    add(page, office)
    draw(page, office)
    calibrate(page, office)
    record(open_page(f"{office.where}/sites/{SITE.id}/A", token=OPERATOR), office)
    page.reload()
    of_it = page.locator(f"[data-references-of='{NAME}']")
    of_it.locator("[data-make]").click()
    expect(of_it).to_contain_text("已用 5 幅画面生成")
    loaded(page, f"[data-references-of='{NAME}'] img")
    row = page.locator(f"[data-camera='{NAME}']")
    expect(row).to_contain_text("2026-05-01")
    expect(row).to_contain_text("已画")
    look(page, "sites-room")
    page.get_by_role("button", name="English").click()
    expect(of_it).to_contain_text("In use")
    look(page, "sites-room")
    page.set_viewport_size({"width": 1920, "height": 1080})
    look(page, "sites-room")
    assert PASSWORD not in page.content()
    go(open_page(f"{office.where}/day", token=OPERATOR), office)


def test_an_nvr_is_added_and_its_channels_tried_and_taken_one_by_one(open_page: OpenPage, office: Office) -> None:
    late = Account("late", Role.CITY_OFFICER, Scope(Reach.CITY, frozenset()), office.exam.clock.now(), False)
    log_in(office.exam, late, "held by another officer")
    page = open_page(f"{office.where}/sites/{SITE.id}/A", token="held by another officer", strict=False)
    settings = CameraSettings(
        id="nvr",
        room="hall",
        width=640,
        height=360,
        username="looker",
        password=PASSWORD,
        path="/Streaming/Channels/201",
    )
    with simulated(settings) as second_channel:
        page.locator("[data-add-nvr]").click()
        panel = page.locator("[data-nvr-panel]")
        panel.locator("input[name=nvr-id]").fill("nvr-2")
        panel.locator("input[name=nvr-address]").fill(second_channel.url.removesuffix(settings.path))
        panel.locator("input[name=nvr-user]").fill("looker")
        panel.locator("input[name=nvr-password]").fill(PASSWORD)
        panel.locator("input[name=nvr-sessions]").fill("8")
        look(page, "sites-nvr")
        panel.locator("[data-look]").click()
        panel.locator("[data-do-save]").click()
        channels = page.locator("[data-camera-panel]")
        channels.get_by_label("到通道").fill("3")
        channels.locator("[data-test]").click()
        expect(channels.locator("[data-channel='1']")).to_contain_text("404")
        expect(channels.locator("[data-channel='2']")).to_contain_text("640×360")
        expect(channels.locator("[data-channel='3']")).to_contain_text("404")
        look(page, "sites-channels")
        channels.locator("[data-channel='2']").get_by_role("button", name="选用").click()
        channels.locator("input[name=id]").fill("A-cam-10")
        channels.locator("[data-sees='A02']").check()
        channels.locator("[data-look]").click()
        channels.locator("[data-do-save]").click()
        expect(channels.locator("[data-channel='2']")).to_contain_text("已登记为 A-cam-10")
    found = next(each for each in office.room.cameras if each.id == "A-cam-10")
    assert (found.url, found.nvr, found.channel, found.sees) == (second_channel.url, "nvr-2", 2, ("A02",))
    channels.get_by_role("button", name="关闭").click()
    row = page.locator("[data-nvr='nvr-2']")
    expect(row).to_contain_text("已保存")
    expect(row.get_by_role("button", name="移除")).to_be_disabled()
    row.get_by_role("button", name="修改").click()
    panel.locator("input[name=nvr-address]").fill("rtsp://127.0.0.9:554")
    expect(panel).to_contain_text("经由该录像机的摄像机随之改到新地址：A-cam-10")
    page.get_by_role("button", name="English").click()
    look(page, "sites-nvr")
    page.set_viewport_size({"width": 1920, "height": 1080})
    look(page, "sites-nvr")
    assert PASSWORD not in page.content()


def add(page: Page, office: Office) -> None:
    """Address and login, a test of it, stations in its picture, and saving, with what that does told before."""
    page.locator("[data-add]").click()
    panel = page.locator("[data-camera-panel]")
    panel.locator("input[name=id]").fill(NAME)
    panel.locator("input[name=url]").fill(office.camera)
    panel.locator("input[name=camera-user]").fill("looker")
    panel.locator("input[name=camera-password]").fill("wrong")
    panel.locator("[data-test]").click()
    expect(panel.locator("[role=alert]")).to_contain_text("401")
    panel.locator("input[name=camera-password]").fill(PASSWORD)
    panel.locator("[data-test]").click()
    expect(panel.locator("[data-finding='size']")).to_contain_text("1280×720")
    loaded(page, "[data-camera-panel] .picture img")
    panel.locator("[data-sees='A01']").check()
    picture = panel.locator("[data-regions]")
    box = picture.bounding_box()
    assert box is not None
    for across, down in ((0.1, 0.2), (0.5, 0.2), (0.5, 0.7)):
        picture.click(position={"x": box["width"] * across, "y": box["height"] * down})
    expect(panel.locator("polygon")).to_have_count(1)
    look(page, "sites-add")
    panel.locator("[data-look]").click()
    expect(panel.locator("[data-save] li")).to_have_count(2)
    expect(panel.locator("[data-save]")).to_contain_text("将使用新设置")
    panel.locator("[data-do-save]").click()
    expect(panel).to_be_hidden()
    expect(page.locator(f"[data-camera='{NAME}']")).to_contain_text("已保存")
    (camera,) = (each for each in office.room.cameras if each.id == NAME)
    assert (camera.sees, len(camera.regions[0].corners)) == (("A01",), 3)


def draw(page: Page, office: Office) -> None:
    """A first plan, with the camera where it hangs; the server says at each change what is seen."""
    page.locator("[data-edit-plan]").click()
    editor = page.locator("[data-plan-editor]")
    expect(editor.locator("[data-surveyed]")).to_contain_text("布点图未画：A01")
    for each in ("A01", "A02", "A03"):
        editor.locator("[data-add-station]").select_option(each)
        editor.locator(f"[data-thing='{each}']").focus()
        page.keyboard.press("ArrowUp")
    editor.locator("[data-add-camera]").select_option(NAME)
    expect(editor.locator("[data-surveyed]")).not_to_contain_text("未画：A01")
    thing = editor.locator(f"[data-thing='{NAME}']")
    thing.focus()
    page.keyboard.press("ArrowRight")
    expect(editor.locator("[data-chosen] legend")).to_contain_text(NAME)
    before = editor.locator("[data-x]").input_value()
    page.keyboard.press("ArrowRight")
    expect(editor.locator("[data-x]")).not_to_have_value(before)
    for label, value in (("水平视角°", "60"), ("画面宽", "1280"), ("画面高", "720")):
        editor.get_by_label(label).fill(value)
        editor.get_by_label(label).press("Tab")
    look(page, "sites-plan")
    editor.locator("[data-look]").click()
    editor.locator("[data-do-save]").click()
    expect(editor).to_be_hidden()
    loaded(page, "[data-plan] img")
    expect(page.locator("[data-place='A01']")).to_be_visible()
    plan = office.room.plan
    assert plan is not None and NAME in {each.camera for each in plan.mountings}


def calibrate(page: Page, office: Office) -> None:
    """Four pairs on a line are refused; a picture that was clicked truly tells how the camera looks."""
    plan = office.room.plan
    assert plan is not None
    (drawn,) = (each for each in plan.mountings if each.camera == NAME)
    page.locator(f"[data-camera='{NAME}']").get_by_role("button", name="标定").click()
    panel = page.locator("[data-calibrate]")
    panel.get_by_role("button", name="取一幅画面").click()
    loaded(page, "[data-calibration-picture] img")
    panel.locator("[data-calibration-picture]").click(position={"x": 40, "y": 40})
    panel.locator("[data-calibration-plan]").click(position={"x": 120, "y": 120})
    expect(panel.locator("tbody tr")).to_have_count(1)
    for _ in range(3):
        panel.get_by_role("button", name="添加一对点").click()
    fill(panel.locator("tbody tr"), [(100 + 50 * n, 300, 1 + 0.5 * n, 2, 0) for n in range(4)])
    panel.locator("[data-compute]").click()
    expect(panel.locator("[role=alert]")).to_contain_text("不足以标定")
    fill(panel.locator("tbody tr"), list(truly(drawn)))
    panel.locator("[data-compute]").click()
    expect(panel.locator("[role=status]")).to_contain_text("吻合")
    look(page, "sites-calibrate")
    panel.locator("[data-look]").click()
    expect(panel.locator("[data-save]")).to_contain_text("将使用新设置")
    panel.locator("[data-do-save]").click()
    expect(panel).to_be_hidden()
    plan = office.room.plan
    assert plan is not None
    (found,) = (each for each in plan.mountings if each.camera == NAME)
    assert found.pan == pytest.approx(drawn.pan + 4, abs=0.2)


def truly(drawn: Mounting) -> Iterator[tuple[float, float, float, float, float]]:
    """Where a camera that hangs as drawn, turned by four degrees, shows places of the room."""

    looks = replace(drawn, pan=drawn.pan + 4)
    middle = np.array(
        [looks.x + 2.2 * np.cos(np.radians(looks.pan)), looks.y + 2.2 * np.sin(np.radians(looks.pan)), 0]
    )
    for step in ((0, 0, 0.2), (0.6, 0.3, 0), (-0.4, 0.5, 0.4), (0.3, -0.6, 0.8)):
        place = middle + np.array(step)
        u, v = optics.image(looks, place[None, :]).pixels[0]
        yield float(round(u)), float(round(v)), round(float(place[0]), 2), round(float(place[1]), 2), step[2]


def fill(rows: Locator, pairs: list[tuple[float, float, float, float, float]]) -> None:
    for row, pair in zip(rows.all(), pairs, strict=True):
        for field, value in zip(row.locator("input").all(), pair, strict=True):
            field.fill(f"{value:g}")


def record(page: Page, office: Office) -> None:
    """The operator of the site has a trial recorded, which the recorder does."""
    page.locator("[data-references]").get_by_role("button", name=f"{BATCH} 第 1 场").click()
    expect(page.locator("[data-references]")).to_contain_text("已为")
    expect(page.locator("[data-add]")).to_have_count(0)
    expect(page.locator("[data-edit-plan]")).to_have_count(0)
    exam = office.exam
    evidence = exam.database.evidence
    trial = exam.database.readiness.last_trial(BATCH, 1)
    assert trial is not None
    span = trial.interval
    for camera in office.room.cameras:
        evidence.begin_run(Run(f"trial-{camera.id}", camera.id, "recorder-1", span.start))
        add_segment(exam, camera.id, f"trial-{camera.id}", span, batch=TRIALS)
        evidence.end_run(f"trial-{camera.id}", span.end, EndReason.NOT_NEEDED)
    exam.clock.step((span.end - exam.clock.now()).total_seconds() + 5)
    for at in (span.start, span.end):
        evidence.add_clock_reading(HostClock("recorder-1", at, KEPT))
    evidence.heartbeat("recorder-1", exam.clock.now())
    page.close()


def go(page: Page, office: Office) -> None:
    """What the cameras showed is looked at; the operator confirms what no machine sees, and signs: go."""
    exam = office.exam
    assert EYE is not None
    looking = Looking(exam.database, EYE, exam.clock)
    DecodingWorker(exam.database.evidence, exam.archive, exam.clock, looking=looking).round()
    page.reload()
    check = page.locator("[data-check]")
    check.locator("[data-confirm-all]").click()
    expect(check.locator("[data-confirm-all]")).to_have_count(0)
    expect(check.locator("li.stops")).to_have_count(0)
    look(page, "sites-go")
    page.locator("[data-step='check']").click()
    signing = page.locator("[data-act-dialog]")
    expect(signing).to_contain_text("自检通过，可直接签署")
    signing.get_by_role("button", name="签署").click()
    expect(page.locator("[data-step='check']")).to_contain_text("06:0")
    told = page.request.get(f"{office.where}/api/v1/batches/{BATCH}/sittings/1/readiness").json()
    assert (told["go"], told["signed"]["standing"]) == (True, "go")


def loaded(page: Page, picture: str) -> None:
    """The picture really shows something."""
    page.wait_for_function("selector => document.querySelector(selector)?.naturalWidth > 0", arg=picture)
