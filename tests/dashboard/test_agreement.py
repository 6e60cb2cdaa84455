"""What is said in more than one place says the same: types and API, words and colours of paper and page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from analysis.views import DOUBTS, OF_THEIR_OWN
from analysis.wording import FAULTS
from dashboard.api import document
from dashboard.papers.words import (
    COLOURS,
    COVERED,
    DOUBTFUL,
    MARK,
    NOT_YET,
    PHASES,
    UNUSABLE,
    VERDICTS,
    Language,
    cause,
    words,
)
from domain.evidence import Cause
from domain.law import Verdict
from domain.people import Role
from domain.phases import Mark

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
    assert set(COLOURS) == set(Cause)
    for language in Language:
        said = {which.value: cause(which, language) for which in Cause}
        assert _pairs(f"words/{language}.ts", "causes:") == said
    assert _pairs("pure/palette.ts", "CAUSE_COLOURS") == {which.value: colour for which, colour in COLOURS.items()}
    palette = (WEB / "src" / "pure" / "palette.ts").read_text("utf-8")
    assert f"COVERED = '{COVERED}'" in palette
    assert f"NOT_YET = '{NOT_YET}'" in palette
    assert f"UNUSABLE = '{UNUSABLE}'" in palette
    assert f"DOUBTFUL = '{DOUBTFUL}'" in palette


def test_every_fault_of_pictures_has_one_word_on_page_and_paper() -> None:
    assert _pairs("words/zh.ts", "faults:") == {fault.value: said.zh for fault, said in FAULTS.items()}
    assert _pairs("words/en.ts", "faults:") == {fault.value: said.en for fault, said in FAULTS.items()}


def test_marks_are_called_the_same_everywhere() -> None:
    assert _pairs("words/zh.ts", "markNames:") == {mark.value: mark.zh for mark in Mark}
    assert _pairs("words/en.ts", "markNames:") == {mark.value: mark.en for mark in Mark}
    assert f"MARK = '{MARK}'" in (WEB / "src" / "pure" / "palette.ts").read_text("utf-8")


def test_page_and_report_agree_on_the_faults_that_leave_footage_usable_or_doubtful() -> None:
    lanes = (WEB / "src" / "pure" / "lanes.ts").read_text("utf-8")
    for name, faults in (("OF_THEIR_OWN", OF_THEIR_OWN), ("DOUBTS", DOUBTS)):
        match = re.search(rf"const {name}.*?\(\[(.*?)\]\)", lanes)
        assert match is not None
        assert set(re.findall(r"'(\w+)'", match.group(1))) == {fault.value for fault in faults}


def test_verdicts_and_phases_are_called_the_same_on_page_and_paper() -> None:
    assert _pairs("words/zh.ts", "verdicts:") == {verdict.value: verdict.zh for verdict in Verdict}
    assert _pairs("words/en.ts", "verdicts:") == {verdict.value: english for verdict, english in VERDICTS.items()}
    assert _pairs("words/zh.ts", "phases:") == {name: both[0] for name, both in PHASES.items()}
    assert _pairs("words/en.ts", "phases:") == {name: both[1] for name, both in PHASES.items()}


def test_roles_are_called_the_same_everywhere() -> None:
    assert _pairs("access/words.ts", r"\n  roles:(?= \{)") == {role.value: role.zh for role in Role}


_SAME = {
    "site": "site", "county": "county", "rooms": "rooms", "station": "station",
    "camera": "camera", "window": "window", "covered": "coveredLength", "not_settled": "notYet", "cause": "cause",
    "rule_pack": "rulePack", "grounds": "finding", "clauses": "clauses", "gaps": "gaps", "share": "share",
    "marks": "marks", "unusable": "unusable", "unusable_picture": "unusablePicture",
    "doubtful_picture": "doubtfulPicture", "unusable_note": "unusableNote", "shown": "shown",
    "obstructed": "obstructed", "unverified": "unverified",
    "offset": "clockOffset", "drift": "clockDrift",
}  # fmt: skip


@pytest.mark.parametrize("language", Language)
def test_page_and_paper_have_one_word_for_one_thing(language: Language) -> None:
    page = dict(
        re.findall(r"^  (\w+): '([^']*)'", (WEB / f"src/words/{language}.ts").read_text("utf-8"), re.MULTILINE)
    )
    paper = words(language)
    differ = {ours: (getattr(paper, ours), page[theirs]) for ours, theirs in _SAME.items()}
    assert {ours: pair for ours, pair in differ.items() if pair[0] != pair[1]} == {}


def test_the_lock_file_of_the_page_names_no_registry() -> None:
    lock = (WEB / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert "registry" not in lock
