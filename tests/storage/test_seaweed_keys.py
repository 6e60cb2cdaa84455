"""Keys, policies and certificates of the server that comes along: made once, kept, renewed in time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from config.certificates import ends
from config.s3 import Duty
from storage.seaweed_keys import (
    AUTHORITY,
    CERTIFICATE,
    KEY,
    LAST,
    Key,
    keys,
    make,
    policy,
    write,
    write_without_administrator,
)

NOW = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
ADMINISTRATOR = Key("administrator", "secret-of-the-administrator")


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_who_keeps_and_who_reads_may_delete_nothing_and_nobody_may_administer() -> None:
    for duty in Duty:
        (statement,) = policy(duty)["Statement"]
        deletes = [action for action in statement["Action"] if "Delete" in action]
        assert deletes == (["s3:DeleteObjectVersion"] if duty is Duty.DISPOSE else [])
        assert not [action for action in statement["Action"] if "*" in action or "PutBucket" in action]
        assert not [action for action in statement["Action"] if "Bypass" in action or "Policy" in action]


def test_a_policy_for_another_store_names_the_bucket_and_what_is_in_it() -> None:
    (statement,) = policy(Duty.READ, "evidence")["Statement"]
    assert statement["Resource"] == ["arn:aws:s3:::evidence", "arn:aws:s3:::evidence/*"]


def test_everything_is_made_once_and_stays(tmp_path: Path) -> None:
    write(tmp_path, ADMINISTRATOR, NOW)
    made = files(tmp_path)
    write(tmp_path, ADMINISTRATOR, NOW + timedelta(days=1000))
    make(tmp_path, NOW)
    assert files(tmp_path) == made


def test_who_asks_while_the_server_starts_is_told_what_the_server_has(tmp_path: Path) -> None:
    """A client that made a certificate of its own would never be answered; keys of its own would open nothing."""
    for attempt in range(20):
        folder, together = tmp_path / str(attempt), Barrier(2)

        def told(folder: Path = folder, together: Barrier = together) -> tuple[dict[Duty, Key], bytes]:
            together.wait()
            make(folder, NOW)
            return keys(folder), (folder / AUTHORITY).read_bytes()

        with ThreadPoolExecutor(1) as pool:
            client = pool.submit(told)
            together.wait()
            write(folder, ADMINISTRATOR, NOW)
            assert client.result() == (keys(folder), (folder / AUTHORITY).read_bytes())


def test_the_server_knows_the_administrator_and_services_are_told_of_their_duties_only(tmp_path: Path) -> None:
    write(tmp_path, ADMINISTRATOR, NOW)
    identities = json.loads((tmp_path / "s3.json").read_text())["identities"]
    assert [each["name"] for each in identities] == ["administrator", *Duty]
    assert ADMINISTRATOR.secret_key not in (tmp_path / "keys.json").read_text()
    assert ADMINISTRATOR.secret_key not in repr(ADMINISTRATOR)


def test_a_folder_of_a_version_without_certificates_gets_them_and_keeps_its_objects(tmp_path: Path) -> None:
    (tmp_path / "security.toml").write_text('[jwt.signing]\nkey = "old"\n')
    (tmp_path / "data").mkdir()
    write(tmp_path, ADMINISTRATOR, NOW)
    written = (tmp_path / "security.toml").read_text()
    assert "[grpc.filer]" in written
    assert AUTHORITY in written
    assert (tmp_path / "data").is_dir()


def test_the_certificate_is_made_anew_in_its_last_year_and_the_keys_of_the_duties_stay(tmp_path: Path) -> None:
    write(tmp_path, ADMINISTRATOR, NOW)
    before, handed_out = files(tmp_path), keys(tmp_path)
    assert ends(before[CERTIFICATE]) == NOW + LAST
    later = NOW + LAST - timedelta(days=100)
    write(tmp_path, ADMINISTRATOR, later)
    after = files(tmp_path)
    assert ends(after[CERTIFICATE]) == later + LAST
    assert all(before[name] != after[name] for name in (AUTHORITY, CERTIFICATE, KEY))
    assert keys(tmp_path) == handed_out


def test_a_key_that_is_missing_is_made_and_the_others_stay(tmp_path: Path) -> None:
    held = keys(tmp_path)
    told = json.loads((tmp_path / "keys.json").read_text())
    del told[Duty.DISPOSE.value]
    (tmp_path / "keys.json").write_text(json.dumps(told))
    now = keys(tmp_path)
    assert [now[duty] == held[duty] for duty in Duty] == [True, True, False]


def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text('{"sweep": {}}')
    with pytest.raises(ValueError, match="sweep"):
        keys(tmp_path)


def test_a_server_that_nobody_of_ours_starts_has_no_administrator_and_its_keeper_makes_the_bucket(
    tmp_path: Path,
) -> None:
    write_without_administrator(tmp_path, Key("kaojian", "secret-of-the-containers"), NOW)
    written = json.loads((tmp_path / "s3.json").read_text())
    assert [each["name"] for each in written["identities"]] == list(Duty)
    assert not [each for each in written["identities"] if "actions" in each]
    (keeper,) = (each for each in written["identities"] if each["name"] == Duty.KEEP)
    assert keeper["credentials"] == [{"accessKey": "kaojian", "secretKey": "secret-of-the-containers"}]
    makers = [each["name"] for each in written["policies"] if "s3:CreateBucket" in each["content"]]
    assert makers == [Duty.KEEP]
