"""Viewers of the relay: what they see, what they never cost, and what hostile ones achieve."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.relay import server as relay_server
from ingest.relay import wire
from ingest.relay.client import CameraLost, NotRelayed, RelayClient, RelayError, RelayLost
from ingest.relay.server import Channel, Relay
from ingest.relay.wire import Ended, Kind, LiveUnit
from tests.ingest.pictures import GOP, unit, video_format


@asynccontextmanager
async def _relay(folder: Path, name: str = "one") -> AsyncGenerator[Relay, None]:
    relay = Relay(folder, name)
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop()


def _played(play: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await play()

    asyncio.run(limited())


async def _until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110 (what is waited for tells nobody)
        await asyncio.sleep(0.005)


def _show(channel: Channel, numbers: range) -> None:
    for number in numbers:
        channel.show(unit(number))


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def _seen(units: AsyncGenerator[LiveUnit | CameraLost, None], count: int) -> list[LiveUnit]:
    found: list[LiveUnit] = []
    while len(found) < count:
        item = await anext(units)
        assert isinstance(item, LiveUnit)
        found.append(item)
    return found


def _same(seen: list[LiveUnit], numbers: range) -> bool:
    return [(item.nals, item.rtp_time, item.key) for item in seen] == [
        (unit(number).nals, unit(number).rtp_time, unit(number).key) for number in numbers
    ]


def test_two_viewers_see_every_picture_from_the_newest_key_frame_on(tmp_path: Path) -> None:
    async def play() -> None:
        async with _relay(tmp_path) as relay:
            channel = relay.channel("cam")
            _show(channel, range(20))
            client = RelayClient(tmp_path)
            async with aclosing(client.units("cam")) as one, aclosing(client.units("cam")) as two:
                assert _same(await _seen(one, 5), range(GOP, 20))
                _show(channel, range(20, 40))
                assert _same(await _seen(one, 20), range(20, 40))
                assert _same(await _seen(two, 10), range(2 * GOP, 40))
                assert channel.viewers == 2
            await _until(lambda: channel.viewers == 0)

    _played(play)


def test_the_first_picture_comes_with_its_format_and_its_arrival(tmp_path: Path) -> None:
    async def play() -> None:
        async with _relay(tmp_path) as relay:
            _show(relay.channel("cam"), range(1))
            async with aclosing(RelayClient(tmp_path).units("cam")) as units:
                (first,) = await _seen(units, 1)
                assert (first.format, first.arrived, first.skipped) == (video_format(), unit(0).arrived, False)

    _played(play)


def test_a_group_of_pictures_that_grew_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_server, "KEPT_BYTES", sum(len(nal) for n in range(5) for nal in unit(n).nals))

    async def play() -> None:
        async with _relay(tmp_path) as relay:
            channel = relay.channel("cam")
            _show(channel, range(10))
            async with aclosing(RelayClient(tmp_path).units("cam")) as units:
                waiting = asyncio.create_task(_seen(units, 3))
                await _until(lambda: channel.viewers == 1)
                _show(channel, range(10, GOP + 3))
                assert _same(await waiting, range(GOP, GOP + 3))

    _played(play)


def test_a_slow_viewer_misses_pictures_up_to_a_key_frame_and_costs_the_others_nothing(tmp_path: Path) -> None:
    async def play() -> None:
        async with _relay(tmp_path) as relay:
            channel = relay.channel("cam")
            large = bytes(1 << 20)
            reader, writer = await asyncio.open_unix_connection(str(relay.path), limit=1 << 10)
            writer.write(wire.request("cam"))
            async with aclosing(RelayClient(tmp_path).units("cam")) as quick:
                pulled = asyncio.create_task(anext(quick))
                await _until(lambda: channel.viewers == 2)
                for number in range(30):
                    channel.show(replace(unit(number), nals=(large,)))
                    item = await (pulled if number == 0 else anext(quick))
                    assert isinstance(item, LiveUnit)
                    assert not item.skipped
                assert channel.viewers == 2
                kinds = await _kinds(reader, until=8)
                assert Kind.SKIPPED not in kinds[:8]
                channel.show(replace(unit(30), nals=(b"key",)))
                channel.show(replace(unit(31), nals=(b"next",)))
                kinds += await _kinds(reader, until=1000, last=b"next")
                after = kinds[kinds.index(Kind.SKIPPED) :]
                assert after == [Kind.SKIPPED, Kind.UNIT, Kind.UNIT]
                assert kinds.count(Kind.UNIT) < 30
            writer.close()

    _played(play)


async def _kinds(reader: asyncio.StreamReader, until: int, last: bytes | None = None) -> list[Kind]:
    """The kinds of the next messages: so many, or up to the one that ends with ``last``."""
    found: list[Kind] = []
    while len(found) < until:
        kind, length = wire.head(await reader.readexactly(wire.HEAD_BYTES))
        body = await reader.readexactly(length)
        found.append(kind)
        if last is not None and body.endswith(last):
            break
    return found


def test_a_camera_that_is_lost_is_told_and_goes_on_with_a_key_frame(tmp_path: Path) -> None:
    async def play() -> None:
        async with _relay(tmp_path) as relay:
            channel = relay.channel("cam")
            _show(channel, range(3))
            async with aclosing(RelayClient(tmp_path).units("cam")) as units:
                await _seen(units, 3)
                channel.lost()
                assert isinstance(await anext(units), CameraLost)
                _show(channel, range(5, GOP + 2))
                assert _same(await _seen(units, 2), range(GOP, GOP + 2))

    _played(play)


def test_a_camera_that_nobody_records_is_refused_and_one_that_ends_too(tmp_path: Path) -> None:
    async def play() -> None:
        async with _relay(tmp_path) as relay:
            with pytest.raises(NotRelayed, match="not recorded now"):
                await anext(RelayClient(tmp_path).units("nobody"))
            _show(relay.channel("cam"), range(1))
            async with aclosing(RelayClient(tmp_path).units("cam")) as units:
                await _seen(units, 1)
                relay.drop("cam")
                with pytest.raises(NotRelayed):
                    await anext(units)

    _played(play)


def test_without_any_recorder_nothing_is_relayed(tmp_path: Path) -> None:
    async def play() -> None:
        with pytest.raises(NotRelayed):
            await anext(RelayClient(tmp_path / "none").units("cam"))

    _played(play)


def test_a_restarted_recorder_is_found_again_and_its_dead_socket_swept(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "killed.sock"))
    dead.close()

    async def play() -> None:
        async with _relay(tmp_path, "first") as relay:
            assert _names(tmp_path) == ["first.sock"]
            _show(relay.channel("cam"), range(1))
            units = RelayClient(tmp_path).units("cam")
            await _seen(units, 1)
        with pytest.raises(RelayLost, match="stopped"):
            await anext(units)
        assert _names(tmp_path) == []
        async with _relay(tmp_path, "second") as relay:
            _show(relay.channel("cam"), range(1))
            async with aclosing(RelayClient(tmp_path).units("cam")) as again:
                assert _same(await _seen(again, 1), range(1))

    _played(play)


def test_each_camera_is_found_at_the_recorder_that_has_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with _relay(tmp_path, "a") as first, _relay(tmp_path, "b") as second:
            _show(first.channel("one"), range(1))
            _show(second.channel("two"), range(2))
            async with aclosing(RelayClient(tmp_path).units("two")) as units:
                assert _same(await _seen(units, 2), range(2))

    _played(play)


def test_only_the_service_user_may_watch(tmp_path: Path) -> None:
    async def play() -> None:
        async with _relay(tmp_path / "live") as relay:
            assert stat.S_IMODE(relay.path.stat().st_mode) == 0o600
            assert stat.S_IMODE(relay.path.parent.stat().st_mode) == 0o700

    _played(play)


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100_000, b"KJR9\x03cam", b"KJR1\x00", wire.request("cam") + b"more"]
)
def test_hostile_bytes_end_their_own_connection_only(tmp_path: Path, said: bytes) -> None:
    async def play() -> None:
        async with _relay(tmp_path) as relay:
            channel = relay.channel("cam")
            _show(channel, range(1))
            reader, writer = await asyncio.open_unix_connection(str(relay.path))
            async with aclosing(RelayClient(tmp_path).units("cam")) as units:
                await _seen(units, 1)
                writer.write(said)
                got = await _everything(reader)
                assert got in (b"", wire.message(Kind.ENDED, bytes((Ended.MALFORMED,))))
                _show(channel, range(1, 4))
                assert _same(await _seen(units, 3), range(1, 4))
                assert channel.viewers == 1
            writer.close()

    _played(play)


async def _everything(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


def test_who_asks_for_nothing_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_server, "REQUEST_S", 0.05)

    async def play() -> None:
        async with _relay(tmp_path) as relay:
            reader, writer = await asyncio.open_unix_connection(str(relay.path))
            assert await reader.read() == wire.message(Kind.ENDED, bytes((Ended.MALFORMED,)))
            writer.close()

    _played(play)


def test_more_viewers_than_may_be_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_server, "MOST_VIEWERS", 1)

    async def play() -> None:
        async with _relay(tmp_path) as relay:
            _show(relay.channel("cam"), range(1))
            async with aclosing(RelayClient(tmp_path).units("cam")) as units:
                await _seen(units, 1)
                with pytest.raises(NotRelayed, match="as many viewers as it may"):
                    await anext(RelayClient(tmp_path).units("cam"))

    _played(play)


@pytest.mark.parametrize("said", [b"\xff" * 9, b"\x00\x00\x00\x01\x09", wire.unit_message(unit(0)), b"\x00\x00"])
def test_a_recorder_that_talks_nonsense_is_an_error_of_the_relay(tmp_path: Path, said: bytes) -> None:
    async def play() -> None:
        async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            writer.close()

        server = await asyncio.start_unix_server(talk, str(tmp_path / "odd.sock"))
        with pytest.raises(RelayError):
            await anext(RelayClient(tmp_path).units("cam"))
        server.close()
        await server.wait_closed()

    _played(play)
