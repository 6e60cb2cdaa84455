"""What the store knows beyond a database: an older state is told from one that went on differently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from domain.chain import Record, Seal
from domain.timeline import Interval
from storage.audit.days import DaySeals
from storage.backup.comparing import Beyond, RolledBack, Unknown, beyond, is_segment
from storage.database import Database, connect
from storage.signing import Signer
from tests.closed_batches import FIRST, SECOND, SITE, START, TESTER, ClosedBatches, closed_twice
from tests.fakes.notary import NOTARY


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ClosedBatches]:
    with closing(connect(f"sqlite:///{tmp_path / 'kaojian.sqlite3'}", NOTARY)) as database:
        made = closed_twice(database, tmp_path / "spool")
        seal(made, tmp_path)
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Database]:
    with closing(connect(f"sqlite:///{tmp_path / 'other.sqlite3'}", NOTARY)) as database:
        yield database


def seal(site: ClosedBatches, folder: Path) -> None:
    for rows in site.database.records:
        days = DaySeals(rows.name, folder, site.signer, site.objects)
        days.seal(rows.head(), site.clock.now())
        days.upload(site.clock.now())


def test_a_database_that_knows_everything_is_behind_nothing(site: ClosedBatches) -> None:
    assert not beyond(site.database, site.objects)
    site.database.journal.record(site.clock.now(), TESTER, "apply_site", "later")  # not sealed yet
    assert beyond(site.database, site.objects) == Beyond((), (), (), 0)


def test_an_empty_database_is_behind_everything(site: ClosedBatches, other: Database) -> None:
    found = beyond(other, site.objects)
    head, journal = site.database.closings.links(SITE.id)[-1], site.database.journal.head()
    assert journal is not None
    assert found.sites == (RolledBack(SITE.id, Seal(2, head.digest), None, forked=False),)
    assert found.records == (RolledBack(Record.JOURNAL.value, journal, None, forked=False),)
    assert found.batches == (Unknown(FIRST, 9), Unknown(SECOND, 9))


def test_chains_that_went_on_differently_are_told_as_such(
    site: ClosedBatches, other: Database, tmp_path: Path
) -> None:
    twin = ClosedBatches(other, tmp_path / "twin", signer=Signer.new())
    twin.hold(FIRST)
    twin.close(FIRST)
    twin.hold(SECOND, START + timedelta(days=1))
    twin.close(SECOND)
    found = beyond(other, site.objects)
    assert [(each.name, each.forked) for each in (*found.sites, *found.records)] == [
        (SITE.id, True),
        (Record.JOURNAL.value, True),
    ]
    assert found.batches == ()


def test_one_segment_without_a_row_is_counted(site: ClosedBatches) -> None:
    span = Interval(START + timedelta(days=3), START + timedelta(days=3, seconds=4))
    segment = site.database.evidence.segments_of(FIRST)[0][0]
    data = site.objects.read(segment.key)
    file = site.spool / "copy"
    file.write_bytes(data)
    key = f"{SITE.id}/{FIRST}/c9/{span.start:%Y%m%dT%H%M%S.%fZ}.mp4"
    site.objects.put(key, file, segment.sha256, site.clock.now() + timedelta(days=1))
    assert beyond(site.database, site.objects).batches == (Unknown(FIRST, 1),)


@pytest.mark.parametrize("key", [".manifests/s/documents/x.mp4", "a/b/c.mp4", "a/b/c/d/e.mp4", "a/b/c/d.json", ""])
def test_what_is_no_segment_is_not_taken_for_one(key: str) -> None:
    assert not is_segment(key)
