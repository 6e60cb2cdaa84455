"""`kaojian report --pictures`: footage that is taken away, so written down, and refused before a sitting is over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.s3 import Duty
from config.settings import load
from domain.people import Door
from domain.viewings import SHOWN, Deed
from kaojian import reporting as wiring
from storage.archive import Archive
from storage.database import Database, connect
from storage.signing import Signer
from tests.closed_batches import FIRST, LOCKED_UNTIL, TESTER, ClosedBatches
from tests.kaojian.conftest import Command


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClosedBatches]:
    """A batch that was held in the installation of the settings, over a store in memory."""
    settings = load()
    with closing(connect(settings.database_url)) as database:
        made = ClosedBatches(database, settings.spool_dir, signer=Signer.kept(settings.signing_key_file))
        made.hold(FIRST)

        def archive(_: object, opened: Database, *, duty: Duty) -> Archive:
            assert duty is Duty.READ
            return Archive(opened.evidence, made.objects, made.spool, lambda _: LOCKED_UNTIL, made.clock)

        monkeypatch.setattr(wiring, "open_archive", archive)
        yield made


def test_pictures_are_printed_and_written_down(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    done = kaojian("report", FIRST, "--format", "html", "--pictures", "--out", str(target))
    assert done.code == 0, done.err
    html = target.read_text("utf-8")
    assert re.findall(r'<img src="data:image/jpeg;base64,/9j/', html)
    assert "断档与画面异常截图" in html
    kept = [each.viewing for each in site.database.viewings.latest(10)]
    assert kept and {(each.deed, each.outcome, each.role, each.batch) for each in kept} == {
        (Deed.SAVE, SHOWN, "local", FIRST)
    }
    assert {each.actor.door for each in kept} == {Door.COMMAND_LINE}
    assert {each.purpose for each in kept} == {"report with pictures 带截图的报告"}


def test_without_them_nothing_is_written_down(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert kaojian("report", FIRST, "--format", "html", "--out", str(target)).code == 0
    assert "data:image/jpeg" not in target.read_text("utf-8")
    assert site.database.viewings.latest(10) == []


def test_json_has_no_pictures_and_says_so(kaojian: Command, site: ClosedBatches) -> None:
    done = kaojian("report", FIRST, "--pictures")
    assert done.code != 0
    assert "papers only" in done.err


def test_a_batch_with_a_sitting_that_is_not_closed_is_printed_without_pictures_only(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    setup = site.database.setup
    known, day = setup.batch(FIRST), timedelta(days=1)
    assert known is not None
    plan = known.sittings[0]
    later = replace(plan, number=2, planned_start=plan.planned_start + day, planned_end=plan.planned_end + day)
    setup.apply_batch(replace(known, sittings=(plan, later)), TESTER, site.clock.now())
    target = tmp_path / "report.pdf"
    done = kaojian("report", FIRST, "--format", "pdf", "--pictures", "--out", str(target))
    assert done.code != 0
    assert "is not closed" in done.err
    assert not target.exists()
    assert site.database.viewings.latest(10) == []
