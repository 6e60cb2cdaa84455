"""Spoils golden bytes by a seed, the same way every time: what a broken camera, cable, disk or intruder might send.

Knows nothing of what the bytes mean, except that numbers of one, two and four bytes say lengths nearly everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_MOST_CHANGES = 4
_LONGEST_CUT = 64


class Mutator:
    """Changes that only depend on ``seed`` and on the order of the calls. ``others`` are spliced in at times."""

    def __init__(self, seed: int, others: Sequence[bytes]) -> None:
        self._random = random.Random(seed)
        self._others = others
        self._changes: tuple[Callable[[bytearray], None], ...] = (
            self._flip_a_bit,
            self._set_a_byte,
            self._set_a_number,
            self._cut_out,
            self._put_in,
            self._repeat,
            self._end_early,
            self._splice,
        )

    def mutated(self, golden: bytes) -> bytes:
        """``golden`` after one to four changes; hardly ever the same bytes again."""
        data = bytearray(golden)
        for _ in range(self._random.randint(1, _MOST_CHANGES)):
            self._random.choice(self._changes)(data)
        return bytes(data)

    def _at(self, data: bytearray) -> int:
        return self._random.randrange(len(data)) if data else 0

    def _length(self) -> int:
        return self._random.randint(1, self._random.choice((1, 4, _LONGEST_CUT)))

    def _flip_a_bit(self, data: bytearray) -> None:
        if data:
            data[self._at(data)] ^= 1 << self._random.randrange(8)

    def _set_a_byte(self, data: bytearray) -> None:
        if data:
            data[self._at(data)] = self._random.randrange(256)

    def _set_a_number(self, data: bytearray) -> None:
        at, width = self._at(data), self._random.choice((1, 2, 4))
        value = self._random.choice(_EDGES) & ((1 << 8 * width) - 1)
        data[at : at + width] = value.to_bytes(width, "big")

    def _cut_out(self, data: bytearray) -> None:
        at = self._at(data)
        del data[at : at + self._length()]

    def _put_in(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = self._random.randbytes(self._length())

    def _repeat(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = data[at : at + self._length()]

    def _end_early(self, data: bytearray) -> None:
        del data[self._at(data) :]

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._others)
        at, start = self._at(data), self._random.randrange(len(other) + 1)
        data[at:] = other[start:]
