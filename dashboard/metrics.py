"""What the service does right now as Prometheus metrics, read from the database whenever somebody asks.

Nothing is counted in this process, so that the numbers are right whatever process did the work and whenever it was
started; the role ``live``, whose work leaves no rows, tells its own (``live_exposition``). Every look is bounded: the
newest row of something, rows that are open, rows of today by an index, and what waits up to COUNT_UP_TO. A database
that does not answer leaves out what it alone knows, and shows as itself. Labels hold names of the installation only:
no address, no credentials, no person. Not here: the routes (``dashboard.api.metrics``, ``dashboard.live.app``).
Format: Prometheus text exposition 0.0.4.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Lock

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from analysis.live import Standing, host_clocks_now, living, standings
from analysis.looking import count_waiting
from domain.alarms import Receiver
from domain.calendar import SHANGHAI
from domain.evidence import CameraState, Outage, Place, Recorder, Segment
from domain.host_clock import ClockState, judge_clock
from domain.places import Site
from ingest.ballast import Ballast
from ingest.set_aside import FOLDER as SET_ASIDE
from ingest.spool import Spool, SpoolError
from records.backups import newest as newest_backup
from records.headroom import NAMES, Headroom, Spools, headrooms
from storage.archive import Archive
from storage.database import Database, Evidence
from storage.errors import DatabaseUnavailable, StorageError
from storage.spool_marker import read_marker

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
COUNT_UP_TO = 1000
_UPTO = f"counted up to {COUNT_UP_TO}."
LOST_DAYS = 30
STORE_WAIT_S = 2.0
"""How long a scrape waits for the object store; one that takes longer counts as away."""


@dataclass(slots=True)
class StoreProbe:
    """Asks an object store whether it answers, one question at a time, whoever waits for the answer."""

    archive: Archive
    bucket: str
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "object-store-probe"))
    _asked: Future[bool] | None = None
    _lock: Lock = field(default_factory=Lock)

    def answers(self) -> bool:
        """Within STORE_WAIT_S. A question that nobody has answered yet is not put again."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = self._pool.submit(self._ask)
            asked = self._asked
        try:
            return asked.result(STORE_WAIT_S)
        except TimeoutError:
            return False

    def _ask(self) -> bool:
        try:
            self.archive.ping(self.bucket)
        except StorageError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Sources:
    """What metrics are read from. ``spools`` are those of this host, ``webhooks`` the names of those set."""

    database: Database
    archive: Archive
    spools: Spools
    stores: tuple[StoreProbe, ...]
    ballast: Ballast | None = None
    webhooks: tuple[str, ...] = ()


def exposition(sources: Sources, now: datetime) -> bytes:
    """All metrics at ``now``, in the text format of CONTENT_TYPE."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(sources, now))
    return generate_latest(registry)


class _Scrape(Collector):
    def __init__(self, sources: Sources, now: datetime) -> None:
        self._sources = sources
        self._now = now

    def collect(self) -> Iterator[Metric]:
        up = _gauge("database_up", "1 when the database answers.")
        try:
            found = list(_from_database(self._sources, self._now))
            up.add_metric([], 1)
        except DatabaseUnavailable:
            found = []
            up.add_metric([], 0)
        yield up
        yield from found
        yield from _spools(self._sources.spools.folders)
        yield from _ballast(self._sources.ballast)
        if self._sources.stores:
            answers = _gauge("object_store_up", f"1 when it answers within {STORE_WAIT_S:g} s.", "bucket")
            for store in self._sources.stores:
                answers.add_metric([store.bucket], float(store.answers()))
            yield answers


@dataclass(frozen=True, slots=True)
class Watched:
    """What the process that shows live pictures does now, and did since it began: it alone knows."""

    viewers: int
    cameras: int
    coders: int
    most_coders: int
    refused: int
    lost: int


def live_exposition(watched: Watched) -> bytes:
    """The metrics of the role ``live``, in the text format of CONTENT_TYPE."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Live(watched))
    return generate_latest(registry)


class _Live(Collector):
    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        now = self._watched
        for name, told, value in (
            ("live_viewers", "Tiles that are shown a camera.", now.viewers),
            ("live_cameras", "Cameras that are pulled for viewers.", now.cameras),
            ("live_coders", "Cameras whose pictures are coded anew.", now.coders),
            ("live_coders_most", "How many may be coded anew at once.", now.most_coders),
        ):
            gauge = _gauge(name, told)
            gauge.add_metric([], value)
            yield gauge
        since = "since the process began."
        yield CounterMetricFamily("kaojian_live_coders_refused", f"How often no coder was free, {since}", now.refused)
        yield CounterMetricFamily("kaojian_live_coders_lost", f"Coders that ended by themselves, {since}", now.lost)


def _from_database(sources: Sources, now: datetime) -> Iterator[Metric]:
    evidence = sources.database.evidence
    alive = living(evidence, now)
    cameras = _cameras(sources.database.setup.sites())
    found = standings(evidence, {each.id for each in alive}, cameras)
    yield from _recorders(evidence.open_recorders(), now)
    yield from _states(found, _wanted(sources.database, now), {each.id: each.host for each in alive})
    yield from _pictures({camera: evidence.last_segment(camera) for camera in cameras}, now)
    yield from _outages(evidence, now)
    yield from _waiting(evidence, stores_objects=sources.archive.keeps)
    yield from _looks(sources.database, now)
    yield from _copies(evidence, now)
    yield from _clocks(evidence, alive, now)
    yield from _headrooms(headrooms(sources.database, sources.spools, now, evicts=sources.archive.keeps))
    yield from _webhooks(sources.database.alarms.receivers(sources.webhooks), now)
    yield _broken_glass(sources.database, now)
    yield _backup(sources.database, now)


def _cameras(sites: Iterable[Site]) -> list[str]:
    return [camera.id for site in sites for room in site.rooms for camera in room.cameras]


def _wanted(database: Database, now: datetime) -> set[str]:
    sittings = database.setup.sittings()
    return {camera.id for each in sittings if each.wants_recording(now) for camera in each.cameras()}


def _recorders(open_ones: Iterable[Recorder], now: datetime) -> Iterator[Metric]:
    ages = _gauge(
        "recorder_heartbeat_age_seconds",
        "Time since a recorder process was last heard from; one that stopped in order or was replaced is left out.",
        "recorder",
        "life",
    )
    for each in open_ones:
        ages.add_metric([each.host, each.id], max(0.0, (now - each.seen).total_seconds()))
    yield ages


def _states(found: Mapping[str, Standing], wanted: Collection[str], names: Mapping[str, str]) -> Iterator[Metric]:
    needed = _gauge("camera_wanted", "1 while a sitting wants the camera recorded.", "camera")
    recorded = _gauge("camera_recorded", "1 while a recorder that lives records the camera.", "camera")
    states = _gauge(
        "camera_state",
        "How it stands between a recorder and a camera: 1 for the state it is in, 0 for the others.",
        "camera",
        "recorder",
        "state",
    )
    for camera, standing in found.items():
        needed.add_metric([camera], float(camera in wanted))
        recorded.add_metric([camera], float(standing.run is not None))
        newest = {names[event.recorder]: event for event in reversed(standing.events)} if camera in wanted else {}
        for name, event in sorted(newest.items()):
            for state in CameraState:
                states.add_metric([camera, name, state.value], float(state is event.state))
    yield from (needed, recorded, states)


def _pictures(newest: Mapping[str, Segment | None], now: datetime) -> Iterator[Metric]:
    """From each camera's newest closed file."""
    of_file = "in the camera's newest closed file"
    age = _gauge(
        "camera_last_picture_age_seconds",
        f"Time since the end of the last picture {of_file}; up to the length of a file while all is well.",
        "camera",
    )
    lost = _gauge("camera_lost_packets", f"RTP packets missing {of_file}.", "camera")
    delayed = _gauge("camera_delayed_seconds", f"How late the most delayed picture {of_file} was.", "camera")
    rate = _gauge("camera_bit_rate_bits_per_second", f"Bytes by length {of_file}, in bits.", "camera")
    offset = _gauge(
        "camera_clock_offset_seconds",
        f"Camera clock minus host clock {of_file}; left out where the camera tells no time.",
        "camera",
    )
    for camera, segment in newest.items():
        if segment is None:
            continue
        age.add_metric([camera], max(0.0, (now - segment.interval.end).total_seconds()))
        lost.add_metric([camera], segment.lost_packets)
        delayed.add_metric([camera], segment.delayed_s)
        rate.add_metric([camera], 8 * segment.size_bytes / segment.interval.seconds)
        if segment.clock_offset_s is not None:
            offset.add_metric([camera], segment.clock_offset_s)
    yield from (age, lost, delayed, rate, offset)


def _outages(evidence: Evidence, now: datetime) -> Iterator[Metric]:
    """Today is the day of Asia/Shanghai."""
    since = datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI).astimezone(UTC)
    found = evidence.outages_since(since)
    lives = evidence.recorders_of({each.recorder for each in found if each.recorder is not None})
    names = {each.id: each.host for each in lives}
    seconds: dict[tuple[str, str, str], float] = defaultdict(float)
    numbers: dict[tuple[str, str, str], int] = defaultdict(int)
    for outage in found:
        key = (outage.camera, names.get(outage.recorder or "", ""), outage.cause.value)
        seconds[key] += _seconds_since(outage, since, now)
        numbers[key] += 1
    told = "of the camera since midnight in Beijing, as the recorder wrote them down"
    labels = ("camera", "recorder", "cause")
    lengths = _gauge("camera_outage_today_seconds", f"Length of all outages {told}.", *labels)
    counts = _gauge("camera_outages_today", f"Number of outages {told}.", *labels)
    for key in sorted(seconds):
        lengths.add_metric(key, seconds[key])
        counts.add_metric(key, numbers[key])
    yield from (lengths, counts)


def _seconds_since(outage: Outage, since: datetime, now: datetime) -> float:
    span = outage.interval(now)
    return max(0.0, (span.end - max(span.start, since)).total_seconds()) if span is not None else 0.0


def _waiting(evidence: Evidence, *, stores_objects: bool) -> Iterator[Metric]:
    decoding = _gauge("segments_waiting_for_decoding", f"Closed files that nobody has opened yet, {_UPTO}")
    decoding.add_metric([], evidence.count_without_observation(COUNT_UP_TO))
    yield decoding
    if stores_objects:
        upload = _gauge("segments_waiting_for_upload", f"Closed files without a copy in the object store, {_UPTO}")
        upload.add_metric([], evidence.count_without_copy(Place.S3, COUNT_UP_TO))
        said = f"Files in one object store that are to lie in two, {_UPTO}"
        second = _gauge("segments_waiting_for_second_store", said)
        second.add_metric([], evidence.count_in_too_few_stores(COUNT_UP_TO))
        yield from (upload, second)


def _looks(database: Database, now: datetime) -> Iterator[Metric]:
    waiting = _gauge("segments_waiting_for_looking", f"Opened files whose pictures are to be looked at, {_UPTO}")
    waiting.add_metric([], count_waiting(database, now, COUNT_UP_TO))
    lost = _gauge("segments_not_looked_at", f"Opened files whose pictures nobody could look at, for good, {_UPTO}")
    lost.add_metric([], database.looks.count_owed(COUNT_UP_TO).given_up)
    yield from (waiting, lost)


def _copies(evidence: Evidence, now: datetime) -> Iterator[Metric]:
    due = _gauge("copies_due", f"Stored copies that are due to be read again, {_UPTO}")
    due.add_metric([], evidence.count_due_copies(now, COUNT_UP_TO))
    lost = _gauge("copies_lost", f"Stored copies found missing or damaged in the last {LOST_DAYS} days, {_UPTO}")
    lost.add_metric([], len(evidence.lost_copies(now - timedelta(days=LOST_DAYS), COUNT_UP_TO)))
    yield from (due, lost)


def _clocks(evidence: Evidence, alive: Iterable[Recorder], now: datetime) -> Iterator[Metric]:
    latest = host_clocks_now(evidence, now)
    by_host = {each.host: latest[each.host] for each in alive if each.host in latest}
    told = "by the last reading of its host that tells anything"
    states = _gauge("host_clock_state", f"The recording host's clock {told}: 1 for its state.", "recorder", "state")
    offsets = _gauge("host_clock_offset_seconds", f"Host clock minus its witness {told}.", "recorder")
    errors = _gauge("host_clock_error_seconds", f"How far off that offset may be {told}.", "recorder")
    for host, reading in sorted(by_host.items()):
        found = judge_clock(reading)
        for state in ClockState:
            states.add_metric([host, state.value], float(state is found.state))
        if found.offset_s is not None and found.error_s is not None:
            offsets.add_metric([host], found.offset_s)
            errors.add_metric([host], found.error_s)
    yield from (states, offsets, errors)


def _spools(spools: Sequence[Path]) -> Iterator[Metric]:
    free = _gauge("spool_free_bytes", "Free space of the disk that a spool of this host lies on.", "spool")
    size = _gauge("spool_size_bytes", "Size of the disk that a spool of this host lies on.", "spool")
    mounted = _gauge("spool_mounted", "1 when the folder of a spool of this host has its marker.", "spool")
    for name, folder in zip(NAMES, spools, strict=False):
        mounted.add_metric([name], float(_has_marker(folder)))
        try:
            usage = shutil.disk_usage(folder)
        except OSError:
            continue  # a disk that does not answer has no numbers; its absence can be alerted on
        free.add_metric([name], usage.free)
        size.add_metric([name], usage.total)
    yield from (mounted, free, size)
    refused = _gauge("rows_set_aside", "Rows that the database refused, as files in a spool of this host.", "spool")
    for name, folder in zip(NAMES, spools, strict=False):
        with suppress(SpoolError):
            refused.add_metric([name], len(Spool(folder, 0).names(SET_ASIDE)))
    yield refused


def _has_marker(folder: Path) -> bool:
    try:
        return read_marker(folder) is not None
    except OSError:
        return False


def _headrooms(rooms: Iterable[Headroom]) -> Iterator[Metric]:
    needed = _gauge("spool_needed_bytes", "What the coming sittings need of a spool, at measured bit rates.", "spool")
    short = _gauge("spool_short_bytes", "How much of that will be missing if nothing more is uploaded.", "spool")
    for room in rooms:
        needed.add_metric([room.spool], room.needed_bytes)
        short.add_metric([room.spool], room.short_bytes)
    yield from (needed, short)


def _ballast(ballast: Ballast | None) -> Iterator[Metric]:
    if ballast is None or not ballast.size_bytes:
        return
    held = _gauge("ballast_held", "1 while all disks of this host hold their ballast; 0 when one gave it up.")
    try:
        held.add_metric([], float(all(ballast.is_held(folder) for folder in ballast.places())))
    except OSError:
        held.add_metric([], 0.0)
    yield held


def _webhooks(receivers: Iterable[Receiver], now: datetime) -> Iterator[Metric]:
    waiting = _gauge("webhook_waiting", f"Alarms that a webhook was not told of yet, {_UPTO}", "webhook")
    parked = _gauge("webhook_parked", "Alarms that a webhook did not take and that are not tried again.", "webhook")
    failing = _gauge("webhook_failing_seconds", "Since when a webhook takes nothing; 0 while it does.", "webhook")
    for each in receivers:
        waiting.add_metric([each.name], each.waiting)
        parked.add_metric([each.name], each.parked)
        since = each.failing_since if each.failing_since is not None else now
        failing.add_metric([each.name], max(0.0, (now - since).total_seconds()))
    yield from (waiting, parked, failing)


def _broken_glass(database: Database, now: datetime) -> GaugeMetricFamily:
    told = _gauge("glass_broken", "1 while an emergency account is open.")
    told.add_metric([], float(any(each.is_open(now) for each in database.broken_glass.told(now))))
    return told


def _backup(database: Database, now: datetime) -> GaugeMetricFamily:
    age = _gauge("backup_age_seconds", "Since the newest backup was brought under lock; left out while none was.")
    at = newest_backup(database)
    if at is not None:
        age.add_metric([], max(0.0, (now - at).total_seconds()))
    return age


def _gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"kaojian_{name}", told, labels=labels)
