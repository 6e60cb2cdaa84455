"""What trials recorded goes after some days, or once the disk is short, with its tombstone; nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.evidence import TRIALS, Segment
from ingest.reconcile import reconcile
from ingest.spool import Spool
from ingest.trial_files import KEPT, KEPT_IF_SHORT, TrialFiles
from storage.archive import Archive, NotKept
from storage.check.looking import Check
from storage.database import Database, connect
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.ingest.test_eviction import FILE_BYTES, SmallDisk, _KilledError
from tests.storage.footage import Footage

UNTIL = NOON + timedelta(days=1095)


@dataclass
class Morning:
    """Two files of trials and one of an exam between them."""

    database: Database
    spool: Spool
    disk: SmallDisk
    clock: FakeClock
    objects: MemoryObjects
    archive: Archive
    trials: list[Segment]
    exam: Segment

    def files(self) -> TrialFiles:
        return TrialFiles(self.database.evidence, self.spool, self.clock)

    def held(self) -> list[bool]:
        return [self.spool.holds(each.key) for each in (*self.trials, self.exam)]

    def checked(self) -> list[str]:
        check = Check(self.database, self.archive, [self.objects], [self.spool.root], wait=lambda _: None)
        return [f"{each.what} {each.subject}" for each in check.findings()]


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Morning]:
    database = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}", NOTARY)
    root, clock = tmp_path / "spool", FakeClock()
    footage = Footage(database, root)
    trials = [footage.close_segment(minute, batch=TRIALS) for minute in (0, 2)]
    exam = footage.close_segment(1)
    objects = MemoryObjects(clock=clock)
    disk = SmallDisk(100 * FILE_BYTES)
    archive = Archive(database.evidence, objects, root, lambda _: UNTIL, clock)
    yield Morning(database, Spool(root, 100, disk), disk, clock, objects, archive, trials, exam)
    database.close()


def test_no_trial_is_ever_stored_or_locked(morning: Morning) -> None:
    with pytest.raises(NotKept):
        morning.archive.keep(morning.trials[0])
    assert morning.archive.keep_pending().kept == (morning.exam.key,)
    assert morning.archive.keep_pending().kept == ()
    assert [each.key for each in morning.objects.versions("")] == [morning.exam.key]


def test_a_trial_is_part_of_no_manifest_and_lies_apart_from_every_batch(morning: Morning) -> None:
    assert [each.key for each, _ in morning.database.evidence.segments_of("batch-1")] == [morning.exam.key]
    assert all(each.key.split("/")[1] == TRIALS and each.is_trial for each in morning.trials)
    assert not morning.exam.is_trial


def test_what_is_younger_than_a_week_stays_while_there_is_room(morning: Morning) -> None:
    morning.clock.advance(KEPT.total_seconds())
    assert morning.files().round() == 0
    assert morning.held() == [True, True, True]


def test_what_is_older_goes_with_a_tombstone_and_the_check_has_nothing_to_say(morning: Morning) -> None:
    morning.archive.keep_pending()
    morning.clock.advance(KEPT.total_seconds() + 60)
    with capture_logs() as logs:
        assert morning.files().round() == 1
    assert morning.held() == [False, True, True]
    assert [each["event"] for each in logs] == ["trial_files_removed"]
    (copy,) = morning.database.evidence.copies([morning.trials[0].key])[morning.trials[0].key]
    assert copy.removed == morning.clock.now()
    assert morning.database.evidence.segment(morning.trials[0].key) == morning.trials[0]
    assert morning.checked() == []


def test_a_short_disk_gives_up_trials_that_are_over_and_no_exam(morning: Morning) -> None:
    morning.clock.advance(KEPT_IF_SHORT.total_seconds() + 60)
    assert morning.files().round() == 0
    morning.disk.capacity_bytes = 2 * FILE_BYTES
    assert morning.files().round() == 1
    assert morning.held() == [False, True, True]
    morning.clock.advance(600)
    assert morning.files().round() == 1
    assert morning.held() == [False, False, True]


def test_only_files_of_ones_own_cameras_go(morning: Morning) -> None:
    morning.clock.advance(KEPT.total_seconds() + 600)
    assert TrialFiles(morning.database.evidence, morning.spool, morning.clock, lambda _: False).round() == 0
    assert morning.held() == [True, True, True]


def test_a_kill_between_tombstone_and_file_loses_no_account_of_it(morning: Morning) -> None:
    morning.clock.advance(KEPT.total_seconds() + 60)
    morning.disk.kills_at = "remove"
    with pytest.raises(_KilledError):
        morning.files().round()
    morning.disk.kills_at = ""
    reconcile(morning.database.evidence, morning.spool, morning.clock.now())
    assert morning.files().round() == 1
    assert morning.held() == [False, True, True]
