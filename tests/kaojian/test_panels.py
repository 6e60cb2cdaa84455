"""`kaojian panel`: a file of examiners and panels taken whole or refused whole, and who came and left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.house.rules import ROOT
from tests.kaojian.conftest import Command

BATCH = "2026-0501"
EXAMINER = """\
  - id: {id}
    qualifications: [{{project: {project}, number: Q-{id}, valid_from: 2024-01-01, valid_until: 2026-12-31}}]
    badges: [{{number: B-{id}, valid_from: 2024-01-01, valid_until: 2026-12-31}}]
"""
DISPATCH = """\
dispatches:
  - batch: 2026-0501
    sitting: 1
    by_centre: true
    members: [{examiner: ex-1, leader: true}, {examiner: ex-2}, {examiner: ex-3}]
  - batch: 2026-0501
    sitting: 2
    by_centre: true
    members: [{examiner: ex-1, leader: true}, {examiner: ex-2}, {examiner: ex-3}]
"""


@pytest.fixture
def file(kaojian: Command, installation: Path) -> Path:
    assert kaojian("apply", "exam.yaml").code == 0
    path = installation / "panel.yaml"
    people = "".join(EXAMINER.format(id=id_, project="中式面点制作") for id_ in ("ex-1", "ex-2", "ex-3"))
    path.write_text(f"examiners:\n{people}{DISPATCH}", encoding="utf-8")
    return path


def verdicts(kaojian: Command) -> dict[str, str]:
    told = json.loads(kaojian("panel", "show", BATCH, "--json").out)
    return {each["finding"]["id"]: each["finding"]["verdict"] for each in told["clauses"]}


def test_a_panel_is_entered_once_and_judged(kaojian: Command, file: Path) -> None:
    done = kaojian("panel", "import", str(file))
    assert (done.code, done.out.count("entered "), done.err) == (0, 5, "")
    again = kaojian("panel", "import", str(file))
    assert (again.code, again.out.count("unchanged "), again.out.count("entered ")) == (0, 5, 0)
    assert verdicts(kaojian)["C6.3-5"] == "pass"
    shown = kaojian("panel", "show", BATCH).out
    assert shown.count("ex-1 组长, ex-2, ex-3") == 2
    assert kaojian("check").code == 0


def test_the_example_in_the_paper_for_operators_is_taken(kaojian: Command, file: Path) -> None:
    section = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## Who examines")[2]
    file.write_text(section.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")
    done = kaojian("panel", "import", str(file))
    assert (done.code, done.err, done.out.count("entered ")) == (0, "", 3)


def test_a_panel_that_the_centre_did_not_send_fails(kaojian: Command, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("by_centre: true", "by_centre: false", 1), encoding="utf-8")
    assert kaojian("panel", "import", str(file)).code == 0
    assert verdicts(kaojian)["C6.3-5"] == "fail"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: ex-2", "id: ex-1", "panel.yaml:5: examiners[1].id: ex-1 stands here twice"),
        (
            "valid_until: 2026-12-31",
            "valid_until: 2023-12-31",
            "qualifications[0].valid_until: lies before valid_from",
        ),
        ("valid_until: 2026-12-31", "valid_until: 31.12.2026", "qualifications[0].valid_until: "),
        ("    by_centre: true\n", "", "dispatches[0].by_centre: is required and missing"),
        ("sitting: 1", "sitting: 9", "has no sitting 9; apply it first"),
        ("{examiner: ex-3}", "{examiner: ex-9}", "members[2].examiner: ex-9 is not on record"),
        ("{examiner: ex-3}", "{examiner: ex-2}", "members[2].examiner: ex-2 stands here twice"),
        ("number: Q-ex-1", "name: 某某", "qualifications[0].name: is not a known field"),
        ("id: ex-1\n", "id: 某某\n", "examiners[0].id: "),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_place_and_enters_nothing(
    kaojian: Command, file: Path, *, old: str, new: str, said: str
) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = kaojian("panel", "import", str(file))
    assert done.code == 1
    assert said in done.err
    assert set(verdicts(kaojian).values()) <= {"unknown", "not_applicable"}


def test_who_came_and_left_is_written_down_and_who_was_not_sent_is_refused(kaojian: Command, file: Path) -> None:
    assert kaojian("panel", "import", str(file)).code == 0
    come = ("panel", "arrive", BATCH, "1", "ex-2", "--room", "r301", "--badge", "B-ex-2")
    assert kaojian(*come, "--at", "2026-05-01T08:30:00+08:00").code == 0
    stranger = kaojian("panel", "arrive", BATCH, "1", "ex-9", "--room", "r301")
    assert (stranger.code, "ex-9 was not sent" in stranger.err) == (1, True)
    nowhere = kaojian("panel", "arrive", BATCH, "1", "ex-3", "--room", "nowhere")
    assert (nowhere.code, "has no room nowhere" in nowhere.err) == (1, True)
    ahead = kaojian("panel", "arrive", BATCH, "1", "ex-3", "--room", "r301", "--at", "2126-05-01T08:30:00+08:00")
    assert (ahead.code, "lies in the future" in ahead.err) == (1, True)
    before = kaojian("panel", "leave", BATCH, "1", "ex-2", "--at", "2026-05-01T08:29:00+08:00")
    assert (before.code, "cannot have left" in before.err) == (1, True)
    assert kaojian("panel", "leave", BATCH, "1", "ex-2", "--at", "2026-05-01T12:00:00+08:00").code == 0
    twice = kaojian("panel", "leave", BATCH, "1", "ex-2")
    assert (twice.code, "is not at sitting 1" in twice.err) == (1, True)


def test_what_was_entered_is_written_as_spreadsheets_and_taken_in_again(
    kaojian: Command, file: Path, installation: Path
) -> None:
    assert kaojian("panel", "import", str(file)).code == 0
    for words in (
        ("all.xlsx",),
        ("a.csv", "--only", "examiners"),
        ("b.csv", "--only", "dispatches", "--batch", BATCH),
    ):
        assert kaojian("panel", "export", *words).code == 0
        again = kaojian("panel", "import", words[0])
        assert (again.code, again.out.count("entered ")) == (0, 0), again.err
        assert again.out.count("unchanged ")
    assert "say which of the two" in kaojian("panel", "export", "c.csv").err
    assert kaojian("panel", "export", "c.pdf").code == 2
    (installation / "p.yaml").write_text(kaojian("panel", "profile").out, encoding="utf-8")
    assert kaojian("panel", "import", "all.xlsx", "--profile", "p.yaml").code == 0
    assert kaojian("panel", "import", str(file), "--profile", "p.yaml").code == 2
    text = (installation / "b.csv").read_text("utf-8-sig")
    (installation / "b.csv").write_text(text.replace("ex-3", "ex-9"), encoding="utf-8")
    done = kaojian("panel", "import", "b.csv")
    assert (done.code, "b.csv:4: 考评员编号: 考评员未登记" in done.err) == (1, True)
