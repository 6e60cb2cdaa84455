"""A site of simulated cameras in one process, with faults by schedule and by command, and the truth written down.

``run_site`` is what the command line, the demo and drills run. It tells what happens as JSON lines:

    {"ready": [{"camera": "A-01", "url": "rtsp://127.0.0.1:8554/live"}], "start": "2026-05-01T01:00:00.000Z"}
    {"played": {"camera": "A-01", "fault": "disconnect", "seconds": 8, "start": "...", "end": "..."}}
    {"error": "no camera 'A-09'; there are A-01"}

and takes commands as JSON lines: ``{"camera": "A-01", "fault": "disconnect", "seconds": 8}``. The truth file has
one line for each fault when it is over: the object under ``played``. The file ``sent``, where one is named, has one
line for each picture that went out to a client.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from domain.timeline import Clock, SystemClock, rfc3339, utc
from ingest.simulator.camera import CameraSettings, SentPicture, SimulatedCamera
from ingest.simulator.errors import BadDescription, SimulatorError
from ingest.simulator.faults import Fault, PlayedFault, fault_from_json
from ingest.simulator.rtsp_text import Authentication


@dataclass(frozen=True, slots=True)
class ScheduledFault:
    """A fault of one camera, ``at_s`` seconds after the start instant."""

    at_s: float
    camera: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class SiteDescription:
    """What is to run. ``start`` is what the schedule counts from; None: when all cameras listen."""

    cameras: tuple[CameraSettings, ...]
    faults: tuple[ScheduledFault, ...] = ()
    truth: Path | None = None
    start: datetime | None = None
    sent: Path | None = None

    def __post_init__(self) -> None:
        names = [camera.id for camera in self.cameras]
        for name in names:
            if names.count(name) > 1:
                raise BadDescription(f"camera {name} is described twice")
        for planned in self.faults:
            if planned.camera not in names:
                raise BadDescription(f"a fault names camera {planned.camera}, which is not described")


def description_from_json(document: Mapping[str, Any]) -> SiteDescription:
    """``{"cameras": [{"id", "room", ...}], "faults": [{"at_s", "camera", "fault", ...}], "truth", "start",
    "sent"}``.

    A camera takes the fields of CameraSettings. Raises BadDescription or another SimulatorError, one line each.
    """
    try:
        cameras = tuple(_camera(entry) for entry in document["cameras"])
        faults = tuple(_scheduled(entry) for entry in document.get("faults", ()))
        truth = Path(document["truth"]) if document.get("truth") else None
        start = utc(datetime.fromisoformat(document["start"])) if document.get("start") else None
        sent = Path(document["sent"]) if document.get("sent") else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadDescription(f"the description cannot be read: {type(error).__name__} {error}") from error
    return SiteDescription(cameras, faults, truth, start, sent)


def _camera(entry: Mapping[str, Any]) -> CameraSettings:
    known = {item.name for item in dataclasses.fields(CameraSettings)}
    surplus = sorted(set(entry) - known)
    if surplus:
        raise BadDescription(f"camera {entry.get('id')}: no field {', '.join(surplus)}")
    values = dict(entry)
    values |= {name: tuple(entry[name]) for name in ("stations", "hall_absent") if name in entry}
    values.setdefault("stations", ())
    if "file" in entry:
        values["file"] = Path(entry["file"])
    if "authentication" in entry:
        values["authentication"] = Authentication(entry["authentication"])
    return CameraSettings(**values)


def _scheduled(entry: Mapping[str, Any]) -> ScheduledFault:
    rest = {key: value for key, value in entry.items() if key not in ("at_s", "camera")}
    return ScheduledFault(float(entry["at_s"]), str(entry["camera"]), fault_from_json(rest))


def print_line(line: str) -> None:
    """Tell on standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def standard_input() -> AsyncIterator[str]:
    """The lines of this process's standard input, until its end; of a pipe or terminal, as they come."""
    kind = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or sys.stdin.isatty()):
        for line in sys.stdin:  # a file or nothing at all, which never makes anybody wait
            yield line
        return
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while raw := await reader.readline():
            yield raw.decode("utf-8", "replace")
    finally:
        transport.close()


async def run_site(
    description: SiteDescription,
    stop: asyncio.Event,
    *,
    commands: AsyncIterator[str] | None = None,
    tell: Callable[[str], None] = print_line,
    clock: Clock | None = None,
) -> list[PlayedFault]:
    """Run all cameras until ``stop``, and return the truth. Faults still in force then are cut short.

    The end of ``commands`` ends nothing. Raises UnreadableVideo, FaultNotPossible for a scheduled fault that its
    camera cannot show, or OSError where a port is taken.
    """
    site = _Site(description, tell, clock or SystemClock())
    try:
        await site.start()
        site.keep(site.follow_schedule())
        if commands is not None:
            site.keep(site.obey(commands))
        await stop.wait()
    finally:
        await site.stop()
    return site.truth


class _Site:
    """The cameras of one description and the faults that are being played."""

    def __init__(self, description: SiteDescription, tell: Callable[[str], None], clock: Clock) -> None:
        self._description, self._tell, self._clock = description, tell, clock
        self.truth: list[PlayedFault] = []
        self._cameras = {
            settings.id: SimulatedCamera(settings, clock, self._write_down, self._note if description.sent else None)
            for settings in description.cameras
        }
        self._sent: TextIO | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._start = description.start

    async def start(self) -> None:
        if self._description.sent is not None:
            self._sent = self._description.sent.open("a", encoding="utf-8")
        for camera in self._cameras.values():
            await camera.start()
        for planned in self._description.faults:
            await self._cameras[planned.camera].prepare(planned.fault)
        self._start = self._start or self._clock.now()
        ready = [{"camera": name, "url": camera.url} for name, camera in self._cameras.items()]
        self._say({"ready": ready, "start": rfc3339(self._start)})

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(camera.stop() for camera in self._cameras.values()))
        if self._sent is not None:
            self._sent.close()

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside the rest until it ends or the site stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def follow_schedule(self) -> None:
        for planned in sorted(self._description.faults, key=lambda planned: planned.at_s):
            due = (self._start or self._clock.now()) + timedelta(seconds=planned.at_s)
            await asyncio.sleep(max(0.0, (due - self._clock.now()).total_seconds()))
            self.keep(self._play(self._cameras[planned.camera], planned.fault))

    async def obey(self, commands: AsyncIterator[str]) -> None:
        async for line in commands:
            if line.strip():
                self._obey_one(line)

    def _obey_one(self, line: str) -> None:
        try:
            document = json.loads(line)
            camera = self._camera_of(document)
            self.keep(self._play(camera, fault_from_json(_without_camera(document))))
        except (SimulatorError, ValueError) as error:
            self._say({"error": str(error)})

    def _camera_of(self, document: Any) -> SimulatedCamera:
        if not isinstance(document, dict):
            raise BadDescription('a command is an object: {"camera": ..., "fault": ..., "seconds": ...}')
        camera = self._cameras.get(str(document.get("camera")))
        if camera is None:
            raise BadDescription(f"no camera {document.get('camera')!r}; there are {', '.join(self._cameras)}")
        return camera

    async def _play(self, camera: SimulatedCamera, fault: Fault) -> None:
        try:
            await camera.play(fault)
        except SimulatorError as error:
            self._say({"error": str(error)})

    def _write_down(self, played: PlayedFault) -> None:
        self.truth.append(played)
        self._say({"played": played.to_json()})
        if self._description.truth is not None:
            with self._description.truth.open("a", encoding="utf-8") as file:
                file.write(json.dumps(played.to_json()) + "\n")

    def _note(self, picture: SentPicture) -> None:
        if self._sent is not None:
            document = dataclasses.asdict(picture)
            instants = {name: document[name].isoformat() for name in ("due", "sent")}
            self._sent.write(json.dumps({**document, **instants}) + "\n")

    def _say(self, document: Mapping[str, Any]) -> None:
        self._tell(json.dumps(document))


def _without_camera(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "camera"}


def read_truth(path: Path) -> list[PlayedFault]:
    """The truth file of a drill. Raises OSError, or ValueError where a line is no played fault."""
    with path.open(encoding="utf-8") as file:
        return [PlayedFault.from_json(json.loads(line)) for line in file if line.strip()]


def read_sent(path: Path) -> list[SentPicture]:
    """The pictures that went out, in order. Raises OSError, or ValueError where a line is no picture."""
    with path.open(encoding="utf-8") as file:
        return [_picture(json.loads(line)) for line in file]


def _picture(document: dict[str, Any]) -> SentPicture:
    instants = {name: utc(datetime.fromisoformat(document[name])) for name in ("due", "sent")}
    return SentPicture(**{**document, **instants})
