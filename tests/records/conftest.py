"""A real SQLite database in a fresh folder, and a clock that stands."""

from __future__ import annotations

import shutil
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


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database that was just made: to bring it to its schema takes longer than most tests."""
    file = tmp_path_factory.mktemp("empty") / "kaojian.sqlite3"
    connect(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Iterator[Database]:
    file = tmp_path / "kaojian.sqlite3"
    shutil.copyfile(empty_database, file)
    database = connect(f"sqlite:///{file}", NOTARY)
    yield database
    database.close()


@pytest.fixture
def clock() -> FakeClock:
    """Half an hour before the first sitting."""
    return FakeClock(START - timedelta(minutes=30))
