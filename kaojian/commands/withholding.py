"""Footage that shows a 禁摄区 by mistake 误摄扣留: withheld, ended, shown, destroyed once both sides confirmed it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import acting, complain, instant, local_actor, opened, show

app = typer.Typer()
withhold_app = typer.Typer(
    help="Withhold footage that shows a no-filming area 误摄扣留.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(withhold_app, name="withhold")

WithholdingNumber = Annotated[
    int, typer.Argument(metavar="NUMBER", min=1, help="As `kaojian withhold list` names it")
]
Reason = Annotated[str, typer.Option(help="Why, for those who decide and come after you")]


@withhold_app.command("begin")
def begin(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id of the camera 摄像机")],
    start: Annotated[str, typer.Option("--from", help="Since when it films the area, RFC 3339 with zone")],
    reason: Reason,
    until: Annotated[str, typer.Option(help="Until when; left out, until further notice")] = "",
) -> None:
    """Withhold what a camera films, because it is a no-filming area 禁摄区: nobody is given it from now on."""
    from kaojian import withholding
    from records import withholding as records

    begins, ends = instant(start), instant(until) if until else None
    with acting() as (_, database):
        found = records.withhold(
            database, camera, begins, ends, reason=reason, actor=local_actor(), clock=SystemClock()
        )
        for line in withholding.told(database, found):
            typer.echo(line)
    typer.echo(withholding.WHO_DECIDES)


@withhold_app.command("end")
def end(
    number: WithholdingNumber,
    reason: Reason,
    until: Annotated[str, typer.Option(help="When it ended, RFC 3339 with zone; left out, now")] = "",
) -> None:
    """Say when a withholding that was until further notice ended."""
    from records import withholding as records

    clock = SystemClock()
    with acting() as (_, database):
        ends = instant(until) if until else clock.now()
        records.end(database, number, ends, reason=reason, actor=local_actor(), clock=clock)
    typer.echo(f"withholding {number} ended 已止: {rfc3339(ends)}")


@withhold_app.command("list")
def list_withholdings(
    camera: Annotated[str | None, typer.Argument(metavar="CAMERA", help="Of this camera only")] = None,
) -> None:
    """Show withholdings, the declined ones too."""
    table = Table(show_edge=False)
    for heading in ("Withholding", "State", "Camera", "From", "Until", "By", "Reason"):
        table.add_column(heading, overflow="fold")
    with opened() as (_, database):
        for each in database.withholdings.all(camera):
            until = "until further notice 未止" if each.until is None else rfc3339(each.until)
            who = f"{rfc3339(each.ordered.at)} {each.ordered.actor.name}"
            row = (str(each.number), f"{each.state} {each.state.zh}", each.camera, rfc3339(each.start), until, who)
            table.add_row(*(Text(cell) for cell in (*row, each.ordered.reason)))
    show(table)


@withhold_app.command("show")
def show_withholding(
    number: WithholdingNumber,
    papers: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write its certificates into this new folder, for `kaojian disposal verify`"
        ),
    ] = None,
) -> None:
    """Show a withholding: what it reaches, who decided on it, what was destroyed."""
    from kaojian import withholding

    with opened() as (_, database):
        for line in withholding.told(database, database.withholdings.find(number)):
            typer.echo(line)
        if papers is not None:
            typer.echo(f"written: {papers}, {withholding.write_papers(database, number, papers)} papers")


@withhold_app.command("destroy")
def destroy(number: WithholdingNumber) -> None:
    """Destroy what both sides confirmed and no object store has, with a certificate 销毁证明; again, it goes on."""
    from kaojian import withholding

    with acting() as (settings, database):
        done = withholding.destroy(settings, database, number, actor=local_actor(), clock=SystemClock())
    typer.echo(
        f"withholding {number}: {done.removed} files removed; {done.stored} stay in the object store, under a lock"
    )
    if done.paper is not None:
        typer.echo(f"certificate of destruction 销毁证明: paper {done.paper.number}:{done.paper.digest}")
    if done.left:
        complain("\n".join(f"kaojian: left as it is: {reason}" for reason in done.left[:20]))
        raise typer.Exit(1)
