"""The shapes of answers, as OpenAPI describes them: exams, reports, the state of things. The report's is that of
``analysis.report_json``. Not here: who asks, and what of them is kept (``dashboard.api.access_shapes``).

Instants are RFC 3339 in UTC, with milliseconds in reports. Later versions add fields and never rename or drop one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from domain.evidence import CameraState, Cause, Place
from domain.expected import Basis, Lack, Phase
from domain.host_clock import ClockState, Witness
from domain.law import Verdict
from domain.people import Role
from domain.phases import Mark
from domain.pictures import Fault
from domain.plan import Target
from domain.readiness import Standing
from domain.timeline import rfc3339

Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _open_ended(schema: dict[str, Any]) -> None:
    schema.pop("additionalProperties", None)


def open_ended(example: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    """The same, with an example of what is sent."""

    def described(schema: dict[str, Any]) -> None:
        _open_ended(schema)
        schema["examples"] = [example]

    return described


class Shape(BaseModel):
    """What every shape is."""

    # We refuse unknown fields, so that a field that the report gained and this module does not describe fails in the
    # tests. Clients are not told to: they must bear fields that later versions add.
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_open_ended)


class Window(Shape):
    """[start, end)"""

    start: Instant
    end: Instant


class PhaseShape(Shape):
    """W1 entry, W2 the exam, W3 collection and scoring."""

    id: Literal["W1", "W2", "W3"]
    start: Instant
    end: Instant


class CameraCauseShape(Shape):
    """Why one camera did not cover a station's gap."""

    camera: str
    cause: Cause


class CameraGap(Shape):
    """A span of a camera without usable footage."""

    start: Instant
    end: Instant
    seconds: float
    cause: Cause


class RecorderCauseShape(Shape):
    """Why one of a camera's recorders did not cover a gap."""

    recorder: str
    cause: Cause


class OwnGap(CameraGap):
    """A span of a camera that no recorder covers; with several, ``recorders`` names the cause of each."""

    recorders: tuple[RecorderCauseShape, ...]


class RecordedShape(Shape):
    """What one recorder covers of a camera by itself."""

    recorder: str
    recorded_s: float


class SourceShape(Shape):
    """A covered part of a camera and the recorder whose footage of it is shown."""

    start: Instant
    end: Instant
    recorder: str


class StationGap(CameraGap):
    """A span of a station that no camera covers; ``cause`` is the one ranked first among ``cameras``."""

    cameras: tuple[CameraCauseShape, ...]


class SpanShape(Shape):
    """A span of time."""

    start: Instant
    end: Instant
    seconds: float


class CameraFaultShape(Shape):
    """What was wrong with a camera's pictures; ``fault`` is null where something stood before the station."""

    camera: str
    fault: Fault | None


class UnusableShape(SpanShape):
    """A span for which there is footage, and nothing usable of the station on it. Never a gap."""

    cameras: tuple[CameraFaultShape, ...]


class FaultShape(SpanShape):
    """A fault of a camera's recorded pictures, with what was measured and the limit that it broke."""

    fault: Fault
    measured: float
    limit: float


class StationShape(Shape):
    """One station: ``covered_s`` and the gaps add up to the window before ``settled_until``.

    Of the covered time ``unusable`` shows nothing usable of it, and of ``unverified`` nobody knows. ``compared`` are
    the cameras whose pictures were compared with a reference for it; without any, no picture was checked.
    """

    station: str
    room: str
    verdict: Verdict
    covered_s: float
    gaps: tuple[StationGap, ...]
    unusable: tuple[UnusableShape, ...]
    unverified: tuple[SpanShape, ...]
    compared: tuple[str, ...]


class SizeShape(Shape):
    """Width and height of pictures, in pixels."""

    width: int
    height: int


class CameraShape(Shape):
    """One camera. ``clock_offset_s`` is camera minus host, null where the camera tells no time.

    ``clock_drift_ppm`` is how much faster its clock runs than the host's, null where that cannot be told.
    ``backed_up_s`` lies on enough separate devices, the last of it ``backup_lag_s`` after it was taken.
    ``unverified`` is recorded time of which nobody knows what it shows; ``reference`` is null where pictures were
    compared with nothing.
    """

    camera: str
    room: str
    recorded_s: float
    frames: int
    lost_packets: int
    delayed_s: float
    clock_offset_s: float | None
    clock_drift_ppm: float | None
    clock_drift_error_ppm: float | None
    gaps: tuple[OwnGap, ...]
    backed_up_s: float
    backup_lag_s: float | None
    recorders: tuple[RecordedShape, ...]
    sources: tuple[SourceShape, ...]
    sizes: tuple[SizeShape, ...]
    frame_rate: float | None
    faults: tuple[FaultShape, ...]
    unverified: tuple[SpanShape, ...]
    reference: str | None


class CopiesShape(Shape):
    """The copies of a sitting's files at one place; ``locked_until`` is the earliest end of a lock, null where one of
    them has none.
    """

    place: Place
    target: str
    device: str
    files: int
    of: int
    size_bytes: int
    locked_until: Instant | None


class MarkShape(Shape):
    """What is done once in a sitting and was told by a person: ``at`` an instant, ``written`` down when they said so.

    ``earlier`` are entries of the same mark in whose place it stands, ``after`` the marks that should come later and
    lie before it.
    """

    mark: Mark
    at: Instant
    written: Instant
    by: str
    reason: str
    earlier: int
    after: tuple[Mark, ...]


class MarkBody(Shape):
    """A mark: now, or ``at`` an instant; again with a ``reason`` to correct it, or to take it back."""

    mark: Mark
    at: AwareDatetime | None = None
    reason: str = Field("", max_length=500)
    take_back: bool = False


class MadeMarkShape(Shape):
    """What was written down, ``at`` null where it was taken back, and what is odd about it."""

    mark: Mark
    at: Instant | None
    written: Instant
    by: str
    reason: str
    warnings: tuple[str, ...]


class ClauseShape(Shape):
    """One clause's verdict with its sentence in both languages."""

    id: str
    verdict: Verdict
    zh: str
    en: str


class BackupShape(Shape):
    """All cameras together: recorded time, the part on ``copies`` separate devices, the greatest lag and whose."""

    copies: int
    recorded_s: float
    backed_up_s: float
    greatest_lag_s: float | None
    camera: str | None


class HostClockShape(Shape):
    """The clock of a host that recorded, over what it recorded; ``synchronised`` is null where it cannot be told.

    ``by`` is the weakest witness that vouched for a part of it, ``error_s`` how far off the clock may have been.
    For ``unproven_s`` of it nothing vouches; ``in_doubt_s`` of that no host covers whose clock is proven.
    """

    host: str
    synchronised: bool | None
    state: ClockState
    by: Witness | None
    error_s: float | None
    readings: int
    unproven_s: float
    in_doubt_s: float


class NvrEventShape(CameraGap):
    """All cameras of an NVR that the sitting uses, gone at once until the first of them was back."""

    nvr: str
    cameras: tuple[str, ...]


class PlannedViewShape(Shape):
    """A place in a camera's picture by the floor plan, the three numbers null where only the register says so.

    ``px_per_m`` is the least density of what is shown, ``share`` how much that is, ``least_width`` the width in
    pixels below which pictures no longer reach the level.
    """

    camera: str
    px_per_m: float | None
    share: float | None
    least_width: int | None


class PlaceShape(Shape):
    """A place that must be seen in some phases, at a level, by any one of ``cameras``; without any, ``lack`` says why
    and ``best`` comes nearest. ``times`` are the own times of a station where candidates start one after another.

    In the time in which it must be seen, nobody showed it while ``unseen``, and of ``unverified`` nobody knows.
    """

    target: Target
    id: str
    room: str
    verdict: Verdict
    level: str
    px_per_m: float
    phases: tuple[Phase, ...]
    basis: Basis
    cameras: tuple[PlannedViewShape, ...]
    lack: Lack | None
    best: PlannedViewShape | None
    times: tuple[Window, ...]
    unseen: tuple[SpanShape, ...]
    unverified: tuple[SpanShape, ...]


class ExpectedRoomShape(Shape):
    """The floor of a room by its plan; ``floor_share`` and ``blind_m2`` are null where none was drawn."""

    room: str
    drawn: bool
    level: str
    px_per_m: float
    needed_share: float
    floor_share: float | None
    blind_m2: float | None
    stations_not_drawn: tuple[str, ...]
    cameras_not_drawn: tuple[str, ...]


class ExpectedShape(Shape):
    """What must be seen, as frozen when the sitting opened; ``sha256`` and ``frozen`` are null where nobody did.

    ``intact``: it still has its digest. ``changed`` names what is not as it was then: ``rules``, ``geometry``.
    """

    sha256: str | None
    frozen: Instant | None
    intact: bool
    changed: tuple[str, ...]
    scale: str
    places: tuple[PlaceShape, ...]
    rooms: tuple[ExpectedRoomShape, ...]


class RoomCode(Shape):
    """One room and its code: 1 fully covered, -1 no recording plan, -2 not fully covered; null: not told."""

    room: str
    code: Literal[1, -1, -2] | None


class PlanCoverShape(Shape):
    """考前录像计划覆盖: what the check before the sitting said, where one was signed that counts for it.

    ``code``: 1 已完全覆盖, -1 未设置录像计划, -2 未完全覆盖; null where it was not checked: ``standing`` says why.
    """

    code: Literal[1, -1, -2] | None
    standing: Standing
    rooms: tuple[RoomCode, ...]
    signed: Instant | None
    signer: str | None
    reason: str
    digest: str | None


class SaveCoverShape(Shape):
    """考后录像存储覆盖: 1 or -2; null while the evidence is not complete, and where it cannot be told."""

    code: Literal[1, -2] | None
    rooms: tuple[RoomCode, ...]


class Report(Shape):
    """The coverage report of one sitting; complete up to ``settled_until``."""

    batch: str
    sitting: int
    site: str
    project: str
    rule_pack: str
    made: Instant
    settled_until: Instant
    opened: Instant | None
    closed: Instant | None
    window: Window
    phases: tuple[PhaseShape, ...]
    verdict: Verdict
    stations: tuple[StationShape, ...]
    cameras: tuple[CameraShape, ...]
    clauses: tuple[ClauseShape, ...]
    backup: BackupShape
    host_clocks: tuple[HostClockShape, ...]
    nvrs: tuple[NvrEventShape, ...]
    segments_root: str | None
    copies: tuple[CopiesShape, ...]
    expected: ExpectedShape | None
    plan_cover: PlanCoverShape
    save_cover: SaveCoverShape
    marks: tuple[MarkShape, ...]


class WholeBatchReport(Shape):
    """The reports of all sittings of a batch and the verdict they fold to."""

    batch: str
    site: str
    project: str
    rule_pack: str
    made: Instant
    verdict: Verdict
    sittings: tuple[Report, ...]


class SittingState(StrEnum):
    """Whether a sitting was opened and closed."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"


class SittingTimes(Shape):
    """A sitting as planned and as it happened."""

    number: int
    state: SittingState
    planned_start: Instant
    planned_end: Instant
    actual_start: Instant | None
    actual_end: Instant | None


class SittingSummary(SittingTimes):
    """One line of the list."""

    verdict: Verdict


class ScheduledSitting(SittingTimes):
    """A sitting as far as those know who see no report: ``rooms`` by their names."""

    rooms: tuple[str, ...]


class ScheduledBatch(Shape):
    """A batch as far as those know who see no report."""

    id: str
    project: str
    site_name: str
    county: str
    sittings: tuple[ScheduledSitting, ...]


class BatchSummary(Shape):
    """A batch with its sittings. ``signed`` is when it was closed last; null while nothing of it is signed."""

    id: str
    project: str
    rule_pack: str
    site: str
    site_name: str
    county: str
    signed: Instant | None
    sittings: tuple[SittingSummary, ...]


class CameraPlace(Shape):
    """A camera and what it was promised to see. Its address stays inside."""

    id: str
    sees: tuple[str, ...]
    panoramic: bool


class RoomShape(Shape):
    """A room with its stations and cameras, as the sitting rests on them."""

    id: str
    name: str
    stations: tuple[str, ...]
    cameras: tuple[CameraPlace, ...]


class SittingDetail(Shape):
    """One sitting: where, what and when."""

    batch: str
    project: str
    rule_pack: str
    site: str
    site_name: str
    county: str
    sitting: SittingTimes
    rooms: tuple[RoomShape, ...]


class RecorderShape(Shape):
    """One life of a recorder process. ``alive``: not ended, and heard from within the last seconds."""

    id: str
    host: str
    started: Instant
    seen: Instant
    ended: Instant | None
    alive: bool


class RecordingState(StrEnum):
    """What a camera does for us right now."""

    RECORDING = "recording"
    OUTAGE = "outage"
    IDLE = "idle"  # no sitting needs it


class OutageShape(Shape):
    """Why a wanted camera gives nothing; ``start`` is null when it was never heard from."""

    start: Instant | None
    cause: Cause
    detail: str


class ConnectionShape(Shape):
    """How it stands between the recorder and a camera since ``since``; ``changes`` as in ``domain.evidence``."""

    state: CameraState
    since: Instant
    detail: str
    changes: int


class CameraStatus(Shape):
    """One camera now. ``last_frame`` is the end of its last closed segment; ``connection`` is null while idle.

    ``outage.start`` and ``connection`` are null where no recorder that lives is at it. ``clock_offset_s`` is that of
    the same segment, camera minus host.
    """

    camera: str
    site: str
    site_name: str
    room: str
    room_name: str
    sees: tuple[str, ...]
    nvr: str | None
    channel: int | None
    state: RecordingState
    last_frame: Instant | None
    clock_offset_s: float | None
    outage: OutageShape | None
    connection: ConnectionShape | None


class CameraDrift(Shape):
    """How much faster a camera's clock ran than the host's lately, in parts per million; the bounds are of 95 %."""

    camera: str
    drift_ppm: float
    low_ppm: float
    high_ppm: float


class NvrStatus(Shape):
    """An NVR of which every wanted camera is out ``since`` the last of them went: one event, not one for each.

    ``connection`` is the state that its cameras are in, null where they differ.
    """

    nvr: str
    site: str
    site_name: str
    since: Instant
    cause: Cause
    connection: CameraState | None
    cameras: tuple[str, ...]


class ClockStatus(Shape):
    """The clock of a host whose recorder lives, by its last reading; ``offset_s`` is host minus witness.

    ``state`` and ``at`` are null where it was not read lately. ``synchronised``: null where it cannot be told.
    """

    host: str
    at: Instant | None
    state: ClockState | None
    synchronised: bool | None
    by: Witness | None
    offset_s: float | None
    error_s: float | None


class WebhookStatus(Shape):
    """How far a webhook is told of what went wrong; ``parked`` alarms are not tried again."""

    name: str
    waiting: int
    parked: int
    failing_since: Instant | None
    reason: str


class BrokenGlassShape(Shape):
    """An emergency account 紧急进入, told of while it is ``open`` and for seven days after ``until``."""

    account: str
    role: Role
    opened: Instant
    until: Instant
    open: bool
    by: str
    reason: str


class Status(Shape):
    """What the service does at ``at``. ``recorders`` holds those that live, or else the last one that did."""

    at: Instant
    recorders: tuple[RecorderShape, ...]
    cameras: tuple[CameraStatus, ...]
    nvrs: tuple[NvrStatus, ...]
    host_clocks: tuple[ClockStatus, ...]
    webhooks: tuple[WebhookStatus, ...]
    broken_glass: tuple[BrokenGlassShape, ...]


class Health(Shape):
    """The dashboard answers and reaches its database."""

    status: Literal["ok"] = "ok"
    at: Instant


class FieldProblem(Shape):
    """One field of a request that was refused, or one column of a file, ``row`` counting from 1."""

    field: str
    message: str
    row: int | None = None


class Problem(Shape):
    """RFC 9457 problem details. ``type`` is a URN of ours, or about:blank for plain HTTP statuses."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: tuple[FieldProblem, ...] | None = None
