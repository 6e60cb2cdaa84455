"""Footage of a 禁摄区: withheld from the first word on, never locked, destroyed by two sides only, never covered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from analysis.coverage import camera_coverage
from analysis.ledgers import camera_ledger
from domain.disposal import Settled
from domain.evidence import Cause, Place, SegmentState
from domain.holds import Order
from domain.law import Verdict
from domain.people import Role
from domain.timeline import Interval
from domain.withholding import LONGEST, DestructionOfWithheld, WithholdingState
from records import withholding as records
from records.errors import (
    DecisionRefused,
    ImpossibleTime,
    NoReason,
    NotApproved,
    NotReady,
    NotUnderLock,
    ReasonWanted,
)
from records.rebuilding import rebuild
from storage.archive import NotKept, NotOrdered, Withheld
from storage.check.comparing import Wrong
from storage.database import Database, connect, tables
from storage.errors import RowRefused, UnknownRow, UnknownWithholding
from storage.manifest import withheld
from storage.manifest.exporting import ExportRefused, export
from storage.manifest.form import read_signed, signature_holds
from storage.manifest.trees import reading
from storage.manifest.verifying import Trust, verify
from tests.closed_batches import DAY, FIRST, START, TESTER
from tests.disposals import OFFICER, SUPERVISOR, actor
from tests.fakes.notary import NOTARY
from tests.withheld import WINDOW, Site


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    made = Site(database, tmp_path / "spool")
    made.hold(FIRST)
    return made


# From the first word on


def test_from_the_withholding_on_nothing_is_stored_and_nobody_is_given_it(site: Site) -> None:
    first, *rest = site.files()
    withholding = site.withhold(first.interval.start, first.interval.start + timedelta(milliseconds=1))
    assert withholding.state is WithholdingState.UNDECIDED
    assert site.archive.keep_pending().kept == tuple(each.key for each in rest)
    with pytest.raises(NotKept, match=f"withholding {withholding.number}"):
        site.archive.keep(first)
    for given in (site.archive.opened, site.archive.playing, site.archive.glimpsed):
        with pytest.raises(Withheld, match="no-filming") as refused, given(first):
            pass
        assert refused.value.unreachable
        assert not refused.value.damaged
    with pytest.raises(Withheld):
        site.archive.read(first, 0, 10)
    assert site.archive.read(first, 0, 10, deciding=True) == (site.spool / first.key).read_bytes()[:10]
    with site.archive.opened(first, deciding=True) as file:
        assert len(file.read()) == first.size_bytes
    assert site.in_spool() == {each.key for each in site.files()}
    assert site.database.evidence.count_without_copy(Place.S3, 9) == 0


def test_what_is_recorded_while_a_withholding_goes_on_is_withheld_as_it_is_written(site: Site) -> None:
    withholding = site.withhold(START, None)
    (before,) = site.database.evidence.runs_of([site.files()[0].run])
    site.database.evidence.begin_run(replace(before, id="later", started=WINDOW.end, ended=None, end_reason=None))
    later = site.add(FIRST, "c1", "later", Interval(WINDOW.end, WINDOW.end + timedelta(seconds=4)), opens=False)
    assert site.database.evidence.withheld([later.key])[later.key].number == withholding.number
    assert later.key not in {each.key for each in site.database.evidence.segments_without_observation(99)}
    site.to(WINDOW.end + timedelta(minutes=5))
    ended = records.end(
        site.database, withholding.number, WINDOW.end, reason="已转正", actor=TESTER, clock=site.clock
    )
    assert (ended.until, ended.ended and ended.ended.reason) == (WINDOW.end, "已转正")
    assert site.database.evidence.withheld([later.key]) == {}
    with pytest.raises(DecisionRefused, match="another withholding"):
        records.end(site.database, withholding.number, WINDOW.end, reason="x", actor=TESTER, clock=site.clock)


def test_another_camera_is_not_touched(site: Site) -> None:
    site.withhold()
    assert site.database.evidence.withheld([each.key for each in site.files("c2")]) == {}


def test_a_withholding_between_the_look_and_the_put_is_seen(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last question before bytes are sent: the withholding arrives while the file is being compared."""
    first, whole = site.files()[0], site.archive._source

    def comparing(*told: Any) -> Any:
        site.withhold()
        return whole(*told)

    monkeypatch.setattr(site.archive, "_source", comparing)
    with pytest.raises(NotKept, match="withheld"):
        site.archive.keep(first)
    assert first.key not in site.objects.stored_keys


def test_a_file_that_was_being_sent_at_that_instant_is_told_as_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, put = site.files()[0], site.objects.put

    def sending(*told: Any) -> Any:
        site.withhold()
        return put(*told)

    monkeypatch.setattr(site.objects, "put", sending)
    copy = site.archive.keep(first)
    (withholding,) = site.database.withholdings.all()
    reached = records.reach(site.database, withholding)
    assert (reached.stored, reached.locked_until) == (1, copy.locked_until)
    with pytest.raises(Withheld):
        site.archive.read(first, 0, 10)


def test_no_lock_is_made_longer_by_what_comes_after_a_withholding(site: Site) -> None:
    first = site.files()[0]
    copy = site.archive.keep(first)
    assert copy.locked_until is not None
    later = copy.locked_until + DAY
    site.withhold()
    site.archive._retain_until = lambda _: later
    assert site.archive.secure(first, copy) == copy.locked_until
    assert site.objects.stat(first.key).locked_until == copy.locked_until
    assert (Wrong.LOCK_SHORT, first.key) not in site.findings()


@pytest.mark.parametrize(
    ("start", "until", "why"),
    [
        (START, START, "ends before"),
        (START, START + LONGEST + timedelta(seconds=1), "longer than 24 hours"),
        (START + DAY, None, "further notice begins by now"),
    ],
)
def test_an_impossible_span_is_refused(site: Site, start: datetime, until: datetime | None, why: str) -> None:
    with pytest.raises(ImpossibleTime, match=why):
        site.withhold(start, until)
    with pytest.raises(NoReason):
        site.withhold(why=" ")
    with pytest.raises(UnknownRow, match="no camera c9"):
        records.withhold(site.database, "c9", START, None, reason="x", actor=TESTER, clock=site.clock)
    assert site.database.withholdings.all() == []


# Coverage


def test_a_withholding_is_a_gap_with_its_own_cause_and_no_pass(site: Site) -> None:
    site.archive.keep_pending()
    before = site.report()
    assert site.causes(before) == {Cause.CAMERA_DISCONNECTED}
    site.withhold()
    report = site.report()
    assert site.causes(report) == {Cause.WITHHELD, Cause.CAMERA_DISCONNECTED}
    assert report.settled_until == report.window.end
    verdicts = {each.id: each.verdict for each in report.clauses}
    assert verdicts["C6.2-3"] is Verdict.FAIL
    assert verdicts["C6.2-5"] is Verdict.UNKNOWN
    kept = next(each for each in report.clauses if each.id == "C6.2-5")
    assert "误摄禁摄区扣留" in kept.zh
    assert "withheld (1) as footage of a no-filming area" in kept.en
    backed_up = next(each for each in report.clauses if each.id == "C6.2-2")
    assert f"{len(site.files('c2'))}个录像文件均有备份" in backed_up.zh  # of those that are withheld nobody says so
    assert Cause.UNEXPLAINED not in site.causes(report)


def test_a_declined_withholding_leaves_everything_as_it_was(site: Site) -> None:
    site.archive.keep_pending()
    before = site.report()
    site.decide(site.withhold(), SUPERVISOR, Settled.DECLINED)
    after = site.report()
    assert [each.gaps for each in after.cameras] == [each.gaps for each in before.cameras]
    assert [each.verdict for each in after.clauses] == [each.verdict for each in before.clauses]
    site.archive.read(site.files()[0], 0, 10)


def test_a_withholding_explains_no_loss_away(site: Site) -> None:
    """Files that are gone are gone, and fail: whoever lost them does not say that they showed a 禁摄区."""
    lost = site.files()[0]
    (copy,) = site.database.evidence.copies([lost.key])[lost.key]
    site.database.evidence.tombstone_copy(lost.key, copy.place, copy.target, site.clock.now(), copy.spool)
    site.withhold()
    report = site.report()
    assert Cause.SEGMENT_MISSING in site.causes(report)
    assert next(each for each in report.clauses if each.id == "C6.2-5").verdict is Verdict.FAIL


# Nobody alone


def test_one_side_alone_destroys_nothing(site: Site) -> None:
    withholding = site.withhold()
    for names in ((), (OFFICER,)):
        for name in names:
            withholding = site.decide(withholding, name)
        with pytest.raises(NotApproved, match="neither of them who made it"):
            site.destroy(withholding)
    assert withholding.state is WithholdingState.CONFIRMED_ONCE
    with pytest.raises(DecisionRefused, match="confirmed it already; the second confirmation is somebody"):
        site.decide(withholding, OFFICER)
    with pytest.raises(DecisionRefused, match="comes from the other side"):
        site.decide(withholding, "li")
    assert site.in_spool() == {each.key for each in site.files()}
    with pytest.raises(NotOrdered):
        site.archive.destroy_withheld(site.database.evidence.copies([site.files()[0].key])[site.files()[0].key][0])


def test_who_withheld_it_does_not_confirm_it(site: Site) -> None:
    withholding = site.withhold(by=OFFICER)
    with pytest.raises(DecisionRefused, match="somebody else confirms"):
        site.decide(withholding, OFFICER)
    assert site.decide(withholding, OFFICER, Settled.DECLINED).state is WithholdingState.RELEASED


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"role": Role.SITE_OPERATOR}, "decides on no withholding"),
        ({"role": Role.AUDITOR}, "decides on no withholding"),
        ({"emergency": True}, "emergency"),
        ({"recused": frozenset({FIRST})}, "recused"),
    ],
)
def test_who_may_not_decide(site: Site, change: dict[str, Any], why: str) -> None:
    withholding, person = site.withhold(), replace(site.person(OFFICER), **change)
    for what in (Settled.APPROVED, Settled.DECLINED):
        with pytest.raises(DecisionRefused, match=why):
            records.decide(
                site.database, withholding.number, person, what, reason="x", actor=actor(OFFICER), clock=site.clock
            )


def test_a_withholding_that_goes_on_is_not_confirmed_and_one_that_was_decided_on_is_not_decided_again(
    site: Site,
) -> None:
    going = site.withhold(START, None)
    with pytest.raises(DecisionRefused, match="goes on"):
        site.decide(going, OFFICER)
    declined = site.decide(site.withhold(), OFFICER, Settled.DECLINED)
    with pytest.raises(DecisionRefused, match="waits for no decision"):
        site.decide(declined, SUPERVISOR)
    with pytest.raises(UnknownWithholding):
        site.database.withholdings.find(99)


def test_a_confirmation_that_only_the_database_has_is_none(site: Site) -> None:
    withholding = site.decide(site.withhold(), OFFICER)
    row = {"withholding": withholding.number, "number": 2, "what": "approved", "at": site.clock.now(), "door": "api"}
    row |= {"actor": f"account:{SUPERVISOR}", "reason": "", "role": "city_supervisor"}
    with site.database._engine.writing() as connection:
        connection.execute(sa.insert(tables.withholding_decisions).values(row))
    with pytest.raises(NotApproved, match=f"no signed entry .* by account:{SUPERVISOR}"):
        site.destroy(withholding)
    assert site.in_spool() == {each.key for each in site.files()}


def test_who_confirmed_must_still_be_who_they_were(site: Site) -> None:
    withholding = site.confirmed()
    site.database.accounts.disable(SUPERVISOR, site.clock.now())
    with pytest.raises(NotApproved, match="not who they were"):
        site.destroy(withholding)


# Destroying


def test_what_both_sides_confirmed_goes_and_leaves_a_signed_word(site: Site) -> None:
    files = site.files()
    withholding = site.confirmed()
    done = site.destroy(withholding)
    assert (done.removed, done.stored, done.left) == (len(files), 0, ())
    assert site.in_spool() == set()
    assert done.paper is not None
    paper, signature = read_signed(DestructionOfWithheld, done.paper.data)
    assert signature_holds(paper, signature, site.signer.public)
    assert [(each.key, each.sha256) for each in paper.files] == [(each.key, each.sha256) for each in files]
    assert {each.role for each in paper.confirmed} == {"city_officer", "city_supervisor"}
    key = f"{withheld.PREFIX}c1/000001-001-{done.paper.digest}.json"
    assert site.objects.read(key) == done.paper.data
    assert site.objects.stat(key).locked_until is not None
    assert Cause.WITHHELD in site.causes()
    assert Cause.SEGMENT_MISSING not in site.causes()
    kept = next(each for each in site.report().clauses if each.id == "C6.2-5")
    assert (kept.verdict, "两方已认定" in kept.zh) == (Verdict.WARN, True)
    assert site.findings() == []
    assert site.destroy(withholding).paper == done.paper
    assert [entry.act for entry in site.database.journal.entries(4)] == [
        "destroy_withheld_footage",
        "confirm_withholding",
        "confirm_withholding",
        "withhold_footage",
    ]


def test_what_is_under_a_lock_already_stays_with_all_its_copies(site: Site) -> None:
    first, *rest = site.files()
    site.archive.keep(first)
    withholding = site.confirmed()
    assert records.reach(site.database, withholding).stored == 1
    done = site.destroy(withholding)
    assert (done.removed, done.stored) == (len(rest), 1)
    assert site.in_spool() == {first.key}
    with pytest.raises(Withheld):
        site.archive.read(first, 0, 1)
    assert Cause.WITHHELD in site.causes()


def test_a_held_batch_keeps_it_all(site: Site) -> None:
    withholding = site.confirmed()
    site.database.holds.add(FIRST, Order(site.clock.now(), TESTER, "投诉"))
    with pytest.raises(NotApproved, match="held 封存"):
        site.destroy(withholding)
    assert site.in_spool() == {each.key for each in site.files()}


def test_an_upload_that_was_killed_before_its_row_keeps_the_file(site: Site) -> None:
    first = site.files()[0]
    site.objects.put(first.key, site.spool / first.key, first.sha256, WINDOW.end + 900 * DAY)
    done = site.destroy(site.confirmed())
    assert (done.removed, done.paper) == (0, None)
    assert "kaojian check --repair" in done.left[0]
    assert site.in_spool() == {each.key for each in site.files()}


@pytest.mark.parametrize("at", [1, 2, 6, 9, 10])
def test_killed_between_any_two_steps_it_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    withholding, calls = site.confirmed(), [0]

    class KilledError(BaseException):
        pass

    def dying(whole: Callable[..., Any]) -> Callable[..., Any]:
        def call(*told: Any, **more: Any) -> Any:
            calls[0] += 1
            if calls[0] == at:
                raise KilledError
            return whole(*told, **more)

        return call

    evidence, archive = site.database.evidence, site.archive
    with monkeypatch.context() as patched:
        patched.setattr(archive, "_remove_spool_file", dying(archive._remove_spool_file))
        patched.setattr(evidence, "dispose_copy", dying(evidence.dispose_copy))
        patched.setattr(site.database.withholdings, "add_paper", dying(site.database.withholdings.add_paper))
        patched.setattr(site.objects, "put", dying(site.objects.put))
        with pytest.raises(KilledError):
            site.destroy(withholding)
    assert site.causes() >= {Cause.WITHHELD}
    done = site.destroy(withholding)
    assert done.paper is not None
    assert site.in_spool() == set()
    (paper,) = site.database.withholdings.papers(withholding.number)
    assert len(read_signed(DestructionOfWithheld, paper.data)[0].files) == len(site.files())


def test_without_the_store_nothing_goes_and_a_paper_is_brought_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    withholding = site.confirmed()
    site.objects.down = True
    done = site.destroy(withholding)
    assert (done.removed, done.paper) == (0, None)
    assert site.in_spool() == {each.key for each in site.files()}
    site.objects.down = False
    with monkeypatch.context() as patched:
        patched.setattr(site.objects, "damages_puts", True)
        with pytest.raises(NotUnderLock):
            site.destroy(withholding)
    assert site.destroy(withholding).paper is not None


# Closed batches


def test_a_batch_is_closed_with_what_is_withheld_stated_as_missing_and_its_gaps_say_why(site: Site) -> None:
    first = site.files()[0]
    site.withhold(first.interval.start, first.interval.end)
    site.archive.keep_pending()
    closed = site.close(FIRST)
    stated = {each.key: each for each in closed.manifest.segments}
    assert (stated[first.key].state, stated[first.key].objects) == (SegmentState.MISSING, ())
    assert {each.state for key, each in stated.items() if key != first.key} == {SegmentState.OK}
    (sitting,) = closed.manifest.sittings
    gaps = next(each.gaps for each in sitting.cameras if each.camera == "c1")
    assert Cause.WITHHELD in {gap.cause for gap in gaps}


def test_an_export_of_it_verifies_and_a_rebuilt_database_knows_why_it_is_missing(site: Site, tmp_path: Path) -> None:
    first = site.files()[0]
    site.withhold(first.interval.start, first.interval.end)
    site.archive.keep_pending()
    site.close(FIRST)
    stated = site.causes()
    export(site.database, site.archive, FIRST, tmp_path / "taken", signer=site.signer, clock=site.clock)
    assert not (tmp_path / "taken" / "footage" / first.key).exists()
    with reading(tmp_path / "taken") as tree:
        assert list(verify(tree, Trust((site.signer.public,))))
    with closing(connect(f"sqlite:///{tmp_path / 'empty' / 'kaojian.sqlite3'}", NOTARY)) as empty:
        rebuild(empty, [site.objects], site.clock, keys=[site.signer.public])
        gaps = camera_coverage(camera_ledger(empty.evidence, "c1", WINDOW), WINDOW, site.clock.now()).gaps
    assert {gap.cause for gap in gaps} == stated == {Cause.WITHHELD, Cause.CAMERA_DISCONNECTED}


def test_a_closed_batch_is_not_exported_with_what_is_withheld_since_before_an_amendment(
    site: Site, tmp_path: Path
) -> None:
    site.archive.keep_pending()
    site.close(FIRST)
    site.clock.advance(60)
    site.withhold()
    with pytest.raises(ExportRefused, match="amend the batch first"):
        export(site.database, site.archive, FIRST, tmp_path / "no", signer=site.signer, clock=site.clock)
    site.close(FIRST, "误摄禁摄区")
    export(site.database, site.archive, FIRST, tmp_path / "taken", signer=site.signer, clock=site.clock)
    with reading(tmp_path / "taken") as tree:
        assert list(verify(tree, Trust((site.signer.public,))))


def test_of_a_closed_batch_only_access_is_refused_and_an_amendment_says_so(site: Site) -> None:
    site.archive.keep_pending()
    first = site.close(FIRST)
    site.clock.advance(60)
    withholding = site.confirmed()
    assert records.reach(site.database, withholding).closed == {FIRST}
    done = site.destroy(withholding)
    assert (done.removed, done.paper) == (0, None)
    assert site.in_spool() == {each.key for each in site.files()}
    with pytest.raises(ReasonWanted):
        site.close(FIRST)
    amended = site.close(FIRST, "误摄禁摄区")
    assert amended.amended
    stated = {each.key: each for each in amended.manifest.segments}
    for each in site.files():
        assert stated[each.key].state is SegmentState.MISSING
        assert stated[each.key].objects
    assert site.findings() == []
    assert first.manifest.says_the_same(amended.manifest) is False


def test_a_batch_whose_withholding_is_declined_waits_for_its_files_again(site: Site) -> None:
    site.decide(site.withhold(), OFFICER, Settled.DECLINED)
    with pytest.raises(NotReady, match="not in the object store yet"):
        site.close(FIRST)


def test_rows_of_withholdings_are_never_changed(site: Site) -> None:
    site.confirmed()
    for act in ("DELETE FROM {}", "UPDATE {} SET reason = 'x'"):
        for table in ("withholdings", "withholding_decisions"):
            with pytest.raises(RowRefused), site.database._engine.writing() as connection:
                connection.execute(sa.text(act.format(table)))
