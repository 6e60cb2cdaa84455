"""A held sitting of which nothing of camera c1 is stored yet, and people who decide on 误摄扣留."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.report import SittingReport, sitting_report
from domain.disposal import Person, Settled
from domain.evidence import Cause, Segment
from domain.people import Account, Role, Scope
from domain.timeline import Interval
from domain.withholding import Withholding
from records import withholding as records
from records.disposing import Papers
from records.withholding import Destruction
from storage.check.comparing import Wrong
from storage.check.looking import Check
from storage.database import Database
from tests.closed_batches import EXAM, FIRST, LEAD, PACK, START, TESTER, ClosedBatches
from tests.disposals import OFFICER, SUPERVISOR, actor
from tests.fakes.notary import SIGNER

WINDOW = Interval(START - LEAD, START + EXAM + LEAD)
WHY = "c1 拍到更衣区"


class Site(ClosedBatches):
    """Of camera c1 nothing is stored yet; an officer, a supervisor and an operator have accounts."""

    def __init__(self, database: Database, spool: Path) -> None:
        super().__init__(database, spool, signer=SIGNER)
        for name, role in (
            (OFFICER, Role.CITY_OFFICER),
            ("li", Role.CITY_OFFICER),
            (SUPERVISOR, Role.CITY_SUPERVISOR),
        ):
            self.database.accounts.add(Account(name, role, Scope(role.reach), START, False), "no hash")

    def add(self, batch: str, camera: str, run: str, span: Interval, **told: Any) -> Segment:
        told["keeps"] = told.get("keeps", True) and camera != "c1"
        return super().add(batch, camera, run, span, **told)

    def withhold(
        self,
        start: datetime = WINDOW.start,
        until: datetime | None = WINDOW.end,
        *,
        by: str = "operator",
        why: str = WHY,
    ) -> Withholding:
        return records.withhold(self.database, "c1", start, until, reason=why, actor=actor(by), clock=self.clock)

    def person(self, name: str) -> Person:
        found = next(each for each in self.database.accounts.all() if each.name == name)
        return Person(f"account:{name}", found.role, found.emergency, found.recused)

    def decide(self, withholding: Withholding, name: str, what: Settled = Settled.APPROVED) -> Withholding:
        self.clock.advance(60)
        person, by = self.person(name), actor(name)
        return records.decide(
            self.database, withholding.number, person, what, reason="看过录像", actor=by, clock=self.clock
        )

    def confirmed(self, withholding: Withholding | None = None) -> Withholding:
        withholding = withholding or self.withhold()
        for name in (OFFICER, SUPERVISOR):
            withholding = self.decide(withholding, name)
        return withholding

    def destroy(self, withholding: Withholding) -> Destruction:
        papers = Papers(self.signer, self.objects)
        return records.destroy(
            self.database, self.archive, papers, withholding.number, actor=TESTER, clock=self.clock
        )

    def files(self, camera: str = "c1") -> list[Segment]:
        return [each for each, _ in self.database.evidence.segments_of(FIRST) if each.camera == camera]

    def in_spool(self) -> set[str]:
        return {each.key for each in self.files() if (self.spool / each.key).exists()}

    def report(self) -> SittingReport:
        return sitting_report(self.database, FIRST, 1, PACK, self.clock.now())

    def causes(self, report: SittingReport | None = None) -> set[Cause]:
        found = next(each for each in (report or self.report()).cameras if each.camera == "c1")
        return {gap.cause for gap in found.gaps}

    def findings(self) -> list[tuple[Wrong, str]]:
        check = Check(
            self.database, self.archive, [self.objects], [self.spool], clock=self.clock, wait=lambda _: None
        )
        return [(each.what, each.subject) for each in check.findings()]


def hidden(database: Database, spool: Path) -> Site:
    """Of camera c1 one file was stored, the others were destroyed, and the closed batch says so."""
    made = Site(database, spool)
    made.hold(FIRST)
    made.archive.keep(made.files()[0])
    made.destroy(made.confirmed())
    made.close(FIRST)
    return made
