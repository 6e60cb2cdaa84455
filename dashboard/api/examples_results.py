"""Examples of what the API answers of what is made of an exam: marks, decisions, certificates, dossier, oddities."""

from __future__ import annotations

from typing import Any

_BATCH, _TICKET = "2026-0501", "00017"
_MADE = "2026-05-20T03:10:00.000Z"

_MARK: Any = {
    "candidate": _TICKET,
    "subject": "实操",
    "method": "practical",
    "value": "88.5",
    "scorer": "ex-2",
    "given": "2026-05-01T02:15:00.000Z",
    "signed": None,
    "confirmed": None,
    "revision": 1,
    "reason": "",
    "machine_signed": False,
    "vouched": None,
    "transcribed": False,
    "total": None,
}
_SIGNED: Any = {"by": "ex-2", "at": "2026-05-01T02:20:00.000Z", "value": "88.5"}
_CONFIRMED: Any = {"by": "ex-1", "at": "2026-05-01T02:25:00.000Z", "value": "88.5"}

_EXIT: Any = {
    "number": 1,
    "subject": "实操",
    "place": "2026-0501/1/A-01",
    "kind": "decided",
    "evidence": ["韶技服〔2026〕9号"],
    "reason": "摄像机断线八秒，督导员在场",
    "at": "2026-05-06T02:00:00.000Z",
    "by": "account:chen",
    "second": None,
}

_RECEIPT: Any = {
    "code": "1FEA-XV7B-0S27-MC5A-62XQ-PZDJ-ZGD0-RZ46-3",
    "candidate": _TICKET,
    "certificate": "4402002026000001",
    "made": "2026-05-20T03:04:05.000Z",
}
_CERTIFICATE: Any = {
    "number": _RECEIPT["certificate"],
    "candidate": _TICKET,
    "form": "GD0001",
    "project": "中式面点制作",
    "ability": "",
    "examined": "2026-05-01",
    "issued": "2026-05-20T03:00:00.000Z",
    "imprint": {"at": "2026-05-20T03:00:00.000Z", "told": "印章员"},
    "revoked": None,
    "again": "",
    "receipt": None,
}

_SCAN: Any = {
    "number": 1,
    "item": "room_record",
    "subject": "",
    "sitting": 1,
    "pages": 2,
    "type": "pdf",
    "size_bytes": 184_320,
    "sha256": "98" * 32,
    "revision": 1,
    "filed": "2026-05-03T02:00:00.000Z",
    "by": "account:operator-3",
    "reason": "",
}
_FILED: Any = {
    "id": "C9-1",
    "part": "九",
    "title_zh": "档案材料",
    "title_en": "dossier",
    "verdict": "pass",
    "zh": "应归档材料齐全",
    "en": "all that is to be filed is there",
    "rests_on": ["dossier_scan/2026-0501/000001@1"],
}

ANSWERS: dict[str, Any] = {
    "give_score": _MARK,
    "sign_score": {**_MARK, "signed": _SIGNED},
    "confirm_score": {**_MARK, "signed": _SIGNED, "confirmed": _CONFIRMED},
    "decide_case": {
        "issue": True,
        "proposed": "issue",
        "at": "2026-05-07T08:00:00.000Z",
        "by": "account:wu",
        "reason": "",
    },
    "take_exit": _EXIT,
    "confirm_exit": {**_EXIT, "second": "account:wu"},
    "issue_certificates": [_CERTIFICATE],
    "revoke_certificate": {
        **_CERTIFICATE,
        "receipt": _RECEIPT,
        "revoked": {"at": "2026-06-02T01:00:00.000Z", "told": "成绩更正后不合格"},
    },
    "make_receipt": _RECEIPT,
    "clauses": {
        "batch": _BATCH,
        "made": _MADE,
        "clauses": [_FILED],
        "sittings": [
            {
                "sitting": 1,
                "clauses": [{"id": "C6.2-3", "verdict": "pass", "zh": "无断档", "en": "there is no gap"}],
            }
        ],
    },
    "dossier": {
        "batch": _BATCH,
        "made": _MADE,
        "norm": "norm-1",
        "needs": [
            {
                "item": "room_record",
                "subject": "",
                "sitting": 1,
                "zh": "考场记录表（第1场）",
                "en": "room record (sitting 1)",
                "scan": 1,
                "filed": _SCAN["filed"],
            }
        ],
        "footage": {"manifest": 1, "files": 136, "filed": "2026-05-02T01:00:00.000Z"},
        "scans": [_SCAN],
        "clauses": [_FILED],
    },
    "file_scan": _SCAN,
    "suspicions": {
        "made": _MADE,
        "suspicions": [
            {
                "sort": "two_places",
                "batches": [_BATCH],
                "about": [_TICKET],
                "zh": "同一考生的两个场次时间重叠",
                "en": "two sittings of one candidate overlap",
                "rests_on": ["candidate/2026-0501/00017@1"],
            }
        ],
        "not_looked_for": ["scored_without_presence"],
    },
}
"""Of routes, by name."""
