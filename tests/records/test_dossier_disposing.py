"""A disposal list has the scans of a batch's dossier: frozen with it, removed with it, told in its certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.disposal import Certificate
from domain.dossier import SCAN_COPIES, Item, Scan
from domain.register import Entry
from records import disposal, dossier
from records.errors import ClosedBatch, DisposalRefused, DisposalVoid
from records.roll import Desk
from storage.archive import NotOrdered, WentByOrder
from storage.check.looking import Check
from storage.database import Database
from storage.manifest import destruction
from storage.manifest.form import read_signed
from storage.manifest.keys import published
from tests.closed_batches import FIRST, SECOND, TESTER
from tests.disposals import ExpiredBatches
from tests.records.dossiers import pdf


@pytest.fixture
def site(database: Database, tmp_path: Path) -> ExpiredBatches:
    made = ExpiredBatches(database, tmp_path / "spool")
    file(made, "x")
    file(made, "y", replaces=1)
    file(made, "z", batch=SECOND)
    return made


def file(site: ExpiredBatches, text: str, *, batch: str = FIRST, replaces: int | None = None) -> Entry[Scan]:
    desk = Desk(site.database, TESTER, site.clock.now())
    told = dossier.Told(Item.ROSTER)
    return dossier.file_scan(desk, site.archive, batch, told, pdf(text), replaces=replaces, reason="重扫")


def scans(site: ExpiredBatches, batch: str = FIRST) -> list[str]:
    keys = site.objects.keys(f".dossiers/sg-001/{batch}/")
    return sorted(key for key in keys if site.objects.versions_of(key))


def test_a_list_freezes_the_scans_of_its_batch_those_that_were_replaced_too(site: ExpiredBatches) -> None:
    listed = site.propose()
    (going,) = disposal.content(site.database, listed).batches
    assert [each.key for each in going.segments[-2:]] == scans(site)
    assert len(going.segments) == len(site.footage()) + 2


def test_a_scan_that_is_filed_after_it_was_listed_voids_the_list(site: ExpiredBatches) -> None:
    listed = site.approved()
    file(site, "new")
    with pytest.raises(DisposalVoid):
        site.carry_out(listed)
    assert len(scans(site)) == 3


def test_what_two_approved_goes_with_its_scans_and_the_certificate_says_so(site: ExpiredBatches) -> None:
    going = scans(site)
    outcome = site.carry_out(site.approved())
    (batch,) = outcome.batches
    assert (batch.left, batch.certificate is not None) == ((), True)
    assert (scans(site), len(scans(site, SECOND))) == ([], 1)
    papers = [each.data for each in site.database.disposals.papers("sg-001")]
    certificate, _ = read_signed(Certificate, papers[-1])
    told = [each for each in certificate.segments if each.key.startswith(".dossiers/")]
    assert [each.key for each in told] == going
    assert {len(each.copies) for each in told} == {1}
    assert len(list(destruction.check(papers, published(site.database.closings)))) == 2
    assert dossier.copies_of(site.database, FIRST) == []
    assert list(site.database.register.unlike_the_journal()) == []


def test_nobody_is_given_a_scan_that_went_and_nothing_more_is_filed(site: ExpiredBatches) -> None:
    site.carry_out(site.approved())
    desk = Desk(site.database, TESTER, site.clock.now())
    with pytest.raises(WentByOrder):
        dossier.fetch(desk, site.archive, FIRST, 1)
    with pytest.raises(ClosedBatch, match="已处置"):
        file(site, "late")
    assert dossier.verify(desk, site.archive, FIRST) == ()
    check = Check(site.database, site.archive, [site.objects], [site.spool], clock=site.clock, wait=lambda _: None)
    assert [each for each in check.findings() if ".dossiers/" in each.subject] == []


def test_a_scan_goes_in_every_version_that_lies_under_its_key(site: ExpiredBatches) -> None:
    key = scans(site)[0]
    site.objects.flip_a_byte(key)
    file(site, "x")
    file(site, "y", replaces=1)
    assert max(len(site.objects.versions_of(each)) for each in scans(site)) == 2
    site.carry_out(site.approved())
    assert scans(site) == []


def test_broken_off_among_the_scans_it_goes_on_where_it_was(
    site: ExpiredBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = site.approved()
    removing = site.objects.remove
    seen: list[str] = []

    def remove(key: str, version_id: str) -> None:
        if key.startswith(".dossiers/"):
            seen.append(key)
            if len(seen) == 2:
                raise KeyboardInterrupt
        removing(key, version_id)

    monkeypatch.setattr(site.objects, "remove", remove)
    with pytest.raises(KeyboardInterrupt):
        site.carry_out(listed)
    assert len(scans(site)) == 1
    gone = [each.thing.removed for each in site.database.register.standing(SCAN_COPIES, batch=FIRST)]
    assert sorted(each is None for each in gone) == [False, True]
    outcome = site.carry_out(listed)
    assert (outcome.batches[0].left, scans(site)) == ((), [])


def test_a_scan_that_the_store_holds_keeps_its_batch_off_every_list(site: ExpiredBatches) -> None:
    key = scans(site)[0]
    site.objects.hold(key, site.objects.versions_of(key)[-1], held=True)
    with pytest.raises(DisposalRefused, match="封存状态不明"):
        site.propose()


def test_no_scan_is_removed_without_a_signed_order_nor_by_that_of_another_batch(site: ExpiredBatches) -> None:
    other = scans(site, SECOND)[0]
    for batch, key in ((FIRST, scans(site)[0]), (SECOND, other)):
        with pytest.raises(NotOrdered):
            site.archive.dispose_scan(batch, key)
    site.carry_out(site.approved())
    for key in (other, site.footage(SECOND)[0]):
        with pytest.raises(NotOrdered):
            site.archive.dispose_scan(FIRST, key)
    assert scans(site, SECOND) == [other]
