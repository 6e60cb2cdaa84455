"""The second factor: first every way around it, then setting it up, using it and losing it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyotp
import pytest
import sqlalchemy as sa

from config.rule_pack import load as load_rule_pack
from dashboard.access import accounts, factors, login
from dashboard.access.accounts import Wanted
from dashboard.access.errors import AccountRefused
from dashboard.api.guard import COOKIE
from dashboard.app import create_app
from domain.people import Role
from storage.archive import Archive
from storage.database import Database, connect
from storage.database.accounts import FREE_FAILURES
from storage.sealing import Sealer
from tests.dashboard.exam import TESTER
from tests.dashboard.serving import client
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import FakeClock

SESSION, SECOND, FACTOR = "/api/v1/session", "/api/v1/session/second", "/api/v1/factor"
STEP_S = 30
REFUSED = (403, "urn:kaojian:problem:code-refused")


class Door:
    """A dashboard without exams, somebody at its door with cookies as in a browser, and their authenticator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.database: Database = connect(f"sqlite:///{folder / 'kaojian.db'}", NOTARY)
        self.sealer = Sealer.new()
        self.talking: httpx.Client
        self.password = ""
        self.secret = ""
        self.recovery: list[str] = []

    def post(self, address: str, **body: object) -> httpx.Response:
        return self.talking.post(address, json=body)

    def log_in(self) -> httpx.Response:
        return self.post(SESSION, name="chen", password=self.password)

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(self.clock.now(), counter_offset=steps)

    def enrol(self) -> None:
        """Log in, set the factor up, and step past the code that this took."""
        self.log_in()
        self.secret = self.post(FACTOR).json()["secret"]
        self.recovery = self.post(f"{FACTOR}/confirmation", code=self.code()).json()["codes"]
        self.clock.advance(STEP_S)

    def inside(self, token: str | None = None) -> bool:
        headers = {} if token is None else {"Cookie": f"{COOKIE}={token}"}
        return self.talking.get("/api/v1/batches", headers=headers).status_code == 200

    def rows(self, query: str) -> str:
        engine = sa.create_engine(f"sqlite:///{self.folder / 'kaojian.db'}")
        with engine.connect() as connection:
            found = str(connection.execute(sa.text(query)).all())
        engine.dispose()
        return found


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    archive = Archive(
        made.database.evidence, MemoryObjects(clock=made.clock), tmp_path, lambda _: made.clock.now(), made.clock
    )
    app = create_app(
        made.database,
        archive,
        load_rule_pack,
        made.clock,
        None,
        sealer=made.sealer,
        with_factor=frozenset({Role.CITY_ADMINISTRATOR}),
    )
    wanted = Wanted("chen", Role.CITY_OFFICER, must_change=False)
    made.password = accounts.add(made.database, wanted, TESTER, made.clock)
    with client(app, None) as made.talking:
        yield made
    made.database.close()


def test_the_password_alone_opens_nothing_once_there_is_a_second_factor(door: Door) -> None:
    door.enrol()
    answer = door.log_in()
    assert answer.json() == {"account": None, "second_step": True, "broken_glass": []}
    assert door.talking.get(SESSION).json() == {"account": None, "second_step": True, "broken_glass": []}
    half = door.talking.cookies[COOKIE]
    assert not door.inside()
    for method, address in (
        ("DELETE", SESSION),
        ("POST", f"{SESSION}/password"),
        ("POST", f"{SESSION}/proof"),
        ("POST", FACTOR),
        ("POST", f"{FACTOR}/removal"),
        ("POST", "/api/v1/tokens"),
    ):
        assert door.talking.request(method, address, json={}).status_code == 401, address
    after = door.post(SECOND, code=door.code())
    assert after.json()["account"]["name"] == "chen"
    assert door.talking.cookies[COOKIE] != half
    assert door.inside()
    assert not door.inside(half)
    flags = {part.strip().lower() for part in after.headers["set-cookie"].split(";")[1:]}
    assert flags == {"httponly", "path=/", "samesite=strict"}
    assert {answer.headers["cache-control"], after.headers["cache-control"]} == {"no-store"}


def test_a_wrong_password_says_nothing_of_a_second_factor(door: Door) -> None:
    before = door.post(SESSION, name="chen", password="a wrong one").json()
    door.enrol()
    answers = [door.post(SESSION, name=name, password="a wrong one") for name in ("chen", "nobody")]
    assert [each.json() for each in answers] == [before, before]
    assert not any("set-cookie" in each.headers for each in answers)


def test_a_code_is_taken_once_and_none_before_it_afterwards(door: Door) -> None:
    door.enrol()
    door.log_in()
    used, earlier = door.code(), door.code(-1)
    assert door.post(SECOND, code=used).status_code == 200
    for code in (used, earlier):
        door.log_in()
        assert said(door.post(SECOND, code=code)) == REFUSED
        assert not door.inside()
    door.clock.advance(STEP_S)
    assert door.post(SECOND, code=door.code()).status_code == 200


def test_the_code_that_confirmed_the_factor_does_not_open_the_door(door: Door) -> None:
    door.log_in()
    door.secret = door.post(FACTOR).json()["secret"]
    code = door.code()
    door.post(f"{FACTOR}/confirmation", code=code)
    door.log_in()
    assert said(door.post(SECOND, code=code)) == REFUSED


def test_codes_are_counted_like_passwords_however_often_the_password_was_right(door: Door) -> None:
    door.enrol()
    answers = [
        door.log_in() if number % 2 == 0 else door.post(SECOND, code="000000") for number in range(FREE_FAILURES)
    ]
    assert {each.status_code for each in answers} <= {200, 403}
    for refused in (door.post(SECOND, code=door.code()), door.log_in()):
        assert (*said(refused), refused.headers["retry-after"]) == (
            429,
            "urn:kaojian:problem:too-many-attempts",
            "30",
        )
    door.clock.advance(STEP_S)
    assert door.post(SECOND, code=door.code()).status_code == 200
    for _ in range(2):  # which made the count begin anew
        door.log_in()
        assert said(door.post(SECOND, code="000000")) == REFUSED


def test_a_half_login_ends_by_itself_and_with_the_next_login_and_with_its_account(door: Door) -> None:
    door.enrol()
    gone = (403, "urn:kaojian:problem:login-refused")
    door.log_in()
    door.clock.advance(login.HALF.total_seconds())
    assert said(door.post(SECOND, code=door.code())) == gone
    door.log_in()
    before = door.talking.cookies[COOKIE]
    door.log_in()
    door.talking.cookies.clear()
    door.talking.cookies.set(COOKIE, before)
    assert said(door.post(SECOND, code=door.code())) == gone
    door.clock.advance(900)
    door.log_in()
    accounts.disable(door.database, "chen", TESTER, door.clock)
    assert said(door.post(SECOND, code=door.code())) == gone


@pytest.mark.parametrize("planted", ["", "planted", "' OR 1=1 --"])
def test_a_second_step_without_the_first_opens_nothing(door: Door, planted: str) -> None:
    door.enrol()
    door.talking.cookies.clear()
    answer = door.talking.post(SECOND, json={"code": door.code()}, headers={"Cookie": f"{COOKIE}={planted}"})
    assert said(answer) == (403, "urn:kaojian:problem:login-refused")


def test_a_token_of_a_session_is_no_half_login(door: Door) -> None:
    door.enrol()
    assert door.inside()
    assert said(door.post(SECOND, code=door.code())) == (403, "urn:kaojian:problem:login-refused")


@pytest.mark.parametrize("code", ["", "12345", "1234567", "０００００0", "\\u0000", "abcd-efgh-jkmn-pqrs", "x" * 64])
def test_what_is_no_code_is_refused_in_the_words_of_a_wrong_one(door: Door, code: str) -> None:
    door.enrol()
    door.log_in()
    assert said(door.post(SECOND, code=code)) == REFUSED


def test_a_code_that_cannot_be_read_is_not_repeated(door: Door) -> None:
    door.enrol()
    door.log_in()
    broken = door.talking.post(
        SECOND, content=b'{"code": "\\\\ud800-secret"}', headers={"Content-Type": "application/json"}
    )
    long = door.post(SECOND, code="secret" * 20)
    assert {broken.status_code, long.status_code} <= {403, 422}
    assert "secret" not in broken.text + long.text


def test_recovery_codes_open_the_door_once_each_and_are_written_down(door: Door) -> None:
    door.enrol()
    assert len(set(door.recovery)) == factors.RECOVERY_CODES
    for number, code in enumerate((door.recovery[0].upper().replace("-", " "), door.recovery[1])):
        door.log_in()
        assert door.post(SECOND, code=code).status_code == 200
        assert door.talking.get(FACTOR).json()["recovery_left"] == factors.RECOVERY_CODES - 1 - number
    door.log_in()
    assert said(door.post(SECOND, code=door.recovery[0])) == REFUSED
    written = [(each.act, each.detail) for each in door.database.journal.entries(2)]
    assert written == [("use_recovery_code", "8 left"), ("use_recovery_code", "9 left")]


def test_the_database_holds_neither_secret_nor_recovery_codes(door: Door) -> None:
    door.enrol()
    queries = ("SELECT * FROM factors", "SELECT * FROM recovery_codes", "SELECT * FROM journal")
    everything = "".join(map(door.rows, queries))
    for told in (door.secret, b64encode(door.secret.encode()).decode(), *door.recovery):
        assert told not in everything
        assert told.replace("-", "") not in everything


def test_a_secret_moved_to_another_account_or_under_another_key_opens_nothing(door: Door) -> None:
    door.enrol()
    standing = door.database.factors.standing("chen")
    assert standing is not None
    wanted = Wanted("deng", Role.CITY_OFFICER, must_change=False)
    password = accounts.add(door.database, wanted, TESTER, door.clock)
    door.database.factors.begin("deng", standing.secret, door.clock.now())
    door.post(SESSION, name="deng", password=password)
    moved = door.post(f"{FACTOR}/confirmation", code=door.code())
    assert said(moved) == (503, "urn:kaojian:problem:key-refused")
    assert door.secret not in moved.text


def test_a_factor_counts_from_its_first_code_on_and_ends_all_other_sessions(door: Door) -> None:
    door.log_in()
    elsewhere = door.talking.cookies[COOKIE]
    door.talking.cookies.clear()
    door.log_in()
    here = door.talking.cookies[COOKIE]
    begun = door.post(FACTOR)
    door.secret = begun.json()["secret"]
    assert door.secret in begun.json()["address"]
    assert begun.headers["cache-control"] == "no-store"
    assert said(door.post(f"{FACTOR}/confirmation", code="000000")) == REFUSED
    assert door.talking.get(FACTOR).json() == {"confirmed": False, "required": False, "recovery_left": 0}
    assert not door.log_in().json()["second_step"]
    confirmed = door.post(f"{FACTOR}/confirmation", code=door.code())
    assert confirmed.json()["session"]["account"]["factor"] is True
    assert [door.inside(token) for token in (elsewhere, here)] == [False, False]
    assert door.inside()
    assert said(door.post(FACTOR)) == (409, "urn:kaojian:problem:factor-stands")
    assert said(door.post(f"{FACTOR}/confirmation", code=door.code())) == REFUSED
    assert door.database.journal.entries(1)[0].act == "enrol_factor"


def test_only_the_last_secret_that_was_begun_can_be_confirmed(door: Door) -> None:
    door.log_in()
    door.secret = door.post(FACTOR).json()["secret"]
    first = door.code()
    door.secret = door.post(FACTOR).json()["secret"]
    assert said(door.post(f"{FACTOR}/confirmation", code=first)) == REFUSED
    assert door.post(f"{FACTOR}/confirmation", code=door.code()).status_code == 200


def test_a_factor_is_taken_away_for_a_last_code_and_a_password_that_was_given_lately(door: Door) -> None:
    door.enrol()
    door.clock.advance(login.FRESH.total_seconds())
    removal = f"{FACTOR}/removal"
    stale = (403, "urn:kaojian:problem:proof-needed")
    assert [said(door.post(removal, code=door.code())), said(door.post(FACTOR))] == [stale, stale]
    assert said(door.post(f"{SESSION}/proof", password="a wrong one")) == (403, "urn:kaojian:problem:login-refused")
    assert said(door.post(removal, code=door.code())) == stale
    assert door.post(f"{SESSION}/proof", password=door.password).status_code == 200
    assert said(door.post(removal, code="000000")) == REFUSED
    assert door.post(removal, code=door.code()).json()["account"]["factor"] is False
    assert door.log_in().json()["account"]["name"] == "chen"
    assert "remove_factor" in [each.act for each in door.database.journal.entries(1)]


def test_who_has_to_have_a_second_factor_takes_it_away_only_to_set_up_another(door: Door) -> None:
    wanted = Wanted("admin", Role.CITY_ADMINISTRATOR, must_change=False)
    password = accounts.add(door.database, wanted, TESTER, door.clock)
    entered = door.post(SESSION, name="admin", password=password).json()["account"]
    assert (entered["must_enrol"], door.inside()) == (True, False)
    door.secret = door.post(FACTOR).json()["secret"]
    door.post(f"{FACTOR}/confirmation", code=door.code())
    assert door.inside()
    door.clock.advance(STEP_S)
    assert door.post(f"{FACTOR}/removal", code=door.code()).json()["account"]["must_enrol"] is True
    assert not door.inside()


def test_a_factor_that_was_lost_is_reset_with_a_reason_and_everybody_is_out(door: Door) -> None:
    door.enrol()
    assert door.inside()
    factors.reset(door.database, "chen", reason="手机遗失", actor=TESTER, clock=door.clock)
    assert not door.inside()
    assert door.log_in().json()["account"]["factor"] is False
    entry = door.database.journal.entries(1)[0]
    assert (entry.act, entry.subject, entry.detail, entry.actor) == ("reset_factor", "chen", "手机遗失", TESTER)
    for name in ("chen", "nobody"):
        with pytest.raises(AccountRefused):
            factors.reset(door.database, name, reason="x", actor=TESTER, clock=door.clock)


def test_another_first_password_leaves_the_factor_where_it_is(door: Door) -> None:
    door.enrol()
    door.password = accounts.reset(door.database, "chen", TESTER, door.clock)
    assert door.log_in().json()["second_step"] is True
    assert door.post(SECOND, code=door.code()).json()["account"]["must_change"] is True
