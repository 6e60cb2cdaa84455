"""The people of the demonstration: who is examined and by whom, and what each of them puts on record.

What an office would type at the host is typed here by the same functions; what a person does under an account of
their own, a mark, a signature, a decision, goes over the API like from anybody's page. All names are invented. Not
here: cameras and footage (``kaojian.demo``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener

import yaml

from config.rule_pack import RulePack
from dashboard.papers import receipt as receipt_paper
from dashboard.papers.form import Form, People
from dashboard.papers.printing import as_pdf, form_as_pdf
from dashboard.papers.words import Language
from domain import resident_id
from domain.calendar import local_day
from domain.dossier import needs
from domain.exam_papers import NoPapers
from domain.grounds import Method, Requirement
from domain.panels import Attendance
from domain.people import Actor, Role
from domain.phases import Mark
from domain.places import Sitting
from domain.readiness import CONFIRMED
from domain.receipt import grouped
from domain.roll import IdCheck
from domain.room_record import Condition, Held, RoomRecord
from domain.supervision import Side, Supervisor
from domain.timeline import SystemClock
from kaojian.staging import StageError
from records import (
    certificates,
    conduct,
    dossier,
    exam_papers,
    grounds,
    grounds_file,
    panels,
    readiness,
    receipts,
    roll,
    room_records,
    roster,
    sheets,
    supervision,
)
from records.candidacies import cases_of
from records.roll import Desk, Said, Shown
from storage.archive import Archive
from storage.database import Database
from storage.id_numbers import IdNumbers
from storage.signing import Signer

PROJECT, SUBJECT = "中式面点制作", "实操"
EXAMINERS = ("demo-examiner", "demo-examiner-2", "demo-examiner-3")
"""Accounts, of which the first leads."""
SUPERVISOR = "demo-city-supervisor"


@dataclass(frozen=True, slots=True)
class Person:
    """A candidate: where they sit, and their mark, None for who does not come."""

    ticket: str
    name: str
    station: str
    mark: str | None


CANDIDATES = (
    Person("D001", "甄示例", "A-01", "86.5"),
    Person("D002", "贾演示", "A-03", "91"),  # no other camera shows where they work
    Person("D003", "艾样本", "B-01", "55.5"),
    Person("D004", "游虚构", "02", None),  # a cloth comes over the station
)


@dataclass(frozen=True, slots=True)
class Office:
    """Who works at the host, and what they work on."""

    database: Database
    numbers: IdNumbers
    actor: Actor
    site: str
    folder: Path

    def desk(self) -> Desk:
        return Desk(self.database, self.actor, SystemClock().now())


# --- Weeks before ---------------------------------------------------------------------------------------------------


def prepare(office: Office, sitting: Sitting) -> None:
    """The site's grounds, a roster that the centre accepted, a panel that it sent, who may visit, and what people
    confirm.
    """
    _ground(office)
    _badge(office)
    _enrol(office, sitting)
    _send(office, sitting)
    clock = SystemClock()
    for room in sitting.rooms:
        readiness.confirm(
            office.database, sitting.batch.id, 1, office.actor, clock, room=room.id, items=tuple(CONFIRMED)
        )
    none = NoPapers(sitting.batch.id, SUBJECT, clock.now(), "市中心", "题目见考核规范，不另发试卷")
    exam_papers.say_none(office.desk(), none)


def _badge(office: Office) -> None:
    """The supervisor of the city is on record with a badge, so that a visit can be begun at the page."""
    desk = office.desk()
    day, year = local_day(desk.now), timedelta(days=365)
    told = Supervisor("督示范", "DD-1", day - year, day + year, Side.EXTERNAL, "市中心", SUPERVISOR)
    supervision.add_supervisor(office.database, SUPERVISOR, told, desk.actor, desk.now)


def _ground(office: Office) -> None:
    file = office.folder / "grounds.yaml"
    file.write_text(yaml.safe_dump(_grounds(office.site), allow_unicode=True, sort_keys=False))
    grounds.enter(grounds_file.read(file), office.database, office.actor, SystemClock().now())


def _enrol(office: Office, sitting: Sitting) -> None:
    """The roster as a file, and its way through the offices some weeks ago."""
    desk, batch = office.desk(), sitting.batch.id
    headings = ("准考证号", "姓名", "证件号码", "科目", "场次", "工位")
    rows = [
        (each.ticket, each.name, _number(place), SUBJECT, "1", each.station)
        for place, each in enumerate(CANDIDATES, start=1)
    ]
    file = office.folder / "roster.csv"
    file.write_bytes(sheets.as_text(headings, rows))
    roster.take_in(
        office.database, office.numbers, batch, file.read_bytes(), file.name, actor=office.actor, now=desk.now
    )

    def said(days: int, by: str) -> Said:
        return Said(desk.now - timedelta(days=days), by)

    roll.make_plan(desk, batch, said(30, "考核机构"))
    roll.review_first(desk, batch, said(29, "考核机构"))
    roll.submit(desk, batch, said(28, "考核机构"))
    roll.decide(desk, batch, 1, said(24, "市中心"), accepted=[each.ticket for each in CANDIDATES], declined={})
    roll.give_feedback(desk, batch, 1, said(23, "市中心"))


def _send(office: Office, sitting: Sitting) -> None:
    today = local_day(SystemClock().now())
    term = {"valid_from": _years(today, -1), "valid_until": _years(today, 1)}
    people = [
        {
            "id": name,
            "qualifications": [{"project": PROJECT, "number": f"KP-{place}", **term}],
            "badges": [{"number": f"ZK-{place}", **term}],
        }
        for place, name in enumerate(EXAMINERS, start=1)
    ]
    members = [{"examiner": name, "leader": name == EXAMINERS[0]} for name in EXAMINERS]
    order = {"batch": sitting.batch.id, "sitting": 1, "by_centre": True, "members": members}
    file = office.folder / "panel.yaml"
    file.write_text(yaml.safe_dump({"examiners": people, "dispatches": [order]}, allow_unicode=True, sort_keys=False))
    panels.import_file(office.database, file, office.actor, SystemClock().now())


def _number(place: int) -> str:
    """An identity number of a region that does not exist."""
    first = f"99009919900101{place:03}"
    return first + resident_id.check_digit(first)


def _years(day: Any, years: int) -> str:
    return str(day + timedelta(days=365 * years))


def _grounds(site: str) -> dict[str, Any]:
    """What clauses 一 to 四 ask for, all in order."""
    today = local_day(SystemClock().now())
    address, school = "韶关市浈江区示范路1号", "韶关示范职业培训学校"
    day = {name: str(today - timedelta(days=ago)) for name, ago in (("visit", 220), ("form", 200), ("since", 190))}
    reviewers = [
        {"name": "温评审", "employer": "示范技师学院", "qualification": "高级讲师", "phone": "0751-0000001"},
        {"name": "罗评审", "employer": "示范餐饮协会", "qualification": "高级技师", "phone": "0751-0000002"},
    ]
    agreed = {"agrees": True, "day": day["form"]}
    return {
        "institutions": [{"id": "demo-school", "name": school}],
        "premises": [
            {
                "site": site,
                "kind": "fixed",
                "stays": [{"since": day["since"], "institution": "demo-school", "address": address}],
            }
        ],
        "approvals": [
            {
                "id": "form-1",
                "site": site,
                "institution": "demo-school",
                "applicant": school,
                "head": "钟示范",
                "phone": "0751-0000000",
                "address": address,
                "postcode": "512000",
                "projects": [PROJECT],
                "conditions": [{"requirement": each.value, "met": True} for each in Requirement],
                "acceptance": {"day": day["visit"], "officer": "丘经办"},
                "review": {"text": "材料齐全，同意上报。", **agreed},
                "reviewers": reviewers,
                "department": {"text": "拟同意设立。", **agreed},
                "centre": {"text": "同意设立。", **agreed},
            }
        ],
        "opinions": [
            {
                "id": "opinion-1",
                "approval": "form-1",
                "site": site,
                "experts": [{key: each[key] for key in ("name", "employer", "qualification")} for each in reviewers],
                "text": "场地与设备符合考核规范。",
                "agrees": True,
                "ceilings": [{"project": PROJECT, "stations": 20}],
                "visited": day["visit"],
                "signed": day["visit"],
            }
        ],
        "agreements": [
            {
                "id": "agreement-1",
                "site": site,
                "institution": "demo-school",
                "signed": day["since"],
                "begins": day["since"],
                "ends": str(today + timedelta(days=200)),
                "scope": [{"project": PROJECT, "stations": 20}],
                "duties": "见协议第三条",
                "liability": "见协议第七条",
            }
        ],
        "plates": [
            {
                "site": site,
                "measured": day["since"],
                "wording": "专项职业能力定点考场",
                "width_cm": 40,
                "height_cm": 60,
                "thickness_mm": 0.7,
                "fold_cm": 2,
                "stainless_steel": True,
                "black_letters": True,
                "at_front_door": True,
                "photo_sha256": "ab" * 32,
            }
        ],
        "norms": [
            {
                "id": "norm-1",
                "project": PROJECT,
                "published": str(today - timedelta(days=900)),
                "subjects": [{"name": SUBJECT, "method": "practical", "duration_min": 1}],
            }
        ],
        "catalogues": [_catalogue(today.year - 1), _catalogue(today.year), _catalogue(today.year + 1)],
    }


def _catalogue(year: int) -> dict[str, Any]:
    return {
        "year": year,
        "title": f"{year}年考核目录（示例）",
        "begins": f"{year}-01-01",
        "ends": f"{year}-12-31",
        "projects": [{"project": PROJECT, "norm": "norm-1", "filing_number": "SL-1"}],
    }


# --- The day --------------------------------------------------------------------------------------------------------


def arrive(office: Office, sitting: Sitting) -> None:
    """Before the bell: the panel is there, and the site marks what is done in view of all."""
    now = SystemClock().now()
    for place, name in enumerate(EXAMINERS, start=1):
        room = sitting.rooms[(place - 1) % len(sitting.rooms)].id
        there = Attendance(sitting.batch.id, 1, name, room, now, badge=f"ZK-{place}", leads=name == EXAMINERS[0])
        panels.arrive(office.database, there, office.actor, now)
    for place, each in enumerate(CANDIDATES, start=1):
        if each.mark is not None:
            showed = Shown(IdCheck.TYPED, number=_number(place))
            said = Said(now, "签到处")
            roll.sign_in(office.desk(), office.numbers, sitting.batch.id, 1, each.ticket, showed=showed, said=said)


def mark(office: Office, sitting: Sitting, *marks: Mark) -> None:
    """Time marks, now."""
    clock = SystemClock()
    for each in marks:
        conduct.mark_sitting(office.database, sitting.batch.id, 1, office.actor, clock, mark=each, at=clock.now())


def finish(office: Office, sitting: Sitting) -> None:
    """After the bell: who did not come, and the record of each room with the signatures under it."""
    batch, desk = sitting.batch.id, office.desk()
    for each in CANDIDATES:
        if each.mark is None:
            roll.mark_absent(desk, batch, 1, each.ticket, said=Said(desk.now, "签到处"))
    for room in sitting.rooms:
        place = room_records.Place(batch, 1, room.id)
        record = RoomRecord(
            batch,
            1,
            room.id,
            held=(Held(SUBJECT, Method.PRACTICAL),),
            equipment=Condition.GOOD,
            monitoring=Condition.GOOD,
            all_left=desk.now,
        )
        room_records.write(desk, record)
        for name in EXAMINERS:
            room_records.sign(replace(desk, now=SystemClock().now()), place, name)


# --- Under accounts of their own ------------------------------------------------------------------------------------


class Page:
    """Somebody at a page of the service, logged in; raises StageError for whatever is refused."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self._at = f"http://127.0.0.1:{port}"
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.send("/session", {"name": name, "password": password})

    def send(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What a route answers; with a body it is posted."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Origin": self._at}
        request = Request(f"{self._at}/api/v1{path}", data, headers)  # noqa: S310 (always http, on loopback)
        try:
            with self._opener.open(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            told = error.read().decode(errors="replace")
            raise StageError(f"{path} was refused: {error.code} {told}") from error


def score(port: int, batch: str, passwords: dict[str, str]) -> None:
    """Marks, given and signed by an examiner and confirmed by the leader."""
    leader, examiner = (Page(port, name, passwords[name]) for name in EXAMINERS[:2])
    for each in CANDIDATES:
        if each.mark is not None:
            place = {"candidate": each.ticket, "subject": SUBJECT}
            examiner.send(f"/batches/{batch}/scores", {**place, "value": each.mark, "method": "practical"})
            examiner.send(f"/batches/{batch}/scores/signature", place)
            leader.send(f"/batches/{batch}/scores/confirmation", place)


def decide(port: int, batch: str, passwords: dict[str, str]) -> dict[str, str]:
    """What an officer decides of what is proposed, and what was proposed, by ticket. Who is held back stays so."""
    officer = Page(port, "demo-city-officer", passwords["demo-city-officer"])
    found = {each["candidate"]: each["proposal"] for each in officer.send(f"/batches/{batch}/cases")["cases"]}
    for ticket, proposal in found.items():
        if proposal != "hold":
            officer.send(f"/batches/{batch}/cases/decision", {"candidate": ticket, "issue": proposal == "issue"})
    return found


# --- Weeks after ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate with the code of its receipt, as people read it, and whether the receipt's check holds."""

    ticket: str
    number: str
    code: str
    holds: bool


def file_dossier(office: Office, archive: Archive, sitting: Sitting) -> int:
    """What clause 九 asks for beside footage, as scans: printed here instead, since nobody holds paper. How many."""
    batch, made = sitting.batch.id, SystemClock().now()
    rows = tuple((each.ticket, each.station, each.mark or "缺考") for each in CANDIDATES)
    wanted = list(needs([1], [(SUBJECT, Method.PRACTICAL)], [(SUBJECT, 1)]))
    for need in wanted:
        table = People(need.item.zh, ("准考证号", "工位", "成绩"), rows, (1, 1, 1))
        sheet = Form(Language.ZH, f"{need.zh}（示例）", f"{batch}-{need.item}", "", made, (table,))
        told = dossier.Told(need.item, need.subject, need.sitting, 1)
        dossier.file_scan(office.desk(), archive, batch, told, form_as_pdf(sheet), where=need.item.value)
    return len(wanted)


def certify(
    office: Office, archive: Archive, signer: Signer, sitting: Sitting, rules: RulePack, *, address: str
) -> tuple[Certified, ...]:
    """Certificates for all on whom it was decided, each with its receipt, printed and checked. ``address`` is where
    the QR codes of receipts lead. Nobody has one where the gate held all back, as when a busy host missed pictures.
    """
    desk, batch = office.desk(), sitting.batch.id
    certificates.deliver(desk, "SG0001", "SG0010", 10, Said(desk.now, "省中心"))
    tickets = certificates.to_issue(office.database, batch)
    if not tickets:
        return ()
    cases = certificates.chosen(cases_of(office.database, batch, rules, desk.now), tickets)
    forms = certificates.forms_from(office.database, "SG0001", len(cases))
    issued = certificates.issue(desk, batch, cases, forms, rules)
    afterwards = office.desk()
    certificates.imprint(afterwards, batch, (), Said(afterwards.now, "印章员"))
    held = receipt_paper.Held(PROJECT, sitting.site.name, (local_day(sitting.start),))
    made = []
    for case, entry in zip(cases, issued, strict=True):
        number = entry.thing.number
        kept = receipts.make(office.desk(), signer, batch, case.ticket, case.rests_on, certificate=number)
        paper = receipt_paper.compose(receipts.opened(kept), held, address=address)
        (office.folder / f"receipt.{case.ticket}.pdf").write_bytes(as_pdf(paper))
        checked = receipts.check_code(office.database, archive, kept.key)
        made.append(Certified(case.ticket, number, grouped(kept.key), checked.state is receipts.State.HOLDS))
    return tuple(made)


def accounts_of(roles: Iterable[Role]) -> dict[str, Role]:
    """Names of accounts, one for each role, and a panel."""
    found = {f"demo-{role.replace('_', '-')}": role for role in roles}
    return found | dict.fromkeys(EXAMINERS, Role.EXAMINER)
