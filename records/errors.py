"""What can be refused when set-up is applied or a sitting is conducted.

    RecordsError
    ├── SetupRefused      a declaration contradicts what is already kept; ``problems`` has file, line and field
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
    ├── NoPlan            a room is asked for by its plan, and there is no such room or no plan of it
    ├── ReferenceRefused  no reference can be made of that camera and time
    ├── NoReason          a batch is to be held, let go or disposed of, and nobody said why
    ├── DisposalRefused   batches may not be disposed of; nothing was written or removed; ``objections`` say why
    ├── DecisionRefused   somebody may not decide so on a disposal list
    ├── NotApproved       a disposal list may not be carried out: not approved by two, lapsed, void or done
    ├── DisposalVoid      it is not what was approved any more: void from now on
    └── NotUnderLock      a batch was closed and signed, but the object store does not hold that yet

What storage knows better passes through as it is: UnknownBatch, UnknownSitting, AlreadyOpen, NotOpen, AlreadyClosed
(``storage.errors``); so does a malformed file (``config.errors.DocumentRefused``). Every message is one line for
people and says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.errors import Problem
from domain.disposal import Objection


class RecordsError(Exception):
    """Base of this room."""


class SetupRefused(RecordsError):
    """Nothing of the declaration was applied. ``problems`` lists everything found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DiskTooFull(RecordsError):
    """The spool cannot promise to hold a sitting."""


class ImpossibleTime(RecordsError):
    """The time given for a start, an end or a mark cannot be true."""


class ClosedBatch(RecordsError):
    """The batch was closed and signed. Nothing was written."""


class NoPlan(RecordsError):
    """There is no such room, or nobody drew its plan."""


class ReferenceRefused(RecordsError):
    """No reference was made. Nothing was written."""


class NoReason(RecordsError):
    """Holding, letting go and disposing need a reason. Nothing was written."""


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
