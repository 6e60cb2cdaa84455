"""Applying declarations to a real database: whole or not at all, once or many times."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.people import Actor, Door
from domain.timeline import rfc3339
from records.conduct import close_sitting, open_sitting
from records.declaration import parse
from records.errors import DiskTooFull, SetupRefused
from records.setup import Applied, apply
from storage.database import Database, connect
from tests.fakes.notary import NOTARY
from tests.fakes.time import FakeClock
from tests.records.setups import ACTOR, BATCH, FULL, ROOMY, SITE, START, WHOLE


def applied(text: str, database: Database, clock: FakeClock) -> Applied:
    return apply(parse(text, "exam.yaml", database.setup.sites()), database, ACTOR, clock, ROOMY)


def refusal(text: str, database: Database, clock: FakeClock) -> list[str]:
    before = state(database)
    with pytest.raises(SetupRefused) as refused:
        applied(text, database, clock)
    assert state(database) == before
    return str(refused.value).splitlines()


def state(database: Database) -> object:
    setup = database.setup
    return setup.sites(), setup.batches(), setup.sittings(), database.journal.entries(1000)


def with_times(text: str, number: int, **times: str) -> str:
    lines = "".join(f"        {name}: {value}\n" for name, value in times.items())
    return text.replace(f"      - number: {number}\n", f"      - number: {number}\n{lines}", 1)


ANOTHER_SITE = SITE.replace("id: sg-001\n", "id: sg-002\n").replace("sg-001-c", "sg-002-c")


def test_a_declaration_is_written_with_one_journal_entry_for_each_change(
    database: Database, clock: FakeClock
) -> None:
    done = applied(WHOLE, database, clock)
    assert done == Applied(("site sg-001", "batch 2026-0501"), ())
    assert database.setup.sites() == list(parse(WHOLE, "x").sites)
    assert database.setup.batches() == list(parse(WHOLE, "x").batches)
    entries = [(entry.act, entry.subject, entry.actor) for entry in database.journal.entries()]
    assert entries == [("apply_batch", "2026-0501", ACTOR), ("apply_site", "sg-001", ACTOR)]


def test_applying_again_changes_nothing(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    before = state(database)
    clock.advance(60)
    assert applied(WHOLE, database, clock) == Applied((), ("site sg-001", "batch 2026-0501"))
    assert state(database) == before


@settings(max_examples=6, deadline=None)
@given(st.lists(st.sampled_from([SITE, WHOLE, WHOLE.replace("301 试室", "试室 301"), ANOTHER_SITE]), max_size=5))
def test_what_was_applied_last_holds_and_a_second_time_is_always_idle(files: list[str]) -> None:
    with TemporaryDirectory() as folder:
        database, clock = connect(f"sqlite:///{Path(folder) / 'k.sqlite3'}", NOTARY), FakeClock(START)
        for text in files:
            applied(text, database, clock)
            clock.advance(1)
            entries = len(database.journal.entries(1000))
            assert applied(text, database, clock).changed == ()
            assert len(database.journal.entries(1000)) == entries
            for site in parse(text, "x", database.setup.sites()).sites:
                assert database.setup.site(site.id) == site
        database.close()


def test_a_change_is_valid_from_now_and_the_old_one_stays_readable(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    before = clock.now()
    clock.advance(60)
    done = applied(WHOLE.replace("301 试室", "试室 301"), database, clock)
    assert done == Applied(("site sg-001",), ("batch 2026-0501",))
    then, now = database.setup.site("sg-001", before), database.setup.site("sg-001")
    assert then is not None
    assert now is not None
    assert (then.room("r301").name, now.room("r301").name) == ("301 试室", "试室 301")


def test_a_later_apply_does_not_change_an_opened_sitting(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    open_sitting(database, "2026-0501", 1, ACTOR, clock, disk=ROOMY)
    before = database.setup.sitting("2026-0501", 1)
    clock.advance(60)
    done = applied(WHOLE.replace("sees: [A-01, A-02]", "sees: [A-01]").replace("T10:30", "T10:45"), database, clock)
    assert done.changed == ("site sg-001", "batch 2026-0501")
    assert done.notes == (
        "sitting 1 of batch 2026-0501 is open and keeps the set-up it was opened with; "
        "the change holds for later sittings",
    )
    assert database.setup.sitting("2026-0501", 1) == before
    later = database.setup.sitting("2026-0501", 2)
    assert later is not None
    assert later.site.room("r301").cameras[0].sees == ("A-01",)


def test_a_sitting_that_is_closed_gets_no_note(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    open_sitting(database, "2026-0501", 1, ACTOR, clock, disk=ROOMY)
    clock.advance(60)
    close_sitting(database, "2026-0501", 1, ACTOR, clock)
    assert applied(WHOLE.replace("301 试室", "试室 301"), database, clock).notes == ()


def test_declared_actual_times_open_and_close_a_sitting_once(database: Database, clock: FakeClock) -> None:
    clock.advance(3 * 3600)
    times = {"actual_start": "2026-05-01T09:02:00+08:00", "actual_end": "2026-05-01T10:31:00+08:00"}
    text = with_times(WHOLE, 1, **times)
    done = applied(text, database, clock)
    assert done.changed[2:] == ("sitting 2026-0501/1 opened", "sitting 2026-0501/1 closed")
    sitting = database.setup.sitting("2026-0501", 1)
    assert sitting is not None
    assert sitting.actual_start == START + timedelta(minutes=2)
    assert sitting.actual_end == START + timedelta(minutes=91)
    assert sitting.opened == sitting.closed == clock.now()
    clock.advance(60)
    before = state(database)
    assert applied(text, database, clock).changed == ()
    assert state(database) == before


def test_an_actual_end_closes_a_sitting_that_was_opened_by_hand(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    clock.advance(1800)
    open_sitting(database, "2026-0501", 1, ACTOR, clock, disk=ROOMY)
    clock.advance(7200)
    done = applied(with_times(WHOLE, 1, actual_end="2026-05-01T10:31:00+08:00"), database, clock)
    assert done.changed == ("sitting 2026-0501/1 closed",)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({"actual_start": "2026-05-01T09:30:00+08:00"}, "actual_start: lies in the future"),
        ({"actual_end": "2026-05-01T08:30:00+08:00"}, "actual_end: the sitting was never opened; give actual_start"),
    ],
)
def test_actual_times_that_cannot_be_are_refused(
    database: Database, clock: FakeClock, times: dict[str, str], message: str
) -> None:
    lines = refusal(with_times(WHOLE, 1, **times), database, clock)
    assert len(lines) == 1
    assert lines[0].startswith("exam.yaml:")
    assert f"batches[0].sittings[0].{message}" in lines[0]


def test_a_start_after_the_planned_end_needs_a_new_plan(database: Database, clock: FakeClock) -> None:
    clock.advance(86400)
    lines = refusal(with_times(WHOLE, 1, actual_start="2026-05-01T11:00:00+08:00"), database, clock)
    assert "apply its new planned times first" in lines[0]


def test_actual_times_that_contradict_what_happened_are_refused(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    open_sitting(database, "2026-0501", 1, ACTOR, clock, disk=ROOMY)
    start = rfc3339(clock.now())
    clock.advance(7200)
    changed = with_times(WHOLE, 1, actual_start="2026-05-01T09:01:00+08:00")
    assert (
        f"actual_start: the sitting was opened with {start}, and that stays" in refusal(changed, database, clock)[0]
    )
    early = with_times(WHOLE, 1, actual_end="2026-05-01T08:00:00+08:00")
    assert "actual_end: the sitting ends before it starts" in refusal(early, database, clock)[0]
    close_sitting(database, "2026-0501", 1, ACTOR, clock)
    other_end = with_times(WHOLE, 1, actual_end="2026-05-01T10:00:00+08:00")
    assert "actual_end: the sitting was closed with" in refusal(other_end, database, clock)[0]


def test_a_full_disk_refuses_a_declared_opening_before_anything_is_written(
    database: Database, clock: FakeClock
) -> None:
    clock.advance(3600)
    declaration = parse(with_times(WHOLE, 1, actual_start="2026-05-01T09:02:00+08:00"), "exam.yaml")
    with pytest.raises(DiskTooFull):
        apply(declaration, database, ACTOR, clock, FULL)
    with pytest.raises(ValueError, match="disk"):
        apply(declaration, database, ACTOR, clock)
    assert database.setup.sites() == []
    assert database.journal.entries() == []


def test_a_camera_of_another_site_is_refused(database: Database, clock: FakeClock) -> None:
    applied(SITE, database, clock)
    lines = refusal(ANOTHER_SITE.replace("sg-002-c1", "sg-001-c1"), database, clock)
    assert lines == [
        "exam.yaml:2: sites[0]: camera sg-001-c1 belongs to site sg-001; remove it there first, or give it another id"
    ]


def test_nothing_is_applied_when_the_second_site_of_a_file_is_refused(database: Database, clock: FakeClock) -> None:
    applied(SITE, database, clock)
    two = ANOTHER_SITE.replace("sg-002-c1", "sg-001-c1").removeprefix("sites:\n")
    new = SITE.replace("id: sg-001\n", "id: sg-003\n").replace("sg-001-c", "sg-003-c")
    lines = refusal(new + two, database, clock)
    assert len(lines) == 1
    assert "sites[1]" in lines[0]


def test_a_camera_moves_to_another_site_in_one_file_in_either_order(database: Database, clock: FakeClock) -> None:
    applied(SITE, database, clock)
    taken = "\n".join(SITE.splitlines()[:-2]) + "\n        cameras: []\n"
    given_to = ANOTHER_SITE.replace("sg-002-c2", "sg-001-c2")
    applied(given_to + taken.removeprefix("sites:\n"), database, clock)
    moved = database.setup.site("sg-002")
    assert moved is not None
    assert moved.room("r302").cameras[0].id == "sg-001-c2"


def test_a_camera_in_use_by_an_open_sitting_cannot_move(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    open_sitting(database, "2026-0501", 1, ACTOR, clock, disk=ROOMY)
    taken = "\n".join(SITE.splitlines()[:-2]) + "\n        cameras: []\n"
    given_to = ANOTHER_SITE.replace("sg-002-c2", "sg-001-c2")
    assert (
        "camera sg-001-c2 belongs to site sg-001"
        in refusal(given_to + taken.removeprefix("sites:\n"), database, clock)[0]
    )


def test_a_room_that_a_planned_sitting_needs_cannot_vanish(database: Database, clock: FakeClock) -> None:
    applied(WHOLE, database, clock)
    shrunk = SITE[: SITE.index("      - id: r302")]
    assert refusal(shrunk, database, clock) == [
        "exam.yaml:5: sites[0].rooms: room r302 is still needed by sitting 2 of batch 2026-0501"
    ]
    applied(shrunk + BATCH.replace("rooms: [r301, r302]", "rooms: [r301]"), database, clock)


def test_an_actor_who_acts_for_another_is_written_down_so(database: Database, clock: FakeClock) -> None:
    actor = Actor("service:importer", Door.SERVICE, on_behalf_of="local:wang")
    apply(parse(SITE, "exam.yaml"), database, actor, clock)
    assert database.journal.entries()[0].actor == actor
