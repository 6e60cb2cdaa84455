"""Several processes and threads write at once, and one is killed: nothing acknowledged is ever lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from domain.chain import check_chain
from domain.evidence import Place
from domain.viewings import SHOWN, Deed, Viewing
from storage.database import Database, connect
from storage.database.connection import Engine
from storage.errors import AlreadyOpen
from tests.storage.database.examples import ACTOR, after, batch, begin, copy, run, segment, site, span

ROOT = Path(__file__).parents[3]
EVER = span(0, 1e7)


def writer(url: str, camera: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage.database.writer", url, camera, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_processes_that_begin_on_an_empty_database_at_once_lose_nothing(url: str) -> None:
    cameras = [f"cam-{number}" for number in range(4)]
    processes = [writer(url, camera, 25) for camera in cameras]
    said = [process.communicate(timeout=100)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    database = connect(url)
    for camera, keys in zip(cameras, said, strict=True):
        assert len(keys) == 25
        assert [one.key for one in database.evidence.segments(camera, EVER)] == keys
    assert len(database.evidence.segments_without_copy(Place.S3, 1000)) == 100
    database.close()


def test_what_a_killed_writer_acknowledged_is_there(url: str) -> None:
    process = writer(url, "cam-1", 1_000_000)
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.read().split()
    process.stdout.close()
    process.wait()
    database = connect(url)
    found = [one.key for one in database.evidence.segments("cam-1", EVER)]
    assert len(said) >= 50
    assert found[: len(said)] == said
    assert len(found) <= len(said) + 1, "at most the row whose acknowledgement was under way"
    copies = database.evidence.copies(found)
    assert all(len(copies[key]) == 1 for key in found)
    database.close()


def test_threads_of_one_process_share_a_database(database: Database) -> None:
    cameras = [f"cam-{number}" for number in range(8)]
    begin(database, *(run(f"run-{camera}", camera) for camera in cameras))

    def write(camera: str) -> None:
        for number in range(10):
            one = segment(number, number + 1, camera, f"run-{camera}")
            database.evidence.add_segment(one, copy(one))
            database.evidence.heartbeat("recorder-1", after(number))
            assert database.evidence.segment(one.key) == one

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, cameras))
    assert [len(database.evidence.segments(camera, EVER)) for camera in cameras] == [10] * 8


def test_one_segment_written_by_many_at_once_is_written_once(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    locked = copy(one, Place.S3, "kaojian", version_id="v1", locked_until=after(1e8))

    def write(_: int) -> None:
        database.evidence.add_segment(one, copy(one))
        database.evidence.add_copy(locked)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    assert database.evidence.copies([one.key])[one.key] == [copy(one), locked]
    database.evidence.tombstone_copy(one.key, Place.S3, "kaojian", after(99))
    assert database.evidence.segments_without_copy(Place.S3, 10) == [one], "the copy was counted once"


def test_only_one_of_many_opens_a_sitting(database: Database) -> None:
    database.setup.apply_site(site(), ACTOR, after(0))
    database.setup.apply_batch(batch(), ACTOR, after(0))

    def opened(_: int) -> bool:
        try:
            database.setup.open_sitting("batch-1", 1, after(10), after(12))
        except AlreadyOpen:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(opened, range(12))) == 1


def test_the_same_set_up_applied_by_many_at_once_is_one_revision(database: Database) -> None:
    with ThreadPoolExecutor(6) as pool:
        written = pool.map(lambda _: database.setup.apply_site(site(), ACTOR, after(0)), range(12))
        assert sum(written) == 1


def test_readers_do_not_wait_for_a_writer(sqlite_url: str) -> None:
    database = connect(sqlite_url)
    begin(database)
    writer_of_long_rows = Engine(sqlite_url)
    with writer_of_long_rows.writing():
        assert len(database.evidence.open_runs()) == 1
    writer_of_long_rows.close()
    database.close()


def test_entries_that_come_in_at_once_make_one_chain_in_each_record(database: Database) -> None:
    def add(number: int) -> None:
        database.viewings.add(Viewing(after(number), ACTOR, "auditor", Deed.OPEN, SHOWN))
        database.journal.record(after(number), ACTOR, "act", "subject")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(40)))
    for rows in database.records:
        found = check_chain(rows.name, rows.chain(), [], lambda entry: entry.signature != "")
        assert (found.count, found.faults, found.head) == (40, [], rows.head())
