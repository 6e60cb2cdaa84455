"""The command line: reads words, calls the same functions as the API, prints what they say. No rules here.

Exit codes: 0 done, 1 refused or failed (one clear line each on standard error), 2 wrong use of the command.
"""

from __future__ import annotations

import json
import os
import pwd
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config import logs
from config import settings as settings_door
from config.errors import ConfigError, DocumentRefused
from config.settings import Settings
from dashboard.access.errors import AccessError
from dashboard.access.table import Act
from domain.people import Actor, Door, Role
from domain.timeline import SystemClock, rfc3339
from domain.viewings import Seal
from records import conduct, declaration, setup
from records.conduct import Disk
from records.errors import RecordsError, SetupRefused
from storage.database import Database, connect
from storage.errors import StorageError, UnknownAccount

if TYPE_CHECKING:
    from config.vault import Vault
    from kaojian.drill.outcome import Outcome

EXPECTED = (ConfigError, StorageError, RecordsError, AccessError, OSError)

app = typer.Typer(
    help="Kaojian 考鉴: records exams and accounts for every second of them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
sitting_app = typer.Typer(help="Open and close sittings 场次.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(sitting_app, name="sitting")
batch_app = typer.Typer(help="Close batches 批次.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(batch_app, name="batch")
key_app = typer.Typer(help="The keys that sign 签名密钥.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(key_app, name="key")
camera_app = typer.Typer(help="Try cameras 摄像机.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(camera_app, name="camera")
user_app = typer.Typer(help="Accounts 账户 for the page and the API.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(user_app, name="user")
token_app = typer.Typer(help="Tokens of programs 接口令牌.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(token_app, name="token")
viewings_app = typer.Typer(help="Who looked at footage 调看记录.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(viewings_app, name="viewings")
webhook_app = typer.Typer(help="Who is told of failures 告警推送.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(webhook_app, name="webhook")
secret_app = typer.Typer(
    help="Passwords of cameras and keys of webhooks 密码.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(secret_app, name="secret")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Expected errors become lines on standard error, no traceback."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="kaojian")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except (DocumentRefused, SetupRefused) as refused:
        count = len(refused.problems)
        _complain(f"{refused}\nkaojian: {count} problem{'s' if count != 1 else ''}; nothing was changed")
    except EXPECTED as error:
        _complain("\n".join(f"kaojian: {line}" for line in _in_words(error).splitlines()))
    else:
        return 0
    return 1


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)


def _complain(text: str) -> None:
    sys.stderr.write(logs.redacted(text) + "\n")


def _instant(text: str) -> datetime:
    try:
        return declaration.instant(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="Id of the batch 批次")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Number of the sitting 场次")]


# --- Set-up and sittings ----------------------------------------------------------------------------------------


@app.command()
def apply(
    file: Annotated[Path | None, typer.Argument(metavar="FILE.yaml", help="Sites and batches")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file instead")] = False,
) -> None:
    """Set up sites, cameras, batches and sittings from a file. Applying it again changes nothing."""
    if schema:
        _print_json(declaration.schema())
        return
    if file is None:
        raise typer.BadParameter("name a file, or use --schema", param_hint="FILE.yaml")
    with _opened() as (settings, database):
        declared = declaration.read(file, database.setup.sites(), settings.rule_packs_dir)
        done = setup.apply(declared, database, local_actor(), SystemClock(), _disk(settings))
    for name in done.changed:
        typer.echo(f"applied    {name}")
    for name in done.unchanged:
        typer.echo(f"unchanged  {name}")
    _note(done.notes)


@sitting_app.command("open")
def open_sitting(
    batch: BatchId,
    number: Number,
    start: Annotated[
        datetime | None, typer.Option(parser=_instant, metavar="TIME", help="When it really started; now if left out")
    ] = None,
) -> None:
    """Open a sitting at the bell. Its set-up is frozen from here on; recording began before, by the plan."""
    with _opened() as (settings, database):
        opened = conduct.open_sitting(
            database, batch, number, local_actor(), SystemClock(), disk=_disk(settings), actual_start=start
        )
    typer.echo(f"sitting {number} of batch {batch} is open, start {rfc3339(opened.sitting.start)}")
    _note(opened.warnings)


@sitting_app.command("close")
def close_sitting(
    batch: BatchId,
    number: Number,
    end: Annotated[
        datetime | None, typer.Option(parser=_instant, metavar="TIME", help="When it really ended; now if left out")
    ] = None,
) -> None:
    """Close a sitting. Recording goes on until its tail has run."""
    with _opened() as (_, database):
        closed = conduct.close_sitting(database, batch, number, local_actor(), SystemClock(), actual_end=end)
    until = rfc3339(closed.window.end)
    typer.echo(f"sitting {number} of batch {batch} is closed, end {rfc3339(closed.end)}; recording until {until}")


@batch_app.command("close")
def close_batch(
    batch: BatchId,
    reason: Annotated[str, typer.Option(help="Why it is amended 更正原因; only where it was closed before")] = "",
) -> None:
    """Sign what there is of a batch 批次, for good; what comes in later is stated in an amendment, with a reason."""
    from kaojian import closing  # noqa: PLC0415 (loads the analysis only where it is needed)

    with _opened() as (settings, database):
        closed = closing.close(settings, database, batch, local_actor(), SystemClock(), reason=reason)
    for line in closing.told(closed):
        typer.echo(line)


# --- Looking ----------------------------------------------------------------------------------------------------


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False) -> None:
    """Show sittings, cameras and what still waits."""
    from kaojian import status as state  # noqa: PLC0415 (loads the analysis only where it is needed)
    from kaojian.disks import spools_of  # noqa: PLC0415 (as above)
    from kaojian.webhooks import receivers  # noqa: PLC0415 (as above)

    with _opened() as (settings, database):
        now, spools = SystemClock().now(), spools_of(settings)
        found = state.gather(database, now, stores_objects=settings.s3 is not None, spools=spools)
        found = replace(found, webhooks=tuple(receivers(settings, database)))
    if as_json:
        _print_json(state.to_json(found))
        return
    _show(*state.tables(found))


class Language(StrEnum):
    """In which language a paper is written."""

    ZH = "zh"
    EN = "en"


class ReportFormat(StrEnum):
    """How a report is written."""

    JSON = "json"
    HTML = "html"


@app.command()
def report(
    batch: BatchId,
    sitting: Annotated[int | None, typer.Option(min=1, help="One sitting only")] = None,
    form: Annotated[ReportFormat, typer.Option("--format", help="json or html")] = ReportFormat.JSON,
    lang: Annotated[Language, typer.Option(help="Of the html: zh or en")] = Language.ZH,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to; - is standard output")] = Path("-"),
) -> None:
    """Write the report of a sitting, or of a whole batch: coverage, gaps, verdicts."""
    from kaojian.reporting import find  # noqa: PLC0415 (as above)

    with _opened() as (settings, database):
        found = find(database, batch, sitting, settings.rule_packs_dir, SystemClock().now())
        text = found.as_html(lang.value) if form is ReportFormat.HTML else found.as_json()
    if out == Path("-"):
        typer.echo(text, nl=not text.endswith("\n"))
        return
    _write(out, text)
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
    from kaojian import commissioning  # noqa: PLC0415 (loads the recorder's engine only where it is needed)

    with _opened() as (settings, database):
        if not as_json and sys.stderr.isatty():
            typer.echo(f"{camera}: {seconds:g} s …", err=True)
        tried = commissioning.watch(camera, seconds, settings, database)
    if as_json:
        _print_json(tried.to_json())
        return
    _show(*tried.shown(lang.value))


@app.command()
def doctor() -> None:
    """Check clock, disk, object store and its lock, database, secrets; exit 1 with what to do."""
    from kaojian.doctor import examine, is_fit  # noqa: PLC0415 (as above)

    settings = _settings()
    table = Table(show_edge=False)
    for name in ("Check", "State", "Found", "What to do"):
        table.add_column(name, overflow="fold")
    checks = list(examine(settings))
    for check in checks:
        table.add_row(*(Text(cell) for cell in (check.name, check.state.value, check.said, check.remedy)))
    _show(table)
    if not is_fit(checks):
        raise typer.Exit(1)


SealText = Annotated[
    str | None, typer.Option("--seal", metavar="NUMBER:DIGEST", help="A seal of an entry that you kept on paper")
]
Keys = Annotated[
    list[str] | None, typer.Option("--key", metavar="HEX", help="A public key to believe; may be several")
]


@app.command()
def check(
    seal: SealText = None,
    key: Keys = None,
    copy: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Check a copy instead, by --key alone and without network")
    ] = None,
) -> None:
    """Check the record of who looked at footage 调看记录; exit 1 where it was tampered with."""
    from kaojian import viewings  # noqa: PLC0415 (as above)
    from storage import viewing_check  # noqa: PLC0415 (as above)

    also, keys = None if seal is None else Seal.parse(seal), key or []
    if seal is not None and also is None:
        raise typer.BadParameter("write it as it was printed: number:digest", param_hint="--seal")
    if wrong := [each for each in keys if not viewings.is_key(each)]:
        raise typer.BadParameter(f"{wrong[0]} is not 64 hex digits", param_hint="--key")
    if copy is not None:
        if not keys:
            raise typer.BadParameter("name the key that you believe; a copy cannot tell it", param_hint="--key")
        by = viewing_check.Vouchers(copy, keys, also=also)
        found = viewing_check.check_copy(by)
    else:
        with _opened() as (settings, database):
            by = viewings.vouchers(settings, database, keys, also)
            found = viewing_check.check(database.viewings, by)
    for line in viewings.told(found, by):
        typer.echo(line)
    if found.chain.faults:
        _complain("kaojian: the record of viewings is not what was written; keep this database and its backups apart")
        raise typer.Exit(1)


@viewings_app.command("copy")
def copy_viewings(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder")],
) -> None:
    """Copy the record of viewings with its seals, to be checked elsewhere by `kaojian check --copy`."""
    from kaojian import viewings  # noqa: PLC0415 (as above)
    from storage import viewing_check  # noqa: PLC0415 (as above)

    with _opened() as (settings, database):
        by = viewings.vouchers(settings, database, (), None)
        count = viewing_check.take_copy(database.viewings, by, folder)
    typer.echo(f"written: {folder}, {count} entries; check it with --key {' '.join(by.keys) or '(none yet)'}")


@app.command()
def export(
    batch: BatchId,
    target: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.zip", help="A new folder, or a new ZIP")],
) -> None:
    """Take a closed batch away: original footage, manifests, reports and public keys, to be checked anywhere."""
    from kaojian import closing  # noqa: PLC0415 (as above)

    with _opened() as (settings, database):
        made = closing.take_away(
            settings, database, batch, target.absolute(), actor=local_actor(), clock=SystemClock()
        )
    size = sum(each.size_bytes for each in made.files)
    typer.echo(f"written: {target}, {len(made.files) + 1} files, {size} bytes")
    typer.echo(f"check it with: kaojian verify {target} --key {made.key} --head {made.number}:{made.head}")
    _note(["whoever checks it needs key and head from elsewhere: from paper, or from where you publish them"])


@app.command()
def verify(
    source: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.zip", help="What `kaojian export` wrote")],
    key: Keys = None,
    head: Annotated[
        str | None, typer.Option(metavar="NUMBER:DIGEST", help="A link of the site's chain that you kept")
    ] = None,
    at_least: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="How many manifests the site has signed, at least")
    ] = None,
    lang: Annotated[Language, typer.Option(help="zh or en")] = Language.ZH,
) -> None:
    """Check an exported batch without server, database or network; exit 1 with the first thing that fails."""
    from kaojian import closing, viewings  # noqa: PLC0415 (as above)
    from storage.manifest.trees import NotVerified  # noqa: PLC0415 (as above)
    from storage.manifest.verifying import Trust  # noqa: PLC0415 (as above)

    known, keys = None if head is None else Seal.parse(head), key or []
    if head is not None and known is None:
        raise typer.BadParameter("write it as it was printed: number:digest", param_hint="--head")
    if wrong := [each for each in keys if not viewings.is_key(each)]:
        raise typer.BadParameter(f"{wrong[0]} is not 64 hex digits", param_hint="--key")
    if not keys:
        raise typer.BadParameter("name the key that you believe; an export cannot tell it", param_hint="--key")
    number = 0
    try:
        for number, said in enumerate(closing.checked(source, Trust(keys, known, at_least)), 1):
            typer.echo(f"{number}. {said.zh if lang is Language.ZH else said.en}")
    except NotVerified as error:
        said = error.said
        _complain(
            f"{number + 1}. 核验不通过：{said.zh}" if lang is Language.ZH else f"{number + 1}. failed: {said.en}"
        )
        raise typer.Exit(1) from None
    typer.echo("核验通过" if lang is Language.ZH else "verified")


@key_app.command("show")
def show_keys() -> None:
    """Print the public keys that signed and sign, each with its time; publish them where everybody finds them."""
    from kaojian import closing  # noqa: PLC0415 (as above)

    with _opened() as (_, database):
        lines = list(closing.published(database))
    for line in lines or ["no key has signed a batch yet"]:
        typer.echo(line)


@key_app.command("rotate")
def rotate_key() -> None:
    """Let a new key take over from now on. What the old one signed stays signed; the old private key is gone."""
    from kaojian import closing  # noqa: PLC0415 (as above)

    with _opened() as (settings, database):
        old, new = closing.rotate(settings, database, local_actor(), SystemClock())
    typer.echo(f"{new} signs from now on, after {old}")
    _note(["publish it (`kaojian key show`), back it up, and restart the service, which still has the old one"])


@webhook_app.command("test")
def test_webhooks() -> None:
    """Send a test message to each webhook; exit 1 where one was not taken."""
    from kaojian.webhooks import tried  # noqa: PLC0415 (as above)

    found = []
    for each in tried(_settings(), SystemClock()):
        found.append(each)
        typer.echo(f"{each.target.name} ({each.target.format.value}): {each.reason or 'taken 已接收'}")
    if not found:
        typer.echo("no webhook is set; name a file in KAOJIAN_WEBHOOKS_FILE (docs/operations.md)")
    if any(each.reason for each in found):
        raise typer.Exit(1)


# --- Accounts ---------------------------------------------------------------------------------------------------

AccountName = Annotated[str, typer.Argument(metavar="NAME", help="What the person logs in with, never used twice")]


@user_app.command("add")
def add_user(
    name: AccountName,
    role: Annotated[Role, typer.Option(help="What the account is for")],
    of: Annotated[
        list[str] | None, typer.Option(help="The county, the site or the batch it sees; batches may be several")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=_instant, metavar="TIME", help="When it ends by itself")
    ] = None,
) -> None:
    """Add an account and print its first password, once. The first account is made here too."""
    from dashboard.access import accounts  # noqa: PLC0415 (loads the hashing only where it is needed)

    with _opened() as (_, database):
        wanted = accounts.Wanted(name, role, of or (), until)
        first = accounts.add(database, wanted, local_actor(), SystemClock())
    _tell_first_password(name, first)


@user_app.command("list")
def list_users() -> None:
    """Show all accounts, the closed ones too."""
    table = Table(show_edge=False)
    for heading in ("Name", "Role", "Sees", "Until", "Second factor", "State"):
        table.add_column(heading, overflow="fold")
    now = SystemClock().now()
    with _opened() as (_, database):
        for each in database.accounts.all():
            sees = ", ".join(sorted(each.scope.names)) or "all"
            sees += "".join(f", not {batch}" for batch in sorted(each.recused))
            until = rfc3339(each.expires) if each.expires is not None else ""
            first = "first password" if each.must_change else "open"
            factor = "set up" if each.factor else ""
            row = (each.name, each.role.value, sees, until, factor, first if each.is_open(now) else "closed")
            table.add_row(*(Text(cell) for cell in row))
    _show(table)


@user_app.command("disable")
def disable_user(name: AccountName) -> None:
    """Close an account for good; whoever uses it is out at once."""
    from dashboard.access import accounts  # noqa: PLC0415 (as above)

    with _opened() as (_, database):
        accounts.disable(database, name, local_actor(), SystemClock())
    typer.echo(f"account {name} is closed")


@user_app.command("reset")
def reset_user(name: AccountName) -> None:
    """Print another first password for somebody who lost theirs; whoever uses the account is out at once."""
    from dashboard.access import accounts  # noqa: PLC0415 (as above)

    with _opened() as (_, database):
        first = accounts.reset(database, name, local_actor(), SystemClock())
    _tell_first_password(name, first)


@user_app.command("reset-factor")
def reset_factor(name: AccountName, reason: Annotated[str, typer.Option(help="Why, for the journal")]) -> None:
    """Take away the second factor 动态口令 of somebody who lost it; they and their programs are out at once."""
    from dashboard.access import factors  # noqa: PLC0415 (as above)

    with _opened() as (_, database):
        factors.reset(database, name, reason=reason, actor=local_actor(), clock=SystemClock())
    typer.echo(f"account {name} has no second factor now")


@user_app.command("recuse")
def recuse_user(
    name: AccountName,
    batch: BatchId,
    reason: Annotated[str, typer.Option(help="Why, for the journal")],
    lift: Annotated[bool, typer.Option("--lift", help="Let it see the batch again")] = False,
) -> None:
    """Keep an account from all of a batch 回避: its sittings, reports and footage, at once."""
    from dashboard.access import accounts  # noqa: PLC0415 (as above)

    act = accounts.lift_recusal if lift else accounts.recuse
    with _opened() as (_, database):
        act(database, name, batch, reason=reason, actor=local_actor(), clock=SystemClock())
    typer.echo(f"account {name} {'may see' if lift else 'sees nothing of'} batch {batch}{' again' if lift else ''}")


def _tell_first_password(name: str, first: str) -> None:
    typer.echo(f"account {name}, first password: {first}")
    typer.echo("note: it is kept nowhere else and must be changed at the first login", err=True)


# --- Tokens of programs -----------------------------------------------------------------------------------------


@token_app.command("add")
def add_token(
    name: AccountName,
    acts: Annotated[list[Act], typer.Option("--for", help="What the program may; may be several")],
    label: Annotated[str, typer.Option(help="Which program it is for")],
    days: Annotated[int, typer.Option(help="How long it lasts, 365 at most")] = 90,
) -> None:
    """Make a token for programs of an account and print it, once. It may at most what the account may."""
    from dashboard.access import tokens  # noqa: PLC0415 (as above)

    with _opened() as (_, database):
        found = database.accounts.find(name)
        if found is None:
            raise UnknownAccount(f"there is no account {name}; `kaojian user list` shows all")
        wanted = tokens.Wanted(label, frozenset(acts), days)
        token, secret = tokens.add(database, found[0], wanted, local_actor(), SystemClock())
    typer.echo(f"token {token.id} of account {name}, until {rfc3339(token.expires)}: {secret}")
    typer.echo("note: it is kept nowhere else; programs send it as `Authorization: Bearer ...`", err=True)


@token_app.command("list")
def list_tokens(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of this account only")] = None,
) -> None:
    """Show tokens, the revoked ones too."""
    table = Table(show_edge=False)
    for heading in ("Token", "Account", "Program", "May", "Until", "Last used", "State"):
        table.add_column(heading, overflow="fold")
    now = SystemClock().now()
    with _opened() as (_, database):
        for each in database.api_tokens.all(name):
            used = "" if each.used is None else rfc3339(each.used)
            ended = "revoked" if each.revoked is not None else "run out"
            state = "open" if each.is_open(now) else ended
            row = (each.id, each.account, each.label, " ".join(each.acts), rfc3339(each.expires), used, state)
            table.add_row(*(Text(cell) for cell in row))
    _show(table)


@token_app.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="As `kaojian token list` names it")],
) -> None:
    """Let a token open nothing any more, at once."""
    from dashboard.access import tokens  # noqa: PLC0415 (as above)

    with _opened() as (_, database):
        revoked = tokens.revoke(database, SystemClock(), local_actor(), token)
    typer.echo(f"token {revoked.id} of account {revoked.account} opens nothing any more")


# --- Running ----------------------------------------------------------------------------------------------------


@app.command()
def serve(
    roles: Annotated[str, typer.Option(help="Which of ingest, analysis and dashboard, with commas")] = (
        "ingest,analysis,dashboard"
    ),
) -> None:
    """Record, analyse and show until stopped."""
    from kaojian import serve as service  # noqa: PLC0415 (loads all rooms)

    try:
        wanted = [service.Role(part.strip()) for part in roles.split(",")]
    except ValueError:
        known = ", ".join(role.value for role in service.Role)
        raise typer.BadParameter(f"{roles!r}: the roles are {known}", param_hint="--roles") from None
    service.run(_settings(), list(dict.fromkeys(wanted)))


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End by itself: 0 if the report names exactly the faults")
    ] = False,
) -> None:
    """Record a live simulated exam with faults and show what the report says of it."""
    from kaojian import demo as drill  # noqa: PLC0415 (loads all rooms)

    settings = settings_door.load()
    raise typer.Exit(drill.run(settings.data_dir / "demo", settings.http_port, local_actor(), once=once))


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
    from kaojian.drill import real, simulated  # noqa: PLC0415 (loads all rooms)
    from kaojian.drill.outcome import summed  # noqa: PLC0415 (as above)
    from kaojian.drill.plan import random_plan  # noqa: PLC0415 (as above)
    from kaojian.staging import StageError  # noqa: PLC0415 (as above)

    play = simulated.drill_in_memory if simulated_clock else real.drill_in_real_time
    with Path(os.devnull).open("w") as nowhere:
        logs.configure(stream=nowhere)
        try:
            outcomes = [
                _drilled(play(random_plan(seed + n, minutes, cameras, store=not simulated_clock)))
                for n in range(schedules)
            ]
        except StageError as error:
            _complain(f"kaojian: {error}")
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
    from kaojian.simulating import run  # noqa: PLC0415 (loads the video libraries)

    logs.configure()
    run(file)


# --- Transport --------------------------------------------------------------------------------------------------


@app.command()
def tls(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Host names and addresses that browsers will go to")
    ] = None,
    into: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to; tls in KAOJIAN_DATA_DIR if left out")
    ] = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="Another server certificate by the authority that is there")
    ] = False,
) -> None:
    """Make a certificate authority of your own and a server certificate, and say how to use them."""
    from kaojian import tls as making  # noqa: PLC0415 (as above)

    if renew == bool(names):
        hint = "the names stay those of the authority" if renew else "name this machine as browsers will, or --renew"
        raise typer.BadParameter(hint, param_hint="NAME...")
    # What is wrong with the address may be just what this command is there to mend.
    settings = settings_door.load(http_host="127.0.0.1", tls_cert=None, tls_key=None)
    folder, now = (into or settings.data_dir / "tls").expanduser().absolute(), SystemClock().now()
    made = making.renew(folder, now) if renew else making.make(folder, names or (), now)
    typer.echo("\n".join(making.told(made, first=not renew)))


# --- Secrets ----------------------------------------------------------------------------------------------------


@secret_app.command("set")
def set_secret(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What set-up files call it")],
) -> None:
    """Seal a secret: user:password from standard input, or asked for at a terminal; never a word of the command."""
    settings = _settings()
    if sys.stdin.isatty():
        user = typer.prompt("User name 用户名")
        secret = f"{user}:{typer.prompt('Password 密码', hide_input=True, confirmation_prompt='Again 再次输入')}"
    else:
        secret = sys.stdin.read()
    _vault(settings).put(name, secret)
    typer.echo(f"sealed: {settings.secrets_dir / name}; its key: {_where(settings)}")


@secret_app.command("encrypt")
def encrypt_secrets() -> None:
    """Seal the secrets that lie in their folder in the clear."""
    settings = _settings()
    done = _vault(settings).seal_all()
    typer.echo(f"sealed: {', '.join(done)}; the key: {_where(settings)}" if done else "nothing lies in the clear")
    if done:
        typer.echo(
            "note: backups and the disk's free space still hold what lay in the clear; change what matters", err=True
        )


@secret_app.command("rekey")
def rekey_secrets() -> None:
    """Seal all sealed secrets anew with a fresh key; the old key opens nothing from then on."""
    settings = _settings()
    count = _vault(settings).rekey()
    typer.echo(f"{count} sealed anew; the key: {_where(settings)}")


def _vault(settings: Settings) -> Vault:
    from config.vault import Vault  # noqa: PLC0415 (as above)

    return Vault(settings.secrets_dir, settings.secrets_key_source)


def _where(settings: Settings) -> str:
    return "KAOJIAN_SECRETS_KEY" if settings.secrets_key.get_secret_value() else str(settings.secrets_key_file)


# --- Shared by the commands -------------------------------------------------------------------------------------


def local_actor() -> Actor:
    """Who works at this command line: ``local:<OS user>``, by the process's user id and not by the environment."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return Actor(f"local:{name}", Door.COMMAND_LINE)


def _settings() -> Settings:
    settings = settings_door.load()
    logs.configure(settings.log_format, settings.log_level)
    return settings


@contextmanager
def _opened() -> Iterator[tuple[Settings, Database]]:
    settings = _settings()
    database = connect(settings.database_url)
    try:
        yield settings, database
    finally:
        database.close()


def _disk(settings: Settings) -> Disk:
    return Disk.of(settings.spool_dir, settings.min_free_bytes, settings.expected_bit_rate)


def _drilled(outcome: Outcome) -> Outcome:
    """Print what a drill found."""
    typer.echo(outcome.to_json())
    for line in outcome.details:
        typer.echo(f"seed {outcome.seed}: {line}", err=True)
    return outcome


def _note(lines: Sequence[str]) -> None:
    for line in lines:
        typer.echo(f"note: {line}", err=True)


def _show(*parts: Table | Text) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=200)
    for part in parts:
        console.print(part)


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a report."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
