"""The line to a viewer by WHEP: numbers without holes, bounded, paced, and begun again at the newest key frame."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any

import pytest

from dashboard.live import packet_lines
from dashboard.live.fragments import Fragments, Head, Shown
from dashboard.live.lines import MOST_WAITING, Condition, Why
from dashboard.live.packet_lines import BURST, LOSSY_REPORTS, MOST_AGAIN, PacketLine
from dashboard.live.pictures import PAYLOAD_BYTES, Packets, Stream
from tests.fakes.time import NOON
from tests.ingest.pictures import GOP, unit

FIRST = 0xFFF0  # so that numbers begin anew soon


class Wire:
    """Keeps what is sent, with the loop's time of each burst."""

    def __init__(self) -> None:
        self.bursts: list[list[bytes]] = []
        self.reports: list[bytes] = []

    def send(self, packets: Sequence[bytes]) -> None:
        self.bursts.append(list(packets))

    def report(self, compound: bytes) -> None:
        self.reports.append(compound)

    @property
    def packets(self) -> list[bytes]:
        return [each for burst in self.bursts for each in burst]


def read(packet: bytes) -> tuple[bool, int, int]:
    """Marker, number and stamp."""
    _, kind, number, stamp, ssrc = struct.unpack_from(">BBHII", packet)
    assert (kind & 0x7F, ssrc) == (108, 7)
    return bool(kind & 0x80), number, stamp


def stream(count: int, begin: int = 0) -> tuple[Head, list[Shown]]:
    fragments, found, first = Fragments(), list[Shown](), None
    for number in range(begin, begin + count):
        head, picture = fragments.take(unit(number))
        first = first or head
        assert picture is not None
        found.append(picture)
    assert first is not None
    return first, found


def large(shown: Shown, size: int) -> Shown:
    nal = b"\x65" + bytes(size)
    packets = Packets([nal], (b"\x67sps", b"\x68pps"), shown.packets.ticks, key=shown.key)
    return Shown(shown.key, shown.arrived, shown.fragment, shown.framed, packets)


def run(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


def opened(past: Sequence[Shown] = (), head: Head | None = None) -> tuple[PacketLine, Wire]:
    wire = Wire()
    line = PacketLine(lambda: line.begin(head, past, NOON), lambda: NOON)
    line.open(wire, Stream(7, 108, FIRST))
    return line, wire


async def quiet(wire: Wire) -> None:
    """Until nothing more is sent."""
    seen = -1
    while seen != len(wire.bursts):
        seen = len(wire.bursts)
        await asyncio.sleep(0.03)


def test_a_picture_is_cut_once_for_everybody_and_sets_go_before_a_key_frame() -> None:
    head, (key, other) = stream(2)
    assert key.packets.payloads is key.packets.payloads
    assert key.packets.payloads[0][0] & 0x1F == 24  # both parameter sets in one packet (RFC 6184 5.7.1)
    assert all(len(each) <= PAYLOAD_BYTES for each in large(key, 200_000).packets.payloads)
    assert other.packets.payloads[0][0] & 0x1F != 24
    assert not head.reorders


def test_a_browser_that_knows_how_is_told_to_show_pictures_as_soon_as_they_are_decoded() -> None:
    _, (key, _) = stream(2)
    plain, told = Stream(7, 108, 0).packets(key.packets, 0), Stream(7, 108, 0, 5).packets(key.packets, 0)
    assert told[0][:1] == b"\x90"
    assert told[0][12:20] == bytes.fromhex("bede 0001 52 000000")  # RFC 8285 4.2: number 5, three bytes
    assert [each[:1] + each[12:] for each in plain] == [b"\x80" + each[20:] for each in told]


def test_a_viewer_begins_with_all_since_the_key_frame_stamped_to_be_shown_at_once() -> None:
    async def act() -> None:
        head, shown = stream(10)
        line, wire = opened(shown[:8], head)
        for each in shown[8:]:
            line.show(each)
        await quiet(wire)
        told = [read(each) for each in wire.packets]
        assert [number for _, number, _ in told] == [(FIRST + each) % 65536 for each in range(len(told))]
        stamps = [stamp for last, _, stamp in told if last]
        assert len(stamps) == 10
        assert stamps[7:] == [each.packets.ticks for each in shown[7:]]
        assert all(0 < after - before <= 90 for before, after in pairwise(stamps[:8]))

    run(act)


def test_a_large_picture_is_paced_and_what_follows_waits_for_it() -> None:
    async def act() -> None:
        head, (key, other) = stream(2)
        line, wire = opened((), head)
        line.show(large(key, 100_000))
        line.show(other)
        assert len(wire.bursts) == 1  # the rest waits
        await quiet(wire)
        assert max(map(len, wire.bursts)) <= BURST
        last = [stamp for _, _, stamp in map(read, wire.packets)]
        assert last == sorted(last)

    run(act)


def test_pictures_that_a_viewer_cannot_begin_with_are_not_sent() -> None:
    async def act() -> None:
        head, shown = stream(GOP + 2)
        line, wire = opened((), head)
        for each in shown[3:]:
            line.show(each)
        await quiet(wire)
        assert read(wire.packets[0])[2] == shown[GOP].packets.ticks

    run(act)


def test_where_too_much_waits_pictures_are_left_out_up_to_the_next_key_frame_without_a_hole_in_the_numbers() -> None:
    async def act() -> None:
        head, shown = stream(MOST_WAITING + 3 * GOP)
        line, wire = opened((), head)
        line.show(large(shown[0], 60_000))
        for each in shown[1:]:  # all at once, and nothing leaves in between
            line.show(each)
        await quiet(wire)
        told = [read(each) for each in wire.packets]
        assert [number for _, number, _ in told] == [(FIRST + each) % 65536 for each in range(len(told))]
        kept = {stamp for _, _, stamp in told}
        ticks = [each.packets.ticks for each in shown]
        begins = min(at for at, each in enumerate(ticks) if at > 0 and each in kept)
        assert shown[begins].key
        assert len(kept) < len(shown)

    run(act)


def test_lost_packets_are_sent_again_as_they_were_and_not_without_end() -> None:
    async def act() -> None:
        head, shown = stream(6)
        line, wire = opened((), head)
        for each in shown:
            line.show(each)
        await quiet(wire)
        sent = {read(each)[1]: each for each in wire.packets}
        wire.bursts.clear()
        numbers = list(sent)[2:5]
        line.lost([*numbers, 12345])
        assert wire.packets == [sent[each] for each in numbers]
        for _ in range(MOST_AGAIN):
            line.lost(numbers)
        assert len(wire.packets) == MOST_AGAIN

    run(act)


def test_who_lost_the_way_begins_again_at_the_key_frame_but_not_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        head, shown = stream(5)
        line, wire = opened(shown, head)
        await quiet(wire)
        first = len(wire.packets)
        line.wants_key_frame()
        await quiet(wire)
        assert len(wire.packets) == first  # a moment ago it had all of it
        monkeypatch.setattr(packet_lines, "AGAIN_S", 0.0)
        line.wants_key_frame()
        await quiet(wire)
        assert len(wire.packets) == 2 * first
        stamps = [stamp for last, _, stamp in map(read, wire.packets) if last]
        assert stamps == sorted(set(stamps))  # also what is sent twice is told as new

    run(act)


def test_a_network_that_loses_too_much_ends_it_and_so_does_another_format() -> None:
    async def act() -> None:
        head, _ = stream(1)
        line, _ = opened((), head)
        for _ in range(LOSSY_REPORTS - 1):
            line.heard(0.5)
        line.heard(0.0)
        assert line.ended is None
        for _ in range(LOSSY_REPORTS):
            line.heard(0.2)
        assert await line.over() is Why.LOSSY
        other, _ = opened((), head)
        other.head(head, NOON)
        assert other.ended is None
        other.head(Head("avc1.640028", 1, 1, b"", reorders=False), NOON)
        assert other.ended is Why.OTHER_FORMAT

    run(act)


def test_silence_counts_only_while_there_is_something_to_report(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        head, shown = stream(GOP)
        line, _ = opened((), head)
        now = asyncio.get_running_loop().time()
        monkeypatch.setattr(line, "_time", lambda: now)
        line.show(shown[0])
        now += 1
        line.heard(0.0)
        for each in shown[1:]:
            now += 2
            line.show(each)
        assert line.unanswered_s == 2 * (GOP - 1)
        line.heard(0.0)
        now += 60  # the camera stalls
        assert line.unanswered_s <= 0
        line.show(shown[0])
        assert line.unanswered_s == 0

    run(act)


def test_who_answers_an_offer_learns_the_format_or_what_is_in_its_way() -> None:
    async def act() -> None:
        head, _ = stream(1)
        line = PacketLine(lambda: None, lambda: NOON)
        asking = asyncio.create_task(line.settled())
        await asyncio.sleep(0)
        line.tell("camera", state=Condition.CONNECTING)
        await asyncio.sleep(0)
        assert not asking.done()
        line.begin(head, (), NOON)
        assert await asking is head
        refused = PacketLine(lambda: None, lambda: NOON)
        refused.tell("camera", state=Condition.YIELDED)
        assert await refused.settled() is Condition.YIELDED

    run(act)


def test_reports_tell_what_was_sent_and_when() -> None:
    async def act() -> None:
        head, shown = stream(2)
        line, wire = opened((), head)
        assert wire.reports == []
        for each in shown:
            line.show(each)
        (report,) = wire.reports  # one in a second
        assert report[1] == 200
        assert struct.unpack_from(">I", report, 16)[0] == shown[0].packets.ticks
        line.close()
        line.show(shown[0])
        assert len(wire.reports) == 1

    run(act)
