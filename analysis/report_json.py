"""A report as plain values. The JSON layout is an interface: later versions add fields and never rename or drop one.

Instants are RFC 3339 in UTC, lengths are seconds of whole milliseconds. Not here: what is told (``analysis.report``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from analysis.clocks import HostClockFacts
from analysis.nvrs import NvrEvent
from analysis.report import (
    BatchReport,
    CameraReport,
    CopyReport,
    ExpectedReport,
    MarkReport,
    PlaceReport,
    PlanCoverReport,
    SittingReport,
    StationReport,
)
from domain.evidence import Gap
from domain.expected import ExpectedView
from domain.host_clock import ClockJudgement
from domain.readiness import PlanCover, SaveCover
from domain.timeline import Interval, rfc3339

_MILLISECOND = timedelta(milliseconds=1)


def to_json(report: SittingReport | BatchReport) -> dict[str, Any]:
    """The report as plain values for ``json.dumps``."""
    if isinstance(report, BatchReport):
        return {
            "batch": report.batch,
            "site": report.site,
            "project": report.project,
            "rule_pack": report.rule_pack,
            "made": rfc3339(report.made),
            "verdict": report.verdict.value,
            "sittings": [to_json(sitting) for sitting in report.sittings],
        }
    return {
        "batch": report.batch,
        "sitting": report.sitting,
        "site": report.site,
        "project": report.project,
        "rule_pack": report.rule_pack,
        "made": rfc3339(report.made),
        "settled_until": rfc3339(report.settled_until),
        "opened": _instant(report.opened),
        "closed": _instant(report.closed),
        "window": {"start": rfc3339(report.window.start), "end": rfc3339(report.window.end)},
        "phases": [
            {"id": phase.id, "start": rfc3339(phase.start), "end": rfc3339(phase.end)} for phase in report.phases
        ],
        "verdict": report.verdict.value,
        "stations": [_station_json(station) for station in report.stations],
        "cameras": [_camera_json(camera) for camera in report.cameras],
        "clauses": [
            {"id": clause.id, "verdict": clause.verdict.value, "zh": clause.zh, "en": clause.en}
            for clause in report.clauses
        ],
        "nvrs": [{"nvr": event.nvr, **_event_json(event)} for event in report.nvrs],
        "backup": {
            "copies": report.backup.copies,
            "recorded_s": report.backup.recorded_ms / 1000,
            "backed_up_s": report.backup.backed_up_ms / 1000,
            "greatest_lag_s": _in_seconds(report.backup.greatest_lag_ms),
            "camera": report.backup.camera,
        },
        "host_clocks": [_host_clock_json(clock) for clock in report.host_clocks],
        "segments_root": report.segments_root,
        "copies": [_copy_json(each) for each in report.copies],
        "marks": [_mark_json(each) for each in report.marks],
        "expected": _expected_json(report.expected) if report.expected is not None else None,
        "plan_cover": _plan_cover_json(report.plan_cover),
        "save_cover": {
            "code": _code(report.save_cover.code),
            "rooms": [{"room": room, "code": _code(code)} for room, code in report.save_cover.rooms],
        },
    }


def _mark_json(mark: MarkReport) -> dict[str, Any]:
    return {
        "mark": mark.marked.mark.value,
        "at": rfc3339(mark.at),
        "written": rfc3339(mark.marked.written),
        "by": mark.marked.actor.name,
        "reason": mark.marked.reason,
        "earlier": mark.earlier,
        "after": [each.value for each in mark.after],
    }


def _expected_json(expected: ExpectedReport) -> dict[str, Any]:
    return {
        "sha256": expected.sha256,
        "frozen": _instant(expected.frozen),
        "intact": expected.intact,
        "changed": list(expected.changed),
        "scale": expected.scale,
        "places": [_place_json(each) for each in expected.places],
        "rooms": [
            {
                "room": room.room,
                "drawn": room.drawn,
                "level": room.level,
                "px_per_m": room.px_per_m,
                "needed_share": room.needed_share,
                "floor_share": room.floor_share,
                "blind_m2": room.blind_m2,
                "stations_not_drawn": list(room.stations_not_drawn),
                "cameras_not_drawn": list(room.cameras_not_drawn),
            }
            for room in expected.rooms
        ],
    }


def _place_json(report: PlaceReport) -> dict[str, Any]:
    place = report.place
    return {
        "target": place.target.value,
        "id": place.id,
        "room": place.room,
        "verdict": report.verdict.value,
        "level": place.level,
        "px_per_m": place.px_per_m,
        "phases": [phase.value for phase in place.phases],
        "basis": place.basis.value,
        "cameras": [_planned_view_json(view) for view in place.views],
        "lack": place.lack.value if place.lack is not None else None,
        "best": _planned_view_json(place.best) if place.best is not None else None,
        "times": [{"start": rfc3339(each.start), "end": rfc3339(each.end)} for each in place.times],
        "unseen": [_span_json(span) for span in report.unseen],
        "unverified": [_span_json(span) for span in report.unverified],
    }


def _planned_view_json(view: ExpectedView) -> dict[str, Any]:
    return {"camera": view.camera, "px_per_m": view.px_per_m, "share": view.share, "least_width": view.least_width}


def _plan_cover_json(plan: PlanCoverReport) -> dict[str, Any]:
    return {
        "code": _code(plan.code),
        "standing": plan.standing.value,
        "rooms": [{"room": room, "code": _code(code)} for room, code in plan.rooms],
        "signed": _instant(plan.signed),
        "signer": plan.signer,
        "reason": plan.reason,
        "digest": plan.digest,
    }


def _code(code: PlanCover | SaveCover | None) -> int | None:
    return None if code is None else int(code)


def _copy_json(copies: CopyReport) -> dict[str, Any]:
    return {
        "place": copies.place.value,
        "target": copies.target,
        "device": copies.device,
        "files": copies.files,
        "of": copies.of,
        "size_bytes": copies.size_bytes,
        "locked_until": _instant(copies.locked_until),
    }


def _station_json(station: StationReport) -> dict[str, Any]:
    return {
        "station": station.station,
        "room": station.room,
        "verdict": station.verdict.value,
        "covered_s": station.covered_ms / 1000,
        "gaps": [
            {
                **_gap_json(gap),
                "cameras": [{"camera": each.camera, "cause": each.cause.value} for each in gap.cameras],
            }
            for gap in station.gaps
        ],
        "unusable": [
            {
                **_span_json(each.interval),
                "cameras": [
                    {"camera": one.camera, "fault": one.fault.value if one.fault else None} for one in each.cameras
                ],
            }
            for each in station.unusable
        ],
        "unverified": [_span_json(span) for span in station.unverified],
        "compared": list(station.compared),
    }


def _camera_json(camera: CameraReport) -> dict[str, Any]:
    offset, drift = camera.clock_offset_s, camera.clock_drift
    return {
        "camera": camera.camera,
        "room": camera.room,
        "recorded_s": camera.recorded_ms / 1000,
        "frames": camera.frames,
        "lost_packets": camera.lost_packets,
        "delayed_s": round(camera.delayed_s, 3),
        "clock_offset_s": None if offset is None else round(offset, 3),
        "clock_drift_ppm": None if drift is None else round(drift.ppm, 1),
        "clock_drift_error_ppm": None if drift is None else round(drift.error_ppm, 1),
        "gaps": [
            {
                **_gap_json(gap),
                "recorders": [{"recorder": each.recorder, "cause": each.cause.value} for each in gap.recorders],
            }
            for gap in camera.gaps
        ],
        "backed_up_s": camera.backed_up_ms / 1000,
        "backup_lag_s": _in_seconds(camera.backup_lag_ms),
        "recorders": [
            {"recorder": each.recorder, "recorded_s": each.recorded_ms / 1000} for each in camera.recorders
        ],
        "sources": [
            {"start": rfc3339(each.interval.start), "end": rfc3339(each.interval.end), "recorder": each.recorder}
            for each in camera.sources
        ],
        "sizes": [{"width": width, "height": height} for width, height in camera.sizes],
        "frame_rate": None if camera.frame_rate is None else round(camera.frame_rate, 2),
        "faults": [
            {
                **_span_json(each.interval),
                "fault": each.fault.value,
                "measured": round(each.measured, 4),
                "limit": each.limit,
            }
            for each in camera.faults
        ],
        "unverified": [_span_json(span) for span in camera.unverified],
        "reference": camera.reference or None,
    }


def _in_seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _host_clock_json(clock: HostClockFacts) -> dict[str, Any]:
    return {
        "host": clock.host,
        "synchronised": ClockJudgement(clock.state).synchronised,
        "state": clock.state.value,
        "by": clock.by.value if clock.by is not None else None,
        "error_s": None if clock.error_s is None else round(clock.error_s, 3),
        "readings": clock.readings,
        "unproven_s": (clock.unproven.length // _MILLISECOND) / 1000,
        "in_doubt_s": (clock.in_doubt.length // _MILLISECOND) / 1000,
    }


def _event_json(event: NvrEvent) -> dict[str, Any]:
    return {**_gap_json(Gap(event.interval, event.cause)), "cameras": list(event.cameras)}


def _gap_json(gap: Gap) -> dict[str, Any]:
    return {**_span_json(gap.interval), "cause": gap.cause.value}


def _span_json(interval: Interval) -> dict[str, Any]:
    length_ms = (interval.end - interval.start) // _MILLISECOND
    return {"start": rfc3339(interval.start), "end": rfc3339(interval.end), "seconds": length_ms / 1000}


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)
