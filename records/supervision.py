"""质量督导 on record (clause 六(七)): supervisors and their recusals, visits with answers, findings and feedback.

A visit is one thing of the register whose revisions are its steps; each step says which revision it saw, so of two
who write at once one is told to look again. A visit that says it was drawn is held against its draw before it begins.
Names of people stand in the register alone, never in the journal. Not here: the draws (``records.drawing``) and what
is to be said of a batch's supervision (``records.supervision_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.people import Actor
from domain.places import Sitting
from domain.register import Draft, Entry
from domain.supervision import (
    QUESTIONS,
    RECUSALS,
    SUPERVISORS,
    VISITS,
    Answer,
    Attendance,
    Basis,
    Feedback,
    Found,
    Frame,
    Ground,
    Recusal,
    Supervisor,
    Visit,
    Way,
)
from domain.timeline import rfc3339
from records import drawing
from records.errors import NoSuchVisit, SupervisionRefused, VisitRefused
from records.panels import DISPATCHES
from storage.database import Database
from storage.errors import UnknownBatch

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


# Supervisors


def add_supervisor(database: Database, key: str, told: Supervisor, actor: Actor, at: datetime) -> Entry[Supervisor]:
    """Enter a supervisor, or what is new of one. Raises SupervisionRefused, DatabaseUnavailable."""
    where = f"supervisor {key!r}"
    if not _ID.fullmatch(key):
        raise SupervisionRefused(f"{where}: an id is up to 64 letters, digits, dots, lines and hyphens")
    for field, text in (("name", told.name), ("badge", told.badge), ("unit", told.unit)):
        if not text.strip():
            raise SupervisionRefused(f"{where}: {field} is empty; say what it is")
    if told.valid_to < told.valid_from:
        raise SupervisionRefused(f"{where}: the badge ends on {told.valid_to}, before it begins on {told.valid_from}")
    for other in database.register.standing(SUPERVISORS):
        if other.key != key and other.value is not None and other.value.badge == told.badge:
            raise SupervisionRefused(f"{where}: supervisor {other.key} has that badge; a badge is one person's")
    (entry,) = database.register.enter("enter_supervisor", key, [Draft(SUPERVISORS, key, told)], actor, at)
    return entry


def supervisors(database: Database) -> list[Entry[Supervisor]]:
    """All supervisors by id. Raises DatabaseUnavailable."""
    return database.register.standing(SUPERVISORS)


def recuse(
    database: Database, supervisor: str, of: str, *, ground: Ground | None, actor: Actor, at: datetime
) -> Entry[Recusal]:
    """回避: have a supervisor not be sent to a site or a batch in draws to come; without a ground, that is over.

    Raises SupervisionRefused, DatabaseUnavailable.
    """
    _known(database, supervisor)
    if database.setup.batch(of) is None and database.setup.site(of) is None:
        raise SupervisionRefused(f"supervisor {supervisor}: there is no site and no batch {of}")
    told = None if ground is None else Recusal(supervisor, of, ground)
    draft = Draft(RECUSALS, f"{supervisor}/{of}", told)
    if told is None and database.register.find(RECUSALS, draft.key) is None:
        raise SupervisionRefused(f"supervisor {supervisor}: no recusal from {of} is on record")
    (entry,) = database.register.enter("recuse_supervisor", supervisor, [draft], actor, at)
    return entry


# Visits


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is told when a visit begins: of which batch, by whom, how, since when; and the draw, or the reason."""

    batch: str
    way: Way
    attended: tuple[Attendance, ...]
    begun: datetime
    draw: str = ""
    reason: str = ""


def begin(
    database: Database, told: Beginning, actor: Actor, at: datetime, *, examiners: Collection[str] = ()
) -> Entry[Visit]:
    """Enter that a visit began. ``examiners`` are ids of supervisors who examine the batch, beside those who were
    sent to it.

    With a draw, those who attend are all of those that it drew for the batch; without one it is a targeted visit, and
    says why. Raises UnknownBatch, VisitRefused, NoSuchDraw, DrawRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    batch = database.setup.batch(told.batch)
    if batch is None:
        raise UnknownBatch(f"there is no batch {told.batch}; `kaojian status` shows all")
    where = f"visit of batch {told.batch}"
    _not_later(where, "it begins", told.begun, at)
    _team(database, where, told.attended, {*examiners, *_sent(database, told.batch)})
    if bool(told.draw) == bool(told.reason.strip()):
        raise VisitRefused(f"{where}: it was drawn, or there is a reason for it: name the draw or say why, not both")
    if told.draw:
        _drawn(database, where, told)
    visit = Visit(
        batch=told.batch,
        site=batch.site,
        basis=Basis.DRAWN if told.draw else Basis.TARGETED,
        way=told.way,
        attended=told.attended,
        begun=told.begun,
        draw=told.draw,
        reason=told.reason.strip(),
    )
    before = len(database.register.standing(VISITS, batch=told.batch))
    return _enter(database, f"{told.batch}/{before + 1}", visit, 0, _Act("begin_visit_of_batch", actor, at))


def answer(database: Database, key: str, answers: Sequence[Answer], actor: Actor, at: datetime) -> Entry[Visit]:
    """Answer questions of the list. What is answered again has the new answer; the old one stays on record.

    Raises VisitRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    entry, visit = _running(database, key)
    for each in answers:
        if each.question not in QUESTIONS:
            raise VisitRefused(f"visit {key}: there is no question {each.question}; `kaojian visit show` lists all")
        _frames(database, key, visit, each.frames, at)
    new = {each.question: each for each in (*visit.answers, *answers)}
    in_order = tuple(new[question] for question in QUESTIONS if question in new)
    return _revise(database, entry, replace(visit, answers=in_order), _Act("answer_in_visit_of_batch", actor, at))


def find(database: Database, key: str, found: Found, actor: Actor, at: datetime) -> Entry[Visit]:
    """Enter a finding 问题. Raises VisitRefused, RevisedMeanwhile, DatabaseUnavailable."""
    entry, visit = _running(database, key)
    if not found.text.strip():
        raise VisitRefused(f"visit {key}: a finding says what was found")
    _frames(database, key, visit, found.frames, at)
    return _revise(
        database, entry, replace(visit, found=(*visit.found, found)), _Act("find_in_visit_of_batch", actor, at)
    )


def end(database: Database, key: str, ended: datetime, actor: Actor, at: datetime) -> Entry[Visit]:
    """Enter that a visit ended; nothing is answered or found after that. An online one needs pictures looked at.

    Raises VisitRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    entry, visit = _running(database, key)
    _not_later(f"visit {key}", "it ends", ended, at)
    if ended <= visit.begun:
        raise VisitRefused(f"visit {key}: it ends at {rfc3339(ended)}, and began at {rfc3339(visit.begun)}")
    if visit.unanswered():
        left = ", ".join(question.id for question in visit.unanswered())
        raise VisitRefused(f"visit {key}: nothing was said to {left}; what nobody saw is not_seen")
    if visit.way is Way.ONLINE and not visit.frames:
        raise VisitRefused(f"visit {key}: it was online, and no picture is named; say which were looked at")
    return _revise(database, entry, replace(visit, ended=ended), _Act("end_visit_of_batch", actor, at))


def feed_back(database: Database, key: str, text: str, actor: Actor, at: datetime) -> Entry[Visit]:
    """反馈: enter what was told to the site. The instant is that of entering it, which nobody can put back.

    Raises VisitRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    entry, visit = _visit(database, key)
    if visit.ended is None:
        raise VisitRefused(f"visit {key}: it has not ended; end it, then give the feedback")
    if visit.feedback is not None:
        raise VisitRefused(
            f"visit {key}: the feedback was given at {rfc3339(visit.feedback.at)}, and stays as it was"
        )
    if not text.strip():
        raise VisitRefused(f"visit {key}: feedback says something")
    _not_later(f"visit {key}", "it ended", visit.ended, at)
    given = replace(visit, feedback=Feedback(at, text.strip()))
    return _revise(database, entry, given, _Act("feed_back_on_batch", actor, at))


def publish(database: Database, key: str, actor: Actor, at: datetime) -> Entry[Visit]:
    """公开: enter that the result of a visit was published. Raises VisitRefused, RevisedMeanwhile."""
    entry, visit = _visit(database, key)
    if visit.feedback is None:
        raise VisitRefused(f"visit {key}: the site has no feedback yet; it hears first what is published")
    if visit.published is not None:
        raise VisitRefused(f"visit {key}: it was published at {rfc3339(visit.published)}")
    return _revise(database, entry, replace(visit, published=at), _Act("publish_visit_of_batch", actor, at))


def visits(database: Database, batch: str | None = None) -> list[Entry[Visit]]:
    """All visits, or those of one batch, by batch and number. Raises DatabaseUnavailable."""
    found = database.register.standing(VISITS, batch=batch)
    return sorted(found, key=lambda entry: (entry.batch, int(entry.key.rpartition("/")[2])))


def visit(database: Database, key: str) -> Entry[Visit]:
    """One visit as it stands. Raises NoSuchVisit."""
    return _visit(database, key)[0]


# What must hold


def _known(database: Database, supervisor: str) -> Supervisor:
    found = database.register.find(SUPERVISORS, supervisor)
    if found is None or found.value is None:
        raise SupervisionRefused(f"there is no supervisor {supervisor}; `kaojian supervisor list` shows all")
    return found.value


def _team(database: Database, where: str, team: Sequence[Attendance], examiners: Collection[str]) -> None:
    """Refuse a visit of nobody, of somebody twice, of an unknown one or of an examiner of the batch."""
    names = [each.supervisor for each in team]
    if not names or len(set(names)) != len(names):
        raise VisitRefused(f"{where}: name who is there, each once")
    for name in names:
        _known(database, name)
        if name in examiners:
            raise VisitRefused(f"{where}: supervisor {name} examines that batch; nobody supervises themselves")


def _sent(database: Database, batch: str) -> Iterator[str]:
    """The ids of the examiners who were sent to a batch, as far as that is on record."""
    for dispatch in database.register.standing(DISPATCHES, batch=batch):
        if dispatch.value is not None:
            yield from (member.examiner for member in dispatch.value.members)


def _drawn(database: Database, where: str, told: Beginning) -> None:
    """Refuse a visit that is not what its draw says."""
    record = drawing.record(database, told.draw)
    team = next((each.supervisors for each in record.drawn_now if each.batch == told.batch), None)
    if team is None:
        raise VisitRefused(f"{where}: draw {told.draw} has not drawn that batch; a targeted visit says why instead")
    if {each.supervisor for each in told.attended} != set(team):
        raise VisitRefused(
            f"{where}: draw {told.draw} sends {', '.join(team)}; whoever cannot go is replaced by the draw "
            "(`kaojian draw replace`)"
        )
    if told.begun < record.outcome.at:
        raise VisitRefused(f"{where}: it begins before the draw was made, at {rfc3339(record.outcome.at)}")


def _frames(database: Database, key: str, visit: Visit, frames: Sequence[Frame], at: datetime) -> None:
    """Refuse pictures that no camera of the batch took, or took at another time than its sittings'."""
    sittings = database.setup.sittings(visit.batch) if frames else []
    for frame in frames:
        of = [sitting for sitting in sittings if _uses(sitting, frame.camera)]
        if not of:
            raise VisitRefused(f"visit {key}: batch {visit.batch} has no camera {frame.camera}")
        if frame.at > at or not any(frame.at in sitting.window for sitting in of):
            raise VisitRefused(
                f"visit {key}: no sitting of the batch uses camera {frame.camera} at {rfc3339(frame.at)}"
            )


def _uses(sitting: Sitting, camera: str) -> bool:
    return any(each.id == camera for each in sitting.cameras())


def _not_later(where: str, what: str, told: datetime, now: datetime) -> None:
    if told > now:
        raise VisitRefused(f"{where}: {what} at {rfc3339(told)}, and it is {rfc3339(now)} now")


def _visit(database: Database, key: str) -> tuple[Entry[Visit], Visit]:
    found = database.register.find(VISITS, key)
    if found is None or found.value is None:
        raise NoSuchVisit(f"there is no visit {key}; `kaojian visit show` lists all")
    return found, found.value


def _running(database: Database, key: str) -> tuple[Entry[Visit], Visit]:
    entry, visit = _visit(database, key)
    if visit.ended is not None:
        raise VisitRefused(f"visit {key}: it ended at {rfc3339(visit.ended)}; what was said of it stays as it is")
    return entry, visit


@dataclass(frozen=True, slots=True)
class _Act:
    """What the journal is told: the act, by whom and when."""

    name: str
    actor: Actor
    at: datetime


def _revise(database: Database, entry: Entry[Visit], visit: Visit, act: _Act) -> Entry[Visit]:
    return _enter(database, entry.key, visit, entry.revision, act)


def _enter(database: Database, key: str, visit: Visit, after: int, act: _Act) -> Entry[Visit]:
    draft = Draft(VISITS, key, visit, batch=visit.batch, site=visit.site, after=after)
    (entry,) = database.register.enter(act.name, visit.batch, [draft], act.actor, act.at)
    return entry
