"""Real segments in a real spool with a real database: what decoding and the report are tried on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from domain.evidence import Copy, EndReason, Place, Recorder, Run, Segment
from domain.timeline import Interval
from storage.archive import Archive
from storage.database import Database
from storage.media import Codec, Ledger, Sample, VideoFormat, fragment, init_segment
from storage.spool_marker import MARKER, device_of
from tests.analysis.ledgers import START, at
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.storage.coded_video import Coded, encode, encode_h265, encode_jpeg

FPS = 25
GOP = 10
LOCKED_UNTIL = datetime.fromisoformat("2029-05-02T00:00:00+08:00")  # for an exam on 2026-05-01

Damage = Callable[[list[Sample]], list[Sample]]


@dataclass
class Cabinet:
    """A spool, an object store in memory and the rows about them."""

    database: Database
    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(START + timedelta(hours=1)))
    locked_until: datetime = LOCKED_UNTIL

    def __post_init__(self) -> None:
        self.objects = MemoryObjects(clock=self.clock)
        self.archive = Archive(
            self.database.evidence, self.objects, self.folder, lambda batch: self.locked_until, self.clock
        )

    def run(self, name: str, camera: str, start: float, end: float | None) -> None:
        """A run of a camera, seconds after START, and its recorder."""
        evidence = self.database.evidence
        evidence.begin_recorder(Recorder(f"recorder of {name}", "host", at(start), at(start)))
        evidence.begin_run(Run(name, camera, f"recorder of {name}", at(start)))
        if end is not None:
            evidence.end_run(name, at(end), EndReason.NOT_NEEDED)

    def segment(
        self,
        start: float,
        *,
        camera: str = "cam-1",
        run: str = "run-1",
        frames: int = 50,
        damage: Damage | None = None,
        reordered: bool = False,
        codec: Codec = Codec.H264,
        **facts: object,
    ) -> Segment:
        """Write a file of ``frames`` pictures at 25 fps (``reordered``: with B pictures) and its rows."""
        coded = coded_video(frames, reordered, codec)
        samples = shown_from_the_start(coded)
        data = file_bytes(coded.format, damage(samples) if damage else samples, at(start))
        key = f"site/batch/{camera}/{at(start):%Y%m%dT%H%M%S.%fZ}.mp4"
        segment = Segment(
            key=key,
            camera=camera,
            batch="batch",
            run=run,
            interval=Interval(at(start), at(start) + timedelta(seconds=frames / FPS)),
            frames=frames,
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            init_size_bytes=len(init_segment(coded.format)),
            codec=coded.format.codec_string,
            width=1280,
            height=720,
            lost_packets=0,
            delayed_s=0.01,
            clock_offset_s=0.05,
        )
        segment = replace(segment, **facts)  # type: ignore[arg-type]
        path = self.path(segment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        (self.folder / MARKER).touch()
        ended, device = segment.interval.end, device_of(self.folder)
        copy = Copy(key, Place.SPOOL, str(self.folder), ended, segment.size_bytes, segment.sha256, device=device)
        self.database.evidence.add_segment(segment, copy)
        return segment

    def path(self, segment: Segment) -> Path:
        return self.folder / segment.key


def coded_video(frames: int, reordered: bool, codec: Codec) -> Coded:
    """Moving pictures with a key frame each GOP of them; ``reordered``: with B frames."""
    if codec is Codec.H265:
        return encode_h265(frames=frames, parameters=f"bframes={3 * reordered}")
    if codec is Codec.JPEG:
        return encode_jpeg(frames=frames)
    return encode(frames=frames, options=()) if reordered else encode(frames=frames)


def shown_from_the_start(coded: Coded) -> list[Sample]:
    """As the recorder writes them: without the delay by which an encoder keeps all offsets above 0."""
    samples = coded.samples()
    delay = samples[0].composition_offset
    return [replace(sample, composition_offset=sample.composition_offset - delay) for sample in samples]


def file_bytes(video: VideoFormat, samples: Sequence[Sample], start: datetime) -> bytes:
    """One fragment for each group of pictures."""
    data = [init_segment(video)]
    for number in range(0, len(samples), GOP):
        ticks = sum(sample.duration for sample in samples[:number])
        captured = start + timedelta(seconds=ticks / 90_000)
        ledger = Ledger(0, 0.01, 0.05)
        part = samples[number : number + GOP]
        data.append(fragment(number // GOP + 1, ticks, part, captured, ledger, codec=video.codec))
    return b"".join(data)


def broken(*numbers: int) -> Damage:
    """The slices of these pictures lose their second half, as if a camera had sent them so."""

    def damage(samples: list[Sample]) -> list[Sample]:
        return [
            replace(sample, nals=tuple(nal[: max(2, len(nal) // 2)] + b"\x80" for nal in sample.nals))
            if number in numbers
            else sample
            for number, sample in enumerate(samples)
        ]

    return damage


def emptied(*numbers: int) -> Damage:
    """Of the slices of these pictures nothing is left but the beginning of their headers."""

    def damage(samples: list[Sample]) -> list[Sample]:
        return [
            replace(sample, nals=tuple(nal[:4] for nal in sample.nals)) if number in numbers else sample
            for number, sample in enumerate(samples)
        ]

    return damage
