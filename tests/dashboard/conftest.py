"""One exam for all tests of this room: it is only read, except where a test holds its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.app import create_app
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import Exam, hold_exam
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER


@pytest.fixture(scope="session")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    folder = tmp_path_factory.mktemp("exam")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))
    yield hold_exam(database, folder / "spool")
    database.close()


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built page, as far as the server cares."""
    folder = tmp_path_factory.mktemp("built") / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>", "utf-8")
    (folder / "assets" / "app-1.js").write_text("1", "utf-8")
    (folder.parent / "secret.txt").write_text("not for you", "utf-8")
    return folder


@pytest.fixture(scope="session")
def api(exam: Exam, page: Path) -> Iterator[httpx.Client]:
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, page)
    with client(app) as talking:
        yield talking
