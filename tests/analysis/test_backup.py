"""How far and how soon footage was backed up: examples by hand, then properties over random copies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from analysis.backup import Backup, camera_backup, devices
from analysis.coverage import CameraLedger, camera_coverage, divided, proven, shown
from domain.evidence import Copy, Place, Recorder
from domain.timeline import IntervalSet
from tests.analysis.ledgers import at, ledger, observation, outage, run, segment, span

WINDOW = span(0, 100)
NOW = at(500)


def copies(key: str, *where: tuple[str, float]) -> list[Copy]:
    return [
        Copy(key, Place.S3 if device.startswith("s3") else Place.SPOOL, device, at(since), 1000, "00", device=device)
        for device, since in where
    ]


def backup(evidence: CameraLedger, wanted: int = 2) -> Backup:
    covered = camera_coverage(evidence, WINDOW, NOW).covered
    return camera_backup(covered, proven(evidence, WINDOW, NOW), evidence.copies, wanted)


def one_recorder(*where: tuple[str, float]) -> CameraLedger:
    only = segment(0, 100)
    return ledger([only], copies={only.key: copies(only.key, *where)})


def recorders(a: tuple[float, float, float], b: tuple[float, float, float], *, disk_b: str = "b:8:1") -> CameraLedger:
    """Two recorders with a file each: start, end, and when it was closed; each on a disk of its own."""
    files = {
        name: replace(segment(start, end, run=f"run-{name}"), key=f"site/batch/cam-1/{name}.mp4")
        for name, (start, end, _) in (("a", a), ("b", b))
    }
    disks = {"a": ("a:8:1", a[2]), "b": (disk_b, b[2])}
    return ledger(
        list(files.values()),
        runs=[run(-10, 400, name=f"run-{name}", recorder=f"life-{name}") for name in files],
        copies={one.key: copies(one.key, disks[name]) for name, one in files.items()},
        observations={one.key: observation(one) for one in files.values()},
        recorders=[Recorder(f"life-{name}", name, at(-10), at(400), at(400)) for name in files],
    )


def test_the_lag_counts_from_the_start_of_the_part_to_the_second_copy() -> None:
    found = backup(one_recorder(("a:8:1", 101), ("s3:9000", 130)))
    assert found == Backup(IntervalSet([WINDOW]), IntervalSet([WINDOW]), timedelta(seconds=130))
    assert found.whole


def test_two_copies_on_one_device_are_one() -> None:
    found = backup(one_recorder(("a:8:1", 101), ("a:8:1", 102)))
    assert (found.backed_up, found.greatest_lag) == (IntervalSet(), None)


def test_a_copy_that_was_removed_is_none() -> None:
    only = segment(0, 100)
    first, second = copies(only.key, ("a:8:1", 101), ("s3:9000", 130))
    gone = ledger([only], copies={only.key: [first, replace(second, removed=NOW)]})
    assert backup(gone).backed_up == IntervalSet()


def test_a_device_that_nobody_wrote_down_is_not_another_one_beside_a_known_one_of_its_kind() -> None:
    known, store = copies("k", ("a:8:1", 101), ("s3:9000", 130))
    unknown = replace(known, device="", target="/elsewhere")
    assert set(devices([known, unknown])) == {"a:8:1"}
    assert set(devices([unknown, replace(unknown, target="/third")])) == {"spool"}
    assert set(devices([unknown, store])) == {"spool", "s3:9000"}
    assert set(devices([unknown, replace(store, device="")])) == {"spool", "s3"}


def test_the_same_time_in_the_files_of_two_recorders_is_backed_up_as_soon_as_both_are_closed() -> None:
    found = backup(recorders((0, 60, 61), (20, 100, 103)))
    assert found.covered == IntervalSet([WINDOW])
    assert found.backed_up == IntervalSet([span(20, 60)])
    assert found.greatest_lag == timedelta(seconds=83)


def test_two_recorders_on_one_disk_are_no_backup_of_each_other() -> None:
    assert backup(recorders((0, 60, 61), (20, 100, 103), disk_b="a:8:1")).backed_up == IntervalSet()


def test_a_hole_in_the_file_of_one_recorder_is_not_backed_up_by_it() -> None:
    both = recorders((0, 100, 101), (0, 100, 103))
    holed = replace(both, outages=[outage(30, 40, recorder="life-b")])
    assert backup(holed).backed_up == IntervalSet([span(0, 30), span(40, 100)])


def test_a_seam_between_two_files_is_no_lack_of_a_backup() -> None:
    files = [segment(0, 50.0004), segment(50.0006, 100)]
    held = {one.key: copies(one.key, ("a:8:1", 101), ("s3:9000", 102)) for one in files}
    found = backup(ledger(files, copies=held))
    assert found.whole
    assert found.backed_up == IntervalSet([WINDOW])


def test_the_source_stays_the_same_until_it_ends_and_then_is_the_one_that_goes_on_longest() -> None:
    both = recorders((0, 60, 61), (20, 90, 103))
    assert [(each.interval, each.recorder) for each in shown(divided(both, WINDOW, NOW)[1])] == [
        (span(0, 60), "a"),
        (span(60, 90), "b"),
    ]
    holed = replace(both, outages=[outage(30, 40, recorder="life-a")])
    assert [each.recorder for each in shown(divided(holed, WINDOW, NOW)[1])] == ["a", "b"]
    assert [each.interval for each in shown(divided(holed, WINDOW, NOW)[1])] == [span(0, 30), span(30, 90)]


times = st.integers(0, 100)
files = st.tuples(times, st.integers(1, 60), times).map(lambda f: (f[0], f[0] + f[1], f[0] + f[1] + f[2]))


@given(files, files, st.integers(1, 3))
def test_what_is_backed_up_is_covered_and_asking_for_more_copies_never_finds_more(
    a: tuple[float, float, float], b: tuple[float, float, float], wanted: int
) -> None:
    evidence = recorders(a, b)
    less, more = backup(evidence, wanted), backup(evidence, wanted + 1)
    assert less.backed_up - less.covered == IntervalSet()
    assert more.backed_up - less.backed_up == IntervalSet()
    assert wanted > 1 or less.whole
    assert (less.greatest_lag is None) == (not less.backed_up)
    if less.greatest_lag is not None and more.greatest_lag is not None:
        assert less.greatest_lag <= max(each.verified for held in evidence.copies.values() for each in held) - at(0)


@given(files, files)
def test_sources_are_the_covered_time_in_order_and_each_part_is_its_recorders_own(
    a: tuple[float, float, float], b: tuple[float, float, float]
) -> None:
    evidence = recorders(a, b)
    coverage, own = divided(evidence, WINDOW, NOW)
    found = shown(own)
    assert coverage == camera_coverage(evidence, WINDOW, NOW)
    assert IntervalSet(each.interval for each in found) == coverage.covered
    assert all(left.interval.end <= right.interval.start for left, right in pairwise(found))
    assert all(IntervalSet([each.interval]) - own[each.recorder] == IntervalSet() for each in found)
