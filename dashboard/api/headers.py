"""The headers that every answer carries, whatever route, refusal or fault it comes from: here and nowhere else.

A route may set one of them itself, and then that counts (``PAPER``, ``PICTURED``, ``Cache-Control`` of files).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.papers.printing import STYLE_DIGEST


def _policy(sources: Mapping[str, str]) -> str:
    return "; ".join(f"{kind} {allowed}" for kind, allowed in sources.items())


# Nothing inline, neither script nor style: what the page sets on elements while it runs goes through the CSSOM, which
# needs no permission. Video comes through Media Source Extensions, whose addresses are blob:.
_PAGE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

# A paper is one file that needs nothing from anywhere, so that it may be saved, mailed and opened as it is. Its one
# block of styles is let in by its digest: what slipped into a name would be shown, never obeyed.
_PAPER = {
    "default-src": "'none'",
    "style-src": f"'sha256-{STYLE_DIGEST}'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

# Small pictures stand in the paper itself.
_PICTURED = _PAPER | {"img-src": "data:"}

# What browsers would ask the reader to permit, and no page of ours ever needs.
_DENIED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)

_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


def page_policy(scheme: str, host: str, live_port: int | None) -> dict[str, str]:
    """The header of a page that may also connect to where live pictures are: one port of the host that it is from.

    Nothing for a host that is written as none is: then the page keeps to where it is from.
    """
    found = _HOST.fullmatch(host)
    if live_port is None or found is None:
        return {}
    live = f"{found[1]}:{live_port}"
    socket, whep = ("wss", "https") if scheme == "https" else ("ws", "http")
    return {"Content-Security-Policy": _policy(_PAGE | {"connect-src": f"'self' {socket}://{live} {whep}://{live}"})}


PAPER = {"Content-Security-Policy": _policy(_PAPER)}
PICTURED = {"Content-Security-Policy": _policy(_PICTURED)}

EVERYWHERE = {
    "Content-Security-Policy": _policy(_PAGE),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{each}=()" for each in _DENIED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # what lies behind the login must not be found in a browser after it
}

OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}
"""RFC 6797. A year; this host alone, since others below its name may not be ours."""


class SafeHeaders:
    """Adds the headers above to every answer that has not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = EVERYWHERE | OVER_TLS if scope.get("scheme") == "https" else EVERYWHERE

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in given.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
