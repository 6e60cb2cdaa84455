"""After a crash: what was written is found, closed, claimed once, and what was lost is accounted for."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.evidence import Cause, EndReason, Outage, Place, Recorder, Run
from domain.timeline import Interval
from ingest.bookkeeper import segment_from_file, spool_copy
from ingest.clock import RunClock
from ingest.healing import Healer
from ingest.reconcile import reconcile
from ingest.segmenter import Closed, Fragment, Opened, Segmenter
from ingest.spool import Spool, SpoolBroken, segment_key
from storage.database import Database, connect
from storage.media import TIMESCALE, read_index
from storage.spool_marker import MARKER, Marker, read_marker
from tests.fakes.time import NOON, FakeClock
from tests.ingest.pictures import FPS, GOP, unit
from tests.ingest.test_segmenter import record

DAY = Interval(NOON - timedelta(hours=1), NOON + timedelta(hours=12))
LATER = NOON + timedelta(minutes=5)
LOST_AT = 20
LOSS = NOON + timedelta(seconds=LOST_AT / FPS)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'evidence.sqlite3'}")
    opened.evidence.begin_recorder(Recorder("r1", "host", NOON, NOON + timedelta(seconds=11)))
    opened.evidence.begin_run(Run("run", "cam", "r1", NOON))
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path / "spool", 0)
    made.claim(used=False)
    return made


def _file(seconds: int = 3) -> tuple[bytes, Closed]:
    return record((unit(n) for n in range(seconds * FPS)), segment_s=60).files[0]


def _leave_open(spool: Spool, data: bytes) -> str:
    file = spool.create(segment_key("site/batch/cam", NOON))
    file.append(data)
    file.abandon()
    return file.key


def test_a_torn_file_becomes_a_segment_and_its_run_ends_where_it_ends(database: Database, spool: Spool) -> None:
    data, _ = _file(3)
    key = _leave_open(spool, data[:-100])
    reconcile(database.evidence, spool, LATER)
    (segment,) = database.evidence.segments("cam", DAY)
    assert (segment.key, segment.run, segment.batch) == (key, "run", "batch")
    whole = read_index(io.BytesIO(data)).fragments[:-1]
    assert abs(segment.interval.seconds - sum(each.duration for each in whole) / TIMESCALE) < 0.01
    (run,) = database.evidence.runs("cam", DAY)
    assert run.end_reason is EndReason.RECORDER_KILLED
    assert run.ended == segment.interval.end
    assert [(copy.segment, copy.device) for copy in database.evidence.copies([key])[key]] == [(key, spool.device)]


def test_a_closed_file_whose_row_was_not_written_yet_gets_it(database: Database, spool: Spool) -> None:
    data, facts = _file()
    file = spool.create(segment_key("site/batch/cam", NOON))
    file.append(data)
    file.close()
    assert reconcile(database.evidence, spool, LATER).rows_added == 1
    (segment,) = database.evidence.segments("cam", DAY)
    assert segment.frames == facts.frames
    assert abs((segment.interval.end - facts.interval.end).total_seconds()) < 0.0001


def test_reconciling_twice_changes_nothing(database: Database, spool: Spool) -> None:
    _leave_open(spool, _file()[0])
    reconcile(database.evidence, spool, LATER)
    before = database.evidence.segments("cam", DAY), database.evidence.runs("cam", DAY)
    found = reconcile(database.evidence, spool, LATER)
    assert (found.files_closed, found.rows_added, found.runs_ended, found.outages_ended) == (0, 0, 0, 0)
    assert (database.evidence.segments("cam", DAY), database.evidence.runs("cam", DAY)) == before


def test_a_run_without_a_file_ends_where_it_began(database: Database, spool: Spool) -> None:
    reconcile(database.evidence, spool, LATER)
    assert database.evidence.open_runs() == []
    assert spool.free_bytes() > 0


def test_an_open_outage_ends_at_the_last_heartbeat_since_then_nobody_watched(
    database: Database, spool: Spool
) -> None:
    begun = NOON + timedelta(seconds=5)
    database.evidence.open_outage(Outage("o", "cam", begun, None, Cause.CAMERA_DISCONNECTED))
    reconcile(database.evidence, spool, LATER)
    (outage,) = database.evidence.outages("cam", DAY)
    assert outage.end == NOON + timedelta(seconds=11)


def test_an_open_outage_ends_where_footage_proves_that_it_was_over(database: Database, spool: Spool) -> None:
    begun = NOON - timedelta(seconds=20)
    database.evidence.open_outage(Outage("o", "cam", begun, None, Cause.CAMERA_DISCONNECTED, "", "r1"))
    _leave_open(spool, _file()[0])
    reconcile(database.evidence, spool, LATER)
    (outage,) = database.evidence.outages("cam", DAY)
    (segment,) = database.evidence.segments("cam", DAY)
    assert outage.end == segment.interval.start


def test_a_file_no_run_can_have_written_is_kept_and_not_claimed(tmp_path: Path, spool: Spool) -> None:
    empty = connect(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    key = _leave_open(spool, _file()[0])
    assert reconcile(empty.evidence, spool, LATER).rows_added == 0
    assert (spool.root / key).exists()
    empty.close()


def test_a_file_whose_run_never_reached_the_database_is_claimed_with_a_run_of_its_own(
    database: Database, spool: Spool
) -> None:
    data, facts = _file()
    keys = []
    for camera in ("other", "another"):
        file = spool.create(segment_key(f"site/batch/{camera}", NOON))
        file.append(data)
        keys.append(file.key)
        if camera == "other":
            file.close()
        else:
            file.abandon()
    assert reconcile(database.evidence, spool, LATER).rows_added == 2
    for camera, key in zip(("other", "another"), keys, strict=True):
        (segment,) = database.evidence.segments(camera, DAY)
        (run,) = database.evidence.runs(camera, DAY)
        assert (segment.key, segment.run, segment.frames) == (key, run.id, facts.frames)
        assert (run.recorder, run.started, run.ended) == ("r1", segment.interval.start, segment.interval.end)
        assert run.end_reason is EndReason.RECORDER_KILLED
    assert reconcile(database.evidence, spool, LATER).rows_added == 0


def test_a_file_after_an_untold_pause_is_of_a_connection_that_never_reached_the_database(
    database: Database, spool: Spool
) -> None:
    _, facts = _leave_pause_behind(database, spool, jump=False)
    reconcile(database.evidence, spool, LATER)
    first, second = database.evidence.runs("cam", DAY)
    known, claimed = database.evidence.segments("cam", DAY)
    assert (first.id, first.ended, known.run) == ("run", known.interval.end, "run")
    assert (second.started, second.ended, claimed.run) == (claimed.interval.start, claimed.interval.end, second.id)
    assert (second.recorder, second.end_reason) == ("r1", EndReason.RECORDER_KILLED)
    assert abs((claimed.interval.start - facts.interval.start).total_seconds()) < 0.001
    assert database.evidence.outages("cam", DAY) == []


def test_a_file_that_tells_of_the_hole_before_it_is_of_the_run_that_was_written(
    database: Database, spool: Spool
) -> None:
    hole, _ = _leave_pause_behind(database, spool, jump=True)
    reconcile(database.evidence, spool, LATER)
    (run,) = database.evidence.runs("cam", DAY)
    assert [segment.run for segment in database.evidence.segments("cam", DAY)] == [run.id, run.id]
    (outage,) = database.evidence.outages("cam", DAY)
    assert outage.cause is Cause.NO_DATA
    assert abs((outage.start - hole.start).total_seconds()) < 0.001


def _leave_pause_behind(database: Database, spool: Spool, *, jump: bool) -> tuple[Interval, Closed]:
    """Two files with seconds between them, the first with its row: of one run whose RTP time jumped, or of two."""
    before, after = range(2 * GOP), range(6 * GOP, 8 * GOP)
    if jump:
        files = record((unit(n) for n in (*before, *after)), segment_s=1.5).files
    else:
        files = [record((unit(n) for n in numbers), segment_s=60).files[0] for numbers in (before, after)]
    facts = files[-1][1]
    for number, (data, written) in enumerate(files):
        file = spool.create(segment_key("site/batch/cam", written.interval.start))
        file.append(data)
        closed = file.close()
        if number == 0:
            segment = segment_from_file(spool.read_back(closed.key), run="run", camera="cam", batch="batch")
            database.evidence.add_segment(segment, spool_copy(segment, spool, NOON))
            ended = segment.interval.end
    return Interval(ended, facts.interval.start), facts


def test_files_that_are_none_of_ours_keep_no_recorder_from_starting(database: Database, spool: Spool) -> None:
    (spool.root / "holiday.mp4").write_bytes(b"somebody's film")
    (spool.root / "site" / "batch" / "cam").mkdir(parents=True)
    (spool.root / "site" / "batch" / "cam" / "notes.mp4").write_bytes(_file()[0][:-50])
    (spool.root / "site" / "batch" / "cam" / "folder.mp4.open").mkdir()
    (spool.root / "site" / "batch" / "cam" / "folder.mp4").mkdir()
    (spool.root / "lost.mp4").symlink_to(spool.root / "nowhere")
    data, _ = _file()
    file = spool.create(segment_key("site/batch/cam", NOON))
    file.append(data)
    file.abandon()
    found = reconcile(database.evidence, spool, LATER)
    assert (found.files_closed, found.runs_ended) == (1, 1)
    assert file.key in [segment.key for segment in database.evidence.segments("cam", DAY)]
    assert (spool.root / "holiday.mp4").read_bytes() == b"somebody's film"


def _cut_in_a_loss(until: int) -> bytes:
    """What is on the disk of a run whose packets go missing in its 20th picture, when it is killed at ``until``."""
    clock, segmenter, data = RunClock(), Segmenter(60.0, 1.0), b""
    for n in range(until):
        each = unit(n, lost_packets=2 if n == LOST_AT else 0, damaged=n == LOST_AT)
        for event in segmenter.take(each, clock.stamp(each.rtp_time, each.arrived, each.arrived_monotonic)):
            match event:
                case Opened():
                    data += event.head
                case Fragment():
                    data += event.data
    return data


def test_a_loss_of_packets_that_lasted_when_the_recorder_was_killed_is_no_footage(
    database: Database, spool: Spool
) -> None:
    _leave_open(spool, _cut_in_a_loss(2 * GOP - 1))
    reconcile(database.evidence, spool, LATER)
    (segment,) = database.evidence.segments("cam", DAY)
    (outage,) = database.evidence.outages("cam", DAY)
    assert segment.interval.end > LOSS, "pictures that came damaged must be on the disk, or this proves nothing"
    assert (outage.cause, outage.recorder, outage.end) == (Cause.PACKET_LOSS, "r1", segment.interval.end)
    assert abs((outage.start - LOSS).total_seconds()) < 0.01
    reconcile(database.evidence, spool, LATER)
    assert database.evidence.outages("cam", DAY) == [outage]


@pytest.mark.parametrize("written", [False, True], ids=["its row died too", "its row was written"])
def test_a_loss_that_was_over_when_the_recorder_was_killed_is_told_once(
    database: Database, spool: Spool, written: bool
) -> None:
    _leave_open(spool, _cut_in_a_loss(4 * GOP))
    known = Outage("known", "cam", LOSS, NOON + timedelta(seconds=2), Cause.PACKET_LOSS, "", "r1")
    if written:
        database.evidence.open_outage(known)
    reconcile(database.evidence, spool, LATER)
    (outage,) = database.evidence.outages("cam", DAY)
    assert (outage.id == "known") is written
    assert abs((outage.start - known.start).total_seconds()) < 0.01
    assert outage.end is not None
    assert known.end is not None
    assert abs((outage.end - known.end).total_seconds()) < 0.01


def test_a_file_that_got_its_row_just_before_the_kill_tells_of_the_loss_that_had_none(
    database: Database, spool: Spool
) -> None:
    _leave_open(spool, _cut_in_a_loss(2 * GOP - 1))
    closed = spool.recover(spool.left_open()[0])
    assert closed is not None
    segment = segment_from_file(closed, run="run", camera="cam", batch="batch")
    database.evidence.add_segment(segment, spool_copy(segment, spool, NOON))
    reconcile(database.evidence, spool, LATER)
    (outage,) = database.evidence.outages("cam", DAY)
    assert outage.end == segment.interval.end


def _close_file(spool: Spool, camera: str = "cam") -> str:
    file = spool.create(segment_key(f"site/batch/{camera}", NOON))
    file.append(_file()[0])
    return file.close().key


def test_a_copy_whose_file_is_gone_gets_its_tombstone_once(database: Database, spool: Spool) -> None:
    key = _close_file(spool)
    reconcile(database.evidence, spool, LATER)
    (spool.root / key).unlink()
    assert reconcile(database.evidence, spool, LATER).copies_gone == 1
    assert [copy.removed for copy in database.evidence.copies([key])[key]] == [LATER]
    assert reconcile(database.evidence, spool, LATER + timedelta(minutes=1)).copies_gone == 0


def test_an_empty_folder_where_a_spool_was_is_a_disk_that_is_not_mounted(database: Database, spool: Spool) -> None:
    key = _close_file(spool)
    reconcile(database.evidence, spool, LATER)
    aside = spool.root.rename(spool.root.with_name("unmounted"))
    spool.root.mkdir()
    unmounted = Spool(spool.root, 0)
    assert reconcile(database.evidence, unmounted, LATER).copies_gone == 0
    assert [copy.removed for copy in database.evidence.copies([key])[key]] == [None]
    for _ in range(2):
        with pytest.raises(SpoolBroken, match="not mounted"):
            unmounted.require_room()
    assert list(spool.root.iterdir()) == []
    spool.root.rmdir()
    aside.rename(spool.root)
    unmounted.require_room()


def test_a_spool_that_is_unmounted_while_it_is_used_takes_no_file(spool: Spool) -> None:
    spool.require_room()
    spool.root.rename(spool.root.with_name("unmounted"))
    spool.root.mkdir()
    with pytest.raises(SpoolBroken, match="not mounted"):
        spool.create(segment_key("site/batch/cam", NOON))
    Spool(spool.root, 0).claim(used=False)
    with pytest.raises(SpoolBroken, match="another spool"):
        spool.create(segment_key("site/batch/cam", NOON))


def test_a_spool_from_before_there_were_markers_is_known_by_its_files(database: Database, spool: Spool) -> None:
    _close_file(spool)
    reconcile(database.evidence, spool, LATER)
    (spool.root / MARKER).unlink()
    reconcile(database.evidence, again := Spool(spool.root, 0), LATER)
    again.require_room()


def test_what_belongs_to_another_recorder_is_left_alone(database: Database, spool: Spool) -> None:
    evidence = database.evidence
    evidence.begin_recorder(Recorder("r2", "elsewhere", NOON, NOON + timedelta(seconds=20)))
    evidence.begin_run(Run("theirs", "theirs", "r2", NOON))
    evidence.begin_run(Run("cam-there", "cam", "r2", NOON))
    evidence.open_outage(Outage("o", "cam", NOON, None, Cause.NO_DATA, recorder="r2"))
    key = _close_file(spool, "theirs")
    _leave_open(spool, _file()[0])
    found = reconcile(evidence, spool, LATER, owns=lambda camera: camera == "cam", host="host")
    assert (found.files_closed, found.rows_added, found.runs_ended) == (1, 1, 1)
    assert {run.id for run in evidence.open_runs()} == {"theirs", "cam-there"}
    assert {recorder.id: recorder.ended is None for recorder in evidence.recorders()} == {"r1": False, "r2": True}
    assert [outage.id for outage in evidence.open_outages()] == ["o"]
    assert evidence.segment(key) is None
    (segment,) = evidence.segments("cam", DAY)
    assert segment.run == "run"


def test_of_a_file_torn_in_two_spools_the_longer_is_closed_and_the_other_mended(
    database: Database, spool: Spool, tmp_path: Path
) -> None:
    second = Spool(tmp_path / "second", 0)
    data, _ = _file(3)
    _leave_open(spool, data[: len(data) // 2])
    key = _leave_open(second, data[:-100])
    found = reconcile(database.evidence, spool, LATER, second=second)
    assert (found.files_closed, found.rows_added) == (1, 1)
    assert found.bytes_cut > 0
    (segment,) = database.evidence.segments("cam", DAY)
    healer = Healer(database.evidence, [spool, second], FakeClock(LATER))
    assert healer.round() == 1
    assert healer.round() == 0
    targets = [(copy.target, copy.removed) for copy in database.evidence.copies([key])[key]]
    assert targets == [(str(second.root), None), (str(spool.root), None)]
    assert spool.sha256(key) == second.sha256(key) == segment.sha256
    assert spool.left_open() == second.left_open() == []


def test_a_damaged_file_is_never_taken_for_a_copy(database: Database, spool: Spool, tmp_path: Path) -> None:
    second = Spool(tmp_path / "second", 0)
    key = _close_file(spool)
    reconcile(database.evidence, spool, LATER, second=second)
    data = bytearray((spool.root / key).read_bytes())
    data[-20] ^= 1
    (spool.root / key).write_bytes(data)
    assert Healer(database.evidence, [spool, second], FakeClock(LATER)).round() == 0
    assert second.closed() == []
    assert [copy.target for copy in database.evidence.copies([key])[key]] == [str(spool.root)]


def _at_the_same_path(database: Database, spool: Spool, tmp_path: Path) -> tuple[Spool, str, str]:
    """A spool of recorder ``host`` and one of ``elsewhere`` at the same path, each with a file; theirs is mounted."""
    evidence = database.evidence
    evidence.begin_recorder(Recorder("r2", "elsewhere", NOON, NOON + timedelta(seconds=20)))
    evidence.begin_run(Run("theirs", "theirs", "r2", NOON))
    ours = Spool(spool.root, 0, owner="host")
    key = _close_file(spool)
    reconcile(evidence, ours, LATER, host="host", owns=lambda camera: camera == "cam")
    spool.root.rename(tmp_path / "ours")
    theirs = Spool(spool.root, 0, owner="elsewhere")
    other = _close_file(theirs, "theirs")
    return theirs, key, other


def test_two_hosts_with_a_spool_at_the_same_path_leave_each_other_s_copies_alone(
    database: Database, spool: Spool, tmp_path: Path
) -> None:
    theirs, key, other = _at_the_same_path(database, spool, tmp_path)
    assert reconcile(database.evidence, theirs, LATER, host="elsewhere").copies_gone == 0
    copies = database.evidence.copies([key, other])
    assert [copy.removed for found in copies.values() for copy in found] == [None, None]
    assert len({copy.spool for found in copies.values() for copy in found}) == 2


def test_a_spool_of_another_recorder_is_refused_by_name_and_left_as_it_is(
    database: Database, spool: Spool, tmp_path: Path
) -> None:
    theirs, key, _ = _at_the_same_path(database, spool, tmp_path)
    mine = Spool(theirs.root, 0, owner="host")
    before = sorted(path.name for path in theirs.root.rglob("*"))
    assert reconcile(database.evidence, mine, LATER, host="host").copies_gone == 0
    with pytest.raises(SpoolBroken, match=r"is the spool of recorder elsewhere, and this is host: .* second line"):
        mine.create(segment_key("site/batch/cam", LATER))
    assert sorted(path.name for path in theirs.root.rglob("*")) == before
    assert [copy.removed for copy in database.evidence.copies([key])[key]] == [None]


def test_a_marker_from_before_there_were_owners_gets_its_recorder_and_old_rows_their_spool(
    database: Database, spool: Spool
) -> None:
    evidence = database.evidence
    evidence.begin_recorder(Recorder("r2", "elsewhere", NOON, NOON + timedelta(seconds=20)))
    evidence.begin_run(Run("theirs", "theirs", "r2", NOON))
    (spool.root / MARKER).write_text("0123456789abcdef")
    spool = Spool(spool.root, 0)
    for camera, run in (("cam", "run"), ("theirs", "theirs")):
        closed = spool.read_back(_close_file(spool, camera))
        old = segment_from_file(closed, run=run, camera=camera, batch="batch")
        evidence.add_segment(old, replace(spool_copy(old, spool, NOON), spool=""))
        (spool.root / old.key).unlink()
    assert reconcile(evidence, Spool(spool.root, 0, owner="host"), LATER, host="host").copies_gone == 1
    assert read_marker(spool.root) == Marker("0123456789abcdef", "host")
    found = {copy.spool: copy.removed for rows in evidence.copies(_keys("cam", "theirs")).values() for copy in rows}
    assert found == {"0123456789abcdef": LATER, "": None}


def test_an_empty_marker_says_that_all_of_the_spool_that_was_there_is_gone(database: Database, spool: Spool) -> None:
    key = _close_file(spool)
    reconcile(database.evidence, spool, LATER)
    (spool.root / key).unlink()
    (spool.root / MARKER).write_text("")
    new = Spool(spool.root, 0)
    assert reconcile(database.evidence, new, LATER).copies_gone == 1
    assert new.name == spool.name


def _keys(*cameras: str) -> list[str]:
    return [segment_key(f"site/batch/{camera}", NOON) for camera in cameras]


def test_a_file_whose_segment_came_back_from_the_object_store_gets_its_row(database: Database, spool: Spool) -> None:
    """A spool outlived the database, which was rebuilt: its segment is known, and no spool of it."""
    _leave_open(spool, _file(3)[0])
    reconcile(database.evidence, spool, LATER)
    (segment,) = database.evidence.segments("cam", DAY)
    file = database.evidence.copies([segment.key])[segment.key][0]
    stored = replace(file, place=Place.S3, target="bucket", version_id="1", device="s3", spool="")
    with closing(connect(f"sqlite:///{spool.root.parent / 'rebuilt.sqlite3'}")) as rebuilt:
        recorder = Recorder("adopted-1", "host", segment.interval.start, segment.interval.end, segment.interval.end)
        run = Run("run", "cam", recorder.id, segment.interval.start, segment.interval.end, EndReason.RECORDER_KILLED)
        rebuilt.evidence.adopt_recorder(recorder)
        rebuilt.evidence.adopt_segment(segment, run, [stored], None)
        reconcile(rebuilt.evidence, spool, LATER)
        assert [copy.place for copy in rebuilt.evidence.copies([segment.key])[segment.key]] == [Place.S3, Place.SPOOL]
        reconcile(rebuilt.evidence, spool, LATER)
        assert len(rebuilt.evidence.copies([segment.key])[segment.key]) == 2


def test_a_file_with_other_bytes_than_the_segment_that_came_back_gets_none(database: Database, spool: Spool) -> None:
    _leave_open(spool, _file(3)[0])
    reconcile(database.evidence, spool, LATER)
    (segment,) = database.evidence.segments("cam", DAY)
    other = replace(segment, sha256="ab" * 32)
    with closing(connect(f"sqlite:///{spool.root.parent / 'rebuilt.sqlite3'}")) as rebuilt:
        recorder = Recorder("adopted-1", "host", segment.interval.start, segment.interval.end, segment.interval.end)
        rebuilt.evidence.adopt_recorder(recorder)
        rebuilt.evidence.adopt_segment(other, Run("run", "cam", recorder.id, NOON, NOON), [], None)
        reconcile(rebuilt.evidence, spool, LATER)
        assert rebuilt.evidence.copies([segment.key])[segment.key] == []
