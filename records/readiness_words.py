"""How the checks before a sitting are said: what was found, and what to do about it, in both languages.

A sentence names room, camera, station and time and never a person but who confirmed. Not here: what is found and how
grave it is (``records.readiness_rules``). Times are those of Asia/Shanghai.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from analysis.wording import FAULTS
from domain.calendar import SHANGHAI
from domain.evidence import Cause
from domain.pictures import Fault

_NAMED = 8


class Said(NamedTuple):
    """What was found and what to do, each in both languages; nothing is to be done where the latter are empty."""

    zh: str
    en: str
    do_zh: str = ""
    do_en: str = ""


# No-filming areas


def films_what_it_must_not(camera: str, area: int, share: float) -> Said:
    """``share`` of the area's points, 0 to 1."""
    return Said(
        f"摄像机 {camera} 拍到禁摄区 {area} 的 {share:.0%}（按布点图）",
        f"camera {camera} shows {share:.0%} of no-filming area {area}, by the floor plan",
        "调整摄像机；机内已作隐私遮蔽的，签字时说明。误摄的录像：`kaojian withhold begin`",
        "turn the camera; where it masks the area itself, say so when signing. Of footage that shows it: "
        "`kaojian withhold begin`",
    )


def no_forbidden_area(room: str) -> Said:
    return Said(f"考场 {room} 的布点图未标禁摄区", f"the floor plan of room {room} marks no no-filming area")


def films_no_forbidden_area(areas: int) -> Said:
    return Said(
        f"按布点图，{areas} 处禁摄区均未拍到",
        f"by the floor plan no camera shows any of the no-filming areas ({areas})",
    )


# Recording plan


def no_cameras(room: str) -> Said:
    return Said(
        f"考场 {room} 没有登记摄像机",
        f"room {room} has no camera",
        "在设置文件中登记摄像机并重新 `kaojian apply`",
        "register its cameras in the set-up file and run `kaojian apply` again",
    )


def unseen_stations(stations: Iterable[str]) -> Said:
    named = _names(stations)
    return Said(
        f"没有登记能看到工位 {named} 的摄像机",
        f"no camera is registered that sees station {named}",
        "调整摄像机，或在设置文件中登记它看到的工位",
        "move a camera, or register in the set-up file which one sees it",
    )


def planned(cameras: int, stations: int) -> Said:
    return Said(
        f"{cameras} 台摄像机已列入录像计划，{stations} 个工位均有登记",
        f"planned to be recorded: cameras {cameras}; every station ({stations}) is registered with one",
    )


def no_recorder() -> Said:
    return Said(
        "没有录像服务在运行",
        "no recorder is running",
        "启动服务：`kaojian serve`",
        "start the service: `kaojian serve`",
    )


def recorder_runs() -> Said:
    return Said("录像服务在运行", "a recorder is running")


# Trial


def no_trial() -> Said:
    return Said(
        "尚未试录，摄像机是否录得上无法判定",
        "no trial was recorded, so nobody knows whether cameras can be recorded",
        "试录：`kaojian sitting trial`",
        "record one: `kaojian sitting trial`",
    )


def trial_of_other_setup() -> Said:
    return Said(
        "试录之后考场设置有变更，试录不作数",
        "the set-up was changed after the trial, which does not count any more",
        "重新试录",
        "record another trial",
    )


def trial_too_old(ended: datetime) -> Said:
    return Said(
        f"试录于 {_local(ended)} 结束，已过期",
        f"the trial ended at {_local(ended)}, too long ago",
        "重新试录",
        "record another trial",
    )


def trial_lasts(until: datetime) -> Said:
    return Said(
        f"试录中，至 {_local(until)}", f"the trial lasts until {_local(until)}", "稍后再查", "check again then"
    )


def trial_not_opened() -> Said:
    return Said(
        "试录已结束，文件还在写入或核验",
        "the trial is over, its files are still being written or opened",
        "稍后再查；若一直如此，查看 `kaojian status` 中的核验服务",
        "check again in a moment; if it stays so, see in `kaojian status` whether the analysis runs",
    )


def delivered(camera: str, seconds: float) -> Said:
    return Said(
        f"摄像机 {camera} 试录 {seconds:.0f} 秒，无断档", f"camera {camera}: {seconds:.0f} s recorded without a gap"
    )


def short_gaps(camera: str, gap_s: float, cause: Cause) -> Said:
    return Said(
        f"摄像机 {camera} 试录有 {gap_s:.1f} 秒断档（容差内）：{cause.zh}",
        f"camera {camera}: gaps of {gap_s:.1f} s in the trial, within the tolerance: {cause.en}",
        "检查网线、交换机与供电",
        "look at its cable, switch and power",
    )


def gaps(camera: str, gap_s: float, of_s: float, cause: Cause) -> Said:
    return Said(
        f"摄像机 {camera} 试录 {of_s:.0f} 秒中断档 {gap_s:.1f} 秒：{cause.zh}",
        f"camera {camera}: {gap_s:.1f} s of {of_s:.0f} s are missing in the trial: {cause.en}",
        f"用 `kaojian camera test {camera}` 查明，修好后重新试录",
        f"find out with `kaojian camera test {camera}`, mend it, and record another trial",
    )


# Pictures


def size_and_rate(camera: str, width: int, height: int, rate: float) -> Said:
    return Said(
        f"摄像机 {camera} 画面 {width}×{height}，实收 {rate:.1f} 帧/秒",
        f"camera {camera}: {width}x{height}, {rate:.1f} pictures a second delivered",
    )


def too_small(camera: str, width: int, height: int, least: tuple[int, int]) -> Said:
    return Said(
        f"摄像机 {camera} 画面 {width}×{height}，低于 {least[0]}×{least[1]}",
        f"camera {camera}: {width}x{height} is less than {least[0]}x{least[1]}",
        "在摄像机上选用更大的主码流分辨率",
        "choose a larger main stream at the camera",
    )


def too_slow(camera: str, rate: float, least: float) -> Said:
    return Said(
        f"摄像机 {camera} 实收 {rate:.1f} 帧/秒，低于 {least:g}",
        f"camera {camera}: {rate:.1f} pictures a second delivered, less than {least:g}",
        "在摄像机上提高帧率，并检查网络",
        "raise its frame rate, and look at the network",
    )


def faulty(camera: str, faults: Iterable[Fault]) -> Said:
    found = list(faults)
    zh, en = "、".join(FAULTS[each].zh for each in found), ", ".join(FAULTS[each].en for each in found)
    return Said(
        f"摄像机 {camera} 画面异常：{zh}",
        f"camera {camera}: {en}",
        "到现场看该摄像机，恢复后重新试录；若是有意调整机位，另做基准画面",
        "look at the camera on the spot, then record another trial; if it was moved on purpose, make a new reference",
    )


def briefly_faulty(camera: str, faults: Iterable[Fault], seconds: float) -> Said:
    found = list(faults)
    zh, en = "、".join(FAULTS[each].zh for each in found), ", ".join(FAULTS[each].en for each in found)
    return Said(
        f"摄像机 {camera} 画面异常 {seconds:.0f} 秒：{zh}",
        f"camera {camera}: {en} for {seconds:.0f} s",
        "到现场看该摄像机",
        "look at the camera on the spot",
    )


def no_reference(camera: str) -> Said:
    return Said(
        f"摄像机 {camera} 没有基准画面，是否移动、遮挡、失焦未核验",
        f"camera {camera} has no reference: whether it was moved, covered or blurred was not checked",
        "确认画面无误后 `kaojian reference make` 做基准画面，再试录",
        "once its picture is right, make one with `kaojian reference make` and record another trial",
    )


def not_compared(camera: str) -> Said:
    return Said(
        f"摄像机 {camera} 的试录画面未能与基准比对",
        f"camera {camera}: the pictures of the trial could not be compared with its reference",
        "稍后再查；若一直如此，重新试录",
        "check again in a moment; if it stays so, record another trial",
    )


def like_reference(camera: str) -> Said:
    return Said(f"摄像机 {camera} 画面与基准一致", f"camera {camera}: the picture is as in its reference")


def not_looked_at(camera: str) -> Said:
    return Said(
        f"摄像机 {camera} 的试录画面没有经过画面分析",
        f"camera {camera}: nobody looked at the pictures of the trial",
        "查看 `kaojian status` 中的核验服务，之后重新试录",
        "see in `kaojian status` whether the analysis runs, then record another trial",
    )


# Stations


def in_view(station: str, cameras: Iterable[str]) -> Said:
    named = _names(cameras)
    return Said(f"工位 {station} 在画面中可见（{named}）", f"station {station} is in view of {named}")


def by_register(station: str, cameras: Iterable[str]) -> Said:
    named = _names(cameras)
    return Said(
        f"工位 {station} 按登记由 {named} 可见，未看画面",
        f"station {station} is seen by {named} as registered; no picture was looked at",
    )


def not_in_view(station: str, cameras: Iterable[str]) -> Said:
    named = _names(cameras)
    return Said(
        f"工位 {station} 在 {named} 的画面中被遮挡或不可用",
        f"station {station} is hidden, or not usable, in the pictures of {named}",
        "移开遮挡物或调整摄像机，重新试录",
        "take away what is in front of it or move a camera, and record another trial",
    )


def view_unknown(station: str) -> Said:
    return Said(
        f"工位 {station} 是否可见无法判定",
        f"whether station {station} is in view cannot be told",
        "重新试录；若一直如此，重做基准画面与工位画面区域",
        "record another trial; if it stays so, make the reference and the station's region anew",
    )


def not_covered(station: str) -> Said:
    return Said(
        f"工位 {station} 在试录中没有可用录像",
        f"station {station} has no usable footage in the trial",
        "修好看到该工位的摄像机，重新试录",
        "mend the camera that sees it, and record another trial",
    )


def no_plan(room: str) -> Said:
    return Said(
        f"考场 {room} 没有布点图，未计算像素密度",
        f"room {room} has no floor plan, so densities were not computed",
    )


def dense_enough(station: str, px_per_m: float, level_zh: str, level_en: str, camera: str) -> Said:
    return Said(
        f"工位 {station} 在 {camera} 中为 {px_per_m:.0f} 像素/米，达到“{level_zh}”",
        f"station {station}: {px_per_m:.0f} px/m in {camera}, enough for {level_en}",
    )


def too_sparse(station: str, px_per_m: float | None, level_zh: str, level_en: str, needs: float) -> Said:
    shown = "看不到" if px_per_m is None else f"为 {px_per_m:.0f} 像素/米"
    told = "not shown" if px_per_m is None else f"{px_per_m:.0f} px/m"
    return Said(
        f"工位 {station} 按布点图{shown}，未达到“{level_zh}”（{needs:.0f} 像素/米，且须看到大部分）",
        f"station {station}: {told} by the floor plan, not enough of it for {level_en} ({needs:.0f} px/m)",
        "移近摄像机、换镜头或提高分辨率，并更新布点图",
        "move a camera nearer, change its lens or raise its resolution, and bring the plan up to date",
    )


def not_drawn(station: str) -> Said:
    return Said(
        f"工位 {station} 不在布点图上，未计算像素密度",
        f"station {station} is not on the floor plan, so its density was not computed",
        "在布点图中补画该工位",
        "draw it on the plan",
    )


def other_size_than_planned(camera: str, planned_px: tuple[int, int], seen_px: tuple[int, int]) -> Said:
    return Said(
        f"摄像机 {camera} 布点图按 {planned_px[0]}×{planned_px[1]}，实录 {seen_px[0]}×{seen_px[1]}，像素密度不作数",
        f"camera {camera} is drawn as {planned_px[0]}x{planned_px[1]} and records {seen_px[0]}x{seen_px[1]}: "
        "its densities do not count",
        "改正布点图或摄像机的分辨率",
        "correct the plan, or the camera's resolution",
    )


# Clocks


def clock_right(camera: str, offset_s: float) -> Said:
    return Said(
        f"摄像机 {camera} 时钟偏差 {offset_s:+.1f} 秒", f"camera {camera}: its clock is {offset_s:+.1f} s off"
    )


def clock_off(camera: str, offset_s: float, limit_s: float) -> Said:
    return Said(
        f"摄像机 {camera} 时钟偏差 {offset_s:+.1f} 秒，超过 {limit_s:g} 秒",
        f"camera {camera}: its clock is {offset_s:+.1f} s off, more than {limit_s:g} s",
        "为摄像机设置校时服务器（NTP）",
        "set a time server (NTP) at the camera",
    )


def clock_silent(camera: str) -> Said:
    return Said(
        f"摄像机 {camera} 不报告时间，时钟未核对",
        f"camera {camera} tells no time, so its clock was not checked",
        "在摄像机上启用 RTCP 或校时",
        "switch on RTCP, or a time server, at the camera",
    )


def host_clock_proven(host: str, by: str) -> Said:
    return Said(f"主机 {host} 时钟经 {by} 佐证", f"the clock of host {host} is vouched for by {by}")


def host_clock_unproven(host: str) -> Said:
    return Said(
        f"主机 {host} 的时钟无佐证",
        f"nothing vouches for the clock of host {host}",
        "在主机上启用校时（chrony 或 systemd-timesyncd），等待同步后重新试录",
        "have the host follow a time server (chrony or systemd-timesyncd), then record another trial",
    )


def host_clock_not_read() -> Said:
    return Said(
        "没有主机时钟的核对记录",
        "no reading of a host's clock is known",
        "确认录像服务在运行，重新试录",
        "see that the recorder runs, and record another trial",
    )


# Disk, store, copies


def room_enough(spool: str, needed_gb: float, free_gb: float) -> Said:
    return Said(
        f"暂存盘 {spool}：当日场次约需 {needed_gb:.1f} GB，可用 {free_gb:.1f} GB",
        f"spool {spool}: the sittings of that day need about {needed_gb:.1f} GB, {free_gb:.1f} GB can be used",
    )


def room_by_expectation(spool: str, needed_gb: float, free_gb: float, cameras: Iterable[str]) -> Said:
    named = _names(cameras)
    return Said(
        f"暂存盘 {spool}：当日场次约需 {needed_gb:.1f} GB，可用 {free_gb:.1f} GB；{named} 未实测，按预期码率计",
        f"spool {spool}: the sittings of that day need about {needed_gb:.1f} GB, {free_gb:.1f} GB can be used; "
        f"{named} counted as expected and never measured",
        "全部摄像机试录后再查",
        "check again once all cameras were tried",
    )


def room_missing(spool: str, short_gb: float, full: datetime | None) -> Said:
    zh, en = (f"，{_local(full)} 写满", f", full at {_local(full)}") if full is not None else ("", "")
    return Said(
        f"暂存盘 {spool}：当日场次还差 {short_gb:.1f} GB{zh}",
        f"spool {spool}: {short_gb:.1f} GB are missing for the sittings of that day{en}",
        "腾出空间、换更大的盘，或让上传快于录像",
        "make room, take a larger disk, or see that uploads go faster than recording",
    )


def no_disk() -> Said:
    return Said(
        "本机没有可查的暂存盘",
        "no spool can be looked at from here",
        "在录像主机上自检",
        "check on the host that records",
    )


def no_store() -> Said:
    return Said(
        "没有设置对象存储，录像不能锁定",
        "no object store is set, so no footage can be locked",
        "设置 KAOJIAN_S3_ENDPOINT",
        "set KAOJIAN_S3_ENDPOINT",
    )


def store_away(store: str, why: str) -> Said:
    return Said(
        f"对象存储 {store} 不可用：{why}",
        f"object store {store} cannot be used: {why}",
        "检查服务器、网络与密钥",
        "look at the server, the network and the key",
    )


def locks_fail(store: str, why: str) -> Said:
    return Said(
        f"对象存储 {store} 的锁定无效：{why}",
        f"locks of object store {store} do not hold: {why}",
        "建立启用对象锁定（COMPLIANCE）的桶",
        "make a bucket with object lock (COMPLIANCE)",
    )


def locks_hold(store: str, how: str) -> Said:
    return Said(f"对象存储 {store} 可用，锁定自检通过", f"object store {store} answers, and its lock holds: {how}")


def copies_possible(devices: int, wanted: int) -> Said:
    return Said(
        f"{devices} 个独立存储设备可用，要求 {wanted} 份",
        f"separate devices that take copies: {devices}; asked for: {wanted}",
    )


def too_few_devices(devices: int, wanted: int) -> Said:
    return Said(
        f"只有 {devices} 个独立存储设备可用，要求 {wanted} 份",
        f"separate devices that take copies: only {devices}; asked for: {wanted}",
        "接上第二暂存盘或对象存储",
        "bring back the second spool or the object store",
    )


# Confirmed by people


def confirmed(what: tuple[str, str], room: str, who: str, at: datetime) -> Said:
    return Said(
        f"考场 {room} 的{what[0]}由 {who} 于 {_local(at)} 确认",
        f"{what[1]} in room {room} confirmed by {who} at {_local(at)}",
    )


def not_confirmed(what: tuple[str, str], room: str) -> Said:
    return Said(
        f"考场 {room} 的{what[0]}无人确认",
        f"nobody confirmed the {what[1]} in room {room}",
        "到考场看过后确认：`kaojian sitting confirm`",
        "look on the spot, then confirm: `kaojian sitting confirm`",
    )


def refuted(what: tuple[str, str], room: str, lacking: Sequence[str], note: str) -> Said:
    """What somebody found wrong on the spot, and where."""
    where = f"工位 {_names(lacking)}" if lacking else f"考场 {room}"
    at = f"station {_names(lacking)}" if lacking else f"room {room}"
    said = f"：{note}" if note else ""
    return Said(
        f"{where} 的{what[0]}不符{said}",
        f"{what[1]} at {at} not as it must be{': ' + note if note else ''}",
        "改正后重新确认：`kaojian sitting confirm`",
        "mend it, then confirm: `kaojian sitting confirm`",
    )


def not_needed(what: tuple[str, str], room: str, note: str) -> Said:
    return Said(f"考场 {room} 不需要{what[0]}：{note}", f"room {room} needs none of: {what[1]}: {note}")


def _names(names: Iterable[str]) -> str:
    found = list(names)
    more = f" … ({len(found)})" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def _local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
