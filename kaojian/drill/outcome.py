"""What a drill found: the report of a sitting held to the truth of its cameras, in four sums and one line. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.report import SittingReport
from domain.evidence import Coverage, Gap
from domain.timeline import Interval, IntervalSet
from kaojian.drill.comparison import Departure, departures
from kaojian.drill.plan import Plan
from kaojian.drill.truth import CameraTruth

_SUMS = ("faults", "phantom_s", "ghost_s", "unexplained_s", "lost_acknowledged_bytes")


@dataclass(frozen=True, slots=True)
class Outcome:
    """All zero is a report that told the truth. ``notes`` are further fields of the line."""

    seed: int
    cameras: int
    minutes: float
    faults: int
    phantom_s: float
    ghost_s: float
    unexplained_s: float
    lost_acknowledged_bytes: int
    details: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        sums = (self.phantom_s, self.ghost_s, self.unexplained_s, self.lost_acknowledged_bytes)
        return not any(sums) and not self.details

    def to_json(self) -> str:
        """One line."""
        fields = ("seed", "cameras", "minutes", "faults", "phantom_s", "ghost_s", "unexplained_s")
        document: dict[str, Any] = {"bench": "drill", **{name: getattr(self, name) for name in fields}}
        return json.dumps({**document, "lost_acknowledged_bytes": self.lost_acknowledged_bytes, **self.notes})


def outcome(
    plan: Plan,
    report: SittingReport,
    truths: Iterable[CameraTruth],
    lost_bytes: int,
    *,
    failures: Sequence[str] = (),
    notes: Mapping[str, Any] | None = None,
) -> Outcome:
    """``failures`` are what went wrong beside the report; each is a detail of its own."""
    found = compared(report, truths)
    unsettled_s = (report.window.end - report.settled_until).total_seconds() * len(report.cameras)
    return Outcome(
        seed=plan.seed,
        cameras=len(plan.cameras),
        minutes=plan.minutes,
        faults=len(plan.faults),
        phantom_s=_sum(found, "phantom"),
        ghost_s=_sum(found, "ghost"),
        unexplained_s=round(_sum(found, "unexplained") + unsettled_s, 3),
        lost_acknowledged_bytes=lost_bytes,
        details=(*map(str, found), *failures),
        notes=notes or {},
    )


def summed(outcomes: Sequence[Outcome]) -> str:
    """One line of all of them: how many there were, how many found nothing, and the sums of what the others found."""
    sums = {name: round(sum(getattr(each, name) for each in outcomes), 3) for name in _SUMS}
    passed = sum(each.passed for each in outcomes)
    return json.dumps({"bench": "drills", "schedules": len(outcomes), "passed": passed, **sums})


def compared(report: SittingReport, truths: Iterable[CameraTruth]) -> list[Departure]:
    """Every span in which the report of a camera departs from its truth."""
    by_camera = {truth.camera: truth for truth in truths}
    return [
        departure
        for camera in report.cameras
        for departure in departures(by_camera[camera.camera], _coverage(report, camera.gaps))
    ]


def _sum(found: Sequence[Departure], kind: str) -> float:
    return round(sum(each.span.seconds for each in found if each.kind == kind), 3)


def _coverage(report: SittingReport, gaps: Sequence[Gap]) -> Coverage:
    part = Interval(report.window.start, report.settled_until)
    return Coverage(part, IntervalSet(gap.interval for gap in gaps).complement(part), tuple(gaps))
