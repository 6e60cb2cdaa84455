"""误摄扣留: footage of a 禁摄区 is withheld, two sides decide on that, and what may go is destroyed.

Destroying goes in this order, and may be carried out again from any point:

1. Both sides confirmed the withholding, the journal has both confirmations, signed, and both are still who they were.
2. No batch that its files are of is held 封存.
3. Each file that no object store ever had, by its rows and by the store itself, is removed from each spool that can
   be reached here, and its row gets the tombstone. What an object store has is under a lock: its copies stay, and
   nobody is given them.
4. Once none of these files is left, the certificate of destruction 销毁证明 is signed, written down, and brought into
   the object store, under a lock of its own.

Not here: the rules (``domain.withholding``), the files (``storage.archive``), and who may
(``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.disposal import Decision, Person, Settled
from domain.evidence import Copy, Place, Segment
from domain.holds import Order
from domain.people import Actor
from domain.timeline import Clock, Interval, rfc3339
from domain.withholding import (
    DESTRUCTION_FORM,
    Confirmation,
    DestroyedFile,
    DestructionOfWithheld,
    Withholding,
    WithholdingState,
    impossible,
    refusal,
)
from records.disposing import Papers, recorded, refuse_changed_people
from records.errors import ClockBehind, DecisionRefused, ImpossibleTime, NoReason, NotApproved, NotUnderLock
from storage.archive import Archive, OutOfReach
from storage.database import Database
from storage.database.withholdings import CONFIRMED, KeptDestruction
from storage.errors import DatabaseUnavailable, StorageError, UnknownRow
from storage.manifest import withheld
from storage.manifest.form import document_of, read_signed, signed
from storage.manifest.keys import publish
from storage.signing import Signer


@dataclass(frozen=True, slots=True)
class Reach:
    """What it reaches by now. ``stored`` are under a lock in an object store already, until ``locked_until`` the
    longest: they cannot be removed before, and are refused to everybody alike. ``closed`` are batches whose
    manifest states some of it.
    """

    files: tuple[Segment, ...]
    stored: int
    locked_until: datetime | None
    batches: frozenset[str]
    closed: frozenset[str]


def withhold(
    database: Database,
    camera: str,
    start: datetime,
    until: datetime | None,
    *,
    reason: str,
    actor: Actor,
    clock: Clock,
) -> Withholding:
    """Withhold what a camera films from ``start`` on, until further notice where ``until`` is None.

    From the return on no file of it is stored, played or looked at. One that was being sent to an object store at
    that instant may still get its lock there: ``reach`` tells of it. Raises NoReason, ImpossibleTime,
    DatabaseUnavailable; UnknownRow for a camera that was never set up.
    """
    now = clock.now()
    if not reason.strip():
        raise NoReason("say what the camera shows, and why it does: those who decide on the withholding read it")
    if (why := impossible(start, until, now)) is not None:
        raise ImpossibleTime(f"nothing can be withheld for that span: {why}")
    if not _is_known(database, camera):
        raise UnknownRow(f"there is no camera {camera}; `kaojian status` shows all")
    return database.withholdings.add(camera, start, until, Order(now, actor, reason.strip()))


def end(database: Database, number: int, until: datetime, *, reason: str, actor: Actor, clock: Clock) -> Withholding:
    """Say when a withholding that was until further notice ends: the camera was turned, or what it showed is over.

    Raises UnknownWithholding, NoReason, DecisionRefused, ImpossibleTime, DatabaseUnavailable.
    """
    now = clock.now()
    if not reason.strip():
        raise NoReason("say what ended it")

    def check(found: Withholding) -> None:
        if found.until is not None:
            raise DecisionRefused(
                f"withholding {number} ends at {rfc3339(found.until)}; make another withholding for more"
            )
        if not found.is_open:
            raise DecisionRefused(f"withholding {number} was decided on: it is {found.state} {found.state.zh}")
        if until <= found.start or until > now:
            raise ImpossibleTime(f"withholding {number} ends after {rfc3339(found.start)}, and not after now")

    return database.withholdings.end(number, until, Order(now, actor, reason.strip()), check)


def decide(
    database: Database, number: int, person: Person, what: Settled, *, reason: str, actor: Actor, clock: Clock
) -> Withholding:
    """Confirm that the footage shows a 禁摄区: two have to, one of either side and neither who withheld it. Or
    decline: then its footage is stored and shown as any other.

    Raises UnknownWithholding, NoReason, DecisionRefused, DatabaseUnavailable.
    """
    if not reason.strip():
        raise NoReason("say what you saw: whoever made the withholding reads it, and those who come after you")
    decision = Decision(what, clock.now(), actor, person.role, reason.strip())

    def check(found: Withholding) -> None:
        why = refusal(found, person, what, reach(database, found).batches, decision.at)
        if why is not None:
            raise DecisionRefused(why)

    return database.withholdings.decide(number, decision, check)


def reach(database: Database, found: Withholding) -> Reach:
    """What a withholding reaches, as the rows are now. Raises DatabaseUnavailable."""
    files = tuple(database.evidence.segments_withheld_by(found))
    copies = database.evidence.copies([each.key for each in files])
    stored = [copy for rows in copies.values() for copy in rows if copy.place is Place.S3 and copy.removed is None]
    batches = frozenset(each.batch for each in files if not each.is_trial)
    return Reach(
        files=files,
        stored=len({copy.segment for copy in stored}),
        locked_until=max((copy.locked_until for copy in stored if copy.locked_until is not None), default=None),
        batches=batches,
        closed=frozenset(each for each in batches if database.closings.latest(each) is not None),
    )


def _is_known(database: Database, camera: str) -> bool:
    rooms = (room for site in database.setup.sites() for room in site.rooms)
    if any(each.id == camera for room in rooms for each in room.cameras):
        return True
    return any(each.id == camera for sitting in database.setup.sittings() for each in sitting.cameras())


# Destroying


@dataclass(frozen=True, slots=True)
class Destruction:
    """What was done: files removed now, of those that stay ``stored`` under a lock, and of what is ``left`` why.

    ``paper`` is the last certificate, None where nothing was ever destroyed or something is left.
    """

    removed: int
    stored: int
    paper: KeptDestruction | None
    left: tuple[str, ...] = ()


def destroy(
    database: Database, archive: Archive, papers: Papers, number: int, *, actor: Actor, clock: Clock
) -> Destruction:
    """Destroy the files of a confirmed withholding, in the numbered steps above.

    Raises UnknownWithholding, NotApproved, ClockBehind, NotUnderLock, KeyRefused, DatabaseUnavailable.
    """
    found = database.withholdings.find(number)
    now, reached = clock.now(), reach(database, found)
    _refuse_unconfirmed(database, papers.signer, found, reached.batches, now)
    held = sorted(each for each in reached.batches if database.holds.standing(each))
    if held:
        raise NotApproved(
            f"nothing of withholding {number} is destroyed while a batch of it is held 封存: {', '.join(held)}"
        )
    copies = database.evidence.copies([each.key for each in reached.files])
    going = [each for each in reached.files if all(copy.place is Place.SPOOL for copy in copies[each.key])]
    standing = [copy for each in going for copy in copies[each.key] if copy.removed is None]
    if unnoted := _unnoted(archive, standing):
        return Destruction(0, reached.stored, None, unnoted)
    removed, left = _removed(archive, standing)
    if left:
        return Destruction(removed, reached.stored, None, left)
    paper = _certify(_Certifying(database, papers.signer, actor, clock), found, going)
    _bring_under_lock(database, papers, clock.now())
    return Destruction(removed, reached.stored, paper)


def _refuse_unconfirmed(
    database: Database, signer: Signer, found: Withholding, batches: frozenset[str], now: datetime
) -> None:
    named = f"withholding {found.number}"
    if found.state is not WithholdingState.CONFIRMED:
        raise NotApproved(
            f"nothing of {named} is destroyed: it is {found.state} {found.state.zh}; a city officer and a city "
            "supervisor have to have confirmed it, neither of them who made it"
        )
    names = recorded(database, signer, CONFIRMED, str(found.number))
    for each in found.confirmations:
        if each.actor.name not in names:
            raise NotApproved(
                f"the journal has no signed entry of the confirmation of {named} by {each.actor.name}: somebody "
                "wrote it into the database; `kaojian check`"
            )
    if not database.withholdings.papers(found.number):
        refuse_changed_people(database, found.confirmations, batches, named, now)


def _unnoted(archive: Archive, copies: Sequence[Copy]) -> tuple[str, ...]:
    """Of which files nobody can say that no object store has them: an upload that was killed wrote no row."""
    found = list[str]()
    for key in dict.fromkeys(each.segment for each in copies):
        try:
            if archive.left_over(key):
                found.append(
                    f"{key} lies in an object store and has no row of it: `kaojian check --repair`, and again"
                )
        except StorageError as error:
            return (*found, f"the object store cannot be asked: {error}")
    return tuple(found)


def _removed(archive: Archive, copies: Sequence[Copy]) -> tuple[int, tuple[str, ...]]:
    """How many copies were removed, and of those that were not why. Raises DatabaseUnavailable."""
    done, left = 0, list[str]()
    for copy in copies:
        try:
            archive.destroy_withheld(copy)
            done += 1
        except DatabaseUnavailable:
            raise
        except OutOfReach as error:
            left.append(str(error).replace("carry the list out", "destroy it"))
        except (StorageError, OSError) as error:
            left.append(str(error))
    return done, tuple(left)


@dataclass(frozen=True, slots=True)
class _Certifying:
    database: Database
    signer: Signer
    actor: Actor
    clock: Clock


def _certify(work: _Certifying, found: Withholding, going: Sequence[Segment]) -> KeptDestruction | None:
    """The paper of what no earlier one names; the last one where there is no more, None without any."""
    database, signer = work.database, work.signer
    papers = database.withholdings.papers(found.number)
    told = {key for each in papers for key in _named(each.data)}
    copies = database.evidence.copies([each.key for each in going])
    files = tuple(_destroyed(each, copies[each.key]) for each in going if each.key not in told)
    if not files:
        return papers[-1] if papers else None
    now = work.clock.now()
    publish(database.closings, signer, now)

    def make(last: KeptDestruction | None) -> KeptDestruction:
        if last is not None and now < last.signed_at:
            raise ClockBehind(f"this host's clock says {rfc3339(now)}, before the paper in front of it was signed")
        paper = DestructionOfWithheld(
            form=DESTRUCTION_FORM,
            withholding=found.number,
            number=1 if last is None else last.number + 1,
            previous="" if last is None else last.digest,
            camera=found.camera,
            start=found.start,
            until=found.until or now,
            ordered=Confirmation(found.ordered.actor.name, "", found.ordered.at, found.ordered.reason),
            confirmed=tuple(_confirmation(each) for each in found.confirmations),
            files=files,
            signed_at=now,
            key=signer.public,
        )
        data = signed(signer, paper)
        return KeptDestruction(found.number, paper.number, now, document_of(data).sha256, data)

    return database.withholdings.add_paper(found.number, make, work.actor)


def _confirmation(decision: Decision) -> Confirmation:
    role = "" if decision.role is None else decision.role.value
    return Confirmation(decision.actor.name, role, decision.at, decision.reason)


def _named(data: bytes) -> list[str]:
    return [each.key for each in read_signed(DestructionOfWithheld, data)[0].files]


def _destroyed(segment: Segment, copies: Sequence[Copy]) -> DestroyedFile:
    removed = [copy.removed for copy in copies if copy.removed is not None]
    if len(removed) < len(copies):
        raise ValueError(f"a copy of {segment.key} stands, and a certificate was to be signed")
    span: Interval = segment.interval
    folders = tuple(copy.target for copy in copies)
    return DestroyedFile(segment.key, span.start, span.end, segment.size_bytes, segment.sha256, max(removed), folders)


def _bring_under_lock(database: Database, papers: Papers, now: datetime) -> None:
    """Store the papers that are not there yet. Raises NotUnderLock, DatabaseUnavailable."""
    try:
        withheld.keep(database.withholdings, database.closings, papers.signer, papers.objects, now)
    except DatabaseUnavailable:
        raise
    except (StorageError, OSError) as error:
        raise NotUnderLock(
            f"a certificate of withheld footage is signed, and not in the object store yet ({error}); run it again "
            "when the store is back"
        ) from error
