"""Rosters with made-up people, and a batch to put them on, for the tests of the roll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from config.rule_pack import load
from domain import resident_id
from domain.people import Actor, Door
from domain.timeline import Clock
from records import declaration, roster, sheets
from records.roll import Desk, Said
from records.roster import Import
from records.setup import apply
from storage.database import Database
from storage.id_numbers import IdNumbers
from tests.records.setups import ACTOR, ROOMY, WHOLE

BATCH = "2026-0501"
RULES = load("SG-2022-08-10")
NUMBERS = IdNumbers.new()
BEFORE = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)  # Wed, 09:00 in Shaoguan: long before the first sitting
OFFICER = Actor("account:liu", Door.API)
HEADINGS = ("准考证号", "姓名", "证件号码", "科目", "场次", "工位")


def number(place: int, born: str = "19900101") -> str:
    """A made-up identity number of a region that does not exist."""
    first = f"990099{born}{place:03}"
    return first + resident_id.check_digit(first)


def row(place: int, sitting: str = "1", station: str = "A-01", **other: str) -> dict[str, str]:
    """One row of a roster, by heading."""
    return {
        "准考证号": f"T{place:03}",
        "姓名": f"考生{'甲乙丙丁戊己庚辛'[place % 8]}",
        "证件号码": number(place),
        "科目": "实操",
        "场次": sitting,
        "工位": station,
        **other,
    }


def text_of(*rows: dict[str, str]) -> bytes:
    """The rows as a file, with all headings that any of them has."""
    headings = list(dict.fromkeys([*HEADINGS, *(heading for each in rows for heading in each)]))
    return sheets.as_text(headings, [[each.get(heading, "") for heading in headings] for each in rows])


def set_up(database: Database, clock: Clock, text: str = WHOLE) -> None:
    """The site and the batch of ``tests.records.setups``."""
    apply(declaration.parse(text, "exam.yaml"), database, ACTOR, clock, ROOMY)


def take_in(database: Database, *rows: dict[str, str], now: datetime = BEFORE, **more: object) -> Import:
    return roster.take_in(
        database,
        NUMBERS,
        BATCH,
        text_of(*rows),
        "名册.csv",
        actor=ACTOR,
        now=now,
        **more,  # type: ignore[arg-type]
    )


def desk(database: Database, now: datetime) -> Desk:
    return Desk(database, OFFICER, now)


def said(at: datetime, by: str = "考务科") -> Said:
    return Said(at, by)


def days(count: float) -> datetime:
    """So many days after ``BEFORE``."""
    return BEFORE + timedelta(days=count)
