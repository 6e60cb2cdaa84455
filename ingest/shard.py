"""Which cameras one recorder process keeps, where several share them.

A camera belongs to the process that a hash of its id names: every process finds the same answer alone, at every
start, for as long as their number stays the same. Not here: how many there are, and who starts them (``kaojian``).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` of ``of``, counted from 0."""

    index: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.of:
            raise ValueError(f"there is no part {self.index} of {self.of}: they are counted from 0")

    def owns(self, camera: str) -> bool:
        """Whether the camera is this part's. Every camera belongs to exactly one of the parts."""
        digest = blake2s(camera.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.of == self.index


WHOLE = Shard(0, 1)
"""All cameras."""
