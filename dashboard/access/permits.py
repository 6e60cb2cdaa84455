"""Permits 调阅审批单: what may be asked for and decided, and by whom, as what is to be kept of it.

Asking never looks whether a batch is there, so that no answer tells it: what nobody knows waits like the rest, until
somebody who sees the whole city declines it or it lapses. Not here: writing it down, which comes first
(``dashboard.api.permits``).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard.access.errors import PermitNotOpen, PermitRefused
from dashboard.access.login import actor_of
from dashboard.access.sight import Permitted, Sight
from dashboard.access.table import MAY, Act
from domain.calendar import local_day
from domain.people import Account, Reach
from domain.permits import LASTS, WAITS, Decided, Decision, Permit, PermitState, state_of
from domain.timeline import Interval, rfc3339
from domain.viewings import Deed
from storage.database import Database

SHORTEST, LONGEST = 5, 200
"""Characters of a purpose or a reason: fewer say nothing."""

MOST_WAITING = 20
"""How many permits of one person may wait at once: nobody can bury those of others."""

_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A permit to be asked for; without a ``camera``, for all of the batch."""

    batch: str
    camera: str
    span: Interval
    purpose: str
    until: datetime


def asked(sight: Sight, before: Iterable[Permit], wanted: Wanted, now: datetime) -> Permit:
    """The permit that somebody asks for who asked for those ``before``. Raises PermitRefused."""
    account, batch, camera = sight.account, _plain(wanted.batch, "batch"), _plain(wanted.camera, "camera")
    if not now < wanted.until <= now + WAITS:
        raise PermitRefused(f"say until when it is wanted, within {WAITS.days} days from now")
    if sight.batch(batch):
        raise PermitRefused(f"batch {batch} lies inside your own scope; no permit is needed")
    if sum(not each.decisions and now < each.wanted_until for each in before) >= MOST_WAITING:
        raise PermitRefused(f"{MOST_WAITING} of yours wait already; withdraw what is not needed any more")
    return Permit(
        id=f"{local_day(now):%Y%m%d}-{secrets.token_hex(4)}",
        account=account.name,
        role=account.role,
        batch=batch,
        camera=camera,
        span=wanted.span,
        purpose=_words(wanted.purpose),
        asked=now,
        wanted_until=wanted.until,
    )


def approved(
    permit: Permit, asker: Account, approver: Sight, *, until: datetime, reason: str, now: datetime
) -> Decision:
    """The approval of a permit by a second person until an instant. Raises PermitRefused."""
    _is_second(permit, approver.account)
    if state_of(permit, asker, None, now) is not PermitState.WAITING:
        raise PermitRefused("it was decided or withdrawn before, or is not wanted any more")
    latest = min(now + LASTS, permit.wanted_until)
    if not now < until <= latest:
        raise PermitRefused(f"an approval ends by {rfc3339(latest)}: within {LASTS.days} days, and as long as wanted")
    if not approver.batch(permit.batch):
        raise PermitRefused(f"there is no batch {permit.batch}")
    if not asker.is_open(now) or asker.role is not permit.role or permit.batch in asker.recused:
        raise PermitRefused("who asked is not who they were: their account is closed, recused or of another role")
    account = approver.account
    return Decision(Decided.APPROVED, now, account.name, account.role, _words(reason, least=0), until)


def decided(permit: Permit, what: Decided, account: Account, reason: str, now: datetime) -> Decision:
    """That a permit is declined, or the end of an approval, with a reason. Raises PermitRefused."""
    _is_second(permit, account)
    if not permit.takes(what):
        raise PermitRefused("as it stands there is nothing of that kind to decide")
    return Decision(what, now, account.name, account.role, _words(reason), None)


def withdrawn(permit: Permit, account: Account, now: datetime) -> Decision:
    """That who asked does not want it any more. Raises PermitRefused."""
    if not permit.takes(Decided.WITHDRAWN):
        raise PermitRefused("it was declined, ended or withdrawn before")
    return Decision(Decided.WITHDRAWN, now, account.name, account.role, "")


def decidable(sight: Sight, permit: Permit) -> bool:
    """Whether a permit concerns who may decide: its batch lies inside, or is nowhere while all lies inside."""
    if permit.batch in sight.account.recused:
        return False
    everywhere = sight.account.scope.reach is Reach.CITY and sight.setup.batch(permit.batch) is None
    return everywhere or sight.batch(permit.batch)


@dataclass(frozen=True, slots=True)
class Register:
    """What says how permits stand: the accounts as they are now, and which approvals the record of viewings has."""

    accounts: Mapping[str, Account]
    recorded: frozenset[tuple[str, str]]

    def approver(self, permit: Permit) -> Account | None:
        """Who approved a permit; None where nobody did whose role may, or where the record does not say so."""
        found = None if permit.approval is None else self.accounts.get(permit.approval.account)
        if found is None or found.emergency or found.role not in MAY[Act.APPROVE]:
            return None
        return found if (permit.id, actor_of(found.name).name) in self.recorded else None

    def state(self, permit: Permit, now: datetime) -> PermitState:
        """How a permit stands."""
        return state_of(permit, self.accounts[permit.account], self.approver(permit), now)


def register(database: Database, permits: Iterable[Permit]) -> Register:
    """What says how these permits stand."""
    accounts = {each.name: each for each in database.accounts.all()}
    return Register(accounts, database.viewings.done_with(Deed.APPROVE, (each.id for each in permits)))


def permitted(database: Database, permit: Permit, now: datetime) -> Permitted:
    """What the one who asked sees under a permit. Raises PermitNotOpen where that is nothing."""
    known = register(database, [permit])
    state, approver = known.state(permit, now), known.approver(permit)
    if approver is None or state is not PermitState.APPROVED:
        raise PermitNotOpen(f"permit {permit.id} lets nothing be watched now: it is {state}")
    return Permitted(known.accounts[permit.account], database.setup, False, permit, approver, now)


def _is_second(permit: Permit, account: Account) -> None:
    """Who made an emergency account is whoever works at the command line, and that is never the second person."""
    if account.name == permit.account:
        raise PermitRefused("somebody else decides on what you asked for")
    if account.emergency:
        raise PermitRefused("an emergency account is made at the command line; it decides on no permit")


def _words(text: str, least: int = SHORTEST) -> str:
    plain = _plain(text.strip(), "purpose or reason")
    if not least <= len(plain) <= LONGEST:
        raise PermitRefused(f"say why, in {SHORTEST} to {LONGEST} characters")
    return plain


def _plain(text: str, what: str) -> str:
    if not _ONE_LINE.fullmatch(text):
        raise PermitRefused(f"a {what} is one line of text")
    return text
