"""Outside scoring systems: what is not vouched for leaves no trace, and what is counts as marks given here do."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from config.rule_pack import load
from domain.gate import Proposal
from domain.grounds import Method
from domain.outside import RESULTS, Purpose, Results, ScoringSystem, Signed, written
from domain.scores import Score
from records import outside, scores
from records.candidacies import cases, record_of
from records.errors import (
    NoReason,
    NotVouched,
    OutsideRefused,
    RecordsError,
    ResultsRefused,
    ResultsReplayed,
    ScoreRefused,
)
from records.outside import Sent, Taken
from records.results_form import LARGEST_BYTES
from records.scores import SCORES, Mark, Place
from storage.database import Database, connect
from storage.errors import UnknownBatch
from storage.signing import Signer, is_signed
from tests.analysis.ledgers import at
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.examined import AFTER, SCORER, filmed, held, marked, planned
from tests.records.handed_in import ID, KEY, LATER, MADE, SYSTEM, entered, result, results, sent
from tests.records.rolls import BATCH, OFFICER

RULES = load("SG-2022-08-10")
ENTERED = at(-80000)


@pytest.fixture
def exam(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    """Held, not marked; the system's key is entered."""
    planned(database, clock, tmp_path)
    held(database)
    outside.add_system(database, entered(), OFFICER, ENTERED)
    return database


def take(database: Database, what: Results | Sent, batch: str = BATCH) -> Taken:
    found = sent(what) if isinstance(what, Results) else what
    return outside.hand_in(database, batch, found, SYSTEM, AFTER, full_mark=100)


def everything(database: Database) -> tuple[object, ...]:
    """All that handing in may change."""
    register = database.register
    return register.revisions(SCORES), register.revisions(RESULTS), database.journal.head()


def score_of(database: Database, ticket: str = "T001") -> Score:
    found = database.register.find(SCORES, f"{BATCH}/{ticket}/实操")
    assert found is not None
    return found.thing.score


# Not vouched for

OTHER = Signer.new()
GOOD = written(results())


def refused(
    database: Database, what: Results | Sent, kind: type[RecordsError], told: str, batch: str = BATCH
) -> None:
    """Handed in, it is refused, and everything is as it was."""
    before = everything(database)
    with pytest.raises(kind, match=told):
        take(database, what, batch)
    assert everything(database) == before


@pytest.mark.parametrize(
    ("what", "told"),
    [
        (sent(results(), OTHER), "no key of scoring-1 signed"),
        (Sent(ID, GOOD, "0" * 128), "no key of scoring-1 signed"),
        (Sent(ID, GOOD, KEY.sign(GOOD).upper()), "no key of scoring-1 signed"),
        (Sent(ID, GOOD, ""), "no key of scoring-1 signed"),
        (Sent(ID, GOOD.replace(b"88.5", b"98.5"), KEY.sign(GOOD)), "no key of scoring-1 signed"),
        (Sent(ID, GOOD + b" ", KEY.sign(GOOD)), "no key of scoring-1 signed"),
        (sent(results(), account="scoring-2"), "scoring-2 is no scoring system"),
        (sent(results(), account="ex-2"), "ex-2 is no scoring system"),
        (sent(results(system="scoring-2")), "of another system than scoring-1"),
        (sent(results(batch="2026-0502")), f"of another batch than {BATCH}"),
        (sent(results(result(given=at(-90000), signed=None, confirmed=None), made=at(-86401))), "good from .* until"),
        (sent(results(made=AFTER + timedelta(minutes=6))), "set the clock"),
    ],
)
def test_what_no_key_that_counts_has_signed_is_refused_and_changes_nothing(
    exam: Database, what: Sent, told: str
) -> None:
    refused(exam, what, NotVouched, told)


def test_a_batch_that_is_not_there_takes_nothing(exam: Database) -> None:
    refused(exam, results(), UnknownBatch, "no batch", batch="2026-0599")  # type: ignore[arg-type]


def test_a_revoked_key_signs_nothing_more_whatever_the_document_says_of_its_time(exam: Database) -> None:
    take(exam, results())
    outside.revoke_system(exam, f"{ID}/1", OFFICER, at(5100), reason="服务器失窃")
    refused(exam, results(result("T002")), NotVouched, "was revoked at")
    refused(exam, results(), NotVouched, "was revoked at")
    assert score_of(exam).value == Decimal("88.5")


def test_a_key_that_took_over_signs_and_the_one_before_it_does_until_its_end(exam: Database) -> None:
    outside.add_system(exam, replace(entered(OTHER), valid_from=at(4000)), OFFICER, ENTERED)
    refused(
        exam,
        sent(results(result(signed=None, confirmed=None, given=at(3000)), made=at(3500)), OTHER),
        NotVouched,
        "good from",
    )
    take(exam, sent(results(), OTHER))
    assert take(exam, results(result("T002"), made=MADE + LATER)).entry.thing.key == KEY.public
    assert [each.thing.key for each in outside.results_of(exam, BATCH)] == [OTHER.public, KEY.public]


def test_an_older_document_is_never_taken_after_a_later_one(exam: Database) -> None:
    first = results()
    take(exam, first)
    take(exam, results(result(value="90"), made=MADE + LATER, reason="漏记一项"))
    refused(exam, first, ResultsReplayed, "a later one replaces it")
    refused(exam, results(result("T002"), made=MADE + LATER), ResultsReplayed, "a later one replaces it")
    assert score_of(exam).value == Decimal(90)


# What does not fit


@pytest.mark.parametrize(
    ("what", "place", "told"),
    [
        (results(result(), result("T002", "100.5")), "results[1].value", "100.5 is no mark from 0 to 100"),
        (results(result(), result("T009")), "results[1].candidate", "is not on the roll"),
        (results(result(), result("T002", subject="理论")), "results[1].subject", "is no subject of T002"),
    ],
)
def test_one_mark_that_cannot_be_keeps_all_out(exam: Database, what: Results, place: str, told: str) -> None:
    before = everything(exam)
    with pytest.raises(ResultsRefused) as found:
        take(exam, what)
    assert [(where, told in said) for where, said in found.value.problems] == [(place, True)]
    assert everything(exam) == before


def test_a_document_that_is_too_large_is_not_read(exam: Database) -> None:
    refused(exam, Sent(ID, b" " * (LARGEST_BYTES + 1), "0" * 128), ResultsRefused, "hand results in by parts")


def test_a_system_of_machines_gives_no_marks_of_people(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    planned(database, clock, tmp_path)
    outside.add_system(database, entered(purpose=Purpose.MACHINE), OFFICER, ENTERED)
    refused(database, results(), ResultsRefused, r"results\[0\].method: .*machines 机考 alone")
    take(database, results(result(method=Method.MACHINE, scorer="m-1", signed=None, confirmed=None)))
    assert score_of(database).machine_signed


def test_what_was_given_here_is_not_changed_from_outside(exam: Database) -> None:
    marked(exam, T001="61")
    refused(exam, results(reason="更正"), ResultsRefused, r"results\[0\]: was not handed in by scoring-1")
    assert score_of(exam).vouched == ""


# Taken


def test_marks_are_on_record_with_what_vouches_for_them_and_the_document_can_be_checked_later(exam: Database) -> None:
    taken = take(exam, results(result(), result("T002", "60"), result("T003", None)))
    assert (taken.new, taken.changed, taken.unchanged) == (3, 0, 0)
    score = score_of(exam)
    assert (score.value, score.scorer, score.machine_signed) == (Decimal("88.5"), "ex-2", False)
    assert score.vouched == taken.entry.name == f"results/{BATCH}/{ID}@1"
    assert score_of(exam, "T003").value is None
    kept = taken.entry.thing
    assert is_signed(kept.document.encode(), kept.signature, kept.key)
    assert not is_signed(kept.document.replace("88.5", "88.6").encode(), kept.signature, kept.key)
    (entry, *_) = exam.journal.entries()
    assert (entry.act, entry.subject, entry.actor) == ("hand_in_results_batch", BATCH, SYSTEM)
    assert list(exam.register.unlike_the_journal()) == []


def test_the_same_document_twice_changes_nothing(exam: Database) -> None:
    first = take(exam, results())
    before = everything(exam)
    again = take(exam, results())
    assert (again.entry, again.new, again.changed, again.unchanged) == (first.entry, 0, 0, 1)
    assert everything(exam) == before


def test_a_later_document_changes_a_mark_only_with_a_reason_and_the_history_stays(exam: Database) -> None:
    take(exam, results(result(), result("T002", "60")))
    changed = (result(value="90"), result("T002", "60"))
    refused(exam, results(*changed, made=MADE + LATER), ResultsRefused, r"results\[0\]: .*say why it is changed")
    taken = take(exam, results(*changed, made=MADE + LATER, reason="漏记一项"))
    assert (taken.new, taken.changed, taken.unchanged) == (0, 1, 1)
    history = exam.register.history(SCORES, f"{BATCH}/T001/实操")
    assert [(str(each.thing.score.value), each.reason) for each in history] == [("88.5", ""), ("90", "漏记一项")]
    assert score_of(exam).vouched.endswith("@2")
    assert score_of(exam, "T002").vouched.endswith("@1")


def test_a_mark_may_be_taken_back_with_a_reason_and_then_there_is_none(exam: Database) -> None:
    take(exam, results())
    refused(exam, results(result(value=None), made=MADE + LATER), ResultsRefused, "say why")
    take(exam, results(result(value=None), made=MADE + LATER, reason="录错考生"))
    assert (score_of(exam).value, score_of(exam).signed) == (None, None)
    taken = take(exam, results(made=MADE + 2 * LATER))
    assert taken.changed == 1


def test_signatures_are_added_without_a_reason_and_taken_away_with_one(exam: Database) -> None:
    take(exam, results(result(signed=None, confirmed=None)))
    take(exam, results(made=MADE + LATER))
    assert score_of(exam).signed is not None
    bare = result(signed=None, confirmed=None)
    refused(exam, results(bare, made=MADE + 2 * LATER), ResultsRefused, "say why")


def test_marks_that_stand_after_the_decimal_alike_are_the_same_mark(exam: Database) -> None:
    take(exam, results(result(value="60")))
    taken = take(exam, results(result(value="60.0"), made=MADE + LATER))
    assert (taken.changed, taken.unchanged) == (0, 1)


def test_what_was_handed_in_is_not_signed_here_and_given_anew_here_it_is_vouched_for_by_nobody(
    exam: Database,
) -> None:
    take(exam, results(result(signed=None, confirmed=None)))
    place = Place(BATCH, "T001", "实操")
    with pytest.raises(ScoreRefused, match="handed in by an outside system"):
        scores.sign(exam, place, SCORER, AFTER)
    mark = Mark(Decimal(70), Method.PRACTICAL, "ex-2")
    with pytest.raises(NoReason):
        scores.give(exam, place, mark, SCORER, AFTER, full_mark=100)
    scores.give(exam, place, mark, SCORER, AFTER, full_mark=100, reason="复核更正")
    assert (score_of(exam).vouched, score_of(exam).value) == ("", Decimal(70))
    refused(exam, results(made=MADE + LATER, reason="更正"), ResultsRefused, "was not handed in by")


# At the gate


def proposals(database: Database) -> dict[str, tuple[Proposal, tuple[str, ...]]]:
    found = cases(record_of(database, BATCH, AFTER), filmed(), RULES)
    return {each.ticket: (each.proposed.proposal, tuple(r.code for r in each.proposed.reasons)) for each in found}


def test_the_gate_proposes_the_same_as_for_marks_given_here(exam: Database, clock: FakeClock, tmp_path: Path) -> None:
    take(exam, results(result("T001", "88.5"), result("T002", "59.5")))
    with closing(connect(f"sqlite:///{tmp_path / 'beside.sqlite3'}", NOTARY)) as beside:
        planned(beside, clock, tmp_path)
        held(beside)
        marked(beside, T001="88.5", T002="59.5")
        assert proposals(exam) == proposals(beside)
    assert proposals(exam)["T001"][0] is Proposal.ISSUE
    assert proposals(exam)["T002"][0] is Proposal.REFUSE
    rests_on = {each.ticket: each.rests_on for each in cases(record_of(exam, BATCH, AFTER), filmed(), RULES)}
    assert f"results/{BATCH}/{ID}@1" in rests_on["T001"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scorer": "ex-9", "signed": Signed("ex-9", at(4700))},  # whom the centre did not send
        {"given": at(500), "signed": Signed("ex-2", at(4700))},  # before the panel came
        {"signed": None},
        {"signed": Signed("ex-3", at(4700))},
        {"confirmed": Signed("ex-3", at(4800))},  # who leads no panel
        {"method": Method.MACHINE},  # which the norm does not say
    ],
)
def test_an_outside_system_s_word_makes_no_examiner_of_anybody(exam: Database, wrong: dict[str, object]) -> None:
    good = {"signed": Signed("ex-2", at(4700)), "confirmed": Signed("ex-1", at(4800))}
    take(exam, results(result("T001", "88.5", **{**good, **wrong})))
    if wrong == {"method": Method.MACHINE}:
        assert proposals(exam)["T001"][0] is Proposal.ISSUE  # by the norm it is practical, and was signed as such
    else:
        assert proposals(exam)["T001"][0] is Proposal.HOLD


# Systems


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"id": "Scoring 1"}, "no id of a system"),
        ({"name": " "}, "what the system is called"),
        ({"valid_until": at(-86400)}, "never be good"),
        ({"valid_until": ENTERED}, "never be good"),
        ({"id": "scoring-2"}, "is scoring-1/1 already"),
    ],
)
def test_a_key_that_could_not_be_used_or_is_another_s_is_not_entered(
    exam: Database, wrong: dict[str, object], told: str
) -> None:
    system: ScoringSystem = replace(entered(), **wrong)  # type: ignore[arg-type]
    with pytest.raises(OutsideRefused, match=told):
        outside.add_system(exam, system, OFFICER, ENTERED)
    assert len(outside.systems(exam)) == 1


def test_a_key_is_revoked_once_and_with_a_reason(exam: Database) -> None:
    with pytest.raises(NoReason):
        outside.revoke_system(exam, f"{ID}/1", OFFICER, AFTER, reason=" ")
    with pytest.raises(OutsideRefused, match="no key scoring-1/2"):
        outside.revoke_system(exam, f"{ID}/2", OFFICER, AFTER, reason="x")
    first = outside.revoke_system(exam, f"{ID}/1", OFFICER, AFTER, reason="换发")
    assert outside.revoke_system(exam, f"{ID}/1", OFFICER, AFTER + LATER, reason="换发") == first
    revoked = first.thing
    assert revoked.vouches(MADE, at(5100)) and not revoked.vouches(MADE, AFTER)
    assert not entered().vouches(at(86400), AFTER)


def test_marks_from_before_outside_systems_are_read_as_they_were() -> None:
    old = json.dumps({"batch": "b", "candidate": "T1", "score": {"subject": "实操", "method": "practical"}})
    found = TypeAdapter(SCORES.type).validate_json(old)  # as the register reads it
    assert found.score == Score("实操", Method.PRACTICAL, vouched="")
