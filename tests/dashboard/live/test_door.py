"""Who is let in to watch live, and who is not: what is refused first, and what is written down of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from dashboard.access import accounts
from dashboard.access.table import MAY, Act
from dashboard.access.tickets import LIVE_LASTS, LiveTickets
from dashboard.live.door import Pages
from domain.disposal import Decision, Settled
from domain.holds import Order
from domain.people import Reach, Role
from domain.viewings import SHOWN, Deed
from tests.dashboard.exam import BATCH, SITE, TESTER, TOKEN
from tests.dashboard.live.conftest import CAMERA, ORIGIN, Hall
from tests.dashboard.live.watching import wait_for

INSIDE = {Reach.CITY: (), Reach.COUNTY: (SITE.county,), Reach.SITE: (SITE.id,), Reach.BATCHES: (BATCH,)}
WATCHERS = sorted(role for role in Role if role in MAY[Act.WATCH_OPEN])
OTHERS = sorted(role for role in Role if role not in MAY[Act.WATCH_OPEN])


def nothing_was_shown(hall: Hall) -> bool:
    return not hall.sources and all(each.outcome != SHOWN for each in hall.written(Deed.LIVE))


FOREIGN = (
    None,
    "null",
    "https://evil.example",
    "http://127.0.0.1:9000",  # another service of this host, to which browsers show the same cookie
    "http://127.0.0.1",
    "http://127.0.0.1.evil.example:8000",
    "file://",
    "http://[::1",
)


def test_a_page_that_is_not_ours_opens_nothing_even_with_cookie_and_ticket(hall: Hall) -> None:
    path = hall.path()
    assert [hall.tile(path, origin=origin).status for origin in FOREIGN] == [403] * len(FOREIGN)
    assert hall.written(Deed.LIVE) == []
    assert nothing_was_shown(hall)


def test_without_a_session_nothing_opens_and_the_refusal_is_written_down(hall: Hall) -> None:
    path = hall.path()
    assert [hall.tile(path, token).status for token in (None, "", "never given", "supervisor")] == [403] * 4
    # of those who are nobody one refusal in a while is written down, so that nobody fills the disk with them
    assert [(each.outcome, each.camera) for each in hall.written(Deed.LIVE)] == [("not-logged-in", CAMERA)]
    assert nothing_was_shown(hall)


def test_a_role_without_the_right_gets_neither_list_nor_ticket_nor_pictures(hall: Hall) -> None:
    for role in OTHERS:
        hall.account(role, role, *INSIDE[role.reach])
        cookie = {"Cookie": f"kaojian_session={role}"}
        assert httpx.get(f"{hall.pages}/api/v1/live", headers=cookie).status_code == 403
        assert hall.ticket(role).status_code == 403
        session = hall.exam.database.accounts.sessions(role)[0].id
        forged = hall.tickets.issue(session, CAMERA, hall.exam.clock.now())
        assert hall.tile(f"/api/v1/live/{CAMERA}?ticket={forged}", role).status == 403
    assert [each.outcome for each in hall.written(Deed.LIVE)] == ["not-allowed"] * 2 * len(OTHERS)
    assert nothing_was_shown(hall)


def test_outside_its_scope_a_role_finds_no_camera(hall: Hall) -> None:
    limited = [role for role in WATCHERS if role.reach is not Reach.CITY]
    for role in limited:
        hall.account(role, role, "elsewhere")
        assert hall.ticket(role).status_code == 404
        session = hall.exam.database.accounts.sessions(role)[0].id
        forged = hall.tickets.issue(session, CAMERA, hall.exam.clock.now())
        assert hall.tile(f"/api/v1/live/{CAMERA}?ticket={forged}", role).status == 403
    assert [each.outcome for each in hall.written(Deed.LIVE)] == ["unknown-camera"] * 2 * len(limited)
    assert nothing_was_shown(hall)


def test_who_is_recused_from_the_batch_finds_no_camera_of_it(hall: Hall) -> None:
    path = hall.path()
    accounts.recuse(hall.exam.database, "supervisor", BATCH, reason="女儿应考", actor=TESTER, clock=hall.exam.clock)
    assert hall.ticket().status_code == 404
    assert hall.tile(path).status == 403
    assert nothing_was_shown(hall)


def test_what_is_withheld_is_shown_live_to_those_alone_who_decide_on_it(hall: Hall) -> None:
    hall.account("li", Role.SITE_OPERATOR, SITE.id)
    path, database, now = hall.path("li"), hall.exam.database, hall.exam.clock.now()
    watching = hall.tile(path, "li")
    assert watching.status == 101
    kept = database.withholdings.add(CAMERA, now, None, Order(now, TESTER, "拍到更衣区"))
    assert hall.ticket("li").status_code == 403
    assert hall.tile(path, "li").status == 403  # with the ticket from before
    assert hall.written(Deed.LIVE)[-1].outcome == "withheld"
    assert hall.showing is not None
    assert hall.tile(hall.path()).status == 101  # a city supervisor
    lines = hall.showing.lines
    wait_for(lambda: {each.viewer.account.name for each in lines.values()} == {"supervisor"})  # and li's line ended
    no = Decision(Settled.DECLINED, now, TESTER, Role.CITY_SUPERVISOR, "不是")
    database.withholdings.decide(kept.number, no, lambda _: None)
    assert hall.ticket("li").status_code == 200


def test_a_camera_of_no_sitting_that_is_open_or_about_to_be_cannot_be_watched(hall: Hall) -> None:
    path, setup = hall.path(), hall.exam.database.setup
    for number in (1, 2):
        start = setup.valid(BATCH, number, hall.exam.clock.now()).plan.planned_start
        setup.open_sitting(BATCH, number, start, start)
        setup.close_sitting(BATCH, number, start, start + timedelta(minutes=1))
    assert hall.ticket().status_code == 404
    assert hall.tile(path).status == 403
    assert nothing_was_shown(hall)


def test_a_ticket_opens_nothing_but_its_camera_for_its_session_for_half_a_minute(hall: Hall) -> None:
    hall.account("li", Role.SITE_OPERATOR, SITE.id)
    path = hall.path()
    ticket = path.partition("ticket=")[2]
    spoilt = ticket[:-2] + ("AA" if not ticket.endswith("AA") else "BB")
    key = LiveTickets(LiveTickets.new_key())
    session = hall.exam.database.accounts.sessions("supervisor")[0].id
    for wrong, token in (
        (path, "li"),
        (path.replace(CAMERA, "A-cam-2"), TOKEN),
        (path.partition("?")[0], TOKEN),
        (path.replace(ticket, spoilt), TOKEN),
        (path.replace(ticket, "ü"), TOKEN),
        (path.replace(ticket, key.issue(session, CAMERA, hall.exam.clock.now())), TOKEN),
    ):
        assert hall.tile(wrong.encode("ascii", "ignore").decode(), token).status == 403
    assert {each.outcome for each in hall.written(Deed.LIVE)} == {"unknown"}
    hall.exam.clock.advance(LIVE_LASTS.total_seconds())
    assert hall.tile(path).status == 403
    assert hall.written(Deed.LIVE)[-1].outcome == "address-expired"
    assert nothing_was_shown(hall)


def test_with_a_first_password_or_without_the_factor_that_is_asked_for_nothing_opens(hall: Hall) -> None:
    assert hall.showing is not None
    door = hall.showing.door
    path = hall.path()
    door._backed = replace(door._backed, with_factor=frozenset({Role.CITY_SUPERVISOR}))
    assert hall.tile(path).status == 403
    assert [each.outcome for each in hall.written(Deed.LIVE)] == ["factor-must-enrol"]
    assert nothing_was_shown(hall)


@pytest.mark.parametrize("role", WATCHERS)
def test_who_may_sees_the_camera_and_begin_and_end_are_written_down(hall: Hall, role: Role) -> None:
    hall.account("may", role, *INSIDE[role.reach])
    listed = httpx.get(f"{hall.pages}/api/v1/live", headers={"Cookie": "kaojian_session=may"}).json()
    assert [each["camera"] for each in listed] == [camera.id for room in SITE.rooms for camera in room.cameras]
    tile = hall.tile(hall.path("may"), "may")
    assert tile.status == 101
    tile.pictures(3)
    (begun,) = hall.written(Deed.LIVE, Deed.LEAVE)
    assert (begun.actor.name, begun.role, begun.outcome) == ("account:may", role, SHOWN)
    assert (begun.camera, begun.batch, begun.source, begun.span) == (CAMERA, BATCH, "127.0.0.1", None)
    tile.close()
    wait_for(lambda: len(hall.written(Deed.LEAVE)) == 1)
    (left,) = hall.written(Deed.LEAVE)
    assert (left.camera, left.batch, left.session) == (CAMERA, BATCH, begun.session)
    assert left.span is not None
    assert left.span.start == begun.at


def test_other_methods_and_other_addresses_show_nothing(hall: Hall) -> None:
    for method, path in (
        ("GET", f"/api/v1/live/{CAMERA}"),
        ("GET", "/"),
        ("POST", "/api/v1/session"),
        ("GET", "/docs"),
    ):
        assert httpx.request(method, hall.address + path).status_code in (404, 405)
    assert hall.tile("/api/v1/nothing").status == 403
    assert nothing_was_shown(hall)


@pytest.mark.parametrize(
    ("origin", "host", "are"),
    [
        ("http://kaojian.cn:8000", "kaojian.cn:8001", True),
        ("http://KAOJIAN.cn:8000", "kaojian.CN:8001", True),
        ("http://[::1]:8000", "[::1]:8001", True),
        ("https://pages.example", "kaojian.cn:8001", True),
        ("https://pages.example:8443", "kaojian.cn:8001", False),
        ("http://kaojian.cn", "kaojian.cn:8001", False),
        ("http://other.cn:8000", "kaojian.cn:8001", False),
        ("ftp://kaojian.cn:8000", "kaojian.cn:8001", False),
        ("http://kaojian.cn:8000", "", False),
        ("", "", False),
    ],
)
def test_pages_are_ours_by_host_and_port_or_by_the_address_that_is_set(origin: str, host: str, are: bool) -> None:
    assert Pages(8000, "https://pages.example").are(origin, host) is are


def test_pages_are_at_the_usual_port_of_their_scheme_where_that_is_set() -> None:
    assert Pages(443).are("https://kaojian.cn", "kaojian.cn:444")
    assert not Pages(443).are("http://kaojian.cn", "kaojian.cn:444")
    assert ORIGIN.endswith(":8000")
