"""Closed batches whose time of keeping is over, two people who may approve, and a proven clock.

Two batches of a site, as in ``tests.closed_batches``; the clock stands a day after the end of their keeping.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from domain.calendar import retained_until
from domain.disposal import DisposalList, Person
from domain.people import Account, Actor, Door, Role, Scope
from ingest.host_clock import Witnesses
from records import disposal
from records.disposal import Basis
from records.disposing import Outcome, Papers, carry_out
from storage.archive import Archive
from storage.database import Database
from tests.closed_batches import DAY, FIRST, SECOND, START, TESTER, ClosedBatches
from tests.fakes.notary import SIGNER
from tests.fakes.objects import MemoryObjects
from tests.fakes.witnesses import KEPT, FakeWitnesses

OFFICER, SUPERVISOR = "chen", "wu"
WHY = "保管期已满，无封存"


def actor(name: str) -> Actor:
    return Actor(f"account:{name}", Door.API)


class ExpiredBatches(ClosedBatches):
    """The installation in which they lie, with a spool that has its marker.

    ``objects`` may be a real store, which then locks footage until ``locked_until``, by its own clock, and
    ``disposing`` the same with the key that may remove.
    """

    def __init__(
        self,
        database: Database,
        spool: Path,
        objects: MemoryObjects | None = None,
        locked_until: datetime | None = None,
        disposing: MemoryObjects | None = None,
    ) -> None:
        super().__init__(database, spool, signer=SIGNER)
        self.objects = objects or self.objects
        self.locked_until = locked_until
        self.witnesses = FakeWitnesses(said_ntp=KEPT)
        self.archive = self.over(self.objects)
        self.disposing = disposing
        for batch, start in ((FIRST, START), (SECOND, START + DAY)):
            self.hold(batch, start)
            self.close(batch)
        self.to(retained_until((START + DAY).date()) + DAY)
        for name, role in ((OFFICER, Role.CITY_OFFICER), (SUPERVISOR, Role.CITY_SUPERVISOR)):
            self.add_account(name, role)

    def over(self, objects: MemoryObjects) -> Archive:
        evidence, held = self.database.evidence, self.database.holds.standing
        return Archive(evidence, objects, self.spool, self.keep_until, self.clock, held=held)

    def keep_until(self, batch: str) -> datetime:
        """By the batch's own last exam day, as the wiring computes it."""
        if self.locked_until is not None:
            return self.locked_until
        return retained_until((START if batch == FIRST else START + DAY).date())

    def add_account(self, name: str, role: Role, **told: object) -> Account:
        account = Account(name, role, Scope(role.reach), START, False, **told)  # type: ignore[arg-type]
        self.database.accounts.add(account, "no hash")
        return account

    @property
    def basis(self) -> Basis:
        witnesses: Witnesses = self.witnesses
        archive = self.archive if self.disposing is None else self.over(self.disposing)
        return Basis(self.database, archive, witnesses, self.clock)

    @property
    def papers(self) -> Papers:
        return Papers(self.signer, self.objects)

    def person(self, name: str) -> Person:
        found = next(each for each in self.database.accounts.all() if each.name == name)
        return Person(f"account:{name}", found.role, found.emergency, found.recused)

    def propose(self, *batches: str, by: Actor = TESTER) -> DisposalList:
        return disposal.propose(self.basis, batches or (FIRST,), reason=WHY, actor=by)

    def approve(self, listed: DisposalList, name: str) -> DisposalList:
        return disposal.approve(
            self.basis, listed.number, self.person(name), digest=listed.digest, reason="", actor=actor(name)
        )

    def approved(self, *batches: str) -> DisposalList:
        """A list that both have approved, a minute after each other."""
        listed = self.propose(*batches)
        for name in (OFFICER, SUPERVISOR):
            self.clock.advance(60)
            listed = self.approve(listed, name)
        self.clock.advance(60)
        return listed

    def carry_out(self, listed: DisposalList, tell: Callable[[str, int, int], object] | None = None) -> Outcome:
        return carry_out(self.basis, self.papers, listed.number, TESTER, tell or (lambda *_: None))

    def footage(self, batch: str = FIRST) -> list[str]:
        return [segment.key for segment, _ in self.database.evidence.segments_of(batch)]

    def in_store(self, batch: str = FIRST) -> set[str]:
        """Keys of the batch's footage in the object store, of any version."""
        return {key for key in self.objects.keys("") if key in self.footage(batch) and self.objects.versions_of(key)}

    def in_spool(self, batch: str = FIRST) -> set[str]:
        return {key for key in self.footage(batch) if (self.spool / key).exists()}

    def standing(self, batch: str = FIRST) -> int:
        copies = self.database.evidence.copies(self.footage(batch)).values()
        return sum(copy.removed is None for found in copies for copy in found)


MINUTE = timedelta(minutes=1)
