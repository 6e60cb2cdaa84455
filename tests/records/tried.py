"""A sitting before it begins: a recorder that lives, a trial that was recorded, and everything else as it should be.

What a test wants otherwise it says when the trial is recorded, or changes afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from config.rule_pack import load
from domain.evidence import (
    TRIALS,
    Copy,
    EndReason,
    Observation,
    Place,
    Recorder,
    Run,
    Segment,
    SegmentState,
)
from domain.host_clock import HostClock, NtpState
from domain.pictures import Look, Reference, Sample, StationSample
from domain.readiness import CONFIRMED, Check, Item, Readiness, Signed, Trial
from domain.timeline import Interval
from records import readiness
from records.declaration import parse
from records.headroom import Spools
from records.readiness import Means
from records.readiness_rules import StoreFact
from records.setup import apply
from storage.database import Database
from tests.fakes import eye
from tests.fakes.time import FakeClock
from tests.fakes.witnesses import KEPT
from tests.records.setups import ACTOR, START, WHOLE

BATCH = "2026-0501"
CAMERA = "sg-001-c1"
RULES = load("SG-2022-08-10")
STORE = StoreFact("kaojian", reached=True, locks=True, detail="deleting a locked object was refused")
REFERENCE = "ab" * 32


class Tried:
    """See the module. ``means`` may be changed; the clock stands two hours before the first sitting."""

    def __init__(self, database: Database, folder: Path, set_up: str = WHOLE) -> None:
        self.database = database
        self.clock = FakeClock(START - timedelta(hours=2))
        apply(parse(set_up, "exam.yaml"), database, ACTOR, FakeClock(START - timedelta(days=2)))
        self.stores: list[StoreFact] = [STORE]
        folder.mkdir(exist_ok=True)
        self.means = Means(
            spools=Spools((folder,), 0, owner="rec"),
            stores=lambda: self.stores,
            trial=timedelta(seconds=60),
            eye=eye.EYE,
        )
        now = self.clock.now()
        database.evidence.begin_recorder(Recorder("life-1", "rec", now, now, reads_clock=True))

    def passes(self, seconds: float, said: NtpState | None = KEPT) -> None:
        """Time goes by, the recorder lives and reads its clock."""
        self.clock.advance(seconds)
        now = self.clock.now()
        self.database.evidence.heartbeat("life-1", now)
        if said is not None:
            self.database.evidence.add_clock_reading(HostClock("life-1", now, said))

    def orders(self, number: int = 1) -> Trial:
        return readiness.order_trial(self.database, BATCH, number, ACTOR, self.clock, means=self.means)

    def records(
        self,
        trial: Trial,
        camera: str = CAMERA,
        *,
        until_s: float = 0.0,
        batch: str = TRIALS,
        size: tuple[int, int] = (1920, 1080),
        rate: float = 25.0,
        offset_s: float | None = 0.4,
        opened: bool = True,
        brightness: float | None = 90.0,
        reference: str = "",
        stations: Sequence[str] = (),
    ) -> Segment:
        """One file over all of the trial, or until so many seconds before its end. Looked at unless without any
        ``brightness``."""
        span = Interval(trial.interval.start, trial.interval.end - timedelta(seconds=until_s))
        run, key = (
            f"run-{camera}-{trial.number}-{batch}",
            f"sg-001/{batch}/{camera}/{span.start:%Y%m%dT%H%M%S.%fZ}.mp4",
        )
        segment = Segment(
            key=key,
            camera=camera,
            batch=batch,
            run=run,
            interval=span,
            frames=round(span.seconds * rate),
            size_bytes=1000,
            sha256="ab" * 32,
            init_size_bytes=10,
            codec="avc1.42c01f",
            width=size[0],
            height=size[1],
            lost_packets=0,
            delayed_s=0.0,
            clock_offset_s=offset_s,
        )
        evidence = self.database.evidence
        evidence.begin_run(Run(run, camera, "life-1", span.start))
        evidence.add_segment(segment, Copy(key, Place.SPOOL, "/spool", span.end, 1000, segment.sha256))
        evidence.end_run(run, span.end, EndReason.NOT_NEEDED)
        if opened:
            evidence.add_observation(Observation(key, span.end, SegmentState.OK, segment.frames))
        if brightness is not None:
            seen = tuple(StationSample(each, 25, 0) for each in stations)
            samples = tuple(
                Sample(span.start + timedelta(seconds=second), *size, brightness, 0.0, 20.0, stations=seen)
                for second in range(0, round(span.seconds), 2)
            )
            self.database.looks.add(Look(key, 1, reference, span.end, samples))
        return segment

    def compares(self, camera: str = CAMERA) -> None:
        """From now on the camera has a reference."""
        now = self.clock.now()
        made = Reference(REFERENCE, camera, now, ACTOR, Interval(now - timedelta(minutes=1), now), (), b"A-02")
        self.database.looks.add_reference(made)

    def tries(self, number: int = 1, **recorded: Any) -> Trial:
        """A whole trial of the first sitting, over by a moment."""
        trial = self.orders(number)
        self.passes(70)
        self.records(trial, **recorded)
        self.passes(10)
        return trial

    def confirms(self, *items: Item, room: str = "r301", number: int = 1, stands: bool = True, **more: Any) -> None:
        readiness.confirm(
            self.database,
            BATCH,
            number,
            ACTOR,
            self.clock,
            room=room,
            items=items or CONFIRMED,
            stands=stands,
            **more,
        )

    def checked(self, number: int = 1) -> Readiness:
        return readiness.check(self.database, BATCH, number, rules=RULES, clock=self.clock, means=self.means)

    def signs(self, reason: str = "", number: int = 1) -> Signed:
        _, signed = readiness.sign(
            self.database, BATCH, number, ACTOR, self.clock, rules=RULES, means=self.means, reason=reason
        )
        return signed

    def found(self, item: Item, number: int = 1) -> Check:
        """The one thing that was found of an item."""
        (check,) = [each for each in self.checked(number).all_checks if each.item is item]
        return check

    def store_is(self, **otherwise: object) -> None:
        self.stores = [replace(STORE, **otherwise)]  # type: ignore[arg-type]
