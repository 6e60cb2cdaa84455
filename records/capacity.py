"""Capacity: what disk, object store, network and database the declared exams need, year by year. Pure.

What is declared is either a number of cameras with hours and days, or the sittings of the set-up, whose busiest year
counts as every year. A spool must hold what is recorded while the object store is away for ``OUTAGE_DAYS`` exam days,
all of them as heavy as the heaviest. Footage is kept until the end of the last anniversary of its batch and then
until somebody disposes of it, which is assumed to be at once. Not here: whether the coming sittings fit
(``headroom``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from pathlib import Path

from domain.calendar import local_day
from domain.places import Sitting
from records.headroom import Rate, steps, wanted

OUTAGE_DAYS = 3
"""Exam days that the object store may be away without anything being lost: the 72 hours that are tested."""

ROW_BYTES = 1_900
"""What the rows of one file weigh with their indexes, in PostgreSQL; in SQLite 1,100 (bench/lookup)."""

_DAY_S = 86_400
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Declared:
    """What is to be recorded. ``peak_bytes_per_s`` is of all cameras that are recorded at once."""

    cameras: int
    peak_bytes_per_s: float
    day_bytes: float  # of the heaviest day
    year_bytes: float
    year_camera_s: float
    unmeasured: int = 0  # cameras that are counted as the settings expect


@dataclass(frozen=True, slots=True)
class Forecast:
    """What that needs. ``kept_bytes`` is each object store's at the end of each year, the first one first.

    Bandwidth is that of all stores together: each has an uploader of its own, and each is read again.
    """

    declared: Declared
    stores: int
    spool_bytes: int
    kept_bytes: tuple[int, ...]
    catch_up_bytes_per_s: int  # so that what waited through an outage is stored a day after it
    reread_bytes_per_s: int
    database_bytes: tuple[int, ...]

    @property
    def peak_bytes_per_s(self) -> int:
        """From the cameras."""
        return ceil(self.declared.peak_bytes_per_s)

    @property
    def upload_bytes_per_s(self) -> int:
        """On to the object stores, if the backup is to keep up with recording."""
        return ceil(self.declared.peak_bytes_per_s * self.stores)


@dataclass(frozen=True, slots=True)
class Planned:
    """A forecast beside what is there. ``disks`` are the spools' with their size, None where none answers."""

    forecast: Forecast
    retention_years: int
    disks: tuple[tuple[Path, int | None], ...]
    reread_bytes_per_s: int  # as set


def by_numbers(cameras: int, bits_per_s: float, hours: float, days: int) -> Declared:
    """So many cameras at once, for so many hours on each of so many exam days a year."""
    rate = cameras * bits_per_s / 8
    day = rate * hours * 3600
    return Declared(cameras, rate, day, day * days, cameras * hours * 3600 * days)


def by_sittings(sittings: Sequence[Sitting], rates: Mapping[str, Rate]) -> Declared:
    """What the sittings of a set-up record, whenever they were or will be."""
    spans = wanted(sittings, datetime.min.replace(tzinfo=UTC))
    peak, most = 0.0, 0
    bytes_of: Counter[date] = Counter()
    seconds_of: Counter[date] = Counter()
    for span, cameras in steps(spans):
        rate = sum(rates[camera].bytes_per_s for camera in cameras)
        peak, most = max(peak, rate), max(most, len(cameras))
        day = local_day(span.start)  # a step that goes past midnight counts for the day on which it began
        bytes_of[day] += round(rate * span.seconds)
        seconds_of[day] += round(len(cameras) * span.seconds)
    unmeasured = sum(not rates[camera].measured for camera in spans)
    heaviest = max(bytes_of.values(), default=0)
    return Declared(most, peak, heaviest, _busiest_year(bytes_of), _busiest_year(seconds_of), unmeasured)


def forecast(
    declared: Declared,
    *,
    years: int,
    retention_years: int,
    segment_s: float,
    reread_days: float,
    reserve_bytes: int,
    stores: int = 1,
) -> Forecast:
    """What the declared exams need over so many years from now, where all footage lies in so many stores."""
    kept = [ceil(declared.year_bytes * min(year, retention_years)) for year in range(1, years + 1)]
    waiting = declared.day_bytes * OUTAGE_DAYS
    files_a_year = declared.year_camera_s / segment_s
    return Forecast(
        declared=declared,
        stores=stores,
        spool_bytes=ceil(waiting) + reserve_bytes,
        kept_bytes=tuple(kept),
        catch_up_bytes_per_s=ceil((waiting + declared.day_bytes) * stores / _DAY_S),
        reread_bytes_per_s=ceil(max(kept) * stores / (reread_days * _DAY_S)) if reread_days else 0,
        database_bytes=tuple(ceil(files_a_year * year * ROW_BYTES) for year in range(1, years + 1)),
    )


def _busiest_year(of_day: Mapping[date, int]) -> int:
    """The most of any 365 days that begin with an exam day."""
    days = sorted(of_day)
    return max((sum(_within(of_day, days[number:])) for number in range(len(days))), default=0)


def _within(of_day: Mapping[date, int], days: Sequence[date]) -> Iterable[int]:
    return (of_day[day] for day in days if day - days[0] < _YEAR)
