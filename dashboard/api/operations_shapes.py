"""The shapes of how the installation stands. Sizes in bytes, rates in bytes a second."""

from __future__ import annotations

from dashboard.api.shapes import Instant, Shape, WebhookStatus
from domain.health import CheckState, Part


class PartCheck(Shape):
    """One part of the installation. ``said`` and ``remedy`` are English sentences, as `kaojian doctor` has them."""

    part: Part
    state: CheckState
    said: str
    remedy: str


class LostCopies(Shape):
    """Stored copies that were not there, or damaged, when they were read again, and the places that lost them."""

    count: int
    within_days: int
    newest: Instant | None
    places: tuple[str, ...]


class UnseenSpoolShape(Shape):
    """A spool that is not visible from here and has the only copies of segments that wait to be opened."""

    folder: str
    device: str
    segments: int


class QueuesShape(Shape):
    """How many segments wait: to be opened (``analysis``), to be looked at, for the object stores, to be read again.

    ``given_up``: nobody could look at their pictures. ``store`` and ``second_store`` are null without object store,
    ``rows_set_aside`` where a spool cannot be read.
    """

    analysis: int
    look: int
    given_up: int
    store: int | None
    second_store: int | None
    reread: int
    rows_set_aside: int | None
    lost: LostCopies
    unseen: tuple[UnseenSpoolShape, ...]


class SpoolSpace(Shape):
    """A spool's disk. ``free_bytes`` beyond the reserve; ``hours_left`` with all planned cameras recording at once.

    ``needed_bytes`` is what the coming sittings need until ``until``; ``short_bytes`` of that are missing from
    ``full_at`` on. Null where the disk does not answer.
    """

    folder: str
    size_bytes: int | None
    free_bytes: int | None
    reserve_bytes: int
    hours_left: float | None
    needed_bytes: int | None
    short_bytes: int | None
    full_at: Instant | None
    until: Instant | None


class StoreShape(Shape):
    """An object store by its bucket. ``answers`` this service; ``lost`` says why its uploader could store nothing at
    ``told_at``, ``unlocked`` why no lock there is believed, null where all was well or nobody uploads from here.
    """

    bucket: str
    second: bool
    answers: bool
    told_at: Instant | None
    lost: str | None
    unlocked: str | None


class YearForecast(Shape):
    """What is kept at the end of a year from now, in each object store, and the rows of it."""

    year: int
    store_bytes: int
    database_bytes: int


class ForecastShape(Shape):
    """What the sittings that are set up need, were every year like the busiest; as `kaojian plan` reckons it.

    ``unmeasured`` cameras were never recorded and are counted as the settings expect.
    """

    cameras: int
    unmeasured: int
    day_bytes: int
    year_bytes: int
    retention_years: int
    stores: int
    spool_bytes: int
    peak_bytes_per_s: int
    upload_bytes_per_s: int
    catch_up_bytes_per_s: int
    reread_bytes_per_s: int
    reread_set_bytes_per_s: int
    years: tuple[YearForecast, ...]


class BackupState(Shape):
    """When the newest backup was brought under lock; ``stale`` also where none was."""

    newest: Instant | None
    stale: bool


class Operations(Shape):
    """How the installation stands; ``checks`` the worst first, ``forecast`` null where nothing is set up."""

    at: Instant
    version: str
    database: str
    checks: tuple[PartCheck, ...]
    counted_up_to: int
    queues: QueuesShape
    webhooks: tuple[WebhookStatus, ...]
    spools: tuple[SpoolSpace, ...]
    stores: tuple[StoreShape, ...]
    forecast: ForecastShape | None
    backup: BackupState
