"""Certificates: blank forms, issue, reprint, revoke, files for the province; and claims of subsidies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.certificates import Fate
from domain.timeline import SystemClock
from kaojian.terminal import BatchId, acting, instant, local_actor, note, opened, print_json, show

if TYPE_CHECKING:
    from config.rule_pack import RulePack
    from config.settings import Settings
    from records.certificate_files import Row, TakenIn
    from records.roll import Desk
    from records.shapes import Profile, Shape
    from storage.database import Database

app = typer.Typer()
certificate_app = typer.Typer(
    help="Certificates and blank forms 证书与空白证书.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(certificate_app, name="certificate")
claim_app = typer.Typer(help="Claims of subsidies 补贴申领.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(claim_app, name="claim")

Ticket = Annotated[str, typer.Argument(metavar="TICKET", help="Admission ticket 准考证号")]
Tickets = Annotated[list[str] | None, typer.Argument(metavar="TICKET...", help="Only these 准考证号")]
Serial = Annotated[str, typer.Argument(metavar="FORM", help="Serial of the blank form 印刷号")]
By = Annotated[str, typer.Option(help="Office or person 经办人")]
At = Annotated[
    datetime | None, typer.Option(parser=instant, metavar="TIME", help="When it was done; now if left out")
]
Reason = Annotated[str, typer.Option(help="Why; without names")]
StampedBy = Annotated[str, typer.Option(help="Who put the stamp 用印 on it at once")]
ProfileFile = Annotated[
    Path | None, typer.Option(metavar="FILE.yaml", help="Which heading means what; see `certificate profile`")
]
SheetFile = Annotated[Path, typer.Argument(metavar="FILE", help="XLSX, or CSV in UTF-8 or GB18030")]
WithNumbers = Annotated[bool, typer.Option("--with-numbers", help="With numbers of documents unmasked")]
WhyNumbers = Annotated[str, typer.Option(help="Why whole numbers are wanted; goes into the journal")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs")]


# --- Blank forms ---


@certificate_app.command("deliver")
def deliver(
    first: Annotated[str, typer.Argument(metavar="FIRST", help="First serial 起号")],
    last: Annotated[str, typer.Argument(metavar="LAST", help="Last serial 止号")],
    *,
    count: Annotated[int, typer.Option(min=1, help="How many there are, as they were counted 数量")],
    by: By,
    at: At = None,
) -> None:
    """That the province handed out blank forms 配发."""
    from records import certificates
    from records.roll import Said

    with _desk() as (desk, _):
        done = certificates.deliver(desk, first, last, count, Said(at or desk.now, by)).thing
    typer.echo(f"{done.count} forms {done.first} to {done.last} are in the book 空白证书已登记")


@certificate_app.command("count")
def count(
    left: Annotated[int, typer.Argument(metavar="LEFT", min=0, help="How many unused ones there are 结存")],
    *,
    by: By,
    at: At = None,
) -> None:
    """That blank forms were counted 盘点, and how many are left."""
    from records import certificates
    from records.roll import Said

    with _desk() as (desk, _):
        taken = certificates.take_stock(desk, left, Said(at or desk.now, by)).thing
        missing = certificates.ledger(desk.database).left_at(taken.at) - taken.left
    typer.echo(f"{taken.left} forms are left 结存已登记")
    if missing:
        note([f"by the book there are {taken.left + missing}: {missing} unaccounted 空白证书差{missing}张"])


@certificate_app.command("spoil")
def spoil(form: Serial, fate: Annotated[Fate, typer.Option(help="kept or destroyed")], reason: Reason) -> None:
    """Spoil 作废 a blank form that is no certificate."""
    from records import certificates

    with _desk() as (desk, _):
        done = certificates.spoil(desk, form, fate, reason)
    typer.echo(f"form {done.key} is spoiled 已作废")


@certificate_app.command("ledger")
def ledger(*, as_json: AsJson = False) -> None:
    """Show the book of blank forms 空白证书台账."""
    from kaojian import certificates as shown
    from records import certificates

    with opened() as (_, database):
        book = certificates.ledger(database)
    if as_json:
        print_json(shown.ledger_json(book))
        return
    show(shown.ledger_table(book))


# --- Certificates ---


@certificate_app.command("issue")
def issue(
    batch: BatchId,
    tickets: Tickets = None,
    *,
    form: Annotated[str, typer.Option(metavar="SERIAL", help="First blank form of the pile 起始印刷号")],
    stamped_by: StampedBy = "",
    reason: Annotated[str, typer.Option(help="Why again, after one was revoked 换发原因")] = "",
) -> None:
    """Issue certificates 制证 to these, or to all on whom it was decided: all of them or none."""
    from records import certificates
    from records.candidacies import cases_of

    with _desk() as (desk, settings):
        packs = _packs(settings)
        rules = _rules(desk.database, packs, batch)
        wanted = tickets or certificates.to_issue(desk.database, batch)
        cases = certificates.chosen(cases_of(desk.database, batch, rules, desk.now, packs=packs), wanted)
        forms = certificates.forms_from(desk.database, form, len(cases))
        done = certificates.issue(desk, batch, cases, forms, rules, stamped_by=stamped_by, again=reason)
    for entry in done:
        typer.echo(f"{entry.key}  {entry.thing.ticket}  {entry.thing.form}")
    typer.echo(f"{len(done)} certificates issued 已制证")


@certificate_app.command("imprint")
def imprint(batch: BatchId, tickets: Tickets = None, *, by: By, at: At = None) -> None:
    """That the stamp 职业技能鉴定专用章 was put on certificates 用印: on these, or on all that have none."""
    from records import certificates
    from records.roll import Said

    with _desk() as (desk, _):
        done = certificates.imprint(desk, batch, tickets or (), Said(at or desk.now, by))
    typer.echo(f"stamp recorded on {len(done)} certificates 用印已登记")


@certificate_app.command("reprint")
def reprint(
    batch: BatchId,
    ticket: Ticket,
    form: Serial,
    *,
    fate: Annotated[Fate, typer.Option(help="What became of the old form: kept, destroyed, or lost 遗失补发")],
    reason: Reason,
    stamped_by: StampedBy = "",
) -> None:
    """Print a certificate anew on another form, under its number 换证、补发."""
    from records import certificates

    with _desk() as (desk, _):
        done = certificates.reprint(desk, batch, ticket, form, fate=fate, why=reason, stamped_by=stamped_by)
    typer.echo(f"certificate {done.key} is on form {done.thing.form} now 已重印")


@certificate_app.command("revoke")
def revoke(batch: BatchId, ticket: Ticket, reason: Reason) -> None:
    """Revoke a certificate 撤销."""
    from records import certificates

    with _desk() as (desk, _):
        done = certificates.revoke(desk, batch, ticket, reason)
    typer.echo(f"certificate {done.key} is revoked 已撤销")


@certificate_app.command("show")
def show_certificates(batch: BatchId, *, as_json: AsJson = False) -> None:
    """Show the certificates of a batch, and how they stand by C3-1, C7-1 and C7-2. Claims: see `claim show`."""
    from kaojian import certificates as shown
    from kaojian.grounds import ruled_table
    from records import certificate_rules

    with opened() as (settings, database):
        facts = certificate_rules.facts_of(database, batch, SystemClock().now())
        found = certificate_rules.findings(facts, _rules(database, _packs(settings), batch))[:3]
    if as_json:
        print_json(shown.certificates_json(facts, found))
        return
    show(shown.certificates_table(facts), ruled_table(batch, found))


# --- Files ---


@certificate_app.command("query")
def query(file: SheetFile, profile: ProfileFile = None) -> None:
    """Take in what the province's platform says of numbers 查询结果: all of the file, or nothing."""
    from records import certificate_files

    chosen = _profile(profile, certificate_files.QUERY)
    with _desk() as (desk, _):
        done = certificate_files.take_in_answers(
            desk.database, file.read_bytes(), str(file), actor=desk.actor, now=desk.now, profile=chosen
        )
    _tell(done, "answers 查询结果")


@certificate_app.command("export")
def export(
    batch: BatchId,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .xlsx or .csv")],
    profile: ProfileFile = None,
    *,
    with_numbers: WithNumbers = False,
    reason: WhyNumbers = "",
) -> None:
    """Write the exchange file for the province's system 交换文件; readable by its owner only."""
    from config.private_files import write_private
    from records import certificate_files

    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise typer.BadParameter("must end in .xlsx or .csv", param_hint="FILE")
    chosen = _profile(profile, certificate_files.EXCHANGE)
    with _handed_out("export_certificates_batch", batch, (), with_numbers, reason) as found:
        write_private(file.absolute(), certificate_files.written(found, str(file), chosen))
    typer.echo(f"written 已导出: {file}, {len(found)} certificates, {_told(with_numbers)}")


@certificate_app.command("overlay")
def overlay(
    batch: BatchId,
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where to write it")],
    tickets: Tickets = None,
    *,
    layout: Annotated[Path | None, typer.Option(metavar="FILE.yaml", help="Places measured on your forms")] = None,
    with_numbers: WithNumbers = False,
    reason: WhyNumbers = "",
) -> None:
    """Write what a printer puts on the province's blank forms 套打, a page for each certificate, as PDF/A."""
    from config.private_files import write_private
    from dashboard.papers import overlay as papers
    from dashboard.papers.printing import overlay_as_pdf

    places = papers.read(layout or papers.DEFAULT)
    with _handed_out("print_certificates_batch", batch, tickets or (), with_numbers, reason) as found:
        paper = papers.compose(places, found, batch, SystemClock().now())
        write_private(file.absolute(), overlay_as_pdf(paper))
    typer.echo(f"written 已导出: {file}, {len(paper.sheets)} forms, {_told(with_numbers)}")
    if not places.measured:
        note([f"layout {places.id} was not measured on any form 版式未量定; measure it, then give --layout"])


@certificate_app.command("profile")
def print_profile() -> None:
    """Print the headings that are known, as YAML to be changed and given with --profile."""
    from records import certificate_files, shapes

    for shape in (certificate_files.EXCHANGE, certificate_files.QUERY, certificate_files.CLAIM):
        typer.echo(shapes.profile_text(shape), nl=False)


@claim_app.command("import")
def import_claims(file: SheetFile, profile: ProfileFile = None) -> None:
    """Take in a list of claims of subsidies 补贴申领清单: all of the file, or nothing."""
    from records import certificate_files

    chosen = _profile(profile, certificate_files.CLAIM)
    with _desk() as (desk, _):
        done = certificate_files.take_in_claims(
            desk.database, file.read_bytes(), str(file), actor=desk.actor, now=desk.now, profile=chosen
        )
    _tell(done, "claims 申领")


@claim_app.command("show")
def show_claims(batch: BatchId) -> None:
    """Show the claims on certificates of a batch, and how they stand by C8-1."""
    from kaojian import certificates as shown
    from kaojian.grounds import ruled_table
    from records import certificate_rules
    from records.candidacies import cases_of

    with opened() as (settings, database):
        packs = _packs(settings)
        now, rules = SystemClock().now(), _rules(database, packs, batch)
        facts = certificate_rules.facts_of(database, batch, now)
        found = cases_of(database, batch, rules, now, packs=packs) if facts.claims else ()
        cases = {case.ticket: case for case in found}
    show(shown.claims_table(facts.claims), ruled_table(batch, (certificate_rules.of_claims(facts, cases),)))


@contextmanager
def _desk() -> Iterator[tuple[Desk, Settings]]:
    from records.roll import Desk

    with acting() as (settings, database):
        yield Desk(database, local_actor(), SystemClock().now()), settings


@contextmanager
def _handed_out(
    act: str, batch: str, tickets: list[str] | tuple[()], with_numbers: bool, reason: str
) -> Iterator[tuple[Row, ...]]:
    """Certificates with who has them, which is in the journal before anybody has it."""
    from records import certificate_files
    from storage.id_numbers import IdNumbers

    if with_numbers and not reason.strip():
        raise typer.BadParameter("say why 请说明原因", param_hint="--reason")
    with acting() as (settings, database):
        numbers = IdNumbers.kept(settings.numbers_key_file, database)
        found = certificate_files.rows(database, numbers, batch, tickets, whole_numbers=with_numbers)
        told = f"{len(found)} certificates, numbers {'whole' if with_numbers else 'masked'}"
        detail = f"{told}: {reason.strip()}" if reason.strip() else told
        database.journal.record(SystemClock().now(), local_actor(), act, batch, detail)
        yield found


def _packs(settings: Settings) -> Callable[[str], RulePack]:
    from config import rule_pack

    return partial(rule_pack.load, folder=settings.rule_packs_dir)


def _rules(database: Database, packs: Callable[[str], RulePack], batch: str) -> RulePack:
    from storage.errors import UnknownBatch

    found = database.setup.batch(batch)
    if found is None:
        raise UnknownBatch(f"there is no batch {batch}; `kaojian status` shows all")
    return packs(found.rule_pack)


def _profile(file: Path | None, shape: Shape) -> Profile | None:
    from config.documents import Document as YamlFile
    from records import shapes

    return None if file is None else shapes.profile_of(YamlFile.read(file), shape)


def _told(with_numbers: bool) -> str:
    return f"numbers {'whole 完整' if with_numbers else 'masked 已脱敏'}"


def _tell(done: TakenIn, what: str) -> None:
    typer.echo(f"{what}: {len(done.changed)} entered 已登记, {done.unchanged} unchanged 无变化")
    if done.older:
        note([f"{done.older} are older than what is on record and stay out 早于已登记的结果"])
    if done.unread:
        note([f"columns that nobody asked for 未读取的列: {', '.join(done.unread)}"])
