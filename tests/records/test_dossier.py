"""Filing scans: locked in every store before they are on record, once, corrected with a reason, held."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from domain.dossier import Item
from domain.timeline import rfc3339
from records import dossier, holding
from records.errors import DossierRefused, ImpossibleTime, NoReason, NoSuchScan, RecordsError
from records.roll import Desk
from storage.archive import RetentionUnknown
from storage.database import Database
from storage.errors import StorageError, UnknownBatch, UnknownSitting
from storage.mirroring import Mirror
from storage.objects import NotLocked, ObjectDamaged, ObjectsUnavailable
from storage.scans import Answer, NoScanAnswers, batch_of
from tests.closed_batches import DAY, FIRST, START, TESTER
from tests.fakes.objects import MemoryObjects
from tests.records.dossiers import PRACTICAL, THEORY, UNTIL, Dossiers, jpeg, pdf


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Dossiers:
    return Dossiers(database, tmp_path / "spool")


@pytest.fixture
def twice(database: Database, tmp_path: Path) -> Dossiers:
    """The same with two stores."""
    return Dossiers(database, tmp_path / "spool", second=MemoryObjects(target="second"))


def copies(site: Dossiers) -> list[tuple[str, str]]:
    return [(each.thing.bucket, each.thing.version_id) for each in dossier.copies_of(site.database, FIRST)]


def test_a_scan_lies_under_lock_in_every_store_before_it_is_on_record(twice: Dossiers) -> None:
    entry = twice.file(Item.SCORE_SHEETS, pdf("x"), "实操", 1)
    scan = entry.thing
    assert (scan.number, scan.subject, scan.sitting, scan.sha256) == (1, "实操", 1, sha256(pdf("x")).hexdigest())
    assert (entry.name, entry.mark) == (f"dossier_scan/{FIRST}/000001@1", scan.sha256)
    key = f".dossiers/sg-001/{FIRST}/{scan.sha256}.pdf"
    assert batch_of(key) == FIRST
    assert twice.second is not None
    for store in (twice.objects, twice.second):
        assert store.stat(key).locked_until == UNTIL
    found = [each.thing for each in dossier.copies_of(twice.database, FIRST)]
    assert [(each.bucket, each.key, each.locked_until) for each in found] == [
        ("memory", key, UNTIL),
        ("second", key, UNTIL),
    ]
    assert list(twice.database.register.unlike_the_journal()) == []
    assert twice.database.journal.entries(1)[0].act == "file_scan"


def test_the_same_file_twice_changes_nothing(site: Dossiers) -> None:
    first = site.file(data=pdf("x"))
    before = site.entries()
    site.clock.advance(60)
    assert site.file(data=pdf("x")) == first
    assert site.entries() == before
    assert site.file(Item.ROOM_RECORD, pdf("x")).thing.number == 2  # one paper may be two items
    assert len(copies(site)) == 1


def test_a_corrected_scan_is_a_revision_with_a_reason_and_the_old_one_stays(site: Dossiers) -> None:
    site.file(data=pdf("crooked"))
    with pytest.raises(NoReason):
        site.file(data=pdf("straight"), replaces=1, reason=" ")
    with pytest.raises(NoSuchScan):
        site.file(data=pdf("straight"), replaces=7, reason="扫描歪斜")
    later = site.file(data=pdf("straight"), replaces=1, reason="扫描歪斜")
    assert (later.thing.number, later.revision, later.reason) == (1, 2, "扫描歪斜")
    assert len(copies(site)) == 2
    assert {site.objects.stat(key).locked_until for key in site.objects.keys(".dossiers/")} == {UNTIL}
    assert [each.thing.number for each in dossier.scans_of(site.database, FIRST)] == [1]
    moved = site.file(Item.ROOM_RECORD, pdf("straight"), sitting=1, replaces=1, reason="材料类别有误")
    assert (moved.thing.item, moved.revision) == (Item.ROOM_RECORD, 3)


@pytest.mark.parametrize(
    ("told", "data", "error"),
    [
        (dossier.Told(Item.FOOTAGE), pdf(), DossierRefused),
        (dossier.Told(Item.ROSTER), b"PK\3\4", DossierRefused),
        (dossier.Told(Item.ROSTER, "实操"), pdf(), DossierRefused),
        (dossier.Told(Item.ROSTER, sitting=1), pdf(), DossierRefused),
        (dossier.Told(Item.ROOM_RECORD, "实操"), pdf(), DossierRefused),
        (dossier.Told(Item.PAPERS, "焊接"), pdf(), DossierRefused),
        (dossier.Told(Item.PAPERS, "实操", 9), pdf(), UnknownSitting),
    ],
    ids=range(7),
)
def test_what_cannot_be_filed_is_refused_and_leaves_nothing_behind(
    site: Dossiers, told: dossier.Told, data: bytes, error: type[Exception]
) -> None:
    site.set_norm(PRACTICAL, THEORY)
    before = site.entries()
    with pytest.raises(error) as refused:
        dossier.file_scan(site.desk, site.archive, FIRST, told, data)
    assert str(refused.value)
    assert site.entries() == before
    assert not site.objects.keys(".dossiers/")


def test_pages_are_counted_from_one_and_a_picture_has_one(site: Dossiers) -> None:
    for data, pages in ((pdf(), 0), (pdf(), 10_001), (jpeg(), 2)):
        told = dossier.Told(Item.ROSTER, pages=pages)
        with pytest.raises(DossierRefused, match="页"):
            dossier.file_scan(site.desk, site.archive, FIRST, told, data)
    assert dossier.scans_of(site.database, FIRST) == []


def test_nothing_of_an_exam_is_filed_before_it_begins_and_the_roster_is(site: Dossiers) -> None:
    early = Desk(site.database, TESTER, START - DAY)
    for item in (Item.PAPERS, Item.ROOM_RECORD):
        with pytest.raises(ImpossibleTime, match=rfc3339(START)):
            dossier.file_scan(early, site.archive, FIRST, dossier.Told(item), pdf())
    assert dossier.file_scan(early, site.archive, FIRST, dossier.Told(Item.ROSTER), pdf()).thing.number == 1
    with pytest.raises(UnknownBatch):
        dossier.file_scan(early, site.archive, "no-batch", dossier.Told(Item.ROSTER), pdf())


def test_nothing_is_on_record_while_one_store_is_away_and_the_next_try_adopts_what_lies_there(
    twice: Dossiers,
) -> None:
    assert twice.second is not None
    before = twice.entries()
    for trouble in ("down", "damages_puts"):
        setattr(twice.second, trouble, True)
        with pytest.raises((ObjectsUnavailable, ObjectDamaged)):
            twice.file(data=pdf("x"))
        setattr(twice.second, trouble, False)
        assert (twice.entries(), dossier.scans_of(twice.database, FIRST)) == (before, [])
    twice.file(data=pdf("x"))
    (key,) = twice.objects.keys(".dossiers/")
    assert len(twice.objects.versions_of(key)) == 1
    assert len(copies(twice)) == 2


def test_nothing_is_filed_without_a_store_or_where_no_lock_holds_or_no_end_of_keeping_is_known(
    site: Dossiers,
) -> None:
    def unknown(_batch: str) -> datetime:
        raise RetentionUnknown("no sitting")

    site.objects.locks = False
    site.archive = site.over(site.objects)
    with pytest.raises(NotLocked, match="no lock holds"):
        site.file()
    site.objects.locks = True
    site.archive = site.over(site.objects)
    scans = site.archive.scans
    with pytest.raises(ObjectsUnavailable):
        replace(scans, stores=()).keep("k", FIRST, b"x")
    with pytest.raises(RetentionUnknown):
        replace(scans, retain_until=unknown).keep("k", FIRST, b"x")
    assert dossier.scans_of(site.database, FIRST) == []
    assert not site.objects.keys(".dossiers/")


def test_a_scan_is_fetched_from_the_first_store_that_gives_the_right_bytes_and_that_is_written_down(
    twice: Dossiers,
) -> None:
    assert twice.second is not None
    twice.file(data=pdf("x"))
    (key,) = twice.objects.keys(".dossiers/")
    twice.objects.flip_a_byte(key)
    scan, data = dossier.fetch(twice.desk, twice.archive, FIRST, 1)
    assert (scan.number, data) == (1, pdf("x"))
    told = twice.database.journal.entries(1)[0]
    assert (told.act, told.subject, told.actor) == ("fetch_scan", FIRST, TESTER)
    twice.second.down = True
    before = twice.entries()
    with pytest.raises(NoScanAnswers, match=r"memory: damaged, second: unreachable"):
        dossier.fetch(twice.desk, twice.archive, FIRST, 1)
    for number in (0, 2, 10**9):
        with pytest.raises(NoSuchScan):
            dossier.fetch(twice.desk, twice.archive, FIRST, number)
    assert twice.entries() == before


def test_a_scan_that_a_store_lost_is_filed_again_and_then_lies_there(site: Dossiers) -> None:
    entry = site.file(data=pdf("x"))
    (key,) = site.objects.keys(".dossiers/")
    site.objects.flip_a_byte(key)
    (found,) = dossier.verify(site.desk, site.archive, FIRST)
    assert (found.number, found.answer, found.stands) == (1, Answer.DAMAGED, False)
    assert site.file(data=pdf("x")) == entry
    assert all(each.stands for each in dossier.verify(site.desk, site.archive, FIRST))
    site.objects.destroy(key)
    (found,) = dossier.verify(site.desk, site.archive, FIRST)
    assert (found.answer, bool(found.why)) == (Answer.MISSING, True)


def test_what_one_store_lost_is_brought_there_from_the_other_one_and_that_is_on_record(twice: Dossiers) -> None:
    def look() -> list[tuple[Answer, bool, bool]]:
        found = dossier.verify(twice.desk, twice.archive, FIRST)
        return [(each.answer, each.restored, each.stands) for each in found]

    twice.file(data=pdf("x"))
    assert twice.second is not None
    (key,) = twice.objects.keys(".dossiers/")
    right = (Answer.RIGHT, False, True)
    twice.objects.flip_a_byte(key)
    assert look() == [(Answer.DAMAGED, True, True), right]
    assert look() == [right, right]
    twice.second.destroy(key)
    assert look() == [right, (Answer.MISSING, True, True)]
    assert twice.database.journal.entries(1)[0].act == "restore_scan"
    twice.second.down = True
    before = twice.entries()
    assert look() == [right, (Answer.UNREACHABLE, False, False)]
    assert twice.entries() == before


def test_a_store_that_was_set_up_later_is_brought_the_scans_when_they_are_verified(site: Dossiers) -> None:
    site.file(data=pdf("x"))
    site.second = MemoryObjects(target="second")
    site.archive = site.over(site.objects)
    dossier.verify(site.desk, site.archive, FIRST)
    assert [bucket for bucket, _ in copies(site)] == ["memory", "second"]
    assert [each.thing.number for each in dossier.scans_of(site.database, FIRST)] == [1]


def test_a_hold_of_the_batch_holds_its_scans_and_those_filed_later_until_it_is_lifted(twice: Dossiers) -> None:
    def held() -> set[bool]:
        stores = [each for each in (twice.objects, twice.second) if each is not None]
        return {store.is_held(key) for store in stores for key in store.keys(".dossiers/")}

    def tell(*_: object) -> None:
        pass

    twice.file(data=pdf("x"))
    assert held() == {False}
    set_so = holding.hold(
        twice.database, twice.archive, FIRST, reason="投诉", actor=TESTER, clock=twice.clock, tell=tell
    )
    assert (held(), set_so.waiting) == ({True}, 0)
    twice.file(Item.ROOM_RECORD)
    assert held() == {True}
    number = set_so.hold.number
    holding.lift(twice.database, twice.archive, number, reason="结案", actor=TESTER, clock=twice.clock, tell=tell)
    assert held() == {False}
    assert twice.second is not None
    twice.second.down = True
    again = holding.hold(
        twice.database, twice.archive, FIRST, reason="审计", actor=TESTER, clock=twice.clock, tell=tell
    )
    assert (again.waiting, "switched off" in again.reason) == (2, True)


def test_a_batch_that_ends_later_has_its_scans_locked_longer_and_that_is_on_record(site: Dossiers) -> None:
    site.file(data=pdf("x"))
    site.until = UNTIL + DAY
    before = site.entries()
    assert all(each.stands for each in dossier.verify(site.desk, site.archive, FIRST))
    (copy,) = dossier.copies_of(site.database, FIRST)
    assert (copy.thing.locked_until, copy.revision) == (UNTIL + DAY, 2)
    assert site.entries() == before + 1
    assert dossier.scans_of(site.database, FIRST)[0].revision == 1
    dossier.verify(site.desk, site.archive, FIRST)
    assert site.entries() == before + 1


def test_a_second_store_that_comes_later_is_brought_the_scans_under_their_locks(site: Dossiers) -> None:
    site.file(data=pdf("x"))
    second = MemoryObjects(target="second")
    brought = list(Mirror(site.objects, second, site.clock).bring())
    assert brought == sorted(site.objects.keys(".dossiers/"))
    assert second.stat(brought[0]).locked_until == UNTIL


def test_no_message_and_no_entry_of_the_journal_holds_what_a_scan_shows(site: Dossiers) -> None:
    site.file(data=pdf("欧阳测试"))
    for data in (pdf("欧阳测试")[:-12], pdf("欧阳测试", b"/Encrypt 1")):
        with pytest.raises((RecordsError, StorageError)) as refused:
            site.file(data=data)
        assert "欧阳" not in str(refused.value)
    assert "欧阳" not in " ".join(f"{each.detail}{each.subject}" for each in site.database.journal.entries(100))
    assert timedelta(0) < UNTIL - site.clock.now()
