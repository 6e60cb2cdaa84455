"""Settings of this installation, read once at the door; every one is described in config/example.env.

They come from the environment (``KAOJIAN_...``) or from one file (``KAOJIAN_ENV_FILE``, else ``./.env`` where it
exists); the environment wins. Not here: credentials of cameras (``config.secrets``) and numbers that verdicts rest
on (``config.rule_pack``). Only the wiring sees the whole Settings; rooms are handed what they need.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import SecretError, SettingsRefused
from config.oidc import OidcSettings, is_address, is_loopback, proofs, refuse_address
from config.rule_pack import FOLDER as RULE_PACKS
from config.s3 import Duty, S3Settings
from config.secrets import ENVIRONMENT_PREFIX, KEY_VARIABLE, NAME, KeySource, Secrets, refuse_exposed
from config.stamps import StampSettings, refuse_stamp_address

PREFIX = "KAOJIAN_"
ENV_FILE = "KAOJIAN_ENV_FILE"


class LogFormat(StrEnum):
    """How log lines are written: for machines or for a terminal."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """All settings. Paths are absolute once read. Read them with ``load``, which refuses in clear words."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Path("var")
    database_url: Annotated[str, Field(repr=False)] = ""  # never empty once read: SQLite in data_dir by default
    spool_dir: Path = Path()  # data_dir/spool by default
    spool_second_dir: Path | None = None  # no second spool when empty
    secrets_dir: Path = Path()  # data_dir/secrets by default
    secrets_key_file: Path = Path()  # data_dir/secrets.key by default
    secrets_key: SecretStr = SecretStr("")  # in secrets_key_file when empty
    rule_packs_dir: Path = RULE_PACKS
    holidays_file: Path | None = None  # what the State Council gave off, of a year that the library lacks

    s3_endpoint: str = ""  # no object store when empty
    s3_bucket: str = "kaojian"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_secret_key_file: Path | None = None
    s3_secure: bool = True
    s3_region: str = "us-east-1"
    s3_allow_unlocked: bool = False  # footage is given to a store whose locks do not hold: for development
    s3_ca_file: Path | None = None  # the system's authorities when empty
    s3_read_secret: Annotated[str, Field(pattern=f"^({NAME})?$")] = ""  # s3_access_key reads, too, when empty
    s3_dispose_secret: Annotated[str, Field(pattern=f"^({NAME})?$")] = ""  # s3_access_key deletes, too, when empty

    s3_second_endpoint: str = ""  # no second object store when empty
    s3_second_bucket: str = "kaojian-second"
    s3_second_secure: bool = True
    s3_second_region: str = "us-east-1"
    s3_second_ca_file: Path | None = None  # the system's authorities when empty
    s3_second_secret: Annotated[str, Field(pattern=f"^{NAME}$")] = "s3-second"  # noqa: S105 (a name, not a secret)
    s3_second_read_secret: Annotated[str, Field(pattern=f"^({NAME})?$")] = ""  # as s3_read_secret
    s3_second_dispose_secret: Annotated[str, Field(pattern=f"^({NAME})?$")] = ""  # as s3_dispose_secret

    stamp_url: str = ""  # nobody stamps what is signed when empty
    stamp_roots: Path | None = None

    recorder: str = ""  # goes by its host's name when empty
    segment_seconds: Annotated[float, Field(ge=2, le=600)] = 60
    fragment_seconds: Annotated[float, Field(gt=0, le=1)] = 1
    run_up_seconds: Annotated[float, Field(ge=0, le=120)] = 5
    trial_s: Annotated[float, Field(ge=20, le=600)] = 120
    readiness_hours: Annotated[float, Field(ge=1, le=168)] = 24
    camera_networks: str = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"  # of addresses that pages may name
    stall_seconds: Annotated[float, Field(gt=0, le=60)] = 3
    min_free_bytes: Annotated[int, Field(ge=0)] = 2 << 30
    expected_bit_rate: Annotated[float, Field(gt=0, le=1e9)] = 4_000_000
    ballast_bytes: Annotated[int, Field(ge=0, le=1 << 30)] = 32 << 20
    ingest_workers: Annotated[int, Field(ge=1, le=64)] = 2
    analysis_workers: Annotated[int, Field(ge=0, le=64)] = 0  # all cores but one when 0
    reread_days: Annotated[float, Field(ge=0, le=365)] = 30  # copies are never read again when 0
    reread_bytes_per_second: Annotated[int, Field(ge=100_000)] = 10_000_000

    backup_hour: Annotated[int, Field(ge=0, le=23)] = 2  # of Beijing
    backup_lock_days: Annotated[int, Field(ge=0, le=3650)] = 90  # none are made by themselves when 0

    litestream: bool = False

    webhooks_file: Path | None = None  # nobody is told when empty

    second_factor: str = "city_administrator,city_officer"  # roles that have to have one; or all, or none

    oidc_issuer: str = ""  # no identity provider when empty
    oidc_secret: Annotated[str, Field(pattern=f"^{NAME}$")] = "oidc"  # noqa: S105 (a name, not a secret)
    oidc_name: Annotated[str, Field(min_length=1, max_length=30)] = "统一身份认证"
    oidc_second_factor: str = ""  # acr=VALUE, amr=VALUE; ours is asked for when empty

    pages_address: str = ""  # as browsers reach it: for an identity provider, and QR codes of receipts
    tls_cert: Path | None = None  # plain HTTP on loopback when empty
    tls_key: Path | None = None  # in the file of the certificate when empty
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8000
    live_port: Annotated[int, Field(ge=0, le=65535)] = 0  # the one above http_port when 0
    live_udp_host: str = ""  # the address that a viewer's request came to when empty
    live_udp_announced: str = ""  # addresses by commas; the one that is bound when empty
    live_udp_ports: Annotated[str, Field(pattern=r"^\d{1,5}-\d{1,5}$")] = "21000-21799"
    live_coders: Annotated[int, Field(ge=0, le=64)] = 2  # nothing is coded anew when 0
    live_coded_lines: Annotated[int, Field(ge=144, le=1080)] = 480
    live_coded_fps: Annotated[int, Field(ge=1, le=30)] = 15

    log_format: LogFormat = LogFormat.CONSOLE
    log_level: LogLevel = LogLevel.INFO

    @property
    def spool_dirs(self) -> tuple[Path, ...]:
        """The first spool, and the second where there is one."""
        return (self.spool_dir,) if self.spool_second_dir is None else (self.spool_dir, self.spool_second_dir)

    @property
    def analysis_crew(self) -> int:
        """How many processes open and look at footage."""
        return self.analysis_workers or max(1, len(os.sched_getaffinity(0)) - 1)

    @property
    def relay_dir(self) -> Path:
        """Where recorders hand their pictures on to viewers of this host."""
        return self.data_dir / "live"

    @property
    def live_at(self) -> int:
        """The port of live pictures."""
        return self.live_port or (self.http_port + 1 if self.http_port < 65535 else self.http_port - 1)

    @property
    def live_udp_range(self) -> range:
        """The UDP ports of viewers by WHEP: one for each."""
        first, last = map(int, self.live_udp_ports.split("-"))
        return range(first, last + 1)

    @property
    def live_udp_addresses(self) -> tuple[str, ...]:
        """What viewers by WHEP are told to come to, where it is another address than is bound."""
        return tuple(each.strip() for each in self.live_udp_announced.split(",") if each.strip())

    @property
    def live_key_file(self) -> Path:
        """The key of tickets to live pictures, which two processes share. Without it none opens; it is made anew."""
        return self.secrets_dir / "live.key"

    @property
    def signing_key_file(self) -> Path:
        """The key that this installation signs with."""
        return self.secrets_dir / "signing.key"

    @property
    def secrets_key_source(self) -> KeySource:
        """The key that secrets are sealed with."""
        return KeySource(self.secrets_key_file, self.secrets_key.get_secret_value())

    @property
    def secrets(self) -> Secrets:
        """The secrets that set-up files may name."""
        return Secrets(self.secrets_dir, keys=self.secrets_key_source)

    @property
    def factors_key_file(self) -> Path:
        """The key that secrets of second factors are sealed with: never in the database."""
        return self.secrets_dir / "factors.key"

    @property
    def numbers_key_file(self) -> Path:
        """The key that numbers of people's documents are sealed and marked with: never in the database."""
        return self.secrets_dir / "numbers.key"

    @property
    def networks_of_cameras(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Where a camera may be whose address somebody writes at the page."""
        return _networks_in(self.camera_networks)

    @property
    def recovery_public_file(self) -> Path:
        """The public half of the recovery key, for which backups are sealed."""
        return self.secrets_dir / "recovery.public"

    @property
    def oidc(self) -> OidcSettings | None:
        """The identity provider, or None when none is set."""
        if not self.oidc_issuer:
            return None
        return OidcSettings(
            self.oidc_issuer, self.oidc_secret, self.oidc_name, proofs(self.oidc_second_factor), self.pages_address
        )

    @property
    def s3(self) -> S3Settings | None:
        """The object store with the key that keeps footage there, or None when none is set."""
        if not self.s3_endpoint:
            return None
        return S3Settings(
            endpoint=self.s3_endpoint,
            access_key=self.s3_access_key,
            secret_key=self.s3_secret_key.get_secret_value(),
            bucket=self.s3_bucket,
            secure=self.s3_secure,
            region=self.s3_region,
            ca_file=self.s3_ca_file,
        )

    @property
    def stamps(self) -> StampSettings | None:
        """The time stamp authority, or None when none is set."""
        if not self.stamp_url or self.stamp_roots is None:
            return None
        return StampSettings(self.stamp_url, self.stamp_roots)

    def s3_for(self, duty: Duty) -> S3Settings | None:
        """The object store with the key of a duty; that of ``s3`` where none is named for it. Raises SecretError."""
        store = self.s3
        name = {Duty.READ: self.s3_read_secret, Duty.DISPOSE: self.s3_dispose_secret}.get(duty, "")
        if store is None or not name:
            return store
        found = self.secrets.credentials(name)
        return replace(store, access_key=found.username, secret_key=found.password)

    def s3_second_for(self, duty: Duty) -> S3Settings | None:
        """The second object store with the key of a duty, or None where none is set. Raises SecretError."""
        if not self.s3_second_endpoint:
            return None
        own = {Duty.READ: self.s3_second_read_secret, Duty.DISPOSE: self.s3_second_dispose_secret}.get(duty, "")
        found = self.secrets.credentials(own or self.s3_second_secret)
        return S3Settings(
            endpoint=self.s3_second_endpoint,
            access_key=found.username,
            secret_key=found.password,
            bucket=self.s3_second_bucket,
            secure=self.s3_second_secure,
            region=self.s3_second_region,
            ca_file=self.s3_second_ca_file,
        )

    @model_validator(mode="before")
    @classmethod
    def _inside_data_dir(cls, given: dict[str, Any]) -> dict[str, Any]:
        data_dir = Path(given.get("data_dir") or "var").expanduser().absolute()
        defaults = {
            "database_url": f"sqlite:///{data_dir / 'kaojian.sqlite3'}",
            "spool_dir": data_dir / "spool",
            "secrets_dir": data_dir / "secrets",
            "secrets_key_file": data_dir / "secrets.key",
        }
        return {**defaults, **given}

    @field_validator(
        "data_dir",
        "spool_dir",
        "spool_second_dir",
        "secrets_dir",
        "secrets_key_file",
        "rule_packs_dir",
        "s3_secret_key_file",
        "s3_ca_file",
        "s3_second_ca_file",
        "webhooks_file",
        "holidays_file",
        "stamp_roots",
        "tls_cert",
        "tls_key",
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path is not None else None

    @field_validator("recorder")
    @classmethod
    def _fit_for_a_file_name(cls, name: str) -> str:
        if name and not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", name):
            raise ValueError(f"{name} is no name for a recorder: small letters, digits and hyphens, at most 40")
        return name

    @field_validator("s3_endpoint", "s3_second_endpoint")
    @classmethod
    def _host_and_port(cls, endpoint: str) -> str:
        if endpoint and not re.fullmatch(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?", endpoint):
            raise ValueError("write host:port without http://; KAOJIAN_S3_SECURE says whether TLS is used")
        return endpoint

    @field_validator("camera_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        try:
            _networks_in(text)
        except ValueError as error:
            raise ValueError(f"{error}; write networks like 10.0.0.0/8, with commas, or none") from None
        return text

    @field_validator("stamp_url")
    @classmethod
    def _of_an_authority(cls, url: str) -> str:
        if url:
            refuse_stamp_address(url)
        return url

    @field_validator("oidc_issuer")
    @classmethod
    def _https(cls, url: str) -> str:
        if url:
            refuse_address(url, path=True)
        return url

    @field_validator("pages_address")
    @classmethod
    def _without_a_path(cls, url: str) -> str:
        plain = url.rstrip("/")
        if plain:
            refuse_address(plain, path=False)
        return plain

    @field_validator("oidc_second_factor")
    @classmethod
    def _claims(cls, text: str) -> str:
        proofs(text)
        return text

    @model_validator(mode="after")
    def _sent_back_to_us(self) -> Settings:
        if self.oidc_issuer and not self.pages_address:
            raise ValueError(
                "KAOJIAN_OIDC_ISSUER is set, but KAOJIAN_PAGES_ADDRESS is not: say where browsers reach the pages, "
                "so that people are sent back there and nowhere else"
            )
        return self

    @model_validator(mode="after")
    def _stamps_are_judged(self) -> Settings:
        if bool(self.stamp_url) != (self.stamp_roots is not None):
            raise ValueError(
                "KAOJIAN_STAMP_URL and KAOJIAN_STAMP_ROOTS belong together: the address of the time stamp authority, "
                "and the file of certificates by which its stamps are believed"
            )
        return self

    @model_validator(mode="after")
    def _live_is_apart(self) -> Settings:
        if self.live_port and self.live_port == self.http_port:
            raise ValueError("KAOJIAN_LIVE_PORT is KAOJIAN_HTTP_PORT, too: live pictures need a port of their own")
        return self

    @model_validator(mode="after")
    def _udp_can_be_told(self) -> Settings:
        ports = self.live_udp_range
        if not ports or ports.start < 1 or ports.stop > 65536:
            raise ValueError("KAOJIAN_LIVE_UDP_PORTS: two ports, the lower one first, as 21000-21799")
        for name, addresses in (
            ("KAOJIAN_LIVE_UDP_HOST", (self.live_udp_host,) if self.live_udp_host else ()),
            ("KAOJIAN_LIVE_UDP_ANNOUNCED", self.live_udp_addresses),
        ):
            for each in addresses:
                if not is_address(each):
                    raise ValueError(f"{name}: {each} is no IP address; names are not looked up by WebRTC")
        return self

    @model_validator(mode="after")
    def _in_the_clear_on_loopback_only(self) -> Settings:
        if self.tls_cert is None and not is_loopback(self.http_host):
            raise ValueError(
                f"KAOJIAN_HTTP_HOST: {self.http_host} can be reached from other machines, and without TLS passwords "
                "and footage would travel in the clear; make a certificate with `kaojian tls NAME...` and name it in "
                "KAOJIAN_TLS_CERT, or stay on loopback: 127.0.0.1, ::1 or localhost"
            )
        if self.tls_key is not None and self.tls_cert is None:
            raise ValueError("KAOJIAN_TLS_KEY is set, but KAOJIAN_TLS_CERT is not: name the certificate too")
        return self

    @model_validator(mode="after")
    def _ballast_stays_reserve(self) -> Settings:
        if self.ballast_bytes * 2 > self.min_free_bytes:
            raise ValueError(
                f"KAOJIAN_BALLAST_BYTES={self.ballast_bytes} is more than half of "
                f"KAOJIAN_MIN_FREE_BYTES={self.min_free_bytes}: once given up it would count as room for footage; "
                "make it smaller"
            )
        return self

    @model_validator(mode="after")
    def _s3_is_whole(self) -> Settings:
        if self.s3_secret_key_file is not None and not self.s3_secret_key.get_secret_value():
            object.__setattr__(self, "s3_secret_key", SecretStr(_secret_key(self.s3_secret_key_file)))
        if self.s3_ca_file is not None and not self.s3_secure:
            raise ValueError("KAOJIAN_S3_CA_FILE vouches for nothing without TLS: set KAOJIAN_S3_SECURE=true")
        if self.s3_endpoint and not (self.s3_access_key and self.s3_secret_key.get_secret_value()):
            raise ValueError(
                "KAOJIAN_S3_ENDPOINT is set, but KAOJIAN_S3_ACCESS_KEY or KAOJIAN_S3_SECRET_KEY "
                "(or KAOJIAN_S3_SECRET_KEY_FILE) is not"
            )
        return self

    @model_validator(mode="after")
    def _second_s3_is_another(self) -> Settings:
        if not self.s3_second_endpoint:
            return self
        if not self.s3_endpoint:
            raise ValueError("KAOJIAN_S3_SECOND_ENDPOINT is set, but KAOJIAN_S3_ENDPOINT is not: name the first too")
        if self.s3_second_bucket == self.s3_bucket:
            raise ValueError(
                f"KAOJIAN_S3_SECOND_BUCKET: both stores have a bucket {self.s3_bucket}, and copies are told apart by "
                "their bucket; give the second one another name"
            )
        if self.s3_second_ca_file is not None and not self.s3_second_secure:
            raise ValueError(
                "KAOJIAN_S3_SECOND_CA_FILE vouches for nothing without TLS: set KAOJIAN_S3_SECOND_SECURE=true"
            )
        return self


def _networks_in(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks with commas between them; none for ``none``. Raises ValueError."""
    if text.strip() == "none":
        return ()
    return tuple(ip_network(each.strip()) for each in text.split(","))


def load(**instead: Any) -> Settings:
    """The settings of this process. Raises SettingsRefused with one line for each thing that is wrong.

    ``instead`` are values that count instead of those given, for a command that makes what is still missing.
    """
    file = env_file()
    in_file = dotenv_values(file) if file is not None else {}
    problems = [*_unknown(os.environ, "environment"), *_unknown(in_file, str(file))]
    if file is not None:
        problems += _exposed(file, in_file)
    if problems:
        raise SettingsRefused("\n".join(problems))
    try:
        return Settings(_env_file=file, **instead)  # type: ignore[call-arg]  # a parameter of BaseSettings that mypy cannot see
    except ValidationError as error:
        raise SettingsRefused("\n".join(_said(each) for each in error.errors())) from None


def env_file() -> Path | None:
    """The file of settings, where there is one. Raises SettingsRefused where one is named that is not there."""
    named = os.environ.get(ENV_FILE)
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise SettingsRefused(f"{ENV_FILE}={named}: there is no such file")
        return path
    path = Path(".env").absolute()
    return path if path.is_file() else None


def in_environment() -> dict[str, str]:
    """The settings, and the secrets, that come from the environment of this process."""
    return {name: value for name, value in sorted(os.environ.items()) if name.upper().startswith(PREFIX)}


def _unknown(names: Iterable[str], where: str) -> list[str]:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    problems = []
    for name in sorted(name for name in names if name.upper().startswith(PREFIX)):
        if name.upper() in known or name == ENV_FILE:
            continue
        if name.startswith(ENVIRONMENT_PREFIX):
            if where != "environment":
                problems.append(f"{where}: {name}: secrets belong in the environment or in KAOJIAN_SECRETS_DIR")
            continue
        near = difflib.get_close_matches(name.upper(), known, 1)
        hint = f"; did you mean {near[0]}?" if near else "; config/example.env lists all"
        problems.append(f"{where}: {name} is not a setting{hint}")
    return problems


def _exposed(file: Path, names: Iterable[str]) -> list[str]:
    if not {"KAOJIAN_S3_SECRET_KEY", KEY_VARIABLE} & set(names):
        return []
    try:
        refuse_exposed(file, file.stat().st_mode)
    except SecretError as error:
        return [str(error)]
    return []


def _secret_key(path: Path) -> str:
    try:
        refuse_exposed(path, path.stat().st_mode)
        return path.read_text(encoding="utf-8").strip()
    except SecretError as error:
        raise ValueError(f"KAOJIAN_S3_SECRET_KEY_FILE: {error}") from None
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"KAOJIAN_S3_SECRET_KEY_FILE: {path} cannot be read") from None


def _said(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    return f"{PREFIX}{str(error['loc'][0]).upper()}: {message}" if error["loc"] else message
