"""Films for the command line: which cameras of a batch, and files that go on where they were broken off.

Not here: what is in a film (``analysis.films``), and who may have it (``dashboard.access.local``).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from analysis import films
from analysis.films import Asked, FilmRefused, NothingToShow, Reel
from config.s3 import Duty
from config.settings import Settings
from dashboard.access import local
from domain.people import Actor
from domain.places import Sitting
from domain.timeline import Clock, Interval
from kaojian.wiring import open_archive
from storage.archive import Archive
from storage.database import Database
from storage.errors import UnknownBatch
from storage.manifest.trees import TargetExists

if TYPE_CHECKING:  # what finds stays judges pictures, and brings all of that into memory
    from records.retrieval import FoundStay


@dataclass(frozen=True, slots=True)
class Wish:
    """What of a batch; all of what is not named. A station stands for every camera that sees it.

    With ``stays``, of each that counts the cameras that saw its station, for its own time and no longer.
    """

    batch: str
    cameras: Sequence[str] = ()
    stations: Sequence[str] = ()
    sitting: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    sound: bool = False
    stays: Sequence[FoundStay] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One camera of one sitting: its file, and the film, or None where there is no footage of it."""

    path: Path
    asked: Asked
    reel: Reel | None


Progress = Callable[[str, int, int], object]
"""Is told of a file's name, how many of its bytes are there, and how many it will have."""


def take_films(
    settings: Settings,
    database: Database,
    wish: Wish,
    folder: Path,
    *,
    actor: Actor,
    clock: Clock,
    progress: Progress,
) -> Iterator[Told]:
    """Write one MP4 for each camera and sitting into a folder, each told once it is there.

    Each is written down as footage that was taken away before any of it is given. Raises UnknownBatch, FilmRefused,
    TargetExists, NoCopyAnswers, OSError, and as ``dashboard.access.local.give``.
    """
    archive = open_archive(settings, database, duty=Duty.READ)
    folder.mkdir(parents=True, exist_ok=True)
    for asked, name in asked_of(database, wish):
        planned = partial(films.plan, database.evidence, archive, asked, clock.now(), lambda _: True)
        try:
            reel = _first_plan(planned)
        except NothingToShow:
            yield Told(folder / name, asked, None)
            continue
        local.give(database, clock, actor, reel.segments, purpose="film 导出连续录像")
        database.journal.record(clock.now(), actor, "export_film_of_batch", wish.batch, name)
        if not save(reel, archive, folder / name, progress, proven=False):
            reel = planned()
            save(reel, archive, folder / name, progress)
        yield Told(folder / name, asked, reel)


def _first_plan(planned: Callable[..., Reel]) -> Reel:
    """A plan by files that are compared with their hashes only while the film is written; the disk rests less so.

    One that a damaged file makes no sense of is made again by files that were compared.
    """
    try:
        return planned(proven=False)
    except NothingToShow:
        raise
    except FilmRefused:
        return planned()


def asked_of(database: Database, wish: Wish) -> list[tuple[Asked, str]]:
    """Each camera of each sitting that is wished for, by sitting, with the name of its file."""
    sittings = database.setup.sittings(wish.batch)
    if not sittings:
        raise UnknownBatch(f"there is no batch {wish.batch}; set it up with `kaojian apply`")
    found = list(_asked_of_stays(wish)) if wish.stays is not None else []
    for sitting in sittings if wish.stays is None else ():
        span = _span(sitting, wish)
        if span is None or wish.sitting not in (None, sitting.plan.number):
            continue
        for camera in sitting.cameras():
            named = not wish.cameras and not wish.stations
            if named or camera.id in wish.cameras or not set(camera.sees).isdisjoint(wish.stations):
                asked = Asked(wish.batch, camera.id, span, sound=wish.sound)
                name, title = films.name_of(asked, [sitting])
                found.append((replace(asked, title=title), name))
    if not found:
        raise FilmRefused(f"batch {wish.batch} has no such sitting, camera or station at that time")
    return found


def _asked_of_stays(wish: Wish) -> Iterator[tuple[Asked, str]]:
    """Each once: two subjects may have been examined at one station and time."""
    stays = [each for each in wish.stays or () if not each.superseded]
    wanted = {
        (each.sitting.plan.number, camera, span.interval): each.sitting
        for each in stays
        for camera in each.cameras
        for span in each.spans
    }
    for (_, camera, span), sitting in wanted.items():
        asked = Asked(wish.batch, camera, span, sound=wish.sound)
        name, title = films.name_of(asked, [sitting])
        yield replace(asked, title=title), name


def _span(sitting: Sitting, wish: Wish) -> Interval | None:
    start = max(sitting.window.start, wish.start or sitting.window.start)
    end = min(sitting.window.end, wish.end or sitting.window.end)
    return Interval(start, end) if start < end else None


def save(reel: Reel, archive: Archive, target: Path, progress: Progress, *, proven: bool = True) -> bool:
    """Write a film whole or not at all; one that was broken off goes on behind what of it is right.

    1. What lies beside the target as ``.part`` is compared with the film, byte by byte; the rest of it is cut off.
    2. The rest is written. Meanwhile the files that the film was planned by are compared with their hashes, where
       they were not ``proven`` before.
    3. Where all of them are right it is synced and gets its name. One that has it already is compared, and refused
       with TargetExists where it is another.

    False, and no film, where a file was not right: it has to be planned by others.
    """
    with ThreadPoolExecutor(1, "borne-out") as beside:
        right = beside.submit(lambda: proven or films.borne_out(archive, reel))
        return _saved(reel, archive, target, progress, right)


def _saved(reel: Reel, archive: Archive, target: Path, progress: Progress, right: Future[bool]) -> bool:
    size = reel.film.size_bytes
    if os.path.lexists(target):
        if not right.result():
            return False
        with target.open("rb") as there:
            if target.stat().st_size != size or _right_bytes(there, reel, archive) != size:
                raise TargetExists(f"{target} is there already and is another film; name another folder")
        progress(target.name, size, size)
        return True
    part = target.with_name(f"{target.name}.part")
    with part.open("a+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TargetExists(f"{part} is being written by another process") from None
        try:
            _go_on(file, reel, archive, lambda done: progress(target.name, done, size))
        except FilmRefused:
            if right.result():
                raise
        if not right.result():
            part.unlink()
            return False
        os.fsync(file.fileno())
        part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


def _go_on(file: BinaryIO, reel: Reel, archive: Archive, progress: Callable[[int], object]) -> None:
    """Write what of the film is not there yet. Raises FilmRefused."""
    done = _right_bytes(file, reel, archive)
    file.truncate(done)
    progress(done)
    for block in reel.blocks(archive, done) if done < reel.film.size_bytes else ():
        _write(file, block)
        done += len(block)
        progress(done)


def _write(file: BinaryIO, block: bytes | memoryview) -> None:
    left = memoryview(block)
    while left:
        left = left[file.write(left) :]


def _right_bytes(file: BinaryIO, reel: Reel, archive: Archive) -> int:
    """How many bytes of a file are those of the film, to the end of the last block that is."""
    right, size = 0, os.fstat(file.fileno()).st_size
    file.seek(0)
    for block in reel.blocks(archive) if size else ():
        if right + len(block) > size or file.read(len(block)) != block:
            break
        right += len(block)
    return right
