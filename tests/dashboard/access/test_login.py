"""Coming in and going out: first what must not open a door, then what does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from dashboard.access import accounts, login, passwords
from dashboard.access.accounts import Wanted
from dashboard.access.errors import AccountRefused, LoginRefused, PasswordRefused, TooManyAttempts
from domain.people import Actor, Door, Role
from records.declaration import parse
from records.setup import apply
from storage.database import Database, connect
from storage.database.accounts import FREE_FAILURES
from storage.errors import UnknownAccount, UnknownSession
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.setups import WHOLE

ADMIN = Actor("local:test", Door.COMMAND_LINE)
NEW = "朝霞 over the Bei river"
REAL_HASHER = passwords._HASHER  # of the service; these tests hash with less work


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    yield opened
    opened.close()


@pytest.fixture
def first(database: Database, clock: FakeClock) -> str:
    """The first password of ``li``."""
    return accounts.add(database, Wanted("li", Role.CITY_OFFICER), ADMIN, clock)


def test_a_wrong_password_an_unknown_name_and_a_closed_account_are_refused_in_the_same_words(
    database: Database, clock: FakeClock, first: str
) -> None:
    said = []
    for name, password in (("li", "wrong"), ("nobody", first), ("li", ""), ("", first), ("LI", first)):
        with pytest.raises(LoginRefused) as refused:
            login.log_in(database, clock, name, password)
        said.append(str(refused.value))
    accounts.disable(database, "li", ADMIN, clock)
    with pytest.raises(LoginRefused) as refused:
        login.log_in(database, clock, "li", first)
    assert {*said, str(refused.value)} == {str(LoginRefused())}


@pytest.mark.parametrize("password", ["", "x", "\0", "a long password of theirs"])
def test_nobody_logs_in_as_a_device_which_has_no_password(
    database: Database, clock: FakeClock, password: str
) -> None:
    apply(parse(WHOLE, "exam.yaml"), database, ADMIN, clock)
    assert accounts.add(database, Wanted("board", Role.DEVICE, ("sg-001",)), ADMIN, clock) == ""
    with pytest.raises(LoginRefused) as refused:
        login.log_in(database, clock, "board", password)
    assert str(refused.value) == str(LoginRefused())
    with pytest.raises(AccountRefused, match="no password"):
        accounts.reset(database, "board", ADMIN, clock)
    database.accounts.set_password("board", passwords.hashed(NEW), clock.now(), must_change=False)
    with pytest.raises(LoginRefused):  # not even with one that somebody put there
        login.log_in(database, clock, "board", NEW)


def test_an_unknown_name_costs_the_same_hash_as_a_wrong_password(
    database: Database, clock: FakeClock, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []

    def watched(password_hash: str | None, password: str) -> bool:
        verified.append((password_hash or passwords._NOBODYS).split("$")[1:4])
        return False

    monkeypatch.setattr(passwords, "matches", watched)
    for name in ("li", "nobody"):
        with pytest.raises(LoginRefused):
            login.log_in(database, clock, name, "wrong")
    assert verified[0] == verified[1]
    assert verified[0][0] == "argon2id"


def test_the_service_hashes_with_three_passes_over_64_mib() -> None:
    assert REAL_HASHER.hash("a password").split("$")[1:4] == ["argon2id", "v=19", "m=65536,t=3,p=4"]


def test_a_right_password_has_to_wait_too_after_too_many_wrong_ones(
    database: Database, clock: FakeClock, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without_hashing:
        without_hashing.setattr(passwords, "matches", lambda *_: False)
        for _ in range(FREE_FAILURES):
            with pytest.raises(LoginRefused):
                login.log_in(database, clock, "li", "wrong")
    with pytest.raises(TooManyAttempts) as told:
        login.log_in(database, clock, "li", first)
    assert told.value.wait_s == 30
    clock.advance(30)
    account, _ = login.log_in(database, clock, "li", first)
    assert account.name == "li"


def test_each_login_has_a_token_of_its_own_and_only_its_digest_is_kept(
    database: Database, clock: FakeClock, first: str, tmp_path: Path
) -> None:
    (_, one), (_, two) = (login.log_in(database, clock, "li", first) for _ in range(2))
    assert one != two
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'kaojian.db'}")
    with engine.connect() as connection:
        kept = set(connection.scalars(sa.text("SELECT id FROM sessions")))
        everything = str(connection.execute(sa.text("SELECT * FROM accounts")).all())
    engine.dispose()
    assert kept == {sha256(token.encode()).hexdigest() for token in (one, two)}
    assert first not in everything


def test_a_token_opens_nothing_after_logout(database: Database, clock: FakeClock, first: str) -> None:
    _, token = login.log_in(database, clock, "li", first)
    viewer = login.resume(database, clock, token)
    assert viewer is not None
    assert viewer.actor == Actor("account:li", Door.API)
    login.log_out(database, clock, viewer)
    assert login.resume(database, clock, token) is None


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "' OR 1=1 --"])
def test_a_token_that_was_never_given_opens_nothing(database: Database, clock: FakeClock, token: str) -> None:
    assert login.resume(database, clock, token) is None


def test_a_session_ends_when_nobody_uses_it(database: Database, clock: FakeClock, first: str) -> None:
    _, token = login.log_in(database, clock, "li", first)
    for _ in range(3):
        clock.advance(login.IDLE.total_seconds() - 1)
        assert login.resume(database, clock, token) is not None
    clock.advance(login.IDLE.total_seconds())
    assert login.resume(database, clock, token) is None
    clock.step(-login.IDLE.total_seconds())  # an ended session does not come back with the clock
    assert login.resume(database, clock, token) is None


def test_a_session_ends_after_a_long_day_however_busy(database: Database, clock: FakeClock, first: str) -> None:
    _, token = login.log_in(database, clock, "li", first)
    until = clock.now() + login.LONGEST
    while clock.now() < until - timedelta(minutes=20):
        clock.advance(20 * 60)
        assert login.resume(database, clock, token) is not None, clock.now()
        if clock.now() >= until - timedelta(minutes=20):
            break
    clock.advance(20 * 60)
    assert login.resume(database, clock, token) is None


def test_an_account_that_expires_or_is_closed_is_out_at_once(database: Database, clock: FakeClock) -> None:
    soon = clock.now() + timedelta(minutes=10)
    for name, expires in (("short", soon), ("closed", None)):
        first = accounts.add(database, Wanted(name, Role.CITY_OFFICER, (), expires), ADMIN, clock)
        _, token = login.log_in(database, clock, name, first)
        assert login.resume(database, clock, token) is not None
        if expires is None:
            accounts.disable(database, name, ADMIN, clock)
        else:
            clock.advance(600)
        assert login.resume(database, clock, token) is None


def test_a_changed_password_ends_all_sessions_and_begins_one_with_a_new_token(
    database: Database, clock: FakeClock, first: str
) -> None:
    _, elsewhere = login.log_in(database, clock, "li", first)
    account, token = login.log_in(database, clock, "li", first)
    assert account.must_change
    viewer = login.resume(database, clock, token)
    assert viewer is not None
    again = login.change_password(database, clock, viewer, first, NEW)
    assert [login.resume(database, clock, each) for each in (elsewhere, token)] == [None, None]
    kept = login.resume(database, clock, again)
    assert kept is not None
    assert not kept.account.must_change
    assert login.log_in(database, clock, "li", NEW)[0].name == "li"
    assert database.journal.entries(1)[0].act == "change_password"


def test_a_password_is_changed_only_by_who_knows_the_old_one_and_only_to_a_fit_one(
    database: Database, clock: FakeClock, first: str
) -> None:
    _, token = login.log_in(database, clock, "li", first)
    viewer = login.resume(database, clock, token)
    assert viewer is not None
    with pytest.raises(LoginRefused):
        login.change_password(database, clock, viewer, "wrong", NEW)
    for unfit in ("short", f"{NEW} " * 6, "this is about LI alone", first):
        with pytest.raises(PasswordRefused):
            login.change_password(database, clock, viewer, first, unfit)
    assert login.resume(database, clock, token) is not None
    assert login.log_in(database, clock, "li", first)[0].must_change


@pytest.mark.parametrize(
    "guessed",
    [
        *("x" * 12, "passwordpassword", "qwertyuiop123", "abcdefghijklmn", "123456789012", "iloveyou12345"),
        *("lichen19900101", "Kaojian@2026!!", "shaoguan2026kaohe", "考核录像考核录像考核录像", "考鉴考鉴20260101"),
    ],
)
def test_a_password_that_is_soon_guessed_is_refused(guessed: str) -> None:
    with pytest.raises(PasswordRefused, match="soon guessed"):
        passwords.check(guessed, "li.chen")


@pytest.mark.parametrize(
    "fit", [NEW, "wj8kqpz-mmt4-qaz1", "correct horse battery", "茶壶 旧桥 听雨 三更天", "719482670351"]
)
def test_a_password_needs_no_digits_signs_or_capitals_only_length_and_surprise(fit: str) -> None:
    passwords.check(fit, "li")


def test_a_password_of_the_greatest_length_is_taken_whole(database: Database, clock: FakeClock, first: str) -> None:
    _, token = login.log_in(database, clock, "li", first)
    viewer = login.resume(database, clock, token)
    assert viewer is not None
    longest = (NEW * 6)[: passwords.LONGEST]
    login.change_password(database, clock, viewer, first, longest)
    with pytest.raises(LoginRefused):
        login.log_in(database, clock, "li", longest[:-1])
    with pytest.raises(LoginRefused):
        login.log_in(database, clock, "li", longest.upper())
    assert login.log_in(database, clock, "li", longest)


def test_a_password_given_again_begins_another_session_in_the_place_of_the_old_one(
    database: Database, clock: FakeClock, first: str
) -> None:
    _, token = login.log_in(database, clock, "li", first)
    clock.advance(login.FRESH.total_seconds())
    viewer = login.resume(database, clock, token)
    assert viewer is not None
    assert not viewer.is_fresh(clock.now())
    with pytest.raises(LoginRefused):
        login.prove(database, clock, viewer, "wrong")
    renewed = login.resume(database, clock, login.prove(database, clock, viewer, first))
    assert renewed is not None
    assert renewed.is_fresh(clock.now())
    assert login.resume(database, clock, token) is None


def test_somebody_sees_where_else_they_are_logged_in_and_ends_it_there_and_nobody_elses(
    database: Database, clock: FakeClock, first: str
) -> None:
    theirs = accounts.add(database, Wanted("he", Role.CITY_OFFICER), ADMIN, clock)
    other = login.resume(database, clock, login.log_in(database, clock, "he", theirs)[1])
    _, forgotten = login.log_in(database, clock, "li", first)
    clock.advance(login.IDLE.total_seconds())
    _, elsewhere = login.log_in(database, clock, "li", first)
    clock.advance(60)
    viewer = login.resume(database, clock, login.log_in(database, clock, "li", first)[1])
    assert viewer is not None
    assert other is not None
    there = [each.id for each in login.sessions(database, clock, viewer.account)]
    assert there == [viewer.session_id, sha256(elsewhere.encode()).hexdigest()]  # not the one that ran out by itself
    for named in (other.session_id, "no session", ""):
        with pytest.raises(UnknownSession):
            login.end_session(database, clock, viewer, named)
    login.end_session(database, clock, viewer, there[1])
    assert [login.resume(database, clock, each) for each in (elsewhere, forgotten)] == [None, None]
    with pytest.raises(UnknownSession):
        login.end_session(database, clock, viewer, there[1])


@pytest.mark.parametrize(("name", "stay"), [("li", ["he"]), (None, [])])
def test_who_administers_ends_the_sessions_of_one_account_or_of_all(
    database: Database, clock: FakeClock, first: str, name: str | None, stay: list[str]
) -> None:
    passwords_of = {"li": first, "he": accounts.add(database, Wanted("he", Role.CITY_OFFICER), ADMIN, clock)}
    tokens = {each: login.log_in(database, clock, each, password)[1] for each, password in passwords_of.items()}
    ended = accounts.log_out(database, name, reason="telephone stolen", actor=ADMIN, clock=clock)
    assert ended == len(tokens) - len(stay)
    assert [each for each, token in tokens.items() if login.resume(database, clock, token) is not None] == stay
    entry = database.journal.entries(1)[0]
    assert (entry.act, entry.subject, entry.detail) == ("end_sessions", name or "everybody", "telephone stolen")
    with pytest.raises(UnknownAccount):
        accounts.log_out(database, "nobody", reason="", actor=ADMIN, clock=clock)
