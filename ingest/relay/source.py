"""A camera as the recorder that has it hands it on: a Source without a connection to the camera."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from domain.timeline import Clock
from ingest.relay.client import CameraLost, NotRelayed, RelayClient, RelayLost
from ingest.source import AccessUnit, CameraRefused, ConnectionLost


class RelayedSource:
    """The pictures of ``camera``, without sound. They are for viewers and prove nothing.

    ``arrived`` is when the recorder had a picture; ``arrived_monotonic`` (s) when it was handed on.
    """

    def __init__(self, client: RelayClient, camera: str, clock: Clock) -> None:
        self._client = client
        self._camera = camera
        self._clock = clock

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        """Ends as ``ingest.source.Source`` says: with CameraRefused where no recorder hands it on."""
        try:
            async with aclosing(self._client.units(self._camera)) as units:
                async for unit in units:
                    if isinstance(unit, CameraLost):
                        raise ConnectionLost(f"camera {self._camera}: the recorder lost it")
                    yield AccessUnit(
                        unit.nals,
                        unit.key,
                        unit.rtp_time,
                        unit.arrived,
                        self._clock.monotonic(),
                        unit.format,
                        damaged=unit.damaged,
                    )
        except NotRelayed as refused:
            raise CameraRefused(str(refused)) from refused
        except RelayLost as lost:
            raise ConnectionLost(str(lost)) from lost
        raise ConnectionLost(f"camera {self._camera}: the recorder ended without a reason")
