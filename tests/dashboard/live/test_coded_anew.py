"""A camera that speaks H.265 over RTSP, to viewers by WebSocket and by WHEP; and one with a sub-stream in H.264."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from dashboard.live import pulls as pulls_module
from dashboard.live.coders import Coders
from dashboard.live.recoding import Bounds
from domain.places import Camera, Transport
from domain.timeline import SystemClock
from ingest.engines import Engines
from ingest.recorder import Assignment
from ingest.rtsp.client import Limits
from ingest.simulator.camera import CameraSettings
from ingest.simulator.faults import Stall
from tests.dashboard.exam import TOKEN
from tests.dashboard.live.conftest import CAMERA, Hall
from tests.dashboard.live.high_efficiency import decoded
from tests.dashboard.live.test_whep import ask, headers, problem, url
from tests.dashboard.live.watching import Tile, wait_for
from tests.dashboard.live.whep_client import Watched, watching
from tests.dashboard.serving import scraped
from tests.installations.installation import Cameras

MAIN = CameraSettings(CAMERA, "R1", ("A1",), width=640, height=360, fps=10, codec="H265", bits_per_second=500_000)
SECOND = CameraSettings(CAMERA, "R1", ("A1",), width=320, height=180, fps=10, path="/second")


@pytest.fixture
def cameras() -> Iterator[Cameras]:
    made = Cameras()
    yield made
    made.stop()


def shows(hall: Hall, address: str, most: int = 1) -> Coders:
    """Have the exam's camera be the one at an address."""
    assert hall.showing is not None
    clock, pulls = SystemClock(), hall.showing.pulls
    engines = Engines.with_limits(Limits(picture_s=1.0), clock)
    pulls._open = lambda _: engines.open(Assignment(CAMERA, "b", "f", address, None, Transport.TCP))
    pulls.coders = Coders(most, Bounds(180, 15))
    return pulls.coders


def measured(hall: Hall) -> dict[str, float]:
    text = httpx.get(f"{hall.address}/metrics", timeout=30).text
    return {each.name: each.value for family in text_string_to_metric_families(text) for each in family.samples}


def film(tile: Tile, messages: int) -> tuple[list[bytes], list[float]]:
    """The fMP4 in the next messages, from the head on, and when the newest picture of each arrived (s, of 1970)."""
    found, arrivals = list[bytes](), list[float]()
    while len(arrivals) < messages:
        message = tile.next()
        assert message is not None
        if isinstance(message, bytes):
            found.append(message[12:])
            arrivals += [int.from_bytes(message[4:12], "big") / 1e6] if message[0] == 2 else []
    return found, arrivals


def test_it_plays_by_both_ways_from_one_process_with_the_age_of_what_arrived(
    hall: Hall, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulls_module, "LINGER_S", 0.2)
    coders = shows(hall, cameras.start(MAIN))
    tile = hall.tile()
    sizes = {"width": 320, "height": 180, "of_width": 640, "of_height": 360}
    assert tile.until("camera", state="playing")["anew"] == {"codec": "h265", **sizes}
    assert {"width": 320, "height": 180}.items() <= tile.until("format").items()
    pieces, arrivals = film(tile, 12)
    pictures = decoded(pieces)
    assert {(each.width, each.height) for each in pictures} == {(320, 180)}
    assert len({bytes(each.planes[0]) for each in pictures}) > 10, "the same picture again and again"
    assert arrivals == sorted(arrivals)
    assert -0.1 < time.time() - arrivals[-1] < 5, "that is not when it arrived here"

    async def second(watched: Watched) -> None:
        await watched.until(10)
        assert {(each.width, each.height) for each in watched.pictures} == {(320, 180)}
        stamps = [each.pts or 0 for each in watched.pictures]
        assert stamps == sorted(set(stamps))

    async def watch() -> None:
        async with watching(url(hall), headers(TOKEN)) as watched:
            assert watched.answer.status_code == 201, watched.answer.text
            await second(watched)

    asyncio.run(watch())
    told = measured(hall)
    assert (told["kaojian_live_coders"], told["kaojian_live_coders_most"], told["kaojian_live_cameras"]) == (1, 1, 1)
    assert told["kaojian_live_coders_refused_total"] == told["kaojian_live_coders_lost_total"] == 0
    manual = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert {name for name in told if name.startswith("kaojian_") and f"`{name}`" not in manual} == set()
    assert cameras[CAMERA].sessions == 1
    tile.close()
    wait_for(lambda: coders.running == 0, 30)


def test_what_stalls_is_told_and_comes_back(hall: Hall, cameras: Cameras) -> None:
    shows(hall, cameras.start(MAIN))
    tile = hall.tile()
    tile.pictures(3)
    stalled = cameras.play(CAMERA, Stall(2.5))
    tile.until("camera", state="stalled")
    stalled.result(30)
    tile.until("camera", state="playing")
    tile.pictures(3)


def test_where_none_is_free_both_ways_say_why(hall: Hall, cameras: Cameras) -> None:
    coders = shows(hall, cameras.start(MAIN))
    coders.running = 1  # of another camera
    hall.tile().until("camera", state="no_coder")
    refused = ask(hall)
    assert (refused.status_code, problem(refused)) == (409, "not-live-now")
    assert "coded anew" in refused.json()["detail"]
    assert measured(hall)["kaojian_live_coders_refused_total"] >= 1
    coders.running = 0
    wait_for(lambda: coders.running == 1, 30)  # its turn comes by itself
    hall.tile().pictures(2)


def test_a_sub_stream_in_h264_is_shown_and_nothing_is_coded_anew(hall: Hall, cameras: Cameras) -> None:
    address = cameras.start(replace(MAIN, substream=SECOND))
    camera = Camera(CAMERA, address, ("A1",), substream=SECOND.path)
    assert urlsplit(camera.shown_url).port == urlsplit(address).port
    coders = shows(hall, camera.shown_url)
    tile = hall.tile()
    assert tile.until("camera", state="playing")["anew"] is None
    assert {"width": 320, "height": 180}.items() <= tile.until("format").items()
    pieces, _ = film(tile, 3)
    assert decoded(pieces)
    assert (coders.running, coders.refused) == (0, 0)
    assert (cameras[CAMERA].sessions, cameras[CAMERA].second_sessions) == (0, 1)


@pytest.mark.parametrize(("comes_from", "status"), [("127.0.0.1", 200), ("10.0.0.9", 404)])
def test_metrics_are_for_programs_on_this_machine_alone(hall: Hall, comes_from: str, status: int) -> None:
    assert hall.live is not None
    answer = scraped(hall.live, comes_from)
    assert (answer.status_code, "kaojian_live_viewers" in answer.text) == (status, status == 200)
