"""The line to one viewer: bounded, told of what was left out, and of no consequence to anybody else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboard.live import wire
from dashboard.live.fragments import Fragments, Head, Shown
from dashboard.live.lines import MOST_WAITING, Line, Why
from dashboard.live.wire import Close
from tests.fakes.time import NOON
from tests.ingest.pictures import GOP, unit


def stream(count: int, begin: int = 0) -> tuple[Head, list[Shown]]:
    fragments, found, first = Fragments(), list[Shown](), None
    for number in range(begin, begin + count):
        head, picture = fragments.take(unit(number))
        first = first or head
        assert picture is not None
        found.append(picture)
    assert first is not None
    return first, found


def drained(line: Line) -> list[Any]:
    """All that waits: words as they are, of binary messages kind, flags and count; and the code at the end."""
    found = list[Any]()
    while (each := line._found()) is not None:
        if isinstance(each, Close):
            return [*found, each]
        at = 2 if each[1] < 126 else 4 if each[1] == 126 else 10
        found.append(json.loads(each[at:]) if each[0] == 0x81 else wire.opened(each[at:])[:3])
    return found


HEAD, PICTURES = (wire.HEAD, 0, 0), wire.PICTURES


def test_a_viewer_begins_with_all_pictures_since_the_key_frame_as_one_message() -> None:
    head, shown = stream(8)
    line = Line()
    line.begin(head, shown[:5], NOON)
    for each in shown[5:]:
        line.show(each)
    words, *binary = drained(line)
    assert (words["kind"], words["codec"]) == ("format", head.codec)
    assert binary == [HEAD, (PICTURES, wire.KEY | wire.PAST, 5), *[(PICTURES, 0, 1)] * 3]


def test_without_pictures_to_begin_with_a_viewer_waits_for_the_key_frame_and_is_told_of_nothing_left_out() -> None:
    head, shown = stream(GOP + 2)
    line = Line()
    line.begin(head, (), NOON)
    for each in shown[3:]:
        line.show(each)
    assert drained(line)[1:] == [HEAD, (PICTURES, wire.KEY, 1), (PICTURES, 0, 1)]


def test_who_is_slow_goes_on_with_the_next_key_frame_and_is_told_how_many_were_left_out() -> None:
    head, shown = stream(MOST_WAITING + 2 * GOP)
    line = Line()
    line.begin(head, (), NOON)
    for each in shown:
        line.show(each)
    _, _, words, first, *_ = found = drained(line)
    kept = sum(each[0] == PICTURES for each in found if isinstance(each, tuple))
    assert words == {"kind": "skipped", "pictures": len(shown) - kept}
    assert first == (PICTURES, wire.KEY, 1)


@given(st.lists(st.integers(0, 40), max_size=12), st.sampled_from([0.0, 0.16]))
def test_whatever_the_pace_a_line_is_bounded_and_each_picture_is_sent_or_told_of(
    reads: list[int], gather_s: float
) -> None:
    head, shown = stream(90)
    line, sent, told, waits_for_key = Line(gather_s=gather_s), 0, 0, True
    line.begin(head, (), NOON)
    paces = iter(reads)
    for number, each in enumerate(shown):
        line.show(each)
        assert len(line._waiting) <= MOST_WAITING + 1
        for _ in range(next(paces, 0) if number % 8 == 7 else 0):
            message = line._found()
            if message is None:
                break
            assert isinstance(message, bytes)
            told += json.loads(message[2:])["pictures"] if b'"skipped"' in message[:40] else 0
            if message[0] == 0x82 and (count := wire.opened(message[4 if message[1] == 126 else 2 :])[2]):
                sent += count
                waits_for_key = False
    rest = drained(line)
    sent += sum(each[2] for each in rest if isinstance(each, tuple))
    told += sum(each["pictures"] for each in rest if isinstance(each, dict) and each["kind"] == "skipped")
    assert sent + told + line._left_out == len(shown)
    assert waits_for_key or sent


def test_a_tile_gets_what_came_meanwhile_as_one_message_and_its_first_picture_at_once() -> None:
    head, shown = stream(8)

    async def run() -> list[bytes | Close]:
        line = Line(gather_s=0.2)
        line.begin(head, (), NOON)
        line.show(shown[0])
        first = [await line.next() for _ in range(3)][-1]
        for each in shown[1:3]:
            line.show(each)
        taking = asyncio.create_task(line.next())
        await asyncio.sleep(0)
        for each in shown[3:]:
            line.show(each)
        return [first, await taking]

    first, rest = asyncio.run(run())
    assert first == shown[0].framed
    assert isinstance(rest, bytes)
    *_, flags, count, arrived, fragments = wire.opened(rest[4:])
    assert (flags, count, arrived) == (0, 7, wire.microseconds(shown[-1].arrived))
    assert fragments == b"".join(each.fragment for each in shown[1:])


def test_what_is_gathered_says_whether_it_begins_with_a_key_frame() -> None:
    head, shown = stream(2 * GOP)
    line = Line(gather_s=0.2)
    line.begin(head, (), NOON)
    for each in shown[1:]:
        line.show(each)
    assert drained(line)[1:] == [HEAD, (PICTURES, wire.KEY, GOP)]


def test_words_are_never_left_out_and_of_one_kind_the_newest_counts() -> None:
    line = Line()
    line.tell("camera", state="connecting")
    line.tell("pong", ping=1)
    line.tell("camera", state="lost")
    assert drained(line) == [{"kind": "pong", "ping": 1}, {"kind": "camera", "state": "lost"}]


def test_another_head_leaves_out_what_waits_of_the_one_before() -> None:
    head, shown = stream(6)
    line = Line()
    line.begin(head, shown[:2], NOON)
    line.show(shown[2])
    other, later = stream(3)
    line.head(other, NOON)
    line.show(shown[3])  # no key frame
    for each in later:
        line.show(each)
    found = [each for each in drained(line) if isinstance(each, tuple)]
    assert found == [HEAD, (PICTURES, wire.KEY, 1), *[(PICTURES, 0, 1)] * 2]


def test_an_end_says_why_and_nothing_follows_it() -> None:
    async def run() -> list[bytes | Close]:
        line = Line()
        taking = asyncio.create_task(line.next())
        await asyncio.sleep(0)
        line.end(Why.RIGHT_ENDED)
        line.end(Why.STOPPING)
        return [await taking, await line.next(), await line.next()]

    words, *codes = asyncio.run(run())
    assert isinstance(words, bytes)
    assert json.loads(words[2:]) == {"kind": "ended", "why": "right_ended"}
    assert codes == [Close.RIGHT_ENDED] * 2
