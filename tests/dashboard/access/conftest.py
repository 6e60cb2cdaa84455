"""What all tests of who may do what share."""

from __future__ import annotations

from tests.fakes.hashing import cheap_hashing

__all__ = ["cheap_hashing"]
