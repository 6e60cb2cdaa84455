"""The grounds of sites: institutions, approvals, agreements, the catalogue, norms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.timeline import SystemClock
from kaojian.terminal import BatchId, Language, acting, local_actor, note, opened, print_json, show, write

app = typer.Typer()
grounds_app = typer.Typer(
    help="On what grounds sites hold exams 考场设立与管理.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(grounds_app, name="grounds")


@grounds_app.command("import")
def import_file(
    file: Annotated[Path | None, typer.Argument(metavar="FILE.yaml", help="What is to be put on record")] = None,
    reason: Annotated[str, typer.Option(help="Why it is entered or changed 登记原因")] = "",
    *,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the file instead")] = False,
) -> None:
    """Put institutions, forms of approval, expert opinions, agreements, plates, norms and catalogues on record.

    The whole file or nothing of it; the same file again changes nothing. What was signed is not written over.
    """
    from records import grounds, grounds_file

    if schema:
        print_json(grounds_file.schema())
        return
    if file is None:
        raise typer.BadParameter("name a file, or use --schema", param_hint="FILE.yaml")
    declared = grounds_file.read(file)
    with acting() as (_, database):
        done = grounds.enter(declared, database, local_actor(), SystemClock().now(), reason=reason)
    for name in done.changed:
        typer.echo(f"entered    {name}")
    for name in done.unchanged:
        typer.echo(f"unchanged  {name}")
    note(done.notes)


@grounds_app.command("show")
def show_site(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Id of the site 定点考场")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Show what is on record of a site, with the entries that say so."""
    from kaojian import grounds as shown
    from records import grounds

    with opened() as (_, database):
        found = grounds.of_site(database, site)
    if as_json:
        print_json(shown.to_json(found))
        return
    show(*shown.tables(found))


@grounds_app.command("judge")
def judge(
    batch: BatchId,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Judge by clauses 一, 三 and 四 whether a batch may be held where it is. What is not on record is unknown."""
    from config import rule_pack
    from kaojian import grounds as shown
    from records import grounds_rules

    with opened() as (settings, database):
        facts = grounds_rules.facts_of(database, batch, SystemClock().now())
        found = grounds_rules.findings(facts, rule_pack.load(facts.batch.rule_pack, settings.rule_packs_dir))
    if as_json:
        print_json(shown.ruled_json(batch, found))
        return
    show(shown.ruled_table(batch, found))


@grounds_app.command("form")
def print_form(
    approval: Annotated[str, typer.Argument(metavar="FORM", help="Id of the form 考场设立审核意见表")],
    file: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where to write it")],
    lang: Annotated[Language, typer.Option(help="zh or en")] = Language.ZH,
) -> None:
    """Print the form 考场设立审核意见表 of the notice's annex as PDF/A; what is not signed yet stays empty."""
    from dashboard.papers import words
    from dashboard.papers.form import compose
    from dashboard.papers.printing import form_as_pdf
    from records import grounds

    with opened() as (_, database):
        entry = grounds.form(database, approval)
    write(file, form_as_pdf(compose(entry, words.Language(lang.value))))
    typer.echo(f"written: {file}, {entry.name}")
