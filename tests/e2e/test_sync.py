"""Several cameras of a sitting by one clock: their pictures agree, and a gap of one stops none of the others."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage
from tests.e2e.test_page import SITTING, click_lane, overflow, violations

READ = """() => [...document.querySelectorAll('[data-sync-tile]')].map(tile => {
    const video = tile.querySelector('video')
    const found = {
        camera: tile.dataset.syncTile, state: tile.dataset.state, capture: Number(tile.dataset.capture),
        decoded: video.getVideoPlaybackQuality().totalVideoFrames, frame: null, rate: video.playbackRate,
    }
    if (tile.dataset.state !== 'footage' || video.readyState < 2) return found
    const canvas = new OffscreenCanvas(1280, 1)
    const pen = canvas.getContext('2d')
    pen.drawImage(video, 0, 470, 1280, 1, 0, 0, 1280, 1)
    const pixels = pen.getImageData(0, 0, 1280, 1).data
    const bright = [...Array(1280).keys()].filter(x => pixels[4 * x] > 178 && pixels[4 * x + 1] > 205)
    found.frame = (bright.reduce((sum, x) => sum + x, 0) / bright.length - 240) / 5
    return found
})"""
"""What each tile shows; ``frame`` is read from the picture itself: where its circle stands (tests.dashboard.exam)."""

FPS = 15
STEPS = 5


def tiles(page: Page) -> dict[str, dict[str, Any]]:
    return {each["camera"]: each for each in page.evaluate(READ)}


def open_together(page: Page) -> None:
    """The three cameras of the first room, which play."""
    page.locator("[data-sync-open]").click()
    expect(page.locator("[data-sync-tile]")).to_have_count(3)


def until_in_step(page: Page, number: int) -> None:
    """So many cameras show footage, and the clock runs."""
    page.wait_for_function(
        """number => {
            const all = [...document.querySelectorAll('[data-sync-tile][data-state=footage]')]
            const held = document.querySelector('[data-sync]').dataset.held
            return held === 'false' && all.filter(each => each.dataset.capture).length === number
        }""",
        arg=number,
    )


def until_standing(page: Page) -> None:
    """Every picture stands where the clock does, which stands, too."""
    page.wait_for_function(
        """() => {
            const {at, runs} = document.querySelector('[data-sync]').dataset
            const all = [...document.querySelectorAll('[data-sync-tile]')].map(each => Number(each.dataset.capture))
            return runs === 'false' && all.every(capture => Math.abs(capture - at) < 3)
        }"""
    )


def seconds(page: Page) -> float:
    """The clock of all, in seconds after 09:00."""
    return (float(page.locator("[data-sync]").get_attribute("data-at") or 0) / 1000) % 3600


def test_cameras_play_in_step_over_a_gap_of_one_of_them(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    open_together(page)
    until_in_step(page, 3)
    before = tiles(page)
    click_lane(page, "camera:A-cam-2", 27)  # 09:00:17, three seconds before A-cam-1 is unplugged
    until_in_step(page, 3)
    page.wait_for_timeout(800)
    found = tiles(page)
    captures = [each["capture"] for each in found.values()]
    assert max(captures) - min(captures) <= 200, found
    frames = [each["frame"] for each in found.values()]
    assert max(frames) - min(frames) <= 0.2 * FPS, found
    assert all(each["decoded"] > before[camera]["decoded"] for camera, each in found.items())

    gone = page.locator("[data-sync-tile=A-cam-1] [data-sync-gap]")
    expect(gone).to_contain_text("断档 · 摄像机断线")
    expect(gone).to_contain_text("09:00:28 恢复")
    while_gone = tiles(page)
    assert while_gone["A-cam-1"]["state"] == "hole"
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.wait_for_timeout(700)
    assert tiles(page)["A-cam-2"]["decoded"] > while_gone["A-cam-2"]["decoded"], "the others play on"
    expect(gone).to_have_count(0)
    page.keyboard.press("-")
    page.keyboard.press("-")
    until_in_step(page, 3)
    page.wait_for_timeout(500)
    again = tiles(page)
    assert again["A-cam-1"]["frame"] - again["A-cam-3"]["frame"] <= 0.2 * FPS, again
    assert abs(again["A-cam-1"]["capture"] - again["A-cam-3"]["capture"]) <= 200


def test_gaps_frames_and_speeds_are_reached_by_keys(open_page: OpenPage, address: str) -> None:
    page = open_page(address + SITTING)
    open_together(page)
    until_in_step(page, 3)
    page.keyboard.press(" ")  # first: a busy machine would play on into the gap
    expect(page.locator("[data-sync-toggle]")).to_have_text("播放")
    page.keyboard.press("]")
    assert 17 <= seconds(page) <= 18
    until_standing(page)
    stood = tiles(page)
    for count, key in ((STEPS, "."), (-2 * STEPS, ",")):
        begun = seconds(page)
        for _ in range(abs(count)):
            page.keyboard.press(key)
        assert abs(seconds(page) - begun - count / FPS) < 0.002
        until_standing(page)
    back = tiles(page)
    moved = [stood[camera]["frame"] - each["frame"] for camera, each in back.items()]
    assert all(STEPS - 1.2 <= each <= STEPS + 1.2 for each in moved), moved
    page.keyboard.press(" ")
    for _ in range(4):
        page.keyboard.press("+")
    expect(page.get_by_role("radio", name="16×")).to_be_checked()
    expect(page.locator("[data-sync]")).to_contain_text("录像到此为止")
    assert 68 <= seconds(page) <= 72
    page.locator("[data-sync-picker] summary").click()
    page.get_by_label("B-cam-1").check()
    expect(page.locator("[data-sync-tile]")).to_have_count(4)
    assert re.fullmatch(r"摄像机 4/9", page.locator("[data-sync-picker] summary").inner_text())
    assert overflow(page) == 0
    assert violations(page) == []
