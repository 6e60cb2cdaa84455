"""The shapes of answers, as OpenAPI describes them. The report's is that of ``analysis.report.to_json``.

Instants are RFC 3339 in UTC, with milliseconds in reports. Later versions add fields and never rename or drop one.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, SecretStr, WithJsonSchema

from dashboard.access.permits import LONGEST, SHORTEST
from dashboard.access.table import Act
from dashboard.access.tokens import LASTS_DAYS, LONGEST_DAYS
from domain.evidence import CameraState, Cause
from domain.host_clock import ClockState, Witness
from domain.law import Verdict
from domain.people import Door, Role
from domain.permits import Decided, PermitState
from domain.timeline import rfc3339
from domain.viewings import Deed

Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _open_ended(schema: dict[str, Any]) -> None:
    schema.pop("additionalProperties", None)


class _Shape(BaseModel):
    # We refuse unknown fields, so that a field that the report gained and this module does not describe fails in the
    # tests. Clients are not told to: they must bear fields that later versions add.
    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_open_ended)


class Window(_Shape):
    """[start, end)"""

    start: Instant
    end: Instant


class PhaseShape(_Shape):
    """W1 entry, W2 the exam, W3 collection and scoring."""

    id: Literal["W1", "W2", "W3"]
    start: Instant
    end: Instant


class CameraCauseShape(_Shape):
    """Why one camera did not cover a station's gap."""

    camera: str
    cause: Cause


class CameraGap(_Shape):
    """A span of a camera without usable footage."""

    start: Instant
    end: Instant
    seconds: float
    cause: Cause


class RecorderCauseShape(_Shape):
    """Why one of a camera's recorders did not cover a gap."""

    recorder: str
    cause: Cause


class OwnGap(CameraGap):
    """A span of a camera that no recorder covers; with several, ``recorders`` names the cause of each."""

    recorders: tuple[RecorderCauseShape, ...]


class RecordedShape(_Shape):
    """What one recorder covers of a camera by itself."""

    recorder: str
    recorded_s: float


class SourceShape(_Shape):
    """A covered part of a camera and the recorder whose footage of it is shown."""

    start: Instant
    end: Instant
    recorder: str


class StationGap(CameraGap):
    """A span of a station that no camera covers; ``cause`` is the one ranked first among ``cameras``."""

    cameras: tuple[CameraCauseShape, ...]


class StationShape(_Shape):
    """One station: ``covered_s`` and the gaps add up to the window before ``settled_until``."""

    station: str
    room: str
    verdict: Verdict
    covered_s: float
    gaps: tuple[StationGap, ...]


class CameraShape(_Shape):
    """One camera. ``clock_offset_s`` is camera minus host, null where the camera tells no time.

    ``clock_drift_ppm`` is how much faster its clock runs than the host's, null where that cannot be told.
    ``backed_up_s`` lies on enough separate devices, the last of it ``backup_lag_s`` after it was taken.
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


class ClauseShape(_Shape):
    """One clause's verdict with its sentence in both languages."""

    id: str
    verdict: Verdict
    zh: str
    en: str


class BackupShape(_Shape):
    """All cameras together: recorded time, the part on ``copies`` separate devices, the greatest lag and whose."""

    copies: int
    recorded_s: float
    backed_up_s: float
    greatest_lag_s: float | None
    camera: str | None


class HostClockShape(_Shape):
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


class Report(_Shape):
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


class WholeBatchReport(_Shape):
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


class SittingTimes(_Shape):
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


class ScheduledBatch(_Shape):
    """A batch as far as those know who see no report."""

    id: str
    project: str
    site_name: str
    county: str
    sittings: tuple[ScheduledSitting, ...]


class BatchSummary(_Shape):
    """A batch with its sittings."""

    id: str
    project: str
    rule_pack: str
    site: str
    site_name: str
    county: str
    sittings: tuple[SittingSummary, ...]


class CameraPlace(_Shape):
    """A camera and what it was promised to see. Its address stays inside."""

    id: str
    sees: tuple[str, ...]
    panoramic: bool


class RoomShape(_Shape):
    """A room with its stations and cameras, as the sitting rests on them."""

    id: str
    name: str
    stations: tuple[str, ...]
    cameras: tuple[CameraPlace, ...]


class SittingDetail(_Shape):
    """One sitting: where, what and when."""

    batch: str
    project: str
    rule_pack: str
    site: str
    site_name: str
    county: str
    sitting: SittingTimes
    rooms: tuple[RoomShape, ...]


class RecorderShape(_Shape):
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


class OutageShape(_Shape):
    """Why a wanted camera gives nothing; ``start`` is null when it was never heard from."""

    start: Instant | None
    cause: Cause
    detail: str


class ConnectionShape(_Shape):
    """How it stands between the recorder and a camera since ``since``; ``changes`` as in ``domain.evidence``."""

    state: CameraState
    since: Instant
    detail: str
    changes: int


class CameraStatus(_Shape):
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


class CameraDrift(_Shape):
    """How much faster a camera's clock ran than the host's lately, in parts per million; the bounds are of 95 %."""

    camera: str
    drift_ppm: float
    low_ppm: float
    high_ppm: float


class NvrStatus(_Shape):
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


class ClockStatus(_Shape):
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


class WebhookStatus(_Shape):
    """How far a webhook is told of what went wrong; ``parked`` alarms are not tried again."""

    name: str
    waiting: int
    parked: int
    failing_since: Instant | None
    reason: str


class BrokenGlassShape(_Shape):
    """An emergency account 紧急进入, told of while it is ``open`` and for seven days after ``until``."""

    account: str
    role: Role
    opened: Instant
    until: Instant
    open: bool
    by: str
    reason: str


class Status(_Shape):
    """What the service does at ``at``. ``recorders`` holds those that live, or else the last one that did."""

    at: Instant
    recorders: tuple[RecorderShape, ...]
    cameras: tuple[CameraStatus, ...]
    nvrs: tuple[NvrStatus, ...]
    host_clocks: tuple[ClockStatus, ...]
    webhooks: tuple[WebhookStatus, ...]
    broken_glass: tuple[BrokenGlassShape, ...]


class Health(_Shape):
    """The dashboard answers and reaches its database."""

    status: Literal["ok"] = "ok"
    at: Instant


class ViewingShape(_Shape):
    """Who looked at footage of which time, asked to, decided on it, or was refused.

    ``outcome`` is ``shown``, of what was done with a permit ``done``, or the name of the refusal. ``start`` and
    ``end`` are the footage's, ``source`` the network address, ``digest`` the entry's in the chain.
    """

    number: int
    at: Instant
    who: str
    role: str
    deed: Deed
    outcome: str
    camera: str
    batch: str
    start: Instant | None
    end: Instant | None
    source: str
    purpose: str
    permit: str
    digest: str


class ActShape(_Shape):
    """Who did what, and to what: ``subject`` is the id of a batch, ``batch/number`` of a sitting, a site, an account
    or a key. ``digest``: the entry's in the chain.
    """

    number: int
    at: Instant
    who: str
    door: Door
    on_behalf_of: str | None
    act: str
    subject: str
    detail: str
    digest: str


class DecisionShape(_Shape):
    """What was decided on a permit, by whom and why; ``until`` is the expiry of an approval."""

    what: Decided
    at: Instant
    who: str
    reason: str
    until: Instant | None


class PermitShape(_Shape):
    """A permit to watch what lies outside a scope; without a ``camera``, all cameras of the batch.

    Batch and camera are as they were written by who asked.
    """

    id: str
    who: str
    role: Role
    batch: str
    camera: str | None
    start: Instant
    end: Instant
    purpose: str
    asked: Instant
    wanted_until: Instant
    state: PermitState
    decisions: tuple[DecisionShape, ...]


class PermitToDecide(PermitShape):
    """For who may decide: what the batch is, null where there is none, and whether who asked is recused from it."""

    project: str | None
    site_name: str | None
    recused: bool


class PermitBody(_Shape):
    """What somebody asks to watch, why, and until when. Without ``camera``, all cameras of the batch."""

    batch: Annotated[str, Field(min_length=1, max_length=64)]
    camera: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    start: AwareDatetime
    end: AwareDatetime
    purpose: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
    until: AwareDatetime


class ApprovalBody(_Shape):
    """Until when, and what is to be said about it."""

    until: AwareDatetime
    reason: Annotated[str, Field(max_length=LONGEST)] = ""


class ReasonBody(_Shape):
    """Why."""

    reason: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class PermittedCamera(_Shape):
    """A camera that a permit opens, and the name of the room that it stands in."""

    camera: str
    room: str


class AccountShape(_Shape):
    """Who is logged in. ``sees`` names the county, site or batches of the scope; empty for the whole city.

    ``may``: what the role may, or the token of the program that asks. ``must_enrol``: nothing else may be done until
    a second ``factor`` is set up. ``says_why``: a playlist is given to the role for a ``purpose`` only. ``linked``:
    the identity provider may vouch for the person; alone where there is no ``password``.
    """

    name: str
    role: Role
    sees: tuple[str, ...]
    may: tuple[Act, ...]
    expires: Instant | None
    must_change: bool
    factor: bool
    must_enrol: bool
    says_why: bool
    linked: bool
    password: bool


class SessionShape(_Shape):
    """``account`` is null while nobody is logged in; ``second_step``: a code of the second factor is awaited.

    ``broken_glass``: what everybody who is logged in is told.
    """

    account: AccountShape | None
    second_step: bool = False
    broken_glass: tuple[BrokenGlassShape, ...] = ()


class LoginBody(_Shape):
    """Name and password."""

    name: Annotated[str, Field(max_length=64)]
    password: Annotated[SecretStr, Field(max_length=256)]


class PasswordBody(_Shape):
    """The password until now, and the one from now on."""

    old: Annotated[SecretStr, Field(max_length=256)]
    new: Annotated[SecretStr, Field(max_length=256)]


class ProofBody(_Shape):
    """The password of who is logged in, once more."""

    password: Annotated[SecretStr, Field(max_length=256)]


class CodeBody(_Shape):
    """Six digits of the authenticator, or a recovery code."""

    code: Annotated[SecretStr, Field(max_length=64)]


class ProviderShape(_Shape):
    """The identity provider, ``name`` null where there is none, and where people ``leave`` it, where that is known.

    ``refused``: the type of the problem that the last login by it ended with in this browser, told once; ``subject``:
    whom it vouched for then, where no account is linked to them.
    """

    name: str | None
    leave: str | None = None
    refused: str | None = None
    subject: str | None = None


class BackBody(_Shape):
    """The page of ours that somebody goes on with: a path, never another site."""

    back: Annotated[str, Field(max_length=512, pattern=r"^/([A-Za-z0-9._~%-][A-Za-z0-9._~%/?=&:+,-]*)?$")]


class CallbackQuery(_Shape):
    """What a browser brings back from the identity provider, beside more that is nothing to us (RFC 6749 4.1.2)."""

    model_config = ConfigDict(extra="ignore")

    state: Annotated[str, Field(max_length=2048)]
    code: Annotated[str | None, Field(max_length=2048)] = None
    error: Annotated[str | None, Field(max_length=2048)] = None
    iss: Annotated[str | None, Field(max_length=2048)] = None


class AwayShape(_Shape):
    """Where the browser goes next: the identity provider."""

    address: str


class FactorShape(_Shape):
    """The second factor of who is logged in. ``recovery_left``: recovery codes that were not used."""

    confirmed: bool
    required: bool
    recovery_left: int


class BegunFactor(_Shape):
    """What an authenticator is given, shown once: the secret in base 32, its address, and that as a QR code (SVG)."""

    secret: str
    address: str
    picture: str


class RecoveryCodes(_Shape):
    """Each opens the door once in the place of a code; shown once and kept nowhere."""

    codes: tuple[str, ...]
    session: SessionShape


class OpenSession(_Shape):
    """A session of one's own that is open. ``id`` names it and opens nothing; ``seen``: last used, to the minute."""

    id: str
    began: Instant
    seen: Instant
    current: bool


class TokenShape(_Shape):
    """A token of a program. ``id`` names it and opens nothing; ``used``: last, to the minute."""

    id: str
    label: str
    acts: tuple[Act, ...]
    created: Instant
    expires: Instant
    revoked: Instant | None
    used: Instant | None


class TokenBody(_Shape):
    """For which program, for what of what the role may, and for how many days."""

    label: Annotated[str, Field(min_length=1, max_length=60)]
    acts: Annotated[tuple[Act, ...], Field(min_length=1, max_length=10)]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = LASTS_DAYS


class MadeToken(_Shape):
    """``secret`` is what the program sends as ``Authorization: Bearer``; shown once and kept nowhere."""

    secret: str
    token: TokenShape


class FieldProblem(_Shape):
    """One field of a request that was refused."""

    field: str
    message: str


class Problem(_Shape):
    """RFC 9457 problem details. ``type`` is a URN of ours, or about:blank for plain HTTP statuses."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: tuple[FieldProblem, ...] | None = None
