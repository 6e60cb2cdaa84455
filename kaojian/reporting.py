"""One report for the command line, as JSON or as a paper.

What it says is made in ``analysis.report``, how the paper looks in ``dashboard.papers.report``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analysis.report import BatchReport, SittingReport, batch_report, sitting_report, to_json
from config import rule_pack
from config.rule_pack import RulePack
from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.report import compose
from domain.places import Site
from storage.database import Database
from storage.errors import UnknownBatch


@dataclass(frozen=True, slots=True)
class Found:
    """A report with what its paper needs beside it."""

    report: SittingReport | BatchReport
    site: Site | None
    pack: RulePack

    def as_json(self) -> str:
        return json.dumps(to_json(self.report), ensure_ascii=False, indent=2) + "\n"

    def as_html(self, lang: str) -> str:
        return as_html(compose(self.report, lang, site=self.site, rule_pack=self.pack))

    def as_pdf(self, lang: str) -> bytes:
        """Raises NotPrinted."""
        return as_pdf(compose(self.report, lang, site=self.site, rule_pack=self.pack))


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
