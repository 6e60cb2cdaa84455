"""Prints a paper: as HTML for the screen, and as PDF to keep. The one door to typst, and to the fonts of papers.

The HTML is one file that fetches nothing and runs nothing. The PDF is PDF/A-2b (ISO 19005-2) with its fonts embedded
as far as they are used, and the same bytes whenever the same paper is printed. Texts reach both as data: HTML escapes
them, and typst gets them as JSON, so that nothing in a name is ever a command.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import segno
import typst
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.papers.form import Form
from dashboard.papers.labels import Labels
from dashboard.papers.overlay import Overlay
from dashboard.papers.sheet import Block, Cell, Facts, Grid, NotPrinted, Paper, Pictures
from dashboard.papers.words import Language, verdict

_HERE = Path(__file__).parent
_TEMPLATE = "sheet.html.j2"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def _style_digest() -> str:
    """SHA-256, base64, of the text between <style> and </style>, which no paper has a part in."""
    source = (_HERE / _TEMPLATE).read_text(encoding="utf-8")
    return b64encode(sha256(source.partition("<style>")[2].partition("</style>")[0].encode()).digest()).decode()


STYLE_DIGEST = _style_digest()
"""What a content security policy lets the styles of a paper in by (CSP3 2.3.1)."""


def as_html(paper: Paper) -> str:
    """One complete HTML document."""
    return _ENVIRONMENT.get_template(_TEMPLATE).render(
        paper=paper,
        blocks=[(type(block).__name__, block) for block in paper.blocks],
        cell=Cell.of,
        verdict=lambda which: verdict(which, paper.language),
        code=_code(paper.code),
        address=lambda jpeg: f"data:image/jpeg;base64,{b64encode(jpeg).decode()}",
    )


def as_pdf(paper: Paper) -> bytes:
    """A PDF/A-2b, A4, with page numbers. Raises NotPrinted."""
    return _compiled("sheet.typ", paper.number, _plain(paper), paper.made)


def form_as_pdf(form: Form) -> bytes:
    """A form as it is filled in on paper, in the same way. Raises NotPrinted."""
    rows = [{"kind": type(row).__name__} | asdict(row) for row in form.rows]
    data = {name: getattr(form, name) for name in ("title", "number", "digest")}
    return _compiled("form.typ", form.number, data | {"language": form.language.value, "rows": rows}, form.made)


def overlay_as_pdf(overlay: Overlay) -> bytes:
    """What is printed on blank forms, a page of the form's size for each, in the same way.

    Raises NotPrinted, also for a text that is wider than its place, as nothing is cut off, and for no form at all.
    """
    if not overlay.sheets:
        raise NotPrinted(
            f"overlay {overlay.number}: there is no certificate to print; those revoked are not 没有可打印的证书"
        )
    data: dict[str, Any] = {"page": asdict(overlay.layout.page), "shift": asdict(overlay.layout.shift)}
    data["sheets"] = [[asdict(each) for each in sheet] for sheet in overlay.sheets]
    return _compiled("overlay.typ", overlay.number, data, overlay.made)


def lettering(lines: Sequence[str], size_px: float, turned_deg: float) -> bytes:
    """Lines of text to be laid over pictures, as a PNG, white on black, each 1.5 times as high as its letters.

    Raises NotPrinted, also where the fonts have not each character.
    """
    data = {"lines": list(lines), "size": size_px, "turned": turned_deg}
    try:
        drawn, warnings = typst.compile_with_warnings(
            str(_HERE / "lettering.typ"),
            root=str(_HERE),
            font_paths=_fonts(),
            sys_inputs={"paper": json.dumps(data, ensure_ascii=False)},
            format="png",
            ppi=72.0,
        )
    except typst.TypstError as error:
        raise NotPrinted(f"lettering: {error.message}") from error
    if warnings or not isinstance(drawn, bytes):
        raise NotPrinted(f"lettering: {warnings[0].message if warnings else 'no single picture came out'}")
    return drawn


def labels_as_pdf(paper: Labels) -> bytes:
    """Labels for stations, a page for each, in the same way. Raises NotPrinted."""
    labels = [
        {"number": each.number, "place": each.place, "code": _drawing(each.number, "utf-8")} for each in paper.labels
    ]
    return _compiled("labels.typ", f"labels {paper.site}", {"site": paper.site, "labels": labels}, paper.made)


def _compiled(template: str, number: str, data: dict[str, Any], made: datetime) -> bytes:
    try:
        printed, warnings = typst.compile_with_warnings(
            str(_HERE / template),
            root=str(_HERE),
            font_paths=_fonts(),
            sys_inputs={"paper": json.dumps(data, ensure_ascii=False)},
            timestamp=int(made.timestamp()),
            pdf_standards="a-2b",
        )
    except typst.TypstError as error:
        raise NotPrinted(f"paper {number}: {error.message}") from error
    if warnings:
        raise NotPrinted(f"paper {number}: {warnings[0].message}")
    if not isinstance(printed, bytes):
        raise NotPrinted(f"paper {number}: no single file came out")
    return printed


@cache
def _fonts() -> typst.Fonts:
    """Those that come along and no other: what a host has installed must not change a paper."""
    folder = str(Path(pylopdf_fonts_zh_cn.__file__).parent)
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])


def _code(text: str, encoding: str | None = None) -> str:
    """A QR code as SVG; empty for no text. Without an encoding it is the smallest that holds the text."""
    if not text:
        return ""
    code = segno.make(text, error="m", micro=False, encoding=encoding)
    drawn: str = code.svg_inline(scale=2, border=0, dark="#000", omitsize=True, svgclass="code", lineclass=None)
    return drawn


def _drawing(text: str, encoding: str | None = None) -> str:
    """The same as a picture that stands alone."""
    return _code(text, encoding).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def _plain(paper: Paper) -> dict[str, Any]:
    """The paper as JSON values: each block with its kind, each cell as lines with what colours it."""
    return {
        "language": paper.language.value,
        "title": paper.title,
        "subtitle": paper.subtitle,
        "number": paper.number,
        "code": _drawing(paper.code),
        "code_label": paper.code_label,
        "blocks": [_block(block, paper.language) for block in paper.blocks],
    }


def _block(block: Block, language: Language) -> dict[str, Any]:
    kind = {"kind": type(block).__name__}
    match block:
        case Facts():
            rows = [[{"name": name, "cell": _cell(value, language)} for name, value in row] for row in block.rows]
            return kind | {"rows": rows}
        case Grid():
            columns = [asdict(column) | {"align": column.align.value} for column in block.columns]
            rows = [[_cell(value, language) for value in row] for row in block.rows]
            return kind | {"columns": columns, "rows": rows, "small": block.small}
        case Pictures():
            items = [{"caption": list(each.caption), "jpeg": list(each.jpeg)} for each in block.items]
            return kind | {"title": block.title, "colour": block.colour, "items": items}
    return kind | asdict(block)


def _cell(value: Cell | str, language: Language) -> dict[str, Any]:
    found = Cell.of(value)
    if found.verdict is not None:
        return {"lines": [verdict(found.verdict, language)], "verdict": found.verdict.value, "colour": ""}
    return {"lines": list(found.lines), "verdict": "", "colour": found.colour}
