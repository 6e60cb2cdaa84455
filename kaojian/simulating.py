"""Runs simulated cameras from a description until SIGINT or SIGTERM. The cameras are in ``ingest.simulator``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path

from config.errors import ConfigError
from ingest.simulator.drill import description_from_json, run_site, standard_input
from ingest.simulator.errors import SimulatorError


class SimulationRefused(ConfigError):
    """The description cannot be run. One line that names the file."""


def run(path: Path) -> None:
    """Run the site that a JSON file describes. Raises SimulationRefused, OSError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SimulationRefused(f"{path}: is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise SimulationRefused(f"{path}: must be a JSON object with cameras")
    try:
        asyncio.run(_until_stopped(document))
    except SimulatorError as error:
        raise SimulationRefused(f"{path}: {error}") from None


async def _until_stopped(document: dict[str, object]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    description = description_from_json(document)
    await run_site(description, stop, commands=standard_input() if _takes_commands() else None)


def _takes_commands() -> bool:
    """Whether standard input is something that can be waited on: a terminal, a pipe or a socket."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty()
