"""Papers in the object store give a wiped machine back what went by order and what is withheld; none that is forged,
re-dated or foreign is believed, and each of these is told by its name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from analysis.coverage import camera_coverage
from analysis.ledgers import camera_ledger
from domain.disposal import Certificate, DisposalOrder, DisposalState, Settled
from domain.holds import Order
from domain.withholding import Withholding, WithholdingStatement
from records import disposal
from records.adopting import Rebuilt
from records.rebuilding import rebuild
from storage.archive import Archive, WentByOrder, Withheld
from storage.backup.comparing import beyond
from storage.database import Database, connect
from storage.errors import UnknownDisposal
from storage.manifest import destruction, withheld
from storage.manifest.form import read_signed, signed
from storage.manifest.keys import published
from storage.manifest.stored import verify_stored
from storage.manifest.trees import NotVerified
from storage.manifest.verifying import Trust
from storage.signing import Signer
from tests.closed_batches import FIRST, LOCKED_UNTIL, SECOND, SITE, TESTER, ClosedBatches
from tests.disposals import OFFICER, WHY, ExpiredBatches
from tests.fakes.notary import NOTARY, SIGNER
from tests.withheld import WINDOW, Site, hidden

WEEK = timedelta(days=7)
TRUST = Trust([SIGNER.public])


@pytest.fixture(scope="module")
def disposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExpiredBatches]:
    """The first of two closed batches was disposed of; the store is what outlives the fire. Papers are put back."""
    folder = tmp_path_factory.mktemp("disposed")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)) as opened:
        made = ExpiredBatches(opened, folder / "spool")
        made.carry_out(made.approved(FIRST))
        yield made


@pytest.fixture(name="hidden")
def hidden_site(tmp_path: Path) -> Iterator[Site]:
    with closing(connect(f"sqlite:///{tmp_path / 'hidden.db'}", NOTARY)) as opened:
        yield hidden(opened, tmp_path / "spool")


def rebuilt(site: ClosedBatches, into: Database) -> Rebuilt:
    return rebuild(into, [site.objects], site.clock, keys=[site.signer.public])


def archive(site: ClosedBatches, over: Database) -> Archive:
    return Archive(over.evidence, site.objects, site.spool.parent / "burnt", lambda _: LOCKED_UNTIL, site.clock)


def put(site: ClosedBatches, key: str, data: bytes) -> str:
    file = site.spool.parent / "put"
    file.write_bytes(data)
    site.objects.put(key, file, hashlib.sha256(data).hexdigest(), LOCKED_UNTIL)
    return key


@pytest.fixture
def swapped(disposed: ExpiredBatches) -> Iterator[Callable[[int, bytes], str]]:
    """Puts another paper in the place of one, until the test is over."""
    objects, gone, there = disposed.objects, list[tuple[str, bytes]](), list[str]()

    def swap(number: int, data: bytes, site: str = SITE.id) -> str:
        for seal, key in destruction.papers_in(objects)[SITE.id].items():
            if seal.number == number:
                gone.append((key, objects.read(key)))
                objects.destroy(key)
        there.append(put(disposed, destruction.paper_key(site, number, hashlib.sha256(data).hexdigest()), data))
        return there[-1]

    yield swap
    for key in there:
        objects.destroy(key)
    for key, data in gone:
        put(disposed, key, data)


# Disposals


def test_a_wiped_machine_tells_footage_as_disposed_of_and_not_as_lost(
    disposed: ExpiredBatches, database: Database
) -> None:
    assert beyond(database, disposed.objects).papers == 2
    done = rebuilt(disposed, database)
    assert (done.papers, done.problems) == (2, [])
    assert beyond(database, disposed.objects).papers == 0
    known = disposed.database
    assert database.disposals.papers(SITE.id) == known.disposals.papers(SITE.id)
    (listed,) = database.disposals.latest()
    assert listed == known.disposals.find(1)
    assert listed.state(disposed.clock.now()) is DisposalState.CARRIED_OUT
    assert disposal.content(database, listed) == disposal.content(known, listed)
    keys = disposed.footage(FIRST)
    assert database.evidence.disposed(keys) == known.evidence.disposed(keys)
    gone = [
        sorted((each.segment, each.place, each.target, each.version_id, each.removed) for each in copies)
        for of in (database, known)
        for copies in [[copy for found in of.evidence.copies(keys).values() for copy in found]]
    ]
    assert gone[0] == gone[1]
    for each, _ in database.evidence.segments_of(FIRST):
        with pytest.raises(WentByOrder), archive(disposed, database).opened(each):
            pass
    covered = [
        camera_coverage(camera_ledger(of.evidence, "c1", WINDOW), WINDOW, disposed.clock.now()).gaps
        for of in (database, known)
    ]
    assert covered[0] == covered[1]
    assert not rebuilt(disposed, database)
    further = database.disposals.propose(
        Order(disposed.clock.now(), TESTER, WHY), (SECOND,), b"{}", "0" * 64, lambda: None
    )
    assert further.number == 2


def test_a_database_of_before_the_disposal_gets_its_decisions_papers_and_tombstones(
    database: Database, tmp_path: Path
) -> None:
    site = ExpiredBatches(database, tmp_path / "spool")
    listed = site.propose(FIRST)
    with closing(connect(f"sqlite:///{tmp_path / 'old.db'}", NOTARY)) as old:
        assert not rebuilt(site, old).problems
        frozen = disposal.content(database, listed)
        old.disposals.propose(listed.proposed, [FIRST], database.disposals.content(1), listed.digest, lambda: None)
        for name in (OFFICER, "wu"):
            listed = site.approve(listed, name)
        site.carry_out(listed)
        done = rebuilt(site, old)
        assert (done.papers, done.problems) == (2, [])
        assert old.disposals.find(1) == database.disposals.find(1)
        assert disposal.content(old, old.disposals.find(1)) == frozen
        standing = [
            copy for found in old.evidence.copies(site.footage()).values() for copy in found if not copy.removed
        ]
        assert standing == []


def order(site: ExpiredBatches) -> DisposalOrder:
    return read_signed(DisposalOrder, site.database.disposals.papers(SITE.id)[0].data)[0]


def certificate(site: ExpiredBatches) -> Certificate:
    return read_signed(Certificate, site.database.disposals.papers(SITE.id)[1].data)[0]


@pytest.mark.parametrize(
    "case",
    [
        (1, lambda site: signed(Signer.new(), order(site)), "not signed by the key of its time"),
        (
            1,
            lambda site: signed(
                SIGNER, replace(order(site), signed_at=published(site.database.closings).keys[0].valid_from - WEEK)
            ),
            "not signed by the key of its time",
        ),
        (1, lambda site: signed(SIGNER, replace(order(site), site="sg-009")), "of site sg-009"),
        (
            1,
            lambda site: signed(SIGNER, replace(order(site), link_digest="0" * 64)),
            "1, which is not there",
        ),
        (1, lambda site: signed(SIGNER, replace(order(site), batch=SECOND)), "not of what manifest 1 states"),
        (
            1,
            lambda site: signed(SIGNER, replace(order(site), approved=order(site).approved[:1])),
            "by two",
        ),
        (2, lambda site: signed(SIGNER, replace(certificate(site), previous="0" * 64)), "does not follow"),
        (
            2,
            lambda site: signed(
                SIGNER,
                replace(
                    certificate(site),
                    segments=(
                        replace(certificate(site).segments[0], sha256="0" * 64),
                        *certificate(site).segments[1:],
                    ),
                ),
            ),
            "other segments than manifest 1",
        ),
        (
            2,
            lambda site: signed(SIGNER, replace(certificate(site), signed_at=order(site).signed_at - WEEK)),
            "before the one it follows",
        ),
    ],
)
def test_a_forged_redated_or_foreign_paper_is_refused_by_name_and_its_footage_stays_lost(
    disposed: ExpiredBatches,
    swapped: Callable[[int, bytes], str],
    tmp_path: Path,
    case: tuple[int, Callable[[ExpiredBatches], bytes], str],
) -> None:
    number, forge, words = case
    key = swapped(number, forge(disposed))
    with closing(connect(f"sqlite:///{tmp_path / 'empty.db'}", NOTARY)) as empty:
        done = rebuilt(disposed, empty)
        told = [each for each in done.problems if key in each]
        assert len(told) == 1
        assert words in told[0]
        assert done.papers == len(empty.disposals.papers(SITE.id)) == number - 1
        lost = [each for each in done.problems if "in no store with its bytes any more" in each]
        assert len(lost) == (len(disposed.footage(FIRST)) if number == 1 else 0)
    with pytest.raises(NotVerified, match=r"does not hold|is not of the last manifest"):
        list(verify_stored(disposed.objects, SITE.id, FIRST, TRUST))


def test_a_batch_that_went_by_order_is_checked_in_the_store_and_said_to_have_gone(
    disposed: ExpiredBatches,
) -> None:
    said = [each.en for each in verify_stored(disposed.objects, SITE.id, FIRST, TRUST)]
    assert said[6].startswith("2 papers of disposals of the site hold; 9 segments of this batch were")
    assert said[7].startswith("0 objects lie there as stated")
    said = [each.en for each in verify_stored(disposed.objects, SITE.id, SECOND, TRUST)]
    assert said[6].endswith("this batch has no certificate of destruction")
    assert said[7].startswith("9 objects lie there as stated")
    for seal, key in destruction.papers_in(disposed.objects)[SITE.id].items():
        if seal.number == 2:
            kept = disposed.objects.read(key)
            disposed.objects.destroy(key)
            with pytest.raises(NotVerified, match="is missing in version"):
                list(verify_stored(disposed.objects, SITE.id, FIRST, TRUST))
            put(disposed, key, kept)


def test_a_paper_that_is_put_beside_the_true_one_hides_nothing(disposed: ExpiredBatches, tmp_path: Path) -> None:
    forged = signed(Signer.new(), replace(order(disposed), batch=SECOND))
    key = put(disposed, destruction.paper_key(SITE.id, 1, hashlib.sha256(forged).hexdigest()), forged)
    try:
        with closing(connect(f"sqlite:///{tmp_path / 'empty.db'}", NOTARY)) as empty:
            done = rebuilt(disposed, empty)
            assert done.papers == 2
            assert [key in each for each in done.problems] == [True]
            assert [key in each for each in rebuilt(disposed, empty).problems] == [True]
    finally:
        disposed.objects.destroy(key)


def test_without_what_was_approved_the_papers_still_say_what_went(disposed: ExpiredBatches, tmp_path: Path) -> None:
    key = destruction.content_key(SITE.id, order(disposed).content.sha256)
    data = disposed.objects.read(key)
    disposed.objects.destroy(key)
    try:
        with closing(connect(f"sqlite:///{tmp_path / 'empty.db'}", NOTARY)) as empty:
            done = rebuilt(disposed, empty)
            assert [key in each for each in done.problems] == [True]
            assert empty.disposals.destroyed(FIRST) is not None
            with pytest.raises(UnknownDisposal, match="lost with its database"):
                empty.disposals.content(1)
    finally:
        put(disposed, key, data)


# Withheld footage


def test_a_wiped_machine_withholds_what_it_withheld_and_knows_what_was_destroyed(
    hidden: Site, database: Database
) -> None:
    stored = hidden.files()[0]
    assert beyond(database, hidden.objects).papers == 2
    done = rebuilt(hidden, database)
    assert not beyond(database, hidden.objects).papers
    assert (done.withholdings, done.papers, done.problems) == (1, 1, [])
    known = hidden.database
    assert database.withholdings.all() == known.withholdings.all()
    assert database.withholdings.papers(1) == known.withholdings.papers(1)
    assert database.evidence.withheld([stored.key]) == known.evidence.withheld([stored.key])
    for of in (known, database):
        with pytest.raises(Withheld), archive(hidden, of).opened(stored):
            pass
    gaps = [
        camera_coverage(camera_ledger(of.evidence, "c1", WINDOW), WINDOW, hidden.clock.now()).gaps
        for of in (database, known)
    ]
    assert {gap.cause for gap in gaps[0]} == {gap.cause for gap in gaps[1]}
    assert not rebuilt(hidden, database)
    assert database.withholdings.add("c2", WINDOW.start, WINDOW.end, known.withholdings.find(1).ordered).number == 2


def keep(site: Site) -> int:
    database = site.database
    return withheld.keep(database.withholdings, database.closings, site.signer, site.objects, site.clock.now())


def test_what_nobody_decided_on_and_what_was_declined_comes_back_as_it_stood(tmp_path: Path) -> None:
    with closing(connect(f"sqlite:///{tmp_path / 'site.db'}", NOTARY)) as opened:
        site = Site(opened, tmp_path / "spool")
        site.hold(FIRST)
        open_ended = site.withhold(until=None)
        assert keep(site) == 2  # with the keys
        assert keep(site) == 0
        site.decide(site.withhold(), OFFICER, Settled.DECLINED)
        assert keep(site) == 1
        with closing(connect(f"sqlite:///{tmp_path / 'empty.db'}", NOTARY)) as empty:
            assert (rebuilt(site, empty).withholdings, rebuilt(site, empty).problems) == (2, [])
            assert empty.withholdings.all() == opened.withholdings.all()
            assert [each.number for each in empty.withholdings.standing(site.clock.now())] == [open_ended.number]
            site.clock.advance(60)
            stop = Order(site.clock.now(), TESTER, "已转正")
            opened.withholdings.end(open_ended.number, site.clock.now(), stop, lambda _: None)
            assert keep(site) == 1
            assert rebuilt(site, empty).withholdings == 1
            assert empty.withholdings.find(open_ended.number) == opened.withholdings.find(open_ended.number)


def statement(site: Site) -> WithholdingStatement:
    (stored,) = withheld.statements_in(site.objects)
    return read_signed(WithholdingStatement, site.objects.read(stored.key))[0]


def freed(told: Withholding) -> Withholding:
    declined = replace(told.decisions[0], what=Settled.DECLINED, at=told.said)
    return replace(told, decisions=(*told.decisions, declined))


def later(told: Withholding) -> Withholding:
    return replace(freed(told), ordered=replace(told.ordered, at=told.said + 99 * WEEK))


def elsewhere(told: Withholding) -> Withholding:
    return replace(freed(told), camera="c2")


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (lambda told: signed(Signer.new(), replace(told, withholding=freed(told.withholding))), "key of its time"),
        (lambda told: signed(SIGNER, replace(told, withholding=later(told.withholding))), "before what it tells"),
        (lambda told: signed(SIGNER, replace(told, withholding=elsewhere(told.withholding))), "of camera c2"),
    ],
)
def test_a_forged_statement_frees_nothing_and_is_refused_by_name(
    hidden: Site, tmp_path: Path, forge: Callable[[WithholdingStatement], bytes], words: str
) -> None:
    data = forge(statement(hidden))
    key = put(hidden, f".withholdings/c1/000001-004-{hashlib.sha256(data).hexdigest()}.json", data)
    with closing(connect(f"sqlite:///{tmp_path / 'empty.db'}", NOTARY)) as empty:
        done = rebuilt(hidden, empty)
        assert [(key in each, words in each) for each in done.problems] == [(True, True)]
        assert empty.withholdings.all() == hidden.database.withholdings.all()


def test_certificates_alone_bring_their_withholding_back(hidden: Site, tmp_path: Path) -> None:
    for each in withheld.statements_in(hidden.objects):
        hidden.objects.destroy(each.key)
    with closing(connect(f"sqlite:///{tmp_path / 'empty.db'}", NOTARY)) as empty:
        assert rebuilt(hidden, empty).problems == []
        (back,) = empty.withholdings.all()
        (was,) = hidden.database.withholdings.all()
        assert (back.state, back.camera, back.start, back.until) == (was.state, was.camera, was.start, was.until)
