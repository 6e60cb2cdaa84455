"""试卷: the parcels of exam papers of a batch, from their printing to where they are filed (clause 六(四)).

Each parcel goes through eight stages: it is printed by the centre, fetched, carried, kept, opened in view of all (a
mark of its sitting, ``domain.phases``), its papers are collected, sealed and filed. Every stage but the first and
the opening is a hand-over between two who sign. A subject that a machine examines has a package in place of
parcels. Not here: what may be entered (``records.exam_papers``) and whether a chain holds (``records.day_rules``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.register import Kind

PARCEL = re.compile(r"\w[\w.-]{0,39}")
"""What the number on a parcel may look like: letters of any script, digits, points, hyphens."""
SHA256 = re.compile(r"[0-9a-f]{64}")


class Stage(StrEnum):
    """环节 of a parcel's way, in their order."""

    PRINTED = "printed"
    FETCHED = "fetched"
    CARRIED = "carried"
    KEPT = "kept"
    OPENED = "opened"
    COLLECTED = "collected"
    SEALED = "sealed"
    FILED = "filed"

    @property
    def zh(self) -> str:
        return _STAGES[self]


_STAGES = {
    Stage.PRINTED: "印制",
    Stage.FETCHED: "领取",
    Stage.CARRIED: "运送",
    Stage.KEPT: "保管",
    Stage.OPENED: "启封",
    Stage.COLLECTED: "收卷",
    Stage.SEALED: "封装",
    Stage.FILED: "归档交回",
}

BEFORE = (Stage.FETCHED, Stage.CARRIED, Stage.KEPT)
"""Hand-overs before the exam, in which the parcel is closed with the seal that it was printed with."""
AFTER = (Stage.COLLECTED, Stage.SEALED, Stage.FILED)
HANDED = (*BEFORE, *AFTER)
"""The stages that are hand-overs."""
UNDER_SEAL = (*BEFORE, Stage.FILED)
"""Hand-overs in which somebody must look at a seal."""


@dataclass(frozen=True, slots=True)
class Printing:
    """印制 of one parcel, for one subject of one sitting. ``by`` is the office that printed it; ``by_centre`` whether
    that is the city centre's, as clause 六(四) wants it. ``seal`` is the number of its seal, "" where it has none.
    """

    batch: str
    parcel: str
    sitting: int
    subject: str
    at: datetime
    by: str
    by_centre: bool
    seal: str = ""
    copies: int | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """交接: one stage of a parcel's way. ``given_by`` and ``taken_by`` are offices or ids of those who signed for
    it, "" where nobody did. ``seal`` is the number that was read, ``intact`` whether the seal was whole; None:
    nobody said.
    """

    batch: str
    parcel: str
    stage: Stage
    at: datetime
    given_by: str
    taken_by: str
    seal: str = ""
    intact: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """考题包: what a machine examines a subject by, as it was received. ``sitting`` is None where it serves all."""

    batch: str
    subject: str
    sha256: str
    at: datetime
    received_by: str
    sitting: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NoPapers:
    """That a practical subject has no papers to be kept secret, because its task stands in the norm, for example."""

    batch: str
    subject: str
    at: datetime
    by: str
    reason: str


PRINTINGS = Kind("paper_printing", Printing)
"""By ``batch/parcel``."""
HAND_OVERS = Kind("paper_hand_over", HandOver)
"""By ``batch/parcel/stage``."""
PACKAGES = Kind("exam_package", Package)
"""By ``batch/subject/sitting``, or ``batch/subject/all``."""
NO_PAPERS = Kind("no_papers", NoPapers)
"""By ``batch/subject``."""
