"""What tests of sources share: opening one and taking units until there are enough."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.places import Transport
from ingest.rtsp.client import Limits, RtspSource
from ingest.source import AccessUnit, NoPicture, Source

MakeSource = Callable[[str, "TestLogin | None", Transport, Limits], Source]

PATIENT = Limits(connect_s=10, answer_s=10, picture_s=6, key_s=20)  # for machines that are busy with other things


@dataclass(frozen=True, slots=True)
class TestLogin:
    __test__ = False

    username: str
    password: str


@asynccontextmanager
async def watching(
    url: str,
    login: TestLogin | None = None,
    transport: Transport = Transport.TCP,
    limits: Limits = PATIENT,
    *,
    attempts: int = 1,
    make: MakeSource = RtspSource,
) -> AsyncGenerator[AsyncGenerator[AccessUnit, None], None]:
    """The units of a source that is closed in the end; opened again where nothing at all comes after PLAY."""
    units = _opened(make(url, login, transport, limits), attempts)
    try:
        yield units
    finally:
        await units.aclose()


async def _opened(source: Source, attempts: int) -> AsyncGenerator[AccessUnit, None]:
    for left in reversed(range(attempts)):
        units, begun = source.units(), False
        try:
            async for unit in units:
                begun = True
                yield unit
        except NoPicture as silence:
            if begun or left == 0 or "nothing came" not in str(silence):
                raise
        finally:
            await units.aclose()


async def taken(units: AsyncGenerator[AccessUnit, None], count: int) -> list[AccessUnit]:
    found: list[AccessUnit] = []
    async for unit in units:
        found.append(unit)
        if len(found) == count:
            break
    return found


async def first_where(units: AsyncGenerator[AccessUnit, None], wanted: Callable[[AccessUnit], bool]) -> AccessUnit:
    async for unit in units:
        if wanted(unit):
            return unit
    raise AssertionError("the source ended without an error")
