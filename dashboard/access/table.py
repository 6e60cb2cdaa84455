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
    OWN_SESSION = "own_session"  # whoever has logged in, also with a first password
    SEE = "see"  # sittings, reports, the state of cameras: no picture
    AUDIT = "audit"  # who watched what
    WATCH = "watch"  # footage of sittings that are closed
    SAVE = "save"  # take files of footage away, of sittings that are closed, whoever asks
    WATCH_OPEN = "watch_open"  # footage of sittings that are not: it shows papers that are still secret (六(四))


_ALL = frozenset(Role)

MAY: Mapping[Act, frozenset[Role]] = {
    Act.OWN_SESSION: _ALL,
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
    "log_out": Act.OWN_SESSION,
    "change_password": Act.OWN_SESSION,
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
}
"""What each route does, by its name."""

DEEDS: Mapping[str, Deed] = {
    "playlist": Deed.OPEN,
    "init_part": Deed.FETCH,
    "media_part": Deed.FETCH,
    "whole_file": Deed.SAVE,
}
"""As what a route that shows footage is written down."""


def acts_of(role: Role) -> tuple[Act, ...]:
    """What a role may do."""
    return tuple(act for act, roles in MAY.items() if role in roles)
