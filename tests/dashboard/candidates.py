"""Three candidates of the exam that the dashboard is put over, as people put them on record. Not tests."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.grounds import CATALOGUES, NORMS, Catalogue, Listed, Method, Norm, Subject
from domain.panels import Attendance, Dispatch, Member
from domain.people import Actor, Door
from domain.register import Draft
from domain.roll import CANDIDATES, FEEDBACKS, SEATS, SIGN_INS, Candidate, Document, Feedback, IdCheck, Seat, SignIn
from domain.roll import Listed as OnPaper
from domain.scores import CandidateScore, Score, Signature
from records.panels import ATTENDANCES, DISPATCHES
from records.scores import SCORES
from tests.dashboard.exam import BATCH, EXAM, SITE, START, Exam

PROJECT, SUBJECT = "中式面点制作", "实操"
STATIONS = {"T001": ("A", "A01"), "T002": ("B", "B01"), "T003": ("B", "B03")}
HERE = Actor("local:tester", Door.COMMAND_LINE)


def enrol(exam: Exam, *, marked: bool = True) -> None:
    """On the approved roster, with seats; the first two signed in, were scored and passed, the third was absent.

    Not ``marked``: nobody scored them yet.
    """
    listed = tuple(OnPaper(ticket, f"mark-{ticket}") for ticket in STATIONS)
    told = START - timedelta(days=20)
    drafts: list[Draft[Any]] = [
        Draft(NORMS, "norm-1", Norm("norm-1", PROJECT, date(2019, 6, 1), (Subject(SUBJECT, Method.PRACTICAL, 60),))),
        Draft(CATALOGUES, str(START.year), _catalogue(START.year)),
        _of(FEEDBACKS, "1/1", Feedback(BATCH, 1, 1, told, "考务科", listed, listed)),
        _of(
            DISPATCHES, "1", Dispatch(BATCH, 1, tuple(Member(each, each == "ex-1") for each in PANEL), by_centre=True)
        ),
    ]
    for examiner in PANEL:
        came = Attendance(
            BATCH, 1, examiner, "A", START - timedelta(minutes=1), badge="B-1", leads=examiner == "ex-1"
        )
        drafts.append(_of(ATTENDANCES, f"1/{examiner}", came))
    for ticket, (room, station) in STATIONS.items():
        drafts += _candidate(ticket, room, station, marked=marked)
    exam.database.register.enter("tests", BATCH, drafts, HERE, told)


PANEL = ("ex-1", "ex-2", "ex-3")


def _catalogue(year: int) -> Catalogue:
    return Catalogue(year, "考核目录", date(year, 1, 1), date(year, 12, 31), (Listed(PROJECT, "norm-1"),))


def _candidate(ticket: str, room: str, station: str, *, marked: bool) -> list[Draft[Any]]:
    present = ticket != "T003"
    person = Candidate(BATCH, ticket, f"考生{ticket}", Document.RESIDENT_ID, "sealed", (SUBJECT,))
    signed = SignIn(
        BATCH,
        1,
        ticket,
        present,
        START - timedelta(seconds=10),
        IdCheck.CARD if present else IdCheck.NONE,
        "签到处",
        room if present else "",
        station if present else "",
    )
    drafts = [
        _of(CANDIDATES, ticket, person, f"mark-{ticket}"),
        _of(SEATS, f"{ticket}/1/{SUBJECT}", Seat(BATCH, ticket, 1, room, station, SUBJECT), f"mark-{ticket}"),
        _of(SIGN_INS, f"1/{ticket}", signed, f"mark-{ticket}" if present else ""),
    ]
    return [*drafts, _of(SCORES, f"{ticket}/{SUBJECT}", _score(ticket))] if present and marked else drafts


def _score(ticket: str) -> CandidateScore:
    value, at = Decimal(80), START + EXAM
    score = Score(
        SUBJECT, Method.PRACTICAL, value, "ex-2", at, Signature("ex-2", at, value), Signature("ex-1", at, value)
    )
    return CandidateScore(BATCH, ticket, score)


def _of(kind: Any, key: str, value: Any, mark: str = "") -> Draft[Any]:
    return Draft(kind, f"{BATCH}/{key}", value, BATCH, SITE.id, mark)
