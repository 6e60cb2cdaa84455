"""The truth of a drill as a file: written down before the report is made, and read again to be compared with it.

JSON; instants in RFC 3339 to the microsecond.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.evidence import Cause
from domain.timeline import Interval, IntervalSet
from kaojian.drill.truth import CameraTruth, Excuse


def write(path: Path, truths: Iterable[CameraTruth]) -> None:
    """Raises OSError; also where the file is there, for a truth is written once."""
    with path.open("x", encoding="utf-8") as file:
        json.dump([_document(truth) for truth in truths], file, indent=1)


def read(path: Path) -> list[CameraTruth]:
    """What ``write`` wrote. Raises OSError."""
    return [_truth(document) for document in json.loads(path.read_text(encoding="utf-8"))]


def _document(truth: CameraTruth) -> dict[str, Any]:
    excuses = [
        {"span": _pair(each.span), "causes": sorted(each.causes), "wholly": each.wholly} for each in truth.excuses
    ]
    return {
        "camera": truth.camera,
        "good": [_pair(span) for span in truth.good],
        "possible": [_pair(span) for span in truth.possible],
        "excuses": excuses,
        "edge_s": truth.edge_s,
        "blurred": [{"span": _pair(span), "seconds": seconds} for span, seconds in truth.blurred],
        "twice": [_pair(span) for span in truth.twice],
    }


def _truth(document: Mapping[str, Any]) -> CameraTruth:
    return CameraTruth(
        camera=document["camera"],
        good=IntervalSet(map(_span, document["good"])),
        possible=IntervalSet(map(_span, document["possible"])),
        excuses=tuple(
            Excuse(_span(each["span"]), frozenset(map(Cause, each["causes"])), each["wholly"])
            for each in document["excuses"]
        ),
        edge_s=document["edge_s"],
        blurred=tuple((_span(each["span"]), each["seconds"]) for each in document["blurred"]),
        twice=IntervalSet(map(_span, document["twice"])),
    )


def _pair(span: Interval) -> list[str]:
    return [span.start.isoformat(), span.end.isoformat()]


def _span(pair: Sequence[str]) -> Interval:
    return Interval(datetime.fromisoformat(pair[0]), datetime.fromisoformat(pair[1]))
