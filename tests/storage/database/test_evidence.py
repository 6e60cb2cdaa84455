"""The contract of the evidence aggregate, on every database."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from domain.evidence import (
    REREAD_AFTER,
    CameraEvent,
    CameraState,
    Cause,
    EndReason,
    LostCopy,
    Observation,
    Outage,
    Place,
    SegmentState,
    SpoolName,
)
from domain.host_clock import CameraClocks, HostClock, NtpState, ServerDate, camera_clocks
from domain.timeline import MICROSECOND, Interval
from storage.database import Database
from storage.errors import ConflictingCopy, ConflictingRow, ConflictingSegment, RowRefused, UnknownRow
from tests.storage.database.examples import NINE, RECORDER, after, begin, copy, run, segment, span, store

OBJECT_LOCK = {"version_id": "v1", "locked_until": after(1e8)}


def outage(start_s: float, end_s: float | None, outage_id: str = "outage-1") -> Outage:
    end = None if end_s is None else after(end_s)
    return Outage(outage_id, "cam-1", after(start_s), end, Cause.NO_DATA, "no picture for 3 s")


def test_a_recorder_comes_back_as_it_was_written(database: Database) -> None:
    database.evidence.begin_recorder(RECORDER)
    database.evidence.begin_recorder(RECORDER)
    assert database.evidence.recorders() == [RECORDER]


def test_heartbeats_and_the_orderly_end_of_a_recorder_are_kept(database: Database) -> None:
    database.evidence.begin_recorder(RECORDER)
    database.evidence.heartbeat(RECORDER.id, after(2))
    assert database.evidence.recorders() == [replace(RECORDER, seen=after(2))]
    database.evidence.end_recorder(RECORDER.id, after(3))
    assert database.evidence.recorders() == [replace(RECORDER, seen=after(3), ended=after(3))]


def test_a_recorder_id_is_never_used_for_another_life(database: Database) -> None:
    database.evidence.begin_recorder(RECORDER)
    with pytest.raises(ConflictingRow):
        database.evidence.begin_recorder(replace(RECORDER, started=after(1)))


def test_recorders_of_a_window_are_those_whose_life_overlaps_it(database: Database) -> None:
    over, alive = replace(RECORDER, id="over"), replace(RECORDER, id="alive", started=after(5))
    for recorder in (over, alive):
        database.evidence.begin_recorder(recorder)
    database.evidence.end_recorder("over", after(10))
    assert [found.id for found in database.evidence.recorders(span(0, 5))] == ["over"]
    assert [found.id for found in database.evidence.recorders(span(9, 11))] == ["over", "alive"]
    assert [found.id for found in database.evidence.recorders(span(10, 11))] == ["alive"]


def test_lives_asked_for_by_id_are_told_wherever_they_lie(database: Database) -> None:
    for number, name in enumerate(("early", "late")):
        database.evidence.begin_recorder(replace(RECORDER, id=name, started=after(20 * number)))
        database.evidence.end_recorder(name, after(20 * number + 10))
    assert [found.id for found in database.evidence.recorders(span(22, 25), also={"early"})] == ["early", "late"]


def test_an_outage_keeps_the_recorder_that_saw_it_and_no_other(database: Database) -> None:
    begin(database)
    seen = replace(outage(0, 5), recorder=RECORDER.id)
    database.evidence.open_outage(seen)
    database.evidence.open_outage(seen)
    assert database.evidence.outages("cam-1", span(0, 10)) == [seen]
    with pytest.raises(ConflictingRow):
        database.evidence.open_outage(replace(seen, recorder=None))
    with pytest.raises(UnknownRow):
        database.evidence.open_outage(replace(outage(0, 5, "outage-2"), recorder="nobody"))


def test_the_last_segment_of_a_run_is_not_that_of_another(database: Database) -> None:
    begin(database)
    database.evidence.begin_run(replace(run(), id="run-2"))
    store(database, segment(0, 60), segment(60, 120), replace(segment(61, 119), run="run-2"))
    assert database.evidence.last_segment_of(run()) == segment(60, 120)
    assert database.evidence.last_segment_of(replace(run(), id="run-3")) is None


def test_a_run_is_open_until_it_is_ended(database: Database) -> None:
    begin(database)
    assert database.evidence.open_runs() == [run()]
    database.evidence.end_run("run-1", after(60), EndReason.NO_DATA)
    assert database.evidence.open_runs() == []
    ended = replace(run(), ended=after(60), end_reason=EndReason.NO_DATA)
    assert database.evidence.runs("cam-1", span(0, 1)) == [ended]


def test_a_run_ends_once_and_saying_so_again_changes_nothing(database: Database) -> None:
    begin(database)
    for _ in range(2):
        database.evidence.end_run("run-1", after(60), EndReason.NO_DATA)
    with pytest.raises(ConflictingRow):
        database.evidence.end_run("run-1", after(61), EndReason.NO_DATA)
    assert database.evidence.runs("cam-1", span(0, 1))[0].ended == after(60)


def test_beginning_an_ended_run_again_does_not_reopen_it(database: Database) -> None:
    begin(database)
    database.evidence.end_run("run-1", after(60), EndReason.NO_DATA)
    database.evidence.begin_run(run())
    assert database.evidence.open_runs() == []
    with pytest.raises(ConflictingRow):
        database.evidence.begin_run(run(camera="cam-2"))


def test_runs_of_a_window_are_half_open_and_include_the_open_one(database: Database) -> None:
    begin(database, run("run-1", start_s=0), run("run-2", start_s=70), run("other", "cam-2"))
    database.evidence.end_run("run-1", after(60), EndReason.CAMERA_DISCONNECTED)
    assert [found.id for found in database.evidence.runs("cam-1", span(59, 70))] == ["run-1"]
    assert database.evidence.runs("cam-1", span(60, 70)) == []
    assert [found.id for found in database.evidence.runs("cam-1", span(900, 901))] == ["run-2"]


def test_a_segment_comes_back_as_it_was_written(database: Database) -> None:
    begin(database)
    first, second = segment(0, 60.000001), replace(segment(60, 61), clock_offset_s=None)
    store(database, first, second)
    assert database.evidence.segment(first.key) == first
    assert database.evidence.segment(second.key) == second
    assert database.evidence.segment("site-1/batch-1/cam-1/none.mp4") is None


def test_writing_a_segment_again_after_a_crash_changes_nothing(database: Database) -> None:
    begin(database)
    store(database, segment(0, 60))
    again = copy(segment(0, 60), verified=after(100))
    database.evidence.add_segment(segment(0, 60), again)
    assert database.evidence.segments("cam-1", span(0, 60)) == [segment(0, 60)]
    assert database.evidence.copies([again.segment]) == {again.segment: [copy(segment(0, 60))]}


def test_a_segment_key_is_never_used_for_other_bytes(database: Database) -> None:
    begin(database)
    store(database, segment(0, 60))
    other = replace(segment(0, 60), sha256="cd" * 32)
    with pytest.raises(ConflictingSegment, match="site-1/batch-1/cam-1"):
        store(database, other)
    assert database.evidence.segment(other.key) == segment(0, 60)


def test_a_segment_and_its_copy_are_written_together_or_not_at_all(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    with pytest.raises(ConflictingCopy):
        database.evidence.add_segment(one, copy(one, size_bytes=1))
    assert database.evidence.segment(one.key) is None


def test_segments_of_a_window_are_half_open(database: Database) -> None:
    begin(database)
    first, second = segment(0, 60), segment(60, 120)
    store(database, second, first)
    assert database.evidence.segments("cam-1", span(0, 60)) == [first]
    assert database.evidence.segments("cam-1", span(59, 61)) == [first, second]
    assert database.evidence.segments("cam-1", Interval(after(120) - MICROSECOND, after(500))) == [second]
    assert database.evidence.segments("cam-1", span(120, 121)) == []
    assert database.evidence.segments("cam-2", span(0, 60)) == []


def test_segments_of_any_window_are_exactly_those_that_overlap_it(database: Database) -> None:
    """Lengths from a moment to hours, overlapping each other: the search must not rely on tidy segments."""
    begin(database)
    chance = random.Random(20260501)
    starts = chance.sample(range(10_000), 60)
    known = [segment(start, start + chance.choice((1, 10, 60, 3000))) for start in starts]
    store(database, *known)
    for _ in range(40):
        start = chance.randrange(-100, 12_000)
        window = span(start, start + chance.choice((1, 100, 5000)))
        expected = sorted((one for one in known if one.interval.overlaps(window)), key=lambda one: one.interval)
        assert database.evidence.segments("cam-1", window) == expected


def test_the_last_segment_is_the_one_that_began_last(database: Database) -> None:
    begin(database)
    assert database.evidence.last_segment("cam-1") is None
    store(database, segment(60, 120), segment(0, 60))
    assert database.evidence.last_segment("cam-1") == segment(60, 120)


def test_copies_come_back_for_every_key_asked_for(database: Database) -> None:
    begin(database)
    one, two = segment(0, 60), segment(60, 120)
    store(database, one, two)
    locked = copy(one, Place.S3, "kaojian", device="s3.example:9000", **OBJECT_LOCK)
    database.evidence.add_copy(locked)
    many = [one.key, two.key, *(f"unknown-{number}" for number in range(1200))]
    found = database.evidence.copies(many)
    assert list(found) == many
    assert found[one.key] == [copy(one), locked]
    assert found[two.key] == [copy(two)]
    assert found["unknown-7"] == []


def test_a_copy_that_differs_from_its_segment_is_refused(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    for wrong in ({"sha256": "cd" * 32}, {"size_bytes": 1}):
        with pytest.raises(ConflictingCopy):
            database.evidence.add_copy(copy(one, Place.S3, "kaojian", **wrong))


def test_the_same_copy_is_kept_once_and_with_one_lock(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    locked = copy(one, Place.S3, "kaojian", **OBJECT_LOCK)
    for _ in range(2):
        database.evidence.add_copy(locked)
    with pytest.raises(ConflictingCopy):
        database.evidence.add_copy(replace(locked, locked_until=after(5)))
    database.evidence.add_copy(replace(locked, version_id="v2"))
    assert [found.version_id for found in database.evidence.copies([one.key])[one.key]] == [None, "v1", "v2"]


def test_segments_without_a_copy_come_oldest_first_and_within_the_limit(database: Database) -> None:
    begin(database)
    first, second, third = segment(0, 60), segment(60, 120), segment(120, 180)
    store(database, third, first, second)
    assert database.evidence.segments_without_copy(Place.SPOOL, 10) == []
    assert database.evidence.segments_without_copy(Place.S3, 10) == [first, second, third]
    assert database.evidence.segments_without_copy(Place.S3, 2) == [first, second]
    database.evidence.add_copy(copy(first, Place.S3, "kaojian", **OBJECT_LOCK))
    assert database.evidence.segments_without_copy(Place.S3, 10) == [second, third]


def test_a_segment_waits_for_its_other_stores_the_newest_first(database: Database) -> None:
    begin(database)
    first, second = segment(0, 60), segment(60, 120)
    store(database, first, second)
    evidence = database.evidence
    assert evidence.segments_lacking_store("b", 10) == []  # what lies in no store waits elsewhere
    for one in (first, second):
        evidence.add_copy(copy(one, Place.S3, "a", **OBJECT_LOCK), stores=2)
    assert evidence.segments_lacking_store("b", 10) == [second, first]
    assert evidence.segments_lacking_store("b", 1) == [second]
    assert evidence.segments_lacking_store("a", 10) == []
    assert evidence.count_in_too_few_stores(10) == 2
    evidence.add_copy(copy(second, Place.S3, "b", **OBJECT_LOCK), stores=2)
    assert evidence.segments_lacking_store("b", 10) == [first]
    evidence.add_copy(copy(first, Place.S3, "a", **OBJECT_LOCK), stores=1)
    assert evidence.count_in_too_few_stores(10) == 0


def test_a_batch_may_be_wanted_in_more_stores_than_before(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    evidence = database.evidence
    evidence.add_copy(copy(one, Place.S3, "a", **OBJECT_LOCK), stores=1)
    assert [evidence.want_stores(one.batch, 2) for _ in range(2)] == [1, 0]
    assert evidence.segments_lacking_store("b", 10) == [one]
    assert evidence.want_stores("another", 2) == 0
    assert evidence.last_of_batch(one.batch) == one.interval.start
    with pytest.raises(UnknownRow, match="another"):
        evidence.last_of_batch("another")


def test_a_spool_file_is_told_by_whether_it_lies_in_all_stores_it_is_to_lie_in(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    evidence, spool = database.evidence, SpoolName("/spool", "")
    for bucket, complete in (("a", []), ("b", [one])):
        evidence.add_copy(copy(one, Place.S3, bucket, **OBJECT_LOCK), stores=2)
        assert evidence.kept_twice(spool, 10, everywhere=True) == complete
        assert evidence.kept_twice(spool, 10, everywhere=False) == ([] if complete else [one])


def test_a_removed_copy_keeps_its_row_and_counts_no_more(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    for _ in range(2):
        database.evidence.tombstone_copy(one.key, Place.SPOOL, "/spool", after(99))
    assert database.evidence.copies([one.key])[one.key] == [copy(one, removed=after(99))]
    assert database.evidence.segments_without_copy(Place.SPOOL, 10) == [one]


def test_a_copy_can_be_written_again_where_one_was_removed(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    database.evidence.tombstone_copy(one.key, Place.SPOOL, "/spool", after(99))
    back = copy(one, verified=after(200))
    database.evidence.add_copy(back)
    assert database.evidence.copies([one.key])[one.key] == [copy(one, removed=after(99)), back]
    assert database.evidence.segments_without_copy(Place.SPOOL, 10) == []


def test_removing_one_of_two_copies_leaves_the_other_standing(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    database.evidence.add_copy(copy(one, target="/second"))
    database.evidence.tombstone_copy(one.key, Place.SPOOL, "/spool", after(99))
    assert database.evidence.segments_without_copy(Place.SPOOL, 10) == []
    database.evidence.tombstone_copy(one.key, Place.SPOOL, "/second", after(99))
    assert database.evidence.segments_without_copy(Place.SPOOL, 10) == [one]


def test_copies_are_due_a_day_after_they_were_stored_where_they_can_be_asked(database: Database) -> None:
    begin(database)
    one, two = segment(0, 60), segment(60, 120)
    ours = copy(one, spool="ours")
    database.evidence.add_segment(one, ours)
    database.evidence.add_segment(two, copy(two, spool="theirs", verified=ours.verified + timedelta(seconds=1)))
    stored = copy(one, Place.S3, "kaojian", verified=ours.verified + timedelta(seconds=2), **OBJECT_LOCK)
    database.evidence.add_copy(stored)
    due = ours.verified + REREAD_AFTER
    evidence = database.evidence
    assert evidence.due_copies(due - timedelta(microseconds=1), 10, ["ours"], []) == []
    assert evidence.due_copies(due, 10, ["ours"], ["kaojian"]) == [(one, ours)]
    later = due + timedelta(seconds=2)
    assert evidence.due_copies(later, 10, ["ours"], ["kaojian"]) == [(one, ours), (one, stored)]
    assert evidence.due_copies(later, 10, [], ["other"]) == []
    assert evidence.count_due_copies(later, 10) == 3
    evidence.note_reread(ours, later, later + timedelta(days=30))
    evidence.postpone_reread(stored, later + timedelta(minutes=10))
    assert evidence.count_due_copies(later, 10) == 1
    assert evidence.copies([one.key])[one.key] == [ours, stored]


def test_a_lost_copy_has_its_tombstone_once_and_tells_how_many_stand(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    database.evidence.add_segment(one, copy(one))
    stored = copy(one, Place.S3, "kaojian", **OBJECT_LOCK)
    database.evidence.add_copy(stored)
    lost = LostCopy(stored, after(300), SegmentState.DAMAGED)
    assert database.evidence.lose_copy(lost) == 1
    assert database.evidence.lose_copy(lost) is None
    assert database.evidence.segments_without_copy(Place.S3, 10) == [one]
    assert database.evidence.lost_copies(after(300), 10) == [replace(lost, copy=replace(stored, removed=after(300)))]
    assert database.evidence.lost_copies(after(301), 10) == []
    assert database.evidence.lose_copy(LostCopy(copy(one), after(301), SegmentState.MISSING)) == 0


def test_an_outage_lasts_until_it_is_closed(database: Database) -> None:
    database.evidence.open_outage(outage(0, None))
    database.evidence.open_outage(outage(0, None))
    assert database.evidence.open_outages() == [outage(0, None)]
    database.evidence.close_outage("outage-1", after(8), Cause.CAMERA_DISCONNECTED, "the camera hung up")
    assert database.evidence.open_outages() == []
    known = replace(outage(0, 8), cause=Cause.CAMERA_DISCONNECTED, detail="the camera hung up")
    assert database.evidence.outages("cam-1", span(0, 1)) == [known]


def test_closing_an_outage_keeps_what_is_not_told_anew(database: Database) -> None:
    database.evidence.open_outage(outage(0, None))
    for _ in range(2):
        database.evidence.close_outage("outage-1", after(8))
    assert database.evidence.outages("cam-1", span(0, 1)) == [outage(0, 8)]
    with pytest.raises(ConflictingRow):
        database.evidence.close_outage("outage-1", after(9))


def test_outages_of_a_window_are_half_open_and_include_the_lasting_one(database: Database) -> None:
    over, lasting = outage(0, 8, "over"), outage(20, None, "lasting")
    for one in (lasting, over):
        database.evidence.open_outage(one)
    assert database.evidence.outages("cam-1", span(7, 21)) == [over, lasting]
    assert database.evidence.outages("cam-1", span(8, 20)) == []
    assert database.evidence.outages("cam-1", span(500, 501)) == [lasting]
    assert database.evidence.outages("cam-2", span(0, 100)) == []


def test_the_latest_observation_speaks_for_a_segment(database: Database) -> None:
    begin(database)
    one, two = segment(0, 60), segment(60, 120)
    store(database, one, two)
    bad = (span(1, 2), Interval(after(3), after(3) + MICROSECOND))
    later = Observation(one.key, after(70), SegmentState.DAMAGED, 880, bad, "two spans do not decode")
    earlier = Observation(one.key, after(65), SegmentState.MISSING, 0, (one.interval,))
    for observation in (later, earlier):
        database.evidence.add_observation(observation)
    assert database.evidence.observations([one.key, two.key]) == {one.key: later}


def test_of_two_observations_of_one_instant_the_one_written_last_speaks(database: Database) -> None:
    begin(database)
    one = segment(0, 60)
    store(database, one)
    for state in (SegmentState.MISSING, SegmentState.OK):
        database.evidence.add_observation(Observation(one.key, after(70), state, 900))
    assert database.evidence.observations([one.key])[one.key].state is SegmentState.OK


def test_segments_without_an_observation_come_oldest_first(database: Database) -> None:
    begin(database)
    first, second, third = segment(0, 60), segment(60, 120), segment(120, 180)
    store(database, third, first, second)
    database.evidence.add_observation(Observation(first.key, after(70), SegmentState.OK, 900))
    assert database.evidence.segments_without_observation(10) == [second, third]
    assert database.evidence.segments_without_observation(1) == [second]


@pytest.mark.parametrize(
    "act",
    [
        lambda evidence: evidence.heartbeat("nobody", NINE),
        lambda evidence: evidence.end_recorder("nobody", NINE),
        lambda evidence: evidence.begin_run(run()),
        lambda evidence: evidence.end_run("nothing", NINE, EndReason.NO_DATA),
        lambda evidence: evidence.add_segment(segment(0, 60), copy(segment(0, 60))),
        lambda evidence: evidence.add_copy(copy(segment(0, 60))),
        lambda evidence: evidence.tombstone_copy("nothing", Place.SPOOL, "/spool", NINE),
        lambda evidence: evidence.close_outage("nothing", NINE),
        lambda evidence: evidence.add_observation(Observation("nothing", NINE, SegmentState.OK, 1)),
    ],
    ids=[
        "heartbeat",
        "end_recorder",
        "begin_run",
        "end_run",
        "add_segment",
        "add_copy",
        "tombstone",
        "close_outage",
        "observe",
    ],
)
def test_a_fact_about_something_never_written_is_refused(database: Database, act: Callable[[object], None]) -> None:
    with pytest.raises(UnknownRow):
        act(database.evidence)


def test_a_time_without_zone_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        database.evidence.begin_recorder(replace(RECORDER, started=NINE.replace(tzinfo=None)))
    assert database.evidence.recorders() == []


def test_an_instant_told_in_another_zone_comes_back_in_utc(database: Database) -> None:
    china = NINE.astimezone(timezone(timedelta(hours=8)))
    database.evidence.begin_recorder(replace(RECORDER, started=china))
    found: datetime = database.evidence.recorders()[0].started
    assert (found, found.utcoffset()) == (NINE, timedelta(0))


def test_a_copy_of_another_segment_is_a_mistake_of_the_caller(database: Database) -> None:
    begin(database)
    with pytest.raises(ValueError, match="is no copy of"):
        database.evidence.add_segment(segment(0, 60), copy(segment(60, 120)))


NTP = NtpState(-0.000123, 0.031, 0.002, unsynchronised_flag=False)
SERVER = ServerDate("s3.example:9000", 0.42, 0.501, independent=True)
CAMERAS = CameraClocks(6, 5, 0.013, 0.2)


@pytest.mark.parametrize(
    "reading",
    [
        HostClock("recorder-1", after(0.000001), NTP, SERVER, CAMERAS),
        HostClock("recorder-1", after(60), NTP),
        HostClock("recorder-1", after(60), server=SERVER),
        HostClock("recorder-1", after(60), cameras=CAMERAS),
        HostClock("recorder-1", after(60), cameras=camera_clocks({"10.0.0.1:554": 0.1, "[::1]:554": -0.0123})),
        HostClock("recorder-1", after(60)),
    ],
)
def test_a_reading_of_the_clock_comes_back_as_it_was_written(database: Database, reading: HostClock) -> None:
    begin(database)
    database.evidence.add_clock_reading(reading)
    database.evidence.add_clock_reading(reading)
    assert database.evidence.clock_readings(span(0, 61)) == [reading]


def test_readings_of_a_window_are_those_inside_it_of_all_recorders(database: Database) -> None:
    for name in ("recorder-1", "recorder-2"):
        database.evidence.begin_recorder(replace(RECORDER, id=name, reads_clock=True))
        for second in (0, 60, 120):
            database.evidence.add_clock_reading(HostClock(name, after(second), NTP))
    found = database.evidence.clock_readings(span(60, 120))
    assert [(each.recorder, each.at) for each in found] == [("recorder-1", after(60)), ("recorder-2", after(60))]
    assert all(recorder.reads_clock for recorder in database.evidence.recorders())


def test_a_reading_is_never_replaced_and_needs_its_recorder(database: Database) -> None:
    begin(database)
    database.evidence.add_clock_reading(HostClock("recorder-1", after(0), NTP))
    with pytest.raises(ConflictingRow):
        database.evidence.add_clock_reading(HostClock("recorder-1", after(0), server=SERVER))
    with pytest.raises(UnknownRow):
        database.evidence.add_clock_reading(HostClock("nobody", after(0), NTP))


def test_recorders_are_open_until_they_end_and_the_last_one_is_known(database: Database) -> None:
    assert database.evidence.last_recorder() is None
    database.evidence.begin_recorder(RECORDER)
    later = replace(RECORDER, id="recorder-2", started=after(1), seen=after(1))
    database.evidence.begin_recorder(later)
    assert database.evidence.open_recorders() == [RECORDER, later]
    database.evidence.end_recorder(later.id, after(2))
    assert database.evidence.open_recorders() == [RECORDER]
    assert database.evidence.last_recorder() == replace(later, seen=after(2), ended=after(2))


def test_outages_of_today_are_those_that_last_or_ended_since(database: Database) -> None:
    begin(database)
    for each in (outage(0, 5, "old"), outage(1, 11, "over"), outage(2, None, "lasts"), outage(12, 13, "new")):
        database.evidence.open_outage(each)
    assert [each.id for each in database.evidence.outages_since(after(10))] == ["over", "lasts", "new"]


def test_what_waits_is_counted_up_to_the_limit(database: Database) -> None:
    begin(database)
    for start in range(0, 50, 10):
        store(database, segment(start, start + 10))
    for count in (lambda limit: database.evidence.count_without_copy(Place.S3, limit), _unopened(database)):
        assert [count(limit) for limit in (3, 100)] == [3, 5]


def _unopened(database: Database) -> Callable[[int], int]:
    return database.evidence.count_without_observation


def _event(number: int, state: CameraState, camera: str = "cam-1") -> CameraEvent:
    return CameraEvent(f"event-{number}", camera, RECORDER.id, after(number), state, "no route to it", number)


def test_the_states_of_cameras_come_back_in_order_and_a_repeat_changes_nothing(database: Database) -> None:
    database.evidence.begin_recorder(RECORDER)
    events = [
        replace(_event(1, CameraState.LIVE), dark_s=2.5),
        _event(2, CameraState.LOST),
        _event(3, CameraState.REFUSED, "cam-2"),
    ]
    for event in (*events, events[0]):
        database.evidence.add_event(event)
    assert database.evidence.events(span(0, 10)) == events
    assert database.evidence.events(span(1, 2)) == events[:1]
    newest = database.evidence.latest_events({RECORDER.id, "nobody"}, ["cam-1", "cam-2", "cam-3"])
    assert newest == [events[2], events[1]]
    assert database.evidence.latest_events({"nobody"}, ["cam-1"]) == []
    assert database.evidence.latest_events(set(), ["cam-1"]) == []
    with pytest.raises(ConflictingRow):
        database.evidence.add_event(replace(events[0], state=CameraState.LOST))
    with pytest.raises(UnknownRow):
        database.evidence.add_event(replace(events[0], id="other", recorder="nobody"))


def test_a_value_that_no_database_can_hold_is_refused_and_not_called_an_absence(database: Database) -> None:
    begin(database)
    for event in (
        CameraEvent("e", "cam-1", RECORDER.id, after(0), CameraState.LOST, changes=1 << 70),
        CameraEvent("e", "cam-1", RECORDER.id, after(0), CameraState.LOST, detail="\ud800"),
    ):
        with pytest.raises(RowRefused):
            database.evidence.add_event(event)


def test_a_value_that_one_database_cannot_hold_is_written_or_refused(database: Database) -> None:
    begin(database)
    event = CameraEvent("e", "cam-1", RECORDER.id, after(0), CameraState.LOST, detail="nul \0")
    try:
        database.evidence.add_event(event)
    except RowRefused:
        assert database.evidence.events(span(-1, 1)) == []
    else:
        assert database.evidence.events(span(-1, 1)) == [event]


def test_an_adopted_recorder_is_widened_and_one_that_was_seen_alive_never_is(database: Database) -> None:
    evidence, known = database.evidence, replace(RECORDER, id="adopted-1", ended=NINE)
    evidence.adopt_recorder(known)
    evidence.adopt_recorder(replace(known, started=after(-5), seen=after(-1), ended=after(-1)))
    evidence.adopt_recorder(replace(known, started=after(-1), seen=after(7), ended=after(7)))
    assert evidence.recorders() == [replace(known, started=after(-5), seen=after(7), ended=after(7))]
    evidence.begin_recorder(RECORDER)
    with pytest.raises(ConflictingRow):
        evidence.adopt_recorder(replace(RECORDER, seen=after(9), ended=after(9)))
    with pytest.raises(ConflictingRow):
        evidence.adopt_recorder(replace(known, host="another"))
    assert RECORDER in evidence.recorders()


def test_an_adopted_segment_brings_run_copies_and_observation_and_is_taken_once(database: Database) -> None:
    evidence = database.evidence
    evidence.adopt_recorder(replace(RECORDER, ended=NINE))
    first, second = segment(0, 60), segment(60, 120)
    ended = replace(run(), ended=after(60), end_reason=EndReason.RECORDER_KILLED)
    there = copy(first, Place.S3, "bucket", **OBJECT_LOCK)
    seen = Observation(first.key, after(100), SegmentState.OK, 900)
    assert evidence.adopt_segment(first, ended, [there], seen)
    assert not evidence.adopt_segment(first, ended, [there], seen)
    assert evidence.adopt_segment(second, replace(ended, started=after(60), ended=after(120)), [], None)
    assert evidence.segments("cam-1", span(0, 120)) == [first, second]
    assert evidence.runs("cam-1", span(0, 120)) == [replace(ended, ended=after(120))]
    assert evidence.copies([first.key, second.key]) == {first.key: [there], second.key: []}
    assert evidence.observations([first.key, second.key]) == {first.key: seen}
    assert evidence.segments_without_copy(Place.S3, 9) == [second]
    assert evidence.segments_without_observation(9) == [second]


def test_a_run_that_a_recorder_lived_is_not_changed_by_what_is_adopted_into_it(database: Database) -> None:
    begin(database)
    database.evidence.end_run("run-1", after(60), EndReason.NO_DATA)
    lived = database.evidence.runs("cam-1", span(0, 200))
    database.evidence.adopt_recorder(replace(RECORDER, id="adopted-1", ended=NINE))
    adopted = replace(run(), recorder="adopted-1", ended=after(180))
    assert database.evidence.adopt_segment(segment(60, 120), adopted, [], None)
    assert database.evidence.runs("cam-1", span(0, 200)) == lived


def test_an_adopted_segment_with_a_copy_of_other_bytes_is_not_taken_at_all(database: Database) -> None:
    database.evidence.adopt_recorder(replace(RECORDER, ended=NINE))
    one = segment(0, 60)
    with pytest.raises(ConflictingCopy):
        database.evidence.adopt_segment(one, run(), [copy(one, Place.S3, "bucket", sha256="cd" * 32)], None)
    assert database.evidence.segment(one.key) is None
    assert database.evidence.runs("cam-1", span(0, 60)) == []
