"""Who may do what: the one table of roles. A route that is not in it opens for nobody.

The city dispatches, reviews and issues, the county supervises, the site runs (clauses 二 and 六(七)); nobody does two
sides of one act. Whom a role may do it to is the scope's part (``dashboard.access.sight``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from domain.people import Role
from domain.viewings import Deed


class Act(StrEnum):
    """What a route does, as far as anybody has to be allowed to."""

    ANYBODY = "anybody"  # without logging in
    OWN_SESSION = "own_session"  # whoever has logged in, also with a first password or without a second factor
    OWN_TOKENS = "own_tokens"  # tokens of one's own for programs; no token may make another
    SEE = "see"  # sittings, reports, the state of cameras: no picture
    AUDIT = "audit"  # who watched what
    WATCH = "watch"  # footage of sittings that are closed
    SAVE = "save"  # take files of footage away, of sittings that are closed, whoever asks
    WATCH_OPEN = "watch_open"  # footage of sittings that are not: it shows papers that are still secret (六(四))


_ALL = frozenset(Role)

MAY: Mapping[Act, frozenset[Role]] = {
    Act.OWN_SESSION: _ALL,
    Act.OWN_TOKENS: _ALL,
    Act.SEE: _ALL,
    Act.AUDIT: frozenset({Role.CITY_SUPERVISOR, Role.AUDITOR}),
    Act.WATCH: _ALL - {Role.CITY_ADMINISTRATOR},
    Act.SAVE: _ALL - {Role.CITY_ADMINISTRATOR},
    Act.WATCH_OPEN: frozenset({Role.CITY_SUPERVISOR, Role.COUNTY_SUPERVISOR, Role.SITE_OPERATOR}),
}
"""Which roles may. Who makes accounts watches nobody; who reviews or audits does so after the sitting is closed."""

ROUTES: Mapping[str, Act] = {
    "page": Act.ANYBODY,  # the built page: the same files for everybody, with nothing of any exam in them
    "description": Act.ANYBODY,  # of the API, as it stands in the sources
    "health": Act.ANYBODY,
    "metrics": Act.ANYBODY,  # for programs of this host: the service listens on loopback only
    "session": Act.ANYBODY,
    "log_in": Act.ANYBODY,
    "second_step": Act.ANYBODY,  # whose password was right holds a token that opens nothing else
    "log_out": Act.OWN_SESSION,
    "prove": Act.OWN_SESSION,
    "sessions": Act.OWN_SESSION,
    "end_session": Act.OWN_SESSION,
    "change_password": Act.OWN_SESSION,
    "factor": Act.OWN_SESSION,
    "begin_factor": Act.OWN_SESSION,
    "confirm_factor": Act.OWN_SESSION,
    "remove_factor": Act.OWN_SESSION,
    "tokens": Act.OWN_TOKENS,
    "add_token": Act.OWN_TOKENS,
    "revoke_token": Act.OWN_TOKENS,
    "status": Act.SEE,
    "drifts": Act.SEE,
    "batches": Act.SEE,
    "whole_report": Act.SEE,
    "sitting": Act.SEE,
    "report": Act.SEE,
    "report_paper": Act.SEE,
    "viewings": Act.AUDIT,
    "playlist": Act.WATCH,
    "init_part": Act.WATCH,
    "media_part": Act.WATCH,
    "whole_file": Act.SAVE,
    "film": Act.SAVE,
}
"""What each route does, by its name."""

FRESH = frozenset({"begin_factor", "remove_factor", "add_token", "end_session"})
"""Routes that ask for a password that was given lately: whoever finds a page open must not be able to stay."""

GRANTABLE = (Act.SEE, Act.AUDIT, Act.WATCH, Act.SAVE, Act.WATCH_OPEN)
"""What a token may be for, as far as its owner's role goes; never password, factor or tokens."""

DEEDS: Mapping[str, Deed] = {
    "playlist": Deed.OPEN,
    "init_part": Deed.FETCH,
    "media_part": Deed.FETCH,
    "whole_file": Deed.SAVE,
    "film": Deed.SAVE,
}
"""As what a route that shows footage is written down."""


def acts_of(role: Role) -> tuple[Act, ...]:
    """What a role may do."""
    return tuple(act for act, roles in MAY.items() if role in roles)
