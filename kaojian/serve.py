"""Runs the roles of the service, each in processes of its own (``kaojian.processes`` keeps them alive).

Recording, judging and showing never take each other down, and of the cameras one recorder dies with only its own.
What a role needs is imported where it runs: a recorder knows nothing of judging or of pages. SIGTERM and SIGINT stop
everything in order.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from config.errors import ConfigError
from config.s3 import Duty
from config.settings import Settings
from domain.timeline import SystemClock, rfc3339
from kaojian.processes import Member, StopSignals, die_with, keep, stop_event
from storage.database import connect
from storage.errors import StorageError

WEB = Path(__file__).resolve().parent.parent / "dashboard" / "web" / "dist"

_log = structlog.get_logger()


class Role(StrEnum):
    """What a process of the service does."""

    INGEST = "ingest"
    ANALYSIS = "analysis"
    DASHBOARD = "dashboard"
    LIVE = "live"


def run(settings: Settings, roles: Sequence[Role]) -> None:
    """Serve until SIGTERM or SIGINT."""
    match list(roles):
        case [Role.ANALYSIS]:
            _analysis(settings)
        case [Role.DASHBOARD]:
            _dashboard(settings)
        case [Role.LIVE]:
            _live(settings)
        case _:
            keep(_members(settings, roles), StopSignals(), expected=(ConfigError, StorageError, OSError))


def _members(settings: Settings, roles: Sequence[Role]) -> list[Member]:
    """Recorders first: what they need is imported before anything is forked, the rest only where it runs."""
    found = []
    if Role.INGEST in roles:
        from kaojian import recording  # noqa: PLC0415 (see the module)

        found += recording.members(settings)
    if Role.ANALYSIS in roles:
        found.append(Member(Role.ANALYSIS, lambda _: _analysis(settings)))
    if Role.DASHBOARD in roles:
        found.append(Member(Role.DASHBOARD, lambda _: _dashboard(settings)))
    if Role.LIVE in roles:
        found.append(Member(Role.LIVE, lambda _: _live(settings)))
    return found


def _analysis(settings: Settings) -> None:
    from analysis.crew import Crew  # noqa: PLC0415 (see the module)
    from analysis.decoding import DecodingWorker  # noqa: PLC0415
    from analysis.eye import EYE  # noqa: PLC0415
    from analysis.looking import Looking  # noqa: PLC0415
    from kaojian.wiring import open_archive  # noqa: PLC0415

    stop, clock = stop_event(), SystemClock()
    begin = partial(die_with, os.getpid())
    with closing(connect(settings.database_url)) as database, Crew(settings.analysis_crew, begin) as crew:
        archive = open_archive(settings, database, duty=Duty.READ)
        looking = Looking(database, EYE, clock) if EYE is not None else None
        DecodingWorker(database.evidence, archive, clock, hands=crew, looking=looking).run(stop)


def _dashboard(settings: Settings) -> None:
    """The page and the API: in the clear on loopback only, which ``Settings`` holds. Raises TlsRefused."""
    import uvicorn  # noqa: PLC0415 (see the module)

    from config.rule_pack import load as load_rule_pack  # noqa: PLC0415
    from dashboard.access.provider import Provider  # noqa: PLC0415
    from dashboard.app import create_app  # noqa: PLC0415
    from ingest.host_clock import HostWitnesses  # noqa: PLC0415
    from kaojian.audit import objects_of, sealed_daily  # noqa: PLC0415
    from kaojian.backup import backed_up  # noqa: PLC0415
    from kaojian.commissioning import bench  # noqa: PLC0415
    from kaojian.detecting import detector_of  # noqa: PLC0415
    from kaojian.disks import ballast, spools_of  # noqa: PLC0415
    from kaojian.installing import installation_of  # noqa: PLC0415
    from kaojian.live import live_port  # noqa: PLC0415
    from kaojian.readiness import means  # noqa: PLC0415
    from kaojian.replica import replicated  # noqa: PLC0415
    from kaojian.stamping import stamped_later  # noqa: PLC0415
    from kaojian.webhooks import names_of, telling  # noqa: PLC0415
    from kaojian.wiring import open_archive, roles_with_factor  # noqa: PLC0415
    from kaojian.withholding import stated_under_lock  # noqa: PLC0415
    from records import holidays  # noqa: PLC0415
    from storage.audit.notary import Notary  # noqa: PLC0415
    from storage.id_numbers import IdNumbers  # noqa: PLC0415
    from storage.sealing import Sealer  # noqa: PLC0415
    from storage.signing import Signer  # noqa: PLC0415

    speaks_tls = _tls(settings)
    signer, clock = Signer.kept(settings.signing_key_file), SystemClock()
    with closing(connect(settings.database_url, Notary(signer, settings.data_dir))) as database:
        app = create_app(
            database,
            open_archive(settings, database, duty=Duty.READ),
            partial(load_rule_pack, folder=settings.rule_packs_dir),
            clock,
            WEB if WEB.is_dir() else None,
            spools=spools_of(settings),
            ballast=ballast(settings),
            webhooks=tuple(names_of(settings)),
            sealer=Sealer.kept(settings.factors_key_file),
            with_factor=roles_with_factor(settings),
            witnesses=HostWitnesses(objects_of(settings)),
            means=means(settings, clock),
            holidays=holidays.table(settings.holidays_file),
            numbers=partial(IdNumbers.kept, settings.numbers_key_file, database),
            filing=open_archive(settings, database),
            signing=signer,
            pages_address=settings.pages_address,
            live_port=live_port(settings),
            detector=partial(detector_of, settings),
            commissioning=bench(settings, database, clock),
            installation=installation_of(settings, database),
            vouching=None if settings.oidc is None else Provider(settings.oidc, settings.secrets, clock),
        )
        sealing = sealed_daily(database, settings.data_dir, signer, objects_of(settings), clock)
        keeping = backed_up(settings, database, objects_of(settings), clock)
        stating = stated_under_lock(database, signer, objects_of(settings), clock)
        beside = (sealing, keeping, stating, replicated(settings), stamped_later(settings, database))
        with ExitStack() as stack, telling(settings, database, clock):
            for each in beside:
                stack.enter_context(each)
            uvicorn.run(
                app,
                host=settings.http_host,
                port=settings.http_port,
                ssl_context_factory=speaks_tls,
                log_level="warning",
                log_config=None,  # its lines go where ours go, and lose what is secret there
                proxy_headers=False,  # who asks is written down: nobody may say that he comes from elsewhere
                server_header=False,
            )


def _live(settings: Settings) -> None:
    from kaojian.live import run as show  # noqa: PLC0415 (see the module)

    show(settings, _tls(settings))


def _tls(settings: Settings) -> Callable[[Any, Any], ssl.SSLContext] | None:
    """What uvicorn makes its connections with; None for plain HTTP."""
    if settings.tls_cert is None:
        return None
    from kaojian import tls  # noqa: PLC0415 (see the module)

    served = tls.look(settings.tls_cert, settings.tls_key)
    if served.runs_out_soon(SystemClock().now()):
        _log.warning("certificate_runs_out", file=str(settings.tls_cert), ends=rfc3339(served.ends))
    return tls.uvicorn_context(settings.tls_cert, settings.tls_key)
