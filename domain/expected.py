"""What must be seen of a sitting 应见清单: which places, how large, in which phases, and by which cameras.

Made of rule pack, rooms and plan when a sitting opens, and kept unchanged from then on, so that nothing can be
forgotten afterwards. Not here: how it is made (``analysis.expected``), whether it was seen (``analysis.judge``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.plan import Target
from domain.timeline import Interval


class Phase(StrEnum):
    """阶段: a part of the window."""

    ENTRY = "W1"  # 入场
    EXAM = "W2"  # 考试
    PAPERS = "W3"  # 收卷评分


class Basis(StrEnum):
    """What says how large a place is in the pictures of the cameras that see it."""

    PLAN = "plan"  # the geometry of the room's plan; of a room as a whole, its floor
    REGISTER = "register"  # nothing: that they see it is the site's own word


class Lack(StrEnum):
    """Why no camera is expected to see a place as it must be seen."""

    NO_CAMERA = "no_camera"  # none shows any of it, or none is registered for it
    HIDDEN = "hidden"  # none shows enough of it
    TOO_SMALL = "too_small"  # shown, with too few pixels per metre
    NOT_REGISTERED = "not_registered"  # by the plan one does, and the site does not say that it does


@dataclass(frozen=True, slots=True)
class ExpectedView:
    """A place in the picture of one camera by the plan: how much of it, and at how many pixels per metre at least.

    ``least_width`` is the width in pixels below which its pictures no longer reach the level. All three are None
    where the site's word is all there is.
    """

    camera: str
    px_per_m: float | None = None
    share: float | None = None
    least_width: int | None = None


@dataclass(frozen=True, slots=True)
class ExpectedPlace:
    """One place that must be seen: a station, a door, a paper desk, or a room as a whole (its id is the room's).

    ``views`` are the cameras of which any one is enough; without any, ``lack`` says why and ``best`` comes nearest.
    ``times`` are the own times of a station where candidates start one after another; none where the whole exam is.
    """

    target: Target
    id: str
    room: str
    level: str
    level_zh: str
    px_per_m: float
    phases: tuple[Phase, ...]
    basis: Basis
    views: tuple[ExpectedView, ...] = ()
    lack: Lack | None = None
    best: ExpectedView | None = None
    times: tuple[Interval, ...] = ()

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(view.camera for view in self.views)


@dataclass(frozen=True, slots=True)
class ExpectedRoom:
    """The floor of a room by its plan, shares 0 to 1; ``floor_share`` is None where none was drawn.

    ``floor_share`` is the least over all heights at the level of ``px_per_m``, ``blind_m2`` the largest area that no
    camera sees at a height. Of ``stations_not_drawn`` the site's word is all there is; ``cameras_not_drawn`` count as
    seeing nothing of places that were drawn. ``widths`` are those of pictures in pixels, by camera, as drawn.
    """

    room: str
    level: str
    level_zh: str
    px_per_m: float
    needed_share: float
    floor_share: float | None = None
    blind_m2: float | None = None
    stations_not_drawn: tuple[str, ...] = ()
    cameras_not_drawn: tuple[str, ...] = ()
    widths: tuple[tuple[str, int], ...] = ()

    @property
    def drawn(self) -> bool:
        return self.floor_share is not None


@dataclass(frozen=True, slots=True)
class Expectation:
    """All that must be seen of a sitting. ``rules_sha256`` is that of the numbers of the rule pack it was made with,
    ``version`` that of the geometry.
    """

    rule_pack: str
    rules_sha256: str
    scale: str
    version: int
    places: tuple[ExpectedPlace, ...]
    rooms: tuple[ExpectedRoom, ...]


@dataclass(frozen=True, slots=True)
class FrozenExpectation:
    """An expectation as it was kept when a sitting opened. ``intact``: its text has the digest kept with it."""

    expectation: Expectation
    sha256: str
    made: datetime
    intact: bool = True
