"""One simulated camera: a clock, a scene, a hall or a file, an encoder on a thread of its own, and an RTSP server.

The thread draws and codes the picture that is due and hands it to the asyncio loop, which only sends. Nobody
watching, nothing is coded; the frame number counts on all the same, for it is the frame's place on the camera's
clock. A late thread catches up and stamps each frame with the instant it was due; only after a pause longer than
``_LONGEST_LAG_S`` are frames skipped.

Faults come in through ``play``, which brings one about, waits, takes it back and tells what really happened.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

from domain.timeline import Clock, SystemClock
from ingest.packets import CLOCK_RATE, ReceiverReport, carries_picture, payloads
from ingest.simulator.camera_clock import CameraClock
from ingest.simulator.encoder import CodedPicture, Encoder, VideoFile
from ingest.simulator.errors import BadDescription, FaultNotPossible, UnreadableVideo
from ingest.simulator.faults import (
    ClockDrift,
    ClockOffset,
    Congestion,
    Cover,
    Disconnect,
    Fault,
    Freeze,
    FreezePicture,
    LateBurst,
    Loop,
    PacketLoss,
    PictureFault,
    PlayedFault,
    Stall,
    Standstill,
    StationShown,
    Turn,
    name_of,
)
from ingest.simulator.hall.staged import StagedScene
from ingest.simulator.rtsp_text import Authentication, session_description
from ingest.simulator.scene import LensFault, Scene
from ingest.simulator.server import RtspServer, ServerSettings, payload_limit
from ingest.simulator.sound import CodedSound, coded

log = structlog.get_logger(__name__)

_LONGEST_LAG_S = 5.0


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """What a camera is and shows. ``gop`` is in frames, None for one second; ``file`` replaces the drawn scene.

    A file is sent as it is, round and round at its own pace; with a ``gop``, its first pictures only: ``fps`` of them
    a second, begun anew at its first key frame after so many and whenever a key frame is wanted, as an encoder would.
    Such a camera can take its pictures at another ``pace`` than it stamps them: 0.84 claims 25 and delivers 21.

    ``key_on_play`` False makes a camera that starts a client anywhere in its GOP, as some do. ``codec`` is H264 or
    H265; any other (JPEG) is offered in the SDP only, for a recorder that must refuse it.
    ``sound`` is PCMA, PCMU or AAC; with ``refuses_sound`` it is offered and not given. It is no picture: a camera
    that stalls goes on to sound.

    ``substream`` is a second stream of the same device, at the same port by its own path, with its own size and
    coding; login and port are the first one's, and faults other than a pulled plug are played to the first alone.

    ``hall`` names a ready-made hall (``hall.examples``) that is shown in place of the drawn scene, from where
    ``hall_camera`` hangs in it, or the camera of the same id; cameras of one hall and ``hall_seed`` show one room.
    Nobody is in it for the first ``hall_empty_s``, and nobody ever comes to the stations ``hall_absent``.
    """

    id: str
    room: str
    stations: tuple[str, ...] = ()
    port: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    authentication: Authentication = Authentication.DIGEST_MD5
    width: int = 1280
    height: int = 720
    fps: int = 15
    gop: int | None = None
    pace: float = 1.0
    bits_per_second: int = 2_000_000
    file: Path | None = None
    path: str = "/live"
    max_sessions: int | None = None
    session_timeout_s: int = 60
    longest_backlog_bytes: int = 4 << 20
    report_interval_s: float = 2.0
    clock_offset_s: float = 0.0
    clock_drift_ppm: float = 0.0
    key_on_play: bool = True
    codec: str = "H264"
    sound: str | None = None
    refuses_sound: bool = False
    substream: CameraSettings | None = None
    hall: str | None = None
    hall_camera: str | None = None
    hall_seed: int = 0
    hall_empty_s: float = 0.0
    hall_absent: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or self.width < 320 or self.height < 180:
            raise BadDescription(f"camera {self.id}: {self.width}x{self.height} is odd or smaller than 320x180")
        if not 1 <= self.fps <= 60:
            raise BadDescription(f"camera {self.id}: fps must be 1 to 60, not {self.fps}")
        if self.pace <= 0 or (self.pace != 1 and (self.file is None or self.gop is None)):
            raise BadDescription(f"camera {self.id}: only a file with a gop has a pace, and that is more than 0")
        if self.hall is not None and self.file is not None:
            raise BadDescription(f"camera {self.id}: shows a hall or a file, not both")


@dataclass(frozen=True, slots=True)
class LossyPicture:
    """A picture of which ``lost_packets`` were never sent, and when it was taken, UTC by the camera's clock.

    ``damaged`` says that bytes of the picture itself were among them, not parameter sets alone.
    """

    taken: datetime
    lost_packets: int
    damaged: bool


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A picture that went out to one session: when it was due and when it went, UTC by the host's clock.

    ``damaged`` says that packets with bytes of the picture were left out, ``gone`` that all of its packets were.
    """

    camera: str
    session: str
    due: datetime
    sent: datetime
    key: bool
    damaged: bool
    gone: bool


class _Source(Protocol):
    """Where pictures come from: number ``n`` is due and shown at these seconds of the camera's oscillator.

    ``pace`` is how fast shown time goes on beside due time.
    """

    codec: str
    pace: float

    def parameter_sets(self) -> tuple[bytes, ...]: ...

    def due_at(self, number: int) -> float: ...

    def shown_at(self, number: int) -> float: ...

    def number_at(self, elapsed: float) -> int:
        """The first frame that is not due yet."""

    def picture(self, number: int, key: bool) -> CodedPicture:
        """The picture of that frame; ``key`` demands a key frame of an encoder that can."""


class _Drawn:
    """Pictures drawn and coded here. Used by the camera's thread; only ``faults`` is set from the loop."""

    pace = 1.0

    def __init__(self, settings: CameraSettings, clock: CameraClock) -> None:
        self._fps, self._clock = settings.fps, clock
        gop = settings.gop or settings.fps
        self.scene = _scene(settings)
        self.codec = "H265" if settings.codec == "H265" else "H264"
        self._encoder = Encoder(
            settings.width, settings.height, settings.fps, gop, settings.bits_per_second, codec=self.codec
        )
        self.faults: tuple[tuple[PictureFault, int], ...] = ()  # each with the frame at which it began

    def parameter_sets(self) -> tuple[bytes, ...]:
        return self._encoder.parameter_sets()

    def due_at(self, number: int) -> float:
        return number / self._fps

    def shown_at(self, number: int) -> float:
        return number / self._fps

    def number_at(self, elapsed: float) -> int:
        return max(0, int(elapsed * self._fps) + 1)

    def picture(self, number: int, key: bool) -> CodedPicture:
        """The picture of that frame, as the faults in force let it be."""
        shown, stood, lens = number, number, list[LensFault]()
        for fault, begun in self.faults:
            if number < begun:
                continue
            match fault:
                case Freeze():
                    shown = max(0, min(shown, begun - 1))
                case Loop(span_s=span_s):
                    span = max(1, round(span_s * self._fps))
                    shown = max(0, begun - span + (number - begun) % span)
                case FreezePicture():
                    stood = min(stood, begun)
                case _:
                    lens.append(fault)
        elapsed, moved = shown / self._fps, min(shown, stood) / self._fps
        return self._encoder.encode(self.scene.render(shown, moved, self._clock.wall_at(elapsed), lens), key)


class _Filed:
    """Pictures of a file."""

    pace = 1.0

    def __init__(self, path: Path) -> None:
        self._file = VideoFile(path)
        self.codec = self._file.codec

    def parameter_sets(self) -> tuple[bytes, ...]:
        return self._file.parameter_sets()

    def due_at(self, number: int) -> float:
        return self._file.sent_at(number)

    def shown_at(self, number: int) -> float:
        return self._file.shown_at(number)

    def number_at(self, elapsed: float) -> int:
        turn = self._file.sent_at(len(self._file))
        number = int(elapsed / turn) * len(self._file)
        while self._file.sent_at(number) <= elapsed:
            number += 1
        return number

    def picture(self, number: int, key: bool) -> CodedPicture:
        return self._file.picture(number)


class _Begun:
    """The first GOP of a file, begun anew after so many of its pictures and whenever a key frame is wanted."""

    def __init__(self, path: Path, gop: int, fps: int, pace: float) -> None:
        self._file = VideoFile(path)
        self.codec = self._file.codec
        self.pace = pace
        self._gop, self._fps = gop, fps
        self._place = 0
        if not self._file.picture(0).key or any(self._file.picture(place).key for place in range(1, gop)):
            raise UnreadableVideo(f"{path} does not begin with a key frame and {gop - 1} pictures that are none")

    def parameter_sets(self) -> tuple[bytes, ...]:
        return self._file.parameter_sets()

    def due_at(self, number: int) -> float:
        return number / self._fps / self.pace

    def shown_at(self, number: int) -> float:
        return number / self._fps

    def number_at(self, elapsed: float) -> int:
        return max(0, int(elapsed * self._fps * self.pace) + 1)

    def picture(self, number: int, key: bool) -> CodedPicture:
        """Each builds upon the one that was handed out before it, so that ``number`` does not matter."""
        place = 0 if key or self._place >= self._gop else self._place
        self._place = place + 1
        return self._file.picture(place)


class SimulatedCamera:
    """A camera on the network. ``start`` and ``stop`` may be called once; all of it from one asyncio loop."""

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock | None = None,
        on_played: Callable[[PlayedFault], None] | None = None,
        on_sent: Callable[[SentPicture], None] | None = None,
    ) -> None:
        """``on_played`` is told of each fault when it is over, ``on_sent`` of each picture when it went to a session.

        Raises UnreadableVideo for an unusable ``file``.
        """
        self.settings = settings
        self._on_sent = on_sent
        self._on_played = on_played
        self.truth: list[PlayedFault] = []
        self.frames_sent = 0
        self.lossy: list[LossyPicture] = []
        self._host_clock = clock or SystemClock()
        self._clock = CameraClock(self._host_clock)
        self._clock.set_ahead(settings.clock_offset_s)
        self._clock.drift(settings.clock_drift_ppm)
        self._source = _source(settings, self._clock)
        self._sets = self._source.parameter_sets()
        self._sound = coded(settings.sound) if settings.sound is not None else None
        self._server = RtspServer(_server_settings(settings), self, self._sound)
        self._second = SimulatedCamera(settings.substream, clock) if settings.substream is not None else None
        if self._second is not None:
            self._server.share(self._second._server)
        self._played: list[Fault] = []
        self._losses: list[tuple[float, random.Random]] = []
        self._key_wanted = threading.Event()
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera-{settings.id}", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reporter: asyncio.Task[None] | None = None
        self._speaker: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it can be reached, without credentials; valid after ``start``."""
        return f"rtsp://{self._server.settings.host}:{self._server.port}{self.settings.path}"

    @property
    def sessions(self) -> int:
        """How many clients have set up a stream."""
        return len(self._server.sessions)

    @property
    def second_sessions(self) -> int:
        """How many clients have set up the substream."""
        return self._second.sessions if self._second is not None else 0

    @property
    def sound_tracks(self) -> int:
        """How often a client has set up the sound track."""
        return self._server.set_up_sound

    @property
    def receiver_reports(self) -> list[ReceiverReport]:
        """What each client last said of its reception; clients that said nothing are left out."""
        return [session.report for session in self._server.sessions.values() if session.report is not None]

    async def start(self) -> None:
        """Listen and begin to run. Raises OSError where the port is taken."""
        await self._server.listen()
        self._begin()
        if self._second is not None:
            self._second._begin()
        log.info("simulator.camera_started", camera=self.settings.id, url=self.url)

    def _begin(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reporter = self._loop.create_task(self._report())
        if self._sound is not None:
            self._speaker = self._loop.create_task(self._speak(self._sound))
        self._thread.start()

    async def stop(self) -> None:
        """End every stream and wait for the thread."""
        self._stopping.set()
        self._awake.set()
        if self._reporter is not None:
            self._reporter.cancel()
        if self._speaker is not None:
            self._speaker.cancel()
        self._server.farewell()
        self._server.vanish()
        if self._second is not None:
            await self._second.stop()
        if self._thread.ident is not None:  # it is None where the port was taken
            await asyncio.to_thread(self._thread.join)

    async def play(self, fault: Fault) -> PlayedFault:
        """Show the fault for its seconds; faults of different kinds may run together.

        The truth has the instants at which it began and ended on the host's clock, and is kept even when the call
        is cancelled. Raises FaultNotPossible for a picture fault on a video file, and for one that needs a hall where
        there is none.
        """
        stations = await self.prepare(fault)
        start = self._host_clock.now()
        try:
            with self._shown(fault):
                self._settle()
                await asyncio.sleep(fault.seconds)
        finally:
            if isinstance(fault, Disconnect) and not self._has(Disconnect) and not self._stopping.is_set():
                await self._server.listen()
            self._settle()
            truth = PlayedFault(self.settings.id, fault, start, self._host_clock.now(), stations)
            self.truth.append(truth)
            if self._on_played is not None:
                self._on_played(truth)
            log.info("simulator.fault_played", camera=self.settings.id, fault=name_of(fault), seconds=fault.seconds)
        return truth

    async def prepare(self, fault: Fault) -> tuple[StationShown, ...]:
        """Draw what stands still under that fault, beside those in force, so that it can begin at once.

        Returns the stations that it takes from the camera. Raises FaultNotPossible as ``play``.
        """
        if not isinstance(fault, PictureFault):
            return ()
        source = self._source
        if not isinstance(source, _Drawn):
            raise FaultNotPossible(f"camera {self.settings.id} plays a file and cannot show {name_of(fault)}")
        if not isinstance(source.scene, StagedScene):
            if isinstance(fault, Turn) or (isinstance(fault, Cover) and fault.station):
                raise FaultNotPossible(
                    f"camera {self.settings.id} shows no hall and cannot show {name_of(fault)} there"
                )
            return ()
        if not isinstance(fault, Cover | Turn):
            return ()
        beside = [other for other, _ in source.faults if isinstance(other, Cover | Turn)]
        await asyncio.to_thread(source.scene.prepare, [*beside, fault])
        return await asyncio.to_thread(source.scene.meaning, fault)

    def description(self) -> str:
        """The SDP of the stream."""
        title = f"{self.settings.room} / {self.settings.id}"
        sent = self.settings.codec in ("H264", "H265")
        codec = self._source.codec if sent else self.settings.codec
        host, fps = self._server.settings.host, self.settings.fps
        text = session_description(title=title, host=host, codec=codec, sets=self._sets, fps=fps)
        return text if self._sound is None else text + "".join(f"{line}\r\n" for line in self._sound.description())

    @property
    def sound(self) -> CodedSound | None:
        """What it sounds like."""
        return self._sound

    def begins(self) -> int:
        """A client starts to play."""
        if self.settings.key_on_play:
            self._key_wanted.set()
        self._awake.set()
        number = self._source.number_at(self._clock.elapsed())
        return round(self._source.shown_at(number) * CLOCK_RATE)

    @contextmanager
    def _shown(self, fault: Fault) -> Iterator[None]:
        """The fault is in force within this block."""
        self._played.append(fault)
        undo = self._bring_about(fault)
        try:
            yield
        finally:
            self._played.remove(fault)
            undo()

    def _bring_about(self, fault: Fault) -> Callable[[], None]:
        """Begin to show it; what is returned takes it back."""
        match fault:
            case Disconnect():
                self._server.vanish()
                return _nothing
            case Stall():
                return self._start_at_key
            case LateBurst() | Congestion():
                return self._hold_up(fault)
            case PacketLoss(rate=rate, seed=seed):
                loss = (rate, random.Random(seed))  # noqa: S311 (a reproducible loss, not a secret)
                self._losses.append(loss)
                return lambda: self._losses.remove(loss)
            case ClockOffset() | ClockDrift() | Standstill():
                return self._mistime(fault)
            case _:
                return self._show_picture_fault(fault)

    def _hold_up(self, fault: LateBurst | Congestion) -> Callable[[], None]:
        if isinstance(fault, LateBurst):
            self._server.hold()
            return self._release
        self._server.delay(fault.delay_s)
        return lambda: self._server.delay(0.0)

    def _mistime(self, fault: ClockOffset | ClockDrift | Standstill) -> Callable[[], None]:
        if isinstance(fault, Standstill):
            self._clock.stand_still(fault.seconds)
            return _nothing
        if isinstance(fault, ClockDrift):
            return self._clock.drift(fault.ppm)
        self._clock.set_ahead(fault.offset_s)
        return lambda: self._clock.set_ahead(-fault.offset_s)

    def _show_picture_fault(self, fault: PictureFault) -> Callable[[], None]:
        source = self._source
        if not isinstance(source, _Drawn):
            raise FaultNotPossible(f"camera {self.settings.id} plays a file and cannot show {name_of(fault)}")
        entry = (fault, source.number_at(self._clock.elapsed()))
        source.faults = (*source.faults, entry)

        def undo() -> None:
            source.faults = tuple(other for other in source.faults if other is not entry)

        return undo

    def _release(self) -> None:
        if not self._has(LateBurst):
            self._server.release()

    def _start_at_key(self) -> None:
        if self.settings.key_on_play:
            self._server.wait_for_key()
            self._key_wanted.set()

    def _has(self, kind: type[Fault]) -> bool:
        return any(isinstance(fault, kind) for fault in self._played)

    @property
    def _silent(self) -> bool:
        return self._stopping.is_set() or self._has(Stall) or self._has(Disconnect)

    def _settle(self) -> None:
        """Let the thread run exactly when its pictures are wanted."""
        if self._stopping.is_set() or (self._server.watched and not self._silent):
            self._awake.set()
        else:
            self._awake.clear()

    def _run(self) -> None:
        """The thread: each picture when it is due."""
        number = 0
        while not self._stopping.is_set():
            if not self._awake.is_set():
                self._awake.wait()
                number = max(number, self._source.number_at(self._clock.elapsed()))
                continue
            now, ahead_s = self._host_clock.now(), self._clock.seconds_until(self._source.due_at(number))
            if ahead_s > 0:
                self._stopping.wait(ahead_s)
                continue
            if ahead_s < -_LONGEST_LAG_S:
                log.warning("simulator.frames_skipped", camera=self.settings.id, late_s=round(-ahead_s, 1))
                number = self._source.number_at(self._clock.elapsed())
                continue
            key = self._key_wanted.is_set()
            if key:
                self._key_wanted.clear()
            if not self._hand_over(number, self._source.picture(number, key), now + timedelta(seconds=ahead_s)):
                return
            number += 1

    def _hand_over(self, number: int, picture: CodedPicture, due: datetime) -> bool:
        """Pass a picture to the loop; False once the loop is gone."""
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._publish, number, picture, due)
        except RuntimeError:  # the loop was closed under a camera that nobody stopped
            return False
        return True

    def _publish(self, number: int, picture: CodedPicture, due: datetime) -> None:
        """On the loop: one picture to all who watch."""
        if self._silent:
            self._key_wanted.set()  # later pictures would build upon one that nobody got
            return
        pieces = payloads(picture.nals, payload_limit(self._server.settings), self._source.codec)
        lost = [self._is_lost() for _ in pieces]
        rtp_time = round(self._source.shown_at(number) * CLOCK_RATE)
        missing = [piece for piece, is_lost in zip(pieces, lost, strict=True) if is_lost]
        damaged = any(carries_picture(piece, self._source.codec) for piece in missing)

        def sent(session: str) -> None:
            if self._on_sent is not None:
                now, gone = self._host_clock.now(), len(missing) == len(pieces)
                self._on_sent(SentPicture(self.settings.id, session, due, now, picture.key, damaged, gone))

        if self._server.send(pieces, picture.key, rtp_time, lost, sent):
            self.frames_sent += 1
            if missing:
                taken = self._clock.wall_at(self._source.shown_at(number))
                self.lossy.append(LossyPicture(taken, len(missing), damaged))
            self._send_reports(only_first=True)
        self._settle()

    def _is_lost(self) -> bool:
        """Each loss in force draws once for every packet, so that a seed always gives the same losses."""
        return sum(source.random() < rate for rate, source in self._losses) > 0

    def _send_reports(self, only_first: bool) -> None:
        elapsed = self._clock.elapsed()
        shown = elapsed * self._source.pace
        self._server.report(self._clock.wall_at(elapsed), round(shown * CLOCK_RATE), only_first)

    async def _speak(self, sound: CodedSound) -> None:
        """Each frame of sound when its last sample was taken."""
        number = int(self._clock.elapsed() * sound.rate / sound.samples)
        while True:
            await asyncio.sleep(max(0.0, self._clock.seconds_until((number + 1) * sound.samples / sound.rate)))
            if not self._stopping.is_set() and not self._has(Disconnect):
                self._server.send_sound(sound, number)
            number += 1

    async def _report(self) -> None:
        """Sender reports, and an end to sessions that nobody keeps alive."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.settings.report_interval_s)
            self._server.drop_silent(loop.time())
            if not self._silent:
                self._send_reports(only_first=False)
                if self._sound is not None:
                    elapsed = self._clock.elapsed()
                    self._server.report_sound(self._clock.wall_at(elapsed), round(elapsed * self._sound.rate))


def _source(settings: CameraSettings, clock: CameraClock) -> _Source:
    if settings.file is None:
        return _Drawn(settings, clock)
    if settings.gop is None:
        return _Filed(settings.file)
    return _Begun(settings.file, settings.gop, settings.fps, settings.pace)


def _scene(settings: CameraSettings) -> Scene | StagedScene:
    size = (settings.width, settings.height)
    if settings.hall is None:
        return Scene(settings.room, settings.id, settings.stations, *size)
    mounted = settings.hall_camera or settings.id
    return StagedScene(
        f"{settings.room}  /  {settings.id}",
        size,
        settings.hall,
        mounted,
        settings.hall_seed,
        empty_s=settings.hall_empty_s,
        absent=settings.hall_absent,
    )


def _nothing() -> None:
    """There is nothing to take back."""


def _server_settings(settings: CameraSettings) -> ServerSettings:
    return ServerSettings(
        path=settings.path,
        port=settings.port,
        username=settings.username,
        password=settings.password,
        authentication=settings.authentication,
        max_sessions=settings.max_sessions,
        session_timeout_s=settings.session_timeout_s,
        longest_backlog_bytes=settings.longest_backlog_bytes,
        starts_at_key=settings.key_on_play,
        refuses_sound=settings.refuses_sound,
    )
