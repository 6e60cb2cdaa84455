"""What the demonstration shows in a terminal: live progress, then the coverage and the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from analysis.report import SittingReport
from dashboard.access.tokens import PREFIX
from domain.calendar import SHANGHAI
from domain.evidence import Gap, Place
from domain.gate import Case, Proposal
from domain.law import Verdict
from domain.people import Role
from domain.places import Sitting
from domain.timeline import Interval, SystemClock
from kaojian.demo_people import Certified
from storage.database import Database

_COLOURS = {
    Verdict.PASS: "green",
    Verdict.WARN: "yellow",
    Verdict.FAIL: "red",
    Verdict.PENDING: "cyan",
    Verdict.UNKNOWN: "magenta",
    Verdict.NOT_APPLICABLE: "dim",
}
_PROPOSED = {Proposal.ISSUE: "green", Proposal.HOLD: "magenta", Proposal.REFUSE: "red"}
_LINE_EVERY_S = 5.0


class Progress:
    """The state of each camera, drawn twice a second on a terminal, as a line now and then elsewhere.

    ``alive`` is called with every look and raises when there is no sense in going on.
    """

    def __init__(
        self, console: Console, database: Database, sitting: Sitting, begun: float, *, alive: Callable[[], None]
    ) -> None:
        self._console = console
        self._evidence = database.evidence
        self._sitting = sitting
        self._begun = begun
        self._alive = alive
        self._clock = SystemClock()
        self._first_seen = False
        self._last_line = 0.0
        self._live = Live(console=console, refresh_per_second=2, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def until(self, instant: datetime, phase: str) -> None:
        """Show progress until that instant."""
        while (left := (instant - self._clock.now()).total_seconds()) > 0:
            self._show(phase)
            time.sleep(min(left, 0.5))

    def until_true(self, condition: Callable[[], bool], within_s: float, phase: str) -> bool:
        """Show progress until the condition holds; False when it does not within that time."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if condition():
                return True
            self._show(phase)
            time.sleep(0.5)
        return False

    def note(self, text: str) -> None:
        """A line that stays."""
        self._console.print(f"  {self._now()}  {text}")

    def _now(self) -> str:
        return f"{self._clock.now().astimezone(SHANGHAI):%H:%M:%S}"

    def _show(self, phase: str) -> None:
        self._alive()
        states = [self._state(camera.id) for camera in self._sitting.cameras()]
        if not self._first_seen and any(state.startswith("recording") for _, state, _ in states):
            self._first_seen = True
            self.note(f"first picture recorded {time.monotonic() - self._begun:.1f} s after the start")
        if self._live is not None:
            self._live.update(self._table(phase, states))
        elif time.monotonic() - self._last_line >= _LINE_EVERY_S:
            self._last_line = time.monotonic()
            told = "  ".join(f"{camera} {state}" for camera, state, _ in states)
            self._console.print(f"  {self._now()}  {phase}: {told}", soft_wrap=True)

    def _state(self, camera: str) -> tuple[str, str, int]:
        now = self._clock.now()
        window = Interval(now - timedelta(minutes=10), now + timedelta(seconds=1))
        outages = [outage for outage in self._evidence.outages(camera, window) if outage.end is None]
        runs = [run for run in self._evidence.runs(camera, window) if run.ended is None]
        segments = self._evidence.segments(camera, window)
        state = str(outages[0].cause) if outages else "recording" if runs else "not recording"
        return camera, state, len(segments)

    def _table(self, phase: str, states: Iterable[tuple[str, str, int]]) -> Group:
        table = Table(box=None, padding=(0, 2))
        for title in ("camera", "state", "segments closed"):
            table.add_column(title)
        for camera, state, segments in states:
            colour = {"recording": "green", "not recording": "dim"}.get(state, "red")
            table.add_row(camera, Text(state, style=colour), str(segments))
        waiting = len(self._evidence.segments_without_copy(Place.S3, 1000))
        return Group(
            Text(f"{self._now()}  {phase}", style="bold"), table, Text(f"waiting for the object store: {waiting}")
        )


def verdict(console: Console, report: SittingReport, differences: list[str]) -> None:
    """The coverage table, the clauses, and whether the report names exactly what was played."""
    console.print(_coverage(report))
    for clause in report.clauses:
        console.print(Text(f"{clause.id} {clause.verdict.zh} {clause.verdict}", style=_COLOURS[clause.verdict]))
        console.print(f"  {clause.zh}\n  {clause.en}", soft_wrap=True, highlight=False)
    console.print(Text(f"verdict: {report.verdict.zh} {report.verdict}", style=f"bold {_COLOURS[report.verdict]}"))
    if not differences:
        console.print("[green]the report names exactly the faults that were played[/green]")
    for line in differences:
        console.print(f"[red]differs from what was played: {line}[/red]", soft_wrap=True)


def cases(console: Console, found: Sequence[Case]) -> None:
    """What the gate proposes for each candidate, and why."""
    console.print("certificates 系统建议:")
    for each in found:
        proposal = each.proposed.proposal
        console.print(Text(f"  {each.ticket} {proposal.zh} {proposal.en}", style=_PROPOSED[proposal]))
        for reason in each.proposed.reasons:
            console.print(f"    {reason.zh}\n    {reason.en}", soft_wrap=True, highlight=False)


def certificates(console: Console, found: Sequence[Certified]) -> None:
    """The certificates with the codes by which anybody can check what they rest on."""
    for each in found:
        holds = "一致 holds" if each.holds else "已变动 changed"
        console.print(f"  certificate 证书 {each.number} of {each.ticket}", highlight=False)
        console.print(f"    receipt 证据回执 {each.code}: {holds}", soft_wrap=True, highlight=False)


def accounts(console: Console, told: Sequence[tuple[str, Role, str]], address: str) -> None:
    """Where the page is, and names with the passwords to log in there, one of each role; a program sends a token."""
    console.print(f"the page: [bold]{address}[/bold]   accounts 示范账户, with passwords or tokens:", soft_wrap=True)
    for name, role, secret in told:
        sent = "  as Authorization: Bearer" if secret.startswith(PREFIX) else ""
        console.print(f"  {name:<25}{secret:<23}  {role.zh}{sent}", soft_wrap=True, highlight=False)


def _coverage(report: SittingReport) -> Table:
    table = Table(title=f"coverage of {report.window.seconds:.3f} s")
    for title in ("", "verdict", "covered s", "gaps (local time, s, cause)"):
        table.add_column(title)
    for station in report.stations:
        table.add_row(
            f"station {station.station}",
            Text(station.verdict.zh, style=_COLOURS[station.verdict]),
            f"{station.covered_ms / 1000:.3f}",
            _gaps(station.gaps),
        )
    table.add_section()
    for camera in report.cameras:
        table.add_row(f"camera {camera.camera}", "", f"{camera.recorded_ms / 1000:.3f}", _gaps(camera.gaps))
    return table


def _gaps(gaps: Iterable[Gap]) -> str:
    return "\n".join(
        f"{gap.interval.start.astimezone(SHANGHAI):%H:%M:%S}  {gap.interval.seconds:.3f}  {gap.cause} {gap.cause.zh}"
        for gap in gaps
    )
