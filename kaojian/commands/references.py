"""References of cameras: what pictures are compared with 基准画面."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.timeline import Interval, SystemClock, rfc3339
from kaojian.terminal import acting, instant, local_actor, note, opened, show

app = typer.Typer()
reference_app = typer.Typer(
    help="What a camera's pictures are compared with 基准画面.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(reference_app, name="reference")

SiteId = Annotated[str, typer.Argument(metavar="SITE", help="Id of the site 定点考场")]


@reference_app.command("make")
def make_reference(
    site: SiteId,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Id of the camera 摄像机")],
    at: Annotated[str, typer.Option(metavar="TIME", help="From when on; it was recorded then, and the room empty")],
    seconds: Annotated[float, typer.Option(min=0.1, max=300, help="Of so much footage")] = 20,
) -> None:
    """Make a reference of footage that shows the room as it should be; sittings that open from now on rest on it."""
    from analysis.eye import EYE
    from config.s3 import Duty
    from kaojian.wiring import open_archive
    from records import references

    start = instant(at)
    with acting() as (settings, database):
        archive = open_archive(settings, database, duty=Duty.READ)
        span = Interval(start, start + timedelta(seconds=seconds))
        made = references.make_reference(
            database, archive, EYE, site, camera, span=span, actor=local_actor(), clock=SystemClock()
        )
    valid = rfc3339(made.reference.valid_from)
    said = f"made of {made.pictures} pictures, valid from {valid}" if made.new else "is the same as before"
    typer.echo(f"reference 基准画面 {made.reference.id[:12]} of camera {camera}: {said}")
    if made.labels.read:
        typer.echo(f"labels read 可读出工位号: {', '.join(made.labels.read)}")
    if made.labels.unread:
        typer.echo(f"labels not read 未能读出工位号: {', '.join(made.labels.unread)} (look yourself 请人工查看)")
    note([f"{each.zh} {each.en}" for each in made.advice])


@reference_app.command("list")
def list_references(site: SiteId) -> None:
    """Show the references of a site's cameras, the newest of each last, and the cameras that have none."""
    from records import references

    table = Table(show_edge=False)
    for heading in ("Camera", "Reference", "Valid from", "By", "Footage", "Regions now"):
        table.add_column(heading, overflow="fold")
    with opened() as (_, database):
        for camera, found in references.references(database, site):
            drawn = f"{len(camera.regions)} of {len(camera.sees)}"
            for each in found:
                span = f"{rfc3339(each.interval.start)} .. {rfc3339(each.interval.end)}"
                row = (camera.id, each.id[:12], rfc3339(each.valid_from), each.actor.name, span, drawn)
                table.add_row(*(Text(cell) for cell in row))
            if not found:
                table.add_row(camera.id, "none 无", "", "", "", drawn)
    show(table)
