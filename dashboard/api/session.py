"""Logging in and out, and changing one's own password. Thin over ``dashboard.access.login``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.status import HTTP_204_NO_CONTENT

from dashboard.access import login
from dashboard.access.table import acts_of
from dashboard.api.backing import Backed
from dashboard.api.guard import COOKIE, Viewing, keep_token, viewer_of
from dashboard.api.problems import RESPONSES
from dashboard.api.shapes import AccountShape, LoginBody, PasswordBody, SessionShape
from domain.people import Account

router = APIRouter(prefix="/session", tags=["session"], responses=RESPONSES)

# An answer that depends on the cookie; what lies behind the login must not be found in a browser after it.
_HEADERS = {"Cache-Control": "no-store"}


@router.get("")
def session(request: Request, response: Response, backed: Backed) -> SessionShape:
    """Who is logged in here; null for nobody."""
    response.headers.update(_HEADERS)
    viewer = viewer_of(request, backed)
    return SessionShape(account=None if viewer is None else _shape(viewer.account))


@router.post("")
def log_in(request: Request, response: Response, backed: Backed, given: LoginBody) -> SessionShape:
    """Begin a session. One that was held before ends; its token, or one that somebody planted, is never taken on."""
    account, token = login.log_in(backed.database, backed.clock, given.name, given.password.get_secret_value())
    before = viewer_of(request, backed)
    if before is not None:
        login.log_out(backed.database, backed.clock, before)
    response.headers.update(_HEADERS)
    keep_token(request, response, token)
    return SessionShape(account=_shape(account))


@router.delete("", status_code=HTTP_204_NO_CONTENT)
def log_out(viewer: Viewing, backed: Backed) -> Response:
    """End the session."""
    login.log_out(backed.database, backed.clock, viewer)
    response = Response(status_code=HTTP_204_NO_CONTENT, headers={**_HEADERS, "Clear-Site-Data": '"cache"'})
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@router.post("/password")
def change_password(
    request: Request, response: Response, viewer: Viewing, backed: Backed, given: PasswordBody
) -> SessionShape:
    """Change one's own password. All sessions of the account end; this browser is given a new one."""
    old, new = given.old.get_secret_value(), given.new.get_secret_value()
    token = login.change_password(backed.database, backed.clock, viewer, old, new)
    response.headers.update(_HEADERS)
    keep_token(request, response, token)
    again = login.resume(backed.database, backed.clock, token)
    return SessionShape(account=None if again is None else _shape(again.account))


def _shape(account: Account) -> AccountShape:
    return AccountShape(
        name=account.name,
        role=account.role,
        sees=tuple(sorted(account.scope.names)),
        may=acts_of(account.role),
        expires=account.expires,
        must_change=account.must_change,
    )
