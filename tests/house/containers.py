"""Reads Dockerfile and docker-compose.yml, and runs what they say as plain processes: no container engine needed.

A container's folders become folders below one test folder, its ports become free ports of 127.0.0.1, its programs
those of this Python. Command and environment of a service are otherwise taken word by word.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.house.rules import ROOT

BIN = Path(sys.executable).parent
COMPOSE_FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
PORTS = ("5432", "8000", "8333", "8888", "9333", "9340")
"""Every port that docker-compose.yml names."""

_GRPC_STEP = 10_000  # SeaweedFS takes a second port this far above each
_FOREIGN = shutil.ignore_patterns("node_modules", "__pycache__", "src", "tests")


def compose(file: Path = COMPOSE_FILE) -> dict[str, Any]:
    """The file as Compose itself understands it: anchors merged, short forms spelt out."""
    command: list[str | Path] = [BIN / "docker-compose", "-f", file, "config", "--format", "json"]
    answer = subprocess.run(command, env={"PATH": str(BIN)}, check=True, capture_output=True, text=True).stdout
    document: dict[str, Any] = json.loads(answer)
    return document


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of a Dockerfile, continuation lines joined."""

    name: str
    rest: str


def final_stage(text: str) -> list[Instruction]:
    """The instructions that make the image itself, after the last FROM."""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    found = [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]
    last = max(number for number, each in enumerate(found) if each.name == "FROM")
    return found[last + 1 :]


def entrypoint(stage: Sequence[Instruction]) -> list[str]:
    """What every container of the image runs, before the service's own words."""
    words: list[str] = json.loads(next(each.rest for each in stage if each.name == "ENTRYPOINT"))
    return words


def healthcheck(stage: Sequence[Instruction]) -> list[str]:
    """The words of the image's own check."""
    rest = next(each.rest for each in stage if each.name == "HEALTHCHECK")
    words: list[str] = json.loads(rest[rest.index("CMD") + 3 :])
    return words


def environment(stage: Sequence[Instruction]) -> dict[str, str]:
    """What the image sets for every container, PATH aside."""
    pairs = (pair.partition("=") for each in stage if each.name == "ENV" for pair in each.rest.split())
    return {name: value for name, _, value in pairs if name != "PATH"}


def copied(stage: Sequence[Instruction]) -> dict[str, str]:
    """Folders of the repository that get into the image, by their place in it, relative to its working folder."""
    pairs: dict[str, str] = {}
    for each in stage:
        if each.name == "COPY" and "--from=packages" not in each.rest:
            source, place = each.rest.split()[-2:]
            pairs[place] = source.removeprefix("/src/")
    return pairs


def lay_out(stage: Sequence[Instruction], app: Path) -> None:
    """Copy into ``app`` what the image would hold in its working folder, and nothing else."""
    for place, source in copied(stage).items():
        shutil.copytree(ROOT / source, app / place, ignore=_FOREIGN)


class Machine:
    """Stands in for the machine the containers would run on: one folder per volume, one free port per port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services: dict[str, dict[str, Any]] = compose()["services"]
        self.stage = final_stage(DOCKERFILE.read_text(encoding="utf-8"))
        self._ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self._running = ExitStack()
        lay_out(self.stage, folder / "app")
        for volume in ("data", "database", "objects", "keys"):
            (folder / volume).mkdir(mode=0o700)

    def port(self, port: str) -> int:
        return self._ports[port]

    def here(self, text: str, service: str) -> str:
        """The same words with this machine's folders and ports."""
        folders = {"/app": "app"}
        for mount in self.services[service].get("volumes", ()):
            folders[mount["target"]] = mount["source"]
        for target, source in folders.items():
            text = re.sub(rf"(?<![\w/]){target}(?![\w-])", str(self.folder / source), text)
        return re.sub(rf"(?<!\d)({'|'.join(PORTS)})(?!\d)", lambda match: str(self._ports[match[0]]), text)

    def command(self, service: str) -> list[str]:
        described = self.services[service]
        first = described.get("entrypoint") or (entrypoint(self.stage) if self._ours(service) else ())
        words = [*first, *(described.get("command") or ())]
        return [self.here(word, service) for word in words]

    def environment(self, service: str) -> dict[str, str]:
        image = environment(self.stage) if self._ours(service) else {}
        given = {**image, **self.services[service].get("environment", {})}
        mapped = {name: self.here(str(value), service) for name, value in given.items()}
        path = f"{BIN}:{os.environ.get('PATH', '')}"
        return {**mapped, "PATH": path, "HOME": str(self.folder / "data"), "NO_COLOR": "1"}

    def _ours(self, service: str) -> bool:
        """Whether the service runs the image of the Dockerfile."""
        return "build" in self.services[service]

    def working_folder(self, service: str) -> Path:
        return Path(self.here(self.services[service].get("working_dir", "/app"), service))

    def log(self, service: str) -> Path:
        return self.folder / f"{service}.log"

    def start(self, service: str) -> subprocess.Popen[bytes]:
        """Start a service's process; it is ended with the machine at the latest."""
        with self.log(service).open("wb") as log:
            process = subprocess.Popen(
                self.command(service),
                cwd=self.working_folder(service),
                env=self.environment(service),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._running.callback(_end, process)
        return process

    def run(self, words: Sequence[str], service: str, more: Mapping[str, str] | None = None) -> int:
        """Run other words where a service runs, as ``docker compose exec`` would; returns the exit status."""
        return subprocess.run(
            [self.here(word, service) for word in words],
            cwd=self.working_folder(service),
            env={**self.environment(service), **(more or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        ).returncode

    def callback(self, process: subprocess.Popen[bytes]) -> None:
        """End this process too, when the machine ends."""
        self._running.callback(_end, process)

    def stop(self) -> None:
        """End everything that still runs, last started first."""
        self._running.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


def free_ports(count: int) -> Iterator[int]:
    """Ports of 127.0.0.1 that are free now, below the ephemeral ones, with a free one ``_GRPC_STEP`` above each."""
    choice = random.SystemRandom().sample(range(12_000, 22_000), 1_000)
    free = (port for port in choice if _free(port) and _free(port + _GRPC_STEP))
    for _ in range(count):
        yield next(free)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
