"""Finds pictures that were shown before: a recording played again in a camera's place.

Two cues. Coded pictures that are the same bit for bit, one after the other in the same order: no sensor makes those.
And movement that repeats: the differences between successive signatures, compared with those some time before. Not
here: a picture that does not change at all (``analysis.sight``: frozen).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.pictures import Sample

Flags = NDArray[np.bool_]


def replayed(samples: Sequence[Sample], least: int) -> Flags:
    """Which samples show what earlier ones did, at least ``least`` in a row, in the order in which they came."""
    found = np.zeros(len(samples), np.bool_)
    coded = [sample.coded for sample in samples]
    first: dict[bytes, list[int]] = {}
    lengths: dict[int, int] = {}  # lag -> how many in a row are the same
    for number, digest in enumerate(coded):
        going: dict[int, int] = {}
        for earlier in first.get(digest, ()) if digest else ():
            lag = number - earlier
            going[lag] = lengths.get(lag, 0) + 1
            if going[lag] >= least and len(set(coded[number - least + 1 : number + 1])) > 1:
                found[number - going[lag] + 1 : number + 1] = True
        lengths = going
        first.setdefault(digest, []).append(number)
    return found
