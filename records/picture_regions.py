"""What a set-up file says of the stations in a camera's picture: their names, and where each lies in it 画面区域.

    sees:
      - A-01
      - station: A-02
        region: [[0.10, 0.25], [0.42, 0.25], [0.42, 0.80], [0.10, 0.80]]

Corners are shares of the picture's width and height from the top left, in order around the station. A station that is
only named is registered as seen, and no picture is looked at for it. Not here: whether the room has the station
(``records.coherence``), and how pictures are compared (``analysis``).
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from domain.pictures import Region

LEAST_AREA = 1e-4
"""Of the picture: a hundredth of its width by a hundredth of its height."""

_MOST_CORNERS = 64

Corner = tuple[float, float]


def _plain(corners: tuple[Corner, ...]) -> tuple[Corner, ...]:
    """Refuse an outline that cuts itself or has next to no area."""
    sides = list(pairwise((*corners, corners[0])))
    for (i, one), (j, other) in combinations(enumerate(sides), 2):
        if j - i not in (1, len(sides) - 1) and _meet(one, other):
            raise ValueError("the sides cross each other; list the corners in order around the station")
    area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in sides)) / 2
    if area < LEAST_AREA:
        raise ValueError("has next to no area; list the corners of what the station takes of the picture")
    return corners


def _meet(one: tuple[Corner, Corner], other: tuple[Corner, Corner]) -> bool:
    (a, b), (c, d) = one, other
    return _turn(a, b, c) * _turn(a, b, d) <= 0 and _turn(c, d, a) * _turn(c, d, b) <= 0


def _turn(a: Corner, b: Corner, c: Corner) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


_NAME = r"^\w[\w.#-]{0,31}$"
Label = Annotated[str, Field(pattern=_NAME, description="As it stands on the sign")]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _or_a_name(schema: dict[str, Any]) -> None:
    """For editors: the name alone will do."""
    group = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string", "pattern": _NAME, "description": "As it stands on the sign"}, group]


class Seen(BaseModel):
    """工位 a station in the picture: its name alone, or with where it lies."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_or_a_name)
    station: Label
    region: (
        Annotated[
            tuple[tuple[_Share, _Share], ...],
            Field(min_length=3, max_length=_MOST_CORNERS),
            AfterValidator(_plain),
        ]
        | None
    ) = Field(None, description="画面区域: its corners as shares of width and height, from the top left")

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        return {"station": given} if isinstance(given, str) else given


def stations(seen: tuple[Seen, ...]) -> tuple[str, ...]:
    """The names of all, in their order."""
    return tuple(each.station for each in seen)


def regions(seen: tuple[Seen, ...]) -> tuple[Region, ...]:
    """Where those lie of which it is said."""
    return tuple(Region(each.station, each.region) for each in seen if each.region is not None)
