"""Looks each second at what recorders wrote, and writes the alarms that follow: the outbox of the webhooks.

Cameras are followed event by event, so that what happened while nobody looked is told afterwards; the rest is
looked at as it stands. An alarm is written in one transaction with what was read for it. Of several services that
look into one database one is on duty, another takes over when it is silent for HOLDS. While no recorder lives,
nobody can tell of cameras: that is the recorder's loss and not theirs.
What people put on record is followed beside (``records.following``), by the one on duty.
Not here: the rule (``records.losses``), words (``records.alarm_words``), sending (``records.webhooks``).
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from analysis.live import host_clocks_now, living, placed
from domain.alarms import Alarm
from domain.evidence import CameraEvent, CameraState, Cause, Recorder
from domain.host_clock import ClockState, judge_clock
from domain.places import Sitting
from domain.timeline import Clock, Interval
from domain.withholding import Withholding
from ingest.spool_standing import look, second_copies
from records.alarm_words import Scene, Seat, alarm
from records.following import Follower
from records.headroom import Spools, headrooms
from records.losses import Losses, News, Signal
from storage.database import Database
from storage.database.alarms import HOLDS, RuleState
from storage.errors import StorageError

LOOK = timedelta(seconds=1)
SENSE = timedelta(seconds=15)
"""How often disks, copies and clocks are looked at."""

GLANCE = timedelta(seconds=5)
"""How often it is asked what pictures show: an alarm is due soon after the segment was looked at."""

SILENT_AFTER = timedelta(seconds=10)
"""Recorders beat once a second; a busy database may hold a few beats up."""

REMEMBERED = timedelta(days=1)
"""A recorder that was silent for longer is history."""

LOW_AHEAD = timedelta(days=1)
"""A spool that will be full within this time, by the sittings planned, is nearly full."""

BEHIND_AFTER = timedelta(minutes=5)
"""A second copy that is missing for longer is behind."""

_AT_ONCE = 500  # events
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sensed:
    """How one thing stands that has no events, with its particulars in Chinese and English.

    ``dark`` is None where nobody can tell, ``since`` is when it began where that is known.
    """

    subject: str
    dark: bool | None
    detail: tuple[str, str]
    since: datetime | None = None


Senses = Callable[[datetime], Iterable[Sensed]]


@dataclass(slots=True)
class _Known:
    """What was read so far: events up to ``position``, and of them what each recorder last said of each camera."""

    losses: Losses
    position: int
    words: dict[str, dict[str, tuple[CameraState, datetime]]] = field(default_factory=dict)
    version: int = 0

    def hear(self, event: CameraEvent) -> None:
        """The newest word counts, in whatever order they come."""
        said = self.words.setdefault(event.camera, {})
        if event.recorder not in said or said[event.recorder][1] <= event.at:
            said[event.recorder] = (event.state, event.at)

    def forget(self, lives: Mapping[str, Recorder]) -> None:
        kept = {
            camera: {life: word for life, word in words.items() if life in lives}
            for camera, words in self.words.items()
        }
        self.words = {camera: words for camera, words in kept.items() if words}

    def kept(self) -> dict[str, Any]:
        words = {
            camera: {life: [state.value, at.isoformat()] for life, (state, at) in said.items()}
            for camera, said in self.words.items()
        }
        return {"position": self.position, "words": words, "losses": self.losses.kept()}


class Lookout:
    """The one who looks. ``holder`` is the same after a restart; ``duty`` is set while it is this one."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        holder: str,
        settle: timedelta,
        senses: Senses | None = None,
        *,
        pictures: Senses | None = None,
        follower: Follower | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._settle = settle
        self._senses = senses or (lambda _: ())
        self._pictures = pictures or (lambda _: ())
        self._follower = follower
        self._known: _Known | None = None
        self._written: tuple[str, datetime] | None = None
        self._sensed: list[Sensed] = []
        self._sense_due: datetime | None = None
        self._glimpsed: list[Sensed] = []
        self._glance_due: datetime | None = None
        self.duty = threading.Event()

    def run(self, stop: threading.Event, receivers: Sequence[str]) -> None:
        """Look until told to stop; receivers that are new begin with what is told from now on."""
        begun, lost = False, False
        while not stop.is_set():
            try:
                if not begun:
                    self._follow()  # what was done before a receiver was named is told to those that were there
                    for name in receivers:
                        self._database.alarms.begin(name)
                    begun = True
                self.look()
                if self.duty.is_set():
                    self._follow()
                lost = False
            except StorageError as error:
                self._known = None
                if not lost:
                    _log.warning("lookout_blind", reason=str(error))
                lost = True
            except Exception:  # noqa: BLE001 (top of a supervised loop)
                self._known = None
                _log.exception("lookout_failed")
            stop.wait(LOOK.total_seconds())

    def look(self) -> list[Alarm]:
        """Look once; the alarms that were written. Raises DatabaseUnavailable."""
        now = self._clock.now()
        known = self._known or self._recall(now)
        if known is None:
            return []
        self._known = None  # whatever fails from here on: what was read is read again
        view = self._view(now)
        known.forget(view.lives)
        news = [*self._replayed(known, view), *self._now(known, view)]
        alarms = [self._worded(each, view) for each in news]
        if self._write(known, alarms, now):
            self._known = known
            return alarms
        return []

    def _follow(self) -> None:
        if self._follower is not None:
            self._follower.follow()

    # What is known

    def _recall(self, now: datetime) -> _Known | None:
        """None while another holds the rule."""
        state = self._database.alarms.state()
        if state is not None and state.holder != self._holder and abs(now - state.looked) < HOLDS:
            self.duty.clear()
            return None
        self.duty.set()
        self._written = None
        if state is None:
            return _Known(Losses(self._settle), self._database.evidence.last_event_number())
        told = json.loads(state.known)
        words = {
            camera: {life: (CameraState(word), datetime.fromisoformat(at)) for life, (word, at) in said.items()}
            for camera, said in told["words"].items()
        }
        return _Known(Losses.of(told["losses"], self._settle), told["position"], words, state.version)

    def _write(self, known: _Known, alarms: Sequence[Alarm], now: datetime) -> bool:
        """Only where there is something new, or the others must hear that this one is there."""
        text = json.dumps(known.kept(), ensure_ascii=False, sort_keys=True)
        before, at = self._written or ("", now)
        if not alarms and before == text and abs(now - at) < HOLDS / 3:
            return True
        if not self._database.alarms.go_on(RuleState(self._holder, now, text, known.version), alarms):
            return False
        known.version += 1
        self._written = (text, now)
        return True

    # Looking

    def _view(self, now: datetime) -> _View:
        evidence = self._database.evidence
        recorders = evidence.recorders(Interval(now - REMEMBERED, now + LOOK))
        lives = {each.id: each for each in recorders if now - each.seen < REMEMBERED}
        if self._sense_due is None or now >= self._sense_due or now < self._sense_due - SENSE:
            self._sensed = list(self._senses(now))
            self._sense_due = now + SENSE
        if self._glance_due is None or now >= self._glance_due or now < self._glance_due - GLANCE:
            self._glimpsed = list(self._pictures(now))
            self._glance_due = now + GLANCE
        fresh = self._sense_due == now + SENSE
        sensed = [*self._sensed, *self._glimpsed]
        return _View(now, self._database.setup.sittings(), lives, sensed, fresh=fresh)

    def _replayed(self, known: _Known, view: _View) -> Iterator[News]:
        """What the events since the last look tell, each at its time."""
        while found := self._database.evidence.events_after(known.position, _AT_ONCE):
            for number, event in found:
                at = min(event.at, view.now)
                yield from known.losses.look(at, view.signals(at, known.words))
                known.hear(event)
                known.position = number

    def _now(self, known: _Known, view: _View) -> list[News]:
        """Of events that were written out of order, at least the last word of each recorder is heard."""
        if view.fresh:
            wanted = sorted(view.wanted(view.now))
            for event in self._database.evidence.latest_events(view.alive(view.now), wanted):
                known.hear(event)
        return known.losses.look(view.now, view.signals(view.now, known.words))

    def _worded(self, news: News, view: _View) -> Alarm:
        wanted = view.wanted(view.now)
        sites = self._database.setup.sites()
        seats = {
            each.camera.id: Seat(each.site, each.room, each.camera, wanted.get(each.camera.id))
            for each in placed(sites, view.sittings, view.now)
        }
        causes: dict[str, Cause] = {}
        for outage in self._database.evidence.open_outages():
            known = causes.get(outage.camera, outage.cause)
            causes[outage.camera] = min(known, outage.cause, key=lambda each: each.rank)
        hosts = tuple(sorted({view.lives[life].host for life in view.alive(view.now)}))
        scene = Scene(seats, causes, hosts, {each.subject: each.detail for each in view.sensed})
        return alarm(news, scene, uuid4().hex, view.now)


@dataclass(frozen=True, slots=True)
class _View:
    """What was read for one look. ``lives`` are recorders by id; ``sensed`` is ``fresh`` now and then."""

    now: datetime
    sittings: Sequence[Sitting]
    lives: Mapping[str, Recorder]
    sensed: Sequence[Sensed]
    fresh: bool

    def wanted(self, at: datetime) -> dict[str, Sitting]:
        """The cameras that sittings want recorded then, each with the first of its sittings."""
        found: dict[str, Sitting] = {}
        for sitting in sorted(self.sittings, key=lambda each: each.window.start):
            if sitting.wants_recording(at):
                for camera in sitting.cameras():
                    found.setdefault(camera.id, sitting)
        return found

    def alive(self, at: datetime) -> set[str]:
        """Recorders that lived then, as far as anybody heard."""
        return {life for life, each in self.lives.items() if _alive(each, at)}

    def signals(
        self, at: datetime, words: Mapping[str, Mapping[str, tuple[CameraState, datetime]]]
    ) -> dict[str, Signal]:
        """How every subject stood then."""
        wanted, alive = self.wanted(at), self.alive(at)
        found = {
            f"camera/{camera}": self._camera(camera, sitting, alive, words.get(camera, {}))
            for camera, sitting in wanted.items()
        }
        found |= dict(self._recorders(at, wanted, alive))
        return found | {each.subject: Signal(each.dark, min(each.since or at, at)) for each in self.sensed}

    def _camera(
        self, camera: str, sitting: Sitting, alive: set[str], said: Mapping[str, tuple[CameraState, datetime]]
    ) -> Signal:
        group = _group(sitting, camera)
        if not alive:
            return Signal(None, sitting.window.start, group)
        living_words = [word for life, word in said.items() if life in alive]
        lit = [at for state, at in living_words if state is CameraState.LIVE]
        if lit:
            return Signal(False, min(lit), group)
        if living_words:
            return Signal(True, max(at for _, at in living_words), group)
        last = [self.lives[life].seen for life in said if life in self.lives]
        return Signal(True, max(last, default=_wanted_since(sitting)), group)

    def _recorders(
        self, at: datetime, wanted: Mapping[str, Sitting], alive: set[str]
    ) -> Iterator[tuple[str, Signal]]:
        hosts: dict[str, list[Recorder]] = defaultdict(list)
        for each in self.lives.values():
            if each.started <= at:
                hosts[each.host].append(each)
        since = min((_wanted_since(each) for each in wanted.values()), default=at)
        for host, lives in hosts.items():
            yield f"recorder/{host}", _host(lives, alive, since if wanted else None)
        if not hosts and wanted:
            yield "recorder/", Signal(True, since)


def _host(lives: Iterable[Recorder], alive: set[str], wanted_since: datetime | None) -> Signal:
    """One stopped in order is missed only while a sitting wants recording and nobody else records."""
    found = list(lives)
    running = [each.started for each in found if each.id in alive]
    if running:
        return Signal(False, min(running))
    last = max(found, key=lambda each: each.seen)
    if last.ended is None:
        return Signal(True, last.seen)
    missed = wanted_since is not None and not alive
    return Signal(True if missed else None, max(last.seen, wanted_since or last.seen))


def _alive(recorder: Recorder, at: datetime) -> bool:
    ended = recorder.ended is not None and recorder.ended <= at
    return recorder.started <= at <= recorder.seen + SILENT_AFTER and not ended


def _wanted_since(sitting: Sitting) -> datetime:
    return min(sitting.plan.recording_from, sitting.opened or sitting.plan.recording_from)


def _group(sitting: Sitting, camera_id: str) -> str:
    nvrs = (camera.nvr for camera in sitting.cameras() if camera.id == camera_id)
    nvr = next(nvrs, None)
    return f"nvr/{sitting.site.id}/{nvr}" if nvr is not None else ""


# --- What has no events -----------------------------------------------------------------------------------------


def senses(database: Database, spools: Spools, *, evicts: bool) -> Senses:
    """Disks and copies of this host, the clocks of all recording hosts, and withholdings that nobody decided on."""

    def sense(now: datetime) -> Iterator[Sensed]:
        yield from _rooms(database, spools, now, evicts=evicts)
        yield from _copies(database, spools, now)
        yield from _clocks(database, now)
        yield from _withheld(database)

    return sense


def _rooms(database: Database, spools: Spools, now: datetime, *, evicts: bool) -> Iterator[Sensed]:
    for room in headrooms(database, spools, now, evicts=evicts):
        name = f"{spools.owner}/{room.spool}"
        free = max(0, room.free_bytes) / 1e9
        said = (f"预留之外剩余 {free:.1f} GB", f"{free:.1f} GB free beyond the reserve")
        low = room.full is not None and room.full < now + LOW_AHEAD
        yield Sensed(f"spool_low/{name}", low, said)
        yield Sensed(f"spool_full/{name}", room.free_bytes + room.evictable_bytes <= 0, said)


def _copies(database: Database, spools: Spools, now: datetime) -> Iterator[Sensed]:
    if len(spools.folders) < 2:
        return
    seen = look(database.evidence, spools.folders, spools.owner)
    cameras = {camera.id for each in database.setup.sittings() for camera in each.cameras() if each.closed is None}
    found = second_copies(database.evidence, seen[0], seen[1], sorted(cameras))
    behind = found.waiting_since is not None and now - found.waiting_since > BEHIND_AFTER
    said = (f"{found.waiting} 个录像文件尚无第二份", f"{found.waiting} files still lack their second copy")
    yield Sensed(f"second_copy/{spools.owner}", behind, said)


def _withheld(database: Database) -> Iterator[Sensed]:
    """Of each camera of which footage was ever withheld, whether that waits for a decision."""
    found: dict[str, list[Withholding]] = defaultdict(list)
    for each in database.withholdings.all():
        found[each.camera].append(each)
    for camera, of_it in sorted(found.items()):
        waiting = [each for each in of_it if each.is_open]
        numbers = ", ".join(str(each.number) for each in reversed(waiting))
        said = (
            f"误摄扣留 {numbers} 待两方认定，所涉时段计为断档",
            f"withholding {numbers} waits for both sides; that time is a gap",
        )
        yield Sensed(f"withheld/{camera}", bool(waiting), said, min((e.ordered.at for e in waiting), default=None))


def _clocks(database: Database, now: datetime) -> Iterator[Sensed]:
    latest = host_clocks_now(database.evidence, now)
    for host in sorted({each.host for each in living(database.evidence, now) if each.reads_clock} & latest.keys()):
        found = judge_clock(latest[host])
        off = found.offset_s
        said = ("无从核对", "nobody vouches for it")
        if off is not None:
            said = (f"与佐证时钟相差 {off:+.3f} 秒", f"{off:+.3f} s from its witness")
        yield Sensed(f"clock/{host}", found.state is not ClockState.SYNCHRONISED, said)
