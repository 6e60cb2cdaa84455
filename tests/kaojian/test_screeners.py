"""`kaojian export --mp4 --watermark`: whole files or none, what is told of them, and what the record says."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from analysis.people.detector import Picture
from domain.presence import Box
from domain.timeline import rfc3339
from kaojian import screeners
from tests.closed_batches import FIRST, START, ClosedBatches
from tests.kaojian.conftest import Command
from tests.kaojian.test_films import NAME, pictures, site

__all__ = ["site"]  # the fixture, which pytest finds by its name
SPAN = ("--camera", "c2", "--from", rfc3339(START), "--to", "2026-05-01T09:00:02+08:00")


def acts_of(site: ClosedBatches) -> list[str]:
    return [f"{each.act} {each.detail}" for each in reversed(site.database.journal.entries(100))]


class Blind:
    """A detector that finds nobody, or breaks down."""

    name, side = "blind", 640

    def __init__(self, breaks: bool) -> None:
        self._breaks = breaks

    def detect(self, pictures: list[Picture]) -> list[tuple[Box, ...]]:
        if self._breaks:
            raise OSError("the device is gone")
        return [() for _ in pictures]


def test_a_copy_is_told_with_number_hash_and_range_and_so_it_stands_in_the_record(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    done = kaojian("export", FIRST, str(folder), "--mp4", "--watermark", *SPAN)
    assert done.code == 0, done.err
    (path,) = folder.iterdir()
    assert path.name == (NAME % "c2").replace("085956.mp4", "090000-带水印.mp4")
    digest = sha256(path.read_bytes()).hexdigest()
    assert f"sha256 {digest}" in done.out and "断档 gaps: 0" in done.out
    number = done.out.partition("副本编号 number ")[2].partition(",")[0]
    assert pictures(path) > 0
    kept = site.database.viewings.latest(1)[0].viewing
    assert (kept.camera, kept.deed.value, kept.purpose) == ("c2", "save", f"screener 带水印副本 {number}")
    told = [each for each in acts_of(site) if number in each]
    assert told == [
        f"make_screener_of_batch {number} c2 watermarked {path.name}",
        f"finish_screener_of_batch {number} c2 {path.stat().st_size} bytes, sha256 {digest}",
    ]


def test_heads_are_refused_without_a_model_and_nothing_is_left_or_written_down(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    done = kaojian("export", FIRST, str(tmp_path / "copies"), "--mp4", "--blur-heads", *SPAN)
    assert done.code == 1
    assert "kaojian models add" in done.err and len(done.err.splitlines()) == 1
    assert not (tmp_path / "copies").exists()
    assert not any("screener" in each for each in acts_of(site))


def test_what_breaks_off_leaves_nothing_and_no_word_that_it_was_finished(
    kaojian: Command, site: ClosedBatches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screeners, "detector_of", lambda _: Blind(breaks=True))
    done = kaojian("export", FIRST, str(tmp_path / "copies"), "--mp4", "--blur-heads", *SPAN)
    assert done.code == 1 and "the device is gone" in done.err
    assert list((tmp_path / "copies").iterdir()) == []
    assert [each.partition(" ")[0] for each in acts_of(site) if "screener" in each] == ["make_screener_of_batch"]


def test_one_that_is_there_is_never_written_over(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    there = folder / (NAME % "c2").replace("085956.mp4", "090000-带水印.mp4")
    there.write_bytes(b"mine")
    done = kaojian("export", FIRST, str(folder), "--mp4", "--watermark", *SPAN)
    assert done.code == 1 and "is there already" in done.err
    assert there.read_bytes() == b"mine"


def test_sound_and_originals_bear_no_watermark(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    assert kaojian("export", FIRST, str(tmp_path / "x"), "--mp4", "--watermark", "--sound").code == 2
    assert kaojian("export", FIRST, str(tmp_path / "x.zip"), "--watermark").code == 2
