"""A report that is printed for somebody: in their language, and with pictures of footage where they may have these.

Pictures are written down as footage that was taken away before any file of it is opened. Not here: who may
(``dashboard.api.guard``), and which pictures these are (``analysis.stills``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query
from fastapi.responses import Response

from analysis.report import SittingReport
from analysis.stills import Shot, Still, planned, scenes, taken
from dashboard.access.errors import HeldBack
from dashboard.access.sight import Sight
from dashboard.api.backing import Backed, Backing
from dashboard.api.footage import says_why
from dashboard.api.guard import Pictured, Seen, Viewing
from dashboard.api.witness import Witness, Witnessed
from dashboard.papers.report import compose
from dashboard.papers.sheet import Paper
from dashboard.papers.words import Language
from domain.timeline import Interval

Lang = Annotated[Language, Query()]


class PdfResponse(Response):
    """A paper as a file to keep."""

    media_type = "application/pdf"


@dataclass(frozen=True, slots=True)
class Printing:
    """One request for a printed report."""

    backed: Backing
    batch: str
    number: int
    language: Language
    pictures: bool
    purpose: str
    seen: Sight
    witness: Witness

    def paper(self) -> Paper:
        """Raises UnknownBatch, UnknownSitting; of pictures also PurposeNeeded, HeldBack."""
        found = self.backed.sitting(self.batch, self.number)
        pack = self.backed.rule_packs(found.batch.rule_pack)
        if self.pictures:
            says_why(self.witness.viewer, self.purpose)
        report = self.backed.report(found)
        stills = self._stills(report) if self.pictures else None
        return compose(report, self.language, site=found.site, rule_pack=pack, stills=stills)

    def _stills(self, report: SittingReport) -> Sequence[Still]:
        """Raises HeldBack where a file of them belongs to a sitting that is not closed."""
        shots = planned(self.backed.database.evidence, report, scenes(report))
        unclosed, inside = self.seen.unclosed(), self.seen.footage()
        files = [shot.segment for shot in shots if shot.segment is not None]
        if report.closed is None or any(map(unclosed, files)):
            raise HeldBack("a report with pictures may be printed once the sitting is closed")
        if not all(map(inside, files)):
            raise HeldBack("pictures of footage outside of what may be seen are not printed")
        self._write_down(shots)
        return taken(shots, self.backed.archive.opened)

    def _write_down(self, shots: Sequence[Shot]) -> None:
        """One entry for each camera, over the instants of its pictures."""
        instants: dict[str, list[Shot]] = {}
        for shot in shots:
            if shot.segment is not None:
                instants.setdefault(shot.scene.camera, []).append(shot)
        for camera, own in sorted(instants.items()):
            spans = [shot.segment.interval for shot in own if shot.segment is not None]
            whole = Interval(min(span.start for span in spans), max(span.end for span in spans))
            self.witness.took(camera, self.batch, whole, self.purpose)


def _printing(
    *,
    backed: Backed,
    seen: Seen,
    witness: Witnessed,
    viewer: Viewing,
    batch: Annotated[str, Path(max_length=64)],
    number: Annotated[int, Path(ge=1, le=999)],
    pictures: Pictured,
    lang: Lang = Language.ZH,
    purpose: Annotated[str, Query(max_length=200, description="Of pictures: why, in the viewer's own words")] = "",
) -> Printing:
    return Printing(backed, batch, number, lang, pictures, purpose, seen, witness)


Printed = Annotated[Printing, Depends(_printing)]
