"""Rows of flags, one for each sample in order: what holds for long enough, and where.

Not here: what the flags mean (``analysis.sight``).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


def lasting(flags: Flags, need: int = 3, of: int = 4) -> Flags:
    """Where ``need`` of ``of`` flags in a row are set: all from the first of them to the last.

    Fewer than ``of`` flags are taken as one row, in which as many have to be set.
    """
    count = len(flags)
    held = np.zeros(count, np.bool_)
    for start in range(max(1, count - of + 1)):
        here = np.flatnonzero(flags[start : start + of])
        if len(here) >= need:
            held[start + here[0] : start + here[-1] + 1] = True
    return held


def rows(flags: Flags) -> Iterator[tuple[int, int]]:
    """First and last number of each row of set flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(start), int(end) - 1
