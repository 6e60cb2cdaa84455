"""Setting up, checking, opening and closing: sites, sittings, batches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from config import rule_pack
from config.rule_pack import RulePack
from config.settings import Settings
from domain.phases import Mark
from domain.readiness import CONFIRMED, Item, to_json
from domain.timeline import SystemClock, rfc3339
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
)
from records import conduct, declaration, setup
from records.conduct import Disk
from storage.database import Database
from storage.errors import UnknownBatch

app = typer.Typer()
sitting_app = typer.Typer(help="Check, open and close sittings 场次.", no_args_is_help=True, rich_markup_mode=None)
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
        done = setup.apply(declared, database, local_actor(), SystemClock(), _disk(settings), rules=_rules(settings))
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
            database,
            batch,
            number,
            local_actor(),
            SystemClock(),
            disk=_disk(settings),
            actual_start=start,
            rules=_rules(settings),
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


@sitting_app.command("trial")
def try_sitting(batch: BatchId, number: Number) -> None:
    """Record a trial 试录 with all cameras of a sitting, for as long as KAOJIAN_TRIAL_S says, to check it by."""
    from kaojian.readiness import means
    from records import readiness

    with acting() as (settings, database):
        trial = readiness.order_trial(database, batch, number, local_actor(), SystemClock(), means=means(settings))
    span = trial.interval
    until = rfc3339(span.end)
    typer.echo(f"trial 试录 {trial.number}: {span.seconds:.0f} s until {until}; then `kaojian sitting check` tells")


@sitting_app.command("check")
def check_sitting(
    batch: BatchId,
    number: Number,
    lang: Annotated[Language, typer.Option(help="Language of what is printed")] = Language.ZH,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs")] = False,
) -> None:
    """Say whether a sitting may begin 考前自检, and what to do where not. Exit code 1 says no go."""
    from kaojian.readiness import means, shown
    from records import readiness

    with opened() as (settings, database):
        rules = _rules_of(settings, database, batch)
        found = readiness.check(database, batch, number, rules=rules, clock=SystemClock(), means=means(settings))
    if as_json:
        print_json(to_json(found))
    else:
        show(*shown(found, zh=lang is Language.ZH))
    if not found.go:
        raise typer.Exit(1)


@sitting_app.command("confirm")
def confirm_sitting(
    batch: BatchId,
    number: Number,
    room: Annotated[str, typer.Argument(metavar="ROOM", help="Id of the room 考场")],
    items: Annotated[
        list[str],
        typer.Argument(
            metavar="ITEM...",
            help="signs 标识, notice 监控提示, equipment 设备完好, tools 工卡量具, materials 原材料",
        ),
    ],
    *,
    take_back: Annotated[bool, typer.Option("--take-back", help="It is not so, or not any more")] = False,
    not_needed: Annotated[
        bool, typer.Option("--not-needed", help="The exam needs no tools, or no materials")
    ] = False,
    lacking: Annotated[
        list[str] | None, typer.Option(metavar="STATION", help="With --take-back: which stations lack it")
    ] = None,
    notes: Annotated[str, typer.Option("--note", help="What is wrong, or why none is needed; without names")] = "",
) -> None:
    """Confirm what no machine sees, after a look on the spot: signs, notice of filming, equipment and material.

    With --take-back and a note, or stations, it is not so and the check fails; without, nobody knows.
    """
    from records import readiness

    known = {each.value: each for each in CONFIRMED}
    if wrong := [each for each in items if each not in known]:
        raise typer.BadParameter(f"{wrong[0]} is none of: {', '.join(known)}", param_hint="ITEM")
    with acting() as (_, database):
        done = readiness.confirm(
            database,
            batch,
            number,
            local_actor(),
            SystemClock(),
            room=room,
            items=[Item(each) for each in items],
            stands=not take_back,
            applies=not not_needed,
            lacking=lacking or (),
            note=notes,
        )
    for each in done:
        said = "taken back" if not each.stands else "confirmed" if each.applies else "not needed"
        typer.echo(f"room {room}: {each.item.en} {each.item.zh} {'not so' if each.refutes else said}")


@sitting_app.command("sign")
def sign_sitting(
    batch: BatchId,
    number: Number,
    reason: Annotated[str, typer.Option(help="Why the sitting is opened although it is no go")] = "",
) -> None:
    """Check once more and sign what was found, for good. What is no go is signed with a reason only."""
    from kaojian.readiness import means
    from records import readiness

    with acting() as (settings, database):
        rules = _rules_of(settings, database, batch)
        found, signed = readiness.sign(
            database,
            batch,
            number,
            local_actor(),
            SystemClock(),
            rules=rules,
            means=means(settings),
            reason=reason,
        )
    what = "go 可以开考" if found.go else "NO GO 不可开考, signed with a reason"
    typer.echo(f"sitting {number} of batch {batch}: {what}, code {found.code.value} {found.code.zh}")
    typer.echo(f"signed 已签署: record {signed.number}, sha256 {signed.digest}")


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


def _rules(settings: Settings) -> Callable[[str], RulePack]:
    return partial(rule_pack.load, folder=settings.rule_packs_dir)


def _rules_of(settings: Settings, database: Database, batch_id: str) -> RulePack:
    """The rule pack of a batch. Raises UnknownBatch, RulePackRefused."""
    batch = database.setup.batch(batch_id)
    if batch is None:
        there = ", ".join(each.id for each in database.setup.batches()) or "none"
        raise UnknownBatch(f"there is no batch {batch_id} (there is: {there}); set it up with `kaojian apply`")
    return rule_pack.load(batch.rule_pack, settings.rule_packs_dir)


def _disk(settings: Settings) -> Disk:
    return Disk.of(settings.spool_dir, settings.min_free_bytes, settings.expected_bit_rate)
