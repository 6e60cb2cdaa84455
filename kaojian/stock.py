"""What `kaojian check` finds between rows, spools and object store, put together from the settings and in lines.

Not here: what must agree and how it is looked at (``storage.check``).
"""

from __future__ import annotations

from collections.abc import Iterator

from config.settings import Settings
from domain.people import Actor
from domain.timeline import Clock
from kaojian.audit import objects_of
from kaojian.wiring import open_archive
from storage.check.comparing import Finding
from storage.check.looking import Check
from storage.database import Database


class Told:
    """One check of this installation."""

    def __init__(self, settings: Settings, database: Database, *, repair: bool, every_byte: bool) -> None:
        self._database = database
        self._repair = repair
        self._check = Check(
            database,
            open_archive(settings, database),
            objects_of(settings),
            settings.spool_dirs,
            mending=repair,
            every_byte=every_byte,
        )

    def findings(self, actor: Actor, clock: Clock) -> Iterator[Finding]:
        """As ``Check.findings``; what is mended is written into the journal before it is told."""
        for finding in self._check.findings():
            if finding.mended:
                detail = f"{finding.what.value}: {finding.mended}"
                self._database.journal.record(clock.now(), actor, "repair", finding.subject, detail)
            yield finding

    def summary(self) -> str:
        """What was looked at."""
        seen = self._check.seen
        there = f"{seen.segments} segments 录像文件, {seen.files} files 暂存文件, {seen.objects} objects 存储对象"
        return f"footage 录像: {there}; {seen.elsewhere} copies lie where this host cannot look"


def line(finding: Finding) -> str:
    """``what: subject (where) ...`` and what was done, or is to be."""
    what = finding.what
    where = f" ({finding.where})" if finding.where else ""
    done = (
        f"mended 已修复: {finding.mended}" if finding.mended else finding.failed or what.remedy or "--repair mends it"
    )
    return f"{what.value}: {finding.subject}{where} {what.en} {what.zh}; {done}"
