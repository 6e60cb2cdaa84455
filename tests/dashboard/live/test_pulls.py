"""One pull for all viewers of a camera, and recording before any of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from dashboard.live import pulls as pulls_module
from dashboard.live.lines import Condition, Line, Why
from dashboard.live.pulls import HOLD_OFF_S, Pulls
from domain.places import Transport
from ingest.devices import Device
from ingest.recorder import Assignment
from ingest.source import AccessUnit, CameraRefused, CameraUnreachable, ConnectionLost, NoPicture, Source, SourceError
from records.schedule import Needs
from storage.media import Codec, VideoFormat
from tests.fakes.source import FakeSource
from tests.fakes.time import FakeClock
from tests.ingest.pictures import unit

CAMERA = Assignment("c1", "b", "f", "rtsp://192.0.2.1/s", None, Transport.TCP)
FIVE = [unit(number) for number in range(5)]


REFUSED = [CameraRefused("453 Not Enough Bandwidth")]
WANTED = frozenset({"c1"})
RECORDED = Needs(WANTED)


@dataclass
class Cameras:
    """Plays one script for each connection, the last one again and again; and one for each time that its recorder is
    asked to hand it on, which is never where there are none."""

    clock: FakeClock
    scripts: Sequence[Sequence[AccessUnit | SourceError]]
    relays: Sequence[Sequence[AccessUnit | SourceError]] = ()
    opened: list[FakeSource] = field(default_factory=list)
    relayed: list[FakeSource] = field(default_factory=list)

    def open(self, _: Assignment) -> Source:
        script = self.scripts[min(len(self.opened), len(self.scripts) - 1)]
        self.opened.append(FakeSource(self.clock, script))
        return self.opened[-1]

    def relay(self, _: str) -> Source:
        script = self.relays[min(len(self.relayed), len(self.relays) - 1)]
        self.relayed.append(FakeSource(self.clock, script))
        return self.relayed[-1]


def lacking(*cameras: str) -> Needs:
    return Needs(frozenset(cameras), frozenset(cameras))


def states(line: Line) -> list[str]:
    """What the line says of the camera, the newest of what waits; it is taken."""
    words = [each for each in iter(line._found, None) if isinstance(each, bytes) and b'"camera"' in each[:30]]
    return [json.loads(each[each.index(b"{") :])["state"] for each in words]


def pictures(line: Line) -> int:
    """How many pictures wait."""
    return sum(isinstance(each, bytes) and each[0] == 0x82 for each in iter(line._found, None))


async def settle(seconds: float = 0.05) -> None:
    await asyncio.sleep(seconds)


def played(
    test: Callable[[Pulls, Cameras], Awaitable[None]],
    *scripts: Sequence[AccessUnit | SourceError],
    relays: Sequence[Sequence[AccessUnit | SourceError]] = (),
) -> Cameras:
    clock = FakeClock()
    cameras = Cameras(clock, scripts or (FIVE,), relays)

    async def run() -> None:
        pulls = Pulls(cameras.open, clock, cameras.relay if relays else None)
        try:
            await test(pulls, cameras)
        finally:
            await pulls.stop()

    asyncio.run(run())
    assert all(each.closed for each in (*cameras.opened, *cameras.relayed)), "a connection was left open"
    return cameras


def test_all_viewers_of_a_camera_share_one_connection_and_the_same_bytes() -> None:
    async def test(pulls: Pulls, cameras: Cameras) -> None:
        lines = [Line() for _ in range(20)]
        for line in lines:
            pulls.join(line, CAMERA, 0)
        await settle()
        assert len(cameras.opened) == 1
        assert pulls.watched == {"c1": 20}
        one, other = (
            [each for each in iter(line._found, None) if isinstance(each, bytes) and each[0] == 0x82]
            for line in lines[:2]
        )
        assert len(one) == 6  # a head and five pictures
        assert all(a is b for a, b in zip(one[1:], other[1:], strict=True)), "built once, sent to everybody"

    played(test)


def test_who_comes_later_begins_with_the_pictures_since_the_key_frame() -> None:
    async def test(pulls: Pulls, _: Cameras) -> None:
        pulls.join(Line(), CAMERA, 0)
        await settle()
        late = Line()
        pulls.join(late, CAMERA, 0)
        assert pictures(late) == 2  # the head, and all five in one

    played(test)


def test_a_viewer_that_reads_nothing_costs_another_one_nothing() -> None:
    async def test(pulls: Pulls, _: Cameras) -> None:
        slow, fast = Line(), Line()
        pulls.join(slow, CAMERA, 0)
        pulls.join(fast, CAMERA, 0)
        got = 0
        for _round in range(200):
            got += pictures(fast)
            await asyncio.sleep(0)
        assert got == 150 + 1
        assert len(slow._waiting) <= 51

    played(test, [unit(number) for number in range(150)])


def test_a_pull_ends_seconds_after_the_last_viewer_left_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulls_module, "LINGER_S", 0.1)

    async def test(pulls: Pulls, cameras: Cameras) -> None:
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        pulls.leave(line, "c1")
        await settle(0.02)
        back = Line()
        pulls.join(back, CAMERA, 0)
        await settle(0.15)
        assert not cameras.opened[0].closed
        pulls.leave(back, "c1")
        await settle(0.2)
        assert cameras.opened[0].closed
        assert pulls.watched == {}
        pulls.join(Line(), CAMERA, 0)
        await settle()
        assert len(cameras.opened) == 2

    played(test)


def test_a_camera_that_refuses_is_told_and_left_alone_for_a_minute_whoever_comes() -> None:
    async def test(pulls: Pulls, cameras: Cameras) -> None:
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        assert states(line)[-1] == Condition.REFUSED
        for _ in range(3):
            other = Line()
            pulls.join(other, CAMERA, 0)
            pulls.keep_to(Needs())
            await settle(0.02)
            assert states(other)[-1] == Condition.REFUSED
        assert len(cameras.opened) == 1
        cameras.clock.advance(HOLD_OFF_S)
        pulls.keep_to(Needs())
        await settle()
        assert len(cameras.opened) == 2
        assert states(line)[-1] == Condition.PLAYING

    played(test, [CameraRefused("453 Not Enough Bandwidth")], FIVE)


def test_a_camera_of_another_codec_is_told_as_one_that_cannot_be_shown() -> None:
    async def test(pulls: Pulls, cameras: Cameras) -> None:
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        assert states(line)[-1] == Condition.UNSUPPORTED
        assert len(cameras.opened) == 1

    played(test, [replace(unit(0), format=VideoFormat(Codec.JPEG, 320, 192))])


@pytest.mark.parametrize(
    ("error", "state"),
    [(NoPicture("silent"), Condition.STALLED), (CameraUnreachable("no power"), Condition.LOST)],
)
def test_a_camera_that_is_lost_is_told_and_tried_again_and_goes_on_from_a_key_frame(
    monkeypatch: pytest.MonkeyPatch, error: SourceError, state: Condition
) -> None:
    monkeypatch.setattr(pulls_module, "RETRY_S", (0.1,))

    async def test(pulls: Pulls, cameras: Cameras) -> None:
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        assert states(line)[-1] == state
        await settle(0.15)
        assert len(cameras.opened) == 2
        assert states(line)[-1] == Condition.PLAYING

    played(test, [*FIVE, error], FIVE)


def test_a_fault_of_ours_ends_no_pull_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulls_module, "RETRY_S", (0.02,))

    class Broken:
        async def units(self) -> AsyncGenerator[AccessUnit, None]:
            raise RuntimeError("not foreseen")
            yield FIVE[0]

    async def test(pulls: Pulls, cameras: Cameras) -> None:
        opening = [Broken(), cameras.open(CAMERA)]
        pulls._open = lambda _: opening.pop(0)
        line = Line()
        pulls.join(line, CAMERA, 0)
        told: list[str] = []
        while Condition.PLAYING not in told:
            await settle()
            told += states(line)
        assert Condition.LOST in told

    played(test)


def test_a_camera_that_recording_needs_and_has_not_is_let_go_and_taken_up_once_recorded() -> None:
    async def test(pulls: Pulls, cameras: Cameras) -> None:
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        pulls.keep_to(lacking("c1", "c9"))
        await settle()
        assert cameras.opened[0].closed
        assert states(line)[-1] == Condition.YIELDED
        other = Line()
        pulls.join(other, CAMERA, 0)
        pulls.keep_to(lacking("c1"))
        await settle()
        assert states(other)[-1] == Condition.YIELDED
        assert len(cameras.opened) == 1, "not even tried"
        pulls.keep_to(Needs())
        await settle()
        assert len(cameras.opened) == 2
        assert (states(line)[-1], states(other)[-1]) == (Condition.PLAYING, Condition.PLAYING)

    played(test)


def test_sessions_of_an_nvr_that_its_cameras_need_are_never_taken() -> None:
    nvr = Device("site/nvr", 4)
    channels = [replace(CAMERA, camera=f"c{number}", device=nvr) for number in range(3)]

    async def test(pulls: Pulls, cameras: Cameras) -> None:
        lines = [Line() for _ in channels]
        for line, channel in zip(lines, channels, strict=True):
            pulls.join(line, channel, 3)  # three cameras of it are recorded: one session is left
        await settle()
        assert len(cameras.opened) == 1
        assert [states(line)[-1] for line in lines] == [Condition.PLAYING, *[Condition.NO_ROOM] * 2]

    played(test)
    assert len(played(lambda *_: settle()).opened) == 0


# From its recorder, where a camera has nothing to spare.


def test_a_camera_that_refuses_a_second_connection_is_shown_from_its_recorder_and_not_asked_again() -> None:
    async def test(pulls: Pulls, cameras: Cameras) -> None:
        pulls.keep_to(RECORDED)
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        assert states(line)[-1] == Condition.PLAYING
        assert (len(cameras.opened), len(cameras.relayed)) == (1, 1)
        pulls.keep_to(lacking("c1"))
        await settle()
        pulls.keep_to(RECORDED)
        await settle()
        assert states(line)[-1] == Condition.PLAYING
        assert (len(cameras.opened), len(cameras.relayed)) == (1, 2), "what recording lost is not taken from it"

    played(test, REFUSED, FIVE, relays=[FIVE])


def test_a_camera_that_recording_lost_beside_a_viewer_is_left_to_recording() -> None:
    """There are cameras that drop the older connection for the newer one."""

    async def test(pulls: Pulls, cameras: Cameras) -> None:
        pulls.keep_to(RECORDED)
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        pulls.keep_to(lacking("c1"))
        await settle()
        assert states(line)[-1] == Condition.YIELDED
        pulls.keep_to(RECORDED)
        await settle()
        assert states(line)[-1] == Condition.PLAYING
        assert (len(cameras.opened), len(cameras.relayed)) == (1, 1)

    played(test, FIVE, relays=[FIVE])


def test_a_camera_that_was_let_go_before_recording_began_is_no_reason_to_burden_its_recorder() -> None:
    async def test(pulls: Pulls, cameras: Cameras) -> None:
        pulls.join(Line(), CAMERA, 0)
        await settle()
        for needs in (lacking("c1"), RECORDED):
            pulls.keep_to(needs)
            await settle()
        assert (len(cameras.opened), len(cameras.relayed)) == (2, 0)

    played(test, FIVE, relays=[FIVE])


def test_while_its_recorder_is_away_a_camera_with_one_connection_is_left_alone_and_after_a_minute_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulls_module, "RETRY_S", (0.02,))

    async def test(pulls: Pulls, cameras: Cameras) -> None:
        pulls.keep_to(RECORDED)
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle(0.2)  # the recorder went away, and nobody knows it yet
        assert states(line)[-1] == Condition.YIELDED
        assert len(cameras.opened) == 1
        assert len(cameras.relayed) > 3
        cameras.clock.advance(HOLD_OFF_S)
        await settle()
        assert len(cameras.opened) == 2, "its recorder is on another host, or nowhere"
        assert states(line)[-1] == Condition.PLAYING

    played(test, REFUSED, FIVE, relays=[[*FIVE, ConnectionLost("stopped")], [CameraRefused("not recorded")]])


def test_outside_an_exam_a_camera_that_is_shown_from_its_recorder_once_is_asked_itself_again() -> None:
    async def test(pulls: Pulls, cameras: Cameras) -> None:
        pulls.keep_to(RECORDED)
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        pulls.keep_to(Needs())
        await settle(0.7)
        assert states(line)[-1] == Condition.PLAYING
        assert (len(cameras.opened), len(cameras.relayed)) == (2, 2)

    over: list[AccessUnit | SourceError] = [*FIVE, ConnectionLost("the sitting is over")]
    played(test, REFUSED, FIVE, relays=[over, [CameraRefused("not recorded")]])


def test_channels_of_an_nvr_without_a_session_to_spare_are_shown_from_their_recorder() -> None:
    full = replace(CAMERA, device=Device("site/nvr", 4))

    async def test(pulls: Pulls, cameras: Cameras) -> None:
        pulls.keep_to(RECORDED)
        line = Line()
        pulls.join(line, full, 4)
        await settle()
        assert states(line)[-1] == Condition.PLAYING
        assert (len(cameras.opened), len(cameras.relayed)) == (0, 1)

    played(test, relays=[FIVE])

    async def nobody(pulls: Pulls, cameras: Cameras) -> None:
        line = Line()
        pulls.join(line, full, 4)
        await settle()
        assert states(line)[-1] == Condition.NO_ROOM
        assert not cameras.opened

    played(nobody, relays=[[CameraRefused("not recorded")]])


def test_at_the_end_every_viewer_is_told() -> None:
    async def test(pulls: Pulls, _: Cameras) -> None:
        line = Line()
        pulls.join(line, CAMERA, 0)
        await settle()
        await pulls.stop()
        assert line.ended is Why.STOPPING

    played(test)
