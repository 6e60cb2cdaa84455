"""A document of results as it comes, read strictly: every field that is wrong with its place, all of them at once.

One content has one form: bytes that are not exactly the canonical ones are refused, so that none can be changed or
left unread unseen. Not here: who signed them, and whether they fit what is on record (``records.outside``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from domain.chain import canonical
from domain.grounds import Method
from domain.outside import FORM, Result, Results, Signed
from domain.roll import TICKET
from domain.timeline import utc
from records.errors import ResultsRefused

LARGEST_BYTES = 4 << 20
"""Some ten thousand results."""

_INSTANT = re.compile(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_POINTS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_NOT_CANONICAL = "is not in canonical form: JSON in ASCII, names sorted, no white space, and nothing after it"
_NO_MARK = "is no mark: decimal text as 59.5, never rounded; who was absent 缺考 has no mark, which is null"


def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError("is no instant with its time zone, as 2026-05-01T02:00:00Z")
    return utc(datetime.fromisoformat(text))


def _points(text: str) -> str:
    if not _POINTS.fullmatch(text):
        raise ValueError(_NO_MARK)
    return text


def _form(text: str) -> str:
    if text != FORM:
        raise ValueError(f"is not {FORM}")
    return text


def _like(pattern: re.Pattern[str]) -> AfterValidator:
    """Python's idea of letters and not pydantic's: tickets were taken onto the roll by it."""

    def checked(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError("has characters that it may not have, or is empty or too long")
        return text

    return AfterValidator(checked)


_ID = re.compile(r"\w[\w.-]{0,63}")
_Instant = Annotated[
    str, AfterValidator(lambda text: _instant(text) and text), Field(json_schema_extra={"format": "date-time"})
]
_Id = Annotated[str, _like(_ID), Field(json_schema_extra={"pattern": f"^{_ID.pattern}$"})]
_Ticket = Annotated[str, _like(TICKET), Field(json_schema_extra={"pattern": f"^{TICKET.pattern}$"})]
_Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=40)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SignedForm(_Strict):
    """Who signed, and when."""

    by: _Id
    at: _Instant

    def value(self) -> Signed:
        return Signed(self.by, _instant(self.at))


class ResultForm(_Strict):
    """One mark of a document."""

    candidate: _Ticket
    subject: _Line
    method: Annotated[Method, Field(strict=False)]
    value: Annotated[str, AfterValidator(_points)] | None
    given: _Instant
    scorer: _Id
    signed: SignedForm | None
    confirmed: SignedForm | None

    def result(self) -> Result:
        return Result(
            candidate=self.candidate,
            subject=self.subject,
            method=self.method,
            value=self.value,
            given=_instant(self.given),
            scorer=self.scorer,
            signed=None if self.signed is None else self.signed.value(),
            confirmed=None if self.confirmed is None else self.confirmed.value(),
        )


class ResultsForm(_Strict):
    """A document kaojian-results-1. Sent as canonical JSON: ASCII, names sorted, no white space."""

    form: Annotated[str, AfterValidator(_form)]
    batch: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    system: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    made: _Instant
    reason: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=500)]
    results: Annotated[list[ResultForm], Field(min_length=1)]


def read(data: bytes) -> Results:
    """The results that these bytes are the canonical form of. Raises ResultsRefused with every place."""
    try:
        told = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ResultsRefused([("", "is no JSON, or names a field twice")]) from None
    try:
        form = ResultsForm.model_validate(told)
    except ValidationError as error:
        raise ResultsRefused([(_place(each["loc"]), _said(each)) for each in error.errors()]) from None
    if canonical(told) != data:
        raise ResultsRefused([("", _NOT_CANONICAL)])
    results = Results(
        batch=form.batch,
        system=form.system,
        made=_instant(form.made),
        results=tuple(each.result() for each in form.results),
        reason=form.reason.strip(),
    )
    if wrong := list(_impossible(results)):
        raise ResultsRefused(wrong)
    return results


def _impossible(results: Results) -> Iterator[tuple[str, str]]:
    """What cannot be, whatever is on record: a mark twice, signed before it was given, or where there is none."""
    seen: dict[tuple[str, str], int] = {}
    for number, each in enumerate(results.results):
        place = f"results[{number}]"
        first = seen.setdefault((each.candidate, each.subject), number)
        if first != number:
            yield place, f"stands at results[{first}] already: one mark for a candidate and a subject"
        if each.given > results.made:
            yield f"{place}.given", "lies after the document was made"
        before = each.given
        for name, signed in (("signed", each.signed), ("confirmed", each.confirmed)):
            if signed is None:
                continue
            if each.value is None:
                yield f"{place}.{name}", "signs a mark that is not there"
            if not before <= signed.at <= results.made:
                yield f"{place}.{name}.at", "lies before what it signs, or after the document was made"
            before = max(before, signed.at)


def out_of_range(results: Results, full_mark: int) -> Iterator[tuple[str, str]]:
    """Marks that no subject has."""
    for number, each in enumerate(results.results):
        if each.value is not None and not 0 <= Decimal(each.value) <= full_mark:
            yield f"results[{number}].value", f"{each.value} is no mark from 0 to {full_mark}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a name stands twice: readers differ in which of them they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _place(loc: tuple[str | int, ...]) -> str:
    """``results[3].value``"""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


_SENTENCES = {
    "missing": "is required and missing",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "has characters that it may not have, or is empty",
    "enum": "must be written, practical or machine",
}


def _said(error: Any) -> str:
    """Never what stands there."""
    kind = error["type"]
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    if error["loc"][-1:] == ("value",) and kind == "string_type":
        return _NO_MARK
    return _SENTENCES.get(kind, "is not as it should be")
