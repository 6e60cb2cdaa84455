"""Passwords hashed with little work, so that many may be tried: the service's own take a third of a second each.

A room's conftest imports it for all its tests. Not here: what the real work is, which ``test_login`` looks at.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from dashboard.access import passwords


@pytest.fixture(scope="module", autouse=True)
def cheap_hashing() -> Iterator[None]:
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_HASHER", hasher)
        patched.setattr(passwords, "_NOBODYS", hasher.hash("nobody knows this one"))
        yield
