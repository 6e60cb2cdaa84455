"""The day after a fire: backups, making a machine anew from one, and rows of footage from the object store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import acting, complain, local_actor, note, read_settings

app = typer.Typer()

Keys = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="HEX", help="A public signing key to believe, from paper; may be several"),
]


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A new file; into the object store, under lock, if left out")
    ] = None,
    *,
    listing: Annotated[bool, typer.Option("--list", help="Show the backups that lie in the object store")] = False,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a recovery key, and print it once, for paper")
    ] = False,
) -> None:
    """Keep database, keys and set-up in one file that only the recovery key opens."""
    if sum((file is not None, listing, new_key)) > 1:
        raise typer.BadParameter("one of FILE, --list and --new-key at a time", param_hint="FILE")
    if listing:
        _list()
    elif new_key:
        _new_key()
    else:
        _make(file)


def _list() -> None:
    from kaojian import backup as wiring
    from kaojian.audit import objects_of
    from storage.backup import shelf

    objects = objects_of(read_settings())  # without the database: after a fire there is none
    if objects is None:
        complain("kaojian: no object store is set; set KAOJIAN_S3_ENDPOINT and the keys")
        raise typer.Exit(1)
    for line in wiring.shelved_lines(shelf.shelved(objects)):
        typer.echo(line)


def _new_key() -> None:
    from kaojian import backup as wiring
    from storage.signing import Signer

    with acting() as (settings, database):
        key = wiring.new_recovery_key(settings, database, local_actor(), SystemClock())
        public = Signer.read(settings.signing_key_file).public
    typer.echo(key.text())
    note(
        [
            "this is the only time that it is shown: write it down or print it, and keep it away from this machine",
            "backups from now on open with it alone; keep earlier ones as long as their backups",
            f"keep with it: the address and keys of the object store, and the key that vouches for backups: {public}",
        ]
    )


def _make(file: Path | None) -> None:
    from kaojian import backup as wiring
    from kaojian.audit import objects_of
    from records import backups
    from storage.backup.contents import BackupFailed

    clock, actor = SystemClock(), local_actor()
    with acting() as (settings, database):
        keeping = wiring.keeping_of(settings)
        if file is not None:
            target = file.expanduser().absolute()
            lines = [*wiring.made_lines(backups.save(database, keeping, target, actor, clock), str(target))]
        else:
            objects = objects_of(settings)
            if objects is None:
                raise BackupFailed("no object store is set; name a FILE, or set KAOJIAN_S3_ENDPOINT and the keys")
            lock = wiring.lock_of(settings)
            there, made, until = backups.bring_under_lock(database, keeping, objects, lock, actor=actor, clock=clock)
            lines = [*wiring.made_lines(made, there.key), f"locked until {rfc3339(until)}"]
    for line in lines:
        typer.echo(line)


@app.command()
def restore(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|latest", help="A backup: a file, the newest in the object store, or a key there"
        ),
    ],
    key: Keys = None,
    recovery_key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the recovery key stands; else it is asked for")
    ] = None,
    *,
    newest_rows: Annotated[
        bool, typer.Option("--newest-rows", help="The rows that litestream copied, instead of those in the backup")
    ] = False,
) -> None:
    """Make an empty machine anew from a backup; nothing that is there is overwritten.

    The recovery key is read from standard input where nobody can be asked.
    """
    from kaojian import backup as wiring
    from kaojian.audit import is_key, objects_of
    from storage.backup.envelope import RecoveryKey

    keys = key or []
    if not keys:
        raise typer.BadParameter(
            "name the key that you believe; a backup cannot vouch for itself", param_hint="--key"
        )
    if wrong := [each for each in keys if not is_key(each)]:
        raise typer.BadParameter(f"{wrong[0]} is not 64 hex digits", param_hint="--key")
    recovery = RecoveryKey.parse(_recovery_text(recovery_key_file))
    settings = read_settings()
    done = wiring.restore(
        settings,
        source,
        recovery=recovery,
        keys=keys,
        objects=objects_of(settings),
        actor=local_actor(),
        clock=SystemClock(),
        newest_rows=newest_rows,
    )
    for line in wiring.restored_lines(settings, done):
        typer.echo(line)


def _recovery_text(file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8")
    if sys.stdin.isatty():
        return str(typer.prompt("Recovery key 恢复密钥"))
    return sys.stdin.read()


@app.command()
def rebuild(key: Keys = None) -> None:
    """Bring back what the object stores know of footage and this database does not; what is there stays as it is.

    Manifests are believed by the keys of the database and by those that are named; set-up, people and scores come
    from a backup only.
    """
    from kaojian import backup as wiring
    from kaojian.audit import is_key, stores_of
    from records.rebuilding import rebuild as bring_back
    from storage.backup.contents import RestoreRefused

    if wrong := [each for each in key or [] if not is_key(each)]:
        raise typer.BadParameter(f"{wrong[0]} is not 64 hex digits", param_hint="--key")
    clock = SystemClock()
    with acting() as (settings, database):
        stores = stores_of(settings)
        if not stores:
            raise RestoreRefused("no object store is set; set KAOJIAN_S3_ENDPOINT and the keys")
        done = bring_back(database, stores, clock, keys=key or [], tell=_tell)
        lines = list(wiring.rebuilt_lines(done))
        if done:
            targets = ", ".join(each.target for each in stores)
            database.journal.record(clock.now(), local_actor(), "rebuild", targets, lines[0])
    for line in lines:
        typer.echo(line)
    if done.problems:
        for problem in done.problems:
            complain(f"kaojian: {problem}")
        raise typer.Exit(1)


def _tell(segment: str) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r\x1b[Kreading {segment}", nl=False, err=True)
