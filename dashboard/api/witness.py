"""Writes down who looked at footage, who asked to and who decided on that, before it is sent or takes effect; and who
was refused. Not here: who may (``guard``).

The head of a file, which holds no picture, is not written down when it is sent, only when it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from dashboard.access.errors import HeldBack, PermitNotOpen, PermitRefused, TicketExpired, TicketUnknown
from dashboard.access.login import Viewer
from dashboard.access.sight import Permitted
from dashboard.access.tickets import Ticket
from dashboard.api.backing import Backed, Backing
from dashboard.api.problems import (
    FactorMustEnrol,
    FootageDisposed,
    FootageWithheld,
    NoFootage,
    NotAllowed,
    NotLoggedIn,
    PasswordMustChange,
    ProofNeeded,
    PurposeNeeded,
    Undeclared,
    UnknownCamera,
    name_of,
)
from domain.evidence import Segment
from domain.people import Actor, Door
from domain.permits import Permit
from domain.timeline import Interval, utc
from domain.viewings import DONE, SHOWN, Deed, Viewing
from storage.errors import AlreadyDecided, UnknownBatch, UnknownPermit

REFUSALS = (
    AlreadyDecided,
    FactorMustEnrol,
    FootageDisposed,
    FootageWithheld,
    HeldBack,
    NoFootage,
    NotAllowed,
    NotLoggedIn,
    PasswordMustChange,
    PermitNotOpen,
    PermitRefused,
    ProofNeeded,
    PurposeNeeded,
    Undeclared,
    UnknownBatch,
    UnknownCamera,
    UnknownPermit,
    TicketUnknown,
    TicketExpired,
)

NOBODY = Actor("nobody", Door.API)

NOBODY_EVERY = timedelta(seconds=10)
"""Of those who are not logged in, one refusal in so long is written down: nobody can fill the disk with them."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Writes down what one viewer is shown in one request, or does with a permit.

    ``permit`` is the id of the one that they see under. All methods raise DatabaseUnavailable, SealRefused.
    """

    backed: Backing
    viewer: Viewer
    source: str
    permit: str = ""

    def opened(self, camera: str, batch: str, span: Interval, purpose: str) -> None:
        """They were told what there is of a camera in a span, to play it."""
        self._write(Deed.OPEN, camera, batch, span, purpose=purpose)

    def went_live(self, camera: str, batch: str) -> None:
        """They are sent live pictures from now on."""
        self._write(Deed.LIVE, camera, batch, None)

    def left(self, camera: str, batch: str, span: Interval) -> None:
        """They are sent no more of them, after that time."""
        self._write(Deed.LEAVE, camera, batch, span)

    def settled(self, deed: Deed, permit: Permit, why: str) -> None:
        """They asked for a permit, or decided on one."""
        of_it = replace(self, permit=permit.id)
        of_it._write(deed, permit.camera, permit.batch, permit.span, purpose=why, outcome=DONE)

    def looked(self, segment: Segment, span: Interval, purpose: str) -> None:
        """They are sent one picture of a file."""
        self._write(Deed.FETCH, segment.camera, segment.batch, span, key=segment.key, purpose=purpose)

    def snapped(self, camera: str, batch: str, span: Interval) -> None:
        """They named an instant of what they are shown live."""
        self._write(Deed.SNAPSHOT, camera, batch, span)

    def fetched(self, segment: Segment) -> None:
        """They are sent pictures of a file."""
        self._write(Deed.FETCH, segment.camera, segment.batch, segment.interval, key=segment.key)

    def saved(self, segment: Segment) -> None:
        """They are sent a whole file, to take away."""
        self._write(Deed.SAVE, segment.camera, segment.batch, segment.interval, key=segment.key)

    def found(self, lines: Mapping[str, str]) -> None:
        """They were told where footage lies, by batch as ``records.retrieval.record_lines`` says it."""
        for batch, line in sorted(lines.items()):
            self._write(Deed.FIND, "", batch, None, purpose=line)

    def took(self, camera: str, batch: str, span: Interval, purpose: str, key: str = "") -> None:
        """They are sent a film of a span, or a part of its bytes, to take away; a screener has a ``key``."""
        self._write(Deed.SAVE, camera, batch, span, purpose=purpose, key=key)

    def _write(
        self,
        deed: Deed,
        camera: str,
        batch: str,
        span: Interval | None,
        *,
        key: str = "",
        purpose: str = "",
        outcome: str = SHOWN,
    ) -> None:
        account = self.viewer.account
        viewing = Viewing(
            at=self.backed.clock.now(),
            actor=self.viewer.actor,
            role=account.stands_as,
            deed=deed,
            outcome=outcome,
            camera=camera,
            batch=batch,
            span=span,
            key=key,
            source=self.source,
            session=self.viewer.session_id,
            purpose=purpose,
            permit=self.permit,
        )
        self.backed.database.viewings.add(viewing)


def withheld_now(backed: Backing, now: datetime) -> frozenset[str]:
    """The cameras whose live pictures are withheld 误摄扣留 from everybody but those who decide on it."""
    return frozenset(each.camera for each in backed.database.withholdings.standing(now))


def refuse_withheld(backed: Backing, viewer: Viewer, camera: str, now: datetime) -> None:
    """Raises FootageWithheld where a camera's live pictures are withheld from a viewer."""
    if not viewer.decides and camera in withheld_now(backed, now):
        raise FootageWithheld(f"误摄扣留 what camera {camera} films now is withheld as that of a no-filming area")


def refused(request: HTTPConnection, backed: Backing, deed: Deed, refusal: Exception) -> None:
    """Write down that footage or a permit was refused, to whom and why. Raises DatabaseUnavailable, SealRefused."""
    now = backed.clock.now()
    viewer = getattr(request.state, "viewer", None)
    if viewer is None and backed.database.viewings.has_since(NOBODY.name, now - NOBODY_EVERY):
        return
    given = request.path_params.get("ticket")
    ticket = None if given is None or viewer is None else backed.tickets.read(viewer.session_id, given)
    what = _refused_what(request, backed, ticket)
    viewing = Viewing(
        at=now,
        actor=NOBODY if viewer is None else viewer.actor,
        role="" if viewer is None else viewer.account.stands_as,
        deed=deed,
        outcome=name_of(refusal),
        camera=what.camera,
        batch=what.batch,
        span=what.span,
        key="" if ticket is None else ticket.key,
        source=source_of(request),
        session="" if viewer is None else viewer.session_id,
        purpose=request.query_params.get("purpose", ""),
        permit=what.permit,
    )
    backed.database.viewings.add(viewing)


@dataclass(frozen=True, slots=True)
class _What:
    """What somebody was refused, as far as the address tells it."""

    camera: str
    batch: str
    span: Interval | None
    permit: str


def _refused_what(request: HTTPConnection, backed: Backing, ticket: Ticket | None) -> _What:
    """By the ticket's file, else by the batch, camera and span that were asked for, else by the permit."""
    permit_id = str(request.path_params.get("permit", "" if ticket is None else ticket.permit))
    segment = None if ticket is None else backed.database.evidence.segment(ticket.key)
    if segment is not None:
        return _What(segment.camera, segment.batch, segment.interval, permit_id)
    permit = backed.database.permits.find(permit_id) if permit_id else None
    camera, batch = (str(request.path_params.get(name, "")) for name in ("camera", "batch"))
    span = _asked(request)
    if permit is None:
        return _What(camera, batch, span, permit_id)
    return _What(camera or permit.camera, permit.batch, span or permit.span, permit_id)


def asked_span(start: datetime, end: datetime) -> Interval:
    """The span between two instants that somebody wrote. Raises ValueError for one that no calendar of ours can hold:
    what was written down of it could not be read again.
    """
    if not all(1970 <= each.year < 9999 for each in (start, end)):
        raise ValueError("no footage is of before 1970 or after 9998")
    return Interval(utc(start), utc(end))


def asked_instant(at: datetime) -> Interval:
    """The millisecond of one picture. Raises ValueError as ``asked_span``."""
    if at.tzinfo is None:
        raise ValueError("an instant has a zone")
    return asked_span(at, at + timedelta(milliseconds=1))


def _asked(request: HTTPConnection) -> Interval | None:
    """The span that was asked for, or the instant; None where it is neither."""
    try:
        if "at" in request.query_params:
            return asked_instant(datetime.fromisoformat(request.query_params["at"]))
        ends = [datetime.fromisoformat(request.query_params[name]) for name in ("start", "end")]
        return asked_span(*ends)
    except (KeyError, ValueError):
        return None


def source_of(request: HTTPConnection) -> str:
    return "" if request.client is None else request.client.host


def _witness(request: Request, backed: Backed) -> Witness:
    viewer = request.state.viewer
    assert isinstance(viewer, Viewer)  # noqa: S101 - the guard let nobody else in
    seen = request.state.sight
    return Witness(backed, viewer, source_of(request), seen.permit.id if isinstance(seen, Permitted) else "")


Witnessed = Annotated[Witness, Depends(_witness)]
