"""What an alarm says: one body for people in both languages, Chinese first, and for programs. Pure.

Subjects are paths: ``camera/<id>``, ``nvr/<site>/<id>``, ``recorder/<name>``, ``spool_low/<owner>/<spool>``,
``spool_full/<owner>/<spool>``, ``second_copy/<owner>``, ``clock/<host>``, ``picture/<camera>``,
``view/<camera>/<station>``, ``withheld/<camera>``, ``break_glass/<account>``. Not here: when there is something to
say (``records.losses``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.alarms import Alarm, Kind, Step
from domain.calendar import SHANGHAI
from domain.evidence import Cause
from domain.places import Camera, Room, Site, Sitting
from domain.timeline import rfc3339
from records.losses import News

KINDS: Mapping[str, Kind] = {
    "camera": Kind.CAMERA_LOST,
    "nvr": Kind.NVR_LOST,
    "recorder": Kind.RECORDER_LOST,
    "spool_low": Kind.SPOOL_LOW,
    "spool_full": Kind.SPOOL_FULL,
    "second_copy": Kind.SECOND_COPY_BEHIND,
    "clock": Kind.CLOCK_UNSYNCHRONISED,
    "picture": Kind.PICTURE_FAULT,
    "view": Kind.VIEW_OBSTRUCTED,
    "withheld": Kind.FOOTAGE_WITHHELD,
    "break_glass": Kind.BREAK_GLASS,
}
_OF_A_CAMERA = ("camera", "picture", "view", "withheld")
_OF_CAMERAS = (Kind.CAMERA_LOST, Kind.NVR_LOST, Kind.PICTURE_FAULT, Kind.VIEW_OBSTRUCTED, Kind.FOOTAGE_WITHHELD)
_NO_RECORDER = ("无", "none")


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a camera stands, and the sitting that wants it, if any."""

    site: Site
    room: Room
    camera: Camera
    sitting: Sitting | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around the news: cameras by id, why they are dark, and the hosts that record."""

    seats: Mapping[str, Seat]
    causes: Mapping[str, Cause] = field(default_factory=dict)
    recorders: tuple[str, ...] = ()
    details: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # by subject, Chinese and English


def camera_of(subject: str) -> str:
    """The camera's id; empty for other subjects."""
    kind, _, rest = subject.partition("/")
    return rest.partition("/")[0] if kind in _OF_A_CAMERA else ""


def alarm(news: News, scene: Scene, alarm_id: str, now: datetime) -> Alarm:
    """What is sent of the news, written at ``now``."""
    prefix, _, rest = news.subject.partition("/")
    kind = KINDS[prefix]
    cameras = [camera_of(each) for each in news.members] or [camera for camera in [camera_of(news.subject)] if camera]
    seats = [scene.seats[each] for each in cameras if each in scene.seats]
    body = {
        "id": alarm_id,
        "event": kind.value,
        "step": news.step.value,
        "at": rfc3339(now),
        "since": rfc3339(news.since),
        "until": rfc3339(news.at) if news.step is Step.ENDED else None,
        "times": news.times,
        "subject": news.subject,
        "cameras": cameras,
        "still_lost": [camera_of(each) for each in news.still_dark],
        "nvr": rest.partition("/")[2] if kind is Kind.NVR_LOST else None,
        "recorder": _recorder(kind, rest, scene),
        "cause": _cause(cameras, scene) if news.step is Step.BEGAN and _is_loss(kind) else None,
        **_place(kind, seats, rest),
        "text": dict(zip(("zh", "en"), _sentences(news, kind, rest, seats, scene), strict=True)),
    }
    site = seats[0].site.id if seats else ""
    return Alarm(alarm_id, kind, news.step, site, now, json.dumps(body, ensure_ascii=False, sort_keys=True))


def _is_loss(kind: Kind) -> bool:
    """Whether cameras gave nothing, which outages have causes for."""
    return kind not in (Kind.PICTURE_FAULT, Kind.VIEW_OBSTRUCTED, Kind.FOOTAGE_WITHHELD)


def _place(kind: Kind, seats: Iterable[Seat], rest: str = "") -> dict[str, Any]:
    found = list(seats)
    first = found[0] if found else None
    sitting = next((each.sitting for each in found if each.sitting is not None), None)
    rooms = {each.room.id: each.room.name for each in found}
    return {
        "site": {"id": first.site.id, "name": first.site.name} if first is not None else None,
        "rooms": [{"id": room, "name": name} for room, name in sorted(rooms.items())],
        "stations": _stations(kind, found, rest),
        "camera": first.camera.id
        if first is not None and kind in _OF_CAMERAS and kind is not Kind.NVR_LOST
        else None,
        "batch": sitting.batch.id if sitting is not None else None,
        "sitting": sitting.plan.number if sitting is not None else None,
    }


def _stations(kind: Kind, seats: Iterable[Seat], rest: str) -> list[str]:
    if kind is Kind.VIEW_OBSTRUCTED:
        return [rest.partition("/")[2]]
    return sorted({station for each in seats for station in each.camera.sees})


def _recorder(kind: Kind, rest: str, scene: Scene) -> str | None:
    if kind in _OF_CAMERAS:
        return ", ".join(scene.recorders) or None
    if kind is Kind.BREAK_GLASS:
        return None
    return rest.partition("/")[0] or None


def _cause(cameras: Iterable[str], scene: Scene) -> dict[str, str] | None:
    known = [scene.causes[each] for each in cameras if each in scene.causes]
    if not known:
        return None
    cause = min(known, key=lambda each: each.rank)
    return {"code": cause.value, "zh": cause.zh, "en": cause.en}


def _sentences(news: News, kind: Kind, rest: str, seats: list[Seat], scene: Scene) -> tuple[str, str]:
    name = _name(kind, rest)
    zh = [f"【考鉴】{kind.zh}（{news.step.zh}）：{name[0]}"]
    en = [f"Kaojian: {kind.en} ({news.step.en}): {name[1]}"]
    if seats:
        place = _place(kind, seats, rest)
        rooms = ", ".join(each["name"] for each in place["rooms"])
        stations = ", ".join(place["stations"])
        zh.append(f"{seats[0].site.name} {rooms}，工位 {stations or '无'}")
        en.append(f"site {seats[0].site.id}, {rooms}, stations {stations or 'none'}")
        if place["batch"] is not None:
            zh.append(f"批次 {place['batch']} 第 {place['sitting']} 场")
            en.append(f"batch {place['batch']}, sitting {place['sitting']}")
    zh.append(f"自 {_local(news.since)} 起")
    en.append(f"since {_local(news.since)}")
    for each in _more(news, kind, seats, scene):
        zh.append(each[0])
        en.append(each[1])
    return "；".join(zh), "; ".join(en)


def _more(news: News, kind: Kind, seats: list[Seat], scene: Scene) -> Iterable[tuple[str, str]]:
    if news.step is Step.ENDED:
        lasted = (news.at - news.since).total_seconds()
        yield f"{_local(news.at)} 恢复，历时 {lasted:.0f} 秒", f"back at {_local(news.at)} after {lasted:.0f} s"
    cause = _cause((each.camera.id for each in seats), scene) if _is_loss(kind) else None
    if news.step is Step.BEGAN and cause is not None:
        yield f"原因：{cause['zh']}", f"cause: {cause['en']}"
    if news.step is Step.BEGAN and news.subject in scene.details:
        yield scene.details[news.subject]
    if news.times > 1:
        yield f"其间中断 {news.times} 次", f"went {news.times} times"
    if news.members:
        names = ", ".join(camera_of(each) for each in news.members)
        yield f"摄像机 {names}", f"cameras {names}"
    if news.still_dark:
        names = ", ".join(camera_of(each) for each in news.still_dark)
        yield f"仍未恢复：{names}", f"not back yet: {names}"


_SPOOLS = {"first": ("暂存盘", "spool"), "second": ("第二暂存盘", "second spool")}


def _name(kind: Kind, rest: str) -> tuple[str, str]:
    if kind in (Kind.SPOOL_LOW, Kind.SPOOL_FULL):
        owner, _, spool = rest.partition("/")
        zh, en = _SPOOLS[spool]
        return f"{owner} 的{zh}", f"{en} of {owner}"
    if kind is Kind.NVR_LOST:
        return (rest.partition("/")[2],) * 2
    if kind is Kind.VIEW_OBSTRUCTED:
        camera, _, station = rest.partition("/")
        return f"{camera} 画面中的工位 {station}", f"station {station} in the picture of {camera}"
    return (rest, rest) if rest else _NO_RECORDER


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
