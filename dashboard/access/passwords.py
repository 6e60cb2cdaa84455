"""Passwords: what one must be, how it is hashed (argon2id, RFC 9106) and compared. The one door to argon2 and zxcvbn.

Not here: whose password it is, and how often it may be tried (``dashboard.access.login``).
"""

from __future__ import annotations

import re
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from zxcvbn import zxcvbn

from dashboard.access.errors import PasswordRefused

SHORTEST, LONGEST = 12, 128
"""Length in characters. NIST SP 800-63B 5.1.1: length is what counts; no rule of digits and signs."""

GUESSES = 10**10
"""How many guesses a password must be good for, by zxcvbn's count: what it calls very unguessable."""

OURS = (
    *("kaojian", "kaohe", "kaoshi", "kaochang", "kaodian", "jiankong", "luxiang", "dudao", "zhengshu"),
    *("考鉴", "考核", "考试", "考场", "考点", "监控", "录像", "督导", "证书"),
    *("guangdong", "shaoguan", "广东", "韶关", "2022"),
)
"""Words that whoever guesses passwords of this service tries first; each is worth hardly a guess."""

_AT_ONCE = threading.BoundedSemaphore(2)  # each hash takes 64 MiB; a crowd at the door must not take them all
_HASHER = PasswordHasher()  # the second recommendation of RFC 9106 4: 3 passes over 64 MiB
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are taken for each other on paper


def check(password: str, name: str) -> None:
    """Raises PasswordRefused for one that is too short or long, has the account's name in it, or is soon guessed:
    a common password, or words, names, dates, keys in a row and our own words put together.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefused(f"a password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}")
    if name.casefold() in password.casefold():
        raise PasswordRefused("the password contains the name of the account")
    known = [*OURS, *re.split(r"[._-]", name)]
    if zxcvbn(password, user_inputs=known, max_length=LONGEST)["guesses"] < GUESSES:
        raise PasswordRefused(
            "the password is soon guessed: it is a common one, or simple words, names, dates or keys in a row; "
            "take several words that do not belong together"
        )


def hashed(password: str) -> str:
    """The password's hash with a salt and its parameters, as text."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is that of the hash. The same work for a no where there is none: None for an account that
    is not there, empty for one that nobody comes in to by a password.
    """
    with _AT_ONCE:
        try:
            return _HASHER.verify(password_hash or _NOBODYS, password) and bool(password_hash)
        except (VerifyMismatchError, InvalidHashError):
            return False


def invented(letters: int = 20, group: int = 5) -> str:
    """A first password to be changed: 20 letters, 98 bits, in groups for reading aloud."""
    chosen = [secrets.choice(_LETTERS) for _ in range(letters)]
    return "-".join("".join(chosen[start : start + group]) for start in range(0, letters, group))


_NOBODYS = _HASHER.hash(secrets.token_hex(32))
