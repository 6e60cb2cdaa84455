"""What outside scoring systems 外部评分系统 hand in: their keys, entered by the centre, and their signed documents.

A document is taken in these steps, as a whole or not at all, and leaves no trace where it is refused:

1. The account that sends it is a system with a key, one of which signed these very bytes, and is not revoked.
2. The bytes are a document in its one form, of that system and of this batch.
3. It was made while the key was good, not in the future, and after the last one that was taken. That one again
   changes nothing.
4. Each mark is of a candidate on the roll and a subject of theirs, in range, and by a method that the system is
   trusted with. Who scored and signed is not asked here but at the gate, as of every mark (``domain.scores.flaws``).
5. A mark that stands is changed only with a reason, and only where this system handed it in. Signatures may be added
   to it without one.

The document is kept byte by byte, as the next revision of ``results/<batch>/<system>``, in one act with its marks;
each mark names it. Not here: the document's form (``records.results_form``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from domain.grounds import Method
from domain.outside import RESULTS, SCORING_SYSTEMS, HandedIn, Purpose, Result, Results, ScoringSystem, Signed
from domain.people import Actor
from domain.register import Draft, Entry
from domain.roll import CANDIDATES
from domain.scores import CandidateScore, Score, Signature
from domain.timeline import rfc3339
from records.errors import NoReason, NotVouched, OutsideRefused, ResultsRefused, ResultsReplayed
from records.results_form import LARGEST_BYTES, out_of_range, read
from records.scores import SCORES, Place
from storage.database import Database
from storage.errors import UnknownBatch
from storage.signing import is_signed

AHEAD = timedelta(minutes=5)
"""How far a system's clock may be before ours."""

_ID = re.compile(r"[a-z][a-z0-9._-]{1,39}")  # as names of accounts

Standing = Mapping[tuple[str, str], Entry[CandidateScore]]
"""Marks as they stand, by candidate and subject."""


# --- Who they are ---------------------------------------------------------------------------------------------------


def add_system(database: Database, system: ScoringSystem, actor: Actor, at: datetime) -> Entry[ScoringSystem]:
    """Enter a key of a system; a further one of the same id takes over from its own ``valid_from`` on, beside those
    before. Raises OutsideRefused, RevisedMeanwhile.
    """
    if not _ID.fullmatch(system.id):
        raise OutsideRefused(f"{system.id!r} is no id of a system: it is the name of its account, as scoring-1")
    if not system.name.strip():
        raise OutsideRefused("say what the system is called (--name) 请填写系统名称")
    if system.valid_until <= max(system.valid_from, at):
        raise OutsideRefused("the key would never be good: it ends before it begins, or has ended")
    every = database.register.standing(SCORING_SYSTEMS)
    if taken := next((each for each in every if each.thing.key == system.key), None):
        raise OutsideRefused(f"that key is {taken.key} already; let the system make another one")
    number = sum(each.thing.id == system.id for each in every) + 1
    draft = Draft(SCORING_SYSTEMS, f"{system.id}/{number}", system, after=0)
    (entry,) = database.register.enter("add_scoring_system", system.id, [draft], actor, at)
    return entry


def revoke_system(database: Database, key: str, actor: Actor, at: datetime, *, reason: str) -> Entry[ScoringSystem]:
    """Take nothing more that a key signs, at once; ``key`` is as ``scoring-1/2``. Again changes nothing.

    Raises OutsideRefused, NoReason, RevisedMeanwhile.
    """
    found = database.register.find(SCORING_SYSTEMS, key)
    if found is None:
        raise OutsideRefused(f"there is no key {key} of a scoring system; `kaojian scoring list` shows all")
    if not reason.strip():
        raise NoReason("say why the key is revoked (--reason) 请说明吊销原因")
    if found.thing.revoked is not None:
        return found
    draft = Draft(SCORING_SYSTEMS, key, replace(found.thing, revoked=at), after=found.revision)
    (entry,) = database.register.enter(
        "revoke_scoring_system", found.thing.id, [draft], actor, at, reason=reason.strip()
    )
    return entry


def systems(database: Database) -> list[Entry[ScoringSystem]]:
    """All keys that were ever entered, by id and number."""
    found = database.register.standing(SCORING_SYSTEMS)
    return sorted(found, key=lambda each: (each.thing.id, int(each.key.rpartition("/")[2])))


# --- What they hand in ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """A document as it came: by which account, its bytes, and the signature in hex."""

    account: str
    data: bytes
    signature: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: the document as it is kept, and how many marks are new, changed, or as they were."""

    entry: Entry[HandedIn]
    new: int = 0
    changed: int = 0
    unchanged: int = 0


def hand_in(database: Database, batch: str, sent: Sent, actor: Actor, at: datetime, *, full_mark: int) -> Taken:
    """Take a document of results into a batch; see the module for the steps.

    Raises UnknownBatch, NotVouched, ResultsRefused, ResultsReplayed, RevisedMeanwhile.
    """
    known = database.setup.batch(batch)
    if known is None:
        raise UnknownBatch(f"there is no batch {batch}; apply it first")
    if len(sent.data) > LARGEST_BYTES:
        raise ResultsRefused([("", f"is larger than {LARGEST_BYTES} bytes; hand results in by parts")])
    system = _signer(database, sent)
    results = read(sent.data)
    _is_theirs(results, system, batch, at)
    history = database.register.history(RESULTS, f"{batch}/{system.id}")
    if history and _is_again(history, results, sent):
        return Taken(history[-1], unchanged=len(results.results))
    name = f"{RESULTS.name}/{batch}/{system.id}@{len(history) + 1}"
    standing = _standing(database, batch)
    wrong = [*out_of_range(results, full_mark), *_misfits(database, results, system, standing)]
    if wrong:
        raise ResultsRefused(wrong)
    drafts = [_draft(batch, each, name, standing) for each in results.results if _differs(each, standing)]
    kept = HandedIn(batch, system.id, results.made, at, system.key, sent.signature, sent.data.decode())
    draft = Draft(RESULTS, f"{batch}/{system.id}", kept, batch, known.site, after=len(history))
    entry, *_ = database.register.enter(
        "hand_in_results_batch", batch, [draft, *drafts], actor, at, reason=results.reason
    )
    changed = sum(draft.after != 0 for draft in drafts)
    return Taken(entry, len(drafts) - changed, changed, len(results.results) - len(drafts))


def results_of(database: Database, batch: str) -> list[Entry[HandedIn]]:
    """All documents that were taken for a batch, by system, the first one first."""
    return database.register.revisions(RESULTS, batch=batch)


def _signer(database: Database, sent: Sent) -> ScoringSystem:
    """The key that signed. Raises NotVouched."""
    keys = [each.thing for each in systems(database) if each.thing.id == sent.account]
    if not keys:
        raise NotVouched(f"{sent.account} is no scoring system; the city centre enters it: kaojian scoring add")
    signer = next((each for each in keys if is_signed(sent.data, sent.signature, each.key)), None)
    if signer is None:
        raise NotVouched(f"no key of {sent.account} signed these bytes 签名不符")
    if signer.revoked is not None:
        raise NotVouched(f"the key that signed was revoked at {rfc3339(signer.revoked)} 密钥已吊销")
    return signer


def _is_theirs(results: Results, system: ScoringSystem, batch: str, at: datetime) -> None:
    """Raises NotVouched."""
    if results.system != system.id:
        raise NotVouched(f"the document is one of another system than {system.id}, whose key signed it")
    if results.batch != batch:
        raise NotVouched(f"the document is of another batch than {batch}")
    if results.made > at + AHEAD:
        raise NotVouched(
            f"the document was made at {rfc3339(results.made)}, and now it is {rfc3339(at)}: set the clock"
        )
    if not system.signs(results.made):
        term = f"from {rfc3339(system.valid_from)} until {rfc3339(system.valid_until)}"
        raise NotVouched(f"the key that signed is good {term}, and the document was made at {rfc3339(results.made)}")


def _is_again(history: list[Entry[HandedIn]], results: Results, sent: Sent) -> bool:
    """Whether it is the last document once more. Raises ResultsReplayed for one that is older than it."""
    last = history[-1].thing
    if last.document.encode() == sent.data:
        return True
    if results.made <= last.made:
        raise ResultsReplayed(
            f"a document made at {rfc3339(last.made)} was taken, and this one was made at {rfc3339(results.made)}; "
            "a later one replaces it, never an older one"
        )
    return False


def _standing(database: Database, batch: str) -> Standing:
    found = database.register.standing(SCORES, batch=batch)
    return {(each.thing.candidate, each.thing.score.subject): each for each in found}


def _misfits(
    database: Database, results: Results, system: ScoringSystem, standing: Standing
) -> Iterator[tuple[str, str]]:
    """What does not fit what is on record."""
    roll = {each.thing.ticket: each.thing for each in database.register.standing(CANDIDATES, batch=results.batch)}
    for number, each in enumerate(results.results):
        place = f"results[{number}]"
        if system.purpose is Purpose.MACHINE and each.method is not Method.MACHINE:
            yield f"{place}.method", f"{system.id} is entered for results of machines 机考 alone"
        candidate = roll.get(each.candidate)
        if candidate is None:
            yield f"{place}.candidate", "is not on the roll of the batch 名册中没有该准考证号"
        elif each.subject not in candidate.subjects:
            yield f"{place}.subject", f"is no subject of {each.candidate} 该考生没有此科目"
        before = standing.get((each.candidate, each.subject))
        if before is None or not _differs(each, standing):
            continue
        if before.thing.score.vouched.rpartition("@")[0] != f"{RESULTS.name}/{results.batch}/{system.id}":
            yield place, f"was not handed in by {system.id} ({before.name}), so it is not changed by it"
        elif not results.reason and not _completes(each, before.thing.score):
            yield place, "is not what was handed in before; say why it is changed: reason"


def _differs(result: Result, standing: Standing) -> bool:
    """Whether it says anything else than what stands, whichever document vouches for that."""
    before = standing.get((result.candidate, result.subject))
    return before is None or replace(before.thing.score, vouched="") != _score(result, "")


def _completes(result: Result, old: Score) -> bool:
    """Whether it gives the mark that was not there, or signs the one that was: nothing that was said is changed."""
    new = _score(result, old.vouched)
    signed = replace(old, signed=old.signed or new.signed, confirmed=old.confirmed or new.confirmed)
    return old.value is None or signed == new


def _draft(batch: str, result: Result, vouched: str, standing: Standing) -> Draft[CandidateScore]:
    before = standing.get((result.candidate, result.subject))
    thing = CandidateScore(batch, result.candidate, _score(result, vouched))
    key = Place(batch, result.candidate, result.subject).key
    return Draft(SCORES, key, thing, batch=batch, after=0 if before is None else before.revision)


def _score(result: Result, vouched: str) -> Score:
    value = None if result.value is None else Decimal(result.value)
    return Score(
        subject=result.subject,
        method=result.method,
        value=value,
        scorer=result.scorer,
        given=result.given,
        signed=_signature(result.signed, value),
        confirmed=_signature(result.confirmed, value),
        machine_signed=result.method is Method.MACHINE and value is not None,
        vouched=vouched,
    )


def _signature(signed: Signed | None, value: Decimal | None) -> Signature | None:
    return None if signed is None or value is None else Signature(signed.by, signed.at, value)
