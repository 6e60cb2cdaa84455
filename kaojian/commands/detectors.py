"""Models of detectors of people 检测模型: what is installed, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import acting, local_actor, read_settings

app = typer.Typer()
models_app = typer.Typer(
    help="Models that find people in pictures 检测模型.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(models_app, name="models")
ModelName = Annotated[str, typer.Argument(metavar="NAME", help="As `kaojian models list` names it")]


@models_app.command("add")
def add_model(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help=".onnx, or .pt; of addresses https only")],
    sha256: Annotated[str, typer.Option(metavar="HEX", help="Of the file, as its author publishes it")],
    licence: Annotated[str, typer.Option(help="Under which it is published, for those who come after you")] = "",
    name: Annotated[str, typer.Option(help="The file's own if left out")] = "",
    allow_unpickling: Annotated[
        bool,
        typer.Option("--allow-unpickling", help="Run whatever code is in this .pt file: if you trust its author"),
    ] = False,
) -> None:
    """Install a model, once it is the file that was meant and a network that finds people."""
    from kaojian import detecting

    wish = detecting.Wish(source, sha256.lower(), name, licence, allow_unpickling)
    with acting() as (settings, database):
        now, actor = SystemClock().now(), local_actor()
        added = detecting.add(settings, wish, actor, now)
        detail = (
            f"sha256 {added.model.sha256}, licence {added.model.licence or 'not said'}, from {added.model.origin}"
        )
        database.journal.record(now, actor, "add_model", added.model.name, detail)
    typer.echo(f"installed: {added.detector}")
    typer.echo(f"note: try it on a picture of yours: kaojian models try PICTURE --name {added.model.name}", err=True)


@models_app.command("list")
def list_models() -> None:
    """Show what is installed; the first one is used."""
    from kaojian import detecting

    found = detecting.files(read_settings()).all()
    for place, each in enumerate(found):
        used = "" if place else ", used 在用"
        typer.echo(f"{each.name}: .{each.form}, {each.size_bytes / 1e6:.1f} MB{used}")
        typer.echo(f"  sha256 {each.sha256}")
        typer.echo(f"  licence {each.licence or 'not said'}, from {each.origin}")
        typer.echo(f"  added {rfc3339(each.added)} by {each.by}{', may be unpickled' if each.may_unpickle else ''}")
    if not found:
        typer.echo("no model is installed, and nothing is said of people 未安装检测模型")


@models_app.command("remove")
def remove_model(name: ModelName) -> None:
    """Delete a model. What was found with it stays."""
    from kaojian import detecting

    with acting() as (settings, database):
        model = detecting.files(settings).remove(name)
        now, actor = SystemClock().now(), local_actor()
        database.journal.record(now, actor, "remove_model", model.name, f"sha256 {model.sha256}")
    typer.echo(f"removed: {model.name}")


@models_app.command("try")
def try_model(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="JPEG or PNG", exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help="The one that is used if left out")] = "",
) -> None:
    """Look for people in a picture of yours, and say where they are."""
    from kaojian import detecting

    found = detecting.trial(read_settings(), picture, name)
    low, high = found.people.low, found.people.high
    typer.echo(f"{found.detector}: {low} people" if low == high else f"{found.detector}: {low} to {high} people")
    for box in found.boxes:
        place = f"{box.left:.0f},{box.top:.0f} to {box.right:.0f},{box.bottom:.0f}"
        typer.echo(f"  {box.score:.2f} at {place}")
