"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import schemas

settings.register_profile("untimed", deadline=None)  # on a busy machine any example may be slow once
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _schemas_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with schemas.made_once(tmp_path_factory.mktemp("schemas")):
        yield
