"""Keeping: holds of batches beyond their time 封存, and the disposal of those whose time is over 处置."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, acting, complain, local_actor, note, opened, show

if TYPE_CHECKING:
    from records.holding import Held

app = typer.Typer()
hold_app = typer.Typer(
    help="Keep a batch beyond its time of keeping 封存.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(hold_app, name="hold")
disposal_app = typer.Typer(
    help="Dispose of footage whose time of keeping is over 到期处置.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(disposal_app, name="disposal")
ListNumber = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="As `kaojian disposal list` names it")]

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


@disposal_app.command("list")
def list_disposals(
    *, due: Annotated[bool, typer.Option(help="Batches whose time of keeping is over, instead of lists")] = False
) -> None:
    """Show disposal lists 处置清单, or what is due and what still stands against it."""
    from kaojian import disposal

    with opened() as (settings, database):
        table = disposal.due_table(settings, database) if due else disposal.table(database, SystemClock())
    show(table)


@disposal_app.command("show")
def show_disposal(
    number: ListNumber,
    papers: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write the signed papers of its sites into this new folder")
    ] = None,
) -> None:
    """Show a list: what it would delete, who approved it, what became of it."""
    from kaojian import disposal

    with opened() as (_, database):
        for line in disposal.told(database, number, SystemClock()):
            typer.echo(line)
        if papers is not None:
            typer.echo(f"written: {papers}, {disposal.write_papers(database, number, papers)} papers")


@disposal_app.command("propose")
def propose_disposal(
    batches: Annotated[list[str], typer.Argument(metavar="BATCH...", help="Batches whose time of keeping is over")],
    reason: Reason,
) -> None:
    """Propose to dispose of batches. Two people approve it at the page; nothing is deleted before that."""
    from kaojian import disposal
    from records import disposal as records

    with acting() as (settings, database):
        basis = disposal.basis_of(settings, database, SystemClock())
        listed = records.propose(basis, batches, reason=reason, actor=local_actor())
    typer.echo(f"disposal list 处置清单 {listed.number}: proposed, digest {listed.digest}")
    typer.echo("a city officer and a city supervisor approve it at the page 须由市级经办人与市级督导员各一人批准")


@disposal_app.command("carry-out")
def carry_out(number: ListNumber) -> None:
    """Delete what two people approved, with a certificate of destruction 销毁证明; again, it goes on where it was."""
    from kaojian import disposal

    with acting() as (settings, database):
        outcome = disposal.carry_out(settings, database, number, actor=local_actor(), clock=SystemClock(), tell=_gone)
    for line in disposal.outcome_lines(outcome):
        typer.echo(line)
    if left := [reason for each in outcome.batches for reason in each.left]:
        complain("\n".join(f"kaojian: left as it is: {reason}" for reason in left[:20]))
        raise typer.Exit(1)


@disposal_app.command("verify")
def verify_papers(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="As `disposal show --papers` or `withhold show --papers` wrote it"),
    ],
    key: Annotated[list[str], typer.Option(metavar="HEX", help="A public key that you believe; may be several")],
) -> None:
    """Check orders and certificates of destruction, without database and network; exit 1 with what does not hold."""
    from kaojian import disposal

    for line in disposal.verified(folder, key):
        typer.echo(line)


def _gone(batch: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{batch}: {done} of {of} segments", nl=done == of, err=True)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} of {of} segments", nl=done == of, err=True)


def _tell(held: Held, line: str) -> None:
    typer.echo(line)
    typer.echo(f"objects 存储对象: {held.done} as they are to be, {held.waiting} not yet")
    if held.waiting:
        note([f"{held.reason}; they are set right when they are read again"])
