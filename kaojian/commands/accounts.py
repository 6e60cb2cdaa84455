"""Accounts, and tokens of programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from config.errors import SettingsRefused
from dashboard.access.table import Act
from domain.people import Role
from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, acting, instant, local_actor, note, opened, show
from storage.errors import UnknownAccount

app = typer.Typer()
user_app = typer.Typer(help="Accounts 账户 for the page and the API.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(user_app, name="user")
token_app = typer.Typer(help="Tokens of programs 接口令牌.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(token_app, name="token")


AccountName = Annotated[str, typer.Argument(metavar="NAME", help="What the person logs in with, never used twice")]


@user_app.command("add")
def add_user(
    name: AccountName,
    role: Annotated[Role, typer.Option(help="What the account is for")],
    of: Annotated[
        list[str] | None, typer.Option(help="The county, the site or the batch it sees; batches may be several")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it ends by itself")
    ] = None,
) -> None:
    """Add an account and print its first password, once. The first account is made here too."""
    from dashboard.access import accounts

    with acting() as (_, database):
        wanted = accounts.Wanted(name, role, of or (), until)
        first = accounts.add(database, wanted, local_actor(), SystemClock())
    if first:
        _tell_first_password(name, first)
    else:
        typer.echo(f"account {name}; nobody logs in with it: make a token, kaojian token add {name} --for see")


@user_app.command("break-glass")
def break_glass(
    reason: Annotated[str, typer.Option(help="Why nobody can come in; everybody will read it")],
    hours: Annotated[int, typer.Option(help="How long it lasts, 4 at most")] = 1,
    role: Annotated[Role, typer.Option(help="As what; a role that sees the whole city")] = Role.CITY_ADMINISTRATOR,
) -> None:
    """Make an emergency account 紧急进入 for some hours, without a second factor. Everybody is told of it."""
    from dashboard.access import glass

    with acting() as (_, database):
        wanted = glass.Wanted(reason, hours, role)
        account, first = glass.break_glass(database, SystemClock(), local_actor(), wanted)
    _tell_first_password(account.name, first)
    until = rfc3339(account.expires) if account.expires is not None else ""
    note([f"it ends by itself at {until}; webhooks are told now, and everybody who logs in until 7 days after that"])


@user_app.command("list")
def list_users() -> None:
    """Show all accounts, the closed ones too."""
    table = Table(show_edge=False)
    for heading in ("Name", "Role", "Sees", "Until", "Second factor", "Linked to", "State"):
        table.add_column(heading, overflow="fold")
    now = SystemClock().now()
    with opened() as (_, database):
        links = {each.account: each for each in database.identities.all()}
        for each in database.accounts.all():
            sees = ", ".join(sorted(each.scope.names)) or "all"
            sees += "".join(f", not {batch}" for batch in sorted(each.recused))
            until = rfc3339(each.expires) if each.expires is not None else ""
            first = "first password" if each.must_change else "open"
            factor = "set up" if each.factor else ""
            link = links.get(each.name)
            linked = "" if link is None else f"{link.subject} of {link.issuer}"
            linked += "" if each.password else ", no password"
            state = first if each.is_open(now) else "closed"
            row = (each.name, each.role.value, sees, until, factor, linked.removeprefix(", "), state)
            table.add_row(*(Text(cell) for cell in row))
    show(table)


@user_app.command("disable")
def disable_user(name: AccountName) -> None:
    """Close an account for good; whoever uses it is out at once."""
    from dashboard.access import accounts

    with acting() as (_, database):
        accounts.disable(database, name, local_actor(), SystemClock())
    typer.echo(f"account {name} is closed")


@user_app.command("reset")
def reset_user(name: AccountName) -> None:
    """Print another first password for somebody who lost theirs; whoever uses the account is out at once."""
    from dashboard.access import accounts

    with acting() as (_, database):
        first = accounts.reset(database, name, local_actor(), SystemClock())
    _tell_first_password(name, first)


@user_app.command("reset-factor")
def reset_factor(name: AccountName, reason: Annotated[str, typer.Option(help="Why, for the journal")]) -> None:
    """Take away the second factor 动态口令 of somebody who lost it; they and their programs are out at once."""
    from dashboard.access import factors

    with acting() as (_, database):
        factors.reset(database, name, reason=reason, actor=local_actor(), clock=SystemClock())
    typer.echo(f"account {name} has no second factor now")


@user_app.command("log-out")
def log_out_user(
    reason: Annotated[str, typer.Option(help="Why, for the journal")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Of this account")] = None,
    everybody: Annotated[bool, typer.Option("--everybody", help="Of all accounts")] = False,
) -> None:
    """End the sessions of an account, or everybody's: they have to log in again. Tokens of programs stay."""
    from dashboard.access import accounts

    if everybody == (name is not None):
        raise typer.BadParameter("name one account, or --everybody", param_hint="NAME")
    with acting() as (_, database):
        count = accounts.log_out(database, name, reason=reason, actor=local_actor(), clock=SystemClock())
    typer.echo(f"{count} sessions of {name or 'everybody'} ended")


@user_app.command("link")
def link_user(
    name: AccountName,
    subject: Annotated[str, typer.Option(help="As the page shows it after a login by the identity provider")],
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only the provider lets the person in then")
    ] = False,
) -> None:
    """Let the identity provider 统一认证 vouch for somebody, who comes in by it from then on."""
    from dashboard.access import accounts

    with acting() as (settings, database):
        if settings.oidc is None:
            raise SettingsRefused("no identity provider is set up: set KAOJIAN_OIDC_ISSUER first")
        issuer, actor, clock = settings.oidc.issuer, local_actor(), SystemClock()
        accounts.link(database, name, issuer, subject, keep_password=not no_password, actor=actor, clock=clock)
    typer.echo(f"account {name} is linked to {subject} of {issuer}{' and has no password' if no_password else ''}")


@user_app.command("unlink")
def unlink_user(name: AccountName) -> None:
    """Let nobody in to an account by the identity provider; whoever uses it, its programs too, is out at once."""
    from dashboard.access import accounts

    with acting() as (_, database):
        accounts.unlink(database, name, local_actor(), SystemClock())
        found = database.accounts.find(name)
    typer.echo(f"account {name} is linked to nobody now")
    if found is not None and not found[0].password:
        typer.echo(f"note: it has no password either; to give it one: kaojian user reset {name}", err=True)


@user_app.command("recuse")
def recuse_user(
    name: AccountName,
    batch: BatchId,
    reason: Annotated[str, typer.Option(help="Why, for the journal")],
    lift: Annotated[bool, typer.Option("--lift", help="Let it see the batch again")] = False,
) -> None:
    """Keep an account from all of a batch 回避: its sittings, reports and footage, at once."""
    from dashboard.access import accounts

    act = accounts.lift_recusal if lift else accounts.recuse
    with acting() as (_, database):
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
    from dashboard.access import tokens

    with acting() as (_, database):
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
    with opened() as (_, database):
        for each in database.api_tokens.all(name):
            used = "" if each.used is None else rfc3339(each.used)
            ended = "revoked" if each.revoked is not None else "run out"
            state = "open" if each.is_open(now) else ended
            row = (each.id, each.account, each.label, " ".join(each.acts), rfc3339(each.expires), used, state)
            table.add_row(*(Text(cell) for cell in row))
    show(table)


@token_app.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="As `kaojian token list` names it")],
) -> None:
    """Let a token open nothing any more, at once."""
    from dashboard.access import tokens

    with acting() as (_, database):
        revoked = tokens.revoke(database, SystemClock(), local_actor(), token)
    typer.echo(f"token {revoked.id} of account {revoked.account} opens nothing any more")
