"""Time stamps that are fetched later, while the dashboard serves: of links that the authority did not stamp when they
were signed. They tell the time at which they were fetched.

Not here: asking the authority, and what makes a stamp hold (``storage.manifest.authority``, ``.stamps``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from config.settings import Settings
from kaojian.audit import objects_of
from kaojian.beside import again_and_again, beside
from storage.database import Database
from storage.manifest.authority import Authority, HttpAuthority, stamp_missing
from storage.manifest.keeping import keep_stamps
from storage.objects import Objects

LOOK_S = 600.0
"""How often it is looked whether a link waits for its stamp."""

_log = structlog.get_logger()


def authority_of(settings: Settings) -> HttpAuthority | None:
    """Who stamps what is signed, where the settings name somebody."""
    named = settings.stamps
    return None if named is None else HttpAuthority(named.url, named.roots)


@contextmanager
def stamped_later(settings: Settings, database: Database, look_s: float = LOOK_S) -> Iterator[None]:
    """Have links stamped that wait for it, at once and again and again, until the block ends.

    An authority that does not answer holds nothing up but this.
    """
    authority = authority_of(settings)
    if authority is None:
        yield
        return
    objects = objects_of(settings)
    with beside("time-stamps", lambda stop: _keep_stamping(database, authority, objects, stop, look_s)):
        yield


def _keep_stamping(
    database: Database, authority: Authority, objects: Objects | None, stop: threading.Event, look_s: float
) -> None:
    waiting: set[str] | None = None  # sites whose stamps may not lie in the object store yet; at first all of them

    def look() -> None:
        nonlocal waiting
        if waiting is None:
            waiting = {site.id for site in database.setup.sites()}
        waiting |= {link.site for link in database.closings.unstamped()}
        for stamp in stamp_missing(database.closings, authority):
            _log.info("link_stamped", site=stamp.site, number=stamp.number)
        for site in sorted(waiting):
            if objects is not None:
                keep_stamps(database.closings, site, objects)
            waiting.discard(site)

    again_and_again(look, stop, look_s, failed="links_not_stamped", goes_on="links_stamped_again")
