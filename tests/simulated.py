"""A simulated camera on a thread of its own, for tests whose code brings a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.simulator.camera import CameraSettings, SimulatedCamera


@contextmanager
def simulated(settings: CameraSettings) -> Iterator[SimulatedCamera]:
    """Runs a camera until the block ends."""
    camera = SimulatedCamera(settings)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(camera.start(), loop).result(10)
    try:
        yield camera
    finally:
        asyncio.run_coroutine_threadsafe(camera.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
