"""How certificates, blank forms and claims are shown at the command line: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from domain.calendar import local_day
from domain.certificates import Certificate, Claim
from domain.law import Ruled
from domain.register import Entry
from domain.timeline import rfc3339
from kaojian.grounds import ruled_json
from records.certificate_rules import CertificateFacts
from records.certificates import Ledger

_HEADINGS = (
    "Number 编号",
    "Ticket 准考证号",
    "Form 空白证书",
    "Exam 考核",
    "Issued 发证",
    "Stamp 用印",
    "State 状态",
    "Province 省平台",
)


def certificates_table(facts: CertificateFacts) -> Table:
    """The certificates of a batch; candidates by ticket."""
    table = Table(*_HEADINGS, show_edge=False)
    answers = {entry.key: entry.thing for entry in facts.queries}
    for entry in facts.certificates:
        value, answer = entry.thing, answers.get(entry.key)
        cells = (
            value.number,
            value.ticket,
            value.form,
            str(value.examined),
            str(local_day(value.issued)),
            str(local_day(value.imprint.at)) if value.imprint else "-",
            "有效 stands" if value.stands else "已撤销 revoked",
            f"{answer.answer.zh} {answer.asked}" if answer else "-",
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def certificates_json(facts: CertificateFacts, ruled: Sequence[Ruled]) -> dict[str, Any]:
    answers = {entry.key: entry.thing for entry in facts.queries}
    return {
        **ruled_json(facts.batch, ruled),
        "certificates": [
            _certificate(entry) | {"province": {"answer": found.answer, "asked": str(found.asked)} if found else None}
            for entry in facts.certificates
            for found in [answers.get(entry.key)]
        ],
    }


def ledger_table(book: Ledger) -> Table:
    """Deliveries, and what became of forms."""
    table = Table("空白证书 Forms", "", show_edge=False)
    for entry in book.deliveries:
        told = entry.thing
        table.add_row(
            f"配发 delivered {local_day(told.at)}", Text(f"{told.first} - {told.last}: {told.count}, {told.by}")
        )
    table.add_row("核发 issued", str(book.issued))
    table.add_row("作废 spoiled", str(book.spoiled))
    table.add_row("结存 left by the book", str(book.left))
    if book.counted is not None:
        told_left = book.counted.thing
        difference = book.left_at(told_left.at) - told_left.left
        table.add_row(f"盘点 counted {local_day(told_left.at)}", f"{told_left.left}, 差 missing {difference}")
    for form in book.forms:
        if form.thing.fate is not None:
            table.add_row(f"{form.thing.fate.zh} {form.thing.fate}", Text(f"{form.key}: {form.thing.why}"))
    return table


def ledger_json(book: Ledger) -> dict[str, Any]:
    counted = book.counted
    return {
        "deliveries": [
            {
                "first": each.thing.first,
                "last": each.thing.last,
                "count": each.thing.count,
                "at": rfc3339(each.thing.at),
            }
            for each in book.deliveries
        ],
        "delivered": book.delivered,
        "issued": book.issued,
        "spoiled": book.spoiled,
        "left": book.left,
        "counted": None if counted is None else {"at": rfc3339(counted.thing.at), "left": counted.thing.left},
    }


def claims_table(claims: Sequence[Entry[Claim]]) -> Table:
    table = Table("Claim 申领", "Certificate 证书", "Day 日期", show_edge=False)
    for entry in claims:
        table.add_row(*(Text(cell) for cell in (entry.key, entry.thing.number, str(entry.thing.claimed))))
    return table


def _certificate(entry: Entry[Certificate]) -> dict[str, Any]:
    value = entry.thing
    return {
        "number": value.number,
        "ticket": value.ticket,
        "form": value.form,
        "project": value.project,
        "ability": value.ability,
        "results": [{"subject": each.subject, "mark": f"{each.mark:f}"} for each in value.results],
        "examined": str(value.examined),
        "issued": rfc3339(value.issued),
        "stamped": rfc3339(value.imprint.at) if value.imprint else None,
        "revoked": rfc3339(value.revoked.at) if value.revoked else None,
        "decision": value.decision,
        "entry": entry.name,
    }
