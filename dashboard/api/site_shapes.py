"""The shapes of sites, their cameras and the plans of their rooms, as the page sets them up.

A plan has the words of the file of ``kaojian apply`` (``records.room_plan``): metres and degrees. Not here: whether a
plan or a camera holds (``records.sites``).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field

from dashboard.api.disposal_shapes import ONE_LINE
from dashboard.api.shapes import Instant, Shape, open_ended
from domain.places import Engine, Transport
from domain.plan import Lens, Target

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Label = Annotated[str, Field(pattern=r"^\w[\w.#-]{0,31}$")]
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="As the list of sites has it")]
_Line = Annotated[str, Field(max_length=200, pattern=ONE_LINE)]
_Metres = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]
_Height = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
_Degrees = Annotated[float, Field(ge=-360, le=360, allow_inf_nan=False)]
_Pixels = Annotated[int, Field(ge=16, le=20_000)]
_Outline = Annotated[tuple[tuple[_Metres, _Metres], ...], Field(min_length=3, max_length=64)]
_MOST = 200  # of anything on a plan


# --- Sites ----------------------------------------------------------------------------------------------------------


class SeenStation(Shape):
    """A station in a camera's picture; ``region`` are its corners as shares of width and height, where told."""

    station: Label
    region: Annotated[
        tuple[tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]], ...] | None,
        Field(max_length=64),
    ] = None


class SetUpCamera(Shape):
    """A camera as it is set up. ``address`` is null for who may not set up, and so is ``substream``, the path of what
    is shown live instead of the recorded stream; a login is never told, only that one is kept. ``reference`` is since
    when the newest 基准画面 holds.
    """

    id: str
    address: str | None
    login: bool
    transport: Transport
    engine: Engine
    audio: bool
    panoramic: bool
    substream: str | None
    nvr: str | None
    channel: int | None
    sees: tuple[SeenStation, ...]
    drawn: bool
    reference: Instant | None


class SetUpRoom(Shape):
    """A room as it is set up, with a plan where it is ``drawn``."""

    id: str
    name: str
    stations: tuple[str, ...]
    cameras: tuple[SetUpCamera, ...]
    drawn: bool


class SetUpNvr(Shape):
    """A video recorder of a site; ``address`` as that of a camera."""

    id: str
    address: str | None
    login: bool
    max_sessions: int | None


class SetUpSite(Shape):
    """A site as it is set up now, ``valid_from`` then on. ``on`` is true while a sitting is held there, or will be
    within two hours: then no picture of its rooms is shown here.
    """

    site: str
    site_name: str
    county: str
    revision: str
    valid_from: Instant
    by: str
    on: bool
    nvrs: tuple[SetUpNvr, ...]
    rooms: tuple[SetUpRoom, ...]


class AffectedSitting(Shape):
    """A sitting that is not over, in the room that changes. It ``keeps`` the old set-up where it is open already;
    ``trial_void`` says that its trial tells of the new one no longer, ``readdressed`` that a camera of it, open as it
    is, is recorded at its new address at once.
    """

    batch: str
    number: int
    start: Instant
    keeps: bool
    trial_void: bool
    readdressed: bool


class ChangeShape(Shape):
    """What a change comes to. ``new`` is false where all is so already; ``revision`` is what stands now."""

    new: bool
    revision: str
    sittings: tuple[AffectedSitting, ...]


# --- Cameras --------------------------------------------------------------------------------------------------------


class CameraLogin(Shape):
    """A camera's user name and password. They are sealed, and never given back."""

    user: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^:\x00-\x1f\x7f]+$")]
    password: Annotated[str, Field(max_length=128, pattern=ONE_LINE, json_schema_extra={"writeOnly": True})]


class CameraBody(Shape):
    """A camera that is added to a room, or takes the place of the one of its id. Without ``login``, the one counts
    that the site keeps for the device at that address. ``only_look``: what it comes to is told, and nothing written.
    """

    model_config = ConfigDict(
        json_schema_extra=open_ended(
            {
                "follows": "5d" * 32,
                "room": "r301",
                "id": "sg-001-c9",
                "url": "rtsp://10.20.1.19:554/Streaming/Channels/101",
                "login": {"user": "kaojian", "password": "…"},
                "sees": [{"station": "A-01"}, {"station": "A-02"}],
            }
        )
    )
    follows: Revision
    only_look: bool = False
    room: Label
    id: Id
    url: Annotated[str, Field(max_length=500)]
    login: CameraLogin | None = None
    transport: Transport = Transport.TCP
    engine: Engine = Engine.AUTO
    audio: bool = False
    panoramic: bool = False
    substream: Annotated[str, Field(max_length=500)] = ""
    nvr: Id | None = None
    channel: Annotated[int, Field(ge=1, le=999)] | None = None
    sees: Annotated[tuple[SeenStation, ...], Field(max_length=_MOST)] = ()


class RemovalBody(Shape):
    """A camera that is taken out of its room, and off its plan."""

    follows: Revision
    only_look: bool = False
    room: Label
    camera: Id


class NvrBody(Shape):
    """A video recorder that is added to a site, or takes the place of the one of its id, with the cameras that are
    reached through it. Without ``login``, the one counts that the site keeps for the device at that address.
    """

    model_config = ConfigDict(
        json_schema_extra=open_ended(
            {
                "follows": "5d" * 32,
                "id": "nvr-2",
                "address": "rtsp://10.20.1.9:554",
                "login": {"user": "kaojian", "password": "…"},
                "max_sessions": 16,
            }
        )
    )
    follows: Revision
    only_look: bool = False
    id: Id
    address: Annotated[str, Field(max_length=200, description="Scheme, numeric host and port, without a path")]
    login: CameraLogin | None = None
    max_sessions: Annotated[int, Field(ge=1, le=999)] | None = None


class NvrRemovalBody(Shape):
    """A video recorder that is taken away from its site."""

    follows: Revision
    only_look: bool = False
    id: Id


class TrialBody(Shape):
    """A camera to be watched for a while: ``camera`` as it is set up, or else an address."""

    camera: Id | None = None
    url: Annotated[str, Field(max_length=500)] = ""
    login: CameraLogin | None = None
    transport: Transport = Transport.TCP
    seconds: Annotated[float, Field(ge=2, le=15)] = 8


class CameraAdvice(Shape):
    """One thing to change in the camera's menu, and why."""

    code: str
    zh: str
    en: str


class TriedShape(Shape):
    """What a camera sent. Rates are per second; ``key_interval_s`` is null with fewer than two key frames, and
    ``keyless_s`` the longest stretch without one. ``clock_offset_s`` is camera minus host, null where it tells no
    time. ``picture`` is a JPEG in base64, null where it may not be shown (``held_back``) or does not decode.
    """

    codec: str
    width: int
    height: int
    pictures: int
    seconds: float
    stated_fps: float | None
    delivered_fps: float
    bits_per_second: float
    key_interval_s: float | None
    keyless_s: float
    lost_packets: int
    damaged_pictures: int
    format_changes: int
    clock_offset_s: float | None
    ended: str | None
    audio: tuple[str, ...]
    advice: tuple[CameraAdvice, ...]
    min_width: int
    min_height: int
    min_fps: float
    clock_warn_s: float
    rule_pack: str
    held_back: bool
    picture: str | None


class ReferenceShape(Shape):
    """A reference 基准画面: of which footage it was made, by whom, and whether coming sittings rest on it."""

    id: str
    valid_from: Instant
    by: str
    start: Instant
    end: Instant
    files: int
    current: bool


class CameraReferences(Shape):
    """The references of a camera, the newest first."""

    camera: str
    references: tuple[ReferenceShape, ...]


class ReferenceBody(Shape):
    """Of which footage a reference is to be made; of the camera's newest trial 试录 where nothing is said."""

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None


class ReferenceAdvice(Shape):
    """What speaks against relying on a reference; ``refuses``: the station cannot be told by it at all."""

    station: str | None
    refuses: bool
    zh: str
    en: str


class MadeReference(Shape):
    """A reference that was made. ``new`` is false where the camera had the very same one."""

    reference: ReferenceShape
    pictures: int
    advice: tuple[ReferenceAdvice, ...]
    new: bool


# --- Plans ----------------------------------------------------------------------------------------------------------


class PlanObstacle(Shape):
    """障碍物, standing on the floor; up to the ceiling without a height."""

    id: Label
    outline: _Outline
    height: Annotated[float, Field(gt=0, le=100)] | None = None


class PlanPlace(Shape):
    """A place that must be seen, from one height above the floor to another."""

    model_config = ConfigDict(populate_by_name=True)
    id: Annotated[str, Field(min_length=1, max_length=64)]
    outline: _Outline
    from_m: Annotated[_Height, Field(alias="from")]
    to_m: Annotated[_Height, Field(alias="to")]


class PlanCamera(Shape):
    """Where a camera hangs (x, y, height above the floor) and how it looks: degrees, ``picture`` in pixels."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    at: tuple[_Metres, _Metres, _Height]
    pan: _Degrees
    tilt: Annotated[float, Field(ge=-90, le=90)]
    roll: _Degrees = 0.0
    width_of_view: Annotated[float, Field(gt=0, lt=360)]
    picture: tuple[_Pixels, _Pixels]
    lens: Lens = Lens.RECTILINEAR
    k1: Annotated[float, Field(ge=-10, le=10)] = 0.0
    k2: Annotated[float, Field(ge=-10, le=10)] = 0.0


class PlanShape(Shape):
    """布点图 the plan of a room: metres, x to the right and y upwards."""

    outline: _Outline
    height: Annotated[float, Field(gt=0, le=100)]
    obstacles: Annotated[tuple[PlanObstacle, ...], Field(max_length=_MOST)] = ()
    stations: Annotated[tuple[PlanPlace, ...], Field(max_length=_MOST)] = ()
    doors: Annotated[tuple[PlanPlace, ...], Field(max_length=_MOST)] = ()
    paper_desks: Annotated[tuple[PlanPlace, ...], Field(max_length=_MOST)] = ()
    no_filming: Annotated[tuple[_Outline, ...], Field(max_length=_MOST)] = ()
    cameras: Annotated[tuple[PlanCamera, ...], Field(max_length=_MOST)] = ()


class PlanBody(Shape):
    """A plan that takes the place of the one a room has."""

    follows: Revision
    only_look: bool = False
    plan: PlanShape


class DraftBody(Shape):
    """A plan of which is asked what its cameras would see."""

    plan: PlanShape


class LevelShape(Shape):
    """像素密度等级"""

    level: str
    px_per_m: float


class BlindSpotShape(Shape):
    """死角: a part of the floor that no camera sees."""

    area_m2: float
    place: tuple[float, float]
    outline: tuple[tuple[float, float], ...]
    holes: tuple[tuple[tuple[float, float], ...], ...]


class FloorShape(Shape):
    """The floor at one height."""

    height_m: float
    floor_m2: float
    seen_m2: float
    seen_twice_m2: float
    blind_m2: float
    enough_m2: float
    median_px_per_m: float | None
    blind: tuple[BlindSpotShape, ...]


class PlaceViewShape(Shape):
    """A place in one camera's picture."""

    camera: str
    share: float
    px_per_m: float | None
    level: str | None


class SurveyedPlace(Shape):
    """A place that must be seen, by which camera it is seen best, and what falls short."""

    target: Target
    id: str
    needs: LevelShape
    camera: str | None
    shortfall: str | None
    share_together: float
    views: tuple[PlaceViewShape, ...]


class TrespassShape(Shape):
    """A camera that shows a part where filming is forbidden 禁摄区."""

    area: int
    camera: str
    share: float


class DisagreementShape(Shape):
    """A camera and a station of which the set-up and the plan say different things."""

    camera: str
    station: str
    registered: bool
    share: float


class SurveyShape(Shape):
    """What cameras see by a plan; lengths in metres, shares from 0 to 1."""

    site: str
    room: str
    rule_pack: str
    covers: bool
    scale: str
    needs: dict[Target, LevelShape]
    seen_share: float
    floor_share_needed: float
    floor_share: float
    step_m: float
    floors: tuple[FloorShape, ...]
    places: tuple[SurveyedPlace, ...]
    short: tuple[str, ...]
    no_filming_shown: tuple[TrespassShape, ...]
    stations_not_drawn: tuple[str, ...]
    cameras_not_drawn: tuple[str, ...]
    disagreements: tuple[DisagreementShape, ...]


class DrawnShape(Shape):
    """The plan of a room, what its cameras see by it, and the drawing as SVG; all null where it has none."""

    plan: PlanShape | None
    survey: SurveyShape | None
    svg: str | None


class ClickedShape(Shape):
    """A place of the room in metres, and where it was clicked in the picture, in pixels."""

    place: tuple[_Metres, _Metres, _Height]
    pixel: tuple[
        Annotated[float, Field(ge=0, le=20_000, allow_inf_nan=False)],
        Annotated[float, Field(ge=0, le=20_000, allow_inf_nan=False)],
    ]


class CalibrationBody(Shape):
    """Points that were clicked, for a camera as somebody drew it."""

    drawn: PlanCamera
    points: Annotated[tuple[ClickedShape, ...], Field(max_length=64)]


class CalibrationShape(Shape):
    """How the camera looks by the points: angles found, and how far off each point is in pixels, null where the lens
    cannot show it. ``agrees``: none is further off than ``limit_px``.
    """

    camera: PlanCamera
    off_px: tuple[float | None, ...]
    limit_px: float
    root_mean_square_px: float | None
    worst: int
    agrees: bool
