"""Breaking the glass 紧急进入: an account for some hours, for the night when nobody can come in; never in silence.

It has a first password like any other, and needs no second factor: the one that its role has to have may be just what
was lost. Everybody is told of it (``domain.people.TOLD_FOR``). Not here: who may (``dashboard.access.table``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from dashboard.access import passwords
from dashboard.access.accounts import EMERGENCY
from dashboard.access.errors import AccountRefused
from dashboard.access.table import LOCAL
from domain.alarms import Alarm, Step
from domain.calendar import SHANGHAI
from domain.people import BROKEN, Account, Actor, BrokenGlass, Reach, Role, Scope
from domain.timeline import Clock, rfc3339
from domain.viewings import SHOWN, Deed, Viewing
from records.alarm_words import Scene, alarm
from records.losses import News
from storage.database import Database
from storage.errors import GlassIsBroken

LONGEST_HOURS = 4
"""Long enough to make an account that lasts, short enough that nobody works with this one."""

_REASON = re.compile(r"[^\x00-\x1f\x7f]{4,200}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Why the glass is broken, for how many hours, and as what: a role that sees the whole city."""

    reason: str
    hours: int = 1
    role: Role = Role.CITY_ADMINISTRATOR


def break_glass(database: Database, clock: Clock, actor: Actor, wanted: Wanted) -> tuple[Account, str]:
    """The account, and its first password, which is kept nowhere.

    1. The record of viewings gets an entry, signed and sealed; also of an attempt while another account is open.
    2. Account, reason, journal and alarm are written, all or nothing.

    Raises AccountRefused, GlassIsBroken, DatabaseUnavailable, KeyMissing, SealRefused.
    """
    now, reason = clock.now(), wanted.reason.strip()
    _check(wanted, reason)
    name, until = f"{EMERGENCY}{now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}", now + timedelta(hours=wanted.hours)
    standing = [each.account for each in database.broken_glass.told(now) if each.is_open(now)]
    outcome = f"{standing[0]} is open" if standing else SHOWN
    database.viewings.add(Viewing(now, actor, LOCAL, Deed.ENTER, outcome, purpose=f"{name}, {wanted.role}: {reason}"))
    if standing:
        raise GlassIsBroken(f"the glass is broken: {outcome}; close it first: kaojian user disable {standing[0]}")
    account = Account(name, wanted.role, Scope(Reach.CITY), now, must_change=True, expires=until, emergency=True)
    first = passwords.invented()
    broken = BrokenGlass(name, wanted.role, now, until, actor, reason)
    detail = f"{wanted.role}, until {rfc3339(until)}: {reason}"
    database.broken_glass.add(account, passwords.hashed(first), broken, _alarm(broken, now), detail)
    return account, first


def _check(wanted: Wanted, reason: str) -> None:
    if not _REASON.fullmatch(reason):
        raise AccountRefused("say in 4 to 200 characters on one line why nobody can come in; everybody will read it")
    if not 1 <= wanted.hours <= LONGEST_HOURS:
        raise AccountRefused(f"an emergency account lasts 1 to {LONGEST_HOURS} hours, not {wanted.hours}")
    if wanted.role.reach is not Reach.CITY:
        roles = ", ".join(role for role in Role if role.reach is Reach.CITY)
        raise AccountRefused(f"an emergency account sees the whole city: {roles}")


def _alarm(broken: BrokenGlass, now: datetime) -> Alarm:
    subject, role = f"{BROKEN}/{broken.account}", broken.role
    until = f"{broken.until.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    zh = f"{role.zh}，由 {broken.actor.name} 开启，{until} 自动失效；事由：{broken.reason}"
    en = f"a {role.replace('_', ' ')}, by {broken.actor.name}, until {until}; reason: {broken.reason}"
    scene = Scene({}, details={subject: (zh, en)})
    return alarm(News(subject, Step.BEGAN, broken.opened, now), scene, uuid4().hex, now)
