"""Backup and restore, put together from the settings: which files belong to a backup, when it is made by night, and
what the person who restores one is told.

Not here: how one is made and opened (``storage.backup``), and what brings rows of footage back
(``records.rebuilding``).
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fcntl import LOCK_SH, flock
from os import O_DIRECTORY, O_RDONLY, close
from os import open as open_folder
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from config.private_files import write_private
from config.settings import Settings, env_file, in_environment
from config.version import VERSION
from domain.calendar import SHANGHAI
from domain.people import Actor, Door
from domain.timeline import Clock, rfc3339
from kaojian.beside import beside
from kaojian.notary import notary_of
from kaojian.replica import litestream_of
from records import backups
from records.adopting import Rebuilt
from records.backups import Keeping
from storage.audit.days import DAYS
from storage.audit.notary import SEALS
from storage.backup import shelf
from storage.backup.comparing import Beyond, RolledBack, beyond
from storage.backup.contents import DATABASES, BackupContents, BackupFailed, RestoreRefused
from storage.backup.envelope import RecoveryKey, is_public
from storage.backup.reading import open_backup
from storage.backup.restoring import Places, place
from storage.backup.shelf import Shelved
from storage.backup.writing import Made
from storage.database import Database, connect, folder_of, snapshots
from storage.errors import StorageError
from storage.litestream import LitestreamFailed
from storage.objects import Objects
from storage.signing import Signer

LOOK_S = 60.0
"""How often it is looked whether a backup is due, and one that failed is tried again."""

LATEST = "latest"
_SERVICE = Actor("service:dashboard", Door.SERVICE)
_RESTORING = ".kaojian-restore-"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Restored:
    """A machine made anew. ``beyond`` is what the store knows beyond it, None where no store is set."""

    contents: BackupContents
    name: str
    files: tuple[Path, ...]
    beyond: Beyond | None


def new_recovery_key(settings: Settings, database: Database, actor: Actor, clock: Clock) -> RecoveryKey:
    """A fresh key for all backups from now on, of which only the public half is kept here. Raises OSError."""
    key = RecoveryKey.new()
    settings.secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(settings.recovery_public_file, f"{key.public}\n".encode())
    database.journal.record(clock.now(), actor, "new_recovery_key", key.public)
    return key


def recipient_of(settings: Settings) -> str | None:
    """The public half for which backups are sealed; None where there is none. Raises BackupFailed, OSError."""
    try:
        text = settings.recovery_public_file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not is_public(text):
        raise BackupFailed(
            f"{settings.recovery_public_file} holds no public half of a recovery key; make another one"
        )
    return text


def keeping_of(settings: Settings) -> Keeping:
    """With what backups of this installation are made. Raises BackupFailed, KeyRefused, OSError."""
    recipient = recipient_of(settings)
    if recipient is None:
        raise BackupFailed(
            "there is no recovery key yet, and a backup that holds keys is never written in the clear; run "
            "`kaojian backup --new-key`, and keep what it prints on paper, away from this machine"
        )
    # Read anew each time: the service must not sign with a key that was handed over since it started.
    signer = Signer.read(settings.signing_key_file)
    return Keeping(
        database_url=settings.database_url,
        folder=settings.data_dir,
        files=lambda: files_of(settings),
        signer=signer,
        recipient=recipient,
        software=f"kaojian {VERSION}",
        reserve_bytes=settings.min_free_bytes,
    )


def files_of(settings: Settings) -> dict[str, bytes]:
    """All files of a backup but the database, by the path that they have in it. Raises SettingsRefused, OSError."""
    found: dict[str, bytes] = {}
    with _nobody_seals(settings.secrets_dir):
        found |= _below(settings.secrets_dir, "secrets/")
        if settings.secrets_key_file.is_file():
            found["secrets.key"] = settings.secrets_key_file.read_bytes()
    for record in ("viewings", "journal"):
        folder = settings.data_dir / record
        found |= {path: data for path, data in _below(folder, f"{record}/").items() if path.endswith(f"/{SEALS}")}
        found |= _below(folder / DAYS, f"{record}/{DAYS}/")
    found |= _below(settings.data_dir / "tls", "tls/")
    found |= _below(settings.rule_packs_dir, "set-up/rule_packs/")
    for name, file in _named(settings).items():
        if file is not None and file.is_file() and file.parent != settings.data_dir / "tls":
            found[f"set-up/{name}"] = file.read_bytes()
    lines = (f"{name}={value}" for name, value in in_environment().items())
    found["set-up/environment.env"] = "".join(f"{line}\n" for line in lines).encode()
    return found


def _named(settings: Settings) -> dict[str, Path | None]:
    """Files that a setting names, wherever they lie, by what they are called in a backup."""
    return {
        "settings.env": env_file(),
        "webhooks.yaml": settings.webhooks_file,
        "holidays.yaml": settings.holidays_file,
        "tls_cert.pem": settings.tls_cert,
        "tls_key.pem": settings.tls_key,
        "s3_secret_key": settings.s3_secret_key_file,
    }


def _below(folder: Path, prefix: str) -> dict[str, bytes]:
    """The files of one folder; what it holds of other folders, and what is being written, is none of them."""
    if not folder.is_dir():
        return {}
    files = sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    return {prefix + each.name: each.read_bytes() for each in files}


@contextmanager
def _nobody_seals(folder: Path) -> Iterator[None]:
    """Wait until no command is at work on the secrets (flock(2), as ``config.vault``): they must fit their key."""
    if not folder.is_dir():
        yield
        return
    handle = open_folder(folder, O_RDONLY | O_DIRECTORY)
    try:
        flock(handle, LOCK_SH)
        yield
    finally:
        close(handle)


@contextmanager
def backed_up(settings: Settings, database: Database, objects: Objects | None, clock: Clock) -> Iterator[None]:
    """Bring a backup under lock each night, and at once where the last night had none, until the block ends."""
    if objects is None or settings.backup_lock_days == 0:
        yield
        return
    with beside("backups", lambda stop: _keep_backing_up(settings, database, objects, clock, stop)):
        yield


def _keep_backing_up(
    settings: Settings, database: Database, objects: Objects, clock: Clock, stop: threading.Event
) -> None:
    told = ""
    while not stop.is_set():
        try:
            if is_due(backups.newest(database), clock.now(), settings.backup_hour):
                there, made, _ = backups.bring_under_lock(
                    database, keeping_of(settings), objects, lock_of(settings), actor=_SERVICE, clock=clock
                )
                _log.info("backup_made", key=there.key, bytes=made.size_bytes)
            told = ""
        except Exception as error:  # noqa: BLE001 - the top of a supervised loop: pages must go on, and the next night
            if str(error) != told:
                _log.error("backup_not_made", error=str(error), kind=type(error).__name__)
            told = str(error)
        stop.wait(LOOK_S)


def is_due(newest: datetime | None, now: datetime, hour: int) -> bool:
    """Whether no backup was made since that hour of Beijing struck last."""
    local = now.astimezone(SHANGHAI)
    struck = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if struck > local:
        struck -= timedelta(days=1)
    return newest is None or newest < struck


def lock_of(settings: Settings) -> timedelta:
    """How long a backup is locked; one that was asked for by hand for a day at least."""
    return timedelta(days=max(1, settings.backup_lock_days))


def made_lines(made: Made, key: str) -> Iterator[str]:
    """What was made, in lines for people."""
    contents = made.contents
    yield f"written: {key}, {made.size_bytes} bytes, {len(contents.parts)} parts, sha256 {made.sha256}"
    yield f"restore it with: kaojian restore {key} --key {contents.key}, and the recovery key"


def shelved_lines(found: Collection[Shelved]) -> Iterator[str]:
    """All backups in the store, in lines for people."""
    for each in found:
        yield f"{rfc3339(each.made)}  {each.key}"
    if not found:
        yield "no backup lies in the object store yet"


def restore(
    settings: Settings,
    source: str,
    *,
    recovery: RecoveryKey,
    keys: Collection[str],
    objects: Objects | None,
    actor: Actor,
    clock: Clock,
    newest_rows: bool = False,
) -> Restored:
    """Make this machine anew from a backup: a file, one of the store by its key there, or its ``latest``.

    With ``newest_rows`` the database is the copy of litestream, which nobody signed. Raises LitestreamFailed,
    RestoreRefused, BackupRefused, EnvelopeRefused, SchemaUnknown, DatabaseUnavailable, as ``Objects.read``,
    OSError.
    """
    folder = folder_of(settings.database_url) or settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_RESTORING}*"):  # of a restore that was killed: it lay open in there
        shutil.rmtree(left)
    places = Places(settings.data_dir, settings.secrets_dir, settings.secrets_key_file, settings.database_url)
    with TemporaryDirectory(prefix=_RESTORING, dir=folder) as inside:
        file, name = _found(source, objects, Path(inside))
        contents = open_backup(file, Path(inside) / "parts", recovery=recovery, keys=keys)
        if newest_rows:
            contents = _with_newest_rows(settings, Path(inside), contents)
        files = place(Path(inside) / "parts", contents, places)
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        found = None if objects is None else beyond(database, objects)
        detail = f"made {rfc3339(contents.made)}, signed by {contents.key}"
        database.journal.record(clock.now(), actor, "restore_backup", name, detail)
    return Restored(contents, name, tuple(files), found)


def _with_newest_rows(settings: Settings, inside: Path, contents: BackupContents) -> BackupContents:
    """Put litestream's copy in the place of the database in the backup. Raises LitestreamFailed, SchemaUnknown."""
    copy = inside / "replica.sqlite3"
    litestream_of(settings).restore(copy)
    with closing(sqlite3.connect(copy)) as one_file:  # as the one in the backup: without a log beside it
        one_file.execute("PRAGMA journal_mode = DELETE")
    revision = snapshots.revision_of(f"sqlite:///{copy}")
    if revision is None:
        raise LitestreamFailed("litestream brought back a database that is none of ours; restore without it")
    copy.replace(inside / "parts" / DATABASES["sqlite"])
    return replace(contents, schema=revision)


def _found(source: str, objects: Objects | None, folder: Path) -> tuple[Path, str]:
    """The sealed file, and what it is called."""
    if source != LATEST and not source.startswith(shelf.PREFIX):
        return Path(source), Path(source).name
    if objects is None:
        raise RestoreRefused("no object store is set; set KAOJIAN_S3_ENDPOINT and the keys, or name a file")
    there = shelf.shelved(objects)
    wanted = there[0] if there and source == LATEST else next((each for each in there if each.key == source), None)
    if wanted is None:
        raise RestoreRefused(f"there is no backup {source} in {objects.target}; `kaojian backup --list` shows all")
    shelf.fetch(objects, wanted, folder / "sealed")
    return folder / "sealed", wanted.key


def restored_lines(settings: Settings, done: Restored) -> Iterator[str]:
    """What was restored and what is still to be done, in lines for people."""
    contents = done.contents
    yield f"restored 已恢复: {done.name}, made {rfc3339(contents.made)} by {contents.software}, key {contents.key}"
    yield f"database and {len(done.files)} files are in their places"
    yield f"set-up of the old machine: {settings.data_dir / 'set-up'}; compare its settings with those of this one"
    if done.beyond is None:
        yield "NOT COMPARED 未比对: no object store is set, so nobody knows what was lost since the backup"
        return
    yield from beyond_lines(done.beyond)


def beyond_lines(found: Beyond) -> Iterator[str]:
    """What the object store has and the database has not, in lines for people."""
    for each in found.records:
        yield f"ROLLED BACK 记录回退: {_behind(each, 'the record of ' + each.name, 'its newest seal')}"
    for each in found.sites:
        yield f"ROLLED BACK 签名链回退: {_behind(each, 'the chain of site ' + each.name, 'its last link')}"
    for batch in found.batches:
        yield f"in the store only 仅在存储中: {batch.segments} segments of batch {batch.batch}"
    if found.papers:
        yield f"in the store only 仅在存储中: {found.papers} papers of disposals and withholdings 处置、扣留文书"
    if found.sites or found.batches or found.papers:
        yield "run `kaojian rebuild` before anything is opened, closed or signed: it brings them back"
    if found.records:
        yield (
            "entries of records since the backup are lost, and `kaojian check` will say so for ever: write it into "
            "the minutes 请写入工作记录"
        )
    if not found:
        yield "the object store knows nothing that this machine does not know 与对象存储一致"


def _behind(each: RolledBack, what: str, end: str) -> str:
    here = "nothing" if each.here is None else str(each.here)
    how = "went on differently" if each.forked else "is older"
    return f"{what} {how} here ({here}) than in the object store, where {end} is {each.stored}"


def standing(settings: Settings, database: Database, now: datetime) -> tuple[bool, str, str]:
    """Whether backups are as they should be, in a sentence, and what to do. Raises DatabaseUnavailable."""
    newest = backups.newest(database)
    if settings.s3 is None:
        return False, "no object store is set, so none is made by itself", "carry some away: kaojian backup FILE"
    try:
        recipient = recipient_of(settings)
    except (StorageError, OSError) as error:
        return False, str(error), "run: kaojian backup --new-key"
    if recipient is None:
        return False, "there is no recovery key, so none is made", "run: kaojian backup --new-key"
    if newest is None:
        return False, "none was brought under lock yet", "run: kaojian backup, and keep the service running"
    said = f"the newest one was brought under lock {rfc3339(newest)}"
    remedy = "look for backup_not_made in the log, or run: kaojian backup"
    return (False, f"{said}, too long ago", remedy) if backups.is_stale(newest, now) else (True, said, "")


def rebuilt_lines(done: Rebuilt) -> Iterator[str]:
    """What came back, in lines for people."""
    yield (
        f"brought back 已找回: {done.links} manifests with {done.stated} segments, {done.found} segments outside of "
        f"manifests, {done.copies} copies, {done.outages} gaps, {done.keys} public keys, "
        f"{done.stamps} time stamps, {done.papers} papers of destruction, {done.withholdings} withholdings"
    )
    if done.to_look:
        yield (
            f"{done.to_look} segments are to be looked at again 待重新核验画面: reports say 无法判定 of them until "
            "the service has done so; `kaojian status` counts them"
        )
    if done.found:
        yield "the analysis opens those outside of manifests when the service runs; close their batches after that"
