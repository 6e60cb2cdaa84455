"""What tests of the RTSP source share: opening it and taking units until there are enough."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from domain.places import Transport
from ingest.rtsp.client import Limits, RtspSource
from ingest.source import AccessUnit

PATIENT = Limits(connect_s=10, answer_s=10, picture_s=10, key_s=20)  # for machines that are busy with other things


@dataclass(frozen=True, slots=True)
class TestLogin:
    __test__ = False

    username: str
    password: str


@asynccontextmanager
async def watching(
    url: str, login: TestLogin | None = None, transport: Transport = Transport.TCP, limits: Limits = PATIENT
) -> AsyncGenerator[AsyncGenerator[AccessUnit, None], None]:
    """The units of a source that is closed in the end."""
    units = RtspSource(url, login, transport, limits).units()
    try:
        yield units
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
