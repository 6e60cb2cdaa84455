"""Janus (Debian's ``janus``), the peer of WHEP in benchmarks: its streaming plugin on the same camera.

For benchmarks only: nothing of the product asks for it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABSENT = "Janus is absent: apt-get install --no-install-recommends janus (and systemctl disable --now janus)"

_LIBRARY = "/usr/lib/x86_64-linux-gnu/janus"
_MAIN = """\
general: {{
  configs_folder = "{folder}"
  plugins_folder = "{library}/plugins"
  transports_folder = "{library}/transports"
  log_to_stdout = false
  debug_level = 3
  server_name = "peer"
  session_timeout = 300
}}
nat: {{ nice_debug = false }}
plugins: {{
  disable = "libjanus_audiobridge.so,libjanus_echotest.so,libjanus_lua.so,libjanus_duktape.so,libjanus_nosip.so,\
libjanus_recordplay.so,libjanus_sip.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_videoroom.so,\
libjanus_voicemail.so"
}}
transports: {{
  disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_websockets.so"
}}
events: {{ broadcast = false }}
"""
_HTTP = """\
general: {{ json = "plain", base_path = "/janus", http = true, port = {port}, ip = "127.0.0.1", https = false }}
admin: {{ admin_http = false }}
"""
_STREAMING = """\
camera: {{
  type = "rtsp"
  id = 1
  description = "camera"
  audio = false
  video = true
  videopt = 96
  videocodec = "h264"
  videofmtp = "profile-level-id={profile};packetization-mode=1"
  url = "{url}"
  rtsp_failcheck = true
}}
"""


def own_address() -> str:
    """An address of this host that is not loopback, which Janus leaves out; nothing leaves the host for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))
        return str(asked.getsockname()[0])


@contextmanager
def janus(folder: Path, url: str, profile: str) -> Iterator[tuple[int, str]]:
    """A process of it that plays a camera, and where it is spoken to. Raises FileNotFoundError where it is absent."""
    program = shutil.which("janus")
    if program is None:
        raise FileNotFoundError(ABSENT)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "janus.jcfg").write_text(_MAIN.format(folder=folder, library=_LIBRARY))
    (folder / "janus.transport.http.jcfg").write_text(_HTTP.format(port=port))
    (folder / "janus.plugin.streaming.jcfg").write_text(_STREAMING.format(url=url, profile=profile))
    command = [program, "-F", str(folder), "-C", str(folder / "janus.jcfg"), "-L", str(folder / "janus.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    api = f"http://127.0.0.1:{port}/janus"
    try:
        _listens(api, process)
        yield process.pid, api
    finally:
        process.terminate()
        process.wait(30)


def _listens(api: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"{api}/info", timeout=5):  # noqa: S310 (loopback, our process)
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("Janus did not start; janus.log in its folder says why") from None
            time.sleep(0.1)
