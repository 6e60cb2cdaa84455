"""The role ``live`` as a process of the real service, on a camera that speaks RTSP."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.errors import SettingsRefused
from config.settings import Settings, load
from domain.people import Account, Reach, Role, Scope
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station
from domain.timeline import SystemClock
from domain.viewings import Deed
from ingest.simulator.camera import CameraSettings
from kaojian.live import live_port
from storage.audit.notary import Notary
from storage.database import connect
from storage.signing import Signer
from tests.dashboard.exam import TESTER, TOKEN, log_in
from tests.dashboard.live.offered import OFFER
from tests.dashboard.live.watching import Tile
from tests.installations.installation import Cameras

ROOT = Path(__file__).parents[2]


def free_ports() -> tuple[int, int]:
    """Two that lie beside each other, as far as anybody can know."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port, port + 1


@contextmanager
def service(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "kaojian", "serve", "--roles", "dashboard,live"],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def listens(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < until
        time.sleep(0.05)


def test_the_service_shows_a_camera_live_to_who_may_and_stops_in_order(tmp_path: Path) -> None:
    http, live = free_ports()
    cameras, now = Cameras(), SystemClock().now()
    url = cameras.start(CameraSettings("c1", "R1", ("A1",), width=320, height=192, fps=10))
    settings = Settings(data_dir=tmp_path, http_port=http)
    notary = Notary(Signer.kept(settings.signing_key_file), settings.data_dir)
    database = connect(settings.database_url, notary)
    site = Site(
        "sg-001", "定点考场", "浈江区", (Room("R1", "一号考场", (Station("A1"),), (Camera("c1", url, ("A1",)),)),)
    )
    start = now + timedelta(minutes=40)
    plan = SittingPlan(1, ("R1",), start, start + timedelta(hours=1), timedelta(minutes=1), timedelta(minutes=1))
    database.setup.apply_site(site, TESTER, now - timedelta(days=1))
    database.setup.apply_batch(Batch("b", site.id, "面点", "SG-2022-08-10", (plan,)), TESTER, now - timedelta(days=1))
    held: Any = type("Held", (), {"database": database, "clock": SystemClock()})()
    log_in(held, Account("sun", Role.CITY_SUPERVISOR, Scope(Reach.CITY), now, must_change=False), TOKEN)
    pages = f"http://127.0.0.1:{http}"
    with service({"KAOJIAN_DATA_DIR": str(tmp_path), "KAOJIAN_HTTP_PORT": str(http)}):
        listens(http)
        listens(live)
        headers = {"Origin": pages, "Cookie": f"kaojian_session={TOKEN}"}
        answer = httpx.post(f"{pages}/api/v1/live/c1", headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.json()["port"] == live
        address, path = f"http://127.0.0.1:{live}", answer.json()["path"]
        stranger = Tile(address, path, None, pages)
        foreign = Tile(address, path, TOKEN, "https://evil.example")
        assert (stranger.status, foreign.status) == (403, 403)
        tile = Tile(address, path, TOKEN, pages)
        assert tile.status == 101
        assert len(tile.pictures(12)) == 12
        assert cameras["c1"].sessions == 1
        offer = {**headers, "Content-Type": "application/sdp"}
        large = httpx.post(address + answer.json()["whep"], content=OFFER, headers=offer, timeout=60)
        assert large.status_code == 201, large.text
        port = int(re.findall(r"a=candidate:.* 127\.0\.0\.1 (\d+) typ host", large.text)[0])
        assert port in settings.live_udp_range
        assert httpx.delete(address + large.headers["Location"], headers=headers, timeout=60).status_code == 200
        assert cameras["c1"].sessions == 1
    assert tile.ended() is not None
    for each in (stranger, foreign, tile):
        each.close()
    deeds = [each.viewing.deed for each in database.viewings.latest(10) if each.viewing.outcome == "shown"]
    assert sorted(deeds) == [Deed.LEAVE, Deed.LEAVE, Deed.LIVE, Deed.LIVE]
    assert not list(settings.spool_dir.glob("**/*.mp4"))
    database.close()
    cameras.stop()


def test_both_processes_hold_the_same_key_of_tickets_and_nobody_else_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    now = SystemClock().now()
    issued = live_port(settings).tickets.issue("session", "c1", now)
    live_port(settings).tickets.check("session", "c1", issued, now)
    assert settings.live_key_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("KAOJIAN_LIVE_UDP_PORTS", "21799-21000", "the lower one first"),
        ("KAOJIAN_LIVE_UDP_PORTS", "0-5", "the lower one first"),
        ("KAOJIAN_LIVE_UDP_PORTS", "21000", "LIVE_UDP_PORTS"),
        ("KAOJIAN_LIVE_UDP_HOST", "localhost", "no IP address"),
        ("KAOJIAN_LIVE_UDP_ANNOUNCED", "192.0.2.7,kaojian.example.cn", "no IP address"),
    ],
)
def test_where_viewers_come_to_over_udp_is_refused_where_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=told):
        load()


def test_where_viewers_come_to_over_udp_may_be_set() -> None:
    settings = Settings(live_udp_ports="40000-40001", live_udp_announced="192.0.2.7, 2001:db8::7")
    assert list(settings.live_udp_range) == [40000, 40001]
    assert settings.live_udp_addresses == ("192.0.2.7", "2001:db8::7")


def test_the_port_is_the_one_above_the_pages_or_the_one_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(http_port=9000).live_at == 9001
    assert Settings(http_port=65535).live_at == 65534
    assert Settings(http_port=9000, live_port=7000).live_at == 7000
    monkeypatch.setenv("KAOJIAN_LIVE_PORT", "8000")
    with pytest.raises(SettingsRefused, match="a port of their own"):
        load()
