"""Checking and taking away: the records of viewings and acts, closed batches, the keys that sign."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.chain import Record, Seal
from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, Language, acting, complain, instant, local_actor, note, opened, read_settings

if TYPE_CHECKING:
    from analysis.films import Reel
    from kaojian.films import Progress, Wish

app = typer.Typer()
record_app = typer.Typer(
    help="Who looked at footage, and who did what 调看记录与操作记录.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(record_app, name="record")
key_app = typer.Typer(help="The keys that sign 签名密钥.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(key_app, name="key")


SealTexts = Annotated[
    list[str] | None,
    typer.Option("--seal", metavar="RECORD:NUMBER:DIGEST", help="A seal that you kept on paper; may be several"),
]
Keys = Annotated[
    list[str] | None, typer.Option("--key", metavar="HEX", help="A public key to believe; may be several")
]


@app.command()
def check(
    seal: SealTexts = None,
    key: Keys = None,
    copy: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Check a copy of the records instead, by --key alone")
    ] = None,
    *,
    repair: Annotated[bool, typer.Option(help="Set right what can be; nothing is deleted")] = False,
    every_byte: Annotated[bool, typer.Option("--bytes", help="Read all footage, not only sizes and locks")] = False,
) -> None:
    """Check the records of viewings 调看记录 and acts 操作记录, the register 登记簿, and that database, spools and
    object store agree.

    Exit 1 where something is not as it must be (docs/storage.md).
    """
    from kaojian import audit
    from storage.audit import checking

    also, keys = [each for text in seal or [] if (each := audit.paper_seal(text)) is not None], key or []
    if len(also) < len(seal or []):
        raise typer.BadParameter("write it as it was printed: record:number:digest", param_hint="--seal")
    if no_key := [each for each in keys if not audit.is_key(each)]:
        raise typer.BadParameter(f"{no_key[0]} is not 64 hex digits", param_hint="--key")
    unlike: list[str] = []
    if copy is not None:
        if not keys:
            raise typer.BadParameter("name the key that you believe; a copy cannot tell it", param_hint="--key")
        by = checking.Vouchers(copy, keys, also=also)
        found = [checking.check_copy(record, by) for record in Record]
    else:
        with opened() as (settings, database):
            by = audit.vouchers(settings, database, keys, also)
            found = [checking.check(rows, by) for rows in database.records]
            unlike = list(database.register.unlike_the_journal())
    for line in (*audit.told(found, by), *unlike):
        typer.echo(line)
    wrong = _tell_of_stock(repair=repair, every_byte=every_byte) if copy is None else 0
    if spoilt := [each.record.value for each in found if each.chain.faults]:
        complain(f"kaojian: not what was written: {', '.join(spoilt)}; keep this database and its backups apart")
    if unlike:
        complain(
            "kaojian: the register 登记簿 is not what the journal says was entered; "
            "keep this database and its backups apart"
        )
    if wrong:
        complain(f"kaojian: {wrong} do not agree 不符; docs/storage.md says what each is, --repair mends what it can")
    if spoilt or unlike or wrong:
        raise typer.Exit(1)


def _tell_of_stock(*, repair: bool, every_byte: bool) -> int:
    """Print what does not agree between rows and places; how much of it stands."""
    from kaojian import stock

    wrong = 0
    with acting() if repair else opened() as (settings, database):
        check = stock.check_of(settings, database, mending=repair, every_byte=every_byte)
        for finding in stock.found(check, database, local_actor(), SystemClock()):
            wrong += finding.stands
            typer.echo(stock.line(finding))
    typer.echo(stock.summary(check.seen))
    return wrong


@record_app.command("copy")
def copy_records(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder")],
) -> None:
    """Copy the records of viewings and acts with their seals, to be checked elsewhere by `kaojian check --copy`."""
    from kaojian import audit

    with acting() as (settings, database):
        by = audit.vouchers(settings, database)
        count = audit.copied(database, by, folder)
        database.journal.record(SystemClock().now(), local_actor(), "copy_records", "records", f"{count} entries")
    typer.echo(f"written: {folder}, {count} entries; check it with --key {' '.join(by.keys) or '(none yet)'}")


@app.command()
def export(
    batch: BatchId,
    target: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.zip", help="A new folder, or a new ZIP")],
    *,
    mp4: Annotated[bool, typer.Option(help="For watching: one MP4 of each camera instead, into FOLDER")] = False,
    camera: Annotated[list[str] | None, typer.Option(help="With --mp4: of this camera; may be several")] = None,
    station: Annotated[list[str] | None, typer.Option(help="With --mp4: of who sees this station 工位")] = None,
    sitting: Annotated[int | None, typer.Option(min=1, help="With --mp4: of this sitting 场次")] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="TIME", help="With --mp4: from when on")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="With --mp4: until when")] = None,
    sound: Annotated[bool, typer.Option(help="With --mp4: with the sound, where it was recorded")] = False,
    certificate: Annotated[
        str,
        typer.Option(metavar="NUMBER", help="With --mp4: of whoever has this certificate, for their own time 证书"),
    ] = "",
    ticket: Annotated[
        str, typer.Option(metavar="TICKET", help="With --mp4: of this candidate, for their own time 准考证号")
    ] = "",
    watermark: Annotated[
        bool, typer.Option("--watermark", help="With --mp4: coded anew, with a watermark over it 带水印副本")
    ] = False,
    blur_heads: Annotated[
        bool, typer.Option("--blur-heads", help="With --mp4: so, and with people's heads blurred 遮挡人头")
    ] = False,
) -> None:
    """Take a closed batch away: original footage, manifests, reports and public keys, to be checked anywhere.

    With --mp4 films for watching instead, which prove nothing by themselves; one that was broken off goes on.
    With a watermark, which blurred heads bring along, they are made whole or not at all.
    """
    if mp4:
        from kaojian.films import Wish

        if (watermark or blur_heads) and sound:
            raise typer.BadParameter("a copy with a watermark bears no sound: voices tell who somebody is, too")
        if certificate or ticket:
            if any((camera, station, sitting, start, end)):
                raise typer.BadParameter("whose footage it is says by itself where and when; name nothing else")
            wish = _wish_of_stays(batch, certificate=certificate, ticket=ticket, sound=sound)
        else:
            first, last = None if start is None else instant(start), None if end is None else instant(end)
            wish = Wish(batch, camera or (), station or (), sitting, first, last, sound)
        if watermark or blur_heads:
            _screeners(wish, target, blurred=blur_heads)
        else:
            _films(wish, target)
        return
    if any((camera, station, sitting, start, end, sound, certificate, ticket, watermark, blur_heads)):
        raise typer.BadParameter("a part of a batch can be had with --mp4 only: what is signed is the whole")
    _originals(batch, target)


def _originals(batch: str, target: Path) -> None:
    from kaojian import closing

    with acting() as (settings, database):
        made = closing.take_away(
            settings, database, batch, target.absolute(), actor=local_actor(), clock=SystemClock()
        )
    size = sum(each.size_bytes for each in made.files)
    typer.echo(f"written: {target}, {len(made.files) + 1} files, {size} bytes")
    typer.echo(f"check it with: kaojian verify {target} --key {made.key} --head {made.number}:{made.head}")
    note(["whoever checks it needs key and head from elsewhere: from paper, or from where you publish them"])


def _films(wish: Wish, folder: Path) -> None:
    from kaojian import films

    found = 0
    with acting() as (settings, database):
        made = films.take_films(
            settings, database, wish, folder, actor=local_actor(), clock=SystemClock(), progress=_progress()
        )
        for each in made:
            if each.reel is None:
                typer.echo(f"无录像 no footage: {each.path.name}", err=True)
                continue
            found += 1
            typer.echo(f"written: {each.path}, {each.reel.film.size_bytes} bytes")
            _tell_range(each.reel)
            for twice in each.reel.doubled:
                note([f"{rfc3339(twice.start)} .. {rfc3339(twice.end)} is told by two files; the later one is shown"])
    if not found:
        raise typer.Exit(1)


def _wish_of_stays(batch: str, *, certificate: str, ticket: str, sound: bool) -> Wish:
    """Of each camera that saw a candidate, for exactly as long as they were at its station."""
    from kaojian import finding
    from kaojian.films import Wish
    from records.retrieval import Question

    question = Question(certificate=certificate, ticket=ticket, batch=batch)
    with acting() as (settings, database):
        found = finding.look(settings, database, question, local_actor(), SystemClock())
    for line in finding.lines(found):
        typer.echo(line)
    if not found.every_stay:
        complain("kaojian: nothing says where and when that is to be seen in this batch 该批次中没有可导出的录像时段")
        raise typer.Exit(1)
    return Wish(batch, sound=sound, stays=found.every_stay)


def _screeners(wish: Wish, folder: Path, *, blurred: bool) -> None:
    from kaojian import screeners

    found = 0
    with acting() as (settings, database):
        made = screeners.take_screeners(
            settings,
            database,
            wish,
            folder,
            blurred=blurred,
            actor=local_actor(),
            clock=SystemClock(),
            progress=_progress(),
        )
        for each in made:
            if each.reel is None or each.wanted is None:
                typer.echo(f"无录像 no footage: {each.path.name}", err=True)
                continue
            found += 1
            typer.echo(f"written: {each.path}, {each.size_bytes} bytes")
            typer.echo(f"  副本编号 number {each.wanted.number}, sha256 {each.digest}")
            _tell_range(each.reel)
            if each.lost:
                note([f"{each.lost} pictures could not be decoded and are not in it 有 {each.lost} 帧无法解码"])
    if blurred and found:
        note(["a detector misses people: look at it before you hand it on 交出前请先查看，检测可能漏人"])
    if not found:
        raise typer.Exit(1)


def _tell_range(reel: Reel) -> None:
    span, gaps = reel.span, reel.gaps
    typer.echo(f"  {rfc3339(span.start)} .. {rfc3339(span.end)}, 断档 gaps: {len(gaps)}")
    for gap in gaps:
        said = f"{rfc3339(gap.interval.start)} .. {rfc3339(gap.interval.end)}"
        typer.echo(f"  断档 gap {said}: {gap.cause.zh} {gap.cause.en}")


def _progress() -> Progress:
    """Says on a terminal how far a file is, and nothing elsewhere."""
    told = -1

    def say(name: str, done: int, size: int) -> None:
        nonlocal told
        percent = 100 * done // max(1, size)
        if sys.stderr.isatty() and percent != told:
            told = percent
            sys.stderr.write(f"\r{name} {percent} %" + ("\n" if done == size else ""))
            sys.stderr.flush()

    return say


@app.command()
def verify(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|FILE.zip|s3://BUCKET/SITE/BATCH",
            help="What `kaojian export` wrote, or where a batch lies in the object store",
        ),
    ],
    *,
    key: Keys = None,
    head: Annotated[
        str | None, typer.Option(metavar="NUMBER:DIGEST", help="A link of the site's chain that you kept")
    ] = None,
    at_least: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="How many manifests the site has signed, at least")
    ] = None,
    stamp_root: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Certificates that vouch for time stamp authorities (PEM); may be several"),
    ] = None,
    lang: Annotated[Language, typer.Option(help="zh or en")] = Language.ZH,
) -> None:
    """Check an exported batch without server, database or network; exit 1 with the first thing that fails.

    With s3:// the batch is checked where it lies under lock, by the server and the keys of KAOJIAN_S3_ in the
    environment; nothing is written there.
    """
    from kaojian import audit, closing
    from storage.manifest.stamps import Roots, RootsRefused
    from storage.manifest.stored import StoreAddress
    from storage.manifest.trees import NotVerified
    from storage.manifest.verifying import Trust

    known, keys = None if head is None else Seal.parse(head), key or []
    if head is not None and known is None:
        raise typer.BadParameter("write it as it was printed: number:digest", param_hint="--head")
    if wrong := [each for each in keys if not audit.is_key(each)]:
        raise typer.BadParameter(f"{wrong[0]} is not 64 hex digits", param_hint="--key")
    if not keys:
        raise typer.BadParameter("name the key that you believe; an export cannot tell it", param_hint="--key")
    try:
        roots = Roots.read(stamp_root) if stamp_root else None
    except RootsRefused as error:
        raise typer.BadParameter(str(error), param_hint="--stamp-root") from None
    trust, number = Trust(keys, known, at_least, roots), 0
    if source.startswith("s3://"):
        address = StoreAddress.parse(source)
        if address is None:
            raise typer.BadParameter("write s3://BUCKET/SITE/BATCH", param_hint="SOURCE")
        steps = closing.checked_in_store(read_settings(), address, trust)
    else:
        steps = closing.checked(Path(source), trust)
    try:
        for number, said in enumerate(steps, 1):
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

    with acting() as (settings, database):
        old, new = closing.rotate(settings, database, local_actor(), SystemClock())
    typer.echo(f"{new} signs from now on, after {old}")
    note(["publish it (`kaojian key show`), back it up, and restart the service, which still has the old one"])
