"""What the process of the role ``live`` does: cameras to viewers, in the clear on loopback only as the pages are.

It records nothing and writes nothing to the spool; what has to be decoded is decoded by processes of their own
(``dashboard.live.recoding``). Not here: who may watch (``dashboard.live``).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import uvicorn

from config.rule_pack import load as load_rule_pack
from config.s3 import Duty
from config.settings import Settings
from dashboard.access.tickets import LiveTickets
from dashboard.api.backing import Backing, LivePort
from dashboard.api.headers import SafeHeaders
from dashboard.live.app import create_live_app
from dashboard.live.coders import Coders
from dashboard.live.door import Door, Pages
from dashboard.live.peers import Place
from dashboard.live.protocol import LiveProtocol
from dashboard.live.pulls import Pulls
from dashboard.live.recoding import Bounds
from dashboard.metrics import Sources
from domain.timeline import SystemClock
from ingest.engines import Engines
from ingest.relay.client import RelayClient
from ingest.relay.source import RelayedSource
from ingest.rtsp.client import Limits
from kaojian.disks import spools_of
from kaojian.wiring import open_archive, roles_with_factor
from records.schedule import Needs, Schedule
from storage import key_files
from storage.audit.notary import Notary
from storage.database import connect
from storage.id_numbers import IdNumbers
from storage.sealing import Sealer
from storage.signing import Signer

AHEAD = timedelta(seconds=15)
"""So long before recording begins a camera is let go: its one session is free when the recorder comes."""

KEY_S = 15.0
"""How long a first key frame is waited for before a camera counts as stalled."""


def live_port(settings: Settings) -> LivePort:
    """Where live pictures are, and what opens them. Raises KeyRefused, OSError."""
    key = key_files.kept(settings.live_key_file, LiveTickets.new_key)
    return LivePort(LiveTickets(key), settings.live_at)


def run(settings: Settings, speaks_tls: Callable[[Any, Any], ssl.SSLContext] | None) -> None:
    """Show live pictures until SIGTERM or SIGINT."""
    clock, port = SystemClock(), live_port(settings)
    signer = Signer.kept(settings.signing_key_file)
    with closing(connect(settings.database_url, Notary(signer, settings.data_dir))) as database:
        archive = open_archive(settings, database, duty=Duty.READ)
        backed = Backing(
            database,
            archive,
            partial(load_rule_pack, folder=settings.rule_packs_dir),
            clock,
            Sources(database, archive, spools_of(settings), (), None, ()),
            Sealer.kept(settings.factors_key_file),
            roles_with_factor(settings),
            partial(IdNumbers.kept, settings.numbers_key_file, database),
            live=port,
        )
        run_up = timedelta(seconds=settings.run_up_seconds)
        schedule = Schedule(database, settings.secrets, run_up)
        recorders = RelayClient(settings.relay_dir)
        engines = Engines.with_limits(Limits(picture_s=settings.stall_seconds, key_s=KEY_S), clock)

        def needed(now: datetime) -> Needs:
            return schedule.needs(now, AHEAD)

        def relayed(camera: str) -> RelayedSource:
            return RelayedSource(recorders, camera, clock)

        coders = Coders(settings.live_coders, Bounds(settings.live_coded_lines, settings.live_coded_fps))
        app = create_live_app(
            Door(backed, port.tickets, Pages(settings.http_port, settings.pages_address)),
            Pulls(engines.open, clock, relayed, coders),
            schedule.reached,
            needed,
            clock,
            place=Place(settings.live_udp_host, settings.live_udp_range, settings.live_udp_addresses),
        )
        uvicorn.run(
            SafeHeaders(app),
            host=settings.http_host,
            port=port.port,
            ws=LiveProtocol,
            ssl_context_factory=speaks_tls,
            log_level="warning",
            log_config=None,  # its lines go where ours go, and lose what is secret there
            proxy_headers=False,  # who asks is written down: nobody may say that he comes from elsewhere
            server_header=False,
            timeout_graceful_shutdown=5,
        )
