"""Examples of what the API answers of sittings and cameras: what is promised, recorded, checked, and stands now."""

from __future__ import annotations

from typing import Any

from dashboard.api.examples_asked import ASKED

_BATCH, _PROJECT, _PACK = "2026-0501", "中式面点制作", "SG-2022-08-10"
_SITE, _SITE_NAME, _COUNTY = "sg-001", "韶关示范考场", "浈江区"
_ROOM, _ROOM_NAME, _STATION, _CAMERA = "r301", "301 考场", "A-01", "sg-001-c1"
_PLACE: Any = {"site": _SITE, "site_name": _SITE_NAME}
_NOW = "2026-05-01T01:10:00.000Z"

_TIMES: Any = {
    "number": 1,
    "state": "open",
    "planned_start": "2026-05-01T01:00:00.000Z",
    "planned_end": "2026-05-01T02:30:00.000Z",
    "actual_start": "2026-05-01T01:00:00.000Z",
    "actual_end": None,
}
_CLOSED: Any = {**_TIMES, "state": "closed", "actual_end": "2026-05-01T02:30:00.000Z"}

_LOST: Any = {"start": "2026-05-01T01:20:00.000Z", "end": "2026-05-01T01:20:08.000Z", "seconds": 8.0}
_CAUSE = "camera_disconnected"
_CLAUSE: Any = {
    "id": "C6.2-3",
    "verdict": "fail",
    "zh": "工位A-01自2026-05-01 09:20:00.000至09:20:08.000断档8秒（摄像机断线），超出容许值。",
    "en": "Gap of 8 s at station A-01 from 2026-05-01 09:20:00.000 to 09:20:08.000 (camera disconnected), "
    "beyond the tolerance.",
}
_VIEW: Any = {"camera": _CAMERA, "px_per_m": 152.0, "share": 1.0, "least_width": 1920}

REPORT: Any = {
    "batch": _BATCH,
    "sitting": 1,
    "site": _SITE,
    "project": _PROJECT,
    "rule_pack": _PACK,
    "made": "2026-05-01T02:50:00.000Z",
    "settled_until": "2026-05-01T02:45:00.000Z",
    "opened": _CLOSED["actual_start"],
    "closed": _CLOSED["actual_end"],
    "window": {"start": "2026-05-01T00:30:00.000Z", "end": "2026-05-01T02:45:00.000Z"},
    "phases": [{"id": "W2", "start": "2026-05-01T01:00:00.000Z", "end": "2026-05-01T02:30:00.000Z"}],
    "verdict": "fail",
    "stations": [
        {
            "station": _STATION,
            "room": _ROOM,
            "verdict": "fail",
            "covered_s": 8092.0,
            "gaps": [{**_LOST, "cause": _CAUSE, "cameras": [{"camera": _CAMERA, "cause": _CAUSE}]}],
            "unusable": [],
            "unverified": [],
            "compared": [_CAMERA],
        }
    ],
    "cameras": [
        {
            "camera": _CAMERA,
            "room": _ROOM,
            "recorded_s": 8092.0,
            "frames": 202_300,
            "lost_packets": 0,
            "delayed_s": 0.021,
            "clock_offset_s": 0.4,
            "clock_drift_ppm": None,
            "clock_drift_error_ppm": None,
            "gaps": [{**_LOST, "cause": _CAUSE, "recorders": [{"recorder": "exam-host", "cause": _CAUSE}]}],
            "backed_up_s": 8092.0,
            "backup_lag_s": 4.0,
            "recorders": [{"recorder": "exam-host", "recorded_s": 8092.0}],
            "sources": [
                {"recorder": "exam-host", "start": "2026-05-01T00:30:00.000Z", "end": _LOST["start"]},
                {"recorder": "exam-host", "start": _LOST["end"], "end": "2026-05-01T02:45:00.000Z"},
            ],
            "sizes": [{"width": 1920, "height": 1080}],
            "frame_rate": 25.0,
            "faults": [],
            "unverified": [],
            "reference": "2026-04-21T02:00:00.000Z",
        }
    ],
    "clauses": [_CLAUSE],
    "backup": {
        "copies": 2,
        "recorded_s": 8092.0,
        "backed_up_s": 8092.0,
        "greatest_lag_s": 4.0,
        "camera": _CAMERA,
    },
    "host_clocks": [
        {
            "host": "exam-host",
            "synchronised": True,
            "state": "synchronised",
            "by": "ntp",
            "error_s": 0.02,
            "readings": 135,
            "unproven_s": 0.0,
            "in_doubt_s": 0.0,
        }
    ],
    "nvrs": [],
    "segments_root": "3b" * 32,
    "copies": [
        {
            "place": "s3",
            "target": "kaojian",
            "device": "10.20.0.3:9000",
            "files": 136,
            "of": 136,
            "size_bytes": 4_046_000_000,
            "locked_until": "2029-05-01T16:00:00.000Z",
        }
    ],
    "expected": {
        "sha256": "8a" * 32,
        "frozen": _CLOSED["actual_start"],
        "intact": True,
        "changed": [],
        "scale": "EN 62676-4:2014",
        "places": [
            {
                "target": "station",
                "id": _STATION,
                "room": _ROOM,
                "verdict": "fail",
                "level": "recognise",
                "px_per_m": 125.0,
                "phases": ["W2"],
                "basis": "plan",
                "cameras": [_VIEW],
                "lack": None,
                "best": _VIEW,
                "times": [],
                "unseen": [_LOST],
                "unverified": [],
            }
        ],
        "rooms": [
            {
                "room": _ROOM,
                "drawn": True,
                "level": "detect",
                "px_per_m": 25.0,
                "needed_share": 0.95,
                "floor_share": 0.988,
                "blind_m2": 0.4,
                "stations_not_drawn": [],
                "cameras_not_drawn": [],
            }
        ],
    },
    "plan_cover": {
        "code": 1,
        "standing": "go",
        "rooms": [{"room": _ROOM, "code": 1}],
        "signed": "2026-05-01T00:20:00.000Z",
        "signer": "account:operator-3",
        "reason": "",
        "digest": "5d" * 32,
    },
    "save_cover": {"code": -2, "rooms": [{"room": _ROOM, "code": -2}]},
    "marks": [
        {
            "mark": "opened",
            "at": "2026-05-01T00:55:00.000Z",
            "by": "account:operator-3",
            "written": "2026-05-01T00:55:04.000Z",
            "reason": "",
            "earlier": 0,
            "after": [],
        }
    ],
}

READINESS: Any = {
    "batch": _BATCH,
    "sitting": 1,
    "site": _SITE,
    "site_sha256": "5d" * 32,
    "made": "2026-05-01T00:20:00.000Z",
    "trial": {"number": 1, "start": "2026-05-01T00:10:00.000Z", "end": "2026-05-01T00:12:00.000Z"},
    "go": True,
    "code": 1,
    "code_zh": "已完全覆盖",
    "code_en": "fully covered",
    "rooms": [
        {
            "room": _ROOM,
            "code": 1,
            "code_zh": "已完全覆盖",
            "code_en": "fully covered",
            "checks": [
                {
                    "item": "plan",
                    "room": _ROOM,
                    "subject": "",
                    "verdict": "pass",
                    "zh": "3 台摄像机已列入录像计划，3 个工位均有登记",
                    "en": "planned to be recorded: cameras 3; every station (3) is registered with one",
                    "do_zh": "",
                    "do_en": "",
                }
            ],
        }
    ],
    "checks": [],
    "signed": None,
}
_SIGNED: Any = {
    **READINESS,
    "signed": {
        "number": 1,
        "at": "2026-05-01T00:20:00.000Z",
        "signer": "account:operator-3",
        "digest": "5d" * 32,
        "go": True,
        "reason": None,
        "good_until": "2026-05-02T00:20:00.000Z",
        "standing": "go",
    },
}

_REFERENCE: Any = {
    "id": "2026-04-21T02:00:00.000Z",
    "valid_from": "2026-04-21T02:00:00.000Z",
    "start": "2026-04-21T01:50:00.000Z",
    "end": "2026-04-21T01:52:00.000Z",
    "files": 2,
    "by": "account:wu",
    "current": True,
}

_DRAWN: Any = {
    "plan": ASKED["survey_plan"]["plan"],
    "survey": {
        "site": _SITE,
        "room": _ROOM,
        "rule_pack": _PACK,
        "scale": "EN 62676-4:2014",
        "step_m": 0.05,
        "needs": {"station": {"level": "recognise", "px_per_m": 125.0}},
        "covers": True,
        "short": [],
        "seen_share": 0.95,
        "floor_share": 0.988,
        "floor_share_needed": 0.95,
        "places": [
            {
                "target": "station",
                "id": _STATION,
                "needs": {"level": "recognise", "px_per_m": 125.0},
                "camera": _CAMERA,
                "share_together": 1.0,
                "shortfall": None,
                "views": [{"camera": _CAMERA, "share": 1.0, "px_per_m": 152.0, "level": "recognise"}],
            }
        ],
        "floors": [
            {
                "height_m": 1.2,
                "floor_m2": 46.4,
                "seen_m2": 45.8,
                "seen_twice_m2": 21.0,
                "enough_m2": 45.8,
                "blind_m2": 0.6,
                "median_px_per_m": 210.0,
                "blind": [
                    {
                        "area_m2": 0.6,
                        "place": [5.6, 3.6],
                        "outline": [[5.4, 3.4], [6.2, 3.6], [5.6, 4.1]],
                        "holes": [],
                    }
                ],
            }
        ],
        "no_filming_shown": [],
        "disagreements": [],
        "stations_not_drawn": [],
        "cameras_not_drawn": [],
    },
    "svg": "<svg ... />",
}

_WITHHOLDING: Any = {
    "number": 1,
    "camera": _CAMERA,
    "start": "2026-05-01T01:00:00.000Z",
    "until": None,
    "state": "undecided",
    "at": "2026-05-01T01:10:00.000Z",
    "who": "account:li",
    "reason": "屏风移开后拍到更衣区",
    "decisions": [],
    "files": 10,
    "stored": 2,
    "locked_until": "2029-05-01T16:00:00.000Z",
    "batches": [_BATCH],
    "closed": [],
}
_ENDED: Any = {**_WITHHOLDING, "until": "2026-05-01T01:12:00.000Z"}


def _found(state: str, what: str, reason: str) -> Any:
    made = {
        "what": what,
        "at": "2026-05-01T02:00:00.000Z",
        "who": "account:wu",
        "role": "city_supervisor",
        "reason": reason,
    }
    return {**_ENDED, "state": state, "decisions": [made]}


_ALARM: Any = {
    "kind": "camera_lost",
    "site": _SITE,
    "since": "2026-05-01T01:09:00.000Z",
    "rooms": [_ROOM],
    "stations": [_STATION],
    "cameras": [_CAMERA],
    "batch": _BATCH,
    "sitting": 1,
    "zh": "【考鉴】摄像机失联（发生）：sg-001-c1；韶关示范考场 301 考场，工位 A-01",
    "en": "[Kaojian] camera lost (began): sg-001-c1; 韶关示范考场 301 考场, station A-01",
}

ANSWERS: dict[str, Any] = {
    "health": {"status": "ok", "at": _NOW},
    "batches": [
        {
            "id": _BATCH,
            "project": _PROJECT,
            "rule_pack": _PACK,
            **_PLACE,
            "county": _COUNTY,
            "signed": None,
            "sittings": [{**_CLOSED, "verdict": "fail"}],
        }
    ],
    "schedule": [
        {
            "id": _BATCH,
            "project": _PROJECT,
            "site_name": _SITE_NAME,
            "county": _COUNTY,
            "sittings": [{**_TIMES, "rooms": [_ROOM_NAME]}],
        }
    ],
    "sitting": {
        "batch": _BATCH,
        "project": _PROJECT,
        "rule_pack": _PACK,
        **_PLACE,
        "county": _COUNTY,
        "sitting": _CLOSED,
        "rooms": [
            {
                "id": _ROOM,
                "name": _ROOM_NAME,
                "stations": [_STATION],
                "cameras": [{"id": _CAMERA, "sees": [_STATION], "panoramic": True}],
            }
        ],
    },
    "report": REPORT,
    "whole_report": {
        "batch": _BATCH,
        "site": _SITE,
        "project": _PROJECT,
        "rule_pack": _PACK,
        "made": REPORT["made"],
        "verdict": "fail",
        "sittings": [REPORT],
    },
    "mark_sitting": {
        "mark": "opened",
        "at": "2026-05-01T00:55:00.000Z",
        "by": "account:operator-3",
        "written": "2026-05-01T00:55:04.000Z",
        "reason": "",
        "warnings": [],
    },
    "readiness": READINESS,
    "confirm_readiness": READINESS,
    "sign_readiness": _SIGNED,
    "order_trial": {**READINESS["trial"]},
    "situation_now": {
        "at": _NOW,
        "watched": True,
        "looked": _NOW,
        "alarms": [_ALARM],
        "counties": [
            {
                "county": _COUNTY,
                "sites": [
                    {
                        **_PLACE,
                        "sittings": [
                            {
                                **_TIMES,
                                "batch": _BATCH,
                                "project": _PROJECT,
                                "rooms": [_ROOM],
                                "seated": 30,
                                "present": 28,
                                "absent": 2,
                            }
                        ],
                        "rooms": [
                            {
                                "id": _ROOM,
                                "name": _ROOM_NAME,
                                "stations": 3,
                                "cameras": {"recording": 2, "out": 1, "idle": 0},
                                "held": {"batch": _BATCH, "number": 1},
                            }
                        ],
                    }
                ],
            }
        ],
    },
    "status": {
        "at": _NOW,
        "recorders": [
            {
                "id": "recorder-1",
                "host": "exam-host",
                "started": "2026-05-01T00:00:00.000Z",
                "seen": _NOW,
                "ended": None,
                "alive": True,
            }
        ],
        "cameras": [
            {
                "camera": _CAMERA,
                **_PLACE,
                "room": _ROOM,
                "room_name": _ROOM_NAME,
                "sees": [_STATION],
                "nvr": None,
                "channel": None,
                "state": "outage",
                "last_frame": "2026-05-01T01:08:58.000Z",
                "clock_offset_s": 0.4,
                "outage": {"cause": _CAUSE, "start": "2026-05-01T01:09:00.000Z", "detail": "connection reset"},
                "connection": {
                    "state": "lost",
                    "since": "2026-05-01T01:09:02.000Z",
                    "detail": "connection reset",
                    "changes": 2,
                },
            }
        ],
        "nvrs": [],
        "host_clocks": [
            {
                "host": "exam-host",
                "at": "2026-05-01T01:09:30.000Z",
                "state": "synchronised",
                "synchronised": True,
                "by": "ntp",
                "offset_s": 0.001,
                "error_s": 0.02,
            }
        ],
        "webhooks": [{"name": "duty", "waiting": 0, "parked": 0, "failing_since": None, "reason": ""}],
        "broken_glass": [],
    },
    "drifts": [{"camera": _CAMERA, "drift_ppm": 12.4, "low_ppm": 9.8, "high_ppm": 15.0}],
    "wall": [
        {
            "camera": _CAMERA,
            "sees": [_STATION],
            "batch": _BATCH,
            "project": _PROJECT,
            "sitting": 1,
            **_PLACE,
            "county": _COUNTY,
            "room": _ROOM,
            "room_name": _ROOM_NAME,
            "start": _TIMES["planned_start"],
            "opened": _TIMES["actual_start"],
        }
    ],
    "live_ticket": {
        "port": 8001,
        "path": "/api/v1/live/sg-001-c1?ticket= ... ",
        "whep": "/api/v1/whep/sg-001-c1?ticket= ... ",
        "until": "2026-05-01T01:10:30.000Z",
    },
    "screeners_offer": {"blurs_heads": True, "model": "yolov8n-1f2e3d4c", "reason": ""},
    "begin_withholding": _WITHHOLDING,
    "end_withholding": _ENDED,
    "confirm_withholding": _found("confirmed_once", "approved", "已看过录像"),
    "decline_withholding": _found("released", "declined", "未拍到更衣区"),
    "references": [{"camera": _CAMERA, "references": [_REFERENCE]}],
    "make_reference": {"new": True, "pictures": 5, "reference": _REFERENCE, "advice": []},
    "room_plan": _DRAWN,
    "survey_plan": _DRAWN,
    "calibrate_camera": {
        "camera": ASKED["calibrate_camera"]["drawn"],
        "agrees": True,
        "off_px": [1.2, 0.8, 2.1, 1.5],
        "root_mean_square_px": 1.5,
        "limit_px": 9.6,
        "worst": 2,
    },
}
"""Of routes, by name."""
