"""A site of cameras in one process: described, scheduled, commanded, and its truth written down."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ingest.simulator.drill import description_from_json, read_truth, run_site
from ingest.simulator.errors import SimulatorError
from ingest.simulator.faults import Dim, PlayedFault, Stall

CAMERA = {"id": "A-01", "room": "ROOM 301", "stations": ["A-01"], "width": 320, "height": 180}


def test_scheduled_and_commanded_faults_are_played_and_written_down(tmp_path: Path) -> None:
    document = {
        "cameras": [CAMERA, {**CAMERA, "id": "A-02"}],
        "faults": [{"at_s": 0.1, "camera": "A-02", "fault": "stall", "seconds": 0.2}],
        "truth": str(tmp_path / "truth.jsonl"),
    }
    said: list[dict[str, Any]] = []

    async def commands() -> AsyncIterator[str]:
        yield '{"camera": "A-01", "fault": "dim", "seconds": 0.1}\n'
        yield "\n"
        yield "not json\n"
        yield '{"camera": "A-09", "fault": "dim", "seconds": 1}\n'

    async def drill() -> list[PlayedFault]:
        stop = asyncio.Event()

        def tell(line: str) -> None:
            said.append(json.loads(line))
            if sum("played" in one for one in said) == 2:
                stop.set()

        async with asyncio.timeout(20):
            return await run_site(description_from_json(document), stop, commands=commands(), tell=tell)

    truth = asyncio.run(drill())
    assert {(one.camera, one.fault) for one in truth} == {("A-01", Dim(0.1)), ("A-02", Stall(0.2))}
    assert [camera["camera"] for camera in said[0]["ready"]] == ["A-01", "A-02"]
    assert sum("error" in one for one in said) == 2
    assert [one.to_json() for one in read_truth(tmp_path / "truth.jsonl")] == [one.to_json() for one in truth]


def test_a_fault_that_is_cut_short_is_in_the_truth_with_its_real_length() -> None:
    document = {"cameras": [CAMERA], "faults": [{"at_s": 0, "camera": "A-01", "fault": "disconnect", "seconds": 600}]}

    async def drill() -> list[PlayedFault]:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, stop.set)
        return await run_site(description_from_json(document), stop, tell=lambda line: None)

    [truth] = asyncio.run(drill())
    assert (truth.end - truth.start).total_seconds() < 60


def test_a_port_that_is_taken_ends_the_drill_in_order() -> None:
    async def drill() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            document = {"cameras": [CAMERA, {**CAMERA, "id": "A-02", "port": taken.getsockname()[1]}]}
            with pytest.raises(OSError, match="address already in use"):
                await run_site(description_from_json(document), asyncio.Event(), tell=lambda line: None)

    asyncio.run(drill())


@pytest.mark.parametrize("source", ["pipe", "nothing", "file"])
def test_commands_come_from_standard_input_of_any_kind(source: str, tmp_path: Path) -> None:
    program = (
        "import asyncio\n"
        "from ingest.simulator.drill import standard_input\n"
        "async def lines():\n"
        "    print([line async for line in standard_input()])\n"
        "asyncio.run(lines())\n"
    )
    path = tmp_path / "commands.jsonl"
    path.write_text("" if source == "nothing" else "one\ntwo\n")
    with (path if source == "file" else Path("/dev/null")).open() as file:
        options: dict[str, Any] = {"input": path.read_bytes()} if source == "pipe" else {"stdin": file}
        done = subprocess.run([sys.executable, "-c", program], **options, capture_output=True, timeout=60, check=True)
    assert done.stdout.decode() == ("[]\n" if source == "nothing" else "['one\\n', 'two\\n']\n")


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({}, "cannot be read"),
        ({"cameras": [{"id": "A-01"}]}, "cannot be read"),
        ({"cameras": [{**CAMERA, "colour": "red"}]}, "no field colour"),
        ({"cameras": [{**CAMERA, "width": 321}]}, "321x180"),
        ({"cameras": [{**CAMERA, "fps": 0}]}, "fps must be"),
        ({"cameras": [CAMERA, CAMERA]}, "described twice"),
        ({"cameras": [CAMERA], "faults": [{"at_s": 1, "camera": "B", "fault": "dim", "seconds": 1}]}, "camera B"),
        ({"cameras": [CAMERA], "start": "2026-05-01T09:00:00"}, "no time zone"),
    ],
)
def test_a_description_that_cannot_be_run_is_refused_in_one_line(document: dict[str, Any], words: str) -> None:
    with pytest.raises(SimulatorError, match=words):
        description_from_json(document)
