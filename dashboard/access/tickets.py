"""Tickets to footage and to live pictures: what stands in an address instead of a key of the archive, for one session
and a limited time.

A ticket is sealed (ChaCha20-Poly1305, RFC 8439) with a secret that lives as long as the service's process, or to live
pictures one that two processes share, and with the id of the session that it was issued to: nobody can read, make or
change one, and in another session it opens nothing.
It replaces no other question of the door: whoever comes with one is judged anew. Not here: HTTP.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from dashboard.access.errors import TicketExpired, TicketUnknown
from domain.timeline import rfc3339

LASTS = timedelta(hours=1)
"""How long a ticket opens something. A page that plays for longer asks for new ones."""

LIVE_LASTS = timedelta(seconds=30)
"""How long a ticket to live pictures opens a connection. One that stands is judged anew by its session."""

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Ticket:
    """To the file of a key; of its pictures only to the bytes ``first`` to ``last``, where these are given.

    ``permit`` is the id of the one that it was issued under, and that has to stand whenever it is used.
    """

    key: str
    first: int = 0
    last: int | None = None
    permit: str = ""

    def covers(self, first: int, last: int) -> bool:
        """Whether the ticket is for all of these bytes of the pictures."""
        return self.first <= first and (self.last is None or last <= self.last)


class Tickets:
    """Issues and opens them. Safe to share between threads."""

    def __init__(self) -> None:
        self._box = ChaCha20Poly1305(ChaCha20Poly1305.generate_key())

    def issue(self, session_id: str, ticket: Ticket, now: datetime) -> str:
        """The ticket as a part of an address, for that session only."""
        told = [ticket.key, ticket.first, ticket.last, ticket.permit, rfc3339(now + LASTS)]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._box.encrypt(nonce, json.dumps(told).encode(), session_id.encode())
        return urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def open(self, session_id: str, text: str, now: datetime) -> Ticket:
        """What a ticket is for. Raises TicketUnknown, TicketExpired."""
        ticket, until = self._opened(session_id, text)
        if now >= until:
            raise TicketExpired(f"the address was good until {rfc3339(until)}; ask for the playlist again")
        return ticket

    def read(self, session_id: str, text: str) -> Ticket | None:
        """What a ticket is or was for, to say of what somebody was refused; None where it is none."""
        try:
            return self._opened(session_id, text)[0]
        except TicketUnknown:
            return None

    def _opened(self, session_id: str, text: str) -> tuple[Ticket, datetime]:
        try:
            sealed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            plain = self._box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], session_id.encode())
        except (ValueError, InvalidTag) as error:
            raise TicketUnknown("there is no such footage, or the address was made for somebody else") from error
        key, first, last, permit, until = json.loads(plain)
        return Ticket(key, first, last, permit), datetime.fromisoformat(until)


class LiveTickets:
    """To the live pictures of one camera, for one session; issued by one process and opened by another.

    ``key`` is one of ``new_key``, which both hold. Safe to share between threads.
    """

    def __init__(self, key: bytes) -> None:
        self._box = ChaCha20Poly1305(key)

    @staticmethod
    def new_key() -> bytes:
        return ChaCha20Poly1305.generate_key()

    def issue(self, session_id: str, camera: str, now: datetime) -> str:
        """The ticket as a part of an address, for that session and camera only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._box.encrypt(nonce, rfc3339(now + LIVE_LASTS).encode(), _bound(session_id, camera))
        return urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def check(self, session_id: str, camera: str, text: str, now: datetime) -> None:
        """Raises TicketUnknown, TicketExpired where it does not open that camera now for that session."""
        try:
            sealed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            plain = self._box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(session_id, camera))
        except (ValueError, InvalidTag) as error:
            raise TicketUnknown("the address was made for another camera or for somebody else") from error
        until = datetime.fromisoformat(plain.decode())
        if now >= until:
            raise TicketExpired(f"the address was good until {rfc3339(until)}; ask for another one")


def _bound(session_id: str, camera: str) -> bytes:
    return json.dumps(["live", session_id, camera]).encode()
