"""Which cameras somebody may watch live: those of sittings that are open or about to be, inside of their scope.

Pure, so that it may be asked again every few seconds for many. Not here: which role may (``dashboard.access.table``,
``watch_open``), and footage (``sight``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from domain.people import Account, Place
from domain.places import Camera, Room, Site, Sitting

ABOUT_TO_BE = timedelta(hours=2)
"""How long before a sitting is recorded its cameras may be watched: time to look whether each hangs as it should."""


@dataclass(frozen=True, slots=True)
class OnTheWall:
    """A camera and the sitting it is watched for: the one that began first, where there are several."""

    sitting: Sitting
    room: Room
    camera: Camera


def is_on(sitting: Sitting, now: datetime) -> bool:
    """Whether a sitting is open, or about to be. It ends by being closed alone: exams run late."""
    begins = min(sitting.plan.recording_from, sitting.opened or sitting.plan.recording_from)
    return sitting.closed is None and now >= begins - ABOUT_TO_BE


def is_quiet(site_id: str, host: str, sittings: Iterable[Sitting], now: datetime) -> bool:
    """Whether a picture from a device may be shown to who sets a site up: no sitting is on there, and none that is on
    anywhere has a camera at that host. Who dispatches sees nothing of an exam (``TWO_SIDES``), whatever address of
    one of its cameras they write down.
    """
    on = [sitting for sitting in sittings if is_on(sitting, now)]
    used = {urlsplit(camera.url).hostname for sitting in on for camera in sitting.cameras()}
    return host not in used and all(sitting.site.id != site_id for sitting in on)


def on_the_wall(
    account: Account, sittings: Iterable[Sitting], sites: Iterable[Site], now: datetime
) -> Sequence[OnTheWall]:
    """What an account may watch live at an instant, by batch, sitting and room; each camera once.

    A batch belongs to its site as that stands now. A camera that a sitting uses from which they are recused is left
    out, whatever else uses it.
    """
    standing = {site.id: site for site in sites}
    found: dict[str, OnTheWall] = {}
    hidden: set[str] = set()
    on = [each for each in sittings if is_on(each, now)]
    for sitting in sorted(on, key=lambda each: (each.plan.recording_from, each.batch.id, each.plan.number)):
        if sitting.batch.id in account.recused:
            hidden |= {camera.id for camera in sitting.cameras()}
        site = standing.get(sitting.batch.site)
        if site is None or not account.scope.covers(Place(site.county, site.id, sitting.batch.id)):
            continue
        for room in sitting.rooms:
            for camera in room.cameras:
                found.setdefault(camera.id, OnTheWall(sitting, room, camera))
    return [each for camera, each in found.items() if camera not in hidden]
