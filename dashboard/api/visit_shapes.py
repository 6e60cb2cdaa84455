"""The shapes of visits 督导: what a sheet shows, and what is sent of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from dashboard.api.day_shapes import At, Id
from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.shapes import Instant, Shape, open_ended
from domain.supervision import QUESTIONS, Basis, Said, Severity, Side, Way

_MOST_FRAMES = 20
Words = Annotated[str, Field(min_length=1, max_length=2000, description="No names, no ID numbers")]
Note = Annotated[str, Field(max_length=500, pattern=ONE_LINE)]
Question = Annotated[str, Field(json_schema_extra={"enum": list(QUESTIONS)}, max_length=64)]

# Written out, for two things of one name in the description would both be called by their modules.
_Basis = Literal[Basis.DRAWN, Basis.TARGETED]

_AT = "2026-05-01T01:05:00.000Z"


class FrameShape(Shape):
    """A picture that was looked at: of which camera, and of when. The picture lies in the footage alone."""

    camera: str
    at: Instant


class AttendanceShape(Shape):
    """A supervisor at a visit. ``badge`` is the one that was worn, "" where none was, null where nobody looked."""

    supervisor: str
    badge: str | None


class SupervisorShape(Shape):
    """A supervisor by id. ``own``: it is who asks, by the account on record."""

    id: str
    side: Side
    own: bool


class AnswerShape(Shape):
    question: str
    said: Said
    note: str
    frames: tuple[FrameShape, ...]


class FindingShape(Shape):
    """A finding 问题."""

    severity: Severity
    text: str
    frames: tuple[FrameShape, ...]


class FeedbackShape(Shape):
    """What was told to the site, when that was put on record."""

    at: Instant
    text: str


class VisitSummary(Shape):
    """A visit of a list. ``due``: until when its feedback is in time, null before its end; ``own``: who asks was
    there, by the account on record.
    """

    batch: str
    number: int
    site: str
    site_name: str
    project: str
    basis: _Basis
    way: Way
    attended: tuple[AttendanceShape, ...]
    own: bool
    begun: Instant
    ended: Instant | None
    due: Instant | None
    fed_back: Instant | None
    published: Instant | None
    answered: int
    unanswered: int
    findings: int


class QuestionShape(Shape):
    """One line of the list 督导清单."""

    id: str
    zh: str
    en: str


class VisitsShape(Shape):
    """All visits in the viewer's scope at ``at``, by batch and number; the list that each goes through, and who may
    be named as there.
    """

    at: Instant
    questions: tuple[QuestionShape, ...]
    supervisors: tuple[SupervisorShape, ...]
    visits: tuple[VisitSummary, ...]


class VisitCamera(Shape):
    camera: str
    room: str
    room_name: str


class VisitSitting(Shape):
    """A sitting whose pictures may be pointed at: between ``start`` and ``end``, of its cameras."""

    number: int
    start: Instant
    end: Instant
    closed: bool
    cameras: tuple[VisitCamera, ...]


class VisitShape(VisitSummary):
    """A visit with all that was said. ``feedback_hours`` is the limit of its rule pack."""

    draw: str
    reason: str
    answers: tuple[AnswerShape, ...]
    found: tuple[FindingShape, ...]
    feedback: FeedbackShape | None
    feedback_hours: int
    sittings: tuple[VisitSitting, ...]


class _Body(Shape):
    """What is sent of a visit."""


class FrameBody(_Body):
    """A picture that was looked at."""

    camera: Id
    at: At


Frames = Annotated[tuple[FrameBody, ...], Field(max_length=_MOST_FRAMES)]


class AttendanceBody(_Body):
    """Who is there, with the badge as it was worn: "" where none was, null where nobody looked."""

    supervisor: Id
    badge: Note | None = None


def _with(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra=open_ended(example))


class BeginBody(_Body):
    """A visit begins; a drawn one names its draw, a targeted one says why. Without ``begun`` it is now."""

    model_config = _with(
        {"way": "online", "attended": [{"supervisor": "d-1", "badge": "GD-001"}], "draw": "", "reason": "投诉"}
    )

    way: Way
    attended: Annotated[tuple[AttendanceBody, ...], Field(min_length=1, max_length=20)]
    begun: At | None = None
    draw: Annotated[str, Field(max_length=64, pattern=ONE_LINE)] = ""
    reason: Note = ""


class AnswerBody(_Body):
    """What is said to one question."""

    question: Question
    said: Said
    note: Note = ""
    frames: Frames = ()


class AnswersBody(_Body):
    model_config = _with({"answers": [{"question": "on-time", "said": "yes"}]})

    answers: Annotated[tuple[AnswerBody, ...], Field(min_length=1, max_length=len(QUESTIONS))]


class FindingBody(_Body):
    model_config = _with(
        {"severity": "minor", "text": "02 号工位未贴标签", "frames": [{"camera": "sg-001-c1", "at": _AT}]}
    )

    severity: Severity
    text: Words
    frames: Frames = ()


class EndBody(_Body):
    """Without ``ended`` it is now."""

    model_config = _with({"ended": None})

    ended: At | None = None


class FeedbackBody(_Body):
    model_config = _with({"text": "现场秩序良好，02 号工位须补贴标签。"})

    text: Words


class SnapshotBody(_Body):
    """The instant, by the clock of this host, at which the picture that is shown arrived there."""

    model_config = _with({"at": _AT})

    at: At


class SnapshotShape(Shape):
    """A picture that a finding may point at, and of which sitting it is."""

    batch: str
    sitting: int
    room_name: str
    camera: str
    at: Instant
