"""Setting up, opening and closing: sites, sittings, batches."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings
from domain.phases import Mark
from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, Number, acting, instant, local_actor, note, print_json
from records import conduct, declaration, setup
from records.conduct import Disk

app = typer.Typer()
sitting_app = typer.Typer(help="Open and close sittings 场次.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(sitting_app, name="sitting")
batch_app = typer.Typer(help="Close batches 批次.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(batch_app, name="batch")


@app.command()
def apply(
    file: Annotated[Path | None, typer.Argument(metavar="FILE.yaml", help="Sites and batches")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file instead")] = False,
) -> None:
    """Set up sites, cameras, batches and sittings from a file. Applying it again changes nothing."""
    if schema:
        print_json(declaration.schema())
        return
    if file is None:
        raise typer.BadParameter("name a file, or use --schema", param_hint="FILE.yaml")
    with acting() as (settings, database):
        declared = declaration.read(file, database.setup.sites(), settings.rule_packs_dir)
        done = setup.apply(declared, database, local_actor(), SystemClock(), _disk(settings))
    for name in done.changed:
        typer.echo(f"applied    {name}")
    for name in done.unchanged:
        typer.echo(f"unchanged  {name}")
    note(done.notes)


@sitting_app.command("open")
def open_sitting(
    batch: BatchId,
    number: Number,
    start: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it really started; now if left out")
    ] = None,
) -> None:
    """Open a sitting at the bell. Its set-up is frozen from here on; recording began before, by the plan."""
    with acting() as (settings, database):
        begun = conduct.open_sitting(
            database, batch, number, local_actor(), SystemClock(), disk=_disk(settings), actual_start=start
        )
    typer.echo(f"sitting {number} of batch {batch} is open, start {rfc3339(begun.sitting.start)}")
    note(begun.warnings)


@sitting_app.command("close")
def close_sitting(
    batch: BatchId,
    number: Number,
    end: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it really ended; now if left out")
    ] = None,
) -> None:
    """Close a sitting. Recording goes on until its tail has run."""
    with acting() as (_, database):
        closed = conduct.close_sitting(database, batch, number, local_actor(), SystemClock(), actual_end=end)
    until = rfc3339(closed.window.end)
    typer.echo(f"sitting {number} of batch {batch} is closed, end {rfc3339(closed.end)}; recording until {until}")


@sitting_app.command("mark")
def mark_sitting(
    batch: BatchId,
    number: Number,
    mark: Annotated[
        Mark, typer.Argument(metavar="MARK", help="opened 启封, read 宣读, started 开考, collected 收卷, sealed 封装")
    ],
    at: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it was done; now if left out")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why an earlier mark is corrected 更正原因")] = "",
    *,
    take_back: Annotated[bool, typer.Option(help="Say that it was not done, with a --reason")] = False,
) -> None:
    """Mark what is done in a sitting 时间标记. Corrected by marking again with a reason; nothing is taken out."""
    if take_back and at is not None:
        raise typer.BadParameter("what was not done has no time", param_hint="--at")
    with acting() as (_, database):
        made = conduct.mark_sitting(
            database,
            batch,
            number,
            local_actor(),
            SystemClock(),
            mark=mark,
            at=at,
            reason=reason,
            taken_back=take_back,
        )
    when = "taken back 撤销" if made.marked.at is None else rfc3339(made.marked.at)
    typer.echo(f"sitting {number} of batch {batch}: {mark.zh} {mark.value} {when}")
    note(made.warnings)


@batch_app.command("close")
def close_batch(
    batch: BatchId,
    reason: Annotated[str, typer.Option(help="Why it is amended 更正原因; only where it was closed before")] = "",
) -> None:
    """Sign what there is of a batch 批次, for good; what comes in later is stated in an amendment, with a reason."""
    from kaojian import closing

    with acting() as (settings, database):
        closed = closing.close(settings, database, batch, local_actor(), SystemClock(), reason=reason)
    for line in closing.told(closed):
        typer.echo(line)


def _disk(settings: Settings) -> Disk:
    return Disk.of(settings.spool_dir, settings.min_free_bytes, settings.expected_bit_rate)
