"""Rule packs: the numbers that verdicts rest on, one YAML file per notice, each number with its origin.

A pack is data for another city to copy and change. Not here: what a number decides (``analysis.judge``) and how
verdicts fold (``domain.law``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config.documents import Document
from config.errors import DocumentRefused, Problem, RulePackRefused

FOLDER = Path(__file__).parent / "rule_packs"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class OriginKind(StrEnum):
    """Where a number comes from; only ``notice`` binds."""

    NOTICE = "notice"
    SAMPLE = "sample"
    PROJECT_DEFAULT = "project_default"


@dataclass(frozen=True, slots=True)
class Origin:
    """Why a number is what it is: the kind of source, and its clause, wording or reason in both languages."""

    kind: OriginKind
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RulePack:
    """The numbers of one notice. ``origins`` has one entry for each number, by field name."""

    id: str
    title_zh: str
    title_en: str
    retention_years: int
    copies: int  # places a segment must lie in, the spool included
    min_width: int  # px
    min_height: int  # px
    min_fps: float  # delivered
    longest_gap_s: float  # the three limits of gaps concern the exam (W2) only
    total_gap_share: float  # of the exam (W2), 0..1
    total_gap_s: float
    clock_warn_s: float
    clock_fail_s: float
    clock_drift_warn_ppm: float  # parts per million
    lead_s: float  # recording and window begin this long before the start, where the plan says nothing
    tail_s: float  # ... and the window ends this long after the end
    origins: Mapping[str, Origin]


_STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Origin(BaseModel):
    model_config = _STRICT
    kind: OriginKind
    zh: Text
    en: Text


class _Whole(BaseModel):
    model_config = _STRICT
    value: Annotated[int, Field(ge=1)]
    origin: _Origin


class _Amount(BaseModel):
    model_config = _STRICT
    value: Annotated[float, Field(ge=0)]
    origin: _Origin


class _Share(BaseModel):
    model_config = _STRICT
    value: Annotated[float, Field(ge=0, le=1)]
    origin: _Origin


class _Numbers(BaseModel):
    model_config = _STRICT
    retention_years: _Whole
    copies: _Whole
    min_width: _Whole
    min_height: _Whole
    min_fps: _Amount
    longest_gap_s: _Amount
    total_gap_share: _Share
    total_gap_s: _Amount
    clock_warn_s: _Amount
    clock_fail_s: _Amount
    clock_drift_warn_ppm: _Amount
    lead_s: _Amount
    tail_s: _Amount


class _Title(BaseModel):
    model_config = _STRICT
    zh: Text
    en: Text


class _Pack(BaseModel):
    model_config = _STRICT
    id: Text
    title: _Title
    numbers: _Numbers


@cache
def load(pack_id: str, folder: Path = FOLDER) -> RulePack:
    """The rule pack of that id. Raises RulePackRefused when it is missing or breaks its schema.

    Read once per process: a pack that sittings rest on does not change under them.
    """
    if pack_id not in available(folder):
        known = ", ".join(available(folder)) or "none"
        raise RulePackRefused([Problem(str(folder), 1, "", f"no rule pack {pack_id!r}; there is {known}")])
    try:
        document = Document.read(folder / f"{pack_id}.yaml")
        pack = document.validated(_Pack)
    except DocumentRefused as refused:
        raise RulePackRefused(refused.problems) from None
    if pack.id != pack_id:
        raise RulePackRefused([document.problem(("id",), f"must be {pack_id}, like the file's name")])
    if pack.numbers.clock_fail_s.value < pack.numbers.clock_warn_s.value:
        field = ("numbers", "clock_fail_s", "value")
        raise RulePackRefused([document.problem(field, "must not be less than clock_warn_s")])
    return _rule_pack(pack)


def digest(pack_id: str, folder: Path = FOLDER) -> str:
    """The SHA-256 of the pack's file, in hex. Raises OSError where there is none."""
    return sha256((folder / f"{pack_id}.yaml").read_bytes()).hexdigest()


def available(folder: Path = FOLDER) -> tuple[str, ...]:
    """The ids of the rule packs in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml") if _ID.fullmatch(path.stem)))


def _rule_pack(pack: _Pack) -> RulePack:
    numbers = {name: getattr(pack.numbers, name) for name in _Numbers.model_fields}
    values = {name: number.value for name, number in numbers.items()}
    origins = {
        name: Origin(number.origin.kind, number.origin.zh, number.origin.en) for name, number in numbers.items()
    }
    return RulePack(pack.id, pack.title.zh, pack.title.en, **values, origins=MappingProxyType(origins))
