"""How often anybody may ask: so much from each address and from all, answers that are given again, never a crowd."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.access import questions
from dashboard.access.errors import TooManyQuestions
from dashboard.access.questions import KEPT_S, SIDE_BY_SIDE, Allowance, Questions, asker

HERE, THERE = "192.0.2.1", "192.0.2.2"


def wait(asked: Questions[str], address: str, now_s: float) -> int:
    """How many seconds to wait; 0 where the question is counted."""
    try:
        asked.count(address, now_s)
    except TooManyQuestions as refused:
        return refused.wait_s
    return 0


def test_who_asks_too_often_waits_and_nobody_else_does() -> None:
    asked: Questions[str] = Questions(Allowance(3, 10))
    assert [wait(asked, HERE, 0) for _ in range(5)] == [0, 0, 0, 10, 10]
    assert wait(asked, THERE, 0) == 0
    assert wait(asked, HERE, 4) == 6  # who had to wait was not counted
    assert (wait(asked, HERE, 10), wait(asked, HERE, 10)) == (0, 10)
    assert [wait(asked, HERE, 1000) for _ in range(4)] == [0, 0, 0, 10]  # never more than the allowance


@given(st.lists(st.floats(0, 100), min_size=1, max_size=80))
def test_in_no_span_is_more_counted_than_the_allowance_and_what_came_back_since(steps: list[float]) -> None:
    asked: Questions[str] = Questions(Allowance(5, 7))
    instants = sorted(steps)
    counted = [at for at in instants if wait(asked, HERE, at) == 0]
    for first, begin in enumerate(counted):
        for last, end in enumerate(counted[first:], first):
            assert last - first + 1 <= 5 + (end - begin) / 7 + 1e-6


def test_an_answer_is_given_again_for_a_minute_and_costs_nothing_of_what_all_have() -> None:
    asked: Questions[str] = Questions(in_all=Allowance(2, 50))
    looked: list[int] = []

    def look() -> str:
        looked.append(1)
        return f"answer {len(looked)}"

    assert [asked.answer("a", at, look) for at in (0.0, 1.0, KEPT_S - 1)] == ["answer 1"] * 3
    assert asked.answer("b", 2, look) == "answer 2"
    with pytest.raises(TooManyQuestions) as refused:
        asked.answer("c", 3, look)
    assert refused.value.wait_s == 47
    assert asked.answer("a", KEPT_S, look) == "answer 3"


def test_what_fails_is_not_remembered_and_holds_no_place() -> None:
    asked: Questions[str] = Questions()

    def broken() -> str:
        raise RuntimeError("the store is away")

    for _ in range(SIDE_BY_SIDE + 1):
        with pytest.raises(RuntimeError):
            asked.answer("a", 0, broken)
    assert asked.answer("a", 0, lambda: "there") == "there"


def test_no_more_than_a_few_are_looked_into_at_one_time() -> None:
    asked: Questions[str] = Questions()
    begun, go_on = threading.Barrier(SIDE_BY_SIDE + 1), threading.Event()

    def slow() -> str:
        begun.wait(10)
        go_on.wait(10)
        return "found"

    threads = [threading.Thread(target=asked.answer, args=(str(each), 0.0, slow)) for each in range(SIDE_BY_SIDE)]
    for thread in threads:
        thread.start()
    begun.wait(10)
    with pytest.raises(TooManyQuestions):
        asked.answer("another", 0, lambda: "found")
    go_on.set()
    for thread in threads:
        thread.join()
    assert asked.answer("another", 0, lambda: "found") == "found"


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "nobody"),
        ("no address", "no address"),
    ],
)
def test_an_address_stands_for_whoever_has_it(address: str, who: str) -> None:
    assert asker(address) == who


def test_of_very_many_addresses_only_so_many_are_remembered_and_those_who_ask_most_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(questions, "_MOST", 100)
    asked: Questions[str] = Questions(Allowance(2, 1000), Allowance(1, 1000))
    assert asked.answer("a", 0, lambda: "x") == "x"
    assert [wait(asked, HERE, 0) for _ in range(3)] == [0, 0, 1000]
    for each in range(500):
        wait(asked, f"198.51.{each // 250}.{each % 250}", 0)
    assert wait(asked, HERE, 0) == 1000
    with pytest.raises(TooManyQuestions):
        asked.answer("b", 0, lambda: "x")  # and so does what all have together
    assert len(asked._free_again) <= 101
