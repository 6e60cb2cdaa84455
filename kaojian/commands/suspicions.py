"""疑点: what is odd on record, for people who look into it."""

from __future__ import annotations

from typing import Annotated

import typer

from domain.timeline import SystemClock
from kaojian.terminal import opened, print_json, show

app = typer.Typer()


@app.command("suspicions")
def suspicions(
    batch: Annotated[
        str | None, typer.Argument(metavar="[BATCH]", help="Only what tells of this batch 批次; all if left out")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """What cannot well have been as it is on record 疑点. No verdict and no certificate rests on any of it."""
    from kaojian import oddities

    now = SystemClock().now()
    with opened() as (settings, database):
        found = oddities.of(settings, database, now, batch)
    if as_json:
        print_json(oddities.as_json(found, now))
    else:
        show(oddities.table(found))
        typer.echo(oddities.NOTE)
