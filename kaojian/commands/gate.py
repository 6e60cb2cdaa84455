"""How a batch stands: its clauses, its candidates at the gate, and what an officer decides on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.timeline import SystemClock
from kaojian.terminal import BatchId, Language, acting, local_actor, opened, print_json, show, write

app = typer.Typer()
case_app = typer.Typer(help="Candidates at the gate 制证门.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(case_app, name="case")

AsJson = Annotated[bool, typer.Option("--json", help="For programs")]


@app.command("clauses")
def clauses(
    batch: BatchId,
    *,
    as_json: AsJson = False,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE.pdf", help="Print it with the candidates at the gate, PDF/A")
    ] = None,
    lang: Annotated[Language, typer.Option(help="zh or en, of the PDF")] = Language.ZH,
) -> None:
    """Every clause of the notice for a batch: what it is judged to be, and why."""
    from dashboard.papers import standing, words
    from dashboard.papers.printing import as_pdf
    from kaojian import gate
    from records.clauses import standing_of

    with opened() as (settings, database):
        found = standing_of(database, batch, SystemClock().now(), gate.grounds_of(settings, database, batch))
        sittings = tuple(database.setup.sittings(batch))
    if pdf is not None:
        write(pdf, as_pdf(standing.compose(found, sittings, words.Language(lang.value))))
        typer.echo(f"written: {pdf}")
        return
    if as_json:
        print_json(gate.to_json(found, "clauses"))
    else:
        show(gate.clauses_table(found))


@case_app.command("list")
def list_cases(batch: BatchId, *, as_json: AsJson = False) -> None:
    """What is proposed for each candidate of a batch: 可制证, 待核 or 不予制证, and why."""
    from kaojian import gate
    from records.clauses import standing_of

    with opened() as (settings, database):
        found = standing_of(database, batch, SystemClock().now(), gate.grounds_of(settings, database, batch))
    if as_json:
        print_json(gate.to_json(found, "cases"))
    else:
        show(gate.cases_table(found))


@case_app.command("decide")
def decide(
    batch: BatchId,
    ticket: Annotated[str, typer.Argument(metavar="TICKET", help="Admission ticket 准考证号")],
    *,
    issue: Annotated[bool, typer.Option("--issue/--withhold", help="A certificate is made 制证, or none 不予制证")],
    reason: Annotated[str, typer.Option(help="Why, where it is not what was proposed 理由")] = "",
) -> None:
    """Decide on a candidate's certificate. Nothing that the gate holds back can be decided on."""
    from kaojian import gate
    from records import deciding

    with acting() as (settings, database):
        now, grounds = SystemClock().now(), gate.grounds_of(settings, database, batch)
        at_gate = deciding.at_gate(database, batch, grounds.rules, local_actor(), now, packs=grounds.packs)
        entry = deciding.decide(at_gate, ticket, issue=issue, reason=reason)
    word = "制证 to be issued" if entry.thing.issue else "不予制证 not to be issued"
    typer.echo(f"{ticket}: {word}, {entry.name}")
