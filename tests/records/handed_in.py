"""An outside scoring system for tests: its key, and documents that it signs. Not tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.grounds import Method
from domain.outside import Purpose, Result, Results, ScoringSystem, Signed, written
from domain.people import Actor, Door
from domain.timeline import utc
from records.outside import Sent
from storage.signing import Signer
from tests.analysis.ledgers import at
from tests.records.rolls import BATCH

ID = "scoring-1"
SYSTEM = Actor(f"account:{ID}", Door.API)
KEY = Signer.new()
MADE = at(5000)


def entered(key: Signer = KEY, purpose: Purpose = Purpose.WHOLE) -> ScoringSystem:
    """Good for a day around the exam."""
    return ScoringSystem(ID, "省评分平台", key.public, purpose, at(-86400), at(86400))


def result(candidate: str = "T001", value: str | None = "88.5", **changed: object) -> Result:
    """A practical mark that was signed by its scorer and the leader, while they were there."""
    signed = None if value is None else Signed("ex-2", at(4700))
    confirmed = None if value is None else Signed("ex-1", at(4800))
    found = Result(candidate, "实操", Method.PRACTICAL, value, at(4600), "ex-2", signed, confirmed)
    return replace(found, **changed)  # type: ignore[arg-type]


def results(*found: Result, made: datetime = MADE, reason: str = "", **changed: object) -> Results:
    return replace(Results(BATCH, ID, utc(made), found or (result(),), reason), **changed)  # type: ignore[arg-type]


def sent(document: Results | bytes, key: Signer = KEY, account: str = ID) -> Sent:
    data = document if isinstance(document, bytes) else written(document)
    return Sent(account, data, key.sign(data))


LATER = timedelta(minutes=10)
