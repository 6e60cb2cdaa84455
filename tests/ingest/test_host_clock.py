"""The watch over the host's clock: when it reads, whom it believes, and that nothing stops it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.host_clock import CameraOffset, ClockState, HostClock, ServerDate, Witness, judge_clock
from ingest.host_clock import HEARD_S, READ_EVERY_S, ClockWatch, HeardClock, HostWitnesses
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.fakes.witnesses import FREE, KEPT, FakeWitnesses


class Watched:
    """A watch with everything around it in hand."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.witnesses = FakeWitnesses(KEPT)
        self.cameras: list[HeardClock] = []
        self.written: list[HostClock] = []
        self.watch = ClockWatch(
            recorder="r1",
            clock=self.clock,
            witnesses=self.witnesses,
            cameras=lambda: self.cameras,
            write=self.written.append,
        )

    def look(self, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        asyncio.run(self.watch.look())

    def hear(self, *offsets_s: float, address: str = "cam") -> None:
        heard = self.clock.monotonic()
        self.cameras = [HeardClock(f"{address}{n}:554", offset, heard) for n, offset in enumerate(offsets_s)]

    @property
    def last(self) -> tuple[ClockState, Witness | None]:
        found = judge_clock(self.written[-1])
        return found.state, found.by


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_the_clock_is_read_at_once_and_then_each_minute(watched: Watched) -> None:
    for _ in range(181):
        watched.look()
        watched.clock.advance(1)
    assert [each.at - NOON for each in watched.written] == [timedelta(seconds=READ_EVERY_S * n) for n in range(4)]


def test_a_step_of_the_wall_clock_neither_hurries_nor_delays_the_next_reading(watched: Watched) -> None:
    watched.look()
    watched.clock.step(-86_400)
    watched.look(READ_EVERY_S - 1)
    assert len(watched.written) == 1
    watched.look(1)
    assert watched.written[1].at < watched.written[0].at


def test_a_reading_without_any_witness_is_written_too(watched: Watched) -> None:
    watched.witnesses.said_ntp = None
    watched.look()
    assert watched.written == [HostClock("r1", NOON)]


def test_cameras_that_come_later_are_heard_at_once_where_nobody_else_vouches(watched: Watched) -> None:
    watched.witnesses.said_ntp = FREE
    watched.look()
    watched.hear(0.1, 0.1)
    watched.look(5)
    assert judge_clock(watched.written[-1]).by is None  # two by themselves, but others may hear a third
    watched.look(1)
    assert len(watched.written) == 2
    watched.hear(0.1, 0.1, 0.2)
    watched.look(1)
    assert watched.last == (ClockState.SYNCHRONISED, Witness.CAMERAS)
    watched.hear(0.1, 0.1, 0.2, 0.1)
    watched.look(1)
    assert len(watched.written) == 3


def test_a_camera_that_was_heard_already_does_not_hurry_the_next_reading(watched: Watched) -> None:
    watched.witnesses.said_ntp = FREE
    watched.hear(0.1, 0.1)
    watched.look()
    for number in (1, 2, 1):
        watched.hear(*[0.1] * number)
        watched.look(1)
    assert len(watched.written) == 1


def test_each_camera_s_own_word_is_written_down_as_host_minus_camera(watched: Watched) -> None:
    watched.hear(0.25, -1.0)
    watched.look()
    assert watched.written[0].cameras is not None
    assert watched.written[0].cameras.each == (CameraOffset("cam0:554", -0.25), CameraOffset("cam1:554", 1.0))


def test_the_channels_of_one_recorder_box_are_one_clock(watched: Watched) -> None:
    watched.witnesses.said_ntp = None
    heard = watched.clock.monotonic()
    watched.cameras = [HeardClock("nvr:554", 0.1, heard) for _ in range(16)]
    watched.look()
    assert watched.written[0].cameras is not None
    assert watched.written[0].cameras.told == 1
    assert watched.last == (ClockState.UNWITNESSED, None)


def test_a_camera_that_fell_silent_is_no_witness_any_more(watched: Watched) -> None:
    watched.hear(0.0, 0.0, 0.0)
    watched.look(HEARD_S + 1)
    assert watched.written[0].cameras is None


def test_cameras_far_from_a_host_that_nobody_keeps_are_a_dispute(watched: Watched) -> None:
    watched.witnesses.said_ntp = FREE
    watched.hear(40.0, 40.1, 39.9, 40.0)
    watched.look()
    assert watched.last == (ClockState.DISPUTED, Witness.CAMERAS)
    assert watched.written[0].cameras is not None
    assert watched.written[0].cameras.offset_s == pytest.approx(-40.0)


def test_a_witness_that_fails_by_a_bug_does_not_end_the_watch(watched: Watched) -> None:
    async def play() -> None:
        watched.witnesses.fails = True
        task = asyncio.create_task(watched.watch.run())
        await asyncio.sleep(0.2)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())
    assert watched.written == []
    watched.witnesses.fails = False
    watched.look(READ_EVERY_S)
    assert len(watched.written) == 1


def test_a_store_that_does_not_answer_and_no_store_at_all_say_nothing() -> None:
    store = MemoryObjects(ahead_s=3.0)
    assert HostWitnesses(store).server() == ServerDate("memory", -3.0, 0.5, independent=True)
    store.down = True
    assert HostWitnesses(store).server() is None
    assert HostWitnesses().server() is None
