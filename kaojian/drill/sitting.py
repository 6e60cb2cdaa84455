"""The one sitting that a drill records: declared, and after it decoded, reported and read back.

Not here: what is played meanwhile, and what the report is held to (``truth``, ``outcome``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analysis.decoding import DecodingWorker
from analysis.report import SittingReport, sitting_report
from config.rule_pack import load as load_rule_pack
from domain.people import Actor, Door
from domain.timeline import Clock, Interval
from kaojian.drill.plan import Plan
from records import conduct, declaration, setup
from storage.archive import Archive, NoCopyAnswers
from storage.database import Database

SITE, BATCH, RULE_PACK = "sg-drill", "2026-DRILL", "SG-2022-08-10"
NVR = "nvr-1"
SEGMENT_S = 10.0
RUN_UP_S = 8.0
_ACTOR = Actor("service:drill", Door.SERVICE)


def window_of(plan: Plan, start: datetime) -> Interval:
    """What must be covered: it begins when the first fault may."""
    begin = start + timedelta(seconds=plan.quiet_s)
    return Interval(begin, begin + timedelta(seconds=plan.minutes * 60))


def apply(
    plan: Plan, urls: Mapping[str, str], file: Path, *, window: Interval, database: Database, clock: Clock
) -> None:
    """Set up site, batch and sitting from ``file``, which is written; ``urls`` are those of the cameras."""
    file.write_text(json.dumps(_declaration(plan, window, urls)))  # JSON is YAML
    setup.apply(declaration.read(file), database, _ACTOR, clock)


def open_at_the_bell(window: Interval, root: Path, database: Database, clock: Clock) -> None:
    disk = conduct.Disk(root, free_bytes=1 << 40, reserve_bytes=1)
    conduct.open_sitting(database, BATCH, 1, _ACTOR, clock, disk=disk, actual_start=window.start)


def close_at_the_end(window: Interval, database: Database, clock: Clock) -> None:
    conduct.close_sitting(database, BATCH, 1, _ACTOR, clock, actual_end=window.end)


def reported(
    plan: Plan, window: Interval, archive: Archive, database: Database, clock: Clock
) -> tuple[SittingReport, int]:
    """The report once every segment is opened and decoded, and the bytes that rows claim and no copy answers for."""
    decoding = DecodingWorker(database.evidence, archive, clock)
    while decoding.observe_pending(64):
        pass
    report = sitting_report(database, BATCH, 1, load_rule_pack(RULE_PACK), clock.now())
    everything = Interval(window.start - timedelta(days=1), window.end + timedelta(days=1))
    segments = [each for kind in plan.cameras for each in database.evidence.segments(kind.id, everything)]
    lost = 0
    for segment in segments:
        try:
            with archive.opened(segment):
                pass
        except NoCopyAnswers:
            lost += segment.size_bytes
    return report, lost


def _declaration(plan: Plan, window: Interval, urls: Mapping[str, str]) -> dict[str, Any]:
    stations = [f"S-{kind.id}" for kind in plan.cameras]
    cameras: list[dict[str, Any]] = [
        {"id": kind.id, "url": urls[kind.id], "panoramic": True, "sees": [f"S-{kind.id}"]} for kind in plan.cameras
    ]
    behind = [camera for camera, kind in zip(cameras, plan.cameras, strict=True) if kind.nvr]
    for camera in behind:
        camera["nvr"] = NVR
    nvrs = [{"id": NVR, "address": "rtsp://127.0.0.1", "max_sessions": len(behind)}] if behind else []
    room = {"id": "301", "name": "301", "stations": stations, "cameras": cameras}
    sitting = {
        "number": 1,
        "rooms": ["301"],
        "planned_start": window.start.isoformat(),
        "planned_end": window.end.isoformat(),
        "lead": "0s",
        "tail": "0s",
    }
    site = {"id": SITE, "name": "演练考场", "county": "浈江区", "nvrs": nvrs, "rooms": [room]}
    batch = {"id": BATCH, "site": SITE, "project": "演练", "rule_pack": RULE_PACK, "sittings": [sitting]}
    return {"sites": [site], "batches": [batch]}
