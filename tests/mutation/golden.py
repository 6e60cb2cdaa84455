"""Golden bytes: what gst-rtsp-server, which we did not write, really sent over one connection, and one of our files.

A plain socket asks for the stream and keeps every byte of the answer, so that nothing of ours has touched it.
"""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass

from ingest.rtsp.sdp import VideoTrack, video_track
from tests.ingest.gst_camera import GstCamera
from tests.ingest.pictures import FPS, unit
from tests.ingest.sounds import with_sound
from tests.ingest.test_segmenter import record

_STREAM_BYTES = 150_000
_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Transcript:
    """Everything a camera sent: ``stream`` as it came, and its parts. ``packets`` are RTP and RTCP, in order."""

    stream: bytes
    description: bytes
    packets: tuple[bytes, ...]
    track: VideoTrack


def transcript(camera: GstCamera) -> Transcript:
    """One connection over TCP: the answers to OPTIONS, DESCRIBE, SETUP and PLAY and some seconds of pictures.

    Raises RuntimeError when the camera does not send them.
    """
    stream, description = _received(camera.url)
    packets = _interleaved(stream)
    if len(packets) <= 20:
        raise RuntimeError("gst-rtsp-server sent no stream")
    return Transcript(stream, description, packets, video_track(description))


def _received(url: str) -> tuple[bytes, bytes]:
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    deadline = time.monotonic() + _LIMIT_S
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        received = _asked(connection, "OPTIONS", url, 1)
        described = _asked(connection, "DESCRIBE", url, 2, "Accept: application/sdp\r\n")
        description = described.split(b"\r\n\r\n", 1)[1]
        control = re.findall(rb"a=control:(\S+)", description)[-1].decode()
        track_url = control if control.startswith("rtsp:") else f"{url}/{control}"
        set_up = _asked(connection, "SETUP", track_url, 3, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n")
        session = re.findall(rb"(?im)^Session: *([^;\r]+)", set_up)[0].decode()
        received += described + set_up
        connection.sendall(_request("PLAY", url, 4, f"Session: {session}\r\n"))
        while len(received) < _STREAM_BYTES and time.monotonic() < deadline:
            try:
                received += connection.recv(65_536)
            except TimeoutError:
                break
    return received, description


def _request(method: str, url: str, number: int, fields: str = "") -> bytes:
    return f"{method} {url} RTSP/1.0\r\nCSeq: {number}\r\n{fields}\r\n".encode()


def _asked(connection: socket.socket, method: str, url: str, number: int, fields: str = "") -> bytes:
    """The whole answer, its body included."""
    connection.sendall(_request(method, url, number, fields))
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65_536)
    size = re.search(rb"(?i)content-length: *(\d+)", answer)
    whole = answer.index(b"\r\n\r\n") + 4 + (int(size[1]) if size else 0)
    while len(answer) < whole:
        answer += connection.recv(65_536)
    return answer


def _interleaved(stream: bytes) -> tuple[bytes, ...]:
    """The packets behind the answer to PLAY (RFC 2326 10.12), the last one only if it is whole."""
    at = stream.index(b"CSeq: 4")
    at = stream.index(b"\r\n\r\n", at) + 4
    packets = []
    while at + 4 <= len(stream) and stream[at] == 0x24:
        size = int.from_bytes(stream[at + 2 : at + 4], "big")
        if at + 4 + size <= len(stream):
            packets.append(stream[at + 4 : at + 4 + size])
        at += 4 + size
    return tuple(packets)


def sounding_file(seconds: int = 3) -> bytes:
    """The same with sound."""
    recorded = record((with_sound(number) for number in range(seconds * FPS)), segment_s=60.0)
    ((data, _),) = recorded.files
    return data


def segment_file(seconds: int = 3) -> bytes:
    """A segment file as the recorder writes it, of real pictures."""
    recorded = record((unit(number) for number in range(seconds * FPS)), segment_s=60.0)
    ((data, _),) = recorded.files
    return data
