"""Scores on record: given, signed by who gave them, confirmed by the leader of the panel; changed only with a reason.

A mark that was signed may still be changed, by a later revision with its reason, and then lacks its signatures until
they are given again: who signs stands for a value. Signing is done under one's own account, whose name is the
examiner's id; never at the command line. What an outside system handed in (``records.outside``) is signed there, or
given anew here, with a reason, and then vouched for by nobody else. So with what was transcribed from paper
(``records.score_files``). Candidates are called by their admission number 准考证号. Not here: what scores mean under
the notice (``records.score_rules``), and who a candidate is.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from domain.grounds import Method
from domain.people import Actor, Door
from domain.register import Draft, Entry, Kind
from domain.scores import CandidateScore, Score, Signature
from domain.timeline import rfc3339
from records.errors import NoReason, NotOfThePanel, ScoreRefused
from records.panels import leads
from storage.database import Database
from storage.errors import UnknownBatch

SCORES = Kind("score", CandidateScore)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark stands: in which subject of which candidate."""

    batch: str
    candidate: str
    subject: str

    @property
    def key(self) -> str:
        return f"{self.batch}/{self.candidate}/{self.subject}"

    def __str__(self) -> str:
        return f"the mark of {self.candidate} in {self.subject}"


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody gives. ``scorer`` is an examiner's id, or the name of a marking 阅卷 or of a machine 机考."""

    value: Decimal
    method: Method
    scorer: str


def give(
    database: Database, place: Place, mark: Mark, actor: Actor, at: datetime, *, full_mark: int, reason: str = ""
) -> Entry[CandidateScore]:
    """Enter a mark; or change it, which wants a reason and takes its signatures away. The same mark changes nothing.

    Raises ScoreRefused for a mark outside 0 to ``full_mark``; NoReason; UnknownBatch; RevisedMeanwhile.
    """
    if not mark.value.is_finite() or not 0 <= mark.value <= full_mark:
        raise ScoreRefused(
            f"{place}: {mark.value} is no mark from 0 to {full_mark}; who was absent 缺考 has none at all"
        )
    if database.setup.batch(place.batch) is None:
        raise UnknownBatch(f"there is no batch {place.batch}; apply it first")
    before = database.register.find(SCORES, place.key)
    if before is not None:
        old = before.thing.score
        same = Mark(old.value or Decimal(), old.method, old.scorer) == mark and old.value is not None
        if same and not old.transcribed:  # who gives what was transcribed under their account makes it their own
            return before
        if not reason.strip():
            raise NoReason(f"{place} is {old.value} since {rfc3339(before.at)}; say why it is changed (--reason)")
    score = Score(place.subject, mark.method, mark.value, mark.scorer, at)
    return _enter(database, "score_batch", place, score, before=before, who=(actor, at, reason))


def sign(database: Database, place: Place, actor: Actor, at: datetime) -> Entry[CandidateScore]:
    """Sign a mark as its scorer. Signing again changes nothing. Raises ScoreRefused, RevisedMeanwhile."""
    by = _account(actor)
    before, value = _standing(database, place)
    score = before.thing.score
    if by != score.scorer:
        raise ScoreRefused(f"{place} was given by {score.scorer}, so {by} cannot sign it")
    if score.signed is not None:
        return before
    signed = replace(score, signed=Signature(by, at, value))
    return _enter(database, "sign_score_batch", place, signed, before=before, who=(actor, at, ""))


def confirm(database: Database, place: Place, actor: Actor, at: datetime) -> Entry[CandidateScore]:
    """Sign a mark as the leader of the panel, after its scorer did. Again changes nothing.

    Raises NotOfThePanel where somebody else leads; ScoreRefused where its scorer has not signed it; RevisedMeanwhile.
    """
    by = _account(actor)
    if not leads(database, place.batch, by):
        raise NotOfThePanel(f"{by} leads no panel of batch {place.batch}; its leader 考评组长 confirms marks")
    before, value = _standing(database, place)
    score = before.thing.score
    if score.signed is None and score.method is not Method.MACHINE:
        raise ScoreRefused(f"{place} is not signed by {score.scorer} yet; the leader confirms what was signed")
    if score.confirmed is not None:
        return before
    confirmed = replace(score, confirmed=Signature(by, at, value))
    return _enter(database, "confirm_score_batch", place, confirmed, before=before, who=(actor, at, ""))


def scores_of(database: Database, batch: str) -> dict[str, tuple[Entry[CandidateScore], ...]]:
    """The scores of a batch as they stand, by candidate."""
    found = defaultdict(list)
    for entry in database.register.standing(SCORES, batch=batch):
        found[entry.thing.candidate].append(entry)
    return {candidate: tuple(entries) for candidate, entries in sorted(found.items())}


def _account(actor: Actor) -> str:
    """The account that acts, for itself. Raises ScoreRefused."""
    kind, _, name = actor.name.partition(":")
    if actor.door is not Door.API or kind != "account" or not name or actor.on_behalf_of is not None:
        raise ScoreRefused(f"{actor.name} cannot sign: a mark is signed under one's own account, at the page")
    return name


def _standing(database: Database, place: Place) -> tuple[Entry[CandidateScore], Decimal]:
    """The mark as it stands. Raises ScoreRefused."""
    entry = database.register.find(SCORES, place.key)
    value = None if entry is None else entry.thing.score.value
    if entry is None or value is None:
        raise ScoreRefused(f"{place} was not given yet")
    if vouched := entry.thing.score.vouched:
        raise ScoreRefused(f"{place} was handed in by an outside system ({vouched}), and is signed there")
    if entry.thing.score.transcribed:
        raise ScoreRefused(
            f"{place} was transcribed from a paper score sheet, and is signed there; give it anew here"
        )
    return entry, value


def _enter(
    database: Database,
    act: str,
    place: Place,
    score: Score,
    *,
    before: Entry[CandidateScore] | None,
    who: tuple[Actor, datetime, str],
) -> Entry[CandidateScore]:
    actor, at, reason = who
    draft = Draft(
        SCORES,
        place.key,
        CandidateScore(place.batch, place.candidate, score),
        batch=place.batch,
        after=0 if before is None else before.revision,
    )
    (entry,) = database.register.enter(act, place.batch, [draft], actor, at, reason=reason)
    return entry
