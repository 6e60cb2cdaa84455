"""Numbers of certificates by a pattern that a rule pack names: which fields, in which order, how many places.

A pattern is text with fields in braces: ``{area}{year}{sequence:06d}``. Every field has a fixed number of places, so
a number can be read in one way only, and two numbers are equal only where all their fields are. The sequence counts
from 1 within a *scope*, which is the rest of the number. No meaning is ever derived from a number; the structure of
the province's own was found nowhere. Not here: which number comes next (``records.certificates``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from string import Formatter

LONGEST = 40
_CODE = re.compile(r"[A-Z0-9]{1,12}", re.ASCII)
_LITERAL = re.compile(r"[A-Z0-9-]*", re.ASCII)
_SEQUENCE = re.compile(r"0([2-9]|1[0-2])d", re.ASCII)
_OF_DAY: Mapping[str, Callable[[date], str]] = {
    "year": lambda day: f"{day.year:04}",
    "yy": lambda day: f"{day.year % 100:02}",
    "month": lambda day: f"{day.month:02}",
}
FIELDS = ("area", *_OF_DAY, "project", "sequence")


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """A pattern that gives no number twice. ``parts`` are pairs of what stands there and the field that follows it,
    "" for none; ``places`` are those of the sequence; ``projects`` has a code for each project.
    """

    text: str
    area: str
    places: int
    parts: tuple[tuple[str, str], ...]
    projects: Mapping[str, str] = field(default_factory=dict, hash=False)

    def number(self, day: date, project: str, sequence: int) -> str:
        """The number of a certificate that is issued on that day.

        Raises ValueError for a sequence that has more places than the pattern, or a project without a code.
        """
        if not 1 <= sequence < 10**self.places:
            raise ValueError(
                f"the pattern {self.text} counts from 1 to {10**self.places - 1}, and {sequence} is next"
            )
        return self._written(day, project, f"{sequence:0{self.places}}")

    def scope(self, day: date, project: str) -> str:
        """Within what the sequence counts: the number with its sequence as ``#``. Raises ValueError as above."""
        return self._written(day, project, "#" * self.places)

    def _written(self, day: date, project: str, sequence: str) -> str:
        return "".join(literal + self._value(name, day, project, sequence) for literal, name in self.parts)

    def _value(self, name: str, day: date, project: str, sequence: str) -> str:
        if name in _OF_DAY:
            return _OF_DAY[name](day)
        if name == "project":
            if project not in self.projects:
                raise ValueError(f"the project {project} has no code in the rule pack (certificate_number: projects)")
            return self.projects[project]
        return {"area": self.area, "sequence": sequence, "": ""}[name]


def read(text: str, area: str = "", projects: Mapping[str, str] | None = None) -> NumberPattern:
    """The pattern of a text. Raises ValueError with what is wrong, for one that could give a number twice, too."""
    projects = dict(projects or {})
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as error:
        raise ValueError(f"is no pattern: {error}") from None
    parts, places = [], []
    for literal, name, spec, conversion in parsed:
        if not _LITERAL.fullmatch(literal):
            raise ValueError("may have capital letters, digits and hyphens between its fields")
        if name is not None and (name not in FIELDS or conversion):
            raise ValueError(f"has no field {name or '{}'}; there are {', '.join(FIELDS)}")
        if name == "sequence":
            match = _SEQUENCE.fullmatch(spec or "")
            if match is None:
                raise ValueError("needs a fixed number of places, 2 to 12, like {sequence:06d}; else numbers repeat")
            places.append(int(match[1]))
        elif spec:
            raise ValueError(f"says how {name} is written; only the sequence has that")
        parts.append((literal, name or ""))
    if len(places) != 1:
        raise ValueError("needs {sequence:06d} exactly once; without it the same number comes twice")
    names = {name for _, name in parts}
    _check_codes(names, area, projects)
    found = NumberPattern(text, area, places[0], tuple(parts), projects)
    example = found.number(date(2026, 1, 1), next(iter(projects), ""), 1)
    if len(example) > LONGEST:
        raise ValueError(f"gives numbers of {len(example)} places; {LONGEST} are the most")
    return found


def _check_codes(names: set[str], area: str, projects: Mapping[str, str]) -> None:
    """Raises ValueError."""
    if "area" in names and not _CODE.fullmatch(area):
        raise ValueError("needs an area of 1 to 12 capital letters or digits")
    if "project" not in names:
        return
    codes = list(projects.values())
    if not codes:
        raise ValueError("names the project, and no project has a code (projects)")
    if any(not _CODE.fullmatch(code) for code in codes) or len({len(code) for code in codes}) > 1:
        raise ValueError(
            "needs codes of projects that have equally many capital letters or digits; else numbers repeat"
        )
    if len(set(codes)) < len(codes):
        raise ValueError("needs another code for each project")
