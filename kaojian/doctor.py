"""What must be right on this machine before an exam: one line for each thing, with what to do where it is not.

Looks and tries, repairs nothing; only the database's schema is brought up to date, and the lock test leaves one
throw-away object under a lock of some seconds. Not here: whether a sitting's cameras answer (the recorder says that).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from datetime import datetime

from analysis.live import host_clocks_now
from analysis.people.errors import DetectorError
from config import rule_pack
from config.errors import ConfigError
from config.s3 import Duty, S3Settings
from config.secrets import Secrets
from config.settings import Settings
from config.vault import Vault
from dashboard.access.errors import ProviderDown
from dashboard.access.provider import Provider
from domain.health import Check, CheckState, Part
from domain.host_clock import ClockState, HostClock, NtpState, Witness, judge_clock
from domain.timeline import SystemClock
from ingest.ballast import Ballast
from ingest.kernel_clock import kernel_clock
from ingest.set_aside import REMEDY, SetAside
from ingest.spool import Spool, SpoolError
from ingest.spool_standing import SecondCopies, SpoolState, look, second_copies
from kaojian import backup, tls
from kaojian.detecting import detector_of
from kaojian.disks import ballast, recorder_name, spools_of
from kaojian.stamping import authority_of
from kaojian.status import glass_told
from records.conduct import Disk
from records.headroom import Headroom, Spools, headrooms, remedy, told
from records.receivers import load as load_webhooks
from storage.database import Database, connect
from storage.errors import StorageError
from storage.manifest.stamps import refuse_before
from storage.objects import Objects, S3Objects

_LEVELLED_S = 300.0
"""A file that one spool missed is copied there within this time while all is well."""

_FOLLOW = "run: timedatectl set-ntp true, or start chrony, and wait a minute"

_RENEW = "run: kaojian tls --renew, or ask for another one where this one came from"


def open_objects(settings: S3Settings) -> Objects:
    """The object store of the settings."""
    return S3Objects(settings)


def examine(
    settings: Settings,
    clock: Callable[[], NtpState | None] = kernel_clock,
    store: Callable[[S3Settings], Objects] = open_objects,
) -> Iterator[Check]:
    """All checks, one after the other; a check that fails does not stop the next."""
    yield check_clock(_read_clock(clock(), settings.s3, store))
    yield check_disk(settings)
    yield from check_ballast(ballast(settings))
    yield from check_rows(settings)
    yield from check_webhooks(settings)
    yield from check_provider(settings)
    yield from check_stamps(settings)
    yield from check_tls(settings, SystemClock().now())
    yield from check_sealed(settings)
    yield from check_detector(settings)
    yield from _check_store(settings.s3, store)
    yield from _check_second_store(settings, store)
    yield from _check_database(settings)


def glance(
    settings: Settings,
    database: Database,
    now: datetime,
    clock: Callable[[], NtpState | None] = kernel_clock,
) -> Iterator[Check]:
    """What ``examine`` looks at and costs next to nothing, for the page: asks nobody on the network, loads no model,
    writes nothing. The clock is as the recorder of this host read it last. Raises DatabaseUnavailable.
    """
    read = host_clocks_now(database.evidence, now).get(recorder_name(settings))
    yield check_clock(read or HostClock(recorder="", at=now, ntp=clock()))
    yield from _though_broken(Part.DISK, lambda: [check_disk(settings)])
    yield from _though_broken(Part.BALLAST, lambda: check_ballast(ballast(settings)))
    yield from _though_broken(Part.ROWS, lambda: check_rows(settings))
    yield from check_webhooks(settings)
    yield from check_tls(settings, now)
    yield from check_sealed(settings)
    yield from _in_database(database, settings, now)


def _though_broken(part: Part, looks: Callable[[], Iterable[Check]]) -> list[Check]:
    """A disk that does not answer is what the page is opened for: it keeps nothing else from being told."""
    try:
        return list(looks())
    except (OSError, SpoolError) as error:
        return [
            Check(part, CheckState.FAIL, f"a disk does not answer: {error}", "see whether it is mounted and sound")
        ]


def is_fit(checks: Iterable[Check]) -> bool:
    """Whether an exam may be recorded on this machine."""
    return all(check.state is not CheckState.FAIL for check in checks)


def check_clock(reading: HostClock) -> Check:
    """Footage is only as true as the host's clock, which is the time base of every report."""
    found = judge_clock(reading)
    off = f"{abs(found.offset_s or 0.0):.3f} s"
    match found.state, found.by:
        case ClockState.SYNCHRONISED, Witness.NTP:
            return Check(Part.CLOCK, CheckState.OK, f"kept in step, at most {found.error_s:.3f} s off")
        case ClockState.SYNCHRONISED, _:
            said = f"no time server is followed, but the object store's clock agrees: {off} off"
            return Check(Part.CLOCK, CheckState.NOTE, said, _FOLLOW)
        case ClockState.OFF, _:
            said = f"no time server is followed, and the object store's clock is {off} off this one"
            return Check(Part.CLOCK, CheckState.FAIL, said, _FOLLOW)
        case ClockState.DISPUTED, _:
            said = f"a time server is followed, but the object store's clock is {off} off this one"
            return Check(
                Part.CLOCK, CheckState.FAIL, said, "find out which of the two machines follows a wrong time server"
            )
    if reading.ntp is None:
        return Check(
            Part.CLOCK, CheckState.UNKNOWN, "the kernel's clock state cannot be read here", "check the time by hand"
        )
    said = "nothing keeps this machine's clock in step; unless three cameras vouch for it, times will be unproven"
    return Check(Part.CLOCK, CheckState.FAIL, said, _FOLLOW)


def check_disk(settings: Settings) -> Check:
    """The spool's disk must be writable and hold more than its reserve."""
    disk = Disk.of(settings.spool_dir, settings.min_free_bytes)
    standing = next(folder for folder in (disk.path, *disk.path.parents) if folder.exists())
    said = f"{disk.path}: {_gib(disk.free_bytes)} free, {_gib(disk.reserve_bytes)} kept in reserve"
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        return Check(
            Part.DISK, CheckState.FAIL, f"{standing} cannot be written", "give this user the right to write there"
        )
    if disk.free_bytes < disk.reserve_bytes:
        remedy = "make room there, or set KAOJIAN_SPOOL_DIR to a larger disk; until then no sitting is opened"
        return Check(Part.DISK, CheckState.FAIL, said, remedy)
    return Check(Part.DISK, CheckState.OK, said)


def check_webhooks(settings: Settings) -> Iterator[Check]:
    """The file of webhooks must be readable, and each webhook's secret be there. Nothing is sent."""
    if settings.webhooks_file is None:
        return
    try:
        targets = load_webhooks(settings.webhooks_file).targets
    except ConfigError as error:
        remedy = "mend the file; until then nobody is told of failures"
        yield Check(Part.WEBHOOKS, CheckState.FAIL, str(error).splitlines()[0], remedy)
        return
    for target in targets:
        try:
            settings.secrets.credentials(target.secret)
        except ConfigError as error:
            yield Check(Part.WEBHOOKS, CheckState.FAIL, f"{target.name}: {error}", "see docs/operations.md, Webhooks")
            return
    yield Check(Part.WEBHOOKS, CheckState.OK, f"{len(targets)} set; try them with: kaojian webhook test")


def check_provider(settings: Settings) -> Iterator[Check]:
    """The identity provider should answer, and our secret be there; without it whoever has a password comes in."""
    if settings.oidc is None:
        return
    try:
        Provider(settings.oidc, settings.secrets, SystemClock()).look()
    except ProviderDown as error:
        remedy = "see docs/operations.md, Identity provider; passwords go on working"
        yield Check(Part.PROVIDER, CheckState.NOTE, str(error), remedy)
    else:
        yield Check(Part.PROVIDER, CheckState.OK, f"{settings.oidc.issuer} answers")


def check_stamps(settings: Settings) -> Iterator[Check]:
    """The time stamp authority should answer with a stamp that holds; it is asked for one of a random number.

    Nothing waits for it: what is signed meanwhile is stamped later.
    """
    authority = authority_of(settings)
    if authority is None:
        return
    try:
        _, stamp = authority.stamp(os.urandom(32))
        refuse_before(stamp, SystemClock().now())
    except StorageError as error:
        remedy = "see docs/operations.md, Time stamps; batches can be closed meanwhile, and are stamped later"
        yield Check(Part.STAMPS, CheckState.NOTE, str(error), remedy)
    else:
        yield Check(Part.STAMPS, CheckState.OK, f"{settings.stamp_url} answers, as {stamp.authority}")


def check_unstamped(database: Database, settings: Settings) -> Iterator[Check]:
    """Links that wait for their stamp get it by themselves, where the service runs and the authority answers."""
    waiting = database.closings.unstamped() if settings.stamps is not None else []
    if waiting:
        oldest = min(link.signed_at for link in waiting)
        said = f"{len(waiting)} closings wait for theirs, the oldest since {oldest:%Y-%m-%d}"
        remedy = "see that the service runs and the authority answers; or close one of them again"
        yield Check(Part.STAMPS_TO_COME, CheckState.NOTE, said, remedy)


def check_tls(settings: Settings, now: datetime) -> Iterator[Check]:
    """The certificate must be usable and last; nothing is to be said of plain HTTP, which stays on loopback."""
    if settings.tls_cert is None:
        return
    try:
        served = tls.look(settings.tls_cert, settings.tls_key)
    except tls.TlsRefused as error:
        yield Check(
            Part.TLS,
            CheckState.FAIL,
            str(error),
            "mend the files, or make others: kaojian tls; see docs/operations.md",
        )
        return
    said = f"{settings.tls_cert} is good until {served.ends:%Y-%m-%d} for {', '.join(served.names)}"
    if served.ends <= now:
        said = f"{settings.tls_cert} ran out on {served.ends:%Y-%m-%d}: no browser opens the pages any more"
        yield Check(Part.TLS, CheckState.FAIL, said, _RENEW)
    elif served.runs_out_soon(now):
        yield Check(Part.TLS, CheckState.NOTE, f"{said}, {(served.ends - now).days} days from now", _RENEW)
    else:
        yield Check(Part.TLS, CheckState.OK, said)


def check_sealed(settings: Settings) -> Iterator[Check]:
    """Secrets should not lie on the disk as they are; whether they can be used is asked where they are named."""
    try:
        clear = Vault(settings.secrets_dir, settings.secrets_key_source).in_the_clear()
    except (ConfigError, OSError) as error:
        yield Check(Part.SEALED_SECRETS, CheckState.FAIL, str(error), f"mend it in {settings.secrets_dir}")
        return
    if clear:
        said = f"in the clear in {settings.secrets_dir}: {', '.join(clear)}"
        yield Check(Part.SEALED_SECRETS, CheckState.NOTE, said, "run: kaojian secret encrypt")


def check_detector(settings: Settings) -> Iterator[Check]:
    """An installed model should be the file that was added, and run. Recording needs none, and no verdict does."""
    try:
        detector = detector_of(settings)
    except (StorageError, DetectorError) as error:
        yield Check(
            Part.DETECTOR, CheckState.NOTE, str(error), "until it is mended nothing is said of people at stations"
        )
    else:
        if detector is not None:
            yield Check(Part.DETECTOR, CheckState.OK, f"{detector.name} finds people; what it says is advice")


def check_spools(database: Database, spools: Spools, now: datetime) -> Iterator[Check]:
    """Each spool must be the one that rows speak of, and the second one must keep up with the first."""
    found = look(database.evidence, spools.folders, spools.owner)
    for part, standing in zip((Part.SPOOL, Part.SECOND_SPOOL), found, strict=False):
        if standing.detail:
            state = CheckState.NOTE if standing.state is SpoolState.SHARED else CheckState.FAIL
            yield Check(part, state, standing.detail, standing.remedy)
    if len(found) > 1:
        yield check_second_copies(second_copies(database.evidence, found[0], found[1], _cameras(database)), now)


def check_second_copies(found: SecondCopies, now: datetime) -> Check:
    """How far the second spool is behind (C6.2-2)."""
    lag = found.greatest_lag
    said = "no file lies in both yet" if lag is None else f"greatest lag {lag.total_seconds():.1f} s ({found.camera})"
    if found.waiting_since is None:
        return Check(Part.SECOND_COPIES, CheckState.OK, f"{said}, of the newest files none lacks its second copy")
    waits_s = (now - found.waiting_since).total_seconds()
    said = f"{said}; {found.waiting} of the newest files lack their second copy, the first for {waits_s:.0f} s"
    if waits_s < _LEVELLED_S:
        return Check(Part.SECOND_COPIES, CheckState.OK, said)
    return Check(
        Part.SECOND_COPIES,
        CheckState.NOTE,
        said,
        "see that the second spool is mounted, has room, and the recorder runs",
    )


def _cameras(database: Database) -> list[str]:
    return [camera.id for site in database.setup.sites() for room in site.rooms for camera in room.cameras]


def check_ballast(found: Ballast) -> Iterator[Check]:
    """Each disk of database, state and spools should hold blocks that can be given up when it is full."""
    for folder in found.places() if found.size_bytes else ():
        name = f"{folder}: {found.size_bytes >> 20} MiB"
        if found.is_held(folder):
            yield Check(Part.BALLAST, CheckState.OK, f"{name} held, to be given up when the disk is full")
        elif found.fits(folder):
            yield Check(Part.BALLAST, CheckState.OK, f"{name} will be taken when the recorder runs")
        else:
            said = f"{name} not held: the disk is full, and the database may soon be unable to write"
            yield Check(
                Part.BALLAST, CheckState.FAIL, said, f"make room in {folder}; the ballast is then taken again"
            )


def check_rows(settings: Settings) -> Iterator[Check]:
    """Rows that the database refused are no part of any report."""
    refused = SetAside([Spool(folder, settings.min_free_bytes) for folder in settings.spool_dirs]).waiting()
    if refused:
        said = f"the database refused {len(refused)}, the first because {refused[0].reason}"
        yield Check(Part.ROWS, CheckState.FAIL, said, REMEDY)


def _read_clock(
    ntp: NtpState | None, settings: S3Settings | None, store: Callable[[S3Settings], Objects]
) -> HostClock:
    """The host's clock by the witnesses that can be asked without recording."""
    server = None
    if settings is not None:
        with suppress(StorageError):  # told by the checks of the store
            server = store(settings).date()
    return HostClock(recorder="", at=SystemClock().now(), ntp=ntp, server=server)


def _check_store(settings: S3Settings | None, store: Callable[[S3Settings], Objects]) -> Iterator[Check]:
    if settings is None:
        said = "none is set: footage lies in the spool only, and clause C6.2-5 cannot be met"
        yield Check(Part.STORE, CheckState.NOTE, said, "set KAOJIAN_S3_ENDPOINT and the keys")
        return
    yield from _try_store((Part.STORE, Part.LOCK), settings, store, "KAOJIAN_S3_ENDPOINT, _SECURE and the keys")


def _check_second_store(settings: Settings, store: Callable[[S3Settings], Objects]) -> Iterator[Check]:
    """It must answer and lock like the first, and is worth something only where it does not burn with the first."""
    try:
        second = settings.s3_second_for(Duty.KEEP)
    except ConfigError as error:
        yield Check(
            Part.SECOND_STORE, CheckState.FAIL, str(error), f"put its key into the secret {settings.s3_second_secret}"
        )
        return
    if second is None:
        return
    if second.endpoint == settings.s3_endpoint:
        said = f"both buckets are on {second.endpoint}: copies there count as one, since they fail together"
        yield Check(
            Part.SECOND_STORE, CheckState.NOTE, said, "set KAOJIAN_S3_SECOND_ENDPOINT to a server on another machine"
        )
    keys = f"KAOJIAN_S3_SECOND_ENDPOINT, _SECURE and the secret {settings.s3_second_secret}"
    yield from _try_store((Part.SECOND_STORE, Part.SECOND_LOCK), second, store, keys)


def _try_store(
    parts: tuple[Part, Part], settings: S3Settings, store: Callable[[S3Settings], Objects], depends_on: str
) -> Iterator[Check]:
    where = f"{settings.endpoint}, bucket {settings.bucket}"
    answers, locks = parts
    try:
        found = store(settings)
        found.ping()
        yield Check(answers, CheckState.OK, f"{where} answers")
        test = found.self_test()
    except StorageError as error:
        yield Check(answers, CheckState.FAIL, f"{where}: {error}", f"check that the server runs, and {depends_on}")
        return
    state, remedy = (CheckState.OK, "") if test.ok else (CheckState.FAIL, "use a store and a bucket with object lock")
    yield Check(locks, state, test.detail, remedy)


def _check_database(settings: Settings) -> Iterator[Check]:
    try:
        with closing(connect(settings.database_url)) as database:
            database.ping()
            yield Check(Part.DATABASE, CheckState.OK, f"{database} answers, its schema is up to date")
            yield from _in_database(database, settings, SystemClock().now())
    except StorageError as error:
        yield Check(Part.DATABASE, CheckState.FAIL, str(error), "mend it, or set KAOJIAN_DATABASE_URL")


def _in_database(database: Database, settings: Settings, now: datetime) -> Iterator[Check]:
    """What is told by its rows. Raises DatabaseUnavailable."""
    yield from check_glass(database, now)
    yield check_backup(database, settings, now)
    yield from check_unstamped(database, settings)
    yield check_secrets(database, settings.secrets)
    yield from check_spools(database, spools_of(settings), now)
    evicts = settings.s3 is not None
    yield from check_headroom(headrooms(database, spools_of(settings), now, evicts=evicts), evicts=evicts)
    yield check_rule_packs(database, settings)


def check_headroom(rooms: Iterable[Headroom], *, evicts: bool) -> Iterator[Check]:
    """The coming sittings must fit; with an object store what is uploaded meanwhile may make the room."""
    for room in rooms:
        if room.sittings:
            short = CheckState.NOTE if evicts else CheckState.FAIL
            yield Check(Part.HEAD_ROOM, short if room.short_bytes else CheckState.OK, told(room), remedy(room))


def check_backup(database: Database, settings: Settings, now: datetime) -> Check:
    """A machine that burns should be one that can be made anew, and not from a backup of last year."""
    well, said, remedy = backup.standing(settings, database, now)
    return Check(Part.BACKUP, CheckState.OK if well else CheckState.NOTE, said, remedy)


def check_glass(database: Database, now: datetime) -> Iterator[Check]:
    """That somebody had an emergency account made must be known to whoever answers for this machine."""
    for each in database.broken_glass.told(now):
        remedy = f"when it is no longer needed: kaojian user disable {each.account}" if each.is_open(now) else ""
        yield Check(Part.GLASS, CheckState.NOTE, glass_told(each, now), remedy)


def check_secrets(database: Database, secrets: Secrets) -> Check:
    """Every secret that a camera names must be there and be readable by its owner only."""
    sites = [*database.setup.sites(), *(sitting.site for sitting in database.setup.sittings())]
    cameras = (camera for site in sites for room in site.rooms for camera in room.cameras)
    names = sorted({camera.secret for camera in cameras if camera.secret is not None})
    wrong = []
    for name in names:
        try:
            secrets.credentials(name)
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        return Check(Part.SECRETS, CheckState.FAIL, f"{len(wrong)} of {len(names)} cannot be used", "; ".join(wrong))
    return Check(Part.SECRETS, CheckState.OK, f"{len(names)} of {len(names)} that cameras name are there")


def check_rule_packs(database: Database, settings: Settings) -> Check:
    """Every rule pack that a batch is judged by must load."""
    names = sorted({batch.rule_pack for batch in database.setup.batches()} | {*rule_pack.available()})
    try:
        for name in names:
            rule_pack.load(name, settings.rule_packs_dir)
    except ConfigError as error:
        return Check(Part.RULE_PACKS, CheckState.FAIL, str(error), "mend the file, or set KAOJIAN_RULE_PACKS_DIR")
    return Check(Part.RULE_PACKS, CheckState.OK, ", ".join(names))


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.1f} GiB"
