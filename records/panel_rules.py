"""What the panels of a batch mean under clauses 五 and 六(三): verdicts C5-1, C5-2 and C6.3-1 to C6.3-5.

Pure: facts and a rule pack in, findings out, each with the entries that it rests on. Examiners are called by their
ids, never by name. Who was there is judged over every instant of the exam, so that one who leaves for an hour is
missing for that hour. Not here: how panels are entered (``records.panels``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from config.rule_pack import RulePack
from domain.calendar import local_day, months_later
from domain.law import Finding, Ruled, Verdict, fold
from domain.panels import Attendance, Dispatch, Examiner, fewest, wanted
from domain.timeline import Interval, IntervalSet


@dataclass(frozen=True, slots=True)
class SittingPanel:
    """What is known of the panel of one sitting. ``exam`` is its W2, ``over`` once that has ended.

    ``candidates`` says how many there are in each of its rooms, None where nobody knows; ``attendance`` is None where
    nothing of it was recorded. ``entries`` are the names of what this was read from.
    """

    number: int
    exam: Interval
    over: bool
    candidates: Mapping[str, int] | None = None
    dispatch: Dispatch | None = None
    attendance: tuple[Attendance, ...] | None = None
    entries: tuple[str, ...] = ()

    @property
    def days(self) -> tuple[date, ...]:
        """The local days that the exam touches."""
        first, last = local_day(self.exam.start), local_day(self.exam.end)
        return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


@dataclass(frozen=True, slots=True)
class Duty:
    """That an examiner is wanted somewhere at some time, in another sitting or batch."""

    examiner: str
    batch: str
    sitting: int
    site: str
    span: Interval


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """All that the rules rest on. ``examiners`` has those of whom anything is on record, ``duties`` those of every
    sitting that overlaps one of these, these included.
    """

    batch: str
    site: str
    project: str
    sittings: tuple[SittingPanel, ...]
    examiners: Mapping[str, Examiner]
    duties: tuple[Duty, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    verdict: Verdict
    zh: str
    en: str


_Rule = Callable[[PanelFacts, SittingPanel, RulePack], Iterable[_Said]]


def rule_panels(facts: PanelFacts, rules: RulePack) -> tuple[Ruled, ...]:
    """C5-1, C5-2 and C6.3-1 to C6.3-5, in this order."""
    return tuple(_ruled(id_, facts, rules, rule, passed) for id_, rule, passed in _RULES)


def _ruled(id_: str, facts: PanelFacts, rules: RulePack, rule: _Rule, passed: tuple[str, str]) -> Ruled:
    found = [(sitting.number, said) for sitting in facts.sittings for said in rule(facts, sitting, rules)]
    rests_on = tuple(dict.fromkeys(name for sitting in facts.sittings for name in sitting.entries))
    if not facts.sittings:
        return Ruled(Finding(id_, Verdict.UNKNOWN, "没有场次", "there is no sitting"))
    verdict = fold(said.verdict for _, said in found)
    told = [(number, said) for number, said in found if said.zh]
    if not told:
        words = _NONE if verdict is Verdict.NOT_APPLICABLE else passed
        return Ruled(Finding(id_, verdict, *words), rests_on)
    zh = "；".join(f"第{number}场：{said.zh}" for number, said in told)
    en = "; ".join(f"sitting {number}: {said.en}" for number, said in told)
    return Ruled(Finding(id_, verdict, zh, en), rests_on)


_NONE = ("没有临时派遣的考评员", "no examiner was sent by a grant")
_PASS = _Said(Verdict.PASS, "", "")
_NOT_SENT = _Said(Verdict.UNKNOWN, "没有派遣单", "no panel was sent")
_PENDING = _Said(Verdict.PENDING, "考试尚未结束", "the exam is not over")
_NOBODY_SAID = _Said(Verdict.UNKNOWN, "没有到岗记录", "nobody recorded who was there")


# C5-1 and C5-2: who may examine


def _qualified(facts: PanelFacts, sitting: SittingPanel, _: RulePack) -> Iterator[_Said]:
    if sitting.dispatch is None:
        yield _NOT_SENT
        return
    for member in sitting.dispatch.members:
        examiner = facts.examiners.get(member.examiner)
        if examiner is None:
            id_ = member.examiner
            yield _Said(Verdict.UNKNOWN, f"{id_} 的考评资格未登记", f"nothing is on record of what {id_} may examine")
        elif not any(grant.project == facts.project for grant in examiner.grants):
            lacking = [day for day in sitting.days if not _covered(examiner, facts.project, day)]
            yield from (_not_qualified(examiner.id, facts.project, day) for day in lacking[:1])
    yield _PASS


def _covered(examiner: Examiner, project: str, day: date) -> bool:
    return any(each.covers(project, day) for each in examiner.qualifications)


def _not_qualified(examiner: str, project: str, day: date) -> _Said:
    zh, en = f"{examiner} 在 {day} 无{project}考评资格", f"{examiner} may not examine {project} on {day}"
    return _Said(Verdict.FAIL, zh, en)


def _granted(facts: PanelFacts, sitting: SittingPanel, rules: RulePack) -> Iterator[_Said]:
    """As a rule no longer than so many months: beyond it is noted and not failed. Grants of one person sum up."""
    if sitting.dispatch is None:
        yield _NOT_SENT
        return
    for member in sitting.dispatch.members:
        examiner = facts.examiners.get(member.examiner)
        if examiner is None:
            id_ = member.examiner
            yield _Said(Verdict.UNKNOWN, f"{id_} 是否为临时派遣未登记", f"nothing is on record of grants of {id_}")
            continue
        grants = [each for each in examiner.grants if each.project == facts.project]
        if not grants or all(_covered(examiner, facts.project, day) for day in sitting.days):
            continue
        first, last_day = min(each.granted for each in grants), sitting.days[-1]
        if first > sitting.days[0]:
            yield _Said(
                Verdict.FAIL, f"{examiner.id} 的临时派遣晚于考试", f"{examiner.id} was granted only after the exam"
            )
        elif last_day > (until := months_later(first, rules.grant_months)):
            zh = f"{examiner.id} 的临时派遣自 {first} 起已超过{rules.grant_months}个月（至 {until}）"
            yield _Said(Verdict.WARN, zh, f"{examiner.id}'s grant of {first} ran out on {until}")
        elif not all(each.reason.strip() for each in grants):
            yield _Said(Verdict.WARN, f"{examiner.id} 的临时派遣未写明理由", f"{examiner.id}'s grant gives no reason")
        else:
            yield _PASS


# C6.3-1 to C6.3-3: how many were there, and who led


def _there(sitting: SittingPanel) -> list[tuple[str, IntervalSet]]:
    """Of the panel, who was there when."""
    return [
        (each.examiner, each.during(sitting.exam))
        for each in sitting.attendance or ()
        if sitting.dispatch is None or sitting.dispatch.is_sent(each.examiner)
    ]


def _wait(sitting: SittingPanel) -> _Said | None:
    """Why nothing can be said of who was there."""
    if sitting.dispatch is None:
        return _NOT_SENT
    if sitting.attendance is None:
        return _NOBODY_SAID if sitting.over else _PENDING
    return None if sitting.over else _PENDING


def _enough(_: PanelFacts, sitting: SittingPanel, rules: RulePack) -> Iterator[_Said]:
    sent = len({member.examiner for member in sitting.dispatch.members}) if sitting.dispatch is not None else 0
    if sitting.dispatch is not None and sent < rules.min_examiners:
        least = rules.min_examiners
        yield _Said(Verdict.FAIL, f"派遣{sent}名，少于{least}名", f"{sent} were sent, fewer than {least}")
    elif (why := _wait(sitting)) is not None:
        yield why
    elif (present := fewest(_there(sitting), sitting.exam)) < rules.min_examiners:
        zh = f"到岗{present}名，少于{rules.min_examiners}名"
        yield _Said(Verdict.FAIL, zh, f"only {present} present at some time, fewer than {rules.min_examiners}")
    yield _PASS


def _in_proportion(facts: PanelFacts, sitting: SittingPanel, rules: RulePack) -> Iterator[_Said]:
    if (why := _wait(sitting)) is not None:
        yield why
        return
    if sitting.candidates is None:
        yield _Said(Verdict.UNKNOWN, "考生人数未知", "it is not known how many candidates there are")
        return
    count = sum(sitting.candidates.values())
    need = wanted(count, rules.min_examiners, rules.candidates_per_examiner)
    present = fewest(_there(sitting), sitting.exam)
    if present < need:
        zh, en = (
            f"{count}名考生需{need}名，实到{present}名",
            f"{count} candidates need {need}, {present} were present",
        )
        yield _Said(Verdict.FAIL, zh, en)
    yield from _together(facts, sitting, rules)
    rooms = {each.room for each in sitting.attendance or ()}
    for room in sorted(room for room, of_it in sitting.candidates.items() if of_it and room not in rooms):
        yield _Said(Verdict.WARN, f"{room} 考场无考评员", f"room {room} had no examiner")
    yield _PASS


def _together(facts: PanelFacts, sitting: SittingPanel, rules: RulePack) -> Iterator[_Said]:
    """With the sittings that go on as it begins: who examines in several of them at once is one person.

    Told of the one that begins last, so that each group is told once.
    """
    at_once = [each for each in facts.sittings if each.exam.start <= sitting.exam.start < each.exam.end]
    first_of_equals = next(each for each in at_once if each.exam.start == sitting.exam.start) is sitting
    if len(at_once) < 2 or not first_of_equals:
        return
    zh, en = (comma.join(str(each.number) for each in at_once) for comma in ("、", ", "))
    if why := next((why for each in at_once if (why := _wait(each)) is not None), None):
        yield why
        return
    if any(each.candidates is None for each in at_once):
        yield _Said(Verdict.UNKNOWN, f"同时进行的第{zh}场考生人数未知", f"how many sit {en} at once is not known")
        return
    span = Interval(sitting.exam.start, min(each.exam.end for each in at_once))
    count = sum(sum((each.candidates or {}).values()) for each in at_once)
    there = [(name, when & IntervalSet([span])) for each in at_once for name, when in _there(each)]
    need, present = wanted(count, rules.min_examiners, rules.candidates_per_examiner), fewest(there, span)
    if present < need:
        zh = f"同时进行的第{zh}场共{count}名考生需{need}名，实到{present}名"
        yield _Said(Verdict.FAIL, zh, f"{count} candidates of {en} at once need {need}, {present} were present")


def _one_leader(_: PanelFacts, sitting: SittingPanel, __: RulePack) -> Iterator[_Said]:
    if sitting.dispatch is None:
        yield _NOT_SENT
        return
    leaders = [member.examiner for member in sitting.dispatch.members if member.leader]
    if len(leaders) != 1:
        yield _Said(Verdict.FAIL, f"派遣组长{len(leaders)}名", f"{len(leaders)} leaders were sent")
        return
    if (why := _wait(sitting)) is not None:
        yield why
        return
    led = [
        (each.examiner, each.during(sitting.exam))
        for each in sitting.attendance or ()
        if each.leads and sitting.dispatch.is_sent(each.examiner)
    ]
    yield from _leaders_over(led, sitting.exam)
    yield _PASS


def _leaders_over(led: list[tuple[str, IntervalSet]], exam: Interval) -> Iterator[_Said]:
    """Somebody led at every instant, and never two at once; where one takes over, the times abut."""
    without = IntervalSet([exam])
    for _, when in led:
        without = without - when
    if without:
        seconds = round(without.seconds)
        yield _Said(Verdict.FAIL, f"无组长在场 {seconds} 秒", f"no leader was there for {seconds} s")
    if any(one != other and (when & at) for (one, when), (other, at) in combinations(led, 2)):
        yield _Said(Verdict.FAIL, "同时有两名组长", "two led at once")


# C6.3-4 and C6.3-5: badges, and who sent whom


def _badged(facts: PanelFacts, sitting: SittingPanel, _: RulePack) -> Iterator[_Said]:
    if sitting.dispatch is None or sitting.attendance is None:
        yield _wait(sitting) or _PENDING
        return
    for each in sitting.attendance:
        examiner = facts.examiners.get(each.examiner)
        if not each.badge:
            yield _Said(Verdict.FAIL, f"{each.examiner} 未佩戴证卡", f"{each.examiner} wore no badge")
        elif examiner is None:
            yield _Said(Verdict.UNKNOWN, f"{each.examiner} 的证卡未登记", f"no badge of {each.examiner} is on record")
        elif not examiner.badge(each.badge, local_day(each.arrived)):
            zh = f"{each.examiner} 的证卡 {each.badge} 无效"
            yield _Said(Verdict.FAIL, zh, f"{each.examiner}'s badge {each.badge} was not valid")
    yield _PASS if sitting.over else _PENDING


def _sent_by_centre(facts: PanelFacts, sitting: SittingPanel, _: RulePack) -> Iterator[_Said]:
    if sitting.dispatch is None:
        yield _NOT_SENT
        return
    if not sitting.dispatch.by_centre:
        yield _Said(Verdict.FAIL, "非市中心派遣", "not sent by the city centre")
    for member in sitting.dispatch.members:
        if member.chosen_by_site:
            yield _Said(Verdict.FAIL, f"{member.examiner} 由考场自选", f"{member.examiner} was chosen by the site")
        for duty in _elsewhere(facts, sitting, member.examiner):
            zh = f"{member.examiner} 同时被派往 {duty.site}（{duty.batch} 第{duty.sitting}场）"
            en = f"{member.examiner} is also sent to {duty.site} ({duty.batch}, sitting {duty.sitting})"
            yield _Said(Verdict.FAIL, zh, en)
    yield _PASS


def _elsewhere(facts: PanelFacts, sitting: SittingPanel, examiner: str) -> Iterator[Duty]:
    """Where else they are sent at the same time, to another site."""
    for duty in facts.duties:
        if duty.examiner == examiner and duty.site != facts.site and duty.span.overlaps(sitting.exam):
            yield duty


_RULES: tuple[tuple[str, _Rule, tuple[str, str]], ...] = (
    (
        "C5-1",
        _qualified,
        ("考评员均具备该项目考评资格或临时派遣", "every examiner may examine the project, or was granted it"),
    ),
    ("C5-2", _granted, ("临时派遣均在期限内", "every grant was in time")),
    ("C6.3-1", _enough, ("到岗人数不少于规定", "enough examiners were there throughout")),
    ("C6.3-2", _in_proportion, ("考生与考评员配比符合", "there were enough examiners for the candidates")),
    ("C6.3-3", _one_leader, ("始终有一名组长在场", "one leader was there throughout")),
    ("C6.3-4", _badged, ("均佩戴有效证卡", "all wore a valid badge")),
    ("C6.3-5", _sent_by_centre, ("由市中心派遣，无一人分身", "sent by the city centre, nobody to two places")),
)
