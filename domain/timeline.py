"""Instants, intervals and sets of intervals: the arithmetic under every statement of coverage.

All instants are aware UTC datetimes with microsecond resolution; every interval is half open, ``[start, end)``,
so that neighbours touch without sharing an instant and lengths add up exactly. Not here: what an interval
means (``domain.evidence``) and calendar days of Asia/Shanghai (``domain.calendar``).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Protocol

MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Where time comes from. Passed in, so that tests and drills can step and skew it."""

    def now(self) -> datetime:
        """The host's wall clock: an aware UTC instant. May step."""

    def monotonic(self) -> float:
        """Seconds that only ever grow, from an arbitrary origin. Never steps."""


class SystemClock:
    """The clock of this host."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def utc(value: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime: a time without zone is no evidence."""
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone; write it like 2026-05-01T09:00:00+08:00")
    return value.astimezone(UTC)


def rounded_to_milliseconds(value: datetime) -> datetime:
    """The nearest whole millisecond, halves up; what reports print."""
    half_up = value + timedelta(microseconds=500)
    return half_up.replace(microsecond=half_up.microsecond // 1000 * 1000)


def rfc3339(value: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: ``2026-05-01T01:00:00.000Z``."""
    # Not strftime: it writes the years before 1000 with fewer digits.
    return rounded_to_milliseconds(utc(value)).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def rfc3339_exact(value: datetime) -> str:
    """RFC 3339 in UTC with all microseconds: ``2026-05-01T01:00:00.000000Z``; what is signed is not rounded."""
    return utc(value).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A half-open span of time ``[start, end)``, never empty. Both ends are aware UTC instants."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"an interval must end after it starts: {self.start} .. {self.end}")

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    def overlaps(self, other: Interval) -> bool:
        return self.start < other.end and other.start < self.end

    def intersection(self, other: Interval) -> Interval | None:
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Interval(start, end) if start < end else None

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def rounded(self) -> Interval | None:
        """Both ends on whole milliseconds, or None when nothing is left between them."""
        if not (self.start.microsecond % 1000 or self.end.microsecond % 1000):
            return self
        start, end = rounded_to_milliseconds(self.start), rounded_to_milliseconds(self.end)
        return Interval(start, end) if start < end else None


_start = attrgetter("start")


class IntervalSet:
    """A set of instants, kept as sorted, disjoint, non-touching intervals. Immutable; equal sets compare equal."""

    __slots__ = ("_intervals",)

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        merged: list[Interval] = []
        for item in sorted(intervals, key=_start):
            if merged and item.start <= merged[-1].end:
                if item.end > merged[-1].end:
                    merged[-1] = Interval(merged[-1].start, item.end)
            else:
                merged.append(item)
        self._intervals = tuple(merged)

    def __iter__(self) -> Iterator[Interval]:
        return iter(self._intervals)

    def __len__(self) -> int:
        return len(self._intervals)

    def __bool__(self) -> bool:
        return bool(self._intervals)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntervalSet) and self._intervals == other._intervals

    def __hash__(self) -> int:
        return hash(self._intervals)

    def __repr__(self) -> str:
        return f"IntervalSet({list(self._intervals)!r})"

    def __contains__(self, instant: datetime) -> bool:
        return any(instant in item for item in self._intervals)

    @property
    def seconds(self) -> float:
        """Total length. Summed as integers of microseconds, so that no rounding creeps in."""
        return self.length.total_seconds()

    @property
    def length(self) -> timedelta:
        return sum((item.end - item.start for item in self._intervals), timedelta())

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet((*self._intervals, *other._intervals))

    def __and__(self, other: IntervalSet) -> IntervalSet:
        """Intersection by one sweep over both sorted lists."""
        if not self._intervals or not other._intervals:
            return other if self._intervals else self
        found: list[Interval] = []
        left, right = list(self._intervals), list(other._intervals)
        i = j = 0
        while i < len(left) and j < len(right):
            common = left[i].intersection(right[j])
            if common is not None:
                found.append(common)
            if left[i].end <= right[j].end:
                i += 1
            else:
                j += 1
        return IntervalSet(found)

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        if not self._intervals or not other._intervals:
            return self
        hull = Interval(self._intervals[0].start, self._intervals[-1].end)
        return self & other.complement(hull)

    def complement(self, within: Interval) -> IntervalSet:
        """The instants of ``within`` that are not in this set."""
        holes: list[Interval] = []
        at = within.start
        for item in self._intervals:
            if item.end <= within.start or item.start >= within.end:
                continue
            if item.start > at:
                holes.append(Interval(at, item.start))
            at = max(at, item.end)
        if at < within.end:
            holes.append(Interval(at, within.end))
        return IntervalSet(holes)

    def clipped(self, within: Interval) -> IntervalSet:
        """The part of this set inside ``within``."""
        return self & IntervalSet([within])
