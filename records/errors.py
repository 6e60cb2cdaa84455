"""What can be refused when set-up is applied or a sitting is conducted.

    RecordsError
    ├── SetupRefused      a declaration contradicts what is already kept; ``problems`` has file, line and field
    ├── DiskTooFull       the spool's disk has less free space than its reserve: no sitting is opened
    └── ImpossibleTime    a start or an end that cannot be: in the future, or the end before the start

What storage knows better passes through as it is: UnknownBatch, UnknownSitting, AlreadyOpen, NotOpen, AlreadyClosed
(``storage.errors``); so does a malformed file (``config.errors.DocumentRefused``). Every message is one line for
people and says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from config.errors import Problem


class RecordsError(Exception):
    """Base of this room."""


class SetupRefused(RecordsError):
    """Nothing of the declaration was applied. ``problems`` lists everything found, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DiskTooFull(RecordsError):
    """The spool cannot promise to hold a sitting."""


class ImpossibleTime(RecordsError):
    """The time given for a start or an end cannot be true."""
