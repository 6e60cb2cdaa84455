"""The dossier of a batch 档案袋, and the receipts that stand for what a certificate rests on 证据回执."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from domain.dossier import Item
from domain.timeline import SystemClock, rfc3339
from kaojian.terminal import BatchId, Language, acting, local_actor, note, opened, print_json, show, write

if TYPE_CHECKING:
    from records.receipts import Checked

app = typer.Typer()
dossier_app = typer.Typer(
    help="What an institution files of a batch 材料归档.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(dossier_app, name="dossier")
receipt_app = typer.Typer(
    help="Codes that tell whether a dossier is unchanged 证据回执.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(receipt_app, name="receipt")

ScanNumber = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="As `kaojian dossier list` names it")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs")]


@dossier_app.command("add")
def add_scan(
    batch: BatchId,
    item: Annotated[Item, typer.Argument(metavar="ITEM", help=" ".join(f"{each} {each.zh}" for each in Item))],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A scan: PDF, JPEG or PNG")],
    *,
    subject: Annotated[str, typer.Option(help="Of which subject 科目; of all if left out")] = "",
    sitting: Annotated[int, typer.Option(min=0, help="Of which sitting 场次; of all if left out")] = 0,
    pages: Annotated[int, typer.Option(help="How many sheets of paper it shows 页数")] = 1,
    replaces: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="Correct that scan; it stays, as an earlier revision")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is corrected 更正原因")] = "",
) -> None:
    """File a scan: it is stored under the lock of its batch and read back before it is on record."""
    from kaojian.wiring import open_archive
    from records import dossier
    from records.roll import Desk
    from records.scan_files import MOST_BYTES

    with file.open("rb") as opened_file:
        data = opened_file.read(MOST_BYTES + 1)
    told = dossier.Told(item, subject, sitting, pages)
    with acting() as (settings, database):
        desk = Desk(database, local_actor(), SystemClock().now())
        archive = open_archive(settings, database)
        entry = dossier.file_scan(desk, archive, batch, told, data, where=str(file), replaces=replaces, reason=reason)
    scan = entry.thing
    done = "filed 已归档" if entry.at == desk.now else "is filed already 此前已归档"
    typer.echo(f"scan 扫描件 {scan.number} ({item.zh}, {item.en}) {done}: sha256:{scan.sha256}")


@dossier_app.command("list")
def list_scans(batch: BatchId, *, as_json: AsJson = False) -> None:
    """Show the scans of a batch, and until when they are locked where."""
    from records import dossier

    with opened() as (_, database):
        copies = dossier.copies_of(database, batch)
        found = [
            (entry, [each.thing for each in copies if each.thing.sha256 == entry.thing.sha256])
            for entry in dossier.scans_of(database, batch)
        ]
    if as_json:
        print_json(
            [
                {
                    "number": entry.thing.number,
                    "item": entry.thing.item.value,
                    "subject": entry.thing.subject,
                    "sitting": entry.thing.sitting,
                    "pages": entry.thing.pages,
                    "type": entry.thing.type.value,
                    "size_bytes": entry.thing.size_bytes,
                    "sha256": entry.thing.sha256,
                    "revision": entry.revision,
                    "filed": rfc3339(entry.at),
                    "by": entry.actor.name,
                    "copies": [
                        {
                            "bucket": copy.bucket,
                            "key": copy.key,
                            "version": copy.version_id,
                            "locked_until": None if copy.locked_until is None else rfc3339(copy.locked_until),
                        }
                        for copy in of
                    ],
                }
                for entry, of in found
            ]
        )
        return
    table = _table("Scan", "Item", "Subject", "Sitting", "Pages", "Filed", "By", "Revision", "Locked until")
    for entry, of in found:
        scan = entry.thing
        locks = "\n".join(
            f"{copy.bucket}: {'not locked 未锁定' if copy.locked_until is None else rfc3339(copy.locked_until)}"
            for copy in of
        )
        sitting = str(scan.sitting) if scan.sitting else ""
        cells = (str(scan.number), f"{scan.item.zh} ({scan.item})", scan.subject, sitting, str(scan.pages))
        _add(table, *cells, rfc3339(entry.at), entry.actor.name, str(entry.revision), locks)
    show(table)


@dossier_app.command("missing")
def missing(batch: BatchId, *, as_json: AsJson = False) -> None:
    """Judge by clause 九 whether the dossier is complete, and kept for as long as it must be."""
    from config import rule_pack
    from kaojian import grounds as shown
    from records import dossier_rules

    with opened() as (settings, database):
        facts = dossier_rules.facts_of(database, batch, SystemClock().now())
        whole = database.setup.batch(batch)
        pack = "" if whole is None else whole.rule_pack
        found = dossier_rules.findings(facts, rule_pack.load(pack, settings.rule_packs_dir))
    if as_json:
        print_json(shown.ruled_json(batch, found))
        return
    show(shown.ruled_table(batch, found))


@dossier_app.command("fetch")
def fetch_scan(
    batch: BatchId,
    number: ScanNumber,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; readable by its owner only")],
) -> None:
    """Take a scan out of the archive, compared with what was filed. It holds names: that is in the journal."""
    from config.private_files import write_private
    from config.s3 import Duty
    from kaojian.wiring import open_archive
    from records import dossier
    from records.roll import Desk

    with acting() as (settings, database):
        archive = open_archive(settings, database, duty=Duty.READ)
        desk = Desk(database, local_actor(), SystemClock().now())
        scan, data = dossier.fetch(desk, archive, batch, number)
    write_private(file.absolute(), data)
    typer.echo(f"written: {file}, {scan.item.zh} ({scan.item.en}), {scan.type.value}, sha256:{scan.sha256}")


@dossier_app.command("verify")
def verify_scans(batch: BatchId) -> None:
    """Read every stored scan of a batch again, set locks and holds as they must be, and bring what one store lost
    there from another one.

    Exit 1 where a copy is lost or damaged, does not answer, or cannot be locked.
    """
    from kaojian.wiring import open_archive
    from records import dossier
    from records.roll import Desk

    with acting() as (settings, database):
        desk = Desk(database, local_actor(), SystemClock().now())
        found = dossier.verify(desk, open_archive(settings, database), batch)
    for each in found:
        scan = f"scan {each.number}" if each.number else "an earlier scan"
        where = f"{each.copy.bucket}/{each.copy.key}"
        why = "; stored anew from another store 已补存" if each.restored else f"; {each.why}" if each.why else ""
        typer.echo(f"{each.answer.zh} {each.answer}: {scan} ({where}){why}")
    typer.echo(f"{sum(each.stands for each in found)} of {len(found)} copies stand 份完好")
    if not all(each.stands for each in found):
        raise typer.Exit(1)


@receipt_app.command("make")
def make_receipt(
    batch: BatchId,
    ticket: Annotated[str, typer.Argument(metavar="TICKET", help="Admission ticket 准考证号")],
    certificate: Annotated[
        str, typer.Option(metavar="NUMBER", help="Number of the certificate 证书编号; that they have, if left out")
    ] = "",
    entry: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An entry it rests on, as kind/key@revision; may be several"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write the signed receipt there, for its owner only")
    ] = None,
) -> None:
    """Make the receipt of a candidate's dossier as it is now; the same dossier gives the same receipt."""
    from config.private_files import write_private
    from domain.receipt import grouped
    from records import receipts
    from records.certificates import number_of
    from records.roll import Desk
    from storage.signing import Signer

    with acting() as (settings, database):
        signer = Signer.kept(settings.signing_key_file)
        desk = Desk(database, local_actor(), SystemClock().now())
        certificate = certificate or number_of(database, batch, ticket)
        made = receipts.make(desk, signer, batch, ticket, entry or (), certificate=certificate)
    if file is not None:
        write_private(file.absolute(), made.thing.text.encode())
    typer.echo(f"receipt code 回执码: {grouped(made.key)}")


@receipt_app.command("print")
def print_receipt(
    code: Annotated[str, typer.Argument(metavar="CODE", help="The code 回执码; with --certificate its number")],
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where to write it")],
    lang: Annotated[Language, typer.Option(help="zh or en")] = Language.ZH,
    *,
    certificate: Annotated[bool, typer.Option("--certificate", help="CODE is the number of a certificate")] = False,
) -> None:
    """Print a receipt as one page, PDF/A. Its QR code leads to the page of KAOJIAN_PAGES_ADDRESS that checks it."""
    from dashboard.papers import receipt as paper
    from dashboard.papers import words
    from dashboard.papers.printing import as_pdf
    from records import receipts
    from records.errors import NoSuchReceipt

    with opened() as (settings, database):
        of_number = receipts.of_certificate(database, code) if certificate else []
        if certificate and not of_number:
            raise NoSuchReceipt(f"no receipt of certificate {code} was made; `kaojian receipt make`")
        receipt = receipts.opened(of_number[-1] if certificate else receipts.find(database, code))
        held = paper.held(receipt, database.setup.sittings(receipt.batch))
    address = paper.address_at(settings.pages_address)
    write(file, as_pdf(paper.compose(receipt, held, words.Language(lang.value), address=address)))
    typer.echo(f"written: {file}, {receipt.form}")


@receipt_app.command("check")
def check_receipt(
    code: Annotated[str, typer.Argument(metavar="CODE|FILE", help="The code 回执码, or a file with a receipt")],
) -> None:
    """Check that all a receipt stands for is as it was. Exit 1 where it is not, or cannot be told."""
    from config.s3 import Duty
    from domain.receipt import read_code
    from kaojian.wiring import open_archive
    from records import receipts

    with opened() as (settings, database):
        archive = open_archive(settings, database, duty=Duty.READ)
        path = Path(code)
        if read_code(code) is None and path.is_file():
            with path.open("rb") as file:
                found = receipts.check_file(database, archive, file.read(receipts.MOST_BYTES + 1))
        else:
            found = receipts.check_code(database, archive, code)
    _tell(found)


def _tell(found: Checked) -> None:
    from records.receipts import State

    of = f" ({found.certificate})" if found.certificate else ""
    typer.echo(f"{found.state.zh} {found.state}: {found.code}{of}: {found.zh}; {found.en}")
    if found.label:
        typer.echo(f"first 首个: {found.label}")
    note(found.notes)
    if found.state is not State.HOLDS:
        raise typer.Exit(1)


def _table(*headings: str) -> Table:
    found = Table(show_edge=False)
    for heading in headings:
        found.add_column(heading, overflow="fold")
    return found


def _add(table: Table, *cells: str) -> None:
    table.add_row(*(Text(cell) for cell in cells))
