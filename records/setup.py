"""Applying a declaration: what changed becomes a new revision valid from now, what did not is left alone.

Everything is checked against the database before the first write, so that a refused file leaves no trace. A
sitting that was opened keeps the revisions it opened with, whatever is applied later. Not here: the form of the file
(``records.declaration``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from config import rule_pack
from config.errors import Problem
from config.rule_pack import RulePack
from domain.people import Actor
from domain.places import Batch, Site, Sitting
from domain.timeline import Clock, rfc3339
from records.conduct import Disk, check_disk, close_sitting, open_sitting, starts_too_late
from records.declaration import ActualTimes, Declaration
from records.errors import SetupRefused
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Applied:
    """What one declaration did, as names such as ``site sg-001`` or ``sitting 2026-0501/1 opened``.

    ``notes`` are sentences for people: what was applied but does not reach a sitting already opened, and so on.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...] = ()


def apply(
    declaration: Declaration,
    database: Database,
    actor: Actor,
    clock: Clock,
    disk: Disk | None = None,
    *,
    rules: Callable[[str], RulePack] = rule_pack.load,
    follows: str | None = None,
) -> Applied:
    """Make the declaration valid from now. Applying it again changes nothing.

    ``follows`` is the SHA-256 of the revision that a declaration of one site was made from: where another one stands
    by now, RevisedMeanwhile is raised and nothing was written.

    ``disk`` is needed where the file opens a sitting, and ``rules`` are those of ``conduct.open_sitting``. Raises
    SetupRefused before anything is written, DiskTooFull, RulePackRefused where a sitting is opened whose rule pack
    cannot be read, and StorageError when the database does not answer; a repeated call then goes on where this one
    ended.
    """
    order = _checked(declaration, database, clock.now(), disk)
    changed: list[str] = []
    unchanged: list[str] = []
    for site in order:
        done = database.setup.apply_site(site, actor, at := clock.now(), follows=follows)
        (changed if done else unchanged).append(f"site {site.id}")
        if done:
            database.journal.record(at, actor, "apply_site", site.id, _site_detail(site))
    for batch in declaration.batches:
        done = database.setup.apply_batch(batch, actor, at := clock.now())
        (changed if done else unchanged).append(f"batch {batch.id}")
        if done:
            database.journal.record(at, actor, "apply_batch", batch.id, _batch_detail(batch))
    notes = list(_left_behind(declaration, database))
    for times in declaration.actual_times:
        acts, warnings = _conduct(times, database, actor, clock, disk=disk, rules=rules)
        changed += acts
        notes += warnings
    return Applied(tuple(changed), tuple(unchanged), tuple(notes))


def _checked(declaration: Declaration, database: Database, now: datetime, disk: Disk | None) -> list[Site]:
    """The sites in an order in which they can be written. Raises SetupRefused, DiskTooFull."""
    sittings = database.setup.sittings()
    order, clashes = _order(declaration, database, sittings)
    problems = [*clashes, *_rooms_still_needed(declaration, sittings), *_impossible_times(declaration, sittings, now)]
    if problems:
        raise SetupRefused(problems)
    opened = {(sitting.batch.id, sitting.plan.number) for sitting in sittings if sitting.opened is not None}
    for times in declaration.actual_times:
        if times.start is not None and (times.batch, times.number) not in opened:
            if disk is None:
                raise ValueError("a declaration that opens a sitting is applied with the spool's disk")
            check_disk(disk, times.batch, times.number)
    return order


def _order(declaration: Declaration, database: Database, sittings: list[Sitting]) -> tuple[list[Site], list[Problem]]:
    """A camera may move to another site only after the site that had it was written without it."""
    standing = {site.id: _cameras(site) for site in database.setup.sites()}
    in_use = [(sitting.site.id, _cameras(sitting.site)) for sitting in sittings if _is_open(sitting)]
    waiting = dict(enumerate(declaration.sites))
    order: list[Site] = []
    progress = True
    while waiting and progress:
        progress = False
        for index, site in list(waiting.items()):
            if not _clash(site, [*standing.items(), *in_use]):
                order.append(waiting.pop(index))
                standing[site.id] = _cameras(site)
                progress = True
    problems = []
    for index, site in waiting.items():
        camera, other = _clash(site, [*standing.items(), *in_use])[0]
        message = f"camera {camera} belongs to site {other}; remove it there first, or give it another id"
        problems.append(declaration.problem(("sites", index), message))
    return order, problems


def _clash(site: Site, others: list[tuple[str, set[str]]]) -> list[tuple[str, str]]:
    """Cameras of this site that another one holds."""
    ours = _cameras(site)
    return sorted((camera, other) for other, cameras in others if other != site.id for camera in ours & cameras)


def _rooms_still_needed(declaration: Declaration, sittings: list[Sitting]) -> Iterator[Problem]:
    """Sittings set up before and not yet opened, which lose a room by this file."""
    declared = {batch.id for batch in declaration.batches}
    for index, site in enumerate(declaration.sites):
        rooms = {room.id for room in site.rooms}
        for sitting in sittings:
            if sitting.opened is not None or sitting.batch.id in declared or sitting.site.id != site.id:
                continue
            for room in sorted(set(sitting.plan.rooms) - rooms):
                name = f"sitting {sitting.plan.number} of batch {sitting.batch.id}"
                yield declaration.problem(("sites", index, "rooms"), f"room {room} is still needed by {name}")


def _impossible_times(declaration: Declaration, sittings: list[Sitting], now: datetime) -> Iterator[Problem]:
    known = {(sitting.batch.id, sitting.plan.number): sitting for sitting in sittings}
    plans = {(batch.id, plan.number): plan for batch in declaration.batches for plan in batch.sittings}
    for times in declaration.actual_times:
        sitting, plan = known.get((times.batch, times.number)), plans[times.batch, times.number]
        if times.start is not None and times.start >= plan.planned_end and not (sitting and sitting.opened):
            yield declaration.problem((*times.field, "actual_start"), starts_too_late(plan))
        for name, message in _wrong_times(times, sitting, now):
            yield declaration.problem((*times.field, name), message)


def _wrong_times(times: ActualTimes, sitting: Sitting | None, now: datetime) -> Iterator[tuple[str, str]]:
    for name, told in (("actual_start", times.start), ("actual_end", times.end)):
        if told is not None and told > now:
            yield name, f"lies in the future (now is {rfc3339(now)}); only what has happened can be declared"
    started = sitting.actual_start if sitting is not None else None
    ended = sitting.actual_end if sitting is not None else None
    if times.start is not None and started is not None and times.start != started:
        yield "actual_start", f"the sitting was opened with {rfc3339(started)}, and that stays"
    if times.end is not None and ended is not None and times.end != ended:
        yield "actual_end", f"the sitting was closed with {rfc3339(ended)}, and that stays"
    if times.end is not None and times.start is None and started is None:
        yield "actual_end", "the sitting was never opened; give actual_start as well"
    if times.end is not None and times.start is None and started is not None and times.end <= started:
        yield "actual_end", f"the sitting ends before it starts: it was opened with {rfc3339(started)}"


def _conduct(
    times: ActualTimes,
    database: Database,
    actor: Actor,
    clock: Clock,
    *,
    disk: Disk | None,
    rules: Callable[[str], RulePack],
) -> tuple[list[str], tuple[str, ...]]:
    """Open and close the sitting as the file says, where that was not done before."""
    sitting = database.setup.sitting(times.batch, times.number)
    name = f"sitting {times.batch}/{times.number}"
    acts: list[str] = []
    warnings: tuple[str, ...] = ()
    if times.start is not None and disk is not None and (sitting is None or sitting.opened is None):
        opened = open_sitting(
            database, times.batch, times.number, actor, clock, disk=disk, actual_start=times.start, rules=rules
        )
        warnings = opened.warnings
        acts.append(f"{name} opened")
    if times.end is not None and (sitting is None or sitting.closed is None):
        close_sitting(database, times.batch, times.number, actor, clock, actual_end=times.end)
        acts.append(f"{name} closed")
    return acts, warnings


def _left_behind(declaration: Declaration, database: Database) -> Iterator[str]:
    """Sittings in progress that differ from what is valid now, because they keep what they opened with."""
    for sitting in database.setup.sittings():
        if not _is_open(sitting):
            continue
        site, batch = database.setup.site(sitting.site.id), database.setup.batch(sitting.batch.id)
        named = {site.id for site in declaration.sites} | {batch.id for batch in declaration.batches}
        if {sitting.site.id, sitting.batch.id} & named and (site != sitting.site or batch != sitting.batch):
            name = f"sitting {sitting.plan.number} of batch {sitting.batch.id}"
            yield f"{name} is open and keeps the set-up it was opened with; the change holds for later sittings"


def _is_open(sitting: Sitting) -> bool:
    return sitting.opened is not None and sitting.closed is None


def _cameras(site: Site) -> set[str]:
    return {camera.id for room in site.rooms for camera in room.cameras}


def _site_detail(site: Site) -> str:
    stations = sum(len(room.stations) for room in site.rooms)
    return f"{len(site.rooms)} rooms, {stations} stations, {len(_cameras(site))} cameras"


def _batch_detail(batch: Batch) -> str:
    return f"site {batch.site}, rule pack {batch.rule_pack}, {len(batch.sittings)} sittings"
