"""What one account sees of the installation: its scope laid over the set-up, and what is held back from it.

A batch and its footage belong to the site that the batch's plan names now, and to that site's county. Not here: which
role may ask (``dashboard.access.table``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from domain.evidence import Segment
from domain.people import Account, Place
from domain.permits import Permit, watchable
from domain.places import Site, Sitting
from storage.database import Setup


@dataclass(frozen=True, slots=True)
class Sight:
    """See the module. Reads the set-up anew each time it is asked. Not ``on_duty``: with no part in open sittings.
    Who ``decides`` on withheld footage is shown it.
    """

    account: Account
    setup: Setup
    on_duty: bool
    decides: bool = field(default=False, kw_only=True)

    def batch(self, batch_id: str) -> bool:
        """Whether the batch is there and inside, and its viewer not recused from it."""
        if batch_id in self.account.recused:
            return False
        found = self.setup.batch(batch_id)
        site = None if found is None else self.setup.site(found.site)
        return site is not None and self.account.scope.covers(Place(site.county, site.id, batch_id))

    def batches(self) -> frozenset[str]:
        """The ids of all batches inside, read at once."""
        scope, recused = self.account.scope, self.account.recused
        sites = {site.id: site for site in self.setup.sites()}
        places = ((each.id, sites.get(each.site)) for each in self.setup.batches() if each.id not in recused)
        return frozenset(
            batch for batch, site in places if site is not None and scope.covers(Place(site.county, site.id, batch))
        )

    def camera(self, camera: str) -> bool:
        """Whether the camera stands at a site inside, or a sitting inside uses it."""
        at_sites = any(each.id == camera for site in self.sites() for room in site.rooms for each in room.cameras)
        return at_sites or any(each.id == camera for sitting in self.sittings() for each in sitting.cameras())

    def sites(self) -> list[Site]:
        """The sites inside, as they stand now."""
        scope = self.account.scope
        return [site for site in self.setup.sites() if scope.covers(Place(site.county, site.id))]

    def set_up(self) -> list[Site]:
        """The sites of which the viewer sees how they are set up: those inside, and those of batches inside. None
        where a sitting is not closed from whose batch they are recused: its cameras would tell of it.
        """
        sittings = self.setup.sittings()
        recused = self.account.recused
        hidden = {each.site.id for each in sittings if each.closed is None and each.batch.id in recused}
        inside = {each.id for each in self.sites()} | {each.site.id for each in self.sittings()}
        return [site for site in self.setup.sites() if site.id in inside - hidden]

    def sittings(self) -> list[Sitting]:
        """The sittings of the batches inside."""
        inside = cache(self.batch)
        return [sitting for sitting in self.setup.sittings() if inside(sitting.batch.id)]

    def footage(self) -> Callable[[Segment], bool]:
        """Whether a segment lies inside, as a question that may be asked of many."""
        inside = cache(self.batch)
        return lambda segment: inside(segment.batch)

    def kept_from(self) -> frozenset[str]:
        """The cameras whose state tells of a batch that the viewer is recused from: a sitting of it is not closed."""
        recused = self.account.recused
        open_ones = (each for each in self.setup.sittings() if each.batch.id in recused and each.closed is None)
        return frozenset(camera.id for each in open_ones for camera in each.cameras())

    def of_recused(self) -> frozenset[str]:
        """The cameras that sittings of batches use that the viewer is recused from: they have no say about those."""
        recused = (each for each in self.setup.sittings() if each.batch.id in self.account.recused)
        return frozenset(camera.id for each in recused for camera in each.cameras())

    def held_back(self) -> Callable[[Segment], bool]:
        """Whether a segment may not be watched yet: it is ``unclosed``, and the viewer has no duty there."""
        return (lambda _: False) if self.on_duty else self.unclosed()

    def unclosed(self) -> Callable[[Segment], bool]:
        """As the function of that name; then nobody takes a file away."""
        return unclosed(self.setup)


@dataclass(frozen=True, slots=True)
class Permitted(Sight):
    """What somebody sees under a permit of theirs: of its batch the cameras and the time that it is for.

    As it stands at ``now``. Nobody is on duty there: what is not closed is held back.
    """

    permit: Permit
    approver: Account
    now: datetime

    def batch(self, batch_id: str) -> bool:
        return batch_id == self.permit.batch and self.setup.batch(batch_id) is not None

    def camera(self, camera: str) -> bool:
        """Whether a sitting of the batch uses the camera, and the permit is for it."""
        uses = any(each.id == camera for sitting in self.sittings() for each in sitting.cameras())
        return uses and self.permit.is_for(self.permit.batch, camera)

    def sites(self) -> list[Site]:
        return []

    def set_up(self) -> list[Site]:
        return []

    def footage(self) -> Callable[[Segment], bool]:
        """Whether a part of a segment may be watched; which part, is cut where the playlist is made."""
        both = (self.account, self.approver)
        return lambda segment: watchable(self.permit, *both, segment, self.now) is not None


def unclosed(setup: Setup) -> Callable[[Segment], bool]:
    """Whether a sitting that a segment's camera serves is not closed, as a question that may be asked of many."""
    early = unclosed_until(setup)
    return lambda segment: early(segment.camera, segment.interval.end)


def unclosed_until(setup: Setup) -> Callable[[str, datetime], bool]:
    """The same of what a camera shows up to an instant.

    From when the sitting wants to be recorded, without an end: an exam may run late, and nobody told us of it.
    """
    begins = [
        (min(each.plan.recording_from, each.opened or each.plan.recording_from), {of.id for of in each.cameras()})
        for each in setup.sittings()
        if each.closed is None
    ]
    return lambda camera, end: any(camera in cameras and end > start for start, cameras in begins)
