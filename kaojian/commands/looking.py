"""Looking: status, reports, cameras, what is wrong and who is told."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.timeline import SystemClock
from kaojian.terminal import BatchId, Language, acting, local_actor, opened, print_json, read_settings, show, write

app = typer.Typer()
camera_app = typer.Typer(help="Try cameras 摄像机.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(camera_app, name="camera")
room_app = typer.Typer(
    help="Plans and labels of rooms 布点图与工位号牌.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(room_app, name="room")
webhook_app = typer.Typer(help="Who is told of failures 告警推送.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(webhook_app, name="webhook")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False) -> None:
    """Show sittings, cameras and what still waits."""
    from kaojian import status as state
    from kaojian.disks import spools_of
    from kaojian.webhooks import receivers
    from storage import store_state

    with opened() as (settings, database):
        now, spools = SystemClock().now(), spools_of(settings)
        found = state.gather(database, now, stores_objects=settings.s3 is not None, spools=spools)
        stores = store_state.read(settings.data_dir) if settings.s3 is not None else ()
        found = replace(found, webhooks=tuple(receivers(settings, database)), stores=stores)
    if as_json:
        print_json(state.to_json(found))
        return
    show(*state.tables(found))


@app.command()
def plan(
    cameras: Annotated[int | None, typer.Option(min=1, help="So many at once, not those of the set-up")] = None,
    bit_rate: Annotated[int | None, typer.Option(min=1, help="With --cameras: bit/s of each")] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=24, help="With --cameras: recorded on an exam day")] = 8,
    days: Annotated[int, typer.Option(min=1, max=366, help="With --cameras: exam days in a year")] = 180,
    years: Annotated[int, typer.Option(min=1, max=20, help="How far to look ahead")] = 3,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Forecast disk, object store, network and database 容量规划 for the exams of the set-up or for numbers."""
    from kaojian import capacity

    wish = None if cameras is None else capacity.Numbers(cameras, bit_rate, hours, days)
    with opened() as (settings, database):
        found = capacity.planned(settings, database, wish, years)
    if as_json:
        print_json(capacity.to_json(found))
        return
    show(*capacity.tables(found))


class ReportFormat(StrEnum):
    """How a report is written."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


@app.command()
def report(
    batch: BatchId,
    sitting: Annotated[int | None, typer.Option(min=1, help="One sitting only")] = None,
    form: Annotated[ReportFormat, typer.Option("--format", help="json, html or pdf")] = ReportFormat.JSON,
    lang: Annotated[Language, typer.Option(help="Of html and pdf: zh or en")] = Language.ZH,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; - is standard output")] = Path("-"),
    *,
    pictures: Annotated[
        bool,
        typer.Option("--pictures", help="Of html and pdf: show the longest gaps; written down as a viewing 调看"),
    ] = False,
) -> None:
    """Write the report of a sitting, or of a whole batch: coverage, gaps, verdicts."""
    from kaojian.reporting import find, with_pictures

    if pictures and form is ReportFormat.JSON:
        raise typer.BadParameter("pictures stand in papers only: add --format html or pdf", param_hint="--pictures")
    with acting() if pictures else opened() as (settings, database):
        clock = SystemClock()
        found = find(database, batch, sitting, settings.rule_packs_dir, clock.now())
        if pictures:
            found = with_pictures(settings, database, found, local_actor(), clock)
        match form:
            case ReportFormat.JSON:
                content = found.as_json().encode()
            case ReportFormat.HTML:
                content = found.as_html(lang.value).encode()
            case ReportFormat.PDF:
                content = found.as_pdf(lang.value)
    if out == Path("-"):
        sys.stdout.buffer.write(content)
        return
    write(out, content)
    typer.echo(f"written: {out}")


@camera_app.command("test")
def test_camera(
    camera: Annotated[
        str, typer.Argument(metavar="CAMERA|URL", help="Id of a camera that was set up, or an address")
    ],
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long to watch, from the first key frame")] = 20,
    lang: Annotated[Language, typer.Option(help="zh or en")] = Language.ZH,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, both languages")] = False,
) -> None:
    """Watch a camera as the recorder would, and say what to change in its menu. Records nothing."""
    from kaojian import commissioning

    with opened() as (settings, database):
        if not as_json and sys.stderr.isatty():
            typer.echo(f"{camera}: {seconds:g} s …", err=True)
        tried = commissioning.watch(camera, seconds, settings, database)
    if as_json:
        print_json(tried.to_json())
        return
    show(*commissioning.shown(tried, lang.value))


@room_app.command("plan")
def room_plan(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of the site 定点考场")],
    room: Annotated[str, typer.Argument(metavar="ROOM", help="Id of the room 考场")],
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it there as well, as SVG")] = None,
    lang: Annotated[Language, typer.Option(help="Of the drawing: zh or en")] = Language.ZH,
    rule_pack: Annotated[str | None, typer.Option(help="Not that of the site's latest batch")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Say what the cameras of a room see by its plan: floor, blind spots 死角, stations with their level."""
    from functools import partial

    from config import rule_pack as packs
    from kaojian import room_plan as plans
    from records import surveying

    with opened() as (settings, database):
        rules = partial(packs.load, folder=settings.rule_packs_dir)
        found = surveying.surveyed(database, rules, site, room, rule_pack)
    if svg is not None:
        write(svg, surveying.svg(found, lang.value).encode())
    if as_json:
        print_json(surveying.to_json(found))
        return
    show(*plans.tables(found))
    if svg is not None:
        typer.echo(f"written: {svg}")


@room_app.command("labels")
def room_labels(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of the site 定点考场")],
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where to write it")],
    room: Annotated[str, typer.Option(metavar="ROOM", help="Only of this room 考场")] = "",
) -> None:
    """Write labels 工位号牌 for stations, a page of A4 each: the number, and a code that cameras may read."""
    from dashboard.papers.labels import compose
    from dashboard.papers.printing import labels_as_pdf
    from storage.errors import UnknownSite

    with opened() as (_, database):
        found = database.setup.site(site)
    if found is None:
        raise UnknownSite(f"there is no site {site}; apply it first")
    paper = compose(found, SystemClock().now(), room)
    write(file, labels_as_pdf(paper))
    typer.echo(f"written 已导出: {file}, {len(paper.labels)} labels 张")


@app.command()
def doctor() -> None:
    """Check clock, disk, object store and its lock, database, secrets; exit 1 with what to do."""
    from kaojian.doctor import examine, is_fit

    settings = read_settings()
    table = Table(show_edge=False)
    for name in ("Check", "State", "Found", "What to do"):
        table.add_column(name, overflow="fold")
    checks = list(examine(settings))
    for check in checks:
        table.add_row(*(Text(cell) for cell in (check.part.value, check.state.value, check.said, check.remedy)))
    show(table)
    if not is_fit(checks):
        raise typer.Exit(1)


@webhook_app.command("test")
def test_webhooks() -> None:
    """Send a test message to each webhook; exit 1 where one was not taken."""
    from kaojian.webhooks import tried

    found, clock = [], SystemClock()
    with acting() as (settings, database):
        for each in tried(settings, clock):
            found.append(each)
            database.journal.record(clock.now(), local_actor(), "test_webhook", each.target.name)
            typer.echo(f"{each.target.name} ({each.target.format.value}): {each.reason or 'taken 已接收'}")
    if not found:
        typer.echo("no webhook is set; name a file in KAOJIAN_WEBHOOKS_FILE (docs/operations.md)")
    if any(each.reason for each in found):
        raise typer.Exit(1)
