"""From the instant that a picture is taken to when Chromium shows it, by WHEP on one host; how soon the first is.

The camera is simulated (1280 x 720, 25 pictures a second, one key frame in two seconds) and writes each picture's
number into it (``ingest.simulator.frame_code``); the page reads the number back from what it shows, and the browser
tells when that was (``requestVideoFrameCallback``). Taken is when the picture was due, before it is drawn and coded:
``ms_before`` is how long that and the way to the camera's socket take, which is no part of ours. ``ms_first_picture``
is from asking for a connection to the first picture, while somebody watches already (a wall's usual case);
``ms_first_of_all`` while nobody does. Prints JSON lines with the goals, and judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.live import server
from ingest.simulator.camera import CameraSettings, SentPicture, SimulatedCamera

FPS = 25
GOALS = {"ms_median": 60, "ms_first_picture": 500}

WATCH = """
async (url) => {
  const begun = performance.now()
  const video = document.createElement('video')
  video.muted = true
  document.body.replaceChildren(video)
  const canvas = new OffscreenCanvas(1280, 32)
  const drawn = canvas.getContext('2d', { willReadFrequently: true })
  const seen = (window.seen = { first: undefined, pictures: [], failed: '' })
  const number = () => {
    drawn.drawImage(video, 0, 0, 1280, 32, 0, 0, 1280, 32)
    const { data } = drawn.getImageData(0, 0, 384, 32)
    let value = 0
    for (let cell = 0; cell < 32; cell++) {
      const [x, y] = [(cell % 24) * 16 + 8, Math.floor(cell / 24) * 16 + 8]
      value = value * 2 + (data[(y * 384 + x) * 4] > 128 ? 1 : 0)
    }
    return value
  }
  const look = () => video.requestVideoFrameCallback((now, { presentationTime }) => {
    seen.first ??= performance.now() - begun
    seen.pictures.push([number(), performance.timeOrigin + presentationTime])
    look()
  })
  look()
  window.connection?.close()
  const connection = (window.connection = new RTCPeerConnection({ iceServers: [] }))
  const { receiver } = connection.addTransceiver('video', { direction: 'recvonly' })
  if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0
  connection.ontrack = ({ track }) => { video.srcObject = new MediaStream([track]); video.play() }
  await connection.setLocalDescription()
  const headers = { 'Content-Type': 'application/sdp' }
  const answer = await fetch(url, { method: 'POST', body: connection.localDescription.sdp, headers })
  if (answer.status !== 201) throw new Error(await answer.text())
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() })
}
"""


@contextmanager
def simulated(on_sent: Callable[[SentPicture], None]) -> Iterator[SimulatedCamera]:
    """The camera, on a loop of its own."""
    settings = CameraSettings("c0", "R1", ("A1",), width=1280, height=720, fps=FPS, gop=2 * FPS)
    camera, loop = SimulatedCamera(settings, on_sent=on_sent), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="camera", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(camera.start(), loop).result(30)
    try:
        yield camera
    finally:
        asyncio.run_coroutine_threadsafe(camera.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def shown(page: Page, url: str, pictures: int) -> Any:
    """What the page saw, once it saw so many pictures."""
    page.evaluate(WATCH, url)
    page.wait_for_function(f"window.seen.pictures.length >= {pictures}", timeout=60_000)
    return page.evaluate("window.seen")


def due(camera: SimulatedCamera, number: int) -> datetime:
    """When the picture of that number was taken, by the host's clock: the camera's runs with it."""
    return camera._clock.wall_at(number / FPS)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--firsts", type=int, default=7)
    asked = options.parse_args()
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "chromium-headless-shell"))), None
    )
    if chromium is None:
        print(json.dumps({"bench": "latency", "absent": "chromium: apt-get install chromium"}))
        return
    sent: list[float] = []
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with (
        simulated(lambda each: sent.append((each.sent - each.due).total_seconds() * 1000)) as camera,
        server("live", camera.url) as (_, port),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        whep = f"http://127.0.0.1:{port}/api/v1/whep/c0"
        first, other = browser.new_page(), browser.new_page()
        for each in (first, other):
            each.goto(f"http://127.0.0.1:{port}/")
        first_of_all = shown(first, whep, 1)["first"]
        firsts = []
        for _ in range(asked.firsts):
            firsts.append(shown(other, whep, 1)["first"])
            time.sleep(0.3)  # somewhere else in the GOP
        other.close()
        seen = shown(first, whep, round(asked.seconds * FPS))
        late = [at - due(camera, number).timestamp() * 1000 for number, at in seen["pictures"][2 * FPS :]]
        browser.close()
    line = {
        "bench": "latency",
        "way": "whep",
        "pictures": len(late),
        "ms_median": round(median(late), 1),
        "ms_p99": round(quantiles(late, n=100)[98], 1),
        "ms_before": round(median(sent), 1) if sent else None,
        "ms_first_picture": round(median(firsts), 1),
        "ms_first_of_all": round(first_of_all, 1),
        "goals": GOALS,
    }
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
