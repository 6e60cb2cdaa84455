"""Outside scoring systems 外部评分系统: who they are, and the signed documents in which they hand results in.

A document is the canonical JSON (``domain.chain.canonical``) of a ``Results``, signed with Ed25519 (RFC 8032) over
its bytes as they are. Of a machine's result 机考 the signature is what is asked for; for practical and written marks
it vouches for who scored and who signed, and whether those may is asked of their ids as of anybody's
(``domain.scores.flaws``). Not here: what may be handed in (``records.outside``), and checking signatures
(``storage.signing``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.chain import canonical
from domain.grounds import Method
from domain.register import Kind
from domain.timeline import rfc3339_exact

FORM = "kaojian-results-1"
"""Stands in each document: what is signed for something else is none."""


class Purpose(StrEnum):
    """What a system is trusted with."""

    MACHINE = "machine"  # results of its own machines 机考
    WHOLE = "whole"  # marks of every method

    @property
    def zh(self) -> str:
        return {Purpose.MACHINE: "机考结果", Purpose.WHOLE: "全部评分"}[self]


@dataclass(frozen=True, slots=True)
class ScoringSystem:
    """One key of a system, as the city centre entered it. ``id`` is also the name of the account that the system
    comes in with; ``key`` is a public one, 64 hex digits.

    A key signs what is made from ``valid_from`` until ``valid_until``. Once it is ``revoked`` nothing new is taken
    that it signed, whatever the document says of when it was made: somebody else may have the key by then.
    """

    id: str
    name: str
    key: str
    purpose: Purpose
    valid_from: datetime
    valid_until: datetime
    revoked: datetime | None = None

    def signs(self, made: datetime) -> bool:
        """Whether a document may be made with this key at an instant."""
        return self.valid_from <= made < self.valid_until

    def vouches(self, made: datetime, received: datetime) -> bool:
        """Whether a document stands that says it was ``made`` then and came in at ``received``."""
        return self.signs(made) and (self.revoked is None or received < self.revoked)


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed a result, and when; the value is that of the result."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """One mark. ``value`` is decimal text; None where there is none, as for who was absent 缺考, and nobody signed.

    ``scorer`` is an examiner's id, or the name of a marking or of a machine; ``confirmed`` is the leader's 考评组长.
    """

    candidate: str
    subject: str
    method: Method
    value: str | None
    given: datetime
    scorer: str
    signed: Signed | None = None
    confirmed: Signed | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """What a system hands in at once. ``reason`` says why marks handed in before are changed, if any are."""

    batch: str
    system: str
    made: datetime
    results: tuple[Result, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A document as it came, for anybody to check: ``key`` and ``signature`` in hex, ``document`` byte by byte."""

    batch: str
    system: str
    made: datetime
    received: datetime
    key: str
    signature: str
    document: str


SCORING_SYSTEMS = Kind("scoring_system", ScoringSystem)
RESULTS = Kind("results", HandedIn)


def written(results: Results) -> bytes:
    """The bytes that are signed."""
    return canonical(
        {
            "form": FORM,
            "batch": results.batch,
            "system": results.system,
            "made": rfc3339_exact(results.made),
            "reason": results.reason,
            "results": [_result(each) for each in results.results],
        }
    )


def _result(result: Result) -> dict[str, object]:
    return {
        "candidate": result.candidate,
        "subject": result.subject,
        "method": result.method.value,
        "value": result.value,
        "given": rfc3339_exact(result.given),
        "scorer": result.scorer,
        "signed": _signed(result.signed),
        "confirmed": _signed(result.confirmed),
    }


def _signed(signed: Signed | None) -> dict[str, str] | None:
    return None if signed is None else {"by": signed.by, "at": rfc3339_exact(signed.at)}
