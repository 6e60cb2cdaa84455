"""Rule packs: the numbers that verdicts rest on, one YAML file per notice, each number with its origin.

A pack is data for another city to copy and change. Not here: what a number decides (``analysis.judge``) and how
verdicts fold (``domain.law``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from config import number_pattern
from config.documents import Document, FieldPath
from config.errors import DocumentRefused, Problem, RulePackRefused
from config.number_pattern import NumberPattern

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
class Level:
    """像素密度等级: a name for pictures with at least so many pixels per metre."""

    id: str
    zh: str
    px_per_m: float


@dataclass(frozen=True, slots=True)
class Density:
    """What a room's plan is held against: the levels of one edition of the standard, and what needs which of them.

    ``needs`` maps each target of ``domain.plan.Target``, by its value, to a level; ``seen_share`` is how much of a
    place one camera must show, ``floor_share`` how much of the whole floor must be seen by any. ``origins`` has
    one entry for the scale, for each of ``needs`` and for both shares.
    """

    scale: str
    levels: tuple[Level, ...]  # rising
    needs: Mapping[str, Level] = field(hash=False)
    seen_share: float
    floor_share: float
    origins: Mapping[str, Origin] = field(hash=False)

    def level(self, px_per_m: float) -> Level | None:
        """The highest level that a density reaches; None below all of them."""
        return next((each for each in reversed(self.levels) if each.px_per_m <= px_per_m), None)


@dataclass(frozen=True, slots=True)
class Phases:
    """In which phases each target of ``domain.plan.Target`` must be seen, both by their values, with its origin."""

    places: Mapping[str, tuple[str, ...]]
    origins: Mapping[str, Origin]


@dataclass(frozen=True, slots=True)
class PassShares:
    """From when on shares of passes 合格率 are compared, and which are unusual: see ``domain.shares.Line``."""

    candidates: int
    batches: int
    chance: float  # 0..1


@dataclass(frozen=True, slots=True)
class RulePack:
    """The numbers of one notice. ``origins`` has one entry for each number, by field name; those of ``density`` and
    ``phases`` are with them. ``certificate_number`` is how numbers of certificates are made; no verdict rests on it,
    nor on ``same_panel_batches``, which is for suspicions 疑点. ``pass_shares`` lets C10-2 note what is unusual, and
    fail nothing; None in a pack that says nothing of it, under which no share is compared.
    """

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
    working_age: int  # years, on the day of the exam
    review_working_days: int  # from submission, which is day 0, to the review
    min_examiners: int  # of a panel, whoever is missing
    candidates_per_examiner: int
    grant_months: int  # of an examiner who is sent for a project that has none of its own yet
    duration_off_min: float  # how far an exam may be off the minutes of its norm
    full_mark: int
    pass_mark: int  # of each subject
    plate_width_cm: float  # of the plate at a site's front door
    plate_height_cm: float
    plate_thickness_mm: float
    plate_fold_cm: float
    plate_off_share: float  # how far a measured plate may be off, 0..1
    feedback_hours: int  # from the end of a visit to its feedback
    filing_days: int  # from the last day of a batch to its dossier being complete
    query_days: int  # from a certificate's issue to its number being found at the province's
    certificate_number: NumberPattern
    same_panel_batches: int  # of one site in a row that one panel may examine before it is worth a look
    density: Density
    phases: Phases
    origins: Mapping[str, Origin]
    pass_shares: PassShares | None = None


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
    working_age: _Whole
    review_working_days: _Whole
    min_examiners: _Whole
    candidates_per_examiner: _Whole
    grant_months: _Whole
    duration_off_min: _Amount
    full_mark: _Whole
    pass_mark: _Whole
    plate_width_cm: _Amount
    plate_height_cm: _Amount
    plate_thickness_mm: _Amount
    plate_fold_cm: _Amount
    plate_off_share: _Share
    feedback_hours: _Whole
    filing_days: _Whole
    query_days: _Whole


class _Level(BaseModel):
    model_config = _STRICT
    id: Text
    zh: Text
    px_per_m: Annotated[float, Field(gt=0)]


class _Need(BaseModel):
    model_config = _STRICT
    level: Text
    origin: _Origin


class _Needs(BaseModel):
    model_config = _STRICT
    station: _Need
    door: _Need
    paper_desk: _Need
    room: _Need


class _Scale(BaseModel):
    model_config = _STRICT
    name: Text
    origin: _Origin
    levels: Annotated[tuple[_Level, ...], Field(min_length=1)]
    needs: _Needs


class _Density(BaseModel):
    model_config = _STRICT
    scale: Text
    scales: Annotated[tuple[_Scale, ...], Field(min_length=1)]
    seen_share: _Share
    floor_share: _Share


class _PlacePhases(BaseModel):
    model_config = _STRICT
    must_be_seen_in: Annotated[tuple[Literal["W1", "W2", "W3"], ...], Field(min_length=1)]
    origin: _Origin


class _Phases(BaseModel):
    model_config = _STRICT
    station: _PlacePhases
    door: _PlacePhases
    paper_desk: _PlacePhases
    room: _PlacePhases


class _CertificateNumber(BaseModel):
    model_config = _STRICT
    pattern: Text
    area: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    projects: dict[str, Text] = {}
    origin: _Origin


class _Suspicions(BaseModel):
    model_config = _STRICT
    same_panel_batches: _Whole


class _PassShares(BaseModel):
    model_config = _STRICT
    candidates: _Whole
    batches: _Whole
    chance: _Share


class _Title(BaseModel):
    model_config = _STRICT
    zh: Text
    en: Text


class _Pack(BaseModel):
    model_config = _STRICT
    id: Text
    title: _Title
    numbers: _Numbers
    certificate_number: _CertificateNumber
    suspicions: _Suspicions
    pass_shares: _PassShares | None = None
    density: _Density
    phases: _Phases


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
    if pack.numbers.full_mark.value < pack.numbers.pass_mark.value:
        field = ("numbers", "full_mark", "value")
        raise RulePackRefused([document.problem(field, "must not be less than pass_mark")])
    told = (*_contradictions(pack.density), *_phase_contradictions(pack.phases))
    contradictions = [document.problem(field, message) for field, message in told]
    if contradictions:
        raise RulePackRefused(contradictions)
    told_number = pack.certificate_number
    try:
        pattern = number_pattern.read(told_number.pattern, told_number.area, told_number.projects)
    except ValueError as error:
        raise RulePackRefused([document.problem(("certificate_number", "pattern"), str(error))]) from None
    return _rule_pack(pack, pattern)


def digest(pack_id: str, folder: Path = FOLDER) -> str:
    """The SHA-256 of the pack's file, in hex. Raises OSError where there is none."""
    return sha256((folder / f"{pack_id}.yaml").read_bytes()).hexdigest()


def available(folder: Path = FOLDER) -> tuple[str, ...]:
    """The ids of the rule packs in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml") if _ID.fullmatch(path.stem)))


def _contradictions(density: _Density) -> Iterator[tuple[FieldPath, str]]:
    """Levels that do not rise, names of levels and scales that are not there."""
    if density.scale not in {scale.name for scale in density.scales}:
        yield ("density", "scale"), f"there is no scale {density.scale}"
    for index, scale in enumerate(density.scales):
        field = ("density", "scales", index)
        for number, (one, next_one) in enumerate(pairwise(scale.levels), 1):
            if next_one.px_per_m <= one.px_per_m:
                yield (*field, "levels", number, "px_per_m"), f"must be more than that of {one.id}"
        names = {level.id for level in scale.levels}
        for target in _Needs.model_fields:
            level = getattr(scale.needs, target).level
            if level not in names:
                yield (*field, "needs", target, "level"), f"{scale.name} has no level {level}"


def _phase_contradictions(phases: _Phases) -> Iterator[tuple[FieldPath, str]]:
    """A station that need not be seen in the exam would be no examination on video; a phase named twice is a slip."""
    for target in _Phases.model_fields:
        named = getattr(phases, target).must_be_seen_in
        if len(set(named)) < len(named):
            yield ("phases", target, "must_be_seen_in"), "names a phase twice"
    for target in ("station", "room"):
        if "W2" not in getattr(phases, target).must_be_seen_in:
            yield ("phases", target, "must_be_seen_in"), "must name W2: the notice asks for the whole process"


def fingerprint(pack: RulePack) -> str:
    """The SHA-256 of all in a pack that a verdict rests on, in hex: its numbers, levels and phases, not its words,
    not how certificates are numbered and not what is worth a look.
    """
    told = {name: getattr(pack, name) for name in ("id", *_Numbers.model_fields)}
    told["density"] = {
        "scale": pack.density.scale,
        "levels": [[level.id, level.px_per_m] for level in pack.density.levels],
        "needs": {target: level.id for target, level in pack.density.needs.items()},
        "seen_share": pack.density.seen_share,
        "floor_share": pack.density.floor_share,
    }
    told["phases"] = {target: list(phases) for target, phases in pack.phases.places.items()}
    return sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _rule_pack(pack: _Pack, pattern: NumberPattern) -> RulePack:
    numbers = {name: getattr(pack.numbers, name) for name in _Numbers.model_fields}
    values = {name: number.value for name, number in numbers.items()}
    origins = {name: _origin(number.origin) for name, number in numbers.items()}
    origins["certificate_number"] = _origin(pack.certificate_number.origin)
    origins["same_panel_batches"] = _origin(pack.suspicions.same_panel_batches.origin)
    shares = pack.pass_shares
    if shares is not None:
        told = {name: getattr(shares, name) for name in _PassShares.model_fields}
        origins |= {f"pass_shares_{name}": _origin(each.origin) for name, each in told.items()}
    return RulePack(
        pack.id,
        pack.title.zh,
        pack.title.en,
        **values,
        certificate_number=pattern,
        same_panel_batches=pack.suspicions.same_panel_batches.value,
        density=_density(pack.density),
        phases=_phases(pack.phases),
        origins=MappingProxyType(origins),
        pass_shares=None
        if shares is None
        else PassShares(shares.candidates.value, shares.batches.value, shares.chance.value),
    )


def _phases(phases: _Phases) -> Phases:
    told = {target: getattr(phases, target) for target in _Phases.model_fields}
    return Phases(
        MappingProxyType({target: tuple(sorted(each.must_be_seen_in)) for target, each in told.items()}),
        MappingProxyType({target: _origin(each.origin) for target, each in told.items()}),
    )


def _density(density: _Density) -> Density:
    scale = next(each for each in density.scales if each.name == density.scale)
    levels = {level.id: Level(level.id, level.zh, level.px_per_m) for level in scale.levels}
    needs = {target: getattr(scale.needs, target) for target in _Needs.model_fields}
    origins = {"scale": scale.origin, **{target: need.origin for target, need in needs.items()}}
    origins |= {"seen_share": density.seen_share.origin, "floor_share": density.floor_share.origin}
    return Density(
        scale=scale.name,
        levels=tuple(levels.values()),
        needs=MappingProxyType({target: levels[need.level] for target, need in needs.items()}),
        seen_share=density.seen_share.value,
        floor_share=density.floor_share.value,
        origins=MappingProxyType({name: _origin(origin) for name, origin in origins.items()}),
    )


def _origin(origin: _Origin) -> Origin:
    return Origin(origin.kind, origin.zh, origin.en)
