"""The contract of the journal, on every database, and the refusal to lose rows behind its back."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from domain.alarms import Alarm, Kind, Step
from domain.chain import Seal
from domain.disposal import Decision, PaperKind, Settled
from domain.evidence import CameraEvent, CameraState, Cause, LostCopy, Observation, Outage, SegmentState
from domain.expected import Expectation
from domain.holds import Order
from domain.host_clock import HostClock
from domain.panels import Member
from domain.people import Account, Actor, BrokenGlass, Door, Reach, Role, Scope
from domain.phases import Mark, Marked
from domain.pictures import Look, Reference
from domain.readiness import Confirmation, Item
from domain.register import Draft
from domain.register import Kind as Sort
from domain.viewings import SHOWN, Deed, Viewing
from storage.database import Database, connect
from storage.database.alarms import RuleState
from storage.database.api_tokens import ApiToken
from storage.database.closings import KeptKey, KeptStamp
from storage.database.disposals import KeptPaper
from storage.database.identities import Identity
from storage.database.journal import JournalEntry
from storage.database.tables import metadata
from storage.database.withholdings import KeptDestruction
from storage.errors import KeyMissing
from tests.fakes.notary import NOTARY
from tests.postgres import PostgresServer
from tests.storage.database.examples import ACTOR, RECORDER, after, batch, begin, copy, segment, site
from tests.storage.database.test_closings import DOCUMENTS, following
from tests.storage.database.test_permits import APPROVAL, PERMIT


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of an SQLite database with one row in every table, for all tests that are refused to change it."""
    return _filled(f"sqlite:///{tmp_path_factory.mktemp('filled') / 'kaojian.db'}")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest) -> str:
    """The same on every database."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("filled_file"))
    server: PostgresServer = request.getfixturevalue("postgres")
    return _filled(server.new_database())


def test_entries_come_latest_first_and_within_the_limit(database: Database) -> None:
    for number in range(5):
        database.journal.record(after(number), ACTOR, "sitting.open", f"batch-1/{number}", "韶关")
    found = database.journal.entries(limit=2)
    assert found[0] == JournalEntry(5, after(4), ACTOR, "sitting.open", "batch-1/4", "韶关", found[0].digest)
    assert [entry.subject for entry in found] == ["batch-1/4", "batch-1/3"]
    assert database.journal.head() == Seal(found[0].number, found[0].digest)


def test_who_follows_the_journal_reads_on_from_the_last_number(database: Database) -> None:
    for number in range(5):
        database.journal.record(after(number), ACTOR, "act", f"subject-{number}")
    journal = database.journal
    assert [each.number for each in journal.after(0, 2)] == [1, 2]
    assert [each.subject for each in journal.after(2, 9)] == ["subject-2", "subject-3", "subject-4"]
    assert journal.after(5, 9) == []


def test_entries_can_be_asked_for_by_subject(database: Database) -> None:
    service = Actor("service:ingest", Door.SERVICE)
    for number in range(4):
        database.journal.record(after(number), service, "act", f"subject-{number % 2}")
    assert [entry.at for entry in database.journal.entries(subject="subject-1")] == [after(3), after(1)]
    assert database.journal.entries()[0].actor == service


def test_acts_on_batches_are_found_and_those_that_mention_one_left_out(database: Database) -> None:
    acts = [
        ("apply_batch", "b-1", ""),
        ("open_sitting", "b-1/1", ""),
        ("add_account", "b-1", "auditor b-10"),  # an account of the same name
        ("apply_site", "b-1", ""),
        ("close_batch", "B-1", ""),
        ("open_sitting", "b-10/1", ""),
        ("recuse", "li", "b-1: 亲属"),
        ("apply_batch", "b%1", ""),
        ("a%_batch", "b_1", ""),
    ]
    for act, subject, detail in acts:
        database.journal.record(after(0), ACTOR, act, subject, detail)

    def told(*batches: str) -> list[str]:
        return [each.subject for each in database.journal.entries(9, batches=frozenset(batches))]

    assert told("b-1") == ["b-1/1", "b-1"]
    assert told("b-10", "b%1") == ["b%1", "b-10/1"]
    assert told("b-2") == told() == []
    left = [each.subject for each in database.journal.entries(9, without=frozenset({"b-1"}))]
    assert {"b_1", "b%1"} <= set(left) <= {"b_1", "b%1", "B-1"}
    assert len(database.journal.entries(9, without=frozenset({"b%"}))) == 8


def test_a_process_that_was_given_no_key_adds_nothing_to_a_record(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = connect(url)
    with pytest.raises(KeyMissing, match="no key to sign with"):
        database.journal.record(after(0), ACTOR, "act", "subject")
    assert "act_not_written" in capsys.readouterr().out
    with pytest.raises(KeyMissing, match="no key to sign with"):
        database.viewings.add(Viewing(after(0), ACTOR, "auditor", Deed.OPEN, SHOWN))
    assert [rows.head() for rows in database.records] == [None, None]
    database.close()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("journal", "number"),
        ("revisions", "id"),
        ("observations", "id"),
        ("login_attempts", "id"),
        ("host_clock", "cameras_told"),
        ("viewings", "number"),
        ("recusals", "batch"),
        ("permits", "batch"),
        ("permit_decisions", "reason"),
        ("alarms", "site"),
        ("lost_copies", "state"),
        ("broken_glass", "reason"),
        ("holds", "reason"),
        ("hold_liftings", "reason"),
        ("link_stamps", "sha256"),
        ("disposals", "reason"),
        ("disposal_batches", "batch"),
        ("disposal_decisions", "reason"),
        ("disposal_papers", "batch"),
        ("withholdings", "reason"),
        ("withholding_ends", "reason"),
        ("withholding_decisions", "reason"),
        ("withholding_papers", "paper"),
        ("looks", "version"),
        ("picture_references", "camera"),
        ("expectations", "document"),
    ],
)
def test_the_database_itself_refuses_to_change_what_is_only_ever_added(filled: str, table: str, column: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="never changed this way"):
        _execute(filled, sa.update(metadata.tables[table]).values({column: 99}))


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_database_itself_refuses_to_delete_a_row(filled_file: str, table: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="never changed this way"):
        _execute(filled_file, sa.delete(metadata.tables[table]))


def test_postgresql_refuses_to_delete_rows_as_well(filled: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="never changed this way"):
        _execute(filled, sa.delete(metadata.tables["journal"]))


def _filled(url: str) -> str:
    """The same address, with one row in every table of its database."""
    database = connect(url, NOTARY)
    begin(database)
    database.evidence.add_clock_reading(HostClock(RECORDER.id, after(0)))
    database.evidence.add_event(CameraEvent("event-1", "cam-1", RECORDER.id, after(0), CameraState.LIVE))
    one = segment(0, 60)
    database.evidence.add_segment(one, copy(one))
    database.evidence.add_observation(Observation(one.key, after(70), SegmentState.OK, 900))
    database.looks.add(Look(one.key, 1, "", after(70), ()))
    database.looks.add_reference(Reference("id", "cam-1", after(70), ACTOR, one.interval, (one.key,), b"calibration"))
    database.evidence.lose_copy(LostCopy(copy(one), after(70), SegmentState.MISSING))
    database.evidence.open_outage(Outage("outage-1", "cam-1", after(0), None, Cause.NO_DATA))
    database.setup.apply_site(site(), ACTOR, after(0))
    database.setup.apply_batch(batch(), ACTOR, after(0))
    valid = database.setup.valid("batch-1", 1, after(10))
    nothing = Expectation("SG-2022-08-10", "ab" * 32, "EN 62676-4:2014", 1, (), ())
    database.setup.open_sitting("batch-1", 1, after(10), after(12), expected=(valid, nothing))
    database.readiness.order_trial("batch-1", 1, one.interval, site_sha256="ab" * 32, actor=ACTOR, at=after(0))
    database.readiness.confirm(Confirmation("batch-1", 1, "room-1", Item.SIGNS, True, after(1), ACTOR))
    database.readiness.sign("batch-1", 1, {"code": 1, "go": True, "reason": ""}, ACTOR, after(2))
    database.marks.add("batch-1", 1, Marked(Mark.OPENED, after(9), after(9), ACTOR))
    database.register.enter("act", "subject", [Draft(Sort("member", Member), "a", Member("ex-1"))], ACTOR, after(0))
    database.journal.record(after(0), ACTOR, "act", "subject")
    account = Account("li", Role.CITY_OFFICER, Scope(Reach.CITY), after(0), must_change=True)
    database.accounts.add(account, "hash")
    database.accounts.begin_attempt("li", after(0))
    database.accounts.succeed("li", "session-1", after(0))
    database.accounts.recuse("li", "b-1", after(0), recused=True)
    database.accounts.begin_half("li", "half-1", after(0))
    database.factors.begin("li", "sealed", after(0))
    factor = database.factors.standing("li")
    assert factor is not None
    database.factors.confirm("li", factor.id, 1, ["digest"], after(0))
    database.api_tokens.add(ApiToken("token-1", "li", "platform", ("see",), after(0), after(99)), "digest")
    database.permits.add(PERMIT)
    database.permits.decide(PERMIT.id, replace(APPROVAL, account="li"))
    database.identities.link(Identity("li", "https://issuer.example", "s-1", after(0)), keep_password=True)
    assert database.identities.take("digest", "li", after(0))
    hold = database.holds.add("b-1", Order(after(0), ACTOR, "投诉"))
    database.holds.lift(hold.number, Order(after(1), ACTOR, "结案"))
    listed = database.disposals.propose(Order(after(0), ACTOR, "到期"), ["batch-1"], b"{}", "d", lambda: None)
    declined = Decision(Settled.DECLINED, after(1), ACTOR, Role.CITY_OFFICER, "审计")
    database.disposals.decide(listed.number, declined, lambda _: None)
    order = KeptPaper("s", 1, PaperKind.ORDER, listed.number, "batch-1", after(2), after(3), "e", b"{}")
    database.disposals.add_paper("s", lambda _: order, ACTOR)
    withheld = database.withholdings.add("cam-1", after(0), None, Order(after(0), ACTOR, "误摄"))
    database.withholdings.end(withheld.number, after(1), Order(after(1), ACTOR, "已转正"), lambda _: None)
    database.withholdings.decide(withheld.number, declined, lambda _: None)
    gone = KeptDestruction(withheld.number, 1, after(2), "d", b"{}")
    database.withholdings.add_paper(withheld.number, lambda _: gone, ACTOR)
    database.closings.add("s", following("s", "b"), DOCUMENTS)
    database.closings.add_stamp(KeptStamp("s", 1, "ab", after(1), after(9), b"stamp"))
    database.closings.add_key(1, KeptKey("aa", after(0), None, "11"))
    database.viewings.add(Viewing(after(0), ACTOR, "auditor", Deed.OPEN, SHOWN))
    database.alarms.begin("duty-room")
    alarm = Alarm("alarm-1", Kind.CAMERA_LOST, Step.BEGAN, "", after(0), "{}")
    database.alarms.go_on(RuleState("host", after(0), "{}"), [alarm])
    broken = BrokenGlass("wu", Role.CITY_OFFICER, after(0), after(99), ACTOR, "nobody can come in")
    emergency = Account("wu", Role.CITY_OFFICER, Scope(Reach.CITY), after(0), must_change=True, expires=after(99))
    database.broken_glass.add(emergency, "hash", broken, replace(alarm, id="alarm-2"), "")
    database.close()
    return url


def _execute(url: str, statement: sa.Executable) -> None:
    """Go past the aggregates, as somebody with a database client would."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(statement)
    finally:
        engine.dispose()
