"""Compares a report with the truth, to the millisecond, and says in seconds how far it departs. Pure.

For each camera, with ``edge_s`` allowed at each edge of the truth and nowhere else:

1. ``phantom_s``: reported covered, where no picture was.
2. ``ghost_s``: reported missing, where pictures were, or where nothing excuses that there were none.
3. ``unexplained_s``: missing for good reason, but reported without a cause, or with another than the truth's. Excuses
   that touch share their causes: where one fault runs into another, the recorder may name either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.evidence import Cause, Coverage
from domain.timeline import Interval, IntervalSet, rfc3339
from kaojian.drill.truth import CameraTruth


@dataclass(frozen=True, slots=True)
class Departure:
    """One span in which report and truth differ."""

    camera: str
    kind: str
    span: Interval
    detail: str

    def __str__(self) -> str:
        start, end = rfc3339(self.span.start), rfc3339(self.span.end)
        return f"{self.camera}: {self.kind} {start} .. {end} ({self.span.seconds:.3f} s) {self.detail}"


def departures(truth: CameraTruth, told: Coverage) -> list[Departure]:
    """Every span in which the report departs from the truth by more than an edge."""
    excused = _dilated(truth, (excuse.span for excuse in truth.excuses))
    forgiven = _dilated(truth, (excuse.span for excuse in truth.excuses if excuse.wholly)) | (excused & truth.twice)
    owed = _narrowed(truth, truth.good) - forgiven
    found = [
        Departure(truth.camera, "phantom", span, "covered in the report, but no picture was")
        for span in told.covered - _dilated(truth, truth.possible)
    ]
    groups = _grouped(truth)
    for gap in told.gaps:
        whole = IntervalSet([gap.interval])
        ghosts = (whole & owed) | (whole - excused)
        found += [Departure(truth.camera, "ghost", span, f"reported missing: {gap.cause}") for span in ghosts]
        explained = IntervalSet(span for span, causes in groups if gap.cause in causes)
        for span in whole - ghosts - explained:
            possible = {cause for group, causes in groups if group.overlaps(span) for cause in causes}
            found.append(Departure(truth.camera, "unexplained", span, f"{gap.cause}, not {_named(possible)}"))
    return found


def _named(causes: set[Cause]) -> str:
    return " or ".join(sorted(cause.value for cause in causes)) or "excused"


def _wider(truth: CameraTruth, span: Interval) -> Interval:
    return Interval(span.start - truth.edge_at(span.start), span.end + truth.edge_at(span.end))


def _dilated(truth: CameraTruth, spans: Iterable[Interval]) -> IntervalSet:
    return IntervalSet(_wider(truth, span) for span in spans)


def _narrowed(truth: CameraTruth, spans: IntervalSet) -> IntervalSet:
    edges = [(span.start + truth.edge_at(span.start), span.end - truth.edge_at(span.end)) for span in spans]
    return IntervalSet(Interval(start, end) for start, end in edges if start < end)


def _grouped(truth: CameraTruth) -> list[tuple[Interval, frozenset[Cause]]]:
    """Excuses that touch, each with its edges, as one span with the causes of all."""
    found: list[tuple[Interval, frozenset[Cause]]] = []
    for excuse in sorted(truth.excuses, key=lambda excuse: excuse.span):
        wide = _wider(truth, excuse.span)
        if found and wide.start <= found[-1][0].end:
            span, causes = found[-1]
            found[-1] = (Interval(min(span.start, wide.start), max(span.end, wide.end)), causes | excuse.causes)
        else:
            found.append((wide, excuse.causes))
    return found
