"""督导: visits of batches, what was answered and found there, feedback and publication.

Thin over ``records.supervision``: who enters is who is logged in, and each step is there once. Not here: pictures
(``dashboard.api.frames``), draws (``dashboard.api.draws``) and what the rules say of a visit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.status import HTTP_201_CREATED

from dashboard.access.login import Viewer, actor_of
from dashboard.api.backing import Backed, Backing
from dashboard.api.batches import BatchId
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.visit_shapes import (
    AnswersBody,
    AnswerShape,
    AttendanceShape,
    BeginBody,
    EndBody,
    FeedbackBody,
    FeedbackShape,
    FindingBody,
    FindingShape,
    FrameBody,
    FrameShape,
    QuestionShape,
    SupervisorShape,
    VisitCamera,
    VisitShape,
    VisitSitting,
    VisitsShape,
    VisitSummary,
)
from domain.calendar import local_day
from domain.places import Sitting
from domain.register import Entry
from domain.supervision import CHECKLIST, Answer, Attendance, Found, Frame, Supervisor, Visit
from domain.timeline import utc
from records import supervision
from records.supervision import Beginning
from records.supervision_rules import due
from storage.errors import UnknownBatch

router = APIRouter(tags=["supervision"], responses=CONFLICTS)

VisitNumber = Annotated[int, Path(ge=1, le=9999)]
_QUESTIONS = tuple(QuestionShape(id=each.id, zh=each.zh, en=each.en) for each in CHECKLIST)


@router.get("/visits", responses=RESPONSES)
def visits(response: Response, viewer: Viewing, seen: Seen, backed: Backed) -> VisitsShape:
    """All visits of batches that one sees, and who may be named as there: supervisors whose badge is valid today."""
    response.headers.update(NO_STORE)
    now, inside = backed.clock.now(), seen.batches()
    known, today = _known(backed), local_day(now)
    found = [each for each in supervision.visits(backed.database) if each.batch in inside]
    return VisitsShape(
        at=now,
        questions=_QUESTIONS,
        supervisors=tuple(
            SupervisorShape(id=key, side=each.side, own=each.account == viewer.account.name)
            for key, each in known.items()
            if each.valid_from <= today <= each.valid_to
        ),
        visits=tuple(_summary(backed, each, viewer, known) for each in found),
    )


@router.get("/batches/{batch}/visits/{visit}", responses=RESPONSES)
def visit(response: Response, viewer: Viewing, backed: Backed, batch: BatchId, visit: VisitNumber) -> VisitShape:
    """A visit with all that was said, and the cameras and times that a finding may point at."""
    response.headers.update(NO_STORE)
    return _shape(backed, supervision.visit(backed.database, f"{batch}/{visit}"), viewer)


@router.post("/batches/{batch}/visits", status_code=HTTP_201_CREATED)
def begin_visit(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, given: BeginBody
) -> VisitShape:
    """Enter that a visit began. Of a drawn one those who are there are all of those that the draw sends."""
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    attended = tuple(Attendance(each.supervisor, each.badge) for each in given.attended)
    told = Beginning(batch, given.way, attended, _instant(given.begun, now), given.draw, given.reason)
    entry = supervision.begin(backed.database, told, actor_of(viewer.account.name), now)
    return _shape(backed, entry, viewer)


@router.post("/batches/{batch}/visits/{visit}/answers", status_code=HTTP_201_CREATED)
def answer_in_visit(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, visit: VisitNumber, given: AnswersBody
) -> VisitShape:
    """Answer questions of the list. What is answered again has the new answer; the old one stays on record."""
    response.headers.update(NO_STORE)
    told = [Answer(each.question, each.said, each.note.strip(), _frames(each.frames)) for each in given.answers]
    step = (actor_of(viewer.account.name), backed.clock.now())
    return _shape(backed, supervision.answer(backed.database, f"{batch}/{visit}", told, *step), viewer)


@router.post("/batches/{batch}/visits/{visit}/findings", status_code=HTTP_201_CREATED)
def find_in_visit(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, visit: VisitNumber, given: FindingBody
) -> VisitShape:
    """Enter a finding 问题, with the pictures that show it: of cameras and times of the batch's sittings."""
    response.headers.update(NO_STORE)
    found = Found(given.severity, given.text.strip(), _frames(given.frames))
    step = (actor_of(viewer.account.name), backed.clock.now())
    return _shape(backed, supervision.find(backed.database, f"{batch}/{visit}", found, *step), viewer)


@router.post("/batches/{batch}/visits/{visit}/end", status_code=HTTP_201_CREATED)
def end_visit(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, visit: VisitNumber, given: EndBody
) -> VisitShape:
    """Enter that a visit ended: every question has its answer, and an online one names its pictures."""
    response.headers.update(NO_STORE)
    now = backed.clock.now()
    ended = _instant(given.ended, now)
    entry = supervision.end(backed.database, f"{batch}/{visit}", ended, actor_of(viewer.account.name), now)
    return _shape(backed, entry, viewer)


@router.post("/batches/{batch}/visits/{visit}/feedback", status_code=HTTP_201_CREATED)
def feed_back_on_visit(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, visit: VisitNumber, given: FeedbackBody
) -> VisitShape:
    """Enter what was told to the site 反馈; it counts from now."""
    response.headers.update(NO_STORE)
    step = (actor_of(viewer.account.name), backed.clock.now())
    return _shape(backed, supervision.feed_back(backed.database, f"{batch}/{visit}", given.text, *step), viewer)


@router.post("/batches/{batch}/visits/{visit}/publication", status_code=HTTP_201_CREATED)
def publish_visit(
    *, response: Response, viewer: Viewing, backed: Backed, batch: BatchId, visit: VisitNumber
) -> VisitShape:
    """Enter that the result was published 公开; the site has its feedback by then."""
    response.headers.update(NO_STORE)
    step = (actor_of(viewer.account.name), backed.clock.now())
    return _shape(backed, supervision.publish(backed.database, f"{batch}/{visit}", *step), viewer)


def _instant(told: datetime | None, now: datetime) -> datetime:
    return now if told is None else utc(told)


def _frames(given: Sequence[FrameBody]) -> tuple[Frame, ...]:
    return tuple(Frame(each.camera, utc(each.at)) for each in given)


def _known(backed: Backing) -> dict[str, Supervisor]:
    return {each.key: each.value for each in supervision.supervisors(backed.database) if each.value is not None}


def _summary(backed: Backing, entry: Entry[Visit], viewer: Viewer, known: Mapping[str, Supervisor]) -> VisitSummary:
    told = entry.value
    batch = backed.database.setup.batch(entry.batch)
    if told is None or batch is None:
        raise UnknownBatch(f"there is no batch {entry.batch}")
    site = backed.database.setup.site(told.site)
    team = [known[name] for name in told.supervisors if name in known]
    hours = backed.rule_packs(batch.rule_pack).feedback_hours
    return VisitSummary(
        batch=told.batch,
        number=int(entry.key.rpartition("/")[2]),
        site=told.site,
        site_name="" if site is None else site.name,
        project=batch.project,
        basis=told.basis,
        way=told.way,
        attended=tuple(AttendanceShape(supervisor=each.supervisor, badge=each.badge) for each in told.attended),
        own=any(each.account == viewer.account.name for each in team),
        begun=told.begun,
        ended=told.ended,
        due=None if told.ended is None else due(told.ended, hours),
        fed_back=None if told.feedback is None else told.feedback.at,
        published=told.published,
        answered=len(told.answers),
        unanswered=len(told.unanswered()),
        findings=len(told.found),
    )


def _shape(backed: Backing, entry: Entry[Visit], viewer: Viewer) -> VisitShape:
    summary, told = _summary(backed, entry, viewer, _known(backed)), entry.value
    if told is None:
        raise UnknownBatch(f"there is no batch {entry.batch}")
    feedback = told.feedback
    return VisitShape(
        **dict(summary),
        draw=told.draw,
        reason=told.reason,
        answers=tuple(
            AnswerShape(question=each.question, said=each.said, note=each.note, frames=_shown(each.frames))
            for each in told.answers
        ),
        found=tuple(
            FindingShape(severity=each.severity, text=each.text, frames=_shown(each.frames)) for each in told.found
        ),
        feedback=None if feedback is None else FeedbackShape(at=feedback.at, text=feedback.text),
        feedback_hours=backed.rules(told.batch).feedback_hours,
        sittings=tuple(map(_sitting, backed.database.setup.sittings(told.batch))),
    )


def _shown(frames: Sequence[Frame]) -> tuple[FrameShape, ...]:
    return tuple(FrameShape(camera=each.camera, at=each.at) for each in frames)


def _sitting(sitting: Sitting) -> VisitSitting:
    return VisitSitting(
        number=sitting.plan.number,
        start=sitting.window.start,
        end=sitting.window.end,
        closed=sitting.closed is not None,
        cameras=tuple(
            VisitCamera(camera=camera.id, room=room.id, room_name=room.name)
            for room in sitting.rooms
            for camera in room.cameras
        ),
    )
