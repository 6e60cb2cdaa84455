"""Rows of evidence to words and back; nothing outside this module sees a row's shape.

Not here: queries (``storage.database.evidence``).
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from domain.evidence import (
    REREAD_AFTER,
    CameraEvent,
    CameraState,
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
from domain.host_clock import CameraClocks, CameraOffset, HostClock, NtpState, ServerDate
from domain.timeline import MICROSECOND, Interval
from storage.database import tables


def recorder_row(recorder: Recorder) -> dict[str, Any]:
    return {
        "id": recorder.id,
        "host": recorder.host,
        "started": recorder.started,
        "seen": recorder.seen,
        "ended": recorder.ended,
        "reads_clock": recorder.reads_clock,
    }


def recorder(row: sa.Row[Any]) -> Recorder:
    return Recorder(row.id, row.host, row.started, row.seen, row.ended, row.reads_clock)


def reading_row(reading: HostClock) -> dict[str, Any]:
    row: dict[str, Any] = {"recorder": reading.recorder, "at": reading.at}
    if (ntp := reading.ntp) is not None:
        row |= {
            "ntp_offset_s": ntp.offset_s,
            "ntp_max_error_s": ntp.max_error_s,
            "ntp_estimated_error_s": ntp.estimated_error_s,
            "ntp_unsynchronised_flag": ntp.unsynchronised_flag,
        }
    if (server := reading.server) is not None:
        row |= {
            "server": server.server,
            "server_offset_s": server.offset_s,
            "server_error_s": server.error_s,
            "server_independent": server.independent,
        }
    if (cameras := reading.cameras) is not None:
        said = {each.address: each.offset_s for each in cameras.each}
        row |= {
            "cameras_told": cameras.told,
            "cameras_agreeing": cameras.agreeing,
            "cameras_offset_s": cameras.offset_s,
            "cameras_spread_s": cameras.spread_s,
            "cameras_each": json.dumps(said) if said else None,
        }
    return row


def reading(row: sa.Row[Any]) -> HostClock:
    ntp, server, cameras = None, None, None
    if row.ntp_max_error_s is not None:
        ntp = NtpState(row.ntp_offset_s, row.ntp_max_error_s, row.ntp_estimated_error_s, row.ntp_unsynchronised_flag)
    if row.server is not None:
        server = ServerDate(row.server, row.server_offset_s, row.server_error_s, row.server_independent)
    if row.cameras_told is not None:
        said = json.loads(row.cameras_each) if row.cameras_each is not None else {}
        cameras = CameraClocks(
            row.cameras_told,
            row.cameras_agreeing,
            row.cameras_offset_s,
            row.cameras_spread_s,
            tuple(CameraOffset(address, offset_s) for address, offset_s in said.items()),
        )
    return HostClock(row.recorder, row.at, ntp, server, cameras)


def run_row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "camera": run.camera,
        "recorder": run.recorder,
        "started": run.started,
        "ended": run.ended,
        "end_reason": None if run.end_reason is None else run.end_reason.value,
    }


def run(row: sa.Row[Any]) -> Run:
    reason = None if row.end_reason is None else EndReason(row.end_reason)
    return Run(row.id, row.camera, row.recorder, row.started, row.ended, reason)


_SEGMENT_COLUMNS = (
    "key",
    "camera",
    "batch",
    "run",
    "frames",
    "size_bytes",
    "sha256",
    "init_size_bytes",
    "codec",
    "width",
    "height",
    "lost_packets",
    "delayed_s",
    "clock_offset_s",
)


def segment_row(segment: Segment) -> dict[str, Any]:
    row = {name: getattr(segment, name) for name in _SEGMENT_COLUMNS}
    start, end = segment.interval.start, segment.interval.end
    counters = {"copies_spool": 0, "copies_s3": 0, "observations": 0}
    return row | counters | {"begins": start, "ends": end, "length_us": (end - start) // MICROSECOND}


def segment(row: sa.Row[Any]) -> Segment:
    same = {name: row._mapping[name] for name in _SEGMENT_COLUMNS}
    return Segment(interval=Interval(row.begins, row.ends), **same)


def copy_row(copy: Copy) -> dict[str, Any]:
    return {
        "segment": copy.segment,
        "place": copy.place.value,
        "target": copy.target,
        "verified": copy.verified,
        "size_bytes": copy.size_bytes,
        "sha256": copy.sha256,
        "version_id": copy.version_id or "",
        "locked_until": copy.locked_until,
        "removed": copy.removed,
        "device": copy.device,
        "spool": copy.spool,
        "due": copy.verified + REREAD_AFTER,
    }


def copy(row: sa.Row[Any]) -> Copy:
    return Copy(
        segment=row.segment,
        place=Place(row.place),
        target=row.target,
        verified=row.verified,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        version_id=row.version_id or None,
        locked_until=row.locked_until,
        removed=row.removed,
        device=row.device,
        spool=row.spool,
    )


def outage_row(outage: Outage) -> dict[str, Any]:
    return {
        "id": outage.id,
        "camera": outage.camera,
        "begins": outage.start,
        "ends": outage.end,
        "cause": outage.cause.value,
        "detail": outage.detail,
        "recorder": outage.recorder,
    }


def outage(row: sa.Row[Any]) -> Outage:
    return Outage(row.id, row.camera, row.begins, row.ends, Cause(row.cause), row.detail, row.recorder)


def event_row(event: CameraEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "camera": event.camera,
        "recorder": event.recorder,
        "at": event.at,
        "state": event.state.value,
        "detail": event.detail,
        "changes": event.changes,
        "dark_s": event.dark_s,
    }


def event(row: sa.Row[Any]) -> CameraEvent:
    state = CameraState(row.state)
    return CameraEvent(row.id, row.camera, row.recorder, row.at, state, row.detail, row.changes, row.dark_s)


def observation_row(observation: Observation) -> dict[str, Any]:
    bad = [[tables.microseconds(span.start), tables.microseconds(span.end)] for span in observation.bad]
    return {
        "segment": observation.segment,
        "made": observation.made,
        "state": observation.state.value,
        "frames_decoded": observation.frames_decoded,
        "bad": json.dumps(bad),
        "detail": observation.detail,
    }


def observation(row: sa.Row[Any]) -> Observation:
    listed = () if row.bad == "[]" else json.loads(row.bad)  # nearly all of them, and reading it costs
    spans = tuple(Interval(tables.instant(start), tables.instant(end)) for start, end in listed)
    return Observation(row.segment, row.made, SegmentState(row.state), row.frames_decoded, spans, row.detail)
