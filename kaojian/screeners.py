"""Screeners 带水印副本 for the command line: the films that were asked for, coded anew with a watermark.

Not here: what is in a screener (``analysis.screeners``), which films (``kaojian.films``), and who may have it
(``dashboard.access.local``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from analysis import screeners
from analysis.films import NothingToShow, Reel, plan
from analysis.people.detector import Detector
from analysis.screeners import Screener, ScreenerRefused, Wanted
from config.s3 import Duty
from config.settings import Settings
from dashboard.access import local
from dashboard.papers.printing import lettering
from domain.people import Actor
from domain.timeline import Clock
from kaojian.detecting import detector_of
from kaojian.films import Progress, Wish, asked_of
from kaojian.wiring import open_archive
from storage.database import Database
from storage.manifest.trees import TargetExists

END_OF_NAME = {False: "-带水印", True: "-带水印-遮头"}


@dataclass(frozen=True, slots=True)
class Told:
    """One camera of one sitting: its file, the film and the screener made of it; None where there is no footage."""

    path: Path
    reel: Reel | None = None
    wanted: Wanted | None = None
    size_bytes: int = 0
    digest: str = ""
    lost: int = 0


def take_screeners(
    settings: Settings,
    database: Database,
    wish: Wish,
    folder: Path,
    *,
    blurred: bool,
    actor: Actor,
    clock: Clock,
    progress: Progress,
) -> Iterator[Told]:
    """Write one for each camera and sitting into a folder, each told once it is there, or nothing of it.

    Each is written down before any of it is made, and once more, with its hash, when it is there. Raises as
    ``kaojian.films.take_films``, ScreenerRefused, and DetectorError where the model cannot be run.
    """
    detector = _detector(settings) if blurred else None
    archive = open_archive(settings, database, duty=Duty.READ)
    wishes = asked_of(database, wish)
    folder.mkdir(parents=True, exist_ok=True)
    for asked, name in wishes:
        path = folder / f"{name.removesuffix('.mp4')}{END_OF_NAME[blurred]}.mp4"
        if os.path.lexists(path):
            raise TargetExists(f"{path} is there already; each screener is another one: name another folder")
        now = clock.now()
        try:
            reel = plan(database.evidence, archive, asked, now, lambda _: True)
        except NothingToShow:
            yield Told(path)
            continue
        who = actor.name.removeprefix("local:")
        wanted = Wanted(
            screeners.new_number(now), wish.batch, asked.camera, who, now, title=asked.title, detector=detector
        )
        local.give(database, clock, actor, reel.segments, purpose=f"screener 带水印副本 {wanted.number}")
        database.journal.record(now, actor, "make_screener_of_batch", wish.batch, f"{wanted.told} {path.name}")
        screener = Screener(reel, archive, wanted, lettering)
        size, digest = _written(screener, path, progress)
        made = screeners.made_told(wanted, size, digest)
        database.journal.record(clock.now(), actor, "finish_screener_of_batch", wish.batch, made)
        yield Told(path, reel, wanted, size, digest, screener.lost)


def _detector(settings: Settings) -> Detector:
    found = detector_of(settings)
    if found is None:
        raise ScreenerRefused(screeners.NO_MODEL)
    return found


def _written(screener: Screener, path: Path, progress: Progress) -> tuple[int, str]:
    """Write a screener whole or not at all; its size and SHA-256."""
    part, digest, size = path.with_name(f"{path.name}.part"), sha256(), 0
    total = max(1, round(screener.length_s))
    with part.open("xb") as file:
        try:
            with closing(screeners.aside(screener)) as blocks:
                for block in blocks:
                    file.write(block)
                    digest.update(block)
                    size += len(block)
                    progress(path.name, min(total - 1, int(screener.done_s)), total)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            part.unlink()
            raise
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    progress(path.name, total, total)
    return size, digest.hexdigest()
