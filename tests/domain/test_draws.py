"""The draw: what makes its record false is found, its numbers are even, and anybody can rerun it by the paper."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import draws
from domain.draws import (
    Barred,
    Commitment,
    Flaw,
    Origin,
    Outcome,
    Pool,
    PooledBatch,
    PooledSupervisor,
    Record,
    Replacement,
    Secret,
    Stream,
    flaws,
)
from domain.supervision import Ground

T0 = datetime(2026, 4, 20, 1, 0, tzinfo=UTC)
OFFICER, SUPERVISOR = "account:chen", "account:wu"
SECRETS = {OFFICER: "11" * 32, SUPERVISOR: "22" * 32}
PAPER = Path(__file__).resolve().parents[2] / "docs" / "draws.md"


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def pool(batches: int = 40, supervisors: int = 8, **more: Any) -> Pool:
    told: dict[str, Any] = {
        "draw": "2026-05",
        "first": date(2026, 5, 1),
        "last": date(2026, 5, 31),
        "batches": tuple(PooledBatch(f"b-{number:03}", f"sg-{number % 7:03}") for number in range(batches)),
        "supervisors": tuple(PooledSupervisor(f"d-{number:02}") for number in range(supervisors)),
        "share": Decimal("0.05"),
        "share_origin": Origin.SAMPLE,
        "per_visit": 2,
        "per_visit_origin": Origin.SAMPLE,
        "reveal_by": at(600),
    }
    return Pool(**{**told, **more})


def record(of: Pool | None = None, *replacements: Replacement, beacon: str = "", **secrets: str) -> Record:
    """A draw as it has to be, of two parties."""
    of = of or pool()
    digest = draws.digest_of(of)
    told = {**SECRETS, **secrets}
    seed = draws.seed_of(digest, list(told.values()), beacon)
    return Record(
        pool=of,
        pool_digest=digest,
        published=at(0),
        commitments=tuple(
            Commitment(party, draws.commitment_of(digest, party, secret), at(1 + number))
            for number, (party, secret) in enumerate(told.items())
        ),
        secrets=tuple(Secret(party, secret, at(10 + number)) for number, (party, secret) in enumerate(told.items())),
        outcome=Outcome(beacon, seed, at(20), draws.draw(of, seed)),
        replacements=replacements,
        drawn_now=draws.draw(of, seed, replacements),
    )


# What is not so is found


def without_order(good: Record) -> Iterable[Record]:
    first, second = good.commitments
    one, other = good.secrets
    yield replace(good, published=first.at)
    yield replace(good, commitments=(replace(first, at=at(0)), second))
    yield replace(good, commitments=(first, replace(second, at=one.at)))
    yield replace(good, secrets=(one, replace(other, at=good.outcome.at)))
    yield replace(good, secrets=(replace(one, at=second.at), other))
    yield replace(good, outcome=replace(good.outcome, at=other.at))


def test_steps_out_of_their_order_are_found_to_the_instant() -> None:
    for wrong in without_order(record()):
        assert flaws(wrong) == (Flaw.ORDER,)
    late = record(pool(reveal_by=at(10.5)))
    assert flaws(late) == (Flaw.ORDER,)
    assert flaws(record(pool(reveal_by=at(11)))) == ()


def test_a_pool_that_was_changed_after_it_was_published_is_found() -> None:
    good = record()
    for changed in (
        replace(good.pool, batches=good.pool.batches[1:]),
        replace(good.pool, supervisors=good.pool.supervisors[:-1]),
        replace(good.pool, share=Decimal("0.10")),
        replace(good.pool, reveal_by=at(601)),
    ):
        assert Flaw.POOL in flaws(replace(good, pool=changed))
        # Whoever changes the digest with it breaks what both parties committed to.
        again = replace(good, pool=changed, pool_digest=draws.digest_of(changed))
        assert {Flaw.COMMITMENT, Flaw.SEED} <= set(flaws(again))


def test_a_secret_that_is_not_what_was_committed_to_is_found() -> None:
    good = record()
    one, other = good.secrets
    for secret in ("33" * 32, "11" * 31, "", "GG" * 32):
        assert Flaw.COMMITMENT in flaws(replace(good, secrets=(replace(one, secret=secret), other)))
    with pytest.raises(ValueError, match="64 digits"):
        draws.commitment_of(good.pool_digest, OFFICER, "11" * 31)


def test_two_parties_are_two_and_not_both_at_the_command_line() -> None:
    good = record()
    one, other = good.commitments
    for wrong in (
        replace(good, commitments=(one,), secrets=good.secrets[:1]),
        replace(good, commitments=(one, replace(other, party=OFFICER))),
        replace(good, commitments=(), secrets=()),
        replace(good, commitments=(*good.commitments, replace(other, party="account:li"))),
        replace(good, secrets=good.secrets[::-1]),
        replace(good, secrets=good.secrets[:1]),
    ):
        assert Flaw.PARTIES in flaws(wrong)
    assert not draws.are_two(["local:root", "local:wu"])
    assert not draws.are_two([OFFICER, OFFICER])
    assert draws.are_two([OFFICER, "local:wu"])


def test_nobody_can_hand_in_the_commitment_of_another_or_of_another_pool() -> None:
    digest = draws.digest_of(pool())
    ours = draws.commitment_of(digest, OFFICER, "11" * 32)
    assert ours != draws.commitment_of(digest, SUPERVISOR, "11" * 32)
    assert ours != draws.commitment_of(draws.digest_of(pool(draw="2026-06")), OFFICER, "11" * 32)


def test_a_result_that_somebody_chose_is_found() -> None:
    good = record()
    first, *rest = good.outcome.drawn
    for drawn in (
        (replace(first, supervisors=first.supervisors[::-1]), *rest),
        (replace(first, batch="b-000" if first.batch != "b-000" else "b-001"), *rest),
        tuple(rest),
        (),
    ):
        assert Flaw.RESULT in flaws(replace(good, outcome=replace(good.outcome, drawn=drawn)))
    assert flaws(replace(good, drawn_now=good.drawn_now[::-1])) == (Flaw.RESULT,)
    assert Flaw.SEED in flaws(replace(good, outcome=replace(good.outcome, seed="0" * 64)))
    assert flaws(replace(good, form="kaojian-draw-0")) == (Flaw.FORM,)


def test_the_public_text_is_there_where_it_was_announced_and_nowhere_else() -> None:
    announced = pool(beacon="2026-05-08 收盘指数")
    assert flaws(record(announced, beacon="3456.78")) == ()
    assert Flaw.BEACON in flaws(record(announced))
    assert Flaw.BEACON in flaws(record(beacon="3456.78"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"batches": ()}, "no batch has an exam"),
        ({"last": date(2026, 4, 30)}, "before they begin"),
        ({"share": Decimal(0)}, "cannot be drawn"),
        ({"share": Decimal("1.01")}, "cannot be drawn"),
        ({"per_visit": 1}, "too few"),
        ({"supervisors": (PooledSupervisor("d-00"),)}, "1 of the pool may be sent there, 2 are asked for"),
        ({"supervisors": (PooledSupervisor("d-00"), PooledSupervisor("d-00"))}, "each supervisor stands in the pool"),
        ({"batches": (PooledBatch("b", "s"), PooledBatch("a", "s"))}, "each batch stands in the pool once"),
    ],
)
def test_a_pool_that_nothing_can_be_drawn_from_says_why(wrong: dict[str, Any], told: str) -> None:
    bad = replace(pool(), **wrong)
    assert any(told in each for each in draws.problems(bad))
    with pytest.raises(ValueError, match=r"."):
        draws.draw(bad, "ab" * 32)


# What is drawn


def test_the_share_is_rounded_up_and_one_batch_is_drawn_at_least() -> None:
    assert [pool(count).take for count in (1, 20, 21, 40, 41)] == [1, 1, 2, 2, 3]
    assert pool(40, share=Decimal(1)).take == 40


def test_who_is_recused_is_passed_over_with_the_reason_and_the_next_number_counts() -> None:
    """With all but two barred from everything, only these two can be sent, and all others are told."""
    sites = {f"sg-{number:03}" for number in range(7)}
    barred = tuple(Barred(of, Ground.KINSHIP) for of in sorted(sites))
    people = tuple(PooledSupervisor(f"d-{number:02}", barred if number > 1 else ()) for number in range(6))
    seen = set()
    for number in range(30):
        assert all(each.passed == () for each in draws.draw(pool(), f"{number:064x}"))
        (drawn,) = draws.draw(replace(pool(20), supervisors=people), f"{number:064x}")
        assert set(drawn.supervisors) == {"d-00", "d-01"}
        assert all(each.ground is Ground.KINSHIP and not each.late for each in drawn.passed)
        seen.add(len(drawn.passed))
    assert len(seen) > 1


def test_a_recusal_from_one_batch_leaves_the_others_of_the_site_alone() -> None:
    one = PooledSupervisor("d-00", (Barred("b-001", Ground.TEACHING),))
    assert one.ground(PooledBatch("b-001", "sg-001")) is Ground.TEACHING
    assert one.ground(PooledBatch("b-008", "sg-001")) is None


def test_who_is_replaced_after_the_draw_makes_room_for_the_next_number_and_nobody_else_moves() -> None:
    before = record(pool(60))
    first, *rest = before.outcome.drawn
    asked = Replacement(first.batch, first.supervisors[0], Ground.UNABLE, at(30))
    after = record(pool(60), asked)
    assert flaws(after) == ()
    now, *others = after.drawn_now
    assert others == rest
    assert now.supervisors[1:] == first.supervisors[1:]
    assert now.supervisors[0] not in first.supervisors
    assert [(each.supervisor, each.late) for each in now.passed] == [(first.supervisors[0], True)]
    assert after.outcome == before.outcome
    assert flaws(replace(after, replacements=())) == (Flaw.RESULT,)
    assert flaws(record(pool(60), replace(asked, at=at(20)))) == (Flaw.ORDER,)


def test_nobody_is_replaced_who_was_not_drawn_or_where_nobody_is_left() -> None:
    small = pool(20, supervisors=2)
    seed = record(small).outcome.seed
    (drawn,) = draws.draw(small, seed)
    for batch, supervisor in (("b-999", "d-00"), (drawn.batch, "d-09")):
        with pytest.raises(ValueError, match="was not drawn"):
            draws.draw(small, seed, [Replacement(batch, supervisor, Ground.UNABLE, at(30))])
    with pytest.raises(ValueError, match="nobody of the pool is left"):
        draws.draw(small, seed, [Replacement(drawn.batch, "d-00", Ground.UNABLE, at(30))])


_SECRETS = st.binary(min_size=32, max_size=32).map(bytes.hex)


@settings(max_examples=40)
@given(st.integers(1, 60), st.integers(2, 9), st.decimals("0.01", 1, places=2), _SECRETS, _SECRETS)
def test_every_draw_is_without_repetition_and_follows_from_its_record(
    batches: int, supervisors: int, share: Decimal, one: str, other: str
) -> None:
    of = pool(batches, supervisors, share=share)
    good = record(of, **{OFFICER: one, SUPERVISOR: other})
    assert flaws(good) == ()
    drawn = [each.batch for each in good.outcome.drawn]
    assert len(drawn) == len(set(drawn)) == of.take
    assert all(of.has(batch) for batch in drawn)
    for each in good.outcome.drawn:
        assert len(set(each.supervisors)) == len(each.supervisors) == of.per_visit


@settings(max_examples=20)
@given(_SECRETS, _SECRETS)
def test_either_secret_and_the_pool_change_the_seed(one: str, other: str) -> None:
    digest = draws.digest_of(pool())
    seed = draws.seed_of(digest, [one, other], "")
    assert seed != draws.seed_of(digest, [one, other], "x")
    assert seed != draws.seed_of(draws.digest_of(pool(39)), [one, other], "")
    if one != other:
        assert seed != draws.seed_of(digest, [other, one], "")
        assert seed != draws.seed_of(digest, [one, one], "")


# Numbers are even

BOUND = 2.0
"""Of the chi-square over its degrees of freedom: past that by chance once in 200 at 20 of them, once in 10 million at
99. The seeds are fixed: what passes once passes always."""


def uneven(counts: Iterable[int]) -> float:
    """The chi-square over its degrees of freedom; about 1 for even numbers."""
    counted = list(counts)
    mean = sum(counted) / len(counted)
    return sum((each - mean) ** 2 for each in counted) / mean / (len(counted) - 1)


def counted(sampler: Callable[[int], int], values: int, draws_made: int = 10_000) -> list[int]:
    found = Counter(sampler(number) for number in range(draws_made))
    return [found[value] for value in range(values)]


def test_ten_thousand_numbers_are_even_and_a_sampler_with_a_bias_is_told_apart() -> None:
    stream = Stream(sha256(b"even").digest())
    assert uneven(counted(lambda _: stream.below(100), 100)) < BOUND
    assert uneven(counted(lambda _: stream.below(50), 50)) < BOUND
    chance = random.Random(1)
    assert uneven(counted(lambda _: chance.randrange(256) % 100, 100)) > BOUND  # a byte's rest: 0..55 come too often
    assert uneven(counted(lambda _: chance.randrange(49), 50)) > BOUND  # off by one: the last never comes
    assert uneven(counted(lambda _: 1 + chance.randrange(50), 50)) > BOUND  # ... or the first


def test_words_of_the_uneven_rest_are_thrown_away() -> None:
    """With three quarters of the range of a word, a plain remainder gives the first third half of all numbers."""
    third = 1 << 62
    stream = Stream(sha256(b"rest").digest())
    few = 7.0  # of two degrees of freedom: past it by chance once in a thousand
    assert uneven(counted(lambda _: stream.below(3 * third) // third, 3)) < few
    chance = random.Random(1)
    assert uneven(counted(lambda _: chance.getrandbits(64) % (3 * third) // third, 3)) > few


def test_every_batch_and_every_supervisor_has_the_same_chance() -> None:
    of = pool(6, supervisors=4, share=Decimal("0.5"))
    made = [draws.draw(of, sha256(str(number).encode()).hexdigest()) for number in range(10_000)]
    batches = Counter(each.batch for one in made for each in one)
    people = Counter(name for one in made for each in one for name in each.supervisors)
    few = 4.0  # of five and of three degrees of freedom: past it by chance less than once in a hundred
    assert uneven(batches[each.id] for each in of.batches) < few
    assert uneven(people[each.id] for each in of.supervisors) < few


# What is published


def test_one_draw_has_one_text_with_all_that_is_needed_to_rerun_it() -> None:
    text = draws.text_of(record())
    assert text == draws.text_of(record())
    told = json.loads(text)
    assert told["pool"]["share"] == "0.05"
    assert told["published"] == "2026-04-20T01:00:00.000000Z"
    assert sha256(draws.text_of(record().pool).encode()).hexdigest() == told["pool_digest"]
    whole = json.loads(draws.published(record()))
    assert whole["digest"] == draws.digest_of(record()) == sha256(text.encode()).hexdigest()


def script() -> dict[str, Any]:
    """The program that the paper prints for others, as it stands there."""
    (block,) = re.findall(r"```python\n(.*?)```", PAPER.read_text(encoding="utf-8"), re.DOTALL)
    assert sum(bool(line.strip()) for line in block.splitlines()) <= 40
    names: dict[str, Any] = {"__name__": "script"}
    exec(block, names)  # noqa: S102 (what readers are told to run, run)
    return names


def test_the_program_in_the_paper_reruns_a_draw_and_says_no_to_another() -> None:
    rerun = script()["rerun"]
    sites = tuple(Barred(f"sg-{number:03}", Ground.EMPLOYMENT) for number in range(5))
    people = tuple(PooledSupervisor(f"d-{number:02}", sites if number % 2 else ()) for number in range(9))
    for number in range(20):
        of = replace(pool(40, beacon="收盘指数"), supervisors=people)
        good = record(of, beacon="3456.78", **{OFFICER: f"{number:064x}"})
        first = good.outcome.drawn[0]
        replaced = record(
            of,
            Replacement(first.batch, first.supervisors[1], Ground.UNABLE, at(30)),
            beacon="3456.78",
            **{OFFICER: f"{number:064x}"},
        )
        for each in (good, replaced):
            assert rerun(draws.published(each)) == json.loads(draws.text_of(each))["drawn_now"]
    wrong = replace(good, secrets=(replace(good.secrets[0], secret="33" * 32), good.secrets[1]))
    with pytest.raises(AssertionError):
        rerun(draws.published(wrong))
