"""Questions that anybody may ask without logging in, and how often: each of them reads what lies in object stores.

1. Who asks has so many questions at once, then one each few seconds; who has to wait is not counted meanwhile.
2. What was answered within the last minute is answered again, without asking anything.
3. All askers together have so many questions, and no more than a few are looked into at one time: whoever works here
   is not kept waiting by whoever asks.

Counted in this process, and forgotten with it. Who comes through a proxy of the site counts as that proxy: nobody is
believed who says that they come from elsewhere. Not here: logins, whose failures are counted for each name in the
database (``storage.database.accounts``), and what is answered (``dashboard.api.receipts``).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Generic, TypeVar

from dashboard.access.errors import TooManyQuestions

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many at once, then one each ``every_s`` seconds."""

    at_once: int
    every_s: float


OF_EACH = Allowance(20, 6.0)
"""Of one address: an office that looks a pile of certificates through, and nobody who tries codes."""

IN_ALL = Allowance(60, 1.0)

KEPT_S = 60.0
"""How long an answer is given again."""

SIDE_BY_SIDE = 2
"""How many are looked into at one time."""

_BUSY_S = 3.0
_MOST = 10_000  # addresses, and answers, that are remembered
_EVERYBODY = ""


class Questions(Generic[T]):
    """See the module. Safe to share between threads; instants are monotonic seconds."""

    def __init__(self, of_each: Allowance = OF_EACH, in_all: Allowance = IN_ALL) -> None:
        self._of_each, self._in_all = of_each, in_all
        self._free_again: dict[str, float] = {}  # by asker: when all of the allowance is there again
        self._answers: dict[str, tuple[float, T]] = {}  # by question: until when, and the answer
        self._lock = threading.Lock()
        self._looking = threading.BoundedSemaphore(SIDE_BY_SIDE)

    def count(self, address: str, now_s: float) -> None:
        """That somebody asks from a network address. Raises TooManyQuestions."""
        with self._lock:
            self._take(asker(address), self._of_each, now_s)

    def answer(self, question: str, now_s: float, look: Callable[[], T]) -> T:
        """What ``look`` finds, or found less than a minute ago. Raises TooManyQuestions, and as ``look``."""
        with self._lock:
            kept = self._answers.get(question)
            if kept is not None and now_s < kept[0]:
                return kept[1]
            self._take(_EVERYBODY, self._in_all, now_s)
        if not self._looking.acquire(blocking=False):
            raise TooManyQuestions(timedelta(seconds=_BUSY_S))
        try:
            found = look()
        finally:
            self._looking.release()
        with self._lock:
            self._keep(question, found, now_s)
        return found

    def _take(self, who: str, allowance: Allowance, now_s: float) -> None:
        """Generic cell rate algorithm (ITU-T I.371): one number for each asker. Raises TooManyQuestions."""
        free = max(self._free_again.get(who, now_s), now_s)
        wait = free - now_s - (allowance.at_once - 1) * allowance.every_s
        if wait > 0:
            raise TooManyQuestions(timedelta(seconds=math.ceil(wait)))
        if who not in self._free_again and len(self._free_again) >= _MOST:
            self._forget(now_s)
        self._free_again[who] = free + allowance.every_s

    def _forget(self, now_s: float) -> None:
        """Who has all of their allowance again; where that is nobody, the half that asked least."""
        left = [each for each in self._free_again.items() if each[1] > now_s]
        if len(left) >= _MOST:
            left = sorted(left, key=lambda each: each[1])[_MOST // 2 :]
        everybody = self._free_again.get(_EVERYBODY)
        self._free_again = dict(left)
        if everybody is not None:
            self._free_again[_EVERYBODY] = everybody

    def _keep(self, question: str, found: T, now_s: float) -> None:
        if len(self._answers) >= _MOST:
            self._answers = {each: kept for each, kept in self._answers.items() if now_s < kept[0]}
        self._answers[question] = (now_s + KEPT_S, found)


def asker(address: str) -> str:
    """Whom a network address stands for: of IPv6 the network of 64 bits, all of which one person has."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address or "nobody"
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ip_network((known, 64), strict=False))
