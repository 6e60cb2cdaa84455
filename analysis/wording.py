"""How a finding is said, in both languages: the words of each remark and the sentence they become.

A sentence names place, camera and time and never a candidate. It tells the first few things found; all of them
are listed under the stations and cameras of the report. Not here: what is found and how grave it is
(``analysis.judge``). Times are those of Asia/Shanghai.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from analysis.clocks import Drift, HostClockFacts
from analysis.facts import SittingFacts, Waiting
from domain.calendar import SHANGHAI, local_day
from domain.evidence import Cause
from domain.expected import ExpectedPlace, ExpectedRoom, Lack
from domain.host_clock import ClockState, Witness
from domain.law import Finding, Verdict, fold
from domain.pictures import Fault
from domain.plan import Target
from domain.readiness import PlanCover, Standing
from domain.timeline import Interval, IntervalSet

TOLD = 5
"""How many remarks a sentence tells before it only counts."""

NAMED = 8
"""How many stations or cameras a remark names before it only counts."""

_NEVER = IntervalSet()
_GRAVITY = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING, Verdict.WARN)

_DAY = re.compile(r"(\d{4}-\d\d-\d\d) (?=\d\d:\d\d:\d\d)")


class Words(NamedTuple):
    """The same statement in both languages."""

    zh: str
    en: str


FAULTS = {
    Fault.BLACK: Words("黑屏", "black"),
    Fault.OVEREXPOSED: Words("过曝", "overexposed"),
    Fault.DIM: Words("过暗", "too dark"),
    Fault.COVERED: Words("镜头遮挡", "lens covered"),
    Fault.DEFOCUSED: Words("失焦", "out of focus"),
    Fault.MOVED: Words("机位移动", "camera moved"),
    Fault.FROZEN: Words("画面冻结", "picture frozen"),
    Fault.LOOPED: Words("循环播放", "picture repeats"),
    Fault.WRONG_SIZE: Words("分辨率不符", "wrong picture size"),
    Fault.WRONG_RATE: Words("帧率不符", "wrong frame rate"),
}
"""What each fault of a picture is called on pages and papers, and in English within a sentence."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing worth saying, and what it alone would make of the clause."""

    verdict: Verdict
    words: Words


def finding(clause: str, remarks: Sequence[Remark], passed: Words) -> Finding:
    """Fold the remarks; tell the gravest first. What passes is told in full, after the sentence of a pass."""
    grave = [remark for remark in remarks if remark.verdict is not Verdict.PASS]
    notes = [remark.words for remark in remarks if remark.verdict is Verdict.PASS]
    verdict = fold((Verdict.PASS, *(remark.verdict for remark in grave)))
    told = [remark.words for remark in sorted(grave, key=lambda remark: _GRAVITY.index(remark.verdict))[:TOLD]]
    if len(grave) > TOLD:
        more = len(grave) - TOLD
        told.append(Words(f"另有{more}项见报告明细", f"{more} more in the report's details"))
    if grave:
        said = _sentence((*told, *notes))
    else:
        said = Words(passed.zh + _sentence(notes).zh, _joined(passed.en, _sentence(notes).en))
    return Finding(clause, verdict, _days_once(said.zh), _days_once(said.en))


# What nothing can be said about yet


def waiting(facts: SittingFacts) -> Words:
    """Whole sentences: why the clauses are not judged yet."""
    if facts.waiting is Waiting.NOT_ENDED:
        return Words("场次尚未结束，结束后判定。", "The sitting has not ended; it is judged when it has.")
    settled = facts.settled_until
    if settled is None or settled <= facts.window.start:
        return Words("录像尚待核验。", "The footage still has to be opened and checked.")
    return Words(
        f"录像已核验至{_local(settled)}，其余尚待核验。",
        f"The footage was checked up to {_local(settled)}; the rest still has to be.",
    )


def no_such_stay(station: str, span: Interval) -> Words:
    """A whole sentence: the sitting has no evidence for somebody's time at a station."""
    when = _span(span)
    return Words(
        f"本场次没有工位{station}{when.zh}的录像记录。",
        f"This sitting has no record of footage of station {station} {when.en}.",
    )


# C6.2-2


def recorded_and_backed_up(rooms: int, files: int) -> Words:
    return Words(
        f"{rooms}个考场均登记有全景摄像机并已录像，{files}个录像文件均有备份。",
        f"Each room used ({rooms}) has a registered panoramic camera that recorded; "
        f"each recorded file ({files}) is backed up.",
    )


def no_panorama(room: str) -> Words:
    return Words(f"考场{room}无全景监控", f"room {room} has no panoramic camera")


def panorama_without_footage(room: str, cameras: Sequence[str]) -> Words:
    return Words(
        f"考场{room}的全景摄像机{_names(cameras)}在本场次没有可用录像",
        f"room {room} has no usable footage of this sitting from its panoramic {_some('camera', cameras)}",
    )


def panorama_in_doubt(room: str, cameras: Sequence[str]) -> Words:
    return Words(
        f"考场{room}的全景摄像机{_names(cameras)}已录像，但画面未经核验或机位移动后未复核，无法判定是否拍到全景",
        f"whether the panoramic {_some('camera', cameras)} of room {room} showed it cannot be told: the pictures "
        "were recorded, but nobody looked at them or checked them after a move",
    )


def not_backed_up_yet(files: int, of: int) -> Words:
    return Words(
        f"{files}个录像文件（共{of}个）尚未备份至对象存储",
        f"{_of(files, of)} not backed up to the object store yet",
    )


def too_few_copies(files: int, of: int, copies: int) -> Words:
    return Words(
        f"{files}个录像文件（共{of}个）在不同存储设备上的副本少于{copies}份",
        f"{_of(files, of)} on fewer than {copies} separate {'device' if copies == 1 else 'devices'}",
    )


def backup_lag(copies: int, recorded_s: float, backed_up_s: float, lag_s: float, camera: str) -> Words:
    """How much of the cameras' footage is on so many separate devices, and how long after it was taken at most."""
    lag = _seconds(round(lag_s, 3))
    if backed_up_s >= recorded_s:
        zh, en = "全部录像时间", "all recorded time"
    else:
        zh = f"录像时间合计{_seconds(recorded_s)}秒，其中{_seconds(backed_up_s)}秒"
        en = f"{_seconds(backed_up_s)} s of {_seconds(recorded_s)} s recorded"
    return Words(
        f"{zh}在{copies}个不同存储设备上有副本，自拍摄起最迟{lag}秒完成（摄像机{camera}）",
        f"{en} lies on {copies} separate devices, at the latest {lag} s after it was taken (camera {camera})",
    )


# C6.2-3


def without_gap(stations: int, window: Interval) -> Words:
    return Words(
        f"{stations}个工位{_span(window).zh}的录像连续，无断档。",
        f"The footage of each station ({stations}) has no gap {_span(window).en}.",
    )


def shown_throughout(stations: Sequence[str], window: Interval) -> Words:
    span = _span(window)
    return Words(
        f"工位{_names(stations)}{span.zh}的录像连续，无断档。",
        f"The footage of {_some('station', stations)} has no gap {span.en}.",
    )


def planned_times() -> Words:
    return Words("本场次未登记开考，按计划时间判定", "judged by the planned times")


def checked_before(standing: Standing, code: PlanCover | None) -> Words:
    """The check before the sitting: told, and judged by nobody, since no clause asks for it."""
    zh, en = standing.zh, standing.en
    if code is not None:
        zh, en = f"{code.value} {code.zh}，{zh}", f"{code.value} {code.en}, {en}"
    return Words(f"考前录像计划覆盖：{zh}", f"recording plan before the sitting: {en}")


def missing(gaps: Sequence[Interval], stations: Sequence[str], cause: Cause, beyond_tolerance: bool) -> Words:
    """One gap of each station, all of one cause and at nearly the same time."""
    said = _lasting(gaps, stations, Words("断档", "gap"))
    beyond = _BEYOND if beyond_tolerance else _NOTHING
    return Words(f"{said.zh}（{cause.zh}）{beyond.zh}", f"{said.en} ({cause.en}){beyond.en}")


def unusable(
    spans: Sequence[Interval],
    stations: Sequence[str],
    faults: Sequence[Fault],
    cameras: Sequence[str],
    *,
    beyond_tolerance: bool,
) -> Words:
    """One span of each station in which there is footage and nothing on it, as ``missing``."""
    said = _lasting(spans, stations, Words("有录像但画面不可用", "unusable picture"))
    beyond = _BEYOND if beyond_tolerance else _NOTHING
    why = _faults(faults)
    return Words(
        f"{said.zh}（摄像机{_names(cameras)}{why.zh}）{beyond.zh}",
        f"{said.en} ({_some('camera', cameras)}: {why.en}){beyond.en}",
    )


_BEYOND = Words("，超出容许值", ", beyond the tolerance")
_NOTHING = Words("", "")


def _lasting(gaps: Sequence[Interval], stations: Sequence[str], what: Words) -> Words:
    """``工位A自..至..断档N秒``; of several lengths, the shortest and the longest."""
    whole = Interval(min(gap.start for gap in gaps), max(gap.end for gap in gaps))
    span = _span(whole)
    if all(gap == whole for gap in gaps):
        seconds = _seconds(whole.seconds)
        return Words(
            f"工位{_names(stations)}{span.zh}{what.zh}{seconds}秒",
            f"{what.en} of {seconds} s at {_some('station', stations)} {span.en}",
        )
    lengths = [gap.seconds for gap in gaps]
    ends = [_seconds(length) for length in sorted({min(lengths), max(lengths)})]
    return Words(
        f"工位{_names(stations)}{span.zh}之间各{what.zh}{'至'.join(ends)}秒",
        f"{what.en}s of {' to '.join(ends)} s at {_some('station', stations)} {span.en}",
    )


def _faults(faults: Sequence[Fault]) -> Words:
    found = [FAULTS[fault] for fault in faults]
    return Words("、".join(each.zh for each in found), ", ".join(each.en for each in found))


def unverified(stations: Sequence[str], spans: IntervalSet, moved: Sequence[str]) -> Words:
    """Footage of which nobody knows whether anything is to be seen on it."""
    seconds, when, why = _seconds(spans.seconds), _spans(spans), _why_unknown(moved)
    return Words(
        f"工位{_names(stations)}有{seconds}秒录像（{when.zh}）的画面{why.zh}，能否使用无法判定",
        f"whether {seconds} s of footage of {_some('station', stations)} ({when.en}) is usable is unknown: {why.en}",
    )


def _why_unknown(moved: Sequence[str]) -> Words:
    if moved:
        return Words(
            f"因摄像机{_names(moved)}机位移动、尚未复核",
            f"{_some('camera', moved)} moved and nobody has checked since",
        )
    return Words("未能与基准画面核对", "the picture could not be compared with its reference")


def nvr_gone(nvr: str, cameras: Sequence[str], interval: Interval, cause: Cause) -> Words:
    """All cameras of one NVR at once, which points at it and not at them."""
    span = _span(interval)
    return Words(
        f"硬盘录像机{nvr}的{len(cameras)}路摄像机{span.zh}同时中断（{cause.zh}），请检查硬盘录像机及其供电和网络",
        f"all {len(cameras)} cameras of nvr {nvr} were gone at once {span.en} ({cause.en}); check it, "
        "its power and its network",
    )


def clock_off(camera: str, offset_s: float, limit_s: float) -> Words:
    offset, limit = _seconds(offset_s), _seconds(limit_s)
    return Words(
        f"摄像机{camera}时钟与主机相差{offset}秒，超过{limit}秒",
        f"the clock of camera {camera} is {offset} s off the host's, more than {limit} s",
    )


def clock_drifts(camera: str, drift: Drift, limit_ppm: float) -> Words:
    day_s, ppm, fast = f"{abs(drift.day_s):.1f}", f"{abs(drift.ppm):.0f}", drift.ppm > 0
    return Words(
        f"摄像机{camera}时钟每天{'快' if fast else '慢'}{day_s}秒（{ppm} ppm），超过{limit_ppm:g} ppm",
        f"the clock of camera {camera} {'gains' if fast else 'loses'} {day_s} s a day ({ppm} ppm), "
        f"more than {limit_ppm:g} ppm",
    )


def host_clock_unproven(clock: HostClockFacts) -> Words:
    """Why the times are not proven; that there is footage is another matter, and the sentence says so."""
    reason, spans = _why_unproven(clock), _spans(clock.in_doubt)
    return Words(
        f"录像主机{clock.host}的时钟{reason.zh}，{spans.zh}的时间无法判定，但录像存在这一事实不受影响",
        f"the clock of recording host {clock.host} {reason.en}, so the times {spans.en} are unproven; "
        "that the footage exists stands",
    )


def host_clock_not_needed(clock: HostClockFacts) -> Words:
    """What the doubted host recorded, another one recorded as well, whose clock is proven."""
    reason = _why_unproven(clock)
    return Words(
        f"录像主机{clock.host}的时钟{reason.zh}，但所涉时段均另有时钟已证实的主机的录像，时间不存疑",
        f"the clock of recording host {clock.host} {reason.en}; all of that time is also covered by a host whose "
        "clock is proven",
    )


def _why_unproven(clock: HostClockFacts) -> Words:
    return _UNREAD if clock.unread else _UNPROVEN[clock.state]


_UNREAD = Words("没有核对记录", "was not checked")
_UNPROVEN = {
    ClockState.OFF: Words("经核对不准", "was found to be off"),
    ClockState.DISPUTED: Words("与其他时钟矛盾", "is contradicted by other clocks"),
    ClockState.UNWITNESSED: Words(
        "无从核对（未见NTP同步，也无其他时钟佐证）", "has neither NTP nor any other witness"
    ),
}


def host_clock_by_others(clock: HostClockFacts) -> Words:
    """The host follows no time server, but others vouch; what cameras prove is less, and the sentence says so."""
    error = f"{ceil(round((clock.error_s or 0.0) * 1000) / 10) / 100:.2f}"  # never less than it is
    if clock.by is Witness.SERVER:
        return Words(
            f"录像主机{clock.host}未见NTP同步，经与对象存储服务器的时钟核对，相差不超过{error}秒",
            f"recording host {clock.host} does not show NTP; its clock is within {error} s of the object store's",
        )
    return Words(
        f"录像主机{clock.host}未见NTP同步，但与多台摄像机的时钟一致（相差不超过{error}秒）："
        "这证明各时钟相互一致，不证明等于标准时间",
        f"recording host {clock.host} does not show NTP; its clock agrees with several cameras' to {error} s, "
        "which proves common time and not the right time",
    )


def no_clock_told(cameras: Sequence[str]) -> Words:
    return Words(
        f"摄像机{_names(cameras)}未提供时钟，时钟偏差未知",
        f"no clock was told by {_some('camera', cameras)}, so the offset is unknown",
    )


# C6.2-4


def seen_throughout(stations: int) -> Words:
    return Words(
        f"{stations}个工位全程均有登记摄像机的可解码录像。",
        f"Each station ({stations}) has decodable footage of a registered camera throughout.",
    )


def by_register_only() -> Words:
    return Words(
        "仅据摄像机登记与录像判定，平面图视野与画面内容未检查",
        "judged by camera register and footage only; floor plan and picture content are not checked",
    )


def by_plan_only(drawn: Sequence[str]) -> Words:
    """``drawn`` are the rooms that have a plan."""
    plan = _by_plan(drawn)
    return Words(f"{plan.zh}，画面内容未检查", f"{plan.en}; picture content is not checked")


def by_pictures(drawn: Sequence[str] = ()) -> Words:
    plan = _by_plan(drawn)
    return Words(
        f"画面内容已与基准画面核对，{plan.zh}",
        f"picture content was compared with reference pictures; {plan.en}",
    )


def by_pictures_in_part(rest: Sequence[str], drawn: Sequence[str] = ()) -> Words:
    """``rest`` are the stations whose pictures nobody looked at."""
    plan = _by_plan(drawn)
    return Words(
        f"画面内容已与基准画面核对，但工位{_names(rest)}未登记画面区域或无基准画面，其画面内容未检查；{plan.zh}",
        "picture content was compared with reference pictures, but not that of "
        f"{_some('station', rest)}, without region or reference; {plan.en}",
    )


def _by_plan(drawn: Sequence[str]) -> Words:
    if not drawn:
        return Words("平面图视野未检查", "the floor plan is not checked")
    return Words(
        f"已按布点图核对考场{_names(drawn)}的像素密度与死角",
        f"pixel density and blind spots of {_some('room', drawn)} were checked by the floor plan",
    )


def named(target: Target, name: str) -> Words:
    """A place within a sentence."""
    zh, en = _TARGETS[target]
    return Words(zh.format(name), en.format(name))


_TARGETS = {
    Target.STATION: Words("工位{}", "station {}"),
    Target.DOOR: Words("出入口{}", "door {}"),
    Target.PAPER_DESK: Words("试卷收发处{}", "paper desk {}"),
    Target.ROOM: Words("考场{}全场", "room {} as a whole"),
}


def no_camera(target: Target, name: str) -> Words:
    """No camera is registered for it, and no plan says more."""
    if target is Target.ROOM:
        return no_panorama(name)
    what = named(target, name)
    return Words(f"{what.zh}无摄像机", f"no camera sees {what.en}")


def not_at_level(places: Sequence[ExpectedPlace]) -> Words:
    """Places of one kind that no camera shows at their level by the plan, each with what comes nearest."""
    first = places[0]
    told = [_nearest(place) for place in places[:NAMED]]
    more = len(places) - len(told)
    zh, en = "、".join(each.zh for each in told), ", ".join(each.en for each in told)
    kind = _TARGETS[first.target]
    return Words(
        f"{kind.zh.format(zh)}{f'等{len(places)}处' if more else ''}按布点图无任一摄像机达到"
        f"{first.level_zh}（{first.px_per_m:g} px/m）",
        f"by the floor plan no camera reaches {first.level} ({first.px_per_m:g} px/m) at "
        f"{kind.en.format(en)}{f' and {more} more' if more else ''}",
    )


def _nearest(place: ExpectedPlace) -> Words:
    best = place.best
    if best is None or best.px_per_m is None or best.share is None:
        return Words(f"{place.id}（无摄像机可见）", f"{place.id} (no camera shows it)")
    density, share = f"{best.px_per_m:.0f}", f"{100 * best.share:.0f}"
    match place.lack:
        case Lack.HIDDEN:
            said = Words(f"{best.camera}仅可见{share}%", f"{best.camera} shows {share} % of it")
        case Lack.NOT_REGISTERED:
            said = Words(f"{best.camera}达到但未登记可见该工位", f"{best.camera} would, and is not registered for it")
        case _:
            said = Words(f"{best.camera}仅{density}", f"{best.camera} has {density}")
    return Words(f"{place.id}（{said.zh}）", f"{place.id} ({said.en})")


def floor_not_seen(room: ExpectedRoom) -> Words:
    share, needed = f"{100 * (room.floor_share or 0.0):.4g}%", f"{100 * room.needed_share:g}%"
    blind = f"{room.blind_m2 or 0.0:.4g}"
    return Words(
        f"考场{room.room}地面仅{share}达到{room.level_zh}（{room.px_per_m:g} px/m），应不低于{needed}"
        f"（完全看不到的死角{blind}平方米，见布点图）",
        f"only {share} of the floor of room {room.room} reaches {room.level} ({room.px_per_m:g} px/m), {needed} is "
        f"needed ({blind} m² are seen by no camera at all, see the floor plan)",
    )


def smaller_than_drawn(room: str, cameras: Sequence[str]) -> Words:
    return Words(
        f"考场{room}的摄像机{_names(cameras)}所录画面小于布点图所画，地面像素密度可能不足",
        f"the pictures of {_some('camera', cameras)} are smaller than in the floor plan of room {room}: its floor "
        "may reach less than it says",
    )


def stations_not_drawn(room: str, stations: Sequence[str]) -> Words:
    return Words(
        f"考场{room}的布点图未画工位{_names(stations)}，仅据登记判定",
        f"the floor plan of room {room} lacks {_some('station', stations)}, judged by the register only",
    )


def no_plan(rooms: Sequence[str]) -> Words:
    return Words(
        f"考场{_names(rooms)}无布点图，像素密度与死角未检查，仅据摄像机登记判定",
        f"no floor plan of {_some('room', rooms)}: pixel density and blind spots are not checked, what is registered "
        "counts",
    )


def changed_since_opening(what: str) -> Words:
    return _CHANGED[what]


_CHANGED = {
    "rules": Words(
        "规则版本的数值在开考后改动过，应见清单按开考时冻结的判定",
        "numbers of the rule pack were changed after the opening; what must be seen is as it was frozen then",
    ),
    "geometry": Words(
        "本程序计算布点图的方法在开考后改过，应见清单按开考时冻结的判定",
        "how the floor plan is computed was changed after the opening; what must be seen is as it was frozen then",
    ),
}


def expectation_altered() -> Words:
    return Words(
        "开考时冻结的应见清单与其摘要不符，应看到什么无法判定",
        "what had to be seen, as it was frozen at the opening, no longer matches its digest and is unknown",
    )


def no_usable_view(what: Words, holes: IntervalSet, obstructed: IntervalSet = _NEVER) -> Words:
    """``what`` is a place; ``obstructed`` is the part of it in which something stood before it."""
    seconds, spans = _seconds(holes.seconds), _spans(holes)
    hidden = _seconds(obstructed.seconds)
    zh = f"，其中{hidden}秒被遮挡" if obstructed else ""
    en = f", obstructed for {hidden} s of it" if obstructed else ""
    return Words(
        f"{what.zh}无有效画面{seconds}秒（{spans.zh}）{zh}",
        f"{what.en} has no usable view for {seconds} s ({spans.en}){en}",
    )


def view_unknown(what: Words, spans: IntervalSet, moved: Sequence[str]) -> Words:
    """There is footage, and nobody knows whether the place is in view."""
    seconds, when, why = _seconds(spans.seconds), _spans(spans), _why_unknown(moved)
    zh = why.zh if moved else "未能确认（有人遮挡或无法与基准画面核对）"
    en = why.en if moved else "somebody stood before it, or the picture could not be compared with its reference"
    return Words(
        f"{what.zh}是否可见有{seconds}秒（{when.zh}）{zh}，无法判定",
        f"whether {what.en} was in view for {seconds} s ({when.en}) is unknown: {en}",
    )


def view_lost(camera: str, spans: IntervalSet, stations: Sequence[str], faults: Sequence[Fault]) -> Words:
    """``faults`` are those of the camera in that time, none where it did not show the stations all the same."""
    seconds, when, why = _seconds(spans.seconds), _spans(spans), _faults(faults)
    zh = f"（{why.zh}）" if faults else ""
    en = f" ({why.en})" if faults else ""
    return Words(
        f"摄像机{camera}有{seconds}秒（{when.zh}）画面不能证明工位可见{zh}，工位{_names(stations)}仍有其他摄像机，冗余丧失",
        f"redundancy lost: for {seconds} s ({when.en}) camera {camera} does not show its stations{en}, while "
        f"{_some('station', stations)} stayed in view of others",
    )


def picture_too_small(camera: str, width: int, height: int, stations: Sequence[str]) -> Words:
    """``stations`` are those that no larger picture shows."""
    zh = f"，工位{_names(stations)}别无其他画面" if stations else ""
    en = f", with no other view of {_some('station', stations)}" if stations else ""
    return Words(
        f"摄像机{camera}的画面小于{width}×{height}{zh}",
        f"the picture of camera {camera} is smaller than {width}×{height}{en}",
    )


def redundancy_lost(camera: str, lost: IntervalSet, stations: Sequence[str]) -> Words:
    seconds, spans = _seconds(lost.seconds), _spans(lost)
    return Words(
        f"摄像机{camera}断档{seconds}秒（{spans.zh}），工位{_names(stations)}仍有其他摄像机，冗余丧失",
        f"redundancy lost: camera {camera} has no footage for {seconds} s ({spans.en}), while "
        f"{_some('station', stations)} stayed in view of others",
    )


def few_frames(camera: str, rate: float, limit: float) -> Words:
    """Both in frames per second."""
    return Words(
        f"摄像机{camera}平均每秒{rate:.1f}帧，少于{_seconds(limit)}帧",
        f"camera {camera} delivered {rate:.1f} frames per second on average, fewer than {_seconds(limit)}",
    )


# C6.2-5


def files_kept(files: int, retained_until: datetime, *, of: int) -> Words:
    """``files`` of all ``of`` were not disposed of; where none is left there is nothing to say of any."""
    if of and not files:
        return Words("", "")
    last_day = local_day(retained_until - timedelta(microseconds=1))
    return Words(
        f"{files}个录像文件均在，校验一致，除所列断档外可完整解码，至少锁定至{last_day}，并有第二份。",
        f"Each recorded file ({files}) is there, matches its hash, decodes in full apart from the gaps "
        f"listed, is locked to the end of {last_day} at least and has a second copy.",
    )


def disposed_of(files: int, disposal: int, at: datetime) -> Words:
    day = local_day(at)
    return Words(
        f"{files}个录像文件保管期满后已按处置清单{disposal}于{day}销毁，证据清单与报告照旧保存",
        f"{files} recorded {'file' if files == 1 else 'files'}, kept until its time was over, "
        f"{'was' if files == 1 else 'were'} disposed of by list {disposal} on {day}; manifest and reports are kept",
    )


def withheld(files: int, camera: str, number: int, *, confirmed: bool) -> Words:
    """``number`` is that of the withholding."""
    found = "两方已认定" if confirmed else "尚未认定，无法判定是否应当留存"
    told = (
        "both sides found so"
        if confirmed
        else "nobody has decided on it, so that it cannot be told what is to be kept"
    )
    return Words(
        f"摄像机{camera}的{files}个录像文件因误摄禁摄区扣留（扣留{number}），{found}，所涉时段计为断档",
        f"{files} recorded {'file' if files == 1 else 'files'} of camera {camera} {'is' if files == 1 else 'are'} "
        f"withheld ({number}) as footage of a no-filming area; {told}; that time counts as a gap",
    )


def no_files() -> Words:
    return Words("本场次没有任何录像文件", "there is no recorded file of this sitting")


def file_missing(camera: str, interval: Interval) -> Words:
    file = _file(camera, interval)
    return Words(f"{file.zh}缺失", f"{file.en} is missing")


def file_not_opened(camera: str, interval: Interval) -> Words:
    file = _file(camera, interval)
    return Words(f"{file.zh}尚未核验", f"{file.en} was not opened yet")


def file_damaged(camera: str, interval: Interval) -> Words:
    file = _file(camera, interval)
    return Words(f"{file.zh}损坏", f"{file.en} is damaged")


def file_not_locked(camera: str, interval: Interval, locked_until: datetime | None, due: datetime) -> Words:
    """``locked_until`` is the latest lock there is, None without any."""
    file, until = _file(camera, interval), _local(locked_until) if locked_until else None
    return Words(
        f"{file.zh}{f'仅锁定至{until}' if until else '未锁定'}，应至{_local(due)}",
        f"{file.en} is {f'locked only until {until}' if until else 'not locked'}, but must be until {_local(due)}",
    )


def _file(camera: str, interval: Interval) -> Words:
    span = _span(interval)
    return Words(f"摄像机{camera}{span.zh}的录像文件", f"the file of camera {camera} {span.en}")


# Parts of sentences


def _sentence(parts: Sequence[Words]) -> Words:
    zh, en = "；".join(part.zh for part in parts), "; ".join(part.en for part in parts)
    return Words(f"{zh}。" if zh else "", f"{en[0].upper()}{en[1:]}." if en else "")


def _days_once(text: str) -> str:
    """Before a time of day, a date is told only where it differs from the one told last."""
    last = ""

    def shorter(found: re.Match[str]) -> str:
        nonlocal last
        same, last = found[1] == last, found[1]
        return "" if same else found[0]

    return _DAY.sub(shorter, text)


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _some(noun: str, names: Sequence[str]) -> str:
    """``station A``, or ``stations A, B``; of many, the first few and how many more."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{noun}{'s' if len(names) > 1 else ''} {', '.join(names[:NAMED])}{more}"


def _of(some: int, of: int) -> str:
    """``1 of 6 recorded files is``."""
    return f"{some} of {of} recorded {'file' if of == 1 else 'files'} {'is' if some == 1 else 'are'}"


def _names(names: Sequence[str]) -> str:
    """``A、B``; of many, the first few and how many they are."""
    return "、".join(names[:NAMED]) + (f"等{len(names)}个" if len(names) > NAMED else "")


def _local(instant: datetime) -> str:
    """Local time of Asia/Shanghai, to the millisecond only where there are any."""
    local = instant.astimezone(SHANGHAI)
    milliseconds = local.microsecond // 1000
    return f"{local:%Y-%m-%d %H:%M:%S}" + (f".{milliseconds:03d}" if milliseconds else "")


def _span(interval: Interval) -> Words:
    start, end = _local(interval.start), _local(interval.end)
    return Words(f"自{start}至{end}", f"from {start} to {end}")


def _spans(spans: IntervalSet) -> Words:
    """Of one span when it was, of several how many they are and when the first was."""
    first, count = _span(next(iter(spans))), len(spans)
    return first if count == 1 else Words(f"共{count}段，首段{first.zh}", f"{count} spans, the first {first.en}")


def _seconds(seconds: float) -> str:
    """Up to three decimals, none for whole seconds."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
