"""The check before a sitting 考前自检: order a trial, check, confirm what no machine sees, sign.

The check reads what is known now and writes nothing, so it may be repeated as often as one likes; signing checks once
more and keeps that for good, whatever it says. A sitting that was never checked opens all the same: an exam does not
wait for us, and its report says so. Not here: what the facts mean (``records.readiness_rules``), recording a trial
(``records.schedule``), trying an object store (the wiring).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analysis.coverage import GIVEN_UP_AFTER
from analysis.eye import EYE, Eye
from analysis.floorplan.survey import HEIGHTS_M, Survey, survey
from analysis.gathering import trial_facts
from config.rule_pack import RulePack
from domain.calendar import local_day
from domain.people import Actor
from domain.places import Sitting
from domain.readiness import (
    CONFIRMED,
    MAY_NOT_APPLY,
    REMARKS,
    Confirmation,
    Item,
    Readiness,
    Remark,
    Signed,
    Trial,
    content_of,
    with_remark,
)
from domain.register import Draft
from domain.timeline import Clock, Interval, rfc3339
from ingest.spool_standing import SpoolState, look
from records.errors import NoReason, NotGo, NothingToConfirm, TrialRefused
from records.headroom import Spools, headrooms
from records.readiness_rules import ReadinessFacts, StoreFact, doubt_of, judged
from records.schedule import RUN_DOWN
from storage.database import Database
from storage.errors import AlreadyOpen, UnknownBatch, UnknownSitting
from storage.spool_marker import device_of

TRIAL = timedelta(seconds=120)
"""Long enough for two files of each camera, and for a picture that stands still to be told: a default of ours."""
SETTLES = timedelta(seconds=10)
"""A trial counts from so long after its order: recorders look every second, and cameras take some to connect."""
GOOD_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Means:
    """What a check needs beside the database. ``stores`` tries the object stores, as often as it is asked.

    ``good_for``: how long a trial, a confirmation and a signature count. Without an ``eye`` no picture is judged.
    """

    spools: Spools = field(default_factory=Spools)
    stores: Callable[[], Sequence[StoreFact]] = tuple
    trial: timedelta = TRIAL
    run_up: timedelta = timedelta()
    good_for: timedelta = GOOD_FOR
    eye: Eye | None = EYE


# --- Trial ----------------------------------------------------------------------------------------------------------


def order_trial(database: Database, batch_id: str, number: int, actor: Actor, clock: Clock, *, means: Means) -> Trial:
    """Have all cameras of a sitting be recorded for a while, from now on.

    Raises UnknownBatch, UnknownSitting; TrialRefused where it cannot be recorded, or would be recorded for an exam
    at the same time: what an exam needs is never taken from it.
    """
    now = clock.now()
    sitting = _unopened(database, batch_id, number)
    begins = now + SETTLES
    span = Interval(begins, begins + means.trial)
    told = f"no trial of sitting {number} of batch {batch_id}: "
    if not any(room.cameras for room in sitting.rooms):
        raise TrialRefused(f"{told}its rooms have no camera; register some in the set-up file and apply it")
    if not recorder_runs(database, now):
        raise TrialRefused(f"{told}no recorder is running, so nothing would be recorded; start `kaojian serve`")
    cameras = {camera.id for camera in sitting.cameras()}
    whole = Interval(now, span.end + RUN_DOWN)
    for other in database.setup.sittings():
        shared = cameras & {camera.id for camera in other.cameras()}
        if shared and (busy := _recorded(other, whole, means.run_up)) is not None:
            raise TrialRefused(
                f"{told}camera {min(shared)} is recorded for sitting {other.plan.number} of batch {other.batch.id} "
                f"from {rfc3339(busy)} on; try before that, or once its tail has run"
            )
    for trial in database.readiness.trials_after(now - RUN_DOWN):
        other_sitting = database.setup.sitting(trial.batch, trial.sitting)
        if other_sitting is not None and cameras & {camera.id for camera in other_sitting.cameras()}:
            raise TrialRefused(
                f"{told}a trial of sitting {trial.sitting} of batch {trial.batch} lasts until "
                f"{rfc3339(trial.interval.end)}; wait until it is over"
            )
    return database.readiness.order_trial(
        batch_id, number, span, site_sha256=_set_up(database, sitting), actor=actor, at=now
    )


def _recorded(sitting: Sitting, span: Interval, run_up: timedelta) -> datetime | None:
    """From when on a sitting has its cameras recorded, where that touches a span."""
    begins = min(sitting.plan.recording_from, sitting.opened or sitting.plan.recording_from) - run_up
    over = sitting.closed is not None and sitting.window.end + RUN_DOWN <= span.start
    return begins if begins < span.end and not over else None


def recorder_runs(database: Database, now: datetime) -> bool:
    """Whether some recorder was alive just now. Raises DatabaseUnavailable."""
    return any(now - each.seen <= GIVEN_UP_AFTER for each in database.evidence.open_recorders())


# --- Check ----------------------------------------------------------------------------------------------------------


def check(
    database: Database, batch_id: str, number: int, *, rules: RulePack, clock: Clock, means: Means
) -> Readiness:
    """The check of a sitting as things stand now. Writes nothing.

    Raises UnknownBatch, UnknownSitting, DatabaseUnavailable.
    """
    return judged(gathered(database, _known(database, batch_id, number), rules, clock.now(), means), rules)


def gathered(database: Database, sitting: Sitting, rules: RulePack, now: datetime, means: Means) -> ReadinessFacts:
    """All that is known of a sitting before it begins. Raises DatabaseUnavailable."""
    batch, number = sitting.batch.id, sitting.plan.number
    set_up, trial = _set_up(database, sitting), database.readiness.last_trial(batch, number)
    footage = None
    if trial is not None and doubt_of(trial, set_up, now, means.good_for) is None:
        footage = trial_facts(database, sitting, trial.interval, rules, now, eye=means.eye)
    day = local_day(sitting.plan.planned_start)
    stores = tuple(means.stores())
    return ReadinessFacts(
        sitting=sitting,
        site_sha256=set_up,
        now=now,
        good_for=means.good_for,
        recorder_runs=recorder_runs(database, now),
        trial=trial,
        footage=footage,
        surveys=_surveys(sitting, rules),
        headrooms=headrooms(
            database,
            means.spools,
            now,
            evicts=bool(stores),
            counts=lambda each: local_day(each.plan.planned_start) <= day,
        ),
        stores=stores,
        devices=_devices(database, means.spools) + sum(each.reached and each.locks is True for each in stores),
        confirmations=confirmations_of(database, batch, number),
    )


def _surveys(sitting: Sitting, rules: RulePack) -> dict[str, Survey]:
    """By room what its plan says; the floor between its places is looked at only where a part of it is a 禁摄区."""
    return {
        room.id: survey(room.plan, rules.density, heights_m=HEIGHTS_M if room.plan.no_filming else ())
        for room in sitting.rooms
        if room.plan is not None
    }


def _devices(database: Database, spools: Spools) -> int:
    """On how many separate devices the spools of this host lie, of those that take files now."""
    found = set()
    for each in look(database.evidence, spools.folders, spools.owner):
        if each.state in {SpoolState.THERE, SpoolState.NEW, SpoolState.SHARED}:
            standing = next(folder for folder in (each.folder, *each.folder.parents) if folder.exists())
            found.add(device_of(standing))
    return len(found)


# --- Confirm and sign -----------------------------------------------------------------------------------------------


def confirm(
    database: Database,
    batch_id: str,
    number: int,
    actor: Actor,
    clock: Clock,
    *,
    room: str,
    items: Sequence[Item],
    stands: bool = True,
    applies: bool = True,
    lacking: Sequence[str] = (),
    note: str = "",
) -> tuple[Confirmation, ...]:
    """Write that somebody saw what no machine sees in a room; or that they take it back.

    Who takes it back with a ``note``, or with the stations that are ``lacking`` it, says that it is not so. What the
    exam needs nothing of does not apply, with a note that says why.

    Raises UnknownBatch, UnknownSitting, AlreadyOpen, NothingToConfirm, NoReason.
    """
    sitting, note = _unopened(database, batch_id, number), " ".join(note.split())
    items = tuple(dict.fromkeys(items))
    _refuse_elsewhere(sitting, room, items, lacking)
    if not applies and (not stands or not set(items) <= set(MAY_NOT_APPLY)):
        may = ", ".join(each.value for each in MAY_NOT_APPLY)
        raise NothingToConfirm(f"only of {may} may none be needed; everything else is confirmed or not so")
    if not applies and not note:
        raise NoReason("say why none is needed (--note) 请说明为何不需要")
    if lacking and stands:
        raise NothingToConfirm("what stations lack cannot be confirmed; take it back (--take-back)")
    now = clock.now()
    found = tuple(
        Confirmation(batch_id, number, room, item, stands, now, actor, applies, tuple(lacking), note)
        for item in items
    )
    if note or lacking or not applies:
        # Before the confirmations: a remark without the one it belongs to says nothing.
        remarks = [Remark(batch_id, number, room, each.item, now, applies, each.lacking, note) for each in found]
        drafts = [
            Draft(REMARKS, f"{batch_id}/{number}/{room}/{each.item.value}", each, batch_id, sitting.site.id)
            for each in remarks
        ]
        database.register.enter("remark_sitting", f"{batch_id}/{number}", drafts, actor, now)
    for each in found:
        database.readiness.confirm(each)
    return found


def confirmations_of(database: Database, batch_id: str, number: int) -> dict[tuple[str, Item], Confirmation]:
    """By room and item what was said last, with what was said beside it. Raises DatabaseUnavailable."""
    remarks = {
        (entry.thing.room, entry.thing.item): entry.thing
        for entry in database.register.standing(REMARKS, batch=batch_id)
        if entry.thing.sitting == number
    }
    found = database.readiness.confirmations(batch_id, number)
    return {place: with_remark(each, remarks.get(place)) for place, each in found.items()}


def _refuse_elsewhere(sitting: Sitting, room: str, items: Sequence[Item], lacking: Sequence[str]) -> None:
    """Raises NothingToConfirm for a room or station that is not there, and for what a machine sees better."""
    name = f"sitting {sitting.plan.number} of batch {sitting.batch.id}"
    rooms = {each.id: each for each in sitting.rooms}
    if room not in rooms:
        raise NothingToConfirm(f"{name} is not held in room {room}; it is in {', '.join(rooms)}")
    wrong = [each.value for each in items if each not in CONFIRMED]
    if wrong or not items:
        may = ", ".join(each.value for each in CONFIRMED)
        raise NothingToConfirm(f"{', '.join(wrong) or 'nothing'} is not for a person to confirm; that is: {may}")
    there = {each.id for each in rooms[room].stations}
    if strange := [each for each in lacking if each not in there]:
        raise NothingToConfirm(f"room {room} has no station {', '.join(strange)}; it has {', '.join(sorted(there))}")


def sign(
    database: Database,
    batch_id: str,
    number: int,
    actor: Actor,
    clock: Clock,
    *,
    rules: RulePack,
    means: Means,
    reason: str = "",
) -> tuple[Readiness, Signed]:
    """Check once more, and keep what was found for good, in the name of who signs.

    1. The sitting is not open yet.
    2. What is no go is signed with a reason only.
    3. The record and the entry of the journal with its digest are written together.

    Raises UnknownBatch, UnknownSitting, AlreadyOpen; NotGo, and then nothing was written.
    """
    sitting = _unopened(database, batch_id, number)
    found = judged(gathered(database, sitting, rules, clock.now(), means), rules)
    reason = " ".join(reason.split())
    if not found.go and not reason:
        raise NotGo(found)
    at = clock.now()
    content = content_of(found, actor, at, means.good_for, reason)
    return found, database.readiness.sign(batch_id, number, content, actor, at)


def _unopened(database: Database, batch_id: str, number: int) -> Sitting:
    sitting = _known(database, batch_id, number)
    if sitting.opened is not None:
        raise AlreadyOpen(
            f"sitting {number} of batch {batch_id} was opened at {rfc3339(sitting.opened)}; it is checked before that"
        )
    return sitting


def _known(database: Database, batch_id: str, number: int) -> Sitting:
    sitting = database.setup.sitting(batch_id, number)
    if sitting is not None:
        return sitting
    if database.setup.batch(batch_id) is None:
        raise UnknownBatch(f"there is no batch {batch_id}; set it up with `kaojian apply`")
    raise UnknownSitting(f"batch {batch_id} has no sitting {number}")


def _set_up(database: Database, sitting: Sitting) -> str:
    """The SHA-256 of the site's document that the sitting rests on: frozen once it is open, until then the latest."""
    frozen = database.setup.frozen(sitting.batch.id).get(sitting.plan.number)
    return frozen.site if frozen is not None else database.setup.site_sha256(sitting.site.id) or ""
