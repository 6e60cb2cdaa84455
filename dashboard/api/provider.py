"""Login by an identity provider: away to it and back. Thin over ``dashboard.access.vouching``.

The way back comes from another site, so the session's cookie (SameSite=Strict) is not with it, and one of its own
is: what was asked, sealed, for the time of the login (SameSite=Lax). Whatever comes of it, the browser goes on to a
page of ours, by a path that was checked when the login was begun; the page then asks, from our own site, who it is.
Why nobody was let in waits in a cookie too: an address could be made up by anybody.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.status import HTTP_303_SEE_OTHER

from dashboard.access import vouching
from dashboard.access.errors import NotLinked, ProviderDeclined, ProviderRefusal
from dashboard.access.provider import Answer, Provider
from dashboard.api.access_shapes import AwayShape, BackBody, CallbackQuery, ProviderShape
from dashboard.api.backing import Backed, Backing
from dashboard.api.guard import NO_STORE, Viewing, is_secure, keep_token, viewer_of
from dashboard.api.problems import RESPONSES, TABLE, NoProvider, OtherAddress

COOKIE = "kaojian_provider"
_REFUSAL = "provider-refusal"
_TOLD_WITHIN_S = 300
_log = structlog.get_logger()

router = APIRouter(prefix="/provider", tags=["session"], responses=RESPONSES)


@router.get("")
def provider(request: Request, response: Response, backed: Backed) -> ProviderShape:
    """Which identity provider vouches for people here, and why the last login by it let nobody in, told once."""
    response.headers.update(NO_STORE)
    if backed.provider is None:
        return ProviderShape(name=None)
    told = vouching.unsealed(backed.sealer, _REFUSAL, request.cookies.get(_cookie(request), ""))
    refused, subject = told or (None, None)
    if told is not None:
        _forget(request, response)
    name, leave = backed.provider.settings.name, backed.provider.leaving()
    return ProviderShape(name=name, leave=leave, refused=refused, subject=subject)


@router.post("/login")
def begin_login(request: Request, response: Response, backed: Backed, given: BackBody) -> AwayShape:
    """Begin a login by the identity provider: where the browser goes next."""
    viewer = viewer_of(request, backed)
    held = None if viewer is None else viewer.session_id
    return _away(request, response, backed, given.back, held, afresh=False)


@router.post("/proof")
def begin_proof(request: Request, response: Response, viewer: Viewing, backed: Backed, given: BackBody) -> AwayShape:
    """Have the identity provider ask again who sits here, in the place of a password given again."""
    return _away(request, response, backed, given.back, viewer.session_id, afresh=True)


@router.get(
    "/callback",
    status_code=HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    responses={HTTP_303_SEE_OTHER: {"description": "On to a page of ours, let in or not"}},
)
def finish_login(request: Request, backed: Backed, given: Annotated[CallbackQuery, Query()]) -> RedirectResponse:
    """Back from the identity provider: let somebody in, or not, and go on to the page they came from."""
    vouches, back, token = _provider(backed), "/", None
    try:
        taken_along = request.cookies.get(_cookie(request), "")
        begun = vouching.begun(backed.sealer, taken_along, given.state, backed.clock.now())
        back = begun.back
        if given.code is None or given.error is not None:
            raise ProviderDeclined("the identity provider, or the person there, broke the login off")
        token = vouching.finish(backed.database, vouches, backed.clock, begun, Answer(given.code, given.iss))
    except ProviderRefusal as refusal:
        response = RedirectResponse(back, HTTP_303_SEE_OTHER, NO_STORE)
        _tell(request, response, backed, refusal)
        return response
    response = RedirectResponse(back, HTTP_303_SEE_OTHER, NO_STORE)
    _forget(request, response)
    if token is not None:
        keep_token(request, response, token)
    return response


def _away(
    request: Request, response: Response, backed: Backing, back: str, held: str | None, *, afresh: bool
) -> AwayShape:
    vouches = _provider(backed)
    if request.headers.get("host", "").lower() != urlsplit(vouches.settings.address).netloc.lower():
        # The provider would send them back to another name of ours, where the browser has nothing of this login.
        raise OtherAddress(f"open the pages at {vouches.settings.address} to log in by the identity provider")
    now = backed.clock.now()
    address, taken_along = vouching.begin(vouches, backed.sealer, now, back, held, afresh=afresh)
    response.headers.update(NO_STORE)
    _keep(request, response, taken_along, int(vouching.LASTS.total_seconds()))
    return AwayShape(address=address)


def _provider(backed: Backing) -> Provider:
    if backed.provider is None:
        raise NoProvider("no identity provider is set up here; log in with a password")
    return backed.provider


def _tell(request: Request, response: Response, backed: Backing, refusal: ProviderRefusal) -> None:
    name, subject = TABLE[type(refusal)][1], refusal.subject if isinstance(refusal, NotLinked) else None
    _log.warning("provider_login_refused", problem=name, why=str(refusal))
    told = vouching.sealed(backed.sealer, _REFUSAL, [f"urn:kaojian:problem:{name}", subject])
    _keep(request, response, told, _TOLD_WITHIN_S)


def _cookie(request: Request) -> str:
    """Over TLS a name that only this host, and only over TLS, can set (RFC 6265bis 4.1.3)."""
    return f"__Host-{COOKIE}" if is_secure(request) else COOKIE


def _keep(request: Request, response: Response, value: str, age_s: int) -> None:
    response.set_cookie(
        _cookie(request), value, max_age=age_s, path="/", httponly=True, samesite="lax", secure=is_secure(request)
    )


def _forget(request: Request, response: Response) -> None:
    response.delete_cookie(_cookie(request), path="/", httponly=True, samesite="lax", secure=is_secure(request))
