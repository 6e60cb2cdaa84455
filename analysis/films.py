"""Films: one MP4 of what a camera shows of a span, made of its segments as they are played, without re-encoding.

Which footage that is, ``analysis.pieces`` chooses as for playing; where its bytes go, ``storage.media.film`` tells.
Nothing is written anywhere: a film is planned anew from the archive, and while the evidence is the same it has the
same bytes, of which any range can be made. It is for watching and proves nothing by itself; the originals are signed.

    FilmRefused          a film cannot be made as it was asked for
    └── NothingToShow    no picture of the camera lies in the span
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from analysis.coverage import CameraLedger, camera_coverage
from analysis.ledgers import camera_ledger
from analysis.pieces import Opened, chosen
from domain.calendar import SHANGHAI
from domain.evidence import Gap, Segment
from domain.places import Sitting
from domain.timeline import Interval, rfc3339, rfc3339_exact
from storage.archive import Archive, WentByOrder, Withheld
from storage.database import Evidence
from storage.errors import StorageError
from storage.media import Film, Line, MediaError, Take, Wanted, filmed, instant_of, joined, read_index, take, ticks_of

LONGEST = timedelta(hours=12)
"""A sample of a film lasts 13 h at most (``stts`` has 32 bits), and so does a gap."""

FORM = "kaojian-film-1"
BLOCK_BYTES = 4 << 20

Inside = Callable[[Segment], bool]
"""Whether a segment may be shown to who asks."""

_SECOND = timedelta(seconds=1)
_NOT_IN_NAMES = re.compile(r'[\s/\\:*?"<>|\x00-\x1f]+')


class FilmRefused(StorageError):
    """The film cannot be made as it was asked for; the message says what can."""


class NothingToShow(FilmRefused):
    """No picture of the camera lies in the span."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose footage, of when. ``title`` is what players show; ``sound`` says whether it is to be heard."""

    batch: str
    camera: str
    span: Interval
    title: str = ""
    sound: bool = False


@dataclass(frozen=True, slots=True)
class Reel:
    """A film and the segments that it is made of. ``span`` is what it shows, from a key frame on; ``gaps`` is what of
    that is not covered. ``doubled`` is time that two files of one clock claim, of which the later one is shown.
    """

    film: Film
    span: Interval
    gaps: tuple[Gap, ...]
    doubled: tuple[Interval, ...]
    segments: tuple[Segment, ...]

    def blocks(self, archive: Archive, first: int = 0, last: int | None = None) -> Iterator[bytes | memoryview]:
        """Bytes ``first`` to ``last`` of the film, both included; to its end without ``last``.

        Reads some megabytes of a segment at once. Raises NoCopyAnswers, and FilmRefused where a file is not as it was
        planned by.
        """
        last = self.film.size_bytes - 1 if last is None else last
        source, begins, window = -1, 0, memoryview(b"")
        for part in self.film.where(first, last):
            if part.data:
                yield part.data
                first += part.size
                continue
            offset, end = part.offset, part.offset + part.size
            while offset < end:
                if part.source != source or not begins <= offset < begins + len(window):
                    length = min(BLOCK_BYTES, max(part.size, last - first + 1))
                    source, begins = part.source, offset
                    window = memoryview(archive.read(self.segments[source], offset, length))
                block = window[offset - begins : end - begins]
                if not block:
                    raise FilmRefused(f"{self.segments[source].key} is not what the film was planned by; ask again")
                yield block
                offset, first = offset + len(block), first + len(block)


def plan(
    evidence: Evidence, archive: Archive, asked: Asked, now: datetime, inside: Inside, *, proven: bool = True
) -> Reel:
    """The film of a camera's footage of a batch, as far as it lies inside.

    1. Choose what is shown, as the playlist does. 2. Read the index of each file, from a copy with the right bytes;
    where it is not to be ``proven``, from one that the caller has ``borne_out`` afterwards.
    3. Take the pictures from the last key frame up to the start of the span on, and join the files at their instants.
    4. Say beside each second when it is, and where nothing is covered, why.

    Raises FilmRefused, NothingToShow, NoCopyAnswers, also as WentByOrder and Withheld, DatabaseUnavailable. What is
    withheld is left out, as a gap.
    """
    if asked.span.end - asked.span.start > LONGEST:
        raise FilmRefused(f"a film is of {LONGEST // timedelta(hours=1)} hours at most; ask for several")
    ledger = camera_ledger(evidence, asked.camera, asked.span)
    within = [each for each in ledger.segments if each.batch == asked.batch and each.interval.overlaps(asked.span)]
    ledger = replace(ledger, segments=[each for each in within if inside(each)])
    for each in ledger.segments:  # a batch goes as a whole
        if each.key in ledger.disposed:
            raise WentByOrder(each.key, ledger.disposed[each.key])
    there = [each for each in ledger.segments if each.key not in ledger.withheld]
    if ledger.segments and not there:
        first = ledger.segments[0].key
        raise Withheld(first, ledger.withheld[first])
    parts = [
        (segment, shown)
        for segment, part in chosen(replace(ledger, segments=there), now)
        if (shown := part.intersection(asked.span)) is not None
    ]
    takes = joined(_takes(archive.playing if proven else archive.glimpsed, parts))
    if not takes:
        start, end = rfc3339(asked.span.start), rfc3339(asked.span.end)
        raise NothingToShow(f"camera {asked.camera} has no footage of batch {asked.batch} between {start} and {end}")
    if len({each.format.codec for each in takes}) > 1:
        raise FilmRefused(f"camera {asked.camera} changed its coding in that time; ask for a film of each part")
    return _laid_out(ledger, asked, parts, takes, now)


def borne_out(archive: Archive, reel: Reel) -> bool:
    """Whether every file that an unproven film was planned by is right."""
    return all(map(archive.borne_out, reel.segments))


def _takes(opened: Opened, parts: Sequence[tuple[Segment, Interval]]) -> Iterator[Take]:
    """Two files are compared with their hashes at once: of all the work of a film that is the most."""
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="film") as pool:
        found = pool.map(partial(_take, opened), range(len(parts)), *zip(*parts, strict=True)) if parts else ()
        yield from (each for each in found if each is not None)


def _take(opened: Opened, number: int, segment: Segment, part: Interval) -> Take | None:
    try:
        with opened(segment) as file:
            return take(number, read_index(file), part)
    except MediaError as error:
        raise FilmRefused(f"{segment.key} cannot be read: {error}") from error


def _laid_out(
    ledger: CameraLedger,
    asked: Asked,
    parts: Sequence[tuple[Segment, Interval]],
    takes: Sequence[Take],
    now: datetime,
) -> Reel:
    span = Interval(instant_of(takes[0].shown(0)), instant_of(takes[-1].until))
    gaps = () if span.rounded() is None else camera_coverage(ledger, span, now).gaps
    segments = tuple(segment for segment, _ in parts)
    doubled = tuple(_doubled(part for _, part in parts))
    wanted = Wanted(
        takes=takes,
        sources=[segment.sha256 for segment in segments],
        title=asked.title or f"{asked.batch} {asked.camera}",
        about=_about(asked, span, gaps, doubled, segments),
        lines=list(_lines(span, gaps)),
        sound=asked.sound,
    )
    return Reel(filmed(wanted), span, gaps, doubled, segments)


def _doubled(parts: Iterable[Interval]) -> Iterator[Interval]:
    """Where a part begins more than a second before the one in front of it ends: the clock was set back."""
    before: Interval | None = None
    for part in parts:
        if before is not None and before.end - part.start > _SECOND:
            yield Interval(part.start, before.end)
        before = part


def _about(
    asked: Asked, span: Interval, gaps: Iterable[Gap], doubled: Iterable[Interval], segments: Sequence[Segment]
) -> str:
    """What the film says of itself, as JSON (docs/evidence-format.md)."""
    listed = "".join(f"{segment.key} {segment.sha256}\n" for segment in segments)
    return json.dumps(
        {
            "form": FORM,
            "batch": asked.batch,
            "camera": asked.camera,
            "start": rfc3339_exact(span.start),
            "end": rfc3339_exact(span.end),
            "gaps": [[rfc3339(gap.interval.start), rfc3339(gap.interval.end), gap.cause] for gap in gaps],
            "doubled": [[rfc3339(each.start), rfc3339(each.end)] for each in doubled],
            "files": len(segments),
            "files_sha256": sha256(listed.encode()).hexdigest(),
        },
        separators=(",", ":"),
    )


def _lines(span: Interval, gaps: Sequence[Gap]) -> Iterator[Line]:
    """The time of day, second by second, and in a gap its cause."""
    edges = {edge for gap in gaps for edge in (gap.interval.start, gap.interval.end) if edge in span}
    second = span.start.replace(microsecond=0) + _SECOND
    seconds = int((span.end - second) / _SECOND) + 1
    instants = sorted({span.start, *edges, *(second + number * _SECOND for number in range(seconds))})
    left = list(reversed(gaps))
    for instant in instants:
        while left and left[-1].interval.end <= instant:
            left.pop()
        said = f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
        if left and instant in left[-1].interval:
            said += f"\n断档 gap: {left[-1].cause.zh} {left[-1].cause.en}"
        yield Line(ticks_of(instant), said)


def name_of(asked: Asked, sittings: Iterable[Sitting]) -> tuple[str, str]:
    """How a film's file is called, and its title: with the names that site and room had in that sitting."""
    start, title = f"{asked.span.start.astimezone(SHANGHAI):%Y%m%dT%H%M%S}", ""
    file = f"{asked.batch}-{asked.camera}-{start}"
    for sitting in sittings:
        room = next((room for room in sitting.rooms if any(each.id == asked.camera for each in room.cameras)), None)
        if room is not None and sitting.window.overlaps(asked.span):
            number = f"第{sitting.plan.number}场"
            file = f"{asked.batch}-{number}-{room.name}-{asked.camera}-{start}"
            title = f"{sitting.site.name} {room.name} {asked.camera} {number}"
            break
    return f"{_NOT_IN_NAMES.sub('_', file)}.mp4", title
