"""What a demonstration and a drill put on a stage: an S3 server, simulated cameras and the service, as processes.

Everything is handed to an ``ExitStack``, which stops it. Not here: what is played and what is made of it
(``kaojian.demo``, ``kaojian.drill.real``).
"""

from __future__ import annotations

import json
import os
import secrets as random_secrets
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from pydantic import SecretStr

from config.s3 import Duty
from config.settings import Settings
from config.vault import Vault
from storage.errors import StorageError
from storage.seaweed import SeaweedServer, free_ports

STOP_S = 40.0
BUCKET, READ_SECRET = "kaojian", "s3-read"


class StageError(Exception):
    """It cannot go on; the message says why and what to do."""


class Store:
    """An object store that starts beside everything else: the service waits for it, recording does not."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.server = SeaweedServer(
            folder, "administrator", random_secrets.token_hex(16), free_ports(), volume_size_limit_mb=256
        )
        self._failure: StorageError | None = None
        self._starting = threading.Thread(target=self._start, name="store")
        stack.callback(self.stop)
        self._starting.start()

    def settings(self, root: Path, **values: Any) -> Settings:
        """Settings of a service that uses it, each role with the key of its duty; the folder gets what is secret."""
        keeps, reads = (self.server.settings(BUCKET, duty) for duty in (Duty.KEEP, Duty.READ))
        settings = bare_settings(
            data_dir=root,
            s3_endpoint=keeps.endpoint,
            s3_bucket=keeps.bucket,
            s3_access_key=keeps.access_key,
            s3_secret_key=SecretStr(keeps.secret_key),
            s3_secure=keeps.secure,
            s3_ca_file=keeps.ca_file,
            s3_read_secret=READ_SECRET,
            **values,
        )
        vault = Vault(settings.secrets_dir, settings.secrets_key_source)
        vault.put(READ_SECRET, f"{reads.access_key}:{reads.secret_key}")
        return settings

    def _start(self) -> None:
        try:
            self.server.start()
            self.server.make_bucket(BUCKET)
        except StorageError as error:
            self._failure = error

    def ready(self) -> None:
        """Return once it takes objects. Raises ServerNotStarted."""
        self._starting.join()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Once it has started."""
        self._starting.join()
        self.server.stop()


def bare_settings(**values: Any) -> Settings:
    """These values and the defaults, whatever the environment says: what is staged never touches a real database,
    disk or object store, also where somebody stages it on the machine that has them.
    """
    return Settings(_env_prefix="KAOJIAN_STAGED_", **values)  # type: ignore[call-arg]  # a parameter of BaseSettings that mypy cannot see


def environment(root: Path, settings: Settings) -> dict[str, str]:
    """The same settings for a process of its own, by a file that tells how to run the service by hand."""
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    values["s3_secret_key"] = settings.s3_secret_key.get_secret_value()
    file = root / "service.env"
    file.touch(mode=0o600)
    file.write_text(
        "".join(f"KAOJIAN_{name.upper()}={value}\n" for name, value in values.items() if value is not None)
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KAOJIAN_")}
    return {**inherited, "KAOJIAN_ENV_FILE": str(file)}


def started(
    arguments: Sequence[str],
    stack: ExitStack,
    log: IO[str],
    env: dict[str, str] | None = None,
    *,
    talk: bool = False,
    module: str = "kaojian",
) -> subprocess.Popen[str]:
    """A command of ours as a process of its own, out of reach of the terminal's Ctrl-C, stopped in order."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
        stdout=subprocess.PIPE if talk else log,
        stderr=log,
        env=env,
        text=True,
        start_new_session=True,
    )
    stack.callback(stop, process)
    return process


def stop(process: subprocess.Popen[str]) -> bool:
    """Ask it to end, and kill it where it does not; whether it ended in order."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


class Cameras:
    """The process of simulated cameras: knows their URLs when they listen, plays faults by command."""

    def __init__(self, description: Mapping[str, Any], root: Path, stack: ExitStack, log: IO[str]) -> None:
        """``description`` as ``ingest.simulator.drill`` reads it."""
        file = root / "cameras.json"
        file.write_text(json.dumps(description))
        file.chmod(0o600)
        self._log = log
        self._copying = threading.Thread(target=self._copy_the_rest, daemon=True)
        stack.callback(self._close)
        self.process = started(["simulate", str(file)], stack, log, talk=True)

    def urls(self) -> dict[str, str]:
        """URL by camera, once all listen. Raises StageError when the process ended instead."""
        assert self.process.stdout is not None  # noqa: S101 (started to be talked to)
        for line in self.process.stdout:
            told = json.loads(line)
            if "ready" in told:
                self._copying.start()
                return {camera["camera"]: camera["url"] for camera in told["ready"]}
        raise StageError(f"the simulated cameras did not start: see {self._log.name}")

    def play(self, camera: str, fault: str, seconds: float) -> None:
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.write(json.dumps({"camera": camera, "fault": fault, "seconds": seconds}) + "\n")
        self.process.stdin.flush()

    def _close(self) -> None:
        """Once the process has ended."""
        if self._copying.ident is not None:
            self._copying.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _copy_the_rest(self) -> None:
        assert self.process.stdout is not None  # noqa: S101
        for line in self.process.stdout:
            self._log.write(line)
