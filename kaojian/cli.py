"""The command line: reads words, calls the same functions as the API, prints what they say. No rules here.

Exit codes: 0 done, 1 refused or failed (one clear line each on standard error), 2 wrong use of the command.
"""

from __future__ import annotations

from collections.abc import Sequence

import typer

from config.errors import ConfigError, DocumentRefused
from dashboard.access.errors import AccessError
from kaojian.commands import accounts, evidence, exams, keeping, looking, running, safety
from kaojian.terminal import complain
from records.errors import RecordsError, SetupRefused
from storage.errors import StorageError

EXPECTED = (ConfigError, StorageError, RecordsError, AccessError, OSError)

app = typer.Typer(
    help="Kaojian 考鉴: records exams and accounts for every second of them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
for each in (exams, looking, evidence, keeping, accounts, running, safety):
    app.add_typer(each.app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Expected errors become lines on standard error, no traceback."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="kaojian")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except (DocumentRefused, SetupRefused) as refused:
        count = len(refused.problems)
        complain(f"{refused}\nkaojian: {count} problem{'s' if count != 1 else ''}; nothing was changed")
    except EXPECTED as error:
        complain("\n".join(f"kaojian: {line}" for line in _in_words(error).splitlines()))
    else:
        return 0
    return 1


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)
