"""The samples of one look as bytes and back: deflated JSON (RFC 1951, RFC 8259) by column, every number exact.

Layout 2, before it is deflated: one line of JSON, then the bytes of all signatures, then those of all coded
pictures. The object's ``layout`` is 1 and ``count`` how many samples there are; ``at`` holds the first instant in
microseconds since the epoch and then the differences; each further field of ``Sample`` is a list of its values, or
one value where all are the same; ``names`` lists the stations, and ``stations`` has for each sample a flat list of
six values a station: its place in ``names`` and the fields of ``StationSample``, ``unrest`` as
hexadecimal digits. In layout 1 the last was a number that nobody needs any more. ``signature`` and ``coded`` are
lengths.
Where all are of one length, their bytes are written by position, the first byte of each, then the second: what stays
the same in a still picture then lies together. Numbers read back equal (Python's shortest repr).

Not here: rows (``storage.database.looks``) and what is measured.
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

LAYOUT = 2

_NUMBERS = (
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
    "rate",
)
_BYTES = ("signature", "coded")


def packed(samples: Sequence[Sample]) -> bytes:
    """The samples as bytes. Raises ValueError for a number that is none (NaN) or without end."""
    names = sorted({station.station for sample in samples for station in sample.stations})
    number = {name: place for place, name in enumerate(names)}
    instants = [tables.microseconds(sample.at) for sample in samples]
    parts = {field: [getattr(sample, field) for sample in samples] for field in _BYTES}
    columns: dict[str, Any] = {
        "layout": LAYOUT,
        "count": len(samples),
        "at": instants[:1] + [after - before for before, after in pairwise(instants)],
        "names": names,
        "stations": [_flat(sample.stations, number) for sample in samples] if names else [],
        **{field: _short([getattr(sample, field) for sample in samples]) for field in _NUMBERS},
        **{field: _short([len(each) for each in parts[field]]) for field in _BYTES},
    }
    text = json.dumps(columns, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(b"".join([text.encode(), b"\n", *(_by_position(parts[field]) for field in _BYTES)]), 6)


def unpacked(data: bytes) -> tuple[Sample, ...]:
    """What ``packed`` was given. Raises RowRefused for a layout that this version does not know."""
    text, _, rest = zlib.decompress(data).partition(b"\n")
    columns = json.loads(text)
    if columns["layout"] not in {1, LAYOUT}:
        raise RowRefused(f"samples of layout {columns['layout']} were written by a later version of Kaojian")
    count = columns["count"]
    lengths = [_long(columns[field], count) for field in _BYTES]
    signatures = _apart(rest[: sum(lengths[0])], lengths[0])
    coded = _apart(rest[sum(lengths[0]) :], lengths[1])
    numbers = zip(*(_long(columns[field], count) for field in _NUMBERS[:-1]), strict=True)
    rates = _long(columns[_NUMBERS[-1]], count)
    stations = columns["stations"] or [()] * count
    names = columns["names"]
    each = zip(accumulate(columns["at"]), numbers, stations, signatures, coded, rates, strict=True)
    return tuple(
        Sample(*(tables.instant(at), *measured, _stations(told, names), signature, picture, rate))
        for at, measured, told, signature, picture, rate in each
    )


def _flat(stations: Sequence[StationSample], number: dict[str, int]) -> list[int | str]:
    return [
        value
        for each in stations
        for value in (number[each.station], each.blocks, each.dead, each.comparable, each.lost, each.unrest.hex())
    ]


def _stations(told: Sequence[Any], names: Sequence[str]) -> tuple[StationSample, ...]:
    rest = iter(told)
    rows = zip(rest, rest, rest, rest, rest, rest, strict=True)
    return tuple(
        StationSample(
            names[number], blocks, dead, comparable, lost, bytes.fromhex(unrest) if isinstance(unrest, str) else b""
        )
        for number, blocks, dead, comparable, lost, unrest in rows
    )


def _short(values: list[Any]) -> Any:
    """Equal values once, if they are of one type: 1 and 1.0 are equal and not the same number."""
    first = values[0] if values else None
    return first if all(value == first and type(value) is type(first) for value in values) else values


def _long(told: Any, count: int) -> Sequence[Any]:
    return told if isinstance(told, list) else [told] * count


def _by_position(parts: Sequence[bytes]) -> bytes:
    joined, lengths = b"".join(parts), {len(part) for part in parts}
    if len(lengths) != 1:
        return joined
    length = lengths.pop()
    return b"".join(joined[place::length] for place in range(length))


def _apart(joined: bytes, lengths: Sequence[int]) -> list[bytes]:
    if len(set(lengths)) == 1:
        return [joined[place :: len(lengths)] for place in range(len(lengths))]
    ends = list(accumulate(lengths))
    return [joined[end - length : end] for end, length in zip(ends, lengths, strict=True)]
