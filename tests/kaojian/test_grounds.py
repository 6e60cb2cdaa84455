"""`kaojian grounds`: what is imported, what is shown of it, how a batch is judged by it, and the form on paper."""

from __future__ import annotations

import json
from pathlib import Path

from kaojian.terminal import local_actor
from tests.kaojian.conftest import Command
from tests.kaojian.test_cli import journal
from tests.records.grounds import GROUNDS, NORM
from tests.records.setups import WHOLE


def test_what_is_imported_is_shown_and_a_batch_is_judged_by_it(kaojian: Command, installation: Path) -> None:
    (installation / "grounds.yaml").write_text(GROUNDS, encoding="utf-8")
    (installation / "exam.yaml").write_text(WHOLE, encoding="utf-8")
    assert kaojian("apply", "exam.yaml").code == 0

    before = json.loads(kaojian("grounds", "judge", "2026-0501", "--json").out)
    assert {each["verdict"] for each in before["findings"]} == {"unknown"}

    done = kaojian("grounds", "import", "grounds.yaml", "--reason", "首次登记")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:2] == ["entered    institution lianxi", "entered    premises sg-001"]
    assert journal(installation)[0] == ("enter_grounds", "grounds", local_actor())
    again = kaojian("grounds", "import", "grounds.yaml").out.splitlines()
    assert {line.split()[0] for line in again} == {"unchanged"}

    shown = kaojian("grounds", "show", "sg-001").out
    assert "考场设立审核意见表" in shown
    assert "市中心已决定 decided（同意 agrees 2026-01-16）" in shown
    assert "agreement/agreement-1@1" in shown
    told = json.loads(kaojian("grounds", "show", "sg-001", "--json").out)
    assert [each["entry"] for each in told["entries"]][:3] == [
        "institution/lianxi@1",
        "premises/sg-001@1",
        "site_approval/form-1@1",
    ]
    assert told["entries"][0]["reason"] == "首次登记"

    judged = json.loads(kaojian("grounds", "judge", "2026-0501", "--json").out)
    verdicts = {each["id"]: each["verdict"] for each in judged["findings"]}
    assert verdicts == {
        "C1-2": "pass",
        "C4-1": "pass",
        "C4-2": "not_applicable",
        "C4-3": "pass",
        "C4-4": "unknown",  # nobody said how many candidates there are
        "C4-5": "pass",
        "C4-6": "pass",
    }
    table = kaojian("grounds", "judge", "2026-0501").out
    assert "无法判定 unknown" in table
    assert "premises/sg-001@1" in table

    printed = kaojian("grounds", "form", "form-1", "form.pdf", "--lang", "en")
    assert printed.out == "written: form.pdf, site_approval/form-1@1\n"
    assert (installation / "form.pdf").read_bytes().startswith(b"%PDF-")


def test_what_cannot_be_imported_or_shown_is_said_in_one_line_each(kaojian: Command, installation: Path) -> None:
    (installation / "grounds.yaml").write_text(NORM.replace("machine", "oral"), encoding="utf-8")
    done = kaojian("grounds", "import", "grounds.yaml")
    assert done.code == 1
    assert done.err.startswith("grounds.yaml:6: norms[0].subjects[0].method: ")
    assert "kaojian: 1 problem; nothing was changed" in done.err
    assert kaojian("grounds", "show", "sg-001").err.startswith("kaojian: nothing is on record of a site sg-001")
    assert kaojian("grounds", "form", "form-1", "form.pdf").err.startswith("kaojian: there is no form form-1")
    assert kaojian("grounds", "judge", "2026-9999").err.startswith("kaojian: there is no batch 2026-9999")
    assert kaojian("grounds", "import").code == 2
    assert json.loads(kaojian("grounds", "import", "--schema").out)["title"] == "Kaojian grounds"
    assert not (installation / "form.pdf").exists()
