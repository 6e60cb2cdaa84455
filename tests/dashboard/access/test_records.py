"""What people put on record over the API: grounds, panels, exam papers, records of rooms, papers about a roll.

Each test has a batch of its own. Who may at all is held by the table (``test_guard``); here are both sides of each
act, what lies outside, and what is wrong with its place.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.rule_pack import load as load_rule_pack
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.grounds import SITE_APPROVALS
from domain.people import Account, Role, Scope
from domain.places import Batch
from domain.roll import DECISIONS, SUBMISSIONS
from domain.room_record import ROOM_RECORDS
from domain.timeline import rfc3339
from records import grounds_file, roster
from records.duty_rules import by_duty, deeds_of
from records.grounds import enter
from records.panels import ATTENDANCES, DISPATCHES
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import PACK, SITE, START, TESTER, Exam, log_in, plan, plan_exam
from tests.dashboard.serving import client
from tests.fakes.notary import SIGNER
from tests.records import grounds as told
from tests.records.days import DIGEST, WITH_WRITTEN
from tests.records.rolls import NUMBERS, row, text_of

BEFORE = START - timedelta(days=9)
OPERATOR, ELSEWHERE, COUNTY, OFFICER, OTHER_OFFICER = "deng", "deng-elsewhere", "he", "liu", "liu-2"
LEADER, EXAMINER, NOT_SENT = "ex-1", "ex-2", "ex-9"
ACCOUNTS = (
    (OPERATOR, Role.SITE_OPERATOR, {SITE.id}),
    (ELSEWHERE, Role.SITE_OPERATOR, {"sg-002"}),
    (COUNTY, Role.COUNTY_SUPERVISOR, {SITE.county}),
    (OFFICER, Role.CITY_OFFICER, set()),
    (OTHER_OFFICER, Role.CITY_OFFICER, set()),
    *((each, Role.EXAMINER, {f"SG-{number}" for number in range(100)}) for each in (LEADER, EXAMINER, NOT_SENT)),
)
TERM = {"valid_from": "2024-01-01", "valid_until": "2026-12-31"}


def qualified(examiner: str) -> dict[str, Any]:
    held = {"project": "中式面点制作", "number": f"KP-{examiner}", **TERM}
    return {"id": examiner, "qualifications": [held], "badges": [{"number": f"K-{examiner}", **TERM}]}


def sent(batch: str, sitting: int = 1, *also: str) -> dict[str, Any]:
    members = [{"examiner": LEADER, "leader": True}, *({"examiner": each} for each in (EXAMINER, "ex-3", *also))]
    return {"batch": batch, "sitting": sitting, "by_centre": True, "members": members}


def panel_file(*dispatches: dict[str, Any]) -> bytes:
    people = [qualified(each) for each in (LEADER, EXAMINER, "ex-3")]
    return json.dumps({"examiners": people, "dispatches": dispatches}).encode()


@dataclass
class Office:
    """A dashboard over a site, ten minutes after an exam; a session's token is the name of whose it is."""

    exam: Exam
    talking: httpx.Client

    def ask(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = {"Cookie": f"{COOKIE}={who}"}
        return self.talking.request(method, f"/api/v1/{path}", headers=headers, params=params, **given)

    def told(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> Any:
        answer = self.ask(who, method, path, body, **params)
        assert answer.status_code in {200, 201}, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()

    def kind(self, who: str, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, str]:
        answer = self.ask(who, method, path, body, **params)
        return answer.status_code, answer.json()["type"].rpartition(":")[2]

    def minutes(self, after: float) -> str:
        return rfc3339(START + timedelta(minutes=after))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("records")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        exam = plan_exam(database, folder)
        norms = grounds_file.parse(told.INSTITUTIONS + WITH_WRITTEN + told.CATALOGUE, "norms.yaml")
        enter(norms, database, TESTER, BEFORE)
        for name, role, names in ACCOUNTS:
            log_in(exam, Account(name, role, Scope(role.reach, frozenset(names)), exam.clock.now(), False), name)
        app = create_app(database, exam.archive, load_rule_pack, exam.clock, None, numbers=lambda: NUMBERS)
        with client(app, None) as talking:
            yield Office(exam, talking)


NAMES = itertools.count(1)


@pytest.fixture
def batch(office: Office) -> str:
    """A batch with two candidates and nothing else on record."""
    exam, number = office.exam, next(NAMES)
    name, start = f"SG-{number}", START - timedelta(minutes=5 * number)  # nobody sits at one station twice at once
    planned = Batch(name, SITE.id, "中式面点制作", PACK.id, (plan(1, start),))
    exam.database.setup.apply_batch(planned, TESTER, BEFORE)
    seats = text_of(row(1, station="A01"), row(2, station="A02"))
    roster.take_in(exam.database, NUMBERS, name, seats, "名册.csv", actor=TESTER, now=BEFORE)
    return name


# --- Papers about a roll 花名册的材料 ---


def test_who_submits_candidates_accepts_none_and_who_accepts_them_submits_none(office: Office, batch: str) -> None:
    at = f"batches/{batch}/roll"
    for who in (OFFICER, COUNTY, LEADER):
        assert office.kind(who, "POST", f"{at}/plan", {}) == (403, "not-allowed")
        assert office.kind(who, "POST", f"{at}/submissions", {}) == (403, "not-allowed")
    for path in ("submissions/1/decisions", "submissions/1/feedback"):
        assert office.kind(OPERATOR, "POST", f"{at}/{path}", {}) == (403, "not-allowed")
        assert office.kind(COUNTY, "POST", f"{at}/{path}", {}) == (403, "not-allowed")
    assert office.kind(ELSEWHERE, "POST", f"{at}/plan", {}) == (404, "unknown-batch")
    assert office.kind(ELSEWHERE, "GET", f"{at}/papers") == (404, "unknown-batch")
    assert office.told(OPERATOR, "GET", f"{at}/papers") == {
        "batch": batch,
        "plan": None,
        "first_reviews": [],
        "submissions": [],
        "approved": [],
    }


def test_a_roll_goes_from_its_plan_to_the_approved_roster_and_each_side_did_its_own(
    office: Office, batch: str
) -> None:
    at, day = f"batches/{batch}/roll", rfc3339(BEFORE + timedelta(days=1))
    office.told(OPERATOR, "POST", f"{at}/plan", {"at": day})
    assert office.told(OPERATOR, "POST", f"{at}/first-reviews", {"at": day})["passed"] == ["T001", "T002"]
    handed_in = office.told(OPERATOR, "POST", f"{at}/submissions", {"at": day})
    assert (handed_in["number"], handed_in["candidates"], handed_in["by"]) == (1, ["T001", "T002"], OPERATOR)
    said = {"accept_rest": True, "declined": [{"candidate": "T002", "reason": "材料不全"}]}
    decided = office.told(OFFICER, "POST", f"{at}/submissions/1/decisions", said)
    assert [(each["candidate"], each["accepted"], each["reason"]) for each in decided] == [
        ("T001", True, ""),
        ("T002", False, "材料不全"),
    ]
    assert office.told(OFFICER, "POST", f"{at}/submissions/1/feedback", {})["roster"] == ["T001"]
    papers = office.told(COUNTY, "GET", f"{at}/papers")
    assert (papers["plan"], papers["approved"]) == ({"at": day, "by": OPERATOR}, ["T001"])
    (once,) = papers["submissions"]
    assert (len(once["decisions"]), [each["covered"] for each in once["feedbacks"]]) == (2, [["T001", "T002"]])
    assert office.told(OPERATOR, "POST", f"{at}/submissions", {})["candidates"] == ["T002"]
    verdict = by_duty(deeds_of(office.exam.database, batch)).finding
    assert verdict.verdict.value == "pass"
    assert "考生" not in json.dumps(papers, ensure_ascii=False)


def test_what_cannot_have_been_of_a_roll_is_refused_and_nothing_is_entered(office: Office, batch: str) -> None:
    at = f"batches/{batch}/roll"
    register = office.exam.database.register
    later = rfc3339(office.exam.clock.now() + timedelta(minutes=1))
    assert office.kind(OPERATOR, "POST", f"{at}/submissions", {"at": later}) == (422, "impossible-time")
    assert office.kind(OPERATOR, "POST", f"{at}/submissions", {"candidates": ["T009"]}) == (422, "roll-refused")
    assert office.kind(OFFICER, "POST", f"{at}/submissions/1/feedback", {}) == (422, "roll-refused")
    assert not register.standing(SUBMISSIONS, batch=batch)
    office.told(OPERATOR, "POST", f"{at}/submissions", {"at": office.minutes(-60)})
    decide = f"{at}/submissions/1/decisions"
    assert office.kind(OFFICER, "POST", decide, {}) == (422, "roll-refused")
    both = {"accepted": ["T001"], "declined": [{"candidate": "T001", "reason": "重复"}]}
    assert office.kind(OFFICER, "POST", decide, both) == (422, "roll-refused")
    assert office.kind(OFFICER, "POST", decide, {"accepted": ["T009"]}) == (422, "roll-refused")
    early = {"accepted": ["T001"], "at": office.minutes(-61)}
    assert office.kind(OFFICER, "POST", decide, early) == (422, "impossible-time")
    unexplained = office.ask(OFFICER, "POST", decide, {"declined": [{"candidate": "T001"}]}).json()
    assert [each["field"] for each in unexplained["errors"]] == ["body.declined.0.reason"]
    assert not register.standing(DECISIONS, batch=batch)


def test_a_candidate_is_taken_off_the_roll_by_its_site_for_a_reason(office: Office, batch: str) -> None:
    at, off = f"batches/{batch}/roll/withdrawals", {"candidate": "T002", "reason": "本人申请"}
    assert office.kind(OFFICER, "POST", at, off) == (403, "not-allowed")
    assert office.kind(OPERATOR, "POST", at, off | {"reason": " "}) == (422, "reason-needed")
    assert office.kind(OPERATOR, "POST", at, off | {"candidate": "T009"}) == (422, "roll-refused")
    office.told(OPERATOR, "POST", at, off)
    left = office.told(OPERATOR, "GET", f"batches/{batch}/roll")["candidates"]
    assert [each["candidate"] for each in left] == ["T001"]


# --- Panels 考评小组 ---


def test_the_centre_sends_examiners_and_nobody_else_does(office: Office, batch: str) -> None:
    data = panel_file(sent(batch))
    for who in (OPERATOR, COUNTY, LEADER):
        assert office.kind(who, "POST", "panels", data, name="panel.json") == (403, "not-allowed")
        assert office.kind(who, "GET", "examiners") == (403, "not-allowed")
    assert office.kind(ELSEWHERE, "GET", f"batches/{batch}/panels") == (404, "unknown-batch")
    assert office.told(COUNTY, "GET", f"batches/{batch}/panels")["sittings"][0]["by_centre"] is None
    done = office.told(OFFICER, "POST", "panels", data, name="panel.json")
    assert f"dispatch/{batch}/1@1" in done["changed"]
    again = office.told(OFFICER, "POST", "panels", data, name="panel.json")
    assert (again["changed"], f"dispatch/{batch}/1@1" in again["unchanged"]) == ([], True)
    shown = office.told(OPERATOR, "GET", f"batches/{batch}/panels")
    assert [each["examiner"] for each in shown["examiners"]] == [LEADER, EXAMINER, "ex-3"]
    assert shown["examiners"][1]["qualifications"][0]["number"] == "KP-ex-2"
    (sitting,) = shown["sittings"]
    assert [each["leader"] for each in sitting["members"]] == [True, False, False]
    assert LEADER in {each["examiner"] for each in office.told(OFFICER, "GET", "examiners")}


def test_a_file_of_panels_that_does_not_hold_is_told_by_its_places_whatever_its_form(
    office: Office, batch: str
) -> None:
    yaml = f"dispatches:\n  - batch: {batch}\n    sitting: 7\n    by_centre: true\n    members:\n"
    yaml += "      - examiner: ex-77\n"
    wrong = office.ask(OFFICER, "POST", "panels", yaml.encode(), name="panel.yaml").json()
    assert wrong["type"] == "urn:kaojian:problem:document-refused"
    assert [(each["row"], each["field"]) for each in wrong["errors"]] == [
        (3, "dispatches[0].sitting"),
        (6, "dispatches[0].members[0].examiner"),
    ]
    rows = f"批次,场次,市中心派遣,考评员编号\n{batch},7,是,ex-77\n".encode()
    wrong = office.ask(OFFICER, "POST", "panels", rows, name="派遣.csv").json()
    assert wrong["type"] == "urn:kaojian:problem:sheet-refused"
    assert {(each["row"], each["field"]) for each in wrong["errors"]} == {(2, "场次"), (2, "考评员编号")}
    assert office.kind(OFFICER, "POST", "panels", b"\xff\xfe", name="panel.yaml") == (422, "document-refused")
    assert not office.exam.database.register.standing(DISPATCHES, batch=batch)


def test_who_is_recused_from_a_batch_sends_nobody_to_it_and_is_not_told_that_it_is_there(
    office: Office, batch: str
) -> None:
    accounts, now = office.exam.database.accounts, office.exam.clock.now()
    accounts.recuse(OTHER_OFFICER, batch, now, recused=True)
    try:
        told = [
            office.ask(OTHER_OFFICER, "POST", "panels", panel_file(sent(name)), name="panel.json").json()
            for name in (batch, "SG-NONE")
        ]
        assert told[0]["detail"].replace(batch, "SG-NONE") == told[1]["detail"]
        assert told[0]["type"] == "urn:kaojian:problem:document-refused"
        rows = f"批次,场次,市中心派遣,考评员编号\n{batch},1,是,ex-1\n".encode()
        assert office.kind(OTHER_OFFICER, "POST", "panels", rows, name="x.csv") == (422, "sheet-refused")
        answer = office.ask(OTHER_OFFICER, "POST", "grounds", told_of(SITE.id), name="plate.yaml").json()
        assert [(each["row"], each["field"]) for each in answer["errors"]] == [(2, "plates[0].site")]
    finally:
        accounts.recuse(OTHER_OFFICER, batch, now, recused=False)
    assert not office.exam.database.register.standing(DISPATCHES, batch=batch)


def told_of(site: str) -> bytes:
    return f"plates:\n  - site: {site}\n    measured: 2026-04-01\n    wording: 专项职业能力定点考场\n".encode()


def test_an_examiner_who_was_sent_comes_and_goes_by_the_word_of_the_site(office: Office, batch: str) -> None:
    at = f"batches/{batch}/sittings/1"
    came = {"examiner": EXAMINER, "room": "A", "badge": "K-ex-2", "at": office.minutes(-20)}
    assert office.kind(OPERATOR, "POST", f"{at}/arrivals", came) == (422, "not-of-the-panel")
    office.told(OFFICER, "POST", "panels", panel_file(sent(batch)), name="panel.json")
    for who in (OFFICER, COUNTY, EXAMINER):
        assert office.kind(who, "POST", f"{at}/arrivals", came) == (403, "not-allowed")
    assert office.kind(OPERATOR, "POST", f"{at}/arrivals", came | {"room": "Z"}) == (422, "not-of-the-panel")
    assert office.kind(OPERATOR, "POST", f"{at}/arrivals", came | {"examiner": NOT_SENT})[1] == "not-of-the-panel"
    later = rfc3339(office.exam.clock.now() + timedelta(minutes=1))
    assert office.kind(OPERATOR, "POST", f"{at}/arrivals", came | {"at": later}) == (422, "impossible-time")
    assert not office.exam.database.register.standing(ATTENDANCES, batch=batch)
    office.told(OPERATOR, "POST", f"{at}/arrivals", came)
    gone = {"examiner": EXAMINER, "at": office.minutes(-30)}
    assert office.kind(OPERATOR, "POST", f"{at}/departures", gone) == (422, "impossible-time")
    office.told(OPERATOR, "POST", f"{at}/departures", {"examiner": EXAMINER})
    (there,) = office.told(COUNTY, "GET", f"batches/{batch}/panels")["sittings"][0]["attendance"]
    assert (there["badge"], there["arrived"], there["left"] is None) == ("K-ex-2", office.minutes(-20), False)
    assert office.kind(OPERATOR, "POST", f"{at}/departures", {"examiner": EXAMINER}) == (422, "not-of-the-panel")


# --- Exam papers 试卷 ---

PRINTED = {"parcel": "SJ-0001", "sitting": 1, "subject": "实操", "by": "市技能中心", "by_centre": True, "seal": "F-1"}


def test_the_centre_prints_and_the_site_hands_on_and_all_of_it_is_shown(office: Office, batch: str) -> None:
    at = f"batches/{batch}/papers"
    printed = PRINTED | {"at": office.minutes(-600)}
    for who in (OPERATOR, COUNTY, LEADER):
        assert office.kind(who, "POST", f"{at}/parcels", printed) == (403, "not-allowed")
    assert office.kind(OFFICER, "POST", f"{at}/packages", {"subject": "机考", "sha256": DIGEST})[0] == 403
    assert office.kind(ELSEWHERE, "GET", at) == (404, "unknown-batch")
    office.told(OFFICER, "POST", f"{at}/parcels", printed)
    fetched = {"parcel": "SJ-0001", "stage": "fetched", "given_by": "市技能中心", "taken_by": "考务员乙"}
    assert office.kind(OFFICER, "POST", f"batches/{batch}/sittings/1/hand-overs", fetched) == (403, "not-allowed")
    office.told(OPERATOR, "POST", f"batches/{batch}/sittings/1/hand-overs", fetched | {"at": office.minutes(-500)})
    (parcel,) = office.told(COUNTY, "GET", at)["parcels"]
    assert (parcel["printed"], parcel["by_centre"], parcel["seal"]) == (office.minutes(-600), True, "F-1")
    assert [(each["stage"], each["at"]) for each in parcel["handed"]] == [("fetched", office.minutes(-500))]


def test_papers_that_cannot_be_and_corrections_without_a_reason_are_refused(office: Office, batch: str) -> None:
    at = f"batches/{batch}/papers"
    for wrong, status in (
        ({"subject": "口试"}, "papers-refused"),
        ({"sitting": 7}, "unknown-sitting"),
        ({"at": rfc3339(office.exam.clock.now() + timedelta(minutes=1))}, "impossible-time"),
    ):
        assert office.kind(OFFICER, "POST", f"{at}/parcels", PRINTED | wrong)[1] == status
    lacking = office.ask(OFFICER, "POST", f"{at}/parcels", PRINTED | {"copies": 0, "by": ""}).json()
    assert [each["field"] for each in lacking["errors"]] == ["body.by", "body.copies"]
    assert office.told(OFFICER, "GET", at)["parcels"] == []
    given = PRINTED | {"at": office.minutes(-600)}
    office.told(OFFICER, "POST", f"{at}/parcels", given)
    assert office.kind(OFFICER, "POST", f"{at}/parcels", given | {"seal": "F-2"}) == (422, "reason-needed")
    office.told(OFFICER, "POST", f"{at}/parcels", given | {"seal": "F-2", "reason": "封条号录错"})
    assert [each["seal"] for each in office.told(OFFICER, "GET", at)["parcels"]] == ["F-2"]


def test_who_marks_and_what_has_no_papers_is_the_centres_word(office: Office, batch: str) -> None:
    at = f"batches/{batch}/papers"
    order, none = {"order": "yj-1", "subject": "笔试"}, {"subject": "实操", "why": "题目见考核规范"}
    for path, body in (("marking-orders", order), ("none", none)):
        assert office.kind(OPERATOR, "POST", f"{at}/{path}", body) == (403, "not-allowed")
    assert office.kind(OFFICER, "POST", f"{at}/marking-orders", order | {"subject": "实操"})[1] == "marking-refused"
    unwarranted = office.kind(OFFICER, "POST", f"{at}/marking-orders", order | {"site": SITE.id})
    assert unwarranted == (422, "marking-refused")
    assert office.kind(OFFICER, "POST", f"{at}/none", none | {"subject": "笔试"}) == (422, "papers-refused")
    office.told(OFFICER, "POST", f"{at}/marking-orders", order)
    office.told(OFFICER, "POST", f"{at}/none", none)
    assert office.kind(OPERATOR, "POST", f"{at}/packages", {"subject": "实操", "sha256": DIGEST}) == (
        422,
        "papers-refused",
    )
    shown = office.told(COUNTY, "GET", at)
    assert [each["order"] for each in shown["marking_orders"]] == ["yj-1"]
    assert [(each["subject"], each["by"]) for each in shown["no_papers"]] == [("实操", OFFICER)]


# --- Records of rooms 考场记录表 ---

WRITTEN: dict[str, Any] = {"held": [{"subject": "实操", "method": "practical"}], "equipment": "good"}


def test_the_site_writes_a_rooms_record_and_who_was_sent_signs_for_themselves(office: Office, batch: str) -> None:
    at = f"batches/{batch}/sittings/1/rooms/A/record"
    for who in (OFFICER, COUNTY, LEADER):
        assert office.kind(who, "PUT", at, WRITTEN) == (403, "not-allowed")
    assert office.kind(ELSEWHERE, "GET", at) == (404, "unknown-batch")
    assert office.told(LEADER, "GET", at)["entry"] is None
    assert office.kind(LEADER, "POST", f"{at}/signature", {}) == (422, "not-of-the-panel")
    office.told(OFFICER, "POST", "panels", panel_file(sent(batch)), name="panel.json")
    assert office.kind(LEADER, "POST", f"{at}/signature", {}) == (404, "no-room-record")
    assert office.told(OPERATOR, "PUT", at, WRITTEN)["entry"] == f"room_record/{batch}/1/A@1"
    for who in (OPERATOR, OFFICER, COUNTY):
        assert office.kind(who, "POST", f"{at}/signature", {}) == (403, "not-allowed")
    assert office.kind(NOT_SENT, "POST", f"{at}/signature", {}) == (422, "not-of-the-panel")
    assert office.told(EXAMINER, "POST", f"{at}/signature", {})["signed"] is False
    signed = office.told(LEADER, "POST", f"{at}/signature", {})
    assert [(each["examiner"], each["leads"]) for each in signed["signatures"]] == [(EXAMINER, False), (LEADER, True)]
    assert (signed["signed"], signed["planned"], signed["unrecorded"]) == (True, 2, ["T001", "T002"])
    entry = office.exam.database.register.find(ROOM_RECORDS, f"{batch}/1/A")
    assert entry is not None
    assert entry.actor.name == f"account:{LEADER}"


def test_a_signed_record_is_changed_for_a_reason_and_signed_again(office: Office, batch: str) -> None:
    at = f"batches/{batch}/sittings/1/rooms/A/record"
    office.told(OFFICER, "POST", "panels", panel_file(sent(batch)), name="panel.json")
    office.told(OPERATOR, "PUT", at, WRITTEN)
    office.told(EXAMINER, "POST", f"{at}/signature", {})
    changed = WRITTEN | {"equipment": "faulty", "incidents": [power_cut(office)]}
    assert office.kind(OPERATOR, "PUT", at, changed) == (422, "reason-needed")
    assert len(office.told(OPERATOR, "GET", at)["signatures"]) == 1
    again = office.told(OPERATOR, "PUT", at, changed | {"reason": "漏记停电"})
    assert (again["signatures"], again["equipment"]) == ([], "faulty")
    assert [(each["kind"], each["candidates"]) for each in again["incidents"]] == [("power_cut", ["T001"])]
    paper = office.ask(COUNTY, "GET", f"{at}/paper.pdf")
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")
    assert paper.headers["cache-control"] == "no-store"


def power_cut(office: Office) -> dict[str, Any]:
    at = office.minutes(0.5)
    return {"kind": "power_cut", "at": at, "what": "停电", "handling": "等待来电", "candidates": ["T001"]}


def test_a_record_that_names_what_is_not_there_is_refused_with_its_place(office: Office, batch: str) -> None:
    at = f"batches/{batch}/sittings/1/rooms/A/record"
    assert office.kind(OPERATOR, "GET", at.replace("/A/", "/Z/")) == (422, "room-record-refused")
    assert office.kind(OPERATOR, "GET", at.replace("/1/", "/7/")) == (404, "unknown-sitting")
    stranger = {"void": [{"candidate": "T009", "why": "污损"}]}
    assert office.kind(OPERATOR, "PUT", at, stranger) == (422, "room-record-refused")
    late = {"incidents": [power_cut(office) | {"at": rfc3339(office.exam.clock.now() + timedelta(minutes=1))}]}
    assert office.kind(OPERATOR, "PUT", at, late) == (422, "impossible-time")
    wrong = office.ask(OPERATOR, "PUT", at, {"held": [{"subject": "实操", "method": "oral"}]}).json()
    assert [each["field"] for each in wrong["errors"]] == ["body.held.0.method"]
    assert office.told(OPERATOR, "GET", at)["entry"] is None


# --- Grounds of a site 考场设立 ---


def form(name: str, *steps: str) -> bytes:
    """The form under an id of its own."""
    return "".join((told.INSTITUTIONS, told.APPLIED.replace("form-1", name), *steps)).encode()


def test_only_the_centre_enters_grounds_and_no_other_site_reads_them(office: Office) -> None:
    for who in (OPERATOR, COUNTY):
        assert office.kind(who, "POST", "grounds", form("form-x"), name="sites.yaml") == (403, "not-allowed")
    office.told(OFFICER, "POST", "grounds", form("form-x"), name="sites.yaml")
    for path in (f"sites/{SITE.id}/grounds", f"sites/{SITE.id}/approvals/form-x/form.pdf"):
        assert office.kind(ELSEWHERE, "GET", path) == (404, "unknown")
        assert office.ask(OPERATOR, "GET", path).status_code == 200
    assert office.kind(OFFICER, "GET", f"sites/{SITE.id}/approvals/form-none/form.pdf") == (404, "no-grounds")
    office.told(OFFICER, "POST", "grounds", form("form-z").replace(b"sg-001", b"sg-009"), name="sites.yaml")
    there = office.ask(OFFICER, "GET", f"sites/{SITE.id}/approvals/form-z/form.pdf")
    assert there.json()["detail"].startswith("there is no form form-z")


def test_the_form_goes_on_step_by_step_as_a_program_sends_back_what_it_read(office: Office) -> None:
    name = f"form-{next(NAMES)}"
    office.told(OFFICER, "POST", "grounds", form(name), name="sites.yaml")
    steps = {
        "acceptance": {"day": "2026-01-05", "officer": "丘经办"},
        "review": {"text": "材料齐全，同意上报。", "agrees": True, "day": "2026-01-12"},
        "department": {"text": "拟同意设立。", "agrees": True, "day": "2026-01-14"},
        "centre": {"text": "同意设立。", "agrees": True, "day": "2026-01-16"},
    }
    signer = {"name": "温评审", "employer": "韶关示范技师学院", "qualification": "高级讲师", "phone": "0751-0000002"}
    for step, given in steps.items():
        read = of_site(office, name)
        del read["recorded"], read["step"]
        signed = {step: given} | ({"reviewers": [signer]} if step == "review" else {})
        body = json.dumps({"approvals": [read | signed]}).encode()
        done = office.told(OFFICER, "POST", "grounds", body, name="form.json", reason="下一环节")
        assert done["changed"] == [f"site_approval {name}"]
    found = of_site(office, name)
    assert (found["step"], found["recorded"]["entry"]) == ("decided", f"site_approval/{name}@5")
    assert found["recorded"]["by"] == f"account:{OFFICER}"
    paper = office.ask(COUNTY, "GET", f"sites/{SITE.id}/approvals/{name}/form.pdf", lang="en")
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")


def of_site(office: Office, name: str) -> dict[str, Any]:
    there = office.told(OPERATOR, "GET", f"sites/{SITE.id}/grounds")["approvals"]
    found: dict[str, Any] = next(each for each in there if each["id"] == name)
    return found


def test_a_step_out_of_its_order_and_one_that_was_signed_are_refused_by_line_and_field(office: Office) -> None:
    name = f"form-{next(NAMES)}"
    wrong = office.ask(OFFICER, "POST", "grounds", form(name, told.DECIDED), name="sites.yaml").json()
    assert [(each["field"], each["row"] > 1) for each in wrong["errors"]] == [("approvals[0].centre", True)]
    assert wrong["type"] == "urn:kaojian:problem:document-refused"
    assert office.exam.database.register.find(SITE_APPROVALS, name) is None
    office.told(OFFICER, "POST", "grounds", form(name, told.ACCEPTED), name="sites.yaml")
    rewritten = form(name, told.ACCEPTED.replace("2026-01-05", "2026-01-06"))
    refused = office.ask(OFFICER, "POST", "grounds", rewritten, name="sites.yaml").json()
    assert refused["type"] == "urn:kaojian:problem:grounds-refused"
    assert [each["field"] for each in refused["errors"]] == ["approvals[0].acceptance"]
    assert refused["detail"].startswith("sites.yaml:")
    assert of_site(office, name)["acceptance"]["day"] == "2026-01-05"
