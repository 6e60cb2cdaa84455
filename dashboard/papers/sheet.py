"""What a paper is made of, whatever it says: headings, tables, drawings, lines to sign on, in one order.

A paper is composed once and printed twice, for the screen and as a file to keep (``dashboard.papers.printing``); so
both say the same. Texts are finished words of one language; nothing in them is ever read as markup. Not here: what
any paper says (``dashboard.papers.report``).

    Exception
    └── NotPrinted   a paper cannot be printed, for instance since no font has a character of it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dashboard.papers.words import Language
from domain.law import Verdict


class NotPrinted(Exception):
    """A paper could not be printed; says why."""


class Align(StrEnum):
    """Where the text of a column stands."""

    LEFT = "left"
    RIGHT = "right"  # numbers


@dataclass(frozen=True, slots=True)
class Cell:
    """Lines of text, perhaps behind a patch of colour, or as a verdict looks."""

    lines: tuple[str, ...]
    verdict: Verdict | None = None
    colour: str = ""  # #rrggbb

    @classmethod
    def of(cls, value: Cell | str) -> Cell:
        """The same, or a text alone."""
        return value if isinstance(value, Cell) else cls((value,))


Text = Cell | str
"""What may stand in a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``wraps`` says that its texts may be broken into lines, and so take the room that is left."""

    title: str
    align: Align = Align.LEFT
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """Of a chapter (1) or of a section (2)."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are, two beside each other in a row or one that takes all of it."""

    rows: tuple[tuple[tuple[str, Text], ...], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose head is repeated on each page. ``small`` is for what few will read."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    small: bool = False


@dataclass(frozen=True, slots=True)
class Legend:
    """Colours and what they mean."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing of ours as SVG, of ``width`` x ``height`` units; ``label`` says what it is to who cannot see it."""

    svg: str
    width: float
    height: float
    label: str

    @classmethod
    def of(cls, svg: str, label: str) -> Drawing:
        """As large as its viewBox says. Raises ValueError for a drawing without one that begins at 0 0."""
        found = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
        if found is None:
            raise ValueError(f"{label}: a drawing without its size")
        return cls(svg, float(found[1]), float(found[2]), label)


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG with what stands under it; without one, the ``caption`` says so."""

    caption: tuple[str, ...]
    jpeg: bytes = b""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures beside each other that belong together, under one line behind a patch of colour."""

    title: str
    colour: str  # #rrggbb
    items: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence: what everybody must see (``loud``), what stands in small letters, or neither."""

    text: str
    loud: bool = False
    small: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """Numbered sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signatures:
    """Lines to sign on, each with who signs there."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewPage:
    """What comes next begins a page."""


Block = Heading | Facts | Grid | Legend | Drawing | Pictures | Remark | Steps | Signatures | NewPage


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper. ``number`` stands on each page; ``code`` is what a telephone reads from the first, or is empty.

    ``made`` is the instant that a printed file bears, so that the same paper is the same file.
    """

    language: Language
    title: str
    subtitle: str
    number: str
    made: datetime
    blocks: tuple[Block, ...]
    code: str = ""
    code_label: str = ""
