"""A real SQLite database in a fresh folder, and a clock that stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from storage.database import Database, connect
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.setups import START
from tests.storage.manifest.conftest import stamper

__all__ = ["stamper"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.sqlite3'}", NOTARY)
    yield database
    database.close()


@pytest.fixture
def clock() -> FakeClock:
    """Half an hour before the first sitting."""
    return FakeClock(START - timedelta(minutes=30))
