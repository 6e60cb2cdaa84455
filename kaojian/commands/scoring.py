"""Outside scoring systems 外部评分系统: the keys that they sign results with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.outside import Purpose
from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import acting, instant, local_actor, note, opened, show

app = typer.Typer()
scoring_app = typer.Typer(help="Outside scoring systems 外部评分系统.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(scoring_app, name="scoring")


@scoring_app.command("add")
def add_system(
    id_: Annotated[str, typer.Argument(metavar="SYSTEM", help="Its id, which is the name of its account too")],
    *,
    name: Annotated[str, typer.Option(help="What it is called 系统名称")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="Its public Ed25519 key: PEM, or 64 hex digits")],
    purpose: Annotated[Purpose, typer.Option("--for", help="machine 机考 results, or the whole scoring")],
    until: Annotated[datetime, typer.Option(parser=instant, metavar="TIME", help="Until when the key is good")],
    since: Annotated[
        datetime | None, typer.Option("--from", parser=instant, metavar="TIME", help="From when on; now if left out")
    ] = None,
) -> None:
    """Enter a key of a system; a further one of the same system takes over, beside those before it."""
    from domain.outside import ScoringSystem
    from domain.people import Role
    from records import outside
    from storage.signing import public_key

    now = SystemClock().now()
    public = public_key(key.read_text(encoding="ascii", errors="replace"))
    system = ScoringSystem(id_, name.strip(), public, purpose, since or now, until)
    with acting() as (_, database):
        entry = outside.add_system(database, system, local_actor(), now)
        account = database.accounts.find(id_)
    typer.echo(f"key {entry.key} 密钥已登记: {public}")
    if account is None or account[0].role is not Role.SCORING_SYSTEM:
        role = Role.SCORING_SYSTEM.value
        note(
            [f"nobody comes in as {id_} yet: kaojian user add {id_} --role {role} --of SITE, kaojian token add {id_}"]
        )


@scoring_app.command("list")
def list_systems() -> None:
    """Show all keys, the revoked ones too."""
    from records import outside

    table = Table(show_edge=False)
    for heading in ("Key", "Name 名称", "For 用途", "From", "Until", "State", "Public key 公钥"):
        table.add_column(heading, overflow="fold")
    now = SystemClock().now()
    with opened() as (_, database):
        for entry in outside.systems(database):
            each = entry.thing
            state = "good 有效" if each.signs(now) else "out of its time 不在有效期"
            if each.revoked is not None:
                state = f"revoked 已吊销 {rfc3339(each.revoked)}"
            span = (rfc3339(each.valid_from), rfc3339(each.valid_until))
            row = (entry.key, each.name, f"{each.purpose.value} {each.purpose.zh}", *span, state, each.key)
            table.add_row(*(Text(cell) for cell in row))
    show(table)


@scoring_app.command("revoke")
def revoke_system(
    key: Annotated[str, typer.Argument(metavar="KEY", help="As `kaojian scoring list` names it, as scoring-1/2")],
    reason: Annotated[str, typer.Option(help="Why 吊销原因, for the journal")],
) -> None:
    """Take nothing more that a key signs, at once. What was taken before stays."""
    from records import outside

    with acting() as (_, database):
        entry = outside.revoke_system(database, key, local_actor(), SystemClock().now(), reason=reason)
    typer.echo(f"key {entry.key} is revoked 密钥已吊销")
