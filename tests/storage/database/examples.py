"""Facts to store: a recorder, a run, segments, copies, a site and a batch with plain values. Not tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.evidence import Copy, Place, Recorder, Run, Segment
from domain.people import Actor, Door
from domain.places import Batch, Camera, Engine, Room, Site, SittingPlan, Station, Transport
from domain.timeline import Interval
from storage.database import Database

NINE = datetime(2026, 5, 1, 1, 0, 0, 123457, tzinfo=UTC)
ACTOR = Actor("local:exam", Door.COMMAND_LINE, on_behalf_of="site-1")
RECORDER = Recorder("recorder-1", "host-1", NINE, NINE)


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def span(start_s: float, end_s: float) -> Interval:
    return Interval(after(start_s), after(end_s))


def run(run_id: str = "run-1", camera: str = "cam-1", start_s: float = 0) -> Run:
    return Run(run_id, camera, RECORDER.id, after(start_s))


def segment(start_s: float, end_s: float, camera: str = "cam-1", run_id: str = "run-1") -> Segment:
    return Segment(
        key=f"site-1/batch-1/{camera}/{after(start_s):%Y%m%dT%H%M%S%f}Z.mp4",
        camera=camera,
        batch="batch-1",
        run=run_id,
        interval=span(start_s, end_s),
        frames=900,
        size_bytes=7_654_321_098,
        sha256="ab" * 32,
        init_size_bytes=701,
        codec="avc1.42c01f",
        width=1280,
        height=720,
        lost_packets=3,
        delayed_s=0.1 + 0.2,
        clock_offset_s=-1.25,
    )


def copy(of: Segment, place: Place = Place.SPOOL, target: str = "/spool", **also: object) -> Copy:
    told: dict[str, object] = {"verified": of.interval.end, "size_bytes": of.size_bytes, "sha256": of.sha256}
    return Copy(of.key, place, target, **(told | also))  # type: ignore[arg-type]


def begin(database: Database, *runs: Run) -> None:
    """Write the recorder and the runs that segments refer to."""
    database.evidence.begin_recorder(RECORDER)
    for one in runs or (run(),):
        database.evidence.begin_run(one)


def store(database: Database, *segments: Segment) -> None:
    for one in segments:
        database.evidence.add_segment(one, copy(one))


def site(site_id: str = "site-1", camera: str = "cam-1", name: str = "韶关市第一考点") -> Site:
    stations = (Station("A1"), Station("A2"))
    side = Camera(f"{camera}-side", "rtsp://10.0.0.2/side", ("A2",), None, Transport.UDP)
    front = Camera(camera, "rtsp://10.0.0.1/main", ("A1", "A2"), "front", Transport.TCP, True, engine=Engine.LIBAV)
    return Site(site_id, name, "浈江区", (Room("room-1", "第一试室", stations, (front, side)),))


def batch(batch_id: str = "batch-1", site_id: str = "site-1", project: str = "中式烹调", numbers: int = 2) -> Batch:
    plans = tuple(
        SittingPlan(
            number=number,
            rooms=("room-1",),
            planned_start=after(number * 7200),
            planned_end=after(number * 7200 + 3600),
            lead=timedelta(minutes=30),
            tail=timedelta(minutes=10, microseconds=1),
        )
        for number in range(1, numbers + 1)
    )
    return Batch(batch_id, site_id, project, "SG-2022-08-10", plans)
