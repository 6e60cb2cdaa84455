"""Files about certificates: the exchange file 交换文件 for the province's system, its answers, and lists of claims.

The exchange file is written from what is on record and read back before anybody has it: what would be read otherwise
is not given away. Answers of the province's platform 查询结果 and lists of claims 补贴申领 are taken in as a whole or
refused as a whole, with row and heading of everything that is wrong; the same file again changes nothing. Layouts are
profiles, since the province's own is not published. Not here: rows and headings (``records.shapes``), and what the
notice says of it (``records.certificate_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any, TypeVar

from config.errors import Problem
from domain import resident_id
from domain.calendar import local_day
from domain.certificates import (
    CERTIFICATES,
    CLAIMS,
    QUERIES,
    Answer,
    Certificate,
    Claim,
    Query,
    Result,
    Serial,
)
from domain.people import Actor
from domain.register import Draft, Entry
from domain.roll import CANDIDATES, TICKET, Candidate, Document, Gender
from records import certificates, sheets
from records.errors import CertificateRefused, NoSuchCertificate, SheetRefused
from records.shapes import Field, Line, Profile, Shape, Taken, lines_of, text
from storage.database import Database
from storage.errors import UnknownBatch
from storage.id_numbers import IdNumbers

Word = TypeVar("Word", Document, Gender, Answer)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_RESULT = re.compile(r"(.+?) (\d{1,3}(?:\.\d{1,6})?)")
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}", re.ASCII)
_NO_LEVEL = "无"
_STANDS, _REVOKED = "有效", "已撤销"


@dataclass(frozen=True, slots=True)
class Row:
    """One certificate with who has it, as a file has it. ``id_number`` is whole or masked, ``level`` "" for none."""

    number: str
    ticket: str
    name: str
    document: Document
    id_number: str
    gender: Gender | None
    project: str
    ability: str
    results: tuple[Result, ...]
    examined: date
    issued: date
    form: str
    level: str = ""
    stands: bool = True


def _ticket(cell: str) -> str:
    if not TICKET.fullmatch(cell):
        raise ValueError("只能用文字、数字、点和连字符 · use letters, digits, points, hyphens")
    return cell


def _number(cell: str) -> str:
    if not _NUMBER.fullmatch(cell):
        raise ValueError("应为证书编号 · must be a certificate's number of letters, digits and hyphens")
    return cell.upper()


def _serial(cell: str) -> str:
    return str(Serial.read(cell))


def _day(cell: str) -> date:
    match = _DAY.fullmatch(cell)
    try:
        return date(*map(int, match.groups())) if match is not None else date(0, 0, 0)
    except ValueError:
        raise ValueError("日期应写作 2026-05-31 · write a day like 2026-05-31") from None


def _results(cell: str) -> tuple[Result, ...]:
    matches = [_RESULT.fullmatch(each) for each in text(cell).split("；")]
    if not all(matches):
        raise ValueError("应写作“理论 80；实操 76.5” · write subjects and marks like 理论 80；实操 76.5")
    return tuple(Result(match[1], Decimal(match[2])) for match in matches if match is not None)


def _level(cell: str) -> str:
    return "" if cell == _NO_LEVEL else text(cell)


def _word(words: Iterable[Word], also: dict[str, Word], cell: str) -> Word:
    known = {each.zh: each for each in words} | also
    if cell not in known:
        raise ValueError(f"应为下列之一 · must be one of: {', '.join(known)}")
    return known[cell]


def _standing(cell: str) -> bool:
    if cell not in (_STANDS, _REVOKED):
        raise ValueError(f"应为下列之一 · must be one of: {_STANDS}, {_REVOKED}")
    return cell == _STANDS


EXCHANGE = Shape(
    "certificates",
    "证书交换文件",
    (
        Field("number", ("证书编号",), _number, wanted=True),
        Field("ticket", ("准考证号",), _ticket, wanted=True),
        Field("name", ("姓名",), wanted=True),
        Field("document", ("证件类型",), partial(_word, tuple(Document), {}), wanted=True),
        Field("id_number", ("证件号码",), wanted=True),
        Field("gender", ("性别",), partial(_word, tuple(Gender), {})),
        Field("project", ("考核项目",), wanted=True),
        Field("ability", ("专项职业能力",), otherwise=""),
        Field("results", ("科目成绩",), _results, wanted=True),
        Field("examined", ("考核日期",), _day, wanted=True),
        Field("issued", ("发证日期",), _day, wanted=True),
        Field("form", ("空白证书印刷号",), _serial, wanted=True),
        Field("level", ("等级",), _level, otherwise=""),
        Field("stands", ("状态",), _standing, otherwise=True),
    ),
)
"""One row: one certificate."""

QUERY = Shape(
    "certificate_query",
    "省平台查询结果",
    (
        Field("number", ("证书编号",), _number, wanted=True),
        Field(
            "answer",
            ("查询结果",),
            partial(_word, tuple(Answer), {"不一致": Answer.DIFFERS, "有": Answer.FOUND, "无": Answer.NOT_FOUND}),
            wanted=True,
        ),
        Field("asked", ("查询日期",), _day),
        Field("name", ("姓名",)),
        Field("project", ("考核项目", "专项职业能力名称")),
        Field("level", ("等级",), _level),
        Field("note", ("备注",), otherwise=""),
    ),
)
"""One row: what the platform says of one number. Name and project, where they are given, are held against ours."""

CLAIM = Shape(
    "claims",
    "补贴申领清单",
    (
        Field("id", ("申领编号", "申领单号"), _ticket, wanted=True),
        Field("number", ("证书编号",), _number, wanted=True),
        Field("claimed", ("申领日期",), _day, wanted=True),
        Field("batch", ("批次",), otherwise=""),
    ),
)
"""One row: one certificate that money is claimed for. The batch is for numbers that nobody here issued."""


# --- The exchange file ----------------------------------------------------------------------------------------------


def rows(
    database: Database, numbers: IdNumbers, batch: str, tickets: Sequence[str] = (), *, whole_numbers: bool
) -> tuple[Row, ...]:
    """The certificates of a batch by number, or the last one of each ticket, as they were issued.

    Raises UnknownBatch, NoSuchCertificate where there is none, KeyRefused, DatabaseUnavailable.
    """
    if database.setup.batch(batch) is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    found = [certificates.find(database, batch, ticket) for ticket in dict.fromkeys(tickets)]
    found = found or list(certificates.of_batch(database, batch))
    if not found:
        raise NoSuchCertificate(f"batch {batch} has no certificate yet; issue some first 该批次尚无证书")
    holders = {entry.name: entry for entry in database.register.revisions(CANDIDATES, batch=batch)}
    return tuple(_row(entry, holders[entry.thing.holder], numbers, whole_numbers) for entry in found)


def _row(entry: Entry[Certificate], holder: Entry[Candidate], numbers: IdNumbers, whole: bool) -> Row:
    value, person = entry.thing, holder.thing
    number = numbers.open(person.sealed, holder.mark)
    return Row(
        number=value.number,
        ticket=value.ticket,
        name=person.name,
        document=person.document,
        id_number=number if whole else resident_id.masked(number),
        gender=person.gender,
        project=value.project,
        ability=value.ability,
        results=value.results,
        examined=value.examined,
        issued=local_day(value.issued),
        form=value.form,
        level=value.level,
        stands=value.stands,
    )


def written(found: Sequence[Row], file: str, profile: Profile | None = None) -> bytes:
    """An XLSX file, or CSV where the name says so, with the first heading of each field of the profile.

    It is read back first. Raises CertificateRefused where it would be read otherwise than it was written.
    """
    told = profile.headings if profile is not None else {}
    headings = [told.get(each.id, each.headings)[0] for each in EXCHANGE.fields]
    cells = [_cells(row) for row in found]
    title = (profile.sheet if profile is not None else "") or "证书"
    content = (
        sheets.as_text(headings, cells)
        if file.lower().endswith(".csv")
        else sheets.as_workbook(headings, cells, title)
    )
    try:
        same = read(content, file, profile) == tuple(found)
    except SheetRefused as refused:
        places = ", ".join(dict.fromkeys(f"row {each.line} {each.field}" for each in refused.problems[:5]))
        raise CertificateRefused(
            f"the file would not be read back ({places}); nothing is given away 无法导出"
        ) from None
    if not same:
        raise CertificateRefused(
            "the file would be read otherwise than it was written; nothing is given away 无法导出"
        )
    return content


def read(data: bytes, file: str, profile: Profile | None = None) -> tuple[Row, ...]:
    """The rows of an exchange file. Raises SheetRefused with everything that is wrong."""
    taken = lines_of(sheets.read(data, file, profile.sheet if profile else ""), EXCHANGE, profile)
    reading = _Reading(file, taken)
    seen: dict[str, int] = {}
    for line in taken.lines:
        reading.once(line, "number", seen)
    reading.finish()
    return tuple(Row(**line.values) for line in taken.lines)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.number,
        row.ticket,
        row.name,
        row.document.zh,
        row.id_number,
        row.gender.zh if row.gender else "",
        row.project,
        row.ability,
        "；".join(f"{each.subject} {each.mark:f}" for each in row.results),
        row.examined.isoformat(),
        row.issued.isoformat(),
        row.form,
        row.level or _NO_LEVEL,
        _STANDS if row.stands else _REVOKED,
    )


# --- What the province's platform says ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a file did. ``older`` were answers before the one that is on record, and stay out."""

    changed: tuple[str, ...]
    unchanged: int
    older: int = 0
    unread: tuple[str, ...] = ()


def take_in_answers(
    database: Database, data: bytes, file: str, *, actor: Actor, now: datetime, profile: Profile | None = None
) -> TakenIn:
    """Take in what the platform said of certificates of ours, as one act. Raises SheetRefused, RevisedMeanwhile."""
    taken = lines_of(sheets.read(data, file, profile.sheet if profile else ""), QUERY, profile)
    ours = {entry.key: entry for entry in database.register.standing(CERTIFICATES)}
    reading, today, seen = _Reading(file, taken), local_day(now), dict[str, int]()
    names = _names(database, {ours[each].batch for line in taken.lines if (each := line.values["number"]) in ours})
    found: dict[str, Query] = {}
    for line in taken.lines:
        entry = ours.get(line.values["number"])
        if entry is None:
            reading.say(line, "number", "没有此编号的证书 · no certificate has that number")
        elif reading.once(line, "number", seen):
            asked = line.values["asked"] or today
            if asked > today:
                reading.say(line, "asked", "在今天之后 · lies in the future")
            elif asked < local_day(entry.thing.issued):
                reading.say(line, "asked", "早于发证日期 · is before the certificate was issued")
            else:
                found[entry.key] = _query(entry.thing, names.get(entry.thing.holder, ""), line, asked)
    reading.finish()
    drafts, older = _differing(database, found, ours)
    if drafts:
        database.register.enter("query_certificates", "certificates", drafts, actor, now)
    changed = tuple(each.key for each in drafts)
    return TakenIn(changed, len(found) - len(changed) - older, older, taken.unread)


def _names(database: Database, batches: Iterable[str]) -> dict[str, str]:
    """Names of candidates by the name of their entry, of each revision."""
    entries = (entry for batch in batches for entry in database.register.revisions(CANDIDATES, batch=batch))
    return {entry.name: entry.value.name for entry in entries if entry.value is not None}


def _query(ours: Certificate, name: str, line: Line, asked: date) -> Query:
    """The answer; one that finds another name or project than ours differs, whatever the file calls it."""
    told, answer, note = line.values, line.values["answer"], line.values["note"]
    if answer is Answer.FOUND:
        wrong = ["姓名"] if told["name"] not in (None, name) else []
        wrong += ["考核项目"] if told["project"] not in (None, ours.project) else []
        if wrong:
            answer, note = Answer.DIFFERS, "、".join([*wrong, note] if note else wrong)
    return Query(ours.number, answer, asked, note, told["level"])


def _differing(
    database: Database, found: dict[str, Query], ours: dict[str, Entry[Certificate]]
) -> tuple[list[Draft[Query]], int]:
    """What is not on record so, and how many answers are older than the one on record."""
    standing = {entry.key: entry for entry in database.register.standing(QUERIES)}
    drafts: list[Draft[Query]] = []
    older = 0
    for key, query in found.items():
        known = standing.get(key)
        if known is not None and query.asked < known.thing.asked:
            older += 1
        elif known is None or known.thing != query:
            after = 0 if known is None else known.revision
            drafts.append(Draft(QUERIES, key, query, ours[key].batch, ours[key].site, after=after))
    return drafts, older


# --- Claims ---------------------------------------------------------------------------------------------------------


def take_in_claims(
    database: Database, data: bytes, file: str, *, actor: Actor, now: datetime, profile: Profile | None = None
) -> TakenIn:
    """Take in a list of claims, as one act. A claim for a number that nobody here issued is kept where its batch is
    named: it is what one looks for. Raises SheetRefused, RevisedMeanwhile.
    """
    taken = lines_of(sheets.read(data, file, profile.sheet if profile else ""), CLAIM, profile)
    ours = {entry.key: entry for entry in database.register.standing(CERTIFICATES)}
    reading, today, seen = _Reading(file, taken), local_day(now), dict[str, int]()
    drafts: list[Draft[Any]] = []
    standing = {entry.key: entry for entry in database.register.standing(CLAIMS)}
    batch_of = cache(database.setup.batch)
    for line in taken.lines:
        told = line.values
        entry = ours.get(told["number"])
        batch = entry.batch if entry is not None else told["batch"]
        whole = batch_of(batch) if batch else None
        if not reading.once(line, "id", seen):
            continue
        if told["claimed"] > today:
            reading.say(line, "claimed", "在今天之后 · lies in the future")
        elif entry is None and not batch:
            reading.say(
                line,
                "number",
                "没有此编号的证书；填写批次后仍可登记 · no certificate has it; name the batch to keep it",
            )
        elif told["batch"] not in ("", batch):
            reading.say(line, "batch", "证书属于另一批次 · the certificate is of another batch")
        elif whole is None:
            reading.say(line, "batch", "没有此批次 · there is no such batch")
        else:
            known = standing.get(told["id"])
            claim = Claim(told["id"], told["number"], told["claimed"])
            if known is None or (known.value, known.batch) != (claim, batch):
                after = 0 if known is None else known.revision
                drafts.append(Draft(CLAIMS, claim.id, claim, batch, whole.site, after=after))
    reading.finish()
    if drafts:
        database.register.enter("import_claims", "claims", drafts, actor, now)
    return TakenIn(tuple(each.key for each in drafts), len(taken.lines) - len(drafts), 0, taken.unread)


@dataclass
class _Reading:
    """What is wrong with the rows of one file."""

    file: str
    taken: Taken
    problems: list[Problem] = field(default_factory=list)

    def say(self, line: Line, name: str, sentence: str) -> None:
        heading = self.taken.headings.get(name, name)
        self.problems.append(Problem(self.file, line.row, heading, sentence))

    def once(self, line: Line, name: str, seen: dict[str, int]) -> bool:
        """Whether no row before this one has the same there."""
        first = seen.setdefault(line.values[name], line.row)
        if first != line.row:
            self.say(line, name, f"与第 {first} 行重复 · is the same as in row {first}")
        return first == line.row

    def finish(self) -> None:
        """Raises SheetRefused for all of it."""
        if problems := [*self.taken.problems, *self.problems]:
            raise SheetRefused(problems)
