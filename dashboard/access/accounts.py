"""The acts on accounts: add, close, give another first password, link to an identity provider, end sessions, recuse.
Each goes into the journal with its actor.

Not here: coming in with one (``dashboard.access.login``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.access import passwords
from dashboard.access.errors import AccountRefused
from dashboard.access.login import actor_of
from dashboard.access.table import Act, may
from domain.people import Account, Actor, Reach, Role, Scope
from domain.timeline import Clock, rfc3339
from storage.database import Database
from storage.database.identities import Identity

EMERGENCY = "emergency-"
"""What the names of accounts begin with that were made by breaking the glass, and no others."""

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account to be made. ``sees``: the county, the site or the batches that the role's reach asks for.

    Not ``must_change``: where the account will be gone before its password could have been passed on.
    """

    name: str
    role: Role
    sees: Sequence[str] = ()
    expires: datetime | None = None
    must_change: bool = True


def add(database: Database, wanted: Wanted, actor: Actor, clock: Clock) -> str:
    """Add an account and return its first password, which is kept nowhere and must be changed at first use.

    For a role that nobody logs in as there is none: the text is empty. Raises AccountRefused, NameTaken.
    """
    now, expires = clock.now(), wanted.expires
    if not _NAME.fullmatch(wanted.name):
        raise AccountRefused(
            f"{wanted.name!r} is no name for an account: 2 to 40 of a-z 0-9 . _ -, beginning with a letter"
        )
    if expires is not None and expires <= now:
        raise AccountRefused(f"the account would have ended at {rfc3339(expires)}, before it began")
    if wanted.name.startswith(EMERGENCY):
        raise AccountRefused(f"names that begin with {EMERGENCY} are those of `kaojian user break-glass`")
    if wanted.role.reach is Reach.BATCHES and expires is None:
        raise AccountRefused(f"role {wanted.role} sees named batches for a limited time: say until when")
    scope = _scope(database, wanted.role, frozenset(wanted.sees))
    logs_in = may(wanted.role, Act.OWN_SESSION)
    first = passwords.invented() if logs_in else ""
    account = Account(wanted.name, wanted.role, scope, now, logs_in and wanted.must_change, expires)
    database.accounts.add(account, passwords.hashed(first) if logs_in else "")
    database.journal.record(now, actor, "add_account", wanted.name, " ".join([wanted.role, *sorted(scope.names)]))
    return first


def exists(database: Database, name: str) -> bool:
    """Whether there is an account of that name, open or closed; any text may be asked for."""
    return _NAME.fullmatch(name) is not None and database.accounts.find(name) is not None


def disable(database: Database, name: str, actor: Actor, clock: Clock) -> None:
    """Close an account for good; whoever uses it is out at once. Raises AccountRefused, UnknownAccount."""
    _refuse_oneself(name, actor)
    now = clock.now()
    database.accounts.disable(name, now)
    database.journal.record(now, actor, "disable_account", name)


def reset(database: Database, name: str, actor: Actor, clock: Clock) -> str:
    """Another first password for somebody who lost theirs; whoever uses the account, its programs too, is out.

    A second factor stays. Raises AccountRefused where nobody logs in with it, UnknownAccount.
    """
    _refuse_oneself(name, actor)
    found = database.accounts.find(name)
    if found is not None and not may(found[0].role, Act.OWN_SESSION):
        raise AccountRefused(f"{name} is a {found[0].role} and has no password; see `kaojian token add`")
    first, now = passwords.invented(), clock.now()
    database.api_tokens.revoke_all(name, now)
    database.accounts.set_password(name, passwords.hashed(first), now, must_change=True)
    database.journal.record(now, actor, "reset_password", name)
    return first


def log_out(database: Database, name: str | None, *, reason: str, actor: Actor, clock: Clock) -> int:
    """End all sessions of an account, or of everybody where none is named. How many. Raises UnknownAccount."""
    now = clock.now()
    count = database.accounts.end_sessions(name, now)
    database.journal.record(now, actor, "end_sessions", name or "everybody", reason)
    return count


def link(
    database: Database, name: str, issuer: str, subject: str, *, keep_password: bool, actor: Actor, clock: Clock
) -> None:
    """Let an identity provider vouch for the holder of an account; alone, where the password is not kept.

    Raises AccountRefused, IdentityTaken, UnknownAccount.
    """
    if not 0 < len(subject) <= 255 or not subject.isprintable():
        raise AccountRefused(f"{subject!r} is no subject: copy what the page shows after a login by the provider")
    now = clock.now()
    database.identities.link(Identity(name, issuer, subject, now), keep_password=keep_password)
    kept = "" if keep_password else ", without a password"
    database.journal.record(now, actor, "link_account", name, f"{subject} of {issuer}{kept}")


def unlink(database: Database, name: str, actor: Actor, clock: Clock) -> None:
    """Let nobody in to an account by an identity provider; whoever uses it, its programs too, is out.

    A password, and a second factor, stay. Raises AccountRefused where there is no such link.
    """
    now = clock.now()
    if not database.identities.end(name, now):
        raise AccountRefused(f"no account {name} is linked to an identity provider; `kaojian user list` shows all")
    database.api_tokens.revoke_all(name, now)
    database.journal.record(now, actor, "unlink_account", name)


def recuse(database: Database, name: str, batch: str, *, reason: str, actor: Actor, clock: Clock) -> None:
    """Keep an account from all of a batch, at once (回避). Raises AccountRefused, UnknownAccount."""
    _refuse_oneself(name, actor)
    if database.setup.batch(batch) is None:
        raise AccountRefused(f"there is no batch {batch}")
    now = clock.now()
    database.accounts.recuse(name, batch, now, recused=True)
    database.journal.record(now, actor, "recuse", name, f"{batch}: {reason}")


def lift_recusal(database: Database, name: str, batch: str, *, reason: str, actor: Actor, clock: Clock) -> None:
    """Let an account see a batch again. Raises AccountRefused where it is not recused from it, UnknownAccount."""
    _refuse_oneself(name, actor)
    found = database.accounts.find(name)
    if found is not None and batch not in found[0].recused:
        raise AccountRefused(f"{name} is not recused from batch {batch}")
    now = clock.now()
    database.accounts.recuse(name, batch, now, recused=False)
    database.journal.record(now, actor, "lift_recusal", name, f"{batch}: {reason}")


def _refuse_oneself(name: str, actor: Actor) -> None:
    """Nobody closes, resets or recuses their own account, so that somebody is left. Raises AccountRefused."""
    if actor.name == actor_of(name).name:
        raise AccountRefused("this is your own account: ask another administrator, or whoever works at the host")


def _scope(database: Database, role: Role, wanted: frozenset[str]) -> Scope:
    """What the names mean for the role. Raises AccountRefused for too many, too few, or one that is not there."""
    match role.reach:
        case Reach.CITY:
            if wanted:
                raise AccountRefused(f"a {role} sees the whole city; name no county, site or batch")
            return Scope(Reach.CITY)
        case Reach.COUNTY:
            kind, known = "county", {site.county for site in database.setup.sites()}
        case Reach.SITE:
            kind, known = "site", {site.id for site in database.setup.sites()}
        case Reach.BATCHES:
            kind, known = "batch", {batch.id for batch in database.setup.batches()}
    if not wanted or (len(wanted) > 1 and role.reach is not Reach.BATCHES):
        raise AccountRefused(f"a {role} needs {'at least one' if role.reach is Reach.BATCHES else 'one'} {kind}")
    if missing := sorted(wanted - known):
        there = ", ".join(sorted(known)) or "none yet; apply a set-up first"
        raise AccountRefused(f"there is no {kind} {', '.join(missing)}; there is: {there}")
    return Scope(role.reach, wanted)
