"""Finds pictures that were shown before: a recording played again in a camera's place.

Two cues, each of which is enough. Coded pictures that are the same bit for bit, one after the other in the same
order: no sensor makes those. And movement that repeats: how the picture changed from sample to sample, compared with
how it changed some samples before. A recording of any length comes round to the same instants of it after some
rounds, so that samples every two seconds find it, but not before it was played a few times where its length is no
multiple of two seconds. Movement that repeats within seconds may be a fan or a machine and is only doubted. What
escapes: a replay coded anew in which nothing moves or one thing only, one so noisy that movement drowns, and one that
is shown only once. Not here: a picture that does not change at all (``analysis.sight``: frozen).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.flags import Flags, lasting, rows
from domain.pictures import Sample

FARTHEST = 600
"""Samples that movement is compared with: twenty minutes. Coded pictures are compared with all."""

_NEAREST = 2  # samples
_PERIODIC = 8  # samples: what repeats sooner may be a machine
_RESIDUE = 0.25
"""What two changes may differ by, squared, as a share of the larger: a correlation of .88, or a gain of two. In
replays, coded anew and with noise, eight of ten changes in a row correlated with .83 to 1.0, in other footage with
.17 at most. The size counts as well as the pattern: one thing that goes to and fro has the same pattern each time."""
_ALONE = 0.75
"""Share of all movement in a row that may be one pattern: with one thing moving, rows are alike by chance."""
_MOVING = 4.0  # levels, root of the summed squares over all cells: below, a change is noise
_BYTES = 384


def replayed(samples: Sequence[Sample], least: int) -> tuple[Flags, Flags]:
    """Which samples show what earlier ones did, at least ``least`` in a row in the order in which they came; and of
    which this is doubted. Only the repetition is marked, never what was repeated.
    """
    moved, doubted = _same_movement(samples, least)
    certain = _same_bytes([sample.coded for sample in samples], least) | (moved & ~doubted)
    return certain, doubted & ~certain


def _same_bytes(coded: Sequence[bytes], least: int) -> Flags:
    found = np.zeros(len(coded), np.bool_)
    earlier: dict[bytes, list[int]] = {}
    lengths: dict[int, int] = {}  # lag -> how many in a row were the same
    for number, digest in enumerate(coded):
        going: dict[int, int] = {}
        for before in earlier.get(digest, ())[-FARTHEST:] if digest else ():
            lag = number - before
            going[lag] = lengths.get(lag, 0) + 1
            row = coded[number - going[lag] + 1 : number + 1]
            # One picture over and over is a frozen camera, not a replay.
            if going[lag] >= least and len(set(row)) > 1:
                found[number - going[lag] + 1 : number + 1] = True
        lengths = going
        earlier.setdefault(digest, []).append(number)
    return found


def _same_movement(samples: Sequence[Sample], least: int) -> tuple[Flags, Flags]:
    found, periodic = np.zeros(len(samples), np.bool_), np.zeros(len(samples), np.bool_)
    changes, sizes = _changes(samples)
    # Sums over 4 x 3 cells, scaled so that they never lie farther apart than all cells do: they rule most out.
    coarse = changes.reshape(-1, 4, 3, 4, 4).sum(axis=(2, 4)).reshape(-1, 16) / np.float32(math.sqrt(12))
    moving = sizes > _MOVING
    for lag in range(_NEAREST, min(FARTHEST, len(samples) - least) + 1):
        limit = _RESIDUE * np.maximum(sizes[lag:], sizes[:-lag]) ** 2
        alike = moving[lag:] & moving[:-lag] & (_apart(coarse, lag) < limit)
        if int(alike.sum()) < least:
            continue
        alike &= _apart(changes, lag) < limit
        if int(alike.sum()) >= least:
            target = periodic if lag < _PERIODIC else found
            for first, last in rows(lasting(alike, least, least + 2)):
                here = slice(lag + first, lag + last + 1)
                target[here] |= _manifold(changes[here])
    return found, periodic


def _apart(changes: NDArray[np.float32], lag: int) -> NDArray[np.float32]:
    """Squared distance of each change from the one so many samples before."""
    difference = changes[lag:] - changes[:-lag]
    return np.asarray(np.einsum("ij,ij->i", difference, difference), np.float32)


def _manifold(changes: NDArray[np.float32]) -> bool:
    """Whether more moved than one thing, to and fro."""
    strengths = np.linalg.svd(changes, compute_uv=False) ** 2
    return bool(strengths[0] < _ALONE * strengths.sum())


def _changes(samples: Sequence[Sample]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How each picture differs from the one before, cell by cell without what all cells have in common, and how much.
    Nothing for the first one, and where a signature lacks.
    """
    cells = np.zeros((len(samples), _BYTES // 2), np.float32)
    told = np.array([len(sample.signature) == _BYTES for sample in samples], np.bool_)
    for number, sample in enumerate(samples):
        if told[number]:
            cells[number] = np.frombuffer(sample.signature, ">u2") / 256
    changes = np.zeros_like(cells)
    changes[1:] = np.diff(cells, axis=0)
    changes[1:][~(told[1:] & told[:-1])] = 0
    changes -= changes.mean(axis=1, keepdims=True)
    return changes, np.asarray(np.linalg.norm(changes, axis=1), np.float32)
