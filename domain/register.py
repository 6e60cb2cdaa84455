"""The register 登记簿: what people have put on record, each thing as a chain of revisions that are only ever added.

A *kind* is one sort of thing (an approval, an examiner, a score), a frozen dataclass of ``domain``; an *entry* is one
revision of one thing with who entered it, when and why. What is taken back gets a last revision that says so. Not
here: how entries are kept (``storage.database.register``), and what may be entered (``records``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from domain.people import Actor

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """One sort of thing. ``name`` is kept in the database and never changed.

    ``type`` is a frozen dataclass of plain fields: text, whole numbers, Decimal, bool, dates, instants, lengths of
    time, words of closed lists, tuples and other such dataclasses; no sets, which have no order. A field that comes
    later has a default.
    """

    name: str
    type: type[T]


@dataclass(frozen=True, slots=True)
class Draft(Generic[T]):
    """What is to be entered of one thing, ``key`` being its name among those of its kind; None takes it back.

    ``batch`` and ``site`` say whose it is, "" for none: by these it is found, and shown to who may see it. ``mark``
    is another name that it can be found by. ``after`` is the revision that the writer saw, 0 for none; who leaves it
    out says that it does not matter what was there.
    """

    kind: Kind[T]
    key: str
    value: T | None
    batch: str = ""
    site: str = ""
    mark: str = ""
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One revision, 1, 2, 3 ... of its thing. ``act`` is the number of the journal's entry that it came with."""

    kind: str
    key: str
    revision: int
    value: T | None
    batch: str
    site: str
    mark: str
    at: datetime
    actor: Actor
    reason: str
    act: int
    sha256: str

    @property
    def thing(self) -> T:
        """What was entered. Raises ValueError for a revision that takes it back."""
        if self.value is None:
            raise ValueError(f"{self.name} was taken back")
        return self.value

    @property
    def name(self) -> str:
        """What pages and papers call it by."""
        return f"{self.kind}/{self.key}@{self.revision}"
