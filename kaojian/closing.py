"""Closing, taking away and checking of batches, put together from the settings for the command line.

Not here: what must hold for any of it (``records.closing``, ``storage.manifest``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from config import rule_pack
from config.errors import SettingsRefused
from config.s3 import Duty
from config.settings import Settings
from config.version import VERSION
from dashboard.access import local
from domain.people import Actor
from domain.timeline import Clock
from kaojian.audit import objects_of, second_objects_of
from kaojian.stamping import authority_of
from kaojian.wiring import open_archive
from records.closing import Closed, Sealing, close_batch
from records.errors import NotReady
from storage.database import Database
from storage.errors import StorageError, UnknownBatch
from storage.manifest import keys, trees
from storage.manifest.exporting import Contents, export, require_closed
from storage.manifest.keeping import keep
from storage.manifest.stored import StoreAddress, verify_stored
from storage.manifest.trees import Said
from storage.manifest.verifying import Trust, verify
from storage.objects import S3Objects
from storage.signing import Signer

_log = structlog.get_logger()


def close(
    settings: Settings, database: Database, batch_id: str, actor: Actor, clock: Clock, *, reason: str
) -> Closed:
    """Close a batch by its own rule pack. Raises as ``records.closing.close_batch``, ConfigError, OSError."""
    sittings = database.setup.sittings(batch_id)
    if not sittings:
        there = ", ".join(each.id for each in database.setup.batches()) or "none"
        raise UnknownBatch(f"there is no batch {batch_id} (there is: {there}); set it up with `kaojian apply`")
    packs = {sitting.batch.rule_pack for sitting in sittings}
    if len(packs) > 1:
        raise NotReady(f"the sittings of batch {batch_id} rest on several rule packs: {', '.join(sorted(packs))}")
    pack = rule_pack.load(packs.pop(), settings.rule_packs_dir)
    sealing = Sealing(
        signer=Signer.kept(settings.signing_key_file),
        objects=objects_of(settings),
        pack=pack,
        pack_sha256=rule_pack.digest(pack.id, settings.rule_packs_dir),
        software=f"kaojian {VERSION}",
        authority=authority_of(settings),
    )
    closed = close_batch(database, batch_id, actor, clock, sealing, reason=reason)
    _keep_in_second(settings, database, closed.link.site)
    return closed


def _keep_in_second(settings: Settings, database: Database, site: str) -> None:
    """At once, where there is a second store; the uploader brings there by and by what could not be brought now."""
    try:
        second = second_objects_of(settings)
        if second is not None:
            keep(database.closings, site, second)
    except StorageError as error:
        _log.warning("closing_not_in_second_store", site=site, error=str(error))


def told(closed: Closed) -> Iterator[str]:
    """What was closed, in lines for people."""
    link, manifest = closed.link, closed.manifest
    gaps = sum(len(each.gaps) for sitting in manifest.sittings for each in sitting.cameras)
    what = "amended 已更正" if closed.amended else "closed 已结束"
    yield f"batch {link.batch} is {what}: manifest {link.number} of site {link.site}"
    yield f"segments 录像文件: {len(manifest.segments)}, root 根值 {link.segments_root}"
    yield f"gaps of cameras 摄像机断档: {gaps}"
    if closed.stamp is not None:
        yield f"stamped 已加盖时间戳: {_day(closed.stamp.stamped_at)}"
    else:
        yield f"not stamped 未加盖时间戳: {closed.unstamped}"
    yield f"keep on paper 请抄存: --head {link.number}:{link.digest}"


def take_away(
    settings: Settings, database: Database, batch_id: str, target: Path, *, actor: Actor, clock: Clock
) -> Contents:
    """Export a batch, written down as footage that was taken away before anything is given.

    Raises as ``export`` and ``dashboard.access.local.give``.
    """
    require_closed(database, batch_id)
    signer = Signer.kept(settings.signing_key_file)
    segments = [segment for segment, _ in database.evidence.segments_of(batch_id)]
    local.give(database, clock, actor, segments, purpose="export 导出批次")
    database.journal.record(clock.now(), actor, "export_batch", batch_id, target.name)
    archive = open_archive(settings, database, duty=Duty.READ)
    return export(database, archive, batch_id, target, signer=signer, clock=clock)


def checked(source: Path, trust: Trust) -> Iterator[Said]:
    """Each step of checking an export, once it is done. Raises as ``verify``."""
    with trees.reading(source) as tree:
        yield from verify(tree, trust)


def checked_in_store(settings: Settings, address: StoreAddress, trust: Trust) -> Iterator[Said]:
    """Each step of checking a batch where it lies under lock, by the settings' server and credentials, whatever their
    bucket. Nothing else of the installation is needed. Raises as ``verify_stored``, SettingsRefused.
    """
    in_second = settings.s3_second_endpoint and address.bucket == settings.s3_second_bucket
    store = settings.s3_second_for(Duty.READ) if in_second else settings.s3_for(Duty.READ)
    if store is None:
        raise SettingsRefused(
            "KAOJIAN_S3_ENDPOINT is not set: say at which server the bucket is, and with which keys it is read"
        )
    with closing(S3Objects(replace(store, bucket=address.bucket))) as objects:
        yield from verify_stored(objects, address.site, address.batch, trust)


def rotate(settings: Settings, database: Database, actor: Actor, clock: Clock) -> tuple[str, str]:
    """Let a new key take over: the old and the new public key. Raises as ``storage.manifest.keys.rotate``."""
    old, new = keys.rotate(database.closings, settings.signing_key_file, clock.now())
    database.journal.record(clock.now(), actor, "rotate_key", new, f"after {old}")
    return old, new


def published(database: Database) -> Iterator[str]:
    """The installation's keys, in lines for people and for publishing."""
    for each in keys.published(database.closings).keys:
        until = "" if each.valid_until is None else _day(each.valid_until)
        yield f"{each.key}  {_day(each.valid_from)} .. {until}".rstrip()


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
