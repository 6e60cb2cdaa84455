"""Rebuilding from the object store: what is signed comes back as stated, what lies outside of it by its bytes, and
nothing is made up or believed that was spoilt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from analysis.decoding import DecodingWorker
from analysis.looking import Looking
from analysis.report import CameraReport, sitting_report
from domain.evidence import Cause, EndReason, Place, Segment, SegmentState
from domain.timeline import Interval
from records.adopting import ADOPTED, NOBODY, Rebuilt
from records.rebuilding import rebuild
from storage.archive import Archive
from storage.database import Database, connect
from storage.database.looks import Owed
from storage.manifest import keeping
from storage.manifest.authority import HttpAuthority
from storage.manifest.exporting import export
from storage.manifest.trees import reading
from storage.manifest.verifying import Trust, verify
from storage.objects import ObjectsUnavailable
from storage.signing import Signer
from tests.closed_batches import (
    DAY,
    EXAM,
    FIRST,
    LEAD,
    LOCKED_UNTIL,
    PACK,
    SECOND,
    SEGMENT,
    SITE,
    START,
    TESTER,
    ClosedBatches,
    closed_twice,
    file_bytes,
)
from tests.fakes import eye
from tests.fakes.notary import NOTARY
from tests.fakes.objects import MemoryObjects
from tests.stamp_authority import StampAuthority

WINDOW = Interval(START - LEAD, START + EXAM + LEAD)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> ClosedBatches:
    """Two closed batches; the object store is what outlives the fire."""
    return closed_twice(database, tmp_path / "spool")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    with closing(connect(f"sqlite:///{tmp_path / 'empty' / 'kaojian.sqlite3'}", NOTARY)) as opened:
        yield opened


def rebuilt(site: ClosedBatches, into: Database) -> Rebuilt:
    return rebuild(into, [site.objects], site.clock, keys=[site.signer.public])


def segments(database: Database, batch: str) -> list[tuple[Segment, str]]:
    return database.evidence.segments_of(batch)


def told(database: Database, batch: str) -> list[object]:
    """What a database knows of a batch's footage, as far as a manifest or a file states it."""
    keys = [segment.key for segment, _ in segments(database, batch)]
    copies = database.evidence.copies(keys)
    seen = database.evidence.observations(keys)
    return [
        (
            replace(segment, init_size_bytes=0, codec="", width=0, height=0),  # not those of the files in these tests
            name,
            [(c.target, c.version_id, c.locked_until, c.device) for c in copies[segment.key] if c.place is Place.S3],
            seen[segment.key].state,
            seen[segment.key].bad,
        )
        for segment, name in segments(database, batch)
    ]


def gaps(database: Database, camera: str = "c1", window: Interval = WINDOW) -> list[tuple[Interval, Cause]]:
    return [
        (span, each.cause)
        for each in database.evidence.outages(camera, window)
        if (span := each.interval(window.end)) is not None
    ]


def test_a_manifest_that_was_changed_in_the_store_is_not_taken(site: ClosedBatches, empty: Database) -> None:
    first = site.database.closings.links(SITE.id)[0]
    site.objects.flip_a_byte(f"{keeping.PREFIX}{SITE.id}/documents/{first.manifest}.json")
    done = rebuilt(site, empty)
    assert empty.closings.links(SITE.id) == []
    assert (done.links, done.stated) == (0, 0)
    assert "was changed in the store" in done.problems[0]


def test_a_link_that_was_changed_or_is_missing_stops_its_chain_there(site: ClosedBatches, empty: Database) -> None:
    first, second = site.database.closings.links(SITE.id)
    key = f"{keeping.PREFIX}{SITE.id}/{second.number:06d}-{second.digest}.json"
    site.objects.flip_a_byte(key)
    done = rebuilt(site, empty)
    assert empty.closings.links(SITE.id) == [first]
    assert "link 2 of site sg-001" in done.problems[0]
    site.objects.destroy(f"{keeping.PREFIX}{SITE.id}/{first.number:06d}-{first.digest}.json")
    with closing(connect(f"sqlite:///{site.spool.parent / 'other.sqlite3'}", NOTARY)) as other:
        assert "it is missing in the store" in rebuilt(site, other).problems[0]
        assert other.closings.links(SITE.id) == []


def test_without_a_key_that_is_believed_no_manifest_is(site: ClosedBatches, empty: Database) -> None:
    for keys in ([], [Signer.new().public]):
        done = rebuild(empty, [site.objects], site.clock, keys=keys)
        assert done.links == done.stated == done.keys == 0
        assert site.signer.public in done.problems[0]
        assert empty.closings.keys() == []


def test_a_link_that_a_stranger_signed_is_not_taken(site: ClosedBatches, empty: Database) -> None:
    forged = closed_twice(empty, site.spool.parent / "forged")
    for key in keeping.links_in(site.objects)[SITE.id].values():
        site.objects.destroy(key)
    for key in forged.objects.keys(keeping.PREFIX):
        data = forged.objects.read(key)
        file = site.spool / "forged"
        file.write_bytes(data)
        site.objects.put(key, file, hashlib.sha256(data).hexdigest(), LOCKED_UNTIL)
    with closing(connect(f"sqlite:///{site.spool.parent / 'other.sqlite3'}", NOTARY)) as other:
        done = rebuilt(site, other)
        assert other.closings.links(SITE.id) == []
        assert "not signed by the key that signed at that time" in done.problems[0]


def test_a_database_that_went_on_differently_is_told_and_left(site: ClosedBatches, empty: Database) -> None:
    other = ClosedBatches(empty, site.spool.parent / "other", signer=site.signer)
    other.hold(FIRST)
    other.clock.step(60)
    other.close(FIRST)
    before = empty.closings.links(SITE.id)
    assert before[0].digest != site.database.closings.links(SITE.id)[0].digest
    done = rebuild(empty, [site.objects], site.clock)
    assert any("the chain went on twice" in each for each in done.problems)
    assert empty.closings.links(SITE.id) == before


def test_an_empty_database_knows_of_closed_batches_what_the_lost_one_knew(
    site: ClosedBatches, empty: Database
) -> None:
    done = rebuilt(site, empty)
    assert (done.keys, done.links, done.stated, done.found, done.problems) == (1, 2, 18, 0, [])
    assert empty.closings.keys() == site.database.closings.keys()
    assert empty.closings.links(SITE.id) == site.database.closings.links(SITE.id)
    assert empty.closings.documents(SITE.id) == site.database.closings.documents(SITE.id)
    for batch in (FIRST, SECOND):
        assert told(empty, batch) == told(site.database, batch)
    assert gaps(empty) == gaps(site.database)
    assert {each.id[: len(ADOPTED)] for each in empty.evidence.recorders()} == {ADOPTED}
    assert empty.evidence.open_runs() == []


def test_what_came_back_is_exported_and_verified_like_the_original(
    site: ClosedBatches, empty: Database, tmp_path: Path
) -> None:
    rebuilt(site, empty)
    archive = Archive(empty.evidence, site.objects, tmp_path / "no-spool", lambda _: LOCKED_UNTIL, site.clock)
    made = export(empty, archive, SECOND, tmp_path / "batch", signer=site.signer, clock=site.clock)
    with reading(tmp_path / "batch") as tree:
        assert len(list(verify(tree, Trust([site.signer.public], at_least=2)))) == 11
    same = export(site.database, site.archive, SECOND, tmp_path / "same", signer=site.signer, clock=site.clock)
    assert made == same


def test_the_reports_are_judged_as_they_were_once_the_set_up_is_there(site: ClosedBatches, empty: Database) -> None:
    site.database.evidence.end_recorder(f"life-{FIRST}", WINDOW.end + timedelta(minutes=1))
    rebuilt(site, empty)
    setup, before = empty.setup, START - DAY
    setup.apply_site(SITE, TESTER, before)
    batch = site.database.setup.batch(FIRST)
    assert batch is not None
    setup.apply_batch(batch, TESTER, before)
    setup.open_sitting(FIRST, 1, START, START)
    setup.close_sitting(FIRST, 1, START + EXAM, START + EXAM)
    now = site.clock.now()
    was, new = (sitting_report(each, FIRST, 1, PACK, now) for each in (site.database, empty))
    assert [(each.camera, each.gaps) for each in new.cameras] == [(each.camera, each.gaps) for each in was.cameras]
    assert [(each.station, each.gaps) for each in new.stations] == [
        (each.station, each.gaps) for each in was.stations
    ]
    assert [gap.cause for each in new.cameras for gap in each.gaps] == [Cause.CAMERA_DISCONNECTED]


def test_what_is_rebuilt_is_judged_by_its_pictures_only_once_they_were_looked_at_again(
    site: ClosedBatches, empty: Database, tmp_path: Path
) -> None:
    """What was seen in them is stated nowhere: until then nobody knows, though the batch is closed."""
    assert rebuilt(site, empty).to_look == 18
    setup, before = empty.setup, START - DAY
    setup.apply_site(SITE, TESTER, before)
    batch = site.database.setup.batch(FIRST)
    assert batch is not None
    setup.apply_batch(batch, TESTER, before)
    setup.open_sitting(FIRST, 1, START, START)
    setup.close_sitting(FIRST, 1, START + EXAM, START + EXAM)
    now = site.clock.now()

    def camera(name: str) -> CameraReport:
        report = sitting_report(empty, FIRST, 1, PACK, now, eye=eye.EYE)
        return next(each for each in report.cameras if each.camera == name)

    unknown = camera("c2").unverified
    assert sum(span.seconds for span in unknown) * 1000 == camera("c2").recorded_ms > 0
    archive = Archive(empty.evidence, site.objects, tmp_path / "no-spool", lambda _: LOCKED_UNTIL, site.clock)
    looking = Looking(empty, eye.EYE, site.clock)
    assert looking.count(100) == 18
    worker = DecodingWorker(empty.evidence, archive, site.clock, looking=looking)
    assert worker.look_again(100) == 18
    assert empty.looks.count_owed(100) == Owed(0, 0)
    assert camera("c2").unverified == ()
    assert rebuilt(site, empty).to_look == 0


def test_a_second_run_changes_nothing_and_a_killed_one_is_gone_on_with(site: ClosedBatches, empty: Database) -> None:
    class Killed(Exception):
        pass

    for after in (1, 4, 11, 17):
        seen: list[str] = []

        def tell(key: str, seen: list[str] = seen, after: int = after) -> None:
            seen.append(key)
            if len(seen) > after:
                raise Killed

        with pytest.raises(Killed):
            rebuild(empty, [site.objects], site.clock, keys=[site.signer.public], tell=tell)
        if after == 1:
            continue
        break
    rebuilt(site, empty)
    for batch in (FIRST, SECOND):
        assert told(empty, batch) == told(site.database, batch)
    recorders, outages = empty.evidence.recorders(), empty.evidence.outages("c1", WINDOW)
    again = rebuilt(site, empty)
    assert not again
    assert (empty.evidence.recorders(), empty.evidence.outages("c1", WINDOW)) == (recorders, outages)
    assert len(empty.closings.links(SITE.id)) == 2


def test_a_store_that_goes_away_ends_the_run_and_loses_nothing(site: ClosedBatches, empty: Database) -> None:
    def tell(key: str) -> None:
        site.objects.down = len(segments(empty, FIRST)) == 3

    with pytest.raises(ObjectsUnavailable):
        rebuild(empty, [site.objects], site.clock, keys=[site.signer.public], tell=tell)
    site.objects.down = False
    rebuilt(site, empty)
    assert told(empty, FIRST) == told(site.database, FIRST)


def second_of(site: ClosedBatches) -> MemoryObjects:
    """Another store that holds all that the first one holds, in versions of its own."""
    made = MemoryObjects(target="second", device="elsewhere:9000", clock=site.clock)
    for key in sorted(site.objects.keys("")):
        data = site.objects.read(key)
        file = site.spool.parent / "brought"
        file.write_bytes(data)
        made.put(key, file, hashlib.sha256(data).hexdigest(), LOCKED_UNTIL)
    return made


def targets(database: Database) -> set[tuple[str, ...]]:
    """In which stores the segments of the first batch are known to lie."""
    copies = database.evidence.copies([segment.key for segment, _ in segments(database, FIRST)])
    return {tuple(each.target for each in rows if each.removed is None) for rows in copies.values()}


def test_the_copies_of_both_stores_come_back(site: ClosedBatches, empty: Database) -> None:
    stores = [site.objects, second_of(site)]
    done = rebuild(empty, stores, site.clock, keys=[site.signer.public])
    assert (done.links, done.stated, done.problems) == (2, 18, [])
    assert targets(empty) == {("memory", "second")}
    assert not rebuild(empty, stores, site.clock)


def test_a_second_store_that_a_restored_database_does_not_know_yet_is_read_back(
    site: ClosedBatches, empty: Database
) -> None:
    rebuilt(site, empty)
    second = second_of(site)
    spoilt = segments(site.database, FIRST)[0][0].key
    second.flip_a_byte(spoilt)
    done = rebuild(empty, [site.objects, second], site.clock)
    assert (done.copies, len(done.problems)) == (17, 1)
    assert spoilt in done.problems[0]
    assert "second" in done.problems[0]
    assert targets(empty) == {("memory", "second"), ("memory",)}


def test_what_the_first_store_lost_comes_back_from_the_second(site: ClosedBatches, empty: Database) -> None:
    second = second_of(site)
    lost = segments(site.database, FIRST)[0][0]
    link = site.database.closings.links(SITE.id)[1]
    site.objects.destroy(lost.key)
    site.objects.destroy(f"{keeping.PREFIX}{SITE.id}/{link.number:06d}-{link.digest}.json")
    done = rebuild(empty, [site.objects, second], site.clock, keys=[site.signer.public])
    assert (done.links, done.problems) == (2, [])
    assert [each.target for each in empty.evidence.copies([lost.key])[lost.key]] == ["second"]
    back = empty.evidence.segment(lost.key)
    assert back is not None
    assert back.width > 0


def test_a_store_that_does_not_answer_is_told_and_the_other_one_is_read(site: ClosedBatches, empty: Database) -> None:
    second = second_of(site)
    site.objects.down = True
    done = rebuild(empty, [site.objects, second], site.clock, keys=[site.signer.public])
    assert (done.links, done.stated, len(done.problems)) == (2, 18, 1)
    assert done.problems[0].startswith("memory does not answer")
    assert targets(empty) == {("second",)}
    second.down = True
    with pytest.raises(ObjectsUnavailable):
        rebuild(empty, [site.objects, second], site.clock)


def test_a_database_that_lost_nothing_is_left_as_it_is(site: ClosedBatches) -> None:
    recorders = site.database.evidence.recorders()
    assert not rebuild(site.database, [site.objects], site.clock)
    assert site.database.evidence.recorders() == recorders


def test_a_stated_segment_whose_object_is_gone_is_kept_as_stated_and_told(
    site: ClosedBatches, empty: Database
) -> None:
    lost = segments(site.database, FIRST)[0][0]
    site.objects.destroy(lost.key)
    done = rebuilt(site, empty)
    assert any(lost.key in each for each in done.problems)
    back = empty.evidence.segment(lost.key)
    assert back is not None
    assert (back.sha256, back.interval, back.width) == (lost.sha256, lost.interval, 0)
    assert empty.evidence.copies([lost.key]) == {lost.key: []}


def test_footage_outside_of_every_manifest_is_taken_in_by_its_bytes(site: ClosedBatches, empty: Database) -> None:
    start = START + 2 * DAY
    for camera in ("c1", "c2"):
        for at in (start, start + SEGMENT, start + 3 * SEGMENT):  # the third one leaves a hole before it
            put(site, f"sg-001/2026-0503/{camera}/{at:%Y%m%dT%H%M%S.%fZ}.mp4", camera, Interval(at, at + SEGMENT))
    put(site, f"sg-001/2026-0503/c1/{start:%Y%m%dT%H%M%S.%fZ}-b.mp4", "c1", Interval(start, start + SEGMENT))
    done = rebuilt(site, empty)
    assert (done.links, done.stated, done.found, done.problems) == (2, 18, 7, [])
    found = {segment.key: (segment, name) for segment, name in segments(empty, "2026-0503")}
    assert {name for _, name in found.values()} == {NOBODY, "b"}
    one = next(segment for segment, name in found.values() if segment.camera == "c2")
    data = file_bytes("c2", one.interval)
    assert (one.sha256, one.size_bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (one.width, one.height, one.delayed_s, one.clock_offset_s) == (80, 48, 0.02, None)
    window = Interval(start, start + 4 * SEGMENT)
    runs = empty.evidence.runs("c2", window)
    assert [(run.started, run.ended) for run in runs] == [
        (start, start + 2 * SEGMENT),
        (start + 3 * SEGMENT, start + 4 * SEGMENT),
    ]
    assert {run.end_reason for run in runs} == {EndReason.RECORDER_KILLED}
    hole = Interval(start + 2 * SEGMENT, start + 3 * SEGMENT)
    assert gaps(empty, "c2", window) == [(hole, Cause.UNEXPLAINED)]
    assert empty.evidence.observations(list(found)) == {}  # nobody opened them: the analysis does
    assert empty.evidence.count_without_observation(100) == 7
    assert not rebuilt(site, empty)


def test_an_object_that_is_no_footage_is_told_and_left_alone(site: ClosedBatches, empty: Database) -> None:
    file = site.spool / "noise"
    file.write_bytes(b"no video at all")
    digest = hashlib.sha256(b"no video at all").hexdigest()
    for key in ("sg-001/2026-0503/c1/20260503T010000.000000Z.mp4", "sg-001/2026-0503/c1/holiday.mp4", "readme.txt"):
        site.objects.put(key, file, digest, LOCKED_UNTIL)
    done = rebuilt(site, empty)
    assert len(done.problems) == 2
    assert segments(empty, "2026-0503") == []


def test_a_restored_database_gets_what_came_after_its_backup(site: ClosedBatches, empty: Database) -> None:
    """The backup knew of one segment without its copy in the store, and of nothing later."""
    rebuilt(site, empty)
    late = site.add(FIRST, "c2", "run-c2-20260501T085956", Interval(WINDOW.end, WINDOW.end + SEGMENT), opens=False)
    known = site.database.evidence.segment(late.key)
    assert known is not None
    empty.evidence.add_segment(
        known, replace(site.database.evidence.copies([late.key])[late.key][0], place=Place.SPOOL, version_id=None)
    )
    done = rebuild(empty, [site.objects], site.clock)
    assert (done.copies, done.found, done.stated, done.problems) == (1, 0, 0, [])
    copies = empty.evidence.copies([late.key])[late.key]
    assert [each.place for each in copies] == [Place.SPOOL, Place.S3]


def test_what_somebody_hid_or_put_another_over_comes_back_all_the_same(site: ClosedBatches, empty: Database) -> None:
    keys = sorted(site.objects.keys(""))
    file = site.spool / "other"
    file.write_bytes(b"other")
    for number, key in enumerate(keys):
        if number % 2:
            site.objects.hide(key)
        else:
            site.objects.put(key, file, hashlib.sha256(b"other").hexdigest(), LOCKED_UNTIL)
    done = rebuilt(site, empty)
    assert (done.links, done.stated, done.problems) == (2, 18, [])
    assert told(empty, FIRST) == told(site.database, FIRST)


def test_a_damaged_segment_is_stated_as_damaged_again(database: Database, empty: Database, tmp_path: Path) -> None:
    site = ClosedBatches(database, tmp_path / "spool")
    site.hold(FIRST)
    bad = segments(database, FIRST)[0][0]
    site.observe(bad, SegmentState.DAMAGED)
    site.close(FIRST)
    rebuilt(site, empty)
    seen = empty.evidence.observations([bad.key])[bad.key]
    assert (seen.state, seen.bad) == (SegmentState.DAMAGED, (bad.interval,))
    assert "as stated in manifest 1 of site sg-001" in seen.detail


def test_an_amendment_is_taken_in_after_what_it_amends(database: Database, empty: Database, tmp_path: Path) -> None:
    site = ClosedBatches(database, tmp_path / "spool")
    site.hold(FIRST)
    site.close(FIRST)
    late = site.record(FIRST, "c1", f"life-{FIRST}", Interval(START + timedelta(seconds=4), START + 2 * SEGMENT))
    site.clock.step(60)
    site.close(FIRST, reason="second recorder")
    done = rebuilt(site, empty)
    assert (done.links, done.problems) == (2, [])
    assert told(empty, FIRST) == told(database, FIRST)
    assert late[0].key in {segment.key for segment, _ in segments(empty, FIRST)}


def put(site: ClosedBatches, key: str, camera: str, span: Interval) -> None:
    data = file_bytes(camera, span)
    file = site.spool / "made"
    file.write_bytes(data)
    site.objects.put(key, file, hashlib.sha256(data).hexdigest(), LOCKED_UNTIL)


def test_stamps_of_an_outside_authority_come_back_and_spoilt_ones_are_told(
    database: Database, empty: Database, stamper: StampAuthority, tmp_path: Path
) -> None:
    site = closed_twice(database, tmp_path / "spool", HttpAuthority(stamper.url, stamper.roots))
    assert len(database.closings.stamps(SITE.id)) == 2
    keys = [key for key in site.objects.keys(keeping.PREFIX) if "/stamps/" in key]
    site.objects.flip_a_byte(max(keys))
    done = rebuilt(site, empty)
    assert empty.closings.stamps(SITE.id) == database.closings.stamps(SITE.id)[:1]
    assert (done.stamps, len(done.problems)) == (1, 1)
    assert max(keys) in done.problems[0]
