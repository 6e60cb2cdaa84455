"""Which cameras must be recorded now, and for which batch: derived from the sittings, never kept as state."""

from __future__ import annotations

from datetime import datetime, timedelta

from config.secrets import Secrets
from domain.places import Camera, Sitting
from ingest.recorder import Assignment
from storage.database import Database

RUN_DOWN = timedelta(seconds=2)
"""Recording goes on this long after a window's end, so that its last instant lies inside a picture."""


def wanted(database: Database, secrets: Secrets, run_up: timedelta, now: datetime) -> list[Assignment]:
    """One assignment per camera that some sitting needs, from ``run_up`` before its window to RUN_DOWN after it.

    A camera that two sittings need at once is recorded once, for the sitting whose window begins first; coverage
    finds the footage by camera and time.
    """
    sittings = [sitting for sitting in database.setup.sittings() if _wants(sitting, run_up, now)]
    found: dict[str, Assignment] = {}
    for sitting in sorted(sittings, key=lambda sitting: sitting.window.start):
        for camera in sitting.cameras():
            if camera.id not in found:
                found[camera.id] = _assignment(sitting, camera, secrets)
    return list(found.values())


def _wants(sitting: Sitting, run_up: timedelta, now: datetime) -> bool:
    return sitting.wants_recording(now + run_up) or sitting.wants_recording(now - RUN_DOWN)


def _assignment(sitting: Sitting, camera: Camera, secrets: Secrets) -> Assignment:
    return Assignment(
        camera=camera.id,
        batch=sitting.batch.id,
        folder=f"{sitting.site.id}/{sitting.batch.id}/{camera.id}",
        url=camera.url,
        credentials=secrets.credentials(camera.secret) if camera.secret else None,
        transport=camera.transport,
    )
