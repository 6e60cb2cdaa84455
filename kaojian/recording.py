"""What the processes of the ingest role do: prepare the spool, record a share of the cameras, store what is closed.

One process prepares, before anybody writes: what the last life of the service left behind is closed and accounted
for, whatever number of recorders it had. Then each recorder keeps its share of the cameras and reads, stamps and
writes alone; one more process uploads, where an object store is set.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from config.s3 import Duty
from config.settings import Settings
from domain.evidence import Segment
from domain.timeline import Clock, SystemClock
from ingest.bookkeeper import BACKLOG_LIMIT_BYTES
from ingest.disk import Disk, HostDisk
from ingest.engines import Engines
from ingest.eviction import Eviction
from ingest.healing import Healer
from ingest.host_clock import HostWitnesses
from ingest.reconcile import claim_spools, reconcile
from ingest.recorder import Cutting
from ingest.relay.server import Relay
from ingest.rtsp.client import Limits
from ingest.shard import Shard
from ingest.spool import Spool
from ingest.supervisor import Supervisor, collect_rarely
from ingest.trial_files import TrialFiles
from kaojian.disks import ballast, recorder_name
from kaojian.processes import Alone, Life, Member, stop_event
from records.schedule import Schedule
from storage import store_state
from storage.confirming import Confirmed, confirm_in
from storage.database import Database, connect
from storage.objects import Objects, S3Objects

if TYPE_CHECKING:
    from storage.archive import Archive

KEEP_REST_S = 10.0
_PREPARE = "prepare"


@dataclass(frozen=True, slots=True)
class Ground:
    """What recorders stand on: the clock and the file system of their host, and how much may wait for its disk."""

    clock: Clock = field(default_factory=SystemClock)
    disk: Disk = field(default_factory=HostDisk)
    backlog_limit_bytes: int = BACKLOG_LIMIT_BYTES


def members(settings: Settings, ground: Ground | None = None) -> list[Member]:
    """The processes of the ingest role. The uploader stops last: recorders close their last files before it."""
    ground = ground or Ground()
    alone = Alone(settings.spool_dir)
    found = [Member("ballast", lambda _: ballast(settings).run(stop_event()))]
    found += [Member(_PREPARE, lambda _: _prepare(settings, ground), once=True, may_start=alone.taken)]
    count = settings.ingest_workers
    found += [_recorder(settings, ground, Shard(index, count)) for index in range(count)]
    if settings.spool_second_dir is not None:
        found.append(Member("mending", lambda _: _mend(settings, ground), after=_PREPARE))
    if settings.reread_days:
        found.append(Member("rereading", lambda _: _reread(settings, ground), after=_PREPARE))
    if settings.s3 is not None:
        found.append(Member("archive", lambda _: _store(settings, ground), after=_PREPARE, last=True))
    if settings.s3_second_endpoint:
        found.append(Member("second-archive", lambda _: _store_second(settings, ground), after=_PREPARE, last=True))
    return found


def _recorder(settings: Settings, ground: Ground, shard: Shard) -> Member:
    def work(life: Life) -> None:
        collect_rarely()
        with closing(connect(settings.database_url)) as database:
            asyncio.run(_record(settings, ground, database, shard, life))

    return Member(f"recorder-{shard.index}", work, after=_PREPARE)


def _prepare(settings: Settings, ground: Ground) -> None:
    with closing(connect(settings.database_url)) as database:
        spool, second = _spools(settings, ground)
        reconcile(database.evidence, spool, ground.clock.now(), second=second, host=recorder_name(settings))


def _spools(settings: Settings, ground: Ground) -> tuple[Spool, Spool | None]:
    first, second = settings.spool_dir, settings.spool_second_dir
    made = partial(
        Spool,
        reserve_bytes=settings.min_free_bytes,
        disk=ground.disk,
        floor_bytes=settings.ballast_bytes,
        owner=recorder_name(settings),
    )
    return made(first), made(second) if second is not None else None


def _mend(settings: Settings, ground: Ground) -> None:
    """Level the spools until told to stop."""
    stop = stop_event()
    with closing(connect(settings.database_url)) as database:
        spools = [spool for spool in _spools(settings, ground) if spool is not None]
        claim_spools(database.evidence, spools)
        Healer(database.evidence, spools, ground.clock).run(stop)


async def _record(settings: Settings, ground: Ground, database: Database, shard: Shard, life: Life) -> None:
    """Record what sittings want of this share of the cameras."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    limits = Limits(picture_s=settings.stall_seconds)
    spool, second = _spools(settings, ground)
    spools = [each for each in (spool, second) if each is not None]
    supervisor = Supervisor(
        wanted=Schedule(database, settings.secrets, timedelta(seconds=settings.run_up_seconds)).wanted,
        open_source=Engines.with_limits(limits, ground.clock).open,
        evidence=database.evidence,
        spool=spool,
        second=second,
        cutting=Cutting(settings.segment_seconds, settings.fragment_seconds),
        clock=ground.clock,
        backlog_limit_bytes=ground.backlog_limit_bytes,
        witnesses=HostWitnesses(S3Objects(settings.s3) if settings.s3 is not None else None),
        name=settings.recorder,
        relay=Relay(settings.relay_dir),
        recorder=life.id,
        shard=shard,
        former=life.former,
        beside=[
            *(each.run for each in _evictions(settings, ground.clock, database, spools, shard)),
            *(TrialFiles(database.evidence, each, ground.clock, shard.owns).run for each in spools),
        ],
    )
    await supervisor.run(stop)


def _evictions(
    settings: Settings, clock: Clock, database: Database, spools: Sequence[Spool], shard: Shard
) -> list[Eviction]:
    """What makes room in each spool, where object stores hold what may go."""
    stores = [each for each in (settings.s3_for(Duty.READ), settings.s3_second_for(Duty.READ)) if each is not None]
    found: list[Eviction] = []
    for spool in spools if stores else ():
        confirmed = partial(_confirmed, database, [S3Objects(store) for store in stores], clock)
        eviction = Eviction(database.evidence, spool, confirmed, clock, shard.owns)
        spool.make_room = eviction.make_room
        found.append(eviction)
    return found


def _confirmed(database: Database, stores: Sequence[Objects], clock: Clock, segment: Segment) -> Confirmed:
    copies = database.evidence.copies([segment.key])[segment.key]
    return confirm_in(stores, segment, copies, clock.now())


def _reread(settings: Settings, ground: Ground) -> None:
    """Read stored copies again until told to stop."""
    from kaojian.wiring import open_archive  # noqa: PLC0415 (recorders need nothing of what these load)
    from storage.rereading import Rereader  # noqa: PLC0415

    with closing(connect(settings.database_url)) as database:
        Rereader(
            database.evidence,
            open_archive(settings, database, ground.clock),
            settings.spool_dirs,
            every=timedelta(days=settings.reread_days),
            bytes_per_s=settings.reread_bytes_per_second,
            clock=ground.clock,
        ).run(stop_event())


def _store(settings: Settings, ground: Ground) -> None:
    """Upload until told to stop, and then what was closed last, for KEEP_REST_S at most: a start goes on there."""
    from kaojian.wiring import open_archive  # noqa: PLC0415 (recorders need nothing of what these load)
    from storage.keeping import ArchiveWorker  # noqa: PLC0415

    stop = stop_event()
    structlog.get_logger().info("uploader_started", pid=os.getpid())
    with closing(connect(settings.database_url)) as database:
        archive = open_archive(settings, database, ground.clock)
        ArchiveWorker(archive, tell=store_state.keeper(settings.data_dir, ground.clock)).run(stop)
        _keep_the_rest(archive, archive.buckets[0])


def _store_second(settings: Settings, ground: Ground) -> None:
    """The same into the second store, and there as well what was signed and sealed, until told to stop."""
    from kaojian.audit import stores_of  # noqa: PLC0415 (recorders need nothing of what these load)
    from kaojian.wiring import open_archive  # noqa: PLC0415
    from storage.keeping import ArchiveWorker  # noqa: PLC0415
    from storage.mirroring import Mirror  # noqa: PLC0415

    stop = stop_event()
    first, second = stores_of(settings)  # settings have no second one without a first
    mirror = threading.Thread(target=Mirror(first, second, ground.clock).run, args=(stop,), name="mirror")
    with closing(connect(settings.database_url)) as database:
        archive = open_archive(settings, database, ground.clock)
        tell = store_state.keeper(settings.data_dir, ground.clock, store_state.SECOND)
        mirror.start()
        ArchiveWorker(archive, tell=tell, bucket=second.target).run(stop)
        _keep_the_rest(archive, second.target)
        mirror.join()


def _keep_the_rest(archive: Archive, bucket: str) -> None:
    """What was closed last, for KEEP_REST_S at most."""
    deadline = time.monotonic() + KEEP_REST_S
    while time.monotonic() < deadline and archive.keep_pending(bucket=bucket).kept:
        continue
