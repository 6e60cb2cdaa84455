"""References made of archived footage: of what, by whom, from when on, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from analysis.eye import Calibrated, Eye, Picture
from domain.labels import LABELS_READ
from domain.people import Actor, Door
from domain.pictures import Region
from domain.places import Camera, Room, Site, Station
from domain.timeline import Interval
from records.errors import ReferenceRefused
from records.references import MOST_PICTURES, Made, make_reference, references
from storage.database import connect
from storage.errors import UnknownSite
from tests.analysis.footage import Cabinet
from tests.analysis.ledgers import at, span
from tests.analysis.test_labels import room
from tests.fakes import eye
from tests.fakes.notary import NOTARY

ACTOR = Actor("local:exam", Door.COMMAND_LINE)
A1 = Region("A-01", ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5)))
CAMERA = Camera("cam-1", "rtsp://1", ("A-01", "A-02"), regions=(A1,))
OTHER = Camera("cam-2", "rtsp://2", ())


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[Cabinet]:
    database = connect(f"sqlite:///{tmp_path / 'kaojian.db'}", NOTARY)
    found = Cabinet(database, tmp_path / "spool")
    room = Room("R1", "一号考场", (Station("A-01"), Station("A-02")), (CAMERA, OTHER))
    database.setup.apply_site(Site("site", "考点", "浈江区", (room,)), ACTOR, at(-9000))
    found.run("run-1", "cam-1", 0, 1000)
    yield found
    database.close()


def made(cabinet: Cabinet, of: Interval, camera: str = "cam-1", by: Eye | None = eye.EYE, site: str = "site") -> Made:
    return make_reference(
        cabinet.database, cabinet.archive, by, site, camera, span=of, actor=ACTOR, clock=cabinet.clock
    )


def test_a_reference_is_made_of_the_pictures_of_its_span_with_the_regions_of_the_set_up(cabinet: Cabinet) -> None:
    first, second = cabinet.segment(0, frames=150), cabinet.segment(6, frames=150)
    cabinet.segment(12, frames=50)
    found = made(cabinet, span(1, 11))
    assert (found.pictures, found.new) == (5, True), "at 2 and 4, at 6, 8 and 10"
    reference = found.reference
    assert (reference.calibration, reference.id) == (b"A-01", sha256(b"A-01").hexdigest())
    assert reference.segments == (first.key, second.key)
    assert (reference.valid_from, reference.actor, reference.interval) == (cabinet.clock.now(), ACTOR, span(1, 11))
    assert cabinet.database.looks.reference("cam-1", cabinet.clock.now()) == reference
    entry = next(iter(cabinet.database.journal.entries()))
    assert (entry.act, entry.subject, entry.actor) == ("make_reference", "cam-1", ACTOR)


def test_labels_that_the_pictures_show_are_entered_with_those_that_cannot_be_read(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    cabinet.segment(0, frames=150)
    shown = room(("A-02", 60, 60, 140), ("Z-99", 900, 400, 180))
    monkeypatch.setattr("records.references.pictures", lambda _: iter([(at(1), room()), (at(2), shown)]))
    found = made(cabinet, span(0, 6))
    assert (found.labels.read, found.labels.unread) == (("A-02",), ("A-01",))
    (entry,) = cabinet.database.register.standing(LABELS_READ, site="site")
    assert (entry.key, entry.thing, entry.actor) == (f"cam-1/{found.reference.id}", found.labels, ACTOR)
    entries = len(cabinet.database.journal.entries())
    assert made(cabinet, span(0, 6)).labels == found.labels
    assert len(cabinet.database.journal.entries()) == entries


def test_the_same_again_is_no_new_reference_and_no_act(cabinet: Cabinet) -> None:
    cabinet.segment(0, frames=150)
    made(cabinet, span(0, 6))
    cabinet.clock.advance(60)
    assert not made(cabinet, span(0, 6)).new
    assert len(cabinet.database.looks.references("cam-1")) == 1
    assert [entry.act for entry in cabinet.database.journal.entries()].count("make_reference") == 1


def test_of_much_footage_no_more_pictures_are_taken_than_are_of_use(cabinet: Cabinet) -> None:
    cabinet.segment(0, frames=50 * 70)
    taken: list[int] = []

    def counted(pictures: Sequence[Picture], regions: Sequence[Region]) -> Calibrated:
        taken.append(len(pictures))
        return eye.calibrate(pictures, regions)

    made(cabinet, span(0, 140), by=replace(eye.EYE, calibrate=counted))
    assert taken[0] <= MOST_PICTURES


def test_where_nothing_was_recorded_no_reference_is_made(cabinet: Cabinet) -> None:
    with pytest.raises(ReferenceRefused, match=r"no footage of camera cam-1 .*; record a trial first"):
        made(cabinet, span(0, 20))


def test_a_span_without_end_an_unknown_camera_or_site_and_no_analysis_are_refused(cabinet: Cabinet) -> None:
    with pytest.raises(ReferenceRefused, match="at most 5 minutes"):
        made(cabinet, Interval(at(0), at(0) + timedelta(minutes=6)))
    with pytest.raises(ReferenceRefused, match=r"no camera cam-9 \(there is: cam-1, cam-2\)"):
        made(cabinet, span(0, 20), camera="cam-9")
    with pytest.raises(UnknownSite, match="apply it first"):
        made(cabinet, span(0, 20), site="nowhere")
    with pytest.raises(ReferenceRefused, match="no picture analysis"):
        made(cabinet, span(0, 20), by=None)


def test_footage_that_cannot_be_read_and_pictures_that_are_of_no_use_are_refused(cabinet: Cabinet) -> None:
    def refusing(pictures: Sequence[Picture], regions: Sequence[Region]) -> Calibrated:
        raise ValueError("picture 1 is of one brightness: take the cover off the lens")

    segment = cabinet.segment(0, frames=150)
    with pytest.raises(ReferenceRefused, match="camera cam-1: picture 1 is of one brightness"):
        made(cabinet, span(0, 6), by=replace(eye.EYE, calibrate=refusing))
    cabinet.path(segment).unlink()
    with pytest.raises(ReferenceRefused, match="cannot be read"):
        made(cabinet, span(0, 6))
    assert cabinet.database.looks.references("cam-1") == []


def test_references_are_told_by_camera_those_without_any_too(cabinet: Cabinet) -> None:
    cabinet.segment(0, frames=150)
    made(cabinet, span(0, 6))
    told = {camera.id: len(found) for camera, found in references(cabinet.database, "site")}
    assert told == {"cam-1": 1, "cam-2": 0}
