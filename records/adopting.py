"""Segments of which nobody wrote a row, taken in by their bytes in the object store; and what is written beside them.

What a file does not tell stays unknown: who recorded it where its name does not say, why a run ended, and why there
is no footage beside it. Not here: what a manifest states (``records.restating``), and which objects are looked at
(``records.rebuilding``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from uuid import UUID, uuid5

from domain.evidence import Cause, Copy, EndReason, Outage, Place, Recorder, Run, Segment
from domain.timeline import Clock, Interval, IntervalSet
from ingest.bookkeeper import segment_from_file
from ingest.spool import ClosedFile
from storage.database import Database
from storage.media import FileIndex, MediaError, read_index
from storage.objects import BLOCK_BYTES, Listed, NoSuchObject, ObjectDamaged, Objects

ADOPTED = "adopted-"
"""How ids of recorders begin that are known by what lies in the object store alone."""

NOBODY = "unknown"
"""The name of the recorder of files that do not tell it. No host's: what hangs on it takes nothing from another's."""

_IDS = UUID("0d0c4a57-5b8e-4b0e-9a3d-8b1f6c1f2e90")  # rows that come back have the same ids each time
_FILE = re.compile(r"\d{8}T\d{6}\.\d{6}Z(?:-([a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?))?\.mp4")
_SEAM = timedelta(milliseconds=1)  # what files of one run may be apart
_IN_MEMORY_BYTES = 64 << 20

Progress = Callable[[str], object]
"""Told of each segment that is about to be read."""


@dataclass(slots=True)
class Rebuilt:
    """What came back, and in sentences what did not."""

    keys: int = 0
    links: int = 0
    stamps: int = 0
    stated: int = 0  # segments, by a manifest
    found: int = 0  # segments, by their own bytes
    copies: int = 0  # of segments that were known
    outages: int = 0
    papers: int = 0  # of destruction
    withholdings: int = 0
    to_look: int = 0  # segments to be looked at again: what was measured in them is stated nowhere
    problems: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        of_footage = (self.stated, self.found, self.copies, self.outages)
        return any((self.keys, self.links, self.stamps, *of_footage, self.papers, self.withholdings))


@dataclass(frozen=True, slots=True)
class Fetched:
    """One version of an object, as it was read just now. ``index`` is None where it is no file of ours."""

    store: Objects
    key: str
    sha256: str
    size_bytes: int
    version_id: str
    locked_until: datetime | None
    index: FileIndex | None

    def segment(self, run: str) -> Segment | None:
        """The segment that its own bytes tell; None where they tell none."""
        _site, batch, camera, _name = self.key.split("/")
        if self.index is None or self.index.span is None:
            return None
        closed = ClosedFile(self.key, Path(self.key), self.size_bytes, self.sha256, self.index)
        return segment_from_file(closed, run=run, camera=camera, batch=batch)


def id_of(*parts: object) -> str:
    """The id of a row that comes back, the same each time."""
    return uuid5(_IDS, " ".join(map(str, parts))).hex


def life(site: str, batch: str, name: str, spans: Sequence[Interval]) -> Recorder:
    """The recorder of that name as far as a batch knows it: nobody knows when it lived, only that these lie in it."""
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    return Recorder(ADOPTED + id_of(site, batch, name), name, start, end, end)


class Adopting:
    """Takes in what object stores hold; ``done`` counts it. ``stores`` are those that answer."""

    def __init__(self, database: Database, stores: Sequence[Objects], clock: Clock, tell: Progress) -> None:
        self.database = database
        self.evidence = database.evidence
        self.stores = stores
        self.tell = tell
        self.done = Rebuilt()
        self.lost: list[str] = []  # segments that are stated, and lie in no store with their bytes
        self._clock = clock

    def take_found(self, store: Objects, batch: str, listed: Iterable[Listed]) -> None:
        """Take in a store's objects of a batch of which the database knows no segment, or no copy there."""
        known = {segment.key: segment for segment, _ in self.evidence.segments_of(batch)}
        copies = self.evidence.copies(list(known))
        adopted: list[Segment] = []
        for key, versions in groupby(listed, key=lambda each: each.key):
            first = list(versions)[-1]  # what was put there first: keys are used once, for one content
            if key not in known:
                self.tell(key)
                adopted += [each for each in [self._adopt(store, key, first)] if each is not None]
            elif not any(_lies_in(store, each) for each in copies[key]):
                self.tell(key)
                self._take_copy(store, known[key], first, copies[key])
        for camera in sorted({each.camera for each in adopted}):
            self._say_unknown([each for each in adopted if each.camera == camera])

    def say_out(
        self, camera: str, span: Interval, cause: Cause, *, recorder: str | None, detail: str, beside: bool = False
    ) -> None:
        """Write an outage as far as none of that cause is written yet; with ``beside``, none of any cause."""
        written = IntervalSet(
            known
            for outage in self.evidence.outages(camera, span)
            if (beside or outage.cause is cause) and (known := outage.interval(self._clock.now())) is not None
        )
        for part in IntervalSet([span]) - written:
            name = id_of(camera, part.start.isoformat(), cause, recorder)
            self.evidence.open_outage(Outage(name, camera, part.start, part.end, cause, detail, recorder))
            self.done.outages += 1

    def fetched(self, store: Objects, key: str, version_id: str | None) -> Fetched | None:
        """All bytes of a version, read and hashed; None where they are not there."""
        digest, size_bytes, index = sha256(), 0, None
        try:
            stat = store.stat(key, version_id)
            with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
                while size_bytes < stat.size_bytes:
                    length = min(BLOCK_BYTES, stat.size_bytes - size_bytes)
                    block = store.read(key, size_bytes, length, stat.version_id)
                    if len(block) != length:
                        raise ObjectDamaged(f"{key} is shorter than the store says")
                    digest.update(block)
                    file.write(block)
                    size_bytes += length
                with suppress(MediaError):
                    index = read_index(cast(BinaryIO, file))
        except (NoSuchObject, ObjectDamaged):
            return None
        return Fetched(store, key, digest.hexdigest(), size_bytes, stat.version_id, stat.locked_until, index)

    def copy_of(self, found: Fetched) -> Copy:
        """The row of a copy that was read just now."""
        return Copy(
            segment=found.key,
            place=Place.S3,
            target=found.store.target,
            verified=self._clock.now(),
            size_bytes=found.size_bytes,
            sha256=found.sha256,
            version_id=found.version_id,
            locked_until=found.locked_until,
            device=found.store.device,
        )

    def _take_copy(self, store: Objects, segment: Segment, version: Listed, rows: Collection[Copy]) -> None:
        gone = [each for each in rows if each.target == store.target and each.removed is not None]
        if any(each.version_id == version.version_id for each in gone):
            return  # found lost, or removed in order: what was written of it stands
        found = self.fetched(store, segment.key, version.version_id)
        if found is not None and (found.sha256, found.size_bytes) == (segment.sha256, segment.size_bytes):
            self.evidence.add_copy(self.copy_of(found))
            self.done.copies += 1
        else:
            self.done.problems.append(f"{segment.key} in {store.target} is not the segment that the database knows")

    def _adopt(self, store: Objects, key: str, version: Listed) -> Segment | None:
        """Write down a segment by its own bytes; None where it is none of ours, which is told."""
        site, batch, camera, name = key.split("/")
        match, found = _FILE.fullmatch(name), self.fetched(store, key, version.version_id)
        segment = None if match is None or found is None else found.segment(id_of(key))
        if match is None or found is None or found.index is None or segment is None:
            self.done.problems.append(
                f"{key} in {store.target} is no file of a recorder or has no picture; left alone"
            )
            return None
        span, before = segment.interval, self._before(segment)
        recorder = life(site, batch, match[1] or NOBODY, [span])
        # The reason that a run has whose end nobody wrote down.
        run = Run(before or segment.run, camera, recorder.id, span.start, span.end, EndReason.RECORDER_KILLED)
        segment = found.segment(run.id) or segment
        self.evidence.adopt_recorder(recorder)
        self.evidence.adopt_segment(segment, run, [self.copy_of(found)], None)
        self.done.found += 1
        for missing, cause in found.index.missing:
            self.say_out(
                camera, missing, cause, recorder=recorder.id, detail="told by the file itself, found in the store"
            )
        return segment

    def _before(self, segment: Segment) -> str | None:
        """The run of the file that ends where this one begins, if its pictures are of the same kind."""
        start = segment.interval.start
        for each in self.evidence.segments(segment.camera, Interval(start - _SEAM, start + _SEAM)):
            alike = (each.codec, each.width, each.height) == (segment.codec, segment.width, segment.height)
            if alike and abs(each.interval.end - start) <= _SEAM:
                return each.run
        return None

    def _say_unknown(self, adopted: Sequence[Segment]) -> None:
        """Where no footage of a camera was found and nobody knows why, say just that: within the windows of its batch
        as far as they are known, and between its files, while no recorder was seen alive.

        It hangs on a recorder of no name, and so takes nothing away from footage that is found elsewhere later.
        """
        camera, batch, site = adopted[0].camera, adopted[0].batch, adopted[0].key.split("/")[0]
        sittings = self.database.setup.sittings(batch)
        windows = [each.window for each in sittings if camera in {seen.id for seen in each.cameras()}]
        files = [each.interval for each in adopted]
        between = Interval(min(each.start for each in files), max(each.end for each in files))
        wanted = IntervalSet([*windows, between])
        whole = Interval(min(each.start for each in wanted), max(each.end for each in wanted))
        lived = [each for each in self.evidence.recorders(whole) if not each.id.startswith(ADOPTED)]
        known = [(each.started, each.seen) for each in lived]
        known += [(each.started, each.ended or whole.end) for each in self.evidence.runs(camera, whole)]
        spans = list(wanted - IntervalSet(Interval(start, end) for start, end in known if start < end))
        if not spans:
            return
        recorder = life(site, batch, NOBODY, spans)
        self.evidence.adopt_recorder(recorder)
        detail = "no footage of this time was found in the object store, and nobody knows why"
        for span in spans:
            self.say_out(camera, span, Cause.UNEXPLAINED, recorder=recorder.id, detail=detail, beside=True)


def _lies_in(store: Objects, copy: Copy) -> bool:
    return copy.place is Place.S3 and copy.target == store.target and copy.removed is None
