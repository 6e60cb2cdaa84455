"""Many RTSP cameras of foreign make in one process: gst-rtsp-server under the system's Python, fed with one clip.

Usage: cameras.py CLIP COUNT. CLIP is an H.264 byte stream with access unit delimiters, at 25 pictures a second; it
is sent in an endless loop with timestamps that run on, at /camera/0 to /camera/COUNT-1. The cameras take their
pictures one after another, as cameras that know nothing of each other do. Prints ``ready PORT`` once it listens.
Needs nothing of this project.
"""

import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

FRAMES_PER_SECOND = 25
PIPELINE = (
    "( appsrc name=frames is-live=true format=time caps=video/x-h264,stream-format=byte-stream,alignment=au "
    "! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
_DELIMITER = b"\x00\x00\x00\x01\x09"


class Feed:
    """One camera that somebody watches: where its pictures go, and how many went."""

    def __init__(self, source: Any, phase: int) -> None:
        self._source = source
        self._first: int | None = None
        self._count = 0
        self._phase = phase  # cameras begin at different pictures of the clip, so that key frames do not coincide

    def push(self, units: list[bytes]) -> bool:
        """Send the next picture; False once nobody takes it."""
        clock = self._source.get_clock()
        if clock is None:
            return True
        if self._first is None:
            self._first = clock.get_time() - self._source.get_base_time()
        buffer = Gst.Buffer.new_wrapped(units[(self._phase + self._count) % len(units)])
        step = Gst.SECOND // FRAMES_PER_SECOND
        buffer.pts = buffer.dts = self._first + self._count * step
        buffer.duration = step
        self._count += 1
        return bool(self._source.emit("push-buffer", buffer) == Gst.FlowReturn.OK)


def feed(feeds: dict[int, Feed], units: list[bytes], count: int) -> None:
    """Each camera one picture in turn, 25 rounds a second, for ever."""
    started, turn = time.monotonic(), 0
    while True:
        number = turn % count
        current = feeds.get(number)
        if current is not None and not current.push(units) and feeds.get(number) is current:
            del feeds[number]
        turn += 1
        time.sleep(max(0.0, started + turn / (FRAMES_PER_SECOND * count) - time.monotonic()))


def main(clip: str, count: int) -> None:
    Gst.init(None)
    units = [unit[1:] for unit in Path(clip).read_bytes().split(_DELIMITER) if unit]  # as most cameras send them
    feeds: dict[int, Feed] = {}
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")

    def configure(_factory: Any, media: Any, number: int) -> None:
        feeds[number] = Feed(media.get_element().get_by_name_recurse_up("frames"), number * len(units) // count)

    for number in range(count):
        factory = GstRtspServer.RTSPMediaFactory.new()
        factory.set_launch(PIPELINE)
        factory.set_shared(True)
        factory.connect("media-configure", configure, number)
        server.get_mount_points().add_factory(f"/camera/{number}", factory)
    if not server.attach(None):
        raise SystemExit("gst-rtsp-server could not listen")
    threading.Thread(target=feed, args=(feeds, units, count), daemon=True).start()
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
