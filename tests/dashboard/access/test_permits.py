"""Footage of another body: asked for, approved by a second person, watched as far as that goes, all written down."""

from __future__ import annotations

import io
import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import av
import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.access import glass, tokens
from dashboard.access.login import FRESH, actor_of
from dashboard.access.permits import MOST_WAITING
from dashboard.access.table import GRANTABLE, MAY, Act, may
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.chain import Record
from domain.evidence import EndReason, Recorder, Run
from domain.people import Account, Role, Scope
from domain.permits import LASTS, WAITS, Decided, Decision, PermitState
from domain.timeline import Interval, rfc3339
from domain.viewings import DONE, SHOWN, Deed, Viewing
from storage.audit.notary import SEALS, Notary
from storage.database import connect
from tests.dashboard.exam import (
    BATCH,
    FPS,
    SITE,
    START,
    TESTER,
    UNPLUGGED,
    WINDOW,
    Exam,
    add_segment,
    hold_exam,
    log_in,
)
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER

PERMITS = "/api/v1/permits"
SPAN = Interval(START + timedelta(seconds=2.5), START + timedelta(seconds=17.2))
ASKERS = {Role.COUNTY_SUPERVISOR: "武江区", Role.SITE_OPERATOR: "sg-002", Role.AUDITOR: "SG-OTHER"}
NUMBERS = itertools.count()


PEOPLE = frozenset(role for role in Role if may(role, Act.OWN_SESSION))


@dataclass
class Office:
    """A served exam and those who ask for its footage and decide on that."""

    exam: Exam
    talking: httpx.Client
    folder: Path

    def person(self, role: Role, *names: str) -> dict[str, str]:
        """The headers of a session of a new account."""
        name = f"{role}-p{next(NUMBERS)}"
        held = Account(name, role, Scope(role.reach, frozenset(names)), self.exam.clock.now(), False)
        log_in(self.exam, held, name)
        return {"Cookie": f"{COOKIE}={name}"}

    def asker(self, role: Role = Role.COUNTY_SUPERVISOR) -> dict[str, str]:
        return self.person(role, ASKERS[role])

    def body(self, **other: object) -> dict[str, object]:
        told = {
            "batch": BATCH,
            "camera": "A-cam-1",
            "start": rfc3339(SPAN.start),
            "end": rfc3339(SPAN.end),
            "purpose": "核实考生投诉，比对两地操作",
            "until": self.after(days=10),
        }
        return told | other

    def after(self, **length: float) -> str:
        return rfc3339(self.exam.clock.now() + timedelta(**length))

    def ask(self, who: dict[str, str], **other: object) -> httpx.Response:
        return self.talking.post(PERMITS, json=self.body(**other), headers=who)

    def approve(self, who: dict[str, str], permit: str, until: str | None = None) -> httpx.Response:
        body = {"until": until or self.after(days=2)}
        return self.talking.post(f"{PERMITS}/{permit}/approval", json=body, headers=who)

    def permitted(self, who: dict[str, str], **other: object) -> str:
        """The id of a permit that was asked for and approved."""
        permit: str = self.ask(who, **other).json()["id"]
        assert self.approve(self.person(Role.CITY_OFFICER), permit).status_code == 200
        return permit

    def playlist(
        self, who: dict[str, str], permit: str, camera: str = "A-cam-1", span: Interval = WINDOW
    ) -> httpx.Response:
        params = {"start": rfc3339(span.start), "end": rfc3339(span.end)}
        return self.talking.get(f"{PERMITS}/{permit}/cameras/{camera}/playlist.m3u8", params=params, headers=who)

    def state(self, who: dict[str, str], permit: str) -> str:
        told = self.talking.get(f"{PERMITS}/own", headers=who).json()
        return str(next(each["state"] for each in told if each["id"] == permit))

    def record(self, since: int) -> list[Viewing]:
        latest = reversed(self.exam.database.viewings.latest(1000))
        return [each.viewing for each in latest if each.number > since]

    def head(self) -> int:
        found = self.exam.database.viewings.head()
        return 0 if found is None else found.number


def opened(exam: Exam, folder: Path) -> Iterator[Office]:
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None)
    with client(app, None) as talking:
        yield Office(exam, talking, folder)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Its clock goes on in some tests, so it is no exam of others."""
    folder = tmp_path_factory.mktemp("office")
    database = connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))
    yield from opened(hold_exam(database, folder / "spool"), folder / Record.VIEWINGS)
    database.close()


def said(answer: httpx.Response) -> tuple[int, str]:
    kind = "" if answer.is_success else answer.json()["type"].rpartition(":")[2]
    return answer.status_code, kind


def parts(playlist: httpx.Response) -> list[str]:
    """The addresses of the pieces of a playlist."""
    assert playlist.status_code == 200, playlist.text
    return re.findall("^(/api/v1/footage/.*)/media.m4s$", playlist.text, re.MULTILINE)


def shown_time(playlist: httpx.Response) -> list[tuple[datetime, datetime]]:
    begins = [datetime.fromisoformat(each) for each in re.findall("PROGRAM-DATE-TIME:(.*)", playlist.text)]
    lengths = [timedelta(seconds=float(each)) for each in re.findall("EXTINF:(.*),", playlist.text)]
    return [(begin, begin + length) for begin, length in zip(begins, lengths, strict=True)]


@pytest.mark.parametrize("role", ASKERS)
def test_what_a_second_person_approves_is_watched_and_nothing_else(office: Office, role: Role) -> None:
    asker, approver = office.asker(role), office.person(Role.CITY_SUPERVISOR)
    asked = office.ask(asker)
    assert (asked.status_code, asked.json()["state"]) == (201, "waiting")
    permit = asked.json()["id"]
    assert said(office.playlist(asker, permit)) == (403, "permit-not-open")
    (waiting,) = [each for each in office.talking.get(PERMITS, headers=approver).json() if each["id"] == permit]
    assert (waiting["site_name"], waiting["project"], waiting["recused"]) == (SITE.name, "中式面点制作", False)
    assert office.approve(approver, permit).json()["state"] == "approved"

    cameras = office.talking.get(f"{PERMITS}/{permit}/cameras", headers=asker).json()
    assert cameras == [{"camera": "A-cam-1", "room": "中式面点一号考场"}]
    found = office.playlist(asker, permit)
    assert all(SPAN.start <= start < end <= SPAN.end for start, end in shown_time(found))
    whole = sum((end - start for start, end in shown_time(found)), timedelta())
    assert whole >= timedelta(seconds=SPAN.seconds - 3)  # a key frame each second, at two edges and a file's end
    for address in parts(found):
        assert office.talking.get(f"{address}/init.mp4", headers=asker).status_code == 200
        assert said(office.talking.get(f"{address}/file.mp4", headers=asker)) == (403, "not-allowed")
    first, length = re.findall(r"BYTERANGE:(\d+)@(\d+)", found.text)[0][::-1]
    begins = {"Range": f"bytes={first}-{int(first) + int(length) - 1}"}
    media = f"{parts(found)[0]}/media.m4s"
    assert office.talking.get(media, headers=asker | begins).status_code == 206
    assert said(office.talking.get(media, headers=asker | {"Range": "bytes=0-"})) == (404, "unknown")

    later = Interval(SPAN.end, WINDOW.end)
    assert said(office.playlist(asker, permit, span=later)) == (404, "no-footage")
    assert said(office.playlist(asker, permit, "A-cam-2")) == (404, "unknown-camera")
    plain = {"start": rfc3339(SPAN.start), "end": rfc3339(SPAN.end), "purpose": "核实考生投诉"}
    shut = {
        "/api/v1/cameras/A-cam-1/playlist.m3u8": "unknown-camera",
        f"/api/v1/batches/{BATCH}/report": "unknown-batch",
        f"/api/v1/batches/{BATCH}/sittings/1": "unknown-batch",
        f"/api/v1/batches/{BATCH}/sittings/1/report.html": "unknown-batch",
    }
    for address, kind in shut.items():
        assert said(office.talking.get(address, params=plain, headers=asker)) == (404, kind)
    assert BATCH not in office.talking.get("/api/v1/batches", headers=asker).text


def test_without_a_camera_all_of_the_batch_are_opened_and_of_no_other_batch(office: Office) -> None:
    asker = office.asker()
    permit = office.permitted(asker, camera=None)
    cameras = office.talking.get(f"{PERMITS}/{permit}/cameras", headers=asker).json()
    assert [each["camera"] for each in cameras] == [f"{room}-cam-{n}" for room in "AB" for n in (1, 2, 3)]
    assert all(office.playlist(asker, permit, each["camera"]).status_code == 200 for each in cameras)
    other = office.permitted(asker, camera=None, start=rfc3339(WINDOW.end + timedelta(days=9)),
                             end=rfc3339(WINDOW.end + timedelta(days=10)))  # fmt: skip
    assert said(office.playlist(asker, other)) == (404, "no-footage")


def name_of(who: dict[str, str]) -> str:
    return who["Cookie"].partition("=")[2]


def recuse(office: Office, who: dict[str, str]) -> None:
    office.exam.database.accounts.recuse(name_of(who), BATCH, office.exam.clock.now(), recused=True)


ENDS: dict[str, Callable[[Office, dict[str, str], dict[str, str], str], object]] = {
    "expired": lambda office, *_: office.exam.clock.advance(300),
    "ended": lambda office, _, __, permit: office.talking.post(
        f"{PERMITS}/{permit}/end", json={"reason": "投诉已撤回"}, headers=office.person(Role.CITY_OFFICER)
    ).raise_for_status(),
    "withdrawn": lambda office, asker, _, permit: office.talking.delete(
        f"{PERMITS}/{permit}", headers=asker
    ).raise_for_status(),
    "void by a recusal": lambda office, asker, _, __: recuse(office, asker),
    "void by its approver's recusal": lambda office, _, approver, __: recuse(office, approver),
    "void by its approver's closing": lambda office, _, approver, __: office.exam.database.accounts.disable(
        name_of(approver), office.exam.clock.now()
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_whatever_ends_a_permit_ends_its_playlists_and_the_addresses_in_them_at_once(
    office: Office, how: str
) -> None:
    asker, approver = office.asker(), office.person(Role.CITY_SUPERVISOR)
    permit = office.ask(asker).json()["id"]
    office.approve(approver, permit, office.after(minutes=5))
    address = parts(office.playlist(asker, permit))[0]
    ENDS[how](office, asker, approver, permit)
    assert office.state(asker, permit) == how.partition(" ")[0]
    assert said(office.playlist(asker, permit)) == (403, "permit-not-open")
    for part in ("init.mp4", "media.m4s"):
        assert said(office.talking.get(f"{address}/{part}", headers=asker)) == (403, "permit-not-open")
    assert said(office.talking.get(f"{PERMITS}/{permit}/cameras", headers=asker)) == (403, "permit-not-open")


def test_of_two_recorders_nothing_is_shown_beyond_the_span_and_every_picture_of_it_decodes(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    exam = hold_exam(database, tmp_path / "spool")
    begins, ends = UNPLUGGED.start - timedelta(seconds=4), UNPLUGGED.end + timedelta(seconds=4)
    database.evidence.begin_recorder(Recorder("recorder-2", "b", begins, ends, ends))
    database.evidence.begin_run(Run("run-b", "A-cam-1", "recorder-2", begins))
    database.evidence.end_run("run-b", ends, EndReason.NOT_NEEDED)
    add_segment(exam, "A-cam-1", "run-b", Interval(begins, ends), name="-b")
    lost = Interval(UNPLUGGED.start + timedelta(seconds=1.5), UNPLUGGED.end - timedelta(seconds=1.5))
    for office in opened(exam, tmp_path / Record.VIEWINGS):
        asker = office.asker()
        permit = office.permitted(asker, start=rfc3339(lost.start), end=rfc3339(lost.end))
        found = office.playlist(asker, permit)
        within = Interval(UNPLUGGED.start + timedelta(seconds=2), UNPLUGGED.end - timedelta(seconds=2))
        assert shown_time(found) == [(within.start, within.end)]
        ((length, first),) = re.findall(r"BYTERANGE:(\d+)@(\d+)", found.text)
        span = {"Range": f"bytes={first}-{int(first) + int(length) - 1}"}
        (address,) = parts(found)
        head = office.talking.get(f"{address}/init.mp4", headers=asker).content
        media = office.talking.get(f"{address}/media.m4s", headers=asker | span).content
        with av.open(io.BytesIO(head + media), "r") as video:
            assert len(list(video.decode(video=0))) == within.seconds * FPS
    database.close()


def test_a_file_that_cannot_be_cut_now_is_refused_and_never_shown_whole(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    exam = hold_exam(database, tmp_path / "spool")
    for office in opened(exam, tmp_path / Record.VIEWINGS):
        asker = office.asker()
        permit = office.permitted(asker)
        shutil.rmtree(exam.spool)
        assert office.playlist(asker, permit).status_code == 200  # from the object store
        exam.objects.down = True
        assert said(office.playlist(asker, permit)) == (503, "no-copy-answers")
    database.close()


def test_an_address_is_of_no_use_to_whoever_did_not_ask(office: Office) -> None:
    asker, other = office.asker(), office.asker()
    permit = office.permitted(asker)
    address = parts(office.playlist(asker, permit))[0]
    assert said(office.talking.get(f"{address}/init.mp4", headers=other)) == (404, "unknown")
    assert said(office.playlist(other, permit)) == (404, "unknown-permit")
    assert said(office.talking.delete(f"{PERMITS}/{permit}", headers=other)) == (404, "unknown-permit")
    assert permit not in office.talking.get(f"{PERMITS}/own", headers=other).text


def test_a_sitting_that_is_not_closed_is_held_back_also_from_those_on_duty_elsewhere(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    for office in opened(hold_exam(database, tmp_path / "spool", closed=False), tmp_path / Record.VIEWINGS):
        asker = office.asker(Role.COUNTY_SUPERVISOR)
        assert Role.COUNTY_SUPERVISOR in MAY[Act.WATCH_OPEN]
        permit = office.permitted(asker)
        assert said(office.playlist(asker, permit)) == (403, "held-back")
        database.setup.close_sitting(BATCH, 1, WINDOW.end, WINDOW.end)
        assert office.playlist(asker, permit).status_code == 200
    database.close()


def test_asking_does_not_tell_whether_the_batch_is_there(office: Office) -> None:
    asker = office.asker()
    told = [office.ask(asker, batch=batch, camera=None) for batch in (BATCH, "SG-NOWHERE")]
    (there, nowhere) = (each.json() for each in told)
    assert {each.status_code for each in told} == {201}
    assert {**there, "id": "", "batch": ""} == {**nowhere, "id": "", "batch": ""}
    for permit in (there["id"], nowhere["id"]):
        assert said(office.playlist(asker, permit)) == (403, "permit-not-open")
        assert office.state(asker, permit) == "waiting"
    recused = office.asker()
    recuse(office, recused)
    mine = office.ask(recused, camera=None).json()
    assert {**mine, "id": "", "who": "", "batch": ""} == {**there, "id": "", "who": "", "batch": ""}

    approver = office.person(Role.CITY_SUPERVISOR)
    listed = {each["id"]: each for each in office.talking.get(PERMITS, headers=approver).json()}
    assert (listed[nowhere["id"]]["project"], listed[nowhere["id"]]["site_name"]) == (None, None)
    assert listed[mine["id"]]["recused"]
    for permit in (nowhere["id"], mine["id"]):
        assert said(office.approve(approver, permit)) == (422, "permit-refused")
        answer = office.talking.post(
            f"{PERMITS}/{permit}/decline", json={"reason": "请核对批次编号"}, headers=approver
        )
        assert (answer.status_code, answer.json()["state"]) == (200, "declined")
    assert office.state(asker, nowhere["id"]) == "declined"


def test_who_decides_is_a_second_person_at_the_page_with_a_fresh_password(office: Office) -> None:
    asker, approver = office.asker(), office.person(Role.CITY_SUPERVISOR)
    permit = office.ask(asker).json()["id"]
    for role in PEOPLE - MAY[Act.APPROVE]:
        who = (
            asker
            if role is Role.COUNTY_SUPERVISOR
            else office.person(role, *([ASKERS[role]] if role in ASKERS else []))
        )
        assert said(office.approve(who, permit)) == (403, "not-allowed")
    assert not {Act.ASK, Act.APPROVE, Act.WATCH_PERMITTED} & set(GRANTABLE)
    account = office.exam.database.accounts.find(name_of(approver))
    assert account is not None
    wanted = tokens.Wanted("x", frozenset({Act.WATCH}))
    _, secret = tokens.add(office.exam.database, account[0], wanted, TESTER, office.exam.clock)
    assert said(office.approve({"Authorization": f"Bearer {secret}"}, permit)) == (403, "not-allowed")

    office.exam.clock.advance(FRESH.total_seconds())
    assert said(office.approve(approver, permit)) == (403, "proof-needed")
    assert office.state(asker, permit) == "waiting"
    recused = office.person(Role.CITY_SUPERVISOR)
    recuse(office, recused)
    assert said(office.approve(recused, permit)) == (404, "unknown-permit")
    assert permit not in office.talking.get(PERMITS, headers=recused).text
    assert office.approve(office.person(Role.CITY_OFFICER), permit).status_code == 200
    again = office.approve(office.person(Role.CITY_OFFICER), permit)
    assert said(again) == (422, "permit-refused")


def test_nobody_decides_on_what_they_asked_for_whatever_their_role_was_then(office: Office) -> None:
    both = office.person(Role.CITY_SUPERVISOR)
    permit = office.permitted(office.asker())
    asked = office.exam.database.permits.find(permit)
    assert asked is not None
    own = type(asked)(
        f"own-{permit}",
        name_of(both),
        Role.COUNTY_SUPERVISOR,
        BATCH,
        "",
        SPAN,
        "核实投诉",
        asked.asked,
        asked.wanted_until,
    )
    office.exam.database.permits.add(own)
    assert said(office.approve(both, own.id)) == (422, "permit-refused")
    answer = office.talking.post(f"{PERMITS}/{own.id}/decline", json={"reason": "本人所申请"}, headers=both)
    assert said(answer) == (422, "permit-refused")


@pytest.mark.parametrize("role", sorted(PEOPLE - MAY[Act.ASK]))
def test_who_watches_nothing_or_sees_the_whole_city_has_nothing_to_ask_for(office: Office, role: Role) -> None:
    assert said(office.ask(office.person(role))) == (403, "not-allowed")
    assert MAY[Act.ASK] == MAY[Act.WATCH_PERMITTED] <= MAY[Act.WATCH]


def test_what_is_asked_for_has_bounds_and_a_purpose(office: Office) -> None:
    asker = office.asker()
    days = WAITS.days
    wrong: list[tuple[dict[str, object], str]] = [
        ({"purpose": "因故"}, "invalid-request"),
        ({"purpose": " 因 故   "}, "permit-refused"),
        ({"purpose": "核实\n投诉内容"}, "permit-refused"),
        ({"purpose": "查" * 201}, "invalid-request"),
        ({"batch": "SG\u0000"}, "permit-refused"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "permit-refused"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "impossible-span"),
        ({"until": office.after(seconds=0)}, "permit-refused"),
        ({"until": office.after(days=days, seconds=1)}, "permit-refused"),
        ({"until": "2026-05-09T09:00:00"}, "invalid-request"),
        ({"start": rfc3339(SPAN.end), "end": rfc3339(SPAN.start)}, "impossible-span"),
    ]
    for other, kind in wrong:
        assert said(office.ask(asker, **other)) == (422, kind), other
    inside = office.person(Role.SITE_OPERATOR, SITE.id)
    assert said(office.ask(inside)) == (422, "permit-refused")
    for _ in range(MOST_WAITING):
        assert office.ask(asker).status_code == 201
    assert said(office.ask(asker)) == (422, "permit-refused")


@pytest.mark.parametrize(("days", "right"), [(7, True), (7.001, False), (0, False)])
def test_an_approval_lasts_a_week_at_most_and_no_longer_than_it_was_wanted(
    office: Office, days: float, right: bool
) -> None:
    assert LASTS.days == 7
    asker, approver = office.asker(), office.person(Role.CITY_OFFICER)
    permit = office.ask(asker).json()["id"]
    answer = office.approve(approver, permit, office.after(days=days))
    assert said(answer) == ((200, "") if right else (422, "permit-refused"))
    short = office.ask(asker, until=office.after(hours=1)).json()["id"]
    assert said(office.approve(approver, short, office.after(hours=2))) == (422, "permit-refused")
    assert said(office.approve(approver, short, office.after(hours=1))) == (200, "")


def test_every_act_and_every_refusal_is_in_the_record_with_the_permit(office: Office) -> None:
    asker, approver, before = office.asker(), office.person(Role.CITY_SUPERVISOR), office.head()
    permit = office.ask(asker).json()["id"]
    address = None
    office.playlist(asker, permit)
    office.approve(asker, permit)
    office.approve(approver, permit)
    address = parts(office.playlist(asker, permit))[0]
    office.talking.get(f"{address}/media.m4s", headers=asker)
    office.talking.get(f"{address}/file.mp4", headers=asker)
    office.talking.post(f"{PERMITS}/{permit}/end", json={"reason": "投诉已撤回"}, headers=approver)
    office.talking.delete(f"{PERMITS}/{permit}", headers=asker)
    found = office.record(before)
    assert {(each.permit, each.batch, each.camera) for each in found} == {(permit, BATCH, "A-cam-1")}
    a, b = (f"account:{name_of(who)}" for who in (asker, approver))
    assert [(each.actor.name, each.deed, each.outcome) for each in found] == [
        (a, Deed.ASK, DONE),
        (a, Deed.OPEN, "permit-not-open"),
        (a, Deed.APPROVE, "not-allowed"),
        (b, Deed.APPROVE, DONE),
        (a, Deed.OPEN, SHOWN),
        (a, Deed.FETCH, "unknown"),  # all of the file, of which the address is for a part
        (a, Deed.SAVE, "not-allowed"),
        (b, Deed.END, DONE),
        (a, Deed.WITHDRAW, "permit-refused"),
    ]
    assert [found[n].purpose for n in (0, 4, 7)] == ["核实考生投诉，比对两地操作"] * 2 + ["投诉已撤回"]
    assert [(each.batch, each.camera, each.span) for each in (found[0], found[3])] == [(BATCH, "A-cam-1", SPAN)] * 2
    auditor = office.person(Role.AUDITOR, BATCH)
    told = office.talking.get("/api/v1/viewings", headers=auditor).json()
    done = [each["deed"] for each in reversed(told) if each["permit"] == permit and each["outcome"] == DONE]
    assert done == ["ask", "approve", "end"]


def test_what_cannot_be_written_down_takes_no_effect(office: Office) -> None:
    asker, approver = office.asker(), office.person(Role.CITY_SUPERVISOR)
    permit = office.ask(asker).json()["id"]
    kept = (office.folder / SEALS).rename(office.folder / "kept")
    (office.folder / SEALS).mkdir()
    try:
        assert said(office.ask(asker)) == (503, "not-written-down")
        assert said(office.approve(approver, permit)) == (503, "not-written-down")
        assert said(office.talking.delete(f"{PERMITS}/{permit}", headers=asker)) == (503, "not-written-down")
    finally:
        (office.folder / SEALS).rmdir()
        kept.rename(office.folder / SEALS)
    assert [each["state"] for each in office.talking.get(f"{PERMITS}/own", headers=asker).json()] == ["waiting"]


def test_an_approval_that_the_record_does_not_have_opens_nothing(office: Office) -> None:
    """Written with SQL for oneself, for somebody who may not approve either, or for one who may and did not."""
    asker, now = office.asker(), office.exam.clock.now()
    who_else = [(office.asker(), Role.COUNTY_SUPERVISOR), (office.person(Role.CITY_SUPERVISOR), Role.CITY_SUPERVISOR)]
    for who, role in [(asker, Role.COUNTY_SUPERVISOR), *who_else]:
        permit = office.ask(asker).json()["id"]
        planted = Decision(Decided.APPROVED, now, name_of(who), role, "", now + timedelta(days=1))
        office.exam.database.permits.decide(permit, planted)
        assert said(office.playlist(asker, permit)) == (403, "permit-not-open")
        assert office.state(asker, permit) == PermitState.VOID


def test_whoever_breaks_the_glass_is_no_second_person(tmp_path: Path) -> None:
    """The account is made at the command line, which never counts as one; a row that says otherwise opens nothing."""
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))
    for office in opened(hold_exam(database, tmp_path / "spool"), tmp_path / Record.VIEWINGS):
        asker, now = office.asker(), office.exam.clock.now()
        permit = office.ask(asker).json()["id"]
        made, _ = glass.break_glass(
            database, office.exam.clock, TESTER, glass.Wanted("夜间无人可以登录", role=Role.CITY_SUPERVISOR)
        )
        database.accounts.set_password(made.name, "no hash", now, must_change=False)
        database.accounts.succeed(made.name, sha256(b"emergency").hexdigest(), now)
        emergency = {"Cookie": f"{COOKIE}=emergency"}
        assert said(office.approve(emergency, permit)) == (422, "permit-refused")
        declined = office.talking.post(
            f"{PERMITS}/{permit}/decline", json={"reason": "用途与批次不符，不予批准"}, headers=emergency
        )
        assert said(declined) == (422, "permit-refused")
        until = now + timedelta(days=1)
        planted = Decision(Decided.APPROVED, now, made.name, Role.CITY_SUPERVISOR, "", until)
        database.permits.decide(permit, planted)
        told = Viewing(now, actor_of(made.name), planted.role, Deed.APPROVE, DONE, batch=BATCH, permit=permit)
        database.viewings.add(told)
        assert said(office.playlist(asker, permit)) == (403, "permit-not-open")
    database.close()
