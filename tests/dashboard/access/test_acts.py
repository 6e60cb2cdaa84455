"""The acts that those who audit read: all of the city, or what was done to their batches; of a batch that they are
recused from, none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.people import Account, Actor, Door, Role, Scope
from storage.audit.checking import Vouchers, check
from tests.dashboard.exam import BATCH, SITE, TESTER, Exam, log_in
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


def told(exam: Exam, talking: httpx.Client, role: Role, *names: str, recused: str = "") -> list[dict[str, Any]]:
    """What a new account of that role reads."""
    name = f"acts-{role}-{len(exam.database.accounts.all())}"
    log_in(exam, Account(name, role, Scope(role.reach, frozenset(names)), exam.clock.now(), False), name)
    if recused:
        exam.database.accounts.recuse(name, recused, exam.clock.now(), recused=True)
    answer = talking.get("/api/v1/acts?limit=1000", headers={"Cookie": f"{COOKIE}={name}"})
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
