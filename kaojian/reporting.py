"""One report for the command line, as JSON or as a paper.

What it says is made in ``analysis.report``, how the paper looks in ``dashboard.papers.report``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from analysis.report import BatchReport, SittingReport, batch_report, sitting_report
from analysis.report_json import to_json
from analysis.stills import Still, planned, scenes, taken
from config import rule_pack
from config.rule_pack import RulePack
from config.s3 import Duty
from config.settings import Settings
from dashboard.access import local
from dashboard.access.errors import HeldBack
from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.report import compose
from domain.people import Actor
from domain.places import Site
from domain.timeline import Clock
from kaojian.wiring import open_archive
from storage.database import Database
from storage.errors import UnknownBatch


@dataclass(frozen=True, slots=True)
class Found:
    """A report with what its paper needs beside it."""

    report: SittingReport | BatchReport
    site: Site | None
    pack: RulePack
    stills: tuple[Still, ...] | None = None

    def as_json(self) -> str:
        return json.dumps(to_json(self.report), ensure_ascii=False, indent=2) + "\n"

    def as_html(self, lang: str) -> str:
        return as_html(compose(self.report, lang, site=self.site, rule_pack=self.pack, stills=self.stills))

    def as_pdf(self, lang: str) -> bytes:
        """Raises NotPrinted."""
        return as_pdf(compose(self.report, lang, site=self.site, rule_pack=self.pack, stills=self.stills))


def with_pictures(settings: Settings, database: Database, found: Found, actor: Actor, clock: Clock) -> Found:
    """With small pictures of the longest gaps and unusable spans, written down as footage that is taken away.

    Raises HeldBack where a sitting is not closed, and as ``dashboard.access.local.give``; DatabaseUnavailable.
    """
    report = found.report
    sittings = report.sittings if isinstance(report, BatchReport) else (report,)
    if still_open := [each for each in sittings if each.closed is None]:
        name = f"sitting {still_open[0].sitting} of batch {report.batch}"
        raise HeldBack(f"{name} is not closed: its report is printed without --pictures until then")
    chosen = scenes(report)
    shots = [shot for each in sittings for shot in planned(database.evidence, each, chosen)]
    files = {shot.segment.key: shot.segment for shot in shots if shot.segment is not None}
    local.give(database, clock, actor, list(files.values()), purpose="report with pictures 带截图的报告")
    archive = open_archive(settings, database, duty=Duty.READ)
    return replace(found, stills=taken(shots, archive.opened))


def find(database: Database, batch_id: str, number: int | None, rule_packs: Path, now: datetime) -> Found:
    """The report of one sitting, or of the whole batch without ``number``, by the batch's own rule pack.

    Raises UnknownBatch, UnknownSitting, RulePackRefused, DatabaseUnavailable.
    """
    batch = database.setup.batch(batch_id)
    if batch is None:
        there = ", ".join(each.id for each in database.setup.batches()) or "none"
        raise UnknownBatch(f"there is no batch {batch_id} (there is: {there}); set it up with `kaojian apply`")
    pack = rule_pack.load(batch.rule_pack, rule_packs)
    if number is None:
        return Found(batch_report(database, batch_id, pack, now), database.setup.site(batch.site), pack)
    report = sitting_report(database, batch_id, number, pack, now)
    sitting = database.setup.sitting(batch_id, number)
    return Found(report, sitting.site if sitting is not None else None, pack)
