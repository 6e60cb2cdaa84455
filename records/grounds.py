"""Putting the grounds of sites on record, and reading them: institutions, approvals, agreements, catalogues, norms.

A file goes in as one act or not at all, and only by its problems' places is anything refused. What was signed is not
written over: a form goes on by its next step, and whoever wants another one applies again under another id. Not here:
the form of the file (``records.grounds_file``) and whether a batch may be held on these grounds
(``records.grounds_rules``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from config.errors import Problem
from domain.calendar import local_day
from domain.grounds import (
    AGREEMENTS,
    CATALOGUES,
    EXPERT_OPINIONS,
    INSTITUTIONS,
    NORMS,
    PLATES,
    PREMISES,
    SITE_APPROVALS,
    SPECIAL_SITES,
    Agreement,
    Catalogue,
    ExpertOpinion,
    Institution,
    Plate,
    Premises,
    SiteApproval,
    SpecialSite,
    developed_again,
    rewritten,
)
from domain.people import Actor
from domain.register import Draft, Entry, Kind
from domain.timeline import rfc3339
from records.errors import GroundsRefused, NoGrounds
from records.grounds_file import Declared, GroundsFile
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file did, as names such as ``agreement xy-2026``. ``notes`` are sentences in Chinese and English."""

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that stands on record of one site."""

    site: str
    premises: Entry[Premises] | None
    institutions: tuple[Entry[Institution], ...]
    approvals: tuple[Entry[SiteApproval], ...]
    opinions: tuple[Entry[ExpertOpinion], ...]
    agreements: tuple[Entry[Agreement], ...]
    specials: tuple[Entry[SpecialSite], ...]
    plate: Entry[Plate] | None

    @property
    def named_institutions(self) -> tuple[Entry[Institution], ...]:
        """The institutions that the site's papers name."""
        named = {each.thing.institution for each in self.approvals}
        named |= {each.thing.institution for each in self.agreements}
        named |= {each.institution for each in ([] if self.premises is None else self.premises.thing.stays)}
        return tuple(each for each in self.institutions if each.key in named)

    def institution(self, institution_id: str) -> Institution | None:
        """Who that is; None where nobody put it on record."""
        return next((entry.value for entry in self.institutions if entry.key == institution_id), None)


def enter(
    file: GroundsFile,
    database: Database,
    actor: Actor,
    at: datetime,
    *,
    reason: str = "",
    closed_to: frozenset[str] = frozenset(),
) -> Imported:
    """Put all of a file on record as one act. The same file again changes nothing. Of the sites that are
    ``closed_to`` whoever enters it, it may say nothing.

    Raises GroundsRefused before anything is written, RevisedMeanwhile where somebody else was there first, KeyMissing
    and DatabaseUnavailable.
    """
    standing = {(kind.name, entry.key): entry for kind in _KINDS for entry in database.register.standing(kind)}
    problems = [*_problems(file, standing, local_day(at), at), *_out_of_bounds(file, closed_to)]
    if problems:
        raise GroundsRefused(problems)
    drafts = [_after(thing.draft, standing, database) for thing in file.things]
    entries = database.register.enter("enter_grounds", "grounds", drafts, actor, at, reason=reason)
    names = [
        (f"{entry.kind} {entry.key}", _is_new(draft, entry)) for draft, entry in zip(drafts, entries, strict=True)
    ]
    return Imported(
        tuple(name for name, new in names if new),
        tuple(name for name, new in names if not new),
        tuple(_notes(file, database.register.standing(CATALOGUES))),
    )


def of_site(database: Database, site: str) -> Grounds:
    """What is on record of a site. Raises NoGrounds where that is nothing at all, DatabaseUnavailable."""
    register = database.register
    found = Grounds(
        site=site,
        premises=register.find(PREMISES, site),
        institutions=tuple(register.standing(INSTITUTIONS)),
        approvals=tuple(register.standing(SITE_APPROVALS, site=site)),
        opinions=tuple(register.standing(EXPERT_OPINIONS, site=site)),
        agreements=tuple(register.standing(AGREEMENTS, site=site)),
        specials=tuple(register.standing(SPECIAL_SITES, site=site)),
        plate=register.find(PLATES, site),
    )
    if not any((found.premises, found.approvals, found.opinions, found.agreements, found.specials, found.plate)):
        raise NoGrounds(f"nothing is on record of a site {site}; enter it with `kaojian grounds import`")
    return found


def form(database: Database, approval: str, site: str | None = None) -> Entry[SiteApproval]:
    """The form 考场设立审核意见表 of that id, and of that site where one is named. Raises NoGrounds,
    DatabaseUnavailable.
    """
    found = database.register.find(SITE_APPROVALS, approval)
    if found is None or site not in {None, found.site}:
        raise NoGrounds(f"there is no form {approval}; `kaojian grounds show SITE` lists those of a site")
    return found


_KINDS: tuple[Kind[Any], ...] = (
    INSTITUTIONS,
    PREMISES,
    SITE_APPROVALS,
    EXPERT_OPINIONS,
    AGREEMENTS,
    SPECIAL_SITES,
    PLATES,
    NORMS,
    CATALOGUES,
)
_Standing = dict[tuple[str, str], Entry[Any]]


def _after(draft: Draft[Any], standing: _Standing, database: Database) -> Draft[Any]:
    """With the revision that was looked at: nothing is written over that came in between."""
    known = standing.get((draft.kind.name, draft.key))
    if known is not None:
        return replace(draft, after=known.revision)
    history = database.register.history(draft.kind, draft.key)
    taken_back = bool(history) and history[-1].value is None
    return replace(draft, after=history[-1].revision if taken_back else 0)


def _is_new(draft: Draft[Any], entry: Entry[Any]) -> bool:
    return entry.revision != draft.after


def _problems(file: GroundsFile, standing: _Standing, today: date, now: datetime) -> Iterator[Problem]:
    """What contradicts the record, names what is not there, or has not happened yet."""
    for thing in file.things:
        for field, message in (
            *_unknown(thing, file, standing),
            *_elsewhere(thing, standing),
            *_signed_before(thing, standing),
            *_to_come(thing, today, now),
            *_overlapping(thing, file, standing),
        ):
            yield file.problem((*thing.field, *field), message)


_Said = Iterator[tuple[tuple[str | int, ...], str]]


def _out_of_bounds(file: GroundsFile, closed_to: frozenset[str]) -> Iterator[Problem]:
    for thing in file.things:
        if thing.draft.site in closed_to:
            message = f"{thing.draft.site} is not yours to enter now; a colleague does 请由其他经办人登记"
            yield file.problem((*thing.field, "site"), message)


def _unknown(thing: Declared, file: GroundsFile, standing: _Standing) -> _Said:
    def there(kind: Kind[Any], key: str) -> bool:
        return (kind.name, key) in standing or any(each.draft.key == key for each in file.of(kind))

    value, kind = thing.value, thing.draft.kind
    bodies: list[tuple[tuple[str | int, ...], str]] = []
    if kind in (SITE_APPROVALS, AGREEMENTS):
        bodies = [(("institution",), value.institution)]
    if kind is PREMISES:
        bodies = [(("stays", index, "institution"), stay.institution) for index, stay in enumerate(value.stays)]
    for field, body in bodies:
        if not there(INSTITUTIONS, body):
            yield field, f"there is no institution {body}, neither in this file nor on record"
    if kind is EXPERT_OPINIONS:
        yield from _unknown_form(value, file, standing)
    if kind is CATALOGUES:
        for index, listed in enumerate(value.projects):
            if not there(NORMS, listed.norm):
                yield (
                    ("projects", index, "norm"),
                    f"there is no norm {listed.norm}, neither in this file nor on record",
                )


def _unknown_form(opinion: ExpertOpinion, file: GroundsFile, standing: _Standing) -> _Said:
    known = standing.get((SITE_APPROVALS.name, opinion.approval))
    sites = [each.draft.site for each in file.of(SITE_APPROVALS) if each.draft.key == opinion.approval]
    if known is None and not sites:
        yield ("approval",), f"there is no form {opinion.approval}, neither in this file nor on record"
    elif opinion.site not in (sites or [known.site if known is not None else ""]):
        yield ("site",), f"form {opinion.approval} is one of another site"


def _elsewhere(thing: Declared, standing: _Standing) -> _Said:
    known = standing.get((thing.draft.kind.name, thing.draft.key))
    if known is not None and known.site != thing.draft.site:
        yield ("site",), f"{thing.draft.kind.name} {thing.draft.key} belongs to site {known.site}; take another id"


def _signed_before(thing: Declared, standing: _Standing) -> _Said:
    """Steps of a form, an agreement and a consent that stand already and are told otherwise now."""
    known = standing.get((thing.draft.kind.name, thing.draft.key))
    if known is None or known.value == thing.value:
        return
    old: Any = known.value
    new = thing.value
    if thing.draft.kind is SITE_APPROVALS:
        for name in rewritten(old, new):
            yield (name,), f"stands signed on record ({known.name}); to change it, apply again under another id"
    if thing.draft.kind is AGREEMENTS and replace(new, ended=old.ended) != old:
        yield (
            (),
            f"stands signed on record ({known.name}): only `ended` may be added; enter a new one under another id",
        )
    if thing.draft.kind is SPECIAL_SITES and old.consent is not None:
        yield (), f"the centre has decided on it ({known.name}); apply again under another id"


def _to_come(thing: Declared, today: date, now: datetime) -> _Said:
    """What people signed, measured or saw lies behind them."""
    value = thing.value
    days: dict[tuple[str, ...], date | None]
    match value:
        case SiteApproval():
            parts = {name: getattr(value, name) for name in ("acceptance", "review", "department", "centre")}
            days = {(name, "day"): part.day for name, part in parts.items() if part is not None}
        case ExpertOpinion():
            days = {("visited",): value.visited, ("signed",): value.signed}
        case Agreement():
            days = {("signed",): value.signed}
        case SpecialSite():
            days = {("applied",): value.applied}
        case Plate():
            days = {("measured",): value.measured}
        case _:
            days = {}
    for field, day in days.items():
        if day is not None and day > today:
            yield field, f"{day} lies in the future (today is {today}); only what has happened can be entered"
    if isinstance(value, SpecialSite) and value.consent is not None and value.consent.at > now:
        yield ("consent", "at"), f"lies in the future (now is {rfc3339(now)}); only what has happened can be entered"


def _overlapping(thing: Declared, file: GroundsFile, standing: _Standing) -> _Said:
    """Of one day there is one catalogue."""
    if thing.draft.kind is not CATALOGUES:
        return
    own: Catalogue = thing.value
    told: dict[str, Catalogue] = {each.draft.key: each.value for each in file.of(CATALOGUES)}
    known: dict[str, Any] = {key: entry.value for (kind, key), entry in standing.items() if kind == CATALOGUES.name}
    for key, other in (known | told).items():
        if key != thing.draft.key and own.begins <= other.ends and other.begins <= own.ends:
            yield ("begins",), f"overlaps the catalogue of {other.year}, {other.begins} to {other.ends}"


def _notes(file: GroundsFile, catalogues: Sequence[Entry[Catalogue]]) -> Iterator[str]:
    """Projects that were developed again, as far as a catalogue of this file has to do with it (clause 三)."""
    years = {each.value.year for each in file.of(CATALOGUES)}
    found = [entry.value for entry in catalogues if entry.value is not None]
    for year, project, later, other in developed_again(found):
        if {year, later} & years:
            yield (
                f"重复开发？{later}年“{other}”与{year}年“{project}”名称或能力相同，立项不同 · "
                f"developed again? {other} of {later} is {project} of {year} by name or ability, under another number"
            )
