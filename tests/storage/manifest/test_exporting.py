"""Taking a batch away: through the archive, whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.evidence import SegmentState
from domain.timeline import Interval
from storage.database import connect
from storage.errors import KeyRefused
from storage.manifest.exporting import ExportRefused, NotClosed, planned
from storage.manifest.trees import TargetExists, TreeRefused, reading
from storage.manifest.verifying import Trust
from storage.manifest.zipping import Checksums, Zipped
from storage.signing import Signer
from tests.closed_batches import DAY, EXAM, FIRST, LEAD, SECOND, START, ClosedBatches
from tests.fakes.notary import NOTARY
from tests.storage.manifest.conftest import export_of
from tests.storage.manifest.reading import checked


@pytest.fixture
def held(tmp_path: Path) -> Iterator[ClosedBatches]:
    """One batch, held and not closed."""
    database = connect(f"sqlite:///{tmp_path / 'held.sqlite3'}", NOTARY)
    made = ClosedBatches(database, tmp_path / "spool")
    made.hold(FIRST)
    yield made
    database.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def nothing_in(folder: Path) -> bool:
    return list(folder.iterdir()) == []


def test_a_batch_that_is_not_closed_cannot_be_exported(held: ClosedBatches, out: Path) -> None:
    with pytest.raises(NotClosed, match="kaojian batch close 2026-0501"):
        export_of(held, FIRST, out / "batch")
    assert nothing_in(out)


@pytest.mark.parametrize("name", ["batch", "batch.zip"])
def test_footage_that_no_copy_gives_ends_the_export_and_nothing_is_left(
    held: ClosedBatches, out: Path, name: str
) -> None:
    held.close(FIRST)
    segment = held.database.evidence.segments_of(FIRST)[4][0]
    held.objects.flip_a_byte(segment.key)
    (held.spool / segment.key).write_bytes(b"not it")
    with pytest.raises(ExportRefused, match="would lack footage"):
        export_of(held, FIRST, out / name)
    assert nothing_in(out)


def test_what_lies_at_the_target_is_left_alone(held: ClosedBatches, out: Path) -> None:
    held.close(FIRST)
    (out / "batch").write_text("mine")
    with pytest.raises(TargetExists):
        export_of(held, FIRST, out / "batch")
    assert (out / "batch").read_text() == "mine"
    (out / "link").symlink_to(out / "nowhere")
    with pytest.raises(TargetExists):
        export_of(held, FIRST, out / "link")


def test_a_host_without_the_key_or_with_a_wrong_clock_exports_nothing(held: ClosedBatches, out: Path) -> None:
    held.close(FIRST)
    held.clock.step(-3600)
    with pytest.raises(ExportRefused, match="clock"):
        export_of(held, FIRST, out / "batch")
    held.clock.step(3600)
    held.signer = Signer.new()
    with pytest.raises(KeyRefused):
        export_of(held, FIRST, out / "batch")
    assert nothing_in(out)


def test_originals_come_from_the_object_store_where_the_spool_is_gone(held: ClosedBatches, out: Path) -> None:
    held.close(FIRST)
    originals = {
        segment.key: (held.spool / segment.key).read_bytes()
        for segment, _ in held.database.evidence.segments_of(FIRST)
    }
    for key in originals:
        (held.spool / key).unlink()
    export_of(held, FIRST, out / "batch")
    assert {key: (out / "batch/footage" / key).read_bytes() for key in originals} == originals
    assert [path.name for path in out.iterdir()] == ["batch"]


def test_footage_that_was_lost_before_the_closing_is_left_out_and_told(held: ClosedBatches, out: Path) -> None:
    end = START + EXAM + LEAD
    run = held.database.evidence.segments_of(FIRST)[-1][0].run
    lost = held.add(FIRST, "c2", run, Interval(end, end + LEAD), keeps=False, opens=False)
    (held.spool / lost.key).unlink()
    held.observe(lost, SegmentState.MISSING)
    held.close(FIRST)
    export_of(held, FIRST, out / "batch")
    assert not (out / "batch/footage" / lost.key).exists()
    said = checked(out / "batch", Trust([held.signer.public]))
    assert said[7].startswith("10 segments as stated, 1 of them stated as lost")


def zipped(site: ClosedBatches, batch: str = SECOND, checksums: Checksums | None = None) -> Zipped:
    plan = planned(site.database, site.archive, batch, signer=site.signer, clock=site.clock)
    return Zipped(plan.files, checksums or Checksums())


def whole(found: Zipped) -> bytes:
    return b"".join(found.blocks(0, found.size_bytes - 1))


def test_what_is_sent_as_it_is_read_is_checked_like_what_was_written(site: ClosedBatches, out: Path) -> None:
    found = zipped(site)
    blocks = list(found.blocks(0, found.size_bytes - 1))
    assert all(blocks)
    assert sum(map(len, blocks)) == found.size_bytes
    (out / "sent.zip").write_bytes(b"".join(blocks))
    export_of(site, SECOND, out / "written.zip")
    trust = Trust([site.signer.public], at_least=2)
    assert checked(out / "sent.zip", trust) == checked(out / "written.zip", trust)
    with reading(out / "sent.zip") as one, reading(out / "written.zip") as other:
        assert one.paths() == other.paths()
        for path in sorted(one.paths()):
            with one.open(path) as ours, other.open(path) as theirs:
                assert ours.read() == theirs.read(), path


def test_an_export_is_the_same_each_time_until_something_more_is_signed(held: ClosedBatches) -> None:
    held.close(FIRST)
    first = planned(held.database, held.archive, FIRST, signer=held.signer, clock=held.clock)
    held.clock.step(86400)
    again = planned(held.database, held.archive, FIRST, signer=held.signer, clock=held.clock)
    assert (first.digest, first.contents) == (again.digest, again.contents)
    assert whole(zipped(held, FIRST)) == whole(zipped(held, FIRST))
    held.hold(SECOND, START + 2 * DAY)
    held.close(SECOND)
    assert planned(held.database, held.archive, FIRST, signer=held.signer, clock=held.clock).digest != first.digest


def test_what_cannot_be_had_while_it_is_sent_leaves_what_nobody_takes_for_whole(
    held: ClosedBatches, out: Path
) -> None:
    held.close(FIRST)
    segment = held.database.evidence.segments_of(FIRST)[4][0]
    held.objects.flip_a_byte(segment.key)
    (held.spool / segment.key).write_bytes(b"not it")
    found = zipped(held, FIRST)
    with (out / "sent.zip").open("wb") as file, pytest.raises(ExportRefused, match="would lack footage"):
        for block in found.blocks(0, found.size_bytes - 1):
            file.write(block)
    assert (out / "sent.zip").stat().st_size > 1000
    with pytest.raises(TreeRefused, match="no whole ZIP"):
        checked(out / "sent.zip", Trust([held.signer.public]))


def test_what_is_not_closed_is_refused_before_a_byte_is_sent(held: ClosedBatches) -> None:
    with pytest.raises(NotClosed):
        zipped(held, FIRST)
