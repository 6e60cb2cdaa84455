"""What an HTTP server's Date header tells of our clock, and whether that server has a clock of its own.

Pure but for the question whether an address is this host's. Not here: the request (``storage.objects``) and what
the answer is worth (``domain.host_clock``).
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from domain.host_clock import ServerDate

_WHOLE_SECOND_S = 1.0  # the header's resolution (RFC 9110 5.6.7): what it says began up to this long ago


class NoDate(ValueError):
    """The server told no date that can be read."""


def server_date(server: str, header: str | None, sent: datetime, took_s: float, *, independent: bool) -> ServerDate:
    """Our clock against a Date header: ``sent`` by our clock when we asked, ``took_s`` until the answer was there.

    The server wrote the header at an unknown moment of the round trip and cut off its fraction of a second; both
    are halved into the estimate and told as its error. Raises NoDate.
    """
    try:
        told = parsedate_to_datetime(header or "")
    except ValueError as error:
        raise NoDate(f"{server} tells no date") from error
    told = told.replace(tzinfo=UTC) if told.tzinfo is None else told
    ours = sent + timedelta(seconds=took_s / 2)
    theirs = told + timedelta(seconds=_WHOLE_SECOND_S / 2)
    return ServerDate(server, (ours - theirs).total_seconds(), (took_s + _WHOLE_SECOND_S) / 2, independent)


def is_this_host(name: str) -> bool:
    """Whether a name leads to this very machine, whose clock is no witness of itself.

    An address is ours if a socket can be bound to it. True where the name leads nowhere: what cannot be told is no
    witness either. A virtual machine or a container with an address of its own is taken for another machine, though
    its clock may be ours; docs/time.md says so.
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):  # no such name, or one that none can have
        return True
    return any(_can_bind(family, address) for family, _, _, _, address in found)


def _can_bind(family: int, address: tuple[object, ...]) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address[0], 0, *address[2:]))
        except OSError:
            return False
        return True
