"""基准画面 of cameras: made of archived footage, kept with who made them and of what, and valid from then on.

1. The camera and the regions of its stations are those of the set-up as it stands now.
2. Pictures of the span are taken from its segments, each from a copy whose bytes were compared just now.
3. What they have in common becomes the reference; pictures that none can be made of are refused with the reason.
4. Labels of stations 工位号牌 are looked for in the same pictures, which are larger than what the reference keeps;
   which were read is entered in the register.
5. It is written down with its act in the journal. Sittings that open from then on rest on it; one that is open, or
   over, stays with the reference it opened with.

Not here: how a reference is made of pictures (``analysis.eye``), and who may (``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from analysis.calibration import CalibrationUnreadable, read_calibration
from analysis.examination import pictures
from analysis.eye import Advice, Eye, Picture
from analysis.labels import read_labels
from analysis.stills import jpeg
from domain.evidence import Segment
from domain.labels import LABELS_READ, LabelsRead
from domain.people import Actor
from domain.pictures import Reference
from domain.places import Camera
from domain.register import Draft
from domain.timeline import Clock, Interval
from records.errors import ReferenceRefused
from storage.archive import Archive, NoCopyAnswers
from storage.database import Database
from storage.errors import UnknownSite
from storage.media import MediaError

LONGEST = timedelta(minutes=5)
"""More footage makes no better reference, and has to be in memory at once."""

MOST_PICTURES = 60


@dataclass(frozen=True, slots=True)
class Made:
    """A reference, of how many pictures it was made, and what speaks against relying on it. ``new`` is False where
    the camera had the very same one already. ``labels`` says which labels could be read.
    """

    reference: Reference
    pictures: int
    advice: Sequence[Advice]
    new: bool
    labels: LabelsRead


def make_reference(
    database: Database,
    archive: Archive,
    eye: Eye | None,
    site_id: str,
    camera_id: str,
    *,
    span: Interval,
    actor: Actor,
    clock: Clock,
) -> Made:
    """Make a reference of what a camera recorded in a span.

    Raises UnknownSite, ReferenceRefused, DatabaseUnavailable.
    """
    if eye is None:
        raise ReferenceRefused(
            "this installation has no picture analysis, so there is nothing to make references for"
        )
    if span.end - span.start > LONGEST:
        raise ReferenceRefused(
            f"at most {LONGEST.seconds // 60} minutes of footage make a reference; name a shorter span"
        )
    camera = _camera(database, site_id, camera_id)
    used: list[str] = []
    shown: list[Picture] = []
    evidence = database.evidence
    for segment in (*evidence.trial_segments(camera_id, span), *evidence.segments(camera_id, span)):
        here = _shown(archive, segment, span)
        used += [segment.key] if here else []
        shown += here
    if not shown:
        raise ReferenceRefused(
            f"there is no footage of camera {camera_id} from {span.start.isoformat()} to {span.end.isoformat()}; "
            "record a trial first, or name another time"
        )
    try:
        made = eye.calibrate(_some(shown), camera.regions)
    except ValueError as error:
        raise ReferenceRefused(f"camera {camera_id}: {error}") from error
    digest = sha256(made.data).hexdigest()
    labels = _read_labels(database, site_id, camera, digest, shown)
    if camera.sees:
        key = f"{camera_id}/{digest}"
        draft = Draft(LABELS_READ, key, labels, site=site_id)
        database.register.enter("read_labels", camera_id, [draft], actor, clock.now())
    reference = Reference(digest, camera_id, clock.now(), actor, span, tuple(used), made.data)
    new = database.looks.add_reference(reference)
    if new:
        database.journal.record(reference.valid_from, actor, "make_reference", camera_id, reference.id)
    return Made(reference, len(_some(shown)), made.advice, new, labels)


def newest_trial(database: Database, site_id: str, camera_id: str) -> Interval:
    """The span of the newest trial 试录 that a camera was recorded for. Raises ReferenceRefused without any."""
    trials = [
        trial
        for sitting in database.setup.sittings()
        if sitting.site.id == site_id and camera_id in {each.id for each in sitting.cameras()}
        if (trial := database.readiness.last_trial(sitting.batch.id, sitting.plan.number)) is not None
    ]
    for trial in sorted(trials, key=lambda each: each.interval.end, reverse=True):
        if database.evidence.trial_segments(camera_id, trial.interval):
            return trial.interval
    raise ReferenceRefused(
        f"no trial of camera {camera_id} was recorded; order one for its next sitting while the room is empty "
        "尚无该摄像机的试录：请在考场无人时为下一场次试录"
    )


def picture_of(reference: Reference) -> bytes:
    """What a reference shows, small and grey, as JPEG. Raises ReferenceRefused where its bytes cannot be read."""
    try:
        return jpeg(read_calibration(reference.calibration).grey)
    except CalibrationUnreadable as error:
        raise ReferenceRefused(str(error)) from error


def references(database: Database, site_id: str) -> Iterator[tuple[Camera, list[Reference]]]:
    """All references of a site's cameras, as its set-up stands now. Raises UnknownSite, DatabaseUnavailable."""
    for camera in _cameras(database, site_id):
        yield camera, database.looks.references(camera.id)


def _read_labels(
    database: Database, site_id: str, camera: Camera, reference: str, shown: Sequence[Picture]
) -> LabelsRead:
    """Which labels of the camera's room a few of the pictures show, and which that it should see they do not."""
    site = database.setup.site(site_id)
    rooms = () if site is None else site.rooms
    stations = {station.id for room in rooms if camera in room.cameras for station in room.stations}
    texts = read_labels((shown[0], shown[len(shown) // 2], shown[-1])[: len(shown)], camera.regions)
    read = stations & texts
    return LabelsRead(camera.id, reference, tuple(sorted(read)), tuple(sorted({*camera.sees} - read)))


def _camera(database: Database, site_id: str, camera_id: str) -> Camera:
    cameras = {camera.id: camera for camera in _cameras(database, site_id)}
    if camera_id not in cameras:
        raise ReferenceRefused(f"site {site_id} has no camera {camera_id} (there is: {', '.join(cameras) or 'none'})")
    return cameras[camera_id]


def _cameras(database: Database, site_id: str) -> list[Camera]:
    site = database.setup.site(site_id)
    if site is None:
        raise UnknownSite(f"there is no site {site_id}; apply it first")
    return [camera for room in site.rooms for camera in room.cameras]


def _shown(archive: Archive, segment: Segment, span: Interval) -> list[Picture]:
    try:
        with archive.opened(segment) as file:
            return [picture for instant, picture in pictures(file) if instant in span]
    except (NoCopyAnswers, MediaError) as error:
        raise ReferenceRefused(f"{segment.key} cannot be read: {error}; name a time that can") from error


def _some(shown: Sequence[Picture]) -> Sequence[Picture]:
    """Not more than are of use, spread over all."""
    step = max(1, -(-len(shown) // MOST_PICTURES))
    return shown[::step]
