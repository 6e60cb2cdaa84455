"""Closing batches: what must hold first, what is stated, what comes in later, and what a bad clock may not do."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from analysis.report import sitting_report
from domain.evidence import Cause, Run, SegmentState
from domain.manifest import Link, Manifest
from domain.timeline import Interval
from records.closing import close_batch
from records.errors import ChainBehind, ClockBehind, NothingNew, NotReady, NotUnderLock, ReasonWanted
from storage.archive import Archive
from storage.database import Database, connect
from storage.errors import KeyRefused, UnknownBatch
from storage.manifest import keeping
from storage.manifest.authority import AuthoritySilent
from storage.manifest.form import read, read_signed, segments_root
from storage.manifest.stamps import Stamp
from storage.objects import ObjectsUnavailable
from storage.signing import Signer
from tests.closed_batches import DAY, EXAM, FIRST, LEAD, LOCKED_UNTIL, PACK, SECOND, START, TESTER, ClosedBatches
from tests.fakes.notary import NOTARY

WINDOW = Interval(START - LEAD, START + EXAM + LEAD)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> ClosedBatches:
    return ClosedBatches(database, tmp_path / "spool")


def test_a_closed_batch_states_every_segment_and_every_gap_with_its_cause(site: ClosedBatches) -> None:
    site.hold(FIRST)
    closed = site.close(FIRST)
    manifest = read(Manifest, site.database.closings.document(closed.link.manifest))
    assert manifest == closed.manifest
    stated = {each.key: each for each in manifest.segments}
    found = {segment.key: (segment, name) for segment, name in site.database.evidence.segments_of(FIRST)}
    assert stated.keys() == found.keys()
    for key, (segment, name) in found.items():
        each = stated[key]
        assert (each.sha256, each.size_bytes, each.interval) == (segment.sha256, segment.size_bytes, segment.interval)
        assert (each.recorder, each.run, each.codec) == (name, segment.run, segment.codec)
        assert [kept.locked_until for kept in each.objects] == [LOCKED_UNTIL]
        assert each.objects[0].version_id == site.objects.stat(key).version_id
    (sitting,) = manifest.sittings
    gaps = {each.camera: each.gaps for each in sitting.cameras}
    assert [(gap.interval.seconds, gap.cause) for gap in gaps["c1"]] == [(4, Cause.CAMERA_DISCONNECTED)]
    assert gaps["c2"] == ()
    assert [len(each.gaps) for each in sitting.stations] == [1, 0]
    assert sitting.window == WINDOW


def test_report_and_manifest_vouch_for_each_other(site: ClosedBatches) -> None:
    site.hold(FIRST)
    assert sitting_report(site.database, FIRST, 1, PACK, site.clock.now()).segments_root is None
    manifest = site.close(FIRST).manifest
    report = json.loads(site.database.closings.document(manifest.sittings[0].report.sha256))
    assert report["segments_root"] == manifest.segments_root == segments_root(manifest.segments)
    later = sitting_report(site.database, FIRST, 1, PACK, site.clock.now() + DAY)
    assert later.segments_root == manifest.segments_root


def test_the_batches_of_a_site_are_one_signed_chain_that_lies_under_lock(site: ClosedBatches) -> None:
    for batch, start in ((FIRST, START), (SECOND, START + DAY)):
        site.hold(batch, start)
        site.close(batch)
    first, second = site.database.closings.links("sg-001")
    link, _ = read_signed(Link, second.data)
    assert (link.number, link.previous, link.batch, link.amends) == (2, first.digest, SECOND, None)
    keys = site.objects.keys(keeping.PREFIX)
    assert len(keys) == 2 + 2 + 2 + 2  # links, manifests, reports, the public keys with each link
    for key in keys:
        assert site.objects.stat(key).locked_until == LOCKED_UNTIL if second.digest in key else True
    assert site.objects.read(f".manifests/sg-001/000002-{second.digest}.json") == second.data


@pytest.mark.parametrize("what", ["running", "unkept", "unopened", "written"])
def test_a_batch_that_is_not_complete_is_not_closed_and_nothing_is_written(site: ClosedBatches, what: str) -> None:
    site.hold(FIRST)
    evidence, late = site.database.evidence, Interval(WINDOW.end, WINDOW.end + timedelta(seconds=4))
    reasons: dict[str, tuple[str, Callable[[], object]]] = {
        "running": ("recorded until", lambda: site.to(WINDOW.end - timedelta(seconds=1))),
        "unkept": (
            "1 of 10 segments are not in the object store",
            lambda: site.add(FIRST, "c2", run, late, keeps=False),
        ),
        "unopened": ("1 of 10 segments are not opened", lambda: site.add(FIRST, "c2", run, late, opens=False)),
        "written": (
            "c2 is still being written",
            lambda: evidence.begin_run(Run("open", "c2", f"life-{FIRST}", WINDOW.start)),
        ),
    }
    run = next(segment.run for segment, _ in evidence.segments_of(FIRST) if segment.camera == "c2")
    said, act = reasons[what]
    act()
    with pytest.raises(NotReady, match=said):
        site.close(FIRST)
    assert site.database.closings.latest(FIRST) is None
    assert not site.objects.keys(keeping.PREFIX)
    assert site.database.closings.keys() == []


def test_a_sitting_that_is_open_or_was_never_held_keeps_its_batch_open(site: ClosedBatches) -> None:
    with pytest.raises(UnknownBatch):
        site.close("2026-0999")
    site.hold(FIRST)
    batch = site.database.setup.batch(FIRST)
    assert batch is not None
    plans = (*batch.sittings, replace(batch.sittings[0], number=2))
    site.database.setup.apply_batch(replace(batch, sittings=plans), TESTER, site.clock.now())
    with pytest.raises(NotReady, match="sitting 2 of batch 2026-0501 was never opened"):
        site.close(FIRST)
    site.database.setup.open_sitting(FIRST, 2, site.clock.now(), site.clock.now())
    with pytest.raises(NotReady, match="sitting 2 of batch 2026-0501 is open"):
        site.close(FIRST)


def test_what_was_lost_before_the_closing_is_stated_and_does_not_stop_it(site: ClosedBatches) -> None:
    site.hold(FIRST)
    run = next(segment.run for segment, _ in site.database.evidence.segments_of(FIRST))
    span = Interval(WINDOW.end, WINDOW.end + timedelta(seconds=4))
    lost = site.add(FIRST, "c2", run, span, keeps=False, opens=False)
    (site.spool / lost.key).unlink()
    site.observe(lost, SegmentState.MISSING)
    stated = {each.key: each for each in site.close(FIRST).manifest.segments}
    assert (stated[lost.key].state, stated[lost.key].objects) == (SegmentState.MISSING, ())


def test_a_batch_is_closed_once(site: ClosedBatches) -> None:
    site.hold(FIRST)
    with pytest.raises(ReasonWanted, match="never closed"):
        site.close(FIRST, "a reason for nothing")
    site.close(FIRST)
    for reason in ("", "a reason for nothing"):
        with pytest.raises(NothingNew):
            site.close(FIRST, reason)
    assert len(site.database.closings.links("sg-001")) == 1


def test_late_footage_is_stated_in_an_amendment_and_the_original_stays(site: ClosedBatches) -> None:
    site.hold(FIRST)
    original = site.close(FIRST)
    gone = Interval(START + timedelta(seconds=4), START + timedelta(seconds=8))
    (late,) = site.record(FIRST, "c1", f"life-{FIRST}", gone)
    with pytest.raises(ReasonWanted, match="--reason"):
        site.close(FIRST)
    amended = site.close(FIRST, "第二台录像服务补传")
    link, _ = read_signed(Link, amended.link.data)
    assert amended.amended
    assert link.amends is not None
    assert (link.amends.number, link.amends.digest) == (1, original.link.digest)
    assert link.amends.reason == "第二台录像服务补传"
    assert late.key in {each.key for each in amended.manifest.segments}
    assert read(Manifest, site.database.closings.document(original.link.manifest)) == original.manifest
    assert [entry.act for entry in site.database.journal.entries(2)] == ["amend_batch", "close_batch"]


def test_a_clock_before_the_last_manifest_is_refused(site: ClosedBatches) -> None:
    site.hold(SECOND, START + DAY)
    site.to(START + 3 * DAY)
    site.close(SECOND)
    site.to(START)
    site.hold(FIRST)
    with pytest.raises(ClockBehind, match="before manifest 1 of site sg-001"):
        site.close(FIRST)
    assert len(site.database.closings.links("sg-001")) == 1


def refusing(*_: object) -> None:
    raise ObjectsUnavailable("no answer")


def test_nothing_is_signed_while_the_store_cannot_say_what_was(site: ClosedBatches) -> None:
    site.hold(FIRST)
    site.objects.down = True
    with pytest.raises(NotReady, match="has to say first what was signed of site sg-001"):
        site.close(FIRST)
    assert site.database.closings.links("sg-001") == []


def test_a_database_that_is_older_than_what_was_signed_forks_no_chain(site: ClosedBatches, tmp_path: Path) -> None:
    """As after a fire, when the backup was made before the last closing: two links of one number, for good."""
    site.hold(FIRST)
    link = site.close(FIRST).link
    with closing(connect(f"sqlite:///{tmp_path / 'older.db'}", NOTARY)) as older:
        second = ClosedBatches(older, tmp_path / "spool-2", signer=site.signer)
        second.objects = site.objects
        second.archive = Archive(older.evidence, site.objects, second.spool, lambda _: LOCKED_UNTIL, second.clock)
        second.hold(SECOND)
        with pytest.raises(ChainBehind, match=f"lacks, the last one {link.number}:{link.digest}: .*kaojian rebuild"):
            second.close(SECOND)
        assert older.closings.links("sg-001") == []


def test_a_closing_that_the_store_missed_is_brought_there_by_closing_again(
    site: ClosedBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.hold(FIRST)
    put = site.objects.put
    monkeypatch.setattr(site.objects, "put", refusing)
    with pytest.raises(NotUnderLock, match="closed and signed"):
        site.close(FIRST)
    monkeypatch.setattr(site.objects, "put", put)
    with pytest.raises(NothingNew):
        site.close(FIRST)
    assert len(site.objects.keys(keeping.PREFIX)) == 4


class Stamping:
    """An authority that is up or down, and stamps with whatever time it is told."""

    def __init__(self) -> None:
        self.down = False
        self.time = START + DAY
        self.asked: list[bytes] = []

    def stamp(self, message: bytes) -> tuple[bytes, Stamp]:
        self.asked.append(message)
        if self.down:
            raise AuthoritySilent("the authority does not answer")
        return b"stamp of " + message, Stamp(self.time, self.time, "CN=test")


def stamp_keys(site: ClosedBatches) -> list[str]:
    return [key for key in site.objects.keys(keeping.PREFIX) if "/stamps/" in key]


def test_what_is_signed_is_stamped_and_the_stamp_goes_under_lock_with_it(site: ClosedBatches) -> None:
    site.authority = authority = Stamping()
    site.hold(FIRST)
    closed = site.close(FIRST)
    assert authority.asked == [closed.link.data]
    assert closed.stamp is not None
    assert (closed.stamp.stamped_at, closed.unstamped) == (START + DAY, "")
    assert site.database.closings.stamps("sg-001") == [closed.stamp]
    (key,) = stamp_keys(site)
    assert key == f"{keeping.PREFIX}sg-001/stamps/000001-{closed.stamp.sha256}.tsr"
    assert site.objects.read(key) == b"stamp of " + closed.link.data


def test_without_an_authority_a_batch_is_closed_and_said_to_be_without_a_stamp(site: ClosedBatches) -> None:
    site.hold(FIRST)
    closed = site.close(FIRST)
    assert (closed.stamp, closed.unstamped) == (None, "no time stamp authority is set")


def test_an_authority_that_is_away_holds_no_closing_up_and_stamps_later(site: ClosedBatches) -> None:
    site.authority = authority = Stamping()
    authority.down = True
    for batch, start in ((FIRST, START), (SECOND, START + DAY)):
        site.hold(batch, start)
        closed = site.close(batch)
        assert (closed.stamp, closed.unstamped) == (None, "the authority does not answer")
    with pytest.raises(NothingNew, match=r"not all of it is stamped \(the authority does not answer\)"):
        site.close(SECOND)
    assert stamp_keys(site) == []
    authority.down, authority.time, authority.asked = False, START + 9 * DAY, []
    with pytest.raises(NothingNew, match=r"states everything, and is stamped$"):
        site.close(SECOND)
    links = site.database.closings.links("sg-001")
    assert authority.asked == [links[1].data, links[0].data]  # the newest first: it vouches for all before
    stamps = site.database.closings.stamps("sg-001")
    assert [(each.number, each.stamped_at) for each in stamps] == [(1, START + 9 * DAY), (2, START + 9 * DAY)]
    assert len(stamp_keys(site)) == 2


def test_a_stamp_that_is_older_than_the_signing_is_not_taken(site: ClosedBatches) -> None:
    site.authority = authority = Stamping()
    authority.time = START
    site.hold(FIRST, START + DAY)
    closed = site.close(FIRST)
    assert closed.stamp is None
    assert "one of the two clocks was wrong" in closed.unstamped


def test_a_host_without_the_installation_s_key_closes_nothing(site: ClosedBatches) -> None:
    site.hold(FIRST)
    site.close(FIRST)
    site.hold(SECOND, START + DAY)
    site.signer = Signer.new()
    with pytest.raises(KeyRefused, match="bring it here"):
        site.close(SECOND)
    assert len(site.database.closings.links("sg-001")) == 1


def test_without_an_object_store_nothing_is_closed(site: ClosedBatches) -> None:
    site.hold(FIRST)
    with pytest.raises(NotReady, match="no object store"):
        close_batch(site.database, FIRST, TESTER, site.clock, replace(site.sealing, objects=None))
