"""Carrying out a disposal list: what two people approved goes, and what is left of it is proof that it went by order.

1. The list is approved by two people, the journal has both approvals, signed, and both are still who they were.
2. Before anything is removed all its batches are looked at again, by a proven clock, with the object store asked.
   What is not as it was approved makes the list void, and nothing goes.
3. For each batch, in the order of the list:
   a. It is looked at once more.
   b. Its *order* is signed and written down; from then on its footage counts as disposed of, not as missing, and
      nobody is given it.
   c. The order is brought into the object store, under lock, and read back.
   d. Each copy is removed, of footage and then of the scans of its dossier, seen to be gone, and gets its tombstone.
      A copy that is locked or held after all ends the batch there; one that is out of reach is left and told.
   e. Once none is left, and the store answers under none of the keys, the *certificate of destruction* is signed,
      written down, and brought into the object store.

The order comes first, so that footage that is gone is never gone without a word: killed after (b) or within (d),
there is a signed paper that says why it is missing. The certificate comes last, so that none says of footage which
is there that it was destroyed. Carried out again, each step that was done is passed over. Manifests, links, reports,
the rows with their tombstones, and both records stay. Not here: the rules (``domain.disposal``), what a copy is
removed by (``storage.archive``), and what the papers say (``storage.manifest.destruction``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.chain import Record, digest_of
from domain.disposal import (
    BEFORE_THE_FIRST_PAPER,
    CERTIFICATE_FORM,
    OF_THE_CLOCK,
    ORDER_FORM,
    SIDES,
    VOIDS,
    BatchToGo,
    Certificate,
    Decision,
    DestroyedCopy,
    DestroyedSegment,
    DisposalList,
    DisposalOrder,
    DisposalState,
    PaperKind,
    SegmentToGo,
    Settled,
    Signatory,
)
from domain.evidence import Copy, Place
from domain.manifest import Document
from domain.people import Actor
from domain.timeline import rfc3339
from records.disposal import Basis, content, look_again
from records.dossier import note_removed, removed_copies
from records.errors import ClockBehind, DisposalRefused, DisposalVoid, NotApproved, NotUnderLock
from storage.archive import OutOfReach
from storage.database import Database
from storage.database.disposals import APPROVED, KeptPaper
from storage.errors import DatabaseUnavailable, StorageError
from storage.manifest import destruction
from storage.manifest.keys import kin_of, publish
from storage.objects import Objects
from storage.scans import PREFIX as SCANS
from storage.signing import Signer, is_signed

ACCOUNT = "account:"
"""How the name of an actor begins who has an account."""

Progress = Callable[[str, int, int], object]
"""Told of which batch how many segments are done, of how many."""


@dataclass(frozen=True, slots=True)
class Papers:
    """With what papers are signed, and the object store that they are brought to."""

    signer: Signer
    objects: Objects


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of one batch. ``left`` says of what is still there why; without it the batch has a certificate."""

    batch: str
    removed: int
    certificate: KeptPaper | None
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done of a list, and how it stands now."""

    listed: DisposalList
    batches: tuple[BatchOutcome, ...]


def carry_out(basis: Basis, papers: Papers, number: int, actor: Actor, tell: Progress) -> Outcome:
    """Carry out a list, or go on with it, in the numbered steps above.

    Raises UnknownDisposal, NotApproved; DisposalVoid: it is void from now on; DisposalRefused: something is in the
    way that may pass; ClockBehind, NotUnderLock, KeyRefused, DatabaseUnavailable. What was removed before stays told.
    """
    database = basis.database
    listed = database.disposals.find(number)
    frozen = content(database, listed)
    if listed.state(basis.clock.now()) is DisposalState.CARRIED_OUT:
        for site in dict.fromkeys(each.site for each in frozen.batches):
            _bring_under_lock(basis, papers, site)
        return Outcome(listed, ())
    _refuse_unapproved(basis, papers.signer, listed)
    rest = [each for each in frozen.batches if each.batch not in listed.destroyed]
    _look_again(basis, listed, rest, actor)
    publish(database.closings, papers.signer, basis.clock.now())
    done: list[BatchOutcome] = []
    for each in rest:
        _look_again(basis, listed, [each], actor)
        done.append(_Batch(basis, papers, listed, each, actor, tell).dispose())
    return Outcome(database.disposals.find(number), tuple(done))


def _refuse_unapproved(basis: Basis, signer: Signer, listed: DisposalList) -> None:
    now = basis.clock.now()
    if not listed.may_go(now):
        state = listed.state(now)
        raise NotApproved(
            f"list {listed.number} is not to be carried out: it is {state} {state.zh}; two people, one of either "
            "side, have to have approved it lately, at the page"
        )
    names = recorded(basis.database, signer, APPROVED, str(listed.number), listed.digest)
    for each in listed.approvals:
        if each.actor.name not in names:
            raise NotApproved(
                f"the journal has no signed entry of the approval of list {listed.number} by {each.actor.name}: "
                "somebody wrote it into the database; `kaojian check`"
            )
    if not listed.ordered:
        named = f"list {listed.number}"
        refuse_changed_people(basis.database, listed.approvals, frozenset(listed.batches), named, now)


def recorded(database: Database, signer: Signer, act: str, subject: str, begins: str = "") -> set[str]:
    """Who did that act to that subject by the journal, in entries that this installation signed, as far as their
    detail begins so.
    """
    keys = kin_of(signer.public, database.closings)
    found = set()
    for entry in database.journal.chain():
        fields = entry.fields
        if (fields["act"], fields["subject"]) != (act, subject):
            continue
        form = Record.JOURNAL.entry_form
        whole = entry.digest == digest_of(form, entry.number, fields, entry.previous)
        ours = any(is_signed(entry.digest.encode(), entry.signature, key) for key in keys)
        if whole and ours and str(fields["detail"]).startswith(begins):
            found.add(str(fields["actor"]))
    return found


def refuse_changed_people(
    database: Database, approvals: Sequence[Decision], batches: frozenset[str], named: str, now: datetime
) -> None:
    """Raises NotApproved where somebody who approved what is ``named`` so is not who they were then."""
    accounts = {f"{ACCOUNT}{each.name}": each for each in database.accounts.all()}
    for each in approvals:
        account = accounts.get(each.actor.name)
        is_same = account is not None and account.role is each.role and account.role in SIDES
        if account is None or not is_same or account.emergency or not account.is_open(now):
            raise NotApproved(f"{each.actor.name}, who approved {named}, is not who they were; propose anew")
        if account.recused & batches:
            raise NotApproved(f"{each.actor.name}, who approved {named}, was recused since; propose anew")


def _look_again(basis: Basis, listed: DisposalList, batches: Sequence[BatchToGo], actor: Actor) -> None:
    """Raises DisposalVoid, DisposalRefused."""
    refused = DisposalRefused(look_again(basis, listed, batches, ask_store=True))
    found = {each.what for objections in refused.objections.values() for each in objections}
    if found & VOIDS and not found & OF_THE_CLOCK:  # by a wrong clock nothing is void either
        decision = Decision(Settled.VOIDED, basis.clock.now(), actor, None, str(refused).replace("\n", "; "))
        basis.database.disposals.decide(listed.number, decision, lambda _: None)
        raise DisposalVoid(f"list {listed.number} is void 已作废, and nothing more goes by it: {refused}")
    if refused.objections:
        raise refused


def _bring_under_lock(basis: Basis, papers: Papers, site: str) -> None:
    try:
        destruction.keep(basis.database.disposals, site, papers.objects)
    except DatabaseUnavailable:
        raise
    except (StorageError, OSError) as error:
        raise NotUnderLock(
            f"a paper of a disposal at site {site} is signed and does not lie in the object store yet ({error}); "
            "carry the list out again when it is back"
        ) from error


@dataclass
class _Batch:
    """One batch on its way out."""

    basis: Basis
    papers: Papers
    listed: DisposalList
    going: BatchToGo
    actor: Actor
    tell: Progress
    removed: int = 0
    left: list[str] = field(default_factory=list)

    @property
    def footage(self) -> list[SegmentToGo]:
        return [each for each in self.going.segments if not each.key.startswith(SCANS)]

    @property
    def scans(self) -> list[SegmentToGo]:
        return [each for each in self.going.segments if each.key.startswith(SCANS)]

    def dispose(self) -> BatchOutcome:
        """Steps b to e."""
        order = self._order()
        _bring_under_lock(self.basis, self.papers, self.going.site)
        self._remove(order)
        certificate = None
        if not self.left:
            certificate = self._certify(order)
            _bring_under_lock(self.basis, self.papers, self.going.site)
        return BatchOutcome(self.going.batch, self.removed, certificate, tuple(self.left))

    def _order(self) -> KeptPaper:
        """The order of this batch, signed where it was not before."""
        disposals = self.basis.database.disposals
        for each in disposals.papers_of(self.listed.number):
            if (each.batch, each.kind) == (self.going.batch, PaperKind.ORDER):
                return each
        return disposals.add_paper(self.going.site, self._signed_order, self.actor)

    def _signed_order(self, last: KeptPaper | None) -> KeptPaper:
        now, going, proposed = self.basis.clock.now(), self.going, self.listed.proposed
        self._refuse_a_clock_behind(last, now)
        number, previous = _next(last)
        order = DisposalOrder(
            form=ORDER_FORM,
            site=going.site,
            number=number,
            previous=previous,
            disposal=self.listed.number,
            content=Document(self.listed.digest, len(self.basis.database.disposals.content(self.listed.number))),
            proposed=Signatory(proposed.actor.name, "", proposed.at, proposed.reason),
            approved=tuple(
                Signatory(each.actor.name, "" if each.role is None else each.role.value, each.at, each.reason)
                for each in self.listed.approvals
            ),
            batch=going.batch,
            link_number=going.link_number,
            link_digest=going.link_digest,
            segments_root=going.segments_root,
            retained_until=going.retained_until,
            segments=len(going.segments),
            size_bytes=going.size_bytes,
            signed_at=now,
            key=self.papers.signer.public,
        )
        return destruction.kept(self.papers.signer, order)

    def _remove(self, order: KeptPaper) -> None:
        """Every copy that was not removed by this order yet; ends with the first that the store will not let go."""
        database = self.basis.database
        copies = database.evidence.copies([each.key for each in self.footage])
        for number, segment in enumerate(self.footage, start=1):
            if database.holds.standing(self.going.batch):
                self.left.append(f"batch {self.going.batch} was held meanwhile")
                return
            for copy in copies[segment.key]:
                waits = copy.removed is None or copy.removed < order.signed_at
                if waits and not self._is_removed(copy):
                    return
            self.tell(self.going.batch, number, len(self.going.segments))
        for number, scan in enumerate(self.scans, start=len(self.footage) + 1):
            if not self._is_scan_removed(scan):
                return
            self.tell(self.going.batch, number, len(self.going.segments))
        if not self.left:
            self._look_for_more()

    def _is_scan_removed(self, scan: SegmentToGo) -> bool:
        """Removed in every store that can be reached; its tombstones come once none of them has it any more."""
        database, batch = self.basis.database, self.going.batch
        elsewhere = {each.target for each in scan.copies} - set(self.basis.archive.buckets)
        if database.holds.standing(batch):
            self.left.append(f"batch {batch} was held meanwhile")
            return False
        self.left += [f"{scan.key} lies in bucket {each}, which is none of those set up here" for each in elsewhere]
        try:
            self.removed += self.basis.archive.dispose_scan(batch, scan.key)
        except DatabaseUnavailable:
            raise
        except StorageError as error:
            self.left.append(str(error))
            return False
        if not elsewhere:
            note_removed(database, batch, scan.key, self.actor, self.basis.clock.now())
        return True

    def _is_removed(self, copy: Copy) -> bool:
        """Whether to go on: it was removed, or is only out of reach from here."""
        try:
            self.basis.archive.dispose(copy)
        except OutOfReach as error:
            self.left.append(str(error))
        except DatabaseUnavailable:
            raise
        except (StorageError, OSError) as error:
            self.left.append(str(error))
            return False
        else:
            self.removed += copy.removed is None
        return True

    def _look_for_more(self) -> None:
        """A version that no row knows of would be footage that nobody ever accounts for."""
        for segment in self.going.segments:
            try:
                more = self.basis.archive.left_over(segment.key)
            except StorageError as error:
                self.left.append(str(error))
                return
            if more:
                self.left.append(
                    f"{segment.key} still answers in the object store, in a version that no row knows of"
                )

    def _certify(self, order: KeptPaper) -> KeptPaper:
        copies = self.basis.database.evidence.copies([each.key for each in self.footage])
        segments = tuple(
            DestroyedSegment(each.key, each.size_bytes, each.sha256, tuple(map(_destroyed, copies[each.key])))
            for each in self.footage
        ) + tuple(
            DestroyedSegment(each.key, each.size_bytes, each.sha256, self._destroyed_scans(each.key))
            for each in self.scans
        )

        def make(last: KeptPaper | None) -> KeptPaper:
            now, going = self.basis.clock.now(), self.going
            self._refuse_a_clock_behind(last, now)
            number, previous = _next(last)
            certificate = Certificate(
                form=CERTIFICATE_FORM,
                site=going.site,
                number=number,
                previous=previous,
                disposal=self.listed.number,
                order_number=order.number,
                order_digest=order.digest,
                batch=going.batch,
                link_number=going.link_number,
                link_digest=going.link_digest,
                segments_root=going.segments_root,
                segments=segments,
                signed_at=now,
                key=self.papers.signer.public,
            )
            return destruction.kept(self.papers.signer, certificate)

        return self.basis.database.disposals.add_paper(self.going.site, make, self.actor)

    def _destroyed_scans(self, key: str) -> tuple[DestroyedCopy, ...]:
        gone = [each for each in removed_copies(self.basis.database, self.going.batch) if each.key == key]
        return tuple(
            DestroyedCopy(Place.S3, each.bucket, each.version_id, "", each.removed)
            for each in gone
            if each.removed is not None
        )

    def _refuse_a_clock_behind(self, last: KeptPaper | None, now: datetime) -> None:
        if last is not None and now < last.signed_at:
            raise ClockBehind(
                f"this host's clock says {rfc3339(now)}, before paper {last.number} of site {last.site} was signed "
                f"({rfc3339(last.signed_at)}); set the clock right first (`kaojian doctor`)"
            )


def _next(last: KeptPaper | None) -> tuple[int, str]:
    return (1, BEFORE_THE_FIRST_PAPER) if last is None else (last.number + 1, last.digest)


def _destroyed(copy: Copy) -> DestroyedCopy:
    if copy.removed is None:
        raise ValueError(f"a copy of {copy.segment} in {copy.target} stands, and a certificate was to be signed")
    return DestroyedCopy(copy.place, copy.target, copy.version_id or "", copy.spool, copy.removed)
