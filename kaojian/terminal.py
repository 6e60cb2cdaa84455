"""What all commands share: who works here, what is opened for them, and how they speak. No rules here."""

from __future__ import annotations

import json
import os
import pwd
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import logs
from config import settings as settings_door
from config.settings import Settings
from domain.people import Actor, Door
from records import declaration
from storage.database import Database, connect

BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="Id of the batch 批次")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Number of the sitting 场次")]


class Language(StrEnum):
    """In which language a paper is written."""

    ZH = "zh"
    EN = "en"


def complain(text: str) -> None:
    sys.stderr.write(logs.redacted(text) + "\n")


def instant(text: str) -> datetime:
    try:
        return declaration.instant(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def local_actor() -> Actor:
    """Who works at this command line: ``local:<OS user>``, by the process's user id and not by the environment."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return Actor(f"local:{name}", Door.COMMAND_LINE)


def read_settings(**instead: Any) -> Settings:
    """Those of the environment; ``instead`` are values that count instead of those given."""
    settings = settings_door.load(**instead)
    logs.configure(settings.log_format, settings.log_level)
    return settings


@contextmanager
def opened() -> Iterator[tuple[Settings, Database]]:
    """For commands that only look."""
    settings = read_settings()
    with closing(connect(settings.database_url)) as database:
        yield settings, database


@contextmanager
def acting() -> Iterator[tuple[Settings, Database]]:
    """For commands that do something that is written down: where it cannot be signed, nothing is done."""
    from kaojian.notary import notary_of  # noqa: PLC0415 (what only looks needs no key)

    settings = read_settings()
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        yield settings, database


def note(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(f"note: {line}", err=True)


def show(*parts: Table | Text) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=200)
    for part in parts:
        console.print(part)


def print_json(document: object) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def write(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never sees half a report."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)
