"""What a report costs: the verdict of 40 stations and 12 cameras, its candidates at the gate, its paper as PDF; in
processor time.

The verdict is made of rows in SQLite, one segment a minute with two copies and an observation, beside the peer, which
reads the same rows and makes nothing of them; for eight hours and for two, so that one sees whether it grows as the
time does. One candidate sits at each station; the peer of their cases is the verdict. The paper's peer is its HTML.
Prints JSON lines and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from analysis.expected import expectation_of
from analysis.ledgers import camera_ledger
from analysis.report import SittingReport, sitting_report
from config.rule_pack import RulePack
from config.rule_pack import load as load_rule_pack
from dashboard.papers.printing import as_html, as_pdf
from dashboard.papers.report import compose
from domain.evidence import Copy, EndReason, Observation, Place, Recorder, Run, Segment, SegmentState
from domain.people import Actor, Door
from domain.places import Batch, Camera, Room, Site, SittingPlan, Station
from domain.register import Draft
from domain.roll import CANDIDATES, SEATS, SIGN_INS, Candidate, Document, IdCheck, Seat, SignIn
from domain.timeline import Interval
from records.candidacies import cases, facts_of, record_of
from storage.audit.notary import Notary
from storage.database import Database, connect
from storage.signing import Signer

START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
STATIONS, CAMERAS, ROOMS = 40, 12, 4
LEAD, TAIL = timedelta(minutes=30), timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
ACTOR = Actor("local:bench", Door.COMMAND_LINE)
GOALS = {"s_verdict": 1.0, "s_pdf": 3.0}

T = TypeVar("T")


def site() -> Site:
    rooms = []
    for room in range(ROOMS):
        stations = tuple(Station(f"{room}-{number:02}") for number in range(STATIONS // ROOMS))
        names = [station.id for station in stations]
        views = (names, names[: len(names) // 2 + 1], names[len(names) // 2 :])
        cameras = tuple(
            Camera(f"{room}-cam-{number}", "rtsp://127.0.0.1/live", tuple(seen), panoramic=number == 0)
            for number, seen in enumerate(views[: CAMERAS // ROOMS])
        )
        rooms.append(Room(str(room), f"{room + 301} 考场", stations, cameras))
    return Site("bench", "基准考场", "浈江区", tuple(rooms))


def record(database: Database, hours: int, pack: RulePack) -> datetime:
    """Write down a sitting of so many hours in which nothing was missed; the instant after it."""
    held, setup, evidence = site(), database.setup, database.evidence
    before, end = START - timedelta(days=1), START + timedelta(hours=hours)
    setup.apply_site(held, ACTOR, before)
    plan = SittingPlan(1, tuple(room.id for room in held.rooms), START, end, LEAD, TAIL)
    setup.apply_batch(Batch("bench", held.id, "基准", pack.id, (plan,)), ACTOR, before)
    planned = setup.valid("bench", 1, START)
    setup.open_sitting("bench", 1, START, START, expected=(planned, expectation_of(planned, pack)))
    setup.close_sitting("bench", 1, end, end)
    window = Interval(START - LEAD - MINUTE, end + TAIL + MINUTE)
    evidence.begin_recorder(Recorder("life", "bench", window.start, window.end))
    for camera in (camera for room in held.rooms for camera in room.cameras):
        evidence.begin_run(Run(camera.id, camera.id, "life", window.start))
        at = window.start
        while at < window.end:
            _minute(database, camera.id, at)
            at += MINUTE
        evidence.end_run(camera.id, window.end, EndReason.NOT_NEEDED)
    evidence.end_recorder("life", window.end)
    return window.end + timedelta(hours=1)


def _minute(database: Database, camera: str, at: datetime) -> None:
    key, size_bytes, digest = f"bench/bench/{camera}/{at:%Y%m%dT%H%M%S.%fZ}.mp4", 30_000_000, "ab" * 32
    span = Interval(at, at + MINUTE)
    segment = Segment(
        key, camera, "bench", camera, span, 1500, size_bytes, digest, 800, "avc1", 1920, 1080, 0, 0.01, 0.1
    )
    first = Copy(key, Place.SPOOL, "/spool", span.end, size_bytes, digest, device="bench:8:1")
    until = datetime(2029, 5, 1, 16, 0, tzinfo=UTC)
    stored = Copy(key, Place.S3, "bench", span.end, size_bytes, digest, "v1", until, device="s3:9000")
    database.evidence.add_segment(segment, first)
    database.evidence.add_copy(stored)
    database.evidence.add_observation(Observation(key, span.end, SegmentState.OK, 1500))


def timed(make: Callable[[], T], rounds: int) -> tuple[float, T]:
    """The median processor time of some rounds, and what the last one made."""
    took = []
    for _ in range(rounds):
        begun = time.process_time()
        made = make()
        took.append(time.process_time() - begun)
    return median(took), made


def enrol(database: Database) -> None:
    """One candidate at each station, who signed in."""
    drafts: list[Draft[Any]] = []
    for room in site().rooms:
        for station in room.stations:
            ticket = f"T{station.id}"
            person = Candidate("bench", ticket, "考生", Document.RESIDENT_ID, "", ("实操",))
            seat = Seat("bench", ticket, 1, room.id, station.id, "实操")
            signed = SignIn("bench", 1, ticket, True, START, IdCheck.CARD, "签到处", room.id, station.id)
            values = ((CANDIDATES, person), (SEATS, seat), (SIGN_INS, signed))
            drafts += [Draft(kind, f"bench/{ticket}", value, "bench", mark=ticket) for kind, value in values]
    database.register.enter("bench", "bench", drafts, ACTOR, START)


def verdict(hours: int, rounds: int, pack: RulePack) -> tuple[float, float, float, SittingReport]:
    """Seconds of the verdict, of reading its rows alone, and of what the gate costs beside the facts of the verdict;
    and the report.
    """
    with tempfile.TemporaryDirectory() as folder:
        notary = Notary(Signer.kept(Path(folder) / "key"), Path(folder))
        database = connect(f"sqlite:///{Path(folder) / 'bench.sqlite3'}", notary)
        now = record(database, hours, pack)
        window = Interval(START - LEAD, START + timedelta(hours=hours) + TAIL)
        cameras = [camera.id for room in site().rooms for camera in room.cameras]
        rows_s, _ = timed(lambda: [camera_ledger(database.evidence, each, window) for each in cameras], rounds)
        verdict_s, report = timed(lambda: sitting_report(database, "bench", 1, pack, now), rounds)
        enrol(database)
        known = record_of(database, "bench", now)
        facts = facts_of(database, known, pack, now)
        gate_s, found = timed(lambda: cases(record_of(database, "bench", now), facts, pack), rounds)
        if len(found) != STATIONS:
            raise SystemExit(f"{len(found)} cases of {STATIONS} candidates")
        database.close()
    return verdict_s, rows_s, gate_s, report


def _made_later(report: SittingReport, number: int) -> SittingReport:
    """Another paper each time, since typst remembers what it has set."""
    return replace(report, made=report.made + number * MINUTE, batch=f"{report.batch}-{number}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(arguments).rounds
    pack = load_rule_pack("SG-2022-08-10")
    short_s, *_ = verdict(2, rounds, pack)
    verdict_s, rows_s, gate_s, report = verdict(8, rounds, pack)
    told = {
        "s_verdict": round(verdict_s, 3),
        "s_rows": round(rows_s, 3),
        "ratio_vs_rows": round(verdict_s / rows_s, 2),
        "ratio_8_h_vs_2_h": round(verdict_s / short_s, 2),
        "verdict": report.verdict.value,
    }
    print(json.dumps({"bench": "verdict", "stations": STATIONS, "cameras": CAMERAS, **told}))
    told = {"s_gate": round(gate_s, 3), "ratio_vs_verdict": round(gate_s / verdict_s, 2)}
    print(json.dumps({"bench": "gate", "candidates": STATIONS, **told}))
    papers = [compose(_made_later(report, number), rule_pack=pack, site=site()) for number in range(2 * rounds + 1)]
    as_pdf(papers.pop())  # fonts are read once in the life of a process
    pdf_s, printed = timed(lambda: as_pdf(papers.pop()), rounds)
    html_s, _ = timed(lambda: as_html(papers.pop()), rounds)
    told = {"s_pdf": round(pdf_s, 3), "s_html": round(html_s, 3), "ratio_vs_html": round(pdf_s / html_s, 1)}
    print(json.dumps({"bench": "pdf", **told, "bytes": len(printed), "goals": GOALS}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
