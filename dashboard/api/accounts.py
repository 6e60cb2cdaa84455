"""Accounts of others, for who administers them. Thin over ``dashboard.access.accounts``.

Not here, and at the host only: taking away a second factor, linking to an identity provider, tokens of programs, and
breaking the glass (docs/decisions/0067).
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response
from starlette.status import HTTP_201_CREATED

from dashboard.access import accounts as access
from dashboard.access import login
from dashboard.access.sight import Sight
from dashboard.api.access_shapes import (
    AccountsShape,
    EndedSessions,
    FirstPassword,
    ListedAccount,
    NewAccountBody,
    ReasonBody,
    RecusalBody,
)
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import NO_STORE, Seen, Viewing
from dashboard.api.problems import CONFLICTS, RESPONSES
from domain.people import Account
from storage.errors import UnknownAccount, UnknownBatch


def _no_store(response: Response) -> None:
    response.headers.update(NO_STORE)


router = APIRouter(prefix="/accounts", tags=["accounts"], responses=RESPONSES, dependencies=[Depends(_no_store)])


@router.get("")
def accounts(backed: Backed, seen: Seen) -> AccountsShape:
    """All accounts, the closed ones too. No password and nothing of one is among what is told; of a batch that the
    viewer is recused from, nothing."""
    sites = backed.database.setup.sites()
    return AccountsShape(
        accounts=tuple(_shape(each, backed, seen) for each in backed.database.accounts.all()),
        counties=tuple(sorted({site.county for site in sites})),
        sites=tuple(sorted(site.id for site in sites)),
        batches=tuple(sorted(batch.id for batch in backed.database.setup.batches() if seen.batch(batch.id))),
    )


@router.post("", status_code=HTTP_201_CREATED, responses=CONFLICTS)
def add_account(viewer: Viewing, backed: Backed, seen: Seen, given: NewAccountBody) -> FirstPassword:
    """Make an account. Its first password stands in the answer, once, and must be changed at the first login."""
    if hidden := seen.account.recused & set(given.sees):
        raise UnknownBatch(f"there is no batch {min(hidden)}")
    wanted = access.Wanted(given.name, given.role, given.sees, given.expires)
    first = access.add(backed.database, wanted, viewer.actor, backed.clock)
    return FirstPassword(account=_listed(given.name, backed, seen), first_password=first)


@router.post("/{account}/disable")
def disable_account(account: str, viewer: Viewing, backed: Backed, seen: Seen) -> ListedAccount:
    """Close an account for good; whoever uses it, its programs too, is out at once."""
    access.disable(backed.database, account, viewer.actor, backed.clock)
    return _listed(account, backed, seen)


@router.post("/{account}/password")
def reset_account(account: str, viewer: Viewing, backed: Backed, seen: Seen) -> FirstPassword:
    """Another first password for somebody who lost theirs; whoever uses the account is out. A second factor stays."""
    first = access.reset(backed.database, account, viewer.actor, backed.clock)
    return FirstPassword(account=_listed(account, backed, seen), first_password=first)


@router.post("/{account}/recusals")
def recuse_account(account: str, viewer: Viewing, backed: Backed, seen: Seen, given: RecusalBody) -> ListedAccount:
    """Keep an account from all of a batch 回避, or let it see the batch again, at once."""
    if not seen.batch(given.batch):
        raise UnknownBatch(f"there is no batch {given.batch}")
    act = access.recuse if given.recused else access.lift_recusal
    act(backed.database, account, given.batch, reason=given.reason, actor=viewer.actor, clock=backed.clock)
    return _listed(account, backed, seen)


@router.post("/{account}/log-out")
def log_out_account(account: str, viewer: Viewing, backed: Backed, given: ReasonBody) -> EndedSessions:
    """End all sessions of an account. Tokens of programs stay."""
    ended = access.log_out(backed.database, account, reason=given.reason, actor=viewer.actor, clock=backed.clock)
    return EndedSessions(ended=ended)


def _listed(name: str, backed: Backing, seen: Sight) -> ListedAccount:
    found = backed.database.accounts.find(name)
    if found is None:
        raise UnknownAccount(f"there is no account {name}")
    return _shape(found[0], backed, seen)


def _shape(account: Account, backed: Backing, seen: Sight) -> ListedAccount:
    hidden = seen.account.recused
    return ListedAccount(
        name=account.name,
        role=account.role,
        sees=tuple(sorted(account.scope.names - hidden)),
        recused=tuple(sorted(account.recused - hidden)),
        created=account.created,
        expires=account.expires,
        disabled=account.disabled,
        open=account.is_open(backed.clock.now()),
        must_change=account.must_change,
        factor=account.factor,
        linked=account.linked,
        password=account.password,
        emergency=account.emergency,
        sessions=len(login.sessions(backed.database, backed.clock, account)),
    )
