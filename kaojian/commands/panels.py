"""The panel 考评小组: examiners and whom the centre sent, who came and who left."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from domain.panels import Attendance
from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, Number, acting, instant, local_actor, note, opened, print_json, write

app = typer.Typer()
panel_app = typer.Typer(help="Examiners and panels 考评小组.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(panel_app, name="panel")

ExaminerId = Annotated[str, typer.Argument(metavar="EXAMINER", help="Id of the examiner 考评员")]
At = Annotated[datetime | None, typer.Option(parser=instant, metavar="TIME", help="When; now if left out")]


class Only(StrEnum):
    """One of the two sheets."""

    EXAMINERS = "examiners"
    DISPATCHES = "dispatches"


_SHEETS = frozenset({".xlsx", ".csv"})


@panel_app.command("import")
def import_panels(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Examiners and whom the centre sends 派遣: YAML, XLSX or CSV")
    ],
    profile: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Which sheet and heading means what; see `panel profile`")
    ] = None,
) -> None:
    """Put examiners and panels on record. The same file again changes nothing."""
    from config.documents import Document
    from records import panel_files, panels, shapes

    if file.suffix.lower() not in _SHEETS and profile is not None:
        raise typer.BadParameter("is for .xlsx and .csv alone", param_hint="--profile")
    with acting() as (_, database):
        actor, now = local_actor(), SystemClock().now()
        if file.suffix.lower() in _SHEETS:
            chosen = {} if profile is None else shapes.profiles_of(Document.read(profile), *panel_files.SHAPES)
            data = file.read_bytes()
            done = panel_files.take_in(database, data, str(file), actor=actor, now=now, profiles=chosen)
        else:
            done = panels.import_file(database, file, actor, now)
    for name in done.changed:
        typer.echo(f"entered    {name}")
    for name in done.unchanged:
        typer.echo(f"unchanged  {name}")
    if done.unread:
        note([f"columns or sheets that nobody asked for 未读取的列或表: {', '.join(done.unread)}"])


@panel_app.command("export")
def export_panels(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .xlsx or .csv")],
    *,
    only: Annotated[Only | None, typer.Option(help="One of the two sheets; CSV holds no more")] = None,
    batch: Annotated[str | None, typer.Option(help="Dispatches of this batch alone 批次")] = None,
) -> None:
    """Write examiners and dispatches 导出, in the shape in which they are taken in."""
    from records import panel_files

    suffix = file.suffix.lower()
    if suffix not in _SHEETS:
        raise typer.BadParameter("must end in .xlsx or .csv", param_hint="FILE")
    if suffix == ".csv" and only is None:
        raise typer.BadParameter("say which of the two: CSV holds one sheet", param_hint="--only")
    with opened() as (_, database):
        examiners, dispatches = panel_files.tables(database, batch)
    chosen = {None: (examiners, dispatches), Only.EXAMINERS: (examiners,), Only.DISPATCHES: (dispatches,)}[only]
    write(file.absolute(), panel_files.written(chosen, file.name))
    typer.echo(f"written 已导出: {file}, {sum(len(table.rows) for table in chosen)} rows")


@panel_app.command("profile")
def print_profile() -> None:
    """Print the headings that are known, as YAML to be changed and given to `panel import --profile`."""
    from records import panel_files, shapes

    typer.echo(shapes.profile_text(*panel_files.SHAPES), nl=False)


@panel_app.command()
def arrive(
    batch: BatchId,
    number: Number,
    examiner: ExaminerId,
    *,
    room: Annotated[str, typer.Option(help="In which room 考场")],
    badge: Annotated[str, typer.Option(help="Number of the badge 证卡 worn; left out for none")] = "",
    at: At = None,
    leads: Annotated[bool, typer.Option(help="As the leader 组长, or in their place")] = False,
) -> None:
    """Write down that an examiner is there 到岗."""
    from records import panels

    now = SystemClock().now()
    attendance = Attendance(batch, number, examiner, room, at or now, badge=badge, leads=leads)
    with acting() as (_, database):
        name = panels.arrive(database, attendance, local_actor(), now)
    typer.echo(f"entered    {name}")


@panel_app.command()
def leave(batch: BatchId, number: Number, examiner: ExaminerId, at: At = None) -> None:
    """Write down that an examiner left 离岗."""
    from records import panels

    now = SystemClock().now()
    with acting() as (_, database):
        name = panels.leave(database, (batch, number), examiner, local_actor(), now, left=at or now)
    typer.echo(f"entered    {name}")


@panel_app.command()
def show(batch: BatchId, *, as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False) -> None:
    """What the panels of a batch mean under clauses 五 and 六(三)."""
    from config import rule_pack
    from records import panels
    from records.panel_rules import rule_panels

    with opened() as (settings, database):
        facts = panels.panel_facts(database, batch, SystemClock().now())
        known = database.setup.batch(batch)
        ruled = rule_panels(facts, rule_pack.load(known.rule_pack if known else "", settings.rule_packs_dir))
    if as_json:
        print_json({"batch": batch, "clauses": [asdict(each) for each in ruled]})
        return
    for sitting in facts.sittings:
        members = sitting.dispatch.members if sitting.dispatch is not None else ()
        sent = ", ".join(each.examiner + (" 组长" if each.leader else "") for each in members)
        typer.echo(f"sitting {sitting.number}, {rfc3339(sitting.exam.start)}: {sent or 'nobody was sent 未派遣'}")
    for each in ruled:
        finding = each.finding
        typer.echo(f"{finding.id:7} {finding.verdict.zh} {finding.verdict.value}: {finding.zh} / {finding.en}")
