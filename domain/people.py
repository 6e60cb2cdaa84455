"""Who acts and who may look: every acting function takes an Actor, and every account has one role in one scope.

Not here: which role may do what (``dashboard.access.table``), and how somebody proves who they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Door(StrEnum):
    """Through which door an act came in."""

    COMMAND_LINE = "command_line"
    API = "api"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which door and, where it differs, on whose behalf.

    The command line acts as ``local:<OS user>``, a role of the service as ``service:<role>``, a person at the page as
    ``account:<name>``.
    """

    name: str
    door: Door
    on_behalf_of: str | None = None


class Role(StrEnum):
    """What an account is for. The city dispatches and issues, the county supervises, the site runs (clause 二)."""

    CITY_ADMINISTRATOR = "city_administrator"
    CITY_OFFICER = "city_officer"
    CITY_SUPERVISOR = "city_supervisor"
    COUNTY_SUPERVISOR = "county_supervisor"
    SITE_OPERATOR = "site_operator"
    AUDITOR = "auditor"
    EXAMINER = "examiner"  # a person of a panel: of the named batches only what is planned
    SCORING_SYSTEM = "scoring_system"  # an outside system that scores a site's exams: with tokens, as a device
    DEVICE = "device"  # a board or a program of a site: comes in with tokens, and nobody logs in as it

    @property
    def reach(self) -> Reach:
        return _REACH[self]

    @property
    def zh(self) -> str:
        """Its word in Chinese."""
        return _ZH[self]


class Reach(StrEnum):
    """How far a role sees, and so what its scope names."""

    CITY = "city"  # everything; the scope names nothing
    COUNTY = "county"
    SITE = "site"
    BATCHES = "batches"


_REACH: Mapping[Role, Reach] = {
    Role.CITY_ADMINISTRATOR: Reach.CITY,
    Role.CITY_OFFICER: Reach.CITY,
    Role.CITY_SUPERVISOR: Reach.CITY,
    Role.COUNTY_SUPERVISOR: Reach.COUNTY,
    Role.SITE_OPERATOR: Reach.SITE,
    Role.AUDITOR: Reach.BATCHES,
    Role.EXAMINER: Reach.BATCHES,
    Role.SCORING_SYSTEM: Reach.SITE,
    Role.DEVICE: Reach.SITE,
}

_ZH: Mapping[Role, str] = {
    Role.CITY_ADMINISTRATOR: "市级管理员",
    Role.CITY_OFFICER: "市级经办人",
    Role.CITY_SUPERVISOR: "市级督导员",
    Role.COUNTY_SUPERVISOR: "县级督导员",
    Role.SITE_OPERATOR: "考场操作员",
    Role.AUDITOR: "审计人员",
    Role.EXAMINER: "考评员",
    Role.SCORING_SYSTEM: "评分系统",
    Role.DEVICE: "设备",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Whose something is: the county and site it belongs to, and the batch, where it belongs to one."""

    county: str
    site: str
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the installation an account sees. ``names`` are of the kind that ``reach`` says."""

    reach: Reach
    names: frozenset[str] = frozenset()

    def covers(self, place: Place) -> bool:
        """Whether something of that place lies inside. What belongs to no batch is outside a scope of batches."""
        match self.reach:
            case Reach.CITY:
                return True
            case Reach.COUNTY:
                return place.county in self.names
            case Reach.SITE:
                return place.site in self.names
            case Reach.BATCHES:
                return place.batch is not None and place.batch in self.names


@dataclass(frozen=True, slots=True)
class Account:
    """账户: a person known to this installation by a name that is never given to another.

    From ``expires`` on, and once disabled, it opens no door. ``must_change``: its password was made for it. Of the
    batches that its holder is ``recused`` from it sees nothing. With a ``factor`` its password alone opens nothing.
    ``emergency``: it was made by breaking the glass. ``linked``: an identity provider vouches for its holder too; or
    alone, where it has no ``password``.
    """

    name: str
    role: Role
    scope: Scope
    created: datetime
    must_change: bool
    expires: datetime | None = None
    disabled: datetime | None = None
    recused: frozenset[str] = frozenset()
    factor: bool = False
    emergency: bool = False
    linked: bool = False
    password: bool = True

    @property
    def stands_as(self) -> str:
        """Its role as the record of viewings tells it, which marks what was done after the glass was broken."""
        return f"{BROKEN}:{self.role.value}" if self.emergency else self.role.value

    def is_open(self, now: datetime) -> bool:
        """Whether the account may be used at all."""
        return self.disabled is None and (self.expires is None or now < self.expires)


BROKEN = "break_glass"
"""The word for it in records and alarms."""

TOLD_FOR = timedelta(days=7)
"""How long everybody is told of an emergency account after it ended."""


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """紧急进入: that an account was made for some hours because nobody could come in, by whom and why.

    It ended, or will end, at ``until``: by itself, or because it was closed before.
    """

    account: str
    role: Role
    opened: datetime
    until: datetime
    actor: Actor
    reason: str

    def is_open(self, now: datetime) -> bool:
        """Whether somebody may still come in with it."""
        return now < self.until

    def is_told(self, now: datetime) -> bool:
        """Whether everybody is to be told of it."""
        return now < self.until + TOLD_FOR
