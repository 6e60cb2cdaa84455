"""A viewer's end of the relay: finds the recorder that has a camera, and yields its pictures as they come.

Not here: what to do with them (``dashboard.live``), and trying again once a recorder was restarted, which is the
viewer's choice.

    RelayError
    ├── NotRelayed    no recorder on this machine records that camera now, or none has room for another viewer
    └── RelayLost     the recorder ended the connection, or what it sent made no sense
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from ingest.relay.server import SUFFIX
from ingest.relay.wire import (
    HEAD_BYTES,
    Ended,
    Kind,
    LiveUnit,
    MalformedRelay,
    ended_of,
    format_of,
    head,
    request,
    unit_of,
)
from storage.media import VideoFormat


class RelayError(Exception):
    """Base of all endings of a relay. The message is one line for people."""


class NotRelayed(RelayError):
    """Nobody here has pictures of that camera to hand on."""


class RelayLost(RelayError):
    """The recorder went away."""


@dataclass(frozen=True, slots=True)
class CameraLost:
    """The camera was lost; the iteration goes on, and a key frame follows once it is back."""


class RelayClient:
    """Pictures from the recorders whose sockets lie in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def units(self, camera: str) -> AsyncGenerator[LiveUnit | CameraLost, None]:
        """Pictures from a key frame on, until the generator is closed or it raises a RelayError."""
        full = False
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                reader, writer = await asyncio.open_unix_connection(str(path))
            except OSError:
                continue  # a socket that a killed recorder left behind, or one that is not ours to read
            refused: Ended | None = None
            try:
                writer.write(request(camera))
                async for item in _watched(reader, path):
                    if isinstance(item, Ended):
                        refused = item
                        break
                    yield item
            finally:
                writer.close()
            if refused is Ended.STOPPED or refused is Ended.MALFORMED:
                raise RelayLost(f"{path}: the recorder ended the connection ({refused.name.lower()}); try again")
            full = full or refused is Ended.FULL
        if full:
            raise NotRelayed(f"camera {camera}: the recorder serves as many viewers as it may; close some")
        raise NotRelayed(f"camera {camera} is not recorded now; pictures come when its sitting's recording begins")


async def _watched(reader: asyncio.StreamReader, path: Path) -> AsyncGenerator[LiveUnit | CameraLost | Ended, None]:
    """What one recorder sends, up to its ending. Raises RelayLost."""
    video: VideoFormat | None = None
    skipped = False
    try:
        while True:
            kind, length = head(await reader.readexactly(HEAD_BYTES))
            body = await reader.readexactly(length)
            match kind:
                case Kind.FORMAT:
                    video = format_of(body)
                case Kind.UNIT if video is not None:
                    yield unit_of(body, video, skipped=skipped)
                    skipped = False
                case Kind.UNIT:
                    raise MalformedRelay("a unit before its format")
                case Kind.SKIPPED:
                    skipped = True
                case Kind.LOST:
                    yield CameraLost()
                case Kind.ENDED:
                    yield ended_of(body)
                    return
    except (asyncio.IncompleteReadError, OSError):
        raise RelayLost(f"{path}: the recorder went away; try again") from None
    except MalformedRelay as error:
        raise RelayLost(f"{path}: {error}") from error
