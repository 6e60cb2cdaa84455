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
from dashboard.api.examples_asked import ASKED
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


def test_every_route_of_the_description_has_an_example_of_what_it_is_asked_and_of_what_it_answers() -> None:
    """Of JSON: pictures, papers and films are none, and an uploaded file is its own example."""
    described = openapi()
    components = {"components": described["components"]}
    assert read(canonical(RESULTS)).batch == RESULTS["batch"]
    lacking, named = [], set()
    for route in (each for path in described["paths"].values() for each in path.values()):
        name = route["operationId"]
        done = [answer for status, answer in route["responses"].items() if status.startswith("2")]
        for body in (*done, route.get("requestBody", {})):
            json_of = body.get("content", {}).get("application/json")
            if json_of is None:
                continue
            named.add(name)
            if "example" not in json_of:
                lacking.append(name)
                continue
            problems = Draft202012Validator({**json_of.get("schema", {}), **components}).iter_errors(
                json_of["example"]
            )
            assert [(name, list(each.path), each.message) for each in problems] == []
    assert lacking == [], "add what lacks to dashboard/api/examples.py, what is asked to examples_asked.py"
    assert ANSWERS.keys() | ASKED.keys() <= named, "an example of a route that is not there or has no JSON"
