"""When something counts as lost and as back: a pure rule over looks at many things, one after the other.

Each thing, a *subject*, is at each look dark, lit, or nobody can tell. With ``settle`` as the only number:

1. Dark spans with less than ``settle`` of light between them are one span: what comes and goes is lost once.
2. A span is told as a loss once it has lasted ``settle``; a shorter one is told to nobody.
3. A loss is over, and told so, when there has been light for ``settle``; it ended when that light began.
4. Where all subjects of a group are dark, at least two and none told before, the loss is the group's and not theirs:
   one of the first to go dark waits up to PATIENCE longer for the others while another one is dark too. It is over
   when one of them is back; those that stay dark then become losses of their own after ``settle``. What goes dark
   while its group is lost belongs to that loss.
5. A loss of what is not looked at any more is withdrawn.
6. While nobody can tell, a loss stays what it is, and what was not told yet is forgotten.

Not here: what is dark, and why (``records.lookout``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from domain.alarms import Step

PATIENCE = timedelta(seconds=15)
"""The longest stall limit of a camera (docs/time.md): all cameras of a dead NVR are dark by then."""


@dataclass(frozen=True, slots=True)
class Signal:
    """How it stands with a subject: ``dark`` or lit ``since`` then at the latest; None when nobody can tell."""

    dark: bool | None
    since: datetime
    group: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell of ``subject``: that its loss began at ``since``, or how that ended, at ``at``.

    ``times`` is how often it went dark within the loss. ``members`` are the subjects of a group's loss, of which
    ``still_dark`` did not come back with it.
    """

    subject: str
    step: Step
    since: datetime
    at: datetime
    times: int = 1
    members: tuple[str, ...] = ()
    still_dark: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Dark:
    """A span of darkness that may still grow, in light since ``lit_since``.

    Rule 2 counts from ``counts_from``, its start or the return of its group; ``told`` is the loss it was told in.
    """

    since: datetime
    counts_from: datetime
    lit_since: datetime | None = None
    times: int = 1
    told: str = ""

    @property
    def is_dark(self) -> bool:
        return self.lit_since is None


class Losses:
    """What is known of all subjects. ``look`` again and again, never back in time."""

    def __init__(self, settle: timedelta) -> None:
        self._settle = settle
        self._dark: dict[str, _Dark] = {}
        self._open: dict[str, datetime] = {}  # since when, by the subject of the loss

    def look(self, now: datetime, signals: Mapping[str, Signal]) -> list[News]:
        """What is to be told at ``now``. ``signals`` has every subject that matters."""
        for subject, signal in signals.items():
            self._update(subject, signal, now)
        return [*self._withdrawn(now, signals), *self._began(now, signals), *self._ended(now)]

    def _update(self, subject: str, signal: Signal, now: datetime) -> None:
        dark = self._dark.get(subject)
        if signal.dark is None:
            if dark is not None and not dark.told:
                del self._dark[subject]
        elif dark is None:
            if signal.dark:
                since = min(signal.since, now)
                self._dark[subject] = _Dark(since, since)
        elif not signal.dark and dark.is_dark:
            lit_since = signal.since if dark.since < signal.since <= now else now
            self._dark[subject] = replace(dark, lit_since=lit_since)
        elif signal.dark and not dark.is_dark:
            self._dark[subject] = replace(dark, lit_since=None, times=dark.times + 1)

    def _withdrawn(self, now: datetime, signals: Mapping[str, Signal]) -> Iterator[News]:
        for subject in sorted(self._dark.keys() - signals.keys()):
            dark = self._dark.pop(subject)
            if dark.told and not self._members(dark.told):
                yield News(dark.told, Step.WITHDRAWN, self._open.pop(dark.told), now, dark.times)

    def _began(self, now: datetime, signals: Mapping[str, Signal]) -> Iterator[News]:
        for subject in sorted(self._dark):
            dark = self._dark[subject]
            if dark.told or (dark.lit_since or now) - dark.counts_from < self._settle:
                continue
            group = signals[subject].group
            members = [each for each in sorted(signals) if group and signals[each].group == group]
            if group in self._open:
                self._tell(subject, group)
            elif len(members) > 1 and all(self._is_dark(each) and not self._told(each) for each in members):
                yield self._loss(group, members, now)
            elif not self._waits_for_others(dark, subject, members, now):
                yield self._loss(subject, [subject], now)

    def _waits_for_others(self, dark: _Dark, subject: str, members: list[str], now: datetime) -> bool:
        others = [each for each in members if each != subject and self._is_dark(each) and not self._told(each)]
        return bool(others) and dark.is_dark and now - dark.counts_from < self._settle + PATIENCE

    def _loss(self, subject: str, members: list[str], now: datetime) -> News:
        since = min(self._dark[each].since for each in members)
        self._open[subject] = since
        for each in members:
            self._tell(each, subject)
        times = max(self._dark[each].times for each in members)
        return News(subject, Step.BEGAN, since, now, times, tuple(members) if members != [subject] else ())

    def _ended(self, now: datetime) -> Iterator[News]:
        for subject in sorted(self._dark):
            dark = self._dark[subject]
            if dark.lit_since is None or now - dark.lit_since < self._settle:
                continue
            del self._dark[subject]
            if dark.told in self._open:
                yield self._back(dark, subject, now)

    def _back(self, dark: _Dark, subject: str, now: datetime) -> News:
        """Let go of the other members of the loss, which stand for themselves from now on."""
        assert dark.lit_since is not None  # noqa: S101 (only what is lit again is back)
        others = self._members(dark.told)
        still_dark = tuple(each for each in others if self._is_dark(each))
        for each in others:
            self._dark[each] = replace(self._dark[each], told="", counts_from=now)
        members = tuple(sorted([subject, *others])) if dark.told != subject else ()
        since = self._open.pop(dark.told)
        return News(dark.told, Step.ENDED, since, dark.lit_since, dark.times, members, still_dark)

    def _tell(self, subject: str, loss: str) -> None:
        self._dark[subject] = replace(self._dark[subject], told=loss)

    def _members(self, loss: str) -> list[str]:
        return [each for each in sorted(self._dark) if self._dark[each].told == loss]

    def _told(self, subject: str) -> bool:
        return subject in self._dark and self._dark[subject].told != ""

    def _is_dark(self, subject: str) -> bool:
        return subject in self._dark and self._dark[subject].is_dark

    # As plain values, to go on after a restart

    def kept(self) -> dict[str, Any]:
        """All that is known, fit for JSON; equal knowledge is equal text."""
        dark = {
            subject: [
                each.since.isoformat(),
                each.counts_from.isoformat(),
                each.lit_since.isoformat() if each.lit_since is not None else None,
                each.times,
                each.told,
            ]
            for subject, each in self._dark.items()
        }
        return {"dark": dark, "open": {subject: since.isoformat() for subject, since in self._open.items()}}

    @classmethod
    def of(cls, kept: Mapping[str, Any], settle: timedelta) -> Losses:
        """What ``kept`` told. Raises ValueError, KeyError or TypeError for what no ``kept`` ever was."""
        found = cls(settle)
        for subject, (since, counts_from, lit_since, times, told) in kept["dark"].items():
            lit = datetime.fromisoformat(lit_since) if lit_since is not None else None
            found._dark[subject] = _Dark(
                datetime.fromisoformat(since), datetime.fromisoformat(counts_from), lit, times, told
            )
        found._open = {subject: datetime.fromisoformat(since) for subject, since in kept["open"].items()}
        return found
