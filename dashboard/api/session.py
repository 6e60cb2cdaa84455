"""Logging in and out, one's own password and sessions. Thin over ``dashboard.access.login``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.status import HTTP_204_NO_CONTENT

from dashboard.access import login
from dashboard.access.login import Viewer
from dashboard.access.table import SAYS_WHY, Act, acts_of
from dashboard.api.access_shapes import (
    AccountShape,
    CodeBody,
    LoginBody,
    OpenSession,
    PasswordBody,
    ProofBody,
    SessionShape,
)
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import COOKIE, NO_STORE, Viewing, keep_token, viewer_of
from dashboard.api.problems import RESPONSES
from dashboard.api.status import broken_glass
from domain.people import Account
from storage.database.accounts import HalfLogin

router = APIRouter(prefix="/session", tags=["session"], responses=RESPONSES)


@router.get("")
def session(request: Request, response: Response, backed: Backed) -> SessionShape:
    """Who is logged in here; null for nobody."""
    response.headers.update(NO_STORE)
    viewer = viewer_of(request, backed)
    if viewer is not None:
        return _told(viewer, backed)
    return SessionShape(account=None, second_step=_half(request, backed) is not None)


@router.post("")
def log_in(request: Request, response: Response, backed: Backed, given: LoginBody) -> SessionShape:
    """Begin a session, or where the account has a second factor, be asked for a code of it next (``second_step``).

    A session that was held before ends; its token, or one that somebody planted, is never taken on.
    """
    account, token = login.log_in(backed.database, backed.clock, given.name, given.password.get_secret_value())
    _leave(request, backed)
    response.headers.update(NO_STORE)
    keep_token(request, response, token)
    return SessionShape(account=None, second_step=True) if account.factor else renewed(backed, token)


@router.post("/second")
def second_step(request: Request, response: Response, backed: Backed, given: CodeBody) -> SessionShape:
    """Begin the session, for the code of the second factor or a recovery code; again with a token of its own."""
    code, held = given.code.get_secret_value(), request.cookies.get(COOKIE, "")
    _, token = login.second_step(backed.database, backed.sealer, backed.clock, held, code)
    response.headers.update(NO_STORE)
    keep_token(request, response, token)
    return renewed(backed, token)


@router.post("/proof")
def prove(request: Request, response: Response, viewer: Viewing, backed: Backed, given: ProofBody) -> SessionShape:
    """Give the password again, for what is not done from a page that was left open; for another session's token."""
    token = login.prove(backed.database, backed.clock, viewer, given.password.get_secret_value())
    response.headers.update(NO_STORE)
    keep_token(request, response, token)
    return renewed(backed, token)


@router.get("/all")
def sessions(response: Response, viewer: Viewing, backed: Backed) -> tuple[OpenSession, ...]:
    """Where else one is logged in, the last used first."""
    response.headers.update(NO_STORE)
    held = login.sessions(backed.database, backed.clock, viewer.account)
    return tuple(
        OpenSession(id=each.id, began=each.began, seen=each.seen, current=each.id == viewer.session_id)
        for each in held
    )


@router.delete("/all/{session}", status_code=HTTP_204_NO_CONTENT)
def end_session(session: str, viewer: Viewing, backed: Backed) -> Response:
    """End a session of one's own, from wherever one is."""
    login.end_session(backed.database, backed.clock, viewer, session)
    return Response(status_code=HTTP_204_NO_CONTENT, headers=NO_STORE)


@router.delete("", status_code=HTTP_204_NO_CONTENT)
def log_out(viewer: Viewing, backed: Backed) -> Response:
    """End the session."""
    login.log_out(backed.database, backed.clock, viewer)
    response = Response(status_code=HTTP_204_NO_CONTENT, headers={**NO_STORE, "Clear-Site-Data": '"cache"'})
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@router.post("/password")
def change_password(
    request: Request, response: Response, viewer: Viewing, backed: Backed, given: PasswordBody
) -> SessionShape:
    """Change one's own password. All sessions of the account end; this browser is given a new one."""
    old, new = given.old.get_secret_value(), given.new.get_secret_value()
    token = login.change_password(backed.database, backed.clock, viewer, old, new)
    response.headers.update(NO_STORE)
    keep_token(request, response, token)
    return renewed(backed, token)


def renewed(backed: Backing, token: str) -> SessionShape:
    """What to tell of a session that has just begun."""
    viewer = login.resume(backed.database, backed.clock, token)
    return SessionShape(account=None) if viewer is None else _told(viewer, backed)


def _half(request: Request, backed: Backing) -> HalfLogin | None:
    token = request.cookies.get(COOKIE)
    return None if token is None else login.half(backed.database, backed.clock, token)


def _leave(request: Request, backed: Backing) -> None:
    """End what the browser held before."""
    before, half = viewer_of(request, backed), _half(request, backed)
    if before is not None:
        login.log_out(backed.database, backed.clock, before)
    if half is not None:
        backed.database.accounts.end_half(half.id, backed.clock.now())


def _told(viewer: Viewer, backed: Backing) -> SessionShape:
    may = tuple(act for act in acts_of(viewer.account.role) if viewer.may(act))
    account = _shape(viewer.account, may, must_enrol=backed.must_enrol(viewer))
    return SessionShape(account=account, broken_glass=broken_glass(backed))


def _shape(account: Account, may: tuple[Act, ...], *, must_enrol: bool) -> AccountShape:
    return AccountShape(
        name=account.name,
        role=account.role,
        sees=tuple(sorted(account.scope.names)),
        may=may,
        expires=account.expires,
        must_change=account.must_change,
        factor=account.factor,
        must_enrol=must_enrol,
        says_why=account.role in SAYS_WHY,
        linked=account.linked,
        password=account.password,
    )
