"""What a database holds of one camera around a window, read so that rows written meanwhile never look like a gap.

Not here: what it comes to (``analysis.coverage``).
"""

from __future__ import annotations

from analysis.coverage import CameraLedger
from domain.timeline import Interval
from storage.database import Evidence


def camera_ledger(evidence: Evidence, camera: str, window: Interval, *, trial: bool = False) -> CameraLedger:
    """Read a camera's evidence around a window, while it may still be growing: of exams, or of a ``trial``, each as
    if there were nothing of the other. No run is of both (``ingest.supervisor``).

    Runs are read before segments, and segments before what is known of them, so that a row written in between makes
    the evidence look less settled and never like a gap. Where a run began or ended while recorders and outages were
    read, all three are read again.
    """
    runs, again = None, evidence.runs(camera, window)
    while runs != again:
        runs = again
        outages = evidence.outages(camera, window)
        lives = {run.recorder for run in runs} | {outage.recorder for outage in outages if outage.recorder}
        recorders = evidence.recorders(window, also=lives)
        again = evidence.runs(camera, window)
    reach = Interval(min((window.start, *(run.started for run in runs))), window.end)
    mine, others = (evidence.segments, evidence.trial_segments)[:: -1 if trial else 1]
    foreign = {segment.run for segment in others(camera, reach)}
    runs = [run for run in runs if run.id not in foreign]
    segments = mine(camera, window)
    for run in runs:
        last = evidence.last_segment_of(run) if run.ended is None else None
        if last is not None and last not in segments:
            segments.append(last)  # how far an open run was written, though it lies after the window
    keys = [segment.key for segment in segments]
    return CameraLedger(
        camera=camera,
        runs=runs,
        segments=segments,
        copies=evidence.copies(keys),
        outages=outages,
        observations=evidence.observations(keys),
        recorders=recorders,
        disposed=evidence.disposed(keys),
        withheld=evidence.withheld(keys),
    )
