"""The door against its table: every route of the description, as every role, inside and outside its scope."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from config.rule_pack import load as load_rule_pack
from dashboard.access import tokens
from dashboard.access.login import FRESH as LATELY
from dashboard.access.login import actor_of
from dashboard.access.questions import Allowance, Questions
from dashboard.access.table import FRESH, GRANTABLE, MAY, ROUTES, TWO_SIDES, Act, acts_of, may
from dashboard.access.tickets import Ticket, Tickets
from dashboard.api import document
from dashboard.api.guard import COOKIE, Seen
from dashboard.app import create_app, openapi
from domain import disposal
from domain.disposal import CONTENT_FORM, BatchToGo, Content
from domain.dossier import Item
from domain.draws import POOLS, commitment_of, digest_of
from domain.holds import Order
from domain.people import Account, Reach, Role, Scope
from domain.permits import Decided, Decision, Permit
from domain.places import Batch
from domain.supervision import Attendance, Way
from domain.timeline import rfc3339
from domain.viewings import DONE, Deed, Viewing
from records import dossier, drawing, receipts
from records.roll import Desk
from records.supervision import Beginning, add_supervisor, begin, visits
from storage.database import connect
from storage.database.api_tokens import ApiToken
from storage.manifest.form import document_of, written
from tests.dashboard.exam import BATCH, PACK, SITE, TESTER, TOKEN, WINDOW, Exam, hold_exam, log_in, plan
from tests.dashboard.receipted import receipt_of
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY
from tests.records.dossiers import png
from tests.supervised import person

INSIDE = {Reach.CITY: "", Reach.COUNTY: SITE.county, Reach.SITE: SITE.id, Reach.BATCHES: BATCH}
SPAN = {"start": rfc3339(WINDOW.start), "end": rfc3339(WINDOW.end), "purpose": "复核成绩有疑"}
TICKETS = Tickets()
LIMITED = [role for role in Role if role.reach is not Reach.CITY]
HIDDEN = {"page": "/", "description": "/api/v1/openapi.json", "metrics": "/metrics"}


def account(exam: Exam, role: Role, *, inside: bool = True, must_change: bool = False) -> str:
    """The session's token of an account of that role, of whose scope the exam is a part or not.

    The account has another session, and a token for programs too, of which nothing but ``program-0``, ``program-1``
    ... is known: its id; and ``permit-0``, ``permit-1`` ... is the permit that it may watch the exam under, or has to
    decide on.
    """
    names = frozenset({INSIDE[role.reach] if inside else "elsewhere"} - {""})
    number = next(NUMBERS)
    held = Account(f"{role}-{number}", role, Scope(role.reach, names), exam.clock.now(), must_change)
    log_in(exam, held, f"token-{number}")
    exam.database.accounts.succeed(held.name, elsewhere(number), exam.clock.now())
    OWNERS[f"token-{number}"] = held
    mine = ApiToken(f"program-{number}", held.name, "x", (), held.created, held.created + timedelta(days=1))
    exam.database.api_tokens.add(mine, f"no digest {number}")
    permit_of(exam, held, f"permit-{number}")
    return f"token-{number}"


@cache
def lasting(exam: Exam, role: Role, *, inside: bool = True) -> str:
    """The same account for all that leaves its sessions, tokens and permits as they are."""
    return account(exam, role, inside=inside)


def visitor(exam: Exam, role: Role, name: str, method: str, *, inside: bool = True) -> str:
    """The token of an account of that role, a new one where the route may end what the account has."""
    return (account if ROUTES[name] in MINE and method != "GET" else lasting)(exam, role, inside=inside)


def elsewhere(number: object) -> str:
    """The id of another session of the account of that number."""
    return sha256(f"elsewhere-{number}".encode()).hexdigest()


def permit_of(exam: Exam, account: Account, name: str) -> None:
    """Approved by the supervisor where the account may ask, asked by itself where it decides on others'."""
    now = exam.clock.now()
    until = now + timedelta(days=1)
    asked = Permit(name, account.name, account.role, BATCH, "", WINDOW, "核实投诉", now, until)
    if may(account.role, Act.ASK):
        exam.database.permits.add(asked)
        approval = Decision(Decided.APPROVED, now, "supervisor", Role.CITY_SUPERVISOR, "", until)
        recorded = Viewing(now, actor_of("supervisor"), approval.role, Deed.APPROVE, DONE, batch=BATCH, permit=name)
        exam.database.viewings.add(recorded)
        exam.database.permits.decide(name, approval)
    elif may(account.role, Act.APPROVE):
        exam.database.permits.add(replace(asked, account="supervisor"))


def program(exam: Exam, role: Role, acts: frozenset[Act], *, inside: bool = True) -> str:
    """The secret of a token for programs, of a new account of that role."""
    owner = OWNERS[account(exam, role, inside=inside)]
    return tokens.add(exam.database, owner, tokens.Wanted("x", acts), TESTER, exam.clock)[1]


def to(key: str) -> str:
    """Stands in an address for a ticket to that key, until it is known who asks."""
    return f"TICKET{key.encode().hex()}"


def made(exam: Exam, page: Path | None) -> FastAPI:
    app = create_app(exam.database, exam.archive, load_rule_pack, exam.clock, page)
    patient: Questions[Any] = Questions(Allowance(10_000, 1), Allowance(10_000, 1))
    app.state.backing = replace(app.state.backing, tickets=TICKETS, questions=patient)
    return app


def described() -> dict[str, Any]:
    """The routes of the API's description."""
    paths: dict[str, Any] = openapi()["paths"]
    return paths


NUMBERS = itertools.count()
OWNERS: dict[str, Account] = {}
"""Whose session's token it is."""

MINE = {Act.OWN_SESSION, Act.OWN_TOKENS, Act.ASK, Act.APPROVE}
"""What is done to one's own sessions, tokens and permits, or to a permit that waits for one."""

OWN = {Act.ANYBODY, Act.OWN_SESSION, Act.OWN_TOKENS, Act.ASK, Act.WATCH_PERMITTED}
"""What is no matter of scopes; a permit is for what lies outside of them (``test_permits``)."""

LISTS = {
    *("/api/v1/batches", "/api/v1/schedule", "/api/v1/status", "/api/v1/status/drifts"),
    *("/api/v1/viewings", "/api/v1/acts", "/api/v1/acts/check", "/api/v1/permits"),
    *("/api/v1/operations", "/api/v1/accounts"),
    *("/api/v1/disposals", "/api/v1/disposals/due", "/api/v1/draws", "/api/v1/visits"),
    *("/api/v1/suspicions", "/api/v1/live", "/api/v1/situation", "/api/v1/retrieval", "/api/v1/screeners"),
    *("/api/v1/sites", "/api/v1/withholdings", "/api/v1/grounds", "/api/v1/panels", "/api/v1/examiners"),
}
"""Addresses that name nothing of an exam: what lies outside the scope is left out of their answers."""


def listed(exam: Exam) -> int:
    """The number of a list that has the exam's batch, made where there is none yet."""
    disposals = exam.database.disposals
    for each in disposals.of_batch(BATCH):
        return each.number
    going = BatchToGo(SITE.id, BATCH, 1, "d" * 64, "e" * 64, WINDOW.start, ())
    data = written(Content(CONTENT_FORM, (going,)))
    order = Order(exam.clock.now(), TESTER, "保管期已满")
    return disposals.propose(order, [BATCH], data, document_of(data).sha256, lambda: None).number


def declined(exam: Exam) -> int:
    """The number of a withholding of a camera of the exam that withholds nothing, made where there is none yet."""
    kept = exam.database.withholdings
    for each in kept.all():
        return each.number
    found = kept.add("A-cam-1", WINDOW.start, WINDOW.end, Order(exam.clock.now(), TESTER, "误看"))
    no = disposal.Decision(disposal.Settled.DECLINED, exam.clock.now(), TESTER, Role.CITY_OFFICER, "x")
    return kept.decide(found.number, no, lambda _: None).number


def drawn(exam: Exam) -> str:
    """The name of a draw that was made with the exam's batch in its pool, made where there is none yet."""
    database, day = exam.database, WINDOW.start.date()
    if database.register.history(POOLS, "drawn"):
        return "drawn"
    minutes = (WINDOW.start - timedelta(days=1) + timedelta(minutes=each) for each in itertools.count())
    for key in ("d-1", "d-2"):
        add_supervisor(database, key, person(key), TESTER, next(minutes))
    drawing.publish(database, drawing.Wanted("drawn", day, day, WINDOW.start), TESTER, next(minutes))
    digest = digest_of(drawing.pool_of(database, "drawn"))
    parties = [(TESTER, "1" * 64), (actor_of("supervisor"), "2" * 64)]
    for actor, secret in parties:
        drawing.commit(database, "drawn", commitment_of(digest, actor.name, secret), actor, next(minutes))
    for actor, secret in parties:
        drawing.reveal(database, "drawn", secret, actor, next(minutes))
    drawing.run(database, "drawn", TESTER, next(minutes))
    return "drawn"


def visited(exam: Exam) -> str:
    """The number of a visit of the exam's batch that runs, begun where none was yet."""
    drawn(exam)  # which puts supervisors on record
    if not visits(exam.database, BATCH):
        begun = exam.clock.now()
        told = Beginning(BATCH, Way.ON_SITE, (Attendance("d-1", None),), begun, reason="投诉")
        begin(exam.database, told, TESTER, begun)
    return "1"


def receipted(exam: Exam) -> str:
    """The code of a receipt of the exam's batch, made with a scan in its dossier where there is none yet."""
    for each in receipts.of_batch(exam.database, BATCH):
        return each.key
    desk = Desk(exam.database, TESTER, exam.clock.now())
    dossier.file_scan(desk, exam.archive, BATCH, dossier.Told(Item.ROSTER), png())
    return receipt_of(exam, "T001")


def admitted(exam: Exam) -> str:
    """The name of an account that whoever administers may do anything to, made where there is none yet."""
    if exam.database.accounts.find("admitted") is None:
        held = Account("admitted", Role.CITY_OFFICER, Scope(Reach.CITY), exam.clock.now(), False)
        exam.database.accounts.add(held, "")
    return "admitted"


@cache
def operations(exam: Exam) -> dict[str, tuple[str, str]]:
    """Method and address of every route, with the ids of the exam in its place holders, but for tickets."""
    ticket = to(exam.segments("A-cam-1")[0].key)
    exams = {"batch": BATCH, "number": "1", "camera": "A-cam-1", "ticket": ticket, "site": SITE.id, "room": "A"}
    code = receipted(exam)
    lists = {"disposal": str(listed(exam)), "draw": drawn(exam), "receipt": code, "code": code}
    lists |= {"withholding": str(declined(exam)), "account": admitted(exam), "visit": visited(exam)}
    lists |= {"approval": "form-1", "submission": "1"}
    ids = {**exams, **lists, "token": "PROGRAM", "session": "OTHER", "permit": "PERMIT"}
    found = {name: ("GET", path) for name, path in HIDDEN.items()}
    for path, methods in described().items():
        for method, operation in methods.items():
            found[operation["operationId"]] = (method.upper(), path.format_map(ids))
    return found


@pytest.fixture(scope="module")
def held(exam: Exam) -> Exam:
    """The exam that all tests of this room read; accounts are added to it, and change nothing of it."""
    return exam


@pytest.fixture(scope="module")
def app(held: Exam, page: Path) -> FastAPI:
    return made(held, page)


@pytest.fixture(scope="module")
def anybody(app: FastAPI) -> Iterator[httpx.Client]:
    with client(app, None) as talking:
        yield talking


def wants_more(name: str) -> bool:
    """Whether a route wants what ``ask`` never sends: a body, or the answer of an identity provider."""
    return name == "finish_login" or any(
        "requestBody" in operation
        for methods in described().values()
        for operation in methods.values()
        if operation["operationId"] == name
    )


def let_in(name: str, method: str) -> int:
    """How a route answers who may. The sitting was held, so nobody tries its cameras; the batch is not closed, so
    nothing signed is there to be taken away.
    """
    if name in {"order_trial", "export_batch"}:
        return 409
    if name in {"reference_picture", "grounds", "approval_form"}:
        return 404  # none was made, and nothing is on record of the site
    if name == "publish_visit":
        return 422  # before its feedback
    return 422 if wants_more(name) else 204 if method == "DELETE" else 200


def ask(
    talking: httpx.Client, operation: tuple[str, str], token: str | None, *, program_id: str | None = None
) -> httpx.Response:
    """What a route answers the holder of a session, or with ``program_id`` the holder of that token for programs.

    Its ticket is one of theirs; a token or another session it names is the one that their account has.
    """
    method, address = operation
    session = sha256((token or "").encode()).hexdigest() if program_id is None else f"token:{program_id}"
    number = (token or "").rpartition("-")[2]
    address = address.replace("PROGRAM", f"program-{number}").replace("PERMIT", f"permit-{number}")
    address = address.replace("OTHER", elsewhere(number))

    def issued(match: re.Match[str]) -> str:
        return TICKETS.issue(session, Ticket(bytes.fromhex(match[1]).decode()), WINDOW.end + timedelta(days=1))

    address = re.sub("TICKET([0-9a-f]*)", issued, address)
    params = SPAN if any(each in address for each in ("playlist", "film", "export.zip")) else None
    if "screener.mp4" in address:
        params = SPAN | {"end": rfc3339(WINDOW.start + timedelta(seconds=0.5))}  # coding takes long
    if "frame.jpg" in address:
        params = {"at": rfc3339(WINDOW.start + timedelta(seconds=5)), "purpose": SPAN["purpose"]}
    headers = {} if token is None else {"Cookie": f"{COOKIE}={token}"}
    if program_id is not None:
        headers = {"Authorization": f"Bearer {token}", "Origin": "http://elsewhere.example"}
    return talking.request(method, address, params=params, headers=headers)


def routes(router: Any) -> Iterator[Any]:
    """All routes of an application, also those of routers in it."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from routes(inner)


def test_the_table_names_every_route_and_nothing_else(app: FastAPI, held: Exam) -> None:
    there = list(routes(app))
    assert all(isinstance(route, APIRoute) for route in there), "a route of another kind would pass the guard"
    assert {route.name for route in there} == set(ROUTES) == set(operations(held))
    assert len(there) == len(ROUTES), "two routes of one name would share a line of the table"


def test_every_act_but_anybodys_says_which_roles_may() -> None:
    assert set(MAY) == set(Act) - {Act.ANYBODY}
    assert all(MAY.values())


@pytest.mark.parametrize("role", Role)
def test_no_role_does_two_sides_of_one_act_and_no_account_is_told_that_it_may(
    anybody: httpx.Client, held: Exam, role: Role
) -> None:
    for one, other in TWO_SIDES:
        assert not (may(role, one) and may(role, other)), (role, one, other)
    told = anybody.get("/api/v1/session", headers={"Cookie": f"{COOKIE}={account(held, role)}"}).json()["account"]
    assert tuple(told["may"]) == acts_of(role)


def test_both_sides_of_an_act_are_somebodys() -> None:
    for act in {act for pair in TWO_SIDES for act in pair}:
        assert [role for role in Role if may(role, act)], act


@pytest.mark.parametrize("name", ROUTES)
def test_nobody_comes_in_without_a_session_but_where_anybody_may(
    anybody: httpx.Client, held: Exam, name: str
) -> None:
    operation = operations(held)[name]
    for token in (None, "planted", ""):
        answer = ask(anybody, operation, token)
        if ROUTES[name] is Act.ANYBODY:
            assert answer.status_code in {200, 422}
        else:
            assert answer.status_code == 401
            assert answer.json()["type"] == "urn:kaojian:problem:not-logged-in"
            assert "www-authenticate" in answer.headers
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("role", Role)
def test_inside_its_scope_a_role_may_what_the_table_says(anybody: httpx.Client, held: Exam, role: Role) -> None:
    for name, operation in operations(held).items():
        answer = ask(anybody, operation, visitor(held, role, name, operation[0]))
        act = ROUTES[name]
        if act is Act.ANYBODY or role in MAY[act]:
            assert answer.status_code == let_in(name, operation[0]), name
        else:
            assert answer.status_code == 403, name
            assert answer.json()["type"] == "urn:kaojian:problem:not-allowed"


@pytest.mark.parametrize("role", LIMITED)
def test_outside_its_scope_a_role_finds_nothing_of_the_exam(anybody: httpx.Client, held: Exam, role: Role) -> None:
    for name, operation in operations(held).items():
        if ROUTES[name] in OWN:
            continue
        answer = ask(anybody, operation, visitor(held, role, name, operation[0], inside=False))
        if role not in MAY[ROUTES[name]]:
            assert answer.status_code == 403, name
        elif operation[1] in LISTS:
            assert answer.status_code == (422 if wants_more(name) else 200), name
            assert not any(each in answer.text for each in (BATCH, SITE.id, SITE.name, SITE.county, "A-cam"))
        else:
            assert answer.status_code == 404, name


def replaced(text: str, names: dict[str, str]) -> str:
    for name, other in names.items():
        text = text.replace(name, other)
    return text


def test_what_lies_outside_is_told_in_the_words_of_what_is_not_there(anybody: httpx.Client, held: Exam) -> None:
    token = account(held, Role.SITE_OPERATOR, inside=False)
    for name, operation in operations(held).items():
        if ROUTES[name] not in {Act.SEE, Act.WATCH, Act.SAVE} or operation[1] in LISTS:
            continue
        gone = {BATCH: "no-batch", "A-cam-1": "no-cam", SITE.id: "no-site"}
        renamed = replaced(operation[1], gone)
        other = (operation[0], re.sub("TICKET[0-9a-f]*", to("no such key"), renamed))
        outside, missing = ask(anybody, operation, token).json(), ask(anybody, other, token).json()
        outside["detail"] = replaced(outside["detail"], gone)
        assert {**outside, "instance": ""} == {**missing, "instance": ""}


@pytest.mark.parametrize("role", Role)
def test_with_a_first_password_there_is_nothing_to_do_but_to_change_it(
    anybody: httpx.Client, held: Exam, role: Role
) -> None:
    token = account(held, role, must_change=True)
    for name, operation in operations(held).items():
        if ROUTES[name] in {Act.ANYBODY, Act.OWN_SESSION}:
            continue
        answer = ask(anybody, operation, token)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:password-must-change"), name


@pytest.mark.parametrize("role", Role)
def test_a_role_that_has_to_have_a_second_factor_sets_it_up_first(held: Exam, role: Role) -> None:
    app = made(held, None)
    app.state.backing = replace(app.state.backing, with_factor=frozenset({Role.CITY_OFFICER}))
    token = account(held, role)
    asked = operations(held)
    if role is not Role.CITY_OFFICER:  # of whom it is asked at no route, or at each
        asked = {name: asked[name] for name in ("batches", "tokens")}
    with client(app, None) as talking:
        for name, operation in asked.items():
            if ROUTES[name] not in {Act.ANYBODY, Act.OWN_SESSION}:
                answer = ask(talking, operation, token)
                kind = answer.json()["type"] if answer.status_code == 403 else ""
                assert (kind == "urn:kaojian:problem:factor-must-enrol") == (role is Role.CITY_OFFICER), name


def by_program(
    talking: httpx.Client, exam: Exam, secret: str, asked: dict[str, tuple[str, str]]
) -> dict[str, httpx.Response]:
    """What these routes answer a program."""
    token = exam.database.api_tokens.held(sha256(secret.encode()).hexdigest())
    assert token is not None
    return {name: ask(talking, each, secret, program_id=token[0].id) for name, each in asked.items()}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("inside", [True, False])
def test_a_token_for_all_that_it_may_be_for_sees_what_its_owner_sees_and_changes_nothing_else(
    anybody: httpx.Client, held: Exam, role: Role, inside: bool
) -> None:
    if not inside and role not in LIMITED:
        return
    granted = frozenset(act for act in GRANTABLE if role in MAY[act])
    asked = operations(held)
    for name, answer in by_program(anybody, held, program(held, role, granted, inside=inside), asked).items():
        if ROUTES[name] is Act.ANYBODY:
            assert answer.status_code == (403 if asked[name][0] != "GET" else 422 if wants_more(name) else 200), name
        elif ROUTES[name] not in granted:
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:not-allowed"), name
        elif inside or asked[name][1] in LISTS:
            expected = let_in(name, "GET")  # it is let in, and sent nothing
            assert (answer.status_code, inside or BATCH not in answer.text) == (expected, True), name
        else:
            assert answer.status_code == 404, name


@pytest.mark.parametrize("role", Role)
def test_a_token_for_one_thing_is_for_nothing_else(anybody: httpx.Client, held: Exam, role: Role) -> None:
    one_of_each = {act: name for name, act in ROUTES.items()}
    asked = {name: operations(held)[name] for act, name in one_of_each.items() if act is not Act.ANYBODY}
    for granted in (act for act in GRANTABLE if role in MAY[act]):
        answers = by_program(anybody, held, program(held, role, frozenset({granted})), asked)
        let_in = {ROUTES[name] for name, answer in answers.items() if answer.status_code in {200, 422}}
        assert let_in == {granted}, granted
        assert {each.status_code for each in answers.values()} <= {200, 403, 422}


def test_no_cookie_is_looked_at_beside_a_token(anybody: httpx.Client, held: Exam) -> None:
    cookie = account(held, Role.CITY_SUPERVISOR)
    headers = {"Cookie": f"{COOKIE}={cookie}", "Authorization": "Bearer never-given"}
    for name, (method, address) in operations(held).items():
        if ROUTES[name] is not Act.ANYBODY:
            assert anybody.request(method, address, headers=headers).status_code == 401, name
    assert anybody.get("/api/v1/session", headers=headers).json()["account"] is None
    headers["Authorization"] = "Basic Y2hlbjpwYXNzd29yZA=="
    assert anybody.get("/api/v1/batches", headers=headers).status_code == 200


def test_what_the_table_says_asks_for_a_password_that_was_given_lately(held: Exam) -> None:
    supervisor, operator = account(held, Role.CITY_SUPERVISOR), account(held, Role.SITE_OPERATOR)
    officer, admin = account(held, Role.CITY_OFFICER), account(held, Role.CITY_ADMINISTRATOR)
    held.clock.advance(LATELY.total_seconds())
    try:
        with client(made(held, None), None) as talking:
            for name, operation in operations(held).items():
                if ROUTES[name] is Act.ANYBODY or name in {"log_out", "revoke_token"}:
                    continue
                token = officer if ROUTES[name] is Act.CERTIFY else supervisor
                token = operator if ROUTES[name] is Act.RUN else token
                token = officer if ROUTES[name] is Act.SET_UP else token
                token = admin if ROUTES[name] is Act.ADMIT else token
                answer = ask(talking, operation, token)
                kind = answer.json()["type"] if answer.status_code == 403 else ""
                assert (kind == "urn:kaojian:problem:proof-needed") == (name in FRESH), name
    finally:
        held.clock.step(-LATELY.total_seconds())


def test_a_token_of_somebody_else_is_told_in_the_words_of_one_that_is_not_there(
    anybody: httpx.Client, held: Exam
) -> None:
    theirs, mine = account(held, Role.CITY_SUPERVISOR), account(held, Role.CITY_SUPERVISOR)
    answers = [
        ask(anybody, ("DELETE", f"/api/v1/tokens/{named}"), mine)
        for named in (f"program-{theirs.rpartition('-')[2]}", "no-program", "x%00", "%27%20OR%201=1")
    ]
    assert {(each.status_code, each.json()["type"]) for each in answers} == {
        (404, "urn:kaojian:problem:unknown-token")
    }
    (kept,) = held.database.api_tokens.all(OWNERS[theirs].name)
    assert kept.revoked is None


@pytest.mark.parametrize(
    "address", ["//evil.example/", "/api/v1/batches/", "/api/v1/session/", "/\\evil.example", "/%0d%0aX:1"]
)
def test_no_address_leads_to_another_site(anybody: httpx.Client, address: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = anybody.request(method, address, headers={"X-Forwarded-Host": "evil.example"})
        assert "location" not in answer.headers
        assert answer.status_code < 300 or answer.status_code >= 400
        assert "x" not in answer.headers


def test_a_route_that_the_table_does_not_name_opens_for_nobody(held: Exam) -> None:
    app = create_app(held.database, held.archive, load_rule_pack, held.clock, None)
    app.router.routes.clear()

    def forgotten() -> str:
        return "secret"

    def status(secret: str) -> str:
        return secret

    app.add_api_route("/forgotten", forgotten)

    def health(seen: Seen) -> str:
        return str(seen.sites())

    app.add_api_route("/of/{secret}", status)  # named in the table, with something in its address that nobody judges
    app.add_api_route("/asks", health)  # in the table for anybody, and shows what only somebody may see
    with client(app) as talking:
        for address in ("/forgotten", "/of/things", "/asks"):
            answer = talking.get(address)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:undeclared")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Authorization": "Basic Y2hlbjpwYXNzd29yZA=="},
        {},
    ],
)
def test_a_change_that_another_site_asks_for_is_refused(
    anybody: httpx.Client, held: Exam, headers: dict[str, str]
) -> None:
    token = account(held, Role.CITY_SUPERVISOR)
    del anybody.headers["Origin"]
    try:
        for name, (method, address) in operations(held).items():
            if method == "GET":
                continue
            answer = anybody.request(method, address, headers={**headers, "Cookie": f"{COOKIE}={token}"}, json={})
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:kaojian:problem:cross-site"), name
        same = {"Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={token}"}
        assert anybody.delete("/api/v1/session", headers=same).status_code == 204
    finally:
        anybody.headers["Origin"] = str(anybody.base_url)


def test_footage_of_a_sitting_that_is_not_closed_is_for_those_with_a_duty(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool", closed=False)
    tokens = {role: account(exam, role) for role in Role if may(role, Act.WATCH)}
    asked = [operations(exam)[name] for name in ("playlist", "init_part", "media_part", "whole_file")]
    with client(made(exam, None), None) as talking:
        for role, token in tokens.items():
            answers = [ask(talking, each, token) for each in asked]
            on_duty = role in MAY[Act.WATCH_OPEN]
            # Whoever they are, nobody takes a file away.
            assert [each.status_code for each in answers] == [*[200 if on_duty else 403] * 3, 403], role
            refused = [each.json()["type"] for each in answers if each.status_code == 403]
            assert set(refused) == {"urn:kaojian:problem:held-back"}
        database.setup.close_sitting(BATCH, 1, WINDOW.end, WINDOW.end)
        for token in tokens.values():
            assert [ask(talking, each, token).status_code for each in asked] == [200] * len(asked)
    database.close()


@pytest.mark.parametrize("role", Role)
def test_a_recused_person_finds_nothing_of_the_batch(anybody: httpx.Client, held: Exam, role: Role) -> None:
    token = account(held, role)
    name = OWNERS[token].name
    held.database.accounts.recuse(name, BATCH, held.clock.now(), recused=True)
    for route, operation in operations(held).items():
        if ROUTES[route] in OWN:
            continue
        answer = ask(anybody, operation, token)
        if not may(role, ROUTES[route]):
            assert answer.status_code == 403, route
        elif operation[1] in LISTS or ROUTES[route] is Act.ADMIT:
            # The second sitting of the batch is not closed, and uses all cameras: their state would tell of it.
            said = let_in(route, operation[0])
            assert (answer.status_code, BATCH in answer.text, "A-cam" in answer.text) == (said, False, False), route
        else:
            assert answer.status_code == 404, route
    held.database.accounts.recuse(name, BATCH, held.clock.now(), recused=False)
    shown = "batches" if may(role, Act.SEE) else "schedule"
    assert BATCH in ask(anybody, operations(held)[shown], token).text


def test_a_camera_that_served_two_batches_shows_an_auditor_only_what_belongs_to_theirs(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    exam = hold_exam(database, tmp_path / "spool")
    mine = exam.segments("A-cam-1")[0]
    theirs = replace(mine, key=mine.key.replace(BATCH, "SG-OTHER"), batch="SG-OTHER")
    start = WINDOW.end + timedelta(days=1)
    other = Batch("SG-OTHER", SITE.id, "中式烹调师", PACK.id, (plan(1, start),))
    database.setup.apply_batch(other, TESTER, exam.clock.now())
    auditor = Account("zhou", Role.AUDITOR, Scope(Reach.BATCHES, frozenset({"SG-OTHER"})), exam.clock.now(), False)
    log_in(exam, auditor, "zhou's")
    with client(made(exam, None), "zhou's") as talking:
        listed = talking.get("/api/v1/cameras/A-cam-1/playlist.m3u8", params=SPAN)
        assert (listed.status_code, listed.json()["type"]) == (404, "urn:kaojian:problem:no-footage")
        for key in (mine.key, theirs.key):
            assert ask(talking, ("GET", f"/api/v1/footage/{to(key)}/init.mp4"), "zhou's").status_code == 404
        assert [each["id"] for each in talking.get("/api/v1/batches").json()] == ["SG-OTHER"]
    database.close()


@pytest.mark.parametrize("key", ["../../kaojian.db", "/etc/passwd", "sg-001\0", ""])
def test_a_key_that_climbs_out_of_the_spool_names_nothing(anybody: httpx.Client, held: Exam, key: str) -> None:
    answer = ask(anybody, ("GET", f"/api/v1/footage/{to(key)}/init.mp4"), TOKEN)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:kaojian:problem:unknown")


def test_the_description_of_the_api_is_served_as_it_is_kept(anybody: httpx.Client) -> None:
    assert anybody.get("/api/v1/openapi.json").json() == openapi()
    assert "openapi" in document.text()
