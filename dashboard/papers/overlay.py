"""The overlay 套打: what a printer puts on the province's blank forms, each text at its place in millimetres.

Only what differs from certificate to certificate is printed; frame, emblem and fixed words are on the form. Places
are a *layout* in YAML that the office measures on its forms, from the upper left corner to the line that the text
stands on. Not here: how it is drawn (``dashboard.papers.printing``, ``overlay.typ``), and who gets a certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.documents import Document, FieldPath
from config.errors import DocumentRefused
from records.certificate_files import Row

DEFAULT = Path(__file__).parent / "overlay.yaml"
"""Places by guess, for trying: not measured on any form."""

FIELDS = (
    *("number", "name", "gender", "document", "id_number", "project", "ability", "results", "form"),
    *("examined", "examined_year", "examined_month", "examined_day"),
    *("issued", "issued_year", "issued_month", "issued_day"),
)
"""What may be printed. There is no level (clause 三)."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a form, in mm."""

    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much everything is moved, in mm, to the right and down: printers feed paper differently."""

    x_mm: float = 0.0
    y_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one field is printed: ``y_mm`` is the line that the text stands on, ``width_mm`` the room it has."""

    field: str
    x_mm: float
    y_mm: float
    width_mm: float
    size_pt: float = 12.0
    align: Literal["left", "center", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Layout:
    """One sort of form. ``measured`` says that somebody measured the places on it."""

    id: str
    measured: bool
    page: Size
    shift: Shift
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Printed:
    """One text at its place."""

    slot: Slot
    text: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """Pages in the order in which forms lie in the printer. ``number`` and ``made`` are those of the file."""

    layout: Layout
    number: str
    made: datetime
    sheets: tuple[tuple[Printed, ...], ...]


def compose(layout: Layout, rows: Sequence[Row], number: str, made: datetime) -> Overlay:
    """A page for each certificate that stands, in the order of their forms; a text that is empty is not printed."""
    ordered = sorted((row for row in rows if row.stands), key=lambda row: (len(row.form), row.form))
    return Overlay(layout, number, made, tuple(tuple(_printed(layout, _texts(row))) for row in ordered))


def read(path: Path = DEFAULT) -> Layout:
    """The layout of a file. Raises DocumentRefused with file, line and field of everything that is wrong."""
    document = Document.read(path)
    told = document.validated(_Layout)
    if wrong := [document.problem(place, message) for place, message in _contradictions(told)]:
        raise DocumentRefused(wrong)
    return Layout(
        told.id,
        told.measured,
        Size(told.page.width_mm, told.page.height_mm),
        Shift(told.shift.x_mm, told.shift.y_mm),
        tuple(Slot(**each.model_dump()) for each in told.slots),
    )


def _printed(layout: Layout, texts: dict[str, str]) -> Iterator[Printed]:
    for slot in layout.slots:
        if texts[slot.field]:
            yield Printed(slot, texts[slot.field])


def _texts(row: Row) -> dict[str, str]:
    found = {
        "number": row.number,
        "name": row.name,
        "gender": row.gender.zh if row.gender else "",
        "document": row.document.zh,
        "id_number": row.id_number,
        "project": row.project,
        "ability": row.ability,
        "results": "　".join(f"{each.subject} {each.mark:f}" for each in row.results),
        "form": row.form,
    }
    return found | _dates("examined", row.examined) | _dates("issued", row.issued)


def _dates(name: str, day: date) -> dict[str, str]:
    """A day as a whole, and its parts for forms on which 年 月 日 are printed already."""
    parts = {"year": day.year, "month": day.month, "day": day.day}
    whole = {name: f"{day.year}年{day.month}月{day.day}日"}
    return whole | {f"{name}_{part}": str(value) for part, value in parts.items()}


_STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
_Place = Annotated[float, Field(ge=0, le=500)]
_Length = Annotated[float, Field(gt=0, le=500)]


class _Size(BaseModel):
    model_config = _STRICT
    width_mm: _Length
    height_mm: _Length


class _Shift(BaseModel):
    model_config = _STRICT
    x_mm: Annotated[float, Field(ge=-20, le=20)] = 0
    y_mm: Annotated[float, Field(ge=-20, le=20)] = 0


class _Slot(BaseModel):
    model_config = _STRICT
    field: str
    x_mm: _Place
    y_mm: _Place
    width_mm: _Length
    size_pt: Annotated[float, Field(ge=5, le=60)] = 12
    align: Literal["left", "center", "right"] = "left"


class _Layout(BaseModel):
    model_config = _STRICT
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    measured: bool
    page: _Size
    shift: _Shift = _Shift()
    slots: Annotated[tuple[_Slot, ...], Field(min_length=1)]


def _contradictions(told: _Layout) -> Iterator[tuple[FieldPath, str]]:
    """Fields that there are not, and places outside the form."""
    for index, slot in enumerate(told.slots):
        if slot.field not in FIELDS:
            yield ("slots", index, "field"), f"is not printed; there are {', '.join(FIELDS)}"
        if slot.x_mm + slot.width_mm > told.page.width_mm:
            yield ("slots", index, "width_mm"), f"ends beyond the form, which is {told.page.width_mm:g} mm wide"
        if slot.y_mm > told.page.height_mm:
            yield ("slots", index, "y_mm"), f"is below the form, which is {told.page.height_mm:g} mm high"
