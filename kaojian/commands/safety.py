"""Certificates of the pages, and secrets on the disk."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config import settings as settings_door
from config.settings import Settings
from domain.timeline import SystemClock
from kaojian.terminal import acting, local_actor
from storage.database import Database, connect

if TYPE_CHECKING:
    from config.vault import Vault

app = typer.Typer()
secret_app = typer.Typer(
    help="Passwords of cameras and keys of webhooks 密码.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(secret_app, name="secret")


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
    from kaojian import tls as making
    from kaojian.notary import notary_of

    if renew == bool(names):
        hint = "the names stay those of the authority" if renew else "name this machine as browsers will, or --renew"
        raise typer.BadParameter(hint, param_hint="NAME...")
    # What is wrong with the address may be just what this command is there to mend.
    settings = settings_door.load(http_host="127.0.0.1", tls_cert=None, tls_key=None)
    folder, now = (into or settings.data_dir / "tls").expanduser().absolute(), SystemClock().now()
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        made = making.renew(folder, now) if renew else making.make(folder, names or (), now)
        act = "renew_certificate" if renew else "make_certificate"
        database.journal.record(now, local_actor(), act, str(folder), " ".join(names or ()))
    typer.echo("\n".join(making.told(made, first=not renew)))


@secret_app.command("set")
def set_secret(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What set-up files call it")],
) -> None:
    """Seal a secret: user:password from standard input, or asked for at a terminal; never a word of the command."""
    with acting() as (settings, database):
        if sys.stdin.isatty():
            user = typer.prompt("User name 用户名")
            secret = f"{user}:{typer.prompt('Password 密码', hide_input=True, confirmation_prompt='Again 再次输入')}"
        else:
            secret = sys.stdin.read()
        _vault(settings).put(name, secret)
        _record(database, "set_secret", name)
    typer.echo(f"sealed: {settings.secrets_dir / name}; its key: {_where(settings)}")


@secret_app.command("encrypt")
def encrypt_secrets() -> None:
    """Seal the secrets that lie in their folder in the clear."""
    with acting() as (settings, database):
        done = _vault(settings).seal_all()
        for name in done:
            _record(database, "encrypt_secret", name)
    typer.echo(f"sealed: {', '.join(done)}; the key: {_where(settings)}" if done else "nothing lies in the clear")
    if done:
        typer.echo(
            "note: backups and the disk's free space still hold what lay in the clear; change what matters", err=True
        )


@secret_app.command("rekey")
def rekey_secrets() -> None:
    """Seal all sealed secrets anew with a fresh key; the old key opens nothing from then on."""
    with acting() as (settings, database):
        count = _vault(settings).rekey()
        _record(database, "rekey_secrets", "secrets", f"{count} sealed anew")
    typer.echo(f"{count} sealed anew; the key: {_where(settings)}")


def _record(database: Database, act: str, subject: str, detail: str = "") -> None:
    database.journal.record(SystemClock().now(), local_actor(), act, subject, detail)


def _vault(settings: Settings) -> Vault:
    from config.vault import Vault

    return Vault(settings.secrets_dir, settings.secrets_key_source)


def _where(settings: Settings) -> str:
    return "KAOJIAN_SECRETS_KEY" if settings.secrets_key.get_secret_value() else str(settings.secrets_key_file)
