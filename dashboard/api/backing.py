"""What every route stands on: database, archive, rule packs and clock, given once when the app is made.

Not here: how these are made (``kaojian.wiring``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request

from analysis.people.detector import Detector
from analysis.report import SittingReport, sitting_report
from config.rule_pack import RulePack
from dashboard.access.login import Viewer
from dashboard.access.provider import Provider
from dashboard.access.questions import Questions
from dashboard.access.tickets import LiveTickets, Tickets
from dashboard.installation import Installation, RecordsChecked
from dashboard.metrics import Sources
from domain.calendar import HolidayTable, working_days_taken
from domain.law import Verdict
from domain.people import Role
from domain.places import Sitting
from domain.timeline import Clock
from ingest.host_clock import HostWitnesses, Witnesses
from records.commissioning import Bench
from records.disposal import Basis
from records.errors import NotAskedNow
from records.holidays import published
from records.readiness import Means
from records.roll_rules import WorkingDays
from storage.archive import Archive
from storage.database import Database
from storage.errors import KeyRefused, UnknownBatch, UnknownSitting
from storage.id_numbers import IdNumbers
from storage.manifest.zipping import Checksums
from storage.sealing import Sealer
from storage.signing import Signer

SETTLED_VERDICT_S = 60.0
"""How long a list may show the verdict of a closed sitting without computing it again: copies may be lost later."""

LIVE_VERDICT_S = 2.0


@dataclass(slots=True)
class Verdicts:
    """The verdicts that lists show, so that a list of many sittings does not open all evidence each time.

    Reports themselves are always computed anew. Safe to share between threads.
    """

    _kept: dict[tuple[str, int], tuple[float, Verdict]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, sitting: Sitting, monotonic_s: float, compute: Callable[[], Verdict]) -> Verdict:
        """The verdict of a sitting, computed when what is kept is too old."""
        key = (sitting.batch.id, sitting.plan.number)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and monotonic_s < kept[0]:
            return kept[1]
        verdict = compute()
        settled = sitting.closed is not None and verdict is not Verdict.PENDING
        lasts_s = SETTLED_VERDICT_S if settled else LIVE_VERDICT_S
        with self._lock:
            self._kept[key] = (monotonic_s + lasts_s, verdict)
        return verdict


@dataclass(frozen=True, slots=True)
class LivePort:
    """At which port of this host live pictures are, and what opens them; a process of its own serves it."""

    tickets: LiveTickets = field(default_factory=lambda: LiveTickets(LiveTickets.new_key()))
    port: int = 8001


@dataclass(frozen=True, slots=True)
class Backing:
    """See the module. ``rule_packs`` loads a rule pack by its id; ``sealer`` seals secrets of second factors, and the
    roles ``with_factor`` have to have one. ``provider`` vouches for people beside passwords, where there is one;
    ``witnesses`` vouch for the clock by which footage may be disposed of; ``means`` are what sittings are checked by;
    ``holidays`` say when people work, None as far as that is published; ``numbers`` gives the key of numbers of
    people's documents. ``filing`` may put scans into the object stores, where the archive's keys only read;
    ``signing`` signs receipts, and ``pages_address`` is where browsers reach the pages, "" where nobody said.
    ``live`` is where live pictures are; ``detector`` opens what finds people, None without a model; ``commissioning``
    tries cameras and keeps their logins. ``installation`` is what the pages tell of it, and ``records_checked`` its
    records when they were checked last; ``checksums`` are of files that were sent in ZIPs lately.
    """

    database: Database
    archive: Archive
    rule_packs: Callable[[str], RulePack]
    clock: Clock
    measured: Sources
    sealer: Sealer
    with_factor: frozenset[Role]
    numbers: Callable[[], IdNumbers]
    provider: Provider | None = None
    witnesses: Witnesses = field(default_factory=HostWitnesses)
    tickets: Tickets = field(default_factory=Tickets)
    verdicts: Verdicts = field(default_factory=Verdicts)
    means: Means = field(default_factory=Means)
    holidays: HolidayTable | None = None
    filing: Archive | None = None
    signing: Signer | None = None
    pages_address: str = ""
    live: LivePort = field(default_factory=LivePort)
    detector: Callable[[], Detector | None] = lambda: None
    commissioning: Bench | None = None
    questions: Questions[Any] = field(default_factory=Questions)
    installation: Installation = field(default_factory=Installation)
    records_checked: RecordsChecked = field(default_factory=RecordsChecked)
    checksums: Checksums = field(default_factory=Checksums)

    @property
    def signer(self) -> Signer:
        """Raises KeyRefused where nothing is signed here."""
        if self.signing is None:
            raise KeyRefused("this service has no signing key; `kaojian serve` has it")
        return self.signing

    @property
    def bench(self) -> Bench:
        """Raises NotAskedNow where no camera is tried from here."""
        if self.commissioning is None:
            raise NotAskedNow("this service tries no cameras; `kaojian serve` does")
        return self.commissioning

    def rules(self, batch_id: str) -> RulePack:
        """The rule pack of a batch. Raises UnknownBatch, RulePackRefused."""
        found = self.database.setup.batch(batch_id)
        if found is None:
            raise UnknownBatch(f"there is no batch {batch_id}")
        return self.rule_packs(found.rule_pack)

    def must_enrol(self, viewer: Viewer) -> bool:
        """Whether the account has no second factor and its role has to have one. Not after the glass was broken, and
        not where a provider vouched for one.
        """
        account = viewer.account
        proved = account.factor or account.emergency or viewer.factor_proved
        return account.role in self.with_factor and not proved

    @property
    def disposing(self) -> Basis:
        """On what it is judged whether footage may go."""
        return Basis(self.database, self.archive, self.witnesses, self.clock)

    @property
    def working_days(self) -> WorkingDays:
        """How working days are counted."""
        return partial(working_days_taken, table=self.holidays or published())

    def sitting(self, batch_id: str, number: int) -> Sitting:
        """Raises UnknownBatch, UnknownSitting."""
        found = self.database.setup.sitting(batch_id, number)
        if found is None:
            if self.database.setup.batch(batch_id) is None:
                raise UnknownBatch(f"there is no batch {batch_id}")
            raise UnknownSitting(f"batch {batch_id} has no sitting {number}")
        return found

    def report(self, sitting: Sitting) -> SittingReport:
        """The report of a sitting as the evidence stands now."""
        pack = self.rule_packs(sitting.batch.rule_pack)
        return sitting_report(self.database, sitting.batch.id, sitting.plan.number, pack, self.clock.now())

    def verdict(self, sitting: Sitting) -> Verdict:
        """The verdict of a sitting, at most a minute old."""
        return self.verdicts.of(sitting, self.clock.monotonic(), lambda: self.report(sitting).verdict)


def _backing(request: Request) -> Backing:
    found = request.app.state.backing
    assert isinstance(found, Backing)  # noqa: S101 - set by create_app, the only maker of apps
    return found


Backed = Annotated[Backing, Depends(_backing)]
