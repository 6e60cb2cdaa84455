"""Certificates 证书 and the blank forms 空白证书 that they are printed on, as they stand on record (clause 七).

A form comes from the province in a delivery, is used once, and is then issued or spoiled; what is in no delivery is
no form. A certificate has a number that stays with it for good, rests on an officer's decision, and has no level.
A claim 补贴申领 names a certificate; what money is due is not for this program to say. Not here: what may be entered
(``records.certificates``), the gate before it (``domain.gate``) and what the notice says of it
(``records.certificate_rules``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from domain.gate import Exit
from domain.register import Kind

_SERIAL = re.compile(r"([A-Z0-9-]{0,20}?)(\d{1,12})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Serial:
    """印刷号 of a blank form: what stands before the figures at its end, and those. ``A007``: A, 7, 3 places."""

    prefix: str
    number: int
    places: int

    def __str__(self) -> str:
        return f"{self.prefix}{self.number:0{self.places}}"

    @property
    def next(self) -> Serial:
        return Serial(self.prefix, self.number + 1, self.places)

    @classmethod
    def read(cls, text: str) -> Serial:
        """The serial of a text, full-width letters and small ones made plain. Raises ValueError."""
        match = _SERIAL.fullmatch(unicodedata.normalize("NFKC", text).strip().upper())
        if match is None:
            raise ValueError(
                "印刷号应为字母、数字和连字符，以数字结尾 · letters, digits and hyphens, with figures at the end"
            )
        return cls(match[1], int(match[2]), len(match[2]))


@dataclass(frozen=True, slots=True)
class Delivery:
    """配发: forms that the province handed out, from the first serial to the last, both included. ``count`` is how
    many there were when they were counted, ``by`` the office that handed them out.
    """

    first: str
    last: str
    count: int
    at: datetime
    by: str

    def holds(self, serial: Serial) -> bool:
        first, last = Serial.read(self.first), Serial.read(self.last)
        same = (first.prefix, first.places) == (serial.prefix, serial.places)
        return same and first.number <= serial.number <= last.number

    def overlaps(self, other: Delivery) -> bool:
        """Whether both have a serial, leading zeros left aside: nobody tells A01 from A001 by ear."""
        first, last = Serial.read(self.first), Serial.read(self.last)
        begins, ends = Serial.read(other.first), Serial.read(other.last)
        return first.prefix == begins.prefix and first.number <= ends.number and begins.number <= last.number


@dataclass(frozen=True, slots=True)
class Stocktake:
    """盘点: how many unused forms lay there when somebody counted."""

    at: datetime
    left: int
    by: str


class Fate(StrEnum):
    """What became of a form that is a certificate's no more, or never was one."""

    KEPT = "kept"  # 作废留存
    DESTROYED = "destroyed"  # 作废销毁
    LOST = "lost"  # 遗失: handed out, and gone

    @property
    def zh(self) -> str:
        return {"kept": "作废留存", "destroyed": "作废销毁", "lost": "遗失"}[self.value]


@dataclass(frozen=True, slots=True)
class Form:
    """A blank form that was used. ``used`` is when it first was; ``number`` the certificate it was printed as, "" for
    none; ``fate`` what became of it, None while it is a certificate's. A lost one was issued all the same.
    """

    serial: str
    used: datetime
    number: str = ""
    fate: Fate | None = None
    at: datetime | None = None
    why: str = ""

    @property
    def is_spoiled(self) -> bool:
        return self.fate in {Fate.KEPT, Fate.DESTROYED}


@dataclass(frozen=True, slots=True)
class Imprint:
    """用印: that 职业技能鉴定专用章 was put on it, when, and by whom."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Result:
    """A subject with the mark as it was entered, neither rounded nor averaged."""

    subject: str
    mark: Decimal


@dataclass(frozen=True, slots=True)
class Revocation:
    """撤销, and why."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """证书. ``form`` is the serial it is printed on now; ``holder`` and ``decision`` name the entries of the register
    that say who got it and who decided; ``exits`` are the ways past a gap in footage that were taken for it.

    ``level`` is empty: the notice knows no levels (clause 三). ``by_centre``: the city centre issued it. ``again`` is
    why somebody got another one after theirs was revoked 换发.
    """

    number: str
    batch: str
    ticket: str
    form: str
    project: str
    ability: str
    results: tuple[Result, ...]
    examined: date
    issued: datetime
    holder: str
    decision: str
    level: str = ""
    by_centre: bool = True
    exits: tuple[Exit, ...] = ()
    imprint: Imprint | None = None
    revoked: Revocation | None = None
    again: str = ""

    @property
    def stands(self) -> bool:
        return self.revoked is None


@dataclass(frozen=True, slots=True)
class Holding:
    """Which certificate a candidate of a batch has, or had last."""

    number: str


@dataclass(frozen=True, slots=True)
class Count:
    """How far numbers were given within one scope of the pattern."""

    last: int


class Answer(StrEnum):
    """What the province's platform says of a number."""

    FOUND = "found"
    NOT_FOUND = "not_found"
    DIFFERS = "differs"

    @property
    def zh(self) -> str:
        return {"found": "已查到", "not_found": "未查到", "differs": "信息不符"}[self.value]


@dataclass(frozen=True, slots=True)
class Query:
    """查询结果 of one number, on the day it was asked. ``level`` is what stands there, None where nobody told."""

    number: str
    answer: Answer
    asked: date
    note: str = ""
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """补贴申领: that money was claimed for a certificate of that number, whether or not there is one."""

    id: str
    number: str
    claimed: date


DELIVERIES = Kind("form_delivery", Delivery)
"""By the first serial."""

STOCKTAKES = Kind("form_stocktake", Stocktake)
FORMS = Kind("certificate_form", Form)
"""By serial."""

CERTIFICATES = Kind("certificate", Certificate)
"""By number; marked with the holder's mark."""

HOLDINGS = Kind("certificate_holding", Holding)
"""By ``batch/ticket``."""

COUNTS = Kind("certificate_count", Count)
"""By scope."""

QUERIES = Kind("certificate_query", Query)
"""By number."""

CLAIMS = Kind("subsidy_claim", Claim)
"""By id, as whoever pays calls it."""
