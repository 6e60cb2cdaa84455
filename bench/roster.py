"""What a roster of 50,000 candidates costs: taken in from XLSX and from CSV, beside a peer that only reads the file.

The peers are openpyxl's read-only mode and the csv module, which make text of the same file and nothing of the text;
each in a process of its own, in the same run. A run takes the roster into a fresh SQLite database, once more (which
changes nothing) and writes it again. Times are of wall and processor, the memory is the most that was resident above
what lay there before. Prints JSON lines and judges nothing.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl

from domain import resident_id
from domain.people import Actor, Door
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station
from records import roster, sheets
from storage.audit.notary import Notary
from storage.database import connect
from storage.id_numbers import IdNumbers
from storage.signing import Signer

CANDIDATES = 50_000
AT_ONCE = 500  # stations of the site, and so candidates of one sitting
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTOR = Actor("local:bench", Door.COMMAND_LINE)
PER_ROOM = 50


def site() -> Site:
    rooms = []
    for room in range(AT_ONCE // PER_ROOM):
        stations = tuple(Station(f"{room}-{number:02}") for number in range(PER_ROOM))
        cameras = (
            Camera(f"{room}-cam", "rtsp://127.0.0.1/live", tuple(each.id for each in stations), panoramic=True),
        )
        rooms.append(Room(f"r{room}", f"{room + 301} 考场", stations, cameras))
    return Site("bench", "基准考场", "浈江区", tuple(rooms))


def batch(candidates: int) -> Batch:
    held, plans = site(), []
    for number in range(-(-candidates // AT_ONCE)):
        begins = START + number * 2 * HOUR
        rooms = tuple(room.id for room in held.rooms)
        plans.append(
            SittingPlan(number + 1, rooms, begins, begins + HOUR, timedelta(minutes=5), timedelta(minutes=5))
        )
    return Batch("bench", held.id, "基准", "SG-2022-08-10", tuple(plans))


def rows(candidates: int) -> list[tuple[str, ...]]:
    """Made-up people of a region that does not exist, each with a seat."""
    found: list[tuple[str, ...]] = []
    for each in range(candidates):
        first = f"99{each // 1000:04}{1960 + each % 40}{1 + each % 12:02}{1 + each // 12 % 28:02}{each % 1000:03}"
        number = first + resident_id.check_digit(first)
        sitting, station = divmod(each, AT_ONCE)
        room, place = divmod(station, PER_ROOM)
        gender = "男" if int(first[16]) % 2 else "女"
        born = f"{first[6:10]}-{first[10:12]}-{first[12:14]}"
        found.append(
            (
                *(f"T{each:06}", f"考生{each:06}", "居民身份证", number, gender, born, "实操", "首次"),
                *(str(sitting + 1), f"r{room}", f"{room}-{place:02}"),
            )
        )
    return found


def read_alone(data: bytes) -> int:
    """The peer: every cell as it is, and nothing done with it."""
    if data.startswith(b"PK"):
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        return sum(1 for _ in book.worksheets[0].iter_rows(values_only=True))
    return sum(1 for _ in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _in_a_process(work: Callable[..., Any], *given: Any) -> Any:
    """What some work answers that a process of its own does, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def measured(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Seconds and MiB of some work, and what it answers."""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, processor = time.perf_counter(), time.process_time()
    made = work()
    took = {"s_wall": time.perf_counter() - wall, "s_processor": time.process_time() - processor}
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        **{name: round(value, 3) for name, value in took.items()},
        "mib": round((peak_kib - before_kib) / 1024),
    }, made


def peer(file: Path) -> dict[str, float]:
    data = file.read_bytes()
    told, _ = measured(lambda: read_alone(data))
    return told


def _seconds(told: dict[str, float]) -> float:
    return told["s_processor"]


def import_twice(file: Path, candidates: int) -> list[dict[str, float]]:
    """What it costs to take the roster in, again, and to write it."""
    data, numbers = file.read_bytes(), IdNumbers.new()
    with tempfile.TemporaryDirectory() as folder:
        database = connect(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", Notary(Signer.new(), Path(folder)))
        database.setup.apply_site(site(), ACTOR, START - 30 * 24 * HOUR)
        database.setup.apply_batch(batch(candidates), ACTOR, START - 30 * 24 * HOUR)

        def take_in() -> roster.Import:
            now = START - 24 * HOUR
            return roster.take_in(database, numbers, "bench", data, file.name, actor=ACTOR, now=now)

        first, done = measured(take_in)
        if (done.added, done.seats_added) != (candidates, candidates):
            raise AssertionError(f"{done.added} candidates and {done.seats_added} seats were taken in")
        again, done = measured(take_in)
        if done.changes:
            raise AssertionError("the same file changed something")

        def export() -> bytes:
            found = roster.rows(database, numbers, "bench", whole_numbers=True)
            headings = roster.ROSTER.headings
            return (
                sheets.as_workbook(headings, found, "x")
                if file.suffix == ".xlsx"
                else sheets.as_text(headings, found)
            )

        written, _ = measured(export)
        database.close()
    return [first, again, written]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    count = parser.parse_args(arguments).candidates
    with tempfile.TemporaryDirectory() as folder:
        made = rows(count)
        for ending in ("xlsx", "csv"):
            headings = roster.ROSTER.headings
            data = (
                sheets.as_workbook(headings, made, "花名册") if ending == "xlsx" else sheets.as_text(headings, made)
            )
            file = Path(folder) / f"roster.{ending}"
            file.write_bytes(data)
            alone = _in_a_process(peer, file)
            print(json.dumps({"bench": f"roster_peer_{ending}", "candidates": count, "bytes": len(data), **alone}))
            for what, told in zip(
                ("import", "again", "export"), _in_a_process(import_twice, file, count), strict=True
            ):
                ratio = round(_seconds(told) / _seconds(alone), 2)
                print(
                    json.dumps(
                        {"bench": f"roster_{what}_{ending}", "candidates": count, **told, "ratio_vs_peer": ratio}
                    )
                )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
