"""Examples of what the API answers of people: who comes in, what they may and did, and what they decide together."""

from __future__ import annotations

from typing import Any

_BATCH, _SITE, _CAMERA = "2026-0501", "sg-001", "sg-001-c1"
_AT = "2026-05-01T01:10:00.000Z"
_DIGEST = "2f" * 32

SESSION: Any = {
    "account": {
        "name": "wu",
        "role": "city_supervisor",
        "sees": [],
        "may": ["own_session", "see", "watch", "watch_open", "supervise"],
        "expires": None,
        "must_change": False,
        "factor": True,
        "must_enrol": False,
        "says_why": False,
        "linked": False,
        "password": True,
    },
    "second_step": False,
    "broken_glass": [],
}

_AWAY: Any = {"address": "https://id.example.cn/authorize?client_id=kaojian"}

_TOKEN: Any = {
    "id": "da487787fea6",
    "label": "scoring room",
    "acts": ["see", "scores"],
    "created": "2026-04-20T01:00:00.000Z",
    "expires": "2026-05-20T01:00:00.000Z",
    "revoked": None,
    "used": None,
}

_OWN_PERMIT: Any = {
    "id": "20260501-0a1b2c3d",
    "batch": _BATCH,
    "camera": _CAMERA,
    "start": "2026-05-01T01:00:00.000Z",
    "end": "2026-05-01T02:30:00.000Z",
    "purpose": "核实投诉，需查看当时录像",
    "who": "account:county-3",
    "role": "county_supervisor",
    "asked": "2026-05-12T02:00:00.000Z",
    "wanted_until": "2026-05-28T16:00:00.000Z",
    "state": "waiting",
    "decisions": [],
}

_PERMIT: Any = {**_OWN_PERMIT, "project": "中式面点制作", "site_name": "韶关示范考场", "recused": False}


def _decided(state: str, what: str, reason: str, until: str | None = None) -> Any:
    made = {"what": what, "at": "2026-05-12T06:00:00.000Z", "who": "account:wu", "until": until, "reason": reason}
    return {**_PERMIT, "state": state, "decisions": [made]}


_LIST: Any = {
    "number": 1,
    "state": "proposed",
    "proposed": "2029-05-03T01:00:00.000Z",
    "who": "account:chen",
    "reason": "保管期已满，无封存",
    "digest": "7a" * 32,
    "lapses": "2029-06-02T01:00:00.000Z",
    "batches": [_BATCH],
    "decisions": [],
}
_LINK = "1:" + "ad" * 32
_UNTIL = "2029-05-01T16:00:00.000Z"

_DISPOSAL: Any = {
    **_LIST,
    "contents": [
        {
            "batch": _BATCH,
            "project": "中式面点制作",
            "site_name": "韶关示范考场",
            "retained_until": _UNTIL,
            "link": _LINK,
            "segments": 520,
            "size_bytes": 11_400_000_000,
            "ordered": False,
            "destroyed": False,
            "objections": [],
        }
    ],
    "may_approve": True,
    "may_decline": True,
}


def _voted(state: str, what: str, reason: str) -> Any:
    vote = {
        "what": what,
        "at": "2029-05-03T06:00:00.000Z",
        "who": "account:wu",
        "role": "city_supervisor",
        "reason": reason,
    }
    return {**_DISPOSAL, "state": state, "decisions": [vote], "may_approve": False, "may_decline": False}


_SEGMENT: Any = {
    "key": "sg-001/2026-0501/sg-001-c1/20260501T005956.000000Z.mp4",
    "sha256": "1f" * 32,
    "size_bytes": 30_120_448,
    "copies": [
        {
            "place": "s3",
            "target": "kaojian",
            "spool": "",
            "version_id": "01",
            "locked_until": "2029-05-01T16:00:00.000000Z",
        }
    ],
}

_POOL: Any = {
    "draw": "2026-05",
    "first": "2026-05-01",
    "last": "2026-05-31",
    "reveal_by": "2026-04-30T01:00:00.000000Z",
    "share": "0.05",
    "share_origin": "default of this project",
    "per_visit": 2,
    "per_visit_origin": "default of this project",
    "beacon": "",
    "batches": [{"id": _BATCH, "site": _SITE}],
    "supervisors": [{"id": "d-1", "barred": []}, {"id": "d-2", "barred": []}],
}
_COMMITMENT: Any = {"party": "account:chen", "digest": "cb" * 32, "at": "2026-04-29T02:00:00.000Z"}
_DRAW: Any = {
    "name": "2026-05",
    "published": "2026-04-29T01:00:00.000Z",
    "pool_digest": "88" * 32,
    "batches": 2,
    "drawn": 0,
    "reveal_by": "2026-04-30T01:00:00.000Z",
    "commitments": [_COMMITMENT],
    "revealed": [],
    "made": None,
    "failed": False,
}
_DRAWN: Any = {"batch": _BATCH, "supervisors": ["d-2", "d-1"], "passed": []}

ANSWERS: dict[str, Any] = {
    **dict.fromkeys(("session", "log_in", "second_step", "change_password", "prove", "remove_factor"), SESSION),
    "sessions": [{"id": "5b" * 16, "began": "2026-05-01T00:20:00.000Z", "seen": _AT, "current": True}],
    "factor": {"confirmed": True, "required": True, "recovery_left": 10},
    "begin_factor": {
        "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "address": "otpauth://totp/Kaojian:wu?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Kaojian",
        "picture": "data:image/svg+xml;charset=utf-8,%3Csvg ... %3C/svg%3E",
    },
    "confirm_factor": {"codes": ["abcd-efgh-jkmn-pqrs-tuvw-xyza"], "session": SESSION},
    "provider": {"name": "统一身份认证", "subject": None, "refused": None, "leave": None},
    **dict.fromkeys(("begin_login", "begin_proof"), _AWAY),
    "tokens": [_TOKEN],
    "add_token": {"secret": "kaojian_ ... ", "token": _TOKEN},
    "log_out_account": {"ended": 2},
    "acts": [
        {
            "number": 14,
            "at": "2026-04-20T01:00:00.000Z",
            "who": "local:root",
            "door": "command_line",
            "on_behalf_of": None,
            "act": "apply_batch",
            "subject": _BATCH,
            "detail": "",
            "digest": _DIGEST,
        }
    ],
    "viewings": [
        {
            "number": 3,
            "at": _AT,
            "who": "account:wu",
            "role": "city_supervisor",
            "deed": "open",
            "outcome": "shown",
            "camera": _CAMERA,
            "batch": _BATCH,
            "start": "2026-05-01T01:00:00.000Z",
            "end": _AT,
            "source": "10.20.0.7",
            "purpose": "",
            "permit": "",
            "digest": _DIGEST,
        }
    ],
    "permits": [_PERMIT],
    "own_permits": [_OWN_PERMIT],
    "ask_permit": _OWN_PERMIT,
    "approve_permit": _decided("approved", "approved", "同意", "2026-05-28T16:00:00.000Z"),
    "decline_permit": _decided("declined", "declined", "时段与投诉不符"),
    "end_permit": _decided("ended", "ended", "投诉已核实"),
    "permitted_cameras": [{"camera": _CAMERA, "room": "301 考场"}],
    "disposals": [_LIST],
    **dict.fromkeys(("propose_disposal", "disposal"), _DISPOSAL),
    "approve_disposal": _voted("approved_once", "approved", "与档案室核对无误"),
    "decline_disposal": _voted("turned_down", "declined", "投诉未办结"),
    "due_for_disposal": [
        {
            "batch": _BATCH,
            "project": "中式面点制作",
            "site_name": "韶关示范考场",
            "retained_until": _UNTIL,
            "segments": 520,
            "size_bytes": 11_400_000_000,
            "objections": [{"what": "listed", "detail": "list 1 has it; decide on that one first"}],
        }
    ],
    "disposal_content": {
        "form": "kaojian-disposal-1",
        "batches": [
            {
                "batch": _BATCH,
                "site": _SITE,
                "link_number": 1,
                "link_digest": "ad" * 32,
                "retained_until": "2029-05-01T16:00:00.000000Z",
                "segments_root": "3b" * 32,
                "segments": [_SEGMENT],
            }
        ],
    },
    "disposal_papers": [
        {
            "site": _SITE,
            "number": 1,
            "kind": "order",
            "batch": _BATCH,
            "signed_at": "2029-05-04T01:00:00.000Z",
            "digest": "a8" * 32,
            "text": '{"batch":"2026-0501", ... }',
        }
    ],
    "draws": [_DRAW],
    "commit_to_draw": _DRAW,
    "reveal_for_draw": {**_DRAW, "revealed": ["account:chen"]},
    "draw_pool": _POOL,
    "draw_record": {
        "digest": "64" * 32,
        "record": {
            "form": "kaojian-draw-1",
            "published": "2026-04-29T01:00:00.000000Z",
            "pool": _POOL,
            "pool_digest": "88" * 32,
            "commitments": [{**_COMMITMENT, "at": "2026-04-29T02:00:00.000000Z"}],
            "secrets": [{"party": "account:chen", "secret": "1f" * 32, "at": "2026-04-29T08:00:00.000000Z"}],
            "outcome": {"at": "2026-04-30T01:00:00.000000Z", "beacon": "", "seed": "63" * 32, "drawn": [_DRAWN]},
            "replacements": [],
            "drawn_now": [_DRAWN],
        },
    },
}
"""Of routes, by name."""
