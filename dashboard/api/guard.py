"""The one door: every route of the application comes through here before anything of it runs.

1. What does the route do? One that the table does not name opens for nobody.
2. A request that changes something must come from a page of ours (CSRF), unless a program sends it with its token.
3. Who asks? Whom the token speaks for, then no cookie is looked at; else the session of the cookie; or nobody.
4. A first password must be changed, and a second factor that the role has to have set up, before anything else.
5. May the role, and the token? 6. Does what the address names lie inside the scope, or in what a permit of theirs
   opens? If not, it is as if it were not there. 7. Was the password given lately, where the table asks for that?
8. Whatever refuses footage or a permit, here or in its route, is written down before the answer goes out.

Not here: lists, which show what is inside only, and single files of footage, which their routes look at one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Path, Query, Request, Response
from starlette.requests import HTTPConnection

from dashboard.access import accounts, login, permits, tokens
from dashboard.access.errors import TicketUnknown
from dashboard.access.login import Viewer
from dashboard.access.sight import Permitted, Sight
from dashboard.access.table import DEEDS, FRESH, ROUTES, WITH_PICTURES, Act
from dashboard.api import witness
from dashboard.api.backing import Backed, Backing
from dashboard.api.problems import (
    CrossSite,
    FactorMustEnrol,
    NotAllowed,
    NotLoggedIn,
    PasswordMustChange,
    ProofNeeded,
    Undeclared,
    UnknownCamera,
)
from dashboard.api.witness import REFUSALS
from domain.viewings import Deed
from records import drawing, receipts
from records.errors import NoSuchDraw, NoSuchReceipt
from storage.errors import (
    UnknownAccount,
    UnknownBatch,
    UnknownDisposal,
    UnknownPermit,
    UnknownSite,
    UnknownToken,
    UnknownWithholding,
)

COOKIE = "kaojian_session"
NO_STORE = {"Cache-Control": "no-store"}
"""For answers that depend on who asks: what lies behind the login must not be found in a browser after it."""

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_JUDGED = frozenset(
    {
        *("batch", "number", "camera", "ticket", "token", "session", "permit", "disposal", "draw", "receipt"),
        *("site", "room", "approval"),  # a room is one of the site or sitting before it, a form one of the site
        *("withholding", "account", "visit", "submission"),
    }
)


def guard(request: Request, backed: Backed) -> Iterator[None]:
    """Let the request in or raise the problem it ends with; leaves viewer and sight with the request."""
    name = request.scope["route"].name
    try:
        _let_in(ROUTES.get(name), request, backed)
        yield
    except REFUSALS as refusal:
        deed = DEEDS.get(name) or getattr(request.state, "deed", None)
        if deed is not None:
            witness.refused(request, backed, deed, refusal)
        raise


def _let_in(act: Act | None, request: Request, backed: Backing) -> None:
    if act is None:
        raise Undeclared("nobody is allowed here yet: dashboard.access.table does not name this route")
    changes, program = request.method not in _SAFE, bearer(request) is not None
    if changes and not program and not _is_ours(request):
        raise CrossSite("the request does not come from a page of this service")
    if act is Act.ANYBODY:
        if changes and program:
            raise NotAllowed("a program with a token does not log in")
        return
    viewer = viewer_of(request, backed)
    if viewer is None:
        raise NotLoggedIn("log in first")
    request.state.viewer = viewer
    if act is not Act.OWN_SESSION:
        is_set_up(viewer, backed)
    request.state.sight = _judge(act, viewer, request.path_params, backed)
    if request.scope["route"].name in FRESH and not viewer.is_fresh(backed.clock.now()):
        raise ProofNeeded("give the password again first, at /api/v1/session/proof")


def viewer_of(request: HTTPConnection, backed: Backing) -> Viewer | None:
    """Whom the request's token speaks for, or who holds its cookie, which is not looked at beside a token."""
    program = bearer(request)
    if program is not None:
        return tokens.resume(backed.database, backed.clock, program)
    token = request.cookies.get(COOKIE)
    return None if token is None else login.resume(backed.database, backed.clock, token)


def bearer(request: HTTPConnection) -> str | None:
    """The token of a program (RFC 6750 2.1). Other schemes are none: a browser may send those by itself."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def keep_token(request: Request, response: Response, token: str) -> None:
    """Give the browser its token: out of reach of scripts and of other sites, gone with the browser."""
    response.set_cookie(COOKIE, token, path="/", httponly=True, samesite="strict", secure=is_secure(request))


def is_secure(request: Request) -> bool:
    """Whether cookies may be Secure. Over plain HTTP, on loopback only, a browser would not give such a one back."""
    return request.url.scheme == "https"


def is_set_up(viewer: Viewer, backed: Backing) -> None:
    """Raises PasswordMustChange, FactorMustEnrol."""
    if viewer.account.must_change:
        raise PasswordMustChange("change the first password first")
    if backed.must_enrol(viewer):
        raise FactorMustEnrol(f"a {viewer.account.role} has to have a second factor; set it up first")


def _judge(act: Act, viewer: Viewer, named: dict[str, Any], backed: Backing) -> Sight:
    """What the viewer sees; what the address names lies inside of it.

    Raises NotAllowed for the role or the token; UnknownBatch, UnknownCamera, UnknownPermit, UnknownDisposal,
    UnknownWithholding, NoSuchDraw, NoSuchReceipt, UnknownAccount, UnknownToken, UnknownSite, TicketUnknown for what
    lies outside; PermitNotOpen, TicketExpired.
    """
    if not viewer.may(act):
        who = f"the role {viewer.account.role}" if viewer.acts is None else "this token"
        raise NotAllowed(f"{who} may not do this")
    if not named.keys() <= _JUDGED:
        raise Undeclared("nobody is allowed here yet: dashboard.api.guard does not know what the address names")
    sight = Sight(viewer.account, backed.database.setup, viewer.may(Act.WATCH_OPEN), decides=viewer.decides)
    if "permit" in named:
        sight = _with_permit(act, sight, named["permit"], backed)
    if "batch" in named and not sight.batch(named["batch"]):
        raise UnknownBatch(f"there is no batch {named['batch']}")
    _places(sight, named)
    if act in {Act.WITHHOLD, Act.SUPERVISE} and named.get("camera") in sight.of_recused():
        raise UnknownCamera(f"there is no camera {named['camera']}")
    _admitted(viewer, named, backed)
    if "receipt" in named and receipts.find(backed.database, named["receipt"]).thing.batch != named.get("batch"):
        raise NoSuchReceipt(f"the batch has no receipt {named['receipt']}")
    for name, judged in {"draw": _drawn, "disposal": _listed, "withholding": _withheld}.items():
        if name in named:
            judged(sight, named[name], backed)
    return _through(act, sight, viewer, named["ticket"], backed) if "ticket" in named else sight


def _places(sight: Sight, named: dict[str, Any]) -> None:
    """Raises UnknownSite, UnknownCamera for one that is not there, or outside."""
    if "site" in named and named["site"] not in {each.id for each in sight.set_up()}:
        raise UnknownSite(f"there is no site {named['site']}")
    if "camera" in named and not sight.camera(named["camera"]):
        raise UnknownCamera(f"there is no camera {named['camera']}")


def _admitted(viewer: Viewer, named: dict[str, Any], backed: Backing) -> None:
    """Raises UnknownToken for a token that is not the viewer's own, UnknownAccount where there is none."""
    if "token" in named:
        own = {each.id for each in backed.database.api_tokens.all(viewer.account.name)}
        if named["token"] not in own:
            raise UnknownToken(f"there is no token {named['token']}")
    if "account" in named and not accounts.exists(backed.database, named["account"]):
        raise UnknownAccount("there is no such account")


def _listed(sight: Sight, number: str, backed: Backing) -> None:
    """Raises UnknownDisposal where there is no such list, or it has a batch that the viewer does not see."""
    unknown = UnknownDisposal(f"there is no disposal list {number}")
    if not _NUMBER.fullmatch(number):
        raise unknown
    found = backed.database.disposals.find(int(number))
    if not all(map(sight.batch, found.batches)):
        raise unknown


def _withheld(sight: Sight, number: str, backed: Backing) -> None:
    """Raises UnknownWithholding where there is none, or it is of a camera that the viewer does not see."""
    unknown = UnknownWithholding(f"there is no withholding {number}")
    if not _NUMBER.fullmatch(number):
        raise unknown
    camera = backed.database.withholdings.find(int(number)).camera
    if not sight.camera(camera) or camera in sight.of_recused():
        raise unknown


def _drawn(sight: Sight, name: str, backed: Backing) -> None:
    """Raises NoSuchDraw where there is none of that name, or it has a batch that the viewer does not see."""
    if not all(map(sight.batch, drawing.standing(backed.database, name).batches)):
        raise NoSuchDraw(f"there is no draw {name}; `kaojian draw show` lists all")


def _through(act: Act, sight: Sight, viewer: Viewer, text: str, backed: Backing) -> Sight:
    """What the viewer sees through a ticket. Raises as ``_judge``."""
    ticket = backed.tickets.open(viewer.session_id, text, backed.clock.now())
    if ticket.permit:
        if act is not Act.WATCH:
            raise NotAllowed("what a permit opens is watched, and never saved")
        sight = _with_permit(Act.WATCH_PERMITTED, sight, ticket.permit, backed)
    segment = backed.database.evidence.segment(ticket.key)
    if segment is None or not sight.footage()(segment):
        raise TicketUnknown("there is no such footage, or the address was made for somebody else")
    return sight


def _with_permit(act: Act, sight: Sight, permit_id: str, backed: Backing) -> Sight:
    """What the viewer sees with a permit that is theirs or, to be decided on, concerns them; what it opens, to watch.

    Raises UnknownPermit, PermitNotOpen.
    """
    found = backed.database.permits.find(permit_id)
    deciding = act is Act.APPROVE
    if found is None or not (permits.decidable(sight, found) if deciding else found.account == sight.account.name):
        raise UnknownPermit(f"there is no permit {permit_id}")
    if act is not Act.WATCH_PERMITTED:
        return sight
    return permits.permitted(backed.database, found, backed.clock.now())


def _is_ours(request: Request) -> bool:
    """Whether a browser, or a program that says so, sends this from a page of the address it sends it to."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""


def _viewing(request: Request) -> Viewer:
    """Raises Undeclared where the table lets anybody in: then nobody was asked who they are."""
    found = getattr(request.state, "viewer", None)
    if not isinstance(found, Viewer):
        raise Undeclared("the route asks who is there, and the table lets anybody in")
    return found


Viewing = Annotated[Viewer, Depends(_viewing)]
"""Who asks, for routes that are not for anybody."""


def _seen(request: Request) -> Sight:
    """Raises Undeclared as ``_viewing``."""
    found = getattr(request.state, "sight", None)
    if not isinstance(found, Sight):
        raise Undeclared("the route asks what somebody sees, and the table lets anybody in")
    return found


Seen = Annotated[Sight, Depends(_seen)]
"""What who asks may see."""


def _pictured(request: Request, viewer: Viewing, *, pictures: Annotated[bool, Query()] = False) -> bool:
    """Raises NotAllowed where pictures are asked for, and the role or the token may not take any away."""
    if not pictures:
        return False
    request.state.deed = Deed.SAVE  # whatever refuses them from here on is written down
    act = WITH_PICTURES.get(request.scope["route"].name)
    if act is None:
        raise Undeclared("the route shows pictures, and the table does not name it among those that do")
    if not viewer.may(act):
        raise NotAllowed("a report with pictures is footage that is taken away, which may not be done")
    return True


Pictured = Annotated[bool, Depends(_pictured)]
"""Whether a report is asked for with pictures of footage, by somebody who may take them away."""


DisposalNumber = Annotated[int, Path(ge=1, lt=10**18)]
PermitId = Annotated[str, Path(max_length=64)]


def _seen_permitted(seen: Seen, permit: PermitId) -> Permitted:
    """Raises Undeclared where the table does not ask for the permit that the address names."""
    if not isinstance(seen, Permitted) or seen.permit.id != permit:
        raise Undeclared("the route shows what a permit opens, and the table does not ask for one")
    return seen


SeenPermitted = Annotated[Permitted, Depends(_seen_permitted)]
"""What who asks may see under the permit that the address names."""
