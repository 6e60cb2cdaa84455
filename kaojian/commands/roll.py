"""The roll of a batch: rosters as files, the papers about them, and who came."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.roll import Document, IdCheck
from domain.timeline import SystemClock
from kaojian.terminal import BatchId, acting, instant, local_actor, note, opened, show

if TYPE_CHECKING:
    from config.settings import Settings
    from records.roll import Desk, Said
    from records.roster import Import
    from records.shapes import Profile
    from storage.database import Database
    from storage.id_numbers import IdNumbers

app = typer.Typer()
roster_app = typer.Typer(
    help="Candidates of a batch, as files 考生花名册.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(roster_app, name="roster")
roll_app = typer.Typer(
    help="Papers about a roster, and the day: review, feedback, sign-in 审核与签到.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(roll_app, name="roll")

Ticket = Annotated[str, typer.Argument(metavar="TICKET", help="Admission ticket 准考证号")]
Tickets = Annotated[
    list[str] | None, typer.Argument(metavar="TICKET...", help="Only these 准考证号; all who wait for it if left out")
]
Round = Annotated[int, typer.Argument(metavar="SUBMISSION", min=1, help="Number of the submission 上报, from 1")]
Sitting = Annotated[int, typer.Argument(metavar="SITTING", min=1, help="Number of the sitting 场次")]
By = Annotated[str, typer.Option(help="Office or person on duty 经办人")]
At = Annotated[
    datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it was done; now if left out")
]
ProfileFile = Annotated[
    Path | None, typer.Option(metavar="FILE.yaml", help="Which heading means what; see `roster profile`")
]


@roster_app.command("import")
def import_roster(
    batch: BatchId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="XLSX, or CSV in UTF-8 or GB18030")],
    profile: ProfileFile = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")] = False,
    reason: Annotated[str, typer.Option(help="Why, once the batch has begun; without names")] = "",
) -> None:
    """Take in a roster 导入: all of it or, with row and column of everything that is wrong, nothing."""
    from records import roster

    chosen = _profile(profile)
    with acting() as (settings, database):
        done = roster.take_in(
            database,
            _numbers(settings, database),
            batch,
            file.read_bytes(),
            str(file),
            actor=local_actor(),
            now=SystemClock().now(),
            profile=chosen,
            reason=reason,
            only_look=dry_run,
        )
    _tell_import(batch, done, dry_run)


@roster_app.command("export")
def export_roster(
    batch: BatchId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .xlsx or .csv")],
    *,
    whole_numbers: Annotated[
        bool, typer.Option("--whole-numbers", help="With numbers of documents unmasked")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why whole numbers are wanted; goes into the journal")] = "",
) -> None:
    """Write the roster 导出, in the shape in which it is taken in. Numbers are masked unless a reason is given."""
    from config.private_files import write_private
    from records import roster, sheets

    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise typer.BadParameter("must end in .xlsx or .csv", param_hint="FILE")
    if whole_numbers and not reason.strip():
        raise typer.BadParameter("say why 请说明原因", param_hint="--reason")
    with acting() as (settings, database):
        found = roster.rows(database, _numbers(settings, database), batch, whole_numbers=whole_numbers)
        headings = roster.ROSTER.headings
        as_book = file.suffix.lower() == ".xlsx"
        content = sheets.as_workbook(headings, found, "花名册") if as_book else sheets.as_text(headings, found)
        if whole_numbers:  # written down before it is given away
            detail = f"{len(found)} rows with whole numbers: {reason.strip()}"
            database.journal.record(SystemClock().now(), local_actor(), "export_roster", batch, detail)
        write_private(file.absolute(), content)
    typer.echo(
        f"written 已导出: {file}, {len(found)} rows, numbers {'whole 完整' if whole_numbers else 'masked 已脱敏'}"
    )


@roster_app.command("show")
def show_roster(batch: BatchId) -> None:
    """Show the candidates of a batch with their seats, numbers of documents masked."""
    from records import roster

    table = Table(show_edge=False)
    person = ("Ticket 准考证号", "Name 姓名", "Document 证件", "Subjects 科目", "Attempt 类别")
    for heading in (*person, "Seats 座位", "Kept 保留科目"):
        table.add_column(heading, overflow="fold")
    with opened() as (settings, database):
        found = roster.shown(database, _numbers(settings, database), batch)
    for each in found:
        who = each.candidate
        seats = "; ".join(f"{seat.sitting} {seat.room} {seat.station}" for seat in each.seats)
        row = (
            who.ticket,
            who.name,
            f"{who.document.zh} {each.number}",
            "、".join(who.subjects),
            who.attempt.zh,
            seats,
            "; ".join(f"{one.subject} {one.batch}/{one.ticket}" for one in who.kept),
        )
        table.add_row(*(Text(cell) for cell in row))
    show(table)
    typer.echo(f"{len(found)} candidates 名考生")


@roster_app.command("withdraw")
def withdraw_candidate(
    batch: BatchId, ticket: Ticket, reason: Annotated[str, typer.Option(help="Why; without names")]
) -> None:
    """Take a candidate off the roll 取消报名, with all seats; what was on record stays in the register."""
    from records import roster

    with acting() as (_, database):
        roster.withdraw(database, batch, ticket, reason=reason, actor=local_actor(), now=SystemClock().now())
    typer.echo(f"candidate {ticket} is off the roll of batch {batch} 已取消报名")


@roster_app.command("profile")
def print_profile() -> None:
    """Print the headings that are known, as YAML to be changed and given to `roster import --profile`."""
    from records import roster, shapes

    typer.echo(shapes.profile_text(roster.ROSTER), nl=False)


@roll_app.command("plan")
def make_plan(batch: BatchId, by: By, at: At = None) -> None:
    """That the institution made the plan 制定考核计划."""
    from records import roll

    with _desk() as (desk, _):
        roll.make_plan(desk, batch, _said(desk, by, at))
    typer.echo(f"plan of batch {batch} is on record 考核计划已登记")


@roll_app.command("first-review")
def review_first(batch: BatchId, by: By, tickets: Tickets = None, at: At = None) -> None:
    """That the institution found candidates' papers in order 初审."""
    from records import roll

    with _desk() as (desk, _):
        done = roll.review_first(desk, batch, _said(desk, by, at), tickets or ())
    typer.echo(f"first review of {len(done.passed)} candidates is on record 初审已登记")


@roll_app.command("submit")
def submit(batch: BatchId, by: By, tickets: Tickets = None, at: At = None) -> None:
    """That the institution submitted candidates 上报: all that wait for no answer, or those that are named."""
    from records import roll

    with _desk() as (desk, _):
        done = roll.submit(desk, batch, _said(desk, by, at), tickets or ())
    typer.echo(f"submission 上报 {done.number}: {len(done.listed)} candidates 名考生")


@roll_app.command("review")
def review(
    batch: BatchId,
    submission: Round,
    by: By,
    accept: Annotated[list[str] | None, typer.Option(metavar="TICKET", help="Accepted 通过; may be several")] = None,
    decline: Annotated[
        list[str] | None, typer.Option(metavar="TICKET=REASON", help="Declined 不通过, and why; may be several")
    ] = None,
    *,
    accept_rest: Annotated[bool, typer.Option("--accept-rest", help="All others of the submission, too")] = False,
    at: At = None,
) -> None:
    """What the centre decided on candidates of a submission 审核."""
    from records import roll

    declined = dict(_ticket_and_reason(each) for each in decline or ())
    with _desk() as (desk, _):
        accepted = list(accept or ())
        if accept_rest:
            accepted += [each for each in roll.undecided(desk, batch, submission) if each not in declined]
        done = roll.decide(desk, batch, submission, _said(desk, by, at), accepted=accepted, declined=declined)
    count = sum(each.accepted for each in done)
    typer.echo(f"submission {submission}: {count} accepted 通过, {len(done) - count} declined 不通过")


@roll_app.command("feedback")
def give_feedback(batch: BatchId, submission: Round, by: By, tickets: Tickets = None, at: At = None) -> None:
    """That the centre told the institution the results of a submission 反馈, with the roster of those accepted."""
    from records import roll

    with _desk() as (desk, _):
        done = roll.give_feedback(desk, batch, submission, _said(desk, by, at), tickets or ())
    typer.echo(
        f"feedback 反馈 {done.number}: {len(done.covered)} candidates, {len(done.roster)} on the roster 花名册"
    )
    if done.number > 1:
        note([f"clause 六(一) asks for one feedback; this is number {done.number} 应一次性反馈"])


@roll_app.command("signin")
def sign_in(
    batch: BatchId,
    sitting: Sitting,
    ticket: Ticket,
    *,
    by: By,
    check: Annotated[IdCheck, typer.Option(help="How it was found out who came 核验方式")],
    station: Annotated[str, typer.Option(help="Where to; that of the seat if left out")] = "",
    document: Annotated[Document, typer.Option(help="Which document was shown")] = Document.RESIDENT_ID,
    at: At = None,
) -> None:
    """That somebody came 签到. A number that was read or typed comes on standard input, never as a word."""
    from records import roll

    number = None
    if check in {IdCheck.CARD, IdCheck.TYPED}:
        number = (
            typer.prompt("Number 证件号码", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
        )
    with _desk() as (desk, numbers):
        showed = roll.Shown(check, document, number)
        done = roll.sign_in(
            desk, numbers(), batch, sitting, ticket, showed=showed, said=_said(desk, by, at), station=station
        )
    typer.echo(f"{ticket} signed in at station {done.station} 已签到, {check.zh}")


@roll_app.command("absent")
def mark_absent(batch: BatchId, sitting: Sitting, ticket: Ticket, by: By, at: At = None) -> None:
    """That a candidate did not come 缺考."""
    from records import roll

    with _desk() as (desk, _):
        roll.mark_absent(desk, batch, sitting, ticket, said=_said(desk, by, at))
    typer.echo(f"{ticket} is marked absent 已登记缺考")


@roll_app.command("move")
def change_station(
    batch: BatchId,
    sitting: Sitting,
    ticket: Ticket,
    station: Annotated[str, typer.Argument(metavar="STATION", help="Where to 工位")],
    *,
    by: By,
    reason: Annotated[str, typer.Option(help="Why; without names")],
    at: At = None,
) -> None:
    """That a candidate works at another station from then on 换工位."""
    from records import roll

    with _desk() as (desk, _):
        roll.change_station(desk, batch, sitting, ticket, station, said=_said(desk, by, at), why=reason)
    typer.echo(f"{ticket} is at station {station} from then on 已登记换工位")


@roll_app.command("violation")
def note_violation(
    batch: BatchId,
    sitting: Sitting,
    ticket: Ticket,
    *,
    by: By,
    what: Annotated[str, typer.Option(help="What was done 违纪情形")],
    handling: Annotated[str, typer.Option(help="What was done about it 处理")],
    at: At = None,
    excludes: Annotated[bool, typer.Option("--excludes", help="The exam is taken away 取消考核资格")] = False,
) -> None:
    """That a candidate broke the rules of the exam 违纪."""
    from records import roll

    with _desk() as (desk, _):
        roll.note_violation(
            desk,
            batch,
            sitting,
            ticket,
            said=_said(desk, by, at),
            what=what,
            handling=handling,
            excludes=excludes,
        )
    typer.echo(f"violation of {ticket} is on record 已登记违纪")


@roll_app.command("leave")
def leave(batch: BatchId, sitting: Sitting, ticket: Ticket, *, by: By, at: At = None) -> None:
    """That a candidate left their station for good 离场: their own exam ends there."""
    from records import roll

    with _desk() as (desk, _):
        roll.leave(desk, batch, sitting, ticket, said=_said(desk, by, at))
    typer.echo(f"{ticket} left, on record 已登记离场")


@contextmanager
def _desk() -> Iterator[tuple[Desk, _Numbers]]:
    from records.roll import Desk

    with acting() as (settings, database):
        yield Desk(database, local_actor(), SystemClock().now()), _Numbers(settings, database)


class _Numbers:
    """The key of numbers, read where it is needed."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database

    def __call__(self) -> IdNumbers:
        return _numbers(self._settings, self._database)


def _numbers(settings: Settings, database: Database) -> IdNumbers:
    from storage.id_numbers import IdNumbers

    return IdNumbers.kept(settings.numbers_key_file, database)


def _said(desk: Desk, by: str, at: datetime | None) -> Said:
    from records.roll import Said

    return Said(at or desk.now, by)


def _profile(file: Path | None) -> Profile | None:
    from config.documents import Document as YamlFile
    from records import roster, shapes

    return None if file is None else shapes.profile_of(YamlFile.read(file), roster.ROSTER)


def _ticket_and_reason(text: str) -> tuple[str, str]:
    ticket, equals, reason = text.partition("=")
    if not equals:
        raise typer.BadParameter("write TICKET=REASON", param_hint="--decline")
    return ticket, reason


def _tell_import(batch: str, done: Import, dry_run: bool) -> None:
    what = "would be taken in 试导入" if dry_run else "taken in 已导入"
    typer.echo(f"roster of batch {batch} {what}: {done.candidates} candidates 名考生")
    typer.echo(f"candidates 考生: {done.added} new, {done.changed} changed")
    typer.echo(f"seats 座位: {done.seats_added} new, {done.seats_changed} changed, {done.seats_removed} taken back")
    if not done.changes:
        typer.echo("nothing changed 无变化")
    if done.absent:
        first = ", ".join(done.absent[:5])
        note([f"{len(done.absent)} on the roll are not in the file and stay 文件未列、仍在名册: {first}"])
    if done.unread:
        note([f"columns that nobody asked for 未读取的列: {', '.join(done.unread)}"])
