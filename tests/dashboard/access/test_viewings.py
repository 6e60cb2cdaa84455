"""Whoever looks at footage, and whoever is refused it, is written down before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access.table import MAY, ROUTES, Act, may
from dashboard.access.tickets import LASTS, Ticket, Tickets
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.chain import Record
from domain.people import Account, Reach, Role, Scope
from domain.timeline import Interval, rfc3339
from domain.viewings import SHOWN, Deed, Viewing
from storage.audit.checking import Vouchers, check
from storage.audit.notary import SEALS
from tests.dashboard.exam import BATCH, SITE, WINDOW, Exam, log_in
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER

SPAN = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end), "purpose": "复核成绩有疑"}
PLAYLIST = "/api/v1/cameras/A-cam-1/playlist.m3u8"
CAMERA = f"/api/v1/batches/{BATCH}/cameras/A-cam-1"
EXPORT = f"/api/v1/batches/{BATCH}/export.zip"
ASKED_BY_SPAN = {"playlist": PLAYLIST, "film": f"{CAMERA}/film.mp4", "screener": f"{CAMERA}/screener.mp4"}
TICKETS = Tickets()


@pytest.fixture(scope="module")
def talking(exam: Exam) -> Iterator[httpx.Client]:
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None)
    app.state.backing = replace(app.state.backing, tickets=TICKETS)
    with client(app, None) as one:
        yield one


def cookie(exam: Exam, role: Role, *names: str) -> dict[str, str]:
    reach = Scope(role.reach, frozenset(names))
    name = f"{role}-v{len(exam.database.accounts.all())}"
    log_in(exam, Account(name, role, reach, exam.clock.now(), False), name)
    return {"Cookie": f"{COOKIE}={name}"}


def since(exam: Exam, number: int) -> list[Viewing]:
    """The viewings after that number, oldest first."""
    return [each.viewing for each in reversed(exam.database.viewings.latest(1000)) if each.number > number]


def head(exam: Exam) -> int:
    found = exam.database.viewings.head()
    return 0 if found is None else found.number


def test_what_is_shown_is_written_down_with_who_what_when_whence_and_why(exam: Exam, talking: httpx.Client) -> None:
    headers, before = cookie(exam, Role.CITY_OFFICER), head(exam)
    segment = exam.segments("A-cam-1")[0]
    opened = talking.get(PLAYLIST, params=SPAN, headers=headers)
    assert opened.status_code == 200
    address = re.findall("(/api/v1/footage/.*)/media.m4s", opened.text)[0]
    assert talking.get(f"{address}/init.mp4", headers=headers).status_code == 200
    assert talking.get(f"{address}/media.m4s", headers={**headers, "Range": "bytes=0-99"}).status_code == 206
    assert talking.get(f"{address}/file.mp4", headers=headers).status_code == 200
    found = since(exam, before)
    assert [(each.deed, each.outcome) for each in found] == [
        (deed, SHOWN) for deed in (Deed.OPEN, Deed.FETCH, Deed.SAVE)
    ]
    assert {(each.role, each.camera, each.batch, each.source) for each in found} == {
        ("city_officer", "A-cam-1", BATCH, "127.0.0.1")
    }
    assert {each.actor.name for each in found} == {"account:" + headers["Cookie"].partition("=")[2]}
    assert {each.at for each in found} == {exam.clock.now()}
    assert [each.purpose for each in found] == ["复核成绩有疑", "", ""]
    assert [each.span for each in found] == [WINDOW, segment.interval, segment.interval]
    assert [each.key for each in found] == ["", segment.key, segment.key]
    assert all(len(each.session) == 64 for each in found)


@pytest.mark.parametrize("role", sorted(MAY[Act.WATCH]))
def test_who_reviews_or_audits_says_why_before_a_playlist_is_given(
    exam: Exam, talking: httpx.Client, role: Role
) -> None:
    inside = {Role.COUNTY_SUPERVISOR: [SITE.county], Role.SITE_OPERATOR: [SITE.id], Role.AUDITOR: [BATCH]}
    headers, before = cookie(exam, role, *inside.get(role, [])), head(exam)
    for purpose in ("", "    x    ", None):
        answer = talking.get(PLAYLIST, params=SPAN | {"purpose": purpose}, headers=headers)
        refused = role in {Role.CITY_OFFICER, Role.AUDITOR}
        assert answer.status_code == (422 if refused else 200)
        assert not refused or answer.json()["type"] == "urn:kaojian:problem:purpose-needed"
    assert {each.outcome for each in since(exam, before)} == {"purpose-needed" if refused else SHOWN}
    told = talking.get("/api/v1/session", headers=headers).json()["account"]
    assert told["says_why"] is refused


FRAME = f"/api/v1/batches/{BATCH}/cameras/A-cam-1/frame.jpg"
PICTURE = Interval(WINDOW.start + timedelta(seconds=5), WINDOW.start + timedelta(seconds=5.001))
BY_BATCH = {"film", "screener", "frame", "export_batch"}
WATCHED = [
    name
    for name, act in ROUTES.items()
    if act in {Act.WATCH, Act.SAVE} and name != "reference_picture"  # of an empty room, and no footage
]


def ask(exam: Exam, talking: httpx.Client, name: str, headers: dict[str, str]) -> httpx.Response:
    parts = {"init_part": "init.mp4", "media_part": "media.m4s", "whole_file": "file.mp4"}
    if name == "export_batch":
        return talking.get(EXPORT, headers=headers)
    if name == "frame":
        return talking.get(FRAME, params={"at": rfc3339(PICTURE.start), "purpose": SPAN["purpose"]}, headers=headers)
    if name in ASKED_BY_SPAN:
        return talking.get(ASKED_BY_SPAN[name], params=SPAN, headers=headers)
    return talking.get(f"/api/v1/footage/{ticket(exam, headers)}/{parts[name]}", headers=headers)


def ticket(exam: Exam, headers: dict[str, str]) -> str:
    """A ticket to the first file, for the session of these headers, whoever may have got it."""
    return TICKETS.issue(session_of(headers), Ticket(exam.segments("A-cam-1")[0].key), exam.clock.now())


@pytest.mark.parametrize("name", WATCHED)
def test_every_way_to_footage_writes_down_whom_it_refuses(exam: Exam, talking: httpx.Client, name: str) -> None:
    outside = "unknown-camera" if name == "playlist" else "unknown-batch" if name in BY_BATCH else "unknown"
    refused = [
        (cookie(exam, Role.CITY_ADMINISTRATOR), 403, "not-allowed"),
        (cookie(exam, Role.SITE_OPERATOR, "sg-002"), 404, outside),
        (cookie(exam, Role.AUDITOR, "SG-OTHER"), 404, outside),
    ]
    for headers, status, outcome in refused:
        before = head(exam)
        answer = ask(exam, talking, name, headers)
        assert (answer.status_code, answer.json()["type"]) == (status, f"urn:kaojian:problem:{outcome}")
        (found,) = since(exam, before)
        assert (found.outcome, found.batch) == (outcome, "" if name == "playlist" else BATCH)
        if name == "export_batch":  # all cameras, and from whom nothing is closed nobody asks when
            assert (found.camera, found.span) == ("", None)
            continue
        assert found.camera == "A-cam-1"
        spans = {"frame": PICTURE, **dict.fromkeys(ASKED_BY_SPAN, WINDOW)}
        assert found.span == spans.get(name, exam.segments("A-cam-1")[0].interval)


def session_of(headers: dict[str, str]) -> str:
    return sha256(headers.get("Cookie", "=").partition("=")[2].encode()).hexdigest()


def test_an_address_opens_nothing_in_another_session_after_logout_changed_or_when_it_has_run_out(
    exam: Exam, talking: httpx.Client
) -> None:
    mine, other = cookie(exam, Role.CITY_OFFICER), cookie(exam, Role.CITY_SUPERVISOR)
    origin = {"Origin": str(talking.base_url)}
    address = f"/api/v1/footage/{ticket(exam, mine)}/init.mp4"

    def answered(headers: dict[str, str], where: str = address) -> tuple[int, str]:
        answer = talking.get(where, headers=headers)
        return answer.status_code, "" if answer.status_code == 200 else answer.json()["type"].rpartition(":")[2]

    assert answered(mine) == (200, "")
    assert answered(other) == (404, "unknown")
    assert answered({}) == (401, "not-logged-in")
    key = exam.segments("A-cam-1")[0].key
    for text in (ticket(exam, mine)[:-2], ticket(exam, mine)[4:], "x", "%C3%A4", "AAAA" * 20):
        assert answered(mine, f"/api/v1/footage/{text}/init.mp4") == (404, "unknown")
    before = head(exam)
    old = TICKETS.issue(session_of(mine), Ticket(key), exam.clock.now() - LASTS)
    assert answered(mine, f"/api/v1/footage/{old}/init.mp4") == (410, "address-expired")
    assert [(each.outcome, each.camera) for each in since(exam, before)] == [("address-expired", "A-cam-1")]
    assert talking.delete("/api/v1/session", headers={**mine, **origin}).status_code == 204
    assert answered(mine) == (401, "not-logged-in")


def test_a_ticket_is_for_its_bytes_only() -> None:
    part = Ticket("key", 100, 199)
    assert [part.covers(*each) for each in ((100, 199), (150, 150), (99, 150), (150, 200))] == [
        True,
        True,
        False,
        False,
    ]
    assert Ticket("key").covers(0, 1 << 40)


def test_of_those_who_are_not_logged_in_one_refusal_in_ten_seconds_is_written_down(
    exam: Exam, talking: httpx.Client
) -> None:
    exam.clock.step(11)
    before = head(exam)
    for _ in range(3):
        assert ask(exam, talking, "playlist", {}).status_code == 401
    exam.clock.step(11)
    assert ask(exam, talking, "media_part", {}).status_code == 401
    found = since(exam, before)
    assert [(each.actor.name, each.outcome) for each in found] == [("nobody", "not-logged-in")] * 2


def test_nothing_is_shown_where_it_cannot_be_written_down(exam: Exam, talking: httpx.Client) -> None:
    headers, seals = cookie(exam, Role.CITY_OFFICER), exam.spool.parent / Record.VIEWINGS / SEALS
    kept = seals.rename(seals.with_name("kept"))
    seals.mkdir()
    try:
        for name in set(WATCHED) - {"init_part", "export_batch"}:  # without a picture; not closed
            answer = ask(exam, talking, name, headers)
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:kaojian:problem:not-written-down"), name
        administrator = cookie(exam, Role.CITY_ADMINISTRATOR)
        assert ask(exam, talking, "init_part", administrator).status_code == 503
    finally:
        seals.rmdir()
        kept.rename(seals)


def test_an_auditor_reads_what_concerns_the_named_batches_and_the_record_holds_together(
    exam: Exam, talking: httpx.Client
) -> None:
    assert ask(exam, talking, "playlist", cookie(exam, Role.CITY_OFFICER)).status_code == 200
    mine = talking.get("/api/v1/viewings", headers=cookie(exam, Role.AUDITOR, BATCH))
    assert mine.json()[0]["who"].startswith("account:city_officer")
    assert {each["batch"] for each in mine.json()} == {BATCH}
    assert mine.headers["cache-control"] == "no-store"
    assert talking.get("/api/v1/viewings", headers=cookie(exam, Role.AUDITOR, "SG-OTHER")).json() == []
    everything = talking.get("/api/v1/viewings", headers=cookie(exam, Role.CITY_SUPERVISOR)).json()
    assert {each["batch"] for each in everything} >= {BATCH, ""}  # others ask for more, in the same run
    assert len(talking.get("/api/v1/viewings?limit=1", headers=cookie(exam, Role.CITY_SUPERVISOR)).json()) == 1
    assert check(exam.database.viewings, Vouchers(exam.spool.parent, [SIGNER.public])).chain.faults == []


def test_whoever_audits_sees_the_whole_city_or_named_batches() -> None:
    """The list knows no other scope: it would show everything."""
    assert {role.reach for role in Role if may(role, Act.AUDIT)} <= {Reach.CITY, Reach.BATCHES}
