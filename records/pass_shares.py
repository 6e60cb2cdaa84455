"""Shares of passes 合格率 as marks on record tell them, and the batches that one is compared with.

Who has a result in every subject of the norm is counted, whoever is absent or kept a subject is not. Compared are
batches of the same project and the same norm that are over; they are named nowhere, so that nobody is told of a batch
that is none of theirs. Not here: the sums (``domain.shares``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from config.rule_pack import RulePack
from domain.grounds import same_name
from domain.places import Sitting
from domain.register import Entry
from domain.scores import CandidateScore, Score, passes
from domain.shares import Compared, Line, Share, compared
from records.candidacies import BatchRecord
from records.grounds_rules import days_of, norm_in_force
from records.scores import SCORES
from storage.database import Database


def line_of(rules: RulePack) -> Line | None:
    """From when on a pack has shares compared; None where it says nothing of them."""
    told = rules.pass_shares
    return None if told is None else Line(told.candidates, told.batches, Fraction(str(told.chance)))


def share_of(entries: Iterable[Entry[CandidateScore]], subjects: Collection[str], pass_mark: int) -> Share:
    """Of one batch, how many of those who have a mark in each subject passed each."""
    scores: dict[str, list[Score]] = defaultdict(list)
    for entry in entries:
        scores[entry.thing.candidate].append(entry.thing.score)
    marked = [
        each for each in scores.values() if {one.subject for one in each if one.value is not None} >= {*subjects}
    ]
    results = [passes(each, subjects, pass_mark) for each in marked]
    return Share(sum(each is True for each in results), sum(each is not None for each in results))


def is_over(sittings: Iterable[Sitting], now: datetime) -> bool:
    """Whether every sitting is closed, or its end is past."""
    return all(each.closed is not None or each.end <= now for each in sittings)


def compared_in(database: Database, record: BatchRecord, rules: RulePack, now: datetime) -> Compared | None:
    """The share of a batch beside the others; None where it is not over, or pack or norm tell nothing.

    Others are read only where this batch has enough candidates. Raises DatabaseUnavailable.
    """
    line = line_of(rules)
    if line is None or record.norm is None or not is_over(record.sittings.values(), now):
        return None
    own = share_of((each for found in record.scores.values() for each in found), record.methods, rules.pass_mark)
    if own.counted < line.candidates:
        return compared(own, (), line)
    sittings: dict[str, list[Sitting]] = defaultdict(list)
    for sitting in database.setup.sittings():
        sittings[sitting.batch.id].append(sitting)
    others = [
        share_of(database.register.standing(SCORES, batch=batch), record.methods, rules.pass_mark)
        for batch in _alike(record, sittings, now)
    ]
    return compared(own, others, line)


def _alike(record: BatchRecord, sittings: Mapping[str, list[Sitting]], now: datetime) -> Iterable[str]:
    """The other batches of the project that are over and were examined by the same norm."""
    grounds, norm = record.grounds, record.norm
    for batch, theirs in sittings.items():
        project = theirs[-1].batch.project
        if batch == record.batch or not same_name(project, grounds.batch.project) or not is_over(theirs, now):
            continue
        last = max(day for sitting in theirs for day in days_of(sitting))
        found = norm_in_force(project, last, grounds.catalogues, grounds.norms)
        if found is not None and norm is not None and found.key == norm.key:
            yield batch
