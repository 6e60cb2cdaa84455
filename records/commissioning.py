"""Cameras commissioned 摄像机接入: tried before anything rests on them, and logged in with what nobody gets back.

An address that comes from a page makes this host connect to it, so of such addresses only those of the networks of
cameras are asked, by number, never by name: what a name means may change between two questions. A login that is kept
goes to the device it was given for and to no other, so that nobody has it sent to a device of theirs. What recording
needs now, or within AHEAD, is not asked at all: one more connection may be the one that a camera does not serve.

At the host, ``watch`` takes any address. Not here: what is seen and advised (``ingest.commissioning``), who may, and
who is shown the picture (``dashboard.access``).
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import structlog

from analysis.stills import jpeg_of
from config.errors import SecretError
from config.logs import redacted
from config.rule_pack import RulePack
from config.secrets import Credentials, Secrets
from config.vault import Vault
from domain.people import Actor
from domain.places import Camera, Engine, Site, Transport
from domain.timeline import Clock
from ingest.commissioning import Advice, Reading, advice, observe
from ingest.engines import Engines
from ingest.recorder import Assignment
from ingest.rtsp.client import Limits, RtspSource
from ingest.source import AccessUnit, Source, SourceError
from records.errors import ChangeRefused, LoginNotKept, NotAskedNow, NotTried
from records.schedule import Schedule
from storage.database import Database

_log = structlog.get_logger()

Network = IPv4Network | IPv6Network

AHEAD = timedelta(seconds=60)
"""So long before recording needs a device it is left alone: longer than a trial of it can take."""

LONGEST_S = 15.0
"""How long a page may have a camera watched."""

_WHOLE_S = 45.0  # of a trial, with connecting and waiting for a first key frame
_KEY_S = 15.0
_NOWHERE_ELSE = Limits(key_s=_KEY_S, redirects=0)
_PORTS = {"rtsp": 554, "rtsps": 322}
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")  # printable ASCII without the backslash, which some read as a slash
_PICTURE_WIDTH = 1280


@dataclass(frozen=True, slots=True)
class Tried:
    """One camera as it was watched. ``audio`` names the sound it offers, which is not recorded; ``jpeg`` is what it
    showed, empty where it was not to be told or does not decode.
    """

    camera: str
    reading: Reading
    audio: tuple[str, ...]
    advice: tuple[Advice, ...]
    jpeg: bytes = field(default=b"", repr=False)

    def to_json(self) -> dict[str, Any]:
        """All of it but the picture, for programs; times in seconds."""
        return {
            "camera": self.camera,
            **asdict(self.reading),
            "audio": list(self.audio),
            "advice": [asdict(each) for each in self.advice],
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A camera that is to be tried: ``camera`` as it is set up, where that is meant, else what somebody wrote."""

    camera: Camera | None = None
    url: str = ""
    login: Credentials | None = None
    transport: Transport = Transport.TCP


def watch(
    camera: Assignment, seconds: float, rules: RulePack, limits: Limits | None = None, *, pictured: bool = False
) -> Tried:
    """Watch a camera by the engine that would record it. Records nothing. Raises NotTried."""
    from ingest.libav.source import LibavSource  # noqa: PLC0415 (a third of a second to load, and most never need it)

    native = RtspSource(camera.url, camera.credentials, camera.transport, limits)
    libav = LibavSource(camera.url, camera.credentials, camera.transport, limits)
    source = _Noting(Engines(lambda _: native, lambda _: libav).open(camera))
    try:
        reading = asyncio.run(_observed(source, seconds))
    except SourceError as error:
        raise NotTried(str(error)) from error
    shown = source.key if pictured else None
    picture = b"" if shown is None else jpeg_of(shown.nals, shown.format, _PICTURE_WIDTH)
    return Tried(camera.camera, reading, native.audio, advice(reading, rules), picture)


async def _observed(source: Source, seconds: float) -> Reading:
    try:
        async with asyncio.timeout(seconds + _WHOLE_S):
            return await observe(source, seconds)
    except TimeoutError:
        raise SourceError(f"the camera gave no key frame within {seconds + _WHOLE_S:g} s") from None


class _Noting:
    """A source that keeps the first whole key frame that came through it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.key: AccessUnit | None = None

    async def units(self) -> AsyncGenerator[AccessUnit, None]:
        async with aclosing(self._source.units()) as units:
            async for unit in units:
                if self.key is None and unit.key and not unit.damaged:
                    self.key = unit
                yield unit


class Bench:
    """Tries cameras for a page, one at a time in this process, and keeps logins for them. Safe between threads."""

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        vault: Vault,
        networks: Sequence[Network],
        clock: Clock,
        *,
        run_up: timedelta = timedelta(),
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._vault = vault
        self._networks = tuple(networks)
        self._clock = clock
        self._schedule = Schedule(database, secrets, run_up)
        self._one = threading.Lock()

    def refuse_address(self, url: str, field: str = "url") -> None:
        """Raises ChangeRefused for an address that no page may have this host connect to, as the value of a field."""
        if not _PLAIN.fullmatch(url) or redacted(url) != url or _scheme(url) != "rtsp":
            raise _not_address(
                field,
                "write it like rtsp://10.0.0.8:554/stream, without user name and password; other schemes are set up "
                "with `kaojian apply` 地址应如 rtsp://10.0.0.8:554/stream，不含用户名和密码",
            )
        try:
            host, _ = device_of(url)
            address = ip_address(host)
        except ValueError:
            raise _not_address(
                field, "name the device by its numeric address, like 10.0.0.8 请填写设备的数字 IP 地址"
            ) from None
        if not any(address in network for network in self._networks):
            known = ", ".join(map(str, self._networks)) or "none"
            raise _not_address(
                field,
                f"{host} is in none of the networks of cameras ({known}); whoever runs the host can add one in "
                "KAOJIAN_CAMERA_NETWORKS 该地址不在摄像机网段内，请联系管理员",
            )

    def try_out(
        self, asked: Asked, site: Site, seconds: float, *, rules: RulePack, actor: Actor, pictured: bool
    ) -> Tried:
        """Watch a camera of a site, or one that may become one; written down before it is asked.

        Raises ChangeRefused for an address, NotAskedNow, NotTried; StorageError.
        """
        known = asked.camera
        url = asked.url if known is None else known.url
        if known is None:
            self.refuse_address(url)
        elif _scheme(url) not in _PORTS:
            raise NotTried(f"camera {known.id} is no RTSP camera; try it at the host: kaojian camera test {known.id}")
        self._refuse_needed(url)
        if not self._one.acquire(blocking=False):
            raise NotAskedNow("another camera is being tried; wait until that is over 正在测试另一台摄像机，请稍候")
        try:
            name = known.id if known is not None else "URL"
            how = "with a picture" if pictured else "without a picture"
            where = "{}:{}".format(*device_of(url))
            self._database.journal.record(
                self._clock.now(), actor, "try_camera", f"{site.id}/{name}", f"{where}, {how}"
            )
            assignment = self._assignment(asked, site, name, url)
            return watch(assignment, min(seconds, LONGEST_S), rules, _NOWHERE_ELSE, pictured=pictured)
        finally:
            self._one.release()

    def secret_of(self, site: Site, url: str) -> str | None:
        """The name of the secret that a site keeps for the device at an address, None where it keeps none."""
        device = device_of(url)
        return next((secret for address, secret in _kept(site) if device_of(address) == device), None)

    def fresh_name(self, camera_id: str) -> str:
        """A name for a new secret of a camera: never one that is there, which an open sitting may rest on."""
        stem = "cam-" + (re.sub(r"[^a-z0-9]+", "-", camera_id.lower()).strip("-") or "x")
        taken = set(self._vault.names()) | {name for site in self._database.setup.sites() for _, name in _kept(site)}
        number = 1
        while (name := stem if number == 1 else f"{stem}-{number}") in taken or self._secrets.given(name):
            number += 1
        return name

    def keep_login(self, name: str, login: Credentials) -> None:
        """Seal a login. Raises LoginNotKept."""
        try:
            self._vault.put(name, f"{login.username}:{login.password}")
        except (SecretError, OSError) as error:
            _log.error("login_not_kept", secret=name, reason=str(error))
            raise LoginNotKept(
                "the login cannot be sealed, and nothing was changed; `kaojian doctor` says why 密码无法加密保存"
            ) from error

    def _refuse_needed(self, url: str) -> None:
        host, _ = device_of(url)
        now = self._clock.now()
        for at in (now, now + AHEAD):
            for each in self._schedule.wanted(at):
                if host and _host(each.url) == host:
                    raise NotAskedNow(
                        f"{host} is not asked now: recording needs camera {each.camera} there, or will within a "
                        "minute; its state is on the status page 该设备正在录像或即将录像，暂不测试"
                    )

    def _assignment(self, asked: Asked, site: Site, name: str, url: str) -> Assignment:
        if asked.camera is not None:
            known = asked.camera
            login = None if known.secret is None else self._opened(known.secret)
            return Assignment(name, "", "", url, login, known.transport, engine=known.engine)
        login = asked.login
        if login is None and (secret := self.secret_of(site, url)) is not None:
            login = self._opened(secret)
        # Our own client alone: libav would follow a camera that sends it elsewhere.
        return Assignment(name, "", "", url, login, asked.transport, engine=Engine.NATIVE)

    def _opened(self, name: str) -> Credentials:
        try:
            return self._secrets.credentials(name)
        except SecretError as error:
            _log.error("secret_unusable", secret=name, reason=str(error))
            raise NotTried(
                f"the login that is kept for it ({name}) cannot be opened; `kaojian doctor` says why 密码无法解密"
            ) from error


def device_of(url: str) -> tuple[str, int]:
    """Host and port of an address; ("", 0) where it names none. Raises ValueError for one that cannot be read."""
    parts = urlsplit(url)
    if not parts.hostname:
        return "", 0
    return parts.hostname, parts.port or _PORTS.get(parts.scheme.lower(), 0)


def _host(url: str) -> str:
    try:
        return device_of(url)[0]
    except ValueError:
        return ""


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _kept(site: Site) -> Iterator[tuple[str, str]]:
    """Addresses of a site with the name of the secret that is kept for each."""
    for nvr in site.nvrs:
        if nvr.secret is not None:
            yield nvr.address, nvr.secret
    for camera in (camera for room in site.rooms for camera in room.cameras):
        if camera.secret is not None:
            yield camera.url, camera.secret


def _not_address(field: str, message: str) -> ChangeRefused:
    return ChangeRefused([(field, message)])
