"""How verdicts fold: one order, no surprises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.law import Verdict, fold

verdicts = st.lists(st.sampled_from(Verdict), max_size=8)
RANKED = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING, Verdict.WARN, Verdict.PASS, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("index", range(len(RANKED)))
def test_each_verdict_outweighs_all_that_stand_after_it(index: int) -> None:
    assert fold(reversed(RANKED[index:])) is RANKED[index]


def test_nothing_that_applies_is_not_applicable() -> None:
    assert fold([]) is fold([Verdict.NOT_APPLICABLE]) is Verdict.NOT_APPLICABLE


@given(verdicts)
def test_a_fold_is_one_of_its_verdicts(found: list[Verdict]) -> None:
    assert fold(found) in (found or [Verdict.NOT_APPLICABLE])


@given(verdicts, verdicts)
def test_folding_parts_first_changes_nothing(left: list[Verdict], right: list[Verdict]) -> None:
    assert fold([fold(left), fold(right)]) is fold([*left, *right]) is fold([*right, *left])


@given(verdicts)
def test_unknown_is_never_a_pass(found: list[Verdict]) -> None:
    assert fold([*found, Verdict.UNKNOWN]) in (Verdict.UNKNOWN, Verdict.FAIL)


def test_every_verdict_has_its_chinese_word() -> None:
    assert [verdict.zh for verdict in Verdict] == ["符合", "不符合", "提示", "待办", "无法判定", "不适用"]
