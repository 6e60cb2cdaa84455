"""Who acts: every acting function takes an Actor, and every act is written down with one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Door(StrEnum):
    """Through which door an act came in."""

    COMMAND_LINE = "command_line"
    API = "api"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which door and, where it differs, on whose behalf.

    The command line acts as ``local:<OS user>``, a role of the service as ``service:<role>``.
    """

    name: str
    door: Door
    on_behalf_of: str | None = None
