"""What is to be said of a batch's supervision: C6.7-1 the draw, C6.7-2 the feedback, C6.7-3 the badges.

The facts are read once; the rules are pure. What nobody put on record is unknown and never a pass: a batch that no
pool names may have had no chance, an online visit whose pictures nobody was shown may not have been one. Not here:
what must hold before anything is entered (``records.supervision``, ``records.drawing``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from config.rule_pack import RulePack
from domain.calendar import SHANGHAI, local_day
from domain.draws import Drawn, Flaw, flaws
from domain.law import Finding, Ruled, Verdict, fold
from domain.register import Entry
from domain.supervision import Attendance, Basis, Frame, Supervisor, Visit, Way
from domain.viewings import SHOWN, Deed, Kept
from records import drawing, supervision
from storage.database import Database
from storage.errors import UnknownBatch

_ALL = 1_000_000  # viewings of a batch; more than anybody looks at
_LOOKED = frozenset({Deed.OPEN, Deed.FETCH, Deed.SNAPSHOT})


@dataclass(frozen=True, slots=True)
class DrawFacts:
    """One draw as far as it concerns the batch: of its days, or with it in the pool.

    ``drawn`` is what was drawn for the batch, None for nothing. ``failed``: its time ran out. ``flaws`` are those of
    a draw that was made; ``revised``: its pool was changed after it was published.
    """

    name: str
    has_batch: bool
    made: bool
    failed: bool
    reveal_by: datetime
    revised: bool
    flaws: tuple[Flaw, ...]
    drawn: Drawn | None
    pool_size: int
    rests_on: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.made and not self.flaws and not self.revised


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """One visit with its key, the name of its entry, and which of its pictures its supervisors were shown."""

    key: str
    name: str
    visit: Visit
    shown: frozenset[Frame]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rules need of a batch. ``ends``: the end of its last sitting, as far as known.

    ``examiners`` are ids of supervisors who examine it, None where nobody knows who does.
    """

    batch: str
    ends: datetime
    draws: tuple[DrawFacts, ...]
    visits: tuple[VisitFacts, ...]
    supervisors: Mapping[str, Entry[Supervisor]]
    examiners: frozenset[str] | None
    now: datetime

    @property
    def is_over(self) -> bool:
        return self.now >= self.ends

    @property
    def is_drawn(self) -> bool:
        return any(each.holds and each.drawn is not None for each in self.draws)


def facts_of(database: Database, batch: str, now: datetime, examiners: frozenset[str] | None = None) -> Facts:
    """The facts of a batch at an instant. Raises UnknownBatch, DatabaseUnavailable."""
    sittings = database.setup.sittings(batch)
    if not sittings:
        raise UnknownBatch(f"there is no batch {batch} with a sitting; `kaojian status` shows all")
    first = min(local_day(each.start) for each in sittings)
    last = max(local_day(each.end) for each in sittings)
    known = {entry.key: entry for entry in supervision.supervisors(database)}
    visits = supervision.visits(database, batch)
    online = any(each.value is not None and each.value.way is Way.ONLINE for each in visits)
    viewings = database.viewings.latest(_ALL, frozenset({batch})) if online else []
    return Facts(
        batch=batch,
        ends=max(each.end for each in sittings),
        draws=tuple(_draws(database, batch, first, last, now)),
        visits=tuple(
            VisitFacts(each.key, each.name, each.value, _shown(each.value, known, viewings))
            for each in visits
            if each.value is not None
        ),
        supervisors=known,
        examiners=examiners,
        now=now,
    )


def findings(facts: Facts, rules: RulePack) -> tuple[Ruled, ...]:
    """All findings of this part, in the order of the clauses."""
    return draw_made(facts), feedback_given(facts, rules), badges_valid(facts)


# C6.7-1


def draw_made(facts: Facts) -> Ruled:
    """C6.7-1 六(七) 双随机、一公开: the batch had its chance in a draw that can be rerun; the result is public."""
    pools = [each for each in facts.draws if each.has_batch]
    rests_on = tuple(name for each in pools for name in each.rests_on)
    verdict, zh, en = _chance(facts, pools)
    lapsed = [each.name for each in pools if each.failed]
    if verdict is Verdict.PASS and lapsed:
        verdict = Verdict.WARN
        zh += f"；另有抽取{'、'.join(lapsed)}逾期未完成"
        en += f"; draws that were published and never made: {', '.join(lapsed)}"
    shown = _of_draws(facts, pools) if any(each.drawn for each in pools) else ()
    return Ruled(Finding("C6.7-1", verdict, zh, en), (*rests_on, *(each.name for each in shown)))


def _chance(facts: Facts, pools: list[DrawFacts]) -> tuple[Verdict, str, str]:
    """What is to be said of the draws: the worst of what their steps say."""
    wrong = next((each for each in pools if each.revised or each.flaws), None)
    if wrong is not None:
        zh = "、".join(each.zh for each in wrong.flaws) or "名单公布后被改动"
        en = "; ".join(each.en for each in wrong.flaws) or "its pool was changed after it was published"
        return Verdict.FAIL, f"抽取{wrong.name}不可复核：{zh}", f"draw {wrong.name} cannot be verified: {en}"
    made = [each for each in pools if each.made]
    if made:
        return _of_made(facts, made)
    waiting = next((each for each in pools if not each.failed), None)
    if waiting is not None:
        until = _when(waiting.reveal_by)
        zh = f"已列入抽取名单{waiting.name}，尚未抽取，限{until}前公布密值"
        return Verdict.PENDING, zh, f"in the pool of draw {waiting.name}, not drawn yet; secrets are due by {until}"
    if pools:
        name = pools[0].name
        return (
            Verdict.FAIL,
            f"抽取{name}逾期未完成，本批次未获抽取机会",
            f"draw {name} was never made in its time: the batch had no chance",
        )
    return _of_no_pool(facts)


def _of_no_pool(facts: Facts) -> tuple[Verdict, str, str]:
    if not facts.is_over:
        return Verdict.PENDING, "尚未列入抽取名单", "in no pool of a draw yet"
    if facts.draws:
        names = [each.name for each in facts.draws]
        zh = f"抽取{'、'.join(names)}包含考核日期，名单中没有本批次"
        return Verdict.FAIL, zh, f"draws of its days left the batch out of their pools: {', '.join(names)}"
    return Verdict.UNKNOWN, "未登记包含考核日期的抽取", "no draw of its days is on record"


def _of_made(facts: Facts, made: list[DrawFacts]) -> tuple[Verdict, str, str]:
    drawn = [(each, each.drawn) for each in made if each.drawn is not None]
    if not drawn:
        one = made[0]
        zh = f"抽取{one.name}可复核，名单共{one.pool_size}个批次，本批次未被抽中"
        return (
            Verdict.PASS,
            zh,
            f"draw {one.name} can be verified; the batch was one of {one.pool_size}, and not drawn",
        )
    said = [_of_drawn(facts, draw, team) for draw, team in drawn]
    verdict = fold(each[0] for each in said)
    return next(each for each in said if each[0] is verdict)


def _of_drawn(facts: Facts, draw: DrawFacts, drawn: Drawn) -> tuple[Verdict, str, str]:
    """Of a draw that holds and drew the batch: there is a visit by those drawn, and its result is public."""
    visits = [each.visit for each in facts.visits if each.visit.draw == draw.name]
    start_zh = f"抽取{draw.name}可复核，抽中本批次，督导员{len(drawn.supervisors)}名"
    start_en = f"draw {draw.name} can be verified and drew the batch with {len(drawn.supervisors)} supervisors"
    passed = len(drawn.passed)
    if passed:
        start_zh += f"，回避后顺延{passed}次"
        start_en += f", passing over {passed} by recusal"
    strangers = [each for each in visits if set(each.supervisors) != set(drawn.supervisors)]
    if any(each.basis is not Basis.DRAWN for each in visits) or strangers:
        return Verdict.FAIL, f"{start_zh}；到场的不是抽中的督导员", f"{start_en}; others came than those drawn"
    if not visits:
        verdict = Verdict.UNKNOWN if facts.is_over else Verdict.PENDING
        return verdict, f"{start_zh}；未登记督导", f"{start_en}; no visit is on record"
    if not any(each.published is not None for each in visits):
        return Verdict.PENDING, f"{start_zh}；督导结果尚未公开", f"{start_en}; the result is not published yet"
    return Verdict.PASS, f"{start_zh}；督导结果已公开", f"{start_en}; the result is published"


def _of_draws(facts: Facts, pools: Iterable[DrawFacts]) -> list[VisitFacts]:
    names = {each.name for each in pools}
    return [each for each in facts.visits if each.visit.draw in names]


# C6.7-2


def feedback_given(facts: Facts, rules: RulePack) -> Ruled:
    """C6.7-2 六(七) 督导员应及时反馈: each visit has its feedback within ``feedback_hours`` of its end."""
    said = [(_feedback(each, facts, rules.feedback_hours), each.name) for each in facts.visits]
    return _worst("C6.7-2", facts, said)


def _feedback(facts: VisitFacts, of: Facts, hours: int) -> tuple[Verdict, str, str]:
    visit = facts.visit
    zh, en = f"督导{facts.key}", f"visit {facts.key}"
    if visit.ended is None:
        return Verdict.PENDING, f"{zh}未结束", f"{en} has not ended"
    if visit.way is Way.ONLINE and not facts.shown:
        return (
            Verdict.UNKNOWN,
            f"{zh}为线上督导，所列{len(visit.frames)}处画面在其督导员的调看记录中均未见",
            f"{en} was online, and the record of viewings shows none of its {len(visit.frames)} pictures to its team",
        )
    limit = due(visit.ended, hours)
    if visit.feedback is not None:
        took = _hours(visit.feedback.at - visit.ended)
        if visit.feedback.at <= limit:
            return (
                Verdict.PASS,
                f"{zh}结束后{took}小时反馈(限{hours})",
                f"{en}: feedback {took} h after its end ({hours})",
            )
        return (
            Verdict.FAIL,
            f"{zh}结束{took}小时后才反馈(限{hours})",
            f"{en}: feedback {took} h after its end (of {hours})",
        )
    if of.now <= limit:
        return Verdict.PENDING, f"{zh}待反馈，限{_when(limit)}前", f"{en}: feedback is due by {_when(limit)}"
    late = _hours(of.now - visit.ended)
    return Verdict.FAIL, f"{zh}结束{late}小时未反馈(限{hours})", f"{en}: no feedback after {late} hours (of {hours})"


def due(ended: datetime, hours: int) -> datetime:
    """Until when feedback is in time, of a visit that ended then: ``feedback_hours`` of the rules."""
    return ended + timedelta(hours=hours)


# C6.7-3


def badges_valid(facts: Facts) -> Ruled:
    """C6.7-3 六(七) 佩戴有效证卡: who supervised wore a badge that was valid, and examines nobody of the batch."""
    said = [
        (_badge(each, attendance, facts), each.name) for each in facts.visits for attendance in each.visit.attended
    ]
    ruled = _worst("C6.7-3", facts, said)
    people = {name for each in facts.visits for name in each.visit.supervisors}
    return Ruled(ruled.finding, (*ruled.rests_on, *_entries(facts, people)))


def _badge(of: VisitFacts, there: Attendance, facts: Facts) -> tuple[Verdict, str, str]:
    zh, en = f"督导{of.key}督导员{there.supervisor}", f"visit {of.key}, supervisor {there.supervisor}"
    entry = facts.supervisors.get(there.supervisor)
    if facts.examiners is not None and there.supervisor in facts.examiners:
        return Verdict.FAIL, f"{zh}是本批次考评员", f"{en} examines that batch"
    if there.badge == "":
        return Verdict.FAIL, f"{zh}未佩戴证卡", f"{en} wore no badge"
    if entry is None or entry.value is None:
        return Verdict.UNKNOWN, f"{zh}未登记", f"{en} is not on record"
    verdict, own_zh, own_en = _held(of.visit, there, entry.value)
    if verdict is Verdict.PASS and facts.examiners is None:
        return Verdict.UNKNOWN, f"{zh}证卡有效，本批次考评员名单不明", f"{en}: valid badge; who examines is not known"
    return verdict, zh + own_zh, en + own_en


def _held(visit: Visit, there: Attendance, known: Supervisor) -> tuple[Verdict, str, str]:
    """Of the badge itself, on each day of the visit. Both ends of its validity count."""
    if there.badge is not None and there.badge != known.badge:
        return Verdict.FAIL, "证卡编号与登记不符", " wore another badge than the one on record"
    for day in (local_day(visit.begun), local_day(visit.ended or visit.begun)):
        if not known.valid_from <= day <= known.valid_to:
            zh = f"证卡有效期{known.valid_from}至{known.valid_to}，{day}无效"
            return Verdict.FAIL, zh, f": badge valid {known.valid_from} to {known.valid_to}, not on {day}"
    if there.badge is None:
        return Verdict.UNKNOWN, "是否佩戴证卡未登记", ": nobody put on record whether a badge was worn"
    return Verdict.PASS, "证卡有效", " wore a valid badge"


# What the rules share


def _worst(rule: str, facts: Facts, said: list[tuple[tuple[Verdict, str, str], str]]) -> Ruled:
    """What the visits come to together: the sentences of the verdict that stands for all."""
    if not said:
        return _without_visit(rule, facts)
    verdict = fold(each[0] for each, _ in said)
    told = [each for each, _ in said if each[0] is verdict]
    names = tuple(dict.fromkeys(name for _, name in said))
    zh, en = "；".join(each[1] for each in told), "; ".join(each[2] for each in told)
    return Ruled(Finding(rule, verdict, zh, en), names)


def _without_visit(rule: str, facts: Facts) -> Ruled:
    """No visit is on record: nothing to say where none was owed, and a county may send somebody, or nobody."""
    if not facts.is_drawn:
        return Ruled(Finding(rule, Verdict.NOT_APPLICABLE, "未登记督导", "no visit is on record"))
    rests_on = tuple(name for each in facts.draws if each.drawn is not None for name in each.rests_on)
    if facts.is_over:
        zh, en = "已抽中督导，未登记督导", "drawn for a visit, and none is on record"
        return Ruled(Finding(rule, Verdict.UNKNOWN, zh, en), rests_on)
    return Ruled(Finding(rule, Verdict.PENDING, "已抽中督导，尚未开展", "drawn for a visit, not made yet"), rests_on)


def _entries(facts: Facts, people: Iterable[str]) -> Iterator[str]:
    yield from (facts.supervisors[name].name for name in sorted(people) if name in facts.supervisors)


def _when(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _hours(span: timedelta) -> str:
    """Hours with one place, rounded up: what is over the limit never reads as the limit."""
    tenths = -(-span // timedelta(minutes=6))
    return f"{tenths / 10:g}"


# Reading


def _draws(database: Database, batch: str, first: date, last: date, now: datetime) -> Iterator[DrawFacts]:
    for each in drawing.all_draws(database):
        pool = each.pool.value
        if pool is None or not (pool.has(batch) or (pool.first <= last and first <= pool.last)):
            continue
        record = each.record()
        drawn = () if record is None else record.drawn_now
        yield DrawFacts(
            name=pool.draw,
            has_batch=pool.has(batch),
            made=record is not None,
            failed=each.has_failed(now),
            reveal_by=pool.reveal_by,
            revised=each.revised,
            flaws=() if record is None else flaws(record),
            drawn=next((team for team in drawn if team.batch == batch), None),
            pool_size=len(pool.batches),
            rests_on=each.names,
        )


def _shown(visit: Visit, known: Mapping[str, Entry[Supervisor]], viewings: Iterable[Kept]) -> frozenset[Frame]:
    """The pictures of a visit that somebody of its team was shown while it ran, by the record of viewings."""
    entries = (known.get(name) for name in visit.supervisors)
    accounts = {f"account:{each.value.account}" for each in entries if each and each.value and each.value.account}
    looked = [
        each.viewing
        for each in viewings
        if each.viewing.actor.name in accounts
        and each.viewing.deed in _LOOKED
        and each.viewing.outcome == SHOWN
        and visit.begun <= each.viewing.at
        and (visit.ended is None or each.viewing.at <= visit.ended)
    ]
    return frozenset(
        frame
        for frame in visit.frames
        for each in looked
        if each.camera == frame.camera and each.span is not None and frame.at in each.span
    )
