"""Who is told when something goes wrong: the file of webhooks, read once at the door.

    settle_seconds: 10
    webhooks:
      - name: duty-room
        format: generic            # or wecom 企业微信, dingtalk 钉钉
        url: https://alarm.example.cn/kaojian
        secret: webhook-duty       # the name of a secret (``config.secrets``), never one itself
        events: [camera_lost, nvr_lost]   # or alarms, or records, for all of these
        sites: [sg-001]

``events`` are all alarms where they are left out, and ``sites`` are all. Not here: secrets, and sending
(``records.webhooks``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from config.documents import Document
from config.secrets import NAME
from domain.alarms import ALARMS, RECORDS, Alarm, Kind


class Format(StrEnum):
    """How an alarm is written and signed for a receiver."""

    GENERIC = "generic"
    WECOM = "wecom"  # a group robot of 企业微信
    DINGTALK = "dingtalk"  # a group robot of 钉钉


@dataclass(frozen=True, slots=True)
class Target:
    """One receiver. ``url`` holds no secret; ``secret`` names one. Empty ``sites`` are all."""

    name: str
    url: str
    secret: str
    format: Format = Format.GENERIC
    events: frozenset[Kind] = ALARMS
    sites: frozenset[str] = frozenset()

    def wants(self, alarm: Alarm) -> bool:
        """What concerns the whole installation concerns every site, and that the glass was broken everybody."""
        if alarm.kind is Kind.BREAK_GLASS:
            return True
        return alarm.kind in self.events and (not self.sites or not alarm.site or alarm.site in self.sites)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """All receivers, and how long something must last to be told."""

    targets: tuple[Target, ...] = ()
    settle: timedelta = timedelta(seconds=10)


def load(path: Path | None) -> Webhooks:
    """The file's webhooks, none without a file. Raises DocumentRefused with file, line and field."""
    if path is None:
        return Webhooks()
    read = Document.read(path).validated(_File)
    return Webhooks(tuple(each.target() for each in read.webhooks), timedelta(seconds=read.settle_seconds))


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("must begin with http:// or https:// and name a host")
    if not re.fullmatch(r"[!-~]+", url):
        raise ValueError("must be plain ASCII without spaces; write other characters as %XX")
    if parts.username is not None or parts.fragment:
        raise ValueError("must hold no user, password or fragment")
    if re.search(r"(^|&)(key|access_token|sign|token|secret)=", parts.query):
        raise ValueError("must not hold the robot's key or token; put that into the secret (docs/operations.md)")
    return url


_GROUPS = {"alarms": ALARMS, "records": RECORDS}


def _event(word: str) -> str:
    if word not in _GROUPS and word not in set(Kind):
        raise ValueError(f"is no event; there are: {', '.join([*_GROUPS, *Kind])}")
    return word


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Target(_Strict):
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    url: Annotated[str, AfterValidator(_address)]
    secret: Annotated[str, Field(pattern=f"^{NAME}$")]
    format: Format = Format.GENERIC
    events: tuple[Annotated[str, AfterValidator(_event)], ...] = ()
    sites: tuple[str, ...] = ()

    def target(self) -> Target:
        events = frozenset(kind for word in self.events or ("alarms",) for kind in _kinds(word))
        return Target(self.name, self.url, self.secret, self.format, events, frozenset(self.sites))


def _kinds(word: str) -> frozenset[Kind]:
    return _GROUPS[word] if word in _GROUPS else frozenset({Kind(word)})


class _File(_Strict):
    settle_seconds: Annotated[float, Field(ge=3, le=600)] = 10
    webhooks: tuple[_Target, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> _File:
        names = [each.name for each in self.webhooks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two webhooks are called {twice[0]}; names must differ")
        return self
