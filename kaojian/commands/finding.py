"""Finding footage 检索: by certificate, by candidate, or by place and time."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.timeline import Interval, SystemClock
from kaojian.terminal import acting, instant, local_actor, print_json

app = typer.Typer()


@app.command()
def find(
    *,
    certificate: Annotated[str, typer.Option(metavar="NUMBER", help="Of a certificate 证书编号")] = "",
    ticket: Annotated[str, typer.Option(metavar="TICKET", help="Of a candidate 准考证号")] = "",
    name: Annotated[str, typer.Option(metavar="NAME", help="Of a candidate 姓名, with --batch")] = "",
    document: Annotated[
        bool, typer.Option("--document", help="By the number of a document 证件号码, which is asked for")
    ] = False,
    batch: Annotated[str, typer.Option(metavar="BATCH", help="Only of this batch 批次")] = "",
    site: Annotated[
        str, typer.Option(metavar="SITE", help="Only of this site 定点考场, id or name as it was then")
    ] = "",
    sitting: Annotated[int | None, typer.Option(min=1, help="Only of this sitting 场次")] = None,
    room: Annotated[str, typer.Option(metavar="ROOM", help="Only of this room 考场, id or name as it was then")] = "",
    station: Annotated[str, typer.Option(metavar="STATION", help="Only of this station 工位")] = "",
    camera: Annotated[str, typer.Option(metavar="CAMERA", help="Only what this camera saw 摄像机")] = "",
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Only what reaches over that instant")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Only from then on")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only until then")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Where footage of a certificate, a candidate or a place and time lies, and what of it is missing and why.

    Exit 1 where nothing is found. Who looked for what is kept in the record of viewings, without names and numbers of
    documents.
    """
    from kaojian import finding
    from records.retrieval import Question

    if (start is None) != (end is None):
        raise typer.BadParameter("say from when and until when", param_hint="--from, --to")
    number = typer.prompt("证件号码 number of the document", hide_input=True).strip() if document else ""
    span = None if start is None or end is None else _span(start, end)
    question = Question(
        certificate=certificate.strip(),
        ticket=ticket.strip(),
        name=name.strip(),
        number=number,
        batch=batch,
        site=site,
        sitting=sitting,
        room=room,
        station=station,
        camera=camera,
        at=None if at is None else instant(at),
        span=span,
    )
    with acting() as (settings, database):
        found = finding.look(settings, database, question, local_actor(), SystemClock())
    if as_json:
        print_json(finding.as_json(found))
    else:
        for line in finding.lines(found):
            typer.echo(line)
    if not found.people and not found.stays:
        raise typer.Exit(1)


def _span(start: str, end: str) -> Interval:
    try:
        return Interval(instant(start), instant(end))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--from, --to") from None
