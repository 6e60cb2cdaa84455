"""Draws and visits as lines and tables for a terminal, and a party's secret in a file. Not here: what may be done
with them (``records.drawing``, ``records.supervision``).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from rich.table import Table
from rich.text import Text

from config import rule_pack
from domain import draws
from domain.draws import Record
from domain.register import Entry
from domain.supervision import QUESTIONS, Attendance, Frame, Visit
from domain.timeline import rfc3339
from records import declaration, drawing, supervision
from records.drawing import Standing
from records.errors import DrawRefused
from records.supervision_rules import facts_of, findings
from storage.database import Database
from storage.errors import UnknownBatch


def secret_in(path: Path) -> str:
    """The secret of that file; a new one, that only its owner reads, where there is no file.

    Raises DrawRefused where the file holds something else, OSError.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept_secret(path)
    made = secrets.token_hex(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made + "\n")
    return made


def kept_secret(path: Path) -> str:
    """The secret of a file that is there. Raises as ``secret_in``."""
    held = path.read_text("ascii", "replace").strip()
    if not draws.is_hex(held):
        raise DrawRefused(f"{path}: holds no secret, which is 64 digits of 0-9 and a-f; name another file")
    return held


def commitment(database: Database, draw: str, party: str, secret: str) -> str:
    """What a party publishes of its secret. Raises NoSuchDraw, ValueError for what is no secret."""
    return draws.commitment_of(draws.digest_of(drawing.pool_of(database, draw)), party, secret)


def draw_table(database: Database, now: datetime) -> Table:
    """All draws."""
    table = _table(
        "draw 抽取", "days 考核日期", "published 公布", "pool SHA-256 名单摘要", "batches 批次", "state 状态"
    )
    for each in drawing.all_draws(database):
        pool = each.pool.value
        if pool is not None:
            days, size = f"{pool.first} – {pool.last}", f"{pool.take} of {len(pool.batches)}"
            told = (rfc3339(each.pool.at), draws.digest_of(pool), size, _state(each, now))
            _row(table, (pool.draw, days, *told))
    return table


def draw_lines(database: Database, draw: str, now: datetime) -> Iterator[str]:
    """How one draw stands, with the result once it was made."""
    each = drawing.standing(database, draw)
    pool = each.pool.value
    if pool is None:
        return
    yield f"draw 抽取 {draw}: {_state(each, now)}"
    yield f"days 考核日期: {pool.first} – {pool.last}; both secrets by 密值截止 {rfc3339(pool.reveal_by)}"
    yield (
        f"pool 名单: {len(pool.batches)} batches 批次, {len(pool.supervisors)} supervisors 督导员; "
        f"drawn 抽取 {pool.take} ({pool.share}, {pool.share_origin}), "
        f"each with 每批次 {pool.per_visit} ({pool.per_visit_origin})"
    )
    yield f"pool SHA-256 名单摘要: {draws.digest_of(pool)}"
    for committed in each.commitments:
        if committed.value is not None:
            yield f"commitment 承诺: {committed.value.party} {committed.value.digest}"
    for told in each.secrets:
        if told.value is not None:
            yield f"secret 密值: {told.value.party} {told.value.secret}"
    if each.outcome is not None:
        yield from outcome_lines(drawing.record(database, draw))


def outcome_lines(record: Record) -> Iterator[str]:
    """What a draw came to."""
    yield f"made 抽取于: {rfc3339(record.outcome.at)}, seed 种子 {record.outcome.seed}"
    for drawn in record.drawn_now:
        yield f"batch 批次 {drawn.batch}: {', '.join(drawn.supervisors)}"
        for passed in drawn.passed:
            late = ", after the draw 抽取后" if passed.late else ""
            yield f"  passed over 回避顺延 {passed.supervisor}: {passed.ground} {passed.ground.zh}{late}"
    yield f"record SHA-256 记录摘要: {draws.digest_of(record)}"


def _state(each: Standing, now: datetime) -> str:
    if each.outcome is not None:
        return f"made 已抽取 {rfc3339(each.outcome.at)}"
    if each.has_failed(now):
        return "failed, its time ran out 逾期未完成"
    if len(each.secrets) == 2:
        return "ready to be made 可抽取"
    if len(each.commitments) < 2:
        return f"{len(each.commitments)} of 2 commitments 承诺"
    return f"{len(each.secrets)} of 2 secrets 密值"


def supervisor_table(database: Database) -> Table:
    """All supervisors with the days of their badges."""
    table = _table("id 编号", "name 姓名", "side 类别", "unit 单位", "badge 证卡", "valid 有效期", "account 账户")
    for each in supervision.supervisors(database):
        if each.value is not None:
            told = each.value
            side, valid = f"{told.side} {told.side.zh}", f"{told.valid_from} – {told.valid_to}"
            _row(table, (each.key, told.name, side, told.unit, told.badge, valid, told.account))
    return table


def visit_table(entries: Sequence[Entry[Visit]]) -> Table:
    """Visits, one line each."""
    table = _table(
        *("visit 督导", "basis 依据", "way 方式", "by 督导员"),
        *("begun 开始", "ended 结束", "feedback 反馈", "published 公布"),
    )
    for each in entries:
        if each.value is not None:
            told = each.value
            feedback = "" if told.feedback is None else rfc3339(told.feedback.at)
            ends = (_when(told.ended), feedback, _when(told.published))
            by = ", ".join(told.supervisors)
            _row(table, (each.key, f"{told.basis} {told.basis.zh}", told.way.zh, by, rfc3339(told.begun), *ends))
    return table


def visit_lines(entry: Entry[Visit]) -> Iterator[str]:
    """All of one visit, with the questions that nothing was said to."""
    told = entry.value
    if told is None:
        return
    why = f"draw 抽取 {told.draw}" if told.draw else f"reason 事由: {told.reason}"
    yield f"visit 督导 {entry.key}: {told.basis} {told.basis.zh}, {told.way} {told.way.zh}; {why}"
    for each in told.attended:
        badge = {None: "not looked at 未登记", "": "none worn 未佩戴"}.get(each.badge, each.badge)
        yield f"supervisor 督导员 {each.supervisor}: badge 证卡 {badge}"
    yield f"from {rfc3339(told.begun)} to {_when(told.ended) or '-'}"
    for answer in told.answers:
        question = QUESTIONS[answer.question]
        note = f" ({answer.note})" if answer.note else ""
        yield f"{answer.said} {answer.said.zh}: {question.zh} {question.en}{note}{_pictures(answer.frames)}"
    for question in told.unanswered():
        yield f"- : {question.zh} {question.en} [{question.id}]"
    for found in told.found:
        yield f"finding 问题 {found.severity} {found.severity.zh}: {found.text}{_pictures(found.frames)}"
    if told.feedback is not None:
        yield f"feedback 反馈 {rfc3339(told.feedback.at)}: {told.feedback.text}"
    if told.published is not None:
        yield f"published 公开 {rfc3339(told.published)}"


def ruled_lines(database: Database, batch: str, now: datetime) -> Iterator[str]:
    """What is to be said of a batch's supervision; who examines it is not known here. Raises UnknownBatch."""
    planned = database.setup.batch(batch)
    if planned is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    for each in findings(facts_of(database, batch, now), rule_pack.load(planned.rule_pack)):
        finding = each.finding
        yield f"{finding.id} {finding.verdict} {finding.verdict.zh}: {finding.zh} / {finding.en}"
        yield f"  rests on 依据: {', '.join(each.rests_on) or '-'}"


def attendance(text: str) -> Attendance:
    """``d-1=GD-7`` is a badge that was worn, ``d-1=`` that none was, ``d-1`` that nobody looked."""
    key, is_said, badge = text.partition("=")
    return Attendance(key.strip(), badge.strip() if is_said else None)


def frame(text: str) -> Frame:
    """``cam-1@2026-05-01T09:05:00+08:00``. Raises ValueError."""
    camera, _, at = text.partition("@")
    return Frame(camera, declaration.instant(at))


def _pictures(frames: Sequence[Frame]) -> str:
    return "".join(f" [{each.camera} {rfc3339(each.at)}]" for each in frames)


def _when(instant: datetime | None) -> str:
    return "" if instant is None else rfc3339(instant)


def _table(*headings: str) -> Table:
    table = Table(show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _row(table: Table, cells: Sequence[str]) -> None:
    table.add_row(*(Text(cell) for cell in cells))
