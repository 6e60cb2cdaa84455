"""Moving pictures in containers, with what was coded into them, and servers on this computer that hand them out."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np

from tests.ingest.gst_camera import is_slice, nal_units

FPS = 25
WIDTH, HEIGHT = 320, 192


@dataclass(frozen=True, slots=True)
class Footage:
    """A file and its coded slices in decoding order, one per picture, all different.

    ``shown`` is each picture's place in the order of showing.
    """

    path: Path
    codec: str
    slices: tuple[bytes, ...]
    shown: tuple[int, ...]


def footage(path: Path, form: str, codec: str = "h264", *, frames: int = 40, reordered: bool = False) -> Footage:
    """Code ``frames`` pictures at 25 a second, a key frame every second, into libav's format ``form``."""
    options = {"hls_time": "0.5", "hls_list_size": "0"} if form == "hls" else {}
    slices: list[bytes] = []
    shown: list[int] = []
    with av.open(str(path), "w", format=form, options=options) as container:
        stream = container.add_stream(codec.replace("h26", "libx26"), rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        single = (
            "threads=1:sliced-threads=0" if codec == "h264" else "pools=1:frame-threads=1:log-level=none:open-gop=0"
        )
        order = "bframes=2:b-adapt=0" if reordered else "bframes=0"
        stream.options = {
            "preset": "ultrafast",
            codec.replace("h", "x") + "-params": f"{single}:{order}:keyint={FPS}:min-keyint={FPS}:scenecut=0",
        }
        for picture in [*_pictures(frames), None]:
            for packet in stream.encode(picture):
                slices += [nal for nal in nal_units(bytes(packet)) if is_slice(nal, codec)]
                shown.append(round((packet.pts or 0) * packet.time_base * FPS))
                container.mux(packet)
    assert len(slices) == len(set(slices)) == frames
    return Footage(path, codec, tuple(slices), tuple(shown))


def _pictures(count: int) -> Iterator[av.VideoFrame]:
    noise = np.random.default_rng(11).integers(0, 255, (HEIGHT + 2 * count, WIDTH + 2 * count), np.uint8)
    for number in range(count):
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        picture[:HEIGHT] = noise[number * 2 : number * 2 + HEIGHT, number * 2 : number * 2 + WIDTH] // 2
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = number
        yield frame


@dataclass(frozen=True, slots=True)
class Body:
    """What one address answers: its parts, one after the other, and whether it is then silent instead of closing.

    ``size_bytes`` is told beforehand where it is known.
    """

    kind: str
    parts: Callable[[], Iterable[bytes]]
    then_silent: bool = False
    size_bytes: int | None = None


@contextmanager
def http_server(bodies: dict[str, Body]) -> Iterator[str]:
    """The address of a server that answers ``bodies`` by path, and 404 to all others."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = bodies.get(self.path.partition("?")[0])
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", body.kind)
            if body.size_bytes is not None:
                self.send_header("Content-Length", str(body.size_bytes))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # who reads may leave at any time
                for part in body.parts():
                    if over.is_set():
                        return
                    self.wfile.write(part)
                    self.wfile.flush()
                if body.then_silent:
                    over.wait(60)

        def log_message(self, *arguments: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def file_body(path: Path, kind: str) -> Body:
    return Body(kind, lambda: [path.read_bytes()], size_bytes=path.stat().st_size)


def motion_jpeg(pictures: Sequence[bytes], *, then_silent: bool = False) -> Body:
    """One part of multipart/x-mixed-replace per picture, as cameras send them, 25 a second."""

    def parts() -> Iterator[bytes]:
        for picture in pictures:
            yield b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture)
            time.sleep(1 / FPS)

    return Body("multipart/x-mixed-replace; boundary=next", parts, then_silent)


@contextmanager
def rtmp_server(flv: Path) -> Iterator[str]:
    """ffmpeg as the other side: it waits for one client and plays it the file."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"rtmp://127.0.0.1:{port}/live/cam"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-re", "-i", str(flv), "-c", "copy", "-f", "flv"]
    with subprocess.Popen([*command, "-listen", "1", url], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_listening(port)
            yield url
        finally:
            process.kill()


def _wait_until_listening(port: int) -> None:
    """By the kernel's table (proc(5), /proc/net/tcp): a connection to try it would be the one that is served."""
    wanted = f"0100007F:{port:04X} 00000000:0000 0A"
    for _ in range(200):
        if wanted in Path("/proc/net/tcp").read_text():
            return
        time.sleep(0.05)
    raise RuntimeError("ffmpeg did not listen within 10 s")


def certificate(folder: Path) -> Path:
    """A certificate that signs itself, as cameras have, and its key, in one file."""
    key, signed, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(signed), "-days", "2", "-subj", "/CN=camera"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    both.write_bytes(signed.read_bytes() + key.read_bytes())
    return both
