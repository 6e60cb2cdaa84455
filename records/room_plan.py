"""The plan of a room 布点图 in the file of ``kaojian apply``: its words, and how they become a ``RoomPlan``.

Lengths are metres from any corner one likes, x to the right and y upwards; angles are degrees. What is left out has
the value that most rooms have. Not here: what contradicts itself in a plan (``analysis.floorplan.flaws``), and
whether its stations and cameras are those of the room (``records.coherence``).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from config.documents import FieldPath
from domain.plan import Lens, Mounting, Obstacle, RoomPlan, Target, Volume

_STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
_Label = Annotated[str, StringConstraints(pattern=r"^\w[\w.#-]{0,31}$")]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Place = Annotated[float, Field(ge=-1000, le=1000)]
_Length = Annotated[float, Field(gt=0, le=1000)]
_Height = Annotated[float, Field(ge=0, le=100)]
_Turn = Annotated[float, Field(ge=-360, le=360)]
_Pixels = Annotated[int, Field(ge=16, le=20_000)]
_Outline = Annotated[
    tuple[tuple[_Place, _Place], ...],
    Field(min_length=3, description="Corners in order, metres", examples=[[[0, 0], [8, 0], [8, 6], [0, 6]]]),
]


class _Obstacle(BaseModel):
    """障碍物 a pillar, a screen, a machine: what one cannot see through."""

    model_config = _STRICT
    id: _Label
    outline: _Outline
    height: _Length | None = Field(None, description="Up to the ceiling if left out")


class _Station(BaseModel):
    """工位 where hands and work are."""

    model_config = _STRICT
    id: _Name
    outline: _Outline
    from_m: _Height = Field(0.75, alias="from", description="Metres above the floor: the top of a desk")
    to_m: _Height = Field(1.35, alias="to", description="Metres above the floor: the head of somebody seated")


class _Door(BaseModel):
    """出入口、签到处 where faces are."""

    model_config = _STRICT
    id: _Label
    outline: _Outline
    from_m: _Height = Field(1.3, alias="from")
    to_m: _Height = Field(1.8, alias="to")


class _PaperDesk(BaseModel):
    """试卷收发处 where papers are handed out and collected."""

    model_config = _STRICT
    id: _Label
    outline: _Outline
    from_m: _Height = Field(0.75, alias="from")
    to_m: _Height = Field(1.1, alias="to")


class _Camera(BaseModel):
    """Where a camera of the room hangs and how it looks."""

    model_config = _STRICT
    id: _Name
    at: tuple[_Place, _Place, _Height] = Field(description="x, y and height above the floor", examples=[[0, 0, 3.2]])
    pan: _Turn = Field(description="Degrees counter-clockwise from the x axis")
    tilt: float = Field(ge=-90, le=90, description="Degrees down from level")
    roll: _Turn = 0.0
    width_of_view: float = Field(
        gt=0, lt=360, description="Degrees across the picture; less than 180 unless the lens is a fisheye"
    )
    picture: tuple[_Pixels, _Pixels] = Field(description="Width and height in pixels", examples=[[1920, 1080]])
    lens: Lens = Lens.RECTILINEAR
    k1: float = Field(0.0, ge=-10, le=10, description="Distortion of a rectilinear lens")
    k2: float = Field(0.0, ge=-10, le=10)


class Plan(BaseModel):
    """布点图 the plan of a room, from which is computed what its cameras see."""

    model_config = _STRICT
    outline: _Outline
    height: _Length = Field(description="Of the room")
    obstacles: tuple[_Obstacle, ...] = ()
    stations: tuple[_Station, ...] = ()
    doors: tuple[_Door, ...] = ()
    paper_desks: tuple[_PaperDesk, ...] = ()
    no_filming: tuple[_Outline, ...] = Field((), description="禁摄区 parts that no camera may show")
    cameras: tuple[_Camera, ...] = ()


_PLACES = {"stations": Target.STATION, "doors": Target.DOOR, "paper_desks": Target.PAPER_DESK}
_FIELDS = {
    "height_m": "height",
    "from_m": "from",
    "to_m": "to",
    "mountings": "cameras",
    "width": "picture",
}


def room_plan(plan: Plan) -> RoomPlan:
    """The plan as the file has it: stations, doors and desks in that order, each in the order of the file."""
    return RoomPlan(
        outline=plan.outline,
        height_m=plan.height,
        obstacles=tuple(
            Obstacle(each.id, each.outline, plan.height if each.height is None else each.height)
            for each in plan.obstacles
        ),
        volumes=tuple(chain.from_iterable(_volumes(plan, name) for name in _PLACES)),
        mountings=tuple(_mounting(each) for each in plan.cameras),
        no_filming=plan.no_filming,
    )


def contradictions(value: object) -> Iterator[tuple[FieldPath, str]]:
    """What contradicts itself in a plan as it was written, by field below it. A plan that breaks the schema has none
    here: what is wrong with it is told by the schema.
    """
    if value is None:
        return
    try:
        plan = Plan.model_validate(value)
    except ValidationError:
        return
    from analysis.floorplan.flaws import flaws  # noqa: PLC0415 (16 MB that a recorder never needs)

    for flaw in flaws(room_plan(plan)):
        yield _field(plan, flaw.place), flaw.message


def _volumes(plan: Plan, name: str) -> Iterator[Volume]:
    for each in getattr(plan, name):
        yield Volume(_PLACES[name], each.id, each.outline, each.from_m, each.to_m)


def _mounting(camera: _Camera) -> Mounting:
    x, y, height_m = camera.at
    width, height = camera.picture
    return Mounting(
        camera=camera.id,
        x=x,
        y=y,
        height_m=height_m,
        pan=camera.pan,
        tilt=camera.tilt,
        width_of_view=camera.width_of_view,
        width=width,
        height=height,
        roll=camera.roll,
        lens=camera.lens,
        k1=camera.k1,
        k2=camera.k2,
    )


def _field(plan: Plan, place: FieldPath) -> FieldPath:
    """A place in a ``RoomPlan`` as a field of the file."""
    match place:
        case ("volumes", int(number), *rest):
            for name in _PLACES:
                many = len(getattr(plan, name))
                if number < many:
                    return (name, number, *(_FIELDS.get(str(each), each) for each in rest))
                number -= many
        case ("mountings", int(number), "height_m"):
            return ("cameras", number, "at")
    return tuple(_FIELDS.get(each, each) if isinstance(each, str) else each for each in place)
