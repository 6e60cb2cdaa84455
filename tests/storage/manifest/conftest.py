"""One site with two closed batches, and an export of the second one, made once for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import connect
from storage.manifest.authority import HttpAuthority
from storage.manifest.exporting import export
from tests.closed_batches import SECOND, ClosedBatches, closed_twice
from tests.fakes.notary import NOTARY
from tests.stamp_authority import StampAuthority, certified, root_of, serving


@pytest.fixture(scope="session")
def stamper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StampAuthority]:
    """The authority that stamped ``site``; honest for all tests."""
    root = root_of()
    folder = tmp_path_factory.mktemp("stamper")
    with serving(StampAuthority(folder, root, certified("test authority", root))) as made:
        yield made


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, stamper: StampAuthority) -> Iterator[ClosedBatches]:
    """Never changed by a test."""
    folder = tmp_path_factory.mktemp("site")
    database = connect(f"sqlite:///{folder / 'kaojian.sqlite3'}", NOTARY)
    yield closed_twice(database, folder / "spool", HttpAuthority(stamper.url, stamper.roots))
    database.close()


@pytest.fixture(scope="session")
def exported(site: ClosedBatches, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untouched export of the second batch; tests copy it before they spoil it."""
    return export_of(site, SECOND, tmp_path_factory.mktemp("export") / "batch")


def export_of(site: ClosedBatches, batch: str, target: Path) -> Path:
    export(site.database, site.archive, batch, target, signer=site.signer, clock=site.clock)
    return target
