"""Writes the OpenAPI document that the web page's types are made from: ``python -m dashboard.api.document FILE``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dashboard.app import openapi


def text() -> str:
    """The document as it is kept in dashboard/web/openapi.json."""
    return json.dumps(openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
