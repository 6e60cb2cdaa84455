"""Examples of what is asked of the API, by route: the bodies of requests, of the made-up exam that
``dashboard.api.examples`` answers of."""

from __future__ import annotations

from typing import Any

_REVISION = "5d" * 32
_CANDIDATE = {"candidate": "00017"}
_SUBJECT = {**_CANDIDATE, "subject": "实操"}
_CODE = {"code": "482913"}
_BACK = {"back": "/batches/2026-0501"}

_MOUNTING = {
    "id": "sg-001-c1",
    "at": [0.4, 0.4, 2.6],
    "picture": [1920, 1080],
    "width_of_view": 96,
    "pan": 45,
    "tilt": 32,
}
_PLAN = {
    "outline": [[0, 0], [8, 0], [8, 6], [0, 6]],
    "height": 3,
    "stations": [{"id": "A-01", "outline": [[2, 2], [3.2, 2], [3.2, 2.8], [2, 2.8]], "from": 0.75, "to": 1.5}],
    "doors": [{"id": "door", "outline": [[7, 0], [8, 0], [8, 0.4], [7, 0.4]], "from": 0, "to": 2}],
    "obstacles": [{"id": "pillar", "outline": [[5, 3], [5.4, 3], [5.4, 3.4], [5, 3.4]], "height": None}],
    "cameras": [_MOUNTING],
}

ASKED: dict[str, Any] = {
    # Who comes in, and who may
    "log_in": {"name": "wu", "password": "correct horse battery"},
    "second_step": _CODE,
    "prove": {"password": "correct horse battery"},
    "change_password": {"old": "abcde-fghij-kmnpq-rstuv", "new": "correct horse battery"},
    "confirm_factor": _CODE,
    "remove_factor": _CODE,
    "begin_login": _BACK,
    "begin_proof": _BACK,
    "add_token": {"label": "scoring room", "acts": ["see", "scores"], "days": 30},
    "add_account": {"name": "operator-3", "role": "site_operator", "sees": ["sg-001"], "expires": None},
    "log_out_account": {"reason": "手机遗失，停止登录"},
    "recuse_account": {"batch": "2026-0501", "recused": True, "reason": "亲属参加考核"},
    # Footage
    "ask_permit": {
        "batch": "2026-0501",
        "camera": "sg-001-c1",
        "start": "2026-05-01T01:00:00.000Z",
        "end": "2026-05-01T02:30:00.000Z",
        "until": "2026-05-28T16:00:00.000Z",
        "purpose": "核实投诉，需查看当时录像",
    },
    "approve_permit": {"until": "2026-05-28T16:00:00.000Z", "reason": "同意"},
    "decline_permit": {"reason": "时段与投诉不符"},
    "end_permit": {"reason": "投诉已核实"},
    "begin_withholding": {"start": "2026-05-01T01:00:00.000Z", "until": None, "reason": "屏风移开后拍到更衣区"},
    "end_withholding": {"until": "2026-05-01T01:12:00.000Z", "reason": "屏风已移回"},
    "confirm_withholding": {"reason": "已看过录像"},
    "decline_withholding": {"reason": "未拍到更衣区"},
    "propose_disposal": {"batches": ["2026-0501"], "reason": "保管期已满，无封存"},
    "approve_disposal": {"digest": "7a" * 32, "reason": "与档案室核对无误"},
    "decline_disposal": {"reason": "投诉未办结"},
    # Sites and cameras
    "try_camera": {
        "url": "rtsp://10.20.1.19:554/Streaming/Channels/101",
        "login": {"user": "recorder", "password": "correct horse battery"},
        "transport": "tcp",
        "seconds": 8,
    },
    "remove_camera": {"follows": _REVISION, "room": "r301", "camera": "sg-001-c1", "only_look": True},
    "remove_nvr": {"follows": _REVISION, "id": "nvr-2", "only_look": True},
    "change_plan": {"follows": _REVISION, "plan": _PLAN, "only_look": True},
    "survey_plan": {"plan": _PLAN},
    "calibrate_camera": {
        "drawn": _MOUNTING,
        "points": [
            {"pixel": [612, 840], "place": [2, 2, 0.75]},
            {"pixel": [1130, 792], "place": [3.2, 2, 0.75]},
            {"pixel": [1284, 610], "place": [3.2, 2.8, 0.75]},
            {"pixel": [820, 655], "place": [2, 2.8, 0.75]},
        ],
    },
    "make_reference": {"start": None, "end": None},
    # The exam day
    "mark_sitting": {"mark": "opened", "at": "2026-05-01T00:55:00.000Z"},
    # Supervision
    "end_visit": {"ended": None},
    "commit_to_draw": {"digest": "cb" * 32},
    "reveal_for_draw": {"secret": "1f" * 32},
    # Results
    "give_score": {**_SUBJECT, "method": "practical", "value": "88.5"},
    "sign_score": _SUBJECT,
    "confirm_score": _SUBJECT,
    "decide_case": {**_CANDIDATE, "issue": True},
    "take_exit": {
        **_SUBJECT,
        "place": "2026-0501/1/A-01",
        "kind": "decided",
        "evidence": "韶技服〔2026〕9号",
        "reason": "摄像机断线八秒，督导员在场",
    },
    "confirm_exit": {**_CANDIDATE, "number": 1},
    "issue_certificates": {"form": "GD0001", "candidates": ["00017"], "stamped_by": "印章员"},
    "revoke_certificate": {**_CANDIDATE, "reason": "成绩更正后不合格"},
    "make_receipt": _CANDIDATE,
}
"""Of routes, by name, where the shape has no example itself (``shapes.open_ended``)."""
