"""What a camera really sends, watched for a while before it is relied on, and what to change in its menu.

``observe`` watches a connection of the recorder's own engine; ``advice`` is a pure function of what was seen and of
the rule pack, the same wherever it is shown. Not here: recording, and whether footage met an obligation.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

from config.rule_pack import RulePack
from ingest.source import AccessUnit, Source, SourceError
from storage.media import VideoFormat

KEY_INTERVAL_S = 4.0
"""Key frames further apart than this are advised against: a lost packet can cost all pictures up to the next one."""

DELIVERED_SHARE = 0.9
"""Fewer pictures than this share of what the camera states are worth a look at its exposure and load."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was seen of one connection. Rates are per second of arrival, ``bits_per_second`` without packet headers.

    ``key_interval_s`` is the longest time between two key frames that were seen, None with fewer than two;
    ``keyless_s`` the longest stretch without one, be it at the start, between or at the end. ``clock_offset_s`` is
    camera minus host, None where the camera tells no time. ``format_changes`` counts new parameter sets after the
    first. ``ended`` says why the connection ended before the time was over.
    """

    codec: str
    width: int
    height: int
    pictures: int
    seconds: float
    stated_fps: float | None
    delivered_fps: float
    bits_per_second: float
    key_interval_s: float | None
    keyless_s: float
    lost_packets: int
    damaged_pictures: int
    format_changes: int
    clock_offset_s: float | None
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to change, and why, in both languages. ``code`` is stable."""

    code: str
    zh: str
    en: str


async def observe(source: Source, seconds: float) -> Reading:
    """Watch for ``seconds`` from the first key frame on. Raises SourceError when not one picture came."""
    tally = _Tally()
    ended: str | None = None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(None) as limit, aclosing(source.units()) as units:
            async for unit in units:
                if tally.first is None:
                    limit.reschedule(loop.time() + seconds)
                tally.take(unit)
    except TimeoutError:
        pass
    except SourceError as error:
        if tally.first is None:
            raise
        ended = str(error)
    return tally.reading(ended)


@dataclass(slots=True)
class _Tally:
    """What is counted while units come, in order."""

    first: AccessUnit | None = None
    last: AccessUnit | None = None
    pictures: int = 0
    size_bytes: int = 0
    lost: int = 0
    damaged: int = 0
    formats: list[VideoFormat] = field(default_factory=list)
    key_at: float = 0.0
    key_interval_s: float | None = None
    keyless_s: float = 0.0
    offset_s: float | None = None

    def take(self, unit: AccessUnit) -> None:
        if self.first is None:
            self.first = unit
            self.key_at = unit.arrived_monotonic
            self.keyless_s = unit.keyless_s
        elif unit.key:
            step_s = unit.arrived_monotonic - self.key_at
            self.key_interval_s = max(self.key_interval_s or 0.0, step_s)
            self.keyless_s, self.key_at = max(self.keyless_s, step_s), unit.arrived_monotonic
        if not self.formats or self.formats[-1] != unit.format:
            self.formats.append(unit.format)
        self.pictures += 1
        self.size_bytes += sum(map(len, unit.nals))
        self.lost += unit.lost_packets
        self.damaged += unit.damaged
        if unit.camera_time is not None:
            self.offset_s = (unit.camera_time - unit.arrived).total_seconds()
        self.last = unit

    def reading(self, ended: str | None) -> Reading:
        if self.first is None or self.last is None:
            raise SourceError("not one picture came")
        seconds = self.last.arrived_monotonic - self.first.arrived_monotonic
        shown = self.formats[-1]
        # The last picture stands for the usual interval like every other.
        whole_s = seconds * self.pictures / (self.pictures - 1) if self.pictures > 1 else 0.0
        return Reading(
            codec=shown.codec_string,
            width=shown.width,
            height=shown.height,
            pictures=self.pictures,
            seconds=whole_s,
            stated_fps=shown.nominal_fps,
            delivered_fps=self.pictures / whole_s if whole_s else 0.0,
            bits_per_second=8 * self.size_bytes / whole_s if whole_s else 0.0,
            key_interval_s=self.key_interval_s,
            keyless_s=max(self.keyless_s, self.last.arrived_monotonic - self.key_at),
            lost_packets=self.lost,
            damaged_pictures=self.damaged,
            format_changes=len(self.formats) - 1,
            clock_offset_s=self.offset_s,
            ended=ended,
        )


def advice(reading: Reading, rules: RulePack) -> tuple[Advice, ...]:
    """What to change in the camera's menu or around it, most harmful first; empty where nothing is to be done."""
    found = (
        _ended(reading),
        _losses(reading),
        _key_frames(reading),
        _size(reading, rules),
        _rate(reading, rules),
        _clock(reading, rules),
        _format(reading),
    )
    return tuple(each for each in found if each is not None)


def _ended(reading: Reading) -> Advice | None:
    if reading.ended is None:
        return None
    return Advice(
        "connection",
        f"观察期间连接中断（{reading.ended}）。请检查供电、网线和摄像机允许的连接数。",
        f"The connection ended while it was watched ({reading.ended}). Check power, cable and how many viewers "
        "it serves.",
    )


def _losses(reading: Reading) -> Advice | None:
    if not reading.lost_packets and not reading.damaged_pictures:
        return None
    return Advice(
        "packet_loss",
        f"丢失 {reading.lost_packets} 个数据包，{reading.damaged_pictures} 帧受损；丢一个包，最多会使到下一个 "
        "I 帧为止的"
        "画面都无法解码。请改用有线网络和 TCP 传输，检查网线与交换机。",
        f"{reading.lost_packets} packets were lost and {reading.damaged_pictures} pictures damaged; one lost "
        "packet can "
        "cost every picture up to the next key frame. Use a cable and transport tcp, check the switch.",
    )


def _key_frames(reading: Reading) -> Advice | None:
    if reading.keyless_s <= KEY_INTERVAL_S:
        return None
    frames = max(1, round(2 * (reading.stated_fps or reading.delivered_fps or 25)))
    return Advice(
        "key_frames",
        f"两个 I 帧相隔 {reading.keyless_s:.1f} 秒或更久；丢一个包，就可能损失这么长的录像，"
        "断线重连后也要等到下一个 I 帧。"
        f"请在“视频编码”菜单关闭智能编码（Smart264、Smart265、H.264+、H.265+），并把“I 帧间隔”设为 1 至 2 秒"
        f"（例如 {frames} 帧）。",
        f"Key frames are {reading.keyless_s:.1f} s apart or more; one lost packet can cost that much footage, "
        "and a new "
        "connection has to wait for the next one. In the video encoding menu turn smart coding off (Smart264, "
        "Smart265, "
        f"H.264+, H.265+) and set the I-frame interval to 1 or 2 s ({frames} frames, say).",
    )


def _size(reading: Reading, rules: RulePack) -> Advice | None:
    if reading.width >= rules.min_width and reading.height >= rules.min_height:
        return None
    size, least = f"{reading.width}×{reading.height}", f"{rules.min_width}×{rules.min_height}"
    return Advice(
        "resolution",
        f"分辨率 {size}，低于规则要求的 {least}。请选用主码流，或在“视频编码”菜单提高“分辨率”。",
        f"The picture has {size}, below the {least} of the rules. Use the main stream, or raise the resolution "
        "in the "
        "video encoding menu.",
    )


def _rate(reading: Reading, rules: RulePack) -> Advice | None:
    stated, delivered = reading.stated_fps, reading.delivered_fps
    if delivered < rules.min_fps * 0.98:  # a share of one picture in fifty is the count's own error
        return Advice(
            "frame_rate",
            f"实收帧率 {delivered:.1f}，低于规则要求的 {rules.min_fps:g}。请在“视频编码”菜单提高“帧率”，"
            "关闭低照度慢快门，"
            "并检查带宽。",
            f"{delivered:.1f} pictures a second arrive, below the {rules.min_fps:g} of the rules. Raise the "
            "frame rate in "
            "the video encoding menu, turn slow shutter off, check the bandwidth.",
        )
    if stated is not None and delivered < stated * DELIVERED_SHARE:
        return Advice(
            "frame_rate",
            f"标称帧率 {stated:g}，实收 {delivered:.1f}。请关闭低照度慢快门和省电、智能帧率选项，并检查摄像机负荷。",
            f"The camera states {stated:g} pictures a second and delivers {delivered:.1f}. Turn slow shutter "
            "and variable "
            "frame rate off, check the camera's load.",
        )
    return None


def _clock(reading: Reading, rules: RulePack) -> Advice | None:
    offset = reading.clock_offset_s
    if offset is None:
        return Advice(
            "clock",
            "摄像机没有报告时间（RTCP 发送报告），无法核对其时钟。请在“时间”菜单启用 NTP 时间同步，"
            "并人工核对画面上的时间。",
            "The camera tells no time (RTCP sender reports), so its clock cannot be checked. Turn NTP on in "
            "its time menu "
            "and compare the clock in its picture by hand.",
        )
    if abs(offset) <= rules.clock_warn_s:
        return None
    side_zh, side_en = ("快", "ahead") if offset > 0 else ("慢", "behind")
    return Advice(
        "clock",
        f"摄像机时钟比本机{side_zh} {abs(offset):.1f} 秒，超过 {rules.clock_warn_s:g} 秒。请在“时间”菜单启用 "
        "NTP 时间同步，"
        "指向与本机相同的服务器，并核对时区。",
        f"The camera's clock is {abs(offset):.1f} s {side_en} of this machine's, more than "
        f"{rules.clock_warn_s:g} s. Turn "
        "NTP on in its time menu, with the server that this machine uses, and check its time zone.",
    )


def _format(reading: Reading) -> Advice | None:
    if not reading.format_changes:
        return None
    return Advice(
        "format_changes",
        f"观察期间编码参数改变了 {reading.format_changes} 次，每次都会另起一个录像文件。"
        "请关闭自适应分辨率和码流自动切换。",
        f"The coding changed {reading.format_changes} times while it was watched, and each change begins a new "
        "file. Turn "
        "adaptive resolution and automatic stream switching off.",
    )
