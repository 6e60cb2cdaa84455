"""Writes down who looked at footage and who was refused it, before any of it is sent. Not here: who may (``guard``).

The head of a file, which holds no picture, is not written down when it is sent, only when it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request

from dashboard.access.errors import HeldBack, TicketExpired, TicketUnknown
from dashboard.access.login import Viewer
from dashboard.api.backing import Backed, Backing
from dashboard.api.problems import (
    FactorMustEnrol,
    NoFootage,
    NotAllowed,
    NotLoggedIn,
    PasswordMustChange,
    Undeclared,
    UnknownCamera,
    name_of,
)
from domain.evidence import Segment
from domain.people import Actor, Door
from domain.timeline import Interval, utc
from domain.viewings import SHOWN, Deed, Viewing
from storage.errors import UnknownBatch

REFUSALS = (
    FactorMustEnrol,
    HeldBack,
    NoFootage,
    NotAllowed,
    NotLoggedIn,
    PasswordMustChange,
    Undeclared,
    UnknownBatch,
    UnknownCamera,
    TicketUnknown,
    TicketExpired,
)

NOBODY = Actor("nobody", Door.API)

NOBODY_EVERY = timedelta(seconds=10)
"""Of those who are not logged in, one refusal in so long is written down: nobody can fill the disk with them."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Writes down what one viewer is shown in one request. All methods raise DatabaseUnavailable, SealRefused."""

    backed: Backing
    viewer: Viewer
    source: str

    def opened(self, camera: str, batch: str, span: Interval, purpose: str) -> None:
        """They were told what there is of a camera in a span, to play it."""
        self._write(Deed.OPEN, camera, batch, span, purpose=purpose)

    def fetched(self, segment: Segment) -> None:
        """They are sent pictures of a file."""
        self._write(Deed.FETCH, segment.camera, segment.batch, segment.interval, key=segment.key)

    def saved(self, segment: Segment) -> None:
        """They are sent a whole file, to take away."""
        self._write(Deed.SAVE, segment.camera, segment.batch, segment.interval, key=segment.key)

    def took(self, camera: str, batch: str, span: Interval, purpose: str) -> None:
        """They are sent a film of a span, or a part of its bytes, to take away."""
        self._write(Deed.SAVE, camera, batch, span, purpose=purpose)

    def _write(
        self, deed: Deed, camera: str, batch: str, span: Interval, *, key: str = "", purpose: str = ""
    ) -> None:
        account = self.viewer.account
        viewing = Viewing(
            at=self.backed.clock.now(),
            actor=self.viewer.actor,
            role=account.role.value,
            deed=deed,
            outcome=SHOWN,
            camera=camera,
            batch=batch,
            span=span,
            key=key,
            source=self.source,
            session=self.viewer.session_id,
            purpose=purpose,
        )
        self.backed.viewed.add(viewing)


def refused(request: Request, backed: Backing, deed: Deed, refusal: Exception) -> None:
    """Write down that footage was refused, to whom and why. Raises DatabaseUnavailable, SealRefused."""
    now = backed.clock.now()
    viewer = getattr(request.state, "viewer", None)
    if viewer is None and backed.database.viewings.has_since(NOBODY.name, now - NOBODY_EVERY):
        return
    given = request.path_params.get("ticket")
    ticket = None if given is None or viewer is None else backed.tickets.read(viewer.session_id, given)
    key = "" if ticket is None else ticket.key
    segment = backed.database.evidence.segment(key) if key else None
    viewing = Viewing(
        at=now,
        actor=NOBODY if viewer is None else viewer.actor,
        role="" if viewer is None else viewer.account.role.value,
        deed=deed,
        outcome=name_of(refusal),
        camera=str(request.path_params.get("camera", "")) if segment is None else segment.camera,
        batch=str(request.path_params.get("batch", "")) if segment is None else segment.batch,
        span=_asked(request) if segment is None else segment.interval,
        key=key,
        source=_source(request),
        session="" if viewer is None else viewer.session_id,
        purpose=request.query_params.get("purpose", ""),
    )
    backed.viewed.add(viewing)


def asked_span(start: datetime, end: datetime) -> Interval:
    """The span between two instants that somebody wrote. Raises ValueError for one that no calendar of ours can hold:
    what was written down of it could not be read again.
    """
    if not all(1970 <= each.year < 9999 for each in (start, end)):
        raise ValueError("no footage is of before 1970 or after 9998")
    return Interval(utc(start), utc(end))


def _asked(request: Request) -> Interval | None:
    """The span that was asked for; None where it is not one."""
    try:
        ends = [datetime.fromisoformat(request.query_params[name]) for name in ("start", "end")]
        return asked_span(*ends)
    except (KeyError, ValueError):
        return None


def _source(request: Request) -> str:
    return "" if request.client is None else request.client.host


def _witness(request: Request, backed: Backed) -> Witness:
    viewer = request.state.viewer
    assert isinstance(viewer, Viewer)  # noqa: S101 - the guard let nobody else in
    return Witness(backed, viewer, _source(request))


Witnessed = Annotated[Witness, Depends(_witness)]
