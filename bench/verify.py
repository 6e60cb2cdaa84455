"""What checking an exported batch costs beside ``sha256sum`` over the same files: the whole command, start included.

The footage is as heavy as a recorder's: minutes of 25 pictures a second at 4 Mbit/s, in fragments of a second. Both
read it from the page cache, one after the other in each round; a ratio is always that of two of one round. Prints
JSON lines and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from domain.evidence import SegmentState
from domain.manifest import (
    BEFORE_THE_FIRST_LINK,
    CONTENTS_FORM,
    KEY_FORM,
    LINK_FORM,
    MANIFEST_FORM,
    Document,
    KeyStatement,
    Link,
    Manifest,
    RulePackStatement,
    SegmentStatement,
)
from domain.timeline import Interval
from storage.manifest.exporting import (
    CONTENTS,
    KEYS,
    README,
    Contents,
    ListedFile,
    footage_path,
    link_path,
    manifest_path,
)
from storage.manifest.form import document_of, segments_root, signed, written
from storage.manifest.keys import KEYS_FORM, PublishedKey, PublishedKeys
from storage.manifest.trees import Writing, writing
from storage.media import TIMESCALE, Codec, Ledger, Sample, VideoFormat, fragment, init_segment
from storage.signing import Signer

SITE, BATCH, FPS, MINUTE_S = "bench", "2026-0501", 25, 60
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
PICTURE_BYTES = 20_000  # 4 Mbit/s


def picture() -> bytes:
    """Noise as a JPEG of about the size that a picture of a camera has."""
    rng = np.random.default_rng(1)
    for width in range(64, 1024, 16):
        noise = rng.integers(0, 255, (96, width, 3), np.uint8)
        coded = bytes(cv2.imencode(".jpg", noise)[1])
        if len(coded) >= PICTURE_BYTES:
            return coded
    raise ValueError("no picture became large enough")


def minute(video: VideoFormat, sample: Sample, start: datetime) -> Iterator[bytes]:
    """One segment: a fragment each second."""
    yield init_segment(video)
    for second in range(MINUTE_S):
        captured = start + timedelta(seconds=second)
        ledger = Ledger(0, 0.02, None)
        yield fragment(second + 1, second * TIMESCALE, [sample] * FPS, captured, ledger, codec=Codec.JPEG)


def export(target: Path, minutes: int, signer: Signer) -> int:
    """Write an export of one batch with that many segments; its bytes."""
    coded = picture()
    video, sample = VideoFormat.from_jpeg(coded), Sample((coded,), TIMESCALE // FPS, key=True)
    with writing(target) as tree:
        files, segments = [_keys(tree, signer)], []
        for number in range(minutes):
            start = START + timedelta(minutes=number)
            key = f"{SITE}/{BATCH}/c1/{start:%Y%m%dT%H%M%S.%fZ}.mp4"
            document = tree.add(footage_path(key), minute(video, sample, start))
            files.append(ListedFile(footage_path(key), document.sha256, document.size_bytes))
            segments.append(_stated(key, start, document))
        files += _closing(tree, signer, tuple(segments))
        files.append(_listed(tree, README, b"bench"))
        contents = Contents(
            CONTENTS_FORM, SITE, BATCH, 1, files[-2].sha256, START + timedelta(days=1), signer.public, tuple(files)
        )
        tree.add(CONTENTS, [signed(signer, contents)])
    return sum(each.size_bytes for each in files)


def _keys(tree: Writing, signer: Signer) -> ListedFile:
    statement = KeyStatement(KEY_FORM, signer.public, START, None)
    own = PublishedKey(signer.public, START, None, None, None, signer.sign(written(statement)))
    return _listed(tree, KEYS, written(PublishedKeys(KEYS_FORM, (own,))))


def _closing(tree: Writing, signer: Signer, segments: tuple[SegmentStatement, ...]) -> list[ListedFile]:
    """Manifest and link; the link last."""
    root, at = segments_root(segments), START + timedelta(days=1)
    pack = RulePackStatement("bench", "00" * 32)
    manifest = written(Manifest(MANIFEST_FORM, SITE, BATCH, pack, at, "bench", root, (), segments))
    link = Link(
        LINK_FORM,
        SITE,
        1,
        BEFORE_THE_FIRST_LINK,
        BATCH,
        document_of(manifest),
        len(segments),
        root,
        at,
        signer.public,
        None,
    )
    return [_listed(tree, manifest_path(1), manifest), _listed(tree, link_path(1), signed(signer, link))]


def _stated(key: str, start: datetime, document: Document) -> SegmentStatement:
    return SegmentStatement(
        key=key,
        camera="c1",
        recorder="bench",
        run="run-1",
        interval=Interval(start, start + timedelta(seconds=MINUTE_S)),
        frames=FPS * MINUTE_S,
        size_bytes=document.size_bytes,
        sha256=document.sha256,
        codec="jpeg",
        state=SegmentState.OK,
        objects=(),
    )


def _listed(tree: Writing, path: str, data: bytes) -> ListedFile:
    document = tree.add(path, [data])
    return ListedFile(path, document.sha256, document.size_bytes)


def seconds(command: Sequence[str], folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def run(arguments: argparse.Namespace, folder: Path) -> None:
    signer, target = Signer.new(), folder / "export"
    size_bytes = export(target, arguments.minutes, signer)
    paths = [str(path) for path in sorted(target.rglob("*")) if path.is_file()]
    ours = [sys.executable, "-m", "kaojian", "verify", str(target), "--key", signer.public]
    here = Path(__file__).resolve().parent.parent
    ratios, each_s = [], []
    for number in range(arguments.rounds + 1):
        peer_s, our_s = seconds(["sha256sum", *paths], folder), seconds(ours, here)
        if number > 0:  # the first round only warms the cache
            ratios.append(our_s / peer_s)
            each_s.append((our_s, peer_s))
    line = {
        "bench": "verify",
        "mb": size_bytes // 10**6,
        "segments": arguments.minutes,
        "rounds": arguments.rounds,
        "seconds": round(median(our for our, _ in each_s), 3),
        "sha256sum_seconds": round(median(peer for _, peer in each_s), 3),
        "ratio_vs_sha256sum": round(median(ratios), 3),
    }
    print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What checking an exported batch costs beside sha256sum")
    parser.add_argument("--minutes", type=int, default=64, help="of one camera, 30 MB each")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kaojian-bench-") as folder:
        run(arguments, Path(folder))


if __name__ == "__main__":
    main()
