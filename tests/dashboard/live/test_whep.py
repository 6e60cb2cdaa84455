"""Live pictures by WHEP, to a client that is not ours: who gets them, how they end, and what else is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest

from dashboard.access import accounts
from dashboard.access.table import LIVE, MAY
from dashboard.access.tickets import LIVE_LASTS
from dashboard.live import packet_lines, showing, whep
from dashboard.live.peers import Peer
from domain.people import Reach, Role
from domain.viewings import SHOWN, Deed
from ingest.source import CameraRefused
from storage.errors import DatabaseUnavailable
from storage.media import Codec
from tests.dashboard.exam import BATCH, SITE, TESTER, TOKEN
from tests.dashboard.live.conftest import CAMERA, ORIGIN, Hall
from tests.dashboard.live.offered import OFFER
from tests.dashboard.live.test_door import FOREIGN, INSIDE, nothing_was_shown
from tests.dashboard.live.watching import wait_for
from tests.dashboard.live.whep_client import Watched, watching
from tests.fakes.source import FakeSource
from tests.ingest.pictures import unit

SDP = {"Content-Type": "application/sdp"}
ELSEWHERE = "elsewhere"


def url(hall: Hall, token: str = TOKEN) -> str:
    found: str = hall.ticket(token).json()["whep"]
    return hall.address + found


def headers(token: str | None = TOKEN, origin: str | None = ORIGIN) -> dict[str, str]:
    cookie = {} if token is None else {"Cookie": f"kaojian_session={token}"}
    return {**cookie, **({} if origin is None else {"Origin": origin})}


def ask(hall: Hall, where: str | None = None, token: str | None = TOKEN, **more: Any) -> httpx.Response:
    origin = more.pop("origin", ORIGIN)
    sent = {**SDP, **headers(token, origin), **more.pop("headers", {})}
    return httpx.post(where or url(hall), content=more.pop("content", OFFER), headers=sent, timeout=30)


def end(hall: Hall, answer: httpx.Response, token: str | None = TOKEN, origin: str | None = ORIGIN) -> int:
    where = hall.address + answer.headers["Location"]
    return httpx.delete(where, headers=headers(token, origin), timeout=30).status_code


def problem(answer: httpx.Response) -> str:
    found: str = answer.json()["type"]
    return found.removeprefix("urn:kaojian:problem:")


def watch(hall: Hall, act: Callable[[Watched], Coroutine[Any, Any, None]], token: str = TOKEN) -> None:
    async def run() -> None:
        async with watching(url(hall, token), headers(token)) as watched:
            assert watched.answer.status_code == 201, watched.answer.text
            await act(watched)

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_for, condition)


def left(hall: Hall) -> bool:
    return len(hall.written(Deed.LEAVE)) == len([each for each in hall.written(Deed.LIVE) if each.outcome == SHOWN])


# Pictures.


def test_pictures_are_decoded_at_the_other_end_and_begin_and_end_are_written_down(hall: Hall) -> None:
    hall.pictures = 2000

    async def act(watched: Watched) -> None:
        await watched.until(20)
        (picture, *_) = watched.pictures
        assert (picture.width, picture.height) == (320, 192)
        (begun,) = hall.written(Deed.LIVE, Deed.LEAVE)
        assert (begun.actor.name, begun.camera, begun.batch, begun.outcome) == (
            "account:supervisor",
            CAMERA,
            BATCH,
            SHOWN,
        )
        assert await asyncio.to_thread(end, hall, watched.answer) == 200
        await until(lambda: left(hall))

    watch(hall, act)
    (last,) = hall.written(Deed.LEAVE)
    assert last.span is not None


def test_all_ways_share_one_pull_and_late_viewers_begin_with_the_kept_key_frame(hall: Hall) -> None:
    hall.pictures = 25  # one key frame at the very beginning and one after 15: then no other comes any more
    hall.tile().pictures(3)

    async def act(watched: Watched) -> None:
        await until(lambda: hall.showing is not None and list(hall.showing.pulls.watched.values()) == [2])
        await watched.until(5)

    watch(hall, act)
    assert len(hall.sources) == 1


def test_a_viewer_that_goes_without_a_word_is_noticed(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.pictures = 2000
    monkeypatch.setattr(whep, "LOOK_S", 0.05)
    monkeypatch.setattr(whep, "SILENT_S", 0.2)  # aiortc reports every second or so, which is too seldom for this

    async def act(watched: Watched) -> None:
        await watched.until(3)
        await until(lambda: left(hall))

    watch(hall, act)


def test_who_never_comes_to_the_address_that_was_answered_is_gone(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.live.peers.CONNECT_S", 0.2)
    answer = ask(hall)
    assert answer.status_code == 201
    wait_for(lambda: left(hall))
    assert hall.showing is not None
    assert (hall.showing.lines, hall.showing.of_session) == ({}, {})
    assert end(hall, answer) == 200  # many clients hang up first, and then say that they do


def test_a_resource_does_not_outlive_its_end_for_long(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whep, "LINGER_S", 0.0)
    answer = ask(hall)
    assert end(hall, answer) == 200
    wait_for(lambda: end(hall, answer) == 404)
    assert len(hall.written(Deed.LEAVE)) == 1


def test_who_loses_the_right_is_out_within_seconds(hall: Hall) -> None:
    hall.pictures = 2000

    async def act(watched: Watched) -> None:
        await watched.until(3)
        recuse = partial(accounts.recuse, hall.exam.database, "supervisor", BATCH, reason="女儿应考")
        await asyncio.to_thread(recuse, actor=TESTER, clock=hall.exam.clock)
        await until(lambda: left(hall))
        await until(lambda: watched.connection.connectionState in ("failed", "closed"))

    watch(hall, act)


def test_a_viewer_that_lost_packets_gets_them_again_or_begins_anew(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.pictures = 2000
    monkeypatch.setattr(packet_lines, "AGAIN_S", 0.1)
    dropped = [0]
    send = Peer.send

    def losing(peer: Peer, packets: list[bytes]) -> None:
        dropped[0] += 1
        if dropped[0] % 7:
            send(peer, packets)

    monkeypatch.setattr(Peer, "send", losing)

    async def act(watched: Watched) -> None:
        await watched.until(60)

    watch(hall, act)
    assert dropped[0] > 7


# Who.


def test_every_way_opens_for_whom_the_table_says_and_for_nobody_else(hall: Hall) -> None:
    """The generated test of the process that shows live pictures: each role, inside and outside its scope."""
    assert hall.showing is not None
    for number, role in enumerate(Role):
        limited = role.reach is not Reach.CITY
        for token, names in ((f"in{number}", INSIDE[role.reach]), *([(f"out{number}", (ELSEWHERE,))] * limited)):
            hall.account(token, role, *names)
            session = hall.exam.database.accounts.sessions(token)[0].id
            ticket = hall.tickets.issue(session, CAMERA, hall.exam.clock.now())
            inside, outside = names is INSIDE[role.reach], names == (ELSEWHERE,)
            told = {
                way: 200 if role in MAY[act] and inside else 404 if role in MAY[act] and outside else 403
                for way, act in LIVE.items()
            }
            tile = hall.tile(f"/api/v1/live/{CAMERA}?ticket={ticket}", token)
            assert tile.status == (101 if told["live"] == 200 else 403), (role, names)
            tile.close()
            answer = ask(hall, f"{hall.address}/api/v1/whep/{CAMERA}?ticket={ticket}", token)
            assert answer.status_code == (201 if told["whep"] == 200 else told["whep"]), (role, names, answer.text)
            if answer.status_code == 201:
                assert end(hall, answer, token) == told["whep_end"]
    wait_for(lambda: left(hall))


def test_no_route_of_the_process_is_outside_the_table(hall: Hall) -> None:
    assert hall.routes - {"metrics"} == set(LIVE)  # which programs of this host ask without an account


def test_a_page_that_is_not_ours_gets_nothing_and_may_not_read_why(hall: Hall) -> None:
    where = url(hall)
    for origin in FOREIGN:
        answer = ask(hall, where, origin=origin)
        assert (answer.status_code, problem(answer)) == (403, "cross-site")
        assert "Access-Control-Allow-Origin" not in answer.headers
        preflight = {"Access-Control-Request-Method": "POST", **headers(None, origin)}
        assert "Access-Control-Allow-Origin" not in httpx.options(where, headers=preflight).headers
    assert hall.written(Deed.LIVE) == []
    assert nothing_was_shown(hall)


def test_without_session_right_or_standing_ticket_nothing_is_shown(hall: Hall) -> None:
    where = url(hall)
    assert hall.showing is not None
    assert [problem(ask(hall, where, token)) for token in (None, "never given")] == ["not-logged-in"] * 2
    hall.account("li", Role.SITE_OPERATOR, SITE.id)
    assert problem(ask(hall, where, "li")) == "unknown"
    assert problem(ask(hall, where.replace(CAMERA, "A-cam-2"))) == "unknown"
    assert problem(ask(hall, where.partition("?")[0])) == "unknown"
    hall.exam.clock.advance(LIVE_LASTS.total_seconds())
    assert problem(ask(hall, where)) == "address-expired"
    where, door = url(hall), hall.showing.door
    accounts.recuse(hall.exam.database, "supervisor", BATCH, reason="女儿应考", actor=TESTER, clock=hall.exam.clock)
    assert problem(ask(hall, where)) == "unknown-camera"
    door._backed = replace(door._backed, with_factor=frozenset({Role.CITY_SUPERVISOR}))
    assert problem(ask(hall, where)) == "factor-must-enrol"
    assert nothing_was_shown(hall)


def test_what_cannot_be_written_down_is_not_shown(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    where = url(hall)

    def down(*_: object) -> None:
        raise DatabaseUnavailable("it does not answer")

    monkeypatch.setattr(type(hall.exam.database.viewings), "add", down)
    assert problem(ask(hall, where)) == "database-unavailable"
    assert hall.sources == []


def test_one_session_watches_so_much_and_no_more_whichever_way(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "MOST_OF_ONE", 2)
    hall.tile().pictures(1)
    first = ask(hall)
    assert first.status_code == 201
    refused = ask(hall)
    assert (refused.status_code, problem(refused)) == (503, "no-room-to-watch")
    assert int(refused.headers["Retry-After"]) > 0
    assert end(hall, first) == 200
    wait_for(lambda: hall.showing is not None and len(hall.showing.lines) == 1)
    again = ask(hall)
    assert again.status_code == 201
    assert end(hall, again) == 200


def test_a_resource_is_ended_by_the_session_that_made_it_from_a_page_of_ours_and_by_nobody_else(hall: Hall) -> None:
    answer = ask(hall)
    hall.account("li", Role.SITE_OPERATOR, SITE.id)
    assert end(hall, answer, "li") == 404
    assert end(hall, answer, None) == 404
    assert end(hall, answer, TOKEN, "https://evil.example") == 403
    other = httpx.Response(201, headers={"Location": answer.headers["Location"].replace(CAMERA, "A-cam-2")})
    assert end(hall, other) == 404
    assert hall.written(Deed.LEAVE) == []
    assert end(hall, answer) == 200
    wait_for(lambda: left(hall))


def test_a_websocket_without_pictures_tells_when_each_arrived_and_is_no_viewing(hall: Hall) -> None:
    hall.pictures = 2000
    tile = hall.tile(hall.path() + "&pictures=false")
    first, second = tile.until("arrived"), tile.until("arrived")
    assert 0 < second["at"] - first["at"] < 2_000_000
    assert second["stamp"] > first["stamp"]
    tile.close()
    assert hall.showing is not None
    wait_for(lambda: hall.showing is not None and not hall.showing.lines)
    assert hall.written(Deed.LIVE, Deed.LEAVE) == []


# What else is answered.


def test_cameras_that_cannot_be_shown_by_it_are_refused_with_the_reason(hall: Hall) -> None:
    assert hall.showing is not None
    hall.lacking.add(CAMERA)
    wait_for(lambda: hall.showing is not None and CAMERA in hall.showing.pulls._needs.lacks)
    yielded = ask(hall)
    assert (yielded.status_code, problem(yielded)) == (409, "not-live-now")
    assert "recording" in yielded.json()["detail"]
    assert int(yielded.headers["Retry-After"]) > 0
    hall.lacking.clear()
    wait_for(lambda: hall.showing is not None and not hall.showing.pulls._needs.lacks)
    modest = OFFER.replace("a=fmtp", "a=x-fmtp")
    assert problem(ask(hall, content=modest)) == "nothing-in-common"
    wait_for(lambda: left(hall))


@pytest.mark.parametrize("said", ["h265", "refused"])
def test_a_camera_of_another_codec_or_that_refuses_is_told_as_such(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    picture = unit(0)
    h265 = replace(picture, format=replace(picture.format, codec=Codec.H265))
    script = [h265] if said == "h265" else [CameraRefused("401")]
    monkeypatch.setattr(hall, "open", lambda _: FakeSource(hall.exam.clock, script))
    assert hall.showing is not None
    hall.showing.pulls._open = hall.open
    answer = ask(hall)
    wanted = (406, "nothing-in-common", "H.264") if said == "h265" else (409, "not-live-now", "refuses")
    assert (answer.status_code, problem(answer)) == wanted[:2]
    assert wanted[2] in answer.json()["detail"]
    wait_for(lambda: left(hall))


def test_what_is_no_offer_is_refused_before_anybody_is_asked(hall: Hall) -> None:
    where = url(hall)
    for content, sent in (
        ("", {}),
        ("x" * 70_000, {}),
        (b"\xff\xfe", {}),
        (OFFER, {"Content-Type": "application/json"}),
        (OFFER.replace("recvonly", "sendonly"), {}),
    ):
        answer = ask(hall, where, content=content, headers=sent)
        assert (answer.status_code, problem(answer)) == (400, "offer-refused"), content[:20]
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN  # our page may read why
    assert hall.written(Deed.LIVE) == []
    assert hall.sources == []


def test_candidates_are_not_trickled_and_nothing_restarts(hall: Hall) -> None:
    answer = ask(hall)
    where = hall.address + answer.headers["Location"]
    trickled = httpx.patch(where, headers={**headers(), "Content-Type": "application/trickle-ice-sdpfrag"})
    assert trickled.status_code == 405
    assert "ETag" not in answer.headers
    assert httpx.get(where, headers=headers()).status_code == 405
    assert end(hall, answer) == 200


def test_our_pages_may_ask_from_their_port(hall: Hall) -> None:
    where = url(hall)
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = httpx.options(where, headers={**preflight, **headers(None)})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Accept-Post"] == "application/sdp"
    assert answer.headers["Vary"] == "Origin"
    assert hall.sources == []


def test_the_first_picture_is_there_at_once_where_a_key_frame_is_at_hand(hall: Hall) -> None:
    hall.pictures = 2000
    hall.tile().pictures(5)
    begun = time.monotonic()

    async def act(watched: Watched) -> None:
        await watched.until(1)
        assert time.monotonic() - begun < 10  # how fast a busy machine is, is no matter of tests; bench.live measures

    watch(hall, act)
