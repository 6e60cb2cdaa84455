"""The cameras of a drill in real time: how the simulator is told to be them, and what they wrote down of themselves.

Their pictures are those of the simulated clock, sent over RTSP (``ingest.simulator``). What a camera wrote down is
when each picture was due and when it went out, whatever the schedule said: a machine that has no time for its cameras
makes them late, and that is then the truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from ingest.clock import ENVELOPE_S, FAR_S
from ingest.recorder import RETRY_MAX_S
from ingest.simulator.camera import SentPicture
from ingest.simulator.faults import Congestion, LateBurst, PacketLoss, PlayedFault, fault_to_json
from kaojian.drill.camera import GOOD_RATE, clip
from kaojian.drill.plan import CameraFault, CameraKind, Plan, Planned
from kaojian.drill.truth import SILENCE_S, Connection, Sent
from kaojian.drill.virtual_time import HostClock

GATHER_S = 0.04
"""How long what arrived may wait to be read (docs/time.md, "Error bound")."""

ATTEMPT_S = 0.25
"""What an attempt to connect may take beyond the lateness of the camera itself."""


def description(plan: Plan, folder: Path, start: datetime) -> dict[str, Any]:
    """What ``ingest.simulator.drill`` is to run; the truth lies in ``folder`` afterwards."""
    faults = [
        {"at_s": planned.at_s, "camera": planned.camera, **fault_to_json(planned.fault)}
        for kind in plan.cameras
        for planned in plan.of_camera(kind.id)
        if isinstance(planned.fault, CameraFault)
    ]
    return {
        "cameras": [_settings(kind, folder) for kind in plan.cameras],
        "faults": faults,
        "start": start.isoformat(),
        "truth": str(folder / "played.jsonl"),
        "sent": str(folder / "sent.jsonl"),
    }


def _settings(kind: CameraKind, folder: Path) -> dict[str, Any]:
    fps = round(kind.stamped_fps)
    file = folder / f"clip-{fps}.h264"
    if not file.exists():
        file.write_bytes(b"".join(b"\0\0\0\1" + nal for picture in clip(kind.stamped_fps) for nal in picture))
    return {
        "id": kind.id,
        "room": "301",
        "file": str(file),
        "fps": fps,
        "gop": kind.gop,
        "pace": kind.fps / kind.stamped_fps,
        "clock_offset_s": kind.clock_offset_s,
        "clock_drift_ppm": kind.drift_ppm,
        "key_on_play": kind.key_on_play,
    }


class SentCamera:
    """A ``kaojian.drill.truth.Witness``: one camera by what it wrote down."""

    def __init__(
        self, kind: CameraKind, played: Iterable[PlayedFault], sent: Iterable[SentPicture], clock: HostClock
    ) -> None:
        """``played`` and ``sent`` may hold those of others too."""
        self.kind = kind
        self.clock = clock
        self.planned = tuple(self._as_played(each) for each in played if each.camera == kind.id)
        self._sent = [each for each in sent if each.camera == kind.id]
        self.connections = self._connections()

    @cached_property
    def late_s(self) -> float:
        """The most that a picture went out later than it was due, where no fault held it back."""
        held = [(each.at_s, each.end_s + self._delay_s(each)) for each in self.planned if _holds_back(each)]
        lags = (
            sent_s - due_s
            for due_s, sent_s in ((self._at_s(each.due), self._at_s(each.sent)) for each in self._sent)
            if not any(start <= sent_s and due_s <= end for start, end in held)
        )
        return max(lags, default=0.0)

    @property
    def edge_s(self) -> float:
        """One picture, the camera's own lateness, and the reading; where it counts wrong, that of the run clock."""
        kind = self.kind
        edge_s = kind.interval_s + self.late_s + GATHER_S
        return edge_s + (FAR_S + ENVELOPE_S * kind.rate_error if kind.rate_error > GOOD_RATE else 0.0)

    def resumed_s(self, since_s: float) -> float:
        """As ``Witness`` says. Where packets are being lost, the first whole key frame that went out after that."""
        attempt_s = since_s + RETRY_MAX_S + ATTEMPT_S + self.late_s
        pictures = 2 if self.kind.key_on_play else self.kind.gop + 2
        by_s = attempt_s + pictures * self.kind.interval_s
        losing = any(
            isinstance(each.fault, PacketLoss) and each.at_s <= by_s and attempt_s <= each.end_s
            for each in self.planned
        )
        if not losing:
            return by_s
        keys = (
            sent.arrived_s
            for connection in self.connections
            for sent in connection.sent
            if sent.key and sent.whole and sent.taken_s >= attempt_s
        )
        return max(by_s, min(keys, default=by_s) + self.kind.interval_s)

    def _connections(self) -> list[Connection]:
        found: dict[str, Connection] = {}
        lost = set[str]()
        for each in self._sent:
            connection = found.setdefault(each.session, Connection(self._at_s(each.due)))
            if each.gone:
                lost.add(each.session)
                continue
            connection.sent.append(
                Sent(
                    taken_s=self._at_s(each.due),
                    arrived_s=self._at_s(each.sent),
                    key=each.key,
                    whole=not each.damaged,
                    after_loss=each.session in lost,
                )
            )
            lost.discard(each.session)
        connections = list(found.values())
        for connection, following in pairwise(connections):
            del connection.sent[self._heard(connection, following) :]
        return connections

    def _heard(self, connection: Connection, following: Connection) -> int:
        """How many of a connection's pictures found somebody there: not those that ended a silence for which the
        recorder may just have given it up, where it began the following one within an attempt after them."""
        sent, before_s = connection.sent, connection.began_s - self.kind.interval_s
        attempt_s = ATTEMPT_S + self.late_s + self.kind.interval_s
        for number, each in enumerate(sent):
            if each.arrived_s - before_s >= SILENCE_S and following.began_s - each.arrived_s <= attempt_s:
                return number
            before_s = each.arrived_s
        return len(sent)

    def _at_s(self, instant: datetime) -> float:
        return (instant - self.clock.unstepped_at(0.0)).total_seconds()

    def _as_played(self, played: PlayedFault) -> Planned:
        start_s, end_s = self._at_s(played.start), self._at_s(played.end)
        return Planned(start_s, replace(played.fault, seconds=end_s - start_s), played.camera)

    @staticmethod
    def _delay_s(planned: Planned) -> float:
        return planned.fault.delay_s if isinstance(planned.fault, Congestion) else 0.0


def _holds_back(planned: Planned) -> bool:
    return isinstance(planned.fault, LateBurst | Congestion)
