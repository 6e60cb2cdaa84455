"""Panels 考评小组 over the API: examiners and whom the centre sends, from a file; who came and who left.

Thin over ``records.panels`` and ``records.panel_files``. Examiners are called by ids, never by name. Not here: what a
panel means under clauses 五 and 六(三) (``dashboard.api.cases``).
"""

from __future__ import annotations

from datetime import date
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field
from starlette.status import HTTP_201_CREATED

from config.documents import Document
from dashboard.api.backing import Backed
from dashboard.api.batches import BatchId, Number
from dashboard.api.day_shapes import At, EnteredShape, Id, Signer
from dashboard.api.entering import Entering
from dashboard.api.guard import NO_STORE, Seen
from dashboard.api.problems import CONFLICTS, RESPONSES
from dashboard.api.roster import FILE_BODY, FileName, SentFile
from dashboard.api.shapes import Instant, Shape, open_ended
from domain.panels import Attendance, Examiner, Member
from records import panel_files, shapes
from records import panels as records
from records.panel_rules import SittingPanel

router = APIRouter(tags=["panels"], responses=RESPONSES)

_SHEETS = frozenset({".xlsx", ".csv"})
ProfileText = Annotated[
    str, Query(max_length=8000, description="Of .xlsx and .csv: YAML, as `kaojian panel profile` prints it")
]
ExaminerId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class BadgeShape(Shape):
    """证卡, valid on both days."""

    number: str
    valid_from: date
    valid_until: date


class QualificationShape(BadgeShape):
    """考评资格 for a project."""

    project: str


class GrantShape(Shape):
    """临时派遣: a project that somebody of a related trade may examine for a while."""

    project: str
    trade: str
    granted: date
    reason: str


class ExaminerShape(Shape):
    """考评员 by id, with what makes them one."""

    examiner: str
    qualifications: tuple[QualificationShape, ...]
    grants: tuple[GrantShape, ...]
    badges: tuple[BadgeShape, ...]


class MemberShape(Shape):
    """One examiner as they were sent; ``chosen_by_site``: picked by the site, which is not its to do."""

    examiner: str
    leader: bool
    chosen_by_site: bool


class PanelAttendanceShape(Shape):
    """到岗; ``badge`` is "" for none, ``left`` null while nobody said when they left."""

    examiner: str
    room: str
    arrived: Instant
    left: Instant | None
    badge: str
    leads: bool


class SittingPanelShape(Shape):
    """The panel of one sitting. ``by_centre`` is null where nobody was sent."""

    sitting: int
    start: Instant
    by_centre: bool | None
    members: tuple[MemberShape, ...]
    attendance: tuple[PanelAttendanceShape, ...]


class PanelsShape(Shape):
    """The panels of a batch, and what is on record of the examiners that were sent."""

    batch: str
    project: str
    sittings: tuple[SittingPanelShape, ...]
    examiners: tuple[ExaminerShape, ...]


class PanelImportShape(Shape):
    """What a file changed and what it left as it was, by the names of entries; ``unread`` are headings or sheets that
    nobody asked for.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    unread: tuple[str, ...]


class ArrivalBody(Shape):
    """到岗 of an examiner in a room. ``badge`` is left out for none; ``leads``: as the leader, or in their place."""

    model_config = ConfigDict(
        json_schema_extra=open_ended({"examiner": "ex-2", "room": "r301", "badge": "K-002", "leads": False})
    )

    examiner: ExaminerId
    room: Id
    badge: Signer = ""
    leads: bool = False
    at: At | None = None


class DepartureBody(Shape):
    """离岗 of an examiner."""

    model_config = ConfigDict(json_schema_extra=open_ended({"examiner": "ex-2"}))

    examiner: ExaminerId
    at: At | None = None


@router.get("/examiners")
def examiners(response: Response, backed: Backed) -> tuple[ExaminerShape, ...]:
    """All examiners on record, for whoever dispatches them."""
    response.headers.update(NO_STORE)
    return tuple(_examiner(each.thing) for each in backed.database.register.standing(records.EXAMINERS))


@router.post("/panels", responses=CONFLICTS, openapi_extra=FILE_BODY)
def enter_panels(
    *, response: Response, desk: Entering, seen: Seen, sent: SentFile, name: FileName, profile: ProfileText = ""
) -> PanelImportShape:
    """Put examiners and dispatches on record, as `kaojian panel import` does: XLSX or CSV by the name's ending, else
    YAML or JSON. All of it or, with the place of everything that is wrong, nothing. Asks for a fresh password.
    """
    response.headers.update(NO_STORE)
    if PurePath(name).suffix.lower() in _SHEETS:
        chosen = shapes.profiles_of(Document("profile", profile), *panel_files.SHAPES) if profile.strip() else {}
        done = panel_files.take_in(
            desk.database, sent, name, actor=desk.actor, now=desk.now, profiles=chosen, sees=seen.batch
        )
    else:
        done = records.take_in(desk.database, Document.decoded(name, sent), desk.actor, desk.now, seen.batch)
    return PanelImportShape(changed=done.changed, unchanged=done.unchanged, unread=done.unread)


@router.get("/batches/{batch}/panels")
def panels(response: Response, backed: Backed, batch: BatchId) -> PanelsShape:
    """Whom the centre sent to each sitting, who was there, and what qualifies them."""
    response.headers.update(NO_STORE)
    facts = records.panel_facts(backed.database, batch, backed.clock.now())
    sent = {
        member.examiner for each in facts.sittings if each.dispatch is not None for member in each.dispatch.members
    }
    return PanelsShape(
        batch=batch,
        project=facts.project,
        sittings=tuple(_panel(each) for each in facts.sittings),
        examiners=tuple(_examiner(facts.examiners[each]) for each in sorted(sent & facts.examiners.keys())),
    )


@router.post("/batches/{batch}/sittings/{number}/arrivals", status_code=HTTP_201_CREATED, responses=CONFLICTS)
def examiner_arrives(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, given: ArrivalBody
) -> EnteredShape:
    """到岗: an examiner whom the centre sent is there."""
    response.headers.update(NO_STORE)
    at = given.at or desk.now
    told = Attendance(batch, number, given.examiner, given.room, at, badge=given.badge.strip(), leads=given.leads)
    records.arrive(desk.database, told, desk.actor, desk.now)
    return EnteredShape(at=at)


@router.post("/batches/{batch}/sittings/{number}/departures", status_code=HTTP_201_CREATED, responses=CONFLICTS)
def examiner_leaves(
    *, response: Response, desk: Entering, batch: BatchId, number: Number, given: DepartureBody
) -> EnteredShape:
    """离岗: an examiner left."""
    response.headers.update(NO_STORE)
    at = given.at or desk.now
    records.leave(desk.database, (batch, number), given.examiner, desk.actor, desk.now, left=at)
    return EnteredShape(at=at)


def _panel(panel: SittingPanel) -> SittingPanelShape:
    sent = panel.dispatch
    return SittingPanelShape(
        sitting=panel.number,
        start=panel.exam.start,
        by_centre=None if sent is None else sent.by_centre,
        members=() if sent is None else tuple(_member(each) for each in sent.members),
        attendance=tuple(_there(each) for each in panel.attendance or ()),
    )


def _member(each: Member) -> MemberShape:
    return MemberShape(examiner=each.examiner, leader=each.leader, chosen_by_site=each.chosen_by_site)


def _there(each: Attendance) -> PanelAttendanceShape:
    return PanelAttendanceShape(
        examiner=each.examiner,
        room=each.room,
        arrived=each.arrived,
        left=each.left,
        badge=each.badge,
        leads=each.leads,
    )


def _examiner(known: Examiner) -> ExaminerShape:
    return ExaminerShape(
        examiner=known.id,
        qualifications=tuple(
            QualificationShape(
                project=each.project, number=each.number, valid_from=each.valid_from, valid_until=each.valid_until
            )
            for each in known.qualifications
        ),
        grants=tuple(
            GrantShape(project=each.project, trade=each.trade, granted=each.granted, reason=each.reason)
            for each in known.grants
        ),
        badges=tuple(
            BadgeShape(number=each.number, valid_from=each.valid_from, valid_until=each.valid_until)
            for each in known.badges
        ),
    )
