"""The paper for whoever writes an outside scoring system: its commands are run, its examples are true."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships without types

from config.rule_pack import load as load_rule_pack
from dashboard.api.examples import ANSWERS, RESULTS
from dashboard.app import create_app, openapi
from domain.alarms import RECORDS
from domain.chain import canonical
from domain.timeline import rfc3339
from records.following import EVENTS, Follower
from records.results_form import read
from storage.audit.notary import Notary
from storage.database import connect
from storage.signing import public_key
from tests.dashboard.candidates import enrol
from tests.dashboard.exam import BATCH, EXAM, SITE, START, TESTER, Exam, plan_exam
from tests.dashboard.serving import client
from tests.dashboard.test_outside import Outside, enter, system_token
from tests.fakes.notary import SIGNER
from tests.fakes.webhook_receiver import Receiver
from tests.house.rules import ROOT

PAPER = (ROOT / "docs" / "outside-systems.md").read_text("utf-8")
PROGRAMS = ("openssl", "curl", "jq", "xxd", "od")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAPER, re.DOTALL)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Exam, httpx.Client]]:
    with closing(connect(f"sqlite:///{tmp_path / 'kaojian.db'}", Notary(SIGNER, tmp_path))) as database:
        exam = plan_exam(database, tmp_path / "spool")
        enrol(exam, marked=False)
        with client(create_app(database, exam.archive, load_rule_pack, exam.clock, None), None) as talking:
            yield exam, talking


@pytest.mark.skipif(any(shutil.which(each) is None for each in PROGRAMS), reason=f"wants {', '.join(PROGRAMS)}")
def test_the_commands_of_the_paper_do_what_it_says(served: tuple[Exam, httpx.Client], tmp_path: Path) -> None:
    exam, talking = served
    made, reading, signing, checking = blocks("sh")
    token = system_token(exam, "scoring-1", SITE.id)
    variables = {"KAOJIAN": str(talking.base_url).rstrip("/"), "TOKEN": token, "BATCH": BATCH}

    def runs(script: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    runs(made)
    enter(exam, "scoring-1", public_key((tmp_path / "scoring.pub").read_text()))
    assert '"T001"' in runs(reading)
    document = Outside(talking, token, Receiver()).document({"T001": "80", "T003": None}, exam.clock.now())
    (tmp_path / "results.json").write_text(json.dumps(document, ensure_ascii=False, indent=2), "utf-8")
    taken: dict[str, Any] = json.loads(runs(signing))
    assert (taken["new"], taken["unchanged"]) == (2, 0)
    assert json.loads(runs(signing))["unchanged"] == 2
    assert "Verified Successfully" in runs(checking)
    (tmp_path / "kept.document").write_bytes((tmp_path / "kept.document").read_bytes().replace(b'"80"', b'"81"'))
    with pytest.raises(AssertionError, match="Verification Failure"):
        runs(checking.splitlines()[-1])


def test_the_document_of_the_paper_is_that_of_the_description() -> None:
    _, document = blocks("json")
    assert json.loads(document) == RESULTS


def test_the_message_of_the_paper_has_the_fields_of_a_message(served: tuple[Exam, httpx.Client]) -> None:
    exam, _ = served
    follower = Follower(exam.database, exam.clock, "host")
    follower.follow()
    exam.database.journal.record(START + EXAM, TESTER, "close_sitting", f"{BATCH}/1", f"end {rfc3339(START)}")
    (told,) = follower.follow()
    message, _ = blocks("json")
    example, real = json.loads(message), json.loads(told.body)
    assert example.keys() == real.keys()
    assert {name: type(value) for name, value in example.items()} == {
        name: type(value) for name, value in real.items()
    }
    assert example["text"] == {language: text.replace(BATCH, "2026-0501") for language, text in real["text"].items()}


def test_the_paper_names_every_event_of_records() -> None:
    rows = PAPER.partition("| Event | When |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+_\w+)`", rows)) == {each.value for each in RECORDS}
    assert {each.kind for each in EVENTS.values()} == RECORDS


def test_the_examples_of_the_description_are_what_it_describes() -> None:
    described = openapi()
    assert read(canonical(RESULTS)).batch == RESULTS["batch"]
    routes = {each["operationId"]: each for path in described["paths"].values() for each in path.values()}
    for name, example in ANSWERS.items():
        answers = routes[name]["responses"]
        answer = answers["200" if "200" in answers else "201"]["content"]["application/json"]
        assert answer["example"] == example
        schema = {**answer["schema"], "components": described["components"]}
        Draft202012Validator(schema).validate(example)
    asked = routes["hand_in_results"]["requestBody"]["content"]["application/json"]
    assert asked["example"]["results"][1]["value"] is None
