"""The door of live pictures: who is let in to watch a camera, who stays in, and what is written down of both.

To be let in:

1. The request comes from a page of ours: browsers show the session's cookie to WebSockets of any page, and to any
   port of this host (RFC 6455 10.2), so the page's whole origin counts. A program with a token comes from no page.
2. Somebody is logged in, with a password of their own and the second factor that their role has to have.
3. The table lets the role, and the token too, watch sittings that are not closed.
4. The camera is one of a sitting that is open or about to be, inside the scope, and nobody is recused from it; what
   it films is not withheld 误摄扣留, but for those who decide on that.
5. The ticket was issued to that session, for that camera, a short while ago.
6. It is written down, before anything is shown; refusals from the second step on are, too.

All but the first and the ticket is asked again every RECHECK_S of everybody who watches, of many at once from one
reading of the set-up. It counts as no use of their session. Not here: connections (``app``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from dashboard.access import login, tokens
from dashboard.access.login import Viewer
from dashboard.access.table import LIVE
from dashboard.access.tickets import LiveTickets
from dashboard.access.wall import OnTheWall, on_the_wall
from dashboard.api import witness
from dashboard.api.backing import Backing
from dashboard.api.guard import bearer, is_set_up, viewer_of
from dashboard.api.problems import (
    CrossSite,
    FactorMustEnrol,
    NotAllowed,
    NotLoggedIn,
    PasswordMustChange,
    UnknownCamera,
    UnknownShowing,
)
from dashboard.api.witness import REFUSALS, Witness, refuse_withheld, withheld_now
from domain.places import Site, Sitting
from domain.timeline import Interval
from domain.viewings import Deed

RECHECK_S: Final = 3.0
ACT: Final = LIVE["live"]


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody who may watch a camera now. ``still`` says who they are as long as their session stands.

    ``shows`` says that they are sent pictures, which is written down; without, they are told of pictures only.
    """

    viewer: Viewer
    shown: OnTheWall
    at: datetime
    witness: Witness
    still: Callable[[], Viewer | None]
    shows: bool = True

    @property
    def camera(self) -> str:
        return self.shown.camera.id


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the pages that may watch come from: this host on ``port``, or ``address`` as browsers reach them."""

    port: int
    address: str = ""

    def are(self, origin: str | None, host: str) -> bool:
        """Whether an origin (RFC 6454) is theirs, asked at a ``host``, as the header of that name says."""
        if not origin:
            return False
        if self.address and origin.lower() == self.address.lower():
            return True
        try:
            said, asked = urlsplit(origin), urlsplit(f"//{host}")
            default = {"http": 80, "https": 443}.get(said.scheme)
            return (
                default is not None
                and said.hostname == asked.hostname is not None
                and ((said.port or default) == self.port)
            )
        except ValueError:
            return False


class Door:
    """Asks. All methods read the database: from threads, never from the loop."""

    def __init__(self, backed: Backing, tickets: LiveTickets, pages: Pages) -> None:
        self._backed = backed
        self._tickets = tickets
        self.pages = pages

    def admit(self, asked: HTTPConnection, camera: str, ticket: str, *, shows: bool = True) -> Admission:
        """Let somebody in, and write it down where they are shown pictures.

        Raises CrossSite, one of REFUSALS, and StorageError.
        """
        program = self._from_a_page(asked)
        try:
            admission = self._judged(asked, program, camera, ticket, shows)
        except REFUSALS as refusal:
            witness.refused(asked, self._backed, Deed.LIVE, refusal)
            raise
        if shows:
            admission.witness.went_live(camera, admission.shown.sitting.batch.id)
        return admission

    def returns(self, asked: HTTPConnection, admission: Admission) -> None:
        """Whoever was let in asks for something about it. Raises CrossSite, UnknownShowing, StorageError."""
        self._from_a_page(asked)
        viewer = viewer_of(asked, self._backed)
        if viewer is None or viewer.session_id != admission.viewer.session_id:
            raise UnknownShowing("nobody watches there, or not any more")

    def over(self, admission: Admission) -> None:
        """Write down that somebody watches no longer, where they did. Raises StorageError."""
        if not admission.shows:
            return
        now = max(self._backed.clock.now(), admission.at + timedelta(milliseconds=1))
        admission.witness.left(admission.camera, admission.shown.sitting.batch.id, Interval(admission.at, now))

    def gone(self, watching: Iterable[Admission]) -> Sequence[Admission]:
        """Whose right to watch has ended since they were let in. Raises StorageError."""
        setup, now = self._backed.database.setup, self._backed.clock.now()
        sittings, sites = setup.sittings(), setup.sites()
        withheld = withheld_now(self._backed, now)
        allowed: dict[str, frozenset[str]] = {}
        found = []
        for each in watching:
            session = each.viewer.session_id
            if session not in allowed:
                viewer = each.still()
                hidden = frozenset() if viewer is not None and viewer.decides else withheld
                allowed[session] = self._cameras(viewer, sittings, sites, now) - hidden
            if each.camera not in allowed[session]:
                found.append(each)
        return found

    def _from_a_page(self, asked: HTTPConnection) -> str | None:
        """The token of a program, where it is none of our pages. Raises CrossSite."""
        program = bearer(asked)
        if program is None and not self.pages.are(asked.headers.get("origin"), asked.headers.get("host", "")):
            raise CrossSite("the request does not come from a page of this service")
        return program

    def _judged(self, asked: HTTPConnection, program: str | None, camera: str, ticket: str, shows: bool) -> Admission:
        backed = self._backed
        viewer = viewer_of(asked, backed)
        if viewer is None:
            raise NotLoggedIn("log in first")
        asked.state.viewer = viewer
        is_set_up(viewer, backed)
        if not viewer.may(ACT):
            raise NotAllowed(f"the role {viewer.account.role} may not watch what is not closed")
        now, setup = backed.clock.now(), backed.database.setup
        shown = {each.camera.id: each for each in on_the_wall(viewer.account, setup.sittings(), setup.sites(), now)}
        if camera not in shown:
            raise UnknownCamera(f"there is no camera {camera} that may be watched now")
        refuse_withheld(backed, viewer, camera, now)
        self._tickets.check(viewer.session_id, camera, ticket, now)
        session = viewer.session_id

        def still() -> Viewer | None:
            if program is not None:
                return tokens.resume(backed.database, backed.clock, program)
            return login.standing(backed.database, backed.clock, session)

        written = Witness(backed, viewer, witness.source_of(asked))
        return Admission(viewer, shown[camera], now, written, still, shows)

    def _cameras(
        self, viewer: Viewer | None, sittings: Sequence[Sitting], sites: Sequence[Site], now: datetime
    ) -> frozenset[str]:
        """Which cameras somebody may watch now."""
        if viewer is None or not viewer.may(ACT):
            return frozenset()
        try:
            is_set_up(viewer, self._backed)
        except (PasswordMustChange, FactorMustEnrol):
            return frozenset()
        return frozenset(each.camera.id for each in on_the_wall(viewer.account, sittings, sites, now))
