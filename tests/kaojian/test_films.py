"""`kaojian export --mp4`: one MP4 of each camera, what is told of it, and how a broken one goes on."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import pytest

from config.s3 import Duty
from config.settings import load
from domain.places import Batch, SittingPlan
from domain.timeline import Interval, rfc3339
from kaojian import films as wiring
from storage.archive import Archive
from storage.database import Database, connect
from storage.signing import Signer
from tests.closed_batches import (
    EXAM,
    FIRST,
    FPS,
    LEAD,
    LOCKED_UNTIL,
    PACK,
    SITE,
    START,
    TESTER,
    ClosedBatches,
)
from tests.kaojian.conftest import Command

ROOT = Path(__file__).resolve().parents[2]
WINDOW = Interval(START - LEAD, START + EXAM + LEAD)
NAME = f"{FIRST}-第1场-一号考场-%s-20260501T085956.mp4"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[ClosedBatches]:
    """A batch that was held in the installation of the settings, over a store in memory."""
    settings = load()
    with closing(connect(settings.database_url)) as database:
        made = ClosedBatches(database, settings.spool_dir, signer=Signer.kept(settings.signing_key_file))
        made.hold(FIRST)

        def archive(_: object, opened: Database, *, duty: Duty) -> Archive:
            assert duty is Duty.READ
            return Archive(opened.evidence, made.objects, made.spool, lambda _: LOCKED_UNTIL, made.clock)

        monkeypatch.setattr(wiring, "open_archive", archive)
        yield made


def pictures(path: Path) -> int:
    with av.open(io.BytesIO(path.read_bytes()), "r") as container:
        return sum(1 for _ in container.decode(container.streams.video[0]))


def test_each_camera_of_a_sitting_becomes_one_file_with_its_range_and_gaps_told(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    done = kaojian("export", FIRST, str(tmp_path / "films"), "--mp4")
    assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "films").iterdir()} == {NAME % "c1", NAME % "c2"}
    assert f"  {rfc3339(WINDOW.start)} .. {rfc3339(WINDOW.end)}, 断档 gaps: 1" in done.out
    assert "摄像机断线 camera disconnected" in done.out
    assert pictures(tmp_path / "films" / (NAME % "c1")) == 16 * FPS
    assert pictures(tmp_path / "films" / (NAME % "c2")) == 20 * FPS
    kept = [each.viewing for each in site.database.viewings.latest(2)]
    assert {(each.camera, each.deed.value, each.outcome) for each in kept} == {
        ("c1", "save", "shown"),
        ("c2", "save", "shown"),
    }


def test_station_camera_sitting_and_time_say_which_part(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    one = tmp_path / "one"
    span = ("--from", rfc3339(START), "--to", rfc3339(START + EXAM))
    assert kaojian("export", FIRST, str(one), "--mp4", "--station", "A2", "--sitting", "1", *span).code == 0
    (path,) = one.iterdir()
    assert path.name == f"{FIRST}-第1场-一号考场-c2-20260501T090000.mp4"
    assert pictures(path) == 12 * FPS
    assert kaojian("export", FIRST, str(tmp_path / "two"), "--mp4", "--camera", "c1").code == 0
    assert len(list((tmp_path / "two").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--camera", "c9"), "no such sitting, camera or station"),
        (("--sitting", "7"), "no such sitting, camera or station"),
        (("--from", "2026-06-01T09:00:00+08:00"), "no such sitting, camera or station"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(
    kaojian: Command, site: ClosedBatches, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = kaojian("export", FIRST, str(tmp_path / "films"), "--mp4", *words)
    assert done.code == 1
    assert said in done.err and len(done.err.splitlines()) == 1


def test_a_range_in_a_gap_gives_no_file_and_says_so(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    span = ("--from", "2026-05-01T09:00:05+08:00", "--to", "2026-05-01T09:00:07+08:00")
    done = kaojian("export", FIRST, str(tmp_path / "films"), "--mp4", "--camera", "c1", *span)
    assert done.code == 1
    assert "无录像 no footage" in done.err
    assert list((tmp_path / "films").iterdir()) == []


def test_a_part_of_the_originals_cannot_be_asked_for(kaojian: Command, site: ClosedBatches, tmp_path: Path) -> None:
    assert kaojian("export", FIRST, str(tmp_path / "x"), "--camera", "c1").code == 2


def test_what_was_broken_off_goes_on_and_what_is_wrong_in_it_is_written_again(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    asked = ("export", FIRST, str(folder), "--mp4", "--camera", "c2")
    assert kaojian(*asked).code == 0
    path = folder / (NAME % "c2")
    data = path.read_bytes()
    for spoilt in (data[: len(data) // 2], data[:7_000] + b"wrong" * 400, data + b"too much", b""):
        path.unlink()
        path.with_name(f"{path.name}.part").write_bytes(spoilt)
        assert kaojian(*asked).code == 0
        assert path.read_bytes() == data
        assert [each.name for each in folder.iterdir()] == [path.name]
    assert kaojian(*asked).code == 0, "one that is there and right is left as it is"
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "another film" in kaojian(*asked).err
    assert path.read_bytes()[:-1] == data[:-1]


@pytest.mark.parametrize("harm", ["flipped", "index", "torn", "empty"])
def test_a_damaged_file_in_the_spool_is_made_up_for_by_the_store(
    kaojian: Command, site: ClosedBatches, tmp_path: Path, harm: str
) -> None:
    """It is found out only while the film is written; nothing of it may be in any film."""
    assert kaojian("export", FIRST, str(tmp_path / "right"), "--mp4", "--camera", "c2").code == 0
    for segment in site.database.evidence.segments("c2", WINDOW)[1:3]:
        path = site.spool / segment.key
        data = bytearray(path.read_bytes())
        spoilt: dict[str, bytes] = {"torn": bytes(data[: len(data) // 2]), "empty": b""}
        at = data.index(b"trun") + 9 if harm == "index" else len(data) - 40
        data[at] ^= 1
        path.write_bytes(spoilt.get(harm, data))
    done = kaojian("export", FIRST, str(tmp_path / "film"), "--mp4", "--camera", "c2")
    assert done.code == 0, done.err
    right, made = (tmp_path / folder / (NAME % "c2") for folder in ("right", "film"))
    assert made.read_bytes() == right.read_bytes()


def test_a_sitting_that_is_not_closed_is_not_given_away(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    second = SittingPlan(2, ("r1",), START, START + EXAM, LEAD, LEAD)
    first = SittingPlan(1, ("r1",), START, START + EXAM, LEAD, LEAD)
    batch = Batch(FIRST, SITE.id, "中式面点制作", PACK.id, (first, second))
    site.database.setup.apply_batch(batch, TESTER, site.clock.now())
    done = kaojian("export", FIRST, str(tmp_path / "films"), "--mp4", "--sitting", "1", "--camera", "c2")
    assert done.code == 1
    assert "once the sitting is closed" in done.err
    assert list((tmp_path / "films").iterdir()) == []
    kept = site.database.viewings.latest(1)[0].viewing
    assert (kept.camera, kept.outcome) == ("c2", "held-back")


SLOW = """
import sys, time
from pathlib import Path
from contextlib import closing
from config.settings import load
from domain.timeline import SystemClock
from kaojian import films
from kaojian.notary import notary_of
from kaojian.terminal import local_actor
from storage.database import connect

settings = load()
def say(name, done, size):
    print(done, flush=True)
    time.sleep(0.05)
with closing(connect(settings.database_url, notary_of(settings))) as database:
    wish = films.Wish(sys.argv[1], cameras=["c2"])
    of = {"actor": local_actor(), "clock": SystemClock(), "progress": say}
    for _ in films.take_films(settings, database, wish, Path(sys.argv[2]), **of):
        pass
"""


def test_an_export_that_is_killed_goes_on_with_the_same_bytes(
    kaojian: Command, site: ClosedBatches, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert kaojian("export", FIRST, str(whole), "--mp4", "--camera", "c2").code == 0
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SLOW, FIRST, str(broken)]
    for kill_after in (3, 6):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            for _ in range(kill_after):
                assert running.stdout.readline()
            running.send_signal(signal.SIGKILL)
        assert [path.suffix for path in broken.iterdir()] == [".part"]
        time.sleep(0.05)
    assert kaojian("export", FIRST, str(broken), "--mp4", "--camera", "c2").code == 0
    (made,), (same,) = whole.iterdir(), broken.iterdir()
    assert same.name == made.name
    assert same.read_bytes() == made.read_bytes()
