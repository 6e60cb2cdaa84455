"""How long it takes to find any instant of any camera in the rows of a city's three years, and to begin to play it.

The rows of segments, copies and observations are generated inside the database itself; what else there is, is as a
recorder leaves it. A look-up is what playing one instant asks: the segments of a camera at that instant, and where
they lie. Cameras and instants are drawn anew each time, so that few pages are at hand. The first byte is that of a
part of footage, asked of the served API in the midst of all these rows, while its bytes lie in the object store
alone. SQLite first, then PostgreSQL. Prints a JSON line with the goals and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

import httpx
import numpy as np
import sqlalchemy as sa

from config.rule_pack import load as load_rule_pack
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.evidence import Place, Recorder, Run
from domain.timeline import MICROSECOND, Interval
from storage.archive import Archive
from storage.database import Database, connect
from storage.objects import S3Objects
from storage.seaweed import SeaweedServer
from tests.dashboard.exam import LOCKED_UNTIL, TOKEN, Exam, hold_exam
from tests.dashboard.serving import footage_addresses, served
from tests.fakes.notary import NOTARY
from tests.postgres import PostgresServer, postgres_binaries

GOALS = {"ms_sqlite": 10.0, "ms_postgres": 5.0, "ms_first_byte": 100.0}
DAYS_A_YEAR, YEARS, MINUTES_A_DAY = 180, 3, 480
BEGIN = datetime(2023, 5, 1, 1, 0, tzinfo=UTC)
EVERY_US = 2 * 86_400_000_000
LIFE, RUN = "bench-life", "bench-run"
DAYS = DAYS_A_YEAR * YEARS

# One row for each minute of one exam day of each camera; exams are on every other day.
SEGMENTS = """
INSERT INTO segments (key, camera, batch, run, begins, ends, length_us, frames, size_bytes, sha256, init_size_bytes,
                      codec, width, height, lost_packets, delayed_s, clock_offset_s,
                      copies_spool, copies_s3, observations)
WITH RECURSIVE counted(number) AS (
    SELECT CAST(0 AS BIGINT) UNION ALL SELECT number + 1 FROM counted WHERE number < 999
),
minutes AS (
    SELECT camera.number AS camera, {begin} + minute.number * 60000000 AS begins
    FROM counted AS camera, counted AS minute
    WHERE camera.number < {cameras} AND minute.number < {minutes}
)
SELECT 'bench/{batch}/cam-' || camera || '/' || {named} || '.000000Z.mp4', 'cam-' || camera,
       '{batch}', '{run}', begins, begins + 60000000, 60000000, 1500, 30000000, {hash}, 800,
       'avc1.640028', 1920, 1080, 0, 0.02, 0.1, 0, 1, 1
FROM minutes
"""
COPIES = """
INSERT INTO copies (segment, place, target, verified, size_bytes, sha256, version_id, locked_until, device, spool,
                    due)
SELECT key, 's3', 'bench', ends, size_bytes, sha256, substr(sha256, 1, 32), ends + 94608000000000, '127.0.0.1:1', '',
       ends
FROM segments WHERE batch = '{batch}'
"""
OBSERVATIONS = """
INSERT INTO observations (segment, made, state, frames_decoded, bad, detail)
SELECT key, ends, 'ok', frames, '[]', '' FROM segments WHERE batch = '{batch}'
"""
NAMED = {
    "sqlite": "strftime('%Y%m%dT%H%M%S', begins / 1000000, 'unixepoch')",
    "postgresql": "to_char(to_timestamp(begins / 1000000) AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS')",
}
PERCENT = {"sqlite": "%", "postgresql": "%%"}  # what a driver makes one of
HASH = {"sqlite": "lower(hex(randomblob(32)))", "postgresql": "md5(random()::text) || md5(random()::text)"}


def fill(url: str, cameras: int) -> int:
    """Three years of that many cameras in an empty database: how many segments."""
    with database_of(url) as database:
        database.evidence.begin_recorder(Recorder(LIFE, "bench", BEGIN, BEGIN))
        database.evidence.begin_run(Run(RUN, "cam-0", LIFE, BEGIN))
    engine = sa.create_engine(url)
    kind = engine.dialect.name
    words = {"cameras": cameras, "minutes": MINUTES_A_DAY, "run": RUN, "named": NAMED[kind], "hash": HASH[kind]}
    begin_us = (BEGIN - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND
    for day in range(DAYS):
        of_day = {**words, "batch": f"batch-{day}", "begin": begin_us + day * EVERY_US}
        with engine.begin() as connection:
            for statement in (SEGMENTS, COPIES, OBSERVATIONS):
                connection.exec_driver_sql(statement.format(**of_day).replace("%", PERCENT[kind]))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return cameras * DAYS * MINUTES_A_DAY


@contextmanager
def database_of(url: str) -> Iterator[Database]:
    database = connect(url, NOTARY)
    try:
        yield database
    finally:
        database.close()


def looked_up(database: Database, cameras: int, rounds: int) -> list[float]:
    """Milliseconds of each look-up."""
    choice = np.random.default_rng(1)
    took = []
    for number in range(rounds + 20):
        camera = f"cam-{choice.integers(cameras)}"
        seconds = int(choice.integers(DAYS)) * EVERY_US // 10**6 + int(choice.integers(MINUTES_A_DAY * 60))
        at = BEGIN + timedelta(seconds=seconds, microseconds=int(choice.integers(1_000_000)))
        begun = time.perf_counter()
        (segment,) = database.evidence.segments(camera, Interval(at, at + MICROSECOND))
        (copy,) = database.evidence.copies([segment.key])[segment.key]
        if number >= 20:  # the first ones compile statements and open files
            took.append((time.perf_counter() - begun) * 1000)
        if at not in segment.interval or copy.place is not Place.S3:
            raise RuntimeError(f"{camera} at {at}: found {segment.key}")
    return took


def first_bytes(database: Database, folder: Path, rounds: int) -> list[float]:
    """Milliseconds from asking for a part of footage to its first byte, from the object store alone."""
    exam = hold_exam(database, folder / "spool")
    with SeaweedServer(folder / "s3", "bench-access", "bench-secret-0123456789") as server:
        objects = S3Objects(server.settings("bench-evidence"))
        archive = Archive(database.evidence, objects, exam.spool, lambda _: LOCKED_UNTIL, exam.clock)
        addresses = {}
        for room in ("A", "B"):
            for number in (1, 2, 3):
                addresses.update(_only_in_store(exam, archive, f"{room}-cam-{number}"))
        app = create_app(database, archive, load_rule_pack, exam.clock, None)
        with served(app) as address:
            headers = {"Cookie": f"{COOKIE}={TOKEN}", "Origin": address}
            with httpx.Client(base_url=address, headers=headers) as talking:
                parts = [
                    part
                    for camera in sorted(set(addresses.values()))
                    for part in footage_addresses(talking, exam, camera).values()
                ]
                choice = np.random.default_rng(2)
                return [_first_byte(talking, f"{choice.choice(parts)}/media.m4s") for _ in range(rounds)]


def _only_in_store(exam: Exam, archive: Archive, camera: str) -> dict[str, str]:
    """Bring a camera's files into the store and take them out of the spool; their keys, with the camera."""
    evidence = exam.database.evidence
    for segment in exam.segments(camera):
        standing = {copy.place: copy for copy in evidence.copies([segment.key])[segment.key]}
        stale = standing[Place.S3]
        evidence.tombstone_copy(segment.key, Place.S3, stale.target, exam.clock.now())
        archive.keep(segment)
        evidence.tombstone_copy(segment.key, Place.SPOOL, standing[Place.SPOOL].target, exam.clock.now())
        (exam.spool / segment.key).unlink()
    return {segment.key: camera for segment in exam.segments(camera)}


def _first_byte(talking: httpx.Client, address: str) -> float:
    begun = time.perf_counter()
    with talking.stream("GET", address) as answer:
        answer.raise_for_status()
        next(answer.iter_raw(1))
        return (time.perf_counter() - begun) * 1000


def measured(url: str, cameras: int, rounds: int, of_size: Callable[[], int]) -> dict[str, float]:
    """Of one database: milliseconds of look-ups, and what a row weighs."""
    begun = time.perf_counter()
    count = fill(url, cameras)
    filled_s = time.perf_counter() - begun
    with database_of(url) as database:
        took = looked_up(database, cameras, rounds)
    return {
        "segments": count,
        "filled_s": round(filled_s),
        "bytes_per_segment": round(of_size() / count),
        "ms": round(median(took), 3),
        "ms_p99": round(quantiles(took, n=100)[98], 3),
    }


def run(arguments: argparse.Namespace, folder: Path) -> None:
    line: dict[str, object] = {"bench": "lookup", "cameras": arguments.cameras, "rounds": arguments.rounds}
    file = folder / "kaojian.db"
    url = f"sqlite:///{file}"
    found = measured(url, arguments.cameras, arguments.rounds, lambda: file.stat().st_size)
    line |= {"segments": found.pop("segments"), "ms_sqlite": found.pop("ms")}
    line |= {f"{name}_sqlite": value for name, value in found.items()}
    with database_of(url) as database:
        first = first_bytes(database, folder, arguments.rounds)
    line |= {"ms_first_byte": round(median(first), 2), "ms_first_byte_p99": round(quantiles(first, n=100)[98], 2)}
    print(json.dumps(line), file=sys.stderr, flush=True)  # the other one takes as long again
    file.unlink()
    binaries = postgres_binaries()
    if binaries is not None:
        server = PostgresServer(binaries)
        try:
            server.create()
            found = measured(server.new_database(), arguments.cameras, arguments.rounds, server.size_bytes)
        finally:
            server.remove()
        found.pop("segments")
        line |= {"ms_postgres": found.pop("ms")} | {f"{name}_postgres": value for name, value in found.items()}
    print(json.dumps({**line, "goals": GOALS}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="How long it takes to find and to play any instant of three years")
    parser.add_argument("--cameras", type=int, default=135, help="each is 259,200 rows; 135 are a city's 35 million")
    parser.add_argument("--rounds", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kaojian-bench-", dir="/var/tmp") as folder:
        run(arguments, Path(folder))


if __name__ == "__main__":
    main()
