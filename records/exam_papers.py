"""Exam papers 试卷 on record: printed by the centre, handed from one to another, opened, collected, sealed and filed.

These acts happen in the world; here is put on record that they did. So a break of the chain is entered as it was and
found by its rule (``records.day_rules``); refused is only what cannot have been: an unknown parcel, a time in the
future, a package for a subject that no machine examines. What was entered is corrected by entering it again, with a
reason. Opening is a mark of the sitting (``records.conduct.mark_sitting``) and not entered here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from domain.calendar import local_day
from domain.exam_papers import (
    HAND_OVERS,
    HANDED,
    NO_PAPERS,
    PACKAGES,
    PARCEL,
    PRINTINGS,
    SHA256,
    HandOver,
    NoPapers,
    Package,
    Printing,
)
from domain.grounds import Method, Norm
from domain.places import Batch
from domain.register import Draft, Entry, Kind
from domain.timeline import rfc3339
from records.errors import ImpossibleTime, NoReason, PapersRefused
from records.grounds_rules import norm_of
from records.roll import Desk
from storage.database import Database
from storage.errors import UnknownSitting

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Papers:
    """All that is on record of a batch's exam papers."""

    printings: tuple[Entry[Printing], ...]
    hand_overs: tuple[Entry[HandOver], ...]
    packages: tuple[Entry[Package], ...]
    no_papers: tuple[Entry[NoPapers], ...]


def print_parcel(desk: Desk, told: Printing, reason: str = "") -> Entry[Printing]:
    """印制: that a parcel was printed for a subject of a sitting, by whom.

    Raises UnknownBatch, UnknownSitting, PapersRefused, ImpossibleTime, NoReason, RevisedMeanwhile.
    """
    batch = desk.batch(told.batch)
    told = replace(told, by=_named(told.by, "who printed it (--by) 印制单位"), subject=told.subject.strip())
    _refuse_parcel(told.parcel)
    _refuse_future(desk, told.at)
    _sitting(desk, batch, told.sitting)
    if _method(desk, batch, told.subject, told.sitting) is Method.MACHINE:
        raise PapersRefused(
            f"{told.subject} is examined by machine; enter its package 考题包: kaojian papers package"
        )
    if told.copies is not None and told.copies < 1:
        raise PapersRefused(f"a parcel of {told.copies} copies holds nothing 份数应大于零")
    return _enter(desk, "print_papers", (PRINTINGS, f"{told.batch}/{told.parcel}"), told, batch=batch, reason=reason)


def printed_for(database: Database, batch: str, sitting: int, parcel: str) -> Printing:
    """The printing of a parcel of that sitting. Raises PapersRefused where there is none."""
    found = database.register.find(PRINTINGS, f"{batch}/{parcel}")
    if found is None or found.thing.sitting != sitting:
        raise PapersRefused(
            f"sitting {sitting} of batch {batch} has no parcel {parcel} 该场次没有此试卷袋; the centre enters it: "
            "kaojian papers print"
        )
    return found.thing


def hand_over(desk: Desk, told: HandOver, reason: str = "") -> Entry[HandOver]:
    """交接: that a parcel went from one to another. Who did not sign for it is left out.

    Raises UnknownBatch, PapersRefused, ImpossibleTime, NoReason, RevisedMeanwhile.
    """
    batch = desk.batch(told.batch)
    _refuse_parcel(told.parcel)
    _refuse_future(desk, told.at)
    if told.stage not in HANDED:
        may = ", ".join(f"{each.value} {each.zh}" for each in HANDED)
        raise PapersRefused(
            f"{told.stage.value} {told.stage.zh} is no hand-over, which is: {may}; opening is a mark of the sitting"
        )
    if desk.database.register.find(PRINTINGS, f"{told.batch}/{told.parcel}") is None:
        raise PapersRefused(
            f"batch {told.batch} has no parcel {told.parcel} 没有此试卷袋; the centre enters it: kaojian papers print"
        )
    told = replace(told, given_by=told.given_by.strip(), taken_by=told.taken_by.strip())
    if not told.given_by and not told.taken_by:
        raise PapersRefused("name at least one who signed (--from, --to) 请填写交出人或接收人")
    key = f"{told.batch}/{told.parcel}/{told.stage.value}"
    return _enter(desk, "hand_papers", (HAND_OVERS, key), told, batch=batch, reason=reason)


def receive_package(desk: Desk, told: Package, reason: str = "") -> Entry[Package]:
    """考题包接收: that the package of a machine's subject was received, known by its hash.

    Raises UnknownBatch, UnknownSitting, PapersRefused, ImpossibleTime, NoReason, RevisedMeanwhile.
    """
    batch = desk.batch(told.batch)
    told = replace(
        told,
        received_by=_named(told.received_by, "who received it (--by) 接收人"),
        sha256=told.sha256.strip().lower(),
        subject=told.subject.strip(),
    )
    _refuse_future(desk, told.at)
    if not SHA256.fullmatch(told.sha256):
        raise PapersRefused("the hash of a package has 64 digits of 0-9 and a-f 考题包 SHA-256 格式不符")
    if told.sitting is not None:
        _sitting(desk, batch, told.sitting)
    method = _method(desk, batch, told.subject, told.sitting)
    if method not in {None, Method.MACHINE}:
        raise PapersRefused(f"{told.subject} is not examined by machine; enter its parcels: kaojian papers print")
    key = f"{told.batch}/{told.subject}/{told.sitting or 'all'}"
    return _enter(desk, "receive_package", (PACKAGES, key), told, batch=batch, reason=reason)


def say_none(desk: Desk, told: NoPapers) -> Entry[NoPapers]:
    """无试卷: that a practical subject has no papers to be kept, and why.

    Raises UnknownBatch, PapersRefused, ImpossibleTime, NoReason, RevisedMeanwhile.
    """
    batch = desk.batch(told.batch)
    told = replace(told, by=_named(told.by, "who says so (--by) 经办人"), subject=told.subject.strip())
    _refuse_future(desk, told.at)
    if not told.reason.strip():
        raise NoReason("say why the subject has no papers (--reason) 请说明为何没有试卷")
    method = _method(desk, batch, told.subject, None)
    if method not in {None, Method.PRACTICAL}:
        raise PapersRefused(
            f"{told.subject} is {method.value} {method.zh}: only a practical subject may have no papers"
        )
    key = f"{told.batch}/{told.subject}"
    return _enter(desk, "say_no_papers", (NO_PAPERS, key), told, batch=batch, reason=told.reason)


def papers_of(database: Database, batch: str) -> Papers:
    """What is on record of a batch's papers. Raises DatabaseUnavailable."""
    register = database.register
    return Papers(
        tuple(register.standing(PRINTINGS, batch=batch)),
        tuple(register.standing(HAND_OVERS, batch=batch)),
        tuple(register.standing(PACKAGES, batch=batch)),
        tuple(register.standing(NO_PAPERS, batch=batch)),
    )


def norm_of_batch(database: Database, batch: Batch, sitting: int | None = None) -> Norm | None:
    """The norm in force on the day of a sitting, or of the first one; None where that is not on record."""
    sittings = [each for each in database.setup.sittings(batch.id) if sitting in {None, each.plan.number}]
    if not sittings:
        return None
    found = norm_of(database, batch.project, local_day(min(each.start for each in sittings)))
    return found.value if found is not None else None


def _method(desk: Desk, batch: Batch, subject: str, sitting: int | None) -> Method | None:
    """How a subject is examined; None where no norm is on record. Raises PapersRefused for a subject it has not."""
    if not subject or "/" in subject or "\0" in subject:
        raise PapersRefused("name the subject as the norm does, without a stroke 请按考核规范填写科目")
    norm = norm_of_batch(desk.database, batch, sitting)
    if norm is None:
        return None
    methods = {each.name: each.method for each in norm.subjects}
    if subject not in methods:
        raise PapersRefused(f"the norm {norm.id} has no subject {subject} 规范无此科目; it has {', '.join(methods)}")
    return methods[subject]


def _sitting(desk: Desk, batch: Batch, number: int) -> None:
    if desk.database.setup.sitting(batch.id, number) is None:
        raise UnknownSitting(f"batch {batch.id} has no sitting {number}; `kaojian status` shows all")


def _refuse_parcel(parcel: str) -> None:
    if not PARCEL.fullmatch(parcel):
        raise PapersRefused(
            "the number of a parcel has letters, digits, points and hyphens, 40 at most 试卷袋号格式不符"
        )


def _refuse_future(desk: Desk, at: datetime) -> None:
    if at > desk.now:
        raise ImpossibleTime(f"{rfc3339(at)} is in the future; now it is {rfc3339(desk.now)}")


def _named(by: str, what: str) -> str:
    if not by.strip():
        raise PapersRefused(f"say {what}")
    return by.strip()


def _enter(desk: Desk, act: str, where: tuple[Kind[T], str], told: Any, *, batch: Batch, reason: str) -> Entry[T]:
    """Enter, or correct with a reason; the same again changes nothing."""
    kind, key = where
    before = desk.database.register.find(kind, key)
    if before is not None and before.value == told:
        return before
    if before is not None and not reason.strip():
        raise NoReason(f"{before.name} stands since {rfc3339(before.at)}; say why it is corrected 更正须说明原因")
    history = desk.database.register.history(kind, key) if before is None else [before]
    after = history[-1].revision if history else 0
    draft = Draft(kind, key, told, batch.id, batch.site, after=after)
    (entry,) = desk.database.register.enter(act, batch.id, [draft], desk.actor, desk.now, reason=reason.strip())
    return entry
