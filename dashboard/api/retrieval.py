"""检索: where the footage of a certificate, a candidate or a place and time lies, and what of it is missing.

Thin over ``records.retrieval``. What is looked for is sent as a body and never stands in an address, which lands in
logs and histories; each look-up is written down before it is answered, as a view is. Nothing outside of the viewer's
scope is told, nor whether it is there. Not here: the pictures themselves (``dashboard.api.footage``, ``film``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, ConfigDict, Field

from dashboard.access.login import Viewer
from dashboard.access.sight import Sight, unclosed_until
from dashboard.access.table import ASKED_BY, SAYS_WHY, Act
from dashboard.api.backing import Backed
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.footage import asked_for
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import RESPONSES, NotAllowed
from dashboard.api.shapes import CameraCauseShape, Instant, Shape, SpanShape, StationGap, Window, open_ended
from dashboard.api.witness import Witnessed
from domain.evidence import Gap
from domain.law import Verdict
from domain.retrieval import By, NoStay
from domain.timeline import MICROSECOND, IntervalSet
from records import retrieval as records
from records.errors import RetrievalRefused
from records.retrieval import FoundStay, Question, SeenSpan, Within

router = APIRouter(tags=["retrieval"], responses=RESPONSES)

Short = Annotated[str, Field(max_length=64, pattern=ONE_LINE)]
Name = Annotated[str, Field(max_length=200, pattern=ONE_LINE)]

EXAMPLE: dict[str, Any] = {"certificate": "4402002026000001"}


class QuestionBody(Shape):
    """What is looked for: one of ``certificate``, ``ticket`` 准考证号, ``name`` (with ``batch``) and ``number`` of a
    document; without them a place. The rest narrows it. ``room`` is an id or the name that the room had then; ``at``
    chooses what reaches over an instant, ``start`` and ``end`` what reaches into a time.
    """

    model_config = ConfigDict(json_schema_extra=open_ended(EXAMPLE))

    certificate: Short = ""
    ticket: Short = ""
    name: Name = Field(default="", repr=False)
    number: Short = Field(default="", repr=False)
    batch: Short = ""
    site: Name = ""
    sitting: Annotated[int, Field(ge=1, le=999)] | None = None
    room: Name = ""
    station: Short = ""
    camera: Short = ""
    at: AwareDatetime | None = None
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class Leave(StrEnum):
    """Whether something may be done with footage now."""

    NOW = "now"
    ONCE_CLOSED = "once_closed"  # when the sitting is closed
    DISPOSED = "disposed"  # it is there no more
    NO_FOOTAGE = "no_footage"  # no camera saw the station
    NEVER = "never"  # by this role


class SeenShape(Shape):
    """What footage says of a span. ``covered`` has footage, ``gaps`` have none; of what is covered, ``unusable``
    shows nothing usable of the station, for sure or perhaps. All three are empty while nothing is decided.
    """

    start: Instant
    end: Instant
    verdict: Verdict
    zh: str
    en: str
    covered: tuple[SpanShape, ...]
    gaps: tuple[StationGap, ...]
    unusable: tuple[SpanShape, ...]


class StayShape(Shape):
    """A station of a sitting for a time. Names are as they were then; ``site_now`` and ``room_now`` are today's, ""
    where they are the same. Of several ``spans`` nobody knows which is the candidate's own. ``superseded``: the
    subject was examined again since. ``window`` is the sitting's. ``says_why``: a purpose is asked for first.
    """

    batch: str
    project: str
    sitting: int
    candidate: str
    subject: str
    superseded: bool
    site: str
    site_name: str
    site_now: str
    county: str
    room: str
    room_name: str
    room_now: str
    station: str
    cameras: tuple[str, ...]
    window: Window
    verdict: Verdict
    spans: tuple[SeenShape, ...]
    closed: Instant | None
    kept_until: Instant
    held: bool
    disposal: int | None
    watch: Leave
    save: Leave
    says_why: bool


class WantingShape(Shape):
    """A seat for which nothing says when the candidate was at which station, and why."""

    subject: str
    sitting: int
    station: str
    why: NoStay
    zh: str
    en: str


class HeldShape(Shape):
    """A certificate. ``replaced``: another one was issued later. ``revoked`` is when it was, null where it stands."""

    number: str
    issued: Instant
    revoked: Instant | None
    replaced: bool


class PersonShape(Shape):
    """A candidate; ``name`` is masked, and "" for who is shown no names, as ``certificates`` are left out for who is
    shown none. Without stays and seats nothing on record says where they sat.
    """

    batch: str
    candidate: str
    name: str
    certificates: tuple[HeldShape, ...]
    stays: tuple[StayShape, ...]
    wanting: tuple[WantingShape, ...]


class FoundShape(Shape):
    """What was found inside the viewer's scope. ``left_off`` says how many more there are. ``may_ask``: the
    viewer may ask for a permit 调阅审批单 for what lies outside, whether or not there is anything.
    """

    by: By
    made: Instant
    people: tuple[PersonShape, ...]
    stays: tuple[StayShape, ...]
    left_off: int
    may_ask: bool


@router.post("/retrieval")
def retrieve(
    *, response: Response, backed: Backed, seen: Seen, viewer: Viewing, witness: Witnessed, given: QuestionBody
) -> FoundShape:
    """Where the footage of somebody, or of a place and time, lies: stays, coverage, holds, and whether it may be
    watched and saved. Nothing is changed by it; it is a POST so that what is looked for stands in no address.
    """
    response.headers.update(NO_STORE)
    question = _question(given)
    act = ASKED_BY.get(question.by)
    if act is not None and not viewer.may(act):
        raise NotAllowed(f"the role {viewer.account.role} may not look for footage by {question.by}")
    now = backed.clock.now()
    within = Within(seen.batch, seen.batches)
    found = records.find(backed.database, question, within, backed.rule_packs, now, numbers=backed.numbers)
    telling = _Telling(seen, viewer)
    shape = FoundShape(
        by=found.by,
        made=now,
        people=tuple(map(telling.person, found.people)),
        stays=tuple(map(telling.stay, found.stays)),
        left_off=found.left_off,
        may_ask=viewer.may(Act.ASK),
    )
    witness.found(records.record_lines(question, found))
    return shape


def _question(given: QuestionBody) -> Question:
    """Raises ImpossibleSpan."""
    span = None
    if given.start is not None and given.end is not None:
        span = asked_for(given.start, given.end)
    elif given.start is not None or given.end is not None:
        raise RetrievalRefused("say from when and until when 请同时填写开始和结束时间")
    at = None if given.at is None else asked_for(given.at, given.at + MICROSECOND).start
    return Question(
        certificate=given.certificate.strip(),
        ticket=given.ticket.strip(),
        name=given.name.strip(),
        number=given.number.strip(),
        batch=given.batch.strip(),
        site=given.site.strip(),
        sitting=given.sitting,
        room=given.room.strip(),
        station=given.station.strip(),
        camera=given.camera.strip(),
        at=at,
        span=span,
    )


@dataclass(frozen=True)
class _Telling:
    """What was found, as its viewer is told of it."""

    seen: Sight
    viewer: Viewer

    @cached_property
    def early(self) -> Callable[[str, datetime], bool]:
        return unclosed_until(self.seen.setup)

    def person(self, person: records.Person) -> PersonShape:
        shows = self.viewer.may(Act.CERTIFICATES)
        return PersonShape(
            batch=person.batch,
            candidate=person.ticket,
            name=person.name if self.viewer.may(Act.ROSTER) else "",
            certificates=tuple(map(_held, person.certificates)) if shows else (),
            stays=tuple(map(self.stay, person.stays)),
            wanting=tuple(
                WantingShape(
                    subject=each.subject,
                    sitting=each.sitting,
                    station=each.station,
                    why=each.why,
                    zh=each.why.zh,
                    en=each.why.en,
                )
                for each in person.wanting
            ),
        )

    def stay(self, stay: FoundStay) -> StayShape:
        sitting = stay.sitting
        window = sitting.window
        return StayShape(
            batch=sitting.batch.id,
            project=sitting.batch.project,
            sitting=sitting.plan.number,
            candidate=stay.ticket,
            subject=stay.subject,
            superseded=stay.superseded,
            site=sitting.site.id,
            site_name=sitting.site.name,
            site_now=stay.site_now,
            county=sitting.site.county,
            room="" if stay.room is None else stay.room.id,
            room_name="" if stay.room is None else stay.room.name,
            room_now=stay.room_now,
            station=stay.station,
            cameras=stay.cameras,
            window=Window(start=window.start, end=window.end),
            verdict=stay.verdict,
            spans=tuple(map(_seen, stay.spans)),
            closed=sitting.closed,
            kept_until=stay.kept_until,
            held=stay.held,
            disposal=None if stay.disposed is None else stay.disposed.disposal,
            watch=self._leave(stay, Act.WATCH, early=not self.seen.on_duty),
            save=self._leave(stay, Act.SAVE, early=True),
            says_why=self.viewer.account.role in SAYS_WHY,
        )

    def _leave(self, stay: FoundStay, act: Act, *, early: bool) -> Leave:
        """``early``: what belongs to a sitting that is not closed is held back."""
        if stay.disposed is not None:
            return Leave.DISPOSED
        if not self.viewer.may(act):
            return Leave.NEVER
        if not stay.cameras:
            return Leave.NO_FOOTAGE
        end = max(each.interval.end for each in stay.spans)
        if early and any(self.early(camera, end) for camera in stay.cameras):
            return Leave.ONCE_CLOSED
        return Leave.NOW


def _held(held: records.Held) -> HeldShape:
    value = held.certificate
    revoked = None if value.revoked is None else value.revoked.at
    return HeldShape(number=value.number, issued=value.issued, revoked=revoked, replaced=held.replaced)


def _seen(seen: SeenSpan) -> SeenShape:
    return SeenShape(
        start=seen.interval.start,
        end=seen.interval.end,
        verdict=seen.verdict,
        zh=seen.zh,
        en=seen.en,
        covered=_spans(seen.covered),
        gaps=tuple(map(_gap, seen.gaps)),
        unusable=_spans(seen.unusable),
    )


def _spans(found: IntervalSet) -> tuple[SpanShape, ...]:
    return tuple(SpanShape(start=each.start, end=each.end, seconds=each.seconds) for each in found)


def _gap(gap: Gap) -> StationGap:
    return StationGap(
        start=gap.interval.start,
        end=gap.interval.end,
        seconds=gap.interval.seconds,
        cause=gap.cause,
        cameras=tuple(CameraCauseShape(camera=each.camera, cause=each.cause) for each in gap.cameras),
    )
