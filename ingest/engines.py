"""Which engine records a camera: the one that its set-up names, or by ``auto`` the one that can.

``auto`` takes the native engine for rtsp:// and libav for every other scheme. A camera whose stream the native engine
cannot record (Motion JPEG, say) is tried through libav at once; where that gives a picture it is remembered, in this
process alone, so that later runs do not begin with a refusal.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import structlog

from domain.places import Engine, scheme_of
from domain.timeline import Clock
from ingest.recorder import Assignment
from ingest.rtsp.client import Limits, RtspSource
from ingest.source import AccessUnit, Source, UnsupportedStream

_log = structlog.get_logger()

Open = Callable[[Assignment], Source]


class Engines:
    """Opens sources, and remembers which cameras only libav could record."""

    def __init__(self, native: Open, libav: Open) -> None:
        self._native = native
        self._libav = libav
        self._only_libav: set[str] = set()  # addresses

    @classmethod
    def with_limits(cls, limits: Limits, clock: Clock | None = None) -> Engines:
        """The engines of the service; ``clock`` is the host's, its own where left out."""
        return cls(
            lambda camera: _native(camera, limits, clock), lambda camera: _through_libav(camera, limits, clock)
        )

    def open(self, assignment: Assignment) -> Source:
        """The source for one run of a camera."""
        if assignment.engine is Engine.NATIVE:
            return self._native(assignment)
        if assignment.engine is Engine.LIBAV or scheme_of(assignment.url) != "rtsp":
            return self._libav(assignment)
        if assignment.url in self._only_libav:
            return self._libav(assignment)
        return _Either(self._native(assignment), lambda: self._libav(assignment), lambda: self._remember(assignment))

    def _remember(self, assignment: Assignment) -> None:
        self._only_libav.add(assignment.url)
        _log.info("recorded_through_libav", camera=assignment.camera)


def _native(camera: Assignment, limits: Limits, clock: Clock | None) -> Source:
    return RtspSource(camera.url, camera.credentials, camera.transport, limits, clock, sound=camera.audio)


def _through_libav(camera: Assignment, limits: Limits, clock: Clock | None) -> Source:
    from ingest.libav.source import LibavSource  # noqa: PLC0415 (a third of a second to load, and most never need it)

    return LibavSource(camera.url, camera.credentials, camera.transport, limits, clock, sound=camera.audio)


class _Either:
    """A source that goes on as another where the first one cannot record what is offered."""

    def __init__(self, first: Source, other: Callable[[], Source], other_can: Callable[[], None]) -> None:
        self._first = first
        self._other = other
        self._other_can = other_can

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        """Ends as ``ingest.source.Source`` says; with the first one's refusal where both refuse."""
        begun = False
        try:
            async with aclosing(self._first.units()) as units:
                async for unit in units:
                    begun = True
                    yield unit
        except UnsupportedStream as unsupported:
            if begun:
                raise
            refusal = unsupported
        else:
            return
        try:
            async with aclosing(self._other().units()) as units:
                async for unit in units:
                    if not begun:
                        begun = True
                        self._other_can()
                    yield unit
        except UnsupportedStream:
            raise refusal from None
