"""公民身份号码: the number of a resident's identity card, checked and taken apart (GB 11643-1999).

Eighteen places: six of a region, eight of the day of birth, three in sequence (odd for men), and a check digit by
ISO 7064 MOD 11-2, where X is ten. Numbers of fifteen places, given out until 1999, are the same without century and
check digit. Not here: whether anybody has the number, and how it is kept (``storage.id_numbers``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_WEIGHTS = tuple(2**place % 11 for place in range(17, 0, -1))
_CHECKS = "10X98765432"
_FORM = re.compile(r"[0-9]{17}[0-9X]")
_OLD_FORM = re.compile(r"[0-9]{15}")
_FIRST_YEAR = 1900


class Flaw(StrEnum):
    """Why a text is no such number. Sentences never show it."""

    FORM = "form"
    BIRTH = "birth"
    CHECK_DIGIT = "check_digit"

    @property
    def zh(self) -> str:
        return _SENTENCES[self][0]

    @property
    def en(self) -> str:
        return _SENTENCES[self][1]


_SENTENCES = {
    Flaw.FORM: ("身份证号码应为18位(末位可为X)或15位", "an identity number has 18 places, the last may be X, or 15"),
    Flaw.BIRTH: ("身份证号码中的出生日期不存在", "the day of birth in the identity number does not exist"),
    Flaw.CHECK_DIGIT: ("身份证号码校验码不符", "the check digit of the identity number does not fit"),
}


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A number that fits, of 18 places. Printing it shows nothing of it."""

    number: str

    @property
    def born(self) -> date:
        return date(int(self.number[6:10]), int(self.number[10:12]), int(self.number[12:14]))

    @property
    def is_male(self) -> bool:
        return int(self.number[16]) % 2 == 1

    def __repr__(self) -> str:
        return "ResidentId(***)"


def check_digit(first_17: str) -> str:
    """The eighteenth place of a number (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def read(text: str) -> ResidentId | Flaw:
    """The number in a text, which may be full-width, have a small x, or be of the old form of 15 places."""
    number = plain(text)
    if _OLD_FORM.fullmatch(number):
        first = f"{number[:6]}19{number[6:]}"
        number = first + check_digit(first)
    if not _FORM.fullmatch(number):
        return Flaw.FORM
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return Flaw.BIRTH
    if born.year < _FIRST_YEAR:
        return Flaw.BIRTH
    if check_digit(number[:17]) != number[17]:
        return Flaw.CHECK_DIGIT
    return ResidentId(number)


def plain(text: str) -> str:
    """A number of any document as it is compared: half-width, in capitals, without spaces at its ends."""
    return unicodedata.normalize("NFKC", text).strip().upper()


def masked(number: str) -> str:
    """As people are shown it: of 18 places the first three and the last four, of others the last three or fewer.

    ``440***********0012``; never shown beside the day of birth, which are eight of the places that are hidden.
    """
    if _FORM.fullmatch(number):
        return f"{number[:3]}{'*' * 11}{number[-4:]}"
    shown = min(3, len(number) // 3)
    return "*" * (len(number) - shown) + number[len(number) - shown :]
