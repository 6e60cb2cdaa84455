"""Shapes of files that are taken in: which fields a row has, under which headings, and how each is read.

The provincial system's own layout is not published, so headings are a *profile*: a YAML file that names, for a field,
the headings under which it may stand. A shape brings default ones in Chinese. Whatever is wrong is told with its row
and heading, never with what stands in the cell. Not here: how files are opened (``records.sheets``), and whether rows
fit together (``records.roster``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any, Protocol, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from config.documents import Document
from config.errors import DocumentRefused, Problem
from domain.calendar import SHANGHAI
from domain.roll import TICKET
from records.errors import SheetRefused
from records.sheets import Sheet

_NOWHERE = 1 << 30  # the place of a column that is not there
_LOOK_FOR_HEADINGS = 10  # rows: above the headings there may be a title and notes
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # full-width ones too are, for a spreadsheet in Chinese

_EARLIEST = date(1900, 1, 1)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_TIME = r"(\d{1,2})[:：](\d{2})(?:[:：](\d{2})(?:\.(\d{1,6}))?)?"
_INSTANT = re.compile(rf"{_DAY.pattern}[ T]{_TIME}", re.ASCII)
_SITTING = re.compile(r"[1-9]\d{0,2}", re.ASCII)
_YES_OR_NO = {"是": True, "否": False}


def text(cell: str) -> str:
    """Words as they stand; none that a program for sheets would take for a formula. Raises ValueError."""
    if cell.startswith(_FORMULA):
        raise ValueError("不能以 = + - @ 开头 · must not begin with =, +, - or @")
    words = unicodedata.normalize("NFC", " ".join(cell.split()))  # 张　三 with a space of full width, too
    if not words.isprintable():
        raise ValueError("含不可见字符 · holds characters that are not shown")
    return words


def ticket(cell: str) -> str:
    """An admission ticket 准考证号. Raises ValueError."""
    if not TICKET.fullmatch(cell):
        raise ValueError("只能用文字、数字、点和连字符，最多40字 · use letters, digits, points, hyphens; 40 at most")
    return cell


def day(cell: str) -> date:
    """A day like 2001-05-31, 2001/5/31 or 2001年5月31日. Raises ValueError."""
    match = _DAY.fullmatch(cell)
    try:
        found = date(*map(int, match.groups())) if match is not None else date.min
    except ValueError:
        found = date.min
    if found == date.min:
        raise ValueError("日期应写作 2001-05-31 · write a day like 2001-05-31")
    if found < _EARLIEST:
        raise ValueError("日期过早 · is too long ago")
    return found


def instant(cell: str) -> datetime:
    """A time of Shaoguan like 2026-05-01 10:20, seconds and parts of them where they are given, as an instant.

    Raises ValueError.
    """
    match = _INSTANT.fullmatch(cell)
    try:
        if match is None:
            raise ValueError
        year, month, date_, hour, minute, second = (int(each or 0) for each in match.groups()[:6])
        microsecond = int((match[7] or "").ljust(6, "0"))
        found = datetime(year, month, date_, hour, minute, second, microsecond, SHANGHAI)
    except ValueError:
        raise ValueError("时间应写作 2026-05-01 10:20 · write a time like 2026-05-01 10:20") from None
    return found.astimezone(UTC)


def instant_text(at: datetime | None) -> str:
    """What ``instant`` reads as that instant; "" for none."""
    if at is None:
        return ""
    local = at.astimezone(SHANGHAI)
    return local.strftime("%Y-%m-%d %H:%M:%S") + (f".{local.microsecond:06}" if local.microsecond else "")


def sitting_number(cell: str) -> int:
    """The number of a sitting 场次. Raises ValueError."""
    if not _SITTING.fullmatch(cell):
        raise ValueError("应为场次序号 · must be the number of a sitting, like 1")
    return int(cell)


def yes_or_no(cell: str) -> bool:
    """是 or 否. Raises ValueError."""
    if cell not in _YES_OR_NO:
        raise ValueError("应为是或否 · must be 是 or 否")
    return _YES_OR_NO[cell]


class Told(Protocol):
    """A word of a closed list, as it is kept and in Chinese."""

    @property
    def value(self) -> str: ...

    @property
    def zh(self) -> str: ...


Word = TypeVar("Word", bound=Told)


def words(every: Iterable[Word], also: Mapping[str, Word] | None = None) -> Callable[[str], Word]:
    """What reads one of some words, in Chinese or as it is kept. It raises ValueError for any other."""
    known = {each.zh: each for each in every} | {each.value: each for each in every} | dict(also or {})
    told = ", ".join(dict.fromkeys(each.zh for each in known.values()))

    def read(cell: str) -> Word:
        if cell not in known:
            raise ValueError(f"应为下列之一 · must be one of: {told}")
        return known[cell]

    return read


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

    @property
    def wanted(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.wanted)


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


def profiles_of(document: Document, *shapes: Shape) -> dict[str, Profile]:
    """The parts of a profile that are for these shapes, by their ids; one at least. Raises DocumentRefused."""
    parts = document.validated(_Profiles)
    there = [shape for shape in shapes if parts.root_of(shape.id) is not None]
    if not there:
        told = " or ".join(shape.id for shape in shapes)
        raise DocumentRefused([document.problem((), f"has no part for {told}")])
    return {shape.id: profile_of(document, shape) for shape in there}


def profile_text(*shapes: Shape) -> str:
    """The default profile of one or more shapes as YAML, to be changed."""
    parts = {shape.id: {"columns": {each.id: list(each.headings) for each in shape.fields}} for shape in shapes}
    return yaml.safe_dump(parts, allow_unicode=True, sort_keys=False)


def fits(sheet: Sheet, shape: Shape, profile: Profile | None = None) -> bool:
    """Whether a sheet has every column that a shape wants."""
    try:
        _columns(sheet, shape, _headings(shape, profile))
    except SheetRefused:
        return False
    return True


def _headings(shape: Shape, profile: Profile | None) -> dict[str, tuple[str, ...]]:
    told = {} if profile is None else profile.headings
    return {each.id: tuple(told.get(each.id, each.headings)) for each in shape.fields}


def lines_of(sheet: Sheet, shape: Shape, profile: Profile | None = None) -> Taken:
    """Read a sheet by a shape. Raises SheetRefused where no headings are found."""
    headings = _headings(shape, profile)
    at, columns = _columns(sheet, shape, headings)
    heading_row = sheet.rows[at]
    names = {each: heading_row.cells[place] for each, place in columns.items()}
    problems = [*_of_heading(sheet, heading_row.number, heading_row.cells, headings)]
    unreadable = {(row, column): sentence for row, column, sentence in sheet.problems}
    lines = []
    asked = [(each, columns.get(each.id, _NOWHERE)) for each in shape.fields]
    for row in sheet.rows[at + 1 :]:
        cells, count = row.cells, len(row.cells)
        if not any(cells[place] for place in columns.values() if place < count):
            continue  # a number in front of nothing: the form was longer than the list
        values: dict[str, Any] = {}
        for each, place in asked:
            try:
                if unreadable and (wrong := unreadable.get((row.number, place + 1))) is not None:
                    raise ValueError(wrong)
                values[each.id] = _value(each, cells[place] if place < count else "")
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
    examiners: _Part | None = None
    dispatches: _Part | None = None
    scores: _Part | None = None

    def root_of(self, shape: str) -> _Part | None:
        found: _Part | None = getattr(self, shape, None)
        return found
