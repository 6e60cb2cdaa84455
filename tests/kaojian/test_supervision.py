"""`kaojian supervisor`, `draw` and `visit`: a draw between the host and somebody with an account, and a visit."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import load
from domain import draws
from domain.people import Actor, Door
from domain.supervision import CHECKLIST
from domain.timeline import rfc3339
from kaojian.notary import notary_of
from kaojian.terminal import local_actor
from records import drawing
from storage.database import Database, connect
from tests.kaojian.conftest import Command, Done
from tests.kaojian.test_cli import journal

PARTY = Actor("account:wu", Door.API)
DAYS = ("--first", "2026-05-01", "--last", "2026-05-31")
PEOPLE = ("d-1", "d-2", "d-3")


@dataclass
class City:
    """An installation with a batch and three supervisors; each command is done a minute after the one before."""

    command: Command
    database: Database
    now: datetime = datetime(2026, 4, 20, 1, 0, tzinfo=UTC)

    def __call__(self, *words: str) -> Done:
        return self.command(*words)

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def done(self, *words: str) -> str:
        found = self(*words)
        assert (found.code, found.err) == (0, ""), found.err
        return found.out


class _Clock:
    def __init__(self, city: City) -> None:
        self.now = city.tick


@pytest.fixture
def city(kaojian: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    settings = load()
    assert kaojian("apply", "exam.yaml").code == 0
    with closing(connect(settings.database_url, notary_of(settings))) as database:
        made = City(kaojian, database)
        monkeypatch.setattr("kaojian.commands.supervision.SystemClock", lambda: _Clock(made))
        for key in PEOPLE:
            days = ("--valid-from", "2026-01-01", "--valid-to", "2026-12-31")
            told = ("--name", f"王{key}", "--badge", f"GD-{key}", "--unit", "市技能中心", *days)
            assert "on record as supervisor/" in made.done("supervisor", "add", key, *told)
        yield made


def party_commits(city: City, secret: str = "22" * 32) -> None:
    digest = draws.digest_of(drawing.pool_of(city.database, "may"))
    drawing.commit(city.database, "may", draws.commitment_of(digest, PARTY.name, secret), PARTY, city.tick())


def drawn(city: City, folder: Path) -> str:
    """All of a draw; what its last step printed."""
    city.done("draw", "publish", "may", *DAYS, "--reveal-by", "2026-04-21T09:00:00+08:00")
    city.done("draw", "commit", "may", "--secret", str(folder / "secret"))
    party_commits(city)
    city.done("draw", "reveal", "may", "--secret", str(folder / "secret"))
    drawing.reveal(city.database, "may", "22" * 32, PARTY, city.tick())
    return city.done("draw", "run", "may")


def test_a_draw_goes_from_its_pool_to_a_record_that_is_checked_elsewhere(
    city: City, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = drawn(city, installation)
    assert journal(installation)[0] == ("make_draw", "may", local_actor())
    assert stat.S_IMODE((installation / "secret").stat().st_mode) == 0o600
    file, pool = installation / "draw.json", installation / "pool.json"
    shown = city.done("draw", "show", "may", "--record", str(file), "--pool", str(pool))
    assert printed in shown
    assert "pool 名单: 1 batches 批次, 3 supervisors 督导员; drawn 抽取 1 (0.05, sample)" in shown
    assert "made 已抽取" in city.done("draw", "show")
    record = drawing.record(city.database, "may")
    monkeypatch.setenv("KAOJIAN_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3")
    known = ("--digest", draws.digest_of(record), "--pool", record.pool_digest)
    verified = city("draw", "verify", str(file), *known)
    assert (verified.code, verified.err) == (0, "")
    assert verified.out == f"draw 抽取 may: the record holds 记录有效\n{printed}"
    assert "is not shown" in city("draw", "verify", str(file)).err
    assert pool.read_text("utf-8") == draws.text_of(record.pool)
    file.write_bytes(file.read_bytes().replace(b"d-1", b"d-9", 1))
    refused = city("draw", "verify", str(file))
    assert (refused.code, refused.out) == (1, "")
    assert "is not as it was written" in refused.err


def test_the_host_is_one_party_and_never_both(city: City, installation: Path) -> None:
    city.done("draw", "publish", "may", *DAYS, "--reveal-by", "2026-04-21T09:00:00+08:00")
    first = city.done("draw", "commit", "may", "--secret", str(installation / "one"))
    assert local_actor().name in first
    second = city("draw", "commit", "may", "--secret", str(installation / "two"))
    assert (second.code, "has committed before" in second.err) == (1, True)
    early = city("draw", "reveal", "may", "--secret", str(installation / "one"))
    assert (early.code, "keep the secret until both" in early.err) == (1, True)
    assert "1 of 2 commitments" in city.done("draw", "show")
    (installation / "one").write_text("not a secret")
    party_commits(city)
    lost = city("draw", "reveal", "may", "--secret", str(installation / "one"))
    assert (lost.code, "holds no secret" in lost.err) == (1, True)
    assert city("draw", "reveal", "may", "--secret", str(installation / "none")).code == 1
    assert city("draw", "run", "may").code == 1
    assert city("draw", "show", "june").code == 1


def test_who_cannot_go_is_replaced_and_who_is_recused_is_not_sent(city: City, installation: Path) -> None:
    city.done("supervisor", "recuse", "d-3", "sg-001", "--ground", "employment")
    assert city("supervisor", "recuse", "d-3", "sg-001").code == 2
    drawn(city, installation)
    (team,) = drawing.record(city.database, "may").drawn_now
    assert set(team.supervisors) == {"d-1", "d-2"}
    refused = city("draw", "replace", "may", "2026-0501", "d-1", "--ground", "unable")
    assert (refused.code, "nobody of the pool is left" in refused.err) == (1, True)
    city.done("supervisor", "recuse", "d-3", "sg-001", "--lift")
    listed = city.done("supervisor", "list")
    assert all(key in listed for key in PEOPLE)


def test_a_visit_goes_from_its_beginning_to_what_is_said_of_it(city: City, installation: Path) -> None:
    drawn(city, installation)
    (team,) = drawing.record(city.database, "may").drawn_now
    city.now = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
    by = [word for key in team.supervisors for word in ("--by", f"{key}=GD-{key}")]
    begun = rfc3339(city.now)
    missing = city("visit", "begin", "2026-0501", begun, *by[:2], "--draw", "may")
    assert (missing.code, "sends" in missing.err) == (1, True)
    assert "visit 督导 2026-0501/1 began" in city.done("visit", "begin", "2026-0501", begun, *by, "--draw", "may")
    answers = [f"{question.id}=yes" for question in CHECKLIST[1:]]
    assert "16 answered, 1 left 未答" in city.done("visit", "answer", "2026-0501/1", *answers)
    first = ("on-time=no", "--note", "迟到10分钟", "--frame", "sg-001-c1@2026-05-01T09:05:00+08:00")
    assert "0 left" in city.done("visit", "answer", "2026-0501/1", *first)
    city.done("visit", "find", "2026-0501/1", "minor", "考评员迟到")
    city.done("visit", "end", "2026-0501/1", rfc3339(city.now))
    city.done("visit", "feedback", "2026-0501/1", "请按时到岗")
    city.done("visit", "publish", "2026-0501/1")
    shown = city.done("visit", "show", "2026-0501/1")
    for told in (
        "drawn 随机抽取, on_site 现场督导; draw 抽取 may",
        "no 否: 考评员按时到岗 Examiners were there on time (迟到10分钟) [sg-001-c1 2026-05-01T01:05:00.000Z]",
        "finding 问题 minor 一般: 考评员迟到",
        "feedback 反馈",
        "published 公开",
    ):
        assert told in shown
    ruled = city.done("visit", "show", "--batch", "2026-0501")
    assert "C6.7-1 pass 符合" in ruled
    assert "C6.7-2 pass 符合" in ruled
    assert "C6.7-3 unknown 无法判定" in ruled  # who examines is not known here
    assert "supervisor/d-" in ruled


@pytest.mark.parametrize(
    "words",
    [
        ("draw", "publish", "x", "--first", "1 May", "--last", "2026-05-31", "--reveal-by", "2026-05-01T00:00:00Z"),
        ("draw", "publish", "x", *DAYS, "--reveal-by", "tomorrow"),
        ("draw", "publish", "x", *DAYS, "--reveal-by", "2026-05-01T00:00:00Z", "--share", "all"),
        ("draw", "show", "--record", "x.json"),
        ("visit", "answer", "x/1", "labels=maybe"),
        ("visit", "answer", "x/1", "labels=yes", "--frame", "c1"),
    ],
)
def test_words_that_mean_nothing_are_told_as_wrong_use(kaojian: Command, words: tuple[str, ...]) -> None:
    assert kaojian(*words).code == 2
