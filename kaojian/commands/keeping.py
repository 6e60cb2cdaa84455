"""Keeping: holds of batches beyond their time 封存."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, acting, local_actor, note, opened, show

if TYPE_CHECKING:
    from records.holding import Held

app = typer.Typer()
hold_app = typer.Typer(
    help="Keep a batch beyond its time of keeping 封存.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(hold_app, name="hold")

Reason = Annotated[str, typer.Option(help="Why, for those who come after you")]


@hold_app.command("set")
def set_hold(batch: BatchId, reason: Reason) -> None:
    """Hold a batch: nothing of it is disposed of until the hold is lifted."""
    from kaojian.wiring import open_archive
    from records import holding

    with acting() as (settings, database):
        archive, actor = open_archive(settings, database), local_actor()
        held = holding.hold(database, archive, batch, reason=reason, actor=actor, clock=SystemClock(), tell=_progress)
    _tell(held, f"batch {held.hold.batch} is held 已封存: hold {held.hold.number}")


@hold_app.command("lift")
def lift_hold(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `kaojian hold list` names it")], reason: Reason
) -> None:
    """Lift a hold; its batch is let go when no other hold stands."""
    from kaojian.wiring import open_archive
    from records import holding

    with acting() as (settings, database):
        archive, actor = open_archive(settings, database), local_actor()
        held = holding.lift(
            database, archive, number, reason=reason, actor=actor, clock=SystemClock(), tell=_progress
        )
        still = database.holds.standing(held.hold.batch)
    state = "is still held by another hold 仍在封存" if still else "is let go 已解除封存"
    _tell(held, f"hold {number} is lifted, batch {held.hold.batch} {state}")


@hold_app.command("list")
def list_holds(
    batch: Annotated[str | None, typer.Argument(metavar="BATCH", help="Of this batch only")] = None,
) -> None:
    """Show holds, the lifted ones too."""
    table = Table(show_edge=False)
    for heading in ("Hold", "Batch", "Since", "By", "Reason", "Lifted"):
        table.add_column(heading, overflow="fold")
    with opened() as (_, database):
        for each in database.holds.all(batch):
            since, end = each.ordered, each.lifted
            lifted = "" if end is None else f"{rfc3339(end.at)} {end.actor.name}: {end.reason}"
            row = (str(each.number), each.batch, rfc3339(since.at), since.actor.name, since.reason, lifted)
            table.add_row(*(Text(cell) for cell in row))
    show(table)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} of {of} segments", nl=done == of, err=True)


def _tell(held: Held, line: str) -> None:
    typer.echo(line)
    typer.echo(f"objects 存储对象: {held.done} as they are to be, {held.waiting} not yet")
    if held.waiting:
        note([f"{held.reason}; they are set right when they are read again"])
