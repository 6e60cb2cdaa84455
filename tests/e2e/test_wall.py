"""The wall in a real browser on cameras that speak RTSP: pictures are decoded, and old ones are grey."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from config.rule_pack import load as load_rule_pack
from config.secrets import Secrets
from dashboard.access import tokens
from dashboard.access.table import Act
from dashboard.access.tickets import LiveTickets
from dashboard.api.backing import LivePort
from dashboard.api.headers import SafeHeaders
from dashboard.api.live import TAKEN_WITHIN
from dashboard.app import create_app
from dashboard.live.app import create_live_app
from dashboard.live.coders import Coders
from dashboard.live.door import Door, Pages
from dashboard.live.pulls import Pulls
from dashboard.live.recoding import Bounds
from domain.evidence import Recorder, Run
from domain.people import Account, Reach, Role, Scope
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station
from domain.timeline import SystemClock
from domain.viewings import SHOWN, Deed
from ingest.engines import Engines
from ingest.rtsp.client import Limits
from ingest.simulator.camera import CameraSettings
from ingest.simulator.faults import Stall
from records import supervision
from records.schedule import Schedule
from storage.archive import Archive
from storage.database import Database, connect
from storage.database.alarms import RuleState
from tests.dashboard.exam import LOCKED_UNTIL, START, TESTER, TOKEN, Exam, log_in
from tests.dashboard.live.watching import live_served
from tests.dashboard.serving import served
from tests.dashboard.test_situation import told
from tests.e2e.conftest import DIST, OpenPage
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.installations.installation import Cameras
from tests.supervised import person

BATCH = "SG-2026-LIVE"
CLIENT = Path(__file__).parents[1] / "whep/node_modules/whip-whep/whep.js"
OFFICER = "held by an officer"


@dataclass(frozen=True, slots=True)
class Hall:
    """Pages with a wall of three cameras, the last of which speaks what no browser plays."""

    where: str
    database: Database
    cameras: Cameras


@pytest.fixture(scope="module")
def hall(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with open_hall(tmp_path_factory.mktemp("wall")) as opened:
        yield opened


@pytest.fixture
def written(browser: Browser, tmp_path: Path) -> Iterator[Hall]:
    """A hall of its own for what writes down more than who watched."""
    with open_hall(tmp_path) as opened:
        yield opened


SHOTS = os.environ.get("KAOJIAN_TEST_SHOTS")
THREE = (("c1", "H264"), ("c2", "H264"), ("c3", "H265"))


@contextmanager
def open_hall(
    folder: Path, codecs: Sequence[tuple[str, str]] = THREE, coders: Coders | None = None
) -> Iterator[Hall]:
    clock, cameras = SystemClock(), Cameras()
    shown = []
    for name, codec in codecs:
        url = cameras.start(CameraSettings(name, "R1", ("A1",), width=640, height=360, fps=15, codec=codec))
        shown.append(Camera(name, url, ("A1",)))
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
    now = clock.now()
    site = Site(
        "sg-001", "韶关市技师学院定点考场", "浈江区", (Room("R1", "一号考场", (Station("A1"),), tuple(shown)),)
    )
    start = now  # it runs, and is recorded as far as the database knows
    plan = SittingPlan(1, ("R1",), start, start + timedelta(hours=1), timedelta(minutes=1), timedelta(minutes=1))
    database.setup.apply_site(site, TESTER, now - timedelta(days=1))
    database.setup.apply_batch(
        Batch(BATCH, site.id, "中式面点制作", "SG-2022-08-10", (plan,)), TESTER, now - timedelta(days=1)
    )
    database.evidence.begin_recorder(Recorder("recorder-1", "exam-host", now, now))
    for each in shown:
        database.evidence.begin_run(Run(f"run-{each.id}", each.id, "recorder-1", now))
    archive = Archive(database.evidence, MemoryObjects(clock=clock), folder / "spool", lambda _: LOCKED_UNTIL, clock)
    exam = Exam(database, archive, clock, folder, MemoryObjects(clock=clock))  # type: ignore[arg-type]
    supervision.add_supervisor(
        database, "d-1", person("d-1", account="supervisor", valid_from=date.min, valid_to=date.max), TESTER, now
    )
    for account, token in (
        (Account("supervisor", Role.CITY_SUPERVISOR, Scope(Reach.CITY), now, must_change=False), TOKEN),
        (Account("officer", Role.CITY_OFFICER, Scope(Reach.CITY), now, must_change=False), OFFICER),
    ):
        log_in(exam, account, token)
    tickets = LiveTickets(LiveTickets.new_key())
    pages = create_app(database, archive, load_rule_pack, clock, DIST, live_port=LivePort(tickets, 0))
    door = Door(pages.state.backing, tickets, Pages(0))
    schedule = Schedule(database, Secrets(folder / "secrets"), timedelta(seconds=5))
    pulls = Pulls(Engines.with_limits(Limits(), clock).open, clock, coders=coders)
    live = create_live_app(door, pulls, schedule.reached, lambda at: schedule.needs(at, timedelta(seconds=15)), clock)
    with live_served(SafeHeaders(live)) as address:
        live_at = urlsplit(address).port or 0
        pages = create_app(database, archive, load_rule_pack, clock, DIST, live_port=LivePort(tickets, live_at))
        with served(pages) as where:
            door.pages = Pages(urlsplit(where).port or 0)
            yield Hall(where, database, cameras)
    cameras.stop()
    database.close()


def frames(page: Page, camera: str) -> int:
    """How many pictures the browser has decoded for a tile."""
    return int(page.locator(f"[data-tile={camera}]").get_attribute("data-frames") or 0)


def wait_until_live(page: Page, *cameras: str) -> None:
    for camera in cameras:
        expect(page.locator(f"[data-tile={camera}]")).to_have_attribute("data-reason", "live")


def test_decoded_pictures_rise_under_a_watermark_and_what_no_browser_plays_is_told(
    open_page: OpenPage, hall: Hall
) -> None:
    page = open_page(hall.where + "/wall")
    wait_until_live(page, "c1", "c2")
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/wall.png")
    before = frames(page, "c1"), frames(page, "c2")
    page.wait_for_timeout(1500)
    after = frames(page, "c1"), frames(page, "c2")
    assert all(now > then + 5 for then, now in zip(before, after, strict=True))
    expect(page.locator("[data-tile=c1] [data-watermark]")).to_be_visible()
    other = page.locator("[data-tile=c3]")
    expect(other.locator("[data-tile-reason]")).to_contain_text("H.265")
    assert frames(page, "c3") == 0
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Wall")).to_be_visible()
    expect(page.locator("[data-tile=c1] .live")).to_have_text("Live")
    shown = [each.viewing for each in hall.database.viewings.latest(50) if each.viewing.deed is Deed.LIVE]
    assert {(each.camera, each.actor.name, each.outcome) for each in shown} == {
        (camera, "account:supervisor", SHOWN) for camera in ("c1", "c2", "c3")
    }


def test_what_no_browser_plays_is_coded_anew_and_its_tile_says_so(open_page: OpenPage, tmp_path: Path) -> None:
    coders = Coders(1, Bounds(180, 15))
    with open_hall(tmp_path, [("c1", "H265"), ("c2", "H265")], coders) as hall:
        page = open_page(hall.where + "/wall")
        page.get_by_text("1 画面").click()
        expect(page.locator("[data-tile]")).to_have_count(1)
        tile = page.locator("[data-tile=c1]")
        wait_until_live(page, "c1")
        expect(tile).to_have_attribute("data-way", "whep")
        expect(tile.locator("[data-anew]")).to_have_text("转码 320×180")
        page.get_by_text("4 画面").click()
        wait_until_live(page, "c1")
        expect(tile).to_have_attribute("data-way", "mse")
        before = frames(page, "c1")
        page.wait_for_timeout(1500)
        assert frames(page, "c1") > before + 5
        expect(tile.locator("[data-anew]")).to_have_attribute("title", re.compile("H.265 640×360.*录像不受影响"))
        expect(page.locator("[data-tile=c2] [data-tile-reason]")).to_contain_text("转码名额已满")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/wall-anew.zh.png")
        page.get_by_role("button", name="English").click()
        expect(tile.locator("[data-anew]")).to_have_text("Coded anew 320×180")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/wall-anew.en.png")
        assert coders.running == 1


def test_a_camera_that_stalls_is_grey_within_three_seconds_with_its_reason_and_comes_back(
    open_page: OpenPage, hall: Hall
) -> None:
    page = open_page(hall.where + "/wall")
    wait_until_live(page, "c1", "c2")
    stalled = hall.cameras.play("c1", Stall(6))
    begun = time.monotonic()
    tile = page.locator("[data-tile=c1]")
    expect(tile).not_to_have_attribute("data-reason", "live", timeout=3000)
    assert time.monotonic() - begun < 3
    expect(tile.locator("[data-tile-reason]")).to_contain_text("无")
    assert "grey" in (tile.get_attribute("class") or "")
    wait_until_live(page, "c2")
    stalled.result(30)
    wait_until_live(page, "c1")


def test_keys_move_between_tiles_and_a_tile_that_is_not_on_the_page_pulls_nothing(
    open_page: OpenPage, hall: Hall
) -> None:
    page = open_page(hall.where + "/wall")
    wait_until_live(page, "c1", "c2")
    page.locator("[data-tile=c1]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-tile=c2]")).to_be_focused()
    page.get_by_text("1 画面").click()
    expect(page.locator("[data-tile]")).to_have_count(1)
    page.get_by_role("button", name="下一页").click()
    wait_until_live(page, "c2")
    until_watched(page, hall, "c2")


def alone(page: Page, camera: str = "c1") -> Locator:
    """The wall with one large tile."""
    page.get_by_text("1 画面").click()
    expect(page.locator("[data-tile]")).to_have_count(1)
    return page.locator(f"[data-tile={camera}]")


def watched(hall: Hall) -> list[str]:
    """The cameras that somebody is shown now, by the record of viewings; twice where two are."""
    found: Counter[str] = Counter()
    for each in hall.database.viewings.latest(500):
        if each.viewing.outcome == SHOWN and each.viewing.deed in (Deed.LIVE, Deed.LEAVE):
            found[each.viewing.camera] += 1 if each.viewing.deed is Deed.LIVE else -1
    return sorted(found.elements())


def until_watched(page: Page, hall: Hall, *cameras: str, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while watched(hall) != sorted(cameras):
        assert time.monotonic() < until, watched(hall)
        page.wait_for_timeout(50)


def test_one_large_picture_comes_by_whep_and_its_end_is_told_as_the_page_goes(
    open_page: OpenPage, hall: Hall
) -> None:
    page = open_page(hall.where + "/wall")
    tile = alone(page)
    expect(tile).to_have_attribute("data-way", "whep")
    wait_until_live(page, "c1")
    expect(tile.locator(".way")).to_have_text("WebRTC")
    before = frames(page, "c1")
    page.wait_for_timeout(1500)
    assert frames(page, "c1") > before + 10
    until_watched(page, hall, "c1")  # the WebSocket beside it shows nothing, and is no viewing
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/wall-whep.png")
    page.goto("about:blank")
    until_watched(page, hall, seconds=5)  # silence would be noticed after 15


def test_a_large_picture_of_a_camera_that_stalls_is_grey_with_its_reason_and_comes_back_by_whep(
    open_page: OpenPage, hall: Hall
) -> None:
    page = open_page(hall.where + "/wall")
    tile = alone(page)
    wait_until_live(page, "c1")
    stalled = hall.cameras.play("c1", Stall(6))
    expect(tile).not_to_have_attribute("data-reason", "live", timeout=3000)
    assert "grey" in (tile.get_attribute("class") or "")
    stalled.result(30)
    wait_until_live(page, "c1")
    expect(tile).to_have_attribute("data-way", "whep")


def test_where_udp_does_not_get_through_the_page_takes_the_websocket_by_itself_and_says_so(
    open_page: OpenPage, hall: Hall
) -> None:
    page = open_page(hall.where + "/batches")

    def nowhere(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        answer = route.fetch()
        closed = re.sub(r"(udp \d+ \S+) \d+ typ", r"\1 9 typ", answer.text())
        route.fulfill(response=answer, body=closed)

    page.route("**/api/v1/whep/**", nowhere)
    page.goto(hall.where + "/wall")
    tile = alone(page)
    wait_until_live(page, "c1")
    expect(tile).to_have_attribute("data-way", "mse")
    expect(tile.locator(".way")).to_have_text("WebSocket")
    page.get_by_text("4 画面").click()
    wait_until_live(page, "c1", "c2")
    until_watched(page, hall, "c1", "c2", "c3")


def test_a_tile_that_is_enlarged_goes_over_to_whep_and_back(open_page: OpenPage, hall: Hall) -> None:
    page = open_page(hall.where + "/wall")
    wait_until_live(page, "c1", "c2")
    tile = page.locator("[data-tile=c2]")
    tile.get_by_role("button", name="全屏").click()
    expect(tile).to_have_attribute("data-way", "whep")
    wait_until_live(page, "c2")
    page.evaluate("document.exitFullscreen()")
    expect(tile).to_have_attribute("data-way", "mse")
    wait_until_live(page, "c1", "c2")


def test_a_picture_of_the_wall_becomes_a_finding_by_its_instant(open_page: OpenPage, written: Hall) -> None:
    page = open_page(written.where + "/wall")
    wait_until_live(page, "c1", "c2")
    alarm, now = told("camera/c2", "sg-001", "c2"), SystemClock().now()
    known = {"losses": {"open": {alarm.id: START.isoformat()}, "dark": {}}}
    assert written.database.alarms.go_on(RuleState("host", now, json.dumps(known)), [alarm])
    tile = page.locator("[data-tile]").first
    expect(tile.locator("[data-tile-alarm]")).to_have_text("摄像机失联")
    expect(tile).to_have_attribute("data-tile", "c2")  # alarms first
    if SHOTS:
        page.get_by_text("25 画面").click()
        page.screenshot(path=f"{SHOTS}/wall-alarm.png")
        page.get_by_text("4 画面", exact=True).click()
    page.locator("[data-tile=c1]").focus()
    page.keyboard.press("p")
    expect(tile).to_have_attribute("data-tile", "c1")
    page.keyboard.press("p")
    page.locator("[data-tile=c2]").focus()
    page.keyboard.press("p")
    expect(page.locator("[data-tile]").first).to_have_attribute("data-tile", "c2")
    before = SystemClock().now()
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/patrol"))
    expect(page.locator("[data-handed]")).to_contain_text("c2")
    after = SystemClock().now()
    page.locator("[data-begin-reason]").fill("投诉")
    page.locator("[data-begin]").click()
    form = page.locator("[data-finding-form]")
    expect(form.locator("[data-frame=c2]")).to_be_visible()
    form.locator("[data-finding-text]").fill("考生离开工位")
    form.locator("[data-enter-finding]").click()
    expect(page.locator("[data-found] [data-frame=c2]")).to_be_visible()
    visit = supervision.visit(written.database, f"{BATCH}/1").value
    assert visit is not None
    ((frame,),) = [each.frames for each in visit.found]
    assert before - TAKEN_WITHIN < frame.at < after  # that of the picture, which may be older than the key
    (taken,) = [each.viewing for each in written.database.viewings.latest(50) if each.viewing.deed is Deed.SNAPSHOT]
    assert (taken.camera, taken.actor.name, taken.outcome) == ("c2", "account:supervisor", SHOWN)
    assert taken.span is not None
    assert frame.at in taken.span
    page.goto(written.where + "/wall")
    expect(page.locator("[data-tile]").first).to_have_attribute("data-tile", "c2")  # the layout is kept


VIEW = """
async ([url, token]) => {
  const video = document.createElement('video')
  video.muted = true
  document.body.append(video)
  const connection = new RTCPeerConnection()
  connection.addTransceiver('audio', { direction: 'recvonly' })
  connection.addTransceiver('video', { direction: 'recvonly' })
  connection.ontrack = ({ track }) => {
    if (track.kind === 'video') { video.srcObject = new MediaStream([track]); void video.play() }
  }
  window.viewer = new WHEPClient()
  await window.viewer.view(connection, url, token)
  window.decoded = () => video.getVideoPlaybackQuality().totalVideoFrames
}
"""


def test_a_viewer_of_others_watches_with_a_token(open_page: OpenPage, hall: Hall) -> None:
    """The client of those who wrote the draft, npm's ``whip-whep``: it offers sound, too, and trickles candidates."""
    if not CLIENT.is_file():
        pytest.skip("the packages of tests/whep are absent: run make .make/whep")
    clock = SystemClock()
    found = hall.database.accounts.find("supervisor")
    assert found is not None
    wanted = tokens.Wanted("a wall of others", frozenset({Act.WATCH_OPEN}))
    token, secret = tokens.add(hall.database, found[0], wanted, TESTER, clock)
    ticket = httpx.post(
        f"{hall.where}/api/v1/live/c1", headers={"Authorization": f"Bearer {secret}"}, timeout=30
    ).json()
    # Chromium writes a line for every 405, by which the client learns that nothing is trickled here.
    page = open_page(hall.where + "/batches", strict=False)
    page.evaluate(CLIENT.read_text().replace("export class", "class") + "\nwindow.WHEPClient = WHEPClient\n0")
    page.evaluate(VIEW, [f"http://127.0.0.1:{ticket['port']}{ticket['whep']}", secret])
    until = time.monotonic() + 20
    while page.evaluate("window.decoded()") <= 20:
        assert time.monotonic() < until
        page.wait_for_timeout(100)
    until_watched(page, hall, "c1")
    (begun,) = [each.viewing for each in hall.database.viewings.latest(50) if each.viewing.session.endswith(token.id)]
    assert (begun.deed, begun.outcome) == (Deed.LIVE, SHOWN)
    page.evaluate("window.viewer.stop()")
    until_watched(page, hall, seconds=5)


def test_a_role_without_the_right_finds_no_wall_and_asks_for_nothing(open_page: OpenPage, hall: Hall) -> None:
    page = open_page(hall.where + "/wall", token=OFFICER)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    expect(page).to_have_url(f"{hall.where}/batches")
    expect(page.get_by_role("navigation").get_by_role("link", name="巡查墙")).to_have_count(0)
    assert not [url for url in asked if "/live" in url]
