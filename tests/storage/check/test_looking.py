"""Rows, spool and store are looked through in both directions, and what stands makes good what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from domain.evidence import Copy, Place, Run, Segment, SegmentState
from domain.holds import Order
from domain.timeline import Interval
from storage.archive import RetentionUnknown
from storage.check.comparing import Finding, Wrong
from storage.check.looking import SETTLES_S, Check
from storage.database import Database, connect
from storage.objects import ObjectsUnavailable
from tests.closed_batches import DAY, FIRST, LOCKED_UNTIL, SECOND, SPOOL, START, TESTER, ClosedBatches, closed_twice
from tests.disposals import ExpiredBatches
from tests.fakes.notary import NOTARY
from tests.fakes.time import NOON


class Site:
    """Two closed batches, and a check of all that there is of them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.file = folder / "kaojian.db"
        self.made: ClosedBatches = closed_twice(database, folder / "spool")
        self.database, self.objects, self.archive = self.made.database, self.made.objects, self.made.archive
        self.key = f"sg-001/{FIRST}/c2/20260501T010000.000000Z.mp4"
        self.waits: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def check(self, *, mending: bool = False, every_byte: bool = False) -> Check:
        return Check(
            self.database,
            self.archive,
            [self.objects],
            [self.made.spool],
            mending=mending,
            every_byte=every_byte,
            clock=self.made.clock,
            wait=self.wait,
        )

    def found(self, *, every_byte: bool = False) -> list[tuple[Wrong, str]]:
        return [(each.what, each.subject) for each in self.check(every_byte=every_byte).findings()]

    def mended(self) -> list[Finding]:
        return list(self.check(mending=True).findings())

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.meanwhile()

    def copies(self, key: str = "") -> dict[Place, Copy]:
        rows = self.database.evidence.copies([key or self.key])[key or self.key]
        return {row.place: row for row in rows if row.removed is None}

    def stored_without_row(self) -> Segment:
        """A file of an hour later that an uploader had stored when it was killed."""
        span = Interval(START + timedelta(hours=1), START + timedelta(hours=1, seconds=4))
        run = Run("run-late", "c2", f"life-{FIRST}", span.start)
        self.database.evidence.begin_run(run)
        late = self.made.add(FIRST, "c2", run.id, span, keeps=False)
        self.objects.put(late.key, self.made.spool / late.key, late.sha256, LOCKED_UNTIL)
        return late

    def triggers(self, table: str) -> list[str]:
        engine = sa.create_engine(f"sqlite:///{self.file}")
        with engine.connect() as connection:
            named = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
            found = [row.name for row in connection.execute(named, {"table": table})]
        engine.dispose()
        return found

    def sql(self, text: str, **values: object) -> None:
        engine = sa.create_engine(f"sqlite:///{self.file}")
        with engine.begin() as connection:
            connection.execute(sa.text(text), values)
        engine.dispose()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    site = Site(database, tmp_path)
    yield site
    database.close()


def test_what_recorder_uploader_and_closing_leave_agrees(site: Site) -> None:
    check = site.check(every_byte=True)
    assert list(check.findings()) == []
    assert site.waits == []
    seen = check.seen
    assert (seen.segments, seen.files, seen.objects, seen.elsewhere) == (18, 18, 18, 0)


def test_a_file_that_is_gone_is_found_given_up_and_made_good_from_the_store(site: Site) -> None:
    (site.made.spool / site.key).unlink()
    assert site.found() == [(Wrong.FILE_MISSING, site.key)]
    assert Place.SPOOL in site.copies()
    (finding,) = site.mended()
    assert finding.mended == "written down as lost; another one is made of the 1 left"
    assert site.found() == []
    assert [each.state for each in site.database.evidence.lost_copies(NOON - DAY, 9)] == [SegmentState.MISSING]


def test_an_object_that_is_gone_is_given_up_and_stored_anew_from_the_spool(site: Site) -> None:
    site.objects.destroy(site.key)
    assert site.found() == [(Wrong.OBJECT_MISSING, site.key)]
    assert not site.mended()[0].stands
    assert list(site.copies()) == [Place.SPOOL]
    assert site.archive.keep_pending().kept == (site.key,)
    assert site.found() == []


def test_what_is_lost_everywhere_is_written_down_as_lost_and_never_dropped(site: Site) -> None:
    site.objects.destroy(site.key)
    (site.made.spool / site.key).unlink()
    assert [each.what for each in site.mended()] == [Wrong.FILE_MISSING, Wrong.OBJECT_MISSING]
    assert site.database.evidence.observations([site.key])[site.key].state is SegmentState.MISSING
    assert site.database.evidence.segment(site.key) is not None
    assert site.found() == []


def test_a_flipped_byte_is_found_where_every_byte_is_read(site: Site) -> None:
    site.objects.flip_a_byte(site.key)
    assert site.found() == []
    assert site.found(every_byte=True) == [(Wrong.OBJECT_DIFFERS, site.key)]
    mending = site.check(mending=True, every_byte=True)
    assert [each.stands for each in mending.findings()] == [False]
    assert list(site.copies()) == [Place.SPOOL]


def test_a_place_that_does_not_answer_ends_the_check_and_gives_nothing_up(site: Site) -> None:
    site.objects.down = True
    with pytest.raises(ObjectsUnavailable):
        site.mended()
    assert set(site.copies()) == {Place.SPOOL, Place.S3}


def test_a_spool_that_is_not_mounted_has_lost_nothing(site: Site, tmp_path: Path) -> None:
    site.made.spool.rename(tmp_path / "away")
    site.made.spool.mkdir()
    check = site.check(mending=True)
    assert list(check.findings()) == []
    assert check.seen.elsewhere == 18
    assert Place.SPOOL in site.copies()


def test_a_file_without_a_row_is_told_and_left(site: Site) -> None:
    key = f"sg-001/{FIRST}/c9/20260501T010000.000000Z.mp4"
    path = site.made.spool / key
    path.parent.mkdir()
    path.write_bytes(b"footage")
    (finding,) = site.mended()
    assert (finding.what, finding.subject, finding.where) == (Wrong.FILE_UNKNOWN, key, str(site.made.spool))
    assert not finding.stands
    assert path.read_bytes() == b"footage"


def test_a_batch_of_which_only_places_know_is_looked_at_too(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "film"
    file.write_bytes(b"footage")
    key = "sg-001/2026-0999/c1/20260501T010000.000000Z.mp4"
    site.objects.put(key, file, sha256(b"footage").hexdigest(), LOCKED_UNTIL)
    assert site.found() == [(Wrong.OBJECT_UNKNOWN, key)]


def test_an_object_whose_row_was_never_written_is_read_back_and_gets_it(site: Site) -> None:
    late = site.stored_without_row()
    assert site.found() == [(Wrong.OBJECT_UNNOTED, late.key), (Wrong.NOT_STATED, late.key)]
    first = site.mended()[0]
    assert first.mended == "read back and written down"
    assert site.copies(late.key)[Place.S3].locked_until == LOCKED_UNTIL
    assert site.found() == [(Wrong.NOT_STATED, late.key)]


def test_a_wrong_object_without_a_row_gets_none(site: Site) -> None:
    late = site.stored_without_row()
    site.objects.flip_a_byte(late.key)
    (first, _) = site.mended()
    assert (first.what, first.mended) == (Wrong.OBJECT_UNNOTED, "")
    assert Place.S3 not in site.copies(late.key)


def test_a_lock_that_is_too_short_is_lengthened_and_a_hold_is_set(site: Site) -> None:
    site.made.archive._retain_until = lambda _: LOCKED_UNTIL + DAY
    assert {what for what, _ in site.found()} == {Wrong.LOCK_SHORT}
    assert not [each for each in site.mended() if each.stands]
    assert site.found() == []
    assert site.copies()[Place.S3].locked_until == LOCKED_UNTIL + DAY
    site.database.holds.add(SECOND, Order(site.made.clock.now(), TESTER, "投诉核查"))
    site.made.archive._held = site.database.holds.standing
    assert {what for what, _ in site.found()} == {Wrong.HOLD_DIFFERS}
    assert len(site.mended()) == 9
    assert site.found() == []


def test_a_batch_without_a_plan_is_told_once(site: Site) -> None:
    def unknown(batch: str) -> None:
        raise RetentionUnknown(f"batch {batch} has no sitting")

    site.made.archive._retain_until = unknown  # type: ignore[assignment]
    assert site.found() == [(Wrong.NO_PLAN, FIRST), (Wrong.NO_PLAN, SECOND)]


def test_counters_that_are_wrong_are_counted_anew(site: Site) -> None:
    site.sql("UPDATE segments SET copies_s3 = 0, observations = 7 WHERE key = :key", key=site.key)
    assert site.found() == [(Wrong.MISCOUNTED, site.key)]
    assert site.mended()[0].mended == "counted anew"
    assert site.found() == []
    assert site.archive.keep_pending().kept == ()


def test_a_row_that_somebody_deleted_is_missed_by_manifest_and_places(site: Site) -> None:
    for table, column in (("observations", "segment"), ("copies", "segment"), ("segments", "key")):
        for name in site.triggers(table):
            site.sql(f"DROP TRIGGER {name}")
        site.sql(f"DELETE FROM {table} WHERE {column} = :key", key=site.key)  # noqa: S608
    assert site.found() == [
        (Wrong.FILE_UNKNOWN, site.key),
        (Wrong.OBJECT_UNKNOWN, site.key),
        (Wrong.ROW_MISSING, site.key),
    ]


def test_what_was_signed_and_is_not_in_the_store_is_brought_there(site: Site) -> None:
    signed = sorted(site.objects.keys(".manifests/"))
    for key in signed[:2]:
        site.objects.destroy(key)
    assert site.found() == [(Wrong.NOT_UNDER_LOCK, key) for key in signed[:2]]
    assert not [each for each in site.mended() if each.stands]
    assert site.found() == []


def test_what_was_only_on_its_way_is_not_told(site: Site) -> None:
    path = site.made.spool / site.key
    path.rename(path.with_suffix(".away"))
    site.meanwhile = lambda: path.with_suffix(".away").rename(path)
    assert site.found() == []
    assert site.waits == [SETTLES_S]


def test_without_an_object_store_rows_and_spools_are_compared(site: Site) -> None:
    check = Check(site.database, site.archive, [], [site.made.spool], wait=site.wait)
    assert list(check.findings()) == []
    assert (check.seen.files, check.seen.objects, check.seen.elsewhere) == (18, 0, 18)
    assert {copy.spool for copy in site.copies().values()} == {SPOOL, ""}


def test_what_was_disposed_of_by_order_is_not_missed(tmp_path: Path) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)) as database:
        expired = ExpiredBatches(database, tmp_path / "spool")
        approved = expired.approved(FIRST)
        expired.carry_out(approved)
        check = Check(database, expired.archive, [expired.objects], [expired.spool], wait=lambda _: None)
        assert [each.what for each in check.findings() if each.stands] == []
        assert check.seen.files == check.seen.objects == 9
