"""`kaojian batch close`, `export`, `verify` and `key` on the command line: what they print and how they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from config.s3 import Duty
from config.settings import Settings, load
from kaojian import closing as wiring
from kaojian import stamping
from kaojian.terminal import local_actor
from storage.archive import Archive
from storage.database import Database, connect
from storage.manifest.keeping import PREFIX
from storage.objects import S3Objects, Stored
from storage.seaweed import SeaweedServer
from storage.signing import Signer
from tests.closed_batches import FIRST, LOCKED_UNTIL, ClosedBatches, InRealStore
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.kaojian.conftest import Command
from tests.stamp_authority import StampAuthority, certified, honest, root_of, serving


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClosedBatches]:
    """A batch that was held in the installation of the settings, over a store in memory."""
    settings = load()
    with closing(connect(settings.database_url)) as database:
        made = ClosedBatches(database, settings.spool_dir, signer=Signer.kept(settings.signing_key_file))
        made.hold(FIRST)

        def archive(_: Settings, opened: Database, *, duty: Duty) -> Archive:
            assert duty is Duty.READ
            return Archive(opened.evidence, made.objects, made.spool, lambda _: LOCKED_UNTIL, made.clock)

        monkeypatch.setattr(wiring, "objects_of", lambda _: made.objects)
        monkeypatch.setattr(wiring, "open_archive", archive)
        yield made


def test_a_batch_goes_from_closing_to_being_checked_elsewhere(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    closed = kaojian("batch", "close", FIRST)
    link = site.database.closings.links("sg-001")[0]
    assert (closed.code, closed.err) == (0, "")
    assert f"--head 1:{link.digest}" in closed.out
    exported = kaojian("export", FIRST, str(tmp_path / "batch.zip"))
    assert exported.code == 0
    entry = site.database.viewings.latest(1)[0].viewing
    assert (entry.batch, entry.deed.value) == (FIRST, "save")
    told = [(each.act, each.subject, each.actor) for each in site.database.journal.entries(2)]
    assert told == [("export_batch", FIRST, local_actor()), ("close_batch", FIRST, local_actor())]
    key = ("--key", site.signer.public)
    verified = kaojian("verify", str(tmp_path / "batch.zip"), *key, "--head", f"1:{link.digest}", "--lang", "en")
    assert (verified.code, verified.err) == (0, "")
    assert [line.partition(".")[0] for line in verified.out.splitlines()] == [*map(str, range(1, 12)), "verified"]
    assert kaojian("verify", str(tmp_path / "batch.zip"), *key).out.endswith("核验通过\n")
    assert site.signer.public in kaojian("key", "show").out


def test_checking_ends_with_the_first_thing_that_fails(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    kaojian("batch", "close", FIRST)
    folder = tmp_path / "batch"
    assert kaojian("export", FIRST, str(folder)).code == 0
    assert kaojian("verify", str(folder)).code == 2
    assert kaojian("verify", str(folder), "--key", "12").code == 2
    assert kaojian("verify", str(folder), "--key", site.signer.public, "--head", "1").code == 2
    stranger = kaojian("verify", str(folder), "--key", Signer.new().public, "--lang", "en")
    assert (stranger.code, stranger.out) == (1, "")
    assert stranger.err.startswith("1. failed: none of the keys")
    (folder / "README.txt").write_text("")
    done = kaojian("verify", str(folder), "--key", site.signer.public)
    assert (done.code, done.err) == (1, "3. 核验不通过：文件 README.txt 被改动\n")
    assert len(done.out.splitlines()) == 2
    (tmp_path / "torn.zip").write_bytes(b"PK")
    torn = kaojian("verify", str(tmp_path / "torn.zip"), "--key", site.signer.public)
    assert (torn.code, torn.out) == (1, "")
    assert torn.err.startswith("1. 核验不通过：")
    gone = kaojian("verify", str(tmp_path / "nowhere"), "--key", site.signer.public)
    assert (gone.code, "nowhere" in gone.err) == (1, True)


@pytest.fixture
def stamper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StampAuthority]:
    """An authority that the settings name."""
    root = root_of()
    with serving(StampAuthority(tmp_path / "authority", root, certified("test authority", root))) as made:
        monkeypatch.setenv("KAOJIAN_STAMP_URL", made.url)
        monkeypatch.setenv("KAOJIAN_STAMP_ROOTS", str(made.roots))
        yield made


def test_a_batch_is_stamped_when_it_is_closed_and_the_stamp_is_checked_elsewhere(
    kaojian: Command, site: ClosedBatches, stamper: StampAuthority, tmp_path: Path
) -> None:
    closed = kaojian("batch", "close", FIRST)
    (stamp,) = site.database.closings.stamps("sg-001")
    assert f"stamped 已加盖时间戳: {stamp.stamped_at:%Y-%m-%dT%H:%M:%S}Z\n" in closed.out
    assert kaojian("export", FIRST, str(tmp_path / "batch.zip")).code == 0
    words = ("verify", str(tmp_path / "batch.zip"), "--key", site.signer.public, "--lang", "en")
    judged = kaojian(*words, "--stamp-root", str(stamper.roots))
    assert (judged.code, "10. 1 time stamps hold (CN=test authority): link 1 existed by" in judged.out) == (0, True)
    assert "10. 1 time stamps were not judged" in kaojian(*words).out
    (tmp_path / "other.pem").write_bytes(root_of("another root").pem)
    other = kaojian(*words, "--stamp-root", str(tmp_path / "other.pem"))
    assert (other.code, other.err.startswith("10. failed: stamps/000001-")) == (1, True)
    (tmp_path / "empty.pem").write_text("")
    for file in ("empty.pem", "nowhere.pem"):
        assert kaojian(*words, "--stamp-root", str(tmp_path / file)).code == 2


def test_an_authority_that_fails_is_told_and_the_stamp_is_fetched_by_closing_again(
    kaojian: Command, site: ClosedBatches, stamper: StampAuthority
) -> None:
    stamper.status = 503
    closed = kaojian("batch", "close", FIRST)
    assert closed.code == 0
    assert "not stamped 未加盖时间戳: 127.0.0.1" in closed.out
    assert "answered 503 instead of a time stamp" in closed.out
    assert "not all of it is stamped" in kaojian("batch", "close", FIRST).err
    assert "1 closings wait for theirs" in kaojian("doctor").out
    stamper.status = 200
    again = kaojian("batch", "close", FIRST)
    assert (again.code, "states everything, and is stamped" in again.err) == (1, True)
    assert "wait for theirs" not in kaojian("doctor").out
    assert len(site.database.closings.stamps("sg-001")) == 1


def test_roots_that_cannot_be_read_hold_no_closing_up(
    kaojian: Command, site: ClosedBatches, stamper: StampAuthority
) -> None:
    stamper.roots.unlink()
    closed = kaojian("batch", "close", FIRST)
    assert (closed.code, "root.pem cannot be read" in closed.out) == (0, True)


def test_links_without_a_stamp_get_theirs_while_the_service_runs(
    kaojian: Command, site: ClosedBatches, stamper: StampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamper.status = 503
    assert kaojian("batch", "close", FIRST).code == 0
    stamper.asked.clear()
    seen = threading.Event()

    def first_fails(authority: StampAuthority, request: bytes) -> bytes:
        if len(authority.asked) > 1:
            authority.status = 200
        return honest(authority, request)

    class Telling(MemoryObjects):
        def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
            stored = site.objects.put(key, path, sha256, retain_until)
            if key.endswith(".tsr"):
                seen.set()
            return stored

    stamper.answering = first_fails
    monkeypatch.setattr(stamping, "objects_of", lambda _: Telling(clock=site.clock))
    with stamping.stamped_later(load(), site.database, look_s=0.05):
        assert seen.wait(30)
    assert len(stamper.asked) == 2
    (stamp,) = site.database.closings.stamps("sg-001")
    assert site.objects.read(f"{PREFIX}sg-001/stamps/000001-{stamp.sha256}.tsr") == stamp.data


def test_a_stamp_that_the_store_missed_is_brought_there_when_the_service_starts(
    kaojian: Command, site: ClosedBatches, stamper: StampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kaojian("batch", "close", FIRST).code == 0
    (stamp,) = site.database.closings.stamps("sg-001")
    key = f"{PREFIX}sg-001/stamps/000001-{stamp.sha256}.tsr"
    site.objects.destroy(key)
    brought = threading.Event()

    class Telling(MemoryObjects):
        def put(self, key: str, path: Path, sha256: str, retain_until: datetime) -> Stored:
            stored = site.objects.put(key, path, sha256, retain_until)
            brought.set()
            return stored

    monkeypatch.setattr(stamping, "objects_of", lambda _: Telling(clock=site.clock))
    with stamping.stamped_later(load(), site.database, look_s=600):
        assert brought.wait(30)
    assert site.objects.read(key) == stamp.data
    assert len(stamper.asked) == 1


def test_a_batch_is_checked_in_the_object_store_with_its_credentials_alone(
    kaojian: Command, object_server: SeaweedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing else of the installation is there, and nothing of it is made."""
    monkeypatch.delenv("KAOJIAN_MIN_FREE_BYTES")
    object_server.make_bucket("verified-in-store")
    given = object_server.settings("verified-in-store")
    with closing(connect(f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}", NOTARY)) as database:
        site = InRealStore(database, tmp_path / "spool", S3Objects(given))
        site.hold(FIRST)
        link = site.close(FIRST).link
    words = ("verify", f"s3://verified-in-store/sg-001/{FIRST}", "--key", site.signer.public, "--lang", "en")
    nowhere = kaojian(*words)
    assert (nowhere.code, "KAOJIAN_S3_ENDPOINT is not set" in nowhere.err) == (1, True)
    monkeypatch.setenv("KAOJIAN_S3_ENDPOINT", given.endpoint)
    monkeypatch.setenv("KAOJIAN_S3_ACCESS_KEY", given.access_key)
    monkeypatch.setenv("KAOJIAN_S3_SECRET_KEY", given.secret_key)
    monkeypatch.setenv("KAOJIAN_S3_CA_FILE", str(given.ca_file))
    done = kaojian(*words, "--head", f"1:{link.digest}")
    assert (done.code, done.err) == (0, "")
    assert [line.partition(".")[0] for line in done.out.splitlines()] == [*map(str, range(1, 13)), "verified"]
    other = kaojian("verify", "s3://verified-in-store/sg-001/2026-0999", "--key", site.signer.public)
    assert (other.code, other.err) == (1, "5. 核验不通过：签名链中没有该批次\n")
    assert kaojian("verify", f"s3://never-made/sg-001/{FIRST}", "--key", site.signer.public).code == 1
    assert kaojian("verify", "s3://verified-in-store/sg-001", "--key", site.signer.public).code == 2
    monkeypatch.setenv("KAOJIAN_S3_SECRET_KEY", "wrong-secret-0123456789")
    refused = kaojian(*words)
    assert (refused.code, refused.out, len(refused.err.splitlines())) == (1, "", 1)
    assert not (tmp_path / "var").exists()


def test_refusals_are_one_line_and_exit_1(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    for done, said in (
        (kaojian("batch", "close", "2026-0999"), "there is no batch 2026-0999 (there is: 2026-0501)"),
        (kaojian("export", FIRST, str(tmp_path / "x")), "was never closed"),
        (kaojian("batch", "close", FIRST, "--reason", "x"), "nothing to amend"),
    ):
        assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
        assert said in done.err
    assert site.database.viewings.head() is None
    assert kaojian("key", "show").out == "no key has signed a batch yet\n"
    assert not (tmp_path / "x").exists()


def test_a_key_is_rotated_and_the_record_of_viewings_still_holds(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    kaojian("batch", "close", FIRST)
    assert kaojian("export", FIRST, str(tmp_path / "before")).code == 0
    done = kaojian("key", "rotate")
    new = Signer.read(load().signing_key_file).public
    assert done.code == 0
    assert f"{new} signs from now on, after {site.signer.public}" in done.out
    assert "restart the service" in done.err
    rotated = site.database.journal.entries(1)[0]
    assert (rotated.act, rotated.subject, rotated.actor) == ("rotate_key", new, local_actor())
    assert len(kaojian("key", "show").out.splitlines()) == 2
    assert kaojian("export", FIRST, str(tmp_path / "after")).code == 0
    for key in (site.signer.public, new):
        assert kaojian("verify", str(tmp_path / "after"), "--key", key).code == 0
    assert kaojian("verify", str(tmp_path / "before"), "--key", site.signer.public).code == 0
    checked = kaojian("check")
    assert (checked.code, site.signer.public in checked.out) == (0, True)
