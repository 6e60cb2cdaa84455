"""Hands the pictures of recorded cameras on to viewers on this machine, over a Unix socket.

Many cameras serve one or two connections only, and the recorder's comes first; so viewers get their pictures here.
Nobody watching, a camera costs no more than the references to its pictures since the newest key frame. A viewer that
does not keep up is left out until the next key frame; nothing here ever waits for one. Not here: the format
(``wire``), who may watch (the socket's rights say it for this machine, ``dashboard.access`` for everyone else).
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from ingest.relay.wire import (
    MOST_REQUEST_BYTES,
    Ended,
    Kind,
    MalformedRelay,
    format_message,
    message,
    requested,
    unit_message,
)
from ingest.source import AccessUnit
from storage.media import VideoFormat

_log = structlog.get_logger()

KEPT_BYTES: Final = 4 << 20
"""What is kept of one camera since its newest key frame; where that is more, a new viewer waits for the next one."""

WAITING_BYTES: Final = 8 << 20
"""What may wait to be read by one viewer before pictures are left out for it."""

MOST_VIEWERS: Final = 64
"""How many connections one recorder process serves."""

REQUEST_S: Final = 5.0
"""How long a connection may take to say what it wants."""

SOCKET_MODE: Final = 0o600
SUFFIX: Final = ".sock"


class Relay:
    """The socket of one recorder process, ``folder/<name>.sock``. All of it from one asyncio loop."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.path = folder / f"{name or f'recorder-{os.getpid()}'}{SUFFIX}"
        self._channels: dict[str, Channel] = {}
        self._viewers: set[_Viewer] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises OSError, also for a path longer than the system allows (about 100 bytes)."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(self.path.parent)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.setblocking(False)
            unheard = self.path.with_suffix(".binding")  # a sibling sweeps away what is named and does not listen
            listening.bind(str(unheard))
            unheard.chmod(SOCKET_MODE)  # before anyone can connect: nobody listens yet
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _Viewer(self._join, self._leave), sock=listening)
            unheard.rename(self.path)
        except BaseException:
            listening.close()
            raise

    async def stop(self) -> None:
        """Tell every viewer, and remove the socket."""
        for channel in list(self._channels.values()):
            channel.end(Ended.STOPPED)
        self._channels.clear()
        for viewer in tuple(self._viewers):
            viewer.end(Ended.STOPPED)
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await server.wait_closed()
            self.path.unlink(missing_ok=True)

    def channel(self, camera: str) -> Channel:
        """Where the pictures of a camera are shown; made when it is first asked for."""
        return self._channels.setdefault(camera, Channel())

    def drop(self, camera: str) -> None:
        """The camera is not recorded any more."""
        channel = self._channels.pop(camera, None)
        if channel is not None:
            channel.end(Ended.UNKNOWN_CAMERA)

    def _join(self, viewer: _Viewer, camera: str) -> None:
        channel = self._channels.get(camera)
        if channel is None:
            viewer.end(Ended.UNKNOWN_CAMERA)
        else:
            channel.join(viewer)

    def _leave(self, viewer: _Viewer, *, here: bool) -> None:
        if not here:
            self._viewers.discard(viewer)
        elif len(self._viewers) >= MOST_VIEWERS:
            viewer.end(Ended.FULL)
        else:
            self._viewers.add(viewer)


class Channel:
    """One camera as its viewers see it."""

    def __init__(self) -> None:
        self._kept: list[AccessUnit] | None = None  # since the newest key frame; None where it grew too large
        self._kept_bytes = 0
        self._viewers: set[_Viewer] = set()

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def show(self, unit: AccessUnit) -> None:
        """The next picture of the camera, as it came."""
        if unit.key and not unit.damaged:
            self._kept, self._kept_bytes = [], 0
        if self._kept is not None:
            self._kept.append(unit)
            self._kept_bytes += sum(map(len, unit.nals))
            if self._kept_bytes > KEPT_BYTES:
                self._kept = None
        if self._viewers:
            data = unit_message(unit)
            for viewer in tuple(self._viewers):
                viewer.show(unit, data)

    def lost(self) -> None:
        """The camera was lost: what comes next begins with a key frame."""
        self._kept = None
        for viewer in tuple(self._viewers):
            viewer.lost()

    def join(self, viewer: _Viewer) -> None:
        """Let a viewer in, beginning with what is kept."""
        self._viewers.add(viewer)
        viewer.on_gone = lambda: self._viewers.discard(viewer)
        for unit in self._kept or ():
            viewer.show(unit, unit_message(unit))

    def end(self, reason: Ended) -> None:
        for viewer in tuple(self._viewers):
            viewer.end(reason)
        self._viewers.clear()


class _Viewer(asyncio.Protocol):
    """One connection: first its request, then pictures one way."""

    def __init__(self, join: Callable[[_Viewer, str], None], count: Callable[..., None]) -> None:
        self._join = join
        self._count = count
        self._transport: asyncio.Transport | None = None
        self._request = b""
        self._served = False
        self._format: VideoFormat | None = None
        self._waits_for_key = True
        self._skipping = False
        self._hurry: asyncio.TimerHandle | None = None
        self.on_gone: Callable[[], None] = _nothing

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (a stream socket has no other)
        self._transport = transport
        self._hurry = asyncio.get_running_loop().call_later(REQUEST_S, self.end, Ended.MALFORMED)
        self._count(self, here=True)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._request += data
        try:
            if self._served or len(self._request) > MOST_REQUEST_BYTES:
                raise MalformedRelay("more than a request")
            camera = requested(self._request)
        except MalformedRelay as error:
            _log.warning("relay_request_malformed", reason=str(error))
            self.end(Ended.MALFORMED)
            return
        if camera is not None:
            self._served = True
            if self._hurry is not None:
                self._hurry.cancel()
            self._join(self, camera)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._hurry is not None:
            self._hurry.cancel()
        self._count(self, here=False)
        self.on_gone()

    # What the relay calls.

    def show(self, unit: AccessUnit, data: bytes) -> None:
        """Send a picture, unless this viewer waits for a key frame or has not read what it was sent before."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if not self._waits_for_key and transport.get_write_buffer_size() > WAITING_BYTES:
            self._waits_for_key = self._skipping = True
        if self._waits_for_key:
            if not unit.key or unit.damaged or transport.get_write_buffer_size() > WAITING_BYTES // 2:
                return
            self._waits_for_key = False
        if self._skipping:
            self._skipping = False
            transport.write(message(Kind.SKIPPED))
        if self._format is not unit.format and self._format != unit.format:
            transport.write(format_message(unit.format))
        self._format = unit.format
        transport.write(data)

    def lost(self) -> None:
        """Tell that the camera was lost; a word of five bytes, so it may join whatever waits."""
        self._waits_for_key, self._skipping = True, False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(message(Kind.LOST))

    def end(self, reason: Ended) -> None:
        """Say why and close: what is not read by now is dropped."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size():
            transport.abort()
            return
        transport.write(message(Kind.ENDED, bytes((reason,))))
        transport.close()


def _nothing() -> None:
    """Nobody has to be told."""


def _sweep(folder: Path) -> None:
    """Remove sockets of recorders that were killed: those on which nobody answers."""
    for path in folder.glob(f"*{SUFFIX}"):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            continue
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            knock.setblocking(False)
            if knock.connect_ex(str(path)) == errno.ECONNREFUSED:
                path.unlink(missing_ok=True)
