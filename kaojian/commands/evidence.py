"""Checking and taking away: the record of viewings, closed batches, the keys that sign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.timeline import SystemClock
from domain.viewings import Seal
from kaojian.terminal import BatchId, Language, complain, local_actor, note, opened

app = typer.Typer()
viewings_app = typer.Typer(help="Who looked at footage 调看记录.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(viewings_app, name="viewings")
key_app = typer.Typer(help="The keys that sign 签名密钥.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(key_app, name="key")


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
    from kaojian import viewings
    from storage import viewing_check

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
        with opened() as (settings, database):
            by = viewings.vouchers(settings, database, keys, also)
            found = viewing_check.check(database.viewings, by)
    for line in viewings.told(found, by):
        typer.echo(line)
    if found.chain.faults:
        complain("kaojian: the record of viewings is not what was written; keep this database and its backups apart")
        raise typer.Exit(1)


@viewings_app.command("copy")
def copy_viewings(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder")],
) -> None:
    """Copy the record of viewings with its seals, to be checked elsewhere by `kaojian check --copy`."""
    from kaojian import viewings
    from storage import viewing_check

    with opened() as (settings, database):
        by = viewings.vouchers(settings, database, (), None)
        count = viewing_check.take_copy(database.viewings, by, folder)
        database.journal.record(SystemClock().now(), local_actor(), "copy_viewings", "viewings", f"{count} entries")
    typer.echo(f"written: {folder}, {count} entries; check it with --key {' '.join(by.keys) or '(none yet)'}")


@app.command()
def export(
    batch: BatchId,
    target: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.zip", help="A new folder, or a new ZIP")],
) -> None:
    """Take a closed batch away: original footage, manifests, reports and public keys, to be checked anywhere."""
    from kaojian import closing

    with opened() as (settings, database):
        made = closing.take_away(
            settings, database, batch, target.absolute(), actor=local_actor(), clock=SystemClock()
        )
    size = sum(each.size_bytes for each in made.files)
    typer.echo(f"written: {target}, {len(made.files) + 1} files, {size} bytes")
    typer.echo(f"check it with: kaojian verify {target} --key {made.key} --head {made.number}:{made.head}")
    note(["whoever checks it needs key and head from elsewhere: from paper, or from where you publish them"])


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
    from kaojian import closing, viewings
    from storage.manifest.trees import NotVerified
    from storage.manifest.verifying import Trust

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
        complain(
            f"{number + 1}. 核验不通过：{said.zh}" if lang is Language.ZH else f"{number + 1}. failed: {said.en}"
        )
        raise typer.Exit(1) from None
    typer.echo("核验通过" if lang is Language.ZH else "verified")


@key_app.command("show")
def show_keys() -> None:
    """Print the public keys that signed and sign, each with its time; publish them where everybody finds them."""
    from kaojian import closing

    with opened() as (_, database):
        lines = list(closing.published(database))
    for line in lines or ["no key has signed a batch yet"]:
        typer.echo(line)


@key_app.command("rotate")
def rotate_key() -> None:
    """Let a new key take over from now on. What the old one signed stays signed; the old private key is gone."""
    from kaojian import closing

    with opened() as (settings, database):
        old, new = closing.rotate(settings, database, local_actor(), SystemClock())
    typer.echo(f"{new} signs from now on, after {old}")
    note(["publish it (`kaojian key show`), back it up, and restart the service, which still has the old one"])
