"""A site and a batch as YAML, to be bent by the tests of this room."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from domain.people import Actor, Door
from records.conduct import Disk

ACTOR = Actor("local:tester", Door.COMMAND_LINE)
ROOMY = Disk(Path("/spool"), free_bytes=1 << 40, reserve_bytes=1 << 30)
FULL = Disk(Path("/spool"), free_bytes=(1 << 30) - 1, reserve_bytes=1 << 30)
START = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)  # 09:00 in Shaoguan

SITE = """\
sites:
  - id: sg-001
    name: 韶关示范考场
    county: 浈江区
    rooms:
      - id: r301
        name: 301 试室
        stations: [A-01, A-02]
        cameras:
          - id: sg-001-c1
            url: rtsp://127.0.0.1:8554/stream
            secret: cam-c1
            panoramic: true
            sees: [A-01, A-02]
      - id: r302
        name: 302 试室
        stations: [B-01]
        cameras:
          - {id: sg-001-c2, url: "rtsp://127.0.0.1:8555/stream", transport: udp, panoramic: true, sees: [B-01]}
"""
BATCH = """\
batches:
  - id: 2026-0501
    site: sg-001
    project: 中式面点制作
    rule_pack: SG-2022-08-10
    sittings:
      - number: 1
        rooms: [r301]
        planned_start: 2026-05-01T09:00:00+08:00
        planned_end: 2026-05-01T10:30:00+08:00
      - number: 2
        rooms: [r301, r302]
        planned_start: 2026-05-01T11:00:00+08:00
        planned_end: 2026-05-01T12:00:00+08:00
        lead: 10m
        tail: 1m30s
"""
WHOLE = SITE + BATCH

PLAN = """\
        plan:
          outline: [[0, 0], [8, 0], [8, 6], [0, 6]]
          height: 3
          obstacles:
            - {id: 柱1, outline: [[4, 3], [4.5, 3], [4.5, 3.5], [4, 3.5]]}
            - {id: 台, outline: [[7, 3], [8, 3], [8, 4]], height: 0.9}
          stations:
            - {id: A-01, outline: [[1, 1], [2.4, 1], [2.4, 2.2], [1, 2.2]]}
            - {id: A-02, outline: [[5, 1.2], [6.4, 1.2], [6.4, 2.4], [5, 2.4]], from: 0.7, to: 1.5}
          doors: [{id: 南门, outline: [[3, 0], [4, 0], [4, 0.5], [3, 0.5]]}]
          paper_desks: [{id: 试卷台, outline: [[6, 0.5], [7, 0.5], [7, 1], [6, 1]]}]
          no_filming: [[[7, 5], [8, 5], [8, 6], [7, 6]]]
          cameras:
            - {id: sg-001-c1, at: [0, 0, 2.8], pan: 37, tilt: 25, width_of_view: 90, picture: [1920, 1080], k1: -0.05}
            - {id: sg-001-c9, at: [4, 5, 2.9], pan: 0, tilt: 90, roll: 5, width_of_view: 180, picture: [2000, 2000],
               lens: fisheye}
"""
SECOND = '          - {id: sg-001-c9, url: "rtsp://127.0.0.1:8556/stream"}\n'
PLANNED = WHOLE.replace("            sees: [A-01, A-02]\n", f"            sees: [A-01, A-02]\n{SECOND}{PLAN}", 1)
"""With a plan of the first room, and a second camera in it."""
