"""A cabinet of real footage for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import connect
from tests.analysis.footage import Cabinet


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}")
    yield Cabinet(database, tmp_path / "spool")
    database.close()
