"""Documents of results: one content has one form, and what is wrong is told with its place."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chain import canonical
from domain.grounds import Method
from domain.outside import Result, Results, Signed, written
from records.errors import ResultsRefused
from records.results_form import out_of_range, read
from tests.records.handed_in import result, results

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis)
IDS = st.from_regex(r"\A\w[\w.-]{0,20}\Z")
LINES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@st.composite
def documents(draw: st.DrawFn) -> Results:
    """Any document that can be: results given, signed and confirmed in this order, before the document was made."""
    found = []
    for candidate in draw(st.lists(IDS, min_size=1, max_size=5, unique=True)):
        given_, signed, confirmed = sorted(draw(st.tuples(INSTANTS, INSTANTS, INSTANTS)))
        value = draw(st.none() | st.decimals(0, 100, places=2).map(str) | st.integers(0, 100).map(str))
        by = draw(st.tuples(st.booleans(), st.booleans())) if value is not None else (False, False)
        found.append(
            Result(
                candidate,
                draw(LINES),
                draw(st.sampled_from(Method)),
                value,
                given_,
                draw(IDS),
                Signed(draw(IDS), signed) if by[0] else None,
                Signed(draw(IDS), confirmed) if by[1] else None,
            )
        )
    return Results(draw(IDS), draw(IDS), datetime(2030, 1, 1, tzinfo=UTC), tuple(found), draw(st.just("") | LINES))


@given(documents())
def test_a_document_that_is_written_and_read_is_the_same_document(document: Results) -> None:
    assert read(written(document)) == document
    assert written(read(written(document))) == written(document)


@given(documents(), st.data())
def test_no_byte_of_a_document_is_changed_unseen(document: Results, data: st.DataObject) -> None:
    whole = bytearray(written(document))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 127))
    with suppress(ResultsRefused):
        assert read(bytes(whole)) != document


def changed(**fields: Any) -> bytes:
    return canonical({**json.loads(written(results(result(), result("T002")))), **fields})


def second(**fields: Any) -> bytes:
    told = json.loads(written(results(result(), result("T002"))))
    told["results"][1].update(fields)
    return canonical({**told, "results": [{k: v for k, v in each.items() if v != ()} for each in told["results"]]})


LATE = {"by": "ex-2", "at": "2029-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("data", "place", "told"),
    [
        (second(value="缺考"), "results[1].value", "who was absent 缺考 has no mark, which is null"),
        (second(value=88.5), "results[1].value", "is no mark"),
        (second(value="1e2"), "results[1].value", "is no mark"),
        (second(value="59.555"), "results[1].value", "is no mark"),
        (second(value="-1"), "results[1].value", "is no mark"),
        (second(value="NaN"), "results[1].value", "is no mark"),
        (second(value=""), "results[1].value", "is no mark"),
        (second(value=()), "results[1].value", "is required and missing"),
        (second(candidate="../etc"), "results[1].candidate", "has characters"),
        (second(subject="a\nb"), "results[1].subject", "has characters"),
        (second(subject="实" * 41), "results[1].subject", "is too long"),
        (second(method="oral"), "results[1].method", "must be written, practical or machine"),
        (second(given="2026-05-01T09:00:00"), "results[1].given", "its time zone"),
        (second(given="2026-02-29T09:00:00Z"), "results[1].given", "is not|day is out of range"),
        (second(given=LATE["at"]), "results[1].given", "lies after the document was made"),
        (second(signed={"by": "ex-2"}), "results[1].signed.at", "is required and missing"),
        (second(signed=LATE), "results[1].signed.at", "before what it signs, or after"),
        (second(confirmed={"by": "ex-1", "at": "2020-01-01T00:00:00Z"}), "results[1].confirmed.at", "before what"),
        (second(value=None), "results[1].signed", "signs a mark that is not there"),
        (second(candidate="T001"), "results[1]", "stands at results[0] already"),
        (second(name="考生甲"), "results[1].name", "is not a known field"),
        (changed(form="kaojian-results-2"), "form", "is not kaojian-results-1"),
        (changed(results=[]), "results", "must not be empty"),
        (changed(results={}), "results", "must be a list"),
        (changed(made=5), "made", "must be text"),
        (changed(reason="a\0b"), "reason", "has characters"),
        (written(results()) + b"\n", "", "is not in canonical form"),
        (json.dumps(json.loads(written(results()))).encode(), "", "is not in canonical form"),
        (written(results()).replace(b'"form":', b'"form":"x","form":'), "", "names a field twice"),
        (b"", "", "is no JSON"),
        (b"\xff\xfe", "", "is no JSON"),
        (b"[" * 100_000, "", "is no JSON"),
        (b"[]", "", "must be an object"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(data: bytes, place: str, told: str) -> None:
    with pytest.raises(ResultsRefused) as refused:
        read(data)
    found = dict(refused.value.problems)
    assert place in found
    assert any(each in found[place] for each in told.split("|"))


def test_all_that_is_wrong_is_told_at_once_and_nothing_that_may_be_a_name() -> None:
    told = json.loads(written(results(result(), result("T002"))))
    told["results"][0]["value"], told["results"][1]["value"] = "欧阳某某", None
    del told["results"][1]["scorer"]
    with pytest.raises(ResultsRefused) as refused:
        read(canonical(told))
    assert [place for place, _ in refused.value.problems] == ["results[0].value", "results[1].scorer"]
    assert "欧阳" not in str(refused.value)


@pytest.mark.parametrize(("value", "told"), [("100.5", 1), ("101", 1), ("100", 0), ("0", 0), (None, 0)])
def test_a_mark_lies_between_nought_and_the_full_mark(value: str | None, told: int) -> None:
    wrong = list(out_of_range(results(result(), result("T002", value)), 100))
    assert wrong == [("results[1].value", f"{value} is no mark from 0 to 100")] * told


def test_of_very_many_problems_the_first_are_told_and_the_rest_counted() -> None:
    found = [(f"results[{number}]", "x") for number in range(250)]
    assert ResultsRefused(found).problems[-1] == ("results", "... and 150 more 另有 150 处")
