"""Running: the service, the demonstration, drills, simulated cameras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config import logs
from config import settings as settings_door
from kaojian.terminal import complain, local_actor, read_settings

if TYPE_CHECKING:
    from kaojian.drill.outcome import Outcome

app = typer.Typer()


@app.command()
def serve(
    roles: Annotated[str, typer.Option(help="Which of ingest, analysis, dashboard and live, with commas")] = (
        "ingest,analysis,dashboard,live"
    ),
    allow_unlocked: Annotated[
        bool, typer.Option("--allow-unlocked", help="For development: use an object store whose locks do not hold")
    ] = False,
) -> None:
    """Record, analyse and show until stopped."""
    from kaojian import serve as service

    try:
        wanted = [service.Role(part.strip()) for part in roles.split(",")]
    except ValueError:
        known = ", ".join(role.value for role in service.Role)
        raise typer.BadParameter(f"{roles!r}: the roles are {known}", param_hint="--roles") from None
    settings = read_settings(s3_allow_unlocked=True) if allow_unlocked else read_settings()
    service.run(settings, list(dict.fromkeys(wanted)))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End by itself: 0 if the report names exactly the faults")
    ] = False,
) -> None:
    """Record a live simulated exam with faults and show what the report says of it."""
    from kaojian import demo as drill

    settings = settings_door.load()
    root, pages = settings.data_dir / "demo", settings.pages_address
    raise typer.Exit(drill.run(root, settings.http_port, local_actor(), once=once, pages_address=pages))


@app.command()
def drill(
    seed: Annotated[int, typer.Option(help="Of the first schedule; the same seed plays the same")] = 1,
    minutes: Annotated[float, typer.Option(min=0.5, max=60, help="Length of the window")] = 2.0,
    cameras: Annotated[int, typer.Option(min=1, max=64, help="How many")] = 8,
    schedules: Annotated[int, typer.Option(min=1, help="How many schedules, with the seeds that follow")] = 1,
    simulated_clock: Annotated[
        bool, typer.Option("--simulated-clock", help="Do not wait: the recorder's time jumps")
    ] = False,
) -> None:
    """Play random faults and compare the report with the truth: one JSON line each, exit 1 where they differ.

    In real time everything is a process of its own, and a minute takes a minute.

    Several schedules have one more line, with their sums.
    """
    from kaojian.drill import real, simulated
    from kaojian.drill.outcome import summed
    from kaojian.drill.plan import random_plan
    from kaojian.staging import StageError

    play = simulated.drill_in_memory if simulated_clock else real.drill_in_real_time
    with Path(os.devnull).open("w") as nowhere:
        logs.configure(stream=nowhere)
        try:
            outcomes = [
                _drilled(play(random_plan(seed + n, minutes, cameras, store=not simulated_clock)))
                for n in range(schedules)
            ]
        except StageError as error:
            complain(f"kaojian: {error}")
            raise typer.Exit(1) from None
    if schedules > 1:
        typer.echo(summed(outcomes))
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(1)


@app.command()
def simulate(
    file: Annotated[
        Path, typer.Argument(metavar="SITE.json", help="Cameras and faults; see ingest/simulator/drill.py")
    ],
) -> None:
    """Run simulated cameras until stopped; faults by schedule and as JSON lines on standard input."""
    from kaojian.simulating import run

    logs.configure()
    run(file)


def _drilled(outcome: Outcome) -> Outcome:
    """Print what a drill found."""
    typer.echo(outcome.to_json())
    for line in outcome.details:
        typer.echo(f"seed {outcome.seed}: {line}", err=True)
    return outcome
