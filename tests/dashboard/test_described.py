"""The API against its own description: what it lets be sent, and what not, is sent as every role and as nobody, with
ids that are there and ids that are not. What comes back is never a fault of the server's, and is as described.

``make test-api`` tries many more (KAOJIAN_API_EXAMPLES). Not here: who may what (``tests.dashboard.access``).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from config.rule_pack import load as load_rule_pack
from dashboard.access.table import ROUTES, Act, may
from dashboard.api.guard import COOKIE
from dashboard.app import create_app, openapi
from domain.people import Account, Reach, Role, Scope
from domain.permits import Permit
from storage.audit.notary import Notary
from storage.database import connect
from tests.dashboard.exam import BATCH, SITE, WINDOW, Exam, hold_exam, log_in
from tests.dashboard.serving import served
from tests.fakes.notary import SIGNER

EXAMPLES = int(os.environ.get("KAOJIAN_API_EXAMPLES", "2"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SEEDS = (SITE.name, SITE.county, "中式面点制作", "一号考场", "rtsp://", "cameras@")
"""What no answer to somebody outside the scope may hold, whatever they ask for."""

INSIDE = {Reach.CITY: frozenset[str](), Reach.COUNTY: {SITE.county}, Reach.SITE: {SITE.id}, Reach.BATCHES: {BATCH}}
THERE: dict[str, Any] = {
    "batch": BATCH,
    "camera": "A-cam-1",
    "number": 1,
    "permit": "20260501-0a1b2c3d",
    "site": SITE.id,
    "room": "A",
}
NUMBERS = itertools.count()


@cache
def operations() -> dict[str, Any]:
    """The routes by their names, read when the first is asked: whoever only collects tests has no use for them."""
    described: Any = schemathesis.openapi.from_dict(openapi())
    found = (each.ok() for each in described.get_all_operations())
    return {operation.definition.raw["operationId"]: operation for operation in found}


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exam]:
    """One of its own: what is asked may have footage withheld, or end what others rest on."""
    folder = tmp_path_factory.mktemp("described")
    with closing(connect(f"sqlite:///{folder / 'kaojian.db'}", Notary(SIGNER, folder))) as database:
        yield hold_exam(database, folder / "spool")


@pytest.fixture(scope="module")
def address(exam: Exam) -> Iterator[str]:
    now, until = exam.clock.now(), exam.clock.now() + timedelta(days=9)
    permit = Permit(THERE["permit"], "supervisor", Role.CITY_SUPERVISOR, BATCH, "", WINDOW, "核实投诉", now, until)
    exam.database.permits.add(permit)
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, None, signing=SIGNER)
    with served(app) as where:
        yield where


def cookie(exam: Exam, role: Role, *, inside: bool) -> str:
    """The token of a session of a new account: what is asked may end it."""
    number = next(NUMBERS)
    names = frozenset(INSIDE[role.reach]) if inside else frozenset({"elsewhere"})
    held = Account(f"described-{number}", role, Scope(role.reach, names), exam.clock.now(), False)
    log_in(exam, held, f"described-{number}")
    return f"described-{number}"


@cache
def reader(exam: Exam, role: Role, *, inside: bool) -> str:
    """The same session for all that is only read."""
    return cookie(exam, role, inside=inside)


def ask_all(exam: Exam, address: str, role: Role | None, *, inside: bool) -> Iterator[tuple[str, Any]]:
    """What every route answers, by its name, checked against the description."""
    with requests.Session() as session:
        for name, operation in operations().items():
            headers = {"Origin": address}
            if role is not None:
                reads = operation.method.upper() == "GET"
                headers["Cookie"] = f"{COOKIE}={(reader if reads else cookie)(exam, role, inside=inside)}"
            for case in cases(name):
                answer = case.call(base_url=address, session=session, headers=headers)
                case.validate_response(answer, checks=CHECKS)
                yield name, answer


@cache
def cases(name: str) -> list[Any]:
    """Requests that the description of a route allows, and such as it does not; every other one names what is there.

    The same for everybody who asks: to think them up takes longer than to ask.
    """
    operation = operations()[name]
    found: list[Any] = []
    # A mark may move the end of a window: the exam that others read stays as it is.
    there_is = THERE | {"number": 2} if name == "mark_sitting" else THERE
    allowed, not_allowed = map(operation.as_strategy, (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=allowed | not_allowed)
    def collect(case: Any) -> None:
        if len(found) % 2 == 0:
            case.path_parameters = {name: there_is.get(name, value) for name, value in case.path_parameters.items()}
        found.append(case)

    collect()
    return found


@pytest.mark.parametrize("role", [*Role, None])
def test_what_comes_back_is_what_the_description_says(exam: Exam, address: str, role: Role | None) -> None:
    told = list(ask_all(exam, address, role, inside=True))
    let_in = {name for name, answer in told if answer.status_code == 200}
    if role is None:
        assert {ROUTES[name] for name in let_in} == {Act.ANYBODY}
    else:
        shown = {name for name in ("status", "batches", "sitting", "report", "schedule") if may(role, ROUTES[name])}
        assert shown
        assert shown <= let_in
        assert any(SITE.name in answer.text for _, answer in told)


@pytest.mark.parametrize("role", [role for role in Role if role.reach is not Reach.CITY])
def test_nothing_of_the_exam_is_in_any_answer_to_somebody_outside(exam: Exam, address: str, role: Role) -> None:
    for name, answer in ask_all(exam, address, role, inside=False):
        assert not [seed for seed in SEEDS if seed in answer.text], name
