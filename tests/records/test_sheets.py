"""Files of rows from elsewhere: what is sound is read, and what would harm or mislead is refused with its place."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records import sheets
from records.errors import SheetRefused

HEADINGS = ("准考证号", "姓名")
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=8)
ROWS = st.lists(st.tuples(st.text("0123456789X", min_size=1, max_size=18), CELLS), max_size=6)


def book(*rows: tuple[Any, ...], **more: Any) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for cells in more.get("merge", ()):
        made.active.merge_cells(cells)
    for title, filling in more.get("beside", {}).items():
        made.create_sheet(title).append(filling)
    written = io.BytesIO()
    made.save(written)
    return written.getvalue()


def with_part(data: bytes, name: str, change: Any) -> bytes:
    """The package with one part put in another's place, or added."""
    written = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as old, ZipFile(written, "w", ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            new.writestr(part.filename, change(content) if part.filename == name else content)
        if name not in old.namelist():
            new.writestr(name, change(b""))
    return written.getvalue()


def refusal(data: bytes, sheet: str = "") -> str:
    with pytest.raises(SheetRefused) as refused:
        sheets.read(data, "名册", sheet)
    return str(refused.value)


SHEET = "xl/worksheets/sheet1.xml"


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_what_is_written_is_read_again_as_it_was(rows: list[tuple[str, str]]) -> None:
    for data in (sheets.as_workbook(HEADINGS, rows, "花名册"), sheets.as_text(HEADINGS, rows)):
        read = [row.cells for row in sheets.read(data, "f").rows]
        stripped = [tuple(cells) for cells in (HEADINGS, *rows)]
        assert [(*cells, "")[:2] for cells in read] == stripped


def test_text_that_looks_like_a_formula_is_written_as_text() -> None:
    data = sheets.as_workbook(HEADINGS, [("=1+1", "0012")], "x")
    assert sheets.read(data, "f").rows[1].cells == ("=1+1", "0012")
    assert sheets.read(data, "f").problems == ()


def test_days_and_numbers_of_a_workbook_become_the_text_that_they_show() -> None:
    at_midnight = datetime(2001, 5, 31)  # noqa: DTZ001 (workbooks know no zones)
    row = (at_midnight, date(2001, 5, 31), 1, 1.0, 2.5, True, " 甲 ", None)
    assert sheets.read(book(row), "f").rows[0].cells == (
        *("2001-05-31", "2001-05-31", "1", "1", "2.5", "TRUE", "甲"),
    )


def test_a_number_that_a_workbook_does_not_keep_whole_is_told_with_its_place() -> None:
    found = sheets.read(book(("a", "b"), ("x", 440203199001010011)), "f")
    assert [(row, column) for row, column, _ in found.problems] == [(2, 2)]
    assert "440203" not in found.problems[0][2]


def test_formulas_and_error_values_are_told_with_their_places() -> None:
    found = sheets.read(book(("a", "=1+1"), ("#DIV/0!", "b")), "f")
    assert [(row, column) for row, column, _ in found.problems] == [(1, 2), (2, 1)]


def test_merged_cells_are_known_though_the_sheet_is_read_in_a_stream() -> None:
    assert sheets.read(book(("a",), ("b",), ("c", "d"), merge=["A1:B1", "A2:A3"]), "f").merged == (
        *((1, 1, 2, 1), (1, 2, 1, 3)),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_is_read_in_the_encodings_that_spreadsheets_write(encoding: str) -> None:
    data = '准考证号,姓名\r\n001,"张,三"\r\n\r\n002,㐂\r\n'.encode(encoding)
    assert [(row.number, row.cells) for row in sheets.read(data, "f").rows] == [
        *((1, ("准考证号", "姓名")), (2, ("001", "张,三")), (4, ("002", "㐂"))),
    ]


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0", b"%PDF-1.7\x00\xff\xfe", b"\xff\xfea\0b\0", b"\xff\xff\xff", bytes(range(256))],
)
def test_what_is_neither_workbook_nor_text_is_refused(data: bytes) -> None:
    assert "neither XLSX nor CSV" in refusal(data)


def test_old_and_locked_workbooks_are_refused_and_told_apart_from_others() -> None:
    assert "save it as XLSX" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))


@pytest.mark.parametrize("cut", [10, 500, -30])
def test_a_workbook_that_is_cut_short_is_refused(cut: int) -> None:
    assert "no sound workbook" in refusal(book(("a",))[:cut])


def test_a_package_that_is_no_workbook_is_refused() -> None:
    written = io.BytesIO()
    with ZipFile(written, "w") as package:
        package.writestr("a.txt", "a")
    assert "no sound workbook" in refusal(written.getvalue())


def test_an_unclosed_quotation_is_refused_with_its_line() -> None:
    assert refusal(b'a,b\n"c,d\n').startswith("名册:")


def test_a_small_file_that_unpacks_to_a_large_one_is_refused_before_it_is_unpacked() -> None:
    bomb = with_part(book(("a",)), "xl/media/zeros.bin", lambda _: bytes(32 << 20))
    assert len(bomb) < 1 << 20
    assert "unpacks to" in refusal(bomb)


def test_a_package_that_lies_about_its_sizes_is_refused() -> None:
    whole = bytearray(with_part(book(("a",)), SHEET, lambda _: b" " * (2 << 20)))
    true = (2 << 20).to_bytes(4, "little")
    while (at := whole.find(true)) >= 0:
        whole[at : at + 4] = (1000).to_bytes(4, "little")
    assert "no sound workbook" in refusal(bytes(whole))


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>',
        b'<!doctype a SYSTEM "file:///etc/passwd">',
        b'<?xml version="1.0" encoding="cp037"?>',
        '<?xml version="1.0" encoding="utf-16"?>'.encode("utf-16"),
    ],
)
def test_parts_that_define_entities_or_hide_it_by_another_encoding_are_refused(head: bytes) -> None:
    for part in (SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        assert "defines entities or is not UTF-8" in refusal(with_part(book(("a",)), part, lambda old: head + old))


def test_a_cell_that_says_it_is_in_the_last_row_of_all_does_not_keep_anybody_busy() -> None:
    far = with_part(
        book(("a",)), SHEET, lambda old: old.replace(b'r="1"', b'r="999999999"').replace(b'"A1"', b'"A999999999"')
    )
    assert "has more than" in refusal(far)


def test_of_several_sheets_with_rows_one_has_to_be_named() -> None:
    data = book(("a",), beside={"名册": ("b",), "空": ()})
    assert "name one in the profile" in refusal(data)
    assert sheets.read(data, "f", "名册").rows[0].cells == ("b",)
    assert "has no sheet 别的" in refusal(data, "别的")
    assert sheets.read(book(("a",), beside={"空": ()}), "f").rows[0].cells == ("a",)


def test_too_large_a_file_and_too_long_a_cell_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sheets.read(("a,b\nc," + "长" * 1001).encode(), "f")
    assert [(row, column) for row, column, _ in found.problems] == [(2, 2)]
    monkeypatch.setattr(sheets, "MOST_BYTES", 10)
    assert "larger than" in refusal(b"a" * 11)
