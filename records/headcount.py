"""How many candidates there are: by what is planned until somebody signs in, and by who came from then on.

Pure. Not here: what a number means (``records.grounds_rules``, ``records.panel_rules``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from domain.places import Sitting
from domain.register import Entry
from domain.roll import Seat, SignIn


def by_room(
    sitting: Sitting, seats: Iterable[Entry[Seat]], sign_ins: Iterable[Entry[SignIn]]
) -> dict[str, int] | None:
    """Candidates of a sitting in each of its rooms: those who came once anybody signed in or was marked absent, else
    those who have a seat; None where neither is on record.
    """
    number = sitting.plan.number
    signed = [each.thing for each in sign_ins if each.thing.sitting == number]
    planned = {(each.thing.ticket, each.thing.room) for each in seats if each.thing.sitting == number}
    if not signed and not planned:
        return None
    came = {(each.ticket, each.room) for each in signed if each.present}
    counted = Counter(room for _, room in (came if signed else planned))
    return {room.id: counted[room.id] for room in sitting.rooms}


def at_once(sitting: Sitting, seats: Iterable[Entry[Seat]], sign_ins: Iterable[Entry[SignIn]]) -> int | None:
    """Candidates of a sitting who are there at once: all of them; where stations have times of their own, one at each
    station that is used. None where nobody is on record.
    """
    rooms = by_room(sitting, seats, sign_ins)
    if rooms is None or not sitting.plan.stations:
        return None if rooms is None else sum(rooms.values())
    number = sitting.plan.number
    return len({(each.thing.room, each.thing.station) for each in seats if each.thing.sitting == number})
