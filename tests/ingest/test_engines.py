"""Which engine a camera gets, and what is remembered of one that only libav can record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from domain.places import Engine, Transport
from ingest.engines import Engines
from ingest.recorder import Assignment
from ingest.source import ConnectionLost, Source, SourceError, UnsupportedStream
from tests.fakes.source import Act, FakeSource
from tests.fakes.time import FakeClock
from tests.ingest.pictures import unit

CAMERA = Assignment("cam", "batch", "site/batch/cam", "rtsp://127.0.0.1/", None, Transport.TCP)
JPEG_ONLY = UnsupportedStream("offers JPEG")
GONE = ConnectionLost("gone")


@dataclass
class Shelf:
    """Two engines that play scripts; ``opened`` lists what was connected to."""

    native: Sequence[Act]
    libav: Sequence[Act]
    opened: list[str] = field(default_factory=list)

    def engines(self) -> Engines:
        return Engines(lambda _: self._source("native", self.native), lambda _: self._source("libav", self.libav))

    def _source(self, name: str, script: Sequence[Act]) -> Source:
        shelf = self

        class Noted(FakeSource):
            async def units(self):  # type: ignore[no-untyped-def]
                shelf.opened.append(name)
                async for item in super().units():
                    yield item

        return Noted(FakeClock(), script)


def played(source: Source) -> tuple[int, SourceError]:
    """How many units came, and how it ended."""

    async def play() -> tuple[int, SourceError]:
        count = 0
        try:
            async for _ in source.units():
                count += 1
        except SourceError as error:
            return count, error
        raise AssertionError("ended without an error")

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("engine", "url", "expected"),
    [
        (Engine.AUTO, "rtsp://h/", "native"),
        (Engine.AUTO, "rtsps://h/", "libav"),
        (Engine.AUTO, "http://h/", "libav"),
        (Engine.AUTO, "file:///a.mp4", "libav"),
        (Engine.NATIVE, "rtsp://h/", "native"),
        (Engine.LIBAV, "rtsp://h/", "libav"),
    ],
)
def test_the_setting_and_the_address_choose_the_engine(engine: Engine, url: str, expected: str) -> None:
    shelf = Shelf([unit(0), GONE], [unit(0), GONE])
    assert played(shelf.engines().open(replace(CAMERA, engine=engine, url=url))) == (1, GONE)
    assert shelf.opened == [expected]


def test_what_the_native_engine_cannot_record_libav_does_and_next_time_at_once() -> None:
    shelf = Shelf([JPEG_ONLY], [unit(0), unit(1), GONE])
    engines = shelf.engines()
    assert played(engines.open(CAMERA)) == (2, GONE)
    assert played(engines.open(CAMERA)) == (2, GONE)
    assert shelf.opened == ["native", "libav", "libav"]


def test_where_both_refuse_the_native_engine_has_the_word_and_is_asked_again() -> None:
    shelf = Shelf([JPEG_ONLY], [UnsupportedStream("nor that")])
    engines = shelf.engines()
    assert played(engines.open(CAMERA)) == (0, JPEG_ONLY)
    assert played(engines.open(CAMERA)) == (0, JPEG_ONLY)
    assert shelf.opened == ["native", "libav"] * 2


def test_an_engine_that_was_chosen_is_not_exchanged() -> None:
    shelf = Shelf([JPEG_ONLY], [unit(0), GONE])
    assert played(shelf.engines().open(replace(CAMERA, engine=Engine.NATIVE))) == (0, JPEG_ONLY)
    assert shelf.opened == ["native"]


def test_no_other_ending_exchanges_the_engine() -> None:
    shelf = Shelf([unit(0), UnsupportedStream("changed")], [unit(0), GONE])
    assert played(shelf.engines().open(CAMERA))[0] == 1
    assert shelf.opened == ["native"]
