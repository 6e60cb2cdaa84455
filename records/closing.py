"""Closing a batch: everything that is known of it is stated in a manifest, signed, and added to its site's chain.

In numbered steps (``close_batch``); a batch that is closed is never opened again. What comes in later is stated in an
amendment that names the manifest before it. Not here: the form of what is signed and its keys (``storage.manifest``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.report import SittingReport, sitting_report
from analysis.report_json import to_json
from config.rule_pack import RulePack
from domain.calendar import retained_until
from domain.evidence import Copy, Place, Segment, SegmentState
from domain.manifest import (
    BEFORE_THE_FIRST_LINK,
    LINK_FORM,
    MANIFEST_FORM,
    Amendment,
    CameraStatement,
    Link,
    Manifest,
    RulePackStatement,
    SegmentStatement,
    SittingStatement,
    StationStatement,
    StoredObject,
    lost_by_amending,
)
from domain.people import Actor
from domain.places import Sitting, last_exam_day
from domain.timeline import Clock, rfc3339
from records.errors import ChainBehind, ClockBehind, EvidenceGone, NothingNew, NotReady, NotUnderLock, ReasonWanted
from storage.database import Database
from storage.database.closings import KeptLink, KeptStamp
from storage.database.setup import FrozenRevisions
from storage.errors import StorageError, UnknownBatch
from storage.manifest import keeping
from storage.manifest.authority import Authority, stamp_link, stamp_missing
from storage.manifest.form import document_of, read, segments_root, signed, written
from storage.manifest.keeping import unknown_links
from storage.manifest.keys import publish
from storage.objects import Objects
from storage.signing import Signer


@dataclass(frozen=True, slots=True)
class Sealing:
    """With what a batch is closed. ``pack`` is the batch's own rule pack, ``pack_sha256`` that of its file;
    ``authority`` stamps what was signed, where there is one.
    """

    signer: Signer
    objects: Objects | None
    pack: RulePack
    pack_sha256: str
    software: str
    authority: Authority | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A batch that was just closed or amended. ``stamp`` is the authority's; None with why not in ``unstamped``."""

    link: KeptLink
    manifest: Manifest
    amended: bool
    stamp: KeptStamp | None
    unstamped: str


def close_batch(
    database: Database, batch_id: str, actor: Actor, clock: Clock, sealing: Sealing, *, reason: str = ""
) -> Closed:
    """Close a batch, or amend it with ``reason`` where there is more by now than its last manifest states.

    1. Every sitting is closed, its report complete, and nothing of the batch is being written any more. The object
       store has no link of the site's chain that the database lacks: after a fire it may be older than the chain.
    2. Every segment was opened, and lies in the object store or was found lost; or it is withheld, and is stated as
       missing, whether anybody has decided on that yet or not.
    3. The reports are made with the root over the segments, and the manifest with the hashes of the reports.
    4. The link to it is signed and added to the site's chain, with manifest and reports, in one transaction.
    5. The authority stamps the link, where there is one. It holds nothing up: what it does not stamp now is stamped
       later, and the stamp tells that later time.
    6. All of it is brought into the object store, under the lock of the footage.

    Raises UnknownBatch, ClosingRefused, KeyRefused, DatabaseUnavailable: nothing was signed. NotUnderLock: only the
    last step is left, and is done when the batch is closed again.
    """
    now = clock.now()
    sittings = _ended(database, batch_id, now)
    head = database.closings.head(sittings[0].batch.site)
    if sealing.objects is None:
        raise NotReady(f"batch {batch_id} cannot be closed: no object store is set, and nothing of it is under lock")
    _refuse_a_chain_behind(database, sittings[0].batch.site, sealing.objects)
    segments = _segments(database, batch_id, sittings)
    manifest, documents = _stated(database, sittings, segments, sealing, now)
    standing = database.closings.latest(batch_id)
    amends = _amendment(database, standing, manifest, reason)
    if standing is not None and amends is None:
        unstamped = _stamped_later(database, standing.site, sealing.authority)
        _bring_under_lock(database, standing, sealing.objects)
        raise NothingNew(
            f"batch {batch_id} is closed: manifest {standing.number}:{standing.digest} states everything{unstamped}"
        )
    _refuse_a_clock_behind(head, now)
    publish(database.closings, sealing.signer, now)

    def make(last: KeptLink | None) -> KeptLink:
        if last != head:
            raise NotReady(f"a batch of site {manifest.site} was closed at the same time; close this one again")
        return _next(last, manifest, amends, sealing.signer, now)

    link = database.closings.add(manifest.site, make, documents)
    act = "close_batch" if amends is None else "amend_batch"
    database.journal.record(now, actor, act, batch_id, f"{link.number}:{link.digest} {reason}".strip())
    stamp, unstamped = _stamped(database, link, sealing.authority)
    _bring_under_lock(database, link, sealing.objects)
    return Closed(link, manifest, amends is not None, stamp, unstamped)


def _refuse_a_chain_behind(database: Database, site: str, objects: Objects) -> None:
    """A second link of one number would fork the chain for good. Raises ChainBehind, NotReady."""
    try:
        unknown = unknown_links(database.closings, site, objects)
    except StorageError as error:
        raise NotReady(f"the object store has to say first what was signed of site {site}: {error}") from error
    if unknown:
        raise ChainBehind(
            f"the object store has {len(unknown)} links of site {site} that this database lacks, the last one "
            f"{unknown[-1]}: bring them back with `kaojian rebuild`, then close the batch"
        )


def _ended(database: Database, batch_id: str, now: datetime) -> list[Sitting]:
    """The sittings of a batch, all of them over. Raises UnknownBatch, NotReady."""
    sittings = database.setup.sittings(batch_id)
    if not sittings:
        there = ", ".join(batch.id for batch in database.setup.batches()) or "none"
        raise UnknownBatch(f"there is no batch {batch_id} (there is: {there}); set it up with `kaojian apply`")
    if len({sitting.batch.site for sitting in sittings}) > 1:
        raise NotReady(
            f"the sittings of batch {batch_id} were held at several sites; give each site a batch of its own"
        )
    for sitting in sittings:
        what = f"sitting {sitting.plan.number} of batch {batch_id}"
        if sitting.opened is None:
            raise NotReady(f"{what} was never opened; hold it, or apply a plan without it")
        if sitting.closed is None:
            raise NotReady(f"{what} is open; close it first")
        if now < sitting.window.end:
            raise NotReady(f"{what} is recorded until {rfc3339(sitting.window.end)}; close the batch after that")
    cameras = {camera.id for sitting in sittings for camera in sitting.cameras()}
    end = max(sitting.window.end for sitting in sittings)
    for run in database.evidence.open_runs():
        if run.camera in cameras and run.started < end:
            last = database.evidence.last_segment_of(run)
            if last is None or last.batch == batch_id:
                raise NotReady(f"camera {run.camera} is still being written; close the batch in a minute")
    return sittings


def _segments(database: Database, batch_id: str, sittings: Sequence[Sitting]) -> tuple[SegmentStatement, ...]:
    """What is stated of every segment of the batch, by key. Raises NotReady."""
    found = database.evidence.segments_of(batch_id)
    keys = [segment.key for segment, _ in found]
    copies, seen = database.evidence.copies(keys), database.evidence.observations(keys)
    withheld = database.evidence.withheld(keys)
    waiting: Counter[str] = Counter()
    stated: list[SegmentStatement] = []
    for segment, recorder in found:
        observation, objects = seen.get(segment.key), _objects(copies[segment.key])
        if segment.key in withheld:  # nobody is given it, wherever it lies: its gaps say why
            stated.append(_segment(segment, recorder, SegmentState.MISSING, objects))
        elif observation is None:
            waiting["not opened by the analysis yet"] += 1
        elif observation.state is SegmentState.OK and not objects:
            waiting["not in the object store yet"] += 1
        else:
            stated.append(_segment(segment, recorder, observation.state, objects))
    if waiting:
        said = ", ".join(f"{count} of {len(found)} segments are {what}" for what, count in waiting.items())
        raise NotReady(f"batch {batch_id} of {len(sittings)} sittings cannot be closed: {said}; `kaojian status`")
    return tuple(stated)


def _objects(copies: Sequence[Copy]) -> tuple[StoredObject, ...]:
    standing = [copy for copy in copies if copy.place is Place.S3 and copy.removed is None]
    return tuple(
        StoredObject(
            copy.target, copy.segment, copy.version_id or "", copy.size_bytes, copy.sha256, copy.locked_until
        )
        for copy in standing
    )


def _segment(
    segment: Segment, recorder: str, state: SegmentState, objects: tuple[StoredObject, ...]
) -> SegmentStatement:
    return SegmentStatement(
        key=segment.key,
        camera=segment.camera,
        recorder=recorder,
        run=segment.run,
        interval=segment.interval,
        frames=segment.frames,
        size_bytes=segment.size_bytes,
        sha256=segment.sha256,
        codec=segment.codec,
        state=state,
        objects=objects,
    )


def _stated(
    database: Database,
    sittings: Sequence[Sitting],
    segments: tuple[SegmentStatement, ...],
    sealing: Sealing,
    now: datetime,
) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of a batch, and the bytes of manifest and reports by their hash. Raises NotReady."""
    batch, root = sittings[0].batch, segments_root(segments)
    revisions = database.setup.frozen(batch.id)
    stated: list[SittingStatement] = []
    documents: dict[str, bytes] = {}
    for sitting in sittings:
        number = sitting.plan.number
        report = replace(sitting_report(database, batch.id, number, sealing.pack, now), segments_root=root)
        if report.settled_until < report.window.end:
            raise NotReady(
                f"sitting {number} of batch {batch.id} is judged up to {rfc3339(report.settled_until)} only; "
                "close the batch when its report is complete"
            )
        text = (json.dumps(to_json(report), ensure_ascii=False, indent=2) + "\n").encode()
        stated.append(_sitting(sitting, report, revisions[number], text))
        documents[stated[-1].report.sha256] = text
    manifest = Manifest(
        form=MANIFEST_FORM,
        site=batch.site,
        batch=batch.id,
        rule_pack=RulePackStatement(sealing.pack.id, sealing.pack_sha256),
        retained_until=retained_until(last_exam_day(sittings), sealing.pack.retention_years),
        software=sealing.software,
        segments_root=root,
        sittings=tuple(stated),
        segments=segments,
    )
    data = written(manifest)
    return manifest, {**documents, document_of(data).sha256: data}


def _sitting(
    sitting: Sitting, report: SittingReport, revisions: FrozenRevisions, report_text: bytes
) -> SittingStatement:
    if sitting.opened is None or sitting.closed is None:
        raise ValueError(f"sitting {sitting.plan.number} is not over")
    return SittingStatement(
        number=sitting.plan.number,
        window=report.window,
        opened=sitting.opened,
        closed=sitting.closed,
        site_revision=revisions.site,
        batch_revision=revisions.batch,
        cameras=tuple(CameraStatement(each.camera, each.room, each.gaps) for each in report.cameras),
        stations=tuple(StationStatement(each.station, each.room, each.gaps) for each in report.stations),
        report=document_of(report_text),
    )


def _amendment(database: Database, standing: KeptLink | None, manifest: Manifest, reason: str) -> Amendment | None:
    """What the new link amends, and why; None for a first closing, and where there is nothing to add.

    Raises ReasonWanted, EvidenceGone.
    """
    if standing is None:
        if reason:
            raise ReasonWanted(f"batch {manifest.batch} was never closed, so there is nothing to amend; leave it out")
        return None
    earlier = read(Manifest, database.closings.document(standing.manifest))
    if manifest.says_the_same(earlier):
        return None
    gone = lost_by_amending(earlier, manifest)
    if gone is not None:
        raise EvidenceGone(f"{gone} stands in manifest {standing.number} of the site and is told otherwise now")
    if not reason:
        raise ReasonWanted(
            f"batch {manifest.batch} is closed by manifest {standing.number}, and there is more or other than it "
            "states by now; say why with --reason, and an amendment is made"
        )
    return Amendment(standing.number, standing.digest, reason)


def _refuse_a_clock_behind(head: KeptLink | None, now: datetime) -> None:
    if head is not None and now < head.signed_at:
        raise ClockBehind(
            f"this host's clock says {rfc3339(now)}, before manifest {head.number} of site {head.site} was signed "
            f"({rfc3339(head.signed_at)}); set the clock right first (`kaojian doctor`)"
        )


def _next(
    last: KeptLink | None, manifest: Manifest, amends: Amendment | None, signer: Signer, now: datetime
) -> KeptLink:
    """The link after ``last``, signed."""
    document = document_of(written(manifest))
    link = Link(
        form=LINK_FORM,
        site=manifest.site,
        number=1 if last is None else last.number + 1,
        previous=BEFORE_THE_FIRST_LINK if last is None else last.digest,
        batch=manifest.batch,
        manifest=document,
        segments=len(manifest.segments),
        segments_root=manifest.segments_root,
        signed_at=now,
        key=signer.public,
        amends=amends,
    )
    data = signed(signer, link)
    return KeptLink(
        site=link.site,
        number=link.number,
        batch=link.batch,
        signed_at=now,
        retained_until=manifest.retained_until,
        digest=document_of(data).sha256,
        segments_root=link.segments_root,
        manifest=document.sha256,
        data=data,
    )


def _stamped(database: Database, link: KeptLink, authority: Authority | None) -> tuple[KeptStamp | None, str]:
    """The stamp of a link that was just signed, or why there is none: the batch is closed with and without."""
    if authority is None:
        return None, "no time stamp authority is set"
    try:
        return stamp_link(database.closings, link, authority), ""
    except StorageError as error:
        return None, str(error)


def _stamped_later(database: Database, site: str, authority: Authority | None) -> str:
    """Have stamped what was not when it was signed; what to say where some of it still is not."""
    if authority is None:
        return ""
    try:
        stamp_missing(database.closings, authority, site)
    except StorageError as error:
        return f"; not all of it is stamped ({error})"
    return ", and is stamped"


def _bring_under_lock(database: Database, link: KeptLink, objects: Objects) -> None:
    try:
        keeping.keep(database.closings, link.site, objects)
    except (StorageError, OSError) as error:
        raise NotUnderLock(
            f"batch {link.batch} is closed and signed ({link.number}:{link.digest}), but that does not lie in the "
            f"object store yet ({error}); close it again when it is back"
        ) from error
