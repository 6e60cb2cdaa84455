"""How the day's papers are shown: exam papers, orders to mark and a room's record. No rules here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python
from rich.table import Table

from domain.calendar import SHANGHAI
from domain.exam_papers import HandOver
from domain.register import Entry
from domain.scores import MarkingOrder
from records.exam_papers import Papers
from records.room_records import Sheet


def papers_json(batch: str, papers: Papers, orders: tuple[Entry[MarkingOrder], ...]) -> dict[str, Any]:
    """Every entry with its value as it stands in the register."""
    kinds: tuple[tuple[Entry[Any], ...], ...] = (
        papers.printings,
        papers.hand_overs,
        papers.packages,
        papers.no_papers,
        orders,
    )
    return {"batch": batch, "entries": [_entry_json(each) for entries in kinds for each in entries]}


def papers_table(batch: str, papers: Papers, orders: tuple[Entry[MarkingOrder], ...]) -> Table:
    """One line for each entry, parcel by parcel in the order of their times."""
    table = Table(title=f"批次 batch {batch} · 试卷 exam papers")
    for title in ("时间 at", "事项 what", "内容 says", "登记事项 entry"):
        table.add_column(title, overflow="fold")
    for at, what, says, entry in _lines(papers, orders):
        table.add_row(_moment(at), what, says, entry.name)
    return table


def sheet_json(sheet: Sheet) -> dict[str, Any]:
    """A room's record with what the roll says of the room."""
    return {
        "batch": sheet.place.batch,
        "sitting": sheet.place.sitting,
        "room": sheet.place.room,
        "entry": sheet.entry.name if sheet.entry is not None else None,
        "subjects": list(sheet.subjects),
        "counts": to_jsonable_python(sheet.counts),
        "violations": to_jsonable_python(sheet.violations),
        "record": to_jsonable_python(sheet.record),
        "changed_since_signed": list(sheet.changed_since),
    }


def sheet_lines(sheet: Sheet) -> Iterator[str]:
    """A room's record for people, line by line."""
    record, counts = sheet.record, sheet.counts
    entry = sheet.entry.name if sheet.entry is not None else "nobody wrote one yet 尚未填写"
    yield f"考场记录表 room record {sheet.place.key}: {entry}"
    yield f"subjects 科目: {'、'.join(sheet.subjects) or '—'}"
    absent = f" ({', '.join(counts.absent)})" if counts.absent else ""
    yield (
        f"planned 应考 {counts.planned}, attended 实考 {counts.attended}, absent 缺考 {len(counts.absent)}{absent}, "
        f"not recorded 未登记 {len(counts.unrecorded)}"
    )
    for void in record.void:
        yield f"void 作废: {void.ticket}: {void.why}"
    for violation in sheet.violations:
        yield f"violation 违纪: {_moment(violation.at)} {violation.ticket}: {violation.what}; {violation.handling}"
    for each in record.incidents:
        minutes = f", {each.minutes} min" if each.minutes is not None else ""
        until = f", to {_moment(each.until)}" if each.until is not None else ""
        yield f"{each.kind.en} {each.kind.zh}: {_moment(each.at)}{minutes}{until}: {each.what}; {each.handling}"
    for name, state in (("equipment 设备", record.equipment), ("monitoring 监控", record.monitoring)):
        yield f"{name}: {f'{state.value} {state.zh}' if state is not None else '—'}"
    for signature in record.signatures:
        yield f"signed 签名: {signature.by}{' 组长' if signature.leads else ''}, {_moment(signature.at)}"
    if sheet.changed_since:
        yield f"the roll was changed after these signed 签名后名册有变更: {', '.join(sheet.changed_since)}"


def _lines(
    papers: Papers, orders: tuple[Entry[MarkingOrder], ...]
) -> Iterator[tuple[datetime, str, str, Entry[Any]]]:
    for printing in papers.printings:
        told = printing.thing
        by = f"{told.by}{'' if told.by_centre else ' (not the centre 非市中心)'}"
        says = f"{told.parcel}: 第{told.sitting}场 {told.subject}, {by}, seal 封条 {told.seal or '—'}"
        yield told.at, "印制 printed", says, printing
        own = [each for each in papers.hand_overs if each.thing.parcel == told.parcel]
        for entry in sorted(own, key=lambda each: each.thing.at):
            yield entry.thing.at, f"{entry.thing.stage.zh} {entry.thing.stage}", _handed(entry.thing), entry
    for package in papers.packages:
        told_of = package.thing
        sitting = f"第{told_of.sitting}场 " if told_of.sitting is not None else ""
        yield (
            told_of.at,
            "考题包 package",
            f"{sitting}{told_of.subject}: {told_of.sha256}, {told_of.received_by}",
            package,
        )
    for none in papers.no_papers:
        yield none.thing.at, "无试卷 no papers", f"{none.thing.subject}: {none.thing.reason}", none
    for order in orders:
        by = f"{order.thing.site}, {order.thing.document}" if order.thing.site else "市中心 the centre"
        yield order.thing.signed, "阅卷安排 marking order", f"{order.thing.id}: {order.thing.subject}, {by}", order


def _handed(told: HandOver) -> str:
    seal = {True: "完好 whole", False: "已破 broken", None: "—"}[told.intact]
    note = f"; {told.note}" if told.note else ""
    return (
        f"{told.parcel}: {told.given_by or '—'} → {told.taken_by or '—'}, 封条 seal {told.seal or '—'} {seal}{note}"
    )


def _entry_json(entry: Entry[Any]) -> dict[str, Any]:
    return {
        "entry": entry.name,
        "at": to_jsonable_python(entry.at),
        "by": entry.actor.name,
        "reason": entry.reason,
        "value": to_jsonable_python(entry.value),
    }


def _moment(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
