"""A whole exam in a database and a spool: two rooms, six stations, six cameras, real footage, two faults.

The window is 80 s; camera A-cam-1 is gone for 8 s (station A01 has no other), camera B-cam-2 is silent for 6 s
(station B02 has another, B-cam-3). Footage is 720p at 15 fps, coded by libx264, one file per 10 s.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext

from analysis.expected import expectation_of
from config.rule_pack import load as load_rule_pack
from domain.evidence import (
    TRIALS,
    Cause,
    Copy,
    EndReason,
    Observation,
    Outage,
    Place,
    Recorder,
    Run,
    Segment,
    SegmentState,
)
from domain.host_clock import HostClock
from domain.people import Account, Actor, Door, Reach, Role, Scope
from domain.places import Batch, Camera, Nvr, Room, Site, SittingPlan, Station
from domain.timeline import Interval
from storage.archive import Archive
from storage.database import Database
from storage.media import TIMESCALE, Ledger, Sample, VideoFormat, fragment, init_segment
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock
from tests.fakes.witnesses import KEPT
from tests.storage.coded_video import split

FPS = 15
CLIP_S = 12
SEGMENT_S = 10
START = datetime.fromisoformat("2026-05-01T09:00:00+08:00")
LEAD = timedelta(seconds=10)
EXAM = timedelta(seconds=60)
TAIL = timedelta(seconds=10)
WINDOW = Interval(START - LEAD, START + EXAM + TAIL)
LOCKED_UNTIL = datetime.fromisoformat("2029-05-02T00:00:00+08:00")
BATCH = "SG-2026-0501"
PACK = load_rule_pack("SG-2022-08-10")
TESTER = Actor("local:tester", Door.COMMAND_LINE)
TOKEN = "held by the supervisor of the city"

UNPLUGGED = Interval(START + timedelta(seconds=20), START + timedelta(seconds=28))
SILENT = Interval(START + timedelta(seconds=40), START + timedelta(seconds=46))


def camera(name: str, *sees: str, panoramic: bool = False) -> Camera:
    """Those of room B are channels of one NVR."""
    nvr, channel = ("nvr-B", int(name[-1])) if name.startswith("B") else (None, None)
    url = f"rtsp://127.0.0.1:8554/{name}"
    return Camera(name, url, sees, "cameras", panoramic=panoramic, nvr=nvr, channel=channel)


SITE = Site(
    "sg-001",
    "韶关市技师学院定点考场",
    "浈江区",
    (
        Room(
            "A",
            "中式面点一号考场",
            (Station("A01"), Station("A02"), Station("A03")),
            (camera("A-cam-1", "A01"), camera("A-cam-2", "A02"), camera("A-cam-3", "A02", "A03", panoramic=True)),
        ),
        Room(
            "B",
            "中式面点二号考场",
            (Station("B01"), Station("B02"), Station("B03")),
            (camera("B-cam-1", "B01"), camera("B-cam-2", "B02"), camera("B-cam-3", "B02", "B03", panoramic=True)),
        ),
    ),
    (Nvr("nvr-B", "rtsp://127.0.0.1:8554"),),
)


def plan(number: int, start: datetime) -> SittingPlan:
    return SittingPlan(number, ("A", "B"), start, start + EXAM, LEAD, TAIL)


@dataclass(eq=False)
class Exam:
    """What the dashboard is put over."""

    database: Database
    archive: Archive
    clock: FakeClock
    spool: Path
    objects: MemoryObjects

    def segments(self, camera: str) -> list[Segment]:
        return self.database.evidence.segments(camera, WINDOW)


def plan_exam(database: Database, spool: Path) -> Exam:
    """Set up what an exam wants, of which nothing was held yet; the clock stands after it."""
    clock = FakeClock(WINDOW.end + timedelta(minutes=5))
    objects = MemoryObjects(clock=clock)
    archive = Archive(database.evidence, objects, spool, lambda _: LOCKED_UNTIL, clock)
    before = WINDOW.start - timedelta(days=1)
    database.setup.apply_site(SITE, TESTER, before)
    sittings = (plan(1, START), plan(2, START + timedelta(hours=2)))
    database.setup.apply_batch(Batch(BATCH, SITE.id, "中式面点制作", PACK.id, sittings), TESTER, before)
    return Exam(database, archive, clock, spool, objects)


def hold_exam(database: Database, spool: Path, *, closed: bool = True) -> Exam:
    """Write a sitting as the recorder, the archive and the analysis would have, and one that is still planned.

    Not closed: the clock stands in the middle of the exam and nothing later was recorded.
    """
    exam = plan_exam(database, spool)
    set_up, clock = database.setup, exam.clock
    planned = set_up.valid(BATCH, 1, START)
    set_up.open_sitting(BATCH, 1, START, START, expected=(planned, expectation_of(planned, PACK)))
    until = WINDOW.end + timedelta(seconds=2)
    if closed:
        set_up.close_sitting(BATCH, 1, START + EXAM, START + EXAM)
    else:
        until = START + timedelta(seconds=30)
        clock.step((until + timedelta(seconds=1) - clock.now()).total_seconds())
    log_in(exam, Account("supervisor", Role.CITY_SUPERVISOR, Scope(Reach.CITY), clock.now(), False), TOKEN)
    begun = WINDOW.start - timedelta(minutes=1)
    database.evidence.begin_recorder(Recorder("recorder-1", "exam-host", begun, until, reads_clock=True))
    for at in (begun + timedelta(minutes=minute) for minute in range(3)):
        if at <= until:
            database.evidence.add_clock_reading(HostClock("recorder-1", at, KEPT))
    for room in SITE.rooms:
        for each in room.cameras:
            _record(exam, each.id, until, closed)
    if closed:
        database.evidence.end_recorder("recorder-1", until)
    else:
        database.evidence.heartbeat("recorder-1", clock.now())
    return exam


def log_in(exam: Exam, account: Account, token: str) -> None:
    """An account whose password nobody has, and a session of it that ``token`` opens."""
    exam.database.accounts.add(account, "no hash")
    exam.database.accounts.succeed(account.name, hashlib.sha256(token.encode()).hexdigest(), exam.clock.now())


def _record(exam: Exam, name: str, until: datetime, closed: bool) -> None:
    """The runs of one camera around its fault, if it has one."""
    fault = {"A-cam-1": (UNPLUGGED, Cause.CAMERA_DISCONNECTED), "B-cam-2": (SILENT, Cause.NO_DATA)}.get(name)
    begin = WINDOW.start - timedelta(seconds=2)
    spans = [(begin, until)]
    if fault is not None and fault[0].end < until:
        gap, cause = fault
        spans = [(begin, gap.start), (gap.end, until)]
        exam.database.evidence.open_outage(
            Outage(f"outage-{name}", name, gap.start, gap.end, cause, recorder="recorder-1")
        )
    for number, (start, end) in enumerate(spans):
        run = f"run-{name}-{number}"
        exam.database.evidence.begin_run(Run(run, name, "recorder-1", start))
        _record_run(exam, name, run, Interval(start, end))
        lasts = not closed and number == len(spans) - 1
        if not lasts:
            exam.database.evidence.end_run(run, end, EndReason.CAMERA_DISCONNECTED)


def _record_run(exam: Exam, name: str, run: str, span: Interval) -> None:
    start = span.start
    while start < span.end:
        end = min(start + timedelta(seconds=SEGMENT_S), span.end)
        add_segment(exam, name, run, Interval(start, end))
        start = end


def add_segment(exam: Exam, camera: str, run: str, span: Interval, *, name: str = "", batch: str = BATCH) -> Segment:
    """One file with its rows: kept in both places, opened, found whole. ``name`` ends the key of a named recorder."""
    data, head_size, video = file_bytes(camera, span)
    segment = Segment(
        key=f"{SITE.id}/{batch}/{camera}/{span.start:%Y%m%dT%H%M%S.%fZ}{name}.mp4",
        camera=camera,
        batch=batch,
        run=run,
        interval=span,
        frames=round(span.seconds * FPS),
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        init_size_bytes=head_size,
        codec=video.codec_string,
        width=video.width,
        height=video.height,
        lost_packets=0,
        delayed_s=0.021,
        clock_offset_s=0.4,
    )
    path = exam.spool / segment.key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    copy = Copy(segment.key, Place.SPOOL, str(exam.spool), span.end, segment.size_bytes, segment.sha256)
    exam.database.evidence.add_segment(segment, copy)
    if batch != TRIALS:
        exam.archive.keep(segment)
    exam.database.evidence.add_observation(Observation(segment.key, span.end, SegmentState.OK, segment.frames))
    return segment


def file_bytes(name: str, span: Interval) -> tuple[bytes, int, VideoFormat]:
    """A file of whole seconds as the recorder writes it, and the length of its head: a fragment per second."""
    units, video = clip(ord(name[0]) + int(name[-1]) * 37)
    head = init_segment(video)
    first_second = int((span.start - WINDOW.start).total_seconds()) % CLIP_S
    seconds = itertools.islice(itertools.cycle(range(CLIP_S)), first_second, first_second + round(span.seconds))
    parts = [head]
    for number, second in enumerate(seconds):
        samples = [
            Sample(unit, TIMESCALE // FPS, key=index == 0)
            for index, unit in enumerate(units[second * FPS : (second + 1) * FPS])
        ]
        captured = span.start + timedelta(seconds=number)
        parts.append(fragment(number + 1, number * TIMESCALE, samples, captured, Ledger(0, 0.021, 0.4)))
    return b"".join(parts), len(head), video


@lru_cache(maxsize=8)
def clip(hue: int) -> tuple[tuple[tuple[bytes, ...], ...], VideoFormat]:
    """Twelve seconds of a worktop with something that moves: 720p, a key frame each second."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 1280, 720, "yuv420p"
    encoder.framerate, encoder.time_base, encoder.gop_size = Fraction(FPS), Fraction(1, FPS), FPS
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "threads": "1", "sc_threshold": "0", "crf": "32"}
    ground = np.full((720, 1280, 3), (60 + hue % 90, 90, 110), np.uint8)
    cv2.rectangle(ground, (160, 300), (1120, 640), (170, 160, 140), -1)
    packets = []
    for number in range(CLIP_S * FPS):
        picture = ground.copy()
        cv2.circle(picture, (240 + number * 5 % 800, 470), 60, (230, 220, 190), -1)
        cv2.putText(
            picture, f"{number // FPS:02d}.{number % FPS:02d}", (60, 140), cv2.FONT_HERSHEY_SIMPLEX, 4, (255,) * 3, 8
        )
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420), np.uint8)  # a tenth of libav's own time
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    units = tuple(split(bytes(packet)) for packet in packets)
    found = {nal[0] & 0x1F: nal for nal in units[0]}
    return units, VideoFormat.from_h264(found[7], found[8])


def lose(exam: Exam, segment: Segment) -> None:
    """Somebody removed the file, and the analysis has noticed; the object store never had it."""
    (exam.spool / segment.key).unlink()
    found = exam.database.evidence.observations([segment.key])[segment.key]
    gone = replace(found, made=found.made + timedelta(seconds=1), state=SegmentState.MISSING, frames_decoded=0)
    exam.database.evidence.add_observation(gone)
