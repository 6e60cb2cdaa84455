"""Starts and stops cameras of foreign make (``gst_server``) for tests, and encodes what they show."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import TracebackType

import av
import numpy as np

SYSTEM_PYTHON = "/usr/bin/python3"
FRAMES_PER_SECOND = 25
_SERVER = Path(__file__).with_name("gst_server.py")
_CHECK = """
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
assert all(map(Gst.ElementFactory.find, ("appsrc", "h264parse", "rtph264pay", "h265parse", "rtph265pay")))
"""


@cache
def why_gst_is_missing() -> str | None:
    """None where gst-rtsp-server can be run, else what to install."""
    packages = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-base, -good and -bad"
    if not Path(SYSTEM_PYTHON).exists():
        return f"gst-rtsp-server needs {SYSTEM_PYTHON} and the Debian packages {packages}"
    done = subprocess.run([SYSTEM_PYTHON, "-c", _CHECK], capture_output=True, check=False, timeout=60)
    return None if done.returncode == 0 else f"gst-rtsp-server is not installed (Debian packages {packages})"


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip as a camera would send it. ``slices`` are its coded slices in order, one per frame, all different.

    ``path`` holds access units with their lengths, for ``gst_server``; ``stream`` the same as a byte stream, or with
    B frames as an MPEG transport stream, which has times. ``shown`` is each frame's place in the order of showing.
    """

    path: Path
    stream: Path
    codec: str  # h264 or h265
    width: int
    height: int
    slices: tuple[bytes, ...]
    shown: tuple[int, ...]

    def is_slice(self, nal: bytes) -> bool:
        return is_slice(nal, self.codec)


def nal_units(annex_b: bytes) -> list[bytes]:
    """The NAL units between start codes."""
    pieces = annex_b.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
    return [piece for piece in pieces if piece]


def is_slice(nal: bytes, codec: str) -> bool:
    return nal[0] >> 1 < 32 if codec == "h265" else nal[0] & 0x1F in (1, 5)


def encode_clip(
    path: Path,
    codec: str = "h264",
    *,
    frames: int = 50,
    bit_rate: int = 400_000,
    b_frames: int = 0,
    open_gop: bool = False,
) -> Clip:
    """Moving noise, a key frame every second, one slice per frame; B frames and open groups only if asked for."""
    width, height = 320, 192
    encoder = av.CodecContext.create(codec.replace("h26", "libx26"), "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.bit_rate = bit_rate
    encoder.framerate = FRAMES_PER_SECOND  # type: ignore[assignment]
    encoder.time_base = Fraction(1, FRAMES_PER_SECOND)
    rate = f"vbv-maxrate={bit_rate // 1000}:vbv-bufsize={bit_rate // 1000}"
    threads = "threads=1:sliced-threads=0" if codec == "h264" else "pools=1:frame-threads=1:log-level=none"
    order = f"bframes={b_frames}:b-adapt=0:b-pyramid={2 * (b_frames > 0)}:open-gop={int(open_gop)}"
    if codec == "h265":
        order = order.replace("b-pyramid=2", "b-pyramid=1")
    parameters = f"{threads}:{order}:keyint={FRAMES_PER_SECOND + 2 * open_gop}:scenecut=0:repeat-headers=1:{rate}"
    encoder.options = {"preset": "ultrafast", codec.replace("h", "x") + "-params": parameters}
    random = np.random.default_rng(7)
    noise = random.integers(0, 255, (height + 2 * frames, width + 2 * frames), np.uint8)
    packets: list[av.Packet[av.VideoStream]] = []
    for number in range(frames):
        picture = np.full((height * 3 // 2, width), 128, np.uint8)
        picture[:height] = noise[number * 2 : number * 2 + height, number * 2 : number * 2 + width] // 2
        if b_frames:
            picture[:64, :64] = random.integers(0, 255, (64, 64))  # or those between two others would have no bits
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    units, shown = [bytes(packet) for packet in packets], tuple(packet.pts or 0 for packet in packets)
    prefixes = (len(unit).to_bytes(4, "big") + at.to_bytes(4, "big") for unit, at in zip(units, shown, strict=True))
    path.write_bytes(b"".join(prefix + unit for prefix, unit in zip(prefixes, units, strict=True)))
    stream = path.with_suffix(".ts" if b_frames else f".{codec}")
    if b_frames:
        _write_transport_stream(stream, codec, packets)
    else:
        stream.write_bytes(b"".join(units))
    slices = tuple(nal for unit in units for nal in nal_units(unit) if is_slice(nal, codec))
    assert len(slices) == len(set(slices)) == frames
    return Clip(path, stream, codec, width, height, slices, shown)


def _write_transport_stream(path: Path, codec: str, packets: Sequence[av.Packet[av.VideoStream]]) -> None:
    with av.open(str(path), "w", format="mpegts") as container:
        stream = container.add_mux_stream("hevc" if codec == "h265" else codec, FRAMES_PER_SECOND)
        assert isinstance(stream, av.VideoStream)
        for packet in packets:
            packet.stream = stream
            container.mux(packet)


class GstCamera:
    """One camera of foreign make in a process of its own; a context manager that kills what it started."""

    def __init__(self, clip: Clip, username: str = "", password: str = "", pem: Path | None = None) -> None:
        self.clip = clip
        self.url = ""
        self._scheme = "rtsp" if pem is None else "rtsps"
        self._arguments: Sequence[str] = [SYSTEM_PYTHON, str(_SERVER), str(clip.path), clip.codec, username, password]
        if pem is not None:
            self._arguments = [*self._arguments, str(pem)]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> GstCamera:
        self._process = subprocess.Popen(
            self._arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
        )
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], 30)
        line = self._process.stdout.readline() if readable else ""
        if not line.startswith("ready "):
            self.kill()
            raise RuntimeError("gst-rtsp-server did not start")
        self.url = f"{self._scheme}://127.0.0.1:{int(line.split()[1])}/live"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def kill(self) -> None:
        """As if its power were cut, except that its host still says so."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def freeze(self) -> None:
        """The process stands still, its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
