"""Draws on record: each step once, in order, by who may; what is published is made again without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain import draws
from domain.draws import COMMITMENTS, POOLS, Origin
from domain.grounds import PREMISES, Premises, SiteKind, Stay
from domain.people import Actor, Door
from domain.register import Draft
from domain.supervision import Ground, Side
from records import drawing, supervision
from records.errors import DrawRefused, NoSuchDraw, RecordsError
from storage.database import Database
from storage.errors import RevisedMeanwhile
from tests.records.setups import START
from tests.supervised import (
    DRAW,
    FIRST,
    LOCAL,
    OFFICER,
    OTHER_LOCAL,
    OVERSEER,
    SECOND,
    SECRETS,
    Office,
    person,
)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def refused(step: Callable[[], object], told: str, office: Office) -> None:
    """The step is refused, and nothing of it is written."""
    before = office.database.journal.entries(1000)
    with pytest.raises(RecordsError, match=told):
        step()
    assert office.database.journal.entries(1000) == before


def test_no_step_is_taken_before_its_turn(office: Office) -> None:
    for step in (lambda: office.commit(OFFICER), lambda: office.reveal(OFFICER), office.run):
        with pytest.raises(NoSuchDraw, match="there is no draw"):
            step()
    office.publish()
    refused(lambda: office.reveal(OFFICER), "keep the secret until both have committed; 0 of 2", office)
    refused(office.run, "0 of 2 secrets", office)
    office.commit(OFFICER)
    refused(lambda: office.reveal(OFFICER), "1 of 2 have", office)
    office.commit(OVERSEER)
    office.reveal(OFFICER)
    refused(office.run, "1 of 2 secrets", office)
    refused(lambda: drawing.record(office.database, DRAW), "not made yet", office)
    office.reveal(OVERSEER)
    office.run()
    refused(office.run, "is made once", office)
    refused(lambda: office.commit(LOCAL), "it was made at", office)


def test_a_party_commits_once_reveals_once_and_only_what_it_committed_to(office: Office) -> None:
    office.publish()
    digest = office.commitment(OFFICER)
    commit = drawing.commit
    office.commit(OFFICER)
    refused(lambda: office.commit(OFFICER), "has committed before", office)
    refused(lambda: commit(office.database, DRAW, digest, OVERSEER, office.at()), "the other party's", office)
    refused(lambda: commit(office.database, DRAW, "AB" * 32, OVERSEER, office.at()), "64 digits", office)
    office.commit(OVERSEER)
    refused(lambda: office.commit(LOCAL), "there is no third one", office)
    refused(lambda: office.reveal(LOCAL), "has not committed", office)
    for secret in (SECRETS[OVERSEER], "", "x" * 64):
        refused(
            lambda secret=secret: drawing.reveal(office.database, DRAW, secret, OFFICER, office.at()),  # type: ignore[misc]
            "not the secret that account:chen committed to",
            office,
        )
    office.reveal(OFFICER)
    refused(lambda: office.reveal(OFFICER), "has told the secret before", office)


def test_the_two_parties_are_never_both_at_the_command_line(office: Office) -> None:
    office.publish()
    office.commit(LOCAL)
    pool = drawing.standing(office.database, DRAW).pool.value
    assert pool is not None
    digest = draws.commitment_of(draws.digest_of(pool), OTHER_LOCAL.name, "44" * 32)
    refused(
        lambda: drawing.commit(office.database, DRAW, digest, OTHER_LOCAL, office.at()), "command line, too", office
    )
    office.commit(OFFICER)
    office.reveal(OFFICER, LOCAL)
    assert [each.party for each in office.run().commitments] == [LOCAL.name, OFFICER.name]


def test_a_pool_stays_as_it_was_published(office: Office) -> None:
    pool = office.publish().pool.value
    assert pool is not None
    refused(office.publish, "was published before", office)
    changed = replace(pool, batches=pool.batches[:1])
    office.database.register.enter("publish_pool", DRAW, [Draft(POOLS, DRAW, changed)], OFFICER, office.at())
    for step in (lambda: office.commit(OFFICER), office.run):
        refused(step, "changed after it was published", office)
    assert drawing.standing(office.database, DRAW).pool.value == pool


def test_a_clock_that_goes_back_or_stands_takes_no_step(office: Office) -> None:
    office.publish()
    office.now -= timedelta(minutes=1)
    refused(lambda: office.commit(OFFICER), "the clock says", office)
    office.commit(OFFICER, OVERSEER)
    office.now -= timedelta(minutes=1)
    refused(lambda: office.reveal(OFFICER), "both had committed at", office)
    office.reveal(OFFICER, OVERSEER)
    office.now -= timedelta(minutes=5)
    refused(office.run, "both secrets were told at", office)


def test_secrets_are_told_in_time_or_the_draw_has_failed_for_all_to_see(office: Office) -> None:
    office.publish()
    office.commit(OFFICER, OVERSEER)
    office.reveal(OFFICER)
    office.now = START - timedelta(minutes=1)
    assert not drawing.standing(office.database, DRAW).has_failed(START)
    tomorrow = START + timedelta(days=1)
    refused(
        lambda: office.publish("second", reveal_by=tomorrow), "has some of these days and is not made yet", office
    )
    office.now = START
    refused(lambda: office.reveal(OVERSEER), "were wanted by", office)
    assert drawing.standing(office.database, DRAW).has_failed(office.now)
    refused(lambda: office.publish("late"), "over by now", office)
    office.publish("second", reveal_by=tomorrow)


def test_the_pool_has_all_batches_of_its_days_and_all_whose_badge_is_valid_on_them(office: Office) -> None:
    database = office.database
    for key, told in (
        ("d-5", person("d-5", side=Side.INTERNAL)),
        ("d-6", person("d-6", valid_to=(START + timedelta(days=29)).date())),
        ("d-7", person("d-7", valid_from=(START + timedelta(days=1)).date())),
    ):
        supervision.add_supervisor(database, key, told, LOCAL, office.at())
    supervision.recuse(database, "d-1", FIRST, ground=Ground.KINSHIP, actor=LOCAL, at=office.at())
    pool = office.publish().pool.value
    assert pool is not None
    assert [(each.id, each.site) for each in pool.batches] == [(FIRST, "sg-001"), (SECOND, "sg-001")]
    assert [each.id for each in pool.supervisors] == ["d-1", "d-2", "d-3", "d-4"]
    assert [(each.of, each.ground) for each in pool.supervisors[0].barred] == [(FIRST, Ground.KINSHIP)]
    assert (pool.share, pool.share_origin, pool.per_visit_origin) == (Decimal("0.05"), Origin.SAMPLE, Origin.SAMPLE)


def test_a_batch_at_a_special_site_is_in_the_pool_as_any_other(office: Office) -> None:
    special = Premises("sg-001", SiteKind.SPECIAL, (Stay(START.date(), "示范监区", "x"),))
    office.database.register.enter("tests", "", [Draft(PREMISES, "sg-001", special)], LOCAL, office.at())
    pool = office.publish().pool.value
    assert pool is not None
    assert [each.id for each in pool.batches] == [FIRST, SECOND]


def test_a_pool_that_nothing_can_be_drawn_from_is_refused_with_every_reason(office: Office) -> None:
    later = START.date() + timedelta(days=40)
    refused(lambda: office.publish(first=later, last=later), "no batch has an exam from 2026-06-10", office)
    refused(lambda: office.publish(per_visit=5), f"batch {FIRST}: 4 of the pool may be sent there, 5", office)
    refused(lambda: office.publish(per_visit=1), "too few", office)
    refused(lambda: office.publish(draw="a/b"), "a name is up to 64", office)
    told = office.publish(share=Decimal("0.5"), per_visit=3).pool.value
    assert told is not None
    assert (told.share_origin, told.per_visit_origin) == (Origin.PUBLISHER, Origin.PUBLISHER)


def test_the_public_text_is_given_where_the_pool_announced_one(office: Office) -> None:
    office.publish(beacon="2026-05-01 收盘指数")
    office.commit(OFFICER, OVERSEER)
    office.reveal(OFFICER, OVERSEER)
    refused(office.run, "the pool announced 2026-05-01 收盘指数", office)
    assert office.run(beacon="3456.78").outcome.beacon == "3456.78"
    office.publish("plain")
    office.commit(OFFICER, OVERSEER, draw="plain")
    office.reveal(OFFICER, OVERSEER, draw="plain")
    refused(lambda: office.run("plain", beacon="x"), "announced none", office)


def test_of_two_who_take_a_place_at_once_one_is_told_to_look_again(office: Office) -> None:
    """Four parties at once: two places, so two get in and the others are refused one way or the other."""
    office.publish()
    pool = drawing.standing(office.database, DRAW).pool.value
    assert pool is not None
    digest, at = draws.digest_of(pool), office.at()

    def commit(number: int) -> bool:
        actor = Actor(f"account:p{number}", Door.API)
        try:
            drawing.commit(office.database, DRAW, draws.commitment_of(digest, actor.name, "55" * 32), actor, at)
        except (DrawRefused, RevisedMeanwhile):
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(commit, range(4)))
    kept = office.database.register.standing(COMMITMENTS, mark=DRAW)
    assert 1 <= len(kept) == sum(done) <= 2


def test_who_cannot_go_is_replaced_by_the_draw_with_the_reason(office: Office) -> None:
    before = office.draw()
    (drawn,) = before.outcome.drawn
    gone, stays = drawn.supervisors
    step = {"ground": Ground.UNABLE, "actor": OVERSEER}
    refused(
        lambda: drawing.replace(office.database, DRAW, "x", gone, **step, at=office.at()),  # type: ignore[arg-type]
        "was not drawn for batch x",
        office,
    )
    after = drawing.replace(office.database, DRAW, drawn.batch, gone, **step, at=office.at())  # type: ignore[arg-type]
    (now,) = after.drawn_now
    assert now.supervisors[1] == stays
    assert now.supervisors[0] not in drawn.supervisors
    assert [(each.supervisor, each.ground, each.late) for each in now.passed] == [(gone, Ground.UNABLE, True)]
    assert drawing.record(office.database, DRAW) == after
    assert after.outcome == before.outcome


def test_a_published_record_is_made_again_without_a_database(office: Office) -> None:
    record = office.draw()
    data = draws.published(record).encode()
    assert drawing.verify(data) == record
    digest = json.loads(data)["digest"]
    assert drawing.verify(data, digest=digest, pool_digest=record.pool_digest) == record
    for known in ({"digest": "0" * 64}, {"pool_digest": "0" * 64}):
        with pytest.raises(DrawRefused, match="is another"):
            drawing.verify(data, **known)


def test_a_change_of_any_byte_of_a_published_record_is_found(office: Office) -> None:
    data = draws.published(office.draw()).encode()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(DrawRefused):
            drawing.verify(changed)
    for changed in (data[:-1], data + b" ", b"", b"{}", data.replace(b'"form"', b'"more":1,"form"')):
        with pytest.raises(DrawRefused):
            drawing.verify(changed)


def test_a_record_that_was_made_up_with_digests_that_fit_is_found(office: Office) -> None:
    record = office.draw()
    (drawn,) = record.outcome.drawn
    chosen = (replace(drawn, supervisors=("d-1", "d-2") if drawn.supervisors != ("d-1", "d-2") else ("d-3", "d-4")),)
    made_up = replace(record, outcome=replace(record.outcome, drawn=chosen), drawn_now=chosen)
    with pytest.raises(DrawRefused, match="结果不是由种子抽出的"):
        drawing.verify(draws.published(made_up).encode())


def test_neither_journal_nor_pool_tells_a_name_or_a_secret_before_its_time(office: Office) -> None:
    office.publish()
    office.commit(OFFICER, OVERSEER)
    told = str(office.database.journal.entries(1000))
    everything = told + str(drawing.standing(office.database, DRAW))
    assert not any(each.name in everything for each in office.people.values())
    assert not any(secret in everything for secret in SECRETS.values())
    acts = [each.act for each in office.database.journal.entries(3)]
    assert acts == ["commit_to_draw", "commit_to_draw", "publish_pool"]
    office.reveal(OFFICER, OVERSEER)
    office.run()
    assert [each.act for each in office.database.journal.entries(2)] == ["make_draw", "reveal_for_draw"]
    assert [each.pool.key for each in drawing.all_draws(office.database)] == [DRAW]
    assert not list(office.database.register.unlike_the_journal())
