"""Events of records: each act is told once it is on record, in order, with ids alone, and survives a kill."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.secrets import Secrets
from domain.alarms import ALARMS, RECORDS, Alarm, Kind, Step
from domain.grounds import Method
from records import conduct, following, outside, roll, scores
from records.deciding import confirm_exit, decide, take_exit
from records.following import EVENTS, Follower
from records.lookout import Lookout
from records.receivers import Target
from records.roll import Desk
from records.scores import Mark, Place
from records.webhooks import Courier
from storage.database import Database, connect
from storage.database.alarms import RuleState
from tests.analysis.ledgers import at
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.records.examined import AFTER, SCORER, TICKETS, held, marked, planned
from tests.records.handed_in import SYSTEM, entered, result, results, sent
from tests.records.rolls import BATCH, OFFICER, days, said
from tests.records.setups import ACTOR
from tests.records.test_deciding import SECOND, WRITTEN, gate

SECRETS = Secrets(Path("/nowhere"), {"KAOJIAN_SECRET_HOOK": "duty:s3cr3t"})


@pytest.fixture
def exam(database: Database, clock: FakeClock, tmp_path: Path) -> Database:
    """A batch with a roll and a panel, whose history nobody followed."""
    planned(database, clock, tmp_path)
    return database


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def follower(database: Database, *, tells: bool = True) -> Follower:
    return Follower(database, FakeClock(AFTER), "host", tells=tells)


def bodies(alarms: list[Alarm]) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in alarms]


def give(database: Database, ticket: str = "T001", value: str = "88.5") -> None:
    place, mark = Place(BATCH, ticket, "实操"), Mark(Decimal(value), Method.PRACTICAL, "ex-2")
    scores.give(database, place, mark, SCORER, at(4600), full_mark=100)


def courier(database: Database, receiver: Receiver, name: str, kinds: frozenset[Kind]) -> Courier:
    to = Target(name, receiver.address(f"/{name}"), "hook", events=kinds)
    return Courier(database.alarms, to, SECRETS, FakeClock(AFTER))


def serve(courier: Courier) -> None:
    while courier.serve_next() == timedelta():
        pass


def test_what_was_done_before_anybody_followed_is_history(exam: Database) -> None:
    assert follower(exam).follow() == []


def test_each_act_is_told_as_its_event_in_the_order_of_the_journal_and_once(exam: Database) -> None:
    following_ = follower(exam)
    following_.follow()
    roll.give_feedback(Desk(exam, OFFICER, days(9)), BATCH, 1, said(days(8)))
    held(exam)
    marked(exam, T001="88.5")
    told = bodies(following_.follow())
    assert [(each["event"], each["candidates"]) for each in told] == [
        ("roster_approved", []),
        *[("score_changed", ["T001"])] * 3,
    ]
    numbers = [each["number"] for each in told]
    assert numbers == sorted(set(numbers))
    assert len({each["id"] for each in told}) == 4
    assert {(each["batch"], each["site"], each["step"]) for each in told} == {(BATCH, "sg-001", "done")}
    assert told[1]["text"]["zh"] == f"【考鉴】成绩有变动：批次 {BATCH}，考生 1 名"
    assert following_.follow() == []
    assert follower(exam).follow() == []


def test_sittings_that_open_and_close_are_told(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    planned(database, clock, tmp_path)
    following_ = follower(database)
    following_.follow()
    clock.step((at(1800) - clock.now()).total_seconds())
    database.setup.open_sitting(BATCH, 1, at(1800), at(1800))
    database.journal.record(at(1800), ACTOR, "open_sitting", f"{BATCH}/1", "start")
    clock.step(3600)
    conduct.close_sitting(database, BATCH, 1, ACTOR, clock)
    told = bodies(following_.follow())
    assert [(each["event"], each["batch"], each["sitting"]) for each in told] == [
        ("sitting_opened", BATCH, 1),
        ("sitting_closed", BATCH, 1),
    ]


def test_exits_and_decisions_are_told_with_whom_they_are_about(exam: Database) -> None:
    held(exam)
    marked(exam, T001="88.5", T002="60")
    following_ = follower(exam)
    following_.follow()
    take_exit(gate(exam), "T002", WRITTEN, "停电，现场督导全程在场")
    confirm_exit(Desk(exam, SECOND, AFTER), BATCH, "T002", 1)
    decide(gate(exam), "T002", issue=True)
    told = bodies(following_.follow())
    assert [(each["event"], each["candidates"]) for each in told] == [
        ("exit_taken", ["T002"]),
        ("exit_confirmed", ["T002"]),
        ("certificate_decided", ["T002"]),
    ]


def test_a_document_of_an_outside_system_is_one_event_with_all_its_candidates(exam: Database) -> None:
    following_ = follower(exam)
    following_.follow()
    outside.add_system(exam, entered(), OFFICER, at(0))
    document = sent(results(*(result(ticket) for ticket in TICKETS)))
    outside.hand_in(exam, BATCH, document, SYSTEM, AFTER, full_mark=100)
    (told,) = bodies(following_.follow())
    assert (told["event"], told["candidates"]) == ("score_changed", list(TICKETS))


def test_a_message_holds_no_name_no_number_no_mark_and_nothing_that_somebody_wrote(exam: Database) -> None:
    following_ = follower(exam)
    following_.follow()
    marked(exam, T001="88.5")
    mark = Mark(Decimal("61.25"), Method.PRACTICAL, "ex-2")
    scores.give(exam, Place(BATCH, "T001", "实操"), mark, SCORER, AFTER, full_mark=100, reason="欧阳某漏记")
    told = "".join(each.body for each in following_.follow())
    assert not [
        each for each in ("考生乙", "考生甲", "990099", "88.5", "61.25", "欧阳", "ex-2", "韶关") if each in told
    ]


def test_every_event_is_one_of_the_records_and_every_record_has_an_act() -> None:
    assert {each.kind for each in EVENTS.values()} == RECORDS
    assert not RECORDS & ALARMS


def test_an_act_of_another_kind_is_passed_over_and_not_read_again(exam: Database) -> None:
    following_ = follower(exam)
    following_.follow()
    held(exam)
    assert following_.follow() == []
    state = exam.alarms.state("following")
    head = exam.journal.head()
    assert state is not None and head is not None
    assert json.loads(state.known) == {"position": head.number}


def test_more_acts_than_are_read_at_once_are_all_told(exam: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_AT_ONCE", 2)
    following_ = follower(exam)
    following_.follow()
    marked(exam, T001="88.5", T002="60", T003="70")
    assert len(following_.follow()) == 9


def test_of_two_that_follow_one_journal_each_act_is_told_by_one(exam: Database) -> None:
    one, other = follower(exam), follower(exam)
    one.follow()
    other.follow()
    give(exam)
    assert len(one.follow()) == 1
    assert other.follow() == []
    give(exam, "T002")
    assert len(other.follow()) == 1
    assert one.follow() == []
    assert one.follow() == []


def test_the_losses_go_on_beside(exam: Database) -> None:
    assert exam.alarms.go_on(RuleState("host", AFTER, "{}"), [])
    follower(exam).follow()
    assert exam.alarms.go_on(RuleState("host", AFTER, "{}", 1), [])


# Sent


def test_a_receiver_hears_of_records_only_where_it_asks_for_them(exam: Database, receiver: Receiver) -> None:
    following_ = follower(exam)
    following_.follow()
    both = (("alarms", ALARMS), ("records", RECORDS))
    couriers = [courier(exam, receiver, name, kinds) for name, kinds in both]
    for name, _ in both:
        exam.alarms.begin(name)
    give(exam)
    assert exam.alarms.go_on(
        RuleState("host", AFTER, "{}"),
        [Alarm("a-1", Kind.CAMERA_LOST, Step.BEGAN, "sg-001", AFTER, '{"event": "x"}')],
    )
    following_.follow()
    for each in couriers:
        serve(each)
    assert [(each.path, json.loads(each.body)["event"]) for each in receiver.requests] == [
        ("/alarms", "x"),
        ("/records", "score_changed"),
    ]


def test_a_new_receiver_is_told_nothing_of_what_was_before_it(exam: Database, receiver: Receiver) -> None:
    first = follower(exam)
    first.follow()
    exam.alarms.begin("old")
    give(exam)  # while no service ran
    restarted = Lookout(exam, FakeClock(AFTER), "host", timedelta(seconds=10), follower=follower(exam))
    _once(restarted, ["old", "new"])
    give(exam, "T002")
    follower(exam).follow()
    for name in ("old", "new"):
        serve(courier(exam, receiver, name, RECORDS))
    told = [(each.path, json.loads(each.body)["candidates"]) for each in receiver.requests]
    assert told == [("/old", ["T001"]), ("/old", ["T002"]), ("/new", ["T002"])]


def _once(lookout: Lookout, names: list[str]) -> None:
    """As the service does at its start, for one look."""

    class Once(threading.Event):
        def __init__(self) -> None:
            super().__init__()
            self.asked = 0

        def is_set(self) -> bool:
            self.asked += 1
            return self.asked > 1

        def wait(self, timeout: float | None = None) -> bool:
            return True

    lookout.run(Once(), names)


def test_while_nobody_wants_records_none_are_kept_for_who_will(exam: Database) -> None:
    quiet = follower(exam, tells=False)
    quiet.follow()
    give(exam)
    assert quiet.follow() == []
    exam.alarms.begin("later")
    give(exam, "T002")
    assert len(follower(exam).follow()) == 1


def follow(database: Database) -> None:
    follower(database).follow()


def killed(doing: Callable[[Database], None], url: str) -> None:
    def run() -> None:
        doing(connect(url, NOTARY))
        os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_who_is_killed_between_the_act_and_the_telling_loses_nothing_and_tells_nothing_twice(
    exam: Database, receiver: Receiver, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'kaojian.sqlite3'}"
    follower(exam).follow()
    exam.alarms.begin("records")
    killed(give, url)  # on record, and nobody followed
    killed(follow, url)  # followed, and nothing sent
    killed(lambda database: give(database, "T002"), url)
    follower(exam).follow()
    follower(exam).follow()
    serve(courier(exam, receiver, "records", RECORDS))
    assert [json.loads(each.body)["candidates"] for each in receiver.requests] == [["T001"], ["T002"]]


def test_one_that_is_not_taken_keeps_those_behind_it_waiting_in_their_order(
    exam: Database, receiver: Receiver
) -> None:
    following_ = follower(exam)
    following_.follow()
    exam.alarms.begin("records")
    for ticket in TICKETS:
        give(exam, ticket)
    following_.follow()
    receiver.answers = [(204, b""), (500, b""), (204, b"")]
    serving = courier(exam, receiver, "records", RECORDS)
    for _ in range(5):
        serving.serve_next()
    told = [json.loads(each.body) for each in receiver.requests]
    assert [each["candidates"] for each in told] == [["T001"], ["T002"], ["T002"], ["T003"]]
    assert [each.headers["Kaojian-Id"] for each in receiver.requests] == [each["id"] for each in told]
