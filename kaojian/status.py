"""How things stand now: sittings, cameras, recorders and what still waits. Reads only.

Not here: verdicts (``analysis.report``). ``gather`` finds, ``to_json`` and ``tables`` lay out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from rich.table import Table
from rich.text import Text

from analysis.live import NvrOut, Placed, Standing, host_clocks_now, living, nvrs_out, placed, standings
from domain.alarms import Receiver
from domain.calendar import SHANGHAI
from domain.evidence import CameraEvent, Cause, LostCopy, Recorder, SegmentState
from domain.host_clock import ClockState, HostClock, Witness, judge_clock
from domain.people import BrokenGlass
from domain.places import Camera, Sitting
from domain.timeline import rfc3339
from domain.withholding import Withholding
from ingest.set_aside import REMEDY as SET_ASIDE_REMEDY
from ingest.set_aside import Refused, SetAside
from ingest.spool import Spool
from ingest.spool_standing import SecondCopies, SpoolStanding, look, second_copies
from kaojian.webhooks import to_json as webhook_json
from kaojian.webhooks import told as webhook_told
from records.backups import TOO_OLD, newest
from records.headroom import Headroom, Spools, headrooms
from records.headroom import told as headroom_told
from records.queues import LOST_WITHIN, Queues, queues
from storage import store_state
from storage.database import Database
from storage.store_state import StoreState


class SittingState(StrEnum):
    """Where a sitting stands between plan and closing."""

    PLANNED = "planned"
    DUE = "due"  # to be recorded by its plan, not opened yet
    OPEN = "open"
    CLOSED = "closed"


class RecordingState(StrEnum):
    """What a camera does now."""

    RECORDING = "recording"
    OUT = "out"  # wanted, and nothing usable comes
    NOT_RECORDED = "not recorded"  # wanted, and no recorder is at it
    IDLE = "idle"  # not wanted now


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One camera; ``since``, ``cause`` and ``connection`` where there is one."""

    camera: str
    site: str
    room: str
    state: RecordingState
    since: datetime | None = None
    cause: Cause | None = None
    connection: CameraEvent | None = None  # what the recorder at it last said of the camera's state


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """A recorder process that lives, with the last reading of its host's clock by any of them that tells anything.

    None where none has been written lately.
    """

    recorder: Recorder
    clock: HostClock | None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything ``kaojian status`` shows."""

    now: datetime
    recorders: tuple[RecorderStatus, ...]  # alive
    sittings: tuple[tuple[Sitting, SittingState], ...]
    cameras: tuple[CameraStatus, ...]
    nvrs: tuple[NvrOut, ...]  # out with all their wanted cameras
    queues: Queues
    rows_set_aside: tuple[Refused, ...] = ()  # what the database refused, in the spools of this host
    headrooms: tuple[Headroom, ...] = ()  # of the spools of this host
    spools: tuple[SpoolStanding, ...] = ()  # of this host, the first one first
    second_copies: SecondCopies | None = None  # None without a second spool
    webhooks: tuple[Receiver, ...] = ()
    stores: tuple[StoreState, ...] = ()  # as the uploaders of this host found them
    broken_glass: tuple[BrokenGlass, ...] = ()  # everybody is told of these, the latest first
    withheld: tuple[Withholding, ...] = ()  # that nobody decided on yet, the latest first
    backup: datetime | None = None  # when the newest was brought under lock


def gather(database: Database, now: datetime, *, stores_objects: bool, spools: Spools | None = None) -> Status:
    """The state at ``now``; ``spools`` are those of this host. Raises DatabaseUnavailable."""
    spools = spools or Spools()
    evidence = database.evidence
    recorders = living(evidence, now)
    sittings = database.setup.sittings()
    cameras = placed(database.setup.sites(), sittings, now)
    found = standings(evidence, {each.id for each in recorders}, [each.camera.id for each in cameras])
    clocks = host_clocks_now(evidence, now)
    seen = look(evidence, spools.folders, spools.owner)
    second = second_copies(evidence, seen[0], seen[1], [each.camera.id for each in cameras]) if seen[1:] else None
    return Status(
        now=now,
        recorders=tuple(RecorderStatus(each, clocks.get(each.host)) for each in recorders),
        sittings=tuple((sitting, sitting_state(sitting, now)) for sitting in sittings),
        cameras=tuple(_camera(each, found[each.camera.id]) for each in cameras),
        nvrs=tuple(nvrs_out(cameras, found)),
        queues=queues(database, now, stores_objects=stores_objects),
        rows_set_aside=tuple(SetAside([Spool(folder, 0) for folder in spools.folders]).waiting()),
        headrooms=tuple(headrooms(database, spools, now, evicts=stores_objects)),
        spools=tuple(seen),
        second_copies=second,
        broken_glass=tuple(database.broken_glass.told(now)),
        withheld=tuple(each for each in database.withholdings.all() if each.is_open),
        backup=newest(database),
    )


def sitting_state(sitting: Sitting, now: datetime) -> SittingState:
    """Closed and open are acts; due follows from the plan."""
    if sitting.closed is not None:
        return SittingState.CLOSED
    if sitting.opened is not None:
        return SittingState.OPEN
    return SittingState.DUE if sitting.wants_recording(now) else SittingState.PLANNED


def to_json(status: Status) -> dict[str, Any]:
    """The same for programs; instants are RFC 3339 in UTC."""
    return {
        "now": rfc3339(status.now),
        "recorders": [
            {
                "id": each.recorder.id,
                "host": each.recorder.host,
                "started": rfc3339(each.recorder.started),
                "seen": rfc3339(each.recorder.seen),
                "clock": _clock_json(each.clock),
            }
            for each in status.recorders
        ],
        "sittings": [_sitting_json(sitting, state) for sitting, state in status.sittings],
        "cameras": [
            {
                "camera": each.camera,
                "site": each.site,
                "room": each.room,
                "state": each.state.value,
                "since": _told(each.since),
                "cause": each.cause.value if each.cause is not None else None,
                "connection": _connection_json(each.connection),
            }
            for each in status.cameras
        ],
        "nvrs": [_nvr_json(each) for each in status.nvrs],
        "waiting": {
            "analysis": status.queues.analysis,
            "s3": status.queues.s3,
            "second_s3": status.queues.second,
            "look": status.queues.look,
            "look_given_up": status.queues.given_up,
        },
        "object_store": _store_json(status.stores, second=False),
        "second_object_store": _store_json(status.stores, second=True),
        "copies": {"due": status.queues.reread, "lost": [_lost_json(each) for each in status.queues.lost]},
        "unseen_spools": [
            {"folder": each.target, "device": each.device, "segments": each.segments} for each in status.queues.unseen
        ],
        "spools": [
            {"folder": str(each.folder), "state": each.state.value, "detail": each.detail, "remedy": each.remedy}
            for each in status.spools
        ],
        "second_copies": _second_json(status.second_copies),
        "headroom": [_headroom_json(each) for each in status.headrooms],
        "webhooks": [webhook_json(each) for each in status.webhooks],
        "backup": {"newest": _told(status.backup)},
        "withheld": [
            {
                "withholding": each.number,
                "camera": each.camera,
                "from": rfc3339(each.start),
                "until": _told(each.until),
                "state": each.state.value,
                "by": each.ordered.actor.name,
                "reason": each.ordered.reason,
            }
            for each in status.withheld
        ],
        "broken_glass": [_glass_json(each, status.now) for each in status.broken_glass],
        "rows_set_aside": [
            {
                "file": each.name,
                "at": _told(each.at),
                "act": each.row.act if each.row is not None else None,
                "reason": each.reason,
            }
            for each in status.rows_set_aside
        ],
    }


def tables(status: Status) -> Iterable[Table | Text]:
    """The same for people; times are those of Asia/Shanghai."""
    for broken in status.broken_glass:
        yield Text(glass_told(broken, status.now), style="bold red" if broken.is_open(status.now) else "")
    yield _sittings_table(status)
    yield _cameras_table(status)
    for nvr in status.nvrs:
        cameras = ", ".join(camera.id for camera in nvr.cameras)
        yield Text(
            f"NVR 硬盘录像机 {nvr.nvr} of {nvr.site.id}: all its cameras are out since {_local(nvr.since)} "
            f"({nvr.cause.value} {nvr.cause.zh}): {cameras}; check its power and network"
        )
    recorders = ", ".join(f"{each.recorder.host} since {_local(each.recorder.started)}" for each in status.recorders)
    yield Text(f"Recorder: {recorders or 'none is running (start it with: kaojian serve)'}")
    for host, clock in {each.recorder.host: each.clock for each in status.recorders}.items():
        yield Text(f"Clock of {host}: {_clock_text(clock)}")
    stored = "no object store is set" if status.queues.s3 is None else f"{status.queues.s3} for S3"
    second = f", {status.queues.second} for the second store" if status.queues.second else ""
    unlooked = f", {status.queues.look} to be looked at" if status.queues.look else ""
    yield Text(f"Segments waiting: {status.queues.analysis} for analysis, {stored}{second}{unlooked}")
    if status.queues.given_up:
        yield Text(
            f"Pictures of {status.queues.given_up} segments could not be looked at 画面无法核验: reports say "
            "无法判定 of them; docs/operations.md says what to do"
        )
    for store in status.stores:
        yield from map(Text, store_state.lines(store, _local(store.at)))
    yield from map(Text, _withheld_lines(status))
    yield from map(Text, _copy_lines(status))
    for unseen in status.queues.unseen:
        yield Text(
            f"Spool not visible from here 存储不可见: {unseen.target} ({unseen.device or 'device unknown'}) has the "
            f"only copies of {unseen.segments} segments that wait for analysis; mount it, or analyse on its host"
        )
    yield from map(Text, _spool_lines(status))
    for room in status.headrooms:
        yield Text(f"Head-room 空间余量 of spool {headroom_told(room)}")
    yield Text(_backup_line(status))
    for receiver in status.webhooks:
        yield Text(webhook_told(receiver))
    if refused := status.rows_set_aside:
        yield Text(
            f"ROWS REFUSED 数据库拒收的记录: {len(refused)} set aside in the spool, the first because "
            f"{refused[0].reason}; reports lack them: {SET_ASIDE_REMEDY}"
        )


def _sittings_table(status: Status) -> Table:
    table = Table(title="Sittings 场次 (Asia/Shanghai)", title_justify="left")
    for name in ("Batch 批次", "No.", "Project 项目", "Site 定点考场", "Rooms 考场", "State", "Start", "End"):
        table.add_column(name)
    for sitting, state in status.sittings:
        start = _local(sitting.start) + ("" if sitting.actual_start else " (plan)")
        end = _local(sitting.end) + ("" if sitting.actual_end else " (plan)")
        rooms = ", ".join(sitting.plan.rooms)
        row = (sitting.batch.id, str(sitting.plan.number), sitting.batch.project, sitting.site.id, rooms, state.value)
        table.add_row(*(Text(cell) for cell in (*row, start, end)))
    return table


def _cameras_table(status: Status) -> Table:
    table = Table(title="Cameras 摄像机", title_justify="left")
    for name in ("Camera", "Site 定点考场", "Room 考场", "State", "Since", "Cause", "Connection 连接"):
        table.add_column(name)
    for each in status.cameras:
        since = _local(each.since) if each.since is not None else ""
        cause = each.cause.value if each.cause is not None else ""
        connection = (
            f"{each.connection.state.value} {each.connection.state.zh}" if each.connection is not None else ""
        )
        row = (each.camera, each.site, each.room, each.state.value, since, cause, connection)
        table.add_row(*(Text(cell) for cell in row))
    return table


def _camera(placed: Placed, standing: Standing) -> CameraStatus:
    where = (placed.camera.id, placed.site.id, placed.room.id)
    if (run := standing.run) is not None:
        return CameraStatus(*where, RecordingState.RECORDING, run.started, connection=standing.connection)
    if (outage := standing.outage) is not None:
        return CameraStatus(*where, RecordingState.OUT, outage.start, outage.cause, standing.connection)
    if placed.wanted:
        return CameraStatus(*where, RecordingState.NOT_RECORDED, connection=standing.connection)
    return CameraStatus(*where, RecordingState.IDLE)


def _backup_line(status: Status) -> str:
    if status.backup is None:
        return "Backup 备份: none was brought under lock yet; `kaojian doctor` says what to do"
    old = f", MORE THAN {TOO_OLD.days} DAYS AGO: `kaojian doctor`" if status.now - status.backup > TOO_OLD else ""
    return f"Backup 备份: the newest was brought under lock {_local(status.backup)}{old}"


def _spool_lines(status: Status) -> Iterable[str]:
    """What is wrong with a spool, by its name, and how far the second is behind."""
    for name, each in zip(("Spool 暂存盘", "Second spool 第二暂存盘"), status.spools, strict=False):
        if each.detail:
            yield f"{name} {each.state.value.upper()}: {each.detail}; {each.remedy}"
    if (second := status.second_copies) is not None:
        lag = second.greatest_lag
        said = (
            "no file in both yet" if lag is None else f"at most {lag.total_seconds():.1f} s later ({second.camera})"
        )
        since = f", since {_local(second.waiting_since)}" if second.waiting_since is not None else ""
        yield f"Second copies 第二份 of the newest files: {said}; {second.waiting} still lack theirs{since}"


def _withheld_lines(status: Status) -> Iterable[str]:
    for each in status.withheld:
        until = "until further notice 未止" if each.until is None else f"to {_local(each.until)}"
        yield (
            f"WITHHELD 误摄扣留: withholding {each.number} ({each.state.zh}), camera {each.camera} from "
            f"{_local(each.start)} {until}, by {each.ordered.actor.name}: {each.ordered.reason}; that time is a "
            f"gap, and its files stay in the spool until both sides decide: `kaojian withhold show {each.number}`"
        )


def _copy_lines(status: Status) -> Iterable[str]:
    if status.queues.reread:
        yield f"Copies due to be read again 待复读副本: {status.queues.reread}"
    if status.queues.lost:
        newest = status.queues.lost[0]
        state = {SegmentState.MISSING: "missing 缺失", SegmentState.DAMAGED: "damaged 损坏"}[newest.state]
        yield (
            f"COPIES LOST 副本丢失: {len(status.queues.lost)} in the last {LOST_WITHIN.days} days, the last one "
            f"{newest.copy.segment} in {newest.copy.place} {newest.copy.target}, {state}, found {_local(newest.at)}; "
            "others are made where one still stands: check that disk or store"
        )


def _store_json(states: Iterable[StoreState], *, second: bool) -> dict[str, Any] | None:
    for each in states:
        if each.second is second:
            return {"at": rfc3339(each.at), "lost": each.lost, "unlocked": each.unlocked}
    return None


def _lost_json(lost: LostCopy) -> dict[str, Any]:
    copy = lost.copy
    where = {"segment": copy.segment, "place": copy.place.value, "target": copy.target}
    return where | {"state": lost.state.value, "at": rfc3339(lost.at)}


def _second_json(found: SecondCopies | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "greatest_lag_s": found.greatest_lag.total_seconds() if found.greatest_lag is not None else None,
        "camera": found.camera,
        "waiting": found.waiting,
        "waiting_since": _told(found.waiting_since),
    }


def _headroom_json(each: Headroom) -> dict[str, Any]:
    return {
        "spool": each.spool,
        "needed_bytes": each.needed_bytes,
        "free_bytes": each.free_bytes,
        "evictable_bytes": each.evictable_bytes,
        "short_bytes": each.short_bytes,
        "full_at": _told(each.full),
        "sittings": each.sittings,
        "until": _told(each.until),
        "cameras_not_measured": list(each.unmeasured),
    }


def _nvr_json(each: NvrOut) -> dict[str, Any]:
    return {
        "nvr": each.nvr,
        "site": each.site.id,
        "since": rfc3339(each.since),
        "cause": each.cause.value,
        "connection": each.state.value if each.state is not None else None,
        "cameras": [camera.id for camera in each.cameras],
    }


def _clock_json(reading: HostClock | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    found = judge_clock(reading)
    return {
        "at": rfc3339(reading.at),
        "synchronised": found.synchronised,
        "state": found.state.value,
        "by": found.by.value if found.by is not None else None,
        "offset_s": found.offset_s,
        "error_s": found.error_s,
    }


def _clock_text(reading: HostClock | None) -> str:
    if reading is None:
        return "not read lately, so the times of footage are unproven 无读数"
    found = judge_clock(reading)
    told = f"{found.state.value} {_CLOCKS[found.state]}"
    if found.by is None:
        return f"{told}, at {_local(reading.at)}"
    within = f"{found.offset_s or 0.0:+.3f} s ± {found.error_s or 0.0:.3f} s"
    return f"{told} by {_BY[found.by]}, {within}, at {_local(reading.at)}"


_CLOCKS = {
    ClockState.SYNCHRONISED: "已同步",
    ClockState.OFF: "不准",
    ClockState.DISPUTED: "有矛盾",
    ClockState.UNWITNESSED: "无从核对",
}
_BY = {
    Witness.NTP: "NTP",
    Witness.SERVER: "the object store",
    Witness.CAMERAS: "the cameras (common time)",
}


def _connection_json(event: CameraEvent | None) -> dict[str, Any] | None:
    if event is None:
        return None
    told = {"state": event.state.value, "since": rfc3339(event.at), "detail": event.detail}
    return told | {"changes": event.changes}


def _sitting_json(sitting: Sitting, state: SittingState) -> dict[str, Any]:
    cameras: list[Camera] = list(sitting.cameras())
    return {
        "batch": sitting.batch.id,
        "sitting": sitting.plan.number,
        "project": sitting.batch.project,
        "site": sitting.site.id,
        "rooms": list(sitting.plan.rooms),
        "cameras": [camera.id for camera in cameras],
        "state": state.value,
        "planned": {"start": rfc3339(sitting.plan.planned_start), "end": rfc3339(sitting.plan.planned_end)},
        "actual": {"start": _told(sitting.actual_start), "end": _told(sitting.actual_end)},
        "window": {"start": rfc3339(sitting.window.start), "end": rfc3339(sitting.window.end)},
        "opened": _told(sitting.opened),
        "closed": _told(sitting.closed),
    }


def glass_told(broken: BrokenGlass, now: datetime) -> str:
    """That the glass was broken, in a line for people."""
    ended = "OPEN until 有效至" if broken.is_open(now) else "ended 已于"
    return (
        f"GLASS BROKEN 紧急进入: {broken.account} ({broken.role.value} {broken.role.zh}) by {broken.actor.name} at "
        f"{_local(broken.opened)}, {ended} {_local(broken.until)}: {broken.reason}"
    )


def _glass_json(broken: BrokenGlass, now: datetime) -> dict[str, Any]:
    return {
        "account": broken.account,
        "role": broken.role.value,
        "opened": rfc3339(broken.opened),
        "until": rfc3339(broken.until),
        "open": broken.is_open(now),
        "by": broken.actor.name,
        "reason": broken.reason,
    }


def _told(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant is not None else None


def _local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
