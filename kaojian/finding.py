"""Looking for footage 检索 at the command line: in every batch, and written down before it is told. No rules here."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from config import rule_pack
from config.settings import Settings
from dashboard.access import local
from domain.calendar import SHANGHAI, local_day
from domain.people import Actor
from domain.timeline import Clock, Interval, IntervalSet, rfc3339
from records.retrieval import Found, FoundStay, Held, Person, Question, SeenSpan, Within, find, record_lines
from storage.database import Database
from storage.id_numbers import IdNumbers

NOTHING = "没有找到：未登记，或输入有误 nothing found: it is not on record, or was typed wrongly"


def look(settings: Settings, database: Database, question: Question, actor: Actor, clock: Clock) -> Found:
    """What is found, of all batches. Raises RetrievalRefused, ConfigError, KeyRefused, DatabaseUnavailable."""
    within = Within(
        lambda batch: database.setup.batch(batch) is not None, lambda: [each.id for each in database.setup.batches()]
    )
    packs = partial(rule_pack.load, folder=settings.rule_packs_dir)
    numbers = partial(IdNumbers.kept, settings.numbers_key_file, database)
    found = find(database, question, within, packs, clock.now(), numbers=numbers)
    local.looked_for(database, clock, actor, record_lines(question, found))
    return found


def lines(found: Found) -> Iterator[str]:
    """For people."""
    if not found.people and not found.stays:
        yield NOTHING
    for person in found.people:
        yield from _person(person)
    for stay in found.stays:
        yield from _stay(stay)
    if found.left_off:
        yield f"另有 {found.left_off} 项未列出，请缩小范围 {found.left_off} more are not shown; narrow it down"


def _person(person: Person) -> Iterator[str]:
    name = f" {person.name}" if person.name else ""
    yield f"批次 batch {person.batch}, 考生 candidate {person.ticket}{name}"
    for held in person.certificates:
        yield f"  证书 certificate {held.certificate.number}, {_state(held)}"
    for stay in person.stays:
        yield from _stay(stay)
    for each in person.wanting:
        where = f"第{each.sitting}场 sitting {each.sitting}, {each.station} {each.subject}"
        yield f"  {where}: {each.why.zh} {each.why.en}"
    if not person.stays and not person.wanting:
        yield "  没有符合的座位和签到，无法确定其录像 no seat and no sign-in of that kind says where their footage is"
    elif person.stays:
        yield f"  films: kaojian export {person.batch} FOLDER --mp4 --ticket {person.ticket}"


def _state(held: Held) -> str:
    revoked = held.certificate.revoked
    told = f"{local_day(held.certificate.issued)} 制证 issued"
    told += "" if revoked is None else f", {local_day(revoked.at)} 已撤销 revoked"
    return told + (", 已换发 another was issued since" if held.replaced else "")


def _stay(stay: FoundStay) -> Iterator[str]:
    sitting, room = stay.sitting, stay.room
    where = f"{sitting.site.name} {'' if room is None else room.name} 工位 station {stay.station}"
    now = "、".join(each for each in (stay.site_now, stay.room_now) if each)
    yield (
        f"  第{sitting.plan.number}场 sitting {sitting.plan.number} of {sitting.batch.id}: {where}"
        + (f" (现称 now {now})" if now else "")
        + (f", {stay.subject}" if stay.subject else "")
        + (" · 已重考，不计 examined again since, does not count" if stay.superseded else "")
    )
    yield f"    摄像机 cameras: {', '.join(stay.cameras) or '无 none'}"
    for span in stay.spans:
        yield from _span(span)
    day = f"{stay.kept_until.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    held = ", 封存 held" if stay.held else ""
    gone = "" if stay.disposed is None else f", 已处置 disposed of by list {stay.disposed.disposal}"
    closed = "" if sitting.closed is not None else ", 场次未关闭 not closed: nothing of it is given away yet"
    yield f"    保存至 kept until {day} (Asia/Shanghai){held}{gone}{closed}"


def _span(span: SeenSpan) -> Iterator[str]:
    yield f"    {_local(span.interval)} {span.verdict.zh} {span.verdict}: {span.zh} {span.en}"
    for gap in span.gaps:
        yield f"      断档 gap {_exactly(gap.interval)}: {gap.cause.zh} {gap.cause.en}"
    for part in span.unusable:
        yield f"      画面不可用或存疑 not or perhaps not usable {_exactly(part)}"


def _local(span: Interval) -> str:
    start, end = span.start.astimezone(SHANGHAI), span.end.astimezone(SHANGHAI)
    return f"{start:%Y-%m-%d %H:%M:%S} .. {end:%H:%M:%S}"


def _exactly(span: Interval) -> str:
    """To the millisecond: a gap is told however short it is."""
    start, end = span.start.astimezone(SHANGHAI), span.end.astimezone(SHANGHAI)
    return f"{start:%Y-%m-%d} {start.time().isoformat('milliseconds')} .. {end.time().isoformat('milliseconds')}"


def as_json(found: Found) -> dict[str, Any]:
    """For programs."""
    return {
        "by": found.by.value,
        "people": [_person_json(each) for each in found.people],
        "stays": [_stay_json(each) for each in found.stays],
        "left_off": found.left_off,
    }


def _person_json(person: Person) -> dict[str, Any]:
    return {
        "batch": person.batch,
        "candidate": person.ticket,
        "name": person.name,
        "certificates": [
            {
                "number": each.certificate.number,
                "issued": rfc3339(each.certificate.issued),
                "revoked": None if each.certificate.revoked is None else rfc3339(each.certificate.revoked.at),
                "replaced": each.replaced,
            }
            for each in person.certificates
        ],
        "stays": [_stay_json(each) for each in person.stays],
        "wanting": [
            {"subject": each.subject, "sitting": each.sitting, "station": each.station, "why": each.why.value}
            for each in person.wanting
        ],
    }


def _stay_json(stay: FoundStay) -> dict[str, Any]:
    sitting, room = stay.sitting, stay.room
    return {
        "batch": sitting.batch.id,
        "sitting": sitting.plan.number,
        "candidate": stay.ticket,
        "subject": stay.subject,
        "superseded": stay.superseded,
        "site": sitting.site.id,
        "site_name": sitting.site.name,
        "site_now": stay.site_now,
        "room": "" if room is None else room.id,
        "room_name": "" if room is None else room.name,
        "room_now": stay.room_now,
        "station": stay.station,
        "cameras": list(stay.cameras),
        "verdict": stay.verdict.value,
        "spans": [
            {
                **_span_json(each.interval),
                "verdict": each.verdict.value,
                "zh": each.zh,
                "en": each.en,
                "covered": _spans_json(each.covered),
                "gaps": [{**_span_json(gap.interval), "cause": gap.cause.value} for gap in each.gaps],
                "unusable": _spans_json(each.unusable),
            }
            for each in stay.spans
        ],
        "closed": None if sitting.closed is None else rfc3339(sitting.closed),
        "kept_until": rfc3339(stay.kept_until),
        "held": stay.held,
        "disposal": None if stay.disposed is None else stay.disposed.disposal,
    }


def _span_json(span: Interval) -> dict[str, str]:
    return {"start": rfc3339(span.start), "end": rfc3339(span.end)}


def _spans_json(spans: IntervalSet) -> list[dict[str, str]]:
    return [_span_json(each) for each in spans]
