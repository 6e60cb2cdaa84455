"""How each camera stands right now, by what the recorders that live have written of it.

Each recorder speaks for itself, as in coverage: a camera is recorded where any living recorder records it, and
what a dead one left open counts for nothing. Not here: what was covered (``analysis.coverage``) and which cameras are
wanted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.coverage import HEARTBEAT_LIMIT
from domain.evidence import CameraEvent, CameraState, Outage, Recorder, Run
from storage.database import Evidence


@dataclass(frozen=True, slots=True)
class Standing:
    """One camera now, as living recorders tell it. At most one of ``run`` and ``outage`` is set; with neither,
    no recorder that lives is at it. ``events`` holds the newest word of each of them, the newest first.
    """

    run: Run | None = None
    outage: Outage | None = None
    events: tuple[CameraEvent, ...] = ()

    @property
    def event(self) -> CameraEvent | None:
        """Of several recorders' words the best: one that has pictures is enough."""
        live = [event for event in self.events if event.state is CameraState.LIVE]
        return next(iter((*live, *self.events)), None)


def is_alive(recorder: Recorder, now: datetime) -> bool:
    """Not ended, and heard from within the limit that coverage uses too."""
    return recorder.ended is None and now - recorder.seen <= HEARTBEAT_LIMIT


def living(evidence: Evidence, now: datetime) -> list[Recorder]:
    """Recorders that live, by start. Raises DatabaseUnavailable."""
    return [recorder for recorder in evidence.open_recorders() if is_alive(recorder, now)]


def standings(evidence: Evidence, lives: Collection[str], cameras: Sequence[str]) -> dict[str, Standing]:
    """How these cameras stand; ``lives`` are the ids of the recorders that live. Raises DatabaseUnavailable."""
    runs, outages, events = defaultdict(list), defaultdict(list), defaultdict(list)
    for run in evidence.open_runs():
        if run.recorder in lives:
            runs[run.camera].append(run)
    for outage in evidence.open_outages():
        if outage.recorder in lives or (outage.recorder is None and lives):
            outages[outage.camera].append(outage)
    for event in evidence.latest_events(lives, cameras):
        events[event.camera].append(event)
    return {each: Standing(*current(runs[each], outages[each]), tuple(events[each])) for each in cameras}


def current(runs: Iterable[Run], outages: Sequence[Outage]) -> tuple[Run | None, Outage | None]:
    """The run that records a camera, else the outage that is named: the best ranked, since when nobody records.

    Both are open and of recorders that live. A recorder with an outage does not record, whatever run it has begun;
    an outage of which the recorder is unknown is every recorder's.
    """
    out = {outage.recorder for outage in outages}
    recording = [run for run in runs if None not in out and run.recorder not in out]
    if recording:
        return min(recording, key=lambda run: run.started), None
    if not outages:
        return None, None
    named = min(outages, key=lambda outage: outage.cause.rank)
    return None, replace(named, start=max(outage.start for outage in outages))
