"""Scans of dossiers are looked through from the register to the stores and back, with their locks and holds."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from domain.dossier import Item
from domain.holds import Order
from records import dossier
from records.dossier import Told
from storage.archive import RetentionUnknown
from storage.check.comparing import Finding, Wrong
from storage.check.looking import Check
from storage.database import connect
from storage.objects import ObjectsUnavailable
from tests.closed_batches import FIRST, TESTER
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.records.dossiers import UNTIL, Dossiers, pdf


@pytest.fixture
def site(tmp_path: Path) -> Dossiers:
    made = Dossiers(connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY), tmp_path / "spool")
    made.second = MemoryObjects(target="second")
    made.archive = made.over(made.objects)
    made.close(FIRST)
    for segment, _ in made.database.evidence.segments_of(FIRST):
        made.archive.keep(segment, "second")
    made.database.holds.add(FIRST, Order(made.clock.now(), TESTER, "投诉"))
    for segment, _ in made.database.evidence.segments_of(FIRST):
        for copy in made.database.evidence.copies([segment.key])[segment.key]:
            made.archive.secure(segment, copy)
    made.file(data=pdf("x"))
    return made


def look(site: Dossiers, *, mending: bool = False, every_byte: bool = False) -> list[Finding]:
    assert site.second is not None
    check = Check(
        site.database,
        site.archive,
        [site.objects, site.second],
        [site.spool],
        mending=mending,
        every_byte=every_byte,
        clock=site.clock,
        wait=lambda _: None,
    )
    return [each for each in check.findings() if each.what is not Wrong.NOT_UNDER_LOCK]


def key_of(site: Dossiers) -> str:
    return min(site.objects.keys(".dossiers/"))


def found(site: Dossiers, *, every_byte: bool = False) -> list[tuple[Wrong, str, str]]:
    return [(each.what, each.subject, each.where) for each in look(site, every_byte=every_byte)]


def test_a_dossier_that_is_as_it_must_be_has_no_finding(site: Dossiers) -> None:
    site.file(data=pdf("y"), replaces=1, reason="重扫")  # and so is the scan that it replaced
    assert found(site, every_byte=True) == []


def test_a_scan_that_one_store_lost_is_found_there_and_filed_again(site: Dossiers) -> None:
    key = key_of(site)
    site.objects.destroy(key)
    assert found(site) == [(Wrong.OBJECT_MISSING, key, "memory")]
    (told,) = look(site, mending=True)
    assert (told.mended, "kaojian dossier verify" in told.failed) == ("", True)
    site.file(data=pdf("x"))
    assert found(site, every_byte=True) == []


def test_a_scan_of_which_a_byte_changed_is_found_when_all_bytes_are_read(site: Dossiers) -> None:
    assert site.second is not None
    key = key_of(site)
    site.second.flip_a_byte(key)
    assert found(site) == []
    assert found(site, every_byte=True) == [(Wrong.OBJECT_DIFFERS, key, "second")]


def test_a_scan_in_a_store_that_no_dossier_has_on_record_is_told_and_harmless(
    site: Dossiers,
) -> None:
    site.archive.scans.keep(f".dossiers/sg-001/{FIRST}/{'ab' * 32}.pdf", FIRST, pdf("z"))
    told = look(site)
    assert [each.what for each in told] == [Wrong.SCAN_UNFILED] * 2
    assert not any(each.stands for each in told)
    assert all(each.mended == "" for each in look(site, mending=True))


def test_a_scan_that_is_hidden_is_told_and_still_there(site: Dossiers) -> None:
    site.objects.hide(key_of(site))
    assert found(site) == [(Wrong.OBJECT_HIDDEN, key_of(site), "memory")]


def test_a_lock_that_became_too_short_is_found_lengthened_and_put_on_record_by_verifying(site: Dossiers) -> None:
    site.until = UNTIL + timedelta(days=2)
    told = [each for each in look(site) if each.subject == key_of(site)]
    assert [(each.what, each.where) for each in told] == [
        (Wrong.LOCK_SHORT, "memory"),
        (Wrong.LOCK_SHORT, "second"),
    ]
    assert all("dossier verify" in each.mended for each in look(site, mending=True) if each.subject == key_of(site))
    assert site.objects.stat(key_of(site)).locked_until == site.until
    assert found(site) == []
    dossier.verify(site.desk, site.archive, FIRST)
    locks = {each.thing.locked_until for each in dossier.copies_of(site.database, FIRST)}
    assert locks == {site.until}


def test_a_scan_that_is_not_held_as_was_ordered_is_found_and_held(site: Dossiers) -> None:
    key = key_of(site)
    site.objects.hold(key, site.objects.versions_of(key)[-1], held=False)
    assert found(site) == [(Wrong.HOLD_DIFFERS, key, "memory")]
    assert look(site, mending=True)[0].mended
    assert site.objects.is_held(key)
    assert found(site) == []


def test_scans_of_a_batch_without_a_known_end_of_keeping_are_told_once(
    site: Dossiers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_self: object, _batch: str) -> None:
        raise RetentionUnknown("no sitting")

    monkeypatch.setattr(type(site.archive), "keep_until", unknown)
    assert [each for each in found(site) if each[0] is Wrong.NO_PLAN] == [(Wrong.NO_PLAN, FIRST, "")] * 2


def test_a_scan_that_is_filed_while_it_is_looked_at_is_no_finding(site: Dossiers) -> None:
    def interrupted() -> None:
        dossier.file_scan(site.desk, site.archive, FIRST, Told(Item.ROSTER), pdf("new"))

    key = f".dossiers/sg-001/{FIRST}/{sha256(pdf('new')).hexdigest()}.pdf"
    site.archive.scans.keep(key, FIRST, pdf("new"))
    assert site.second is not None
    check = Check(
        site.database,
        site.archive,
        [site.objects, site.second],
        [site.spool],
        clock=site.clock,
        wait=lambda _: interrupted(),
    )
    assert Wrong.SCAN_UNFILED not in {each.what for each in check.findings()}


def test_a_store_that_is_away_ends_the_look_and_says_nothing_of_scans(site: Dossiers) -> None:
    site.objects.down = True
    with pytest.raises(ObjectsUnavailable):
        look(site)
