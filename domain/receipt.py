"""证据回执: a short code that stands for all that a certificate rests on, and tells when any of it has changed.

The *leaves* are the facts of one candidate's certificate, each with a label: whose it is, the SHA-256 of each entry
of the register it rests on, the signed footage of the batch, the SHA-256 of each scan of its dossier. Their order is
fixed, and their Merkle root (``domain.merkle``) is what the *code* is made of; so the code stands for every leaf and
for there being no other. Not here: where leaves come from and whether they still hold (``records.receipts``).

The code has 160 bits of the root. Who wants another dossier under a code that is printed has to try 2**160 of them.
Who makes both, an honest and a false one, before either is printed needs two that agree, which takes 2**80: beyond
what anybody can pay, where 128 bits would have left 2**64, which is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from unicodedata import normalize

from domain import merkle
from domain.chain import canonical
from domain.register import Kind

RECEIPT_FORM = "kaojian-receipt-1"

CODE_BITS = 160
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U
_CHECKS = _ALPHABET + "*~$=U"
_GROUP = 4
_LENGTH = CODE_BITS // 5 + 1
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"} | dict.fromkeys("-‐‑‒–—−_·. \t\r\n", ""))


@dataclass(frozen=True, slots=True)
class Leaf:
    """One fact. ``label`` says what it is and ``value`` what it was, mostly a SHA-256 in hex."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is signed. ``root`` is that of the leaves, which begin with the form, whose it is, and a salt.

    The salt is drawn for each receipt: without it a root that is public would let anybody who guesses a score see
    whether they guessed right.
    """

    form: str
    site: str
    batch: str
    ticket: str
    certificate: str
    made_at: datetime
    root: str
    leaves: tuple[Leaf, ...]
    key: str


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """A receipt as it is kept: ``text`` is its canonical JSON with the signature, which is ASCII."""

    batch: str
    ticket: str
    certificate: str
    root: str
    text: str


RECEIPTS = Kind("receipt", KeptReceipt)
"""By its code without hyphens; the mark is ``batch/ticket``."""


def root_of(leaves: Iterable[Leaf]) -> str:
    """The root in hex. A leaf is the canonical JSON of label and value: neither can be taken for the other."""
    return merkle.root(canonical({"label": leaf.label, "value": leaf.value}) for leaf in leaves).hex()


def code_of(root: str) -> str:
    """The code of a root in hex: its first 160 bits in Crockford's base 32 and a character that checks them, in
    groups. Raises ValueError for anything that is no SHA-256.
    """
    if len(bytes.fromhex(root)) * 8 < CODE_BITS:
        raise ValueError(f"{root} is no root")
    number = int(root[: CODE_BITS // 4], 16)
    digits = "".join(_ALPHABET[number >> shift & 31] for shift in range(CODE_BITS - 5, -1, -5))
    return grouped(digits + _CHECKS[number % len(_CHECKS)])


def easy_to_type(root: str) -> bool:
    """Whether the code of a root ends in a letter or digit, none of the five signs that Crockford adds. One that
    does not is made again with another salt, which costs a quarter of a bit.
    """
    return code_of(root)[-1] in _ALPHABET


def grouped(code: str) -> str:
    """A code in groups, as it is printed."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def read_code(text: str) -> str | None:
    """A code as it was typed, without hyphens; None where it is none, or a character of it is wrong.

    Small and full-width letters, O for 0, I and L for 1, white space and dashes of any kind do no harm. The check
    finds each single character that is wrong and each two neighbours that were swapped.
    """
    code = normalize("NFKC", text).strip().upper().translate(_READ_AS)
    if len(code) != _LENGTH or any(each not in _ALPHABET for each in code[:-1]) or code[-1] not in _CHECKS:
        return None
    number = 0
    for each in code[:-1]:
        number = number << 5 | _ALPHABET.index(each)
    return code if _CHECKS[number % len(_CHECKS)] == code[-1] else None


def first_difference(made: Sequence[Leaf], now: Sequence[Leaf]) -> str | None:
    """The label of the first leaf of a receipt that is not as it was, is not there, or has come in between."""
    for before, after in zip_longest(made, now):
        if before == after:
            continue
        came = after is not None and after.label not in {leaf.label for leaf in made}
        if before is None or (came and before in now):
            return str(after.label)
        return str(before.label)
    return None
