"""What an inspector does with the page: find the sitting, read the verdict, play the footage, cross a gap."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Position, expect

from domain.evidence import Cause, Outage
from domain.timeline import rfc3339
from storage.media import Codec, VideoFormat, init_segment
from tests.dashboard.exam import BATCH, EXAM, START, WINDOW, Exam
from tests.e2e.conftest import TELL_VIOLATIONS, VIOLATION, OpenPage
from tests.storage.coded_video import encode_h265

AXE = Path(__file__).parents[2] / "dashboard" / "web" / "node_modules" / "axe-core" / "axe.min.js"
SITTING = f"/batches/{BATCH}/sittings/1"
ON_SCREENS = pytest.mark.parametrize(
    ("width", "height", "language"), [(1366, 768, "中文"), (1366, 768, "English"), (1920, 1080, "中文")]
)


def click_lane(page: Page, lane: str, seconds_into_window: float) -> None:
    """Click the timeline: ``lane`` is like ``station:A01``."""
    page.locator(".timeline").click(position=lane_position(page, lane, seconds_into_window))


def lane_position(page: Page, lane: str, seconds_into_window: float) -> Position:
    """Where a lane of the timeline shows an instant, in pixels from its upper left corner."""
    timeline = page.locator(".timeline")
    expect(timeline.locator("canvas")).to_be_visible()
    numbers = {
        name: float(timeline.get_attribute(f"data-{name}") or 0) for name in ("left", "right", "top", "lane-height")
    }
    lanes = (timeline.get_attribute("data-lanes") or "").split(" ")
    box = timeline.bounding_box()
    assert box is not None
    width = box["width"] - numbers["left"] - numbers["right"]
    x = numbers["left"] + width * seconds_into_window / WINDOW.seconds
    y = numbers["top"] + numbers["lane-height"] * (lanes.index(lane) + 0.5)
    return {"x": x, "y": y}


def wait_until_plays(page: Page) -> Locator:
    """The video shows pictures and goes on."""
    video = page.locator("video")
    expect(video).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    before = video.evaluate("video => video.currentTime")
    page.wait_for_function("before => document.querySelector('video').currentTime > before + 0.5", arg=before)
    assert video.evaluate("video => video.videoWidth") == 1280
    return video


def shown_seconds(page: Page) -> int:
    """The wall clock on the player, as seconds after 09:00."""
    text = page.locator("[data-wall-clock]").inner_text()
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return (hours - 9) * 3600 + minutes * 60 + seconds


def test_from_the_list_to_a_sitting_to_footage_across_a_gap(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    row = page.locator("tr", has_text="第 1 场")
    expect(row.locator("[data-verdict]")).to_have_text("不符合")
    expect(row).to_contain_text("已结束")
    expect(page.locator("tr", has_text="第 2 场").locator("[data-verdict]")).to_have_text("待办")
    row.get_by_role("link", name="查看").click()
    expect(page.locator("[data-sitting-verdict]")).to_have_text("不符合")
    expect(page.locator("[data-gap-table]")).to_contain_text("摄像机断线")

    click_lane(page, "station:A01", 26)  # 09:00:16, four seconds before its camera is unplugged
    wait_until_plays(page)
    expect(page.locator("[data-player]")).to_contain_text("工位 A01 由摄像机 A-cam-1 拍摄")
    assert 15 <= shown_seconds(page) <= 20
    notice = page.locator("[data-gap-notice]")
    expect(notice).to_contain_text("断档 8.0 秒: 摄像机断线")
    expect(notice).to_contain_text("09:00:20.000 至 09:00:28.000")
    page.wait_for_function("() => Number(document.querySelector('[data-player]').dataset.wall) % 60000 > 29000")
    wait_until_plays(page)
    assert 28 <= shown_seconds(page) <= 40


@pytest.mark.parametrize("codec", ["H.265", "MJPEG"])
def test_footage_that_this_browser_cannot_play_is_called_by_its_codec_and_can_be_saved(
    open_page: OpenPage, address: str, codec: str
) -> None:
    page = open_page(address + SITTING)
    video = encode_h265(1280, 720, 1).format if codec == "H.265" else VideoFormat(Codec.JPEG, 1280, 720)
    head = init_segment(video)
    page.route("**/init.mp4", lambda route: route.fulfill(body=head, content_type="video/mp4"))
    if codec == "H.265" and page.evaluate("MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L93.90\"')"):
        pytest.skip("this browser plays H.265")
    click_lane(page, "camera:A-cam-2", 50)
    message = page.locator("[data-player-message]")
    expect(message).to_contain_text(codec)
    with page.expect_download() as saved:
        message.get_by_role("link", name="下载录像文件").click()
    name = saved.value.suggested_filename
    assert name == "A-cam-2-20260501T090038.000000Z.mp4"  # the file that holds the instant clicked, 09:00:40


def test_a_click_into_a_gap_plays_from_just_before_it_and_says_so(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    click_lane(page, "camera:B-cam-2", 53)  # 09:00:43, in the middle of its silence
    wait_until_plays(page)
    expect(page.locator("[data-player]")).to_contain_text("所点时刻没有录像，从断档前开始播放")
    expect(page.locator("[data-gap-notice]")).to_contain_text("断档 6.0 秒: 有连接无画面")


@pytest.mark.parametrize("status", [404, 410])
def test_a_player_whose_addresses_have_run_out_asks_for_others(
    open_page: OpenPage, address: str, status: int
) -> None:
    page = open_page(address + SITTING, strict=False)
    page.route("**/media.m4s", lambda route: route.fulfill(status=status), times=1)
    with page.expect_response(lambda answer: answer.status == status):
        click_lane(page, "camera:A-cam-2", 20)
    wait_until_plays(page)
    assert 9 <= shown_seconds(page) <= 20


def test_a_station_is_shown_by_a_camera_that_covers_the_instant(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    click_lane(page, "station:B02", 53)  # B-cam-2 is silent, B-cam-3 sees the station too
    wait_until_plays(page)
    expect(page.locator("[data-player]")).to_contain_text("工位 B02 由摄像机 B-cam-3 拍摄")
    assert 42 <= shown_seconds(page) <= 48
    click_lane(page, "station:A03", 12)  # a second click moves to another camera and instant
    expect(page.locator("[data-player]")).to_contain_text("A-cam-3")
    wait_until_plays(page)
    assert 1 <= shown_seconds(page) <= 8


def test_pointing_at_a_gap_tells_of_it_in_the_colour_of_its_cause(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    click_lane(page, "station:A01", 34)  # 09:00:24, while its camera is unplugged; the pointer stays there
    told = page.locator(".timeline > div", has_text="断档 · 摄像机断线")
    expect(told).to_contain_text("工位 A01")
    page.wait_for_function(  # it is drawn anew while it is looked at
        """() => [...document.querySelectorAll('.timeline > div rect')].some(rect =>
            getComputedStyle(rect).fill.startsWith('rgb(') && rect.getBoundingClientRect().width === 10)"""
    )


def test_where_the_pointer_rests_the_footage_shows_its_picture_and_in_a_gap_none(
    open_page: OpenPage, address: str
) -> None:
    page = open_page(address + SITTING)
    timeline, glimpse = page.locator(".timeline"), page.locator("[data-glimpse]")
    timeline.hover(position=lane_position(page, "station:A01", 20))
    expect(glimpse).to_contain_text("A-cam-1 · 09:00:")
    expect(glimpse.locator("img")).to_have_js_property("naturalWidth", 320)
    assert overflow(page) == 0
    assert violations(page) == []
    timeline.hover(position=lane_position(page, "station:A01", 34))  # while its camera is unplugged
    expect(page.locator(".timeline > div", has_text="断档 · 摄像机断线")).to_be_visible()
    page.wait_for_timeout(1000)  # twice as long as it has to rest
    expect(glimpse).to_have_count(0)
    timeline.hover(position=lane_position(page, "station:B02", 53))  # B-cam-2 is silent, B-cam-3 sees it too
    expect(glimpse).to_contain_text("B-cam-3")
    page.mouse.move(10, 10)
    expect(glimpse).to_have_count(0)


@pytest.mark.parametrize("way", ["<i style='color: red'></i>", "<style>i { color: red }</style>"])
def test_a_style_that_slips_into_the_page_is_not_obeyed_and_is_noticed(
    browser: Browser, address: str, way: str
) -> None:
    with browser.new_page() as page:
        page.add_init_script(TELL_VIOLATIONS)
        page.goto(address)
        with page.expect_console_message(lambda said: VIOLATION in said.text):
            page.evaluate("way => document.body.insertAdjacentHTML('beforeend', way + '<i></i>')", way)
        assert page.locator("i").first.evaluate("each => getComputedStyle(each).color") != "rgb(255, 0, 0)"


def test_the_timeline_shows_any_part_down_to_a_second(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    begin, end = page.locator("[data-zoom-from]"), page.locator("[data-zoom-to]")
    expect(begin).to_have_value("08:59:50")
    begin.fill("09:00:10")
    begin.press("Enter")
    end.fill("9:00:30")
    end.press("Enter")
    expect(end).to_have_value("09:00:30.000")
    told = page.locator(".timeline > div", has=page.locator("svg"))
    page.locator(".timeline").hover(position=lane_position(page, "camera:A-cam-1", 0.7 * WINDOW.seconds))  # 09:00:24
    expect(told).to_contain_text("断档 · 摄像机断线")
    page.locator(".timeline").focus()
    for _ in range(6):
        page.keyboard.press("+")
    expect(begin).to_have_value("09:00:19.500")
    expect(end).to_have_value("09:00:20.500")
    page.keyboard.press("ArrowRight")
    expect(begin).to_have_value("09:00:19.750")
    begin.fill("12:00")
    begin.press("Enter")
    expect(page.locator("[data-zoom]")).to_contain_text("请输入本场次内的时刻")
    page.locator("[data-zoom]").get_by_role("button", name="全部").click()
    expect(begin).to_have_value("08:59:50")
    page.keyboard.down("Control")
    page.locator(".timeline").hover(position=lane_position(page, "camera:A-cam-1", 0))
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(begin).to_have_value("08:59:50")
    expect(end).not_to_have_value("09:01:10")


def test_the_gap_table_and_its_button_lead_to_the_gap(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    page.locator("[data-gap-table] tr", has_text="摄像机 A-cam-1").get_by_role("button", name="回放").click()
    wait_until_plays(page)
    expect(page.locator("[data-gap-notice]")).to_contain_text("断档 8.0 秒")
    page.get_by_role("button", name="关闭回放").click()
    expect(page.locator("video")).to_have_count(0)


def test_english_is_chosen_once_and_remembered(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    page.get_by_role("button", name="English").click()
    expect(page.locator("tr", has_text="Sitting 1").locator("[data-verdict]")).to_have_text("Fail")
    page.reload()
    expect(page.locator("h2")).to_have_text("Batches")
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator("tr", has_text="Sitting 1").get_by_role("link", name="View").click()
    expect(page.locator("[data-sitting-verdict]")).to_have_text("Fail")
    click_lane(page, "camera:A-cam-1", 27)
    expect(page.locator("[data-gap-notice]")).to_contain_text("Gap of 8.0 s: Camera disconnected")
    said = re.findall(r"[\u4e00-\u9fff]+", page.locator("main").inner_text())
    assert set(said) <= set(
        re.findall(
            r"[\u4e00-\u9fff]+", "中式面点制作 韶关市技师学院定点考场 浈江区 中式面点一号考场、中式面点二号考场"
        )
    )


@ON_SCREENS
def test_nothing_runs_over_the_side_and_every_text_has_contrast(
    open_page: OpenPage, address: str, width: int, height: int, language: str
) -> None:
    page = open_page(address, width=width, height=height)
    page.get_by_role("button", name=language).click()
    expect(page.locator("[data-verdict]").first).to_be_visible()
    assert overflow(page) == 0
    assert violations(page) == []
    page.goto(address + SITTING)
    click_lane(page, "camera:A-cam-2", 20)
    wait_until_plays(page)
    assert overflow(page) == 0
    assert violations(page) == []
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert overflow(page) == 0


def overflow(page: Page) -> int:
    """Pixels by which the page, or a table in it, is wider than its place."""
    script = """() => Math.max(...[document.documentElement, ...document.querySelectorAll('.el-scrollbar__wrap')]
        .map(each => each.scrollWidth - each.clientWidth))"""
    return int(page.evaluate(script))


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2 A and AA."""
    if not AXE.is_file():
        pytest.skip("axe-core is absent: npm --prefix dashboard/web ci")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa']})).violations"
        ".map(each => each.id + ': ' + each.nodes.map(node => node.html).join(' | '))"
    )
    return [str(each)[:400] for each in found]


def test_a_pending_sitting_is_brought_up_to_date_without_a_reload(
    open_page: OpenPage, running_exam: tuple[Exam, str]
) -> None:
    exam, where = running_exam
    page = open_page(where + SITTING)
    expect(page.locator("[data-sitting-verdict]")).to_have_text("待办")
    expect(page.locator("main")).to_contain_text("数据实时更新中")
    click_lane(page, "camera:A-cam-2", 20)
    wait_until_plays(page)
    exam.database.setup.close_sitting(BATCH, 1, START + EXAM, START + EXAM)
    exam.clock.step((WINDOW.end + timedelta(minutes=5) - exam.clock.now()).total_seconds())
    expect(page.locator("[data-sitting-verdict]")).to_have_text("不符合")
    expect(page.locator(".legend")).to_contain_text("录像服务未运行")
    expect(page.locator("main")).not_to_contain_text("数据实时更新中")


def test_a_camera_and_an_nvr_that_go_are_told_under_the_bar_and_lead_the_status(
    open_page: OpenPage, running_exam: tuple[Exam, str]
) -> None:
    exam, where = running_exam
    page = open_page(where)
    expect(page.locator("tr", has_text="第 1 场")).to_be_visible()
    expect(page.locator("[data-troubles]")).to_have_count(0)
    for number, camera in enumerate(["A-cam-1", "B-cam-1", "B-cam-2", "B-cam-3"]):
        at = START + timedelta(seconds=20 + number)
        gone = Outage(camera, camera, at, None, Cause.CAMERA_DISCONNECTED, "connection reset", "recorder-1")
        exam.database.evidence.open_outage(gone)
    lines = page.locator("[data-troubles] p")
    expect(lines).to_have_count(2, timeout=20_000)  # the page asks every five seconds
    expect(lines.first).to_contain_text("硬盘录像机 nvr-B 摄像机断线")
    expect(lines.first).to_contain_text("B-cam-1、B-cam-2、B-cam-3")
    expect(lines.last).to_contain_text("摄像机 A-cam-1 摄像机断线")
    expect(lines.last).to_contain_text("工位 A01 没有录像")
    page.get_by_role("link", name="摄像机 2/6 正常").click()
    rows = page.locator("[data-cameras] tbody tr")
    expect(rows.first).to_contain_text("A-cam-1")
    expect(rows.first.locator("[data-state]")).to_have_text("摄像机断线")
    expect(rows.last.locator("[data-state]")).to_have_text("录像中")
    expect(page.locator("[data-hosts]")).to_contain_text("已同步")
    assert overflow(page) == 0
    assert violations(page) == []
    page.get_by_role("button", name="English").click()
    expect(lines.first).to_contain_text("NVR nvr-B: Camera disconnected")
    assert overflow(page) == 0


def test_the_report_opens_as_a_paper_in_the_language_of_the_page(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="书面报告").click()
    expect(opened.value.locator("h1")).to_have_text("现场录像覆盖报告")
    assert opened.value.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_page_is_light_and_brings_neither_charts_nor_player(open_page: OpenPage, address: str) -> None:
    page = open_page(address)
    expect(page.locator("tr", has_text="第 1 场")).to_be_visible()
    sent = page.evaluate(
        "() => performance.getEntriesByType('resource').filter(each => each.name.includes('/assets/'))"
        ".map(each => [each.name.split('/').pop(), each.encodedBodySize])"
    )
    assert any(name.startswith("index-") for name, _ in sent)
    assert sum(size for _, size in sent) <= 300_000, sorted(sent, key=lambda each: -each[1])[:5]


def test_an_address_of_nothing_says_so(open_page: OpenPage, address: str) -> None:
    page = open_page(f"{address}/batches/{BATCH}/sittings/9", strict=False)
    expect(page.locator("main")).to_contain_text("该批次没有这一场次。")
    page.goto(f"{address}/nowhere")
    expect(page.locator("main")).to_contain_text("没有这个页面")


FILM = """async ([address, instants]) => {
    const video = document.createElement('video')
    video.muted = true
    document.body.append(video)
    const next = name => new Promise((done, failed) => {
        video.addEventListener(name, done, {once: true})
        video.addEventListener('error', () => failed(new Error(video.error.message)), {once: true})
    })
    video.src = address
    await next('loadeddata')
    const found = [[video.duration, video.videoWidth]]
    for (const instant of instants) {
        video.currentTime = instant
        await next('seeked')
        found.push([video.currentTime, video.readyState >= 2])
    }
    await video.play()
    const began = video.currentTime
    await new Promise(done => setTimeout(done, 2500))
    found.push([began, video.currentTime])
    return found
}"""


def test_a_film_plays_and_seeks_over_its_gap_in_the_browser(open_page: OpenPage, address: str) -> None:
    """The camera is gone from the 30th to the 38th second of the window; time goes on all the same."""
    page = open_page(address)
    asked = f"start={rfc3339(WINDOW.start)}&end={rfc3339(WINDOW.end)}"
    where = f"/api/v1/batches/{BATCH}/cameras/A-cam-1/film.mp4?{asked}"
    length, *sought, (began, ended) = page.evaluate(FILM, [where, [60.5, 5.0, 34.0, 38.5, 37.0]])
    assert length == [WINDOW.seconds, 1280]
    assert sought == [[at, True] for at in (60.5, 5, 34, 38.5, 37)]
    assert began >= 37 and ended > 38.2, "it plays out of the gap"
