"""What the pages tell of the installation itself, given by whoever puts it together: its settings stay there.

Not here: what is told (``dashboard.api.operations``), and what every route stands on (``dashboard.api.backing``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from domain.health import Check
from records.capacity import Planned
from records.errors import NotReady
from storage.audit.checking import Checked
from storage.store_state import StoreState

YEARS = 5
"""How far the forecast of the page looks, unless somebody asks otherwise."""


def _no_plan(years: int) -> Planned:
    raise NotReady("nothing is known here of how this installation is set up")


@dataclass(frozen=True, slots=True)
class Installation:
    """``checks`` looks at what costs next to nothing to look at. ``planned`` forecasts so many years by what is set
    up, and raises NotReady where that is nothing. ``stores`` is how whoever uploads found the object stores last.
    ``records`` checks the chains of viewings and acts from their first entry on, which may take long.
    """

    checks: Callable[[datetime], Iterable[Check]] = lambda _: ()
    planned: Callable[[int], Planned] = _no_plan
    stores: Callable[[], Sequence[StoreState]] = tuple
    records: Callable[[], Sequence[Checked]] = tuple


LASTS_S = 60.0
"""How long a check of the records counts: whoever asks again sooner is told the same."""


@dataclass(slots=True)
class RecordsChecked:
    """Checks the records for whoever asks, once at a time: who asks meanwhile waits and is told the same."""

    _last: tuple[float, datetime, Sequence[Checked]] | None = None
    _lock: Lock = field(default_factory=Lock)

    def by(
        self, check: Callable[[], Sequence[Checked]], now: datetime, monotonic_s: float
    ) -> tuple[datetime, Sequence[Checked]]:
        """When they were checked, and what was found. Raises as ``storage.audit.checking.check``."""
        with self._lock:
            if self._last is None or monotonic_s >= self._last[0] + LASTS_S:
                self._last = (monotonic_s, now, tuple(check()))
            return self._last[1], self._last[2]
