"""What a segment in the archive costs with all guarantees, beside the bare put of the SDK into the same server.

Ours is what the uploader does (``Archive.keep_pending``): the spool file is compared with its row, put under its
checksum and a lock, its size and lock are asked for, all its bytes are read back and hashed, and the row of the copy
is written. The peer sends the same files by ``Minio.put_object`` and believes the answer. Both speak TLS to one
embedded server, in turns of a few files, with keys of their own. A ratio is that of their rates over all turns.

A second line says where the time goes: the steps of one put, one after the other, over some of the files. Prints JSON
lines with the goal and judges nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import ssl
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import urllib3
from minio import Minio

from config.s3 import S3Settings
from domain.evidence import Copy, Place, Recorder, Run, Segment
from domain.timeline import Interval
from storage.archive import Archive
from storage.database import Database, connect
from storage.objects import S3Objects
from storage.seaweed import SeaweedServer

CAMERA, BATCH, BUCKET, PEER_BUCKET, SEGMENT_S = "c1", "2026-0501", "evidence", "peer", 16
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
AT_ONCE = 10  # files of one turn
GOALS = {"ratio_vs_minio_sdk": 0.9}


def footage(folder: Path, database: Database, objects: int, size_bytes: int) -> list[Path]:
    """Closed segments in a spool, with their rows, as a recorder leaves them; their files."""
    evidence = database.evidence
    evidence.begin_recorder(Recorder("life", "host", START, START))
    evidence.begin_run(Run("run", CAMERA, "life", START))
    paths = []
    for number in range(objects):
        begun = START + number * timedelta(seconds=SEGMENT_S)
        key = f"bench/{BATCH}/{CAMERA}/{begun:%Y%m%dT%H%M%S.%fZ}.mp4"
        path, data = folder / key, os.urandom(size_bytes)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
        sha256 = hashlib.sha256(data).hexdigest()
        copy = Copy(key, Place.SPOOL, str(folder), begun, size_bytes, sha256)
        evidence.add_segment(_segment(key, begun, size_bytes, sha256), copy)
    return paths


def _segment(key: str, begun: datetime, size_bytes: int, sha256: str) -> Segment:
    return Segment(
        key=key,
        camera=CAMERA,
        batch=BATCH,
        run="run",
        interval=Interval(begun, begun + timedelta(seconds=SEGMENT_S)),
        frames=25 * SEGMENT_S,
        size_bytes=size_bytes,
        sha256=sha256,
        init_size_bytes=900,
        codec="avc1.640028",
        width=1920,
        height=1080,
        lost_packets=0,
        delayed_s=0.02,
        clock_offset_s=None,
    )


def bare_client(settings: S3Settings) -> Minio:
    """The SDK as it comes, but for the authority that it has to trust here."""
    trusted = ssl.create_default_context(cafile=str(settings.ca_file))
    pool = urllib3.PoolManager(retries=False, ssl_context=trusted)
    keys = (settings.access_key, settings.secret_key)
    return Minio(settings.endpoint, *keys, secure=True, region=settings.region, http_client=pool)


def steps(objects: S3Objects, peer: Minio, paths: list[Path]) -> dict[str, float]:
    """Milliseconds of what a put consists of, each the median over some files, with nothing else going on."""
    until, found = datetime.now(UTC) + timedelta(days=1), {}

    def timed(name: str, act: Callable[[Path], object]) -> None:
        taken = []
        for path in paths:
            begun = time.perf_counter()
            act(path)
            taken.append(time.perf_counter() - begun)
        found[name] = round(1000 * median(taken), 1)

    timed("hash_the_file", lambda path: hashlib.file_digest(path.open("rb"), "sha256"))
    timed("ask_for_size_and_lock", lambda path: objects.stat(_key(path)))
    timed("read_back_and_hash", lambda path: hashlib.sha256(objects.read(_key(path))))
    timed("bare_put", lambda path: peer.fput_object(PEER_BUCKET, f"steps/{path.name}", str(path), part_size=64 << 20))
    timed("ours_one_after_the_other", lambda path: objects.put(f"steps/{path.name}", path, _sha256(path), until))
    return found


def _key(path: Path) -> str:
    return f"bench/{BATCH}/{CAMERA}/{path.name}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(arguments: argparse.Namespace, folder: Path) -> None:
    size_bytes = arguments.mib << 20
    database = connect(f"sqlite:///{folder / 'kaojian.db'}")
    paths = footage(folder / "spool", database, arguments.objects, size_bytes)
    with SeaweedServer(folder / "s3", "administrator", secrets.token_hex(16)) as server:
        for bucket in (BUCKET, PEER_BUCKET):
            server.make_bucket(bucket)
        objects, peer = S3Objects(server.settings(BUCKET)), bare_client(server.settings(PEER_BUCKET))
        until = datetime.now(UTC) + timedelta(days=1)
        archive = Archive(database.evidence, objects, folder / "spool", lambda _batch: until)
        ours_s = theirs_s = 0.0
        for first in range(0, len(paths), AT_ONCE):
            turn = paths[first : first + AT_ONCE]
            for side in ("ours", "theirs") if first // AT_ONCE % 2 else ("theirs", "ours"):
                begun = time.perf_counter()
                if side == "ours":
                    result = archive.keep_pending(len(turn))
                    if len(result.kept) != len(turn):
                        raise SystemExit(f"only {len(result.kept)} of {len(turn)} were kept: {result}")
                    ours_s += time.perf_counter() - begun
                else:
                    for path in turn:
                        peer.fput_object(PEER_BUCKET, _key(path), str(path), part_size=64 << 20)
                    theirs_s += time.perf_counter() - begun
        total = len(paths) * size_bytes / 10**6
        line = {
            "bench": "put",
            "objects": len(paths),
            "mib_each": arguments.mib,
            "mb_per_s": round(total / ours_s, 1),
            "minio_sdk_mb_per_s": round(total / theirs_s, 1),
            "ratio_vs_minio_sdk": round(theirs_s / ours_s, 3),
            "goals": GOALS,
        }
        print(json.dumps(line), flush=True)
        told = steps(objects, peer, paths[: min(10, len(paths))])
        print(json.dumps({"bench": "put_steps", "unit": "ms of one object", **told}), flush=True)
        objects.close()
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="What keeping a segment costs beside the bare put of the SDK")
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--mib", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kaojian-bench-", dir="/var/tmp") as folder:
        run(arguments, Path(folder))


if __name__ == "__main__":
    main()
