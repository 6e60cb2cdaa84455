"""An RTSP camera of foreign make: gst-rtsp-server, run as a process of its own under the system's Python.

Usage: gst_server.py CLIP CODEC USER PASSWORD [PEM] (CODEC is h264 or h265, an empty USER means no login; PEM holds a
certificate and its key, and makes it a camera that speaks TLS alone, which needs a login too). CLIP holds access
units at 25 per second, each with its length and its place in the order of showing before it (32 bits each,
big-endian); they are sent in an endless loop with timestamps that run on. Prints ``ready PORT`` once it listens.
Needs nothing of this project.
"""

import sys
import threading
import time
from pathlib import Path
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

FRAMES_PER_SECOND = 25
PIPELINE = (
    "( appsrc name=frames is-live=true format=time caps=video/x-{codec},stream-format=byte-stream,alignment=au "
    "! {codec}parse config-interval=-1 ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"
)


def access_units(path: str) -> list[tuple[int, bytes]]:
    data = Path(path).read_bytes()
    units, at = [], 0
    while at < len(data):
        size, shown = int.from_bytes(data[at : at + 4], "big"), int.from_bytes(data[at + 4 : at + 8], "big")
        units.append((shown, data[at + 8 : at + 8 + size]))
        at += 8 + size
    return units


def push_frames(source: Any, units: list[tuple[int, bytes]]) -> None:
    """Send the units at their pace until the pipeline refuses them."""
    step = Gst.SECOND // FRAMES_PER_SECOND
    while source.get_clock() is None or source.get_base_time() == 0:  # the clock is set first, the base time then
        time.sleep(0.01)
    first = source.get_clock().get_time() - source.get_base_time()
    started = time.monotonic()
    count = 0
    delay = max(place - shown for place, (shown, _) in enumerate(units))
    while True:
        turn, index = divmod(count, len(units))
        shown, unit = units[index]
        buffer = Gst.Buffer.new_wrapped(unit)
        buffer.dts = first + count * step
        buffer.pts = first + (turn * len(units) + shown + delay) * step
        buffer.duration = step
        if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
            return
        count += 1
        time.sleep(max(0.0, started + count / FRAMES_PER_SECOND - time.monotonic()))


def configure(_factory: Any, media: Any, units: list[tuple[int, bytes]]) -> None:
    source = media.get_element().get_by_name_recurse_up("frames")
    threading.Thread(target=push_frames, args=(source, units), daemon=True).start()


def require_login(server: Any, factory: Any, user: str, password: str, pem: str) -> None:
    auth = GstRtspServer.RTSPAuth.new()
    if pem:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(pem))
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    auth.add_digest(user, password, token)
    permissions = GstRtspServer.RTSPPermissions()
    for right in (GstRtspServer.RTSP_PERM_MEDIA_FACTORY_ACCESS, GstRtspServer.RTSP_PERM_MEDIA_FACTORY_CONSTRUCT):
        permissions.add_permission_for_role("viewer", right, True)
    factory.set_permissions(permissions)
    server.set_auth(auth)


def main(clip: str, codec: str, user: str, password: str, pem: str = "") -> None:
    Gst.init(None)
    units = access_units(clip)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(PIPELINE.format(codec=codec))
    factory.set_shared(True)
    factory.connect("media-configure", configure, units)
    if user:
        require_login(server, factory, user, password, pem)
    server.get_mount_points().add_factory("/live", factory)
    if not server.attach(None):
        raise SystemExit("gst-rtsp-server could not listen")
    print("ready", server.get_bound_port(), flush=True)  # noqa: T201 (read by the process that started this one)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:6])
