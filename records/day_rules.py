"""Rules on the day of an exam: signs at the stations (C6.2-1), the chain of exam papers (C6.4-1), method and length
as in the norm (C6.5-1).

Facts are read once; rules are pure. What is not on record is outstanding 待办 before it can be there, and unknown
无法判定 afterwards, never a pass. A stage of the paper chain is broken where a later one is on record without it;
where the record merely ends early, nobody knows. Candidates are named by ticket, people who signed not at all. Not
here: how all of it is entered (``records.readiness``, ``records.exam_papers``, ``records.room_records``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from config.rule_pack import RulePack
from domain.calendar import SHANGHAI, local_day
from domain.exam_papers import BEFORE, UNDER_SEAL, HandOver, NoPapers, Package, Printing, Stage
from domain.grounds import CATALOGUES, NORMS, Method, Norm, same_name
from domain.labels import LABELS_READ, LabelsRead
from domain.law import Finding, Ruled, Verdict, fold
from domain.phases import Mark, latest_marks
from domain.places import Batch, Sitting
from domain.readiness import Confirmation, Item
from domain.register import Entry
from domain.roll import SEATS, SIGN_INS, Seat, SignIn
from domain.room_record import RoomRecord
from domain.scores import CandidateScore
from records.exam_papers import papers_of
from records.grounds_rules import norm_in_force
from records.readiness import confirmations_of
from records.room_records import records_of
from records.scores import scores_of
from storage.database import Database
from storage.errors import UnknownBatch


@dataclass(frozen=True, slots=True)
class SittingDay:
    """One sitting as far as these rules need it. ``signs`` are the confirmations of signs by room;
    ``papers_opened`` is when the papers were unsealed, as somebody marked it; ``norm`` that in force on its day;
    ``labels`` are those that the references of its cameras show, by room.
    """

    sitting: Sitting
    signs: Mapping[str, Confirmation] = field(default_factory=dict)
    papers_opened: datetime | None = None
    norm: Entry[Norm] | None = None
    labels: Mapping[str, tuple[Entry[LabelsRead], ...]] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return self.sitting.plan.number

    def has_begun(self, now: datetime) -> bool:
        return self.sitting.opened is not None or self.sitting.start <= now

    def is_over(self, now: datetime) -> bool:
        """Closed; or never opened, and its planned time is past."""
        sitting = self.sitting
        return sitting.closed is not None or (sitting.opened is None and sitting.end <= now)


@dataclass(frozen=True)
class DayFacts:
    """All that these rules need of one batch, as it stands at ``now``. ``scores`` tell how a subject was examined."""

    batch: Batch
    now: datetime
    sittings: tuple[SittingDay, ...] = ()
    seats: tuple[Entry[Seat], ...] = ()
    sign_ins: tuple[Entry[SignIn], ...] = ()
    printings: tuple[Entry[Printing], ...] = ()
    hand_overs: tuple[Entry[HandOver], ...] = ()
    packages: tuple[Entry[Package], ...] = ()
    no_papers: tuple[Entry[NoPapers], ...] = ()
    room_records: tuple[Entry[RoomRecord], ...] = ()
    scores: tuple[Entry[CandidateScore], ...] = ()

    @cached_property
    def seated(self) -> dict[int, dict[str, list[Seat]]]:
        """By sitting and ticket the seats of each candidate."""
        found: dict[int, dict[str, list[Seat]]] = {}
        for entry in self.seats:
            seat = entry.thing
            found.setdefault(seat.sitting, {}).setdefault(seat.ticket, []).append(seat)
        return found

    @cached_property
    def handed(self) -> dict[str, dict[Stage, Entry[HandOver]]]:
        """By parcel its hand-overs."""
        found: dict[str, dict[Stage, Entry[HandOver]]] = {}
        for entry in self.hand_overs:
            found.setdefault(entry.thing.parcel, {})[entry.thing.stage] = entry
        return found

    def subjects_in(self, number: int) -> tuple[str, ...]:
        """The subjects that are seated in a sitting."""
        seats = (seat for own in self.seated.get(number, {}).values() for seat in own)
        return tuple(sorted({seat.subject for seat in seats}))

    def records_in(self, number: int) -> list[Entry[RoomRecord]]:
        return [entry for entry in self.room_records if entry.thing.sitting == number]


def facts_of(database: Database, batch_id: str, now: datetime) -> DayFacts:
    """Read what the rules need. Raises UnknownBatch, DatabaseUnavailable."""
    batch = database.setup.batch(batch_id)
    if batch is None:
        raise UnknownBatch(f"there is no batch {batch_id}; `kaojian status` shows all")
    register, papers = database.register, papers_of(database, batch_id)
    catalogues, norms = register.standing(CATALOGUES), register.standing(NORMS)
    days, read = [], {entry.key: entry for entry in register.standing(LABELS_READ, site=batch.site)}
    for sitting in database.setup.sittings(batch_id):
        number = sitting.plan.number
        said, opened = confirmations_of(database, batch_id, number), None
        if (marked := latest_marks(database.marks.of(batch_id, number)).get(Mark.OPENED)) is not None:
            opened = marked.at
        signs = {room: each for (room, item), each in said.items() if item is Item.SIGNS}
        norm = norm_in_force(sitting.batch.project, local_day(sitting.start), catalogues, norms)
        days.append(SittingDay(sitting, signs, opened, norm, _labels(database, sitting, read, now)))
    return DayFacts(
        batch,
        now,
        tuple(days),
        tuple(register.standing(SEATS, batch=batch_id)),
        tuple(register.standing(SIGN_INS, batch=batch_id)),
        papers.printings,
        papers.hand_overs,
        papers.packages,
        papers.no_papers,
        records_of(database, batch_id),
        tuple(entry for entries in scores_of(database, batch_id).values() for entry in entries),
    )


def findings(facts: DayFacts, rules: RulePack) -> tuple[Ruled, ...]:
    """C6.2-1, C6.4-1 and C6.5-1, in this order."""
    return (signs_shown(facts), papers_kept(facts, rules), as_in_the_norm(facts, rules))


@dataclass(frozen=True, slots=True)
class _Said:
    """One part of a finding, with the entries that it rests on."""

    verdict: Verdict
    zh: str
    en: str
    on: tuple[Entry[Any], ...] = ()


_TOLD = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING, Verdict.WARN)


def _ruled(clause: str, said: Iterable[_Said]) -> Ruled:
    """The verdict that stands for all, what led to it first; nothing hides behind what weighs more."""
    found = list(said) or [_Said(Verdict.UNKNOWN, "批次没有场次", "the batch has no sitting")]
    verdict = fold(each.verdict for each in found)
    order = [verdict, *(each for each in _TOLD if each is not verdict)]
    telling = [each for which in order for each in found if each.verdict is which]
    zh = "；".join(dict.fromkeys(each.zh for each in telling))
    en = "; ".join(dict.fromkeys(each.en for each in telling))
    rests_on = dict.fromkeys(entry.name for each in found for entry in each.on)
    return Ruled(Finding(clause, verdict, zh, en), tuple(rests_on))


def _labels(
    database: Database, sitting: Sitting, read: Mapping[str, Entry[LabelsRead]], now: datetime
) -> dict[str, tuple[Entry[LabelsRead], ...]]:
    """By room, what could be read in the references that a sitting rests on, or would if it were opened now."""
    at, cameras = sitting.opened or now, {entry.thing.camera for entry in read.values()}
    found: dict[str, list[Entry[LabelsRead]]] = {}
    for room in sitting.rooms:
        for camera in (each.id for each in room.cameras if each.id in cameras):
            entry = read.get(f"{camera}/{database.looks.reference_id(camera, at)}")
            if entry is not None:
                found.setdefault(room.id, []).append(entry)
    return {room: tuple(entries) for room, entries in found.items()}


# --- C6.2-1: signs --------------------------------------------------------------------------------------------------


def signs_shown(facts: DayFacts) -> Ruled:
    """C6.2-1 六(二): signs, what the room is, and a label at each station, as seen before the opening. A person
    confirms it; which labels a reference picture shows is told beside, and decides nothing.
    """
    rooms = [(day, room) for day in facts.sittings for room in day.sitting.plan.rooms]
    return _ruled("C6.2-1", (_beside(_signs(day, room, facts.now), day.labels.get(room, ())) for day, room in rooms))


def _beside(said: _Said, labels: Sequence[Entry[LabelsRead]]) -> _Said:
    """With the labels that references of the room's cameras show, and those that none of them does."""
    read = {station for entry in labels for station in entry.thing.read}
    unread = {station for entry in labels for station in entry.thing.unread} - read
    zh, en = said.zh, said.en
    if read:
        zh += f"，基准画面可读出工位号{'、'.join(sorted(read))}"
        en += f", the reference pictures show the labels {', '.join(sorted(read))}"
    if unread:
        zh += f"，基准画面未能读出工位号{'、'.join(sorted(unread))}（仅供查看）"
        en += (
            f", in the reference pictures the labels {', '.join(sorted(unread))} could not be read (for a look only)"
        )
    return replace(said, zh=zh, en=en, on=(*said.on, *labels))


def _signs(day: SittingDay, room: str, now: datetime) -> _Said:
    said, sitting = day.signs.get(room), day.sitting
    zh, en = f"第{day.number}场{room}考场", f"sitting {day.number}, room {room}"
    begun = day.has_begun(now)
    open_one = Verdict.UNKNOWN if begun else Verdict.PENDING
    if said is None:
        return _Said(open_one, f"{zh}：标识、考场信息与工位号无人确认", f"{en}: nobody confirmed signs and labels")
    if said.refutes:
        told_zh = "、".join(f"{station}号工位" for station in said.lacking)
        told_zh = f"{told_zh}无工位号" if told_zh else "标识不符"
        told_en = f"station {', '.join(said.lacking)} unlabelled" if said.lacking else "signs not as they must be"
        note = f"：{said.note}" if said.note else ""
        verdict = Verdict.FAIL if begun else Verdict.PENDING  # until the opening it can be mended
        return _Said(verdict, f"{zh}：{told_zh}{note}", f"{en}: {told_en}{': ' + said.note if said.note else ''}")
    if not said.stands:
        return _Said(open_one, f"{zh}：标识的确认已撤回", f"{en}: the confirmation of signs was taken back")
    bell = min((each for each in (sitting.opened, sitting.actual_start) if each is not None), default=None)
    if bell is not None and said.at > bell:
        return _Said(Verdict.UNKNOWN, f"{zh}：标识在开考后才确认", f"{en}: signs were confirmed only after the start")
    at = _moment(said.at)
    return _Said(Verdict.PASS, f"{zh}：标识与工位号于{at}确认", f"{en}: signs and labels confirmed at {at}")


# --- C6.4-1: exam papers --------------------------------------------------------------------------------------------


def papers_kept(facts: DayFacts, rules: RulePack) -> Ruled:
    """C6.4-1 六(四): every parcel was printed by the centre, and each stage of its way is there, signed, in its time.

    A written subject and a practical one have parcels, unless of a practical one it is on record that it has none; a
    subject that a machine examines has a package, received before the start.
    """
    return _ruled("C6.4-1", (said for day in facts.sittings for said in _papers(facts, day, rules)))


def _papers(facts: DayFacts, day: SittingDay, rules: RulePack) -> Iterator[_Said]:
    if day.norm is None:
        open_one = Verdict.UNKNOWN if day.has_begun(facts.now) else Verdict.PENDING
        zh, en = f"第{day.number}场：未登记有效的考核规范", f"sitting {day.number}: no norm in force is on record"
        yield _Said(open_one, zh, en)
        return
    methods = {each.name: each.method for each in day.norm.thing.subjects}
    if not (wanted := facts.subjects_in(day.number)):
        yield _no_seats(facts, day)
    for subject in wanted:
        method = methods.get(subject)
        if method is None:
            zh, en = f"规范无科目“{subject}”", f"the norm has no subject {subject}"
            yield _Said(Verdict.UNKNOWN, f"第{day.number}场：{zh}", f"sitting {day.number}: {en}", (day.norm,))
        elif method is Method.MACHINE:
            yield _package(facts, day, subject)
        else:
            yield from _parcels(facts, day, subject, method, rules)


def _no_seats(facts: DayFacts, day: SittingDay) -> _Said:
    verdict = Verdict.UNKNOWN if day.has_begun(facts.now) else Verdict.PENDING
    zh = f"第{day.number}场：没有座位安排，不知考核哪些科目"
    return _Said(verdict, zh, f"sitting {day.number}: no seat is on record, so its subjects are not known")


def _package(facts: DayFacts, day: SittingDay, subject: str) -> _Said:
    zh, en = f"第{day.number}场{subject}", f"sitting {day.number}, {subject}"
    found = [each for each in facts.packages if _serves(each.thing, day.number, subject)]
    if not found:
        verdict = Verdict.UNKNOWN if day.has_begun(facts.now) else Verdict.PENDING
        return _Said(verdict, f"{zh}：考题包无接收记录", f"{en}: no receipt of its package is on record")
    own = [each for each in found if each.thing.sitting is not None] or found
    package = own[0].thing
    if package.at > day.sitting.start:
        at = _moment(package.at)
        return _Said(Verdict.FAIL, f"{zh}：考题包{at}才接收，晚于开考", f"{en}: package received at {at}", (own[0],))
    digest = package.sha256[:12]
    return _Said(Verdict.PASS, f"{zh}：考题包{digest}已接收", f"{en}: package {digest} was received", (own[0],))


def _serves(package: Package, number: int, subject: str) -> bool:
    return package.subject == subject and package.sitting in {None, number}


def _parcels(facts: DayFacts, day: SittingDay, subject: str, method: Method, rules: RulePack) -> Iterator[_Said]:
    zh, en = f"第{day.number}场{subject}", f"sitting {day.number}, {subject}"
    own = [e for e in facts.printings if (e.thing.sitting, e.thing.subject) == (day.number, subject)]
    none = [each for each in facts.no_papers if each.thing.subject == subject]
    if not own and none and method is Method.PRACTICAL:
        why = none[0].thing.reason
        yield _Said(Verdict.NOT_APPLICABLE, f"{zh}：无试卷（{why}）", f"{en}: has no papers ({why})", (none[0],))
    elif not own:
        verdict = Verdict.UNKNOWN if day.has_begun(facts.now) else Verdict.PENDING
        yield _Said(verdict, f"{zh}：试卷无印制记录", f"{en}: no printing of papers is on record")
    for printing in own:
        handed = facts.handed.get(printing.thing.parcel, {})
        chain = _Chain(day, printing, handed, facts.now, _filed_by(facts, rules))
        parts = list(chain.said())
        label = (f"{zh}试卷{printing.thing.parcel}", f"{en}, parcel {printing.thing.parcel}")
        if not parts:
            told = ("交接链完整", "the chain of custody is whole")
            yield _Said(Verdict.PASS, f"{label[0]}：{told[0]}", f"{label[1]}: {told[1]}", chain.on)
        for part in parts:
            yield _Said(part.verdict, f"{label[0]}：{part.zh}", f"{label[1]}: {part.en}", chain.on)


def _filed_by(facts: DayFacts, rules: RulePack) -> datetime:
    """Until when papers may be on their way back: so many days after the last end of the batch."""
    return max(each.sitting.end for each in facts.sittings) + timedelta(days=rules.filing_days)


@dataclass(frozen=True, slots=True)
class _Chain:
    """One parcel's way, as it is judged."""

    day: SittingDay
    printing: Entry[Printing]
    handed: Mapping[Stage, Entry[HandOver]]
    now: datetime
    filed_by: datetime

    @property
    def on(self) -> tuple[Entry[Any], ...]:
        return (self.printing, *(self.handed[stage] for stage in Stage if stage in self.handed))

    @property
    def times(self) -> dict[Stage, datetime]:
        """When each stage was that is on record, in their order."""
        found = {Stage.PRINTED: self.printing.thing.at}
        found |= {stage: entry.thing.at for stage, entry in self.handed.items()}
        if self.day.papers_opened is not None:
            found[Stage.OPENED] = self.day.papers_opened
        return {stage: found[stage] for stage in Stage if stage in found}

    def said(self) -> Iterator[_Said]:
        """What is wrong or wanting; nothing where the chain holds."""
        if not self.printing.thing.by_centre:
            yield _broken(Stage.PRINTED, "非市中心印制", "not printed by the centre")
        if self.handed:
            yield from self._missing()
        else:
            verdict = Verdict.UNKNOWN if self.day.has_begun(self.now) else Verdict.PENDING
            yield _Said(verdict, "没有交接记录", "no hand-over is on record")
        yield from self._out_of_order()
        yield from self._opened_early()
        for stage, entry in self.handed.items():
            yield from _signatures(stage, entry.thing)
            yield from self._seal(stage, entry.thing)
        yield from self._passed_on()

    def _missing(self) -> Iterator[_Said]:
        times, stages = self.times, list(Stage)
        for number, stage in enumerate(stages):
            if stage in times:
                continue
            if any(later in times for later in stages[number + 1 :]):
                yield _broken(stage, "无记录", "no record")
            elif self._due(stage):
                yield _Said(Verdict.UNKNOWN, f"{stage.zh}无记录", f"{stage.value}: no record")
            else:
                yield _Said(Verdict.PENDING, f"待{stage.zh}", f"not {stage.value} yet")

    def _due(self, stage: Stage) -> bool:
        """Whether it should have happened by now."""
        if stage is Stage.FILED:
            return self.now > self.filed_by
        if stage in {Stage.COLLECTED, Stage.SEALED}:
            return self.day.is_over(self.now) and self.now >= self.day.sitting.window.end
        return self.day.has_begun(self.now)

    def _out_of_order(self) -> Iterator[_Said]:
        times = list(self.times.items())
        for (first, one), (later, other) in pairwise(times):
            if other < one:
                told = (f"早于{first.zh}（{_moment(other)}）", f"at {_moment(other)}, before {first.value}")
                yield _broken(later, *told)

    def _opened_early(self) -> Iterator[_Said]:
        opened, sitting = self.day.papers_opened, self.day.sitting
        if opened is not None and opened < (earliest := sitting.start - sitting.plan.lead):
            told = f"{_moment(opened)}启封，早于{_moment(earliest)}"
            yield _broken(Stage.OPENED, told, f"opened at {_moment(opened)}, before {_moment(earliest)}")

    def _seal(self, stage: Stage, told: HandOver) -> Iterator[_Said]:
        if stage in UNDER_SEAL and told.intact is None:
            yield _Said(Verdict.UNKNOWN, f"{stage.zh}时封条是否完好无记录", f"{stage.value}: nobody said of the seal")
        if told.intact is False:
            yield _broken(stage, "封条已破", "the seal was broken")
        sealed = self.handed.get(Stage.SEALED)
        put_on = self.printing.thing.seal if stage in BEFORE else sealed.thing.seal if sealed is not None else ""
        if stage in UNDER_SEAL and told.seal and put_on and not same_name(told.seal, put_on):
            yield _broken(stage, f"封条号{told.seal}与{put_on}不符", f"seal {told.seal} is not {put_on}")

    def _passed_on(self) -> Iterator[_Said]:
        """Whoever took a parcel hands it on; under another name a person should look."""
        for first, later in pairwise(BEFORE):
            taken, given = self.handed.get(first), self.handed.get(later)
            if taken is None or given is None or not taken.thing.taken_by or not given.thing.given_by:
                continue
            if not same_name(taken.thing.taken_by, given.thing.given_by):
                zh, en = (
                    f"{later.zh}交出人不是{first.zh}接收人",
                    f"who handed over when {later.value} had not taken it",
                )
                yield _Said(Verdict.WARN, zh, en)


def _broken(stage: Stage, zh: str, en: str) -> _Said:
    return _Said(Verdict.FAIL, f"试卷交接链断{stage.zh}：{zh}", f"custody chain broken at {stage.value}: {en}")


def _signatures(stage: Stage, told: HandOver) -> Iterator[_Said]:
    for name, zh, en in (
        (told.given_by, "缺交出人签名", "nobody signed it over"),
        (told.taken_by, "缺接收人签名", "nobody signed for it"),
    ):
        if not name:
            yield _broken(stage, zh, en)
    if told.given_by and same_name(told.given_by, told.taken_by):
        yield _broken(stage, "交出与接收为同一方", "handed over and taken by the same")


# --- C6.5-1: as in the norm -----------------------------------------------------------------------------------------


def as_in_the_norm(facts: DayFacts, rules: RulePack) -> Ruled:
    """C6.5-1 六(五): each subject was examined by the method and for as long as its norm says.

    Longer wants an extension with its reason in the room's record; shorter is noted, unless everybody had left.
    """
    return _ruled("C6.5-1", (said for day in facts.sittings for said in _held(facts, day, rules)))


def _held(facts: DayFacts, day: SittingDay, rules: RulePack) -> Iterator[_Said]:
    zh, en = f"第{day.number}场", f"sitting {day.number}"
    came = [entry.thing for entry in facts.sign_ins if entry.thing.sitting == day.number]
    if not day.is_over(facts.now):
        yield _Said(Verdict.PENDING, f"{zh}：考试尚未结束", f"{en}: the exam is not over")
    elif came and not any(each.present for each in came):
        yield _Said(Verdict.NOT_APPLICABLE, f"{zh}：无人应考", f"{en}: nobody came")
    elif day.norm is None:
        yield _Said(Verdict.UNKNOWN, f"{zh}：未登记有效的考核规范", f"{en}: no norm in force is on record")
    elif not (subjects := facts.subjects_in(day.number)):
        yield _no_seats(facts, day)
    else:
        norm = {each.name: each for each in day.norm.thing.subjects}
        strange = [subject for subject in subjects if subject not in norm]
        for subject in strange:
            yield _Said(Verdict.UNKNOWN, f"{zh}：规范无科目“{subject}”", f"{en}: the norm has no subject {subject}")
        for subject in subjects:
            if subject not in strange:
                yield _method(facts, day, subject, norm[subject].method)
        if not strange:
            minutes = {name: each.duration_min for name, each in norm.items()}
            yield from _lengths(facts, day, minutes, rules)


def _method(facts: DayFacts, day: SittingDay, subject: str, wanted: Method) -> _Said:
    zh, en = f"第{day.number}场{subject}", f"sitting {day.number}, {subject}"
    here = {
        ticket for ticket, seats in facts.seated[day.number].items() if any(seat.subject == subject for seat in seats)
    }
    shown: list[tuple[Entry[Any], Method]] = [
        (entry, held.method)
        for entry in facts.records_in(day.number)
        for held in entry.thing.held
        if held.subject == subject
    ]
    shown += [
        (entry, entry.thing.score.method)
        for entry in facts.scores
        if entry.thing.candidate in here and entry.thing.score.subject == subject
    ]
    other = [(entry, method) for entry, method in shown if method is not wanted]
    if other:
        entry, method = other[0]
        told = f"考核方式{method.zh}，规范{wanted.zh}"
        return _Said(Verdict.FAIL, f"{zh}：{told}", f"{en}: {method.value}, the norm says {wanted.value}", (entry,))
    if not shown:
        return _Said(Verdict.UNKNOWN, f"{zh}：考核方式无记录", f"{en}: by which method is not on record")
    on = (shown[0][0], *((day.norm,) if day.norm is not None else ()))
    return _Said(Verdict.PASS, f"{zh}：{wanted.zh}，与规范相同", f"{en}: {wanted.value}, as in the norm", on)


def _lengths(facts: DayFacts, day: SittingDay, minutes: Mapping[str, int], rules: RulePack) -> Iterator[_Said]:
    """Of the whole sitting, and of each station that has its own times."""
    sitting = day.sitting
    start, end = sitting.actual_start, sitting.actual_end
    zh, en = f"第{day.number}场", f"sitting {day.number}"
    if start is None or end is None:
        yield _Said(Verdict.UNKNOWN, f"{zh}：实际起止时间无记录", f"{en}: actual start and end are not on record")
        return
    own = {each.station for each in sitting.plan.stations}
    wanted: dict[str, set[int]] = {}  # by station with own times; "" for all others
    for seats in facts.seated[day.number].values():
        place = seats[0].station if seats[0].station in own else ""
        wanted.setdefault(place, set()).add(sum(minutes[seat.subject] for seat in seats))
    for station, lengths in sorted(wanted.items()):
        if not station:
            yield from _length(facts, day, (zh, en), (end - start, lengths), rules)
            continue
        for each in sitting.plan.stations:
            if each.station == station:
                took = max(min(each.interval.end, end) - max(each.interval.start, start), timedelta())
                label = (f"{zh}{station}工位", f"{en}, station {station}")
                yield from _length(facts, day, label, (took, lengths), rules)


def _length(
    facts: DayFacts, day: SittingDay, label: tuple[str, str], length: tuple[timedelta, set[int]], rules: RulePack
) -> Iterator[_Said]:
    (zh, en), (took, lengths) = label, length
    actual, norm = took.total_seconds() / 60, max(lengths)
    told = (
        f"{zh}：时长{_minutes(actual)}分钟，规范{norm}分钟",
        f"{en}: {_minutes(actual)} min, the norm says {norm} min",
    )
    on = (day.norm,) if day.norm is not None else ()
    if len(lengths) > 1:
        shorter = "、".join(f"{each}" for each in sorted(lengths)[:-1])
        more = (
            f"同场另有{shorter}分钟的科目，其时长未分别记录",
            f"others in it have {shorter} min, not measured apart",
        )
        yield _Said(Verdict.WARN, f"{zh}：{more[0]}", f"{en}: {more[1]}", on)
    if actual - norm > rules.duration_off_min:
        yield _longer(facts, day, told, actual - norm - rules.duration_off_min)
    elif norm - actual > rules.duration_off_min:
        yield _shorter(facts, day, told)
    else:
        yield _Said(Verdict.PASS, *told, on)


def _longer(facts: DayFacts, day: SittingDay, told: tuple[str, str], over_min: float) -> _Said:
    """Whether the records of its rooms have an extension that explains it. ``over_min``: beyond the tolerance."""
    records = facts.records_in(day.number)
    on = tuple(records)
    if not records:
        return _Said(Verdict.UNKNOWN, f"{told[0]}，未登记考场记录表", f"{told[1]}; no room's record is there", on)
    best = max(records, key=lambda entry: entry.thing.extended_min)
    extended = best.thing.extended_min
    if not extended:
        return _Said(Verdict.FAIL, f"{told[0]}，考场记录表无延时原因", f"{told[1]}; no extension is recorded", on)
    zh, en = f"{told[0]}，考场记录表延时{extended}分钟", f"{told[1]}; extended by {extended} min"
    if extended < over_min:
        return _Said(Verdict.FAIL, f"{zh}，不足以说明", f"{en}, which does not explain it", on)
    if not best.thing.is_signed:
        return _Said(Verdict.WARN, f"{zh}，记录表签名不全", f"{en}; that record is not signed by all", on)
    return _Said(Verdict.PASS, zh, en, on)


def _shorter(facts: DayFacts, day: SittingDay, told: tuple[str, str]) -> _Said:
    """Ended early for all: noted, unless the records of all its rooms say that everybody had left."""
    records, end = facts.records_in(day.number), day.sitting.end
    left = {entry.thing.room for entry in records if entry.thing.all_left is not None and entry.thing.all_left <= end}
    used = {seat.room for seats in facts.seated[day.number].values() for seat in seats}
    if used <= left:
        zh, en = f"{told[0]}，考生均已提前交卷离场", f"{told[1]}; everybody had handed in and left"
        return _Said(Verdict.PASS, zh, en, tuple(records))
    return _Said(Verdict.WARN, f"{told[0]}，提前结束", f"{told[1]}; ended early", tuple(records))


def _moment(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _minutes(length: float) -> str:
    """With one decimal, and without any for whole minutes."""
    return f"{length:.1f}".removesuffix(".0")
