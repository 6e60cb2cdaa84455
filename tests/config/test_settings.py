"""Settings: read once, refused in plain words, all described in example.env."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path

import pytest

import config
from config.errors import SecretMissing, SettingsRefused
from config.s3 import Duty
from config.settings import LogFormat, Settings, load
from config.stamps import StampSettings

EXAMPLE = Path(config.__file__ or "").parent / "example.env"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("KAOJIAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal() -> str:
    with pytest.raises(SettingsRefused) as refused:
        load()
    return str(refused.value)


def test_without_any_setting_everything_lies_under_var(tmp_path: Path) -> None:
    settings = load()
    assert settings.data_dir == tmp_path / "var"
    assert settings.spool_dir == tmp_path / "var" / "spool"
    assert settings.secrets_dir == tmp_path / "var" / "secrets"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/kaojian.sqlite3"
    assert (settings.segment_seconds, settings.fragment_seconds, settings.stall_seconds) == (60, 1, 3)
    assert (settings.http_host, settings.http_port, settings.s3) == ("127.0.0.1", 8000, None)


def test_places_follow_the_data_folder_unless_they_are_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAOJIAN_DATA_DIR", "/srv/kaojian")
    monkeypatch.setenv("KAOJIAN_SPOOL_DIR", "disk2")
    settings = load()
    assert settings.secrets_dir == Path("/srv/kaojian/secrets")
    assert settings.spool_dir == tmp_path / "disk2"


def test_every_setting_is_in_the_example_file_and_nothing_else_is() -> None:
    described = set(re.findall(r"^#(KAOJIAN_[A-Z0-9_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    assert described == {f"KAOJIAN_{name.upper()}" for name in Settings.model_fields}


def test_the_example_file_uncommented_is_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = load()
    text = re.sub(r"^#(KAOJIAN_[A-Z0-9_]+=)", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    file = tmp_path / "all.env"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("KAOJIAN_ENV_FILE", str(file))
    assert load() == before


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KAOJIAN_HTTP_PORT=8001\nKAOJIAN_LOG_FORMAT=json\nPATHOLOGY=1\n", encoding="utf-8")
    monkeypatch.setenv("KAOJIAN_HTTP_PORT", "8002")
    settings = load()
    assert (settings.http_port, settings.log_format) == (8002, LogFormat.JSON)


def test_a_named_file_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_ENV_FILE", "nowhere.env")
    assert refusal() == "KAOJIAN_ENV_FILE=nowhere.env: there is no such file"


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.8", "::", "exam.example.org", "192.168.1.2"])
def test_anything_but_loopback_is_refused_without_tls_and_told_how_to_have_it(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("KAOJIAN_HTTP_HOST", host)
    said = refusal()
    assert said.startswith(f"KAOJIAN_HTTP_HOST: {host} can be reached from other machines")
    assert "kaojian tls" in said
    assert "KAOJIAN_TLS_CERT" in said
    assert "\n" not in said


def test_with_a_certificate_any_address_may_be_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAOJIAN_HTTP_HOST", "0.0.0.0")
    monkeypatch.setenv("KAOJIAN_TLS_CERT", "tls/server.pem")
    settings = load()
    assert (settings.http_host, settings.tls_cert) == ("0.0.0.0", tmp_path / "tls" / "server.pem")


def test_a_key_without_its_certificate_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_TLS_KEY", "server.key")
    assert "KAOJIAN_TLS_CERT is not" in refusal()


def test_a_command_that_makes_what_is_missing_is_not_refused_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_HTTP_HOST", "0.0.0.0")
    monkeypatch.setenv("KAOJIAN_HTTP_PORT", "eighty")
    with pytest.raises(SettingsRefused) as refused:
        load(http_host="127.0.0.1")
    assert str(refused.value).startswith("KAOJIAN_HTTP_PORT:")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_loopback_is_allowed(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("KAOJIAN_HTTP_HOST", host)
    assert load().http_host == host


def test_a_misspelt_setting_is_refused_with_the_right_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAOJIAN_SEGMENT_SECOND", "10")
    (tmp_path / ".env").write_text("KAOJIAN_SPOOLDIR=x\n", encoding="utf-8")
    assert refusal().splitlines() == [
        "environment: KAOJIAN_SEGMENT_SECOND is not a setting; did you mean KAOJIAN_SEGMENT_SECONDS?",
        f"{tmp_path}/.env: KAOJIAN_SPOOLDIR is not a setting; did you mean KAOJIAN_SPOOL_DIR?",
    ]


def test_all_wrong_values_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_SEGMENT_SECONDS", "1000")
    monkeypatch.setenv("KAOJIAN_HTTP_PORT", "eighty")
    said = refusal()
    assert "KAOJIAN_SEGMENT_SECONDS:" in said
    assert "KAOJIAN_HTTP_PORT:" in said


def test_fragments_are_never_longer_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_FRAGMENT_SECONDS", "1.5")
    assert "KAOJIAN_FRAGMENT_SECONDS:" in refusal()


def test_networks_of_cameras_are_private_ones_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(address: str) -> bool:
        return any(ip_address(address) in network for network in load().networks_of_cameras)

    assert [inside(each) for each in ("10.1.2.3", "192.168.1.8", "fd00::8")] == [True] * 3
    never = ("127.0.0.1", "::1", "169.254.169.254", "8.8.8.8", "0.0.0.0", "fe80::1")
    assert [inside(each) for each in never] == [False] * len(never)
    monkeypatch.setenv("KAOJIAN_CAMERA_NETWORKS", "203.0.113.0/24, 10.0.0.0/8")
    assert inside("203.0.113.9")
    monkeypatch.setenv("KAOJIAN_CAMERA_NETWORKS", "none")
    assert load().networks_of_cameras == ()
    monkeypatch.setenv("KAOJIAN_CAMERA_NETWORKS", "10.0.0.8/8")
    assert "KAOJIAN_CAMERA_NETWORKS" in refusal()


def test_an_object_store_is_set_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_S3_ENDPOINT", "127.0.0.1:8333")
    assert "KAOJIAN_S3_ACCESS_KEY" in refusal()
    monkeypatch.setenv("KAOJIAN_S3_ACCESS_KEY", "kaojian")
    monkeypatch.setenv("KAOJIAN_S3_SECRET_KEY", "hunter2")
    settings = load()
    assert settings.s3 is not None
    assert (settings.s3.endpoint, settings.s3.secret_key, settings.s3.secure) == ("127.0.0.1:8333", "hunter2", True)
    assert "hunter2" not in repr(settings) + repr(settings.s3)


def test_each_duty_at_the_object_store_may_have_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENDPOINT": "127.0.0.1:8333", "ACCESS_KEY": "keeps", "SECRET_KEY": "hunter2"}.items():
        monkeypatch.setenv(f"KAOJIAN_S3_{name}", value)
    assert {load().s3_for(duty) for duty in Duty} == {load().s3}
    monkeypatch.setenv("KAOJIAN_S3_READ_SECRET", "s3-read")
    with pytest.raises(SecretMissing, match="s3-read"):
        load().s3_for(Duty.READ)
    monkeypatch.setenv("KAOJIAN_SECRET_S3_READ", "reads:hunter3")
    found = {duty: load().s3_for(duty) for duty in Duty}
    assert [each and each.access_key for each in found.values()] == ["keeps", "reads", "keeps"]


def test_a_second_object_store_is_another_one_with_keys_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().s3_second_for(Duty.KEEP) is None
    monkeypatch.setenv("KAOJIAN_S3_SECOND_ENDPOINT", "10.0.0.2:8333")
    assert "name the first too" in refusal()
    for name, value in {"ENDPOINT": "127.0.0.1:8333", "ACCESS_KEY": "keeps", "SECRET_KEY": "hunter2"}.items():
        monkeypatch.setenv(f"KAOJIAN_S3_{name}", value)
    with pytest.raises(SecretMissing, match="s3-second"):
        load().s3_second_for(Duty.KEEP)
    monkeypatch.setenv("KAOJIAN_SECRET_S3_SECOND", "keeps-there:hunter3")
    monkeypatch.setenv("KAOJIAN_SECRET_S3_SECOND_READ", "reads-there:hunter4")
    monkeypatch.setenv("KAOJIAN_S3_SECOND_READ_SECRET", "s3-second-read")
    found = {duty: load().s3_second_for(duty) for duty in Duty}
    assert [each and each.access_key for each in found.values()] == ["keeps-there", "reads-there", "keeps-there"]
    assert {each and (each.endpoint, each.bucket) for each in found.values()} == {("10.0.0.2:8333", "kaojian-second")}
    monkeypatch.setenv("KAOJIAN_S3_SECOND_BUCKET", "kaojian")
    assert "copies are told apart by their bucket" in refusal()


def test_without_a_store_no_duty_has_one() -> None:
    assert [load().s3_for(duty) for duty in Duty] == [None, None, None]


def test_an_authority_of_the_object_store_is_for_tls_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAOJIAN_S3_CA_FILE", str(tmp_path / "authority.crt"))
    assert load().s3_ca_file == tmp_path / "authority.crt"
    monkeypatch.setenv("KAOJIAN_S3_SECURE", "false")
    assert "KAOJIAN_S3_SECURE=true" in refusal()


def test_an_endpoint_is_host_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_S3_ENDPOINT", "http://127.0.0.1:8333")
    assert "write host:port without http://" in refusal()


@pytest.mark.parametrize("name", ["B", "a/b", "-a", "a-", "a" * 41, "考场"])
def test_a_name_of_a_recorder_that_is_no_file_name_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("KAOJIAN_RECORDER", name)
    with pytest.raises(SettingsRefused, match=r"KAOJIAN_RECORDER: .* is no name for a recorder"):
        load()


def test_a_recorder_keeps_the_name_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_RECORDER", "room-301-b")
    assert load().recorder == "room-301-b"


def test_the_secret_key_may_lie_in_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "s3.key"
    file.write_text("hunter2\n", encoding="utf-8")
    file.chmod(0o640)
    monkeypatch.setenv("KAOJIAN_S3_ENDPOINT", "127.0.0.1:8333")
    monkeypatch.setenv("KAOJIAN_S3_ACCESS_KEY", "kaojian")
    monkeypatch.setenv("KAOJIAN_S3_SECRET_KEY_FILE", str(file))
    assert f"chmod 600 {file}" in refusal()
    file.chmod(0o600)
    settings = load()
    assert settings.s3 is not None
    assert settings.s3.secret_key == "hunter2"


def test_a_settings_file_with_a_key_in_it_must_be_private(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("KAOJIAN_S3_SECRET_KEY=hunter2\n", encoding="utf-8")
    file.chmod(0o644)
    said = refusal()
    assert f"chmod 600 {file}" in said
    assert "hunter2" not in said


def test_camera_secrets_do_not_belong_in_the_settings_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAOJIAN_SECRET_CAM_C1", "admin:pw")
    load()
    (tmp_path / ".env").write_text("KAOJIAN_SECRET_CAM_C1=admin:pw\n", encoding="utf-8")
    assert "KAOJIAN_SECRET_CAM_C1: secrets belong in the environment" in refusal()


def test_a_database_password_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAOJIAN_DATABASE_URL", "postgresql+psycopg://kaojian:hunter2@127.0.0.1/kaojian")
    assert "hunter2" not in repr(load())


@pytest.mark.parametrize(("free", "ballast", "refused"), [(64 << 20, 32 << 20, False), (63 << 20, 32 << 20, True)])
def test_ballast_given_up_must_not_count_as_room(
    monkeypatch: pytest.MonkeyPatch, free: int, ballast: int, refused: bool
) -> None:
    monkeypatch.setenv("KAOJIAN_MIN_FREE_BYTES", str(free))
    monkeypatch.setenv("KAOJIAN_BALLAST_BYTES", str(ballast))
    if refused:
        assert "more than half of KAOJIAN_MIN_FREE_BYTES" in refusal()
    else:
        assert load().ballast_bytes == ballast


ISSUER, PAGES = "https://id.example.cn/realms/city", "https://kaojian.example.cn"


def test_an_identity_provider_is_set_up_with_the_address_that_it_sends_people_back_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load().oidc is None
    monkeypatch.setenv("KAOJIAN_OIDC_ISSUER", ISSUER)
    assert "KAOJIAN_PAGES_ADDRESS" in refusal()
    monkeypatch.setenv("KAOJIAN_PAGES_ADDRESS", f"{PAGES}/")
    monkeypatch.setenv("KAOJIAN_OIDC_SECOND_FACTOR", "amr=mfa, acr=urn:example:two")
    found = load().oidc
    assert found is not None
    assert (found.issuer, found.address, found.secret) == (ISSUER, PAGES, "oidc")
    assert found.factor_proofs == {("amr", "mfa"), ("acr", "urn:example:two")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://id.example.cn"),
        ("OIDC_ISSUER", "http://127.0.0.1.example.cn"),
        ("OIDC_ISSUER", "id.example.cn"),
        ("OIDC_ISSUER", "file:///etc/passwd"),
        ("OIDC_ISSUER", "https://user:pass@id.example.cn"),
        ("OIDC_ISSUER", "https://id.example.cn/?a=b"),
        ("OIDC_ISSUER", "https://id.example.cn/#"),
        ("OIDC_ISSUER", "https:///realm"),
        ("PAGES_ADDRESS", "http://kaojian.example.cn"),
        ("PAGES_ADDRESS", "https://kaojian.example.cn/pages"),
        ("PAGES_ADDRESS", "https://kaojian.example.cn\\@evil.example"),
        ("OIDC_SECOND_FACTOR", "mfa"),
        ("OIDC_SECOND_FACTOR", "sub=chen"),
        ("OIDC_SECOND_FACTOR", "amr="),
        ("OIDC_SECRET", "../oidc"),
        ("OIDC_NAME", "x" * 31),
    ],
)
def test_an_identity_provider_that_nobody_should_be_sent_to_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("KAOJIAN_OIDC_ISSUER", ISSUER)
    monkeypatch.setenv("KAOJIAN_PAGES_ADDRESS", PAGES)
    load()
    monkeypatch.setenv(f"KAOJIAN_{name}", value)
    assert f"KAOJIAN_{name}" in refusal()


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost", "[::1]:3000"])
def test_on_loopback_an_identity_provider_may_be_tried_out_in_the_clear(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    for name in ("OIDC_ISSUER", "PAGES_ADDRESS"):
        monkeypatch.setenv(f"KAOJIAN_{name}", f"http://{host}")
    assert load().oidc is not None


# Time stamps


def test_an_authority_and_the_certificates_that_vouch_for_it_are_one_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Plain http is taken from anywhere: the stamps are signed themselves."""
    assert load().stamps is None
    monkeypatch.setenv("KAOJIAN_STAMP_URL", "http://time.example.cn/tsr")
    with pytest.raises(SettingsRefused, match="belong together"):
        load()
    monkeypatch.setenv("KAOJIAN_STAMP_ROOTS", "roots.pem")
    assert load().stamps == StampSettings("http://time.example.cn/tsr", Path("roots.pem").absolute())
    monkeypatch.delenv("KAOJIAN_STAMP_URL")
    with pytest.raises(SettingsRefused, match="belong together"):
        load()


@pytest.mark.parametrize(
    "url",
    [
        "time.example.cn",
        "ftp://time.example.cn",
        "https://",
        "https://u:p@time.example.cn/",
        "http://a b/",
        "http://a/#",
    ],
)
def test_an_address_that_no_authority_has_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("KAOJIAN_STAMP_URL", url)
    monkeypatch.setenv("KAOJIAN_STAMP_ROOTS", "roots.pem")
    with pytest.raises(SettingsRefused, match="KAOJIAN_STAMP_URL"):
        load()
