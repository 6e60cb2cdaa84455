"""Tokens of programs, of who is logged in. Thin over ``dashboard.access.tokens``."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.status import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from dashboard.access import tokens as access
from dashboard.access.table import Act
from dashboard.api.access_shapes import MadeToken, TokenBody, TokenShape
from dashboard.api.backing import Backed
from dashboard.api.guard import NO_STORE, Viewing
from dashboard.api.problems import RESPONSES
from storage.database.api_tokens import ApiToken

router = APIRouter(prefix="/tokens", tags=["tokens"], responses=RESPONSES)


@router.get("")
def tokens(response: Response, viewer: Viewing, backed: Backed) -> tuple[TokenShape, ...]:
    """One's own tokens, the revoked ones too."""
    response.headers.update(NO_STORE)
    return tuple(_shape(each) for each in backed.database.api_tokens.all(viewer.account.name))


@router.post("", status_code=HTTP_201_CREATED)
def add_token(response: Response, viewer: Viewing, backed: Backed, given: TokenBody) -> MadeToken:
    """Make a token. It may at most what the role may, sees what the account sees, and ends with the account."""
    response.headers.update(NO_STORE)
    wanted = access.Wanted(given.label, frozenset(given.acts), given.days)
    token, secret = access.add(backed.database, viewer.account, wanted, viewer.actor, backed.clock)
    return MadeToken(secret=secret, token=_shape(token))


@router.delete("/{token}", status_code=HTTP_204_NO_CONTENT)
def revoke_token(token: str, viewer: Viewing, backed: Backed) -> Response:
    """Let a token open nothing any more, at once."""
    access.revoke(backed.database, backed.clock, viewer.actor, token, viewer.account.name)
    return Response(status_code=HTTP_204_NO_CONTENT, headers=NO_STORE)


def _shape(token: ApiToken) -> TokenShape:
    return TokenShape(
        id=token.id,
        label=token.label,
        acts=tuple(map(Act, token.acts)),
        created=token.created,
        expires=token.expires,
        revoked=token.revoked,
        used=token.used,
    )
