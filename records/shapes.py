"""Shapes of files that are taken in: which fields a row has, under which headings, and how each is read.

The provincial system's own layout is not published, so headings are a *profile*: a YAML file that names, for a field,
the headings under which it may stand. A shape brings default ones in Chinese. Whatever is wrong is told with its row
and heading, never with what stands in the cell. Not here: how files are opened (``records.sheets``), and whether rows
fit together (``records.roster``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from config.documents import Document
from config.errors import DocumentRefused, Problem
from records.errors import SheetRefused
from records.sheets import Sheet

_LOOK_FOR_HEADINGS = 10  # rows: above the headings there may be a title and notes
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # full-width ones too are, for a spreadsheet in Chinese


def text(cell: str) -> str:
    """Words as they stand; none that a program for sheets would take for a formula. Raises ValueError."""
    if cell.startswith(_FORMULA):
        raise ValueError("不能以 = + - @ 开头 · must not begin with =, +, - or @")
    words = unicodedata.normalize("NFC", " ".join(cell.split()))  # 张　三 with a space of full width, too
    if not words.isprintable():
        raise ValueError("含不可见字符 · holds characters that are not shown")
    return words


@dataclass(frozen=True, slots=True)
class Field:
    """One column. ``parse`` makes a value of a cell that is not empty and raises ValueError with a sentence.

    Of a field that is ``wanted`` the column must be there and no cell may be empty; of others both may be, and the
    value is ``otherwise``.
    """

    id: str
    headings: tuple[str, ...]  # the first one is written
    parse: Callable[[str], Any] = text
    wanted: bool = False
    otherwise: Any = None


@dataclass(frozen=True, slots=True)
class Shape:
    """One sort of file. ``id`` is its part of a profile."""

    id: str
    title: str
    fields: tuple[Field, ...]

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(each.headings[0] for each in self.fields)


@dataclass(frozen=True, slots=True)
class Profile:
    """Headings by the id of a field, where they differ from those of the shape, and the name of the sheet."""

    sheet: str = ""
    headings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One row as values by field. ``row`` is its number in the file."""

    row: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a sheet says: lines, what is wrong, headings that nobody asked for, and the heading of each field."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    unread: tuple[str, ...]
    headings: Mapping[str, str]


def profile_of(document: Document, shape: Shape) -> Profile:
    """The part of a profile that is for a shape. Raises DocumentRefused."""
    parts = document.validated(_Profiles).root_of(shape.id)
    if parts is None:
        raise DocumentRefused([document.problem((), f"has no part for {shape.id}")])
    known = {each.id for each in shape.fields}
    strange = [
        document.problem((shape.id, "columns", name), f"is no field; there are {', '.join(sorted(known))}")
        for name in parts.columns
        if name not in known
    ]
    if strange:
        raise DocumentRefused(strange)
    return Profile(parts.sheet, dict(parts.columns))


def profile_text(shape: Shape) -> str:
    """The default profile of a shape as YAML, to be changed."""
    columns = {each.id: list(each.headings) for each in shape.fields}
    return yaml.safe_dump({shape.id: {"columns": columns}}, allow_unicode=True, sort_keys=False)


def lines_of(sheet: Sheet, shape: Shape, profile: Profile | None = None) -> Taken:
    """Read a sheet by a shape. Raises SheetRefused where no headings are found."""
    profile = profile or Profile()
    headings = {each.id: tuple(profile.headings.get(each.id, each.headings)) for each in shape.fields}
    at, columns = _columns(sheet, shape, headings)
    heading_row = sheet.rows[at]
    names = {each: heading_row.cells[place] for each, place in columns.items()}
    problems = [*_of_heading(sheet, heading_row.number, heading_row.cells, headings)]
    unreadable = {(row, column): sentence for row, column, sentence in sheet.problems}
    lines = []
    for row in sheet.rows[at + 1 :]:
        if not any(row.cells[place : place + 1] != ("",) and place < len(row.cells) for place in columns.values()):
            continue  # a number in front of nothing: the form was longer than the list
        values: dict[str, Any] = {}
        for each in shape.fields:
            place = columns.get(each.id)
            cell = row.cells[place] if place is not None and place < len(row.cells) else ""
            wrong = None if place is None else unreadable.get((row.number, place + 1))
            try:
                if wrong is not None:
                    raise ValueError(wrong)
                values[each.id] = _value(each, cell)
            except ValueError as error:
                problems.append(Problem(sheet.file, row.number, names.get(each.id, each.headings[0]), str(error)))
        if len(values) == len(shape.fields):
            lines.append(Line(row.number, values))
    if len(sheet.rows) == at + 1:
        problems.append(Problem(sheet.file, heading_row.number, "", "没有数据行 · has headings and no rows below"))
    read_columns = set(columns.values())
    unread = tuple(cell for place, cell in enumerate(heading_row.cells) if cell and place not in read_columns)
    return Taken(tuple(lines), tuple(problems), unread, names)


def _value(wanted: Field, cell: str) -> Any:
    if cell:
        return wanted.parse(cell)
    if wanted.wanted:
        raise ValueError("不能为空 · must not be empty")
    return wanted.otherwise


def _columns(sheet: Sheet, shape: Shape, headings: Mapping[str, tuple[str, ...]]) -> tuple[int, dict[str, int]]:
    """Which row has the headings, and the column of each field. Raises SheetRefused."""
    if not sheet.rows:
        raise SheetRefused([Problem(sheet.file, 1, "", "工作表为空 · is empty")])
    best: tuple[int, dict[str, int]] = (0, {})
    for at, row in enumerate(sheet.rows[:_LOOK_FOR_HEADINGS]):
        places = {_plain(cell): place for place, cell in reversed(list(enumerate(row.cells))) if cell}
        found = {
            each: next(places[_plain(name)] for name in names if _plain(name) in places)
            for each, names in headings.items()
            if any(_plain(name) in places for name in names)
        }
        if len(found) > len(best[1]):
            best = at, found
    missing = [each for each in shape.fields if each.wanted and each.id not in best[1]]
    if missing:
        number = sheet.rows[best[0]].number
        raise SheetRefused(
            [
                Problem(
                    sheet.file,
                    number,
                    " / ".join(headings[each.id]),
                    "缺少此列 · the column is missing; add it, or name its heading in a profile",
                )
                for each in missing
            ]
        )
    return best


def _of_heading(
    sheet: Sheet, row: int, cells: tuple[str, ...], headings: Mapping[str, tuple[str, ...]]
) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for place, cell in enumerate(cells, 1):
        if cell and _plain(cell) in seen:
            yield Problem(
                sheet.file, row, cell, f"列标题重复 · is there twice, in columns {seen[_plain(cell)]} and {place}"
            )
        seen[_plain(cell)] = place
    for each, names in headings.items():
        there = [name for name in names if _plain(name) in seen]
        if len(there) > 1:
            columns = " / ".join(there)
            yield Problem(sheet.file, row, columns, f"多列对应同一字段 · several columns for one field, {each}")
    for first_column, first_row, last_column, last_row in sheet.merged:
        if last_row >= row:
            cells_said = f"{first_row}:{first_column} - {last_row}:{last_column}"
            yield Problem(
                sheet.file,
                max(first_row, row),
                "",
                f"有合并单元格 · cells {cells_said} (row:column) are merged; split them",
            )


def _plain(heading: str) -> str:
    """A heading as it is compared: half-width, without spaces and the star of what must be filled in."""
    return "".join(unicodedata.normalize("NFKC", heading).split()).strip("*").casefold()


_STRICT = ConfigDict(extra="forbid", frozen=True)
_Heading = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = _STRICT
    sheet: Annotated[str, StringConstraints(max_length=31)] = ""
    columns: dict[str, Annotated[tuple[_Heading, ...], BeforeValidator(_as_list)]] = {}


class _Profiles(BaseModel):
    model_config = _STRICT
    roster: _Part | None = None
    certificates: _Part | None = None
    certificate_query: _Part | None = None
    claims: _Part | None = None

    def root_of(self, shape: str) -> _Part | None:
        found: _Part | None = getattr(self, shape, None)
        return found
