"""Carrying out disposal lists: nothing before two approved it, all of it once, and a signed word for what is gone."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from analysis.report import sitting_report
from domain.disposal import LASTS, Certificate, DisposalState, PaperKind
from domain.evidence import LostCopy, Place, SegmentState
from domain.law import Verdict
from domain.timeline import Interval
from records import disposal
from records.errors import ClockBehind, DecisionRefused, DisposalRefused, DisposalVoid, NotApproved, NotUnderLock
from storage.archive import Archive, NotOrdered, WentByOrder
from storage.database import Database, connect, tables
from storage.manifest import destruction, keeping
from storage.manifest.form import read_signed
from storage.manifest.keys import published
from storage.rereading import Rereader
from tests.closed_batches import DAY, FIRST, PACK, SECOND, START
from tests.disposals import OFFICER, SUPERVISOR, ExpiredBatches, actor
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.witnesses import FREE
from tests.records.test_disposal import hold, lift

KILL_EVERY = int(os.environ.get("KAOJIAN_KILL_EVERY", "3"))
"""Killed before each third call that it makes; with 1 before each, which takes a minute."""


@pytest.fixture
def site(database: Database, tmp_path: Path) -> ExpiredBatches:
    return ExpiredBatches(database, tmp_path / "spool")


def everything_there(site: ExpiredBatches, *batches: str) -> None:
    for batch in batches or (FIRST, SECOND):
        keys = set(site.footage(batch))
        assert (site.in_store(batch), site.in_spool(batch)) == (keys, keys)
        assert site.standing(batch) == 2 * len(keys)


def nothing_left(site: ExpiredBatches, batch: str = FIRST) -> None:
    assert (site.in_store(batch), site.in_spool(batch), site.standing(batch)) == (set(), set(), 0)


def test_what_two_approved_goes_and_proof_of_it_stays(site: ExpiredBatches) -> None:
    stated = site.database.closings.latest(FIRST)
    outcome = site.carry_out(site.approved())
    assert stated is not None
    assert outcome.listed.state(site.clock.now()) is DisposalState.CARRIED_OUT
    (batch,) = outcome.batches
    assert (batch.removed, batch.left) == (2 * len(site.footage()), ())
    nothing_left(site)
    everything_there(site, SECOND)
    order, certificate = site.database.disposals.papers("sg-001")
    assert (order.kind, certificate.kind) == (PaperKind.ORDER, PaperKind.CERTIFICATE)
    told, _ = read_signed(Certificate, certificate.data)
    assert [(each.key, each.sha256) for each in told.segments] == [
        (segment.key, segment.sha256) for segment, _ in site.database.evidence.segments_of(FIRST)
    ]
    assert {len(each.copies) for each in told.segments} == {2}
    assert (told.link_number, told.link_digest) == (stated.number, stated.digest)
    assert told.segments_root == stated.segments_root
    for paper in (order, certificate):
        key = f"{destruction.PREFIX}sg-001/{paper.number:06d}-{paper.digest}.json"
        assert site.objects.read(key) == paper.data
        assert site.objects.stat(key).locked_until is not None
    checked = list(destruction.check([order.data, certificate.data], published(site.database.closings)))
    assert [each.kind for each in checked] == [PaperKind.ORDER, PaperKind.CERTIFICATE]
    assert len(site.objects.keys(keeping.PREFIX)) == 8  # manifests, reports and links of both batches
    assert [entry.act for entry in site.database.journal.entries(2)] == [
        "certify_destruction_of_batch",
        "order_disposal_of_batch",
    ]
    assert site.carry_out(outcome.listed).batches == ()


@pytest.mark.parametrize("names", [(), (OFFICER,), (SUPERVISOR,)])
def test_without_two_approvals_nothing_goes(site: ExpiredBatches, names: tuple[str, ...]) -> None:
    listed = site.propose()
    for name in names:
        site.approve(listed, name)
    with pytest.raises(NotApproved, match="two people"):
        site.carry_out(listed)
    everything_there(site)
    assert site.database.disposals.papers("sg-001") == []


def test_an_approval_that_only_the_database_has_is_none(site: ExpiredBatches) -> None:
    listed = site.propose()
    site.approve(listed, OFFICER)
    row = {"disposal": listed.number, "number": 2, "what": "approved", "at": site.clock.now(), "door": "api"}
    row |= {"actor": f"account:{SUPERVISOR}", "reason": "", "role": "city_supervisor"}
    with site.database._engine.writing() as connection:
        connection.execute(sa.insert(tables.disposal_decisions).values(row))
    with pytest.raises(NotApproved, match=f"no signed entry .* by account:{SUPERVISOR}"):
        site.carry_out(listed)
    everything_there(site)


def test_content_that_was_changed_in_the_database_is_not_deleted(site: ExpiredBatches) -> None:
    listed, other = site.approved(), site.database.disposals.content
    site.database.disposals.content = lambda number: other(number).replace(b"c1", b"c2")  # type: ignore[method-assign]
    with pytest.raises(DecisionRefused, match="changed in the database"):
        site.carry_out(listed)
    everything_there(site)


@pytest.mark.parametrize("what", ["role", "closed", "recused"])
def test_who_approved_must_still_be_who_they_were(site: ExpiredBatches, what: str) -> None:
    listed, accounts = site.approved(), site.database.accounts
    if what == "recused":
        accounts.recuse(SUPERVISOR, FIRST, site.clock.now(), recused=True)
    elif what == "closed":
        accounts.disable(SUPERVISOR, site.clock.now())
    else:
        with site.database._engine.writing() as connection:
            changed = sa.text("UPDATE accounts SET role = 'auditor' WHERE name = :name")
            connection.execute(changed, {"name": SUPERVISOR})
    with pytest.raises(NotApproved, match="propose anew"):
        site.carry_out(listed)
    everything_there(site)


def test_a_list_that_lapsed_is_not_carried_out(site: ExpiredBatches) -> None:
    listed = site.approved()
    site.clock.advance(LASTS.total_seconds())
    with pytest.raises(NotApproved, match="run_out"):
        site.carry_out(listed)
    everything_there(site)


@pytest.mark.parametrize("what", ["held", "held and let go", "amended", "another copy", "longer lock", "put off"])
def test_whatever_changed_since_makes_the_list_void_before_anything_goes(site: ExpiredBatches, what: str) -> None:
    listed = site.approved(SECOND, FIRST)
    key = site.footage()[0]
    if what.startswith("held"):
        number = hold(site)
        if what == "held and let go":
            lift(site, number)
    elif what == "another copy":
        (stored,) = [each for each in site.database.evidence.copies([key])[key] if each.place is Place.S3]
        site.database.evidence.add_copy(replace(stored, version_id="another"))
    elif what == "amended":
        site.record(
            FIRST, "c1", f"life-{FIRST}", Interval(START + timedelta(seconds=36), START + timedelta(seconds=40))
        )
        site.close(FIRST, "补传")
    elif what == "longer lock":
        site.objects.lengthen(key, site.objects.stat(key).version_id, site.clock.now() + DAY)
    else:
        later = site.clock.now() + DAY
        site.archive = Archive(site.database.evidence, site.objects, site.spool, lambda _: later, site.clock)
    with pytest.raises(DisposalVoid, match="void"):
        site.carry_out(listed)
    everything_there(site, SECOND)
    assert set(site.footage()) == site.in_store() == site.in_spool()
    voided = site.database.disposals.find(listed.number)
    assert voided.state(site.clock.now()) is DisposalState.VOIDED
    assert site.database.disposals.papers("sg-001") == []
    with pytest.raises(NotApproved):
        site.carry_out(voided)


def test_by_a_clock_that_is_not_proven_nothing_goes_and_nothing_is_void(site: ExpiredBatches) -> None:
    listed = site.approved()
    site.witnesses.said_ntp = FREE
    with pytest.raises(DisposalRefused, match="clock_unproven"):
        site.carry_out(listed)
    everything_there(site)
    assert site.database.disposals.find(listed.number).may_go(site.clock.now())


def test_a_hold_between_two_batches_stops_before_the_second(site: ExpiredBatches) -> None:
    listed = site.approved(FIRST, SECOND)

    def held_meanwhile(batch: str, done: int, of: int) -> None:
        if (batch, done) == (FIRST, of):
            hold(site, SECOND)

    with pytest.raises(DisposalVoid):
        site.carry_out(listed, held_meanwhile)
    nothing_left(site, FIRST)
    everything_there(site, SECOND)
    assert site.database.disposals.find(listed.number).state(site.clock.now()) is DisposalState.PARTLY
    assert site.database.disposals.destroyed(FIRST) is not None


def test_a_hold_within_a_batch_keeps_what_is_left_of_it(site: ExpiredBatches) -> None:
    listed = site.approved()

    def held_meanwhile(_batch: str, done: int, _of: int) -> None:
        if done == 2:
            hold(site)

    (outcome,) = site.carry_out(listed, held_meanwhile).batches
    assert outcome.certificate is None
    assert "held meanwhile" in outcome.left[0]
    assert len(site.in_store()) == len(site.footage()) - 2
    with pytest.raises(DisposalVoid):
        site.carry_out(listed)
    assert len(site.in_store()) == len(site.footage()) - 2


def test_what_the_store_will_not_let_go_stays_and_is_told(site: ExpiredBatches) -> None:
    listed, key = site.approved(), site.footage()[3]
    version, asked = site.objects.stat(key).version_id, site.objects.is_held
    site.objects.hold(key, version, held=True)
    site.objects.is_held = lambda *_: False  # type: ignore[method-assign]  # set after it was asked
    (outcome,) = site.carry_out(listed).batches
    assert outcome.certificate is None
    assert "under legal hold" in outcome.left[0]
    assert key in site.in_store()
    assert site.database.disposals.find(listed.number).state(site.clock.now()) is DisposalState.PARTLY
    site.objects.hold(key, version, held=False)
    site.objects.is_held = asked  # type: ignore[method-assign]
    assert site.carry_out(listed).batches[0].certificate is not None
    nothing_left(site)


def test_a_version_that_no_row_knows_of_keeps_the_certificate_back(site: ExpiredBatches) -> None:
    key = site.footage()[0]
    stray = site.spool / "stray"
    stray.write_bytes(b"torn")
    first = site.objects.stat(key).version_id
    site.objects.put(key, stray, hashlib.sha256(b"torn").hexdigest(), site.clock.now())
    listed = site.approved()
    (outcome,) = site.carry_out(listed).batches
    assert outcome.certificate is None
    assert f"{key} still answers" in outcome.left[0]
    assert first not in site.objects.versions_of(key)


def test_a_copy_that_was_thought_lost_and_lies_there_goes_too(site: ExpiredBatches) -> None:
    key = site.footage()[0]
    evidence = site.database.evidence
    (stored,) = [each for each in evidence.copies([key])[key] if each.place is Place.S3]
    evidence.lose_copy(LostCopy(stored, site.clock.now(), SegmentState.DAMAGED))
    assert site.carry_out(site.approved()).batches[0].certificate is not None
    nothing_left(site)


def test_a_spool_of_another_host_is_told_and_done_there(site: ExpiredBatches) -> None:
    listed = site.approved()
    away = site.spool.with_name("away")
    site.spool.rename(away)
    (outcome,) = site.carry_out(listed).batches
    assert outcome.certificate is None
    assert len(outcome.left) == len(site.footage())
    assert "carry the list out on its host too" in outcome.left[0]
    assert site.in_store() == set()
    away.rename(site.spool)
    assert site.carry_out(listed).batches[0].certificate is not None
    nothing_left(site)


def test_without_a_signed_order_the_archive_removes_nothing(site: ExpiredBatches) -> None:
    site.approved()
    for key in site.footage():
        for each in site.database.evidence.copies([key])[key]:
            with pytest.raises(NotOrdered):
                site.archive.dispose(each)
    everything_there(site)


def test_a_clock_that_was_set_back_signs_no_further_paper(site: ExpiredBatches) -> None:
    listed = site.approved()

    def set_back(_batch: str, done: int, of: int) -> None:
        if done == of:
            site.clock.step(-3600)

    with pytest.raises(ClockBehind):
        site.carry_out(listed, set_back)
    site.clock.step(7200)
    assert site.carry_out(listed).batches[0].certificate is not None


def test_an_order_that_does_not_lie_under_lock_deletes_nothing_yet(site: ExpiredBatches) -> None:
    listed = site.approved()
    site.objects.damages_puts = True
    with pytest.raises(NotUnderLock):
        site.carry_out(listed)
    everything_there(site, FIRST)
    site.objects.damages_puts = False
    assert site.carry_out(listed).batches[0].certificate is not None


def test_what_was_disposed_of_is_told_as_such_and_never_as_lost(site: ExpiredBatches) -> None:
    before = sitting_report(site.database, FIRST, 1, PACK, site.clock.now())
    listed = site.approved()
    site.carry_out(listed)
    after = sitting_report(site.database, FIRST, 1, PACK, site.clock.now())
    assert [(each.recorded_ms, each.gaps, each.backed_up_ms) for each in after.cameras] == [
        (each.recorded_ms, each.gaps, each.backed_up_ms) for each in before.cameras
    ]
    assert (after.stations, after.segments_root) == (before.stations, before.segments_root)
    assert after.verdict is before.verdict
    (keeping_,) = [each for each in after.clauses if each.id == "C6.2-5"]
    assert keeping_.verdict is Verdict.PASS
    assert f"已按处置清单{listed.number}于2029-05-" in keeping_.zh
    for segment, _ in site.database.evidence.segments_of(FIRST):
        with (
            pytest.raises(WentByOrder, match=f"已按处置清单 {listed.number} 于 2029-05-"),
            site.archive.opened(segment),
        ):
            pass
        with pytest.raises(WentByOrder):
            site.archive.read(segment, 0, 10)


def test_what_is_ordered_to_go_is_neither_read_again_nor_uploaded_again_nor_lost(site: ExpiredBatches) -> None:
    listed = site.approved()
    evidence = site.database.evidence
    site.objects.remove = _refuse(RuntimeError("killed"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        site.carry_out(listed)
    for key in site.footage():
        (site.spool / key).unlink(missing_ok=True)
    rereader = Rereader(evidence, site.archive, [site.spool], every=timedelta(1), bytes_per_s=1e12, clock=site.clock)
    while rereader.round(threading.Event()):
        pass
    assert evidence.lost_copies(START, 10) == []
    del site.objects.remove
    site.carry_out(listed)
    assert evidence.segments_without_copy(Place.S3, 100) == []
    assert site.archive.keep_pending().kept == ()
    assert site.archive.keep_pending().failed == ()


class Killed(BaseException):
    """The process is gone."""


def _refuse(error: BaseException) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        raise error

    return refuse


class Killing:
    """Stands before all that a list leaves something with, and lets so many calls through; then the process dies.

    What dies after a call has done its work is what dies before the next one.
    """

    def __init__(self, site: ExpiredBatches, calls: int) -> None:
        self.left = calls
        self._stands_before: list[tuple[Any, str]] = [
            (site.objects, "put"),
            (site.objects, "remove"),
            (site.database.disposals, "add_paper"),
            (site.database.evidence, "dispose_copy"),
        ]
        for what, name in self._stands_before:
            setattr(what, name, self._counted(getattr(what, name)))

    def over(self) -> None:
        """Another process: nothing stands before anything."""
        for what, name in self._stands_before:
            delattr(what, name)

    def _counted(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*told: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise Killed
            return act(*told, **named)

        return counted


@dataclass
class Installation:
    """One that is put back to how it was, as often as it is asked for: making it anew takes longer than all else."""

    folder: Path

    def __post_init__(self) -> None:
        self.kept = self.folder.with_name("kept")
        self.folder.mkdir()
        database = connect(self.url, NOTARY)
        self.site = ExpiredBatches(database, self.folder / "spool")
        self.listed = self.site.approved(FIRST, SECOND)
        database.close()
        self.folder.rename(self.kept)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'kaojian.sqlite3'}"

    @contextmanager
    def as_it_was(self) -> Iterator[ExpiredBatches]:
        shutil.copytree(self.kept, self.folder)
        objects = copy.deepcopy(self.site.objects)
        with closing(connect(self.url, NOTARY)) as database:
            yield self.again(database, objects)
        shutil.rmtree(self.folder)

    def again(self, database: Database, objects: MemoryObjects) -> ExpiredBatches:
        """Another process over the same database, spool and object store."""
        site = copy.copy(self.site)
        site.database, site.objects, site.clock = database, objects, copy.copy(self.site.clock)
        objects.clock = site.clock
        site.archive = Archive(database.evidence, objects, site.spool, site.keep_until, site.clock)
        return site


def test_killed_before_anything_it_does_it_is_all_done_once_when_it_is_carried_out_again(tmp_path: Path) -> None:
    made = Installation(tmp_path / "installation")
    for calls in count(1, KILL_EVERY):
        with made.as_it_was() as site:
            killing = Killing(site, calls)
            try:
                site.carry_out(made.listed)
            except Killed:
                killing.over()
                site.carry_out(made.listed)
                all_done_once(site)
            else:
                break  # there is no such call any more
    assert calls > 40  # of each of two batches, nine files in two places, and papers


def all_done_once(site: ExpiredBatches) -> None:
    for batch in (FIRST, SECOND):
        nothing_left(site, batch)
    papers = site.database.disposals.papers("sg-001")
    assert [(each.batch, each.kind) for each in papers] == [
        (FIRST, PaperKind.ORDER),
        (FIRST, PaperKind.CERTIFICATE),
        (SECOND, PaperKind.ORDER),
        (SECOND, PaperKind.CERTIFICATE),
    ]
    assert len(list(destruction.check([each.data for each in papers], published(site.database.closings)))) == 4
    assert len(destruction.papers_in(site.objects)["sg-001"]) == 4
    assert len(site.objects.keys(destruction.PREFIX)) == 5  # and what was approved
    gone = [json.loads(each.data) for each in papers if each.kind is PaperKind.CERTIFICATE]
    assert [len(each["segments"]) for each in gone] == [len(site.footage(FIRST)), len(site.footage(SECOND))]


def test_an_emergency_account_is_never_one_of_the_two(site: ExpiredBatches) -> None:
    listed = site.propose()
    person = replace(site.person(SUPERVISOR), emergency=True)
    with pytest.raises(DecisionRefused, match="emergency"):
        disposal.approve(site.basis, listed.number, person, digest=listed.digest, reason="", actor=actor(SUPERVISOR))
    assert site.database.disposals.find(listed.number).decisions == ()
