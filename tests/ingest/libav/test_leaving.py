"""No thread outlives its connection: not when it is closed in mid-stream, not when libav hangs in a call."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.libav import source
from ingest.libav.source import LibavSource
from ingest.rtsp.client import Limits
from ingest.source import AccessUnit, CameraUnreachable, NoPicture
from tests.ingest.libav.footage import footage, http_server, motion_jpeg
from tests.ingest.rtsp.watching import taken
from tests.storage.coded_video import encode_jpeg

SOON_S = 30.0  # for machines that are busy with other things
PICTURES = [unit[0] for unit in encode_jpeg(frames=15).units]


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "libav"}


def ended(before: set[threading.Thread]) -> bool:
    """Whether all threads that began since ``before`` are over, soon."""
    until = time.monotonic() + SOON_S
    for thread in threads() - before:
        thread.join(max(0.0, until - time.monotonic()))
    return not threads() - before


@contextlib.contextmanager
def mute() -> Iterator[str]:
    """The address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def test_closing_in_mid_stream_ends_the_thread(tmp_path: Path) -> None:
    before = threads()
    made = footage(tmp_path / "trial.mp4", "mp4")

    async def watch() -> list[AccessUnit]:
        units = LibavSource(made.path.as_uri()).units()
        found = await taken(units, 3)
        assert threads() - before
        await units.aclose()
        return found

    assert len(asyncio.run(watch())) == 3
    assert ended(before)


def test_a_thread_that_waits_for_room_ends_when_nobody_takes_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_MOST_UNITS_WAITING", 5)
    before = threads()

    async def watch(url: str) -> None:
        units = LibavSource(url).units()
        await taken(units, 1)
        await asyncio.sleep(1.0)  # all has come by now, and there is room for a third of it
        assert threads() - before
        await units.aclose()

    with http_server({"/live": motion_jpeg(PICTURES)}) as url:
        asyncio.run(watch(f"{url}/live"))
    assert ended(before)


def test_a_task_that_is_cancelled_leaves_no_thread_behind() -> None:
    before = threads()

    async def watch(url: str) -> None:
        task = asyncio.create_task(taken(LibavSource(url).units(), 1000))
        await asyncio.sleep(0.5)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    with http_server({"/live": motion_jpeg(PICTURES * 40)}) as url:
        asyncio.run(watch(f"{url}/live"))
        assert ended(before)


@pytest.mark.parametrize("scheme", ["rtsp", "rtmp", "http"])
def test_who_never_answers_is_unreachable_or_silent_and_its_thread_ends_by_itself(scheme: str) -> None:
    before = threads()
    limits = Limits(connect_s=0.5, answer_s=0.5, picture_s=1.0)

    async def watch(url: str) -> None:
        units = LibavSource(url, limits=limits).units()
        with pytest.raises((CameraUnreachable, NoPicture)):
            await taken(units, 1)
        await units.aclose()

    with mute() as address:
        asyncio.run(watch(f"{scheme}://{address}/live"))
        assert ended(before)


def test_a_thread_that_hangs_in_a_call_ends_once_libavs_own_limit_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our limit comes first, and libav's, which may fire at twice its value, after the source was left."""
    monkeypatch.setattr(source, "_LIBAV_WAITS_S", 3.0)
    before = threads()

    async def watch(url: str) -> None:
        units = LibavSource(url, limits=Limits(picture_s=1.0)).units()
        with pytest.raises(NoPicture, match="the connection still stands"):
            await taken(units, 1000)
        await units.aclose()
        assert threads() - before

    with http_server({"/live": motion_jpeg(PICTURES, then_silent=True)}) as url:
        asyncio.run(watch(f"{url}/live"))
        assert ended(before)
