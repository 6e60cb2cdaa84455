"""The partition of a window by evidence: examples of each rule, then properties over random ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis.coverage import (
    GIVEN_UP_AFTER,
    CameraLedger,
    camera_coverage,
    proven,
    settled_until,
    station_coverage,
)
from domain.evidence import CameraCause, Cause, Coverage, EndReason, Gap, Outage, RecorderCause, Segment, SegmentState
from domain.timeline import Interval, IntervalSet
from domain.withholding import WithheldBy
from tests.analysis.ledgers import (
    at,
    ledger,
    observation,
    outage,
    recorder,
    run,
    segment,
    span,
    spool_copy,
)

T = TypeVar("T")

WINDOW = span(0, 100)
_HALF_A_PICTURE = timedelta(seconds=1 / 30)  # of the segments of ``ledgers``, and no more than a rounding longer
NOW = at(500)


def spans(coverage: Coverage, cause: Cause) -> IntervalSet:
    return IntervalSet(gap.interval for gap in coverage.gaps if gap.cause is cause)


def cover(evidence: CameraLedger, window: Interval = WINDOW) -> Coverage:
    return camera_coverage(evidence, window, NOW)


class TestCamera:
    def test_footage_that_was_kept_and_decoded_covers(self) -> None:
        coverage = cover(ledger([segment(-10, 60), segment(60, 120)]))
        assert coverage.gaps == ()
        assert coverage.covered == IntervalSet([WINDOW])

    def test_nothing_at_all_is_a_stopped_recorder(self) -> None:
        assert cover(ledger(runs=[])).gaps == (Gap(WINDOW, Cause.RECORDER_STOPPED),)

    def test_time_inside_a_run_that_nothing_explains_is_unexplained(self) -> None:
        coverage = cover(ledger([segment(0, 40), segment(41.5, 100)]))
        assert coverage.gaps == (Gap(span(40, 41.5), Cause.UNEXPLAINED),)

    def test_an_outage_takes_away_footage_and_gives_its_cause(self) -> None:
        coverage = cover(ledger([segment(0, 100)], outages=[outage(10, 18, Cause.PACKET_LOSS)]))
        assert coverage.gaps == (Gap(span(10, 18), Cause.PACKET_LOSS),)

    @pytest.mark.parametrize("confirmed", [False, True])
    def test_a_file_that_is_withheld_covers_nothing_and_says_why(self, confirmed: bool) -> None:
        files = [segment(0, 40), segment(40, 60), segment(60, 100)]
        withheld = {files[1].key: WithheldBy(1, confirmed)}
        coverage = cover(ledger(files, withheld=withheld))
        assert coverage.gaps == (Gap(span(40, 60), Cause.WITHHELD),)
        unopened = {each.key: observation(each) for each in files if each is not files[1]}
        unseen = ledger(files, withheld=withheld, observations=unopened)
        assert cover(unseen) == coverage
        assert settled_until(unseen, NOW) == NOW
        both = cover(ledger(files, withheld=withheld, outages=[outage(50, 70, Cause.NO_DATA)]))
        assert both.gaps == (Gap(span(40, 50), Cause.WITHHELD), Gap(span(50, 70), Cause.NO_DATA))

    def test_what_was_lost_is_missing_until_both_sides_confirmed_and_destroyed_after_it(self) -> None:
        file = segment(0, 100)
        for confirmed, cause in ((False, Cause.SEGMENT_MISSING), (True, Cause.WITHHELD)):
            gone = ledger([file], copies={file.key: []}, withheld={file.key: WithheldBy(1, confirmed)})
            assert cover(gone).gaps == (Gap(WINDOW, cause),)

    def test_of_two_outages_at_one_time_the_best_ranked_is_named(self) -> None:
        both = [outage(10, 20, Cause.NO_DATA), outage(15, 25, Cause.DISK_FULL)]
        assert cover(ledger([segment(0, 100)], outages=both)).gaps == (
            Gap(span(10, 15), Cause.NO_DATA),
            Gap(span(15, 25), Cause.DISK_FULL),
        )

    def test_touching_outages_of_one_cause_are_one_gap(self) -> None:
        both = [outage(10, 20, Cause.NO_DATA), outage(20, 25, Cause.NO_DATA)]
        assert cover(ledger([segment(0, 100)], outages=both)).gaps == (Gap(span(10, 25), Cause.NO_DATA),)

    def test_an_outage_that_lasts_ends_at_now(self) -> None:
        evidence = ledger([segment(0, 90)], outages=[outage(90, None, Cause.CAMERA_DISCONNECTED)])
        coverage = camera_coverage(evidence, WINDOW, at(95))
        assert spans(coverage, Cause.CAMERA_DISCONNECTED) == IntervalSet([span(90, 95)])

    def test_a_damaged_segment_never_covers(self) -> None:
        one = segment(0, 100)
        coverage = cover(ledger([one], observations={one.key: observation(one, SegmentState.DAMAGED)}))
        assert coverage.gaps == (Gap(WINDOW, Cause.SEGMENT_DAMAGED),)

    def test_only_the_bad_part_of_a_damaged_segment_is_lost(self) -> None:
        one = segment(0, 100)
        seen = observation(one, SegmentState.DAMAGED, [span(30, 32)])
        assert cover(ledger([one], observations={one.key: seen})).gaps == (Gap(span(30, 32), Cause.SEGMENT_DAMAGED),)

    def test_a_millisecond_that_does_not_decode_beside_a_loss_belongs_to_it(self) -> None:
        one = segment(0, 100)
        seen = observation(one, SegmentState.DAMAGED, [span(30.2, 32.001)])
        evidence = ledger([one], outages=[outage(30, 32, Cause.PACKET_LOSS)], observations={one.key: seen})
        assert cover(evidence).gaps == (Gap(span(30, 32.001), Cause.PACKET_LOSS),)

    def test_a_missing_segment_never_covers(self) -> None:
        one = segment(0, 100)
        coverage = cover(ledger([one], observations={one.key: observation(one, SegmentState.MISSING)}))
        assert coverage.gaps == (Gap(WINDOW, Cause.SEGMENT_MISSING),)

    def test_a_missing_segment_is_missing_as_a_whole_whatever_spans_are_listed(self) -> None:
        one = segment(0, 100)
        seen = observation(one, SegmentState.MISSING, [span(30, 32)])
        assert cover(ledger([one], observations={one.key: seen})).gaps == (Gap(WINDOW, Cause.SEGMENT_MISSING),)

    def test_a_segment_whose_copies_were_all_removed_is_missing(self) -> None:
        one = segment(0, 100)
        coverage = cover(ledger([one], copies={one.key: [spool_copy(one, removed=NOW)]}))
        assert coverage.gaps == (Gap(WINDOW, Cause.SEGMENT_MISSING),)

    def test_footage_nobody_opened_covers_nothing(self) -> None:
        one, other = segment(0, 50), segment(50, 100)
        coverage = cover(ledger([one, other], observations={one.key: observation(one)}))
        assert coverage.gaps == (Gap(span(50, 100), Cause.UNEXPLAINED),)

    def test_the_outage_of_a_disconnect_goes_before_the_stopped_recorder_around_it(self) -> None:
        evidence = ledger([segment(0, 40)], runs=[run(0, 40)], outages=[outage(40, 48, Cause.CAMERA_DISCONNECTED)])
        assert cover(evidence).gaps == (
            Gap(span(40, 48), Cause.CAMERA_DISCONNECTED),
            Gap(span(48, 100), Cause.RECORDER_STOPPED),
        )

    def test_good_footage_beside_a_damaged_segment_covers(self) -> None:
        bad, good = segment(0, 100), segment(40, 60, run="run-2")
        seen = {bad.key: observation(bad, SegmentState.DAMAGED), good.key: observation(good)}
        assert cover(ledger([bad, good], observations=seen)).covered == IntervalSet([span(40, 60)])

    def test_edges_are_rounded_to_milliseconds_first(self) -> None:
        coverage = camera_coverage(ledger([segment(0.0004, 50.0006)]), span(0.0002, 100.0007), NOW)
        assert coverage.window == span(0, 100.001)
        assert coverage.covered == IntervalSet([span(0, 50.001)])

    def test_a_seam_below_a_millisecond_within_a_run_is_no_gap(self) -> None:
        halves = [segment(0, 50.0004), segment(50.0006, 100)]
        assert cover(ledger(halves)).gaps == ()
        later = [halves[0], segment(50.0016, 100)]
        assert cover(ledger(later)).gaps == (Gap(span(50, 50.002), Cause.UNEXPLAINED),)

    def test_a_run_that_begins_with_the_very_next_picture_leaves_no_gap_behind_the_run_before(self) -> None:
        next_run = [segment(0, 50), segment(50.03, 100, run="run-2")]  # at 15 pictures a second
        between = [outage(50, 50.03, Cause.OVERFLOW)]
        assert cover(ledger(next_run, outages=between)).gaps == ()
        (first, second) = proven(ledger(next_run, outages=between), WINDOW, NOW)
        assert (first.spans, second.spans) == (IntervalSet([span(0, 50.03)]), IntervalSet([span(50.03, 100)]))

    def test_a_run_that_begins_where_a_picture_was_due_leaves_a_gap(self) -> None:
        between = outage(50, 50.04, Cause.OVERFLOW)
        evidence = ledger([segment(0, 50), segment(50.04, 100, run="run-2")], outages=[between])
        assert cover(evidence).gaps == (Gap(span(50, 50.04), Cause.OVERFLOW),)

    def test_how_long_pictures_take_is_not_told_by_the_pauses_between_them(self) -> None:
        one, other = replace(segment(0, 50), frames=75), segment(50.1, 100, run="run-2")
        sparse = replace(other, frames=75)  # both of 15 pictures a second, 45 s of pause in each
        pauses = [outage(2, 47), outage(55, 99.9)]
        assert span(50, 50.1) in [gap.interval for gap in cover(ledger([one, sparse], outages=pauses)).gaps]

    def test_the_gap_of_a_clock_step_stays_however_short(self) -> None:
        runs = [replace(run(0, 50), end_reason=EndReason.CLOCK_STEP), run(50.03, 100, name="run-2")]
        evidence = ledger([segment(0, 50), segment(50.03, 100, run="run-2")], runs=runs)
        assert cover(evidence).gaps == (Gap(span(50, 50.03), Cause.RECORDER_STOPPED),)

    @pytest.mark.parametrize("lost", [outage(49, 50.03), outage(50, 51)])
    def test_a_gap_that_took_footage_of_either_run_is_whole(self, lost: Outage) -> None:
        evidence = ledger([segment(0, 50), segment(50.03, 100, run="run-2")], outages=[lost])
        assert [gap.interval for gap in cover(evidence).gaps] == [lost.interval(NOW)]

    def test_a_window_below_a_millisecond_is_refused(self) -> None:
        with pytest.raises(ValueError, match="a millisecond at least"):
            camera_coverage(ledger(), span(0, 0.0003), NOW)


class TestRuns:
    def test_the_open_run_of_a_dead_recorder_ends_with_its_last_closed_segment(self) -> None:
        evidence = ledger([segment(0, 40)], runs=[run(0, None)], recorders=[recorder(43)])
        assert cover(evidence).gaps == (Gap(span(40, 100), Cause.RECORDER_STOPPED),)
        assert settled_until(evidence, NOW) == NOW

    def test_the_open_run_of_a_recorder_that_stopped_in_order_ends_with_it(self) -> None:
        evidence = ledger([segment(0, 40)], runs=[run(0, None)], recorders=[recorder(500, ended=40)])
        assert cover(evidence).gaps == (Gap(span(40, 100), Cause.RECORDER_STOPPED),)

    def test_the_open_run_of_an_unknown_recorder_ends_with_its_footage(self) -> None:
        evidence = ledger([segment(0, 40)], runs=[run(0, None)])
        assert cover(evidence).gaps == (Gap(span(40, 100), Cause.RECORDER_STOPPED),)

    def test_a_live_recorder_may_still_be_writing_after_its_last_closed_segment(self) -> None:
        evidence = ledger([segment(0, 40)], runs=[run(0, None)], recorders=[recorder(59)])
        assert settled_until(evidence, at(60)) == at(40)

    def test_a_recorder_whose_heartbeat_is_late_may_still_be_writing(self) -> None:
        evidence = ledger([segment(0, 40)], runs=[run(0, None)], recorders=[recorder(43)])
        assert settled_until(evidence, at(43) + GIVEN_UP_AFTER) == at(40)
        assert settled_until(evidence, at(44) + GIVEN_UP_AFTER) == at(44) + GIVEN_UP_AFTER

    def test_footage_of_another_run_does_not_settle_an_open_one(self) -> None:
        mixed = [segment(0, 40), segment(40, 55, run="run-2")]
        evidence = ledger(mixed, runs=[run(0, None), run(40, 55, name="run-2")], recorders=[recorder(59)])
        assert settled_until(evidence, at(60)) == at(40)

    def test_a_run_without_a_closed_segment_is_settled_up_to_its_start(self) -> None:
        evidence = ledger(runs=[run(10, None)], recorders=[recorder(59)])
        assert settled_until(evidence, at(60)) == at(10)

    def test_a_segment_that_was_not_opened_is_undecided_from_its_start(self) -> None:
        one, other = segment(0, 50), segment(50, 100)
        assert settled_until(ledger([one, other], observations={one.key: observation(one)}), NOW) == at(50)

    def test_a_pause_that_the_next_run_may_close_is_not_settled(self) -> None:
        for pause_s, settled in ((0.02, at(40)), (0.04, at(40.04))):
            runs = [run(0, 40), run(40 + pause_s, None, name="run-2")]
            evidence = ledger([segment(0, 40)], runs=runs, recorders=[recorder(59)])
            assert settled_until(evidence, at(60)) == settled

    def test_closed_runs_and_opened_segments_are_settled_up_to_now(self) -> None:
        assert settled_until(ledger([segment(0, 40)]), NOW) == NOW


class TestStation:
    def test_a_station_without_a_camera_is_one_gap(self) -> None:
        assert station_coverage({}, WINDOW).gaps == (Gap(WINDOW, Cause.NO_CAMERA),)

    def test_what_any_camera_sees_is_covered(self) -> None:
        left, right = cover(ledger([segment(0, 60)])), cover(ledger([segment(40, 100)]))
        assert station_coverage({"left": left, "right": right}, WINDOW).gaps == ()

    def test_a_gap_is_split_where_the_cause_of_any_camera_changes(self) -> None:
        left = cover(ledger([segment(0, 20)], runs=[run(0, 20)], outages=[outage(20, 100, Cause.NO_DATA)]))
        right = cover(ledger([segment(0, 10)], runs=[run(0, 10)], outages=[outage(10, 30, Cause.DISK_FULL)]))
        no_data = CameraCause("left", Cause.NO_DATA)
        assert station_coverage({"right": right, "left": left}, WINDOW).gaps == (
            Gap(span(20, 30), Cause.DISK_FULL, (no_data, CameraCause("right", Cause.DISK_FULL))),
            Gap(span(30, 100), Cause.RECORDER_STOPPED, (no_data, CameraCause("right", Cause.RECORDER_STOPPED))),
        )

    def test_a_view_of_another_window_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cam-1 is of another window"):
            station_coverage({"cam-1": cover(ledger())}, span(0, 99))

    def test_twelve_cameras_of_four_hours_with_thousands_of_outages_are_computed(self) -> None:
        window = span(0, 4 * 3600)
        views = {}
        for number in range(12):
            minutes = [segment(60 * i, 60 * i + 60) for i in range(240)]
            losses = [outage(3 * i + number / 7, 3 * i + 2, Cause.PACKET_LOSS) for i in range(4000)]
            views[f"cam-{number}"] = camera_coverage(ledger(minutes, outages=losses), window, at(20000))
        coverage = station_coverage(views, window)
        assert len(coverage.gaps) == 4000


# -- properties -------------------------------------------------------------------------------------------------

edges = st.tuples(st.integers(-20, 120_000), st.integers(1, 60_000)).map(
    lambda pair: (pair[0] / 1000, (pair[0] + pair[1]) / 1000)
)
segments = st.lists(edges, max_size=6, unique=True).map(lambda found: [segment(*edge) for edge in found])
causes = st.sampled_from(
    [Cause.DISK_FULL, Cause.CAMERA_DISCONNECTED, Cause.NO_DATA, Cause.PACKET_LOSS, Cause.RECORDER_STOPPED]
)
outages = st.lists(st.tuples(edges, causes).map(lambda pair: outage(*pair[0], pair[1])), max_size=6)


@st.composite
def ledgers(draw: st.DrawFn) -> CameraLedger:
    """Random footage in random states, with random outages, inside one or two runs, some of them close together."""
    found: list[Segment] = draw(segments)
    for one in found[: draw(st.integers(0, 3))]:
        begins = (one.interval.end - at(0)) / timedelta(seconds=1) + draw(st.integers(0, 40)) / 1000
        found = [*found, segment(begins, begins + draw(st.integers(1, 9)), run="run-2")]
    observations, copies = {}, {}
    for one in found:
        state = draw(st.sampled_from([*SegmentState, None]))
        bad = []
        if state is SegmentState.DAMAGED and draw(st.booleans()):
            bad = [Interval(one.interval.start, one.interval.start + (one.interval.end - one.interval.start) / 2)]
        if state is not None:
            observations[one.key] = observation(one, state, [item for item in bad if item.rounded()])
        copies[one.key] = [spool_copy(one, removed=draw(st.sampled_from([None, None, NOW])))]
    lost: list[Outage] = draw(outages)
    long = [run(-100, 200), run(150, 200, name="run-2")]
    runs = draw(st.sampled_from([long, [run(0, 30), run(50, 90, name="run-2")], []]))
    return ledger(found, runs=runs, outages=lost, copies=copies, observations=observations)


def length(gaps: Sequence[Gap]) -> timedelta:
    return sum((gap.interval.end - gap.interval.start for gap in gaps), timedelta())


@given(ledgers())
def test_covered_and_gaps_always_add_up_to_the_window(evidence: CameraLedger) -> None:
    coverage = cover(evidence)
    assert coverage.covered.length + length(coverage.gaps) == timedelta(seconds=100)
    assert list(coverage.gaps) == sorted(coverage.gaps, key=lambda gap: gap.interval)


@given(ledgers(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_the_evidence_do_not_matter(evidence: CameraLedger, random: Random) -> None:
    def shuffled(items: Sequence[T]) -> list[T]:
        twice = [*items, *items]
        random.shuffle(twice)
        return twice

    again = replace(
        evidence,
        runs=shuffled(evidence.runs),
        segments=shuffled(evidence.segments),
        outages=shuffled(evidence.outages),
        copies={key: shuffled(found) for key, found in reversed(list(evidence.copies.items()))},
    )
    assert cover(again) == cover(evidence)
    assert settled_until(again, NOW) == settled_until(evidence, NOW)


@given(ledgers(), edges)
def test_one_more_segment_never_makes_a_gap_longer(evidence: CameraLedger, edge: tuple[float, float]) -> None:
    more = segment(*edge, run="run-9")
    richer = replace(
        evidence,
        segments=[*evidence.segments, more],
        copies={**evidence.copies, more.key: [spool_copy(more)]},
        observations={**evidence.observations, more.key: observation(more)},
    )
    before, after = cover(evidence), cover(richer)
    assert before.covered - after.covered == IntervalSet()
    assert length(after.gaps) <= length(before.gaps)


@given(ledgers())
def test_without_copies_exactly_the_covered_time_becomes_missing(evidence: CameraLedger) -> None:
    before = cover(evidence)
    bare = {key: [replace(copy, removed=NOW) for copy in found] for key, found in evidence.copies.items()}
    after = cover(replace(evidence, copies=bare))
    assert not after.covered
    beyond = before.covered - spans(after, Cause.SEGMENT_MISSING)
    assert all(span.end - span.start <= _HALF_A_PICTURE for span in beyond)  # how long a last picture stood
    written = IntervalSet(one.interval for one in evidence.segments).clipped(WINDOW)
    out = IntervalSet(item.interval(NOW) or WINDOW for item in evidence.outages)
    assert spans(after, Cause.SEGMENT_MISSING) == written - out


@given(ledgers(), st.integers(-10_000_000, 10_000_000))
def test_shifting_all_evidence_shifts_the_answer(evidence: CameraLedger, milliseconds: int) -> None:
    by = timedelta(milliseconds=milliseconds)

    def shift(interval: Interval) -> Interval:
        return Interval(interval.start + by, interval.end + by)

    moved = replace(
        evidence,
        runs=[replace(one, started=one.started + by, ended=one.ended and one.ended + by) for one in evidence.runs],
        segments=[replace(one, interval=shift(one.interval)) for one in evidence.segments],
        outages=[replace(one, start=one.start + by, end=one.end and one.end + by) for one in evidence.outages],
        observations={
            key: replace(one, bad=tuple(shift(bad) for bad in one.bad)) for key, one in evidence.observations.items()
        },
    )
    before, after = cover(evidence), camera_coverage(moved, shift(WINDOW), NOW + by)
    assert after.covered == IntervalSet(shift(item) for item in before.covered)
    assert after.gaps == tuple(Gap(shift(gap.interval), gap.cause) for gap in before.gaps)


@given(ledgers())
def test_an_instant_of_a_gap_has_the_first_cause_that_holds(evidence: CameraLedger) -> None:
    for gap in cover(evidence).gaps:
        instant = gap.interval.start + (gap.interval.end - gap.interval.start) / 2
        out = [item.cause for item in evidence.outages if instant in (item.interval(NOW) or WINDOW)]
        inside = any(one.started <= instant < (one.ended or NOW) for one in evidence.runs)
        if not out and gap.cause in (item.cause for item in evidence.outages):
            instant -= timedelta(milliseconds=1)  # a widened edge of a gap two milliseconds long
            out = [item.cause for item in evidence.outages if instant in (item.interval(NOW) or WINDOW)]
        if out:
            assert gap.cause is min(out, key=lambda cause: cause.rank)
        elif gap.cause not in (Cause.SEGMENT_MISSING, Cause.SEGMENT_DAMAGED):
            assert gap.cause is (Cause.UNEXPLAINED if inside else Cause.RECORDER_STOPPED)


@given(ledgers())
def test_covered_time_always_rests_on_a_kept_and_decoded_segment(evidence: CameraLedger) -> None:
    """Written against the types, not the algebra: whatever prints a false 'covered' fails here."""
    for item in cover(evidence).covered:
        instant = item.start + (item.end - item.start) / 2
        if not any(one.interval.end <= instant < one.interval.end + _HALF_A_PICTURE for one in evidence.segments):
            assert not any(instant in (out.interval(NOW) or WINDOW) for out in evidence.outages)
        assert any(_proves(evidence, one, item.start) for one in evidence.segments)


def _proves(evidence: CameraLedger, one: Segment, instant: datetime) -> bool:
    seen = evidence.observations.get(one.key)
    kept = any(copy.removed is None for copy in evidence.copies[one.key])
    if seen is None or not kept or seen.state is SegmentState.MISSING or instant not in one.interval:
        return False
    if seen.state is SegmentState.OK:
        return True
    return bool(seen.bad) and all(instant not in rounded for bad in seen.bad if (rounded := bad.rounded()))


# -- two recorders of one camera --------------------------------------------------------------------------------


def of(
    host: str, evidence: CameraLedger, *, lives: Sequence[str] = ("1",), seen: float = 500, ended: bool = True
) -> CameraLedger:
    """The same evidence as a recorder of that name would have written it, its runs dealt out among its lives."""

    def name(number: int) -> str:
        return f"{host}-{lives[number % len(lives)]}"

    def key(one: str) -> str:
        return one.replace(".mp4", f"-{host}.mp4")

    return replace(
        evidence,
        runs=[replace(run, id=f"{host}-{run.id}", recorder=name(number)) for number, run in enumerate(evidence.runs)],
        segments=[replace(one, key=key(one.key), run=f"{host}-{one.run}") for one in evidence.segments],
        copies={key(one): found for one, found in evidence.copies.items()},
        outages=[replace(one, id=f"{host}-{one.id}", recorder=name(0)) for one in evidence.outages],
        observations={key(one): found for one, found in evidence.observations.items()},
        recorders=[recorder(seen, ended=seen if ended else None, name=f"{host}-{life}", host=host) for life in lives],
    )


def together(*found: CameraLedger) -> CameraLedger:
    return CameraLedger(
        "cam-1",
        [run for one in found for run in one.runs],
        [segment for one in found for segment in one.segments],
        {key: copies for one in found for key, copies in one.copies.items()},
        [outage for one in found for outage in one.outages],
        {key: seen for one in found for key, seen in one.observations.items()},
        [recorder for one in found for recorder in one.recorders],
    )


class TestTwoRecorders:
    def test_the_outage_of_one_takes_nothing_away_from_the_other(self) -> None:
        lost = ledger([segment(0, 100)], outages=[outage(10, 20)])
        assert cover(together(of("a", lost), of("b", ledger([segment(0, 100)])))).gaps == ()

    def test_one_that_was_stopped_makes_no_gap_while_the_other_records(self) -> None:
        stopped = ledger([segment(0, 40)], runs=[run(0, 40)])
        assert cover(together(of("a", stopped), of("b", ledger([segment(0, 100)])))).gaps == ()

    def test_a_gap_of_both_names_the_best_ranked_cause_and_lists_both(self) -> None:
        unplugged = ledger([segment(0, 100)], outages=[outage(30, 60, Cause.CAMERA_DISCONNECTED)])
        stopped = ledger([segment(0, 50)], runs=[run(0, 50)])
        both = (RecorderCause("a", Cause.CAMERA_DISCONNECTED), RecorderCause("b", Cause.RECORDER_STOPPED))
        assert cover(together(of("a", unplugged), of("b", stopped))).gaps == (
            Gap(span(50, 60), Cause.RECORDER_STOPPED, recorders=both),
        )

    def test_lives_of_one_name_are_one_recorder(self) -> None:
        twice = ledger([segment(0, 40), segment(45, 100, run="run-2")], runs=[run(0, 40), run(45, 100, name="run-2")])
        assert cover(of("a", twice, lives=("1", "2"))).gaps == (Gap(span(40, 45), Cause.RECORDER_STOPPED),)

    def test_a_recorder_that_never_had_the_camera_is_not_asked(self) -> None:
        lost = of("a", ledger([segment(0, 100)], outages=[outage(10, 20)]))
        elsewhere = replace(ledger(runs=[]), recorders=[recorder(500, name="b-1", host="b")])
        assert cover(together(lost, elsewhere)).gaps == (Gap(span(10, 20), Cause.NO_DATA),)

    def test_an_outage_that_nobody_knows_the_recorder_of_takes_the_footage_of_all(self) -> None:
        old = replace(ledger([], runs=[]), outages=[outage(10, 20)])
        both = together(of("a", ledger([segment(0, 100)])), of("b", ledger([segment(0, 100)])), old)
        (gap,) = cover(both).gaps
        assert (gap.interval, gap.cause) == (span(10, 20), Cause.NO_DATA)

    def test_what_the_second_still_has_to_show_holds_up_nothing_that_the_first_covers(self) -> None:
        first = of("a", ledger([segment(0, 100)], runs=[run(0, 100)]))
        lagging = of("b", ledger([segment(0, 50), segment(50, 70)], runs=[run(0, None)], observations={}))
        alive = replace(lagging, recorders=[recorder(100, name="b-1", host="b")])
        assert settled_until(together(first, alive), at(100)) == at(100)
        assert cover(together(first, alive)).gaps == ()

    def test_what_only_the_second_can_show_is_waited_for_as_long_as_it_may_come(self) -> None:
        first = of("a", ledger([segment(0, 40)], runs=[run(0, 40)]))
        second = replace(
            of("b", ledger([segment(0, 30)], runs=[run(0, None)])), recorders=[recorder(60, name="b-1", host="b")]
        )
        both = together(first, second)
        assert settled_until(both, at(60)) == at(40)
        given_up = at(60) + GIVEN_UP_AFTER + timedelta(seconds=1)
        assert settled_until(both, given_up) == given_up

    def test_an_outage_still_to_be_told_may_take_away_only_footage_of_its_own_recorder(self) -> None:
        again = ledger([segment(0, 40), segment(40, 55, run="run-2")], runs=[run(0, None), run(40, 55, name="run-2")])
        alone = replace(of("a", again), recorders=[recorder(59, name="a-1", host="a")])
        assert settled_until(alone, at(60)) == at(40)
        assert settled_until(together(alone, of("b", ledger([segment(0, 100)]))), at(60)) == at(60)


@given(ledgers(), ledgers())
def test_a_second_recorder_never_takes_away_what_the_first_covers(first: CameraLedger, second: CameraLedger) -> None:
    assume(first.runs)  # whoever wrote a segment had a run
    alone, both = cover(of("a", first)), cover(together(of("a", first), of("b", second)))
    assert alone.covered - both.covered == IntervalSet()
    assert both.covered.length + length(both.gaps) == timedelta(seconds=100)


@given(ledgers(), ledgers())
def test_two_recorders_cover_what_either_covers_and_each_gap_has_a_cause_of_theirs(
    first: CameraLedger, second: CameraLedger
) -> None:
    assume(first.runs and second.runs)  # whoever wrote a segment had a run
    views = {"a": cover(of("a", first)), "b": cover(of("b", second))}
    both = cover(together(of("a", first), of("b", second)))
    assert both.covered == views["a"].covered | views["b"].covered
    for gap in both.gaps:
        assert gap.cause is min((entry.cause for entry in gap.recorders), key=lambda cause: cause.rank)
        for entry in gap.recorders:
            assert IntervalSet([gap.interval]) - spans(views[entry.recorder], entry.cause) == IntervalSet()


@given(ledgers(), st.sampled_from([400.0, 500.0]))
def test_what_is_still_to_come_never_takes_away_what_is_covered_before_the_settled_time(
    evidence: CameraLedger, seen: float
) -> None:
    """Once opened, everything decided so far stands: with each unopened segment found whole, or found gone."""
    assume(evidence.runs)
    both = together(of("a", evidence, seen=seen), of("b", ledger([segment(0, 60)], runs=[run(0, 60)])))
    settled = settled_until(both, NOW)
    assume(settled >= WINDOW.start + timedelta(milliseconds=1))
    until = Interval(WINDOW.start, min(settled, WINDOW.end))
    before = camera_coverage(both, until, NOW)
    for state in (SegmentState.OK, SegmentState.MISSING):
        later = {one.key: observation(one, state) for one in both.segments}
        after = camera_coverage(replace(both, observations={**later, **both.observations}), until, NOW)
        assert after.covered == before.covered


@given(st.lists(ledgers(), min_size=1, max_size=4))
def test_a_station_is_covered_where_any_of_its_cameras_is(found: list[CameraLedger]) -> None:
    views = {f"cam-{number}": cover(evidence) for number, evidence in enumerate(found)}
    station = station_coverage(views, WINDOW)
    assert station.covered == IntervalSet(item for view in views.values() for item in view.covered)
    for gap in station.gaps:
        assert [entry.camera for entry in gap.cameras] == sorted(views)
        for entry in gap.cameras:
            assert IntervalSet([gap.interval]) - spans(views[entry.camera], entry.cause) == IntervalSet()
        assert gap.cause is min((entry.cause for entry in gap.cameras), key=lambda cause: cause.rank)
