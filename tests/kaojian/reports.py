"""A report with what a test is about, and nothing else in it."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.facts import PhaseSpan
from analysis.report import BackupReport, CameraReport, SittingReport, StationReport
from domain.law import Verdict
from domain.timeline import Interval


def sitting_report_of(
    window: Interval, cameras: Sequence[CameraReport], stations: Sequence[StationReport]
) -> SittingReport:
    return SittingReport(
        batch="2026-TEST",
        sitting=1,
        site="sg-test",
        project="试验",
        rule_pack="SG-2022-08-10",
        made=window.end,
        settled_until=window.end,
        opened=window.start,
        closed=window.end,
        window=window,
        phases=(PhaseSpan("W2", window.start, window.end),),
        verdict=Verdict.PASS,
        stations=tuple(stations),
        cameras=tuple(cameras),
        clauses=(),
        backup=BackupReport(2, 0, 0, None, None),
        host_clocks=(),
    )
