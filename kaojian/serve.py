"""Runs the roles of the service: one role in this process, several as one child process each.

A child that dies is started again within a second; recording, judging and showing never take each other down.
SIGTERM and SIGINT stop everything in order.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

import structlog
import uvicorn

from analysis.decoding import DecodingWorker
from config.rule_pack import load as load_rule_pack
from config.secrets import Secrets
from config.settings import Settings
from dashboard.app import create_app
from domain.timeline import SystemClock
from ingest.host_clock import HostWitnesses
from ingest.recorder import Assignment, Cutting
from ingest.relay.server import Relay
from ingest.rtsp.client import Limits, RtspSource
from ingest.spool import Spool
from ingest.supervisor import Supervisor
from kaojian.wiring import open_archive
from records.schedule import Schedule
from storage.archive import Archive, ArchiveWorker
from storage.database import Database, connect
from storage.objects import S3Objects

_log = structlog.get_logger()

RESTART_S = 1.0
STOP_S = 30.0
KEEP_REST_S = 10.0
LIVE = "live"  # the folder, below data_dir, in which recorders hand their pictures on
WEB = Path(__file__).resolve().parent.parent / "dashboard" / "web" / "dist"


class Role(StrEnum):
    """What a process of the service does."""

    INGEST = "ingest"
    ANALYSIS = "analysis"
    DASHBOARD = "dashboard"


def run(settings: Settings, roles: Sequence[Role]) -> None:
    """Serve until SIGTERM or SIGINT."""
    if len(roles) > 1:
        _supervise(roles)
        return
    database = connect(settings.database_url)
    try:
        match roles[0]:
            case Role.INGEST:
                asyncio.run(_ingest(settings, database))
            case Role.ANALYSIS:
                _analysis(settings, database)
            case Role.DASHBOARD:
                _dashboard(settings, database)
    finally:
        database.close()


def _supervise(roles: Sequence[Role]) -> None:
    stop = _stop_event()
    command = [sys.executable, "-m", "kaojian", "serve", "--roles"]
    children = {role: subprocess.Popen([*command, role.value]) for role in roles}
    while not stop.wait(RESTART_S):
        for role, child in children.items():
            if child.poll() is not None:
                _log.error("role_died", role=role, status=child.returncode)
                children[role] = subprocess.Popen([*command, role.value])
    for child in children.values():
        child.terminate()
    deadline = time.monotonic() + STOP_S
    for role, child in children.items():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.error("role_does_not_stop", role=role)
            child.kill()


async def _ingest(settings: Settings, database: Database) -> None:
    """Record what sittings want; beside it, a thread stores what is closed."""
    clock = SystemClock()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    limits = Limits(picture_s=settings.stall_seconds)
    supervisor = Supervisor(
        wanted=Schedule(database, Secrets(settings.secrets_dir), timedelta(seconds=settings.run_up_seconds)).wanted,
        open_source=lambda assignment: _rtsp(assignment, limits),
        evidence=database.evidence,
        spool=Spool(settings.spool_dir, settings.min_free_bytes),
        cutting=Cutting(settings.segment_seconds, settings.fragment_seconds),
        clock=clock,
        witnesses=HostWitnesses(S3Objects(settings.s3) if settings.s3 is not None else None),
        name=settings.recorder,
        relay=Relay(settings.data_dir / LIVE),
    )
    archive = open_archive(settings, database)
    archive_stop = threading.Event()
    archiving = threading.Thread(target=ArchiveWorker(archive).run, args=(archive_stop,), name="archive")
    archiving.start()
    try:
        await supervisor.run(stop)
    finally:
        archive_stop.set()
        await asyncio.to_thread(archiving.join, STOP_S)
        await asyncio.to_thread(_keep_the_rest, archive)


def _keep_the_rest(archive: Archive) -> None:
    """Store what was closed last, for KEEP_REST_S at most; the next start goes on where this ends."""
    deadline = time.monotonic() + KEEP_REST_S
    while archive.keeps and time.monotonic() < deadline:
        result = archive.keep_pending()
        if not result.kept:
            return


def _rtsp(assignment: Assignment, limits: Limits) -> RtspSource:
    return RtspSource(assignment.url, assignment.credentials, assignment.transport, limits)


def _analysis(settings: Settings, database: Database) -> None:
    DecodingWorker(database.evidence, open_archive(settings, database), SystemClock()).run(_stop_event())


def _dashboard(settings: Settings, database: Database) -> None:
    """The page and the API, on loopback until accounts exist (``Settings`` refuses anything else)."""
    app = create_app(
        database,
        open_archive(settings, database),
        partial(load_rule_pack, folder=settings.rule_packs_dir),
        SystemClock(),
        WEB if WEB.is_dir() else None,
    )
    uvicorn.run(app, host=settings.http_host, port=settings.http_port, log_level="warning")


def _stop_event() -> threading.Event:
    """Set by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
