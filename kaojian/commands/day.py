"""The day's papers: exam papers from printing to file, orders to mark, and the records of rooms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.exam_papers import Stage
from domain.room_record import IncidentKind
from domain.timeline import SystemClock
from kaojian.terminal import (
    BatchId,
    Language,
    Number,
    acting,
    instant,
    local_actor,
    note,
    opened,
    print_json,
    show,
    write,
)

if TYPE_CHECKING:
    from records.roll import Desk
    from records.room_records import Sheet

app = typer.Typer()
papers_app = typer.Typer(
    help="Exam papers and their hand-overs 试卷交接.", no_args_is_help=True, rich_markup_mode=None
)
room_record_app = typer.Typer(help="Records of rooms 考场记录表.", no_args_is_help=True, rich_markup_mode=None)
marking_app = typer.Typer(help="Who marks written papers 阅卷.", no_args_is_help=True, rich_markup_mode=None)
for name, each in (("papers", papers_app), ("room-record", room_record_app), ("marking", marking_app)):
    app.add_typer(each, name=name)

SubjectName = Annotated[str, typer.Argument(metavar="SUBJECT", help="As the norm names it 科目")]
Parcel = Annotated[str, typer.Argument(metavar="PARCEL", help="Number of the sealed parcel 试卷袋号")]
Room = Annotated[str, typer.Argument(metavar="ROOM", help="Id of the room 考场")]
At = Annotated[datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it was; now if left out")]
By = Annotated[str, typer.Option(help="Office or person on duty 经办")]
Why = Annotated[str, typer.Option(help="Why what stands is changed 更正原因; without names")]


@papers_app.command("print")
def print_parcel(
    batch: BatchId,
    sitting: Number,
    subject: SubjectName,
    parcel: Parcel,
    *,
    by: By,
    centre: Annotated[bool, typer.Option("--centre/--not-centre", help="Whether the city centre printed it")],
    seal: Annotated[str, typer.Option(help="Number of its seal 封条号")] = "",
    copies: Annotated[int | None, typer.Option(min=1, help="How many copies 份数")] = None,
    at: At = None,
    reason: Why = "",
) -> None:
    """Put on record that a parcel of papers was printed for a subject of a sitting 印制."""
    from domain.exam_papers import Printing
    from records import exam_papers

    with _desk() as desk:
        told = Printing(batch, parcel, sitting, subject, at or desk.now, by, centre, seal.strip(), copies)
        entry = exam_papers.print_parcel(desk, told, reason)
    typer.echo(f"printed 印制: {entry.name}")


@papers_app.command("hand")
def hand_over(
    batch: BatchId,
    parcel: Parcel,
    stage: Annotated[
        Stage,
        typer.Argument(
            metavar="STAGE",
            help="fetched 领取, carried 运送, kept 保管, collected 收卷, sealed 封装 or filed 归档交回",
        ),
    ],
    *,
    giver: Annotated[str, typer.Option("--from", help="Who signed it over 交出人; left out: nobody did")] = "",
    taker: Annotated[str, typer.Option("--to", help="Who signed for it 接收人; left out: nobody did")] = "",
    seal: Annotated[str, typer.Option(help="Number of the seal that was read 封条号")] = "",
    intact: Annotated[
        bool | None, typer.Option("--intact/--broken", help="Whether the seal was whole; left out: nobody looked")
    ] = None,
    at: At = None,
    remark: Annotated[str, typer.Option("--note", help="What is to be said with it; without names")] = "",
    reason: Why = "",
) -> None:
    """Put on record that a parcel went from one to another 交接. Opening is marked: `kaojian sitting mark`."""
    from domain.exam_papers import HandOver
    from records import exam_papers

    with _desk() as desk:
        told = HandOver(
            batch, parcel, stage, at or desk.now, giver, taker, seal.strip(), intact, " ".join(remark.split())
        )
        entry = exam_papers.hand_over(desk, told, reason)
    typer.echo(f"{stage.value} {stage.zh}: {entry.name}")


@papers_app.command("package")
def receive_package(
    batch: BatchId,
    subject: SubjectName,
    *,
    sha256: Annotated[str, typer.Option(metavar="HEX", help="SHA-256 of the package 考题包")],
    by: By,
    sitting: Annotated[int | None, typer.Option(min=1, help="For one sitting only")] = None,
    at: At = None,
    remark: Annotated[str, typer.Option("--note", help="What is to be said with it; without names")] = "",
    reason: Why = "",
) -> None:
    """Put on record that the package of a subject that a machine examines was received 考题包接收."""
    from domain.exam_papers import Package
    from records import exam_papers

    with _desk() as desk:
        told = Package(batch, subject, sha256, at or desk.now, by, sitting, " ".join(remark.split()))
        entry = exam_papers.receive_package(desk, told, reason)
    typer.echo(f"package 考题包: {entry.name}")


@papers_app.command("none")
def say_none(
    batch: BatchId,
    subject: SubjectName,
    *,
    by: By,
    reason: Annotated[str, typer.Option(help="Why, for example that the task stands in the norm")],
    at: At = None,
) -> None:
    """Put on record that a practical subject has no papers to be kept 无试卷."""
    from domain.exam_papers import NoPapers
    from records import exam_papers

    with _desk() as desk:
        entry = exam_papers.say_none(desk, NoPapers(batch, subject, at or desk.now, by, " ".join(reason.split())))
    typer.echo(f"no papers 无试卷: {entry.name}")


@papers_app.command("show")
def show_papers(
    batch: BatchId, *, as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False
) -> None:
    """Show a batch's papers and orders to mark, and what the day means under clauses 六(二), 六(四) and 六(五)."""
    from config import rule_pack
    from kaojian import day as shown
    from kaojian.grounds import ruled_json, ruled_table
    from records import day_rules, exam_papers, marking

    with opened() as (settings, database):
        facts = day_rules.facts_of(database, batch, SystemClock().now())
        found = day_rules.findings(facts, rule_pack.load(facts.batch.rule_pack, settings.rule_packs_dir))
        papers, orders = exam_papers.papers_of(database, batch), marking.orders_of(database, batch)
    if as_json:
        print_json(shown.papers_json(batch, papers, orders) | ruled_json(batch, found))
        return
    show(shown.papers_table(batch, papers, orders), ruled_table(batch, found))


@marking_app.command("order")
def order_marking(
    batch: BatchId,
    subject: SubjectName,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Id by which scores name it 阅卷安排编号")],
    *,
    site: Annotated[str, typer.Option(help="Id of the site that assists; left out: the centre marks")] = "",
    document: Annotated[str, typer.Option(help="Number of the document that authorises the site 授权文号")] = "",
    signed: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it was signed; now if left out")
    ] = None,
    reason: Why = "",
) -> None:
    """Put on record who marks a written subject: the centre itself, or a site that it authorised 六(六)."""
    from domain.scores import MarkingOrder
    from records import marking

    with _desk() as desk:
        told = MarkingOrder(order, batch, subject, signed or desk.now, site, document)
        entry = marking.order(desk, told, reason)
    typer.echo(f"marking order 阅卷安排: {entry.name}")


@room_record_app.command("write")
def write_record(
    batch: BatchId,
    sitting: Number,
    room: Room,
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="What is to be written")],
    reason: Annotated[str, typer.Option(help="Why a signed record is changed; it is signed again then")] = "",
) -> None:
    """Write a room's record 考场记录表 from a file, in place of what stands. Who came is counted from the roll."""
    from config.documents import Document
    from records import room_record_file, room_records

    place = room_records.Place(batch, sitting, room)
    told = room_record_file.parse(Document.read(file), place)
    with _desk() as desk:
        entry = room_records.write(desk, told, reason)
    typer.echo(f"written 已填写: {entry.name}")


@room_record_app.command("incident")
def note_incident(
    batch: BatchId,
    sitting: Number,
    room: Room,
    kind: Annotated[
        IncidentKind, typer.Argument(metavar="KIND", help=", ".join(each.value for each in IncidentKind))
    ],
    *,
    what: Annotated[str, typer.Option(help="What happened and why 情况与原因")],
    handling: Annotated[str, typer.Option(help="What was done about it 处理")],
    at: At = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="Of a late start 迟开 or an extension 延时")] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="To when it was postponed 改期")
    ] = None,
    ticket: Annotated[list[str] | None, typer.Option(help="Only these candidates; may be several")] = None,
    reason: Annotated[str, typer.Option(help="Why a signed record is changed; it is signed again then")] = "",
) -> None:
    """Add one incident 异常 to a room's record: a late start, an extension, a postponement, a power cut, another."""
    from domain.room_record import Incident
    from records import room_records

    with _desk() as desk:
        told = Incident(kind, at or desk.now, what.strip(), handling.strip(), minutes, until, tuple(ticket or ()))
        entry = room_records.note_incident(desk, room_records.Place(batch, sitting, room), told, reason)
    typer.echo(f"{kind.en} {kind.zh}: {entry.name}")


@room_record_app.command("sign")
def sign_record(
    batch: BatchId,
    sitting: Number,
    room: Room,
    examiner: Annotated[str, typer.Argument(metavar="EXAMINER", help="Id of the examiner 考评员")],
    at: At = None,
) -> None:
    """Put on record that an examiner signed the paper of a room's record 签名."""
    from records import room_records

    place = room_records.Place(batch, sitting, room)
    with _desk() as desk:
        entry = room_records.sign(desk, place, examiner, at)
        sheet = room_records.sheet_of(desk.database, place)
    typer.echo(f"signed 已签名: {entry.name}, {examiner}")
    _tell_unsigned(sheet)


@room_record_app.command("show")
def show_record(
    batch: BatchId,
    sitting: Number,
    room: Room,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Show a room's record with what the roll says of the room."""
    from kaojian import day as shown
    from records import room_records

    with opened() as (_, database):
        sheet = room_records.sheet_of(database, room_records.Place(batch, sitting, room))
    if as_json:
        print_json(shown.sheet_json(sheet))
        return
    for line in shown.sheet_lines(sheet):
        typer.echo(line)


@room_record_app.command("print")
def print_record(
    batch: BatchId,
    sitting: Number,
    room: Room,
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where to write it")],
    lang: Annotated[Language, typer.Option(help="zh or en")] = Language.ZH,
) -> None:
    """Print a room's record as PDF/A; what was not written or signed yet stays empty."""
    from dashboard.papers import words
    from dashboard.papers.printing import form_as_pdf
    from dashboard.papers.room_record import compose
    from records import room_records

    with opened() as (_, database):
        sheet = room_records.sheet_of(database, room_records.Place(batch, sitting, room))
    form = compose(sheet, SystemClock().now(), words.Language(lang.value))
    write(file, form_as_pdf(form))
    typer.echo(f"written: {file}, {form.number}")
    _tell_unsigned(sheet)


@contextmanager
def _desk() -> Iterator[Desk]:
    from records.roll import Desk

    with acting() as (_, database):
        yield Desk(database, local_actor(), SystemClock().now())


def _tell_unsigned(sheet: Sheet) -> None:
    if not sheet.record.is_signed:
        note(["the leader and at least one other examiner sign it 考评组长和考评员签名不全"])
