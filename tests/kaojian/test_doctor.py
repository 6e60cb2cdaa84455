"""The doctor: each thing that can be wrong is named, with what to do."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from config.s3 import S3Settings
from config.settings import Settings, load
from domain.health import Check, CheckState, Part
from domain.host_clock import NtpState
from domain.timeline import SystemClock
from ingest.disk import HostDisk
from ingest.set_aside import FOLDER
from ingest.spool import Spool
from ingest.spool_standing import SecondCopies
from kaojian import doctor
from kaojian.backup import new_recovery_key
from kaojian.doctor import check_second_copies, examine
from records.backups import SUBJECT
from records.declaration import parse
from records.setup import apply
from storage.database import connect
from storage.objects import Objects
from storage.spool_marker import MARKER
from tests.fakes.identity_provider import CLIENT_ID, CLIENT_SECRET, provided
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.fakes.time import NOON, FakeClock
from tests.fakes.witnesses import FREE, KEPT
from tests.kaojian.conftest import Command
from tests.records.setups import ACTOR, WHOLE
from tests.stamp_authority import StampAuthority, certified, root_of, serving
from tests.storage.footage import Footage


@pytest.fixture
def store() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, installation: Path) -> Settings:
    for name, value in {"ENDPOINT": "127.0.0.1:1", "ACCESS_KEY": "kaojian", "SECRET_KEY": "hunter2"}.items():
        monkeypatch.setenv(f"KAOJIAN_S3_{name}", value)
    return load()


def found(
    settings: Settings, store: MemoryObjects, clock: NtpState | None = KEPT
) -> dict[str, tuple[CheckState, str]]:
    def open_store(_: S3Settings) -> Objects:
        return store

    checks = examine(settings, lambda: clock, open_store)
    return {check.part: (check.state, f"{check.said} | {check.remedy}") for check in checks}


def test_on_a_healthy_machine_everything_is_well(settings: Settings, store: MemoryObjects) -> None:
    backed_up(settings, SystemClock().now())
    checks = found(settings, store)
    names = ["clock", "disk", "ballast", "object store", "object lock", "database", "backup", "secrets", "rule packs"]
    assert list(checks) == names
    assert {state for state, _ in checks.values()} == {CheckState.OK}


def backed_up(settings: Settings, at: datetime) -> None:
    with closing(connect(settings.database_url, NOTARY)) as database:
        new_recovery_key(settings, database, ACTOR, FakeClock(at))
        database.journal.record(at, ACTOR, "back_up", SUBJECT)


def test_each_reason_why_there_is_no_fresh_backup_is_told_with_what_to_do(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, said = found(settings, store)["backup"]
    assert (state, "there is no recovery key" in said, "kaojian backup --new-key" in said) == (
        CheckState.NOTE,
        True,
        True,
    )
    with closing(connect(settings.database_url, NOTARY)) as database:
        new_recovery_key(settings, database, ACTOR, SystemClock())
    assert "none was brought under lock yet" in found(settings, store)["backup"][1]
    backed_up(settings, SystemClock().now() - timedelta(days=3))
    state, said = found(settings, store)["backup"]
    assert (state, "too long ago" in said, "backup_not_made" in said) == (CheckState.NOTE, True, True)
    settings.recovery_public_file.write_text("no key\n")
    assert "holds no public half" in found(settings, store)["backup"][1]
    monkeypatch.delenv("KAOJIAN_S3_ENDPOINT")
    assert "kaojian backup FILE" in found(load(), store)["backup"][1]


def test_a_second_store_is_tried_like_the_first_and_is_to_be_another_machine(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "second object store" not in found(settings, store)
    monkeypatch.setenv("KAOJIAN_S3_SECOND_ENDPOINT", "127.0.0.2:1")
    assert found(load(), store)["second object store"][0] is CheckState.FAIL  # its key is nowhere
    monkeypatch.setenv("KAOJIAN_SECRET_S3_SECOND", "keeps:hunter3")
    checks = found(load(), store)
    assert [checks[f"second object {what}"][0] for what in ("store", "lock")] == [CheckState.OK, CheckState.OK]
    store.down = True
    assert "KAOJIAN_S3_SECOND_ENDPOINT" in found(load(), store)["second object store"][1]
    store.down = False
    monkeypatch.setenv("KAOJIAN_S3_SECOND_ENDPOINT", "127.0.0.1:1")
    (said,) = [
        check.said
        for check in examine(load(), lambda: KEPT, lambda _: store)
        if check.part == "second object store" and check.state is CheckState.NOTE
    ]
    assert "count as one" in said


def test_a_clock_that_nothing_keeps_in_step_fails(settings: Settings, store: MemoryObjects) -> None:
    store.independent = False
    state, said = found(settings, store, FREE)["clock"]
    assert state is CheckState.FAIL
    assert "timedatectl set-ntp true" in said


@pytest.mark.parametrize(
    ("ahead_s", "clock", "expected"),
    [
        (0.2, FREE, (CheckState.NOTE, "the object store's clock agrees")),
        (60.0, FREE, (CheckState.FAIL, "the object store's clock is 60.000 s off")),
        (60.0, KEPT, (CheckState.FAIL, "which of the two machines")),
        (0.2, KEPT, (CheckState.OK, "at most 0.020 s off")),
    ],
)
def test_an_object_store_elsewhere_vouches_for_the_clock_or_contradicts_it(
    settings: Settings, store: MemoryObjects, ahead_s: float, clock: NtpState, expected: tuple[CheckState, str]
) -> None:
    store.ahead_s = ahead_s
    state, said = found(settings, store, clock)["clock"]
    assert state is expected[0]
    assert expected[1] in said


def test_a_clock_that_cannot_be_asked_is_unknown_and_never_ok(settings: Settings, store: MemoryObjects) -> None:
    store.down = True
    assert found(settings, store, None)["clock"][0] is CheckState.UNKNOWN


def test_a_disk_below_its_reserve_fails(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAOJIAN_MIN_FREE_BYTES", str(1 << 60))
    state, said = found(load(), store)["disk"]
    assert state is CheckState.FAIL
    assert "no sitting is opened" in said


def test_a_second_spool_that_is_not_mounted_is_named_and_its_lag_told(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KAOJIAN_SPOOL_SECOND_DIR", str(tmp_path / "second"))
    monkeypatch.setenv("KAOJIAN_RECORDER", "host")
    with closing(connect(settings.database_url, NOTARY)) as database:
        Footage(database, tmp_path / "second").close_segment(0)
    assert found(load(), store)["second copies"][0] is CheckState.OK
    (tmp_path / "second" / MARKER).unlink()
    state, said = found(load(), store)["second spool"]
    assert state is CheckState.FAIL
    assert str(tmp_path / "second") in said
    assert "not mounted | mount it" in said


def test_a_file_that_lacks_its_second_copy_for_long_is_noted() -> None:
    waits = SecondCopies(timedelta(seconds=1.5), "cam-1", 2, NOON)
    soon = check_second_copies(waits, NOON + timedelta(seconds=60))
    late = check_second_copies(waits, NOON + timedelta(seconds=600))
    assert (soon.state, late.state) == (CheckState.OK, CheckState.NOTE)
    assert (
        "greatest lag 1.5 s (cam-1); 2 of the newest files lack their second copy, the first for 600 s" in late.said
    )


def test_a_disk_without_room_for_its_ballast_fails(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.data_dir.mkdir()
    assert found(settings, store)["ballast"][0] is CheckState.OK
    monkeypatch.setattr(HostDisk, "free_bytes", lambda *_: 1 << 20)
    state, said = found(settings, store)["ballast"]
    assert state is CheckState.FAIL
    assert str(settings.data_dir) in said


def test_a_spool_of_another_recorder_fails(settings: Settings, store: MemoryObjects) -> None:
    Spool(settings.spool_dir, 0, owner="elsewhere").claim(used=False)
    state, said = found(settings, store)["spool"]
    assert state is CheckState.FAIL
    assert "recorder elsewhere" in said


@pytest.mark.parametrize(("stored", "expected"), [(True, CheckState.NOTE), (False, CheckState.FAIL)])
def test_a_spool_too_small_for_the_coming_sittings_says_how_many_gigabytes_are_missing(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch, stored: bool, expected: CheckState
) -> None:
    with closing(connect(settings.database_url, NOTARY)) as database:
        day = SystemClock().now().date() + timedelta(days=30)
        coming = WHOLE.replace("2026-05-01T", f"{day.isoformat()}T")
        apply(parse(coming, "exam.yaml"), database, ACTOR, SystemClock())
    monkeypatch.setenv("KAOJIAN_EXPECTED_BIT_RATE", "1e9")
    monkeypatch.setenv("KAOJIAN_MIN_FREE_BYTES", str(1 << 60))
    if not stored:
        monkeypatch.delenv("KAOJIAN_S3_ENDPOINT")
    state, said = found(load(), store)["head-room"]
    assert state is expected
    assert "GB SHORT" in said
    assert "sg-001-c1, sg-001-c2" in said


def test_rows_that_the_database_refused_fail(settings: Settings, store: MemoryObjects) -> None:
    Spool(settings.spool_dir, 0).put(f"{FOLDER}/1.json", b"{}")
    state, said = found(settings, store)["rows"]
    assert state is CheckState.FAIL
    assert FOLDER in said


def test_a_spool_that_cannot_be_written_fails(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAOJIAN_SPOOL_DIR", "/proc/self/spool")
    assert found(load(), store)["disk"][0] is CheckState.FAIL


def test_a_store_that_does_not_enforce_its_lock_fails(settings: Settings, store: MemoryObjects) -> None:
    store.locks = False
    checks = found(settings, store)
    assert checks["object store"][0] is CheckState.OK
    assert checks["object lock"][0] is CheckState.FAIL


@pytest.mark.parametrize("switch", ["down", "refuses_us"])
def test_a_store_that_is_down_or_refuses_us_fails_and_the_rest_is_still_looked_at(
    settings: Settings, store: MemoryObjects, switch: str
) -> None:
    setattr(store, switch, True)
    checks = found(settings, store)
    assert checks["object store"][0] is CheckState.FAIL
    assert "object lock" not in checks
    assert checks["database"][0] is CheckState.OK


def test_without_a_store_the_doctor_says_what_that_costs(installation: Path, store: MemoryObjects) -> None:
    state, said = found(load(), store)["object store"]
    assert state is CheckState.NOTE
    assert "C6.2-5 cannot be met" in said


def test_a_secret_that_a_camera_names_must_be_there(
    settings: Settings, store: MemoryObjects, installation: Path
) -> None:
    database = connect(settings.database_url, NOTARY)
    apply(parse(WHOLE, "exam.yaml"), database, ACTOR, FakeClock())
    database.close()
    state, said = found(settings, store)["secrets"]
    assert state is CheckState.FAIL
    assert "KAOJIAN_SECRET_CAM_C1" in said
    settings.secrets_dir.mkdir()
    (settings.secrets_dir / "cam-c1").write_text("admin:hunter2", encoding="utf-8")
    (settings.secrets_dir / "cam-c1").chmod(0o600)
    assert found(settings, store)["secrets"][0] is CheckState.OK
    assert "hunter2" not in str(found(settings, store))


def test_an_identity_provider_that_does_not_answer_or_know_us_is_noted_and_fails_nothing(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    with provided(SystemClock()) as fake:
        monkeypatch.setenv("KAOJIAN_OIDC_ISSUER", fake.issuer)
        monkeypatch.setenv("KAOJIAN_PAGES_ADDRESS", "https://kaojian.example.cn")
        state, said = found(load(), store)["identity provider"]
        assert (state, "kaojian secret set oidc" in said) == (CheckState.NOTE, True)
        monkeypatch.setenv("KAOJIAN_SECRET_OIDC", f"{CLIENT_ID}:{CLIENT_SECRET}")
        assert found(load(), store)["identity provider"] == (CheckState.OK, f"{fake.issuer} answers | ")
        fake.metadata = {"issuer": "https://elsewhere.example"}
        state, said = found(load(), store)["identity provider"]
        assert (state, "KAOJIAN_OIDC_ISSUER" in said) == (CheckState.NOTE, True)


def test_a_database_that_cannot_be_opened_fails(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAOJIAN_DATABASE_URL", "sqlite:////proc/nowhere/kaojian.sqlite3")
    assert found(load(), store)["database"][0] is CheckState.FAIL


def test_a_rule_pack_that_is_broken_fails(
    settings: Settings, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch, installation: Path
) -> None:
    (installation / "packs").mkdir()
    (installation / "packs" / "SG-2022-08-10.yaml").write_text("id: x\n", encoding="utf-8")
    monkeypatch.setenv("KAOJIAN_RULE_PACKS_DIR", str(installation / "packs"))
    assert found(load(), store)["rule packs"][0] is CheckState.FAIL


def test_only_a_failure_makes_the_machine_unfit() -> None:
    for state in CheckState:
        checks = [Check(Part.CLOCK, CheckState.OK, ""), Check(Part.DISK, state, "")]
        assert doctor.is_fit(checks) == (state is not CheckState.FAIL)


def test_the_command_prints_what_to_do_and_ends_with_1_when_something_fails(
    kaojian: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAOJIAN_MIN_FREE_BYTES", str(1 << 60))
    done = kaojian("doctor")
    assert done.code == 1
    assert "make room there" in done.out
    assert "schema is up to date" in done.out


def test_an_unreachable_store_is_one_failing_line_of_the_command(kaojian: Command, settings: Settings) -> None:
    done = kaojian("doctor")
    assert done.code == 1
    assert "127.0.0.1:1" in done.out
    assert "hunter2" not in done.out + done.err


def test_the_time_stamp_authority_is_asked_for_a_stamp(
    monkeypatch: pytest.MonkeyPatch, store: MemoryObjects, tmp_path: Path
) -> None:
    """What it does not answer is a note: no exam waits for it, and what is signed is stamped later."""
    assert "time stamps" not in found(load(), store)
    root = root_of()
    with serving(StampAuthority(tmp_path / "authority", root, certified("test authority", root))) as authority:
        monkeypatch.setenv("KAOJIAN_STAMP_URL", authority.url)
        monkeypatch.setenv("KAOJIAN_STAMP_ROOTS", str(authority.roots))
        state, said = found(load(), store)["time stamps"]
        assert (state, "answers, as CN=test authority" in said) == (CheckState.OK, True)
        authority.take(certified("x", root_of("another root")))
        state, said = found(load(), store)["time stamps"]
        assert (state, "not to be trusted" in said) == (CheckState.NOTE, True)
        authority.roots.write_text("")
        state, said = found(load(), store)["time stamps"]
        assert (state, "holds no certificates" in said) == (CheckState.NOTE, True)
