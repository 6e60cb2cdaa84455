"""What does not agree is found in whatever was gathered, and only that."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.evidence import Copy, Place, Run, Segment
from domain.timeline import Interval
from storage.check.comparing import Batch, Finding, Wrong, compare
from storage.objects import Listed
from tests.fakes.time import NOON

KEY = "site/batch-1/cam-1/20260501T040000.000000Z.mp4"
SPOOL = "/srv/spool"
SPAN = Interval(NOON, NOON + timedelta(minutes=1))
SEGMENT = Segment(KEY, "cam-1", "batch-1", "run-1", SPAN, 900, 100, "ab" * 32, 40, "avc1", 64, 48, 0, 0.0, None)
IN_SPOOL = Copy(KEY, Place.SPOOL, SPOOL, SPAN.end, 100, SEGMENT.sha256, spool="spool-1")
IN_STORE = Copy(KEY, Place.S3, "bucket", SPAN.end, 100, SEGMENT.sha256, version_id="v1", locked_until=SPAN.end)
GOOD = Batch(
    segments={KEY: SEGMENT},
    copies={KEY: [IN_SPOOL, IN_STORE]},
    runs={"run-1": Run("run-1", "cam-1", "recorder-1", SPAN.start, SPAN.end)},
    gone=frozenset(),
    files={"spool-1": {KEY: 100}},
    folders={"spool-1": SPOOL},
    stored={"bucket": {KEY: [Listed(KEY, "v1", 100)]}},
)
MARKER = Listed(KEY, "v9", 0, marker=True)
OTHER = KEY.replace("cam-1", "cam-2")
STRANGE = {OTHER: [Listed(OTHER, "v1", 7)]}


def removed(copy: Copy) -> Copy:
    return replace(copy, removed=SPAN.end)


def changed(**values: object) -> Batch:
    return replace(GOOD, **values)  # type: ignore[arg-type]


def segment(**values: object) -> Batch:
    return changed(segments={KEY: replace(SEGMENT, **values)})  # type: ignore[arg-type]


def test_what_agrees_gives_no_finding() -> None:
    assert list(compare(GOOD)) == []


@pytest.mark.parametrize(
    ("batch", "wrong"),
    [
        (changed(files={"spool-1": {}}), [Wrong.FILE_MISSING]),
        (changed(files={"spool-1": {KEY: 99}}), [Wrong.FILE_DIFFERS]),
        (changed(files={"spool-1": {KEY: 100, OTHER: 7}}), [Wrong.FILE_UNKNOWN]),
        (changed(stored={"bucket": {}}), [Wrong.OBJECT_MISSING]),
        (changed(stored={"bucket": {KEY: [Listed(KEY, "v1", 99)]}}), [Wrong.OBJECT_DIFFERS]),
        (changed(stored={"bucket": {KEY: [MARKER, Listed(KEY, "v1", 100)]}}), [Wrong.OBJECT_HIDDEN]),
        (changed(stored={"bucket": {KEY: [Listed(KEY, "v2", 100), Listed(KEY, "v1", 100)]}}), [Wrong.STORED_TWICE]),
        (changed(copies={KEY: [IN_SPOOL]}), [Wrong.OBJECT_UNNOTED]),
        (
            changed(stored={"bucket": {**GOOD.stored["bucket"], **STRANGE}}),
            [Wrong.OBJECT_UNKNOWN],
        ),
        (changed(copies={KEY: [removed(IN_SPOOL), removed(IN_STORE)]}), [Wrong.NO_COPY]),
        (segment(camera="cam-2"), [Wrong.KEY_DIFFERS]),
        (segment(batch="batch-2"), [Wrong.KEY_DIFFERS]),
        (segment(interval=Interval(SPAN.start + timedelta(microseconds=1), SPAN.end)), [Wrong.KEY_DIFFERS]),
        (segment(interval=Interval(SPAN.start, SPAN.end + timedelta(seconds=1))), [Wrong.OUTSIDE_RUN]),
        (changed(runs={}), [Wrong.OUTSIDE_RUN]),
    ],
)
def test_each_thing_that_does_not_agree_is_found_and_nothing_else(batch: Batch, wrong: list[Wrong]) -> None:
    assert [found.what for found in compare(batch)] == wrong


def test_what_was_lost_or_removed_in_order_is_no_fault() -> None:
    told_lost = changed(
        copies={KEY: [removed(IN_SPOOL), removed(IN_STORE)]}, gone={KEY}, files={"spool-1": {}}, stored={"bucket": {}}
    )
    assert list(compare(told_lost)) == []
    made_room = changed(copies={KEY: [removed(IN_SPOOL), IN_STORE]}, files={"spool-1": {}})
    assert list(compare(made_room)) == []
    stored_anew = changed(
        copies={KEY: [IN_SPOOL, removed(IN_STORE), replace(IN_STORE, version_id="v2")]},
        stored={"bucket": {KEY: [Listed(KEY, "v2", 100), Listed(KEY, "v1", 100)]}},
    )
    assert list(compare(stored_anew)) == []


def test_nothing_is_said_of_places_that_cannot_be_seen_from_here() -> None:
    assert list(compare(changed(files={}, folders={}))) == []
    assert list(compare(changed(stored={}))) == []


def test_a_run_that_goes_on_has_no_end_to_lie_behind() -> None:
    assert list(compare(changed(runs={"run-1": Run("run-1", "cam-1", "recorder-1", SPAN.start)}))) == []


def test_the_document_on_storage_names_everything_that_can_be_wrong() -> None:
    text = (Path(__file__).parents[3] / "docs" / "storage.md").read_text()
    named = dict(re.findall(r"^\| `(\w+)`( 无妨)? \|", text, re.MULTILINE))
    assert {name: bool(harmless) for name, harmless in named.items()} == {each.value: each.harmless for each in Wrong}


def test_only_what_is_no_harm_or_was_set_right_does_not_stand() -> None:
    assert Finding(Wrong.FILE_MISSING, KEY).stands
    assert not Finding(Wrong.FILE_MISSING, KEY, mended="written down as lost").stands
    assert not Finding(Wrong.STORED_TWICE, KEY).stands
