"""The acts that those who audit read: all of the city, or what was done to their batches; of a batch that they are
recused from, none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from dashboard.installation import LASTS_S, Installation
from domain.people import Account, Actor, Door, Reach, Role, Scope
from domain.timeline import rfc3339
from storage.audit.checking import Vouchers, check
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import BATCH, SITE, TESTER, Exam, log_in, plan_exam
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER

OTHER = "SG-OTHER"


@pytest.fixture(scope="module")
def talking(exam: Exam) -> Iterator[httpx.Client]:
    """The dashboard of an installation in which something was done to a site, two batches and an account."""
    journal, now = exam.database.journal, exam.clock.now()
    journal.record(now, TESTER, "apply_site", SITE.id, "1 room")
    journal.record(now, TESTER, "apply_batch", BATCH, "2 sittings")
    journal.record(now, Actor("local:chen", Door.COMMAND_LINE, "site:sg-001"), "open_sitting", f"{BATCH}/1", "start")
    journal.record(now, TESTER, "apply_batch", OTHER)
    wanted = accounts.Wanted("acts-li", Role.CITY_OFFICER)
    accounts.add(exam.database, wanted, TESTER, exam.clock)
    accounts.recuse(exam.database, "acts-li", BATCH, reason="亲属", actor=TESTER, clock=exam.clock)
    with client(create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None), None) as one:
        yield one


def told(
    exam: Exam, talking: httpx.Client, role: Role, *names: str, recused: str = "", **sought: Any
) -> list[dict[str, Any]]:
    """What a new account of that role reads."""
    name = f"acts-{role}-{len(exam.database.accounts.all())}"
    log_in(exam, Account(name, role, Scope(role.reach, frozenset(names)), exam.clock.now(), False), name)
    if recused:
        exam.database.accounts.recuse(name, recused, exam.clock.now(), recused=True)
    params = {"limit": 1000, **sought}
    answer = talking.get("/api/v1/acts", params=params, headers={"Cookie": f"{COOKIE}={name}"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found: list[dict[str, Any]] = answer.json()
    return found


def test_the_city_supervisor_reads_all_acts_with_who_did_them(exam: Exam, talking: httpx.Client) -> None:
    found = told(exam, talking, Role.CITY_SUPERVISOR)
    assert [each["number"] for each in found] == sorted((each["number"] for each in found), reverse=True)
    assert len(found) == exam.database.journal.entries(1)[0].number
    opened = next(each for each in found if each["act"] == "open_sitting")
    assert [opened[name] for name in ("who", "door", "on_behalf_of", "subject", "detail")] == [
        "local:chen",
        "command_line",
        "site:sg-001",
        f"{BATCH}/1",
        "start",
    ]
    assert opened["digest"] == next(e.digest for e in exam.database.journal.chain() if e.number == opened["number"])


def test_an_auditor_reads_what_was_done_to_the_named_batches(exam: Exam, talking: httpx.Client) -> None:
    found = told(exam, talking, Role.AUDITOR, BATCH)
    assert [(each["act"], each["subject"]) for each in found][:2] == [
        ("open_sitting", f"{BATCH}/1"),
        ("apply_batch", BATCH),
    ]
    assert {each["subject"] for each in found} == {BATCH, f"{BATCH}/1"}
    assert [each["subject"] for each in told(exam, talking, Role.AUDITOR, OTHER)] == [OTHER]
    assert told(exam, talking, Role.AUDITOR, "SG") == []


def test_who_is_recused_reads_no_act_that_mentions_the_batch(exam: Exam, talking: httpx.Client) -> None:
    found = told(exam, talking, Role.CITY_SUPERVISOR, recused=BATCH)
    assert BATCH not in str(found)
    assert {"apply_site", "apply_batch", "add_account"} <= {each["act"] for each in found}
    assert told(exam, talking, Role.AUDITOR, BATCH, recused=BATCH) == []


def test_the_acts_that_were_read_hold_together(exam: Exam, talking: httpx.Client) -> None:
    found = check(exam.database.journal, Vouchers(exam.spool.parent, [SIGNER.public])).chain
    assert (found.unsigned, found.unsealed, found.faults) == (0, 0, [])


def test_acts_are_found_by_who_did_them_to_which_batch_and_when(exam: Exam, talking: httpx.Client) -> None:
    def seen(**sought: Any) -> set[tuple[str, str]]:
        return {(each["act"], each["subject"]) for each in told(exam, talking, Role.CITY_SUPERVISOR, **sought)}

    assert seen(who="local:chen") == {("open_sitting", f"{BATCH}/1")}
    assert seen(who="l%") == set()  # what somebody types is text, never a pattern
    assert seen(batch=OTHER) == {("apply_batch", OTHER)}
    now = exam.clock.now()
    assert seen(since=rfc3339(now + timedelta(seconds=1))) == set()
    assert ("apply_batch", OTHER) in seen(since=rfc3339(now), until=rfc3339(now + timedelta(seconds=1)))
    assert seen(until=rfc3339(now - timedelta(days=365))) == set()


def test_acts_come_page_by_page_without_one_twice(exam: Exam, talking: httpx.Client) -> None:
    everything = [each["number"] for each in told(exam, talking, Role.CITY_SUPERVISOR)]
    found: list[int] = []
    while len(found) < len(everything):
        before: dict[str, Any] = {"before": found[-1]} if found else {}
        page = told(exam, talking, Role.CITY_SUPERVISOR, limit=3, **before)
        assert 0 < len(page) <= 3
        found += [each["number"] for each in page]
    assert found == everything
    assert told(exam, talking, Role.CITY_SUPERVISOR, before=found[-1]) == []


def test_an_auditor_who_asks_for_another_batch_finds_nothing_of_it(exam: Exam, talking: httpx.Client) -> None:
    assert told(exam, talking, Role.AUDITOR, BATCH, batch=OTHER) == []
    assert {each["subject"] for each in told(exam, talking, Role.AUDITOR, BATCH, batch=BATCH)} == {
        BATCH,
        f"{BATCH}/1",
    }


def test_an_entry_that_was_changed_is_told_by_its_number(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    exam = plan_exam(database, tmp_path / "spool")
    for detail in ("one", "two", "three"):
        database.journal.record(exam.clock.now(), TESTER, "apply_site", SITE.id, detail)
    by = Vouchers(tmp_path, [SIGNER.public])
    installation = Installation(records=lambda: [check(rows, by) for rows in database.records])
    app = create_app(database, exam.archive, load_rule_pack, exam.clock, None, installation=installation)
    with client(app, None) as talking:
        log_in(exam, Account("wu", Role.CITY_SUPERVISOR, Scope(Reach.CITY), exam.clock.now(), False), "wu")
        headers = {"Cookie": f"{COOKIE}=wu"}
        journal = talking.get("/api/v1/acts/check", headers=headers).json()["records"][1]
        assert (journal["record"], journal["sound"], journal["broken"]) == ("journal", True, [])
        assert journal["entries"] == database.journal.entries(1)[0].number
        with sqlite3.connect(tmp_path / "kaojian.db") as raw:
            for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            raw.execute("UPDATE journal SET detail = 'four' WHERE detail = 'two'")
        soon = talking.get("/api/v1/acts/check", headers=headers).json()
        assert soon["records"][1]["sound"]  # who asks again at once is told the same, with when that was
        exam.clock.advance(LASTS_S)
        later = talking.get("/api/v1/acts/check", headers=headers).json()["records"][1]
    changed = next(each.number for each in database.journal.entries() if each.detail == "four")
    assert not later["sound"]
    assert {"number": changed, "how": "changed"} in later["broken"]
    database.close()
