"""The command line: reads words, calls the same functions as the API, prints what they say. No rules here.

Every command goes through the table of ``dashboard.access.table`` before it runs, as every route does: one that the
table does not name runs for nobody.

Exit codes: 0 done, 1 refused or failed (one clear line each on standard error), 2 wrong use of the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command

from analysis.people.errors import DetectorError
from config.errors import ConfigError, DocumentRefused
from dashboard.access.errors import AccessError, CommandRefused
from dashboard.access.table import COMMANDS, LOCAL, may
from dashboard.papers.sheet import NotPrinted
from kaojian.commands import (
    accounts,
    backups,
    certificates,
    day,
    detectors,
    dossiers,
    evidence,
    exams,
    finding,
    gate,
    grounds,
    keeping,
    looking,
    marks,
    panels,
    references,
    roll,
    running,
    safety,
    scoring,
    supervision,
    suspicions,
    withholding,
)
from kaojian.terminal import complain
from records.errors import RecordsError, SetupRefused, SheetRefused
from storage.errors import StorageError

EXPECTED = (ConfigError, StorageError, DetectorError, RecordsError, AccessError, NotPrinted, OSError)

app = typer.Typer(
    help="Kaojian 考鉴: records exams and accounts for every second of them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
_GROUPS = (
    *(exams, looking, finding, references, evidence, keeping, withholding, backups, accounts, running, safety),
    detectors,
    *(grounds, roll, panels, marks, scoring, day, supervision, gate, certificates, dossiers, suspicions),  # records
)
for each in _GROUPS:
    app.add_typer(each.app)


class Asking(TyperCommand):
    """A command that asks the table before it runs."""

    def invoke(self, ctx: Any) -> Any:
        words = ctx.command_path.partition(" ")[2]
        act = COMMANDS.get(words)
        if act is None or not may(LOCAL, act):
            raise CommandRefused(f"nobody may run `{words}` here: dashboard.access.table does not allow it")
        return super().invoke(ctx)


def behind_the_door(commands: typer.Typer) -> None:
    """Have every command of a tree ask."""
    for each in commands.registered_commands:
        each.cls = Asking
    for group in commands.registered_groups:
        if group.typer_instance is not None:
            behind_the_door(group.typer_instance)


behind_the_door(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Expected errors become lines on standard error, no traceback."""
    try:
        _tree(app)(args=None if arguments is None else list(arguments), prog_name="kaojian")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except (DocumentRefused, SetupRefused, SheetRefused) as refused:
        count = len(refused.problems)
        complain(f"{refused}\nkaojian: {count} problem{'s' if count != 1 else ''}; nothing was changed")
    except EXPECTED as error:
        complain("\n".join(f"kaojian: {line}" for line in _in_words(error).splitlines()))
    else:
        return 0
    return 1


@cache
def _tree(commands: typer.Typer) -> Any:
    """What the words are looked up in, put together once a process: that takes longer than most commands."""
    return get_command(commands)


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)
