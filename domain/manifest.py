"""证据清单: what is stated of a batch when it is closed, and the links by which a site's batches hang together.

A *manifest* states every segment and every gap of one batch. A *link* is signed: it names a manifest by its hash, has
the next number of its site and names the link before it, so that no batch of a site can be taken out unseen. Reports
print the root over the segments and the manifest holds the reports' hashes, so that neither waits for the other.
Not here: bytes, keys and signatures (``storage.manifest``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.evidence import Gap, SegmentState
from domain.timeline import Interval

MANIFEST_FORM = "kaojian-manifest-1"
LINK_FORM = "kaojian-link-1"
KEY_FORM = "kaojian-key-1"
CONTENTS_FORM = "kaojian-export-2"
CONTENTS_FORM_WITH_CERTIFICATES = "kaojian-export-3"  # the same, where withheld footage of the batch was destroyed
CONTENTS_FORM_WITHOUT_STAMPS = "kaojian-export-1"  # before there were any; such exports are still checked

BEFORE_THE_FIRST_LINK = "0" * 64


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of a segment in an object store, as the store answered when it was read back."""

    target: str  # the bucket
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class SegmentStatement:
    """One segment. ``recorder`` is the recorder's name; without ``objects`` its bytes were lost before closing."""

    key: str
    camera: str
    recorder: str
    run: str
    interval: Interval
    frames: int
    size_bytes: int
    sha256: str
    codec: str
    state: SegmentState
    objects: tuple[StoredObject, ...]


@dataclass(frozen=True, slots=True)
class CameraStatement:
    """The absences of one camera within a window: every gap with its cause; no gap, nothing was missing."""

    camera: str
    room: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class StationStatement:
    """The absences of one station, by the footage of all cameras that see it."""

    station: str
    room: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file by its content."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SittingStatement:
    """One sitting. The revisions are the SHA-256 of the set-up documents that it was opened with."""

    number: int
    window: Interval
    opened: datetime
    closed: datetime
    site_revision: str
    batch_revision: str
    cameras: tuple[CameraStatement, ...]
    stations: tuple[StationStatement, ...]
    report: Document


@dataclass(frozen=True, slots=True)
class RulePackStatement:
    """The rule pack that the reports were judged by, and the SHA-256 of its file."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is stated of one batch. Segments are in the order of their keys, sittings of their numbers."""

    form: str
    site: str
    batch: str
    rule_pack: RulePackStatement
    retained_until: datetime
    software: str
    segments_root: str
    sittings: tuple[SittingStatement, ...]
    segments: tuple[SegmentStatement, ...]

    def says_the_same(self, other: Manifest) -> bool:
        """Whether segments and absences are the same, whatever the reports' time and the software."""
        return self.segments_root == other.segments_root and self._absences() == other._absences()

    def _absences(self) -> list[tuple[object, ...]]:
        return [(each.number, each.window, each.cameras, each.stations) for each in self.sittings]


@dataclass(frozen=True, slots=True)
class Amendment:
    """That a link amends the batch's manifest of an earlier number, and why. Nothing earlier is changed by it."""

    number: int
    digest: str
    reason: str


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a site's chain. ``previous`` is the digest of the link before it; ``key`` is the key that signs."""

    form: str
    site: str
    number: int
    previous: str
    batch: str
    manifest: Document
    segments: int
    segments_root: str
    signed_at: datetime
    key: str
    amends: Amendment | None


@dataclass(frozen=True, slots=True)
class KeyStatement:
    """That a public key signs for this installation from an instant on, after ``previous``.

    It is signed by the key itself, and by the one before it, so that who believes either can believe both.
    """

    form: str
    key: str
    valid_from: datetime
    previous: str | None


def lost_by_amending(earlier: Manifest, later: Manifest) -> str | None:
    """The key of a segment that a later manifest of a batch leaves out or tells otherwise; None where it keeps all.

    What may change is where the bytes lie and what opening the segment has shown.
    """
    told = {each.key: _fixed(each) for each in later.segments}
    return next((each.key for each in earlier.segments if told.get(each.key) != _fixed(each)), None)


def _fixed(segment: SegmentStatement) -> tuple[object, ...]:
    return (segment.camera, segment.recorder, segment.run, segment.interval, segment.size_bytes, segment.sha256)
