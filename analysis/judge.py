"""What the evidence of a sitting means under clause 六(二): verdicts C6.2-2 to C6.2-5, each with its sentence.

Pure: facts and a rule pack in, findings out. Not here: how coverage is computed (``analysis.coverage``), where the
facts are read (``analysis.report``), how verdicts fold (``domain.law``). Nothing is claimed that was not checked:
floor plan and picture content are not, and C6.2-4 says so.

A sentence names place, camera and time and never a candidate. It tells the first few things found; all of them
are listed under the stations and cameras of the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from config.rule_pack import RulePack
from domain.calendar import SHANGHAI, local_day
from domain.evidence import Cause, Copy, Coverage, Observation, Place, Segment, SegmentState
from domain.law import Finding, Verdict, fold
from domain.places import Camera, Room
from domain.timeline import Interval, IntervalSet

TOLD = 5
"""How many remarks a sentence tells before it only counts."""

NAMED = 8
"""How many stations or cameras a remark names before it only counts."""

NEAR_S = 2.0
"""Gaps whose starts and whose ends lie within so many seconds of each other are told together."""

_DAY = re.compile(r"(\d{4}-\d\d-\d\d) (?=\d\d:\d\d:\d\d)")


class Waiting(StrEnum):
    """Why nothing can be decided yet."""

    NOT_ENDED = "not_ended"  # the window lasts, or nobody has closed the sitting
    NOT_SETTLED = "not_settled"  # footage of the window may still be written or was not opened yet


@dataclass(frozen=True, slots=True)
class Holding:
    """One segment of a window with what is known of its bytes."""

    segment: Segment
    copies: tuple[Copy, ...]
    observation: Observation | None

    @property
    def kept(self) -> tuple[Copy, ...]:
        return tuple(copy for copy in self.copies if copy.removed is None)


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """One camera of the sitting's rooms. ``coverage`` is None while no instant of the window is settled."""

    camera: Camera
    room: str
    coverage: Coverage | None
    holdings: tuple[Holding, ...]

    @property
    def clock_offset_s(self) -> float | None:
        """The largest offset seen in the window, camera minus host; None where the camera told no time."""
        offsets = (holding.segment.clock_offset_s for holding in self.holdings)
        return max((offset for offset in offsets if offset is not None), key=abs, default=None)


@dataclass(frozen=True, slots=True)
class StationFacts:
    """One station with the ids of the cameras that see it. ``coverage`` as for a camera."""

    station: str
    room: str
    cameras: tuple[str, ...]
    coverage: Coverage | None


@dataclass(frozen=True, slots=True)
class SittingFacts:
    """Everything the four clauses rest on. ``exam`` is W2, the core of ``window``.

    ``waiting`` is None when the evidence is complete. ``retained_until`` is the instant up to which this batch's
    footage must be locked; ``planned`` says that the times are the plan's, because nobody opened the sitting.
    """

    window: Interval
    exam: Interval
    rooms: tuple[Room, ...]
    stations: tuple[StationFacts, ...]
    cameras: tuple[CameraFacts, ...]
    retained_until: datetime
    waiting: Waiting | None = None
    settled_until: datetime | None = None
    planned: bool = False


@dataclass(frozen=True, slots=True)
class _Remark:
    """One thing worth saying, in both languages, and what it alone would make of the clause."""

    verdict: Verdict
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Missing:
    """One gap of one station, and what the station's gaps make of the clause."""

    interval: Interval
    cause: Cause
    verdict: Verdict
    station: str

    def near(self, other: _Missing) -> bool:
        """Whether one remark can tell both."""
        apart = max(abs(self.interval.start - other.interval.start), abs(self.interval.end - other.interval.end))
        alike = (self.cause, self.verdict) == (other.cause, other.verdict)
        return alike and apart <= timedelta(seconds=NEAR_S)


def findings(facts: SittingFacts, rules: RulePack) -> tuple[Finding, ...]:
    """C6.2-2 to C6.2-5, all pending while the evidence is not complete."""
    if facts.waiting is not None:
        zh, en = _waiting(facts)
        return tuple(Finding(f"C6.2-{number}", Verdict.PENDING, zh, en) for number in (2, 3, 4, 5))
    return (
        _recording(facts, rules),
        _full_process(facts, rules),
        _no_dead_angle(facts, rules),
        _keeping(facts, rules),
    )


def station_verdict(station: StationFacts, facts: SittingFacts, rules: RulePack) -> Verdict:
    """A station's own gaps: fail beyond the tolerance within the exam, warn for any other gap, else pass."""
    if facts.waiting is not None or station.coverage is None:
        return Verdict.PENDING
    holes = _holes(station.coverage)
    if not holes:
        return Verdict.PASS
    return Verdict.WARN if within_tolerance(holes.clipped(facts.exam), facts.exam, rules) else Verdict.FAIL


def within_tolerance(holes: IntervalSet, exam: Interval, rules: RulePack) -> bool:
    """Whether the gaps inside the exam stay within all three limits: longest, share of the exam, total.

    A gap that changes its cause half-way is one gap here.
    """
    longest = max((hole.end - hole.start for hole in holes), default=timedelta())
    share = timedelta(seconds=exam.seconds * rules.total_gap_share)
    total = min(share, timedelta(seconds=rules.total_gap_s))
    return longest <= timedelta(seconds=rules.longest_gap_s) and holes.length <= total


# C6.2-2: every room used has a panoramic camera that recorded, and the footage is backed up


def _recording(facts: SittingFacts, rules: RulePack) -> Finding:
    remarks = [remark for room in facts.rooms if (remark := _panorama(room, facts)) is not None]
    remarks.extend(_second_copies(facts, rules))
    files = sum(len(camera.holdings) for camera in facts.cameras)
    return _finding(
        "C6.2-2",
        remarks,
        f"{len(facts.rooms)}个考场均登记有全景摄像机并已录像，{files}个录像文件均有备份。",
        f"Each room used ({len(facts.rooms)}) has a registered panoramic camera that recorded; "
        f"each recorded file ({files}) is backed up.",
    )


def _panorama(room: Room, facts: SittingFacts) -> _Remark | None:
    panoramic = {camera.id for camera in room.cameras if camera.panoramic}
    if not panoramic:
        return _Remark(Verdict.FAIL, f"考场{room.id}无全景监控", f"room {room.id} has no panoramic camera")
    seen = [facts_ for facts_ in facts.cameras if facts_.camera.id in panoramic and facts_.coverage is not None]
    if any(camera.coverage.covered for camera in seen if camera.coverage is not None):
        return None
    names = sorted(panoramic)
    return _Remark(
        Verdict.FAIL,
        f"考场{room.id}的全景摄像机{_names(names)}在本场次没有可用录像",
        f"room {room.id} has no usable footage of this sitting from its panoramic {_some('camera', names)}",
    )


def _second_copies(facts: SittingFacts, rules: RulePack) -> Iterator[_Remark]:
    """Footage whose copy in the object store is still to be made is pending; one that was lost again is a failure."""
    holdings = [holding for camera in facts.cameras for holding in camera.holdings]
    waiting = [holding for holding in holdings if _upload_is_due(holding)]
    if waiting:
        yield _Remark(
            Verdict.PENDING,
            f"{len(waiting)}个录像文件（共{len(holdings)}个）尚未备份至对象存储",
            f"{_of(waiting, holdings)} not backed up to the object store yet",
        )
    fewer = [holding for holding in holdings if not _upload_is_due(holding) and _places(holding) < rules.copies]
    if fewer:
        yield _Remark(
            Verdict.FAIL,
            f"{len(fewer)}个录像文件（共{len(holdings)}个）的副本少于{rules.copies}份",
            f"{_of(fewer, holdings)} in fewer than {rules.copies} {'place' if rules.copies == 1 else 'places'}",
        )


def _upload_is_due(holding: Holding) -> bool:
    """No copy was ever made in the object store, and there are bytes to make it from."""
    return bool(holding.kept) and all(copy.place is not Place.S3 for copy in holding.copies)


def _places(holding: Holding) -> int:
    return len({(copy.place, copy.target) for copy in holding.kept})


# C6.2-3: the whole process


def _full_process(facts: SittingFacts, rules: RulePack) -> Finding:
    remarks = [*_gap_remarks(facts, rules), *_clock_remarks(facts.cameras, rules)]
    if facts.planned:
        remarks.append(_Remark(Verdict.PASS, "本场次未登记开考，按计划时间判定", "judged by the planned times"))
    span = _span_zh(facts.window), _span_en(facts.window)
    return _finding(
        "C6.2-3",
        remarks,
        f"{len(facts.stations)}个工位{span[0]}的录像连续，无断档。",
        f"The footage of each station ({len(facts.stations)}) has no gap {span[1]}.",
    )


def _gap_remarks(facts: SittingFacts, rules: RulePack) -> Iterator[_Remark]:
    """One remark for gaps of one cause at nearly the same time, naming all stations that share it."""
    found = []
    for station in facts.stations:
        verdict = station_verdict(station, facts, rules)
        for gap in station.coverage.gaps if station.coverage is not None else ():
            core = verdict if gap.interval.overlaps(facts.exam) else Verdict.WARN
            found.append(_Missing(gap.interval, gap.cause, core, station.station))
    for together in _near(found):
        yield _missing_remark(together)


def _near(found: Iterable[_Missing]) -> list[list[_Missing]]:
    """By start. A gap joins the first group whose first gap has its cause and verdict, and starts and ends near it.

    A station is in a group once, so that the lengths a remark tells are those of whole gaps.
    """
    groups: list[list[_Missing]] = []
    for each in sorted(found, key=lambda gap: (gap.interval, gap.cause.rank)):
        for group in groups:
            if each.near(group[0]) and all(each.station != member.station for member in group):
                group.append(each)
                break
        else:
            groups.append([each])
    return groups


def _missing_remark(gaps: Sequence[_Missing]) -> _Remark:
    first, names = gaps[0], sorted(gap.station for gap in gaps)
    whole = Interval(min(gap.interval.start for gap in gaps), max(gap.interval.end for gap in gaps))
    cause, fails = first.cause, first.verdict is Verdict.FAIL
    zh_tail = f"（{cause.zh}）" + ("，超出容许值" if fails else "")
    en_tail = f" ({cause.en})" + (", beyond the tolerance" if fails else "")
    if all(gap.interval == whole for gap in gaps):
        seconds = _seconds(whole.seconds)
        zh = f"工位{_names(names)}{_span_zh(whole)}断档{seconds}秒"
        en = f"gap of {seconds} s at {_some('station', names)} {_span_en(whole)}"
    else:
        lengths = [gap.interval.seconds for gap in gaps]
        ends = sorted({min(lengths), max(lengths)})
        zh = f"工位{_names(names)}{_span_zh(whole)}之间各断档{'至'.join(map(_seconds, ends))}秒"
        en = f"gaps of {' to '.join(map(_seconds, ends))} s at {_some('station', names)} {_span_en(whole)}"
    return _Remark(first.verdict, zh + zh_tail, en + en_tail)


def _clock_remarks(cameras: Sequence[CameraFacts], rules: RulePack) -> Iterator[_Remark]:
    """A camera's clock far off fails as evidence of time, never as evidence of existence."""
    silent = [facts.camera.id for facts in cameras if facts.holdings and facts.clock_offset_s is None]
    for facts in cameras:
        offset = facts.clock_offset_s
        if offset is None or abs(offset) <= rules.clock_warn_s:
            continue
        failed = abs(offset) > rules.clock_fail_s
        limit = _seconds(rules.clock_fail_s if failed else rules.clock_warn_s)
        yield _Remark(
            Verdict.FAIL if failed else Verdict.WARN,
            f"摄像机{facts.camera.id}时钟与主机相差{_seconds(offset)}秒，超过{limit}秒",
            f"the clock of camera {facts.camera.id} is {_seconds(offset)} s off the host's, more than {limit} s",
        )
    if silent:
        yield _Remark(
            Verdict.PASS,
            f"摄像机{_names(silent)}未提供时钟，时钟偏差未知",
            f"no clock was told by {_some('camera', silent)}, so the offset is unknown",
        )


# C6.2-4: no dead angle, as far as the register of cameras and their footage tell


def _no_dead_angle(facts: SittingFacts, rules: RulePack) -> Finding:
    remarks = [
        *_unseen_remarks(facts, rules),
        *_picture_size_remarks(facts, rules),
        *_redundancy_remarks(facts),
        *_frame_rate_remarks(facts.cameras, rules),
        _Remark(
            Verdict.PASS,
            "仅据摄像机登记与录像判定，平面图视野与画面内容未检查",
            "judged by camera register and footage only; floor plan and picture content are not checked",
        ),
    ]
    return _finding(
        "C6.2-4",
        remarks,
        f"{len(facts.stations)}个工位全程均有登记摄像机的可解码录像。",
        f"Each station ({len(facts.stations)}) has decodable footage of a registered camera throughout.",
    )


def _unseen_remarks(facts: SittingFacts, rules: RulePack) -> Iterator[_Remark]:
    for station in facts.stations:
        if not station.cameras:
            yield _Remark(Verdict.FAIL, f"工位{station.station}无摄像机", f"no camera sees station {station.station}")
            continue
        holes = _holes(station.coverage) if station.coverage is not None else IntervalSet()
        if holes:
            zh, en = _spans(holes)
            seconds = _seconds(holes.seconds)
            yield _Remark(
                station_verdict(station, facts, rules),
                f"工位{station.station}无有效画面{seconds}秒（{zh}）",
                f"station {station.station} has no usable view for {seconds} s ({en})",
            )


def _picture_size_remarks(facts: SittingFacts, rules: RulePack) -> Iterator[_Remark]:
    """A station seen only by pictures that are too small has no usable view."""
    small = {
        camera.camera.id
        for camera in facts.cameras
        for holding in camera.holdings
        if holding.segment.width < rules.min_width or holding.segment.height < rules.min_height
    }
    size = f"{rules.min_width}×{rules.min_height}"
    for camera in sorted(small):
        alone = [
            station.station for station in facts.stations if camera in station.cameras and small >= {*station.cameras}
        ]
        verdict = Verdict.FAIL if alone else Verdict.WARN
        zh = f"，工位{_names(alone)}别无其他画面" if alone else ""
        en = f", with no other view of {_some('station', alone)}" if alone else ""
        yield _Remark(
            verdict,
            f"摄像机{camera}的画面小于{size}{zh}",
            f"the picture of camera {camera} is smaller than {size}{en}",
        )


def _redundancy_remarks(facts: SittingFacts) -> Iterator[_Remark]:
    """A camera that was lost while others still saw its stations: nothing is missing, but nothing was spare."""
    for camera in facts.cameras:
        lost = _holes(camera.coverage) if camera.coverage is not None else IntervalSet()
        saved = [
            station for station in facts.stations if camera.camera.id in station.cameras and len(station.cameras) > 1
        ]
        spared = [
            (station.station, lost & station.coverage.covered) for station in saved if station.coverage is not None
        ]
        kept = [(name, spans) for name, spans in spared if spans]
        if kept:
            spans = IntervalSet(span for _, found in kept for span in found)
            seconds, names = _seconds(spans.seconds), [name for name, _ in kept]
            zh, en = _spans(spans)
            yield _Remark(
                Verdict.WARN,
                f"摄像机{camera.camera.id}断档{seconds}秒（{zh}），工位{_names(names)}仍有其他摄像机，冗余丧失",
                f"redundancy lost: camera {camera.camera.id} has no footage for {seconds} s ({en}), while "
                f"{_some('station', names)} stayed in view of others",
            )


def _frame_rate_remarks(cameras: Sequence[CameraFacts], rules: RulePack) -> Iterator[_Remark]:
    """Frames per second of footage. A mean tells no time, so it warns and never fails; 14.9 counts as 15."""
    for facts in cameras:
        rate = _frame_rate(facts.holdings)
        if rate is not None and round(rate) < rules.min_fps:
            yield _Remark(
                Verdict.WARN,
                f"摄像机{facts.camera.id}平均每秒{rate:.1f}帧，少于{_seconds(rules.min_fps)}帧",
                f"camera {facts.camera.id} delivered {rate:.1f} frames per second on average, "
                f"fewer than {_seconds(rules.min_fps)}",
            )


def _frame_rate(holdings: Sequence[Holding]) -> float | None:
    seconds = IntervalSet(holding.segment.interval for holding in holdings).seconds
    return sum(holding.segment.frames for holding in holdings) / seconds if seconds else None


# C6.2-5: kept


def _keeping(facts: SittingFacts, rules: RulePack) -> Finding:
    holdings = [holding for camera in facts.cameras for holding in camera.holdings]
    remarks = [
        remark
        for camera in facts.cameras
        for holding in camera.holdings
        for remark in _file_remarks(holding, camera, facts)
    ]
    remarks.extend(_second_copies(facts, rules))
    if not holdings:
        remarks.append(_Remark(Verdict.FAIL, "本场次没有任何录像文件", "there is no recorded file of this sitting"))
    last_day = local_day(facts.retained_until - timedelta(microseconds=1))
    return _finding(
        "C6.2-5",
        remarks,
        f"{len(holdings)}个录像文件均在，校验一致，除所列断档外可完整解码，至少锁定至{last_day}，并有第二份。",
        f"Each recorded file ({len(holdings)}) is there, matches its hash, decodes in full apart from the gaps "
        f"listed, is locked to the end of {last_day} at least and has a second copy.",
    )


def _file_remarks(holding: Holding, camera: CameraFacts, facts: SittingFacts) -> Iterator[_Remark]:
    zh = f"摄像机{holding.segment.camera}{_span_zh(holding.segment.interval)}的录像文件"
    en = f"the file of camera {holding.segment.camera} {_span_en(holding.segment.interval)}"
    seen = holding.observation
    if not holding.kept or (seen is not None and seen.state is SegmentState.MISSING):
        yield _Remark(Verdict.FAIL, f"{zh}缺失", f"{en} is missing")
        return
    if seen is None:
        yield _Remark(Verdict.PENDING, f"{zh}尚未核验", f"{en} was not opened yet")
    elif _damaged(holding, seen, camera.coverage):
        yield _Remark(Verdict.FAIL, f"{zh}损坏", f"{en} is damaged")
    stored = [copy for copy in holding.kept if copy.place is Place.S3]
    if stored and not any(copy.locked_until and copy.locked_until >= facts.retained_until for copy in stored):
        locks = [copy.locked_until for copy in stored if copy.locked_until is not None]
        until = _local(max(locks)) if locks else None
        yield _Remark(
            Verdict.FAIL,
            f"{zh}{f'仅锁定至{until}' if until else '未锁定'}，应至{_local(facts.retained_until)}",
            f"{en} is {f'locked only until {until}' if until else 'not locked'}, "
            f"but must be until {_local(facts.retained_until)}",
        )


def _damaged(holding: Holding, seen: Observation, coverage: Coverage | None) -> bool:
    """Whether something in the window does not decode that an outage of the camera does not explain already.

    Pictures after a lost packet do not decode, yet the file is kept just as the camera sent it.
    """
    if coverage is None or (seen.state is SegmentState.OK and not seen.bad):
        return False
    lost = {Cause.SEGMENT_DAMAGED, Cause.SEGMENT_MISSING}
    explained = IntervalSet(gap.interval for gap in coverage.gaps if gap.cause not in lost)
    bad = (item.rounded() for item in seen.bad or (holding.segment.interval,))
    return bool(IntervalSet(item for item in bad if item is not None).clipped(coverage.window) - explained)


# Sentences


def _finding(clause: str, remarks: Sequence[_Remark], pass_zh: str, pass_en: str) -> Finding:
    """Fold the remarks; tell the gravest first. What passes is told in full, after the sentence of a pass."""
    grave = [remark for remark in remarks if remark.verdict is not Verdict.PASS]
    notes = [remark for remark in remarks if remark.verdict is Verdict.PASS]
    verdict = fold((Verdict.PASS, *(remark.verdict for remark in grave)))
    told = sorted(grave, key=lambda remark: _GRAVITY.index(remark.verdict))[:TOLD]
    more = len(grave) - len(told)
    zh = [*(remark.zh for remark in told), *([f"另有{more}项见报告明细"] if more else [])]
    en = [*(remark.en for remark in told), *([f"{more} more in the report's details"] if more else [])]
    zh_notes, en_notes = [note.zh for note in notes], [note.en for note in notes]
    if not grave:
        said = pass_zh + _sentence_zh(zh_notes), _joined(pass_en, _sentence_en(en_notes))
    else:
        said = _sentence_zh([*zh, *zh_notes]), _sentence_en([*en, *en_notes])
    return Finding(clause, verdict, _days_once(said[0]), _days_once(said[1]))


_GRAVITY = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PENDING, Verdict.WARN)


def _waiting(facts: SittingFacts) -> tuple[str, str]:
    if facts.waiting is Waiting.NOT_ENDED:
        return "场次尚未结束，结束后判定。", "The sitting has not ended; it is judged when it has."
    settled = facts.settled_until
    if settled is None or settled <= facts.window.start:
        return "录像尚待核验。", "The footage still has to be opened and checked."
    return (
        f"录像已核验至{_local(settled)}，其余尚待核验。",
        f"The footage was checked up to {_local(settled)}; the rest still has to be.",
    )


def _sentence_zh(parts: Iterable[str]) -> str:
    text = "；".join(parts)
    return f"{text}。" if text else ""


def _sentence_en(parts: Iterable[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


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


def _some(noun: str, names: Iterable[str]) -> str:
    """``station A``, or ``stations A, B``; of many, the first few and how many more."""
    found = list(names)
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{noun}{'s' if len(found) > 1 else ''} {', '.join(found[:NAMED])}{more}"


def _of(some: Sequence[object], of: Sequence[object]) -> str:
    """``1 of 6 recorded files is``."""
    return (
        f"{len(some)} of {len(of)} recorded {'file' if len(of) == 1 else 'files'} {'is' if len(some) == 1 else 'are'}"
    )


def _names(names: Iterable[str]) -> str:
    """``A、B``; of many, the first few and how many they are."""
    found = list(names)
    return "、".join(found[:NAMED]) + (f"等{len(found)}个" if len(found) > NAMED else "")


def _holes(coverage: Coverage) -> IntervalSet:
    return IntervalSet(gap.interval for gap in coverage.gaps)


def _local(instant: datetime) -> str:
    """Local time of Asia/Shanghai, to the millisecond only where there are any."""
    local = instant.astimezone(SHANGHAI)
    milliseconds = local.microsecond // 1000
    return f"{local:%Y-%m-%d %H:%M:%S}" + (f".{milliseconds:03d}" if milliseconds else "")


def _span_zh(interval: Interval) -> str:
    return f"自{_local(interval.start)}至{_local(interval.end)}"


def _span_en(interval: Interval) -> str:
    return f"from {_local(interval.start)} to {_local(interval.end)}"


def _spans(spans: IntervalSet) -> tuple[str, str]:
    """Of one span when it was, of several how many they are and when the first was."""
    first, count = next(iter(spans)), len(spans)
    if count == 1:
        return _span_zh(first), _span_en(first)
    return f"共{count}段，首段{_span_zh(first)}", f"{count} spans, the first {_span_en(first)}"


def _seconds(seconds: float) -> str:
    """Up to three decimals, none for whole seconds."""
    return f"{seconds:.3f}".rstrip("0").rstrip(".")
