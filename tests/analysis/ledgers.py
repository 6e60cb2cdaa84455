"""Short ways to write evidence down in tests: seconds after one fixed instant, one camera, one recorder.

Not fakes of anything: the values are those that ingest and storage make.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from analysis.coverage import CameraLedger
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
from domain.timeline import Interval
from domain.withholding import WithheldBy

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai


def at(seconds: float) -> datetime:
    return START + timedelta(microseconds=round(seconds * 1_000_000))


def span(start: float, end: float) -> Interval:
    return Interval(at(start), at(end))


def segment(
    start: float,
    end: float,
    *,
    camera: str = "cam-1",
    run: str = "run-1",
    lost_packets: int = 0,
    clock_offset_s: float | None = 0.1,
    height: int = 720,
) -> Segment:
    return Segment(
        key=f"site/batch/{camera}/{at(start):%Y%m%dT%H%M%S.%fZ}-{round(end * 1e6)}.mp4",
        camera=camera,
        batch="batch",
        run=run,
        interval=span(start, end),
        frames=round((end - start) * 15),
        size_bytes=1000,
        sha256="00" * 32,
        init_size_bytes=700,
        codec="avc1.42c01f",
        width=height * 16 // 9,
        height=height,
        lost_packets=lost_packets,
        delayed_s=0.02,
        clock_offset_s=clock_offset_s,
    )


def spool_copy(of: Segment, *, removed: datetime | None = None) -> Copy:
    return Copy(of.key, Place.SPOOL, "/spool", of.interval.end, of.size_bytes, of.sha256, removed=removed)


def s3_copy(of: Segment, locked_until: datetime | None, *, removed: datetime | None = None) -> Copy:
    return Copy(
        of.key,
        Place.S3,
        "evidence",
        of.interval.end,
        of.size_bytes,
        of.sha256,
        version_id="v1",
        locked_until=locked_until,
        removed=removed,
    )


def observation(
    of: Segment, state: SegmentState = SegmentState.OK, bad: Iterable[Interval] = (), *, made: datetime = START
) -> Observation:
    return Observation(of.key, made, state, of.frames, tuple(bad))


def outage(
    start: float,
    end: float | None,
    cause: Cause = Cause.NO_DATA,
    *,
    camera: str = "cam-1",
    recorder: str | None = None,
) -> Outage:
    name = f"{camera}-{start}-{cause}-{recorder}"
    return Outage(name, camera, at(start), None if end is None else at(end), cause, recorder=recorder)


def run(
    start: float, end: float | None, *, camera: str = "cam-1", recorder: str = "rec-1", name: str = "run-1"
) -> Run:
    ended = None if end is None else at(end)
    return Run(name, camera, recorder, at(start), ended, EndReason.NOT_NEEDED if ended else None)


def recorder(seen: float, *, ended: float | None = None, name: str = "rec-1", host: str = "host") -> Recorder:
    return Recorder(name, host, at(-3600), at(seen), None if ended is None else at(ended))


def ledger(
    segments: Sequence[Segment] = (),
    *,
    runs: Sequence[Run] | None = None,
    outages: Sequence[Outage] = (),
    copies: Mapping[str, Sequence[Copy]] | None = None,
    observations: Mapping[str, Observation] | None = None,
    recorders: Sequence[Recorder] = (),
    withheld: Mapping[str, WithheldBy] | None = None,
) -> CameraLedger:
    """The ledger of one camera; unless told otherwise its segments are kept, decoded, and inside one long run."""
    return CameraLedger(
        camera="cam-1",
        runs=[run(-1000, 1000)] if runs is None else runs,
        segments=segments,
        copies={one.key: [spool_copy(one)] for one in segments} if copies is None else copies,
        outages=outages,
        observations={one.key: observation(one) for one in segments} if observations is None else observations,
        recorders=recorders,
        withheld=withheld or {},
    )
