"""Two batches of a site, recorded, kept under lock and closed: tiny real footage, quick enough to be spoilt often.

Each batch has one sitting of 20 s with two cameras; camera c1 is gone for 4 s in the middle of it. The second batch
is held a day after the first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.rule_pack import digest
from config.rule_pack import load as load_rule_pack
from domain.evidence import (
    Cause,
    Copy,
    EndReason,
    Observation,
    Outage,
    Place,
    Recorder,
    Run,
    Segment,
    SegmentState,
)
from domain.people import Actor, Door
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station
from domain.timeline import Interval
from records.closing import Closed, Sealing, close_batch
from storage.archive import Archive
from storage.database import Database
from storage.manifest.authority import Authority
from storage.media import TIMESCALE, Ledger, Sample, fragment, init_segment
from storage.objects import Objects
from storage.signing import Signer
from storage.spool_marker import MARKER, Marker, device_of
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.storage.coded_video import encode

FPS = 5
SEGMENT = timedelta(seconds=4)
START = datetime.fromisoformat("2026-05-01T09:00:00+08:00")
LEAD = timedelta(seconds=4)
EXAM = timedelta(seconds=12)
SPOOL = "spool-1"
FIRST, SECOND = "2026-0501", "2026-0502"
DAY = timedelta(days=1)
LOCKED_UNTIL = datetime.fromisoformat("2029-05-03T00:00:00+08:00")
PACK = load_rule_pack("SG-2022-08-10")
TESTER = Actor("local:tester", Door.COMMAND_LINE)
SITE = Site(
    "sg-001",
    "韶关示范考场",
    "浈江区",
    (
        Room(
            "r1",
            "一号考场",
            (Station("A1"), Station("A2")),
            (
                Camera("c1", "rtsp://127.0.0.1/1", ("A1",)),
                Camera("c2", "rtsp://127.0.0.1/2", ("A2",), panoramic=True),
            ),
        ),
    ),
)


@dataclass
class ClosedBatches:
    """The installation in which they lie."""

    database: Database
    spool: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(START - DAY))
    signer: Signer = field(default_factory=Signer.new)
    authority: Authority | None = None

    def __post_init__(self) -> None:
        self.objects = MemoryObjects(clock=self.clock)
        self.archive = Archive(self.database.evidence, self.objects, self.spool, lambda _: LOCKED_UNTIL, self.clock)
        self.spool.mkdir(parents=True, exist_ok=True)
        (self.spool / MARKER).write_bytes(Marker(SPOOL).data())
        self.database.setup.apply_site(SITE, TESTER, self.clock.now())

    @property
    def sealing(self) -> Sealing:
        return Sealing(self.signer, self.objects, PACK, digest(PACK.id), "kaojian test", self.authority)

    def hold(self, batch: str, start: datetime = START) -> None:
        """A sitting from ``start`` on, with all that recorder, archive and analysis would have written."""
        window = Interval(start - LEAD, start + EXAM + LEAD)
        plan = SittingPlan(1, ("r1",), start, start + EXAM, LEAD, LEAD)
        setup, evidence = self.database.setup, self.database.evidence
        setup.apply_batch(Batch(batch, SITE.id, "中式面点制作", PACK.id, (plan,)), TESTER, self.clock.now())
        self.to(start)
        setup.open_sitting(batch, 1, start, start)
        recorder = f"life-{batch}"
        evidence.begin_recorder(Recorder(recorder, "host-1", window.start - SEGMENT, window.start))
        gone = Interval(start + timedelta(seconds=4), start + timedelta(seconds=8))
        evidence.open_outage(
            Outage(f"outage-{batch}", "c1", gone.start, gone.end, Cause.CAMERA_DISCONNECTED, recorder=recorder)
        )
        self.record(batch, "c1", recorder, Interval(window.start, gone.start))
        self.record(batch, "c1", recorder, Interval(gone.end, window.end))
        self.record(batch, "c2", recorder, window)
        self.to(start + EXAM)
        setup.close_sitting(batch, 1, start + EXAM, start + EXAM)
        self.to(window.end + timedelta(minutes=1))
        evidence.end_recorder(recorder, self.clock.now())

    def record(self, batch: str, camera: str, recorder: str, span: Interval) -> list[Segment]:
        """One run of a camera, its files kept in both places and opened."""
        run = f"run-{camera}-{span.start:%Y%m%dT%H%M%S}"
        self.database.evidence.begin_run(Run(run, camera, recorder, span.start))
        made, start = [], span.start
        while start < span.end:
            made.append(self.add(batch, camera, run, Interval(start, min(start + SEGMENT, span.end))))
            start += SEGMENT
        self.database.evidence.end_run(run, span.end, EndReason.NOT_NEEDED)
        return made

    def add(
        self,
        batch: str,
        camera: str,
        run: str,
        span: Interval,
        *,
        keeps: bool = True,
        opens: bool = True,
        data: bytes = b"",
    ) -> Segment:
        """One file with its rows. ``data`` stands for what else than the recorder's bytes there is in it."""
        data = data or file_bytes(camera, span)
        segment = Segment(
            key=f"{SITE.id}/{batch}/{camera}/{span.start.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}.mp4",
            camera=camera,
            batch=batch,
            run=run,
            interval=span,
            frames=round(span.seconds * FPS),
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            init_size_bytes=40,
            codec="avc1.640014",
            width=64,
            height=48,
            lost_packets=0,
            delayed_s=0.02,
            clock_offset_s=None,
        )
        path = self.spool / segment.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        copy = Copy(
            segment.key,
            Place.SPOOL,
            str(self.spool),
            span.end,
            segment.size_bytes,
            segment.sha256,
            device=device_of(self.spool),
            spool=SPOOL,
        )
        self.database.evidence.add_segment(segment, copy)
        if keeps:
            self.archive.keep(segment)
        if opens:
            self.observe(segment)
        return segment

    def observe(self, segment: Segment, state: SegmentState = SegmentState.OK) -> None:
        self.database.evidence.add_observation(Observation(segment.key, self.clock.now(), state, segment.frames))

    def close(self, batch: str, reason: str = "") -> Closed:
        return close_batch(self.database, batch, TESTER, self.clock, self.sealing, reason=reason)

    def to(self, instant: datetime) -> None:
        self.clock.step((instant - self.clock.now()).total_seconds())


class InRealStore(ClosedBatches):
    """The same, kept in a real store."""

    def __init__(self, database: Database, spool: Path, store: Objects) -> None:
        super().__init__(database, spool)
        self.store = store
        self.archive = Archive(database.evidence, store, spool, lambda _: LOCKED_UNTIL, self.clock)

    @property
    def sealing(self) -> Sealing:
        return replace(super().sealing, objects=self.store)


def closed_twice(
    database: Database, spool: Path, authority: Authority | None = None, signer: Signer | None = None
) -> ClosedBatches:
    """Both batches, held and closed one after the other."""
    made = ClosedBatches(database, spool, signer=signer or Signer.new(), authority=authority)
    for batch, start in ((FIRST, START), (SECOND, START + DAY)):
        made.hold(batch, start)
        made.close(batch)
    return made


def file_bytes(camera: str, span: Interval) -> bytes:
    """A file of the recorder's form, with a fragment for every two seconds. Those of two cameras differ."""
    coded = encode(64 if camera == "c1" else 80, 48, 10)
    ticks = TIMESCALE // FPS
    samples = [Sample(unit, ticks, key) for unit, key in zip(coded.units, coded.keys, strict=True)]
    return b"".join(_parts(init_segment(coded.format), samples, span))


def _parts(head: bytes, samples: list[Sample], span: Interval) -> Iterable[bytes]:
    yield head
    length = sum(sample.duration for sample in samples)
    for number in range(round(span.seconds) * TIMESCALE // length):
        captured = span.start + timedelta(seconds=number * length // TIMESCALE)
        yield fragment(number + 1, number * length, samples, captured, Ledger(0, 0.02, None))
