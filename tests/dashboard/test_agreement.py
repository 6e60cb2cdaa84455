"""What is said in more than one place says the same: types and API, words and colours of paper and page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboard.api import document
from dashboard.papers.words import CAUSES, COLOURS, COVERED, NOT_YET, PHASES
from domain.evidence import Cause
from domain.law import Verdict

WEB = Path(__file__).parents[2] / "dashboard" / "web"
NODE = shutil.which("node")


def _pairs(file: str, block: str) -> dict[str, str]:
    """The entries ``key: 'value'`` of one object literal in a file of the page."""
    text = (WEB / "src" / file).read_text("utf-8")
    match = re.search(rf"{block}[^{{]*\{{(.*?)\}}", text, re.DOTALL)
    assert match is not None
    return dict(re.findall(r"(\w+): '([^']*)'", match.group(1)))


def test_the_kept_description_of_the_api_is_current() -> None:
    kept = (WEB / "openapi.json").read_text("utf-8")
    assert kept == document.text(), "run: python -m dashboard.api.document dashboard/web/openapi.json"


@pytest.mark.skipif(
    NODE is None or not (WEB / "node_modules").is_dir(), reason="Node or the page's packages are absent"
)
def test_the_kept_types_of_the_page_are_those_of_the_api(tmp_path: Path) -> None:
    assert NODE is not None
    script = WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    made = tmp_path / "schema.d.ts"
    subprocess.run(
        [NODE, str(script), "openapi.json", "-o", str(made)],
        cwd=WEB,
        env={"PATH": os.environ["PATH"], "NO_COLOR": "1"},
        check=True,
        capture_output=True,
        timeout=60,
    )
    kept = (WEB / "src" / "api" / "schema.d.ts").read_text("utf-8")
    assert made.read_text("utf-8") == kept, "run: npm --prefix dashboard/web run types"


def test_every_cause_has_a_word_and_a_colour_and_page_and_paper_agree() -> None:
    assert set(CAUSES) == set(COLOURS) == set(Cause)
    assert _pairs("words/zh.ts", "causes:") == {cause.value: words[0] for cause, words in CAUSES.items()}
    assert _pairs("words/en.ts", "causes:") == {cause.value: words[1] for cause, words in CAUSES.items()}
    assert _pairs("pure/palette.ts", "CAUSE_COLOURS") == {cause.value: colour for cause, colour in COLOURS.items()}
    palette = (WEB / "src" / "pure" / "palette.ts").read_text("utf-8")
    assert f"COVERED = '{COVERED}'" in palette
    assert f"NOT_YET = '{NOT_YET}'" in palette


def test_verdicts_and_phases_are_called_the_same_on_page_and_paper() -> None:
    assert _pairs("words/zh.ts", "verdicts:") == {verdict.value: verdict.zh for verdict in Verdict}
    assert _pairs("words/zh.ts", "phases:") == {name: words[0] for name, words in PHASES.items()}


def test_the_lock_file_of_the_page_names_no_registry() -> None:
    lock = (WEB / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert "registry" not in lock
