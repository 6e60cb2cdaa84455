"""How the parts of an installation stand: what was looked at, how it was found, and what to do about it. Pure.

Not here: looking (``kaojian.doctor``), and whether a sitting may begin (``domain.readiness``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """A part of an installation that is looked at by itself."""

    CLOCK = "clock"
    DISK = "disk"
    BALLAST = "ballast"
    ROWS = "rows"
    WEBHOOKS = "webhooks"
    PROVIDER = "identity provider"
    STAMPS = "time stamps"
    STAMPS_TO_COME = "stamps to come"
    TLS = "tls"
    SEALED_SECRETS = "sealed secrets"
    DETECTOR = "detector"
    STORE = "object store"
    LOCK = "object lock"
    SECOND_STORE = "second object store"
    SECOND_LOCK = "second object lock"
    DATABASE = "database"
    GLASS = "glass"
    BACKUP = "backup"
    SECRETS = "secrets"
    SPOOL = "spool"
    SECOND_SPOOL = "second spool"
    SECOND_COPIES = "second copies"
    HEAD_ROOM = "head-room"
    RULE_PACKS = "rule packs"


class CheckState(StrEnum):
    """How one part stands, the best first. Only ``fail`` says that no exam may be recorded here."""

    OK = "ok"
    NOTE = "note"  # allowed, and the reports say what it costs
    UNKNOWN = "unknown"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One part as it was found. ``said`` is a sentence, ``remedy`` is empty where nothing is to be done."""

    part: Part
    state: CheckState
    said: str
    remedy: str = ""
