"""Results 成绩 as files: what paper score sheets 评分表 say, taken in as transcribed, and marks written so.

A row is one mark: whose, in which subject, who scored and when, who signed and when, and when the leader did. A file
is taken in as a whole or refused as a whole, with row and heading of everything that is wrong; the same file again
changes nothing. Whoever types it off signs nothing and is nobody's examiner, so:

1. Each mark says of itself that it was transcribed. Its signatures are those of the paper, and stand at the gate only
   while the score sheets of that subject and sitting are filed in the dossier (``domain.scores.flaws``).
2. How a subject is examined is told by the norm. A machine's result 机考 is never transcribed: the machine signs it.
3. Who scored, signed or led is on record as an examiner, or as a marking 阅卷; whether they were sent, there and
   authorised is asked at the gate, as of every mark.
4. Only what was transcribed is changed by another file, and only with a reason; adding signatures needs none. What
   somebody gave under their account, or a system handed in, is theirs.

Not here: the sheets' scans (``records.dossier``), marks given under accounts (``records.scores``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from config.errors import Problem
from domain.grounds import Method, Norm
from domain.people import Actor
from domain.register import Draft, Entry
from domain.roll import CANDIDATES, SEATS, SIGN_INS, TICKET, Candidate
from domain.scores import CandidateScore, MarkingOrder, Score, Signature
from domain.timeline import rfc3339
from records import shapes, sheets
from records.errors import ExportRefused, NoReason, ScoreRefused, SheetRefused
from records.exam_papers import norm_of_batch
from records.marking import orders_of
from records.panels import EXAMINERS
from records.scores import SCORES, Place
from records.shapes import Field, Line, Profile, Shape, Taken, lines_of
from storage.database import Database
from storage.errors import UnknownBatch

_MARK = re.compile(r"\d{1,3}(\.\d{1,2})?", re.ASCII)
_ABSENT = frozenset({"缺考", "缺", "未考", "absent"})
TITLE = "成绩"


def _mark(cell: str) -> Decimal:
    if cell.casefold() in _ABSENT:
        raise ValueError(
            "缺考者没有成绩，请删去此行并登记缺考 · who was absent has no mark: leave the row out, see `roll absent`"
        )
    if not _MARK.fullmatch(cell):
        raise ValueError("应为分数，如 86 或 59.5 · must be a mark like 86 or 59.5, of two decimal places at most")
    return Decimal(cell)


def _who(cell: str) -> str:
    if not TICKET.fullmatch(cell):
        raise ValueError("应为考评员或阅卷安排的编号 · must be the id of an examiner or of a marking, never a name")
    return cell


SHEET = Shape(
    "scores",
    "成绩单",
    (
        Field("ticket", ("准考证号",), shapes.ticket, wanted=True),
        Field("subject", ("科目", "考核科目"), wanted=True),
        Field("value", ("成绩", "分数", "得分"), _mark, wanted=True),
        Field("scorer", ("评分人", "考评员", "考评员编号"), _who, wanted=True),
        Field("given", ("评分时间",), shapes.instant, wanted=True),
        Field("signer", ("签字人",), _who),
        Field("signed", ("签字时间",), shapes.instant),
        Field("leader", ("考评组长", "组长"), _who),
        Field("confirmed", ("组长签字时间",), shapes.instant),
        Field("total", ("总成绩", "总分", "合成成绩"), _mark),
    ),
)
"""One row: one mark. Without 签字人 it is the scorer who signed; times are those of Shaoguan. The total of a
candidate, where the sheet states one, is the same in each of their rows that has it.
"""


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What taking in a file did, or would do: marks by what became of them, and headings that nobody asked for."""

    new: int
    changed: int
    unchanged: int
    unread: tuple[str, ...]

    @property
    def changes(self) -> bool:
        return bool(self.new or self.changed)


def take_in(
    database: Database,
    batch: str,
    data: bytes,
    file: str,
    *,
    actor: Actor,
    now: datetime,
    full_mark: int,
    profile: Profile | None = None,
    reason: str = "",
    only_look: bool = False,
) -> Transcribed:
    """Take in what score sheets say, as one act; with ``only_look``, say what would be done and enter nothing.

    Raises UnknownBatch; ScoreRefused where nobody knows how the batch is examined; SheetRefused; NoReason where a
    mark would be changed without one; RevisedMeanwhile, DatabaseUnavailable.
    """
    known = _Known.of(database, batch)
    taken = lines_of(sheets.read(data, file, profile.sheet if profile else ""), SHEET, profile)
    reading = _Reading(known, taken, file, now, full_mark)
    reading.read()
    if reading.problems:
        raise SheetRefused(reading.problems)
    standing = known.standing
    drafts = [
        Draft(SCORES, key, thing, batch=batch, after=standing[key].revision if key in standing else 0)
        for key, thing in reading.marks.items()
        if key not in standing or not _same(standing[key].thing.score, thing.score)
    ]
    reasonless = [each.key for each in drafts if each.key in standing and not _completes(each, standing[each.key])]
    if reasonless and not reason.strip():
        before = standing[reasonless[0]]
        raise NoReason(
            f"{len(reasonless)} marks are on record otherwise, {before.key} as {before.thing.score.value} since "
            f"{rfc3339(before.at)}: say why they are changed (--reason) 更改成绩须说明原因"
        )
    if drafts and not only_look:
        database.register.enter("transcribe_scores_batch", batch, drafts, actor, now, reason=reason.strip())
    changed = sum(each.key in standing for each in drafts)
    return Transcribed(len(drafts) - changed, changed, len(reading.marks) - len(drafts), reading.taken.unread)


def rows(database: Database, batch: str) -> list[tuple[str, ...]]:
    """The marks of a batch as they stand, as rows of ``SHEET``, by candidate and subject, whoever gave them; without
    those who have none. Raises UnknownBatch, DatabaseUnavailable.
    """
    if database.setup.batch(batch) is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    found = database.register.standing(SCORES, batch=batch)
    return [_cells(each.thing) for each in found if each.thing.score.value is not None]


def written(found: list[tuple[str, ...]], file: str) -> bytes:
    """The rows as CSV where the name ends so, else as XLSX.

    Raises ExportRefused where they would be read otherwise than they are written.
    """
    headings = SHEET.headings
    as_text = file.lower().endswith(".csv")
    content = sheets.as_text(headings, found) if as_text else sheets.as_workbook(headings, found, TITLE)
    if found:
        taken = lines_of(sheets.read(content, file), SHEET)
        scores = [(each.values["ticket"], _score(each, Method.PRACTICAL)) for each in taken.lines]
        if taken.problems or [_cells(CandidateScore("", *each)) for each in scores] != found:
            raise ExportRefused("a mark would be read otherwise than it was written; nothing is given away 无法导出")
    return content


def _cells(thing: CandidateScore) -> tuple[str, ...]:
    score = thing.score
    signed, confirmed = score.signed, score.confirmed
    return (
        thing.candidate,
        score.subject,
        f"{score.value:f}" if score.value is not None else "",
        score.scorer,
        shapes.instant_text(score.given),
        signed.by if signed is not None else "",
        shapes.instant_text(signed.at if signed is not None else None),
        confirmed.by if confirmed is not None else "",
        shapes.instant_text(confirmed.at if confirmed is not None else None),
        f"{score.total:f}" if score.total is not None else "",
    )


# --- Reading a file -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """What is on record of a batch that a file is held against."""

    batch: str
    norm: Norm
    roll: dict[str, Candidate]
    absent: frozenset[tuple[str, str]]  # ticket and subject
    examiners: frozenset[str]
    orders: dict[str, MarkingOrder]
    standing: dict[str, Entry[CandidateScore]]

    @classmethod
    def of(cls, database: Database, batch: str) -> _Known:
        """Raises UnknownBatch, ScoreRefused."""
        known = database.setup.batch(batch)
        if known is None:
            raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
        norm = norm_of_batch(database, known)
        if norm is None:
            raise ScoreRefused(
                f"no norm of {known.project} is on record, so nobody knows how its subjects are examined; "
                "`kaojian grounds import` first 请先登记考核规范"
            )
        register = database.register
        roll = {each.thing.ticket: each.thing for each in register.standing(CANDIDATES, batch=batch)}
        return cls(
            batch=batch,
            norm=norm,
            roll=roll,
            absent=frozenset(_absences(database, batch)),
            examiners=frozenset(each.key for each in register.standing(EXAMINERS)),
            orders={each.thing.id: each.thing for each in orders_of(database, batch)},
            standing={each.key: each for each in register.standing(SCORES, batch=batch)},
        )

    def method(self, subject: str) -> Method | None:
        return next((each.method for each in self.norm.subjects if each.name == subject), None)


def _absences(database: Database, batch: str) -> Iterator[tuple[str, str]]:
    """Who was absent, and in which subject: in every sitting in which they were to sit for it."""
    came = {
        (each.thing.ticket, each.thing.sitting): each.thing.present
        for each in database.register.standing(SIGN_INS, batch=batch)
    }
    sat: dict[tuple[str, str], list[bool | None]] = {}
    for entry in database.register.standing(SEATS, batch=batch):
        seat = entry.thing
        sat.setdefault((seat.ticket, seat.subject), []).append(came.get((seat.ticket, seat.sitting)))
    return (who for who, there in sat.items() if all(each is False for each in there))


@dataclass
class _Reading:
    """The rows of one file, held against the record and against each other."""

    known: _Known
    taken: Taken
    file: str
    now: datetime
    full_mark: int
    problems: list[Problem] = field(default_factory=list)
    marks: dict[str, CandidateScore] = field(default_factory=dict)  # by key
    _first: dict[str, int] = field(default_factory=dict)
    _totals: dict[str, tuple[int, Decimal]] = field(default_factory=dict)  # by ticket

    def read(self) -> None:
        """Fill marks, or problems."""
        self.problems.extend(self.taken.problems)
        for line in self.taken.lines:
            wrong = list(self._wrong(line))
            for column, sentence in wrong:
                heading = self.taken.headings.get(column) or next(
                    each.headings[0] for each in SHEET.fields if each.id == column
                )
                self.problems.append(Problem(self.file, line.row, heading, sentence))
            if not wrong:
                self._keep(line)

    def _keep(self, line: Line) -> None:
        method = self.known.method(line.values["subject"]) or Method.PRACTICAL  # what is wrong was told
        score = _score(line, method)
        thing = CandidateScore(self.known.batch, line.values["ticket"], score)
        self.marks[Place(self.known.batch, thing.candidate, score.subject).key] = thing

    def _wrong(self, line: Line) -> Iterator[tuple[str, str]]:
        """What is wrong with a row, as field and sentence."""
        told = line.values
        ticket, subject = told["ticket"], told["subject"]
        candidate = self.known.roll.get(ticket)
        if candidate is None:
            yield "ticket", "名册中没有该准考证号 · is not on the roll of the batch"
        elif subject not in candidate.subjects:
            yield "subject", "该考生没有此科目 · is no subject of that candidate"
        elif (ticket, subject) in self.known.absent:
            yield "value", "该考生缺考，没有成绩 · the candidate was absent, and has no mark"
        key = Place(self.known.batch, ticket, subject).key
        first = self._first.setdefault(key, line.row)
        if first != line.row:
            yield "ticket", f"与第 {first} 行重复 · the same candidate and subject as in row {first}"
        for column in ("value", "total"):
            if told[column] is not None and told[column] > self.full_mark:
                yield column, f"超过满分 {self.full_mark} · is more than the full mark, {self.full_mark}"
        if told["total"] is not None:
            row, total = self._totals.setdefault(ticket, (line.row, told["total"]))
            if total != told["total"]:
                yield "total", f"与第 {row} 行不一致 · is another total of the candidate than in row {row}"
        if not self._stands_so(line, key):
            yield from self._of_subject(line)
            yield from self._of_others(key)
        yield from self._of_times(line)

    def _stands_so(self, line: Line, key: str) -> bool:
        """Whether that very mark is on record, whoever gave it: what was exported is taken in again."""
        before = self.known.standing.get(key)
        return before is not None and _same(before.thing.score, _score(line, before.thing.score.method))

    def _of_subject(self, line: Line) -> Iterator[tuple[str, str]]:
        """The subject in the norm, and who may have marked it."""
        told, method = line.values, self.known.method(line.values["subject"])
        if method is None:
            yield "subject", "考核规范没有此科目 · is no subject of the norm"
        elif method is Method.MACHINE:
            yield "subject", "机考成绩由机器签名提交，不录入 · is examined by a machine, which signs its own results"
        elif method is Method.WRITTEN:
            order = self.known.orders.get(told["scorer"])
            if order is None or order.subject != told["subject"]:
                yield "scorer", "没有此科目的阅卷安排 · is no marking of that subject; `kaojian marking order` first"
        elif told["scorer"] not in self.known.examiners:
            yield "scorer", "考评员未登记 · is no examiner on record; `kaojian panel import` first"
        if (told["signer"] or told["scorer"]) not in {told["scorer"], *self.known.examiners}:
            yield "signer", "考评员未登记 · is no examiner on record"
        if told["leader"] is not None and told["leader"] not in self.known.examiners:
            yield "leader", "考评员未登记 · is no examiner on record"

    def _of_others(self, key: str) -> Iterator[tuple[str, str]]:
        """Marks that are somebody else's to change."""
        before = self.known.standing.get(key)
        if before is None or before.thing.score.transcribed:
            return
        if before.thing.score.vouched:
            yield "value", "已由外部评分系统提交 · was handed in by an outside system, which alone changes it"
        elif before.thing.score.value is not None:
            yield "value", "已由考评员用账户评分 · was given under an examiner's account, where it is changed"

    def _of_times(self, line: Line) -> Iterator[tuple[str, str]]:
        told = line.values
        given, signed, confirmed = told["given"], told["signed"], told["confirmed"]
        for column in ("given", "signed", "confirmed"):
            if told[column] is not None and told[column] > self.now:
                yield column, "在将来 · lies in the future"
        if signed is not None and signed < given:
            yield "signed", "早于评分时间 · is before the mark was given"
        if signed is None and told["signer"] is not None:
            yield "signed", "有签字人而无签字时间 · somebody signed, and no time is given"
        if confirmed is not None and (signed is None or confirmed < signed):
            yield "confirmed", "组长签字应在评分人签字之后 · the leader signs after the scorer did"
        if (confirmed is None) != (told["leader"] is None):
            yield (
                "confirmed" if confirmed is None else "leader",
                "组长与其签字时间应同时填写 · the leader and the time of the signature are given together",
            )


def _score(line: Line, method: Method) -> Score:
    told, value = line.values, line.values["value"]
    signed = None if told["signed"] is None else Signature(told["signer"] or told["scorer"], told["signed"], value)
    by_leader = told["leader"] is not None and told["confirmed"] is not None
    return Score(
        subject=told["subject"],
        method=method,
        value=value,
        scorer=told["scorer"],
        given=told["given"],
        signed=signed,
        confirmed=Signature(told["leader"], told["confirmed"], value) if by_leader else None,
        transcribed=True,
        total=told["total"],
    )


def _same(old: Score, new: Score) -> bool:
    """Whether a mark that stands says what a file says, whoever gave it."""
    return replace(old, vouched="", machine_signed=False, transcribed=True, method=new.method) == new


def _completes(draft: Draft[CandidateScore], before: Entry[CandidateScore]) -> bool:
    """Whether it gives a mark where there was none, or signs the one that was: nothing that was said is changed."""
    old = before.thing.score
    if draft.value is None:
        return False
    new = draft.value.score
    completed = replace(old, signed=old.signed or new.signed, confirmed=old.confirmed or new.confirmed)
    return old.value is None or _same(completed, new)
