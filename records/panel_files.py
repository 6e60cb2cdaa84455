"""Examiners 考评员 and dispatches 派遣 as spreadsheets: taken in beside the YAML of ``records.panels``, and written.

One sheet has a row for each qualification, grant or badge of an examiner; the other a row for each member of a
dispatch. Which sheet is which is told by the profile, else by its headings; a file may have one of them or both. It
is taken in as a whole or refused as a whole, with row and heading of everything that is wrong; the same file again
changes nothing. Of an examiner or a dispatch that it names, it says all. Examiners are called by ids, never by name.
Not here: what a panel means under the notice (``records.panel_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from config.errors import Problem
from domain.panels import Badge, Dispatch, Examiner, Grant, Member, Qualification
from domain.people import Actor
from records import panels, shapes, sheets
from records.errors import ExportRefused, SheetRefused
from records.panels import DISPATCHES, EXAMINERS, Imported
from records.shapes import Field, Line, Profile, Shape, Taken, lines_of
from records.sheets import Sheet, Table
from storage.database import Database

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_LONGEST = 200


class Sort(StrEnum):
    """What one row says of an examiner; NOTHING is for somebody of whom there is nothing to say yet."""

    QUALIFICATION = "qualification"
    GRANT = "grant"
    BADGE = "badge"
    NOTHING = "nothing"

    @property
    def zh(self) -> str:
        return {"qualification": "考评资格", "grant": "临时派遣", "badge": "证卡", "nothing": "无"}[self.value]


_TERM = ("number", "valid_from", "valid_until")
_WANTED = {
    Sort.QUALIFICATION: ("project", *_TERM),
    Sort.GRANT: ("project", "trade", "granted"),
    Sort.BADGE: _TERM,
    Sort.NOTHING: (),
}
_MAY = {Sort.GRANT: ("reason",)}


def _id(cell: str) -> str:
    if not _ID.fullmatch(cell):
        raise ValueError(
            "应为编号，只用字母、数字、点、连字符和下划线 · "
            "must be an id of letters, digits, points, hyphens and low lines, never a name"
        )
    return cell


def _short(cell: str) -> str:
    found = shapes.text(cell)
    if len(found) > _LONGEST:
        raise ValueError(f"超过 {_LONGEST} 字 · is longer than {_LONGEST} characters")
    return found


EXAMINER_SHEET = Shape(
    "examiners",
    "考评员",
    (
        Field("examiner", ("考评员编号", "考评员"), _id, wanted=True),
        Field("sort", ("类型",), shapes.words(Sort), wanted=True),
        Field("project", ("考核项目", "项目"), _short),
        Field("number", ("证书或证卡编号", "编号"), _short),
        Field("valid_from", ("有效期起",), shapes.day),
        Field("valid_until", ("有效期止",), shapes.day),
        Field("trade", ("职业（工种）", "职业工种"), _short),
        Field("granted", ("批准日期",), shapes.day),
        Field("reason", ("原因",), _short),
    ),
)
"""One row: a qualification 考评资格, a grant 临时派遣 or a badge 证卡 of one examiner."""

DISPATCH_SHEET = Shape(
    "dispatches",
    "派遣",
    (
        Field("batch", ("批次",), _id, wanted=True),
        Field("sitting", ("场次",), shapes.sitting_number, wanted=True),
        Field("by_centre", ("市中心派遣",), shapes.yes_or_no, wanted=True),
        Field("examiner", ("考评员编号", "考评员"), _id, wanted=True),
        Field("leader", ("组长", "考评组长"), shapes.yes_or_no, otherwise=False),
        Field("chosen_by_site", ("考场自选",), shapes.yes_or_no, otherwise=False),
    ),
)
"""One row: one member of the panel that was sent to one sitting."""

SHAPES = (EXAMINER_SHEET, DISPATCH_SHEET)


def take_in(
    database: Database,
    data: bytes,
    file: str,
    *,
    actor: Actor,
    now: datetime,
    profiles: Mapping[str, Profile] | None = None,
    sees: Callable[[str], bool] = lambda _: True,
) -> Imported:
    """Take in examiners and dispatches, as one act. ``profiles`` are by the id of their shape. A batch that whoever
    enters it does not see is as one that is not there.

    Raises SheetRefused, RevisedMeanwhile, DatabaseUnavailable.
    """
    reading = _read(data, file, profiles or {})
    known = {each.key for each in database.register.standing(EXAMINERS)} | set(reading.examiners)
    sittings = panels.seen_sittings(database, sees)
    for place, lines in reading.dispatches.items():
        for line in lines:
            if place not in sittings:
                reading.say(
                    DISPATCH_SHEET, line, "sitting", "没有此批次或场次 · there is no such sitting of that batch"
                )
            if line.values["examiner"] not in known:
                reading.say(
                    DISPATCH_SHEET,
                    line,
                    "examiner",
                    "考评员未登记 · is not on record; add a row of them to the examiners",
                )
    reading.finish()
    found = reading.found()
    done = panels.enter(
        database,
        file.rpartition("/")[2],
        found[0],
        [(each, sittings[each.batch, each.sitting].site.id) for each in found[1]],
        who=(actor, now),
    )
    return replace(done, unread=reading.unread)


def tables(database: Database, batch: str | None = None) -> tuple[Table, Table]:
    """All examiners on record, and all dispatches, or those of a batch, as sheets. Raises DatabaseUnavailable."""
    register = database.register
    examiners = [each.thing for each in register.standing(EXAMINERS)]
    dispatches = [each.thing for each in register.standing(DISPATCHES, batch=batch)]
    return _as_tables(examiners, dispatches)


def _as_tables(examiners: Sequence[Examiner], dispatches: Sequence[Dispatch]) -> tuple[Table, Table]:
    return (
        Table(
            EXAMINER_SHEET.title, EXAMINER_SHEET.headings, [row for each in examiners for row in _of_examiner(each)]
        ),
        Table(DISPATCH_SHEET.title, DISPATCH_SHEET.headings, [row for each in dispatches for row in _of_order(each)]),
    )


def written(chosen: Sequence[Table], file: str) -> bytes:
    """The sheets as XLSX, or the one that there is as CSV where the name ends so.

    It is read back first. Raises ExportRefused where it would be read otherwise than it was written.
    """
    as_text = file.lower().endswith(".csv")
    content = sheets.as_text(chosen[0].headings, chosen[0].rows) if as_text else sheets.as_book(chosen)
    filled = [each for each in chosen if each.rows]
    if filled:
        try:
            again = _read(content, file, {})
            again.finish()
            told = [table for table in _as_tables(*again.found()) if table.rows]
        except SheetRefused:
            told = []
        if [(each.title, each.rows) for each in told] != [(each.title, each.rows) for each in filled]:
            raise ExportRefused("it would be read otherwise than it was written; nothing is given away 无法导出")
    return content


def _of_examiner(each: Examiner) -> Iterator[tuple[str, ...]]:
    for held in each.qualifications:
        yield _row(each.id, Sort.QUALIFICATION, held)
    for grant in each.grants:
        yield _row(each.id, Sort.GRANT, grant)
    for badge in each.badges:
        yield _row(each.id, Sort.BADGE, badge)
    if not (each.qualifications or each.grants or each.badges):
        yield _row(each.id, Sort.NOTHING, None)


def _row(id_: str, sort: Sort, thing: Any) -> tuple[str, ...]:
    fields = [each.id for each in EXAMINER_SHEET.fields[2:]]
    values = [getattr(thing, name, "") for name in fields]
    return (id_, sort.zh, *(each.isoformat() if isinstance(each, date) else each for each in values))


def _of_order(order: Dispatch) -> Iterator[tuple[str, ...]]:
    said = {True: "是", False: "否"}
    for each in order.members:
        marks = (said[each.leader], said[each.chosen_by_site])
        yield (order.batch, str(order.sitting), said[order.by_centre], each.examiner, *marks)


# --- Reading a file -------------------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """The rows of a file by whom or what they are of, and what is wrong with them."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    examiners: dict[str, list[Line]] = field(default_factory=dict)
    dispatches: dict[tuple[str, int], list[Line]] = field(default_factory=dict)
    headings: dict[str, Mapping[str, str]] = field(default_factory=dict)  # by shape
    unread: tuple[str, ...] = ()

    def say(self, shape: Shape, line: Line, column: str, sentence: str) -> None:
        fallback = next(each.headings[0] for each in shape.fields if each.id == column)
        heading = self.headings.get(shape.id, {}).get(column, fallback)
        self.problems.append(Problem(self.file, line.row, heading, sentence))

    def finish(self) -> None:
        """Raises SheetRefused for all of it."""
        if self.problems:
            raise SheetRefused(self.problems)

    def found(self) -> tuple[list[Examiner], list[Dispatch]]:
        """What the rows say, once nothing is wrong with them."""
        examiners = [
            Examiner(
                id_,
                tuple(Qualification(**_given(line)) for line in lines if line.values["sort"] is Sort.QUALIFICATION),
                tuple(Grant(**_given(line)) for line in lines if line.values["sort"] is Sort.GRANT),
                tuple(Badge(**_given(line)) for line in lines if line.values["sort"] is Sort.BADGE),
            )
            for id_, lines in self.examiners.items()
        ]
        orders = [
            Dispatch(*place, tuple(_member(line) for line in lines), lines[0].values["by_centre"])
            for place, lines in self.dispatches.items()
        ]
        return examiners, orders


def _read(data: bytes, file: str, profiles: Mapping[str, Profile]) -> _Reading:
    """Raises SheetRefused for a file without either sheet."""
    reading = _Reading(file)
    chosen, beside = _sheets(sheets.read_all(data, file), file, profiles)
    unread = [*beside]
    checks: dict[str, Callable[[_Reading, Taken], None]] = {
        EXAMINER_SHEET.id: _take_examiners,
        DISPATCH_SHEET.id: _take_dispatches,
    }
    for shape in SHAPES:
        if shape.id in chosen:
            taken = lines_of(chosen[shape.id], shape, profiles.get(shape.id))
            reading.headings[shape.id] = taken.headings
            reading.problems += taken.problems
            unread += taken.unread
            checks[shape.id](reading, taken)
    reading.unread = tuple(unread)
    return reading


def _sheets(
    there: Mapping[str, Sheet], file: str, profiles: Mapping[str, Profile]
) -> tuple[dict[str, Sheet], list[str]]:
    """The sheet of each shape, by the shape's id, and the titles of those that are neither. Raises SheetRefused."""
    chosen: dict[str, str] = {}
    named = {shape.id: profiles[shape.id].sheet for shape in SHAPES if shape.id in profiles and "" not in there}
    for shape in SHAPES:
        title = named.get(shape.id, "")
        if title and title not in there:
            raise sheets.refused(
                file, f"没有工作表，或其为空 · has no sheet {title}, or an empty one; it has {', '.join(there)}"
            )
        others = set(named.values()) - {title}
        fitting = [each for each in there if shapes.fits(there[each], shape, profiles.get(shape.id))]
        fitting = [title] if title else [each for each in fitting if each not in others]
        if len(fitting) > 1:
            told = ", ".join(fitting)
            raise sheets.refused(
                file, f"有多个可用的工作表 · several sheets fit {shape.id}: {told}; name one in the profile"
            )
        if fitting:
            chosen[shape.id] = fitting[0]
    if not chosen:
        told = "; ".join(f"{shape.id}: {', '.join(each.headings[0] for each in shape.wanted)}" for shape in SHAPES)
        raise sheets.refused(file, f"没有考评员或派遣所需的列 · has the columns of neither ({told})")
    return (
        {shape: there[title] for shape, title in chosen.items()},
        [each for each in there if each not in chosen.values()],
    )


def _take_examiners(reading: _Reading, taken: Taken) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    for line in taken.lines:
        lines = reading.examiners.setdefault(line.values["examiner"], [])
        for column, sentence in _of_row(line, seen, alone=not lines):
            reading.say(EXAMINER_SHEET, line, column, sentence)
        if lines and lines[0].values["sort"] is Sort.NOTHING:
            sentence = f"第 {lines[0].row} 行已写明无 · row {lines[0].row} says that there is nothing"
            reading.say(EXAMINER_SHEET, line, "sort", sentence)
        lines.append(line)


def _of_row(line: Line, seen: dict[tuple[Any, ...], int], *, alone: bool) -> Iterator[tuple[str, str]]:
    told, sort = line.values, line.values["sort"]
    for each in EXAMINER_SHEET.fields[2:]:
        given = told[each.id] is not None
        if each.id in _WANTED[sort] and not given:
            yield each.id, f"{sort.zh}须填写此项 · must not be empty for a {sort.value}"
        elif given and each.id not in (*_WANTED[sort], *_MAY.get(sort, ())):
            yield each.id, f"{sort.zh}没有此项 · does not belong to a {sort.value}"
    if None not in (told["valid_from"], told["valid_until"]) and told["valid_until"] < told["valid_from"]:
        yield "valid_until", "早于有效期起 · lies before the first day"
    if sort is Sort.NOTHING and not alone:
        yield "sort", "该考评员另有记录 · other rows of that examiner say something"
    first = seen.setdefault(tuple(told.values()), line.row)
    if first != line.row:
        yield "examiner", f"与第 {first} 行重复 · says the same as row {first}"


def _take_dispatches(reading: _Reading, taken: Taken) -> None:
    for line in taken.lines:
        told = line.values
        lines = reading.dispatches.setdefault((told["batch"], told["sitting"]), [])
        before = next((each for each in lines if each.values["examiner"] == told["examiner"]), None)
        if before is not None:
            sentence = f"与第 {before.row} 行重复 · the same examiner and sitting as in row {before.row}"
            reading.say(DISPATCH_SHEET, line, "examiner", sentence)
        if lines and lines[0].values["by_centre"] != told["by_centre"]:
            sentence = f"与第 {lines[0].row} 行不一致 · row {lines[0].row} of the same order says otherwise"
            reading.say(DISPATCH_SHEET, line, "by_centre", sentence)
        lines.append(line)


def _given(line: Line) -> dict[str, Any]:
    fields = (*_WANTED[line.values["sort"]], *_MAY.get(line.values["sort"], ()))
    return {each: line.values[each] for each in fields if line.values[each] is not None}


def _member(line: Line) -> Member:
    return Member(line.values["examiner"], line.values["leader"], line.values["chosen_by_site"])
