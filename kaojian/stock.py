"""What `kaojian check` finds between rows, spools and object store, put together from the settings and in lines.

Not here: what must agree and how it is looked at (``storage.check``).
"""

from __future__ import annotations

from collections.abc import Iterator

from config.s3 import Duty
from config.settings import Settings
from domain.people import Actor
from domain.timeline import Clock
from kaojian.audit import stores_of
from kaojian.wiring import open_archive
from storage.check.comparing import Finding
from storage.check.looking import Check, Seen
from storage.database import Database


def check_of(settings: Settings, database: Database, *, mending: bool = False, every_byte: bool = False) -> Check:
    """A check of this installation."""
    duty = Duty.KEEP if mending else Duty.READ
    archive, stores = open_archive(settings, database, duty=duty), stores_of(settings, duty)
    return Check(database, archive, stores, settings.spool_dirs, mending=mending, every_byte=every_byte)


def found(check: Check, database: Database, actor: Actor, clock: Clock) -> Iterator[Finding]:
    """As ``Check.findings``; what is mended is written into the journal before it is told."""
    for finding in check.findings():
        if finding.mended:
            detail = f"{finding.what.value}: {finding.mended}"
            database.journal.record(clock.now(), actor, "repair", finding.subject, detail)
        yield finding


def line(finding: Finding) -> str:
    """``what: subject (where) ...`` and what was done, or is to be."""
    what = finding.what
    where = f" ({finding.where})" if finding.where else ""
    done = f"mended 已修复: {finding.mended}" if finding.mended else finding.failed or what.remedy
    return f"{what.value}: {finding.subject}{where} {what.en} {what.zh}; {done or '--repair mends it'}"


def summary(seen: Seen) -> str:
    """What was looked at."""
    there = f"{seen.segments} segments 录像文件, {seen.files} files 暂存文件, {seen.objects} objects 存储对象"
    return f"footage 录像: {there}; {seen.elsewhere} copies lie where this host cannot look"
