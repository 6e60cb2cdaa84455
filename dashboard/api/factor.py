"""The second factor of who is logged in: set it up, confirm it, take it away. Thin over ``dashboard.access``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from dashboard.access import factors, login, totp
from dashboard.api.access_shapes import BegunFactor, CodeBody, FactorShape, RecoveryCodes, SessionShape
from dashboard.api.backing import Backed
from dashboard.api.guard import NO_STORE, Viewing, keep_token
from dashboard.api.problems import CONFLICTS
from dashboard.api.session import renewed

router = APIRouter(prefix="/factor", tags=["session"], responses=CONFLICTS)


@router.get("")
def factor(response: Response, viewer: Viewing, backed: Backed) -> FactorShape:
    """Whether there is one, and whether the role has to have one."""
    response.headers.update(NO_STORE)
    account = viewer.account
    left = factors.recovery_left(backed.database, account.name) if account.factor else 0
    return FactorShape(confirmed=account.factor, required=account.role in backed.with_factor, recovery_left=left)


@router.post("")
def begin_factor(response: Response, viewer: Viewing, backed: Backed) -> BegunFactor:
    """Give the authenticator its secret. It counts once a code of it is confirmed."""
    response.headers.update(NO_STORE)
    begun = factors.begin(backed.database, backed.sealer, backed.clock, viewer.account.name)
    return BegunFactor(secret=begun.secret, address=begun.address, picture=totp.picture(begun.address))


@router.post("/confirmation")
def confirm_factor(
    request: Request, response: Response, viewer: Viewing, backed: Backed, given: CodeBody
) -> RecoveryCodes:
    """The first code. All sessions of the account end; this browser is given a new one."""
    response.headers.update(NO_STORE)
    code = given.code.get_secret_value()
    codes, token = login.confirm_factor(backed.database, backed.sealer, backed.clock, viewer, code)
    keep_token(request, response, token)
    return RecoveryCodes(codes=codes, session=renewed(backed, token))


@router.post("/removal")
def remove_factor(
    request: Request, response: Response, viewer: Viewing, backed: Backed, given: CodeBody
) -> SessionShape:
    """Take it away, for a last code. All sessions of the account end; this browser is given a new one."""
    response.headers.update(NO_STORE)
    token = login.remove_factor(backed.database, backed.sealer, backed.clock, viewer, given.code.get_secret_value())
    keep_token(request, response, token)
    return renewed(backed, token)
