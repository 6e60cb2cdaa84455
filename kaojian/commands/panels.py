"""The panel 考评小组: examiners and whom the centre sent, who came and who left."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from config import rule_pack
from domain.panels import Attendance
from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, Number, acting, instant, local_actor, opened, print_json
from records import panels
from records.panel_rules import rule_panels

app = typer.Typer()
panel_app = typer.Typer(help="Examiners and panels 考评小组.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(panel_app, name="panel")

ExaminerId = Annotated[str, typer.Argument(metavar="EXAMINER", help="Id of the examiner 考评员")]
At = Annotated[datetime | None, typer.Option(parser=instant, metavar="TIME", help="When; now if left out")]


@panel_app.command("import")
def import_panels(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="Examiners and whom the centre sends 派遣")],
) -> None:
    """Put examiners and panels on record. The same file again changes nothing."""
    with acting() as (_, database):
        done = panels.import_file(database, file, local_actor(), SystemClock().now())
    for name in done.changed:
        typer.echo(f"entered    {name}")
    for name in done.unchanged:
        typer.echo(f"unchanged  {name}")


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
    now = SystemClock().now()
    attendance = Attendance(batch, number, examiner, room, at or now, badge=badge, leads=leads)
    with acting() as (_, database):
        name = panels.arrive(database, attendance, local_actor(), now)
    typer.echo(f"entered    {name}")


@panel_app.command()
def leave(batch: BatchId, number: Number, examiner: ExaminerId, at: At = None) -> None:
    """Write down that an examiner left 离岗."""
    now = SystemClock().now()
    with acting() as (_, database):
        name = panels.leave(database, (batch, number), examiner, local_actor(), now, left=at or now)
    typer.echo(f"entered    {name}")


@panel_app.command()
def show(batch: BatchId, *, as_json: Annotated[bool, typer.Option("--json", help="As JSON")] = False) -> None:
    """What the panels of a batch mean under clauses 五 and 六(三)."""
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
