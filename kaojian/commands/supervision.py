"""质量督导: supervisors, draws of whom and what they visit 双随机, and visits."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from domain.draws import FEWEST, SHARE
from domain.supervision import Frame, Ground, Severity, Side
from domain.timeline import SystemClock
from kaojian.terminal import BatchId, acting, instant, local_actor, opened, show, write

app = typer.Typer()
supervisor_app = typer.Typer(help="Supervisors 质量督导员.", no_args_is_help=True, rich_markup_mode=None)
draw_app = typer.Typer(
    help="Draw batches and supervisors 双随机抽取: publish, commit, reveal, run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
visit_app = typer.Typer(help="Visits 督导.", no_args_is_help=True, rich_markup_mode=None)
for name, each in (("supervisor", supervisor_app), ("draw", draw_app), ("visit", visit_app)):
    app.add_typer(each, name=name)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no day; write it like 2026-05-01") from None


def _share(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text} is no share; write it like {SHARE}") from None


SupervisorId = Annotated[str, typer.Argument(metavar="SUPERVISOR", help="Id of the supervisor; never a name")]
DrawId = Annotated[str, typer.Argument(metavar="DRAW", help="Name of the draw, for example 2026-05")]
VisitId = Annotated[str, typer.Argument(metavar="VISIT", help="As `kaojian visit show` names it: BATCH/1")]
Day = Annotated[date, typer.Option(parser=_day, metavar="DAY")]
When = Annotated[datetime, typer.Argument(parser=instant, metavar="INSTANT", help="Like 2026-05-01T09:00:00+08:00")]
SecretFile = Annotated[Path, typer.Option("--secret", metavar="FILE", help="Where your secret lies")]
Why = Annotated[Ground, typer.Option(help="Why they do not go")]
Pictures = Annotated[list[str] | None, typer.Option("--frame", metavar="CAMERA@INSTANT", help="A picture looked at")]


@supervisor_app.command("add")
def add_supervisor(
    *,
    supervisor: SupervisorId,
    name: Annotated[str, typer.Option(help="Name of the person")],
    badge: Annotated[str, typer.Option(help="Number of the badge 证卡")],
    valid_from: Day,
    valid_to: Day,
    unit: Annotated[str, typer.Option(help="Where they work")],
    side: Annotated[Side, typer.Option(help="Appointed by the authority 外督, or of the body 内督")] = Side.EXTERNAL,
    account: Annotated[str, typer.Option(help="The account that they look at footage with")] = "",
) -> None:
    """Put a supervisor on record, or what is new of one."""
    from domain.supervision import Supervisor
    from records import supervision

    told = Supervisor(name.strip(), badge.strip(), valid_from, valid_to, side, unit.strip(), account)
    with acting() as (_, database):
        entry = supervision.add_supervisor(database, supervisor, told, local_actor(), SystemClock().now())
    typer.echo(f"supervisor 督导员 {supervisor}: on record as {entry.name}")


@supervisor_app.command("list")
def list_supervisors() -> None:
    """Show all supervisors."""
    from kaojian import supervision

    with opened() as (_, database):
        show(supervision.supervisor_table(database))


@supervisor_app.command("recuse")
def recuse(
    supervisor: SupervisorId,
    of: Annotated[str, typer.Argument(metavar="SITE|BATCH", help="Where they are not sent")],
    ground: Annotated[Ground | None, typer.Option(help="Why; it is published with the pool")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="The recusal is over")] = False,
) -> None:
    """Have a supervisor not be sent to a site or a batch 回避, in draws to come."""
    from records import supervision

    if lift == (ground is not None):
        raise typer.BadParameter("say why with --ground, or that it is over with --lift")
    with acting() as (_, database):
        supervision.recuse(database, supervisor, of, ground=ground, actor=local_actor(), at=SystemClock().now())
    typer.echo(f"supervisor 督导员 {supervisor}: {'may be sent to' if lift else 'recused from 回避'} {of}")


@draw_app.command("publish")
def publish_pool(
    *,
    draw: DrawId,
    first: Day,
    last: Day,
    reveal_by: Annotated[
        datetime, typer.Option(parser=instant, metavar="INSTANT", help="Both secrets are told by then")
    ],
    share: Annotated[Decimal, typer.Option(parser=_share, metavar="SHARE", help="Of the batches")] = SHARE,
    per_visit: Annotated[int, typer.Option(help="Supervisors at a visit")] = FEWEST,
    beacon: Annotated[str, typer.Option(help="A public text that nobody knows yet: which one, and of when")] = "",
) -> None:
    """Publish the pool of a draw: all batches of these days, all supervisors whose badge is valid on them."""
    from kaojian import supervision
    from records import drawing

    wanted = drawing.Wanted(draw, first, last, reveal_by, share, per_visit, beacon)
    with acting() as (_, database):
        now = SystemClock().now()
        drawing.publish(database, wanted, local_actor(), now)
        for line in supervision.draw_lines(database, draw, now):
            typer.echo(line)


@draw_app.command("commit")
def commit(draw: DrawId, secret: SecretFile) -> None:
    """Commit to a secret as one of the two parties; a new one is made where the file is not there yet.

    The other party is somebody with an account, over the API: two at the command line are refused.
    """
    from kaojian import supervision
    from records import drawing

    with acting() as (_, database):
        actor = local_actor()
        digest = supervision.commitment(database, draw, actor.name, supervision.secret_in(secret))
        drawing.commit(database, draw, digest, actor, SystemClock().now())
    typer.echo(f"draw {draw}: {actor.name} committed 已承诺 {digest}; keep {secret} until both have")


@draw_app.command("reveal")
def reveal(draw: DrawId, secret: SecretFile) -> None:
    """Tell the secret that was committed to, once both parties have."""
    from kaojian.supervision import kept_secret
    from records import drawing

    with acting() as (_, database):
        drawing.reveal(database, draw, kept_secret(secret), local_actor(), SystemClock().now())
    typer.echo(f"draw {draw}: the secret is told 密值已公布")


@draw_app.command("run")
def run(
    draw: DrawId, beacon: Annotated[str, typer.Option(help="The public text, where one was announced")] = ""
) -> None:
    """Make the draw, once both secrets are told. Anybody can make it again and gets the same."""
    from kaojian import supervision
    from records import drawing

    with acting() as (_, database):
        record = drawing.run(database, draw, local_actor(), SystemClock().now(), beacon=beacon)
    for line in supervision.outcome_lines(record):
        typer.echo(line)


@draw_app.command("replace")
def replace(draw: DrawId, batch: BatchId, supervisor: SupervisorId, ground: Why) -> None:
    """Replace somebody who was drawn and cannot go 补抽; the draw goes on for the place."""
    from kaojian import supervision
    from records import drawing

    with acting() as (_, database):
        record = drawing.replace(
            database, draw, batch, supervisor, ground=ground, actor=local_actor(), at=SystemClock().now()
        )
    for line in supervision.outcome_lines(record):
        typer.echo(line)


@draw_app.command("show")
def show_draws(
    draw: Annotated[str | None, typer.Argument(metavar="DRAW", help="One draw; all without it")] = None,
    pool: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the pool's canonical text")] = None,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the public record")] = None,
) -> None:
    """Show draws, or one with all that is public of it."""
    from domain import draws
    from kaojian import supervision
    from records import drawing

    if draw is None and (pool or record):
        raise typer.BadParameter("name the draw whose pool or record is to be written")
    with opened() as (_, database):
        now = SystemClock().now()
        if draw is None:
            show(supervision.draw_table(database, now))
            return
        for line in supervision.draw_lines(database, draw, now):
            typer.echo(line)
        if pool is not None:
            write(pool, draws.text_of(drawing.pool_of(database, draw)).encode())
        if record is not None:
            write(record, draws.published(drawing.record(database, draw)).encode())


@draw_app.command("verify")
def verify_draw(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="As `kaojian draw show DRAW --record` wrote it")],
    digest: Annotated[str, typer.Option(metavar="HEX", help="The record's digest, as you know it")] = "",
    pool: Annotated[str, typer.Option(metavar="HEX", help="The pool's digest, as it was published")] = "",
) -> None:
    """Make a draw again from its public record, without a database; exit 1 with what does not hold."""
    from kaojian import supervision
    from records import drawing

    found = drawing.verify(file.read_bytes(), digest=digest, pool_digest=pool)
    typer.echo(f"draw 抽取 {found.pool.draw}: the record holds 记录有效")
    for line in supervision.outcome_lines(found):
        typer.echo(line)
    if not (digest and pool):
        typer.echo(
            "note: whether it is the record that was published is not shown; give --digest and --pool", err=True
        )


@visit_app.command("begin")
def begin_visit(
    *,
    batch: BatchId,
    begun: When,
    by: Annotated[list[str], typer.Option(metavar="SUPERVISOR=BADGE", help="Who is there; `ID=`: no badge was worn")],
    draw: Annotated[str, typer.Option(help="The draw that it rests on")] = "",
    reason: Annotated[str, typer.Option(help="Why, of a targeted visit 定向检查")] = "",
    online: Annotated[bool, typer.Option("--online", help="By footage")] = False,
    examiner: Annotated[list[str] | None, typer.Option(help="Id of a supervisor who examines the batch")] = None,
) -> None:
    """Put on record that a visit began: a drawn one with its draw, a targeted one with its reason."""
    from domain.supervision import Way
    from kaojian.supervision import attendance
    from records import supervision

    way = Way.ONLINE if online else Way.ON_SITE
    told = supervision.Beginning(batch, way, tuple(map(attendance, by)), begun, draw, reason)
    with acting() as (_, database):
        entry = supervision.begin(
            database, told, local_actor(), SystemClock().now(), examiners=frozenset(examiner or ())
        )
    typer.echo(f"visit 督导 {entry.key} began")


@visit_app.command("answer")
def answer(
    visit: VisitId,
    answers: Annotated[list[str], typer.Argument(metavar="QUESTION=yes|no|not_seen...")],
    note: Annotated[str, typer.Option(help="What is to be said with it")] = "",
    frame: Pictures = None,
) -> None:
    """Answer questions of the list 督导清单; `kaojian visit show VISIT` has those that are left."""
    from domain.supervision import Answer, Said
    from records import supervision

    frames = _frames(frame)
    told = []
    for each in answers:
        question, _, said = each.partition("=")
        if said not in {word.value for word in Said}:
            raise typer.BadParameter(f"{each}: an answer is yes, no or not_seen, like labels=yes")
        told.append(Answer(question, Said(said), note, frames))
    with acting() as (_, database):
        entry = supervision.answer(database, visit, told, local_actor(), SystemClock().now())
    left = 0 if entry.value is None else len(entry.value.unanswered())
    typer.echo(f"visit 督导 {visit}: {len(told)} answered, {left} left 未答")


@visit_app.command("find")
def find(
    visit: VisitId,
    severity: Annotated[Severity, typer.Argument(help="How much it weighs")],
    text: Annotated[str, typer.Argument(help="What was found; no names, no ID numbers")],
    frame: Pictures = None,
) -> None:
    """Put a finding 问题 on record."""
    from domain.supervision import Found
    from records import supervision

    with acting() as (_, database):
        found = Found(severity, text.strip(), _frames(frame))
        supervision.find(database, visit, found, local_actor(), SystemClock().now())
    typer.echo(f"visit 督导 {visit}: finding 问题 {severity.zh}")


@visit_app.command("end")
def end_visit(visit: VisitId, ended: When) -> None:
    """Put on record that a visit ended: every question has its answer, and an online one its pictures."""
    from records import supervision

    with acting() as (_, database):
        supervision.end(database, visit, ended, local_actor(), SystemClock().now())
    typer.echo(f"visit 督导 {visit} ended; its feedback 反馈 is due now")


@visit_app.command("feedback")
def feed_back(visit: VisitId, text: Annotated[str, typer.Argument(help="What was told to the site")]) -> None:
    """Put the feedback 反馈 on record; it counts from now."""
    from records import supervision

    with acting() as (_, database):
        supervision.feed_back(database, visit, text, local_actor(), SystemClock().now())
    typer.echo(f"visit 督导 {visit}: feedback given 已反馈")


@visit_app.command("publish")
def publish_visit(visit: VisitId) -> None:
    """Put on record that the result was published 公开."""
    from records import supervision

    with acting() as (_, database):
        supervision.publish(database, visit, local_actor(), SystemClock().now())
    typer.echo(f"visit 督导 {visit}: published 已公开")


@visit_app.command("show")
def show_visits(
    visit: Annotated[str | None, typer.Argument(metavar="VISIT", help="One visit; all without it")] = None,
    batch: Annotated[
        str | None, typer.Option(help="Of this batch, with what is to be said of its supervision")
    ] = None,
) -> None:
    """Show visits, or one with all that was said."""
    from kaojian import supervision
    from records import supervision as records

    with opened() as (_, database):
        if visit is not None:
            for line in supervision.visit_lines(records.visit(database, visit)):
                typer.echo(line)
            return
        show(supervision.visit_table(records.visits(database, batch)))
        if batch is not None:
            for line in supervision.ruled_lines(database, batch, SystemClock().now()):
                typer.echo(line)


def _frames(texts: list[str] | None) -> tuple[Frame, ...]:
    from kaojian.supervision import frame

    try:
        return tuple(frame(text) for text in texts or ())
    except ValueError as error:
        raise typer.BadParameter(f"a picture is CAMERA@INSTANT: {error}") from None
