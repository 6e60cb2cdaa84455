"""考场记录表 on paper: what was written down of one room, with the numbers of the roll, as it is filed (clause 九).

What nobody wrote or signed stays empty, so that the paper can be filled in by hand. Candidates are called by ticket,
examiners by id. Not here: how a form is drawn (``dashboard.papers.printing``, ``form.typ``), and what may be written
(``records.room_records``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dashboard.papers.form import Form, Pairs, People, Row, Said
from dashboard.papers.words import Language
from domain.calendar import SHANGHAI, local_day
from domain.grounds import Method
from domain.room_record import Condition, Incident
from records.room_records import Sheet

_LEAST_SIGNATURES = 3  # the fewest examiners that there are (clause 六(三))

_WORDS: dict[Language, dict[str, str]] = {
    Language.ZH: {
        "title": "专项职业能力考核考场记录表",
        "batch": "批次",
        "project": "项目",
        "site": "考场名称",
        "room": "考场号",
        "sitting": "场次",
        "nth": "第{number}场",
        "day": "日期",
        "span": "起止时间",
        "planned_only": "（计划）",
        "subjects": "科目",
        "counts": "应考／实考／\n缺考人数",
        "count_line": "应考 {planned} 人　　实考 {attended} 人　　缺考 {absent} 人",
        "unrecorded": "未登记 {count} 人：{tickets}",
        "absent": "缺考准考证号",
        "void": "作废试卷",
        "violations": "违纪情况",
        "incidents": "异常及处理",
        "ticket": "准考证号",
        "why": "原因",
        "time": "时间",
        "what": "情形",
        "handling": "处理",
        "kind": "类别",
        "equipment": "设备情况",
        "monitoring": "监控情况",
        "all_left": "全部交卷离场",
        "note": "备注",
        "signatures": "考评员签名",
        "examiner": "考评员",
        "duty": "职责",
        "signed": "签名时间",
        "leader": "考评组长",
        "member": "考评员",
        "none": "无",
        "minutes": "（{minutes}分钟）",
        "until": "改至{until}",
        "stale": "签名后名册有变更：{who}",
        "comma": "、",
        "beside": "{one}（{other}）",
    },
    Language.EN: {
        "title": "Record of an Exam Room",
        "batch": "Batch",
        "project": "Project",
        "site": "Site",
        "room": "Room",
        "sitting": "Sitting",
        "nth": "{number}",
        "day": "Date",
        "span": "From, to",
        "planned_only": " (as planned)",
        "subjects": "Subjects",
        "counts": "Candidates",
        "count_line": "planned {planned},  attended {attended},  absent {absent}",
        "unrecorded": "not recorded {count}: {tickets}",
        "absent": "Absent (tickets)",
        "void": "Void sheets",
        "violations": "Violations",
        "incidents": "Incidents and their handling",
        "ticket": "Ticket",
        "why": "Why",
        "time": "Time",
        "what": "What happened",
        "handling": "What was done",
        "kind": "Kind",
        "equipment": "Equipment",
        "monitoring": "Monitoring",
        "all_left": "All had left at",
        "note": "Remarks",
        "signatures": "Signatures of the examiners",
        "examiner": "Examiner",
        "duty": "As",
        "signed": "Signed at",
        "leader": "leader of the panel",
        "member": "examiner",
        "none": "none",
        "minutes": "\n{minutes} min",
        "until": "to {until}",
        "stale": "The roll was changed after these signed: {who}",
        "comma": ", ",
        "beside": "{one} ({other})",
    },
}
_WIDTHS = (1.1, 0.7, 1.8, 1.6)
_EMPTY_LINES = 2
_METHODS = {Method.WRITTEN: "written", Method.PRACTICAL: "practical", Method.MACHINE: "by machine"}


def compose(sheet: Sheet, made: datetime, language: Language = Language.ZH) -> Form:
    """The record as it stands on record at ``made``, with its entry's name and digest at the foot."""
    said, record, sitting = _WORDS[language], sheet.record, sheet.sitting
    number = sheet.entry.name if sheet.entry is not None else f"room_record/{sheet.place.key}"
    rows: list[Row] = [
        Pairs(((said["batch"], sheet.place.batch), (said["project"], sitting.batch.project))),
        Pairs(((said["site"], sitting.site.name), (said["room"], _room(sheet, said)))),
        Pairs(
            ((said["sitting"], said["nth"].format(number=sheet.place.sitting)), (said["day"], _day(sitting.start)))
        ),
        Pairs(((said["span"], _span(sheet, said)), (said["subjects"], _subjects(sheet, language)))),
        Pairs(((said["counts"], "\n".join(_counts(sheet, said))),)),
        Pairs(((said["absent"], _absent(sheet, said)),)),
        *_tables(sheet, language),
        Pairs(
            (
                (said["equipment"], _condition(record.equipment, language)),
                (said["monitoring"], _condition(record.monitoring, language)),
            )
        ),
        Pairs(((said["all_left"], _time(record.all_left, sitting.start) if record.all_left is not None else ""),)),
        Said(said["note"], record.note, "", _stale(sheet, said)),
        _signatures(sheet, said),
    ]
    digest = sheet.entry.sha256 if sheet.entry is not None else ""
    return Form(language, said["title"], number, digest, made, tuple(rows))


def _tables(sheet: Sheet, language: Language) -> Iterator[Row]:
    """What happened, or that nothing did; before anybody wrote a record, lines to be filled in by hand."""
    said, record, start = _WORDS[language], sheet.record, sheet.sitting.start
    void = tuple((each.ticket, each.why) for each in record.void)
    violations = tuple((each.ticket, _time(each.at, start), each.what, each.handling) for each in sheet.violations)
    incidents = tuple(_incident(each, start, language) for each in record.incidents)
    what = (said["what"], said["handling"])
    for name, columns, rows, widths in (
        ("void", (said["ticket"], said["why"]), void, (1.1, 4.1)),
        ("violations", (said["ticket"], said["time"], *what), violations, _WIDTHS),
        ("incidents", (said["kind"], said["time"], *what), incidents, _WIDTHS),
    ):
        if rows:
            yield People(said[name], columns, rows, widths)
        elif sheet.entry is None:
            yield People(said[name], columns, (("",) * len(columns),) * _EMPTY_LINES, widths)
        else:
            yield Pairs(((said[name], said["none"]),))


def _incident(incident: Incident, start: datetime, language: Language) -> tuple[str, str, str, str]:
    said = _WORDS[language]
    kind = incident.kind.zh if language is Language.ZH else incident.kind.en
    if incident.minutes is not None:
        kind += said["minutes"].format(minutes=incident.minutes)
    until = "" if incident.until is None else said["until"].format(until=_moment(incident.until))
    tickets = said["comma"].join(incident.tickets)
    what, handling = (tuple(filter(None, pair)) for pair in ((incident.what, tickets), (incident.handling, until)))
    return kind, _time(incident.at, start), "\n".join(what), "\n".join(handling)


def _signatures(sheet: Sheet, said: dict[str, str]) -> People:
    lines = [
        (each.by, said["leader" if each.leads else "member"], _moment(each.at))
        for each in sorted(sheet.record.signatures, key=lambda each: (not each.leads, each.at))
    ]
    lines += [("", "", "")] * (_LEAST_SIGNATURES - len(lines))
    columns = (said["examiner"], said["duty"], said["signed"])
    return People(said["signatures"], columns, tuple(lines), (1.4, 1.2, 1.4))


def _counts(sheet: Sheet, said: dict[str, str]) -> Iterator[str]:
    counts = sheet.counts
    yield said["count_line"].format(planned=counts.planned, attended=counts.attended, absent=len(counts.absent))
    if counts.unrecorded:
        tickets = said["comma"].join(counts.unrecorded)
        yield said["unrecorded"].format(count=len(counts.unrecorded), tickets=tickets)


def _absent(sheet: Sheet, said: dict[str, str]) -> str:
    """That nobody was absent is told once it is known of everybody."""
    counts = sheet.counts
    known = counts.planned and not counts.unrecorded
    return said["comma"].join(counts.absent) or (said["none"] if known else "")


def _room(sheet: Sheet, said: dict[str, str]) -> str:
    name = sheet.room.name
    return sheet.room.id if name == sheet.room.id else said["beside"].format(one=sheet.room.id, other=name)


def _subjects(sheet: Sheet, language: Language) -> str:
    """The subjects that are seated, each with how it was examined where that was written down."""
    said, held = _WORDS[language], {each.subject: each.method for each in sheet.record.held}
    told = []
    for subject in dict.fromkeys((*sheet.subjects, *held)):
        method = held.get(subject)
        name = "" if method is None else method.zh if language is Language.ZH else _METHODS[method]
        told.append(said["beside"].format(one=subject, other=name) if name and name != subject else subject)
    return said["comma"].join(told)


def _span(sheet: Sheet, said: dict[str, str]) -> str:
    sitting = sheet.sitting
    span = f"{_time(sitting.start, sitting.start)} — {_time(sitting.end, sitting.start)}"
    return (
        span if sitting.actual_start is not None and sitting.actual_end is not None else span + said["planned_only"]
    )


def _condition(condition: Condition | None, language: Language) -> str:
    if condition is None:
        return ""
    return condition.zh if language is Language.ZH else "in order" if condition is Condition.GOOD else "faulty"


def _stale(sheet: Sheet, said: dict[str, str]) -> str:
    return said["stale"].format(who=said["comma"].join(sheet.changed_since)) if sheet.changed_since else ""


def _day(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d")


def _moment(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _time(instant: datetime, start: datetime) -> str:
    """The time of day; with its day where that is another one than that of the start."""
    same = local_day(instant) == local_day(start)
    return instant.astimezone(SHANGHAI).strftime("%H:%M" if same else "%m-%d %H:%M")
