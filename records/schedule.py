"""Which cameras must be recorded now, and for which batch: derived from the sittings and from the trials that were
ordered, never kept as state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from config.errors import SecretError
from config.secrets import Credentials, Secrets
from domain.evidence import TRIALS
from domain.places import Camera, Site, Sitting, standing_in
from ingest.devices import Device
from ingest.recorder import Assignment
from storage.database import Database

_log = structlog.get_logger()

RUN_DOWN = timedelta(seconds=2)
"""Recording goes on this long after a window's end, so that its last instant lies inside a picture."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The cameras that recording ``wants``, and those of them that it ``lacks``, because no run of them is open."""

    wants: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()

    @property
    def has(self) -> frozenset[str]:
        """The cameras that are being recorded."""
        return self.wants - self.lacks


class Schedule:
    """Asked by the recorder every second; remembers only which secrets it has already complained about."""

    def __init__(self, database: Database, secrets: Secrets, run_up: timedelta) -> None:
        self._setup = database.setup
        self._evidence = database.evidence
        self._readiness = database.readiness
        self._secrets = secrets
        self._run_up = run_up
        self._complained: set[str] = set()

    def wanted(self, now: datetime) -> list[Assignment]:
        """One assignment per camera that some sitting needs, from the run-up before its window to RUN_DOWN after it.

        A camera that two sittings need at once is recorded once, for the sitting whose window begins first;
        coverage finds the footage by camera and time. A trial, from its order on, takes the cameras that no sitting
        needs: an exam never waits for one. Where a camera of an open sitting was set up at another address since, it
        is recorded there from now on. Raises StorageError.
        """
        sittings = self._setup.sittings()
        wanting = [sitting for sitting in sittings if self._wants(sitting, now)]
        latest = self._latest(wanting)
        found: dict[str, Assignment] = {}
        for sitting in sorted(wanting, key=lambda sitting: sitting.window.start):
            for camera in sitting.cameras():
                if camera.id not in found:
                    found[camera.id] = self._assignment(sitting, camera, latest.get(sitting.site.id))
        by_name = {(each.batch.id, each.plan.number): each for each in sittings}
        for trial in self._readiness.trials_after(now - RUN_DOWN):
            tried = by_name.get((trial.batch, trial.sitting))
            if tried is not None:
                for camera in tried.cameras():
                    found.setdefault(camera.id, self._of_trial(self._assignment(tried, camera)))
        return list(found.values())

    def _of_trial(self, assignment: Assignment) -> Assignment:
        """The same camera, its files apart from those of any batch."""
        site, _, camera = assignment.folder.split("/")
        return replace(assignment, batch=TRIALS, folder=f"{site}/{TRIALS}/{camera}", trial=True)

    def reached(self, sitting: Sitting, camera: Camera) -> tuple[Assignment, int]:
        """How a camera of a sitting is reached by somebody beside its recorder, and for how many cameras of the site
        the sessions of its NVR are kept, 0 without one.
        """
        site, way = _way(sitting, camera, self._latest([sitting]).get(sitting.site.id))
        beside = sum(way.nvr is not None and each.nvr == way.nvr for room in site.rooms for each in room.cameras)
        return replace(self._assignment(sitting, camera, site), url=way.shown_url, audio=False), beside

    def needs(self, now: datetime, ahead: timedelta) -> Needs:
        """What recording needs between ``now`` and ``ahead`` of it. Raises StorageError."""
        wants = frozenset(each.camera for at in (now, now + ahead) for each in self.wanted(at))
        return Needs(wants, wants - {run.camera for run in self._evidence.open_runs()}) if wants else Needs()

    def _wants(self, sitting: Sitting, now: datetime) -> bool:
        return sitting.wants_recording(now + self._run_up) or sitting.wants_recording(now - RUN_DOWN)

    def _latest(self, sittings: Iterable[Sitting]) -> dict[str, Site]:
        """The sites as they are set up now, where a sitting rests on what was frozen."""
        frozen = any(each.opened is not None for each in sittings)
        return {site.id: site for site in self._setup.sites()} if frozen else {}

    def _assignment(self, sitting: Sitting, camera: Camera, latest: Site | None = None) -> Assignment:
        site, way = _way(sitting, camera, latest)
        return Assignment(
            camera=camera.id,
            batch=sitting.batch.id,
            folder=f"{sitting.site.id}/{sitting.batch.id}/{camera.id}",
            url=way.url,
            credentials=self._credentials(way),
            transport=way.transport,
            device=_device(site, way),
            engine=way.engine,
            audio=camera.audio,
        )

    def _credentials(self, camera: Camera) -> Credentials | None:
        """A secret that cannot be read stops nobody: the camera then says itself that it wants a password."""
        if camera.secret is None:
            return None
        try:
            credentials = self._secrets.credentials(camera.secret)
        except SecretError as error:
            if camera.id not in self._complained:
                _log.error("secret_unusable", camera=camera.id, reason=str(error))
                self._complained.add(camera.id)
            return None
        self._complained.discard(camera.id)
        return credentials


def _way(sitting: Sitting, camera: Camera, latest: Site | None) -> tuple[Site, Camera]:
    """How a camera of a sitting is reached: as it is set up now, where it shows what it did when the sitting opened.

    What must be seen stays as it was frozen; only the way there follows the set-up, so that a camera that is swapped
    in the middle of an exam is recorded at its new address.
    """
    if sitting.opened is not None and latest is not None:
        swapped = standing_in(camera, sitting.site, latest)
        if swapped is not None:
            return latest, swapped
    return sitting.site, camera


def _device(site: Site, camera: Camera) -> Device | None:
    """The video recorder that the camera is reached through; its id is made unique by that of the site."""
    if camera.nvr is None:
        return None
    nvr = site.nvr(camera.nvr)
    return Device(f"{site.id}/{nvr.id}", nvr.max_sessions)
