"""A whole installation for tests: simulated cameras, the service's roles as processes, and one short sitting."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import yaml

from analysis.report import SittingReport, sitting_report
from config.rule_pack import load as load_rule_pack
from config.s3 import S3Settings
from config.settings import Settings
from domain.people import Actor, Door
from domain.timeline import SystemClock
from ingest.simulator.camera import CameraSettings, SimulatedCamera
from ingest.simulator.faults import Fault, PlayedFault
from records import conduct, declaration, setup
from storage.audit.notary import Notary
from storage.database import Database, connect
from tests.fakes.notary import SIGNER

BATCH, RULE_PACK = "2026-TEST", "SG-2022-08-10"
WORKERS = Settings.model_fields["ingest_workers"].default
ACTOR = Actor("local:test", Door.COMMAND_LINE)

T = TypeVar("T")


class Cameras:
    """Simulated cameras on an event loop of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cameras", daemon=True)
        self._thread.start()
        self._cameras: dict[str, SimulatedCamera] = {}

    def start(self, settings: CameraSettings) -> str:
        camera = self._cameras[settings.id] = SimulatedCamera(settings)
        asyncio.run_coroutine_threadsafe(camera.start(), self._loop).result(30)
        return camera.url

    def __getitem__(self, camera: str) -> SimulatedCamera:
        return self._cameras[camera]

    def replace(self, settings: CameraSettings) -> None:
        """Switch a camera off, and another one on where it was."""
        old = self._cameras.pop(settings.id)
        port = urlsplit(old.url).port
        asyncio.run_coroutine_threadsafe(old.stop(), self._loop).result(30)
        self.start(dataclasses.replace(settings, port=port or 0))

    def play(self, camera: str, fault: Fault) -> Future[PlayedFault]:
        return asyncio.run_coroutine_threadsafe(self._cameras[camera].play(fault), self._loop)

    def stop(self) -> None:
        for camera in self._cameras.values():
            asyncio.run_coroutine_threadsafe(camera.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Installation:
    """One folder, one database, the roles that were started; everything started is stopped at the end."""

    def __init__(
        self,
        root: Path,
        database_url: str | None = None,
        s3: S3Settings | None = None,
        second: S3Settings | None = None,
    ) -> None:
        self.root = root
        self.cameras = Cameras()
        self._values: dict[str, object] = {
            "KAOJIAN_DATA_DIR": root,
            "KAOJIAN_SEGMENT_SECONDS": 4,
            "KAOJIAN_RUN_UP_SECONDS": 2,
            "KAOJIAN_MIN_FREE_BYTES": 1 << 20,
            "KAOJIAN_BALLAST_BYTES": 1 << 18,
            "KAOJIAN_LOG_FORMAT": "json",
        }
        if database_url is not None:
            self._values["KAOJIAN_DATABASE_URL"] = database_url
        if s3 is not None:
            self._values |= {
                "KAOJIAN_S3_ENDPOINT": s3.endpoint,
                "KAOJIAN_S3_BUCKET": s3.bucket,
                "KAOJIAN_S3_ACCESS_KEY": s3.access_key,
                "KAOJIAN_S3_SECRET_KEY": s3.secret_key,
                "KAOJIAN_S3_SECURE": str(s3.secure).lower(),
                **({} if s3.ca_file is None else {"KAOJIAN_S3_CA_FILE": s3.ca_file}),
            }
        if second is not None:
            self._values |= {
                "KAOJIAN_S3_SECOND_ENDPOINT": second.endpoint,
                "KAOJIAN_S3_SECOND_BUCKET": second.bucket,
                "KAOJIAN_SECRET_S3_SECOND": f"{second.access_key}:{second.secret_key}",
                **({} if second.ca_file is None else {"KAOJIAN_S3_SECOND_CA_FILE": second.ca_file}),
            }
        self._stack = ExitStack()
        self._stack.callback(self.cameras.stop)
        url = database_url or f"sqlite:///{root / 'kaojian.sqlite3'}"
        self.database: Database = connect(url, Notary(SIGNER, root))
        self._stack.callback(self.database.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    @property
    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.root.glob("*.log")))

    def secret(self, name: str, text: str) -> None:
        folder = self.root / "secrets"
        folder.mkdir(exist_ok=True)
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(text)

    def start(self, role: str, **environment: str) -> subprocess.Popen[bytes]:
        """One role as a process of its own; its recorders beat their hearts when this returns."""
        begun = datetime.now(UTC)
        log = self._stack.enter_context((self.root / f"{role}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", "kaojian", "serve", "--roles", role],
            env={**self._environment(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        self._stack.callback(end, process)
        if role == "ingest":
            workers = int(environment.get("KAOJIAN_INGEST_WORKERS", WORKERS))
            wait_for(lambda: sum(each.started > begun for each in self.database.evidence.recorders()) >= workers)
        return process

    def check(self) -> str:
        """What `kaojian check --bytes` prints of rows, spools and store, once it found nothing wrong."""
        words = [sys.executable, "-m", "kaojian", "check", "--bytes", "--key", SIGNER.public]
        done = subprocess.run(words, env=self._environment(), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        values = {name: str(value) for name, value in self._values.items()}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KAOJIAN_")}
        return {**inherited, **values}

    def apply(
        self, cameras: Mapping[str, Mapping[str, Any]], lead_s: int, exam_s: int, tail_s: int, in_s: int = 3
    ) -> datetime:
        """One room with a station for each camera (or the ones it ``sees``); the instant of the bell."""
        bell = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=lead_s + in_s)
        seen = [station for camera in cameras.values() for station in camera["sees"]]
        room = {
            "id": "301",
            "name": "301",
            "stations": sorted(set(seen)),
            "cameras": [{"id": name, "panoramic": True, **camera} for name, camera in cameras.items()],
        }
        sitting = {
            "number": 1,
            "rooms": ["301"],
            "planned_start": bell.isoformat(),
            "planned_end": (bell + timedelta(seconds=exam_s)).isoformat(),
            "lead": f"{lead_s}s",
            "tail": f"{tail_s}s",
        }
        file = self.root / "setup.yaml"
        document = {
            "sites": [{"id": "sg-test", "name": "试验考场", "county": "浈江区", "rooms": [room]}],
            "batches": [
                {"id": BATCH, "site": "sg-test", "project": "试验", "rule_pack": RULE_PACK, "sittings": [sitting]}
            ],
        }
        file.write_text(yaml.safe_dump(document, allow_unicode=True))
        setup.apply(declaration.read(file), self.database, ACTOR, SystemClock())
        return bell

    def open(self, bell: datetime) -> None:
        sleep_until(bell)
        disk = conduct.Disk.of(self.spool, 1 << 20)
        conduct.open_sitting(self.database, BATCH, 1, ACTOR, SystemClock(), disk=disk, actual_start=bell)

    def close(self, end: datetime) -> None:
        sleep_until(end)
        conduct.close_sitting(self.database, BATCH, 1, ACTOR, SystemClock(), actual_end=end)

    def report(self) -> SittingReport:
        return sitting_report(self.database, BATCH, 1, load_rule_pack(RULE_PACK), SystemClock().now())

    def settled_report(self, within_s: float = 60) -> SittingReport:
        """The report once the whole window is settled: every segment closed and decoded."""
        return wait_for(
            lambda: report if (report := self.report()).settled_until >= report.window.end else None, within_s
        )


def sleep_until(instant: datetime) -> None:
    time.sleep(max(0.0, (instant - datetime.now(UTC)).total_seconds()))


def wait_for(look: Callable[[], T | None], within_s: float = 30) -> T:
    """What ``look`` finds, looked for five times a second."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not seen within {within_s} s")


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop in order; kill what does not obey."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def decode_errors(files: Sequence[Path]) -> str:
    """What ffmpeg has to say against the files; nothing when every picture of every file decodes."""
    said = []
    for file in files:
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(file), "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode or done.stderr:
            said.append(f"{file.name}: {done.returncode} {done.stderr}")
    return "\n".join(said)
