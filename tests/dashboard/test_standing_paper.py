"""The paper of how a batch stands: all that the page says, in either language, and nobody's name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest

from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.standing import compose, digest
from dashboard.papers.words import Language
from domain.clauses import CLAUSES
from domain.gate import Candidacy, Case, Footage, Proposal, Proposed, Reason
from domain.law import Finding, Ruled, Verdict
from domain.places import Batch, Sitting
from records.clauses import BatchStanding
from tests.dashboard.exam import BATCH, PACK, SITE, START, plan

NOW = datetime(2026, 5, 2, 1, 0, tzinfo=UTC)
HELD = Reason("footage", Proposal.HOLD, "工位A01断档8秒", "gap of 8 s at station A01")
STANDING = BatchStanding(
    BATCH,
    NOW,
    tuple(
        Ruled(Finding(clause.id, Verdict.PASS, f"{clause.zh}无误", f"{clause.en} in order"), (f"norm/{clause.id}@1",))
        for clause in CLAUSES
    ),
    (
        Case(
            BATCH,
            "T001",
            Candidacy(("实操",), footage=(Footage("实操", f"{BATCH}/1/A01", Verdict.FAIL),)),
            Proposed(Proposal.HOLD, (HELD,)),
        ),
    ),
)
SITTINGS = (Sitting(Batch(BATCH, SITE.id, "Pastry", PACK.id, (plan(1, START),)), plan(1, START), SITE),)


@pytest.mark.parametrize("language", Language)
def test_every_clause_and_every_candidate_is_on_it_in_one_language(language: Language) -> None:
    html = unescape(as_html(compose(STANDING, SITTINGS, language)))
    zh = language is Language.ZH
    for clause in CLAUSES:
        assert clause.id in html
        assert (clause.zh if zh else clause.en) in html
        assert f"norm/{clause.id}@1" in html
    assert all(each in html for each in ("T001", HELD.zh if zh else HELD.en, f"{BATCH}/1/A01"))
    assert as_pdf(compose(STANDING, SITTINGS, language)).startswith(b"%PDF-")


def test_in_english_it_has_no_chinese_but_names() -> None:
    sittings = (replace(SITTINGS[0], site=replace(SITE, name="Site", county="County")),)
    html = as_html(compose(STANDING, sittings, Language.EN))
    assert re.findall(r"[\u4e00-\u9fff]+", html[html.index("<body>") :]) == []


def test_its_digest_changes_with_anything_that_is_on_it() -> None:
    changed = Ruled(replace(STANDING.clauses[0].finding, verdict=Verdict.FAIL), STANDING.clauses[0].rests_on)
    others = [
        replace(STANDING, clauses=(changed, *STANDING.clauses[1:])),
        replace(STANDING, cases=()),
        replace(STANDING, batch="other"),
    ]
    assert len({digest(each) for each in (STANDING, *others)}) == len(others) + 1


def test_of_many_entries_the_first_are_named_and_counted() -> None:
    many = Ruled(STANDING.clauses[0].finding, tuple(f"score/T{number}@1" for number in range(9)))
    html = as_html(compose(replace(STANDING, clauses=(many,)), SITTINGS))
    assert ("score/T5@1" in html, "score/T6@1" in html, "等9项" in html) == (True, False, True)


def test_a_batch_without_sittings_is_a_mistake_of_who_asks() -> None:
    with pytest.raises(ValueError, match="no sitting"):
        compose(STANDING, ())
