"""The faults a simulated camera can show, as frozen values, and the truth about one that was played.

Every fault has ``seconds``, how long it lasts; its other fields say how bad it is. In JSON a fault is its name and
its fields: ``{"fault": "disconnect", "seconds": 8}``. Not here: how a fault is brought about (``camera``).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.timeline import rfc3339, utc
from ingest.simulator.errors import UnknownFault


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Unplugged: all connections are closed and new ones refused until it is over."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Connections stay open and RTSP is answered, but no RTP or RTCP packet is sent; those frames never come."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Standstill:
    """The camera takes no picture and its clock of pictures (RTP time) stands still; then both go on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class PacketLoss:
    """Each RTP packet is lost with probability ``rate``, reproducibly by ``seed``."""

    seconds: float
    rate: float
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LateBurst:
    """Packets are held back, then all sent at once; none is lost."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Congestion:
    """Each packet goes ``delay_s`` later than it should; none is lost, and they keep their order."""

    seconds: float
    delay_s: float


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The camera's clock is ``offset_s`` ahead of the host (behind, where negative), then set right again."""

    seconds: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class ClockDrift:
    """The camera's oscillator runs ``ppm`` parts in a million fast; afterwards its clock is set right again."""

    seconds: float
    ppm: float


@dataclass(frozen=True, slots=True)
class Cover:
    """Something is put over the lens, or, in a hall, a cloth over a station; ``share`` of it is covered."""

    seconds: float
    station: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise UnknownFault(f"cover: share must be more than 0 and at most 1, not {self.share}")


@dataclass(frozen=True, slots=True)
class Blur:
    """Out of focus; ``radius`` as a share of the picture's width."""

    seconds: float
    radius: float = 0.012


@dataclass(frozen=True, slots=True)
class Freeze:
    """One picture is repeated, its clock and frame number with it, while the stream goes on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Move:
    """The camera was turned: the scene is shifted by shares of its width and height."""

    seconds: float
    across: float = 0.25
    down: float = 0.15


@dataclass(frozen=True, slots=True)
class Dim:
    """The light is out: brightness times ``level``."""

    seconds: float
    level: float = 0.15


@dataclass(frozen=True, slots=True)
class Loop:
    """The last ``span_s`` seconds of pictures are shown again and again, clock and frame number with them."""

    seconds: float
    span_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Turn:
    """The camera was turned by degrees: to its left, down, and clockwise. Only a camera of a hall can be."""

    seconds: float
    pan: float = 10.0
    tilt: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class Defocus:
    """Out of focus as lenses are: a Gaussian blur, ``sigma`` as a share of the picture's width."""

    seconds: float
    sigma: float = 0.006

    def __post_init__(self) -> None:
        if not 0 < self.sigma <= 0.1:
            raise UnknownFault(f"defocus: sigma must be more than 0 and at most 0.1, not {self.sigma}")


@dataclass(frozen=True, slots=True)
class FreezePicture:
    """The scene stands still, as before a photograph held up to the lens; clock and frame number go on."""

    seconds: float


PictureFault = Cover | Blur | Freeze | Move | Dim | Loop | Turn | Defocus | FreezePicture
Fault = (
    Disconnect | Stall | Standstill | PacketLoss | LateBurst | Congestion | ClockOffset | ClockDrift | PictureFault
)

_KINDS: dict[str, type[Fault]] = {
    "disconnect": Disconnect,
    "stall": Stall,
    "standstill": Standstill,
    "packet_loss": PacketLoss,
    "late_burst": LateBurst,
    "congestion": Congestion,
    "clock_offset": ClockOffset,
    "clock_drift": ClockDrift,
    "cover": Cover,
    "blur": Blur,
    "freeze": Freeze,
    "move": Move,
    "dim": Dim,
    "loop": Loop,
    "turn": Turn,
    "defocus": Defocus,
    "freeze_picture": FreezePicture,
}
NAMES = tuple(_KINDS)


def name_of(fault: Fault) -> str:
    """The fault's name in JSON and in logs."""
    return next(name for name, kind in _KINDS.items() if kind is type(fault))


def fault_from_json(document: Mapping[str, Any]) -> Fault:
    """The fault written as its name and fields. Raises UnknownFault with one line that says what is wrong."""
    name = document.get("fault")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise UnknownFault(f"no fault {name!r}; there are {', '.join(NAMES)}")
    known = {item.name: item for item in dataclasses.fields(kind)}
    given = {key: value for key, value in document.items() if key != "fault"}
    surplus = sorted(set(given) - set(known))
    if surplus:
        raise UnknownFault(f"{name} has no field {', '.join(surplus)}; it has {', '.join(known)}")
    for key, value in given.items():
        if known[key].type == "str":
            if not isinstance(value, str):
                raise UnknownFault(f"{name}: {key} must be a name, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UnknownFault(f"{name}: {key} must be a number, not {value!r}")
    missing = [key for key, item in known.items() if item.default is dataclasses.MISSING and key not in given]
    if missing:
        raise UnknownFault(f"{name} needs {', '.join(missing)}")
    if given["seconds"] <= 0:
        raise UnknownFault(f"{name}: seconds must be more than 0")
    return kind(**given)


def fault_to_json(fault: Fault) -> dict[str, Any]:
    """What ``fault_from_json`` reads."""
    return {"fault": name_of(fault), **dataclasses.asdict(fault)}


@dataclass(frozen=True, slots=True)
class StationShown:
    """What a fault means for a station: its state in the picture (``hall.truth.State``) and the share still seen."""

    station: str
    state: str
    seen: float


@dataclass(frozen=True, slots=True)
class PlayedFault:
    """The truth: which fault a camera showed from when to when, UTC by the host's clock.

    ``stations`` are those that it took from the camera of a hall, in whole or in part.
    """

    camera: str
    fault: Fault
    start: datetime
    end: datetime
    stations: tuple[StationShown, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """One object, times in RFC 3339 with milliseconds; ``stations`` only where there are any."""
        document = {
            "camera": self.camera,
            **fault_to_json(self.fault),
            "start": rfc3339(self.start),
            "end": rfc3339(self.end),
        }
        if self.stations:
            document["stations"] = [dataclasses.asdict(shown) for shown in self.stations]
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PlayedFault:
        """What ``to_json`` wrote. Raises UnknownFault, KeyError or ValueError for anything else."""
        beside = ("camera", "start", "end", "stations")
        fields = {key: value for key, value in document.items() if key not in beside}
        start, end = (utc(datetime.fromisoformat(document[key])) for key in ("start", "end"))
        shown = tuple(StationShown(**each) for each in document.get("stations", ()))
        return cls(document["camera"], fault_from_json(fields), start, end, shown)
