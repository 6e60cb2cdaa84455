"""Footage that the command line gives away: by the rule that holds for everybody, and written down like theirs.

Whoever owns the host can read its disks without us; whoever uses our command is in the record, as
``local:<OS user>`` with the role ``local``. That is a name of the operating system and no account, so it never counts
as the second person where two are asked for. Not here: the files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.access.errors import HeldBack
from dashboard.access.sight import unclosed
from dashboard.access.table import LOCAL
from domain.evidence import Segment
from domain.people import Actor
from domain.timeline import Clock, Interval
from domain.viewings import SHOWN, Deed, Viewing
from storage.database import Database


def give(
    database: Database,
    clock: Clock,
    actor: Actor,
    segments: Sequence[Segment],
    *,
    purpose: str,
) -> None:
    """Write down that these files are taken away, before any of it is; or that it was refused, and nothing is.

    One entry for each camera of a batch, with the time that its files span. Raises HeldBack where a sitting that one
    of them shows is not closed, DatabaseUnavailable, SealRefused.
    """
    held_back = unclosed(database.setup)
    early = [segment for segment in segments if held_back(segment)]
    for (batch, camera), span in sorted(spans_of(early[:1] or segments).items()):
        database.viewings.add(
            Viewing(
                at=clock.now(),
                actor=actor,
                role=LOCAL,
                deed=Deed.SAVE,
                outcome="held-back" if early else SHOWN,
                camera=camera,
                batch=batch,
                span=span,
                purpose=purpose,
            )
        )
    if early:
        raise HeldBack(f"{early[0].key} may be saved once the sitting is closed; nothing was given away")


def looked_for(database: Database, clock: Clock, actor: Actor, lines: Mapping[str, str]) -> None:
    """Write down what was looked for, by batch as ``records.retrieval.record_lines`` says it, before it is told.

    Raises DatabaseUnavailable, SealRefused.
    """
    for batch, line in sorted(lines.items()):
        database.viewings.add(Viewing(clock.now(), actor, LOCAL, Deed.FIND, SHOWN, batch=batch, purpose=line))


def spans_of(segments: Sequence[Segment]) -> dict[tuple[str, str], Interval]:
    """From the first picture to the last one, by batch and camera."""
    found: dict[tuple[str, str], Interval] = {}
    for segment in segments:
        whose, span = (segment.batch, segment.camera), segment.interval
        before = found.get(whose, span)
        found[whose] = Interval(min(before.start, span.start), max(before.end, span.end))
    return found
