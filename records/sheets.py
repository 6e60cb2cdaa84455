"""Sheets of a workbook (XLSX) or of comma-separated text, read as rows of text and written from them.

A file comes from elsewhere, so before anything of it is believed:

1. What it is, is told by its first bytes. Old workbooks (XLS) and those with a password are refused.
2. Of a workbook, number, size and compression of its parts are held to limits, and no part may define entities:
   neither a small file that unpacks to a large one nor one that expands itself gets further.
3. Then cells are read, in a stream. A formula, an error value, or a number of more places than a workbook keeps
   exactly (15) is told with its row and column, as are merged cells: none of them says what it seems to.

Text is UTF-8, with or without its mark, else GB18030. Not here: what the columns mean (``records.shapes``).
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from typing import Any, TypeVar
from zipfile import BadZipFile, ZipFile, ZipInfo

import openpyxl
from openpyxl.utils import get_column_letter, range_boundaries

from config.errors import Problem
from records.errors import SheetRefused

MOST_BYTES = 32 << 20
MOST_UNPACKED_BYTES = 256 << 20
MOST_TIMES_UNPACKED = 200
_SMALL_PART_BYTES = 1 << 20  # a part below this may be as empty as it likes
MOST_PARTS = 500
MOST_ROWS = 100_000
MOST_COLUMNS = 100
MOST_IN_A_CELL = 1000
_EXACT_PLACES = 15  # of a number in a workbook, which keeps doubles
_CHUNK = 1 << 20
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BROKEN = (
    *(
        ArithmeticError,
        AssertionError,
        AttributeError,
        BadZipFile,
        EOFError,
        LookupError,
        NotImplementedError,
        OSError,
    ),
    *(RuntimeError, SyntaxError, TypeError, ValueError, zlib.error),
)
"""What a broken package makes the library raise; of which each has been seen, or is raised where nothing checks."""
_NO_VALUES = {
    "f": "是公式，请粘贴为数值 · is a formula; paste its value",
    "e": "是错误值 · is an error value",
}
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=[\"']([A-Z0-9:$]{1,40})[\"']")
_ENCODING = re.compile(rb"[^<]{0,8}<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([^\"']*)[\"']")
_PLAIN_ENCODINGS = (b"utf-8", b"utf8", b"us-ascii", b"ascii")
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


Chosen = TypeVar("Chosen")
Merged = dict[str, list[tuple[int, int, int, int]]]
"""Merged ranges by the part of the workbook that they stand in."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty. ``number`` counts from 1, as programs for sheets count."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All rows of one sheet. ``merged`` are ranges as (first column, first row, last column, last row), from 1."""

    file: str
    rows: tuple[Row, ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    problems: tuple[tuple[int, int, str], ...] = ()  # row, column, sentence: of cells that cannot be read


def read(data: bytes, file: str, sheet: str = "") -> Sheet:
    """The sheet in a file's bytes; of a workbook the one of that name, else the only one that is not empty.

    Cells are text without spaces at their ends; days are ``2026-05-01``. Raises SheetRefused.
    """
    if len(data) > MOST_BYTES:
        raise refused(file, f"文件超过 {MOST_BYTES >> 20} MiB · the file is larger than {MOST_BYTES >> 20} MiB")
    if data.startswith(_ZIP):
        return _of_workbook(data, file, partial(_chosen, wanted=sheet))
    if data.startswith(_OLE):
        raise refused(
            file,
            "是旧版 XLS 或加密文件，请另存为 XLSX · an old or locked workbook; save it as XLSX, without password",
        )
    return _of_text(data, file)


def read_all(data: bytes, file: str) -> dict[str, Sheet]:
    """As ``read``, every sheet that is not empty, by its title; text has one, "". Raises SheetRefused."""
    if data.startswith(_ZIP) and len(data) <= MOST_BYTES:
        return _of_workbook(data, file, _filled)
    found = read(data, file)
    return {"": found} if found.rows or found.problems else {}


@dataclass(frozen=True, slots=True)
class Table:
    """What is written as one sheet: its title, its headings and its rows, all of text."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def as_workbook(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str) -> bytes:
    """An XLSX file with a heading, every cell as text, so that no program makes a number or a formula of one."""
    return as_book([Table(title, headings, tuple(rows))])


def as_book(tables: Iterable[Table]) -> bytes:
    """An XLSX file of several sheets, each as ``as_workbook`` writes one."""
    book = openpyxl.Workbook(write_only=True)
    for table in tables:
        sheet = book.create_sheet(table.title)
        sheet.freeze_panes = "A2"
        for place, heading in enumerate(table.headings, 1):
            sheet.column_dimensions[get_column_letter(place)].width = max(12, 2 * len(heading) + 2)
        for each in (table.headings, *table.rows):
            sheet.append([_cell(sheet, text) for text in each])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _cell(sheet: Any, text: str) -> Any:
    cell = openpyxl.cell.WriteOnlyCell(sheet, None)
    cell.number_format = "@"
    cell.value, cell.data_type = text or None, "s" if text else "n"
    return cell


def as_text(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV file (RFC 4180) in UTF-8 with its mark, without which spreadsheets take it for another encoding."""
    written = io.StringIO()
    csv.writer(written).writerows([headings, *rows])
    return written.getvalue().encode("utf-8-sig")


def refused(file: str, sentence: str, row: int = 1, column: str = "") -> SheetRefused:
    """One problem as an error."""
    return SheetRefused([Problem(file, row, column, sentence)])


def _of_text(data: bytes, file: str) -> Sheet:
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(_decoded(data, file), newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Row(start, tuple(cell.strip() for cell in cells)))
            start = reader.line_num + 1
            _refuse_too_many(file, len(rows))
    except csv.Error as error:
        raise refused(file, f"不是规范的 CSV · is not CSV: {error}", max(1, reader.line_num)) from None
    return Sheet(file, tuple(rows), problems=tuple(_too_long(rows)))


def _decoded(data: bytes, file: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not re.search(r"[\0-\x08\x0b\x0c\x0e-\x1f]", text):
            return text
    raise refused(
        file,
        "既不是 XLSX，也不是 UTF-8 或 GB18030 的 CSV · is neither XLSX nor CSV in UTF-8 or GB18030; "
        "save it as one of them",
    )


def _of_workbook(data: bytes, file: str, choose: Callable[[Any, str, Merged], Chosen]) -> Chosen:
    try:
        with ZipFile(io.BytesIO(data)) as package:
            merged = _inspected(package, file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validations, which are not read
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            try:
                return choose(book, file, merged)
            finally:
                book.close()
    except SheetRefused:
        raise
    except _BROKEN as error:
        raise refused(
            file, f"XLSX 已损坏 · is no sound workbook ({type(error).__name__}); open it, save it anew"
        ) from None


def _inspected(package: ZipFile, file: str) -> Merged:
    """The merged ranges of each part. Raises SheetRefused for what must not be unpacked, BadZipFile."""
    parts = package.infolist()
    total = sum(part.file_size for part in parts)
    bomb = len(parts) > MOST_PARTS or total > MOST_UNPACKED_BYTES or any(_swells(part) for part in parts)
    if bomb:
        raise refused(
            file,
            f"解压后过大 · unpacks to {total} bytes in {len(parts)} parts; limits are {MOST_UNPACKED_BYTES} bytes, "
            f"{MOST_PARTS} parts and {MOST_TIMES_UNPACKED} times its size; save only the rows in a new file",
        )
    if any(part.flag_bits & 1 for part in parts):
        raise refused(file, "文件已加密 · is locked with a password; save it without")
    return {
        part.filename: _merged(package, part, file) for part in parts if part.filename.endswith((".xml", ".rels"))
    }


def _swells(part: ZipInfo) -> bool:
    return part.file_size > max(_SMALL_PART_BYTES, MOST_TIMES_UNPACKED * part.compress_size)


def _merged(package: ZipFile, part: ZipInfo, file: str) -> list[tuple[int, int, int, int]]:
    found: set[bytes] = set()
    tail = b""
    with package.open(part) as opened:  # raises BadZipFile where it unpacks to more than it says
        while piece := opened.read(_CHUNK):
            window = tail + piece
            # In another encoding a definition would not be seen here, and the parser would follow it all the same.
            other = None if tail else _ENCODING.match(piece)
            if _DECLARES.search(window) or b"\0" in piece or (other and other[1].lower() not in _PLAIN_ENCODINGS):
                raise refused(
                    file, f"{part.filename} 含实体定义 · defines entities or is not UTF-8; no spreadsheet writes that"
                )
            found.update(_MERGED.findall(window))
            tail = window[-200:]
    return [tuple(range_boundaries(each.decode())) for each in sorted(found)]


def _chosen(book: Any, file: str, merged: Merged, wanted: str) -> Sheet:
    if wanted and wanted not in [each.title for each in book.worksheets]:
        raise refused(file, f"没有工作表 · has no sheet {wanted}; it has {', '.join(book.sheetnames)}")
    found = _filled(book, file, merged, wanted)
    if len(found) > 1:
        names = ", ".join(found)
        raise refused(
            file, f"有多个非空工作表 · has several sheets with rows: {names}; name one in the profile (sheet:)"
        )
    return next(iter(found.values()), Sheet(file, ()))


def _filled(book: Any, file: str, merged: Merged, wanted: str = "") -> dict[str, Sheet]:
    """The sheets that are not empty, by title, or the one of that title."""
    found = {}
    for each in book.worksheets:
        rows, problems = _cells(each, file) if wanted in {"", each.title} else ([], [])
        if rows or problems:
            ranges = merged.get(each._worksheet_path.lstrip("/"), [])
            found[str(each.title)] = Sheet(file, tuple(rows), tuple(ranges), tuple(problems))
    return found


def _cells(sheet: Any, file: str) -> tuple[list[Row], list[tuple[int, int, str]]]:
    rows: list[Row] = []
    problems: list[tuple[int, int, str]] = []
    sheet.reset_dimensions()  # what a file says of its size is not to be believed
    number = 0
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        _refuse_too_many(file, number)
        texts = []
        for place, cell in enumerate(cells, 1):
            value = cell.value
            if value is None:
                texts.append("")
                continue
            text, problem = _text(value, cell.data_type)
            texts.append(text)
            if problem:
                problems.append((number, place, problem))
        while texts and not texts[-1]:
            texts.pop()
        if any(texts):
            rows.append(Row(number, tuple(texts)))
    return rows, [*problems, *_too_long(rows)]


def _text(value: object, kind: str) -> tuple[str, str]:
    """A cell as text, and what is wrong with it."""
    if kind in _NO_VALUES:
        return "#", _NO_VALUES[kind]
    match value:
        case bool():
            return str(value).upper(), ""
        case int() | float():
            return _number(value)
        case datetime():
            return _day(value), ""
        case date():
            return value.isoformat(), ""
        case _:
            return str(value).strip(), ""


def _day(value: datetime) -> str:
    return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")


def _number(value: int | float) -> tuple[str, str]:
    if abs(value) >= 10**_EXACT_PLACES:
        return "#", (
            "是超过15位的数值，末位已失真，请设为文本重新录入 · a number of more than 15 places, whose last ones "
            "a workbook does not keep; type it as text"
        )
    return (str(int(value)) if value == int(value) else repr(value)), ""


def _too_long(rows: Iterable[Row]) -> Iterator[tuple[int, int, str]]:
    for row in rows:
        for place, cell in enumerate(row.cells, 1):
            if len(cell) > MOST_IN_A_CELL:
                yield row.number, place, f"超过 {MOST_IN_A_CELL} 字 · is longer than {MOST_IN_A_CELL} characters"


def _refuse_too_many(file: str, number: int) -> None:
    if number > MOST_ROWS:
        raise refused(file, f"超过 {MOST_ROWS} 行 · has more than {MOST_ROWS} rows; split it", number)
