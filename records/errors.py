"""What can be refused when set-up is applied or a sitting is conducted.

    RecordsError
    ├── SetupRefused      a declaration contradicts what is already kept; ``problems`` has file, line and field
    │   └── GroundsRefused    so does a file of sites' grounds
    ├── ChangeRefused     a site cannot be changed so; ``problems`` has the field of each
    ├── LoginNotKept      a camera's user name and password cannot be sealed
    ├── NotTried          a camera is not there, or gave no picture
    │   └── NotAskedNow       it is not to be asked for one now
    ├── NoGrounds         nothing is on record of that site, or there is no such form
    ├── DiskTooFull       the spool's disk has less free space than its reserve: no sitting is opened
    ├── ImpossibleTime    a start, an end or a mark that cannot be: in the future, or the end before the start
    ├── ClosedBatch       the batch was signed, and what is said of its sittings stands
    ├── ClosingRefused    a batch cannot be closed; nothing was signed
    │   ├── NotReady      something is still open, being written, not opened yet or not under lock
    │   ├── NothingNew    it is closed, and everything that there is stands in its manifest
    │   ├── ReasonWanted  there is more than its manifest states, and nobody said why
    │   ├── ChainBehind   the object store has links of the site that the database lacks
    │   ├── ClockBehind   the clock stands before the site's last manifest
    │   └── EvidenceGone  what an earlier manifest of the batch states is no longer known
    ├── TrialRefused      no trial can be recorded now, or it would take a camera from an exam
    ├── NothingToConfirm  a room or an item is not one that a person confirms before this sitting
    ├── NotGo             a check before a sitting is to be signed, is no go, and nobody said why all the same
    ├── NoPlan            a room is asked for by its plan, and there is no such room or no plan of it
    ├── ReferenceRefused  no reference can be made of that camera and time
    ├── NotOfThePanel     somebody is said to be there who was not sent, or in a room that the sitting does not use
    ├── ScoreRefused      a mark out of range, or one that is signed by who did not give it
    ├── OutsideRefused    an outside scoring system cannot be entered or revoked so
    │   ├── NotVouched        its document is not signed by a key that counts, or is not its own to hand in
    │   ├── ResultsReplayed   a later document of it was taken before
    │   └── ResultsRefused    what the document says cannot be; ``problems`` has the place of each
    ├── CaseRefused       a candidate cannot be decided on so, or not be let through by that exit
    ├── NoReason          a batch is to be held, let go or disposed of, or a mark changed, and nobody said why
    ├── SheetRefused      a file of rows cannot be taken in; ``problems`` has file, row and column of each
    ├── ExportRefused     a file would be read otherwise than it was written, so it is not given away
    ├── RollRefused       what is to be put on a batch's roll cannot be, beside what is on it
    ├── CertificateRefused  something of certificates 证书 cannot be put on record; nothing was written
    │   ├── FormRefused     a blank form is in no delivery or was used, or a delivery overlaps another
    │   ├── NotIssuable     the gate does not propose it, nobody decided so, or there is a certificate already
    │   ├── NumberRefused   the pattern has no number left, or knows no code of the project
    │   └── NoSuchCertificate  that candidate has none, or there is none of that number
    ├── RetrievalRefused  footage is looked for by nothing, or by two things at once
    ├── PapersRefused     exam papers 试卷 or a package 考题包 cannot have gone that way, beside what is on record
    ├── RoomRecordRefused   a room's record 考场记录表 cannot say that, or cannot be signed so
    ├── NoRoomRecord      nobody wrote one for that room and sitting
    ├── MarkingRefused    nobody is authorised to mark 阅卷 in that way
    ├── DossierRefused    what is to be filed is no scan, or none of that item, subject or sitting
    ├── NoSuchScan        a batch has no scan of that number
    ├── ReceiptRefused    no receipt can be made: something that it is to rest on is not there, or was revised since
    ├── NoSuchReceipt     no receipt was ever made under that code, or it was typed wrongly
    ├── DisposalRefused   batches may not be disposed of; nothing was written or removed; ``objections`` say why
    ├── DecisionRefused   somebody may not decide so on a disposal list
    ├── NotApproved       a disposal list may not be carried out: not approved by two, lapsed, void or done
    ├── DisposalVoid      it is not what was approved any more: void from now on
    ├── SupervisionRefused  something of the supervision 质量督导 cannot be put on record; nothing was written
    │   ├── DrawRefused     a step of a draw is out of its order, by the wrong party or not what was promised
    │   ├── NoSuchDraw      there is no draw of that name
    │   └── VisitRefused    a visit cannot be so: not drawn, over, or its pictures are not of the batch
    │       └── NoSuchVisit     nobody put a visit of that name on record
    └── NotUnderLock      a batch was closed and signed, but the object store does not hold that yet

What storage knows better passes through as it is: UnknownBatch, UnknownSitting, AlreadyOpen, NotOpen, AlreadyClosed
(``storage.errors``); so does a malformed file (``config.errors.DocumentRefused``). Every message is one line for
people and says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.errors import Problem
from domain.disposal import Objection
from domain.law import Verdict
from domain.readiness import Readiness, is_go

_TOLD = 5  # of what stands against a go


class RecordsError(Exception):
    """Base of this room."""


class SetupRefused(RecordsError):
    """Nothing of the declaration was applied. ``problems`` lists everything found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class GroundsRefused(SetupRefused):
    """Nothing of a file of grounds was put on record."""


class ChangeRefused(RecordsError):
    """Nothing of a site was changed. ``problems`` are fields of what was to be changed, each with what is wrong."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{field}: {message}" if field else message for field, message in self.problems))


class LoginNotKept(RecordsError):
    """A camera's user name and password cannot be sealed. Nothing was changed."""


class NotTried(RecordsError):
    """No such camera, or it gave no picture; the message says why and what to do."""


class NotAskedNow(NotTried):
    """The camera is not asked for pictures now: recording needs it, or another one is being tried."""


class NoGrounds(RecordsError):
    """Nothing is on record of that site, or no form has that id."""


class DiskTooFull(RecordsError):
    """The spool cannot promise to hold a sitting."""


class ImpossibleTime(RecordsError):
    """The time given for a start, an end or a mark cannot be true."""


class ClosedBatch(RecordsError):
    """The batch was closed and signed. Nothing was written."""


class TrialRefused(RecordsError):
    """No trial was ordered: it could not be recorded, or only at the cost of an exam."""


class NothingToConfirm(RecordsError):
    """The sitting is not held in that room, or a machine sees that item better. Nothing was written."""


class NotGo(RecordsError):
    """The check is no go, and signing it needs a reason. Nothing was written. ``found`` is what stands against it."""

    def __init__(self, found: Readiness) -> None:
        self.found = found
        against = [check for check in found.all_checks if not is_go([check.verdict, Verdict.PASS])]
        told = "; ".join(f"{check.item.zh} {check.verdict.zh}: {check.en}" for check in against[:_TOLD])
        more = f" ... and {len(against) - _TOLD} more" if len(against) > _TOLD else ""
        super().__init__(
            f"the check of sitting {found.sitting} of batch {found.batch} is no go ({told}{more}); mend it, or say "
            "why the sitting is opened in spite of it"
        )


class NoPlan(RecordsError):
    """There is no such room, or nobody drew its plan."""


class ReferenceRefused(RecordsError):
    """No reference was made. Nothing was written."""


class NotOfThePanel(RecordsError):
    """Nobody of that id was sent to the sitting, or they are not there. Nothing was written."""


class ScoreRefused(RecordsError):
    """There is no such mark, or that person cannot sign it. Nothing was written."""


class OutsideRefused(RecordsError):
    """An outside scoring system cannot be entered or revoked so, or what it hands in is not taken. Nothing was
    written.
    """


class NotVouched(OutsideRefused):
    """No key of the system that counts signed these bytes, or the document is another system's or batch's."""


class ResultsReplayed(OutsideRefused):
    """The document is older than the last one that was taken from the system for the batch."""


class ResultsRefused(OutsideRefused):
    """Nothing of the document was taken. ``problems`` are places, as ``results[3].value``, each with what is wrong.

    No message holds what stands in a field that is no mark: it may be somebody's name.
    """

    _MOST_TOLD = 100

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        told = [*problems[: self._MOST_TOLD]]
        if (more := len(problems) - len(told)) > 0:
            told.append(("results", f"... and {more} more 另有 {more} 处"))
        self.problems = tuple(told)
        super().__init__("\n".join(f"{place}: {what}" for place, what in self.problems))


class CaseRefused(RecordsError):
    """The gate does not propose it, the exit does not lead out of what is wanting, or it is not theirs to take."""


class NoReason(RecordsError):
    """Holding, letting go, disposing and changing a mark need a reason. Nothing was written."""


class SheetRefused(RecordsError):
    """Nothing of the file was taken in. ``problems`` lists everything found, ``line`` being the row.

    No message holds what stands in a cell: it may be somebody's name or number.
    """

    _MOST_TOLD = 100

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        lines = [str(problem) for problem in self.problems[: self._MOST_TOLD]]
        if (more := len(self.problems) - len(lines)) > 0:
            lines.append(f"... and {more} more 另有 {more} 处")
        super().__init__("\n".join(lines))


class ExportRefused(RecordsError):
    """The file would be read otherwise than it was written. It is not given away."""


class RollRefused(RecordsError):
    """It contradicts what is on the batch's roll, or cannot have been. Nothing was entered."""


class CertificateRefused(RecordsError):
    """What was to be put on record of certificates does not hold. Nothing was written."""


class FormRefused(CertificateRefused):
    """A blank form cannot be used so, or a delivery cannot be as it was told."""


class NotIssuable(CertificateRefused):
    """Somebody cannot have a certificate, and so nobody got one. ``objections`` say why, by admission ticket."""

    def __init__(self, objections: Mapping[str, str]) -> None:
        self.objections = dict(objections)
        super().__init__("\n".join(f"{ticket}: {why}" for ticket, why in self.objections.items()))


class NumberRefused(CertificateRefused):
    """No number can be given by the rule pack's pattern."""


class NoSuchCertificate(CertificateRefused):
    """There is no such certificate."""


class PapersRefused(RecordsError):
    """Exam papers cannot be put on record so: an unknown parcel or subject, or no such link. Nothing was entered."""


class RoomRecordRefused(RecordsError):
    """The record of a room names what is not there, leaves out what it must say, or cannot be signed so."""


class NoRoomRecord(RecordsError):
    """Nobody wrote a record of that room in that sitting."""


class MarkingRefused(RecordsError):
    """The order does not authorise anybody to mark. Nothing was entered."""


class DossierRefused(RecordsError):
    """It cannot be filed as what it is said to be. Nothing was written and nothing stored."""


class NoSuchScan(RecordsError):
    """The dossier of that batch has no scan of that number."""


class ReceiptRefused(RecordsError):
    """No receipt was made: what it is to rest on is not on record, or not any more."""


class NoSuchReceipt(RecordsError):
    """There is no receipt under that code here."""


class DisposalRefused(RecordsError):
    """Batches may not be disposed of. Nothing was written, and nothing removed."""

    def __init__(self, objections: Mapping[str, Sequence[Objection]]) -> None:
        self.objections = {batch: tuple(found) for batch, found in objections.items() if found}
        told = (
            f"batch {batch}: {each.what.zh} ({each.what}): {each.detail}"
            for batch, found in self.objections.items()
            for each in found
        )
        super().__init__("\n".join(told))


class DecisionRefused(RecordsError):
    """That person may not decide so on a disposal list, or not now."""


class NotApproved(RecordsError):
    """The list may not be carried out: two people have not approved it, or it lapsed, was declined or is void."""


class DisposalVoid(RecordsError):
    """The list is not what was approved any more. It is void, and nothing more is removed by it."""


class SupervisionRefused(RecordsError):
    """What was to be put on record of the supervision does not hold. Nothing was written."""


class DrawRefused(SupervisionRefused):
    """The step of a draw may not be taken, or its record does not hold."""


class RetrievalRefused(RecordsError):
    """What was asked finds nothing by itself; the message says by what footage is found."""


class NoSuchDraw(SupervisionRefused):
    """No pool of that name was ever published."""


class VisitRefused(SupervisionRefused):
    """The visit cannot be as it was told, or not any more."""


class NoSuchVisit(VisitRefused):
    """Nobody put a visit of that name on record."""


class ClosingRefused(RecordsError):
    """The batch is not closed, or not amended. Nothing was signed and nothing written."""


class NotReady(ClosingRefused):
    """It is too early: a sitting is open, footage is still written or judged, or lies nowhere under lock."""


class NothingNew(ClosingRefused):
    """The batch is closed, and its manifest states everything that there is."""


class ReasonWanted(ClosingRefused):
    """The batch is closed and there is more by now; an amendment needs the reason, a first closing has none."""


class ChainBehind(ClosingRefused):
    """The database is older than what was signed: the object store has links of the site's chain that it lacks."""


class ClockBehind(ClosingRefused):
    """By this host's clock the site's last manifest was signed in the future."""


class EvidenceGone(ClosingRefused):
    """An earlier manifest states a segment that the database does not know or tells otherwise."""


class NotUnderLock(RecordsError):
    """The closing stands, signed, in the database. Closing again brings it into the object store."""
