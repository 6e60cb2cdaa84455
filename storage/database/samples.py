"""The samples of one look as bytes and back: deflated JSON (RFC 1951, RFC 8259), by column, every number exact.

Layout 1: one object. ``layout`` is 1; ``at`` holds the first instant in microseconds since the epoch and then the
differences; each further field of ``Sample`` is a list of its values, one for each sample, or one value where all
are the same; ``names`` lists the stations, and ``stations`` has for each sample a flat list of number in ``names``,
blocks, dead. Numbers are written so that they read back equal (Python's shortest repr). Not here: rows
(``storage.database.looks``) and what is measured.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from domain.pictures import Sample, StationSample
from storage.database import tables
from storage.errors import RowRefused

LAYOUT = 1

_FIELDS = (
    "width",
    "height",
    "brightness",
    "clipped",
    "contrast",
    "change",
    "survival",
    "sharpness",
    "brightness_ratio",
    "shift",
    "rotation",
    "inliers",
)


def packed(samples: Sequence[Sample]) -> bytes:
    """The samples as bytes. Raises ValueError for a number that is none (NaN) or without end."""
    names = sorted({station.station for sample in samples for station in sample.stations})
    number = {name: place for place, name in enumerate(names)}
    instants = [tables.microseconds(sample.at) for sample in samples]
    stations = [
        [value for each in sample.stations for value in (number[each.station], each.blocks, each.dead)]
        for sample in samples
    ]
    columns: dict[str, Any] = {
        "layout": LAYOUT,
        "count": len(samples),
        "at": instants[:1] + [after - before for before, after in pairwise(instants)],
        "names": names,
        "stations": stations if names else [],
        **{field: _short([getattr(sample, field) for sample in samples]) for field in _FIELDS},
    }
    text = json.dumps(columns, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), 6)


def unpacked(data: bytes) -> tuple[Sample, ...]:
    """What ``packed`` was given. Raises RowRefused for a layout that this version does not know."""
    columns = json.loads(zlib.decompress(data))
    if columns["layout"] != LAYOUT:
        raise RowRefused(f"samples of layout {columns['layout']} were written by a later version of Kaojian")
    count, names = columns["count"], columns["names"]
    fields = zip(*(_long(columns[field], count) for field in _FIELDS), strict=True)
    instants = accumulate(columns["at"])
    stations = columns["stations"] or [()] * count
    return tuple(
        Sample(tables.instant(at), *values, stations=_stations(told, names))
        for at, values, told in zip(instants, fields, stations, strict=True)
    )


def _stations(told: Sequence[int], names: Sequence[str]) -> tuple[StationSample, ...]:
    threes = zip(told[::3], told[1::3], told[2::3], strict=True)
    return tuple(StationSample(names[number], blocks, dead) for number, blocks, dead in threes)


def _short(values: list[Any]) -> Any:
    """Equal values once. Not of a list of whole numbers and fractions that compare equal: each keeps its type."""
    first = values[0] if values else None
    return first if all(value == first and type(value) is type(first) for value in values) else values


def _long(told: Any, count: int) -> Sequence[Any]:
    return told if isinstance(told, list) else [told] * count
