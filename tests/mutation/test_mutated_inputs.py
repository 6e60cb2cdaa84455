"""The parsers of bytes from outside against spoilt golden bytes: they answer, or refuse with their own errors.

``KAOJIAN_MUTATIONS`` says how many inputs in all (``make test-mutations`` takes a million); the seed is fixed, so
what fails once fails again. A parser that never ends is found by the tests' time limit.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.gst_camera import GstCamera, encode_clip, why_gst_is_missing
from tests.mutation.golden import Transcript, segment_file, sounding_file, transcript
from tests.mutation.mutator import Mutator
from tests.mutation.targets import Target, targets

MUTATIONS = int(os.environ.get("KAOJIAN_MUTATIONS", "10000"))
NAMES = (
    "address",
    "login",
    "file",
    "file with sound",
    "AAC configuration",
    *(
        f"{coding} {what}"
        for coding in ("AAC", "PCMA")
        for what in ("description", "stream over tcp", "stream over udp")
    ),
    *(
        f"{codec} {what}"
        for codec in ("h264", "h265")
        for what in ("description", "connection", "packet", "parameter sets", "stream over tcp", "stream over udp")
    ),
    "manifest",
    "link",
    "published keys",
    "time stamp",
    "offer by WHEP",
)
_MOST_MEMORY_KB = 200_000  # by which a target may raise the process's peak: no length field is believed blindly


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Target]]:
    missing = why_gst_is_missing()
    if missing is not None:
        pytest.skip(missing)
    heard: dict[str, Transcript] = {}
    for codec in ("h264", "h265"):
        clip = encode_clip(Path(tmp_path_factory.mktemp("clip")) / "clip", codec)
        with GstCamera(clip) as camera:
            heard[codec] = transcript(camera)
    yield targets(heard, segment_file(), sounding_file())


def test_every_parser_is_among_the_targets(every: dict[str, Target]) -> None:
    assert sorted(every) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_whole_golden_bytes_are_read(every: dict[str, Target], name: str) -> None:
    assert every[name].golden
    for golden in every[name].golden:
        assert every[name].reads(golden)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", NAMES)
def test_spoilt_bytes_are_read_or_refused(every: dict[str, Target], name: str) -> None:
    target = every[name]
    mutator = Mutator(seed=NAMES.index(name), others=[golden for other in every.values() for golden in other.golden])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read, count = 0, -(-MUTATIONS // len(NAMES))
    for number in range(count):
        spoilt = mutator.mutated(target.golden[number % len(target.golden)])
        try:
            read += target.reads(spoilt)
        except Exception as error:
            raise AssertionError(f"input {number} of {name} raised {error!r}: {spoilt[:400].hex()}") from error
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < _MOST_MEMORY_KB
    assert read > 0  # not spoilt so badly that nothing gets past the first check
    refuses = not name.endswith("udp") and not name.startswith(("AAC stream", "PCMA stream"))
    assert read < count or not refuses  # datagrams may come from anywhere, and of sound: what is spoilt is dropped


def test_the_same_seed_spoils_alike() -> None:
    golden = bytes(range(200))
    one, other = Mutator(7, [golden]), Mutator(7, [golden])
    made = [one.mutated(golden) for _ in range(50)]
    assert made == [other.mutated(golden) for _ in range(50)]
    assert len(set(made)) > 40
