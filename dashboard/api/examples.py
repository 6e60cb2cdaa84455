"""Examples in the description of the API, for whoever writes a program against it: one made-up exam. A test compares
them with the shapes, and wants one of every route.

Its answers lie in this module and, by what they are of, in those beside it; what is asked is in ``examples_asked``.
"""

from __future__ import annotations

from typing import Any

from dashboard.api import examples_access, examples_footage, examples_results
from dashboard.api.examples_asked import ASKED

_SIGNED = {"by": "ex-2", "at": "2026-05-01T02:20:00.000000Z"}
_CONFIRMED = {"by": "ex-1", "at": "2026-05-01T02:25:00.000000Z"}

RESULTS: dict[str, Any] = {
    "form": "kaojian-results-1",
    "batch": "2026-0501",
    "system": "scoring-1",
    "made": "2026-05-01T02:30:00.000000Z",
    "reason": "",
    "results": [
        {
            "candidate": "00017",
            "subject": "实操",
            "method": "practical",
            "value": "88.5",
            "given": "2026-05-01T02:15:00.000000Z",
            "scorer": "ex-2",
            "signed": _SIGNED,
            "confirmed": _CONFIRMED,
        },
        {
            "candidate": "00018",
            "subject": "实操",
            "method": "practical",
            "value": None,
            "given": "2026-05-01T02:15:00.000000Z",
            "scorer": "ex-2",
            "signed": None,
            "confirmed": None,
        },
    ],
}
"""What an outside scoring system hands in. The second candidate was absent."""

_AT = {"made": "2026-05-01T02:30:00.000Z", "received": "2026-05-01T02:31:07.402Z"}
_KEPT = {"name": "results/2026-0501/scoring-1@1", "system": "scoring-1", **_AT}

TAKEN: Any = {**_KEPT, "sha256": "9c" * 32, "new": 2, "changed": 0, "unchanged": 0}

HANDED_IN: Any = [
    {
        **_KEPT,
        "key": "d7" * 32,
        "revoked": None,
        "signature": "5f" * 64,
        "document": '{"batch":"2026-0501","form":"kaojian-results-1", ... }',
    }
]

SCORES: Any = [
    {
        "candidate": "00017",
        "subject": "实操",
        "method": "practical",
        "value": "88.5",
        "scorer": "ex-2",
        "given": "2026-05-01T02:15:00.000Z",
        "signed": {"by": "ex-2", "at": "2026-05-01T02:20:00.000Z", "value": "88.5"},
        "confirmed": {"by": "ex-1", "at": "2026-05-01T02:25:00.000Z", "value": "88.5"},
        "revision": 1,
        "reason": "",
        "machine_signed": False,
        "vouched": "results/2026-0501/scoring-1@1",
        "transcribed": False,
        "total": None,
    }
]

ROLL: Any = {
    "batch": "2026-0501",
    "site": "sg-001",
    "project": "中式面点制作",
    "candidates": [
        {
            "candidate": "00017",
            "subjects": ["实操"],
            "seats": [{"sitting": 1, "room": "r301", "station": "A-01", "subject": "实操"}],
        }
    ],
}

IMPORTED: Any = {
    "batch": "2026-0501",
    "only_look": True,
    "candidates": 30,
    "added": 30,
    "changed": 0,
    "seats_added": 30,
    "seats_changed": 0,
    "seats_removed": 0,
    "absent": [],
    "unread": ["序号"],
}

ROSTER: Any = {
    "batch": "2026-0501",
    "candidates": [
        {
            "candidate": "00017",
            "name": "考生甲",
            "document": "resident_id",
            "number": "990***********0012",
            "attempt": "resit",
            "subjects": ["实操", "理论"],
            "kept": [{"subject": "理论", "batch": "2025-1101", "candidate": "00305"}],
            "seats": [{"sitting": 1, "room": "r301", "station": "A-01", "subject": "实操"}],
        }
    ],
}

CASES: Any = {
    "batch": "2026-0501",
    "made": "2026-05-08T02:00:00.000Z",
    "cases": [
        {
            "candidate": "00017",
            "proposal": "issue",
            "reasons": [],
            "footage": [
                {
                    "subject": "实操",
                    "place": "2026-0501/1/A-01",
                    "verdict": "pass",
                    "zh": "本人考试时段录像完整",
                    "en": "complete",
                }
            ],
            "exits": [],
            "decision": {
                "issue": True,
                "proposed": "issue",
                "at": "2026-05-07T08:00:00.000Z",
                "by": "account:wu",
                "reason": "",
            },
            "rests_on": ["candidate/2026-0501/00017@1", "score/2026-0501/00017/实操@1"],
        }
    ],
}


CHECK: Any = {
    "state": "holds",
    "code": "1FEA-XV7B-0S27-MC5A-62XQ-PZDJ-ZGD0-RZ46-3",
    "zh": "考核档案与出具时一致（21项）",
    "en": "the dossier is as it was when the receipt was made (21 leaves)",
    "certificate": "4402002026000001",
    "made": "2026-05-20T03:04:05.000Z",
}

CERTIFICATES: Any = {
    "batch": "2026-0501",
    "made": "2026-05-20T03:10:00.000Z",
    "certificates": [
        {
            "number": CHECK["certificate"],
            "candidate": "00017",
            "form": "GD0001",
            "project": "中式面点制作",
            "ability": "",
            "examined": "2026-05-01",
            "issued": "2026-05-20T03:00:00.000Z",
            "imprint": {"at": "2026-05-20T03:00:00.000Z", "told": "印章员"},
            "revoked": None,
            "again": "",
            "receipt": {
                "code": CHECK["code"],
                "candidate": "00017",
                "certificate": CHECK["certificate"],
                "made": CHECK["made"],
            },
        }
    ],
    "to_issue": ["00018"],
    "forms": {
        "delivered": 100,
        "issued": 1,
        "spoiled": 0,
        "left": 99,
        "counted": None,
        "by_book": None,
        "counted_at": None,
    },
}

FOUND: Any = {
    "by": "certificate",
    "made": "2026-05-21T02:00:00.000Z",
    "people": [
        {
            "batch": "2026-0501",
            "candidate": "00017",
            "name": "考**",
            "certificates": [
                {
                    "number": CHECK["certificate"],
                    "issued": "2026-05-20T03:00:00.000Z",
                    "revoked": None,
                    "replaced": False,
                }
            ],
            "stays": [
                {
                    "batch": "2026-0501",
                    "project": "中式面点制作",
                    "sitting": 1,
                    "candidate": "00017",
                    "subject": "实操",
                    "superseded": False,
                    "site": "sg-001",
                    "site_name": "韶关示范考场",
                    "site_now": "",
                    "county": "浈江区",
                    "room": "r301",
                    "room_name": "一号考场",
                    "room_now": "实训一室",
                    "station": "A-01",
                    "cameras": ["c1", "c2"],
                    "window": {"start": "2026-05-01T01:00:00.000Z", "end": "2026-05-01T02:30:00.000Z"},
                    "verdict": "pass",
                    "spans": [
                        {
                            "start": "2026-05-01T01:30:00.000Z",
                            "end": "2026-05-01T02:15:00.000Z",
                            "verdict": "pass",
                            "zh": "本人考试时段录像完整",
                            "en": "complete",
                            "covered": [
                                {
                                    "start": "2026-05-01T01:30:00.000Z",
                                    "end": "2026-05-01T02:15:00.000Z",
                                    "seconds": 2700.0,
                                }
                            ],
                            "gaps": [],
                            "unusable": [],
                        }
                    ],
                    "closed": "2026-05-01T02:15:00.000Z",
                    "kept_until": "2029-05-01T16:00:00.000Z",
                    "held": False,
                    "disposal": None,
                    "watch": "now",
                    "save": "now",
                    "says_why": True,
                }
            ],
            "wanting": [],
        }
    ],
    "stays": [],
    "left_off": 0,
    "may_ask": False,
}

HAPPENED: Any = {
    "steps": [
        {"step": "came", "at": "2026-05-01T00:42:10.000Z", "room": "A", "candidate": "00017", "station": "A01"}
    ],
    "incidents": [
        {
            "room": "A",
            "kind": "equipment",
            "at": "2026-05-01T01:10:00.000Z",
            "minutes": None,
            "until": None,
            "what": "摄像机 sg-001-c1 无画面",
            "handling": "换上同地址的备用摄像机",
        }
    ],
}

DAY: Any = {
    "batch": "2026-0501",
    "project": "中式面点制作",
    "site": "sg-001",
    "site_name": "韶关示范考场",
    "at": "2026-05-01T01:12:00.000Z",
    "sitting": {
        "number": 1,
        "state": "open",
        "planned_start": "2026-05-01T01:00:00.000Z",
        "planned_end": "2026-05-01T02:30:00.000Z",
        "actual_start": "2026-05-01T01:01:00.000Z",
        "actual_end": None,
    },
    "phases": {
        "begin": "2026-05-01T00:31:00.000Z",
        "start": "2026-05-01T01:01:00.000Z",
        "end": "2026-05-01T02:30:00.000Z",
        "finish": "2026-05-01T02:45:00.000Z",
    },
    "marks": [{"mark": "opened", "at": "2026-05-01T00:55:00.000Z"}],
    "rooms": [
        {
            "room": "r301",
            "name": "301 试室",
            "stations": ["A-01", "A-02"],
            "candidates": [
                {
                    "candidate": "00017",
                    "name": "考生甲",
                    "number": "990***********0012",
                    "subjects": ["实操"],
                    "seat": "A-01",
                    "station": "A-01",
                    "present": True,
                    "signed": "2026-05-01T00:48:10.000Z",
                    "check": "compared",
                    "moved": 0,
                    "left": None,
                    "violations": [],
                }
            ],
            "incidents": [
                {
                    "kind": "equipment",
                    "at": "2026-05-01T01:10:00.000Z",
                    "what": "摄像机 sg-001-c1 无画面",
                    "handling": "换上同地址的备用摄像机",
                    "minutes": None,
                    "until": None,
                }
            ],
            "signed": [],
        }
    ],
    "unplaced": [],
    "parcels": [
        {
            "parcel": "SJ-0001",
            "subject": "实操",
            "seal": "F-1",
            "copies": 2,
            "handed": [
                {
                    "stage": "kept",
                    "at": "2026-04-30T08:00:00.000Z",
                    "given_by": "市中心",
                    "taken_by": "考务员乙",
                    "seal": "F-1",
                    "intact": True,
                }
            ],
        }
    ],
}

_ENTERED: Any = {"at": "2026-05-01T01:01:00.000Z", "warnings": []}

_REVISION = "5d" * 32

SITES: Any = [
    {
        "site": "sg-001",
        "site_name": "韶关示范考场",
        "county": "浈江区",
        "revision": _REVISION,
        "valid_from": "2026-04-20T01:00:00.000Z",
        "by": "account:wu",
        "on": False,
        "nvrs": [{"id": "nvr-1", "address": None, "login": True, "max_sessions": 16}],
        "rooms": [
            {
                "id": "r301",
                "name": "301 试室",
                "stations": ["A-01", "A-02"],
                "drawn": True,
                "cameras": [
                    {
                        "id": "sg-001-c1",
                        "address": None,
                        "login": True,
                        "transport": "tcp",
                        "engine": "auto",
                        "audio": False,
                        "panoramic": True,
                        "substream": "/Streaming/Channels/102",
                        "nvr": "nvr-1",
                        "channel": 1,
                        "sees": [
                            {"station": "A-01", "region": [[0.1, 0.25], [0.42, 0.25], [0.42, 0.8]]},
                            {"station": "A-02", "region": None},
                        ],
                        "drawn": True,
                        "reference": "2026-04-21T02:00:00.000Z",
                    }
                ],
            }
        ],
    }
]

CHANGE: Any = {
    "new": True,
    "revision": _REVISION,
    "sittings": [
        {
            "batch": "2026-0501",
            "number": 1,
            "start": "2026-05-01T01:00:00.000Z",
            "keeps": False,
            "trial_void": True,
            "readdressed": False,
        }
    ],
}

TRIED: Any = {
    "codec": "avc1.640028",
    "width": 1920,
    "height": 1080,
    "pictures": 200,
    "seconds": 8.0,
    "stated_fps": 25.0,
    "delivered_fps": 24.97,
    "bits_per_second": 4010000.0,
    "key_interval_s": 2.0,
    "keyless_s": 2.0,
    "lost_packets": 0,
    "damaged_pictures": 0,
    "format_changes": 0,
    "clock_offset_s": -130.5,
    "ended": None,
    "audio": ["PCMA"],
    "advice": [
        {
            "code": "clock",
            "zh": "摄像机时钟比本机慢 130.5 秒，超过 2 秒。请在“时间”菜单启用 NTP 时间同步。",
            "en": "The camera's clock is 130.5 s behind of this machine's. Turn NTP on in its time menu.",
        }
    ],
    "min_width": 1280,
    "min_height": 720,
    "min_fps": 15.0,
    "clock_warn_s": 2.0,
    "rule_pack": "SG-2022-08-10",
    "held_back": True,
    "picture": None,
}

WITHHOLDINGS: Any = [
    {
        "number": 1,
        "camera": "sg-001-c1",
        "start": "2026-05-01T01:00:00.000Z",
        "until": "2026-05-01T01:12:00.000Z",
        "state": "confirmed_once",
        "at": "2026-05-01T01:10:00.000Z",
        "who": "account:li",
        "reason": "屏风移开后拍到更衣区",
        "decisions": [
            {
                "what": "approved",
                "at": "2026-05-01T02:00:00.000Z",
                "who": "account:wu",
                "role": "city_supervisor",
                "reason": "已看过录像",
            }
        ],
        "files": 13,
        "stored": 2,
        "locked_until": "2029-05-01T16:00:00.000Z",
        "batches": ["2026-0501"],
        "closed": [],
    }
]

OPERATIONS: Any = {
    "at": "2026-05-01T01:00:00.000Z",
    "version": "0.1.0",
    "database": "PostgreSQL",
    "checks": [
        {
            "part": "backup",
            "state": "note",
            "said": "none was brought under lock yet",
            "remedy": "run: kaojian backup, and keep the service running",
        }
    ],
    "counted_up_to": 1000,
    "queues": {
        "analysis": 3,
        "look": 12,
        "given_up": 0,
        "store": 5,
        "second_store": 0,
        "reread": 0,
        "rows_set_aside": 0,
        "lost": {"count": 0, "within_days": 30, "newest": None, "places": []},
        "unseen": [],
    },
    "webhooks": [],
    "spools": [
        {
            "folder": "/var/lib/kaojian/spool",
            "size_bytes": 4_000_000_000_000,
            "free_bytes": 2_400_000_000_000,
            "reserve_bytes": 5_368_709_120,
            "hours_left": 27.8,
            "needed_bytes": 691_000_000_000,
            "short_bytes": 0,
            "full_at": None,
            "until": "2026-05-01T09:30:00.000Z",
        }
    ],
    "stores": [
        {
            "bucket": "kaojian",
            "second": False,
            "answers": True,
            "told_at": "2026-05-01T00:59:30.000Z",
            "lost": None,
            "unlocked": None,
        }
    ],
    "forecast": None,
    "backup": {"newest": None, "stale": True},
}

_ACCOUNT: Any = {
    "name": "operator-3",
    "role": "site_operator",
    "sees": ["sg-001"],
    "recused": [],
    "created": "2026-04-20T02:00:00.000Z",
    "expires": None,
    "disabled": None,
    "open": True,
    "must_change": True,
    "factor": False,
    "linked": False,
    "password": True,
    "emergency": False,
    "sessions": 0,
}

FIRST_PASSWORD: Any = {"account": _ACCOUNT, "first_password": "abcde-fghij-kmnpq-rstuv"}

RECORDS_CHECKED: Any = {
    "at": "2026-05-01T01:00:00.000Z",
    "records": [
        {
            "record": "journal",
            "sound": False,
            "entries": 4120,
            "unsigned": 0,
            "unsealed": 0,
            "days": 61,
            "broken": [{"number": 377, "how": "changed"}],
            "broken_in_all": 1,
        }
    ],
}

_FRAME: Any = {"camera": "sg-001-c1", "at": "2026-05-01T01:05:00.000Z"}

_VISIT: Any = {
    "batch": "2026-0501",
    "number": 1,
    "site": "sg-001",
    "site_name": "韶关市技师学院定点考场",
    "project": "中式面点制作",
    "basis": "targeted",
    "way": "online",
    "attended": [{"supervisor": "d-1", "badge": "GD-001"}],
    "own": True,
    "begun": "2026-05-01T01:00:00.000Z",
    "ended": None,
    "due": None,
    "fed_back": None,
    "published": None,
    "answered": 1,
    "unanswered": 16,
    "findings": 1,
}

VISITS: Any = {
    "at": "2026-05-01T01:10:00.000Z",
    "questions": [
        {"id": "labels", "zh": "考场号、座号、工位号明示", "en": "Numbers of rooms, seats and stations were shown"}
    ],
    "supervisors": [{"id": "d-1", "side": "external", "own": True}],
    "visits": [_VISIT],
}

VISIT: Any = {
    **_VISIT,
    "draw": "",
    "reason": "投诉",
    "answers": [{"question": "labels", "said": "no", "note": "02 号工位未贴", "frames": [_FRAME]}],
    "found": [{"severity": "minor", "text": "02 号工位未贴标签", "frames": [_FRAME]}],
    "feedback": None,
    "feedback_hours": 72,
    "sittings": [
        {
            "number": 1,
            "start": "2026-05-01T00:30:00.000Z",
            "end": "2026-05-01T03:30:00.000Z",
            "closed": False,
            "cameras": [{"camera": "sg-001-c1", "room": "r301", "room_name": "301 考场"}],
        }
    ],
}

_SNAPSHOT: Any = {"batch": "2026-0501", "sitting": 1, "room_name": "301 考场", **_FRAME}

_PAPERED: Any = {"at": "2026-04-10T02:00:00.000Z", "by": "deng"}
_DECIDED: Any = {
    "candidate": "00018",
    "accepted": False,
    "at": "2026-04-14T03:00:00.000Z",
    "by": "liu",
    "reason": "未达到法定劳动年龄",
}
_FEEDBACK: Any = {
    "number": 1,
    "at": "2026-04-15T03:00:00.000Z",
    "by": "liu",
    "covered": ["00017", "00018"],
    "roster": ["00017"],
}
_FIRST_REVIEW: Any = {**_PAPERED, "passed": ["00017", "00018"]}
_SUBMISSION: Any = {"number": 1, **_PAPERED, "candidates": ["00017", "00018"], "decisions": [], "feedbacks": []}

ROLL_PAPERS: Any = {
    "batch": "2026-0501",
    "plan": {"at": "2026-04-01T02:00:00.000Z", "by": "deng"},
    "first_reviews": [_FIRST_REVIEW],
    "submissions": [{**_SUBMISSION, "decisions": [_DECIDED], "feedbacks": [_FEEDBACK]}],
    "approved": ["00017"],
}

_TERM: Any = {"valid_from": "2024-01-01", "valid_until": "2026-12-31"}
_EXAMINER: Any = {
    "examiner": "ex-2",
    "qualifications": [{"number": "KP-002", **_TERM, "project": "中式面点制作"}],
    "grants": [],
    "badges": [{"number": "K-002", **_TERM}],
}

PANELS: Any = {
    "batch": "2026-0501",
    "project": "中式面点制作",
    "sittings": [
        {
            "sitting": 1,
            "start": "2026-05-01T01:00:00.000Z",
            "by_centre": True,
            "members": [{"examiner": "ex-2", "leader": False, "chosen_by_site": False}],
            "attendance": [
                {
                    "examiner": "ex-2",
                    "room": "r301",
                    "arrived": "2026-05-01T00:20:00.000Z",
                    "left": None,
                    "badge": "K-002",
                    "leads": False,
                }
            ],
        }
    ],
    "examiners": [_EXAMINER],
}

EXAM_PAPERS: Any = {
    "batch": "2026-0501",
    "parcels": [
        {
            "parcel": "SJ-0001",
            "sitting": 1,
            "subject": "实操",
            "printed": "2026-04-28T02:00:00.000Z",
            "by": "市技能中心",
            "by_centre": True,
            "seal": "F-1",
            "copies": 2,
            "handed": DAY["parcels"][0]["handed"],
        }
    ],
    "packages": [],
    "no_papers": [],
    "marking_orders": [
        {
            "order": "yj-1",
            "subject": "理论",
            "signed": "2026-04-28T02:00:00.000Z",
            "site": "",
            "document": "",
        }
    ],
}

ROOM_RECORD: Any = {
    "batch": "2026-0501",
    "sitting": 1,
    "room": "r301",
    "entry": "room_record/2026-0501/1/r301@3",
    "subjects": ["实操"],
    "planned": 2,
    "attended": 1,
    "absent": ["00018"],
    "unrecorded": [],
    "violations": [],
    "held": [{"subject": "实操", "method": "practical"}],
    "void": [],
    "incidents": [{**DAY["rooms"][0]["incidents"][0], "candidates": []}],
    "equipment": "faulty",
    "monitoring": "good",
    "all_left": "2026-05-01T02:35:00.000Z",
    "note": "",
    "signatures": [
        {"examiner": "ex-1", "leads": True, "at": "2026-05-01T02:40:00.000Z", "planned": 2, "attended": 1}
    ],
    "signed": False,
    "changed_since": [],
}

_ENTRY: Any = {"at": "2026-01-16T08:00:00.000Z", "by": "account:liu"}

GROUNDS: Any = {
    "site": "sg-001",
    "institutions": [
        {
            "recorded": {"entry": "institution/lianxi@1", **_ENTRY},
            "id": "lianxi",
            "name": "韶关莲溪职业培训学校",
            "code": "",
            "address": "",
        }
    ],
    "premises": None,
    "approvals": [
        {
            "recorded": {"entry": "site_approval/form-1@2", **_ENTRY},
            "id": "form-1",
            "site": "sg-001",
            "institution": "lianxi",
            "applicant": "韶关莲溪职业培训学校",
            "head": "钟示范",
            "phone": "0751-0000001",
            "address": "韶关市浈江区示范路1-2号",
            "postcode": "512000",
            "projects": ["中式面点制作"],
            "conditions": [{"requirement": "offices", "met": True, "note": ""}],
            "acceptance": {"day": "2026-01-05", "officer": "丘经办"},
            "review": None,
            "reviewers": [],
            "department": None,
            "centre": None,
            "revoked": None,
            "step": "accepted",
        }
    ],
    "opinions": [],
    "agreements": [],
    "special_sites": [],
    "plate": None,
}

ANSWERS: dict[str, Any] = {
    **examples_access.ANSWERS,
    **examples_footage.ANSWERS,
    **examples_results.ANSWERS,
    "grounds": GROUNDS,
    "enter_grounds": {"changed": ["site_approval form-1"], "unchanged": ["institution lianxi"], "notes": []},
    "examiners": [_EXAMINER],
    "panels": PANELS,
    "enter_panels": {"changed": ["dispatch/2026-0501/1@1"], "unchanged": ["examiner/ex-2@1"], "unread": []},
    "exam_papers": EXAM_PAPERS,
    **dict.fromkeys(("room_record", "write_room_record", "sign_room_record"), ROOM_RECORD),
    "roll_papers": ROLL_PAPERS,
    "review_first": _FIRST_REVIEW,
    "submit_candidates": _SUBMISSION,
    "decide_candidates": [_DECIDED],
    "give_feedback": _FEEDBACK,
    "visits": VISITS,
    **dict.fromkeys(
        (
            *("visit", "begin_visit", "answer_in_visit", "find_in_visit"),
            *("end_visit", "feed_back_on_visit", "publish_visit"),
        ),
        VISIT,
    ),
    "snapshot": _SNAPSHOT,
    "operations": OPERATIONS,
    "accounts": {"accounts": [_ACCOUNT], "counties": ["浈江区"], "sites": ["sg-001"], "batches": ["2026-0501"]},
    "add_account": FIRST_PASSWORD,
    "reset_account": FIRST_PASSWORD,
    "disable_account": {**_ACCOUNT, "disabled": "2026-05-01T01:00:00.000Z", "open": False},
    "recuse_account": {**_ACCOUNT, "recused": ["2026-0501"]},
    "records_checked": RECORDS_CHECKED,
    "withholdings": WITHHOLDINGS,
    "sites": SITES,
    "change_camera": CHANGE,
    "remove_camera": CHANGE,
    "change_nvr": CHANGE,
    "remove_nvr": CHANGE,
    "change_plan": CHANGE,
    "try_camera": TRIED,
    "day": DAY,
    "happened": HAPPENED,
    **dict.fromkeys(
        (
            *("open_sitting", "close_sitting", "sign_in", "mark_absent", "move_candidate"),
            *("note_violation", "leave_station", "note_incident", "hand_papers"),
            *("make_plan", "withdraw_candidate", "examiner_arrives", "examiner_leaves"),
            *("print_papers", "say_no_papers", "receive_package", "order_marking"),
        ),
        _ENTERED,
    ),
    "retrieve": FOUND,
    "check_receipt": CHECK,
    "certificates": CERTIFICATES,
    "hand_in_results": TAKEN,
    "handed_in_results": HANDED_IN,
    "scores": SCORES,
    "roll": ROLL,
    "roster": ROSTER,
    "import_roster": IMPORTED,
    "cases": CASES,
}
"""Of routes, by name."""


def describe(document: dict[str, Any]) -> None:
    """Put the examples into an OpenAPI document. The framework would leave their nulls out."""
    asks = {**ASKED, "hand_in_results": RESULTS}
    for path in document["paths"].values():
        for operation in path.values():
            name = operation["operationId"]
            asked = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if asked is not None and (example := asks.get(name) or _of_shape(document, asked)) is not None:
                asked["example"] = example
            if name in ANSWERS:
                done = next(status for status in ("200", "201") if status in operation["responses"])
                operation["responses"][done]["content"]["application/json"]["example"] = ANSWERS[name]


def _of_shape(document: dict[str, Any], asked: dict[str, Any]) -> Any:
    """The example that the shape of a body has itself (``shapes.open_ended``), or None."""
    shape = asked["schema"].get("$ref", "").rpartition("/")[2]
    examples = document["components"]["schemas"].get(shape, {}).get("examples", ())
    return next(iter(examples), None)
