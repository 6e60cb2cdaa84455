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
    """Something is put over the lens."""

    seconds: float


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


PictureFault = Cover | Blur | Freeze | Move | Dim | Loop
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
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
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
class PlayedFault:
    """The truth: which fault a camera showed from when to when, UTC by the host's clock."""

    camera: str
    fault: Fault
    start: datetime
    end: datetime

    def to_json(self) -> dict[str, Any]:
        """One flat object, times in RFC 3339 with milliseconds."""
        return {
            "camera": self.camera,
            **fault_to_json(self.fault),
            "start": rfc3339(self.start),
            "end": rfc3339(self.end),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PlayedFault:
        """What ``to_json`` wrote. Raises UnknownFault, KeyError or ValueError for anything else."""
        fields = {key: value for key, value in document.items() if key not in ("camera", "start", "end")}
        start, end = (utc(datetime.fromisoformat(document[key])) for key in ("start", "end"))
        return cls(document["camera"], fault_from_json(fields), start, end)
