"""Whether a site's grounds allow a batch: clauses 一, 三 and 四, one pure function for each rule.

Facts are read from the register once (``facts_of``); each rule then judges them by the numbers of a rule pack. What
is not on record is unknown, never a pass. Not here: what is on record and how it came there (``records.grounds``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from config.rule_pack import RulePack
from domain.calendar import SHANGHAI, local_day
from domain.grounds import (
    AGREEMENTS,
    CATALOGUES,
    EXPERT_OPINIONS,
    INSTITUTIONS,
    NORMS,
    PLATE_WORDING,
    PLATES,
    PREMISES,
    SITE_APPROVALS,
    SPECIAL_SITES,
    Agreement,
    Area,
    Catalogue,
    ExpertOpinion,
    Institution,
    Listed,
    Norm,
    Plate,
    Premises,
    Requirement,
    SiteApproval,
    SiteKind,
    SpecialSite,
    Stay,
    at_once,
    employed_by,
    same_name,
)
from domain.law import Finding, Ruled, Verdict, fold
from domain.places import Batch, Sitting
from domain.register import Entry
from domain.timeline import MICROSECOND, Interval, rfc3339
from storage.database import Database
from storage.errors import UnknownBatch

Of = tuple[str, int]
"""A sitting: its batch and number."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that these rules need of one batch. ``at`` is the instant it is judged at.

    ``sittings`` are the batch's own, ``beside`` those of other batches at the site. ``candidates`` says how many
    there are in a sitting; one that is missing is unknown. ``planned_on`` is the day the batch was planned, as far as
    that is known.
    """

    batch: Batch
    at: datetime
    sittings: tuple[Sitting, ...]
    beside: tuple[Sitting, ...] = ()
    premises: Entry[Premises] | None = None
    institutions: tuple[Entry[Institution], ...] = ()
    approvals: tuple[Entry[SiteApproval], ...] = ()
    opinions: tuple[Entry[ExpertOpinion], ...] = ()
    agreements: tuple[Entry[Agreement], ...] = ()
    specials: tuple[Entry[SpecialSite], ...] = ()
    plate: Entry[Plate] | None = None
    norms: tuple[Entry[Norm], ...] = ()
    catalogues: tuple[Entry[Catalogue], ...] = ()
    candidates: Mapping[Of, int] = field(default_factory=dict)
    planned_on: date | None = None

    @property
    def days(self) -> tuple[date, ...]:
        """The days of the exam, in order."""
        return tuple(sorted({day for sitting in self.sittings for day in days_of(sitting)}))

    def stay_on(self, day: date) -> Stay | None:
        """Where the site was and who ran it; None where nobody said."""
        return _value(self.premises).stay_on(day) if self.premises is not None else None

    @property
    def kind(self) -> SiteKind | None:
        """None where nobody said."""
        return _value(self.premises).kind if self.premises is not None else None


def facts_of(
    database: Database,
    batch_id: str,
    at: datetime,
    candidates: Mapping[Of, int] | None = None,
    planned_on: date | None = None,
) -> Facts:
    """What is on record for a batch. Raises UnknownBatch, DatabaseUnavailable."""
    batch = database.setup.batch(batch_id)
    if batch is None:
        raise UnknownBatch(f"there is no batch {batch_id}")
    register, site = database.register, batch.site
    everywhere = [sitting for sitting in database.setup.sittings() if sitting.batch.site == site]
    own = tuple(each for each in everywhere if each.batch.id == batch_id)
    return Facts(
        batch=next((each.batch for each in own if each.opened is not None), batch),  # what it was opened with stays
        at=at,
        sittings=own,
        beside=tuple(each for each in everywhere if each.batch.id != batch_id),
        premises=register.find(PREMISES, site),
        institutions=tuple(register.standing(INSTITUTIONS)),
        approvals=tuple(register.standing(SITE_APPROVALS, site=site)),
        opinions=tuple(register.standing(EXPERT_OPINIONS, site=site)),
        agreements=tuple(register.standing(AGREEMENTS, site=site)),
        specials=tuple(register.standing(SPECIAL_SITES, site=site)),
        plate=register.find(PLATES, site),
        norms=tuple(register.standing(NORMS)),
        catalogues=tuple(register.standing(CATALOGUES)),
        candidates=candidates or {},
        planned_on=planned_on,
    )


def findings(facts: Facts, rules: RulePack) -> tuple[Ruled, ...]:
    """All rules of this part, in the order of the notice."""
    return tuple(rule(facts, rules) for rule in RULES)


def days_of(sitting: Sitting) -> tuple[date, ...]:
    """The local days that a sitting lies on; one over midnight has two."""
    first, last = local_day(sitting.start), local_day(max(sitting.start, sitting.end - MICROSECOND))
    return tuple(first + timedelta(days=count) for count in range((last - first).days + 1))


@dataclass(frozen=True, slots=True)
class _Said:
    """One thing that a rule found, with the entries that it rests on."""

    verdict: Verdict
    zh: str
    en: str
    on: tuple[Entry[Any], ...] = ()


def _ruled(rule: str, said: Iterable[_Said]) -> Ruled:
    """The verdict that stands for all, with the sentences that led to it first, and the entries of all."""
    found = list(said) or [_Said(Verdict.NOT_APPLICABLE, "批次没有场次", "the batch has no sitting")]
    verdict = fold(each.verdict for each in found)
    lesser = [each for each in _TOLD if each is not verdict] if verdict in _TOLD else []
    telling = [each for which in (verdict, *lesser) for each in found if each.verdict is which]
    zh = "；".join(dict.fromkeys(each.zh for each in telling))
    en = "; ".join(dict.fromkeys(each.en for each in telling))
    rests_on = dict.fromkeys(entry.name for each in found for entry in each.on)
    return Ruled(Finding(rule, verdict, zh, en), tuple(rests_on))


_TOLD = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING, Verdict.WARN)
"""What is told wherever it was found, so that nothing hides behind what weighs more."""


# --- 一, 三: what is examined ---------------------------------------------------------------------------------------


def listed(facts: Facts, _rules: RulePack) -> Ruled:
    """C1-2 一/二/三: the project is in the catalogue in force on the day of the exam, and its norm was published.

    A batch that was planned under another catalogue is noted; the day of the exam counts.
    """
    return _ruled("C1-2", _listed(facts))


def _listed(facts: Facts) -> Iterator[_Said]:
    project = facts.batch.project
    used: set[int] = set()
    for day in facts.days:
        found = [entry for entry in facts.catalogues if _value(entry).holds_on(day)]
        if not found:
            yield _Said(Verdict.UNKNOWN, f"未登记{day}有效的考核目录", f"no catalogue in force on {day} is on record")
        for entry in found:
            used.add(_value(entry).year)
            yield _listed_in(facts, entry, day)
    said = facts.planned_on if facts.planned_on is not None else min(_planned_days(facts), default=None)
    then = {_value(entry).year for entry in facts.catalogues if said is not None and _value(entry).holds_on(said)}
    if len(used | then) > 1:
        years = [str(year) for year in sorted(used | then)]
        zh = f"“{project}”由计划到考核跨{'、'.join(years)}年目录，以考核日为准"
        en = f"{project}: planned and examined under catalogues of {' and '.join(years)}; the exam's day counts"
        yield _Said(Verdict.WARN, zh, en)


def _listed_in(facts: Facts, entry: Entry[Catalogue], day: date) -> _Said:
    project, year = facts.batch.project, _value(entry).year
    item = _value(entry).listed(project)
    if item is None:
        zh = f"{day}考核的项目“{project}”不在{year}年目录"
        return _Said(Verdict.FAIL, zh, f"{project} is not in the catalogue of {year}, on {day}", (entry,))
    norm = _norm_named(facts.norms, item)
    if norm is None:
        zh = f"“{project}”在{year}年目录，未登记其考核规范{item.norm}"
        return _Said(
            Verdict.UNKNOWN, zh, f"{project} is in the catalogue of {year}; its norm is not on record", (entry,)
        )
    if not same_name(_value(norm).project, project):
        zh, en = f"考核规范{norm.key}不是“{project}”的规范", f"norm {norm.key} is not one of {project}"
        return _Said(Verdict.FAIL, zh, en, (entry, norm))
    if (published := _value(norm).published) > day:
        zh = f"“{project}”的考核规范{published}才公布，考核日为{day}"
        return _Said(
            Verdict.FAIL, zh, f"the norm of {project} was published on {published}, after {day}", (entry, norm)
        )
    zh = f"项目“{project}”在{year}年目录内，考核规范于{published}公布"
    return _Said(
        Verdict.PASS,
        zh,
        f"{project} is in the catalogue of {year}, with a norm published on {published}",
        (entry, norm),
    )


def norm_in_force(
    project: str, day: date, catalogues: Iterable[Entry[Catalogue]], norms: Sequence[Entry[Norm]]
) -> Entry[Norm] | None:
    """The norm that a project is examined by on a day: that of the catalogue in force, published by then.

    None where no catalogue in force lists the project, or what it names is not on record, or is not the project's.
    """
    for entry in catalogues:
        item = _value(entry).listed(project) if _value(entry).holds_on(day) else None
        norm = _norm_named(norms, item) if item is not None else None
        if norm is not None and same_name(_value(norm).project, project) and _value(norm).published <= day:
            return norm
    return None


def norm_of(database: Database, project: str, day: date) -> Entry[Norm] | None:
    """The norm in force as it stands on record. Raises DatabaseUnavailable."""
    register = database.register
    return norm_in_force(project, day, register.standing(CATALOGUES), register.standing(NORMS))


def _norm_named(norms: Iterable[Entry[Norm]], item: Listed) -> Entry[Norm] | None:
    return next((each for each in norms if each.key == item.norm), None)


def _planned_days(facts: Facts) -> Iterator[date]:
    return (local_day(sitting.plan.planned_start) for sitting in facts.sittings)


def without_level(level: str | None) -> Finding:
    """C3-1 三: a certificate has no level. ``level`` is what stands there, None where nobody knows."""
    if level is None:
        en = "whether the certificate has a level is not known"
        return Finding("C3-1", Verdict.UNKNOWN, "未知证书是否标注等级", en)
    if level.strip() in _NO_LEVEL:
        return Finding("C3-1", Verdict.PASS, "证书未标注等级", "the certificate has no level")
    return Finding(
        "C3-1",
        Verdict.FAIL,
        f"证书标注了“{level.strip()}”，专项职业能力不划分等级",
        f"the certificate says “{level.strip()}”; a level is not allowed",
    )


_NO_LEVEL = frozenset({"", "无", "无等级", "不分等级", "none", "-", "—", "/"})


# --- 四: the site ---------------------------------------------------------------------------------------------------


def designated(facts: Facts, _rules: RulePack) -> Ruled:
    """C4-1 四: a fixed designated site, approved for the place where it is; no temporary or mobile one."""
    return _ruled("C4-1", _designated(facts))


def _designated(facts: Facts) -> Iterator[_Said]:
    premises, kind = facts.premises, facts.kind
    if premises is None or kind is None:
        yield _Said(Verdict.UNKNOWN, "未登记考场场所", "the site's premises are not on record")
    elif kind is SiteKind.SPECIAL:
        zh, en = "特设临时考场，见C4-2", "a special temporary site: see C4-2"
        yield _Said(Verdict.NOT_APPLICABLE, zh, en, (premises,))
    elif kind is not SiteKind.FIXED:
        zh, en = f"{kind.zh}，不予开考", f"a {kind.value} site: barred"
        yield _Said(Verdict.FAIL, zh, en, (premises,))
    else:
        for sitting in facts.sittings:
            yield from _approved_there(facts, premises, sitting)


def _approved_there(facts: Facts, premises: Entry[Premises], sitting: Sitting) -> Iterator[_Said]:
    for day in days_of(sitting):
        stay = _value(premises).stay_on(day)
        if stay is None:
            zh, en = f"未登记{day}的考场地址", f"where the site was on {day} is not on record"
            yield _Said(Verdict.UNKNOWN, zh, en, (premises,))
            continue
        form, said = _approval(facts, stay, day)
        if form is not None and said is Verdict.PASS:
            decided = _decided(form)
            zh = f"{decided}核准的定点考场，地址“{stay.address}”未变"
            en = f"a fixed site, approved on {decided} for the address where it was on {day}"
            yield _Said(Verdict.PASS, zh, en, (premises, form))
        elif form is not None:
            zh = f"考场{day}当日才核准，不知是否在开考之前"
            en = f"approved on {day} itself, whether before the start is not known"
            yield _Said(Verdict.UNKNOWN, zh, en, (premises, form))
        else:
            yield _not_approved(facts, premises, stay, day, sitting)


def _not_approved(facts: Facts, premises: Entry[Premises], stay: Stay, day: date, sitting: Sitting) -> _Said:
    """Why no approval counts on that day."""
    on: tuple[Entry[Any], ...] = (premises, *facts.approvals)
    counting = [form for form in facts.approvals if _agreed_by(form, day) is not Verdict.FAIL]
    if counting:
        form = _value(max(counting, key=_decided))
        if same_name(form.address, stay.address):
            zh = f"{day}考场由{stay.institution}使用，核准的是{form.institution}，须重新核准"
            en = f"on {day} {stay.institution} ran the site, approved was {form.institution}: to be approved again"
            return _Said(Verdict.FAIL, zh, en, on)
        zh = f"{day}的地址“{stay.address}”与核准的“{form.address}”不同，须重新核准"
        en = f"on {day} the site was at “{stay.address}”, approved was “{form.address}”: it has to be approved again"
        return _Said(Verdict.FAIL, zh, en, on)
    if not facts.approvals:
        return _Said(Verdict.UNKNOWN, "未登记考场设立审核意见表", "no form of the site's approval is on record", on)
    waiting = [form for form in facts.approvals if _value(form).centre is None]
    if waiting and facts.at < sitting.start:
        zh = f"考场设立{_value(waiting[-1]).step.zh}，市中心尚未决定"
        return _Said(Verdict.PENDING, zh, "the centre has not decided on the site yet", on)
    return _Said(Verdict.FAIL, f"{day}考核时考场未经核准", f"the site was not approved on {day}", on)


def _approval(facts: Facts, stay: Stay | None, day: date) -> tuple[Entry[SiteApproval] | None, Verdict]:
    """The form that approves that institution there on a day, and whether it surely does: pass, or unknown for the
    same day.
    """
    forms = [form for form in facts.approvals if stay is not None and _is_for(_value(form), stay)]
    for wanted in (Verdict.PASS, Verdict.UNKNOWN):
        found = [form for form in forms if _agreed_by(form, day) is wanted]
        if found:
            return max(found, key=_decided), wanted
    return None, Verdict.FAIL


def _is_for(form: SiteApproval, stay: Stay) -> bool:
    return form.institution == stay.institution and same_name(form.address, stay.address)


def _agreed_by(form: Entry[SiteApproval], day: date) -> Verdict:
    """Whether the centre had agreed before a day: pass, fail, or unknown for that day itself."""
    centre, revoked = _value(form).centre, _value(form).revoked
    if centre is None or not centre.agrees or (revoked is not None and revoked <= day) or centre.day > day:
        return Verdict.FAIL
    return Verdict.PASS if centre.day < day else Verdict.UNKNOWN


def _decided(form: Entry[SiteApproval]) -> date:
    centre = _value(form).centre
    return centre.day if centre is not None else date.max


def consented(facts: Facts, _rules: RulePack) -> Ruled:
    """C4-2 四: a special site lies in a restricted area, its host unit applied, and the centre agreed before."""
    return _ruled("C4-2", _consented(facts))


def _consented(facts: Facts) -> Iterator[_Said]:
    premises = facts.premises
    if premises is None:
        en = "whether the site is a special one is not on record"
        yield _Said(Verdict.UNKNOWN, "未登记考场场所，不知是否特设考场", en)
    elif facts.kind is not SiteKind.SPECIAL:
        yield _Said(Verdict.NOT_APPLICABLE, "不是特设临时考场", "not a special temporary site", (premises,))
    elif not facts.specials:
        en = "no application for the special site is on record"
        yield _Said(Verdict.UNKNOWN, "未登记特设考场申请", en, (premises,))
    else:
        for sitting in facts.sittings:
            yield from _consented_to(facts, premises, sitting)


def _consented_to(facts: Facts, premises: Entry[Premises], sitting: Sitting) -> Iterator[_Said]:
    """By the application that says most for the sitting."""
    tried = [list(_application(facts, premises, entry, sitting)) for entry in facts.specials]
    order = (Verdict.PASS, Verdict.WARN, Verdict.PENDING, Verdict.UNKNOWN, Verdict.FAIL)
    yield from min(tried, key=lambda said: order.index(fold(each.verdict for each in said)))


def _application(
    facts: Facts, premises: Entry[Premises], entry: Entry[SpecialSite], sitting: Sitting
) -> Iterator[_Said]:
    special, on, number = _value(entry), (premises, entry), sitting.plan.number
    stay = _value(premises).stay_on(local_day(sitting.start))
    if stay is None:
        zh = f"第{number}场当日的考场地址未登记"
        yield _Said(Verdict.UNKNOWN, zh, f"where the site was for sitting {number} is not on record", on)
    elif not same_name(stay.address, special.address):
        zh = f"第{number}场在“{stay.address}”，同意的是“{special.address}”"
        yield _Said(
            Verdict.FAIL, zh, f"sitting {number} is at “{stay.address}”, applied for was “{special.address}”", on
        )
    if not same_name(special.applicant, special.host_unit):
        zh = f"申请单位“{special.applicant}”不是特设考场所在单位“{special.host_unit}”"
        yield _Said(Verdict.FAIL, zh, f"{special.applicant} applied, and the host unit is {special.host_unit}", on)
    if special.area is Area.OTHER and not special.area_named.strip():
        yield _Said(Verdict.UNKNOWN, "未写明是何种约束性区域", "which restricted area it is was not written down", on)
    yield _consent(facts, entry, sitting, on)


def _consent(facts: Facts, entry: Entry[SpecialSite], sitting: Sitting, on: tuple[Entry[Any], ...]) -> _Said:
    consent, number = _value(entry).consent, sitting.plan.number
    if consent is None and facts.at < sitting.start:
        return _Said(Verdict.PENDING, "特设考场待市中心同意", "the special site waits for the centre's consent", on)
    if consent is None or not consent.agrees:
        return _Said(Verdict.FAIL, f"第{number}场：特设考场未经市中心同意", f"sitting {number}: no consent", on)
    if consent.at >= sitting.start:
        zh = f"第{number}场{_moment(sitting.start)}开考，市中心{_moment(consent.at)}才同意"
        en = f"sitting {number} began {rfc3339(sitting.start)}, consent came {rfc3339(consent.at)}: not before"
        return _Said(Verdict.FAIL, zh, en, on)
    if entry.at >= sitting.start:
        zh = f"第{number}场：同意于开考后才登记（{_moment(entry.at)}），请核对原件"
        en = f"sitting {number}: the consent was put on record after the start, {rfc3339(entry.at)}; see the paper"
        return _Said(Verdict.WARN, zh, en, on)
    zh = f"{_value(entry).area.zh}特设考场，{_moment(consent.at)}经市中心同意"
    return _Said(Verdict.PASS, zh, f"special site, consent of the centre {rfc3339(consent.at)}", on)


def evaluated(facts: Facts, _rules: RulePack) -> Ruled:
    """C4-3 四: experts of a third party went to see the site, and signed their opinion before it was approved."""
    return _ruled("C4-3", _evaluated(facts))


def _evaluated(facts: Facts) -> Iterator[_Said]:
    if facts.kind is SiteKind.SPECIAL:
        yield _Said(Verdict.NOT_APPLICABLE, "特设临时考场，见C4-2", "a special temporary site: see C4-2")
        return
    forms = _forms_used(facts)
    if not forms:
        zh, en = "没有可核对的考场核准", "there is no approval that an opinion could precede"
        yield _Said(Verdict.UNKNOWN, zh, en, facts.approvals)
    for form in forms:
        opinions = [entry for entry in facts.opinions if _value(entry).approval == form.key]
        if not opinions:
            zh, en = f"核准{form.key}缺专家书面意见", f"no written expert opinion for {form.key}"
            yield _Said(Verdict.FAIL, zh, en, (form,))
        else:
            yield from _opinion_before(facts, form, opinions)
        yield from _conditions(form)


def _forms_used(facts: Facts) -> list[Entry[SiteApproval]]:
    """The approvals that the days of the exam rest on."""
    found: dict[str, Entry[SiteApproval]] = {}
    for day in facts.days:
        form = _approval(facts, facts.stay_on(day), day)[0]
        if form is not None:
            found[form.key] = form
    return list(found.values())


def _opinion_before(
    facts: Facts, form: Entry[SiteApproval], opinions: Sequence[Entry[ExpertOpinion]]
) -> Iterator[_Said]:
    """By the opinion on this project; any other is none of this batch's."""
    project = facts.batch.project
    fitting = [entry for entry in opinions if _value(entry).stations_for(project) is not None]
    if not fitting:
        zh, en = f"专家意见未含项目“{project}”", f"no expert opinion speaks of {project}"
        yield _Said(Verdict.FAIL, zh, en, (form, *opinions))
    for entry in fitting:
        yield from _opinion(facts, form, entry)


def _opinion(facts: Facts, form: Entry[SiteApproval], entry: Entry[ExpertOpinion]) -> Iterator[_Said]:
    opinion, decided, on = _value(entry), _decided(form), (form, entry)
    if not opinion.agrees:
        yield _Said(Verdict.FAIL, f"专家意见{entry.key}不同意", f"expert opinion {entry.key} does not agree", on)
    for day, zh, en in ((opinion.signed, "签字", "signed"), (opinion.visited, "实地考察", "site visit")):
        if day is None:
            verdict = Verdict.FAIL if en == "signed" else Verdict.UNKNOWN
            yield _Said(verdict, f"专家意见{entry.key}无{zh}日期", f"expert opinion {entry.key} has no day: {en}", on)
        elif day > decided:
            told = f"专家{day}{zh}，晚于核准日{decided}"
            yield _Said(Verdict.FAIL, told, f"{en} on {day}, after the approval of {decided}", on)
    names = [_value(each).name for each in facts.institutions if each.key == _value(form).institution]
    employed = [employed_by(expert, [_value(form).applicant, *names]) for expert in opinion.experts]
    if any(employed):
        zh = f"专家意见{entry.key}：{employed.count(True)}名专家受雇于申请单位"
        yield _Said(Verdict.WARN, zh, f"expert opinion {entry.key}: the applicant employs {employed.count(True)}", on)
    if None in employed or not employed:
        zh, en = f"专家意见{entry.key}：专家工作单位不明", f"expert opinion {entry.key}: who employs them is unknown"
        yield _Said(Verdict.UNKNOWN, zh, en, on)
    zh = f"{len(employed)}名专家{opinion.signed}签字的书面意见在核准（{decided}）之前"
    yield _Said(Verdict.PASS, zh, f"opinion of {len(employed)} signed {opinion.signed}, approval {decided}", on)


def _conditions(form: Entry[SiteApproval]) -> Iterator[_Said]:
    """What the institution lacks of clause 四, or nobody said; for people to look at."""
    for met, zh, en in ((False, "不具备", "not met"), (None, "未记录", "not recorded")):
        found = [each for each in Requirement if _value(form).condition(each) is met]
        if found:
            told = f"申请条件{zh}：" + "、".join(each.zh for each in found)
            yield _Said(Verdict.WARN, told, f"conditions {en}: " + ", ".join(found), (form,))


def stations_enough(facts: Facts, _rules: RulePack) -> Ruled:
    """C4-4 四: no more candidates at once than stations, by the experts' opinion and by the agreement, the smaller.

    Sittings that overlap add up where they examine the same project or share a room, also those of other batches.
    """
    return _ruled("C4-4", (_crowd(facts, sitting) for sitting in facts.sittings))


def _crowd(facts: Facts, sitting: Sitting) -> _Said:
    at_the_time = [each for each in (*facts.sittings, *facts.beside) if _in_the_way(sitting, each)]
    known = [(each, facts.candidates.get((each.batch.id, each.plan.number))) for each in at_the_time]
    counted = [(_span(each), count) for each, count in known if count is not None]
    most, missing = at_once(counted), sum(count is None for _, count in known)
    ceilings, on, complete = _ceilings(facts, sitting)
    number = sitting.plan.number
    if not ceilings:
        zh, en = f"第{number}场：未登记核定工位数", f"sitting {number}: how many stations were set is not on record"
        return _Said(Verdict.UNKNOWN, zh, en, on)
    limit = min(ceilings)
    if most > limit:
        zh = f"第{number}场：同场{most}人，超核定{limit}工位"
        return _Said(Verdict.FAIL, zh, f"sitting {number}: {most} candidates at once exceed {limit} stations", on)
    if missing:
        zh = f"第{number}场：{missing}场的考生人数不明，核定{limit}工位"
        en = f"sitting {number}: candidates of {missing} sitting(s) unknown, {limit} stations"
        return _Said(Verdict.UNKNOWN, zh, en, on)
    if not complete:
        zh = f"第{number}场：同场{most}人，仅知{limit}工位，专家核定数或协议工位数未登记"
        en = f"sitting {number}: {most} at once, {limit} stations; opinion or agreement says nothing"
        return _Said(Verdict.UNKNOWN, zh, en, on)
    return _Said(
        Verdict.PASS,
        f"第{number}场：同场{most}人，核定{limit}工位",
        f"sitting {number}: {most} candidates at once, {limit} stations",
        on,
    )


def _in_the_way(sitting: Sitting, other: Sitting) -> bool:
    shared = bool(set(sitting.plan.rooms) & set(other.plan.rooms))
    same = same_name(sitting.batch.project, other.batch.project)
    return (shared or same) and _span(sitting).overlaps(_span(other))


def _span(sitting: Sitting) -> Interval:
    return Interval(sitting.start, max(sitting.end, sitting.start + MICROSECOND))


def _ceilings(facts: Facts, sitting: Sitting) -> tuple[list[int], tuple[Entry[Any], ...], bool]:
    """The limits in force for a sitting, what they rest on, and whether both sorts are known for each of its days.

    A special site has neither by clause 四: there, what was consented to counts, and an agreement where there is one.
    """
    project, found, complete = facts.batch.project, [], True
    on: list[Entry[Any]] = []
    for day in days_of(sitting):
        stay = facts.stay_on(day)
        form = _approval(facts, stay, day)[0]
        opinions = [each for each in facts.opinions if form is not None and _value(each).approval == form.key]
        agreements = [each for each in facts.agreements if _value(each).holds_on(day)]
        by_agreement: list[tuple[Entry[Any], int | None]] = [
            (each, _value(each).stations_for(project)) for each in agreements
        ]
        by_centre: list[tuple[Entry[Any], int | None]]
        if special := facts.kind is SiteKind.SPECIAL:
            by_centre = [(each, _value(each).stations) for each in _consented_at(facts, stay)]
        else:
            by_centre = [(each, _value(each).stations_for(project)) for each in opinions]
        for limits, needed in ((by_centre, True), (by_agreement, not special)):
            told = [(entry, limit) for entry, limit in limits if limit is not None]
            found += [limit for _, limit in told]
            on += [entry for entry, _ in told]
            complete = complete and (bool(told) or not needed)
    return found, tuple(on), complete


def _consented_at(facts: Facts, stay: Stay | None) -> list[Entry[SpecialSite]]:
    return [
        entry
        for entry in facts.specials
        if stay is not None and same_name(stay.address, _value(entry).address) and _agrees(_value(entry))
    ]


def _agrees(special: SpecialSite) -> bool:
    return special.consent is not None and special.consent.agrees


def agreed(facts: Facts, _rules: RulePack) -> Ruled:
    """C4-5 四: on each day of the exam an agreement holds, both ends of its term included, with this project.

    The notice asks for none where a special temporary site was consented to.
    """
    return _ruled("C4-5", (_agreed_on(facts, day) for day in facts.days))


def _agreed_on(facts: Facts, day: date) -> _Said:
    project, on = facts.batch.project, facts.agreements
    if not on and facts.kind is SiteKind.SPECIAL:
        return _Said(Verdict.NOT_APPLICABLE, "特设临时考场，见C4-2", "a special temporary site: see C4-2")
    if not on:
        return _Said(Verdict.UNKNOWN, "未登记考场协议", "no agreement on the site is on record")
    stay = facts.stay_on(day)
    if stay is None:
        zh, en = f"未登记{day}使用考场的机构", f"who ran the site on {day} is not on record"
        return _Said(Verdict.UNKNOWN, zh, en, on)
    own = tuple(entry for entry in on if _value(entry).institution == stay.institution)
    if not own:
        zh, en = f"{day}：{stay.institution}没有考场协议", f"{day}: {stay.institution} has no agreement on the site"
        return _Said(Verdict.FAIL, zh, en, on)
    return _within_term(project, own, day)


def _within_term(project: str, on: tuple[Entry[Agreement], ...], day: date) -> _Said:
    holding = [entry for entry in on if _value(entry).holds_on(day)]
    for entry in holding:
        if _value(entry).stations_for(project) is not None:
            agreement = _value(entry)
            zh = f"协议{entry.key}有效期{agreement.begins}至{agreement.last_day}，含项目“{project}”"
            en = f"agreement {entry.key}, {agreement.begins} to {agreement.last_day}, has {project} in its scope"
            return _Said(Verdict.PASS, zh, en, (entry,))
    if holding:
        zh = f"{day}：项目“{project}”不在协议{holding[-1].key}范围内"
        return _Said(Verdict.FAIL, zh, f"{day}: {project} is out of the scope of {holding[-1].key}", tuple(holding))
    ended = [entry for entry in on if _value(entry).last_day < day]
    if ended:
        last = max(_value(entry).last_day for entry in ended)
        en = f"{day}: the agreement ended on {last}"
        return _Said(Verdict.FAIL, f"{day}：协议已于{last}到期", en, tuple(ended))
    first = min(max(_value(entry).begins, _value(entry).signed) for entry in on)
    return _Said(Verdict.FAIL, f"{day}：协议{first}才生效", f"{day}: the agreement holds from {first} only", on)


def plated(facts: Facts, rules: RulePack) -> Ruled:
    """C4-6 四: the plate at the front door is as the notice has it. What anybody sees and is not so fails; measures
    that are off are noted.
    """
    return _ruled("C4-6", _plated(facts, rules))


def _plated(facts: Facts, rules: RulePack) -> Iterator[_Said]:
    entry = facts.plate
    if facts.kind is SiteKind.SPECIAL:
        yield _Said(Verdict.NOT_APPLICABLE, "特设临时考场不挂定点考场牌匾", "a special temporary site has no plate")
        return
    if entry is None:
        yield _Said(Verdict.UNKNOWN, "未登记牌匾", "the plate is not on record")
        return
    plate, on = _value(entry), (entry,)
    if not same_name(plate.wording, PLATE_WORDING):
        zh, en = f"牌匾文字为“{plate.wording}”，应为“{PLATE_WORDING}”", f"the plate says “{plate.wording}”"
        yield _Said(Verdict.FAIL, zh, en, on)
    for zh, en, found in (
        ("不锈钢", "of stainless steel", plate.stainless_steel),
        ("黑字", "in black letters", plate.black_letters),
        ("挂正门", "at the front door", plate.at_front_door),
        ("照片", "on a photograph", bool(plate.photo_sha256) or None),
    ):
        if found is None:
            yield _Said(Verdict.UNKNOWN, f"牌匾：{zh}未记录", f"the plate: whether it is {en} is not on record", on)
        elif not found:
            yield _Said(Verdict.FAIL, f"牌匾：{zh}不符", f"the plate is not {en}", on)
    yield from _sizes(entry, rules)
    zh, en = f"牌匾符合规定（{plate.measured}量）", f"the plate is as it must be, measured on {plate.measured}"
    yield _Said(Verdict.PASS, zh, en, on)


def _sizes(entry: Entry[Plate], rules: RulePack) -> Iterator[_Said]:
    plate = _value(entry)
    for zh, en, unit, found, wanted in (
        ("宽", "wide", "cm", plate.width_cm, rules.plate_width_cm),
        ("长", "long", "cm", plate.height_cm, rules.plate_height_cm),
        ("厚", "thick", "mm", plate.thickness_mm, rules.plate_thickness_mm),
        ("折边", "folded", "cm", plate.fold_cm, rules.plate_fold_cm),
    ):
        must = Decimal(str(wanted))
        if found is None:
            told = f"the plate: how far it is {en} was not measured"
            yield _Said(Verdict.UNKNOWN, f"牌匾：{zh}未量", told, (entry,))
        elif abs(found - must) > must * Decimal(str(rules.plate_off_share)):
            told = f"牌匾{zh}{found:f}{unit}，规定{must:f}{unit}"
            yield _Said(Verdict.WARN, told, f"the plate is {found:f} {unit} {en}, not {must:f} {unit}", (entry,))


RULES: tuple[Callable[[Facts, RulePack], Ruled], ...] = (
    listed,
    designated,
    consented,
    evaluated,
    stations_enough,
    agreed,
    plated,
)


def _value(entry: Entry[Any]) -> Any:
    """What stands in the register never has None: that was taken back."""
    return entry.value


def _moment(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
