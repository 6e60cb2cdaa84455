"""The overlay on blank forms: each text at its place in millimetres, and nothing that is not on the certificate."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from config.errors import DocumentRefused
from dashboard.papers import overlay
from dashboard.papers.overlay import DEFAULT, FIELDS, Shift, Slot, compose, read
from dashboard.papers.printing import overlay_as_pdf
from dashboard.papers.sheet import NotPrinted
from domain.certificates import Result
from domain.roll import Document, Gender
from records.certificate_files import Row

NOON = datetime(2026, 6, 3, 4, tzinfo=UTC)
ROW = Row(
    "44022026000001",
    "T001",
    "欧阳测试",
    Document.RESIDENT_ID,
    "990099199001010017",
    Gender.MALE,
    "中式面点制作",
    "",
    (Result("理论", Decimal(80)), Result("实操", Decimal("76.50"))),
    date(2026, 5, 1),
    date(2026, 6, 3),
    "GD0002",
)
TEXT = DEFAULT.read_text(encoding="utf-8")


def texts(row: Row = ROW, slots: tuple[Slot, ...] | None = None) -> dict[str, str]:
    layout = read()
    all_fields = tuple(Slot(name, 10, 10 + place, 200) for place, name in enumerate(FIELDS))
    (sheet,) = compose(replace(layout, slots=slots or all_fields), [row], "b", NOON).sheets
    return {each.slot.field: each.text for each in sheet}


def opened(content: bytes) -> bytes:
    """A PDF with its streams unpacked, as far as they are packed."""
    parts = [content]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        with contextlib.suppress(zlib.error):
            parts.append(zlib.decompress(packed))
    return b"\n".join(parts)


def test_the_default_layout_says_that_nobody_measured_it() -> None:
    layout = read()
    assert not layout.measured
    assert "须由制证单位量定" in TEXT
    assert {each.field for each in layout.slots} <= set(FIELDS)


def test_there_is_a_text_for_every_field_and_no_level_among_them() -> None:
    found = texts()
    assert set(found) == set(FIELDS) - {"ability"}  # which is empty, and so not printed
    assert (found["issued"], found["issued_month"], found["examined_day"]) == ("2026年6月3日", "6", "1")
    assert found["results"] == "理论 80　实操 76.50"
    assert not [name for name in FIELDS if "level" in name]
    assert "gender" not in texts(replace(ROW, gender=None))


def test_forms_are_printed_in_the_order_of_their_serials_and_revoked_ones_are_not() -> None:
    rows = [ROW, replace(ROW, form="GD0001", name="李四"), replace(ROW, form="GD0003", stands=False)]
    found = compose(read(), rows, "b", NOON)
    assert [each[0].text for each in found.sheets] == ["李四", "欧阳测试"]


def test_the_same_certificates_are_the_same_file_on_pages_of_the_forms_size() -> None:
    found = compose(read(), [ROW, replace(ROW, form="GD0001")], "b", NOON)
    content = overlay_as_pdf(found)
    assert content.startswith(b"%PDF-")
    assert content == overlay_as_pdf(found)
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([0-9.]+) ([0-9.]+)\]", opened(content))
    assert {(round(float(x) / 72 * 25.4), round(float(y) / 72 * 25.4)) for x, y in boxes} == {(260, 185)}
    assert len(boxes) == 2


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="reads where words stand in a PDF")
def test_a_text_stands_where_the_layout_has_it(tmp_path: Path) -> None:
    slots = (
        Slot("name", 100, 50, 80),
        Slot("number", 100, 70, 80, align="right"),
        Slot("project", 100, 90, 80, align="center"),
    )
    layout = replace(read(), slots=slots, shift=Shift(2, -3))
    (tmp_path / "o.pdf").write_bytes(overlay_as_pdf(compose(layout, [ROW], "b", NOON)))
    done = subprocess.run(["pdftotext", "-bbox", "o.pdf", "-"], cwd=tmp_path, check=True, capture_output=True)
    found = {
        word: [float(each) / 72 * 25.4 for each in places]
        for *places, word in re.findall(
            r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.+?)</word>', done.stdout.decode()
        )
    }
    name, number, project = found[ROW.name], found[ROW.number], found[ROW.project]
    assert name[0] == pytest.approx(102, abs=0.2)
    assert name[1] < 47 < name[3]  # the line that it stands on
    assert number[2] == pytest.approx(182, abs=0.2)
    assert (project[0] + project[2]) / 2 == pytest.approx(142, abs=0.2)


def test_what_has_no_room_is_not_cut_off_and_no_certificate_is_no_paper() -> None:
    with pytest.raises(NotPrinted, match="name is wider than the 70"):
        overlay_as_pdf(compose(read(), [replace(ROW, name="长" * 30)], "b", NOON))
    with pytest.raises(NotPrinted, match="no certificate to print"):
        overlay_as_pdf(compose(read(), [replace(ROW, stands=False)], "b", NOON))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("field: name,", "field: level,"), "slots[0].field: is not printed"),
        (("width_mm: 70", "width_mm: 170"), "slots[0].width_mm: ends beyond the form, which is 260 mm wide"),
        (("y_mm: 62", "y_mm: 190"), "slots[0].y_mm: is below the form"),
        (("y_mm: 62", "y_mm: -1"), "slots[0].y_mm: input should be greater"),
        (("align: right", "align: middle"), "slots[5].align: input should be"),
        (("measured: false\n", ""), "measured: is required"),
        (("y_mm: 62", "y_mm: nan"), "slots[0].y_mm"),
    ],
)
def test_a_layout_that_cannot_be_is_refused_with_its_line(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    file = tmp_path / "l.yaml"
    file.write_text(TEXT.replace(*change, 1), encoding="utf-8")
    with pytest.raises(DocumentRefused) as refused:
        overlay.read(file)
    assert told in str(refused.value)
