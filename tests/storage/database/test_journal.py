"""The contract of the journal, on every database, and the refusal to lose rows behind its back."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from domain.alarms import Alarm, Kind, Step
from domain.evidence import CameraEvent, CameraState, Cause, LostCopy, Observation, Outage, SegmentState
from domain.host_clock import HostClock
from domain.people import Account, Actor, Door, Reach, Role, Scope
from domain.viewings import SHOWN, Deed, Viewing
from storage.database import Database, connect
from storage.database.alarms import RuleState
from storage.database.api_tokens import ApiToken
from storage.database.closings import KeptKey
from storage.database.journal import JournalEntry
from storage.database.tables import metadata
from tests.storage.database.examples import ACTOR, RECORDER, after, batch, begin, copy, segment, site
from tests.storage.database.test_closings import DOCUMENTS, following
from tests.storage.database.test_permits import APPROVAL, PERMIT


def test_entries_come_latest_first_and_within_the_limit(database: Database) -> None:
    for number in range(5):
        database.journal.record(after(number), ACTOR, "sitting.open", f"batch-1/{number}", "韶关")
    found = database.journal.entries(limit=2)
    assert found[0] == JournalEntry(found[0].number, after(4), ACTOR, "sitting.open", "batch-1/4", "韶关")
    assert [entry.subject for entry in found] == ["batch-1/4", "batch-1/3"]
    assert found[0].number > found[1].number


def test_entries_can_be_asked_for_by_subject(database: Database) -> None:
    service = Actor("service:ingest", Door.SERVICE)
    for number in range(4):
        database.journal.record(after(number), service, "act", f"subject-{number % 2}")
    assert [entry.at for entry in database.journal.entries(subject="subject-1")] == [after(3), after(1)]
    assert database.journal.entries()[0].actor == service


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("journal", "id"),
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
    ],
)
def test_the_database_itself_refuses_to_change_what_is_only_ever_added(url: str, table: str, column: str) -> None:
    _fill(url)
    with pytest.raises(sa.exc.DBAPIError, match="never changed this way"):
        _execute(url, sa.update(metadata.tables[table]).values({column: 99}))


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_database_itself_refuses_to_delete_a_row(sqlite_url: str, table: str) -> None:
    _fill(sqlite_url)
    with pytest.raises(sa.exc.DBAPIError, match="never changed this way"):
        _execute(sqlite_url, sa.delete(metadata.tables[table]))


def test_postgresql_refuses_to_delete_rows_as_well(url: str) -> None:
    _fill(url)
    with pytest.raises(sa.exc.DBAPIError, match="never changed this way"):
        _execute(url, sa.delete(metadata.tables["journal"]))


def _fill(url: str) -> None:
    """One row in every table."""
    database = connect(url)
    begin(database)
    database.evidence.add_clock_reading(HostClock(RECORDER.id, after(0)))
    database.evidence.add_event(CameraEvent("event-1", "cam-1", RECORDER.id, after(0), CameraState.LIVE))
    one = segment(0, 60)
    database.evidence.add_segment(one, copy(one))
    database.evidence.add_observation(Observation(one.key, after(70), SegmentState.OK, 900))
    database.evidence.lose_copy(LostCopy(copy(one), after(70), SegmentState.MISSING))
    database.evidence.open_outage(Outage("outage-1", "cam-1", after(0), None, Cause.NO_DATA))
    database.setup.apply_site(site(), ACTOR, after(0))
    database.setup.apply_batch(batch(), ACTOR, after(0))
    database.setup.open_sitting("batch-1", 1, after(10), after(12))
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
    database.closings.add("s", following("s", "b"), DOCUMENTS)
    database.closings.add_key(1, KeptKey("aa", after(0), None, "11"))
    database.viewings.add(Viewing(after(0), ACTOR, "auditor", Deed.OPEN, SHOWN), lambda _: "signed")
    database.alarms.begin("duty-room")
    alarm = Alarm("alarm-1", Kind.CAMERA_LOST, Step.BEGAN, "", after(0), "{}")
    database.alarms.go_on(RuleState("host", after(0), "{}"), [alarm])
    database.close()


def _execute(url: str, statement: sa.Executable) -> None:
    """Go past the aggregates, as somebody with a database client would."""
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(statement)
    finally:
        engine.dispose()
