"""Results 成绩 of a batch, as files: what paper score sheets say, and marks as they stand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.timeline import SystemClock
from kaojian.terminal import BatchId, acting, local_actor, note, opened, show

if TYPE_CHECKING:
    from domain.scores import Score

app = typer.Typer()
score_app = typer.Typer(help="Results of a batch, as files 成绩.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(score_app, name="score")


@score_app.command("import")
def import_scores(
    batch: BatchId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="XLSX, or CSV in UTF-8 or GB18030")],
    profile: Annotated[
        Path | None, typer.Option(metavar="FILE.yaml", help="Which heading means what; see `score profile`")
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done")] = False,
    reason: Annotated[str, typer.Option(help="Why marks are changed; without names")] = "",
) -> None:
    """Take in what paper score sheets say 录入: all of it or, with row and column of everything wrong, nothing.

    Nobody signs by this. Marks count at the gate once the score sheets are filed: `kaojian dossier add`.
    """
    from config import rule_pack
    from config.documents import Document
    from records import score_files, shapes

    chosen = None if profile is None else shapes.profile_of(Document.read(profile), score_files.SHEET)
    with acting() as (settings, database):
        known = database.setup.batch(batch)
        rules = rule_pack.load(known.rule_pack if known else "", settings.rule_packs_dir)
        done = score_files.take_in(
            database,
            batch,
            file.read_bytes(),
            str(file),
            actor=local_actor(),
            now=SystemClock().now(),
            full_mark=rules.full_mark,
            profile=chosen,
            reason=reason,
            only_look=dry_run,
        )
    what = "would be transcribed 试录入" if dry_run else "transcribed 已录入"
    typer.echo(f"marks of batch {batch} {what}: {done.new} new, {done.changed} changed, {done.unchanged} unchanged")
    if done.unread:
        note([f"columns that nobody asked for 未读取的列: {', '.join(done.unread)}"])


@score_app.command("export")
def export_scores(
    batch: BatchId, file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .xlsx or .csv")]
) -> None:
    """Write the marks of a batch 导出, by ticket and examiner's id, in the shape in which they are taken in."""
    from config.private_files import write_private
    from records import score_files

    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise typer.BadParameter("must end in .xlsx or .csv", param_hint="FILE")
    with opened() as (_, database):
        found = score_files.rows(database, batch)
    write_private(file.absolute(), score_files.written(found, file.name))
    typer.echo(f"written 已导出: {file}, {len(found)} marks")


@score_app.command("show")
def show_scores(batch: BatchId) -> None:
    """Show the marks of a batch as they stand. What they are worth is said by `kaojian case list`."""
    from records import score_files, scores, shapes

    table = Table(show_edge=False)
    headings = (
        "Ticket 准考证号",
        "Subject 科目",
        "Mark 成绩",
        "Scorer 评分人",
        "Given",
        "Signed 签字",
        "Leader 组长",
    )
    for heading in (*headings, "From 来源"):
        table.add_column(heading, overflow="fold")
    with opened() as (_, database):
        count = len(score_files.rows(database, batch))
        found = scores.scores_of(database, batch)
    for ticket, entries in found.items():
        for entry in entries:
            score = entry.thing.score
            signed, led = score.signed, score.confirmed
            row = (
                *(ticket, score.subject, "" if score.value is None else f"{score.value:f}", score.scorer),
                shapes.instant_text(score.given),
                "" if signed is None else f"{signed.by} {shapes.instant_text(signed.at)}",
                "" if led is None else f"{led.by} {shapes.instant_text(led.at)}",
                _source(score),
            )
            table.add_row(*(Text(cell) for cell in row))
    show(table)
    typer.echo(f"{count} marks 个成绩")


@score_app.command("profile")
def print_profile() -> None:
    """Print the headings that are known, as YAML to be changed and given to `score import --profile`."""
    from records import score_files, shapes

    typer.echo(shapes.profile_text(score_files.SHEET), nl=False)


def _source(score: Score) -> str:
    if score.transcribed:
        return "paper 录自纸质评分表"
    return f"outside 外部系统 {score.vouched}" if score.vouched else "account 账户"
