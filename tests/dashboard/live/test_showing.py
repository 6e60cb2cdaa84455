"""The socket itself, between a server and a client that share no code: hostile bytes, pings, silence, numbers."""

from __future__ import annotations

import time

import pytest

from dashboard.live import app as live_app
from dashboard.live import showing
from dashboard.live.wire import Close
from domain.viewings import Deed
from storage.errors import DatabaseUnavailable
from tests.dashboard.live.conftest import CAMERA, Hall
from tests.dashboard.live.watching import wait_for


def test_a_tile_is_told_the_format_then_the_head_and_pictures_with_their_arrival(hall: Hall) -> None:
    tile = hall.tile()
    assert tile.until("clock")["now"] > 0
    assert tile.until("format")["codec"].startswith("avc1.")
    head = tile.next()
    while not isinstance(head, bytes):
        head = tile.next()
    assert (head[0], head[16:20]) == (1, b"ftyp")
    first, *_ = tile.pictures(2)
    assert first[16:20] == b"moof"
    tile.ping(7)
    assert tile.until("pong")["ping"] == 7


def test_the_first_picture_is_there_at_once_where_a_key_frame_is_at_hand(hall: Hall) -> None:
    hall.tile().pictures(5)
    path = hall.path()
    begun = time.monotonic()
    hall.tile(path).pictures(1)
    assert time.monotonic() - begun < 5  # how fast a busy machine is, is no matter of tests; bench.live measures
    assert len(hall.sources) == 1


NEVER_SAID = (
    (b"x" * 300, 1, True, Close.TOO_LARGE),
    (b"{}", 1, False, Close.PROTOCOL_ERROR),
    (b"\xff\xfe", 1, True, Close.PROTOCOL_ERROR),
    (b"bytes", 2, True, Close.NOT_TAKEN),
    (b"", 11, True, Close.PROTOCOL_ERROR),
    (b"no json", 1, True, Close.NORMAL),
    (b'{"ping":"x"}', 1, True, Close.NORMAL),
    (b"[]", 1, True, Close.NORMAL),
    (b"\x03\xe8", 8, True, Close.NORMAL),
)


def test_who_says_what_no_page_of_ours_says_is_hung_up_on(hall: Hall) -> None:
    path = hall.path()
    for payload, opcode, masked, code in NEVER_SAID:
        tile = hall.tile(path)
        tile.say(payload, opcode, masked=masked)
        assert tile.ended() == code, payload
    wait_for(lambda: len(hall.written(Deed.LEAVE)) == len(NEVER_SAID))


def test_requests_that_are_no_websocket_of_ours_are_refused(hall: Hall) -> None:
    path = hall.path()
    assert hall.tile(path, **{"Sec-WebSocket-Version": "8"}).status == 426
    assert hall.tile(path, **{"Sec-WebSocket-Key": "short"}).status == 400
    assert hall.tile(path, **{"Sec-WebSocket-Key": ""}).status == 400
    assert hall.sources == []


def test_who_says_nothing_is_gone_after_a_while(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_app, "SILENT_S", 0.3)
    tile = hall.tile()
    assert tile.until("ended")["why"] == "silent"
    assert tile.ended() == Close.SILENT


def test_one_session_watches_so_many_tiles_and_no_more(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "MOST_OF_ONE", 2)
    path = hall.path()
    first, second, third = (hall.tile(path) for _ in range(3))
    assert third.until("ended")["why"] == "no_room"
    assert third.ended() == Close.NO_ROOM
    first.pictures(1)
    second.pictures(1)
    first.close()
    assert hall.showing is not None
    wait_for(lambda: hall.showing is not None and len(hall.showing.lines) == 1)
    hall.tile(path).pictures(1)


def test_what_cannot_be_written_down_is_not_shown(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hall.path()

    def down(*_: object) -> None:
        raise DatabaseUnavailable("it does not answer")

    monkeypatch.setattr(type(hall.exam.database.viewings), "add", down)
    assert hall.tile(path).status == 403
    assert hall.sources == []


def test_while_nobodys_right_can_be_known_nobody_watches(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    tile = hall.tile()
    tile.pictures(1)

    def down(*_: object) -> None:
        raise DatabaseUnavailable("it does not answer")

    monkeypatch.setattr(type(hall.exam.database.setup), "sittings", down)
    assert tile.until("ended")["why"] == "right_ended"
    monkeypatch.undo()


def test_a_camera_that_recording_lacks_is_told_as_such(hall: Hall) -> None:
    tile = hall.tile()
    tile.until("camera", state="playing")
    hall.lacking.add(CAMERA)
    tile.until("camera", state="yielded")
    wait_for(lambda: all(getattr(each, "closed", False) for each in hall.sources))
    hall.lacking.clear()
    tile.until("camera", state="playing")
    assert len(hall.sources) == 2
