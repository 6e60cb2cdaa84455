"""Footage given away at the command line: refused before the sitting is closed, and in the record either way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.access import local
from dashboard.access.errors import HeldBack
from domain.chain import Record
from domain.people import Door
from domain.timeline import Interval
from domain.viewings import Viewing
from storage.audit.checking import Vouchers, check
from storage.audit.notary import SEALS, Notary
from storage.database import connect
from storage.errors import SealRefused
from tests.dashboard.exam import BATCH, TESTER, WINDOW, Exam, hold_exam
from tests.fakes.notary import SIGNER


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Exam]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    yield hold_exam(database, tmp_path / "spool", closed=False)
    database.close()


def kept(exam: Exam) -> list[Viewing]:
    return [each.viewing for each in exam.database.viewings.latest(100, None, frozenset())]


def test_what_the_command_line_gives_away_is_in_the_record_or_stays_where_it_is(
    running: Exam, tmp_path: Path
) -> None:
    seals = tmp_path / Record.VIEWINGS / SEALS
    segments = running.segments("A-cam-1")[:2]

    def give() -> None:
        local.give(running.database, running.clock, TESTER, segments, purpose="复核")

    with pytest.raises(HeldBack):
        give()
    (refused,) = kept(running)
    assert (refused.outcome, refused.span, refused.purpose) == ("held-back", segments[0].interval, "复核")
    running.database.setup.close_sitting(BATCH, 1, WINDOW.end, WINDOW.end)
    give()
    shown = kept(running)[0]
    assert (shown.batch, shown.camera) == (BATCH, "A-cam-1")
    assert shown.span == Interval(segments[0].interval.start, segments[1].interval.end)
    told = (shown.actor.name, shown.actor.door, shown.role, shown.outcome)
    assert told == ("local:tester", Door.COMMAND_LINE, "local", "shown")
    assert not check(running.database.viewings, Vouchers(tmp_path, [SIGNER.public])).chain.faults
    seals.unlink()
    seals.mkdir()
    with pytest.raises(SealRefused):
        give()
